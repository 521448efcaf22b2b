package dataset

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"s1/engine"
	"s1/engine/builtin"
)

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func numbered(n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"prompt":"row %d","completion":"answer %d"}`, i, i)
	}
	return lines
}

func names(list []Example) []string {
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = e.Name[strings.LastIndexByte(e.Name, ':')+1:]
	}
	return out
}

func TestEveryEpochIsAPermutationOfItsOwnAndAnyPlaceInItIsOneNumber(t *testing.T) {
	t.Parallel()
	const n, epochs = 23, 4
	tok := byteTokenizer(t, chatML)
	path := writeRows(t, numbered(n)...)
	order := func(seed uint64) (all []string) {
		o := defaults(path)
		o.Seed = seed
		r := rowsOf(t, tok, o)
		if r.Epoch() != n {
			t.Fatalf("an epoch of %d, want %d", r.Epoch(), n)
		}
		for i := range int64(n * epochs) {
			e, err := r.At(t.Context(), i)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, names([]Example{e})...)
		}
		for i := int64(n*epochs - 1); i >= 0; i -= 7 { // as after a resume
			if e, err := r.At(t.Context(), i); err != nil || names([]Example{e})[0] != all[i] {
				t.Fatalf("example %d asked for again is %s, was %s (%v)", i, e.Name, all[i], err)
			}
		}
		return all
	}
	a, b, other := order(1), order(1), order(2)
	if !slices.Equal(a, b) {
		t.Errorf("equal seeds gave %v and %v", a, b)
	}
	if slices.Equal(a, other) {
		t.Error("another seed gave the same order")
	}
	want := names(rowsOf(t, tok, defaults(path)).Train())
	slices.Sort(want)
	for e := range epochs {
		epoch := slices.Clone(a[e*n : (e+1)*n])
		if e > 0 && slices.Equal(epoch, a[:n]) {
			t.Errorf("epoch %d has the order of epoch 0", e)
		}
		slices.Sort(epoch)
		if !slices.Equal(epoch, want) {
			t.Errorf("epoch %d is no permutation: %v", e, epoch)
		}
	}
}

func TestHeldOutRowsAreNotTrainedOn(t *testing.T) {
	t.Parallel()
	tok := byteTokenizer(t, chatML)
	turns := func(i int) string {
		return fmt.Sprintf(`{"messages":[{"role":"user","content":"%d"},{"role":"assistant","content":"b"},{"role":"user","content":"c"},{"role":"assistant","content":"d"}]}`, i)
	}
	var lines []string
	for i := range 20 {
		lines = append(lines, turns(i))
	}
	o := defaults(writeRows(t, lines...))
	o.Turns, o.HeldOutShare = "all", 0.15
	r := rowsOf(t, tok, o)
	if len(r.Train()) != 34 || len(r.HeldOut()) != 6 || r.Report().HeldOut != 6 || r.Report().Examples != 34 {
		t.Errorf("%d to train on and %d held out of 20 rows of 2 turns, want 34 and 6", len(r.Train()), len(r.HeldOut()))
	}
	line := func(e Example) string { return strings.Fields(e.Name)[0] }
	for _, h := range r.HeldOut() {
		for _, e := range r.Train() {
			if line(h) == line(e) {
				t.Errorf("%s is held out and %s is trained on", h.Name, e.Name)
			}
		}
	}
	o.HeldOutShare, o.HeldOutFile = 0, writeRows(t, turns(99))
	if r := rowsOf(t, tok, o); len(r.Train()) != 40 || len(r.HeldOut()) != 2 {
		t.Errorf("a held-out file: %d and %d, want 40 and 2", len(r.Train()), len(r.HeldOut()))
	}
}

func TestTheHashIsOfTheDataAndOfWhatIsMadeOfIt(t *testing.T) {
	t.Parallel()
	tok := byteTokenizer(t, chatML)
	base := func() RowsOptions { return defaults(writeRows(t, numbered(5)...)) }
	hash := rowsOf(t, tok, base()).Hash()
	if again := rowsOf(t, tok, base()).Hash(); again != hash {
		t.Errorf("the same rows elsewhere have the hash %s, not %s", again, hash)
	}
	for name, change := range map[string]func(*RowsOptions){
		"another row":    func(o *RowsOptions) { o.Files = []string{writeRows(t, numbered(6)[1:]...)} },
		"another seed":   func(o *RowsOptions) { o.Seed = 2 },
		"bare text":      func(o *RowsOptions) { o.Template = "none" },
		"a system text":  func(o *RowsOptions) { o.System = "x" },
		"cut":            func(o *RowsOptions) { o.Block, o.OverLong = 30, "cut" },
		"a token weight": func(o *RowsOptions) { o.TokenWeights = map[string]float64{"a": 2} },
		"held out":       func(o *RowsOptions) { o.HeldOutShare = 0.2 },
	} {
		o := base()
		change(&o)
		if rowsOf(t, tok, o).Hash() == hash {
			t.Errorf("%s left the hash as it was", name)
		}
	}
}

func TestGzipIsReadByItsFirstBytes(t *testing.T) {
	t.Parallel()
	tok := byteTokenizer(t, chatML)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	fmt.Fprint(z, strings.Join(numbered(3), "\r\n"))
	z.Close()
	whole := filepath.Join(t.TempDir(), "rows.jsonl.gz")
	half := filepath.Join(t.TempDir(), "half.gz")
	if err := errorsOf(os.WriteFile(whole, b.Bytes(), 0o600), os.WriteFile(half, b.Bytes()[:b.Len()/2], 0o600)); err != nil {
		t.Fatal(err)
	}
	if got := rowsOf(t, tok, defaults(whole)).Train(); len(got) != 3 {
		t.Errorf("%d rows, want 3", len(got))
	}
	if _, err := OpenRows(t.Context(), tok, defaults(half)); err == nil || !strings.Contains(err.Error(), "half.gz:") {
		t.Errorf("half a file: %v", err)
	}
}

func errorsOf(list ...error) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestALineThatNeverEndsIsRefusedBeforeItFillsMemory(t *testing.T) {
	t.Parallel()
	tok := byteTokenizer(t, chatML)
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	fmt.Fprintln(z, numbered(1)[0])
	block := bytes.Repeat([]byte{' '}, 1<<20)
	for range 64 {
		z.Write(block)
	}
	z.Close()
	path := filepath.Join(t.TempDir(), "bomb.gz")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenRows(t.Context(), tok, defaults(path)); err == nil || !strings.Contains(err.Error(), "bomb.gz:2: read: the line has more than") {
		t.Errorf("got %v", err)
	}
}

// The built-in model's 55 tokens are digits, signs and a few words: what else a row says would be lost, in its question or its answer.
func TestTextWithoutATokenIsRefusedOrCounted(t *testing.T) {
	t.Parallel()
	w, err := builtin.Weights()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	tok, err := engine.TokenizerOf(w)
	if err != nil {
		t.Fatal(err)
	}
	defer tok.Close()
	for _, c := range []struct {
		row, lost string
		bytes     int
		tokens    string
	}{
		{`{"prompt":"316,+275?","completion":"591"}`, "", 0, "316,+275?<think></think>|591<end>"},
		{`{"prompt":"316 plus 275","completion":"591"}`, `"plus "`, 5, "316 275<think></think>|591<end>"},
		{`{"prompt":"1,+4?","completion":"Äpfel 5"}`, `"Äpfel"`, 6, "1,+4?<think></think>| 5<end>"},
		{`{"messages":[{"role":"user","content":"1,+4?"},{"role":"assistant","reasoning":"5é\nWait 5 ok","content":"5"}]}`, `"é"`, 2, "1,+4?<think>|5\nWait 5 ok\n</think>5<end>"},
	} {
		o := defaults(writeRows(t, `{"prompt":"1,+1?","completion":"2"}`, c.row))
		_, err := OpenRows(t.Context(), tok, o)
		want := fmt.Sprintf("%s:2: %d bytes of its text have no token in the model's vocabulary (%s)", o.Files[0], c.bytes, c.lost)
		if c.bytes == 0 && err != nil || c.bytes > 0 && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v; want %q", c.row, err, want)
		}
		o.AllowLost = true
		r := rowsOf(t, tok, o)
		if n := r.Report().LostBytes; n != c.bytes {
			t.Errorf("%s: %d bytes without a token are counted, want %d", c.row, n, c.bytes)
		}
		if got := shown(tok, r.Train()[1]); strings.TrimSuffix(got, "|") != c.tokens {
			t.Errorf("%s is %q, want %q", c.row, got, c.tokens)
		}
	}
}

func TestNothingToReadIsSaid(t *testing.T) {
	t.Parallel()
	tok := byteTokenizer(t, chatML)
	for _, tt := range []struct {
		o    RowsOptions
		want string
	}{
		{defaults(), "no file is named"},
		{defaults(filepath.Join(t.TempDir(), "none.jsonl")), "none.jsonl: no such file"},
		{defaults(writeRows(t)), "there is no row in it"},
		{RowsOptions{Files: []string{"x"}}, "a block of 0 tokens"},
	} {
		if _, err := OpenRows(t.Context(), tok, tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("error %v, want %q", err, tt.want)
		}
	}
}

func FuzzParseRow(f *testing.F) {
	for _, s := range append(numbered(1), `{"messages":[{"role":"assistant","content":"<think>a</think>b"}]}`, `{"text":"x"}`, `{"prompt":[],"completion":[]}`, `{"messages":null}`, `{`) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			return
		}
		r, err := parseRow(line)
		if err == nil && r.messages == nil && !bytes.Contains(bytes.ToLower(line), []byte("text")) && !bytes.Contains(line, []byte(`\u`)) {
			t.Errorf("%q became a row of nothing", line)
		}
	})
}

// A row that people marked bad is for trainers that learn from both kinds; supervised training would learn to write it.
func TestARowLabelledFalseIsNotTrainedOnAndIsCounted(t *testing.T) {
	t.Parallel()
	tok := byteTokenizer(t, chatML)
	good, bad := `{"prompt":"a","completion":"b","label":true}`, `{"prompt":"c","completion":"d","label":false}`
	plain, worded := `{"prompt":"e","completion":"f"}`, `{"prompt":"g","completion":"h","label":"false"}` // a word is another data set's class
	o := defaults(writeRows(t, good, bad, plain, worded, bad))
	r := rowsOf(t, tok, o)
	if got := names(r.Train()); !slices.Equal(got, []string{"1", "3", "4"}) {
		t.Errorf("trained on rows %v, want 1, 3 and 4", got)
	}
	if rep := r.Report(); rep.Rows != 5 || rep.Bad != 2 || rep.Examples != 3 || !strings.Contains(rep.String(), "2 left out because they are marked bad") {
		t.Errorf("counted %+v, said %q", rep, rep)
	}
	o = defaults(writeRows(t, good))
	o.HeldOutFile = writeRows(t, bad, plain)
	if r := rowsOf(t, tok, o); len(r.HeldOut()) != 1 || r.Report().Bad != 1 {
		t.Errorf("held out %v, counted %+v", names(r.HeldOut()), r.Report())
	}
	if _, err := OpenRows(t.Context(), tok, defaults(writeRows(t, bad, bad))); err == nil || !strings.Contains(err.Error(), "2 marked bad") {
		t.Errorf("a file of bad rows alone: %v", err)
	}
}
