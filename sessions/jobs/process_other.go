//go:build !linux

package jobs

import (
	"os/exec"
	"strconv"
	"strings"
)

// startOf is when a process began, as ps writes it, to the second. A zombie has ended.
func startOf(pid int) (string, error) {
	out, err := exec.Command("ps", "-o", "stat=,lstart=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return "", errGone
	}
	stat, start, ok := strings.Cut(strings.TrimSpace(string(out)), " ")
	if !ok || strings.HasPrefix(stat, "Z") {
		return "", errGone
	}
	return strings.TrimSpace(start), nil
}

// heldNow says whether a process is stopped by a signal.
func heldNow(pid int) bool {
	out, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.HasPrefix(strings.TrimSpace(string(out)), "T")
}

// bootID is empty: lstart is a time of the calendar, which no later start of the machine has again.
func bootID() string { return "" }
