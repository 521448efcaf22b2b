// train.h: the ops of training (kernels/train.go) over plain float arrays. Every op is cut into units whose results do not
// depend on who computes them or in which order: sums over rows are taken by one unit, in the order of the rows. So equal
// inputs give equal bits with any number of threads.
#ifndef S1_TRAIN_H
#define S1_TRAIN_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "pool.h"
#include "simd.h"
#include "train_amx.h"
#include "train_simd.h"

// Bounds that Go has checked before (TrainBatch.Validate, TrainProgram.Validate), checked again in a debug build (make test-c).
#if defined(S1_DEBUG)
#include <assert.h>
#define S1_BOUND(i, n) assert((i) >= 0 && (i) < (n))
#else
#define S1_BOUND(i, n) ((void)0)
#endif

enum {
    S1_T_STAGES = 2,    // most stages of one op
    S1_T_COLS = 3,      // panels of columns that a unit of a product packs
    S1_T_COLS16 = 6,    // the same in bf16: as many bytes, and a is packed half as often
    S1_T_ROWS = 480,    // most rows of such a unit, a multiple of every tile height
    S1_T_TALL = 96,     // most rows of a unit of a large product, a multiple of every tile height
    S1_T_NEAR = 104 << 10, // most floats of a factor that is read where it lies, of the second cache
    S1_T_LARGE = 128,   // fewest rows and columns of a large product; below, packing costs what it brings
    S1_T_SPLIT = 256,   // fewest rows, columns and products of a sum of a large product whose floats are split for tiles of bf16
    S1_T_PACK = 32,     // rows of b that a unit packs
    S1_T_PACKED = 4 << 20, // most floats of b that a large product packs at once
    S1_T_STRIPS = 6,    // strips of rows that a thread splits for tiles of bf16 at once
    S1_T_STEPS = 16,    // most steps of the summed dimension that it splits at once: 576 KB, of the second cache
    S1_T_BLOCK = 64,    // rows of a unit of a row op
    S1_T_CHUNK = 16384, // elements of a unit of an elementwise op
    S1_T_QUERIES = 48,  // queries of an attention step, a multiple of every tile height
};

// n rounded up to a multiple.
static inline int s1_t_up(int n, int to) { return (n + to - 1) / to * to; }

// The summed dimension of a product in equal stretches of at most S1_KC.
static inline int s1_t_stretch(int k) {
    int blocks = (k + S1_KC - 1) / S1_KC;
    return blocks ? (k + blocks - 1) / blocks : 0;
}

typedef struct s1_trainer s1_trainer;

typedef struct {
    void (*work)(s1_trainer *t, const void *op, int lo, int hi, int thread);
    const void *op;
    int units, grain;
} s1_t_stage;

struct s1_trainer {
    const s1_train_simd *simd;
    const s1_train_amx *amx; // tiles of bf16, or NULL
    const s1_simd *rows; // the row ops that inference has too
    int bf16;            // the products of weights are of factors rounded to bf16
    int threads;
    s1_t_stage stages[S1_T_STAGES];
    s1_pool pool;
    atomic_int never;   // the pool's cancel: ops are short, Go looks between them
    float **scratch;     // a thread's
    size_t *scratch_cap; // floats
    float *shared;       // of the op that runs
    size_t shared_cap;
    float *packed; // of the last large product: its factor b, and what that was
    size_t packed_cap;
    const float *packed_b;
    int packed_n, packed_k, packed_tiles;
    int failed;         // memory ran out in a unit
};

// What ops return.
enum { S1_T_OK = 0, S1_T_NO_MEMORY = 2 };

// bf16: the products of s1_t_gemm round their factors to bf16 (torch's autocast does it so); attention, Muon
// and all else stay in fp32, as do weights, sums and gradients.
int s1_trainer_start(s1_trainer *t, int isa, int threads, int bf16);
void s1_trainer_stop(s1_trainer *t);

// Runs the first n stages one after another.
int s1_t_run(s1_trainer *t, int n);
// A thread's scratch of at least n floats, or NULL (and t->failed).
float *s1_t_scratch(s1_trainer *t, int thread, size_t n);
float *s1_t_shared(s1_trainer *t, size_t n);
float *s1_t_packed(s1_trainer *t, size_t n);

// c (m, n) = scale * a b + bias + add over k.
typedef struct {
    int m, n, k;
    const float *a;
    ptrdiff_t ars, acs;
    const float *b;
    ptrdiff_t brs, bcs;
    const float *ready; // all of b's panels, packed (s1_t_pack), each over all of k, or NULL
    float *c;
    ptrdiff_t ldc;
    float scale;
    const float *bias;
    const float *add; // (m, n) with c's strides, c itself to add to it, or NULL
    int packed;       // b is as it was in the last product with this b, if that was a large one: it is not packed again
    int row_blocks, rows; // of the units, filled where they are made
} s1_gemm;

int s1_t_gemm(s1_trainer *t, s1_gemm *g);
// The same by one thread: for products inside a unit. scratch: s1_t_gemm_floats of them.
void s1_t_gemm_one(const s1_trainer *t, const s1_gemm *g, float *scratch);
size_t s1_t_gemm_floats(const s1_trainer *t);
// Packs all of b, for products that read it again and again: dst (n rounded up to whole panels, k).
void s1_t_pack(const s1_trainer *t, int n, int k, const float *b, ptrdiff_t brs, ptrdiff_t bcs, float *dst);

// Shapes as in kernels/train.go.
int s1_t_embed(s1_trainer *t, int n, int d, const int32_t *tokens, const float *table, float *out);
int s1_t_embed_grad(s1_trainer *t, int n, int d, const int32_t *tokens, const float *dout, float *dtable);
int s1_t_norm(s1_trainer *t, int n, int width, int heads, float eps, const float *x, const float *w, float *out);
int s1_t_norm_grad(s1_trainer *t, int n, int width, int heads, float eps, const float *x, const float *w, const float *dout,
                   float *dx, float *dw, int add);
int s1_t_rope(s1_trainer *t, int n, int heads, int dim, int interleaved, const int32_t *pos, const float *table, float *x);
int s1_t_swiglu(s1_trainer *t, int n, int width, const float *gate, const float *up, float *out);
int s1_t_swiglu_grad(s1_trainer *t, int n, int width, const float *gate, const float *up, const float *dout, float *dgate,
                     float *dup);
int s1_t_bias_grad(s1_trainer *t, int n, int width, const float *dout, float *dbias);
int s1_t_select(s1_trainer *t, int r, int width, const int32_t *rows, const float *x, float *out);
int s1_t_select_grad(s1_trainer *t, int n, int r, int width, const int32_t *rows, const float *dout, float *dx);
int s1_t_dropout(s1_trainer *t, int n, int width, float rate, uint64_t seed, uint64_t stream, const float *x, float *out, int add);

typedef struct {
    int docs, heads, kvheads, dim;
    const int32_t *doc; // (docs + 1)
    float scale;
    const float *q, *k, *v; // (N, heads*dim), (N, kvheads*dim)
    float *out, *lse;       // (N, heads*dim), (N, heads)
    const float *dout;
    float *dq, *dk, *dv;
} s1_t_attn;

int s1_t_attention(s1_trainer *t, const s1_t_attn *a);
int s1_t_attention_grad(s1_trainer *t, const s1_t_attn *a);

typedef struct {
    int r, d, v, chunk;
    const float *x, *w;     // (r, d), (v, d)
    const int32_t *targets; // (r)
    const float *weights;   // (r)
    float scale;
    float *nll, *entropy;   // (r)
    int32_t *argmax;        // (r)
    float *dx, *dw;         // NULL without gradients; dw NULL when frozen
} s1_t_loss_op;

int s1_t_loss(s1_trainer *t, const s1_t_loss_op *op);

int s1_t_sumsq(s1_trainer *t, long n, const float *x, double *out);
int s1_t_adamw(s1_trainer *t, long n, float *w, const float *g, float *m, float *v, const s1_adamw *h);
// A matrix and its Muon step (kernels.Muon).
typedef struct {
    int rows, cols;
    float *w, *m;
    const float *g;
    double lr, decay, beta, scale;
} s1_muon;

// Each matrix is a unit: they are many and small, and the products of one wait for each other.
int s1_t_muon(s1_trainer *t, int n, const s1_muon *list);

#endif
