package launch

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed python/probe.py
var probeScript string

// Limits of asking a Python what it has. Its first import of torch reads gigabytes from a cold disk.
const (
	probeTime  = 5 * time.Minute
	probeBytes = 1 << 20
)

// Python is an interpreter and what it can train with.
type Python struct {
	Asked      string            `json:"-"` // as it was named
	Version    string            `json:"python"`
	Executable string            `json:"executable"`
	Versions   map[string]string `json:"versions"` // of torch, transformers, trl, accelerate, datasets, peft: those that are there
	Broken     map[string]string `json:"broken"`   // there, but does not load, and why
	Fields     []string          `json:"fields"`   // arguments that this TRL's SFTConfig takes
	GPUs       []GPU             `json:"gpus"`
	BF16       bool              `json:"bf16"` // the GPUs compute in it
}

// GPU is one that torch sees.
type GPU struct {
	Name  string `json:"name"`
	Free  int64  `json:"free"`  // bytes
	Total int64  `json:"total"` // bytes
}

// Takes says whether SFTConfig has an argument.
func (p Python) Takes(field string) bool { return slices.Contains(p.Fields, field) }

// Major is the first number of a package's version, 0 where it is not there.
func (p Python) Major(name string) int {
	head, _, _ := strings.Cut(p.Versions[name], ".")
	n, _ := strconv.Atoi(head) // no number: 0
	return n
}

// ProbePython asks an interpreter. An interpreter that cannot be started is an error; packages it lacks are Lacks' to tell.
func ProbePython(ctx context.Context, name string) (Python, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, "-c", probeScript)
	cmd.Env = append(os.Environ(), "HF_HUB_OFFLINE=1", "PYTHONDONTWRITEBYTECODE=1")
	cmd.WaitDelay = time.Second
	out, errs := limited{most: probeBytes}, limited{most: probeBytes}
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	for line := range strings.Lines(out.String()) {
		text, ok := strings.CutPrefix(line, "s1-probe ")
		if !ok {
			continue // a package that greets
		}
		var p Python
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			return Python{}, fmt.Errorf("ask %s for its packages: %w", name, err)
		}
		p.Asked = name
		return p, nil
	}
	if err == nil {
		err = errors.New("it said nothing")
	}
	if said := lastLine(errs.String()); said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	return Python{}, fmt.Errorf("ask %s for its packages: %w", name, err)
}

// needed are the packages of a training with TRL.
var needed = []string{"torch", "transformers", "trl", "accelerate", "datasets"}

// lacks are the packages and arguments that are missing for a recipe.
func (p Python) lacks(lora bool) []Lack {
	names := needed
	if lora {
		names = append(slices.Clone(names), "peft")
	}
	var out []Lack
	var missing []string
	for _, name := range names {
		switch why, broken := p.Broken[name]; {
		case broken:
			out = append(out, Lack{fmt.Sprintf("%s of %s does not load: %s", name, p.Asked, why), "install it again"})
		case p.Versions[name] == "":
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		out = append(out, Lack{
			fmt.Sprintf("%s (Python %s) has no %s", p.Asked, p.Version, strings.Join(missing, ", ")),
			Quote(append([]string{p.Asked, "-m", "pip", "install"}, missing...)) + ", or name another interpreter in launch.python",
		})
	}
	if len(out) > 0 {
		return out
	}
	for _, f := range []string{"max_length", "completion_only_loss"} { // without them rows are cut, or prompts are trained, in silence
		if !p.Takes(f) {
			out = append(out, Lack{fmt.Sprintf("trl %s of %s does not take %s", p.Versions["trl"], p.Asked, f), Quote([]string{p.Asked, "-m", "pip", "install", "--upgrade", "trl"})})
		}
	}
	return out
}

// limited keeps the first bytes of an output, and drops the others.
type limited struct {
	bytes.Buffer
	most int
}

func (l *limited) Write(b []byte) (int, error) {
	l.Buffer.Write(b[:min(len(b), max(0, l.most-l.Len()))])
	return len(b), nil
}

// lastLine is the last line with something in it.
func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
