package main

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bulkload/vendors"
	"bulkload/vendors/all"
)

// accountsFlags are the flags of accounts and of accounts check.
type accountsFlags struct {
	config  string
	json    bool
	sandbox string
	debug   string
}

func (p *program) accountsCommand() *cobra.Command {
	flags := &accountsFlags{}
	c := &cobra.Command{
		Use:     "accounts",
		Short:   "List the accounts that are configured, without their secrets",
		Example: "  bulkload accounts\n  bulkload accounts check ft-prod",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return p.listAccounts(flags) },
	}
	check := &cobra.Command{
		Use:   "check [NAME]",
		Short: "Try each account: credentials, address, clock, and a harmless read",
		Long: `Try the named account, or each one: whether its credentials can be read and are fresh, its address
answers over TLS, its clock agrees with ours, and the vendor takes the credentials. Nothing is changed.
The exit code is 0 when an import could begin, 4 when the credentials are at fault and 5 when the vendor
cannot be reached or is ill.`,
		Example: "  bulkload accounts check\n  bulkload accounts check --sandbox",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			return p.checkAccounts(c.Context(), flags, name)
		},
	}
	for _, command := range []*cobra.Command{c, check} {
		command.Flags().StringVar(&flags.config, "config", "", "configuration `FILE` (default bulkload.yaml here, then in your config directory)")
		command.Flags().BoolVar(&flags.json, "json", false, "write JSON")
	}
	check.Flags().StringVar(&flags.sandbox, "sandbox", "", "ask the built-in stand-in of the vendor, kept in `DIR` when one is given with =")
	check.Flags().Lookup("sandbox").NoOptDefVal = inMemory
	addDebug(check.Flags(), &flags.debug)
	c.AddCommand(check, p.rebuildCommand())
	return c
}

// listedAccount is an account as accounts tells it.
type listedAccount struct {
	Name       string  `json:"name"`
	Vendor     string  `json:"vendor"`
	BaseURL    string  `json:"base_url"`
	APIVersion string  `json:"api_version,omitempty"`
	Credential string  `json:"credential"`
	Rate       float64 `json:"requests_per_second,omitempty"` // 0: no limit is configured
	Workers    int     `json:"workers"`
	Problem    string  `json:"problem,omitempty"` // why it cannot be used as it is
}

func (p *program) listAccounts(flags *accountsFlags) error {
	c, err := p.loadConfig(flags.config)
	if err != nil {
		return err
	}
	list := []listedAccount{}
	for _, name := range slices.Sorted(maps.Keys(c.Accounts)) {
		list = append(list, listed(name, c.Accounts[name]))
	}
	if flags.json {
		return p.writeJSON(list)
	}
	if len(list) == 0 {
		fmt.Fprintf(p.stderr, "no account is configured: %s has none, or is not there\n", configFile)
		return nil
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ACCOUNT\tVENDOR\tADDRESS\tCREDENTIAL\tRATE\tWORKERS")
	for _, a := range list {
		rate := "learned"
		if a.Rate > 0 {
			rate = strconv.FormatFloat(a.Rate, 'g', 4, 64) + "/s"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\n", a.Name, a.Vendor, a.BaseURL, a.Credential, rate, a.Workers)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, a := range list {
		if a.Problem != "" {
			fmt.Fprintf(p.stderr, "%s: %s\n", a.Name, a.Problem)
		}
	}
	return nil
}

func listed(name string, c accountConfig) listedAccount {
	l := listedAccount{Name: name, Vendor: c.Vendor, APIVersion: c.APIVersion.String(), Credential: c.source(), Workers: c.Workers}
	vendor, account, err := usable(name, c)
	switch {
	case err == nil && vendor.Tokenless:
		l.Credential = c.sourceFor(vendor)
	case err == nil:
		err = c.oneSource()
	}
	if account != nil {
		l.BaseURL, l.Rate, l.Workers = account.BaseURL, account.Rate, account.Workers
	}
	if err != nil {
		l.Problem = err.Error()
	}
	return l
}

// usable finds the vendor of a configured account and makes it, without its token.
func usable(name string, c accountConfig) (*vendors.Vendor, *vendors.Account, error) {
	i := slices.IndexFunc(all.Vendors, func(v *vendors.Vendor) bool { return v.Name == c.Vendor })
	if i < 0 {
		return nil, nil, fmt.Errorf("bulkload knows no vendor %q", c.Vendor)
	}
	a, err := newAccount(name, c, all.Vendors[i])
	return all.Vendors[i], a, err
}

func (p *program) writeJSON(value any) error {
	encoder := json.NewEncoder(p.stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// state tells how a step of a check ended.
type state string

const (
	fine    state = "ok"
	warning state = "warning"
	failed  state = "error"
	notDone state = "not tried"
)

// A step is one thing that a check looks at.
type step struct {
	Name   string `json:"check"`
	State  state  `json:"state"`
	Detail string `json:"detail,omitempty"`
	code   int    // exit code of a failed one
}

// checkup is the check of one account.
type checkup struct {
	Account  string `json:"account"`
	Vendor   string `json:"vendor"`
	BaseURL  string `json:"base_url"`
	Steps    []step `json:"checks"`
	ExitCode int    `json:"exit_code"`

	settings accountConfig
	vendor   *vendors.Vendor
	account  *vendors.Account
	err      error // of the settings
}

func (p *program) checkAccounts(ctx context.Context, flags *accountsFlags, name string) error {
	checkups, err := p.checkups(flags, name)
	if err != nil {
		return &usageError{err}
	}
	traffic, err := p.openDump(flags.debug)
	if err != nil {
		return err
	}
	code := exitDone
	for _, c := range checkups {
		if err := p.examine(ctx, c, flags.sandbox, traffic); err != nil {
			return errors.Join(err, traffic.close())
		}
		code = worse(code, c.ExitCode)
	}
	if err := traffic.close(); err != nil {
		return err
	}
	if err := p.tellCheckups(checkups, flags.json); err != nil {
		return err
	}
	if code != exitDone {
		return &saidError{code}
	}
	return nil
}

// worse is the code that says more about what is to be done: credentials before the line, that before settings.
func worse(a, b int) int {
	for _, code := range []int{exitUnauthorised, exitTemporary, exitUsage} {
		if a == code || b == code {
			return code
		}
	}
	return exitDone
}

// checkups lists what is to be checked: the named account, or each; in the sandbox, without a name, one
// made-up account for each vendor.
func (p *program) checkups(flags *accountsFlags, name string) ([]*checkup, error) {
	var list []*checkup
	if flags.sandbox != "" && name == "" {
		for _, v := range all.Vendors {
			a, err := newAccount("sandbox", accountConfig{}, v)
			list = append(list, &checkup{Account: "sandbox", Vendor: v.Name, vendor: v, account: a, err: err})
		}
		return list, nil
	}
	c, err := p.loadConfig(flags.config)
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(c.Accounts))
	if name != "" {
		if _, ok := c.Accounts[name]; !ok {
			return nil, fmt.Errorf("there is no account %q%s", name, c.all())
		}
		names = []string{name}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no account is configured in %s; --sandbox tries the check without one", configFile)
	}
	for _, name := range names {
		settings := c.Accounts[name]
		vendor, account, err := usable(name, settings)
		list = append(list, &checkup{Account: name, Vendor: settings.Vendor, settings: settings, vendor: vendor, account: account, err: err})
	}
	return list, nil
}

// examine carries one check out. An error means that the sandbox could not be started.
func (p *program) examine(ctx context.Context, c *checkup, sandbox string, traffic *dump) error {
	if c.err != nil {
		c.add("settings", failed, exitUsage, "%v", c.err)
		return nil
	}
	authorized := p.checkCredentials(c)
	if sandbox != "" { // which is told the public key of an account that signs
		l := &load{program: p, flags: &loadFlags{sandbox: sandbox}, vendor: c.vendor, account: c.account}
		release, err := l.startSandbox()
		if err != nil {
			return err
		}
		defer release()
	}
	c.BaseURL = c.account.BaseURL
	transport := http.DefaultTransport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	last := &lastAnswer{next: transport, now: p.now}
	client := &vendors.Client{Account: c.account, Authorize: c.vendor.Authorize, Explain: c.vendor.Explain, HTTP: &http.Client{Transport: last},
		Agent: "bulkload/" + version(), Now: p.now, Watch: traffic.watch()}
	c.ask(ctx, client, last, authorized)
	return nil
}

// add puts a step down. code counts when it failed.
func (c *checkup) add(name string, s state, code int, detail string, args ...any) {
	c.Steps = append(c.Steps, step{name, s, fmt.Sprintf(detail, args...), code})
	if s == failed {
		c.ExitCode = worse(c.ExitCode, code)
	}
}

// checkCredentials reads the token and looks at its age, where it tells that.
func (p *program) checkCredentials(c *checkup) bool {
	madeUp := c.settings.Vendor == "" // for the sandbox
	var err error
	if madeUp {
		err = tryAccount(c.account, c.vendor)
	} else {
		err = p.authorise(c.account, c.settings, c.vendor)
	}
	ends, ok := expiry(c.account.Token)
	switch left := ends.Sub(p.now()); {
	case err != nil:
		c.add("credentials", failed, exitUnauthorised, "%v", err)
		return false
	case madeUp:
		c.add("credentials", fine, 0, "any are taken")
	case !ok:
		c.add("credentials", fine, 0, "%s", c.settings.sourceFor(c.vendor))
	case left <= 0:
		c.add("credentials", failed, exitUnauthorised, "the token of %s ended on %s", c.settings.source(), ends.UTC().Format(time.RFC3339))
		return false
	case left < soon:
		c.add("credentials", warning, 0, "the token of %s ends on %s", c.settings.source(), ends.UTC().Format(time.RFC3339))
	default:
		c.add("credentials", fine, 0, "%s, good until %s", c.settings.source(), ends.UTC().Format(time.RFC3339))
	}
	return true
}

// soon is when the end of a token or of a certificate is worth a word.
const soon = 24 * time.Hour

// expiry reads when a token ends, if it is a web token (RFC 7519) that says so.
func expiry(token vendors.Secret) (time.Time, bool) {
	parts := strings.Split(token.Reveal(), ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}, false
	}
	var claims struct {
		Expires *float64 `json:"exp"`
	}
	if json.Unmarshal(data, &claims) != nil || claims.Expires == nil || *claims.Expires < 0 || *claims.Expires > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(int64(*claims.Expires), 0), true
}

// lastAnswer remembers what came back last. It is used by one goroutine.
type lastAnswer struct {
	next     http.RoundTripper
	now      func() time.Time
	sent     time.Time
	received time.Time
	answer   *http.Response // nil: none came
}

// RoundTrip passes the request on.
func (l *lastAnswer) RoundTrip(r *http.Request) (*http.Response, error) {
	l.sent = l.now()
	answer, err := l.next.RoundTrip(r)
	if err == nil {
		l.answer, l.received = answer, l.now()
	}
	return answer, err
}

// patience is how long an answer may take.
const patience = 30 * time.Second

// ask makes one call and draws from it what it tells of the address, the clock and the credentials.
func (c *checkup) ask(ctx context.Context, client *vendors.Client, last *lastAnswer, authorized bool) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var err error
	asked := authorized && c.vendor.Probe != nil
	if asked {
		err = c.vendor.Probe(ctx, client)
	} else {
		client.Authorize = func(*http.Request, *vendors.Account) error { return nil }
		_, err = client.Do(ctx, vendors.Request{Method: http.MethodGet})
	}
	c.judgeAddress(last, err)
	c.judgeClock(last)
	switch {
	case !authorized:
		c.add("vendor", notDone, 0, "without credentials")
	case !asked:
		c.add("vendor", notDone, 0, "%s has nothing harmless to read", c.vendor.Title)
	case last.answer == nil && is[*vendors.TransportError](err):
		c.add("vendor", notDone, 0, "it cannot be reached")
	default:
		c.judgeVendor(err)
	}
}

// judgeAddress says whether anybody answers there, and over what.
func (c *checkup) judgeAddress(last *lastAnswer, err error) {
	if last.answer == nil {
		if is[*vendors.TransportError](err) {
			c.add("address", failed, exitTemporary, "%s", unreachable(err))
		} else {
			c.add("address", notDone, 0, "no request left")
		}
		return
	}
	took := last.received.Sub(last.sent).Round(time.Millisecond)
	connection := last.answer.TLS
	switch {
	case connection == nil && onThisMachine(c.BaseURL):
		c.add("address", fine, 0, "not encrypted, on this machine; answered in %s", took)
	case connection == nil:
		c.add("address", warning, 0, "not encrypted: everybody on the way can read the credentials; answered in %s", took)
	default:
		c.judgeCertificate(connection, last.received, took)
	}
}

func (c *checkup) judgeCertificate(connection *tls.ConnectionState, now time.Time, took time.Duration) {
	s, ends := fine, ""
	if len(connection.PeerCertificates) > 0 {
		until := connection.PeerCertificates[0].NotAfter
		ends = ", certificate until " + until.UTC().Format(time.DateOnly)
		if until.Sub(now) < soon {
			s = warning
		}
	}
	c.add("address", s, 0, "%s%s; answered in %s", tls.VersionName(connection.Version), ends, took)
}

// unreachable says in words why no answer came.
func unreachable(err error) string {
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var plain tls.RecordHeaderError
	var timeout net.Error
	switch {
	case errors.As(err, &certificate):
		return fmt.Sprintf("the certificate is not trusted: %v", certificate.Err)
	case errors.As(err, &plain), errors.Is(err, http.ErrSchemeMismatch):
		return "what answers there does not speak TLS"
	case errors.As(err, &name):
		return fmt.Sprintf("the name %s is not known: %s", name.Name, name.Err)
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "no answer came in time"
	}
	return err.Error()
}

func onThisMachine(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// clockWarning is how far apart clocks may be before it is worth a word.
const clockWarning = 30 * time.Second

// judgeClock compares the clocks, as far as the answer's date, which is cut to seconds, allows.
func (c *checkup) judgeClock(last *lastAnswer) {
	if last.answer == nil {
		c.add("clock", notDone, 0, "no answer tells the time")
		return
	}
	date, err := http.ParseTime(last.answer.Header.Get("Date"))
	if err != nil {
		c.add("clock", notDone, 0, "the answer does not tell the time")
		return
	}
	middle := last.sent.Add(last.received.Sub(last.sent) / 2)
	apart := middle.Sub(date.Add(time.Second / 2)).Round(time.Second)
	way := "ahead"
	if apart < 0 {
		apart, way = -apart, "behind"
	}
	switch tolerance := c.vendor.ClockTolerance; {
	case tolerance > 0 && apart > tolerance:
		c.add("clock", failed, exitUnauthorised, "ours is %s %s; %s turns credentials away beyond %s", apart, way, c.vendor.Title, tolerance)
	case apart > clockWarning:
		c.add("clock", warning, 0, "ours is %s %s", apart, way)
	case apart <= time.Second:
		c.add("clock", fine, 0, "both agree")
	default:
		c.add("clock", fine, 0, "ours is %s %s", apart, way)
	}
}

// judgeVendor tells from the answer to the probe whether the credentials are taken.
func (c *checkup) judgeVendor(err error) {
	var answer *vendors.APIError
	switch {
	case err == nil:
		c.add("vendor", fine, 0, "the credentials are taken")
	case errors.As(err, &answer) && answer.Status == http.StatusUnauthorized:
		c.add("vendor", failed, exitUnauthorised, "the credentials are not taken: %v", answer)
	case errors.As(err, &answer) && answer.Status == http.StatusForbidden:
		c.add("vendor", failed, exitUnauthorised, "the credentials are known, but may not read: %v", answer)
	case errors.As(err, &answer) && answer.Temporary():
		c.add("vendor", failed, exitTemporary, "it does not answer as it should: %v", answer)
	case errors.As(err, &answer):
		c.add("vendor", warning, 0, "the credentials are taken, but the question was refused: %v", answer)
	case is[*vendors.TransportError](err):
		c.add("vendor", failed, exitTemporary, "what answers is not the vendor, or not all of it came: %v", err)
	default:
		c.add("vendor", failed, exitUnauthorised, "%v", err)
	}
}

func (p *program) tellCheckups(checkups []*checkup, asJSON bool) error {
	if asJSON {
		return p.writeJSON(checkups)
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, c := range checkups {
		fmt.Fprintf(w, "%s (%s) %s\n", c.Account, c.Vendor, c.BaseURL)
		for _, s := range c.Steps {
			fmt.Fprintf(w, "  %s\t%s\t%s\n", s.Name, s.State, printable(s.Detail))
		}
	}
	return w.Flush()
}
