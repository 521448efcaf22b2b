package records

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func asJSON(list []sample, open, comma, end string) []byte {
	return []byte(open + strings.TrimSuffix(strings.ReplaceAll(string(jsonLines(list)), "\n", comma), comma) + end)
}

// many are lines enough that what packs them makes several blocks.
func many(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"question":"%d %x"}`+"\n", i, i*i*2654435761)
	}
	return b.Bytes()
}

func TestADamagedFileKeepsWhatCameBeforeAndTheNextFileIsRead(t *testing.T) {
	t.Parallel()
	cut := func(b []byte, share float64) []byte { return b[:int(float64(len(b))*share)] }
	flip := func(b []byte, share float64) []byte {
		b = bytes.Clone(b)
		for i := range 64 {
			b[int(float64(len(b))*share)+i] ^= 0x5a
		}
		return b
	}
	rows := many(20_000)
	list := samples(20)
	for _, c := range []struct {
		name string
		b    []byte
		most int // rows in it; fewer are read
		some bool
	}{
		{"cut.jsonl.gz", cut(zipped(rows), 0.6), 20_000, true},
		{"cut.jsonl.zst", cut(zstded(t, rows), 0.6), 20_000, true},
		{"noise.jsonl.gz", append([]byte{0x1f, 0x8b}, bytes.Repeat([]byte{7}, 50)...), 1, false},
		{"noise.jsonl.zst", append([]byte{0x28, 0xb5, 0x2f, 0xfd}, bytes.Repeat([]byte{7}, 50)...), 1, false},
		{"cut.parquet", cut(asParquet(t, list), 0.6), 20, false}, // its table of contents is at its end
		{"flip.parquet", flip(asParquet(t, list), 0.3), 20, true},
		{"cut.arrow", cut(asArrow(t, list, false), 0.6), 20, false},
		{"cutstream.arrow", cut(asArrow(t, list, true), 0.6), 20, true},
		{"cut.json", asJSON(list, "[", ",", ""), 20, true},
		{"behind.json", asJSON(list, "[", ",", "] x"), 21, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			first, second := filepath.Join(dir, c.name), filepath.Join(dir, "good.jsonl")
			for name, b := range map[string][]byte{first: c.b, second: jsonLines(list)} {
				if err := os.WriteFile(name, b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			r := &chain{files: []string{first, second}, o: Options{MaxLine: MaxLine}}
			defer r.Close()
			got := map[string]int{}
			var lost []*Damaged
			for {
				row, err := r.Next()
				var d *Damaged
				if errors.Is(err, io.EOF) {
					break
				}
				switch {
				case errors.As(err, &d):
					lost = append(lost, d)
				case err != nil:
					t.Fatal(err)
				default:
					got[row.File]++
				}
			}
			if len(lost) != 1 || lost[0].File != first || lost[0].Line != int64(got[first])+1 {
				t.Fatalf("lost %v after %d rows, want one place behind them", lost, got[first])
			}
			if n := got[first]; n >= c.most || (n > 0) != c.some {
				t.Errorf("%d rows are read of the damaged file: %v", n, lost[0])
			}
			if got[second] != len(list) {
				t.Errorf("%d rows are read of the next file, want %d", got[second], len(list))
			}
			t.Logf("%d rows, then %v", got[first], lost[0].Cause)
		})
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none.parquet")); err == nil || errors.As(err, new(*Damaged)) {
		t.Errorf("a file that is not there is no damage: %v", err)
	}
}

func TestAnArrayGivesItsElementsAndNamesTheBrokenOnes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{`[]`, ""},
		{` [ ] `, ""},
		{`[{"q":"a,]}[{\"\\"},{"q":{"x":[1,{"y":"]"}]}}]`, "0 1"},
		{`[{"q":1},{"q":},3,{"q":2}]`, "0 2:read JSON 3:the line begins with '3' 3"},
		{`[{"q":1},,{"q":2},]`, "0 2:there is nothing between two commas 2"},
		{`[{"q":"` + strings.Repeat("x", 300_000) + `"},{"q":2}]`, "1:the element has 300008 bytes, at most 1000 are read 1"},
		{`[{"q":1} {"q":2}]`, "1:something follows the object"},
		{"[1]\n" + `{"q":1}`, "1:the line begins with '[' 1"}, // lines, of which one is no row
	} {
		r, err := OpenWith(put(t, "a.json", []byte(c.text)), Options{MaxLine: 1000})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for {
			row, err := r.Next()
			var bad *BadRow
			if errors.Is(err, io.EOF) {
				break
			}
			if errors.As(err, &bad) {
				got = append(got, fmt.Sprintf("%d:%v", bad.Line, bad.Cause))
				continue
			}
			if err != nil {
				t.Fatalf("%.60s: %v", c.text, err)
			}
			got = append(got, fmt.Sprint(row.Index))
		}
		if s := strings.Join(got, " "); !matches(s, c.want) {
			t.Errorf("%.60s: %q, want %q", c.text, s, c.want)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// matches says whether the words of want come in got, in their order.
func matches(got, want string) bool {
	if want == "" {
		return got == ""
	}
	for _, w := range strings.Fields(want) {
		_, rest, ok := strings.Cut(got, w)
		if !ok {
			return false
		}
		got = rest
	}
	return true
}
