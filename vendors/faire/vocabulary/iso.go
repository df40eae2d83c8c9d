package vocabulary

import "strings"

// countryPairs are the officially assigned codes of ISO 3166-1, alpha-2 and alpha-3 together.
const countryPairs = `
	ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA AZAZE BABIH BBBRB BDBGD
	BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES BRBRA BSBHS BTBTN BVBVT BWBWA BYBLR BZBLZ CACAN
	CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK CLCHL CMCMR CNCHN COCOL CRCRI CUCUB CVCPV CWCUW CXCXR CYCYP CZCZE DEDEU
	DJDJI DKDNK DMDMA DODOM DZDZA ECECU EEEST EGEGY EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK FMFSM FOFRO FRFRA GAGAB
	GBGBR GDGRD GEGEO GFGUF GGGGY GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS GTGTM GUGUM GWGNB GYGUY HKHKG
	HMHMD HNHND HRHRV HTHTI HUHUN IDIDN IEIRL ILISR IMIMN ININD IOIOT IQIRQ IRIRN ISISL ITITA JEJEY JMJAM JOJOR JPJPN
	KEKEN KGKGZ KHKHM KIKIR KMCOM KNKNA KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA LILIE LKLKA LRLBR LSLSO LTLTU
	LULUX LVLVA LYLBY MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ MRMRT MSMSR
	MTMLT MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM NCNCL NENER NFNFK NGNGA NINIC NLNLD NONOR NPNPL NRNRU NUNIU NZNZL
	OMOMN PAPAN PEPER PFPYF PGPNG PHPHL PKPAK PLPOL PMSPM PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT REREU ROROU RSSRB
	RURUS RWRWA SASAU SBSLB SCSYC SDSDN SESWE SGSGP SHSHN SISVN SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM SRSUR SSSSD STSTP
	SVSLV SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF TGTGO THTHA TJTJK TKTKL TLTLS TMTKM TNTUN TOTON TRTUR TTTTO TVTUV TWTWN
	TZTZA UAUKR UGUGA UMUMI USUSA UYURY UZUZB VAVAT VCVCT VEVEN VGVGB VIVIR VNVNM VUVUT WFWLF WSWSM YEYEM YTMYT ZAZAF
	ZMZMB ZWZWE`

// Country returns the alpha-3 code of ISO 3166-1 (faire:1286) for a code of two or three letters in capitals: "USA"
// for "US" and for "USA". ok is false when it is not officially assigned: UK, EU and XKX are not. What a feed writes
// as alpha-2 is no right value, but Country is how the right one is found to be suggested.
func Country(code string) (alpha3 string, ok bool) {
	ahead := len(code)*2 - 4 // letters of a pair that stand before an alpha-3 code, none before an alpha-2
	if len(code) != 2 && len(code) != 3 {
		return "", false
	}
	for from := 0; ; {
		at := strings.Index(countryPairs[from:], code)
		if at < 0 {
			return "", false
		}
		from += at + 1
		pair := from - 1 - ahead
		if pair > 0 && countryPairs[pair-1] <= ' ' && countryPairs[pair] > ' ' {
			return countryPairs[pair+2 : pair+5], true
		}
	}
}

// Countries returns the 249 alpha-3 codes of ISO 3166-1, in the order of their alpha-2 codes.
func Countries() []string {
	pairs := strings.Fields(countryPairs)
	for i, pair := range pairs {
		pairs[i] = pair[2:]
	}
	return pairs
}

// The current codes of ISO 4217 that are money, by how many decimal digits their amounts have. x/text is not asked
// for them, because it has the digits that are in everyday use (none for the Colombian peso), and amounts go to
// Faire in "the smallest unit of the applicable currency" (faire:1290).
const (
	wholeCurrencies = `BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF`
	centCurrencies  = `
	AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
	COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
	INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
	MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
	STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG`
	milCurrencies      = `BHD IQD JOD KWD LYD OMR TND`
	tenthMilCurrencies = `CLF UYW`
)

// MinorDigits returns how many decimal digits the amounts of a currency have by ISO 4217: 2 for USD, 0 for JPY, 3 for
// KWD. ok is false for what is not a current code of money, letter for letter.
func MinorDigits(currency string) (digits int, ok bool) {
	for _, list := range []struct {
		digits int
		codes  string
	}{{2, centCurrencies}, {0, wholeCurrencies}, {3, milCurrencies}, {4, tenthMilCurrencies}} {
		if len(currency) == 3 && !strings.ContainsAny(currency, " \t\n") && strings.Contains(list.codes, currency) {
			return list.digits, true
		}
	}
	return 0, false
}

// Currencies returns the codes that MinorDigits knows, those with two digits first.
func Currencies() []string {
	return strings.Fields(centCurrencies + " " + wholeCurrencies + " " + milCurrencies + " " + tenthMilCurrencies)
}
