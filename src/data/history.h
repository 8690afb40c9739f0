/* The history that iterative fits keep: a table of numbers that grows by rows. */
#ifndef TEN_DATA_HISTORY_H
#define TEN_DATA_HISTORY_H

#include "tenfold.h"

/* Appends a row of `columns` values; the first call sets the names. */
enum ten_status ten_history_append(struct ten_history *history, size_t columns, const char *const *names,
                                   const double *row, struct ten_error *error);

#endif
