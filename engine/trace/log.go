package trace

import (
	"context"
	"slices"
	"sync"
)

// State is what a branch is doing.
type State uint8

const (
	StateQueued  State = iota
	StateReading       // the prompt goes through the model
	StateThinking
	StateAnswering
	StatePaused
	StateEnded
)

// EventKind selects the field of Event that is set.
type EventKind uint8

const (
	EventToken    EventKind = iota // Token
	EventState                     // State (and, while reading, Done of Total prompt tokens)
	EventBudget                    // Budget as it now is
	EventNotice                    // Notice: one sentence for the user (a loop, an empty answer, a retry)
	EventEnd                       // Receipt, or Err; the log is closed after it. Token is the end of turn that ended the answer, if one did
	EventSampling                  // Sampling as it now is, because the user changed it
)

// Event is one fact about a branch. What is rare and large is behind a pointer: there is an event for every token.
type Event struct {
	Kind     EventKind
	Token    Token
	State    State
	Done     int
	Total    int
	Budget   *Budget
	Sampling *Sampling
	Notice   string
	Loop     bool     // with EventNotice: the loop guard speaks; offer cut, stop, raise temperature
	Receipt  *Receipt // never nil in a log's EventEnd
	Err      error
}

// Log is the append-only record of one branch. The engine appends and never waits; any number of readers
// (screen, disk, pipe) follow at their own pace, each with its own position.
type Log struct {
	mu     sync.Mutex
	events []Event
	closed bool
	wake   chan struct{} // closed and replaced on each append
	done   chan struct{} // closed at the end
}

// NewLog returns an empty log.
func NewLog() *Log { return &Log{wake: make(chan struct{}), done: make(chan struct{})} }

// Append adds an event. After an EventEnd the log is closed and further events are dropped.
func (l *Log) Append(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	if e.Kind == EventEnd && e.Receipt == nil {
		e.Receipt = &Receipt{}
	}
	l.events = append(l.events, e)
	if e.Kind == EventEnd {
		l.closed = true
		close(l.done)
	}
	close(l.wake)
	l.wake = make(chan struct{})
}

// Inherit appends the tokens that a branch shares with its parent, at once.
func (l *Log) Inherit(tokens []Token) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(tokens) == 0 {
		return
	}
	l.events = slices.Grow(l.events, len(tokens)+inheritRoom)
	for _, t := range tokens {
		l.events = append(l.events, Event{Kind: EventToken, Token: t})
	}
	close(l.wake)
	l.wake = make(chan struct{})
}

// inheritRoom is how many events of its own a branch has without a copy of what it inherited.
const inheritRoom = 64

// Done is closed when the log has ended.
func (l *Log) Done() <-chan struct{} { return l.done }

// Since returns the events from position n on and whether the log has ended. The slice is shared and must not be changed.
func (l *Log) Since(n int) (events []Event, ended bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.events[min(n, len(l.events)):len(l.events):len(l.events)], l.closed
}

// Wait blocks until there is something after position n, the log has ended, or ctx is done.
func (l *Log) Wait(ctx context.Context, n int) error {
	for {
		l.mu.Lock()
		ready, wake := len(l.events) > n || l.closed, l.wake
		l.mu.Unlock()
		if ready {
			return nil
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
