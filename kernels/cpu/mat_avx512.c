// AVX-512 F, BW, VL: Skylake-X and its like. All layouts.
#if defined(__x86_64__)
#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx2,fma,f16c")))
#define VNNI 0
#include "mat_avx512.h"

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

s1_kern s1_kern_avx512(int layout, int width) {
    static const s1_kern table[S1_LAYOUT_COUNT][S1_MAX_WIDTH] = {
        [S1_MAT_F32] = ENTRY(f32),  [S1_MAT_F16] = ENTRY(f16),  [S1_MAT_BF16] = ENTRY(bf16), [S1_MAT_Q8] = ENTRY(q8),
        [S1_MAT_Q4_0] = ENTRY(q40), [S1_MAT_Q4_1] = ENTRY(q41), [S1_MAT_Q5_0] = ENTRY(q50),  [S1_MAT_Q5_1] = ENTRY(q51),
        [S1_MAT_Q4_K] = ENTRY(q4k), [S1_MAT_Q5_K] = ENTRY(q5k), [S1_MAT_Q6_K] = ENTRY(q6k),
    };
    return table[layout][width - 1];
}
#endif
