package think

import (
	"errors"

	"s1/engine/trace"
)

// Format: see format.go (coming).
type Format struct{ Name string }

// EndID is the first id of the close of thinking, whose probability and rank the scheduler reports; -1 without one.
func (f Format) EndID() int32 { return -1 }

// ResolveFormat finds the ids that open and close a thought. name: auto, s1, think, gemma, gpt-oss, mistral, none.
// prompt is the whole rendered prompt in ids.
func ResolveFormat(name string, v Vocabulary, prompt []int32) (Format, error) {
	return Format{}, errors.New("coming")
}

// CloseAt returns the index of the first token of the close of thinking: where a Wait after the end has to branch.
func CloseAt(tokens []trace.Token) (int, bool) { return 0, false }

// Machine is one branch.
type Machine struct{}

func New(f Format, b trace.Budget, o Options) (*Machine, error) { return nil, errors.New("coming") }

// Replay gives the machine as it was after tokens (from index 0 of the branch).
func Replay(f Format, b trace.Budget, o Options, tokens []trace.Token) (*Machine, error) {
	return nil, errors.New("coming")
}
func (m *Machine) Next() Action                                     { return Action{Kind: End} }
func (m *Machine) Took(id int32, s Signals) Verdict                 { return Verdict{} }
func (m *Machine) Fed(s Signals)                                    {}
func (m *Machine) Rewound()                                         {}
func (m *Machine) Command(c trace.Command) (note string, err error) { return "", nil }
func (m *Machine) State() trace.State                               { return trace.StateEnded }
func (m *Machine) Budget() trace.Budget                             { return trace.Budget{} }
func (m *Machine) Receipt() trace.Receipt                           { return trace.Receipt{} }
func (m *Machine) Notices() []Notice                                { return nil } // since the last call
func (m *Machine) Clone() *Machine                                  { return m }
