package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"
)

// Prices are of a million tokens, in a unit of the user's choice.
type Prices struct{ Prompt, Completion float64 }

func (p Prices) of(prompt, completion int) float64 {
	return (float64(prompt)*p.Prompt + float64(completion)*p.Completion) / 1e6
}

// Cap is the most that may be spent from one cache folder, over all its runs. 0 = without a limit.
type Cap struct {
	Tokens int64
	Cost   float64
}

// Spent is what was spent, and what requests under way may come to.
type Spent struct {
	Tokens, HeldTokens int64
	Cost, HeldCost     float64
	Requests           int // sent in this run
}

// ErrCap: what is left does not pay for the next request.
var ErrCap = errors.New("the spending cap is reached")

// ledger reserves before anything is sent. A reservation is written first and settled after, so that one that a kill left
// open counts in full in the next run: nobody knows what it came to.
type ledger struct {
	cap Cap

	mu    sync.Mutex
	file  *os.File
	at    int64
	next  int64
	spent Spent
	freed chan struct{} // closed at the next settling, when some of what is held may come free
}

// entry is a line of spend.jsonl: a reservation, or with Settled what became of it.
type entry struct {
	ID      int64   `json:"id"`
	Key     string  `json:"key,omitempty"`
	Settled bool    `json:"settled,omitempty"`
	Tokens  int64   `json:"tokens"`
	Cost    float64 `json:"cost"`
}

// Books are what several clients spend together, under one cap: each has its own prices. They belong to one run at a time.
type Books struct {
	ledger *ledger
	lock   *flock.Flock
}

// OpenBooks opens what was spent from a folder.
func OpenBooks(dir string, c Cap) (*Books, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of what is spent: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	if got, err := lock.TryLock(); err != nil {
		return nil, fmt.Errorf("lock what is spent in %s: %w", dir, err)
	} else if !got {
		return nil, fmt.Errorf("what is spent in %s is counted by another run; wait for it or give another folder", dir)
	}
	l, err := openLedger(dir, c)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return &Books{l, lock}, nil
}

// Spent is what all clients spent.
func (b *Books) Spent() Spent { return b.ledger.now() }

// Close ends the books, after the clients.
func (b *Books) Close() error { return errors.Join(b.ledger.close(), b.lock.Close()) }

func openLedger(dir string, c Cap) (*ledger, error) {
	f, err := os.OpenFile(filepath.Join(dir, spendFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open what was spent: %w", err)
	}
	l := &ledger{cap: c, file: f, freed: make(chan struct{})}
	open := map[int64]entry{}
	l.at, err = readLines(f, func(_ int64, line []byte) error {
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return err
		}
		l.next = max(l.next, e.ID)
		if !e.Settled {
			open[e.ID] = e
			return nil
		}
		delete(open, e.ID)
		l.spent.Tokens += e.Tokens
		l.spent.Cost += e.Cost
		return nil
	})
	if err == nil {
		err = f.Truncate(l.at)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read what was spent: %w", err), f.Close())
	}
	for _, e := range open {
		l.spent.Tokens += e.Tokens
		l.spent.Cost += e.Cost
	}
	return l, nil
}

// hold reserves as soon as there is room. Requests under way hold more than they come to: while some are, what is left may grow.
func (l *ledger) hold(ctx context.Context, key string, r Request, prices Prices) (entry, error) {
	for {
		l.mu.Lock()
		before := l.freed
		l.mu.Unlock()
		e, err := l.reserve(key, r, prices)
		if !errors.Is(err, ErrCap) {
			return e, err
		}
		l.mu.Lock()
		now, held := l.freed, l.spent.HeldTokens > 0
		l.mu.Unlock()
		if now != before {
			continue // some was settled meanwhile
		}
		if !held {
			return e, err
		}
		select {
		case <-now:
		case <-ctx.Done():
			return entry{}, ctx.Err()
		}
	}
}

// reserve holds the most that a request can come to, or says that it is not there.
func (l *ledger) reserve(key string, r Request, prices Prices) (entry, error) {
	prompt, completion := r.promptBound(), r.most()
	limited := l.cap.Tokens > 0 || l.cap.Cost > 0
	if completion < 0 {
		if limited {
			return entry{}, errors.New("a spending cap needs a limit of thinking and of answer tokens: what a request without one comes to cannot be reserved")
		}
		completion = 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e := entry{ID: l.next + 1, Key: key, Tokens: int64(prompt + completion), Cost: prices.of(prompt, completion)}
	s := l.spent
	if t := s.Tokens + s.HeldTokens; l.cap.Tokens > 0 && t+e.Tokens > l.cap.Tokens {
		return entry{}, fmt.Errorf("%w: %d tokens are spent and %d held of %d, and the next request may come to %d", ErrCap, s.Tokens, s.HeldTokens, l.cap.Tokens, e.Tokens)
	}
	if c := s.Cost + s.HeldCost; l.cap.Cost > 0 && c+e.Cost > l.cap.Cost {
		return entry{}, fmt.Errorf("%w: %.4f is spent and %.4f held of %.4f, and the next request may come to %.4f", ErrCap, s.Cost, s.HeldCost, l.cap.Cost, e.Cost)
	}
	if err := l.write(e); err != nil {
		return entry{}, err
	}
	l.next++
	l.spent.HeldTokens += e.Tokens
	l.spent.HeldCost += e.Cost
	l.spent.Requests++
	return e, nil
}

// settle puts what was spent in the place of a reservation. all: nobody knows, so all of it.
func (l *ledger) settle(e entry, u Usage, all bool, prices Prices) (cost float64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.freed)
	l.freed = make(chan struct{})
	l.spent.HeldTokens -= e.Tokens
	l.spent.HeldCost -= e.Cost
	e.Settled, e.Key = true, ""
	if !all {
		e.Tokens, e.Cost = int64(u.Prompt+u.Completion), prices.of(u.Prompt, u.Completion)
	}
	l.spent.Tokens += e.Tokens
	l.spent.Cost += e.Cost
	return e.Cost, l.write(e)
}

func (l *ledger) write(e entry) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	b = append(b, '\n')
	if _, err := l.file.WriteAt(b, l.at); err != nil {
		return fmt.Errorf("write what is spent: %w", errors.Join(err, l.file.Truncate(l.at)))
	}
	l.at += int64(len(b))
	return nil
}

func (l *ledger) now() Spent {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.spent
}

func (l *ledger) close() error { return errors.Join(l.file.Sync(), l.file.Close()) }
