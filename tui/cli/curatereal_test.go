package cli

import (
	"fmt"
	"strings"
	"testing"

	"s1/engine/enginetest"
)

// TestARealServerIsAskedByARecipe lets SmolLM2 on a llama.cpp server try sums: each row is decided, and a second run sends nothing.
func TestARealServerIsAskedByARecipe(t *testing.T) {
	word := enginetest.Llama(t)
	b := newBox(t)
	var rows strings.Builder
	for i := range 3 {
		fmt.Fprintf(&rows, `{"question":"What is %d plus 30?","solution":"%d"}`+"\n", i+2, i+32)
	}
	b.write("q.jsonl", rows.String())
	b.write("r.toml", fmt.Sprintf(`
preset = "full"
stages = ["trace", "grade", "difficulty", "domain"]
[load]
files = ["q.jsonl"]
[trace]
model = %[1]q
thinking = 0
answer = 32
[grade]
model = %[1]q
thinking = 0
answer = 24
[difficulty]
models = [{ model = %[1]q, thinking = 0, answer = 4 }]
[domain]
model = %[1]q
thinking = 0
answer = 24
[ask]
cache = "answers"
batch = 2
max_tokens = 400000
`, word))
	r := b.run("curate", "r.toml", "--out", "a").wants(0, "requests were sent")
	t.Log(r.out, r.err)
	if all := b.decided("a", "01-trace"); len(all) != 3 || byRule(all)[""] != 3 {
		t.Errorf("%d rows were traced: %v", len(all), byRule(all))
	}
	if all := b.decided("a", "02-grade"); len(all) != 3 {
		t.Errorf("%d rows were graded", len(all))
	}
	b.run("curate", "r.toml", "--out", "b").wants(0, "\n0 requests were sent")
	b.sameFiles("b", "a")
}
