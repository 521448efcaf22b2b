package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"s1/engine/explore"
	"s1/engine/trace"
	"s1/sessions"
	tuiapp "s1/tui/app"
)

// usualSpeed is how fast a run is played where nothing else is said, in tokens per second.
const usualSpeed = 30

func (a *app) replayCommand() *cobra.Command {
	f := usual()
	var look screenFlags
	var check bool
	var speed string
	cmd := &cobra.Command{
		Use: "replay ID", Short: "Play a kept run again, or carry it out again and compare", Args: cobra.ExactArgs(1),
		Long: "Plays the newest branch of a kept run as it was thought, at any speed; keys pause, step and take over.\n" +
			"--check carries every branch out again with its model and says up to which token they are the same; exit 1 where they part.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			if check {
				return a.checkReplay(cmd.Context(), &f, cmd.Flags().Changed("model"), args[0])
			}
			f.pace = speed
			pace, err := f.tokensPerSecond()
			if err != nil {
				return usagef("--speed %q: a number of tokens per second, or max", speed)
			}
			if look.plain || dumb() || !a.onTerminal() {
				return a.playPlain(cmd.Context(), args[0], pace)
			}
			f.session = args[0]
			return a.openScreen(cmd.Context(), &f, &look, "", func(o *tuiapp.Options) { o.Replay, o.Pace = true, pace })
		},
	}
	f.modelFlags.register(cmd.Flags())
	f.keeping(cmd.Flags())
	look.register(cmd.Flags())
	cmd.Flags().BoolVar(&check, "check", false, "carry it out again and compare, token by token")
	cmd.Flags().StringVar(&speed, "speed", fmt.Sprint(usualSpeed), "tokens per second, or max")
	return cmd
}

// playPlain plays the newest branch as a stream of lines. It needs no model.
func (a *app) playPlain(ctx context.Context, id string, pace int) error {
	var s sessions.Session
	err := a.withStore(ctx, func(st *sessions.Store) (err error) {
		s, err = st.Load(ctx, id)
		return notHere(id, err)
	})
	if err != nil {
		return err
	}
	saved := savedOf(s)
	if len(saved) == 0 {
		return fmt.Errorf("session %s holds no branch", id)
	}
	last := saved[len(saved)-1]
	path := map[trace.BranchID][]trace.Token{}
	for _, b := range saved {
		own := path[b.Branch.Parent]
		path[b.Branch.ID] = append(own[:min(b.Branch.At, len(own)):min(b.Branch.At, len(own))], b.Tokens...)
	}
	log := trace.NewLog()
	log.Append(trace.Event{Kind: trace.EventBudget, Budget: &last.Branch.Budget})
	for _, t := range path[last.Branch.ID] {
		log.Append(trace.Event{Kind: trace.EventToken, Token: t})
	}
	log.Append(trace.Event{Kind: trace.EventEnd, Receipt: last.Receipt})
	return tuiapp.Plain(ctx, a.out, sameAnswer, tuiapp.Play(ctx, last.Branch, s.Run, log, pace))
}

// agreement is what a check says of one branch.
type agreement struct {
	Branch    string `json:"branch"`
	Same      int    `json:"same"`  // tokens
	Of        int    `json:"of"`    //
	Drawn     int    `json:"drawn"` // of the same ones; the others were fed
	Identical bool   `json:"identical"`
	Reason    string `json:"reason,omitempty"`
	Stored    *int32 `json:"stored,omitempty"` // ids where the two part
	Now       *int32 `json:"now,omitempty"`
	Error     string `json:"error,omitempty"`
}

func (a *app) checkReplay(ctx context.Context, f *runFlags, named bool, id string) error {
	f.noSave = true
	var s sessions.Session
	err := a.withStore(ctx, func(st *sessions.Store) (err error) {
		s, err = st.Load(ctx, id)
		return notHere(id, err)
	})
	if err != nil {
		return err
	}
	if err := notCheckable(s); err != nil {
		return err
	}
	if !named {
		f.model = s.Run.Model
	}
	d := a.newDesk(ctx, f)
	defer d.Close() // nothing was kept
	if err := d.open(ctx, a.progress()); err != nil {
		return fmt.Errorf("session %s was made by %s, and it could not be opened (-m names another place): %w", id, safeText(s.Run.Model), err)
	}
	saved := savedOf(s)
	parted := 0
	for _, b := range saved {
		began := time.Now()
		got, err := explore.Replay(ctx, d.model, s.Run, saved, b.Branch.ID)
		r := agreement{Branch: string(b.Branch.ID), Same: got.Same, Of: got.Of, Drawn: got.Drawn, Identical: err == nil && got.Same == got.Of, Reason: got.Reason}
		if err != nil {
			r.Error = err.Error()
		} else if !r.Identical {
			r.Stored, r.Now = &got.Stored, &got.Now
		}
		if !r.Identical {
			parted++
		}
		if a.json {
			err = a.printJSON(r)
		} else {
			err = a.sayAgreement(r, d, time.Since(began))
		}
		if err != nil {
			return err
		}
	}
	if parted > 0 {
		return fmt.Errorf("%d of %d branches of %s are not identical", parted, len(saved), id)
	}
	return nil
}

func (a *app) sayAgreement(r agreement, d *desk, took time.Duration) error {
	switch {
	case r.Error != "":
		_, err := fmt.Fprintf(a.out, "%s  could not be carried out again: %s\n", r.Branch, safeText(r.Error))
		return err
	case r.Identical:
		_, err := fmt.Fprintf(a.out, "%s  identical, %d of %d tokens, %d of them drawn again (%.1f s)\n", r.Branch, r.Same, r.Of, r.Drawn, took.Seconds())
		return err
	}
	_, err := fmt.Fprintf(a.out, "%s  identical up to token %d of %d: then %q was kept, and %q comes now; %s\n", r.Branch, r.Same, r.Of,
		safeText(string(d.model.Piece(*r.Stored))), safeText(string(d.model.Piece(*r.Now))), safeText(r.Reason))
	return err
}
