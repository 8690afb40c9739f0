/* Which differences between models are more than luck: McNemar's test between every two of them, and its p-values once
 * more for so many tests at a time (Holm 1979, "A simple sequentially rejective multiple test procedure"). */
#include "study/json.h"

#include "base/memory.h"

#include <stdlib.h>

struct pair {
    size_t first, second;
    struct ten_mcnemar test;
    double p_holm;
};

/* The labels out of a "predicted" of `count` digits; false if it is none. */
static bool read_labels(uint8_t *labels, const json_t *predicted, size_t count) {
    const char *digits = json_string_value(predicted);
    if (!digits || json_string_length(predicted) != count) return false;
    for (size_t i = 0; i < count; i++) {
        if (digits[i] < '0' || digits[i] > '9') return false;
        labels[i] = (uint8_t)(digits[i] - '0');
    }
    return true;
}

/* pairs[rows * (rows - 1) / 2] from labels[rows x count]. */
static void test_pairs(struct pair *pairs, const uint8_t *given, size_t rows, const uint8_t *labels, size_t count) {
    for (size_t first = 0; first < rows; first++)
        for (size_t second = first + 1; second < rows; second++) {
            *pairs = (struct pair){.first = first, .second = second};
            ten_mcnemar(&pairs->test, labels, given + first * count, given + second * count, count, NULL);
            pairs++;
        }
}

static int by_p(const void *left, const void *right) {
    const struct pair *a = *(struct pair *const *)left, *b = *(struct pair *const *)right;
    if (a->test.p != b->test.p) return a->test.p < b->test.p ? -1 : 1;
    return (a > b) - (a < b);
}

/* The smallest of m p-values times m, the next times m - 1, and so on; never less than one before, nor more than 1. */
static void correct_pairs(struct pair *pairs, struct pair **order, size_t count) {
    for (size_t i = 0; i < count; i++) order[i] = &pairs[i];
    qsort(order, count, sizeof *order, by_p);
    double least = 0;
    for (size_t i = 0; i < count; i++) {
        double p = order[i]->test.p * (double)(count - i);
        if (p > least) least = p < 1 ? p : 1;
        order[i]->p_holm = least;
    }
}

static json_t *pair_json(const struct pair *pair) {
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "first", ten_json_size(pair->first));
    failed |= json_object_set_new(object, "second", ten_json_size(pair->second));
    failed |= json_object_set_new(object, "only_first", ten_json_size(pair->test.only_first));
    failed |= json_object_set_new(object, "only_second", ten_json_size(pair->test.only_second));
    failed |= json_object_set_new(object, "p", ten_json_real(pair->test.p));
    failed |= json_object_set_new(object, "p_holm", ten_json_real(pair->p_holm));
    return ten_json_whole(object, failed);
}

static json_t *document(const json_t *evaluations, const struct pair *pairs, size_t count) {
    json_t *object = json_object(), *names = json_array(), *list = json_array();
    int failed = !object || !names || !list;
    size_t i;
    const json_t *evaluation;
    json_array_foreach(evaluations, i, evaluation) failed |=
        json_array_append(names, json_object_get(evaluation, "name"));
    for (i = 0; i < count && !failed; i++) failed |= json_array_append_new(list, pair_json(&pairs[i]));
    failed |= json_object_set_new(object, "names", names);
    failed |= json_object_set_new(object, "test", json_string("McNemar, exact, two-sided"));
    failed |= json_object_set_new(object, "pairs", list);
    return ten_json_whole(object, failed);
}

json_t *ten_significance_json(const json_t *evaluations, const uint8_t *labels, size_t count) {
    size_t rows = json_array_size(evaluations), pair_count = rows ? rows * (rows - 1) / 2 : 0;
    uint8_t *given = ten_alloc(rows, count);
    struct pair *pairs = ten_alloc(pair_count, sizeof *pairs), **order = ten_alloc(pair_count, sizeof *order);
    bool good = given && pairs && order;
    for (size_t i = 0; i < rows && good; i++)
        good = read_labels(given + i * count, json_object_get(json_array_get(evaluations, i), "predicted"), count);
    json_t *result = NULL;
    if (good) {
        test_pairs(pairs, given, rows, labels, count);
        correct_pairs(pairs, order, pair_count);
        result = document(evaluations, pairs, pair_count);
    }
    free(given);
    free(pairs);
    free(order);
    return result;
}
