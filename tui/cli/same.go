package cli

import (
	"s1/engine/grade"
	"s1/engine/scaling"
)

// sameAnswer says whether an answer is the expected one, as the grader reads both: 1/2 is 0.5, and the words around an answer do
// not count. What it can not read is not the same.
func sameAnswer(expected, answer string) bool {
	return grade.Grade(answer, expected, grade.Default()).Verdict == grade.Correct
}

// graded is the grader as the judge of a sweep.
func graded(pred, gold string) scaling.Verdict {
	switch grade.Grade(pred, gold, grade.Default()).Verdict {
	case grade.Correct:
		return scaling.Right
	case grade.Incorrect:
		return scaling.Wrong
	}
	return scaling.Unparsed
}
