/* Few directions that hold most of a covariance. */
#ifndef TEN_PREP_SUBSPACE_H
#define TEN_PREP_SUBSPACE_H

#include "tenfold.h"

/* basis[dimensions x n] gets orthonormal rows near the leading eigenvectors of the symmetric matrix[n x n] >= 0, by
 * four rounds of subspace iteration (Golub and Van Loan, Matrix Computations, section 8.2.4); rows beyond the matrix's
 * rank may be zero. *share: how much of the trace they hold, 0 to 1 (0 if the trace is 0 or not finite). Far cheaper
 * than ten_symmetric_eigen for few dimensions: 8 dimensions n^2 operations. */
enum ten_status ten_leading_subspace(const double *matrix, size_t n, size_t dimensions, double *basis, double *share,
                                     struct ten_error *error);

#endif
