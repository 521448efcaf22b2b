package sessions

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s1/engine/trace"
)

func exportOf(tb testing.TB, list ...Session) string {
	tb.Helper()
	var b bytes.Buffer
	for _, s := range list {
		if err := ExportJSONL(&b, s); err != nil {
			tb.Fatal(err)
		}
	}
	return b.String()
}

// said makes a run with one ended branch from its words.
func said(id string, minute int, question, thought, answer string) Session {
	at := time.UnixMicro(1_700_000_000_000_000).UTC().Add(time.Duration(minute) * time.Minute)
	s := Session{Run: trace.Run{ID: id, Created: at, Model: "mini", ThinkFormat: "think", Backend: "cpu", Prompt: question, Rendered: question, PromptIDs: []int32{1}}}
	s.Branches = []Kept{{
		Branch:  trace.Branch{ID: "0", Cause: trace.CauseStart, Budget: trace.Budget{Cap: -1, AnswerCap: -1}, Created: at},
		Tokens:  tokensOf(0, thought, answer),
		Receipt: &trace.Receipt{Closed: trace.ClosedNatural, Outcome: "answered"},
	}}
	return s
}

// grown adds a branch that shares the first at tokens of branch 0.
func grown(s Session, id trace.BranchID, at int, thought, answer string) Session {
	s.Branches = append(s.Branches, Kept{
		Branch:  trace.Branch{ID: id, Parent: "0", At: at, Cause: trace.CauseWait, Created: s.Run.Created.Add(time.Duration(len(s.Branches)) * time.Second)},
		Tokens:  tokensOf(at, thought, answer),
		Receipt: &trace.Receipt{Closed: trace.ClosedCap, Outcome: "answered"},
	})
	return s
}

func tokensOf(from int, thought, answer string) (list []trace.Token) {
	for _, w := range strings.SplitAfter(thought, " ") {
		list = append(list, trace.Token{Index: from + len(list), Bytes: []byte(w), Text: w, Phase: trace.PhaseThinking, Origin: trace.OriginSampled, Counted: true})
	}
	for _, w := range strings.SplitAfter(answer, " ") {
		list = append(list, trace.Token{Index: from + len(list), Bytes: []byte(w), Text: w, Phase: trace.PhaseAnswer, Origin: trace.OriginSampled})
	}
	return list
}

func shelf(t *testing.T, list ...Session) *Store {
	t.Helper()
	s := open(t, filepath.Join(t.TempDir(), "s1.db"))
	if len(list) > 0 {
		if _, err := s.ImportJSONL(context.Background(), strings.NewReader(exportOf(t, list...))); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func query(t *testing.T, s *Store, f Filter) []Hit {
	t.Helper()
	hits, err := s.Query(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	return hits
}

func idsOf(hits []Hit) string {
	var ids []string
	for _, h := range hits {
		ids = append(ids, h.ID)
	}
	return strings.Join(ids, " ")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestASearchFindsRunsAndNamesThePlace(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := shelf(t,
		said("r1", 1, "what is 6 times 7?", "six sevens are forty two ", "42"),
		grown(said("r2", 2, "an empty café", "nothing here ", "none"), "1", 2, "Wait perhaps a giraffe ", "a giraffe"),
		said("r3", 3, "giraffe or okapi", "striped legs mean okapi ", "okapi"),
	)
	must(t, s.SetTags(ctx, "r1", "", []string{"math", "short"}))
	must(t, s.SetTags(ctx, "r2", "1", []string{"odd"}))
	must(t, s.SetNote(ctx, "r1", "", -1, "shown to the class"))
	must(t, s.SetNote(ctx, "r3", "0", 1, "the legs again"))
	must(t, s.SetExpected(ctx, "r1", "42"))
	must(t, s.SetExpected(ctx, "r3", "zebra"))
	tests := []struct {
		name string
		f    Filter
		ids  string
	}{
		{"all", Filter{}, "r3 r2 r1"},
		{"a word of questions and thoughts", Filter{Text: "giraffe"}, "r3 r2"},
		{"without regard to case and accents", Filter{Text: "CAFE"}, "r2"},
		{"all words in one branch", Filter{Text: "giraffe nothing"}, ""},
		{"beginnings", Filter{Text: "gir*"}, "r3 r2"},
		{"a phrase", Filter{Text: `"forty two"`}, "r1"},
		{"not a phrase", Filter{Text: `"two forty"`}, ""},
		{"an answer", Filter{Text: "42"}, "r1"},
		{"a note on a run", Filter{Text: "class"}, "r1"},
		{"a note on a token", Filter{Text: `"legs again"`}, "r3"},
		{"no letter", Filter{Text: "?!"}, ""},
		{"operators are words", Filter{Text: "okapi OR giraffe"}, "r3"},
		{"model", Filter{Model: "MIN"}, "r3 r2 r1"},
		{"another model", Filter{Model: "qwen"}, ""},
		{"closed", Filter{Closed: "cap"}, "r2"},
		{"open", Filter{Closed: "open"}, ""},
		{"right", Filter{Verdict: trace.VerdictRight}, "r1"},
		{"wrong and a word", Filter{Verdict: trace.VerdictWrong, Text: "okapi"}, "r3"},
		{"tag", Filter{Tag: "math"}, "r1"},
		{"tag of a branch", Filter{Tag: "odd"}, "r2"},
		{"from", Filter{From: time.UnixMicro(1_700_000_000_000_000).Add(2 * time.Minute)}, "r3 r2"},
		{"to, with a word", Filter{To: time.UnixMicro(1_700_000_000_000_000).Add(3 * time.Minute), Text: "giraffe"}, "r2"},
	}
	for _, tt := range tests {
		hits := query(t, s, tt.f)
		if got := idsOf(hits); got != tt.ids {
			t.Errorf("%s: found %q, want %q", tt.name, got, tt.ids)
		}
		if n, more, err := s.Count(ctx, tt.f, 100); err != nil || more || n != len(hits) {
			t.Errorf("%s: counted %d, %v, %v; found %d", tt.name, n, more, err, len(hits))
		}
		// Page by page is the same.
		var paged []Hit
		for f := tt.f; ; {
			f.Limit = 1
			page := query(t, s, f)
			if len(page) == 0 {
				break
			}
			paged = append(paged, page...)
			f.After = page[0].Cursor
		}
		if got := idsOf(paged); got != tt.ids {
			t.Errorf("%s: page by page %q, want %q", tt.name, got, tt.ids)
		}
	}
	for _, tt := range []struct {
		text, id, branch, where, marked string
		token                           int
	}{
		{"giraffe", "r3", "0", "question", "giraffe", -1},
		{"perhaps", "r2", "1", "thought", "perhaps", 3},
		{"sevens", "r1", "0", "thought", "sevens", 1},
		{"cafe", "r2", "1", "question", "café", -1},
		{"class", "r1", "0", "note", "class", -1},
	} {
		h := query(t, s, Filter{Text: tt.text})[0]
		marked := ""
		if len(h.Marks) > 0 {
			marked = h.Snippet[h.Marks[0][0]:h.Marks[0][1]]
		}
		if h.ID != tt.id || string(h.Branch) != tt.branch || h.Where != tt.where || h.Token != tt.token || marked != tt.marked {
			t.Errorf("%s: %s branch %s, %s at token %d, marked %q; want %+v", tt.text, h.ID, h.Branch, h.Where, h.Token, marked, tt)
		}
	}
}

func TestAnExportCarriesWhatPeopleAdded(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := shelf(t, grown(said("r1", 1, "q", "one two three ", "4"), "1", 2, "five ", "6"), said("r2", 2, "p", "x ", "y"))
	must(t, s.SetTags(ctx, "r1", "", []string{"b", "a"}))
	must(t, s.SetTags(ctx, "r1", "1", []string{"c"}))
	must(t, s.SetNote(ctx, "r1", "", -1, "run <note>"))
	must(t, s.SetNote(ctx, "r1", "0", -1, "branch note"))
	must(t, s.SetNote(ctx, "r1", "1", 0, "on an inherited token"))
	must(t, s.Bookmark(ctx, "r1", "0", 2, true))
	must(t, s.Bookmark(ctx, "r1", "0", 1, true))
	must(t, s.Bookmark(ctx, "r1", "0", 1, false))
	must(t, s.SetTitle(ctx, "r1", "a title"))
	must(t, s.SetExpected(ctx, "r1", "6"))
	want := []Session{load(t, s, "r1"), load(t, s, "r2")}
	if k := want[0].Branches; k[0].Verdict != trace.VerdictWrong || k[1].Verdict != trace.VerdictRight || len(k[0].Bookmarks) != 1 || want[0].Note == "" {
		t.Errorf("kept %+v", want[0])
	}
	var b bytes.Buffer
	must(t, s.Export(ctx, &b, "jsonl", []string{"r1", "r2"}))
	other := shelf(t)
	ids, err := other.ImportJSONL(ctx, &b)
	if err != nil || !slices.Equal(ids, []string{"r1", "r2"}) {
		t.Fatalf("imported %v, %v", ids, err)
	}
	if d := cmp.Diff(want, []Session{load(t, other, "r1"), load(t, other, "r2")}, same); d != "" {
		t.Errorf("(-exported +imported):\n%s", d)
	}
	if got := idsOf(query(t, other, Filter{Text: "inherited token"})); got != "r1" {
		t.Errorf("an imported note finds %q", got)
	}
}

func TestMarksOnPlacesThatAreNotThereAreRefused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := shelf(t, said("r1", 1, "q", "one two ", "3"))
	for name, err := range map[string]error{
		"no run":          s.SetTags(ctx, "r9", "", []string{"a"}),
		"no branch":       s.SetNote(ctx, "r1", "7", -1, "x"),
		"token too far":   s.Bookmark(ctx, "r1", "0", 4, true),
		"token of no run": s.Bookmark(ctx, "r1", "", 1, true),
		"two words":       s.SetTags(ctx, "r1", "", []string{"a b"}),
		"a minus":         s.SetTags(ctx, "r1", "", []string{"-a"}),
		"bidi":            s.SetTags(ctx, "r1", "", []string{"a\u202e"}),
		"long note":       s.SetNote(ctx, "r1", "", -1, strings.Repeat("x", maxNote+1)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A random life of a library agrees with a map.
func TestALibraryAgreesWithAMap(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	const runs = 6
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 11))
		type model struct {
			tags   map[string]bool
			note   string
			binned bool
			cut    map[trace.BranchID]bool // branches 0, 1 (of 0), 2 (of 0): not there
		}
		var list []Session
		want := map[string]*model{}
		for i := range runs {
			id := fmt.Sprint("run-", i)
			list = append(list, grown(grown(said(id, i, "question", "a b c ", "d"), "1", 1, "e ", "f"), "2", 2, "g ", "h"))
			want[id] = &model{tags: map[string]bool{}, cut: map[trace.BranchID]bool{}}
		}
		s := shelf(t, list...)
		for step := range 200 {
			id := fmt.Sprint("run-", rng.IntN(runs))
			m := want[id]
			tag := fmt.Sprint("t", rng.IntN(3))
			branch := trace.BranchID(fmt.Sprint(rng.IntN(3)))
			var err error
			ok := !m.binned
			switch rng.IntN(7) {
			case 0:
				if _, err = s.ChangeTags(ctx, id, "", []string{tag}, nil); ok {
					m.tags[tag] = true
				}
			case 1:
				if _, err = s.ChangeTags(ctx, id, "", nil, []string{tag}); ok {
					delete(m.tags, tag)
				}
			case 2:
				note := fmt.Sprint("note", rng.IntN(3))
				if err = s.SetNote(ctx, id, "", -1, note); ok {
					m.note = note
				}
			case 3:
				err = s.Remove(ctx, id)
				m.binned = true
			case 4:
				ok = m.binned
				err = s.Restore(ctx, id)
				m.binned = false
			case 5:
				ok = ok && !m.cut[branch]
				if err = s.RemoveBranch(ctx, id, branch); ok {
					m.cut[branch] = true
					if branch == "0" {
						m.cut["1"], m.cut["2"] = true, true
					}
				}
			case 6:
				// What grew from 0 comes back with it only when it went with it: only single ones are restored here.
				ok = ok && m.cut[branch] && branch != "0"
				if branch == "0" {
					continue
				}
				if err = s.RestoreBranch(ctx, id, branch); ok {
					m.cut[branch], m.cut["0"] = false, false
				}
			}
			if (err == nil) != ok {
				t.Fatalf("seed %d step %d on %s: %v, want success %v", seed, step, id, err, ok)
			}
			for id, m := range want {
				got, err := s.Load(ctx, id)
				if m.binned {
					if !errors.Is(err, ErrNotFound) {
						t.Fatalf("seed %d step %d: a binned run loads: %v", seed, step, err)
					}
					continue
				}
				must(t, err)
				left := 0
				for _, k := range []trace.BranchID{"0", "1", "2"} {
					if !m.cut[k] {
						left++
					}
				}
				if len(got.Branches) != left || len(got.Tags) != len(m.tags) || got.Note != m.note {
					t.Fatalf("seed %d step %d %s: %d branches, tags %v, note %q; want %d, %v, %q", seed, step, id, len(got.Branches), got.Tags, got.Note, left, m.tags, m.note)
				}
			}
		}
		var listed, noted, tagged []string
		for i := runs - 1; i >= 0; i-- {
			id := fmt.Sprint("run-", i)
			if m := want[id]; !m.binned {
				listed = append(listed, id)
				if m.note == "note1" && !(m.cut["0"] && m.cut["1"] && m.cut["2"]) {
					noted = append(noted, id)
				}
				if m.tags["t1"] {
					tagged = append(tagged, id)
				}
			}
		}
		for _, c := range []struct {
			f    Filter
			want []string
		}{{Filter{}, listed}, {Filter{Text: "note1"}, noted}, {Filter{Tag: "t1"}, tagged}} {
			if got := idsOf(query(t, s, c.f)); got != strings.Join(c.want, " ") {
				t.Errorf("seed %d %+v: %s, want %v", seed, c.f, got, c.want)
			}
		}
		if _, err := s.Purge(ctx, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if got := idsOf(query(t, s, Filter{Binned: true})); got != "" {
			t.Errorf("seed %d: after a purge the bin has %s", seed, got)
		}
		if got := idsOf(query(t, s, Filter{})); got != strings.Join(listed, " ") {
			t.Errorf("seed %d: after a purge %s, want %v", seed, got, listed)
		}
	}
}

func TestTheBinKeepsWhatIsYounger(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := shelf(t, said("r1", 1, "q", "a ", "b"))
	must(t, s.Remove(ctx, "r1"))
	must(t, s.CatchUp(ctx, nil))
	must(t, s.Restore(ctx, "r1"))
	if got := idsOf(query(t, s, Filter{})); got != "r1" {
		t.Errorf("restored %q", got)
	}
}

// A file of version 1, with tokens in it, is listed at once and searched once it has been read in.
func TestAFileOfVersionOneIsReadIn(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "s1.db")
	base, err := migrations.ReadFile("migrations/001_base.sql")
	must(t, err)
	db, err := sql.Open("sqlite3", path)
	must(t, err)
	_, err = db.Exec(string(base) + "; PRAGMA user_version = 1")
	must(t, err)
	const runs = 450 // more than two batches
	tx, err := db.Begin()
	must(t, err)
	for i := range runs {
		id, at := fmt.Sprintf("old-%03d", i), 1_600_000_000_000_000+i/2 // two of each time
		for _, q := range []struct {
			query string
			args  []any
		}{
			{`INSERT INTO runs VALUES (?,?,'mini','','','think','cpu','','old question','',x'')`, []any{id, at}},
			{`INSERT INTO branches VALUES (?,'0','',0,'start','','{}','{}',?,'{"closed":"cap","outcome":"answered"}','')`, []any{id, at}},
			{`INSERT INTO tokens VALUES (?,'0',0,1,CAST('think' AS BLOB),NULL,1,1,1,-1,1,1,1,x'',0)`, []any{id}},
			{`INSERT INTO tokens VALUES (?,'0',1,1,CAST(? AS BLOB),NULL,2,1,1,-1,1,1,1,x'',0)`, []any{id, fmt.Sprint("answer", i)}},
		} {
			_, err := tx.Exec(q.query, q.args...)
			must(t, err)
		}
	}
	must(t, tx.Commit())
	must(t, db.Close())

	s := open(t, path)
	list, err := s.List(ctx, 3)
	must(t, err)
	if len(list) != 3 || list[0].Answer != "answer449" || list[0].Tokens != 2 || list[0].Branches != 1 || list[0].Closed != trace.ClosedCap {
		t.Errorf("before it is read in: %+v", list)
	}
	if left, err := s.Pending(ctx); err != nil || left != runs {
		t.Errorf("%d pending (%v), want %d", left, err, runs)
	}
	stopped, cancel := context.WithCancel(ctx)
	if err := s.CatchUp(stopped, func(int) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled CatchUp: %v", err)
	}
	if left, err := s.Pending(ctx); err != nil || left == 0 || left == runs {
		t.Errorf("%d pending after a part (%v)", left, err)
	}
	must(t, s.CatchUp(ctx, nil))
	if left, err := s.Pending(ctx); err != nil || left != 0 {
		t.Errorf("%d pending at the end (%v)", left, err)
	}
	if got := idsOf(query(t, s, Filter{Text: "answer7"})); got != "old-007" {
		t.Errorf("found %q", got)
	}
	if got := len(query(t, s, Filter{Text: "old question"})); got != runs {
		t.Errorf("found %d of %d", got, runs)
	}
	if again := open(t, path); idsOf(query(t, again, Filter{Limit: 1})) != "old-449" {
		t.Error("a second open lists something else")
	}
}

func TestAMigrationThatComesLaterIsStillApplied(t *testing.T) {
	t.Parallel()
	s := shelf(t)
	must(t, s.write(context.Background(), func(tx *sql.Tx) error {
		for n, want := range map[int]bool{1: true, 2: false, 3: true} {
			if done, version, err := applied(context.Background(), tx, n); err != nil || done != want && n != 2 || version < 3 {
				t.Errorf("migration %d applied %v of version %d (%v)", n, done, version, err)
			}
		}
		return nil
	}))
}
