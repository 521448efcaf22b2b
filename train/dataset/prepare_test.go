package dataset

import (
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"s1/engine"
	"s1/engine/tokenizer"
)

func defaults(files ...string) RowsOptions {
	return RowsOptions{Files: files, Block: 4096, OverLong: "refuse", ThinkFormat: "auto", Template: "auto", Turns: "last", Seed: 1}
}

func rowsOf(t *testing.T, tok *tokenizer.Tokenizer, o RowsOptions) *Rows {
	t.Helper()
	r, err := OpenRows(t.Context(), tok, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const s1Text = "<|im_start|>system\nYou are Qwen.<|im_end|>\n<|im_start|>user\n1+1?<|im_end|>\n<|im_start|>assistant\n<|im_start|>think\nTwo.\nWait\n<|im_start|>answer\nAnswer: 2<|im_end|>\n"

func TestATextIsTrainedFromBehindTheLastAssistantHeader(t *testing.T) {
	t.Parallel()
	tok := byteTokenizer(t, chatML)
	r := rowsOf(t, tok, defaults(writeRows(t, `{"prompt":null,"question":"other fields are passed over","text":`+quote(s1Text)+`}`)))
	e := r.Train()[0]
	if got, want := shown(tok, e), strings.Replace(s1Text, "assistant\n", "assistant\n|", 1); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	whole, err := tok.Encode(s1Text, true)
	if err != nil || !slices.Equal(e.IDs, whole) {
		t.Errorf("ids %v, the text as a whole gives %v (%v)", e.IDs, whole, err)
	}
	e = rowsOf(t, tok, defaults(writeRows(t, `{"text":`+quote(s1Text+s1Text)+`}`))).Train()[0]
	if got, want := shown(tok, e), s1Text+strings.Replace(s1Text, "assistant\n", "assistant\n|", 1); got != want {
		t.Errorf("of two turns: got %q, want %q", got, want)
	}
}

func TestMessagesInS1sFormatAreS1sText(t *testing.T) {
	t.Parallel()
	tok := byteTokenizer(t, chatML)
	text := rowsOf(t, tok, defaults(writeRows(t, `{"text":`+quote(s1Text)+`}`))).Train()[0]
	for name, line := range map[string]string{
		"messages":                `{"messages":[{"role":"system","content":"You are Qwen."},{"role":"user","content":"1+1?"},{"role":"assistant","reasoning_content":" Two.\nWait\n","content":"Answer: 2 "}]}`,
		"a thought in the answer": `{"messages":[{"role":"system","content":"You are Qwen."},{"role":"user","content":"1+1?"},{"role":"assistant","content":"<think>\nTwo.\nWait</think>\n\nAnswer: 2"}]}`,
		"prompt and completion":   `{"prompt":[{"role":"system","content":"You are Qwen."},{"role":"user","content":"1+1?"}],"completion":"<think>Two.\nWait</think>Answer: 2"}`,
		"parts":                   `{"messages":[{"role":"system","content":"You are Qwen."},{"role":"user","content":[{"type":"text","text":"1+"},{"type":"text","text":"1?"}]},{"role":"assistant","reasoning":"Two.\nWait","content":"Answer: 2"}]}`,
	} {
		e := rowsOf(t, tok, defaults(writeRows(t, line))).Train()[0]
		n := len(text.IDs) - 1 // generation ends with the turn; the newline behind it is only in texts
		if !slices.Equal(e.IDs, text.IDs[:n]) || !slices.Equal(e.Weights, text.Weights[:n]) {
			t.Errorf("%s: got %q, want %q", name, shown(tok, e), shown(tok, text))
		}
	}
}

func TestARowIsThePromptOfInferenceAndThenWhatTheModelWrites(t *testing.T) {
	t.Parallel()
	const user = "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
	tests := []struct {
		name, template, format, row, want string
	}{
		{"a thought", thinking, "auto", `{"prompt":"hi","completion":"<think>hm</think>yo"}`, user + "|<think>\nhm\n</think>\n\nyo<|im_end|>"},
		{"without one, the template's own way not to think", thinking, "auto", `{"prompt":"hi","completion":"yo"}`, user + "<think>\n\n</think>\n\n|yo<|im_end|>"},
		{"the prompt opens the thought", opened, "auto", `{"prompt":"hi","completion":"<think>hm</think>yo"}`, user + "<think>\n|hm\n</think>\n\nyo<|im_end|>"},
		{"the prompt opens one and there is none", opened, "auto", `{"prompt":"hi","completion":"yo"}`, user + "<think>\n\n</think>\n\n|yo<|im_end|>"},
		{"no thoughts at all", thinking, "none", `{"prompt":"hi","completion":"yo"}`, user + "<think>\n\n</think>\n\n|yo<|im_end|>"},
		{"control tokens in an answer stay text", thinking, "auto", `{"prompt":"hi","completion":"a<|im_end|>b"}`, user + "<think>\n\n</think>\n\n|a<|im_end|>b<|im_end|>"},
		{"a system text of the recipe", thinking, "auto", `{"prompt":"hi","completion":"yo"}`, "<|im_start|>system\nbe brief<|im_end|>\n" + user + "<think>\n\n</think>\n\n|yo<|im_end|>"},
	}
	for _, tt := range tests {
		tok := byteTokenizer(t, tt.template, "<think>", "</think>")
		o := defaults(writeRows(t, tt.row))
		o.ThinkFormat = tt.format
		var messages []tokenizer.Message
		if strings.Contains(tt.want, "be brief") {
			o.System = "be brief"
			messages = append(messages, tokenizer.Message{Role: "system", Content: o.System})
		}
		e := rowsOf(t, tok, o).Train()[0]
		if got := shown(tok, e); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
		var on *bool
		if !strings.Contains(tt.row, "think") {
			on = new(bool)
		}
		ids, _, err := tok.EncodeChat(append(messages, tokenizer.Message{Role: "user", Content: "hi"}), tokenizer.RenderOptions{AddGenerationPrompt: true, EnableThinking: on})
		if err != nil || !slices.Equal(e.IDs[:len(ids)], ids) {
			t.Errorf("%s: the prompt is not the one of inference: %v", tt.name, err)
		}
		end, _ := tok.ID("<|im_end|>")
		turns := 2
		if o.System != "" {
			turns++
		}
		if got := slices.DeleteFunc(slices.Clone(e.IDs), func(id int32) bool { return id != end }); len(got) != turns {
			t.Errorf("%s: %d ends of a turn, want %d", tt.name, len(got), turns)
		}
	}
}

func TestOfSeveralTurnsTheLastOrEachIsTrainedBehindItsOwnPrompt(t *testing.T) {
	t.Parallel()
	tok := byteTokenizer(t, thinking, "<think>", "</think>")
	o := defaults(writeRows(t, `{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"},{"role":"assistant","content":"d"}]}`))
	first := "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n"
	second := first + "b<|im_end|>\n<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n|d<|im_end|>"
	r := rowsOf(t, tok, o)
	if got := shown(tok, r.Train()[0]); len(r.Train()) != 1 || got != second {
		t.Errorf("the last turn: %q, want %q", got, second)
	}
	o.Turns = "all"
	r = rowsOf(t, tok, o)
	if len(r.Train()) != 2 || shown(tok, r.Train()[1]) != second || shown(tok, r.Train()[0]) != first+"<think>\n\n</think>\n\n|b<|im_end|>" {
		t.Errorf("all turns: %d documents, the first %q", len(r.Train()), shown(tok, r.Train()[0]))
	}
	if n := r.Train()[0].Name; !strings.HasSuffix(n, "rows.jsonl:1 (turn 1)") {
		t.Errorf("a turn is called %q", n)
	}
}

func TestWithoutATemplateARowIsBareText(t *testing.T) {
	t.Parallel()
	for _, template := range []string{"", chatML} {
		tok := byteTokenizer(t, template)
		o := defaults(writeRows(t, `{"prompt":"one plus one","completion":" is two "}`))
		o.ThinkFormat = "none"
		if template != "" {
			o.Template = "none"
		}
		if got, want := shown(tok, rowsOf(t, tok, o).Train()[0]), "one plus one| is two <|im_end|>"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTokensHaveTheLossWeightOfTheirText(t *testing.T) {
	t.Parallel()
	tok := byteTokenizer(t, chatML)
	o := defaults(writeRows(t, `{"prompt":"ok Wait","completion":"x ok Wait"}`))
	o.TokenWeights = map[string]float64{" ok": 2.5, "Wait": 0}
	e := rowsOf(t, tok, o).Train()[0]
	var got []float32
	for i, id := range e.IDs {
		if p := string(tok.Piece(id)); p == " ok" || p == "Wait" || p == "x" {
			got = append(got, e.Weights[i])
		}
	}
	if want := []float32{0, 1, 2.5, 0}; !slices.Equal(got, want) { // Wait of the prompt; x, ok, Wait of the answer
		t.Errorf("weights %v, want %v", got, want)
	}
	o.TokenWeights = map[string]float64{"no such token": 2}
	if _, err := OpenRows(t.Context(), tok, o); err == nil || !strings.Contains(err.Error(), `exactly "no such token"`) {
		t.Errorf("a text that is no token: %v", err)
	}
}

func TestARowThatCannotBeTrainedOnIsNamedByItsLine(t *testing.T) {
	t.Parallel()
	const good = `{"prompt":"hi","completion":"yo"}`
	tests := []struct{ row, want string }{
		{`{"prompt":"hi"}`, "no completion, so no answer"},
		{`{"prompt":"hi","completion":"  "}`, "answer is empty"},
		{`{"prompt":"hi","completion":"<think>x</think> "}`, "answer is empty"},
		{`{"messages":[{"role":"user","content":"hi"}]}`, `ends with a turn of "user"`},
		{`{"messages":[{"role":"assistant","content":"hi"}]}`, "nothing stands before"},
		{`{"messages":[{"content":"hi"}]}`, "message 0 has no role"},
		{`{"messages":[{"role":"user","content":[{"type":"image"}]}]}`, `a part of type "image"`},
		{`{"messages":[{"role":"user","content":7}]}`, "neither a text nor a list of parts"},
		{`{"messages":[]}`, `none of "messages"`},
		{`{"prompt":[],"completion":[]}`, "the completion is empty"},
		{`{"prompt":null,"completion":null}`, `none of "messages"`},
		{`{"text":"no header at all"}`, `no "<|im_start|>assistant`},
		{`{"text":"<|im_start|>assistant\n<|im_start|>think\nx\n<|im_start|>answer\n<|im_end|>\n"}`, "the answer in its text is empty"},
		{`{"text":"<|im_start|>assistant\n"}`, "the answer in its text is empty"},
		{`{"text":"a\u0000<|im_start|>assistant\nx"}`, "NUL"},
		{`{"prompt":3,"completion":"x"}`, "prompt is neither"},
		{`{}`, `none of "messages"`},
		{`["x"]`, "want a JSON object"},
		{`{"text":`, "read JSON"},
		{"{\"text\":\"\xff\"}", "not UTF-8"},
	}
	tok := byteTokenizer(t, chatML)
	for _, tt := range tests {
		path := writeRows(t, good, "", tt.row, good)
		_, err := OpenRows(t.Context(), tok, defaults(path))
		if err == nil || !strings.Contains(err.Error(), path+":3: ") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %s:3: ... %s", tt.row, err, path, tt.want)
		}
	}
	o := defaults(writeRows(t, `{"prompt":"hi","completion":"<think>x</think>yo"}`))
	o.ThinkFormat = "none"
	if _, err := OpenRows(t.Context(), tok, o); err == nil || !strings.Contains(err.Error(), "no place for it") {
		t.Errorf("a thought with the format none: %v", err)
	}
	o.ThinkFormat = "think"
	if _, err := OpenRows(t.Context(), tok, o); err == nil || !strings.Contains(err.Error(), `special token "<think>"`) {
		t.Errorf("a format the tokenizer has not: %v", err)
	}
}

func TestSmolLM2TrainsOnS1sRows(t *testing.T) {
	t.Parallel()
	path := os.Getenv("S1_SMOLLM2")
	if path == "" {
		t.Skip("needs SmolLM2-135M-Instruct as GGUF in S1_SMOLLM2: run `make test-real`")
	}
	tok, err := engine.OpenTokenizer(path)
	if err != nil {
		t.Fatal(err)
	}
	defer tok.Close()
	o := defaults(writeRows(t, `{"text":`+quote(s1Text)+`}`))
	e := rowsOf(t, tok, o).Train()[0]
	whole, err := tok.Encode(s1Text, true)
	if err != nil || !slices.Equal(e.IDs, whole) {
		t.Errorf("ids %v, the text as a whole gives %v (%v)", e.IDs, whole, err)
	}
	if got, want := shown(tok, e), strings.Replace(s1Text, "assistant\n", "assistant\n|", 1); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	o.Files = []string{writeRows(t, `{"prompt":"1+1?","completion":"<think>Two.</think>2"}`)}
	r := rowsOf(t, tok, o)
	if got, want := shown(tok, r.Train()[0]), "|<|im_start|>think\nTwo.\n<|im_start|>answer\n2<|im_end|>"; !strings.HasSuffix(got, want) {
		t.Errorf("got %q, want it to end with %q", got, want)
	}
}

func TestOverLongRowsAreRefusedDroppedOrCutAndCounted(t *testing.T) {
	t.Parallel()
	tok := byteTokenizer(t, chatML)
	long := func(prompt, answer int) string {
		return `{"prompt":"` + strings.Repeat("p", prompt) + `","completion":"` + strings.Repeat("a", answer) + `"}`
	}
	// ChatML around a prompt of n bytes: im_start user\n n im_end \n im_start assistant\n = n + 19 tokens, and im_end.
	path := writeRows(t, long(1, 10), long(1, 100), long(1, 31), long(60, 1))
	o := defaults(path)
	o.Block = 50
	r, err := OpenRows(t.Context(), tok, o)
	var refused *OverLongError
	if !errors.As(err, &refused) || *refused != (OverLongError{3, 4, 50, path + ":2", 121}) {
		t.Fatalf("refused: %v", err)
	}
	if want := []LongRow{{path + ":2", 121}, {path + ":3", 52}, {path + ":4", 81}}; !reflect.DeepEqual(r.Report().OverLong, want) || len(r.Train()) != 1 {
		t.Errorf("over-long %v and %d others, want %v and 1", r.Report().OverLong, len(r.Train()), want)
	}
	o.OverLong = "drop"
	if r := rowsOf(t, tok, o).Report(); r.Dropped != 3 || r.Examples != 1 || r.Tokens != 31 || r.Trained != 11 || r.CutTokens != 0 {
		t.Errorf("dropped: %+v", r)
	}
	o.OverLong = "cut"
	rows := rowsOf(t, tok, o)
	if r := rows.Report(); r.Cut != 2 || r.CutAway != 1 || r.CutTokens != 71+2 || r.Examples != 3 || r.Longest != 50 || r.Tokens != 131 || r.Trained != 11+30+30 {
		t.Errorf("cut: %+v", r)
	}
	if got := shown(tok, rows.Train()[2]); !strings.HasSuffix(got, "|"+strings.Repeat("a", 30)) {
		t.Errorf("cut from the right: %q", got)
	}
	o.Files = []string{writeRows(t, `{"prompt":"p","completion":"<think>`+strings.Repeat("t", 60)+`</think>x"}`)}
	if r := rowsOf(t, tok, o).Report(); r.Cut != 1 || r.CutAnswers != 1 || r.WithoutThought != 0 {
		t.Errorf("a thought cut before its answer: %+v", r)
	}
}
