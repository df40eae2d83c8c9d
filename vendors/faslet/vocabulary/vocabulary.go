// Package vocabulary holds the words of Faslet's document, letter for letter, for its resources and
// for the stand-in that is written from the same document.
package vocabulary

// BaseURL is the address of production (faslet:6).
const BaseURL = "https://api.faslet.net/public"

// ShopHeader names the shop of every request (faslet:11).
const ShopHeader = "faslet-shopid"

// ReturnReasons are the reasons of a return in the order of their values, which are "1" to "9" (faslet:50).
var ReturnReasons = []string{"Too big", "Too small", "Product is damaged", "Product isn’t as expected", "Wrong article/ size",
	"Color isn’t as expected", "Quality isn’t as expected", "Other reason", "Multiple sizes ordered"}

// ProductGenders are those of a product (faslet:138), ShopperGenders those of a shopper (faslet:389).
var (
	ProductGenders = []string{"male", "female", "unisex"}
	ShopperGenders = []string{"male", "female"}
)

// Measurements are the least measurements of a size (faslet:146).
var Measurements = []string{"waist", "hips", "chest", "innerLeg", "length", "sleeve", "thigh", "shoulder"}

// Stretched are the measurements of a size that have a greatest one too, which is named with
// StretchedSuffix (faslet:154).
var Stretched = []string{"waist", "hips", "chest"}

// StretchedSuffix ends the name of a greatest measurement.
const StretchedSuffix = "Stretched"

// Scales are the members of profile.measurements that are scales, not measurements (faslet:409), and
// ScaleValues what they take (faslet:406).
var (
	Scales      = []string{"fit", "waist", "hips", "chest", "footWidth"}
	ScaleValues = []string{"1", "2", "3"}
)

// RelativeSizes are what relativeSizingPreference takes (faslet:416).
var RelativeSizes = []string{"-2", "-1", "0", "1", "2"}

// Devices and NewDevices are kinds of devices (faslet:425, faslet:428).
var (
	Devices    = []string{"all", "mobile", "desktopTablet"}
	NewDevices = []string{"all", "newDevice", "returningDevice"}
)

// The states of the assistant (faslet:287).
const (
	Hidden  = "hidden"
	Default = "default"
	Result  = "result"
)

// The statuses of version 2 that the document names; there may be others (faslet:497, faslet:623, faslet:629).
const (
	Resolved     = "resolved"
	InvalidInput = "invalid_input"
	Unavailable  = "unavailable"
)

// WidgetKeys are the members of a widget's configuration whose values are single ones (faslet:510).
// Beside them it has localizationOverrides and virtualTryOn, which are objects.
var WidgetKeys = []string{"locale", "buttonBackgroundColor", "buttonHeight", "buttonFillParent", "buttonAlignmentInParent",
	"buttonContentAlignment", "fontColor", "bodyFontColor", "headerFontColor", "secondaryFontColor", "borderRadius", "popupBorderRadius",
	"disableIcon", "customIcon", "disableBorder", "disableUiShadows", "disableBackgroundBlur", "headerImage"}
