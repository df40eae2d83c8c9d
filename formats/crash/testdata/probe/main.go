// Command probe reaches the points that its arguments name and says so.
package main

import (
	"fmt"
	"os"

	"bulkload/formats/crash"
)

func main() {
	defer fmt.Println("deferred")
	for _, name := range os.Args[1:] {
		crash.Point(name)
		fmt.Println(name)
	}
}
