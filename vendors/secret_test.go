package vendors

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

// verbs are those of fmt, with flags.
var verbs = []string{"%s", "%v", "%+v", "%#v", "%q", "%#q", "%x", "%X", "%#x", "% x", "%d", "%10s", "%-10.3s", "%t", "%p", "%T", "%w", "%U", "%c", "%e", "%b", "%o"}

// holders are values that hold a secret in every way that a program may.
func holders(secret Secret) map[string]any {
	type open struct {
		Name  string
		Token Secret
	}
	type closed struct {
		name    string
		token   Secret
		account Account
	}
	type deep struct {
		inner  closed
		list   []Secret
		byName map[string]Secret
		any    any
	}
	shut := closed{"a", secret, Account{Token: secret}}
	return map[string]any{
		"secret": secret, "pointer": &secret, "exported field": open{"a", secret}, "pointer to one": &open{"a", secret},
		"unexported field": shut, "pointer to that": &shut, "account": Account{Token: secret}, "pointer to an account": &Account{Token: secret},
		"deep": deep{shut, []Secret{secret}, map[string]Secret{"a": secret}, secret}, "list": []Secret{secret}, "array": [1]Secret{secret},
		"map": map[string]Secret{"a": secret}, "any": []any{secret, &secret},
		"client": &Client{Account: &Account{Token: secret}}, "client by value": Client{Account: &Account{Token: secret}},
	}
}

// shows reports whether a text has the secret in it, plainly or in an encoding of fmt's verbs.
func shows(text, secret string) bool {
	tight := strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(text, "0x", ""), " ", ""))
	return strings.Contains(text, secret) || strings.Contains(tight, fmt.Sprintf("%x", secret)) ||
		strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(secret)))
}

func TestSecretHidesFromEveryVerb(t *testing.T) {
	const text = "s3cr3t-t0k3n"
	for name, value := range holders(NewSecret(text)) {
		for _, verb := range verbs {
			if got := fmt.Sprintf(verb, value); shows(got, text) {
				t.Errorf("%s with %s: %q shows the secret", name, verb, got)
			}
		}
		for _, got := range []string{fmt.Sprint(value), fmt.Sprintln(value), fmt.Errorf("with %v", value).Error(),
			errors.Join(fmt.Errorf("%+v", value)).Error()} {
			if shows(got, text) {
				t.Errorf("%s: %q shows the secret", name, got)
			}
		}
	}
	if got := fmt.Sprintf("%s %v %d %x", NewSecret(text), NewSecret(text), NewSecret(text), NewSecret(text)); got != "*** *** *** ***" {
		t.Errorf("a secret prints as %q, want ***", got)
	}
}

func TestSecretHidesFromEncodings(t *testing.T) {
	const text = "s3cr3t-t0k3n"
	secret := NewSecret(text)
	type settings struct{ Token Secret }
	encodings := map[string]func(any) ([]byte, error){
		"JSON": json.Marshal,
		"YAML": yaml.Marshal,
		"XML":  xml.Marshal,
		"gob": func(v any) ([]byte, error) {
			var out bytes.Buffer
			err := gob.NewEncoder(&out).Encode(v)
			return out.Bytes(), err
		},
	}
	for name, encode := range encodings {
		for _, value := range []any{settings{secret}, &settings{secret}} {
			got, err := encode(value)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if shows(string(got), text) || !bytes.Contains(got, []byte(hidden)) {
				t.Errorf("%s of %T: %q, want *** in place of the secret", name, value, got)
			}
		}
	}
	got, err := json.Marshal(map[string]any{"all": []any{secret, &secret, Account{Token: secret}}})
	if err != nil || shows(string(got), text) {
		t.Errorf("JSON: %s, %v", got, err)
	}
}

func TestSecretHidesFromLogs(t *testing.T) {
	const text = "s3cr3t-t0k3n"
	var out bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		log := slog.New(handler)
		for name, value := range holders(NewSecret(text)) {
			log.With("with", value).Error("failed", name, value, slog.Group("group", "in", value))
		}
	}
	if shows(out.String(), text) || !strings.Contains(out.String(), hidden) {
		t.Errorf("the log shows the secret:\n%s", out.String())
	}
}

func TestSecretsAreComparedByTheirText(t *testing.T) {
	a, b, other := NewSecret("one-secret"), NewSecret("one-secret"), NewSecret("another")
	if !a.Equal(b) || a.Equal(other) || !(Secret{}).Equal(NewSecret("")) || a.Equal(Secret{}) {
		t.Error("Equal does not compare the texts")
	}
	if a.Reveal() != "one-secret" || a.Empty() || !NewSecret("").Empty() || (Secret{}).Reveal() != "" {
		t.Error("Reveal or Empty is wrong")
	}
	if diff := cmp.Diff(Account{Token: a}, Account{Token: other}); diff == "" || shows(diff, "one-secret") || shows(diff, "another") {
		t.Errorf("the difference of two accounts is %q", diff)
	}
}
