package sandbox

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors/fashiontrade/vocabulary"
)

// size is one reading of a variant's size.
type size struct {
	canonical string // the same for every spelling of it
	shown     string // read-only members that answers add, each behind a comma
}

// sizes reads sizes by the document's own regular expressions.
type sizes struct {
	categories map[string]string // spelling in lower case, to the size it maps to
	readers    map[string]func(text string) (size, error)
}

func newSizes() sizes {
	s := sizes{categories: make(map[string]string)}
	for _, category := range vocabulary.SizeCategories {
		name := strings.ReplaceAll(category.Name, " ", "_")
		for _, spelling := range slices.Concat(category.Spellings, category.Defined) {
			s.categories[spelling] = name
		}
	}
	s.readers = map[string]func(string) (size, error){
		vocabulary.CategoricalSize: s.categorical,
		vocabulary.ChildrenAgeSize: childrenAge(),
		vocabulary.ChildrenSize:    children(),
		vocabulary.EuMenSize:       evenFrom(40, 66),
		vocabulary.EuWomenSize:     evenFrom(30, 60),
		vocabulary.UkWomenSize:     evenFrom(2, 30),
		vocabulary.EuShirtSize:     shirt(),
		vocabulary.EuShoeSize:      shoe(),
		vocabulary.JeansSize:       jeans(),
	}
	return s
}

// sizeMembers are the members of every size type.
var sizeMembers = []member{
	{name: "type", required: true, check: anyText},
	{name: "size", check: anyText},
	{name: "size_name", check: anyText},
	{name: "category", readOnly: true},
	{name: "lower_bound", readOnly: true},
	{name: "upper_bound", readOnly: true},
	{name: "sleeve_length", readOnly: true},
}

// read reads a size object. OneSize alone may leave the size out, as the document's example does
// against its own table.
func (s *sizes) read(n *node) (size, error) {
	if err := object(n, sizeMembers); err != nil {
		return size{}, err
	}
	name, text := n.textOf("type"), n.textOf("size")
	_, sized := n.member("size")
	_, named := n.member("size_name")
	switch {
	case named && name != vocabulary.OtherSize:
		return size{}, within("size_name", misfitf("is only for OtherSize"))
	case name == vocabulary.OneSize:
		return size{canonical: name}, nil
	case !sized:
		return size{}, within("size", misfitf("is required"))
	case name == vocabulary.OtherSize && !named:
		return size{}, within("size_name", misfitf("is required for OtherSize"))
	case name == vocabulary.OtherSize:
		return size{canonical: fmt.Sprintf("%s %q %q", name, n.textOf("size_name"), text)}, nil
	}
	reader := s.readers[name]
	if reader == nil {
		return size{}, within("type", misfitf("%q is not a size type", name))
	}
	read, err := reader(text)
	if err != nil {
		return size{}, misfitf("%q is not a valid %s%v", text, name, err)
	}
	read.canonical = name + " " + read.canonical
	return read, nil
}

// sizeFault is why a size is not valid, as it follows the words that say so.
type sizeFault string

// Error returns the reason with what joins it to the words before it.
func (f sizeFault) Error() string {
	if f == "" {
		return ""
	}
	return ": " + string(f)
}

func (s *sizes) categorical(text string) (size, error) {
	category := s.categories[strings.ToLower(text)]
	if category == "" {
		return size{}, sizeFault("")
	}
	return size{category, fmt.Sprintf(`,"category":%q`, category)}, nil
}

// evenFrom reads one of the even numbers from least to most, without anything around it.
func evenFrom(least, most int) func(string) (size, error) {
	var valid []string
	for n := least; n <= most; n += 2 {
		valid = append(valid, strconv.Itoa(n))
	}
	return func(text string) (size, error) {
		if !slices.Contains(valid, text) {
			return size{}, sizeFault("it must be one of " + strings.Join(valid, ", "))
		}
		return size{canonical: text}, nil
	}
}

// childrenAge reads ages in months, up to 24, or years, up to 18.
func childrenAge() func(string) (size, error) {
	pattern := regexp.MustCompile(`^\s*(\d{1,2})([MY])(?:\s*[-/]?\s*(\d{1,2})([MY]))?\s*$`)
	return func(text string) (size, error) {
		m := pattern.FindStringSubmatch(text)
		if m == nil {
			return size{}, sizeFault("it does not match " + pattern.String())
		}
		most := map[string]int{"M": 24, "Y": 18}[m[2]]
		if m[4] != "" && m[4] != m[2] {
			return size{}, sizeFault("both ends of a range must have the same unit")
		}
		return span(m[1], m[3], 0, most, m[2])
	}
}

// children reads heights from 50 to 188 centimetres.
func children() func(string) (size, error) {
	pattern := regexp.MustCompile(`^\s*(\d{1,3})(?:\s*[-/]?\s*(\d{1,3}))?\s*$`)
	return func(text string) (size, error) {
		m := pattern.FindStringSubmatch(text)
		if m == nil {
			return size{}, sizeFault("it does not match " + pattern.String())
		}
		return span(m[1], m[2], 50, 188, "")
	}
}

// span reads a single number or a range, whose ends must be in order.
func span(from, to string, least, most int, unit string) (size, error) {
	if to == "" {
		to = from
	}
	low, _ := strconv.Atoi(from)
	high, _ := strconv.Atoi(to)
	switch {
	case low < least || high < least || low > most || high > most:
		return size{}, sizeFault(fmt.Sprintf("it must be within %d and %d%s", least, most, unit))
	case low > high:
		return size{}, sizeFault("the range ends before it begins")
	}
	return size{canonical: fmt.Sprintf("%d-%d%s", low, high, unit)}, nil
}

// shirt reads collars from 34 to 54 with a sleeve of 5 or 7, or none.
func shirt() func(string) (size, error) {
	pattern := regexp.MustCompile(`^([0-9]{2})\s?(?:-\s?([0-9]))?$`)
	return func(text string) (size, error) {
		m := pattern.FindStringSubmatch(text)
		if m == nil {
			return size{}, sizeFault("it does not match " + pattern.String())
		}
		if collar, _ := strconv.Atoi(m[1]); collar < 34 || collar > 54 {
			return size{}, sizeFault("the collar must be within 34 and 54")
		}
		switch m[2] {
		case "":
			return size{canonical: m[1]}, nil
		case "5", "7":
			return size{m[1] + "-" + m[2], `,"sleeve_length":` + m[2]}, nil
		}
		return size{}, sizeFault("the sleeve must be 5 or 7")
	}
}

// shoe reads halves from 16 to 60; letters for the width do not count.
func shoe() func(string) (size, error) {
	pattern := regexp.MustCompile(`^[A-Z]?\s*(\d{2}(?:\.\d)?)\s*[A-Z]?(?:-[A-Z]?\s*(\d{2}(?:\.\d)?)\s*[A-Z]?)?$`)
	return func(text string) (size, error) {
		m := pattern.FindStringSubmatch(text)
		if m == nil {
			return size{}, sizeFault("it does not match " + pattern.String())
		}
		if m[2] == "" {
			m[2] = m[1]
		}
		var bounds [2]float64
		for i, end := range m[1:] {
			bounds[i], _ = strconv.ParseFloat(end, 64)
			if bounds[i] < 16 || bounds[i] > 60 || bounds[i]*2 != float64(int(bounds[i]*2)) {
				return size{}, sizeFault("it must be a half or a whole number from 16 to 60")
			}
		}
		if bounds[0] > bounds[1] {
			return size{}, sizeFault("the range ends before it begins")
		}
		return size{fmt.Sprintf("%.1f-%.1f", bounds[0], bounds[1]),
			fmt.Sprintf(`,"lower_bound":%.1f,"upper_bound":%.1f`, bounds[0], bounds[1])}, nil
	}
}

// jeans reads a waist and, or not, a length, which have no bounds.
func jeans() func(string) (size, error) {
	pattern := regexp.MustCompile(`^\s*[Ww]?(\d{2})\s*[Xx\-]?\s*(?:[Ll]?(\d{2})\s*)?$`)
	return func(text string) (size, error) {
		m := pattern.FindStringSubmatch(text)
		if m == nil {
			return size{}, sizeFault("it does not match " + pattern.String())
		}
		return size{canonical: m[1] + "x" + m[2]}, nil
	}
}
