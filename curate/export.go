package curate

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/parquet-go/parquet-go"

	"s1/train/dataset"
)

const exportDir = "export"

// s1Row has the columns of s1K_tokenized.
type s1Row struct {
	Solution     string   `json:"solution" parquet:"solution"`
	Question     string   `json:"question" parquet:"question"`
	CotType      string   `json:"cot_type" parquet:"cot_type"`
	SourceType   string   `json:"source_type" parquet:"source_type"`
	Metadata     string   `json:"metadata" parquet:"metadata"`
	Cot          *string  `json:"cot" parquet:"cot,optional"`
	Trajectories []string `json:"thinking_trajectories" parquet:"thinking_trajectories,list"`
	Attempt      string   `json:"attempt" parquet:"attempt"`
	Text         string   `json:"text" parquet:"text"`
}

const systemText = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."

// completion is what the model is trained to say: s1's thought and answer.
func completion(r *Row) string {
	answer := r.Attempt
	if !strings.Contains(answer, "Answer:") {
		answer = "Answer: " + answer
	}
	return "<|im_start|>think\n" + strings.TrimSpace(r.Trace) + "\n<|im_start|>answer\n" + strings.TrimSpace(answer)
}

func prompt(r *Row) string {
	return "<|im_start|>system\n" + systemText + "<|im_end|>\n<|im_start|>user\n" + r.Question + "<|im_end|>\n" + dataset.AssistantTurn
}

// message is a turn of a row to train on, as train/dataset and TRL read it.
type message struct {
	Role    string `json:"role"`
	Thought string `json:"reasoning_content,omitempty"`
	Content string `json:"content"`
}

// messages are a row for any model: its own template puts the thought where it belongs.
type messages struct {
	Messages [2]message `json:"messages"`
}

// exports are the files of an export; all but the first two hold rows to train on.
const (
	columnsFile  = "s1k.jsonl"
	parquetFile  = "s1k.parquet"
	textFile     = "text.jsonl"
	pairsFile    = "prompt-completion.jsonl"
	messagesFile = "messages.jsonl"
)

// exporter writes the files side by side.
type exporter struct {
	lines   map[string]*lineWriter
	f       *os.File
	table   *parquet.GenericWriter[s1Row]
	rows    map[string]int // by file
	sources map[string]int // by source_type
}

func newExporter(dir string) (e *exporter, err error) {
	e = &exporter{lines: map[string]*lineWriter{}, rows: map[string]int{}, sources: map[string]int{}}
	for _, name := range []string{columnsFile, textFile, pairsFile, messagesFile} {
		w, err := createLines(filepath.Join(dir, name), false)
		if err != nil {
			return nil, errors.Join(err, e.close())
		}
		e.lines[name], e.rows[name] = w, 0
	}
	if e.f, err = os.Create(filepath.Join(dir, parquetFile)); err != nil {
		return nil, errors.Join(onDisk(err, dir), e.close())
	}
	e.table = parquet.NewGenericWriter[s1Row](e.f, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(10_000), parquet.CreatedBy("s1", "1", ""))
	return e, nil
}

func (e *exporter) close() (err error) {
	if e.table != nil {
		err = errors.Join(e.table.Close(), e.f.Sync(), e.f.Close())
	}
	for _, w := range e.lines {
		err = errors.Join(err, w.close())
	}
	return err
}

// put writes a row; one that is not trainable has no text to train on, and goes into the columns alone.
func (e *exporter) put(row *Row, trainable bool) error {
	e.sources[row.SourceType]++
	out := s1Row{row.Solution, row.Question, row.CotType, row.SourceType, row.Metadata, nil, []string{}, row.Attempt, ""}
	if row.Trace != "" {
		out.Trajectories = []string{row.Trace}
	}
	var err error
	put := func(name string, v any) {
		e.rows[name]++
		err = errors.Join(err, e.lines[name].write(v))
	}
	if trainable {
		out.Text = prompt(row) + completion(row) + "<|im_end|>\n"
		put(textFile, map[string]string{"text": out.Text})
		put(pairsFile, map[string]string{"prompt": prompt(row), "completion": completion(row) + "<|im_end|>\n"})
		put(messagesFile, messages{[2]message{{Role: "user", Content: row.Question}, {Role: "assistant", Thought: strings.TrimSpace(row.Trace), Content: strings.TrimSpace(row.Attempt)}}})
	}
	put(columnsFile, out)
	e.rows[parquetFile]++
	_, bad := e.table.Write([]s1Row{out})
	return errors.Join(err, bad)
}

// export writes the rows that are left, in the order of the pool.
func (r *run) export(ctx context.Context, counts []Count) error {
	dir := filepath.Join(r.o.Dir, exportDir)
	key := keyOf("export", "2", counts[len(counts)-1].Key)
	if b, err := os.ReadFile(filepath.Join(dir, doneFile)); err == nil && string(b) == key+"\n" {
		return nil
	}
	if err := fresh(dir, false); err != nil {
		return err
	}
	e, err := newExporter(dir)
	if err != nil {
		return err
	}
	trainable := 0 // place in r.alive of the next one
	err = (&Rows{r: r, numbers: r.picked}).EachWhole(ctx, func(i int, row *Row) error {
		is := trainable < len(r.alive) && r.alive[trainable] == r.picked[i]
		if is {
			trainable++
		}
		return e.put(row, is)
	})
	if err = errors.Join(err, e.close()); err != nil {
		return onDisk(err, dir)
	}
	card, err := r.card(dir, counts, e)
	if err == nil {
		err = replace(filepath.Join(dir, "README.md"), []byte(card))
	}
	if err == nil {
		err = replace(filepath.Join(dir, doneFile), []byte(key+"\n"))
	}
	return err
}
