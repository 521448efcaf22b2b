package remote

import (
	"math"
	"strings"

	"s1/engine/think"
	"s1/engine/trace"
)

// drawn is what a server chose at one place.
type drawn struct {
	id    int32
	bytes []byte
	sig   think.Signals
	top   []trace.Candidate
	end   string // not "": the stream ended here, for this reason, and there is no token
}

// source makes of the pieces of one stream what the model drew: what is thought and what is not, tags as tags.
type source struct {
	stream *stream
	v      vocabulary
	endID  int32 // of thinking, -1
	cutter cutter
	queue  []drawn
	mask   []int32 // ids that were forbidden to it
	most   int     // tokens asked for, 0 = the server's own limit
	count  int     // pieces that came
	guess  bool    // ids had to be guessed
	from   int     // tokens of the branch that stood before it
	bytes  int     // of them
	again  []int32 // what came of it before it broke off, and comes once more
	lost   error   // a piece could not be made tokens of: nobody could be asked

	chat      bool   // fields say what is thought
	fresh     bool   // the server opens the thought, and nothing has come yet
	thinking  bool   // what comes is thought
	reasoning bool   // a field for thoughts was used
	start     string // the tag that opens a thought, where the model writes it
	newline   bool   // the newline after that tag is still to come
	echo      string // what the server says again before it goes on
	echoed    string
}

func (s *source) push(p piece) {
	s.count++
	if sv, ok := s.v.(*served); ok && !s.chat {
		s.pushIDs(sv, &p)
		return
	}
	if s.echo != "" && !p.thought {
		if p.bytes = s.unecho(p.bytes); len(p.bytes) == 0 {
			return
		}
	}
	if !s.chat {
		s.text(p)
		return
	}
	switch {
	case p.thought && s.thinking:
		s.fresh, s.reasoning = false, true
		s.word(string(p.bytes), &p)
	case p.thought: // a parser of the server's that does not know that the thought is over
		s.text(p)
	case s.thinking && s.fresh:
		s.opening(p)
	case s.thinking && s.reasoning: // the field changes: the server has taken the end of thinking out
		s.closed()
		s.text(p)
	default:
		s.text(p)
	}
}

// pushIDs takes a piece with its ids.
func (s *source) pushIDs(v *served, p *piece) {
	ids, sure, err := v.tokens(p)
	if Transport(err) {
		s.lost = err
		return
	}
	if err != nil || !sure {
		s.guess = true
	}
	for i, id := range ids {
		d := drawn{id: id, bytes: v.Piece(id), sig: unknown()}
		if len(ids) == 1 {
			d.bytes = p.bytes
			if len(d.bytes) == 0 {
				d.bytes = v.Piece(id)
			}
		}
		if i == len(ids)-1 {
			s.signals(&d, p)
		}
		s.queue = append(s.queue, d)
	}
}

// unknown is what nobody has said.
func unknown() think.Signals { return think.Signals{Logprob: nan, Entropy: nan, EndProb: nan} }

// signals are what the server said at the place of p.
func (s *source) signals(d *drawn, p *piece) {
	d.sig = unknown()
	d.sig.Logprob = p.logprob
	end := s.v.Piece(s.endID)
	for i, c := range p.top {
		if s.endID >= 0 && (c.id == s.endID && s.v.stored(s.endID) >= 0 || c.id < 0 && len(end) > 0 && string(c.bytes) == string(end)) {
			d.sig.EndProb, d.sig.EndRank = float32(math.Exp(float64(c.logprob))), int32(i+1)
		}
		if c.id >= 0 && s.v.stored(s.endID) >= 0 {
			d.top = append(d.top, trace.Candidate{ID: c.id, Logprob: c.logprob})
		}
	}
}

// text takes a text in which tags may stand.
func (s *source) text(p piece) {
	parts := s.cutter.push(string(p.bytes))
	for _, c := range parts {
		q := piece{logprob: nan}
		if len(parts) == 1 && s.cutter.held == "" && c.text == string(p.bytes) {
			q = p
		}
		if c.tag {
			s.tag(c.text, &q)
		} else {
			s.word(c.text, &q)
		}
	}
}

func (s *source) tag(text string, p *piece) {
	id, _ := s.v.ID(text) // the cutter knows no others
	d := drawn{id: id, bytes: []byte(text)}
	s.signals(&d, p)
	s.queue = append(s.queue, d)
}

func (s *source) word(text string, p *piece) {
	if s.newline {
		s.newline = false
		if text = strings.TrimPrefix(text, "\n"); text == "" {
			return
		}
	}
	if text == "" {
		return
	}
	w, ok := s.v.(*words)
	if !ok {
		return
	}
	d := drawn{id: w.word(text), bytes: []byte(text)}
	s.signals(&d, p)
	s.queue = append(s.queue, d)
}

// closed puts in the end of thinking that a server has taken out.
func (s *source) closed() {
	s.thinking = false
	if s.endID >= 0 {
		s.queue = append(s.queue, drawn{id: s.endID, bytes: s.v.Piece(s.endID), sig: unknown()})
	}
}

// opening takes the first text of a stream that was to begin with a thought. The tag and its newline stand already.
func (s *source) opening(p piece) {
	text := strings.TrimLeft(s.cutter.flush()+string(p.bytes), " \n")
	switch {
	case text == "":
	case s.start != "" && strings.HasPrefix(text, s.start):
		s.fresh, s.newline = false, true
		rest := p
		if rest.bytes = []byte(text[len(s.start):]); len(rest.bytes) > 0 {
			s.text(rest)
		}
	case s.start != "" && strings.HasPrefix(s.start, text):
		s.cutter.held = text
	default: // it answers at once
		s.fresh = false
		s.closed()
		s.text(p)
	}
}

// unecho drops the text that was gone on from, where a server says it again.
func (s *source) unecho(b []byte) []byte {
	s.echoed += string(b)
	switch {
	case strings.HasPrefix(s.echoed, s.echo):
		rest := s.echoed[len(s.echo):]
		s.echo, s.echoed = "", ""
		return []byte(rest)
	case strings.HasPrefix(s.echo, s.echoed):
		return nil
	}
	all := s.echoed
	s.echo, s.echoed = "", ""
	return []byte(all)
}

// ended takes the end of the stream.
func (s *source) ended(finish string) {
	if s.echoed != "" && s.echo != "" {
		s.echo = ""
		s.text(piece{bytes: []byte(s.echoed), logprob: nan})
	}
	if rest := s.cutter.flush(); rest != "" {
		if s.fresh && s.thinking {
			s.fresh = false
			s.closed()
		}
		s.word(rest, &piece{logprob: nan})
	}
	s.queue = append(s.queue, drawn{end: finish})
}
