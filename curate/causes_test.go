package curate

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// refusing says of every row what says gives for its place, and waits before the first.
type refusing struct {
	says func(i int) Decision
}

func (refusing) Name() string  { return "asks" }
func (refusing) Version() int  { return 1 }
func (refusing) Settings() any { return "model" }
func (refusing) Journaled()    {}
func (f refusing) Decide(ctx context.Context, rows *Rows, say func(int, Decision)) error {
	rows.Waits("waiting 7 s for m: no way")
	return rows.Each(ctx, func(i int, _ *Row) error { say(i, f.says(i)); return nil })
}

func TestAModelStageWithoutAnAnswerEndsTheRunAndSaysTheMostFrequentCause(t *testing.T) {
	t.Parallel()
	failed := func(rule, why string) Decision { return Decision{Rule: rule, Detail: why} }
	for name, c := range map[string]struct {
		says func(i int) Decision
		want string // the error, "" = none
		most map[string]string
	}{
		"all of one cause": {func(int) Decision { return failed("failed-transport", "refused") }, "stage asks: all 9 rows failed, most as failed-transport: refused", map[string]string{"failed-transport": "refused"}},
		"of several causes": {func(i int) Decision {
			return failed([]string{"failed-server", "failed-transport"}[min(i/3, 1)], fmt.Sprint("cause ", i/4))
		}, "all 9 rows failed, most as failed-transport: cause 1", map[string]string{"failed-server": "cause 0", "failed-transport": "cause 1"}},
		"one row was answered": {func(i int) Decision {
			if i == 4 {
				return Decision{}
			}
			return failed("failed-server", "down")
		}, "", map[string]string{"failed-server": "down"}},
		"one row was dropped by an answer": {func(i int) Decision {
			if i == 4 {
				return failed("incorrect", "no")
			}
			return failed("failed-server", "down")
		}, "", map[string]string{"failed-server": "down"}},
		"nothing failed": {func(int) Decision { return Decision{} }, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			var list []string
			for i := range 9 {
				list = append(list, fmt.Sprint("what is ", i, "?"))
			}
			r := Defaults()
			r.Stages, r.Load.Files = []string{"dedup"}, []string{questions(t, dir, list...)}
			out := filepath.Join(dir, "out")
			var told []string
			run := func(says func(int) Decision, retry bool) ([]Count, error) {
				return Run(t.Context(), r, Options{Dir: out, Resume: true, Retry: retry, Insert: map[string]Stage{"before:dedup": refusing{says}}, Event: func(e Event) {
					if e.Stage == "asks" {
						told = append(told, e.State+": "+e.Waits)
					}
				}})
			}
			for _, retry := range []bool{false, false, true} { // done once, then found, then asked again
				counts, err := run(c.says, retry)
				if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
					t.Fatalf("got %v, want %q", err, c.want)
				}
				if got := counts[1].Causes; fmt.Sprint(got) != fmt.Sprint(c.most) {
					t.Errorf("the most frequent causes are %v, want %v", got, c.most)
				}
			}
			if want := []string{"begin: ", "waiting: waiting 7 s for m: no way", "progress: ", "end: "}; !slices.Equal(told[:4], want) {
				t.Errorf("told %q, want %q", told, want)
			}
			if counts, err := run(func(int) Decision { return Decision{} }, true); err != nil || counts[len(counts)-1].Kept == 0 {
				t.Errorf("asked again with answers: %+v, %v", counts, err)
			}
		})
	}
}
