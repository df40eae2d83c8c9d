package fashiontrade

import (
	"fmt"
	"strings"
	"testing"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// dress is a right row with the fewest cells.
var dress = row{"product_id": "D-1", "display_name": "Dress", "barcode": "4006381333931",
	"color_or_pattern_name": "Maraschino", "colors": "RED", "size_type": "CategoricalSize", "size": "M"}

// finding is one problem that a test wants: "rule field#record", the suggestion, and words that the
// message must hold.
type finding struct {
	what       string
	suggestion string
	words      string
}

func checkFindings(t *testing.T, e *vendors.Entity, want []finding) {
	t.Helper()
	if len(e.Problems) != len(want) {
		t.Errorf("%d problems, want %d:%s", len(e.Problems), len(want), listProblems(e))
		return
	}
	for i, problem := range e.Problems {
		got := fmt.Sprintf("%s %s#%d", problem.Rule.ID, problem.Field, problem.Record)
		if got != want[i].what || problem.Suggestion != want[i].suggestion || !strings.Contains(problem.Text(), want[i].words) {
			t.Errorf("problem %d is\n\t%s (%q) %s\nwant\n\t%s (%q) %s", i, got, problem.Suggestion, problem.Text(),
				want[i].what, want[i].suggestion, want[i].words)
		}
		if problem.Clause == "" || problem.Value == "" && problem.Column >= 0 &&
			len(e.Records[problem.Record].Values[problem.Column]) > 0 {
			t.Errorf("problem %d lacks its clause or value: %+v", i, problem)
		}
	}
}

func listProblems(e *vendors.Entity) string {
	var lines strings.Builder
	for _, p := range e.Problems {
		fmt.Fprintf(&lines, "\n\t%s %s#%d %q: %s (%q)", p.Rule.ID, p.Field, p.Record, p.Value, p.Text(), p.Suggestion)
	}
	return lines.String()
}

// A case passes when the rows make no problem at all (want is nil), or exactly those wanted.
var ruleCases = []struct {
	name    string
	version string // "" for 2
	rows    []row
	want    []finding
}{
	{name: "a right row", rows: []row{dress}},

	{name: "display name missing", rows: []row{with(dress, "display_name", "")},
		want: []finding{{"required display_name#0", "", "display_name is required"}}},
	{name: "display name on the second row only", rows: []row{with(dress, "display_name", ""), with(dress, "barcode", "2", "size", "L")}},
	{name: "product id missing", rows: []row{with(dress, "product_id", "")},
		want: []finding{{"required product_id#0", "", "product_id is required"}}},
	{name: "barcode missing", rows: []row{with(dress, "barcode", "")},
		want: []finding{{"required barcode#0", "", "barcode is required"}}},
	{name: "colour name missing", rows: []row{with(dress, "color_or_pattern_name", "")},
		want: []finding{{"required color_or_pattern_name#0", "", ""}}},
	{name: "colours missing", rows: []row{with(dress, "colors", "")},
		want: []finding{{"required colors#0", "", ""}}},
	{name: "colours that list nothing", rows: []row{with(dress, "colors", "| |")},
		want: []finding{{"required colors#0", "", "colors is required"}}},
	{name: "product cells that disagree", rows: []row{with(dress, "brand_line", "A"), with(dress, "barcode", "2", "size", "L", "brand_line", "B")},
		want: []finding{{"rows.disagree brand_line#1", "A", schema.OtherCell}}},

	{name: "active in words", rows: []row{with(dress, "active", "nein")}},
	{name: "active is no truth value", rows: []row{with(dress, "active", "perhaps")},
		want: []finding{{"value.type active#0", "", "true or false"}}},
	{name: "product type", rows: []row{with(dress, "product_type", "CLOTHING")}},
	{name: "product type in the wrong case", rows: []row{with(dress, "product_type", "Clothing")},
		want: []finding{{"value.unknown product_type#0", "CLOTHING", "must be written CLOTHING"}}},

	{name: "digits gone", rows: []row{with(dress, "barcode", "5,06011E+12")},
		want: []finding{{"barcode.digits-gone barcode#0", "", "enter the barcode again"}}},
	{name: "digits gone, with a point", rows: []row{with(dress, "barcode", "5.06011E+12")},
		want: []finding{{"barcode.digits-gone barcode#0", "", "threw digits away"}}},
	{name: "a code that looks like a power", rows: []row{with(dress, "barcode", "1E5")}},
	{name: "barcode with a decimal point", rows: []row{with(dress, "barcode", "4006381333931.0")},
		want: []finding{{"barcode.decimal barcode#0", "4006381333931", ""}}},
	{name: "barcode with dashes", rows: []row{with(dress, "barcode", "111-111-1")}},
	{name: "barcode with leading zeros", rows: []row{with(dress, "barcode", "00012345")},
		want: []finding{{"barcode.check-digit barcode#0", "", "may be wrong"}}},
	{name: "wrong check digit", rows: []row{with(dress, "barcode", "4006381333932")},
		want: []finding{{"barcode.check-digit barcode#0", "", "last digit"}}},
	{name: "right check digits of 8, 12 and 14", rows: []row{with(dress, "barcode", "96385074"),
		with(dress, "barcode", "036000291452", "size", "L"), with(dress, "barcode", "10614141000415", "size", "S")}},
	{name: "barcode twice in a product", rows: []row{dress, with(dress, "size", "L"), with(dress, "size", "S")},
		want: []finding{{"barcode.twice barcode#1", "", schema.OtherCell}, {"barcode.twice barcode#2", "", schema.OtherCell}}},
	{name: "digits gone twice are not one barcode", rows: []row{with(dress, "barcode", "5E+12"), with(dress, "barcode", "5E+12", "size", "L")},
		want: []finding{{"barcode.digits-gone barcode#0", "", ""}, {"barcode.digits-gone barcode#1", "", ""}}},

	{name: "several colours, MULTI too", rows: []row{with(dress, "colors", "RED|OFF_WHITE | MULTI")}},
	{name: "colour in the wrong case", rows: []row{with(dress, "colors", "Off White")},
		want: []finding{{"value.unknown colors#0", "OFF_WHITE", "letter for letter"}}},
	{name: "colour in another language", rows: []row{with(dress, "colors", "RED|Schwarz")},
		want: []finding{{"value.unknown colors#0", "BLACK", "calls it BLACK"}}},
	{name: "hex codes", rows: []row{with(dress, "color_hex_codes", "ff0000|00FF7f")}},
	{name: "hex code with #", rows: []row{with(dress, "color_hex_codes", "#FF0000")},
		want: []finding{{"color.hex color_hex_codes#0", "FF0000", "six hexadecimal digits"}}},
	{name: "short hex code", rows: []row{with(dress, "color_hex_codes", "f0a")},
		want: []finding{{"color.hex color_hex_codes#0", "ff00aa", ""}}},
	{name: "hex code that is a name", rows: []row{with(dress, "color_hex_codes", "red")},
		want: []finding{{"color.hex color_hex_codes#0", "", ""}}},

	{name: "image with all attributes", rows: []row{with(dress, "image_1", "https://a.example/1.jpg",
		"image_1.orientation", "FRONT", "image_1.composition", "ON_MODEL", "image_1.production_setting", "SKETCH")}},
	{name: "image attribute unknown", rows: []row{with(dress, "image_1", "https://a.example/1.jpg", "image_1.orientation", "front")},
		want: []finding{{"value.unknown image_1.orientation#0", "FRONT", ""}}},
	{name: "image attribute without image", rows: []row{with(dress, "image_2.orientation", "FRONT", "image_1", "https://a.example/1.jpg")},
		want: []finding{{"image.url image_2.orientation#0", "", "image_2, the image's web address, is empty"}}},
	{name: "pattern attribute without image", rows: []row{with(dress, "pattern_image", "", "pattern_image.composition", "FLAT")},
		want: []finding{{"image.url pattern_image.composition#0", "", "pattern_image"}}},
	{name: "image that is no address", rows: []row{with(dress, "image_1", "front.jpg", "image_1.orientation", "FRONT")},
		want: []finding{{"value.type image_1#0", "", "http"}}},

	{name: "size missing", rows: []row{with(dress, "size", "")},
		want: []finding{{"size.missing size#0", "", "unless the size type is OneSize"}}},
	{name: "size and type missing", rows: []row{with(dress, "size", "", "size_type", "")},
		want: []finding{{"size.missing size#0", "size_type OneSize", ""}}},
	{name: "size type unknown", rows: []row{with(dress, "size_type", "Eu Women Size")},
		want: []finding{{"value.unknown size_type#0", "EuWomenSize", "must be written EuWomenSize"}}},
	{name: "size type nearly right", rows: []row{with(dress, "size_type", "EuWommenSize")},
		want: []finding{{"value.unknown size_type#0", "EuWomenSize", ""}}},
	{name: "size of the wrong type", rows: []row{with(dress, "size_type", "EuShoeSize", "size", "42.3")},
		want: []finding{{"size.wrong size#0", "42.5", "whole or half size"}}},
	{name: "shirt size", rows: []row{with(dress, "size_type", "EuShirtSize", "size", "41-7"),
		with(dress, "size_type", "EuShirtSize", "size", "42-7", "barcode", "2")},
		want: []finding{{"size_type.unlisted size_type#0", "", "may be refused"}}},
	{name: "OneSize", rows: []row{with(dress, "size_type", "OneSize", "size", "")}},
	{name: "OneSize with a size", rows: []row{with(dress, "size_type", "OneSize", "size", "One Size")},
		want: []finding{{"size.dropped size#0", "", "left out"}}},
	{name: "OtherSize", rows: []row{with(dress, "size_type", "OtherSize", "size", "toddler", "size_name", "Bed size")}},
	{name: "OtherSize without a name", rows: []row{with(dress, "size_type", "OtherSize", "size", "toddler")},
		want: []finding{{"size_name.missing size_name#0", "", "OtherSize needs"}}},
	{name: "name with another size type", rows: []row{with(dress, "size_name", "Bed size")},
		want: []finding{{"size_name.unused size_name#0", "", "this is CategoricalSize"}}},
	{name: "name without a size type", rows: []row{with(dress, "size_name", "Bed size", "size_type", "")},
		want: []finding{{"size_name.unused size_name#0", "", "write OtherSize into size_type"}}},

	{name: "colour and size twice", rows: []row{dress, with(dress, "barcode", "2")},
		want: []finding{{"variant.twice size#1", "", "occurs twice, see " + schema.OtherCell}}},
	{name: "two spellings of one size", rows: []row{dress, with(dress, "barcode", "2", "size", "medium")},
		want: []finding{{"variant.twice size#1", "", `size "medium" is the same as size "M"`}}},
	{name: "jeans written two ways", rows: []row{with(dress, "size_type", "JeansSize", "size", "W36L36"),
		with(dress, "size_type", "JeansSize", "size", "36x36", "barcode", "2")},
		want: []finding{{"variant.twice size#1", "", ""}}},
	{name: "one size in one colour twice", rows: []row{with(dress, "size_type", "OneSize", "size", ""),
		with(dress, "size_type", "OneSize", "size", "", "barcode", "2")},
		want: []finding{{"variant.twice color_or_pattern_name#1", "", "one size"}}},
	{name: "same size in two colours", rows: []row{dress, with(dress, "barcode", "2", "color_or_pattern_name", "Navy")}},
	{name: "same number in two types", rows: []row{with(dress, "size_type", "EuWomenSize", "size", "40"),
		with(dress, "size_type", "EuMenSize", "size", "40", "barcode", "2")}},
	{name: "other sizes of two names", rows: []row{with(dress, "size_type", "OtherSize", "size", "1", "size_name", "Bed"),
		with(dress, "size_type", "OtherSize", "size", "1", "size_name", "Ring", "barcode", "2")}},
	{name: "a faulty size does not hide twins", rows: []row{with(dress, "size", "xxs", "barcode", "1"), with(dress, "size", "bad", "barcode", "2"), with(dress, "size", "XXS", "barcode", "3")},
		want: []finding{{"size.wrong size#1", "", ""}, {"variant.twice size#2", "", ""}}},

	{name: "tag of the other version", rows: []row{with(dress, "tag.SEASON", "summer")},
		want: []finding{{"column.unsent tag.SEASON#0", "", "only in version 1"}}},
	{name: "tag of the newer version", version: "1", rows: []row{with(dress, "tag.HEEL_HEIGHT", "flat")},
		want: []finding{{"column.unsent tag.HEEL_HEIGHT#0", "", "only in version 2"}}},
	{name: "tag of version 1", version: "1", rows: []row{with(dress, "tag.SEASON", "summer")}},
	{name: "tag of version 2", rows: []row{with(dress, "tag.HEEL_HEIGHT", "flat")}},
}

func resourceOf(version string) *vendors.Resource {
	if version == "1" {
		return ProductsV1
	}
	return Products
}

func TestRules(t *testing.T) {
	for _, test := range ruleCases {
		t.Run(test.name, func(t *testing.T) {
			checkFindings(t, encoded(t, resourceOf(test.version), test.rows...), test.want)
		})
	}
}

func TestEveryRuleHasACase(t *testing.T) {
	broken := map[string]bool{}
	for _, test := range ruleCases {
		for _, want := range test.want {
			broken[strings.Fields(want.what)[0]] = true
		}
	}
	for _, test := range sizeTypeCases {
		broken[strings.Fields(test.want)[0]] = true
	}
	rules := append([]*schema.Rule{}, Products.Rules...)
	for _, field := range Products.Schema {
		for _, check := range field.Checks {
			rules = append(rules, check.Rule)
		}
	}
	for _, rule := range rules {
		if rule != variantMissing && !broken[rule.ID] {
			t.Errorf("no case breaks %s", rule.ID)
		}
		if rule.Sentence == "" || !strings.HasPrefix(rule.Clause, "fashiontrade:") {
			t.Errorf("%s lacks its sentence or clause", rule.ID)
		}
	}
}

// sizeTypeCases are sizes without a type. What is wanted is the rule and words of its message.
var sizeTypeCases = []struct {
	name, size string
	tags       []string
	want       string
}{
	{"letters need no tag", "M", nil, "size_type.taken CategoricalSize"},
	{"letters of shoes", "M", []string{"tag.CATEGORY", "flip-flops"}, "size_type.taken CategoricalSize"},
	{"32 alone", "32", nil, "size.ambiguous EuShoeSize, EuWomenSize and JeansSize"},
	{"32 of trainers", "32", []string{"tag.CATEGORY", "trainers"}, "size_type.taken EuShoeSize"},
	{"32 of product type footwear", "32", []string{"product_type", "FOOTWEAR"}, "size_type.taken EuShoeSize"},
	{"32 of jeans", "32", []string{"tag.CATEGORY", "clothing/jeans"}, "size_type.taken JeansSize"},
	{"32 of jogjeans", "32", []string{"tag.CATEGORY", "jogjeans"}, "size_type.taken JeansSize"},
	{"32 of jeans and all above", "32", []string{"tag.CATEGORY", "clothing|jeans"}, "size_type.taken JeansSize"},
	{"32 of a dress", "32", []string{"tag.CATEGORY", "clothing|dress"}, "size_type.taken EuWomenSize"},
	{"32 of clothing is still open", "32", []string{"tag.CATEGORY", "clothing"}, "size.ambiguous EuShoeSize, EuWomenSize and JeansSize"},
	{"38 of women's pants", "38", []string{"tag.CATEGORY", "pants", "tag.GENDER", "female"}, "size.ambiguous EuWomenSize and JeansSize"},
	{"32 of men's pants", "32", []string{"tag.CATEGORY", "chino", "tag.GENDER", "male"}, "size_type.taken JeansSize"},
	{"50 of a man's jacket", "50", []string{"tag.CATEGORY", "jacket", "tag.GENDER", "male", "tag.AGE", "adult"}, "size_type.taken EuMenSize"},
	{"50 of a man's jacket of no age", "50", []string{"tag.CATEGORY", "jacket", "tag.GENDER", "male"}, "size.ambiguous ChildrenSize and EuMenSize"},
	{"50 of a baby", "50", []string{"tag.CATEGORY", "jumper", "tag.AGE", "baby"}, "size_type.taken ChildrenSize"},
	{"42 of a woman's dress", "42", []string{"tag.CATEGORY", "gown", "tag.GENDER", "female"}, "size_type.taken EuWomenSize"},
	{"42 of a unisex shirt", "42", []string{"tag.CATEGORY", "t-shirt", "tag.GENDER", "unisex"}, "size.ambiguous EuMenSize and EuWomenSize"},
	{"8 fits UK women only", "8", nil, "size_type.taken UkWomenSize"},
	{"128", "128", nil, "size_type.taken ChildrenSize"},
	{"6M", "6M", nil, "size_type.taken ChildrenAgeSize"},
	{"an age for adults", "6Y", []string{"tag.AGE", "adult"}, "size.ambiguous speak of another kind"},
	{"104 of trainers", "104", []string{"tag.CATEGORY", "trainers"}, "size.ambiguous speak of another kind"},
	{"39-42 of socks", "39-42", []string{"tag.CATEGORY", "socks"}, "size_type.taken EuShoeSize"},
	{"42.5", "42.5", nil, "size_type.taken EuShoeSize"},
	{"W32L34", "W32L34", nil, "size_type.taken JeansSize"},
	{"a shirt size is not guessed", "39-5", nil, "size.unknown write EuShirtSize"},
	{"one size", "One Size", nil, "size.unknown write OneSize into size_type"},
	{"nonsense", "toddler", nil, "size.unknown OtherSize"},
}

func TestSizeTypeIsFoundOrAskedFor(t *testing.T) {
	for _, test := range sizeTypeCases {
		t.Run(test.name, func(t *testing.T) {
			e := encoded(t, Products, with(with(dress, "size_type", "", "size", test.size), test.tags...))
			rule, words, _ := strings.Cut(test.want, " ")
			if len(e.Problems) != 1 || e.Problems[0].Rule.ID != rule || !strings.Contains(e.Problems[0].Text(), words) {
				t.Fatalf("want %s, got:%s", test.want, listProblems(e))
			}
			if taken := rule == "size_type.taken"; taken != strings.Contains(string(e.Body), `"type":"`+words+`"`) && taken {
				t.Errorf("body %s lacks the type %s", e.Body, words)
			}
		})
	}
}

func TestSizeTypeTakenIsSaidOnce(t *testing.T) {
	e := encoded(t, Products, with(dress, "size_type", ""), with(dress, "size_type", "", "size", "L", "barcode", "2"))
	checkFindings(t, e, []finding{{"size_type.taken size_type#0", "", "CategoricalSize taken"}})
}

func TestSizeTypeOfAColumnThatIsNotThere(t *testing.T) {
	plain := with(dress)
	delete(plain, "size_type")
	checkFindings(t, encoded(t, Products, plain), []finding{{"size_type.taken size_type#0", "", ""}})
}

func TestTags(t *testing.T) {
	for _, test := range []struct {
		version, tag, value string
		words, suggestion   string // both empty: the value is taken
	}{
		{"2", "MATERIAL", "cotton|wool", "", ""},
		{"2", "CATEGORY", "clutch|clothing/accessory/bag/clutch", "", ""},
		{"2", "CATEGORY", "tshirt", "not one of the 135 values", "t-shirt"},
		{"2", "MATERIAL", "Cotton", `must be written "cotton"`, "cotton"},
		{"2", "FABRIC", "cotton", "tag.MATERIAL has it", ""},
		{"2", "COLLECTION", "NOS_SUMMER", `must be written "nos_summer"`, "nos_summer"},
		{"1", "COLLECTION", "nos_summer", `must be written "NOS_SUMMER"`, "NOS_SUMMER"},
		{"1", "COLLECTION", "NOS_SUMMER", "", ""},
		{"1", "COLLECTION", "ss22", "version 2 of the product resource, not of version 1", ""},
		{"2", "COLLECTION", "ss22", "", ""},
		{"2", "COLLECTION", "SS22", `must be written "ss22"`, "ss22"},
		{"2", "COLLECTION", "Autumn/Winter 2021", `must be written "aw21"`, "aw21"},
		{"2", "COLLECTION", "FW19", `must be written "aw19"`, "aw19"},
		{"2", "COLLECTION", "ss14", "not one of the 54 values", ""},
		{"2", "COLLECTION", "sumer19", "not one of the 54 values", "summer19"},
		{"2", "PROMOTION", "black_friday_2018", "is none of black_friday_2017", ""},
		{"2", "COLLECTION", "ss23", "list of collections ends with winter22", ""},
		{"2", "COLLECTION", "Fall/Winter 2024", "ends with winter22", ""},
		{"1", "COLLECTION", "ss25", "ends with winter21", ""},
		{"2", "SLEEVE_TYPE", "strappless", `version 2, which has "strapless"`, "strapless"},
		{"1", "SLEEVE_TYPE", "strapless", `version 1, which has "strappless"`, "strappless"},
		{"1", "SLEEVE_TYPE", "strappless", "", ""},
		{"1", "SKIRT_DRESS_TYPE", "lont", "", ""},
		{"2", "CATEGORY", "bodies", `which has "body"`, "body"},
		{"2", "CATEGORY", "handkerchief", `which has "headwear"`, "headwear"},
		{"1", "CATEGORY", "beanie", `which has "handkerchief"`, "handkerchief"},
		{"1", "CATEGORY", "cocktail", `which has "dress"`, "dress"},
		{"1", "CATEGORY", "bomber", `which has "jacket_coat"`, "jacket_coat"},
		{"1", "CATEGORY", "pos_materials", "version 2 of the product resource", ""},
		{"2", "CATEGORY", "vest", `which has "blazer_waistcoat"`, "blazer_waistcoat"},
		{"2", "CATEGORY", "clothing/bag/clutch", "clutch stands at clothing/accessory/bag/clutch", "clothing/accessory/bag/clutch"},
		{"2", "CATEGORY", "clothing/accessory/handkerchief/cap", "cap stands at clothing/accessory/headwear/cap", "clothing/accessory/headwear/cap"},
		{"1", "CATEGORY", "clothing/accessory/handkerchief/cap", "", ""},
		{"2", "CATEGORY", "clothing/jacket_coat", `which has "jacket"`, "clothing/jacket"},
		{"2", "CATEGORY", "clothing/top_t-shirt/tshirt", "has no path", "clothing/top_t-shirt/t-shirt"},
		{"2", "CATEGORY", "a/", "has no path", ""},
		{"2", "GENDER", "Women", `the vendor calls it "female"`, "female"},
		{"2", "AGE", "toddler", `"pre-school"`, "pre-school"},
		{"2", "GENDER", "zebra", "is none of female, male, unisex", ""},
	} {
		t.Run(test.version+" "+test.tag+" "+test.value, func(t *testing.T) {
			e := encoded(t, resourceOf(test.version), with(dress, "tag."+test.tag, test.value))
			if test.words == "" {
				checkFindings(t, e, nil)
				return
			}
			checkFindings(t, e, []finding{{"value.unknown tag." + test.tag + "#0", test.suggestion, test.words}})
		})
	}
}
