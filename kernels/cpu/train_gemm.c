// train_gemm.c: matrix products in float32, or of factors rounded to bf16. A unit is a block of rows and a few panels of columns: it packs its panels of b for
// one stretch of the summed dimension after another, and reads a where it lies, a broadcast an element. An element of c is
// always summed in the same stretches, so its bits depend neither on the blocks nor on the threads.
#include "train.h"

enum { LINE = 16 }; // floats of a cache line

// What a block of c at (i, j) is added to: after the first stretch of the summed dimension, what those before it made.
static const float *adds(const s1_gemm *g, int first, int i, int j) {
    const float *to = first ? g->add : g->c;
    return to ? to + i * g->ldc + j : NULL;
}

// A product over nothing is its bias.
static void empty(const s1_gemm *g, int i0, int i1, int j0, int j1) {
    for (int i = i0; i < i1; i++) {
        for (int j = j0; j < j1; j++) g->c[i * g->ldc + j] = (g->bias ? g->bias[j] : 0) + (g->add ? g->add[i * g->ldc + j] : 0);
    }
}

static void block(const s1_train_simd *s, const s1_gemm *g, int i0, int i1, int j0, int j1, float *packed) {
    int kc = s1_t_stretch(g->k), mr = s->mr, nr = s->nr;
    S1_BOUND(i0, i1);
    S1_BOUND(j0, j1);
    S1_BOUND(i1 - 1, g->m);
    S1_BOUND(j1 - 1, g->n);
    S1_BOUND(kc, S1_KC + 1);
    if (g->k == 0) empty(g, i0, i1, j0, j1);
    for (int k = 0; k < g->k; k += kc) {
        int n = g->k - k < kc ? g->k - k : kc, first = k == 0;
        for (int j = j0; j < j1; j += nr) {
            s->pack(n, j1 - j < nr ? j1 - j : nr, g->b + k * g->brs + j * g->bcs, g->brs, g->bcs, packed + (size_t)(j - j0) * S1_KC);
        }
        for (int i = i0; i < i1; i += mr) {
            for (int j = j0; j < j1; j += nr) {
                s->tile(n, g->a + i * g->ars + k * g->acs, g->ars, g->acs, i1 - i < mr ? i1 - i : mr, packed + (size_t)(j - j0) * S1_KC,
                        g->c + i * g->ldc + j, g->ldc, j1 - j < nr ? j1 - j : nr, g->scale, first && g->bias ? g->bias + j : 0, adds(g, first, i, j));
            }
        }
    }
}

// The same over b's packed panels, of a unit with many columns: one panel stays in the first cache while the rows go past it. Rows
// that lie across the memory (a transposed) are packed before, tile by tile, as each is read once for every panel; those of the next
// stretch are called near meanwhile, some with each tile, because as many at once would fill the queue of misses and be waited for.
static void tall(const s1_train_simd *s, const s1_gemm *g, int i0, int i1, float *packed) {
    int kc = s1_t_stretch(g->k), mr = s->mr, nr = s->nr, across = g->acs != 1;
    int tiles = (i1 - i0 + mr - 1) / mr * ((g->n + nr - 1) / nr);
    S1_BOUND(i1 - i0, S1_T_TALL + 1);
    S1_BOUND(i1 - 1, g->m);
    for (int k = 0; k < g->k; k += kc) {
        int n = g->k - k < kc ? g->k - k : kc, first = k == 0;
        const float *a = g->a + i0 * g->ars + k * g->acs;
        if (across) s->rows(n, i1 - i0, a, g->ars, g->acs, packed);
        const float *next = a + n * g->acs;
        int left = across && g->ars == 1 ? (g->k - k - n < kc ? g->k - k - n : kc) : 0, each = (left + tiles - 1) / tiles;
        for (int j = 0; j < g->n; j += nr) {
            for (int i = i0; i < i1; i += mr) {
                for (int e = 0; e < each && left > 0; e++, left--, next += g->acs) {
                    for (int at = 0; at < i1 - i0; at += LINE) __builtin_prefetch(next + at, 0, 2);
                    __builtin_prefetch(next + i1 - i0 - 1, 0, 2);
                }
                // Packed rows are there to the tile's end.
                s->tile(n, across ? packed + (size_t)(i - i0) * n : a + (i - i0) * g->ars, across ? 1 : g->ars, across ? mr : g->acs,
                        i1 - i < mr ? i1 - i : mr, g->ready + (size_t)j * g->k + (size_t)k * nr, g->c + i * g->ldc + j, g->ldc,
                        g->n - j < nr ? g->n - j : nr, g->scale, first && g->bias ? g->bias + j : 0, adds(g, first, i, j));
            }
        }
    }
}

// The same in bf16; a's rows are rounded and packed as well, behind the panels of b.
static void block16(const s1_train_simd *s, const s1_gemm *g, int i0, int i1, int j0, int j1, uint32_t *panels) {
    int kc = s1_t_stretch(g->k), mr = s->mr, nr = s->nr;
    uint32_t *rows = panels + S1_PAIRS * S1_T_COLS16 * nr;
    S1_BOUND(i1 - i0, S1_T_ROWS + 1);
    S1_BOUND(j1 - j0, S1_T_COLS16 * nr + 1);
    S1_BOUND(i1 - 1, g->m);
    S1_BOUND(j1 - 1, g->n);
    if (g->k == 0) empty(g, i0, i1, j0, j1);
    for (int k = 0; k < g->k; k += kc) {
        int n = g->k - k < kc ? g->k - k : kc, first = k == 0;
        for (int j = j0; j < j1; j += nr) {
            s->pack16(n, j1 - j < nr ? j1 - j : nr, g->b + k * g->brs + j * g->bcs, g->brs, g->bcs, panels + (size_t)(j - j0) * S1_PAIRS);
        }
        s->round16(n, i1 - i0, g->a + i0 * g->ars + k * g->acs, g->ars, g->acs, rows);
        for (int i = i0; i < i1; i += mr) {
            for (int j = j0; j < j1; j += nr) {
                s->tile16((n + 1) / 2, rows + (size_t)(i - i0) * S1_PAIRS, i1 - i < mr ? i1 - i : mr, panels + (size_t)(j - j0) * S1_PAIRS,
                          g->c + i * g->ldc + j, g->ldc, j1 - j < nr ? j1 - j : nr, g->scale, first && g->bias ? g->bias + j : 0,
                          adds(g, first, i, j));
            }
        }
    }
}

size_t s1_t_gemm_floats(const s1_trainer *t) { return (size_t)S1_KC * S1_T_COLS * (size_t)t->simd->nr; }

// The columns of a unit, and the scratch it needs.
static int columns(const s1_trainer *t) { return (t->bf16 ? S1_T_COLS16 : S1_T_COLS) * t->simd->nr; }
static size_t scratch(const s1_trainer *t) {
    return t->bf16 ? (size_t)(S1_PAIRS * (S1_T_COLS16 * t->simd->nr + S1_T_ROWS)) : s1_t_gemm_floats(t);
}

static void units(s1_trainer *t, const void *op, int lo, int hi, int thread) {
    const s1_gemm *g = op;
    float *packed = s1_t_scratch(t, thread, scratch(t));
    if (!packed) return;
    int cols = columns(t);
    for (int u = lo; u < hi; u++) {
        int i = u % g->row_blocks * g->rows, j = u / g->row_blocks * cols;
        int i1 = i + g->rows < g->m ? i + g->rows : g->m, j1 = j + cols < g->n ? j + cols : g->n;
        if (t->bf16) {
            block16(t->simd, g, i, i1, j, j1, (uint32_t *)packed);
        } else {
            block(t->simd, g, i, i1, j, j1, packed);
        }
    }
}

// Packs some columns of b over all of k, where a column lies together.
static void column_units(s1_trainer *t, const void *op, int lo, int hi, int thread) {
    (void)thread;
    const s1_gemm *g = op;
    int nr = t->simd->nr, j = lo * nr, j1 = hi * nr < g->n ? hi * nr : g->n;
    s1_t_pack(t, j1 - j, g->k, g->b + j * g->bcs, g->brs, g->bcs, (float *)g->ready + (size_t)j * g->k);
}

// The same of some rows of b, where a row lies together: a few at a time through all panels, so that reads run along the rows.
static void row_units(s1_trainer *t, const void *op, int lo, int hi, int thread) {
    (void)thread;
    const s1_gemm *g = op;
    int nr = t->simd->nr, end = hi * S1_T_PACK < g->k ? hi * S1_T_PACK : g->k;
    for (int k = lo * S1_T_PACK; k < end; k += 8) {
        int n = end - k < 8 ? end - k : 8;
        for (int j = 0; j < g->n; j += nr) {
            t->simd->pack(n, g->n - j < nr ? g->n - j : nr, g->b + k * g->brs + j, g->brs, 1, (float *)g->ready + (size_t)j * g->k + (size_t)k * nr);
        }
    }
}

// A unit is a row of tiles, so that the threads end together to within one of them.
static void tall_units(s1_trainer *t, const void *op, int lo, int hi, int thread) {
    const s1_gemm *g = op;
    int mr = t->simd->mr, most = S1_T_TALL / mr;
    float *packed = s1_t_scratch(t, thread, (size_t)S1_T_TALL * S1_KC);
    for (; packed && lo < hi; lo += most) {
        int end = (lo + most < hi ? lo + most : hi) * mr;
        tall(t->simd, g, lo * mr, end < g->m ? end : g->m, packed);
    }
}

// A large product whose factors both lie across the summed dimension, as activations and gradients of many tokens do, with c no
// taller than wide. b packed as a whole would go out to memory and come back, so a thread packs a panel when it comes to it; a is read
// where it lies, as many of its rows as stay in the second cache for a stretch (a part). A unit is a tile: those of a part go down
// one panel after another. The panel after is called near meanwhile, some with each tile.
typedef struct {
    int tiles, each, panels; // rows of tiles, of a part the same, panels
} s1_parts;

static s1_parts parts_of(const s1_train_simd *s, const s1_gemm *g) {
    int tiles = (g->m + s->mr - 1) / s->mr, most = S1_T_NEAR / (s1_t_stretch(g->k) * s->mr), parts = (tiles + most - 1) / most;
    return (s1_parts){tiles, (tiles + parts - 1) / parts, (g->n + s->nr - 1) / s->nr};
}

// The tiles from lo on and before hi of the part that begins with row of tiles `top`, counted in it; w rows of tiles high.
static void across(const s1_train_simd *s, const s1_gemm *g, int top, int w, int lo, int hi, float *packed) {
    int kc = s1_t_stretch(g->k), mr = s->mr, nr = s->nr, last = (hi - 1) / w;
    for (int k = 0; k < g->k; k += kc) {
        int n = g->k - k < kc ? g->k - k : kc, first = k == 0;
        for (int p = lo / w; p <= last; p++) {
            int j = p * nr, cols = g->n - j < nr ? g->n - j : nr, begin = lo > p * w ? lo - p * w : 0, end = hi < (p + 1) * w ? hi - p * w : w;
            const float *b = g->b + k * g->brs + j;
            s->pack(n, cols, b, g->brs, 1, packed);
            int left = p < last ? n : 0, each = (left + end - begin - 1) / (end - begin);
            b += nr;
            for (int i = (top + begin) * mr; i < (top + end) * mr; i += mr) {
                for (int e = 0; e < each && left > 0; e++, left--, b += g->brs) {
                    for (int at = 0; at < nr; at += LINE) __builtin_prefetch(b + at, 0, 2);
                }
                S1_BOUND(i, g->m);
                s->tile(n, g->a + i * g->ars + k * g->acs, g->ars, g->acs, g->m - i < mr ? g->m - i : mr, packed, g->c + i * g->ldc + j, g->ldc, cols,
                        g->scale, first && g->bias ? g->bias + j : 0, adds(g, first, i, j));
            }
        }
    }
}

static void across_units(s1_trainer *t, const void *op, int lo, int hi, int thread) {
    const s1_gemm *g = op;
    s1_parts p = parts_of(t->simd, g);
    float *packed = s1_t_scratch(t, thread, (size_t)(S1_KC * t->simd->nr));
    while (packed && lo < hi) {
        int top = lo / (p.each * p.panels) * p.each, w = p.tiles - top < p.each ? p.tiles - top : p.each, begin = top * p.panels;
        int end = begin + w * p.panels < hi ? begin + w * p.panels : hi;
        across(t->simd, g, top, w, lo - begin, end - begin, packed);
        lo = end;
    }
}

static int amx_planes(const s1_trainer *t) { return t->bf16 ? 1 : 3; }
static size_t amx_strip(const s1_trainer *t, int k) { return (size_t)((k + S1_AMX_STEP - 1) / S1_AMX_STEP) * s1_amx_block(amx_planes(t)); }

// What packs b gets it in columns or in steps of the summed dimension, as it lies.
static void amx_columns(s1_trainer *t, const void *op, int lo, int hi, int thread) {
    (void)thread;
    const s1_gemm *g = op;
    int j = lo * S1_AMX_SIDE, j1 = hi * S1_AMX_SIDE < g->n ? hi * S1_AMX_SIDE : g->n;
    size_t strip = amx_strip(t, g->k);
    t->amx->cols(amx_planes(t), g->k, j1 - j, g->b + j * g->bcs, g->brs, g->bcs, (uint8_t *)g->ready + (size_t)lo * strip, strip);
}

static void amx_steps(s1_trainer *t, const void *op, int lo, int hi, int thread) {
    (void)thread;
    const s1_gemm *g = op;
    int k = lo * S1_AMX_STEP, k1 = hi * S1_AMX_STEP < g->k ? hi * S1_AMX_STEP : g->k;
    t->amx->cols(amx_planes(t), k1 - k, g->n, g->b + k * g->brs, g->brs, g->bcs, (uint8_t *)g->ready + (size_t)lo * s1_amx_block(amx_planes(t)), amx_strip(t, g->k));
}

// Some strips of rows, split for one stretch of the summed dimension after another, against all of b.
static void amx_rows(s1_trainer *t, const void *op, int lo, int hi, int thread) {
    const s1_gemm *g = op;
    int planes = amx_planes(t), all = (g->k + S1_AMX_STEP - 1) / S1_AMX_STEP, parts = (all + S1_T_STEPS - 1) / S1_T_STEPS, each = (all + parts - 1) / parts;
    size_t block = s1_amx_block(planes), strip = amx_strip(t, g->k);
    uint8_t *rows = (uint8_t *)s1_t_scratch(t, thread, S1_T_STRIPS * S1_T_STEPS * block / 4);
    if (!rows) return;
    S1_BOUND(hi - 1, (g->m + S1_AMX_SIDE - 1) / S1_AMX_SIDE);
    t->amx->open();
    for (; lo < hi; lo += S1_T_STRIPS) {
        int i0 = lo * S1_AMX_SIDE, i1 = (lo + S1_T_STRIPS < hi ? lo + S1_T_STRIPS : hi) * S1_AMX_SIDE;
        if (i1 > g->m) i1 = g->m;
        for (int at = 0; at < all; at += each) {
            int steps = all - at < each ? all - at : each, k = at * S1_AMX_STEP, n = g->k - k < steps * S1_AMX_STEP ? g->k - k : steps * S1_AMX_STEP;
            t->amx->rows(planes, n, i1 - i0, g->a + i0 * g->ars + k * g->acs, g->ars, g->acs, rows);
            for (int j = 0; j < g->n; j += S1_AMX_SIDE) {
                const uint8_t *b = (const uint8_t *)g->ready + (size_t)(j / S1_AMX_SIDE) * strip + (size_t)at * block;
                for (int i = i0; i < i1; i += S1_AMX_SIDE) {
                    t->amx->mul(planes, steps, rows + (size_t)((i - i0) / S1_AMX_SIDE * steps) * block, b, g->c + i * g->ldc + j, g->ldc,
                                i1 - i < S1_AMX_SIDE ? i1 - i : S1_AMX_SIDE, g->n - j < S1_AMX_SIDE ? g->n - j : S1_AMX_SIDE, g->scale,
                                at == 0 && g->bias ? g->bias + j : 0, adds(g, at == 0, i, j));
                }
            }
        }
    }
    t->amx->close();
}

// In fp32 a float is split once for the products it takes part in, so they must be many.
static int on_tiles(const s1_trainer *t, const s1_gemm *g) {
    return t->amx && (t->bf16 || (g->m >= S1_T_SPLIT && g->n >= S1_T_SPLIT && g->k >= S1_T_SPLIT));
}

// The stages of a large product, or of some of its columns, whose packed panels g has room for.
static void stages(s1_trainer *t, s1_gemm *g, int tiles) {
    int nr = t->simd->nr, mr = t->simd->mr, side = S1_AMX_SIDE, step = S1_AMX_STEP;
    if (tiles) {
        t->stages[0] = g->bcs == 1 ? (s1_t_stage){amx_steps, g, (g->k + step - 1) / step, 0} : (s1_t_stage){amx_columns, g, (g->n + side - 1) / side, 0};
        t->stages[1] = (s1_t_stage){amx_rows, g, (g->m + side - 1) / side, 1};
    } else {
        t->stages[0] = g->bcs == 1 ? (s1_t_stage){row_units, g, (g->k + S1_T_PACK - 1) / S1_T_PACK, 0} : (s1_t_stage){column_units, g, (g->n + nr - 1) / nr, 0};
        t->stages[1] = (s1_t_stage){tall_units, g, (g->m + mr - 1) / mr, 1};
    }
}

// A large product: all threads pack b, a stretch of columns at a time, and then share the tiles out.
static int large(s1_trainer *t, const s1_gemm *whole) {
    int tiles = on_tiles(t, whole);
    if (!tiles && whole->acs != 1 && whole->bcs == 1 && whole->m <= whole->n) {
        s1_parts p = parts_of(t->simd, whole);
        t->stages[0] = (s1_t_stage){across_units, whole, p.tiles * p.panels, 4};
        return s1_t_run(t, 1);
    }
    int panel = tiles ? S1_AMX_SIDE : t->simd->nr;
    size_t floats = tiles ? amx_strip(t, whole->k) / 4 : (size_t)panel * (size_t)whole->k; // of a panel
    int most = floats < S1_T_PACKED ? (int)(S1_T_PACKED / floats) * panel : panel;
    for (int j = 0; j < whole->n; j += most) {
        s1_gemm g = *whole;
        g.n = whole->n - j < most ? whole->n - j : most;
        g.b += j * g.bcs;
        g.c += j;
        if (g.bias) g.bias += j;
        if (g.add) g.add += j;
        float *ready = s1_t_packed(t, (size_t)((g.n + panel - 1) / panel) * floats);
        if (!ready) return S1_T_NO_MEMORY;
        g.ready = ready;
        stages(t, &g, tiles);
        if (g.packed && t->packed_b == g.b && t->packed_n == g.n && t->packed_k == g.k && t->packed_tiles == tiles) t->stages[0].units = 0;
        int rc = s1_t_run(t, 2);
        if (rc) return rc;
        t->packed_b = g.b, t->packed_n = g.n, t->packed_k = g.k, t->packed_tiles = tiles;
    }
    return S1_T_OK;
}

int s1_t_gemm(s1_trainer *t, s1_gemm *g) {
    if ((!t->bf16 || t->amx) && g->m >= S1_T_LARGE && g->n >= S1_T_LARGE && g->k > 0) return large(t, g);
    int cols = columns(t), col_blocks = (g->n + cols - 1) / cols;
    g->rows = S1_T_ROWS;
    while (g->rows > 24 && (g->m + g->rows - 1) / g->rows * col_blocks < 8) g->rows = g->rows / 24 * 12; // halves, of 12 each
    g->row_blocks = (g->m + g->rows - 1) / g->rows;
    t->stages[0] = (s1_t_stage){units, g, g->row_blocks * col_blocks, 0};
    return s1_t_run(t, 1);
}

void s1_t_pack(const s1_trainer *t, int n, int k, const float *b, ptrdiff_t brs, ptrdiff_t bcs, float *dst) {
    int nr = t->simd->nr;
    for (int j = 0; j < n; j += nr) t->simd->pack(k, n - j < nr ? n - j : nr, b + j * bcs, brs, bcs, dst + (size_t)j * k);
}

void s1_t_gemm_one(const s1_trainer *t, const s1_gemm *g, float *packed) {
    int cols = S1_T_COLS * t->simd->nr;
    for (int j = 0; j < g->n; j += cols) block(t->simd, g, 0, g->m, j, j + cols < g->n ? j + cols : g->n, packed);
}
