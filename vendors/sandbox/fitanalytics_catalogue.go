package sandbox

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors/fitanalytics/vocabulary"
)

// rawOf is a part of a body as it was sent.
func rawOf(c *call, n *node) json.RawMessage { return json.RawMessage(c.body[n.start:n.end]) }

// fitCatalogue is one of the vendor's own lists.
type fitCatalogue struct {
	filters  []string
	includes []string // relations that are shown as an ID unless they are included
	extra    []string // members that are shown only when fields asks for them
	list     func(filter func(string) string) []map[string]any
}

// fitCatalogues are the lists, by their paths.
var fitCatalogues = map[string]*fitCatalogue{
	"brands":          {[]string{"category", "gender", "shopId", "shopLanguage", "shopCountry"}, nil, []string{"isTopReference"}, listBrands},
	"styles":          {[]string{"brand", "category", "gender", "garmentType", "shopLanguage", "shopCountry"}, []string{"garmentType"}, nil, listStyles},
	"reference-sizes": {[]string{"brand", "category", "gender", "shopLanguage", "shopCountry"}, []string{"sizingSystem"}, []string{"components", "tags"}, listSizes},
	"body-shapes":     {[]string{"gender", "height", "weight"}, nil, nil, listShapes},
}

// answer answers GET of a list, and of one of its things.
func (f *fitCatalogue) answer(c *call) answer {
	if c.method != http.MethodGet {
		return fitMethods("GET")
	}
	includes := f.includes
	if includes == nil {
		includes = []string{}
	}
	query, refusal := fitQuery(c, f.filters, c.parts[0], includes)
	if refusal != nil {
		return *refusal
	}
	list := f.list(func(name string) string { return query.Get("filter[" + name + "]") })
	shown := []any{}
	for _, thing := range list {
		if len(c.parts) == 2 && thing["id"] == c.parts[1] {
			return fitData(http.StatusOK, f.shown(thing, query, c.parts[0]))
		}
		shown = append(shown, f.shown(thing, query, c.parts[0]))
	}
	if len(c.parts) == 2 {
		return fitRefusal(http.StatusNotFound, "not_found", "there is nothing with this ID")
	}
	return fitData(http.StatusOK, shown)
}

// shown leaves out what was not asked for: fields lists members, or * and further ones.
func (f *fitCatalogue) shown(thing map[string]any, query url.Values, kind string) map[string]any {
	fields := strings.Split(query.Get("fields["+kind+"]"), ",")
	all := fields[0] == "" || slices.Contains(fields, "*")
	shown := make(map[string]any)
	for name, value := range thing {
		relation := slices.Contains(f.includes, name)
		switch {
		case relation && slices.Contains(strings.Split(query.Get("include"), ","), name):
			shown[name] = value
		case relation:
			shown[name] = value.(map[string]string)["id"]
		case name == "id" || slices.Contains(fields, name) || all && !slices.Contains(f.extra, name):
			shown[name] = value
		}
	}
	return shown
}

// fitBrands are a few of the vendor's, the seven that are shown first before the others.
var fitBrands = []struct{ id, name string }{{"tommy-hilfiger", "Tommy Hilfiger"}, {"nike", "Nike"}, {"tnf", "The North Face"}, {"levis", "Levi's"},
	{"adidas", "adidas"}, {"river-island", "River Island"}, {"zara", "Zara"}, {"generic", "generic"}, {"asos", "ASOS"}, {"superdry", "Superdry"}}

func listBrands(func(string) string) []map[string]any {
	var list []map[string]any
	for i, b := range fitBrands {
		list = append(list, map[string]any{"id": b.id, "name": b.name, "isTopReference": i < 7})
	}
	return list
}

// findBrand gives a brand as it is included; nil when there is none.
func findBrand(id string) any {
	for _, b := range fitBrands {
		if b.id == id {
			return map[string]string{"id": b.id, "name": b.name}
		}
	}
	return nil
}

// either is the value of a filter, or all values that there are.
func either(value string, all []string) []string {
	if value != "" {
		return []string{value}
	}
	return all
}

// styleKinds are kinds of garments, by category: their IDs and names.
var styleKinds = map[string][][2]string{
	"lower": {{"denim_skinny", "skinny jeans"}, {"denim_slim", "slim jeans"}},
	"shoes": {{"sneakers", "sneakers"}, {"running", "running shoes"}},
}

// listStyles lists, for each brand, category and gender, every kind of garment as a style without a name, and
// two models of it (fit-analytics:465).
func listStyles(filter func(string) string) (list []map[string]any) {
	for _, brand := range either(filter("brand"), []string{"levis", "nike"}) {
		for _, category := range either(filter("category"), []string{"lower", "shoes"}) {
			for _, gender := range either(filter("gender"), vocabulary.Genders) {
				for _, kind := range styleKinds[category] {
					if wanted := filter("garmentType"); wanted != "" && wanted != kind[0] {
						continue
					}
					for model := range 3 {
						name := ""
						if model > 0 {
							name = fmt.Sprint(500 + lotOf(brand, kind[0])%50*2 + model)
						}
						list = append(list, map[string]any{"id": fmt.Sprint(100000 + lotOf("style", brand, category, gender, kind[0], name)%900000), "name": name,
							"category": category, "gender": gender, "garmentType": map[string]string{"id": kind[0], "name": kind[1]}})
					}
				}
			}
		}
	}
	return list
}

// listSizes lists letters and numbers for each brand, with two parts for lower garments and bras
// (fit-analytics:484, 523, 700).
func listSizes(filter func(string) string) (list []map[string]any) {
	category := filter("category")
	for _, brand := range either(filter("brand"), []string{"river-island", "levis", "generic"}) {
		number := lotOf("brand", brand) % 1000
		add := func(size int, name, label, tag string, components map[string]map[string]string) {
			list = append(list, map[string]any{"id": fmt.Sprintf("%d-%d-%s", number, size, label), "name": name, "label": label,
				"size": strconv.Itoa(size), "tags": []string{tag}, "components": components,
				"sizingSystem": map[string]string{"id": strings.ToLower(label), "name": label}})
		}
		part := func(code string) map[string]string { return map[string]string{"code": code} }
		for i, letter := range []string{"S", "M", "L", "XL"} {
			add(1428+i, letter, "XX", "letter", map[string]map[string]string{"main": part(letter)})
		}
		for i := range 6 {
			main := strconv.Itoa(40 + 2*i)
			switch category {
			case "lower":
				main = strconv.Itoa(28 + 2*i)
				add(2984+i, main+"/30", "WL", "numeric", map[string]map[string]string{"main": part(main), "length": part("30")})
			case "bra":
				main = strconv.Itoa(30 + 2*i)
				add(14441+i, main+"/B", "UK", "numeric", map[string]map[string]string{"main": part(main), "cup": part("B")})
			default:
				add(224+i, main, "DE", "numeric", map[string]map[string]string{"main": part(main)})
			}
		}
	}
	return list
}

// listShapes lists nine shapes of a gender and a body mass index (fit-analytics:595).
func listShapes(filter func(string) string) (list []map[string]any) {
	for _, gender := range either(filter("gender"), vocabulary.Genders) {
		bmi := strconv.Itoa(bodyMass(filter("height"), filter("weight")))
		letter := map[string]string{"m": "M", "w": "F", "b": "B", "g": "G"}[gender]
		for b := 1; b <= 3 && letter != ""; b++ {
			for c := 1; c <= 3; c++ {
				first := fmt.Sprintf("%s.%s.B%d", letter, bmi, b)
				id := fmt.Sprintf("%s.C%d", first, c)
				list = append(list, map[string]any{"id": id, "gender": gender, "bmi": bmi,
					"imageUrl1": "http://media.example.com/bodyshapes/" + first + ".png", "imageUrl2": "http://media.example.com/bodyshapes/" + id + ".png"})
			}
		}
	}
	return list
}

// bodyMass is the body mass index of cm and kg, from 16 to 40; 24 where they are not told.
func bodyMass(height, weight string) int {
	cm, errH := strconv.ParseFloat(height, 64)
	kg, errW := strconv.ParseFloat(weight, 64)
	if errH != nil || errW != nil || !(cm > 0) || !(kg > 0) {
		return 24
	}
	return int(max(16, min(40, math.Floor(kg/(cm*cm/10000)))))
}
