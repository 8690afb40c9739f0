/* McNemar's test against exact whole-number sums (the fixture of make_metrics.py), Holm's correction against its
 * definition, and the document of both. */
#include "test.h"

#include "base/random.h"
#include "study/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void assert_close(double got, double expected, double tolerance) {
    if (!(fabs(got - expected) <= tolerance * fabs(expected))) fail_msg("got %.17g, expected %.17g", got, expected);
}

static void test_p_values(void **state) {
    (void)state;
    enum { PAIRS = 17 };
    double *numbers = test_numbers("metrics_mcnemar.txt", 3 * PAIRS);
    for (size_t i = 0; i < 3 * PAIRS; i += 3)
        assert_close(ten_mcnemar_p((size_t)numbers[i], (size_t)numbers[i + 1]), numbers[i + 2], 1e-12);
    free(numbers);
    const size_t same[] = {0, 1, 7, 5000, 1000000, SIZE_MAX};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) assert_true(ten_mcnemar_p(same[i], same[i]) == 1);
    assert_close(ten_mcnemar_p(1000000, 1000001), 1, 1e-9);
    assert_true(ten_mcnemar_p(3, 5000) == 0); /* less than double can say */
    assert_true(ten_mcnemar_p(0, SIZE_MAX / 4) == 0);
    for (size_t n = 1; n < 300; n++) /* the rarer it is, the smaller p; both sides alike; never over 1 */
        for (size_t k = 0; 2 * k < n; k++) {
            double p = ten_mcnemar_p(k, n - k);
            assert_true(p > 0 && p <= 1 && p == ten_mcnemar_p(n - k, k));
            if (k > 0) assert_true(p > ten_mcnemar_p(k - 1, n - k + 1));
        }
}

static void test_counts(void **state) {
    (void)state;
    const uint8_t labels[] = {0, 1, 2, 3, 4, 5, 6, 7};
    const uint8_t first[] = {0, 1, 2, 0, 4, 5, 0, 0}, second[] = {0, 9, 9, 3, 9, 9, 9, 0};
    struct ten_mcnemar test;
    struct ten_error error;
    assert_ok(ten_mcnemar(&test, labels, first, second, 8, &error));
    assert_int_equal(test.only_first, 4);
    assert_int_equal(test.only_second, 1);
    assert_true(test.p == 0.375); /* 2 (1 + 5) / 32 */
    assert_ok(ten_mcnemar(&test, labels, first, first, 8, &error));
    assert_true(test.only_first == 0 && test.only_second == 0 && test.p == 1);
    assert_ok(ten_mcnemar(&test, NULL, NULL, NULL, 0, &error));
    assert_true(test.p == 1);
    assert_fails(ten_mcnemar(&test, labels, NULL, second, 8, &error), TEN_INVALID, "McNemar");
    assert_int_equal(ten_mcnemar(&test, NULL, first, second, 8, NULL), TEN_INVALID);
}

/* ---- The document ---- */

enum { ROWS = 5, COUNT = 400 };

/* Models of different skill, the last like the first. */
static json_t *make_evaluations(uint8_t *labels, char (*given)[COUNT + 1]) {
    json_t *evaluations = json_array();
    struct ten_random random;
    ten_random_init(&random, 3, 0);
    for (size_t i = 0; i < COUNT; i++) labels[i] = (uint8_t)ten_random_below(&random, TEN_CLASSES);
    for (size_t row = 0; row < ROWS; row++) {
        char name[] = {'m', (char)('0' + row), '\0'};
        for (size_t i = 0; i < COUNT; i++) {
            bool luck = ten_random_below(&random, 100) < 80 + 4 * row;
            given[row][i] = (char)('0' + (luck ? labels[i] : ten_random_below(&random, TEN_CLASSES)));
        }
        given[row][COUNT] = '\0';
        if (row == ROWS - 1) memcpy(given[row], given[0], COUNT);
        json_array_append_new(evaluations, json_pack("{s:s, s:s}", "name", name, "predicted", given[row]));
    }
    return evaluations;
}

static double number_of(const json_t *pair, const char *key) { return json_number_value(json_object_get(pair, key)); }

/* Holm's adjusted p-value by definition: the largest of (m - rank) p over all tests that are at most this one's. */
static double naive_holm(const json_t *pairs, double p) {
    double most = 0;
    size_t m = json_array_size(pairs), i, j;
    const json_t *pair, *other;
    json_array_foreach(pairs, i, pair) {
        double own = number_of(pair, "p");
        size_t smaller = 0;
        if (own > p) continue;
        json_array_foreach(pairs, j, other) smaller += number_of(other, "p") < own;
        most = fmax(most, fmin(1, (double)(m - smaller) * own));
    }
    return most;
}

static void test_document(void **state) {
    (void)state;
    uint8_t labels[COUNT], first[COUNT], second[COUNT];
    char given[ROWS][COUNT + 1];
    json_t *evaluations = make_evaluations(labels, given);
    json_t *document = ten_significance_json(evaluations, labels, COUNT), *pairs = json_object_get(document, "pairs");
    assert_non_null(document);
    assert_int_equal(json_object_size(document), 3);
    assert_string_equal(json_string_value(json_object_get(document, "test")), "McNemar, exact, two-sided");
    assert_string_equal(json_string_value(json_array_get(json_object_get(document, "names"), 2)), "m2");
    assert_int_equal(json_array_size(json_object_get(document, "names")), ROWS);
    assert_int_equal(json_array_size(pairs), ROWS * (ROWS - 1) / 2);
    size_t at = 0, telling = 0;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = i + 1; j < ROWS; j++) {
            const json_t *pair = json_array_get(pairs, at++);
            struct ten_mcnemar test;
            struct ten_error error;
            for (size_t k = 0; k < COUNT; k++) {
                first[k] = (uint8_t)(given[i][k] - '0');
                second[k] = (uint8_t)(given[j][k] - '0');
            }
            assert_ok(ten_mcnemar(&test, labels, first, second, COUNT, &error));
            assert_true(number_of(pair, "first") == (double)i && number_of(pair, "second") == (double)j);
            assert_true(number_of(pair, "only_first") == (double)test.only_first);
            assert_true(number_of(pair, "only_second") == (double)test.only_second);
            assert_true(number_of(pair, "p") == test.p);
            assert_close(number_of(pair, "p_holm"), naive_holm(pairs, test.p), 1e-15);
            telling += number_of(pair, "p_holm") < 0.05;
        }
    assert_true(telling > 0 && telling < at); /* the rows are such that some differ and some do not */
    json_decref(document);
    json_decref(evaluations);
}

static void test_few_and_broken(void **state) {
    (void)state;
    const uint8_t labels[] = {1, 2, 3};
    json_t *one = json_pack("[{s:s, s:s}]", "name", "a", "predicted", "123"), *none = json_array();
    json_t *document = ten_significance_json(one, labels, 3);
    assert_int_equal(json_array_size(json_object_get(document, "pairs")), 0);
    assert_int_equal(json_array_size(json_object_get(document, "names")), 1);
    json_decref(document);
    document = ten_significance_json(none, labels, 3);
    assert_non_null(document);
    json_decref(document);
    json_decref(one);
    json_decref(none);
    const char *const broken[] = {"12", "1234", "12x", "12/", "12:", ""};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        json_t *rows =
            json_pack("[{s:s, s:s}, {s:s, s:s}]", "name", "a", "predicted", "123", "name", "b", "predicted", broken[i]);
        assert_null(ten_significance_json(rows, labels, 3));
        json_decref(rows);
    }
    json_t *without = json_pack("[{s:s}]", "name", "a"), *nameless = json_pack("[{s:s}]", "predicted", "123");
    assert_null(ten_significance_json(without, labels, 3));
    assert_null(ten_significance_json(nameless, labels, 3));
    json_decref(without);
    json_decref(nameless);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_p_values),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_few_and_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
