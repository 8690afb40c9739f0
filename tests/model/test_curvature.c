/* The preconditioner of logistic regression against the same blocks made and solved naively in double. */
#include "test.h"

#include "base/random.h"
#include "model/curvature.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 700, MOST_FEATURES = 140, MOST = MOST_FEATURES + 1 };

/* Solves a z = d by Gauss's elimination with pivots; a[size x size] is lost, d becomes z. */
static void eliminate(double *a, double *d, size_t size) {
    for (size_t k = 0; k < size; k++) {
        size_t pivot = k;
        for (size_t i = k + 1; i < size; i++)
            if (fabs(a[i * size + k]) > fabs(a[pivot * size + k])) pivot = i;
        for (size_t j = 0; j < size; j++) {
            double swap = a[k * size + j];
            a[k * size + j] = a[pivot * size + j];
            a[pivot * size + j] = swap;
        }
        double swap = d[k];
        d[k] = d[pivot], d[pivot] = swap;
        for (size_t i = 0; i < size; i++) {
            if (i == k) continue;
            double factor = a[i * size + k] / a[k * size + k];
            for (size_t j = k; j < size; j++) a[i * size + j] -= factor * a[k * size + j];
            d[i] -= factor * d[k];
        }
    }
    for (size_t i = 0; i < size; i++) d[i] /= a[i * size + i];
}

static void centre(double *d, size_t features) {
    for (size_t j = 0; j <= features; j++) {
        size_t step = j < features ? features : 1, first = j < features ? j : TEN_CLASSES * features;
        double mean = 0;
        for (size_t k = 0; k < TEN_CLASSES; k++) mean += d[first + k * step] / TEN_CLASSES;
        for (size_t k = 0; k < TEN_CLASSES; k++) d[first + k * step] -= mean;
    }
}

/* What ten_curvature_solve promises, from scratch. */
static void naive(const float *x, const float *weights, size_t rows, size_t features, double ridge, double *d) {
    size_t size = features + 1;
    double *block = malloc(size * size * sizeof *block), z[MOST];
    assert_non_null(block);
    centre(d, features);
    for (size_t k = 0; k < TEN_CLASSES; k++) {
        memset(block, 0, size * size * sizeof *block);
        for (size_t i = 0; i < rows; i++) {
            double weight = (double)weights[k * rows + i];
            if (weight < (double)1e-3f) block[size * size - 1] += weight;
            for (size_t a = 0; weight >= (double)1e-3f && a < size; a++)
                for (size_t b = 0; b < size; b++)
                    block[a * size + b] += weight * (a < features ? (double)x[i * features + a] : 1) *
                                           (b < features ? (double)x[i * features + b] : 1);
        }
        double trace = 0;
        for (size_t a = 0; a < features; a++) block[a * size + a] += ridge;
        for (size_t a = 0; a < size; a++) trace += block[a * size + a];
        for (size_t a = 0; a < size; a++) block[a * size + a] += 1e-6 * trace / (double)size;
        for (size_t j = 0; j < features; j++) z[j] = d[k * features + j];
        z[features] = d[TEN_CLASSES * features + k];
        eliminate(block, z, size);
        for (size_t j = 0; j < features; j++) d[k * features + j] = z[j];
        d[TEN_CLASSES * features + k] = z[features];
    }
    centre(d, features);
    free(block);
}

static void check(size_t rows, size_t features, double ridge, bool same, int threads) {
    float *x = malloc(rows * features * sizeof *x), *weights = malloc(TEN_CLASSES * rows * sizeof *weights);
    size_t size = TEN_CLASSES * (features + 1);
    double *got = malloc(size * sizeof *got), *expected = malloc(size * sizeof *expected);
    assert_true(x && weights && got && expected);
    struct ten_random random;
    ten_random_init(&random, rows, features);
    for (size_t i = 0; i < rows * features; i++) x[i] = (float)(2 * ten_random_unit(&random) - 1);
    for (size_t i = 0; i < TEN_CLASSES * rows; i++) /* many are too small to count */
        weights[i] = same ? 0.09f : (float)(1e-6 + 0.25 * pow(ten_random_unit(&random), 3));
    for (size_t i = 0; i < size; i++) got[i] = expected[i] = 2 * ten_random_unit(&random) - 1;
    struct ten_curvature curvature = {.rows = rows, .features = features, .x = x, .weights = weights};
    struct ten_error error;
    assert_ok(ten_curvature_update(&curvature, ridge, same, &(struct ten_run){.threads = threads}, &error));
    assert_true(curvature.ready);
    ten_curvature_solve(&curvature, got);
    naive(x, weights, rows, features, ridge, expected);
    double largest = 0;
    for (size_t i = 0; i < size; i++) largest = fmax(largest, fabs(expected[i]));
    for (size_t i = 0; i < size; i++)
        if (!(fabs(got[i] - expected[i]) <= 1e-3 * largest))
            fail_msg("%zu rows, %zu features: [%zu] is %g, expected %g", rows, features, i, got[i], expected[i]);
    ten_curvature_release(&curvature);
    free(x), free(weights), free(got), free(expected);
}

static void test_as_naive(void **state) {
    (void)state;
    const size_t rows[] = {1, 17, 256, 257, MOST_ROWS}, features[] = {1, 2, 16, 127, 128, MOST_FEATURES};
    for (size_t r = 0; r < 5; r++)
        for (size_t f = 0; f < 6; f++) check(rows[r], features[f], 1, (r + f) % 2, 1 + (int)(r % 2));
    check(MOST_ROWS, 40, 1e-3, false, 2);
}

/* A block that cannot be factorised leaves the former curvature in place. */
static void test_keeps_the_former(void **state) {
    (void)state;
    float x[] = {1, 2, 3}, weights[TEN_CLASSES * 3];
    for (size_t i = 0; i < TEN_CLASSES * 3; i++) weights[i] = 0.1f;
    struct ten_curvature curvature = {.rows = 3, .features = 1, .x = x, .weights = weights};
    struct ten_error error;
    double before[TEN_CLASSES * 2] = {1, 2, 3}, after[TEN_CLASSES * 2] = {1, 2, 3};
    assert_ok(ten_curvature_update(&curvature, 1, true, NULL, &error));
    ten_curvature_solve(&curvature, before);
    weights[3] = NAN, weights[6] = INFINITY;
    assert_ok(ten_curvature_update(&curvature, 1, false, NULL, &error));
    assert_true(curvature.ready);
    ten_curvature_solve(&curvature, after);
    assert_memory_equal(before, after, sizeof before);
    ten_curvature_release(&curvature);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_naive),
        cmocka_unit_test(test_keeps_the_former),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
