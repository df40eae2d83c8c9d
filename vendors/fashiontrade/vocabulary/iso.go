package vocabulary

import "strings"

// Countries are the 249 officially assigned codes of ISO 3166-1 alpha-2, as iso3166.tab of the time zone
// database has them too. UK, EU, EL and XK are reserved or for private use, and not among them.
var Countries = strings.Fields(`
	AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
	CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
	FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
	JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
	MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
	PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
	TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW`)

// Currencies are the current codes of ISO 4217, list one of its maintenance agency (SIX), as of January
// 2026: the Bulgarian lev is gone, the Caribbean guilder (XCG), Zimbabwe Gold (ZWG) and the Arab
// accounting dinar (XAD) are in.
var Currencies = strings.Fields(`
	AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
	CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD
	HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD
	MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN
	PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD
	TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XAG XAU XBA XBB XBC XBD XCD XCG XDR XOF XPD
	XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWG`)

// MinorDigits returns how many decimal digits the amounts of a currency have by ISO 4217: 2 for most.
// ok is false for codes that are no money, such as gold, for which the standard names none.
func MinorDigits(currency string) (digits int, ok bool) {
	in := func(list string) bool { return strings.Contains(list, currency) }
	switch {
	case len(currency) != 3 || in("XAD XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX"):
		return 0, false
	case in("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"):
		return 0, true
	case in("BHD IQD JOD KWD LYD OMR TND"):
		return 3, true
	case in("CLF UYW"):
		return 4, true
	}
	return 2, true
}

// The types of a date range.
const (
	OpenEndedDateRange = "OpenEndedDateRange"
	ClosedDateRange    = "ClosedDateRange"
)

// DateRangeTypes lists the types of a date range.
var DateRangeTypes = []string{OpenEndedDateRange, ClosedDateRange}
