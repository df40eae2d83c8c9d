package main

import (
	"runtime"
	"strings"
	"unicode"
)

// resumeOf is the command that goes on with the run of a folder.
func resumeOf(dir string) string { return "bulkload resume " + pasted(dir) }

// pasted writes a word of a command so that a shell takes it as one.
func pasted(word string) string {
	odd := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(`-_./\:+@%,=`, r)
	}
	switch {
	case word != "" && !strings.ContainsFunc(word, odd) && (runtime.GOOS == "windows" || !strings.Contains(word, `\`)):
		return word
	case runtime.GOOS == "windows":
		return `"` + word + `"` // no name has a quote there
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
