// train_amx.h: what a product on tiles of bf16 is made of. See train_amx.c.
#ifndef S1_TRAIN_AMX_H
#define S1_TRAIN_AMX_H

#include <stddef.h>
#include <stdint.h>

enum {
    S1_AMX_SIDE = 32, // rows and columns of a block of c: two tiles each way
    S1_AMX_STEP = 32, // of the summed dimension in a tile
};

// planes: 3 = fp32, 1 = both factors rounded to bf16. A block of a factor is 32 rows or columns by a step: 2 KB a plane; a strip is the
// blocks of all steps, one after another.
typedef struct {
    void (*open)(void);  // before mul, in each thread
    void (*close)(void); // afterwards: a thread with open tiles costs more to switch
    // dst: the strips of m rows of a, zeros beyond m and k. One of the strides is 1.
    void (*rows)(int planes, int k, int m, const float *a, ptrdiff_t ars, ptrdiff_t acs, uint8_t *dst);
    // dst: the blocks of n columns of b, those of the next 32 columns strip bytes behind; zeros beyond n and k. One of the strides is 1.
    void (*cols)(int planes, int k, int n, const float *b, ptrdiff_t brs, ptrdiff_t bcs, uint8_t *dst, size_t strip);
    // c (m, n) = scale * a b + bias + add over so many steps of a strip of each; m, n <= 32. add as in train_simd.h.
    void (*mul)(int planes, int steps, const uint8_t *a, const uint8_t *b, float *c, ptrdiff_t ldc, int m, int n, float scale,
                const float *bias, const float *add);
} s1_train_amx;

// Bytes of a block.
static inline size_t s1_amx_block(int planes) { return (size_t)planes * 2048; }

#if defined(__x86_64__)
extern const s1_train_amx s1_train_tiles;
#endif

// NULL where the instruction path has no tiles.
const s1_train_amx *s1_train_amx_for(int isa);

#endif
