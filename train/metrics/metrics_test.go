package metrics

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func step(n int) Step { return Step{Step: n, Loss: Number(1 / float64(n)), GradNorm: Number(1)} }

func writeSteps(t *testing.T, root string, done, from, to int) {
	t.Helper()
	w, err := Open(root, done)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for n := from; n <= to; n++ {
		if err := w.Write(step(n)); err != nil {
			t.Fatal(err)
		}
	}
}

func content(t *testing.T, root string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, FileName))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEachStepStandsOnceAfterAResume(t *testing.T) {
	t.Parallel()
	straight, resumed := t.TempDir(), t.TempDir()
	writeSteps(t, straight, 0, 1, 12)
	writeSteps(t, resumed, 0, 1, 9)
	f, err := os.OpenFile(filepath.Join(resumed, FileName), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"step":10,"lo`); err != nil { // cut off by a kill
		t.Fatal(err)
	}
	f.Close()
	writeSteps(t, resumed, 5, 6, 8)
	writeSteps(t, resumed, 8, 9, 12)
	if got, want := content(t, resumed), content(t, straight); got != want {
		t.Errorf("resumed:\n%swant\n%s", got, want)
	}
}

func TestALineIsInTheFileBeforeTheNextStep(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	w, err := Open(root, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for n := 1; n <= 3; n++ {
		if err := w.Write(step(n)); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(content(t, root), "\n"); got != n {
			t.Fatalf("after step %d the file has %d lines", n, got)
		}
	}
	if err := w.Write(step(3)); err == nil {
		t.Error("step 3 was written twice")
	}
	if err := w.Write(Step{Step: 4, LR: math.NaN()}); err == nil || !strings.Contains(err.Error(), "lr is NaN") {
		t.Errorf("a learning rate that is no number: %v", err)
	}
}

func TestAForeignFileIsNotCut(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"not JSON":      "hello\n",
		"no step":       `{"loss":1}` + "\n",
		"disordered":    `{"step":2}` + "\n" + `{"step":1}` + "\n",
		"one long line": strings.Repeat("x", maxLineBytes+1),
	} {
		root := t.TempDir()
		if err := os.WriteFile(filepath.Join(root, FileName), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(root, 5); err == nil {
			t.Errorf("%s: opened", name)
		}
		if content(t, root) != text {
			t.Errorf("%s: changed", name)
		}
	}
}

func TestWhatIsNotMeasuredIsAbsentAndNoNumberIsNull(t *testing.T) {
	t.Parallel()
	line, err := Line(Step{Step: 1, Loss: Number(math.NaN()), GradNorm: Number(math.Inf(1)), Skipped: SkippedNaN, TokenAccuracy: Number(0)})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"step":1,"epoch":0,"loss":null,"sample_loss":null,"lr":0,"grad_norm":null,"tokens_per_second":0,` +
		`"trained_share":0,"padding_waste":0,"token_accuracy":0,"skipped":"nan"}` + "\n"
	if string(line) != want {
		t.Errorf("got  %swant %s", line, want)
	}
	if !json.Valid(line) {
		t.Error("not JSON")
	}
}

func TestAFullDiskLeavesWholeLines(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	w := &Writer{path: "/dev/full", file: full}
	if err := w.Write(step(1)); err == nil || !strings.Contains(err.Error(), syscall.ENOSPC.Error()) {
		t.Errorf("got %v, want no space left", err)
	}
	if w.last != 0 {
		t.Errorf("a step that was not written counts: %d", w.last)
	}
}

func TestPeakMemoryGrowsWithWhatIsTouched(t *testing.T) {
	before := PeakMemory()
	if before == 0 {
		t.Skip("this system does not say")
	}
	const size = 64 << 20
	block := make([]byte, size)
	for i := range block {
		block[i] = byte(i)
	}
	if after := PeakMemory(); after < size || after < before || block[size-1] != 255 {
		t.Errorf("the peak is %d bytes after touching %d; before %d", after, size, before)
	}
}

func TestGEMMShare(t *testing.T) {
	t.Parallel()
	if got := GEMMShare(30e9, 2, 60e9); got == nil || *got != 0.25 {
		t.Errorf("30 Gflop in 2 s of 60 Gflop/s: got %v, want 0.25", got)
	}
	for _, v := range [][3]float64{{0, 1, 1}, {1, 0, 1}, {1, 1, 0}, {math.NaN(), 1, 1}} {
		if got := GEMMShare(v[0], v[1], v[2]); got != nil {
			t.Errorf("%v: got %v, want unknown", v, *got)
		}
	}
}
