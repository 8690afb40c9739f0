/* The inverse square root of a covariance, by Cholesky's factorisation. */
#ifndef TEN_PREP_CHOLESKY_H
#define TEN_PREP_CHOLESKY_H

#include <stdbool.h>
#include <stddef.h>

/* For a symmetric a[n x n] with a = r' r, r upper triangular: replaces a by w = r^-1, upper triangular (zeros below),
 * so that |x' w|^2 = x' a^-1 x, and gives log_determinant = log |a|. Only a's upper triangle is read. A pivot (r[i,
 * i]^2: what is left of a[i, i] once the features before i have explained their part) that is not above limit * a[i, i]
 * ends it: false, with *at = i, and a is lost. scratch[n]. About 2/3 n^3 operations. */
bool ten_cholesky_whiten(double *a, size_t n, double limit, double *log_determinant, size_t *at, double *scratch);

#endif
