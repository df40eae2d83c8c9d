//go:build !race

package cost

// Raced says whether the race detector makes everything many times slower.
const Raced = false
