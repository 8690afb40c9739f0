#include "prep/subspace.h"

#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 4 };

static double dot(const double *restrict a, const double *restrict b, size_t n) {
    double part[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t p = 0; p < 8; p++) part[p] += a[i + p] * b[i + p];
    for (; i < n; i++) part[0] += a[i] * b[i];
    return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
}

static void add_multiple(double *restrict to, const double *restrict from, double factor, size_t n) {
    for (size_t i = 0; i < n; i++) to[i] += factor * from[i];
}

/* to[dimensions x n] = from times the matrix */
static void multiply(const double *matrix, size_t n, size_t dimensions, const double *from, double *to) {
    memset(to, 0, dimensions * n * sizeof *to);
    for (size_t j = 0; j < n; j++)
        for (size_t d = 0; d < dimensions; d++) add_multiple(to + d * n, matrix + j * n, from[d * n + j], n);
}

/* Gram and Schmidt's, each row twice (Giraud, Langou and Rozloznik 2005). A row that lies within those before it
 * becomes zero. */
static void orthonormalise(double *rows, size_t n, size_t dimensions) {
    for (size_t d = 0; d < dimensions; d++) {
        double *row = rows + d * n, before = sqrt(dot(row, row, n));
        for (int pass = 0; pass < 2; pass++)
            for (size_t e = 0; e < d; e++) add_multiple(row, rows + e * n, -dot(row, rows + e * n, n), n);
        double length = sqrt(dot(row, row, n)), factor = length > 1e-10 * before ? 1 / length : 0;
        for (size_t j = 0; j < n; j++) row[j] *= factor;
    }
}

/* Starts from the axes with the largest variances. */
static void choose_axes(const double *matrix, size_t n, size_t dimensions, double *basis) {
    memset(basis, 0, dimensions * n * sizeof *basis);
    for (size_t j = 0; j < n; j++) {
        size_t larger = 0;
        for (size_t i = 0; i < n; i++) {
            double other = matrix[i * n + i], own = matrix[j * n + j];
            larger += other > own || (other == own && i < j);
        }
        if (larger < dimensions) basis[larger * n + j] = 1;
    }
}

enum ten_status ten_leading_subspace(const double *matrix, size_t n, size_t dimensions, double *basis, double *share,
                                     struct ten_error *error) {
    double *product = ten_alloc(dimensions * n, sizeof *product), trace = 0, held = 0;
    if (!product) return ten_fail_memory(error, "a subspace");
    choose_axes(matrix, n, dimensions, basis);
    for (int round = 0; round < ROUNDS; round++) {
        multiply(matrix, n, dimensions, basis, product);
        memcpy(basis, product, dimensions * n * sizeof *basis);
        orthonormalise(basis, n, dimensions);
    }
    multiply(matrix, n, dimensions, basis, product);
    held = dot(basis, product, dimensions * n);
    for (size_t j = 0; j < n; j++) trace += matrix[j * n + j];
    *share = isfinite(trace) && isfinite(held) && trace > 0 ? held / trace : 0;
    free(product);
    return TEN_OK;
}
