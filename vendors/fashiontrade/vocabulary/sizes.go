package vocabulary

// The size types. EuShirtSize has a definition, but the document's lists of types leave it out.
const (
	CategoricalSize = "CategoricalSize"
	ChildrenSize    = "ChildrenSize"
	ChildrenAgeSize = "ChildrenAgeSize"
	EuMenSize       = "EuMenSize"
	EuShirtSize     = "EuShirtSize"
	EuShoeSize      = "EuShoeSize"
	EuWomenSize     = "EuWomenSize"
	JeansSize       = "JeansSize"
	OneSize         = "OneSize"
	OtherSize       = "OtherSize"
	UkWomenSize     = "UkWomenSize"
)

// SizeTypes lists the size types, EuShirtSize included.
var SizeTypes = []string{
	CategoricalSize, ChildrenSize, ChildrenAgeSize, EuMenSize, EuShirtSize, EuShoeSize, EuWomenSize, JeansSize,
	OneSize, OtherSize, UkWomenSize,
}

// A SizeCategory is one size of CategoricalSize with the ways to write it.
type SizeCategory struct {
	Name      string   // as the document's page on usage writes it
	Spellings []string // as that page lists them
	Defined   []string // those that only the definition of CategoricalSize lists
}

// SizeCategories lists the sizes of CategoricalSize, the smallest first.
var SizeCategories = []SizeCategory{
	{"EXTRA EXTRA SMALL", []string{"xxs", "extra_extra_small", "extra extra small"}, nil},
	{"EXTRA SMALL", []string{"xs", "extra_small", "extra small", "x-small"}, nil},
	{"EXTRA_SMALL_TO_SMALL", []string{"extra_small-small", "xs-s", "x_small-small"}, nil},
	{"SMALL", []string{"s", "small"}, nil},
	{"SMALL_TO_MEDIUM", []string{"small-medium", "s-m"}, nil},
	{"MEDIUM", []string{"m", "medium"}, []string{"med"}},
	{"MEDIUM_TO_LARGE", []string{"medium-large", "m-l"}, nil},
	{"LARGE", []string{"l", "large"}, nil},
	{"LARGE_TO_EXTRA_LARGE", []string{"large-extra_large", "l-xl"}, nil},
	{"EXTRA LARGE", []string{"xl", "extra_large", "extra large", "x-large"}, nil},
	{"EXTRA_LARGE_TO_EXTRA_EXTRA_LARGE", []string{"extra_large-extra_extra_large", "xl-xxl", "xl-2xl"}, nil},
	{"EXTRA EXTRA LARGE", []string{"xxl", "2xl", "extra_extra_large", "extra extra large"}, nil},
	{"EXTRA_EXTRA_LARGE_TO_THREE_EXTRA_LARGE", []string{"extra_extra_large-3xl", "xxl-3xl", "2xl-3xl"}, nil},
	{"THREE EXTRA LARGE", []string{"xxxl", "3xl", "extra_extra_extra_large", "extra extra extra large"}, nil},
	{"FOUR EXTRA LARGE", []string{"4xl"}, nil},
	{"FIVE EXTRA LARGE", []string{"5xl"}, nil},
}

// CategoricalSizes lists the spellings in the definition of CategoricalSize. "x-large" is not among
// them, and stands only in SizeCategories.
var CategoricalSizes = []string{
	"extra_extra_small", "xxs", "extra extra small", "xs", "extra small", "extra_small", "x-small",
	"extra_small-small", "xs-s", "x_small-small", "s", "small", "small-medium", "s-m", "medium", "med", "m",
	"medium-large", "m-l", "l", "large", "large-extra_large", "l-xl", "extra_large", "xl", "extra large",
	"extra_large-extra_extra_large", "xl-xxl", "xl-2xl", "extra_extra_large", "extra extra large", "2xl", "xxl",
	"extra_extra_large-3xl", "xxl-3xl", "2xl-3xl", "extra_extra_extra_large", "extra extra extra large", "xxxl",
	"3xl", "4xl", "5xl",
}

// The sizes of the three types that are lists of numbers.
var (
	EuMenSizes   = []string{"40", "42", "44", "46", "48", "50", "52", "54", "56", "58", "60", "62", "64", "66"}
	EuWomenSizes = []string{
		"30", "32", "34", "36", "38", "40", "42", "44", "46", "48", "50", "52", "54", "56", "58", "60",
	}
	UkWomenSizes = []string{"2", "4", "6", "8", "10", "12", "14", "16", "18", "20", "22", "24", "26", "28", "30"}
)

// The regular expressions by which the vendor reads the other types.
const (
	ChildrenSizePattern    = `^\s*(\d{1,3})(?:\s*[-/]?\s*(\d{1,3}))?\s*$`
	ChildrenAgeSizePattern = `^\s*(\d{1,2})([MY])(?:\s*[-/]?\s*(\d{1,2})([MY]))?\s*$`
	EuShirtSizePattern     = `^([0-9]{2})\s?(?:-\s?([0-9]))?$`
	EuShoeSizePattern      = `^[A-Z]?\s*(\d{2}(?:\.\d)?)\s*[A-Z]?(?:-[A-Z]?\s*(\d{2}(?:\.\d)?)\s*[A-Z]?)?$`
	JeansSizePattern       = `^\s*[Ww]?(\d{2})\s*[Xx\-]?\s*(?:[Ll]?(\d{2})\s*)?$`
)

// The bounds that come on top of the regular expressions.
const (
	MinChildrenSize, MaxChildrenSize = 50, 188 // centimetres
	MaxMonths, MaxYears              = 24, 18
	MinCollar, MaxCollar             = 34, 54
	ShortSleeve, LongSleeve          = 5, 7
	MinEuShoeSize, MaxEuShoeSize     = 16, 60 // halves between them
)
