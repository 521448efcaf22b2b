package checkpoint

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDamageIsRefused(t *testing.T) {
	t.Parallel()
	whole := mustSave(t, t.TempDir(), 7, Options{Keep: 1})
	for _, name := range []string{arraysFile, stateFile, manifestFile, doneFile} {
		text, err := os.ReadFile(filepath.Join(whole, name))
		if err != nil {
			t.Fatal(err)
		}
		flip := func(i int) []byte {
			b := append([]byte(nil), text...)
			b[i] ^= 1
			return b
		}
		for how, b := range map[string][]byte{
			"first byte": flip(0), "middle": flip(len(text) / 2), "last byte": flip(len(text) - 1),
			"cut": text[:len(text)-1], "empty": {}, "longer": append(append([]byte(nil), text...), '\n'),
		} {
			root := t.TempDir()
			dir := filepath.Join(root, filepath.Base(whole))
			if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := Load(dir, Match{Want: identity}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), dir) {
				t.Errorf("%s, %s: got %v", name, how, err)
			}
			// A damaged one is somebody's work all the same: it stays.
			mustSave(t, root, 8, Options{Keep: 2})
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				t.Errorf("%s, %s: the next save removed it", name, how)
			}
		}
		link := filepath.Join(t.TempDir(), filepath.Base(whole))
		if err := os.CopyFS(link, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.Remove(filepath.Join(link, name)), os.Symlink(filepath.Join(whole, name), filepath.Join(link, name))); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(link, Match{Want: identity}); err == nil {
			t.Errorf("%s as a link was followed", name)
		}
	}
}

func FuzzState(f *testing.F) {
	f.Add([]byte(`{"format":1,"step":3,"micro":0,"cursor":48,"seed":18446744073709551615,"identity":{}}`))
	f.Add([]byte(`{"format":1,"step":-3}`))
	f.Add([]byte(`{"format":2}{}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseState(b)
		if err == nil && s.validate() != nil {
			t.Fatalf("accepted %+v", s)
		}
	})
}

func FuzzManifest(f *testing.F) {
	sum := strings.Repeat("0", 64)
	good := manifest{{sum, 5, arraysFile}, {sum, 6, stateFile}}
	f.Add(good.String())
	f.Add(manifest{{sum, 5, "../x"}, {sum, 6, stateFile}}.String())
	f.Add(manifestTitle + "\n" + sum + " 05 " + arraysFile + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseManifest(text)
		if err == nil && m.String() != text {
			t.Fatalf("%q reads as %q", text, m.String())
		}
	})
}

func FuzzFolderName(f *testing.F) {
	for _, s := range []string{"step-00000120", "best-00000001.m3.t2", "step-00000120.t1", "../step-00000120", "step-99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, ok := parsePlace(s)
		if ok && (p.String() != s || filepath.Base(s) != s || p.validate() != nil) {
			t.Fatalf("%q reads as %+v", s, p)
		}
	})
}

func (p place) validate() error { return State{Step: p.step, Micro: p.micro}.validate() }
