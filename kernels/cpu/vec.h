// vec.h: a float vector of VL elements in GCC's vector extension, so that one source serves every width.
// Included by simd_*.c after they set VL and, where there is one, the target; S1_F16 names how halves are converted.
#include <math.h>
#include <stdint.h>
#include <string.h>

#if !defined(VL)
#error "set VL before including vec.h"
#endif

#define INLINE static inline __attribute__((always_inline))

typedef float vf __attribute__((vector_size(VL * 4)));
typedef float vfu __attribute__((vector_size(VL * 4), aligned(4), may_alias));
typedef int32_t vi __attribute__((vector_size(VL * 4)));
typedef uint32_t vu __attribute__((vector_size(VL * 4)));

INLINE vf vload(const float *p) { return *(const vfu *)p; }
INLINE void vstore(float *p, vf v) { *(vfu *)p = v; }
INLINE vf vset(float x) { return x - (vf){0}; }

// The larger and the smaller of a and b; b where one is NaN.
#if defined(S1_F16C_512)
INLINE vf vmax(vf a, vf b) { return (vf)_mm512_max_ps((__m512)a, (__m512)b); }
INLINE vf vmin(vf a, vf b) { return (vf)_mm512_min_ps((__m512)a, (__m512)b); }
#elif defined(S1_F16C_256)
INLINE vf vmax(vf a, vf b) { return (vf)_mm256_max_ps((__m256)a, (__m256)b); }
INLINE vf vmin(vf a, vf b) { return (vf)_mm256_min_ps((__m256)a, (__m256)b); }
#else
INLINE vf vpick(vi mask, vf a, vf b) { return (vf)(((vi)a & mask) | ((vi)b & ~mask)); }
INLINE vf vmax(vf a, vf b) { return vpick(a > b, a, b); }
INLINE vf vmin(vf a, vf b) { return vpick(a < b, a, b); }
#endif

// A sum over elements in LANES lanes at every width, so that its bits are those of the others with fused multiply-add: element i
// is added to lane i % LANES, from 0 on in order, and lanes to each other in halves.
enum { LANES = 16, PARTS = LANES / VL };
typedef struct {
    vf part[PARTS];
} vsum;

// Does the body for i from 0 in steps of VL while VL elements are there, with k = the part that i's lanes are in, a constant where
// the compiler has LANES elements before it; i goes on from there.
#define EACH_PART(i, n, ...)                                            \
    for (i = 0; i + LANES <= (n);) {                                    \
        _Pragma("GCC unroll 4") for (int k = 0; k < PARTS; k++, i += VL) { __VA_ARGS__ } \
    }                                                                   \
    for (int k = 0; i + VL <= (n); k++, i += VL) { __VA_ARGS__ }

// The first n of VL floats, zeros behind them; and back.
#if defined(S1_F16C_512)
INLINE vf vload_part(const float *p, int n) { return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p); }
INLINE void vstore_part(float *p, vf v, int n) { _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v); }
#elif defined(S1_F16C_256)
INLINE __m256i vfirst(int n) { return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)); }
INLINE vf vload_part(const float *p, int n) { return (vf)_mm256_maskload_ps(p, vfirst(n)); }
INLINE void vstore_part(float *p, vf v, int n) { _mm256_maskstore_ps(p, vfirst(n), (__m256)v); }
#else
INLINE vf vload_part(const float *p, int n) {
    float t[VL] = {0};
    memcpy(t, p, (size_t)n * 4);
    return vload(t);
}
INLINE void vstore_part(float *p, vf v, int n) {
    float t[VL];
    vstore(t, v);
    memcpy(p, t, (size_t)n * 4);
}
#endif

// v in its first n lanes, x in the others.
INLINE vf vfirst_of(vf v, int n, float x) {
    vi lane;
    for (int k = 0; k < VL; k++) lane[k] = k;
    vi in = lane < n;
    return (vf)(((vi)v & in) | ((vi)vset(x) & ~in));
}

// Quarters of a vector's worth, so that what is in halves below stays in registers.
typedef float v4 __attribute__((vector_size(16)));
typedef float v4u __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t v4i __attribute__((vector_size(16)));

INLINE v4 v4load(const float *p) { return *(const v4u *)p; }

INLINE float vtotal(vsum s) {
    float t[LANES];
    for (int i = 0; i < PARTS; i++) vstore(t + i * VL, s.part[i]);
    v4 a = (v4load(t) + v4load(t + 8)) + (v4load(t + 4) + v4load(t + 12));
    a += __builtin_shuffle(a, (v4i){2, 3, 0, 1});
    return a[0] + a[1];
}

INLINE float vhmax(vf v) {
    float t[VL];
    vstore(t, v);
    v4 m = v4load(t);
    for (int i = 4; i < VL; i += 4) {
        v4 x = v4load(t + i);
        v4i more = x > m;
        m = (v4)(((v4i)x & more) | ((v4i)m & ~more));
    }
    float a = m[0] > m[1] ? m[0] : m[1], b = m[2] > m[3] ? m[2] : m[3];
    return a > b ? a : b;
}

// 2^x with a relative error below 2e-7 for -126 <= x < 128; exactly 0 for x <= -127, next to nothing in between.
// Degree-6 polynomial on [-1/2, 1/2].
INLINE vf vexp2(vf x) {
    x = vmax(vset(-127.0f), x); // there the exponent field below comes out as 0
    const float magic = 12582912.0f; // 1.5 * 2^23: adding it rounds to an integer
    vf r = x + magic;
    vi n = (vi)r << 23; // the low bits of r are the integer; the rest is shifted out
    vf f = x - (r - magic);
    vf p = vset(1.5403530e-4f);
    p = p * f + 1.3333558e-3f;
    p = p * f + 9.6181291e-3f;
    p = p * f + 5.5504109e-2f;
    p = p * f + 2.4022651e-1f;
    p = p * f + 6.9314718e-1f;
    p = p * f + 1.0f;
    return (vf)((vi)p + n);
}

// Halves: VL of them to floats (exact) and back (nearest even, clamped to the finite range).
#if defined(S1_F16C_512)
INLINE vf vload16(const uint16_t *p) { return (vf)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }
INLINE void vstore16(uint16_t *p, vf v) {
    v = vmin(vmax(v, vset(-65504.0f)), vset(65504.0f));
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph((__m512)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
#elif defined(S1_F16C_256)
INLINE vf vload16(const uint16_t *p) { return (vf)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }
INLINE void vstore16(uint16_t *p, vf v) {
    v = vmin(vmax(v, vset(-65504.0f)), vset(65504.0f));
    _mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph((__m256)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
#else
// In integer arithmetic: the half's exponent and mantissa moved into place are the float times 2^-112.
INLINE vf vload16(const uint16_t *p) {
    typedef uint16_t vh __attribute__((vector_size(VL * 2), aligned(2), may_alias));
    vu h = __builtin_convertvector(*(const vh *)p, vu);
    vf x = (vf)((h & 0x7fff) << 13) * 0x1p112f;
    return (vf)((vu)x | (h & 0x8000) << 16);
}
INLINE uint16_t s1_half(float x) {
    uint32_t b, sign;
    x = x > 65504.0f ? 65504.0f : x < -65504.0f ? -65504.0f : x;
    memcpy(&b, &x, 4);
    sign = b >> 16 & 0x8000;
    b &= 0x7fffffff;
    if (b < 0x38800000) { // below the smallest normal half: let the float adder round at 2^-24
        float a;
        memcpy(&a, &b, 4);
        a += 0.5f;
        memcpy(&b, &a, 4);
        return (uint16_t)(sign | (b - 0x3f000000));
    }
    b += 0xfff + (b >> 13 & 1);
    return (uint16_t)(sign | (b - 0x38000000) >> 13);
}
INLINE void vstore16(uint16_t *p, vf v) {
    for (int i = 0; i < VL; i++) p[i] = s1_half(v[i]);
}
#endif
