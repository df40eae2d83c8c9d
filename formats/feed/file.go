package feed

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"syscall"

	"bulkload/formats/crash"
)

// WriteFile writes a file of any kind as Create does: it has its name only once it is whole. When there
// is no room for it, the error is a *DiskFullError.
func WriteFile(path string, fill func(io.Writer) error) error {
	file, err := createFile(path)
	if err != nil {
		return err
	}
	buffer := bufio.NewWriter(file.File)
	err = fill(buffer)
	if err == nil {
		if err = buffer.Flush(); err == nil {
			err = file.finish()
		}
		if err != nil {
			err = file.failed(path, err)
		}
	} else if DiskFull(err) != nil {
		err = file.failed(path, err)
	}
	return errors.Join(err, file.discard())
}

// MakeDir makes a folder and those above it that are missing, for those whom perm lets in, and has the
// system store their names. A folder that is there already is no error.
func MakeDir(path string, perm fs.FileMode) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return fmt.Errorf("%s is a file, not a folder", path)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	parent := filepath.Dir(filepath.Clean(path))
	if err := MakeDir(parent, perm); err != nil {
		return err
	}
	if err := os.Mkdir(path, perm); err != nil && !errors.Is(err, fs.ErrExist) {
		if full := DiskFull(err); full != nil {
			return &DiskFullError{Path: path, Err: full}
		}
		return err
	}
	return syncDirectory(parent)
}

// A newFile is written under a temporary name in the folder where it will be. What is there before
// stays until finish.
type newFile struct {
	*os.File         // nil when it is closed
	target    string // the name it gets
	temporary string // the name it has; empty when it has the other, or is not a file of ours
	replaces  bool   // another file has the target's name until then
}

// createFile makes a new file. A link is followed, and what is not a regular file, such as a
// device, is written to directly.
func createFile(path string) (*newFile, error) {
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		target, err = path, nil
	}
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(target)
	switch {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("%s is a directory", path)
	case err == nil && !info.Mode().IsRegular():
		device, err := os.OpenFile(target, os.O_WRONLY, 0)
		return &newFile{File: device, target: target}, err
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	f := &newFile{target: target, replaces: info != nil}
	if err := f.open(); err != nil {
		if DiskFull(err) != nil {
			err = f.failed(path, err)
		}
		return nil, err
	}
	if info != nil {
		if err := f.Chmod(info.Mode().Perm()); err != nil {
			return nil, errors.Join(err, f.discard())
		}
	}
	return f, nil
}

// open finds a temporary name that nothing has.
func (f *newFile) open() (err error) {
	for range 100 {
		name := fmt.Sprintf(".%.200s.%08x.tmp", filepath.Base(f.target), rand.Uint32())
		f.temporary = filepath.Join(filepath.Dir(f.target), name)
		f.File, err = os.OpenFile(f.temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	return err
}

// Sweep removes from a folder the temporary files of processes that were killed while they wrote. The
// caller makes sure that nobody writes there.
func Sweep(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		if unfinished.MatchString(entry.Name()) {
			err = errors.Join(err, os.Remove(filepath.Join(dir, entry.Name())))
		}
	}
	return err
}

// unfinished is what newFile.open calls files.
var unfinished = regexp.MustCompile(`^\..+\.[0-9a-f]{8}\.tmp$`)

// finish has the system store the file and gives it its name.
func (f *newFile) finish() error {
	if f.temporary == "" {
		return f.close()
	}
	crash.Point("file.before-sync")
	if err := f.Sync(); err != nil {
		return err
	}
	crash.Point("file.synced")
	if err := f.close(); err != nil {
		return err
	}
	if err := os.Rename(f.temporary, f.target); err != nil {
		return err
	}
	f.temporary = ""
	crash.Point("file.renamed")
	if err := syncDirectory(filepath.Dir(f.target)); err != nil {
		return err
	}
	crash.Point("file.directory-synced")
	return nil
}

func (f *newFile) close() error {
	file := f.File
	f.File = nil
	return file.Close()
}

// discard removes what is not finished.
func (f *newFile) discard() error {
	var errs []error
	if f.File != nil {
		errs = append(errs, f.close())
	}
	if f.temporary != "" {
		errs = append(errs, os.Remove(f.temporary))
	}
	f.temporary = ""
	return errors.Join(errs...)
}

// syncDirectory makes a new name last. Systems that cannot do so to a directory are let off.
func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	err = directory.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
		err = nil
	}
	return errors.Join(err, directory.Close())
}
