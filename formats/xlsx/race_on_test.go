//go:build race

package xlsx

import "time"

// refusedIn is how long a hostile file may take; the race detector makes everything slow.
const refusedIn = 20 * time.Second
