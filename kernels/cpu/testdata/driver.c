// Every layout under every instruction set up to the one given, against plain C: the quantised ones bit for bit where
// both hold their activations in the same form.
// Buffers are exactly as large as they must be, so that a sanitizer sees any access beyond them.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../mat_block.h"

static uint64_t state = 1;
static uint32_t next(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}
static float uniform(void) { return (float)(next() % 2001) / 1000 - 1; }

static void *exactly(size_t bytes) {
    void *p = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!p) abort();
    memset(p, 0, (bytes + 63) / 64 * 64);
    return p;
}

// Random bits with exponents that keep half floats, bf16 and fp32 finite and of like size, whatever their place.
static void *source(int dtype, size_t bytes) {
    uint8_t *p = exactly(bytes);
    if (dtype == S1_F32) {
        for (size_t i = 0; i + 4 <= bytes; i += 4) {
            float f = uniform();
            memcpy(p + i, &f, 4);
        }
        return p;
    }
    for (size_t i = 0; i + 2 <= bytes; i += 2)
        s1_store16(p + i, dtype == S1_BF16 ? s1_bf16_of_f32(uniform()) : (uint16_t)(next() & 0xb7ff));
    return p;
}

static const int block[] = {1, 1, 1, 32, 32, 32, 32, 32, 256, 256, 256};
static const int bytes[] = {4, 2, 2, 34, 18, 20, 22, 24, 144, 176, 210};

static void check(int dtype, int mode, int isa, int rows, int cols, int n) {
    s1_mat m;
    if (s1_mat_plan(dtype, mode, rows, cols, &m)) abort();
    void *src = source(dtype, (size_t)rows * (size_t)(cols / block[dtype]) * (size_t)bytes[dtype]);
    m.data = exactly(m.bytes);
    s1_mat_pack(&m, src, 0, m.strips);
    float *x = exactly((size_t)n * (size_t)cols * 4), *bias = exactly((size_t)rows * 4), *out[2];
    for (int i = 0; i < n * cols; i++) x[i] = uniform() * 8;
    for (int i = 0; i < rows; i++) bias[i] = uniform();
    for (int k = 0; k < 2; k++) {
        int set = k ? isa : S1_ISA_C, cut = (int)(next() % (uint32_t)(m.strips + 1)), row = (int)(next() % (uint32_t)(n + 1));
        void *act = exactly(s1_act_bytes(set, m.layout, n, cols));
        s1_act_pack(set, m.layout, x, cols, n, cols, row, n, act);
        s1_act_pack(set, m.layout, x, cols, n, cols, 0, row, act);
        out[k] = exactly((size_t)n * (size_t)rows * 4);
        for (int i = 0; i < n * rows; i++) out[k][i] = (float)(i % 7);
        s1_matmul(set, &m, act, n, n % 3 ? bias : NULL, out[k], rows, n % 2, cut, m.strips);
        s1_matmul(set, &m, act, n, n % 3 ? bias : NULL, out[k], rows, n % 2, 0, cut);
        free(act);
    }
    float *w = exactly((size_t)cols * 4);
    // fifteen bits as int16 here, as two planes of int8 there: each within 2^-16 of a block's largest activation, at most 8
    int forms = s1_quantised(m.layout) && s1_act_kind(isa, m.layout) != s1_act_kind(S1_ISA_C, m.layout);
    int bf16 = m.layout == S1_MAT_BF16 && isa >= S1_ISA_AVX512_BF16;
    for (int r = 0; r < rows; r++) {
        s1_mat_row(&m, r, w);
        for (int j = 0; j < n; j++) {
            float got = out[1][j * rows + r], want = out[0][j * rows + r];
            double size = 10, peak = 0;
            for (int c = 0; c < cols; c++) size += fabs((double)w[c] * (double)x[j * cols + c]), peak += 8 * fabs((double)w[c]);
            // vdpbf16ps rounds each activation to 8 bits; elsewhere only the order of sums differs
            double tolerance = forms ? size * 1e-6 + peak / 32768 : s1_quantised(m.layout) ? 0 : size * (bf16 ? 1.0 / 256 : 1e-6);
            if (!(fabs((double)got - (double)want) <= tolerance) && !(isnan(got) && isnan(want))) {
                printf("dtype %d mode %d %s, %d x %d, n %d, row %d vector %d: got %.9g, plain C %.9g\n", dtype, mode,
                       s1_isa_name(isa), rows, cols, n, r, j, got, want);
                exit(1);
            }
        }
    }
    free(w), free(out[0]), free(out[1]), free(bias), free(x), free(m.data), free(src);
}

int main(int argc, char **argv) {
    int top = argc > 1 ? atoi(argv[1]) : s1_isa_best(), checks = 0;
    static const int batches[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 33};
    for (int isa = 0; isa <= top; isa++)
        for (int dtype = 0; dtype < S1_DTYPE_COUNT; dtype++)
            for (int mode = S1_MODE_EXACT; mode <= (dtype <= S1_BF16 ? S1_MODE_Q8 : S1_MODE_EXACT); mode++)
                for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
                    int unit = block[dtype] == 1 && mode == S1_MODE_Q8 ? 32 : block[dtype];
                    check(dtype, mode, isa, 1 + (int)(next() % 40), unit * (1 + (int)(next() % 5)), batches[i]);
                    checks++;
                }
    printf("%d products equal under %s\n", checks, s1_isa_name(top));
}
