/* Each step alone: against scikit-learn and numpy (fixtures of make_prep.py), on bytes and on floats, with any number
 * of threads, through a file and back, and with files that are wrong. */
#include "test.h"

#include "base/memory.h"
#include "base/random.h"
#include "prep/step.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Help --------------------------------------------------------------------------------------------- */

static uint8_t *to_bytes(const double *numbers, size_t count) {
    uint8_t *bytes = malloc(count);
    assert_non_null(bytes);
    for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)numbers[i];
    return bytes;
}

static struct ten_chain parse(const char *text) {
    struct ten_chain chain;
    struct ten_error error;
    assert_ok(ten_chain_parse(&chain, text, &error));
    return chain;
}

/* The same values as floats that belong to the batch. */
static struct ten_batch as_floats(struct ten_batch batch) {
    struct ten_error error;
    float *values;
    assert_ok(ten_batch_own_floats(&batch, &values, &error));
    return batch;
}

static void assert_values(const struct ten_batch *batch, const double *expected, double tolerance) {
    size_t columns = batch->shape.columns;
    float *row = malloc(columns * sizeof *row);
    for (size_t i = 0; i < batch->rows; i++) {
        ten_batch_row(batch, i, row);
        for (size_t j = 0; j < columns; j++)
            if (!(fabs((double)row[j] - expected[i * columns + j]) <= tolerance))
                fail_msg("row %zu, column %zu is %.9g, expected %.9g", i, j, (double)row[j], expected[i * columns + j]);
    }
    free(row);
}

/* Random bytes like those of digits. */
static uint8_t *random_images(size_t count, size_t pixels) {
    uint8_t *images = malloc(count * pixels);
    assert_non_null(images);
    struct ten_random random;
    ten_random_init(&random, 4, count);
    for (size_t i = 0; i < count * pixels; i++)
        images[i] = ten_random_below(&random, 3) && i % pixels % 7 ? (uint8_t)ten_random_below(&random, 256) : 0;
    return images;
}

/* ---- Against scikit-learn ----------------------------------------------------------------------------- */

enum { ROWS = 12, TRAIN = 8, COLUMNS = 30 };

/* Fits on the first rows of the fixture and transforms all; through bytes, floats, and bytes after `scale`, which must
 * make no difference to either step. */
static void check_scaler(const char *step, const char *fixture, double tolerance) {
    double *numbers = test_numbers(fixture, (size_t)2 * ROWS * COLUMNS);
    uint8_t *bytes = to_bytes(numbers, (size_t)ROWS * COLUMNS);
    struct ten_error error;
    for (int way = 0; way < 4; way++) {
        char text[64];
        snprintf(text, sizeof text, "%s%s", way >= 2 ? "scale," : "", step);
        struct ten_chain chain = parse(text);
        struct ten_batch train = ten_batch_of_images(bytes, TRAIN, 5, 6), all = ten_batch_of_images(bytes, ROWS, 5, 6);
        if (way % 2) train = as_floats(train), all = as_floats(all);
        assert_ok(ten_chain_fit(&chain, &train, NULL, &error));
        assert_ok(ten_chain_apply(&chain, &all, NULL, &error));
        assert_false(all.is_bytes);
        assert_int_equal(all.shape.height, 5); /* still pixels */
        assert_values(&train, numbers + ROWS * COLUMNS, tolerance);
        assert_values(&all, numbers + ROWS * COLUMNS, tolerance);
        ten_batch_release(&train);
        ten_batch_release(&all);
        ten_chain_release(&chain);
    }
    free(bytes);
    free(numbers);
}

static void test_minmax(void **state) {
    (void)state;
    check_scaler("minmax", "prep_minmax.txt", 1e-6);
}

static void test_standardize(void **state) {
    (void)state;
    check_scaler("standardize", "prep_standardize.txt", 1e-5);
}

static void test_minmax_reaches_both_ends(void **state) {
    (void)state;
    enum { N = 1500 };
    uint8_t *bytes = random_images(N, 6);
    struct ten_error error;
    for (int floats = 0; floats < 2; floats++) {
        struct ten_chain chain = parse("scale,minmax");
        struct ten_batch batch = ten_batch_of_images(bytes, N, 2, 3);
        if (floats) batch = as_floats(batch);
        assert_ok(ten_chain_fit(&chain, &batch, NULL, &error));
        for (size_t j = 1; j < 6; j++) {
            float least = 9, most = -9;
            for (size_t i = 0; i < N; i++) {
                least = fminf(least, batch.floats[i * 6 + j]);
                most = fmaxf(most, batch.floats[i * 6 + j]);
            }
            assert_true(least == 0 && most == 1);
        }
        ten_batch_release(&batch);
        ten_chain_release(&chain);
    }
    free(bytes);
}

/* Many blocks of rows, and values whose mean is far larger than their spread. */
static void test_standardize_is_accurate(void **state) {
    (void)state;
    enum { N = 5003 };
    float *values = ten_alloc(N, 3 * sizeof *values);
    struct ten_random random;
    ten_random_init(&random, 1, 1);
    double mean[3] = {0}, squares[3] = {0};
    for (size_t i = 0; i < N; i++) {
        values[i * 3] = 1e6f + (float)ten_random_below(&random, 5);
        values[i * 3 + 1] = (float)ten_random_unit(&random) - 0.5f;
        values[i * 3 + 2] = 0.1f; /* constant, and no sum of it is exact */
        for (size_t j = 0; j < 3; j++) mean[j] += (double)values[i * 3 + j] / N;
    }
    for (size_t i = 0; i < N * 3; i++) squares[i % 3] += pow((double)values[i] - mean[i % 3], 2);
    double *expected = malloc(N * 3 * sizeof *expected);
    for (size_t i = 0; i < N * 3; i++)
        expected[i] = i % 3 < 2 ? ((double)values[i] - mean[i % 3]) / sqrt(squares[i % 3] / N) : 0;
    struct ten_batch batch = {.rows = N, .shape = {.columns = 3}, .owned = true, .floats = values};
    struct ten_chain chain = parse("standardize");
    struct ten_error error;
    assert_ok(ten_chain_fit(&chain, &batch, NULL, &error));
    assert_values(&batch, expected, 1e-6);
    ten_chain_release(&chain);
    ten_batch_release(&batch);
    free(expected);
}

static void test_constant_bytes_are_exactly_zero(void **state) {
    (void)state;
    enum { N = 3000 };
    uint8_t *bytes = malloc(N * 4);
    memset(bytes, 201, N * 4);
    struct ten_error error;
    static const char *const texts[] = {"standardize", "scale,standardize", "minmax", "scale,minmax"};
    for (size_t i = 0; i < 4; i++) {
        struct ten_chain chain = parse(texts[i]);
        struct ten_batch batch = ten_batch_of_images(bytes, N, 2, 2);
        assert_ok(ten_chain_fit(&chain, &batch, NULL, &error));
        for (size_t k = 0; k < N * 4; k++) assert_true(batch.floats[k] == 0);
        ten_batch_release(&batch);
        ten_chain_release(&chain);
    }
    free(bytes);
}

/* ---- scale -------------------------------------------------------------------------------------------- */

static void test_scale(void **state) {
    (void)state;
    uint8_t bytes[] = {0, 1, 51, 255};
    const double expected[] = {0, 1.0 / 255, 0.2, 1};
    struct ten_chain chain = parse("scale");
    struct ten_batch batch = ten_batch_of_images(bytes, 1, 2, 2), floats = as_floats(batch);
    struct ten_error error;
    assert_ok(ten_chain_apply(&chain, &batch, NULL, &error));
    assert_true(batch.is_bytes && batch.bytes == bytes); /* nothing was copied */
    assert_values(&batch, expected, 1e-7);
    assert_ok(ten_chain_apply(&chain, &floats, NULL, &error));
    assert_values(&floats, expected, 1e-7);
    for (size_t i = 0; i < 4; i++) assert_true((float)bytes[i] * batch.unit == floats.floats[i]);
    ten_batch_release(&floats);
    ten_batch_release(&batch);
    ten_chain_release(&chain);
}

/* ---- multiply, trim ----------------------------------------------------------------------------------- */

static void test_multiply(void **state) {
    (void)state;
    uint8_t bytes[] = {0, 1, 51, 255};
    const double expected[] = {0, 2.5 / 255, 0.5, 2.5};
    struct ten_chain chain = parse("scale,multiply=2.5");
    struct ten_batch batch = ten_batch_of_images(bytes, 1, 2, 2), floats = as_floats(batch);
    struct ten_error error;
    assert_ok(ten_chain_apply(&chain, &batch, NULL, &error));
    assert_ok(ten_chain_apply(&chain, &floats, NULL, &error));
    assert_true(batch.is_bytes && batch.bytes == bytes && !floats.is_bytes);
    assert_values(&batch, expected, 1e-6);
    assert_values(&floats, expected, 1e-6);
    ten_batch_release(&floats);
    ten_batch_release(&batch);
    ten_chain_release(&chain);
}

/* More images than one task takes, not square, as bytes and as floats. */
static void test_trim(void **state) {
    (void)state;
    enum { N = 1100, H = 7, W = 9, CUT = 2 };
    uint8_t *bytes = malloc(N * H * W);
    double *expected = malloc(N * (H - 2 * CUT) * (W - 2 * CUT) * sizeof *expected), *at = expected;
    assert_true(bytes && expected);
    for (size_t i = 0; i < N * H * W; i++) bytes[i] = (uint8_t)(i * 31 / 7);
    for (size_t i = 0; i < N; i++)
        for (size_t y = CUT; y < H - CUT; y++)
            for (size_t x = CUT; x < W - CUT; x++) *at++ = bytes[(i * H + y) * W + x];
    struct ten_chain chain = parse("trim=2");
    struct ten_batch batch = ten_batch_of_images(bytes, N, H, W), floats = as_floats(batch);
    struct ten_error error;
    assert_ok(ten_chain_apply(&chain, &batch, NULL, &error));
    assert_ok(ten_chain_apply(&chain, &floats, &(struct ten_run){.threads = 3}, &error));
    assert_true(batch.is_bytes && !floats.is_bytes && batch.unit == 1);
    assert_int_equal(batch.shape.height, H - 2 * CUT);
    assert_int_equal(batch.shape.width, W - 2 * CUT);
    assert_values(&batch, expected, 0);
    assert_values(&floats, expected, 0);
    ten_batch_release(&floats);
    ten_batch_release(&batch);
    ten_chain_release(&chain);
    free(bytes);
    free(expected);
}

/* ---- Shapes ------------------------------------------------------------------------------------------- */

static void test_shapes(void **state) {
    (void)state;
    enum { N = 3, IN = 13 * 9 };
    double *numbers = test_numbers("prep_shapes.txt", N * (IN + 400 + 784 + IN));
    uint8_t *bytes = to_bytes(numbers, (size_t)N * IN);
    static const struct {
        const char *name;
        size_t height, width, at;
    } steps[] = {{"crop20", 20, 20, N * IN}, {"center", 28, 28, N * (IN + 400)}, {"deskew", 13, 9, N * (IN + 1184)}};
    struct ten_error error;
    for (size_t s = 0; s < 3; s++) {
        struct ten_chain chain = parse(steps[s].name);
        struct ten_batch batch = ten_batch_of_images(bytes, N, 13, 9), floats = as_floats(batch);
        const double *expected = numbers + steps[s].at;
        batch.unit = 0.5f; /* what a byte stands for is kept */
        assert_ok(ten_chain_apply(&chain, &batch, NULL, &error));
        assert_ok(ten_chain_apply(&chain, &floats, NULL, &error));
        assert_true(batch.is_bytes && batch.unit == 0.5f && !floats.is_bytes);
        assert_int_equal(batch.shape.height, steps[s].height);
        assert_int_equal(batch.shape.width, steps[s].width);
        assert_int_equal(batch.shape.columns, steps[s].height * steps[s].width);
        assert_values(&floats, expected, 1e-3);
        batch.unit = 1;
        assert_values(&batch, expected, 0.5 + 1e-3); /* rounded to the nearest */
        ten_batch_release(&batch);
        ten_batch_release(&floats);
        ten_chain_release(&chain);
    }
    free(bytes);
    free(numbers);
}

static void test_shapes_need_pixels(void **state) {
    (void)state;
    static const char *const names[] = {"crop20", "center", "deskew"};
    float values[50] = {0};
    struct ten_error error;
    for (size_t i = 0; i < 3; i++) {
        struct ten_chain chain = parse(names[i]);
        struct ten_shape shape = {.columns = 50};
        struct ten_batch batch = {.rows = 1, .shape = shape, .floats = values};
        char message[80];
        snprintf(message, sizeof message, "%s needs pixels, but the steps before it left 50 features", names[i]);
        assert_fails(ten_chain_reshape(&chain, &shape, &error), TEN_INVALID, message);
        assert_fails(ten_chain_apply(&chain, &batch, NULL, &error), TEN_INVALID, message);
        assert_fails(ten_chain_fit(&chain, &batch, NULL, &error), TEN_INVALID, message);
        assert_ptr_equal(batch.floats, values);
        ten_chain_release(&chain);
    }
}

static void test_strange_floats(void **state) {
    (void)state;
    static const float strange[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 1e-45f, -1, 0, 1};
    static const char *const texts[] = {"crop20", "center", "deskew", "scale", "minmax", "standardize", "pca=2"};
    struct ten_error error;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct ten_chain chain = parse(texts[i]);
        struct ten_batch batch = {.rows = 1, .shape = {.columns = 9, .height = 3, .width = 3}, .floats = strange};
        enum ten_status status = ten_chain_fit(&chain, &batch, NULL, &error);
        if (i >= 4) assert_int_equal(status, TEN_NUMERIC); /* nothing can be learned from what is no number */
        ten_batch_release(&batch);
        ten_chain_release(&chain);
    }
}

/* ---- Threads, files ----------------------------------------------------------------------------------- */

static const char *const every_step[] = {"scale",
                                         "minmax",
                                         "crop20",
                                         "center",
                                         "deskew",
                                         "standardize",
                                         "pca=7",
                                         "original",
                                         "deskew,scale,standardize,minmax,pca=3",
                                         "minmax,deskew,center"};
enum { EVERY = sizeof every_step / sizeof *every_step, IMAGES = 1100, HEIGHT = 8, WIDTH = 7 };

static void assert_same_batch(const struct ten_batch *a, const struct ten_batch *b) {
    assert_int_equal(a->is_bytes, b->is_bytes);
    assert_int_equal(a->rows, b->rows);
    assert_memory_equal(&a->shape, &b->shape, sizeof a->shape);
    assert_true(a->unit == b->unit);
    size_t count = a->rows * a->shape.columns;
    if (a->is_bytes)
        assert_memory_equal(a->bytes, b->bytes, count);
    else
        assert_memory_equal(a->floats, b->floats, count * sizeof *a->floats);
}

static void test_threads_change_nothing(void **state) {
    (void)state;
    uint8_t *bytes = random_images(IMAGES, HEIGHT * WIDTH);
    struct ten_error error;
    for (size_t i = 0; i < EVERY; i++)
        for (int floats = 0; floats < 2; floats++) {
            struct ten_batch first;
            for (int threads = 1; threads < 5; threads++) {
                struct ten_run run = {.threads = threads};
                struct ten_chain chain = parse(every_step[i]);
                struct ten_batch batch = ten_batch_of_images(bytes, IMAGES, HEIGHT, WIDTH);
                if (floats) batch = as_floats(batch);
                assert_ok(ten_chain_fit(&chain, &batch, &run, &error));
                if (threads == 1)
                    first = batch;
                else
                    assert_same_batch(&batch, &first);
                if (threads > 1) ten_batch_release(&batch);
                ten_chain_release(&chain);
            }
            ten_batch_release(&first);
        }
    free(bytes);
}

/* Writes a fitted chain to a file and reads its tensors. */
static struct ten_tensors through_a_file(const struct ten_chain *chain) {
    struct ten_tensors out = {.prefix = "model."}, in;
    struct ten_error error;
    static const char *path;
    if (!path) path = test_path(test_folder(), "chain.safetensors");
    assert_ok(ten_chain_save(chain, &out, &error));
    assert_string_equal(out.prefix, "model.");
    assert_ok(ten_safetensors_write(&out, path, &error));
    ten_tensors_release(&out);
    assert_ok(ten_safetensors_read(&in, path, &error));
    return in;
}

static void test_saving_and_loading(void **state) {
    (void)state;
    uint8_t *bytes = random_images(IMAGES, HEIGHT * WIDTH);
    struct ten_error error;
    for (size_t i = 0; i < EVERY; i++) {
        struct ten_chain chain = parse(every_step[i]), loaded = parse(every_step[i]);
        struct ten_batch a = ten_batch_of_images(bytes, IMAGES, HEIGHT, WIDTH), b = a;
        struct ten_shape input = a.shape;
        assert_ok(ten_chain_fit(&chain, &a, NULL, &error));
        struct ten_tensors tensors = through_a_file(&chain);
        assert_ok(ten_chain_load(&loaded, &input, &tensors, &error));
        assert_ok(ten_tensors_check_all_taken(&tensors, &error));
        assert_ok(ten_chain_apply(&loaded, &b, NULL, &error));
        assert_same_batch(&a, &b);
        ten_tensors_release(&tensors);
        ten_batch_release(&a);
        ten_batch_release(&b);
        ten_chain_release(&chain);
        ten_chain_release(&loaded);
    }
    free(bytes);
}

/* The first value of tensor `name`, inside the file's bytes. */
static uint8_t *first_value(const struct ten_tensors *tensors, const char *name) {
    for (size_t i = 0; i < tensors->count; i++)
        if (strcmp(tensors->items[i].name, name) == 0) return (uint8_t *)(uintptr_t)tensors->items[i].data;
    fail_msg("there is no tensor %s", name);
    return NULL;
}

static void test_wrong_files(void **state) {
    (void)state;
    static const struct {
        const char *chain, *tensor;
        bool single;
        double value;
        const char *message;
    } cases[] = {
        {"minmax", "step0.range", false, -1, "step0.range[0] is -1, expected 0 or more"},
        {"minmax", "step0.minimum", false, NAN, "step0.minimum"},
        {"scale,standardize", "step1.deviation", false, -2, "step1.deviation[0] is -2"},
        {"standardize", "step0.mean", false, INFINITY, "step0.mean"},
        {"pca=4", "step0.components", true, 2, "step0.components[0, 0] is 2"},
        {"pca=4", "step0.explained_variance", false, -1, "step0.explained_variance[0] is -1"},
    };
    uint8_t *bytes = random_images(50, HEIGHT * WIDTH);
    struct ten_error error;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ten_chain chain = parse(cases[i].chain);
        struct ten_batch batch = ten_batch_of_images(bytes, 50, HEIGHT, WIDTH);
        struct ten_shape input = batch.shape, other = {.columns = 30, .height = 5, .width = 6};
        assert_ok(ten_chain_fit(&chain, &batch, NULL, &error));
        struct ten_tensors tensors = through_a_file(&chain);
        assert_fails(ten_chain_load(&chain, &other, &tensors, &error), TEN_FORMAT, "30"); /* other images */
        assert_string_equal(tensors.prefix, "");
        ten_tensors_release(&tensors);
        ten_batch_release(&batch);
        batch = ten_batch_of_images(bytes, 50, HEIGHT, WIDTH);
        assert_ok(ten_chain_fit(&chain, &batch, NULL, &error));
        tensors = through_a_file(&chain);
        float single = (float)cases[i].value;
        if (cases[i].single)
            memcpy(first_value(&tensors, cases[i].tensor), &single, sizeof single);
        else
            memcpy(first_value(&tensors, cases[i].tensor), &cases[i].value, sizeof(double));
        assert_fails(ten_chain_load(&chain, &input, &tensors, &error), TEN_FORMAT, cases[i].message);
        ten_tensors_release(&tensors);
        ten_batch_release(&batch);
        ten_chain_release(&chain);
    }
    free(bytes);
}

/* ---- Other ways to fail ------------------------------------------------------------------------------- */

static void test_other_columns_than_fitted(void **state) {
    (void)state;
    static const char *const names[] = {"minmax", "standardize", "pca=2"};
    uint8_t bytes[4 * 9] = {1, 2, 3, 0, 5, 6, 7};
    struct ten_error error;
    for (size_t i = 0; i < 3; i++) {
        struct ten_chain chain = parse(names[i]);
        struct ten_batch train = ten_batch_of_images(bytes, 4, 3, 3), other = ten_batch_of_images(bytes, 3, 3, 4);
        assert_fails(ten_chain_apply(&chain, &other, NULL, &error), TEN_INVALID, "fitted on 0 features and given 12");
        assert_ok(ten_chain_fit(&chain, &train, NULL, &error));
        assert_fails(ten_chain_apply(&chain, &other, NULL, &error), TEN_INVALID, "fitted on 9 features and given 12");
        assert_true(other.is_bytes);
        ten_batch_release(&train);
        ten_chain_release(&chain);
    }
}

static void test_no_rows(void **state) {
    (void)state;
    uint8_t none[1] = {0};
    struct ten_error error;
    for (size_t i = 0; i < EVERY; i++) {
        struct ten_chain chain = parse(every_step[i]);
        struct ten_batch batch = ten_batch_of_images(none, 0, HEIGHT, WIDTH);
        bool learns = false;
        for (size_t k = 0; k < chain.count; k++) learns = learns || chain.steps[k].type->fit;
        if (learns)
            assert_fails(ten_chain_fit(&chain, &batch, NULL, &error), TEN_INVALID, "at least one image");
        else
            assert_ok(ten_chain_fit(&chain, &batch, NULL, &error));
        ten_batch_release(&batch);
        uint8_t one[HEIGHT * WIDTH] = {9};
        batch = ten_batch_of_images(one, 1, HEIGHT, WIDTH); /* one row is enough, and no rows can be transformed */
        assert_ok(ten_chain_fit(&chain, &batch, NULL, &error));
        ten_batch_release(&batch);
        batch = ten_batch_of_images(none, 0, HEIGHT, WIDTH);
        assert_ok(ten_chain_apply(&chain, &batch, NULL, &error));
        assert_int_equal(batch.rows, 0);
        ten_batch_release(&batch);
        ten_chain_release(&chain);
    }
}

static void test_fitting_again_starts_from_nothing(void **state) {
    (void)state;
    uint8_t *bytes = random_images(IMAGES, HEIGHT * WIDTH);
    struct ten_error error;
    for (size_t i = 0; i < EVERY; i++) {
        struct ten_chain chain = parse(every_step[i]), fresh = parse(every_step[i]);
        struct ten_batch first = ten_batch_of_images(bytes, 500, HEIGHT + 1, WIDTH);
        assert_ok(ten_chain_fit(&chain, &first, NULL, &error));
        struct ten_batch a = ten_batch_of_images(bytes, 100, HEIGHT, WIDTH), b = a;
        assert_ok(ten_chain_fit(&chain, &a, NULL, &error));
        assert_ok(ten_chain_fit(&fresh, &b, NULL, &error));
        assert_same_batch(&a, &b);
        ten_batch_release(&first);
        ten_batch_release(&a);
        ten_batch_release(&b);
        ten_chain_release(&chain);
        ten_chain_release(&fresh);
    }
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_minmax),
        cmocka_unit_test(test_standardize),
        cmocka_unit_test(test_minmax_reaches_both_ends),
        cmocka_unit_test(test_standardize_is_accurate),
        cmocka_unit_test(test_constant_bytes_are_exactly_zero),
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_multiply),
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_shapes_need_pixels),
        cmocka_unit_test(test_strange_floats),
        cmocka_unit_test(test_threads_change_nothing),
        cmocka_unit_test(test_saving_and_loading),
        cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_other_columns_than_fitted),
        cmocka_unit_test(test_no_rows),
        cmocka_unit_test(test_fitting_again_starts_from_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
