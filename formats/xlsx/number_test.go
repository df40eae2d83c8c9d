package xlsx

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNumbers(t *testing.T) {
	cases := []struct {
		raw, want string
		result    numberResult
	}{
		{"0", "0", exact}, {"-0", "0", exact}, {"7", "7", exact}, {"-7", "-7", exact},
		{"28.99", "28.99", exact}, {"0.5", "0.5", exact}, {".5", "0.5", exact}, {"5.", "5", exact},
		{"1.50", "1.5", exact}, {"007", "7", exact}, {"+7", "7", exact}, {" 7\n", "7", exact},
		{"274.65000000000003", "274.65", exact}, {"0.1", "0.1", exact}, {"0.30000000000000004", "0.3", exact},
		{"242.26000000000002", "242.26", exact}, {"1.1000000000000001", "1.1", exact},
		{"5.060112345678E12", "5060112345678", exact}, {"5.060112345678e+12", "5060112345678", exact},
		{"5060112345678", "5060112345678", exact}, {"1E5", "100000", exact}, {"1e20", "100000000000000000000", exact},
		{"1e21", "1E+21", exact}, {"-1.5e300", "-1.5E+300", exact}, {"1e-9", "0.000000001", exact}, {"1.25E-9", "0.00000000125", exact},
		{"9.9e-10", "9.9E-10", exact}, {"0.0000000001", "1E-10", exact}, {"123456789012345", "123456789012345", exact},
		{"1234567890123456", "1234567890123460", digitsLost}, {"123456789012345678", "123456789012346000", digitsLost},
		{"1000000000000000000", "1000000000000000000", exact}, {"1.2345678901234567", "1.23456789012346", exact},
		{"999999999999999.9", "1000000000000000", exact},
		{"", "", notANumber}, {"-", "", notANumber}, {"1.2.3", "", notANumber}, {"1,5", "", notANumber}, {"1_0", "", notANumber},
		{"NaN", "", notANumber}, {"1e999", "", notANumber}, {"0x10", "", notANumber}, {"1e", "", notANumber},
		{strings.Repeat("1", 401), "", notANumber},
	}
	for _, c := range cases {
		got, result := appendNumber(nil, []byte(c.raw), nil, false)
		if string(got) != c.want || result != c.result {
			t.Errorf("appendNumber(%q) = %q, %d, want %q, %d", c.raw, got, result, c.want, c.result)
		}
	}
}

// The quick way must not differ from the way through a double, and no number may change by more
// than its sixteenth digit.
func TestNumbersAreNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringMatching(`-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?`),
			rapid.Map(rapid.Float64Range(-1e300, 1e300), func(f float64) string { return strconv.FormatFloat(f, 'G', 17, 64) }),
		).Draw(t, "text")
		got, result := appendNumber(nil, []byte(text), nil, false)
		if result == notANumber {
			t.Fatalf("%q is refused", text)
		}
		value, _ := strconv.ParseFloat(text, 64)
		want := strconv.FormatFloat(value, 'E', significant-1, 64)
		read, err := strconv.ParseFloat(string(got), 64)
		if err != nil || strconv.FormatFloat(read, 'E', significant-1, 64) != want && value != 0 {
			t.Fatalf("%q reads %q, which is not %s (%v)", text, got, want, err)
		}
		if again, _ := appendNumber(nil, got, nil, false); string(again) != string(got) {
			t.Fatalf("%q reads %q, and that %q", text, got, again)
		}
	})
}

func TestNumberFormats(t *testing.T) {
	cases := []struct{ code, raw, want string }{
		{"General", "44197", "44197"}, {"@", "44197", "44197"}, {"0.00", "1.5", "1.5"}, {"#,##0.00", "1234.5", "1234.5"},
		{"0%", "0.15", "0.15"}, {"0.00E+00", "12345", "12345"}, {"# ?/?", "0.5", "0.5"}, {`[$€-407] #,##0.00`, "9.5", "9.5"},
		{`"day" 0`, "5", "5"}, {`\d0`, "5", "5"}, {`0_d`, "5", "5"}, {`[Red]0`, "5", "5"}, {`0"dd/mm"`, "5", "5"},
		{"yyyy-mm-dd", "44197", "2021-01-01"}, {"m/d/yy", "44197.75", "2021-01-01"}, {"dd.mm.yyyy", "44197", "2021-01-01"},
		{`[$-409]d\-mmm\-yy;@`, "44197", "2021-01-01"}, {`[$-F800]dddd\,\ mmmm\ dd\,\ yyyy`, "44197", "2021-01-01"},
		{`yyyy"年"m"月"d"日"`, "44197", "2021-01-01"}, {"mmm-yy", "44197", "2021-01-01"}, {"MM", "44197", "2021-01-01"},
		{`[$-411]ge.m.d`, "44197", "2021-01-01"}, {"[Blue]yyyy", "44197", "2021-01-01"},
		{"yyyy-mm-dd hh:mm", "44197.75", "2021-01-01T18:00:00"}, {"m/d/yy h:mm AM/PM", "44197", "2021-01-01T00:00:00"},
		{"yyyy-mm-dd hh:mm:ss.000", "44197.000005787", "2021-01-01T00:00:00.500"},
		{"yyyy-mm-dd hh:mm:ss", "44196.999999", "2021-01-01T00:00:00"}, {"yyyy-mm-dd", "44196.9999", "2020-12-31"},
		{"h:mm", "0.75", "18:00:00"}, {"h:mm", "44197.75", "18:00:00"}, {"mm:ss", "0.5", "12:00:00"}, {"h AM/PM", "0.5", "12:00:00"},
		{"mm:ss.0", "0.000005787", "00:00:00.5"}, {"hh:mm:ss", "0.9999999", "00:00:00"},
		{"[h]:mm", "1.5", "36:00:00"}, {"[hh]:mm:ss", "10.632060185185185", "255:10:10"}, {"[mm]:ss", "0.5", "12:00:00"}, {"[h]:mm", "0.25", "06:00:00"},
		{"yyyy-mm-dd", "1", "1900-01-01"}, {"yyyy-mm-dd", "59", "1900-02-28"}, {"yyyy-mm-dd", "60", "1900-02-29"}, {"yyyy-mm-dd", "61", "1900-03-01"},
		{"yyyy-mm-dd", "0", "0"}, {"yyyy-mm-dd hh:mm", "0.5", "12:00:00"}, {"yyyy-mm-dd", "-1", "-1"},
		{"yyyy-mm-dd", "2958465", "9999-12-31"}, {"yyyy-mm-dd", "2958466", "2958466"}, {"yyyy-mm-dd hh:mm:ss", "2958465.9999999", "2958465.9999999"},
		{"00000", "123", "00123"}, {"00000", "123456", "123456"}, {"00000", "0", "00000"}, {"0000000000000", "630996510285", "0630996510285"},
		{"00000", "-5", "-5"}, {"00000", "1.5", "1.5"}, {"00000", "1.2E2", "00120"}, {"000-0000", "1234", "000-1234"}, {"000-0000", "12345678", "1234-5678"},
		{`"SKU "0000`, "12", "SKU 0012"}, {"#000", "5", "005"}, {"0,000", "5", "5"}, {"00.00", "5", "5"}, {"00%", "5", "5"}, {"00000;-00000", "7", "00007"}, {`"0"000`, "7", "0007"},
		{"yyyy;0", "-5", "-5"}, {"0;0;yyyy", "5", "5"}, {"[>40000]yyyy-mm-dd;0", "44197", "2021-01-01"}, {"[>40000]yyyy-mm-dd;0", "5", "5"},
		{"[<=10]00;[<=100]000;0000", "7", "07"}, {"[<=10]00;[<=100]000;0000", "50", "050"}, {"[<=10]00;[<=100]000;0000", "500", "0500"},
		{strings.Repeat("0", 256), "5", "5"}, {"00\x00", "5", "05"},
		{`"unclosed`, "5", "5"}, {`[unclosed`, "5", "5"}, {`\`, "5", "5"}, {"", "5", "5"}, {";;;", "5", "5"},
	}
	for _, c := range cases {
		f := parseFormat(c.code)
		if got, _ := appendNumber(nil, []byte(c.raw), &f, false); string(got) != c.want {
			t.Errorf("%q as %q reads %q, want %q", c.raw, c.code, got, c.want)
		}
	}
}

func TestBuiltInFormats(t *testing.T) {
	want := map[int]string{0: "44197.75", 1: "44197.75", 9: "44197.75", 14: "2021-01-01", 17: "2021-01-01", 18: "18:00:00", 21: "18:00:00",
		22: "2021-01-01T18:00:00", 27: "2021-01-01", 32: "18:00:00", 34: "2021-01-01", 36: "2021-01-01", 37: "44197.75", 45: "18:00:00",
		46: "1060746:00:00", 47: "18:00:00", 48: "44197.75", 49: "44197.75", 50: "2021-01-01", 55: "2021-01-01", 58: "2021-01-01", 59: "44197.75", 163: "44197.75"}
	for id, text := range want {
		f := builtIn(id)
		if got, _ := appendNumber(nil, []byte("44197.75"), &f, false); string(got) != text {
			t.Errorf("format %d reads %q, want %q", id, got, text)
		}
	}
	f := builtIn(34)
	if got, _ := appendNumber(nil, []byte("0.75"), &f, false); string(got) != "18:00:00" {
		t.Errorf("format 34 of a time reads %q", got)
	}
}

// Days all over both epochs are compared with the time package.
func TestDays(t *testing.T) {
	f := parseFormat("yyyy-mm-dd")
	for _, epoch := range []struct {
		from1904 bool
		zero     time.Time
		first    int
	}{{false, time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC), 61}, {true, time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC), 0}} {
		for day := epoch.first; ; day += 37 {
			want := epoch.zero.AddDate(0, 0, day)
			if want.Year() > 9999 {
				break
			}
			got, _ := appendNumber(nil, fmt.Append(nil, day), &f, epoch.from1904)
			if string(got) != want.Format(time.DateOnly) {
				t.Fatalf("day %d (1904: %v) reads %s, want %s", day, epoch.from1904, got, want.Format(time.DateOnly))
			}
		}
	}
}
