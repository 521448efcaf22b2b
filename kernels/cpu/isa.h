// Which instruction sets there are and which of them this machine has.
#ifndef S1_ISA_H
#define S1_ISA_H

// Each entry includes those above it.
enum s1_isa {
    S1_ISA_C,           // plain C, every machine
    S1_ISA_AVX2,        // AVX2, FMA, F16C
    S1_ISA_AVX512,      // AVX-512 F, BW, VL
    S1_ISA_AVX512_VNNI, // vpdpbusd
    S1_ISA_AVX512_BF16, // vdpbf16ps
    S1_ISA_AMX,         // tiles of bf16 and int8, and the system's permission to use them
    S1_ISA_COUNT
};

int s1_isa_best(void);
const char *s1_isa_name(int isa); // "c", "avx2", "avx512", "avx512-vnni", "avx512-bf16", "amx"; NULL out of range

#endif
