package fashiontrade

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"bulkload/vendors"
)

// digestPriceList is a hash of what canonicalPriceList would write, of a list that may be too long for
// that: the prices are read one by one, and 16 bytes of each are held. Two lists have one digest when
// they have one canonical form. A member that stands twice is an error, since it can be read either way.
func digestPriceList(body io.Reader) (digest vendors.Hash, err error) {
	d := &priceDigest{in: json.NewDecoder(body), met: make(map[string]bool)}
	d.out = json.NewEncoder(&d.text)
	if err := d.read(); err != nil {
		return digest, fmt.Errorf("read a price list: %w", err)
	}
	d.list.Selector.canonical()
	d.list.ValidityWindow.canonical()
	slices.SortFunc(d.prices, func(a, b vendors.Hash) int { return bytes.Compare(a[:], b[:]) })
	sum := sha256.New()
	sum.Write(jsonOf(&d.list))
	for i := range d.prices {
		sum.Write(d.prices[i][:])
	}
	return vendors.Hash(sum.Sum(nil)[:len(digest)]), nil
}

// priceDigest is a digest in the making.
type priceDigest struct {
	in     *json.Decoder
	list   PriceList // without its prices
	prices []vendors.Hash
	met    map[string]bool // members
	text   bytes.Buffer    // of one price
	out    *json.Encoder   // writes into it
}

// read reads the whole list, and makes sure that nothing follows it.
func (d *priceDigest) read() error {
	if err := d.expect(json.Delim('{')); err != nil {
		return err
	}
	for d.in.More() {
		token, err := d.in.Token()
		if err != nil {
			return err
		}
		if err := d.member(strings.ToLower(fmt.Sprint(token))); err != nil {
			return err
		}
	}
	if err := d.expect(json.Delim('}')); err != nil {
		return err
	}
	if _, err := d.in.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the list")
	}
	return nil
}

func (d *priceDigest) expect(delim json.Delim) error {
	token, err := d.in.Token()
	if err != nil {
		return err
	}
	if token != delim {
		return fmt.Errorf("%v stands in place of %v", token, delim)
	}
	return nil
}

// member reads one member of the list.
func (d *priceDigest) member(name string) error {
	var into any
	switch name {
	case "prices":
	case "id":
		into = &d.list.ID
	case "selector":
		into = &d.list.Selector
	case "currency":
		into = &d.list.Currency
	case "validity_window":
		into = &d.list.ValidityWindow
	default:
		return d.in.Decode(new(json.RawMessage))
	}
	if d.met[name] {
		return fmt.Errorf("%s stands twice", name)
	}
	d.met[name] = true
	if into != nil {
		return d.in.Decode(into)
	}
	return d.readPrices()
}

// readPrices reads the prices; null are none.
func (d *priceDigest) readPrices() error {
	token, err := d.in.Token()
	if err != nil || token == nil {
		return err
	}
	if token != json.Delim('[') {
		return fmt.Errorf("the prices are %v", token)
	}
	for d.in.More() {
		var p Price
		if err := d.in.Decode(&p); err != nil {
			return err
		}
		if err := d.add(&p); err != nil {
			return err
		}
	}
	return d.expect(json.Delim(']'))
}

// add takes a price as canonicalPriceList would write it.
func (d *priceDigest) add(p *Price) error {
	p.canonical()
	d.text.Reset()
	if err := d.out.Encode(p); err != nil {
		return err
	}
	d.prices = append(d.prices, vendors.HashOf(d.text.Bytes()))
	return nil
}
