// Package sandbox is a stand-in server for the vendors, with storage, pace and faults on cue. It is
// written from the vendors' documents, and where those allow a reading, it takes the strict one: what
// it accepts, the document allows.
//
// A vendor joins with one file: a vendor value in the list of vendors, and a function that answers
// its calls. Storage, pace, latency, faults and the record of what happened are the same for all.
package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// Options say how the sandbox behaves. The zero value is a fast and faultless one in memory.
type Options struct {
	Dir     string           // where data is kept, for one sandbox at a time; empty: in memory
	Seed    uint64           // chooses the requests that a percentage of Faults strikes
	Latency time.Duration    // before every answer
	Rate    float64          // requests a second; more are answered 429 with Retry-After. 0: not limited
	Changes []Change         // of the rate, in order; see ParseRate
	Hidden  bool             // what is above the rate is not told how high it is, nor how long to wait
	Faults  Faults           // see ParseFaults
	Token   string           // bearer token that is wanted; empty: any that is not empty
	Keys    Keys             // what Fit Analytics is told of an account; see SetKeys
	Now     func() time.Time // nil: time.Now
	Log     io.Writer        // gets one line a request; nil: none
}

// A vendor is one API that the sandbox plays.
type vendor struct {
	name   string
	path   string   // of the API below the sandbox's address, in place of the vendor's own host and path
	stores []string // resources that are kept
	long   []string // those of them whose bodies may be up to maxLong bytes long
	// resource names the store that a call is about, by the parts of its path. Nil: the first of them.
	resource func(parts []string) string
	// play returns what answers the vendor's calls.
	play func(*stage) func(*call) answer
}

// vendors lists the vendors that the sandbox plays.
var vendors = []*vendor{fashiontrade, faire, faslet, fitAnalytics, fashionAI}

// stage is what a vendor's part of the sandbox finds when it plays.
type stage struct {
	stores map[string]*store // by the vendor's names
	token  string
	now    func() time.Time
	keys   *keyCheck
	// cleared is set by a vendor's part that holds more than its stores do, and is called when they have
	// been cleared, while no request is answered. Nil: it holds nothing.
	cleared func()
}

// Server is a sandbox. It is an http.Handler; Start gives it an address of its own.
//
// Connections are cut by http.ErrAbortHandler, so a test that calls ServeHTTP without a server sees
// a panic of that value.
type Server struct {
	options Options
	pace    *pace
	stores  map[string]*store
	play    map[*vendor]func(*call) answer
	cleared []func() // what vendors' parts forget when the stores are cleared
	ledger  ledger
	keys    keyCheck
	lock    *flock.Flock // nil: in memory
	log     *log.Logger
	turn    sync.RWMutex // held to read by requests to vendors, to write by Reset

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup // requests, and the listener
	closing chan struct{}  // closed by Close
	http    *http.Server   // nil before Start
	address string         // http://host:port
}

// New opens a sandbox. With a directory that another sandbox uses it fails and names it.
func New(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Server{options: o, stores: make(map[string]*store), play: make(map[*vendor]func(*call) answer),
		closing: make(chan struct{})}
	s.ledger.reset()
	s.pace = newPace(o.Rate, o.Changes)
	if o.Log != nil {
		s.log = log.New(o.Log, "", 0)
	}
	if err := s.openDir(); err != nil {
		return nil, err
	}
	if err := s.SetKeys(o.Keys); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	for _, v := range vendors {
		if err := s.join(v); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

func (o *Options) check() error {
	if o.Latency < 0 {
		return errors.New("the sandbox's latency must not be negative")
	}
	return checkRate(o.Rate, o.Changes)
}

// Reset makes the sandbox as good as new: nothing is stored, nothing was seen, and faults, seed, rate
// and latency are those of o; its other fields do not count. It waits for the requests that are being
// answered.
func (s *Server) Reset(o Options) error {
	if err := o.check(); err != nil {
		return err
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	s.options.Faults, s.options.Seed, s.options.Hidden, s.options.Latency = o.Faults, o.Seed, o.Hidden, o.Latency
	s.pace = newPace(o.Rate, o.Changes)
	s.ledger.reset()
	var failures []error
	for _, store := range s.stores {
		failures = append(failures, store.clear())
	}
	for _, forget := range s.cleared {
		forget()
	}
	return errors.Join(failures...)
}

func (s *Server) openDir() error {
	if s.options.Dir == "" {
		return nil
	}
	if err := os.MkdirAll(s.options.Dir, 0o700); err != nil {
		return fmt.Errorf("make the sandbox's directory: %w", err)
	}
	// The system takes the lock away when the process ends, however it ends.
	s.lock = flock.New(filepath.Join(s.options.Dir, "lock"))
	free, err := s.lock.TryLock()
	if err != nil {
		return fmt.Errorf("lock the directory %s: %w", s.options.Dir, err)
	}
	if !free {
		return fmt.Errorf("another sandbox uses the directory %s", s.options.Dir)
	}
	return nil
}

func (s *Server) join(v *vendor) error {
	stores := make(map[string]*store)
	for _, name := range v.stores {
		store, err := openStore(s.options.Dir, v.name+"/"+name)
		if err != nil {
			return err
		}
		s.stores[v.name+"/"+name], stores[name] = store, store
	}
	stage := &stage{stores: stores, token: s.options.Token, now: s.options.Now, keys: &s.keys}
	s.play[v] = v.play(stage)
	if stage.cleared != nil {
		s.cleared = append(s.cleared, stage.cleared)
	}
	return nil
}

// Start listens on an address such as "127.0.0.1:0" and serves until Close. It returns the address
// as clients write it, without a slash at its end. It may be called once.
func (s *Server) Start(listen string) (baseURL string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.http != nil {
		return "", errors.New("the sandbox was started or closed before")
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return "", fmt.Errorf("start the sandbox: %w", err)
	}
	s.address = "http://" + reachable(listener.Addr())
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	s.running.Go(func() { s.http.Serve(listener) })
	return s.address, nil
}

// reachable turns an address that means all interfaces into one that a client can reach.
func reachable(address net.Addr) string {
	host, port, err := net.SplitHostPort(address.String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("localhost", port)
	}
	return address.String()
}

// BaseURL returns the address that plays a vendor's own, without a slash at its end; before Start
// its path alone. It is empty for a vendor that the sandbox does not play.
func (s *Server) BaseURL(vendor string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range vendors {
		if v.name == vendor {
			return s.address + v.path
		}
	}
	return ""
}

// Close ends the requests that wait, waits for the others, and flushes what is stored. It may be
// called again and does nothing then.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.closing)
	s.mu.Unlock()
	s.stop()
	s.running.Wait()
	var failures []error
	for _, store := range s.stores {
		failures = append(failures, store.close())
	}
	if s.lock != nil {
		failures = append(failures, s.lock.Close())
	}
	return errors.Join(failures...)
}

// stop closes the listener and the connections, and gives requests that are being answered a second
// for it.
func (s *Server) stop() {
	if s.http == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
}

// enter counts a request as running; false when the sandbox is closed.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.running.Add(1)
	return true
}

// call is a request to a vendor.
type call struct {
	method string
	path   string   // as it was sent, escaped
	parts  []string // of the path below the vendor's, unescaped
	query  string   // as it was sent
	header http.Header
	body   []byte

	applied []Applied // set by the vendor's part, in order
	token   string    // likewise: what tells the vendor that a request is a repetition
}

// apply notes that a call stored a body.
func (c *call) apply(id string, body []byte) error {
	line, err := oneLine(body)
	hash := sha256.Sum256(line)
	c.applied = append(c.applied, Applied{ID: id, Hash: hex.EncodeToString(hash[:])})
	return err
}

// outcome is what the ledger and the log are told of a request.
type outcome struct {
	call     *call
	resource string
	at       time.Time
	status   int    // 0: no answer
	message  string // of an answer that is not a success
	fault    string
	wait     time.Duration // of a slow answer
	// retryAfter is the answer's header of that name.
	retryAfter string
	limited    bool
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		panic(http.ErrAbortHandler)
	}
	defer s.running.Done()
	if strings.HasPrefix(r.URL.Path, "/_sandbox/") {
		s.serveRecord(w, r)
		return
	}
	v := playing(r.URL.EscapedPath())
	if v == nil {
		message(http.StatusNotFound, "the sandbox plays "+paths()).write(w)
		return
	}
	s.serveVendor(w, r, v)
}

// playing returns the vendor whose path the request's begins with.
func playing(path string) *vendor {
	for _, v := range vendors {
		if path == v.path || strings.HasPrefix(path, v.path+"/") {
			return v
		}
	}
	return nil
}

func paths() string {
	var all []string
	for _, v := range vendors {
		all = append(all, v.path)
	}
	return strings.Join(all, ", ")
}

// slowPieces is into how many pieces a slow answer falls.
const slowPieces = 8

// serveVendor answers a request to a vendor, in whole or, on cue, in part.
func (s *Server) serveVendor(w http.ResponseWriter, r *http.Request, v *vendor) {
	s.turn.RLock()
	defer s.turn.RUnlock()
	o := outcome{at: s.options.Now(), resource: v.name}
	o.call = &call{method: r.Method, path: r.URL.EscapedPath(), query: r.URL.RawQuery, header: r.Header}
	defer func() {
		if o.fault == faultResetBefore || o.fault == faultResetAfter {
			reset(w)
		}
	}()
	a := s.settle(w, r, v, &o)
	switch o.fault {
	case faultCut:
		a.cut(w)
	case faultSlow:
		a.trickle(w, slowPieces, func() { s.wait(r.Context(), o.wait/slowPieces) })
	default:
		a.write(w)
	}
}

// settle takes a request through latency, rate, faults and the vendor's part, in this order. It is
// counted out before the answer leaves: a client that has its answer finds it in the record, and its
// next request does not count as one in flight beside this one.
func (s *Server) settle(w http.ResponseWriter, r *http.Request, v *vendor, o *outcome) answer {
	s.ledger.arrive(o.at)
	defer func() {
		s.ledger.leave(*o)
		s.write(*o)
	}()
	a, ok := o.call.read(w, r, v)
	if ok {
		if name := v.name + "/" + v.resourceOf(o.call.parts); s.stores[name] != nil {
			o.resource = name
		}
	}
	s.wait(r.Context(), s.options.Latency)
	if ok {
		a = s.answer(r.Context(), v, o)
	}
	if o.fault == faultDropAfter || o.fault == faultResetAfter {
		panic(http.ErrAbortHandler)
	}
	o.status, o.message, o.retryAfter = a.status, a.message, a.header.Get("Retry-After")
	return a
}

// resourceOf names the store that a call is about.
func (v *vendor) resourceOf(parts []string) string {
	if v.resource != nil {
		return v.resource(parts)
	}
	return parts[0]
}

// wait returns after a while. It aborts the request when the client gives up or the sandbox closes.
func (s *Server) wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	s.await(ctx, timer.C)
}

func (s *Server) await(ctx context.Context, done <-chan time.Time) {
	select {
	case <-done:
	case <-ctx.Done():
		panic(http.ErrAbortHandler)
	case <-s.closing:
		panic(http.ErrAbortHandler)
	}
}

// answer decides what a request gets: turned away for its pace, struck by a fault, or answered.
func (s *Server) answer(ctx context.Context, v *vendor, o *outcome) answer {
	if wait, rate := s.pace.wait(o.at); wait > 0 {
		o.limited = true
		if s.options.Hidden {
			return message(http.StatusTooManyRequests, "too many requests")
		}
		a := message(http.StatusTooManyRequests, fmt.Sprintf("more than %g requests a second", rate))
		a.set("Retry-After", seconds(wait))
		return a
	}
	struck := s.options.Faults.strike(s.options.Seed, s.ledger.number(o.call.method))
	if struck == nil {
		return s.play[v](o.call)
	}
	o.fault = struck.kind
	if a, ok := struck.instead(s.options.Now()); ok {
		return a
	}
	switch struck.kind {
	case faultDropBefore, faultResetBefore:
		panic(http.ErrAbortHandler)
	case faultHang:
		s.await(ctx, nil)
	}
	a := s.play[v](o.call)
	if struck.kind == faultSlow {
		o.wait = struck.wait
		return a
	}
	s.wait(ctx, struck.wait)
	return a
}

// seconds writes a duration as Retry-After takes it, rounded up.
func seconds(d time.Duration) string {
	return fmt.Sprint(int64((d + time.Second - 1) / time.Second))
}

// write logs one line.
func (s *Server) write(o outcome) {
	if s.log == nil {
		return
	}
	line := fmt.Sprintf("%s %s %s %d %s", o.at.UTC().Format("2006-01-02T15:04:05.000Z"), o.call.method, o.call.path,
		o.status, s.options.Now().Sub(o.at).Round(time.Microsecond))
	if o.fault != "" {
		line += " fault=" + o.fault
	}
	if o.message != "" {
		line += " " + o.message
	}
	s.log.Print(strings.Join(strings.Fields(line), " "))
}
