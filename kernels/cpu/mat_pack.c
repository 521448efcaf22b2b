// From the rows of a file to strips.
#include <math.h>

#include "mat_block.h"

uint16_t s1_f16_of_f32(float f) {
    uint32_t u = s1_bits_of_f32(f), sign = u >> 16 & 0x8000, mag = u & 0x7fffffff;
    if (mag > 0x7f800000) return (uint16_t)(sign | 0x7e00);
    if (mag >= 0x477ff000) return (uint16_t)(sign | 0x7c00); // 65520 and more
    if (mag < 0x38800000) // below 2^-14: adding 0.5 rounds to a multiple of 2^-24
        return (uint16_t)(sign | (s1_bits_of_f32(s1_f32_of_bits(mag) + 0.5f) - 0x3f000000));
    mag += 0xfff + (mag >> 13 & 1);
    return (uint16_t)(sign | (mag - (112u << 23)) >> 13);
}

// Where column c of row r lies among nibbles, and its shift.
static inline size_t nibble_at(int r, int c) { return (size_t)(c / 4 % 4 * 64 + r * 4 + c % 4); }
static inline int nibble_shift(int c) { return c / 16 * 4; }

// Bits of q[32] into the strip's block: low four to q4, the fifth to b (or NULL), the fifth and sixth to t (or NULL).
static void put_row(const uint8_t q[32], int r, uint8_t *q4, uint8_t *b, uint8_t *t) {
    for (int c = 0; c < 32; c++) {
        q4[nibble_at(r, c)] |= (uint8_t)((q[c] & 15) << nibble_shift(c));
        if (b) b[r * 4 + c % 4] |= (uint8_t)((q[c] >> 4 & 1) << c / 4);
        if (t) t[c / 16 * 64 + r * 4 + c % 4] |= (uint8_t)((q[c] >> 4 & 3) << c / 4 % 4 * 2);
    }
}

// 32 quants of a row: low nibbles are columns 0..15, high ones 16..31; a fifth bit from the word, column c at bit c.
static void read_nibbles(const uint8_t *p, uint32_t fifth, uint8_t q[32]) {
    for (int i = 0; i < 16; i++) {
        q[i] = (uint8_t)((p[i] & 15) | (fifth >> i & 1) << 4);
        q[i + 16] = (uint8_t)(p[i] >> 4 | (fifth >> (i + 16) & 1) << 4);
    }
}

static uint32_t load32(const uint8_t *p) {
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

// A row of Q4_0, Q4_1, Q5_0, Q5_1.
static void pack_small(int layout, const uint8_t *src, int r, int nb, uint8_t *dst) {
    int mins = layout == S1_MAT_Q4_1 || layout == S1_MAT_Q5_1;
    int five = layout == S1_MAT_Q5_0 || layout == S1_MAT_Q5_1;
    for (int b = 0; b < nb; b++, dst += s1_layout_block_bytes(layout)) {
        uint8_t q[32], *body = dst + 32 + 32 * mins;
        s1_store16(dst + 2 * r, s1_load16(src));
        src += 2;
        if (mins) {
            s1_store16(dst + 32 + 2 * r, s1_load16(src));
            src += 2;
        }
        read_nibbles(src + 4 * five, five ? load32(src) : 0, q);
        src += 16 + 4 * five;
        put_row(q, r, body + 64 * five, five ? body : NULL, NULL);
    }
}

// A row of Q4_K or Q5_K: superblocks of 8 x 32.
static void pack_k45(int layout, const uint8_t *src, int r, int nb, uint8_t *dst) {
    int five = layout == S1_MAT_Q5_K;
    for (int b = 0; b < nb; b++, src += five ? 176 : 144, dst += s1_layout_block_bytes(layout)) {
        const uint8_t *s = src + 4, *high = src + 16, *low = src + 16 + 32 * five;
        s1_store16(dst + 2 * r, s1_load16(src));
        s1_store16(dst + 32 + 2 * r, s1_load16(src + 2));
        uint8_t *sub = dst + 64;
        for (int k = 0; k < 8; k++, sub += 288 + 64 * five) {
            // 6-bit scales and mins: the first four in the low bits, the others' upper two bits above those.
            sub[r] = k < 4 ? s[k] & 63 : (s[k + 4] & 15) | (s[k - 4] >> 6) << 4;
            sub[16 + r] = k < 4 ? s[k + 4] & 63 : s[k + 4] >> 4 | (s[k] >> 6) << 4;
            uint8_t q[32]; // 64 columns share 32 bytes: the even sub-block has the low nibbles
            for (int i = 0; i < 32; i++) {
                q[i] = low[k / 2 * 32 + i] >> k % 2 * 4 & 15;
                if (five) q[i] |= (uint8_t)((high[i] >> k & 1) << 4);
            }
            put_row(q, r, sub + 32 + 64 * five, five ? sub + 32 : NULL, NULL);
        }
    }
}

static void pack_k6(const uint8_t *src, int r, int nb, uint8_t *dst) {
    for (int b = 0; b < nb; b++, src += 210, dst += s1_layout_block_bytes(S1_MAT_Q6_K)) {
        s1_store16(dst + 2 * r, s1_load16(src + 208));
        uint8_t *sub = dst + 32;
        for (int k = 0; k < 8; k++, sub += 416) {
            int half = k / 4, quarter = k % 4; // 128 columns: 64 low bytes hold quarters 0|2 and 1|3, 32 high bytes all four
            const uint8_t *low = src + half * 64 + quarter % 2 * 32, *high = src + 128 + half * 32;
            uint8_t q[32];
            for (int i = 0; i < 32; i++)
                q[i] = (uint8_t)((low[i] >> quarter / 2 * 4 & 15) | (high[i] >> quarter * 2 & 3) << 4);
            sub[r] = src[192 + 2 * k];
            sub[16 + r] = src[192 + 2 * k + 1];
            put_row(q, r, sub + 160, NULL, sub + 32);
        }
    }
}

static void put_q8(uint8_t *block, int r, uint16_t d, const int8_t q[32]) {
    s1_store16(block + 2 * r, d);
    for (int c = 0; c < 32; c++) block[32 + c / 4 * 64 + r * 4 + c % 4] = (uint8_t)(q[c] + 128);
}

static float element(int dtype, const uint8_t *src, int i) {
    uint32_t u;
    switch (dtype) {
    case S1_F16: return s1_f32_of_f16(s1_load16(src + 2 * (size_t)i));
    case S1_BF16: return s1_f32_of_bf16(s1_load16(src + 2 * (size_t)i));
    default: memcpy(&u, src + 4 * (size_t)i, 4); return s1_f32_of_bits(u);
    }
}

// Q8_0 of a row of floats: d = max|x|/127 in fp16, and q for that very d.
static void quantise_row(int dtype, const uint8_t *src, int r, int nb, uint8_t *dst) {
    for (int b = 0; b < nb; b++, dst += s1_layout_block_bytes(S1_MAT_Q8)) {
        float x[32], max = 0;
        int8_t q[32];
        int finite = 1;
        for (int i = 0; i < 32; i++) {
            x[i] = element(dtype, src, 32 * b + i);
            finite &= isfinite(x[i]) != 0;
            max = fmaxf(max, fabsf(x[i]));
        }
        uint16_t h = finite ? s1_f16_of_f32(max / 127) : 0x7e00;
        float d = s1_f32_of_f16(h);
        for (int i = 0; i < 32; i++)
            q[i] = finite && d > 0 && isfinite(d) ? (int8_t)fmaxf(-127, fminf(127, rintf(x[i] / d))) : 0;
        put_q8(dst, r, h, q);
    }
}

static void pack_q8(const uint8_t *src, int r, int nb, uint8_t *dst) {
    for (int b = 0; b < nb; b++, src += 34, dst += s1_layout_block_bytes(S1_MAT_Q8))
        put_q8(dst, r, s1_load16(src), (const int8_t *)src + 2);
}

static void pack_exact(const s1_mat *m, const uint8_t *src, int r, uint8_t *dst) {
    for (int k = 0; k < m->cols; k++) {
        size_t i = (size_t)k;
        switch (m->layout) {
        case S1_MAT_F32: memcpy(dst + (i * 16 + (size_t)r) * 4, src + 4 * i, 4); break;
        case S1_MAT_F16: memcpy(dst + (i * 16 + (size_t)r) * 2, src + 2 * i, 2); break;
        default: memcpy(dst + (i / 2 * 32 + (size_t)r * 2 + i % 2) * 2, src + 2 * i, 2); break;
        }
    }
}

// Bytes of a row as it lies in the file.
static size_t row_bytes(int dtype, int cols) {
    static const struct {
        int block, bytes;
    } types[S1_DTYPE_COUNT] = {
        [S1_F32] = {1, 4},    [S1_F16] = {1, 2},    [S1_BF16] = {1, 2},     [S1_Q8_0] = {32, 34},
        [S1_Q4_0] = {32, 18}, [S1_Q4_1] = {32, 20}, [S1_Q5_0] = {32, 22},   [S1_Q5_1] = {32, 24},
        [S1_Q4_K] = {256, 144}, [S1_Q5_K] = {256, 176}, [S1_Q6_K] = {256, 210},
    };
    return (size_t)(cols / types[dtype].block) * (size_t)types[dtype].bytes;
}

void s1_mat_pack(const s1_mat *m, const void *src, int strip0, int strip1) {
    S1_ASSERT(strip0 >= 0 && strip1 <= m->strips && m->data);
    size_t strip = m->bytes / (size_t)m->strips, row = row_bytes(m->dtype, m->cols);
    int nb = m->cols / s1_layout_block(m->layout);
    for (int s = strip0; s < strip1; s++) {
        uint8_t *dst = (uint8_t *)m->data + (size_t)s * strip;
        memset(dst, 0, strip);
        for (int r = 0; r < S1_STRIP && s * S1_STRIP + r < m->rows; r++) {
            const uint8_t *p = (const uint8_t *)src + (size_t)(s * S1_STRIP + r) * row;
            switch (m->layout) {
            case S1_MAT_F32:
            case S1_MAT_F16:
            case S1_MAT_BF16: pack_exact(m, p, r, dst); break;
            case S1_MAT_Q8:
                if (m->dtype == S1_Q8_0)
                    pack_q8(p, r, nb, dst);
                else
                    quantise_row(m->dtype, p, r, nb, dst);
                break;
            case S1_MAT_Q4_K:
            case S1_MAT_Q5_K: pack_k45(m->layout, p, r, nb, dst); break;
            case S1_MAT_Q6_K: pack_k6(p, r, nb, dst); break;
            default: pack_small(m->layout, p, r, nb, dst); break;
            }
        }
    }
}
