package faire

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"bulkload/vendors"
	"bulkload/vendors/faire/vocabulary"
	"bulkload/vendors/schema"
)

// The rules of one value of a field.
var (
	idShape = &schema.Rule{ID: "id.shape", Clause: clause(169),
		Sentence: "Faire's own ids begin with what they name: p_ for a product, po_ for a variant, tt_ for a taxonomy type"}
	numberRange = &schema.Rule{ID: "number.range", Clause: clause(177),
		Sentence: "a case size is at least 1, and no number of units is below 0 or above 2147483647"}
	tariffShape = &schema.Rule{ID: "tariff_code.hs6", Clause: clause(883),
		Sentence: "a tariff code is the first six digits of the harmonised system, kept as text"}
	dateShape = &schema.Rule{ID: "date.shape", Clause: clause(188),
		Sentence: "a day is written year, month, day: 2026-09-01"}
	timeShape = &schema.Rule{ID: "time.shape", Clause: clause(889),
		Sentence: "a time is written with its zone: 2026-09-01T00:00:00Z or 2026-09-01T00:00:00+02:00"}
)

// The rules of several fields or rows.
var (
	incomplete = &schema.Rule{ID: "product.incomplete", Clause: clause(2053),
		Sentence: "a product that is not a draft needs a name, a case size and a minimum order"}
	minimumMultiple = &schema.Rule{ID: "minimum_order.multiple", Clause: clause(401),
		Sentence: "the minimum order is a multiple of the case size"}
	perStyleAlone = &schema.Rule{ID: "per_style.exclusive", Clause: clause(403),
		Sentence: "with a minimum for each style, the case size is 1 and the minimum order 0"}
	perStyleSize = &schema.Rule{ID: "per_style.size", Clause: clause(403),
		Sentence: "only a product with an option named Size, letter for letter, can have a minimum for each style"}
	perStyleFilled = &schema.Rule{ID: "per_style.filled", Clause: clause(403), Severity: schema.Repair,
		Sentence: "with a minimum for each style, a case size that was empty is sent as 1, and a minimum order as 0"}
	optionMissing = &schema.Rule{ID: "option.missing", Clause: clause(735),
		Sentence: "each variant has one value for every option of its product"}
	optionUnlisted = &schema.Rule{ID: "option.unlisted", Clause: clause(814),
		Sentence: "a variant's options are those in option_names, and their values those in option_values, where these are given"}
	optionAlike = &schema.Rule{ID: "option.alike", Clause: clause(67),
		Sentence: "two values of one option must not mean the same: s and S are one size"}
	variantTwice = &schema.Rule{ID: "variant.twice", Clause: clause(69),
		Sentence: "the options tell the variants of a product apart; without options, their SKUs or ids do"}
	skuTwice = &schema.Rule{ID: "sku.twice", Clause: clause(806),
		Sentence: "two variants must not share a SKU"}
	pricesMissing = &schema.Rule{ID: "prices.missing", Clause: clause(886),
		Sentence: "a variant that is not a draft needs a price, such as price.USA.wholesale with price.USA.retail"}
	priceHalf = &schema.Rule{ID: "price.half", Clause: clause(1267),
		Sentence: "a price has both a wholesale and a retail amount, where Faire does not have one of them yet"}
	priceGeo = &schema.Rule{ID: "price.geo", Clause: clause(1286),
		Sentence: "a price is for a country, as a code of three capital letters such as USA, or for a country group in Faire's words"}
	priceWhole = &schema.Rule{ID: "price.whole", Clause: clause(1290),
		Sentence: "an amount is not below zero, and has no more decimals than its currency: two in USD, none in JPY, none where price_unit says cents"}
	priceDigits = &schema.Rule{ID: "price.digits", Clause: clause(1290),
		Sentence: "an amount has at most 15 digits in the smallest unit of its currency"}
	priceBelow = &schema.Rule{ID: "price.below-wholesale", Clause: clause(1292), Severity: schema.Warning,
		Sentence: "the retail price is below the wholesale price, so the two may be swapped"}
	imageMissing = &schema.Rule{ID: "image.missing", Clause: clause(2057),
		Sentence: "what is published needs an image: a product one of its own or of a variant, a variant one of its own or of its product"}
	imageOwn = &schema.Rule{ID: "image.own", Clause: clause(2057), Severity: schema.Warning,
		Sentence: "a published variant should have an image of its own"}
	imageTags = &schema.Rule{ID: "image.url", Clause: clause(2023),
		Sentence: "what is said of an image needs the image's web address"}
	preorderDetails = &schema.Rule{ID: "preorder.details", Clause: clause(186),
		Sentence: "the dates of a preorder are given exactly when preorderable is true"}
	preorderOrder = &schema.Rule{ID: "preorder.order", Clause: clause(188),
		Sentence: "a preorder is ordered by a day before its shipping begins, and that begins before it ends"}
)

// The rules against what Faire has.
var (
	stateDraft = &schema.Rule{ID: "lifecycle_state.draft", Clause: clause(399), Severity: schema.Repair,
		Sentence: "a new product without a lifecycle_state is made as DRAFT, which retailers do not see"}
	stateBack = &schema.Rule{ID: "lifecycle_state.back", Clause: clause(2081),
		Sentence: "what was published cannot become a draft again; UNPUBLISHED hides it"}
	stateVariants = &schema.Rule{ID: "lifecycle_state.variants", Clause: clause(2116),
		Sentence: "a published product has a published variant"}
	idUnknown = &schema.Rule{ID: "id.unknown", Clause: clause(169), Severity: schema.Warning,
		Sentence: "the account has no product of this id, so it is looked for by its SKUs and its key, and made when it is not there"}
	idUnasked = &schema.Rule{ID: "id.unasked", Clause: clause(169),
		Sentence: "a product with an id can only be changed after what Faire has was read: leave --compare none away"}
	variantUnknown = &schema.Rule{ID: "variant_id.unknown", Clause: clause(547),
		Sentence: "the product has no variant of this id"}
	variantSame = &schema.Rule{ID: "variant.same", Clause: clause(547),
		Sentence: "two rows are the same variant at Faire"}
	skuTaken = &schema.Rule{ID: "sku.taken", Clause: clause(806),
		Sentence: "another product or variant of the account has this SKU"}
	optionNames = &schema.Rule{ID: "option.names", Clause: clause(552),
		Sentence: "the names of a product's options cannot change: delete the product, and make it anew"}
	optionChanged = &schema.Rule{ID: "option.changed", Clause: clause(956),
		Sentence: "the options of a variant cannot change: delete the variant, and make it anew"}
	optionMiddle = &schema.Rule{ID: "option.middle", Clause: clause(656), Severity: schema.Warning,
		Sentence: "a new size is put between others, which Faire refuses for a product that is sold in prepacks"}
	perStyleFixed = &schema.Rule{ID: "per_style.fixed", Clause: clause(178),
		Sentence: "the minimum for each style cannot change once the product is made"}
	priceCurrency = &schema.Rule{ID: "price.currency", Clause: clause(1291),
		Sentence: "a price needs a currency: a column such as price.USA.currency, or the setting currency of the account"}
	taxonomyUnknown = &schema.Rule{ID: "taxonomy.unknown", Clause: clause(712),
		Sentence: "the taxonomy type is one of Faire's list, by its id or its name"}
	stockKept = &schema.Rule{ID: "available_quantity.kept", Clause: clause(810), Severity: schema.Warning,
		Sentence: "the stock of a variant that Faire has is changed by loading faire/inventory, not with its product"}
)

// productRules lists the rules that Encode applies.
var productRules = []*schema.Rule{incomplete, minimumMultiple, perStyleAlone, perStyleSize, perStyleFilled, optionMissing,
	optionUnlisted, optionAlike, variantTwice, skuTwice, pricesMissing, priceHalf, priceGeo, priceWhole, priceDigits,
	priceBelow, imageMissing, imageOwn, imageTags, preorderDetails, preorderOrder}

// productAgainst lists the rules that Amend applies besides.
var productAgainst = []*schema.Rule{stateDraft, stateBack, stateVariants, idUnknown, idUnasked, variantUnknown, variantSame, skuTaken,
	optionNames, optionChanged, optionMiddle, perStyleFixed, priceCurrency, taxonomyUnknown, stockKept}

// idCheck demands the beginning that the ids of a kind have.
func idCheck(prefix string) []schema.Check {
	return []schema.Check{{Rule: idShape,
		OK: func(value []byte) bool { return len(value) > len(prefix) && bytes.HasPrefix(value, []byte(prefix)) },
		Explain: func(value string) (string, string) {
			return strconv.Quote(value) + " does not begin with " + prefix + ", as Faire's ids of this kind do", ""
		}}}
}

// mostUnits is the greatest number of units that is sent. The document has no limit; this one is that of most systems.
const mostUnits = 1<<31 - 1

// atLeast demands a whole number from least.
func atLeast(least int64) []schema.Check {
	return []schema.Check{{Rule: numberRange,
		OK: func(value []byte) bool {
			n, err := strconv.ParseInt(string(value), 10, 64)
			return err == nil && n >= least && n <= mostUnits
		},
		Explain: func(value string) (string, string) {
			return value + " is not between " + strconv.FormatInt(least, 10) + " and " + strconv.Itoa(mostUnits), ""
		}}}
}

var tariffChecks = []schema.Check{{Rule: tariffShape,
	OK: func(value []byte) bool { return len(value) == 6 && digitsOnly(value) }, Explain: explainTariff}}

func digitsOnly(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) > 0
}

// explainTariff knows codes with points, national codes that go on behind six digits, and those whose first
// zero a spreadsheet has taken.
func explainTariff(value string) (message, suggestion string) {
	digits := strings.NewReplacer(".", "", " ", "", "-", "").Replace(value)
	switch {
	case !digitsOnly([]byte(digits)):
		return "", ""
	case len(digits) == 5:
		return "five digits: a spreadsheet may have taken the zero before them; format the column as text", "0" + digits
	case len(digits) == 6:
		return "", digits
	case len(digits) == 8 || len(digits) == 10:
		return "a national code; Faire takes its first six digits", digits[:6]
	}
	return "", ""
}

var dateChecks = []schema.Check{{Rule: dateShape,
	OK: func(value []byte) bool {
		_, err := time.Parse(time.DateOnly, string(value))
		return err == nil
	},
	Explain: func(value string) (string, string) {
		if at, ok := readTime(value); ok {
			return "", at.Format(time.DateOnly)
		}
		return "", ""
	}}}

var timeChecks = []schema.Check{{Rule: timeShape,
	OK: func(value []byte) bool {
		_, ok := readTime(string(value))
		return ok
	},
	Explain: func(value string) (string, string) {
		for _, form := range []string{time.DateOnly, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
			if at, err := time.Parse(form, value); err == nil {
				return "the zone is missing", at.Format(time.RFC3339)
			}
		}
		return "", ""
	}}}

// timeForms are how times are written: the extended form of ISO 8601 that version 2 has, and the basic one that a
// sample still shows (faire:56).
var timeForms = [...]string{time.RFC3339Nano, "20060102T150405.999Z0700", "20060102T150405Z0700"}

// readTime reads a time with its zone.
func readTime(text string) (time.Time, bool) {
	for _, form := range timeForms {
		if at, err := time.Parse(form, text); err == nil && at.Year() > 0 && at.Year() < 10_000 {
			return at, true
		}
	}
	return time.Time{}, false
}

// timeText writes a time as Faire does, in UTC with milliseconds; what is no time stays as it is.
func timeText(text string) string {
	at, ok := readTime(text)
	if !ok {
		return text
	}
	if at = at.UTC(); at.Year() < 1 || at.Year() > 9999 {
		return text
	}
	return at.Format("2006-01-02T15:04:05.000Z")
}

// sentTime writes a time as version 2 takes it (faire:55): what is in that form already stays as it was given.
func sentTime(text string) string {
	if vendors.IsInstant([]byte(text)) {
		return text
	}
	return timeText(text)
}

// needsAll reports whether Faire validates what is in this state (faire:2062).
func needsAll(state string) bool {
	return state == vocabulary.Published || state == vocabulary.Unpublished
}
