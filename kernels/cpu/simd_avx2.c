// simd_avx2.c: the row kernels eight floats wide, with AVX2, FMA and F16C.
#include "simd.h"

#if defined(__x86_64__)
#pragma GCC target("avx2,fma,f16c")
#include <immintrin.h>

#define VL 8
#define S1_F16C_256
#include "vec.h"

#include "rows_impl.h"

#include "attn_impl.h"

#include "stats_impl.h"

const s1_simd s1_simd_avx2 = {
    .name = "avx2",
    .rmsnorm = rmsnorm,
    .swiglu = swiglu,
    .rope = rope,
    .kv_write = kv_write,
    .attend = attend,
    .fold = fold,
    .merge = merge,
    .stats = stats,
};
#endif
