package jobs

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// startOf is when a process began, in ticks since the machine's start. A zombie has ended.
func startOf(pid int) (string, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	// The name in parentheses may hold anything, also spaces and parentheses: the fields follow the last one.
	i := bytes.LastIndexByte(b, ')')
	fields := strings.Fields(string(b[i+1:]))
	const state, start = 0, 19 // fields 3 and 22 of proc(5)
	if i < 0 || len(fields) <= start {
		return "", fmt.Errorf("read /proc/%d/stat: %d fields after the name, want more than %d", pid, len(fields), start)
	}
	if fields[state] == "Z" || fields[state] == "X" {
		return "", errGone
	}
	return fields[start], nil
}

// bootID changes with each start of the machine.
func bootID() string {
	b, _ := os.ReadFile("/proc/sys/kernel/random/boot_id") // without one, start times alone tell processes apart
	return strings.TrimSpace(string(b))
}
