// Plain C kernels: every machine, and the yardstick of the others. The order of roundings is part of the contract:
// acc = fma(d, dx*float(dot), acc), then acc = fma(m, sum, acc), block after block.
#include "mat_c.h"

#include <math.h>

static float half_at(const uint8_t *p, int r) { return s1_f32_of_f16(s1_load16(p + 2 * r)); }

void s1_block_read(int layout, const uint8_t *strip, int b, s1_block *out) {
    int per = s1_layout_block(layout) / 32;
    const uint8_t *p = strip + (size_t)(b / per) * s1_layout_block_bytes(layout), *q4, *five = NULL, *two = NULL;
    int offset = 0;
    memset(out->m, 0, sizeof out->m);
    switch (layout) {
    case S1_MAT_Q8:
        for (int r = 0; r < 16; r++) {
            out->d[0][r] = out->d[1][r] = half_at(p, r);
            for (int c = 0; c < 32; c++)
                out->q[r][c] = (int16_t)(p[32 + c / 4 * 64 + r * 4 + c % 4] - 128);
        }
        return;
    case S1_MAT_Q4_K:
    case S1_MAT_Q5_K:
        q4 = p + 64 + (size_t)(b % per) * (layout == S1_MAT_Q5_K ? 352 : 288);
        for (int r = 0; r < 16; r++) {
            out->d[0][r] = out->d[1][r] = half_at(p, r) * (float)q4[r];
            out->m[r] = -half_at(p + 32, r) * (float)q4[16 + r];
        }
        q4 += 32;
        if (layout == S1_MAT_Q5_K) five = q4, q4 += 64;
        break;
    case S1_MAT_Q6_K:
        q4 = p + 32 + (size_t)(b % per) * 416;
        for (int r = 0; r < 16; r++)
            for (int h = 0; h < 2; h++)
                out->d[h][r] = half_at(p, r) * (float)(int8_t)q4[16 * h + r];
        two = q4 + 32, q4 += 160;
        offset = 32;
        break;
    default:
        q4 = p + 32;
        for (int r = 0; r < 16; r++) out->d[0][r] = out->d[1][r] = half_at(p, r);
        if (s1_has_mins(layout)) {
            for (int r = 0; r < 16; r++) out->m[r] = half_at(q4, r);
            q4 += 32;
        } else {
            offset = layout == S1_MAT_Q5_0 ? 16 : 8;
        }
        if (layout == S1_MAT_Q5_0 || layout == S1_MAT_Q5_1) five = q4, q4 += 64;
    }
    for (int r = 0; r < 16; r++)
        for (int c = 0; c < 32; c++) {
            int q = q4[c / 4 % 4 * 64 + r * 4 + c % 4] >> c / 16 * 4 & 15;
            if (five) q |= (five[r * 4 + c % 4] >> c / 4 & 1) << 4;
            if (two) q |= (two[c / 16 * 64 + r * 4 + c % 4] >> c / 4 % 4 * 2 & 3) << 4;
            out->q[r][c] = (int16_t)(q - offset);
        }
}

void s1_mat_row(const s1_mat *m, int row, float *out) {
    S1_ASSERT(row >= 0 && row < m->rows);
    const uint8_t *strip = (const uint8_t *)m->data + (size_t)(row / S1_STRIP) * (m->bytes / (size_t)m->strips);
    size_t r = (size_t)(row % S1_STRIP);
    if (s1_quantised(m->layout)) {
        s1_block b;
        for (int k = 0; k < m->cols / 32; k++) {
            s1_block_read(m->layout, strip, k, &b);
            for (int c = 0; c < 32; c++)
                out[32 * k + c] = b.d[c / 16][r] * (float)b.q[r][c] + b.m[r];
        }
        return;
    }
    for (size_t k = 0; k < (size_t)m->cols; k++) {
        switch (m->layout) {
        case S1_MAT_F32: memcpy(out + k, strip + (k * 16 + r) * 4, 4); break;
        case S1_MAT_F16: out[k] = s1_f32_of_f16(s1_load16(strip + (k * 16 + r) * 2)); break;
        default: out[k] = s1_f32_of_bf16(s1_load16(strip + (k / 2 * 32 + r * 2 + k % 2) * 2)); break;
        }
    }
}

static inline __attribute__((always_inline)) void quantised(int layout, const uint8_t *w, const void *act,
                                                            int nb, int width, float *tile) {
    const s1_act_i8 *a = act;
    s1_block b;
    nb *= s1_layout_block(layout) / 32;
    for (int k = 0; k < nb; k++, a += width) {
        s1_block_read(layout, w, k, &b);
        for (int j = 0; j < width; j++) {
            float *t = tile + 16 * j;
            for (int r = 0; r < 16; r++) {
                int32_t s[2] = {0, 0};
                for (int c = 0; c < 16; c++) s[0] += b.q[r][c] * a[j].q[c];
                for (int c = 16; c < 32; c++) s[1] += b.q[r][c] * a[j].q[c];
                if (layout == S1_MAT_Q6_K) {
                    t[r] = fmaf(b.d[0][r], a[j].d * (float)s[0], t[r]);
                    t[r] = fmaf(b.d[1][r], a[j].d * (float)s[1], t[r]);
                    continue;
                }
                t[r] = fmaf(b.d[0][r], a[j].d * (float)(s[0] + s[1]), t[r]);
                if (s1_has_mins(layout)) t[r] = fmaf(b.m[r], a[j].ds, t[r]);
            }
        }
    }
}

static void q8_block(const s1_block *b, const s1_act_i16 *a, float *t) {
    for (int r = 0; r < 16; r++) {
        int32_t s = 0;
        for (int c = 0; c < 32; c++) s += b->q[r][c / 4 * 4 + (c % 4 == 1 ? 2 : c % 4 == 2 ? 1 : c % 4)] * a->q[c];
        t[r] = fmaf(b->d[0][r], a->d * (float)s, t[r]);
    }
}

static inline __attribute__((always_inline)) void quantised16(int layout, const uint8_t *w, const void *act, int nb, int width,
                                                              float *tile) {
    const s1_act_i16 *a = act;
    s1_block b;
    for (int k = 0; k < nb; k++, a += width) {
        s1_block_read(layout, w, k, &b);
        for (int j = 0; j < width; j++) q8_block(&b, a + j, tile + 16 * j);
    }
}

static inline __attribute__((always_inline)) void exact(int layout, const uint8_t *w, const void *act, int nb,
                                                        int width, float *tile) {
    const float *x = act;
    if (layout == S1_MAT_BF16) nb *= 2;
    for (int k = 0; k < nb; k++, x += width)
        for (int r = 0; r < 16; r++) {
            float v;
            size_t i = (size_t)k;
            switch (layout) {
            case S1_MAT_F32: memcpy(&v, w + (i * 16 + (size_t)r) * 4, 4); break;
            case S1_MAT_F16: v = s1_f32_of_f16(s1_load16(w + (i * 16 + (size_t)r) * 2)); break;
            default: v = s1_f32_of_bf16(s1_load16(w + (i / 2 * 32 + (size_t)r * 2 + i % 2) * 2)); break;
            }
            for (int j = 0; j < width; j++) tile[16 * j + r] += v * x[j];
        }
}

#define KERNELS(NAME, BODY, LAYOUT)                                                       \
    static void NAME##_1(const uint8_t *w, const void *a, int nb, float *t) { BODY(LAYOUT, w, a, nb, 1, t); } \
    static void NAME##_2(const uint8_t *w, const void *a, int nb, float *t) { BODY(LAYOUT, w, a, nb, 2, t); } \
    static void NAME##_3(const uint8_t *w, const void *a, int nb, float *t) { BODY(LAYOUT, w, a, nb, 3, t); } \
    static void NAME##_4(const uint8_t *w, const void *a, int nb, float *t) { BODY(LAYOUT, w, a, nb, 4, t); }
#define ENTRY(NAME) {NAME##_1, NAME##_2, NAME##_3, NAME##_4}

KERNELS(f32, exact, S1_MAT_F32)
KERNELS(f16, exact, S1_MAT_F16)
KERNELS(bf16, exact, S1_MAT_BF16)
KERNELS(q8, quantised16, S1_MAT_Q8)
KERNELS(q40, quantised, S1_MAT_Q4_0)
KERNELS(q41, quantised, S1_MAT_Q4_1)
KERNELS(q50, quantised, S1_MAT_Q5_0)
KERNELS(q51, quantised, S1_MAT_Q5_1)
KERNELS(q4k, quantised, S1_MAT_Q4_K)
KERNELS(q5k, quantised, S1_MAT_Q5_K)
KERNELS(q6k, quantised, S1_MAT_Q6_K)

s1_kern s1_kern_c(int layout, int width) {
    static const s1_kern table[S1_LAYOUT_COUNT][4] = {
        [S1_MAT_F32] = ENTRY(f32),   [S1_MAT_F16] = ENTRY(f16),   [S1_MAT_BF16] = ENTRY(bf16),
        [S1_MAT_Q8] = ENTRY(q8),     [S1_MAT_Q4_0] = ENTRY(q40),  [S1_MAT_Q4_1] = ENTRY(q41),
        [S1_MAT_Q5_0] = ENTRY(q50),  [S1_MAT_Q5_1] = ENTRY(q51),  [S1_MAT_Q4_K] = ENTRY(q4k),
        [S1_MAT_Q5_K] = ENTRY(q5k),  [S1_MAT_Q6_K] = ENTRY(q6k),
    };
    return table[layout][width - 1];
}
