// Package remote is a model behind an OpenAI-compatible server (vLLM, SGLang, llama.cpp, Ollama, ...), thought with as with
// one of this machine: Ask, Branch, commands, and a log of tokens.
//
// The way of a token:
//
//	server --bytes--> events (SSE, bounded) --chunks--> pieces (text, field, id, log-probability)
//	--> source (what of it is thought, tags cut out) --> think.Machine, the same rule as for a local model --> trace.Log
//
// What the machine draws is the next piece of a stream. What it feeds (a close, "Wait", a user's text) ends the stream:
// the next one goes on from everything that stands so far. So one rule serves every route, and what differs between
// servers is only whether, and how exactly, a text can be gone on from. A probe finds that out at the start, by
// what comes back and never by what is accepted: servers drop fields that they do not know without a word.
//
// Where the server takes and tells token ids, a token is a token and nothing is encoded again at a join (exact). Elsewhere
// a token is one delta of the stream, usually one token and sometimes more: counts are then estimates, the ids of the log are
// -1, and the text is encoded anew where it is gone on from (emulated).
//
// It knows no screen, no database and no weights.
package remote
