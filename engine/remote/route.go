package remote

import (
	"maps"
	"slices"

	"s1/engine/trace"
)

// Route is a way to the model.
type Route string

const (
	RouteIDs  Route = "completions by ids"  // /v1/completions with token ids: nothing is encoded at a join
	RouteText Route = "completions by text" // /v1/completions with the prompt as the server's template makes it
	RouteChat Route = "chat"                // /v1/chat/completions
)

// request is one generation to ask for.
type request struct {
	route    Route
	system   string
	question string
	rendered string  // RouteText
	prompt   []int32 // RouteIDs
	prefix   string  // what stands of the answer, thought included
	ids      []int32 // the same
	sampling trace.Sampling
	most     int            // tokens, 0 = the server's own limit
	mask     []int32        // ids that must not come, RouteIDs
	fields   map[string]any // a native budget
}

// body is the request in JSON, and its path. Fields stand at the root: anywhere else they are ignored in silence.
func (m *Model) body(r *request) (path string, body map[string]any) {
	body = map[string]any{"model": m.at.Name, "stream": true, "stream_options": map[string]any{"include_usage": true}}
	sampling(body, r.sampling, len(r.ids)+len(r.prefix))
	if r.most > 0 {
		body["max_tokens"] = r.most
	}
	maps.Copy(body, r.fields)
	if r.route == RouteChat {
		messages := []map[string]string{}
		if r.system != "" {
			messages = append(messages, map[string]string{"role": "system", "content": r.system})
		}
		messages = append(messages, map[string]string{"role": "user", "content": r.question})
		if r.prefix != "" {
			messages = append(messages, map[string]string{"role": "assistant", "content": r.prefix})
			maps.Copy(body, m.probe.goOn)
		}
		body["messages"] = messages
		if m.probe.Logprobs {
			body["logprobs"], body["top_logprobs"] = true, topAsked
		}
		return "/chat/completions", body
	}
	if m.probe.Logprobs || r.route == RouteIDs {
		body["logprobs"] = topAsked
	}
	if r.route == RouteText {
		body["prompt"] = r.rendered + r.prefix
		return "/completions", body
	}
	body["prompt"] = slices.Concat(r.prompt, r.ids)
	if m.probe.kind == tokenizeVLLM {
		body["return_token_ids"], body["return_tokens_as_token_ids"], body["skip_special_tokens"] = true, true, false
	}
	if len(r.mask) > 0 {
		if m.probe.kind == tokenizeVLLM {
			bias := map[int32]int{}
			for _, id := range r.mask {
				bias[id] = -100
			}
			body["logit_bias"] = bias
		} else {
			bias := [][]any{}
			for _, id := range r.mask {
				bias = append(bias, []any{id, false})
			}
			body["logit_bias"] = bias
		}
	}
	return "/completions", body
}

// topAsked is how many candidates are asked for: more is refused by some servers.
const topAsked = 5

// sampling writes the parameters that are set. A part that goes on has a seed of its own: with the same one it would
// repeat the draws of the first.
func sampling(body map[string]any, s trace.Sampling, at int) {
	body["temperature"] = s.Temperature
	if s.Temperature > 0 {
		body["seed"] = (s.Seed + uint64(at)) & 0x7fffffff
	}
	if s.TopP > 0 && s.TopP < 1 {
		body["top_p"] = s.TopP
	}
	if s.TopK > 0 {
		body["top_k"] = s.TopK
	}
	if s.MinP > 0 {
		body["min_p"] = s.MinP
	}
	if s.RepeatPenalty > 0 && s.RepeatPenalty != 1 {
		body["repeat_penalty"], body["repetition_penalty"] = s.RepeatPenalty, s.RepeatPenalty
	}
}
