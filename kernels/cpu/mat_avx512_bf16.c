// AVX-512 BF16: BF16 weights times activations rounded to bf16 (relative error 2^-9 each), sums in fp32, pair by pair.
// The weights stay exact; llama.cpp rounds activations of BF16 models likewise.
#if defined(__x86_64__)
#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,avx512bf16,avx2,fma,f16c")))
#define VNNI 1
#include "mat_avx512.h"

INLINE void kern_bf16(int layout, const uint8_t *w, const void *act, int nb, float *tile, int n) {
    (void)layout;
    const uint8_t *x = act;
    __m512 t[S1_MAX_WIDTH];
    UNROLL for (int j = 0; j < n; j++) t[j] = _mm512_load_ps(tile + 16 * j);
    for (int k = 0; k < nb; k++, w += 64, x += 4 * n) {
        prefetch(w, 64);
        __m512i v = load(w);
        UNROLL for (int j = 0; j < n; j++) t[j] = _mm512_dpbf16_ps(t[j], (__m512bh)v, (__m512bh)splat32(x + 4 * j));
    }
    UNROLL for (int j = 0; j < n; j++) _mm512_store_ps(tile + 16 * j, t[j]);
}

KERNELS(bf16, kern_bf16, S1_MAT_BF16)

s1_kern s1_kern_bf16(int width) {
    static const s1_kern table[S1_MAX_WIDTH] = ENTRY(bf16);
    return table[width - 1];
}
#endif
