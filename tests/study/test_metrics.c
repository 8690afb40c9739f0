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

static const double *check_further(const struct ten_metrics *metrics, const double *at) {
    assert_near(metrics->kappa, at[0]);
    assert_near(metrics->mcc, at[1]);
    assert_near(metrics->top2_accuracy, at[2]);
    assert_near(metrics->top3_accuracy, at[3]);
    assert_near(metrics->brier, at[4]);
    assert_near(metrics->ece, at[5]);
    at += 6;
    for (size_t bin = 0; bin < TEN_CALIBRATION_BINS; bin++, at += 3) {
        assert_int_equal(metrics->calibration[bin].count, at[0]);
        assert_near(metrics->calibration[bin].confidence, at[1]);
        assert_near(metrics->calibration[bin].accuracy, at[2]);
    }
    return at;
}

static void check_fixture(const char *name, size_t rows) {
    size_t count =
        rows + rows * TEN_CLASSES + 12 + TEN_CLASSES * 5 + TEN_CLASSES * TEN_CLASSES + 6 + 3 * TEN_CALIBRATION_BINS;
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
    end = check_further(&metrics, end);
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

/* One class only, given rightly: nothing is left for chance, nor for a correlation. And values out of 0..1, which
 * nothing promises not to come, fall into the bins at the ends. */
static void test_agreement_of_one_class(void **state) {
    (void)state;
    const uint8_t labels[] = {4, 4};
    const float probabilities[2 * TEN_CLASSES] = {[4] = 3.0f, [10] = -2, -2, -2, -2, -1, -2, -2, -2, -2, -2};
    struct ten_metrics metrics;
    struct ten_error error;
    assert_ok(ten_metrics_compute(&metrics, labels, probabilities, 2, &error));
    assert_true(isnan(metrics.kappa));
    assert_true(metrics.mcc == 0);
    assert_true(metrics.calibration[0].count == 1 && metrics.calibration[0].confidence == -1);
    assert_true(metrics.calibration[TEN_CALIBRATION_BINS - 1].count == 1);
    assert_near(metrics.ece, 2);
}

/* A probability on a border belongs to the bin below. */
static void test_borders_of_bins(void **state) {
    (void)state;
    const uint8_t label = 1;
    struct ten_error error;
    for (int bin = 0; bin < TEN_CALIBRATION_BINS; bin++) {
        float border = (float)(bin + 1) / TEN_CALIBRATION_BINS;
        while ((double)border * TEN_CALIBRATION_BINS > bin + 1) border = nextafterf(border, 0);
        for (int above = 0; above < 2; above++) {
            float probabilities[TEN_CLASSES] = {[1] = above ? nextafterf(border, 2) : border};
            int expected = bin + above < TEN_CALIBRATION_BINS ? bin + above : TEN_CALIBRATION_BINS - 1;
            struct ten_metrics metrics;
            assert_ok(ten_metrics_compute(&metrics, &label, probabilities, 1, &error));
            assert_int_equal(metrics.calibration[expected].count, 1);
        }
    }
}

/* ---- MNIST's rejected labels ---- */

/* A black set of the size of MNIST's test set, of which four bytes are chosen so that it has its checksum: CRC-32 is
 * linear, so that each bit of those bytes changes the sum in a way of its own. */
static void forge_mnist(struct ten_dataset *dataset, uint32_t checksum) {
    *dataset = (struct ten_dataset){.count = 10000, .height = 28, .width = 28};
    dataset->images = calloc(10000, 28 * 28);
    dataset->labels = calloc(10000, 1);
    assert_non_null(dataset->images);
    assert_non_null(dataset->labels);
    uint32_t zero = ten_dataset_checksum(dataset), missing = zero ^ checksum, effects[32], choices[32];
    for (int bit = 0; bit < 32; bit++) {
        dataset->images[bit / 8] = (uint8_t)(1u << bit % 8);
        effects[bit] = ten_dataset_checksum(dataset) ^ zero;
        choices[bit] = 1u << bit;
        dataset->images[bit / 8] = 0;
    }
    uint32_t chosen = 0;
    for (int column = 0; column < 32; column++) { /* elimination over the field of two elements */
        int pivot = column;
        while (pivot < 32 && !(effects[pivot] >> column & 1)) pivot++;
        assert_true(pivot < 32);
        uint32_t effect = effects[pivot], choice = choices[pivot];
        effects[pivot] = effects[column];
        choices[pivot] = choices[column];
        effects[column] = effect;
        choices[column] = choice;
        for (int row = column + 1; row < 32; row++)
            if (effects[row] >> column & 1) {
                effects[row] ^= effect;
                choices[row] ^= choice;
            }
        if (missing >> column & 1) {
            missing ^= effect;
            chosen ^= choice;
        }
    }
    for (int byte = 0; byte < 4; byte++) dataset->images[byte] = (uint8_t)(chosen >> 8 * byte);
    assert_int_equal(ten_dataset_checksum(dataset), checksum);
}

static void test_rejected(void **state) {
    (void)state;
    static const size_t rejected[] = {947,  1621, 1901, 2130, 2462, 2597, 2654, 3520,
                                      3558, 5937, 6651, 6783, 8527, 9679, 9729};
    enum { REJECTED = sizeof rejected / sizeof *rejected };
    struct ten_dataset dataset;
    forge_mnist(&dataset, 0xd5ddc8f9);
    float *probabilities = calloc(dataset.count * TEN_CLASSES, sizeof *probabilities);
    assert_non_null(probabilities);
    for (size_t i = 0; i < REJECTED; i++) probabilities[rejected[i] * TEN_CLASSES + 3] = 1;
    struct ten_share share, expected = {.count = 9985, .correct = 9985, .accuracy = 1};
    assert_true(ten_without_rejected(&share, &dataset, probabilities)); /* just these are wrong */
    ten_wilson_interval(9985, 9985, &expected.accuracy_low, &expected.accuracy_high);
    assert_memory_equal(&share, &expected, sizeof share);
    for (size_t i = 0; i < dataset.count; i++) { /* just these are right */
        float *row = probabilities + i * TEN_CLASSES;
        row[3] = 1 - row[3];
    }
    assert_true(ten_without_rejected(&share, &dataset, probabilities));
    assert_true(share.correct == 0 && share.accuracy == 0 && share.accuracy_low == 0);
    probabilities[3] = 0;
    assert_true(ten_without_rejected(&share, &dataset, probabilities));
    assert_true(share.correct == 1 && share.accuracy == 1.0 / 9985);

    struct ten_share none = {0};
    dataset.count--; /* a part of it */
    assert_false(ten_without_rejected(&share, &dataset, probabilities));
    assert_memory_equal(&share, &none, sizeof share);
    dataset.count++;
    dataset.images[5000]++; /* other images */
    assert_false(ten_without_rejected(&share, &dataset, probabilities));
    dataset.images[5000]--;
    assert_true(ten_without_rejected(&share, &dataset, probabilities));
    free(probabilities);
    ten_dataset_release(&dataset);
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
        cmocka_unit_test(test_agreement_of_one_class),
        cmocka_unit_test(test_borders_of_bins),
        cmocka_unit_test(test_rejected),
        cmocka_unit_test(test_label),
        cmocka_unit_test(test_wilson),
        cmocka_unit_test(test_bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
