package journal

// Sealed is a journal of one frame with a Begin and one with this payload, both with right checksums.
func Sealed(b Begin, payload []byte) []byte {
	file := append([]byte(head), make([]byte, headerSize)...)
	file = appendBegin(file, &b)
	seed := seal(file[len(head):], int64(len(head)), headSeed())
	at := len(file)
	file = append(append(file, make([]byte, headerSize)...), payload...)
	seal(file[at:], int64(at), seed)
	return file
}

// Frames returns where each frame of a whole journal ends, the head first.
func Frames(file []byte) []int {
	ends := []int{len(head)}
	for at := len(head); at < len(file); ends = append(ends, at) {
		at += headerSize + int(header(file[at:]).length())
	}
	return ends
}

// Mark is what a frame begins with.
const Mark = mark

// HeaderSize is how many bytes stand before a payload.
const HeaderSize = headerSize
