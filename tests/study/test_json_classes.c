/* What `explore --json` tells of classes and of both sets: members, their order and values, pictures, and no loss when
 * memory is short. */
#include "test.h"

#include "study/json.h"

#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

enum { HEIGHT = 6, WIDTH = 5, PIXELS = HEIGHT * WIDTH };

struct subject {
    struct ten_dataset train, test;
    struct ten_exploration exploration;
    struct ten_typical typical[TEN_CLASSES];
    struct ten_prototypes prototypes[TEN_CLASSES];
    struct ten_noise noise[TEN_CLASSES];
    struct ten_duplicates duplicates;
};

/* No image of class 3, one of class 5, which is black. */
static void make_subject(struct subject *subject, size_t count) {
    struct ten_error error;
    test_dataset(&subject->train, count, HEIGHT, WIDTH, 2);
    test_dataset(&subject->test, 20, HEIGHT, WIDTH, 3);
    for (size_t i = 0; i < count; i++)
        if (subject->train.labels[i] == 3 || subject->train.labels[i] == 5) subject->train.labels[i] = 7;
    subject->train.labels[1] = 5;
    memset(subject->train.images + PIXELS, 0, PIXELS);
    memcpy(subject->test.images + 4 * PIXELS, subject->train.images + PIXELS, PIXELS);
    assert_ok(ten_explore(&subject->exploration, &subject->train, NULL, &error));
    assert_ok(ten_find_typical(subject->typical, &subject->train, NULL, &error));
    assert_ok(ten_find_prototypes(subject->prototypes, &subject->train, NULL, &error));
    assert_ok(ten_measure_noise(subject->noise, &subject->train, NULL, &error));
    assert_ok(ten_duplicates_between(&subject->duplicates, &subject->train, &subject->test, NULL, &error));
}

static void release_subject(struct subject *subject) {
    ten_exploration_release(&subject->exploration);
    ten_prototypes_release(subject->prototypes);
    ten_dataset_release(&subject->train);
    ten_dataset_release(&subject->test);
}

/* ---- Reading ---- */

/* The document as text, pictures of the same bytes being the same text. */
static void assert_json(const json_t *json, const char *expected) {
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    assert_string_equal(text, expected);
    free(text);
}

static void assert_real(const json_t *object, const char *key, double expected) {
    const json_t *value = json_object_get(object, key);
    if (isnan(expected))
        assert_true(json_is_null(value));
    else
        assert_true(json_is_real(value) && json_real_value(value) == expected);
}

static void assert_same_and_release(const json_t *picture, json_t *expected) {
    assert_non_null(expected);
    assert_true(json_equal(picture, expected));
    json_decref(expected);
}

/* The next entry, which must be of this class and have these members. */
static json_t *next_class(const json_t *array, size_t *next, size_t label, const char *members) {
    json_t *entry = json_array_get(array, (*next)++);
    assert_int_equal(json_integer_value(json_object_get(entry, "label")), label);
    char found[256] = "";
    const char *key;
    json_t *value;
    json_object_foreach(entry, key, value) {
        strcat(found, key);
        strcat(found, " ");
    }
    assert_string_equal(found, members);
    return entry;
}

/* ---- Classes ---- */

static void check_typical(const struct subject *subject, bool atypical) {
    json_t *array = ten_json_typical(subject->typical, &subject->train, atypical);
    size_t next = 0;
    for (size_t label = 0; label < TEN_CLASSES; label++) {
        const struct ten_typical *typical = &subject->typical[label];
        if (typical->count == 0) continue;
        const json_t *digits = json_object_get(next_class(array, &next, label, "label digits "), "digits");
        assert_int_equal(json_array_size(digits), typical->count);
        for (size_t i = 0; i < typical->count; i++) {
            const struct ten_typical_image *image = atypical ? &typical->atypical[i] : &typical->typical[i];
            const json_t *digit = json_array_get(digits, i);
            assert_int_equal(json_object_size(digit), 3);
            assert_int_equal(json_integer_value(json_object_get(digit, "index")), image->index);
            assert_real(digit, "distance", image->distance);
            assert_same_and_release(json_object_get(digit, "image"),
                                    ten_json_picture(subject->train.images + image->index * PIXELS, HEIGHT, WIDTH));
        }
    }
    assert_int_equal(json_array_size(array), next);
    json_decref(array);
}

static void check_prototypes(const struct subject *subject) {
    json_t *array = ten_json_prototypes(subject->prototypes, HEIGHT, WIDTH);
    size_t next = 0;
    for (size_t label = 0; label < TEN_CLASSES; label++) {
        const struct ten_prototypes *prototypes = &subject->prototypes[label];
        if (prototypes->groups == 0) continue;
        const json_t *groups = json_object_get(next_class(array, &next, label, "label groups "), "groups");
        assert_int_equal(json_array_size(groups), prototypes->groups);
        for (size_t g = 0; g < prototypes->groups; g++) {
            const json_t *group = json_array_get(groups, g);
            assert_int_equal(json_object_size(group), 2);
            assert_int_equal(json_integer_value(json_object_get(group, "count")), prototypes->counts[g]);
            assert_same_and_release(json_object_get(group, "image"),
                                    ten_json_picture_of(prototypes->means + g * PIXELS, HEIGHT, WIDTH, 0));
        }
    }
    assert_int_equal(json_array_size(array), next);
    json_decref(array);
}

static void check_noise(const struct subject *subject) {
    json_t *array = ten_json_noise(subject->noise);
    size_t next = 0;
    for (size_t label = 0; label < TEN_CLASSES; label++) {
        const struct ten_noise *noise = &subject->noise[label];
        if (noise->count == 0) continue;
        const json_t *entry = next_class(array, &next, label, "label isolated_pixels stroke_width slant ink ");
        static const char *const names[] = {"isolated_pixels", "stroke_width", "slant", "ink"};
        const struct ten_spread *spreads[] = {&noise->isolated_pixels, &noise->stroke_width, &noise->slant,
                                              &noise->ink};
        for (size_t i = 0; i < 4; i++) {
            assert_real(json_object_get(entry, names[i]), "mean", spreads[i]->mean);
            assert_real(json_object_get(entry, names[i]), "deviation", spreads[i]->deviation);
        }
        if (label == 5) /* one image, without ink */
            assert_json(entry, "{\"label\":5,\"isolated_pixels\":{\"mean\":0.0,\"deviation\":null},"
                               "\"stroke_width\":{\"mean\":null,\"deviation\":null},"
                               "\"slant\":{\"mean\":null,\"deviation\":null},"
                               "\"ink\":{\"mean\":0.0,\"deviation\":null}}");
    }
    assert_int_equal(json_array_size(array), next);
    json_decref(array);
}

static void test_classes(void **state) {
    (void)state;
    struct subject subject;
    make_subject(&subject, 140);
    check_typical(&subject, false);
    check_typical(&subject, true);
    check_prototypes(&subject);
    check_noise(&subject);
    release_subject(&subject);
}

static void test_between(void **state) {
    (void)state;
    struct subject subject;
    make_subject(&subject, 30);
    uint8_t *labels = subject.test.labels;
    labels[4] = 8;
    json_t *between = ten_json_between(&subject.duplicates, &subject.train, &subject.test);
    assert_json(between, "{\"duplicates\":1,\"pairs\":[{\"train\":1,\"test\":4,\"train_label\":5,\"test_label\":8}]}");
    json_decref(between);
    subject.test.labels = NULL;
    between = ten_json_between(&subject.duplicates, &subject.train, &subject.test);
    assert_json(between,
                "{\"duplicates\":1,\"pairs\":[{\"train\":1,\"test\":4,\"train_label\":5,\"test_label\":null}]}");
    json_decref(between);
    subject.test.labels = labels;
    subject.duplicates = (struct ten_duplicates){0};
    between = ten_json_between(&subject.duplicates, &subject.train, &subject.test);
    assert_json(between, "{\"duplicates\":0,\"pairs\":[]}");
    json_decref(between);
    release_subject(&subject);
}

/* ---- Contrasts ---- */

static int digit_of(char c) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return (int)(strchr(digits, c) - digits);
}

/* Red, green and blue of the pixels of a data URI. */
static void decode_colours(const json_t *picture, size_t height, size_t width, uint8_t *pixels) {
    const char *text = strchr(json_string_value(picture), ',') + 1;
    size_t length = strcspn(text, "="), size = length * 3 / 4;
    uint8_t *bytes = calloc(length + 1, 1);
    for (size_t i = 0; i < size; i++) {
        size_t bit = 8 * i, digit = bit / 6, shift = bit % 6;
        int window = digit_of(text[digit]) << 6 | (digit + 1 < length ? digit_of(text[digit + 1]) : 0);
        bytes[i] = (uint8_t)(window >> (4 - shift));
    }
    png_image png = {.version = PNG_IMAGE_VERSION};
    assert_true(png_image_begin_read_from_memory(&png, bytes, size));
    assert_int_equal(png.height, height);
    assert_int_equal(png.width, width);
    png.format = PNG_FORMAT_RGB;
    assert_true(png_image_finish_read(&png, NULL, pixels, 0, NULL));
    free(bytes);
}

static void test_contrasts_by_hand(void **state) {
    (void)state;
    /* averages: class 2 (0, 255, 102, 51), class 6 (255, 0, 51, 51), class 9 (0, 255, 102, 51) */
    uint8_t images[] = {0, 255, 100, 51, 255, 0, 51, 51, 0, 255, 104, 51, 0, 255, 102, 51}, labels[] = {2, 6, 2, 9};
    const struct ten_dataset dataset = {4, 1, 4, images, labels};
    struct ten_exploration exploration;
    struct ten_error error;
    assert_ok(ten_explore(&exploration, &dataset, NULL, &error));
    double difference[4];
    assert_true(fabs(ten_class_contrast(&exploration, 2, 6, difference) - sqrt(2 + 0.04)) < 1e-12);
    assert_true(difference[0] == 1 && difference[1] == -1 && difference[3] == 0);
    assert_true(fabs(difference[2] + 0.2) < 1e-12);
    assert_true(ten_class_contrast(&exploration, 9, 2, NULL) == 0);
    assert_true(isnan(ten_class_contrast(&exploration, 2, 3, NULL)));

    json_t *contrasts = ten_json_contrasts(&exploration);
    assert_int_equal(json_array_size(contrasts), 3);
    const int pairs[][2] = {{2, 6}, {2, 9}, {6, 9}};
    for (size_t i = 0; i < 3; i++) {
        const json_t *contrast = json_array_get(contrasts, i);
        assert_int_equal(json_integer_value(json_object_get(contrast, "first")), pairs[i][0]);
        assert_int_equal(json_integer_value(json_object_get(contrast, "second")), pairs[i][1]);
        assert_real(contrast, "distance", ten_class_contrast(&exploration, pairs[i][0], pairs[i][1], NULL));
        uint8_t colours[4][3];
        decode_colours(json_object_get(contrast, "image"), 1, 4, &colours[0][0]);
        assert_memory_equal(colours[3], ((uint8_t[]){0xf7, 0xf7, 0xf7}), 3); /* equal: white */
        if (i == 0) {                                                        /* red where the second has more ink */
            assert_memory_equal(colours[0], ((uint8_t[]){0x67, 0x00, 0x1f}), 3);
            assert_memory_equal(colours[1], ((uint8_t[]){0x05, 0x30, 0x61}), 3);
            assert_true(colours[2][2] > colours[2][0] && colours[2][0] > 0xc0); /* pale blue */
        }
        if (i == 1) assert_memory_equal(colours[0], colours[3], 3);
    }
    json_decref(contrasts);
    ten_exploration_release(&exploration);
}

static void test_contrasts_of_all(void **state) {
    (void)state;
    struct ten_dataset dataset;
    test_dataset(&dataset, 300, HEIGHT, WIDTH, 2);
    struct ten_exploration exploration;
    struct ten_error error;
    assert_ok(ten_explore(&exploration, &dataset, NULL, &error));
    json_t *contrasts = ten_json_contrasts(&exploration);
    assert_int_equal(json_array_size(contrasts), 45);
    json_decref(contrasts);
    ten_exploration_release(&exploration);
    memset(dataset.images, 0, dataset.count * PIXELS); /* no difference at all: white */
    assert_ok(ten_explore(&exploration, &dataset, NULL, &error));
    contrasts = ten_json_contrasts(&exploration);
    uint8_t colours[PIXELS * 3];
    decode_colours(json_object_get(json_array_get(contrasts, 44), "image"), HEIGHT, WIDTH, colours);
    for (size_t i = 0; i < sizeof colours; i++) assert_int_equal(colours[i], 0xf7);
    json_decref(contrasts);
    ten_exploration_release(&exploration);
    free(dataset.labels);
    dataset.labels = NULL;
    assert_ok(ten_explore(&exploration, &dataset, NULL, &error));
    contrasts = ten_json_contrasts(&exploration);
    assert_json(contrasts, "[]");
    json_decref(contrasts);
    ten_exploration_release(&exploration);
    ten_dataset_release(&dataset);
}

/* ---- Short memory ---- */

static size_t allocations_left;

static void *limited(size_t size) {
    if (allocations_left == 0) return NULL;
    allocations_left--;
    return malloc(size);
}

static json_t *make(const struct subject *subject, int which) {
    switch (which) {
    case 0: return ten_json_typical(subject->typical, &subject->train, true);
    case 1: return ten_json_prototypes(subject->prototypes, HEIGHT, WIDTH);
    case 2: return ten_json_noise(subject->noise);
    case 3: return ten_json_between(&subject->duplicates, &subject->train, &subject->test);
    default: return ten_json_contrasts(&subject->exploration);
    }
}

static void test_short_memory(void **state) {
    (void)state;
    struct subject subject;
    make_subject(&subject, 12);
    json_malloc_t usual_malloc;
    json_free_t usual_free;
    json_get_alloc_funcs(&usual_malloc, &usual_free);
    for (int which = 0; which < 5; which++)
        for (size_t allowed = 0;; allowed++) {
            json_set_alloc_funcs(limited, free);
            allocations_left = allowed;
            json_t *json = make(&subject, which);
            size_t left = allocations_left;
            json_set_alloc_funcs(usual_malloc, usual_free);
            bool made = json != NULL;
            json_decref(json);
            assert_true(made || left == 0);
            if (made) break;
            assert_true(allowed < 10000);
        }
    release_subject(&subject);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),           cmocka_unit_test(test_between),
        cmocka_unit_test(test_contrasts_by_hand), cmocka_unit_test(test_contrasts_of_all),
        cmocka_unit_test(test_short_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
