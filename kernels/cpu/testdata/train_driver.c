// Every training op at odd sizes under every instruction set up to the one given, against the first of them (plain C, or with
// S1_EMULATE_AVX512 the sixteen-lane kernels), in fp32 and in bf16; products against plain loops in double too.
// Buffers are exactly as large as they must be, so that a sanitizer sees any access beyond them.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../isa.h"
#include "../mat_block.h"
#include "../train.h"

enum { KEPT = 1 << 20 };

static uint64_t state;
static uint32_t next(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}
static int upto(int n) { return 1 + (int)(next() % (uint32_t)n); }

static void *exactly(size_t bytes) {
    void *p = malloc(bytes);
    if (!p) abort();
    return p;
}
static float *numbers(int n) {
    float *p = exactly((size_t)n * 4);
    for (int i = 0; i < n; i++) p[i] = (float)(next() % 2001) / 1000 - 1;
    return p;
}
static int32_t *below(int n, int limit) {
    int32_t *p = exactly((size_t)n * 4);
    for (int i = 0; i < n; i++) p[i] = (int32_t)(next() % (uint32_t)limit);
    return p;
}

// What the ops of one instruction set left, in order.
typedef struct {
    float *all;
    int n;
} kept;

static void keep(kept *k, float *x, int n, int last) {
    if (k->n + n > KEPT) abort();
    memcpy(k->all + k->n, x, (size_t)n * 4);
    k->n += n;
    if (last) free(x);
}

static void ok(int rc) {
    if (rc) abort();
}

static double factor(const s1_trainer *t, float x) { return (double)(t->bf16 ? s1_f32_of_bf16(s1_bf16_of_f32(x)) : x); }

static void product(s1_trainer *t, kept *k, int m, int n, int kk) {
    int at = (int)(next() % 2), bt = (int)(next() % 2);
    float *a = numbers(m * kk), *b = numbers(kk * n), *c = numbers(m * n), *bias = next() % 2 ? numbers(n) : NULL, *was = numbers(m * n);
    int adds = (int)(next() % 3);
    if (adds == 1) memcpy(was, c, (size_t)(m * n) * 4);
    s1_gemm g = {.m = m, .n = n, .k = kk, .a = a, .ars = at ? 1 : kk, .acs = at ? m : 1, .b = b, .brs = bt ? 1 : n, .bcs = bt ? kk : 1,
                 .c = c, .ldc = n, .scale = 0.5f, .bias = bias, .add = adds == 0 ? NULL : adds == 1 ? c : was};
    ok(s1_t_gemm(t, &g));
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
            double s = 0, size = 1;
            for (int x = 0; x < kk; x++) {
                double v = 0.5 * factor(t, a[i * g.ars + x * g.acs]) * factor(t, b[x * g.brs + j * g.bcs]);
                s += v, size += fabs(v);
            }
            s += (bias ? (double)bias[j] : 0) + (adds ? (double)was[i * n + j] : 0);
            if (!(fabs(s - (double)c[i * n + j]) <= 2e-6 * size)) {
                printf("%s%s product %d x %d x %d: c(%d, %d) is %.9g, want %.9g\n", t->simd->name, t->bf16 ? " bf16" : "", m, n, kk, i, j, (double)c[i * n + j], s);
                exit(1);
            }
        }
    }
    free(a), free(b), free(bias), free(was);
    keep(k, c, m * n, 1);
}

static void attention(s1_trainer *t, kept *k, int longest) {
    int docs = upto(3), G = upto(3), H = G * upto(3), D = 4 * upto(10), N = 0;
    int32_t *doc = exactly((size_t)(docs + 1) * 4);
    doc[0] = 0;
    for (int i = 1; i <= docs; i++) doc[i] = N += upto(longest);
    float *q = numbers(N * H * D), *kk = numbers(N * G * D), *v = numbers(N * G * D), *out = numbers(N * H * D), *lse = numbers(N * H);
    float *dout = numbers(N * H * D), *dq = numbers(N * H * D), *dk = numbers(N * G * D), *dv = numbers(N * G * D);
    s1_t_attn a = {.docs = docs, .heads = H, .kvheads = G, .dim = D, .doc = doc, .scale = 0.3f, .q = q, .k = kk, .v = v, .out = out,
                   .lse = lse, .dout = dout, .dq = dq, .dk = dk, .dv = dv};
    ok(s1_t_attention(t, &a));
    ok(s1_t_attention_grad(t, &a));
    free(doc), free(q), free(kk), free(v), free(dout);
    keep(k, out, N * H * D, 1), keep(k, lse, N * H, 1), keep(k, dq, N * H * D, 1), keep(k, dk, N * G * D, 1), keep(k, dv, N * G * D, 1);
}

static void rows(s1_trainer *t, kept *k) {
    int n = upto(150), heads = upto(3), w = heads * 2 * upto(30), v = upto(40), r = upto(n);
    int32_t *ids = below(n, v), *some = exactly((size_t)r * 4);
    for (int i = 0; i < r; i++) some[i] = i * n / r;
    float *x = numbers(n * w), *y = numbers(n * w), *z = numbers(n * w), *u = numbers(n * w), *table = numbers(v * w), *g = numbers(w);
    float *few = numbers(r * w), *freqs = numbers(v * (w / heads)), *dw = numbers(w / heads);
    ok(s1_t_embed(t, n, w, ids, table, y));
    ok(s1_t_embed_grad(t, n, w, ids, x, table));
    ok(s1_t_bias_grad(t, n, w, x, g));
    ok(s1_t_norm(t, n, w, heads, 1e-5f, x, g, z));
    ok(s1_t_norm_grad(t, n, w, heads, 1e-5f, x, g, y, z, dw, 1));
    ok(s1_t_rope(t, n, heads, w / heads, (int)(next() % 2), ids, freqs, z));
    ok(s1_t_swiglu(t, n, w, x, y, u));
    ok(s1_t_swiglu_grad(t, n, w, x, y, u, u, z));
    ok(s1_t_select(t, r, w, some, z, few));
    ok(s1_t_select_grad(t, n, r, w, some, few, y));
    ok(s1_t_dropout(t, n, w, 0.3f, 5, 6, x, y, 1));
    ok(s1_t_dropout(t, n, w, 0, 5, 6, y, x, (int)(next() % 2)));
    free(ids), free(some), free(freqs);
    keep(k, x, n * w, 1), keep(k, y, n * w, 1), keep(k, z, n * w, 1), keep(k, u, n * w, 1), keep(k, table, v * w, 1), keep(k, g, w, 1);
    keep(k, few, r * w, 1), keep(k, dw, w / heads, 1);
}

static void loss(s1_trainer *t, kept *k) {
    int r = upto(60), d = upto(50), v = upto(90);
    float *x = numbers(r * d), *w = numbers(v * d), *weights = numbers(r), *nll = numbers(r), *entropy = numbers(r), *dx = numbers(r * d);
    float *dw = numbers(v * d);
    int32_t *targets = below(r, v), *argmax = below(r, v);
    for (int i = 0; i < r; i++) weights[i] = fabsf(weights[i]) + 0.1f;
    s1_t_loss_op o = {.r = r, .d = d, .v = v, .chunk = upto(r), .x = x, .w = w, .targets = targets, .weights = weights, .scale = 0.1f,
                      .nll = nll, .entropy = entropy, .argmax = argmax, .dx = dx, .dw = dw};
    ok(s1_t_loss(t, &o));
    free(x), free(w), free(weights), free(targets), free(argmax);
    keep(k, nll, r, 1), keep(k, entropy, r, 1), keep(k, dx, r * d, 1), keep(k, dw, v * d, 1);
}

static void update(s1_trainer *t, kept *k) {
    int rows = upto(40), cols = upto(40), n = rows * cols;
    float *w = numbers(n), *g = numbers(n), *m = numbers(n), *v = numbers(n), sum;
    for (int i = 0; i < n; i++) v[i] = fabsf(v[i]);
    s1_adamw h = {.lr = 0.01, .decay = 0.1, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .scale = 0.5, .fix1 = 2, .fix2 = 3};
    ok(s1_t_adamw(t, n, w, g, m, v, &h));
    s1_muon o = {rows, cols, w, m, g, 0.01, 0.1, 0.95, 0.5};
    ok(s1_t_muon(t, 1, &o));
    double total;
    ok(s1_t_sumsq(t, n, w, &total));
    sum = (float)total;
    keep(k, &sum, 1, 0), keep(k, w, n, 1), keep(k, m, n, 1), keep(k, v, n, 1);
    free(g);
}

static void all(int isa, int bf16, uint64_t seed, kept *k) {
    s1_trainer *t = calloc(1, sizeof *t);
    if (!t) abort();
    ok(s1_trainer_start(t, isa, 2, bf16));
    state = seed;
    product(t, k, upto(70), upto(90), upto(600));
    product(t, k, S1_T_LARGE + upto(200), S1_T_LARGE + upto(200), upto(700));
    int more = seed % 10 == 0; // rows that the second cache does not hold at once; documents of several stretches of keys
    if (more) product(t, k, 340 + upto(60), 400 + upto(60), 600 + upto(300));
    attention(t, k, more ? 700 : 130), rows(t, k), loss(t, k), update(t, k);
    s1_trainer_stop(t);
    free(t);
}

int main(int argc, char **argv) {
    int top = argc > 1 ? atoi(argv[1]) : s1_isa_best(), n = 0;
    kept want = {exactly(KEPT * 4), 0}, got = {exactly(KEPT * 4), 0};
    for (uint64_t seed = 1; seed <= 80; seed++) {
        int bf16 = seed > 40;
        want.n = 0;
        all(0, bf16, seed, &want);
        for (int isa = 1; isa <= top; isa++) {
            if (isa == S1_ISA_AVX512_VNNI) continue; // trains as AVX-512 does
            got.n = 0;
            all(isa, bf16, seed, &got);
            for (int i = 0; i < want.n; i++, n++) {
                if (!(fabsf(got.all[i] - want.all[i]) <= 1e-3f * (1 + fabsf(want.all[i])))) {
                    printf("seed %d%s, number %d of %d: %s has %.9g, want %.9g\n", (int)seed, bf16 ? " (bf16)" : "", i, want.n, s1_isa_name(isa), (double)got.all[i],
                           (double)want.all[i]);
                    return 1;
                }
            }
        }
    }
    free(want.all), free(got.all);
    printf("%d numbers of training equal under %s\n", n, s1_isa_name(top));
}
