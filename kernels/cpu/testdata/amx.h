// amx.h: the instructions for tiles that the kernels use, in C, for machines without them. They differ from the real ones in subnormal
// numbers only, which those take for zeros.
#ifndef S1_TEST_AMX_H
#define S1_TEST_AMX_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static _Thread_local union {
    float f[16][16];
    int32_t i[16][16];
    uint16_t h[16][32];
    uint8_t u[16][64];
    int8_t s[16][64];
} tiles[8];
static _Thread_local struct {
    int rows, bytes; // 0: there is no such tile
} tile_shapes[8];

static inline void emulated_tile_loadconfig(const void *shapes) {
    const uint8_t *s = shapes;
    if (s[0] != 1) __builtin_trap();
    for (int i = 0; i < 8; i++) {
        tile_shapes[i].rows = s[48 + i], tile_shapes[i].bytes = s[16 + 2 * i] | s[17 + 2 * i] << 8;
        if (tile_shapes[i].rows > 16 || tile_shapes[i].bytes > 64) __builtin_trap();
    }
}
static inline void emulated_tile_release(void) { memset(tile_shapes, 0, sizeof tile_shapes); }
static inline void tile_clear(int t) {
    if (!tile_shapes[t].rows || !tile_shapes[t].bytes) __builtin_trap();
    memset(&tiles[t], 0, sizeof tiles[t]);
}
static inline void emulated_tile_zero(int t) { tile_clear(t); }
static inline void emulated_tile_loadd(int t, const void *from, ptrdiff_t stride) {
    tile_clear(t);
    for (int i = 0; i < tile_shapes[t].rows; i++) memcpy(tiles[t].u[i], (const char *)from + i * stride, (size_t)tile_shapes[t].bytes);
}
static inline void emulated_tile_stored(int t, void *to, ptrdiff_t stride) {
    if (!tile_shapes[t].rows) __builtin_trap();
    for (int i = 0; i < tile_shapes[t].rows; i++) memcpy((char *)to + i * stride, tiles[t].u[i], (size_t)tile_shapes[t].bytes);
}

// The shapes of a product's tiles must fit each other.
static inline void tile_product(int to, int a, int b) {
    if (tile_shapes[to].rows != tile_shapes[a].rows || tile_shapes[to].bytes != tile_shapes[b].bytes || tile_shapes[a].bytes != 4 * tile_shapes[b].rows ||
        !tile_shapes[to].rows)
        __builtin_trap();
}

static inline float tile_number(uint16_t h) {
    uint32_t u = (uint32_t)h << 16;
    float f;
    memcpy(&f, &u, 4);
    return f;
}

// Even and odd products are summed apart, and both sums then added to what was there.
static inline void emulated_tile_dpbf16ps(int to, int a, int b) {
    tile_product(to, a, b);
    for (int m = 0; m < tile_shapes[to].rows; m++) {
        for (int n = 0; n < tile_shapes[to].bytes / 4; n++) {
            float even = 0, odd = 0;
            for (int k = 0; k < tile_shapes[b].rows; k++) {
                even = __builtin_fmaf(tile_number(tiles[a].h[m][2 * k]), tile_number(tiles[b].h[k][2 * n]), even);
                odd = __builtin_fmaf(tile_number(tiles[a].h[m][2 * k + 1]), tile_number(tiles[b].h[k][2 * n + 1]), odd);
            }
            tiles[to].f[m][n] += even + odd;
        }
    }
}

// Signed bytes of a times unsigned ones of b.
static inline void emulated_tile_dpbsud(int to, int a, int b) {
    tile_product(to, a, b);
    for (int m = 0; m < tile_shapes[to].rows; m++) {
        for (int n = 0; n < tile_shapes[to].bytes / 4; n++) {
            for (int k = 0; k < tile_shapes[a].bytes; k++) tiles[to].i[m][n] += tiles[a].s[m][k] * tiles[b].u[k / 4][4 * n + k % 4];
        }
    }
}

// In place of the compiler's, where its header is there too.
#undef _tile_loadconfig
#define _tile_loadconfig emulated_tile_loadconfig
#undef _tile_release
#define _tile_release emulated_tile_release
#undef _tile_zero
#define _tile_zero emulated_tile_zero
#undef _tile_loadd
#define _tile_loadd emulated_tile_loadd
#undef _tile_stored
#define _tile_stored emulated_tile_stored
#undef _tile_dpbf16ps
#define _tile_dpbf16ps emulated_tile_dpbf16ps
#undef _tile_dpbsud
#define _tile_dpbsud emulated_tile_dpbsud

#endif
