// Package vocabulary holds the words of Fit Analytics's document that its description and its stand-in
// share: addresses, lists of values, codes. Line numbers are those of fit-analytics.txt.
package vocabulary

import "strings"

// BaseURL is the address of the API. The document names no host for its paths; it is taken from the
// audience of its tokens (fit-analytics:30), to which its paths add the version.
const BaseURL = "https://widget.fitanalytics.com/api/v1"

// Audience is the one of the document's examples (fit-analytics:30).
const Audience = "https://widget.fitanalytics.com/api"

// Algorithm signs every token (fit-analytics:28).
const Algorithm = "RS256"

// Genders are those of garments, and so of profiles: men, women, boys, girls (fit-analytics:863).
var Genders = []string{"m", "w", "b", "g"}

// DisplayUnits are how the Fit Finder shows heights and weights (fit-analytics:146).
var DisplayUnits = []string{"metric", "imperial"}

// Platforms are where a purchase may have been made (fit-analytics:904).
var Platforms = []string{"app-ios", "app-android", "website"}

// MissingPrefix begins the codes with which a recommendation tells what it lacks: rec_no_height,
// rec_no_weight, rec_no_ref_item (fit-analytics:279).
const MissingPrefix = "rec_no_"

// The codes of errors that the document names.
const (
	RequiredAttribute = "required_attribute" // fit-analytics:913
	NoHeight          = "rec_no_height"
	NoWeight          = "rec_no_weight"
	NoReference       = "rec_no_ref_item"
)

// Countries are the 249 officially assigned codes of ISO 3166-1 alpha-2.
var Countries = strings.Fields(`
	AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
	CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
	FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
	JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
	MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
	PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
	TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW`)

// Languages are the 183 codes of ISO 639-1.
var Languages = strings.Fields(`
	aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en
	eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja
	jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb
	nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq
	sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu`)

// Currencies are the codes of ISO 4217 in which people pay, as of January 2026.
var Currencies = strings.Fields(`
	AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY
	COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR
	ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK
	MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF
	SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU
	UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG`)

// FormerCurrencies are the codes that were given up from 2011 to 2026. What was bought before was paid in them, and the
// document asks for the currency of the purchase (fit-analytics:901).
var FormerCurrencies = strings.Fields(`ANG BGN BYR CUC EEK HRK LTL LVL MRO SLL STD VEF ZMK ZWL`)
