package train

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"s1/engine"
	"s1/engine/whole"
	"s1/train/dataset"
	"s1/train/export"
	"s1/train/probe"
	"s1/train/recipe"
)

// think opens the model as it is now in the engine, and closes it after f.
func (r *run) think(ctx context.Context, f func(ctx context.Context, m *engine.Model) error) (err error) {
	ctx, end := r.brief(ctx)
	defer end()
	dir, err := os.MkdirTemp(r.o.Dir, ".now-")
	if err != nil {
		return fmt.Errorf("a folder for the model as it is now: %w", onDisk(err, r.o.Dir))
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	now := filepath.Join(dir, "model")
	if err := r.export(ctx, now, export.Card{Name: "a model in training"}); err != nil {
		return err
	}
	m, err := engine.Open(ctx, now, engine.Options{Threads: r.rec.Train.Threads, Weights: "exact"})
	if err != nil {
		return err
	}
	return errors.Join(f(ctx, m), m.Close())
}

// ownDrafts lets the model write drafts, keeps them in the run's folder, and mixes them into the data from here on.
func (r *run) ownDrafts(ctx context.Context) error {
	o, c := r.rec.OnPolicy, r.rec.Data.Tape
	limit := 0
	for _, v := range c.Values {
		limit = max(limit, v.Limit)
	}
	var drafts []dataset.Draft
	err := r.think(ctx, func(ctx context.Context, m *engine.Model) (err error) {
		for i, v := range c.Values { // the shares of the data
			n := int(float64(o.Drafts)*v.Share/shares(c.Values) + 0.5)
			some, err := probe.Drafts(ctx, m, probe.DraftOptions{
				N: n, Seed: r.rec.Train.Seed + 1_000_003*uint64(i+1), StepsMin: c.StepsMin, StepsMax: c.StepsMax, MaxValue: v.Limit, Temperature: o.Temperature,
			})
			if err != nil {
				return err
			}
			drafts = append(drafts, some...)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sample the model's own drafts: %w", err)
	}
	var b bytes.Buffer
	if err := dataset.WriteDrafts(&b, drafts); err != nil {
		return err
	}
	if err := whole.WriteBytes(filepath.Join(r.o.Dir, draftsFile), 0o600, b.Bytes()); err != nil {
		return fmt.Errorf("keep the model's own drafts: %w", onDisk(err, r.o.Dir))
	}
	return r.useDrafts(drafts, b.Bytes(), r.at.cursor)
}

func shares(values []dataset.TapeValues) (sum float64) {
	for _, v := range values {
		sum += v.Share
	}
	return sum
}

func (r *run) useDrafts(drafts []dataset.Draft, text []byte, from int64) error {
	t, n, err := r.data.tape.WithDrafts(drafts, r.rec.OnPolicy.Share, from)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	r.data.source, r.at.drafts = t, ownDrafts{Hash: hex.EncodeToString(sum[:]), From: from}
	r.o.Say("own drafts: %d kept, %d of them with an error, %d malformed", n.Kept, n.Wrong, n.Malformed)
	return nil
}

// ownDrafts names the drafts a run made, and the example from which they are mixed in.
type ownDrafts struct {
	Hash string `json:"hash"`
	From int64  `json:"from"`
}

// readDrafts brings them back after a resume.
func (r *run) readDrafts(d ownDrafts) error {
	path := filepath.Join(r.o.Dir, draftsFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("the run's own drafts: %w", err)
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != d.Hash {
		return fmt.Errorf("%s is not what the checkpoint was made with: its SHA-256 is %x, it was %s", path, sum, d.Hash)
	}
	drafts, err := dataset.ReadDrafts(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return r.useDrafts(drafts, text, d.From)
}

// due says whether the model is to write its drafts now: at a step, once.
func (r *run) due() bool {
	o := r.rec.OnPolicy
	return r.rec.Data.Kind == recipe.Tape && o.At > 0 && r.at.drafts.Hash == "" && float64(r.at.step) >= o.At*float64(r.total)
}
