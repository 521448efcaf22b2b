package curate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
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

// export writes the rows that are left, in the order of the pool.
func (r *run) export(ctx context.Context, counts []Count) error {
	dir := filepath.Join(r.o.Dir, exportDir)
	key := keyOf("export", "1", counts[len(counts)-1].Key)
	if b, err := os.ReadFile(filepath.Join(dir, doneFile)); err == nil && string(b) == key+"\n" {
		return nil
	}
	if err := fresh(dir, false); err != nil {
		return err
	}
	var files [3]*lineWriter
	names := [3]string{"s1k.jsonl", "text.jsonl", "prompt-completion.jsonl"}
	for i, name := range names {
		w, err := createLines(filepath.Join(dir, name), false)
		if err != nil {
			return err
		}
		files[i] = w
	}
	f, err := os.Create(filepath.Join(dir, "s1k.parquet"))
	if err != nil {
		return onDisk(err, dir)
	}
	table := parquet.NewGenericWriter[s1Row](f, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(10_000), parquet.CreatedBy("s1", "1", ""))
	sources := map[string]int{}
	err = (&Rows{r: r, numbers: r.alive}).EachWhole(ctx, func(_ int, row *Row) error {
		sources[row.SourceType]++
		out := s1Row{row.Solution, row.Question, row.CotType, row.SourceType, row.Metadata, nil, []string{row.Trace}, row.Attempt, prompt(row) + completion(row) + "<|im_end|>\n"}
		_, err := table.Write([]s1Row{out})
		return errors.Join(err, files[0].write(out), files[1].write(map[string]string{"text": out.Text}),
			files[2].write(map[string]string{"prompt": prompt(row), "completion": completion(row) + "<|im_end|>\n"}))
	})
	err = errors.Join(err, table.Close(), f.Sync(), f.Close(), files[0].close(), files[1].close(), files[2].close())
	if err != nil {
		return onDisk(err, dir)
	}
	card, err := r.card(dir, counts, append(names[:], "s1k.parquet"), sources)
	if err == nil {
		err = replace(filepath.Join(dir, "README.md"), []byte(card))
	}
	if err == nil {
		err = replace(filepath.Join(dir, doneFile), []byte(key+"\n"))
	}
	return err
}

// card says what the data is made of. It has no time and no folder in it, so that equal runs give equal bytes.
func (r *run) card(dir string, counts []Count, files []string, sources map[string]int) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "# %d rows curated by s1\n\nSelection %s, seed %d.\n\n| stage | in | kept | dropped by rule | key |\n|---|---|---|---|---|\n", len(r.alive), r.recipe.Select.Kind, r.recipe.Seed)
	for _, c := range counts {
		fmt.Fprintf(&b, "| %s v%d | %d | %d | %s | %.16s |\n", c.Stage, c.Version, c.In, c.Kept, strings.Join(c.Reasons(), ", "), c.Key)
	}
	b.WriteString("\n| file | sha256 |\n|---|---|\n")
	for _, name := range files {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		h := sha256.New()
		_, err = io.Copy(h, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "| %s | %s |\n", name, hex.EncodeToString(h.Sum(nil)))
	}
	b.WriteString("\n## Sources\n\n| file | sha256 |\n|---|---|\n")
	for _, list := range [][]string{r.recipe.Load.Files, r.recipe.Decontaminate.Tests} {
		for _, path := range list {
			sums, err := fileSums([]string{path})
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&b, "| %s | %s |\n", filepath.Base(path), strings.Join(sums, " "))
		}
	}
	b.WriteString("\n| source_type | rows |\n|---|---|\n")
	for _, k := range slices.Sorted(maps.Keys(sources)) {
		fmt.Fprintf(&b, "| %s | %d |\n", strings.Join(strings.Fields(strings.ReplaceAll(k, "|", `\|`)), " "), sources[k])
	}
	text, err := json.MarshalIndent(r.recipe.Select, "", "  ")
	for i := 0; i < len(r.asked); i += 2 {
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, []byte(r.asked[i+1]), "", "  "); err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\n## Stage %s\n\n```json\n%s\n```\n", r.asked[i], pretty.Bytes())
	}
	fmt.Fprintf(&b, "\n## Selection\n\n```json\n%s\n```\n", text)
	return b.String(), err
}
