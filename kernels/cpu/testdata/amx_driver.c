// Products on tiles of bf16 at odd sizes, against plain loops in double: as nearly as fp32 with three planes, and with one as of factors
// rounded to bf16. Compiled with S1_EMULATE_AMX it runs on any machine; without, on one that has the tiles. It prints a hash of all
// results, the same for both. Buffers are exactly as large as they must be, so that a sanitizer sees any access beyond them.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../isa.h"
#include "../mat_block.h"
#include "../train_amx.h"

enum { SIDE = S1_AMX_SIDE, STEP = S1_AMX_STEP };

static uint64_t state = 1, hash = 14695981039346656037u;
static uint32_t next(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}
static int upto(int n) { return 1 + (int)(next() % (uint32_t)n); }
static int whole(int n, int to) { return (n + to - 1) / to; }

static void *exactly(size_t bytes) {
    void *p = malloc(bytes);
    if (!p) abort();
    return p;
}
static float *numbers(int n) {
    float *p = exactly((size_t)n * 4);
    for (int i = 0; i < n; i++) p[i] = ((float)(next() % 2000001) / 1000000 - 1) * (next() % 16 ? 1 : 1e-3f);
    return p;
}
static double factor(int planes, float x) { return (double)(planes == 1 ? s1_f32_of_bf16(s1_bf16_of_f32(x)) : x); }

static double worst[4]; // by planes

static void product(int planes) {
    int m = upto(70), n = upto(70), k = upto(400), at = (int)(next() % 2), bt = (int)(next() % 2), adds = (int)(next() % 3);
    if (next() % 2) m = whole(m, SIDE) * SIDE, n = whole(n, SIDE) * SIDE;
    float *a = numbers(m * k), *b = numbers(k * n), *c = numbers(m * n), *other = numbers(m * n), *bias = next() % 2 ? numbers(n) : NULL;
    float *was = exactly((size_t)(m * n) * 4), scale = next() % 2 ? 0.5f : 1;
    const float *add = adds == 2 ? c : adds ? other : NULL;
    if (add) memcpy(was, add, (size_t)(m * n) * 4);
    int steps = whole(k, STEP);
    size_t strip = (size_t)steps * s1_amx_block(planes);
    uint8_t *rows = exactly((size_t)whole(m, SIDE) * strip), *cols = exactly((size_t)whole(n, SIDE) * strip);
    ptrdiff_t ars = at ? 1 : k, acs = at ? m : 1, brs = bt ? 1 : n, bcs = bt ? k : 1;
    const s1_train_amx *t = &s1_train_tiles;
    t->open();
    t->rows(planes, k, m, a, ars, acs, rows);
    t->cols(planes, k, n, b, brs, bcs, cols, strip);
    for (int i = 0; i < m; i += SIDE) {
        for (int j = 0; j < n; j += SIDE) {
            t->mul(planes, steps, rows + (size_t)(i / SIDE) * strip, cols + (size_t)(j / SIDE) * strip, c + i * n + j, n, m - i < SIDE ? m - i : SIDE,
                   n - j < SIDE ? n - j : SIDE, scale, bias ? bias + j : NULL, add ? add + i * n + j : NULL);
        }
    }
    t->close();
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
            double s = 0, size = 0;
            for (int x = 0; x < k; x++) {
                double v = (double)scale * factor(planes, a[i * ars + x * acs]) * factor(planes, b[x * brs + j * bcs]);
                s += v, size += fabs(v);
            }
            double first = bias ? (double)bias[j] : 0, second = add ? (double)was[i * n + j] : 0;
            s += first + second, size += fabs(first) + fabs(second);
            double off = fabs(s - (double)c[i * n + j]) / size;
            if (!(off <= 3e-7)) {
                printf("%d planes, %d x %d x %d: c(%d, %d) is %.9g, want %.9g\n", planes, m, n, k, i, j, (double)c[i * n + j], s);
                exit(1);
            }
            if (off > worst[planes]) worst[planes] = off;
        }
    }
    for (size_t i = 0; i < (size_t)(m * n) * 4; i++) hash = (hash ^ ((uint8_t *)c)[i]) * 1099511628211u;
    free(a), free(b), free(c), free(other), free(bias), free(was), free(rows), free(cols);
}

// What is not a number must not become one.
static void lost(int planes, float x) {
    float a[SIDE] = {0}, b[SIDE] = {0}, c[1];
    uint8_t *rows = exactly(s1_amx_block(planes)), *cols = exactly(s1_amx_block(planes));
    a[7] = x, b[7] = 1, a[8] = b[8] = 2;
    s1_train_tiles.open();
    s1_train_tiles.rows(planes, SIDE, 1, a, SIDE, 1, rows);
    s1_train_tiles.cols(planes, SIDE, 1, b, 1, SIDE, cols, 0);
    s1_train_tiles.mul(planes, 1, rows, cols, c, 1, 1, 1, 1, NULL, NULL);
    s1_train_tiles.close();
    if (isfinite(c[0])) {
        printf("%d planes: %g * 1 + 2 * 2 is %g\n", planes, (double)x, (double)c[0]);
        exit(1);
    }
    free(rows), free(cols);
}

int main(void) {
#if !defined(S1_EMULATE_AMX)
    if (s1_isa_best() < S1_ISA_AMX) return 2;
#endif
    for (int i = 0; i < 60; i++) product(i % 2 ? 3 : 1);
    union { uint32_t u; float f; } all = {.u = 0x7fffffff};
    const float bad[] = {NAN, INFINITY, -INFINITY, all.f, -all.f};
    for (int i = 0; i < 5; i++) lost(1, bad[i]), lost(3, bad[i]);
    printf("hash %016llx; off by at most %.1e of the sum of sizes with one plane, %.1e with three\n", (unsigned long long)hash, worst[1], worst[3]);
}
