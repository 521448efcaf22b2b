package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// chatServer is an OpenAI-compatible server with one model, which thinks the letters of the alphabet, one a token, and goes
// on from the last message. It asks for the key "k1".
func chatServer(t *testing.T, models ...string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer k1" {
			http.Error(w, `{"error":{"message":"no such key: `+r.Header.Get("Authorization")+`"}}`, http.StatusUnauthorized)
			return
		}
		list := []map[string]string{}
		for _, m := range models {
			list = append(list, map[string]string{"id": m, "owned_by": "a test"})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": list})
	})
	mux.HandleFunc("POST /v1/chat/completions", func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Messages []struct{ Role, Content string }
			Most     int `json:"max_tokens"`
		}
		_ = json.NewDecoder(r.Body).Decode(&q)
		said := ""
		if last := q.Messages[len(q.Messages)-1]; last.Role == "assistant" {
			said = last.Content
		}
		var tokens []string
		switch thought, answer, closed := strings.Cut(said, "</think>"); {
		case strings.HasPrefix(q.Messages[0].Content, "Count from"):
			tokens = []string{" 7", ","}
		case closed && strings.TrimSpace(answer) == "":
			tokens = []string{"the", " answer"}
		case !closed:
			for i := len(thought); i < 26+len("<think>\n"); i++ {
				tokens = append(tokens, string(rune('a'+max(0, i-len("<think>\n")))))
			}
			if said == "" {
				tokens = append([]string{"<think>", "\n"}, tokens[len("<think>\n"):]...)
			}
			tokens = append(tokens, "</think>", "the", " answer")
		}
		w.Header().Set("Content-Type", "text/event-stream")
		finish := "stop"
		if q.Most > 0 && len(tokens) > q.Most {
			tokens, finish = tokens[:q.Most], "length"
		}
		for _, s := range tokens {
			b, _ := json.Marshal(s)
			fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{\"content\":%s}}]}\n\n", b)
		}
		fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{},\"finish_reason\":%q}]}\n\ndata: [DONE]\n\n", finish)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL + "/v1"
}

func TestAServerIsAModel(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.env = append(b.env, "S1_API_KEY=k1")
	at := chatServer(t, "letters")
	b.run("models", "info", at).wants(0, "letters", "after <think>", "chat, stopped and gone on from", "emulated", "completions by ids", "ignored")

	r := b.run("run", "-m", at+"#letters", "--json", "--cap", "5", "hello").wants(0)
	x := r.only()
	if integer(x.receipt["thinking_tokens"]) != 5 || x.receipt["enforcement"] != "emulated" || !strings.Contains(x.text, "abcde\n</think>") || x.end["answer"] != "the answer" {
		t.Errorf("%q %v", x.text, x.receipt)
	}
	for _, id := range x.ids {
		if id != -1 {
			t.Errorf("id %d of a server that tells none", id)
		}
	}
	b.run("run", "-m", at, "--cap", "5", "hello").wants(0, "[cap]", "budget emulated", "the answer")

	list := b.run("sessions", "list", "--json").wants(0).lines()
	id := list[0]["id"].(string)
	if got := list[0]["model"]; got != at+"#letters" {
		t.Errorf("kept under the name %q", got)
	}
	b.run("sessions", "show", id).wants(0, "abcde", "P(end) unknown", "enforcement emulated")
	b.run("sessions", "replay", id).wants(0, "abcde", "the answer")
	if r := b.run("sessions", "replay", "--check", id).wants(1); !strings.Contains(r.err, "thought by a server") {
		t.Errorf("a check of a server's run: %q", r.err)
	}
}

func TestAServerThatCannotBeUsedIsToldInASentence(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	at := chatServer(t, "one", "two")
	for _, c := range []struct {
		key, word, want string
	}{
		{"k1", at, "has 2 models; name one of them"},
		{"k1", at + "#three", `no model "three"; it has one, two`},
		{"k2-secret", at + "#one", "401"},
		{"k1", "http://127.0.0.1:1/v1#x", "refused"},
		{"k1", "http://me:pass@host/v1", "does not belong"},
	} {
		b.env = append(b.env, "S1_API_KEY="+c.key)
		r := b.run("run", "-m", c.word, "hello").wants(1)
		if !strings.Contains(r.err, c.want) || strings.Contains(r.err, "secret") || strings.Contains(r.err, "pass") || strings.Count(strings.TrimSpace(r.err), "\n") > 0 {
			t.Errorf("%s: %q, want %q in one line", c.word, r.err, c.want)
		}
	}
}
