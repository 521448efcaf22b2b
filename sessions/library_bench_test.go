package sessions

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"s1/engine/trace"
)

// fill makes n ended runs of 300 tokens with plain inserts, a thousand runs a transaction, as many Recorders would have
// left them; tokens are stored of the newest withTokens only, which is all that lists and searches look at. "wait" is in every thought, "zebra" in one of a thousand, the tag rare on one of five thousand.
func fill(tb testing.TB, s *Store, n, withTokens int, seed uint64) {
	tb.Helper()
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(seed, 3))
	var vocabulary []string
	for i := range 5000 {
		vocabulary = append(vocabulary, fmt.Sprintf("w%s%d", string(rune('a'+i%26)), i))
	}
	zipf := rand.NewZipf(rng, 1.2, 4, uint64(len(vocabulary)-1))
	receipts := map[trace.Closed]string{}
	closes := []trace.Closed{trace.ClosedNatural, trace.ClosedCap, trace.ClosedAnswerNow}
	for _, c := range closes {
		b, err := json.Marshal(trace.Receipt{Closed: c, Outcome: "answered", ThinkingTokens: 280})
		if err != nil {
			tb.Fatal(err)
		}
		receipts[c] = string(b)
	}
	for from := 0; from < n; from += 1000 {
		err := s.write(ctx, func(tx *sql.Tx) error {
			exec := func(query string, args ...any) error { _, err := tx.ExecContext(ctx, query, args...); return err }
			for i := from; i < min(n, from+1000); i++ {
				id, at := fmt.Sprintf("run-%07d", i), 1_600_000_000_000_000+int64(i)*60_000_000
				words := make([]string, 300)
				for j := range words {
					words[j] = vocabulary[zipf.Uint64()] + " "
				}
				words[200] = "Wait "
				if i%1000 == 7 {
					words[120] = "zebra "
				}
				list, err := json.Marshal(words)
				if err != nil {
					return err
				}
				thought, answer := strings.Join(words[:280], ""), strings.Join(words[280:], "")
				closed, verdict := closes[i%3], []trace.Verdict{trace.VerdictRight, trace.VerdictWrong}[i%2]
				model := []string{"mini", "smollm2", "a/b"}[i%3]
				question := fmt.Sprintf("question %d about %s", i, words[3])
				tokens := func() error {
					if i < n-withTokens {
						return nil
					}
					return exec(`INSERT INTO tokens SELECT ?1,'0',key,key,CAST(value AS BLOB),NULL,iif(key<280,1,2),1,1,-0.5,0.4,0.01,9,zeroblob(80),key*1000 FROM json_each(?2)`, id, string(list))
				}
				for _, err := range []error{
					exec(`INSERT INTO runs VALUES (?,?,?,'aa','bb','think','cpu','',?,?,x'0100000002000000')`, id, at, model, question, question),
					exec(`INSERT INTO branches (run,id,parent,at,cause,note,budget,sampling,created,receipt,tokens,answer,verdict) VALUES (?,'0','',0,'start','','{}','{}',?,?,300,?,?)`, id, at, receipts[closed], answer, verdict),
					exec(`INSERT INTO library VALUES (?,?,?,?,'','',1,300,?,?,1,?,0)`, id, at, model, question, answer, closed, verdict),
					exec(`INSERT INTO docs VALUES (?,?,'0')`, firstKey(at), id),
					exec(`INSERT INTO texts (rowid, question, thought, answer, notes) VALUES (?,?,?,?,'')`, firstKey(at), question, thought, answer),
					tokens(),
				} {
					if err != nil {
						return err
					}
				}
				if i%10 == 0 {
					if err := exec(`INSERT INTO tags VALUES (?,'','often')`, id); err != nil {
						return err
					}
				}
				if i%5000 == 11 {
					if err := exec(`INSERT INTO tags VALUES (?,'','rare')`, id); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
}

// BenchmarkLibrary times what the library's screen asks for. Budget at 100,000 runs: a first page 100 ms, a search 200 ms.
// S1_LIBRARY_RUNS is how many runs there are (5,000 unless it is set); S1_LIBRARY_FILE keeps the file for another time.
func BenchmarkLibrary(b *testing.B) {
	n := 5000
	if text := os.Getenv("S1_LIBRARY_RUNS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	path := os.Getenv("S1_LIBRARY_FILE")
	if path == "" {
		path = filepath.Join(b.TempDir(), "s1.db")
	}
	ctx := context.Background()
	store, err := Open(ctx, path)
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	var have int
	if err := store.db.QueryRow(`SELECT count(*) FROM runs`).Scan(&have); err != nil {
		b.Fatal(err)
	}
	if have == 0 {
		start := time.Now()
		fill(b, store, n, 5000, 1)
		b.Logf("%d runs written in %v", n, time.Since(start).Round(time.Second))
	}
	for _, bb := range []struct {
		name string
		f    Filter
		none bool // nothing is found
	}{
		{"page", Filter{}, false},
		{"page-closed", Filter{Closed: "cap"}, false},
		{"page-model", Filter{Model: "smol"}, false},
		{"page-model-none", Filter{Model: "nothing-like-it"}, true},
		{"page-tag-often", Filter{Tag: "often"}, false},
		{"page-tag-rare", Filter{Tag: "rare"}, false},
		{"search-everywhere", Filter{Text: "wait"}, false},
		{"search-rare", Filter{Text: "zebra"}, false},
		{"search-two", Filter{Text: "wait zebra"}, false},
		{"search-none", Filter{Text: "hippopotamus"}, true},
		{"search-prefix", Filter{Text: "wa1*"}, false},
		{"search-phrase", Filter{Text: `"wa0 wb1"`}, false},
		{"search-filtered", Filter{Text: "wait", Closed: "cap", Verdict: trace.VerdictWrong}, false},
		{"search-everywhere-tag-rare", Filter{Text: "wait", Tag: "rare"}, false},
		{"search-everywhere-model-none", Filter{Text: "wait", Model: "nothing-like-it"}, true},
	} {
		bb.f.Limit = 50
		b.Run(bb.name, func(b *testing.B) {
			for b.Loop() {
				hits, err := store.Query(ctx, bb.f)
				if err != nil || bb.none != (len(hits) == 0) {
					b.Fatalf("%d hits, %v", len(hits), err)
				}
			}
		})
		b.Run(bb.name+"/count", func(b *testing.B) {
			for b.Loop() {
				if _, _, err := store.Count(ctx, bb.f, 1000); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
