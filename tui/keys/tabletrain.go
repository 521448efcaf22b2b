package keys

// The keys of training in two groups: each fits a page of the help on a small screen.
const (
	groupTrain      = "In training"
	groupTrainWatch = "Watching a training"
)

// What the keys of training do.
const (
	Training        Action = "training"
	TrainChoose     Action = "train-choose"
	TrainData       Action = "train-data"
	TrainMemory     Action = "train-memory"
	TrainWatch      Action = "train-watch"
	TrainRuns       Action = "train-runs"
	TrainNext       Action = "train-next-page"
	TrainBack       Action = "train-page-before"
	TrainEnter      Action = "train-enter"
	TrainUp         Action = "train-up"
	TrainDown       Action = "train-down"
	TrainLeft       Action = "train-left"
	TrainRight      Action = "train-right"
	TrainLaunch     Action = "train-launch"
	TrainCopy       Action = "train-copy"
	TrainStop       Action = "train-stop"
	TrainCheckpoint Action = "train-checkpoint"
	TrainResume     Action = "train-resume"
	TrainBest       Action = "train-best"
	TrainPair       Action = "train-compare"
	TrainPin        Action = "train-pin"
	TrainUnpin      Action = "train-unpin"
	TrainLog        Action = "train-log"
	TrainSmooth     Action = "train-smooth"
	TrainOver       Action = "train-overlay"
	TrainFilter     Action = "train-filter"
	TrainPageNext   Action = "train-charts-next"
	TrainPageBack   Action = "train-charts-before"
	TrainIn         Action = "train-zoom-in"
	TrainOut        Action = "train-zoom-out"
	TrainRaw        Action = "train-raw"
	TrainForm       Action = "train-form"
	TrainReset      Action = "train-reset"
	TrainClose      Action = "train-close"
)

// TrainState is what the table must know of the pane of training.
type TrainState struct {
	Can       bool // there is a trainer
	Open      bool
	Choosing  bool // the first page is in view
	Watching  bool // the page of a run is in view
	Listing   bool // the page of the runs is in view
	Run       bool // a run is watched
	Running   bool // and has not ended
	Resumable bool
	Saved     bool   // there are weights of it
	SavesOn   bool   // it saves without ending
	NoSave    string // why it cannot be saved while it runs
	Requeues  bool   // it runs in a queue, and can save and queue again
	Pinned    bool   // a question is pinned for the next launch
	Ready     bool   // what is chosen can be launched
}

func needTrainRun(s State) string {
	if !s.Train.Run {
		return "no run is watched: {train-runs} lists them, {train-launch} launches one"
	}
	return ""
}

func needTrainRunning(s State) string {
	if why := needTrainRun(s); why != "" {
		return why
	}
	if !s.Train.Running {
		return "this run has ended: {train-resume} goes on with one that was stopped"
	}
	return ""
}

func needTrainSaved(s State) string {
	if why := needTrainRun(s); why != "" {
		return why
	}
	if !s.Train.Saved {
		return "there is no checkpoint of this run"
	}
	return ""
}

func needTrainResumable(s State) string {
	t := s.Train
	switch why := needTrainRun(s); {
	case why != "":
		return why
	case t.Running && !t.Resumable && !t.Requeues: // resumable too: it is suspended
		return "it runs"
	case !t.Running && !t.Resumable:
		return "this run came to its end: there is nothing to go on with"
	case !t.Running && !t.Saved:
		return "there is no checkpoint to go on from: {train-choose} and {train-launch} begin again"
	}
	return ""
}

func trainRows() []Binding {
	return []Binding{
		{Training, []string{"ctrl+t"}, "training", "Fine-tuning: choose, look at the data and the memory, launch, watch", groupApp, Anywhere &^ Train, func(s State) string {
			if !s.Train.Can {
				return "there is no trainer in this screen"
			}
			return ""
		}},
		{TrainChoose, []string{"1"}, "choose", "What to train, and where: recipe, model, data, folder, backend", groupTrain, Train, nil},
		{TrainData, []string{"2"}, "data", "The rows, token by token: what is trained, what is masked, what does not fit", groupTrain, Train, nil},
		{TrainMemory, []string{"3"}, "memory", "What it takes, class by class, against what is free", groupTrain, Train, nil},
		{TrainWatch, []string{"4"}, "watch", "The curves of a run", groupTrain, Train, nil},
		{TrainRuns, []string{"5"}, "runs", "The runs there are", groupTrain, Train, nil},
		{TrainNext, []string{"]"}, "next page", "The next page of the pane", groupTrain, Train, nil},
		{TrainBack, []string{"["}, "page before", "The page before", groupTrain, Train, nil},
		{TrainEnter, []string{"enter"}, "change", "Change the field, watch the run, or give the chosen curve the page", groupTrain, Train, func(s State) string {
			if t := s.Train; !t.Choosing && !t.Watching && !t.Listing {
				return "there is nothing to change on this page: {train-choose} is the one of the choice"
			}
			return ""
		}},
		{TrainUp, []string{"up", "shift+tab"}, "up", "Up: a field, a line, a run, the curve before", groupTrain, Train, nil},
		{TrainDown, []string{"down", "tab"}, "down", "Down: a field, a line, a run, the next curve", groupTrain, Train, nil},
		{TrainLeft, []string{"left", "h"}, "before", "The preset, the backend or the row before; in a curve, earlier steps", groupTrain, Train, nil},
		{TrainRight, []string{"right", "l"}, "next", "The next preset, backend or row; in a curve, later steps", groupTrain, Train, nil},
		{TrainLaunch, []string{"L"}, "launch", "Start the command that is shown, as a job of its own that outlives this screen", groupTrain, Train, func(s State) string {
			if !s.Train.Ready {
				return "this choice cannot be launched: {train-choose} says why"
			}
			return ""
		}},
		{TrainPin, []string{"p"}, "pin a question", "A question that the model answers at each checkpoint of the next launch, under each cap of the recipe", groupTrain, Train, nil},
		{TrainUnpin, []string{"P"}, "unpin", "Take the last pinned question away", groupTrain, Train, func(s State) string {
			if !s.Train.Pinned {
				return "no question is pinned: {train-pin} pins one"
			}
			return ""
		}},
		{TrainCopy, []string{"c"}, "copy", "Copy the command, where the terminal takes it; again, what it starts in its turn", groupTrain, Train, nil},
		{TrainStop, []string{"s"}, "stop and save", "Finish the micro-batch, save, and end; pressed again while it does, abort", groupTrainWatch, Train, needTrainRunning},
		{TrainCheckpoint, []string{"k"}, "checkpoint now", "Save now: TRL saves and goes on; the own trainer saves by ending, and is started again at once with the same bits", groupTrainWatch, Train, func(s State) string {
			if why := needTrainRunning(s); why != "" {
				return why
			}
			return s.Train.NoSave
		}},
		{TrainResume, []string{"r"}, "resume", "Go on from the newest checkpoint, or where it was suspended; what runs in a queue saves, and queues again", groupTrainWatch, Train, needTrainResumable},
		{TrainBest, []string{"b"}, "keep the best", "Make a model of the best checkpoint, or of the newest where none was kept as the best", groupTrainWatch, Train, needTrainSaved},
		{TrainPair, []string{"v"}, "compare with base", "Ask the base and the newest weights the same question, side by side", groupTrainWatch, Train, needTrainSaved},
		{TrainLog, []string{"y"}, "log scale", "The chosen curve on a logarithmic scale, or not", groupTrainWatch, Train, nil},
		{TrainSmooth, []string{"m"}, "smooth", "More smoothing, and then none", groupTrainWatch, Train, nil},
		{TrainOver, []string{"o"}, "overlay", "Lay the curves of another run over these, or take them away", groupTrainWatch, Train, needTrainRun},
		{TrainFilter, []string{"/"}, "filter", "Only curves whose name holds a word", groupTrainWatch, Train, nil},
		{TrainPageNext, []string{"n", "pgdown"}, "more curves", "The next page of curves, or of lines", groupTrainWatch, Train, nil},
		{TrainPageBack, []string{"N", "pgup"}, "curves before", "The page before", groupTrainWatch, Train, nil},
		{TrainIn, []string{"+", "="}, "zoom in", "Fewer steps: the newest half of what is shown", groupTrainWatch, Train, nil},
		{TrainOut, []string{"-"}, "zoom out", "More steps", groupTrainWatch, Train, nil},
		{TrainRaw, []string{"i"}, "record", "The record of the newest step, and the end of the log", groupTrainWatch, Train, nil},
		{TrainForm, []string{"g"}, "glyphs", "Curves of braille, of blocks, or in ASCII", groupTrainWatch, Train, nil},
		{TrainReset, []string{"0"}, "reset", "All steps, all curves, as measured", groupTrainWatch, Train, nil},
		{TrainClose, []string{"esc", "ctrl+t"}, "close", "Back one level, and at last to the thought; what runs goes on", groupTrainWatch, Train, nil},
	}
}

// trainLine is the bottom line of the pane.
func trainLine(s TrainState) []Action {
	switch {
	case s.Watching && s.Running && s.Requeues:
		return []Action{TrainStop, TrainCheckpoint, TrainResume, TrainLog, TrainSmooth, TrainFilter, TrainEnter, TrainClose, Help}
	case s.Watching && s.Running:
		return []Action{TrainStop, TrainCheckpoint, TrainLog, TrainSmooth, TrainOver, TrainFilter, TrainEnter, TrainClose, Help}
	case s.Watching && s.Run:
		return []Action{TrainResume, TrainPair, TrainBest, TrainLog, TrainOver, TrainFilter, TrainClose, Help}
	case s.Choosing:
		return []Action{TrainEnter, TrainRight, TrainLaunch, TrainData, TrainMemory, TrainCopy, TrainRuns, TrainClose, Help}
	case s.Listing:
		return []Action{TrainEnter, TrainChoose, TrainWatch, TrainLaunch, TrainClose, Help}
	}
	return []Action{TrainRight, TrainChoose, TrainWatch, TrainRuns, TrainLaunch, TrainClose, Help}
}
