#include "isa.h"

#include <stddef.h>

#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
// A process asks for the room that tiles take in its threads' saved state, once.
static int tiles_allowed(void) {
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
    return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}
#else
static int tiles_allowed(void) { return 0; }
#endif

int s1_isa_best(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
        !__builtin_cpu_supports("f16c"))
        return S1_ISA_C;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512vl"))
        return S1_ISA_AVX2;
    if (!__builtin_cpu_supports("avx512vnni")) return S1_ISA_AVX512;
    if (!__builtin_cpu_supports("avx512bf16")) return S1_ISA_AVX512_VNNI;
    if (!__builtin_cpu_supports("amx-tile") || !__builtin_cpu_supports("amx-bf16") || !__builtin_cpu_supports("amx-int8") || !tiles_allowed())
        return S1_ISA_AVX512_BF16;
    return S1_ISA_AMX;
#else
    return S1_ISA_C;
#endif
}

const char *s1_isa_name(int isa) {
    static const char *const names[S1_ISA_COUNT] = {"c", "avx2", "avx512", "avx512-vnni",
                                                    "avx512-bf16", "amx"};
    return isa >= 0 && isa < S1_ISA_COUNT ? names[isa] : NULL;
}
