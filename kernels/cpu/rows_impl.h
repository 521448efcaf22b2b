// rows_impl.h: the ops that work on one row. Included by simd_*.c after vec.h.

static void rmsnorm(const float *x, const float *w, float eps, int n, float *out) {
    vsum s = {0};
    int i;
    EACH_PART(i, n, {
        vf v = vload(x + i);
        s.part[k] += v * v;
    })
    if (i < n) {
        vf v = vload_part(x + i, n - i);
        s.part[i / VL % PARTS] += v * v;
    }
    float sum = vtotal(s);
    float scale = 1.0f / sqrtf(sum / (float)n + eps);
    for (i = 0; i + VL <= n; i += VL) vstore(out + i, vload(x + i) * scale * vload(w + i));
    for (; i < n; i++) out[i] = x[i] * scale * w[i];
}

INLINE vf silu(vf g) {
    // g / (1 + e^-g); the exponent is clamped so that 2^x stays finite, where the quotient is 0 in fp32 anyway
    return g / (1.0f + vexp2(vmin(vset(126.0f), g * -1.44269504f)));
}

static void swiglu(const float *gate, const float *up, int n, float *out) {
    int i = 0;
    for (; i + VL <= n; i += VL) vstore(out + i, silu(vload(gate + i)) * vload(up + i));
    if (i < n) {
        float g[VL] = {0}, u[VL] = {0}, o[VL];
        memcpy(g, gate + i, (size_t)(n - i) * 4);
        memcpy(u, up + i, (size_t)(n - i) * 4);
        vstore(o, silu(vload(g)) * vload(u));
        memcpy(out + i, o, (size_t)(n - i) * 4);
    }
}

static void rope(float *x, const float *cs, int dim, int interleaved) {
    int half = dim / 2, i = 0;
    const float *sn = cs + half;
    if (interleaved) {
        for (; i < half; i++) {
            float p = x[2 * i], q = x[2 * i + 1];
            x[2 * i] = p * cs[i] - q * sn[i];
            x[2 * i + 1] = p * sn[i] + q * cs[i];
        }
        return;
    }
    for (; i + VL <= half; i += VL) {
        vf p = vload(x + i), q = vload(x + half + i), c = vload(cs + i), s = vload(sn + i);
        vstore(x + i, p * c - q * s);
        vstore(x + half + i, p * s + q * c);
    }
    for (; i < half; i++) {
        float p = x[i], q = x[half + i];
        x[i] = p * cs[i] - q * sn[i];
        x[half + i] = p * sn[i] + q * cs[i];
    }
}
