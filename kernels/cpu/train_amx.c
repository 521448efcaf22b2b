// train_amx.c: large products on a unit that multiplies tiles of bf16 (AMX). A float is split into three bf16, its planes: each is
// what those before it left, rounded, so that the three hold its 24 bits. Of the nine products of planes the six that reach a
// float's precision are summed, which the unit does sixteen times as fast as fused multiply-add; the others are below 2^-26. A
// tile's 32 products are summed before they meet the sum, so fewer roundings meet it than one for each product, and the result is
// nearer to the exact one than that of fp32 (TestProductsOnTilesAreNearerToTheExactOnesThanInFP32). With one plane it is a product in bf16.
//
// An infinity among the factors comes out as NaN, and what is below the normal numbers as zero.
#include "train_amx.h"

#if defined(__x86_64__)
#include <stdint.h>

#if defined(S1_EMULATE_AMX)
#include "testdata/amx.h"
#else
#pragma GCC target("avx512f,avx512bw,avx512vl,avx2,fma,f16c,amx-tile,amx-bf16")
#include <immintrin.h>
#endif

#define VL 16
#include "vec.h"

enum {
    SIDE = S1_AMX_SIDE,
    STEP = S1_AMX_STEP,
    TILE = 1024,         // bytes
    PLANE = 2 * TILE,    // a plane of a block: its two tiles
};

#define UNROLL _Pragma("GCC unroll 16")
#define EIGHT _Pragma("GCC unroll 8")

typedef uint16_t vh __attribute__((vector_size(64)));
typedef uint16_t vhu __attribute__((vector_size(64), aligned(2), may_alias));

// Tiles 0 to 3 are sums, 4 and 5 two of a's, 6 and 7 two of b's: all of 16 rows of 64 bytes.
static void open_tiles(void) {
    struct {
        uint8_t palette, start, reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } shapes = {.palette = 1};
    for (int i = 0; i < 8; i++) shapes.bytes[i] = 64, shapes.rows[i] = 16;
    __asm__ volatile("" : : "r"(&shapes) : "memory"); // the intrinsic names the first eight bytes only
    _tile_loadconfig(&shapes);
}

static void close_tiles(void) { _tile_release(); }

// The upper half of each lane is x rounded to bf16, ties away from zero. What is left for the last plane fits as it is, and a NaN
// that rounding would have carried into the sign stays one there.
INLINE vu rounded(vf x, int last) { return ((vu)x + (last ? 0u : 0x8000u)) & 0xffff0000u; }

// The same to the nearest even, where there is one plane; a NaN stays one.
INLINE vu nearest(vf x) {
    vu u = (vu)x;
    vi nan = (u & 0x7fffffffu) > 0x7f800000u;
    return ((((u + 0x7fffu) + (u >> 16 & 1u)) & ~(vu)nan) | ((u | 0x400000u) & (vu)nan)) & 0xffff0000u;
}

// The upper halves of 32 lanes, side by side.
INLINE vh halves(vu lo, vu hi) {
    return __builtin_shuffle((vh)lo, (vh)hi, (vh){1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31,
                                                  33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63});
}

INLINE void put(uint8_t *to, vh x) { *(vhu *)to = x; }

// Splits x and y and hands the planes to body as p and q, with at = the plane's place.
#define EACH_PLANE(planes, x, y, body)                                                      \
    if (planes == 1) {                                                                      \
        vu p = nearest(x), q = nearest(y);                                                  \
        const int at = 0;                                                                   \
        body;                                                                               \
    } else {                                                                                \
        vf restx = x, resty = y;                                                            \
        UNROLL for (int plane = 0; plane < 3; plane++) {                                    \
            vu p = rounded(restx, plane == 2), q = rounded(resty, plane == 2);                                     \
            const int at = plane * PLANE;                                                   \
            body;                                                                           \
            restx -= (vf)p, resty -= (vf)q;                                                 \
        }                                                                                   \
    }

// A block of a: 32 rows of 32 k that lie together. A tile's row is 32 k.
INLINE void block_a(int planes, const float *x, ptrdiff_t ld, uint8_t *dst) {
    for (int r = 0; r < SIDE; r++) {
        vf lo = vload(x + r * ld), hi = vload(x + r * ld + VL);
        EACH_PLANE(planes, lo, hi, put(dst + at + r * 64, halves(p, q)))
    }
}

// A block of b: 32 rows of k of 32 columns that lie together. A tile's row is a pair of k of 16 columns, column by column.
INLINE void block_b(int planes, const float *x, ptrdiff_t ld, uint8_t *dst) {
    for (int r = 0; r < STEP; r += 2) {
        UNROLL for (int half = 0; half < 2; half++) {
            vf even = vload(x + r * ld + half * VL), odd = vload(x + (r + 1) * ld + half * VL);
            EACH_PLANE(planes, even, odd, put(dst + at + half * TILE + r * 32, (vh)(p >> 16 | q)))
        }
    }
}

// Sixteen rows of sixteen floats, turned.
INLINE void turn(const float *x, ptrdiff_t ld, float *to) {
    vf a[16], b[16];
    UNROLL for (int i = 0; i < 16; i++) a[i] = vload(x + i * ld);
    EIGHT for (int i = 0; i < 8; i++) { // rows 2i, 2i+1: elements side by side
        b[2 * i] = __builtin_shuffle(a[2 * i], a[2 * i + 1], (vi){0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29});
        b[2 * i + 1] = __builtin_shuffle(a[2 * i], a[2 * i + 1], (vi){2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31});
    }
    UNROLL for (int i = 0; i < 4; i++) { // four rows: columns c, c+4, c+8, c+12 for c = 0..3
        vf *p = b + 4 * i, *q = a + 4 * i;
        q[0] = __builtin_shuffle(p[0], p[2], (vi){0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29});
        q[1] = __builtin_shuffle(p[0], p[2], (vi){2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31});
        q[2] = __builtin_shuffle(p[1], p[3], (vi){0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29});
        q[3] = __builtin_shuffle(p[1], p[3], (vi){2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31});
    }
    UNROLL for (int c = 0; c < 4; c++) {
        // The fours of column c of rows 0..7, and 8..15: columns c, c+8 | c+4, c+12
        vf lo02 = __builtin_shuffle(a[c], a[4 + c], (vi){0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27});
        vf lo13 = __builtin_shuffle(a[c], a[4 + c], (vi){4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31});
        vf hi02 = __builtin_shuffle(a[8 + c], a[12 + c], (vi){0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27});
        vf hi13 = __builtin_shuffle(a[8 + c], a[12 + c], (vi){4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31});
        vi even = {0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27}, odd = {4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31};
        vstore(to + (ptrdiff_t)c * SIDE, __builtin_shuffle(lo02, hi02, even));
        vstore(to + (ptrdiff_t)(c + 4) * SIDE, __builtin_shuffle(lo13, hi13, even));
        vstore(to + (ptrdiff_t)(c + 8) * SIDE, __builtin_shuffle(lo02, hi02, odd));
        vstore(to + (ptrdiff_t)(c + 12) * SIDE, __builtin_shuffle(lo13, hi13, odd));
    }
}

// A block's floats as its splitter wants them: m rows of n that lie ld apart; turned: rows are columns. Whole blocks that need not
// be turned are read where they are, others in room, with zeros beyond them.
INLINE const float *seen(const float *x, ptrdiff_t rs, ptrdiff_t cs, int m, int n, ptrdiff_t *ld, float *room) {
    if (m == SIDE && n == SIDE && cs == 1) {
        *ld = rs;
        return x;
    }
    *ld = SIDE;
    if (m == SIDE && n == SIDE && rs == 1) {
        for (int i = 0; i < SIDE; i += VL) {
            for (int j = 0; j < SIDE; j += VL) turn(x + i + j * cs, cs, room + (ptrdiff_t)i * SIDE + j);
        }
        return room;
    }
    memset(room, 0, (size_t)(SIDE * SIDE) * 4);
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) room[i * SIDE + j] = x[i * rs + j * cs];
    }
    return room;
}

INLINE int least(int a, int b) { return a < b ? a : b; }

INLINE void rows_of(int planes, int k, int m, const float *a, ptrdiff_t ars, ptrdiff_t acs, uint8_t *dst) {
    float room[SIDE * SIDE] __attribute__((aligned(64)));
    for (int i = 0; i < m; i += SIDE) {
        for (int at = 0; at < k; at += STEP, dst += planes * PLANE) {
            ptrdiff_t ld;
            const float *x = seen(a + i * ars + at * acs, ars, acs, least(m - i, SIDE), least(k - at, STEP), &ld, room);
            block_a(planes, x, ld, dst);
        }
    }
}

INLINE void cols_of(int planes, int k, int n, const float *b, ptrdiff_t brs, ptrdiff_t bcs, uint8_t *dst, size_t strip) {
    float room[SIDE * SIDE] __attribute__((aligned(64)));
    for (int at = 0; at < k; at += STEP, dst += planes * PLANE) {
        for (int j = 0; j < n; j += SIDE) {
            ptrdiff_t ld;
            const float *x = seen(b + at * brs + j * bcs, brs, bcs, least(k - at, STEP), least(n - j, SIDE), &ld, room);
            block_b(planes, x, ld, dst + (size_t)(j / SIDE) * strip);
        }
    }
}

static void rows(int planes, int k, int m, const float *a, ptrdiff_t ars, ptrdiff_t acs, uint8_t *dst) {
    if (planes == 1) {
        rows_of(1, k, m, a, ars, acs, dst);
    } else {
        rows_of(3, k, m, a, ars, acs, dst);
    }
}

static void cols(int planes, int k, int n, const float *b, ptrdiff_t brs, ptrdiff_t bcs, uint8_t *dst, size_t strip) {
    if (planes == 1) {
        cols_of(1, k, n, b, brs, bcs, dst, strip);
    } else {
        cols_of(3, k, n, b, brs, bcs, dst, strip);
    }
}

#define LOAD_A(plane) { _tile_loadd(4, a + (plane) * PLANE, 64); _tile_loadd(5, a + (plane) * PLANE + TILE, 64); }
#define LOAD_B(plane) { _tile_loadd(6, b + (plane) * PLANE, 64); _tile_loadd(7, b + (plane) * PLANE + TILE, 64); }
#define MULTIPLY { _tile_dpbf16ps(0, 4, 6); _tile_dpbf16ps(1, 4, 7); _tile_dpbf16ps(2, 5, 6); _tile_dpbf16ps(3, 5, 7); }

static void mul(int planes, int steps, const uint8_t *a, const uint8_t *b, float *c, ptrdiff_t ldc, int m, int n, float scale,
                const float *bias, const float *add) {
    int whole = m == SIDE && n == SIDE && scale == 1 && !bias;
    for (int i = 0; i < m; i++) __builtin_prefetch(c + i * ldc, 1), __builtin_prefetch(c + i * ldc + 16, 1);
    if (whole && add) {
        _tile_loadd(0, add, ldc * 4);
        _tile_loadd(1, add + 16, ldc * 4);
        _tile_loadd(2, add + 16 * ldc, ldc * 4);
        _tile_loadd(3, add + 16 * ldc + 16, ldc * 4);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
    if (planes == 1) {
        for (int s = 0; s < steps; s++, a += PLANE, b += PLANE) {
            LOAD_A(0) LOAD_B(0) MULTIPLY
        }
    } else {
        for (int s = 0; s < steps; s++, a += 3 * PLANE, b += 3 * PLANE) {
            LOAD_A(0) LOAD_B(0) MULTIPLY
            LOAD_B(1) MULTIPLY
            LOAD_A(1) MULTIPLY
            LOAD_B(0) MULTIPLY
            LOAD_A(2) MULTIPLY
            LOAD_A(0) LOAD_B(2) MULTIPLY
        }
    }
    if (whole) {
        _tile_stored(0, c, ldc * 4);
        _tile_stored(1, c + 16, ldc * 4);
        _tile_stored(2, c + 16 * ldc, ldc * 4);
        _tile_stored(3, c + 16 * ldc + 16, ldc * 4);
        return;
    }
    float t[SIDE * SIDE] __attribute__((aligned(64)));
    _tile_stored(0, t, SIDE * 4);
    _tile_stored(1, t + 16, SIDE * 4);
    _tile_stored(2, t + 16 * SIDE, SIDE * 4);
    _tile_stored(3, t + 16 * SIDE + 16, SIDE * 4);
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
            float r = t[i * SIDE + j] * scale + (bias ? bias[j] : 0);
            c[i * ldc + j] = add ? add[i * ldc + j] + r : r;
        }
    }
}

const s1_train_amx s1_train_tiles = {.open = open_tiles, .close = close_tiles, .rows = rows, .cols = cols, .mul = mul};
#endif
