package app

import (
	"context"

	"s1/engine/trace"
)

// Trainer is what the screen knows of fine-tuning. Runs are jobs of their own: they outlive the screen and are found again.
// Every error is a sentence for people; a choice that cannot be is refused with its cause.
type Trainer interface {
	// Presets are the recipes that need no file.
	Presets() []string
	// Plan says what a choice comes to. It starts nothing and takes no memory to speak of.
	Plan(ctx context.Context, c TrainChoice) (TrainPlan, error)
	// Pin says why a question could not be asked of what is chosen.
	Pin(ctx context.Context, c TrainChoice, pin string) error
	// Row is an example as it will be trained on, from 0.
	Row(ctx context.Context, c TrainChoice, i int) (TrainRow, error)
	// Memory is what a choice needs, and what there is.
	Memory(ctx context.Context, c TrainChoice) (TrainMemory, error)

	// Runs are those there are, the newest first.
	Runs(ctx context.Context) ([]TrainRun, error)
	// Launch starts a choice; what its backend lacks here refuses it. Resume goes on with a run that has ended or is held; one that
	// runs in a queue saves, and queues again.
	Launch(ctx context.Context, c TrainChoice) (TrainRun, error)
	Resume(ctx context.Context, run string) error
	// Stop finishes the micro-batch and saves; again it aborts.
	Stop(ctx context.Context, run string) error
	// Checkpoint saves now. The own trainer saves by ending, so it goes on by itself afterwards; what saves without ending says so
	// in TrainRun.SavesOn, and what cannot save while it runs in NoSave.
	Checkpoint(ctx context.Context, run string) error
	// Follow reports a run from its beginning until it has ended, one report at a time and never after it has returned.
	Follow(ctx context.Context, run string, report func(TrainNews)) error
	// History reports what was measured in a run so far.
	History(ctx context.Context, run string, report func(TrainNews)) error
	// Machine is what this machine is doing now. It is asked while a run is watched, and not otherwise.
	Machine(ctx context.Context) (TrainMachine, error)
	// Best makes a model of the best checkpoint, or of the newest where none was kept as the best, and says where and which.
	Best(ctx context.Context, run string) (string, error)
	// Pair asks the base of a run and its newest weights the same. Both are kept, and can be branched from.
	Pair(ctx context.Context, run string, a trace.Ask) (base, tuned Live, err error)
}

// TrainChoice is what is to be trained. Empty fields are the recipe's own.
type TrainChoice struct {
	Recipe string // a preset or a file
	Model  string
	Data   string // a JSONL file
	Out    string // the folder of the run; "" = the recipe's name

	Backend string // own, trl or slurm
	Python  string // of trl: the interpreter
	Pins    string // one a line: QUESTION or QUESTION => ANSWER, asked at each checkpoint
}

// TrainPlan is what a choice comes to.
type TrainPlan struct {
	Backend string       // own, trl or slurm: the recipe's, or the chosen one
	Command []string     // what would be started, word by word
	Starts  []TrainStart // what that starts in its turn, on this machine and others
	Facts   []TrainFact
	Wrong   []TrainFact // by the name of a field (recipe, model, data, out, backend, python) or of something else: why it cannot be
	Notes   []string    // what the backend does not do of the recipe, and what else a person should know
}

// TrainStart is a command under its name.
type TrainStart struct {
	Name  string
	Words []string
}

// TrainFact is a name and what it is.
type TrainFact struct{ Name, Value string }

// TrainRow is one example.
type TrainRow struct {
	Index, Of int
	Name      string
	Pieces    [][]byte  // tokens
	Weights   []float32 // loss weight of each; 0 = masked
	CutFrom   int       // tokens it had, where it was cut; else 0
	Counts    []string  // of the whole data: what was read, dropped, cut, refused
	Long      []string  // rows that do not fit, each with its fate
	Generated bool      // rows have no end
}

// TrainMemory is what a run needs, class by class, and what is free, in bytes.
type TrainMemory struct {
	Classes  []TrainClass
	Need     int64
	Free     int64 // -1 = not known
	Devices  []string
	Verdict  string // in a sentence
	Fits     bool
	Remedies []TrainClass // each alone: what it would then need; the cheapest first, all of them together last where one is not enough
}

// TrainClass is a size with a name.
type TrainClass struct {
	Name  string
	Bytes int64
}

// TrainRun is a run in the list.
type TrainRun struct {
	ID, Name, State string
	Where           string // its folder
	Started         string
	Running         bool
	Resumable       bool
	Saved           bool   // there are weights of it: a checkpoint or a result
	NoSave          string // why it cannot be saved while it runs
	SavesOn         bool   // it saves and goes on, without ending
	Requeues        bool   // it runs in a queue, and can save and queue again
}

// TrainNews is what happened to a run since the report before.
type TrainNews struct {
	Again     bool // the steps before are void: they are told anew
	Steps     []TrainStep
	Broken    int // lines that were no steps, in all
	Total     int // steps of the run; 0 = not known
	Run       TrainRun
	Saved     int      // step of the newest checkpoint, 0 = none
	Best      int      // step of the best one, 0 = none
	Log       []string // last lines of what it said
	Cause     string   // why it ended, where it was not at its end
	Machine   []TrainFact
	Elsewhere bool   // it runs on other machines
	Pinned    string // what the pinned questions cost at most, in words; "" = there are none
}

// TrainStep is one step: its number and what was measured, by name. What was not measured is not there; NaN = it is no number.
type TrainStep struct {
	Step    int
	Epoch   float64
	Values  map[string]float64
	ETA     float64 // seconds to the end, NaN = not known yet
	Skipped string  // why the weights did not move
	Answers []TrainAnswer
	Took    float64 // seconds, of the answers
	Raw     string
}

// TrainAnswer is what the model said to a pinned question at a step, under one budget.
type TrainAnswer struct {
	N        int // of the question, from 1
	Question string
	Cap      int // most thinking tokens, -1 = to its natural end
	Tokens   int
	Closed   string // how the thought ended
	Answer   string
	Verdict  string // right, wrong, or "" = not known
	Failed   string // why there is no answer
}

// TrainMachine is what a machine is doing at one moment.
type TrainMachine struct {
	CPU         float64 // 0 to 1, of all cores; NaN = not known yet
	Cores       int
	MemoryUsed  int64 // bytes
	MemoryTotal int64 // 0 = not known
	GPUs        []TrainGPU
	NoGPU       string // why there are none, in a sentence
}

// TrainGPU is one GPU. What it does not tell is nil or 0.
type TrainGPU struct {
	Index                   int
	Name                    string
	MemoryUsed, MemoryTotal int64    // bytes
	Use                     *float64 // 0 to 1
	Celsius                 *float64
	Watts, LimitWatts       *float64
	Trouble                 string // why it tells nothing
}
