package curate

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
)

// encoded is a line as a lineWriter writes it.
func encoded(t testing.TB, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var hardRows = []Row{
	{},
	{ID: "0123456789abcdef", Question: "\\frac{1}{2} \"x\" <a> & b\n\t\r\b\f\x00\x1f\u2028\u00e9\U0001F600\xff", Index: -3, File: "a.jsonl"},
	{Question: "q", Features: map[string]any{"a": true, "b": false, "c": 0.0, "d": -12.0, "e": 1.5e300, "f": "text \\ \"", "g": 123456789012345678.0, "": ""}},
	{Features: map[string]any{}, Solution: "s", CotType: "c", SourceType: "t", Metadata: "{}", Trace: "long", Attempt: "a", Index: 1 << 50},
}

func TestARowOfOursIsParsedAsEncodingJSONDoes(t *testing.T) {
	t.Parallel()
	for i, row := range hardRows {
		for _, line := range [][]byte{encoded(t, row), encoded(t, head{i, row})} {
			var want Row
			if err := json.Unmarshal(line, &want); err != nil {
				t.Fatal(err)
			}
			var got Row
			if p := (parser{b: line}); i != 3 && !p.row(&got) {
				t.Errorf("%s was left to encoding/json", line)
			}
			if got, err := parseRow(line); err != nil || !reflect.DeepEqual(*got, want) {
				t.Errorf("%s: %+v, %v; want %+v", line, got, err, want)
			}
		}
	}
}

func FuzzParseRow(f *testing.F) {
	for _, row := range hardRows {
		f.Add(encoded(f, row))
	}
	f.Add([]byte(`{"features":{"a":01,"b":1.,"c":-0,"d":null},"index":1e3,"ID":"x","question":"\ud83d\ude00","n":-0}` + "\n"))
	f.Fuzz(func(t *testing.T, line []byte) {
		var want Row
		bad := json.Unmarshal(line, &want)
		got, err := parseRow(line)
		if (err == nil) != (bad == nil) || err == nil && !reflect.DeepEqual(*got, want) {
			t.Errorf("%q: %+v, %v; encoding/json has %+v, %v", line, got, err, want, bad)
		}
	})
}
