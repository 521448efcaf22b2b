package checkpoint

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// manifestTitle is the first line of a manifest, with the version of the format.
const manifestTitle = "s1 checkpoint 1"

// entry is a file of a checkpoint: a line "SHA-256 SIZE NAME" of the manifest.
type entry struct {
	sum  string
	size int64
	name string
}

type manifest []entry

func (m manifest) String() string {
	var b strings.Builder
	b.WriteString(manifestTitle + "\n")
	for _, e := range m {
		fmt.Fprintf(&b, "%s %d %s\n", e.sum, e.size, e.name)
	}
	return b.String()
}

var sumForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// parseManifest accepts exactly what String writes, of exactly the two files of a checkpoint: no name from a file is ever
// used as a path.
func parseManifest(text string) (manifest, error) {
	lines := strings.Split(text, "\n")
	if lines[0] != manifestTitle {
		return nil, fmt.Errorf("its first line is %.40q, want %q", lines[0], manifestTitle)
	}
	if lines[len(lines)-1] != "" {
		return nil, errors.New("its last line has no end")
	}
	var m manifest
	names := []string{arraysFile, stateFile}
	for _, line := range lines[1 : len(lines)-1] {
		f := strings.Split(line, " ")
		if len(f) != 3 || !sumForm.MatchString(f[0]) {
			return nil, fmt.Errorf("line %.120q is not a hash, a size and a name", line)
		}
		size, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil || size < 0 || strconv.FormatInt(size, 10) != f[1] {
			return nil, fmt.Errorf("line %.120q has no size", line)
		}
		if len(m) == len(names) || f[2] != names[len(m)] {
			return nil, fmt.Errorf("it names %.40q; it holds %v, in this order", f[2], names)
		}
		m = append(m, entry{sum: f[0], size: size, name: f[2]})
	}
	if len(m) != len(names) {
		return nil, fmt.Errorf("it names %d files, want %v", len(m), names)
	}
	return m, nil
}
