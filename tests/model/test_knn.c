/* k nearest neighbours against scikit-learn's (the fixtures of make_models.py), and against a naive search: exact also
 * where the fast form cancels, with ties by the thousand, and around the sizes of its blocks. */
#include "test.h"

#include "base/random.h"
#include "model/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct ten_model_type *const type = &ten_model_knn;

static void assert_close(const char *what, double got, double expected, double tolerance) {
    if (!(fabs(got - expected) <= tolerance)) fail_msg("%s: %.9g, expected %.9g", what, got, expected);
}

static enum ten_status fit(void *state, const struct ten_batch *train, const uint8_t *labels,
                           const struct ten_values *values, struct ten_error *error) {
    struct ten_history history = {0};
    bool converged = true;
    struct ten_training training = {
        .features = train, .labels = labels, .values = values, .history = &history, .converged = &converged};
    return type->fit(state, &training, error);
}

static void parse(struct ten_values *values, int k, const char *weights) {
    struct ten_error error;
    char number[32], words[32];
    snprintf(number, sizeof number, "n_neighbors=%d", k);
    snprintf(words, sizeof words, "weights=%s", weights);
    assert_ok(ten_values_parse(values, &type->about, (const char *const[]){number, words}, 2, &error));
}

static void search(const struct ten_batch *train, const uint8_t *labels, const struct ten_batch *queries, int k,
                   const char *weights, int threads, float *probabilities) {
    struct ten_values values;
    struct ten_error error;
    parse(&values, k, weights);
    void *state = calloc(1, type->state_size);
    assert_non_null(state);
    assert_ok(fit(state, train, labels, &values, &error));
    assert_ok(type->predict(state, &values, queries, probabilities, &(struct ten_run){.threads = threads}, &error));
    type->release(state);
    free(state);
}

/* ---- scikit-learn ---- */

enum { TRAIN = 60, TEST = 30, FEATURES = 12 };

static void check_fixture(const char *fixture, bool bytes) {
    size_t values = (TRAIN + TEST) * FEATURES, expected = 6 * TEST * TEN_CLASSES;
    double *numbers = test_numbers(fixture, values + TRAIN + expected);
    float reals[(TRAIN + TEST) * FEATURES], got[TEST * TEN_CLASSES];
    uint8_t whole[(TRAIN + TEST) * FEATURES] = {0}, labels[TRAIN];
    for (size_t i = 0; i < TRAIN; i++) labels[i] = (uint8_t)numbers[TRAIN * FEATURES + i];
    for (size_t i = 0; i < values; i++) {
        double value = numbers[i < TRAIN * FEATURES ? i : i + TRAIN];
        reals[i] = (float)value;
        if (bytes) whole[i] = (uint8_t)value;
    }
    struct ten_batch train = {.rows = TRAIN, .shape = {.columns = FEATURES}, .unit = 1, .is_bytes = bytes},
                     test = train;
    test.rows = TEST;
    if (bytes)
        train.bytes = whole, test.bytes = whole + TRAIN * FEATURES;
    else
        train.floats = reals, test.floats = reals + TRAIN * FEATURES;
    const double *at = numbers + values + TRAIN;
    for (int k = 1; k <= 5; k += 2)
        for (int w = 0; w < 2; w++, at += TEST * TEN_CLASSES) {
            search(&train, labels, &test, k, w ? "distance" : "uniform", 0, got);
            for (size_t i = 0; i < TEST * TEN_CLASSES; i++) assert_close(fixture, (double)got[i], at[i], 1e-6);
        }
    free(numbers);
}

static void test_as_scikit_learn(void **state) {
    (void)state;
    check_fixture("model_knn_bytes.txt", true);
    check_fixture("model_knn_reals.txt", false);
}

/* ---- A naive search ---- */

struct near {
    double distance;
    size_t index;
};

static int compare_near(const void *left, const void *right) {
    const struct near *a = left, *b = right;
    if (a->distance != b->distance) return a->distance < b->distance ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

static double value_at(const struct ten_batch *batch, size_t row, size_t column) {
    size_t at = row * batch->shape.columns + column;
    return batch->is_bytes ? (double)batch->bytes[at] * (double)batch->unit : (double)batch->floats[at];
}

/* Differences are exact in double for the values used here, sums of their squares as well or nearly so. */
static void naive_votes(const struct ten_batch *train, const uint8_t *labels, const struct ten_batch *queries, size_t q,
                        size_t k, bool by_distance, struct near *list, double *votes) {
    for (size_t r = 0; r < train->rows; r++) {
        double sum = 0;
        for (size_t j = 0; j < train->shape.columns; j++) {
            double d = value_at(train, r, j) - value_at(queries, q, j);
            sum += d * d;
        }
        list[r] = (struct near){sum, r};
    }
    qsort(list, train->rows, sizeof *list, compare_near);
    memset(votes, 0, TEN_CLASSES * sizeof *votes);
    double all = 0;
    for (size_t i = 0; i < k; i++) {
        double weight = !by_distance ? 1 : list[0].distance == 0 ? list[i].distance == 0 : 1 / sqrt(list[i].distance);
        votes[labels[list[i].index]] += weight;
        all += weight;
    }
    for (size_t c = 0; c < TEN_CLASSES; c++) votes[c] /= all;
}

static void check_naive(const struct ten_batch *train, const uint8_t *labels, const struct ten_batch *queries, int k,
                        bool by_distance) {
    float *got = malloc(queries->rows * TEN_CLASSES * sizeof *got);
    struct near *list = malloc(train->rows * sizeof *list);
    assert_non_null(got);
    assert_non_null(list);
    search(train, labels, queries, k, by_distance ? "distance" : "uniform", 2, got);
    for (size_t q = 0; q < queries->rows; q++) {
        double votes[TEN_CLASSES];
        naive_votes(train, labels, queries, q, (size_t)k, by_distance, list, votes);
        for (size_t c = 0; c < TEN_CLASSES; c++)
            assert_close("share of votes", (double)got[q * TEN_CLASSES + c], votes[c], 1e-6);
    }
    free(list);
    free(got);
}

/* ---- Random data: few levels make ties, an offset makes the fast form cancel ---- */

struct data {
    struct ten_batch train, queries;
    uint8_t *labels, *bytes;
    float *floats;
};

static struct data data_new(bool is_bytes, size_t rows, size_t queries, size_t columns, uint64_t levels, double offset,
                            double step) {
    struct data data = {0};
    size_t count = (rows + queries) * columns;
    struct ten_random random;
    ten_random_init(&random, levels * 1000 + columns, rows + queries);
    data.labels = malloc(rows);
    data.bytes = malloc(count);
    data.floats = malloc(count * sizeof *data.floats);
    assert_true(data.labels && data.bytes && data.floats);
    for (size_t i = 0; i < rows; i++) data.labels[i] = (uint8_t)ten_random_below(&random, TEN_CLASSES);
    for (size_t i = 0; i < count; i++) {
        data.bytes[i] = (uint8_t)ten_random_below(&random, levels);
        data.floats[i] = (float)(offset + step * data.bytes[i]);
    }
    data.train = (struct ten_batch){
        .rows = rows, .shape = {.columns = columns}, .unit = is_bytes ? (float)step : 1, .is_bytes = is_bytes};
    data.queries = data.train;
    data.queries.rows = queries;
    if (is_bytes) {
        data.train.bytes = data.bytes;
        data.queries.bytes = data.bytes + rows * columns;
    } else {
        data.train.floats = data.floats;
        data.queries.floats = data.floats + rows * columns;
    }
    return data;
}

static void data_release(struct data *data) {
    free(data->labels);
    free(data->bytes);
    free(data->floats);
}

static void check_data(bool is_bytes, size_t rows, size_t queries, size_t columns, uint64_t levels, double offset,
                       double step, int k) {
    struct data data = data_new(is_bytes, rows, queries, columns, levels, offset, step);
    check_naive(&data.train, data.labels, &data.queries, k, false);
    check_naive(&data.train, data.labels, &data.queries, k, true);
    data_release(&data);
}

static void test_around_blocks(void **state) {
    (void)state;
    const size_t rows[] = {1, 2, 31, 1023, 1024, 1025, 2049}, queries[] = {1, 31, 32, 33, 65};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (int bytes = 0; bytes < 2; bytes++) {
            check_data(bytes, rows[r], queries[r % 5], 4, 256, 0, 1, 1);
            if (rows[r] > 5) check_data(bytes, rows[r], 2, 7, 256, 0, 0.25, 5);
        }
    for (size_t q = 0; q < sizeof queries / sizeof *queries; q++) check_data(q % 2, 40, queries[q], 9, 256, 0, 1, 3);
}

static void test_ties(void **state) {
    (void)state;
    for (int k = 1; k <= 50; k = 3 * k + 1)
        for (uint64_t levels = 1; levels <= 3; levels++) {
            check_data(true, 1100, 5, 3, levels, 0, 1, k);
            check_data(false, 1100, 5, 3, levels, 0, 1, k);
            check_data(false, 1100, 5, 3, levels, 10000, 1, k);
        }
    check_data(true, 30, 5, 3, 2, 0, 1, 30); /* everybody votes */
    check_data(false, 30, 5, 3, 2, 0, 1, 30);
}

/* Values around 1e4 with differences down to 2^-9: squares of 1e8, of which the product form keeps 8 or so. */
static void test_large_offsets(void **state) {
    (void)state;
    const double offsets[] = {100, 1e4, -1e4, 65536};
    for (size_t i = 0; i < 4; i++) {
        check_data(false, 300, 20, 12, 7, offsets[i], 0x1p-7, 5);
        check_data(false, 300, 20, 12, 256, offsets[i], 0x1p-7, 3);
    }
}

/* Where single-precision products overflow or vanish the answer is the same. */
static void test_extreme_scales(void **state) {
    (void)state;
    const double steps[] = {0x1p-80, 0x1p-70, 0x1p-60, 0x1p60, 0x1p70, 0x1p110};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        check_data(false, 100, 10, 6, 200, 0, steps[i], 3);
        check_data(false, 100, 10, 6, 200, -100 * steps[i], steps[i], 3); /* either sign */
    }
}

/* Queries far away from the training rows: the largest part of all distances is the same. */
static void test_distant_queries(void **state) {
    (void)state;
    for (double away = 16; away < 1e7; away *= 64) {
        struct data data = data_new(false, 200, 12, 5, 16, 0, 1);
        float *queries = data.floats + 200 * 5;
        for (size_t i = 0; i < 12 * 5; i++) queries[i] += (float)away;
        check_naive(&data.train, data.labels, &data.queries, 5, false);
        data_release(&data);
    }
}

/* Rows of many columns that repeat six values each, with a little noise: they lie near a subspace, where the search
 * begins, but only what is outside tells equals apart. */
static void check_wide(size_t rows, size_t queries, size_t columns, uint64_t noise, double offset, double step, int k) {
    struct data data = data_new(false, rows, queries, columns, 256, 0, 1);
    struct ten_random random;
    ten_random_init(&random, columns, rows);
    for (size_t i = 0; i < rows + queries; i++) {
        double six[6];
        for (size_t j = 0; j < 6; j++) six[j] = 40 * (double)ten_random_below(&random, 4);
        for (size_t j = 0; j < columns; j++)
            data.floats[i * columns + j] =
                (float)(offset + step * (six[j % 6] + (double)ten_random_below(&random, noise)));
    }
    check_naive(&data.train, data.labels, &data.queries, k, false);
    check_naive(&data.train, data.labels, &data.queries, k, true);
    data_release(&data);
}

static void test_wide_rows(void **state) {
    (void)state;
    const size_t columns[] = {192, 193, 400}, rows[] = {7, 511, 513, 1300};
    for (size_t c = 0; c < 3; c++)
        for (size_t r = 0; r < 4; r++) {
            check_wide(rows[r], 11, columns[c], 8, 0, 1, 3);
            check_wide(rows[r], 3, columns[c], 2, 0, 1, 7);
            check_wide(rows[r], 3, columns[c], 1, 0, 1, 5); /* ties throughout */
        }
    check_wide(600, 259, 192, 16, 0, 0.25, 5);
    const double steps[] = {0x1p-80, 0x1p-70, 0x1p-60, 0x1p50, 0x1p60, 0x1p110}, offsets[] = {100, 1e4, -65536};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) check_wide(300, 5, 200, 9, 0, steps[i], 3);
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) check_wide(300, 5, 200, 9, offsets[i], 0x1p-7, 3);
    check_data(false, 200, 5, 250, 256, 0, 1, 3); /* and without any subspace */
}

static void test_threads(void **state) {
    (void)state;
    struct data data = data_new(false, 1500, 150, 8, 256, 5, 0.5);
    static float one[150 * TEN_CLASSES], many[150 * TEN_CLASSES];
    search(&data.train, data.labels, &data.queries, 7, "distance", 1, one);
    for (int threads = 2; threads < 6; threads++) {
        search(&data.train, data.labels, &data.queries, 7, "distance", threads, many);
        assert_memory_equal(many, one, sizeof one);
    }
    data_release(&data);
}

/* ---- What cannot be ---- */

static void test_bad_input(void **state) {
    (void)state;
    struct data data = data_new(true, 10, 2, 3, 256, 0, 1);
    struct ten_values values;
    struct ten_error error;
    float probabilities[2 * TEN_CLASSES];
    void *model = calloc(1, type->state_size);
    assert_non_null(model);
    parse(&values, 11, "uniform");
    assert_fails(fit(model, &data.train, data.labels, &values, &error), TEN_INVALID, "n_neighbors=11");
    parse(&values, 10, "uniform");
    assert_ok(fit(model, &data.train, data.labels, &values, &error));
    struct ten_batch floats = {.rows = 2, .shape = {.columns = 3}, .unit = 1, .floats = data.floats};
    assert_fails(type->predict(model, &values, &floats, probabilities, NULL, &error), TEN_INVALID, "fitted on bytes");
    assert_int_equal(type->parameters(model), 30);
    type->release(model);
    struct ten_batch wide = {.rows = 1, .shape = {.columns = 33026}, .unit = 1, .is_bytes = true};
    wide.bytes = calloc(33026, 1);
    parse(&values, 1, "uniform");
    assert_fails(fit(model, &wide, data.labels, &values, &error), TEN_INVALID, "33026 columns");
    wide.shape.columns = 33025;
    memset((uint8_t *)wide.bytes, 255, 33025);
    assert_ok(fit(model, &wide, data.labels, &values, &error));
    assert_ok(type->predict(model, &values, &wide, probabilities, NULL, &error));
    assert_true(probabilities[data.labels[0]] == 1);
    type->release(model);
    free((uint8_t *)wide.bytes);
    free(model);
    data_release(&data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_scikit_learn),
        cmocka_unit_test(test_around_blocks),
        cmocka_unit_test(test_ties),
        cmocka_unit_test(test_large_offsets),
        cmocka_unit_test(test_extreme_scales),
        cmocka_unit_test(test_distant_queries),
        cmocka_unit_test(test_wide_rows),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
