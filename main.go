// Command s1 is a terminal in which one can watch, steer and measure a model's thinking.
package main

import (
	"os"

	"s1/tui/cli"
)

func main() { os.Exit(cli.Main()) }
