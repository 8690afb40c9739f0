/* The nearest other rows of every row, exactly. */
#ifndef TEN_STUDY_NEIGHBOURS_H
#define TEN_STUDY_NEIGHBOURS_H

#include "tenfold.h"

/* For each of rows x columns finite values its k < rows nearest other rows by (distance, index), nearest first:
 * others[rows x k], and squared Euclidean distances[rows x k], sums of squared differences in double. Those of equal
 * rows are 0. */
enum ten_status ten_nearest_rows(const float *values, size_t rows, size_t columns, size_t k, uint32_t *others,
                                 double *distances, const struct ten_run *run, struct ten_error *error);

#endif
