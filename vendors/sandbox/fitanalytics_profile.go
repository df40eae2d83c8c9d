package sandbox

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors/fitanalytics/vocabulary"
)

var (
	fitAboveZero = fitNumber(regexp.MustCompile(`^[0-9.]*[1-9][0-9.]*$`), "must be above 0")
	fitWhole     = fitNumber(regexp.MustCompile(`^-?[0-9]+$`), "must be a whole number")
)

// profileMembers are those of a profile (fit-analytics:138, 309, 863).
var profileMembers = []member{
	{name: "id", check: someText},
	{name: "gender", check: oneOf(vocabulary.Genders)},
	{name: "height", check: fitAboveZero},
	{name: "weight", check: fitAboveZero},
	{name: "heightDisplayUnits", check: oneOf(vocabulary.DisplayUnits)},
	{name: "weightDisplayUnits", check: oneOf(vocabulary.DisplayUnits)},
	{name: "upperExplicitPreference", check: fitWhole},
	{name: "lowerExplicitPreference", check: fitWhole},
	{name: "age", check: fitNumber(regexp.MustCompile(`^[1-9][0-9]*$`), "must be a whole number from 1")},
	{name: "bodyShape", check: someText},
	{name: "braSize", check: someText},
	{name: "upperReferenceBrand", check: someText},
	{name: "upperReferenceSize", check: someText},
	{name: "lowerReferenceBrand", check: someText},
	{name: "lowerReferenceStyle", check: someText},
	{name: "lowerReferenceSize", check: someText},
	{name: "shoesReferenceBrand", check: someText},
	{name: "shoesReferenceSize", check: someText},
	{name: "isPrimary", check: anyBoolean},
}

// profileIncludes are the relations of a profile that are shown whole when they are asked for.
var profileIncludes = []string{"upperReferenceBrand", "lowerReferenceBrand", "shoesReferenceBrand"}

// fitProfile is a profile as it is known.
type fitProfile struct {
	id   string
	kept keptOf
	data map[string]json.RawMessage
}

func (p *fitProfile) text(name string) (text string) {
	json.Unmarshal(p.data[name], &text) // other kinds are no text
	return text
}

// profiles answers the calls of profiles.
func (f *fitFinder) profiles(c *call, who fitCustomer) answer {
	var id string
	if len(c.parts) == 2 {
		id = c.parts[1]
	}
	if err := f.logIn(who); err != nil {
		return internal(err)
	}
	mine, err := f.profilesOf(who)
	if err != nil {
		return internal(err)
	}
	switch {
	case c.method == http.MethodGet && id == "":
		return f.listProfiles(c, mine)
	case c.method == http.MethodPost && id == "":
		return f.createProfile(c, who, mine)
	case id == "":
		return fitMethods("GET, POST")
	case c.method != http.MethodGet && c.method != http.MethodPatch:
		return fitMethods("GET, PATCH")
	}
	at := slices.IndexFunc(mine, func(p fitProfile) bool { return p.id == id })
	if at < 0 {
		return fitRefusal(http.StatusNotFound, "not_found", "the customer has no such profile")
	}
	query, refusal := fitQuery(c, nil, "profiles", profileIncludes)
	if refusal != nil {
		return *refusal
	}
	if c.method == http.MethodPatch {
		return f.changeProfile(c, mine, &mine[at], query)
	}
	return fitData(http.StatusOK, mine[at].shown(query))
}

// logIn makes the user's what was made in the session before anybody was logged in (fit-analytics:861).
func (f *fitFinder) logIn(who fitCustomer) error {
	if who.sub == "" {
		return nil
	}
	for _, id := range f.owned["sess "+who.sess] {
		p, err := f.profile(id)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(p.kept.Records, func(record string) bool { return strings.HasPrefix(record, "sub ") }) {
			continue
		}
		p.kept.Records = append(p.kept.Records, "sub "+who.sub)
		f.owned["sub "+who.sub] = append(f.owned["sub "+who.sub], id)
		if err := f.keep(&p); err != nil {
			return err
		}
	}
	return nil
}

// profilesOf gives a customer's profiles, the user's first.
func (f *fitFinder) profilesOf(who fitCustomer) ([]fitProfile, error) {
	var mine []fitProfile
	records := who.records()
	slices.Reverse(records)
	for _, record := range records {
		for _, id := range f.owned[record] {
			if slices.ContainsFunc(mine, func(p fitProfile) bool { return p.id == id }) {
				continue
			}
			p, err := f.profile(id)
			if err != nil {
				return nil, err
			}
			mine = append(mine, p)
		}
	}
	return mine, nil
}

func (f *fitFinder) profile(id string) (p fitProfile, err error) {
	entity, _, err := f.stores["profiles"].get(id)
	if err == nil {
		err = json.Unmarshal(entity.body, &p.kept)
	}
	if err == nil {
		err = json.Unmarshal(p.kept.Data, &p.data)
	}
	p.id = id
	return p, err
}

// keep stores a profile.
func (f *fitFinder) keep(p *fitProfile) (err error) {
	if p.kept.Data, err = json.Marshal(p.data); err != nil {
		return err
	}
	body, err := json.Marshal(p.kept)
	if err != nil {
		return err
	}
	_, err = f.stores["profiles"].put(p.id, 1, body, false)
	return err
}

// shown is a profile as it is answered: with its ID, and what is included in place of its ID.
func (p *fitProfile) shown(query url.Values) map[string]any {
	shown := map[string]any{"id": p.id}
	for name, value := range p.data {
		if name != "id" {
			shown[name] = value
		}
	}
	for name := range strings.SplitSeq(query.Get("include"), ",") {
		if brand := findBrand(p.text(name)); name != "" && brand != nil {
			shown[name] = brand
		}
	}
	return shown
}

// listProfiles answers GET of all; 404 when there are none (fit-analytics:180).
func (f *fitFinder) listProfiles(c *call, mine []fitProfile) answer {
	query, refusal := fitQuery(c, []string{"gender", "isPrimary"}, "profiles", profileIncludes)
	if refusal != nil {
		return *refusal
	}
	primary, err := boolean(query, "filter[isPrimary]")
	if err != nil {
		return fitRefusal(http.StatusBadRequest, "invalid_query", err.Error())
	}
	list := []any{}
	for i := range mine {
		if gender := query.Get("filter[gender]"); gender != "" && mine[i].text("gender") != gender || primary && f.primary(mine, mine[i].text("gender")) != mine[i].id {
			continue
		}
		list = append(list, mine[i].shown(query))
	}
	if len(list) == 0 {
		return fitRefusal(http.StatusNotFound, "not_found", "there are no such profiles")
	}
	return fitData(http.StatusOK, list)
}

// primary is the ID of the primary profile of a gender.
func (f *fitFinder) primary(mine []fitProfile, gender string) (id string) {
	told := false
	for i := range mine {
		p := &mine[i]
		if p.text("gender") != gender {
			continue
		}
		says := string(p.data["isPrimary"]) == "true"
		if says == told && f.recent[p.id] > f.recent[id] || says && !told {
			id, told = p.id, says
		}
	}
	return id
}

// profileOfCall checks the profile in a body.
func profileOfCall(c *call) (map[string]json.RawMessage, *answer) {
	data, refusal := dataOfCall(c)
	if refusal != nil {
		return nil, refusal
	}
	if err := object(data, profileMembers); err != nil {
		return nil, new(fitRefusal(http.StatusUnprocessableEntity, "invalid_attribute", err.Error()))
	}
	sent := make(map[string]json.RawMessage)
	for i, name := range data.names {
		sent[name] = slices.Clone(c.body[data.items[i].start:data.items[i].end])
	}
	return sent, nil
}

// createProfile answers POST, which needs a gender (fit-analytics:378).
func (f *fitFinder) createProfile(c *call, who fitCustomer, mine []fitProfile) answer {
	sent, refusal := profileOfCall(c)
	switch {
	case refusal != nil:
		return *refusal
	case sent["id"] != nil:
		return fitRefusal(http.StatusUnprocessableEntity, "invalid_attribute", "id: a new profile gets its ID from the vendor")
	case sent["gender"] == nil:
		return fitErrors(http.StatusUnprocessableEntity, fitError{"422", vocabulary.RequiredAttribute, "Attribute gender is required", &fitSource{[]string{"gender"}}})
	}
	f.made++
	p := fitProfile{id: fitID("profile", strconv.Itoa(f.made), who.sess, who.sub), kept: keptOf{Records: who.records()}, data: sent}
	for _, record := range p.kept.Records {
		f.owned[record] = append(f.owned[record], p.id)
	}
	if string(sent["isPrimary"]) == "true" {
		if err := f.unseat(mine, &p); err != nil {
			return internal(err)
		}
	}
	return f.changed(c, &p, http.StatusCreated, nil)
}

// changeProfile answers PATCH, which changes what it names.
func (f *fitFinder) changeProfile(c *call, mine []fitProfile, p *fitProfile, query url.Values) answer {
	sent, refusal := profileOfCall(c)
	if refusal != nil {
		return *refusal
	}
	if id, ok := sent["id"]; ok && strings.Trim(string(id), `"`) != p.id {
		return fitRefusal(http.StatusUnprocessableEntity, "invalid_attribute", "id: is not the one in the path")
	}
	delete(sent, "id")
	maps.Copy(p.data, sent)
	if string(sent["isPrimary"]) == "true" {
		if err := f.unseat(mine, p); err != nil {
			return internal(err)
		}
	}
	return f.changed(c, p, http.StatusOK, query)
}

// unseat takes the place of the customer's other primary profiles of the gender: there is one.
func (f *fitFinder) unseat(mine []fitProfile, by *fitProfile) error {
	for i := range mine {
		p := &mine[i]
		if p.id == by.id || p.text("gender") != by.text("gender") || p.data["isPrimary"] == nil {
			continue
		}
		delete(p.data, "isPrimary")
		if err := f.keep(p); err != nil {
			return err
		}
	}
	return nil
}

// changed stores a profile and answers it.
func (f *fitFinder) changed(c *call, p *fitProfile, status int, query url.Values) answer {
	f.touch(p.id)
	if err := f.keep(p); err != nil {
		return internal(err)
	}
	if err := c.apply(p.id, c.body); err != nil {
		return internal(err)
	}
	return fitData(status, p.shown(query))
}
