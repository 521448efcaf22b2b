package launch

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"s1/engine/whole"
)

// AskToSave asks a run of TRL, wherever it runs, to save after the step at hand and to go on. Saving says when it has.
func AskToSave(dir string) error {
	p := &Plan{Dir: dir}
	if _, err := os.Stat(p.at(beginFile)); err != nil {
		return errors.New("its steps have not begun: there is nothing to save yet")
	}
	if _, err := os.Stat(p.at(endFile)); err == nil {
		return errors.New("its steps have ended: they are saved")
	}
	if err := whole.Write(p.at(saveFile), filesMode, func(w io.Writer) error { _, err := io.WriteString(w, "user\n"); return err }); err != nil {
		return fmt.Errorf("ask the run to save: %w", err)
	}
	return nil
}

// Saving says whether a run was asked to save and has not done so yet.
func Saving(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, filepath.FromSlash(saveFile)))
	return err == nil
}

// ForgetSave takes the wish back.
func ForgetSave(dir string) error {
	if err := os.Remove(filepath.Join(dir, filepath.FromSlash(saveFile))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("take back the wish to save: %w", err)
	}
	return nil
}
