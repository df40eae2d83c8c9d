package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"bulkload/vendors/all"
	"bulkload/vendors/sandbox"
)

func (p *program) sandboxCommand() *cobra.Command {
	var listen, dir, faults, rate string
	var seed uint64
	var latency time.Duration
	var logged, hidden bool
	c := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve stand-ins of the vendors on a local port, until interrupted",
		Long: `Serve stand-ins of the vendors, written from their documents, on a local port.
Any bearer token that is not empty is taken, but Fit Analytics's tokens are checked: put the key set that
bulkload fitanalytics jwks writes to /_sandbox/fitanalytics/jwks?issuer=ISSUER (curl -T jwks.json URL).`,
		Example: `  bulkload sandbox --listen 127.0.0.1:8420 --data sandbox-data
  BULKLOAD_TOKEN=any bulkload import season.xlsx --to fashiontrade/products \
      --base-url http://127.0.0.1:8420/fashiontrade/pim`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			options := sandbox.Options{Dir: dir, Seed: seed, Latency: latency, Hidden: hidden}
			var err error
			if options.Faults, err = sandbox.ParseFaults(faults); err != nil {
				return &usageError{fmt.Errorf("--faults: %w", err)}
			}
			if options.Rate, options.Changes, err = sandbox.ParseRate(rate); err != nil {
				return &usageError{fmt.Errorf("--rate: %w", err)}
			}
			if logged {
				options.Log = p.stderr
			}
			return p.serveSandbox(options, listen)
		},
	}
	flags := c.Flags()
	flags.StringVar(&listen, "listen", "127.0.0.1:8420", "`ADDRESS` to serve on; port 0 takes any free one")
	flags.StringVar(&dir, "data", "", "`DIR` where data is kept (default: in memory)")
	flags.Uint64Var(&seed, "seed", 1, "chooses the requests that faults strike")
	flags.DurationVar(&latency, "latency", 0, "time before every answer")
	flags.StringVar(&faults, "faults", "", "what goes wrong when, such as drop-after@3,503%5,429:2@10")
	flags.StringVar(&rate, "rate", "", "requests taken, such as 20/s, or moving: 50/s,5/s@20s,80/s@40s; more are answered 429")
	flags.BoolVar(&hidden, "hidden-rate", false, "tell neither the rate nor how long to wait")
	flags.BoolVar(&logged, "log", false, "write a line for every request to standard error")
	return c
}

// serveSandbox serves until the program is told to stop.
func (p *program) serveSandbox(options sandbox.Options, listen string) error {
	server, err := sandbox.New(options)
	if err != nil {
		return err
	}
	defer server.Close()
	if _, err := server.Start(listen); err != nil {
		return err
	}
	for _, vendor := range all.Vendors {
		fmt.Fprintf(p.stdout, "%s %s\n", vendor.Name, server.BaseURL(vendor.Name))
	}
	<-p.stop
	return server.Close()
}
