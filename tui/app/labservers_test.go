package app_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"s1/tui/app"
	"s1/tui/tuitest"
)

const twoServers = "http://a:1/v1 http://b:2/v1"

// servers types them into the form and waits for what they are.
func servers(d *tuitest.Driver, typed string) *tuitest.Driver {
	return d.Press("down", "down", "down", "down", "enter", "ctrl+u").Type(typed).Press("enter")
}

func TestServersOfTheFormStandThereBeforeTheStart(t *testing.T) {
	t.Parallel()
	l, d := inLab(t)
	l.looks = func(context.Context) ([]app.LabServer, error) {
		return []app.LabServer{{Name: "a:1", Model: "deep", Badge: "exact", Route: "completions by ids"}, {Name: "b:2", Fault: "not there: refused; taken in when it is"}}, nil
	}
	servers(d, twoServers).Pull().Expect("a:1", "exact", "deep", "b:2", "not there: refused; taken in when it is", "f forecast")
	if len(l.asked) != 1 || l.asked[0]["model"] != twoServers {
		t.Fatalf("asked %v", l.asked)
	}
	d.Press("f").Pull().Expect("forecast from 4 of 20", "a:1", "exact").Press("s").Pull().Expect("n 10 of 20")
	if l.values["model"] != twoServers {
		t.Errorf("started with %v", l.values)
	}
	// A folder says nothing of who is asked next: what lies there must not decide it.
	d.Press("o", "ctrl+u").Type("there").Press("enter").Pull().Press("n").Expect("a:1", "http://b:2")
	if len(l.asked) != 1 {
		t.Errorf("asked %d times", len(l.asked))
	}
	// The open model again: no servers, and nobody is asked.
	servers(d, "mini").Pull().Refute("a:1", "b:2")
	if len(l.asked) != 1 {
		t.Errorf("asked %d times", len(l.asked))
	}
}

func TestAskingServersIsSaidAndStopped(t *testing.T) {
	t.Parallel()
	l, d := inLab(t)
	l.looks = func(ctx context.Context) ([]app.LabServer, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	d.Press("down", "down", "down", "down", "enter", "ctrl+u").Type(twoServers).Beside("enter")
	d.Await("the servers are asked", func(f string) bool { return strings.Contains(f, "asking the servers what they can do") })
	d.Press("s").Expect("one moment: asking the servers", "esc stops that").Press("f").Expect("it is under way").Press("esc")
	d.Await("it is stopped", func(f string) bool { return strings.Contains(f, "the servers were not asked") })
	d.Refute("asking the servers").Expect("accuracy against thinking tokens")

	l.looks = func(context.Context) ([]app.LabServer, error) { return nil, errors.New("no route") }
	d.Press("enter").Press("enter").Pull().Expect("no route")
}

func TestHostileServersAreShownSafely(t *testing.T) {
	t.Parallel()
	for name, evil := range tuitest.Hostile() {
		evil = evil[:min(len(evil), 1<<9)]
		l, d := inLab(t)
		l.looks = func(context.Context) ([]app.LabServer, error) {
			return []app.LabServer{{Name: evil, Model: evil, Badge: evil, Route: evil}, {Name: evil, Fault: evil}}, errors.New(evil)
		}
		servers(d, twoServers).Pull()
		for _, size := range [][2]int{{40, 12}, {80, 24}, {120, 40}} {
			d.Resize(size[0], size[1])
			exactly(t, name, d, size[0], size[1])
		}
		l.looks = func(context.Context) ([]app.LabServer, error) {
			return []app.LabServer{{Name: evil, Model: evil, Badge: evil, Route: evil}, {Name: evil, Fault: evil}}, nil
		}
		d.Press("enter").Press("enter").Pull()
		for _, size := range [][2]int{{40, 12}, {80, 24}, {120, 40}} {
			d.Resize(size[0], size[1])
			exactly(t, name, d, size[0], size[1])
		}
	}
}
