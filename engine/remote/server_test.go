package remote

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// fake is an OpenAI-compatible server with a model of rules, so that what should come is known: its thought is one word
// after the other (w1, w2, ...) until it has had enough, longer after each Wait, and its answer says how many words the
// thought had. What stands counts, not what was sent before: going on from a wrong place gives a wrong answer.
type fake struct {
	tokens   bool   // it has /tokenize, and tells ids
	template bool   // it has /apply-template
	vllm     bool   // it does both in vLLM's form
	goOn     bool   // the chat route goes on from the last message
	echo     bool   // ... and says it again
	field    string // of the thought: "" = tags in the text; reasoning, reasoning_content, reasoning_details
	native   string // field of a budget that it keeps
	logprobs bool
	noThink  bool // the model answers at once
	noUsage  bool
	words    int  // of a thought; 0 = 12
	again    bool // once, it tries to think again in its answer

	// fault answers the n-th generation (from 0, the probe's included) itself and says so, or lets it through; broken
	// may end a stream after a number of tokens, -1 = no.
	fault  func(n int, w http.ResponseWriter, r *http.Request) bool
	broken func(n int) (after int)

	mu     sync.Mutex
	n      int // generations
	ids    map[string]int32
	texts  []string
	bodies []map[string]any
	seen   []*http.Request
}

func (f *fake) start(t *testing.T) string {
	t.Helper()
	f.ids = map[string]int32{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, r *http.Request) {
		f.note(r)
		fmt.Fprint(w, `{"data":[{"id":"fake-1","owned_by":"tests","max_model_len":4096}]}`)
	})
	mux.HandleFunc("POST /v1/chat/completions", func(w http.ResponseWriter, r *http.Request) { f.generate(w, r, true) })
	mux.HandleFunc("POST /v1/completions", func(w http.ResponseWriter, r *http.Request) { f.generate(w, r, false) })
	if f.vllm {
		mux.HandleFunc("POST /tokenize", f.tokenizeVLLM)
		mux.HandleFunc("POST /detokenize", func(w http.ResponseWriter, r *http.Request) {
			var q struct{ Tokens []int32 }
			_ = json.NewDecoder(r.Body).Decode(&q)
			reply(w, map[string]any{"prompt": f.text(q.Tokens[0])})
		})
	} else if f.tokens {
		mux.HandleFunc("POST /tokenize", f.tokenize)
	}
	if f.template {
		mux.HandleFunc("POST /apply-template", func(w http.ResponseWriter, r *http.Request) {
			var q struct{ Messages []map[string]string }
			_ = json.NewDecoder(r.Body).Decode(&q)
			reply(w, map[string]any{"prompt": rendered(q.Messages)})
		})
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL + "/v1"
}

func (f *fake) note(r *http.Request) {
	f.mu.Lock()
	f.seen = append(f.seen, r)
	f.mu.Unlock()
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

const assistant = "<|assistant|>\n"

func rendered(messages []map[string]string) string {
	s := ""
	for _, m := range messages {
		s += "<|" + m["role"] + "|>" + m["content"]
	}
	return s + assistant
}

// A word of the built-in model's vocabulary is two tokens here, as in any other.
var tokenRE = regexp.MustCompile(`^[cr]|<\|?/?\w+\|?>|\n| ?[^\s<]+|[\s<]`)

func (f *fake) encode(text string) []int32 {
	f.mu.Lock()
	defer f.mu.Unlock()
	var ids []int32
	for _, s := range tokenRE.FindAllString(text, -1) {
		id, ok := f.ids[s]
		if !ok {
			id = int32(len(f.texts))
			f.ids[s] = id
			f.texts = append(f.texts, s)
		}
		ids = append(ids, id)
	}
	return ids
}

func (f *fake) tokenize(w http.ResponseWriter, r *http.Request) {
	f.note(r)
	var q struct{ Content *string }
	_ = json.NewDecoder(r.Body).Decode(&q)
	if q.Content == nil {
		http.Error(w, "no content", http.StatusBadRequest)
		return
	}
	list := []map[string]any{}
	for _, id := range f.encode(*q.Content) {
		list = append(list, map[string]any{"id": id, "piece": f.text(id)})
	}
	reply(w, map[string]any{"tokens": list})
}

func (f *fake) tokenizeVLLM(w http.ResponseWriter, r *http.Request) {
	f.note(r)
	var q struct {
		Model    string
		Prompt   string
		Messages []map[string]string
	}
	_ = json.NewDecoder(r.Body).Decode(&q)
	if q.Model != "fake-1" {
		http.Error(w, `{"detail":"field required: model"}`, http.StatusBadRequest)
		return
	}
	if q.Messages != nil {
		q.Prompt = rendered(q.Messages)
	}
	ids := f.encode(q.Prompt)
	reply(w, map[string]any{"tokens": ids, "count": len(ids), "max_model_len": 4096})
}

func (f *fake) text(id int32) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.texts[id]
}

const turnEnd = "<|im_end|>"

// next is what the model says after all that stands; turnEnd ends it.
func (f *fake) next(question, said string) string {
	if strings.HasPrefix(question, "Count from") {
		n := len(regexp.MustCompile(`\d+`).FindAllString(said, -1))
		switch {
		case n >= 12:
			return turnEnd
		case strings.HasSuffix(said, ",") || said == "":
			return fmt.Sprintf(" %d", n+1)
		}
		return ","
	}
	thought, answer, closed := strings.Cut(said, "</think>")
	if !f.noThink && said == "" {
		return "<think>"
	}
	thought = strings.TrimPrefix(thought, "<think>")
	if !f.noThink && !closed {
		if thought == "" {
			return "\n"
		}
		words := strings.Fields(thought)
		limit := f.words
		if limit == 0 {
			limit = 12
		}
		if len(words) >= limit+6*strings.Count(thought, "Wait") {
			return "</think>"
		}
		return fmt.Sprintf(" w%d", len(words)+1)
	}
	if f.noThink {
		answer = said
	}
	if f.triesAgain() {
		return "<think>"
	}
	out := []string{"\n", "\n", "It", " is", fmt.Sprintf(" %d", len(strings.Fields(thought))), ".", turnEnd}
	if f.noThink {
		out = []string{"It", " is", " so", ".", turnEnd}
	}
	rest := strings.NewReplacer("<think>", "", " more", "").Replace(answer)
	for _, s := range out {
		if !strings.HasPrefix(rest, s) {
			if strings.TrimSpace(s) == "" && !strings.HasPrefix(rest, "\n") && rest != "" {
				continue // fed in another form
			}
			return s
		}
		rest = rest[len(s):]
	}
	return turnEnd
}

func (f *fake) triesAgain() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	was := f.again
	f.again = false
	return was
}

func (f *fake) generate(w http.ResponseWriter, r *http.Request, chat bool) {
	f.note(r)
	var q map[string]any
	_ = json.NewDecoder(r.Body).Decode(&q)
	f.mu.Lock()
	n := f.n
	f.n++
	f.bodies = append(f.bodies, q)
	f.mu.Unlock()
	if f.fault != nil && f.fault(n, w, r) {
		return
	}
	question, said, prompt := f.prompt(q, chat)
	after := -1
	if f.broken != nil {
		after = f.broken(n)
	}
	most := 1 << 20
	if x, ok := q["max_tokens"].(float64); ok {
		most = int(x)
	}
	budget := -1
	if x, ok := q[f.native].(float64); ok && f.native != "" {
		budget = int(x)
	}
	banned := map[string]bool{}
	if list, ok := q["logit_bias"].([]any); ok {
		for _, x := range list {
			banned[f.text(int32(x.([]any)[0].(float64)))] = true
		}
	}
	if bias, ok := q["logit_bias"].(map[string]any); ok {
		for id := range bias {
			n, _ := strconv.Atoi(id)
			banned[f.text(int32(n))] = true
		}
	}
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	out := func(v any) {
		b, _ := json.Marshal(v)
		fmt.Fprintf(w, "data: %s\n\n", b)
		w.(http.Flusher).Flush()
	}
	if f.echo && chat && said != "" {
		out(choiceOf("content", said, nil, nil))
	}
	finish, count, thoughts := "length", 0, 0
	for ; count < most && r.Context().Err() == nil; count++ {
		if count == after {
			panic(http.ErrAbortHandler)
		}
		inside := strings.Contains(said, "<think>") && !strings.Contains(said, "</think>")
		token := f.next(question, said)
		if inside && budget >= 0 && thoughts >= budget {
			token = "</think>"
		}
		if banned[token] {
			token = " more"
		}
		if token == turnEnd {
			finish = "stop"
			break
		}
		said += token
		id := f.encode(token)[0]
		field, shown := "content", token
		if chat && f.field != "" {
			switch {
			case token == "<think>" || token == "</think>" || inside && thoughts == 0 && token == "\n":
				continue
			case inside:
				field = f.field
			}
		}
		if inside {
			thoughts++
		}
		var lp any
		if f.logprobs {
			e := map[string]any{"token": token, "bytes": []byte(nil), "logprob": -0.25, "top_logprobs": []any{map[string]any{"token": token, "logprob": -0.25}, map[string]any{"token": "</think>", "logprob": math.Log(0.125)}}}
			delete(e, "bytes")
			if f.tokens && !chat {
				e["id"] = id
			}
			lp = map[string]any{"content": []any{e}}
		}
		if f.vllm && !chat {
			name := fmt.Sprintf("token_id:%d", id)
			out(map[string]any{"choices": []any{map[string]any{"index": 0, "text": shown, "token_ids": []int32{id}, "logprobs": map[string]any{
				"tokens": []string{name}, "token_logprobs": []float64{-0.25}, "top_logprobs": []any{map[string]float64{name: -0.25}},
			}}}})
		} else if chat {
			out(choiceOf(field, shown, lp, nil))
		} else {
			out(map[string]any{"choices": []any{map[string]any{"index": 0, "text": shown, "logprobs": lp}}})
		}
	}
	out(choiceOf("content", "", nil, finish))
	if !f.noUsage {
		out(map[string]any{"choices": []any{}, "usage": map[string]any{"prompt_tokens": prompt, "completion_tokens": count}})
	}
	fmt.Fprint(w, "data: [DONE]\n\n")
}

func choiceOf(field, text string, lp, finish any) map[string]any {
	d := map[string]any{field: text}
	if field == "reasoning_details" {
		d = map[string]any{field: []any{map[string]any{"type": "reasoning.text", "text": text}}}
	}
	return map[string]any{"choices": []any{map[string]any{"index": 0, "delta": d, "logprobs": lp, "finish_reason": finish}}}
}

// prompt is the question, what stands of the answer, and how many tokens the whole has.
func (f *fake) prompt(q map[string]any, chat bool) (question, said string, n int) {
	text := ""
	if chat {
		var messages []map[string]string
		b, _ := json.Marshal(q["messages"])
		_ = json.Unmarshal(b, &messages)
		if last := messages[len(messages)-1]; last["role"] == "assistant" {
			messages = messages[:len(messages)-1]
			if f.goOn {
				said = last["content"]
			}
		}
		text = rendered(messages) + said
	} else if s, ok := q["prompt"].(string); ok {
		text = s
	} else {
		for _, x := range q["prompt"].([]any) {
			text += f.text(int32(x.(float64)))
		}
	}
	head, said, _ := strings.Cut(text, assistant)
	return head[strings.LastIndex(head, "<|user|>")+len("<|user|>"):], said, len(f.encode(text))
}

func (f *fake) generations() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n
}
