package account

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"time"
	"unicode/utf8"

	"bulkload/pipeline/journal"
	"bulkload/vendors"
)

// An Entry is what is known of one entity: the last that was sent, and what became of it.
type Entry struct {
	Run      string
	Hash     vendors.Hash    // of the body that was sent last
	Outcome  vendors.Outcome // of that; Unsettled while it is in the air
	InAir    bool            // it was about to leave, and nothing is known of an answer
	Attempts int             // how often the run sent it
	Token    string          // that it was last sent with
	Known    bool            // the vendor had an entity of this key before the run first sent it
	ID       string          // the vendor's own, the last that was told
	Status   int             // of the answer; 0 when there was none
	Code     string          // the vendor's, when it refused
	Message  string          // the vendor's words, at most maxMessage bytes of them
	At       time.Time       // when the run began, and a nanosecond for each record of its journal before this
	Applied  vendors.Hash    // of the body that the vendor was last known to hold; zero: none
}

// maxMessage bounds what the history keeps of a vendor's words, in bytes. A longer ID is not kept: a
// part of one names nothing.
const maxMessage = 1 << 10

// record is an Entry as it is kept. Each of its three parts is the latest of all that the runs know,
// so that it does not matter in which order their journals are read.
type record struct {
	Entry
	appliedAt int64 // of Applied, as At in nanoseconds; 0: none
	idAt      int64 // of ID
}

// follow is what a run knows of an entity after one more record of its journal.
//
// What the vendor was found to hold counts. Another outcome counts for what was sent last; it says
// nothing when nothing was sent for it. So an entity in doubt stays in doubt when its rows are wrong,
// or other ones, in the next attempt.
func (r record) follow(next record) record {
	switch {
	case next.InAir && r.Run != "":
		next.Known = r.Known
	case next.InAir:
	case next.appliedAt != 0 || r.Hash == next.Hash && r.settledBy(next.Outcome):
		next.Token, next.Attempts, next.Known = r.Token, r.Attempts, r.Known
	default:
		return r
	}
	return next.withOlder(r)
}

// settledBy reports whether an outcome says what became of what was sent.
func (r record) settledBy(o vendors.Outcome) bool {
	return r.Run != "" && (o == vendors.Refused || o == vendors.Unknown || o == vendors.Skipped && r.InAir)
}

// withOlder takes over what only the older record tells.
func (r record) withOlder(older record) record {
	if older.appliedAt > r.appliedAt || older.appliedAt == r.appliedAt && bytes.Compare(older.Applied[:], r.Applied[:]) > 0 {
		r.Applied, r.appliedAt = older.Applied, older.appliedAt
	}
	if older.idAt > r.idAt || older.idAt == r.idAt && older.ID > r.ID {
		r.ID, r.idAt = older.ID, older.idAt
	}
	return r
}

// join is what two runs know together. Of one run, b is what it knows after more of its journal.
func join(a, b record) record {
	if a.Run != b.Run && cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Run, b.Run)) > 0 {
		a, b = b, a
	}
	return b.withOlder(a)
}

// ofIntent is what an intent tells.
func ofIntent(run string, at int64, i *journal.Intent) record {
	return record{Entry: Entry{Run: run, At: time.Unix(0, at).UTC(), InAir: true, Hash: i.Hash,
		Token: i.Token, Attempts: i.Attempt, Known: i.Known}}
}

// ofOutcome is what an outcome tells.
func ofOutcome(run string, at int64, o *journal.Outcome) record {
	r := record{Entry: Entry{Run: run, At: time.Unix(0, at).UTC(), Hash: o.Hash, Outcome: o.Outcome, Status: o.Status,
		Code: shorten(o.Code), Message: shorten(o.Message)}}
	switch o.Outcome {
	case vendors.Created, vendors.Updated, vendors.Unchanged:
		r.Applied, r.appliedAt = o.Hash, at
	}
	if o.ID != "" && len(o.ID) <= maxMessage {
		r.ID, r.idAt = o.ID, at
	}
	return r
}

// shorten cuts a text between two letters.
func shorten(text string) string {
	if len(text) <= maxMessage {
		return text
	}
	end := maxMessage
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return strings.Clone(text[:end])
}

// errRecord is the cause of a DamagedError: what was read is not what was written.
var errRecord = errors.New("a record's checksum is wrong")

const recordFormat = 1

// append writes the record behind b.
func (r *record) append(b []byte) []byte {
	start := len(b)
	b = append(b, recordFormat, byte(r.Outcome), flag(r.InAir), flag(r.Known))
	b = append(append(b, r.Hash[:]...), r.Applied[:]...)
	for _, n := range [...]int64{r.At.UnixNano(), r.appliedAt, r.idAt} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	b = binary.AppendVarint(binary.AppendVarint(b, int64(r.Attempts)), int64(r.Status))
	for _, text := range [...]string{r.Run, r.Token, r.ID, r.Code, r.Message} {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start:]))
}

func flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}

const fixedSize = 4 + 2*len(vendors.Hash{}) + 3*8

// parse reads what append wrote. It keeps nothing of b.
func parse(b []byte) (r record, err error) {
	end := len(b) - crc32.Size
	if end < fixedSize || b[0] != recordFormat || crc32.ChecksumIEEE(b[:end]) != binary.BigEndian.Uint32(b[end:]) ||
		int(b[1]) > int(vendors.Skipped) {
		return r, errRecord
	}
	r.Outcome, r.InAir, r.Known = vendors.Outcome(b[1]), b[2] == 1, b[3] == 1
	numbers := b[4+copy(r.Hash[:], b[4:]):]
	numbers = numbers[copy(r.Applied[:], numbers):]
	r.At = time.Unix(0, int64(binary.BigEndian.Uint64(numbers))).UTC()
	r.appliedAt = int64(binary.BigEndian.Uint64(numbers[8:]))
	r.idAt = int64(binary.BigEndian.Uint64(numbers[16:]))
	f := fields{rest: b[fixedSize:end]}
	r.Attempts, r.Status = f.number(), f.number()
	for _, text := range [...]*string{&r.Run, &r.Token, &r.ID, &r.Code, &r.Message} {
		*text = f.text()
	}
	if f.bad || len(f.rest) > 0 {
		return record{}, errRecord
	}
	return r, nil
}

// fields takes a record's parts of varying length off, one after the other.
type fields struct {
	rest []byte
	bad  bool
}

func (f *fields) number() int {
	n, size := binary.Varint(f.rest)
	if size <= 0 {
		f.bad = true
		return 0
	}
	f.rest = f.rest[size:]
	return int(n)
}

func (f *fields) text() string {
	length, size := binary.Uvarint(f.rest)
	if size <= 0 || length > uint64(len(f.rest)-size) {
		f.bad = true
		return ""
	}
	text := string(f.rest[size : size+int(length)])
	f.rest = f.rest[size+int(length):]
	return text
}
