package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/internal/canary"
	"bulkload/pipeline"
	"bulkload/pipeline/journal"
	"bulkload/pipeline/send"
	"bulkload/vendors"
	"bulkload/vendors/sandbox"
	"bulkload/vendors/schema"
)

const categoryView = "fashionai/category-view"

// newLookup makes a lookup of a job that writes into a folder, as the process number n of its run.
func newLookup(job *pipeline.Job, dir, output string) *pipeline.Lookup {
	return &pipeline.Lookup{Job: job, Answers: filepath.Join(dir, "answers"), Output: filepath.Join(dir, output),
		Begin: journal.Begin{Run: "run", Account: "test", Target: job.Vendor.Name + "/" + job.Resource.Name, Started: time.Now()}}
}

// lookedUp runs a lookup that must come to its end, and reads what it wrote.
func lookedUp(t *testing.T, l *pipeline.Lookup) (*pipeline.Result, table) {
	t.Helper()
	result, err := l.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return settled(t, result), readTable(t, l.Output)
}

// openAt opens a feed for a resource that need not be listed.
func openAt(t *testing.T, path string, vendor *vendors.Vendor, resource *vendors.Resource) *pipeline.Job {
	t.Helper()
	f, err := feed.Open(path, nil, formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &pipeline.Job{Feed: f, Vendor: vendor, Resource: resource, CheckWorkers: 2, TempDir: t.TempDir()}
}

// asked tells how often the sandbox was asked each question.
func asked(server *sandbox.Server) map[string]int64 {
	times := make(map[string]int64)
	for id, e := range server.Record().Resources[categoryView].Entities {
		times[id] = e.Applied
	}
	return times
}

// TestRowsComeBackInTheirOrder looks up random feeds: the rows of the output are those of the feed, in their
// order, each with the answer to its own question, and each question is put once.
func TestRowsComeBackInTheirOrder(t *testing.T) {
	server := newSandbox(t, sandbox.Options{})
	dir := t.TempDir()
	runs := 0
	fewerChecks(t, 30) // each question waits for the disk
	rapid.Check(t, func(r *rapid.T) {
		if err := server.Reset(sandbox.Options{}); err != nil {
			r.Fatal(err)
		}
		runs++
		row := rapid.Custom(func(r *rapid.T) []string {
			return []string{
				rapid.SampledFrom([]string{"", "90", "91", "anna"}).Draw(r, "user"),
				rapid.SampledFrom([]string{"", "s1", "s2", "new1", "a|b"}).Draw(r, "session"),
				rapid.SampledFrom([]string{"c1", "c2", `=c\3`}).Draw(r, "category"),
			}
		})
		tab := table{[]string{"note", "userId", "sessionId", "data.id"}, [][]string{{"all columns are there", "92", "s0", "c0"}}}
		for i, cells := range rapid.SliceOfN(row, 1, 25).Draw(r, "rows") {
			tab.rows = append(tab.rows, append([]string{fmt.Sprint("row ", i)}, cells...))
		}
		ending := rapid.SampledFrom([]string{".csv", ".xlsx", ".ndjson", ".parquet", ".csv.gz", ".ndjson.zst"})
		in := tab.write(t, filepath.Join(dir, fmt.Sprint("feed", runs, ending.Draw(r, "in"))))
		job := newJob(t, in, categoryView, "")
		connect(job, server, rapid.IntRange(1, 4).Draw(r, "workers"))
		l := newLookup(job, dir, fmt.Sprint("out", runs, ending.Draw(r, "out")))
		l.Answers, l.Expand = filepath.Join(dir, fmt.Sprint("answers", runs)), rapid.Bool().Draw(r, "expand")
		result, got := lookedUp(t, l)

		want := wantedAnswers(t, server, tab, l.Expand)
		slices.Sort(got.columns)
		if diff := cmp.Diff([]string{"data.id", "lookup_error", "lookup_status", "note", "products", "sessionId", "userId"}, got.columns); diff != "" &&
			!strings.Contains(l.Output, "ndjson") { // which has no columns that are empty on all rows
			r.Errorf("columns (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, answersOf(t, l.Output)); diff != "" {
			r.Errorf("rows (-want +got):\n%s", diff)
		}
		for id, times := range asked(server) {
			if times != 1 {
				r.Errorf("%s was asked %d times", id, times)
			}
		}
		if result.Summary.RowsIn != int64(len(tab.rows)) {
			r.Errorf("%d rows in, want %d", result.Summary.RowsIn, len(tab.rows))
		}
	})
}

// fewerChecks says how many cases a property is checked with, unless the call of the test says more.
func fewerChecks(t *testing.T, checks int) {
	t.Helper()
	option := flag.Lookup("rapid.checks")
	if option.Value.String() != option.DefValue {
		return
	}
	if err := option.Value.Set(strconv.Itoa(checks)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { option.Value.Set(option.DefValue) })
}

// answersOf reads an output, a line for each row: note, user, session, category, products, status.
func answersOf(t *testing.T, path string) []string {
	t.Helper()
	tab := readTable(t, path)
	var lines []string
	for _, row := range tab.rows {
		var cells []string
		for _, name := range []string{"note", "userId", "sessionId", "data.id", "products", "lookup_status"} {
			cell := ""
			if i := slices.Index(tab.columns, name); i >= 0 {
				cell = row[i]
			}
			cells = append(cells, cell)
		}
		lines = append(lines, strings.Join(cells, " ; "))
	}
	return lines
}

// wantedAnswers are the rows as answersOf gives them, the answers asked of the sandbox directly.
func wantedAnswers(t *testing.T, server *sandbox.Server, tab table, expand bool) []string {
	t.Helper()
	var lines []string
	for _, row := range tab.rows {
		user, session, category := row[1], row[2], row[3]
		var products []string
		status := "answered"
		switch {
		case session == "":
			status = "rejected"
		case user == "anna":
			status = "refused"
		case strings.HasPrefix(session, "new") && user == "":
			status = "empty"
		default:
			products = rankedBySandbox(t, user, session, category)
		}
		own := strings.Join(row, " ; ")
		if !expand || len(products) == 0 {
			lines = append(lines, own+" ; "+schema.JoinItems(products)+" ; "+status)
			continue
		}
		for _, product := range products {
			lines = append(lines, own+" ; "+product+" ; "+status)
		}
	}
	return lines
}

var rankings sync.Map // by question: what the sandbox answers, which never changes

// rankedBySandbox asks a sandbox of its own.
func rankedBySandbox(t *testing.T, user, session, category string) []string {
	t.Helper()
	question := strings.Join([]string{user, session, category}, "\x00")
	if known, ok := rankings.Load(question); ok {
		return known.([]string)
	}
	server, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	body := map[string]any{"sessionId": session, "eventType": "categoryView", "data": map[string]string{"id": category}}
	if user != "" {
		body["userId"] = json.Number(user)
	}
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, server.BaseURL("fashionai"), strings.NewReader(string(data)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-FashionAI-APP-Token", "any")
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	var answer struct{ Products []string }
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
		t.Fatalf("the sandbox answers %d %s: %v", w.Code, w.Body, err)
	}
	rankings.Store(question, answer.Products)
	return answer.Products
}

// questions is a feed of so many different questions.
func questions(t *testing.T, count int) string {
	var text strings.Builder
	text.WriteString("sessionId,data.id\n")
	for i := range count {
		fmt.Fprintf(&text, "s%d,c%d\n", i, i%7)
	}
	return writeText(t, "feed.csv", text.String())
}

// TestStoppedLookupsGoOn stops a lookup again and again, while the vendor cuts some lines after it has
// counted the question. No question is put twice, until somebody says so.
func TestStoppedLookupsGoOn(t *testing.T) {
	const rows = 120
	faults, err := sandbox.ParseFaults("reset-after@10,drop-after@40,cut@70,503@80,429:1@90,drop-before@95")
	if err != nil {
		t.Fatal(err)
	}
	server := newSandbox(t, sandbox.Options{Faults: faults})
	in, dir := questions(t, rows), t.TempDir()
	process := func(again bool, most int64) (*pipeline.Result, error) {
		job := newJob(t, in, categoryView, "")
		stop := make(chan struct{})
		var once sync.Once
		job.Stop, job.Again = stop, again
		connect(job, server, 3)
		job.Progress = func(p pipeline.Progress) {
			if p.Stage == "asking" && p.Done >= most {
				once.Do(func() { close(stop) })
			}
		}
		return newLookup(job, dir, "out.csv").Run(t.Context())
	}
	for n := 0; ; n++ {
		result, err := process(false, 17)
		if err == nil {
			settled(t, result)
			break
		}
		if !errors.Is(err, pipeline.ErrInterrupted) || n > rows {
			t.Fatalf("process %d: %v", n, err)
		}
		settled(t, result)
		if _, err := os.Stat(filepath.Join(dir, "out.csv")); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("process %d was stopped and left an output: %v", n, err)
		}
	}
	for id, times := range asked(server) {
		if times != 1 {
			t.Errorf("%s was asked %d times", id, times)
		}
	}
	counts := make(map[string]int)
	for _, line := range answersOf(t, filepath.Join(dir, "out.csv")) {
		counts[line[strings.LastIndex(line, " ")+1:]]++
	}
	// The line was cut behind three questions, before one, and one was answered with 503: nobody knows which counted.
	if diff := cmp.Diff(map[string]int{"answered": rows - 5, "unknown": 5}, counts); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	result, err := process(true, rows)
	if err != nil {
		t.Fatal(err)
	}
	if s := settled(t, result).Summary; s.Lookup.Asked != 5 || s.Recalled != rows-5 || s.Counts.Rows[vendors.Created] != rows {
		t.Errorf("asked again: %d asked, %d settled before, %d answered", s.Lookup.Asked, s.Recalled, s.Counts.Rows[vendors.Created])
	}
	twice := 0
	for _, times := range asked(server) {
		if times == 2 {
			twice++
		}
	}
	if twice != 3 {
		t.Errorf("%d questions counted twice, want the 3 whose line was cut behind them", twice)
	}
}

// library answers from memory.
type library struct {
	mu      sync.Mutex
	answers map[string]string // by key
	fails   map[string]error
	asked   map[string]int
}

func (l *library) ask(_ context.Context, _ *vendors.Client, e *vendors.Entity) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asked == nil {
		l.asked = make(map[string]int)
	}
	l.asked[e.Key]++
	if err := l.fails[e.Key]; err != nil {
		return nil, err
	}
	return []byte(l.answers[e.Key]), nil
}

// resource asks the library. An answer is a list of objects of texts.
func (l *library) resource() (*vendors.Vendor, *vendors.Resource) {
	r := &vendors.Resource{Name: "books", Noun: vendors.Noun{One: "book", Many: "books"}, Key: "id", Batch: 1, Repeat: vendors.Harmless,
		Schema: schema.Schema{{Name: "id", Required: true}},
		Encode: func(e *vendors.Entity) any { return e.Key },
		Ask:    l.ask,
		Answers: schema.Schema{{Name: "title", Shared: true}, {Name: "page_{n}"}, {Name: "size"}, {Name: "score", Type: schema.Decimal},
			{Name: "tags", List: true}},
		Answer: func(body []byte) (rows []map[string]string, err error) { return rows, json.Unmarshal(body, &rows) }}
	return &vendors.Vendor{Name: "library", Resources: []*vendors.Resource{r}}, r
}

// lookInto looks a feed up in the library.
func lookInto(t *testing.T, l *library, text, output string, set func(*pipeline.Lookup)) (*pipeline.Result, *pipeline.Lookup, error) {
	t.Helper()
	vendor, resource := l.resource()
	job := openAt(t, writeText(t, "feed.csv", text), vendor, resource)
	job.Client = &vendors.Client{Account: &vendors.Account{}}
	job.Counts = &send.Counts{}
	job.Retry = send.Retry{Attempts: 3, Random: func() float64 { return 0 }, Counts: job.Counts}
	job.Workers = 2
	lookup := newLookup(job, t.TempDir(), output)
	if set != nil {
		set(lookup)
	}
	result, err := lookup.Run(t.Context())
	if result != nil {
		settled(t, result)
	}
	return result, lookup, err
}

func TestColumnsOfAnswers(t *testing.T) {
	l := &library{answers: map[string]string{
		"A": `[{"title": "Fit", "size": "S|M", "score": "0.5", "page_2": "two", "tags": "x|y"}, {"size": "L", "page_10": "ten", "extra": "new"}]`,
		"B": `[{"title": "One|Two", "size": "back\\slash", "tags": "x|y"}]`,
		"C": `[]`,
		"D": `no list`,
	}, fails: map[string]error{"E": &vendors.APIError{Status: 422, Message: "no such book"}, "F": &vendors.TransportError{Err: errors.New("cut")}}}
	const in = "size,id,lookup_status,\nbig,A,old,\nsmall,B,,\nx,C,,\nx,D,,\nx,E,,\nx,F,,\nx,,,\nx,A,,\n"
	for _, test := range []struct {
		name   string
		expand bool
		output string
		want   string
	}{
		{"joined", false, "out.csv", "\ufeff" + `size,id,lookup_status,,title,page_2,page_10,answer.size,score,tags,extra,answer.lookup_status,lookup_error
big,A,old,,Fit,"two|","|ten","S\|M|L","0.5|","x\|y|","|new",answered,
small,B,,,"One|Two",,,back\\slash,,"x|y",,answered,
x,C,,,,,,,,,,empty,
x,D,,,,,,,,,,refused,id: the answer cannot be read
x,E,,,,,,,,,,refused,id: no such book
x,F,,,,,,,,,,unknown,it was asked and no answer came
x,,,,,,,,,,,rejected,id is required
x,A,,,Fit,"two|","|ten","S\|M|L","0.5|","x\|y|","|new",answered,
`},
		{"expanded", true, "out.csv", "\ufeff" + `size,id,lookup_status,,title,page_2,page_10,answer.size,score,tags,extra,answer.lookup_status,lookup_error
big,A,old,,Fit,two,,"S|M",0.5,"x|y",,answered,
big,A,old,,Fit,,ten,L,,,new,answered,
small,B,,,"One|Two",,,back\slash,,"x|y",,answered,
x,C,,,,,,,,,,empty,
x,D,,,,,,,,,,refused,id: the answer cannot be read
x,E,,,,,,,,,,refused,id: no such book
x,F,,,,,,,,,,unknown,it was asked and no answer came
x,,,,,,,,,,,rejected,id is required
x,A,,,Fit,two,,"S|M",0.5,"x|y",,answered,
x,A,,,Fit,,ten,L,,,new,answered,
`},
		{"as JSON", true, "out.ndjson", `{"size":"big","id":"A","lookup_status":"old","title":"Fit","page_2":"two","answer.size":"S|M","score":0.5,"tags":"x|y","answer.lookup_status":"answered"}
{"size":"big","id":"A","lookup_status":"old","title":"Fit","page_10":"ten","answer.size":"L","extra":"new","answer.lookup_status":"answered"}
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			l.asked = nil
			_, lookup, err := lookInto(t, l, in, test.output, func(l *pipeline.Lookup) { l.Expand = test.expand })
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(lookup.Output)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for line := range strings.Lines(string(data)) { // without the ends of long reasons
				for _, reason := range []string{"id: the answer cannot be read", "it was asked and no answer came"} {
					if i := strings.Index(line, reason); i >= 0 {
						line = strings.TrimSuffix(line[:i], `"`) + reason + "\n"
					}
				}
				got.WriteString(line)
			}
			if text := got.String(); !strings.HasPrefix(text, test.want) || !strings.Contains(test.output, "json") && text != test.want {
				t.Errorf("output (-want +got):\n%s", cmp.Diff(test.want, text))
			}
			if want := map[string]int{"A": 1, "B": 1, "C": 1, "D": 1, "E": 1, "F": 3}; !cmp.Equal(want, l.asked) {
				t.Errorf("asked %v, want %v", l.asked, want)
			}
		})
	}
}

// TestNothingIsAsked runs lookups that must end before the first question, and leave nothing.
func TestNothingIsAsked(t *testing.T) {
	const in = "id\nA\n\"\x02\"\n"
	refuse := errors.New("no")
	for _, test := range []struct {
		name string
		set  func(*pipeline.Lookup)
		is   func(error) bool
	}{
		{"over its budget", func(l *pipeline.Lookup) {
			l.MaxErrors = must(pipeline.ParseBudgets([]string{"0"}, l.Resource))
		}, func(err error) bool { var over *pipeline.BudgetError; return errors.As(err, &over) }},
		{"not the rows that were expected", func(l *pipeline.Lookup) { l.ExpectRows = 5 },
			func(err error) bool { var short *pipeline.ShortError; return errors.As(err, &short) }},
		{"nobody agrees", func(l *pipeline.Lookup) { l.Agree = func(int64, int64) error { return refuse } },
			func(err error) bool { return errors.Is(err, refuse) }},
		{"no folder to write to", func(l *pipeline.Lookup) { l.Output = filepath.Join(l.Output, "no", "such.csv") },
			func(err error) bool { return errors.Is(err, fs.ErrNotExist) }},
		{"an unknown ending", func(l *pipeline.Lookup) { l.Output += ".doc" }, func(err error) bool { return err != nil }},
		{"not a question", func(l *pipeline.Lookup) { l.Resource.Ask = nil }, func(err error) bool { return err != nil }},
	} {
		books := &library{answers: map[string]string{"A": `[]`}}
		_, lookup, err := lookInto(t, books, in, "out.csv", test.set)
		if !test.is(err) || len(books.asked) > 0 {
			t.Errorf("%s: %v, and %d questions were asked", test.name, err, len(books.asked))
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(lookup.Answers), "*")); len(left) > 0 {
			t.Errorf("%s: %q were left", test.name, left)
		}
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// TestOutputThatCannotBeWritten has an answer that is too long for a cell of a workbook: it is written to
// another file by the next process, which asks nothing.
func TestOutputThatCannotBeWritten(t *testing.T) {
	books := &library{answers: map[string]string{"A": `[{"size": "` + strings.Repeat("x", 40_000) + `"}]`}}
	result, first, err := lookInto(t, books, "id\nA\n", "out.xlsx", nil)
	var unwritten *pipeline.OutputError
	if !errors.As(err, &unwritten) || result == nil || !strings.Contains(err.Error(), "--expand") {
		t.Fatalf("Run = %v, want an OutputError that says what to do", err)
	}
	_, second, err := lookInto(t, books, "id\nA\n", "out.csv", func(l *pipeline.Lookup) { l.Answers = first.Answers })
	if err != nil || books.asked["A"] != 1 {
		t.Fatalf("Run = %v after %d questions", err, books.asked["A"])
	}
	if rows := readTable(t, second.Output).rows; len(rows) != 1 || len(rows[0][2]) != 40_000 {
		t.Errorf("%d rows were written", len(rows))
	}
}

// TestAFeedThatChangesIsNotWritten changes the feed while it is asked about.
func TestAFeedThatChangesIsNotWritten(t *testing.T) {
	books := &library{answers: map[string]string{"A": `[]`, "B": `[]`}}
	_, lookup, err := lookInto(t, books, "id\nA\nB\n", "out.csv", func(l *pipeline.Lookup) {
		ask := l.Resource.Ask
		path := l.Feed.Path
		l.Resource.Ask = func(ctx context.Context, c *vendors.Client, e *vendors.Entity) ([]byte, error) {
			if err := os.WriteFile(path, []byte("id\nA\nC\n"), 0o600); err != nil {
				t.Error(err)
			}
			return ask(ctx, c, e)
		}
	})
	var stale *pipeline.StaleError
	if !errors.As(err, &stale) {
		t.Errorf("Run = %v, want a StaleError", err)
	}
	if _, err := os.Stat(lookup.Output); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the output is there: %v", err)
	}
}

// TestAnswersShowNoToken asks a vendor that repeats the token in its answers and its refusals.
func TestAnswersShowNoToken(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := r.Header.Get("X-FashionAI-APP-Token")
		var body struct{ SessionID string }
		json.NewDecoder(r.Body).Decode(&body)
		w.Header().Set("Content-Type", "application/json")
		if body.SessionID == "s2" {
			w.WriteHeader(http.StatusBadRequest)
			json.NewEncoder(w).Encode(map[string]string{"message": "no, said " + token})
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"products": []string{"p1", "of " + token}, "debug": token})
	}))
	defer server.Close()
	job := newJob(t, questions(t, 3), categoryView, "")
	connect(job, newSandbox(t, sandbox.Options{}), 2)
	job.Client.Account.BaseURL = server.URL
	dir := t.TempDir()
	_, got := lookedUp(t, newLookup(job, dir, "out.parquet"))
	if len(got.rows) != 3 || got.rows[0][2] != "p1|of ***" || !strings.Contains(got.rows[2][4], "no, said ***") {
		t.Errorf("rows %q", got.rows)
	}
	if finds, err := canary.Search(dir, planted); err != nil || len(finds) > 0 {
		t.Errorf("the token was left behind, %v: %q", err, finds)
	}
}

// TestALookupTurnedAway ends at once when the vendor does not take the token, and is gone on with.
func TestALookupTurnedAway(t *testing.T) {
	faults, err := sandbox.ParseFaults("unauthorized@5")
	if err != nil {
		t.Fatal(err)
	}
	server := newSandbox(t, sandbox.Options{Faults: faults})
	in, dir := questions(t, 30), t.TempDir()
	job := newJob(t, in, categoryView, "")
	connect(job, server, 2)
	result, err := newLookup(job, dir, "out.csv").Run(t.Context())
	if !errors.Is(err, send.ErrUnauthorised) || result == nil {
		t.Fatalf("Run = %v, want ErrUnauthorised and a result", err)
	}
	if s := settled(t, result).Summary; s.Counts.Rows[vendors.Skipped] == 0 {
		t.Error(s.Balance())
	}
	job = newJob(t, in, categoryView, "")
	connect(job, server, 2)
	if result, _ := lookedUp(t, newLookup(job, dir, "out.csv")); result.Summary.Counts.Rows[vendors.Created] != 30 {
		t.Errorf("gone on with: %s", result.Summary.Balance())
	}
	for id, times := range asked(server) {
		if times != 1 {
			t.Errorf("%s was asked %d times", id, times)
		}
	}
}

// TestALostQuestionStaysLost has a question that must not be put twice lose its answer, and a process that is to
// put it again fail to: the one after it, which is not told to, must not put it.
func TestALostQuestionStaysLost(t *testing.T) {
	cut := &vendors.TransportError{Err: io.ErrUnexpectedEOF}
	for name, failure := range map[string]error{
		"throttled": &vendors.APIError{Status: http.StatusTooManyRequests},
		"no slot":   fmt.Errorf("wait for a slot: %w", context.Canceled),
	} {
		dir, put := t.TempDir(), 0
		process := func(again bool, answer error) *pipeline.Result {
			vendor, books := (&library{}).resource()
			books.Repeat = vendors.Unsafe
			books.Ask = func(ctx context.Context, client *vendors.Client, _ *vendors.Entity) ([]byte, error) {
				if answered := (*vendors.APIError)(nil); answer == cut || errors.As(answer, &answered) {
					if err := client.Leaving(ctx); err != nil {
						return nil, err
					}
				}
				put++
				return nil, answer
			}
			job := openAt(t, writeText(t, "feed.csv", "id\nA\n"), vendor, books)
			job.Client, job.Counts, job.Again = &vendors.Client{Account: &vendors.Account{}}, &send.Counts{}, again
			job.Retry = send.Retry{Attempts: 1, Counts: job.Counts}
			result, err := newLookup(job, dir, "out.csv").Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return settled(t, result)
		}
		process(false, cut)
		if counts := process(true, failure).Summary.Counts.Rows; put != 2 || counts[vendors.Unknown] != 1 {
			t.Errorf("%s: put %d times, then %v; want twice and unknown", name, put, counts)
		}
		if counts := process(false, cut).Summary.Counts.Rows; put != 2 || counts[vendors.Unknown] != 1 {
			t.Errorf("%s: put %d times, though nobody said so, then %v", name, put, counts)
		}
	}
}

// TestACorrectedFeedAsksOnlyWhatIsNew goes on with a lookup whose feed was sorted anew, put right and added
// to meanwhile.
func TestACorrectedFeedAsksOnlyWhatIsNew(t *testing.T) {
	books := &library{answers: map[string]string{"A": `[{"size": "a"}]`, "B": `[{"size": "b"}]`, "C": `[]`, "D": `[{"size": "d"}]`}}
	_, first, err := lookInto(t, books, "id,note\nA,1\nB,2\n,3\nC,4\n", "out.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	var agreed []int64
	result, second, err := lookInto(t, books, "note,id\n4,C\n3,D\n2,B\n1,A\n5,A\n", "out.csv", func(l *pipeline.Lookup) {
		l.Answers = first.Answers
		l.Agree = func(questions, before int64) error {
			agreed = append(agreed, questions, before)
			return nil
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"4", "C", "", "empty"}, {"3", "D", "d", "answered"}, {"2", "B", "b", "answered"}, {"1", "A", "a", "answered"}, {"5", "A", "a", "answered"}}
	var got [][]string
	for _, row := range readTable(t, second.Output).rows {
		got = append(got, []string{row[0], row[1], row[3], row[len(row)-2]})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"A": 1, "B": 1, "C": 1, "D": 1}, books.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	if s := result.Summary; s.Lookup.Asked != 1 || s.Recalled != 3 || !slices.Equal(agreed, []int64{1, 3}) {
		t.Errorf("%d asked, %d settled before, agreed to %v", s.Lookup.Asked, s.Recalled, agreed)
	}
}

// TestAnswersOfAnotherRun are not taken for this one's, and damaged ones are not guessed at.
func TestAnswersOfAnotherRun(t *testing.T) {
	books := &library{answers: map[string]string{"A": `[]`}}
	_, first, err := lookInto(t, books, "id\nA\n", "out.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = lookInto(t, books, "id\nB\n", "out.csv", func(l *pipeline.Lookup) { l.Answers, l.Begin.Account = first.Answers, "other" })
	if err == nil || !strings.Contains(err.Error(), "of account test, not about library/books of other") {
		t.Errorf("Run = %v, want the account told", err)
	}
	data, err := os.ReadFile(first.Answers)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/4] ^= 1
	if err := os.WriteFile(first.Answers, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var damage *journal.DamageError
	if _, _, err = lookInto(t, books, "id\nB\n", "out.csv", func(l *pipeline.Lookup) { l.Answers = first.Answers }); !errors.As(err, &damage) {
		t.Errorf("Run = %v, want a DamageError", err)
	}
	if books.asked["B"] > 0 {
		t.Error("B was asked")
	}
}

// TestAnswersWithoutEnd has a vendor name more fields than a table can have columns.
func TestAnswersWithoutEnd(t *testing.T) {
	fields := make(map[string]string)
	for i := range 20_000 {
		fields[fmt.Sprint("field ", i)] = "x"
	}
	answer, err := json.Marshal([]map[string]string{fields})
	if err != nil {
		t.Fatal(err)
	}
	_, lookup, err := lookInto(t, &library{answers: map[string]string{"A": string(answer)}}, "id\nA\n", "out.csv", nil)
	if err == nil || !strings.Contains(err.Error(), "more than 16384 different fields") {
		t.Errorf("Run = %v, want the fields counted", err)
	}
	if _, err := os.Stat(lookup.Output); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the output is there: %v", err)
	}
}
