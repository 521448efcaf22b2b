// attn_impl.h: attention of up to S1_TILE queries over one page. Included by simd_*.c after vec.h.
//
// A page of one layer and key/value head:
//   K: [S1_PAGE/16][Dp][16] halves: 16 positions of one dimension side by side, so that a score is a plain
//      multiply-add over dimensions with the query broadcast, and 16 scores are one or two vectors;
//   V: [S1_PAGE][Dp] halves.
// Dp is D rounded up to 16; the rest is zero.
//
// A query's numbers do not depend on its neighbours: each score is a sum over dimensions in order, each page is folded into
// the running softmax in order, and positions it may not see count as exactly 0.

static void kv_write(const float *k, const float *v, int D, int Dp, int at, uint16_t *kpage, uint16_t *vpage) {
    uint16_t h[VL], *kp = kpage + (size_t)(at / 16) * 16 * (size_t)Dp + at % 16, *vp = vpage + (size_t)at * (size_t)Dp;
    for (int d = 0; d < D; d += VL) {
        int n = D - d < VL ? D - d : VL;
        float t[VL] = {0};
        memcpy(t, k + d, (size_t)n * 4);
        vstore16(h, vload(t));
        for (int i = 0; i < n; i++) kp[(d + i) * 16] = h[i];
        memcpy(t, v + d, (size_t)n * 4);
        vstore16(h, vload(t));
        memcpy(vp + d, h, (size_t)n * 2);
    }
}

// Scores of nq queries against nv vectors of positions from p0 on, unscaled, into s[q*S1_PAGE + position].
INLINE void qk_tile(const s1_qrow *q, const int nq, const int nv, const uint16_t *k, int D, int Dp, int p0, float *s) {
    vf acc[S1_TILE][4];
    const uint16_t *kp[4];
    for (int i = 0; i < nq; i++) {
        for (int v = 0; v < nv; v++) acc[i][v] = (vf){0};
    }
    for (int v = 0; v < nv; v++) {
        int p = p0 + v * VL;
        kp[v] = k + (size_t)(p / 16) * 16 * (size_t)Dp + p % 16;
    }
    for (int d = 0; d < D; d++) {
        vf x[4];
        for (int v = 0; v < nv; v++) x[v] = vload16(kp[v] + (size_t)d * 16);
        for (int i = 0; i < nq; i++) {
            vf w = vset(q[i].q[d]);
            for (int v = 0; v < nv; v++) acc[i][v] += w * x[v];
        }
    }
    for (int i = 0; i < nq; i++) {
        for (int v = 0; v < nv; v++) vstore(s + i * S1_PAGE + p0 + v * VL, acc[i][v]);
    }
}

// o[q] += weights * V over positions 0..np, nv vectors of dimensions from d0 on.
INLINE void pv_tile(const s1_qrow *q, const int nq, const int nv, const uint16_t *v, int Dp, int d0, int np, const float *s) {
    vf acc[S1_TILE][4];
    for (int i = 0; i < nq; i++) {
        for (int j = 0; j < nv; j++) acc[i][j] = vload(q[i].o + d0 + j * VL);
    }
    for (int p = 0; p < np; p++) {
        vf x[4];
        const uint16_t *vp = v + (size_t)p * (size_t)Dp + d0;
        for (int j = 0; j < nv; j++) x[j] = vload16(vp + j * VL);
        for (int i = 0; i < nq; i++) {
            vf w = vset(s[i * S1_PAGE + p]);
            for (int j = 0; j < nv; j++) acc[i][j] += w * x[j];
        }
    }
    for (int i = 0; i < nq; i++) {
        for (int j = 0; j < nv; j++) vstore(q[i].o + d0 + j * VL, acc[i][j]);
    }
}

// The running softmax takes in the page: s becomes the weights, o is rescaled to the new maximum.
INLINE void soften(const s1_qrow *q, int np, int Dp, float scale, float *s) {
    const int nv = q->valid;
    for (int p = nv; p < np; p++) s[p] = -INFINITY;
    vf top = vset(-INFINITY);
    vsum sum = {0};
    for (int p = 0; p < np; p += VL) top = vmax(vload(s + p), top);
    float old = *q->m, now = vhmax(top) * scale;
    now = now > old ? now : old;
    int i;
    EACH_PART(i, np, {
        vf e = vexp2(vload(s + i) * scale - now);
        vstore(s + i, e);
        sum.part[k] += e;
    })
    float f = 0;
    if (old > -INFINITY) {
        vf e = vexp2(vset(old - now));
        f = e[0];
    }
    *q->m = now;
    *q->l = *q->l * f + vtotal(sum);
    if (f != 1.0f) {
        for (int d = 0; d < Dp; d += VL) vstore(q->o + d, vload(q->o + d) * f);
    }
}

INLINE void attend_n(const s1_qrow *q, const int nq, const uint16_t *k, const uint16_t *v, int D, int Dp, float scale) {
    // Few queries take wide tiles, so that enough sums are under way to hide the latency of one.
    const int nv = nq <= 3 ? 4 : 2, step = nv * VL;
    float s[S1_TILE * S1_PAGE] __attribute__((aligned(64)));
    int np = 0;
    for (int i = 0; i < nq; i++) np = q[i].valid > np ? q[i].valid : np;
    int npv = (np + step - 1) / step * step;
    for (int p = 0; p < npv; p += step) qk_tile(q, nq, nv, k, D, Dp, p, s);
    for (int i = 0; i < nq; i++) soften(q + i, npv, Dp, scale, s + i * S1_PAGE);
    int d = 0;
    for (; d + step <= Dp; d += step) pv_tile(q, nq, nv, v, Dp, d, np, s);
    for (; d + 2 * VL <= Dp; d += 2 * VL) pv_tile(q, nq, 2, v, Dp, d, np, s);
    for (; d < Dp; d += VL) pv_tile(q, nq, 1, v, Dp, d, np, s);
}

static void attend(const s1_qrow *q, int nq, const uint16_t *k, const uint16_t *v, int D, int Dp, float scale) {
    switch (nq) {
    case 1: attend_n(q, 1, k, v, D, Dp, scale); break;
    case 2: attend_n(q, 2, k, v, D, Dp, scale); break;
    case 3: attend_n(q, 3, k, v, D, Dp, scale); break;
    case 4: attend_n(q, 4, k, v, D, Dp, scale); break;
    case 5: attend_n(q, 5, k, v, D, Dp, scale); break;
    default: attend_n(q, 6, k, v, D, Dp, scale); break;
    }
}

// A partial softmax lies as m, l, then 14 unused floats, then o[Dp], so that o is aligned as the whole is.
static void fold(float *s, const float *p, int Dp) {
    float m = s[0] > p[0] ? s[0] : p[0];
    vf a = vexp2(vset(s[0] - m)), b = vexp2(vset(p[0] - m));
    s[1] = s[1] * a[0] + p[1] * b[0];
    s[0] = m;
    for (int d = 0; d < Dp; d += VL) {
        vstore(s + S1_PART + d, vload(s + S1_PART + d) * a[0] + vload(p + S1_PART + d) * b[0]);
    }
}

static void merge(int n, float *part, size_t stride, int D, int Dp, float *out) {
    for (int i = 1; i < n; i++) fold(part, part + (size_t)i * stride, Dp);
    float inv = 1.0f / part[1];
    int d = 0;
    for (; d + VL <= D; d += VL) vstore(out + d, vload(part + S1_PART + d) * inv);
    for (; d < D; d++) out[d] = part[S1_PART + d] * inv;
}
