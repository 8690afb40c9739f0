/* Eigenvalues and eigenvectors of a dense symmetric matrix. */
#ifndef TEN_PREP_EIGEN_H
#define TEN_PREP_EIGEN_H

#include "tenfold.h"

/* Replaces matrix[n x n], symmetric and finite, by its orthonormal eigenvectors, one a row; values[n] gets the
 * eigenvalues that belong to them, in falling order. Errors are of the order of 1e-16 times the largest eigenvalue.
 * Takes about 9 n^3 operations. */
enum ten_status ten_symmetric_eigen(double *matrix, size_t n, double *values, struct ten_error *error);

#endif
