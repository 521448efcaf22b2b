package enginetest

// Random is a script that behaves like a model with a will of its own: after every history a few likely words and letters,
// sometimes the wish to end the thought, rarely the turn. It depends on nothing but the seed and the history's last ids
// and length, so equal histories have equal logits.
func Random(v *Vocab, seed uint64) Script {
	return func(history []int32) map[int32]float32 {
		h := seed + 0x9e3779b97f4a7c15*uint64(len(history))
		for _, id := range history[max(0, len(history)-3):] {
			h = scramble(h ^ uint64(id)*0xd1342543de82ef95)
		}
		l := make(map[int32]float32, 10)
		draw := func(n uint64) uint64 {
			h = scramble(h + 0x9e3779b97f4a7c15)
			return h % n
		}
		for range 6 {
			l[int32(draw(uint64(len(v.pieces)-4)))] = float32(draw(400)) / 100
		}
		l[v.specials[ThinkClose]] = float32(draw(600))/100 - 4
		l[v.specials[ThinkOpen]] = float32(draw(300))/100 - 2
		l[v.specials[TurnStart]] = float32(draw(600))/100 - 4
		l[v.specials[TurnEnd]] = float32(draw(600))/100 - 4
		return l
	}
}

func scramble(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Recite is a script that says the given ids after a prompt of the given length, and end for ever after them. What it says
// at a position does not depend on what was fed before.
func Recite(prompt int, ids []int32, end int32) Script {
	return func(history []int32) map[int32]float32 {
		if at := len(history) - prompt; at >= 0 && at < len(ids) {
			return map[int32]float32{ids[at]: 5, end: 1}
		}
		return map[int32]float32{end: 5}
	}
}

// ASCII is a script without the ids whose bytes are no ASCII text: a server tells texts, and of a broken character none.
func ASCII(v *Vocab, script Script) Script {
	return func(history []int32) map[int32]float32 {
		l := script(history)
		for id := range l {
			for _, b := range v.Piece(id) {
				if b >= 0x80 {
					delete(l, id)
					break
				}
			}
		}
		return l
	}
}
