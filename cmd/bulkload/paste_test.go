//go:build unix

package main

import (
	"os/exec"
	"testing"
)

// TestPasted has the shell itself say what it takes a word for.
func TestPasted(t *testing.T) {
	for word, want := range map[string]string{
		"runs/20260301T080000.000-products-7": "runs/20260301T080000.000-products-7",
		"Größe/1":                             "Größe/1",
		"my runs/1":                           "'my runs/1'",
		"it's":                                `'it'\''s'`,
		`back\slash`:                          `'back\slash'`,
		"$HOME;ls":                            "'$HOME;ls'",
		"":                                    "''",
	} {
		got := pasted(word)
		if got != want {
			t.Errorf("pasted(%q) = %s, want %s", word, got, want)
		}
		out, err := exec.Command("sh", "-c", "printf %s "+got).Output()
		if err != nil || string(out) != word {
			t.Errorf("a shell takes %s for %q, %v, want %q", got, out, err, word)
		}
	}
}
