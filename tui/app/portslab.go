package app

import (
	"context"

	"s1/tui/pane/lab"
)

// What the lab shows; see the pane.
type (
	LabField  = lab.Field
	LabPoint  = lab.Point
	LabMetric = lab.Metric
	LabReport = lab.Report
	LabItem   = lab.Item
	LabServer = lab.Server
)

// Laboratory measures the open model, or servers, over many questions. One sweep at a time; the reports come one at a time and never after
// the call has returned, not more often than a screen can show; ctx ends a sweep, and what is done stays in its folder.
type Laboratory interface {
	// Setup is the form with what stands in it: names, values, hints. It is called again after a value has changed, and says then
	// what is wrong with any of them.
	Setup(values map[string]string) []LabField
	// Servers asks the servers that the form names what they are and how they keep a budget, one after the other in the form's order;
	// nil where it names none. One that is not there is an answer too.
	Servers(ctx context.Context, values map[string]string) ([]LabServer, error)
	// Forecast says what a sweep will cost.
	Forecast(ctx context.Context, values map[string]string) (string, error)
	// Start carries a sweep out, or goes on with the one that lies in its folder.
	Start(ctx context.Context, values map[string]string, report func(LabReport)) error
	// Pause holds a running sweep after the questions under way, or lets it go on.
	Pause(on bool)
	// Look opens the folder of a sweep, and gives what it says to put into the form.
	Look(ctx context.Context, dir string) (r LabReport, values map[string]string, err error)
	// Items are the questions behind a point (an index into the report's) of a folder.
	Items(ctx context.Context, dir string, point int) ([]LabItem, error)
	// Trace makes the trace of an item again, as a run that is kept like any other. note says where it is not what it was.
	Trace(ctx context.Context, dir string, point, item int) (live Live, note string, err error)
}

// Experimenter is a Thinker that has a laboratory; nil where it has none.
type Experimenter interface {
	Laboratory() Laboratory
}
