/* lda and qda against scikit-learn (the fixtures of make_models.py) and against naive versions in double; degenerate
 * data: missing classes, single rows, constant and dependent features, more features than rows; files. */
#include "test.h"

#include "base/random.h"
#include "model/model.h"
#include "prep/cholesky.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRAIN = 60, TEST = 30, FEATURES = 12 };

static const struct ten_model_type *const lda = &ten_model_lda, *const qda = &ten_model_qda;

/* ---- Helpers -------------------------------------------------------------------------------------------- */

static struct ten_batch floats(const float *values, size_t rows, size_t columns) {
    return (struct ten_batch){.rows = rows, .shape = {.columns = columns}, .unit = 1, .floats = values};
}

static struct ten_batch bytes(const uint8_t *values, size_t rows, size_t columns) {
    return (struct ten_batch){
        .rows = rows, .shape = {.columns = columns}, .unit = 1, .is_bytes = true, .bytes = values};
}

static enum ten_status try_fit(const struct ten_model_type *type, const struct ten_batch *batch, const uint8_t *labels,
                               const char *setting, int threads, struct ten_values *values, void **state,
                               struct ten_error *out_error) {
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
    enum ten_status status = type->fit(*state, &training, out_error);
    assert_true(converged && history.rows == 0);
    return status;
}

static void release(const struct ten_model_type *type, void *state) {
    type->release(state);
    free(state);
}

/* Fit on one batch, probabilities of another. */
static void answer(const struct ten_model_type *type, const struct ten_batch *train, const uint8_t *labels,
                   const char *setting, const struct ten_batch *test, float *probabilities) {
    struct ten_error error = {.message = ""};
    struct ten_values values;
    void *state;
    assert_ok(try_fit(type, train, labels, setting, 2, &values, &state, &error));
    assert_ok(type->predict(state, &values, test, probabilities, NULL, &error));
    release(type, state);
}

static void refuse(const struct ten_model_type *type, const struct ten_batch *train, const uint8_t *labels,
                   const char *setting, enum ten_status status, const char *part) {
    struct ten_error error = {.message = ""};
    struct ten_values values;
    void *state;
    assert_fails(try_fit(type, train, labels, setting, 1, &values, &state, &error), status, part);
    release(type, state);
}

static void assert_all_close(const char *what, const float *got, const double *expected, size_t rows,
                             double tolerance) {
    for (size_t i = 0; i < rows * TEN_CLASSES; i++)
        if (!(fabs((double)got[i] - expected[i]) <= tolerance))
            fail_msg("%s, row %zu, class %zu: %.9g, expected %.9g", what, i / TEN_CLASSES, i % TEN_CLASSES,
                     (double)got[i], expected[i]);
}

/* Normal values around a random centre per class; features depend on each other. */
static void draw(struct ten_random *random, size_t rows, size_t columns, size_t classes, float *values,
                 uint8_t *labels) {
    float *centres = calloc(classes * columns, sizeof *centres);
    assert_non_null(centres);
    for (size_t i = 0; i < classes * columns; i++) centres[i] = (float)(ten_random_unit(random) - 0.5);
    for (size_t i = 0; i < rows; i++) {
        labels[i] = (uint8_t)(i % classes);
        float before = 0;
        for (size_t j = 0; j < columns; j++) {
            double sum = 0;
            for (int k = 0; k < 12; k++) sum += ten_random_unit(random);
            before = 0.6f * before + (float)(sum - 6) * (1 + (float)(labels[i] * j % 3) / 2);
            values[i * columns + j] = before + 2 * centres[labels[i] * columns + j];
        }
    }
    free(centres);
}

/* ---- scikit-learn --------------------------------------------------------------------------------------- */

static void check_fixture(const struct ten_model_type *type, const char *fixture, bool as_bytes,
                          const char *const *settings, size_t count) {
    enum { VALUES = (TRAIN + TEST) * FEATURES };
    double *numbers = test_numbers(fixture, VALUES + TRAIN + count * TEST * TEN_CLASSES);
    uint8_t labels[TRAIN], small[VALUES];
    float large[VALUES], probabilities[TEST * TEN_CLASSES];
    for (size_t i = 0; i < TRAIN; i++) labels[i] = (uint8_t)numbers[TRAIN * FEATURES + i];
    for (size_t i = 0; i < VALUES; i++) {
        double value = numbers[i < TRAIN * FEATURES ? i : i + TRAIN];
        large[i] = (float)value;
        small[i] = as_bytes ? (uint8_t)value : 0;
    }
    for (int copy = 0; copy < 1 + as_bytes; copy++) { /* bytes as bytes, and as floats */
        bool use_bytes = as_bytes && copy == 0;
        struct ten_batch train = use_bytes ? bytes(small, TRAIN, FEATURES) : floats(large, TRAIN, FEATURES);
        struct ten_batch test = use_bytes ? bytes(small + TRAIN * FEATURES, TEST, FEATURES)
                                          : floats(large + TRAIN * FEATURES, TEST, FEATURES);
        for (size_t s = 0; s < count; s++) {
            answer(type, &train, labels, settings[s], &test, probabilities);
            assert_all_close(settings[s] ? settings[s] : fixture, probabilities,
                             numbers + VALUES + TRAIN + s * TEST * TEN_CLASSES, TEST, 2e-5);
        }
    }
    free(numbers);
}

static void test_lda_as_scikit_learn(void **state) {
    (void)state;
    const char *const settings[] = {"shrinkage=none", "shrinkage=0", "shrinkage=0.5", "shrinkage=1"};
    check_fixture(lda, "model_lda_bytes.txt", true, settings, 4);
    check_fixture(lda, "model_lda_reals.txt", false, settings, 4);
}

static void test_qda_as_scikit_learn(void **state) {
    (void)state;
    const char *const settings[] = {"reg_param=0", "reg_param=0.1", "reg_param=1"};
    check_fixture(qda, "model_qda_bytes.txt", true, settings, 3);
    check_fixture(qda, "model_qda_reals.txt", false, settings, 3);
}

/* ---- Naive versions in double --------------------------------------------------------------------------- */

/* Gauss and Jordan without pivoting, which a covariance does not need; returns log |a|. */
static double invert(double *a, size_t n) {
    double log_determinant = 0;
    for (size_t k = 0; k < n; k++) {
        double pivot = a[k * n + k];
        log_determinant += log(pivot);
        a[k * n + k] = 1;
        for (size_t j = 0; j < n; j++) a[k * n + j] /= pivot;
        for (size_t i = 0; i < n; i++) {
            double factor = a[i * n + k];
            if (i == k) continue;
            a[i * n + k] = 0;
            for (size_t j = 0; j < n; j++) a[i * n + j] -= factor * a[k * n + j];
        }
    }
    return log_determinant;
}

static double quadratic(const float *x, const double *mean, const double *inverse, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) sum += ((double)x[i] - mean[i]) * inverse[i * n + j] * ((double)x[j] - mean[j]);
    return sum;
}

struct naive {
    size_t n, classes;
    double mean[TEN_CLASSES * 140], *inverse[TEN_CLASSES], log_determinant[TEN_CLASSES], prior[TEN_CLASSES];
};

static void naive_fit(struct naive *naive, const float *x, const uint8_t *labels, size_t rows, bool shared,
                      double share) {
    size_t n = naive->n, counts[TEN_CLASSES] = {0};
    memset(naive->mean, 0, sizeof naive->mean);
    for (size_t i = 0; i < rows; i++) counts[labels[i]]++;
    for (size_t i = 0; i < rows * n; i++) {
        size_t c = labels[i / n];
        naive->mean[c * n + i % n] += (double)x[i] / (double)counts[c];
    }
    for (size_t c = 0; c < naive->classes; c++) {
        double *a = naive->inverse[c] = calloc(n * n, sizeof *a);
        assert_non_null(a);
        double freedom = shared ? (double)(rows - naive->classes) : (double)(counts[c] - 1);
        for (size_t r = 0; r < rows; r++) {
            const double *mean = naive->mean + labels[r] * n;
            for (size_t i = 0; i < n && (shared || labels[r] == c); i++)
                for (size_t j = 0; j < n; j++)
                    a[i * n + j] += ((double)x[r * n + i] - mean[i]) * ((double)x[r * n + j] - mean[j]) / freedom;
        }
        for (size_t i = 0; i < n * n; i++) a[i] = (1 - share) * a[i] + (i % (n + 1) ? 0 : share);
        naive->log_determinant[c] = invert(a, n);
        naive->prior[c] = (double)counts[c] / (double)rows;
    }
}

static void naive_predict(const struct naive *naive, const float *x, double *probabilities) {
    double scores[TEN_CLASSES], top = -INFINITY, sum = 0;
    for (size_t c = 0; c < naive->classes; c++) {
        scores[c] = log(naive->prior[c]) - naive->log_determinant[c] / 2 -
                    quadratic(x, naive->mean + c * naive->n, naive->inverse[c], naive->n) / 2;
        top = fmax(top, scores[c]);
    }
    memset(probabilities, 0, TEN_CLASSES * sizeof *probabilities);
    for (size_t c = 0; c < naive->classes; c++) sum += exp(scores[c] - top);
    for (size_t c = 0; c < naive->classes; c++) probabilities[c] = exp(scores[c] - top) / sum;
}

/* Sizes around blocks of rows and stripes of features. */
static void test_naive_versions(void **state) {
    (void)state;
    const struct { size_t rows, columns, classes; } sizes[] = {{20, 1, 2}, {63, 5, 3}, {257, 17, 10}, {1030, 131, 2}};
    struct ten_random random;
    ten_random_init(&random, 5, 0);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t rows = sizes[s].rows, n = sizes[s].columns, classes = sizes[s].classes;
        float *x = malloc(rows * n * sizeof *x), *got = malloc(rows * TEN_CLASSES * sizeof *got);
        double *expected = malloc(rows * TEN_CLASSES * sizeof *expected);
        uint8_t *labels = malloc(rows);
        assert_true(x && got && expected && labels);
        draw(&random, rows, n, classes, x, labels);
        struct ten_batch batch = floats(x, rows, n);
        for (int shared = 0; shared < 2; shared++) {
            struct naive naive = {.n = n, .classes = classes};
            naive_fit(&naive, x, labels, rows, shared, shared ? 0 : 0.25);
            for (size_t i = 0; i < rows; i++) naive_predict(&naive, x + i * n, expected + i * TEN_CLASSES);
            answer(shared ? lda : qda, &batch, labels, shared ? NULL : "reg_param=0.25", &batch, got);
            assert_all_close(shared ? "lda" : "qda", got, expected, rows, 5e-5);
            for (size_t c = 0; c < classes; c++) free(naive.inverse[c]);
        }
        free(x);
        free(got);
        free(expected);
        free(labels);
    }
}

/* w w' = a^-1, its determinant, and a matrix that has none. */
static void test_cholesky(void **state) {
    (void)state;
    enum { N = 9 };
    double a[N * N], w[N * N], inverse[N * N], scratch[N], log_determinant;
    size_t at = 99;
    for (size_t i = 0; i < N * N; i++) a[i] = 1 / (double)(1 + i / N + i % N) + (i % (N + 1) ? 0 : 0.5);
    memcpy(w, a, sizeof w);
    memcpy(inverse, a, sizeof inverse);
    double expected = invert(inverse, N);
    assert_true(ten_cholesky_whiten(w, N, 1e-12, &log_determinant, &at, scratch));
    assert_true(fabs(log_determinant - expected) < 1e-12);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            double sum = 0;
            for (size_t k = 0; k < N; k++) sum += w[i * N + k] * w[j * N + k];
            assert_true(fabs(sum - inverse[i * N + j]) < 1e-12);
            if (j < i) assert_true(w[i * N + j] == 0);
        }
    memcpy(w, a, sizeof w);
    for (size_t j = 0; j < N; j++) w[4 * N + j] = w[j * N + 4] = 2 * a[1 * N + j]; /* feature 4 is twice feature 1 */
    w[4 * N + 1] = w[1 * N + 4] = 2 * a[1 * N + 1];
    w[4 * N + 4] = 4 * a[1 * N + 1];
    assert_false(ten_cholesky_whiten(w, N, 1e-12, &log_determinant, &at, scratch));
    assert_int_equal(at, 4);
    memset(w, 0, sizeof w);
    assert_false(ten_cholesky_whiten(w, N, 0, &log_determinant, &at, scratch));
    assert_int_equal(at, 0);
    w[0] = NAN;
    assert_false(ten_cholesky_whiten(w, N, 0, &log_determinant, &at, scratch));
}

/* ---- Degenerate data ------------------------------------------------------------------------------------ */

static void test_missing_classes(void **state) {
    (void)state;
    float x[40 * 3], probabilities[40 * TEN_CLASSES];
    uint8_t labels[40];
    struct ten_random random;
    ten_random_init(&random, 6, 0);
    draw(&random, 40, 3, 2, x, labels);
    struct ten_batch batch = floats(x, 40, 3);
    const struct ten_model_type *const types[] = {lda, qda};
    for (size_t t = 0; t < 2; t++) {
        for (size_t i = 0; i < 40; i++) labels[i] = i % 2 ? 9 : 4;
        answer(types[t], &batch, labels, NULL, &batch, probabilities);
        for (size_t i = 0; i < 40 * TEN_CLASSES; i++)
            if (i % TEN_CLASSES != 9 && i % TEN_CLASSES != 4) assert_true(probabilities[i] == 0);
        memset(labels, 3, sizeof labels); /* one class alone: certainty */
        answer(types[t], &batch, labels, NULL, &batch, probabilities);
        for (size_t i = 0; i < 40 * TEN_CLASSES; i++) assert_true(probabilities[i] == (i % TEN_CLASSES == 3));
    }
}

static void test_one_row_per_class(void **state) {
    (void)state;
    float x[4 * 2] = {0, 0, 4, 0, 0, 4, 4, 4}, near[2] = {3, 0.5f}, probabilities[TEN_CLASSES];
    uint8_t labels[4] = {0, 1, 2, 3};
    struct ten_batch batch = floats(x, 4, 2), one = floats(near, 1, 2);
    refuse(lda, &batch, labels, NULL, TEN_INVALID, "4 images of 4 classes");
    refuse(qda, &batch, labels, "reg_param=0", TEN_NUMERIC, "reg_param");
    answer(qda, &batch, labels, "reg_param=1", &one, probabilities); /* the identity: distances alone */
    double expected[TEN_CLASSES] = {exp(-9.25 / 2), exp(-1.25 / 2), exp(-21.25 / 2), exp(-13.25 / 2)}, sum = 0;
    for (size_t c = 0; c < 4; c++) sum += expected[c];
    for (size_t c = 0; c < 4; c++) expected[c] /= sum;
    assert_all_close("reg_param=1", probabilities, expected, 1, 1e-6);
}

static void test_constant_features(void **state) {
    (void)state;
    uint8_t labels[10] = {0, 1, 1, 2, 2, 2, 2, 9, 9, 9}, x[10 * 4];
    float probabilities[10 * TEN_CLASSES];
    double priors[10 * TEN_CLASSES] = {0};
    memset(x, 200, sizeof x);
    for (size_t i = 0; i < 10; i++) {
        priors[i * TEN_CLASSES] = 0.1;
        priors[i * TEN_CLASSES + 1] = 0.2;
        priors[i * TEN_CLASSES + 2] = 0.4;
        priors[i * TEN_CLASSES + 9] = 0.3;
    }
    struct ten_batch batch = bytes(x, 10, 4);
    answer(lda, &batch, labels, NULL, &batch, probabilities);
    assert_all_close("lda", probabilities, priors, 10, 1e-6);
    answer(lda, &batch, labels, "shrinkage=0.5", &batch, probabilities);
    assert_all_close("lda", probabilities, priors, 10, 1e-6);
    answer(qda, &batch, labels, "reg_param=0.1", &batch, probabilities);
    assert_all_close("qda", probabilities, priors, 10, 1e-6);
    refuse(qda, &batch, labels, "reg_param=0", TEN_NUMERIC, "feature 0 is constant");
}

/* More features than rows, all of them dependent: lda finds the directions that there are, qda says what helps. */
static void test_more_features_than_rows(void **state) {
    (void)state;
    enum { ROWS = 24, COLUMNS = 70 };
    float x[ROWS * COLUMNS], probabilities[ROWS * TEN_CLASSES];
    uint8_t labels[ROWS];
    struct ten_random random;
    ten_random_init(&random, 7, 0);
    draw(&random, ROWS, COLUMNS, 3, x, labels);
    for (size_t i = 0; i < ROWS * COLUMNS; i++) x[i] += (float)(10 * labels[i / COLUMNS] * (i % COLUMNS < 10));
    struct ten_batch batch = floats(x, ROWS, COLUMNS);
    const char *const settings[] = {"shrinkage=none", "shrinkage=0", "shrinkage=0.3"};
    for (size_t s = 0; s < 3; s++) {
        answer(lda, &batch, labels, settings[s], &batch, probabilities);
        for (size_t i = 0; i < ROWS; i++) assert_int_equal(ten_label(probabilities + i * TEN_CLASSES), labels[i]);
    }
    refuse(qda, &batch, labels, "reg_param=0", TEN_NUMERIC, "follows from those before it");
    answer(qda, &batch, labels, "reg_param=0.5", &batch, probabilities);
    for (size_t i = 0; i < ROWS; i++) assert_int_equal(ten_label(probabilities + i * TEN_CLASSES), labels[i]);
    struct ten_batch wide = floats(x, 1, 4097); /* not read: refused before */
    refuse(lda, &wide, labels, NULL, TEN_INVALID, "4096");
    refuse(qda, &wide, labels, NULL, TEN_INVALID, "pca=N");
    x[5] = NAN;
    refuse(lda, &batch, labels, NULL, TEN_NUMERIC, "not finite");
}

/* ---- Files and threads ---------------------------------------------------------------------------------- */

static void check_same_tensors(const struct ten_model_type *type, const void *one, const void *other) {
    struct ten_tensors a = {0}, b = {0};
    struct ten_error error;
    assert_ok(type->save(one, &a, &error));
    assert_ok(type->save(other, &b, &error));
    assert_int_equal(a.count, b.count);
    for (size_t i = 0; i < a.count; i++) {
        size_t size = a.items[i].type == TEN_F64 ? 8 : a.items[i].type == TEN_F32 ? 4 : 1;
        for (size_t d = 0; d < a.items[i].rank; d++) size *= a.items[i].shape[d];
        assert_memory_equal(a.items[i].data, b.items[i].data, size);
    }
    ten_tensors_release(&a);
    ten_tensors_release(&b);
}

static void test_threads(void **state) {
    (void)state;
    enum { ROWS = 5000, COLUMNS = 140 };
    float *x = malloc(ROWS * COLUMNS * sizeof *x), *first = malloc(2 * ROWS * TEN_CLASSES * sizeof *first);
    uint8_t *labels = malloc(ROWS);
    assert_true(x && first && labels);
    struct ten_random random;
    ten_random_init(&random, 8, 0);
    draw(&random, ROWS, COLUMNS, 10, x, labels);
    struct ten_batch batch = floats(x, ROWS, COLUMNS);
    const struct ten_model_type *const types[] = {lda, qda};
    for (size_t t = 0; t < 2; t++) {
        void *models[3];
        struct ten_values values;
        struct ten_error error;
        float *other = first + ROWS * TEN_CLASSES;
        for (int threads = 1; threads <= 3; threads++) {
            assert_ok(try_fit(types[t], &batch, labels, NULL, threads, &values, &models[threads - 1], &error));
            check_same_tensors(types[t], models[0], models[threads - 1]);
            assert_ok(types[t]->predict(models[0], &values, &batch, threads > 1 ? other : first,
                                        &(struct ten_run){.threads = threads}, &error));
            if (threads > 1) assert_memory_equal(first, other, ROWS * TEN_CLASSES * sizeof *first);
        }
        for (size_t i = 0; i < 3; i++) release(types[t], models[i]);
    }
    free(x);
    free(first);
    free(labels);
}

/* Saves, changes one value if asked to, and loads. */
static enum ten_status reload(const struct ten_model_type *type, const void *model, const struct ten_values *values,
                              size_t features, const char *name, size_t at, float value, void *loaded,
                              struct ten_error *out_error) {
    struct ten_error error = {.message = ""};
    struct ten_tensors out = {.prefix = "model."}, in;
    const char *path = test_path(test_folder(), "model");
    struct ten_shape shape = {.columns = features};
    assert_ok(type->save(model, &out, &error));
    for (size_t i = 0; i < out.count; i++)
        if (name && strcmp(out.items[i].name, name) == 0) {
            assert_int_equal(out.items[i].type, TEN_F32);
            ((float *)(uintptr_t)out.items[i].data)[at] = value;
        }
    assert_ok(ten_safetensors_write(&out, path, &error));
    ten_tensors_release(&out);
    assert_ok(ten_safetensors_read(&in, path, &error));
    strcpy(in.prefix, "model.");
    enum ten_status status = type->load(loaded, values, &shape, &in, out_error);
    if (status == TEN_OK) status = ten_tensors_check_all_taken(&in, out_error);
    ten_tensors_release(&in);
    return status;
}

static void test_files(void **state) {
    (void)state;
    float x[40 * 3];
    uint8_t labels[40];
    struct ten_random random;
    ten_random_init(&random, 9, 0);
    draw(&random, 40, 3, 4, x, labels);
    struct ten_batch batch = floats(x, 40, 3);
    const struct ten_model_type *const types[] = {lda, qda};
    for (size_t t = 0; t < 2; t++) {
        struct ten_values values;
        struct ten_error error;
        void *model, *loaded = calloc(1, types[t]->state_size);
        assert_non_null(loaded);
        assert_ok(try_fit(types[t], &batch, labels, NULL, 1, &values, &model, &error));
        assert_ok(reload(types[t], model, &values, 3, NULL, 0, 0, loaded, &error));
        check_same_tensors(types[t], model, loaded);
        assert_int_equal(types[t]->parameters(loaded), t == 0 ? 40 : 10 * (3 + 6 + 1));
        types[t]->release(loaded);
        memset(loaded, 0, types[t]->state_size);
        assert_fails(reload(types[t], model, &values, 4, NULL, 0, 0, loaded, &error), TEN_FORMAT, "mean");
        types[t]->release(loaded);
        memset(loaded, 0, types[t]->state_size);
        if (types[t] == qda) {
            assert_fails(reload(qda, model, &values, 3, "model.whiten", 9 + 4, -1, loaded, &error), TEN_FORMAT,
                         "whiten[1, 1, 1] is -1, expected more than 0");
            qda->release(loaded);
            memset(loaded, 0, qda->state_size);
            assert_fails(reload(qda, model, &values, 3, "model.whiten", 3, 2, loaded, &error), TEN_FORMAT,
                         "whiten[0, 1, 0] is 2, expected 0");
        } else {
            assert_fails(reload(lda, model, &values, 3, "model.weights", 1, INFINITY, loaded, &error), TEN_FORMAT,
                         "weights");
        }
        release(types[t], loaded);
        release(types[t], model);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lda_as_scikit_learn),
        cmocka_unit_test(test_qda_as_scikit_learn),
        cmocka_unit_test(test_naive_versions),
        cmocka_unit_test(test_cholesky),
        cmocka_unit_test(test_missing_classes),
        cmocka_unit_test(test_one_row_per_class),
        cmocka_unit_test(test_constant_features),
        cmocka_unit_test(test_more_features_than_rows),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
