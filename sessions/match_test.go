package sessions

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatPeopleTypeBecomesQuotedWords(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"", ""},
		{"   ", ""},
		{"wait", `"wait"`},
		{"wait what", `"wait" "what"`},
		{"wai*", `"wai"*`},
		{"wa*", `"wa"`},
		{"*", ""},
		{"wai***", `"wai"*`},
		{`"a phrase" b`, `"a phrase" "b"`},
		{`"a phr"*`, `"a phr"*`},
		{`"still typing`, `"still typing"`},
		{`a"b"c`, `"a" "b" "c"`},
		{`"`, ""},
		{`""""`, ""},
		{"a AND b OR NOT c NEAR(d)", `"a" "AND" "b" "OR" "NOT" "c" "NEAR d"`},
		{"thought:x -y ^z {q} (", `"thought x" "y" "z" "q"`},
		{"37,*5,+61", `"37 5 61"`},
		{"a\x00b\x01c", `"a" "b" "c"`},
		{"\xff\xfe", ""},
		{"?!... ---", ""},
		{"café 你好", `"café" "你好"`},
	}
	for _, tt := range tests {
		if got := match(tt.text); got != tt.want {
			t.Errorf("match(%q) = %s, want %s", tt.text, got, tt.want)
		}
	}
	if got := match(strings.Repeat(`x" OR `, 2000)); len(got) > maxTerms*(maxTermBytes+4) {
		t.Errorf("10 kB of text make an expression of %d bytes", len(got))
	}
}

// FuzzMatch holds that nothing anybody types is a syntax error.
func FuzzMatch(f *testing.F) {
	for _, s := range []string{"wait", `"a phrase"*`, "a AND (b", "NEAR(x, 3)", "col:x*", "\x00", `"""`, "-a ^b {c} *", strings.Repeat("z ", 5000), "é\u0301 \u202e 你", "\x01\x02"} {
		f.Add(s)
	}
	store, err := Open(context.Background(), filepath.Join(f.TempDir(), "s1.db"))
	if err != nil {
		f.Fatal(err)
	}
	if _, err := store.ImportJSONL(context.Background(), strings.NewReader(exportOf(f, aSession(1)))); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		hits, err := store.Query(context.Background(), Filter{Text: text, Limit: 3})
		if err != nil {
			t.Fatalf("search %q (%s): %v", text, match(text), err)
		}
		for _, h := range hits {
			for _, m := range h.Marks {
				if m[0] < 0 || m[0] >= m[1] || m[1] > len(h.Snippet) {
					t.Fatalf("search %q: range %v of a snippet of %d bytes", text, m, len(h.Snippet))
				}
			}
		}
	})
}
