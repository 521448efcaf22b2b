package think

// WaitTexts are continuations of a thought in its own voice, for a menu. A thought goes on from the first person; orders
// to it in the third are ignored by most models. "Wait" is the paper's, "Hmm" and "Alternatively" are its ablation (table 4).
func WaitTexts() []string {
	return []string{
		"Wait",
		"Hmm",
		"Alternatively",
		"Wait, let me check that again.",
		"Let me try another way and see whether I get the same.",
	}
}
