// train_avx2.c: training eight floats wide: tiles of 6 x 16 fill twelve of the sixteen registers.
#include "train_simd.h"

#if defined(__x86_64__)
#pragma GCC target("avx2,fma,f16c")
#include <immintrin.h>

#define VL 8
#define MR 6
#define S1_F16C_256
#include "vec.h"

#include "train_impl.h"

const s1_train_simd s1_train_avx2 = TRAIN_TABLE("avx2");
#endif
