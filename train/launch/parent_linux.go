package launch

import "syscall"

// withParent starts a process in a group of its own that is told to end when the thread that started it does.
func withParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
