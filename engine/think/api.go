package think

import "s1/engine/trace"

// Vocabulary is what think needs of a tokenizer.
type Vocabulary interface {
	// Encode returns the ids of text, without any begin-of-text id. With parseSpecial, special tokens written in
	// the text become their ids; without it they are prose.
	Encode(text string, parseSpecial bool) ([]int32, error)
	// ID returns the id of a special token written exactly so.
	ID(special string) (int32, bool)
	// Piece returns the exact bytes of an id, nil for an unknown id.
	Piece(id int32) []byte
	// EndIDs are the ids that end a turn.
	EndIDs() []int32
}

// ActionKind says what the scheduler must do next.
type ActionKind uint8

const (
	Sample ActionKind = iota // draw an id, none of Mask, and report it to Took
	Feed                     // append ID without drawing and report its true signals to Fed
	Hold                     // paused: nothing until a command arrives
	Rewind                   // drop the last N positions (all of them Shadow), then call Rewound
	End                      // the branch has ended with Outcome
)

// Action is the machine's decision about the next token. Its slices belong to the machine: read, do not keep.
type Action struct {
	Kind    ActionKind
	Mask    []int32      // Sample: ids that must not be drawn
	Draw    int          // Sample: draws already refused at this position; part of the random counter
	ID      int32        // Feed
	Origin  trace.Origin // Feed: forced or injected
	Phase   trace.Phase  // Feed and Sample: what the token will be part of (Took may still say otherwise)
	Counted bool         // Feed: a thinking token against the cap
	Wished  bool         // Feed: an end of thinking was drawn right before it and suppressed
	Shadow  bool         // Feed and Sample: runs through the model but is no token of the branch: not logged, later rewound
	N       int          // Rewind: how many positions
	Outcome string       // End: answered, empty, cut, stopped
}

// Signals are what the model's own distribution (temperature 1, nothing masked) said about a token at its position.
type Signals struct {
	Logprob float32 // of the token itself, nats
	Entropy float32 // nats
	EndProb float32 // probability of Format.EndID
	EndRank int32   // its rank, 1 = likeliest
}

// Verdict is what became of a sampled id.
type Verdict struct {
	Accepted bool // it is appended; when false there is no token: call Next again with the same logits
	Phase    trace.Phase
	Counted  bool
	Wished   bool // an end of thinking was drawn and suppressed right before this token
	Shadow   bool // see Action.Shadow
}

// Notice is one sentence for the user.
type Notice struct {
	Text string
	Loop bool // the loop guard speaks: offer cut, stop, raise temperature
}

// OnLoop says what the loop guard may do by itself.
type OnLoop uint8

const (
	LoopReport OnLoop = iota // only say so
	LoopClose                // close the thought (closed = loop); end the run when it is the answer that loops
)

// Options are what a machine needs beside the format and the budget.
type Options struct {
	Context       int          // positions left for this branch after the prompt, tokens of the branch included; > 0
	AnswerReserve int          // positions kept for the answer; 0 = the answer cap, or without one min(512, Context/4)
	OnLoop        OnLoop       //
	NoLoopGuard   bool         // the guard does not even look
	SoftLanding   int          // with a cap: within this many tokens before it, close at a sentence or line end outside maths and code; 0 = off
	AtClose       bool         // Replay: the tokens end exactly where the parent's thought closed, so a first Wait takes effect at once
	Closed        trace.Closed // Replay: how the inherited thought closed, when the caller knows; else inferred
}
