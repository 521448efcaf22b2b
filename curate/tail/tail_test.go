package tail

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestALineThatIsTooLongIsPassedOver(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(LongestLine + 10); err != nil { // zeros
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("\nnext\n"), LongestLine+10); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	var at File
	if err := at.More(path, func() {}, func(b []byte) { lines = append(lines, fmt.Sprintf("%.10s", b)) }); err != nil || len(lines) != 2 || lines[0] != "" || lines[1] != "next\n" {
		t.Errorf("%q, %v", lines, err)
	}
}
