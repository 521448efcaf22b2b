// train_avx512_bf16.c: training sixteen floats wide, on machines that multiply pairs of bf16.
#include "train_simd.h"

#if defined(__x86_64__)
#if defined(S1_SIMDE) // the test that runs it on a machine without
#include "simde.h"
#define S1_DPBF16
#elif !defined(S1_EMULATE_AVX512)
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512bf16,avx2,fma,f16c")
#include <immintrin.h>
#define S1_F16C_512
#define S1_DPBF16
#endif

#define VL 16
#define MR 12
#include "vec.h"

#include "train_impl.h"

const s1_train_simd s1_train_avx512_bf16 = TRAIN_TABLE("avx512-bf16");
#endif
