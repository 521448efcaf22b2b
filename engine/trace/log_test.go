package trace

import (
	"context"
	"testing"
)

func TestALogInheritsEndsAndDropsWhatComesLater(t *testing.T) {
	t.Parallel()
	l := NewLog()
	waited := make(chan error, 1)
	go func() { waited <- l.Wait(context.Background(), 0) }()
	l.Inherit([]Token{{Index: 0, ID: 7}, {Index: 1, ID: 8}})
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	select {
	case <-l.Done():
		t.Error("done before the end")
	default:
	}
	l.Append(Event{Kind: EventToken, Token: Token{Index: 2}})
	l.Append(Event{Kind: EventEnd})
	<-l.Done()
	l.Append(Event{Kind: EventNotice})
	l.Inherit([]Token{{}})
	events, ended := l.Since(0)
	if !ended || len(events) != 4 || events[1].Token.ID != 8 || events[2].Token.Index != 2 || events[3].Receipt == nil {
		t.Errorf("%v, %+v", ended, events)
	}
}
