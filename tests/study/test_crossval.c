/* Cross-validation against doing it by hand, and that no fold sees its own images. */
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct ten_error error;
enum { COUNT = 203, FOLDS = 4 };

static void is_what_one_does_by_hand(void **state) {
    (void)state;
    static const char *const models[] = {"naive-bayes", "knn", "mlp"};
    struct ten_dataset all;
    test_dataset(&all, COUNT, 12, 12, 3);
    size_t fold[COUNT], rows[COUNT];
    struct ten_run run = {.seed = 9};
    assert_ok(ten_split_folds(all.labels, COUNT, FOLDS, 1, fold, &error));
    for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
        struct ten_fold results[FOLDS];
        float probabilities[COUNT * TEN_CLASSES];
        for (size_t i = 0; i < COUNT * TEN_CLASSES; i++) probabilities[i] = -1;
        assert_ok(
            ten_crossvalidate(models[m], "scale", NULL, 0, &all, fold, FOLDS, results, probabilities, &run, &error));
        for (size_t f = 0; f < FOLDS; f++) {
            struct ten_dataset others, own;
            struct ten_pipeline *pipeline;
            struct ten_metrics metrics;
            size_t in = 0, out = 0;
            for (size_t i = 0; i < COUNT; i++)
                if (fold[i] != f) rows[out++] = i;
            assert_ok(ten_dataset_select(&others, &all, rows, out, &error));
            for (size_t i = 0; i < COUNT; i++)
                if (fold[i] == f) rows[in++] = i;
            assert_ok(ten_dataset_select(&own, &all, rows, in, &error));
            float expected[COUNT * TEN_CLASSES];
            assert_ok(ten_pipeline_new(&pipeline, models[m], "scale", NULL, 0, &error));
            assert_ok(ten_pipeline_fit(pipeline, &others, &run, &error));
            assert_ok(ten_pipeline_predict(pipeline, own.images, in, 12, 12, expected, &run, &error));
            assert_ok(ten_metrics_compute(&metrics, own.labels, expected, in, &error));
            assert_true(metrics.accuracy == results[f].accuracy && metrics.log_loss == results[f].log_loss);
            for (size_t i = 0; i < in; i++)
                assert_memory_equal(probabilities + rows[i] * TEN_CLASSES, expected + i * TEN_CLASSES,
                                    TEN_CLASSES * sizeof *expected);
            ten_pipeline_free(pipeline);
            ten_dataset_release(&others);
            ten_dataset_release(&own);
        }
    }
    ten_dataset_release(&all);
}

/* Every image is there twice under one label and once, in the other fold only, under another: what has seen it would
 * remember it. A nearest neighbour that saw its own fold would be right always; this one must be wrong always. */
static void no_fold_sees_its_own_images(void **state) {
    (void)state;
    enum { PAIRS = 40 };
    struct ten_dataset all;
    test_dataset(&all, 2 * PAIRS, 8, 8, 1);
    size_t fold[2 * PAIRS];
    for (size_t i = 0; i < PAIRS; i++) { /* pairs of equal images in different folds, with different labels */
        memcpy(all.images + (PAIRS + i) * 64, all.images + i * 64, 64);
        all.images[i * 64] = all.images[(PAIRS + i) * 64] = (uint8_t)(i + 1); /* no two pairs are alike */
        all.labels[i] = (uint8_t)(i % 5);
        all.labels[PAIRS + i] = (uint8_t)(5 + i % 5);
        fold[i] = 0;
        fold[PAIRS + i] = 1;
    }
    static const char *const one[] = {"n_neighbors=1"};
    struct ten_fold results[2];
    assert_ok(ten_crossvalidate("knn", "none", one, 1, &all, fold, 2, results, NULL, NULL, &error));
    assert_true(results[0].accuracy == 0 && results[1].accuracy == 0);
    ten_dataset_release(&all);
}

static void refuses_what_are_no_folds(void **state) {
    (void)state;
    struct ten_dataset all;
    test_dataset(&all, 30, 8, 8, 1);
    size_t fold[30] = {0};
    struct ten_fold results[3];
    assert_fails(ten_crossvalidate("knn", NULL, NULL, 0, &all, fold, 2, results, NULL, NULL, &error), TEN_INVALID,
                 "fold 0 has 30 of 30");
    fold[3] = 7;
    assert_fails(ten_crossvalidate("knn", NULL, NULL, 0, &all, fold, 2, results, NULL, NULL, &error), TEN_INVALID,
                 "row 3 is of fold 7, expected 0..1");
    fold[3] = 1;
    assert_fails(ten_crossvalidate("knn", NULL, NULL, 0, &all, fold, 1, results, NULL, NULL, &error), TEN_INVALID,
                 "at least 2");
    assert_fails(ten_crossvalidate("knn", NULL, NULL, 0, &all, fold, 3, results, NULL, NULL, &error), TEN_INVALID,
                 "fold 2 has 0 of 30");
    assert_fails(ten_crossvalidate("nothing", NULL, NULL, 0, &all, fold, 2, results, NULL, NULL, &error), TEN_INVALID,
                 "nothing");
    struct ten_run run = {.progress = stop_at_once};
    assert_fails(ten_crossvalidate("mlp", "scale", NULL, 0, &all, fold, 2, results, NULL, &run, &error), TEN_CANCELLED,
                 "");
    free(all.labels);
    all.labels = NULL;
    assert_fails(ten_crossvalidate("knn", NULL, NULL, 0, &all, fold, 2, results, NULL, NULL, &error), TEN_INVALID,
                 "no labels");
    ten_dataset_release(&all);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_what_one_does_by_hand),
        cmocka_unit_test(no_fold_sees_its_own_images),
        cmocka_unit_test(refuses_what_are_no_folds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
