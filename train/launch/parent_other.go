//go:build !linux

package launch

import "syscall"

// withParent starts a process in a group of its own. Only Linux can tell it of its parent's end.
func withParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
