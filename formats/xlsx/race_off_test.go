//go:build !race

package xlsx

import "time"

// refusedIn is how long a hostile file may take.
const refusedIn = time.Second
