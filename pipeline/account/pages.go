package account

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// What checkPages knows of bbolt's files: pages of one size, numbered from 0. Two meta pages come
// first; the valid one of the later transaction names the page of the root bucket, which holds the
// other buckets. Buckets are trees of branch pages with leaf pages at their ends, and a page of more
// than its size goes on in those behind it. Numbers are in the machine's order.
const (
	pageHead   = 16 // id 8, flags 2, count 2, overflow 4
	metaSize   = 64 // magic 4, version 4, page size 4, flags 4, root 8, sequence 8, free list 8, end 8, transaction 8, checksum 8
	branchItem = 16 // offset 4, length of key 4, page 8
	leafItem   = 16 // flags 4, offset 4, length of key 4, length of value 4
	bucketSize = 16 // page 8, sequence 8; what begins the value of a bucket's name

	branchPage = 0x01
	leafPage   = 0x02
	freePage   = 0x10
	bucketItem = 0x01

	boltMagic   = 0xED0CDAED
	boltVersion = 2
	noFreeList  = ^uint64(0)
	maxDepth    = 32
	// maxFollowing is far more than a list of free pages, or a record, takes.
	maxFollowing = 16 << 10
)

// checkPages looks at what bbolt would believe without looking: that the file is as long as it says,
// that no branch leads out of it or back into itself, which would never end, and that the list of free
// pages is one. For that it reads one page in about sixty. Who writes wants the leaves checked as well:
// a wrong length in one can make a look-up fail, but a write take all memory, or pages that are in use.
func checkPages(path string, leaves bool) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	p := pages{file: file, length: info.Size(), leaves: leaves}
	if err := p.check(); err != nil {
		return &DamagedError{path, err}
	}
	return nil
}

type pages struct {
	file   io.ReaderAt
	length int64
	leaves bool // are to be read
	meta
	used   []byte // a bit for each page that is named
	buffer []byte
}

// meta is what a meta page says.
type meta struct {
	pageSize, root, free, end, transaction uint64
}

var order = binary.NativeEndian

func (p *pages) check() error {
	if err := p.findMeta(); err != nil {
		return err
	}
	if p.end > uint64(p.length)/p.pageSize {
		return fmt.Errorf("it has %d bytes, and should have %d", p.length, p.end*p.pageSize)
	}
	p.used = make([]byte, p.end/8+1)
	if err := p.checkFree(); err != nil {
		return err
	}
	return p.tree(p.root, 0, true)
}

// findMeta finds the valid meta page of the later transaction, as bbolt does: the second is looked
// for where each page size would have it.
func (p *pages) findMeta() error {
	first, ok := p.readMeta(0)
	if ok {
		p.meta = first
	}
	for size := int64(1 << 10); size <= 1<<24; size <<= 1 {
		second, there := p.readMeta(size)
		if there && second.pageSize == uint64(size) && (!ok || second.pageSize == first.pageSize && second.transaction > first.transaction) {
			p.meta, ok = second, true
			break
		}
	}
	if !ok {
		return errors.New("it does not begin as one")
	}
	return nil
}

func (p *pages) readMeta(offset int64) (m meta, ok bool) {
	var b [pageHead + metaSize]byte
	if _, err := p.file.ReadAt(b[:], offset); err != nil {
		return m, false
	}
	body := b[pageHead:]
	sum := fnv.New64a()
	sum.Write(body[:metaSize-8])
	m = meta{uint64(order.Uint32(body[8:])), order.Uint64(body[16:]), order.Uint64(body[32:]), order.Uint64(body[40:]), order.Uint64(body[48:])}
	return m, order.Uint32(body) == boltMagic && order.Uint32(body[4:]) == boltVersion &&
		order.Uint64(body[metaSize-8:]) == sum.Sum64() && m.pageSize >= 1<<10 && m.pageSize <= 1<<24
}

// page reads a page with what it goes on in. It is valid until the next one is read.
func (p *pages) page(id uint64) ([]byte, error) {
	if id < 2 || id >= p.end {
		return nil, fmt.Errorf("it speaks of page %d, and has %d", id, p.end)
	}
	if p.buffer == nil {
		p.buffer = make([]byte, p.pageSize)
	}
	if _, err := p.file.ReadAt(p.buffer, int64(id*p.pageSize)); err != nil {
		return nil, err
	}
	following := uint64(order.Uint32(p.buffer[12:]))
	if order.Uint64(p.buffer) != id || following >= min(p.end-id, maxFollowing) {
		return nil, fmt.Errorf("page %d is not what it should be", id)
	}
	if following == 0 {
		return p.buffer, nil
	}
	page := make([]byte, (1+following)*p.pageSize)
	_, err := p.file.ReadAt(page, int64(id*p.pageSize))
	return page, err
}

// checkFree checks the list of free pages.
func (p *pages) checkFree() error {
	if p.free == noFreeList {
		return nil
	}
	page, err := p.page(p.free)
	if err != nil {
		return err
	}
	count, list := uint64(order.Uint16(page[10:])), page[pageHead:]
	if count == 0xFFFF {
		count, list = order.Uint64(list), list[8:]
	}
	if order.Uint16(page[8:]) != freePage || count > uint64(len(list)/8) {
		return fmt.Errorf("page %d is no list of free pages", p.free)
	}
	if err := p.use(p.free); err != nil {
		return err
	}
	for i := range count {
		if err := p.use(order.Uint64(list[8*i:])); err != nil {
			return err
		}
	}
	return nil
}

// tree checks the tree below a page. In the root bucket's, leaves are looked at for the buckets in them.
func (p *pages) tree(id uint64, depth int, root bool) error {
	page, err := p.page(id)
	if err != nil {
		return err
	}
	for following := range uint64(len(page)) / p.pageSize {
		if err := p.use(id + following); err != nil {
			return err
		}
	}
	count := int(order.Uint16(page[10:]))
	switch order.Uint16(page[8:]) {
	case leafPage:
		if root {
			page = bytes.Clone(page)
		}
		return p.leaf(id, page, count, root)
	case branchPage:
		if depth < maxDepth && count > 0 && count <= (len(page)-pageHead)/branchItem {
			return p.branch(id, bytes.Clone(page), count, depth, root)
		}
	}
	return fmt.Errorf("page %d is no part of a tree", id)
}

// use holds that every page is named once. So no way leads back.
func (p *pages) use(id uint64) error {
	if id < 2 || id >= p.end || p.used[id/8]&(1<<(id%8)) != 0 {
		return fmt.Errorf("page %d of %d is named where it cannot be", id, p.end)
	}
	p.used[id/8] |= 1 << (id % 8)
	return nil
}

// branch checks a branch page and what is below it. All leaves are equally deep: when the first page
// below it is one, so are the others, and they need not be read.
func (p *pages) branch(id uint64, page []byte, count, depth int, root bool) error {
	leaves := false
	for i := range count {
		item := page[pageHead+i*branchItem:]
		if !inside(item, order.Uint32(item), order.Uint32(item[4:])) {
			return fmt.Errorf("page %d has keys outside of it", id)
		}
		child := order.Uint64(item[8:])
		if i == 0 && !root && !p.leaves {
			first, err := p.page(child)
			if err != nil {
				return err
			}
			leaves = order.Uint16(first[8:]) == leafPage
		}
		err := error(nil)
		if leaves {
			err = p.use(child)
		} else {
			err = p.tree(child, depth+1, root)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// leaf checks a leaf page, and the trees of the buckets in it.
func (p *pages) leaf(id uint64, page []byte, count int, root bool) error {
	if count > (len(page)-pageHead)/leafItem {
		return fmt.Errorf("page %d has more than it has room for", id)
	}
	for i := range count {
		item := page[pageHead+i*leafItem:]
		offset, key, value := order.Uint32(item[4:]), order.Uint32(item[8:]), order.Uint32(item[12:])
		if !inside(item, offset, key, value) {
			return fmt.Errorf("page %d has values outside of it", id)
		}
		if order.Uint32(item)&bucketItem == 0 {
			continue
		}
		if !root || value < bucketSize {
			return fmt.Errorf("page %d has a bucket where there can be none", id)
		}
		if err := p.bucket(item[offset+key:][:value]); err != nil {
			return err
		}
	}
	return nil
}

// bucket checks the tree of a bucket. A small one has no page of its own, but is kept with its name.
func (p *pages) bucket(value []byte) error {
	if root := order.Uint64(value); root != 0 {
		return p.tree(root, 0, false)
	}
	inline := value[bucketSize:]
	if len(inline) < pageHead || order.Uint16(inline[8:]) != leafPage {
		return errors.New("a small bucket is no leaf")
	}
	return p.leaf(0, inline, int(order.Uint16(inline[10:])), false)
}

// inside reports whether parts that begin at the first of these numbers, and are as long as the
// others, end inside b.
func inside(b []byte, parts ...uint32) bool {
	end := uint64(0)
	for _, part := range parts {
		end += uint64(part)
	}
	return end <= uint64(len(b))
}
