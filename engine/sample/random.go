package sample

import "math"

// Uniform is the number in [0, 1) that belongs to a seed, a position and a try at that position. There is no hidden
// state: a fork, a replay and a run in another batch draw the same number at the same place.
func Uniform(seed uint64, position, try int) float64 {
	// Rounds of splitmix64's finaliser (Steele, Lea, Flood 2014); the odd constants keep seed s at position p apart from
	// seed s+1 at position p-1.
	h := mix(mix(seed+0x9e3779b97f4a7c15) + uint64(position)*0xd1342543de82ef95 + uint64(try)*0xa0761d6478bd642f)
	return math.Ldexp(float64(h>>11), -53)
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
