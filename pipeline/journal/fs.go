package journal

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// FS is what a journal does with files. OS is the real one; pipeline/journal/powercut is one that
// forgets, for tests.
type FS interface {
	// OpenFile opens a file as os.OpenFile does.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	// Mkdir makes one directory as os.Mkdir does.
	Mkdir(name string, perm fs.FileMode) error
	// SyncDir makes the names in a directory outlast a power cut.
	SyncDir(name string) error
	// Lock takes the lock of that name until the Closer is closed or the process ends, however it
	// ends. When another holds it, the error is a *BusyError.
	Lock(name string) (io.Closer, error)
}

// File is an open file of an FS.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	// Sync makes what was written, and the file's size, outlast a power cut.
	Sync() error
}

// OS is the files of the operating system.
type OS struct{}

// OpenFile opens a file.
func (OS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	file, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return osFile{file}, nil
}

// Mkdir makes one directory.
func (OS) Mkdir(name string, perm fs.FileMode) error { return os.Mkdir(name, perm) }

// SyncDir makes the names in a directory last. Systems that cannot do so to a directory are let off.
func (OS) SyncDir(name string) error {
	directory, err := os.Open(name)
	if err != nil {
		return err
	}
	err = directory.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
		err = nil
	}
	return errors.Join(err, directory.Close())
}

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// MakeDir makes a directory, and those above it that are missing, and makes their names outlast a
// power cut. A directory that is there already is no error. A journal is no safer than the name of
// the directory it lies in.
func MakeDir(fsys FS, path string, perm fs.FileMode) error {
	path = filepath.Clean(path)
	parent := filepath.Dir(path)
	if parent == path {
		return nil
	}
	err := fsys.Mkdir(path, perm)
	if errors.Is(err, fs.ErrNotExist) {
		if err = MakeDir(fsys, parent, perm); err == nil {
			err = fsys.Mkdir(path, perm)
		}
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	// Also where nothing was made: whoever made path or parent may have been killed before its sync.
	if err := fsys.SyncDir(filepath.Dir(parent)); err != nil {
		return err
	}
	return fsys.SyncDir(parent)
}
