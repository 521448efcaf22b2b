package app_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"s1/engine/trace"
	"s1/tui/app"
	"s1/tui/keys"
	"s1/tui/tuitest"
)

var storyBudget = trace.Budget{Cap: -1, WaitText: "Wait", AnswerCap: 64}

// tapeThatKnows is the scripted tape with its right answer known.
func tapeThatKnows(answer string) *tuitest.Fake {
	s := tuitest.Tape()
	s.Answers = [][]string{{"84"}, {"79"}}
	f := tuitest.NewFake(s)
	f.Expect, f.Replay = answer, true
	return f
}

type handClock struct{ at time.Time }

func (c *handClock) now() time.Time { return c.at }

// staged is a screen that plays a story under a clock of its own.
func staged(t *testing.T, f *tuitest.Fake, w, h int, steps []app.Step, change func(*app.Options)) (*tuitest.Driver, *handClock) {
	t.Helper()
	c := &handClock{time.Unix(1, 0)}
	d := tuitest.Start(t, f, w, h, func(o *app.Options) {
		o.Budget, o.Now = storyBudget, c.now
		o.Story = func(context.Context, app.Thinker) ([]app.Step, error) { return steps, nil }
		if change != nil {
			change(o)
		}
	})
	return d, c
}

func TestTheStoryPlaysToItsEndAndEveryCaptionIsSeen(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{80, 24}, {110, 30}, {40, 10}} {
		f := tapeThatKnows("79")
		d, c := staged(t, f, size[0], size[1], app.Tale{Question: question, Found: true, Tried: 3, Of: 100, Least: 40}.Steps(), nil)
		want := []string{
			"tried just now: example 3 of 100, the first of 40+ tokens where it happens", "the model begins to think", "the thought streams", "it closed its thought by itself after 11 tokens: 84, wrong",
			"c, 5: the same thought, closed at half", "it had to answer: 84, wrong", "w: in place of that close", "one Wait repaired the answer: 79, right", "x: the two side by side",
			"x again", "that was the story",
		}
		if size[0] == 40 { // cut off at the edge, and nothing worse
			want = []string{"tried just now: example 3 of 100", "that was the story"}
		}
		for ticks := 0; len(want) > 0; ticks++ {
			if strings.Contains(d.Frame(), want[0]) {
				want = want[1:]
			}
			if ticks > 500 {
				t.Fatalf("%v: never shows %q:\n%s", size, want[0], d.Frame())
			}
			c.at = c.at.Add(time.Second / 2)
			f.Advance(1)
			d.Pull()
		}
		if took := c.at.Sub(time.Unix(1, 0)); took < 40*time.Second || took > 3*time.Minute {
			t.Errorf("it took %v", took)
		}
		if !strings.Contains(d.Frame(), "B") && size[0] > 100 {
			t.Errorf("the branches are gone:\n%s", d.Frame())
		}
		d.Do(keys.Another).Press("esc")
	}
}

func TestAnyKeyTakesTheStoryOver(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"p", "esc", "enter", " ", "ctrl+c"} {
		f := tapeThatKnows("79")
		d, c := staged(t, f, 110, 30, app.Tale{Question: question}.Steps(), nil)
		for range 100 {
			c.at = c.at.Add(100 * time.Millisecond)
			d.Pull()
		}
		d.Advance(3).Expect("thinking", "thought streams").Press(key)
		if key == "ctrl+c" {
			d.Expect("ctrl+c again quits")
			continue
		}
		d.Expect("you have it now").Refute("paused")
		c.at = c.at.Add(time.Hour)
		d.Advance(9999).Refute("closed its thought").Do(keys.Wait).Pull().Expect("B of 2")
	}
}

func TestAStoryThatCanNotGoOnSaysWhy(t *testing.T) {
	t.Parallel()
	d, _ := staged(t, tapeThatKnows("79"), 110, 30, []app.Step{{Say: "wait for what", Do: keys.Wait}}, nil)
	d.Pull().Expect("the story can not go on: nothing has been asked yet")
	f := tapeThatKnows("79")
	f.Refuse = errors.New("no room")
	d, c := staged(t, f, 110, 30, app.Tale{Question: question}.Steps(), nil)
	c.at = c.at.Add(time.Minute)
	d.Pull().Pull().Expect("could not ask: no room").Refute("begins to think")
	d = tuitest.Start(t, tapeThatKnows("79"), 110, 30, func(o *app.Options) {
		o.Story = func(context.Context, app.Thinker) ([]app.Step, error) { return nil, errors.New("no question") }
	})
	d.Expect("there is no story: no question").Ask(question).Advance(9999).Expect("84")
}

func TestTheCaptionsFitASmallScreenAndNameTheUsersKeys(t *testing.T) {
	t.Parallel()
	m, err := keys.New(keys.Overrides{"wait": {"f5"}})
	if err != nil {
		t.Fatal(err)
	}
	f := tapeThatKnows("79")
	d, c := staged(t, f, 80, 24, app.Tale{Question: question, Tried: 100, Of: 100}.Steps(), func(o *app.Options) { o.Keys = m })
	seen := ""
	for range 250 {
		c.at = c.at.Add(time.Second / 2)
		f.Advance(1)
		d.Pull()
		for _, row := range strings.Split(d.Frame(), "\n") {
			if ansi.StringWidth(row) > 80 {
				t.Fatalf("a row of %d cells: %q", ansi.StringWidth(row), row)
			}
		}
		seen += d.Frame()
	}
	for _, s := range []string{"f5: in place of that close, the word Wait; and it thinks on", "on none did a Wait repair a cap; see what happens instead", "it closed its thought by itself after 11 tokens: 84, wrong", "from the token at which they part"} {
		if !strings.Contains(seen, s) {
			t.Errorf("%q was never seen whole", s)
		}
	}
}

func TestRehearsingFindsTheQuestionOnWhichItHappensByTrying(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		about, expect string
		right         map[string]string // the right answer to a question; the others have expect
		least         int
		want          app.Tale
	}{
		{"the third", "no", map[string]string{"c": "79"}, 11, app.Tale{Question: "c", Found: true, Tried: 3, Of: 4, Least: 11}},
		{"the first", "79", nil, 0, app.Tale{Question: "a", Found: true, Tried: 1, Of: 4}},
		{"none: the thoughts are too short", "79", nil, 12, app.Tale{Question: "a", Tried: 4, Of: 4, Least: 12}},
		{"none: the cap does no harm", "84", nil, 0, app.Tale{Question: "a", Tried: 4, Of: 4}},
		{"none: the right answer is not known", "", nil, 0, app.Tale{Question: "a", Tried: 4, Of: 4}},
	} {
		f := &quick{tapeThatKnows(""), c.right, c.expect}
		got, err := app.Rehearse(t.Context(), f, []string{"a", "b", "c", "d"}, c.least, storyBudget, trace.Sampling{})
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v, want %+v", c.about, got, err, c.want)
		}
	}
	f := &quick{tapeThatKnows(""), nil, ""}
	f.Refuse = errors.New("no room")
	if _, err := app.Rehearse(t.Context(), f, []string{"a"}, 0, storyBudget, trace.Sampling{}); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("got %v", err)
	}
	if _, err := app.Rehearse(t.Context(), f, nil, 0, storyBudget, trace.Sampling{}); err == nil {
		t.Error("no question is no error")
	}
}

// quick is a scripted model whose branches run to their end at once, with a right answer to each question.
type quick struct {
	*tuitest.Fake
	right  map[string]string
	expect string
}

func (q *quick) Ask(ctx context.Context, a trace.Ask) (app.Live, error) {
	q.Expect = q.expect
	if r, ok := q.right[a.Prompt]; ok {
		q.Expect = r
	}
	live, err := q.Fake.Ask(ctx, a)
	q.Advance(9999)
	return live, err
}

func (q *quick) Branch(ctx context.Context, from trace.BranchID, at int, b trace.Budget, s trace.Sampling, first ...trace.Command) (app.Live, error) {
	live, err := q.Fake.Branch(ctx, from, at, b, s, first...)
	q.Advance(9999)
	return live, err
}

// lengthened is the same model with a thought that is worth watching.
func lengthened(f *tuitest.Fake) *tuitest.Fake {
	f.Script.Thoughts[0] = tuitest.Words(strings.Repeat("one two three four\n", 8))
	return f
}

func TestTheStoryInLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		expect string
		want   []string
	}{
		{"79", []string{"[story] tried just now: example 1 of 2", "[story] a question: a", "[thinking]", "[receipt]", "[story] capped at half of that thought, 20 tokens", "[cap]", "wrong (expected 79)", "[story] instead of that close", "[yours] Wait", "right (expected 79)", "[story] it checked its lines; one Wait repaired the answer: 79, right"}},
		{"5", []string{"[story] tried 2: on none did a Wait repair a cap", "this time the Wait did not repair it: 79, wrong"}},
		{"", []string{"the Wait changed the answer; which one is right is not known here"}},
	} {
		var out bytes.Buffer
		if err := app.PlainStory(t.Context(), &out, &quick{lengthened(tapeThatKnows("")), nil, c.expect}, func(t app.Thinker) app.Thinker { return t }, []string{"a", "b"}, storyBudget, trace.Sampling{}); err != nil {
			t.Fatal(err)
		}
		rest := out.String()
		for _, part := range c.want {
			_, after, ok := strings.Cut(rest, part)
			if !ok {
				t.Errorf("%q is missing (or too early) in\n%s", part, out.String())
			}
			rest = after
		}
	}
}
