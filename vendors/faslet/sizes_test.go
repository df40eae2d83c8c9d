package faslet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors"
)

// jacket is a right row of a size chart.
var jacket = row{"brand": "Nike", "productId": "11", "productName": "Jacket", "gender": "male", "productUrl": "https://mywebstore.com/en/jacket.html",
	"sizeLabel": "S", "waist": "60", "waistStretched": "70.50"}

func TestSizesAreEncoded(t *testing.T) {
	e := encoded(t, SizeSpecs, with(jacket, "useDefaults", "nein", "innerLeg", "80"), with(jacket, "sizeLabel", "M", "productName", "", "gender", "", "productUrl", ""))
	want := `{"brand":"Nike","body":{"productName":"Jacket","productId":"11","gender":"male","productUrl":"https://mywebstore.com/en/jacket.html","sizeChartSpecifications":[` +
		`{"sizeLabel":"S","useDefaults":false,"waist":60,"innerLeg":80,"waistStretched":70.5},{"sizeLabel":"M","waist":60,"waistStretched":70.5}]}}`
	if string(e.Body) != want || len(e.Problems) > 0 {
		t.Errorf("got  %s, %v\nwant %s", e.Body, problems(e), want)
	}
}

// charts makes size charts of so many products.
func charts(t testing.TB, count int) []*vendors.Entity {
	entities := make([]*vendors.Entity, count)
	for i := range entities {
		entities[i] = encoded(t, SizeSpecs, with(jacket, "productId", fmt.Sprint("p", i)))
	}
	return entities
}

func TestBrandsAreEscaped(t *testing.T) {
	for brand, want := range map[string]string{"Nike": "Nike", "Marc O'Polo": "Marc%20O%27Polo", "A/B": "A%2FB", "50%?#": "50%25%3F%23", "Größe": "Gr%C3%B6%C3%9Fe",
		"..": "%2E%2E", ".": "%2E", "H&M": "H&M"} {
		server := &vendor{answers: []answer{{201, `{}`}}}
		e := encoded(t, SizeSpecs, with(jacket, "brand", brand))
		if err := upload(clientOf(t, server), SizeSpecs, e); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimPrefix(server.sent()[0].target, "/public/v1/size-specs/"); strings.ReplaceAll(got, "'", "%27") != want {
			t.Errorf("brand %q goes to %s, want %s", brand, got, want)
		}
	}
	err := upload(clientOf(t, &vendor{}), SizeSpecs, encoded(t, SizeSpecs, jacket), encoded(t, SizeSpecs, with(jacket, "brand", "Adidas")))
	if err == nil || !strings.Contains(err.Error(), "one brand") {
		t.Errorf("two brands in one call: %v", err)
	}
}

// brand is a vendor that skips some products, and counts items as it likes; as a slip it may refuse whole lists.
type brand struct {
	mu      sync.Mutex
	base    int
	unnamed bool // its messages have no numbers
	skips   map[string]bool
	refuses map[string]bool
	stored  map[string]bool
}

func (b *brand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	var list []Descriptor
	if err := json.Unmarshal(body, &list); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var messages []map[string]string
	for i, d := range list {
		if b.refuses[d.ProductID] {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error": {"message": "[Item %d] gender is wrong"}}`, i+b.base)
			return
		}
		switch {
		case !b.skips[d.ProductID]:
			b.stored[d.ProductID] = true
		case b.unnamed:
			messages = append(messages, map[string]string{"message": "No Product URL, ignoring"})
		default:
			messages = append(messages, map[string]string{"message": fmt.Sprintf("[Item %d] No Product URL, ignoring", i+b.base)})
		}
	}
	w.WriteHeader(http.StatusCreated)
	json.NewEncoder(w).Encode(map[string]any{"errors": messages})
}

// TestItemsAreFoundWhateverTheirBase has a vendor skip any items, counting from 0 or 1 or not at all: just
// those are refused.
func TestItemsAreFoundWhateverTheirBase(t *testing.T) {
	all := charts(t, 9)
	var now atomic.Pointer[brand]
	client := clientOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { now.Load().ServeHTTP(w, r) }))
	rapid.Check(t, func(t *rapid.T) {
		entities := all[:rapid.IntRange(1, len(all)).Draw(t, "length")]
		handler := &brand{base: rapid.IntRange(0, 1).Draw(t, "base"), unnamed: rapid.Bool().Draw(t, "unnamed"), skips: map[string]bool{}, stored: map[string]bool{}}
		for i := range entities {
			if rapid.IntRange(0, 3).Draw(t, fmt.Sprint("skip ", i)) == 0 {
				handler.skips[fmt.Sprint("p", i)] = true
			}
		}
		now.Store(handler)
		if err := upload(client, SizeSpecs, entities...); err != nil {
			t.Fatal(err)
		}
		handler.mu.Lock()
		defer handler.mu.Unlock()
		for i, e := range entities {
			id := fmt.Sprint("p", i)
			if skipped := handler.skips[id]; skipped != (e.Outcome == vendors.Refused) || skipped == handler.stored[id] || !skipped && e.Outcome != vendors.Created {
				t.Errorf("%s: %s, skipped %v", id, e.Outcome, skipped)
			}
			if e.Outcome == vendors.Refused && !strings.Contains(e.Answer.Message, "No Product URL") {
				t.Errorf("%s: %s", id, e.Answer.Message)
			}
		}
	})
}

func TestSuspects(t *testing.T) {
	item := func(numbers ...int) (messages []string) {
		for _, n := range numbers {
			messages = append(messages, fmt.Sprintf("[Item %d] No Product URL, ignoring", n))
		}
		return messages
	}
	for _, test := range []struct {
		name     string
		messages []string
		want     []int
	}{
		{"none", nil, nil},
		{"from 0", item(0, 2), []int{0, 2}},
		{"from 1", item(4, 2), []int{1, 3}},
		{"from 0 or 1", item(2), []int{1, 2}},
		{"neither", item(0, 4), []int{0, 1, 2, 3}},
		{"beyond the list", item(5), []int{0, 1, 2, 3}},
		{"without a number", append(item(0), "no"), []int{0, 1, 2, 3}},
		{"a number that is none", []string{"[Item x] no"}, []int{0, 1, 2, 3}},
		{"below", []string{"[Item -1] no"}, []int{0, 1, 2, 3}},
		{"another case", []string{"[item 0] no"}, []int{0}},
	} {
		var got []int
		for i, suspect := range suspected(test.messages, 4) {
			if suspect {
				got = append(got, i)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestAnswersToSizes(t *testing.T) {
	for _, test := range []struct {
		name    string
		answers []answer
		want    string
		status  int // of an APIError
		lost    bool
		calls   int
	}{
		{"created", []answer{{201, `{}`}}, "created, created", 0, false, 1},
		{"updated", []answer{{200, `{"errors": []}`}}, "updated, updated", 0, false, 1},
		{"no body", []answer{{204, ``}}, "created, created", 0, false, 1},
		{"a body that is none", []answer{{200, ``}}, "unsettled, unsettled", 0, true, 1},
		{"refused whole", []answer{{400, `{"error": {"message": "[Item 1] gender is wrong"}}`}}, "unsettled, unsettled", 400, false, 1},
		{"one error beside a success", []answer{{201, `{"error": {"message": "[Item 0] No Product ID"}}`}, {400, `{"error": {"message": "No Product ID"}}`}},
			"refused (No Product ID), created", 0, false, 2},
		{"either of two", []answer{{201, `{"errors": [{"message": "[Item 1] a"}]}`}, {200, `{}`}, {201, `{"errors": [{"message": "[Item 0] a"}]}`}},
			"created, refused ([Item 0] a)", 0, false, 3},
		{"either of two that were there", []answer{{200, `{"errors": [{"message": "[Item 1] a"}]}`}, {200, `{}`}, {200, `{"errors": [{"message": "[Item 0] a"}]}`}},
			"updated, refused ([Item 0] a)", 0, false, 3},
		{"gone wrong in between", []answer{{201, `{"errors": [{"message": "[Item 1] a"}]}`}, {503, ``}}, "unsettled, unsettled", 503, false, 2},
		{"cut in between", []answer{{201, `{"errors": [{"message": "a"}]}`}, {201, `{}`}, {0, ``}}, "created, unsettled", 0, true, 3},
		{"turned away in between", []answer{{201, `{"errors": [{"message": "a"}]}`}, {401, ``}}, "unsettled, unsettled", 401, false, 2},
	} {
		server := &vendor{answers: test.answers}
		entities := charts(t, 2)
		err := upload(clientOf(t, server), SizeSpecs, entities...)
		var transport *vendors.TransportError
		var refusal *vendors.APIError
		if errors.As(err, &transport) != test.lost || errors.As(err, &refusal) != (test.status != 0) || refusal != nil && refusal.Status != test.status ||
			outcomes(entities) != test.want || len(server.sent()) != test.calls {
			t.Errorf("%s: %v, %s after %d calls, want %s after %d", test.name, err, outcomes(entities), len(server.sent()), test.want, test.calls)
		}
	}
	server, entities := &vendor{}, charts(t, 1)
	err := SizeSpecs.Upload(context.Background(), clientOf(t, server), vendors.Upload{Entities: entities, CreateOnly: true})
	if err != nil || entities[0].Outcome != vendors.Refused || !strings.Contains(entities[0].Answer.Message, "create-only") || len(server.sent()) > 0 {
		t.Errorf("only created: %v, %s after %d calls", err, outcomes(entities), len(server.sent()))
	}
}

// TestARefusalWithinSuspectsIsIsolated has a list whose suspects contain one that has lists refused.
func TestARefusalWithinSuspectsIsIsolated(t *testing.T) {
	var calls atomic.Int64
	handler := &brand{unnamed: true, skips: map[string]bool{"p1": true}, refuses: map[string]bool{}, stored: map[string]bool{}}
	client := clientOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) > 1 { // it changed its mind
			handler.mu.Lock()
			handler.refuses["p2"] = true
			handler.mu.Unlock()
		}
		handler.ServeHTTP(w, r)
	}))
	entities := charts(t, 5)
	if err := upload(client, SizeSpecs, entities...); err != nil {
		t.Fatal(err)
	}
	want := "created, refused (No Product URL, ignoring), refused ([Item 0] gender is wrong), created, created"
	if got := outcomes(entities); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestSizesAreInOrder sorts labels that come in any order.
func TestSizesAreInOrder(t *testing.T) {
	want := []string{"02", "2", "36", "38", "100", "3XS", "XXS", "XS", "S", "s", "M", "L", "XL", "2XL", "XXL", "4XL", "", "1234567", "36/32", "3M", "One size", "X",
		"x-large", "ä"}
	rapid.Check(t, func(t *rapid.T) {
		got := rapid.Permutation(want).Draw(t, "labels")
		slices.SortFunc(got, func(a, b string) int { return compareLabels([]byte(a), []byte(b)) })
		if !slices.Equal(got, want) {
			t.Fatalf("%q, want %q", got, want)
		}
	})
}

func TestTraceOfSizes(t *testing.T) {
	e := encoded(t, SizeSpecs, jacket, with(jacket, "sizeLabel", "L"), with(jacket, "sizeLabel", "M"))
	for _, test := range []struct {
		message string
		record  int
		field   string
	}{
		{"[Item 42] No Product URL, ignoring", 0, "productUrl"}, {"[Item 76] No Product ID, ignoring", 0, "productId"},
		{"[Item 0] sizeChartSpecifications[0].waistStretched: too small, ignoring", 0, "waistStretched"},
		{"[Item 0] sizeChartSpecifications[1]: no, ignoring", 2, "sizeLabel"}, {`size "M" has a wrong waist`, 2, "waist"}, {"gender must be male", 0, "gender"}, {"no", 0, "productId"},
	} {
		if record, field := SizeSpecs.Trace(e, test.message); record != test.record || field != test.field {
			t.Errorf("Trace(%q) = %d, %q, want %d, %q", test.message, record, field, test.record, test.field)
		}
	}
	if diff := cmp.Diff([]string{"size.twice sizeLabel#1"}, problems(encoded(t, SizeSpecs, jacket, jacket))); diff != "" {
		t.Errorf("one size twice (-want +got):\n%s", diff)
	}
}
