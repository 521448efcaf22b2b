// Choosing layouts, and walking strips and groups of activations; the arithmetic is in the kernels.
#include "mat.h"

#include <limits.h>

#include "mat_block.h"

// A strip passes over this much of the activations before the next one comes: they stay in L2 beside it.
#ifndef PANEL_BYTES
#define PANEL_BYTES (64u << 10)
#endif

static const struct {
    int block;    // columns of a unit
    size_t bytes; // of 16 rows of it
} layouts[S1_LAYOUT_COUNT] = {
    [S1_MAT_F32] = {1, 64},     [S1_MAT_F16] = {1, 32},     [S1_MAT_BF16] = {2, 64},
    [S1_MAT_Q8] = {32, 544},    [S1_MAT_Q4_0] = {32, 288},  [S1_MAT_Q4_1] = {32, 320},
    [S1_MAT_Q5_0] = {32, 352},  [S1_MAT_Q5_1] = {32, 384},  [S1_MAT_Q4_K] = {256, 2368},
    [S1_MAT_Q5_K] = {256, 2880}, [S1_MAT_Q6_K] = {256, 3360},
};

int s1_quantised(int layout) { return layout >= S1_MAT_Q8; }
int s1_layout_block(int layout) { return layouts[layout].block; }
size_t s1_layout_block_bytes(int layout) { return layouts[layout].bytes; }

static int units(const s1_mat *m) {
    return (m->cols + layouts[m->layout].block - 1) / layouts[m->layout].block;
}

static size_t strip_bytes(const s1_mat *m) { return (size_t)units(m) * layouts[m->layout].bytes; }

int s1_mat_plan(int dtype, int mode, int rows, int cols, s1_mat *out) {
    static const int kept[S1_DTYPE_COUNT] = {
        [S1_F32] = S1_MAT_F32,   [S1_F16] = S1_MAT_F16,   [S1_BF16] = S1_MAT_BF16,
        [S1_Q8_0] = S1_MAT_Q8,   [S1_Q4_0] = S1_MAT_Q4_0, [S1_Q4_1] = S1_MAT_Q4_1,
        [S1_Q5_0] = S1_MAT_Q5_0, [S1_Q5_1] = S1_MAT_Q5_1, [S1_Q4_K] = S1_MAT_Q4_K,
        [S1_Q5_K] = S1_MAT_Q5_K, [S1_Q6_K] = S1_MAT_Q6_K,
    };
    if (dtype < 0 || dtype >= S1_DTYPE_COUNT || mode < S1_MODE_AUTO || mode > S1_MODE_Q8 ||
        rows <= 0 || cols <= 0 || rows > INT_MAX - S1_STRIP || cols > INT_MAX / 8)
        return -1;
    int layout = kept[dtype];
    if (cols % 32 == 0 && ((mode == S1_MODE_Q8 && dtype <= S1_BF16) ||
                           (mode == S1_MODE_AUTO && (dtype == S1_F16 || dtype == S1_BF16))))
        layout = S1_MAT_Q8;
    if (s1_quantised(layout) && cols % layouts[layout].block != 0) return -1;
    *out = (s1_mat){.layout = layout, .dtype = dtype, .rows = rows, .cols = cols};
    out->strips = (rows + S1_STRIP - 1) / S1_STRIP;
    out->bytes = (size_t)out->strips * strip_bytes(out);
    return 0;
}

int s1_act_kind(int isa, int layout) {
    switch (layout) {
    case S1_MAT_F32:
    case S1_MAT_F16: return S1_ACT_F32;
    case S1_MAT_BF16: return isa >= S1_ISA_AVX512_BF16 ? S1_ACT_BF16 : S1_ACT_F32;
    case S1_MAT_Q8: return isa >= S1_ISA_AVX512_VNNI ? S1_ACT_I8 : S1_ACT_I16;
    default: return S1_ACT_I8;
    }
}

int s1_act_width(int isa, int kind) {
    if (isa >= S1_ISA_AVX512) return S1_MAX_WIDTH;
    if (isa == S1_ISA_AVX2) return kind == S1_ACT_I8 ? 5 : 6; // measured: 6 spills where bits are unpacked
    return 4;
}

int s1_groups(int n, int width) { return (n + width - 1) / width; }

static s1_kern kernel(int isa, int layout, int width) {
#if defined(__x86_64__)
    if (isa >= S1_ISA_AVX512_BF16 && layout == S1_MAT_BF16) return s1_kern_bf16(width);
    if (isa >= S1_ISA_AVX512_VNNI && s1_quantised(layout)) return s1_kern_vnni(layout, width);
    if (isa >= S1_ISA_AVX512) return s1_kern_avx512(layout, width);
    if (isa == S1_ISA_AVX2) return s1_kern_avx2(layout, width);
#endif
    (void)isa;
    return s1_kern_c(layout, width);
}

// One strip times one group, from the tile into out.
static void finish(const s1_mat *m, const float *tile, int planes, int width, int strip, const float *bias,
                   float *out, int ldo, int accumulate) {
    int r0 = strip * S1_STRIP, rows = m->rows - r0 < S1_STRIP ? m->rows - r0 : S1_STRIP;
    for (int j = 0; j < width; j++) {
        const float *t = tile + j * planes * S1_STRIP;
        float *o = out + (size_t)j * ldo + r0;
        for (int r = 0; r < rows; r++) {
            float v = planes == 2 ? t[r] + t[S1_STRIP + r] : t[r];
            if (bias) v += bias[r0 + r];
            o[r] = accumulate ? o[r] + v : v;
        }
    }
}

void s1_matmul(int isa, const s1_mat *m, const void *act, int n, const float *bias, float *out,
               int ldo, int accumulate, int strip0, int strip1) {
    S1_ASSERT(strip0 >= 0 && strip1 <= m->strips && ldo >= m->rows && n >= 0);
    S1_ASSERT(((uintptr_t)m->data & 63) == 0 && ((uintptr_t)act & 15) == 0);
    if (n <= 0) return;
    int kind = s1_act_kind(isa, m->layout);
    int planes = s1_act_planes(kind), width = s1_act_width(isa, kind) / planes, groups = s1_groups(n, width), nb = units(m);
    size_t column = (size_t)planes * s1_act_block_bytes(kind) * (size_t)s1_act_blocks(kind, m->cols);
    int together = (int)(PANEL_BYTES / (column * (size_t)width));
    if (together < 1) together = 1;
    _Alignas(64) float tile[S1_MAX_WIDTH * S1_STRIP];
    for (int g0 = 0; g0 < groups; g0 += together) {
        int g1 = groups - g0 < together ? groups : g0 + together;
        for (int s = strip0; s < strip1; s++) {
            const uint8_t *w = (const uint8_t *)m->data + (size_t)s * strip_bytes(m);
            for (int g = g0; g < g1; g++) {
                int j = s1_group_start(n, groups, g), wide = s1_group_start(n, groups, g + 1) - j;
                memset(tile, 0, (size_t)(wide * planes) * S1_STRIP * sizeof *tile);
                kernel(isa, m->layout, wide * planes)(w, (const uint8_t *)act + (size_t)j * column, nb, tile);
                finish(m, tile, planes, wide, s, bias, out + (size_t)j * ldo, ldo, accumulate);
            }
        }
    }
}
