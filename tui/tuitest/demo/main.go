// Command demo is the screen on a scripted model, to look at.
package main

import (
	"os"

	"s1/tui/tuitest"
)

func main() { os.Exit(tuitest.Demo(os.Args[1:])) }
