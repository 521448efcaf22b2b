package checkpoint

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// helperLimits makes the disk of the helper process a bad one, in a mount namespace of its own or by a limit of its own.
func helperLimits(root string) {
	fail := func(err error) {
		if err != nil {
			fmt.Println("skip:", err)
			os.Exit(0)
		}
	}
	switch filepath.Base(root) {
	case "limited":
		fail(unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 50_000, Max: 50_000}))
	case "full":
		fail(unix.Mount("tmpfs", root, "tmpfs", 0, "size=64k"))
	case "readonly":
		fail(unix.Mount(root, root, "", unix.MS_BIND, ""))
		fail(unix.Mount(root, root, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	}
}

func TestABadDiskGetsOneSentenceAndKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"limited":  "may not become this large (see ulimit -f); earlier checkpoints are intact",
		"full":     "is full; there is no checkpoint yet, free some space and resume", // what is mounted there hides them,
		"readonly": "cannot be written to; earlier checkpoints are intact, choose another folder",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := filepath.Join(t.TempDir(), name)
			first := mustSave(t, root, 1, Options{Keep: 1})
			cmd := helper(t.Context(), "once 2", root)
			if name != "limited" {
				cmd.SysProcAttr = &syscall.SysProcAttr{
					Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
					UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
					GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
				}
			}
			out, err := cmd.Output()
			if err != nil || strings.HasPrefix(string(out), "skip:") {
				t.Skipf("no mount namespaces here: %v %s", err, out)
			}
			if !strings.Contains(string(out), want) || strings.Count(string(out), "\n") != 1 || !strings.Contains(string(out), root) {
				t.Errorf("got %q, want %q", out, want)
			}
			mustHold(t, first, 1)
			mustHold(t, mustSave(t, root, 2, Options{Keep: 1}), 2)
		})
	}
}
