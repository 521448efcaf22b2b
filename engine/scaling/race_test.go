//go:build race

package scaling

// watched says that the race detector slows everything down, so that fewer items have to do.
const watched = true
