/* Cholesky's factorisation and the inverse of its factor (Golub and Van Loan, Matrix Computations, sections 4.2.5 and
 * 3.1.3), all inner loops along rows: each subtracts a multiple of one row from another. */
#include "prep/cholesky.h"

#include <math.h>
#include <string.h>

static void subtract_multiple(double *restrict to, const double *restrict from, double factor, size_t n) {
    for (size_t i = 0; i < n; i++) to[i] -= factor * from[i];
}

/* The upper triangle of a becomes r. */
static bool factorise(double *a, size_t n, double limit, size_t *at, double *diagonal) {
    for (size_t k = 0; k < n; k++) diagonal[k] = a[k * n + k];
    for (size_t k = 0; k < n; k++) {
        double *row = a + k * n, pivot = row[k];
        *at = k;
        if (!(pivot > 0 && pivot > limit * diagonal[k])) return false;
        double root = sqrt(pivot);
        for (size_t j = k; j < n; j++) row[j] /= root;
        for (size_t i = k + 1; i < n; i++) subtract_multiple(a + i * n + i, row + i, row[i], n - i);
    }
    return true;
}

bool ten_cholesky_whiten(double *a, size_t n, double limit, double *log_determinant, size_t *at, double *scratch) {
    if (!factorise(a, n, limit, at, scratch)) return false;
    *log_determinant = 0;
    for (size_t i = n; i-- > 0;) { /* r w = 1, solved from the last row of w upward */
        double *row = a + i * n, root = row[i];
        *log_determinant += 2 * log(root);
        memcpy(scratch, row, n * sizeof *scratch);
        memset(row, 0, n * sizeof *row);
        row[i] = 1;
        for (size_t k = i + 1; k < n; k++) subtract_multiple(row + k, a + k * n + k, scratch[k], n - k);
        for (size_t k = i; k < n; k++) row[k] /= root;
    }
    return true;
}
