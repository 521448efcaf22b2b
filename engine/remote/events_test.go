package remote

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
)

func TestEventsAreReadInAnyForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"one", "data: a\n\n", []string{"a"}},
		{"two", "data: a\n\ndata: b\n\n", []string{"a", "b"}},
		{"no space", "data:a\n\n", []string{"a"}},
		{"only one space goes", "data:  a\n\n", []string{" a"}},
		{"CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", []string{"a", "b"}},
		{"CR", "data: a\r\rdata: b\r\r", []string{"a", "b"}},
		{"several lines", "data: a\ndata: b\n\n", []string{"a\nb"}},
		{"other fields", "event: x\nid: 3\ndata: a\nretry: 5\n\n", []string{"a"}},
		{"comments", ": ping\n\n: ping\n\ndata: a\n\n", []string{"a"}},
		{"no blank line at the end", "data: a\n", []string{"a"}},
		{"cut in a line", "data: a\n\ndata: b", []string{"a"}},
		{"byte order mark", "\xef\xbb\xbfdata: a\n\n", []string{"a"}},
		{"empty data", "data\n\ndata:\n\n", []string{"", ""}},
		{"nothing", "", nil},
		{"database is not data", "database: a\n\n", nil},
	} {
		for _, r := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
			ev := newEvents(r)
			var got []string
			for {
				d, err := ev.next()
				if err != nil {
					if !errors.Is(err, io.EOF) {
						t.Errorf("%s: %v", c.name, err)
					}
					break
				}
				got = append(got, string(d))
			}
			if strings.Join(got, "|") != strings.Join(c.want, "|") || len(got) != len(c.want) {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
		}
	}
}

func TestALineAndAnEventHaveLimits(t *testing.T) {
	t.Parallel()
	line := "data: " + strings.Repeat("x", maxLine/2) + "\n"
	for name, in := range map[string]io.Reader{
		"line":  io.MultiReader(strings.NewReader("data: "), endless('x')),
		"event": strings.NewReader(strings.Repeat(line, 2*maxEvent/len(line)+2)),
	} {
		if _, err := newEvents(in).next(); !errors.Is(err, errTooLong) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestChunksOfManyServersAreRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in string
		want     []piece
	}{
		{"content", `{"choices":[{"delta":{"content":"a"}}]}`, []piece{{bytes: []byte("a"), id: -1}}},
		{"null", `{"choices":[{"delta":{"content":null,"reasoning_content":null},"logprobs":null,"finish_reason":null}]}`, nil},
		{"reasoning", `{"choices":[{"delta":{"content":"","reasoning":"t"}}]}`, []piece{{bytes: []byte("t"), thought: true, id: -1}}},
		{"reasoning_content", `{"choices":[{"delta":{"reasoning_content":"t"}}]}`, []piece{{bytes: []byte("t"), thought: true, id: -1}}},
		{"both names", `{"choices":[{"delta":{"reasoning":"t","reasoning_content":"t"}}]}`, []piece{{bytes: []byte("t"), thought: true, id: -1}}},
		{"details beside reasoning", `{"choices":[{"delta":{"reasoning":"t","reasoning_details":[{"type":"reasoning.text","text":"t"}]}}]}`, []piece{{bytes: []byte("t"), thought: true, id: -1}}},
		{"details alone", `{"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.summary","summary":"t"},{"text":"u"}]}}]}`, []piece{{bytes: []byte("tu"), thought: true, id: -1}}},
		{"reasoning that is no text", `{"choices":[{"delta":{"reasoning":{"effort":1},"content":"a"}}]}`, []piece{{bytes: []byte("a"), id: -1}}},
		{"both at once", `{"choices":[{"delta":{"reasoning":"t","content":"a"}}]}`, []piece{{bytes: []byte("t"), thought: true, id: -1}, {bytes: []byte("a"), id: -1}}},
		{"llama.cpp", `{"choices":[{"text":"a","logprobs":{"content":[{"id":7,"token":"a","bytes":[97],"logprob":-1,"top_logprobs":[{"id":7,"token":"a","logprob":-1}]}]}}]}`, []piece{{bytes: []byte("a"), id: 7, known: true}}},
		{"llama.cpp, a token without text", `{"choices":[{"text":"","logprobs":{"content":[{"id":1,"token":"","bytes":[],"logprob":-3}]}}]}`, []piece{{id: 1, known: true}}},
		{"two tokens in one", `{"choices":[{"delta":{"content":"ab"},"logprobs":{"content":[{"token":"a","logprob":-1},{"token":"b","logprob":-2}]}}]}`, []piece{{bytes: []byte("a"), id: -1}, {bytes: []byte("b"), id: -1}}},
		{"tokens that are not the text", `{"choices":[{"delta":{"content":"abc"},"logprobs":{"content":[{"token":"a","logprob":-1},{"token":"b","logprob":-2}]}}]}`, []piece{{bytes: []byte("abc"), id: -1}}},
		{"vLLM", `{"choices":[{"text":"a","token_ids":[9],"logprobs":{"tokens":["token_id:9"],"token_logprobs":[-1],"top_logprobs":[{"token_id:9":-1,"token_id:4":-2}]}}]}`, []piece{{bytes: []byte("a"), id: 9, known: true}}},
		{"vLLM, ids alone", `{"choices":[{"text":"ab","token_ids":[9,4]}]}`, []piece{{bytes: []byte("ab"), id: -1}}},
	} {
		ch, err := decodeChunk([]byte(c.in))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got := ch.Choices[0].pieces()
		if len(got) != len(c.want) {
			t.Errorf("%s: %d pieces, want %d", c.name, len(got), len(c.want))
			continue
		}
		for i, p := range got {
			w := c.want[i]
			if !bytes.Equal(p.bytes, w.bytes) || p.thought != w.thought || p.id != w.id || p.known != w.known {
				t.Errorf("%s: piece %d %+v, want %+v", c.name, i, p, w)
			}
		}
	}
	ch, err := decodeChunk([]byte(`{"choices":[{"text":"a","logprobs":{"tokens":["a"],"token_logprobs":[-0.5],"top_logprobs":[{"b":-2,"a":-0.5}]}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if p := ch.Choices[0].pieces()[0]; p.logprob != -0.5 || len(p.top) != 2 || string(p.top[0].bytes) != "a" {
		t.Errorf("log-probabilities of /completions: %+v", p)
	}
}

func TestTagsAreFoundInAnyParts(t *testing.T) {
	t.Parallel()
	text := "a<think>b</thi</think>c<<think"
	for n := 1; n <= len(text); n++ {
		c := cutter{tags: []string{"<think>", "</think>"}}
		got := ""
		for i := 0; i < len(text); i += n {
			for _, x := range c.push(text[i:min(i+n, len(text))]) {
				if x.tag {
					got += "[" + x.text + "]"
				} else {
					got += x.text
				}
			}
		}
		got += c.flush()
		if want := "a[<think>]b</thi[</think>]c<<think"; got != want {
			t.Errorf("in parts of %d: %q, want %q", n, got, want)
		}
	}
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n"))
	f.Add([]byte(": x\r\ndata: {\"choices\":[{\"text\":\"a\",\"logprobs\":{\"tokens\":[\"a\"],\"token_logprobs\":[null]}}]}\r\r"))
	f.Add([]byte("\xef\xbb\xbfdata\n\ndata: {\"error\":3}\n\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		whole, parts := newEvents(bytes.NewReader(in)), newEvents(iotest.OneByteReader(bytes.NewReader(in)))
		for {
			a, err := whole.next()
			b, err2 := parts.next()
			if !bytes.Equal(a, b) || (err == nil) != (err2 == nil) {
				t.Fatalf("read at once %q %v, byte by byte %q %v", a, err, b, err2)
			}
			if err != nil {
				return
			}
			if len(a) > len(in) {
				t.Fatalf("%d bytes of data in %d", len(a), len(in))
			}
			ch, err := decodeChunk(a)
			if err != nil {
				continue
			}
			for i := range ch.Choices {
				for _, p := range ch.Choices[i].pieces() {
					if len(p.top) > maxTop || !p.known && p.id != -1 {
						t.Fatalf("piece %+v", p)
					}
				}
			}
		}
	})
}

func FuzzCutter(f *testing.F) {
	f.Add("a<think>b</think>c", 3)
	f.Add("<think", 1)
	f.Fuzz(func(t *testing.T, text string, n int) {
		n = max(1, n%17)
		c := cutter{tags: []string{"<think>", "</think>", "<|x|>"}}
		got := ""
		for i := 0; i < len(text); i += n {
			for _, x := range c.push(text[i:min(i+n, len(text))]) {
				if at, tag := firstTag(x.text, c.tags); !x.tag && tag != "" {
					t.Fatalf("%q stands at %d of what is no tag", tag, at)
				}
				got += x.text
			}
			if len(c.held) >= len("</think>") {
				t.Fatalf("%q is held back", c.held)
			}
		}
		if got += c.flush(); got != text {
			t.Fatalf("%q became %q", text, got)
		}
	})
}

func FuzzWhole(f *testing.F) {
	f.Add([]byte("é😀x"), 1)
	f.Fuzz(func(t *testing.T, in []byte, n int) {
		n = max(1, n%5)
		var w whole
		out := ""
		for i := 0; i < len(in); i += n {
			out += w.push(in[i:min(i+n, len(in))])
			if len(w.held) > 3 {
				t.Fatalf("%d bytes are held back", len(w.held))
			}
		}
		if string(bytes.ToValidUTF8(in, nil)) != string(bytes.ReplaceAll([]byte(out), []byte("\uFFFD"), nil)) && !bytes.Contains(in, []byte("\uFFFD")) {
			t.Fatalf("%q became %q", in, out)
		}
	})
}

func TestWordsAreAboutTokens(t *testing.T) {
	t.Parallel()
	w := newWords([]string{"<think>", "</think>"})
	for _, c := range []struct {
		in      string
		special bool
		want    []string
	}{
		{"Wait", true, []string{"Wait"}},
		{" Wait, let me see", true, []string{" Wait,", " let", " me", " see"}},
		{"a\n\nb", true, []string{"a", "\n\n", "b"}},
		{"<think>\n", true, []string{"<think>", "\n"}},
		{"<think>", false, []string{"<think>"}},
		{"", true, nil},
	} {
		ids, err := w.Encode(c.in, c.special)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, id := range ids {
			got = append(got, string(w.Piece(id)))
		}
		if strings.Join(got, "|") != strings.Join(c.want, "|") {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
	tag, _ := w.ID("<think>")
	if prose, _ := w.Encode("<think>", false); prose[0] == tag {
		t.Error("a tag that a user writes is the tag")
	}
	if w.Piece(int32(math.MaxInt32)) != nil || w.Piece(-1) != nil {
		t.Error("a number that is no word has bytes")
	}
}
