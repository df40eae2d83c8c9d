package faslet

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors"
	"bulkload/vendors/faslet/vocabulary"
)

// bag is a right row of a return.
var bag = row{"orderId": "1234", "productId": "P1", "sku": "S1", "returnDate": "2022-02-05T18:40:00.000Z", "returnReason": "1", "externalId": "o-123"}

func TestReturnsAreEncoded(t *testing.T) {
	for _, test := range []struct {
		name string
		row  row
		want string // of the body
		bad  []string
	}{
		{"a right row", bag, `{"orderId":"1234","productId":"P1","sku":"S1","returnDate":"2022-02-05T18:40:00.000Z","returnReason":"1","externalId":"o-123"}`, nil},
		{"words", with(bag, "returnReason", "product ISN'T as expected", "externalId", "", "returnReasonMessage", "Not <my> style"),
			`{"orderId":"1234","productId":"P1","sku":"S1","returnDate":"2022-02-05T18:40:00.000Z","returnReason":"4","returnReasonMessage":"Not <my> style"}`, nil},
		{"a day in winter", with(bag, "returnDate", "2022-02-05", "return_zone", "Europe/Amsterdam", "externalId", ""),
			`{"orderId":"1234","productId":"P1","sku":"S1","returnDate":"2022-02-05T00:00:00+01:00","returnReason":"1"}`, nil},
		{"a day in summer", with(bag, "returnDate", "2022-07-05", "return_zone", "Europe/Amsterdam", "externalId", ""),
			`{"orderId":"1234","productId":"P1","sku":"S1","returnDate":"2022-07-05T00:00:00+02:00","returnReason":"1"}`, nil},
		{"a day that begins at one", with(bag, "returnDate", "2025-09-07", "return_zone", "America/Santiago", "externalId", ""),
			`{"orderId":"1234","productId":"P1","sku":"S1","returnDate":"2025-09-07T01:00:00-03:00","returnReason":"1"}`, nil},
		{"a time that clocks leave out", with(bag, "returnDate", "2022-03-27 02:30", "return_zone", "Europe/Amsterdam", "externalId", ""),
			`{"orderId":"1234","productId":"P1","sku":"S1","returnDate":"2022-03-27T03:30:00+02:00","returnReason":"1"}`, nil},
		{"a zone of a whole day", with(bag, "returnDate", "2022-02-05", "return_zone", "+24:00"), "", []string{"zone.unknown return_zone#0"}},
		{"a time without a zone", with(bag, "returnDate", "2022-07-05 18:40", "return_zone", "Z", "externalId", ""),
			`{"orderId":"1234","productId":"P1","sku":"S1","returnDate":"2022-07-05T18:40:00Z","returnReason":"1"}`, nil},
		{"zeros before a number", with(bag, "orderId", "00012", "sku", "1E5", "externalId", ""),
			`{"orderId":"00012","productId":"P1","sku":"1E5","returnDate":"2022-02-05T18:40:00.000Z","returnReason":"1"}`, nil},
		{"no zone", with(bag, "returnDate", "2022-02-05"), "", []string{"date.zone returnDate#0"}},
		{"a wrong zone", with(bag, "returnDate", "2022-02-05", "return_zone", "CET"), "", []string{"zone.unknown return_zone#0"}},
		{"an hour of one digit", with(bag, "returnDate", "2022-02-05T9:40:00+01:00"), "", []string{"date.format returnDate#0"}},
		{"a wrong date", with(bag, "returnDate", "yesterday"), "", []string{"date.format returnDate#0"}},
		{"a wrong date in a zone", with(bag, "returnDate", "2022-13-05", "return_zone", "Z"), "", []string{"date.format returnDate#0"}},
	} {
		e := encoded(t, Returns, test.row)
		if string(e.Body) != test.want || !cmp.Equal(problems(e), test.bad) {
			t.Errorf("%s: %s, %v, want %s, %v", test.name, e.Body, problems(e), test.want, test.bad)
		}
	}
	e := encoded(t, Returns, bag, with(bag, "returnReason", "2"))
	if diff := cmp.Diff([]string{"return.twice externalId#1"}, problems(e)); diff != "" || e.Body != nil {
		t.Errorf("two rows of one return (-want +got):\n%s", diff)
	}
}

// TestSuggestedDatesAreRight: a zone that nobody told is not suggested.
func TestSuggestedDatesAreRight(t *testing.T) {
	for value, want := range map[string]string{"2022-02-05 18:40:00 UTC": "2022-02-05T18:40:00Z", "2022-02-05t18:40:00gmt": "2022-02-05T18:40:00Z",
		"2022-02-05 18:40:00 +0100": "2022-02-05T18:40:00+01:00", "2022-02-05T18:40Z": "2022-02-05T18:40:00Z",
		"2022-02-05T9:40:00Z": "2022-02-05T09:40:00Z", "2022-02-05T18:40:00+24:00": "",
		"2022-02-05T18:40+01:00": "2022-02-05T18:40:00+01:00", "2022-02-05t18:40:00": "", "2022-02-05  18:40:00": "", "5.2.2022": "", "": ""} {
		if _, got := explainDate(value); got != want {
			t.Errorf("%q: %q is suggested, want %q", value, got, want)
		}
	}
}

// TestZonesAreBounded has one zone under more names than are kept.
func TestZonesAreBounded(t *testing.T) {
	var book zoneBook
	for i := range mostZones + 100 {
		book.keep(fmt.Sprint(i), time.UTC)
	}
	if len(book.known) > mostZones || book.find([]byte("Europe/Berlin")) == nil {
		t.Errorf("%d zones are kept, want at most %d, and all be found", len(book.known), mostZones)
	}
}

// TestNamesOfOrdersAreNotThoseOfItems: an order may have the number of one of its SKUs.
func TestNamesOfOrdersAreNotThoseOfItems(t *testing.T) {
	sent := []Return{{OrderID: "1234", SKU: "1234", ProductID: "P1"}, {OrderID: "1234", SKU: "5678", ProductID: "P2"}}
	for message, want := range map[string][]int{
		"returnDate is invalid for order 1234":           {0, 1},
		`returnDate is invalid for order "1234"`:         {0, 1},
		"returnDate is invalid for order 1234.":          {0, 1},
		"order 1234: returnDate is invalid":              {0, 1},
		"order 1234: returnDate is invalid for SKU 1234": {0},
		"order 1234: returnDate is invalid for SKU 5678": {1},
	} {
		if got := meant(sent, message); !cmp.Equal(got, want) {
			t.Errorf("%q means %v, want %v", message, got, want)
		}
	}
}

// TestReasonsAreReadHoweverTheyAreWritten changes case, blanks and apostrophes of the vendor's words.
func TestReasonsAreReadHoweverTheyAreWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.IntRange(0, len(vocabulary.ReturnReasons)-1).Draw(t, "reason")
		mark := rapid.SampledFrom([]string{"", "'", "’", "‘", "´", "`", "ʼ", "′", "＇"}).Draw(t, "apostrophe")
		blank := rapid.SampledFrom([]string{"", " ", "  ", "\u00a0", "_", "-", "–"}).Draw(t, "blank")
		text := strings.NewReplacer("’", mark, " ", blank).Replace(vocabulary.ReturnReasons[i])
		if rapid.Bool().Draw(t, "upper") {
			text = strings.ToUpper(text)
		}
		if got := reasonOf([]byte(text)); got != fmt.Sprint(i+1) {
			t.Fatalf("reasonOf(%q) = %q, want %d", text, got, i+1)
		}
		if got := reasonOf([]byte(text + "x")); got != "" {
			t.Fatalf("reasonOf(%q) = %q, want none", text+"x", got)
		}
	})
}

// TestDatesKeepTheirTime writes an instant in all forms that are taken, and compares what is sent.
func TestDatesKeepTheirTime(t *testing.T) {
	names := []string{"UTC", "Z", "Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "+05:45", "-09:30"}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "zone")
		zone := zones.find([]byte(name))
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0).In(zone)
		layout := rapid.SampledFrom([]string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02"}).Draw(t, "layout")
		text := at.Format(layout)
		want, err := time.ParseInLocation(layout, text, zone)
		if err != nil {
			t.Fatal(err)
		}
		e, err := encode(Returns, []row{with(bag, "returnDate", text, "return_zone", name)})
		if err != nil || !e.Sound() {
			t.Fatalf("%s in %s: %v, %v", text, name, err, problems(e))
		}
		_, date, _ := strings.Cut(string(e.Body), `"returnDate":"`)
		date, _, _ = strings.Cut(date, `"`)
		// A time that a change of clocks makes twice may be either of the two.
		if got, err := time.Parse(time.RFC3339, date); err != nil || got.Format(layout) != want.Format(layout) && got.In(zone).Format(layout) != want.Format(layout) {
			t.Fatalf("%s in %s is sent as %s: %v, want %s", text, name, date, err, want)
		}
	})
}

func TestChecksOfCellsDoNotAllocate(t *testing.T) {
	cells := [][]byte{[]byte("Product isn’t as expected"), []byte("9"), []byte("2022-02-05T18:40:00.000Z"), []byte("2022-02-05"), []byte("Europe/Amsterdam"), []byte("64.5")}
	for i, check := range []func([]byte) bool{reasonChecks[0].OK, reasonChecks[0].OK, dateChecks[0].OK, dateChecks[0].OK, zoneChecks[0].OK, within(50, 260)[1].OK} {
		check(cells[i]) // a zone is read once
		if n := testing.AllocsPerRun(100, func() { check(cells[i]) }); n > 0 {
			t.Errorf("checking %s allocates %v times", cells[i], n)
		}
	}
}

// threeReturns are two of one order and one of another.
func threeReturns(t *testing.T) []*vendors.Entity {
	return entitiesOf(t, Returns, []row{bag, with(bag, "sku", "S2", "externalId", "o-124"), with(bag, "orderId", "1234-5", "sku", "S3", "externalId", "o-125")})
}

func TestAnswersToReturns(t *testing.T) {
	list := func(messages ...string) string {
		return `{"errors": [{"message": "` + strings.Join(messages, `"}, {"message": "`) + `"}]}`
	}
	for _, test := range []struct {
		name string
		body string
		want string
	}{
		{"all taken", `{"errors": []}`, "created, created, created"},
		{"the document's words", list("returnDate is invalid for order 1234-5"), "created, created, refused (returnDate is invalid for order 1234-5)"},
		{"an order of two items", list("returnDate is invalid for order 1234"),
			"unknown (returnDate is invalid for order 1234), unknown (returnDate is invalid for order 1234), created"},
		{"both items of the order", list("a for order 1234", "a for order 1234"), "refused (a for order 1234), refused (a for order 1234), created"},
		{"two faults of one order", list("a for order 1234", "b for order 1234"), "unknown (a for order 1234), unknown (a for order 1234), created"},
		{"a SKU beside the order", list("S2 is unknown for order 1234"), "created, refused (S2 is unknown for order 1234), created"},
		{"an own number", list("o-123 was returned before"), "unknown (o-123 was returned before), unknown (o-123 was returned before), unknown (o-123 was returned before)"},
		{"order in the middle", list("order 1234-5 does not exist"), "created, created, refused (order 1234-5 does not exist)"},
		{"quoted", list(`Invalid return for Order '1234-5'.`), "created, created, refused (Invalid return for Order '1234-5'.)"},
		{"no order at all", list("quota exceeded"), "unknown (quota exceeded), unknown (quota exceeded), unknown (quota exceeded)"},
		{"no order, but as many as there are", list("bad item", "bad item", "bad item"), "refused (bad item), refused (bad item), refused (bad item)"},
		{"a vague and a clear one", list("something is wrong", "a for order 1234-5"),
			"unknown (something is wrong), unknown (something is wrong), refused (a for order 1234-5)"},
		{"two clear ones", list("a for order 1234-5", "b for order 1234-5"), "created, created, refused (a for order 1234-5; b for order 1234-5)"},
		{"an order that was not sent", list("returnDate is invalid for order 99"),
			"unknown (returnDate is invalid for order 99), unknown (returnDate is invalid for order 99), unknown (returnDate is invalid for order 99)"},
		{"an order like one that was sent", list("order 1234-6 is not known"), "unknown (order 1234-6 is not known), unknown (order 1234-6 is not known), unknown (order 1234-6 is not known)"},
		{"errors without words", `{"errors": [{}, {}, {}]}`, "refused ({}), refused ({}), refused ({})"},
		{"the token repeated", list("token secret for order 1234-5"), "created, created, refused (token *** for order 1234-5)"},
	} {
		server := &vendor{answers: []answer{{202, test.body}}}
		entities := threeReturns(t)
		if err := upload(clientOf(t, server), Returns, entities...); err != nil || outcomes(entities) != test.want {
			t.Errorf("%s: %v\n got %s\nwant %s", test.name, err, outcomes(entities), test.want)
		}
		if want := fmt.Sprintf("[%s,%s,%s]", entities[0].Body, entities[1].Body, entities[2].Body); len(server.sent()) != 1 || server.sent()[0] !=
			(call{"POST", "/public/v1/returns", "shop-1", "Bearer secret", "application/json", want}) {
			t.Errorf("%s: sent %+v", test.name, server.sent())
		}
	}
}

// TestAnswersThatDoNotTell makes sure that nothing counts as taken unless the errors were read.
func TestAnswersThatDoNotTell(t *testing.T) {
	for _, test := range []struct {
		answer answer
		status int // of an APIError; 0: a TransportError
	}{
		{answer{202, ``}, 0}, {answer{202, `{}`}, 0}, {answer{202, `[]`}, 0}, {answer{202, `{"errors": [`}, 0}, {answer{204, ``}, 0},
		{answer{200, `<html>sign in</html>`}, 0}, {answer{0, ``}, 0}, {answer{400, `{"message": "no"}`}, 400}, {answer{500, `{}`}, 500},
	} {
		entities := threeReturns(t)
		err := upload(clientOf(t, &vendor{answers: []answer{test.answer}}), Returns, entities...)
		var transport *vendors.TransportError
		var refusal *vendors.APIError
		if test.status == 0 && !errors.As(err, &transport) || test.status != 0 && (!errors.As(err, &refusal) || refusal.Status != test.status) {
			t.Errorf("%+v: %v", test.answer, err)
		}
		if got := outcomes(entities); got != "unsettled, unsettled, unsettled" {
			t.Errorf("%+v: %s", test.answer, got)
		}
	}
}

// TestNoErrorIsLost draws returns and errors about some of them: what is named alone is refused, what is
// not named is taken, and nothing that an error may mean counts as taken.
func TestNoErrorIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		orders := rapid.SliceOfN(rapid.SampledFrom([]string{"1", "12", "12-1", "A 1", "#1001", "order", "returnDate"}), 1, 8).Draw(t, "orders")
		count := map[string]int{}
		var entities []*vendors.Entity
		for i, order := range orders {
			e, err := encode(Returns, []row{with(bag, "orderId", order, "sku", fmt.Sprintf("sku-%d", i), "productId", fmt.Sprintf("product-%d", i), "externalId", "")})
			if err != nil || !e.Sound() {
				t.Fatal(err, problems(e))
			}
			entities = append(entities, e)
			count[order]++
		}
		wrong := map[string]int{}
		var messages []string
		for i, order := range orders {
			if rapid.Bool().Draw(t, fmt.Sprint(i)) {
				wrong[order]++
				messages = append(messages, "returnDate is invalid for order "+order)
			}
		}
		if err := settleReturns(entities, messages, 202); err != nil {
			t.Fatal(err)
		}
		for i, order := range orders {
			want := vendors.Unknown
			switch {
			case wrong[order] == 0:
				want = vendors.Created
			case wrong[order] == count[order]:
				want = vendors.Refused
			}
			if entities[i].Outcome != want {
				t.Errorf("%q of %q with %q: %s, want %s", order, orders, messages, entities[i].Outcome, want)
			}
		}
	})
}

func TestTraceOfReturns(t *testing.T) {
	e := encoded(t, Returns, with(bag, "returnReasonMessage", "none"))
	for message, want := range map[string]string{
		"returnDate is invalid for order 1234": "returnDate", "Return Reason unknown": "returnReason", "sku S1 is unknown": "sku", "no": "orderId",
		"returnReasonMessage is too long": "returnReasonMessage",
	} {
		if record, field := Returns.Trace(e, message); record != 0 || field != want {
			t.Errorf("Trace(%q) = %d, %q, want %q", message, record, field, want)
		}
	}
	if _, field := Returns.Trace(&vendors.Entity{}, "anything"); field != "" {
		t.Errorf("Trace of no records = %q", field)
	}
}
