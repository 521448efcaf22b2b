package app

import "s1/engine/trace"

// PaceByModel lets the model decide: readable for tiny ones, as fast as it goes for real ones.
const PaceByModel = -1

// What "tiny" and "readable" mean.
const (
	tinyParameters = 300_000_000
	readablePace   = 30 // tokens per second
)

// PaceFor returns the pace that suits a model: 0 = as fast as it goes.
func PaceFor(info trace.ModelInfo) int {
	if info.Parameters > 0 && info.Parameters <= tinyParameters {
		return readablePace
	}
	return 0
}
