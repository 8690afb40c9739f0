/* Scatter matrices: sums over rows of (x - centre)(x - centre)', which covariances are made of. */
#ifndef TEN_PREP_SCATTER_H
#define TEN_PREP_SCATTER_H

#include "data/batch.h"

/* Which rows, and from where they are measured. */
struct ten_scatter {
    const struct ten_batch *batch;
    const double *means;   /* [groups x columns] */
    const uint8_t *labels; /* row i is measured from means + labels[i] * columns; NULL: from the only mean */
    const size_t *rows;    /* the rows to take, `count` of them; NULL: all of the batch */
    size_t count;
    const char *stage; /* for progress, counted in images */
};

/* sum[columns x columns], both triangles, >= 0 in the diagonal and exactly 0 for a feature that never leaves its
 * centre. Products are in single precision over 256 rows, sums of them in double in the order of rows: an entry's
 * error is of the order of 1e-7 times the root of the two diagonal entries that belong to it. */
enum ten_status ten_scatter_sum(const struct ten_scatter *scatter, double *sum, const struct ten_run *run,
                                struct ten_error *error);

/* out[rows x columns] = rows begin.. of the batch, minus the mean, subtracted in double. */
void ten_centred_rows(const struct ten_batch *batch, const double *mean, size_t begin, size_t rows, float *out);

#endif
