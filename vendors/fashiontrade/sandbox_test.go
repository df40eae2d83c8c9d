package fashiontrade

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bulkload/vendors"
	"bulkload/vendors/sandbox"
)

// sandboxClient starts a stand-in for the vendor, written from the vendor's document by itself.
func sandboxClient(t *testing.T) *vendors.Client {
	t.Helper()
	return sandboxWith(t, sandbox.Options{})
}

func sandboxWith(t *testing.T, o sandbox.Options) *vendors.Client {
	t.Helper()
	server, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := server.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	return &vendors.Client{Account: &vendors.Account{BaseURL: server.BaseURL("fashiontrade"), Token: vendors.NewSecret("token")},
		Authorize: Vendor.Authorize, HTTP: http.DefaultClient, Agent: "test", Now: time.Now}
}

func put(client *vendors.Client, resource *vendors.Resource, e *vendors.Entity) error {
	return resource.Upload(context.Background(), client, vendors.Upload{Entities: []*vendors.Entity{e}, Attempt: 1})
}

func TestTheSandboxTakesWhatIsEncoded(t *testing.T) {
	client := sandboxClient(t)
	for _, resource := range Vendor.Resources {
		e := encoded(t, resource, resource.Example...)
		if err := put(client, resource, e); err != nil || e.Outcome != vendors.Created {
			t.Fatalf("version %s: example: %v, %s", resource.Version, err, e.Outcome)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		rows := drawRows(t)
		e := encodedRapid(t, rows)
		if !e.Sound() {
			return
		}
		if err := put(client, Products, e); err != nil {
			t.Fatalf("%s: %v", e.Body, err)
		}
	})
}

// TestTheSandboxReadsSizesAlike compares the matchers with the sandbox's, which are its own.
func TestTheSandboxReadsSizesAlike(t *testing.T) {
	client := sandboxClient(t)
	rapid.Check(t, func(t *rapid.T) {
		k := kind(rapid.IntRange(0, int(kinds)-1).Filter(func(k int) bool {
			return kind(k) != oneSize && kind(k) != otherSize
		}).Draw(t, "type"))
		text := rapid.OneOf(rapid.StringMatching(`[WH]?[0-9]{1,3}(\.[05])?[MYxL/ -]{0,2}([0-9]{1,3})?[MY]?`),
			rapid.SampledFrom([]string{"m", "X-Large", "med", "2xl-3xl", "6M-9M", "34-5"})).Draw(t, "size")
		body, err := json.Marshal(Product{ID: "S", Tags: []Tag{}, DisplayName: "Sizes", Variants: []Variant{{Barcode: "1",
			ColorOrPatternName: "Red", Colors: []string{"RED"}, Size: Size{Size: text, Type: k.String()}}}})
		if err != nil {
			t.Fatal(err)
		}
		refused := put(client, Products, &vendors.Entity{Key: "S", Body: body})
		var answer *vendors.APIError
		if _, ok := parseSize(k, []byte(text)); ok != (refused == nil) || refused != nil && !errors.As(refused, &answer) {
			t.Fatalf("%s %q is taken: %v, the sandbox says %v", k, text, ok, refused)
		}
	})
}

func TestRefusalsOfTheSandboxAreTraced(t *testing.T) {
	client := sandboxClient(t)
	e := encoded(t, Products, dress, with(dress, "barcode", "2", "size", "XL", "color_or_pattern_name", "Blue"))
	for _, test := range []struct {
		spoil  func(*Product)
		record int
		field  string
	}{
		{func(p *Product) { p.Variants[0].Size.Size = "huge" }, 1, "size"},
		{func(p *Product) { p.Variants[1].Size.Type = "LetterSize" }, 0, "size_type"},
		{func(p *Product) { p.Variants[0].Colors = []string{"PLAID"} }, 1, "colors"},
		{func(p *Product) { p.DisplayName = "" }, 0, "display_name"},
	} {
		var product Product
		if err := json.Unmarshal(e.Body, &product); err != nil {
			t.Fatal(err)
		}
		test.spoil(&product)
		body, err := json.Marshal(&product)
		if err != nil {
			t.Fatal(err)
		}
		spoiled := *e
		spoiled.Body = body
		var answer *vendors.APIError
		if err := put(client, Products, &spoiled); !errors.As(err, &answer) {
			t.Fatalf("%s: %v", body, err)
		}
		if record, field := Products.Trace(&spoiled, answer.Message); record != test.record || field != test.field {
			t.Errorf("%q is traced to %d, %q, want %d, %q", answer.Message, record, field, test.record, test.field)
		}
	}
}
