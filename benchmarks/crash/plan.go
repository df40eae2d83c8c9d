//go:build unix

package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// A plan is one run of the test: what is loaded, what goes wrong at the vendor, and what happens to
// the program. It follows from the seed and its number alone.
type plan struct {
	number     int
	seed       uint64
	theme      *theme
	target     string
	season     int
	ending     string // of the feed's name
	workers    int
	rate       float64 // requests a second; 0: none is given
	createOnly bool
	faults     string
	steps      []step // what happens to the first processes; those after them are left in peace
}

// A step is what happens to one process of a run, and what is otherwise for the next.
type step struct {
	blow    blow
	after   float64 // of a blow at random: when, as a part of what an undisturbed run takes
	turn    float64 // of a blow at a point: which time, as a part of how often a process reaches it
	at      string  // where that was, once it is chosen: "journal.intent.synced@3"
	room    int64   // of a full disk: bytes left; of a file limit: bytes a file may have
	tear    bool    // bytes of a write that was cut are put behind the journal
	workers int     // for the next process; 0: as before
	batch   int
	feed    feedChange
}

// A blow is how a process ends.
type blow uint8

const (
	noBlow    blow = iota
	atRandom       // SIGKILL after a random time
	atPoint        // SIGKILL at a point of the program
	interrupt      // SIGINT: the run drains
	twice          // SIGINT, and again shortly after
	fullDisk       // nothing more can be written where the run and the account keep their files
	fileLimit      // no file can grow beyond a size
	contended      // a second run on the same account is tried meanwhile, then SIGKILL
)

func (b blow) String() string {
	return [...]string{"none", "SIGKILL at random", "SIGKILL at a point", "SIGINT", "SIGINT twice", "full disk", "file limit",
		"second run, then SIGKILL"}[b]
}

// A feedChange is what happened to the feed when a run goes on.
type feedChange uint8

const (
	sameFeed  feedChange = iota
	renamed              // under another name
	resorted             // its rows in another order, under another name
	corrected            // see stock.corrected; in another order too, half of the time
)

func (c feedChange) String() string {
	return [...]string{"the same feed", "renamed", "re-sorted", "corrected"}[c]
}

// A theme is what goes wrong in a run apart from kills: one kind of fault, or trouble on our own side.
type theme struct {
	name   string
	faults []string // kinds; one is drawn for each strike
	blow   blow     // of the first process; noBlow: as any other
	slow   bool     // each strike takes seconds, so there are few
}

// themes are the rows of the table.
var themes = []theme{
	{name: "none"},
	{name: "500", faults: []string{"500"}},
	{name: "503", faults: []string{"503", "503:none"}},
	{name: "503 with Retry-After", faults: []string{"503:1", "503:date"}, slow: true},
	{name: "429 with Retry-After", faults: []string{"429:1", "429:date", "429:0"}, slow: true},
	{name: "429 without", faults: []string{"429:none"}},
	{name: "cut before applying", faults: []string{"drop-before"}},
	{name: "cut after applying", faults: []string{"drop-after"}},
	{name: "reset before applying", faults: []string{"reset-before"}},
	{name: "reset after applying", faults: []string{"reset-after"}},
	{name: "hang", faults: []string{"hang"}, slow: true},
	{name: "late answer", faults: []string{"late:20ms", "late:3s"}, slow: true},
	{name: "slow body", faults: []string{"slow:40ms", "slow:3s"}, slow: true},
	{name: "HTML for JSON", faults: []string{"html"}},
	{name: "truncated answer", faults: []string{"cut"}},
	{name: "refusal", faults: []string{"refuse:422", "refuse"}},
	{name: "mixture", faults: []string{"500", "503", "429:none", "drop-before", "drop-after", "reset-after", "html", "cut", "late:20ms"}},
	{name: "full disk", blow: fullDisk},
	{name: "file limit", blow: fileLimit},
	{name: "second run", faults: []string{"hang"}, blow: contended},
}

// newPlan draws the run of a number.
func newPlan(seed uint64, number, seasons int) *plan {
	random := rand.New(rand.NewPCG(seed, uint64(number)))
	p := &plan{number: number, seed: seed, theme: &themes[number%len(themes)], target: targets[number/len(themes)%len(targets)],
		season: random.IntN(seasons), ending: ".csv", workers: 1 + random.IntN(8)}
	if random.IntN(4) == 0 {
		p.ending = []string{".xlsx", ".ndjson", ".parquet", ".tsv.gz", ".csv.zst"}[random.IntN(5)]
	}
	switch random.IntN(5) {
	case 0:
		p.rate = float64(10 + random.IntN(20))
	case 1: // none is stated, and it is learned
	default:
		p.rate = 1000 // so that the time goes into being killed
	}
	p.createOnly = random.IntN(8) == 0
	p.faults = p.theme.draw(random)
	p.steps = p.drawSteps(random)
	return p
}

// draw spreads strikes of the theme over the first requests of a run.
func (t *theme) draw(random *rand.Rand) string {
	if t.faults == nil {
		return ""
	}
	if t.blow == contended {
		return t.faults[0] + "@1-2"
	}
	var items []string
	strikes := 1 + random.IntN(5)
	if t.slow {
		strikes = 1 + random.IntN(2)
	}
	for range strikes {
		kind := t.faults[random.IntN(len(t.faults))]
		scope, among := "", keysPerFeed+keysPerFeed/2
		if random.IntN(8) == 0 && !strings.HasPrefix(kind, "refuse") {
			scope, among = "read-", 3
		}
		items = append(items, fmt.Sprintf("%s%s@%d", scope, kind, 1+random.IntN(among)))
	}
	return strings.Join(items, ",")
}

// drawSteps draws one to four blows.
func (p *plan) drawSteps(random *rand.Rand) []step {
	var steps []step
	for i := range 1 + random.IntN(4) {
		s := step{blow: []blow{atRandom, atRandom, atRandom, atPoint, atPoint, atPoint, interrupt, twice}[random.IntN(8)],
			after: random.Float64() * 1.2, turn: random.Float64(), tear: random.IntN(6) == 0}
		if p.faults != "" && random.IntN(3) == 0 {
			s.after *= 4 // while it waits to try again
		}
		if i == 0 && p.theme.blow != noBlow {
			s.blow, s.room = p.theme.blow, random.Int64N(40<<10)
			if s.blow == fileLimit {
				s.room /= 8 // of a single file
			}
		}
		p.drawChange(&s, random)
		steps = append(steps, s)
	}
	return steps
}

// drawChange draws what is otherwise for the process after a blow.
func (p *plan) drawChange(s *step, random *rand.Rand) {
	if random.IntN(3) == 0 {
		s.workers = 1 + random.IntN(12)
	}
	if random.IntN(4) == 0 {
		s.batch = 1 + random.IntN(3)
	}
	if random.IntN(3) == 0 {
		s.feed = feedChange(1 + random.IntN(3))
	}
	if s.feed == corrected && p.createOnly {
		s.feed = resorted // a changed product is not to be created a second time
	}
}

// String describes the plan for those who look into a breach.
func (p *plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "run %d of seed %d: %s, %s, feed %d%s, workers %d, rate %g, create-only %v, faults %q\n",
		p.number, p.seed, p.theme.name, p.target, p.season, p.ending, p.workers, p.rate, p.createOnly, p.faults)
	var at []string
	for i, s := range p.steps {
		fmt.Fprintf(&b, "  process %d: %v %s, after %.2f, room %d, torn %v; then workers %d, batch %d, %v\n",
			i+1, s.blow, s.at, s.after, s.room, s.tear, s.workers, s.batch, s.feed)
		at = append(at, s.at)
	}
	fmt.Fprintf(&b, "  replay: go run ./benchmarks/crash -seed %d -only %d -at %q -keep", p.seed, p.number, strings.Join(at, ","))
	return b.String()
}

// timeout is how long the program waits for an answer. Faults that take longer are doubtful.
const timeout = 2 * time.Second
