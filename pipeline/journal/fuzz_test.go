package journal_test

import (
	"bytes"
	"reflect"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bulkload/pipeline/journal"
	"bulkload/pipeline/journal/powercut"
)

// FuzzRead reads bytes as a journal, or as the payload of one whose checksums are right. Memory must
// stay in proportion to the file, Open must agree with Read, and what was read must read the same
// when it is written anew.
func FuzzRead(f *testing.F) {
	disk := newDisk(f)
	j := create(f, disk)
	must(f, j.Intend(f.Context(), intent, journal.Intent{Known: true}))
	must(f, j.Settle(answered))
	must(f, j.Keep(reply))
	must(f, j.End(ended))
	must(f, j.Close())
	whole := contents(f, disk)
	ends := journal.Frames(whole)
	f.Add(whole, false)
	f.Add(whole[:len(whole)-3], false)
	f.Add(append(bytes.Clone(whole[:ends[1]+5]), whole[ends[1]:]...), false)
	for i := range ends[1:] {
		f.Add(whole[ends[i]+journal.HeaderSize:ends[i+1]], true)
	}
	f.Fuzz(func(t *testing.T, data []byte, sealed bool) {
		if sealed && len(data) > 0 {
			data = journal.Sealed(begin, data)
		}
		disk := holding(t, data)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		records, err := read(disk)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20+200*uint64(len(data)) {
			t.Errorf("reading %d bytes took %d bytes", len(data), took)
		}
		over := len(records) > 0 && records[len(records)-1].End != nil
		opened, _, openErr := journal.Open(disk, path)
		if openErr == nil {
			must(t, opened.Close())
			again, err := read(disk)
			if err != nil || !reflect.DeepEqual(records, again) {
				t.Errorf("read otherwise after a repair: %v (-want +got):\n%s", err, cmp.Diff(records, again))
			}
		}
		if (err == nil && !over) != (openErr == nil) {
			t.Errorf("Read = %v, Open = %v", err, openErr)
		}
		if len(records) > 0 {
			anew := written(t, records)
			if again, err := read(anew); err != nil || !reflect.DeepEqual(records, again) {
				t.Errorf("read otherwise when written anew: %v (-want +got):\n%s", err, cmp.Diff(records, again))
			}
		}
	})
}

// written is a disk with a new journal of these records.
func written(t *testing.T, records []journal.Record) *powercut.Disk {
	disk := newDisk(t)
	j, err := journal.Create(disk, path, *records[0].Begin)
	must(t, err)
	for _, r := range records[1:] {
		switch {
		case r.Intent != nil:
			err = j.Intend(t.Context(), *r.Intent)
		case r.Outcome != nil:
			err = j.Settle(*r.Outcome)
		case r.Answer != nil:
			err = j.Keep(*r.Answer)
		case r.End != nil:
			err = j.End(*r.End)
		default:
			t.Fatalf("a record of nothing: %+v", r)
		}
		must(t, err)
	}
	must(t, j.Close())
	return disk
}
