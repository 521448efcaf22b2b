//go:build race

package grade

// watched says that the race detector slows everything down, so that times mean nothing.
const watched = true
