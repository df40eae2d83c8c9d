package faire

import (
	"context"
	"net/http"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/faire/vocabulary"
	"bulkload/vendors/schema"
)

// Retailers are those who have ordered. Each row is a question for the public profile of one (faire:1916).
var Retailers = &vendors.Resource{
	Name: "retailers",
	Doc:  "look retailers up by their IDs, as orders carry them",
	Noun: vendors.Noun{One: "retailer", Many: "retailers"},
	Schema: schema.Schema{
		{Name: "retailer_id", Clause: clause(1928), Required: true, Example: "r_c9385ldj",
			Doc:      "Faire's ID of the retailer, beginning with r_, as an order carries it.",
			Checks:   []schema.Check{namedBy("retailer.id", 1588, vocabulary.RetailerID, "a retailer", "r_c9385ldj")},
			Synonyms: []string{"retailer", "retailer no", "retailer number", "customer id", "buyer id"}},
	},
	Key:     "retailer_id",
	Batch:   1,
	Repeat:  vendors.Harmless,
	Encode:  encodeRetailer,
	Ask:     askRetailer,
	Answers: retailerAnswers,
	Answer:  answerRetailer,
	Example: []map[string]string{{"retailer_id": "r_c9385ldj"}},
}

// retailerAnswers is the public profile (faire:1919). Its retailer_id is the question's.
var retailerAnswers = schema.Schema{
	{Name: "name", Clause: clause(1921), Shared: true, Doc: "The retailer's name.", Example: "Tom's Toque Emporium"},
}

// retailerQuestion is whom is asked for.
type retailerQuestion struct {
	ID string `json:"retailer_id"`
}

func encodeRetailer(e *vendors.Entity) any {
	if len(e.Records) == 0 || !e.Sound() {
		return nil
	}
	return &retailerQuestion{e.Records[0].Text("retailer_id")}
}

// askRetailer asks for a profile. A retailer whom Faire does not know is an answer of no rows.
func askRetailer(ctx context.Context, client *vendors.Client, e *vendors.Entity) ([]byte, error) {
	response, err := client.Do(ctx, vendors.Request{Method: http.MethodGet, Path: "/retailers/public/" + segment(e.Key), JSON: true,
		Header: http.Header{"Accept": {"application/json"}}, Answers: []int{http.StatusNotFound}})
	if err != nil {
		return nil, err
	}
	if response.Status == http.StatusNotFound {
		return []byte("{}"), nil
	}
	return response.Body, nil
}

// answerRetailer reads a profile; nothing when there was none. Whom it is of stands in the question.
func answerRetailer(body []byte) ([]map[string]string, error) {
	profile, err := readObject(body)
	if err != nil || profile["retailer_id"] == nil {
		return nil, err
	}
	delete(profile, "retailer_id")
	f := flattener{retailerAnswers, make(map[string]string)}
	f.object("", profile, 0)
	return []map[string]string{f.row}, nil
}

// namedBy is the rule that an ID of Faire's begins as its kind does.
func namedBy(rule string, line int, prefix, what, example string) schema.Check {
	return schema.Check{
		Rule: &schema.Rule{ID: rule, Clause: clause(line), Sentence: "Faire's ID of " + what + " begins with " + prefix + ", as " + example},
		OK:   func(value []byte) bool { return isID(value, prefix) },
		Explain: func(value string) (message, suggestion string) {
			if lower := strings.ToLower(strings.TrimPrefix(value, "#")); isID([]byte(lower), prefix) {
				return "", lower
			}
			return "", ""
		},
	}
}

// isID reports whether a text is an ID of a kind: its prefix, and letters, digits, hyphens or underscores.
func isID(value []byte, prefix string) bool {
	if len(value) <= len(prefix) || string(value[:len(prefix)]) != prefix {
		return false
	}
	for _, c := range value[len(prefix):] {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
