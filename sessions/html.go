package sessions

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode"

	"s1/engine/trace"
)

// entropyLevels are the lower bounds, in nats, of the colours of tokens. Level 0 has none.
var entropyLevels = []float64{0.1, 0.5, 1, 2, 3}

// htmlHead forbids everything but its own style: the page loads nothing, runs nothing and sends nothing.
const htmlHead = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<style>
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff; --dim: #666; --line: #ccc; --yours: #0a6e7c; --forced: #9a5b00;
  --e1: #e8f1fb; --e2: #cfe3f7; --e3: #ffe7b8; --e4: #ffc98f; --e5: #ff9e8a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --paper: #151515; --dim: #9a9a9a; --line: #444; --yours: #5fd3e3; --forced: #f0b45a;
  --e1: #1a2a3c; --e2: #22415f; --e3: #574416; --e4: #6d4313; --e5: #7d2c1e; } }
body { color: var(--ink); background: var(--paper); font: 16px/1.55 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; white-space: pre-wrap; overflow-wrap: anywhere; } h2 { font-size: 1.05rem; margin: 2rem 0 .3rem; } h3 { font-size: .9rem; color: var(--dim); margin: 1rem 0 .2rem; }
article + article { border-top: 3px double var(--line); margin-top: 3rem; } section { border-top: 1px solid var(--line); }
.facts, .legend, footer { color: var(--dim); font-size: .85rem; overflow-wrap: anywhere; } .note { border-left: 3px solid var(--yours); padding-left: .7rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: .92rem; unicode-bidi: plaintext; }
.e1 { background: var(--e1); } .e2 { background: var(--e2); } .e3 { background: var(--e3); } .e4 { background: var(--e4); } .e5 { background: var(--e5); }
.injected { color: var(--yours); font-weight: bold; border-bottom: 2px solid; } .forced { color: var(--forced); font-weight: bold; border-bottom: 2px dotted; }
.past { opacity: .65; } .mark { color: var(--dim); font-size: .75em; } .v-right { color: var(--yours); } .v-wrong { color: var(--forced); }
</style>
</head>
<body>
`

// HTMLWriter writes a selection of runs as one page that needs no network and no script.
type HTMLWriter struct {
	w   *bufio.Writer
	err error
}

// NewHTML begins a page.
func NewHTML(w io.Writer, title string) *HTMLWriter {
	h := &HTMLWriter{w: bufio.NewWriter(w)}
	h.put(htmlHead, escape(title))
	h.put(`<p class="legend">entropy of a token in nats: `)
	for i, least := range entropyLevels {
		h.put(`<span class="e%d">&nbsp;%g and more&nbsp;</span> `, i+1, least)
	}
	h.put(`&middot; <span class="injected">&#9612;yours</span> &middot; <span class="forced">&#9475;forced</span> &middot; &#9670; wished to stop &middot; &#9733; bookmark &middot; hover a token for its probability</p>` + "\n")
	return h
}

// ExportHTML writes one run as a page.
func ExportHTML(w io.Writer, s Session) error {
	h := NewHTML(w, oneLine(s.Run.Prompt))
	h.Add(s)
	return h.Close()
}

func (h *HTMLWriter) put(format string, args ...any) {
	if h.err == nil {
		_, h.err = fmt.Fprintf(h.w, format, args...)
	}
}

// Close ends the page and says what went wrong while writing it.
func (h *HTMLWriter) Close() error {
	h.put("<footer>written by s1</footer>\n</body>\n</html>\n")
	if h.err == nil {
		h.err = h.w.Flush()
	}
	if h.err != nil {
		return fmt.Errorf("export HTML: %w", h.err)
	}
	return nil
}

// Add writes a run with a section for each branch.
func (h *HTMLWriter) Add(s Session) {
	r := s.Run
	h.put("<article>\n<h1>%s</h1>\n", escape(r.Prompt))
	h.put("<p class=\"facts\">%s &middot; %s &middot; %s &middot; think format %s &middot; %s</p>\n",
		escape(r.ID), r.Created.UTC().Format("2006-01-02 15:04:05"), escape(r.Model), escape(r.ThinkFormat), escape(r.Backend))
	h.line("title", s.Title)
	h.line("expected", r.Expected)
	h.line("tags", strings.Join(s.Tags, ", "))
	h.line("system", r.System)
	h.note(s.Note)
	byID := map[trace.BranchID]Kept{}
	for _, k := range s.Branches {
		byID[k.ID] = k
	}
	for _, k := range s.Branches {
		h.branch(k, path(byID, k))
	}
	h.put("</article>\n")
}

func (h *HTMLWriter) line(name, text string) {
	if text != "" {
		h.put("<p class=\"facts\">%s: %s</p>\n", name, escape(text))
	}
}

func (h *HTMLWriter) note(text string) {
	if text != "" {
		h.put("<p class=\"note\">%s</p>\n", escape(text))
	}
}

func (h *HTMLWriter) branch(k Kept, tokens []trace.Token) {
	h.put("<section>\n<h2>Branch %s, %s", escape(string(k.ID)), escape(string(k.Cause)))
	if k.Parent != "" {
		h.put(" of %s at token %d", escape(string(k.Parent)), k.At)
	}
	if k.Verdict != "" {
		h.put(" <span class=\"v-%s\">%s</span>", k.Verdict, k.Verdict)
	}
	h.put("</h2>\n<p class=\"facts\">cap %s, waits %d", amount(k.Budget.Cap), k.Budget.Waits)
	if r := k.Receipt; r != nil {
		h.put(" &middot; %d thinking tokens, closed %s (P(end) %.3f), %d answer tokens, seed %d", r.ThinkingTokens, escape(string(r.Closed)), r.EndProb, r.AnswerTokens, r.Seed)
	}
	h.put("</p>\n")
	h.line("tags", strings.Join(k.Tags, ", "))
	h.note(k.Comment)
	marked := map[int]bool{}
	for _, at := range k.Bookmarks {
		marked[at] = true
	}
	notes := map[int]string{}
	for _, n := range k.Notes {
		notes[n.At] = n.Text
	}
	for _, part := range []struct {
		name   string
		answer bool
	}{{"Thinking", false}, {"Answer", true}} {
		h.put("<h3>%s</h3>\n<div class=\"text\">", part.name)
		any := false
		for _, t := range tokens {
			if (t.Phase == trace.PhaseAnswer) == part.answer {
				h.token(t, t.Index < k.At, marked[t.Index], notes[t.Index])
				any = true
			}
		}
		if !any {
			h.put(`<span class="mark">(nothing)</span>`)
		}
		h.put("</div>\n")
	}
	for _, n := range k.Notices {
		h.put("<p class=\"facts\">at token %d: %s</p>\n", n.At, escape(n.Text))
	}
	h.line("error", k.Error)
	h.put("</section>\n")
}

// token writes a token: its colour is its entropy, its underline who chose it, its title the numbers.
func (h *HTMLWriter) token(t trace.Token, past, bookmark bool, note string) {
	if t.Wished {
		h.put(`<span class="mark" title="here the model wished to stop">&#9670;</span>`)
	}
	if bookmark {
		h.put(`<span class="mark" title="bookmark">&#9733;</span>`)
	}
	var class []string
	if l := level(float64(t.Entropy)); l > 0 {
		class = append(class, fmt.Sprintf("e%d", l))
	}
	sign := ""
	switch t.Origin {
	case trace.OriginInjected:
		class, sign = append(class, "injected"), "&#9612;"
	case trace.OriginForced:
		class, sign = append(class, "forced"), "&#9475;"
	}
	if past {
		class = append(class, "past")
	}
	title := fmt.Sprintf("token %d, id %d", t.Index, t.ID)
	if p := float64(t.Logprob); !math.IsNaN(p) && !math.IsInf(p, 0) {
		title += fmt.Sprintf(", p %.3f", math.Exp(p))
	}
	if e := float64(t.Entropy); !math.IsNaN(e) && !math.IsInf(e, 0) {
		title += fmt.Sprintf(", entropy %.2f", e)
	}
	h.put(`<span class="%s" title="%s">%s%s</span>`, strings.Join(class, " "), title, sign, escape(t.Text))
	if note != "" {
		h.put(`<span class="mark"> [note: %s] </span>`, escape(note))
	}
}

func level(entropy float64) int {
	l := 0
	for i, least := range entropyLevels {
		if entropy >= least { // never for NaN
			l = i + 1
		}
	}
	return l
}

// escape makes a text harmless in HTML, also inside a quoted attribute: markup, control characters and the marks that
// turn the direction of writing become visible signs.
func escape(text string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(text, "\uFFFD") {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == '"':
			b.WriteString("&#34;")
		case r == '\'':
			b.WriteString("&#39;")
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Noncharacter_Code_Point, r):
			fmt.Fprintf(&b, "&lt;U+%04X&gt;", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
