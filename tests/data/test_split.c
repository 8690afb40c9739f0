/* Splits and folds: their promises, checked by counting over many odd sizes, skewed and missing classes. */
#include "test.h"

#include "base/random.h"

#include <stdlib.h>
#include <string.h>

static const size_t COUNTS[] = {1, 2, 3, 7, 10, 11, 29, 97, 100, 101, 503, 1001};
enum { COUNT_COUNT = sizeof COUNTS / sizeof *COUNTS, LARGEST = 1001 };

/* kind 0: even; 1: skewed, low labels far more often; 2: only the classes 3 and 8; 3: one class. */
static void make_labels(uint8_t *labels, size_t count, int kind) {
    struct ten_random random;
    ten_random_init(&random, 5, (uint64_t)kind);
    for (size_t i = 0; i < count; i++) {
        uint64_t a = ten_random_below(&random, 10), b = ten_random_below(&random, a + 1);
        const uint8_t choice[] = {(uint8_t)a, (uint8_t)ten_random_below(&random, b + 1), a < 3 ? 3 : 8, 4};
        labels[i] = choice[kind];
    }
}

static void count_classes(const uint8_t *labels, const size_t *rows, size_t count, size_t counts[TEN_CLASSES]) {
    memset(counts, 0, TEN_CLASSES * sizeof *counts);
    for (size_t i = 0; i < count; i++) counts[labels[rows ? rows[i] : i]]++;
}

/* kept and rest rise and are, together, every row once. */
static void check_partition(const size_t *kept, size_t keep, const size_t *rest, size_t count) {
    size_t k = 0, r = 0;
    for (size_t i = 0; i < count; i++) {
        if (k < keep && kept[k] == i)
            k++;
        else if (r < count - keep && rest[r] == i)
            r++;
        else
            fail_msg("row %zu is in neither part, or not in its order", i);
    }
    assert_int_equal(k, keep);
    assert_int_equal(r, count - keep);
}

/* Each class has its share rounded down or up, and those rounded up have the largest remainders. */
static void check_shares(const size_t have[TEN_CLASSES], const size_t got[TEN_CLASSES], size_t keep, size_t count) {
    size_t least_up = SIZE_MAX, most_down = 0, sum = 0;
    for (size_t c = 0; c < TEN_CLASSES; c++) {
        size_t down = keep * have[c] / count, remainder = keep * have[c] % count;
        sum += got[c];
        assert_true(got[c] <= have[c]);
        if (got[c] == down + 1) {
            assert_true(remainder > 0);
            if (remainder < least_up) least_up = remainder;
        } else {
            assert_int_equal(got[c], down);
            if (remainder > most_down) most_down = remainder;
        }
    }
    assert_int_equal(sum, keep);
    assert_true(least_up >= most_down);
}

static void split_keeps_the_shares(void **state) {
    (void)state;
    struct ten_error error;
    static uint8_t labels[LARGEST];
    static size_t kept[LARGEST], rest[LARGEST];
    for (size_t s = 0; s < COUNT_COUNT; s++)
        for (int kind = 0; kind < 4; kind++) {
            size_t count = COUNTS[s], have[TEN_CLASSES], got[TEN_CLASSES];
            make_labels(labels, count, kind);
            count_classes(labels, NULL, count, have);
            const size_t keeps[] = {0, 1, count / 7, count / 3, count / 2, count - count / 5, count - 1, count};
            for (size_t k = 0; k < sizeof keeps / sizeof *keeps; k++) {
                assert_ok(ten_split_stratified(labels, count, keeps[k], 3, kept, rest, &error));
                check_partition(kept, keeps[k], rest, count);
                count_classes(labels, kept, keeps[k], got);
                check_shares(have, got, keeps[k], count);
            }
        }
}

/* 5, 3 and 2 rows, 4 of 10 wanted: shares 2, 1.2 and 0.8. */
static void split_by_hand(void **state) {
    (void)state;
    struct ten_error error;
    const uint8_t labels[] = {0, 0, 0, 0, 0, 1, 1, 1, 2, 2};
    size_t kept[4], counts[TEN_CLASSES];
    assert_ok(ten_split_stratified(labels, 10, 4, 0, kept, NULL, &error));
    count_classes(labels, kept, 4, counts);
    assert_int_equal(counts[0], 2);
    assert_int_equal(counts[1], 1);
    assert_int_equal(counts[2], 1);
    assert_ok(ten_split_stratified(labels, 10, 0, 0, NULL, NULL, &error));
    assert_ok(ten_split_stratified(NULL, 0, 0, 0, NULL, NULL, &error));
}

static void seeds_decide_the_split(void **state) {
    (void)state;
    struct ten_error error;
    static uint8_t labels[LARGEST];
    size_t first[300], again[300], other[300];
    make_labels(labels, LARGEST, 0);
    assert_ok(ten_split_stratified(labels, LARGEST, 300, 1, first, NULL, &error));
    assert_ok(ten_split_stratified(labels, LARGEST, 300, 1, again, NULL, &error));
    assert_ok(ten_split_stratified(labels, LARGEST, 300, 2, other, NULL, &error));
    assert_memory_equal(first, again, sizeof first);
    assert_memory_not_equal(first, other, sizeof first);
}

/* Every row is chosen about as often as any other: 400 seeds, half of the rows; 5.5 standard deviations. */
static void split_is_fair(void **state) {
    (void)state;
    struct ten_error error;
    uint8_t labels[60];
    size_t kept[30], chosen[60] = {0};
    for (size_t i = 0; i < 60; i++) labels[i] = (uint8_t)(i % 3);
    for (uint64_t seed = 0; seed < 400; seed++) {
        assert_ok(ten_split_stratified(labels, 60, 30, seed, kept, NULL, &error));
        for (size_t i = 0; i < 30; i++) chosen[kept[i]]++;
    }
    for (size_t i = 0; i < 60; i++) assert_in_range(chosen[i], 145, 255);
}

static void check_folds(const uint8_t *labels, const size_t *fold, size_t count, size_t folds) {
    static size_t sizes[LARGEST][TEN_CLASSES + 1];
    memset(sizes, 0, sizeof sizes);
    for (size_t i = 0; i < count; i++) {
        assert_true(fold[i] < folds);
        sizes[fold[i]][labels[i]]++;
        sizes[fold[i]][TEN_CLASSES]++;
    }
    for (size_t c = 0; c <= TEN_CLASSES; c++) {
        size_t least = SIZE_MAX, most = 0;
        for (size_t f = 0; f < folds; f++) {
            if (sizes[f][c] < least) least = sizes[f][c];
            if (sizes[f][c] > most) most = sizes[f][c];
        }
        assert_true(most - least <= 1);
    }
}

static void folds_are_even(void **state) {
    (void)state;
    struct ten_error error;
    static uint8_t labels[LARGEST];
    static size_t fold[LARGEST];
    for (size_t s = 1; s < COUNT_COUNT; s++)
        for (int kind = 0; kind < 4; kind++) {
            make_labels(labels, COUNTS[s], kind);
            const size_t choices[] = {2, 3, 5, 7, 10, COUNTS[s] / 2, COUNTS[s]};
            for (size_t f = 0; f < sizeof choices / sizeof *choices; f++) {
                if (choices[f] < 2 || choices[f] > COUNTS[s]) continue;
                assert_ok(ten_split_folds(labels, COUNTS[s], choices[f], 9, fold, &error));
                check_folds(labels, fold, COUNTS[s], choices[f]);
            }
        }
}

static void seeds_decide_the_folds(void **state) {
    (void)state;
    struct ten_error error;
    uint8_t labels[101];
    size_t first[101], again[101], other[101];
    make_labels(labels, 101, 1);
    assert_ok(ten_split_folds(labels, 101, 10, 1, first, &error));
    assert_ok(ten_split_folds(labels, 101, 10, 1, again, &error));
    assert_ok(ten_split_folds(labels, 101, 10, 2, other, &error));
    assert_memory_equal(first, again, sizeof first);
    assert_memory_not_equal(first, other, sizeof first);
}

static void bad_requests(void **state) {
    (void)state;
    struct ten_error error;
    uint8_t labels[] = {0, 1, 2, 3};
    size_t rows[4] = {77, 77, 77, 77};
    assert_fails(ten_split_stratified(labels, 4, 5, 0, rows, NULL, &error), TEN_INVALID,
                 "5 rows to keep, expected at most the 4 there are");
    assert_fails(ten_split_folds(labels, 4, 1, 0, rows, &error), TEN_INVALID, "1 folds of 4 rows, expected 2..4");
    assert_fails(ten_split_folds(labels, 4, 5, 0, rows, &error), TEN_INVALID, "5 folds of 4 rows");
    labels[2] = 10;
    assert_fails(ten_split_stratified(labels, 4, 2, 0, rows, NULL, &error), TEN_INVALID, "row 2 has label 10");
    assert_fails(ten_split_folds(labels, 4, 2, 0, rows, &error), TEN_INVALID, "row 2 has label 10");
    for (size_t i = 0; i < 4; i++) assert_int_equal(rows[i], 77);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split_keeps_the_shares), cmocka_unit_test(split_by_hand),
        cmocka_unit_test(seeds_decide_the_split), cmocka_unit_test(split_is_fair),
        cmocka_unit_test(folds_are_even),         cmocka_unit_test(seeds_decide_the_folds),
        cmocka_unit_test(bad_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
