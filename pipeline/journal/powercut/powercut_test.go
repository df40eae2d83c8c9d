package powercut_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"

	"bulkload/pipeline/journal"
	"bulkload/pipeline/journal/powercut"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, disk *powercut.Disk, name string) journal.File {
	t.Helper()
	file, err := disk.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	must(t, err)
	return file
}

func write(t *testing.T, file journal.File, text string, offset int64) {
	t.Helper()
	_, err := file.WriteAt([]byte(text), offset)
	must(t, err)
}

// content is what a file holds, or why it does not.
func content(disk *powercut.Disk, name string) string {
	file, err := disk.OpenFile(name, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return "no file"
	}
	if err != nil {
		return err.Error()
	}
	text, err := io.ReadAll(io.NewSectionReader(file, 0, 1<<20))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// TestWhatLasts does things to a disk, and then loses everything that was not synced.
func TestWhatLasts(t *testing.T) {
	tests := []struct {
		name string
		do   func(t *testing.T, disk *powercut.Disk)
		seen string // before the cut
		left string // after it
	}{
		{"nothing synced", func(t *testing.T, disk *powercut.Disk) {
			write(t, open(t, disk, "f"), "text", 0)
		}, "text", "no file"},
		{"file synced", func(t *testing.T, disk *powercut.Disk) {
			file := open(t, disk, "f")
			write(t, file, "text", 0)
			must(t, file.Sync())
		}, "text", "no file"},
		{"name synced", func(t *testing.T, disk *powercut.Disk) {
			write(t, open(t, disk, "f"), "text", 0)
			must(t, disk.SyncDir("."))
		}, "text", ""},
		{"both synced, then more written", func(t *testing.T, disk *powercut.Disk) {
			file := open(t, disk, "f")
			write(t, file, "text", 0)
			must(t, file.Sync())
			must(t, disk.SyncDir("."))
			write(t, file, "TE and more", 0)
		}, "TE and more", "text"},
		{"cut short", func(t *testing.T, disk *powercut.Disk) {
			file := open(t, disk, "f")
			write(t, file, "text", 0)
			must(t, file.Sync())
			must(t, disk.SyncDir("."))
			must(t, file.Truncate(2))
		}, "te", "text"},
		{"written behind the end", func(t *testing.T, disk *powercut.Disk) {
			file := open(t, disk, "f")
			must(t, disk.SyncDir("."))
			write(t, file, "x", 2)
			must(t, file.Sync())
		}, "\x00\x00x", "\x00\x00x"},
		{"renamed", func(t *testing.T, disk *powercut.Disk) {
			write(t, open(t, disk, "f"), "old", 0)
			must(t, open(t, disk, "f").Sync())
			must(t, disk.SyncDir("."))
			file := open(t, disk, "f.tmp")
			write(t, file, "new", 0)
			must(t, file.Sync())
			must(t, disk.Rename("f.tmp", "f"))
		}, "new", "old"},
		{"renamed and synced", func(t *testing.T, disk *powercut.Disk) {
			file := open(t, disk, "f.tmp")
			write(t, file, "new", 0)
			must(t, file.Sync())
			must(t, disk.Rename("f.tmp", "f"))
			must(t, disk.SyncDir("."))
			if text := content(disk, "f.tmp"); text != "no file" {
				t.Errorf("the old name has %q", text)
			}
		}, "new", "new"},
		{"renamed before the file was synced", func(t *testing.T, disk *powercut.Disk) {
			write(t, open(t, disk, "f.tmp"), "new", 0)
			must(t, disk.Rename("f.tmp", "f"))
			must(t, disk.SyncDir("."))
		}, "new", ""},
		{"removed", func(t *testing.T, disk *powercut.Disk) {
			write(t, open(t, disk, "f"), "text", 0)
			must(t, open(t, disk, "f").Sync())
			must(t, disk.SyncDir("."))
			must(t, disk.Remove("f"))
		}, "no file", "text"},
		{"removed and synced", func(t *testing.T, disk *powercut.Disk) {
			open(t, disk, "f")
			must(t, disk.SyncDir("."))
			must(t, disk.Remove("f"))
			must(t, disk.SyncDir("."))
		}, "no file", "no file"},
		{"opened with O_TRUNC", func(t *testing.T, disk *powercut.Disk) {
			write(t, open(t, disk, "f"), "text", 0)
			must(t, open(t, disk, "f").Sync())
			must(t, disk.SyncDir("."))
			_, err := disk.OpenFile("f", os.O_RDWR|os.O_TRUNC, 0)
			must(t, err)
		}, "", "text"},
		{"a sync that lies", func(t *testing.T, disk *powercut.Disk) {
			file := open(t, disk, "f")
			must(t, disk.SyncDir("."))
			write(t, file, "text", 0)
			disk.Hook = func(powercut.Op, string) error { return powercut.ErrLied }
			must(t, file.Sync())
			disk.Hook = nil
		}, "text", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			disk := powercut.New()
			test.do(t, disk)
			if got := content(disk, "f"); got != test.seen {
				t.Errorf("before the cut: %q, want %q", got, test.seen)
			}
			killed := disk.AfterKill()
			if got := content(killed, "f"); got != test.seen {
				t.Errorf("after a kill: %q, want %q", got, test.seen)
			}
			if got := content(killed.AfterCut(nil), "f"); got != test.left {
				t.Errorf("after a kill and a cut: %q, want %q", got, test.left)
			}
			if got := content(disk.AfterCut(nil), "f"); got != test.left {
				t.Errorf("after the cut: %q, want %q", got, test.left)
			}
			if got := content(disk, "f"); got != test.seen {
				t.Errorf("the cut has changed the disk itself to %q", got)
			}
		})
	}
}

// TestWhatMayLast cuts the power many times during writes, and looks at what chance leaves: every
// way of being torn must occur, and nothing that was synced may be missing.
func TestWhatMayLast(t *testing.T) {
	disk := powercut.New()
	file := open(t, disk, "f")
	synced := strings.Repeat("s", 700)
	write(t, file, synced, 0)
	must(t, file.Sync())
	must(t, disk.SyncDir("."))
	written := strings.Repeat("w", 3*powercut.Sector)
	write(t, file, written, 700)
	write(t, open(t, disk, "g"), "text", 0)
	met := map[string]int{}
	for seed := range uint64(2000) {
		after := disk.AfterCut(rand.New(rand.NewPCG(seed, 1)))
		text := content(after, "f")
		if !strings.HasPrefix(text, synced) || len(text) > len(synced+written) {
			t.Fatalf("seed %d: what was synced is lost, or the file is longer than ever: %d bytes", seed, len(text))
		}
		met[kind(text[len(synced):], written)]++
		met["g: "+content(after, "g")]++
		if again := content(after.AfterCut(nil), "f"); again != text {
			t.Fatalf("seed %d: a second cut has changed the file", seed)
		}
	}
	for _, want := range []string{"nothing", "all", "a beginning", "zeros between", "noise", "g: no file", "g: ", "g: text"} {
		if met[want] == 0 {
			t.Errorf("%s never occurred: %v", want, met)
		}
	}
}

// kind says in which way a write has lasted.
func kind(text, written string) string {
	switch other := strings.Trim(text, "w\x00"); {
	case text == "":
		return "nothing"
	case text == written:
		return "all"
	case strings.HasPrefix(written, text):
		return "a beginning"
	case other == "":
		return "zeros between"
	default:
		return "noise"
	}
}

func TestAFullDisk(t *testing.T) {
	disk := powercut.New()
	file := open(t, disk, "f")
	disk.Space = 5
	n, err := file.WriteAt([]byte("longer than it"), 0)
	if n != 5 || !errors.Is(err, syscall.ENOSPC) || content(disk, "f") != "longe" {
		t.Errorf("WriteAt = %d, %v, and the file has %q", n, err, content(disk, "f"))
	}
	write(t, file, "LONGE", 0) // takes no more room
	if _, err := file.WriteAt([]byte("x"), 5); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("WriteAt on a full disk = %v", err)
	}
}

// TestErrors checks that the disk says of wrong use what a system says, and what its hook says.
func TestErrors(t *testing.T) {
	disk := powercut.New()
	file := open(t, disk, "f")
	must(t, disk.Mkdir("d", 0o700))
	broken := errors.New("broken")
	hooked := powercut.New()
	inner := open(t, hooked, "f")
	hooked.Hook = func(op powercut.Op, name string) error { return fmt.Errorf("%s of %s: %w", op, name, broken) }
	closed := open(t, disk, "closed")
	must(t, closed.Close())
	lock, err := disk.Lock("l")
	must(t, err)
	openAs := func(disk *powercut.Disk, name string, flag int) error {
		_, err := disk.OpenFile(name, flag, 0)
		return err
	}
	_, busy := disk.Lock("l")
	_, read := closed.ReadAt(make([]byte, 1), 0)
	_, hookedWrite := inner.WriteAt([]byte("x"), 0)
	_, hookedRead := inner.ReadAt(make([]byte, 1), 0)
	_, hookedSize := inner.Size()
	_, end := file.ReadAt(make([]byte, 1), 0)
	for name, test := range map[string]struct{ got, want error }{
		"no file":              {openAs(disk, "no", os.O_RDWR), fs.ErrNotExist},
		"no directory":         {openAs(disk, "no/f", os.O_CREATE), fs.ErrNotExist},
		"below a file":         {openAs(disk, "f/f", os.O_CREATE), fs.ErrNotExist},
		"there already":        {openAs(disk, "f", os.O_CREATE|os.O_EXCL), fs.ErrExist},
		"a directory":          {openAs(disk, "d", os.O_RDWR), syscall.EISDIR},
		"directory there":      {disk.Mkdir("d", 0), fs.ErrExist},
		"sync no directory":    {disk.SyncDir("f"), fs.ErrNotExist},
		"rename nothing":       {disk.Rename("no", "g"), fs.ErrNotExist},
		"rename to nowhere":    {disk.Rename("f", "no/g"), fs.ErrNotExist},
		"remove nothing":       {disk.Remove("no"), fs.ErrNotExist},
		"closed":               {read, fs.ErrClosed},
		"end":                  {end, io.EOF},
		"hook of create":       {openAs(hooked, "g", os.O_CREATE), broken},
		"hook of truncate":     {inner.Truncate(0), broken},
		"hook of opening anew": {openAs(hooked, "f", os.O_TRUNC), broken},
		"hook of mkdir":        {hooked.Mkdir("d", 0), broken},
		"hook of rename":       {hooked.Rename("f", "g"), broken},
		"hook of remove":       {hooked.Remove("f"), broken},
		"hook of sync":         {inner.Sync(), broken},
		"hook of syncdir":      {hooked.SyncDir("."), broken},
		"hook of write":        {hookedWrite, broken},
		"hook of read":         {hookedRead, broken},
		"hook of size":         {hookedSize, broken},
	} {
		if !errors.Is(test.got, test.want) {
			t.Errorf("%s: %v, want %v", name, test.got, test.want)
		}
	}
	if !errors.As(busy, new(*journal.BusyError)) {
		t.Errorf("a second Lock = %v", busy)
	}
	must(t, lock.Close())
	if _, err := disk.Lock("l"); err != nil {
		t.Errorf("Lock after its release = %v", err)
	}
	if _, err := disk.AfterKill().Lock("l"); err != nil {
		t.Errorf("Lock after its holder was killed = %v", err)
	}
}

// TestDirectoriesThatAreLost checks that files go with the directory they are in.
func TestDirectoriesThatAreLost(t *testing.T) {
	disk := powercut.New()
	must(t, disk.Mkdir("d", 0o700))
	file := open(t, disk, "d/f")
	write(t, file, "text", 0)
	must(t, file.Sync())
	must(t, disk.SyncDir("d"))
	if got := content(disk.AfterCut(nil), "d/f"); got != "no file" {
		t.Errorf("in a directory without a name: %q", got)
	}
	must(t, disk.SyncDir("."))
	if got := content(disk.AfterCut(nil), "d/f"); got != "text" {
		t.Errorf("in a directory with a name: %q", got)
	}
}

// TestCopiesAreApart checks that a disk after a kill shares nothing with the one before.
func TestCopiesAreApart(t *testing.T) {
	disk := powercut.New()
	file := open(t, disk, "f")
	write(t, file, "text", 0)
	killed := disk.AfterKill()
	write(t, file, "XXXX", 0)
	write(t, open(t, killed, "f"), "YY", 2)
	if one, other := content(disk, "f"), content(killed, "f"); one != "XXXX" || other != "teYY" {
		t.Errorf("%q and %q", one, other)
	}
	if !bytes.Equal([]byte(content(killed.AfterKill(), "f")), []byte("teYY")) {
		t.Error("a copy of a copy differs")
	}
}
