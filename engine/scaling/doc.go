// Package scaling measures what thinking longer is worth: it puts every question of a list to one model under many budgets
// and methods, and says how accuracy changes with the thinking tokens that were really spent.
//
//	items, plan -> arms -> one trace an item, forks for every arm that shares it -> a judge -> rows (items.jsonl)
//	rows -> points with intervals, comparisons, Control, Scaling, Performance -> report.md, points.csv, plots
//
// Arms share what they can: one trace serves every cap below it and every number of Waits, and samples of one seed serve the
// vote and the rejection. What an arm says is what a run of its own would say; tests hold the two to each other.
//
// It knows engine.Model, questions and right answers as text. It knows no screen, no database, no training and no grader: how
// an answer is judged is a function that it is given.
package scaling
