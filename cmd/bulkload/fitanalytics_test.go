package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestJWKS writes the public key of an account, and of a file, and nothing of the private one.
func TestJWKS(t *testing.T) {
	dir := t.TempDir()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	private := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	file := write("fa.pem", private)
	config := write("bulkload.yaml", "accounts:\n  fa:\n    vendor: fitanalytics\n    private_key_file: fa.pem\n    issuer: https://www.example.com\n    key_id: spring\n"+
		"  ft:\n    vendor: fashiontrade\n    token_env: T\n  bare:\n    vendor: fitanalytics\n    private_key_file: fa.pem\n")
	for _, test := range []struct {
		name string
		args []string
		code int
		want string // of what is said; of the key set: its kid
	}{
		{"an account", []string{"--config", config, "--account", "fa"}, 0, "spring"},
		{"a file", []string{"--key", file, "--key-id", "autumn"}, 0, "autumn"},
		{"a file without a name for its key", []string{"--key", file}, 0, ""},
		{"another vendor's account", []string{"--config", config, "--account", "ft"}, 1, "belongs to fashiontrade"},
		{"two accounts", []string{"--config", config}, 1, "say with --account"},
		{"an account without an issuer", []string{"--config", config, "--account", "bare"}, 1, "issuer"},
		{"no file", []string{"--key", filepath.Join(dir, "none")}, 1, "no such file"},
		{"another file", []string{"--key", config}, 1, "no private key in PEM"},
		{"both", []string{"--config", config, "--account", "fa", "--key", file}, 1, "none of the others can be"},
	} {
		p, said := testProgram(nil)
		code := p.run(append([]string{"fitanalytics", "jwks"}, test.args...))
		if code != test.code {
			t.Errorf("%s: exit %d, want %d: %s", test.name, code, test.code, said)
			continue
		}
		for i, line := range strings.Split(strings.TrimSpace(private), "\n") { // the modulus, which is public, comes first
			if i > 8 && !strings.HasPrefix(line, "-----") && strings.Contains(said.String(), line) {
				t.Errorf("%s: a part of the private key is shown", test.name)
			}
		}
		if code != 0 {
			if !strings.Contains(said.String(), test.want) {
				t.Errorf("%s: %s lacks %q", test.name, said, test.want)
			}
			continue
		}
		var set struct {
			Keys []struct{ Kid, N string }
		}
		if err := json.NewDecoder(strings.NewReader(said.String())).Decode(&set); err != nil || len(set.Keys) != 1 {
			t.Errorf("%s: %s: %v", test.name, said, err)
		} else if got := set.Keys[0]; got.N != base64.RawURLEncoding.EncodeToString(key.N.Bytes()) || test.want != "" && got.Kid != test.want || got.Kid == "" {
			t.Errorf("%s: the set has key %q", test.name, got.Kid)
		}
		if told := strings.Contains(said.String(), "issuer https://www.example.com, audience https://widget.fitanalytics.com/api"); told != (test.name == "an account") {
			t.Errorf("%s: what else the vendor needs is told: %v", test.name, told)
		}
	}
	path := filepath.Join(dir, "jwks.json")
	p, said := testProgram(nil)
	if code := p.run([]string{"fitanalytics", "jwks", "--config", config, "--account", "fa", "-o", path}); code != 0 || strings.Contains(said.String(), "keys") {
		t.Errorf("into a file: exit %d, %s", code, said)
	}
	if written, err := os.ReadFile(path); err != nil || !json.Valid(written) || !strings.Contains(string(written), "spring") {
		t.Errorf("the file holds %s, %v", written, err)
	}
	p, said = testProgram(nil)
	if code := p.run([]string{"fitanalytics"}); code != 1 || !strings.Contains(said.String(), "jwks") {
		t.Errorf("without a subcommand: exit %d, %s", code, fmt.Sprint(said))
	}
}
