// AVX-512 for a machine without it: SIMDe (libsimde-dev), and the few intrinsics its release 0.7.4 lacks.
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include <stdint.h>
#include <string.h>

#undef TARGET // plain functions: the emulation needs no target
#define TARGET
#define KEEP_ORDER(v) ((void)0)

#define __m512 simde__m512
#define __m512i simde__m512i
#define __m512bh simde__m512i

static inline simde__m512 emulated_join(__m256 low, __m256 high) {
    simde__m512_private r;
    r.m256[0] = simde__m256_from_private(simde__m256_to_private(low));
    r.m256[1] = simde__m256_from_private(simde__m256_to_private(high));
    return simde__m512_from_private(r);
}

static inline simde__m512i emulated_join_i(__m256i low, __m256i high) {
    simde__m512i_private r;
    r.m256i[0] = low;
    r.m256i[1] = high;
    return simde__m512i_from_private(r);
}

static inline simde__m512 emulated_cvtph(__m256i h) {
    return emulated_join(_mm256_cvtph_ps(_mm256_castsi256_si128(h)), _mm256_cvtph_ps(_mm256_extracti128_si256(h, 1)));
}

static inline simde__m512i emulated_cvtepu8_epi32(__m128i v) {
    return emulated_join_i(_mm256_cvtepu8_epi32(v), _mm256_cvtepu8_epi32(_mm_srli_si128(v, 8)));
}

static inline simde__m512i emulated_cvtepi8_epi32(__m128i v) {
    return emulated_join_i(_mm256_cvtepi8_epi32(v), _mm256_cvtepi8_epi32(_mm_srli_si128(v, 8)));
}

static inline simde__m512 emulated_cvtepi32_ps(simde__m512i v) {
    simde__m512i_private p = simde__m512i_to_private(v);
    return emulated_join(_mm256_cvtepi32_ps(p.m256i[0]), _mm256_cvtepi32_ps(p.m256i[1]));
}

// vdpbf16ps: t + odd products + even products.
static inline simde__m512 emulated_dpbf16(simde__m512 t, simde__m512i a, simde__m512i b) {
    simde__m512_private r = simde__m512_to_private(t);
    simde__m512i_private x = simde__m512i_to_private(a), y = simde__m512i_to_private(b);
    for (int i = 0; i < 16; i++)
        for (int h = 1; h >= 0; h--) {
            uint32_t u = (uint32_t)x.u16[2 * i + h] << 16, v = (uint32_t)y.u16[2 * i + h] << 16;
            float f, g;
            memcpy(&f, &u, 4);
            memcpy(&g, &v, 4);
            r.f32[i] += f * g;
        }
    return simde__m512_from_private(r);
}

#undef _mm512_madd_epi16 // its alias takes four arguments by mistake
#define _mm512_madd_epi16 simde_mm512_madd_epi16
#undef _mm512_cvtph_ps
#define _mm512_cvtph_ps emulated_cvtph
#undef _mm512_cvtepu8_epi32
#define _mm512_cvtepu8_epi32 emulated_cvtepu8_epi32
#undef _mm512_cvtepi8_epi32
#define _mm512_cvtepi8_epi32 emulated_cvtepi8_epi32
#undef _mm512_cvtepi32_ps
#define _mm512_cvtepi32_ps emulated_cvtepi32_ps
#undef _mm512_dpbf16_ps
#define _mm512_dpbf16_ps emulated_dpbf16
