/* Support vector machines against scikit-learn's SVC (LIBSVM): labels and the dual objective for four kernels, on bytes
 * and real numbers, with a class that is absent; then what must hold for any answer. */
#include "test.h"

#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRAIN = 60, TEST = 30, FEATURES = 12, ABSENT = 3, SETTINGS = 4 };

static const struct ten_model_type *const type = &ten_model_svm;
static const float unit = 1.0F / 255;

static const char *const settings[SETTINGS][5] = {
    {"tol=1e-6", "kernel=rbf", "C=1"},
    {"tol=1e-6", "kernel=rbf", "C=10", "gamma=0.02"},
    {"tol=1e-6", "kernel=poly", "degree=2", "coef0=1", "gamma=0.1"}, /* and C=0.5 */
    {"tol=1e-6", "kernel=linear", "C=0.05"},
};

struct sets {
    double *numbers, *expected; /* per setting: TEST labels, one objective */
    uint8_t labels[TRAIN];
    float reals[(TRAIN + TEST) * FEATURES];
    uint8_t bytes[(TRAIN + TEST) * FEATURES];
    struct ten_batch train, test;
};

static struct ten_batch batch_of(const struct sets *sets, bool bytes, size_t first, size_t rows) {
    struct ten_batch batch = {
        .rows = rows, .shape = {.columns = FEATURES}, .unit = bytes ? unit : 1, .is_bytes = bytes};
    if (bytes)
        batch.bytes = sets->bytes + first * FEATURES;
    else
        batch.floats = sets->reals + first * FEATURES;
    return batch;
}

static void sets_read(struct sets *sets, bool bytes) {
    size_t values = (TRAIN + TEST) * FEATURES;
    sets->numbers =
        test_numbers(bytes ? "model_svm_bytes.txt" : "model_svm_reals.txt", values + TRAIN + SETTINGS * (TEST + 1));
    for (size_t i = 0; i < TRAIN; i++) sets->labels[i] = (uint8_t)sets->numbers[TRAIN * FEATURES + i];
    for (size_t i = 0; i < values; i++) {
        double value = sets->numbers[i < TRAIN * FEATURES ? i : i + TRAIN];
        sets->reals[i] = (float)value;
        sets->bytes[i] = bytes ? (uint8_t)value : 0;
    }
    sets->train = batch_of(sets, bytes, 0, TRAIN);
    sets->test = batch_of(sets, bytes, TRAIN, TEST);
    sets->expected = sets->numbers + values + TRAIN;
}

static void parse(struct ten_values *values, int setting) {
    struct ten_error error;
    const char *list[6];
    size_t count = 0;
    for (size_t i = 0; i < 5 && settings[setting][i]; i++) list[count++] = settings[setting][i];
    if (setting == 2) list[count++] = "C=0.5";
    assert_ok(ten_values_parse(values, &type->about, list, count, &error));
}

static void *fit(const struct ten_batch *batch, const uint8_t *labels, const struct ten_values *values, int threads) {
    struct ten_error error;
    struct ten_history history = {0};
    struct ten_run run = {.threads = threads};
    bool converged = true;
    void *state = calloc(1, type->state_size);
    assert_non_null(state);
    struct ten_training training = {.features = batch,
                                    .labels = labels,
                                    .values = values,
                                    .run = &run,
                                    .history = &history,
                                    .converged = &converged};
    assert_ok(type->fit(state, &training, &error));
    assert_true(converged);
    return state;
}

static void release(void *state) {
    type->release(state);
    free(state);
}

static const struct ten_tensor *tensor(const struct ten_tensors *tensors, const char *name) {
    for (size_t i = 0; i < tensors->count; i++)
        if (strcmp(tensors->items[i].name, name) == 0) return &tensors->items[i];
    fail_msg("there is no tensor %s", name);
    return NULL;
}

/* ---- Against scikit-learn ---------------------------------------------------------------------------------- */

static double naive_kernel(int setting, const double *a, const double *b, double gamma) {
    double product = 0, distance = 0;
    for (size_t j = 0; j < FEATURES; j++) {
        product += a[j] * b[j];
        distance += (a[j] - b[j]) * (a[j] - b[j]);
    }
    return setting < 2 ? exp(-gamma * distance) : setting == 2 ? pow(gamma * product + 1, 2) : product;
}

/* Support vectors as doubles. */
static double *vectors_of(const struct ten_tensors *tensors) {
    const struct ten_tensor *vectors = tensor(tensors, "vectors");
    size_t count = vectors->shape[0] * FEATURES;
    double *values = malloc(count * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++)
        values[i] = vectors->type == TEN_U8 ? ((const uint8_t *)vectors->data)[i] * (double)unit
                                            : (double)((const float *)vectors->data)[i];
    return values;
}

/* The sum over pairs of b'Kb/2 - sum |b|, from the saved weights. */
static double objective(int setting, const struct ten_tensors *tensors) {
    const uint8_t *labels = tensor(tensors, "labels")->data;
    const float *weights = tensor(tensors, "coefficients")->data;
    double gamma = *(const double *)tensor(tensors, "gamma")->data, sum = 0, *x = vectors_of(tensors);
    size_t count = tensor(tensors, "vectors")->shape[0];
    for (int a = 0; a < TEN_CLASSES; a++)
        for (int b = a + 1; b < TEN_CLASSES; b++)
            for (size_t i = 0; i < count; i++) {
                if (labels[i] != a && labels[i] != b) continue;
                double own = (double)weights[i * TEN_CLASSES + (size_t)(labels[i] == a ? b : a)], row = 0;
                for (size_t j = 0; j < count; j++) {
                    if (labels[j] != a && labels[j] != b) continue;
                    double other = (double)weights[j * TEN_CLASSES + (size_t)(labels[j] == a ? b : a)];
                    row += other * naive_kernel(setting, x + i * FEATURES, x + j * FEATURES, gamma);
                }
                sum += own * row / 2 - fabs(own);
            }
    free(x);
    return sum;
}

static void check_probabilities(const float *probabilities, const double *labels) {
    for (size_t i = 0; i < TEST; i++) {
        const float *p = probabilities + i * TEN_CLASSES;
        double sum = 0;
        for (int c = 0; c < TEN_CLASSES; c++) {
            assert_true(p[c] >= 0 && p[c] <= 1);
            sum += (double)p[c];
        }
        assert_true(fabs(sum - 1) < 1e-5);
        assert_true(p[ABSENT] == 0);
        if (labels) assert_int_equal(ten_label(p), (int)labels[i]);
    }
}

static void check_setting(const struct sets *sets, int setting) {
    struct ten_values values;
    struct ten_error error;
    struct ten_tensors tensors = {0};
    float probabilities[TEST * TEN_CLASSES];
    const double *expected = sets->expected + setting * (TEST + 1);
    parse(&values, setting);
    void *state = fit(&sets->train, sets->labels, &values, 2);
    assert_ok(type->save(state, &tensors, &error));
    double got = objective(setting, &tensors);
    if (!(fabs(got - expected[TEST]) <= 1e-4 * fabs(expected[TEST])))
        fail_msg("setting %d: dual objective %.9g, expected %.9g", setting, got, expected[TEST]);
    assert_ok(type->predict(state, &values, &sets->test, probabilities, NULL, &error));
    check_probabilities(probabilities, expected);
    ten_tensors_release(&tensors);
    release(state);
}

static void test_as_scikit_learn(void **state) {
    (void)state;
    for (int bytes = 0; bytes < 2; bytes++) {
        struct sets sets;
        sets_read(&sets, bytes);
        for (int setting = 0; setting < SETTINGS; setting++) check_setting(&sets, setting);
        free(sets.numbers);
    }
}

/* ---- What must always hold ----------------------------------------------------------------------------------- */

/* More rows than a working set, so that rows leave it and the cache: the same weights with a small cache, and for any
 * number of threads. */
static void test_cache_and_threads(void **state) {
    (void)state;
    struct ten_dataset data;
    test_dataset(&data, 2600, 5, 4, 9);
    for (size_t i = 0; i < data.count; i++) data.labels[i] = data.labels[i] % 2; /* two large classes, hard to part */
    struct ten_batch batch = ten_batch_of_images(data.images, data.count, 5, 4);
    batch.unit = unit;
    struct ten_values values;
    struct ten_error error;
    struct ten_tensors tensors[3] = {{.count = 0}};
    void *states[3];
    for (int n = 0; n < 3; n++) {
        const char *list[] = {"C=2", n == 2 ? "cache_size=1" : "cache_size=100"};
        assert_ok(ten_values_parse(&values, &type->about, list, 2, &error));
        states[n] = fit(&batch, data.labels, &values, n + 1);
        assert_ok(type->save(states[n], &tensors[n], &error));
    }
    assert_true(tensor(&tensors[0], "vectors")->shape[0] > 600);
    static const char *const names[] = {"coefficients", "rho", "calibration"};
    for (int n = 1; n < 3; n++)
        for (size_t i = 0; i < 3; i++) {
            const struct ten_tensor *a = tensor(&tensors[0], names[i]), *b = tensor(&tensors[n], names[i]);
            assert_int_equal(a->shape[0], b->shape[0]);
            size_t bytes = i == 0 ? a->shape[0] * TEN_CLASSES * sizeof(float) : i == 1 ? 100 * sizeof(double) : 8;
            assert_memory_equal(a->data, b->data, bytes);
        }
    for (int n = 0; n < 3; n++) {
        ten_tensors_release(&tensors[n]);
        release(states[n]);
    }
    ten_dataset_release(&data);
}

static void test_one_class(void **state) {
    (void)state;
    struct sets sets;
    sets_read(&sets, true);
    memset(sets.labels, 6, sizeof sets.labels);
    struct ten_values values;
    struct ten_error error;
    float probabilities[TEST * TEN_CLASSES];
    parse(&values, 0);
    void *model = fit(&sets.train, sets.labels, &values, 1);
    assert_ok(type->predict(model, &values, &sets.test, probabilities, NULL, &error));
    for (size_t i = 0; i < TEST; i++) assert_true(probabilities[i * TEN_CLASSES + 6] == 1);
    release(model);
    free(sets.numbers);
}

struct watch {
    size_t reports, most; /* told so far, and after how many to stop */
    size_t inside;        /* of those told inside a pair */
    double done;
};

static bool watch_progress(void *context, const struct ten_progress *progress) {
    struct watch *watch = context;
    assert_string_equal(progress->stage, "fit svm");
    assert_true(progress->done >= watch->done && progress->done <= progress->total && progress->total == 36);
    watch->done = progress->done;
    watch->inside += progress->done != floor(progress->done);
    return ++watch->reports < watch->most;
}

/* Progress rises from pair to pair (36: a class is absent) and inside each; a fit stops at once when told to. */
static void test_progress(void **state) {
    (void)state;
    struct sets sets;
    sets_read(&sets, false);
    struct ten_values values;
    struct ten_error error;
    struct ten_history history = {0};
    bool converged = true;
    parse(&values, 0);
    const size_t stops[] = {1, 2, 3, 7, 40, SIZE_MAX};
    for (size_t n = 0; n < sizeof stops / sizeof *stops; n++) {
        struct watch watch = {.most = stops[n]};
        struct ten_run run = {.threads = 1, .progress = watch_progress, .context = &watch};
        void *model = calloc(1, type->state_size);
        struct ten_training training = {.features = &sets.train,
                                        .labels = sets.labels,
                                        .values = &values,
                                        .run = &run,
                                        .history = &history,
                                        .converged = &converged};
        if (stops[n] < SIZE_MAX) {
            assert_fails(type->fit(model, &training, &error), TEN_CANCELLED, "fit svm");
            assert_int_equal(watch.reports, stops[n]);
        } else {
            assert_ok(type->fit(model, &training, &error));
            assert_true(watch.done == 36 && watch.reports > 72 && watch.inside >= 36);
        }
        release(model);
    }
    free(sets.numbers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_scikit_learn),
        cmocka_unit_test(test_cache_and_threads),
        cmocka_unit_test(test_one_class),
        cmocka_unit_test(test_progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
