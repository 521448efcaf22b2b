// train_loss.c: cross entropy over a vocabulary, a chunk of rows at a time: the logits of a chunk become its gradient in place.
#include "train.h"

typedef struct {
    const s1_t_loss_op *op;
    float *logits; // (rows, v)
    int r0, rows;
} chunk;

static void loss_rows(s1_trainer *t, const void *op, int lo, int hi, int thread) {
    (void)thread;
    const chunk *c = op;
    const s1_t_loss_op *o = c->op;
    for (int i = lo; i < hi; i++) {
        int r = c->r0 + i, target = o->targets[r];
        S1_BOUND(target, o->v);
        float *x = c->logits + (size_t)i * o->v, at = x[target], g = o->dx ? o->weights[r] * o->scale : 0, lse;
        t->simd->loss_row(x, o->v, g, &lse, &o->entropy[r], &o->argmax[r]);
        o->nll[r] = lse - at;
        if (g > 0) x[target] -= g;
    }
}

int s1_t_loss(s1_trainer *t, const s1_t_loss_op *o) {
    if (o->r == 0) return S1_T_OK;
    int most = o->chunk < o->r ? o->chunk : o->r;
    float *logits = s1_t_shared(t, (size_t)most * (size_t)o->v);
    if (!logits) return S1_T_NO_MEMORY;
    for (int r = 0; r < o->r; r += most) {
        chunk c = {o, logits, r, o->r - r < most ? o->r - r : most};
        s1_gemm y = {.m = c.rows, .n = o->v, .k = o->d, .a = o->x + (size_t)r * o->d, .ars = o->d, .acs = 1, .b = o->w, .brs = 1,
                     .bcs = o->d, .c = logits, .ldc = o->v, .scale = 1};
        s1_gemm dx = {.m = c.rows, .n = o->d, .k = o->v, .a = logits, .ars = o->v, .acs = 1, .b = o->w, .brs = o->d, .bcs = 1,
                      .c = o->dx ? o->dx + (size_t)r * o->d : 0, .ldc = o->d, .scale = 1};
        s1_gemm dw = {.m = o->v, .n = o->d, .k = c.rows, .a = logits, .ars = 1, .acs = o->v, .b = o->x + (size_t)r * o->d, .brs = o->d,
                      .bcs = 1, .c = o->dw, .ldc = o->d, .scale = 1, .add = o->dw};
        int rc = s1_t_gemm(t, &y);
        t->stages[0] = (s1_t_stage){loss_rows, &c, c.rows, 4};
        if (!rc) rc = s1_t_run(t, 1);
        if (!rc && o->dx) rc = s1_t_gemm(t, &dx);
        if (!rc && o->dx && o->dw) rc = s1_t_gemm(t, &dw);
        if (rc) return rc;
    }
    return S1_T_OK;
}
