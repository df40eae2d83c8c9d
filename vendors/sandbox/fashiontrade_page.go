package sandbox

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"bulkload/vendors/fashiontrade/vocabulary"
)

// list answers GET of a page.
func (r *collection) list(c *call) answer {
	version, refusal := r.reading(c, "limit", "next")
	if refusal != nil {
		return *refusal
	}
	query, _ := parameters(c, "limit", "next")
	limit, err := pageLimit(query)
	if err != nil {
		return message(http.StatusBadRequest, err.Error())
	}
	from, err := r.pageStart(query.Get("next"))
	if err != nil {
		return message(http.StatusBadRequest, err.Error())
	}
	if newest := r.store.newest(); version < newest {
		return r.tooOld(version, newest)
	}
	return answer{status: http.StatusOK, mediaType: vocabulary.MediaType(r.resource, strconv.Itoa(version)),
		stream: func(w io.Writer) error { return r.writePage(w, from, limit) }}
}

// defaultLimit is how many entities a page has for a client that does not say. The document says so,
// and that it is not so "at the moment": a client that relies on either will fail.
const defaultLimit = 25

// pageLimit reads the limit, an int32.
func pageLimit(query url.Values) (int, error) {
	if !query.Has("limit") {
		return defaultLimit, nil
	}
	limit, err := strconv.ParseInt(query.Get("limit"), 10, 32)
	if err != nil || limit < 1 {
		return 0, fmt.Errorf("limit: %q must be a whole number from 1", query.Get("limit"))
	}
	return int(limit), nil
}

// pageStart reads a page token; an empty one means the first page.
func (r *collection) pageStart(token string) (from uint64, err error) {
	if token == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != 12 || r.pageToken(binary.BigEndian.Uint64(raw)) != token {
		return 0, fmt.Errorf("next: %q was not given out by this resource", token)
	}
	return binary.BigEndian.Uint64(raw), nil
}

// pageToken writes the place at which a page starts so that clients do not take it for a number, and
// so that one of another resource is noticed.
func (r *collection) pageToken(from uint64) string {
	raw := binary.BigEndian.AppendUint64(nil, from)
	raw = binary.BigEndian.AppendUint32(raw, crc32.ChecksumIEEE(append(raw, r.resource...)))
	return base64.RawURLEncoding.EncodeToString(raw)
}

// pageStep is how many entities are held at once while a page is written.
const pageStep = 64

// writePage writes up to limit entities, and where the next page starts.
func (r *collection) writePage(w io.Writer, from uint64, limit int) error {
	next, separator := "null", `{"items":[`
	for {
		entities, start, more, err := r.store.page(from, min(limit, pageStep))
		if err != nil {
			return err
		}
		for _, entity := range entities {
			body, err := r.show(entity.body)
			if err != nil {
				return err
			}
			if _, err := w.Write(append([]byte(separator), body...)); err != nil {
				return err
			}
			separator = ","
		}
		from, limit = start, limit-len(entities)
		if more && limit == 0 {
			next = strconv.Quote(r.pageToken(start))
		}
		if !more || limit == 0 {
			break
		}
	}
	if separator != "," { // nothing opened the list
		if _, err := io.WriteString(w, separator); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, `],"next":`+next+`,"total":0}`)
	return err
}
