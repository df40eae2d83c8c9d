package faslet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"bulkload/vendors"
)

// readBranded takes a body apart.
func readBranded(body []byte) (brand string, sent json.RawMessage, err error) {
	kept := branded{Body: &sent}
	if err := json.Unmarshal(body, &kept); err != nil {
		return "", nil, fmt.Errorf("the body is not one of a brand: %w", err)
	}
	return kept.Brand, sent, nil
}

// sizeList is the list of descriptors that is sent to a brand.
func sizeList(entities []*vendors.Entity) (path string, list []byte, err error) {
	brands := make(map[string]bool, 1)
	bodies := make([][]byte, len(entities))
	for i, e := range entities {
		brand, sent, err := readBranded(e.Body)
		if err != nil {
			return "", nil, err
		}
		brands[brand], bodies[i] = true, sent
		path = "/v1/size-specs/" + segment(brand)
	}
	if len(brands) != 1 {
		return "", nil, fmt.Errorf("one call must be of one brand, not of %d", len(brands))
	}
	return path, slices.Concat([]byte("["), bytes.Join(bodies, []byte(",")), []byte("]")), nil
}

// uploadSizes sends size charts of one brand. A list that is refused whole is split by the caller; one
// that was taken but for some items is followed up here.
func uploadSizes(ctx context.Context, client *vendors.Client, u vendors.Upload) error {
	for _, e := range u.Entities {
		e.Outcome, e.Answer = vendors.Unsettled, nil // an earlier attempt may have settled some
		if u.CreateOnly {
			e.Outcome, e.Answer = vendors.Refused, &vendors.APIError{Code: "create-only",
				Message: "Faslet has no request that creates size charts without updating those that it has: load without --create-only"}
		}
	}
	if u.CreateOnly {
		return nil
	}
	return sendSizes(ctx, client, u.Entities, false)
}

// sendSizes sends a list, and settles all of it. created tells that an earlier list with these entities
// was answered as one that created them.
//
// Whether the numbers of [Item N] begin at 0 or 1, the document does not say, and a message may have
// none. So the items that a message may mean are sent once more in smaller lists, which does no harm,
// until a message can only mean one. What the messages do not mean is done.
func sendSizes(ctx context.Context, client *vendors.Client, entities []*vendors.Entity, created bool) error {
	path, list, err := sizeList(entities)
	if err != nil {
		return err
	}
	request := vendors.Request{Method: http.MethodPost, Path: path, Header: headers(), Body: list, JSON: true}
	response, err := client.Do(ctx, request)
	if err != nil {
		return err
	}
	var messages []string
	if response.Status != http.StatusNoContent {
		if messages, _, err = readErrors(response.Body); err != nil {
			return &vendors.TransportError{Method: request.Method, Path: path, Err: err}
		}
	}
	for i := range messages {
		messages[i] = client.Redact(messages[i])
	}
	if len(entities) == 1 && len(messages) > 0 {
		refuse(entities[0], response.Status, strings.Join(messages, "; "))
		return nil
	}
	created = created || response.Status != http.StatusOK
	suspects := suspected(messages, len(entities))
	var again []*vendors.Entity
	for i, e := range entities {
		switch {
		case suspects[i]:
			again = append(again, e)
		case created:
			e.Outcome = vendors.Created
		default:
			e.Outcome = vendors.Updated
		}
	}
	return sendSuspects(ctx, client, again, created)
}

// sendSuspects sends two halves of a list by themselves. A half that is refused whole is halved again.
func sendSuspects(ctx context.Context, client *vendors.Client, entities []*vendors.Entity, created bool) error {
	half := (len(entities) + 1) / 2
	for _, part := range [...][]*vendors.Entity{entities[:half], entities[half:]} {
		if len(part) == 0 {
			continue
		}
		err := sendSizes(ctx, client, part, created)
		var answer *vendors.APIError
		if !errors.As(err, &answer) || answer.Temporary() || answer.Unauthorised() {
			if err != nil {
				return err
			}
			continue
		}
		if len(part) == 1 {
			part[0].Outcome, part[0].Answer = vendors.Refused, answer
		} else if err := sendSuspects(ctx, client, part, created); err != nil {
			return err
		}
	}
	return nil
}

// suspected tells which items of a list the messages may mean. When the numbers of all messages show
// whether they count from 0 or from 1, each means one item, else it may mean two. A message without a
// number, or with one that the list does not have, may mean any.
func suspected(messages []string, length int) []bool {
	suspects := make([]bool, length)
	least, most := length, 0
	numbers := make([]int, len(messages))
	for i, message := range messages {
		numbers[i], _ = itemIn(message)
		least, most = min(least, numbers[i]), max(most, numbers[i])
	}
	unclear := least < 0 || most > length || len(messages) > 0 && least == 0 && most == length
	for i := range suspects {
		suspects[i] = unclear
	}
	if unclear {
		return suspects
	}
	for _, number := range numbers {
		if most < length { // else they count from 1
			suspects[number] = true
		}
		if least > 0 { // else they count from 0
			suspects[number-1] = true
		}
	}
	return suspects
}

// itemIn reads the number of "[Item 42] No Product URL, ignoring" (faslet:204); -1 when there is none.
func itemIn(message string) (number int, rest string) {
	for _, open := range [...]string{"[Item ", "[item ", "[ITEM "} {
		if number, rest := placeIn(message, open); number >= 0 {
			return number, rest
		}
	}
	return -1, message
}

// traceSizes finds the cell that a refusal speaks of: "sizeChartSpecifications[1].waist" tells size and
// field, a label in quotes the size, and a field's name the field.
func traceSizes(e *vendors.Entity, message string) (record int, field string) {
	if len(e.Records) == 0 {
		return 0, ""
	}
	order := sizesOf(e)
	if at, rest := placeIn(message, "sizeChartSpecifications["); at >= 0 && at < len(order) {
		return order[at], fieldIn(e, rest, "sizeLabel")
	}
	field = fieldIn(e, message, "productId")
	for i := range e.Records {
		label := e.Records[i].Text("sizeLabel")
		if label != "" && (strings.Contains(message, `"`+label+`"`) || strings.Contains(message, "'"+label+"'")) {
			return i, field
		}
	}
	return 0, field
}
