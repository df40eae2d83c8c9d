//go:build unix

package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
)

// A table counts runs by what went wrong at the vendor.
type table struct {
	rows []tableRow // one a theme, in the order of themes
}

type tableRow struct {
	runs, leftOut, kills, signals, resumed, doubtful, full int
	strikes, unknown                                       int64
	breaches                                               map[breachKind]int
}

func (t *table) add(p *plan, r *run) {
	if t.rows == nil {
		t.rows = make([]tableRow, len(themes))
	}
	row := &t.rows[slices.IndexFunc(themes, func(other theme) bool { return other.name == p.theme.name })]
	if r == nil {
		row.leftOut++
		return
	}
	row.runs++
	row.kills += r.result.kills
	row.signals += r.result.signals
	row.resumed += r.result.resumed
	row.strikes += r.result.strikes
	row.full += r.result.full
	row.doubtful += r.verdict.doubtful
	row.unknown += r.verdict.unknown
	if row.breaches == nil {
		row.breaches = make(map[breachKind]int)
	}
	for _, breach := range r.verdict.breaches {
		row.breaches[breach.kind]++
	}
}

// sum adds all rows up.
func (t *table) sum() (sum tableRow) {
	sum.breaches = make(map[breachKind]int)
	for _, row := range t.rows {
		sum.runs += row.runs
		sum.leftOut += row.leftOut
		sum.kills += row.kills
		sum.signals += row.signals
		sum.resumed += row.resumed
		sum.doubtful += row.doubtful
		sum.full += row.full
		sum.strikes += row.strikes
		sum.unknown += row.unknown
		for kind, n := range row.breaches {
			sum.breaches[kind] += n
		}
	}
	return sum
}

// others counts the breaches that have no column of their own.
func (r *tableRow) others() (n int) {
	for kind, count := range r.breaches {
		if kind != lost && kind != duplicated {
			n += count
		}
	}
	return n
}

// all counts all breaches.
func (r *tableRow) all() int { return r.others() + r.breaches[lost] + r.breaches[duplicated] }

func (r *tableRow) line(name string) string {
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d |", name, r.runs, r.strikes, r.kills, r.signals,
		r.resumed, r.doubtful, r.unknown, r.breaches[lost], r.breaches[duplicated], r.others())
}

// write writes the table, in Markdown.
func (t *table) write(w io.Writer) {
	fmt.Fprintln(w, "| fault | runs | struck | kills | SIGINT | resumed | doubtful | unknown | lost | duplicated | other breaches |")
	fmt.Fprintln(w, "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |")
	for i := range t.rows {
		if row := &t.rows[i]; row.runs > 0 {
			fmt.Fprintln(w, row.line(themes[i].name))
		}
	}
	sum := t.sum()
	fmt.Fprintln(w, sum.line("all"))
}

// write writes at which points processes died.
func (p *points) write(w io.Writer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintln(w, "| point | killed there | most times in one process |\n| --- | --: | --: |")
	for _, name := range slices.Sorted(maps.Keys(p.most)) {
		fmt.Fprintf(w, "| %s | %d | %d |\n", name, p.killed[name], p.most[name])
	}
}
