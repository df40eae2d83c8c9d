// Package powercut is a disk for tests that forgets what was not synced. Programs see it as they see
// any disk. AfterCut shows it as it may be found after a power cut, AfterKill as it is found
// after the program alone has died.
//
// It promises no more than POSIX does: a write lasts once its file was synced, a name once its
// directory was. Until then any part of it may last, in any order, in sectors.
package powercut

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"bulkload/pipeline/journal"
)

// Sector is how many bytes of a write last together or not at all.
const Sector = 512

// An Op is something a program asks of the disk.
type Op string

// The operations.
const (
	Create   Op = "create"
	Mkdir    Op = "mkdir"
	Write    Op = "write"
	Truncate Op = "truncate"
	Rename   Op = "rename"
	Remove   Op = "remove"
	Sync     Op = "sync"
	SyncDir  Op = "syncdir"
	Read     Op = "read"
	Size     Op = "size"
	Close    Op = "close"
)

// ErrLied is what a Hook returns to have a Sync or SyncDir claim success without doing anything, as
// if the program had left it out.
var ErrLied = errors.New("powercut: claimed, not done")

// A Disk is a tree of files in memory that is used as a journal.FS, and by Rename and Remove. Names are
// relative to its root. Many goroutines may use it.
type Disk struct {
	// Hook is asked before an operation, and its error is the operation's. It is called by one goroutine
	// at a time and must not use the disk. Nil: all goes well. It is to be set before the disk is used.
	Hook func(op Op, name string) error
	// Space is how many bytes files may still grow, negative as New gives it: any number. A write that
	// needs more writes what fits.
	Space int64

	mu     sync.Mutex
	names  map[string]*node // as programs see them
	stored map[string]*node // as they are after a power cut
	locks  map[string]bool
}

// A node is a file or a directory. What is stored and what waits make what programs see.
type node struct {
	dir     bool
	data    []byte // as programs see it
	stored  []byte // as it was when it was last synced
	waiting []change
}

// A change is a write, or with nil data a truncation, that was not synced.
type change struct {
	offset int64
	data   []byte
}

// New returns an empty disk.
func New() *Disk {
	root := &node{dir: true}
	return &Disk{
		names:  map[string]*node{".": root},
		stored: map[string]*node{".": root},
		locks:  map[string]bool{},
		Space:  -1,
	}
}

// hook asks for leave. The caller holds mu.
func (d *Disk) hook(op Op, name string) error {
	if d.Hook == nil {
		return nil
	}
	return d.Hook(op, name)
}

func failed(op Op, name string, err error) error {
	return &fs.PathError{Op: string(op), Path: name, Err: err}
}

// OpenFile opens or makes a file. Of the flags it knows O_CREATE, O_EXCL and O_TRUNC.
func (d *Disk) OpenFile(name string, flag int, _ fs.FileMode) (journal.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	name = filepath.Clean(name)
	n := d.names[name]
	switch {
	case n != nil && n.dir:
		return nil, failed("open", name, syscall.EISDIR)
	case n != nil && flag&os.O_CREATE != 0 && flag&os.O_EXCL != 0:
		return nil, failed("open", name, fs.ErrExist)
	case n == nil && flag&os.O_CREATE == 0:
		return nil, failed("open", name, fs.ErrNotExist)
	case n == nil:
		var err error
		if n, err = d.add(Create, name, &node{}); err != nil {
			return nil, err
		}
	case flag&os.O_TRUNC != 0:
		if err := d.hook(Truncate, name); err != nil {
			return nil, failed(Truncate, name, err)
		}
		n.truncate(0)
	}
	return &file{disk: d, node: n, name: name}, nil
}

// Mkdir makes a directory.
func (d *Disk) Mkdir(name string, _ fs.FileMode) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	name = filepath.Clean(name)
	if d.names[name] != nil {
		return failed(Mkdir, name, fs.ErrExist)
	}
	_, err := d.add(Mkdir, name, &node{dir: true})
	return err
}

// add gives a node a name in a directory that there is.
func (d *Disk) add(op Op, name string, n *node) (*node, error) {
	if parent := d.names[filepath.Dir(name)]; parent == nil || !parent.dir {
		return nil, failed(op, name, fs.ErrNotExist)
	}
	if err := d.hook(op, name); err != nil {
		return nil, failed(op, name, err)
	}
	d.names[name] = n
	return n, nil
}

// Rename gives a file another name, in the place of what had it.
func (d *Disk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	from, to = filepath.Clean(from), filepath.Clean(to)
	n := d.names[from]
	if n == nil || n.dir {
		return failed(Rename, from, fs.ErrNotExist)
	}
	if _, err := d.add(Rename, to, n); err != nil {
		return err
	}
	if from != to {
		delete(d.names, from)
	}
	return nil
}

// Remove takes a file's name away.
func (d *Disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	name = filepath.Clean(name)
	if n := d.names[name]; n == nil || n.dir {
		return failed(Remove, name, fs.ErrNotExist)
	}
	if err := d.hook(Remove, name); err != nil {
		return failed(Remove, name, err)
	}
	delete(d.names, name)
	return nil
}

// SyncDir makes the names in a directory last, and that others are gone.
func (d *Disk) SyncDir(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	name = filepath.Clean(name)
	if n := d.names[name]; n == nil || !n.dir {
		return failed(SyncDir, name, fs.ErrNotExist)
	}
	switch err := d.hook(SyncDir, name); {
	case errors.Is(err, ErrLied):
		return nil
	case err != nil:
		return failed(SyncDir, name, err)
	}
	for _, child := range d.changed() {
		if filepath.Dir(child) == name {
			d.settle(d.stored, child)
		}
	}
	return nil
}

// changed lists the names that mean something else after a power cut, in order.
func (d *Disk) changed() []string {
	var names []string
	for name, n := range d.names {
		if d.stored[name] != n {
			names = append(names, name)
		}
	}
	for name := range d.stored {
		if d.names[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// settle makes a name mean in a table what programs see.
func (d *Disk) settle(table map[string]*node, name string) {
	if n := d.names[name]; n != nil {
		table[name] = n
	} else {
		delete(table, name)
	}
}

// Lock takes a lock, which is lost with the program.
func (d *Disk) Lock(name string) (io.Closer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locks[name] {
		return nil, &journal.BusyError{Path: name}
	}
	d.locks[name] = true
	return &lock{disk: d, name: name}, nil
}

type lock struct {
	disk *Disk
	name string
}

func (l *lock) Close() error {
	l.disk.mu.Lock()
	defer l.disk.mu.Unlock()
	delete(l.disk.locks, l.name)
	return nil
}

// AfterKill returns the disk as another program finds it after the one that used it was killed:
// everything written is there, what was not synced can still be lost. The disk itself goes on as it was.
func (d *Disk) AfterKill() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	copies := map[*node]*node{}
	other := New()
	other.names, other.stored = copyNames(d.names, copies), copyNames(d.stored, copies)
	return other
}

func copyNames(names map[string]*node, copies map[*node]*node) map[string]*node {
	other := make(map[string]*node, len(names))
	for name, n := range names {
		if copies[n] == nil {
			copies[n] = &node{dir: n.dir, data: slices.Clone(n.data), stored: slices.Clone(n.stored), waiting: slices.Clone(n.waiting)}
		}
		other[name] = copies[n]
	}
	return other
}

// AfterCut returns the disk as it is found after a power cut at this instant. Without a source of
// chance everything that was not synced is lost. With one, any part of it may have lasted: names, and
// of each file nothing, all, the writes up to some byte, or any sectors of any writes, with zeros or
// noise in the place of others. The disk itself goes on as it was.
func (d *Disk) AfterCut(chance *rand.Rand) *Disk {
	other := d.AfterKill()
	if chance != nil {
		for _, name := range other.changed() {
			if chance.IntN(2) == 0 {
				other.settle(other.stored, name)
			}
		}
	}
	other.names = other.stored
	other.orphans()
	other.stored = make(map[string]*node, len(other.names))
	for _, name := range other.list() {
		n := other.names[name]
		if chance != nil && !n.dir {
			n.last(chance)
		}
		n.data, n.waiting = slices.Clone(n.stored), nil
		other.stored[name] = n
	}
	return other
}

// orphans removes what lies in directories that are not there.
func (d *Disk) orphans() {
	for _, name := range d.list() {
		if d.names[filepath.Dir(name)] == nil {
			delete(d.names, name)
		}
	}
}

// list is all names, directories before what is in them.
func (d *Disk) list() []string {
	names := make([]string, 0, len(d.names))
	for name := range d.names {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// last lets some of what waits be stored.
func (n *node) last(chance *rand.Rand) {
	switch waiting := n.waiting; chance.IntN(4) {
	case 0: // nothing
	case 1: // all
		n.stored = slices.Clone(n.data)
	case 2: // up to some byte
		for _, c := range waiting[:chance.IntN(len(waiting)+1)] {
			n.stored = c.apply(n.stored)
		}
		if i := chance.IntN(len(waiting) + 1); i < len(waiting) && waiting[i].data != nil {
			c := waiting[i]
			n.stored = change{offset: c.offset, data: c.data[:chance.IntN(len(c.data)+1)]}.apply(n.stored)
		}
	case 3: // any sectors
		for _, c := range waiting {
			n.stored = c.scatter(n.stored, chance)
		}
	}
}

// apply makes the change to a file.
func (c change) apply(data []byte) []byte {
	if c.data == nil {
		return resized(data, c.offset)
	}
	data = resized(data, max(int64(len(data)), c.offset+int64(len(c.data))))
	copy(data[c.offset:], c.data)
	return data
}

// scatter makes the change to some sectors of a file. Where it would have grown, it may have
// grown by as much, with zeros or noise in the sectors that were not written.
func (c change) scatter(data []byte, chance *rand.Rand) []byte {
	if c.data == nil {
		if chance.IntN(2) == 0 {
			data = c.apply(data)
		}
		return data
	}
	end := c.offset + int64(len(c.data))
	for from := c.offset; from < end; {
		to := min(end, from-from%Sector+Sector)
		switch part := c.data[from-c.offset : to-c.offset]; chance.IntN(4) {
		case 0: // the sector is not written; a later one may make it part of the file
		case 1:
			noise := make([]byte, len(part))
			for i := range noise {
				noise[i] = byte(chance.Uint32())
			}
			if old := int64(len(data)); from >= old { // what was there before is not noise
				data = change{offset: from, data: noise}.apply(data)
			}
		default:
			data = change{offset: from, data: part}.apply(data)
		}
		from = to
	}
	return data
}

func resized(data []byte, size int64) []byte {
	if size <= int64(len(data)) {
		return data[:size]
	}
	return append(data, make([]byte, size-int64(len(data)))...)
}

func (n *node) change(c change) {
	n.waiting = append(n.waiting, c)
	n.data = c.apply(n.data)
}

func (n *node) truncate(size int64) { n.change(change{offset: size}) }

// file is an open file of a disk.
type file struct {
	disk   *Disk
	node   *node
	name   string
	closed bool
}

// begin locks the disk for an operation and asks for leave. The caller unlocks it.
func (f *file) begin(op Op) error {
	f.disk.mu.Lock()
	err := error(fs.ErrClosed)
	if !f.closed {
		err = f.disk.hook(op, f.name)
	}
	if err != nil {
		err = failed(op, f.name, err)
	}
	return err
}

func (f *file) ReadAt(p []byte, offset int64) (int, error) {
	err := f.begin(Read)
	defer f.disk.mu.Unlock()
	if err != nil {
		return 0, err
	}
	n := 0
	if offset < int64(len(f.node.data)) {
		n = copy(p, f.node.data[offset:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) WriteAt(p []byte, offset int64) (int, error) {
	err := f.begin(Write)
	defer f.disk.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if grown := offset + int64(len(p)) - int64(len(f.node.data)); f.disk.Space >= 0 && grown > 0 {
		if missing := grown - f.disk.Space; missing > 0 {
			p, err = p[:max(0, int64(len(p))-missing)], failed(Write, f.name, syscall.ENOSPC)
			grown = f.disk.Space
		}
		f.disk.Space -= grown
	}
	if len(p) > 0 {
		f.node.change(change{offset: offset, data: slices.Clone(p)})
	}
	return len(p), err
}

func (f *file) Truncate(size int64) error {
	err := f.begin(Truncate)
	defer f.disk.mu.Unlock()
	if err == nil {
		f.node.truncate(size)
	}
	return err
}

func (f *file) Sync() error {
	err := f.begin(Sync)
	defer f.disk.mu.Unlock()
	switch {
	case errors.Is(err, ErrLied):
		return nil
	case err == nil:
		f.node.stored, f.node.waiting = slices.Clone(f.node.data), nil
	}
	return err
}

func (f *file) Size() (int64, error) {
	err := f.begin(Size)
	defer f.disk.mu.Unlock()
	return int64(len(f.node.data)), err
}

func (f *file) Close() error {
	err := f.begin(Close)
	defer f.disk.mu.Unlock()
	f.closed = true
	return err
}
