//go:build cgo

package cpu

import "os"

// InstructionSet names the instruction set a Machine computes with here: the widest one, or the one the environment forces.
func InstructionSet() (string, error) {
	if name := os.Getenv(Environment); name != "" {
		_, err := isaByName(name)
		return name, err
	}
	return isaName(bestISA()), nil
}
