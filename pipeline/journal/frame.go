package journal

import (
	"encoding/binary"
	"hash/crc32"
)

// A journal begins with head. Frames follow, each the records of one write and one fsync:
//
//	4 bytes  mark
//	4 bytes  length of the payload
//	4 bytes  CRC-32C of the payload
//	4 bytes  CRC-32C of the 12 bytes before and of the frame's offset in the file
//	         payload: one record after the other
//
// Numbers are little-endian. A frame is written once the one before it has been synced. So an
// invalid frame at the end was never acknowledged and may be cut off, whole pages of it missing or
// not, while one that has another frame behind it was damaged afterwards.
const (
	head       = "bulkload journal 1\n"
	mark       = "\xf7jf\x1e"
	headerSize = 16
	// maxPayload keeps lengths well inside their four bytes, and an int of any size.
	maxPayload = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// headSeed is what the checksums of the first frame begin with. Those of the other frames begin with
// the check of the first one, which no two runs share: what another run's journal left on the disk is
// never taken for part of this one.
func headSeed() uint32 { return crc32.Checksum([]byte(head), castagnoli) }

// seal fills in the header of a frame whose payload stands behind it, and returns the header's check.
func seal(frame []byte, offset int64, seed uint32) uint32 {
	copy(frame, mark)
	payload := frame[headerSize:]
	binary.LittleEndian.PutUint32(frame[4:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(frame[8:], crc32.Update(seed, castagnoli, payload))
	check := headerCheck(frame, offset, seed)
	binary.LittleEndian.PutUint32(frame[12:], check)
	return check
}

// headerCheck covers the offset too, so that a frame counts only where it was written.
func headerCheck(header []byte, offset int64, seed uint32) uint32 {
	var place [8]byte
	binary.LittleEndian.PutUint64(place[:], uint64(offset))
	return crc32.Update(crc32.Update(seed, castagnoli, header[:12]), castagnoli, place[:])
}

// isHeader reports whether a frame was once begun at this offset. There are headerSize bytes.
func isHeader(header []byte, offset int64, seed uint32) bool {
	return string(header[:len(mark)]) == mark && payloadLength(header) > 0 && payloadLength(header) <= maxPayload &&
		binary.LittleEndian.Uint32(header[12:]) == headerCheck(header, offset, seed)
}

func payloadLength(header []byte) int64 { return int64(binary.LittleEndian.Uint32(header[4:])) }

// isPayload reports whether the payload is the one that was written behind this header.
func isPayload(header, payload []byte, seed uint32) bool {
	return binary.LittleEndian.Uint32(header[8:]) == crc32.Update(seed, castagnoli, payload)
}
