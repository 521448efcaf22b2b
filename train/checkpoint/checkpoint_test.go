package checkpoint

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var identity = Identity{Data: "d1", Recipe: "r1", Tokenizer: "t1", Shape: "s1", Precision: "fp32", Code: "c1"}

func stateAt(step int) State {
	return State{
		Step: step, Cursor: int64(step) * 16, Seed: math.MaxUint64, Identity: identity,
		Counters: map[string]uint64{"dropout": math.MaxUint64 - uint64(step)},
		Extra:    json.RawMessage(`{"best":0.1234567890123456}`),
	}
}

// arraysOf makes arrays whose values follow from the seed, with the bit patterns that text formats lose.
func arraysOf(seed uint64) []Array {
	values := func(name string, n int) func(dst []float32) {
		return func(dst []float32) {
			r := rand.New(rand.NewPCG(seed, uint64(len(name))))
			for i := range dst {
				dst[i] = math.Float32frombits(r.Uint32()) // NaNs and denormals among them
			}
			dst[0] = float32(math.Copysign(0, -1))
			if len(dst) != n {
				panic("wrong length")
			}
		}
	}
	return []Array{
		{"weight/model.norm.weight", []int{1, 7}, values("norm", 7)},
		{"moment1/embed", []int{301, 70}, values("embed1", 301*70)}, // more than one chunk
		{"moment2/embed", []int{301, 70}, values("embed02", 301*70)},
	}
}

func mustSave(t *testing.T, root string, step int, o Options) string {
	t.Helper()
	dir, err := Save(t.Context(), root, stateAt(step), arraysOf(uint64(step)), o)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// mustHold checks that a folder holds exactly what mustSave of a step wrote.
func mustHold(t *testing.T, dir string, step int) {
	t.Helper()
	l, err := Load(dir, Match{Want: identity})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	want := stateAt(step)
	got := l.State
	var g, w any
	if json.Unmarshal(got.Extra, &g) != nil || json.Unmarshal(want.Extra, &w) != nil || !reflect.DeepEqual(g, w) {
		t.Errorf("extra %s, want %s", got.Extra, want.Extra)
	}
	got.Extra, want.Extra = nil, nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("state %+v, want %+v", got, want)
	}
	for _, a := range arraysOf(uint64(step)) {
		n := a.Shape[0] * a.Shape[1]
		saved, read := make([]float32, n), make([]float32, n)
		a.Read(saved)
		if err := l.Read(a.Name, read); err != nil {
			t.Fatal(err)
		}
		for i := range saved {
			if math.Float32bits(saved[i]) != math.Float32bits(read[i]) {
				t.Fatalf("%s[%d] = %08x, want %08x", a.Name, i, math.Float32bits(read[i]), math.Float32bits(saved[i]))
			}
		}
		if !slices.Equal(l.Shape(a.Name), a.Shape) {
			t.Errorf("%s has shape %v, want %v", a.Name, l.Shape(a.Name), a.Shape)
		}
	}
	if err := l.Read("weight/model.norm.weight", make([]float32, 8)); err == nil || !strings.Contains(err.Error(), "7 elements, want 8") {
		t.Errorf("an array of another size: %v", err)
	}
	if err := l.Read("weight/none", nil); err == nil {
		t.Error("an absent array was read")
	}
}

func latestStep(t *testing.T, root, name string) string {
	t.Helper()
	dir, ok, err := LatestNamed(root, name)
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return ""
	}
	return filepath.Base(dir)
}

func TestWhatIsSavedIsLoadedBitForBit(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "run", "checkpoints")
	if got := latestStep(t, root, StepName); got != "" {
		t.Fatalf("a folder that is not there has checkpoint %s", got)
	}
	mustHold(t, mustSave(t, root, 10, Options{Keep: 2}), 10)
	if got := latestStep(t, root, StepName); got != "step-00000010" {
		t.Errorf("latest is %q", got)
	}
}

func TestOldCheckpointsGoAndProtectedOnesStay(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if _, err := SaveBest(t.Context(), root, stateAt(3), arraysOf(3)); err != nil {
		t.Fatal(err)
	}
	mustSave(t, root, 4, Options{Name: "mine", Keep: 1})
	if err := os.Mkdir(filepath.Join(root, "step-notes"), 0o755); err != nil { // somebody else's
		t.Fatal(err)
	}
	for step := 1; step <= 12; step++ {
		mustSave(t, root, step, Options{Keep: 2, Major: 5})
	}
	mustSave(t, root, 12, Options{Keep: 2, Major: 5}) // the same step again: after a stop, for example
	micro := stateAt(12)
	micro.Micro = 3
	if _, err := Save(t.Context(), root, micro, arraysOf(12), Options{Keep: 2, Major: 5}); err != nil {
		t.Fatal(err)
	}
	if _, err := SaveBest(t.Context(), root, stateAt(2), arraysOf(2)); err != nil { // earlier than the best before
		t.Fatal(err)
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	want := []string{"best-00000002", "mine-00000004", "step-00000005", "step-00000010", "step-00000012.m3", "step-00000012.t2", "step-notes"}
	if !slices.Equal(got, want) {
		t.Errorf("kept %q, want %q", got, want)
	}
	if got := latestStep(t, root, StepName); got != "step-00000012.m3" {
		t.Errorf("latest is %q", got)
	}
	if got := latestStep(t, root, BestName); got != "best-00000002" {
		t.Errorf("best is %q", got)
	}
}

func TestANewRunDoesNotSaveBehindAnOldOne(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	old := mustSave(t, root, 20, Options{Keep: 2})
	_, err := Save(t.Context(), root, stateAt(5), arraysOf(5), Options{Keep: 2})
	var ahead *AheadError
	if !errors.As(err, &ahead) || ahead.Folder != "step-00000020" {
		t.Fatalf("got %v, want an AheadError of step-00000020", err)
	}
	mustHold(t, old, 20)
	aside, err := SetAside(old)
	if err != nil {
		t.Fatal(err)
	}
	mustHold(t, mustSave(t, root, 5, Options{Keep: 2}), 5)
	mustHold(t, aside, 20)
	if got := latestStep(t, root, StepName); got != "step-00000005" {
		t.Errorf("latest is %q", got)
	}
	if _, err := SetAside(root); err == nil {
		t.Error("a folder that is no checkpoint was set aside")
	}
}

func TestAForeignCheckpointIsRefusedWithTheFieldThatDiffers(t *testing.T) {
	t.Parallel()
	dir := mustSave(t, t.TempDir(), 1, Options{Keep: 1})
	for field, change := range map[string]func(*Identity){
		"data":      func(i *Identity) { i.Data = "other" },
		"recipe":    func(i *Identity) { i.Recipe = "other" },
		"tokenizer": func(i *Identity) { i.Tokenizer = "other" },
		"shape":     func(i *Identity) { i.Shape = "other" },
		"precision": func(i *Identity) { i.Precision = "other" },
		"code":      func(i *Identity) { i.Code = "other" },
	} {
		want := identity
		change(&want)
		for _, allow := range []bool{false, true} {
			l, err := Load(dir, Match{Want: want, AllowCode: allow})
			if allow && field == "code" {
				if err != nil || !strings.Contains(l.Warning, `"other"`) {
					t.Errorf("code allowed: %v", err)
				}
				continue
			}
			var foreign *ForeignError
			if !errors.As(err, &foreign) || foreign.Field != field || foreign.Want != "other" || foreign.Saved == "other" {
				t.Errorf("%s differs, allow %v: got %v", field, allow, err)
			}
		}
	}
}

func TestBadSavesAreRefusedBeforeTheDiskIsTouched(t *testing.T) {
	t.Parallel()
	negative := stateAt(1)
	negative.Step = -1
	good := arraysOf(1)
	for name, c := range map[string]struct {
		s State
		a []Array
		o Options
	}{
		"negative step":  {negative, good, Options{Keep: 1}},
		"no arrays":      {stateAt(1), nil, Options{Keep: 1}},
		"twice":          {stateAt(1), append(good, good[0]), Options{Keep: 1}},
		"no shape":       {stateAt(1), []Array{{Name: "a", Read: good[0].Read}}, Options{Keep: 1}},
		"keep nothing":   {stateAt(1), good, Options{}},
		"path in a name": {stateAt(1), good, Options{Name: "../x", Keep: 1}},
	} {
		root := filepath.Join(t.TempDir(), "root")
		if _, err := Save(t.Context(), root, c.s, c.a, c.o); err == nil {
			t.Errorf("%s: saved", name)
		}
		if _, err := os.Stat(root); err == nil {
			t.Errorf("%s: the root was made", name)
		}
	}
}

func TestOneProcessSavesIntoARoot(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	unlock, err := Lock(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(root); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Fatalf("a second lock: %v", err)
	}
	unlock()
	again, err := Lock(root)
	if err != nil {
		t.Fatal(err)
	}
	again()
}
