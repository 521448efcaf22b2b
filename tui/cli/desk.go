package cli

import (
	"context"
	"errors"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"s1/engine"
	_ "s1/engine/backend/cpu" // registers itself
	"s1/engine/builtin"
	"s1/engine/remote"
	"s1/engine/trace"
	"s1/sessions"
	tuiapp "s1/tui/app"
)

// desk is where the rooms meet: a model that thinks, and a recorder that keeps what it thought. It is the screen's
// Thinker and Library. The sessions are there at once, the model after open.
type desk struct {
	flags    *runFlags
	seed     uint64          // of this desk; never 0
	store    *sessions.Store // nil: nothing is kept
	recorder *sessions.Recorder
	reader   reader        // of older sessions, for searching
	thinks   thinker       // nil until open
	model    *engine.Model // the same where it is one of this machine
	limit    float64       // tokens/s that memory allows, 0 = unknown
	examples []string      // questions for a screen to offer

	labOnce sync.Once
	lab     *laboratory // nil until the screen asks for it

	guestsMu sync.Mutex
	guests   []thinker                  // opened beside it, to compare with
	hosts    map[trace.BranchID]thinker // of their branches

	closed sync.Once
	err    error
}

// newDesk opens the sessions file. Trouble with it stops the saving, not the thinking.
func (a *app) newDesk(ctx context.Context, f *runFlags) *desk {
	d := &desk{flags: f, seed: a.seed, hosts: map[trace.BranchID]thinker{}}
	if d.seed == 0 {
		d.seed = uint64(time.Now().UnixNano())%1_000_000 + 1
	}
	reason := "saving is off (--no-save)"
	if !f.noSave {
		var err error
		if d.store, err = sessions.Open(ctx, databasePath()); err != nil {
			reason = err.Error()
			a.say("not saving: %s", safeText(reason))
		} else {
			d.store.Judging(sameAnswer)
		}
	}
	d.recorder = sessions.NewRecorder(d.store, reason)
	return d
}

// open finds the model, fetches it when that is its way, and makes it ready.
func (d *desk) open(ctx context.Context, progress func(string)) error {
	if remote.Is(d.flags.model) {
		m, err := openServer(ctx, d.flags, d.seed, progress)
		if err != nil {
			return err
		}
		d.thinks = server{m}
		return nil
	}
	var bandwidth float64
	if d.flags.model != builtin.Name { // which lies in the processor's cache: memory is no limit to it
		bandwidth = memoryBandwidth(d.flags.threads, false)
	}
	p, err := loadModel(ctx, d.flags.model, engine.Options{
		Name: d.flags.model, Backend: d.flags.backend, Weights: d.flags.weights, Threads: d.flags.threads, Context: d.flags.context,
	}, progress)
	if err != nil {
		return err
	}
	p.Same = sameAnswer
	if d.model, err = engine.Assembled(p); err != nil {
		return err
	}
	d.thinks = newLocal(d.model)
	debug.FreeOSMemory() // what reading the vocabulary left behind
	if n := d.model.Info().BytesPerToken; n > 0 {
		d.limit = bandwidth * 1e9 / float64(n)
	}
	return nil
}

// Info describes the model. Its default sampling is the user's: the model's own with the flags put over it.
func (d *desk) Info() trace.ModelInfo {
	info := d.thinks.Info()
	info.Default = d.flags.sampling(info.Default, d.seed)
	info.LimitTPS, info.Examples = d.limit, d.examples
	return info
}

func (d *desk) Ask(ctx context.Context, q trace.Ask) (tuiapp.Live, error) {
	live, err := d.thinks.Ask(ctx, q)
	if err != nil {
		return nil, err
	}
	d.recorder.Run(live.Run())
	d.follow(live)
	return live, nil
}

func (d *desk) Branch(ctx context.Context, from trace.BranchID, at int, b trace.Budget, s trace.Sampling, first ...trace.Command) (tuiapp.Live, error) {
	host := d.host(from)
	live, err := host.Branch(ctx, from, at, b, s, first...)
	if err != nil {
		return nil, err
	}
	d.at(live, host)
	d.follow(live)
	return live, nil
}

func (d *desk) follow(live tuiapp.Live) {
	d.recorder.Follow(live.Run().ID, live.Branch(), live.Log())
}

func (d *desk) Saved() (bool, string) { return d.recorder.Saved() }

func (d *desk) Recent(ctx context.Context, n int) ([]tuiapp.Kept, error) {
	if d.store == nil {
		return nil, errors.New("nothing is kept: saving is off")
	}
	list, err := d.store.List(ctx, n)
	if err != nil {
		return nil, err
	}
	kept := make([]tuiapp.Kept, len(list))
	for i, m := range list {
		kept[i] = tuiapp.Kept{
			ID: m.ID, Created: m.Created.Local().Format("2006-01-02 15:04"), Model: m.Model, Prompt: m.Prompt,
			Answer: strings.TrimSpace(m.Answer), Branches: m.Branches, Tokens: m.Tokens, Closed: m.Closed,
		}
	}
	return kept, nil
}

// empty says that nothing has been kept yet.
func (d *desk) empty(ctx context.Context) bool {
	if d.store == nil {
		return false
	}
	list, err := d.store.List(ctx, 1)
	return err == nil && len(list) == 0
}

// Close ends the model, writes what is left of the sessions, and says what could not be written. It may be called twice.
func (d *desk) Close() error {
	d.closed.Do(func() {
		if d.lab != nil { // first of all: it asks the model
			d.err = d.lab.close()
		}
		if d.thinks != nil { // first: it ends every log
			d.err = errors.Join(d.err, d.thinks.Close())
		}
		d.guestsMu.Lock()
		for _, m := range d.guests {
			d.err = errors.Join(d.err, m.Close())
		}
		d.guestsMu.Unlock()
		d.err = errors.Join(d.err, d.recorder.Close())
		d.reader.close()
		if d.store != nil {
			d.err = errors.Join(d.err, d.store.Close())
		}
	})
	return d.err
}

// Reopen brings a kept run back, so that its branches can be read and gone on from.
func (d *desk) Reopen(ctx context.Context, id string) (question string, lives []tuiapp.Live, err error) {
	if d.store == nil {
		return "", nil, errors.New("nothing is kept: saving is off")
	}
	s, err := d.store.Load(ctx, id)
	if err != nil {
		return "", nil, notHere(id, err)
	}
	if lives, err = d.thinks.Restore(s.Run, savedOf(s)); err != nil {
		return "", nil, err
	}
	for i, l := range lives {
		k := s.Branches[i]
		lives[i] = annotated{Live: l, note: k.Comment, bookmarks: k.Bookmarks, worth: sessions.Worth(k.Tags)}
	}
	return s.Run.Prompt, lives, nil
}

// annotated is a branch that comes back with what was noted on it.
type annotated struct {
	tuiapp.Live
	note      string
	worth     string
	bookmarks []int
}

func (a annotated) Worth() string { return a.worth }

func (a annotated) Annotations() (note string, bookmarks []int) { return a.note, a.bookmarks }

// savedOf is a kept session as the engine takes it.
func savedOf(s sessions.Session) []trace.Saved {
	saved := make([]trace.Saved, len(s.Branches))
	for i, k := range s.Branches {
		saved[i] = trace.Saved{Branch: k.Branch, Tokens: k.Tokens, Receipt: k.Receipt, Resampled: k.Resampled}
		for _, n := range k.Notices {
			saved[i].Notices = append(saved[i].Notices, n.Text)
		}
	}
	return saved
}

var _ tuiapp.Reopener = (*desk)(nil)
