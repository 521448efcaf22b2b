package enginetest

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Server is an OpenAI-compatible server, in llama.cpp's form, with a model that follows a script: what an engine over Model says
// with the same script, this says through HTTP. Equal requests get equal answers. The prompt of a question is its system text
// and its text, with nothing around them.
type Server struct {
	Name    string // of the model
	Vocab   *Vocab
	Script  Script
	Context int           // tokens; 0 = 4096
	Slow    time.Duration // before each generation
	Seats   int           // generations at once; 0 = any number

	// NoIDs leaves out /tokenize, so that ids mean nothing to a client; GoOn has the chat route go on from the last message.
	NoIDs, GoOn bool

	// Fault answers the n-th generation (from 0, a probe's included) itself and says so, or lets it through. Broken may end the
	// stream of one after a number of tokens; -1 = no.
	Fault  func(n int, w http.ResponseWriter, r *http.Request) bool
	Broken func(n int) (after int)

	once  sync.Once
	seats chan struct{}
	mu    sync.Mutex
	n     int
	live  int
	most  int
	told  int
	keys  []string
}

// Served is how many generations were asked for, how many were under way at once at most, and how many tokens were told.
func (s *Server) Served() (generations, most, tokens int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n, s.most, s.told
}

// Keys are the Authorization headers of the generations.
func (s *Server) Keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.keys)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.once.Do(func() {
		if s.Context == 0 {
			s.Context = 4096
		}
		if s.Seats > 0 {
			s.seats = make(chan struct{}, s.Seats)
		}
	})
	var q ask
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<22)).Decode(&q); err != nil {
			http.Error(w, `{"error":"no JSON"}`, http.StatusBadRequest)
			return
		}
	}
	switch path := r.URL.Path; {
	case path == "/v1/models":
		answer(w, map[string]any{"data": []any{map[string]any{"id": s.Name, "owned_by": "enginetest", "max_model_len": s.Context}}})
	case path == "/tokenize" && !s.NoIDs:
		ids, _ := s.Vocab.Encode(q.Content, q.Special) // it encodes everything
		list := []any{}
		for _, id := range ids {
			list = append(list, map[string]any{"id": id, "piece": string(s.Vocab.Piece(id))})
		}
		answer(w, map[string]any{"tokens": list})
	case path == "/apply-template" && !s.NoIDs:
		answer(w, map[string]any{"prompt": rendered(q.Messages)})
	case path == "/v1/completions" || path == "/v1/chat/completions":
		s.generate(w, r, &q, strings.HasPrefix(path, "/v1/chat"))
	default:
		http.NotFound(w, r)
	}
}

// ask is a request, as far as it is read.
type ask struct {
	Content     string              `json:"content"`
	Special     bool                `json:"parse_special"`
	Messages    []map[string]string `json:"messages"`
	Prompt      json.RawMessage     `json:"prompt"`
	Most        int                 `json:"max_tokens"`
	Temperature float64             `json:"temperature"`
	Seed        uint64              `json:"seed"`
	Bias        [][]any             `json:"logit_bias"`
}

func rendered(messages []map[string]string) (text string) {
	for _, m := range messages {
		text += m["content"]
	}
	return text
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client may have gone
}

// history is the tokens that a request goes on from.
func (s *Server) history(q *ask, chat bool) []int32 {
	var ids []int32
	if !chat && !s.NoIDs && json.Unmarshal(q.Prompt, &ids) == nil {
		return ids
	}
	text := ""
	if chat {
		if last := len(q.Messages) - 1; last >= 0 && q.Messages[last]["role"] == "assistant" && !s.GoOn {
			q.Messages = q.Messages[:last]
		}
		text = rendered(q.Messages)
	} else {
		_ = json.Unmarshal(q.Prompt, &text) // something else is an empty prompt
	}
	ids, _ = s.Vocab.Encode(text, true)
	return ids
}

// counting is what a probe asks to see whether a text is gone on from: a script of its own for this one question.
const counting = "Count from 1 to 12"

func (s *Server) next(history []int32, banned map[int32]bool, temperature float64, rng *rand.Rand) (id int32, logprob float64) {
	return pick(s.Script(history), banned, temperature, rng, s.Vocab.Size())
}

// pick draws an id: the likeliest, the lowest of equals, or by chance.
func pick(l map[int32]float32, banned map[int32]bool, temperature float64, rng *rand.Rand, size int) (int32, float64) {
	list := make([]entry, 0, len(l))
	for id, x := range l {
		if !banned[id] {
			list = append(list, entry{id, x})
		}
	}
	for id := int32(0); len(list) == 0 && int(id) < size; id++ {
		if _, named := l[id]; !named && !banned[id] {
			list = append(list, entry{id, Floor})
		}
	}
	slices.SortFunc(list, func(a, b entry) int {
		switch {
		case a.logit > b.logit:
			return -1
		case a.logit < b.logit:
			return 1
		}
		return int(a.id) - int(b.id)
	})
	sum := 0.0
	for _, e := range list {
		sum += math.Exp(float64(e.logit))
	}
	at := 0
	if temperature > 0 {
		total := 0.0
		for _, e := range list {
			total += math.Exp(float64(e.logit) / temperature)
		}
		for x := rng.Float64() * total; at < len(list)-1; at++ {
			if x -= math.Exp(float64(list[at].logit) / temperature); x < 0 {
				break
			}
		}
	}
	return list[at].id, float64(list[at].logit) - math.Log(sum)
}

// begin counts a generation in; the one before it in n.
func (s *Server) begin(r *http.Request) (n int, end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n = s.n
	s.n++
	s.live++
	s.most = max(s.most, s.live)
	if key := r.Header.Get("Authorization"); key != "" && len(s.keys) < 1000 {
		s.keys = append(s.keys, key)
	}
	return n, func() {
		s.mu.Lock()
		s.live--
		s.mu.Unlock()
	}
}

func (s *Server) generate(w http.ResponseWriter, r *http.Request, q *ask, chat bool) {
	if s.seats != nil {
		select {
		case s.seats <- struct{}{}:
			defer func() { <-s.seats }()
		case <-r.Context().Done():
			return
		}
	}
	n, end := s.begin(r)
	defer end()
	if s.Slow > 0 {
		select {
		case <-time.After(s.Slow):
		case <-r.Context().Done():
			return
		}
	}
	if s.Fault != nil && s.Fault(n, w, r) {
		return
	}
	ids := s.history(q, chat)
	prompt := len(ids)
	if prompt >= s.Context {
		http.Error(w, fmt.Sprintf(`{"error":{"message":"the prompt has %d tokens, the context %d"}}`, prompt, s.Context), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	banned := map[int32]bool{}
	for _, x := range q.Bias {
		if id, ok := x[0].(float64); ok {
			banned[int32(id)] = true
		}
	}
	after := -1
	if s.Broken != nil {
		after = s.Broken(n)
	}
	said, _ := s.Vocab.Encode(" 7, 8, 9", false)
	count := strings.Contains(s.text(ids), counting)
	rng := rand.New(rand.NewPCG(q.Seed, 0))
	finish, told := "length", 0
	for ; (q.Most <= 0 || told < q.Most) && len(ids) < s.Context && r.Context().Err() == nil; told++ {
		if told == after {
			panic(http.ErrAbortHandler)
		}
		id, logprob := s.Vocab.EndIDs()[0], 0.0
		switch {
		case count && told < len(said) && (!chat || s.GoOn):
			id = said[told]
		case !count:
			id, logprob = s.next(ids, banned, q.Temperature, rng)
		}
		if slices.Contains(s.Vocab.EndIDs(), id) {
			finish = "stop"
			break
		}
		ids = append(ids, id)
		s.event(w, id, logprob, chat)
	}
	s.mu.Lock()
	s.told += told
	s.mu.Unlock()
	fmt.Fprintf(w, "data: {\"choices\":[{\"index\":0,\"text\":\"\",\"delta\":{},\"finish_reason\":%q}],\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d}}\n\ndata: [DONE]\n\n", finish, prompt, told)
}

func (s *Server) text(ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		b.Write(s.Vocab.Piece(id))
	}
	return b.String()
}

// event tells one token.
func (s *Server) event(w http.ResponseWriter, id int32, logprob float64, chat bool) {
	text := string(s.Vocab.Piece(id))
	e := map[string]any{"token": text, "logprob": logprob, "top_logprobs": []any{}}
	if !s.NoIDs {
		e["id"] = id
	}
	c := map[string]any{"index": 0, "text": text, "logprobs": map[string]any{"content": []any{e}}}
	if chat {
		c = map[string]any{"index": 0, "delta": map[string]any{"content": text}}
	}
	b, _ := json.Marshal(map[string]any{"choices": []any{c}}) // texts and numbers always encode
	fmt.Fprintf(w, "data: %s\n\n", b)
	w.(http.Flusher).Flush()
}
