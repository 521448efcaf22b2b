// train_impl.h: see train_simd.h. Included after vec.h by the file of each instruction path, which sets MR.
#include "mat_block.h"

#define NV 2           // vectors of a tile's row
#define NR (NV * VL)   // columns of a tile
#define UNROLL _Pragma("GCC unroll 16")

#if defined(S1_F16C_512)
INLINE vf vsqrt(vf a) { return (vf)_mm512_sqrt_ps((__m512)a); }
#elif defined(S1_F16C_256)
INLINE vf vsqrt(vf a) { return (vf)_mm256_sqrt_ps((__m256)a); }
#else
INLINE vf vsqrt(vf a) {
    for (int i = 0; i < VL; i++) a[i] = sqrtf(a[i]);
    return a;
}
#endif

INLINE void tile_full(int kc, const float *a, ptrdiff_t ars, ptrdiff_t acs, const float *b, vf s[MR][NV]) {
    UNROLL for (int i = 0; i < MR; i++) UNROLL for (int j = 0; j < NV; j++) s[i][j] = vset(0);
    const float *a3 = a + 3 * ars; // so that every row is one register plus 0, 1 or 2 strides
#if MR > 6
    const float *a6 = a + 6 * ars, *a9 = a + 9 * ars;
#endif
    for (int k = 0; k < kc; k++) {
        vf v[NV];
        UNROLL for (int j = 0; j < NV; j++) v[j] = vload(b + j * VL);
        b += NR;
        UNROLL for (int i = 0; i < 3; i++) {
            vf x = vset(a[i * ars]);
            UNROLL for (int j = 0; j < NV; j++) s[i][j] += x * v[j];
        }
        UNROLL for (int i = 0; i < 3; i++) {
            vf x = vset(a3[i * ars]);
            UNROLL for (int j = 0; j < NV; j++) s[3 + i][j] += x * v[j];
        }
        a += acs;
        a3 += acs;
#if MR > 6
        UNROLL for (int i = 0; i < 3; i++) {
            vf x = vset(a6[i * ars]);
            UNROLL for (int j = 0; j < NV; j++) s[6 + i][j] += x * v[j];
        }
        UNROLL for (int i = 0; i < 3; i++) {
            vf x = vset(a9[i * ars]);
            UNROLL for (int j = 0; j < NV; j++) s[9 + i][j] += x * v[j];
        }
        a6 += acs;
        a9 += acs;
#endif
    }
}

// The same of a tile of which only r rows are there, a constant.
INLINE void tile_some(int r, int kc, const float *a, ptrdiff_t ars, ptrdiff_t acs, const float *b, vf s[MR][NV]) {
    UNROLL for (int i = 0; i < MR; i++) UNROLL for (int j = 0; j < NV; j++) s[i][j] = vset(0);
    for (int k = 0; k < kc; k++, a += acs, b += NR) {
        vf v[NV];
        UNROLL for (int j = 0; j < NV; j++) v[j] = vload(b + j * VL);
        UNROLL for (int i = 0; i < r; i++) {
            vf x = vset(a[i * ars]);
            UNROLL for (int j = 0; j < NV; j++) s[i][j] += x * v[j];
        }
    }
}

// Sums of a tile, of which m rows and n columns are there, to c.
INLINE void tile_out(vf s[MR][NV], int m, float *c, ptrdiff_t ldc, int n, float scale, const float *bias, const float *add) {
    vf shift[NV];
    if (n == NR) {
        UNROLL for (int j = 0; j < NV; j++) shift[j] = bias ? vload(bias + j * VL) : vset(0);
        UNROLL for (int i = 0; i < MR; i++) {
            if (i == m) break;
            UNROLL for (int j = 0; j < NV; j++) {
                ptrdiff_t at = i * ldc + j * VL;
                vf r = s[i][j] * scale + shift[j];
                vstore(c + at, add ? vload(add + at) + r : r);
            }
        }
        return;
    }
    UNROLL for (int j = 0; j < NV; j++) {
        int there = n - j * VL < VL ? n - j * VL : VL;
        if (there <= 0) break;
        shift[j] = bias ? vload_part(bias + j * VL, there) : vset(0);
        UNROLL for (int i = 0; i < MR; i++) {
            if (i == m) break;
            ptrdiff_t at = i * ldc + j * VL;
            vf r = s[i][j] * scale + shift[j];
            vstore_part(c + at, add ? vload_part(add + at, there) + r : r, there);
        }
    }
}

#define SOME(r) \
    case r: tile_some(r, kc, a, ars, acs, b, s); break;

static void tile(int kc, const float *a, ptrdiff_t ars, ptrdiff_t acs, int m, const float *b, float *c, ptrdiff_t ldc, int n,
                 float scale, const float *bias, const float *add) {
    vf s[MR][NV];
    for (int i = 0; i < m; i++) __builtin_prefetch(c + i * ldc, 1); // it is there when the sums are
    if (add && add != c) {
        for (int i = 0; i < m; i++) __builtin_prefetch(add + i * ldc);
    }
    switch (m) {
        SOME(1) SOME(2) SOME(3) SOME(4) SOME(5)
#if MR > 6
        SOME(6) SOME(7) SOME(8) SOME(9) SOME(10) SOME(11)
#endif
    default: tile_full(kc, a, ars, acs, b, s);
    }
    tile_out(s, m, c, ldc, n, scale, bias, add);
}

// s += both products of each pair, the odd one first: as vdpbf16ps does it, which also takes subnormals for zeros.
#if defined(S1_DPBF16)
INLINE vf vdot16(vf s, vu x, vu y) { return (vf)_mm512_dpbf16_ps((__m512)s, (__m512bh)x, (__m512bh)y); }
#else
INLINE vf vdot16(vf s, vu x, vu y) {
    s += (vf)(x & 0xffff0000u) * (vf)(y & 0xffff0000u);
    return s + (vf)(x << 16) * (vf)(y << 16);
}
#endif

typedef uint32_t vuu __attribute__((vector_size(VL * 4), aligned(4), may_alias));

static void tile16(int pairs, const uint32_t *a, int m, const uint32_t *b, float *c, ptrdiff_t ldc, int n, float scale,
                   const float *bias, const float *add) {
    vf s[MR][NV];
    UNROLL for (int i = 0; i < MR; i++) UNROLL for (int j = 0; j < NV; j++) s[i][j] = vset(0);
    for (int k = 0; k < pairs; k++, a++, b += NR) {
        vu v[NV];
        UNROLL for (int j = 0; j < NV; j++) v[j] = *(const vuu *)(b + j * VL);
        UNROLL for (int i = 0; i < MR; i++) {
            vu x = a[i * S1_PAIRS] - (vu){0};
            UNROLL for (int j = 0; j < NV; j++) s[i][j] = vdot16(s[i][j], x, v[j]);
        }
    }
    tile_out(s, m, c, ldc, n, scale, bias, add);
}

// Two numbers rounded to bf16, the first in the low half; a NaN stays one.
INLINE uint32_t pair(float lo, float hi) { return s1_bf16_of_f32(lo) | (uint32_t)s1_bf16_of_f32(hi) << 16; }

static void round16(int kc, int m, const float *a, ptrdiff_t ars, ptrdiff_t acs, uint32_t *dst) {
    int pairs = (kc + 1) / 2, whole = kc / 2, rows = (m + MR - 1) / MR * MR;
    if (acs == 1) {
        for (int i = 0; i < m; i++) {
            const float *p = a + i * ars;
            uint32_t *to = dst + i * S1_PAIRS;
            for (int k = 0; k < whole; k++) to[k] = pair(p[2 * k], p[2 * k + 1]);
        }
    } else { // reads run along the rows
        for (int k = 0; k < whole; k++) {
            const float *p = a + 2 * k * acs;
            for (int i = 0; i < m; i++) dst[i * S1_PAIRS + k] = pair(p[i * ars], p[i * ars + acs]);
        }
    }
    if (whole < pairs) {
        for (int i = 0; i < m; i++) dst[i * S1_PAIRS + whole] = pair(a[i * ars + (kc - 1) * acs], 0);
    }
    for (int i = m; i < rows; i++) memset(dst + i * S1_PAIRS, 0, (size_t)pairs * 4);
}

static void pack16(int kc, int n, const float *b, ptrdiff_t brs, ptrdiff_t bcs, uint32_t *dst) {
    int pairs = (kc + 1) / 2, whole = kc / 2;
    if (n < NR) memset(dst, 0, (size_t)pairs * NR * 4);
    for (int k = 0; k < whole; k++) {
        const float *p = b + 2 * k * brs;
        for (int j = 0; j < n; j++) dst[k * NR + j] = pair(p[j * bcs], p[j * bcs + brs]);
    }
    if (whole < pairs) {
        for (int j = 0; j < n; j++) dst[whole * NR + j] = pair(b[(kc - 1) * brs + j * bcs], 0);
    }
}

static void pack(int kc, int n, const float *b, ptrdiff_t brs, ptrdiff_t bcs, float *dst) {
    if (bcs == 1 && n == NR) {
        for (int k = 0; k < kc; k++) {
            UNROLL for (int j = 0; j < NV; j++) vstore(dst + k * NR + j * VL, vload(b + k * brs + j * VL));
        }
        return;
    }
    if (n < NR) memset(dst, 0, (size_t)kc * NR * 4);
    if (brs == 1) { // squares of 4 x 4: reads run along the columns, writes stay within a line
        int j = 0;
        for (; j + 4 <= n; j += 4) {
            const float *p = b + j * bcs;
            float *to = dst + j;
            int k = 0;
            for (; k + 4 <= kc; k += 4, p += 4, to += 4 * NR) {
                v4 w = v4load(p), x = v4load(p + bcs), y = v4load(p + 2 * bcs), z = v4load(p + 3 * bcs);
                v4 a = __builtin_shuffle(w, x, (v4i){0, 4, 1, 5}), c = __builtin_shuffle(w, x, (v4i){2, 6, 3, 7});
                v4 d = __builtin_shuffle(y, z, (v4i){0, 4, 1, 5}), e = __builtin_shuffle(y, z, (v4i){2, 6, 3, 7});
                *(v4u *)to = __builtin_shuffle(a, d, (v4i){0, 1, 4, 5});
                *(v4u *)(to + NR) = __builtin_shuffle(a, d, (v4i){2, 3, 6, 7});
                *(v4u *)(to + 2 * NR) = __builtin_shuffle(c, e, (v4i){0, 1, 4, 5});
                *(v4u *)(to + 3 * NR) = __builtin_shuffle(c, e, (v4i){2, 3, 6, 7});
            }
            for (; k < kc; k++, p++, to += NR) to[0] = p[0], to[1] = p[bcs], to[2] = p[2 * bcs], to[3] = p[3 * bcs];
        }
        for (; j < n; j++) {
            for (int k = 0; k < kc; k++) dst[k * NR + j] = b[j * bcs + k];
        }
        return;
    }
    for (int k = 0; k < kc; k++) {
        for (int j = 0; j < n; j++) dst[k * NR + j] = b[k * brs + j * bcs];
    }
}

static void rows(int kc, int m, const float *a, ptrdiff_t ars, ptrdiff_t acs, float *dst) {
    for (int i = 0; i < m; i += MR, dst += MR * kc) {
        const float *p = a + i * ars;
        int n = m - i < MR ? m - i : MR;
        if (n == MR && ars == 1) {
            int wide = m - i >= VL && MR < VL; // each store but the last is written over from its row's end on
            for (int k = 0; wide && k + 1 < kc; k++) vstore(dst + k * MR, vload(p + k * acs));
            for (int k = wide ? kc - 1 : 0; k < kc; k++) memcpy(dst + k * MR, p + k * acs, MR * 4);
            continue;
        }
        for (int k = 0; k < kc; k++) {
            for (int r = 0; r < MR; r++) dst[k * MR + r] = r < n ? p[r * ars + k * acs] : 0;
        }
    }
}

// Zeros behind n, to the end of the last vector that has some of pad.
INLINE void clear(float *s, int n, int pad) {
    int i = n / VL * VL;
    if (i < n) {
        vstore(s + i, vfirst_of(vload(s + i), n - i, 0));
        i += VL;
    }
    for (; i < pad; i += VL) vstore(s + i, vset(0));
}

static float softmax(float *s, int n, int pad) {
    vf m = vset(-INFINITY);
    vsum sum = {0};
    int i = 0;
    for (; i + VL <= n; i += VL) m = vmax(vload(s + i), m);
    if (i < n) m = vmax(vfirst_of(vload(s + i), n - i, -INFINITY), m);
    float top = vhmax(m);
    EACH_PART(i, n, {
        vf e = vexp2(vload(s + i) - top);
        vstore(s + i, e);
        sum.part[k] += e;
    })
    if (i < n) {
        vf e = vfirst_of(vexp2(vload(s + i) - top), n - i, 0);
        vstore(s + i, e);
        sum.part[i / VL % PARTS] += e;
    }
    float total = vtotal(sum);
    float inv = 1.0f / total;
    for (i = 0; i < n; i += VL) vstore(s + i, vload(s + i) * inv);
    clear(s, n, pad);
    return top + log2f(total);
}

static void probs(float *s, int n, int pad, float lse) {
    for (int i = 0; i < n; i += VL) vstore(s + i, vexp2(vload(s + i) - lse));
    clear(s, n, pad);
}

static void dscore(const float *p, float *dp, int n, int pad, float d, float scale) {
    for (int i = 0; i < n; i += VL) vstore(dp + i, vload(p + i) * (vload(dp + i) - d) * scale);
    clear(dp, n, pad);
}

static float dot(const float *a, const float *b, int n) {
    vsum s = {0};
    int i;
    EACH_PART(i, n, s.part[k] += vload(a + i) * vload(b + i);)
    if (i < n) s.part[i / VL % PARTS] += vload_part(a + i, n - i) * vload_part(b + i, n - i);
    return vtotal(s);
}

static void norm_grad(const float *x, const float *dout, const float *w, float eps, int n, int add, float *dx, float *dw) {
    vsum sx = {0}, sg = {0};
    int i;
    EACH_PART(i, n, {
        vf v = vload(x + i);
        sx.part[k] += v * v;
        sg.part[k] += v * vload(dout + i) * vload(w + i);
    })
    if (i < n) {
        vf v = vload_part(x + i, n - i);
        sx.part[i / VL % PARTS] += v * v;
        sg.part[i / VL % PARTS] += v * vload_part(dout + i, n - i) * vload_part(w + i, n - i);
    }
    float xx = vtotal(sx), gx = vtotal(sg);
    float r = 1.0f / sqrtf(xx / (float)n + eps), back = r * r * r * (gx / (float)n);
    for (i = 0; i + VL <= n; i += VL) {
        vf v = vload(x + i), d = vload(dout + i);
        if (dw) vstore(dw + i, vload(dw + i) + d * v * r);
        d = d * vload(w + i) * r - v * back;
        vstore(dx + i, add ? vload(dx + i) + d : d);
    }
    for (; i < n; i++) {
        float d = dout[i];
        if (dw) dw[i] += d * x[i] * r;
        d = d * w[i] * r - x[i] * back;
        dx[i] = add ? dx[i] + d : d;
    }
}

INLINE void swiglu_grad_v(vf g, vf u, vf d, vf *dg, vf *du) {
    vf s = 1.0f / (1.0f + vexp2(vmin(vset(126.0f), g * -1.44269504f)));
    vf gs = g * s;
    *dg = d * u * (s + gs * (1.0f - s));
    *du = d * gs;
}

static void swiglu_grad(const float *gate, const float *up, const float *dout, int n, float *dgate, float *dup) {
    int i = 0;
    vf dg, du;
    for (; i + VL <= n; i += VL) {
        swiglu_grad_v(vload(gate + i), vload(up + i), vload(dout + i), &dg, &du);
        vstore(dgate + i, dg);
        vstore(dup + i, du);
    }
    if (i < n) {
        swiglu_grad_v(vload_part(gate + i, n - i), vload_part(up + i, n - i), vload_part(dout + i, n - i), &dg, &du);
        vstore_part(dgate + i, dg, n - i);
        vstore_part(dup + i, du, n - i);
    }
}

static void add(float *y, const float *x, int n) {
    int i = 0;
    for (; i + VL <= n; i += VL) vstore(y + i, vload(y + i) + vload(x + i));
    for (; i < n; i++) y[i] += x[i];
}

static void axpby(float *y, float a, const float *x, float b, int n) {
    int i = 0;
    for (; i + VL <= n; i += VL) vstore(y + i, vload(y + i) * a + vload(x + i) * b);
    for (; i < n; i++) y[i] = y[i] * a + x[i] * b;
}

static void loss_row(float *x, int n, float g, float *lse, float *entropy, int32_t *argmax) {
    const float log2e = 1.44269504f;
    vf m = vset(-INFINITY);
    vsum sum = {0}, cross = {0};
    int i = 0;
    for (; i + VL <= n; i += VL) m = vmax(vload(x + i), m);
    float top = vhmax(m);
    for (; i < n; i++) top = x[i] > top ? x[i] : top;
    *argmax = 0;
    for (i = 0; i < n; i++) {
        if (x[i] == top) {
            *argmax = i;
            break;
        }
    }
    EACH_PART(i, n, {
        vf d = vload(x + i) - top;
        vf e = vexp2(d * log2e);
        sum.part[k] += e;
        cross.part[k] += e * d;
        vstore(x + i, e);
    })
    if (i < n) {
        vf d = vload_part(x + i, n - i) - top, e = vexp2(d * log2e);
        vstore_part(x + i, e, n - i);
        e = vload_part(x + i, n - i); // nothing in the lanes behind
        sum.part[i / VL % PARTS] += e;
        cross.part[i / VL % PARTS] += e * d;
    }
    float total = vtotal(sum), xc = vtotal(cross);
    *lse = top + logf(total);
    *entropy = logf(total) - xc / total;
    if (g <= 0) return;
    float f = g / total;
    for (i = 0; i + VL <= n; i += VL) vstore(x + i, vload(x + i) * f);
    for (; i < n; i++) x[i] *= f;
}

INLINE void adamw_v(vf *w, vf g, vf *m, vf *v, const s1_adamw *h) {
    g *= (float)h->scale;
    *m = *m * (float)h->beta1 + g * (float)(1 - h->beta1);
    *v = *v * (float)h->beta2 + g * g * (float)(1 - h->beta2);
    vf step = *m * (float)h->fix1 / (vsqrt(*v * (float)h->fix2) + (float)h->eps);
    *w = *w * (float)(1 - h->lr * h->decay) - step * (float)h->lr;
}

static void adamw(float *w, const float *g, float *m, float *v, int n, const s1_adamw *h) {
    for (int i = 0; i < n; i += VL) {
        int k = n - i < VL ? n - i : VL;
        vf a, b, c;
        if (k == VL) {
            a = vload(w + i), b = vload(m + i), c = vload(v + i);
            adamw_v(&a, vload(g + i), &b, &c, h);
            vstore(w + i, a), vstore(m + i, b), vstore(v + i, c);
        } else {
            a = vload_part(w + i, k), b = vload_part(m + i, k), c = vload_part(v + i, k);
            adamw_v(&a, vload_part(g + i, k), &b, &c, h);
            vstore_part(w + i, a, k), vstore_part(m + i, b, k), vstore_part(v + i, c, k);
        }
    }
}

// Within a block of the caller's; doubles from 256 elements on.
static double sumsq(const float *x, int n) {
    double total = 0;
    for (int i = 0; i < n; i += 256) total += dot(x + i, x + i, n - i < 256 ? n - i : 256);
    return total;
}

#define TRAIN_TABLE(label)                                                                                                       \
    {                                                                                                                            \
        .name = label, .mr = MR, .nr = NR, .tile = tile, .pack = pack, .rows = rows, .tile16 = tile16, .round16 = round16,        \
        .pack16 = pack16, .softmax = softmax, .probs = probs, .dscore = dscore,                                                   \
        .dot = dot, .norm_grad = norm_grad, .swiglu_grad = swiglu_grad, .add = add, .axpby = axpby, .loss_row = loss_row,         \
        .adamw = adamw, .sumsq = sumsq,                                                                                          \
    }
