// Activations to int8 under AVX2: the same bits as the plain C in mat_act.c.
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>

#include "mat_block.h"

#define TARGET __attribute__((target("avx2,fma,f16c")))
#define INLINE static inline __attribute__((always_inline)) TARGET

// 32 quants in order, and their scale.
INLINE __m256i quantise(const float *x, float *scale) {
    const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
    __m256 v[4];
    __m256i top = _mm256_setzero_si256(); // as integers: NaN > infinity > numbers
    for (int i = 0; i < 4; i++) {
        v[i] = _mm256_loadu_ps(x + 8 * i);
        top = _mm256_max_epi32(top, _mm256_and_si256(_mm256_castps_si256(v[i]), magnitude));
    }
    __m128i m = _mm_max_epi32(_mm256_castsi256_si128(top), _mm256_extracti128_si256(top, 1));
    m = _mm_max_epi32(m, _mm_shuffle_epi32(m, 0x4e));
    m = _mm_max_epi32(m, _mm_shuffle_epi32(m, 0xb1));
    uint32_t bits = (uint32_t)_mm_cvtsi128_si32(m);
    float max = s1_f32_of_bits(bits);
    *scale = max / 127;
    if (bits >= 0x7f800000 || max < 1e-30f) {
        *scale = bits >= 0x7f800000 ? NAN : 0;
        return _mm256_setzero_si256();
    }
    __m256 id = _mm256_set1_ps(127 / max);
    __m256i q[4];
    for (int i = 0; i < 4; i++) q[i] = _mm256_cvtps_epi32(_mm256_mul_ps(v[i], id));
    __m256i all = _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
    return _mm256_permutevar8x32_epi32(all, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

// Sums of pairs over the four groups of v: two int16 in the low 32 bits.
INLINE __m128i sum_groups(__m128i v) {
    v = _mm_add_epi16(v, _mm_shuffle_epi32(v, 0x4e));
    return _mm_add_epi16(v, _mm_shuffle_epi32(v, 0xb1));
}

TARGET void s1_quant_i8_avx2(const float *x, int cols, uint8_t *act, size_t step) {
    for (int b = 0; b < cols / 32; b++, act += step) {
        s1_act_i8 *a = (s1_act_i8 *)act;
        __m256i q = quantise(x + 32 * b, &a->d);
        _mm256_storeu_si256((void *)a->q, q);
        __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), q);
        __m128i first = sum_groups(_mm256_castsi256_si128(pairs));
        __m128i sum = _mm_add_epi16(first, sum_groups(_mm256_extracti128_si256(pairs, 1)));
        int32_t np = _mm_cvtsi128_si32(_mm_sub_epi16(_mm_setzero_si128(), sum));
        int32_t np0 = _mm_cvtsi128_si32(_mm_sub_epi16(_mm_setzero_si128(), first));
        memcpy(a->np, &np, 4);
        memcpy(a->np0, &np0, 4);
        a->ds = a->d * (float)-(a->np[0] + a->np[1]);
    }
}

TARGET void s1_quant_i16_avx2(const float *x, int cols, uint8_t *act, size_t step) {
    const __m256i order = _mm256_setr_epi8(0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15, 0, 2, 1, 3, 4, 6, 5,
                                           7, 8, 10, 9, 11, 12, 14, 13, 15);
    for (int b = 0; b < cols / 32; b++, act += step) {
        s1_act_i16 *a = (s1_act_i16 *)act;
        __m256i q = quantise(x + 32 * b, &a->d);
        __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), q);
        __m128i s = _mm_add_epi16(sum_groups(_mm256_castsi256_si128(pairs)), sum_groups(_mm256_extracti128_si256(pairs, 1)));
        int sum = _mm_cvtsi128_si32(_mm_madd_epi16(s, _mm_set1_epi16(1)));
        q = _mm256_shuffle_epi8(q, order);
        _mm256_storeu_si256((void *)a->q, _mm256_cvtepi8_epi16(_mm256_castsi256_si128(q)));
        _mm256_storeu_si256((void *)(a->q + 16), _mm256_cvtepi8_epi16(_mm256_extracti128_si256(q, 1)));
        a->ds = a->d * (float)sum;
        a->n128 = -128 * sum;
        a->pad = 0;
    }
}
#endif
