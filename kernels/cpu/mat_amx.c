// AMX: eight-bit weights for nine to sixteen columns, of a prefill or of many branches. A tile of weights is a block of a strip as it lies,
// a tile of activations the blocks of all columns where they lie, and their product the sums of integers that the VNNI kernels have, so
// that what is made of them is the same to the bit. Fewer columns are left to those, and so are the layouts of fewer bits: unpacked to
// bytes for a tile they were no faster (Q4_1 0.97, Q4_K 0.91, Q6_K 0.71 of VNNI, where eight bits reach 1.39).
#if defined(__x86_64__)
#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c,amx-tile,amx-int8")))
#define VNNI 1
#include "mat_avx512.h"

#if defined(S1_EMULATE_AMX)
#include "testdata/amx.h"
#endif

// Tile 0 is the sums (columns, 16 rows), 1 a block of activations, 2 one of weights.
TARGET static void shape(int n) {
    struct {
        uint8_t palette, start, reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } t = {.palette = 1, .bytes = {64, 32, 64}, .rows = {(uint8_t)n, (uint8_t)n, 8}};
    __asm__ volatile("" : : "r"(&t) : "memory"); // the intrinsic names the first eight bytes only
    _tile_loadconfig(&t);
}

TARGET void s1_amx_release(void) { _tile_release(); }

INLINE void kern_tiles(const uint8_t *w, const void *act, int nb, float *tile, int n) {
    const s1_act_i8 *a = act;
    int32_t sums[S1_TILE_WIDTH][16], offset[S1_TILE_WIDTH];
    shape(n);
    for (int b = 0; b < nb; b++, w += 544, a += n) {
        prefetch(w, 544);
        _tile_zero(0);
        _tile_loadd(1, a->q, sizeof *a);
        _tile_loadd(2, w + 32, 64);
        _tile_dpbsud(0, 1, 2);
        _tile_stored(0, sums, 64);
        __m512 d = halves(w);
        for (int j = 0; j < n; j++) offset[j] = 128 * (a[j].np[0] + a[j].np[1]); // takes the quants' offset away
        for (int j = 0; j < n; j++) {
            __m512i s = _mm512_add_epi32(load(sums[j]), _mm512_set1_epi32(offset[j]));
            _mm512_store_ps(tile + 16 * j, scaled(d, &a[j].d, s, _mm512_load_ps(tile + 16 * j)));
        }
    }
}

#define WIDE(N) \
    TARGET static void q8_##N(const uint8_t *w, const void *a, int nb, float *t) { kern_tiles(w, a, nb, t, N); }
WIDE(9) WIDE(10) WIDE(11) WIDE(12) WIDE(13) WIDE(14) WIDE(15) WIDE(16)

s1_kern s1_kern_amx(int width) {
    static const s1_kern table[S1_TILE_WIDTH - S1_MAX_WIDTH] = {q8_9, q8_10, q8_11, q8_12, q8_13, q8_14, q8_15, q8_16};
    return table[width - S1_MAX_WIDTH - 1];
}
#endif
