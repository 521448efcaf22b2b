package app

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
)

type lineTyped struct{ text string }

type linesEnded struct{}

type interrupted struct{}

// RunTalk holds a conversation until the user quits, the lines end and the last run with them, or ctx ends. A reader that
// can be cancelled (Cancel() bool) is, and its goroutine has ended when RunTalk returns.
func RunTalk(ctx context.Context, in io.Reader, w io.Writer, opt Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := NewTalk(ctx, w, opt)
	p := tea.NewProgram(t, tea.WithContext(ctx), tea.WithInput(nil), tea.WithOutput(io.Discard), tea.WithoutRenderer(), tea.WithoutSignalHandler())

	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	go func() { // until ctx ends
		for {
			select {
			case s := <-signals:
				if s == os.Interrupt {
					p.Send(interrupted{})
				} else {
					p.Quit()
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	read := make(chan struct{})
	go func() { // until the lines end or are cancelled
		defer close(read)
		lines := bufio.NewScanner(in)
		lines.Buffer(nil, maxLine)
		for lines.Scan() {
			p.Send(lineTyped{lines.Text()})
		}
		p.Send(linesEnded{})
	}()
	_, err := p.Run()
	if c, ok := in.(interface{ Cancel() bool }); ok && c.Cancel() {
		<-read
	}
	for _, b := range t.branches {
		if b.running() {
			b.live.Send(trace.Command{Kind: trace.CommandStop})
		}
	}
	switch {
	case t.failed != nil:
		return t.failed
	case errors.Is(err, tea.ErrInterrupted) || errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil:
		return nil
	}
	return err
}

// maxLine is the longest line that is read, in bytes: far more than any context holds.
const maxLine = 8 << 20
