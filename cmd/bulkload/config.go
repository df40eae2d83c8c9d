package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"bulkload/vendors"
	"bulkload/vendors/all"
	"bulkload/vendors/schema"
)

// configFile is what is looked for in the working directory, then in the user's config directory.
const configFile = "bulkload.yaml"

// config is the configuration file.
type config struct {
	Accounts map[string]accountConfig `yaml:"accounts"`
}

// accountConfig is one account of the configuration file. The token comes from a file, a command
// or the environment; it is never written here.
type accountConfig struct {
	Vendor       string   `yaml:"vendor"`
	BaseURL      string   `yaml:"base_url"`
	APIVersion   versions `yaml:"api_version"`
	TokenFile    string   `yaml:"token_file"`
	TokenCommand string   `yaml:"token_command"`
	TokenEnv     string   `yaml:"token_env"`
	Rate         string   `yaml:"rate"`
	Workers      int      `yaml:"workers"`
	Timeout      string   `yaml:"timeout"`
	// MaxErrors are error budgets as --max-errors takes them, which replaces them all.
	MaxErrors oneOrMore `yaml:"max_errors"`
	// Limits are longest texts in characters, by resource and field, where the vendor has moved them.
	Limits map[string]map[string]int `yaml:"limits"`
	// Settings are those that only the account's vendor knows, such as Faslet's shop_id.
	Settings map[string]string `yaml:",inline"`
}

// versions are those of a vendor's resources, which a vendor may count each by itself.
type versions struct {
	all  string // of those that are not in each; empty: each one's default
	each map[string]string
}

// UnmarshalYAML reads one version for all resources, or a map from resources to versions.
func (v *versions) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		v.all = node.Value
		return nil
	}
	return node.Decode(&v.each)
}

// of is the version of a resource such as fashiontrade/products; empty: its default.
func (v *versions) of(target string) string {
	_, resource, _ := strings.Cut(target, "/")
	return cmp.Or(v.each[resource], v.all)
}

// String writes the versions as a listing shows them: "1", or "product-stock 2, products 1".
func (v versions) String() string {
	var parts []string
	for _, resource := range slices.Sorted(maps.Keys(v.each)) {
		parts = append(parts, resource+" "+v.each[resource])
	}
	return cmp.Or(v.all, strings.Join(parts, ", "))
}

// oneOrMore is a list that may be written as its only item.
type oneOrMore []string

// UnmarshalYAML reads a list or a single text.
func (o *oneOrMore) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*o = oneOrMore{node.Value}
		return nil
	}
	return node.Decode((*[]string)(o))
}

// What an account has when nothing is said.
const (
	defaultWorkers = 8
	defaultTimeout = 60 * time.Second
)

// loadConfig reads the configuration: the named file, or the first that is found. None is no error.
func (p *program) loadConfig(path string) (config, error) {
	if path != "" {
		return readConfig(path)
	}
	candidates := []string{configFile}
	if dir, err := os.UserConfigDir(); err == nil {
		candidates = append(candidates, filepath.Join(dir, "bulkload", configFile))
	}
	for _, candidate := range candidates {
		c, err := readConfig(candidate)
		if !errors.Is(err, fs.ErrNotExist) {
			return c, err
		}
	}
	return config{}, nil
}

func readConfig(path string) (config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return config{}, fmt.Errorf("read configuration: %w", err)
	}
	if err := withoutSecrets(data); err != nil {
		return config{}, fmt.Errorf("configuration %s: %w", path, err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	var c config
	if err := decoder.Decode(&c); err != nil && !errors.Is(err, io.EOF) { // an empty file has no accounts
		return config{}, fmt.Errorf("configuration %s: %w", path, err)
	}
	for name, account := range c.Accounts {
		if err := account.complete(filepath.Dir(path)); err != nil {
			return config{}, fmt.Errorf("configuration %s: account %s: %w", path, name, err)
		}
		c.Accounts[name] = account
	}
	return c, nil
}

// complete checks the settings that only the vendor knows, and takes the names of files from the
// configuration's folder on.
func (c *accountConfig) complete(dir string) error {
	within := func(path string) string {
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(dir, path)
	}
	c.TokenFile = within(c.TokenFile)
	vendor := all.Vendor(c.Vendor)
	for _, name := range slices.Sorted(maps.Keys(c.Settings)) {
		setting := vendor.Setting(name)
		if setting == nil {
			return unknownSetting(name, vendor)
		}
		if setting.File {
			c.Settings[name] = within(c.Settings[name])
		}
	}
	return nil
}

// commonSettings are the settings that accounts of every vendor have.
var commonSettings = []string{"vendor", "base_url", "api_version", "token_file", "token_command", "token_env", "rate", "workers",
	"timeout", "max_errors", "limits"}

func unknownSetting(name string, vendor *vendors.Vendor) error {
	names := slices.Clone(commonSettings)
	if vendor != nil {
		for _, setting := range vendor.Settings {
			names = append(names, setting.Name)
		}
	}
	message := fmt.Sprintf("there is no setting %q", name)
	if nearest := schema.Nearest(name, names); nearest != "" {
		message += fmt.Sprintf("; did you mean %s?", nearest)
	}
	return errors.New(message)
}

// secretSetting is the name of a setting that would hold a secret itself.
var secretSetting = regexp.MustCompile(`(?i)^(.*[-_.])?(token|secret|password|passwd|pwd|pass|key|apikey|credentials?|bearer|authorization)$`)

// withoutSecrets refuses a configuration that holds a secret itself, and does not repeat it.
func withoutSecrets(data []byte) error {
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil // the decoder says more about it
	}
	nodes := []*yaml.Node{&document}
	for len(nodes) > 0 {
		node := nodes[0]
		nodes = append(nodes[1:], node.Content...)
		if node.Kind != yaml.MappingNode {
			continue
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			name, value := node.Content[i], node.Content[i+1]
			if value.Kind == yaml.ScalarNode && value.Value != "" && secretSetting.MatchString(name.Value) {
				return fmt.Errorf("line %d: %s: no secret stands in the configuration, which is copied and shared; put it into a "+
					"file that only you can read and name that with token_file, or use token_command or token_env", name.Line, name.Value)
			}
		}
	}
	return nil
}

// choose returns the account to use for a vendor: the named one, or the only one there is.
func (c config) choose(name, vendor string) (string, accountConfig, error) {
	if name != "" {
		account, ok := c.Accounts[name]
		if !ok {
			return "", account, fmt.Errorf("there is no account %q%s", name, c.list(vendor))
		}
		if account.Vendor != vendor {
			return "", account, fmt.Errorf("account %q belongs to %s, not to %s", name, account.Vendor, vendor)
		}
		return name, account, nil
	}
	names := c.of(vendor)
	switch len(names) {
	case 1:
		return names[0], c.Accounts[names[0]], nil
	case 0:
		return "", accountConfig{}, fmt.Errorf("no account for %s is configured in %s; --sandbox tries the feed without one",
			vendor, configFile)
	}
	return "", accountConfig{}, fmt.Errorf("say with --account which account to use%s", c.list(vendor))
}

func (c config) of(vendor string) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(c.Accounts)) {
		if c.Accounts[name].Vendor == vendor {
			names = append(names, name)
		}
	}
	return names
}

// all lists the accounts of every vendor, to choose from.
func (c config) all() string {
	if len(c.Accounts) == 0 {
		return "; none is configured in " + configFile
	}
	return "; there are: " + strings.Join(slices.Sorted(maps.Keys(c.Accounts)), ", ")
}

func (c config) list(vendor string) string {
	if names := c.of(vendor); len(names) > 0 {
		return "; there are: " + strings.Join(names, ", ")
	}
	return ""
}

// newAccount makes the account that the configuration describes, without its credentials.
func newAccount(name string, c accountConfig, vendor *vendors.Vendor) (*vendors.Account, error) {
	account := &vendors.Account{Name: name, BaseURL: strings.TrimSuffix(cmp.Or(c.BaseURL, vendor.BaseURL), "/"),
		Workers: cmp.Or(c.Workers, defaultWorkers), Timeout: defaultTimeout, Settings: c.Settings}
	if err := checkBaseURL(account.BaseURL); err != nil {
		return nil, fmt.Errorf("account %s: %w", name, err)
	}
	var err error
	if account.Rate, err = parseRate(c.Rate); err != nil {
		return nil, fmt.Errorf("account %s: rate: %w", name, err)
	}
	if c.Timeout != "" {
		if account.Timeout, err = time.ParseDuration(c.Timeout); err != nil || account.Timeout <= 0 {
			return nil, fmt.Errorf("account %s: timeout: %q is not a time such as 90s or 2m", name, c.Timeout)
		}
	}
	return account, nil
}

func checkBaseURL(address string) error {
	parsed, err := url.Parse(address)
	switch {
	case strings.ContainsAny(address, "@?#"): // what is behind may be a secret: it is not repeated
		return errors.New("the address must have no user, password, query or fragment: it is something like https://api.example.com/pim")
	case err != nil || parsed.Host == "" || parsed.Scheme != "https" && parsed.Scheme != "http":
		return fmt.Errorf("%q is not an address such as https://api.example.com/pim", address)
	}
	return nil
}

// parseRate reads a number of requests a second: "20/s", "600/m", "20". Empty: no limit.
func parseRate(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	number, unit, _ := strings.Cut(text, "/")
	per, ok := map[string]float64{"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}[unit]
	rate, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !ok || err != nil || !(rate > 0) || math.IsInf(rate, 0) {
		return 0, fmt.Errorf("%q is not a rate such as 20/s or 600/min", text)
	}
	return rate / per, nil
}
