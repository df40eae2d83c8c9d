// Package vocabulary holds the words of Fashion.AI's document that its description and its stand-in share.
package vocabulary

// The document's endpoint, and the header that carries the account's token (fashion-ai:5, 9).
const (
	BaseURL     = "https://catalog.api.fashionaiale.com/api/v1/products/protected/recommendation"
	TokenHeader = "X-FashionAI-APP-Token"
)

// The types of events, letter for letter (fashion-ai:27, 48). There are no others.
const (
	CategoryView = "categoryView"
	ShopTheLook  = "shopTheLook"
)
