// Command journal measures what writing down every request before it leaves costs: the same feed is
// loaded into a stand-in vendor with a journal on this machine's disk and without one, in turns.
//
//	go run ./benchmarks/journal -rate 2000 -products 10000 -rounds 5
package main

import (
	"cmp"
	"context"
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
	"bulkload/vendors/all"
	"bulkload/vendors/sandbox"
)

// options are the command's flags.
type options struct {
	rate     float64
	products int
	rounds   int
	workers  int
	latency  time.Duration
	dir      string
}

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "journal:", err)
		}
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	var o options
	flags := flag.NewFlagSet("journal", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Float64Var(&o.rate, "rate", 2000, "requests a second at most; 0: as fast as it goes")
	flags.IntVar(&o.products, "products", 10_000, "products of the feed, a request each")
	flags.IntVar(&o.rounds, "rounds", 5, "how often each side runs")
	flags.IntVar(&o.workers, "workers", 64, "requests in flight at most")
	flags.DurationVar(&o.latency, "latency", 5*time.Millisecond, "time the vendor takes for an answer")
	flags.StringVar(&o.dir, "dir", "", "`folder` for feed and journals (default: the system's for temporary files)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(o.dir, "bulkload-journal-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "products.ndjson")
	if err := writeFeed(path, o.products); err != nil {
		return err
	}
	return compare(o, dir, path, stdout)
}

// compare runs both sides in turns and prints their medians.
func compare(o options, dir, path string, stdout io.Writer) error {
	var with, without []float64
	for round := range o.rounds {
		for _, journaled := range []bool{round%2 == 0, round%2 != 0} {
			rate, err := measure(o, filepath.Join(dir, fmt.Sprint("run-", round)), path, journaled)
			if err != nil {
				return err
			}
			if journaled {
				with = append(with, rate)
			} else {
				without = append(without, rate)
			}
		}
	}
	a, b := median(without), median(with)
	_, err := fmt.Fprintf(stdout, "| products | rate allowed | vendor's latency | without journal | with | cost |\n| --- | --- | --- | --- | --- | --- |\n"+
		"| %d | %.0f/s | %v | %.0f/s | %.0f/s | %.1f %% |\n", o.products, o.rate, o.latency, a, b, 100*(1-b/a))
	return err
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// writeFeed writes products of one variant each.
func writeFeed(path string, products int) error {
	return feed.WriteFile(path, func(w io.Writer) error {
		for i := range products {
			_, err := fmt.Fprintf(w, `{"product_id":"P%d","display_name":"Dress %d","tag.GENDER":"female","tag.AGE":"adult",`+
				`"tag.CATEGORY":"clothing/dress/midi-dress","barcode":"4%012d","color_or_pattern_name":"Red","colors":"RED",`+
				`"size_type":"EuWomenSize","size":"38"}`+"\n", i, i, i)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// measure loads the feed into a new vendor, and returns the requests a second that arrived there.
func measure(o options, dir, path string, journaled bool) (rate float64, err error) {
	server, err := sandbox.New(sandbox.Options{Latency: o.latency})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	if _, err := server.Start("127.0.0.1:0"); err != nil {
		return 0, err
	}
	job, err := newJob(o, server, path)
	if err != nil {
		return 0, err
	}
	defer job.Feed.Close()
	if journaled {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return 0, err
		}
		job.Journal, err = journal.Create(journal.OS{}, filepath.Join(dir, "journal"), journal.Begin{Run: "measured", Target: "fashiontrade/products"})
		if err != nil {
			return 0, err
		}
		defer func() { err = cmp.Or(err, job.Journal.Close(), os.RemoveAll(dir)) }()
	}
	result, err := pipeline.Import(context.Background(), job)
	if err != nil {
		return 0, err
	}
	if in := result.Summary.Counts.Rows[vendors.Created]; in != int64(o.products) {
		err = fmt.Errorf("%d products went in, want %d", in, o.products)
	}
	record := server.Record()
	return float64(o.products-1) / record.Last.Sub(record.First).Seconds(), errors.Join(err, result.Close())
}

func newJob(o options, server *sandbox.Server, path string) (*pipeline.Job, error) {
	vendor, resource, err := all.Find("fashiontrade/products", "")
	if err != nil {
		return nil, err
	}
	f, err := feed.Open(path, nil, formats.Options{})
	if err != nil {
		return nil, err
	}
	unlisted := *resource // the reading of the catalogue is not what is measured
	unlisted.Known = nil
	rate := o.rate
	if rate == 0 {
		rate = math.Inf(1) // or it would be learned
	}
	slots, err := pace.New(pace.Options{Rate: rate})
	if err != nil {
		return nil, err
	}
	counts := &send.Counts{}
	account := &vendors.Account{Name: "benchmark", BaseURL: server.BaseURL(vendor.Name), Token: vendors.NewSecret("any"), Workers: o.workers, Timeout: time.Minute}
	transport := &http.Transport{MaxIdleConnsPerHost: o.workers}
	return &pipeline.Job{Feed: f, Vendor: vendor, Resource: &unlisted, CheckWorkers: runtime.GOMAXPROCS(0), Workers: o.workers, Counts: counts,
		Retry: send.DefaultRetry(nil, counts),
		Client: &vendors.Client{Account: account, Authorize: vendor.Authorize, Agent: "benchmark", Now: time.Now, Pace: slots,
			HTTP: &http.Client{Transport: send.Counting(transport, counts)}}}, nil
}
