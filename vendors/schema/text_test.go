package schema

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPlainText(t *testing.T) {
	tests := map[string]bool{
		"": true, "Linen dress": true, "tab\tand\r\nline ends": true, "Größe 38": true, "a no-break\u00a0space": true,
		"nul\x00": false, "a bell\a in words": false, "deleted\x7f": false, "\xff": false, "longer text, then \xc3": false,
		strings.Repeat("x", 64) + "\x1f": false,
	}
	for text, want := range tests {
		if got := plainText([]byte(text)); got != want {
			t.Errorf("plainText(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestPlainTextIsPlainBytes(t *testing.T) {
	pieces := rapid.SampledFrom([]string{"a", "Z", " ", "~", "\t", "\n", "\r", "\x00", "\x1f", "\x7f", "\x80", "é", "€", "\xff", "abcdefgh"})
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(strings.Join(rapid.SliceOfN(pieces, 0, 24).Draw(t, "text"), ""))
		if got, want := plainText(text), plainBytes(text); got != want {
			t.Fatalf("plainText(%q) = %v, plainBytes says %v", text, got, want)
		}
	})
}

func BenchmarkPlainText(b *testing.B) {
	text := []byte("https://images.example.com/ss22/KP22-01001-prince-of-wales-front.jpg")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if !plainText(text) {
			b.Fatal("not plain")
		}
	}
}

func BenchmarkPlainBytes(b *testing.B) {
	text := []byte("https://images.example.com/ss22/KP22-01001-prince-of-wales-front.jpg")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if !plainBytes(text) {
			b.Fatal("not plain")
		}
	}
}
