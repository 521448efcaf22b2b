// The packed layouts, seen by the packers and the kernels only.
//
// Quantised: a strip of 16 rows is a sequence of blocks of 32 columns (Q*_K: of superblocks of 256). Quants lie in 8 groups of
// 4 columns; a group is 64 bytes, byte 4r+i = row r, column 4g+i, so that one 32-bit broadcast of four activations meets
// 16 rows in a zmm or 8 in a ymm. Scales are 16 in a row, fp16 unless said. Values are the source's, exactly.
//
//   Q8    d[16] | 8 groups of q+128                                                  544 B / 512 weights
//   Q4_0  d[16] | Q4: 4 x 64 B, low nibbles group p, high nibbles group p+4           288     (q: 0..15, value d*(q-8))
//   Q4_1  d[16] m[16] | Q4                                                           320     (d*q + m)
//   Q5_0  d[16] | B: 64 B, bit g of byte 4r+i = fifth bit of group g | Q4             352     (d*(q-16))
//   Q5_1  d[16] m[16] | B | Q4                                                       384
//   Q4_K  d[16] dmin[16] | 8 x (u8 sc[16], u8 mn[16] | Q4)                           2368 / 4096 (d*sc*q - dmin*mn)
//   Q5_K  d[16] dmin[16] | 8 x (u8 sc[16], u8 mn[16] | B | Q4)                       2880
//   Q6_K  d[16] | 8 x (i8 sc0[16], i8 sc1[16] | T: 2 x 64 B | Q4)                     3360    (d*sc*(q-32), sc1 from column 16)
//         T: bits 2g', 2g'+1 of byte 4r+i in half p = upper two bits of group 4p+g'
//
// Exact: F32 [k][16]; F16 [k][16]; BF16 [k/2][16][2], an odd last column is followed by zeros.
#ifndef S1_MAT_BLOCK_H
#define S1_MAT_BLOCK_H

#include <stdint.h>
#include <string.h>

#include "mat.h"

#ifdef S1_DEBUG
#include <stdio.h>
#include <stdlib.h>
#define S1_ASSERT(x)                                                                  \
    do {                                                                              \
        if (!(x)) {                                                                   \
            fprintf(stderr, "%s:%d: assertion failed: %s\n", __FILE__, __LINE__, #x); \
            abort();                                                                  \
        }                                                                             \
    } while (0)
#else
#define S1_ASSERT(x) ((void)0)
#endif

// Activations. The batch is cut into groups of nearly equal width, at most s1_act_width; a group is stored block by block,
// the columns of the group beside each other.
//
// Eight bits an activation move the likeliest token at 2 to 4 positions of 100 on a small model; fifteen at 1 of 2,000. So an
// int8 vector is two columns, its planes: the second quantises what the first left over, and their products are added. Where
// int16 products cost nothing more, one column holds all fifteen bits.
enum s1_act { S1_ACT_I8, S1_ACT_I16, S1_ACT_F32, S1_ACT_BF16 };

static inline int s1_act_planes(int kind) { return kind == S1_ACT_I8 ? 2 : 1; }

// 32 activations, one plane: x = d*q. np holds minus the sums of q over columns 4g, 4g+1 and 4g+2, 4g+3; np0 over columns 0..15 only:
// shifted left they start the sums that take the quants' offset away.
typedef struct {
    float d, ds;            // scale; d * sum(q)
    int16_t np[2], np0[2];
    int8_t q[32];
} s1_act_i8;

enum { S1_I16_MAX = 32512 }; // 32 products with a byte and the start stay below 2^31 at every partial sum

// The same in one column for int16 arithmetic, |q| <= S1_I16_MAX: q in the order 4g, 4g+2, 4g+1, 4g+3, the even and the odd bytes of a group of weights.
typedef struct {
    float d, ds;
    int32_t n128, pad; // -128 * sum(q)
    int16_t q[32];
} s1_act_i16;

enum { S1_MAX_WIDTH = 8 };

int s1_act_width(int isa, int kind);        // most columns of a group, planes counted
size_t s1_act_block_bytes(int kind);        // one column of one block
int s1_act_blocks(int kind, int cols);      // blocks of a vector
int s1_groups(int n, int width);            // number of groups

// First column of group i of g over n columns; group i ends where i+1 begins.
static inline int s1_group_start(int n, int g, int i) {
    int base = n / g, rem = n % g;
    return i * base + (i < rem ? i : rem);
}

int s1_quantised(int layout);
int s1_layout_block(int layout);           // columns of the smallest unit a kernel may be given
size_t s1_layout_block_bytes(int layout);  // bytes of 16 rows of it

// A kernel adds nb units of one strip times one group of activations to tile (width, 16).
// w is 32-byte, act 16-byte, tile 64-byte aligned.
typedef void (*s1_kern)(const uint8_t *w, const void *act, int nb, float *tile);

s1_kern s1_kern_c(int layout, int width);
s1_kern s1_kern_avx2(int layout, int width);
s1_kern s1_kern_avx512(int layout, int width);
s1_kern s1_kern_vnni(int layout, int width); // quantised layouts only
s1_kern s1_kern_bf16(int width);             // S1_MAT_BF16 with S1_ACT_BF16

// Quantises one vector into the blocks at act, step bytes apart; its second plane lies beside the first.
typedef void (*s1_quant)(const float *x, int cols, uint8_t *act, size_t step);
void s1_quant_i8_avx2(const float *x, int cols, uint8_t *act, size_t step);
void s1_quant_i16_avx2(const float *x, int cols, uint8_t *act, size_t step);

static inline float s1_f32_of_bits(uint32_t u) {
    float f;
    memcpy(&f, &u, 4);
    return f;
}

static inline uint32_t s1_bits_of_f32(float f) {
    uint32_t u;
    memcpy(&u, &f, 4);
    return u;
}

static inline uint16_t s1_load16(const uint8_t *p) {
    uint16_t v;
    memcpy(&v, p, 2);
    return v;
}

static inline void s1_store16(uint8_t *p, uint16_t v) { memcpy(p, &v, 2); }

static inline float s1_f32_of_f16(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, mag = h & 0x7fff;
    if (mag >= 0x7c00) return s1_f32_of_bits(sign | 0x7f800000 | (mag & 0x3ff) << 13);
    if (mag >= 0x400) return s1_f32_of_bits(sign | ((mag << 13) + (112u << 23)));
    float v = (float)mag * 0x1p-24f; // subnormal
    return sign ? -v : v;
}

// Nearest even; overflow becomes infinity.
uint16_t s1_f16_of_f32(float f);

static inline float s1_f32_of_bf16(uint16_t h) { return s1_f32_of_bits((uint32_t)h << 16); }

// Nearest even; a NaN stays one.
static inline uint16_t s1_bf16_of_f32(float f) {
    uint32_t u = s1_bits_of_f32(f);
    if ((u & 0x7fffffff) > 0x7f800000) return (uint16_t)(u >> 16 | 0x40);
    return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

#endif
