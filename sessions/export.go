package sessions

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"s1/engine/trace"
)

// ExportJSONL writes a session so that ImportJSONL reads back the same.
func ExportJSONL(w io.Writer, s Session) error {
	b := bufio.NewWriter(w)
	put := func(v any) error {
		line, err := marshal(v)
		if err != nil {
			return fmt.Errorf("export session %s: %w", s.Run.ID, err)
		}
		_, err = b.Write(line)
		return err
	}
	r := s.Run
	ids := r.PromptIDs
	if ids == nil {
		ids = []int32{}
	}
	if err := put(runLine{
		"run", formatVersion, r.ID, r.Created.UTC(), r.Model, r.ModelSHA256, r.TemplateSHA256, r.ThinkFormat, r.Backend, r.System, r.Prompt, r.Rendered, ids,
		r.Expected, s.Title, s.Note, s.Tags,
	}); err != nil {
		return err
	}
	for _, k := range s.Branches {
		if err := put(branchLine{"branch", k.ID, k.Parent, k.At, k.Cause, k.Note, k.Budget, k.Sampling, k.Created.UTC(), k.Receipt, k.Error, k.Notices, k.Comment, k.Tags, k.Notes, k.Bookmarks, k.Resampled}); err != nil {
			return err
		}
		for _, t := range k.Tokens {
			if err := put(toLine(t)); err != nil {
				return err
			}
		}
	}
	return b.Flush()
}

// ExportMarkdown writes a session for people. Control characters are shown, not sent.
func ExportMarkdown(w io.Writer, s Session) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# %s\n\n", oneLine(s.Run.Prompt))
	fmt.Fprintf(b, "%s · %s · %s · think format %s · %s\n", oneLine(s.Run.ID), s.Run.Created.UTC().Format("2006-01-02 15:04:05"), oneLine(s.Run.Model), oneLine(s.Run.ThinkFormat), oneLine(s.Run.Backend))
	if s.Title != "" {
		fmt.Fprintf(b, "\n**Title** %s\n", oneLine(s.Title))
	}
	if len(s.Tags) > 0 {
		fmt.Fprintf(b, "\n**Tags** %s\n", oneLine(strings.Join(s.Tags, ", ")))
	}
	if s.Note != "" {
		fmt.Fprintf(b, "\n**Note**\n\n%s", quote(s.Note))
	}
	if s.Run.System != "" {
		fmt.Fprintf(b, "\n**System**\n\n%s", quote(s.Run.System))
	}
	fmt.Fprintf(b, "\n**Question**\n\n%s", quote(s.Run.Prompt))
	if s.Run.Expected != "" {
		fmt.Fprintf(b, "\n**Expected**\n\n%s", quote(s.Run.Expected))
	}
	byID := map[trace.BranchID]Kept{}
	for _, k := range s.Branches {
		byID[k.ID] = k
		fmt.Fprintf(b, "\n## Branch %s, %s", oneLine(string(k.ID)), oneLine(string(k.Cause)))
		if k.Parent != "" {
			fmt.Fprintf(b, " of %s at token %d", oneLine(string(k.Parent)), k.At)
		}
		fmt.Fprintf(b, "\n\ncap %s, waits %d\n", amount(k.Budget.Cap), k.Budget.Waits)
		var thought, answer strings.Builder
		var to *strings.Builder
		open := trace.OriginSampled // of the bracket that is open in to; no bracket where it is sampled
		shut := func() {
			if open != trace.OriginSampled {
				to.WriteString("]")
			}
			open = trace.OriginSampled
		}
		for _, t := range path(byID, k) {
			into := &thought
			if t.Phase == trace.PhaseAnswer {
				into = &answer
			}
			fed := t.Origin
			if fed != trace.OriginInjected && fed != trace.OriginForced {
				fed = trace.OriginSampled
			}
			if into != to || fed != open {
				shut()
				if to, open = into, fed; fed != trace.OriginSampled {
					fmt.Fprintf(to, "[%s:", fed)
				}
			}
			to.WriteString(t.Text)
		}
		shut()
		fmt.Fprintf(b, "\n**Thinking**\n\n%s\n**Answer**\n\n%s", quote(thought.String()), quote(answer.String()))
		if k.Verdict != "" {
			fmt.Fprintf(b, "\n**Verdict** %s\n", k.Verdict)
		}
		if len(k.Tags) > 0 {
			fmt.Fprintf(b, "\n**Tags** %s\n", oneLine(strings.Join(k.Tags, ", ")))
		}
		if k.Comment != "" {
			fmt.Fprintf(b, "\n**Note**\n\n%s", quote(k.Comment))
		}
		for _, n := range k.Notes {
			fmt.Fprintf(b, "\n**Note at token %d**\n\n%s", n.At, quote(n.Text))
		}
		if len(k.Bookmarks) > 0 {
			fmt.Fprintf(b, "\n**Bookmarks** %s\n", strings.Trim(fmt.Sprint(k.Bookmarks), "[]"))
		}
		for _, n := range k.Notices {
			fmt.Fprintf(b, "\n*at token %d: %s*\n", n.At, oneLine(n.Text))
		}
		if k.Error != "" {
			fmt.Fprintf(b, "\n*error: %s*\n", oneLine(k.Error))
		}
		if r := k.Receipt; r != nil {
			end := fmt.Sprintf("P(end) %.3f, rank %d", r.EndProb, r.EndRank)
			if r.EndRank == 0 { // a server did not tell it
				end = "P(end) unknown"
			}
			fmt.Fprintf(b, "\n*thinking %d of %s tokens, closed %s (%s), waits %d of %d, answer %d tokens, enforcement %s, seed %d, %.1f tok/s*\n",
				r.ThinkingTokens, amount(r.Cap), r.Closed, end, r.WaitsDone, r.WaitsAsked, r.AnswerTokens, oneLine(r.Enforcement), r.Seed, r.TokensPerSecond)
		}
	}
	return b.Flush()
}

// path is all tokens of a branch from the root on.
func path(byID map[trace.BranchID]Kept, k Kept) []trace.Token {
	var parts [][]trace.Token
	cut := -1
	for range len(byID) + 1 { // a parent chain is never longer; a hostile cycle ends here
		own := k.Tokens
		if cut >= 0 {
			own = own[:min(len(own), max(0, cut-k.At))]
		}
		parts = append(parts, own)
		if k.Parent == "" {
			break
		}
		if cut < 0 || k.At < cut {
			cut = k.At
		}
		parent, ok := byID[k.Parent]
		if !ok {
			break
		}
		k = parent
	}
	var tokens []trace.Token
	for i := len(parts) - 1; i >= 0; i-- {
		tokens = append(tokens, parts[i]...)
	}
	return tokens
}

// Path returns all tokens of a branch, the inherited ones first.
func (s Session) Path(id trace.BranchID) []trace.Token {
	byID := map[trace.BranchID]Kept{}
	for _, k := range s.Branches {
		byID[k.ID] = k
	}
	k, ok := byID[id]
	if !ok {
		return nil
	}
	return path(byID, k)
}

func amount(cap int) string {
	if cap < 0 {
		return "none"
	}
	return fmt.Sprint(cap)
}

// quote makes a Markdown block quote of text whose control characters are made visible.
func quote(text string) string {
	if text == "" {
		return "> (nothing)\n"
	}
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		b.WriteString("> " + visible(line) + "\n")
	}
	return b.String()
}

func oneLine(text string) string {
	return visible(strings.Join(strings.Fields(text), " "))
}

// visible shows control and direction-changing characters as U+XXXX, so that no text can drive a terminal.
func visible(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if strings.IndexFunc(text, drives) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if drives(r) {
			fmt.Fprintf(&b, "<U+%04X>", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func drives(r rune) bool {
	return r != '\t' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}

// ErrFormat is returned for a form of export that there is not.
var ErrFormat = errors.New("jsonl, md or html")

// Export writes runs in a format: jsonl, which ImportJSONL reads back, md, or html. It holds one run in memory at a time.
func (s *Store) Export(ctx context.Context, w io.Writer, format string, ids []string) error {
	var page *HTMLWriter
	for i, id := range ids {
		sess, err := s.Load(ctx, id)
		if err != nil {
			return err
		}
		switch format {
		case "jsonl":
			err = ExportJSONL(w, sess)
		case "md":
			if i > 0 {
				_, err = io.WriteString(w, "\n---\n\n")
			}
			err = errors.Join(err, ExportMarkdown(w, sess))
		case "html":
			if page == nil {
				title := oneLine(sess.Run.Prompt)
				if len(ids) > 1 {
					title = fmt.Sprintf("%d runs of s1", len(ids))
				}
				page = NewHTML(w, title)
			}
			page.Add(sess)
		default:
			err = fmt.Errorf("export format %q: %w", clip(format), ErrFormat)
		}
		if err != nil {
			return err
		}
	}
	if page != nil {
		return page.Close()
	}
	return nil
}
