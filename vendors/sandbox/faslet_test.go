package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// startFaslet runs a sandbox until the test ends, and sends requests to its Faslet.
func startFaslet(t *testing.T, o Options) *started {
	t.Helper()
	s := start(t, o)
	s.base = s.BaseURL("faslet")
	return s
}

// asks sends a request as Faslet's document wants it, but for the headers that are given.
func (s *started) asks(status int, part, path, body string, headers ...string) string {
	s.t.Helper()
	return s.want(status, part, http.MethodPost, path, body, append([]string{"Content-Type", "application/json", "faslet-shopid", "shop-1", "Accept", "-"}, headers...)...)
}

const (
	fasletReturn = `{"orderId":"1234","productId":"P","sku":"S","returnReason":"1","returnDate":"2022-02-05T18:40:00.000Z"}`
	fasletOrder  = `{"orderId":"1234","paymentStatus":"paid","lineItems":[{"productId":"P","title":"T","variantId":"V","sku":"S","variant":"S","quantity":1,"price":123.45}],"customerDataPackage":"x"}`
	fasletSizes  = `{"productName":"Jacket","productId":"11","gender":"male","productUrl":"https://a.example/p","sizeChartSpecifications":[{"sizeLabel":"S","waist":60,"waistStretched":70}]}`
	fasletState  = `{"productId":"11","variants":[{"sizeLabel":"S","available":true,"variantId":"1"},{"sizeLabel":"M","available":true,"variantId":"2"}]}`
	fasletAsked  = `{"product":{"productIdentifier":"sku-1","sizeLabels":["S","M"]},"profile":{"gender":"female","height":180,"weight":75,"age":30}}`
)

func TestFasletCalls(t *testing.T) {
	s := startFaslet(t, Options{Token: "secret"})
	for _, c := range []struct {
		name    string
		status  int
		part    string
		path    string
		body    string
		headers []string
	}{
		{"no token", 401, "token", "/v1/returns", "[]", []string{"Authorization", "-"}},
		{"another token", 401, "token", "/v1/orders", fasletOrder, []string{"Authorization", "Bearer other"}},
		{"no shop", 401, "faslet-shopid", "/v1/returns", "[]", []string{"faslet-shopid", "-"}},
		{"no shop in version 2", 401, `"status":"unauthorized"`, "/v2/assistant/context", fasletAsked, []string{"faslet-shopid", " "}},
		{"nothing there", 404, "nothing", "/v1/products", "[]", nil},
		{"nothing there in version 2", 404, "nothing", "/v2/returns", "[]", nil},
		{"no brand", 404, "nothing", "/v1/size-specs", "[]", nil},
		{"an empty brand", 404, "nothing", "/v1/size-specs/", "[]", nil},
		{"a brand with a slash", 404, "nothing", "/v1/size-specs/a/b", "[]", nil},
		{"the version alone", 404, "nothing", "/v1", "[]", nil},
		{"no type", 415, "application/json", "/v1/returns", "[]", []string{"Content-Type", "-"}},
		{"another type", 415, "", "/v1/returns", "[]", []string{"Content-Type", "text/json"}},
		{"another charset", 415, "", "/v1/returns", "[]", []string{"Content-Type", "application/json; charset=latin1"}},
		{"type with a charset", 202, `{"errors":[]}`, "/v1/returns", "[]", []string{"Content-Type", "application/json; charset=UTF-8"}},
		{"a parameter that is none", 400, "dryrun", "/v1/returns?dryrun=true", "[]", nil},

		{"returns", 202, `{"errors":[]}`, "/v1/returns", "[" + fasletReturn + "]", nil},
		{"not a list", 400, "must be a list", "/v1/returns", fasletReturn, nil},
		{"not JSON", 400, "not JSON", "/v1/returns", "[" + fasletReturn + ",]", nil},
		{"a date alone", 202, `{"message":"returnDate is invalid for order 1234"}`, "/v1/returns", "[" + strings.Replace(fasletReturn, "T18:40:00.000Z", "", 1) + "]", nil},
		{"the future", 202, `returnDate is invalid for order 1234`, "/v1/returns", "[" + strings.Replace(fasletReturn, "2022", "2027", 1) + "]", nil},
		{"a reason that is a number", 202, `returnReason is invalid for order 1234`, "/v1/returns", "[" + strings.Replace(fasletReturn, `"1",`, `1,`, 1) + "]", nil},
		{"a reason in words", 202, `returnReason is invalid`, "/v1/returns", "[" + strings.Replace(fasletReturn, `"returnReason":"1"`, `"returnReason":"Too big"`, 1) + "]", nil},
		{"no order", 202, `[Item 0] orderId is invalid`, "/v1/returns", "[" + strings.Replace(fasletReturn, `"orderId":"1234",`, ``, 1) + "]", nil},
		{"an unknown field", 202, `color is invalid for order 1234`, "/v1/returns", "[" + strings.Replace(fasletReturn, `{`, `{"color":"red",`, 1) + "]", nil},
		{"null", 202, `externalId is invalid for order 1234`, "/v1/returns", "[" + strings.Replace(fasletReturn, `{`, `{"externalId":null,`, 1) + "]", nil},
		{"no object", 202, `[Item 1] the return is invalid`, "/v1/returns", "[" + fasletReturn + `,"x"]`, nil},

		{"order", 202, "", "/v1/orders", fasletOrder, nil},
		{"a list of orders", 400, "must be an object", "/v1/orders", "[" + fasletOrder + "]", nil},
		{"no lines", 400, "at least 1 element", "/v1/orders", `{"orderId":"1","paymentStatus":"paid","lineItems":[],"customerDataPackage":"x"}`, nil},
		{"a quantity in quotes", 400, "lineItems[0].quantity: must be a number", "/v1/orders", strings.Replace(fasletOrder, `"quantity":1`, `"quantity":"1"`, 1), nil},
		{"no quantity", 400, "lineItems[0].quantity", "/v1/orders", strings.Replace(fasletOrder, `"quantity":1`, `"quantity":0.0e5`, 1), nil},
		{"a price below 0", 400, "lineItems[0].price", "/v1/orders", strings.Replace(fasletOrder, `123.45`, `-1`, 1), nil},

		{"new sizes", 201, `{}`, "/v1/size-specs/Nike", "[" + fasletSizes + "]", nil},
		{"the same sizes", 200, `{}`, "/v1/size-specs/Nike", "[" + fasletSizes + "]", nil},
		{"those of another brand", 201, `{}`, "/v1/size-specs/A%2FB", "[" + fasletSizes + "]", nil},
		{"no URL", 200, `{"errors":[{"message":"[Item 1] No Product URL, ignoring"}]}`, "/v1/size-specs/Nike",
			"[" + fasletSizes + "," + strings.Replace(fasletSizes, `"productUrl":"https://a.example/p",`, "", 1) + "]", nil},
		{"no ID", 200, `[Item 0] No Product ID, ignoring`, "/v1/size-specs/Nike", "[" + strings.Replace(fasletSizes, `"11"`, `""`, 1) + "]", nil},
		{"a wrong size", 200, `[Item 0] sizeChartSpecifications[0].waist: must be a number, not a text, ignoring`, "/v1/size-specs/Nike", "[" + strings.Replace(fasletSizes, `:60`, `:"60"`, 1) + "]", nil},
		{"a narrow stretch", 200, `waistStretched: 9 is below waist, 60`, "/v1/size-specs/Nike", "[" + strings.Replace(fasletSizes, `:70`, `:9`, 1) + "]", nil},
		{"a wrong gender", 400, `{"error":{"message":"[Item 1] gender: `, "/v1/size-specs/Nike", "[" + strings.Replace(fasletSizes, `"11"`, `"12"`, 1) + "," + strings.Replace(fasletSizes, `"male"`, `"men"`, 1) + "]", nil},
		{"sizes that are a text", 400, `sizeChartSpecifications: must be a list`, "/v1/size-specs/Nike", `[{"productName":"J","productId":"1","gender":"male","productUrl":"https://a.example","sizeChartSpecifications":"S"}]`, nil},
		{"a URL that is none", 400, `productUrl`, "/v1/size-specs/Nike", "[" + strings.Replace(fasletSizes, `https://`, ``, 1) + "]", nil},
		{"skipped on cue", 200, `Product URL not found`, "/v1/size-specs/Nike", "[" + strings.Replace(fasletSizes, `a.example`, `skipped.invalid`, 1) + "]", nil},
		{"refused on cue", 400, `refused host`, "/v1/size-specs/Nike", "[" + strings.Replace(fasletSizes, `a.example`, `refused.invalid`, 1) + "]", nil},
		{"no list", 400, `{"error":{"message":`, "/v1/size-specs/Nike", fasletSizes, nil},

		{"default", 200, `"state":"default"`, "/v1/assistant/state/Nike", fasletState, nil},
		{"untracked", 200, `"state":"default"`, "/v1/assistant/state/Nike?disableTracking=true", fasletState, nil},
		{"tracked or not", 400, `disableTracking`, "/v1/assistant/state/Nike?disableTracking=1", fasletState, nil},
		{"hidden", 200, `"state":"hidden"`, "/v1/assistant/state/Nike", strings.ReplaceAll(fasletState, "true", "false"), nil},
		{"result", 200, `"result":"`, "/v1/assistant/state/Nike", strings.Replace(fasletState, "{", `{"userId":"u","profile":{"gender":"male","height":180,"weight":85,"age":29},`, 1), nil},
		{"half a profile", 200, `"state":"default"`, "/v1/assistant/state/Nike", strings.Replace(fasletState, "{", `{"profile":{"gender":"male"},`, 1), nil},
		{"the footnote's mark", 400, `userId1: there is no such field`, "/v1/assistant/state/Nike", strings.Replace(fasletState, "{", `{"userId1":"u",`, 1), nil},
		{"no variants", 400, `variants`, "/v1/assistant/state/Nike", `{"productId":"11","variants":[]}`, nil},

		{"context", 200, `"capabilities":{"sizeMe":{"name":"sizeMe","available":true,`, "/v2/assistant/context", fasletAsked, nil},
		{"experiments", 200, `"experiments":{"activeVariants":["a","b"],"seenExperiments":["1"]}`, "/v2/assistant/context",
			strings.Replace(fasletAsked, "{", `{"experiments":{"experimentVariants":"a,b","seenExperiments":"1","device":"all","newDevice":"all"},`, 1), nil},
		{"no locator", 400, `{"message":"product.productUrl or product.productIdentifier is required","status":"invalid_input"}`, "/v2/assistant/context", `{"product":{}}`, nil},
		{"no product", 400, `product: is required`, "/v2/assistant/size-me", `{}`, nil},
		{"size", 200, `"recommendation":{"size":"`, "/v2/assistant/size-me", fasletAsked, nil},
		{"size of no profile", 400, `"nextRequiredInputs":["gender","height","weight","age"]`, "/v2/assistant/size-me", `{"product":{"productUrl":"https://a.example/p"}}`, nil},
		{"one size", 200, `"status":"unavailable"`, "/v2/assistant/size-me", strings.Replace(fasletAsked, `,"M"`, "", 1), nil},
		{"off the scale", 400, `profile.measurements.fit: 4 is not one of 1, 2, 3`, "/v2/assistant/size-me", strings.Replace(fasletAsked, `"age":30`, `"measurements":{"fit":4}`, 1), nil},
		{"a preference", 200, `recommendation`, "/v2/assistant/size-me", strings.Replace(fasletAsked, `"age":30`, `"age":30,"measurements":{"relativeSizingPreference":-2,"braCupSize":"C","braBandSize":75}`, 1), nil},
		{"unisex", 400, `profile.gender`, "/v2/assistant/size-me", strings.Replace(fasletAsked, `female`, `unisex`, 1), nil},
		{"a height in quotes", 400, `profile.height: must be a number`, "/v2/assistant/size-me", strings.Replace(fasletAsked, `180`, `"180"`, 1), nil},
		{"unknown product", 404, `"status":"product_not_found"`, "/v2/assistant/context", `{"product":{"productUrl":"https://a.invalid/p"}}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.t = t
			s.asks(c.status, c.part, c.path, c.body, c.headers...)
		})
	}
	s.t = t
	s.want(405, "POST", "GET", "/v1/returns", "", "faslet-shopid", "shop-1")
}

// TestFasletKeepsWhatItTook looks at what calls have stored: a list that is refused nothing, one with
// errors the rest, and what came twice shows as stored twice.
func TestFasletKeepsWhatItTook(t *testing.T) {
	s := startFaslet(t, Options{})
	other := strings.Replace(fasletReturn, "1234", "1235", 1)
	s.asks(202, `order 1236`, "/v1/returns", "["+fasletReturn+","+strings.Replace(strings.Replace(fasletReturn, "1234", "1236", 1), `"1"`, `"10"`, 1)+","+other+"]")
	s.asks(202, `[]`, "/v1/returns", "["+other+"]")
	s.asks(202, ``, "/v1/orders", fasletOrder)
	s.asks(400, ``, "/v1/size-specs/Nike", "["+fasletSizes+`,{}]`)
	record := s.Record()
	returns := record.Resources["faslet/returns"]
	if len(returns.Entities) != 2 || returns.Entities["1234|S|P|"].Applied != 1 || returns.Entities["1235|S|P|"].Applied != 2 || returns.Methods["POST"] != 2 {
		t.Errorf("returns: %+v", returns)
	}
	if orders := record.Resources["faslet/orders"]; orders.Entities["1234"].Applied != 1 || orders.Statuses[202] != 1 {
		t.Errorf("orders: %+v", orders)
	}
	if sizes := record.Resources["faslet/size-specs"]; len(sizes.Entities) != 0 || sizes.Statuses[400] != 1 {
		t.Errorf("sizes: %+v", sizes)
	}
}

// TestFasletAnswersAlike asks one question in two spellings, and others.
func TestFasletAnswersAlike(t *testing.T) {
	s := startFaslet(t, Options{})
	size := func(body string) string {
		var answer struct {
			Recommendation struct{ Size string }
		}
		if err := json.Unmarshal([]byte(s.asks(200, "recommendation", "/v2/assistant/size-me", body)), &answer); err != nil {
			t.Fatal(err)
		}
		return answer.Recommendation.Size
	}
	first := size(fasletAsked)
	if again := size(`{"profile": {"age": 30.0, "weight": 75, "height": 1.8e2, "gender": "female"}, "product": {"sizeLabels": ["S", "M"], "productIdentifier": "sku-1"}}`); again != first {
		t.Errorf("one shopper gets %s and %s", first, again)
	}
	sizes := map[string]bool{}
	for _, height := range []string{"150", "155", "160", "165", "170", "175", "185", "190"} {
		sizes[size(strings.Replace(fasletAsked, "180", height, 1))] = true
	}
	if !sizes["S"] || !sizes["M"] {
		t.Errorf("eight shoppers get %v only", sizes)
	}
}

// FuzzFaslet sends any body to any of the calls: each is answered, by JSON where there is a body, and a
// question twice alike.
func FuzzFaslet(f *testing.F) {
	paths := []string{"v1/returns", "v1/orders", "v1/size-specs/Nike", "v1/assistant/state/Nike", "v2/assistant/context", "v2/assistant/size-me"}
	for i, body := range []string{"[" + fasletReturn + "]", fasletOrder, "[" + fasletSizes + "]", fasletState, fasletAsked, fasletAsked} {
		f.Add(uint8(i), []byte(body))
	}
	f.Add(uint8(2), []byte(`[{"productName":"a","gender":"male","sizeChartSpecifications":[{"sizeLabel":"S","waist":1e999,"waistStretched":-0}]}]`))
	f.Add(uint8(5), []byte(`{"product":{"productIdentifier":"1","sizeLabels":["S","S"]},"profile":{"measurements":{"fit":3.0}}}`))
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		s := &stage{stores: make(map[string]*store), now: func() time.Time { return noon }}
		for _, name := range faslet.stores {
			var err error
			if s.stores[name], err = openStore("", name); err != nil {
				t.Fatal(err)
			}
		}
		play := faslet.play(s)
		ask := func() answer {
			header := http.Header{"Authorization": {"Bearer x"}, "Faslet-Shopid": {"shop"}, "Content-Type": {"application/json"}}
			return play(&call{method: http.MethodPost, parts: strings.Split(paths[int(which)%len(paths)], "/"), header: header, body: body})
		}
		first := ask()
		if first.status < 200 || first.status >= 500 || len(first.body) > 0 && !json.Valid(first.body) {
			t.Fatalf("%d %s", first.status, first.body)
		}
		if again := ask(); which%6 > 2 && (again.status != first.status || string(again.body) != string(first.body)) {
			t.Fatalf("%d %s, then %d %s", first.status, first.body, again.status, again.body)
		}
	})
}
