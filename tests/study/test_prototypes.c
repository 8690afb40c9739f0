/* Prototypes: groups that are there are found, and what is found is a fixed point of Lloyd's rounds. */
#include "test.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Five kinds of images, each lit in a part of its own, with noise. */
static void test_separate_groups(void **state) {
    (void)state;
    enum { COUNT = 300, PIXELS = 20 };
    static const size_t bounds[TEN_PROTOTYPES + 1] = {0, 100, 170, 230, 270, 300};
    uint8_t *images = calloc(COUNT, PIXELS), labels[COUNT];
    double sums[TEN_PROTOTYPES][PIXELS] = {0};
    for (size_t i = 0; i < COUNT; i++) {
        size_t at = (i * 7) % COUNT, kind = 0; /* dealt over the set, largest kind first */
        while (i >= bounds[kind + 1]) kind++;
        struct ten_random random;
        ten_random_init(&random, 3, i);
        for (size_t p = 0; p < PIXELS; p++) {
            images[at * PIXELS + p] = (uint8_t)((p / 4 == kind ? 200 : 0) + ten_random_below(&random, 30));
            sums[kind][p] += images[at * PIXELS + p];
        }
        labels[at] = 6;
    }
    const struct ten_dataset dataset = {COUNT, 4, 5, images, labels};
    for (uint64_t seed = 0; seed < 5; seed++) {
        struct ten_prototypes prototypes[TEN_CLASSES];
        struct ten_error error;
        assert_ok(ten_find_prototypes(prototypes, &dataset, &(struct ten_run){.seed = seed}, &error));
        assert_int_equal(prototypes[6].groups, TEN_PROTOTYPES);
        for (size_t g = 0; g < TEN_PROTOTYPES; g++) {
            size_t count = bounds[g + 1] - bounds[g];
            assert_int_equal(prototypes[6].counts[g], count);
            for (size_t p = 0; p < PIXELS; p++)
                assert_true(fabs(prototypes[6].means[g * PIXELS + p] - sums[g][p] / (double)count) < 1e-9);
        }
        assert_int_equal(prototypes[5].groups, 0);
        assert_null(prototypes[5].means);
        ten_prototypes_release(prototypes);
    }
    free(images);
}

/* One of Lloyd's rounds, written out: the images go to the nearest mean, and each mean must be that of its images. */
static void check_fixed_point(const struct ten_dataset *dataset, size_t label,
                              const struct ten_prototypes *prototypes) {
    size_t pixels = dataset->height * dataset->width, counts[TEN_PROTOTYPES] = {0}, total = 0;
    double *sums = calloc(TEN_PROTOTYPES * pixels, sizeof *sums);
    for (size_t i = 0; i < dataset->count; i++) {
        if (dataset->labels[i] != label) continue;
        double best = INFINITY;
        size_t group = 0;
        for (size_t g = 0; g < prototypes->groups; g++) {
            double squares = 0;
            for (size_t p = 0; p < pixels; p++)
                squares += pow(dataset->images[i * pixels + p] - prototypes->means[g * pixels + p], 2);
            if (squares >= best) continue;
            best = squares;
            group = g;
        }
        for (size_t p = 0; p < pixels; p++) sums[group * pixels + p] += dataset->images[i * pixels + p];
        counts[group]++;
        total++;
    }
    size_t most = total < TEN_PROTOTYPES ? total : TEN_PROTOTYPES;
    assert_true(prototypes->groups <= most && (total == 0) == (prototypes->groups == 0));
    for (size_t g = 0; g < prototypes->groups; g++) {
        assert_int_equal(prototypes->counts[g], counts[g]);
        assert_true(counts[g] > 0 && (g == 0 || counts[g] <= counts[g - 1]));
        for (size_t p = 0; p < pixels; p++)
            assert_true(fabs(prototypes->means[g * pixels + p] - sums[g * pixels + p] / (double)counts[g]) < 1e-9);
    }
    free(sums);
}

static void test_fixed_points(void **state) {
    (void)state;
    /* few enough images that fifty rounds are enough; blocks of 64 images, and what is beyond them */
    const size_t shapes[][3] = {{1, 2, 2}, {12, 3, 3}, {30, 5, 4}, {641, 6, 6}, {1300, 9, 7}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (uint64_t seed = 0; seed < 3; seed++) {
            struct ten_dataset dataset;
            test_dataset(&dataset, shapes[s][0], shapes[s][1], shapes[s][2], s);
            struct ten_prototypes prototypes[TEN_CLASSES];
            struct ten_error error;
            assert_ok(ten_find_prototypes(prototypes, &dataset, &(struct ten_run){.seed = seed}, &error));
            for (size_t label = 0; label < TEN_CLASSES; label++) check_fixed_point(&dataset, label, &prototypes[label]);
            ten_prototypes_release(prototypes);
            ten_dataset_release(&dataset);
        }
}

static void check_one_class(uint8_t *images, size_t count, size_t pixels, size_t groups, const size_t *counts) {
    uint8_t labels[64] = {0};
    const struct ten_dataset dataset = {count, 1, pixels, images, labels};
    struct ten_prototypes prototypes[TEN_CLASSES];
    struct ten_error error;
    assert_ok(ten_find_prototypes(prototypes, &dataset, NULL, &error));
    assert_int_equal(prototypes[0].groups, groups);
    for (size_t g = 0; g < groups; g++) assert_int_equal(prototypes[0].counts[g], counts[g]);
    ten_prototypes_release(prototypes);
    assert_null(prototypes[0].means);
}

static void test_few_images(void **state) {
    (void)state;
    uint8_t black[40] = {0}, dots[] = {9}, three[] = {1, 2, 3, 4, 5, 6}, repeated[] = {7, 7, 7, 200, 7, 200, 90};
    check_one_class(black, 10, 4, 1, (size_t[]){10});
    check_one_class(dots, 1, 1, 1, (size_t[]){1});
    check_one_class(three, 3, 2, 3, (size_t[]){1, 1, 1});
    check_one_class(repeated, 7, 1, 3, (size_t[]){4, 2, 1}); /* three different ones */
}

static void test_threads_and_seeds(void **state) {
    (void)state;
    struct ten_dataset dataset;
    test_dataset(&dataset, 900, 8, 8, 8);
    struct ten_prototypes one[TEN_CLASSES], many[TEN_CLASSES], other[TEN_CLASSES];
    struct ten_error error;
    assert_ok(ten_find_prototypes(one, &dataset, &(struct ten_run){.threads = 1, .seed = 1}, &error));
    assert_ok(ten_find_prototypes(many, &dataset, &(struct ten_run){.threads = 7, .seed = 1}, &error));
    assert_ok(ten_find_prototypes(other, &dataset, &(struct ten_run){.threads = 7, .seed = 2}, &error));
    bool differ = false;
    for (size_t label = 0; label < TEN_CLASSES; label++) {
        assert_int_equal(one[label].groups, TEN_PROTOTYPES);
        assert_memory_equal(one[label].counts, many[label].counts, sizeof one[label].counts);
        assert_memory_equal(one[label].means, many[label].means, TEN_PROTOTYPES * 64 * sizeof(double));
        differ |= memcmp(one[label].counts, other[label].counts, sizeof one[label].counts) != 0;
    }
    assert_true(differ);
    ten_prototypes_release(one);
    ten_prototypes_release(many);
    ten_prototypes_release(other);
    ten_dataset_release(&dataset);
}

static void test_without_labels_and_bad_input(void **state) {
    (void)state;
    struct ten_dataset dataset;
    test_dataset(&dataset, 20, 4, 4, 4);
    struct ten_prototypes prototypes[TEN_CLASSES];
    struct ten_error error;
    const struct ten_run stopped = {.threads = 1, .progress = stop_at_once};
    assert_fails(ten_find_prototypes(prototypes, &dataset, &stopped, &error), TEN_CANCELLED, "stopped");
    for (size_t label = 0; label < TEN_CLASSES; label++) assert_null(prototypes[label].means);
    const struct ten_dataset none = {0}, unlabelled = {20, 4, 4, dataset.images, NULL};
    assert_ok(ten_find_prototypes(prototypes, &unlabelled, NULL, &error));
    for (size_t label = 0; label < TEN_CLASSES; label++) assert_int_equal(prototypes[label].groups, 0);
    assert_fails(ten_find_prototypes(prototypes, &none, NULL, &error), TEN_INVALID, "no images");
    dataset.labels[12] = 10;
    assert_fails(ten_find_prototypes(prototypes, &dataset, NULL, &error), TEN_INVALID, "image 12 ");
    ten_prototypes_release(prototypes);
    ten_prototypes_release(NULL);
    ten_dataset_release(&dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_separate_groups),
        cmocka_unit_test(test_fixed_points),
        cmocka_unit_test(test_few_images),
        cmocka_unit_test(test_threads_and_seeds),
        cmocka_unit_test(test_without_labels_and_bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
