package scaling

// Known is a data set that has a name here. Its rows are those that the literature measures on, so it is read without any flag.
type Known struct {
	Name   string
	Repo   string // of a hub's data sets
	File   string // in it
	Fields Fields
	Size   int // questions
	// Licence is what the authors of the original give, for where the page of the repository states none.
	Licence string
}

// KnownSets are all of them, in the order of help texts. Repositories and names of fields are as they were in 2025; a set that
// was changed since is read by its new names with the flags for a file.
func KnownSets() []Known {
	return []Known{
		// The 500 test problems of "Let's Verify Step by Step" from MATH (Hendrycks et al., MIT), as a copy of openai/prm800k's split.
		{
			Name: "math500", Repo: "HuggingFaceH4/MATH-500", File: "test.jsonl", Size: 500, Licence: "MIT (MATH, the original)",
			Fields: Fields{ID: "unique_id", Question: "problem", Answer: "answer"},
		},
		// AIME I and II of 2024, as the paper's comparison of parallel and sequential methods has them.
		{
			Name: "aime24", Repo: "Maxwell-Jia/AIME_2024", File: "aime_2024_problems.parquet", Size: 30, Licence: "not stated; the problems are the MAA's",
			Fields: Fields{ID: "ID", Question: "Problem", Answer: "Answer"},
		},
		// AIME I and II of 2025.
		{
			Name: "aime25", Repo: "math-ai/aime25", File: "test.jsonl", Size: 30, Licence: "not stated; the problems are the MAA's",
			Fields: Fields{ID: "id", Question: "problem", Answer: "answer"},
		},
		// The authors' own repository (Rein et al.), gated: they ask that no example be shown in plain text where it could be trained on.
		{
			Name: "gpqa_diamond", Repo: "Idavidrein/gpqa", File: "gpqa_diamond.csv", Size: 198, Licence: "CC BY 4.0",
			Fields: Fields{
				ID: "Record ID", Question: "Question", Answer: "Correct Answer",
				Wrong: []string{"Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3"},
			},
		},
		// The authors' own repository (Cobbe et al.), test split; a solution ends in "#### 42".
		{
			Name: "gsm8k", Repo: "openai/gsm8k", File: "main/test-00000-of-00001.parquet", Size: 1319, Licence: "MIT",
			Fields: Fields{Question: "question", Answer: "answer", After: "####"},
		},
	}
}

// KnownSet is the one of a name.
func KnownSet(name string) (Known, bool) {
	for _, k := range KnownSets() {
		if k.Name == name {
			return k, true
		}
	}
	return Known{}, false
}
