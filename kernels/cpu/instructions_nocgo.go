//go:build !cgo

package cpu

// InstructionSet says that there is none.
func InstructionSet() (string, error) { return "", errNoCgo }
