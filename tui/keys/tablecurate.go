package keys

const groupCurate = "In the curation"

// The curation.
const (
	Curation     Action = "curation"
	CurateNew    Action = "curate-new"
	CurateFolder Action = "curate-folder"
	CurateStop   Action = "curate-stop"
	CurateResume Action = "curate-resume"
	CurateRetry  Action = "curate-retry"
	CurateEnter  Action = "curate-enter"
	CurateSide   Action = "curate-side"
	CurateSearch Action = "curate-search"
	CurateWhy    Action = "curate-why"
	CurateTry    Action = "curate-try"
	CurateKeep   Action = "curate-keep"
	CurateDrop   Action = "curate-drop"
	CurateUndo   Action = "curate-undo"
	CurateClose  Action = "curate-close"
)

// CurateState is what the table must know of the curation.
type CurateState struct {
	Can     bool // the screen can curate
	Open    bool
	Run     bool // the folder of a run is open
	Running bool
	Failed  bool // rows of it failed, because a model could not be asked
	Rows    bool // rows are in view, not the funnel
	Reading bool // they are on their way
	Row     bool // one is under the cursor
	Hand    bool // it was decided by hand
	Numbers bool // the recipe has numbers that can be tried
	Tried   bool // one is
}

func needCurator(s State) string {
	if !s.Curate.Can {
		return "there is no curation in this screen"
	}
	return ""
}

func needCuration(s State) string {
	if !s.Curate.Run {
		return "no curation is open: {curate-new} starts one, {curate-folder} opens the folder of one"
	}
	return ""
}

func needCurateRow(s State) string {
	if why := needCuration(s); why != "" {
		return why
	}
	switch {
	case s.Curate.Row:
		return ""
	case s.Curate.Reading:
		return "the rows are being read"
	default:
		return "there is no row here: {curate-enter} on a line of the funnel shows its rows"
	}
}

func curateRows() []Binding {
	return []Binding{
		{Curation, []string{"ctrl+g"}, "curation", "Curate a data set: the funnel of its stages, every row with its reason", groupApp, Anywhere &^ Curate, needCurator},
		{CurateEnter, []string{"enter"}, "rows", "In the funnel: the rows of the line; in the rows: open the row's trace in the explorer", groupCurate, Curate, func(s State) string {
			if s.Curate.Rows {
				return needCurateRow(s)
			}
			return needCuration(s)
		}},
		{CurateSide, []string{"tab"}, "kept or dropped", "The dropped rows of the stage, the kept ones, or all", groupCurate, Curate, func(s State) string {
			if why := needCuration(s); why != "" {
				return why
			}
			if !s.Curate.Rows {
				return "{curate-enter} shows rows first"
			}
			return ""
		}},
		{CurateSearch, []string{"/"}, "search", "Rows whose id, question or reason holds a text", groupCurate, Curate, needCuration},
		{CurateWhy, []string{"w"}, "why", "Why a row was dropped, by its id", groupCurate, Curate, needCuration},
		{CurateTry, []string{"t"}, "try a number", "Change a number of the recipe and see the new counts at once, from what the stages kept; nothing is written", groupCurate, Curate, func(s State) string {
			if why := needCuration(s); why != "" {
				return why
			}
			if !s.Curate.Numbers {
				return "no stage of this recipe that has ended has a number to try"
			}
			return ""
		}},
		{CurateKeep, []string{"+"}, "keep", "Keep the row by hand, with a note; it counts as a rule of its own", groupCurate, Curate, needCurateRow},
		{CurateDrop, []string{"-"}, "drop", "Drop the row by hand, with a note; it counts as a rule of its own", groupCurate, Curate, needCurateRow},
		{CurateUndo, []string{"U"}, "as the rules say", "Take your decision about the row back", groupCurate, Curate, func(s State) string {
			if why := needCurateRow(s); why != "" {
				return why
			}
			if !s.Curate.Hand {
				return "this row was not decided by hand"
			}
			return ""
		}},
		{CurateNew, []string{"n"}, "new", "Start a curation: a recipe or a preset, and a folder for it", groupCurate, Curate, needCurator},
		{CurateFolder, []string{"o"}, "open", "Open the folder of a curation, one that runs elsewhere too", groupCurate, Curate, needCurator},
		{CurateStop, []string{"s"}, "stop", "Stop; what is done stays", groupCurate, Curate, func(s State) string {
			if why := needCuration(s); why != "" {
				return why
			}
			if !s.Curate.Running {
				return "it does not run"
			}
			return ""
		}},
		{CurateResume, []string{"r"}, "resume", "Go on where it stopped; decisions by hand are taken in", groupCurate, Curate, func(s State) string {
			if why := needCuration(s); why != "" {
				return why
			}
			if s.Curate.Running {
				return "it runs"
			}
			return ""
		}},
		{CurateRetry, []string{"R"}, "ask again", "Go on, and ask the models again about the rows whose request failed", groupCurate, Curate, func(s State) string {
			switch why := needCuration(s); {
			case why != "":
				return why
			case s.Curate.Running:
				return "it runs"
			case !s.Curate.Failed:
				return "no row of it failed because a model could not be asked"
			}
			return ""
		}},
		{CurateClose, []string{"esc", "ctrl+g"}, "close", "Back one level, and at last to the thought; what runs goes on", groupCurate, Curate, nil},
	}
}

// curateLine is the bottom line of the curation.
func curateLine(s CurateState) []Action {
	switch {
	case s.Rows:
		return []Action{CurateEnter, CurateSide, CurateKeep, CurateDrop, CurateUndo, CurateSearch, CurateWhy, CurateClose, Help}
	case s.Running:
		return []Action{CurateEnter, CurateStop, CurateWhy, CurateSearch, CurateTry, CurateClose, Help}
	case s.Run:
		return []Action{CurateEnter, CurateTry, CurateWhy, CurateSearch, CurateResume, CurateNew, CurateClose, Help}
	}
	return []Action{CurateNew, CurateFolder, CurateClose, Help}
}
