// rows.c: stages whose work is cut by rows.
#include <math.h>
#include <string.h>

#include "exec.h"

static void norm_row(const s1_machine *m, const s1_rowop *op, size_t row) {
    const float *x = op->x + row * (size_t)op->width;
    float *out = op->out + row * (size_t)op->width;
    int segments = op->heads > 0 ? op->heads : 1, n = op->width / segments;
    for (int i = 0; i < segments; i++) m->simd->rmsnorm(x + i * n, op->w, op->eps, n, out + i * n);
}

// Cosines and sines of a row's position, used by every layer. The angle is rounded to fp32, as kernels/ref does.
static void rope_table_row(const s1_machine *m, const s1_rowop *op, size_t row) {
    float *cs = op->out + row * (size_t)op->dim;
    for (int i = 0; i < op->dim / 2; i++) {
        double angle = (float)m->pos[row] * op->w[i];
        cs[i] = (float)cos(angle) * op->scale;
        cs[op->dim / 2 + i] = (float)sin(angle) * op->scale;
    }
}

static void kv_row(const s1_machine *m, const s1_rowop *op, size_t row) {
    int pos = m->pos[row], page = m->tables[m->table_at[m->seq[row]] + pos / S1_PAGE];
    for (int h = 0; h < m->kvheads; h++) {
        uint16_t *k = s1_kv(m, page, op->layer, h);
        size_t at = row * (size_t)op->width + (size_t)(h * m->D);
        m->simd->kv_write(op->x + at, op->y + at, m->D, m->Dp, pos % S1_PAGE, k, k + (size_t)S1_PAGE * (size_t)m->Dp);
    }
}

static void run_row(s1_machine *m, const s1_rowop *op, size_t r) {
    const size_t w = (size_t)op->width;
    switch (op->kind) {
    case S1_OP_EMBED: s1_mat_row(op->mat, m->tokens[r], op->out + r * w); break;
    case S1_OP_NORM: norm_row(m, op, r); break;
    case S1_OP_ROPE_TABLE: rope_table_row(m, op, r); break;
    case S1_OP_ROPE:
        for (int h = 0; h < op->heads; h++) {
            m->simd->rope(op->out + r * w + (size_t)(h * op->dim), op->w + r * (size_t)op->dim, op->dim, op->interleaved);
        }
        break;
    case S1_OP_KV: kv_row(m, op, r); break;
    case S1_OP_FOLD: s1_fold_row(m, op, (int)r); break;
    case S1_OP_SWIGLU: m->simd->swiglu(op->x + r * w, op->y + r * w, op->width, op->out + r * w); break;
    case S1_OP_SELECT: memcpy(op->out + r * w, op->x + (size_t)m->out[r] * w, w * sizeof(float)); break;
    }
}

void s1_run_rows(s1_machine *m, const s1_stage *s, int r0, int r1) {
    int n = s->out_rows ? m->nout : m->n;
    for (int lo = r0; lo < r1; lo += S1_ROWS) { // few rows through all ops, so that they stay in the first cache
        int hi = lo + S1_ROWS < r1 ? lo + S1_ROWS : r1;
        for (int i = 0; i < s->count; i++) {
            const s1_rowop *op = &m->rowops[s->first + i];
            if (op->kind == S1_OP_PACK) {
                s1_act_pack(m->isa, op->layout, op->x, op->width, n, op->width, lo, hi, op->act);
                continue;
            }
            for (int r = lo; r < hi; r++) run_row(m, op, (size_t)r);
        }
    }
}
