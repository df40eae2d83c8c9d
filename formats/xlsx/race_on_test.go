//go:build race

package xlsx

// raced says that the race detector makes everything many times slower.
const raced = true
