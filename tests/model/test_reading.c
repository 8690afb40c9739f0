/* What counts as no digit: by its strokes for every model, by its probabilities for one that knows of other things, and
 * nothing for a pipeline whose classes are no digits. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, COUNT = 120 };

static void fill_box(uint8_t *image, size_t top, size_t left, size_t height, size_t width, uint8_t value) {
    for (size_t y = top; y < top + height; y++) memset(image + y * SIDE + left, value, width);
}

/* A pipeline fitted on random strokes, which are hard to tell apart. */
static struct ten_pipeline *fitted(const char *model, const char *const *settings, size_t count) {
    struct ten_error error;
    struct ten_dataset set;
    struct ten_pipeline *pipeline;
    test_dataset(&set, COUNT, SIDE, SIDE, 3);
    assert_ok(ten_pipeline_new(&pipeline, model, NULL, settings, count, &error));
    assert_ok(ten_pipeline_fit(pipeline, &set, NULL, &error));
    ten_dataset_release(&set);
    return pipeline;
}

enum { STROKE, BLOT, PAPER, EMPTY, DRAWN };

/* A 1, a blot, squared paper, nothing. */
static void draw(struct ten_digit digits[DRAWN]) {
    memset(digits, 0, DRAWN * sizeof *digits);
    fill_box(digits[STROKE].pixels, 4, 12, 20, 3, 255);
    fill_box(digits[BLOT].pixels, 4, 4, 20, 20, 255);
    fill_box(digits[PAPER].pixels, 4, 4, 21, 21, 255);
    for (size_t i = 0; i < 9; i++) fill_box(digits[PAPER].pixels, 5 + i / 3 * 7, 5 + i % 3 * 7, 5, 5, 0);
}

static void test_strokes(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_digit digits[DRAWN];
    struct ten_reading readings[DRAWN];
    draw(digits);
    static const char *const models[] = {"nearest-centroid", "knn"};
    for (size_t m = 0; m < 2; m++) {
        struct ten_pipeline *pipeline = fitted(models[m], NULL, 0);
        assert_ok(ten_pipeline_read(pipeline, digits, DRAWN, readings, NULL, &error));
        assert_int_equal(readings[STROKE].label, ten_label(readings[STROKE].probabilities));
        for (int i = BLOT; i < DRAWN; i++) {
            float sum = 0;
            assert_int_equal(readings[i].label, -1);
            for (int c = 0; c < TEN_CLASSES; c++) sum += readings[i].probabilities[c];
            assert_true(sum > 0.999f && sum < 1.001f); /* they are there all the same */
        }
        ten_pipeline_free(pipeline);
    }
}

/* Clothes are blots. */
static void test_other_classes(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_digit digits[DRAWN];
    struct ten_reading readings[DRAWN];
    draw(digits);
    struct ten_pipeline *pipeline = fitted("nearest-centroid", NULL, 0);
    const char *const names[TEN_CLASSES] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "Boot"};
    assert_ok(ten_pipeline_name_classes(pipeline, names, &error));
    assert_ok(ten_pipeline_read(pipeline, digits, DRAWN, readings, NULL, &error));
    for (int i = 0; i < DRAWN; i++) assert_int_equal(readings[i].label, ten_label(readings[i].probabilities));
    ten_pipeline_free(pipeline);
}

static int falling(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

/* One epoch on noise makes nobody sure: three classes must have most of the probability, of a model that was shown
 * others, and only of such. */
static void test_probability(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_digit digits[DRAWN];
    struct ten_reading readings[DRAWN];
    draw(digits);
    for (int others = 0; others < 2; others++) {
        const char *const settings[] = {"epochs=1", others ? "others=0.5" : "others=0"};
        struct ten_pipeline *pipeline = fitted("cnn-hand", settings, 2);
        assert_ok(ten_pipeline_read(pipeline, digits, 1, readings, NULL, &error));
        int label = ten_label(readings[STROKE].probabilities);
        float sorted[TEN_CLASSES];
        memcpy(sorted, readings[STROKE].probabilities, sizeof sorted);
        qsort(sorted, TEN_CLASSES, sizeof *sorted, falling);
        assert_true(sorted[0] + sorted[1] + sorted[2] < 0.6f);
        assert_int_equal(readings[STROKE].label, others ? -1 : label);
        ten_pipeline_free(pipeline);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strokes),
        cmocka_unit_test(test_other_classes),
        cmocka_unit_test(test_probability),
    };
    return cmocka_run_group_tests_name("reading", tests, NULL, NULL);
}
