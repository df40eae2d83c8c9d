package snapshot

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"bulkload/formats/feed"
)

// ManifestPath is where the manifest of a snapshot stands.
func ManifestPath(snapshot string) string { return snapshot + ".manifest.json" }

// Write writes the manifest of a snapshot, whole or not at all. The entities come in the order of
// their keys and are written as they come, one a line.
func Write(snapshot string, m *Manifest, entities iter.Seq2[Entity, error]) error {
	m.Format, m.File = manifestFormat, filepath.Base(snapshot)
	return feed.WriteFile(ManifestPath(snapshot), func(w io.Writer) error { return m.writeTo(w, entities) })
}

// writeTo writes the manifest as one JSON object, whose last member lists the entities.
func (m *Manifest) writeTo(w io.Writer, entities iter.Seq2[Entity, error]) error {
	head, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	out := bufio.NewWriter(w)
	out.Write(head[:len(head)-len("\n}")])
	out.WriteString(",\n  \"hashes\": [")
	separator := "\n    "
	for e, err := range entities {
		if err != nil {
			return err
		}
		line, err := json.Marshal([...]any{e.Key, e.Rows, e.Body, e.Cell})
		if err != nil {
			return fmt.Errorf("write manifest: %w", err)
		}
		out.WriteString(separator)
		out.Write(line)
		separator = ",\n    "
	}
	out.WriteString("\n  ]\n}\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	return nil
}

// A ManifestError says that a manifest is not one, or not whole.
type ManifestError struct {
	Path string
	Err  error
}

// Error tells which manifest and why.
func (e *ManifestError) Error() string {
	return fmt.Sprintf("%s: the manifest is damaged: %v", e.Path, e.Err)
}

// Unwrap returns the cause.
func (e *ManifestError) Unwrap() error { return e.Err }

// A Reader reads a manifest from its beginning. It holds one entity at a time.
type Reader struct {
	Manifest
	path    string
	file    *os.File
	within  allowance
	decoder *json.Decoder
	listed  bool // the list of entities has begun
}

// mostOfManifest is how much of a manifest one value of it may take, in bytes.
const mostOfManifest = 16 << 20

// An allowance lets so many bytes through until it is renewed, lest a manifest that is not one fills
// the memory with a single value.
type allowance struct {
	from io.Reader
	left int
}

// Read fails when the allowance is used up.
func (a *allowance) Read(p []byte) (int, error) {
	if a.left <= 0 {
		return 0, errors.New("a value is too large")
	}
	n, err := a.from.Read(p[:min(len(p), a.left)])
	a.left -= n
	return n, err
}

// Open reads a snapshot's manifest up to the list of its entities. Without a manifest the error is
// fs.ErrNotExist, one that cannot be read is a *ManifestError.
func Open(snapshot string) (*Reader, error) {
	r := &Reader{path: ManifestPath(snapshot)}
	var err error
	if r.file, err = os.Open(r.path); err != nil {
		return nil, err
	}
	r.within = allowance{from: bufio.NewReader(r.file), left: mostOfManifest}
	r.decoder = json.NewDecoder(&r.within)
	if err := r.head(); err != nil {
		return nil, errors.Join(&ManifestError{r.path, err}, r.file.Close())
	}
	return r, nil
}

// Close closes the file.
func (r *Reader) Close() error { return r.file.Close() }

// head reads the members before the list of entities.
func (r *Reader) head() error {
	if err := r.want(json.Delim('{')); err != nil {
		return err
	}
	members := make(map[string]json.RawMessage)
	for r.decoder.More() {
		name, err := r.token()
		if err != nil {
			return err
		}
		if name == "hashes" {
			r.listed = true
			break
		}
		var value json.RawMessage
		if err := r.decoder.Decode(&value); err != nil {
			return err
		}
		members[name.(string)] = value
	}
	text, err := json.Marshal(members)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &r.Manifest); err != nil {
		return err
	}
	switch {
	case r.Format != manifestFormat:
		return fmt.Errorf("it is of format %d, and this program knows %d", r.Format, manifestFormat)
	case !r.listed:
		return errors.New("it does not list the entities")
	case len(r.Key) == 0:
		return errors.New("it does not say which columns name an entity")
	}
	return r.want(json.Delim('['))
}

func (r *Reader) token() (json.Token, error) {
	r.within.left = mostOfManifest
	token, err := r.decoder.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return token, err
}

func (r *Reader) want(delimiter json.Delim) error {
	token, err := r.token()
	if err == nil && token != delimiter {
		err = fmt.Errorf("%v stands where %v should", token, delimiter)
	}
	return err
}

// Hashes yields the entities, once. Their keys must grow, their number be the manifest's, and their
// hashes make its hashes; else the last error is a *ManifestError.
func (r *Reader) Hashes() iter.Seq2[Entity, error] {
	return func(yield func(Entity, error) bool) {
		whole, last := NewWhole(), ""
		count, rows := int64(0), int64(0)
		for r.decoder.More() {
			e, err := r.entity()
			if err == nil && count > 0 && e.Key <= last {
				err = fmt.Errorf("%q stands behind %q", e.Key, last)
			}
			if err != nil {
				yield(Entity{}, &ManifestError{r.path, err})
				return
			}
			whole.Add(e)
			last = e.Key
			count++
			rows += e.Rows
			if !yield(e, nil) {
				return
			}
		}
		if err := r.balance(whole, count, rows); err != nil {
			yield(Entity{}, &ManifestError{r.path, err})
		}
	}
}

func (r *Reader) entity() (e Entity, err error) {
	r.within.left = mostOfManifest
	var line []json.RawMessage
	if err := r.decoder.Decode(&line); err != nil {
		return e, err
	}
	if len(line) != 4 {
		return e, errors.New("an entity has not four parts")
	}
	for i, into := range []any{&e.Key, &e.Rows, &e.Body, &e.Cell} {
		if err := json.Unmarshal(line[i], into); err != nil {
			return e, err
		}
	}
	return e, nil
}

// balance compares what the entities make with what the head says.
func (r *Reader) balance(whole *Whole, count, rows int64) error {
	if err := r.want(json.Delim(']')); err != nil {
		return err
	}
	catalogue, content := whole.Sums()
	switch {
	case count != r.Entities || rows != r.Rows:
		return fmt.Errorf("it lists %d entities of %d rows, and says that they are %d of %d", count, rows, r.Entities, r.Rows)
	case catalogue != r.Catalogue || content != r.Content:
		return errors.New("the hashes of its entities do not make the hashes of the whole")
	}
	return nil
}

// An AlteredError says that a feed is not the snapshot any more that its manifest tells of.
type AlteredError struct {
	File   string
	Reason string
}

// Error tells what differs and what to do.
func (e *AlteredError) Error() string {
	return fmt.Sprintf("%s is not as it was exported: %s; if that is not meant, export or copy it again", e.File, e.Reason)
}

// CheckFeed compares a feed with the manifest beside it: the digest of its bytes, and how many rows
// were read; below 0, they were not counted. A feed that differs is an *AlteredError. Without a manifest
// there is nothing to say.
func CheckFeed(path string, digest [32]byte, rows int64) error {
	r, err := Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer r.Close()
	switch {
	case rows >= 0 && rows != r.Rows:
		return &AlteredError{path, fmt.Sprintf("it has %d rows, and had %d", rows, r.Rows)}
	case Hash(digest) != r.SHA256:
		return &AlteredError{path, "its SHA-256 is another one"}
	}
	return nil
}
