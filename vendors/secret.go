package vendors

import (
	"fmt"
	"io"
)

// Secret is a text that does not show itself: every way of printing it gives ***.
type Secret string

// Format hides the secret from every verb of fmt.
func (Secret) Format(f fmt.State, _ rune) { io.WriteString(f, "***") }

// String hides the secret.
func (Secret) String() string { return "***" }

// MarshalText hides the secret from JSON, YAML and logs.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// Reveal returns the secret for use in a request.
func (s Secret) Reveal() string { return string(s) }
