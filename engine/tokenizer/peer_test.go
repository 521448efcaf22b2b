package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// randomText mixes scripts, emoji, digits, white space and texts that look special.
func randomText(r *rand.Rand) string {
	ranges := [][2]rune{
		{' ', '~'},
		{' ', '~'},
		{'a', 'z'},
		{'0', '9'},
		{0xA1, 0x24F},
		{0x300, 0x36F},
		{0x370, 0x3FF},
		{0x400, 0x4FF},
		{0x5D0, 0x5EA},
		{0x620, 0x64A},
		{0x660, 0x669},
		{0x904, 0x939},
		{0xE01, 0xE3A},
		{0x1100, 0x11FF},
		{0x2000, 0x206F},
		{0x2190, 0x21FF},
		{0x2460, 0x24FF},
		{0x3041, 0x30FE},
		{0x4E00, 0x9FA5},
		{0xAC00, 0xD7A3},
		{0xFF01, 0xFF5E},
		{0x1D400, 0x1D7FF},
		{0x1F300, 0x1F64F},
		{0x1F1E6, 0x1F1FF},
		{1, 0x1F},
	}
	fixed := []string{
		" ", "  ", "     ", "\n", "\n\n", "\r\n", "\t", " \n ", "\u00A0", "\u3000", "\u200D", "\uFE0F", "<|im_start|>", "<|im_end|>", "<|im_start|>think",
		"<|endoftext|>", "<|im_", "start|>", "<think>", "</think>", "'s", "'LL", "'re", "don't", "Wait", "Final Answer:", "123456", "3.14", "\\boxed{42}",
		"def f(x):\n    return x", "http://a.b/c?d=e", "👩‍👩‍👧", "🇩🇪", "é", "e\u0301", "...", "!!!", "$x^2$", "\uFFFD", "\U0010FFFF", "\uE000",
	}
	var b strings.Builder
	for range 1 + r.IntN(24) {
		if r.IntN(3) == 0 {
			b.WriteString(fixed[r.IntN(len(fixed))])
			continue
		}
		in := ranges[r.IntN(len(ranges))]
		for range 1 + r.IntN(6) {
			b.WriteRune(in[0] + r.Int32N(in[1]-in[0]+1))
		}
	}
	return b.String()
}

func TestIdsEqualALlamaCppServersOnRandomText(t *testing.T) {
	tok, py := smollm2(t), python(t)
	const n, seed = 1000, 3
	r := rand.New(rand.NewPCG(seed, 0))
	type job struct {
		Text    string `json:"text"`
		Special bool   `json:"special"`
	}
	var jobs []job
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	for i := range n {
		j := job{randomText(r), i%2 == 0}
		if !utf8.ValidString(j.Text) {
			t.Fatalf("%q is not valid", j.Text)
		}
		jobs = append(jobs, j)
		if err := enc.Encode(j); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	cmd := exec.Command(py, "testdata/ask_llama_server.py", os.Getenv("S1_SMOLLM2"), fmt.Sprint(port))
	var log bytes.Buffer
	cmd.Stdin, cmd.Stderr = &in, &log
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, log.String())
	}
	at, tokens, bad := 0, 0, 0
	for line := range strings.Lines(string(out)) {
		rest, ok := strings.CutPrefix(line, "ids ")
		if !ok {
			continue // the server's own log
		}
		var want []int32
		if err := json.Unmarshal([]byte(rest), &want); err != nil {
			t.Fatal(err)
		}
		got, err := tok.Encode(jobs[at].Text, jobs[at].Special)
		if err != nil || !slices.Equal(got, want) {
			if bad++; bad <= 10 {
				t.Errorf("%q special %t:\n got %v %v\nwant %v", jobs[at].Text, jobs[at].Special, got, err, want)
			}
		}
		if text := string(tok.Text(got)); text != jobs[at].Text && tok.Dropped(jobs[at].Text) == 0 {
			t.Errorf("pieces of %q joined are %q", jobs[at].Text, text)
		}
		tokens += len(got)
		at++
	}
	if at != n {
		t.Fatalf("the server answered %d of %d texts", at, n)
	}
	lacks := []int{}
	for b, l := range tok.lacks {
		if l {
			lacks = append(lacks, b)
		}
	}
	t.Logf("bytes without a token: %x", lacks)
	t.Logf("%d texts, %d tokens, %d texts differ", at, tokens, bad)
}
