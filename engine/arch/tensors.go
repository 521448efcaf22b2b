package arch

// TensorSpec is a tensor of a decoder, under the names that both kinds of file have for it.
type TensorSpec struct {
	Folder string // model.layers.0.self_attn.q_proj.weight
	GGUF   string // blk.0.attn_q.weight
	Rows   int    // 1 for a vector
	Cols   int
	Vector bool // a norm or a bias
	Rotary int  // heads whose rows the rotation pairs: q and k; 0 for the others
}

// Tensors lists everything a decoder has, in the order it is used. A tied head is the embedding and not listed.
func Tensors(c Config) []TensorSpec {
	var all []TensorSpec
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	matrix := func(folder, gguf string, rows, cols int) {
		all = append(all, TensorSpec{Folder: folder + ".weight", GGUF: gguf + ".weight", Rows: rows, Cols: cols})
	}
	norm := func(folder, gguf string, n int) {
		all = append(all, TensorSpec{Folder: folder + ".weight", GGUF: gguf + ".weight", Rows: 1, Cols: n, Vector: true})
	}
	matrix(folderNames.embedding, ggufNames.embedding, c.Vocab, c.Hidden)
	for l := range c.Layers {
		linear := func(p part, rows, cols, rotary int, bias bool) {
			f, g := folderNames.of(l, p), ggufNames.of(l, p)
			all = append(all, TensorSpec{Folder: f + ".weight", GGUF: g + ".weight", Rows: rows, Cols: cols, Rotary: rotary})
			if bias {
				all = append(all, TensorSpec{Folder: f + ".bias", GGUF: g + ".bias", Rows: 1, Cols: rows, Vector: true, Rotary: rotary})
			}
		}
		norm(folderNames.of(l, attnNorm), ggufNames.of(l, attnNorm), c.Hidden)
		linear(attnQ, q, c.Hidden, c.Heads, c.QKVBias)
		linear(attnK, kv, c.Hidden, c.KVHeads, c.QKVBias)
		linear(attnV, kv, c.Hidden, 0, c.QKVBias)
		if c.QKNorm {
			norm(folderNames.of(l, qNorm), ggufNames.of(l, qNorm), c.HeadDim)
			norm(folderNames.of(l, kNorm), ggufNames.of(l, kNorm), c.HeadDim)
		}
		linear(attnO, c.Hidden, q, 0, c.OutBias)
		norm(folderNames.of(l, mlpNorm), ggufNames.of(l, mlpNorm), c.Hidden)
		linear(mlpGate, c.FF, c.Hidden, 0, c.MLPBias)
		linear(mlpUp, c.FF, c.Hidden, 0, c.MLPBias)
		linear(mlpDown, c.Hidden, c.FF, 0, c.MLPBias)
	}
	norm(folderNames.norm, ggufNames.norm, c.Hidden)
	if !c.Tied {
		matrix(folderNames.head, ggufNames.head, c.Vocab, c.Hidden)
	}
	return all
}
