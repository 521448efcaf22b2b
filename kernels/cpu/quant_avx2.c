// Activations to int8 and int16 under AVX2: the same bits as the plain C in mat_act.c.
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>

#include "mat_block.h"

#define TARGET __attribute__((target("avx2,fma,f16c")))
#define INLINE static inline __attribute__((always_inline)) TARGET

// The scale of x[0..31] for quants up to most, and its inverse: 0 where nothing can be quantised.
INLINE float scale_of(const __m256 v[4], float most, float *inverse) {
    const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
    __m256i top = _mm256_setzero_si256(); // as integers: NaN > infinity > numbers
    for (int i = 0; i < 4; i++) top = _mm256_max_epi32(top, _mm256_and_si256(_mm256_castps_si256(v[i]), magnitude));
    __m128i m = _mm_max_epi32(_mm256_castsi256_si128(top), _mm256_extracti128_si256(top, 1));
    m = _mm_max_epi32(m, _mm_shuffle_epi32(m, 0x4e));
    m = _mm_max_epi32(m, _mm_shuffle_epi32(m, 0xb1));
    uint32_t bits = (uint32_t)_mm_cvtsi128_si32(m);
    float max = s1_f32_of_bits(bits);
    *inverse = 0;
    if (bits >= 0x7f800000) return NAN;
    if (max < 1e-30f) return 0;
    *inverse = most / max;
    return max / most;
}

// The quants of v, as int32. An inverse of 0 gives 0, also where v is not finite.
INLINE void quants_of(const __m256 v[4], float inverse, __m256i q[4]) {
    const __m256 id = _mm256_set1_ps(inverse);
    for (int i = 0; i < 4; i++)
        q[i] = inverse == 0 ? _mm256_setzero_si256() : _mm256_cvtps_epi32(_mm256_mul_ps(v[i], id));
}

// Sums of pairs over the four groups of v: two int16 in the low 32 bits.
INLINE __m128i sum_groups(__m128i v) {
    v = _mm_add_epi16(v, _mm_shuffle_epi32(v, 0x4e));
    return _mm_add_epi16(v, _mm_shuffle_epi32(v, 0xb1));
}

// One plane of v, which becomes what the plane left over.
INLINE void plane(__m256 v[4], s1_act_i8 *a) {
    float inverse;
    __m256i q[4];
    a->d = scale_of(v, 127, &inverse);
    quants_of(v, inverse, q);
    __m256i all = _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
    all = _mm256_permutevar8x32_epi32(all, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    _mm256_storeu_si256((void *)a->q, all);
    __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), all);
    __m128i first = sum_groups(_mm256_castsi256_si128(pairs));
    __m128i sum = _mm_add_epi16(first, sum_groups(_mm256_extracti128_si256(pairs, 1)));
    int32_t np = _mm_cvtsi128_si32(_mm_sub_epi16(_mm_setzero_si128(), sum));
    int32_t np0 = _mm_cvtsi128_si32(_mm_sub_epi16(_mm_setzero_si128(), first));
    memcpy(a->np, &np, 4);
    memcpy(a->np0, &np0, 4);
    a->ds = a->d * (float)-(a->np[0] + a->np[1]);
    const __m256 d = _mm256_set1_ps(a->d);
    for (int i = 0; i < 4; i++) v[i] = _mm256_fnmadd_ps(d, _mm256_cvtepi32_ps(q[i]), v[i]);
}

INLINE void load4(const float *x, __m256 v[4]) {
    for (int i = 0; i < 4; i++) v[i] = _mm256_loadu_ps(x + 8 * i);
}

TARGET void s1_quant_i8_avx2(const float *x, int cols, uint8_t *act, size_t step) {
    for (int b = 0; b < cols / 32; b++, act += step) {
        s1_act_i8 *a = (s1_act_i8 *)act;
        __m256 v[4];
        load4(x + 32 * b, v);
        plane(v, a);
        plane(v, a + 1);
    }
}

TARGET void s1_quant_i16_avx2(const float *x, int cols, uint8_t *act, size_t step) {
    // The four int16 of a group of columns: the even ones, then the odd ones.
    const __m256i order = _mm256_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15, 0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12,
                                           13, 10, 11, 14, 15);
    for (int b = 0; b < cols / 32; b++, act += step) {
        s1_act_i16 *a = (s1_act_i16 *)act;
        __m256 v[4];
        __m256i q[4];
        float inverse;
        load4(x + 32 * b, v);
        a->d = scale_of(v, S1_I16_MAX, &inverse);
        quants_of(v, inverse, q);
        for (int h = 0; h < 2; h++) {
            __m256i pair = _mm256_permute4x64_epi64(_mm256_packs_epi32(q[2 * h], q[2 * h + 1]), 0xd8);
            _mm256_storeu_si256((void *)(a->q + 16 * h), _mm256_shuffle_epi8(pair, order));
        }
        __m256i all = _mm256_add_epi32(_mm256_add_epi32(q[0], q[1]), _mm256_add_epi32(q[2], q[3]));
        __m128i s = _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
        s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
        int sum = _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
        a->ds = a->d * (float)sum;
        a->n128 = -128 * sum;
        a->pad = 0;
    }
}
#endif
