package cli

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"s1/engine/arch"
	"s1/engine/builtin"
	"s1/engine/remote"
	"s1/engine/weights/hub"
)

func hubDir() string { return hub.FromEnv().Cache }

func (a *app) modelsCommand() *cobra.Command {
	cmd := group("models", "Models on this machine: list, pull, info, path, remove")
	cmd.AddCommand(
		&cobra.Command{
			Use: "list", Short: "What is here", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return a.listModels() },
		},
		&cobra.Command{
			Use: "pull MODEL", Short: "Fetch org/name[@rev][:file] or smollm2 (resumes, checks, never twice)", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return a.pullModel(cmd.Context(), args[0]) },
		},
		&cobra.Command{
			Use: "info MODEL", Short: "What a model is: architecture, sizes, types, hash", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return a.modelInfo(cmd.Context(), args[0]) },
		},
		&cobra.Command{
			Use: "path MODEL", Short: "Where a model lies", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				if args[0] == builtin.Name {
					return fmt.Errorf("%s lies inside the program, in no file of its own", builtin.Name)
				}
				path, err := hub.Resolve(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(a.out, path)
				return err
			},
		},
		&cobra.Command{
			Use: "rm MODEL", Short: "Remove a fetched model", Args: cobra.ExactArgs(1),
			RunE: func(_ *cobra.Command, args []string) error {
				if args[0] == builtin.Name {
					return fmt.Errorf("%s is a part of the program and cannot be removed", builtin.Name)
				}
				return hub.Remove(args[0])
			},
		},
	)
	return cmd
}

// modelLine is a model as JSON.
type modelLine struct {
	Word     string    `json:"word"`
	Path     string    `json:"path"`
	Kind     string    `json:"kind"`
	Bytes    int64     `json:"bytes"`
	Modified time.Time `json:"modified,omitzero"` // zero of what is inside the program
	Commit   string    `json:"commit,omitempty"`
}

// configOf is a model's description as JSON.
func configOf(c arch.Config) map[string]any {
	return map[string]any{
		"architecture": c.Architecture, "hidden": c.Hidden, "layers": c.Layers, "heads": c.Heads, "kv_heads": c.KVHeads, "head_dim": c.HeadDim, "ff": c.FF,
		"vocab": c.Vocab, "context": c.Context, "rms_eps": c.RMSEps, "rope_type": c.RoPE.Type, "rope_theta": c.RoPE.Theta, "rope_factor": c.RoPE.Factor, "tied": c.Tied, "qkv_bias": c.QKVBias,
		"out_bias": c.OutBias, "mlp_bias": c.MLPBias, "qk_norm": c.QKNorm, "bos": c.BOS, "eos": c.EOS,
	}
}

func (a *app) listModels() error {
	list, err := hub.List()
	if err != nil {
		return err
	}
	own, err := builtinEntry()
	if err != nil {
		return err
	}
	if len(list) == 0 && !a.json {
		defer a.say("no others yet; s1 models pull smollm2 fetches a small chat model")
	}
	list = append([]hub.Entry{own}, list...)
	for _, m := range list {
		if a.json {
			err = a.printJSON(modelLine{m.Word, m.Path, m.Kind, m.Bytes, m.Modified, m.Commit})
		} else {
			_, err = fmt.Fprintf(a.out, "%-48s %9s  %s\n", safeLine(m.Word, 48), size(m.Bytes), safeText(m.Path))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// builtinEntry is the model inside the program.
func builtinEntry() (hub.Entry, error) {
	w, err := builtin.Weights()
	if err != nil {
		return hub.Entry{}, err
	}
	defer w.Close()
	return hub.Entry{Word: builtin.Name, Path: "built in", Kind: w.Kind, Bytes: w.Bytes()}, nil
}

func (a *app) pullModel(ctx context.Context, word string) error {
	if word == builtin.Name {
		return fmt.Errorf("%s is here already: it is built in", builtin.Name)
	}
	path, err := hub.Pull(ctx, word, a.pullProgress())
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]string{"model": word, "path": path})
	}
	_, err = fmt.Fprintln(a.out, path)
	return err
}

// pullProgress is one line on a terminal, written over; elsewhere only the sentences.
func (a *app) pullProgress() func(hub.Progress) {
	line := term.IsTerminal(int(a.err.Fd())) && !a.quiet && !a.json
	return func(p hub.Progress) {
		switch {
		case p.Message != "":
			a.say("%s", safeText(p.Message))
		case !line:
		case p.Total > 0:
			fmt.Fprintf(a.err, "\r%s  %s of %s  %3.0f %%\x1b[K", safeLine(filepath.Base(p.File), 40), size(p.Done), size(p.Total), 100*float64(p.Done)/float64(p.Total))
			if p.Done >= p.Total {
				fmt.Fprint(a.err, "\r\x1b[K")
			}
		default:
			fmt.Fprintf(a.err, "\r%s  %s\x1b[K", safeLine(filepath.Base(p.File), 40), size(p.Done))
		}
	}
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 10e9:
		return fmt.Sprintf("%.0f GB", float64(n)/1e9)
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.0f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.0f kB", float64(n)/1e3)
}

// tensorWords says how many tensors there are of each type, most first.
func tensorWords(types map[string]int) string {
	names := slices.SortedFunc(maps.Keys(types), func(x, y string) int { return cmp.Or(types[y]-types[x], strings.Compare(x, y)) })
	for i, n := range names {
		what := "tensors"
		if types[n] == 1 {
			what = "tensor"
		}
		names[i] = fmt.Sprintf("%d %s of %s", types[n], what, n)
	}
	return strings.Join(names, ", ")
}

func (a *app) modelInfo(ctx context.Context, word string) error {
	if remote.Is(word) {
		return a.serverInfo(ctx, word)
	}
	w, err := openWeights(ctx, word)
	if err != nil {
		return err
	}
	defer w.Close()
	c, err := arch.Parse(w)
	if err != nil {
		return err
	}
	hash, err := w.SHA256()
	if err != nil {
		return err
	}
	types := map[string]int{}
	for _, t := range w.Tensors {
		types[t.Type.String()]++
	}
	if a.json {
		return a.printJSON(map[string]any{
			"model": word, "name": w.Name, "path": where(w), "kind": w.Kind, "architecture": c.Architecture, "parameters": w.Parameters(),
			"bytes": w.Bytes(), "tensors": types, "config": configOf(c), "sha256": hash,
		})
	}
	rows := [][2]string{
		{"name", w.Name},
		{"path", where(w)},
		{"kind", w.Kind},
		{"architecture", c.Architecture},
		{"parameters", fmt.Sprintf("%.1f M", float64(w.Parameters())/1e6)},
		{"weights", fmt.Sprintf("%s in %s", size(w.Bytes()), tensorWords(types))},
		{"layers", fmt.Sprint(c.Layers)},
		{"width", fmt.Sprintf("%d, %d heads and %d key/value heads of %d, feed-forward %d", c.Hidden, c.Heads, c.KVHeads, c.HeadDim, c.FF)},
		{"vocabulary", fmt.Sprint(c.Vocab)},
		{"context", fmt.Sprintf("%d positions", c.Context)},
		{"sha256", hash},
	}
	for _, r := range rows {
		if _, err := fmt.Fprintf(a.out, "%-13s %s\n", r[0], safeText(r[1])); err != nil {
			return err
		}
	}
	return nil
}
