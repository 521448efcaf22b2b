package kernels

// A step of a model runs N rows (tokens of any number of sequences) through a straight-line Program.
// Shapes: N rows in the batch, d width of a buffer, H query heads, G key/value heads, D head size, V vocabulary.

// Buf is an index into Program.Bufs: a float32 array of (N, Width).
type Buf int32

// Mat is an index into Program.Mats; None where an op takes none.
type Mat int32

// None marks an absent matrix.
const None Mat = -1

// BufSpec names a buffer and its width. OutRows buffers have one row for each entry of Batch.Out instead of N.
type BufSpec struct {
	Name    string
	Width   int
	OutRows bool
}

// Matrix is a weight as it lies in its file: Rows x Cols, row major, rows of blocks.
type Matrix struct {
	Name string
	Type DType
	Rows int
	Cols int
	Data []byte // Rows * Type.RowBytes(Cols); may be a read-only mapping
}

// Op is one of the structs below.
type Op interface{ op() }

// Embed looks up rows of a table: Out (N, Cols) = Table[token].
type Embed struct {
	Table Mat // (V, d)
	Out   Buf
}

// RMSNorm is x * w / sqrt(mean(x^2) + eps) over each row, or, with Heads > 0, over each of Heads segments of the row
// (q/k norm of Qwen3; W then has the length of one segment). Out may equal X.
type RMSNorm struct {
	X, Out Buf
	W      Mat // (1, d) or (1, d/Heads), F32
	Eps    float32
	Heads  int
}

// MatMul is Out (N, Rows) = X (N, Cols) * W^T + Bias, or, with Accumulate, Out += the same.
type MatMul struct {
	X, Out     Buf
	W          Mat // (Rows, Cols)
	Bias       Mat // (1, Rows) F32, or None
	Accumulate bool
}

// RoPE rotates pairs of each head by pos * Freqs[i], scaled by Scale (1, or YaRN's attention factor).
// Pairs are (i, i+D/2), or with Interleaved (2i, 2i+1). In place.
type RoPE struct {
	X           Buf
	Heads, Dim  int
	Freqs       Mat // (1, Dim/2) F32, radians per position
	Scale       float32
	Interleaved bool
}

// KVWrite stores K and V (N, G*D) of this step at each row's position in its sequence's pages.
type KVWrite struct {
	K, V  Buf
	Layer int
}

// Attention is causal attention of each row over its sequence up to and including its own position.
// Q and Out are (N, H*D); query head h reads key/value head h/(H/G).
type Attention struct {
	Q, Out                  Buf
	Layer                   int
	Heads, KVHeads, HeadDim int
	Scale                   float32 // of q.k, usually 1/sqrt(D)
}

// SwiGLU is Out = silu(Gate) * Up. Out may equal Gate.
type SwiGLU struct{ Gate, Up, Out Buf }

// Select copies the rows named by Batch.Out: Out (len(Batch.Out), d). The ops after it run on those rows only.
type Select struct{ X, Out Buf }

// Logits computes Result.Logits (len(Batch.Out), V) and its LogitStats. It is the last op.
type Logits struct {
	X Buf
	W Mat // (V, d)
}

func (Embed) op()     {}
func (RMSNorm) op()   {}
func (MatMul) op()    {}
func (RoPE) op()      {}
func (KVWrite) op()   {}
func (Attention) op() {}
func (SwiGLU) op()    {}
func (Select) op()    {}
func (Logits) op()    {}

// Program is a model as executors see it.
type Program struct {
	Bufs    []BufSpec
	Mats    []Matrix
	Ops     []Op
	Layers  int // key/value layers
	KVHeads int
	HeadDim int
	Vocab   int
	Context int // positions the model was made for
}

// PageSize is the number of positions in a page of the key/value cache.
const PageSize = 64

// Batch is the input of a step. Rows of one sequence are consecutive and in order of position.
type Batch struct {
	Tokens []int32   // (N)
	Pos    []int32   // (N) position in its sequence
	Seq    []int32   // (N) index into Tables
	Tables [][]int32 // page ids of each sequence, covering every position up to its last row
	Out    []int32   // rows whose logits are wanted, ascending
	InvT   []float32 // (len(Out)) 1/temperature for LogitStats.LSET; nil = 1
}

// TopM is how many of the likeliest tokens LogitStats holds.
const TopM = 64

// LogitStats summarises one row of logits, so that sampling and the signals cost no second pass over the vocabulary.
type LogitStats struct {
	LSE       float32       // log(sum(exp(logit))): logprob(i) = logit[i] - LSE
	LSET      float32       // log(sum(exp(logit*InvT)))
	Entropy   float32       // nats, at temperature 1
	TopIDs    [TopM]int32   // likeliest first, ties by lower id; -1 beyond the vocabulary
	TopLogits [TopM]float32 //
}

// Result is the output of a step. Its slices are valid until the next step.
type Result struct {
	Logits []float32 // (len(Out), V)
	Stats  []LogitStats
}
