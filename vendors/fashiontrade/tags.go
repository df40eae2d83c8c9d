package fashiontrade

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors/fashiontrade/vocabulary"
	"bulkload/vendors/schema"
)

// tagTypes lists the tag types of all versions, in the order of the default one.
func tagTypes() []string {
	var names []string
	for _, product := range vocabulary.Products {
		for _, tag := range product.Tags {
			if !slices.Contains(names, tag.Name) {
				names = append(names, tag.Name)
			}
		}
	}
	return names
}

// otherVersion is the vocabulary that p is not.
func otherVersion(p *vocabulary.Product) *vocabulary.Product {
	if p == vocabulary.Product1 {
		return vocabulary.Product2
	}
	return vocabulary.Product1
}

// tagField describes the column of one tag type in a version of products.
func tagField(p *vocabulary.Product, name string) schema.Field {
	words := tagWords[name]
	field := schema.Field{Name: "tag." + name, Doc: words.doc, Shared: true, List: true, Synonyms: words.synonyms}
	tag := p.Tag(name)
	if tag == nil {
		other := otherVersion(p)
		field.Clause = clause(other.Tag(name).Line)
		field.Forbidden = fmt.Sprintf("the tag type %s is only in version %s of the product resource, not in version %s: %s",
			name, other.Version, p.Version, words.instead)
		return field
	}
	field.Clause = clause(tag.Line)
	field.Values = schema.NewValues(tag.Values...)
	field.Example = words.example
	field.Explain = func(value string) (message, suggestion string) { return explainTag(p, tag, value) }
	if name == "CATEGORY" {
		field.Values.Also(categoryPaths(p)...)
	}
	return field
}

// categoryPaths lists the category tree as paths of at least two names.
func categoryPaths(p *vocabulary.Product) []string {
	var paths []string
	for _, category := range p.Categories {
		if category.Parent != "" {
			paths = append(paths, p.Path(category.Name))
		}
	}
	return paths
}

// explainTag says why the tag type does not take the value, as far as more is to be said than that
// it is not in the list.
func explainTag(p *vocabulary.Product, tag *vocabulary.TagType, value string) (message, suggestion string) {
	for _, listed := range tag.Values {
		if strings.EqualFold(listed, value) {
			return fmt.Sprintf("%q must be written %q, letter for letter", value, listed), listed
		}
	}
	if message, suggestion := explainVersion(p, tag, value); message != "" {
		return message, suggestion
	}
	switch tag.Name {
	case "CATEGORY":
		if strings.Contains(value, "/") {
			return explainPath(p, value)
		}
	case "COLLECTION":
		if message, suggestion := explainCollection(tag, value); message != "" {
			return message, suggestion
		}
	}
	if meant := meanings[tag.Name][strings.ToLower(value)]; slices.Contains(tag.Values, meant) {
		return fmt.Sprintf("%q is not in the list; the vendor calls it %q", value, meant), meant
	}
	for _, other := range p.Tags {
		if other.Name != tag.Name && slices.Contains(other.Values, value) {
			return fmt.Sprintf("%q is not a value of tag.%s; tag.%s has it", value, tag.Name, other.Name),
				schema.Nearest(value, tag.Values)
		}
	}
	return "", ""
}

// explainVersion names a value that only the other version of the product resource has.
func explainVersion(p *vocabulary.Product, tag *vocabulary.TagType, value string) (message, suggestion string) {
	other := otherVersion(p)
	listed := other.Tag(tag.Name)
	if listed == nil || !slices.Contains(listed.Values, value) {
		return "", ""
	}
	message = fmt.Sprintf("%q is a value of version %s of the product resource, not of version %s", value,
		other.Version, p.Version)
	if suggestion = counterpart(p, tag, value); suggestion != "" {
		return message + fmt.Sprintf(", which has %q", suggestion), suggestion
	}
	return message, schema.Nearest(value, tag.Values)
}

// counterpart is what stands in this version for a value of the other one; of a category that has
// none, the nearest one above it that this version has.
func counterpart(p *vocabulary.Product, tag *vocabulary.TagType, value string) string {
	for _, pair := range counterparts {
		if pair[0] == value && slices.Contains(tag.Values, pair[1]) {
			return pair[1]
		}
		if pair[1] == value && slices.Contains(tag.Values, pair[0]) {
			return pair[0]
		}
	}
	if tag.Name != "CATEGORY" {
		return ""
	}
	above := otherVersion(p).Category(value).Parent
	if above == "" || p.Category(above) != nil {
		return above
	}
	return counterpart(p, tag, above)
}

// counterparts are values that the two versions write differently, version 1 first.
var counterparts = [][2]string{
	{"strappless", "strapless"},
	{"bodies", "body"},
	{"handkerchief", "headwear"}, // the same place in the tree, above cap, earmuffs and hat
	{"jacket_coat", "jacket"},
	{"trousers", "pants"},
	{"walking_nordic_walking", "nordic_walking"},
}

// explainPath says what is wrong with a category written as a path.
func explainPath(p *vocabulary.Product, value string) (message, suggestion string) {
	name := value[strings.LastIndexByte(value, '/')+1:]
	if right := p.Path(strings.ToLower(strings.TrimSpace(name))); right != "" {
		return fmt.Sprintf("the category tree of version %s has no path %q; %s stands at %s", p.Version, value,
			right[strings.LastIndexByte(right, '/')+1:], right), right
	}
	message, suggestion = explainTag(p, p.Tag("CATEGORY"), name)
	if message == "" {
		suggestion = schema.Nearest(name, p.Tag("CATEGORY").Values)
		message = fmt.Sprintf("the category tree of version %s has no path %q", p.Version, value)
	}
	if suggestion != "" {
		suggestion = p.Path(suggestion)
	}
	return message, suggestion
}

// explainCollection reads seasons as brands write them ("SS23", "Autumn/Winter 2021") and says when
// one lies after the end of the vendor's list.
func explainCollection(tag *vocabulary.TagType, value string) (message, suggestion string) {
	season, year, ok := readSeason(value)
	if !ok {
		return "", ""
	}
	last := tag.Values[len(tag.Values)-1] // the list is sorted: winter comes last, its latest year at the end
	_, lastYear, _ := readSeason(last)
	if year > lastYear {
		return fmt.Sprintf("the vendor's list of collections ends with %s, so %q cannot be sent: "+
			"leave the collection out, or ask the vendor for a value", last, value), ""
	}
	meant := season + strconv.Itoa(year)
	if !slices.Contains(tag.Values, meant) {
		return "", ""
	}
	return fmt.Sprintf("%q must be written %q, letter for letter", value, meant), meant
}

// readSeason takes a season and its year, of two digits, out of a text.
func readSeason(text string) (season string, year int, ok bool) {
	var letters, digits strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r >= 'a' && r <= 'z':
			letters.WriteRune(r)
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		}
	}
	number := digits.String()
	if len(number) == 4 {
		number = strings.TrimPrefix(number, "20")
	}
	if len(number) != 2 {
		return "", 0, false
	}
	year, err := strconv.Atoi(number)
	season, known := seasons[letters.String()]
	return season, year, err == nil && known
}

// seasons are the names that brands give their seasons, and the vendor's.
var seasons = map[string]string{
	"autumn": "autumn", "fall": "autumn", "herbst": "autumn", "herfst": "autumn",
	"spring": "spring", "lente": "spring", "summer": "summer", "sommer": "summer", "zomer": "summer",
	"winter": "winter",
	"ss":     "ss", "springsummer": "ss", "fs": "ss", "pe": "ss", "vz": "ss",
	"aw": "aw", "fw": "aw", "autumnwinter": "aw", "fallwinter": "aw", "hw": "aw", "ai": "aw",
}

// meanings are words of feeds, in lower case, for values of the vendor.
var meanings = map[string]map[string]string{
	"GENDER": {
		"women": "female", "woman": "female", "womens": "female", "women's": "female", "ladies": "female",
		"damen": "female", "dames": "female", "femme": "female", "donna": "female", "f": "female", "w": "female",
		"girls": "female", "men": "male", "man": "male", "mens": "male", "men's": "male", "herren": "male",
		"heren": "male", "homme": "male", "uomo": "male", "m": "male", "boys": "male", "u": "unisex",
	},
	"AGE": {
		"adults": "adult", "erwachsene": "adult", "volwassenen": "adult", "infant": "baby", "infants": "baby",
		"babies": "baby", "newborn": "baby", "child": "kids", "children": "kids", "kinder": "kids",
		"kinderen": "kids", "enfant": "kids", "junior": "teens", "juniors": "teens", "toddler": "pre-school",
	},
	"CATEGORY": {
		"shoes": "footwear", "schuhe": "footwear", "schoenen": "footwear", "sneakers": "trainers",
		"tee": "t-shirt", "trouser": "pants", "hosen": "pants", "dresses": "dress", "kleid": "dress",
		"kleider": "dress", "jurk": "dress", "coat": "jacket", "leggings": "legging",
	},
	"PRINT": {"none": "no", "plain": "uni", "solid": "uni", "striped": "stripes", "floral print": "floral"},
}

// tagWords is what a person who fills the column in needs to know of a tag type.
var tagWords = map[string]struct {
	doc      string
	example  string
	synonyms []string
	instead  string // what to do under the version that lacks it
}{
	"GENDER": {doc: "Who wears it: female, male or unisex.", example: "female",
		synonyms: []string{"gender", "sex", "geschlecht", "geslacht", "genre", "genere"}},
	"AGE": {doc: "The age of those who wear it.", example: "adult",
		synonyms: []string{"age", "age group", "altersgruppe", "leeftijdsgroep", "tranche d'âge", "fascia d'età"}},
	"COLLECTION": {doc: "The season's collections that the product belongs to, such as ss21.", example: "ss21",
		synonyms: []string{"collection", "season", "kollektion", "saison", "collectie", "seizoen", "collezione", "stagione"}},
	"SEASON": {doc: "The time of year that the product is for.", synonyms: []string{"time of year"},
		instead: "name the collection in tag.COLLECTION, such as ss21"},
	"FABRIC": {doc: "How the cloth is made or behaves.", example: "woven",
		synonyms: []string{"fabric", "stoff", "stof", "tissu", "tessuto"}},
	"HEEL_HEIGHT": {doc: "How high a shoe's heel is.", example: "flat",
		synonyms: []string{"heel height", "heel", "absatzhöhe", "hakhoogte", "hauteur du talon", "altezza tacco"},
		instead:  "leave the column out, or send version 2"},
	"MATERIAL": {doc: "What the product is made of.", example: "cotton",
		synonyms: []string{"material", "materiaal", "matière", "materiale"}},
	"SLEEVE_TYPE": {doc: "The length or kind of the sleeves.", example: "long",
		synonyms: []string{"sleeve type", "sleeve", "sleeve length", "ärmellänge", "mouwlengte", "manches", "manica"}},
	"PRINT": {doc: "The pattern on the product.", example: "stripes",
		synonyms: []string{"print", "muster", "motif", "fantasia"}},
	"FIT": {doc: "How the product sits on the body.", example: "slim_fit",
		synonyms: []string{"fit", "passform", "pasvorm", "coupe", "vestibilità"}},
	"SKIRT_DRESS_TYPE": {doc: "The length or cut of a skirt or dress.",
		synonyms: []string{"skirt type", "dress type", "skirt length", "dress length"},
		instead:  "name a category such as mini-skirt or maxi-dress in tag.CATEGORY"},
	"PANTS_TYPE": {doc: "The cut of a pair of trousers.", synonyms: []string{"pants type", "trouser type"},
		instead: "name a category such as chino or shorts in tag.CATEGORY"},
	"STYLE": {doc: "The look that the product is made for.", example: "casual", synonyms: []string{"look", "stijl"}},
	"OCCASION": {doc: "The occasion to wear it at.", example: "festive",
		synonyms: []string{"occasion", "anlass", "gelegenheid", "occasione"}},
	"ACTIVITY": {doc: "What one does in it.", example: "outdoor",
		synonyms: []string{"activity", "aktivität", "activiteit", "activité", "attività"}},
	"SPORT": {doc: "The sport that it is made for.", example: "running", synonyms: []string{"sport", "sportart"}},
	"TREATMENT": {doc: "How the finished product was treated.", example: "stonewashed",
		synonyms: []string{"treatment", "wash", "behandlung", "behandeling", "traitement", "trattamento"}},
	"PROMOTION": {doc: "A promotion that the product takes part in.", example: "black_friday_2017",
		synonyms: []string{"promotion", "aktion", "promotie", "promozione"}},
	"COLLAR": {doc: "The form of the collar.", example: "button_down",
		synonyms: []string{"collar", "collar type", "kragen", "kraag", "col", "colletto"},
		instead:  "leave the column out, or send version 2"},
	"CUFF": {doc: "The form of the cuffs.", example: "double",
		synonyms: []string{"cuff", "cuff type", "manschette", "manchet", "poignet", "polsino"},
		instead:  "leave the column out, or send version 2"},
	"CATEGORY": {doc: "The kind of product: a name of the category tree, or its path such as clothing/dress/gown.",
		example:  "clothing/dress/midi-dress",
		synonyms: []string{"category", "product category", "kategorie", "warengruppe", "categorie", "catégorie", "categoria"}},
}
