package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Latest returns the newest complete checkpoint of a run; ok is false where there is none, as in a new folder.
func Latest(root string) (dir string, ok bool, err error) { return LatestNamed(root, StepName) }

// LatestNamed is Latest of the checkpoints of another name, such as BestName.
func LatestNamed(root, name string) (dir string, ok bool, err error) {
	all, err := List(root, name)
	if err != nil || len(all) == 0 {
		return "", false, err
	}
	return all[0], true, nil
}

// List returns the complete checkpoints of a name, newest first. A damaged one is among them: only Load reads their content.
func List(root, name string) ([]string, error) {
	complete, _, err := scan(root, name)
	if err != nil {
		return nil, fmt.Errorf("list checkpoints: %w", err)
	}
	dirs := make([]string, len(complete))
	for i, p := range complete {
		dirs[i] = filepath.Join(root, p.String())
	}
	return dirs, nil
}

// Intact says what a failure left of a run: half a sentence for its error.
func Intact(root string) string {
	if all, err := List(root, StepName); err == nil && len(all) == 0 {
		return "there is no checkpoint yet"
	}
	return "earlier checkpoints are intact"
}

// SetAside renames a checkpoint so that nothing here finds it any more, and returns its new path. It is how a run goes on from
// an earlier one, past a damaged one for example.
func SetAside(dir string) (string, error) {
	root, folder := filepath.Split(filepath.Clean(dir))
	if _, ok := parsePlace(folder); !ok {
		return "", fmt.Errorf("set aside %s: it is no checkpoint", dir)
	}
	for i := 1; ; i++ {
		aside := filepath.Join(root, fmt.Sprintf("aside-%d-%s", i, folder))
		if _, err := os.Lstat(aside); err == nil {
			continue
		}
		if err := os.Rename(dir, aside); err != nil {
			return "", fmt.Errorf("set aside %s: %w", dir, err)
		}
		return aside, nil
	}
}

// scan returns the complete places of a name, newest first, and the folders that a save of any name left half-written.
func scan(root, name string) (complete []place, half []string, err error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		if !e.IsDir() { // links included: a save makes folders
			continue
		}
		if strings.HasPrefix(e.Name(), tempPrefix) {
			half = append(half, e.Name())
			continue
		}
		p, ok := parsePlace(e.Name())
		if !ok {
			continue
		}
		_, err := os.Lstat(filepath.Join(root, e.Name(), doneFile))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			half = append(half, e.Name())
		case err != nil:
			return nil, nil, err
		case p.name == name:
			complete = append(complete, p)
		}
	}
	slices.SortFunc(complete, func(a, b place) int { return b.compare(a) })
	return complete, half, nil
}
