/* Suspect labels: wrong ones that were planted are found, in order, by the rule and no others. */
#include "test.h"

#include "base/random.h"
#include "study/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 500, MODELS = 3, PLANTED = 20 };

static const char *const names[] = {"first", "second", "third"};

/* Probabilities of a model that knows the truth with some doubt. Every row sums to 1. */
static void fill(float *probabilities, const uint8_t *truth, uint64_t model) {
    struct ten_random random;
    ten_random_init(&random, 5, model);
    for (size_t i = 0; i < COUNT; i++) {
        float sure = 0.8f + (float)ten_random_below(&random, 1000) / 5500;
        for (size_t label = 0; label < TEN_CLASSES; label++)
            probabilities[i * TEN_CLASSES + label] = label == truth[i] ? sure : (1 - sure) / (TEN_CLASSES - 1);
    }
}

static double number_of(const json_t *object, const char *key) {
    return json_number_value(json_object_get(object, key));
}

/* Counts the suspects by the rule, from nothing but its words. */
static size_t naive_count(const struct ten_dataset *train, const float *const *probabilities) {
    size_t suspects = 0;
    for (size_t i = 0; i < train->count; i++) {
        double means[TEN_CLASSES] = {0};
        int best = 0;
        for (int label = 0; label < TEN_CLASSES; label++) {
            for (size_t m = 0; m < MODELS; m++)
                means[label] += (double)probabilities[m][i * TEN_CLASSES + (size_t)label] / MODELS;
            if (means[label] > means[best]) best = label;
        }
        double sum = 0, rows = 0;
        for (size_t j = 0; j < train->count; j++) {
            if (train->labels[j] != best) continue;
            for (size_t m = 0; m < MODELS; m++)
                sum += (double)probabilities[m][j * TEN_CLASSES + (size_t)best] / MODELS;
            rows++;
        }
        bool all = true;
        for (size_t m = 0; m < MODELS; m++) all &= ten_label(probabilities[m] + i * TEN_CLASSES) == best;
        suspects += best != train->labels[i] && (all || means[best] > sum / rows);
    }
    return suspects;
}

static void test_planted(void **state) {
    (void)state;
    struct ten_dataset train;
    test_dataset(&train, COUNT, 4, 3, 11);
    static float values[MODELS][COUNT * TEN_CLASSES];
    const float *probabilities[MODELS] = {values[0], values[1], values[2]};
    for (size_t m = 0; m < MODELS; m++) fill(values[m], train.labels, m);
    bool planted[COUNT] = {false};
    for (size_t i = 0; i < PLANTED; i++) {
        size_t index = 7 + i * 23;
        planted[index] = true;
        train.labels[index] = (uint8_t)((train.labels[index] + 1 + i % 9) % TEN_CLASSES);
    }
    json_t *document = ten_suspects_json(&train, probabilities, names, MODELS, 1000);
    assert_non_null(document);
    json_t *digits = json_object_get(document, "digits"), *digit;
    assert_int_equal(json_array_size(json_object_get(document, "models")), MODELS);
    assert_string_equal(json_string_value(json_array_get(json_object_get(document, "models"), 1)), "second");
    assert_true(json_is_string(json_object_get(document, "rule")));
    size_t count = json_array_size(digits), i;
    assert_true(count > PLANTED / 2 && count <= PLANTED);
    assert_int_equal(count, naive_count(&train, probabilities));
    assert_int_equal(number_of(document, "count"), count);
    double before = INFINITY;
    json_array_foreach(digits, i, digit) {
        size_t index = (size_t)number_of(digit, "index"), predicted = (size_t)number_of(digit, "predicted");
        double margin = number_of(digit, "probability") - number_of(digit, "given_probability"), mean = 0;
        assert_true(planted[index]);
        assert_int_equal(number_of(digit, "label"), train.labels[index]);
        assert_int_not_equal(predicted, train.labels[index]);
        for (size_t m = 0; m < MODELS; m++) mean += (double)values[m][index * TEN_CLASSES + predicted] / MODELS;
        assert_true(fabs(number_of(digit, "probability") - mean) < 1e-6);
        assert_true(margin <= before + 2e-6);
        assert_int_equal(number_of(digit, "agree"), MODELS);
        assert_true(json_is_string(json_object_get(digit, "image")));
        before = margin;
    }
    json_t *few = ten_suspects_json(&train, probabilities, names, MODELS, 3);
    assert_int_equal(json_array_size(json_object_get(few, "digits")), 3);
    assert_int_equal(number_of(few, "count"), count);
    for (i = 0; i < 3; i++)
        assert_true(json_equal(json_array_get(json_object_get(few, "digits"), i), json_array_get(digits, i)));
    json_decref(few);
    json_decref(document);
    ten_dataset_release(&train);
}

/* By hand: class 0 is met with 0.9 and 0.5 where it is given, and with 0.1 in the row that is meant for the test: a
 * threshold of 0.5. Rows labelled 1 that are 0 with 0.6 and with 0.5 lie above it, and on it. */
static void test_threshold(void **state) {
    (void)state;
    uint8_t images[5] = {1, 2, 3, 4, 5}, labels[5] = {0, 0, 0, 1, 1};
    const struct ten_dataset train = {5, 1, 1, images, labels};
    static const float first[] = {
        1,    0,    0, 0, 0, 0, 0, 0, 0, 0, /* */
        0.5f, 0.5f, 0, 0, 0, 0, 0, 0, 0, 0, /* */
        0,    0,    1, 0, 0, 0, 0, 0, 0, 0, /* no image is labelled 2: no threshold, never suspect */
        0.6f, 0.4f, 0, 0, 0, 0, 0, 0, 0, 0, /* */
        0.5f, 0.4f, 0, 0, 0, 0, 0, 0, 0, 0.1f};
    const float *one[] = {first};
    json_t *document = ten_suspects_json(&train, one, names, 1, 10);
    json_t *digits = json_object_get(document, "digits"), *digit = json_array_get(digits, 0);
    assert_int_equal(number_of(document, "count"), 1);
    assert_int_equal(json_array_size(digits), 1);
    assert_int_equal(number_of(digit, "index"), 3);
    assert_int_equal(number_of(digit, "predicted"), 0);
    assert_true(number_of(digit, "probability") == 0.6 && number_of(digit, "given_probability") == 0.4);
    json_decref(document);
    labels[0] = 1; /* now the threshold of 0 is 0.25 and row 0 is suspect most of all; of 1, (0 + 0.4 + 0.4) / 3 */
    document = ten_suspects_json(&train, one, names, 1, 10);
    digits = json_object_get(document, "digits");
    assert_int_equal(number_of(document, "count"), 3);
    const double order[] = {0, 3, 4};
    for (size_t i = 0; i < 3; i++) assert_true(number_of(json_array_get(digits, i), "index") == order[i]);
    json_decref(document);
}

/* Models disagree: the mean decides, and who is of its opinion is counted. */
static void test_agreement(void **state) {
    (void)state;
    uint8_t images[2] = {1, 2}, labels[2] = {3, 5};
    const struct ten_dataset train = {2, 1, 1, images, labels};
    static const float a[2 * TEN_CLASSES] = {[3] = 0.2f, [5] = 0.8f, [15] = 0.1f, [13] = 0.9f};
    static const float b[2 * TEN_CLASSES] = {[3] = 0.6f, [5] = 0.4f, [15] = 0.3f, [13] = 0.7f};
    const float *two[] = {a, b};
    json_t *document = ten_suspects_json(&train, two, names, 2, 10);
    json_t *digits = json_object_get(document, "digits");
    assert_int_equal(json_array_size(digits), 2);
    assert_int_equal(number_of(json_array_get(digits, 0), "index"), 1);
    assert_int_equal(number_of(json_array_get(digits, 0), "agree"), 2);
    assert_int_equal(number_of(json_array_get(digits, 1), "agree"), 1);
    assert_true(number_of(json_array_get(digits, 1), "probability") == 0.6);
    json_decref(document);
    document = ten_suspects_json(&train, NULL, NULL, 0, 10); /* no models doubt nothing */
    assert_int_equal(number_of(document, "count"), 0);
    json_decref(document);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_planted),
        cmocka_unit_test(test_threshold),
        cmocka_unit_test(test_agreement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
