// AVX-512 kernels, a template: included by mat_avx512.c and mat_avx512_vnni.c, which define TARGET, VNNI and BF16.
// A zmm holds 16 rows; up to 8 columns, their integer and float sums in registers: enough chains to hide the latency of
// vpdpbusd, and half the code (and compile time) of 12 columns.
// Without VNNI the arithmetic is that of mat_avx2.c; with it vpdpbusd takes unsigned quants as they are, and the 32-bit sum
// starts at minus the offset times the activations' sum.
#include <immintrin.h>

#ifdef S1_SIMDE // the test that runs these kernels on a machine without AVX-512
#include "simde.h"
#else
#define KEEP_ORDER(v) __asm__("" : "+v"(v)) // see mat_avx2.c
#endif

#include "mat_block.h"

#define INLINE static inline __attribute__((always_inline)) TARGET
#define UNROLL _Pragma("GCC unroll 16")
enum { PREFETCH = 2048 }; // bytes ahead

INLINE __m512i load(const void *p) { return _mm512_loadu_si512(p); }

INLINE __m512i splat32(const void *p) {
    int32_t v;
    memcpy(&v, p, 4);
    return _mm512_set1_epi32(v);
}

INLINE __m512 halves(const uint8_t *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const void *)p)); }
INLINE __m512 bytes_u8(const uint8_t *p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)p)));
}
INLINE __m512 bytes_i8(const uint8_t *p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const void *)p)));
}

INLINE void prefetch(const uint8_t *p, int bytes) {
    UNROLL for (int i = 0; i < bytes; i += 64) _mm_prefetch((const char *)((uintptr_t)p + PREFETCH + (uintptr_t)i), _MM_HINT_T0);
}

// t += d * (dx * s)
INLINE __m512 scaled(__m512 d, const float *dx, __m512i s, __m512 t) {
    return _mm512_fmadd_ps(d, _mm512_mul_ps(_mm512_set1_ps(*dx), _mm512_cvtepi32_ps(s)), t);
}

#if VNNI
INLINE void kern_q8(int layout, const uint8_t *w, const void *act, int nb, float *tile, int n) {
    (void)layout;
    const s1_act_i8 *a = act;
    __m512 t[S1_MAX_WIDTH];
    UNROLL for (int j = 0; j < n; j++) t[j] = _mm512_load_ps(tile + 16 * j);
    for (int b = 0; b < nb; b++, w += 544, a += n) {
        __m512i s[S1_MAX_WIDTH];
        prefetch(w, 544);
        UNROLL for (int j = 0; j < n; j++) s[j] = _mm512_madd_epi16(splat32(a[j].np), _mm512_set1_epi16(128));
        UNROLL for (int g = 0; g < 8; g++) {
            __m512i v = load(w + 32 + 64 * g);
            UNROLL for (int j = 0; j < n; j++) s[j] = _mm512_dpbusd_epi32(s[j], v, splat32(a[j].q + 4 * g));
        }
        __m512 d = halves(w);
        UNROLL for (int j = 0; j < n; j++) t[j] = scaled(d, &a[j].d, s[j], t[j]);
    }
    UNROLL for (int j = 0; j < n; j++) _mm512_store_ps(tile + 16 * j, t[j]);
}
#else
INLINE void kern_q8(int layout, const uint8_t *w, const void *act, int nb, float *tile, int n) {
    (void)layout;
    const s1_act_i16 *a = act;
    const __m512i low = _mm512_set1_epi16(255);
    __m512 t[S1_MAX_WIDTH];
    UNROLL for (int j = 0; j < n; j++) t[j] = _mm512_load_ps(tile + 16 * j);
    for (int b = 0; b < nb; b++, w += 544, a += n) {
        __m512i s[S1_MAX_WIDTH];
        prefetch(w, 544);
        UNROLL for (int j = 0; j < n; j++) s[j] = splat32(&a[j].n128);
        UNROLL for (int g = 0; g < 8; g++) {
            __m512i v = load(w + 32 + 64 * g), even = _mm512_and_si512(v, low), odd = _mm512_srli_epi16(v, 8);
            UNROLL for (int j = 0; j < n; j++) {
                s[j] = _mm512_add_epi32(s[j], _mm512_madd_epi16(even, splat32(a[j].q + 4 * g)));
                s[j] = _mm512_add_epi32(s[j], _mm512_madd_epi16(odd, splat32(a[j].q + 4 * g + 2)));
                KEEP_ORDER(s[j]);
            }
        }
        __m512 d = halves(w);
        UNROLL for (int j = 0; j < n; j++) t[j] = scaled(d, &a[j].d, s[j], t[j]);
    }
    UNROLL for (int j = 0; j < n; j++) _mm512_store_ps(tile + 16 * j, t[j]);
}
#endif

// The quants of group g as unsigned bytes.
INLINE __m512i quants(int layout, const uint8_t *q4, const uint8_t *high, int g) {
    __m512i v = load(q4 + 64 * (g % 4));
    if (g >= 4) v = _mm512_srli_epi16(v, 4);
    v = _mm512_and_si512(v, _mm512_set1_epi8(15));
    int bits = layout == S1_MAT_Q6_K ? 2 : layout == S1_MAT_Q5_0 || layout == S1_MAT_Q5_1 || layout == S1_MAT_Q5_K ? 1 : 0;
    if (bits) { // at bit k of their plane, wanted at bit 4
        int k = bits == 2 ? g % 4 * 2 : g;
        const uint8_t *plane = bits == 2 ? high + g / 4 * 64 : high;
        __m512i f = _mm512_and_si512(load(plane), _mm512_set1_epi8((char)(((1 << bits) - 1) << k)));
        f = k < 4 ? _mm512_slli_epi16(f, (unsigned)(4 - k)) : _mm512_srli_epi16(f, (unsigned)(k - 4));
        v = _mm512_or_si512(v, f);
    }
    return v;
}

// Adds the groups [g0, g1) of one block, scaled by d, to the float sums.
INLINE void part(int layout, const uint8_t *q4, const uint8_t *high, const s1_act_i8 *a, int n, int g0, int g1, __m512 d,
                 __m512 *t) {
    const int shift = layout == S1_MAT_Q4_0 ? 3 : layout == S1_MAT_Q6_K ? 5 : 4;
    const int mins = layout == S1_MAT_Q4_1 || layout == S1_MAT_Q5_1 || layout == S1_MAT_Q4_K || layout == S1_MAT_Q5_K;
    const int restore = !VNNI && (layout == S1_MAT_Q5_1 || layout == S1_MAT_Q5_K); // the offset serves int16 sums only
    const int offset = !mins || restore;
    __m512i s[S1_MAX_WIDTH];
    UNROLL for (int j = 0; j < n; j++) {
        s[j] = _mm512_setzero_si512();
        if (!offset) continue;
        s[j] = splat32(g1 == 4 ? a[j].np0 : a[j].np);
        if (g0 == 4) s[j] = _mm512_sub_epi16(s[j], splat32(a[j].np0));
#if VNNI
        s[j] = _mm512_madd_epi16(s[j], _mm512_set1_epi16((short)(1 << shift)));
#else
        s[j] = _mm512_slli_epi16(s[j], (unsigned)shift);
#endif
    }
    UNROLL for (int g = g0; g < g1; g++) {
        __m512i v = quants(layout, q4, high, g);
        UNROLL for (int j = 0; j < n; j++) {
#if VNNI
            s[j] = _mm512_dpbusd_epi32(s[j], v, splat32(a[j].q + 4 * g));
#else
            s[j] = _mm512_add_epi16(s[j], _mm512_maddubs_epi16(v, splat32(a[j].q + 4 * g)));
            KEEP_ORDER(s[j]);
#endif
        }
    }
    UNROLL for (int j = 0; j < n; j++) {
        if (!VNNI) s[j] = _mm512_madd_epi16(s[j], _mm512_set1_epi16(1));
        if (restore) s[j] = _mm512_sub_epi32(s[j], _mm512_madd_epi16(splat32(a[j].np), _mm512_set1_epi16(16)));
        t[j] = scaled(d, &a[j].d, s[j], t[j]);
    }
}

INLINE void kern_small(int layout, const uint8_t *w, const void *act, int nb, float *tile, int n) {
    const s1_act_i8 *a = act;
    const int k = layout == S1_MAT_Q4_K || layout == S1_MAT_Q5_K;
    const int mins = k || layout == S1_MAT_Q4_1 || layout == S1_MAT_Q5_1;
    const int high = layout == S1_MAT_Q6_K ? 128 : layout == S1_MAT_Q5_0 || layout == S1_MAT_Q5_1 || layout == S1_MAT_Q5_K ? 64 : 0;
    const int head = k ? 64 : layout == S1_MAT_Q6_K ? 32 : 0;            // of a superblock
    const int scales = k || layout == S1_MAT_Q6_K ? 32 : mins ? 64 : 32; // of a block
    const int blocks = head ? 8 : 1, bytes = scales + high + 256;
    __m512 t[S1_MAX_WIDTH];
    UNROLL for (int j = 0; j < n; j++) t[j] = _mm512_load_ps(tile + 16 * j);
    for (int b = 0; b < nb; b++) {
        const uint8_t *top = w;
        w += head;
        for (int i = 0; i < blocks; i++, w += bytes, a += n) {
            const uint8_t *q4 = w + scales + high;
            prefetch(w, bytes);
            if (layout == S1_MAT_Q6_K) {
                __m512 d = halves(top);
                part(layout, q4, w + scales, a, n, 0, 4, _mm512_mul_ps(d, bytes_i8(w)), t);
                part(layout, q4, w + scales, a, n, 4, 8, _mm512_mul_ps(d, bytes_i8(w + 16)), t);
                continue;
            }
            part(layout, q4, w + scales, a, n, 0, 8, k ? _mm512_mul_ps(halves(top), bytes_u8(w)) : halves(w), t);
            if (!mins) continue;
            __m512 m = k ? _mm512_mul_ps(halves(top + 32), bytes_u8(w + 16)) : halves(w + 32);
            UNROLL for (int j = 0; j < n; j++) {
                __m512 ds = _mm512_set1_ps(a[j].ds);
                t[j] = k ? _mm512_fnmadd_ps(m, ds, t[j]) : _mm512_fmadd_ps(m, ds, t[j]);
            }
        }
    }
    UNROLL for (int j = 0; j < n; j++) _mm512_store_ps(tile + 16 * j, t[j]);
}

INLINE void kern_exact(int layout, const uint8_t *w, const void *act, int nb, float *tile, int n) {
    const float *x = act;
    __m512 t[S1_MAX_WIDTH];
    UNROLL for (int j = 0; j < n; j++) t[j] = _mm512_load_ps(tile + 16 * j);
    for (int k = 0; k < nb; k++) {
        prefetch(w, layout == S1_MAT_F16 ? 32 : 64);
        if (layout == S1_MAT_BF16) {
            __m512i pair = load(w);
            __m512 even = _mm512_castsi512_ps(_mm512_slli_epi32(pair, 16));
            __m512 odd = _mm512_castsi512_ps(_mm512_and_si512(pair, _mm512_set1_epi32((int)0xffff0000)));
            UNROLL for (int j = 0; j < n; j++) {
                t[j] = _mm512_fmadd_ps(even, _mm512_set1_ps(x[j]), t[j]);
                t[j] = _mm512_fmadd_ps(odd, _mm512_set1_ps(x[n + j]), t[j]);
            }
            w += 64, x += 2 * n;
            continue;
        }
        __m512 v = layout == S1_MAT_F16 ? halves(w) : _mm512_loadu_ps((const void *)w);
        UNROLL for (int j = 0; j < n; j++) t[j] = _mm512_fmadd_ps(v, _mm512_set1_ps(x[j]), t[j]);
        w += layout == S1_MAT_F16 ? 32 : 64, x += n;
    }
    UNROLL for (int j = 0; j < n; j++) _mm512_store_ps(tile + 16 * j, t[j]);
}

#define KERNEL(NAME, BODY, LAYOUT, N) \
    TARGET static void NAME##_##N(const uint8_t *w, const void *a, int nb, float *t) { BODY(LAYOUT, w, a, nb, t, N); }
#define KERNELS(NAME, BODY, LAYOUT)                                                                                     \
    KERNEL(NAME, BODY, LAYOUT, 1) KERNEL(NAME, BODY, LAYOUT, 2) KERNEL(NAME, BODY, LAYOUT, 3)                           \
    KERNEL(NAME, BODY, LAYOUT, 4) KERNEL(NAME, BODY, LAYOUT, 5) KERNEL(NAME, BODY, LAYOUT, 6)                           \
    KERNEL(NAME, BODY, LAYOUT, 7) KERNEL(NAME, BODY, LAYOUT, 8)
#define ENTRY(NAME) {NAME##_1, NAME##_2, NAME##_3, NAME##_4, NAME##_5, NAME##_6, NAME##_7, NAME##_8}
