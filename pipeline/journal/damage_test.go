package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bulkload/pipeline/journal"
	"bulkload/pipeline/journal/powercut"
)

// small returns a small journal of four frames, its records, and how many of them there are at the
// end of the head and of each frame.
func small(t *testing.T) (file []byte, records []journal.Record, counts []int) {
	disk := newDisk(t)
	j := create(t, disk)
	must(t, j.Intend(t.Context(), intent, intent))
	must(t, j.Settle(answered))
	must(t, j.Sync())
	must(t, j.Intend(t.Context(), intent))
	must(t, j.Close())
	records, err := read(disk)
	must(t, err)
	return contents(t, disk), records, []int{0, 1, 3, 4, 5}
}

func contents(t testing.TB, disk *powercut.Disk) []byte {
	t.Helper()
	file, err := disk.OpenFile(path, os.O_RDONLY, 0)
	must(t, err)
	size, err := file.Size()
	must(t, err)
	data := make([]byte, size)
	if n, err := file.ReadAt(data, 0); n < len(data) {
		t.Fatal(err)
	}
	return data
}

// holding is a disk on which the journal has these bytes.
func holding(t testing.TB, data []byte) *powercut.Disk {
	t.Helper()
	disk := newDisk(t)
	file, err := disk.OpenFile(path, os.O_CREATE, 0o600)
	must(t, err)
	_, err = file.WriteAt(data, 0)
	must(t, err)
	return disk
}

// TestTornTails cuts a journal at every byte, and puts behind the cut what a power cut may leave there.
func TestTornTails(t *testing.T) {
	file, records, counts := small(t)
	ends := journal.Frames(file)
	if len(ends) != len(counts) {
		t.Fatalf("%d frames, want %d", len(ends)-1, len(counts)-1)
	}
	chance := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 70_000)
	for i := range noise {
		noise[i] = byte(chance.Uint32())
	}
	other := holding(t, nil)
	must(t, other.Remove(path))
	another := begin
	another.Run = "another"
	j, err := journal.Create(other, path, another)
	must(t, err)
	must(t, j.Intend(t.Context(), intent))
	must(t, j.Intend(t.Context(), intent))
	must(t, j.Close())
	stale := contents(t, other)
	stale = stale[journal.Frames(stale)[1]:]
	for name, tail := range map[string][]byte{
		"nothing": nil, "zeros": make([]byte, 4096), "noise": noise, "marks": []byte(strings.Repeat(journal.Mark, 20)),
		"frames of another run": stale,
	} {
		t.Run(name, func(t *testing.T) {
			for cut := range len(file) + 1 {
				data := append(slices.Clip(file[:cut]), tail...)
				frame := 0 // the last that is whole; zeros may make a frame whole again that ends with zeros
				for frame+1 < len(ends) && bytes.HasPrefix(data, file[:ends[frame+1]]) {
					frame++
				}
				disk := holding(t, data)
				if frame == 0 {
					_, _, err := journal.Open(disk, path)
					if blank := tail == nil || name == "zeros"; err == nil || blank && !errors.Is(err, journal.ErrUnbegun) {
						t.Fatalf("cut at %d: Open = %v, want ErrUnbegun", cut, err)
					}
					continue
				}
				got, err := read(disk)
				if diff := cmp.Diff(records[:counts[frame]], got); err != nil || diff != "" {
					t.Fatalf("cut at %d: read %v (-want +got):\n%s", cut, err, diff)
				}
				j, b, err := journal.Open(disk, path)
				if err != nil || b != begin {
					t.Fatalf("cut at %d: Open = %v, %v", cut, b, err)
				}
				if left := contents(t, disk); len(left) != ends[frame] {
					t.Errorf("cut at %d: %d bytes are left, want %d", cut, len(left), ends[frame])
				}
				must(t, j.End(ended))
				must(t, j.Close())
				got, err = read(disk)
				if diff := cmp.Diff(append(slices.Clip(records[:counts[frame]]), journal.Record{End: &ended}), got); err != nil || diff != "" {
					t.Fatalf("cut at %d and gone on: read %v (-want +got):\n%s", cut, err, diff)
				}
			}
		})
	}
}

func same(a, b journal.Record) bool { return cmp.Equal(a, b) }

// TestFlippedBits flips every bit of a journal. Only in the last frame may that pass for a torn tail.
func TestFlippedBits(t *testing.T) {
	file, records, counts := small(t)
	ends := journal.Frames(file)
	for bit := range len(file) * 8 {
		damaged := slices.Clone(file)
		damaged[bit/8] ^= 1 << (bit % 8)
		frame := 0
		for ends[frame] <= bit/8 {
			frame++
		}
		disk := holding(t, damaged)
		got, err := read(disk)
		var damage *journal.DamageError
		switch {
		case frame == 0: // the head
			if err == nil || errors.Is(err, journal.ErrUnbegun) || len(got) > 0 {
				t.Fatalf("bit %d of the head: %d records, %v", bit, len(got), err)
			}
		case frame == len(ends)-1:
			if err != nil || !slices.EqualFunc(records[:counts[frame-1]], got, same) {
				t.Fatalf("bit %d of the last frame: %d records, %v", bit, len(got), err)
			}
			continue
		case !errors.As(err, &damage) || damage.Offset != int64(ends[frame-1]) || damage.Path != path:
			t.Fatalf("bit %d of frame %d: %v, want damage at %d", bit, frame, err, ends[frame-1])
		case !slices.EqualFunc(records[:counts[frame-1]], got, same):
			t.Fatalf("bit %d of frame %d: %d records, want %d", bit, frame, len(got), counts[frame-1])
		}
		if _, _, err := journal.Open(disk, path); err == nil || errors.Is(err, journal.ErrUnbegun) {
			t.Fatalf("bit %d: Open = %v", bit, err)
		}
		if !bytes.Equal(contents(t, disk), damaged) {
			t.Fatalf("bit %d: Open has changed what it refused", bit)
		}
	}
}

// TestDamage checks faults that are not flipped bits.
func TestDamage(t *testing.T) {
	file, _, _ := small(t)
	ends := journal.Frames(file)
	part := func(from, to int) []byte { return file[from:to] }
	zeros := make([]byte, 5000)
	tests := []struct {
		name   string
		file   []byte
		offset int
	}{
		{"a frame is missing", slices.Concat(part(0, ends[1]), part(ends[2], len(file))), ends[1]},
		{"a frame is there twice", slices.Concat(part(0, ends[2]), part(ends[1], len(file))), ends[2]},
		{"the last frame is there twice", slices.Concat(file, part(ends[3], len(file))), len(file)},
		{"a byte was put in", slices.Concat(part(0, ends[1]), []byte{'x'}, part(ends[1], len(file))), ends[1]},
		{"a byte was taken out", slices.Concat(part(0, ends[1]+30), part(ends[1]+31, len(file))), ends[1]},
		{"the first frame is zeros", slices.Concat(part(0, ends[0]), zeros[:ends[1]-ends[0]], part(ends[1], len(file))), ends[0]},
		{"head and first frame are zeros", slices.Concat(zeros[:ends[1]], part(ends[1], len(file))), 0},
		{"a frame in the middle is zeros", slices.Concat(part(0, ends[1]), zeros[:ends[2]-ends[1]], part(ends[2], len(file))), ends[1]},
		{"frames in the middle, and the last payload too", slices.Concat(part(0, ends[1]), zeros[:ends[3]-ends[1]], part(ends[3], len(file)-1), zeros[:1]), ends[1]},
		{"far more than is read at once is damaged", slices.Concat(part(0, ends[1]), bytes.Repeat([]byte{7}, 65536-journal.HeaderSize/2), part(ends[1], ends[2])), ends[1]},
		{"unknown record", journal.Sealed(begin, []byte{9}), ends[1]},
		{"unknown outcome", journal.Sealed(begin, append(append([]byte{3, 0}, make([]byte, 16)...), 200, 0, 0, 0, 0)), ends[1]},
		{"a key longer than its frame", journal.Sealed(begin, []byte{2, 0xff, 0xff, 0xff, 0xff, 0x0f, 'k'}), ends[1]},
		{"a second begin", journal.Sealed(begin, []byte{1, 0, 0, 0, 0, 0, 0}), ends[1]},
		{"a record behind the end", journal.Sealed(begin, []byte{4, 0, 0, 0, 4, 0, 0, 0}), ends[1]},
		{"a time that is none", journal.Sealed(begin, []byte{4, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0}), ends[1]},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			disk := holding(t, test.file)
			_, _, err := journal.Open(disk, path)
			var damage *journal.DamageError
			if !errors.As(err, &damage) || damage.Offset != int64(test.offset) {
				t.Fatalf("Open = %v, want damage at %d", err, test.offset)
			}
			if !strings.Contains(err.Error(), fmt.Sprintf("%s: byte %d: ", path, test.offset)) || !strings.Contains(err.Error(), "new run") {
				t.Errorf("%q does not tell the place and the way out", err)
			}
			if !bytes.Equal(contents(t, disk), test.file) {
				t.Error("Open has changed what it refused")
			}
		})
	}
}

func TestNoJournal(t *testing.T) {
	file, _, _ := small(t)
	ends := journal.Frames(file)
	tests := []struct {
		name string
		file []byte
		want string
	}{
		{"a text", []byte("sku,price\nA,1\n"), "a journal begins with"},
		{"a long text", []byte(strings.Repeat("sku,price\nA,1\n", 20)), "a journal begins with"},
		{"another version", slices.Concat([]byte("bulkload journal 2\n"), file[ends[0]:]), "another version of bulkload"},
		{"empty", nil, "nothing to resume"},
		{"zeros", make([]byte, 4096), "nothing to resume"},
		{"half a head", file[:7], "nothing to resume"},
		{"half a head, then zeros", append(slices.Clone(file[:7]), make([]byte, 4096)...), "nothing to resume"},
		{"a head, then noise", append(slices.Clone(file[:ends[0]]), strings.Repeat("noise", 30)...), "nothing to resume"},
		{"half a first frame", file[:ends[1]-1], "nothing to resume"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := journal.Open(holding(t, test.file), path)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("Open = %v, want %q", err, test.want)
			}
			if errors.Is(err, journal.ErrUnbegun) != (test.want == "nothing to resume") {
				t.Errorf("Open = %v", err)
			}
		})
	}
}
