package curate

// Decontaminate keeps questions of test sets out.
type Decontaminate struct {
	Tests   []string `toml:"tests"`   // files with the fields question, problem or prompt
	NGram   int      `toml:"ngram"`   // words; 8 is s1's code
	Strict  bool     `toml:"strict"`  // also without punctuation and LaTeX, short questions, near-duplicates
	Jaccard float64  `toml:"jaccard"` // of a near-duplicate, above 0 to 1
}
