package train

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"s1/tui/plot"
	"s1/tui/text"
	"s1/tui/theme"
	"s1/tui/tuitest/frames"
)

// falling is a curve as a loss is.
func falling(n int, from float64) Curve {
	var c Curve
	for i := range n {
		c.X = append(c.X, float64(i+1))
		c.Y = append(c.Y, from*math.Exp(-float64(i)/30)+.05*math.Sin(float64(i)*1.7)+.4)
	}
	return c
}

func watched(t *theme.Theme) *Pane {
	p := &Pane{Theme: t, View: Watch}
	l := &p.Live
	l.Name, l.State, l.Running, l.Step, l.Total = "s1K-mini", "running", true, 212, 315
	l.Facts = []string{"epoch 3.4", "2,104 tok/s", "9m left", "saved at 200"}
	l.Machine = []string{"cpu 97 %", "mem 1.2 GB at most", "no GPU here"}
	l.Notes = []string{"1 step skipped"}
	l.AskedCost = "2 asked under the caps 64, none (cut at 512): at most 1408 tokens a checkpoint; 0.4 s at the last"
	l.Asked = []Asked{
		{Question: "1 37,*5,+61", Cap: 64, Said: []Said{{Step: 50, Answer: "", Verdict: "wrong"}, {Step: 100, Answer: "84", Verdict: "wrong"}, {Step: 150, Answer: "about a hundred, or so I think at least", Verdict: "wrong"}, {Step: 200, Answer: "246", Verdict: "right"}}},
		{Question: "1 37,*5,+61", Cap: -1, Said: []Said{{Step: 200, Answer: "246", Verdict: "right"}}},
		{Question: "2 what is the airspeed of an unladen swallow?", Cap: 0, Said: []Said{{Step: 200, Failed: "out of memory"}}},
	}
	l.Missing = []string{"held-out loss"}
	l.Over = []string{"old run"}
	for i, n := range []string{"loss", "learning rate", "gradient norm", "tokens/s", "share of peak speed", "entropy", "token accuracy"} {
		c := Chart{Name: n, Curve: falling(212, float64(i)+1), From: 1, To: 212, Percent: n == "token accuracy", Log: i == 2}
		if i == 0 {
			c.Smooth, c.Over = .9, []Curve{falling(300, 4)}
		}
		l.Charts = append(l.Charts, c)
	}
	return p
}

func inspected(t *theme.Theme) *Pane {
	p := &Pane{Theme: t, View: Data}
	d := &p.Rows
	d.Index, d.Of, d.Name, d.CutFrom = 2, 1000, "rows.jsonl:3", 90
	for i, w := range strings.SplitAfter(strings.Repeat("what is two plus two? think: two and two\nmake four. ", 6), " ") {
		d.Pieces = append(d.Pieces, []byte(w))
		d.Weights = append(d.Weights, []float32{0, 0, 1, 1, 4}[min(i/5, 4)])
	}
	d.Counts = []string{"1000 rows: 990 documents to train on, 10 held out; 400000 tokens, 90000 trained; 3 cut"}
	d.Long = []string{"rows.jsonl:9: 30123 tokens, the block has 20000: cut", "b: cut", "c: cut", "d: cut"}
	return p
}

var scenes = map[string]func(*theme.Theme) *Pane{
	"watch": watched,
	"zoomed": func(t *theme.Theme) *Pane {
		p := watched(t)
		p.Live.Zoomed, p.Form = true, plot.Block
		return p
	},
	"raw": func(t *theme.Theme) *Pane {
		p := watched(t)
		p.Live.ShowRaw, p.Live.Raw = true, []string{`{"step":212,"loss":0.41}`}
		return p
	},
	"not yet asked": func(t *theme.Theme) *Pane {
		p := watched(t)
		p.Live.Asked, p.Live.AskedCost = nil, "2 asked under the caps 64, none (cut at 512): at most 1408 tokens a checkpoint"
		return p
	},
	"nothing watched": func(t *theme.Theme) *Pane {
		return &Pane{Theme: t, View: Watch, Live: Live{Empty: "no run is watched: choose one, or launch one"}}
	},
	"choose": func(t *theme.Theme) *Pane {
		return &Pane{Theme: t, Chosen: Chosen{
			Fields:  []Field{{Name: "recipe", Value: "s1"}, {Name: "model", Value: "mini"}, {Name: "data", Hint: "a JSONL file"}, {Name: "out", Value: "runs/a"}},
			Cursor:  1,
			Command: []string{"s1", "train", "s1", "--model", "mini", "--data", "/data/a long name of a file/rows.jsonl", "--out", "runs/a"},
			Facts:   []Fact{{"rows", "1,000 rows, 4.7 M tokens"}, {"steps", "315"}}, Notes: []string{"a note"},
		}}
	},
	"choose trl": func(t *theme.Theme) *Pane {
		return &Pane{Theme: t, Chosen: Chosen{
			Fields:  []Field{{Name: "recipe", Value: "s1"}, {Name: "model", Value: "mini"}, {Name: "data", Value: "rows.jsonl"}, {Name: "out", Hint: "the recipe's name"}, {Name: "backend", Value: "trl"}, {Name: "python", Hint: "the recipe's own, or python3"}},
			Cursor:  4,
			Command: []string{"s1", "train", "s1", "--out", "s1", "--model", "mini", "--data", "rows.jsonl", "--backend", "trl"},
			Starts: []Command{
				{"which starts", strings.Fields("HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 TOKENIZERS_PARALLELISM=false PYTHONUNBUFFERED=1 /opt/venv/bin/python -m torch.distributed.run --nnodes 2 --nproc-per-node 8 --node-rank 0 --rdzv-id 29500 --rdzv-backend c10d --rdzv-endpoint first:29500 --rdzv-conf read_timeout=420 /runs/s1/launch/train.py /runs/s1")},
				{"to be started by hand on machine 2", strings.Fields("/opt/venv/bin/python -m torch.distributed.run --nnodes 2 --nproc-per-node 8 --node-rank 1 --rdzv-endpoint first:29500 /runs/s1/launch/train.py /runs/s1")},
			},
			Facts: []Fact{{"length", "5 epochs"}, {"learning", "adamw, rate 1e-05, cosine"}, {"saves", "at its end, and when it is stopped"}}, Notes: []string{"pinned: TRL answers no questions on the way; s1 run -m RUN/model asks the result"},
		}}
	},
	"lacking": func(t *theme.Theme) *Pane {
		return &Pane{Theme: t, Chosen: Chosen{
			Fields:  []Field{{Name: "recipe", Value: "s1"}, {Name: "backend", Value: "trl", Wrong: []string{"python3 (Python 3.11.2) has no torch, trl; python3 -m pip install torch trl, or name another interpreter in launch.python", `optimizer.kind is "muon", and TRL has adamw; set it to "adamw", or use the own trainer`}}},
			Command: []string{"s1"}, Wrong: []string{`pinned: the pinned question "x" is none that this model is trained for`}, Facts: []Fact{{"length", "5 epochs"}},
		}}
	},
	"wrong": func(t *theme.Theme) *Pane {
		return &Pane{Theme: t, Chosen: Chosen{
			Fields: []Field{{Name: "recipe", Value: "s2", Wrong: []string{`there is no preset "s2"; did you mean "s1"?`}}, {Name: "model", Hint: "the recipe's"}}, Command: []string{"s1"},
		}}
	},
	"data": inspected,
	"memory": func(t *theme.Theme) *Pane {
		return &Pane{Theme: t, View: Memory, Room: Room{
			Classes: []Class{{"weights", 4e9}, {"gradients", 4e9}, {"moments", 8e9}, {"activations", 20e9}}, Need: 36e9, Free: 24e9, Verdict: "it needs 36.0 GB and 24.0 GB are free",
			Devices: []string{"no GPU here; the own trainer computes on the CPU"}, Remedies: []Class{{"micro_tokens = 2048", 23e9}, {"LoRA", 25e9}},
		}}
	},
	"runs": func(t *theme.Theme) *Pane {
		p := &Pane{Theme: t, View: Runs}
		for i := range 30 {
			p.List.Runs = append(p.List.Runs, Run{Name: fmt.Sprint("run-", i), State: []string{"running", "stopped", "failed"}[i%3], Running: i%3 == 0, Watched: i == 3, Started: "2026-11-26 20:00", Where: "runs/a"})
		}
		return p
	},
}

func TestFrames(t *testing.T) {
	t.Parallel()
	for name, scene := range scenes {
		frames.Sizes(t, name, func(th *theme.Theme, w, h int) []string { return scene(th).Render(w, h) })
	}
}

func TestEverySizeHoldsItsShape(t *testing.T) {
	t.Parallel()
	th := theme.New(theme.Options{})
	for name, scene := range scenes {
		p := scene(th)
		for w := 0; w < 91; w += 1 + w/20 {
			for h := range 31 {
				for _, at := range []int{-3, 99} {
					p.List.Cursor, p.Chosen.Cursor, p.Live.Focus, p.Rows.Top, p.Chosen.turn = at, at, at, at, max(at, 0)
					rows := p.Render(w, h)
					if w > 0 && len(rows) != h {
						t.Fatalf("%s %dx%d: %d rows", name, w, h, len(rows))
					}
					for _, r := range rows {
						if text.Cells(r) != w {
							t.Fatalf("%s %dx%d: a row of %d cells: %q", name, w, h, text.Cells(r), r)
						}
					}
				}
			}
		}
	}
}

func TestWhatIsHostileReachesTheTerminalAsText(t *testing.T) {
	t.Parallel()
	inf, nan := math.Inf(1), math.NaN()
	values := []float64{nan, inf, -inf, 0, -1, math.MaxFloat64, -math.MaxFloat64, 5e-324, 1e300}
	var xs []float64
	for i := range values {
		xs = append(xs, float64(i))
	}
	for _, bad := range []string{"\x1b[2J\x1b]52;c;aGk=\x07", "\u202e turned", strings.Repeat("long", 1<<14), "\x00\u009b31m", "\xff\xfe", "多字节", "a\nb\tc\r", ""} {
		th := theme.New(theme.Options{})
		p := &Pane{Theme: th, Chosen: Chosen{Fields: []Field{{Name: bad, Value: bad, Wrong: []string{bad}}}, Wrong: []string{bad}, Starts: []Command{{bad, []string{bad}}}, Command: []string{bad, bad}, Facts: []Fact{{bad, bad}}, Notes: []string{bad}}}
		p.Rows = Tokens{Name: bad, Pieces: [][]byte{[]byte(bad), []byte(bad)}, Weights: []float32{float32(nan)}, Counts: []string{bad}, Long: []string{bad}}
		p.Room = Room{Classes: []Class{{bad, -5}, {bad, math.MaxInt64}}, Need: -1, Free: math.MaxInt64, Verdict: bad, Devices: []string{bad}, Remedies: []Class{{bad, 1}}}
		p.List.Runs = []Run{{Name: bad, State: bad, Where: bad, Started: bad}}
		p.Live = Live{Name: bad + "x", State: bad, Facts: []string{bad}, Machine: []string{bad}, Notes: []string{bad}, AskedCost: bad, Asked: []Asked{{Question: bad, Said: []Said{{Answer: bad, Verdict: bad}, {Failed: bad}, {Answer: bad, Verdict: bad}}}}, Missing: []string{bad}, Over: []string{bad}, Raw: []string{bad}}
		for _, log := range []bool{false, true} {
			p.Live.Charts = append(p.Live.Charts, Chart{Name: bad, Unit: bad, Curve: Curve{xs, values}, Over: []Curve{{xs, values}, {xs[:2], values}}, From: -inf, To: inf, Log: log, Smooth: .9}, Chart{Curve: Curve{xs, values}, To: 8, Log: log})
		}
		for v := range Views {
			p.View = v
			for _, raw := range []bool{false, true} {
				p.Live.ShowRaw = raw
				for _, l := range p.Render(100, 30) {
					if text.Cells(l) != 100 {
						t.Errorf("%v: a row of %d cells: %q", v, text.Cells(l), l)
					}
					if strings.ContainsAny(ansi.Strip(l), "\x1b\x07\x00\u202e\u009b\n\r\t") {
						t.Errorf("%v: control characters reach the terminal: %q", v, l)
					}
				}
			}
		}
	}
}

func TestSmoothingKeepsALevelAndCalmsAPeak(t *testing.T) {
	t.Parallel()
	for _, v := range smooth([]float64{2, 2, 2, 2}, .9) {
		if math.Abs(v-2) > 1e-12 {
			t.Errorf("a level of 2 became %v", v)
		}
	}
	if got := smooth([]float64{0, 0, 0, 10, 0}, .9)[3]; got <= 0 || got >= 5 {
		t.Errorf("a peak of 10 became %v", got)
	}
}

func TestMaskedAndTrainedAreToldApartWithoutColour(t *testing.T) {
	t.Parallel()
	for ascii, want := range map[bool]string{false: "·what ", true: ".what "} {
		p := inspected(theme.New(theme.Options{NoColor: true, ASCII: ascii}))
		frame := ansi.Strip(strings.Join(p.Render(80, 24), "\n"))
		if !strings.Contains(frame, want) || !strings.Contains(frame, map[bool]string{false: "▸two ", true: ">two "}[ascii]) {
			t.Errorf("ascii %v:\n%s", ascii, frame)
		}
	}
	p := inspected(theme.New(theme.Options{NoColor: true}))
	p.Rows.Top = 999
	if frame := ansi.Strip(strings.Join(p.Render(60, 12), "\n")); !strings.Contains(frame, "cut here") {
		t.Errorf("the cut is not shown at the end:\n%s", frame)
	}
}
