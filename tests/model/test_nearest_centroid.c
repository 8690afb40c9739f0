/* Nearest (shrunken) centroids against scikit-learn's NearestCentroid (the fixtures of make_models.py), and against a
 * naive softmax of distances; degenerate data; threads; files that lie. */
#include "test.h"

#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRAIN = 60, TEST = 30, FEATURES = 12, ABSENT = 7, VALUES = (TRAIN + TEST) * FEATURES };
enum { EXPECTED = TEN_CLASSES * FEATURES + TEST };

static const struct ten_model_type *const type = &ten_model_nearest_centroid;

static struct ten_batch floats(const float *values, size_t rows, size_t columns) {
    return (struct ten_batch){.rows = rows, .shape = {.columns = columns}, .unit = 1, .floats = values};
}

static enum ten_status try_fit(const struct ten_batch *batch, const uint8_t *labels, const char *setting, int threads,
                               struct ten_values *values, void **state, struct ten_error *out_error) {
    struct ten_error error = {.message = ""};
    struct ten_history history = {0};
    bool converged = true;
    assert_ok(ten_values_parse(values, &type->about, &setting, setting ? 1 : 0, &error));
    *state = calloc(1, type->state_size);
    assert_non_null(*state);
    struct ten_run run = {.threads = threads};
    struct ten_training training = {.features = batch,
                                    .labels = labels,
                                    .values = values,
                                    .run = &run,
                                    .history = &history,
                                    .converged = &converged};
    return type->fit(*state, &training, out_error);
}

static void release(void *state) {
    type->release(state);
    free(state);
}

static const double *centroids_of(const void *state) {
    struct ten_tensors tensors = {0};
    struct ten_error error;
    assert_ok(type->save(state, &tensors, &error));
    assert_string_equal(tensors.items[0].name, "centroids");
    const double *centroids = tensors.items[0].data;
    ten_tensors_release(&tensors);
    return centroids;
}

/* The softmax of -distance^2 / (2 v) around the centroids, v from the plain means. */
static void check_probabilities(const struct ten_batch *test, const double *centroids, double variance,
                                const float *probabilities) {
    for (size_t i = 0; i < test->rows; i++) {
        double score[TEN_CLASSES], top = -INFINITY, sum = 0;
        float row[FEATURES];
        ten_batch_row(test, i, row);
        for (size_t c = 0; c < TEN_CLASSES; c++) {
            score[c] = 0;
            for (size_t j = 0; j < FEATURES; j++)
                score[c] -= pow((double)row[j] - centroids[c * FEATURES + j], 2) / (2 * variance);
            if (c != ABSENT) top = fmax(top, score[c]);
        }
        for (size_t c = 0; c < TEN_CLASSES; c++) sum += c == ABSENT ? 0 : exp(score[c] - top);
        for (size_t c = 0; c < TEN_CLASSES; c++) {
            double expected = c == ABSENT ? 0 : exp(score[c] - top) / sum;
            assert_true(fabs((double)probabilities[i * TEN_CLASSES + c] - expected) < 2e-6);
        }
    }
}

static double mean_variance(const double *x, const double *labels, const double *means) {
    double squares = 0;
    for (size_t i = 0; i < TRAIN * FEATURES; i++)
        squares += pow((double)(float)x[i] - means[(size_t)labels[i / FEATURES] * FEATURES + i % FEATURES], 2);
    return squares / TRAIN / FEATURES;
}

static void check_fixture(const char *fixture, bool as_bytes) {
    const char *const settings[] = {"shrink_threshold=none", "shrink_threshold=0.3", "shrink_threshold=1.5"};
    double *numbers = test_numbers(fixture, VALUES + TRAIN + 3 * EXPECTED), variance = 0;
    uint8_t labels[TRAIN], small[VALUES];
    float large[VALUES], probabilities[TEST * TEN_CLASSES];
    for (size_t i = 0; i < TRAIN; i++) labels[i] = (uint8_t)numbers[TRAIN * FEATURES + i];
    for (size_t i = 0; i < VALUES; i++) {
        double value = numbers[i < TRAIN * FEATURES ? i : i + TRAIN];
        large[i] = (float)value;
        small[i] = as_bytes ? (uint8_t)value : 0;
    }
    struct ten_batch train = floats(large, TRAIN, FEATURES), test = floats(large + TRAIN * FEATURES, TEST, FEATURES);
    if (as_bytes) {
        train.is_bytes = test.is_bytes = true;
        train.floats = test.floats = NULL;
        train.bytes = small;
        test.bytes = small + TRAIN * FEATURES;
    }
    for (size_t s = 0; s < 3; s++) {
        const double *expected = numbers + VALUES + TRAIN + s * EXPECTED;
        struct ten_values values;
        struct ten_error error;
        void *state;
        assert_ok(try_fit(&train, labels, settings[s], 2, &values, &state, &error));
        const double *centroids = centroids_of(state);
        for (size_t i = 0; i < TEN_CLASSES * FEATURES; i++)
            if (!(fabs(centroids[i] - expected[i]) <= 1e-11 * fmax(1, fabs(expected[i]))))
                fail_msg("%s: centroid %zu is %.17g, expected %.17g", settings[s], i, centroids[i], expected[i]);
        assert_ok(type->predict(state, &values, &test, probabilities, NULL, &error));
        for (size_t i = 0; i < TEST; i++)
            assert_int_equal(ten_label(probabilities + i * TEN_CLASSES), (int)expected[TEN_CLASSES * FEATURES + i]);
        if (s == 0) variance = mean_variance(numbers, numbers + TRAIN * FEATURES, expected);
        check_probabilities(&test, expected, variance, probabilities);
        assert_int_equal(type->parameters(state), TEN_CLASSES * FEATURES + 1);
        release(state);
    }
    free(numbers);
}

static void test_as_scikit_learn(void **state) {
    (void)state;
    check_fixture("model_nearest_centroid_bytes.txt", true);
    check_fixture("model_nearest_centroid_reals.txt", false);
}

static void test_degenerate(void **state) {
    (void)state;
    float x[6 * 2] = {0, 5, 4, 5, 8, 5, 0, 5, 4, 5, 8, 5}, near[2] = {5, 5}, probabilities[TEN_CLASSES];
    uint8_t labels[6] = {0, 1, 2, 0, 1, 2};
    struct ten_batch batch = floats(x, 3, 2), one = floats(near, 1, 2);
    struct ten_values values;
    struct ten_error error;
    void *model;
    /* one row per class: a width of 1; distances^2 are 25, 1, 9 */
    assert_ok(try_fit(&batch, labels, NULL, 1, &values, &model, &error));
    assert_ok(type->predict(model, &values, &one, probabilities, NULL, &error));
    double sum = exp(-12.5) + exp(-0.5) + exp(-4.5);
    assert_true(fabs((double)probabilities[1] - exp(-0.5) / sum) < 1e-6);
    assert_true(fabs((double)probabilities[2] - exp(-4.5) / sum) < 1e-6);
    for (size_t c = 3; c < TEN_CLASSES; c++) assert_true(probabilities[c] == 0);
    release(model);
    assert_fails(try_fit(&batch, labels, "shrink_threshold=0.5", 1, &values, &model, &error), TEN_INVALID,
                 "there are 3 of 3");
    release(model);
    /* no spread within classes: nothing to shrink by */
    batch.rows = 6;
    assert_ok(try_fit(&batch, labels, "shrink_threshold=5", 1, &values, &model, &error));
    const double *centroids = centroids_of(model);
    assert_true(centroids[0] == 0 && fabs(centroids[2] - 4) < 1e-12 && fabs(centroids[4] - 8) < 1e-12);
    release(model);
    memset(labels, 6, sizeof labels); /* one class alone is its own mean */
    assert_ok(try_fit(&batch, labels, "shrink_threshold=5", 1, &values, &model, &error));
    assert_ok(type->predict(model, &values, &one, probabilities, NULL, &error));
    for (size_t c = 0; c < TEN_CLASSES; c++) assert_true(probabilities[c] == (c == 6));
    release(model);
}

static void test_threads(void **state) {
    (void)state;
    enum { ROWS = 9000, COLUMNS = 37 };
    float *x = malloc(ROWS * COLUMNS * sizeof *x), *first = malloc(2 * ROWS * TEN_CLASSES * sizeof *first);
    uint8_t *labels = malloc(ROWS);
    assert_true(x && first && labels);
    for (size_t i = 0; i < ROWS * COLUMNS; i++) x[i] = (float)(i * i % 1009) / 7;
    for (size_t i = 0; i < ROWS; i++) labels[i] = (uint8_t)(i * 7 / 3 % TEN_CLASSES);
    struct ten_batch batch = floats(x, ROWS, COLUMNS);
    struct ten_values values;
    struct ten_error error;
    void *models[3];
    for (int threads = 1; threads <= 3; threads++) {
        float *other = first + ROWS * TEN_CLASSES;
        assert_ok(try_fit(&batch, labels, "shrink_threshold=0.1", threads, &values, &models[threads - 1], &error));
        assert_memory_equal(centroids_of(models[0]), centroids_of(models[threads - 1]),
                            TEN_CLASSES * COLUMNS * sizeof(double));
        assert_ok(type->predict(models[0], &values, &batch, threads > 1 ? other : first,
                                &(struct ten_run){.threads = threads}, &error));
        if (threads > 1) assert_memory_equal(first, other, ROWS * TEN_CLASSES * sizeof *first);
    }
    for (size_t i = 0; i < 3; i++) release(models[i]);
    free(x);
    free(first);
    free(labels);
}

/* Saves with one tensor replaced, and loads. */
static enum ten_status reload(const void *model, const struct ten_values *values, const char *name, const void *data,
                              void *loaded, struct ten_error *out_error) {
    struct ten_error error = {.message = ""};
    struct ten_tensors out = {0}, in;
    const char *path = test_path(test_folder(), "model");
    assert_ok(type->save(model, &out, &error));
    for (size_t i = 0; i < out.count; i++)
        if (name && strcmp(out.items[i].name, name) == 0) out.items[i].data = data;
    assert_ok(ten_safetensors_write(&out, path, &error));
    ten_tensors_release(&out);
    assert_ok(ten_safetensors_read(&in, path, &error));
    enum ten_status status = type->load(loaded, values, &(struct ten_shape){.columns = 2}, &in, out_error);
    ten_tensors_release(&in);
    return status;
}

static void test_files(void **state) {
    (void)state;
    float x[4 * 2] = {0, 1, 4, 5, 8, 5, 1, 0};
    uint8_t labels[4] = {0, 1, 1, 0}, nobody[TEN_CLASSES] = {0}, two[TEN_CLASSES] = {1, 2};
    double zero = 0, infinite = INFINITY;
    struct ten_batch batch = floats(x, 4, 2);
    struct ten_values values;
    struct ten_error error;
    void *model, *loaded = calloc(1, type->state_size);
    assert_non_null(loaded);
    assert_ok(try_fit(&batch, labels, NULL, 1, &values, &model, &error));
    assert_ok(reload(model, &values, NULL, NULL, loaded, &error));
    assert_memory_equal(centroids_of(model), centroids_of(loaded), 2 * TEN_CLASSES * sizeof(double));
    float before[4 * TEN_CLASSES], after[4 * TEN_CLASSES];
    assert_ok(type->predict(model, &values, &batch, before, NULL, &error));
    assert_ok(type->predict(loaded, &values, &batch, after, NULL, &error));
    assert_memory_equal(before, after, sizeof before);
    const struct {
        const char *name;
        const void *data;
        const char *part;
    } forged[] = {{"present", nobody, "names no class"},
                  {"present", two, "present[1] is 2"},
                  {"variance", &zero, "variance is 0"},
                  {"variance", &infinite, "variance"}};
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        release(loaded);
        loaded = calloc(1, type->state_size);
        assert_non_null(loaded);
        assert_fails(reload(model, &values, forged[i].name, forged[i].data, loaded, &error), TEN_FORMAT,
                     forged[i].part);
    }
    release(loaded);
    release(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_scikit_learn),
        cmocka_unit_test(test_degenerate),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
