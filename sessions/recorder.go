package sessions

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"

	"s1/engine/trace"
)

// flushEvery is how much a kill -9 can lose.
const flushEvery = 250 * time.Millisecond

// Recorder writes runs while they happen, off the token's path: it follows the logs with one goroutine and writes what is
// new in one transaction every flushEvery. When the disk says no, it stops for good, says why through Saved, and the
// runs go on.
type Recorder struct {
	store *Store
	wake  chan struct{}
	done  chan struct{} // closed when the goroutine has ended
	stop  context.CancelFunc

	mu      sync.Mutex
	runs    []trace.Run
	follows []*follow
	known   map[followed]bool // every branch that is or was followed
	behind  bool              // something is not on disk yet
	failed  string
}

type followed struct {
	run    string
	branch trace.BranchID
}

// follow is one branch being recorded.
type follow struct {
	run     string
	branch  trace.Branch
	log     *trace.Log
	created bool // its row exists
	next    int  // events read
	tokens  int  // tokens of the branch so far, for notices
	notices int
	changes int // of the sampling
	ended   bool
}

// NewRecorder starts a recorder on s. A nil store makes one that saves nothing for the given reason.
func NewRecorder(s *Store, reason string) *Recorder {
	ctx, stop := context.WithCancel(context.Background())
	r := &Recorder{store: s, wake: make(chan struct{}, 1), done: make(chan struct{}), stop: stop, known: map[followed]bool{}}
	if s == nil {
		r.failed = reason
		stop()
		close(r.done)
		return r
	}
	go r.loop(ctx)
	return r
}

// Run announces a run; its branches follow.
func (r *Recorder) Run(run trace.Run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == "" {
		r.runs = append(r.runs, run)
		r.behind = true
		r.poke()
	}
}

// Follow records a branch of an announced run until its log ends. Inherited tokens (index < b.At) are the parent's and not stored again.
// A branch that was announced before is followed already.
func (r *Recorder) Follow(run string, b trace.Branch, log *trace.Log) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if is := (followed{run, b.ID}); r.failed == "" && !r.known[is] {
		r.known[is] = true
		r.follows = append(r.follows, &follow{run: run, branch: b, log: log})
		r.behind = true
		r.poke()
	}
}

// poke wakes the loop; mu is held.
func (r *Recorder) poke() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Saved says whether all that happened is on disk, and if not, why.
func (r *Recorder) Saved() (ok bool, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.failed != "":
		return false, r.failed
	case r.behind:
		return false, ""
	}
	return true, ""
}

// Close writes what is left and ends the recorder. The store stays open.
func (r *Recorder) Close() error {
	r.stop()
	<-r.done
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed != "" && r.store != nil {
		return fmt.Errorf("save session: %s", r.failed)
	}
	return nil
}

func (r *Recorder) loop(ctx context.Context) {
	defer close(r.done)
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		idle := r.flush()
		select {
		case <-ctx.Done():
			r.flush()
			return
		case <-r.wake:
		case <-tick.C:
			if !idle {
				continue
			}
			// Nothing runs: sleep without a clock until something is announced.
			select {
			case <-ctx.Done():
				r.flush()
				return
			case <-r.wake:
			}
		}
	}
}

// flush writes everything new and says whether nothing is being followed any more.
func (r *Recorder) flush() (idle bool) {
	r.mu.Lock()
	runs, follows, failed := r.runs, r.follows, r.failed
	r.runs = nil
	r.mu.Unlock()
	if failed != "" {
		return true
	}
	var err error
	if len(runs) > 0 || len(follows) > 0 {
		// Not the loop's context: what happened before Close is still written.
		err = r.writeNew(context.Background(), runs, follows)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.failed = plain(err)
		r.follows = nil
		return true
	}
	live := r.follows[:0]
	for _, f := range r.follows {
		if !f.ended {
			live = append(live, f)
		}
	}
	clear(r.follows[len(live):])
	r.follows = live
	r.behind = len(r.runs) > 0 || len(live) > 0
	return !r.behind
}

func (r *Recorder) writeNew(ctx context.Context, runs []trace.Run, follows []*follow) error {
	// The positions move only when the transaction has committed.
	type moved struct {
		f    *follow
		next follow
	}
	var moves []moved
	err := r.store.write(ctx, func(tx *sql.Tx) error {
		for _, run := range runs {
			if err := putRun(ctx, tx, run); err != nil {
				return fmt.Errorf("run %s: %w", run.ID, err)
			}
		}
		for _, f := range follows {
			next := *f
			if err := next.write(ctx, r.store, tx); err != nil {
				return fmt.Errorf("run %s branch %s: %w", f.run, f.branch.ID, err)
			}
			moves = append(moves, moved{f, next})
		}
		grown := map[string]bool{}
		for _, m := range moves {
			if m.next.next == m.f.next && m.f.created || grown[m.f.run] {
				continue
			}
			grown[m.f.run] = true
			if err := refresh(ctx, tx, m.f.run); err != nil {
				return fmt.Errorf("run %s: %w", m.f.run, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, m := range moves {
		*m.f = m.next
	}
	return nil
}

// write puts the events of the branch that are not on disk yet.
func (f *follow) write(ctx context.Context, s *Store, tx *sql.Tx) error {
	if !f.created {
		if err := putBranch(ctx, tx, f.run, f.branch); err != nil {
			return err
		}
		f.created = true
		f.tokens = f.branch.At
	}
	events, ended := f.log.Since(f.next)
	var tokens []trace.Token
	for _, e := range events {
		switch e.Kind {
		case trace.EventToken:
			if e.Token.Index >= f.branch.At {
				tokens = append(tokens, e.Token)
				f.tokens = e.Token.Index + 1
			}
		case trace.EventNotice:
			if err := putNotice(ctx, tx, f.run, f.branch.ID, f.notices, Notice{At: f.tokens, Text: e.Notice}); err != nil {
				return err
			}
			f.notices++
		case trace.EventEnd:
			cause := ""
			if e.Err != nil {
				cause = e.Err.Error()
			}
			if err := putReceipt(ctx, tx, f.run, f.branch.ID, e.Receipt, cause); err != nil {
				return err
			}
		case trace.EventSampling:
			if err := putResampled(ctx, tx, f.run, f.branch.ID, f.changes, trace.Resampled{At: f.tokens, Sampling: *e.Sampling}); err != nil {
				return err
			}
			f.changes++
		case trace.EventState, trace.EventBudget:
		}
	}
	f.next += len(events)
	f.ended = ended
	if err := putTokens(ctx, tx, f.run, f.branch.ID, tokens); err != nil || !ended {
		return err
	}
	return s.index(ctx, tx, f.run, f.branch.ID)
}
