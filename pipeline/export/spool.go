package export

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"bulkload/pipeline"
	"bulkload/vendors"
)

// SpoolPath is where the pages of an export wait until the last one is there.
func SpoolPath(path string) string { return path + ".part" }

// A spool keeps what came, as JSON lines: the job's, one for each entity, and one behind each page, which
// is on the disk before the next page is asked for. What stands behind the last page's line was cut.
type spool struct {
	job      *Job
	file     *os.File
	lock     *flock.Flock
	from, to time.Time
	pages    int64
	entities int64 // lines, those that came twice included
	next     string
	complete bool
	size     int64
	resumed  bool
	ours     bool // what the file held can be gone on with, or was nothing
}

// spoolHead is the first line. All of it but the time must be the job's.
type spoolHead struct {
	Export   int       `json:"export"` // format: 1
	Resource string    `json:"resource"`
	Version  string    `json:"version"`
	Account  string    `json:"account"`
	Ask      string    `json:"ask"`
	From     time.Time `json:"from"`
}

// spoolEntity is the line of an entity.
type spoolEntity struct {
	Key  string          `json:"key"`
	Body json.RawMessage `json:"body"`
}

// spoolPage is the line behind a page.
type spoolPage struct {
	Page     int64     `json:"page"` // from 1
	Entities int64     `json:"entities"`
	Next     string    `json:"next"` // empty: it was the last
	At       time.Time `json:"at"`
	CRC      uint32    `json:"crc"` // of the page's lines
}

// A SpoolError says that the pages an earlier export left cannot be gone on with.
type SpoolError struct {
	Path   string
	Reason string
}

// Error tells why and what to do.
func (e *SpoolError) Error() string {
	return fmt.Sprintf("%s: %s (--fresh throws it away and begins anew)", e.Path, e.Reason)
}

// A BusyError says that another process exports to the same file.
type BusyError struct{ Path string }

// Error tells which file, and what to do.
func (e *BusyError) Error() string {
	return e.Path + " is being exported by another process: wait until that ends"
}

// openSpool goes on with the spool of an earlier export, or begins one.
func openSpool(job *Job) (*spool, error) {
	s := &spool{job: job}
	if job.Path == "-" {
		return s, s.openTemporary()
	}
	path := SpoolPath(job.Path)
	if err := s.take(path + ".lock"); err != nil {
		return nil, err
	}
	var err error
	if s.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666); err == nil {
		err = s.begin()
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// openTemporary makes a spool that is gone with the process.
func (s *spool) openTemporary() (err error) {
	if s.file, err = os.CreateTemp(s.job.TempDir, "bulkload-*.part"); err != nil {
		return err
	}
	if err := os.Remove(s.file.Name()); err != nil && !errors.Is(err, fs.ErrPermission) {
		return errors.Join(err, s.file.Close())
	}
	return s.begin()
}

// take keeps a second export to the same file away. The lock's file is removed when the job ends, so a
// lock that was got on a file which is gone by then counts for nothing.
func (s *spool) take(path string) error {
	for {
		lock := flock.New(path)
		got, err := lock.TryLock()
		if err != nil {
			return fmt.Errorf("lock %s: %w", path, err)
		}
		if !got {
			return &BusyError{s.job.Path}
		}
		held, errHeld := lock.Stat()
		now, errNow := os.Stat(path)
		if errHeld == nil && errNow == nil && os.SameFile(held, now) {
			s.lock = lock
			return nil
		}
		if err := lock.Unlock(); err != nil {
			return fmt.Errorf("lock %s: %w", path, err)
		}
	}
}

func (s *spool) head() spoolHead {
	return spoolHead{Export: 1, Resource: s.job.Vendor.Name + "/" + s.job.Resource.Name, Version: s.job.Resource.Version,
		Account: s.job.Account, Ask: s.job.Ask, From: s.job.Now().UTC()}
}

// begin reads what is there, and drops what was cut.
func (s *spool) begin() error {
	if s.job.Fresh {
		if err := s.file.Truncate(0); err != nil {
			return err
		}
	}
	if err := s.replay(); err != nil {
		return err
	}
	s.ours = true
	if s.pages > 0 {
		s.resumed = true
		return s.file.Truncate(s.size)
	}
	head := s.head()
	s.from, s.size = head.From, 0
	line, err := json.Marshal(head)
	if err != nil {
		return err
	}
	if err := s.file.Truncate(0); err != nil {
		return err
	}
	return s.append(append(line, '\n'))
}

// replay reads the spool up to the end of its last whole page.
func (s *spool) replay() error {
	lines := bufio.NewReaderSize(io.NewSectionReader(s.file, 0, 1<<62), 256<<10)
	end, sum, entities := int64(0), uint32(0), int64(0)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", s.file.Name(), err)
		}
		end += int64(len(line))
		switch {
		case number == 1:
			if err := s.readHead(line); err != nil {
				return err
			}
			s.size = end
		case bytes.HasPrefix(line, []byte(`{"page":`)):
			if err := s.readPage(line, sum, entities); err != nil {
				return err
			}
			s.size, sum, entities = end, 0, 0
		default:
			sum = crc32.Update(sum, crc32.IEEETable, line)
			entities++
		}
	}
}

func (s *spool) damaged(reason string) error { return &SpoolError{s.file.Name(), reason} }

func (s *spool) readHead(line []byte) error {
	var head spoolHead
	if err := json.Unmarshal(line, &head); err != nil || head.Export != 1 {
		return s.damaged("this is not an export that was cut")
	}
	s.from = head.From
	want := s.head()
	want.From = head.From
	if head != want {
		return s.damaged(fmt.Sprintf("it holds an export of %s version %s from %s that was cut, which is not what is asked for now",
			head.Resource, head.Version, head.Account))
	}
	return nil
}

func (s *spool) readPage(line []byte, sum uint32, entities int64) error {
	var page spoolPage
	if err := json.Unmarshal(line, &page); err != nil || page.CRC != sum || page.Entities != entities || page.Page != s.pages+1 {
		return s.damaged(fmt.Sprintf("page %d is damaged", s.pages+1))
	}
	s.turn(page)
	return nil
}

func (s *spool) turn(page spoolPage) {
	s.pages, s.next, s.complete, s.to = page.Page, page.Next, page.Next == "", page.At
	s.entities += page.Entities
}

// add keeps a page and has the system store it.
func (s *spool) add(page vendors.Page, now time.Time) error {
	var text bytes.Buffer
	for _, e := range page.Entities {
		line, err := json.Marshal(spoolEntity{e.Key, e.Body}) // which also puts the body on one line
		if err != nil {
			return fmt.Errorf("the vendor's answer for %s %q is not JSON: %w", s.job.Resource.Noun.One, e.Key, err)
		}
		text.Write(line)
		text.WriteByte('\n')
	}
	mark := spoolPage{s.pages + 1, int64(len(page.Entities)), page.Next, now.UTC(), crc32.ChecksumIEEE(text.Bytes())}
	line, err := json.Marshal(mark)
	if err != nil {
		return err
	}
	text.Write(append(line, '\n'))
	if err := s.append(text.Bytes()); err != nil {
		return err
	}
	s.turn(mark)
	return nil
}

// append writes at the end and has the system store it.
func (s *spool) append(text []byte) error {
	if _, err := s.file.WriteAt(text, s.size); err != nil {
		return fmt.Errorf("write %s: %w", s.file.Name(), err)
	}
	if err := s.file.Sync(); err != nil {
		return fmt.Errorf("write %s: %w", s.file.Name(), err)
	}
	s.size += int64(len(text))
	return nil
}

// interrupted tells of an export that was ended what became of the pages that came.
func (s *spool) interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, pipeline.ErrInterrupted) {
		return s.explain(pipeline.ErrInterrupted)
	}
	return err
}

// explain adds to an error what became of the pages that came before.
func (s *spool) explain(err error) error {
	if s.pages == 0 || s.job.Path == "-" {
		return err
	}
	advice := "the same command goes on from there"
	if s.resumed {
		advice += ", and --fresh begins anew"
	}
	pages := vendors.Noun{One: "page is", Many: "pages are"}
	return fmt.Errorf("%w; %d %s kept in %s: %s", err, s.pages, pages.Of(s.pages), s.file.Name(), advice)
}

// each yields the place of every entity's line with what it holds.
func (s *spool) each(yield func(offset int64, length int, e spoolEntity) error) error {
	lines := bufio.NewReaderSize(io.NewSectionReader(s.file, 0, s.size), 256<<10)
	offset := int64(0)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", s.file.Name(), err)
		}
		if bytes.HasPrefix(line, []byte(`{"key":`)) {
			e, err := s.parse(line)
			if err != nil {
				return err
			}
			if err := yield(offset, len(line), e); err != nil {
				return err
			}
		}
		offset += int64(len(line))
	}
}

func (s *spool) parse(line []byte) (e spoolEntity, err error) {
	if err := json.Unmarshal(line, &e); err != nil {
		return e, s.damaged(fmt.Sprintf("a line is damaged: %v", err))
	}
	return e, nil
}

// at reads the entity whose line stands there. The scratch is used for the line.
func (s *spool) at(offset int64, length int, scratch []byte) (spoolEntity, []byte, error) {
	if cap(scratch) < length {
		scratch = make([]byte, length)
	}
	scratch = scratch[:length]
	if _, err := s.file.ReadAt(scratch, offset); err != nil {
		return spoolEntity{}, scratch, fmt.Errorf("read %s: %w", s.file.Name(), err)
	}
	e, err := s.parse(scratch)
	return e, scratch, err
}

// remove takes the spool away: its export is done.
func (s *spool) remove() error {
	if s.job.Path == "-" || s.file == nil {
		return s.close()
	}
	path := s.file.Name()
	err := s.file.Close()
	s.file = nil
	return errors.Join(err, os.Remove(path), s.close())
}

// close gives the spool up and leaves what it holds for the next export. It may be called again.
func (s *spool) close() error {
	var errs []error
	if s.file != nil {
		errs = append(errs, s.file.Close())
		if s.job.Path == "-" {
			if err := os.Remove(s.file.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		} else if s.ours && s.pages == 0 { // nothing worth going on with
			errs = append(errs, os.Remove(filepath.Clean(s.file.Name())))
		}
		s.file = nil
	}
	if s.lock != nil {
		errs = append(errs, release(s.lock))
		s.lock = nil
	}
	return errors.Join(errs...)
}

// release removes the lock's file while it is held, so that nobody else's is removed. Where files in use
// cannot be removed, that has to wait until it is not.
func release(lock *flock.Flock) error {
	if os.Remove(lock.Path()) == nil {
		return lock.Unlock()
	}
	err := lock.Unlock()
	os.Remove(lock.Path()) // the one who took it meanwhile keeps it
	return err
}
