package feed

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// What a child process of TestSmallDisk is told, and says.
const (
	smallDiskEnv = "BULKLOAD_TEST_SMALL_DISK" // "tmpfs DIR" or "limit DIR"
	cannotMount  = 77                         // exit code
)

// TestSmallDisk writes outputs where they do not fit: to a file system of 256 KiB, where one may be
// mounted, and under a limit of the file's size.
func TestSmallDisk(t *testing.T) {
	if told := os.Getenv(smallDiskEnv); told != "" {
		onSmallDisk(t, told)
		return
	}
	for _, kind := range []string{"tmpfs", "limit"} {
		t.Run(kind, func(t *testing.T) {
			child := exec.Command(os.Args[0], "-test.run=^TestSmallDisk$", "-test.v")
			child.Env = append(os.Environ(), smallDiskEnv+"="+kind+" "+t.TempDir())
			if kind == "tmpfs" {
				child.SysProcAttr = &syscall.SysProcAttr{
					Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
					UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
					GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
				}
			}
			output, err := child.CombinedOutput()
			var exit *exec.ExitError
			switch {
			case kind == "tmpfs" && (errors.As(err, &exit) && exit.ExitCode() == cannotMount || err != nil && exit == nil):
				t.Skipf("nothing can be mounted here: %v", err)
			case err != nil:
				t.Errorf("%v\n%s", err, output)
			}
		})
	}
}

// onSmallDisk is the child.
func onSmallDisk(t *testing.T, told string) {
	var kind, dir string
	if _, err := fmt.Sscan(told, &kind, &dir); err != nil {
		t.Fatal(err)
	}
	const room = 256 << 10
	if kind == "tmpfs" {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", room)); err != nil {
			fmt.Println(err)
			os.Exit(cannotMount)
		}
	} else if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: room, Max: room}); err != nil {
		t.Fatal(err)
	}
	noise := makeNoise(400)
	for _, ending := range []string{".csv", ".tsv.gz", ".ndjson.zst", ".xlsx", ".parquet"} {
		path := filepath.Join(dir, "out"+ending)
		if err := writeRows(path, noise[:10]); err != nil {
			t.Fatalf("%s: a small file: %v", path, err)
		}
		old, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var full *DiskFullError
		if err := writeRows(path, noise); !errors.As(err, &full) || full.Kept != path {
			t.Errorf("%s: error %v, want a DiskFullError that keeps it", path, err)
		}
		if now, err := os.ReadFile(path); err != nil || string(now) != string(old) {
			t.Errorf("%s: the old file is not what it was, %v", path, err)
		}
		onlyFile(t, path)
		if err := writeRows(path, noise[:5]); err != nil {
			t.Errorf("%s: a small file after that: %v", path, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// makeNoise makes rows of two kilobytes each, which compression can at best halve.
func makeNoise(rows int) [][][]byte {
	random := rand.NewChaCha8([32]byte{1})
	noise := make([][][]byte, rows)
	for i := range noise {
		text := make([]byte, 1<<10)
		random.Read(text)
		text = hex.AppendEncode(nil, text)
		noise[i] = [][]byte{text[:1<<10], fmt.Append(nil, i), text[1<<10:]}
	}
	return noise
}

func writeRows(path string, rows [][][]byte) error {
	o, err := Create(path, outputColumns, nil)
	if err != nil {
		return err
	}
	defer o.Discard()
	for _, row := range rows {
		if err := o.Write(row); err != nil {
			return err
		}
	}
	return o.Close()
}
