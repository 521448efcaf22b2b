// attn.c: which queries read which pages together, and the walk over them.
//
// A row's positions are cut into chunks of S1_CHUNK pages. Each chunk has its own running softmax, and the chunks are folded in
// order, whoever computed them: so a row's result depends on its own pages only, not on the batch or the number of threads.
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exec.h"

void *s1_grown(void *p, int *cap, int n, size_t bytes) {
    if (n <= *cap) return p;
    free(p);
    size_t want = (size_t)n + (size_t)n / 2 + 64;
    p = want > INT_MAX ? NULL : malloc(want * bytes);
    *cap = p ? (int)want : 0;
    return p;
}

static int chunks_of(int pos) { return pos / (S1_PAGE * S1_CHUNK) + 1; }

static int block_rows(const s1_machine *m) {
    int n = S1_BLOCK_QUERIES / (m->heads / m->kvheads);
    return n < 1 ? 1 : n;
}

// Rows of long runs: blocks of one sequence over all chunks, the last (longest) first.
static void plan_run(s1_machine *m, int row0, int row1) {
    int rows = block_rows(m);
    for (int hi = row1; hi > row0; hi -= rows) {
        int lo = hi - rows > row0 ? hi - rows : row0;
        m->tasks[m->ntasks++] = (s1_attn_task){.chunk = -1, .first = m->ntask_rows, .count = hi - lo};
        for (int r = lo; r < hi; r++) m->task_rows[m->ntask_rows++] = r;
    }
}

// One chunk of the rows of short runs: rows whose first page of the chunk is the same go together, up to S1_SHARE.
static void plan_chunk(s1_machine *m, int chunk) {
    int first = m->ntasks;
    for (int r = 0; r < m->n; r++) {
        m->row_task[r] = -1;
        if (m->part_at[r] < 0 || chunks_of(m->pos[r]) <= chunk) continue;
        int page = m->tables[m->table_at[m->seq[r]] + chunk * S1_CHUNK], t = m->stamp[page];
        // A stamp may be an older chunk's or step's; it counts only if it names a task of this chunk with this page.
        if (t < first || t >= m->ntasks || m->tasks[t].page != page || m->tasks[t].count == S1_SHARE) {
            t = m->ntasks++;
            m->tasks[t] = (s1_attn_task){.chunk = chunk, .page = page};
            m->stamp[page] = t;
        }
        m->tasks[t].count++;
        m->row_task[r] = t;
    }
    for (int t = first; t < m->ntasks; t++) {
        m->tasks[t].first = m->ntask_rows;
        m->ntask_rows += m->tasks[t].count;
        m->tasks[t].count = 0;
    }
    for (int r = 0; r < m->n; r++) {
        if (m->row_task[r] < 0) continue;
        s1_attn_task *k = &m->tasks[m->row_task[r]];
        m->task_rows[k->first + k->count++] = r;
    }
}

int s1_plan_attention(s1_machine *m) {
    m->ntasks = m->ntask_rows = 0;
    int most = 0, parts = 0; // tasks and task rows are at most one for each row and chunk
    for (int r = 0; r < m->n; r++) most += chunks_of(m->pos[r]);
    if (!(m->tasks = s1_grown(m->tasks, &m->tasks_cap, most, sizeof *m->tasks))) return S1_NO_MEMORY;
    if (!(m->task_rows = s1_grown(m->task_rows, &m->task_rows_cap, most, sizeof *m->task_rows))) return S1_NO_MEMORY;
    int deepest = 0;
    for (int r = 0, e; r < m->n; r = e) {
        for (e = r + 1; e < m->n && m->seq[e] == m->seq[r];) e++;
        if (e - r >= S1_BLOCK_ROWS) {
            for (int i = r; i < e; i++) m->part_at[i] = -1;
            plan_run(m, r, e);
            continue;
        }
        for (int i = r; i < e; i++) {
            m->part_at[i] = parts;
            parts += chunks_of(m->pos[i]);
            if (chunks_of(m->pos[i]) > deepest) deepest = chunks_of(m->pos[i]);
        }
    }
    size_t part = (size_t)m->heads * (size_t)(S1_PART + m->Dp) * sizeof(float);
    if (parts && !(m->parts = s1_grown(m->parts, &m->parts_cap, parts, part))) return S1_NO_MEMORY;
    for (int c = 0; c < deepest; c++) plan_chunk(m, c);
    return S1_OK;
}

// pages_of walks one chunk's pages for a task's rows and adds each to the running softmax at state(row, head).
// Rows that have different pages at a place (their branches have parted) are served page by page.
typedef struct {
    s1_machine *m;
    const s1_stage *s;
    const int32_t *rows;
    int count, head; // key/value head
    float *state;    // of row i of the task and head g of the group: state + at[i] + g*stride
    size_t at[S1_BLOCK_QUERIES];
} s1_walk;

static void walk_page(const s1_walk *w, int index, const int32_t *who, int n, int page) {
    const s1_machine *m = w->m;
    const int group = w->s->heads / m->kvheads, D = m->D, width = w->s->heads * D;
    const size_t stride = (size_t)(S1_PART + m->Dp);
    const uint16_t *k = s1_kv(m, page, w->s->layer, w->head), *v = k + (size_t)S1_PAGE * (size_t)m->Dp;
    const float scale = w->s->scale * 1.44269504f;
    int total = n * group, left = total, i = 0, g = 0;
    while (left > 0) {
        // as equal tiles as possible: 7 queries are 4 and 3, not 6 and 1
        int tiles = (left + S1_TILE - 1) / S1_TILE, nq = (left + tiles - 1) / tiles;
        s1_qrow q[S1_TILE];
        for (int j = 0; j < nq; j++) {
            int row = w->rows[who[i]], valid = m->pos[row] + 1 - index * S1_PAGE;
            float *st = w->state + w->at[who[i]] + (size_t)g * stride;
            q[j] = (s1_qrow){
                .q = w->s->q + (size_t)row * (size_t)width + (size_t)(w->head * group + g) * (size_t)D,
                .m = st,
                .l = st + 1,
                .o = st + S1_PART,
                .valid = valid < S1_PAGE ? valid : S1_PAGE,
            };
            if (++g == group) g = 0, i++;
        }
        m->simd->attend(q, nq, k, v, D, m->Dp, scale);
        left -= nq;
    }
}

static void walk_chunk(const s1_walk *w, int chunk) {
    const s1_machine *m = w->m;
    const int group = w->s->heads / m->kvheads;
    const size_t stride = (size_t)(S1_PART + m->Dp);
    for (int i = 0; i < w->count; i++) {
        if (chunks_of(m->pos[w->rows[i]]) <= chunk) continue;
        for (int g = 0; g < group; g++) {
            float *st = w->state + w->at[i] + (size_t)g * stride;
            memset(st, 0, stride * sizeof(float));
            st[0] = -INFINITY;
        }
    }
    int32_t who[S1_BLOCK_QUERIES], page[S1_BLOCK_QUERIES];
    for (int index = chunk * S1_CHUNK; index < (chunk + 1) * S1_CHUNK; index++) {
        int left = 0;
        for (int i = 0; i < w->count; i++) {
            int row = w->rows[i];
            page[i] = -1;
            if (m->pos[row] < index * S1_PAGE) continue;
            page[i] = m->tables[m->table_at[m->seq[row]] + index];
            left++;
        }
        for (int from = 0; left > 0; from++) {
            if (page[from] < 0) continue;
            int n = 0, id = page[from];
            for (int i = from; i < w->count; i++) {
                if (page[i] == id) who[n++] = i, page[i] = -1;
            }
            walk_page(w, index, who, n, id);
            left -= n;
        }
    }
}

// All chunks of a block of rows of one sequence, folded as they come.
static void walk_block(s1_walk *w, int thread) {
    s1_machine *m = w->m;
    const int group = w->s->heads / m->kvheads;
    const size_t stride = (size_t)(S1_PART + m->Dp);
    float *whole = m->scratch[thread], *part = whole + (size_t)w->count * (size_t)group * stride;
    int deepest = 0;
    for (int i = 0; i < w->count; i++) {
        w->at[i] = (size_t)i * (size_t)group * stride;
        if (chunks_of(m->pos[w->rows[i]]) > deepest) deepest = chunks_of(m->pos[w->rows[i]]);
    }
    for (int c = 0; c < deepest; c++) {
        w->state = c ? part : whole;
        walk_chunk(w, c);
        for (int i = 0; c && i < w->count; i++) {
            if (chunks_of(m->pos[w->rows[i]]) <= c) continue;
            for (int g = 0; g < group; g++) {
                size_t o = w->at[i] + (size_t)g * stride;
                m->simd->fold(whole + o, part + o, m->Dp);
            }
        }
    }
    for (int i = 0; i < w->count; i++) {
        float *out = w->s->out + (size_t)w->rows[i] * (size_t)(w->s->heads * m->D) + (size_t)(w->head * group * m->D);
        for (int g = 0; g < group; g++) {
            m->simd->merge(1, whole + w->at[i] + (size_t)g * stride, stride, m->D, m->Dp, out + (size_t)(g * m->D));
        }
    }
}

void s1_run_attention(s1_machine *m, const s1_stage *s, int lo, int hi, int thread) {
    const int group = s->heads / m->kvheads;
    const size_t stride = (size_t)(S1_PART + m->Dp);
    for (int u = lo; u < hi; u++) {
        const s1_attn_task *t = &m->tasks[u / m->kvheads];
        s1_walk w;
        w.m = m, w.s = s, w.rows = m->task_rows + t->first, w.count = t->count, w.head = u % m->kvheads;
        if (t->chunk < 0) {
            walk_block(&w, thread);
            continue;
        }
        for (int i = 0; i < w.count; i++) {
            size_t part = (size_t)(m->part_at[w.rows[i]] + t->chunk);
            w.at[i] = (part * (size_t)s->heads + (size_t)(w.head * group)) * stride;
        }
        w.state = m->parts;
        walk_chunk(&w, t->chunk);
    }
}

void s1_fold_row(s1_machine *m, const s1_rowop *op, int row) {
    if (m->part_at[row] < 0) return;
    const size_t stride = (size_t)(S1_PART + m->Dp), step = stride * (size_t)op->heads;
    float *part = m->parts + (size_t)m->part_at[row] * step;
    for (int h = 0; h < op->heads; h++) {
        m->simd->merge(chunks_of(m->pos[row]), part + (size_t)h * stride, step, m->D, m->Dp,
                       op->out + (size_t)row * (size_t)op->width + (size_t)(h * m->D));
    }
}
