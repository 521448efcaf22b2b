package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"s1/engine/arch"
	"s1/engine/backend"
	_ "s1/engine/backend/cpu" // the C kernels, where this build has them
	_ "s1/engine/backend/ref" // always
	"s1/engine/kv"
	"s1/engine/schedule"
	"s1/engine/tokenizer"
	"s1/engine/trace"
	"s1/engine/weights"
	"s1/kernels"
)

// Options are what a user may choose when a model is opened. The zero value is right for most.
type Options struct {
	Name    string // what people call it; "" = what its file says
	Backend string // "" = the fastest that works here
	Weights string // auto, exact, q8; "" = auto
	Threads int    // 0 = one per core
	Context int    // most positions of a branch; 0 = the model's own, less where memory is short
	Memory  int64  // bytes of keys and values; 0 = a quarter of what is free now
}

// Open opens a model folder or a GGUF file and makes it ready to be asked.
func Open(ctx context.Context, path string, o Options) (*Model, error) {
	p, err := Load(ctx, path, o)
	if err != nil {
		return nil, err
	}
	return Assembled(p)
}

// Assembled is Assemble for parts that were loaded: when it fails, they are closed.
func Assembled(p *Parts) (*Model, error) {
	m, err := Assemble(*p)
	if err != nil {
		return nil, errors.Join(err, p.Backend.Close(), p.Close())
	}
	return m, nil
}

// Load brings the parts of a model without making a model of them: for who drives the backend alone, as a bench does.
// The caller closes Parts.Backend, then calls Parts.Close.
func Load(ctx context.Context, path string, o Options) (*Parts, error) {
	return LoadWith(ctx, o, func() (*weights.Model, error) { return weights.Open(path) })
}

// LoadFS is Load for a Hugging Face folder that lies in fsys; name is what people call it.
func LoadFS(ctx context.Context, fsys fs.FS, name string, o Options) (*Parts, error) {
	return LoadWith(ctx, o, func() (*weights.Model, error) { return weights.OpenFS(fsys, name) })
}

// LoadWith is Load for weights that open opens; they are closed with the parts.
func LoadWith(ctx context.Context, o Options, open func() (*weights.Model, error)) (_ *Parts, err error) {
	if o.Weights == "" {
		o.Weights = "auto"
	}
	if !slices.Contains([]string{"auto", "exact", "q8"}, o.Weights) {
		return nil, fmt.Errorf("weights %q: there are auto, exact and q8", o.Weights)
	}
	if o.Context < 0 || o.Threads < 0 || o.Memory < 0 {
		return nil, fmt.Errorf("context %d, threads %d and memory %d must not be negative", o.Context, o.Threads, o.Memory)
	}
	w, err := open()
	if err != nil {
		return nil, err
	}
	closers := []func() error{w.Close}
	free := func() error {
		var errs []error
		for _, c := range slices.Backward(closers) {
			errs = append(errs, c())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, free())
		}
	}()
	hash := hashing(w)
	closers = append(closers, func() error { <-hash.done; return nil }) // it reads the files
	config, err := arch.Parse(w)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", w.Path, err)
	}
	program, err := arch.Build(config, w)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", w.Path, err)
	}
	generation, err := arch.ParseGeneration(w, config)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", w.Path, err)
	}
	t, err := openTokenizer(w, program.Vocab)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", w.Path, err)
	}
	closers = append(closers, t.Close)
	b, err := chooseBackend(o.Backend)
	if err != nil {
		return nil, err
	}
	room, err := plan(program, o)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", w.Path, err)
	}
	loaded, err := b.Load(ctx, program, backend.Options{Threads: o.Threads, Pages: room.pages, Weights: o.Weights})
	if err != nil {
		return nil, fmt.Errorf("load %s for backend %s: %w", w.Name, b.Name(), err)
	}
	w.Drop() // repacked; what a backend still reads comes back by itself
	<-hash.done
	if hash.err != nil {
		return nil, errors.Join(hash.err, loaded.Close())
	}
	info := loaded.Info()
	p := &Parts{
		Backend: loaded, Vocabulary: vocabulary{t, endIDs(t, generation)}, Render: prompts{t}.render,
		NewDecoder: func() schedule.Decoder { return tokenizer.NewDecoder() },
		Vocab:      program.Vocab, Known: t.VocabSize(), Context: room.context, Pages: room.pages, Close: free,
		Info: trace.ModelInfo{
			Name: cmp.Or(o.Name, w.Name), SHA256: hash.sum, Architecture: config.Architecture, Parameters: w.Parameters(), Backend: info.Name,
			Vocab: program.Vocab, BytesPerToken: info.BytesPerToken, Default: generation.Sampling, Warning: generation.Warning,
		},
	}
	if tmpl := t.Template(); tmpl != nil {
		p.Info.TemplateSHA256 = tmpl.SHA256()
		p.Info.Warning = joinSentences(p.Info.Warning, tmpl.Fallback())
	} else {
		p.Info.Warning = joinSentences(p.Info.Warning, "The model has no chat template, so the prompt is given to it as it stands.")
	}
	return p, nil
}

// chooseBackend takes the named one, or the first that works here.
func chooseBackend(name string) (backend.Backend, error) {
	if name != "" {
		b, err := backend.Get(name)
		if err != nil {
			return nil, err
		}
		if err := b.Available(); err != nil {
			return nil, fmt.Errorf("backend %s cannot run here: %w", name, err)
		}
		return b, nil
	}
	for _, name := range []string{"cpu", "ref"} {
		if b, err := backend.Get(name); err == nil && b.Available() == nil {
			return b, nil
		}
	}
	return nil, errors.New("this build has no backend that runs here")
}

// room is how many positions a branch may have and how many pages there are for all.
type room struct{ context, pages int }

// leastContext is the context below which a model is not worth opening by itself; a user may still ask for it.
const leastContext = 512

// plan divides the memory for keys and values.
func plan(p *kernels.Program, o Options) (room, error) {
	if o.Context > p.Context {
		return room{}, fmt.Errorf("a context of %d was asked for, and the model was made for %d positions", o.Context, p.Context)
	}
	memory := o.Memory
	if memory == 0 {
		memory = freeMemory() / 4
	}
	// Two numbers of 16 bits for each head of each layer. The reference keeps 32 bits; it is for small models.
	position := int64(p.Layers) * int64(p.KVHeads) * int64(p.HeadDim) * 2 * 2
	positions := int(min(memory/position, maxPositions))
	r := room{context: o.Context}
	if r.context == 0 {
		r.context = min(p.Context, max(positions, leastContext))
	}
	r.pages = max(positions/kernels.PageSize, kv.Pages(r.context))
	return r, nil
}

// maxPositions bounds the page tables: 16 million positions are more than any tree of branches reaches.
const maxPositions = 1 << 24

// hashed is the model's hash, made while the model is loaded.
type hashed struct {
	done chan struct{}
	sum  string
	err  error
}

func hashing(w *weights.Model) *hashed {
	h := &hashed{done: make(chan struct{})}
	go func() {
		defer close(h.done)
		h.sum, h.err = w.SHA256()
	}()
	return h
}

func joinSentences(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ". " + b
}
