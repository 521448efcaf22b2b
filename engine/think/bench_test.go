package think

import (
	"testing"

	"s1/engine/trace"
)

// Budget: 1 microsecond a token, against milliseconds of the smallest model's step.
func BenchmarkToken(b *testing.B) {
	f := s1Format(b)
	m, err := New(f, trace.Budget{Cap: -1, AnswerCap: -1}, Options{Context: 1 << 40})
	if err != nil {
		b.Fatal(err)
	}
	for m.Next().Kind == Feed {
		m.Fed(Signals{})
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_ = m.Next()
		m.Took(int32('a'+(i*i+i/7)%26), Signals{})
	}
}
