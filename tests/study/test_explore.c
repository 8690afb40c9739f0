/* The exploration against pandas (metrics_explore.txt of make_metrics.py), and against sorting and comparing all. */
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Equal up to rounding, or both undefined. */
static void assert_near(double got, double expected) {
    if (isnan(expected) ? !isnan(got) : !(fabs(got - expected) <= 1e-12 * fmax(1, fabs(expected))))
        fail_msg("got %.17g, expected %.17g", got, expected);
}

/* mean, deviation, minimum, quartiles, maximum: one row of `pixels` values each, as the struct's block has them. */
static const double *check_pixels(const struct ten_pixel_statistics *statistics, size_t pixels, const double *at) {
    const double *rows[] = {statistics->mean,   statistics->deviation, statistics->minimum, statistics->quartile1,
                            statistics->median, statistics->quartile3, statistics->maximum};
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++, at += pixels)
        for (size_t p = 0; p < pixels && statistics->count; p++) assert_near(rows[row][p], at[p]);
    return at;
}

static const double *check_totals(const struct ten_exploration *exploration, const double *at) {
    for (size_t label = 0; label < TEN_CLASSES; label++) assert_int_equal(exploration->class_counts[label], *at++);
    assert_near(exploration->mean, at[0]);
    assert_near(exploration->deviation, at[1]);
    assert_near(exploration->minimum, at[2]);
    assert_near(exploration->quartile1, at[3]);
    assert_near(exploration->median, at[4]);
    assert_near(exploration->quartile3, at[5]);
    assert_near(exploration->maximum, at[6]);
    at += 7;
    for (size_t label = 0; label < TEN_CLASSES; label++) assert_near(exploration->ink[label], *at++);
    assert_int_equal(exploration->empty_pixels, at[0]);
    assert_int_equal(exploration->duplicates, at[1]);
    return at + 2;
}

static void test_as_pandas(void **state) {
    (void)state;
    enum { HEIGHT = 3, WIDTH = 5, PIXELS = HEIGHT * WIDTH, COUNT = 37 };
    size_t size = 3 + COUNT + COUNT * PIXELS + 10 + 7 + 10 + 2 + 11 * 7 * PIXELS;
    double *numbers = test_numbers("metrics_explore.txt", size);
    assert_true(numbers[0] == HEIGHT && numbers[1] == WIDTH && numbers[2] == COUNT);
    uint8_t labels[COUNT], images[COUNT * PIXELS];
    for (size_t i = 0; i < COUNT; i++) labels[i] = (uint8_t)numbers[3 + i];
    for (size_t i = 0; i < COUNT * PIXELS; i++) images[i] = (uint8_t)numbers[3 + COUNT + i];
    const struct ten_dataset dataset = {COUNT, HEIGHT, WIDTH, images, labels};

    struct ten_exploration exploration;
    struct ten_error error;
    assert_ok(ten_explore(&exploration, &dataset, NULL, &error));
    const double *at = check_totals(&exploration, numbers + 3 + COUNT + COUNT * PIXELS);
    assert_int_equal(exploration.all.count, COUNT);
    at = check_pixels(&exploration.all, PIXELS, at);
    for (size_t label = 0; label < TEN_CLASSES; label++) {
        assert_int_equal(exploration.classes[label].count, exploration.class_counts[label]);
        assert_true((exploration.classes[label].mean == NULL) == (exploration.class_counts[label] == 0));
        at = check_pixels(&exploration.classes[label], PIXELS, at);
    }
    assert_ptr_equal(at, numbers + size);
    ten_exploration_release(&exploration);
    free(numbers);
}

/* ---- Naive versions ---- */

static int by_value(const void *left, const void *right) {
    return (int)*(const uint8_t *)left - (int)*(const uint8_t *)right;
}

/* The quantile as numpy defines it, from sorted values. */
static double naive_quantile(const uint8_t *sorted, size_t count, double share) {
    double position = share * (double)(count - 1);
    size_t below = (size_t)position, above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (sorted[above] - sorted[below]) * (position - (double)below);
}

static void check_column(const struct ten_pixel_statistics *statistics, size_t pixel, uint8_t *values, size_t count) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) sum += values[i];
    for (size_t i = 0; i < count; i++) squares += pow(values[i] - sum / (double)count, 2);
    qsort(values, count, 1, by_value);
    assert_int_equal(statistics->count, count);
    assert_near(statistics->mean[pixel], sum / (double)count);
    assert_near(statistics->deviation[pixel], count > 1 ? sqrt(squares / (double)(count - 1)) : NAN);
    assert_near(statistics->minimum[pixel], values[0]);
    assert_near(statistics->quartile1[pixel], naive_quantile(values, count, 0.25));
    assert_near(statistics->median[pixel], naive_quantile(values, count, 0.5));
    assert_near(statistics->quartile3[pixel], naive_quantile(values, count, 0.75));
    assert_near(statistics->maximum[pixel], values[count - 1]);
}

/* All pixels of all images of one class (label < 0: of all classes), pixel by pixel. */
static void check_naively(const struct ten_exploration *exploration, const struct ten_dataset *dataset, int label) {
    const struct ten_pixel_statistics *statistics = label < 0 ? &exploration->all : &exploration->classes[label];
    size_t pixels = dataset->height * dataset->width;
    uint8_t *values = malloc(dataset->count);
    assert_non_null(values);
    for (size_t p = 0; p < pixels; p++) {
        size_t count = 0;
        for (size_t i = 0; i < dataset->count; i++)
            if (label < 0 || dataset->labels[i] == label) values[count++] = dataset->images[i * pixels + p];
        if (count) check_column(statistics, p, values, count);
    }
    free(values);
}

static size_t naive_duplicates(const struct ten_dataset *dataset) {
    size_t pixels = dataset->height * dataset->width, duplicates = 0;
    for (size_t i = 0; i < dataset->count; i++)
        for (size_t j = 0; j < i; j++)
            if (memcmp(dataset->images + i * pixels, dataset->images + j * pixels, pixels) == 0) {
                duplicates++;
                break;
            }
    return duplicates;
}

static void test_naively(void **state) {
    (void)state;
    /* counts around the quarters, shapes around the blocks of pixels; 1 x 2 has many images twice */
    const size_t shapes[][3] = {{1, 1, 1}, {2, 3, 3}, {3, 8, 8}, {4, 5, 13}, {5, 1, 129}, {61, 28, 28}, {3000, 1, 2}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        struct ten_dataset dataset;
        test_dataset(&dataset, shapes[s][0], shapes[s][1], shapes[s][2], s);
        struct ten_exploration exploration;
        struct ten_error error;
        assert_ok(ten_explore(&exploration, &dataset, NULL, &error));
        for (int label = -1; label < TEN_CLASSES; label++) check_naively(&exploration, &dataset, label);
        assert_int_equal(exploration.duplicates, naive_duplicates(&dataset));

        size_t pixels = dataset.height * dataset.width, empty = 0;
        uint64_t intensity[256] = {0};
        for (size_t i = 0; i < dataset.count * pixels; i++) intensity[dataset.images[i]]++;
        assert_memory_equal(exploration.intensity, intensity, sizeof intensity);
        for (size_t p = 0; p < pixels; p++) empty += exploration.all.maximum[p] == 0;
        assert_int_equal(exploration.empty_pixels, empty);
        ten_exploration_release(&exploration);
        ten_dataset_release(&dataset);
    }
}

static void test_duplicates(void **state) {
    (void)state;
    struct ten_dataset dataset;
    test_dataset(&dataset, 3000, 4, 3, 5); /* 12 bytes: a whole word for the hash and a part of one */
    for (size_t i = 0; i < 1500; i++) memcpy(dataset.images + (1500 + i) * 12, dataset.images + (i / 3) * 12, 12);
    memset(dataset.images, 0, 1000 * 12); /* and many that are the same */
    struct ten_exploration exploration;
    struct ten_error error;
    assert_ok(ten_explore(&exploration, &dataset, NULL, &error));
    assert_int_equal(exploration.duplicates, naive_duplicates(&dataset));
    assert_true(exploration.duplicates >= 999 + 1000);
    ten_exploration_release(&exploration);

    for (size_t i = 0; i < 3000; i++) dataset.images[i * 12 + 11] = (uint8_t)(i & 255); /* differ in the last bytes */
    for (size_t i = 0; i < 3000; i++) dataset.images[i * 12 + 10] = (uint8_t)(i >> 8);
    assert_ok(ten_explore(&exploration, &dataset, NULL, &error));
    assert_int_equal(exploration.duplicates, 0);
    ten_exploration_release(&exploration);
    ten_dataset_release(&dataset);
}

/* Images that differ but have the same hash: the second word undoes what the first one did to the state. This knows
 * the hash of duplicates.c, and must follow it. */
static void test_equal_hashes_are_not_enough(void **state) {
    (void)state;
    enum { COUNT = 6 };
    uint64_t words[COUNT][2], first_state = 0;
    for (uint64_t i = 0; i < COUNT; i++) {
        uint64_t after = (16 ^ i) * UINT64_C(0x9e3779b97f4a7c15); /* 16 bytes an image */
        after ^= after >> 32;
        if (i == 0) first_state = after;
        words[i][0] = i;
        words[i][1] = after ^ first_state;
    }
    memcpy(words[4], words[1], sizeof words[1]);
    const struct ten_dataset dataset = {.count = COUNT, .height = 4, .width = 4, .images = (uint8_t *)words};
    struct ten_exploration exploration;
    struct ten_error error;
    assert_ok(ten_explore(&exploration, &dataset, NULL, &error));
    assert_int_equal(exploration.duplicates, 1);
    ten_exploration_release(&exploration);
}

/* ---- Threads, labels, errors ---- */

static void test_threads_do_not_matter(void **state) {
    (void)state;
    struct ten_dataset dataset;
    test_dataset(&dataset, 400, 28, 28, 3);
    struct ten_exploration one, many;
    struct ten_error error;
    assert_ok(ten_explore(&one, &dataset, &(struct ten_run){.threads = 1}, &error));
    for (int threads = 2; threads < 9; threads += 3) {
        assert_ok(ten_explore(&many, &dataset, &(struct ten_run){.threads = threads}, &error));
        size_t block = 7 * 28 * 28 * sizeof(double);
        assert_memory_equal(many.all.mean, one.all.mean, block);
        for (size_t label = 0; label < TEN_CLASSES; label++)
            assert_memory_equal(many.classes[label].mean, one.classes[label].mean, block);
        assert_memory_equal(many.intensity, one.intensity, sizeof one.intensity);
        assert_memory_equal(many.ink, one.ink, sizeof one.ink);
        assert_memory_equal(&many.mean, &one.mean, sizeof one.mean);
        assert_memory_equal(&many.deviation, &one.deviation, sizeof one.deviation);
        ten_exploration_release(&many);
    }
    ten_exploration_release(&one);
    ten_dataset_release(&dataset);
}

static void test_without_labels(void **state) {
    (void)state;
    struct ten_dataset dataset;
    test_dataset(&dataset, 50, 9, 9, 4);
    free(dataset.labels);
    dataset.labels = NULL;
    struct ten_exploration exploration;
    struct ten_error error;
    assert_ok(ten_explore(&exploration, &dataset, NULL, &error));
    check_naively(&exploration, &dataset, -1);
    for (size_t label = 0; label < TEN_CLASSES; label++) {
        assert_int_equal(exploration.class_counts[label], 0);
        assert_int_equal(exploration.classes[label].count, 0);
        assert_null(exploration.classes[label].mean);
        assert_true(isnan(exploration.ink[label]));
    }
    ten_exploration_release(&exploration);
    ten_dataset_release(&dataset);
}

struct watch {
    size_t calls, stop_at;
    bool explored;
    double last;
};

static bool watch(void *context, const struct ten_progress *progress) {
    struct watch *seen = context;
    if (strcmp(progress->stage, "explore") == 0) {
        seen->explored = true;
        seen->last = progress->done / progress->total;
    }
    return ++seen->calls != seen->stop_at;
}

static void test_progress_and_stopping(void **state) {
    (void)state;
    struct ten_dataset dataset;
    test_dataset(&dataset, 1500, 14, 14, 4);
    struct watch seen = {0};
    struct ten_run run = {.threads = 1, .progress = watch, .context = &seen};
    struct ten_exploration exploration;
    struct ten_error error;
    assert_ok(ten_explore(&exploration, &dataset, &run, &error));
    assert_true(seen.explored);
    assert_true(fabs(seen.last - 1) < 1e-9);
    ten_exploration_release(&exploration);
    for (size_t stop_at = 1, calls = seen.calls; stop_at <= calls; stop_at++) { /* wherever it is stopped */
        seen = (struct watch){.stop_at = stop_at};
        assert_fails(ten_explore(&exploration, &dataset, &run, &error), TEN_CANCELLED, "stopped");
        assert_null(exploration.all.mean);
        assert_int_equal(exploration.count, 0);
    }
    ten_dataset_release(&dataset);
}

static void test_bad_input(void **state) {
    (void)state;
    struct ten_dataset dataset;
    test_dataset(&dataset, 20, 4, 4, 4);
    struct ten_exploration exploration;
    struct ten_error error;
    const struct ten_dataset none = {0};
    assert_fails(ten_explore(&exploration, &none, NULL, &error), TEN_INVALID, "no images");
    dataset.labels[12] = 10;
    assert_fails(ten_explore(&exploration, &dataset, NULL, &error), TEN_INVALID, "image 12 ");
    assert_int_equal(exploration.count, 0);
    ten_exploration_release(&exploration);
    ten_exploration_release(NULL);
    ten_dataset_release(&dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_pandas),
        cmocka_unit_test(test_naively),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_equal_hashes_are_not_enough),
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_without_labels),
        cmocka_unit_test(test_progress_and_stopping),
        cmocka_unit_test(test_bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
