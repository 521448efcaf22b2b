// Package trace is the vocabulary everyone shares: tokens, branches, budgets, commands, receipts, and
// the append-only log in which a run is written while it happens.
//
// It knows no model, no screen and no database, and imports nothing of ours.
package trace

import "time"

// Phase says what a token is part of.
type Phase uint8

const (
	PhasePrompt Phase = iota
	PhaseThinking
	PhaseAnswer
)

// Origin says who chose a token.
type Origin uint8

const (
	OriginPrompt   Origin = iota
	OriginSampled         // drawn from the model's distribution
	OriginForced          // fed by the budget: the close of a thought, "Final Answer:"
	OriginInjected        // fed by the user or by a Wait rule: "Wait", an own text, an edit
)

// Candidate is one of the likeliest next tokens at a position.
type Candidate struct {
	ID      int32   `json:"id"`
	Logprob float32 `json:"logprob"` // nats, of the model's own distribution
}

// Token is one token of a branch with what was known when it was appended.
// Logprob, Entropy and EndProb are of the model's own distribution (temperature 1, nothing masked),
// also for forced and injected tokens, so that the price of an intervention stays visible.
type Token struct {
	Index   int           // from 0, over the whole branch (inherited tokens included), prompt not counted
	ID      int32         // vocabulary id
	Bytes   []byte        // the exact bytes of this token
	Text    string        // what the byte hold-back released with it: whole characters only, may be empty
	Phase   Phase         //
	Origin  Origin        //
	Counted bool          // it counts as a thinking token against the cap
	Wished  bool          // right before it an end of thinking was drawn and suppressed
	Logprob float32       // nats
	Entropy float32       // nats
	EndProb float32       // P(the first id of the close of thinking) at this position
	EndRank int32         // rank of that id, 1 = likeliest; RankBeyond = not among those counted
	Top     []Candidate   // likeliest first, at most ten
	Time    time.Duration // since the branch started
}

// RankBeyond is the EndRank of an id that is not among the 64 likeliest.
const RankBeyond = 65

// Budget is what the user asks for. It may change while a branch runs.
type Budget struct {
	Cap       int    `json:"cap"`        // most thinking tokens; -1 none, 0 no thinking
	Waits     int    `json:"waits"`      // ends of thinking to suppress
	WaitText  string `json:"wait_text"`  // appended at each suppressed end; "" = suppress only
	AnswerCap int    `json:"answer_cap"` // most answer tokens; -1 until the context ends
	Preset    string `json:"preset"`     // "" = s1's own exact rule; "s1-readme"; "s1-harness"

	SoftLanding int  `json:"soft_landing,omitempty"` // within so many tokens before the cap, close at the end of a sentence; 0 = off
	CloseLoops  bool `json:"close_loops,omitempty"`  // a thought that repeats itself is closed, not only reported
}

// Sampling holds the parameters of a draw. The zero value is greedy.
type Sampling struct {
	Temperature   float64           `json:"temperature"` // 0 = greedy
	TopK          int               `json:"top_k"`       // 0 = off
	TopP          float64           `json:"top_p"`       // 0 or 1 = off
	MinP          float64           `json:"min_p"`       // 0 = off
	RepeatPenalty float64           `json:"repeat_penalty"`
	RepeatLast    int               `json:"repeat_last"` // window of the penalty in tokens; 0 = 64
	LogitBias     map[int32]float64 `json:"logit_bias,omitempty"`
	Seed          uint64            `json:"seed"`
}

// Closed says how a thought ended.
type Closed string

const (
	ClosedNatural   Closed = "natural"
	ClosedCap       Closed = "cap"
	ClosedAnswerNow Closed = "answer_now"
	ClosedContext   Closed = "context"
	ClosedLoop      Closed = "loop"
	ClosedStopped   Closed = "stopped" // the user stopped the run inside the thought
)

// Receipt says what was asked, what was spent, and how it was enforced.
type Receipt struct {
	Cap             int     `json:"cap"`
	ThinkingTokens  int     `json:"thinking_tokens"`
	WaitsAsked      int     `json:"waits_asked"`
	WaitsDone       int     `json:"waits_done"`
	Closed          Closed  `json:"closed"`
	EndProb         float32 `json:"end_prob"`   // P(end of thinking) where the thought closed
	EndRank         int32   `json:"end_rank"`   // its rank there
	CloseNats       float32 `json:"close_nats"` // -log-probability of the forced close, 0 when natural
	AnswerTokens    int     `json:"answer_tokens"`
	Reentered       bool    `json:"reentered"`   // after the close the model drew a start or an end of thinking again
	Retried         bool    `json:"retried"`     // an empty answer got its one "Final Answer:"
	Enforcement     string  `json:"enforcement"` // exact, emulated, hint
	Forced          int     `json:"forced_tokens"`
	Injected        int     `json:"injected_tokens"`
	PromptTokens    int     `json:"prompt_tokens"`
	TokensPerSecond float64 `json:"tokens_per_second"`
	Outcome         string  `json:"outcome"` // answered, empty, cut, stopped, error
	Model           string  `json:"model"`
	ModelSHA256     string  `json:"model_sha256"`
	TemplateSHA256  string  `json:"template_sha256"`
	ThinkFormat     string  `json:"think_format"`
	Backend         string  `json:"backend"`
	Preset          string  `json:"preset,omitempty"`
	Seed            uint64  `json:"seed"`
}

// CommandKind names what a user can do to a running branch.
type CommandKind uint8

const (
	CommandWait      CommandKind = iota // suppress the next end (or, at the close, the one just reached); Text = what is appended
	CommandCap                          // N = the new cap; at or below what is spent closes now; -1 lifts it
	CommandAnswerNow                    // close the thought before the next token
	CommandPause                        //
	CommandResume                       //
	CommandStep                         // while paused: exactly one token
	CommandStop                         // end here, keep everything
	CommandInject                       // Text goes in before the next token
	CommandPace                         // N = tokens per second, 0 = as fast as it goes
	CommandSampling                     // Sampling replaces the parameters (raise the temperature out of a loop)
	CommandTake                         // N = the id of the next token, chosen by the user from its candidates
	CommandEdit                         // as CommandInject, but Text stands where something else stood in the original
)

// Command travels from a key or a flag into think and takes effect before the next token.
type Command struct {
	Kind     CommandKind
	Text     string
	N        int
	Sampling *Sampling
}

// BranchID names a branch inside one run tree.
type BranchID string

// Cause says why a branch exists.
type Cause string

const (
	CauseStart  Cause = "start"
	CauseFork   Cause = "fork"
	CauseEdit   Cause = "edit"
	CauseWait   Cause = "wait"
	CauseCap    Cause = "cap"
	CauseAnswer Cause = "answer_now"
	CauseInject Cause = "inject"
	CauseSample Cause = "sample"
)

// Branch is a path in the tree of one prompt. Its first At tokens are its parent's.
type Branch struct {
	ID       BranchID
	Parent   BranchID // "" at a root
	At       int      // tokens shared with the parent
	Cause    Cause
	Note     string
	Budget   Budget
	Sampling Sampling
	Created  time.Time
}

// Resampled says that other sampling parameters held from token At of a branch on: the user changed them while it ran.
type Resampled struct {
	At       int      `json:"at"`
	Sampling Sampling `json:"sampling"`
}

// Run is one question put to one model, with the branches that grew from it.
type Run struct {
	ID             string
	Created        time.Time
	Model          string
	ModelSHA256    string
	TemplateSHA256 string
	ThinkFormat    string
	Backend        string
	System         string
	Prompt         string // the user's words; a model with a form of its own for questions has brought them into it
	Expected       string // the right answer, where it can be worked out exactly; "" = unknown
	Rendered       string // the prompt as the template made it
	PromptIDs      []int32
}

// Ask is a question with everything that decides its answer.
type Ask struct {
	System      string // "" = the template's own default
	Prompt      string
	ThinkFormat string // auto, s1, think, none
	Budget      Budget
	Sampling    Sampling
	Pace        int // tokens per second shown to people, 0 = as fast as it goes
}

// ModelInfo describes a loaded model to people and receipts.
type ModelInfo struct {
	Name           string
	SHA256         string
	TemplateSHA256 string
	Architecture   string
	Parameters     int64
	Backend        string // "cpu avx512-vnni", "cpu avx2", "ref", ...
	ThinkFormat    string
	Context        int // positions
	Vocab          int
	BytesPerToken  int64   // weights read for one decoded token
	LimitTPS       float64 // decode tokens/s the memory bandwidth allows, 0 = unknown
	Default        Sampling
	Warning        string // e.g. the card forbids greedy decoding

	Examples []string // questions to try, for a model that was made for one kind of them
	Hint     string   // what such a question is, in a few words
	Words    []string // texts that it can be told in place of an end of thinking, where it does not take any
}

func (p Phase) String() string {
	switch p {
	case PhasePrompt:
		return "prompt"
	case PhaseThinking:
		return "thinking"
	case PhaseAnswer:
		return "answer"
	}
	return "unknown"
}

func (o Origin) String() string {
	switch o {
	case OriginPrompt:
		return "prompt"
	case OriginSampled:
		return "sampled"
	case OriginForced:
		return "forced"
	case OriginInjected:
		return "injected"
	}
	return "unknown"
}
