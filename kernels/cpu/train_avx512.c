// train_avx512.c: training sixteen floats wide: tiles of 12 x 32 fill 24 of the 32 registers.
#include "train_simd.h"

#if defined(__x86_64__)
#if !defined(S1_EMULATE_AVX512)
#pragma GCC target("avx512f,avx512bw,avx512vl,avx2,fma,f16c")
#include <immintrin.h>
#define S1_F16C_512
#endif

#define VL 16
#define MR 12
#include "vec.h"

#include "train_impl.h"

const s1_train_simd s1_train_avx512 = TRAIN_TABLE("avx512");
#endif
