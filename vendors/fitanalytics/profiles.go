package fitanalytics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"bulkload/vendors"
	"bulkload/vendors/fitanalytics/vocabulary"
	"bulkload/vendors/schema"
)

// Profiles are what shoppers said of themselves (fit-analytics:863). A row with the vendor's id changes that
// profile (PATCH), one without creates a new one (POST). They are asked for customer by customer.
var Profiles = &vendors.Resource{
	Name:     "profiles",
	Doc:      "create and change shoppers' profiles",
	Noun:     vendors.Noun{One: "profile", Many: "profiles"},
	Schema:   profileSchema(),
	Rules:    []*schema.Rule{profileGender, profileEmpty, heightTwice, weightTwice},
	Key:      "id",
	Else:     "sess", // of a profile that is to be created
	Besides:  []string{"sess", "sub", "gender"},
	Lane:     customerLane,
	Batch:    1,
	Repeat:   vendors.ByToken, // which there is none of: creating adds, changing does no harm
	Encode:   encodeProfile,
	Amend:    amendProfile,
	Upload:   uploadProfile,
	ReadBack: readBackProfile,
	Trace:    tracer(profileSchema()),
	Against:  []*schema.Rule{profileUnknown},
	Pages:    profilePages,
	Filters: []vendors.Filter{{Name: "filter[gender]", Doc: "profiles of one gender: m, w, b or g"},
		{Name: "filter[isPrimary]", Doc: "true: the profiles that are used where none is named"},
		{Name: "include", Doc: "relations to show whole, with commas between: upperReferenceBrand"},
		{Name: "fields[profiles]", Doc: "the fields to show, with commas between"}},
	Unlisted:  true,
	Aliases:   profileAliases,
	Decode:    decodeProfile,
	Canonical: canonicalProfile,
	Example: []map[string]string{
		{"sess": "m0wIPfpQHGc1QZXfI18juG", "sub": "1000", "gender": "m", "height": "180", "weight": "80", "heightDisplayUnits": "metric",
			"weightDisplayUnits": "metric", "upperExplicitPreference": "-1", "age": "32", "upperReferenceBrand": "tnf", "upperReferenceSize": "1430"},
		{"sess": "Qm9CbG9nZ3NTZXNzaW9u", "gender": "w", "height_ft_in": "5 ft 8 in", "weight_st_lb": "9 st 6 lb", "age": "28", "bodyShape": "F.20.B1.H2",
			"braSize": "0-14480-UK", "lowerReferenceBrand": "levis", "lowerReferenceStyle": "200658", "lowerReferenceSize": "264-2984-WL"},
	},
}

// The rules of profiles beyond those of single values.
var (
	profileGender = &schema.Rule{ID: "profile.gender", Clause: clause(378),
		Sentence: "a new profile needs its gender: m, w, b or g"}
	profileEmpty = &schema.Rule{ID: "profile.empty", Clause: clause(321),
		Sentence: "the row names a profile, but changes nothing in it"}
	profileUnknown = &schema.Rule{ID: "profile.unknown", Clause: clause(863),
		Sentence: "the customer has no profile of this ID; leave the ID out to create one"}
	heightTwice = &schema.Rule{ID: "height.twice", Clause: clause(321),
		Sentence: "a height is given in one column: in cm, or in feet and inches"}
	weightTwice = &schema.Rule{ID: "weight.twice", Clause: clause(321),
		Sentence: "a weight is given in one column: in kg, in pounds, or in stones and pounds"}
	heightMetric = &schema.Rule{ID: "height.metric", Clause: clause(144), Severity: schema.Warning,
		Sentence: "a height in cm is mostly from 50 to 250: 1.80 may be metres, 71 inches"}
	weightMetric = &schema.Rule{ID: "weight.metric", Clause: clause(145), Severity: schema.Warning,
		Sentence: "a weight in kg is mostly from 10 to 300"}
)

// imperial is the display unit of a measure that was given in feet or pounds.
const imperial = "imperial"

// profileSchema lists the customer's fields, then those of the document's profiles (fit-analytics:138).
func profileSchema() schema.Schema {
	shared := func(f schema.Field) schema.Field {
		f.Shared = true
		return f
	}
	within := func(least, most int64) func([]byte) bool {
		return func(value []byte) bool {
			d, ok := parseDecimal(value, 9, 6)
			for range d.scale {
				d.digits /= 10
			}
			return !ok || d.digits <= 0 || d.digits >= least && d.digits <= most
		}
	}
	exact := func(rule *schema.Rule, parse func([]byte) (decimal, bool)) []schema.Check {
		return []schema.Check{{Rule: rule, OK: func(value []byte) bool { _, ok := parse(value); return ok }}}
	}
	own := func(name string, line int, doc, example string, synonyms ...string) schema.Field {
		return shared(schema.Field{Name: name, Clause: clause(line), Doc: doc, Example: example, Synonyms: synonyms})
	}
	return append(customerFields(), schema.Schema{
		{Name: "id", Clause: clause(142), Example: "01ARZ3NDEKTSV4RRFFQ69G5FAV", MaxRunes: longestID,
			Doc: "The vendor's ID of a profile that is to be changed; empty to create one.", Synonyms: []string{"profile id", "profile"}},
		{Name: "gender", Clause: clause(863), Values: schema.NewValues(vocabulary.Genders...), Example: "m", Explain: explainCase(vocabulary.Genders, genderMeanings),
			Doc: "Whose garments the profile is for: m for men, w for women, b for boys, g for girls."},
		shared(schema.Field{Name: "height", Clause: clause(144), Type: schema.Decimal, Example: "180", Doc: "The height in cm.",
			Checks: []schema.Check{positive, {Rule: heightMetric, OK: within(50, 250)}}, Synonyms: []string{"height cm"}}),
		shared(schema.Field{Name: "height_ft_in", Clause: clause(321), Example: "5 ft 11 in", Checks: exact(heightImperial, feetAndInches.parse),
			Doc: "The height in feet and inches, in place of cm; it is sent in cm and shown in feet and inches.", Synonyms: []string{"height ft", "height feet"}}),
		shared(schema.Field{Name: "weight", Clause: clause(145), Type: schema.Decimal, Example: "80", Doc: "The weight in kg.",
			Checks: []schema.Check{positive, {Rule: weightMetric, OK: within(10, 300)}}, Synonyms: []string{"weight kg"}}),
		shared(schema.Field{Name: "weight_lb", Clause: clause(321), Type: schema.Decimal, Example: "176", Checks: exact(weightPounds, parsePounds),
			Doc: "The weight in pounds, in place of kg; it is sent in kg and shown in pounds.", Synonyms: []string{"weight pounds", "weight lbs"}}),
		shared(schema.Field{Name: "weight_st_lb", Clause: clause(321), Example: "12 st 8 lb", Checks: exact(weightImperial, stonesAndPounds.parse),
			Doc: "The weight in stones and pounds, in place of kg; it is sent in kg and shown in stones and pounds.", Synonyms: []string{"weight stone"}}),
		shared(schema.Field{Name: "heightDisplayUnits", Clause: clause(146), Values: schema.NewValues(vocabulary.DisplayUnits...), Example: "metric",
			Explain: explainCase(vocabulary.DisplayUnits, nil), Doc: "How the height is shown to the shopper; empty behind feet and inches means imperial."}),
		shared(schema.Field{Name: "weightDisplayUnits", Clause: clause(147), Values: schema.NewValues(vocabulary.DisplayUnits...), Example: "metric",
			Explain: explainCase(vocabulary.DisplayUnits, nil), Doc: "How the weight is shown to the shopper; empty behind pounds means imperial."}),
		shared(schema.Field{Name: "upperExplicitPreference", Clause: clause(148), Type: schema.Integer, Example: "-1",
			Doc: "The preferred fit of upper garments: below 0 tighter, above 0 looser."}),
		shared(schema.Field{Name: "lowerExplicitPreference", Clause: clause(161), Type: schema.Integer, Example: "1",
			Doc: "The preferred fit of lower garments: below 0 tighter, above 0 looser."}),
		shared(schema.Field{Name: "age", Clause: clause(149), Type: schema.Integer, Example: "32", Doc: "The age in years.", Checks: []schema.Check{positive}}),
		own("bodyShape", 150, "The ID of a body shape, as body-shapes lists them.", "M.24.B2.C2", "body shape"),
		own("braSize", 164, "The ID of a bra size, as reference-sizes lists them.", "0-14480-UK", "bra size"),
		own("upperReferenceBrand", 151, "The brand of an upper garment that fits, its ID as brands lists them.", "tnf"),
		own("upperReferenceSize", 152, "The size of that garment, its ID as reference-sizes lists them.", "1430"),
		own("lowerReferenceBrand", 165, "The brand of a lower garment that fits.", "levis"),
		own("lowerReferenceStyle", 166, "The style of that garment, its ID as styles lists them.", "200658"),
		own("lowerReferenceSize", 167, "The size of that garment.", "264-2984-WL"),
		own("shoesReferenceBrand", 309, "The brand of shoes that fit.", "nike"),
		own("shoesReferenceSize", 310, "The size of those shoes.", "264-226-DE"),
		shared(schema.Field{Name: "isPrimary", Clause: clause(863), Type: schema.Boolean, Example: "true",
			Doc: "Whether the profile is the one that is used where none is named.", Synonyms: []string{"primary"}}),
	}...)
}

// genderMeanings are words of feeds for genders.
var genderMeanings = map[string]string{"men": "m", "male": "m", "man": "m", "mens": "m", "f": "w", "women": "w", "female": "w", "woman": "w",
	"womens": "w", "boy": "b", "boys": "b", "girl": "g", "girls": "g"}

// profileData is a profile as it is sent.
type profileData struct {
	ID                      string      `json:"id,omitempty"`
	Gender                  string      `json:"gender,omitempty"`
	Height                  json.Number `json:"height,omitempty"`
	Weight                  json.Number `json:"weight,omitempty"`
	HeightDisplayUnits      string      `json:"heightDisplayUnits,omitempty"`
	WeightDisplayUnits      string      `json:"weightDisplayUnits,omitempty"`
	UpperExplicitPreference json.Number `json:"upperExplicitPreference,omitempty"`
	LowerExplicitPreference json.Number `json:"lowerExplicitPreference,omitempty"`
	Age                     json.Number `json:"age,omitempty"`
	BodyShape               string      `json:"bodyShape,omitempty"`
	BraSize                 string      `json:"braSize,omitempty"`
	UpperReferenceBrand     string      `json:"upperReferenceBrand,omitempty"`
	UpperReferenceSize      string      `json:"upperReferenceSize,omitempty"`
	LowerReferenceBrand     string      `json:"lowerReferenceBrand,omitempty"`
	LowerReferenceStyle     string      `json:"lowerReferenceStyle,omitempty"`
	LowerReferenceSize      string      `json:"lowerReferenceSize,omitempty"`
	ShoesReferenceBrand     string      `json:"shoesReferenceBrand,omitempty"`
	ShoesReferenceSize      string      `json:"shoesReferenceSize,omitempty"`
	IsPrimary               *bool       `json:"isPrimary,omitempty"`
}

// encodeProfile makes the profile of a customer's rows that name it.
func encodeProfile(e *vendors.Entity) any {
	if len(e.Records) == 0 {
		return nil
	}
	value := func(name string) []byte { return schema.Shared(e.Records, name) }
	word := func(name string) string { return string(value(name)) }
	p := &profileData{ID: word("id"), Gender: word("gender"), HeightDisplayUnits: word("heightDisplayUnits"), WeightDisplayUnits: word("weightDisplayUnits"),
		BodyShape: word("bodyShape"), BraSize: word("braSize"), UpperReferenceBrand: word("upperReferenceBrand"), UpperReferenceSize: word("upperReferenceSize"),
		LowerReferenceBrand: word("lowerReferenceBrand"), LowerReferenceStyle: word("lowerReferenceStyle"), LowerReferenceSize: word("lowerReferenceSize"),
		ShoesReferenceBrand: word("shoesReferenceBrand"), ShoesReferenceSize: word("shoesReferenceSize")}
	for name, number := range map[string]*json.Number{"height": &p.Height, "weight": &p.Weight, "age": &p.Age,
		"upperExplicitPreference": &p.UpperExplicitPreference, "lowerExplicitPreference": &p.LowerExplicitPreference} {
		if text := value(name); len(text) > 0 {
			*number = numberOf(text)
		}
	}
	if primary := value("isPrimary"); len(primary) > 0 {
		truth, _ := schema.ParseBoolean(primary)
		p.IsPrimary = &truth
	}
	convert(value, "height_ft_in", feetAndInches.parse, inchInCentimetres, &p.Height, &p.HeightDisplayUnits)
	convert(value, "weight_lb", parsePounds, poundInKilograms, &p.Weight, &p.WeightDisplayUnits)
	convert(value, "weight_st_lb", stonesAndPounds.parse, poundInKilograms, &p.Weight, &p.WeightDisplayUnits)
	checkProfile(e, p, value)
	e.Adds = p.ID == ""
	if !e.Sound() {
		return nil
	}
	return p
}

// convert puts a measure that is not metric in the place of the metric one, exactly, and has it shown as it
// was given unless the feed says otherwise.
func convert(value func(string) []byte, field string, parse func([]byte) (decimal, bool), by decimal, metric *json.Number, units *string) {
	given, ok := parse(value(field))
	if !ok {
		return
	}
	*metric = given.times(by).number()
	if *units == "" {
		*units = imperial
	}
}

// checkProfile applies the rules of several fields.
func checkProfile(e *vendors.Entity, p *profileData, value func(string) []byte) {
	given := func(names ...string) (count int) {
		for _, name := range names {
			if len(value(name)) > 0 {
				count++
			}
		}
		return count
	}
	if given("height", "height_ft_in") > 1 {
		e.Add(schema.Problem{Rule: heightTwice, Field: "height_ft_in"})
	}
	if given("weight", "weight_lb", "weight_st_lb") > 1 {
		field := "weight_lb"
		if given(field) == 0 {
			field = "weight_st_lb"
		}
		e.Add(schema.Problem{Rule: weightTwice, Field: field})
	}
	if p.ID == "" && p.Gender == "" {
		e.Add(schema.Problem{Rule: profileGender, Field: "gender"})
	}
	if p.ID != "" && *p == (profileData{ID: p.ID}) && e.Sound() {
		e.Add(schema.Problem{Rule: profileEmpty, Field: "id"})
	}
}

// amendProfile leaves alone what the vendor has as the feed says, and makes the customer's token ready.
func amendProfile(e *vendors.Entity, held *vendors.Held) (vendors.Amendment, error) {
	ours, err := readObject(e.Body)
	if err != nil {
		return vendors.Amendment{}, err
	}
	customer := customerOf(e)
	after := storedProfile{customer, ours}
	stored, err := heldProfile(customer, ours, held)
	if err != nil {
		return vendors.Amendment{}, err
	}
	body := json.RawMessage(e.Body)
	if stored != nil {
		e.Known, e.ID = true, stored.Key
		var theirs storedProfile
		if theirs.Data, err = profileOf(stored.Body); err != nil {
			return vendors.Amendment{}, err
		}
		if covers(theirs.Data, ours) {
			return vendors.Amendment{}, nil
		}
		if ours["id"] == nil { // found by its content, of which isPrimary is no part: to send all of it would make a second one
			ours = map[string]any{"id": stored.Key, "isPrimary": ours["isPrimary"]}
			if body, err = json.Marshal(ours); err != nil {
				return vendors.Amendment{}, err
			}
		}
		after.Data = theirs.with(ours)
	} else if ours["id"] != nil && held != nil && held.Find != nil && !held.Unasked {
		e.Add(schema.Problem{Rule: profileUnknown, Field: "id"})
	}
	e.Adds = ours["id"] == nil
	return vendors.Amendment{Body: body, After: after}, prepare(held, customer)
}

// heldProfile finds the profile that a row names, or, of a new one, the one that the customer has with the
// same content.
func heldProfile(customer Customer, ours map[string]any, held *vendors.Held) (*vendors.Stored, error) {
	if held == nil || held.Find == nil {
		return nil, nil
	}
	if id, ok := ours["id"].(string); ok {
		return held.Find(id)
	}
	return held.Find(contentAlias(customer, ours))
}

// covers reports whether a profile has all that ours says.
func covers(theirs, ours map[string]any) bool {
	for name, value := range ours {
		if oneSpelling(theirs[name]) != oneSpelling(value) {
			return false
		}
	}
	return true
}

// oneSpelling writes equal values alike: 180.0 as 180, and 28 as "28".
func oneSpelling(value any) string {
	cell := cellOf(value)
	if _, ok := value.(json.Number); ok && schema.IsDecimal([]byte(cell)) {
		return string(numberOf([]byte(cell)))
	}
	return cell
}

// storedProfile is a profile as the vendor answers it, with the customer who was asked for.
type storedProfile struct {
	Customer
	Data map[string]any `json:"data"`
}

// with is the profile after a change.
func (s *storedProfile) with(change map[string]any) map[string]any {
	merged := make(map[string]any, len(s.Data)+len(change))
	for _, from := range []map[string]any{s.Data, change} {
		for name, value := range from {
			merged[name] = value
		}
	}
	return merged
}

// uploadProfile creates or changes profiles one by one.
func uploadProfile(ctx context.Context, client *vendors.Client, u vendors.Upload) error {
	for _, e := range u.Entities {
		if err := sendProfile(ctx, client, u, e); err != nil {
			return err
		}
	}
	return nil
}

func sendProfile(ctx context.Context, client *vendors.Client, u vendors.Upload, e *vendors.Entity) error {
	request := vendors.Request{Method: http.MethodPost, Path: "/profiles", Body: inData(e.Body)}
	e.Outcome = vendors.Created
	sent, err := readObject(e.Body)
	if err != nil {
		return err
	}
	if id, ok := sent["id"].(string); ok {
		if u.CreateOnly {
			e.Outcome, e.Answer = vendors.Refused, &vendors.APIError{Status: http.StatusConflict, Message: "the row is of a profile that the vendor has, and --create-only changes none"}
			return nil
		}
		request.Method, request.Path = http.MethodPatch, "/profiles/"+segment(id)
		e.Outcome = vendors.Updated
	}
	response, err := call(ctx, client, customerOf(e), request)
	if err != nil {
		e.Outcome = vendors.Unsettled
		return err
	}
	e.Status = response.Status
	e.ID = profileID(response.Body, e.ID)
	return nil
}

// inData puts a body where the API expects it (fit-analytics:782).
func inData(body []byte) []byte {
	return append(append([]byte(`{"data":`), body...), '}')
}

// profileID is the ID in an answer; the one that is known where it has none.
func profileID(body []byte, known string) string {
	data, err := dataOf(body)
	var answer struct{ ID text }
	if err != nil || json.Unmarshal(data, &answer) != nil || answer.ID == "" {
		return known
	}
	return string(answer.ID)
}

// readBackProfile looks whether a new profile whose answer was lost is there.
func readBackProfile(ctx context.Context, client *vendors.Client, e *vendors.Entity) error {
	ours, err := readObject(e.Body)
	if err != nil || ours["id"] != nil {
		return err
	}
	customer := customerOf(e)
	stored, err := listProfiles(ctx, client, customer, url.Values{"filter[gender]": {cellOf(ours["gender"])}})
	if err != nil {
		return err
	}
	wanted := contentAlias(customer, ours)
	for _, s := range stored {
		for _, alias := range profileAliases(s) {
			if alias == wanted {
				e.Outcome, e.ID = vendors.Created, s.Key
			}
		}
	}
	return nil
}

// profileOf gives the profile in a body, the vendor's or our own.
func profileOf(body []byte) (map[string]any, error) {
	object, err := readObject(body)
	if err != nil {
		return nil, err
	}
	if data, ok := object["data"].(map[string]any); ok {
		return data, nil
	}
	return object, nil
}

// contentAlias names a profile by its customer and what it says, for want of a name that the feed knows.
// What the vendor adds by itself is no part of it, nor are members that it may add to its answers one day
// (fit-analytics:962).
func contentAlias(customer Customer, profile map[string]any) string {
	said := make(map[string]string, len(profile))
	for name, value := range profile {
		if text := oneSpelling(value); text != "" && profileContent[name] {
			said[name] = text
		}
	}
	content, _ := json.Marshal(said) // texts always can be
	alias := vendors.AppendPartKey(nil, []byte(customer.Session), []byte(customer.User))
	return string(vendors.AppendKeyItem(alias, content))
}

// profileAliases names a stored profile by its content, beside its ID.
func profileAliases(s vendors.Stored) []string {
	var stored storedProfile
	if json.Unmarshal(s.Body, &stored.Customer) != nil {
		return nil
	}
	data, err := profileOf(s.Body)
	if err != nil {
		return nil
	}
	return []string{contentAlias(stored.Customer, data)}
}

// profileContent are the members by which a new profile is known again.
var profileContent = contentOf(profileSchema())

func contentOf(fields schema.Schema) map[string]bool {
	content := make(map[string]bool, len(fields))
	for i := range fields {
		content[fields[i].Name] = true
	}
	for _, name := range [...]string{"sess", "sub", "id", "isPrimary"} {
		delete(content, name)
	}
	return content
}

// profileRelations are members that an include turns from an ID into an object (fit-analytics:834).
var profileRelations = []string{"bodyShape", "braSize", "upperReferenceBrand", "upperReferenceSize", "lowerReferenceBrand",
	"lowerReferenceStyle", "lowerReferenceSize", "shoesReferenceBrand", "shoesReferenceSize"}

// decodeProfile writes a profile as a row. Of what was included, the ID stands in the field's own column.
func decodeProfile(body []byte) ([]map[string]string, error) {
	var stored storedProfile
	if err := json.Unmarshal(body, &stored.Customer); err != nil {
		return nil, fmt.Errorf("the answer is not the vendor's: %w", err)
	}
	data, err := profileOf(body)
	if err != nil {
		return nil, err
	}
	row := flatten(data, nil)
	for _, name := range profileRelations {
		if id, ok := row[name+".id"]; ok {
			row[name] = id
			delete(row, name+".id")
		}
	}
	delete(row, "sess") // which only the customer has
	delete(row, "sub")
	if row["sess"] = stored.Session; stored.User != "" {
		row["sub"] = stored.User
	}
	return []map[string]string{row}, nil
}

// canonicalProfile writes what a profile says, equal values in one spelling.
func canonicalProfile(body []byte) ([]byte, error) {
	data, err := profileOf(body)
	if err != nil {
		return nil, err
	}
	said := make(map[string]string, len(data))
	for name, value := range data {
		if text := oneSpelling(value); text != "" {
			said[name] = text
		}
	}
	return json.Marshal(said)
}

var errNoCustomers = errors.New("profiles are asked for customer by customer: name the customers with --keys and a feed that has their sess, and sub")
