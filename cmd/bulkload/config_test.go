package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfigurationsThatHoldSecrets(t *testing.T) {
	tests := []struct {
		name, text string
		want       string // what the error says; "" none
	}{
		{"none", "accounts:\n  a: {vendor: fashiontrade, token_file: x}", ""},
		{"every setting there is", "accounts:\n  a: {vendor: v, base_url: u, api_version: '1', token_file: x, token_command: c, token_env: E, rate: 1/s, workers: 2, timeout: 1s, max_errors: [5%], limits: {r: {f: 9}}}", ""},
		{"an account that is called so", "accounts:\n  my-token:\n    vendor: fashiontrade", ""},
		{"token", "accounts:\n  a:\n    token: canary", "line 3: token: no secret"},
		{"capitals", "accounts:\n  a:\n    Access_Token: canary", "line 3: Access_Token: no secret"},
		{"password", "accounts: {a: {password: canary}}", "line 1: password: no secret"},
		{"api key", "accounts: {a: {api_key: canary}}", "api_key: no secret"},
		{"private key", "accounts: {a: {private-key: canary}}", "private-key: no secret"},
		{"at the top", "token: canary", "line 1: token: no secret"},
		{"a number", "accounts: {a: {secret: 12345}}", "secret: no secret"},
		{"unknown, but no secret", "accounts: {a: {vendor: faire, tokn_file: x}}", `account a: there is no setting "tokn_file"; did you mean token_file?`},
		{"a setting of another vendor", "accounts: {a: {vendor: faire, shop_id: x}}", `there is no setting "shop_id"`},
		{"no YAML", "accounts: [", "configuration"},
		{"a single budget", "accounts: {a: {max_errors: 5%}}", ""},
		{"budgets that are no list", "accounts: {a: {max_errors: {a: 1}}}", "line 1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bulkload.yaml")
			if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := readConfig(path)
			if (err == nil) != (test.want == "") || err != nil && (!strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "canary")) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestCheckBaseURL(t *testing.T) {
	for address, want := range map[string]string{
		"https://api.example.com/pim":   "",
		"http://127.0.0.1:80":           "",
		"":                              "is not an address",
		"api.example.com":               "is not an address",
		"ftp://api.example.com":         "is not an address",
		"https://":                      "is not an address",
		"https://u:canary@example.com":  "must have no user",
		"https://canary@example.com":    "must have no user",
		"https://u:ca%zznary@[example":  "must have no user",
		"https://example.com/?k=canary": "must have no user",
		"https://example.com/#canary":   "must have no user",
		"https://exa mple.com/pim":      "is not an address",
	} {
		err := checkBaseURL(address)
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary")) {
			t.Errorf("checkBaseURL(%q) = %v, want %q", address, err, want)
		}
	}
}
