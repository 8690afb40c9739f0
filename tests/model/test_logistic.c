/* Multinomial logistic regression against scikit-learn's (the fixtures of make_models.py), and the gradient of its
 * objective, computed naively in double, at the solution. */
#include "test.h"

#include "base/random.h"
#include "model/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct ten_model_type *const type = &ten_model_logistic;

static void assert_close(const char *what, double got, double expected, double tolerance) {
    if (!(fabs(got - expected) <= tolerance)) fail_msg("%s: %.17g, expected %.17g", what, got, expected);
}

/* ---- Fitting, and what was fitted ---- */

struct fitted {
    void *state;
    struct ten_values values;
    struct ten_history history;
    bool converged;
    struct ten_tensors tensors;
    const float *weights, *intercepts; /* in the tensors */
};

static void fit(struct fitted *fitted, const struct ten_batch *train, const uint8_t *labels, double c, double tolerance,
                int iterations, int threads) {
    *fitted = (struct fitted){.converged = true, .state = calloc(1, type->state_size)};
    assert_non_null(fitted->state);
    char settings[3][48];
    snprintf(settings[0], sizeof *settings, "C=%.17g", c);
    snprintf(settings[1], sizeof *settings, "tol=%.17g", tolerance);
    snprintf(settings[2], sizeof *settings, "max_iter=%d", iterations);
    struct ten_error error;
    assert_ok(ten_values_parse(&fitted->values, &type->about,
                               (const char *const[]){settings[0], settings[1], settings[2]}, 3, &error));
    struct ten_training training = {.features = train,
                                    .labels = labels,
                                    .values = &fitted->values,
                                    .run = &(struct ten_run){.threads = threads},
                                    .history = &fitted->history,
                                    .converged = &fitted->converged};
    assert_ok(type->fit(fitted->state, &training, &error));
    assert_ok(type->save(fitted->state, &fitted->tensors, &error));
    assert_int_equal(fitted->tensors.count, 2);
    assert_string_equal(fitted->tensors.items[0].name, "weights");
    fitted->weights = fitted->tensors.items[0].data;
    fitted->intercepts = fitted->tensors.items[1].data;
}

static void fitted_release(struct fitted *fitted) {
    ten_tensors_release(&fitted->tensors);
    type->release(fitted->state);
    free(fitted->state);
    free(fitted->history.values);
}

/* The objective as the file's head states it, and its gradient (may be NULL) as one vector: weights, intercepts. */
static double objective(const struct ten_batch *train, const uint8_t *labels, const float *weights,
                        const float *intercepts, double c, double *gradient) {
    size_t n = train->shape.columns;
    double loss = 0, squares = 0;
    float *row = malloc(n * sizeof *row);
    assert_non_null(row);
    for (size_t i = 0; gradient && i < TEN_CLASSES * (n + 1); i++)
        gradient[i] = i < TEN_CLASSES * n ? (double)weights[i] / c : 0;
    for (size_t i = 0; i < train->rows; i++) {
        ten_batch_row(train, i, row);
        double logits[TEN_CLASSES], top = -INFINITY, sum = 0;
        for (size_t k = 0; k < TEN_CLASSES; k++) {
            logits[k] = (double)intercepts[k];
            for (size_t j = 0; j < n; j++) logits[k] += (double)weights[k * n + j] * (double)row[j];
            top = fmax(top, logits[k]);
        }
        for (size_t k = 0; k < TEN_CLASSES; k++) sum += exp(logits[k] - top);
        loss += top + log(sum) - logits[labels[i]];
        for (size_t k = 0; gradient && k < TEN_CLASSES; k++) {
            double error = exp(logits[k] - top) / sum - (labels[i] == k);
            for (size_t j = 0; j < n; j++) gradient[k * n + j] += error * (double)row[j];
            gradient[TEN_CLASSES * n + k] += error;
        }
    }
    for (size_t i = 0; i < TEN_CLASSES * n; i++) squares += (double)weights[i] * (double)weights[i];
    free(row);
    return loss + squares / (2 * c);
}

/* ---- scikit-learn ---- */

enum { TRAIN = 60, TEST = 30, FEATURES = 12, EXPECTED = 1 + TEN_CLASSES * FEATURES + TEST * TEN_CLASSES };

/* The objective is as low as scikit-learn's, whose solution is exact to about 1e-10. Close to the minimum the objective
 * is flat, so that the solution itself is known less well: its curvature is 1 / C at least, so that a mean gradient of
 * `tol` in every entry moves the weights by about tol * rows * C * sqrt(entries), taken four times, as the intercepts
 * have no such bound. */
static void check_solution(const struct ten_batch *train, const uint8_t *labels, const struct ten_batch *test, double c,
                           const double *expected) {
    const double tolerance = 2e-7;
    struct fitted fitted;
    fit(&fitted, train, labels, c, tolerance, 100000, 0);
    assert_true(fitted.converged);
    double got = objective(train, labels, fitted.weights, fitted.intercepts, c, NULL);
    /* logits, and so losses, are rounded to single precision; with C = 100 they reach 30 */
    assert_close("objective", got, expected[0], c <= 1 ? 1e-6 * fmax(1, expected[0]) : 2e-4);
    float probabilities[TEST * TEN_CLASSES];
    struct ten_error error;
    assert_ok(type->predict(fitted.state, &fitted.values, test, probabilities, NULL, &error));
    /* The real rows, of length 19, are nearly separated with C = 100: the mean objective is 0.003, while logits up to
     * 30 are rounded to 2e-6. The solver stops far from `tol` (a gradient near 5e-6), so only the objective is
     * compared. */
    bool determined = c <= 1 || train->is_bytes;
    double distance = 1e-4 + 4 * tolerance * TRAIN * c * sqrt(TEN_CLASSES * FEATURES);
    for (size_t i = 0; determined && i < TEN_CLASSES * FEATURES; i++)
        assert_close("weight", (double)fitted.weights[i], expected[1 + i], distance);
    for (size_t i = 0; determined && i < TEST * TEN_CLASSES; i++)
        assert_close("probability", (double)probabilities[i], expected[1 + TEN_CLASSES * FEATURES + i], 1e-3);
    assert_int_equal(type->parameters(fitted.state), TEN_CLASSES * (FEATURES + 1));
    fitted_release(&fitted);
}

static void check_fixture(const char *fixture, bool bytes) {
    size_t values = (TRAIN + TEST) * FEATURES;
    double *numbers = test_numbers(fixture, values + TRAIN + 3 * EXPECTED);
    float reals[(TRAIN + TEST) * FEATURES];
    uint8_t whole[(TRAIN + TEST) * FEATURES] = {0}, labels[TRAIN];
    for (size_t i = 0; i < TRAIN; i++) labels[i] = (uint8_t)numbers[TRAIN * FEATURES + i];
    for (size_t i = 0; i < values; i++) {
        double value = numbers[i < TRAIN * FEATURES ? i : i + TRAIN];
        reals[i] = (float)value;
        if (bytes) whole[i] = (uint8_t)value;
    }
    struct ten_batch train = {.rows = TRAIN, .shape = {.columns = FEATURES}, .unit = 1, .is_bytes = bytes};
    if (bytes) train.unit = 1.0f / 255;
    struct ten_batch test = train;
    test.rows = TEST;
    if (bytes)
        train.bytes = whole, test.bytes = whole + TRAIN * FEATURES;
    else
        train.floats = reals, test.floats = reals + TRAIN * FEATURES;
    const double strengths[] = {0.01, 1, 100};
    for (size_t s = 0; s < 3; s++)
        check_solution(&train, labels, &test, strengths[s], numbers + values + TRAIN + s * EXPECTED);
    free(numbers);
}

static void test_as_scikit_learn(void **state) {
    (void)state;
    check_fixture("model_logistic_bytes.txt", true);
    check_fixture("model_logistic_reals.txt", false);
}

/* ---- The gradient ---- */

/* rows x columns numbers that tell something of their labels; more rows than one task takes. */
static float *random_rows(uint8_t *labels, size_t rows, size_t columns, uint64_t seed) {
    float *values = malloc(rows * columns * sizeof *values);
    assert_non_null(values);
    struct ten_random random;
    ten_random_init(&random, seed, 0);
    for (size_t i = 0; i < rows; i++) {
        labels[i] = (uint8_t)ten_random_below(&random, TEN_CLASSES);
        for (size_t j = 0; j < columns; j++)
            values[i * columns + j] = (float)(2 * ten_random_unit(&random) - 1 + (j % TEN_CLASSES == labels[i]));
    }
    return values;
}

/* The naive gradient is right (against differences of the objective), and at the solution no entry of the mean one is
 * larger than tol, with room for the rounding of the weights to floats. */
static void test_gradient(void **state) {
    (void)state;
    enum { MOST = 1030 }; /* more than are preconditioned */
    static uint8_t labels[2100];
    static double gradient[TEN_CLASSES * (MOST + 1)];
    const struct {
        size_t rows, columns;
    } cases[] = {{1, 11}, {30, 11}, {1023, 11}, {1024, 11}, {1025, 11}, {2100, 11}, {300, 140}, {30, MOST}};
    for (size_t r = 0; r < sizeof cases / sizeof *cases; r++) {
        size_t rows = cases[r].rows, columns = cases[r].columns, size = TEN_CLASSES * (columns + 1);
        float *values = random_rows(labels, rows, columns, r);
        struct ten_batch train = {.rows = rows, .shape = {.columns = columns}, .unit = 1, .floats = values};
        const double c = 0.5, tolerance = 5e-6;
        struct fitted fitted;
        fit(&fitted, &train, labels, c, tolerance, 5000, 2);
        assert_true(fitted.converged);
        double reached = objective(&train, labels, fitted.weights, fitted.intercepts, c, gradient);
        for (size_t i = 0; i < size; i++) assert_close("gradient", gradient[i] / (double)rows, 0, 1.3 * tolerance);
        assert_true(fitted.history.rows > 0 && fitted.history.columns == 3);
        const double *last = fitted.history.values + 3 * (fitted.history.rows - 1);
        assert_close("objective in the history", last[1] * (double)rows, reached, 1e-4 * fmax(1, reached));
        assert_true(last[2] <= tolerance && last[0] == (double)fitted.history.rows);
        fitted_release(&fitted);
        free(values);
    }
}

/* That naive gradient itself, away from the solution, against differences of the objective. */
static void test_naive_gradient(void **state) {
    (void)state;
    enum { COLUMNS = 3, ROWS = 20, SIZE = TEN_CLASSES * (COLUMNS + 1) };
    uint8_t labels[ROWS];
    float *values = random_rows(labels, ROWS, COLUMNS, 5), point[SIZE];
    struct ten_batch train = {.rows = ROWS, .shape = {.columns = COLUMNS}, .unit = 1, .floats = values};
    for (size_t i = 0; i < SIZE; i++) point[i] = (float)(i * 7 % 13) / 13;
    double gradient[SIZE];
    objective(&train, labels, point, point + TEN_CLASSES * COLUMNS, 2, gradient);
    for (size_t i = 0; i < SIZE; i++) {
        float before = point[i];
        point[i] = before + 0x1p-10f;
        double up = objective(&train, labels, point, point + TEN_CLASSES * COLUMNS, 2, NULL), high = (double)point[i];
        point[i] = before - 0x1p-10f;
        double down = objective(&train, labels, point, point + TEN_CLASSES * COLUMNS, 2, NULL), low = (double)point[i];
        point[i] = before;
        assert_close("difference", gradient[i], (up - down) / (high - low), 1e-4);
    }
    free(values);
}

/* ---- Other properties ---- */

static void test_threads(void **state) {
    (void)state;
    enum { ROWS = 5000, COLUMNS = 6 };
    static uint8_t labels[ROWS];
    float *values = random_rows(labels, ROWS, COLUMNS, 9);
    struct ten_batch train = {.rows = ROWS, .shape = {.columns = COLUMNS}, .unit = 1, .floats = values};
    struct fitted one, many;
    fit(&one, &train, labels, 1, 1e-5, 1000, 1);
    for (int threads = 2; threads <= 7; threads += 2) {
        fit(&many, &train, labels, 1, 1e-5, 1000, threads);
        assert_memory_equal(many.weights, one.weights, TEN_CLASSES * COLUMNS * sizeof(float));
        assert_memory_equal(many.intercepts, one.intercepts, TEN_CLASSES * sizeof(float));
        fitted_release(&many);
    }
    fitted_release(&one);
    free(values);
}

static void test_out_of_iterations(void **state) {
    (void)state;
    uint8_t labels[100];
    float *values = random_rows(labels, 100, 5, 3);
    struct ten_batch train = {.rows = 100, .shape = {.columns = 5}, .unit = 1, .floats = values};
    struct fitted fitted;
    fit(&fitted, &train, labels, 1, 1e-7, 3, 0);
    assert_false(fitted.converged);
    assert_int_equal(fitted.history.rows, 3);
    for (size_t i = 1; i < 3; i++) assert_true(fitted.history.values[3 * i + 1] < fitted.history.values[3 * i - 2]);
    fitted_release(&fitted);
    free(values);
}

/* Features so large that their products overflow are an error, not a model. */
static void test_not_finite(void **state) {
    (void)state;
    uint8_t labels[4] = {0, 1, 2, 3};
    float values[8] = {3e38f, -3e38f, -3e38f, 3e38f, 3e38f, 3e38f, -3e38f, -3e38f};
    struct ten_batch train = {.rows = 4, .shape = {.columns = 2}, .unit = 1, .floats = values};
    struct ten_values parsed;
    struct ten_error error;
    assert_ok(ten_values_parse(&parsed, &type->about, NULL, 0, &error));
    struct ten_history history = {0};
    bool converged = true;
    struct ten_training training = {
        .features = &train, .labels = labels, .values = &parsed, .history = &history, .converged = &converged};
    void *model = calloc(1, type->state_size);
    assert_non_null(model);
    enum ten_status status = type->fit(model, &training, &error);
    if (status == TEN_OK) { /* then what it says must at least be numbers */
        float probabilities[4 * TEN_CLASSES];
        assert_ok(type->predict(model, &parsed, &train, probabilities, NULL, &error));
        for (size_t i = 0; i < 4 * TEN_CLASSES; i++) assert_true(isfinite(probabilities[i]));
    } else {
        assert_int_equal(status, TEN_NUMERIC);
        assert_false(converged);
    }
    type->release(model);
    free(model);
    free(history.values);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_scikit_learn),   cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_naive_gradient),    cmocka_unit_test(test_threads),
        cmocka_unit_test(test_out_of_iterations), cmocka_unit_test(test_not_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
