package cli

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// Who may import whom: for each room the rooms of ours it may see, and for each outside import that is somebody's alone, whose.
var (
	mayImport = []struct {
		room    string   // the longest matching prefix decides
		may     []string // prefixes of s1/..., "" = everything
		outside bool     // it may import other modules
	}{
		{"s1", []string{"s1/tui/cli"}, false},
		{"s1/tui/cli", []string{""}, true},
		{"s1/tui/pane", []string{"s1/tui/feed", "s1/tui/text", "s1/tui/plot", "s1/tui/keys", "s1/tui/theme", "s1/engine/trace"}, true},
		{"s1/tui", []string{"s1/tui", "s1/engine/trace", "s1/engine/spelling"}, true},
		{"s1/engine", []string{"s1/engine", "s1/kernels"}, true},
		{"s1/engine/trace", nil, false},
		{"s1/engine/grade", nil, false},
		{"s1/engine/spelling", nil, false},
		{"s1/engine/bounded", nil, false},
		{"s1/engine/whole", nil, false},
		{"s1/kernels", []string{"s1/kernels"}, false},
		{"s1/sessions", []string{"s1/engine/trace", "s1/engine/whole"}, true},
		{"s1/train", []string{"s1/train", "s1/engine", "s1/kernels", "s1/sessions/jobs"}, true},
		{"s1/curate", []string{"s1/curate", "s1/engine", "s1/train/dataset", "s1/sessions/jobs"}, true},
	}
	onlyIn = []struct{ module, room string }{
		{"github.com/charmbracelet/", "s1/tui"},
		{"github.com/mattn/go-sqlite3", "s1/sessions"},
		{"github.com/daulet/tokenizers", "s1/engine/tokenizer"},
		{"gorgonia.org/cu", "s1/engine/backend/cuda"},
		{"github.com/spf13/cobra", "s1/tui/cli"},
	}
)

type goPackage struct {
	ImportPath string
	Standard   bool
	Imports    []string
	DepOnly    bool
}

func TestImportsKeepToTheRooms(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,Imports", "s1/...").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	standard := map[string]bool{"C": true}
	var ours []goPackage
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Standard {
			standard[p.ImportPath] = true
		}
		if within(p.ImportPath, "s1") {
			ours = append(ours, p)
		}
	}
	if len(ours) < 5 {
		t.Fatalf("go list found %d packages of ours; the rule would hold of nothing", len(ours))
	}
	for _, p := range ours {
		for _, imp := range p.Imports {
			if why := forbidden(p.ImportPath, imp, standard[imp]); why != "" {
				t.Errorf("%s -> %s: %s", p.ImportPath, imp, why)
			}
		}
	}
}

// forbidden says why from must not import to, or "".
func forbidden(from, to string, standard bool) string {
	rule := mayImport[0]
	for _, r := range mayImport {
		if within(from, r.room) && len(r.room) >= len(rule.room) {
			rule = r
		}
	}
	for _, o := range onlyIn {
		if strings.HasPrefix(to, o.module) && !within(from, o.room) {
			return "only " + o.room + " may import " + o.module
		}
	}
	switch {
	case standard:
		return ""
	case !within(to, "s1"):
		if !rule.outside {
			return rule.room + " imports the standard library only"
		}
		return ""
	}
	for _, may := range rule.may {
		if may == "" || within(to, may) || within(from, may) && within(to, from) {
			return ""
		}
	}
	// A package may always use what lies inside it, unless it is a leaf.
	if rule.may != nil && from != "s1" && within(to, from) {
		return ""
	}
	return rule.room + " may import only " + strings.Join(rule.may, ", ")
}

func within(path, room string) bool { return path == room || strings.HasPrefix(path, room+"/") }

func TestForbiddenNamesTheArrowsThatBreak(t *testing.T) {
	t.Parallel()
	tests := []struct {
		from, to string
		standard bool
		ok       bool
	}{
		{"s1", "s1/tui/cli", false, true},
		{"s1", "s1/engine", false, false},
		{"s1/tui/app", "s1/engine/trace", false, true},
		{"s1/tui/app", "s1/engine", false, false},
		{"s1/tui/app", "s1/tui/pane/answer", false, true},
		{"s1/tui/pane/answer", "s1/tui/pane/thoughts", false, false},
		{"s1/tui/pane/answer", "s1/tui/text", false, true},
		{"s1/engine/think", "s1/sessions", false, false},
		{"s1/engine/think", "github.com/charmbracelet/bubbletea", false, false},
		{"s1/engine/trace", "s1/kernels", false, false},
		{"s1/engine/trace", "sync", true, true},
		{"s1/engine/grade", "s1/engine/trace", false, false},
		{"s1/kernels/cpu", "s1/kernels", false, true},
		{"s1/kernels/cpu", "s1/engine/trace", false, false},
		{"s1/kernels/cpu", "golang.org/x/sys/unix", false, false},
		{"s1/sessions", "s1/engine/trace", false, true},
		{"s1/sessions", "s1/engine", false, false},
		{"s1/engine", "github.com/daulet/tokenizers", false, false},
		{"s1/engine/tokenizer", "github.com/daulet/tokenizers", false, true},
		{"s1/train/launch", "s1/sessions/jobs", false, true},
		{"s1/train/launch", "s1/sessions", false, false},
	}
	for _, tt := range tests {
		if why := forbidden(tt.from, tt.to, tt.standard); (why == "") != tt.ok {
			t.Errorf("forbidden(%s, %s) = %q, want allowed=%v", tt.from, tt.to, why, tt.ok)
		}
	}
}
