package journal

import (
	"encoding/binary"
	"hash/crc32"
)

// A journal begins with head. Frames follow, each the records of one write and one fsync:
//
//	4 bytes  mark
//	4 bytes  length of the payload
//	8 bytes  offset of the frame in the file
//	4 bytes  CRC-32C of the payload
//	4 bytes  CRC-32C of the 20 bytes before
//	         payload: one record after the other
//
// Numbers are little-endian. A frame is written once the one before it has been synced. So an
// invalid frame at the end was never acknowledged and may be cut off, whole pages of it missing or
// not, while one that has another frame behind it was damaged afterwards.
const (
	head       = "bulkload journal 1\n"
	mark       = "\xf7jf\x1e"
	headerSize = 24
	// maxPayload keeps lengths well inside their four bytes, and an int of any size.
	maxPayload = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// headSeed is what the checksums of the first frame begin with. Those of the other frames begin with
// the check of the first one, which no two runs share: what another run's journal left on the disk is
// never taken for part of this one.
func headSeed() uint32 { return crc32.Checksum([]byte(head), castagnoli) }

// A header is the first headerSize bytes of a frame.
type header []byte

func (h header) length() int64          { return int64(binary.LittleEndian.Uint32(h[4:])) }
func (h header) offset() int64          { return int64(binary.LittleEndian.Uint64(h[8:])) }
func (h header) payloadCheck() uint32   { return binary.LittleEndian.Uint32(h[16:]) }
func (h header) check() uint32          { return binary.LittleEndian.Uint32(h[20:]) }
func (h header) sum(seed uint32) uint32 { return crc32.Update(seed, castagnoli, h[:20]) }

// whole reports whether the header is one that was written, here or elsewhere.
func (h header) whole(seed uint32) bool {
	return string(h[:len(mark)]) == mark && h.length() <= maxPayload && h.check() == h.sum(seed)
}

// seal fills in the header of a frame whose payload stands behind it, and returns the header's check.
func seal(frame []byte, offset int64, seed uint32) uint32 {
	h, payload := header(frame[:headerSize]), frame[headerSize:]
	copy(h, mark)
	binary.LittleEndian.PutUint32(h[4:], uint32(len(payload)))
	binary.LittleEndian.PutUint64(h[8:], uint64(offset))
	binary.LittleEndian.PutUint32(h[16:], crc32.Update(seed, castagnoli, payload))
	binary.LittleEndian.PutUint32(h[20:], h.sum(seed))
	return h.check()
}
