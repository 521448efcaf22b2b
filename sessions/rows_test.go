package sessions

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s1/engine/trace"
)

// rowsFrom are the labels ("none" without one) of the rows that a filter writes, by session and branch, and the counts.
func rowsFrom(t *testing.T, s *Store, f RowFilter) (map[string]string, RowCounts) {
	t.Helper()
	var out bytes.Buffer
	n, err := s.Rows(context.Background(), &out, f)
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string]string{}
	for _, line := range bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var r row
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		label := "none"
		if r.Label != nil {
			label = map[bool]string{true: Good, false: Bad}[*r.Label]
		}
		labels[r.Provenance.Session+"/"+string(r.Provenance.Branch)] = label
		if tags := r.Provenance.Tags; slices.Contains(tags, Good) && slices.Contains(tags, Bad) {
			t.Errorf("a row is good and bad at once: %v", tags)
		}
	}
	return labels, n
}

// What is said of a branch is said of it alone; what is said of a run holds for the branches of which nothing is said.
func TestABranchsOwnMarkWinsOverItsRuns(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := shelf(t,
		grown(grown(said("up", 1, "q1", "one two three ", "1"), "1", 1, "Wait four ", "2"), "2", 1, "Wait five ", "3"),
		grown(said("down", 2, "q2", "six seven ", "4"), "1", 1, "Wait eight ", "5"),
		said("plain", 3, "q3", "nine ", "6"),
	)
	for _, m := range []struct{ run, branch, tag string }{
		{"up", "", Good}, {"up", "", "class"}, {"up", "1", Bad}, {"down", "", Bad}, {"down", "1", Good}, {"up", "2", "class"},
	} {
		_, err := s.ChangeTags(ctx, m.run, trace.BranchID(m.branch), []string{m.tag}, nil)
		must(t, err)
	}
	for _, tt := range []struct {
		tag  string
		want map[string]string
	}{
		{Good, map[string]string{"up/0": Good, "up/2": Good, "down/1": Good}},
		{Bad, map[string]string{"up/1": Bad, "down/0": Bad}},
		{"class", map[string]string{"up/0": Good, "up/1": Bad, "up/2": Good}},
		{"", map[string]string{"up/0": Good, "up/1": Bad, "up/2": Good, "down/0": Bad, "down/1": Good, "plain/0": "none"}},
	} {
		got, n := rowsFrom(t, s, RowFilter{Tag: tt.tag})
		if d := cmp.Diff(tt.want, got); d != "" || n.Written != len(tt.want) {
			t.Errorf("tag %q, %d written (-want +got):\n%s", tt.tag, n.Written, d)
		}
		bad := 0
		for _, l := range tt.want {
			if l == Bad {
				bad++
			}
		}
		if n.Bad != bad {
			t.Errorf("tag %q: %d counted as bad, want %d", tt.tag, n.Bad, bad)
		}
	}
}
