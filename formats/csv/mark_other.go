//go:build !amd64 || purego

package csv

// mark tells of the strides of a text which bytes are quotes, and which are the delimiter, LF or CR.
// There is a stride of text for each word of quotes, and a word of specials.
func mark(text []byte, delimiter byte, quotes, specials []uint64) {
	markWords(text, delimiter, quotes, specials)
}
