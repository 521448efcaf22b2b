package sessions

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"time"
	"unicode"
	"unicode/utf8"

	"s1/engine/trace"
)

// formatVersion is written in the first line of an export. A reader refuses higher ones.
const formatVersion = 1

// A JSONL export is one runLine, then for each branch a branchLine followed by its tokenLines.
type runLine struct {
	Type           string    `json:"type"` // "run"
	Format         int       `json:"format"`
	ID             string    `json:"id"`
	Created        time.Time `json:"created"`
	Model          string    `json:"model"`
	ModelSHA256    string    `json:"model_sha256"`
	TemplateSHA256 string    `json:"template_sha256"`
	ThinkFormat    string    `json:"think_format"`
	Backend        string    `json:"backend"`
	System         string    `json:"system"`
	Prompt         string    `json:"prompt"`
	Rendered       string    `json:"rendered"`
	PromptIDs      []int32   `json:"prompt_ids"`
	Expected       string    `json:"expected,omitempty"`
	Title          string    `json:"title,omitempty"`
	UserNote       string    `json:"user_note,omitempty"`
	Tags           []string  `json:"tags,omitempty"`
}

type branchLine struct {
	Type     string         `json:"type"` // "branch"
	ID       trace.BranchID `json:"id"`
	Parent   trace.BranchID `json:"parent"`
	At       int            `json:"at"`
	Cause    trace.Cause    `json:"cause"`
	Note     string         `json:"note"`
	Budget   trace.Budget   `json:"budget"`
	Sampling trace.Sampling `json:"sampling"`
	Created  time.Time      `json:"created"`
	Receipt  *trace.Receipt `json:"receipt"`
	Error    string         `json:"error"`
	Notices  []Notice       `json:"notices"`

	UserNote   string      `json:"user_note,omitempty"`
	Tags       []string    `json:"tags,omitempty"`
	TokenNotes []TokenNote `json:"token_notes,omitempty"`
	Bookmarks  []int       `json:"bookmarks,omitempty"`

	Resampled []trace.Resampled `json:"resampled,omitempty"`
}

type tokenLine struct {
	Type    string      `json:"type"` // "token"
	I       int         `json:"i"`
	ID      int32       `json:"id"`
	Text    string      `json:"text"`
	Bytes   []byte      `json:"bytes,omitempty"` // when they are not exactly Text
	Phase   string      `json:"phase"`
	Origin  string      `json:"origin"`
	Counted bool        `json:"counted"`
	Wished  bool        `json:"wished,omitempty"`
	Logprob *float32    `json:"logprob"` // null = unknown
	Entropy *float32    `json:"entropy"`
	EndProb *float32    `json:"end_prob"`
	EndRank int32       `json:"end_rank"`
	Top     []candidate `json:"top"`
	Micros  int64       `json:"t_us"`
	NoBytes bool        `json:"no_bytes,omitempty"` // Text is not empty, but this token has no bytes of its own
}

// candidate is [id, logprob].
type candidate trace.Candidate

func (c candidate) MarshalJSON() ([]byte, error) {
	return json.Marshal([2]any{c.ID, finite(c.Logprob)})
}

func (c *candidate) UnmarshalJSON(b []byte) error {
	var pair []*float64
	if err := json.Unmarshal(b, &pair); err != nil {
		return err
	}
	if len(pair) != 2 || pair[0] == nil || *pair[0] != math.Trunc(*pair[0]) || math.Abs(*pair[0]) > math.MaxInt32 {
		return fmt.Errorf("candidate %s: want [id, logprob]", b)
	}
	c.ID = int32(*pair[0])
	c.Logprob = float32(math.NaN())
	if pair[1] != nil {
		c.Logprob = float32(*pair[1])
	}
	return nil
}

// finite is nil for what JSON cannot hold.
func finite(x float32) *float32 {
	if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
		return nil
	}
	return &x
}

func orNaN(x *float32) float32 {
	if x == nil {
		return float32(math.NaN())
	}
	return *x
}

var phases = map[string]trace.Phase{"prompt": trace.PhasePrompt, "thinking": trace.PhaseThinking, "answer": trace.PhaseAnswer}

var origins = map[string]trace.Origin{
	"prompt": trace.OriginPrompt, "sampled": trace.OriginSampled, "forced": trace.OriginForced, "injected": trace.OriginInjected,
}

func toLine(t trace.Token) tokenLine {
	l := tokenLine{
		Type: "token", I: t.Index, ID: t.ID, Text: t.Text, Phase: t.Phase.String(), Origin: t.Origin.String(), Counted: t.Counted, Wished: t.Wished,
		Logprob: finite(t.Logprob), Entropy: finite(t.Entropy), EndProb: finite(t.EndProb), EndRank: t.EndRank, Micros: t.Time.Microseconds(), Top: []candidate{},
	}
	if string(t.Bytes) != t.Text || !utf8.ValidString(t.Text) {
		l.Bytes, l.NoBytes = t.Bytes, len(t.Bytes) == 0
	}
	for _, c := range t.Top {
		l.Top = append(l.Top, candidate(c))
	}
	return l
}

func (l tokenLine) token() (trace.Token, error) {
	phase, ok := phases[l.Phase]
	if !ok {
		return trace.Token{}, fmt.Errorf("token %d: unknown phase %q", l.I, clip(l.Phase))
	}
	origin, ok := origins[l.Origin]
	if !ok {
		return trace.Token{}, fmt.Errorf("token %d: unknown origin %q", l.I, clip(l.Origin))
	}
	if len(l.Top) > maxTop {
		return trace.Token{}, fmt.Errorf("token %d: %d candidates, at most %d are kept", l.I, len(l.Top), maxTop)
	}
	t := trace.Token{
		Index: l.I, ID: l.ID, Text: l.Text, Bytes: l.Bytes, Phase: phase, Origin: origin, Counted: l.Counted, Wished: l.Wished,
		Logprob: orNaN(l.Logprob), Entropy: orNaN(l.Entropy), EndProb: orNaN(l.EndProb), EndRank: l.EndRank, Time: time.Duration(l.Micros) * time.Microsecond,
	}
	if t.Bytes == nil && !l.NoBytes {
		t.Bytes = []byte(l.Text)
	}
	for _, c := range l.Top {
		t.Top = append(t.Top, trace.Candidate(c))
	}
	return t, nil
}

// marshal is JSON on one line with every control character escaped, C1 and DEL too: encoding/json leaves those,
// and some terminals obey them.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return EscapeControls(b.Bytes()), nil
}

// EscapeControls replaces what could drive a terminal in JSON text by \u escapes: DEL, the C1 control characters and the
// marks that turn the direction of writing. They can only stand inside strings; JSON itself escapes the other controls.
func EscapeControls(line []byte) []byte {
	if bytes.IndexFunc(line, driving) < 0 {
		return line
	}
	out := make([]byte, 0, len(line)+16)
	for len(line) > 0 {
		r, n := utf8.DecodeRune(line)
		if driving(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = append(out, line[:n]...)
		}
		line = line[n:]
	}
	return out
}

func driving(r rune) bool {
	return r >= 0x7f && (r < 0xa0 || unicode.Is(unicode.Bidi_Control, r))
}

func clip(s string) string {
	const most = 40
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
