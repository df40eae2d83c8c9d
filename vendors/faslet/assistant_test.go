package faslet

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// shirt is a right row of a question to version 1, trousers one to version 2.
var (
	shirt    = row{"brand": "A/B", "productId": "11", "sizeLabel": "S", "available": "true", "variantId": "V1"}
	trousers = row{"product.productIdentifier": "sku-123"}
)

func TestStateIsAsked(t *testing.T) {
	for _, test := range []struct {
		name   string
		rows   []row
		target string
		body   string
	}{
		{"first", []row{shirt, with(shirt, "brand", "", "variantId", "V2", "sizeLabel", "M", "available", "no")}, "/public/v1/assistant/state/A%2FB",
			`{"productId":"11","variants":[{"sizeLabel":"S","available":true,"variantId":"V1"},{"sizeLabel":"M","available":false,"variantId":"V2"}]}`},
		{"with a profile", []row{with(shirt, "userId", "1234", "widgetVersion", "v35.0.3", "seenExperiments", "exp1,exp2", "experimentVariants", "a,b", "disableTracking", "ja",
			"profile.gender", "male", "profile.height", "180.0", "profile.weight", "85", "profile.age", "29", "question", "q", "productName", "Shirt",
			"productUrl", "https://a.example/p", "productImage", "https://a.example/i")}, "/public/v1/assistant/state/A%2FB?disableTracking=true",
			`{"productId":"11","variants":[{"sizeLabel":"S","available":true,"variantId":"V1"}],"productName":"Shirt","productUrl":"https://a.example/p",` +
				`"productImage":"https://a.example/i","userId":"1234","widgetVersion":"v35.0.3","seenExperiments":"exp1,exp2","experimentVariants":"a,b",` +
				`"profile":{"gender":"male","height":180,"weight":85,"age":29}}`},
		{"tracked for sure", []row{with(shirt, "disableTracking", "0")}, "/public/v1/assistant/state/A%2FB?disableTracking=false",
			`{"productId":"11","variants":[{"sizeLabel":"S","available":true,"variantId":"V1"}]}`},
	} {
		server := &vendor{answers: []answer{{200, `{"state": "default", "data": {"userId": "1"}}`}}}
		if _, err := AssistantState.Ask(context.Background(), clientOf(t, server), encoded(t, AssistantState, test.rows...)); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		want := []call{{"POST", test.target, "shop-1", "Bearer secret", "application/json", test.body}}
		if diff := cmp.Diff(want, server.sent(), cmp.AllowUnexported(call{})); diff != "" {
			t.Errorf("%s: calls (-want +got):\n%s", test.name, diff)
		}
	}
}

// whole is a row with every field of a question to version 2.
var whole = row{"userId": "user-123", "product.productUrl": "https://shop.example.com/p", "product.productIdentifier": "sku-123", "product.brand": "Nike",
	"product.productName": "Example", "product.sizeLabels": `S|M\|L`, "profile.gender": "female", "profile.height": "180", "profile.weight": "75.50", "profile.age": "30",
	"profile.hasMadeOrders": "false", "profile.hasUsedAssistant": "true", "profile.referenceItems_10.brand": "Z", "profile.referenceItems_2.brand": "B", "profile.referenceItems_2.model": "Mo",
	"profile.referenceItems_2.size": "L", "profile.referenceItems_2.gender": "men", "profile.referenceItems_3.size": "", "profile.measurements.fit": "1",
	"profile.measurements.waist": "2", "profile.measurements.hips": "3", "profile.measurements.chest": "2", "profile.measurements.footWidth": "2",
	"profile.measurements.braCupSize": "C", "profile.measurements.braBandSize": "75", "profile.measurements.relativeSizingPreference": "-2",
	"experiments.device": "mobile", "experiments.experimentVariants": "variant-a", "experiments.seenExperiments": "1,2", "experiments.newDevice": "newDevice"}

func TestQuestionsAreEncoded(t *testing.T) {
	for _, resource := range []*vendors.Resource{AssistantContext, SizeMe} {
		want := `{"userId":"user-123","product":{"productUrl":"https://shop.example.com/p","productIdentifier":"sku-123","brand":"Nike","productName":"Example",` +
			`"sizeLabels":["S","M|L"]},"profile":{"gender":"female","height":180,"weight":75.5,"age":30,"hasMadeOrders":false,"hasUsedAssistant":true,` +
			`"referenceItems":[{"brand":"B","model":"Mo","size":"L","gender":"men"},{"brand":"Z"}],"measurements":{"fit":1,"waist":2,"hips":3,"chest":2,"footWidth":2,` +
			`"braCupSize":"C","braBandSize":75,"relativeSizingPreference":-2}},"experiments":{"device":"mobile","experimentVariants":"variant-a","seenExperiments":"1,2","newDevice":"newDevice"}}`
		if e := encoded(t, resource, whole); string(e.Body) != want || len(e.Problems) > 0 {
			t.Errorf("got  %s, %v\nwant %s", e.Body, problems(e), want)
		}
		if e := encoded(t, resource, trousers, trousers); string(e.Body) != `{"product":{"productIdentifier":"sku-123"}}` || len(e.Problems) > 0 {
			t.Errorf("got %s, %v", e.Body, problems(e))
		}
		if got := problems(encoded(t, resource, row{"userId": "u"})); !slices.Equal(got, []string{"product.locator product.productIdentifier#0"}) {
			t.Errorf("no product: %v", got)
		}
		for i := range resource.Schema {
			if field := &resource.Schema[i]; !strings.Contains(field.Name, "{n}") && whole[field.Name] == "" {
				t.Errorf("%s: the row lacks %s", resource.Name, field.Name)
			}
		}
	}
}

// TestEveryFieldTellsQuestionsApart makes sure that two rows that are not the same question have two keys.
func TestEveryFieldTellsQuestionsApart(t *testing.T) {
	for name := range whole {
		for _, resource := range []*vendors.Resource{AssistantContext, SizeMe} {
			if keyOf(resource, whole) == keyOf(resource, with(whole, name, whole[name]+"1")) {
				t.Errorf("%s: rows with two values of %s have one key", resource.Name, name)
			}
			if !resource.Alike() {
				t.Errorf("%s: rows of one question may differ", resource.Name)
			}
		}
	}
}

func TestAsking(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer answer
		status int  // of an APIError
		lost   bool // a TransportError
	}{
		{"resolved", answer{200, `{"status": "resolved"}`}, 0, false},
		{"unavailable", answer{200, `{"status": "unavailable"}`}, 0, false},
		{"missing input", answer{400, `{"status": "invalid_input", "nextRequiredInputs": ["height"]}`}, 0, false},
		{"unknown product", answer{404, `{"status": "product_not_found"}`}, 0, false},
		{"a failure of the assistant", answer{500, `{"status": "sizing_failed", "details": {}}`}, 0, false},
		{"a refusal without a status", answer{400, `{"message": "no"}`}, 400, false},
		{"an empty status", answer{422, `{"status": " ", "message": "no"}`}, 422, false},
		{"a failure of something else", answer{500, `{"message": "no"}`}, 500, false},
		{"a web page", answer{404, `<html>`}, 404, false},
		{"not now", answer{503, `{"status": "busy"}`}, 503, false},
		{"too fast", answer{429, `{"status": "busy"}`}, 429, false},
		{"not allowed", answer{401, `{"status": "unauthorized"}`}, 401, false},
		{"no status", answer{200, `{"message": "fine"}`}, 0, true},
		{"a status that is a number", answer{200, `{"status": 200}`}, 0, true},
		{"no answer", answer{0, ``}, 0, true},
	} {
		for path, resource := range map[string]*vendors.Resource{"context": AssistantContext, "size-me": SizeMe} {
			server := &vendor{answers: []answer{test.answer}}
			e := encoded(t, resource, whole)
			body, err := resource.Ask(context.Background(), clientOf(t, server), e)
			var transport *vendors.TransportError
			var refusal *vendors.APIError
			if errors.As(err, &transport) != test.lost || errors.As(err, &refusal) != (test.status != 0) || refusal != nil && refusal.Status != test.status {
				t.Errorf("%s: %v", test.name, err)
			}
			if err == nil && string(body) != test.answer.body {
				t.Errorf("%s: %s", test.name, body)
			}
			want := []call{{"POST", "/public/v2/assistant/" + path, "shop-1", "Bearer secret", "application/json", string(e.Body)}}
			if diff := cmp.Diff(want, server.sent(), cmp.AllowUnexported(call{})); diff != "" {
				t.Errorf("%s: calls (-want +got):\n%s", test.name, diff)
			}
		}
	}
	for _, status := range []int{400, 404, 500} { // which are looked at as answers
		for _, body := range []string{`{"message": "the token secret is not taken"}`, `{"error": {"message": "the token secret is not taken"}}`} {
			_, err := SizeMe.Ask(context.Background(), clientOf(t, &vendor{answers: []answer{{status, body}}}), encoded(t, SizeMe, whole))
			if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "the token *** is not taken") {
				t.Errorf("%d %s: %v, want the vendor's words without the token", status, body, err)
			}
		}
	}
	for _, body := range []string{`{}`, `[]`, `{"state": ""}`, `{"state": 1}`, `no`} {
		_, err := AssistantState.Ask(context.Background(), clientOf(t, &vendor{answers: []answer{{200, body}}}), encoded(t, AssistantState, shirt))
		var transport *vendors.TransportError
		if !errors.As(err, &transport) {
			t.Errorf("state of %s: %v", body, err)
		}
	}
}

func TestAnswersAreRead(t *testing.T) {
	for _, test := range []struct {
		name     string
		resource *vendors.Resource
		body     string
		want     row
	}{
		{"hidden", AssistantState, `{"state": "hidden", "data": {"userId": "123-456-789"}}`, row{"state": "hidden", "data.userId": "123-456-789"}},
		{"result", AssistantState, `{"state": "result", "data": {"result": "M", "userId": "1"}}`, row{"state": "result", "data.result": "M", "data.userId": "1"}},
		{"a number and more", AssistantState, `{"state": "x", "data": {"userId": 12345678901234567890, "more": 1}, "y": [1]}`, row{"state": "x", "data.userId": "12345678901234567890"}},
		{"no data", AssistantState, `{"state": "default", "data": null}`, row{"state": "default"}},
		{"failure", SizeMe, `{"status": "invalid_input", "message": "Missing", "userId": "u", "productContext": {"shopId": "shop-1", "brand": "Nike"},
			"requiredInputs": [{"name": "height", "source": "profile", "required": true}, {"name": "age", "source": "profile"}], "nextRequiredInputs": ["height", "a|b"],
			"details": {"code": 1.50, "text": "<b>"}}`,
			row{"status": "invalid_input", "message": "Missing", "userId": "u", "productContext.shopId": "shop-1", "productContext.brand": "Nike",
				"requiredInputs.name": "height|age", "requiredInputs.source": "profile|profile", "requiredInputs.required": "true|", "nextRequiredInputs": `height|a\|b`,
				"details": `{"code":1.50,"text":"<b>"}`}},
		{"context", AssistantContext, `{"status": "resolved", "widgetConfiguration": {"locale": "en", "borderRadius": 4, "disableIcon": false, "localizationOverrides": {"en": {"a": "b"}},
			"virtualTryOn": {"enabled": true}}, "capabilities": {"sizeMe": {"name": "sizeMe", "available": false, "requiredInputs": [], "nextRequiredInputs": [], "reason": "no"},
			"tryOn": {"name": "tryOn", "available": true, "requiredInputs": [{"name": "userPhoto", "source": "profile", "required": true}], "nextRequiredInputs": ["userPhoto"]}},
			"experiments": {"activeVariants": ["a", "b"], "seenExperiments": []}}`,
			row{"status": "resolved", "widgetConfiguration.locale": "en", "widgetConfiguration.borderRadius": "4", "widgetConfiguration.disableIcon": "false",
				"widgetConfiguration.localizationOverrides": `{"en":{"a":"b"}}`, "widgetConfiguration.virtualTryOn.enabled": "true", "capabilities.sizeMe.name": "sizeMe",
				"capabilities.sizeMe.available": "false", "capabilities.sizeMe.reason": "no", "capabilities.tryOn.name": "tryOn", "capabilities.tryOn.available": "true",
				"capabilities.tryOn.requiredInputs.name": "userPhoto", "capabilities.tryOn.requiredInputs.source": "profile", "capabilities.tryOn.requiredInputs.required": "true",
				"capabilities.tryOn.nextRequiredInputs": "userPhoto", "experiments.activeVariants": "a|b"}},
		{"not a list", SizeMe, `{"status": "s", "nextRequiredInputs": "a|b"}`, row{"status": "s", "nextRequiredInputs": `a\|b`}},
	} {
		rows, err := test.resource.Answer([]byte(test.body))
		if diff := cmp.Diff([]row{test.want}, rows); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", test.name, err, diff)
		}
	}
	for _, body := range []string{``, `null`, `[]`, `"a"`, `{"status": `} {
		if rows, err := SizeMe.Answer([]byte(body)); err == nil {
			t.Errorf("Answer(%s) = %v", body, rows)
		}
	}
}

// FuzzAnswers makes sure that answers are read whatever they hold: only the fields that are declared, a
// list's values as they were.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{`{"state":"result","data":{"result":"M","userId":"1"}}`, `{"status":"resolved","recommendation":{"size":"M"},"nextRequiredInputs":["a","b\\|"]}`,
		`{"status":1,"requiredInputs":[{"name":["x"]},[[{"name":"y"}]],null],"capabilities":[{"sizeMe":{"name":"n"}}]}`, `{"details":[1,{}],"experiments":null}`, `[]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, resource := range []*vendors.Resource{AssistantState, AssistantContext, SizeMe} {
			rows, err := resource.Answer(body)
			if err != nil {
				continue
			}
			if len(rows) != 1 {
				t.Fatalf("%d rows", len(rows))
			}
			for name, cell := range rows[0] {
				if field, param := resource.Answers.Find(name); field == nil || param != "" || cell == "" {
					t.Fatalf("%q = %q", name, cell)
				}
			}
			var plain struct {
				Next []string `json:"nextRequiredInputs"`
			}
			if json.Unmarshal(body, &plain) != nil || resource != SizeMe || slices.Contains(plain.Next, "") {
				continue
			}
			var exact map[string]json.RawMessage // encoding/json takes NEXTREQUIREDINPUTS too
			if json.Unmarshal(body, &exact) != nil || exact["nextRequiredInputs"] == nil || json.Unmarshal(exact["nextRequiredInputs"], &plain.Next) != nil {
				continue
			}
			var got []string
			schema.Items([]byte(rows[0]["nextRequiredInputs"]), func(item []byte) bool {
				got = append(got, string(item))
				return true
			})
			var want []string
			for _, item := range plain.Next {
				want = append(want, string(schema.Trim([]byte(item))))
			}
			if len(got) != len(want) && !(len(got) == 0 && strings.Join(want, "") == "") {
				t.Fatalf("%q became %q", want, got)
			}
		}
	})
}

// TestProfilesComeThrough draws profiles, and reads what is sent of them again.
func TestProfilesComeThrough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		drawn := drawRow(t)
		e, err := encode(SizeMe, []row{drawn})
		if err != nil || !e.Sound() {
			t.Fatalf("%v, %v", err, problems(e))
		}
		var sent map[string]any
		if err := json.Unmarshal(e.Body, &sent); err != nil {
			t.Fatal(err)
		}
		for name, cell := range drawn {
			if cell == "" || strings.Contains(name, "referenceItems") {
				continue
			}
			got, err := cellOf(follow(sent, strings.Split(name, ".")), strings.HasSuffix(name, "sizeLabels"))
			if err != nil || got != cell {
				t.Errorf("%s: %q is sent as %q in %s", name, cell, got, e.Body)
			}
		}
	})
}

// drawRow draws a row with some of the fields of whole.
func drawRow(t *rapid.T) row {
	drawn := row{"product.productIdentifier": "sku-1"}
	for name, cell := range whole {
		if cell == "75.50" {
			cell = "75.5"
		}
		if rapid.Bool().Draw(t, name) {
			drawn[name] = cell
		}
	}
	return drawn
}
