// train_simd.h: the inner loops of training for one instruction path. train_c.c, train_avx2.c and train_avx512.c compile
// train_impl.h with another vector width each.
#ifndef S1_TRAIN_SIMD_H
#define S1_TRAIN_SIMD_H

#include <stddef.h>
#include <stdint.h>

enum {
    S1_KC = 320,          // most of the summed dimension that a packed panel holds: 20 KB at 16 columns
    S1_PAIRS = S1_KC / 2, // the same in pairs of bf16: the element of an even place of the summed dimension in the low half
};

typedef struct {
    double lr, decay, beta1, beta2, eps, scale; // scale: of the gradient
    double fix1, fix2;                          // 1/(1-beta1^t), 1/(1-beta2^t)
} s1_adamw;

typedef struct {
    const char *name;
    int mr, nr; // rows and columns of a register tile
    // c (m, n) = scale * a b + bias + add; m <= mr, n <= nr, kc <= S1_KC. add has c's strides and may be c; NULL: nothing.
    // a(i, k) = a[i*ars + k*acs]; b is a packed panel (kc, nr); bias (n) or NULL.
    void (*tile)(int kc, const float *a, ptrdiff_t ars, ptrdiff_t acs, int m, const float *b, float *c, ptrdiff_t ldc, int n,
                 float scale, const float *bias, const float *add);
    // dst (kc, nr) = columns of b, zeros beyond n; b(k, j) = b[k*brs + j*bcs]
    void (*pack)(int kc, int n, const float *b, ptrdiff_t brs, ptrdiff_t bcs, float *dst);
    // dst (m rounded up to mr, kc) in tiles of mr rows, a tile's rows side by side: dst[(i/mr)*mr*kc + k*mr + i%mr]; zeros beyond m
    void (*rows)(int kc, int m, const float *a, ptrdiff_t ars, ptrdiff_t acs, float *dst);
    // The same with both factors rounded to bf16 (nearest even), in pairs; sums, scale, bias and c stay in fp32.
    // a (m rounded up to mr, pairs) in rows of S1_PAIRS; b is a packed panel (pairs, nr).
    void (*tile16)(int pairs, const uint32_t *a, int m, const uint32_t *b, float *c, ptrdiff_t ldc, int n, float scale,
                   const float *bias, const float *add);
    // dst (m rounded up to mr, pairs of kc) in rows of S1_PAIRS = a, zeros beyond m and kc
    void (*round16)(int kc, int m, const float *a, ptrdiff_t ars, ptrdiff_t acs, uint32_t *dst);
    // dst (pairs of kc, nr) = columns of b, zeros beyond n and kc
    void (*pack16)(int kc, int n, const float *b, ptrdiff_t brs, ptrdiff_t bcs, uint32_t *dst);
    // Rows of attention scores, each with room for whole vectors (16 floats) up to pad, in which zeros follow what is made.
    // s (n) in base 2 becomes its softmax; returns log2 of the sum of 2^s
    float (*softmax)(float *s, int n, int pad);
    // s (n) becomes 2^(s - lse)
    void (*probs)(float *s, int n, int pad, float lse);
    // dp (n) becomes p * (dp - d) * scale
    void (*dscore)(const float *p, float *dp, int n, int pad, float d, float scale);
    float (*dot)(const float *a, const float *b, int n);
    // one segment of TrainNormGrad; dw NULL = frozen
    void (*norm_grad)(const float *x, const float *dout, const float *w, float eps, int n, int add, float *dx, float *dw);
    void (*swiglu_grad)(const float *gate, const float *up, const float *dout, int n, float *dgate, float *dup);
    // y += x
    void (*add)(float *y, const float *x, int n);
    // y = a*y + b*x
    void (*axpby)(float *y, float a, const float *x, float b, int n);
    // One row of logits: *lse, *entropy, *argmax; with g > 0 x becomes g * softmax(x) (the caller subtracts g at the target).
    void (*loss_row)(float *x, int n, float g, float *lse, float *entropy, int32_t *argmax);
    void (*adamw)(float *w, const float *g, float *m, float *v, int n, const s1_adamw *h);
    double (*sumsq)(const float *x, int n);
} s1_train_simd;

extern const s1_train_simd s1_train_c;
#if defined(__x86_64__)
extern const s1_train_simd s1_train_avx2;
extern const s1_train_simd s1_train_avx512;
extern const s1_train_simd s1_train_avx512_bf16; // as avx512, with the instruction for pairs of bf16
#endif

// The table for an instruction path (isa.h).
const s1_train_simd *s1_train_simd_for(int isa);

#endif
