package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"s1/curate/pool"
)

// askedRows writes n rows of the pool, drawn by the seed, and returns them.
func (b *box) askedRows(name string, n int, seed uint64) []pool.Row {
	b.t.Helper()
	rows, err := pool.Make(b.t.Context(), seed, n, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	var text strings.Builder
	if err := pool.Write(&text, rows); err != nil {
		b.t.Fatal(err)
	}
	b.write(name, text.String())
	return rows
}

// curatedFiles is every file of a curation's stages and export, by name: what equal runs have equal. Keys of stages are left out, because
// they hold the times of the files that were loaded.
func (b *box) curatedFiles(dir string) map[string]string {
	b.t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"*/kept.jsonl", "*/dropped.jsonl", "export/*"} {
		names, err := filepath.Glob(b.at(dir, pattern))
		if err != nil || len(names) == 0 {
			b.t.Fatalf("%s: no %s (%v)", dir, pattern, err)
		}
		for _, name := range names {
			if filepath.Base(name) == "DONE" {
				continue
			}
			text, err := os.ReadFile(name)
			if err != nil {
				b.t.Fatal(err)
			}
			rel, _ := filepath.Rel(b.at(dir), name)
			all[rel] = string(text)
		}
	}
	return all
}

// sameFiles fails where two runs have other files or bytes.
func (b *box) sameFiles(got, want string) {
	b.t.Helper()
	g, w := b.curatedFiles(got), b.curatedFiles(want)
	if a, c := slices.Sorted(maps.Keys(g)), slices.Sorted(maps.Keys(w)); !slices.Equal(a, c) {
		b.t.Errorf("%s has the files %v, %s %v", got, a, want, c)
	}
	for name := range w {
		if g[name] != w[name] {
			b.t.Errorf("%s/%s has other bytes than %s:\n%.600s\nwant\n%.600s", got, name, want, g[name], w[name])
		}
	}
}

// decided is what a stage of a run said, by id; a row that stands there twice fails the test.
func (b *box) decided(dir, stage string) map[string]map[string]any {
	b.t.Helper()
	all := map[string]map[string]any{}
	for _, f := range []string{"kept.jsonl", "dropped.jsonl"} {
		dec := json.NewDecoder(strings.NewReader(b.read(filepath.Join(dir, stage, f))))
		for {
			var d map[string]any
			if err := dec.Decode(&d); err == io.EOF {
				break
			} else if err != nil {
				b.t.Fatal(err)
			}
			n := fmt.Sprint(d["n"])
			if all[n] != nil {
				b.t.Errorf("%s/%s decides row %s twice", dir, stage, n)
			}
			all[n] = d
		}
	}
	return all
}

// byRule adds up decisions by their rule, "" = kept.
func byRule(decided map[string]map[string]any) map[string]int {
	all := map[string]int{}
	for _, d := range decided {
		rule, _ := d["rule"].(string)
		all[rule]++
	}
	return all
}

const miniRecipe = `
preset = "full"
stages = ["clean", "dedup", "trace", "grade", "difficulty", "select"]
[load]
files = ["pool.jsonl"]
[trace]
model = "mini"
thinking = 512
answer = 16
temperature = 1.0
[grade]
drop = ["incorrect", "undecided"]
[difficulty]
models = [{ model = "mini", thinking = 24, answer = 16, temperature = 1.0 }, { model = "mini", thinking = 4, answer = 16, temperature = 1.0 }]
[ask]
cache = "answers"
batch = 8
max_tokens = 2000000
`

func TestMiniTracesGradesAndFiltersThePool(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.askedRows("pool.jsonl", 32, 7)
	b.write("r.toml", miniRecipe)
	said := b.run("curate", "r.toml", "--forecast", "--out", "a").wants(0, "trace", "attempts", "total", "requests").out
	if entries, err := os.ReadDir(b.at("a")); err == nil {
		t.Errorf("a forecast left %v", entries)
	}
	t.Log(said)
	r := b.run("curate", "r.toml", "--out", "a").wants(0, "requests were sent", "at most")
	t.Log(r.out, r.err)
	traced, graded, tried := b.decided("a", "03-trace"), b.decided("a", "04-grade"), b.decided("a", "05-attempts")
	if n := len(traced); n < 25 || byRule(traced)[""] != n {
		t.Errorf("%d rows were traced: %v", n, byRule(traced))
	}
	g := byRule(graded)
	if g[""]+g["incorrect"]+g["undecided"] != len(traced) || g[""] < 10 {
		t.Errorf("of %d traced rows %v were graded", len(traced), g)
	}
	if len(tried) != g[""] {
		t.Errorf("%d rows were tried, %d are correct", len(tried), g[""])
	}
	row := traced["0"]
	made, _ := row["made"].(map[string]any)
	if made == nil || made["trace"] == "" || !strings.Contains(b.read("a/03-trace/kept.jsonl"), "thinking_tokens") {
		t.Errorf("no thought was made: %v", row)
	}
	export := b.read("a/export/s1k.jsonl")
	var first struct {
		Question     string   `json:"question"`
		Trajectories []string `json:"thinking_trajectories"`
	}
	if err := json.Unmarshal([]byte(export[:strings.IndexByte(export, '\n')+1]), &first); err != nil {
		t.Fatal(err)
	}
	if kept := b.read("a/03-trace/kept.jsonl"); len(first.Trajectories) != 1 || !strings.Contains(kept, mustJSON(first.Trajectories[0])) {
		t.Errorf("the export holds another thought than the model's: %.300q", first.Trajectories)
	}
	for _, want := range []string{`"seed": 1`, `"batch": 8`, `"sha256"`, "## Stage trace", "## Stage attempts"} {
		if card := b.read("a/export/README.md"); !strings.Contains(card, want) {
			t.Errorf("the card does not hold %q:\n%.3000s", want, card)
		}
	}
	b.run("curate", "r.toml", "--out", "b").wants(0, "0 requests were sent")
	b.sameFiles("b", "a")
}

func mustJSON(s string) string {
	var text strings.Builder
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always has a form
	return strings.TrimSpace(text.String())
}

// faultyDomains is a server that sorts questions into fields. Its first requests meet the faults in the list; a question with
// "refuse" in it is always refused, one with "babble" never gets a code.
type faultyDomains struct {
	looked int // requests for the list of models
	faults []string
	key    string

	mu     sync.Mutex
	mended bool // nothing is refused and nothing babbled any more
	n      int
	billed int64
	whole  map[string]int // answers given in full, by what was asked
}

func (f *faultyDomains) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet { // whether it is there is asked first
		f.mu.Lock()
		f.looked++
		f.mu.Unlock()
		http.NotFound(w, r)
		return
	}
	if f.key != "" && r.Header.Get("Authorization") != "Bearer "+f.key {
		http.Error(w, `{"error":{"message":"Incorrect API key provided"}}`, http.StatusUnauthorized)
		return
	}
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	f.mu.Lock()
	fault := ""
	if f.n < len(f.faults) {
		fault = f.faults[f.n]
	}
	f.n++
	mended := f.mended
	f.mu.Unlock()
	switch {
	case !mended && strings.Contains(string(body), "refuse"):
		http.Error(w, `{"error":{"message":"not this one"}}`, http.StatusBadRequest)
		return
	case fault == "429":
		w.Header().Set("Retry-After", "1")
		http.Error(w, "slow down", http.StatusTooManyRequests)
		return
	case fault == "500":
		http.Error(w, "oh no", http.StatusInternalServerError)
		return
	case fault == "nonsense":
		fmt.Fprint(w, "<html>\x1b[31mhello</html>")
		return
	case fault == "slow":
		select {
		case <-time.After(300 * time.Millisecond): // a server's slowness, which a client has to bear
		case <-r.Context().Done():
			return
		}
	}
	w.Header().Set("Content-Type", "text/event-stream")
	text := "It is about numbers.\n11"
	if !mended && strings.Contains(string(body), "babble") {
		text = "I would rather \x1b[31mnot say."
	}
	fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{\"content\":\"It\"}}]}\n\n")
	if fault == "half" {
		return
	}
	f.mu.Lock()
	f.billed += 15
	f.whole[string(body)]++
	f.mu.Unlock()
	fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{\"content\":%s},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5}}\n\ndata: [DONE]\n\n", mustJSON(text[2:]))
}

func (f *faultyDomains) start(t *testing.T) string {
	t.Helper()
	f.whole = map[string]int{}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s.URL + "/v1#m"
}

func (f *faultyDomains) sent() int { f.mu.Lock(); defer f.mu.Unlock(); return f.n }

// domainRecipe writes n rows and a recipe that sorts them into fields by a server.
func (b *box) domainRecipe(word string, n int, more string) {
	b.t.Helper()
	var rows strings.Builder
	for i := range n {
		what := "add"
		switch i {
		case 3:
			what = "refuse"
		case 5:
			what = "babble"
		}
		fmt.Fprintf(&rows, `{"question":"%s %d and 4","solution":"%d","thinking":"hm","attempt":"%d"}`+"\n", what, i, i+4, i+4)
	}
	b.write("q.jsonl", rows.String())
	b.write("d.toml", fmt.Sprintf("preset = \"full\"\nstages = [\"domain\"]\n[load]\nfiles = [\"q.jsonl\"]\n[domain]\nmodel = %q\nthinking = 0\nanswer = 40\n[ask]\ncache = \"answers\"\nbatch = 4\n%s\n", word, more))
}

func TestEveryRowOfAFaultyServerEndsDecidedOrFailedWithItsCause(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	f := &faultyDomains{faults: []string{"429", "", "500", "half", "", "nonsense", "slow", "429", "half"}}
	word := f.start(t)
	b.domainRecipe(word, 40, "")
	b.run("curate", "d.toml", "--out", "a").wants(0, "failed-refused 1", "failed-unreadable 1", "most failed-refused: refused after 1 tries", "requests were sent")
	all := b.decided("a", "01-domain")
	if got := byRule(all); len(all) != 40 || got[""] != 38 || got["failed-refused"] != 1 || got["failed-unreadable"] != 1 {
		t.Errorf("%d rows are decided: %v", len(all), got)
	}
	for n, rule := range map[string]string{"3": "failed-refused", "5": "failed-unreadable"} {
		if d := all[n]; d["rule"] != rule || d["detail"] == "" {
			t.Errorf("row %s: %v, want %s and a cause", n, d, rule)
		}
	}
	for body, n := range f.whole {
		if n != 1 {
			t.Errorf("%d answers in full to %.200s", n, body)
		}
	}
	before := f.sent()
	b.run("curate", "d.toml", "--out", "a", "--resume").wants(0)
	if n := f.sent() - before; n != 0 {
		t.Errorf("a second run sent %d requests", n)
	}
	billed := f.billed
	b.run("curate", "d.toml", "--out", "b").wants(0)
	if f.billed != billed || f.sent()-before != 1 {
		t.Errorf("a run of another folder was billed %d tokens and sent %d requests, want 0 and the refused one", f.billed-billed, f.sent()-before)
	}
	b.sameFiles("b", "a")
	id := all["5"]["id"].(string)
	b.run("curate", "why", id, "a").wants(0, "failed-unreadable", "none of the codes")
}

func TestFailedRowsAreAskedAgainWhenOneSaysSo(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	f := &faultyDomains{faults: []string{"half", "500"}}
	b.domainRecipe(f.start(t), 40, "")
	b.run("curate", "d.toml", "--out", "a").wants(0, "failed-refused 1", "failed-unreadable 1")
	f.mu.Lock()
	f.mended = true
	f.mu.Unlock()
	before := f.sent()
	b.run("curate", "d.toml", "--out", "a", "--resume").wants(0, "failed-refused 1")
	if n := f.sent() - before; n != 0 {
		t.Errorf("a second run sent %d requests", n)
	}
	b.run("curate", "a", "--resume", "--retry-failed").wants(0, "2 requests were sent")
	all := b.decided("a", "01-domain")
	if got := byRule(all); len(all) != 40 || got[""] != 40 || f.sent()-before != 2 {
		t.Errorf("%d rows are decided: %v, by %d requests", len(all), got, f.sent()-before)
	}
	if n := strings.Count(b.read("a/export/text.jsonl"), "\n"); n != 40 {
		t.Errorf("%d rows are exported, want 40", n)
	}
	b.run("curate", "d.toml", "--out", "b").wants(0, "0 requests were sent")
	b.sameFiles("a", "b")
	for _, more := range [][]string{{}, {"--resume", "--count"}, {"--resume", "--forecast"}} {
		b.run(append([]string{"curate", "a", "--retry-failed"}, more...)...).refuses(2, "--resume")
	}
}

func TestASpendingCapHoldsAndTheRestGoesOnUnderALargerOne(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	f := &faultyDomains{}
	word := f.start(t)
	b.domainRecipe(word, 40, `max_cost = 0.026
prices = { "`+word+`" = [10.0, 20.0] }`)
	b.run("curate", "d.toml", "--out", "a", "--forecast", "--json").wants(0, `"requests":40`, `"within_cap":false`)
	if f.sent() != 0 {
		t.Errorf("a forecast sent %d requests", f.sent())
	}
	b.run("curate", "d.toml", "--out", "a").wants(1, "the spending cap is reached")
	spent := float64(f.billed) / 15 * (10*10 + 5*20) / 1e6
	if spent > 0.026 || f.billed == 0 {
		t.Errorf("%g is spent of 0.026, %d tokens", spent, f.billed)
	}
	some := f.billed
	b.write("d.toml", strings.Replace(b.read("d.toml"), "max_cost = 0.026", "max_cost = 50.0", 1))
	b.run("curate", "d.toml", "--out", "a", "--resume").wants(0)
	if all := b.decided("a", "01-domain"); len(all) != 40 || f.billed <= some {
		t.Errorf("%d rows are decided", len(all))
	}
	for body, n := range f.whole {
		if n != 1 {
			t.Errorf("%d answers in full to %.200s", n, body)
		}
	}
}

func TestAKilledCurationAsksAgainOnlyForWhatWasUnderWay(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	f := &faultyDomains{}
	b.domainRecipe(f.start(t), 400, "")
	if !b.killWhen([]string{"curate", "d.toml", "--out", "a"}, func() bool { return f.sent() > 30 }) {
		t.Fatal("the run ended before it was killed")
	}
	b.run("curate", "d.toml", "--out", "a", "--resume").wants(0)
	if all := b.decided("a", "01-domain"); len(all) != 400 {
		t.Errorf("%d rows are decided, want 400", len(all))
	}
	twice := 0
	for _, n := range f.whole {
		twice += n - 1
	}
	if twice > 4 {
		t.Errorf("%d answers were given twice, want at most the 4 under way", twice)
	}
	b.run("curate", "d.toml", "--out", "b").wants(0)
	b.sameFiles("b", "a")
}

func TestARecipeOfModelStagesIsCheckedBeforeAnythingIsAsked(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	f := &faultyDomains{key: "right"}
	word := f.start(t)
	b.domainRecipe(word, 8, "")
	base := b.read("d.toml")
	for _, c := range []struct {
		from, to string
		code     int
		texts    []string
	}{
		{"thinking = 0", "thinkin = 0", 2, []string{"domain.thinkin", "domain.thinking"}},
		{"model = ", "modul = ", 2, []string{"domain.modul", "domain.model"}},
		{`["domain"]`, `["domian"]`, 2, []string{"domian", `"domain"`}},
		{`["domain"]`, `["clean"]`, 2, []string{"stages does not list it"}},
		{`["domain"]`, `["domain", "trace"]`, 2, []string{`"trace"`, "names no model"}},
		{"thinking = 0", "thinking = 0\nwaits = 1", 1, []string{"waits is 1"}},
		{"batch = 4", "batch = 4\nmax_cost = 1.0", 2, []string{"ask.max_cost", "no price"}},
		{"batch = 4", "batch = 4\nprices = { x = [1.0, 2.0] }", 2, []string{"ask.prices", `"x"`}},
		{"batch = 4", "batch = -1", 2, []string{"ask.batch is -1"}},
		{"[ask]", "[difficulty]\nmodels = [{ modul = \"mini\" }]\n[ask]", 2, []string{"difficulty.models.modul"}},
		{"thinking = 0", "", 1, []string{"401"}}, // no key in the environment
	} {
		b.write("d.toml", strings.Replace(base, c.from, c.to, 1))
		r := b.run("curate", "d.toml", "--out", "a", "--quiet")
		r.refuses(c.code, c.texts...)
		if err := os.RemoveAll(b.at("a")); err != nil {
			t.Fatal(err)
		}
	}
	if f.sent() != 0 {
		t.Errorf("%d requests passed without a key", f.sent())
	}
}

func TestADeadServerIsSaidBeforeTheFirstRow(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	dead := httptest.NewServer(http.NotFoundHandler())
	word := dead.URL + "/v1#m"
	dead.Close()
	b.domainRecipe(word, 40, "")
	b.run("curate", "d.toml", "--out", "a").refuses(1, "cannot be asked", "connection refused")
	b.run("curate", "a", "--resume").refuses(1, "cannot be asked", "connection refused")
	b.run("curate", "d.toml", "--out", "a", "--resume", "--count").refuses(1, "no results under these settings")
}

func TestWhereEveryRowFailsTheRunDoesAndSaysWhy(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	f := &faultyDomains{}
	word := f.start(t)
	b.domainRecipe(word, 2, "")
	b.write("q.jsonl", `{"question":"refuse 1","solution":"1","thinking":"hm","attempt":"1"}`+"\n"+`{"question":"refuse 2","solution":"2","thinking":"hm","attempt":"2"}`+"\n")
	for _, more := range [][]string{nil, {"--resume"}} {
		b.run(append([]string{"curate", "d.toml", "--out", "a"}, more...)...).wants(1, "all 2 rows failed, most as failed-refused", "not this one", "--retry-failed")
	}
	if f.looked != 1 {
		t.Errorf("the server was asked %d times whether it is there, want once", f.looked)
	}
	f.mu.Lock()
	f.mended = true
	f.mu.Unlock()
	b.run("curate", "d.toml", "--out", "a", "--resume", "--retry-failed").wants(0, "domain")
}
