// simd_c.c: the row kernels in plain C, four floats wide: what runs on arm64 and on x86 without AVX2.
#include "simd.h"

#include "isa.h"

#define VL 4
#include "vec.h"

#include "rows_impl.h"

#include "attn_impl.h"

#include "stats_impl.h"

const s1_simd s1_simd_c = {
    .name = "c",
    .rmsnorm = rmsnorm,
    .swiglu = swiglu,
    .rope = rope,
    .kv_write = kv_write,
    .attend = attend,
    .fold = fold,
    .merge = merge,
    .stats = stats,
};

const s1_simd *s1_simd_for(int isa) {
#if defined(__x86_64__)
#if defined(S1_EMULATE_AVX512)
    if (isa == S1_ISA_C) return &s1_simd_avx512;
#endif
    if (isa >= S1_ISA_AVX512) return &s1_simd_avx512;
    if (isa >= S1_ISA_AVX2) return &s1_simd_avx2;
#endif
    (void)isa;
    return &s1_simd_c;
}
