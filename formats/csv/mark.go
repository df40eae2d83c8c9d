package csv

import "encoding/binary"

// markWords is mark in plain Go, eight bytes at a time.
func markWords(text []byte, delimiter byte, quotes, specials []uint64) {
	p := patternsOf(delimiter)
	for i := range quotes {
		quotes[i], specials[i] = p.mark((*[stride]byte)(text[i*stride:]))
	}
}

// patterns are what mark needs. They are variables because the compiler would load constants anew
// for every word.
type patterns struct{ low, high, quote, delimiter, lf, cr, gather uint64 }

func patternsOf(delimiter byte) *patterns {
	return &patterns{
		low: ^uint64(highBits), high: highBits,
		quote: lowBits * '"', delimiter: lowBits * uint64(delimiter), lf: lowBits * '\n', cr: lowBits * '\r',
		gather: 0x0002040810204081, // brings the high bits of eight bytes together in the highest one
	}
}

func (p *patterns) mark(stretch *[stride]byte) (quotes, specials uint64) {
	low, high, gather := p.low, p.high, p.gather
	quote, delimiter, lf, cr := p.quote, p.delimiter, p.lf, p.cr
	for i := 0; i < stride; i += 8 {
		word := binary.LittleEndian.Uint64(stretch[i : i+8])
		rest := word & low
		// The high bit of a byte is set when it is another one than the one looked for.
		noQuote := rest ^ quote + low | word
		special := (rest^delimiter+low)&(rest^lf+low)&(rest^cr+low) | word
		quotes |= (noQuote & high) * gather >> 56 << (i & 63)
		specials |= (special & high) * gather >> 56 << (i & 63)
	}
	return ^quotes, ^specials
}
