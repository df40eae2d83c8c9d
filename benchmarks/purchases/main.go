// Command purchases measures what a token for each customer costs: the same purchases are reported to a
// stand-in of Fit Analytics, in a process of its own, with the customers' tokens and with one fixed token, in
// turns. It makes sure that every purchase went in once, and that each customer had exactly one token.
//
//	go run ./benchmarks/purchases -customers 20000 -purchases 100000 -latency 20ms -rounds 3
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline"
	"bulkload/pipeline/journal"
	"bulkload/pipeline/pace"
	"bulkload/pipeline/send"
	"bulkload/vendors"
	"bulkload/vendors/fitanalytics"
)

// options are the command's flags.
type options struct {
	customers, purchases int
	rounds, workers      int
	latency              time.Duration
	least                float64
	dir                  string
}

func main() {
	var err error
	if len(os.Args) == 2 && os.Args[1] == serveArgument {
		err = serve(os.Stdin, os.Stdout)
	} else {
		err = run(os.Args[1:], os.Stdout, os.Stderr)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "purchases:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	var o options
	flags := flag.NewFlagSet("purchases", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.customers, "customers", 20_000, "customers of the feed")
	flags.IntVar(&o.purchases, "purchases", 100_000, "purchases of the feed")
	flags.IntVar(&o.rounds, "rounds", 3, "how often each side runs")
	flags.IntVar(&o.workers, "workers", 16, "requests in flight at most")
	flags.DurationVar(&o.latency, "latency", 20*time.Millisecond, "time the vendor takes for an answer")
	flags.Float64Var(&o.least, "least", 0.6, "the share of the fixed token's requests a second that is wanted; less is an error")
	flags.StringVar(&o.dir, "dir", "", "`folder` for feed and journals (default: the system's for temporary files)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(o.dir, "bulkload-purchases-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "purchases.csv")
	if err := writeFeed(path, o); err != nil {
		return err
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	return compare(o, dir, path, key, stdout)
}

// newKey makes a private key of 2048 bits, in PEM.
func newKey() (vendors.Secret, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return vendors.Secret{}, err
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return vendors.NewSecret(string(pem.EncodeToMemory(block))), nil
}

// newKeyring makes a keyring of the key that has no tokens yet.
func newKeyring(key vendors.Secret) (*fitanalytics.Keyring, error) {
	return fitanalytics.NewKeyring(map[string]string{"issuer": issuer}, key)
}

const issuer = "https://www.example.com"

// fixed gives all customers one token.
type fixed struct {
	token string
	fitanalytics.Customer
}

var _ fitanalytics.TokenSource = (*fixed)(nil)

// Prepare does nothing: the token is there.
func (*fixed) Prepare(fitanalytics.Customer) error { return nil }

// Token is the one token.
func (f *fixed) Token(fitanalytics.Customer) (string, error) { return f.token, nil }

// Service is the one customer.
func (f *fixed) Service() fitanalytics.Customer { return f.Customer }

func newFixed(key vendors.Secret) (*fixed, error) {
	keyring, err := newKeyring(key)
	if err != nil {
		return nil, err
	}
	f := &fixed{Customer: fitanalytics.Customer{Session: "everybody"}}
	f.token, err = keyring.Token(f.Customer)
	return f, err
}

// compare runs both sides in turns and prints their medians.
func compare(o options, dir, path string, key vendors.Secret, stdout io.Writer) (err error) {
	vendor, err := startStand(key)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, vendor.stop()) }()
	var own, one []float64
	for round := range o.rounds {
		for _, fixedToken := range []bool{round%2 != 0, round%2 == 0} {
			rate, err := measure(o, filepath.Join(dir, fmt.Sprint("run-", round)), path, key, vendor, fixedToken)
			if err != nil {
				return err
			}
			if fixedToken {
				one = append(one, rate)
			} else {
				own = append(own, rate)
			}
		}
	}
	a, b := median(one), median(own)
	fmt.Fprintf(stdout, "| purchases | customers | vendor's latency | requests in flight | one fixed token | a token for each customer | share |\n"+
		"| --- | --- | --- | --- | --- | --- | --- |\n| %d | %d | %v | %d | %.0f requests/s | %.0f requests/s | %.0f %% |\n",
		o.purchases, o.customers, o.latency, o.workers, a, b, 100*b/a)
	if b < o.least*a {
		return fmt.Errorf("with the customers' tokens %.0f %% of the requests a second are reached, want %.0f %%", 100*b/a, 100*o.least)
	}
	return nil
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// writeFeed writes purchases in the order in which a shop has them: of one customer after another, and each
// of them again and again. Every third customer is logged in.
func writeFeed(path string, o options) error {
	return feed.WriteFile(path, func(w io.Writer) error {
		if _, err := io.WriteString(w, "sess,sub,order,product,shopCountry,shopLanguage,purchasedSize,price,currency,quantity,purchaseDate,platform\n"); err != nil {
			return err
		}
		for i := range o.purchases {
			customer, user := i%o.customers, ""
			if customer%3 == 0 {
				user = fmt.Sprint(1000 + customer)
			}
			_, err := fmt.Fprintf(w, "s%08d,%s,%d,shop-%d,DE,de,M,%d.99,EUR,1,2026-01-01T%02d:%02d:%02dZ,website\n", customer, user, i, i%997, 10+i%90,
				i/3600%24, i/60%60, i%60)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// measure reports the feed's purchases to the stand-in, and returns the requests a second that arrived there.
func measure(o options, dir, path string, key vendors.Secret, vendor *stand, fixedToken bool) (rate float64, err error) {
	if err := vendor.reset(o.latency); err != nil {
		return 0, err
	}
	var tokens fitanalytics.TokenSource
	if fixedToken {
		tokens, err = newFixed(key)
	} else {
		tokens, err = newKeyring(key)
	}
	if err != nil {
		return 0, err
	}
	job, err := newJob(o, path, vendor.address, tokens)
	if err != nil {
		return 0, err
	}
	defer job.Feed.Close()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, err
	}
	job.TempDir = dir
	job.Journal, err = journal.Create(journal.OS{}, filepath.Join(dir, "journal"), journal.Begin{Run: "measured", Target: "fitanalytics/purchases"})
	if err != nil {
		return 0, err
	}
	defer func() { err = cmp.Or(err, job.Journal.Close(), os.RemoveAll(dir)) }()
	result, err := pipeline.Import(context.Background(), job)
	if err != nil {
		return 0, err
	}
	if in := result.Summary.Counts.Rows[vendors.Created]; in != int64(o.purchases) {
		err = fmt.Errorf("%d purchases went in, want %d", in, o.purchases)
	}
	rate, seenErr := vendor.seen(o, fixedToken)
	return rate, errors.Join(err, seenErr, result.Close())
}

func newJob(o options, path, address string, tokens fitanalytics.TokenSource) (*pipeline.Job, error) {
	f, err := feed.Open(path, nil, formats.Options{})
	if err != nil {
		return nil, err
	}
	slots, err := pace.New(pace.Options{Rate: math.Inf(1)}) // or it would be learned
	if err != nil {
		return nil, err
	}
	counts := &send.Counts{}
	vendor := fitanalytics.Vendor
	account := &vendors.Account{Name: "benchmark", BaseURL: address, Workers: o.workers, Timeout: time.Minute, State: tokens}
	transport := &http.Transport{MaxIdleConnsPerHost: o.workers}
	return &pipeline.Job{Feed: f, Vendor: vendor, Resource: fitanalytics.Purchases, CheckWorkers: runtime.GOMAXPROCS(0), Workers: o.workers, Counts: counts,
		Retry: send.DefaultRetry(nil, counts),
		Client: &vendors.Client{Account: account, Authorize: vendor.Authorize, Agent: "benchmark", Now: time.Now, Pace: slots,
			HTTP: &http.Client{Transport: send.Counting(transport, counts)}}}, nil
}
