package curate

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
)

// halting decides some rows, then looks into its own journal, and fails.
type halting struct{ look func() }

func (halting) Name() string  { return "asks" }
func (halting) Version() int  { return 1 }
func (halting) Settings() any { return "model" }
func (halting) Journaled()    {}
func (h halting) Decide(ctx context.Context, rows *Rows, say func(int, Decision)) error {
	return rows.Each(ctx, func(i int, _ *Row) error {
		if i == 5 {
			return errors.New("halt")
		}
		say(i, Decision{Rule: []string{"", "no"}[i%2]})
		h.look()
		return nil
	})
}

func TestAJournalIsReadWhileItsStageGoesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var list []string
	for i := range 20 {
		list = append(list, fmt.Sprint("what is ", i, "?"))
	}
	r := Defaults()
	r.Stages, r.Load.Files = []string{"dedup"}, []string{questions(t, dir, list...)}
	out := filepath.Join(dir, "run [*]?") // nothing of which stands for other names
	var j JournalReader
	if _, _, _, ok, err := j.Read(out, "asks"); ok || err != nil {
		t.Errorf("before the run there is a journal: %v, %v", ok, err)
	}
	n := 0
	for range 2 {
		looks := 0
		_, err := Run(t.Context(), r, Options{Dir: out, Resume: true, Insert: map[string]Stage{"before:dedup": halting{func() {
			n++
			looks++
			decided, dropped, again, ok, err := j.Read(out, "asks")
			if err != nil || !ok || decided != n || again != (n == 1) {
				t.Errorf("after %d rows: %d, %v, again %v, %v, %v", n, decided, dropped, again, ok, err)
			}
		}}}})
		if err == nil || looks != 5 {
			t.Fatalf("%d looks, %v", looks, err)
		}
	}
	if _, dropped, _, _, _ := j.Read(out, "asks"); dropped["no"] != 4 {
		t.Errorf("dropped %v, want 4", dropped)
	}
}
