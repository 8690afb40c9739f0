/* Gaussian naive Bayes against scikit-learn's GaussianNB (the fixtures of make_models.py), bytes and real numbers, with
 * a class that is absent and features that are constant. */
#include "test.h"

#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRAIN = 60, TEST = 30, FEATURES = 12, ABSENT = 7, EXPECTED = TEN_CLASSES * FEATURES * 2 + TEST * TEN_CLASSES };

static const struct ten_model_type *const type = &ten_model_naive_bayes;

struct sets {
    double *numbers, *expected; /* expected[2 x EXPECTED]: means, variances, probabilities for two smoothings */
    uint8_t labels[TRAIN];
    float reals[(TRAIN + TEST) * FEATURES];
    uint8_t bytes[(TRAIN + TEST) * FEATURES];
    struct ten_batch train, test;
};

static struct ten_batch batch_of(const struct sets *sets, bool bytes, size_t first, size_t rows) {
    struct ten_batch batch = {.rows = rows, .shape = {.columns = FEATURES}, .unit = 1, .is_bytes = bytes};
    if (bytes)
        batch.bytes = sets->bytes + first * FEATURES;
    else
        batch.floats = sets->reals + first * FEATURES;
    return batch;
}

static void sets_read(struct sets *sets, const char *fixture, bool bytes) {
    size_t values = (TRAIN + TEST) * FEATURES;
    sets->numbers = test_numbers(fixture, values + TRAIN + 2 * EXPECTED);
    const double *labels = sets->numbers + TRAIN * FEATURES;
    for (size_t i = 0; i < TRAIN; i++) sets->labels[i] = (uint8_t)labels[i];
    for (size_t i = 0; i < values; i++) {
        double value = sets->numbers[i < TRAIN * FEATURES ? i : i + TRAIN];
        sets->reals[i] = (float)value;
        sets->bytes[i] = bytes ? (uint8_t)value : 0;
    }
    sets->train = batch_of(sets, bytes, 0, TRAIN);
    sets->test = batch_of(sets, bytes, TRAIN, TEST);
    sets->expected = sets->numbers + values + TRAIN;
}

static void *fit(const struct ten_batch *batch, const uint8_t *labels, const char *setting, struct ten_values *values) {
    struct ten_error error;
    struct ten_history history = {0};
    bool converged = true;
    assert_ok(ten_values_parse(values, &type->about, &setting, 1, &error));
    void *state = calloc(1, type->state_size);
    assert_non_null(state);
    struct ten_training training = {
        .features = batch, .labels = labels, .values = values, .history = &history, .converged = &converged};
    assert_ok(type->fit(state, &training, &error));
    assert_true(converged && history.rows == 0);
    return state;
}

static void release(void *state) {
    type->release(state);
    free(state);
}

static void assert_close(const char *what, double got, double expected, double tolerance) {
    if (!(fabs(got - expected) <= tolerance)) fail_msg("%s: %.17g, expected %.17g", what, got, expected);
}

/* The model's own tensor of doubles, by its name. */
static const double *tensor(const struct ten_tensors *tensors, const char *name) {
    for (size_t i = 0; i < tensors->count; i++)
        if (strcmp(tensors->items[i].name, name) == 0) return tensors->items[i].data;
    fail_msg("there is no tensor %s", name);
    return NULL;
}

static void check_moments(const void *state, const struct sets *sets, const double *expected) {
    struct ten_tensors tensors = {0};
    struct ten_error error;
    assert_ok(type->save(state, &tensors, &error));
    const double *mean = tensor(&tensors, "mean"), *variance = tensor(&tensors, "variance");
    const double *prior = tensor(&tensors, "log_prior");
    for (size_t i = 0; i < TEN_CLASSES * FEATURES; i++) {
        if (i / FEATURES == ABSENT) continue;
        assert_close("mean", mean[i], expected[i], 1e-12 * fmax(1, fabs(expected[i])));
        double wanted = expected[TEN_CLASSES * FEATURES + i];
        assert_close("variance", variance[i], wanted, 1e-10 * fmax(1e-9, wanted));
    }
    for (size_t c = 0; c < TEN_CLASSES; c++) {
        size_t count = 0;
        for (size_t i = 0; i < TRAIN; i++) count += sets->labels[i] == c;
        if (c == ABSENT)
            assert_true(count == 0 && prior[c] < -1e290);
        else
            assert_close("prior", exp(prior[c]), (double)count / TRAIN, 1e-12);
    }
    ten_tensors_release(&tensors);
}

static void check_fixture(const char *fixture, bool bytes) {
    struct sets sets;
    sets_read(&sets, fixture, bytes);
    const char *const settings[] = {"var_smoothing=1e-9", "var_smoothing=0.1"};
    for (size_t s = 0; s < 2; s++) {
        const double *expected = sets.expected + s * EXPECTED;
        struct ten_values values;
        struct ten_error error;
        float probabilities[TEST * TEN_CLASSES];
        void *state = fit(&sets.train, sets.labels, settings[s], &values);
        check_moments(state, &sets, expected);
        assert_ok(type->predict(state, &values, &sets.test, probabilities, NULL, &error));
        expected += 2 * TEN_CLASSES * FEATURES;
        for (size_t i = 0; i < TEST * TEN_CLASSES; i++) {
            assert_close("probability", (double)probabilities[i], expected[i], 1e-5);
            if (i % TEN_CLASSES == ABSENT) assert_true(probabilities[i] == 0);
        }
        assert_int_equal(type->parameters(state), TEN_CLASSES * (2 * FEATURES + 1));
        release(state);
    }
    free(sets.numbers);
}

static void test_as_scikit_learn(void **state) {
    (void)state;
    check_fixture("model_naive_bayes_bytes.txt", true);
    check_fixture("model_naive_bayes_reals.txt", false);
}

/* Bytes and the same numbers as floats give the same model, up to the last bits; a unit only scales it. */
static void test_bytes_as_floats(void **state) {
    (void)state;
    struct sets sets;
    sets_read(&sets, "model_naive_bayes_bytes.txt", true);
    struct ten_batch train = batch_of(&sets, false, 0, TRAIN), test = batch_of(&sets, false, TRAIN, TEST);
    float from_bytes[TEST * TEN_CLASSES], from_floats[TEST * TEN_CLASSES], scaled[TEST * TEN_CLASSES];
    struct ten_values values;
    struct ten_error error;
    void *model = fit(&sets.train, sets.labels, "var_smoothing=1e-9", &values);
    assert_ok(type->predict(model, &values, &sets.test, from_bytes, NULL, &error));
    release(model);
    model = fit(&train, sets.labels, "var_smoothing=1e-9", &values);
    assert_ok(type->predict(model, &values, &test, from_floats, NULL, &error));
    release(model);
    sets.train.unit = sets.test.unit = 1.0f / 256; /* exact in binary */
    model = fit(&sets.train, sets.labels, "var_smoothing=1e-9", &values);
    assert_ok(type->predict(model, &values, &sets.test, scaled, NULL, &error));
    release(model);
    for (size_t i = 0; i < TEST * TEN_CLASSES; i++) {
        assert_close("floats", (double)from_floats[i], (double)from_bytes[i], 1e-6);
        assert_close("scaled", (double)scaled[i], (double)from_bytes[i], 1e-6);
    }
    free(sets.numbers);
}

/* Nothing to go by: the priors. One class alone: certainty. */
static void test_constant_features(void **state) {
    (void)state;
    uint8_t labels[10] = {0, 1, 1, 2, 2, 2, 2, 9, 9, 9}, bytes[10 * FEATURES];
    memset(bytes, 200, sizeof bytes);
    struct ten_batch batch = {.rows = 10, .shape = {.columns = FEATURES}, .unit = 1, .is_bytes = true, .bytes = bytes};
    const double priors[TEN_CLASSES] = {0.1, 0.2, 0.4, [9] = 0.3};
    float probabilities[10 * TEN_CLASSES];
    struct ten_values values;
    struct ten_error error;
    void *model = fit(&batch, labels, "var_smoothing=1e-9", &values);
    assert_ok(type->predict(model, &values, &batch, probabilities, NULL, &error));
    for (size_t i = 0; i < 10 * TEN_CLASSES; i++)
        assert_close("prior", (double)probabilities[i], priors[i % TEN_CLASSES], 1e-6);
    release(model);
    memset(labels, 6, sizeof labels);
    model = fit(&batch, labels, "var_smoothing=1", &values);
    assert_ok(type->predict(model, &values, &batch, probabilities, NULL, &error));
    for (size_t i = 0; i < 10 * TEN_CLASSES; i++) assert_true(probabilities[i] == (i % TEN_CLASSES == 6));
    release(model);
}

/* Values with a large offset: the variance must not drown in it. */
static void test_large_offset(void **state) {
    (void)state;
    enum { ROWS = 40 };
    float plain[ROWS], moved[ROWS], first[ROWS * TEN_CLASSES], second[ROWS * TEN_CLASSES];
    uint8_t labels[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        labels[i] = i % 4;
        plain[i] = (float)(i % 4) + (float)(i * 7 % 16) / 16;
        moved[i] = plain[i] + 65536; /* exactly */
    }
    struct ten_batch batch = {.rows = ROWS, .shape = {.columns = 1}, .unit = 1, .floats = plain};
    struct ten_values values;
    struct ten_error error;
    void *model = fit(&batch, labels, "var_smoothing=1e-9", &values);
    assert_ok(type->predict(model, &values, &batch, first, NULL, &error));
    release(model);
    batch.floats = moved;
    model = fit(&batch, labels, "var_smoothing=1e-9", &values);
    assert_ok(type->predict(model, &values, &batch, second, NULL, &error));
    release(model);
    for (size_t i = 0; i < ROWS * TEN_CLASSES; i++) assert_close("moved", (double)second[i], (double)first[i], 1e-6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_scikit_learn),
        cmocka_unit_test(test_bytes_as_floats),
        cmocka_unit_test(test_constant_features),
        cmocka_unit_test(test_large_offset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
