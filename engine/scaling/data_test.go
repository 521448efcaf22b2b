package scaling

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"s1/engine/records"
)

const questionLines = `{"problem":"1+1","answer":"2","unique_id":"a"}` + "\n\n" + `{"problem":"2+2","answer":4}` + "\n"

func keep(t *testing.T, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func inParquet[T any](t *testing.T, rows ...T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b)
	_, err := w.Write(rows)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestQuestionsAreReadFromEveryForm(t *testing.T) {
	t.Parallel()
	var gz bytes.Buffer
	z := gzip.NewWriter(&gz)
	_, err := z.Write([]byte(questionLines))
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	zs, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		Problem string `parquet:"problem"`
		Answer  int64  `parquet:"answer"`
	}
	lines := []Item{{ID: "a", Prompt: "1+1", Gold: "2"}, {ID: "3", Prompt: "2+2", Gold: "4"}}
	numbered := []Item{{ID: "1", Prompt: "1+1", Gold: "2"}, {ID: "2", Prompt: "2+2", Gold: "4"}}
	folder := filepath.Dir(keep(t, "a.parquet", inParquet(t, row{"1+1", 2})))
	if err := os.WriteFile(filepath.Join(folder, "b.parquet"), inParquet(t, row{"2+2", 4}), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path string
		want []Item
	}{
		{keep(t, "q.jsonl", []byte(questionLines)), lines},
		{keep(t, "q.gz", gz.Bytes()), lines},
		{keep(t, "q.zst", zs.EncodeAll([]byte(questionLines), nil)), lines},
		{keep(t, "q.parquet", inParquet(t, row{"1+1", 2}, row{"2+2", 4})), numbered},
		{keep(t, "q.csv", []byte("problem,answer\n1+1,2\n2+2,4\n")), numbered},
		{folder, []Item{{ID: "a.parquet:1", Prompt: "1+1", Gold: "2"}, {ID: "b.parquet:1", Prompt: "2+2", Gold: "4"}}},
	} {
		q, err := ReadItems(tt.path, Fields{}, 0)
		if err != nil || q.Bad != 0 || q.Unused() != "" || !slices.Equal(q.Items, tt.want) {
			t.Errorf("%s: %+v, %v; want %+v", filepath.Base(tt.path), q, err, tt.want)
		}
		if q, err := ReadItems(tt.path, Fields{}, 1); err != nil || len(q.Items) != 1 {
			t.Errorf("the first of %s: %+v, %v", filepath.Base(tt.path), q, err)
		}
	}
}

func TestARowThatIsNoQuestionIsNamedAndCounted(t *testing.T) {
	t.Parallel()
	path := keep(t, "q.jsonl", []byte(`{"question":"1+1","answer":"2"}
{"question":"cut
{"question":"","answer":"1"}
{"question":"q"}
{"question":"q","answer":{"deep":1}}
[1]
{"other":1}
{"question":"2+2","answer":"4"}`))
	q, err := ReadItems(path, Fields{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if q.Bad != 6 || len(q.Items) != 2 || q.Items[1].ID != "8" || len(q.Reason) != firstBad {
		t.Errorf("got %+v", q)
	}
	got := q.Unused()
	for _, want := range []string{"6 of 8 rows are left out: q.jsonl:2: ", `q.jsonl:3: it has no field "question" with a question`, `q.jsonl:4: it has no field "answer"`, "and 1 more"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
}

func TestAFileWithoutAQuestionIsAnError(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		content string
		f       Fields
		want    string
	}{
		{"", Fields{}, "no question in it"},
		{"{", Fields{}, "none of 1 rows"},
		{`{"question":"q"}`, Fields{}, `its fields are "question"`},
		{questionLines, Fields{Question: "q"}, `no field "q" with a question; its fields are "answer", "problem"`},
		{questionLines, Fields{Choices: "options"}, `no field "options" with a list`},
		{questionLines, Fields{After: "####"}, `has no "####"`},
	} {
		if _, err := ReadItems(keep(t, "q.jsonl", []byte(tt.content)), tt.f, 0); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %q", tt.content, err, tt.want)
		}
	}
	if _, err := ReadItems(filepath.Join(t.TempDir(), "none"), Fields{}, 0); err == nil || !strings.Contains(err.Error(), "open the questions") {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestTheAnswerIsWhatFollowsTheMark(t *testing.T) {
	t.Parallel()
	q, err := ReadItems(keep(t, "q.jsonl", []byte(`{"question":"q","answer":"3 #### is no end\n#### 1,200 "}`)), Fields{After: "####"}, 0)
	if err != nil || q.Items[0].Gold != "1,200" {
		t.Errorf("got %+v, %v", q, err)
	}
}

func choiceRow(fields map[string]any) records.Row {
	fields["question"] = "Which?"
	return records.Row{Fields: fields}
}

func TestTheRightChoiceIsFoundOrNotGuessed(t *testing.T) {
	t.Parallel()
	list := func(s ...any) []any { return s }
	for _, tt := range []struct {
		name           string
		choices        []any
		answer         any
		want, complain string
	}{
		{"its text", list("red", "green", "blue"), "green", "B", ""},
		{"its text with space around", list(" red", "green"), "red", "A", ""},
		{"its letter", list("red", "green", "blue"), "C", "C", ""},
		{"a number counts texts from 0", list("4", "2", "6"), int64(1), "B", ""},
		{"a number among numbers is itself", list(int64(1), int64(2), int64(3)), int64(1), "A", ""},
		{"a numeral as text is the text", list("4", "2", "1"), "1", "C", ""},
		{"text and letter of one", list("A", "B"), "A", "A", ""},
		{"text of one and letter of another", list("O", "A"), "A", "", "the text of choice B and the letter of another"},
		{"none", list("red", "green"), "D", "", "none of the 2 choices"},
		{"a number too large", list("red", "green"), int64(2), "", "counted from 0"},
		{"two the same", list("red", "red "), "red", "", "choices A and B are the same"},
		{"one", list("red"), "red", "", "it has 1 choices"},
		{"an empty one", list("red", " "), "red", "", "choice B is empty"},
		{"a list in the list", list("red", list()), "red", "", "want a text"},
	} {
		f := Fields{Question: "question", Answer: "answer", Choices: "options"}
		it, err := f.item(choiceRow(map[string]any{"options": tt.choices, "answer": tt.answer}), false)
		if tt.complain != "" {
			if err == nil || !strings.Contains(err.Error(), tt.complain) {
				t.Errorf("%s: %v, want %q", tt.name, err, tt.complain)
			}
			continue
		}
		if err != nil || it.Gold != tt.want {
			t.Errorf("%s: the answer is %q, %v; want %q", tt.name, it.Gold, err, tt.want)
		}
	}
}

func TestChoicesAreShuffledByTheIDAndTheSeedAlone(t *testing.T) {
	t.Parallel()
	right := map[string]int{}
	for i := range 400 {
		fields := map[string]any{"id": fmt.Sprint("q", i), "answer": "wanted", "w1": "x", "w2": "y", "w3": "z"}
		f := Fields{ID: "id", Question: "question", Answer: "answer", Wrong: []string{"w1", "w2", "w3"}, Shuffle: 1}
		it, err := f.item(choiceRow(fields), false)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := f.item(choiceRow(fields), true)
		if again != it {
			t.Fatalf("the same question again: %+v, was %+v", again, it)
		}
		if !strings.Contains(it.Prompt, "\n"+it.Gold+") wanted") || it.Order[it.Gold[0]-'A'] != 'A' {
			t.Fatalf("the answer %s, the order %s and the question do not fit: %s", it.Gold, it.Order, it.Prompt)
		}
		right[it.Gold]++
	}
	for _, l := range []string{"A", "B", "C", "D"} {
		if right[l] < 70 || right[l] > 130 { // 100 expected, standard deviation 8.7
			t.Errorf("%s is right %d times of 400", l, right[l])
		}
	}
	f := Fields{Shuffle: 1}
	g := Fields{Shuffle: 2}
	if slices.Equal(f.order("q", 20), g.order("q", 20)) || slices.Equal(f.order("q", 20), f.order("r", 20)) {
		t.Error("another seed, or another id, gives the same order")
	}
	it, err := (Fields{Question: "question", Answer: "answer", Choices: "c"}).item(choiceRow(map[string]any{"c": []any{"x", "y"}, "answer": "y"}), false)
	if want := "Which?\n\nA) x\nB) y"; err != nil || it.Prompt != want || it.Gold != "B" || it.Order != "AB" {
		t.Errorf("not shuffled: %+v, %v, want %q", it, err, want)
	}
}
