// train_gemm.c: matrix products in float32, or of factors rounded to bf16. A unit is a block of rows and a few panels of columns: it packs its panels of b for
// one stretch of the summed dimension after another, and reads a where it lies, a broadcast an element. An element of c is
// always summed in the same stretches, so its bits depend neither on the blocks nor on the threads.
#include "train.h"

enum { LINE = 16 }; // floats of a cache line

// The summed dimension in equal stretches of at most S1_KC.
static int stretch(int k) {
    int blocks = (k + S1_KC - 1) / S1_KC;
    return blocks ? (k + blocks - 1) / blocks : 0;
}

// A product over nothing is its bias.
static void empty(const s1_gemm *g, int i0, int i1, int j0, int j1) {
    for (int i = i0; i < i1 && !g->add; i++) {
        for (int j = j0; j < j1; j++) g->c[i * g->ldc + j] = g->bias ? g->bias[j] : 0;
    }
}

static void block(const s1_train_simd *s, const s1_gemm *g, int i0, int i1, int j0, int j1, float *packed) {
    int kc = stretch(g->k), mr = s->mr, nr = s->nr;
    S1_BOUND(i0, i1);
    S1_BOUND(j0, j1);
    S1_BOUND(i1 - 1, g->m);
    S1_BOUND(j1 - 1, g->n);
    S1_BOUND(kc, S1_KC + 1);
    if (g->k == 0) empty(g, i0, i1, j0, j1);
    for (int k = 0; k < g->k; k += kc) {
        int n = g->k - k < kc ? g->k - k : kc, first = k == 0;
        for (int j = j0; j < j1 && !g->ready; j += nr) {
            s->pack(n, j1 - j < nr ? j1 - j : nr, g->b + k * g->brs + j * g->bcs, g->brs, g->bcs, packed + (size_t)(j - j0) * S1_KC);
        }
        for (int i = i0; i < i1; i += mr) {
            for (int j = j0; j < j1; j += nr) {
                s->tile(n, g->a + i * g->ars + k * g->acs, g->ars, g->acs, i1 - i < mr ? i1 - i : mr,
                        g->ready ? g->ready + (size_t)j * g->k + (size_t)k * nr : packed + (size_t)(j - j0) * S1_KC, g->c + i * g->ldc + j, g->ldc, j1 - j < nr ? j1 - j : nr, g->scale,
                        first && g->bias ? g->bias + j : 0, g->add || !first);
            }
        }
    }
}

// The same over b's packed panels, of a unit with many columns: one panel stays in the first cache while the rows go past it. Rows
// that lie across the memory (a transposed) are packed before, tile by tile, as each is read once for every panel; those of the next
// stretch are called near meanwhile, some with each tile, because as many at once would fill the queue of misses and be waited for.
static void tall(const s1_train_simd *s, const s1_gemm *g, int i0, int i1, int j0, int j1, float *packed) {
    int kc = stretch(g->k), mr = s->mr, nr = s->nr, across = g->acs != 1;
    int tiles = (i1 - i0 + mr - 1) / mr * ((j1 - j0 + nr - 1) / nr);
    S1_BOUND(i1 - i0, S1_T_TALL + 1);
    S1_BOUND(i1 - 1, g->m);
    S1_BOUND(j1 - 1, g->n);
    for (int k = 0; k < g->k; k += kc) {
        int n = g->k - k < kc ? g->k - k : kc, first = k == 0;
        const float *a = g->a + i0 * g->ars + k * g->acs;
        if (across) s->rows(n, i1 - i0, a, g->ars, g->acs, packed);
        const float *next = a + n * g->acs;
        int left = across && g->ars == 1 ? (g->k - k - n < kc ? g->k - k - n : kc) : 0, each = (left + tiles - 1) / tiles;
        for (int j = j0; j < j1; j += nr) {
            for (int i = i0; i < i1; i += mr) {
                for (int e = 0; e < each && left > 0; e++, left--, next += g->acs) {
                    for (int at = 0; at < i1 - i0; at += LINE) __builtin_prefetch(next + at, 0, 2);
                    __builtin_prefetch(next + i1 - i0 - 1, 0, 2);
                }
                // Packed rows are there to the tile's end.
                s->tile(n, across ? packed + (size_t)(i - i0) * n : a + (i - i0) * g->ars, across ? 1 : g->ars, across ? mr : g->acs,
                        i1 - i < mr ? i1 - i : mr, g->ready + (size_t)j * g->k + (size_t)k * nr, g->c + i * g->ldc + j, g->ldc,
                        j1 - j < nr ? j1 - j : nr, g->scale, first && g->bias ? g->bias + j : 0, g->add || !first);
            }
        }
    }
}

// The same in bf16; a's rows are rounded and packed as well, behind the panels of b.
static void block16(const s1_train_simd *s, const s1_gemm *g, int i0, int i1, int j0, int j1, uint32_t *panels) {
    int kc = stretch(g->k), mr = s->mr, nr = s->nr;
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
                          g->add || !first);
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

void s1_t_gemm_stage(s1_trainer *t, int stage, s1_gemm *g) {
    int cols = columns(t), col_blocks = (g->n + cols - 1) / cols;
    g->rows = S1_T_ROWS;
    while (g->rows > 24 && (g->m + g->rows - 1) / g->rows * col_blocks < 8) g->rows = g->rows / 24 * 12; // halves, of 12 each
    g->row_blocks = (g->m + g->rows - 1) / g->rows;
    t->stages[stage] = (s1_t_stage){units, g, g->row_blocks * col_blocks, 0};
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

static void tall_units(s1_trainer *t, const void *op, int lo, int hi, int thread) {
    const s1_gemm *g = op;
    float *packed = s1_t_scratch(t, thread, (size_t)(S1_T_TALL + t->simd->mr) * S1_KC);
    if (!packed) return;
    for (int u = lo; u < hi; u++) {
        int i = u % g->row_blocks * g->rows, j = u / g->row_blocks * g->cols;
        tall(t->simd, g, i, i + g->rows < g->m ? i + g->rows : g->m, j, j + g->cols < g->n ? j + g->cols : g->n, packed);
    }
}

// A large product: all threads pack b, a stretch of columns at a time, and then share the tiles out.
static int large(s1_trainer *t, const s1_gemm *whole) {
    int nr = t->simd->nr, most = S1_T_PACKED / whole->k / nr * nr;
    if (most < nr) most = nr;
    for (int j = 0; j < whole->n; j += most) {
        s1_gemm g = *whole;
        g.n = whole->n - j < most ? whole->n - j : most;
        g.b += j * g.bcs;
        g.c += j;
        if (g.bias) g.bias += j;
        int panels = (g.n + nr - 1) / nr, blocks;
        float *ready = s1_t_shared(t, (size_t)(panels * nr) * (size_t)g.k);
        if (!ready) return S1_T_NO_MEMORY;
        g.ready = ready;
        // Blocks of rows that the threads can share evenly. What packs its rows does so once, for all columns.
        blocks = s1_t_up((g.m + S1_T_TALL - 1) / S1_T_TALL, t->threads);
        g.rows = s1_t_up((g.m + blocks - 1) / blocks, t->simd->mr);
        g.row_blocks = (g.m + g.rows - 1) / g.rows;
        blocks = g.acs == 1 ? (8 + g.row_blocks - 1) / g.row_blocks : 1;
        g.cols = (panels + blocks - 1) / blocks * nr;
        t->stages[0] = g.bcs == 1 ? (s1_t_stage){row_units, &g, (g.k + S1_T_PACK - 1) / S1_T_PACK, 0} : (s1_t_stage){column_units, &g, panels, 0};
        t->stages[1] = (s1_t_stage){tall_units, &g, g.row_blocks * ((g.n + g.cols - 1) / g.cols), 0};
        int rc = s1_t_run(t, 2);
        if (rc) return rc;
    }
    return S1_T_OK;
}

int s1_t_gemm(s1_trainer *t, s1_gemm *g) {
    if (!t->bf16 && g->m >= S1_T_LARGE && g->n >= S1_T_LARGE && g->k > 0) return large(t, g);
    s1_t_gemm_stage(t, 0, g);
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
