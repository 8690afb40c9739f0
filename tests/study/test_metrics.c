/* Metrics against scikit-learn's (the fixtures of make_metrics.py), and against small naive versions on random rows. */
#include "test.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double tolerance = 1e-12;

/* Equal up to rounding, or both undefined. */
static void assert_near(double got, double expected) {
    if (isnan(expected) ? !isnan(got) : !(fabs(got - expected) <= tolerance * fmax(1, fabs(expected))))
        fail_msg("got %.17g, expected %.17g", got, expected);
}

/* ---- Fixtures ---- */

static const double *check_totals(const struct ten_metrics *metrics, const double *at) {
    assert_int_equal(metrics->correct, at[0]);
    assert_near(metrics->accuracy, at[1]);
    assert_near(metrics->accuracy_low, at[2]);
    assert_near(metrics->accuracy_high, at[3]);
    assert_near(metrics->precision, at[4]);
    assert_near(metrics->recall, at[5]);
    assert_near(metrics->f1, at[6]);
    assert_near(metrics->weighted_precision, at[7]);
    assert_near(metrics->weighted_recall, at[8]);
    assert_near(metrics->weighted_f1, at[9]);
    assert_near(metrics->log_loss, at[10]);
    assert_near(metrics->auc, at[11]);
    return at + 12;
}

static const double *check_classes(const struct ten_metrics *metrics, const double *at) {
    for (size_t label = 0; label < TEN_CLASSES; label++, at += 5) {
        const struct ten_class_metrics *measures = &metrics->classes[label];
        assert_near(measures->precision, at[0]);
        assert_near(measures->recall, at[1]);
        assert_near(measures->f1, at[2]);
        assert_near(measures->auc, at[3]);
        assert_int_equal(measures->support, at[4]);
    }
    for (size_t truth = 0; truth < TEN_CLASSES; truth++)
        for (size_t predicted = 0; predicted < TEN_CLASSES; predicted++)
            assert_int_equal(metrics->confusion[truth][predicted], *at++);
    return at;
}

static void check_fixture(const char *name, size_t rows) {
    size_t count = rows + rows * TEN_CLASSES + 12 + TEN_CLASSES * 5 + TEN_CLASSES * TEN_CLASSES;
    double *numbers = test_numbers(name, count);
    uint8_t *labels = malloc(rows);
    float *probabilities = malloc(rows * TEN_CLASSES * sizeof *probabilities);
    assert_non_null(labels);
    assert_non_null(probabilities);
    for (size_t i = 0; i < rows; i++) labels[i] = (uint8_t)numbers[i];
    for (size_t i = 0; i < rows * TEN_CLASSES; i++) probabilities[i] = (float)numbers[rows + i];

    struct ten_metrics metrics;
    struct ten_error error;
    assert_ok(ten_metrics_compute(&metrics, labels, probabilities, rows, &error));
    assert_int_equal(metrics.count, rows);
    const double *end = check_classes(&metrics, check_totals(&metrics, numbers + rows + rows * TEN_CLASSES));
    assert_ptr_equal(end, numbers + count);
    free(labels);
    free(probabilities);
    free(numbers);
}

static void test_as_scikit_learn(void **state) {
    (void)state;
    check_fixture("metrics_imbalanced.txt", 80);
    check_fixture("metrics_missing_in_truth.txt", 60);
    check_fixture("metrics_never_predicted.txt", 60);
    check_fixture("metrics_ties.txt", 70);
    check_fixture("metrics_one_row.txt", 1);
    check_fixture("metrics_perfect.txt", 30);
    check_fixture("metrics_worst.txt", 30);
}

/* ---- Naive versions ---- */

/* Rows with few different values, so that there are ties everywhere. */
static void fill(uint8_t *labels, float *probabilities, size_t count, uint64_t seed, uint64_t levels) {
    struct ten_random random;
    ten_random_init(&random, seed, 0);
    for (size_t i = 0; i < count; i++) labels[i] = (uint8_t)ten_random_below(&random, TEN_CLASSES);
    for (size_t i = 0; i < count * TEN_CLASSES; i++)
        probabilities[i] = (float)ten_random_below(&random, levels) / (float)levels;
}

/* The share of pairs in the right order, by looking at all of them. */
static double naive_auc(const uint8_t *labels, const float *probabilities, size_t count, int label) {
    double right = 0, pairs = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            if (labels[i] != label || labels[j] == label) continue;
            float a = probabilities[i * TEN_CLASSES + (size_t)label],
                  b = probabilities[j * TEN_CLASSES + (size_t)label];
            right += a > b ? 1 : a == b ? 0.5 : 0;
            pairs++;
        }
    return right / pairs;
}

static void test_auc_is_the_share_of_ordered_pairs(void **state) {
    (void)state;
    enum { COUNT = 300 };
    static uint8_t labels[COUNT];
    static float probabilities[COUNT * TEN_CLASSES];
    const uint64_t levels[] = {1, 2, 7, 50, 1000000};
    for (size_t l = 0; l < sizeof levels / sizeof *levels; l++) {
        fill(labels, probabilities, COUNT, l, levels[l]);
        struct ten_metrics metrics;
        struct ten_error error;
        assert_ok(ten_metrics_compute(&metrics, labels, probabilities, COUNT, &error));
        double sum = 0;
        for (int label = 0; label < TEN_CLASSES; label++) {
            double expected = naive_auc(labels, probabilities, COUNT, label);
            assert_true(metrics.classes[label].auc == expected); /* both are exact but for one division */
            sum += expected;
        }
        assert_near(metrics.auc, sum / TEN_CLASSES);
    }
}

/* The same rows in another order give the same metrics; only sums over rows are rounded otherwise. */
static void test_order_of_rows_does_not_matter(void **state) {
    (void)state;
    enum { COUNT = 200 };
    static uint8_t labels[COUNT], turned_labels[COUNT];
    static float probabilities[COUNT * TEN_CLASSES], turned[COUNT * TEN_CLASSES];
    fill(labels, probabilities, COUNT, 7, 9);
    for (size_t i = 0; i < COUNT; i++) {
        turned_labels[i] = labels[COUNT - 1 - i];
        memcpy(turned + i * TEN_CLASSES, probabilities + (COUNT - 1 - i) * TEN_CLASSES, TEN_CLASSES * sizeof *turned);
    }
    struct ten_metrics metrics, other;
    struct ten_error error;
    assert_ok(ten_metrics_compute(&metrics, labels, probabilities, COUNT, &error));
    assert_ok(ten_metrics_compute(&other, turned_labels, turned, COUNT, &error));
    assert_near(other.log_loss, metrics.log_loss);
    assert_near(other.brier, metrics.brier);
    assert_near(other.ece, metrics.ece);
    other.log_loss = metrics.log_loss;
    other.brier = metrics.brier;
    other.ece = metrics.ece;
    for (size_t bin = 0; bin < TEN_CALIBRATION_BINS; bin++) {
        assert_near(other.calibration[bin].confidence, metrics.calibration[bin].confidence);
        other.calibration[bin].confidence = metrics.calibration[bin].confidence;
    }
    assert_memory_equal(&other, &metrics, sizeof metrics);
}

static void test_loss_is_clipped(void **state) {
    (void)state;
    const uint8_t labels[] = {4, 4, 4};
    const float probabilities[3 * TEN_CLASSES] = {[4] = 0.0f, [10 + 4] = 3.0f, [20 + 4] = -1.0f};
    struct ten_metrics metrics;
    struct ten_error error;
    assert_ok(ten_metrics_compute(&metrics, labels, probabilities, 3, &error));
    assert_near(metrics.log_loss, -2 * log(1e-15) / 3);
    assert_true(isnan(metrics.auc)); /* there is one class only */
    assert_ok(ten_metrics_compute(&metrics, labels, probabilities + TEN_CLASSES, 1, &error));
    assert_true(metrics.log_loss == 0 && !signbit(metrics.log_loss));
}

/* ---- Labels and intervals ---- */

static void test_label(void **state) {
    (void)state;
    float row[TEN_CLASSES] = {0};
    assert_int_equal(ten_label(row), 0);
    row[3] = row[7] = 0.5f;
    assert_int_equal(ten_label(row), 3);
    row[9] = 0.6f;
    assert_int_equal(ten_label(row), 9);
    for (size_t i = 0; i < TEN_CLASSES; i++) row[i] = -1.0f - (float)i;
    assert_int_equal(ten_label(row), 0);
    for (size_t i = 0; i < TEN_CLASSES; i++) row[i] = NAN;
    assert_in_range(ten_label(row), 0, TEN_CLASSES - 1);
}

static void test_wilson(void **state) {
    (void)state;
    double low, high;
    ten_wilson_interval(0, 0, &low, &high);
    assert_true(low == 0 && high == 1);
    /* Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3 */
    const struct {
        size_t correct, count;
        double low, high;
    } published[] = {{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}};
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        ten_wilson_interval(published[i].correct, published[i].count, &low, &high);
        assert_true(fabs(low - published[i].low) < 0.00005);
        assert_true(fabs(high - published[i].high) < 0.00005);
    }
    for (size_t count = 1; count < 2000; count += 7) { /* the ends are exact, and the other side mirrors */
        double other_low, other_high;
        ten_wilson_interval(0, count, &low, &high);
        ten_wilson_interval(count, count, &other_low, &other_high);
        assert_true(low == 0 && other_high == 1);
        assert_near(high, 1 - other_low);
    }
    ten_wilson_interval(9, 5, &low, &high); /* nonsense in, an interval out */
    assert_true(low > 0 && low < 1 && high == 1);
}

/* ---- Bad input ---- */

static void test_bad_input(void **state) {
    (void)state;
    enum { COUNT = 20 };
    static uint8_t labels[COUNT];
    static float probabilities[COUNT * TEN_CLASSES];
    const struct ten_metrics empty = {0};
    struct ten_metrics metrics;
    struct ten_error error;
    fill(labels, probabilities, COUNT, 1, 10);

    assert_fails(ten_metrics_compute(&metrics, labels, probabilities, 0, &error), TEN_INVALID, "at least one");
    assert_fails(ten_metrics_compute(&metrics, NULL, probabilities, COUNT, &error), TEN_INVALID, "labels");
    uint8_t label = labels[13];
    labels[13] = 10;
    assert_fails(ten_metrics_compute(&metrics, labels, probabilities, COUNT, &error), TEN_INVALID, "row 13 ");
    assert_memory_equal(&metrics, &empty, sizeof metrics);
    labels[13] = label;
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        for (size_t column = 0; column < TEN_CLASSES; column++) {
            float *at = &probabilities[17 * TEN_CLASSES + column], before = *at;
            *at = bad[i];
            assert_fails(ten_metrics_compute(&metrics, labels, probabilities, COUNT, &error), TEN_INVALID, "row 17 ");
            assert_memory_equal(&metrics, &empty, sizeof metrics);
            *at = before;
        }
    }
    assert_int_equal(ten_metrics_compute(&metrics, labels, probabilities, 0, NULL), TEN_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_scikit_learn),
        cmocka_unit_test(test_auc_is_the_share_of_ordered_pairs),
        cmocka_unit_test(test_order_of_rows_does_not_matter),
        cmocka_unit_test(test_loss_is_clipped),
        cmocka_unit_test(test_label),
        cmocka_unit_test(test_wilson),
        cmocka_unit_test(test_bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
