package vendors

import (
	"fmt"
	"io"
	"log/slog"
)

// hidden is what a secret shows of itself.
const hidden = "***"

// A Secret is a text that does not show itself: every verb of fmt, every encoding (JSON, YAML, XML,
// gob) and every log gives ***, however deep in other values it stands. The zero value is no secret.
type Secret struct {
	// A function, because fmt and others look into unexported fields without asking the methods of
	// what they find there, some of them along pointers. Nobody can look into a function.
	reveal func() string
}

var (
	_ fmt.Formatter  = Secret{}
	_ slog.LogValuer = Secret{}
)

// NewSecret hides a text. An empty one is no secret.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{func() string { return text }}
}

// Reveal returns the secret for use in a request; "" when there is none.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Empty reports whether there is no secret.
func (s Secret) Empty() bool { return s.reveal == nil }

// Equal reports whether two secrets hide the same text.
func (s Secret) Equal(other Secret) bool { return s.Reveal() == other.Reveal() }

// Format hides the secret from every verb of fmt.
func (Secret) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) }

// String hides the secret.
func (Secret) String() string { return hidden }

// MarshalText hides the secret from JSON, YAML, and XML.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// GobEncode hides the secret from gob, which does not ask MarshalText.
func (Secret) GobEncode() ([]byte, error) { return []byte(hidden), nil }

// LogValue hides the secret from slog, whatever the handler does with values.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }
