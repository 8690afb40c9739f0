/* Typical and odd images: against distances taken pair by pair, with planted outliers, and in small classes. */
#include "test.h"

#include "base/random.h"
#include "image/geometry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double at(const double *image, int height, int width, int y, int x) {
    return y < 0 || x < 0 || y >= height || x >= width ? 0 : image[y * width + x];
}

/* Deskewed, blurred twice by the 5x5 weights, of unit length, with everything written out. */
static void naive_vector(const uint8_t *image, int height, int width, double *out) {
    static const double weights[] = {1, 4, 6, 4, 1};
    int pixels = height * width;
    float *before = malloc(2 * (size_t)pixels * sizeof *before), *after = before + pixels;
    double *blurred = malloc((size_t)pixels * sizeof *blurred), squares = 0;
    for (int p = 0; p < pixels; p++) before[p] = image[p];
    ten_deskew(before, (size_t)height, (size_t)width, after);
    for (int p = 0; p < pixels; p++) out[p] = (double)after[p];
    for (int round = 0; round < 2; round++) {
        for (int p = 0; p < pixels; p++) {
            blurred[p] = 0;
            for (int v = -2; v <= 2; v++)
                for (int u = -2; u <= 2; u++)
                    blurred[p] +=
                        weights[v + 2] * weights[u + 2] / 256 * at(out, height, width, p / width + v, p % width + u);
        }
        memcpy(out, blurred, (size_t)pixels * sizeof *out);
    }
    for (int p = 0; p < pixels; p++) squares += out[p] * out[p];
    for (int p = 0; p < pixels && squares > 0; p++) out[p] /= sqrt(squares);
    free(before);
    free(blurred);
}

/* The distance of image i to the others of its class. */
static double naive_distance(const struct ten_dataset *dataset, const double *vectors, size_t i) {
    size_t pixels = dataset->height * dataset->width, others = 0;
    double sum = 0;
    for (size_t j = 0; j < dataset->count; j++) {
        if (j == i || dataset->labels[j] != dataset->labels[i]) continue;
        for (size_t p = 0; p < pixels; p++) sum += pow(vectors[i * pixels + p] - vectors[j * pixels + p], 2);
        others++;
    }
    return others ? sqrt(sum / (double)others) : 0;
}

/* No image that is left out may be nearer (sign 1), or farther (sign -1), than the last that is listed. */
static void check_list(const struct ten_dataset *dataset, const double *distances, size_t label,
                       const struct ten_typical_image *images, size_t count, double sign) {
    bool *listed = calloc(dataset->count, sizeof *listed);
    for (size_t i = 0; i < count; i++) {
        assert_true(images[i].index < dataset->count && !listed[images[i].index]);
        listed[images[i].index] = true;
        assert_int_equal(dataset->labels[images[i].index], label);
        assert_true(fabs(images[i].distance - distances[images[i].index]) < 1e-5);
        if (i == 0) continue;
        assert_true(sign * images[i].distance >= sign * images[i - 1].distance);
        if (images[i].distance == images[i - 1].distance) assert_true(images[i].index > images[i - 1].index);
    }
    for (size_t i = 0; i < dataset->count; i++)
        if (dataset->labels[i] == label && !listed[i])
            assert_true(sign * distances[i] >= sign * images[count - 1].distance - 1e-5);
    free(listed);
}

static void check(const struct ten_dataset *dataset, int threads) {
    size_t pixels = dataset->height * dataset->width;
    double *vectors = malloc(dataset->count * pixels * sizeof *vectors);
    double *distances = malloc(dataset->count * sizeof *distances);
    for (size_t i = 0; i < dataset->count; i++)
        naive_vector(dataset->images + i * pixels, (int)dataset->height, (int)dataset->width, vectors + i * pixels);
    for (size_t i = 0; i < dataset->count; i++) distances[i] = naive_distance(dataset, vectors, i);
    struct ten_typical typical[TEN_CLASSES];
    struct ten_error error;
    assert_ok(ten_find_typical(typical, dataset, &(struct ten_run){.threads = threads}, &error));
    for (size_t label = 0; label < TEN_CLASSES; label++) {
        size_t count = 0;
        for (size_t i = 0; i < dataset->count; i++) count += dataset->labels[i] == label;
        assert_int_equal(typical[label].count, count < TEN_TYPICAL ? count : TEN_TYPICAL);
        check_list(dataset, distances, label, typical[label].typical, typical[label].count, 1);
        check_list(dataset, distances, label, typical[label].atypical, typical[label].count, -1);
    }
    free(vectors);
    free(distances);
}

static void test_pair_by_pair(void **state) {
    (void)state;
    /* classes of no, one and a few images among them; sides below the width of the blur */
    const size_t shapes[][3] = {{1, 1, 1}, {3, 1, 1}, {12, 1, 3}, {25, 4, 1}, {40, 3, 3}, {120, 9, 12}, {300, 14, 10}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        struct ten_dataset dataset;
        test_dataset(&dataset, shapes[s][0], shapes[s][1], shapes[s][2], s);
        check(&dataset, 1 + (int)s % 3);
        memset(dataset.images, 0, dataset.height * dataset.width); /* one without ink */
        check(&dataset, 1);
        ten_dataset_release(&dataset);
    }
}

/* Crosses, moved by a pixel at most and of any darkness; one image is a ring. */
static void test_planted(void **state) {
    (void)state;
    enum { COUNT = 60, SIDE = 16, ODD = 37 };
    uint8_t images[COUNT][SIDE][SIDE] = {0}, labels[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        struct ten_random random;
        ten_random_init(&random, 5, i);
        size_t y = 7 + ten_random_below(&random, 2), x = 7 + ten_random_below(&random, 2);
        uint8_t level = (uint8_t)(60 + ten_random_below(&random, 196));
        for (size_t k = 3; k < 13; k++) images[i][k][x] = images[i][y][k] = level;
        labels[i] = 4;
    }
    memset(images[ODD], 0, sizeof images[ODD]);
    for (size_t k = 2; k < 14; k++)
        images[ODD][2][k] = images[ODD][13][k] = images[ODD][k][2] = images[ODD][k][13] = 255;
    const struct ten_dataset dataset = {COUNT, SIDE, SIDE, &images[0][0][0], labels};
    struct ten_typical typical[TEN_CLASSES];
    struct ten_error error;
    assert_ok(ten_find_typical(typical, &dataset, NULL, &error));
    assert_int_equal(typical[4].count, TEN_TYPICAL);
    assert_int_equal(typical[4].atypical[0].index, ODD);
    assert_true(typical[4].atypical[0].distance > 2 * typical[4].atypical[1].distance);
    for (size_t i = 0; i < TEN_TYPICAL; i++) assert_int_not_equal(typical[4].typical[i].index, ODD);
    check(&dataset, 1);
}

/* A bold stroke, a pale one and a slanting one are the same shape; the lower index comes first. */
static void test_what_does_not_count(void **state) {
    (void)state;
    enum { SIDE = 24 };
    uint8_t images[3][SIDE][SIDE] = {0}, labels[3] = {2, 2, 2};
    for (size_t y = 6; y < 18; y++) {
        images[0][y][11] = images[0][y][12] = 200;
        images[1][y][11] = images[1][y][12] = 100;
        images[2][y][17 - y / 2] = images[2][y][18 - y / 2] = 200;
    }
    const struct ten_dataset dataset = {3, SIDE, SIDE, &images[0][0][0], labels};
    struct ten_typical typical[TEN_CLASSES];
    struct ten_error error;
    assert_ok(ten_find_typical(typical, &dataset, NULL, &error));
    assert_int_equal(typical[2].count, 3);
    assert_int_equal(typical[2].typical[0].index, 0);
    assert_int_equal(typical[2].typical[1].index, 1);
    assert_int_equal(typical[2].atypical[0].index, 2);
    assert_true(typical[2].atypical[0].distance < 0.25);
}

static void test_threads_do_not_matter(void **state) {
    (void)state;
    struct ten_dataset dataset;
    test_dataset(&dataset, 500, 12, 12, 8);
    struct ten_typical one[TEN_CLASSES], many[TEN_CLASSES];
    struct ten_error error;
    assert_ok(ten_find_typical(one, &dataset, &(struct ten_run){.threads = 1}, &error));
    assert_ok(ten_find_typical(many, &dataset, &(struct ten_run){.threads = 7}, &error));
    assert_memory_equal(one, many, sizeof one);
    ten_dataset_release(&dataset);
}

static void test_without_labels_and_bad_input(void **state) {
    (void)state;
    struct ten_dataset dataset;
    test_dataset(&dataset, 20, 4, 4, 4);
    struct ten_typical typical[TEN_CLASSES];
    struct ten_error error;
    const struct ten_run stopped = {.threads = 1, .progress = stop_at_once};
    assert_fails(ten_find_typical(typical, &dataset, &stopped, &error), TEN_CANCELLED, "stopped");
    for (size_t label = 0; label < TEN_CLASSES; label++) assert_int_equal(typical[label].count, 0);
    const struct ten_dataset none = {0}, unlabelled = {20, 4, 4, dataset.images, NULL};
    assert_ok(ten_find_typical(typical, &unlabelled, NULL, &error));
    for (size_t label = 0; label < TEN_CLASSES; label++) assert_int_equal(typical[label].count, 0);
    assert_fails(ten_find_typical(typical, &none, NULL, &error), TEN_INVALID, "no images");
    dataset.labels[12] = 10;
    assert_fails(ten_find_typical(typical, &dataset, NULL, &error), TEN_INVALID, "image 12 ");
    ten_dataset_release(&dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pair_by_pair),
        cmocka_unit_test(test_planted),
        cmocka_unit_test(test_what_does_not_count),
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_without_labels_and_bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
