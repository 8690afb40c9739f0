/* ROC curves against scikit-learn's (the fixtures of make_metrics.py), and their properties on random rows. */
#include "test.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>

/* Puts one class's scores into a matrix that is 0 elsewhere. */
static float *matrix_of(const double *scores, size_t count, size_t label) {
    float *probabilities = calloc(count * TEN_CLASSES, sizeof *probabilities);
    assert_non_null(probabilities);
    for (size_t i = 0; i < count; i++) probabilities[i * TEN_CLASSES + label] = (float)scores[i];
    return probabilities;
}

static void check_fixture(const char *name, size_t rows) {
    enum { LABEL = 6 };
    double *numbers = test_numbers(name, 2 * rows + 2 + 3 * (rows + 1));
    const double *positive = numbers, *scores = numbers + rows, *expected = numbers + 2 * rows;
    float *probabilities = matrix_of(scores, rows, LABEL);
    uint8_t *labels = malloc(rows);
    assert_non_null(labels);
    for (size_t i = 0; i < rows; i++) labels[i] = positive[i] != 0 ? LABEL : (uint8_t)(i % LABEL);

    struct ten_roc roc;
    struct ten_error error;
    assert_ok(ten_roc_compute(&roc, labels, probabilities, rows, LABEL, &error));
    assert_true(fabs(roc.auc - expected[0]) < 1e-14);
    assert_int_equal(roc.count, expected[1]);
    const double *vertex = expected + 2;
    for (size_t i = 0; i < roc.count; i++, vertex += 3) {
        assert_true(roc.false_positive_rate[i] == vertex[0]);
        assert_true(roc.true_positive_rate[i] == vertex[1]);
        assert_true(roc.threshold[i] == vertex[2]);
    }
    ten_roc_release(&roc);
    assert_null(roc.threshold);
    free(labels);
    free(probabilities);
    free(numbers);
}

static void test_as_scikit_learn(void **state) {
    (void)state;
    check_fixture("metrics_roc_plain.txt", 50);
    check_fixture("metrics_roc_ties.txt", 60);
    check_fixture("metrics_roc_all_equal.txt", 12);
    check_fixture("metrics_roc_straight.txt", 8);
    check_fixture("metrics_roc_signed.txt", 5);
}

/* ---- Properties ---- */

/* The rates at a threshold, by counting. */
static void naive_rates(const uint8_t *labels, const float *probabilities, size_t count, size_t label, double threshold,
                        double *false_rate, double *true_rate) {
    size_t hits[2] = {0}, rows[2] = {0};
    for (size_t i = 0; i < count; i++) {
        rows[labels[i] == label]++;
        hits[labels[i] == label] += (double)probabilities[i * TEN_CLASSES + label] >= threshold;
    }
    *false_rate = (double)hits[0] / (double)rows[0];
    *true_rate = (double)hits[1] / (double)rows[1];
}

/* How far a point is from the polyline. */
static double distance_to_curve(const struct ten_roc *roc, double x, double y) {
    double least = INFINITY;
    for (size_t i = 0; i + 1 < roc->count; i++) {
        double x0 = roc->false_positive_rate[i], y0 = roc->true_positive_rate[i];
        double dx = roc->false_positive_rate[i + 1] - x0, dy = roc->true_positive_rate[i + 1] - y0;
        double part = fmin(fmax(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0), 1);
        least = fmin(least, hypot(x - x0 - part * dx, y - y0 - part * dy));
    }
    return least;
}

static void check_curve(const struct ten_roc *roc, const uint8_t *labels, const float *probabilities, size_t count,
                        size_t label) {
    const double *x = roc->false_positive_rate, *y = roc->true_positive_rate;
    assert_true(x[0] == 0 && y[0] == 0 && x[roc->count - 1] == 1 && y[roc->count - 1] == 1);
    double area = 0;
    for (size_t i = 0; i < roc->count; i++) {
        double false_rate, true_rate;
        naive_rates(labels, probabilities, count, label, roc->threshold[i], &false_rate, &true_rate);
        assert_true(x[i] == false_rate && y[i] == true_rate);
        if (i == 0) continue;
        assert_true(x[i] >= x[i - 1] && y[i] >= y[i - 1] && roc->threshold[i] < roc->threshold[i - 1]);
        area += (x[i] - x[i - 1]) * (y[i] + y[i - 1]) / 2;
        if (i > 1) /* a corner, not a point on a line */
            assert_true(fabs((x[i - 1] - x[i - 2]) * (y[i] - y[i - 1]) - (x[i] - x[i - 1]) * (y[i - 1] - y[i - 2])) >
                        1e-9);
    }
    assert_true(fabs(area - roc->auc) < 1e-12);
    for (size_t i = 0; i < count; i++) { /* nothing was left out that is off the curve */
        double false_rate, true_rate;
        naive_rates(labels, probabilities, count, label, (double)probabilities[i * TEN_CLASSES + label], &false_rate,
                    &true_rate);
        assert_true(distance_to_curve(roc, false_rate, true_rate) < 1e-12);
    }
}

static void test_random_curves(void **state) {
    (void)state;
    enum { COUNT = 120 };
    static uint8_t labels[COUNT];
    static float probabilities[COUNT * TEN_CLASSES];
    const uint64_t levels[] = {2, 3, 10, 1 << 24};
    for (uint64_t seed = 0; seed < 12; seed++) {
        struct ten_random random;
        ten_random_init(&random, seed, 0);
        for (size_t i = 0; i < COUNT; i++) labels[i] = (uint8_t)ten_random_below(&random, 3);
        for (size_t i = 0; i < COUNT * TEN_CLASSES; i++)
            probabilities[i] = (float)ten_random_below(&random, levels[seed % 4]) - 1.0f;
        for (int label = 0; label < 3; label++) {
            struct ten_roc roc;
            struct ten_error error;
            assert_ok(ten_roc_compute(&roc, labels, probabilities, COUNT, label, &error));
            check_curve(&roc, labels, probabilities, COUNT, (size_t)label);
            ten_roc_release(&roc);
        }
    }
}

static void test_zeros_of_both_signs_are_one(void **state) {
    (void)state;
    const uint8_t labels[] = {0, 1, 0, 1};
    const double scores[] = {-0.0, 0.0, 0.0, -1.0};
    float *probabilities = matrix_of(scores, 4, 0);
    struct ten_roc roc;
    struct ten_error error;
    assert_ok(ten_roc_compute(&roc, labels, probabilities, 4, 0, &error));
    assert_true(roc.auc == 0.75);
    assert_int_equal(roc.count, 3);
    assert_true(roc.true_positive_rate[1] == 1 && roc.false_positive_rate[1] == 0.5);
    assert_true(roc.threshold[1] == 0 && !signbit(roc.threshold[1]));
    ten_roc_release(&roc);
    free(probabilities);
}

static void test_undefined(void **state) {
    (void)state;
    const uint8_t labels[] = {2, 2, 2};
    const float probabilities[3 * TEN_CLASSES] = {0.5f};
    struct ten_roc roc;
    struct ten_error error;
    for (int label = 0; label < TEN_CLASSES; label++) { /* all rows, and none */
        assert_ok(ten_roc_compute(&roc, labels, probabilities, 3, label, &error));
        assert_int_equal(roc.count, 0);
        assert_null(roc.threshold);
        assert_true(isnan(roc.auc));
    }
    assert_ok(ten_roc_compute(&roc, NULL, NULL, 0, 0, &error));
    assert_int_equal(roc.count, 0);
    ten_roc_release(&roc);
    ten_roc_release(NULL);
}

static void test_bad_input(void **state) {
    (void)state;
    uint8_t labels[] = {0, 1, 2, 1};
    float probabilities[4 * TEN_CLASSES] = {0};
    struct ten_roc roc;
    struct ten_error error;
    assert_fails(ten_roc_compute(&roc, labels, probabilities, 4, 10, &error), TEN_INVALID, "label 10");
    assert_fails(ten_roc_compute(&roc, labels, probabilities, 4, -1, &error), TEN_INVALID, "label -1");
    assert_fails(ten_roc_compute(&roc, NULL, probabilities, 4, 1, &error), TEN_INVALID, "labels");
    labels[2] = 255;
    assert_fails(ten_roc_compute(&roc, labels, probabilities, 4, 1, &error), TEN_INVALID, "row 2 ");
    assert_int_equal(roc.count, 0);
    labels[2] = 2;
    probabilities[3 * TEN_CLASSES + 1] = NAN;
    assert_fails(ten_roc_compute(&roc, labels, probabilities, 4, 1, &error), TEN_INVALID, "row 3 ");
    assert_null(roc.false_positive_rate);
    probabilities[3 * TEN_CLASSES + 1] = -INFINITY;
    assert_fails(ten_roc_compute(&roc, labels, probabilities, 4, 1, &error), TEN_INVALID, "finite");
    assert_int_equal(ten_roc_compute(&roc, labels, probabilities, 4, 1, NULL), TEN_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_scikit_learn),
        cmocka_unit_test(test_random_curves),
        cmocka_unit_test(test_zeros_of_both_signs_are_one),
        cmocka_unit_test(test_undefined),
        cmocka_unit_test(test_bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
