package sandbox

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors/faslet/vocabulary"
	"bulkload/vendors/schema"
)

// numberValue is a number's value, as near as a float is.
func numberValue(n *node) float64 {
	value, _ := strconv.ParseFloat(n.text, 64)
	return value
}

// state answers POST /assistant/state/{brand}: hidden when no variant is available, result when the profile
// is whole, default otherwise (faslet:289).
func (f *sizing) state(c *call) answer {
	n, err := objectBody(c, "disableTracking")
	if err == nil {
		query, _ := parameters(c, "disableTracking")
		_, err = boolean(query, "disableTracking")
	}
	if err == nil {
		err = object(&n, stateMembers())
	}
	if err != nil {
		return message(http.StatusBadRequest, err.Error())
	}
	variants, _ := n.member("variants")
	var labels []string
	for i := range variants.items {
		if available, _ := variants.items[i].member("available"); available.text == "true" {
			labels = append(labels, variants.items[i].textOf("sizeLabel"))
		}
	}
	profile, _ := n.member("profile")
	shown := vocabulary.Hidden
	data := map[string]string{"userId": shopper(c, &n)}
	switch {
	case len(labels) == 0:
	case len(missingInputs(profile)) > 0:
		shown = vocabulary.Default
	default:
		shown = vocabulary.Result
		data["result"] = chosen(profile, labels)
	}
	return jsonBody(http.StatusOK, map[string]any{"state": shown, "data": data})
}

func stateMembers() []member {
	return []member{
		{name: "productId", required: true, check: someText},
		{name: "variants", required: true, check: listOf(1, objectOf([]member{
			{name: "sizeLabel", required: true, check: someText},
			{name: "available", required: true, check: anyBoolean},
			{name: "variantId", required: true, check: someText},
		}))},
		{name: "productName", check: anyText},
		{name: "productUrl", check: address},
		{name: "productImage", check: address},
		{name: "userId", check: someText},
		{name: "widgetVersion", check: anyText},
		{name: "seenExperiments", check: anyText},
		{name: "experimentVariants", check: anyText},
		{name: "profile", check: objectOf(shopperMembers())},
	}
}

// shopperMembers are the members of a profile that both versions have.
func shopperMembers() []member {
	return []member{
		{name: "gender", check: oneOf(vocabulary.ShopperGenders)},
		{name: "height", check: positive},
		{name: "weight", check: positive},
		{name: "age", check: positive},
	}
}

// sizeInputs are what is needed of a profile for a size.
var sizeInputs = []string{"gender", "height", "weight", "age"}

// missingInputs lists those that a profile, nil when there is none, lacks.
func missingInputs(profile *node) []string {
	missing := make([]string, 0, len(sizeInputs))
	for _, name := range sizeInputs {
		if profile == nil {
			missing = append(missing, name)
		} else if _, ok := profile.member(name); !ok {
			missing = append(missing, name)
		}
	}
	return missing
}

// shopper is the user of a request, or one that is made for it, the same for the same request.
func shopper(c *call, n *node) string {
	if user := n.textOf("userId"); user != "" {
		return user
	}
	sum := sha256.Sum256(c.body)
	return "sandbox-" + hex.EncodeToString(sum[:8])
}

// chosen is one of the labels, the same for the same profile, however it is written.
func chosen(profile *node, labels []string) string {
	sum := sha256.Sum256([]byte(facts(profile)))
	return labels[binary.BigEndian.Uint64(sum[:8])%uint64(len(labels))]
}

// facts writes a value without blanks, and its members in order.
func facts(n *node) string {
	parts := make([]string, len(n.items))
	for i := range n.items {
		parts[i] = facts(&n.items[i])
		if n.kind == jsonObject {
			parts[i] = strconv.Quote(n.names[i]) + ":" + parts[i]
		}
	}
	switch n.kind {
	case jsonObject:
		slices.Sort(parts)
		return "{" + strings.Join(parts, ",") + "}"
	case jsonList:
		return "[" + strings.Join(parts, ",") + "]"
	case jsonNumber:
		return fmt.Sprint(numberValue(n))
	}
	return strconv.Quote(n.text)
}

// assistantRefusal is a failure of version 2 (faslet:380).
func assistantRefusal(status int, code, text string) answer {
	a := jsonBody(status, map[string]string{"status": code, "message": text})
	a.message = text
	return a
}

// asked is a question of version 2, checked.
type asked struct {
	user    string
	profile *node // nil: there is none
	labels  []string
	context productContext
	seen    []string // experiments
	active  []string // variants of experiments
}

// productContext is the vendor's view of a product (faslet:498).
type productContext struct {
	ShopID               string `json:"shopId"`
	Brand                string `json:"brand,omitempty"`
	ProductIdentifier    string `json:"productIdentifier,omitempty"`
	ProductName          string `json:"productName,omitempty"`
	ProductURL           string `json:"productUrl,omitempty"`
	VirtualTryOnImageURL string `json:"virtualTryOnImageUrl,omitempty"`
}

// question reads a question of version 2, or says how it is refused.
func (f *sizing) question(c *call) (q asked, refusal *answer) {
	n, err := objectBody(c)
	if err == nil {
		err = object(&n, questionMembers())
	}
	if err != nil {
		return q, new(assistantRefusal(http.StatusBadRequest, vocabulary.InvalidInput, err.Error()))
	}
	product, _ := n.member("product")
	q.context = productContext{ShopID: strings.TrimSpace(c.header.Get(vocabulary.ShopHeader)), Brand: product.textOf("brand"),
		ProductIdentifier: product.textOf("productIdentifier"), ProductName: product.textOf("productName"), ProductURL: product.textOf("productUrl")}
	if q.context.ProductURL == "" && q.context.ProductIdentifier == "" {
		return q, new(assistantRefusal(http.StatusBadRequest, vocabulary.InvalidInput, "product.productUrl or product.productIdentifier is required"))
	}
	if strings.HasSuffix(hostOf(q.context.ProductURL), ".invalid") {
		return q, new(assistantRefusal(http.StatusNotFound, "product_not_found", "there is no product at "+q.context.ProductURL))
	}
	q.user = shopper(c, &n)
	q.profile, _ = n.member("profile")
	if experiments, ok := n.member("experiments"); ok {
		q.seen, q.active = listed(experiments.textOf("seenExperiments")), listed(experiments.textOf("experimentVariants"))
	}
	q.labels, err = f.labels(product)
	if err != nil {
		return q, new(internal(err))
	}
	return q, nil
}

// listed takes a list of names apart that commas separate.
func listed(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

func questionMembers() []member {
	profile := append(shopperMembers(), []member{
		{name: "hasMadeOrders", check: anyBoolean},
		{name: "hasUsedAssistant", check: anyBoolean},
		{name: "referenceItems", check: listOf(0, objectOf([]member{
			{name: "brand", check: anyText}, {name: "model", check: anyText}, {name: "size", check: anyText}, {name: "gender", check: anyText},
		}))},
		{name: "measurements", check: objectOf(scaleMembers())},
	}...)
	return []member{
		{name: "userId", check: someText},
		{name: "product", required: true, check: objectOf([]member{
			{name: "productUrl", check: address},
			{name: "productIdentifier", check: someText},
			{name: "brand", check: anyText},
			{name: "productName", check: anyText},
			{name: "sizeLabels", check: listOf(0, someText)},
		})},
		{name: "profile", check: objectOf(profile)},
		{name: "experiments", check: objectOf([]member{
			{name: "device", check: oneOf(vocabulary.Devices)},
			{name: "experimentVariants", check: anyText},
			{name: "seenExperiments", check: anyText},
			{name: "newDevice", check: oneOf(vocabulary.NewDevices)},
		})},
	}
}

func scaleMembers() []member {
	members := []member{
		{name: "braCupSize", check: anyText},
		{name: "braBandSize", check: positive},
		{name: "relativeSizingPreference", check: digitsOf(vocabulary.RelativeSizes)},
	}
	for _, name := range vocabulary.Scales {
		members = append(members, member{name: name, check: digitsOf(vocabulary.ScaleValues)})
	}
	return members
}

// digitsOf wants a number that is written as one of a list's.
func digitsOf(values []string) check {
	return func(n *node) error {
		if err := kind(n, jsonNumber); err != nil {
			return err
		}
		if !slices.Contains(values, n.text) {
			return misfitf("%s is not one of %s", n.text, strings.Join(values, ", "))
		}
		return nil
	}
}

// labels are those of the request, else those of the size chart that was stored for the product, else S, M
// and L.
func (f *sizing) labels(product *node) ([]string, error) {
	var labels []string
	if sent, ok := product.member("sizeLabels"); ok {
		for i := range sent.items {
			labels = append(labels, sent.items[i].text)
		}
	}
	if len(labels) > 0 {
		return labels, nil
	}
	entity, ok, err := f.stores["size-specs"].get(schema.JoinItems([]string{product.textOf("brand"), product.textOf("productIdentifier")}))
	if err != nil || !ok {
		return []string{"S", "M", "L"}, err
	}
	chart, err := parseJSON(entity.body)
	if err != nil {
		return nil, fmt.Errorf("a stored size chart cannot be read: %w", err)
	}
	sizes, _ := chart.member("sizeChartSpecifications")
	for i := range sizes.items {
		labels = append(labels, sizes.items[i].textOf("sizeLabel"))
	}
	return labels, nil
}

// fits reports whether a size can be recommended: there must be more than one.
func (q *asked) fits() bool { return len(q.labels) > 1 }

// input is an AssistantInputRequirement (faslet:522).
type input struct {
	Name     string `json:"name"`
	Source   string `json:"source"`
	Required bool   `json:"required"`
}

func inputsOf(source string, names ...string) []input {
	inputs := make([]input, len(names))
	for i, name := range names {
		inputs[i] = input{name, source, true}
	}
	return inputs
}

// capability is what the assistant can do (faslet:511).
type capability struct {
	Name      string   `json:"name"`
	Available bool     `json:"available"`
	Required  []input  `json:"requiredInputs"`
	Next      []string `json:"nextRequiredInputs"`
	Reason    string   `json:"reason,omitempty"`
}

const unavailableReason = "Size Me unavailable for this product"

// context answers POST /assistant/context. A product that is known by its number has an image.
func (f *sizing) context(c *call) answer {
	q, refusal := f.question(c)
	if refusal != nil {
		return *refusal
	}
	sizeMe := capability{Name: "sizeMe", Available: q.fits(), Required: inputsOf("profile", sizeInputs...), Next: missingInputs(q.profile)}
	if !sizeMe.Available {
		sizeMe.Reason = unavailableReason
	}
	tryOn := capability{Name: "tryOn", Available: true, Required: inputsOf("profile", "userPhoto"), Next: []string{"userPhoto"}}
	if q.context.ProductIdentifier != "" {
		q.context.VirtualTryOnImageURL = "https://cdn.example.com/image.jpg"
	} else {
		tryOn.Required, tryOn.Next = append(tryOn.Required, inputsOf("product", "productImage")...), append(tryOn.Next, "productImage")
	}
	return jsonBody(http.StatusOK, map[string]any{
		"status": vocabulary.Resolved, "userId": q.user, "productContext": q.context,
		"widgetConfiguration": map[string]any{"locale": "en", "buttonBackgroundColor": "#000000", "virtualTryOn": map[string]bool{"enabled": true}},
		"capabilities":        map[string]capability{"sizeMe": sizeMe, "tryOn": tryOn},
		"experiments":         map[string][]string{"activeVariants": notNil(q.active), "seenExperiments": notNil(q.seen)},
	})
}

// notNil is a list that is written as one also when it is empty.
func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// sizeMe answers POST /assistant/size-me. What status of HTTP a failure has, the document says only of
// invalid_input; that a product has no sizes is answered 200.
func (f *sizing) sizeMe(c *call) answer {
	q, refusal := f.question(c)
	if refusal != nil {
		return *refusal
	}
	body := map[string]any{"status": vocabulary.Resolved, "userId": q.user, "productContext": q.context}
	missing := missingInputs(q.profile)
	switch {
	case !q.fits():
		body["status"], body["message"] = vocabulary.Unavailable, unavailableReason
		return jsonBody(http.StatusOK, body)
	case len(missing) > 0:
		body["status"], body["message"] = vocabulary.InvalidInput, "Missing required profile inputs for size-me"
		body["requiredInputs"], body["nextRequiredInputs"] = inputsOf("profile", sizeInputs...), missing
		a := jsonBody(http.StatusBadRequest, body)
		a.message = "Missing required profile inputs for size-me"
		return a
	}
	body["recommendation"] = map[string]string{"size": chosen(q.profile, q.labels)}
	return jsonBody(http.StatusOK, body)
}
