package export

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// filling is a disk with room for so many bytes.
func filling(room int) disk {
	return func(path string) (sink, error) {
		f, err := realDisk(path)
		return &full{f, &room}, err
	}
}

type full struct {
	sink
	room *int
}

// Write implements io.Writer.
func (f *full) Write(p []byte) (int, error) {
	if *f.room -= len(p); *f.room < 0 {
		return 0, &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	}
	return f.sink.Write(p)
}

// left are the names beside the target.
func left(t *testing.T, target string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(target))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestAFullDiskIsSaidAndLeavesWhatWasThere(t *testing.T) {
	t.Parallel()
	model := modelOf(t, open(t, bases()["qwen3"]))
	kinds := map[string]func(path string, o Options, d disk) error{
		"folder": func(path string, o Options, d disk) error { return folder(t.Context(), path, model, o, d) },
		"gguf":   func(path string, o Options, d disk) error { return gguf(t.Context(), path, model, o, d) },
		"adapter": func(path string, o Options, d disk) error {
			return writeAdapter(t.Context(), path, model.Config, someLoRA(model.Config), Card{}, o, d)
		},
	}
	for name, write := range kinds {
		for _, before := range []bool{false, true} {
			target := filepath.Join(t.TempDir(), "out")
			if before {
				if err := write(target, Options{}, realDisk); err != nil {
					t.Fatal(err)
				}
			}
			want := fmt.Sprint(left(t, target), contents(t, target))
			for _, room := range []int{0, 100, 3000, 20_000} {
				err := write(target, Options{Replace: true}, filling(room))
				if err == nil && room > 10_000 && name == "adapter" {
					break // it fits
				}
				if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "the disk is full and nothing was left there") || strings.Contains(err.Error(), "\n") {
					t.Errorf("%s with %d bytes of room: %v", name, room, err)
				}
				if got := fmt.Sprint(left(t, target), contents(t, target)); got != want {
					t.Errorf("%s with %d bytes of room: %.100s is left, want %.100s", name, room, got, want)
				}
			}
		}
	}
}

// contents are a hash's worth of what a target holds: names and sizes.
func contents(t *testing.T, target string) (all []string) {
	t.Helper()
	_ = filepath.Walk(target, func(path string, info os.FileInfo, err error) error {
		if err == nil {
			all = append(all, fmt.Sprint(path, info.Size(), info.ModTime()))
		}
		return nil
	})
	return all
}

func TestAPlaceThatCannotBeWrittenToIsSaid(t *testing.T) {
	t.Parallel()
	model := modelOf(t, open(t, bases()["qwen3"]))
	readOnly := func(string) (sink, error) { return nil, &os.PathError{Op: "open", Path: "x", Err: syscall.EROFS} }
	target := filepath.Join(t.TempDir(), "out")
	if err := folder(t.Context(), target, model, Options{}, readOnly); err == nil || !strings.Contains(err.Error(), "cannot be written to") {
		t.Errorf("read-only: %v", err)
	}
	if l := left(t, target); len(l) != 0 {
		t.Errorf("%v is left", l)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Folder(t.Context(), filepath.Join(file, "out"), model, Options{}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("under a file: %v", err)
	}
}

func TestWhatIsThereStaysUnlessItIsAnExportToBeReplaced(t *testing.T) {
	t.Parallel()
	model := modelOf(t, open(t, bases()["qwen3"]))
	dir := t.TempDir()
	thesis := filepath.Join(dir, "thesis.txt")
	if err := os.WriteFile(thesis, []byte("years"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{{}, {Replace: true}} {
		if err := Folder(t.Context(), dir, model, o); !errors.Is(err, errExists) {
			t.Errorf("over a thesis with %+v: %v", o, err)
		}
	}
	if string(read(t, thesis)) != "years" {
		t.Error("the thesis is gone")
	}
	if err := GGUF(t.Context(), thesis, model, Options{}); !errors.Is(err, errExists) {
		t.Errorf("over a file: %v", err)
	}
	empty := t.TempDir()
	if err := Folder(t.Context(), empty, model, Options{}); err != nil {
		t.Errorf("into an empty folder: %v", err)
	}
	if err := Folder(t.Context(), empty, model, Options{}); !errors.Is(err, errExists) {
		t.Errorf("over an export: %v", err)
	}
	if err := Folder(t.Context(), empty, model, Options{Replace: true, ShardBytes: 30_000}); err != nil {
		t.Errorf("in place of an export: %v", err)
	}
	if _, err := os.Stat(filepath.Join(empty, "model.safetensors")); err == nil {
		t.Error("the old weights are still there")
	}
}

func TestWeightsThatNoProgramCouldUseAreRefused(t *testing.T) {
	t.Parallel()
	good := modelOf(t, open(t, bases()["qwen3"]))
	const name = "model.layers.1.mlp.up_proj.weight"
	for _, c := range []struct {
		spoil func(v []float32) []float32
		o     Options
		want  string
	}{
		{func(v []float32) []float32 { v[41] = float32(math.NaN()); return v }, Options{}, name + " is NaN at row 1, column 1"},
		{func(v []float32) []float32 { v[0] = float32(math.Inf(-1)); return v }, Options{}, "is -Inf at row 0"},
		{func(v []float32) []float32 { v[0] = 70000; return v }, Options{Type: 1}, "which F16 cannot hold; export as BF16 or F32"},
		{func(v []float32) []float32 { return v[1:] }, Options{}, "2879 elements, the config asks for 72 x 40"},
	} {
		m := good
		m.Params = func(n string) ([]float32, error) {
			v, err := good.Params(n)
			if n == name {
				v = c.spoil(v)
			}
			return v, err
		}
		target := filepath.Join(t.TempDir(), "out")
		for kind, write := range map[string]func(context.Context, string, Model, Options) error{"folder": Folder, "gguf": GGUF} {
			if err := write(t.Context(), target, m, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want an error with %q", kind, err, c.want)
			}
			if l := left(t, target); len(l) != 0 {
				t.Errorf("%s: %v is left", kind, l)
			}
		}
	}
}

func TestACancelledExportLeavesNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	m := modelOf(t, open(t, bases()["qwen3"]))
	params, n := m.Params, 0
	m.Params = func(name string) ([]float32, error) {
		if n++; n == 5 {
			cancel()
		}
		return params(name)
	}
	target := filepath.Join(t.TempDir(), "out")
	if err := Folder(ctx, target, m, Options{}); !errors.Is(err, context.Canceled) || len(left(t, target)) != 0 {
		t.Errorf("%v, left %v", err, left(t, target))
	}
}
