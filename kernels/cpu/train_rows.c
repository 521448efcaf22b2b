// train_rows.c: the ops that go row by row. Where a parameter's gradient sums over rows, a unit sums a block of rows and a second
// stage adds the blocks in order, or a unit owns some columns and walks all rows.
#include <string.h>

#include "train.h"

enum { COLS = 32 }; // columns a unit owns when it walks all rows

typedef struct {
    int n, width, heads, dim, interleaved, add;
    int rows; // of the array that ids index, where it is known
    float eps, rate, keep;
    uint64_t seed, stream;
    const int32_t *ids;
    const float *x, *y, *z;
    float *out, *out2, *parts;
} rows_op;

static int blocks(int n) { return (n + S1_T_BLOCK - 1) / S1_T_BLOCK; }

// The rows of units [lo, hi).
#define EACH_ROW(i)                                                                                                              \
    int end_ = hi * S1_T_BLOCK < o->n ? hi * S1_T_BLOCK : o->n;                                                                  \
    for (int i = lo * S1_T_BLOCK; i < end_; i++)

#define UNIT_OF(t, op, lo, hi, thread) (s1_trainer * t, const void *op, int lo, int hi, int thread)

static int by_rows(s1_trainer *t, const rows_op *o, void (*work)(s1_trainer *, const void *, int, int, int)) {
    t->stages[0] = (s1_t_stage){work, o, blocks(o->n), 1};
    return s1_t_run(t, 1);
}

static int by_columns(s1_trainer *t, const rows_op *o, void (*work)(s1_trainer *, const void *, int, int, int)) {
    t->stages[0] = (s1_t_stage){work, o, (o->width + COLS - 1) / COLS, 0};
    return s1_t_run(t, 1);
}

static void embed UNIT_OF(t, op, lo, hi, thread) {
    (void)t, (void)thread;
    const rows_op *o = op;
    EACH_ROW(i) memcpy(o->out + (size_t)i * o->width, o->x + (size_t)o->ids[i] * o->width, (size_t)o->width * 4);
}

int s1_t_embed(s1_trainer *t, int n, int d, const int32_t *tokens, const float *table, float *out) {
    rows_op o = {.n = n, .width = d, .ids = tokens, .x = table, .out = out};
    return by_rows(t, &o, embed);
}

static void embed_grad UNIT_OF(t, op, lo, hi, thread) {
    (void)thread;
    const rows_op *o = op;
    int j0 = lo * COLS, j1 = hi * COLS < o->width ? hi * COLS : o->width;
    for (int i = 0; i < o->n; i++) t->simd->add(o->out + (size_t)o->ids[i] * o->width + j0, o->x + (size_t)i * o->width + j0, j1 - j0);
}

int s1_t_embed_grad(s1_trainer *t, int n, int d, const int32_t *tokens, const float *dout, float *dtable) {
    rows_op o = {.n = n, .width = d, .ids = tokens, .x = dout, .out = dtable};
    return by_columns(t, &o, embed_grad);
}

static void bias_grad UNIT_OF(t, op, lo, hi, thread) {
    (void)thread;
    const rows_op *o = op;
    int j0 = lo * COLS, j1 = hi * COLS < o->width ? hi * COLS : o->width;
    for (int i = 0; i < o->n; i++) t->simd->add(o->out + j0, o->x + (size_t)i * o->width + j0, j1 - j0);
}

int s1_t_bias_grad(s1_trainer *t, int n, int width, const float *dout, float *dbias) {
    rows_op o = {.n = n, .width = width, .x = dout, .out = dbias};
    return by_columns(t, &o, bias_grad);
}

static void norm UNIT_OF(t, op, lo, hi, thread) {
    (void)thread;
    const rows_op *o = op;
    int seg = o->width / o->heads;
    EACH_ROW(i) for (int h = 0; h < o->heads; h++) {
        size_t at = (size_t)i * o->width + (size_t)h * seg;
        t->rows->rmsnorm(o->x + at, o->y, o->eps, seg, o->out + at);
    }
}

int s1_t_norm(s1_trainer *t, int n, int width, int heads, float eps, const float *x, const float *w, float *out) {
    rows_op o = {.n = n, .width = width, .heads = heads > 0 ? heads : 1, .eps = eps, .x = x, .y = w, .out = out};
    return by_rows(t, &o, norm);
}

static void norm_grad UNIT_OF(t, op, lo, hi, thread) {
    (void)thread;
    const rows_op *o = op;
    int seg = o->width / o->heads;
    for (int u = lo; u < hi; u++) {
        float *dw = o->parts ? o->parts + (size_t)u * seg : 0;
        if (dw) memset(dw, 0, (size_t)seg * 4);
        int end = (u + 1) * S1_T_BLOCK < o->n ? (u + 1) * S1_T_BLOCK : o->n;
        for (int i = u * S1_T_BLOCK; i < end; i++) {
            for (int h = 0; h < o->heads; h++) {
                size_t at = (size_t)i * o->width + (size_t)h * seg;
                t->simd->norm_grad(o->x + at, o->z + at, o->y, o->eps, seg, o->add, o->out + at, dw);
            }
        }
    }
}

static void sum_parts UNIT_OF(t, op, lo, hi, thread) {
    (void)thread, (void)lo, (void)hi;
    const rows_op *o = op;
    int seg = o->width / o->heads;
    for (int u = 0; u < blocks(o->n); u++) t->simd->add(o->out2, o->parts + (size_t)u * seg, seg);
}

int s1_t_norm_grad(s1_trainer *t, int n, int width, int heads, float eps, const float *x, const float *w, const float *dout,
                   float *dx, float *dw, int add) {
    rows_op o = {.n = n, .width = width, .heads = heads > 0 ? heads : 1, .eps = eps, .add = add,
                 .x = x, .y = w, .z = dout, .out = dx, .out2 = dw};
    if (dw && !(o.parts = s1_t_shared(t, (size_t)blocks(n) * (size_t)(width / o.heads)))) return S1_T_NO_MEMORY;
    t->stages[0] = (s1_t_stage){norm_grad, &o, blocks(n), 1};
    t->stages[1] = (s1_t_stage){sum_parts, &o, 1, 0};
    return s1_t_run(t, dw ? 2 : 1);
}

static void rope UNIT_OF(t, op, lo, hi, thread) {
    (void)thread;
    const rows_op *o = op;
    EACH_ROW(i) for (int h = 0; h < o->heads; h++) {
        t->rows->rope(o->out + ((size_t)i * o->heads + h) * o->dim, o->x + (size_t)o->ids[i] * o->dim, o->dim, o->interleaved);
    }
}

int s1_t_rope(s1_trainer *t, int n, int heads, int dim, int interleaved, const int32_t *pos, const float *table, float *x) {
    rows_op o = {.n = n, .heads = heads, .dim = dim, .interleaved = interleaved, .ids = pos, .x = table, .out = x};
    return by_rows(t, &o, rope);
}

static void swiglu UNIT_OF(t, op, lo, hi, thread) {
    (void)thread;
    const rows_op *o = op;
    EACH_ROW(i) {
        size_t at = (size_t)i * o->width;
        t->rows->swiglu(o->x + at, o->y + at, o->width, o->out + at);
    }
}

int s1_t_swiglu(s1_trainer *t, int n, int width, const float *gate, const float *up, float *out) {
    rows_op o = {.n = n, .width = width, .x = gate, .y = up, .out = out};
    return by_rows(t, &o, swiglu);
}

static void swiglu_grad UNIT_OF(t, op, lo, hi, thread) {
    (void)thread;
    const rows_op *o = op;
    EACH_ROW(i) {
        size_t at = (size_t)i * o->width;
        t->simd->swiglu_grad(o->x + at, o->y + at, o->z + at, o->width, o->out + at, o->out2 + at);
    }
}

int s1_t_swiglu_grad(s1_trainer *t, int n, int width, const float *gate, const float *up, const float *dout, float *dgate,
                     float *dup) {
    rows_op o = {.n = n, .width = width, .x = gate, .y = up, .z = dout, .out = dgate, .out2 = dup};
    return by_rows(t, &o, swiglu_grad);
}

static void select_rows UNIT_OF(t, op, lo, hi, thread) {
    (void)t, (void)thread;
    const rows_op *o = op;
    EACH_ROW(i) memcpy(o->out + (size_t)i * o->width, o->x + (size_t)o->ids[i] * o->width, (size_t)o->width * 4);
}

int s1_t_select(s1_trainer *t, int r, int width, const int32_t *rows, const float *x, float *out) {
    rows_op o = {.n = r, .width = width, .ids = rows, .x = x, .out = out};
    return by_rows(t, &o, select_rows);
}

static void put_rows UNIT_OF(t, op, lo, hi, thread) {
    (void)t, (void)thread;
    const rows_op *o = op;
    EACH_ROW(i) {
        S1_BOUND(o->ids[i], o->rows);
        memcpy(o->out + (size_t)o->ids[i] * o->width, o->x + (size_t)i * o->width, (size_t)o->width * 4);
    }
}

int s1_t_select_grad(s1_trainer *t, int n, int r, int width, const int32_t *rows, const float *dout, float *dx) {
    rows_op o = {.n = r, .rows = n, .width = width, .ids = rows, .x = dout, .out = dx};
    memset(dx, 0, (size_t)n * (size_t)width * 4);
    return by_rows(t, &o, put_rows);
}

// As kernels.Keep.
static int keep(uint64_t seed, uint64_t stream, uint64_t i, float rate) {
    uint64_t x = seed ^ stream * 0x9e3779b97f4a7c15u;
    x += (i + 1) * 0xbf58476d1ce4e5b9u;
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    x ^= x >> 31;
    return (float)(x >> 40) * (1.0f / (1 << 24)) >= rate;
}

static void dropout UNIT_OF(t, op, lo, hi, thread) {
    (void)t, (void)thread;
    const rows_op *o = op;
    EACH_ROW(i) for (int j = 0; j < o->width; j++) {
        size_t at = (size_t)i * o->width + (size_t)j;
        float v = keep(o->seed, o->stream, at, o->rate) ? o->x[at] * o->keep : 0;
        o->out[at] = o->add ? o->out[at] + v : v;
    }
}

// Dropout of nothing.
static void copy UNIT_OF(t, op, lo, hi, thread) {
    (void)thread;
    const rows_op *o = op;
    EACH_ROW(i) {
        size_t at = (size_t)i * o->width;
        if (o->add) {
            t->simd->add(o->out + at, o->x + at, o->width);
        } else if (o->out != o->x) {
            memcpy(o->out + at, o->x + at, (size_t)o->width * 4);
        }
    }
}

int s1_t_dropout(s1_trainer *t, int n, int width, float rate, uint64_t seed, uint64_t stream, const float *x, float *out, int add) {
    rows_op o = {.n = n, .width = width, .rate = rate, .keep = 1.0f / (1.0f - rate), .seed = seed, .stream = stream,
                 .x = x, .out = out, .add = add};
    return by_rows(t, &o, rate > 0 ? dropout : copy);
}
