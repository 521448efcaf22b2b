// train_attn.c: causal attention of packed documents and its gradient. A unit is one document and one key/value head with all
// the query heads that read it, so that the gradients of keys and values are summed by one unit in a fixed order. Scores of a
// few queries against all keys before them are made as a whole (S1_T_QUERIES rows), so the softmax is the plain one; the
// gradient makes the probabilities again from LSE. Tiles of scores that no query sees are neither made nor summed over.
#include "train.h"

#include <string.h>

static const float log2e = 1.44269504f, ln2 = 0.693147181f;

// Scratch of a unit. Panels of a document's head are packed once for all of its queries.
typedef struct {
    float *s, *ds;       // scores and their gradient (S1_T_QUERIES, ld)
    float *kt, *k;       // K^T over dim, K over the keys
    float *vt, *v;       // V^T, V
    float *q, *dout;     // of a step's queries
    int ld;              // whole panels
} room;

static int longest(const s1_t_attn *a) {
    int n = 0;
    for (int i = 0; i < a->docs; i++) n = a->doc[i + 1] - a->doc[i] > n ? a->doc[i + 1] - a->doc[i] : n;
    return n;
}

static int rooms(s1_trainer *t, const s1_t_attn *a, int thread, int grad, room *r) {
    int nr = t->simd->nr, most = longest(a), ld = s1_t_up(most, nr > 16 ? nr : 16), wide = s1_t_up(a->dim, nr);
    size_t scores = (size_t)S1_T_QUERIES * (size_t)ld, across = (size_t)ld * (size_t)a->dim, along = (size_t)wide * (size_t)most,
           some = (size_t)wide * S1_T_QUERIES;
    float *p = s1_t_scratch(t, thread, 2 * scores + 2 * across + along + 2 * some);
    if (!p) return 0;
    *r = (room){.s = p, .ds = p + scores, .ld = ld};
    p += 2 * scores;
    r->kt = p, p += across;
    r->vt = p, p += across;
    *(grad ? &r->k : &r->v) = p, p += along;
    r->q = p, r->dout = p + some;
    return 1;
}

// A row of tiles, c (m, n) = scale * a b, or added to c: m <= mr; the panels of b are packed over depth, and a is zero before
// from and from to on. An element is summed in the stretches that it would be over all of the summed dimension.
static void row(const s1_train_simd *s, int m, int n, int all, int from, int to, const float *a, ptrdiff_t ars, ptrdiff_t acs,
                const float *b, int depth, float *c, ptrdiff_t ldc, float scale, int add) {
    int kc = s1_t_stretch(all);
    S1_BOUND(to - 1, all);
    for (int k = 0; k < to; k += kc) {
        int lo = k > from ? k : from, hi = k + kc < to ? k + kc : to;
        if (lo >= hi) continue;
        for (int j = 0; j < n; j += s->nr) {
            s->tile(hi - lo, a + lo * acs, ars, acs, m, b + (size_t)j * depth + (size_t)lo * s->nr, c + j, ldc, n - j < s->nr ? n - j : s->nr, scale, 0,
                    add || k ? c + j : 0);
        }
    }
}

// What follows is of m queries of a document, of which i are before them, and its first keys = i + m keys.
typedef struct {
    int i, m, keys, dim;
} step;

static int least(int a, int b) { return a < b ? a : b; }

// s = scale * x y^T, where a query sees the key; beyond, what is there is not to be read. yt is y^T, packed.
static void scores(const s1_train_simd *s, const step *at, const float *x, int ldx, const float *yt, float scale, float *out, int ld) {
    for (int r = 0; r < at->m; r += s->mr) {
        int seen = s1_t_up(least(at->keys, at->i + r + s->mr), s->nr);
        S1_BOUND(seen - 1, ld);
        row(s, least(s->mr, at->m - r), seen, at->dim, 0, at->dim, x + (size_t)r * ldx, ldx, 1, yt, at->dim, out + (size_t)r * ld, ld, scale, 0);
    }
}

// out (m, dim) = s y; y is packed over n keys.
static void mix(const s1_train_simd *s, const step *at, const float *p, int ld, const float *y, int n, float *out, int ldo) {
    for (int r = 0; r < at->m; r += s->mr) {
        row(s, least(s->mr, at->m - r), at->dim, at->keys, 0, least(at->keys, at->i + r + s->mr), p + (size_t)r * ld, ld, 1, y, n, out + (size_t)r * ldo,
            ldo, 1, 0);
    }
}

// out (keys, dim) += s^T y; y (m, dim) is packed.
static void spread(const s1_train_simd *s, const step *at, const float *p, int ld, const float *y, float *out, int ldo) {
    for (int j = 0; j < at->keys; j += s->mr) {
        row(s, least(s->mr, at->keys - j), at->dim, at->m, j > at->i ? j - at->i : 0, at->m, p + j, 1, ld, y, at->m, out + (size_t)j * ldo, ldo, 1, 1);
    }
}

static void forward(s1_trainer *t, const void *op, int lo, int hi, int thread) {
    const s1_t_attn *a = op;
    const s1_train_simd *s = t->simd;
    room r;
    if (!rooms(t, a, thread, 0, &r)) return;
    int ld = r.ld, D = a->dim, H = a->heads, G = a->kvheads, group = H / G;
    for (int u = lo; u < hi; u++) {
        int doc = u / G, kv = u % G, first = a->doc[doc], n = a->doc[doc + 1] - first;
        S1_BOUND(doc, a->docs);
        S1_BOUND(n - 1, ld);
        size_t own = ((size_t)first * G + kv) * D;
        s1_t_pack(t, n, D, a->k + own, 1, G * D, r.kt);
        s1_t_pack(t, D, n, a->v + own, G * D, 1, r.v);
        for (int h = kv * group; h < (kv + 1) * group; h++) {
            for (int i = 0; i < n; i += S1_T_QUERIES) {
                int m = least(n - i, S1_T_QUERIES);
                step of = {i, m, i + m, D};
                size_t at = (size_t)(first + i) * H + h;
                scores(s, &of, a->q + at * D, H * D, r.kt, a->scale * log2e, r.s, ld);
                for (int j = 0; j < m; j++) a->lse[at + (size_t)j * H] = ln2 * s->softmax(r.s + (size_t)j * ld, i + j + 1, i + m);
                mix(s, &of, r.s, ld, r.v, n, a->out + at * D, H * D);
            }
        }
    }
}

static void backward(s1_trainer *t, const void *op, int lo, int hi, int thread) {
    const s1_t_attn *a = op;
    const s1_train_simd *s = t->simd;
    room r;
    if (!rooms(t, a, thread, 1, &r)) return;
    int ld = r.ld, D = a->dim, H = a->heads, G = a->kvheads, group = H / G;
    for (int u = lo; u < hi; u++) {
        int doc = u / G, kv = u % G, first = a->doc[doc], n = a->doc[doc + 1] - first;
        S1_BOUND(doc, a->docs);
        S1_BOUND(n - 1, ld);
        size_t own = ((size_t)first * G + kv) * D;
        s1_t_pack(t, n, D, a->k + own, 1, G * D, r.kt);
        s1_t_pack(t, n, D, a->v + own, 1, G * D, r.vt);
        s1_t_pack(t, D, n, a->k + own, G * D, 1, r.k);
        for (int i = 0; i < n; i++) {
            memset(a->dk + own + (size_t)i * G * D, 0, (size_t)D * 4);
            memset(a->dv + own + (size_t)i * G * D, 0, (size_t)D * 4);
        }
        for (int h = kv * group; h < (kv + 1) * group; h++) {
            for (int i = 0; i < n; i += S1_T_QUERIES) {
                int m = least(n - i, S1_T_QUERIES), keys = i + m;
                step of = {i, m, keys, D};
                size_t at = (size_t)(first + i) * H + h;
                const float *q = a->q + at * D, *dout = a->dout + at * D;
                scores(s, &of, q, H * D, r.kt, a->scale * log2e, r.s, ld);
                scores(s, &of, dout, H * D, r.vt, 1, r.ds, ld);
                for (int j = 0; j < m; j++) {
                    size_t line = at + (size_t)j * H;
                    float *p = r.s + (size_t)j * ld;
                    s->probs(p, i + j + 1, keys, a->lse[line] * log2e);
                    s->dscore(p, r.ds + (size_t)j * ld, i + j + 1, keys, s->dot(a->dout + line * D, a->out + line * D, D), a->scale);
                }
                s1_t_pack(t, D, m, q, H * D, 1, r.q);
                s1_t_pack(t, D, m, dout, H * D, 1, r.dout);
                mix(s, &of, r.ds, ld, r.k, n, a->dq + at * D, H * D);
                spread(s, &of, r.ds, ld, r.q, a->dk + own, G * D);
                spread(s, &of, r.s, ld, r.dout, a->dv + own, G * D);
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
