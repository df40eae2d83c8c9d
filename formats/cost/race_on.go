//go:build race

package cost

// Raced says that the race detector makes everything many times slower.
const Raced = true
