// train_update.c: norms and optimiser steps.
#include <math.h>
#include <string.h>

#include "train.h"

typedef struct {
    long n;
    const float *x;
    double *sums;
    float *w, *m, *v;
    const s1_adamw *h;
} flat;

static int chunks(long n) { return (int)((n + S1_T_CHUNK - 1) / S1_T_CHUNK); }

static int by_chunks(s1_trainer *t, const flat *f, void (*work)(s1_trainer *, const void *, int, int, int)) {
    t->stages[0] = (s1_t_stage){work, f, chunks(f->n), 1};
    return s1_t_run(t, 1);
}

#define EACH_CHUNK(at, len)                                                                                                      \
    for (long at = (long)lo * S1_T_CHUNK, len, end_ = (long)hi * S1_T_CHUNK; at < end_ && at < f->n; at += S1_T_CHUNK)            \
        if ((len = f->n - at < S1_T_CHUNK ? f->n - at : S1_T_CHUNK) > 0)

static void sumsq(s1_trainer *t, const void *op, int lo, int hi, int thread) {
    (void)thread;
    const flat *f = op;
    EACH_CHUNK(at, len) f->sums[at / S1_T_CHUNK] = t->simd->sumsq(f->x + at, (int)len);
}

int s1_t_sumsq(s1_trainer *t, long n, const float *x, double *out) {
    flat f = {.n = n, .x = x, .sums = (double *)s1_t_shared(t, 2 * (size_t)chunks(n))};
    if (!f.sums) return S1_T_NO_MEMORY;
    int rc = by_chunks(t, &f, sumsq);
    *out = 0;
    for (int i = 0; i < chunks(n); i++) *out += f.sums[i];
    return rc;
}

static void adamw(s1_trainer *t, const void *op, int lo, int hi, int thread) {
    (void)thread;
    const flat *f = op;
    EACH_CHUNK(at, len) t->simd->adamw(f->w + at, f->x + at, f->m + at, f->v + at, (int)len, f->h);
}

int s1_t_adamw(s1_trainer *t, long n, float *w, const float *g, float *m, float *v, const s1_adamw *h) {
    flat f = {.n = n, .x = g, .w = w, .m = m, .v = v, .h = h};
    return by_chunks(t, &f, adamw);
}

// One matrix's Muon step by one thread: Newton-Schulz works on the short side, x (r, k) with r <= k, which is the update as it
// lies or, where there are more rows than columns, its transpose by strides.
static void muon(const s1_trainer *t, const s1_muon *o, float *scratch) {
    const s1_train_simd *s = t->simd;
    int rows = o->rows, cols = o->cols, r = rows < cols ? rows : cols, k = rows < cols ? cols : rows;
    ptrdiff_t xrs = rows <= cols ? cols : 1, xcs = rows <= cols ? 1 : cols;
    int n = rows * cols, sq = r * r;
    float *u = scratch + s1_t_gemm_floats(t), *y = u + n, *a = y + n, *b = a + sq;

    s->axpby(o->m, (float)o->beta, o->g, (float)((1 - o->beta) * o->scale), n);
    memset(u, 0, (size_t)n * 4);
    s->axpby(u, 0, o->g, (float)((1 - o->beta) * o->scale), n);
    s->axpby(u, 1, o->m, (float)o->beta, n);
    s->axpby(u, (float)(1 / (sqrt(s->sumsq(u, n)) + 1e-7)), u, 0, n);

    for (int i = 0; i < 5; i++) {
        const float ca = 3.4445f, cb = -4.7750f, cc = 2.0315f;
        s1_gemm gram = {.m = r, .n = r, .k = k, .a = u, .ars = xrs, .acs = xcs, .b = u, .brs = xcs, .bcs = xrs, .c = a, .ldc = r, .scale = 1};
        s1_t_gemm_one(t, &gram, scratch); // a = x x^T
        memcpy(b, a, (size_t)sq * 4);
        s->axpby(b, cb, b, 0, sq);
        s1_gemm square = {.m = r, .n = r, .k = r, .a = a, .ars = r, .acs = 1, .b = a, .brs = r, .bcs = 1, .c = b, .ldc = r, .scale = cc, .add = b};
        s1_t_gemm_one(t, &square, scratch); // b = cb a + cc a a
        memcpy(y, u, (size_t)n * 4);
        s->axpby(y, ca, y, 0, n);
        // y = ca x + b x; transposed that is y^T = ca x^T + x^T b, as b is symmetric
        s1_gemm wide = {.m = r, .n = k, .k = r, .a = b, .ars = r, .acs = 1, .b = u, .brs = k, .bcs = 1, .c = y, .ldc = k, .scale = 1, .add = y};
        s1_gemm tall = {.m = k, .n = r, .k = r, .a = u, .ars = r, .acs = 1, .b = b, .brs = r, .bcs = 1, .c = y, .ldc = r, .scale = 1, .add = y};
        s1_t_gemm_one(t, rows <= cols ? &wide : &tall, scratch);
        float *swap = u;
        u = y;
        y = swap;
    }
    s->axpby(o->w, (float)(1 - o->lr * o->decay), u, (float)(-o->lr * 0.2 * sqrt((double)k)), n);
}

typedef struct {
    const s1_muon *list;
    int n;
    size_t floats;
} muons;

static void muon_units(s1_trainer *t, const void *op, int lo, int hi, int thread) {
    const muons *all = op;
    float *scratch = s1_t_scratch(t, thread, all->floats);
    for (int i = lo; scratch && i < hi; i++) muon(t, &all->list[i], scratch);
}

int s1_t_muon(s1_trainer *t, int n, const s1_muon *list) {
    muons all = {list, n, 0};
    for (int i = 0; i < n; i++) {
        size_t rows = (size_t)list[i].rows, cols = (size_t)list[i].cols, r = rows < cols ? rows : cols;
        size_t floats = s1_t_gemm_floats(t) + 2 * rows * cols + 2 * r * r;
        if (floats > all.floats) all.floats = floats;
    }
    t->stages[0] = (s1_t_stage){muon_units, &all, n, 0};
    return s1_t_run(t, 1);
}
