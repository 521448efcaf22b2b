// logits.c: what is known about a row of logits after one pass over it. See kernels.LogitStats.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exec.h"

int s1_stats_blocks(const s1_machine *m) { return (m->vocab + S1_STATS_BLOCK - 1) / S1_STATS_BLOCK; }
int s1_stats_subs(const s1_machine *m) { return (m->vocab + S1_STATS_SUB - 1) / S1_STATS_SUB; }

void s1_run_stats(s1_machine *m, int lo, int hi) {
    int blocks = s1_stats_blocks(m), subs = s1_stats_subs(m);
    for (int u = lo; u < hi; u++) {
        int row = u / blocks, b = u % blocks, at = b * S1_STATS_BLOCK;
        int n = m->vocab - at < S1_STATS_BLOCK ? m->vocab - at : S1_STATS_BLOCK;
        m->simd->stats(m->logits + (size_t)row * (size_t)m->vocab + at, n, m->invt[row], &m->blocks[u],
                       m->subs + (size_t)row * (size_t)subs + at / S1_STATS_SUB);
    }
}

static void sums(s1_machine *m, int row, s1_logit_stats *out) {
    int blocks = s1_stats_blocks(m);
    const s1_block_stats *b = m->blocks + (size_t)row * (size_t)blocks;
    double top = -INFINITY, sum = 0, sumt = 0, cross = 0, invt = m->invt[row];
    for (int i = 0; i < blocks; i++) top = b[i].max > top ? b[i].max : top;
    for (int i = 0; i < blocks && top > -INFINITY; i++) {
        double d = b[i].max - top;
        if (!(d > -INFINITY)) continue;
        double e = exp(d);
        sum += e * b[i].sum;
        cross += e * (b[i].cross + d * b[i].sum);
        sumt += exp(d * invt) * b[i].sumt;
    }
    out->lse = (float)(top + log(sum));
    out->lset = (float)(top * invt + log(sumt));
    out->entropy = (float)(log(sum) - cross / sum);
    if (!(top > -INFINITY)) out->lse = out->lset = -INFINITY, out->entropy = 0;
    if (isnan(cross)) out->lse = out->lset = out->entropy = NAN;
}

// The k-th largest of n floats, k from 1; reorders a.
static float kth(float *a, int n, int k) {
    int lo = 0, hi = n - 1, want = k - 1;
    while (lo < hi) {
        float pivot = a[lo + (hi - lo) / 2];
        int i = lo, j = hi;
        while (i <= j) {
            while (a[i] > pivot) i++;
            while (a[j] < pivot) j--;
            if (i <= j) {
                float t = a[i];
                a[i++] = a[j];
                a[j--] = t;
            }
        }
        if (want <= j) {
            hi = j;
        } else if (want >= i) {
            lo = i;
        } else {
            break;
        }
    }
    return a[want];
}

// The likeliest tokens: each of the 64 greatest sub-block maxima is itself a logit, so nothing below the least of them
// can be among the 64 likeliest, and most of the vocabulary is never looked at again.
static void likeliest(s1_machine *m, int row, s1_logit_stats *out) {
    enum { TOP = 64 };
    int subs = s1_stats_subs(m), have = 0;
    const float *x = m->logits + (size_t)row * (size_t)m->vocab, *sub = m->subs + (size_t)row * (size_t)subs;
    float least = -INFINITY;
    if (subs > TOP) {
        float *copy = m->kth + (size_t)row * (size_t)subs;
        memcpy(copy, sub, (size_t)subs * sizeof(float));
        least = kth(copy, subs, TOP);
    }
    for (int s = 0; s < subs; s++) {
        if (!(sub[s] >= least) || (have == TOP && sub[s] <= out->logits[TOP - 1])) continue;
        int end = (s + 1) * S1_STATS_SUB < m->vocab ? (s + 1) * S1_STATS_SUB : m->vocab;
        for (int i = s * S1_STATS_SUB; i < end; i++) {
            float v = x[i];
            if (!(v >= least) || (have == TOP && v <= out->logits[TOP - 1])) continue;
            int at = have < TOP ? have++ : TOP - 1;
            for (; at > 0 && out->logits[at - 1] < v; at--) { // behind its equals, which have lower ids
                out->logits[at] = out->logits[at - 1];
                out->ids[at] = out->ids[at - 1];
            }
            out->logits[at] = v;
            out->ids[at] = i;
        }
    }
    for (; have < TOP; have++) out->ids[have] = -1, out->logits[have] = 0;
}

void s1_finish_row(s1_machine *m, int row) {
    sums(m, row, &m->stats[row]);
    likeliest(m, row, &m->stats[row]);
}
