/* Principal components against scikit-learn, the eigen-solver against its definition, and cases in which there is
 * little or nothing to find. */
#include "test.h"

#include "base/memory.h"
#include "base/random.h"
#include "prep/eigen.h"
#include "prep/step.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The eigen-solver --------------------------------------------------------------------------------- */

static double *random_symmetric(size_t n, uint64_t seed) {
    double *matrix = malloc((n * n + 1) * sizeof *matrix);
    assert_non_null(matrix);
    struct ten_random random;
    ten_random_init(&random, seed, n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) matrix[i * n + j] = matrix[j * n + i] = ten_random_unit(&random) - 0.5;
    return matrix;
}

/* A v = value v for every pair, vectors orthonormal, values falling, all within `tolerance`. The matrix is freed. */
static void check_eigen(double *matrix, size_t n, double tolerance) {
    double *vectors = malloc((n * n + 1) * sizeof *vectors), *values = malloc((n + 1) * sizeof *values);
    struct ten_error error;
    memcpy(vectors, matrix, n * n * sizeof *vectors);
    assert_ok(ten_symmetric_eigen(vectors, n, values, &error));
    for (size_t k = 0; k < n; k++) {
        const double *v = vectors + k * n;
        if (k > 0) assert_true(values[k] <= values[k - 1]);
        for (size_t i = 0; i < n; i++) {
            double product = 0, dot = 0;
            for (size_t j = 0; j < n; j++) product += matrix[i * n + j] * v[j], dot += vectors[i * n + j] * v[j];
            assert_true(fabs(product - values[k] * v[i]) <= tolerance);
            assert_true(fabs(dot - (i == k)) <= 1e-12);
        }
    }
    free(values);
    free(vectors);
    free(matrix);
}

static void test_eigen_of_random_matrices(void **state) {
    (void)state;
    for (size_t n = 0; n < 24; n++) check_eigen(random_symmetric(n, 1), n, 1e-13);
    check_eigen(random_symmetric(150, 2), 150, 1e-12);
}

static void test_eigen_of_special_matrices(void **state) {
    (void)state;
    enum { N = 12 };
    double *zero = calloc(N * N, sizeof *zero), *one = calloc(N * N, sizeof *one), *all = calloc(N * N, sizeof *all);
    double *path = calloc(N * N, sizeof *path), *graded = calloc(N * N, sizeof *graded);
    for (size_t i = 0; i < N; i++) {
        one[i * N + i] = 1;
        path[i * N + i] = 2;
        if (i > 0) path[i * N + i - 1] = path[(i - 1) * N + i] = -1;
        for (size_t j = 0; j < N; j++) {
            all[i * N + j] = 1; /* rank 1 */
            graded[i * N + j] = pow(10, -(double)(i + j));
        }
    }
    double values[N], *copy = malloc(N * N * sizeof *copy);
    struct ten_error error;
    memcpy(copy, path, N * N * sizeof *copy);
    assert_ok(ten_symmetric_eigen(copy, N, values, &error));
    for (size_t k = 0; k < N; k++) /* the second difference's values are known */
        assert_true(fabs(values[k] - (2 - 2 * cos(M_PI * (double)(N - k) / (N + 1)))) < 1e-14 * 10);
    free(copy);
    check_eigen(zero, N, 0);
    check_eigen(one, N, 0);
    check_eigen(all, N, 1e-13);
    check_eigen(path, N, 1e-13);
    check_eigen(graded, N, 1e-14);
    double *large = random_symmetric(N, 3), *small = random_symmetric(N, 4);
    for (size_t i = 0; i < N * N; i++) large[i] *= 1e150, small[i] *= 1e-150;
    check_eigen(large, N, 1e137);
    check_eigen(small, N, 1e-163);
}

/* ---- Against scikit-learn ----------------------------------------------------------------------------- */

enum { ROWS = 24, COLUMNS = 12, KEPT = 5 };

static struct ten_chain parse(const char *text) {
    struct ten_chain chain;
    struct ten_error error;
    assert_ok(ten_chain_parse(&chain, text, &error));
    return chain;
}

static void assert_close(const char *what, double got, double expected, double tolerance) {
    if (!(fabs(got - expected) <= tolerance)) fail_msg("%s is %.9g, expected %.9g", what, got, expected);
}

/* Tensor `name` as doubles, straight from what the step saves. */
static const void *saved(const struct ten_tensors *tensors, const char *name) {
    for (size_t i = 0; i < tensors->count; i++)
        if (strcmp(tensors->items[i].name, name) == 0) return tensors->items[i].data;
    fail_msg("there is no tensor %s", name);
    return NULL;
}

static void test_against_scikit_learn(void **state) {
    (void)state;
    double *numbers = test_numbers("prep_pca.txt", ROWS * COLUMNS + KEPT * COLUMNS + KEPT + ROWS * KEPT);
    const double *basis = numbers + ROWS * COLUMNS, *variance = basis + KEPT * COLUMNS, *projected = variance + KEPT;
    uint8_t bytes[ROWS * COLUMNS];
    for (size_t i = 0; i < ROWS * COLUMNS; i++) bytes[i] = (uint8_t)numbers[i];
    struct ten_error error;
    for (int floats = 0; floats < 2; floats++) {
        struct ten_chain chain = parse("pca=5");
        struct ten_batch batch = ten_batch_of_images(bytes, ROWS, 3, 4);
        float *values;
        if (floats) assert_ok(ten_batch_own_floats(&batch, &values, &error));
        assert_ok(ten_chain_fit(&chain, &batch, NULL, &error));
        assert_int_equal(batch.shape.columns, KEPT);
        assert_int_equal(batch.shape.height + batch.shape.width, 0);
        struct ten_tensors tensors = {0};
        assert_ok(ten_chain_save(&chain, &tensors, &error));
        const float *our_basis = saved(&tensors, "step0.components");
        const double *our_variance = saved(&tensors, "step0.explained_variance");
        for (size_t i = 0; i < KEPT * COLUMNS; i++) assert_close("component", (double)our_basis[i], basis[i], 1e-5);
        for (size_t i = 0; i < KEPT; i++) assert_close("variance", our_variance[i], variance[i], variance[0] * 1e-6);
        for (size_t i = 0; i < ROWS * KEPT; i++)
            assert_close("projection", (double)batch.floats[i], projected[i], 5e-3);
        ten_tensors_release(&tensors);
        ten_batch_release(&batch);
        ten_chain_release(&chain);
    }
    free(numbers);
}

/* ---- Properties --------------------------------------------------------------------------------------- */

/* Over many blocks of rows: components are uncorrelated, their variances are those that were found, and all of them
 * together keep every distance. */
static void test_all_components(void **state) {
    (void)state;
    enum { N = 1000, D = 20 };
    struct ten_random random;
    ten_random_init(&random, 6, 0);
    float *rows = ten_alloc(N, D * sizeof *rows);
    for (size_t i = 0; i < N * D; i++) {
        float other = i % D ? rows[i - 1] : 100; /* columns lean on one another, away from zero */
        rows[i] = 0.7f * other + (float)ten_random_unit(&random) * 30;
    }
    double before = 0, after = 0;
    for (size_t j = 0; j < D; j++) before += pow((double)rows[j] - (double)rows[D + j], 2);
    struct ten_batch batch = {.rows = N, .shape = {.columns = D}, .owned = true, .floats = rows};
    struct ten_chain chain = parse("pca=20");
    struct ten_error error;
    assert_ok(ten_chain_fit(&chain, &batch, NULL, &error));
    for (size_t j = 0; j < D; j++) after += pow((double)batch.floats[j] - (double)batch.floats[D + j], 2);
    assert_close("distance", after, before, before * 1e-4);
    struct ten_tensors tensors = {0};
    assert_ok(ten_chain_save(&chain, &tensors, &error));
    const double *variance = saved(&tensors, "step0.explained_variance");
    for (size_t a = 0; a < D; a++)
        for (size_t b = 0; b <= a; b++) {
            double sum = 0;
            for (size_t i = 0; i < N; i++) sum += (double)batch.floats[i * D + a] * (double)batch.floats[i * D + b];
            assert_close("covariance", sum / (N - 1), a == b ? variance[a] : 0, variance[0] * 1e-5);
        }
    const float *basis = saved(&tensors, "step0.components");
    for (size_t k = 0; k < D; k++) {
        float largest = 0;
        for (size_t j = 0; j < D; j++)
            if (fabsf(basis[k * D + j]) > fabsf(largest)) largest = basis[k * D + j];
        assert_true(largest > 0);
    }
    ten_tensors_release(&tensors);
    ten_batch_release(&batch);
    ten_chain_release(&chain);
}

static void test_rows_without_variety(void **state) {
    (void)state;
    uint8_t bytes[7 * 9];
    memset(bytes, 200, sizeof bytes);
    struct ten_error error;
    for (size_t count = 1; count <= 7; count += 3) {
        struct ten_chain chain = parse("pca=9");
        struct ten_batch batch = ten_batch_of_images(bytes, count, 3, 3);
        assert_ok(ten_chain_fit(&chain, &batch, NULL, &error));
        for (size_t i = 0; i < count * 9; i++) assert_true(batch.floats[i] == 0);
        ten_batch_release(&batch);
        ten_chain_release(&chain);
    }
}

/* What `scale` means to a byte must reach the components. */
static void test_unit(void **state) {
    (void)state;
    struct ten_dataset data;
    struct ten_error error;
    test_dataset(&data, 80, 6, 6, 1);
    struct ten_batch plain = ten_batch_of_images(data.images, 80, 6, 6), scaled = plain;
    struct ten_chain a = parse("pca=3"), b = parse("scale,pca=3");
    assert_ok(ten_chain_fit(&a, &plain, NULL, &error));
    assert_ok(ten_chain_fit(&b, &scaled, NULL, &error));
    for (size_t i = 0; i < 80 * 3; i++)
        assert_close("projection", (double)scaled.floats[i], (double)plain.floats[i] / 255, 1e-4);
    ten_batch_release(&plain);
    ten_batch_release(&scaled);
    ten_chain_release(&a);
    ten_chain_release(&b);
    ten_dataset_release(&data);
}

static bool stop(void *context, const struct ten_progress *progress) {
    assert_string_equal(progress->unit, "images");
    assert_true(progress->done <= progress->total && progress->total == 700);
    return --*(int *)context > 0;
}

static void test_stopping(void **state) {
    (void)state;
    struct ten_dataset data;
    struct ten_error error;
    test_dataset(&data, 700, 4, 4, 1);
    int reports = 1;
    struct ten_run run = {.progress = stop, .context = &reports};
    struct ten_batch batch = ten_batch_of_images(data.images, 700, 4, 4);
    struct ten_chain chain = parse("pca=3");
    assert_fails(ten_chain_fit(&chain, &batch, &run, &error), TEN_CANCELLED, "fit pca");
    assert_fails(ten_chain_apply(&chain, &batch, NULL, &error), TEN_INVALID, "fitted on 0 features");
    ten_batch_release(&batch);
    ten_chain_release(&chain);
    ten_dataset_release(&data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_eigen_of_random_matrices),
        cmocka_unit_test(test_eigen_of_special_matrices),
        cmocka_unit_test(test_against_scikit_learn),
        cmocka_unit_test(test_all_components),
        cmocka_unit_test(test_rows_without_variety),
        cmocka_unit_test(test_unit),
        cmocka_unit_test(test_stopping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
