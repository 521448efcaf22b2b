// train_c.c: training in plain C, four floats wide: what runs on arm64 and on x86 without AVX2.
#include "train_amx.h"
#include "train_simd.h"

#include "isa.h"

#define VL 4
#define MR 6
#include "vec.h"

#include "train_impl.h"

const s1_train_simd s1_train_c = TRAIN_TABLE("c");

const s1_train_simd *s1_train_simd_for(int isa) {
#if defined(__x86_64__)
#if defined(S1_EMULATE_AVX512)
    if (isa == S1_ISA_C) return &s1_train_avx512;
#endif
    if (isa >= S1_ISA_AVX512_BF16) return &s1_train_avx512_bf16;
    if (isa >= S1_ISA_AVX512) return &s1_train_avx512;
    if (isa >= S1_ISA_AVX2) return &s1_train_avx2;
#endif
    (void)isa;
    return &s1_train_c;
}

const s1_train_amx *s1_train_amx_for(int isa) {
#if defined(__x86_64__)
#if defined(S1_EMULATE_AMX)
    return &s1_train_tiles;
#endif
    if (isa >= S1_ISA_AMX) return &s1_train_tiles;
#endif
    (void)isa;
    return NULL;
}
