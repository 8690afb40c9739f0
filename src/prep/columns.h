/* What several steps do with the columns of a batch: measure mean and spread, and map every column to another range. */
#ifndef TEN_PREP_COLUMNS_H
#define TEN_PREP_COLUMNS_H

#include "data/batch.h"

/* mean[columns] and squares[columns], the sum of squared distances from the mean, of at least one row. `squares` is
 * exactly 0 for a column that is constant, and only then. Independent of the number of threads. */
enum ten_status ten_column_moments(const struct ten_batch *batch, double *mean, double *squares,
                                   const struct ten_run *run, struct ten_error *error);

/* Every value x of column j becomes (x - zero[j]) / unit[j], or 0 where unit[j] is 0. The batch then holds floats of
 * the same shape. */
enum ten_status ten_column_rescale(struct ten_batch *batch, const double *zero, const double *unit,
                                   const struct ten_run *run, struct ten_error *error);

#endif
