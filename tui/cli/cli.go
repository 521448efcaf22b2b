// Package cli holds the commands, one file each, and wires the rooms together. It is the only package that sees all others.
package cli

// Main runs the command line and returns the exit code.
func Main() int { return 0 }
