package scaling

import "fmt"

// What the paper's conditional methods write at the end of the question, word for word (section E of the paper).
const (
	classShort = "Answer after a short amount of thinking. Do not spend excessive time double-checking your work."
	classLong  = "Answer after a long amount of thinking. If you feel like you are finished early, spend the extra time trying to double-check your work until you are absolutely sure that you have the correct answer."
)

// conditioned is the question of an arm that says in it how long to think. Token- and step-conditional prompts mean something
// only to a model that was trained on them.
func conditioned(a Arm, prompt string) string {
	switch a.Method {
	case MethodClass:
		if a.Budget == 0 {
			return prompt + "\n\n" + classShort
		}
		return prompt + "\n\n" + classLong
	case MethodSteps:
		return fmt.Sprintf("%s\n\nThink for up to %d steps.", prompt, a.Budget)
	case MethodTokens, MethodTokensBF:
		return fmt.Sprintf("%s\n\nThink for up to %d tokens.", prompt, a.Budget)
	}
	return prompt
}
