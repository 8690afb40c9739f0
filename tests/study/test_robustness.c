/* Robustness and learning curves against the same done step by step through the public functions. */
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 14 };

static struct ten_pipeline *fitted(const char *model, const struct ten_dataset *train, uint64_t seed) {
    struct ten_error error;
    struct ten_pipeline *pipeline;
    struct ten_run run = {.seed = seed};
    assert_ok(ten_pipeline_new(&pipeline, model, "scale", NULL, 0, &error));
    assert_ok(ten_pipeline_fit(pipeline, train, &run, &error));
    return pipeline;
}

static double accuracy_of(const struct ten_pipeline *pipeline, const struct ten_dataset *set) {
    struct ten_error error;
    float *probabilities = malloc(set->count * TEN_CLASSES * sizeof *probabilities);
    assert_ok(
        ten_pipeline_predict(pipeline, set->images, set->count, set->height, set->width, probabilities, NULL, &error));
    size_t correct = 0;
    for (size_t i = 0; i < set->count; i++) correct += ten_label(probabilities + i * TEN_CLASSES) == set->labels[i];
    free(probabilities);
    return (double)correct / (double)set->count;
}

static bool go_on(void *context, const struct ten_progress *progress) {
    double *last = context;
    assert_string_equal(progress->unit, "strengths");
    assert_true(progress->done >= *last && progress->done < progress->total);
    *last = progress->done;
    return true;
}

static bool stop(void *context, const struct ten_progress *progress) {
    (void)progress;
    int *left = context;
    return --*left >= 0;
}

static void test_robustness(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_dataset train, test;
    test_dataset(&train, 600, SIDE, SIDE, 1);
    test_dataset(&test, 300, SIDE, SIDE, 2);
    struct ten_pipeline *pipeline = fitted("knn", &train, 0);
    bool worse = false;
    for (size_t kind = 0; ten_corruption_at(kind); kind++) {
        double one[TEN_STRENGTHS], many[TEN_STRENGTHS], last = 0;
        struct ten_run run = {.seed = 4, .threads = 1}, more = {.seed = 4, .threads = 3, go_on, &last};
        assert_ok(ten_robustness(one, pipeline, &test, kind, &run, &error));
        assert_ok(ten_robustness(many, pipeline, &test, kind, &more, &error));
        assert_memory_equal(one, many, sizeof one);
        assert_true(last == TEN_STRENGTHS - 1);
        for (size_t s = 0; s < TEN_STRENGTHS; s++) {
            struct ten_dataset spoilt;
            assert_ok(ten_corrupt(&spoilt, &test, kind, ten_corruption_at(kind)->strengths[s], &run, &error));
            assert_true(one[s] == accuracy_of(pipeline, &spoilt));
            ten_dataset_release(&spoilt);
        }
        worse = worse || one[TEN_STRENGTHS - 1] < one[0];
    }
    assert_true(worse);
    ten_pipeline_free(pipeline);
    ten_dataset_release(&train);
    ten_dataset_release(&test);
}

static void test_robustness_errors(void **state) {
    (void)state;
    struct ten_error error;
    double accuracy[TEN_STRENGTHS];
    struct ten_dataset train, small;
    test_dataset(&train, 300, SIDE, SIDE, 1);
    test_dataset(&small, 50, SIDE, SIDE - 1, 1);
    struct ten_pipeline *pipeline = fitted("knn", &train, 0), *raw;
    assert_fails(ten_robustness(accuracy, pipeline, &train, 8, NULL, &error), TEN_INVALID, "no corruption 8");
    assert_fails(ten_robustness(accuracy, pipeline, &small, 0, NULL, &error), TEN_INVALID, "14x13");
    struct ten_dataset unknown = train;
    unknown.labels = NULL;
    assert_fails(ten_robustness(accuracy, pipeline, &unknown, 0, NULL, &error), TEN_INVALID, "labels");
    assert_ok(ten_pipeline_new(&raw, "knn", NULL, NULL, 0, &error));
    assert_fails(ten_robustness(accuracy, raw, &train, 0, NULL, &error), TEN_INVALID, "not been fitted");
    for (int calls = 0; calls < 12; calls += 3) {
        int left = calls;
        struct ten_run run = {.progress = stop, .context = &left, .threads = 1};
        assert_fails(ten_robustness(accuracy, pipeline, &train, 1, &run, &error), TEN_CANCELLED, "");
    }
    ten_pipeline_free(raw);
    ten_pipeline_free(pipeline);
    ten_dataset_release(&train);
    ten_dataset_release(&small);
}

/* ---- The learning curve ----------------------------------------------------------------------------------------- */

static void check_same(const struct ten_learning_point *a, const struct ten_learning_point *b) {
    assert_int_equal(a->train_count, b->train_count);
    assert_true(a->train_accuracy == b->train_accuracy && a->accuracy == b->accuracy);
    assert_true(a->accuracy_low == b->accuracy_low && a->accuracy_high == b->accuracy_high);
}

static void test_learning(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_dataset train, test;
    test_dataset(&train, 3000, SIDE, SIDE, 1);
    test_dataset(&test, 300, SIDE, SIDE, 2);
    static const char *const models[] = {"nearest-centroid", "random-forest"};
    for (size_t m = 0; m < 2; m++) {
        struct ten_pipeline *pipeline = fitted(models[m], &train, 7);
        struct ten_learning_point points[TEN_LEARNING_POINTS], again[TEN_LEARNING_POINTS];
        size_t count, counted;
        struct ten_run run = {.seed = 3, .threads = 1}, more = {.seed = 3, .threads = 3};
        assert_ok(ten_learning_curve(points, &count, pipeline, &train, &test, &run, &error));
        assert_ok(ten_learning_curve(again, &counted, pipeline, &train, &test, &more, &error));
        assert_int_equal(counted, count);
        assert_int_equal(count, 4); /* a hundredth and a thirtieth are ten of each class, 100 both */
        static const size_t sizes[] = {100, 300, 1000, 3000};
        for (size_t i = 0; i < count; i++) {
            check_same(&points[i], &again[i]);
            assert_int_equal(points[i].train_count, sizes[i]);
            double low, high;
            ten_wilson_interval((size_t)(points[i].accuracy * 300 + 0.5), 300, &low, &high);
            assert_true(points[i].accuracy_low == low && points[i].accuracy_high == high);
            assert_true(points[i].fit_seconds > 0);
        }
        assert_true(points[3].accuracy == accuracy_of(pipeline, &test));
        assert_true(points[3].train_accuracy == accuracy_of(pipeline, &train));
        assert_true(points[0].accuracy < points[3].accuracy || m == 0); /* an average needs few images */
        assert_true(points[3].fit_seconds == ten_pipeline_describe(pipeline).fit_seconds);
        ten_pipeline_free(pipeline);
    }
    ten_dataset_release(&train);
    ten_dataset_release(&test);
}

/* One nearest neighbour is right on all images of its part, and only by chance on the others, if the labels say nothing
 * about the images: so the curve shows how many it was given, and that its settings were those of the pipeline. */
static void test_parts(void **state) {
    (void)state;
    struct ten_error error;
    enum { COUNT = 2400, RARE = 7 };
    struct ten_dataset train = {COUNT, 4, 4, calloc(COUNT, 16), malloc(COUNT)};
    for (size_t i = 0; i < COUNT; i++) { /* class 9 has few images, classes 1 and 2 share the rest */
        train.labels[i] = i % (COUNT / RARE) == 0 && i / (COUNT / RARE) < RARE ? 9 : (uint8_t)(1 + i % 2);
        train.images[16 * i] = (uint8_t)i, train.images[16 * i + 1] = (uint8_t)(i >> 8);
        train.images[16 * i + 2] = (uint8_t)(i * 37), train.images[16 * i + 3] = (uint8_t)(i * 101);
    }
    struct ten_pipeline *pipeline;
    static const char *const settings[] = {"n_neighbors=1"};
    assert_ok(ten_pipeline_new(&pipeline, "knn", "none", settings, 1, &error));
    assert_ok(ten_pipeline_fit(pipeline, &train, NULL, &error));
    struct ten_learning_point points[TEN_LEARNING_POINTS], other[TEN_LEARNING_POINTS];
    size_t count;
    assert_ok(ten_learning_curve(points, &count, pipeline, &train, &train, NULL, &error));
    assert_int_equal(count, 5);
    /* of both large classes 1196 or 1197: a hundredth rounded to whole images in a row, and all seven of the rare one
     */
    assert_int_equal(points[0].train_count, 11 + 12 + 7);
    assert_int_equal(points[1].train_count, 39 + 40 + 7);
    assert_int_equal(points[2].train_count, 119 + 120 + 7);
    assert_int_equal(points[3].train_count, 398 + 399 + 7);
    assert_int_equal(points[4].train_count, COUNT);
    for (size_t i = 0; i < 5; i++) {
        assert_true(points[i].train_accuracy == 1);
        assert_true(points[i].accuracy * COUNT >= (double)points[i].train_count);
    }
    assert_true(points[4].accuracy == 1);
    assert_ok(ten_learning_curve(other, &count, pipeline, &train, &train, &(struct ten_run){.seed = 1}, &error));
    bool differs = false;
    for (size_t i = 0; i < 4; i++) differs = differs || other[i].accuracy != points[i].accuracy;
    assert_true(differs); /* the seed chooses the parts */
    ten_pipeline_free(pipeline);
    ten_dataset_release(&train);
}

/* A loaded pipeline makes the same curve, with the settings that it was fitted with; only its time is not known. */
static void test_loaded(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_dataset train, test;
    test_dataset(&train, 500, SIDE, SIDE, 1);
    test_dataset(&test, 200, SIDE, SIDE, 2);
    static const char *const settings[] = {"n_estimators=9", "max_depth=4"};
    struct ten_pipeline *pipeline, *loaded;
    assert_ok(ten_pipeline_new(&pipeline, "random-forest", "scale", settings, 2, &error));
    assert_ok(ten_pipeline_fit(pipeline, &train, &(struct ten_run){.seed = 8}, &error));
    const char *path = test_path(test_folder(), "forest.safetensors");
    assert_ok(ten_pipeline_save(pipeline, path, &error));
    assert_ok(ten_pipeline_load(&loaded, path, &error));
    struct ten_learning_point points[TEN_LEARNING_POINTS], again[TEN_LEARNING_POINTS];
    size_t count, counted;
    assert_ok(ten_learning_curve(points, &count, pipeline, &train, &test, NULL, &error));
    assert_ok(ten_learning_curve(again, &counted, loaded, &train, &test, NULL, &error));
    assert_int_equal(count, counted);
    for (size_t i = 0; i < count; i++) check_same(&points[i], &again[i]);
    assert_true(isnan(again[count - 1].fit_seconds) && again[0].fit_seconds > 0);
    ten_pipeline_free(pipeline);
    ten_pipeline_free(loaded);
    ten_dataset_release(&train);
    ten_dataset_release(&test);
}

static void test_learning_errors(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_dataset train, test;
    test_dataset(&train, 400, SIDE, SIDE, 1);
    test_dataset(&test, 100, SIDE, SIDE, 2);
    struct ten_pipeline *pipeline = fitted("logistic", &train, 0), *raw;
    struct ten_learning_point points[TEN_LEARNING_POINTS];
    size_t count;
    assert_fails(ten_learning_curve(points, &count, pipeline, &test, &test, NULL, &error), TEN_INVALID,
                 "was fitted on 400 images, not on these 100");
    assert_int_equal(count, 0);
    struct ten_dataset unknown = test;
    unknown.labels = NULL;
    assert_fails(ten_learning_curve(points, &count, pipeline, &train, &unknown, NULL, &error), TEN_INVALID, "labels");
    assert_ok(ten_pipeline_new(&raw, "knn", NULL, NULL, 0, &error));
    assert_fails(ten_learning_curve(points, &count, raw, &train, &test, NULL, &error), TEN_INVALID, "not been fitted");
    int left = 3;
    struct ten_run run = {.progress = stop, .context = &left, .threads = 1};
    assert_fails(ten_learning_curve(points, &count, pipeline, &train, &test, &run, &error), TEN_CANCELLED, "");
    assert_int_equal(count, 0);
    ten_pipeline_free(raw);
    ten_pipeline_free(pipeline);
    ten_dataset_release(&train);
    ten_dataset_release(&test);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_robustness), cmocka_unit_test(test_robustness_errors),
        cmocka_unit_test(test_learning),   cmocka_unit_test(test_parts),
        cmocka_unit_test(test_loaded),     cmocka_unit_test(test_learning_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
