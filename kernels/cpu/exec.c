// exec.c: a step from its batch to its logits.
#define _GNU_SOURCE
#include "exec.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HUGE = 2 << 20, GRAIN_BYTES = 16 << 10 }; // GRAIN_BYTES: least weights worth taking at once for one row

#if defined(__SANITIZE_ADDRESS__) // so that the sanitizer sees the ends of a mapping
void *s1_map(size_t bytes) {
    void *p = NULL;
    if (posix_memalign(&p, 64, bytes)) return NULL;
    memset(p, 0, bytes);
    return p;
}

void s1_unmap(void *p, size_t bytes) {
    (void)bytes;
    free(p);
}
#else
void *s1_map(size_t bytes) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
#if defined(MAP_NORESERVE)
    flags |= MAP_NORESERVE;
#endif
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (p == MAP_FAILED) return NULL;
#if defined(MADV_HUGEPAGE)
    if (bytes >= HUGE) madvise(p, bytes, MADV_HUGEPAGE);
#endif
    return p;
}

void s1_unmap(void *p, size_t bytes) {
    if (p) munmap(p, bytes);
}
#endif

static void run_muls(s1_machine *m, const s1_stage *s, int lo, int hi) {
    int n = s->out_rows ? m->nout : m->n, at = 0;
    for (int i = 0; i < s->count && at < hi; i++) {
        const s1_mul *k = &m->muls[s->first + i];
        int a = lo > at ? lo - at : 0, b = hi - at < k->mat->strips ? hi - at : k->mat->strips;
        if (a < b) s1_matmul(m->isa, k->mat, k->act, n, k->bias, k->to_logits ? m->logits : k->out, k->ldo, k->accumulate, a, b);
        at += k->mat->strips;
    }
}

static void work(void *owner, int stage, int lo, int hi, int thread) {
    s1_machine *m = owner;
    const s1_stage *s = &m->stages[stage];
    switch (s->kind) {
    case S1_STAGE_ROWS: {
        int n = s->out_rows ? m->nout : m->n;
        s1_run_rows(m, s, lo * S1_ROWS, hi * S1_ROWS < n ? hi * S1_ROWS : n);
        break;
    }
    case S1_STAGE_MATMUL: run_muls(m, s, lo, hi); break;
    case S1_STAGE_ATTEND: s1_run_attention(m, s, lo, hi, thread); break;
    case S1_STAGE_STATS: s1_run_stats(m, lo, hi); break;
    case S1_STAGE_FINISH:
        for (int r = lo; r < hi; r++) s1_finish_row(m, r);
        break;
    }
}

static void count_units(const s1_machine *m, const s1_stage *s, s1_counter *c) {
    int n = s->out_rows ? m->nout : m->n;
    c->grain = 1;
    switch (s->kind) {
    case S1_STAGE_ROWS: c->units = (n + S1_ROWS - 1) / S1_ROWS; break;
    case S1_STAGE_MATMUL: {
        size_t bytes = 0;
        for (int i = 0; i < s->count; i++) {
            c->units += m->muls[s->first + i].mat->strips;
            bytes += m->muls[s->first + i].mat->bytes;
        }
        if (n > 0 && c->units > 0) c->grain = (int)(GRAIN_BYTES / (bytes / (size_t)c->units * (size_t)n + 1)) + 1;
        if (n == 0) c->units = 0;
        break;
    }
    case S1_STAGE_ATTEND:
        c->units = m->ntasks * m->kvheads;
        c->grain = 0;
        break;
    case S1_STAGE_STATS: c->units = m->nout * s1_stats_blocks(m); break;
    case S1_STAGE_FINISH: c->units = m->nout; break;
    }
}

static int reserve_out(s1_machine *m) {
    if (m->nout <= m->out_cap) return S1_OK;
    free(m->logits);
    free(m->stats);
    free(m->blocks);
    free(m->subs);
    free(m->kth);
    size_t n = (size_t)m->nout, subs = n * (size_t)s1_stats_subs(m);
    m->logits = aligned_alloc(64, (n * (size_t)m->vocab * sizeof(float) + 63) / 64 * 64);
    m->stats = malloc(n * sizeof *m->stats);
    m->blocks = malloc(n * (size_t)s1_stats_blocks(m) * sizeof *m->blocks);
    m->subs = malloc(subs * sizeof(float));
    m->kth = malloc(subs * sizeof(float));
    m->out_cap = m->logits && m->stats && m->blocks && m->subs && m->kth ? m->nout : 0;
    return m->out_cap ? S1_OK : S1_NO_MEMORY;
}

int s1_step(s1_machine *m) {
    if (reserve_out(m) || s1_plan_attention(m)) return S1_NO_MEMORY;
    s1_run *r = s1_pool_next(&m->pool);
    r->nstages = m->nout > 0 ? m->nstages : m->prefill_stages;
    for (int i = 0; i < r->nstages; i++) count_units(m, &m->stages[i], &r->counters[i]);
    s1_pool_run(&m->pool);
    return atomic_load(&m->cancel) ? S1_CANCELLED : S1_OK;
}

void s1_cancel(s1_machine *m, int on) { atomic_store(&m->cancel, on); }

int s1_machine_tables(s1_machine *m, int total) {
    m->tables = s1_grown(m->tables, &m->tables_cap, total, sizeof *m->tables);
    return m->tables ? S1_OK : S1_NO_MEMORY;
}

void s1_copy_page(s1_machine *m, int dst, int src, int n) {
    int groups = (n + 15) / 16; // keys lie in groups of 16 positions
    for (int l = 0; l < m->layers; l++) {
        for (int h = 0; h < m->kvheads; h++) {
            uint16_t *to = s1_kv(m, dst, l, h);
            const uint16_t *from = s1_kv(m, src, l, h);
            size_t v = (size_t)S1_PAGE * (size_t)m->Dp, bytes = (size_t)groups * 16 * (size_t)m->Dp * sizeof *to;
            memcpy(to, from, bytes);
            memcpy(to + v, from + v, bytes);
        }
    }
}

int s1_machine_start(s1_machine *m) {
    size_t rows = (size_t)m->max_rows;
    m->tokens = calloc(rows, sizeof *m->tokens);
    m->pos = calloc(rows, sizeof *m->pos);
    m->seq = calloc(rows, sizeof *m->seq);
    m->out = calloc(rows, sizeof *m->out);
    m->invt = calloc(rows, sizeof *m->invt);
    m->table_at = calloc(rows, sizeof *m->table_at);
    m->part_at = calloc(rows, sizeof *m->part_at);
    m->row_task = calloc(rows, sizeof *m->row_task);
    m->stamp = calloc((size_t)m->pages, sizeof *m->stamp);
    m->scratch = calloc((size_t)m->threads, sizeof *m->scratch);
    if (!m->tokens || !m->pos || !m->seq || !m->out || !m->invt || !m->table_at || !m->part_at || !m->row_task || !m->stamp || !m->scratch)
        return S1_NO_MEMORY;
    size_t floats = (size_t)2 * (size_t)(S1_BLOCK_QUERIES + m->heads) * (size_t)(S1_PART + m->Dp);
    for (int i = 0; i < m->threads; i++) {
        m->scratch[i] = aligned_alloc(64, (floats * sizeof(float) + 63) / 64 * 64);
        if (!m->scratch[i]) return S1_NO_MEMORY;
    }
    m->pool.owner = m;
    m->pool.work = work;
    m->pool.cancel = &m->cancel;
    m->pool.threads = m->threads;
    m->pool.most_stages = m->nstages;
    if (s1_pool_start(&m->pool)) return S1_NO_MEMORY;
    m->threads = m->pool.threads;
    return S1_OK;
}

void s1_machine_stop(s1_machine *m) {
    if (m->pool.started) s1_pool_stop(&m->pool);
    for (int i = 0; m->scratch && i < m->threads; i++) free(m->scratch[i]);
    void *owned[] = {m->tokens, m->pos, m->seq, m->out, m->invt, m->table_at, m->part_at, m->row_task, m->stamp, m->scratch,
                     m->tables, m->tasks, m->task_rows, m->parts, m->logits, m->stats, m->blocks, m->subs, m->kth};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
}
