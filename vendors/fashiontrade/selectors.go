package fashiontrade

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"bulkload/vendors"
	"bulkload/vendors/fashiontrade/vocabulary"
	"bulkload/vendors/schema"
)

// Selector says whom prices or stock are for, as it is sent. A nil list is left out and means everybody,
// an empty one is sent as [] and means nobody (fashiontrade:3807).
type Selector struct {
	Countries      []string `json:"countries,omitzero"`
	RetailerGroups []string `json:"retailer_groups,omitzero"`
}

// nobody is the word by which a cell says that a selector's list is empty. An empty cell means everybody.
const nobody = "NONE"

// countriesMixed is the rule of the cells that a selector is made of.
var countriesMixed = &schema.Rule{ID: "countries.mixed", Clause: clause(3807),
	Sentence: "the cell lists countries, or is NONE alone for none of them, or is empty for all"}

// selectorRules lists the rules of a selector that share.selector applies.
var selectorRules = []*schema.Rule{countriesMixed}

// countriesField is the column of a selector's countries, which the document defines in this line.
func countriesField(line int, shared bool, what string) schema.Field {
	return schema.Field{Name: "countries", Clause: clause(line), List: true, Shared: shared, Example: "NL|BE",
		Doc: "The countries that " + what + ", as codes of two letters such as NL|BE; empty for all countries, " +
			"NONE for none.",
		Values: schema.NewValues(vocabulary.Countries...).Also(nobody), Explain: explainCountry,
		Synonyms: []string{"country", "country code", "country codes", "market", "markets", "land", "länder",
			"länderkürzel", "landen", "pays", "paese", "paesi"}}
}

// groupsField is the column of a selector's retailer groups, which only price lists have.
func groupsField() schema.Field {
	return schema.Field{Name: "retailer_groups", Clause: clause(3811), List: true, Shared: true, Example: "Key accounts",
		Doc: "The retailer groups, also called price groups, that the prices are for; empty for all retailers.",
		Synonyms: []string{"retailer group", "price group", "price groups", "customer group", "customer groups",
			"preisgruppe", "preisgruppen", "kundengruppe", "prijsgroep", "prijsgroepen", "groupe de prix",
			"gruppo prezzi"}}
}

// countryMeanings are the words of feeds, in lower case, for countries. Codes of three letters are looked up.
var countryMeanings = map[string]string{
	"uk": "GB", "el": "GR", "united kingdom": "GB", "great britain": "GB", "england": "GB", "usa": "US", "u.s.a.": "US",
	"united states": "US", "germany": "DE", "deutschland": "DE", "duitsland": "DE", "allemagne": "DE", "germania": "DE",
	"netherlands": "NL", "the netherlands": "NL", "holland": "NL", "nederland": "NL", "niederlande": "NL", "pays-bas": "NL",
	"paesi bassi": "NL", "belgium": "BE", "belgien": "BE", "belgië": "BE", "belgique": "BE", "belgio": "BE", "france": "FR",
	"frankreich": "FR", "frankrijk": "FR", "francia": "FR", "italy": "IT", "italien": "IT", "italië": "IT", "italie": "IT",
	"italia": "IT", "spain": "ES", "spanien": "ES", "spanje": "ES", "espagne": "ES", "spagna": "ES", "españa": "ES",
	"austria": "AT", "österreich": "AT", "oostenrijk": "AT", "autriche": "AT", "switzerland": "CH", "schweiz": "CH",
	"zwitserland": "CH", "suisse": "CH", "svizzera": "CH", "denmark": "DK", "dänemark": "DK", "denemarken": "DK",
	"sweden": "SE", "schweden": "SE", "zweden": "SE", "norway": "NO", "norwegen": "NO", "noorwegen": "NO", "finland": "FI",
	"finnland": "FI", "ireland": "IE", "irland": "IE", "ierland": "IE", "poland": "PL", "polen": "PL", "portugal": "PT",
	"greece": "GR", "griechenland": "GR", "luxembourg": "LU", "luxemburg": "LU", "japan": "JP", "china": "CN",
	"canada": "CA", "kanada": "CA", "australia": "AU", "australien": "AU", "none": nobody, "keine": nobody, "geen": nobody,
	"aucun": nobody, "nessuno": nobody,
}

// explainCountry explains a value that is no officially assigned code.
func explainCountry(value string) (message, suggestion string) {
	message = fmt.Sprintf("%q is not an officially assigned country code of two letters", value)
	lower := strings.ToLower(value)
	switch meant := countryMeanings[lower]; {
	case meant == nobody:
		return fmt.Sprintf("%q must be written %s", value, nobody), nobody
	case meant != "":
		return message + "; the country's is " + meant, meant
	case lower == "eu" || lower == "europe" || lower == "europa":
		return message + "; a union is not a country: name each country of it", ""
	case lower == "all" || lower == "alle" || lower == "world" || lower == "*":
		return message + "; leave the cell empty for all countries", ""
	}
	if codes := strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(",;/ ", r) }); len(codes) > 1 &&
		!slices.ContainsFunc(codes, func(code string) bool { return !slices.Contains(vocabulary.Countries, code) }) {
		return message + "; several are separated by |", strings.Join(codes, "|")
	}
	region, err := language.ParseRegion(value) // knows capitals from small letters and codes of three letters
	if code := region.String(); err == nil && slices.Contains(vocabulary.Countries, code) {
		return message + "; the country's is " + code, code
	}
	return message, ""
}

// A share is some records of an entity that share values: all of a price list's, or those of one stock
// batch.
type share struct {
	entity  *vendors.Entity
	records []int // indices in the entity; nil: all
}

// first returns the first record that has a value in the field's column, and the value; -1 when none has.
func (s *share) first(field string) (record int, value []byte) {
	record = -1
	s.each(field, func(i int, r *schema.Record, column int) bool {
		if value = r.Values[column]; len(value) > 0 {
			record = i
		}
		return record < 0
	})
	return record, value
}

// spoilt reports whether any record's value of the field broke a rule.
func (s *share) spoilt(field string) bool {
	spoilt := false
	s.each(field, func(_ int, r *schema.Record, column int) bool {
		spoilt = r.Bad[column]
		return !spoilt
	})
	return spoilt
}

// each calls yield with the records until it returns false, when the feed has the field's column.
func (s *share) each(field string, yield func(i int, r *schema.Record, column int) bool) {
	all := s.entity.Records
	if len(all) == 0 {
		return
	}
	column := all[0].Layout.Column(field)
	if column < 0 {
		return
	}
	count := len(s.records)
	if s.records == nil {
		count = len(all)
	}
	for i := range count {
		if s.records != nil {
			i = s.records[i]
		}
		if !yield(i, &all[i], column) {
			return
		}
	}
}

func (s *share) add(record int, rule *schema.Rule, field, message, suggestion string) {
	s.entity.Add(schema.Problem{Rule: rule, Record: record, Field: field, Message: message, Suggestion: suggestion})
}

// selector makes the selector of the records, its lists in order and each value once. What is wrong with
// it becomes a problem of the entity, and the selector is then of no use.
func (s *share) selector() Selector {
	record, cell := s.first("countries")
	countries := set(cell)
	if record >= 0 && !s.spoilt("countries") {
		switch {
		case len(countries) == 0:
			s.add(record, countriesMixed, "countries", fmt.Sprintf(
				"%q lists no country; leave the cell empty for all countries, or write %s for none", cell, nobody), "")
		case countries[0] == nobody && len(countries) == 1:
			countries = []string{}
		case slices.Contains(countries, nobody):
			s.add(record, countriesMixed, "countries", fmt.Sprintf("%q has countries beside %s", cell, nobody), "")
		}
	}
	_, cell = s.first("retailer_groups")
	return Selector{Countries: countries, RetailerGroups: groups(cell)}
}

// groups reads the cell of the retailer groups. NONE alone means that no group is selected; a group that
// is really called so is written twice, NONE|NONE, to tell it apart.
func groups(cell []byte) []string {
	if string(cell) == nobody {
		return []string{}
	}
	return set(cell)
}

// set lists the values of a cell in order, each once; nil when there are none.
func set(cell []byte) []string {
	var values []string
	schema.Items(cell, func(item []byte) bool {
		if len(item) > 0 {
			values = append(values, string(item))
		}
		return true
	})
	slices.Sort(values)
	return slices.Compact(values)
}

// cells puts the selector into a row as a feed writes it.
func (s *Selector) cells(row map[string]string) {
	if countries := setCell(s.Countries); countries != "" {
		row["countries"] = countries
	}
	switch groups := setCell(s.RetailerGroups); {
	case groups == nobody && len(s.RetailerGroups) > 0:
		row["retailer_groups"] = nobody + "|" + nobody
	case groups != "":
		row["retailer_groups"] = groups
	}
}

// setCell writes a list of a selector as a cell: empty for everybody, NONE for nobody.
func setCell(list []string) string {
	if list != nil && len(list) == 0 {
		return nobody
	}
	return schema.JoinItems(list)
}

// canonical puts the selector's sets in order.
func (s *Selector) canonical() {
	for _, list := range []*[]string{&s.Countries, &s.RetailerGroups} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
}
