package app

import (
	"s1/tui/feed"
)

// Messages are facts that reached the screen. Each is named after what happened.

type modelOpened struct {
	thinker Thinker
	err     error
}

type loadProgressed struct{ text string }

type framesArrived struct{ batches []feed.Batch }

// branchStarted answers an Ask (parent nil) or a Branch.
type branchStarted struct {
	live   Live
	err    error
	what   string  // "ask", "go on after Wait", ...: for the error
	parent *branch // nil for a new question
	at     int
	asked  string // the question, when it is new
	beside bool   // show it beside its parent
	wrote  string // in an editor, all of it, which made the branch
}

type recentLoaded struct {
	kept []Kept
	err  error
}

type runReopened struct {
	question string
	lives    []Live
	err      error
}

type savedChecked struct {
	begun  int
	ok     bool
	reason string
}

// settled ticks while lines remain to be wrapped after a resize, one slice a frame.
type settleTicked struct{}

// saveTicked asks again whether everything is on disk, until it is.
type saveTicked struct{}
