// simd_avx512.c: the row kernels sixteen floats wide, with AVX-512 F, BW and VL.
#include "simd.h"

#if defined(__x86_64__)
#if defined(S1_SIMDE) // the verifier: the same source with the instructions emulated
#include <simde/x86/avx512.h>
#else
#pragma GCC target("avx512f,avx512bw,avx512vl,avx2,fma,f16c")
#include <immintrin.h>
#endif

#define VL 16
#define S1_F16C_512
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
