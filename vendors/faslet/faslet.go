// Package faslet describes Faslet's API: returns, orders and size specifications go in, and its
// assistants are asked for sizes.
package faslet

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/faslet/vocabulary"
)

// Vendor is Faslet.
var Vendor = &vendors.Vendor{
	Name:      "faslet",
	Title:     "Faslet",
	Doc:       "size recommendation for online shops",
	BaseURL:   vocabulary.BaseURL,
	Resources: []*vendors.Resource{Returns, Orders, SizeSpecs, AssistantState, AssistantContext, SizeMe},
	Authorize: authorize,
	Connect:   connect,
	Probe:     probe,
	Explain:   explain,
	Settings: []vendors.Setting{
		{Name: shopSetting, Required: true, Doc: "the Faslet Shop ID, as the Faslet Partner Portal shows it"},
	},
}

// shopSetting is the account's setting of the shop.
const shopSetting = "shop_id"

// connect makes the shop's ID the state of the account. An account always has one, since the setting is
// required; without it, it is that of the stand-in, which takes any.
func connect(account *vendors.Account) (any, error) {
	shop, ok := account.Settings[shopSetting]
	if !ok {
		return "sandbox-shop", nil
	}
	if shop = strings.TrimSpace(shop); shop == "" {
		return nil, errors.New("the setting " + shopSetting + " is blank: it must be the Faslet Shop ID")
	}
	return shop, nil
}

// authorize sends the account's token and shop (faslet:11).
func authorize(r *http.Request, account *vendors.Account) error {
	if account.Token.Empty() {
		return errors.New("the account has no token, and Faslet needs one")
	}
	shop, ok := account.State.(string)
	if !ok {
		return errors.New("the account has no " + shopSetting + ", and Faslet needs the shop's ID with each request")
	}
	r.Header.Set("Authorization", "Bearer "+account.Token.Reveal())
	r.Header.Set(vocabulary.ShopHeader, shop)
	return nil
}

// probe asks for the context of no product at all: the vendor has nothing that is only read, but this
// changes nothing, and is answered with the words of the document when the credentials are taken (faslet:380).
func probe(ctx context.Context, client *vendors.Client) error {
	response, err := client.Do(ctx, vendors.Request{Method: http.MethodPost, Path: contextPath, Header: headers(), Body: []byte(`{"product":{}}`),
		JSON: true, Answers: []int{http.StatusBadRequest}})
	if err != nil {
		return err
	}
	if answer, ok := readStatus(response.Body); ok && (answer.Status == vocabulary.InvalidInput || answer.Status == vocabulary.Resolved) {
		return nil
	}
	return refusalOf(client, response)
}

// explain says what a refusal of the account means.
func explain(_ vendors.Request, answer *vendors.APIError) string {
	if answer.Unauthorised() {
		return "the Faslet Partner Portal has the token, and the Shop ID that the account's " + shopSetting + " must be; the API is open to certain tiers only"
	}
	return ""
}

// headers are those of every request with a body (faslet:15).
func headers() http.Header {
	return http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}}
}

// clause names a line of the vendor's document.
func clause(line int) string { return "faslet:" + strconv.Itoa(line) }

// segment writes a name as a part of a path. One of dots only would be taken for a folder, so its dots
// are escaped too.
func segment(name string) string {
	if name == "." || name == ".." {
		return strings.ReplaceAll(name, ".", "%2E")
	}
	return url.PathEscape(name)
}

// refusalOf makes a refusal of an answer that was taken for one to a question, and is none.
func refusalOf(client *vendors.Client, response *vendors.Response) error {
	messages, _, err := readErrors(response.Body)
	message := strings.Join(messages, "; ")
	answer, _ := readStatus(response.Body)
	message = cmp.Or(answer.Message, message, strings.TrimSpace(answer.Status))
	if err != nil || message == "" {
		message = "the answer is not the vendor's"
	}
	return &vendors.APIError{Status: response.Status, Message: shortened(client.Redact(message))}
}

// shortened takes line ends out of the vendor's words, and cuts them to 500 characters.
func shortened(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > 500 {
		return string(runes[:499]) + "…"
	}
	return text
}
