package tokenizer

import (
	"bytes"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

// resident gives the process's resident memory in kB, 0 where /proc does not say.
func resident() int {
	debug.FreeOSMemory()
	doc, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(doc) {
		if rest, ok := strings.CutPrefix(string(line), "VmRSS:"); ok {
			n, _ := strconv.Atoi(strings.Fields(rest)[0])
			return n
		}
	}
	return 0
}

func TestMemoryComesBackFromTheLibrary(t *testing.T) {
	if resident() == 0 {
		t.Skip("needs /proc/self/status")
	}
	tok := open(t, tiny())
	text := strings.Repeat("hello world <think> 日本 ", 200)
	encode := func(n int) {
		for range n {
			if _, err := tok.Encode(text, true); err != nil {
				t.Fatal(err)
			}
		}
	}
	encode(100)
	before := resident()
	encode(600) // leaking ids alone would be 600 x 4,200 x 4 bytes = 10 MB
	if grew := resident() - before; grew > 5<<10 {
		t.Errorf("600 encodes left %d kB", grew)
	}
	m := tiny()
	openClose := func(n int) {
		for range n {
			tok, err := FromGGUF(m)
			if err != nil {
				t.Fatal(err)
			}
			tok.Close()
		}
	}
	openClose(30)
	before = resident()
	openClose(200)
	if grew := resident() - before; grew > 12<<10 {
		t.Errorf("200 opens and closes left %d kB", grew)
	}
}
