package faslet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"bulkload/vendors/faslet/vocabulary"
	"bulkload/vendors/schema"
)

// contextAnswers are the fields of the answer of assistant/context (faslet:442).
func contextAnswers() schema.Schema {
	fields := append(commonAnswers(495), schema.Field{Name: "productContext.virtualTryOnImageUrl", Clause: clause(507), Example: "https://cdn.example.com/image.jpg",
		Doc: "The image that is used for trying the product on."})
	for _, key := range vocabulary.WidgetKeys {
		fields = append(fields, schema.Field{Name: "widgetConfiguration." + key, Clause: clause(510), Doc: "The widget's " + key + "."})
	}
	fields = append(fields, schema.Schema{
		{Name: "widgetConfiguration.localizationOverrides", Clause: clause(510), Doc: "The widget's own texts, as JSON."},
		{Name: "widgetConfiguration.virtualTryOn.enabled", Clause: clause(510), Type: schema.Boolean, Doc: "Whether the widget offers trying on."},
	}...)
	for i, capability := range [...]string{"sizeMe", "tryOn"} {
		fields = append(fields, capabilityAnswers(capability, 538+11*i)...)
	}
	return ofWhole(append(fields, schema.Schema{
		{Name: "experiments.activeVariants", Clause: clause(490), List: true, Doc: "The variants of experiments that are active."},
		{Name: "experiments.seenExperiments", Clause: clause(491), List: true, Doc: "The experiments that the shopper has seen."},
		{Name: "details", Clause: clause(562), Doc: "What else the vendor says of a failure, as JSON."},
	}...))
}

// capabilityAnswers are the fields of what the assistant can do, whose table begins at a line (faslet:534).
func capabilityAnswers(name string, line int) schema.Schema {
	under := "capabilities." + name + "."
	what := "to recommend a size"
	if name == "tryOn" {
		what = "to try the product on"
	}
	return append(append(schema.Schema{
		{Name: under + "name", Clause: clause(line), Doc: "The name of the capability."},
		{Name: under + "available", Clause: clause(line + 1), Type: schema.Boolean, Doc: "Whether the assistant is able " + what + "."},
	}, inputAnswers(under, "The inputs that are needed "+what, line+2)...),
		schema.Field{Name: under + "nextRequiredInputs", Clause: clause(line + 3), List: true, Doc: "The inputs that are still missing " + what + "."},
		schema.Field{Name: under + "reason", Clause: clause(line + 4), Doc: "Why the assistant is not able " + what + "."})
}

// inputAnswers are the fields of a list of AssistantInputRequirement (faslet:522): three lists of one order.
func inputAnswers(under, doc string, line int) schema.Schema {
	return schema.Schema{
		{Name: under + "requiredInputs.name", Clause: clause(line), List: true, Doc: doc + ": their names."},
		{Name: under + "requiredInputs.source", Clause: clause(line), List: true, Doc: doc + ": profile or product, in the same order."},
		{Name: under + "requiredInputs.required", Clause: clause(line), List: true, Doc: doc + ": whether they are required, in the same order."},
	}
}

// sizeMeAnswers are the fields of the answer of assistant/size-me (faslet:567, faslet:612).
func sizeMeAnswers() schema.Schema {
	fields := append(commonAnswers(585),
		schema.Field{Name: "recommendation.size", Clause: clause(592), Example: "M", Doc: "The label of the size that is recommended."})
	fields = append(fields, inputAnswers("", "The inputs that are needed for a size", 619)...)
	return ofWhole(append(fields, schema.Schema{
		{Name: "nextRequiredInputs", Clause: clause(620), List: true, Example: "height", Doc: "The inputs that are still missing."},
		{Name: "details", Clause: clause(621), Doc: "What else the vendor says of a failure, as JSON."},
	}...))
}

// commonAnswers are the fields that both answers of version 2 have. The line is that of the status.
func commonAnswers(line int) schema.Schema {
	return schema.Schema{
		{Name: "status", Clause: clause(line), Required: true, Example: vocabulary.Resolved,
			Doc: "resolved, or else why there is no answer: invalid_input, unavailable and others."},
		{Name: "message", Clause: clause(616), Doc: "What the vendor says of it."},
		{Name: "userId", Clause: clause(617), Example: "user-123", Doc: "The number of the shopper, for further questions."},
		{Name: "productContext.shopId", Clause: clause(502), Doc: "The shop."},
		{Name: "productContext.brand", Clause: clause(503), Doc: "The brand, as the vendor has it."},
		{Name: "productContext.productIdentifier", Clause: clause(504), Doc: "The number of the product, as the vendor has it."},
		{Name: "productContext.productName", Clause: clause(505), Doc: "The name of the product, as the vendor has it."},
		{Name: "productContext.productUrl", Clause: clause(506), Doc: "The address of the product, as the vendor has it."},
	}
}

// ofWhole marks all fields as those of the answer as a whole: it lists no things.
func ofWhole(fields schema.Schema) schema.Schema {
	for i := range fields {
		fields[i].Shared = true
	}
	return fields
}

// answered reads an answer: one row, the fields by their paths. A field below a list gathers those of its
// elements; an object that is itself a field is written as JSON.
func answered(body []byte, fields schema.Schema) ([]map[string]string, error) {
	var answer map[string]any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		return nil, fmt.Errorf("the answer is not the vendor's: %w", err)
	}
	if answer == nil {
		return nil, errors.New("the answer is not the vendor's: it is null")
	}
	row := make(map[string]string, len(fields))
	for i := range fields {
		text, err := cellOf(follow(answer, strings.Split(fields[i].Name, ".")), fields[i].List)
		if err != nil {
			return nil, err
		}
		if text != "" {
			row[fields[i].Name] = text
		}
	}
	return []map[string]string{row}, nil
}

// follow goes along a path of members. Of a list it follows each element.
func follow(value any, path []string) any {
	if len(path) == 0 {
		return value
	}
	switch value := value.(type) {
	case map[string]any:
		return follow(value[path[0]], path[1:])
	case []any:
		found := make([]any, len(value))
		for i := range value {
			found[i] = follow(value[i], path)
		}
		return found
	}
	return nil
}

// cellOf writes a value as a cell holds it; a list as one whose values are separated by |.
func cellOf(value any, list bool) (string, error) {
	values, ok := value.([]any)
	if !ok {
		text, err := textOf(value)
		if list && text != "" {
			text = schema.JoinItems([]string{text})
		}
		return text, err
	}
	items := make([]string, len(values))
	for i := range values {
		var err error
		if items[i], err = textOf(values[i]); err != nil {
			return "", err
		}
	}
	return schema.JoinItems(items), nil
}

// textOf writes one value: text as it is, nothing for null, all else as JSON.
func textOf(value any) (string, error) {
	switch value := value.(type) {
	case nil:
		return "", nil
	case string:
		return value, nil
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", fmt.Errorf("the answer is not the vendor's: %w", err)
	}
	return strings.TrimSuffix(text.String(), "\n"), nil
}
