// exec.h: a program lowered for execution, and one step through it.
//
// Data flow of a step (one call from Go):
//   batch -> attention plan (which queries read which pages together) -> stages, one after another -> logits, stats.
// A stage is work that can be cut into units: rows of a list of row ops, strips of a list of matrices, queries over pages,
// blocks of logits. Threads take units from a counter; whoever finishes the last unit opens the next stage, and runs a
// stage of one unit itself without waking anybody (all small work of single-row decoding is of that kind).
#ifndef S1_EXEC_H
#define S1_EXEC_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "mat.h"
#include "pool.h"
#include "simd.h"

enum {
    S1_ROWS = 4,          // rows of one unit of a row stage
    S1_CHUNK = 4,         // pages whose partial softmax is kept together: fixed, so that sums do not depend on threads
    S1_SHARE = 16,        // most rows that read a page together in one unit
    S1_BLOCK_ROWS = 16,   // from so many rows on a sequence is cut by rows, not by pages
    S1_BLOCK_QUERIES = 96 // queries of one such cut
};

enum s1_rowop_kind {
    S1_OP_EMBED, S1_OP_NORM, S1_OP_ROPE_TABLE, S1_OP_ROPE, S1_OP_KV, S1_OP_FOLD, S1_OP_SWIGLU, S1_OP_SELECT, S1_OP_PACK
};

// One op on a row; which fields count depends on kind. Buffers are (rows, width).
typedef struct {
    int kind;
    int width;        // of x and out
    int heads, dim;   // NORM: segments (0 = the row); ROPE: heads and their size; FOLD: query heads
    int layer;        // KV
    int interleaved;  // ROPE
    int layout;       // PACK
    float eps, scale; // NORM; ROPE_TABLE
    const float *x, *y;
    float *out;
    const float *w;    // NORM: weight; ROPE_TABLE: frequencies; ROPE: its table, (rows, dim)
    const s1_mat *mat; // EMBED
    void *act;         // PACK
} s1_rowop;

typedef struct {
    const s1_mat *mat;
    const void *act;
    const float *bias;
    float *out;
    int ldo, accumulate;
    int to_logits; // out is the result's logits, known only when the step begins
} s1_mul;

enum s1_stage_kind { S1_STAGE_ROWS, S1_STAGE_MATMUL, S1_STAGE_ATTEND, S1_STAGE_STATS, S1_STAGE_FINISH };

typedef struct {
    int kind;
    int out_rows;     // rows are those of Batch.Out
    int first, count; // of row ops or matrices
    // ATTEND
    int layer, heads;
    float scale;
    const float *q; // (rows, heads*D)
    float *out;
} s1_stage;

// One unit of attention, for each key/value head: rows[first..first+count) over the pages of chunk, or of all chunks when -1.
// page is the first one they share.
typedef struct {
    int32_t chunk, page, first, count;
} s1_attn_task;

// As kernels.LogitStats.
typedef struct {
    float lse, lset, entropy;
    int32_t ids[64];
    float logits[64];
} s1_logit_stats;

typedef struct s1_machine {
    const s1_simd *simd;
    int isa, threads, max_rows;

    // the program
    s1_stage *stages;
    s1_rowop *rowops;
    s1_mul *muls;
    int nstages, prefill_stages; // prefill_stages: enough when no logits are wanted
    int layers, kvheads, heads, D, Dp, vocab;

    // key/value pages: [page][layer][kvhead]{K, V}, see attn_impl.h
    uint8_t *kv;
    size_t page_bytes;
    int pages;

    // the batch, filled by the caller
    int n, nout, nseq;
    int32_t *tokens, *pos, *seq, *out; // (max_rows)
    float *invt;                       // (max_rows)
    int32_t *tables, *table_at;        // page ids of all sequences; where each one's begin (max_rows)
    int tables_cap;

    // the attention plan
    s1_attn_task *tasks;
    int ntasks, tasks_cap;
    int32_t *task_rows;
    int ntask_rows, task_rows_cap;
    int32_t *part_at; // (max_rows) first partial of a row, -1 when its softmax is finished in one unit
    int32_t *row_task; // (max_rows) scratch: the task of a row in a chunk
    int32_t *stamp;   // (pages) scratch: the newest task of a page
    float *parts;     // (parts_cap, heads, S1_PART + Dp)
    int parts_cap;
    float **scratch;  // a thread's, (2, S1_BLOCK_QUERIES + heads, S1_PART + Dp)

    // the result
    float *logits;         // (nout, vocab)
    s1_logit_stats *stats; // (nout)
    s1_block_stats *blocks;
    float *subs, *kth; // (nout, sub-blocks) their maxima; scratch for selection
    int out_cap;

    atomic_int cancel;
    s1_pool pool;
} s1_machine;

// What a step returns.
enum { S1_OK = 0, S1_CANCELLED = 1, S1_NO_MEMORY = 2 };

// Starts the threads of a machine whose program and sizes are set, and takes the memory for its batches. 0, or S1_NO_MEMORY.
int s1_machine_start(s1_machine *m);
void s1_machine_stop(s1_machine *m);
// Makes room for total page ids in tables.
int s1_machine_tables(s1_machine *m, int total);
int s1_step(s1_machine *m);
void s1_cancel(s1_machine *m, int on); // from any thread
void s1_copy_page(s1_machine *m, int dst, int src, int n);

// Memory that is taken when first written, in huge pages where the system has them; NULL when there is none.
void *s1_map(size_t bytes);
void s1_unmap(void *p, size_t bytes);

// The stages, in their own files.
void s1_run_rows(s1_machine *m, const s1_stage *s, int r0, int r1);
int s1_plan_attention(s1_machine *m);
void s1_run_attention(s1_machine *m, const s1_stage *s, int lo, int hi, int thread);
void s1_fold_row(s1_machine *m, const s1_rowop *op, int row);
void s1_run_stats(s1_machine *m, int lo, int hi);
void s1_finish_row(s1_machine *m, int row);
int s1_stats_blocks(const s1_machine *m);
int s1_stats_subs(const s1_machine *m);

// Memory of at least n elements of size bytes each: p itself where it has them, else p is freed and its contents are lost. NULL where
// there is none, or n is 0 and p was NULL.
void *s1_grown(void *p, int *cap, int n, size_t bytes);

// Where the keys of a page's layer and head lie; its values follow after S1_PAGE * Dp halves.
static inline uint16_t *s1_kv(const s1_machine *m, int page, int layer, int head) {
    size_t block = (size_t)2 * S1_PAGE * (size_t)m->Dp * 2;
    return (uint16_t *)(m->kv + (size_t)page * m->page_bytes + ((size_t)layer * (size_t)m->kvheads + (size_t)head) * block);
}

#endif
