package study

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"s1/curate"
	"s1/curate/pool"
	"s1/engine/builtin/tape"
	"s1/engine/scaling"
)

// Files of the pool and of the tests.
const (
	poolFile  = "pool.jsonl"
	testsFile = "tests.jsonl" // all test questions, leaked and measured: what a curation must keep out
)

type testRow struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
	Leaked   bool   `json:"leaked"`
}

// makePool writes the pool and the tests, and refuses a pool that holds a problem to measure on.
func (s *study) makePool(ctx context.Context) error {
	leaked, measured := s.d.problems()
	rows, err := pool.MakeWithin(ctx, s.d.Sizes, s.d.Seed+poolSeed, s.d.Pool, leaked)
	if err != nil {
		return err
	}
	var tests []testRow
	add := func(list []tape.Problem, leaked bool) {
		for _, p := range list {
			tests = append(tests, testRow{p.String(), strconv.Itoa(p.Answer()), leaked})
		}
	}
	add(leaked, true)
	add(measured, false)
	ids := make(map[string]bool, len(measured))
	for _, it := range s.items(measured) {
		ids[curate.ID(it.Prompt)] = true
	}
	s.out.Faults = map[pool.Fault]int{}
	for i, r := range rows {
		if ids[curate.ID(r.Question)] {
			return fmt.Errorf("row %d of the pool asks %q, which is among the %d problems to measure on", i+1, r.Question, len(measured))
		}
		t, err := truthOf(r.Metadata)
		if err != nil {
			return fmt.Errorf("row %d of the pool: %w", i+1, err)
		}
		s.out.Faults[t.Fault]++
	}
	var b bytes.Buffer
	if err := pool.Write(&b, rows); err != nil {
		return err
	}
	if err := put(s.at(poolFile), b.Bytes()); err != nil {
		return err
	}
	if err := putLines(s.at(testsFile), tests); err != nil {
		return err
	}
	if s.out.PoolSHA256, err = hashOf(s.at(poolFile)); err != nil {
		return err
	}
	s.out.ProblemsSHA256 = scaling.HashItems(s.items(measured))
	s.finished("pool")
	return nil
}

// poolSeed keeps the pool's stream of the generator apart from the base's.
const poolSeed = 0x706f6f6c

func (s *study) items(list []tape.Problem) []scaling.Item {
	items := make([]scaling.Item, len(list))
	for i, p := range list {
		items[i] = scaling.Item{ID: curate.ID(p.String()), Prompt: p.String(), Gold: strconv.Itoa(p.Answer())}
	}
	return items
}

func truthOf(metadata string) (t pool.Truth, err error) {
	if err = json.Unmarshal([]byte(metadata), &t); err != nil {
		err = fmt.Errorf("its metadata: %w", err)
	}
	return t, err
}
