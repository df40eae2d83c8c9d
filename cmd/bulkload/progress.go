package main

import (
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"bulkload/pipeline"
)

// progress is a bar on a terminal, and nothing elsewhere. It is used by many goroutines.
type progress struct {
	program *program
	shown   bool
	mu      sync.Mutex
	stage   string
	bar     *progressbar.ProgressBar
}

func newProgress(p *program, wanted bool) *progress {
	return &progress{program: p, shown: wanted && p.width() > 0 && p.getenv("NO_COLOR") == "" && p.getenv("TERM") != "dumb"}
}

// width is how many characters fit on a line of the terminal that reads standard error, 0 when none does.
func (p *program) width() int {
	file, ok := p.stderr.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil || width <= 0 {
		return 80
	}
	return width
}

// show draws how far the job is.
func (b *progress) show(p pipeline.Progress) {
	if !b.shown {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.Stage != b.stage {
		b.next(p)
	}
	b.bar.Set64(p.Done)
}

// next ends the bar of one stage and begins the next one's.
func (b *progress) next(p pipeline.Progress) {
	if b.bar != nil {
		b.bar.Finish()
	}
	total := p.Total
	if total == 0 {
		total = -1 // a stage without a known end spins
	}
	options := []progressbar.Option{
		progressbar.OptionSetWriter(b.program.stderr),
		progressbar.OptionSetDescription(p.Stage),
		progressbar.OptionThrottle(100 * time.Millisecond),
		progressbar.OptionSetWidth(40),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionUseANSICodes(true),
	}
	switch p.Stage {
	case "checking":
		options = append(options, progressbar.OptionShowBytes(true))
	case "listing":
		options = append(options, progressbar.OptionShowCount())
	default:
		options = append(options, progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("rows"))
	}
	b.stage, b.bar = p.Stage, progressbar.NewOptions64(total, options...)
}

// end takes the bar away.
func (b *progress) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bar != nil {
		b.bar.Finish()
		b.bar = nil
	}
}
