package faslet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors"
	"bulkload/vendors/sandbox"
)

// sandboxClient starts a stand-in for the vendor, written from the vendor's document by itself.
func sandboxClient(t *testing.T, o sandbox.Options) (*vendors.Client, *sandbox.Server) {
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
	return clientAt(server.BaseURL("faslet")), server
}

func TestTheSandboxTakesTheExamples(t *testing.T) {
	client, server := sandboxClient(t, sandbox.Options{Token: "secret"})
	if err := Vendor.Probe(context.Background(), client); err != nil {
		t.Error(err)
	}
	for _, resource := range Vendor.Resources {
		entities := entitiesOf(t, resource, resource.Example)
		if resource.Upload != nil {
			if err := upload(client, resource, entities[:min(resource.Batch, len(entities))]...); err != nil {
				t.Errorf("%s: %v", resource.Name, err)
			}
			for _, e := range entities {
				if e.Outcome != vendors.Created {
					t.Errorf("%s: %s", resource.Name, outcomes(entities))
				}
			}
			if kept := server.Record().Resources["faslet/"+resource.Name]; len(kept.Entities) != len(entities) || kept.Methods["POST"] != 1 {
				t.Errorf("%s: the sandbox has %+v", resource.Name, kept)
			}
			continue
		}
		for _, e := range entities {
			body, err := resource.Ask(context.Background(), client, e)
			if err != nil {
				t.Fatalf("%s: %v", resource.Name, err)
			}
			if rows, err := resource.Answer(body); err != nil || len(rows) != 1 || rows[0]["status"]+rows[0]["state"] == "" {
				t.Errorf("%s: %v, %v", resource.Name, rows, err)
			}
		}
	}
}

func TestTheSandboxWantsCredentials(t *testing.T) {
	client, _ := sandboxClient(t, sandbox.Options{Token: "another"})
	for _, resource := range Vendor.Resources {
		e := entitiesOf(t, resource, resource.Example)[0]
		var err error
		if resource.Upload != nil {
			err = upload(client, resource, e)
		} else {
			_, err = resource.Ask(context.Background(), client, e)
		}
		var refusal *vendors.APIError
		if !errors.As(err, &refusal) || refusal.Status != 401 || !strings.Contains(refusal.Advice, "shop_id") {
			t.Errorf("%s: %v, want 401 with advice", resource.Name, err)
		}
	}
}

// TestTheSandboxTakesWhatIsEncoded draws rows of every resource: what bulkload finds right, the document allows.
func TestTheSandboxTakesWhatIsEncoded(t *testing.T) {
	client, _ := sandboxClient(t, sandbox.Options{})
	text := rapid.StringMatching(`[A-Za-z0-9äß<&"\\|/ -]{0,6}[a-zé0-9]`)
	decimal := rapid.StringMatching(`[1-9][0-9]{0,2}(\.[0-9]{1,2})?`)
	rapid.Check(t, func(t *rapid.T) {
		resource := rapid.SampledFrom(Vendor.Resources).Draw(t, "resource")
		drawn := row{}
		for i := range resource.Schema {
			f := &resource.Schema[i]
			name := strings.ReplaceAll(f.Name, "{n}", fmt.Sprint(rapid.IntRange(1, 3).Draw(t, "number")))
			switch {
			case !f.Required && name != resource.Key && rapid.Bool().Draw(t, "without "+name):
			case f.Values != nil:
				drawn[name] = rapid.SampledFrom(f.Values.List()).Draw(t, name)
			case f.Type.String() == "decimal":
				drawn[name] = decimal.Draw(t, name)
			case f.Checks != nil || f.Type.String() != "text" || f.List:
				drawn[name] = f.Example
			default:
				drawn[name] = strings.TrimSpace(text.Draw(t, name))
			}
		}
		e, err := encode(resource, []row{drawn})
		if err != nil {
			t.Fatal(err)
		}
		if !e.Sound() {
			return
		}
		if resource.Ask != nil {
			body, err := resource.Ask(context.Background(), client, e)
			if err != nil {
				t.Fatalf("%s: %v", e.Body, err)
			}
			if rows, _ := resource.Answer(body); strings.Contains(rows[0]["message"], ": ") {
				t.Fatalf("%s: %s", e.Body, rows[0]["message"])
			}
			return
		}
		if err := upload(client, resource, e); err != nil || e.Outcome != vendors.Created && e.Outcome != vendors.Updated {
			t.Fatalf("%s: %v, %s", e.Body, err, outcomes([]*vendors.Entity{e}))
		}
	})
}

// TestReturnsThatTheSandboxRefuses sends a list in which only the vendor finds something wrong.
func TestReturnsThatTheSandboxRefuses(t *testing.T) {
	client, server := sandboxClient(t, sandbox.Options{})
	entities := entitiesOf(t, Returns, []row{bag, with(bag, "orderId", "1235", "returnDate", "2999-01-01T00:00:00Z"), with(bag, "orderId", "1236")})
	if err := upload(client, Returns, entities...); err != nil {
		t.Fatal(err)
	}
	if got, want := outcomes(entities), "created, refused (returnDate is invalid for order 1235), created"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if record, field := Returns.Trace(entities[1], entities[1].Answer.Message); record != 0 || field != "returnDate" {
		t.Errorf("traced to %d, %s", record, field)
	}
	stored, err := server.Stored("faslet/returns")
	if err != nil || len(stored) != 2 {
		t.Errorf("stored %v, %v", stored, err)
	}
}

// TestSizesThatTheSandboxRefuses meets both forms of errors: a chart that is skipped, and one for which the
// whole list is refused.
func TestSizesThatTheSandboxRefuses(t *testing.T) {
	client, _ := sandboxClient(t, sandbox.Options{})
	rows := []row{jacket, with(jacket, "productId", "12", "productUrl", "https://skipped.invalid/p"), with(jacket, "productId", "13"),
		with(jacket, "productId", "14")}
	entities := entitiesOf(t, SizeSpecs, rows)
	if err := upload(client, SizeSpecs, entities...); err != nil {
		t.Fatal(err)
	}
	if got, want := outcomes(entities), "created, refused ([Item 0] Product URL not found, ignoring), created, created"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, field := SizeSpecs.Trace(entities[1], entities[1].Answer.Message); field != "productUrl" {
		t.Errorf("traced to %s", field)
	}
	entities = entitiesOf(t, SizeSpecs, []row{jacket, with(jacket, "productId", "15", "productUrl", "https://refused.invalid/p")})
	err := upload(client, SizeSpecs, entities...)
	var refusal *vendors.APIError
	if !errors.As(err, &refusal) || refusal.Status != 400 || !strings.HasPrefix(refusal.Message, "[Item 1] productUrl:") || outcomes(entities) != "unsettled, unsettled" {
		t.Errorf("%v, %s, want a refusal of the list", err, outcomes(entities))
	}
	entities = entitiesOf(t, SizeSpecs, []row{jacket})
	if err := upload(client, SizeSpecs, entities...); err != nil || outcomes(entities) != "updated" {
		t.Errorf("again: %v, %s", err, outcomes(entities))
	}
}

// TestTheAssistant asks about products and shoppers of all kinds.
func TestTheAssistant(t *testing.T) {
	client, _ := sandboxClient(t, sandbox.Options{})
	shopper := row{"profile.gender": "female", "profile.height": "180", "profile.weight": "75", "profile.age": "30"}
	product := row{"product.productIdentifier": "sku-123", "product.sizeLabels": "S|M|L"}
	join := func(rows ...row) row {
		all := row{}
		for _, r := range rows {
			for name, cell := range r {
				all[name] = cell
			}
		}
		return all
	}
	for _, test := range []struct {
		name     string
		resource *vendors.Resource
		row      row
		want     row // of the answer; a cell of several is one of these
	}{
		{"not available", AssistantState, with(shirt, "available", "no"), row{"state": "hidden", "data.result": ""}},
		{"no profile", AssistantState, shirt, row{"state": "default", "data.result": ""}},
		{"a profile", AssistantState, join(shirt, shopper, row{"userId": "u"}), row{"state": "result", "data.result": "S", "data.userId": "u"}},
		{"a size", SizeMe, join(product, shopper), row{"status": "resolved", "recommendation.size": "S M L", "productContext.shopId": "shop-1"}},
		{"no profile for a size", SizeMe, product, row{"status": "invalid_input", "message": "Missing required profile inputs for size-me",
			"nextRequiredInputs": "gender|height|weight|age", "requiredInputs.name": "gender|height|weight|age"}},
		{"half a profile for a size", SizeMe, join(product, row{"profile.gender": "male", "profile.age": "9"}), row{"status": "invalid_input", "nextRequiredInputs": "height|weight"}},
		{"one size", SizeMe, join(product, shopper, row{"product.sizeLabels": "One size"}), row{"status": "unavailable", "message": "Size Me unavailable for this product"}},
		{"unknown", SizeMe, row{"product.productUrl": "https://shop.invalid/p"}, row{"status": "product_not_found"}},
		{"a context", AssistantContext, join(product, shopper), row{"status": "resolved", "capabilities.sizeMe.available": "true", "capabilities.sizeMe.nextRequiredInputs": "",
			"capabilities.tryOn.nextRequiredInputs": "userPhoto", "productContext.virtualTryOnImageUrl": "https://cdn.example.com/image.jpg", "widgetConfiguration.virtualTryOn.enabled": "true"}},
		{"a context without an image", AssistantContext, row{"product.productUrl": "https://shop.example.com/p"}, row{"capabilities.sizeMe.nextRequiredInputs": "gender|height|weight|age",
			"capabilities.tryOn.requiredInputs.name": "userPhoto|productImage", "capabilities.tryOn.requiredInputs.source": "profile|product", "capabilities.tryOn.nextRequiredInputs": "userPhoto|productImage"}},
		{"a context of one size", AssistantContext, join(product, row{"product.sizeLabels": "One size"}), row{"capabilities.sizeMe.available": "false",
			"capabilities.sizeMe.reason": "Size Me unavailable for this product"}},
	} {
		e := encoded(t, test.resource, test.row)
		first, err := test.resource.Ask(context.Background(), client, e)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		again, err := test.resource.Ask(context.Background(), client, e)
		if err != nil || string(first) != string(again) {
			t.Errorf("%s: %s, then %s, %v", test.name, first, again, err)
		}
		rows, err := test.resource.Answer(first)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range test.want {
			if got := rows[0][name]; got != want && !slices.Contains(strings.Fields(want), got) {
				t.Errorf("%s: %s = %q, want %q", test.name, name, got, want)
			}
		}
	}
}

// TestSizesOfAChartAreRecommended asks about a product whose sizes the sandbox was told.
func TestSizesOfAChartAreRecommended(t *testing.T) {
	client, _ := sandboxClient(t, sandbox.Options{})
	if err := upload(client, SizeSpecs, encoded(t, SizeSpecs, with(jacket, "sizeLabel", "46"), with(jacket, "sizeLabel", "48"))); err != nil {
		t.Fatal(err)
	}
	body, err := SizeMe.Ask(context.Background(), client, encoded(t, SizeMe, row{"product.productIdentifier": "11", "product.brand": "Nike", "profile.gender": "male",
		"profile.height": "180", "profile.weight": "80", "profile.age": "40"}))
	if err != nil || !strings.Contains(string(body), `"size":"46"`) && !strings.Contains(string(body), `"size":"48"`) {
		t.Errorf("%s, %v", body, err)
	}
}

// TestExamplesOfTheDocument reads the document's requests from the feeds' point of view: rows that hold
// their values become these requests.
func TestExamplesOfTheDocument(t *testing.T) {
	lines := document(t)
	for _, test := range []struct {
		name        string
		resource    *vendors.Resource
		first, last int // lines of the example
		rows        []row
		repair      func(string) string
	}{
		{name: "returns", resource: Returns, first: 35, last: 49, rows: []row{
			{"orderId": "1234", "productId": "1234", "sku": "1234", "returnReason": "Too big", "returnDate": "2022-02-05T18:40:00.000Z", "externalId": "o-123"},
			{"orderId": "3456", "productId": "3456", "sku": "3456", "returnReason": "3", "returnDate": "2022-09-05T18:40:00.000Z", "externalId": "o-345"}}},
		{name: "order", resource: Orders, first: 105, last: 118, rows: []row{{"orderId": "1234", "paymentStatus": "paid", "productId": "1234", "title": "Test API Order",
			"variantId": "1234", "sku": "1234", "variant": "S", "quantity": "1", "price": "123.45", "customerDataPackage": "yX2lkIjoibm8tdXNlci1kYXRhIiwiaGFzVXNlZFdpZGdldCI6ZmFsc2UsInBsYXRmb3JtIjoidW5rbm93biIsImV4cGVyaW1lbnRWYXJpYW50cyI6W119"}}},
		{name: "sizes", resource: SizeSpecs, first: 159, last: 184, rows: []row{
			{"brand": "MY_BRAND", "productName": "Jacket", "productId": "11", "gender": "male", "productUrl": "https://mywebstore.com/en/jacket.html", "sizeLabel": "S",
				"useDefaults": "false", "waist": "60", "waistStretched": "70", "hips": "50", "hipsStretched": "56", "chest": "65"},
			{"brand": "MY_BRAND", "productId": "11", "sizeLabel": "M", "waist": "63", "hips": "53", "chest": "68"},
			{"brand": "MY_BRAND", "productId": "11", "sizeLabel": "XL", "waist": "68", "hips": "58", "chest": "73", "useDefaults": "false"}}},
		{name: "state", resource: AssistantState, first: 243, last: 254, rows: []row{{"brand": "MY_BRAND", "productId": "11", "sizeLabel": "S", "available": "true", "variantId": "1234"},
			{"productId": "11", "sizeLabel": "M", "available": "true", "variantId": "5678"}}},
		{name: "state with a profile", resource: AssistantState, first: 256, last: 278, rows: []row{{"brand": "MY_BRAND", "productId": "11", "userId": "1234", "sizeLabel": "S",
			"available": "true", "variantId": "1234", "widgetVersion": "v35.0.3", "seenExperiments": "exp1,exp2", "experimentVariants": "exp1_variant1,exp2_variant2",
			"profile.gender": "male", "profile.height": "180", "profile.weight": "85", "profile.age": "29"},
			{"productId": "11", "userId": "1234", "sizeLabel": "M", "available": "true", "variantId": "5678"}},
			repair: func(text string) string { return strings.Replace(text, "\n...", "", 1) }},
		{name: "question", resource: SizeMe, first: 325, last: 359, rows: []row{{"userId": "user-123", "product.productUrl": "https://shop.example.com/products/example-product",
			"product.productIdentifier": "sku-123", "product.brand": "Nike", "product.productName": "Example Product", "product.sizeLabels": "S|M|L", "profile.gender": "female",
			"profile.height": "180", "profile.weight": "75", "profile.age": "30", "profile.hasMadeOrders": "false", "profile.hasUsedAssistant": "true", "profile.measurements.fit": "2",
			"profile.measurements.waist": "2", "profile.measurements.hips": "2", "profile.measurements.chest": "2", "profile.measurements.footWidth": "2",
			"profile.measurements.braCupSize": "C", "profile.measurements.braBandSize": "75", "profile.measurements.relativeSizingPreference": "2", "experiments.device": "mobile",
			"experiments.experimentVariants": "variant-a", "experiments.seenExperiments": "1,2", "experiments.newDevice": "newDevice"}},
			repair: func(text string) string { return strings.Replace(text, "\"referenceItems\": [],\n", "", 1) }},
	} {
		text := strings.Join(lines[test.first-1:test.last], "\n")
		if test.repair != nil {
			text = test.repair(text)
		}
		var want, got any
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		var bodies []string
		entities := entitiesOf(t, test.resource, test.rows)
		for _, e := range entities {
			var kept struct{ Body json.RawMessage }
			if json.Unmarshal(e.Body, &kept) != nil || kept.Body == nil {
				kept.Body = e.Body
			}
			bodies = append(bodies, string(kept.Body))
		}
		sent := strings.Join(bodies, ",")
		if strings.HasPrefix(text, "[") {
			sent = "[" + sent + "]"
		}
		if err := json.Unmarshal([]byte(sent), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		client, _ := sandboxClient(t, sandbox.Options{})
		if test.resource.Ask == nil {
			if err := upload(client, test.resource, entities...); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
		} else if _, err := test.resource.Ask(context.Background(), client, entities[0]); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// TestAnswersOfTheDocument reads the document's answers.
func TestAnswersOfTheDocument(t *testing.T) {
	lines := document(t)
	example := func(first, last int) []byte {
		// The answers of version 1 lack the colon behind userId.
		return []byte(strings.Replace(strings.Join(lines[first-1:last], "\n"), `"userId" "`, `"userId": "`, 1))
	}
	if messages, listed, err := readErrors(example(76, 82)); err != nil || !listed || len(messages) != 1 {
		t.Errorf("returns: %q, %v, %v", messages, listed, err)
	}
	messages, _, err := readErrors(example(201, 210))
	if err != nil || len(messages) != 2 {
		t.Errorf("sizes: %q, %v", messages, err)
	}
	if number, _ := itemIn(messages[1]); number != 76 {
		t.Errorf("item %d, want 76", number)
	}
	for _, test := range []struct {
		resource    *vendors.Resource
		first, last int
		want        row
	}{
		{AssistantState, 291, 296, row{"state": "hidden", "data.userId": "123-456-789"}},
		{AssistantState, 298, 303, row{"state": "default", "data.userId": "123-456-789"}},
		{AssistantState, 305, 311, row{"state": "result", "data.userId": "123-456-789", "data.result": "M"}},
		{AssistantContext, 381, 384, row{"status": "invalid_input", "message": "product.productUrl or product.productIdentifier is required"}},
		{AssistantContext, 443, 493, row{"status": "resolved", "userId": "user-123", "productContext.shopId": "shop-1", "productContext.brand": "Nike",
			"productContext.productIdentifier": "sku-123", "productContext.productName": "Example Product",
			"productContext.productUrl": "https://shop.example.com/products/example-product", "productContext.virtualTryOnImageUrl": "https://cdn.example.com/image.jpg",
			"widgetConfiguration.locale": "en", "widgetConfiguration.buttonBackgroundColor": "#000000", "widgetConfiguration.virtualTryOn.enabled": "true",
			"capabilities.sizeMe.name": "sizeMe", "capabilities.sizeMe.available": "true", "capabilities.sizeMe.requiredInputs.name": "height",
			"capabilities.sizeMe.requiredInputs.source": "profile", "capabilities.sizeMe.requiredInputs.required": "true", "capabilities.tryOn.name": "tryOn",
			"capabilities.tryOn.available": "true", "capabilities.tryOn.requiredInputs.name": "userPhoto", "capabilities.tryOn.requiredInputs.source": "profile",
			"capabilities.tryOn.requiredInputs.required": "true", "capabilities.tryOn.nextRequiredInputs": "userPhoto"}},
		{SizeMe, 568, 581, row{"status": "resolved", "userId": "user-123", "productContext.shopId": "shop-1", "productContext.brand": "Nike",
			"productContext.productIdentifier": "sku-123", "productContext.productName": "Example Product",
			"productContext.productUrl": "https://shop.example.com/products/example-product", "recommendation.size": "M"}},
		{SizeMe, 594, 611, row{"status": "invalid_input", "message": "Missing required profile inputs for size-me", "userId": "user-123", "productContext.shopId": "shop-1",
			"productContext.brand": "Nike", "productContext.productIdentifier": "sku-123", "requiredInputs.name": "height", "requiredInputs.source": "profile",
			"requiredInputs.required": "true", "nextRequiredInputs": "height"}},
	} {
		rows, err := test.resource.Answer(example(test.first, test.last))
		if diff := cmp.Diff([]row{test.want}, rows); diff != "" || err != nil {
			t.Errorf("%s, line %d: %v (-want +got):\n%s", test.resource.Name, test.first, err, diff)
		}
	}
}
