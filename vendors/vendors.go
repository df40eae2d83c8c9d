// Package vendors is the contract between the pipeline and those it loads into: a Vendor lists its
// Resources, a Resource says how rows become Entities and how those are sent.
package vendors

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/url"
	"time"

	"bulkload/vendors/schema"
)

// A Vendor is one API. It is a value; absent abilities are nil.
type Vendor struct {
	Name      string // in commands and settings: "fashiontrade"
	Title     string // as the vendor writes itself
	Doc       string // one sentence
	BaseURL   string // of production, without a slash at its end
	Resources []*Resource
	// Authorize adds the account's credentials to a request.
	Authorize func(*http.Request, *Account) error
	// Class names the kind of endpoint that a request goes to, when the vendor's limits differ by more
	// than reading and writing. Nil: ClassOf.
	Class func(Request) string
	// Probe asks for something that every account may read and that changes nothing, to see whether the
	// credentials are taken. Nil: the vendor has nothing of that kind.
	Probe func(context.Context, *Client) error
	// Explain says in a user's words what a refusal of a request means and what to do about it, beyond
	// what the vendor says itself; empty when there is nothing to add. Nil: there never is.
	Explain func(Request, *APIError) string
	// Tokenless is set when the account's credentials are all among Settings, and it has no token.
	Tokenless bool
	// Settings are those that an account of this vendor has beside address, token and pace.
	Settings []Setting
	// Connect makes what the account's requests share, such as a parsed key, once before the first of
	// them; it becomes Account.State. Nil: they share nothing.
	Connect func(*Account) (any, error)
	// ClockTolerance is how far the clocks of both sides may be apart before the vendor turns
	// credentials away that carry a time. 0: they carry none.
	ClockTolerance time.Duration
}

// A Resource is one thing that a vendor stores or answers.
type Resource struct {
	Name    string // "products"; a vendor's resources of one name differ in Version, the default first
	Version string // of the vendor's resource; empty when it has none
	Doc     string // what loading it does: "create and replace products"
	Noun    Noun   // what an entity is called
	Schema  schema.Schema
	Rules   []*schema.Rule // those that Encode applies, beyond the fields' own
	Key     string         // the field whose value names an entity: rows sharing it are one
	Part    string         // a second field that names an entity together with Key, as PartKey joins them; empty: Key does alone
	Else    string         // the field that names an entity whose rows have no Key; empty: they need one
	Besides []string       // further fields that tell entities of one Key and Part apart; they may be empty
	ID      string         // the field that carries Stored.Key, by which an export knows its entities; empty: Key, with Part
	Lone    bool           // an entity is one row, so that a row without a key belongs to none beside it
	Lane    []string       // fields whose values the entities of one call share, as those of one customer; nil: any entities go together
	Unique  []string       // fields whose values must not occur twice in a feed
	RowKey  []string       // fields by which the rows of one entity are told apart when two exports are compared; nil: their order
	Rivals  *Rivals        // a rule that compares the entities of a feed with each other; nil: there is none
	Refers  []Reference    // fields that name entities of the vendor's other resources
	Batch   int            // most entities in one call of Upload
	Splits  bool           // a call that is refused is split, until those that it was refused for stand alone
	Repeat  Repeat
	// Encode makes the value that is sent, of an entity's records, and adds to the entity's problems
	// those that several fields or rows make. It is called for faulty entities too, so that every
	// problem is found, and may return nil for those. It must not depend on the order of the records.
	Encode func(*Entity) any
	// Upload sends entities, at most Batch at a time, and sets their outcomes. An error means that
	// none of them was settled. Nil: the resource cannot be imported.
	Upload func(context.Context, *Client, Upload) error
	// Trace finds what the vendor's words in a refusal are about: the index of one of the entity's
	// records, and the full name of a field. The field is empty when the words tell nothing. Nil: they never do.
	Trace func(e *Entity, message string) (record int, field string)
	// ReadBack asks the vendor whether it holds what an upload of unknown outcome sent, and sets the
	// entity's outcome when it does. It is called where sending again could store twice. Nil: the
	// vendor cannot be asked, and such an outcome stays unknown.
	ReadBack func(context.Context, *Client, *Entity) error
	// Known yields the keys of all entities that the vendor has. Nil: it cannot tell.
	Known func(context.Context, *Client) iter.Seq2[string, error]
	// Pages yields what the vendor has, page by page, as Listing asks. Nil: the resource cannot be exported.
	Pages func(context.Context, *Client, Listing) iter.Seq2[Page, error]
	// Filters are the names that Listing.Query may have. Nil: Pages takes none.
	Filters []Filter
	// Changed is the filter, a time, that lists only what the vendor has changed since, that instant included,
	// deleted entities among them as Aside; Stamp reads from an entity when it was changed. With them a
	// catalogue that was read once is only continued. Empty and nil: it is always read whole.
	Changed string
	Stamp   func(Stored) time.Time
	// Unlisted is set when the vendor has no list of the resource, so that Pages asks for each key by itself.
	Unlisted bool
	// Aliases lists the names under which Held.Find finds an entity of the vendor's, besides its key. Nil: there are none.
	Aliases func(Stored) []string
	// Prepare asks for what Amend needs besides the vendor's entities. It is called by way of Held.Prepared, and only
	// if that is. Nil: nothing.
	Prepare func(context.Context, *Client) (any, error)
	// Amend turns a sound entity into what must be sent, given what the vendor has. It sets the entity's
	// ID, Known, Token and Adds, and may add problems. It is called by many goroutines at once, with
	// nothing held when the vendor was not asked. Nil: what Encode returned is sent.
	Amend func(*Entity, *Held) (Amendment, error)
	// Against lists the rules that Amend applies to what the vendor has. A feed alone cannot break them.
	Against []*schema.Rule
	// Publish is set when the resource's entities have a state in which nobody sees them yet. Nil: they have none.
	Publish *Publishing
	// Ask puts the question that an entity's Key and Body are, and returns the answer, JSON. It puts it once,
	// whatever Repeat says, and not with GET when that is Unsafe. Nil: the resource cannot be looked up.
	Ask func(context.Context, *Client, *Entity) ([]byte, error)
	// Signals says what asking tells the vendor about a shopper, as a sentence for who has to agree to it:
	// "each question is recorded as a visit of that shopper". Empty: asking leaves no trace.
	Signals string
	// Answers are the fields of an answer to Ask, and Answer is the reading of one: a map from field to text
	// for each thing that it lists. No row is an answer too. A field that is Shared belongs to the answer as a
	// whole, the others to each of the things. Set together with Ask.
	Answers schema.Schema
	Answer  func(body []byte) ([]map[string]string, error)
	// Decode is the inverse of Encode: it turns an entity as the vendor answers it into its rows, a map
	// from field to text for each, the fields written as a feed writes them. Fields that are ReadOnly
	// are among them. Set together with Pages.
	Decode func(body []byte) ([]map[string]string, error)
	// Canonical writes a body, the vendor's or our own, in the one form in which equal entities have
	// equal bytes: without read-only members, sets in order, sizes and numbers in one spelling. Set
	// together with Pages.
	Canonical func(body []byte) ([]byte, error)
	// Digest is a hash of what Canonical would write of a body, with the body read as a stream and not held:
	// two bodies have one Digest when they have one canonical form. Nil: bodies are short enough for Canonical.
	Digest func(io.Reader) (Hash, error)
	// Replace is the same resource loaded as a whole: an upload drops what the vendor has under the same
	// Key and the feed does not name. It is chosen by the user, and is not in a vendor's list. Nil:
	// there is no such choice.
	Replace *Resource
	// Drops lists the parts that the vendor has of an entity and that sending ours would delete, by their
	// names within it. Nil: an upload deletes nothing that the feed does not name.
	Drops func(stored, ours []byte) ([]string, error)
	// Rehearses is set when the vendor itself can check an upload without storing it.
	Rehearses bool
	// Delete takes away what the vendor has under a name. An *APIError of status 404 says that there was
	// nothing. Nil: what it has cannot be deleted one by one.
	Delete func(context.Context, *Client, Deletion) error
	// DeleteAll takes away all that the vendor has of the resource. Nil: there is no such call.
	DeleteAll func(context.Context, *Client) error
	// Example is one right entity, a map from field to value for each of its rows.
	Example []map[string]string
}

// Rivals is a rule about two entities of one feed that no entity shows by itself.
type Rivals struct {
	Rule  *schema.Rule
	Field string // in whose cell the rival is named
	// Claim is what of a sound entity is compared. It is small, and keeps nothing of the entity's memory.
	Claim func(*Entity) any
	// Clash says how two claims collide, "is valid in NL at the same time as", before the rival is named;
	// it is empty when they do not.
	Clash func(a, b any) string
}

// Noun is what an entity of a resource is called.
type Noun struct{ One, Many string }

// Of is the noun for a count: "product" for 1, "products" for 2.
func (n Noun) Of(count int64) string {
	if count == 1 {
		return n.One
	}
	return n.Many
}

// A Listing says what of a resource is to be read.
type Listing struct {
	Cursor string     // of the page to begin with, as an earlier Page told it; empty: the first
	Query  url.Values // filters, by the vendor's names; nil: none
	// Compare is set when the entities are to be compared with a feed, not exported: those that Amend needs besides are yielded too.
	Compare bool
	// Keys are the entities to read, for a resource that the vendor cannot list; where entities have a
	// Part, the values of Key. Nil: all, where the vendor can list them, if need be by way of another
	// resource.
	Keys iter.Seq2[string, error]
}

// A Filter is a query parameter that narrows a listing, or says how much of each entity it shows.
type Filter struct {
	Name     string // as the vendor writes it: "updated_at_min", "filter[category]"
	Doc      string // one plain sentence
	Required bool   // the vendor lists nothing without it
}

// A Page is a part of what a vendor has.
type Page struct {
	Entities []Stored
	Next     string // cursor of the page after this one; empty: this is the last
}

// Stored is an entity as the vendor answers it.
type Stored struct {
	Key  string
	Body []byte // JSON
	// Aside is set when it is not one of the resource's own, but what Amend needs to know beside them:
	// a deleted product, or the product of a prepack.
	Aside bool
}

// Held is what an account is known to have, while entities are made ready to be sent.
type Held struct {
	Account *Account
	// Prepare returns what the resource's Prepare brings, which is asked of the vendor when this is first
	// called. Nil: it has none.
	Prepare func() (any, error)
	// Unasked is set when the vendor was not asked, so that finding nothing means nothing.
	Unasked bool
	// Withhold is set while what the feed publishes is held back: Amend makes what is new in the resource's
	// Draft state, and leaves the state of what the vendor has as it is.
	Withhold bool
	// Find returns what the vendor has under a key or an alias; nil when there is nothing. The body is
	// the caller's. Of two entities with one alias, it returns the one that was listed last.
	Find func(name string) (*Stored, error)
}

// Prepared returns what the resource's Prepare brings; nil when it has none.
func (h *Held) Prepared() (any, error) {
	if h.Prepare == nil {
		return nil, nil
	}
	return h.Prepare()
}

// An Amendment is what is to be sent of an entity.
type Amendment struct {
	Body  any // nil: the vendor has all of it
	After any // the entity as the vendor has it then, as Decode reads it; nil: it is the Body
	Calls int // requests that the change would take if each part of it were sent by itself; 0: one
	// Foretold is what a plan shows of an entity that is new: empty, when there is nothing to tell.
	Foretold Foretold
}

// Foretold is a field that the vendor fills in by itself, and what it will say.
type Foretold struct{ Field, Value string }

// Publishing says how a resource's entities come into the vendor's shop.
type Publishing struct {
	Fields []string // those that carry a state: the entity's, and its parts'
	Draft  string   // the state of what nobody sees
	Live   string   // the state of what everybody sees
}

// A Setting is what an account of one vendor is told in the configuration, besides what all have.
type Setting struct {
	Name     string // "shop_id"
	Doc      string
	Required bool
	// File is set when the setting names a file that holds a secret, such as a private key.
	File bool
}

// An Upload is one call of a resource's Upload.
type Upload struct {
	Entities   []*Entity
	Attempt    int  // from 1; what earlier processes of the same run tried is counted
	CreateOnly bool // entities that the vendor has must be refused, not replaced
	Rehearse   bool // let the vendor check, but store nothing
}

// A Deletion names an entity that is to go, by the values of its resource's Key and Part.
type Deletion struct {
	Key  string
	Part string // empty where the resource has none
}

// Repeat tells what sending an entity again does when the first answer was lost.
type Repeat uint8

// The kinds of Repeat.
const (
	Unsafe   Repeat = iota // it may be stored twice
	Harmless               // the same state results
	// ByToken: the vendor recognises the token and answers as before. An entity without a token is
	// Unsafe when it Adds, else Harmless.
	ByToken
)

// Outcome is what became of an entity, and so of its rows.
type Outcome uint8

// The outcomes. The zero value means that the entity was not settled.
const (
	Unsettled Outcome = iota
	Created
	Updated
	Unchanged
	Rejected // bulkload stopped it: it broke a rule
	Refused  // the vendor did not take it
	Unknown  // it was sent and no answer came
	Skipped  // it was not tried, because the run ended before
)

// Outcomes lists the outcomes in the order of reports.
var Outcomes = [...]Outcome{Created, Updated, Unchanged, Rejected, Refused, Unknown, Skipped}

// String names the outcome as reports write it.
func (o Outcome) String() string {
	return [...]string{"unsettled", "created", "updated", "unchanged", "rejected", "refused", "unknown", "skipped"}[o]
}

// An Entity is what a vendor stores: the records of all rows that share a key.
type Entity struct {
	Key      string
	Records  []schema.Record  // in the order of the feed
	Problems []schema.Problem // found so far
	Body     []byte           // JSON of what Encode returned; nil when it is not to be sent, or is a Stream
	Stream   func() io.Reader // begins a body anew that is too long to be held, as long as Records live; nil: see Body
	Size     int64            // of Body or Stream, in bytes
	Hash     Hash             // of Body or Stream
	Token    string           // by which the vendor knows a repetition, where Repeat is ByToken
	Same     bool             // the vendor has all of it: nothing is to be sent
	Adds     bool             // sending it without a Token once more adds to what the vendor has
	Known    bool             // the vendor had an entity of this key before the run
	ID       string           // the vendor's own, set by Upload when it tells one
	Status   int              // of the answer that settled it; 0 when none did
	Outcome  Outcome
	Answer   *APIError // the vendor's words when it refused; nil otherwise
}

// Streamed is what Encode may return of an entity that can be very long: it writes its own JSON.
type Streamed interface {
	// Open begins the JSON text anew, the same each time, as long as the entity's records live.
	Open() io.Reader
}

// MostHeld is how long a body may be to be held as Entity.Body, in bytes.
const MostHeld = 1 << 20

// Read returns the whole body, also one that is a Stream. It is for those who cannot do with less.
func (e *Entity) Read() ([]byte, error) {
	if e.Stream == nil {
		return e.Body, nil
	}
	body := bytes.NewBuffer(make([]byte, 0, e.Size+bytes.MinRead))
	_, err := body.ReadFrom(e.Stream())
	return body.Bytes(), err
}

// Open begins the body, also one that is a Stream.
func (e *Entity) Open() io.Reader {
	if e.Stream != nil {
		return e.Stream()
	}
	return bytes.NewReader(e.Body)
}

// SetBody takes what Encode returned. A Streamed that is longer than MostHeld becomes the Stream.
func (e *Entity) SetBody(value any) error {
	long, ok := value.(Streamed)
	if !ok {
		body, err := encodeJSON(value)
		e.Body, e.Size, e.Hash = body, int64(len(body)), HashOf(body)
		return err
	}
	sum := sha256.New()
	size, err := io.Copy(sum, long.Open())
	if err != nil {
		return err
	}
	e.Size, e.Hash, e.Stream = size, Hash(sum.Sum(nil)[:len(Hash{})]), long.Open
	if size <= MostHeld {
		e.Body, err = e.Read()
		e.Stream = nil
	}
	return err
}

// Amended takes what Amend returned. The Hash stays that of what the feed says, by which the entity is
// known again when a run goes on.
func (e *Entity) Amended(a Amendment) (err error) {
	e.Stream, e.Same = nil, a.Body == nil
	e.Body, e.Size = nil, 0
	if !e.Same {
		e.Body, err = encodeJSON(a.Body)
		e.Size = int64(len(e.Body))
	}
	return err
}

// Became is an entity as the vendor has it when it was sent as Amend said.
func (a *Amendment) Became() ([]byte, error) {
	if a.After == nil {
		return encodeJSON(a.Body)
	}
	return encodeJSON(a.After)
}

// encodeJSON writes a value without escaping what only HTML needs escaped.
func encodeJSON(value any) ([]byte, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(body.Bytes(), []byte("\n")), nil
}

// Hash is a SHA-256 of what is sent, cut to 16 bytes: enough to tell bodies of one key apart.
type Hash [16]byte

// HashOf returns the hash of a body.
func HashOf(body []byte) Hash {
	sum := sha256.Sum256(body)
	return Hash(sum[:len(Hash{})])
}

// Add puts a problem on the entity. The record's column of that field is marked as bad when the
// rule is an error. An empty clause is the rule's own.
func (e *Entity) Add(p schema.Problem) {
	r := &e.Records[p.Record]
	p.Column = r.Layout.Column(p.Field)
	if p.Clause == "" {
		p.Clause = p.Rule.Clause
	}
	if p.Value == "" && p.Column >= 0 {
		p.Value = string(r.Values[p.Column])
	}
	if p.Rule.Severity == schema.Error && p.Column >= 0 {
		r.Bad[p.Column] = true
	}
	e.Problems = append(e.Problems, p)
}

// Sound reports whether no problem so far stops the entity.
func (e *Entity) Sound() bool {
	for i := range e.Problems {
		if e.Problems[i].Rule.Severity == schema.Error {
			return false
		}
	}
	return true
}

// An Account is a vendor's address with credentials and pace.
type Account struct {
	Name    string
	BaseURL string // without a slash at its end
	Token   Secret
	Rate    float64 // requests a second at most; 0: not stated, and learned
	Workers int     // requests in flight at most
	Timeout time.Duration
	// Settings are the vendor's own, by name; Secrets those of them that name a file: its content.
	Settings map[string]string
	Secrets  map[string]Secret
	State    any // what the vendor's Connect made
}
