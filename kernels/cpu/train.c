// train.c: the threads and the memory of a trainer.
#include "train.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "exec.h"

enum { HUGE = 2 << 20 }; // bytes of a large page

static void work(void *owner, int stage, int lo, int hi, int thread) {
    s1_trainer *t = owner;
    t->stages[stage].work(t, t->stages[stage].op, lo, hi, thread);
}

int s1_trainer_start(s1_trainer *t, int isa, int threads, int bf16) {
    t->simd = s1_train_simd_for(isa);
    t->amx = s1_train_amx_for(isa);
    t->rows = s1_simd_for(isa);
    t->threads = threads;
    t->bf16 = bf16;
    t->scratch = calloc((size_t)threads, sizeof(float *));
    t->scratch_cap = calloc((size_t)threads, sizeof(size_t));
    if (!t->scratch || !t->scratch_cap) return S1_T_NO_MEMORY;
    t->pool.owner = t;
    t->pool.work = work;
    t->pool.cancel = &t->never;
    t->pool.threads = threads;
    t->pool.most_stages = S1_T_STAGES;
    return s1_pool_start(&t->pool) == 0 ? S1_T_OK : S1_T_NO_MEMORY;
}

void s1_trainer_stop(s1_trainer *t) {
    if (t->pool.started) s1_pool_stop(&t->pool);
    for (int i = 0; t->scratch && i < t->threads; i++) free(t->scratch[i]);
    free(t->scratch);
    free(t->scratch_cap);
    free(t->shared);
    free(t->packed);
}

int s1_t_run(s1_trainer *t, int n) {
    s1_run *r = s1_pool_next(&t->pool);
    r->nstages = n;
    for (int i = 0; i < n; i++) {
        r->counters[i].units = t->stages[i].units;
        r->counters[i].grain = t->stages[i].grain;
    }
    t->failed = 0;
    s1_pool_run(&t->pool);
    return t->failed ? S1_T_NO_MEMORY : S1_T_OK;
}

static float *room(float **p, size_t *cap, size_t n) {
    if (n < 1) n = 1; // a micro-batch may have no wanted row
    if (*cap < n) {
        free(*p);
        // Packed factors are read in strides that small pages would leave the translation buffer for.
        size_t unit = n * 4 < HUGE ? 64 : HUGE;
        *p = n > SIZE_MAX / 8 ? NULL : aligned_alloc(unit, (n * 4 + unit - 1) / unit * unit);
#if defined(MADV_HUGEPAGE)
        if (*p && unit == HUGE) madvise(*p, (n * 4 + unit - 1) / unit * unit, MADV_HUGEPAGE);
#endif
        *cap = *p ? n : 0;
    }
    return *p;
}

float *s1_t_scratch(s1_trainer *t, int thread, size_t n) {
    float *p = room(&t->scratch[thread], &t->scratch_cap[thread], n);
    if (!p) t->failed = 1;
    return p;
}

float *s1_t_shared(s1_trainer *t, size_t n) { return room(&t->shared, &t->shared_cap, n); }
float *s1_t_packed(s1_trainer *t, size_t n) { return room(&t->packed, &t->packed_cap, n); }
