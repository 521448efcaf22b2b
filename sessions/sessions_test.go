package sessions

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s1/engine/trace"
)

// aSession makes a session with every field in use: bytes that are half a character, unknown signals, a child branch.
func aSession(seed uint64) Session {
	rng := rand.New(rand.NewPCG(seed, 1))
	at := time.UnixMicro(1_700_000_000_123_456 + int64(seed)).UTC()
	s := Session{Run: trace.Run{
		ID: fmt.Sprint("run-", seed), Created: at, Model: "a/model", ModelSHA256: "aa", TemplateSHA256: "bb", ThinkFormat: "s1", Backend: "cpu avx2",
		System: "be brief", Prompt: "what is 1+1?\nnow", Rendered: "<|im_start|>user\nwhat", PromptIDs: []int32{1, 2, 49151, 0},
	}}
	tokens := func(from, n int) []trace.Token {
		var list []trace.Token
		for i := from; i < from+n; i++ {
			t := trace.Token{
				Index: i, ID: rng.Int32N(50000), Bytes: []byte(fmt.Sprintf("w%d ", i)), Phase: trace.PhaseThinking, Origin: trace.Origin(1 + rng.IntN(3)),
				Counted: rng.IntN(2) == 0, Wished: rng.IntN(9) == 0, Logprob: -rng.Float32(), Entropy: rng.Float32(), EndProb: rng.Float32(), EndRank: 1 + rng.Int32N(900),
				Top: []trace.Candidate{{ID: 7, Logprob: -0.5}, {ID: 9, Logprob: -1.5}}, Time: time.Duration(i) * time.Millisecond,
			}
			t.Text = string(t.Bytes)
			if i > from+n*3/4 {
				t.Phase = trace.PhaseAnswer
			}
			list = append(list, t)
		}
		return list
	}
	root := Kept{Branch: trace.Branch{ID: "a", Cause: trace.CauseStart, Budget: trace.Budget{Cap: 64, Waits: 1, WaitText: "Wait", AnswerCap: 32}, Sampling: trace.Sampling{Temperature: 0.7, TopK: 20, LogitBias: map[int32]float64{5: -1}, Seed: 9}, Created: at}, Tokens: tokens(0, 20)}
	root.Tokens[3].Bytes, root.Tokens[3].Text = []byte{0xe2, 0x82}, "" // half a euro sign
	root.Tokens[4].Bytes, root.Tokens[4].Text = []byte{0xac}, "€"
	root.Tokens[5].Bytes, root.Tokens[5].Text = []byte{}, ""
	root.Tokens[6].Logprob, root.Tokens[6].Top = float32(math.NaN()), nil
	root.Receipt = &trace.Receipt{Cap: 64, ThinkingTokens: 15, WaitsAsked: 1, WaitsDone: 1, Closed: trace.ClosedCap, EndProb: 0.25, Enforcement: "exact", Outcome: "answered"}
	root.Notices = []Notice{{At: 4, Text: "a loop \x1b[31m of period 4"}}
	root.Resampled = []trace.Resampled{{At: 7, Sampling: trace.Sampling{Temperature: 1.2, Seed: 9}}, {At: 20, Sampling: trace.Sampling{Seed: 1}}}
	child := Kept{Branch: trace.Branch{ID: "b", Parent: "a", At: 12, Cause: trace.CauseWait, Note: "why \u009b31m", Budget: trace.Budget{Cap: -1, AnswerCap: -1}, Created: at.Add(time.Second)}, Tokens: tokens(12, 5), Error: "cut"}
	s.Branches = []Kept{root, child}
	return s
}

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func export(t *testing.T, s Session) string {
	t.Helper()
	var b bytes.Buffer
	if err := ExportJSONL(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func load(t *testing.T, s *Store, id string) Session {
	t.Helper()
	got, err := s.Load(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

var same = cmp.Comparer(func(a, b float32) bool {
	return a == b || math.IsNaN(float64(a)) && math.IsNaN(float64(b))
})

func TestExportThenImportIsTheIdentity(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		want := aSession(seed)
		text := export(t, want)
		store := open(t, filepath.Join(t.TempDir(), "s1.db"))
		ids, err := store.ImportJSONL(context.Background(), strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		got := load(t, store, ids[0])
		if d := cmp.Diff(want, got, same); d != "" {
			t.Errorf("seed %d: imported session differs (-want +got):\n%s", seed, d)
		}
		if again := export(t, got); again != text {
			t.Errorf("seed %d: second export differs from the first", seed)
		}
	}
}

func TestExportSendsNoControlCharacterToATerminal(t *testing.T) {
	t.Parallel()
	s := aSession(1)
	s.Run.Prompt = "a \x1b]0;owned\x07 \u009b2J \x7f \u202e b"
	s.Branches[0].Tokens[0].Text, s.Branches[0].Tokens[0].Bytes = "\x1b[2J", []byte("\x1b[2J")
	var md bytes.Buffer
	if err := ExportMarkdown(&md, s); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"jsonl": export(t, s), "markdown": md.String()} {
		for i, r := range text {
			if r != '\n' && (r < 0x20 || r >= 0x7f && r < 0xa0) || name == "markdown" && r == '\u202e' {
				t.Errorf("%s: control character %U at byte %d", name, r, i)
			}
		}
	}
}

func TestPathJoinsInheritedAndOwnTokens(t *testing.T) {
	t.Parallel()
	s := aSession(2)
	got := s.Path("b")
	if len(got) != 17 {
		t.Fatalf("branch b has %d tokens, want 12 inherited + 5 own", len(got))
	}
	for i, tok := range got {
		if tok.Index != i {
			t.Errorf("token %d has index %d", i, tok.Index)
		}
	}
}

func TestImportRefusesHostileFilesAndChangesNothing(t *testing.T) {
	t.Parallel()
	good := strings.Split(strings.TrimSpace(export(t, aSession(3))), "\n")
	with := func(line int, old, new string) string {
		c := append([]string{}, good...)
		if !strings.Contains(c[line], old) {
			t.Fatalf("line %d has no %q", line, old)
		}
		c[line] = strings.Replace(c[line], old, new, 1)
		return strings.Join(c, "\n")
	}
	tests := []struct{ name, text, want string }{
		{"empty", "", "empty"},
		{"not JSON", "hello", "not JSON"},
		{"starts with a token", good[2], "starts with"},
		{"the same run twice", good[0] + "\n" + good[0], "already here"},
		{"newer format", with(0, `"format":1`, `"format":99`), "format 99"},
		{"id with a path", with(0, `"id":"`, `"id":"../../etc/`), "run id"},
		{"branch id with an escape", with(1, `"id":"a"`, `"id":"\u001b[2J"`), "branch id"},
		{"unknown field", with(1, `"note"`, `"evil":1,"note"`), "unknown field"},
		{"token out of order", with(2, `"i":0`, `"i":5`), "where 0 is next"},
		{"unknown phase", with(2, `"phase":"thinking"`, `"phase":"dreaming"`), "unknown phase"},
		{"parent that does not exist", with(22, `"parent":"a"`, `"parent":"z"`), "does not come before"},
		{"shares more than the parent has", with(22, `"at":12`, `"at":1000000`), "shares 1000000 tokens"},
		{"sampling out of order", with(1, `"at":20`, `"at":2`), "out of order"},
		{"branch twice", strings.Join(append(append([]string{}, good...), good[1]), "\n"), "twice"},
		{"too many candidates", with(2, `"top":[`, `"top":[`+strings.Repeat("[1,-1],", 100)), "candidates"},
		{"broken candidate", with(2, `"top":[[7,`, `"top":[[1e30,`), "want [id, logprob]"},
		{"line too long", good[0][:len(good[0])-2] + strings.Repeat(" ", maxLine) + "}", "longer than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			store := open(t, filepath.Join(t.TempDir(), "s1.db"))
			_, err := store.ImportJSONL(context.Background(), strings.NewReader(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want one that says %q", err, tt.want)
			}
			if list, err := store.List(context.Background(), 0); err != nil || len(list) != 0 {
				t.Errorf("after a refused import the store has %d runs (%v), want none", len(list), err)
			}
		})
	}
}

func TestAnImportedRunIsNotOverwritten(t *testing.T) {
	t.Parallel()
	text := export(t, aSession(4))
	store := open(t, filepath.Join(t.TempDir(), "s1.db"))
	if _, err := store.ImportJSONL(context.Background(), strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	if _, err := store.ImportJSONL(context.Background(), strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), "already here") {
		t.Errorf("second import: %v, want \"already here\"", err)
	}
}

// play appends a session's branch to a log, as an engine does.
func play(log *trace.Log, k Kept) {
	changes := k.Resampled
	change := func(at int) {
		for ; len(changes) > 0 && changes[0].At == at; changes = changes[1:] {
			log.Append(trace.Event{Kind: trace.EventSampling, Sampling: &changes[0].Sampling})
		}
	}
	for _, tok := range k.Tokens {
		change(tok.Index)
		log.Append(trace.Event{Kind: trace.EventToken, Token: tok})
	}
	change(k.At + len(k.Tokens))
	for _, n := range k.Notices {
		log.Append(trace.Event{Kind: trace.EventNotice, Notice: n.Text})
	}
	if k.Receipt != nil {
		log.Append(trace.Event{Kind: trace.EventEnd, Receipt: k.Receipt})
	}
}

func TestRecorderKeepsWhatWasThought(t *testing.T) {
	t.Parallel()
	want := aSession(5)
	want.Branches = want.Branches[:1]
	want.Branches[0].Notices[0].At = 20
	store := open(t, filepath.Join(t.TempDir(), "s1.db"))
	rec := NewRecorder(store, "")
	rec.Run(want.Run)
	log := trace.NewLog()
	rec.Follow(want.Run.ID, want.Branches[0].Branch, log)
	rec.Follow(want.Run.ID, want.Branches[0].Branch, log) // told twice is followed once
	play(log, want.Branches[0])
	if err := rec.Close(); err != nil {
		t.Fatal(err)
	}
	if ok, reason := rec.Saved(); !ok {
		t.Errorf("after Close: not saved: %q", reason)
	}
	if d := cmp.Diff(want, load(t, store, want.Run.ID), same); d != "" {
		t.Errorf("recorded session differs (-want +got):\n%s", d)
	}
	list, err := store.List(context.Background(), 10)
	if err != nil || len(list) != 1 {
		t.Fatalf("list: %v, %v", list, err)
	}
	if got := list[0]; got.Tokens != 20 || got.Branches != 1 || got.Closed != trace.ClosedCap || !strings.HasPrefix(got.Answer, "w16 ") {
		t.Errorf("summary = %+v", got)
	}
	if err := store.Remove(context.Background(), want.Run.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Purge(context.Background(), time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := store.db.QueryRow(`SELECT (SELECT count(*) FROM tokens) + (SELECT count(*) FROM branches) + (SELECT count(*) FROM notices) + (SELECT count(*) FROM resampled)
		+ (SELECT count(*) FROM library) + (SELECT count(*) FROM docs) + (SELECT count(*) FROM texts) + (SELECT count(*) FROM pending)`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d rows left of a removed run (%v)", left, err)
	}
	if _, err := store.Load(context.Background(), want.Run.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("load of a removed run: %v, want ErrNotFound", err)
	}
}

// A disk that says no stops the saving, says so, and never blocks the one who thinks.
func TestRecorderGoesOnWhenTheDiskSaysNo(t *testing.T) {
	t.Parallel()
	for name, breakIt := range map[string]string{
		"the disk is full": "PRAGMA max_page_count = 1", // SQLite refuses with SQLITE_FULL, as on a full disk
		"read-only":        "PRAGMA query_only = 1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := open(t, filepath.Join(t.TempDir(), "s1.db"))
			store.db.SetMaxOpenConns(1)
			if _, err := store.db.Exec(breakIt); err != nil {
				t.Fatal(err)
			}
			rec := NewRecorder(store, "")
			s := aSession(6)
			s.Branches[0].Tokens = manyTokens(5000)
			rec.Run(s.Run)
			log := trace.NewLog()
			rec.Follow(s.Run.ID, s.Branches[0].Branch, log)
			play(log, s.Branches[0])
			err := rec.Close()
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("Close: %v, want %q", err, name)
			}
			if ok, reason := rec.Saved(); ok || !strings.Contains(reason, "goes on unsaved") {
				t.Errorf("Saved = %v, %q", ok, reason)
			}
			rec.Run(s.Run) // still harmless
		})
	}
}

func manyTokens(n int) []trace.Token {
	list := make([]trace.Token, n)
	for i := range list {
		list[i] = trace.Token{Index: i, ID: int32(i), Bytes: []byte("abc "), Text: "abc ", Phase: trace.PhaseThinking, Origin: trace.OriginSampled}
	}
	return list
}

func TestARecorderWithoutAStoreSaysWhy(t *testing.T) {
	t.Parallel()
	rec := NewRecorder(nil, "saving is off: --no-save")
	rec.Run(aSession(1).Run)
	if ok, reason := rec.Saved(); ok || reason != "saving is off: --no-save" {
		t.Errorf("Saved = %v, %q", ok, reason)
	}
	if err := rec.Close(); err != nil {
		t.Error(err)
	}
}

func TestADatabaseFromANewerS1IsRefusedNotChanged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s1.db")
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("PRAGMA user_version = 1000; CREATE TABLE future (x)"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), path); !errors.Is(err, ErrNewer) {
		t.Errorf("Open: %v, want ErrNewer", err)
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed (%v)", err)
	}
	if left, _ := filepath.Glob(path + "-*"); len(left) > 0 {
		t.Errorf("files left beside it: %v", left)
	}
}

func TestADamagedFileIsAClearError(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s1.db")
	if err := os.WriteFile(path, bytes.Repeat([]byte("not a database "), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), path); err == nil || !strings.Contains(err.Error(), "not a database") {
		t.Errorf("Open: %v", err)
	}
}

// The test binary plays a second s1 when this names a file.
const childVar = "S1_SESSIONS_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childVar); path != "" {
		child(path, os.Getenv("S1_SESSIONS_CHILD_SEED"))
		return
	}
	os.Exit(m.Run())
}

// child records a run of 200 tokens, says so, then goes on for ever.
func child(path, seed string) {
	store, err := Open(context.Background(), path)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	rec := NewRecorder(store, "")
	s := aSession(7)
	s.Run.ID = "child-" + seed
	rec.Run(s.Run)
	log := trace.NewLog()
	rec.Follow(s.Run.ID, s.Branches[0].Branch, log)
	for i := range 200 {
		log.Append(trace.Event{Kind: trace.EventToken, Token: trace.Token{Index: i, Bytes: []byte("x"), Text: "x"}})
	}
	for {
		got, err := store.Load(context.Background(), s.Run.ID)
		if err == nil && len(got.Branches) == 1 && len(got.Branches[0].Tokens) == 200 {
			break
		}
		time.Sleep(10 * time.Millisecond) // another process's clock, not the test's
	}
	fmt.Println("written")
	select {}
}

func TestKillNineLosesNothingOlderThanASecondAndTwoWritersShareAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s1.db")
	var children []*exec.Cmd
	for i := range 2 {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), childVar+"="+path, fmt.Sprintf("S1_SESSIONS_CHILD_SEED=%d", i))
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Process.Kill(); c.Wait() })
		children = append(children, c)
		buf := make([]byte, 8)
		if n, err := out.Read(buf); err != nil || string(buf[:n]) != "written\n" {
			t.Fatalf("child %d said %q, %v", i, buf[:n], err)
		}
	}
	for _, c := range children {
		if err := c.Process.Kill(); err != nil { // SIGKILL
			t.Fatal(err)
		}
		c.Wait()
	}
	store := open(t, path)
	for i := range 2 {
		got := load(t, store, fmt.Sprintf("child-%d", i))
		if hits, err := store.Query(context.Background(), Filter{Text: strings.Repeat("x", 10) + "*"}); err != nil || len(hits) != 2*i {
			t.Errorf("%d hits before the unfinished texts are read in (%v)", len(hits), err)
		}
		if i == 0 {
			if err := store.CatchUp(context.Background(), nil); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(got.Branches[0].Tokens); n != 200 || got.Branches[0].Receipt != nil {
			t.Errorf("child %d: %d tokens kept, receipt %v; want 200 and none", i, n, got.Branches[0].Receipt)
		}
	}
}

func FuzzImport(f *testing.F) {
	var b bytes.Buffer
	if err := ExportJSONL(&b, aSession(8)); err != nil {
		f.Fatal(err)
	}
	f.Add(b.String())
	f.Add(`{"type":"run","format":1,"id":"x"}` + "\n" + `{"type":"branch","id":"a"}`)
	store, err := Open(context.Background(), filepath.Join(f.TempDir(), "s1.db"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ids, err := store.ImportJSONL(context.Background(), strings.NewReader(text))
		if err != nil {
			return
		}
		id := ids[0]
		s, err := store.Load(context.Background(), id)
		if err != nil {
			t.Fatalf("imported but does not load: %v", err)
		}
		for _, id := range ids[1:] {
			if err := store.Remove(context.Background(), id); err != nil {
				t.Fatal(err)
			}
		}
		for _, k := range s.Branches {
			s.Path(k.ID)
		}
		var first bytes.Buffer
		if err := errors.Join(ExportJSONL(&first, s), ExportMarkdown(&bytes.Buffer{}, s), store.Remove(context.Background(), id)); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Purge(context.Background(), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	})
}

// BenchmarkRecorder is the cost of keeping a token. Budget: 20 us a token, all off the token's path.
func BenchmarkRecorder(b *testing.B) {
	store, err := Open(context.Background(), filepath.Join(b.TempDir(), "s1.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	s := aSession(9)
	tokens := manyTokens(1000)
	for i := range tokens {
		tokens[i].Top = make([]trace.Candidate, 10)
	}
	for i := 0; b.Loop(); i++ {
		s.Run.ID = fmt.Sprint("r", i)
		rec := NewRecorder(store, "")
		rec.Run(s.Run)
		log := trace.NewLog()
		rec.Follow(s.Run.ID, s.Branches[0].Branch, log)
		play(log, Kept{Tokens: tokens, Receipt: s.Branches[0].Receipt})
		if err := rec.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*1000), "us/token")
}
