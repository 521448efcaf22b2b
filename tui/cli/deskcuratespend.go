package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"s1/curate"
	tuiapp "s1/tui/app"
)

// What the models of a curation take is in files that its run only adds to: the books of its replies, and a journal of each stage
// that asks. The screen reads on where it stopped, so that a look costs what has come since.

// journalLine bounds a line of such a file: a journal holds whole thoughts.
const journalLine = 64 << 20

// journaled says whether a stage is of those that may ask a model, and are decided a row at a time.
func journaled(stage string) bool {
	return stage == curate.AttemptsStage || slices.Contains(curate.ModelStageNames(), stage)
}

// asks says whether a stage asks a model: to grade there may be none, and the rule alone decides.
func asks(rec curate.Recipe, stage string) bool {
	return journaled(stage) && (stage != "grade" || rec.Grade.Model != "")
}

// tailed is how far a growing file has been read.
type tailed struct {
	at   int64
	file os.FileInfo
}

// more gives the whole lines that have come since. A file that is another one, or has become shorter, is read anew: then again is
// called first. What is no JSON is for the run itself to tell of.
func (t *tailed) more(path string, again func(), line func([]byte)) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		if t.file != nil {
			*t = tailed{}
			again()
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if t.file == nil || !os.SameFile(info, t.file) || info.Size() < t.at {
		t.at = 0
		again()
	}
	t.file = info
	if info.Size() == t.at {
		return nil
	}
	if _, err := f.Seek(t.at, io.SeekStart); err != nil {
		return err
	}
	b := bufio.NewReaderSize(io.LimitReader(f, info.Size()-t.at), 256<<10)
	for {
		text, size, whole, err := nextLine(b)
		if err != nil {
			return err
		}
		if !whole {
			return nil // it is being written, or it is no line of ours
		}
		t.at += size
		line(text)
	}
}

// nextLine reads a line with its end; of one that is longer than journalLine only how long it is. whole is false at the end.
func nextLine(b *bufio.Reader) (text []byte, size int64, whole bool, err error) {
	for {
		part, err := b.ReadSlice('\n')
		size += int64(len(part))
		if size <= journalLine {
			text = append(text, part...)
		} else {
			text = nil
		}
		switch {
		case err == nil:
			return text, size, true, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return nil, 0, false, nil
		default:
			return nil, 0, false, err
		}
	}
}

// spending is what the books of a folder of replies say: a line reserves what a request may come to, another one settles it.
type spending struct {
	tailed
	requests int
	tokens   int64
	cost     float64
	open     map[int64]booked // reserved and not settled: under way, or cut off by a kill
}

type booked struct {
	ID      int64   `json:"id"`
	Settled bool    `json:"settled"`
	Tokens  int64   `json:"tokens"`
	Cost    float64 `json:"cost"`
}

func (s *spending) read(path string) error {
	return s.more(path, func() { *s = spending{tailed: s.tailed, open: map[int64]booked{}} }, func(line []byte) {
		var e booked
		if json.Unmarshal(line, &e) != nil {
			return
		}
		if !e.Settled {
			s.requests++
			s.open[e.ID] = e
			return
		}
		delete(s.open, e.ID)
		s.tokens += e.Tokens
		s.cost += e.Cost
	})
}

// spent is what the models of a run took, nil where it asks none. What a kill left open counts in full, as the next run counts it.
func (l *looked) spent(rec curate.Recipe, folder string, running bool) *tuiapp.CurationSpend {
	if !rec.Asks() {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &l.spend
	_ = s.read(filepath.Join(cmp.Or(rec.Ask.Cache, filepath.Join(folder, askedDir)), "spend.jsonl")) // what cannot be read is not shown
	out := &tuiapp.CurationSpend{
		Requests: s.requests, Tokens: s.tokens, Cost: s.cost, TokenCap: rec.Ask.MaxTokens, CostCap: rec.Ask.MaxCost, Priced: len(rec.Ask.Prices) > 0,
	}
	for _, e := range s.open {
		if running {
			out.Held, out.HeldCost = out.Held+e.Tokens, out.HeldCost+e.Cost
		} else {
			out.Tokens, out.Cost = out.Tokens+e.Tokens, out.Cost+e.Cost
		}
	}
	return out
}

// underway is the stage that asks right now, as its journal says: a row a line, as they are decided.
type underway struct {
	tailed
	stage   string
	decided int
	dropped map[string]int
	from    int       // decided when it was first looked at
	since   time.Time // and when that was
}

// rateFrom is how long rows are counted before their rate is worth a number.
const rateFrom = time.Second

// follow puts what the journal of a stage that asks says over what its last event said: a model takes longer over a few rows than
// events lie apart.
func (l *looked) follow(stages []tuiapp.CurationStage, e curate.Event, folder string, now time.Time) {
	i := slices.IndexFunc(stages, func(s tuiapp.CurationStage) bool { return s.Name == e.Stage && s.State == "running" })
	if i < 0 || !journaled(e.Stage) {
		return
	}
	paths, err := filepath.Glob(filepath.Join(escaped(folder), "[0-9][0-9]-"+e.Stage, "journal.jsonl"))
	if err != nil || len(paths) != 1 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	u := &l.asked
	if u.stage != e.Stage {
		*u = underway{stage: e.Stage}
	}
	first := u.file == nil
	if err := u.read(paths[0]); err != nil {
		return
	}
	if first || u.decided < u.from {
		u.from, u.since = u.decided, now
	}
	s := &stages[i]
	s.In, s.Rules = u.decided, rulesOf(u.dropped)
	s.Kept = s.In
	for _, n := range u.dropped {
		s.Kept -= n
	}
	s.Left = ""
	if took := now.Sub(u.since); u.decided > u.from && took >= rateFrom {
		s.Rate = float64(u.decided-u.from) / took.Seconds()
	}
	if left := s.Of - s.In; left > 0 && s.Rate > 0 {
		s.Left = time.Duration(float64(left) / s.Rate * float64(time.Second)).Round(time.Second).String()
	}
}

func (u *underway) read(path string) error {
	head := u.at == 0
	return u.more(path, func() {
		*u = underway{tailed: u.tailed, stage: u.stage, dropped: map[string]int{}}
		head = true
	}, func(line []byte) {
		if head { // the key under which the others hold
			head = false
			return
		}
		var d struct{ Rule string }
		if json.Unmarshal(bytes.TrimSpace(line), &d) != nil {
			return
		}
		u.decided++
		if d.Rule != "" {
			u.dropped[d.Rule]++
		}
	})
}

// escaped is a path in which nothing stands for anything else.
func escaped(path string) string {
	var b []byte
	for i := range len(path) {
		if c := path[i]; c == '*' || c == '?' || c == '[' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, path[i])
	}
	return string(b)
}
