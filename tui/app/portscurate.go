package app

import (
	"cmp"
	"context"
	"strings"
)

// Curator is what the screen knows of curation. A run is its folder, and goes on without the screen where it can. Every error is
// a sentence for people.
type Curator interface {
	// Recipes are what a run can start from: the presets, then what the user has.
	Recipes(ctx context.Context) ([]CurationRecipe, error)
	// Start begins a run of a recipe (a name or a file) in a folder, over the rows of data, "" = the recipe's own; Resume goes on
	// with the one that is there, again: and asks models again about the rows that Failed.
	Start(ctx context.Context, recipe, data, folder string) error
	Resume(ctx context.Context, folder string, again bool) error
	// Stop finishes the row; what is done stays.
	Stop(ctx context.Context, folder string) error
	// Watch reports how the run stands, at once and whenever that has changed, one report at a time and never after it has
	// returned. It returns nil when the run does not run, or no longer.
	Watch(ctx context.Context, folder string, report func(CurationState)) error
	// Rows is a page of rows; Row is one of them, as it came in, with every stage's verdict on it. It is asked for by its Address, or
	// by an id that was typed: of rows with equal questions that is the first.
	Rows(ctx context.Context, folder string, q CurationQuery) (CurationPage, error)
	Row(ctx context.Context, folder, address string) (CurationRow, error)
	// Recount says what would be kept with other numbers, from what the stages left behind; it writes nothing.
	Recount(ctx context.Context, folder string, tried []CurationTry) (CurationState, error)
	// Decide keeps or drops a row by hand, or takes that back. It is on disk before the call returns.
	Decide(ctx context.Context, folder, id string, d CurationDecision) error
	// Trace makes a session of the row at an address and returns its id; where its tokens come from stands in its note.
	Trace(ctx context.Context, folder, address string) (session string, err error)
}

// CurationRecipe is something to start from.
type CurationRecipe struct {
	Name, About string
	Folder      string // proposed for the run
	Bare        bool   // it names no rows: they must be given
}

// CurationState is how a run stands. Numbers that are not known are -1.
type CurationState struct {
	Recipe, State    string // waiting, running, done, stopped, failed
	Facts, Fault     string
	Stages           []CurationStage
	Domains, Lengths []CurationBin
	LengthUnit       string
	Spend            *CurationSpend // nil: no stage of it asks a model
}

// CurationSpend is what its models took, in all stages and all runs of the folder of their replies. Money is in the unit of the
// recipe's prices.
type CurationSpend struct {
	Requests       int
	Tokens, Held   int64 // of those that are answered, and the most that those under way may come to
	TokenCap       int64 // 0 = none
	Priced         bool  // the recipe has prices; without them there is no cost
	Cost, HeldCost float64
	CostCap        float64 // 0 = none
}

// CurationStage is one stage of a run.
type CurationStage struct {
	Name, About, State string
	In, Of, Kept       int
	Rules              []CurationRule
	Rate               float64 // rows a second, 0 = unknown
	Left               string  // time, in words
	Asks               bool    // it asks a model
	Unasked            int     // counted again: rows that its model was not asked about, which count as kept
	Numbers            []CurationNumber
}

// CurationRule is what rows were dropped by, or kept by hand.
type CurationRule struct {
	Name        string
	Count       int
	Hand, Keeps bool
}

// Failed says that a model could not be asked about these rows: its rules begin so wherever they come from.
func (r CurationRule) Failed() bool { return strings.HasPrefix(r.Name, "failed-") }

// CurationNumber is a number of the recipe.
type CurationNumber struct{ Name, Value, About string }

// CurationTry is a number in place of the recipe's.
type CurationTry struct{ Stage, Name, Value string }

// CurationBin is a class of a histogram.
type CurationBin struct {
	Name          string
	Before, After int
}

// CurationQuery says which rows. Stage "" is all of the data.
type CurationQuery struct {
	Stage, Rule, Text string
	Side              CurationSide
	Limit             int
	After             string // Next of the page before
}

// CurationSide is what became of rows.
type CurationSide string

// What became of rows.
const (
	CurationDropped CurationSide = "dropped"
	CurationKept    CurationSide = "kept"
	CurationAll     CurationSide = "all"
)

// CurationPage is some of the rows.
type CurationPage struct {
	Rows  []CurationRow
	Next  string // "" = this was the last page
	Total int    // -1 = not counted
	Note  string
}

// CurationRow is one row. A page may leave out what only Row has: all but the id, the key, the question and the verdict.
type CurationRow struct {
	Key                                     string // where equal questions have one id, what tells this row from its copies
	ID, Question, Solution, Thought, Answer string
	Source                                  string // file and place
	Kept, Hand                              bool
	Stage, Rule, Reason                     string // that decided
	Note                                    string // of the user
	Facts                                   string // features, in words
	Hit                                     *CurationHit
}

// Address names the row to the curator.
func (r CurationRow) Address() string { return cmp.Or(r.Key, r.ID) }

// CurationHit is what a row has in common with a test item.
type CurationHit struct {
	Title, Text      string // of the test item
	InRow, InItem    [][2]int
	Span, Similarity string // in words
}

// CurationDecision is the user's.
type CurationDecision struct {
	Keep, Undo bool
	Note       string
}
