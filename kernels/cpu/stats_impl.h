// stats_impl.h: one block of logits summarised. Included by simd_*.c after vec.h.

static void stats(const float *x, int n, float invt, s1_block_stats *out, float *sub) {
    float top = -INFINITY;
    for (int i = 0; i < n; i += S1_STATS_SUB) {
        int e = n - i < S1_STATS_SUB ? n - i : S1_STATS_SUB, j = 0;
        vf m = vset(-INFINITY);
        for (; j + VL <= e; j += VL) m = vmax(vload(x + i + j), m);
        float t = vhmax(m);
        for (; j < e; j++) t = x[i + j] > t ? x[i + j] : t;
        sub[i / S1_STATS_SUB] = t;
        top = t > top ? t : top;
    }
    *out = (s1_block_stats){.max = top};
    if (!(top > -INFINITY)) return;
    const float log2e = 1.44269504f;
    for (int i = 0; i < n; i += S1_STATS_SUB) { // sums of 64 in floats, of those in doubles
        int e = n - i < S1_STATS_SUB ? n - i : S1_STATS_SUB;
        vsum s = {0}, t = {0}, c = {0};
        for (int j = 0; j < e; j += VL) {
            vf v;
            if (j + VL <= e) {
                v = vload(x + i + j);
            } else {
                float tail[VL];
                for (int k = 0; k < VL; k++) tail[k] = j + k < e ? x[i + j + k] : -INFINITY;
                v = vload(tail);
            }
            vf d = vmax(vset(-1e4f), v - top), w = vexp2(d * log2e); // finite, so that 0 * d is 0; NaN stays
            int k = j / VL % PARTS;
            s.part[k] += w;
            c.part[k] += d * w;
            if (invt != 1.0f) {
                vf u = vexp2(d * (invt * log2e));
                if (j + VL > e) { // at invt 0 even what is not there would count
                    float lane[VL];
                    vstore(lane, u);
                    for (int i = e - j; i < VL; i++) lane[i] = 0;
                    u = vload(lane);
                }
                t.part[k] += u;
            }
        }
        out->sum += vtotal(s);
        out->cross += vtotal(c);
        out->sumt += vtotal(t);
    }
    if (invt == 1.0f) out->sumt = out->sum;
}
