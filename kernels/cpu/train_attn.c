// train_attn.c: causal attention of packed documents and its gradient. A unit is one document and one key/value head with all
// the query heads that read it, so that the gradients of keys and values are summed by one unit in a fixed order. Scores of a
// few queries against all keys before them are made as a whole (S1_T_QUERIES rows), so the softmax is the plain one; the
// gradient makes the probabilities again from LSE.
#include "train.h"

#include <string.h>

static const float log2e = 1.44269504f, ln2 = 0.693147181f;

typedef struct {
    float *packed, *s, *ds; // panels of a product; scores and their gradient (S1_T_QUERIES, ld)
    float *kt, *vt;         // K^T and V^T of a document's head, packed once for all of its queries; NULL where they do not fit
    int ld;
} room;

static int longest(const s1_t_attn *a) {
    int n = 0;
    for (int i = 0; i < a->docs; i++) n = a->doc[i + 1] - a->doc[i] > n ? a->doc[i + 1] - a->doc[i] : n;
    return n;
}

static int rooms(s1_trainer *t, const s1_t_attn *a, int thread, room *r) {
    int ld = s1_t_up(longest(a), 16);
    size_t packed = s1_t_gemm_floats(t), some = (size_t)S1_T_QUERIES * (size_t)ld;
    size_t all = a->dim <= S1_KC ? (size_t)s1_t_up(longest(a), t->simd->nr) * (size_t)a->dim : 0;
    float *p = s1_t_scratch(t, thread, packed + 2 * some + 2 * all);
    if (!p) return 0;
    float *s = p + packed, *kt = s + 2 * some;
    *r = (room){p, s, s + some, all ? kt : 0, all ? kt + all : 0, ld};
    return 1;
}

// s (n, keys) = scale * x y^T, both with dim columns; yt is y^T packed, or NULL.
static void scores(s1_trainer *t, int n, int keys, int dim, const float *x, int ldx, const float *y, int ldy, const float *yt, float scale,
                   float *s, const room *r) {
    s1_gemm g = {.m = n, .n = keys, .k = dim, .a = x, .ars = ldx, .acs = 1, .b = y, .brs = 1, .bcs = ldy, .ready = yt, .c = s, .ldc = r->ld,
                 .scale = scale};
    s1_t_gemm_one(t, &g, r->packed);
}

// out (n, dim) = s (n, keys) y
static void mix(s1_trainer *t, int n, int keys, int dim, const float *s, int ld, const float *y, int ldy, float *out, int ldo,
                float *packed) {
    s1_gemm g = {.m = n, .n = dim, .k = keys, .a = s, .ars = ld, .acs = 1, .b = y, .brs = ldy, .bcs = 1, .c = out, .ldc = ldo, .scale = 1};
    s1_t_gemm_one(t, &g, packed);
}

// out (keys, dim) += s (n, keys)^T y (n, dim)
static void spread(s1_trainer *t, int n, int keys, int dim, const float *s, int ld, const float *y, int ldy, float *out, int ldo,
                   float *packed) {
    s1_gemm g = {.m = keys, .n = dim, .k = n, .a = s, .ars = 1, .acs = ld, .b = y, .brs = ldy, .bcs = 1, .c = out, .ldc = ldo,
                 .scale = 1, .add = out};
    s1_t_gemm_one(t, &g, packed);
}

static void forward(s1_trainer *t, const void *op, int lo, int hi, int thread) {
    const s1_t_attn *a = op;
    room r;
    if (!rooms(t, a, thread, &r)) return;
    int ld = r.ld, D = a->dim, H = a->heads, G = a->kvheads, group = H / G;
    for (int u = lo; u < hi; u++) {
        int doc = u / G, kv = u % G, first = a->doc[doc], n = a->doc[doc + 1] - first;
        S1_BOUND(doc, a->docs);
        S1_BOUND(n - 1, ld);
        const float *k = a->k + ((size_t)first * G + kv) * D, *v = a->v + ((size_t)first * G + kv) * D;
        if (r.kt) s1_t_pack(t, n, D, k, 1, G * D, r.kt);
        for (int h = kv * group; h < (kv + 1) * group; h++) {
            for (int i = 0; i < n; i += S1_T_QUERIES) {
                int m = n - i < S1_T_QUERIES ? n - i : S1_T_QUERIES, keys = i + m;
                size_t at = (size_t)(first + i) * H + h;
                scores(t, m, keys, D, a->q + at * D, H * D, k, G * D, r.kt, a->scale * log2e, r.s, &r);
                for (int j = 0; j < m; j++) {
                    a->lse[at + (size_t)j * H] = ln2 * t->simd->softmax(r.s + (size_t)j * ld, i + j + 1, keys);
                }
                mix(t, m, keys, D, r.s, ld, v, G * D, a->out + at * D, H * D, r.packed);
            }
        }
    }
}

static void backward(s1_trainer *t, const void *op, int lo, int hi, int thread) {
    const s1_t_attn *a = op;
    room r;
    if (!rooms(t, a, thread, &r)) return;
    int ld = r.ld, D = a->dim, H = a->heads, G = a->kvheads, group = H / G;
    for (int u = lo; u < hi; u++) {
        int doc = u / G, kv = u % G, first = a->doc[doc], n = a->doc[doc + 1] - first;
        S1_BOUND(doc, a->docs);
        S1_BOUND(n - 1, ld);
        size_t own = ((size_t)first * G + kv) * D;
        if (r.kt) {
            s1_t_pack(t, n, D, a->k + own, 1, G * D, r.kt);
            s1_t_pack(t, n, D, a->v + own, 1, G * D, r.vt);
        }
        for (int i = 0; i < n; i++) {
            memset(a->dk + own + (size_t)i * G * D, 0, (size_t)D * 4);
            memset(a->dv + own + (size_t)i * G * D, 0, (size_t)D * 4);
        }
        for (int h = kv * group; h < (kv + 1) * group; h++) {
            for (int i = 0; i < n; i += S1_T_QUERIES) {
                int m = n - i < S1_T_QUERIES ? n - i : S1_T_QUERIES, keys = i + m;
                size_t at = (size_t)(first + i) * H + h;
                scores(t, m, keys, D, a->q + at * D, H * D, a->k + own, G * D, r.kt, a->scale * log2e, r.s, &r);
                scores(t, m, keys, D, a->dout + at * D, H * D, a->v + own, G * D, r.vt, 1, r.ds, &r);
                for (int j = 0; j < m; j++) {
                    size_t row = at + (size_t)j * H;
                    float *p = r.s + (size_t)j * ld;
                    t->simd->probs(p, i + j + 1, keys, a->lse[row] * log2e);
                    t->simd->dscore(p, r.ds + (size_t)j * ld, i + j + 1, keys, t->simd->dot(a->dout + row * D, a->out + row * D, D), a->scale);
                }
                mix(t, m, keys, D, r.ds, ld, a->k + own, G * D, a->dq + at * D, H * D, r.packed);
                spread(t, m, keys, D, r.ds, ld, a->q + at * D, H * D, a->dk + own, G * D, r.packed);
                spread(t, m, keys, D, r.s, ld, a->dout + at * D, H * D, a->dv + own, G * D, r.packed);
            }
        }
    }
}

static int attend(s1_trainer *t, const s1_t_attn *a, void (*work)(s1_trainer *, const void *, int, int, int)) {
    t->stages[0] = (s1_t_stage){work, a, a->docs * a->kvheads, 1};
    return s1_t_run(t, 1);
}

int s1_t_attention(s1_trainer *t, const s1_t_attn *a) { return attend(t, a, forward); }
int s1_t_attention_grad(s1_trainer *t, const s1_t_attn *a) { return attend(t, a, backward); }
