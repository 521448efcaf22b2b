// Matrices packed for multiplication by a few or many activation vectors.
//
// Data flow: plan (choose a layout) -> pack (once, at load) -> act_pack (each step) -> matmul (strips shared among threads).
// A strip is 16 rows. Every function may run in several threads on disjoint strips or rows.
// The result for an activation vector depends neither on the other vectors of the batch nor on how strips are divided,
// and for the quantised layouts it is the same, bit for bit, under every instruction set.
#ifndef S1_MAT_H
#define S1_MAT_H

#include <stddef.h>

#include "isa.h"

enum { S1_STRIP = 16 };

// Source types, numbered as kernels.DType.
enum s1_dtype {
    S1_F32, S1_F16, S1_BF16, S1_Q8_0, S1_Q4_0, S1_Q4_1, S1_Q5_0, S1_Q5_1, S1_Q4_K, S1_Q5_K, S1_Q6_K,
    S1_DTYPE_COUNT
};

// What a user may choose: auto makes Q8_0 of F16 and BF16, exact keeps everything as stored, q8 makes Q8_0 of F32 too.
// A matrix whose columns are no multiple of 32 keeps its type.
enum s1_mat_mode { S1_MODE_AUTO, S1_MODE_EXACT, S1_MODE_Q8 };

// Layouts, described in mat_block.h.
enum s1_layout {
    S1_MAT_F32, S1_MAT_F16, S1_MAT_BF16, S1_MAT_Q8, S1_MAT_Q4_0, S1_MAT_Q4_1, S1_MAT_Q5_0,
    S1_MAT_Q5_1, S1_MAT_Q4_K, S1_MAT_Q5_K, S1_MAT_Q6_K, S1_LAYOUT_COUNT
};

typedef struct {
    int layout, dtype; // enum s1_layout; enum s1_dtype of the source
    int rows, cols;
    int strips;   // ceil(rows / 16)
    size_t bytes; // size of data
    void *data;   // set by the caller, 64-byte aligned
} s1_mat;

// Fills *out but for data. 0, or -1 for a type, shape or mode that cannot be.
int s1_mat_plan(int dtype, int mode, int rows, int cols, s1_mat *out);

// Writes the strips [strip0, strip1) of m->data from src, the whole matrix as it lies in its file (any alignment).
void s1_mat_pack(const s1_mat *m, const void *src, int strip0, int strip1);

// Row row of the packed matrix as float32: out (cols).
void s1_mat_row(const s1_mat *m, int row, float *out);

// Which form of activations a layout wants. Matrices of equal kind and cols can share one packed panel.
int s1_act_kind(int isa, int layout);

// Size of n packed vectors of cols elements.
size_t s1_act_bytes(int isa, int layout, int n, int cols);

// Packs the vectors [row0, row1) of x (n, ldx >= cols) into act, 64-byte aligned. n is the whole batch: it decides the places.
// Quantised kinds hold about fifteen bits per 32 columns with fp32 scales: int8 and int8 of the rest, or int16. A block with a
// NaN or an infinity becomes NaN.
void s1_act_pack(int isa, int layout, const float *x, int ldx, int n, int cols, int row0, int row1,
                 void *act);

// out (n, ldo >= rows): out[j*ldo + r] = (accumulate ? out : 0) + (bias ? bias[r] : 0) + sum_k W[r][k] x[j][k]
// for the rows of the strips [strip0, strip1).
void s1_matmul(int isa, const s1_mat *m, const void *act, int n, const float *bias, float *out,
               int ldo, int accumulate, int strip0, int strip1);

#endif
