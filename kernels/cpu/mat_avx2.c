// AVX2 kernels without VNNI: two ymm of 8 rows, up to 6 columns, so that 12 sums, 2 weights, an activation and a product
// fill the 16 registers; the float sums are spilled once a block. Prefetching at every width, 2 KB ahead: a batch of 4 to 8
// from memory is 1.25 times as fast as with the hardware's alone (4 KB: slower).
//
// 8-bit: int16 products. Even and odd bytes of a group are widened by an and and a shift, shared by all columns; vpmaddwd cannot
// saturate. (vpmaddubsw with the sign trick costs the same four operations per 32 products, and its sign is per column.)
// 4 to 6 bits: vpmaddubsw, and the pair sums stay in int16 over a whole block because they start at minus the offset:
// every partial sum is taken modulo 2^16, and the last is at most 16*16*127 or 8*32*127 = 32512. One vpmaddwd a block.
#if defined(__x86_64__)
#include <immintrin.h>

#include "mat_block.h"

#define TARGET __attribute__((target("avx2,fma,f16c")))
#define INLINE static inline __attribute__((always_inline)) TARGET

INLINE __m256i load(const void *p) { return _mm256_loadu_si256(p); }

INLINE __m256i splat32(const void *p) {
    int32_t v;
    memcpy(&v, p, 4);
    return _mm256_set1_epi32(v);
}

INLINE __m256 halves(const uint8_t *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const void *)p)); }
INLINE __m256 bytes_u8(const uint8_t *p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)p)));
}
INLINE __m256 bytes_i8(const uint8_t *p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)p)));
}

enum { PREFETCH = 2048 }; // bytes ahead
#define UNROLL _Pragma("GCC unroll 16")

// GCC would otherwise regroup the integer additions of a block, keep all products until its end and spill them: half the speed.
#define KEEP_ORDER(v) __asm__("" : "+x"(v))

INLINE void prefetch(const uint8_t *p, int bytes) {
    UNROLL for (int i = 0; i < bytes; i += 64) _mm_prefetch((const char *)((uintptr_t)p + PREFETCH + (uintptr_t)i), _MM_HINT_T0);
}

INLINE void kern_q8(int layout, const uint8_t *w, const void *act, int nb, float *tile, int n) {
    (void)layout;
    const s1_act_i16 *a = act;
    const __m256i low = _mm256_set1_epi16(255);
    __m256 t[6][2];
    UNROLL for (int j = 0; j < n; j++) UNROLL for (int h = 0; h < 2; h++) t[j][h] = _mm256_load_ps(tile + 16 * j + 8 * h);
    for (int b = 0; b < nb; b++, w += 544, a += n) {
        __m256i s[6][2];
        prefetch(w, 544);
        UNROLL for (int j = 0; j < n; j++) s[j][0] = s[j][1] = splat32(&a[j].n128);
        UNROLL for (int g = 0; g < 8; g++) {
            const uint8_t *q = w + 32 + 64 * g;
            __m256i even[2], odd[2];
            UNROLL for (int h = 0; h < 2; h++) even[h] = _mm256_and_si256(load(q + 32 * h), low);
            UNROLL for (int j = 0; j < n; j++) {
                __m256i x = splat32(a[j].q + 4 * g);
                UNROLL for (int h = 0; h < 2; h++) {
                    s[j][h] = _mm256_add_epi32(s[j][h], _mm256_madd_epi16(even[h], x));
                    KEEP_ORDER(s[j][h]);
                }
            }
            UNROLL for (int h = 0; h < 2; h++) odd[h] = _mm256_srli_epi16(load(q + 32 * h), 8);
            UNROLL for (int j = 0; j < n; j++) {
                __m256i x = splat32(a[j].q + 4 * g + 2);
                UNROLL for (int h = 0; h < 2; h++) {
                    s[j][h] = _mm256_add_epi32(s[j][h], _mm256_madd_epi16(odd[h], x));
                    KEEP_ORDER(s[j][h]);
                }
            }
        }
        __m256 d[2] = {halves(w), halves(w + 16)};
        UNROLL for (int j = 0; j < n; j++) {
            __m256 dx = _mm256_broadcast_ss(&a[j].d);
            UNROLL for (int h = 0; h < 2; h++)
                t[j][h] = _mm256_fmadd_ps(d[h], _mm256_mul_ps(dx, _mm256_cvtepi32_ps(s[j][h])), t[j][h]);
        }
    }
    UNROLL for (int j = 0; j < n; j++) UNROLL for (int h = 0; h < 2; h++) _mm256_store_ps(tile + 16 * j + 8 * h, t[j][h]);
}

// The quants of group g, rows 8h..8h+7, as unsigned bytes.
INLINE __m256i quants(int layout, const uint8_t *q4, const uint8_t *high, int g, int h) {
    __m256i v = load(q4 + 64 * (g % 4) + 32 * h);
    if (g >= 4) v = _mm256_srli_epi16(v, 4);
    v = _mm256_and_si256(v, _mm256_set1_epi8(15));
    if (layout == S1_MAT_Q5_0 || layout == S1_MAT_Q5_1 || layout == S1_MAT_Q5_K) {
        __m256i f = _mm256_and_si256(load(high + 32 * h), _mm256_set1_epi8((char)(1 << g)));
        f = g < 4 ? _mm256_slli_epi16(f, 4 - g) : _mm256_srli_epi16(f, g - 4);
        v = _mm256_or_si256(v, f);
    }
    if (layout == S1_MAT_Q6_K) {
        int k = g % 4 * 2;
        __m256i f = _mm256_and_si256(load(high + g / 4 * 64 + 32 * h), _mm256_set1_epi8((char)(3 << k)));
        f = k < 4 ? _mm256_slli_epi16(f, 4 - k) : _mm256_srli_epi16(f, k - 4);
        v = _mm256_or_si256(v, f);
    }
    return v;
}

// Adds the groups [g0, g1) of one block, scaled by d, to the float sums.
INLINE void part(int layout, const uint8_t *q4, const uint8_t *high, const s1_act_i8 *a, int n, int g0, int g1,
                 const __m256 d[2], __m256 t[6][2]) {
    const __m256i ones = _mm256_set1_epi16(1);
    const int shift = layout == S1_MAT_Q4_0 ? 3 : layout == S1_MAT_Q6_K ? 5 : 4;
    const int offset = layout != S1_MAT_Q4_1 && layout != S1_MAT_Q4_K;
    const int restore = layout == S1_MAT_Q5_1 || layout == S1_MAT_Q5_K; // the offset served the int16 sums only
    __m256i s[6][2];
    UNROLL for (int j = 0; j < n; j++) {
        __m256i start = _mm256_setzero_si256();
        if (offset) {
            start = splat32(g1 == 4 ? a[j].np0 : a[j].np);
            if (g0 == 4) start = _mm256_sub_epi16(start, splat32(a[j].np0));
            start = _mm256_slli_epi16(start, shift);
        }
        s[j][0] = s[j][1] = start;
    }
    UNROLL for (int g = g0; g < g1; g++) {
        __m256i v[2] = {quants(layout, q4, high, g, 0), quants(layout, q4, high, g, 1)};
        UNROLL for (int j = 0; j < n; j++) {
            __m256i x = splat32(a[j].q + 4 * g);
            UNROLL for (int h = 0; h < 2; h++) {
                s[j][h] = _mm256_add_epi16(s[j][h], _mm256_maddubs_epi16(v[h], x));
                KEEP_ORDER(s[j][h]);
            }
        }
    }
    UNROLL for (int j = 0; j < n; j++) {
        __m256 dx = _mm256_broadcast_ss(&a[j].d);
        UNROLL for (int h = 0; h < 2; h++) {
            __m256i v = _mm256_madd_epi16(s[j][h], ones);
            if (restore) v = _mm256_sub_epi32(v, _mm256_madd_epi16(splat32(a[j].np), _mm256_set1_epi16(16)));
            t[j][h] = _mm256_fmadd_ps(d[h], _mm256_mul_ps(dx, _mm256_cvtepi32_ps(v)), t[j][h]);
        }
    }
}

INLINE void kern_small(int layout, const uint8_t *w, const void *act, int nb, float *tile, int n) {
    const s1_act_i8 *a = act;
    const int k = layout == S1_MAT_Q4_K || layout == S1_MAT_Q5_K;
    const int mins = k || layout == S1_MAT_Q4_1 || layout == S1_MAT_Q5_1;
    const int high = layout == S1_MAT_Q6_K ? 128 : layout == S1_MAT_Q5_0 || layout == S1_MAT_Q5_1 || layout == S1_MAT_Q5_K ? 64 : 0;
    const int head = k ? 64 : layout == S1_MAT_Q6_K ? 32 : 0;        // of a superblock
    const int scales = k || layout == S1_MAT_Q6_K ? 32 : mins ? 64 : 32; // of a block
    const int blocks = head ? 8 : 1, bytes = scales + high + 256;
    __m256 t[6][2];
    UNROLL for (int j = 0; j < n; j++) UNROLL for (int h = 0; h < 2; h++) t[j][h] = _mm256_load_ps(tile + 16 * j + 8 * h);
    for (int b = 0; b < nb; b++) {
        const uint8_t *top = w;
        w += head;
        for (int i = 0; i < blocks; i++, w += bytes, a += n) {
            const uint8_t *q4 = w + scales + high;
            prefetch(w, bytes);
            __m256 d[2], m[2], d1[2];
            UNROLL for (int h = 0; h < 2; h++) {
                if (k) {
                    d[h] = _mm256_mul_ps(halves(top + 16 * h), bytes_u8(w + 8 * h));
                    m[h] = _mm256_mul_ps(halves(top + 32 + 16 * h), bytes_u8(w + 16 + 8 * h));
                } else if (layout == S1_MAT_Q6_K) {
                    d[h] = _mm256_mul_ps(halves(top + 16 * h), bytes_i8(w + 8 * h));
                    d1[h] = _mm256_mul_ps(halves(top + 16 * h), bytes_i8(w + 16 + 8 * h));
                } else {
                    d[h] = halves(w + 16 * h);
                    if (mins) m[h] = halves(w + 32 + 16 * h);
                }
            }
            if (layout == S1_MAT_Q6_K) {
                part(layout, q4, w + scales, a, n, 0, 4, d, t);
                part(layout, q4, w + scales, a, n, 4, 8, d1, t);
                continue;
            }
            part(layout, q4, w + scales, a, n, 0, 8, d, t);
            if (mins) UNROLL for (int j = 0; j < n; j++) {
                __m256 ds = _mm256_broadcast_ss(&a[j].ds);
                UNROLL for (int h = 0; h < 2; h++)
                    t[j][h] = k ? _mm256_fnmadd_ps(m[h], ds, t[j][h]) : _mm256_fmadd_ps(m[h], ds, t[j][h]);
            }
        }
    }
    UNROLL for (int j = 0; j < n; j++) UNROLL for (int h = 0; h < 2; h++) _mm256_store_ps(tile + 16 * j + 8 * h, t[j][h]);
}

INLINE void kern_exact(int layout, const uint8_t *w, const void *act, int nb, float *tile, int n) {
    const float *x = act;
    __m256 t[6][2];
    UNROLL for (int j = 0; j < n; j++) UNROLL for (int h = 0; h < 2; h++) t[j][h] = _mm256_load_ps(tile + 16 * j + 8 * h);
    for (int k = 0; k < nb; k++) {
        prefetch(w, layout == S1_MAT_F16 ? 32 : 64);
        if (layout == S1_MAT_BF16) {
            const __m256i upper = _mm256_set1_epi32((int)0xffff0000);
            __m256 even[2], odd[2];
            UNROLL for (int h = 0; h < 2; h++) even[h] = _mm256_castsi256_ps(_mm256_slli_epi32(load(w + 32 * h), 16));
            UNROLL for (int j = 0; j < n; j++)
                UNROLL for (int h = 0; h < 2; h++) t[j][h] = _mm256_fmadd_ps(even[h], _mm256_broadcast_ss(x + j), t[j][h]);
            UNROLL for (int h = 0; h < 2; h++) odd[h] = _mm256_castsi256_ps(_mm256_and_si256(load(w + 32 * h), upper));
            UNROLL for (int j = 0; j < n; j++)
                UNROLL for (int h = 0; h < 2; h++) t[j][h] = _mm256_fmadd_ps(odd[h], _mm256_broadcast_ss(x + n + j), t[j][h]);
            w += 64, x += 2 * n;
            continue;
        }
        __m256 v[2];
        UNROLL for (int h = 0; h < 2; h++)
            v[h] = layout == S1_MAT_F16 ? halves(w + 16 * h) : _mm256_loadu_ps((const void *)(w + 32 * h));
        UNROLL for (int j = 0; j < n; j++)
            UNROLL for (int h = 0; h < 2; h++) t[j][h] = _mm256_fmadd_ps(v[h], _mm256_broadcast_ss(x + j), t[j][h]);
        w += layout == S1_MAT_F16 ? 32 : 64, x += n;
    }
    UNROLL for (int j = 0; j < n; j++) UNROLL for (int h = 0; h < 2; h++) _mm256_store_ps(tile + 16 * j + 8 * h, t[j][h]);
}

#define KERNEL(NAME, BODY, LAYOUT, N) \
    TARGET static void NAME##_##N(const uint8_t *w, const void *a, int nb, float *t) { BODY(LAYOUT, w, a, nb, t, N); }
#define KERNELS(NAME, BODY, LAYOUT)                                              \
    KERNEL(NAME, BODY, LAYOUT, 1) KERNEL(NAME, BODY, LAYOUT, 2) KERNEL(NAME, BODY, LAYOUT, 3) \
    KERNEL(NAME, BODY, LAYOUT, 4) KERNEL(NAME, BODY, LAYOUT, 5) KERNEL(NAME, BODY, LAYOUT, 6)
#define ENTRY(NAME) {NAME##_1, NAME##_2, NAME##_3, NAME##_4, NAME##_5, NAME##_6}

KERNELS(f32, kern_exact, S1_MAT_F32)
KERNELS(f16, kern_exact, S1_MAT_F16)
KERNELS(bf16, kern_exact, S1_MAT_BF16)
KERNELS(q8, kern_q8, S1_MAT_Q8)
KERNELS(q40, kern_small, S1_MAT_Q4_0)
KERNELS(q41, kern_small, S1_MAT_Q4_1)
KERNELS(q50, kern_small, S1_MAT_Q5_0)
KERNELS(q51, kern_small, S1_MAT_Q5_1)
KERNELS(q4k, kern_small, S1_MAT_Q4_K)
KERNELS(q5k, kern_small, S1_MAT_Q5_K)
KERNELS(q6k, kern_small, S1_MAT_Q6_K)

s1_kern s1_kern_avx2(int layout, int width) {
    static const s1_kern table[S1_LAYOUT_COUNT][6] = {
        [S1_MAT_F32] = ENTRY(f32),   [S1_MAT_F16] = ENTRY(f16),   [S1_MAT_BF16] = ENTRY(bf16),
        [S1_MAT_Q8] = ENTRY(q8),     [S1_MAT_Q4_0] = ENTRY(q40),  [S1_MAT_Q4_1] = ENTRY(q41),
        [S1_MAT_Q5_0] = ENTRY(q50),  [S1_MAT_Q5_1] = ENTRY(q51),  [S1_MAT_Q4_K] = ENTRY(q4k),
        [S1_MAT_Q5_K] = ENTRY(q5k),  [S1_MAT_Q6_K] = ENTRY(q6k),
    };
    return table[layout][width - 1];
}
#endif
