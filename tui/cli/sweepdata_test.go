package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"s1/engine/scaling"
)

const dataCommit = "cccccccccccccccccccccccccccccccccccccccc"

// dataHub speaks the hub's routes for data sets, whose main is at a commit. Those of gated want a token.
func dataHub(t *testing.T, sets map[string]map[string][]byte, gated string, main *atomic.Value) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/datasets/{org}/{name}/revision/{rev}", func(w http.ResponseWriter, r *http.Request) {
		var list []map[string]string
		for name := range sets[r.PathValue("org")+"/"+r.PathValue("name")] {
			list = append(list, map[string]string{"rfilename": name})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"sha": main.Load(), "siblings": list})
	})
	mux.HandleFunc("GET /datasets/{org}/{name}/resolve/{commit}/{file...}", func(w http.ResponseWriter, r *http.Request) {
		repo := r.PathValue("org") + "/" + r.PathValue("name")
		content, ok := sets[repo][r.PathValue("file")]
		switch {
		case repo == gated && r.Header.Get("Authorization") != "Bearer hf_ours":
			w.Header().Set("X-Error-Code", "GatedRepo")
			w.WriteHeader(http.StatusUnauthorized)
		case !ok:
			w.Header().Set("X-Error-Code", "EntryNotFound")
			w.WriteHeader(http.StatusNotFound)
		default:
			w.Header().Set("X-Repo-Commit", r.PathValue("commit"))
			w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(content)))
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
		}
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func tableOf[T any](t *testing.T, rows ...T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b)
	_, err := w.Write(rows)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// ourSets have the forms and the field names of the known sets, and rows of our own.
func ourSets(t *testing.T) map[string]map[string][]byte {
	type solved struct {
		Question string `parquet:"question"`
		Answer   string `parquet:"answer"`
	}
	type contest struct {
		ID       string
		Problem  string
		Solution string
		Answer   int64
	}
	return map[string]map[string][]byte{
		"HuggingFaceH4/MATH-500": {
			"test.jsonl": []byte(`{"problem":"2+3","solution":"s","answer":"5","unique_id":"test/a/1.json"}` + "\n"), "README.md": []byte("---\ntags: x\n---\n"),
		},
		"Maxwell-Jia/AIME_2024": {
			"aime_2024_problems.parquet": tableOf(t, contest{"2024-I-1", "2+3", "s", 5}), "README.md": []byte("---\nlicense: mit\n---\n"),
		},
		"math-ai/aime25": {"test.jsonl": []byte(`{"problem":"2+3","answer":"5","id":"0"}` + "\n"), "README.md": []byte("---\nlicense: apache-2.0\n---\n")},
		"Idavidrein/gpqa": {
			"gpqa_diamond.csv": []byte("Record ID,Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3\nrec1,\"2+\n3\",5,6,7,8\nrec2,broken\n"),
			"README.md":        []byte("---\nlicense: cc-by-4.0\n---\n"),
		},
		"openai/gsm8k": {
			"main/test-00000-of-00001.parquet": tableOf(t, solved{"2+3", "two and three\n#### 5"}), "README.md": []byte("---\nlicense:\n- mit\n---\n"),
		},
	}
}

func ask(out, data string, more ...string) []string {
	return append([]string{"sweep", "--data", data, "--methods", "bf", "--caps", "16", "--answer-cap", "8", "--out", out}, more...)
}

func TestASweepOfANamedDataSetPullsItAndKeepsItsTerms(t *testing.T) {
	t.Parallel()
	sets := ourSets(t)
	var main atomic.Value
	main.Store(dataCommit)
	server := dataHub(t, sets, "Idavidrein/gpqa", &main)
	b := newBox(t).set("HF_HUB_OFFLINE=0", "HF_ENDPOINT="+server.URL)
	licences := map[string]string{
		"math500": "MIT (MATH, the original)", "aime24": "mit", "aime25": "apache-2.0", "gpqa_diamond": "cc-by-4.0", "gsm8k": "mit",
	}
	ids := map[string]string{"math500": "test/a/1.json", "aime24": "2024-I-1", "aime25": "0", "gpqa_diamond": "rec1", "gsm8k": "1"}
	b.run(ask(b.at("gpqa_diamond"), "gpqa_diamond")...).wants(1, "datasets/Idavidrein/gpqa is gated: accept its conditions at "+server.URL+"/datasets/Idavidrein/gpqa, then set HF_TOKEN")
	b.set("HF_TOKEN=hf_ours")
	for _, k := range scaling.KnownSets() {
		b.run(ask(b.at(k.Name), k.Name)...).wants(0, "n = 1", k.Name+": 1 questions from "+server.URL+"/datasets/"+k.Repo+" at cccccccccccc, licence: "+licences[k.Name])
		var s questionSource
		if err := json.Unmarshal([]byte(b.read(filepath.Join(k.Name, "source.json"))), &s); err != nil || s.Licence != licences[k.Name] || s.Commit != dataCommit || !strings.HasSuffix(s.Home, k.Repo) {
			t.Errorf("%s: %+v, %v", k.Name, s, err)
		}
		if report := b.read(filepath.Join(k.Name, "report.md")); !strings.Contains(report, "| licence | "+licences[k.Name]) {
			t.Errorf("%s: the report has no licence:\n%.600s", k.Name, report)
		}
		var it scaling.Item
		if err := json.Unmarshal([]byte(b.read(filepath.Join(k.Name, "questions.jsonl"))), &it); err != nil {
			t.Fatal(err)
		}
		if k.Name == "gpqa_diamond" {
			if !strings.HasPrefix(it.Prompt, "2+\n3\n\nA) ") || !strings.Contains(it.Prompt, "\n"+it.Gold+") 5") || len(it.Order) != 4 || it.Order[it.Gold[0]-'A'] != 'A' {
				t.Errorf("GPQA is asked as %+v", it)
			}
			if s.Shuffle == nil || *s.Shuffle != 1 || s.LeftOut != 1 || !strings.Contains(b.read(filepath.Join(k.Name, "report.md")), "gpqa_diamond.csv:4: read CSV") {
				t.Errorf("kept of GPQA: %+v", s)
			}
		} else if it.Prompt != "2+3" || it.Gold != "5" || s.Shuffle != nil {
			t.Errorf("%s is asked as %+v", k.Name, it)
		}
		if it.ID != ids[k.Name] {
			t.Errorf("%s has the id %q, want %q", k.Name, it.ID, ids[k.Name])
		}
	}
	// The set has changed at the hub: what was begun goes on with what it has, and a new one takes what is new.
	main.Store(strings.Repeat("d", 40))
	b.run(ask(b.at("gsm8k"), "gsm8k")...).wants(0, "n = 1", "gsm8k at cccccccccccc")
	b.run(ask(b.at("newest"), "gsm8k")...).wants(0, "n = 1", "gsm8k at dddddddddddd")
	// What was begun goes on without the hub, by the name and without it; a new one does where the set is here, and says what is not.
	b.set("HF_HUB_OFFLINE=1")
	b.run(ask(b.at("gsm8k"), "gsm8k")...).wants(0, "n = 1", "licence: mit")
	b.run("sweep", "--out", b.at("gpqa_diamond")).wants(0, "licence: cc-by-4.0", "1 of 2 rows are left out")
	b.run(ask(b.at("new"), "aime25")...).wants(0, "licence: apache-2.0")
	if err := os.RemoveAll(b.at("hf", "hub", "datasets--math-ai--aime25")); err != nil {
		t.Fatal(err)
	}
	b.run(ask(b.at("newer"), "aime25")...).wants(1, "the data set math-ai/aime25 is not on this machine (test.jsonl is missing", "unset HF_HUB_OFFLINE")
}

func TestASweepOfChoicesAndOfRowsThatAreNoQuestions(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	data := b.write("q.jsonl", `{"id":"a","stem":"2+3","options":["4","5"],"key":1}`+"\n{\"id\"\n"+`{"id":"b","stem":"2+4","options":["6","5"],"key":0}`+"\n")
	args := []string{"--question", "stem", "--choices", "options", "--answer", "key"}
	b.run(ask(b.at("one"), data, args...)...).wants(0, "n = 2", "1 of 3 rows are left out: q.jsonl:2: read JSON: the object does not end")
	b.run(ask(b.at("two"), data, append(args, "--seed", "9")...)...).wants(0, "n = 2")
	b.run(ask(b.at("plain"), data, append(args, "--shuffle", "0")...)...).wants(0, "n = 2")
	if one, two := b.read(filepath.Join("one", "questions.jsonl")), b.read(filepath.Join("two", "questions.jsonl")); one != two {
		t.Errorf("the seed of the samples changed the order of choices:\n%s\n%s", one, two)
	}
	if want := `{"id":"a","prompt":"2+3\n\nA) 4\nB) 5","gold":"B","order":"AB"}`; !strings.HasPrefix(b.read(filepath.Join("plain", "questions.jsonl")), want) {
		t.Errorf("not shuffled: %s, want %s", b.read(filepath.Join("plain", "questions.jsonl")), want)
	}
	b.run(ask(b.at("x"), "gsm8k", "--question", "q")...).wants(2, "the fields of gsm8k are known")
	b.run(ask(b.at("x"), "gsm8")...).wants(1, "gpqa_diamond, gsm8k and tape")
}
