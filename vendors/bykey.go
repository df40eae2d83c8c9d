package vendors

import (
	"fmt"
	"strconv"
)

// KeysInPage is how many things that are asked for one by one make a page.
const KeysInPage = 25

// PagesByKey yields what the keys of a listing name, KeysInPage of them to a page. get asks for what has a
// key, nothing when the vendor has nothing. The cursor counts the keys that were dealt with.
func PagesByKey(ask Listing, yield func(Page, error) bool, get func(key string) ([]Stored, error)) error {
	done := 0
	if ask.Cursor != "" {
		var err error
		if done, err = strconv.Atoi(ask.Cursor); err != nil || done < 0 {
			return fmt.Errorf("%q is not a number of keys to go on behind", ask.Cursor)
		}
	}
	var page Page
	at := 0
	for key, err := range ask.Keys {
		if err != nil {
			return err
		}
		if at++; at <= done {
			continue
		}
		if at > done+1 && (at-done-1)%KeysInPage == 0 { // there is one more, so the page before has a next one
			page.Next = strconv.Itoa(at - 1)
			if !yield(page, nil) {
				return nil
			}
			page = Page{}
		}
		found, err := get(key)
		if err != nil {
			return err
		}
		page.Entities = append(page.Entities, found...)
	}
	yield(page, nil)
	return nil
}
