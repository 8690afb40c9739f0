/* The leading subspace of matrices whose eigenvectors are known, and of awkward ones. */
#include "test.h"

#include "base/random.h"
#include "prep/eigen.h"
#include "prep/subspace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 60 };

/* matrix = sum over i of values[i] v_i v_i', the v_i those of a random symmetric matrix; eigenvectors gets them. */
static void make_matrix(const double *values, size_t n, double *matrix, double *eigenvectors) {
    struct ten_random random;
    struct ten_error error;
    ten_random_init(&random, n, 1);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            eigenvectors[i * n + j] = eigenvectors[j * n + i] = 2 * ten_random_unit(&random) - 1;
    double ignored[MOST];
    assert_ok(ten_symmetric_eigen(eigenvectors, n, ignored, &error));
    memset(matrix, 0, n * n * sizeof *matrix);
    for (size_t e = 0; e < n; e++)
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                matrix[i * n + j] += values[e] * eigenvectors[e * n + i] * eigenvectors[e * n + j];
}

static double dot(const double *a, const double *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* Rows are orthonormal, or zero beyond the rank. */
static void check_rows(const double *basis, size_t n, size_t dimensions, size_t rank) {
    for (size_t d = 0; d < dimensions; d++)
        for (size_t e = 0; e <= d; e++) {
            double expected = d == e && d < rank ? 1 : 0, got = dot(basis + d * n, basis + e * n, n);
            if (!(fabs(got - expected) < 1e-12)) fail_msg("rows %zu and %zu: %g, expected %g", d, e, got, expected);
        }
}

static void test_leading(void **state) {
    (void)state;
    static double matrix[MOST * MOST], vectors[MOST * MOST], basis[MOST * MOST];
    const size_t sizes[] = {1, 2, 17, MOST};
    for (size_t s = 0; s < 4; s++)
        for (size_t dimensions = 1; dimensions <= sizes[s]; dimensions += 3) {
            size_t n = sizes[s];
            double values[MOST], share, trace = 0, leading = 0;
            for (size_t i = 0; i < n; i++) {
                values[i] = i < dimensions ? 100 - (double)i : 1 / (1 + (double)i);
                trace += values[i];
                if (i < dimensions) leading += values[i];
            }
            make_matrix(values, n, matrix, vectors);
            struct ten_error error;
            assert_ok(ten_leading_subspace(matrix, n, dimensions, basis, &share, &error));
            check_rows(basis, n, dimensions, n);
            assert_true(fabs(share - leading / trace) < 1e-9);
            for (size_t e = 0; e < dimensions; e++) { /* every leading eigenvector lies in the subspace */
                double inside = 0;
                for (size_t d = 0; d < dimensions; d++) inside += pow(dot(basis + d * n, vectors + e * n, n), 2);
                assert_true(fabs(inside - 1) < 1e-9);
            }
        }
}

static void test_low_rank(void **state) {
    (void)state;
    static double matrix[MOST * MOST], vectors[MOST * MOST], basis[MOST * MOST];
    double values[MOST] = {5, 3, 2}, share;
    struct ten_error error;
    make_matrix(values, MOST, matrix, vectors);
    assert_ok(ten_leading_subspace(matrix, MOST, 3, basis, &share, &error));
    check_rows(basis, MOST, 3, 3);
    assert_true(fabs(share - 1) < 1e-9);
    double diagonal[MOST * 2] = {0};
    double few[4] = {2, 0, 0, 0};
    assert_ok(ten_leading_subspace(few, 2, 2, diagonal, &share, &error));
    check_rows(diagonal, 2, 2, 1);
    assert_true(share == 1);
    double nothing[4] = {0};
    assert_ok(ten_leading_subspace(nothing, 2, 1, diagonal, &share, &error));
    assert_true(share == 0);
    double broken[4] = {INFINITY, 0, 0, 1};
    assert_ok(ten_leading_subspace(broken, 2, 1, diagonal, &share, &error));
    assert_true(share == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leading),
        cmocka_unit_test(test_low_rank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
