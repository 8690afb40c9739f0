/* The symmetric eigenvalue problem after Golub and Van Loan, Matrix Computations, section 8.3: Householder reflections
 * make the matrix tridiagonal, implicit QL steps with Wilkinson's shift make that diagonal (as in EISPACK's imtql2;
 * Dubrulle, Martin and Wilkinson 1968). All inner loops run along rows: products with the symmetric matrix are sums of
 * its rows, and eigenvectors are kept as rows, so that a plane rotation mixes two rows. */
#include "prep/eigen.h"

#include "base/error.h"
#include "base/memory.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_STEPS = 50, /* QL steps per eigenvalue; two are usual */
    STRIP = 128     /* columns that all rotations of a step pass over before the next ones, to stay in the cache */
};

/* to[0..n-1] += factor * from[0..n-1] */
static void add_multiple(double *restrict to, const double *restrict from, double factor, size_t n) {
    for (size_t i = 0; i < n; i++) to[i] += factor * from[i];
}

static double dot(const double *a, const double *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static void swap_rows(double *restrict a, double *restrict b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

/* ---- To tridiagonal form ------------------------------------------------------------------------------ */

/* Makes x[0..n-1] into the v of a reflection H = I - beta v v' that takes x to (result, 0, ..., 0), and returns beta; 0
 * if x is zero. v is scaled so that nothing overflows. */
static double make_reflection(double *x, size_t n, double *result) {
    double scale = 0;
    for (size_t i = 0; i < n; i++) scale = fmax(scale, fabs(x[i]));
    *result = 0;
    if (scale == 0) return 0;
    for (size_t i = 0; i < n; i++) x[i] /= scale;
    double length = -copysign(sqrt(dot(x, x, n)), x[0]); /* of the sign that avoids cancellation in x[0] - length */
    double beta = 1 / (length * (length - x[0]));
    x[0] -= length;
    *result = length * scale;
    return beta;
}

/* One reflection from both sides: a[m x m] (row stride n) becomes H a H. p[m] is scratch. */
static void reflect_both_sides(double *a, size_t n, size_t m, const double *v, double beta, double *p) {
    memset(p, 0, m * sizeof *p);
    for (size_t i = 0; i < m; i++) add_multiple(p, a + i * n, beta * v[i], m);
    add_multiple(p, v, -beta / 2 * dot(p, v, m), m);
    for (size_t i = 0; i < m; i++) { /* a -= v p' + p v' */
        double *row = a + i * n, vi = v[i], pi = p[i];
        for (size_t j = 0; j < m; j++) row[j] -= vi * p[j] + pi * v[j];
    }
}

/* Fills diagonal[n] and off[n] (off[i] stands beside diagonal[i] and [i + 1]; off[n - 1] = 0). The reflection of step k
 * stays in row k, behind the diagonal, and in beta[k]. */
static void make_tridiagonal(double *a, size_t n, double *diagonal, double *off, double *beta, double *scratch) {
    for (size_t k = 0; k + 1 < n; k++) {
        double *v = a + k * n + k + 1;
        size_t m = n - k - 1;
        beta[k] = m > 1 ? make_reflection(v, m, &off[k]) : 0;
        if (m == 1) off[k] = v[0];
        if (beta[k] != 0) reflect_both_sides(a + (k + 1) * n + k + 1, n, m, v, beta[k], scratch);
    }
    for (size_t k = 0; k < n; k++) diagonal[k] = a[k * n + k];
    off[n - 1] = 0;
}

/* Multiplies the reflections out, last one first, so that each meets only the corner that is not yet the identity
 * (section 5.1.6); a then holds the transpose of Q in A = Q T Q'. */
static void multiply_reflections(double *a, size_t n, const double *beta, double *scratch) {
    a[n * n - 1] = 1;
    for (size_t k = n - 1; k-- > 0;) {
        double *v = a + k * n + k + 1, *corner = a + (k + 1) * n + k + 1;
        size_t m = n - k - 1;
        if (beta[k] != 0) {
            memset(scratch, 0, m * sizeof *scratch);
            for (size_t i = 0; i < m; i++) add_multiple(scratch, corner + i * n, v[i], m);
            for (size_t i = 0; i < m; i++) add_multiple(corner + i * n, scratch, -beta[k] * v[i], m);
        }
        a[k * n + k] = 1;
        for (size_t i = k + 1; i < n; i++) a[k * n + i] = a[i * n + k] = 0;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            double kept = a[i * n + j];
            a[i * n + j] = a[j * n + i];
            a[j * n + i] = kept;
        }
}

/* ---- To diagonal form --------------------------------------------------------------------------------- */

/* Rotates rows i and i + 1 of z for i = last, last - 1, ..., begin. */
static void rotate_rows(double *z, size_t n, size_t begin, size_t last, const double *cosine, const double *sine) {
    for (size_t left = 0; left < n; left += STRIP) {
        size_t width = n - left < STRIP ? n - left : STRIP;
        for (size_t i = last + 1; i-- > begin;) {
            double *restrict upper = z + i * n + left, *restrict lower = upper + n;
            double c = cosine[i], s = sine[i];
            for (size_t j = 0; j < width; j++) {
                double kept = lower[j];
                lower[j] = s * upper[j] + c * kept;
                upper[j] = c * upper[j] - s * kept;
            }
        }
    }
}

/* One implicit QL step on the block begin..end, whose off-diagonal elements are not zero: the shift starts a bulge at
 * the lower end, which plane rotations chase to the upper one. Returns the first row that was rotated. */
static size_t ql_step(double *diagonal, double *off, size_t begin, size_t end, double *cosine, double *sine) {
    double g = (diagonal[begin + 1] - diagonal[begin]) / (2 * off[begin]);
    double shift = diagonal[begin] - off[begin] / (g + copysign(hypot(g, 1), g));
    double c = 1, s = 1, moved = 0;
    g = diagonal[end] - shift;
    for (size_t i = end; i-- > begin;) {
        double f = s * off[i], b = c * off[i], r = hypot(f, g);
        off[i + 1] = r;
        if (r == 0) { /* the block falls apart here */
            diagonal[i + 1] -= moved;
            off[end] = 0;
            return i + 1;
        }
        s = f / r;
        c = g / r;
        g = diagonal[i + 1] - moved;
        r = (diagonal[i] - g) * s + 2 * c * b;
        moved = s * r;
        diagonal[i + 1] = g + moved;
        g = c * r - b;
        cosine[i] = c;
        sine[i] = s;
    }
    diagonal[begin] -= moved;
    off[begin] = g;
    off[end] = 0;
    return begin;
}

/* Diagonalises the tridiagonal matrix and turns the rows of z along. */
static enum ten_status make_diagonal(double *diagonal, double *off, double *z, size_t n, double *cosine, double *sine,
                                     struct ten_error *error) {
    double norm = 0;
    for (size_t i = 0; i < n; i++) norm = fmax(norm, fabs(diagonal[i]) + fabs(off[i]));
    double negligible = DBL_EPSILON * norm; /* as small as the errors of the reflections */
    for (size_t begin = 0; begin < n; begin++) {
        for (int step = 0;; step++) {
            size_t end = begin;
            while (end + 1 < n && fabs(off[end]) > negligible) end++;
            if (end == begin) break;
            if (step == MAX_STEPS)
                return ten_fail(error, TEN_NUMERIC, "eigenvalue %zu of %zu was not found in %d steps", begin, n,
                                MAX_STEPS);
            size_t first = ql_step(diagonal, off, begin, end, cosine, sine);
            if (first < end) rotate_rows(z, n, first, end - 1, cosine, sine);
        }
    }
    return TEN_OK;
}

static void sort_falling(double *values, double *rows, size_t n) {
    for (size_t i = 0; i + 1 < n; i++) {
        size_t best = i;
        for (size_t j = i + 1; j < n; j++)
            if (values[j] > values[best]) best = j;
        if (best == i) continue;
        swap_rows(&values[i], &values[best], 1);
        swap_rows(rows + i * n, rows + best * n, n);
    }
}

enum ten_status ten_symmetric_eigen(double *matrix, size_t n, double *values, struct ten_error *error) {
    if (n == 0) return TEN_OK;
    double *scratch = ten_alloc(4 * n, sizeof *scratch);
    if (!scratch) return ten_fail_memory(error, "eigenvalues");
    double *off = scratch, *beta = scratch + n, *cosine = scratch + 2 * n, *sine = scratch + 3 * n;
    make_tridiagonal(matrix, n, values, off, beta, cosine);
    multiply_reflections(matrix, n, beta, cosine);
    enum ten_status status = make_diagonal(values, off, matrix, n, cosine, sine, error);
    if (status == TEN_OK) sort_falling(values, matrix, n);
    free(scratch);
    return status;
}
