package parquet

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"bulkload/formats"
)

// The physical types of Parquet, by their numbers.
const (
	physicalBoolean = 0
	physicalInt32   = 1
	physicalInt64   = 2
	physicalInt96   = 3
	physicalFloat   = 4
	physicalDouble  = 5
	physicalBytes   = 6
	physicalFixed   = 7
)

// The repetitions.
const (
	required = 0
	optional = 1
	repeated = 2
)

// The logical types, by their numbers in the format's union.
const (
	logicalString    = 1
	logicalMap       = 2
	logicalList      = 3
	logicalEnum      = 4
	logicalDecimal   = 5
	logicalDate      = 6
	logicalTime      = 7
	logicalTimestamp = 8
	logicalInteger   = 10
	logicalUnknown   = 11
	logicalJSON      = 12
	logicalBSON      = 13
	logicalUUID      = 14
	logicalFloat16   = 15
	logicalVariant   = 16
	logicalGeometry  = 17
	logicalGeography = 18
	logicalInterval  = -1 // has no number there, only as a converted type
)

// field is a column as the schema describes it.
type field struct {
	name     string // of the root column, which names the feed's column
	path     string // for messages
	physical int32
	width    int // bytes of a value, 0 when they vary
	text     text
	list     bool
	// The levels of Parquet: how deep a value is defined, and whether it repeats.
	maxDefinition uint8
	outer         uint8 // of a list: the definition level at which the list exists, but is empty
}

// readSchema turns the tree of elements into columns, and refuses what rows cannot show.
func readSchema(schema []element) ([]field, error) {
	if len(schema) == 0 || schema[0].physical >= 0 {
		return nil, damaged("the Parquet schema has no root", nil)
	}
	var fields []field
	rest := schema[1:]
	for range schema[0].children {
		f, after, err := readColumn(rest)
		if err != nil {
			return nil, err
		}
		if len(fields) == maxColumns {
			return nil, damaged(fmt.Sprintf("the file has over %d columns", maxColumns), nil)
		}
		fields, rest = append(fields, f), after
	}
	if len(rest) > 0 {
		return nil, damaged(fmt.Sprintf("the Parquet schema has %d elements that belong to no column", len(rest)), nil)
	}
	if len(fields) == 0 {
		return nil, damaged("the Parquet file has no columns", nil)
	}
	return fields, nil
}

// readColumn takes one column of the root off the front of the elements: a plain one, or a list.
func readColumn(elements []element) (field, []element, error) {
	if len(elements) == 0 {
		return field{}, nil, damaged("the Parquet schema ends within a group", nil)
	}
	top := &elements[0]
	if !utf8.ValidString(top.name) {
		return field{}, nil, damaged(fmt.Sprintf("the name of column %q is not valid UTF-8", top.name), nil)
	}
	f := field{name: cleanName(top.name), path: top.name}
	leaf, rest := top, elements[1:]
	switch {
	case top.physical < 0:
		var err error
		if leaf, rest, err = readList(&f, elements); err != nil {
			return field{}, nil, err
		}
	case top.repetition == repeated:
		f.list, f.maxDefinition = true, 1
	case top.repetition == optional:
		f.maxDefinition = 1
	case top.repetition != required:
		return field{}, nil, damaged(fmt.Sprintf("column %q has the unknown repetition %d", f.path, top.repetition), nil)
	}
	if leaf.children > 0 {
		return field{}, nil, damaged(fmt.Sprintf("column %q has both values and children", f.path), nil)
	}
	if err := f.describe(leaf); err != nil {
		return field{}, nil, &formats.SyntaxError{Reason: fmt.Sprintf("column %q: %s", f.path, err)}
	}
	return f, rest, nil
}

// readList reads the shapes of a list of plain values:
//
//	group x (LIST) { repeated group list { optional string element } }
//	group x (LIST) { repeated string array }
func readList(f *field, elements []element) (leaf *element, rest []element, err error) {
	top := &elements[0]
	if !isList(top) || top.children != 1 || len(elements) < 2 || top.repetition == repeated {
		return nil, nil, nested(f.path, elements)
	}
	if top.repetition == optional {
		f.outer = 1
	}
	f.list, f.maxDefinition = true, f.outer+1
	inner := &elements[1]
	if inner.repetition != repeated {
		return nil, nil, nested(f.path, elements)
	}
	if inner.physical >= 0 {
		f.path += "." + inner.name
		return inner, elements[2:], nil
	}
	record := inner.name == "array" || inner.name == top.name+"_tuple" // by old writers' rule the group is the item
	if inner.children != 1 || len(elements) < 3 || elements[2].physical < 0 || elements[2].repetition == repeated || record {
		return nil, nil, nested(f.path, elements)
	}
	f.path += "." + inner.name + "." + elements[2].name
	if elements[2].repetition == optional {
		f.maxDefinition++
	}
	return &elements[2], elements[3:], nil
}

func isList(e *element) bool {
	return e.logical.kind == logicalList || e.logical.kind == 0 && e.converted == 3
}

// nested refuses a column by the path to its first values.
func nested(path string, elements []element) error {
	for i := 0; i+1 < len(elements) && elements[i].physical < 0 && elements[i].children > 0; i++ {
		path += "." + elements[i+1].name
	}
	return &formats.SyntaxError{
		Reason: fmt.Sprintf("column %q is nested, and a cell can hold only plain values and lists of them", path),
		Advice: "flatten it into columns of its own, or leave it out",
	}
}

// cleanName removes line breaks and outer blanks.
func cleanName(name string) string {
	return strings.TrimSpace(strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(name))
}

// describe settles how a column's values are stored and shown.
func (f *field) describe(leaf *element) error {
	f.physical = leaf.physical
	switch leaf.physical {
	case physicalBoolean:
		f.width = 1
	case physicalInt32, physicalFloat:
		f.width = 4
	case physicalInt64, physicalDouble:
		f.width = 8
	case physicalInt96:
		f.width = 12
	case physicalBytes:
	case physicalFixed:
		if leaf.length <= 0 || leaf.length > maxPage {
			return fmt.Errorf("its values should have a fixed length of %d bytes", leaf.length)
		}
		f.width = int(leaf.length)
	default:
		return fmt.Errorf("its values are stored in a way that is unknown, number %d", leaf.physical)
	}
	var err error
	f.text, err = chooseText(leaf.physical, leaf.length, logicalOf(leaf))
	return err
}

// logicalOf returns the logical type, taken from its older form when the file has only that.
func logicalOf(e *element) logical {
	if e.logical.kind != 0 || e.converted < 0 {
		return e.logical
	}
	switch e.converted {
	case 0:
		return logical{kind: logicalString}
	case 1, 2:
		return logical{kind: logicalMap}
	case 3:
		return logical{kind: logicalList}
	case 4:
		return logical{kind: logicalEnum}
	case 5:
		return logical{kind: logicalDecimal, scale: e.scale}
	case 6:
		return logical{kind: logicalDate}
	case 7, 8:
		return logical{kind: logicalTime, unit: int16(e.converted - 6), utc: true}
	case 9, 10:
		return logical{kind: logicalTimestamp, unit: int16(e.converted - 8), utc: true}
	case 11, 12, 13, 14:
		return logical{kind: logicalInteger, bits: 8 << (e.converted - 11)}
	case 15, 16, 17, 18:
		return logical{kind: logicalInteger, bits: 8 << (e.converted - 15), signed: true}
	case 19:
		return logical{kind: logicalJSON}
	case 20:
		return logical{kind: logicalBSON}
	case 21:
		return logical{kind: logicalInterval}
	}
	return logical{}
}

// chooseText picks the way a value is shown as text, and refuses a logical type that does not fit
// the physical one or has no plain text.
func chooseText(physical, length int32, l logical) (text, error) {
	t := text{scale: int(l.scale), utc: l.utc, unit: l.unit}
	fits := true
	switch l.kind {
	case logicalString, logicalEnum, logicalJSON:
		t.form, fits = formText, physical == physicalBytes
	case logicalDecimal:
		t.form = formDecimalBytes
		if physical == physicalInt32 || physical == physicalInt64 {
			t.form = formDecimal
		}
		fits = t.form == formDecimal || physical == physicalBytes || physical == physicalFixed
		if l.scale < 0 || l.scale > maxScale {
			return text{}, fmt.Errorf("its decimals have %d places, and only 0 to %d are read", l.scale, maxScale)
		}
	case logicalDate:
		t.form, fits = formDate, physical == physicalInt32
	case logicalTime:
		t.form, fits = formTime, knownUnit(l.unit) && (physical == physicalInt32) == (l.unit == 1) && (physical == physicalInt32 || physical == physicalInt64)
	case logicalTimestamp:
		t.form, fits = formTimestamp, knownUnit(l.unit) && physical == physicalInt64
	case logicalInteger:
		t.form = formUnsigned
		if l.signed {
			t.form = formSigned
		}
		fits = l.bits == 64 && physical == physicalInt64 || (l.bits == 8 || l.bits == 16 || l.bits == 32) && physical == physicalInt32
	case logicalUUID:
		t.form, fits = formUUID, physical == physicalFixed && length == 16
	case logicalFloat16:
		t.form, fits = formFloat16, physical == physicalFixed && length == 2
	case logicalMap, logicalList:
		fits = false
	case logicalBSON, logicalVariant, logicalGeometry, logicalGeography, logicalInterval:
		return text{}, errors.New("its values (BSON, variant, geometry or interval) have no plain text; leave the column out")
	default: // none, or one that this version does not know, which readers have to ignore
		t.form = physicalForm(physical)
	}
	if !fits {
		return text{}, fmt.Errorf("its type, %s, does not fit the way in which its values are stored, %s", nameOf(logicalNames, int32(l.kind)), nameOf(physicalNames, physical))
	}
	return t, nil
}

// The names that the format gives to its types, by which programs that write it show them too.
var (
	logicalNames = map[int32]string{logicalString: "STRING", logicalMap: "MAP", logicalList: "LIST", logicalEnum: "ENUM", logicalDecimal: "DECIMAL",
		logicalDate: "DATE", logicalTime: "TIME", logicalTimestamp: "TIMESTAMP", logicalInteger: "INTEGER", logicalJSON: "JSON", logicalUUID: "UUID",
		logicalFloat16: "FLOAT16"}
	physicalNames = map[int32]string{physicalBoolean: "BOOLEAN", physicalInt32: "INT32", physicalInt64: "INT64", physicalInt96: "INT96",
		physicalFloat: "FLOAT", physicalDouble: "DOUBLE", physicalBytes: "BYTE_ARRAY", physicalFixed: "FIXED_LEN_BYTE_ARRAY"}
)

func nameOf(names map[int32]string, number int32) string {
	if name := names[number]; name != "" {
		return name
	}
	return fmt.Sprint("number ", number)
}

func knownUnit(unit int16) bool { return unit >= 1 && unit <= 3 }

func physicalForm(physical int32) form {
	switch physical {
	case physicalBoolean:
		return formBoolean
	case physicalInt32, physicalInt64:
		return formSigned
	case physicalInt96:
		return formInt96
	case physicalFloat, physicalDouble:
		return formFloat
	default:
		return formBinary
	}
}
