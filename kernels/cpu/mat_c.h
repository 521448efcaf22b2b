// A block of 16 rows x 32 columns, unpacked: what plain C computes with and embedding look-ups read.
#ifndef S1_MAT_C_H
#define S1_MAT_C_H

#include "mat_block.h"

typedef struct {
    int16_t q[16][32]; // without offset: value = d[c/16][r] * q + m[r]
    float d[2][16], m[16];
} s1_block;

// Block b (of 32 columns) of a quantised strip.
void s1_block_read(int layout, const uint8_t *strip, int b, s1_block *out);

static inline int s1_has_mins(int layout) {
    return layout == S1_MAT_Q4_1 || layout == S1_MAT_Q5_1 || layout == S1_MAT_Q4_K ||
           layout == S1_MAT_Q5_K;
}

#endif
