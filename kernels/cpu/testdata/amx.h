// amx.h: the instructions that train_amx.c uses, in C, for machines without them: eight tiles of 16 rows of 64 bytes. They differ
// from the real ones in subnormal numbers only, which those take for zeros.
#ifndef S1_TEST_AMX_H
#define S1_TEST_AMX_H

#include <stdint.h>
#include <string.h>

static _Thread_local union {
    float f[16][16];
    uint16_t h[16][32];
} tiles[8];
static _Thread_local int tiles_open;

static void tile_check(void) {
    if (!tiles_open) __builtin_trap();
}

static inline void _tile_loadconfig(const void *shapes) {
    const uint8_t *s = shapes;
    for (int i = 0; i < 8; i++) {
        if (s[0] != 1 || s[16 + 2 * i] != 64 || s[17 + 2 * i] != 0 || s[48 + i] != 16) __builtin_trap();
    }
    tiles_open = 1;
}
static inline void _tile_release(void) { tiles_open = 0; }
static inline void _tile_zero(int t) {
    tile_check();
    memset(&tiles[t], 0, sizeof tiles[t]);
}
static inline void _tile_loadd(int t, const void *from, ptrdiff_t stride) {
    tile_check();
    for (int i = 0; i < 16; i++) memcpy(tiles[t].f[i], (const char *)from + i * stride, 64);
}
static inline void _tile_stored(int t, void *to, ptrdiff_t stride) {
    tile_check();
    for (int i = 0; i < 16; i++) memcpy((char *)to + i * stride, tiles[t].f[i], 64);
}

static inline float tile_number(uint16_t h) {
    uint32_t u = (uint32_t)h << 16;
    float f;
    memcpy(&f, &u, 4);
    return f;
}

// Even and odd products are summed apart, and both sums then added to what was there.
static inline void _tile_dpbf16ps(int to, int a, int b) {
    tile_check();
    for (int m = 0; m < 16; m++) {
        for (int n = 0; n < 16; n++) {
            float even = 0, odd = 0;
            for (int k = 0; k < 16; k++) {
                even = __builtin_fmaf(tile_number(tiles[a].h[m][2 * k]), tile_number(tiles[b].h[k][2 * n]), even);
                odd = __builtin_fmaf(tile_number(tiles[a].h[m][2 * k + 1]), tile_number(tiles[b].h[k][2 * n + 1]), odd);
            }
            tiles[to].f[m][n] += even + odd;
        }
    }
}

#endif
