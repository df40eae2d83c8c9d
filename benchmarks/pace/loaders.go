package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"bulkload/pipeline/pace"
	"bulkload/pipeline/send"
	"bulkload/vendors"
	"bulkload/vendors/fashiontrade"
)

// job is what a loader is to do: send products as fast as the vendor allows, until time is up.
type job struct {
	address string
	rate    float64 // that is stated; 0: none
	workers int
	path    string // of the file that the processes of an account share; empty: none
}

type loader struct {
	name string
	load func(context.Context, job) error
}

var loaders = []loader{
	{"bulkload", ours},
	{"fixed 50/s, 429 repeated in turn", fixed},
	{"16 workers, 429 repeated after 0.1, 0.2, 0.4 … s", naive},
}

// ours sends by the means that the program sends by.
func ours(ctx context.Context, j job) error {
	counts := &send.Counts{}
	slots, err := pace.New(pace.Options{Rate: j.rate, InFlight: j.workers, Path: j.path})
	if err != nil {
		return err
	}
	retry := send.DefaultRetry(nil, counts)
	client := j.client(slots, counts)
	j.work(ctx, func(product vendors.Request) {
		for attempt := 1; ; attempt++ {
			_, err := client.Do(ctx, product)
			if err == nil || !retry.Again(ctx, attempt, err) {
				return
			}
		}
	})
	return slots.Close()
}

// fixed sends at the limit as it was at first, whatever the vendor answers.
func fixed(ctx context.Context, j job) error {
	limiter := rate.NewLimiter(rate.Limit(moves[0]), 1)
	client := j.client(nil, &send.Counts{})
	j.work(ctx, func(product vendors.Request) {
		for limiter.Wait(ctx) == nil && throttled(client, ctx, product) {
		}
	})
	return nil
}

// naive has workers that wait for themselves alone, longer each time.
func naive(ctx context.Context, j job) error {
	client := j.client(nil, &send.Counts{})
	j.work(ctx, func(product vendors.Request) {
		for pause := 100 * time.Millisecond; throttled(client, ctx, product); pause = min(2*pause, 30*time.Second) {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
		}
	})
	return nil
}

func throttled(client *vendors.Client, ctx context.Context, product vendors.Request) bool {
	_, err := client.Do(ctx, product)
	var answer *vendors.APIError
	return errors.As(err, &answer) && answer.Status == http.StatusTooManyRequests && ctx.Err() == nil
}

func (j *job) client(slots vendors.Pace, counts *send.Counts) *vendors.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = j.workers
	account := &vendors.Account{BaseURL: j.address, Token: vendors.NewSecret("any token"), Workers: j.workers, Timeout: time.Minute}
	return &vendors.Client{Account: account, Authorize: fashiontrade.Vendor.Authorize, Agent: "bulkload-benchmark", Now: time.Now, Pace: slots,
		HTTP: &http.Client{Transport: send.Counting(transport, counts)}}
}

// work lets the workers send one product after the other until time is up.
func (j *job) work(ctx context.Context, load func(vendors.Request)) {
	var running sync.WaitGroup
	var next atomic.Int64
	for range j.workers {
		running.Go(func() {
			for ctx.Err() == nil {
				load(product(next.Add(1) % 1000))
			}
		})
	}
	running.Wait()
}

func product(n int64) vendors.Request {
	const media = "application/vnd.fashiontrade.product+json; version=2"
	return vendors.Request{Method: http.MethodPut, Path: fmt.Sprintf("/products/p%d", n), JSON: true,
		Header: http.Header{"Content-Type": {media}, "Accept": {media}},
		Body: fmt.Appendf(nil, `{"id":"p%d","tags":[],"display_name":"Shirt","variants":[{"barcode":"%d",`+
			`"color_or_pattern_name":"red","colors":["RED"],"size":{"type":"OneSize"}}]}`, n, 1000+n)}
}
