package launch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"s1/engine/adapter"
	"s1/engine/whole"
)

// completeFile is in a checkpoint of TRL that all ranks have saved.
const completeFile = "s1-complete"

// mostCheckpoints bounds what is listed: the folder may be anybody's.
const mostCheckpoints = 1 << 16

// Checkpoint is a checkpoint of TRL: a Hugging Face folder with the optimiser's state beside the weights.
type Checkpoint struct {
	Dir  string
	Step int
}

// Checkpoints are those of a run of TRL that are whole, the newest first.
func Checkpoints(dir string) ([]Checkpoint, error) {
	root := filepath.Join(dir, "trl")
	f, err := os.Open(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for checkpoints: %w", err)
	}
	defer f.Close()
	names, err := f.Readdirnames(mostCheckpoints)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("look for checkpoints in %s: %w", root, err)
	}
	var out []Checkpoint
	for _, name := range names {
		number, ok := strings.CutPrefix(name, "checkpoint-")
		step, err := strconv.Atoi(number)
		if !ok || err != nil || step < 0 {
			continue
		}
		at := filepath.Join(root, name)
		if _, err := os.Stat(filepath.Join(at, completeFile)); err == nil {
			out = append(out, Checkpoint{at, step})
		}
	}
	slices.SortFunc(out, func(a, b Checkpoint) int { return b.Step - a.Step })
	return out, nil
}

// Model is the newest model of a run of TRL as a folder that an engine opens, and what it is in words: the result, where the run
// came to its end; else the newest checkpoint, of a LoRA the adapter, which is linked into the folder out, as TRL removes old ones.
func Model(ctx context.Context, dir, out string) (folder, what string, err error) {
	result := filepath.Join(dir, "model")
	if _, err := os.Stat(filepath.Join(result, "config.json")); err == nil {
		return result, "the result", nil
	}
	list, err := Checkpoints(dir)
	if err != nil {
		return "", "", err
	}
	if len(list) == 0 {
		return "", "", fmt.Errorf("%s has no checkpoint yet", dir)
	}
	c := list[0]
	if _, err := os.Stat(filepath.Join(c.Dir, "config.json")); err != nil && !adapter.Is(c.Dir) {
		return "", "", fmt.Errorf("the checkpoint of step %d holds neither a model nor an adapter", c.Step)
	}
	return out, fmt.Sprintf("the checkpoint of step %d", c.Step), linked(ctx, c.Dir, out)
}

// linked makes out a folder of a checkpoint's model, without what only a resume needs. What was there before goes.
func linked(ctx context.Context, from, out string) error {
	list, err := os.ReadDir(from)
	if err != nil {
		return fmt.Errorf("read the checkpoint: %w", err)
	}
	part, err := os.MkdirTemp(filepath.Dir(out), ".model-")
	if err != nil {
		return fmt.Errorf("make a model of %s: %w", from, err)
	}
	for _, e := range list {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && e.Type().IsRegular() && ofModel(e.Name()) {
			err = linkOrCopy(filepath.Join(from, e.Name()), filepath.Join(part, e.Name()))
		}
	}
	if err == nil {
		err = os.Chmod(part, 0o755)
	}
	if err == nil {
		err = os.RemoveAll(out)
	}
	if err == nil {
		err = os.Rename(part, out)
	}
	if err != nil {
		_ = os.RemoveAll(part)
		return fmt.Errorf("make a model of %s: %w", from, err)
	}
	return nil
}

// ofModel says whether a file of a checkpoint is the model's or its tokenizer's, and not the optimiser's.
func ofModel(name string) bool {
	switch filepath.Ext(name) {
	case ".safetensors", ".jinja", ".txt", ".model":
		return true
	case ".json":
		return name != "trainer_state.json"
	}
	return false
}

func linkOrCopy(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	in, err := os.Open(from) // a file system without links
	if err != nil {
		return err
	}
	defer in.Close()
	return whole.Write(to, filesMode, func(w io.Writer) error { _, err := io.Copy(w, in); return err })
}
