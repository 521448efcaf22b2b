package remote

// A stream that breaks off is gone on from what came of it. With sampling that would draw other tokens than the whole stream
// would have: each part has a seed of its own. So there it is asked for again from where it began, with the seed that it had,
// and what came before is passed over: a server whose draws depend on the seed alone gives equal runs, broken off or not.

// repeatable is the stream, where it can be had again token by token.
func (b *branch) repeatable(s *source) *source {
	if b.run.route != RouteIDs || b.sampling.Temperature <= 0 || s.guess || s.from >= len(b.ids) {
		return nil
	}
	return s
}

// repeated passes over a token that stands already. Where another one comes, the server draws anew, and the branch goes on from
// what stands.
func (b *branch) repeated(d drawn) {
	if d.end == "" && d.id == b.src.again[0] {
		b.src.again = b.src.again[1:]
		return
	}
	b.dropStream()
}
