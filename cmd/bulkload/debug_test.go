package main

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bulkload/vendors"
)

func TestDump(t *testing.T) {
	var out bytes.Buffer
	d := &dump{out: &out}
	at := time.Date(2026, 3, 1, 8, 0, 0, 123e6, time.UTC)
	d.write(&vendors.Exchange{At: at, Took: 1500 * time.Microsecond, Method: "PUT", URL: "https://a.example/p?token=***",
		Header: http.Header{"B": {"2"}, "A": {"1", "\x1b[2J"}}, Body: []byte("{\n\"é\": 1}\r\n"), BodySize: 11, Status: 200,
		AnswerHeader: http.Header{"C": {"3"}}, Answer: []byte("begin\xc3"), AnswerSize: vendors.ShownBytes + 1})
	d.write(&vendors.Exchange{At: at, Method: "GET", URL: "https://a.example/", Err: errors.New("no\nroute")})
	d.write(&vendors.Exchange{At: at, Method: "GET", URL: "https://a.example/", Status: 799, Answer: []byte{0xff, 0xfe, 0xff, 0xfe, 0xff}, AnswerSize: 5})
	want := `#1 2026-03-01T08:00:00.123Z PUT https://a.example/p?token=***: 200 OK in 2ms
> A: 1
> A: ·[2J
> B: 2
>
> {
> "é": 1}
< C: 3
<
< begin
< … of 4097 bytes

#2 2026-03-01T08:00:00.123Z GET https://a.example/: no answer, no·route in 0s

#3 2026-03-01T08:00:00.123Z GET https://a.example/: 799 in 0s
<
< (5 bytes that are no text)

`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("dump (-want +got):\n%s", diff)
	}
	if err := d.close(); err != nil {
		t.Error(err)
	}
}

func TestDumpsDoNotMix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "traffic")
	p, _ := testProgram(nil)
	d, err := p.openDump(path)
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			for range 50 {
				d.watch()(&vendors.Exchange{Method: "PUT", URL: "u", Body: []byte("one\ntwo"), BodySize: 7, Status: 200})
			}
		})
	}
	running.Wait()
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(strings.TrimSuffix(string(text), "\n\n"), "\n\n")
	for _, block := range blocks {
		if !strings.HasPrefix(block, "#") || !strings.HasSuffix(block, ">\n> one\n> two") {
			t.Fatalf("a block is %q", block)
		}
	}
	if len(blocks) != 400 {
		t.Errorf("%d blocks, want 400", len(blocks))
	}
}

type fullDevice struct{}

func (fullDevice) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestDumpThatCannotBeWritten(t *testing.T) {
	d := &dump{out: fullDevice{}}
	d.write(&vendors.Exchange{})
	if err := d.close(); err == nil || !strings.Contains(err.Error(), "no space") {
		t.Errorf("close = %v", err)
	}
	var none *dump
	if none.watch() != nil || none.close() != nil {
		t.Error("no dump is a dump")
	}
}
