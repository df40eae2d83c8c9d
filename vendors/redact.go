package vendors

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Redactor puts *** in the place of secrets, in text that comes from elsewhere and may repeat them.
// It finds each secret as it is and as it looks in URLs, JSON, HTML, hexadecimal and, at any place, in
// base64. It is used by many goroutines.
type Redactor struct {
	long  [][]byte // forms of secrets, found anywhere
	short [][]byte // forms of secrets that also occur in words by chance, found where they stand alone
}

// shortSecret is the length in bytes under which a secret is looked for only as a word of its own.
const shortSecret = 8

// NewRedactor makes a redactor for these secrets.
func NewRedactor(secrets ...Secret) *Redactor {
	r := &Redactor{}
	for _, secret := range secrets {
		text := secret.Reveal()
		switch {
		case text == "":
		case len(text) < shortSecret:
			r.short = append(r.short, textForms(text)...)
		default:
			r.long = append(append(r.long, textForms(text)...), codedForms(text)...)
		}
	}
	return r
}

// textForms are the ways in which a text is written into another.
func textForms(text string) [][]byte {
	query, path := url.QueryEscape(text), url.PathEscape(text)
	forms := []string{text, query, path, lowerHex(query), lowerHex(path), html.EscapeString(text)}
	careful, plain, ascii := inJSON(text, true), inJSON(text, false), strconv.QuoteToASCII(text)
	for _, form := range []string{careful, plain, unquoted(ascii), unquoted(strconv.Quote(text))} {
		forms = append(forms, form, strings.ReplaceAll(form, "/", `\/`), inJSON(form, true), inJSON(form, false)) // JSON in JSON too
	}
	return distinct(forms)
}

// inJSON writes a text as JSON does, without its quotes, with or without care for HTML.
func inJSON(text string, forHTML bool) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(forHTML)
	encoder.Encode(text) // a string always can be
	return unquoted(strings.TrimSuffix(out.String(), "\n"))
}

// codedForms are the ways in which a text is written by other letters, wherever it begins in what is coded.
func codedForms(text string) [][]byte {
	digits := hex.EncodeToString([]byte(text))
	forms := []string{digits, strings.ToUpper(digits)}
	for _, alphabet := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 { // bytes that share a group of three with the first of the text
			coded := alphabet.EncodeToString(append(make([]byte, before), text...))
			if (before+len(text))%3 != 0 {
				coded = coded[:len(coded)-1] // what follows the text changes the last letter
			}
			forms = append(forms, coded[(before*4+2)/3:])
		}
	}
	return distinct(forms)
}

func unquoted(text string) string { return text[1 : len(text)-1] }

// lowerHex writes %2F as %2f.
func lowerHex(text string) string {
	return escapes.ReplaceAllStringFunc(text, strings.ToLower)
}

var escapes = regexp.MustCompile(`%[0-9A-F]{2}`)

func distinct(texts []string) [][]byte {
	slices.Sort(texts)
	var forms [][]byte
	for _, text := range slices.Compact(texts) {
		forms = append(forms, []byte(text))
	}
	return forms
}

// Text returns the text with *** in the place of every secret.
func (r *Redactor) Text(text string) string {
	data := []byte(text)
	spans := r.known(data)
	if len(spans) == 0 {
		return text
	}
	return string(replaced(data, spans, len(data)))
}

// span is a part of a text, from its first byte to behind its last.
type span struct{ start, end int }

// known finds the secrets.
func (r *Redactor) known(data []byte) []span {
	var spans []span
	for _, form := range r.long {
		spans = found(spans, data, form, false)
	}
	for _, form := range r.short {
		spans = found(spans, data, form, true)
	}
	return spans
}

func found(spans []span, data, form []byte, alone bool) []span {
	for at := 0; ; {
		i := bytes.Index(data[at:], form)
		if i < 0 {
			return spans
		}
		s := span{at + i, at + i + len(form)}
		if !alone || isAlone(data, s) {
			spans = append(spans, s)
		}
		at = s.start + 1
	}
}

// isAlone reports whether no letter or digit stands beside a part of the text.
func isAlone(data []byte, s span) bool {
	before, _ := utf8.DecodeLastRune(data[:s.start])
	after, _ := utf8.DecodeRune(data[s.end:])
	return !inWord(before) && !inWord(after)
}

func inWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// replaced returns the first bytes of the data with *** in the place of each span that begins there.
func replaced(data []byte, spans []span, size int) []byte {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end)) })
	size = min(size, len(data))
	var out []byte
	at := 0
	for _, s := range spans {
		if s.start >= size {
			break
		}
		if s.start >= at {
			out = append(append(out, data[at:s.start]...), hidden...)
		}
		at = max(at, s.end)
	}
	if at < size {
		out = append(out, data[at:size]...)
	}
	return out
}

// Words that name a secret in headers, queries and bodies.
const secretWords = `authorization|token|secret|passw(?:or)?d|pwd|api[-_]?key|access[-_]?key|private[-_]?key|credential|cookie|signature|assertion|session|bearer|jwt`

var secretName = regexp.MustCompile(`(?i)` + secretWords)

// namedSecrets find, as their first group, values that look like secrets by what stands before them or
// by themselves: members of JSON, cut ones and those of JSON in JSON too, fields of forms, bearer tokens, web tokens, passwords in URLs.
var namedSecrets = []*regexp.Regexp{
	regexp.MustCompile(`(?is)"[^"\\]*(?:` + secretWords + `)[^"\\]*"\s*:\s*("(?:[^"\\]|\\.)*(?:"|\\?$)|\[[^\]]*(?:\]|$)|[^\s,}\]{\["]+)`),
	regexp.MustCompile(`(?is)\\"[^"\\]*(?:` + secretWords + `)[^"\\]*\\"\s*:\s*\\"((?:[^"\\]|\\{2,}.)*)`),
	regexp.MustCompile(`(?i)(?:^|[?&\s])[^=&\s"]*(?:` + secretWords + `)[^=&\s"]*=([^&\s"]+)`),
	regexp.MustCompile(`(?i)\b(?:bearer|basic)\s+([A-Za-z0-9._~+/=-]{4,})`),
	regexp.MustCompile(`\b(eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*)?)`),
	regexp.MustCompile(`://[^/@\s"]*?:([^/@\s"]+)@`),
}

// Head returns the first bytes of what was sent or answered, at most size, with *** in the place of
// every secret and of every value that is named like one. A secret that begins within them is gone whole.
func (r *Redactor) Head(data []byte, size int) []byte {
	longest := 0
	for _, form := range slices.Concat(r.long, r.short) {
		longest = max(longest, len(form))
	}
	data = data[:min(len(data), size+longest+1)]
	spans := r.known(data)
	for _, pattern := range namedSecrets {
		for _, match := range pattern.FindAllSubmatchIndex(data, -1) {
			spans = append(spans, span{match[2], match[3]})
		}
	}
	return replaced(data, spans, size)
}

// headers returns a copy with *** in the place of credentials, cookies and all that is named like them.
func (r *Redactor) headers(header http.Header) http.Header {
	shown := make(http.Header, len(header))
	for name, values := range header {
		for _, value := range values {
			if secretName.MatchString(name) {
				value = hidden
			}
			shown[name] = append(shown[name], string(r.Head([]byte(value), len(value))))
		}
	}
	return shown
}

// address returns a URL with *** in the place of secrets in its path, its query and its user.
func (r *Redactor) address(u *url.URL) string {
	text := u.String()
	return string(r.Head([]byte(text), len(text)))
}

// credentials are the secrets that a request carries: the account's, and what Authorize made of them.
func credentials(account *Account, header http.Header) []Secret {
	secrets := []Secret{account.Token}
	for _, name := range []string{"Authorization", "Proxy-Authorization", "Cookie"} {
		for _, value := range header.Values(name) {
			secrets = append(secrets, NewSecret(value))
			if _, rest, ok := strings.Cut(value, " "); ok {
				secrets = append(secrets, NewSecret(strings.TrimSpace(rest)))
			}
		}
	}
	return secrets
}
