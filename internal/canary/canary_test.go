package canary_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/internal/canary"
)

// written are the ways in which a program may give a secret away.
func written(t *testing.T, secret string) map[string]string {
	t.Helper()
	object, err := json.Marshal(map[string]string{"message": "wrong token " + secret})
	if err != nil {
		t.Fatal(err)
	}
	nested, err := json.Marshal(string(object))
	if err != nil {
		t.Fatal(err)
	}
	forms := map[string]string{
		"plain": "token " + secret + ".", "first half": secret[:len(secret)/2+4], "second half": secret[len(secret)/2-4:],
		"query": "?token=" + url.QueryEscape(secret), "path": "/" + url.PathEscape(secret), "JSON": string(object), "JSON in JSON": string(nested),
		"HTML": html.EscapeString(secret), "Go": fmt.Sprintf("%q", secret), "hexadecimal": hex.EncodeToString([]byte(secret)), "HEX": fmt.Sprintf("%X", secret),
	}
	for before := range 4 {
		text := []byte(strings.Repeat("u", before) + secret + ":password")
		forms[fmt.Sprintf("base64 behind %d", before)] = base64.StdEncoding.EncodeToString(text)
		forms[fmt.Sprintf("URL base64 behind %d", before)] = base64.URLEncoding.EncodeToString(text)
	}
	return forms
}

func TestIn(t *testing.T) {
	planted, other := canary.New("token_file"), canary.New("other")
	for name, text := range written(t, planted.Text()) {
		if planted.In([]byte("before "+text+" after")) == "" {
			t.Errorf("%s: not found in %q", name, text)
		}
		if got := other.In([]byte(text)); got != "" {
			t.Errorf("%s: another canary is found as %s", name, got)
		}
	}
	for _, text := range []string{"", "***", "Bearer ***", `%7/+***<"&\=>`} {
		if got := planted.In([]byte(text)); got != "" {
			t.Errorf("found in %q as %s", text, got)
		}
	}
}

func TestTextMayStandAnywhere(t *testing.T) {
	text := canary.New("x").Text()
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }) || strings.ContainsAny(text, "'$`") {
		t.Errorf("%q cannot stand in a header or a shell's word", text)
	}
	if url.QueryEscape(text) == text || html.EscapeString(text) == text || fmt.Sprintf("%q", text) == `"`+text+`"` {
		t.Errorf("%q looks the same in another encoding", text)
	}
}

// TestSearchFindsPlantedLeaks writes a secret in every encoding, and into files of every kind that the
// program writes: each must be found.
func TestSearchFindsPlantedLeaks(t *testing.T) {
	planted := canary.New("token_env")
	columns := []formats.Column{{Name: "row", Type: formats.Number}, {Name: "message"}}
	endings := []string{".txt", ".json"}
	for _, ending := range feed.Endings() {
		endings = append(endings, ending, ending+".gz", ending+".zst")
	}
	for name, text := range written(t, planted.Text()) {
		for _, ending := range endings {
			if ending != ".txt" && name != "JSON" && name != "base64 behind 2" {
				continue // the unpacked text is looked at in the same way
			}
			dir := t.TempDir()
			path := filepath.Join(dir, "deep", "below", "out"+ending)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, path, columns, text)
			finds, err := canary.Search(dir, canary.New("other"), planted)
			if err != nil {
				t.Fatal(err)
			}
			if len(finds) == 0 || !strings.HasPrefix(finds[0], path) || !strings.Contains(finds[0], "token_env as ") {
				t.Errorf("%s in %s: finds %q", name, ending, finds)
			}
		}
	}
}

func write(t *testing.T, path string, columns []formats.Column, text string) {
	t.Helper()
	if feed.CheckName(path) != nil {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	o, err := feed.Create(path, columns, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := o.Write([][]byte{fmt.Append(nil, i), []byte(text)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSearchOfNothing(t *testing.T) {
	dir := t.TempDir()
	planted := canary.New("a")
	for name, content := range map[string]string{"empty": "", "cut.xlsx": "PK\x03\x04", "cut.gz": "\x1f\x8b", "cut.zst": "\x28\xb5\x2f\xfd\x00", "cut.parquet": "PAR1PAR1", "text": "all is well"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if finds, err := canary.Search(dir, planted); err != nil || finds != nil {
		t.Errorf("finds %q, %v", finds, err)
	}
	if err := os.WriteFile(filepath.Join(dir, url.PathEscape(planted.Text())), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if finds, err := canary.Search(dir, planted); err != nil || len(finds) != 1 {
		t.Errorf("in a file's name: finds %q, %v", finds, err)
	}
}
