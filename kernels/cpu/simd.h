// simd.h: the row kernels of one instruction path. simd_c.c, simd_avx2.c and simd_avx512.c compile the same *_impl.h
// sources with another vector width each; the executor picks a table once, when the machine is made.
#ifndef S1_SIMD_H
#define S1_SIMD_H

#include <stddef.h>
#include <stdint.h>

enum {
    S1_PAGE = 64,  // positions in a page of the key/value cache (kernels.PageSize)
    S1_PART = 16,  // floats before the values of a partial softmax: m, l, padding to a cache line
    S1_TILE = 6,   // most queries that share a load of K or V
    S1_STATS_BLOCK = 4096, // logits summarised together; fixed, so that a row's sums do not depend on who adds them
    S1_STATS_SUB = 64,     // logits whose maximum is kept, to find the likeliest without sorting
};

// s1_qrow is one query of an attention call: its vector, its position, and the running softmax it adds to.
// m and l are in the base-2 domain: weight(p) = 2^(s(p) - m), l = sum of weights, o = sum of weights * v.
typedef struct {
    const float *q; // (D)
    float *o;       // (Dp)
    float *m, *l;
    int32_t valid; // positions of this page it may see, 1..64
} s1_qrow;

// s1_block_stats summarises one block of logits.
typedef struct {
    float max;
    double sum;   // sum exp(x - max)
    double sumt;  // sum exp((x - max) * invT)
    double cross; // sum (x - max) * exp(x - max)
} s1_block_stats;

typedef struct {
    const char *name;
    // out = x * w / sqrt(mean(x^2) + eps), n elements.
    void (*rmsnorm)(const float *x, const float *w, float eps, int n, float *out);
    // out = silu(gate) * up
    void (*swiglu)(const float *gate, const float *up, int n, float *out);
    // rotates one head; cs holds dim/2 cosines, then dim/2 sines, already scaled
    void (*rope)(float *x, const float *cs, int dim, int interleaved);
    // one position of one head into its page block; D elements, Dp stored
    void (*kv_write)(const float *k, const float *v, int D, int Dp, int at, uint16_t *kpage, uint16_t *vpage);
    // one page for nq <= S1_TILE queries of one key/value head; scale includes log2(e)
    void (*attend)(const s1_qrow *q, int nq, const uint16_t *k, const uint16_t *v, int D, int Dp, float scale);
    // adds partial softmax p to s (each m, l, padding to S1_PART, o[Dp])
    void (*fold)(float *s, const float *p, int Dp);
    // out (D) = the n partials at part, part + stride, ... folded in order into the first, and normalised
    void (*merge)(int n, float *part, size_t stride, int D, int Dp, float *out);
    // summarises n logits; sub gets the maximum of each S1_STATS_SUB of them
    void (*stats)(const float *x, int n, float invt, s1_block_stats *out, float *sub);
} s1_simd;

extern const s1_simd s1_simd_c;
#if defined(__x86_64__)
extern const s1_simd s1_simd_avx2;
extern const s1_simd s1_simd_avx512;
#endif

// The table for an instruction path (isa.h).
const s1_simd *s1_simd_for(int isa);

#endif
