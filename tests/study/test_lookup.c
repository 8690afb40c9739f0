/* The nearest images of one, against a sort of all distances. */
#include "test.h"

#include "study/lookup.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct ten_error error;

struct pair {
    uint64_t distance;
    size_t index;
};

static int nearer(const void *left, const void *right) {
    const struct pair *a = left, *b = right;
    if (a->distance != b->distance) return a->distance < b->distance ? -1 : 1;
    return a->index < b->index ? -1 : 1;
}

static void assert_nearest(const struct ten_dataset *set, const uint8_t *image, size_t count) {
    struct ten_lookup *lookup;
    struct ten_found found[TEN_MOST_FOUND];
    struct pair *all = malloc(set->count * sizeof *all);
    size_t pixels = set->height * set->width, expected = count < set->count ? count : set->count;
    for (size_t i = 0; i < set->count; i++) {
        all[i] = (struct pair){0, i};
        for (size_t p = 0; p < pixels; p++) {
            int64_t d = (int64_t)set->images[i * pixels + p] - image[p];
            all[i].distance += (uint64_t)(d * d);
        }
    }
    qsort(all, set->count, sizeof *all, nearer);
    assert_ok(ten_lookup_new(&lookup, set, &error));
    assert_int_equal(ten_lookup_find(lookup, image, count, found), expected);
    for (size_t i = 0; i < expected; i++) {
        assert_int_equal(found[i].index, all[i].index);
        assert_true(found[i].distance == sqrt((double)all[i].distance));
    }
    ten_lookup_free(lookup);
    free(all);
}

/* Few grey values and few pixels: many images are equally near. */
static void is_a_sort(void **state) {
    (void)state;
    static const size_t sizes[][3] = {{1, 1, 1}, {7, 3, 2}, {500, 2, 2}, {300, 28, 28}, {64, 181, 182}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct ten_dataset set;
        test_dataset(&set, sizes[s][0], sizes[s][1], sizes[s][2], 5);
        size_t pixels = set.height * set.width;
        for (size_t i = 0; s == 2 && i < set.count * pixels; i++) set.images[i] /= 128;
        uint8_t *image = calloc(pixels, 1);
        assert_nearest(&set, image, 8);
        memset(image, 255, pixels);
        assert_nearest(&set, image, TEN_MOST_FOUND);
        memcpy(image, set.images + set.count / 2 * pixels, pixels);
        assert_nearest(&set, image, 1);
        assert_nearest(&set, image, 8);
        free(image);
        ten_dataset_release(&set);
    }
}

static void largest_values(void **state) {
    (void)state;
    struct ten_dataset set;
    test_dataset(&set, 3, 181, 182, 5);
    size_t pixels = set.height * set.width;
    memset(set.images, 255, 3 * pixels);
    set.images[pixels] = 254;
    uint8_t *image = calloc(pixels, 1);
    assert_nearest(&set, image, 3);
    assert_nearest(&set, set.images, 3);
    free(image);
    ten_dataset_release(&set);
    test_dataset(&set, 1, 200, 200, 5);
    struct ten_lookup *lookup;
    assert_fails(ten_lookup_new(&lookup, &set, &error), TEN_INVALID, "40000 pixels");
    ten_dataset_release(&set);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(is_a_sort), cmocka_unit_test(largest_values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
