//go:build !purego

package csv

import "golang.org/x/sys/cpu"

// mark tells of the strides of a text which bytes are quotes, and which are the delimiter, LF or CR.
// There is a stride of text for each word of quotes, and a word of specials.
func mark(text []byte, delimiter byte, quotes, specials []uint64) {
	text, specials = text[:stride*len(quotes)], specials[:len(quotes)] // or panic: markAVX2 looks at no bounds
	if cpu.X86.HasAVX2 {
		markAVX2(text, delimiter, quotes, specials)
		return
	}
	markWords(text, delimiter, quotes, specials)
}

// markAVX2 is markWords, 32 bytes at a time.
//
//go:noescape
func markAVX2(text []byte, delimiter byte, quotes, specials []uint64)
