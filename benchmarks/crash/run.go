//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline/journal"
	"bulkload/vendors"
)

// The program's exit codes that a run may end with.
const (
	codeDone      = 0
	codeSomeNot   = 2
	codeTemporary = 5
	codeInternal  = 70
	codeSIGINT    = 130
)

// A run is a plan that is carried out in a lane.
type run struct {
	*plan
	lane     *lane
	season   *season
	resource *vendors.Resource
	dir      string // for everything
	disk     string // for what the program writes
	workers  int
	batch    int
	version  int // of the feed
	feed     string
	random   *rand.Rand // for what does not decide what happens
	begun    bool       // the run's folder says how it was called
	written  bool       // its journal has a beginning
	cut      bool       // the last process did not come to its end
	evidence evidence
	verdict  *verdict
	result   result
}

// result is what a run adds to the table.
type result struct {
	kills, signals, resumed, processes int
	strikes                            int64
	full                               int // processes that ended because nothing could be written
}

// carryOut carries out a plan. An error is the harness's own; what the program did wrong is in the verdict.
func (l *lane) carryOut(p *plan) (r *run, err error) {
	r = &run{plan: p, lane: l, season: l.bench.seasons[p.target][p.season], workers: p.workers, verdict: &verdict{},
		random: rand.New(rand.NewPCG(p.seed, uint64(p.number)+1<<32))}
	r.resource = r.season.stock.resource
	if err := r.prepare(); err != nil {
		return r, err
	}
	if err := r.process(); err != nil {
		return r, err
	}
	if len(r.verdict.breaches) > 0 {
		return r, nil // it did not come to its end
	}
	if r.evidence.record, err = l.stand.record(); err != nil {
		return r, err
	}
	for kind, n := range r.evidence.record.Resources[p.target].Faults {
		if kind != "" {
			r.result.strikes += n
		}
	}
	if r.evidence.rejected, err = r.rejects(); err != nil {
		return r, err
	}
	r.verdict = judge(&r.evidence)
	r.litter()
	return r, nil
}

// prepare makes the run's folder, feed and sandbox.
func (r *run) prepare() (err error) {
	r.dir = filepath.Join(r.lane.dir, strconv.Itoa(r.number))
	r.disk = r.dir
	if r.theme.blow == fullDisk {
		r.disk = r.lane.small
	}
	for _, dir := range []string{r.dir, filepath.Join(r.dir, "home")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	if r.theme.blow == fullDisk {
		for _, name := range []string{"run", "state"} {
			if err := os.RemoveAll(filepath.Join(r.disk, name)); err != nil {
				return err
			}
		}
	}
	r.evidence = evidence{repeat: r.resource.Repeat, rate: r.rate, versions: r.season.versions[:], resource: r.target}
	if err := r.writeConfig(); err != nil {
		return err
	}
	if err := r.writeFeed("feed", nil); err != nil {
		return err
	}
	return r.lane.stand.reset(r.faults, r.seed)
}

// writeConfig writes a configuration with one account.
func (r *run) writeConfig() error {
	vendor, _, _ := strings.Cut(r.target, "/")
	text := fmt.Sprintf("accounts:\n  crash:\n    vendor: %s\n    base_url: %s\n    token_env: BULKLOAD_TOKEN\n    timeout: %v\n",
		vendor, r.lane.stand.vendors[vendor], timeout)
	return os.WriteFile(filepath.Join(r.dir, "bulkload.yaml"), []byte(text), 0o600)
}

// writeFeed writes the feed's present version under a name.
func (r *run) writeFeed(name string, shuffled *rand.Rand) error {
	r.feed = filepath.Join(r.dir, name+r.ending)
	return r.season.stock.write(r.feed, r.season.versions[r.version].items, shuffled)
}

// process starts one process after the other until the run is done.
func (r *run) process() error {
	for number := 0; ; number++ {
		s := step{blow: noBlow}
		if number < len(r.steps) {
			s = r.steps[number]
		}
		if number > len(r.steps)+8 {
			r.verdict.breach(failed, "%d processes have not come to the end of the run", number)
			return nil
		}
		e, err := r.once(number, &s)
		if err != nil {
			return err
		}
		if number < len(r.steps) {
			r.steps[number].at = s.at
		}
		done, err := r.look(number, &s, e)
		if err != nil || done || len(r.verdict.breaches) > 0 {
			return err
		}
		if err := r.change(number, &s); err != nil {
			return err
		}
	}
}

// once runs one process.
func (r *run) once(number int, s *step) (ending, error) {
	c := &call{program: r.lane.bench.program, dir: r.dir, args: r.arguments(), env: r.environment(number)}
	typical := r.lane.bench.typical
	after := time.Duration(s.after * float64(typical))
	point := ""
	switch s.blow {
	case atRandom:
		c.attack = killAfter(after)
	case atPoint:
		name, n := r.lane.bench.points.choose(s.turn)
		if s.at == "" {
			s.at = fmt.Sprintf("%s@%d", name, n)
		}
		point, _, _ = strings.Cut(s.at, "@")
		c.env = append(c.env, "BULKLOAD_CRASH="+s.at)
	case interrupt:
		c.attack = interruptAfter(after, 0)
	case twice:
		c.attack = interruptAfter(after, time.Duration(1+r.random.IntN(40))*time.Millisecond)
	case fileLimit:
		c.limit = max(512, s.room)
		c.env = slices.DeleteFunc(c.env, func(v string) bool { return strings.HasPrefix(v, logVariable) }) // it would be limited too
	case contended:
		c.attack = r.contend
	case fullDisk:
		release, err := fill(r.disk, s.room)
		if err != nil {
			return ending{}, err
		}
		defer release()
	}
	e, err := c.live()
	if err != nil {
		return e, err
	}
	r.result.processes++
	if e.killed {
		r.result.kills++
		if point != "" {
			r.lane.bench.points.died(point)
		}
	} else if e.code == -1 || e.code == codeSIGINT {
		r.result.signals++
	}
	text := fmt.Sprintf("%q\n%v %s\nended with %d, killed %v\n%s\n", c.args, s.blow, s.at, e.code, e.killed, e.words)
	return e, errors.Join(os.WriteFile(filepath.Join(r.dir, fmt.Sprintf("process-%d.txt", number+1)), []byte(text), 0o600),
		r.lane.bench.points.read(r.pointLog(number)))
}

func (r *run) pointLog(number int) string {
	return filepath.Join(r.dir, fmt.Sprintf("points-%d.txt", number+1))
}

// folder is that of the program's run.
func (r *run) folder() string { return filepath.Join(r.disk, "run") }

func (r *run) environment(number int) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(r.dir, "home"), "NO_COLOR=1", "BULKLOAD_TOKEN=any",
		"TMPDIR=" + r.dir, "BULKLOAD_STATE_DIR=" + filepath.Join(r.disk, "state"), logVariable + r.pointLog(number)}
}

// logVariable has the program log the points that it meets.
const logVariable = "BULKLOAD_CRASH_LOG="

// arguments calls import, or resume once there is something to go on with.
func (r *run) arguments() []string {
	args := []string{"resume", r.folder(), "--feed", r.feed}
	if !r.begun {
		args = []string{"import", r.feed, "--to", r.target, "--config", filepath.Join(r.dir, "bulkload.yaml"), "--account", "crash",
			"--run-dir", r.folder()}
		if r.rate > 0 {
			args = append(args, "--rate", fmt.Sprintf("%g/s", r.rate))
		}
		if r.createOnly {
			args = append(args, "--create-only")
		}
	} else {
		r.result.resumed++
	}
	args = append(args, "--no-progress", "--workers", strconv.Itoa(r.workers))
	if r.batch > 0 {
		args = append(args, "--batch", strconv.Itoa(r.batch))
	}
	return args
}

// contend tries a second run on the account while the first one waits for its vendor: it must be
// turned away and told by whom. Then the first one is killed.
func (r *run) contend(p *os.Process, gone <-chan struct{}) {
	for range 500 {
		if record, err := r.lane.stand.record(); err == nil && record.Resources[r.target].Methods["GET"] < record.Requests {
			break
		}
		if sleep(5*time.Millisecond, gone) {
			return // it was done before
		}
	}
	second := &call{program: r.lane.bench.program, dir: r.dir, env: r.environment(-1),
		args: []string{"import", r.feed, "--to", r.target, "--config", filepath.Join(r.dir, "bulkload.yaml"), "--account", "crash",
			"--run-dir", filepath.Join(r.dir, "second"), "--no-progress"}}
	e, err := second.live()
	select {
	case <-gone:
		return
	default:
	}
	p.Kill()
	switch {
	case err != nil:
		r.verdict.breach(failed, "the second run: %v", err)
	case e.code == codeDone || e.code == codeSomeNot || !strings.Contains(e.words, strconv.Itoa(p.Pid)):
		r.verdict.breach(failed, "a second run on the account ended with %d and does not name process %d: %s", e.code, p.Pid, e.words)
	}
}

// look takes down what a process left behind, and reports whether the run is done.
func (r *run) look(number int, s *step, e ending) (done bool, err error) {
	l := newLife(e, r.version)
	_, err = journal.Read(journal.OS{}, filepath.Join(r.folder(), "journal"), l.note)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, journal.ErrUnbegun) {
		r.verdict.breach(unfaithful, "the journal after process %d: %v", number+1, err)
		return false, nil
	}
	r.written = err == nil
	r.evidence.lives = append(r.evidence.lives, *l)
	if err := r.whole(number); err != nil {
		return false, err
	}
	m := &r.evidence.manifest
	r.cut = e.killed || e.code == -1
	switch {
	case r.cut:
	case e.code == codeDone || e.code == codeSomeNot:
		if m.ExitCode != e.code || m.Resume != "" {
			r.verdict.breach(unreported, "process %d ended with %d, its manifest says %d and %q", number+1, e.code, m.ExitCode, m.Resume)
		}
	case e.code == codeTemporary:
	case e.code == codeSIGINT && (s.blow == interrupt || s.blow == twice):
	case e.code != codeInternal && (s.blow == fullDisk || s.blow == fileLimit):
		r.result.full++
		r.cut = true
	default:
		r.verdict.breach(failed, "process %d (%v) ended with %d: %s", number+1, s.blow, e.code, tail(e.words))
	}
	return r.begun && m.Rows != nil && m.Resume == "", nil
}

// whole looks at the files of the run's folder: each is there whole, or not at all.
func (r *run) whole(number int) error {
	var settings struct{}
	begun, err := r.readJSON("settings.json", &settings)
	if err != nil {
		r.verdict.breach(failed, "after process %d: %v", number+1, err)
		return nil
	}
	r.begun = begun
	r.evidence.manifest = manifest{}
	if _, err := r.readJSON("run.json", &r.evidence.manifest); err != nil {
		r.verdict.breach(failed, "after process %d: %v", number+1, err)
	}
	if begun {
		return nil
	}
	record, err := r.lane.stand.record()
	if err == nil && len(byEntity(&evidence{record: record, lives: r.evidence.lives})) > 0 {
		r.verdict.breach(unfaithful, "process %d sent something and left nothing to resume", number+1)
	}
	return err
}

// readJSON reads a file of the run's folder; there is false when there is none.
func (r *run) readJSON(name string, into any) (there bool, err error) {
	data, err := os.ReadFile(filepath.Join(r.folder(), name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return true, err
}

// change does what happens between two processes.
func (r *run) change(number int, s *step) error {
	if s.workers > 0 {
		r.workers = s.workers
	}
	if s.batch > 0 {
		r.batch = s.batch
	}
	if s.tear && r.written {
		if err := r.tear(); err != nil {
			return err
		}
	}
	name, shuffled := fmt.Sprintf("feed %d", number+2), (*rand.Rand)(nil)
	switch s.feed {
	case sameFeed:
		return nil
	case resorted:
		shuffled = r.random
	case corrected:
		r.version = 1
		if r.random.IntN(2) == 0 {
			shuffled = r.random
		}
	}
	return r.writeFeed(name, shuffled)
}

// tear puts behind the journal what a write that was cut by a power cut may leave there.
func (r *run) tear() error {
	file, err := os.OpenFile(filepath.Join(r.folder(), "journal"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	torn := make([]byte, 1+r.random.IntN(60))
	if r.random.IntN(2) == 0 {
		for i := range torn {
			torn[i] = byte(r.random.Uint32())
		}
	}
	_, err = file.Write(torn)
	return errors.Join(err, file.Close())
}

// rejects counts the rows of the rejects file by their key.
func (r *run) rejects() (map[string]int64, error) {
	counts := make(map[string]int64)
	found, err := filepath.Glob(filepath.Join(r.folder(), "rejects.*"))
	if err != nil || len(found) == 0 {
		return counts, err
	}
	if len(found) > 1 {
		return nil, fmt.Errorf("several rejects files: %q", found)
	}
	f, err := feed.Open(found[0], nil, formats.Options{})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	reader, err := f.Read(context.Background())
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	for {
		block, err := reader.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return counts, nil
		}
		if err != nil {
			return nil, err
		}
		for i := range block.Len() {
			key := r.season.stock.key(func(field string) string {
				return string(block.Row(i).Cell(slices.Index(block.Header.Names, field)))
			})
			counts[key]++
		}
		block.Release()
	}
}

// litter looks for temporary files that nobody takes away.
func (r *run) litter() {
	if r.cut {
		return // the report was written, the rest is left to the next run on the account
	}
	for _, pattern := range []string{"run/*.tmp", "state/*.tmp", "state/*/*.tmp"} {
		if left, err := filepath.Glob(filepath.Join(r.disk, pattern)); err != nil || len(left) > 0 {
			r.verdict.breach(failed, "the run is over and leaves %q (%v)", left, err)
		}
	}
}

// tail is the end of what a process said.
func tail(words string) string { return words[max(0, len(words)-600):] }
