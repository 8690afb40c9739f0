/* Precision-recall curves against scikit-learn's (the fixtures of make_metrics.py), and against counting on random
 * rows. */
#include "test.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>

static void check_fixture(const char *name, size_t rows) {
    enum { LABEL = 6 };
    double *numbers = test_numbers(name, 2 * rows + 2 + 3 * (rows + 1));
    const double *positive = numbers, *scores = numbers + rows, *expected = numbers + 2 * rows;
    float *probabilities = calloc(rows * TEN_CLASSES, sizeof *probabilities);
    uint8_t *labels = malloc(rows);
    assert_non_null(probabilities);
    assert_non_null(labels);
    for (size_t i = 0; i < rows; i++) {
        labels[i] = positive[i] != 0 ? LABEL : (uint8_t)(i % LABEL);
        probabilities[i * TEN_CLASSES + LABEL] = (float)scores[i];
    }
    struct ten_pr pr;
    struct ten_error error;
    assert_ok(ten_pr_compute(&pr, labels, probabilities, rows, LABEL, &error));
    assert_true(fabs(pr.average_precision - expected[0]) < 1e-14);
    assert_int_equal(pr.count, expected[1]);
    const double *point = expected + 2;
    for (size_t i = 0; i < pr.count; i++, point += 3) {
        assert_true(pr.recall[i] == point[0]);
        assert_true(pr.precision[i] == point[1]);
        assert_true(pr.threshold[i] == point[2] && (pr.threshold[i] != 0 || !signbit(pr.threshold[i])));
    }
    ten_pr_release(&pr);
    assert_null(pr.recall);
    assert_true(isnan(pr.average_precision));
    free(labels);
    free(probabilities);
    free(numbers);
}

static void test_as_scikit_learn(void **state) {
    (void)state;
    check_fixture("metrics_pr_plain.txt", 50);
    check_fixture("metrics_pr_ties.txt", 60);
    check_fixture("metrics_pr_all_equal.txt", 12);
    check_fixture("metrics_pr_all_positive.txt", 9);
    check_fixture("metrics_pr_wrong_first.txt", 20);
    check_fixture("metrics_pr_signed.txt", 5);
}

/* Every point by counting the rows at its threshold and above, and every row's probability among the thresholds. */
static void check_points(const struct ten_pr *pr, const uint8_t *labels, const float *probabilities, size_t count,
                         size_t label) {
    double area = 0;
    assert_true(pr->recall[0] == 0 && pr->precision[0] == 1 && isinf(pr->threshold[0]));
    for (size_t point = 1; point < pr->count; point++) {
        size_t taken = 0, right = 0, there = 0;
        for (size_t i = 0; i < count; i++) {
            bool above = (double)probabilities[i * TEN_CLASSES + label] >= pr->threshold[point];
            taken += above;
            right += above && labels[i] == label;
            there += labels[i] == label;
        }
        assert_true(pr->threshold[point] < pr->threshold[point - 1]);
        assert_true(pr->precision[point] == (double)right / (double)taken);
        assert_true(pr->recall[point] == (double)right / (double)there);
        area += (pr->recall[point] - pr->recall[point - 1]) * pr->precision[point];
    }
    assert_true(pr->recall[pr->count - 1] == 1);
    assert_true(fabs(area - pr->average_precision) < 1e-12);
    for (size_t i = 0; i < count; i++) {
        size_t found = 0;
        for (size_t point = 1; point < pr->count; point++)
            found += pr->threshold[point] == (double)probabilities[i * TEN_CLASSES + label];
        assert_int_equal(found, 1);
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
            struct ten_pr pr;
            struct ten_error error;
            assert_ok(ten_pr_compute(&pr, labels, probabilities, COUNT, label, &error));
            check_points(&pr, labels, probabilities, COUNT, (size_t)label);
            ten_pr_release(&pr);
        }
    }
}

static void test_undefined_and_bad_input(void **state) {
    (void)state;
    uint8_t labels[] = {2, 2, 2};
    float probabilities[3 * TEN_CLASSES] = {0.5f};
    struct ten_pr pr;
    struct ten_error error;
    assert_ok(ten_pr_compute(&pr, labels, probabilities, 3, 1, &error)); /* no row of the class */
    assert_true(pr.count == 0 && pr.recall == NULL && isnan(pr.average_precision));
    assert_ok(ten_pr_compute(&pr, NULL, NULL, 0, 1, &error));
    assert_int_equal(pr.count, 0);
    assert_fails(ten_pr_compute(&pr, labels, probabilities, 3, 10, &error), TEN_INVALID, "label 10");
    assert_fails(ten_pr_compute(&pr, NULL, probabilities, 3, 1, &error), TEN_INVALID, "precision-recall");
    labels[1] = 77;
    assert_fails(ten_pr_compute(&pr, labels, probabilities, 3, 1, &error), TEN_INVALID, "row 1 ");
    labels[1] = 2;
    probabilities[2 * TEN_CLASSES + 2] = NAN;
    assert_fails(ten_pr_compute(&pr, labels, probabilities, 3, 2, &error), TEN_INVALID, "row 2 ");
    assert_null(pr.recall);
    assert_int_equal(ten_pr_compute(&pr, labels, probabilities, 3, 2, NULL), TEN_INVALID);
    ten_pr_release(&pr);
    ten_pr_release(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_scikit_learn),
        cmocka_unit_test(test_random_curves),
        cmocka_unit_test(test_undefined_and_bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
