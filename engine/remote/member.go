package remote

import (
	"context"
	"fmt"
	"time"
)

// member is a server of a pool with how it stands. The pool's lock holds for all of it.
type member[T any] struct {
	Member[T]
	number int
	h      Health
	row    int   // faults since the last item that went well
	doubt  doubt // refusals since then
	ready  bool
	trying bool // one slot asks whether it is ready, or has the one item that will tell
}

// doubt is about whether a refusal was the item's fault or the server's: the first is taken for the item's.
type doubt int

func (d *doubt) first() bool {
	*d++
	return *d == 1
}

// admit waits until a server may have an item. trial: it has failed, and is to show with this one that it is back.
func (p *Pool[T]) admit(ctx context.Context, end context.CancelFunc, m *member[T]) (trial, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case ctx.Err() != nil || p.q.left() == 0 || m.h.Out:
			return false, false
		case m.row == 0 && m.ready:
			return false, true
		case m.trying:
			p.changed.Wait()
		default:
			m.trying = true
			if p.comeBack(ctx, end, m) {
				return m.row > 0, true
			}
			p.changed.Broadcast()
		}
	}
}

// comeBack rests and asks a server whether it is ready. It is called with the lock held, and gives it up meanwhile.
func (p *Pool[T]) comeBack(ctx context.Context, end context.CancelFunc, m *member[T]) bool {
	d := p.o.Rest << min(max(m.row-1, 0), 16)
	if d > maxRest || d <= 0 {
		d = maxRest
	}
	if m.row == 0 {
		d = 0
	}
	p.mu.Unlock()
	err := p.rest(ctx, d)
	if err == nil && m.Ready != nil {
		err = m.Ready(ctx)
	}
	p.mu.Lock()
	say := ""
	switch {
	case ctx.Err() != nil || p.q.left() == 0:
		m.trying = false
		return false
	case err == nil:
		m.ready = true
		m.trying = m.row > 0
		p.changed.Broadcast()
		return true
	case Transport(err):
		say = p.fault(m, err, true)
	default:
		m.h.Out, m.h.Last = true, err.Error()
		say = fmt.Sprintf("%s is left out: %v", m.Name, err)
		p.allOut(end)
	}
	m.trying = false
	p.impatient(end)
	p.mu.Unlock()
	if say != "" {
		p.o.Tell(say)
	}
	p.mu.Lock()
	return false
}

// rest waits; it ends early when nothing is left to do.
func (p *Pool[T]) rest(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return ctx.Err()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	over := make(chan struct{})
	go func() { // the last item may end while this server rests
		defer close(over)
		p.mu.Lock()
		defer p.mu.Unlock()
		for ctx.Err() == nil && p.q.left() > 0 {
			p.changed.Wait()
		}
		cancel()
	}()
	err := p.o.Sleep(ctx, d)
	cancel()
	p.set(p.changed.Broadcast)
	<-over
	return err
}

// fault notes that a server failed, and gives what a user should know of it.
func (p *Pool[T]) fault(m *member[T], err error, rests bool) (say string) {
	m.h.Failed++
	m.h.Last = err.Error()
	if !rests {
		return ""
	}
	m.row++
	m.ready = m.Ready == nil
	m.h.Resting = true
	if m.row == downAfter {
		say = fmt.Sprintf("%s fails: %v; its questions go to the others", m.Name, err)
	}
	for _, other := range p.members {
		if !other.h.Out && other.row < downAfter {
			return say
		}
	}
	if p.down.IsZero() {
		p.down = p.o.Now()
		return fmt.Sprintf("no server answers: %s. This waits up to %v for one to come back; what is done is kept", p.lasts(), p.o.Patience)
	}
	return ""
}

// impatient ends the run where every server has been failing for too long.
func (p *Pool[T]) impatient(end context.CancelFunc) {
	if p.stop == nil && !p.down.IsZero() && p.o.Now().Sub(p.down) > p.o.Patience {
		p.stop = fmt.Errorf("%w for %v: %s", ErrDown, p.o.Patience, p.lasts())
		end()
	}
}

// well notes that a server did an item.
func (p *Pool[T]) well(m *member[T]) (say string) {
	if m.row >= downAfter {
		say = fmt.Sprintf("%s is back", m.Name)
	}
	m.row, m.doubt, m.h.Resting, p.down = 0, 0, false, time.Time{}
	return say
}

// allOut ends the run where no server may be used.
func (p *Pool[T]) allOut(end context.CancelFunc) {
	for _, m := range p.members {
		if !m.h.Out {
			return
		}
	}
	p.stop = fmt.Errorf("no server can be used: %s", p.lasts())
	end()
}

func (p *Pool[T]) lasts() (s string) {
	for i, m := range p.members {
		if i > 0 {
			s += "; "
		}
		s += m.Name + ": " + m.h.Last
	}
	return s
}
