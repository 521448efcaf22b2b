// simd_avx512.c: the row kernels sixteen floats wide, with AVX-512 F, BW and VL.
#include "simd.h"

#if defined(__x86_64__)
#if !defined(S1_EMULATE_AVX512) // sanitize.mk: sixteen lanes on any machine, by the compiler's own lowering
#pragma GCC target("avx512f,avx512bw,avx512vl,avx2,fma,f16c")
#include <immintrin.h>
#define S1_F16C_512
#endif

#define VL 16
#include "vec.h"

#include "rows_impl.h"

#include "attn_impl.h"

#include "stats_impl.h"

const s1_simd s1_simd_avx512 = {
    .name = "avx512",
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
