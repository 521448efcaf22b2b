//go:build race

package cpu

// underRace: the race detector makes the oracle ten times as slow and sees nothing of C, so one instruction set is enough.
const underRace = true
