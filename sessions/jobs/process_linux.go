package jobs

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// What fields of /proc/PID/stat are looked at, counted from the one after the name: fields 3 and 22 of proc(5).
const (
	statState = 0
	statStart = 19
)

// stat are the fields of a process after its name, at least up to its start.
func stat(pid int) ([]string, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	// The name in parentheses may hold anything, also spaces and parentheses: the fields follow the last one.
	i := bytes.LastIndexByte(b, ')')
	fields := strings.Fields(string(b[i+1:]))
	if i < 0 || len(fields) <= statStart {
		return nil, fmt.Errorf("read /proc/%d/stat: %d fields after the name, want more than %d", pid, len(fields), statStart)
	}
	return fields, nil
}

// startOf is when a process began, in ticks since the machine's start. A zombie has ended.
func startOf(pid int) (string, error) {
	fields, err := stat(pid)
	if err != nil {
		return "", err
	}
	if fields[statState] == "Z" || fields[statState] == "X" {
		return "", errGone
	}
	return fields[statStart], nil
}

// heldNow says whether a process is stopped by a signal.
func heldNow(pid int) bool {
	fields, err := stat(pid)
	return err == nil && fields[statState] == "T"
}

// bootID changes with each start of the machine.
func bootID() string {
	b, _ := os.ReadFile("/proc/sys/kernel/random/boot_id") // without one, start times alone tell processes apart
	return strings.TrimSpace(string(b))
}
