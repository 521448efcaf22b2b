// Activations into panels: groups of columns, block by block.
#include <math.h>

#include "mat_block.h"

size_t s1_act_block_bytes(int kind) {
    switch (kind) {
    case S1_ACT_I8: return sizeof(s1_act_i8);
    case S1_ACT_I16: return sizeof(s1_act_i16);
    default: return 4; // one float, or two bf16
    }
}

int s1_act_blocks(int kind, int cols) {
    switch (kind) {
    case S1_ACT_I8:
    case S1_ACT_I16: return cols / 32;
    case S1_ACT_BF16: return (cols + 1) / 2;
    default: return (cols + 1) / 2 * 2; // BF16 weights come in pairs
    }
}

size_t s1_act_bytes(int isa, int layout, int n, int cols) {
    int kind = s1_act_kind(isa, layout);
    return (size_t)n * (size_t)s1_act_planes(kind) * s1_act_block_bytes(kind) * (size_t)s1_act_blocks(kind, cols);
}

// The scale of x[0..31] for quants up to most, and its inverse: 0 for a block of nothing, NaN for one that is not finite.
static float scale_of(const float *x, float most, float *inverse) {
    uint32_t top = 0;
    for (int i = 0; i < 32; i++) {
        uint32_t u = s1_bits_of_f32(x[i]) & 0x7fffffff;
        if (u > top) top = u;
    }
    float max = s1_f32_of_bits(top);
    *inverse = 0;
    if (top >= 0x7f800000) return NAN;
    if (max < 1e-30f) return 0; // most/max must stay finite
    *inverse = most / max;
    return max / most;
}

static void plane(const float *x, uint8_t *act) {
    s1_act_i8 a;
    float id;
    a.d = scale_of(x, 127, &id);
    for (int i = 0; i < 32; i++) a.q[i] = id == 0 ? 0 : (int8_t)lrintf(x[i] * id);
    int np[2][2] = {{0}}; // half of the block, pair
    for (int i = 0; i < 32; i++) np[i / 16][i / 2 % 2] -= a.q[i];
    for (int p = 0; p < 2; p++) {
        a.np0[p] = (int16_t)np[0][p];
        a.np[p] = (int16_t)(np[0][p] + np[1][p]);
    }
    a.ds = a.d * (float)-(a.np[0] + a.np[1]);
    memcpy(act, &a, sizeof a);
}

static void quant_i8(const float *x, int cols, uint8_t *act, size_t step) {
    for (int b = 0; b < cols / 32; b++, act += step) {
        s1_act_i8 a;
        float left[32];
        plane(x + 32 * b, act);
        memcpy(&a, act, sizeof a);
        for (int i = 0; i < 32; i++) left[i] = fmaf(-a.d, (float)a.q[i], x[32 * b + i]);
        plane(left, act + sizeof a);
    }
}

static void quant_i16(const float *x, int cols, uint8_t *act, size_t step) {
    static const int order[4] = {0, 2, 1, 3};
    for (int b = 0; b < cols / 32; b++, act += step) {
        s1_act_i16 a = {0};
        float id;
        int sum = 0;
        a.d = scale_of(x + 32 * b, S1_I16_MAX, &id);
        for (int i = 0; i < 32; i++) {
            int q = id == 0 ? 0 : (int)lrintf(x[32 * b + i / 4 * 4 + order[i % 4]] * id);
            a.q[i] = (int16_t)q;
            sum += q;
        }
        a.ds = a.d * (float)sum;
        a.n128 = -128 * sum;
        memcpy(act, &a, sizeof a);
    }
}

static void copy_f32(const float *x, int cols, uint8_t *act, size_t step) {
    for (int k = 0; k < cols; k++, act += step) memcpy(act, x + k, 4);
    if (cols % 2) memset(act, 0, 4);
}

static void round_bf16(const float *x, int cols, uint8_t *act, size_t step) {
    for (int k = 0; k < cols; k += 2, act += step) {
        s1_store16(act, s1_bf16_of_f32(x[k]));
        s1_store16(act + 2, k + 1 < cols ? s1_bf16_of_f32(x[k + 1]) : 0);
    }
}

static s1_quant packer(int isa, int kind) {
    switch (kind) {
    case S1_ACT_F32: return copy_f32;
    case S1_ACT_BF16: return round_bf16;
    case S1_ACT_I16:
#if defined(__x86_64__)
        if (isa >= S1_ISA_AVX2) return s1_quant_i16_avx2;
#endif
        return quant_i16;
    default:
#if defined(__x86_64__)
        if (isa >= S1_ISA_AVX2) return s1_quant_i8_avx2;
#endif
        (void)isa;
        return quant_i8;
    }
}

void s1_act_pack(int isa, int layout, const float *x, int ldx, int n, int cols, int row0, int row1,
                 void *act) {
    S1_ASSERT(row0 >= 0 && row1 <= n && ldx >= cols);
    if (n <= 0) return;
    int kind = s1_act_kind(isa, layout), planes = s1_act_planes(kind);
    int groups = s1_groups(n, s1_act_width(isa, kind) / planes);
    size_t bytes = (size_t)planes * s1_act_block_bytes(kind), column = bytes * (size_t)s1_act_blocks(kind, cols);
    s1_quant pack = packer(isa, kind);
    for (int g = 0; g < groups; g++) {
        int j0 = s1_group_start(n, groups, g), j1 = s1_group_start(n, groups, g + 1);
        for (int j = j0 > row0 ? j0 : row0; j < j1 && j < row1; j++)
            pack(x + (size_t)j * ldx, cols, (uint8_t *)act + (size_t)j0 * column + (size_t)(j - j0) * bytes,
                 bytes * (size_t)(j1 - j0));
    }
}
