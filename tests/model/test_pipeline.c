/* Pipelines as a whole: every model behind several chains is fitted, saved, loaded and asked; the number of threads
 * does not show; a file that was cut, changed or forged is refused or harmless; misuse gets a message. */
#include "test.h"

#include "data/safetensors.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COUNT = 60, ASKED = 25, HEIGHT = 5, WIDTH = 4 };

static const char *const models[] = {"naive-bayes",       "knn",           "logistic",      "lda",         "qda",
                                     "nearest-centroid",  "decision-tree", "random-forest", "extra-trees", "svm",
                                     "gradient-boosting", "network"};
static const char *const chains[] = {"scale", "original", "deskew,pca=5", "none", "center"};
enum { MODELS = sizeof models / sizeof *models, CHAINS = sizeof chains / sizeof *chains };

static struct ten_pipeline *make(const char *model, const char *prep) {
    /* few iterations and trees: they are not what is tested here; covariances of a few images are singular */
    bool forest = strcmp(model, "random-forest") == 0 || strcmp(model, "extra-trees") == 0 ||
                  strcmp(model, "gradient-boosting") == 0;
    const char *const settings[] = {strcmp(model, "logistic") == 0  ? "max_iter=5"
                                    : strcmp(model, "qda") == 0     ? "reg_param=0.5"
                                    : strcmp(model, "network") == 0 ? "net=dense 7, batchnorm, relu, dense 10"
                                    : forest                        ? "n_estimators=5"
                                                                    : NULL,
                                    "batch_size=25", "epochs=2", "validation_fraction=0.2", "keep_best=true"};
    size_t count = strcmp(model, "network") == 0 ? 5 : settings[0] ? 1 : 0;
    struct ten_pipeline *pipeline;
    struct ten_error error;
    assert_ok(ten_pipeline_new(&pipeline, model, prep, settings, count, &error));
    return pipeline;
}

static struct ten_pipeline *make_fitted(const char *model, const char *prep, const struct ten_dataset *set,
                                        int threads) {
    struct ten_pipeline *pipeline = make(model, prep);
    struct ten_error error;
    assert_ok(ten_pipeline_fit(pipeline, set, &(struct ten_run){.threads = threads, .seed = 77}, &error));
    return pipeline;
}

static void predict(const struct ten_pipeline *pipeline, const struct ten_dataset *set, size_t count, int threads,
                    float *probabilities) {
    struct ten_error error;
    assert_ok(ten_pipeline_predict(pipeline, set->images, count, set->height, set->width, probabilities,
                                   &(struct ten_run){.threads = threads}, &error));
}

static void assert_probabilities(const float *probabilities, size_t count) {
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        for (size_t c = 0; c < TEN_CLASSES; c++) {
            float p = probabilities[i * TEN_CLASSES + c];
            if (!(p >= 0 && p <= 1)) fail_msg("row %zu, class %zu: probability %g", i, c, (double)p);
            sum += (double)p;
        }
        if (!(fabs(sum - 1) < 1e-5)) fail_msg("row %zu sums to %.9g", i, sum);
    }
}

static void assert_same_file(const char *a, const char *b) {
    size_t size, other_size;
    uint8_t *bytes = test_read(a, &size), *others = test_read(b, &other_size);
    assert_int_equal(size, other_size);
    assert_memory_equal(bytes, others, size);
    free(bytes);
    free(others);
}

/* ---- There and back ---- */

static void check_round_trip(const char *model, const char *prep, const struct ten_dataset *set, const char *folder) {
    struct ten_pipeline *pipeline = make_fitted(model, prep, set, 1), *loaded;
    float expected[ASKED * TEN_CLASSES], got[ASKED * TEN_CLASSES];
    struct ten_error error;
    predict(pipeline, set, ASKED, 1, expected);
    assert_probabilities(expected, ASKED);
    const char *first = test_path(folder, "first"), *second = test_path(folder, "second");
    assert_ok(ten_pipeline_save(pipeline, first, &error));
    assert_ok(ten_pipeline_save(pipeline, second, &error));
    assert_same_file(first, second);
    assert_ok(ten_pipeline_load(&loaded, first, &error));
    predict(loaded, set, ASKED, 1, got);
    assert_memory_equal(got, expected, sizeof expected);
    assert_ok(ten_pipeline_save(loaded, second, &error)); /* and what was loaded is saved as it was */
    assert_same_file(first, second);
    ten_pipeline_free(loaded);

    const int threads[] = {2, 3, 7};
    for (size_t t = 0; t < 3; t++) {
        struct ten_pipeline *other = make_fitted(model, prep, set, threads[t]);
        assert_ok(ten_pipeline_save(other, second, &error));
        assert_same_file(first, second);
        predict(other, set, ASKED, threads[t], got);
        assert_memory_equal(got, expected, sizeof expected);
        ten_pipeline_free(other);
    }
    for (size_t i = 0; i < ASKED; i += 11) { /* one image alone gets the same answer */
        assert_ok(
            ten_pipeline_predict(pipeline, set->images + i * HEIGHT * WIDTH, 1, HEIGHT, WIDTH, got, NULL, &error));
        for (size_t c = 0; c < TEN_CLASSES; c++) assert_true(fabsf(got[c] - expected[i * TEN_CLASSES + c]) <= 1e-5f);
    }
    ten_pipeline_free(pipeline);
}

static void test_round_trip(void **state) {
    (void)state;
    struct ten_dataset set;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 1);
    const char *folder = test_folder();
    for (size_t m = 0; m < MODELS; m++)
        for (size_t c = 0; c < CHAINS; c++) check_round_trip(models[m], chains[c], &set, folder);
    ten_dataset_release(&set);
}

/* ---- Describing ---- */

static void test_describe(void **state) {
    (void)state;
    struct ten_dataset set;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 2);
    struct ten_pipeline *pipeline, *loaded;
    struct ten_error error;
    const char *const settings[] = {"weights=distance", "n_neighbors=3"};
    assert_ok(ten_pipeline_new(&pipeline, "knn", "original", settings, 2, &error));
    struct ten_pipeline_info info = ten_pipeline_describe(pipeline);
    assert_string_equal(info.model->name, "knn");
    assert_string_equal(info.prep, "minmax,crop20,standardize");
    assert_string_equal(info.settings[0], "n_neighbors=3");
    assert_string_equal(info.settings[1], "weights=distance");
    assert_true(!info.fitted && info.parameters == 0 && info.train_count == 0 && info.features == 0);
    assert_true(info.height == 0 && info.width == 0 && info.history->rows == 0);
    assert_string_equal(info.class_names[9], "9");
    assert_string_equal(info.version, TEN_VERSION_STRING);

    const char *names[TEN_CLASSES] = {
        "zero", "one", "two", "three", "four", "five", "six", "seven", "\xc3\xa9t\xc3\xa9", ""};
    assert_ok(ten_pipeline_name_classes(pipeline, names, &error));
    assert_ok(ten_pipeline_fit(pipeline, &set, &(struct ten_run){.seed = UINT64_MAX}, &error));
    const char *path = test_path(test_folder(), "model");
    assert_ok(ten_pipeline_save(pipeline, path, &error));
    assert_ok(ten_pipeline_load(&loaded, path, &error));
    for (int i = 0; i < 2; i++) {
        info = ten_pipeline_describe(i ? loaded : pipeline);
        assert_true(info.fitted && info.converged && info.height == HEIGHT && info.width == WIDTH);
        assert_true(info.features == 400 && info.parameters == 400 * COUNT && info.train_count == COUNT);
        assert_int_equal(info.train_checksum, ten_dataset_checksum(&set));
        assert_true(info.seed == UINT64_MAX);
        assert_string_equal(info.prep, "minmax,crop20,standardize");
        assert_string_equal(info.settings[1], "weights=distance");
        for (int c = 0; c < TEN_CLASSES; c++) assert_string_equal(info.class_names[c], names[c]);
    }
    ten_pipeline_free(loaded);
    ten_pipeline_free(pipeline);
    ten_dataset_release(&set);
}

/* The history comes back as it was, and says whether the fit converged. */
static void test_history(void **state) {
    (void)state;
    struct ten_dataset set;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 3);
    struct ten_pipeline *pipeline = make_fitted("logistic", "scale", &set, 0), *loaded;
    struct ten_error error;
    const char *path = test_path(test_folder(), "model");
    assert_ok(ten_pipeline_save(pipeline, path, &error));
    assert_ok(ten_pipeline_load(&loaded, path, &error));
    const struct ten_history *a = ten_pipeline_describe(pipeline).history, *b = ten_pipeline_describe(loaded).history;
    assert_true(a->rows == 5 && b->rows == 5 && a->columns == b->columns);
    assert_memory_equal(a->values, b->values, a->rows * a->columns * sizeof *a->values);
    for (size_t j = 0; j < a->columns; j++) assert_string_equal(a->names[j], b->names[j]);
    assert_false(ten_pipeline_describe(pipeline).converged);
    assert_false(ten_pipeline_describe(loaded).converged);
    ten_pipeline_free(pipeline);
    ten_pipeline_free(loaded);
    ten_dataset_release(&set);
}

/* ---- Misuse ---- */

static void test_bad_names(void **state) {
    (void)state;
    struct ten_pipeline *pipeline = (struct ten_pipeline *)state;
    struct ten_error error;
    assert_fails(ten_pipeline_new(&pipeline, "perceptron", NULL, NULL, 0, &error), TEN_INVALID,
                 "naive-bayes, nearest-centroid, lda");
    assert_null(pipeline);
    assert_fails(ten_pipeline_new(&pipeline, "knn", "blur", NULL, 0, &error), TEN_INVALID, "blur");
    assert_fails(ten_pipeline_new(&pipeline, "knn", "", NULL, 0, &error), TEN_INVALID, "missing");
    assert_fails(ten_pipeline_new(&pipeline, "knn", "pca=0", NULL, 0, &error), TEN_INVALID, "pca=0");
    const char *const settings[] = {"C=1"};
    assert_fails(ten_pipeline_new(&pipeline, "knn", NULL, settings, 1, &error), TEN_INVALID, "n_neighbors, weights");
    assert_null(pipeline);
    assert_ok(ten_pipeline_new(&pipeline, "knn", NULL, NULL, 0, &error));
    char name[65];
    memset(name, 'n', 64);
    name[64] = '\0';
    const char *names[TEN_CLASSES] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", name};
    assert_fails(ten_pipeline_name_classes(pipeline, names, &error), TEN_INVALID, "63");
    assert_string_equal(ten_pipeline_describe(pipeline).class_names[0], "0");
    name[63] = '\0';
    assert_ok(ten_pipeline_name_classes(pipeline, names, &error));
    assert_string_equal(ten_pipeline_describe(pipeline).class_names[9], name);
    ten_pipeline_free(pipeline);
    ten_pipeline_free(NULL);
}

static void assert_unfitted(const struct ten_pipeline *pipeline) {
    struct ten_pipeline_info info = ten_pipeline_describe(pipeline);
    assert_true(!info.fitted && !info.converged && info.parameters == 0 && info.history->rows == 0);
    assert_true(info.features == 0 && info.height == 0 && info.width == 0 && info.train_count == 0);
    uint8_t image[HEIGHT * WIDTH] = {0};
    float probabilities[TEN_CLASSES];
    struct ten_features features;
    struct ten_error error;
    assert_fails(ten_pipeline_predict(pipeline, image, 1, HEIGHT, WIDTH, probabilities, NULL, &error), TEN_INVALID,
                 "not been fitted");
    assert_fails(ten_pipeline_features(pipeline, image, 1, HEIGHT, WIDTH, &features, NULL, &error), TEN_INVALID,
                 "not been fitted");
    assert_fails(ten_pipeline_save(pipeline, "/nowhere/model", &error), TEN_INVALID, "not been fitted");
}

static void test_bad_training_sets(void **state) {
    (void)state;
    struct ten_dataset set;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 4);
    struct ten_error error;
    for (size_t m = 0; m < MODELS; m++) {
        struct ten_pipeline *pipeline = make(models[m], "scale");
        assert_unfitted(pipeline);
        assert_ok(ten_pipeline_fit(pipeline, &set, NULL, &error));
        struct ten_dataset bad = set;
        bad.labels = NULL;
        assert_fails(ten_pipeline_fit(pipeline, &bad, NULL, &error), TEN_INVALID, "no labels");
        assert_unfitted(pipeline);
        bad = set;
        bad.count = 0;
        assert_fails(ten_pipeline_fit(pipeline, &bad, NULL, &error), TEN_INVALID, "no images");
        set.labels[31] = 10;
        assert_fails(ten_pipeline_fit(pipeline, &set, NULL, &error), TEN_INVALID, "label 10 of image 31");
        set.labels[31] = 0;
        bad = set;
        bad.height = TEN_MAX_SIDE + 1; /* could be saved, but not loaded again */
        bad.width = 1;
        bad.count = 1;
        assert_fails(ten_pipeline_fit(pipeline, &bad, NULL, &error), TEN_INVALID, "1025x1");
        bad.height = 0;
        assert_fails(ten_pipeline_fit(pipeline, &bad, NULL, &error), TEN_INVALID, "0x1");
        assert_unfitted(pipeline);
        ten_pipeline_free(pipeline);
    }
    struct ten_pipeline *pipeline = make("knn", "pca=20"); /* the chain fails, then the estimator */
    assert_ok(ten_pipeline_fit(pipeline, &set, NULL, &error));
    struct ten_dataset small = set;
    small.height = 2;
    assert_fails(ten_pipeline_fit(pipeline, &small, NULL, &error), TEN_INVALID, "pca=20");
    assert_unfitted(pipeline);
    small = set;
    small.count = 4;
    assert_fails(ten_pipeline_fit(pipeline, &small, NULL, &error), TEN_INVALID, "n_neighbors=5");
    assert_unfitted(pipeline);
    ten_pipeline_free(pipeline);
    ten_dataset_release(&set);
}

static void test_wrong_size(void **state) {
    (void)state;
    struct ten_dataset set;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 5);
    struct ten_error error;
    float probabilities[TEN_CLASSES] = {9};
    for (size_t m = 0; m < MODELS; m++) {
        struct ten_pipeline *pipeline = make_fitted(models[m], "center", &set, 0);
        assert_fails(ten_pipeline_predict(pipeline, set.images, 1, WIDTH, HEIGHT, probabilities, NULL, &error),
                     TEN_INVALID, "4x5 pixels, but the model was fitted on 5x4");
        assert_fails(ten_pipeline_predict(pipeline, set.images, 1, 28, 28, probabilities, NULL, &error), TEN_INVALID,
                     "28x28");
        assert_ok(ten_pipeline_predict(pipeline, set.images, 0, HEIGHT, WIDTH, probabilities, NULL, &error));
        assert_true(probabilities[0] == 9); /* none asked, none answered */
        struct ten_features features;
        assert_fails(ten_pipeline_features(pipeline, set.images, 1, WIDTH, HEIGHT, &features, NULL, &error),
                     TEN_INVALID, "4x5");
        assert_null(features.values);
        assert_ok(ten_pipeline_features(pipeline, set.images, 3, HEIGHT, WIDTH, &features, NULL, &error));
        assert_true(features.rows == 3 && features.columns == 28 * 28 && features.height == 28 && features.width == 28);
        ten_features_release(&features);
        ten_features_release(&features);
        ten_pipeline_free(pipeline);
    }
    ten_dataset_release(&set);
}

/* ---- Networks ---- */

static void test_networks(void **state) {
    (void)state;
    struct ten_dataset set;
    struct ten_error error;
    struct ten_pipeline *pipeline, *loaded;
    test_dataset(&set, COUNT, 12, 10, 3);
    const char *path = test_path(test_folder(), "network");
    static const char *const settings[] = {"net=conv 3 3x3 pad 1, batchnorm, relu, maxpool 2, dropout 0.25, dense 10",
                                           "epochs=2",
                                           "batch_size=20",
                                           "average=0.9",
                                           "optimizer=lion",
                                           "learning_rate=0.01",
                                           "shift=1",
                                           "elastic=3"};
    assert_ok(ten_pipeline_new(&pipeline, "network", NULL, settings, sizeof settings / sizeof *settings, &error));
    char *summary;
    assert_ok(ten_pipeline_summarise(pipeline, 12, 10, &summary, &error));
    assert_true(strstr(summary, "conv 3 3x3 pad 1") && strstr(summary, "6x5x3") && strstr(summary, "946"));
    free(summary);
    assert_fails(ten_pipeline_summarise(pipeline, 1, 1, &summary, &error), TEN_INVALID, "network for images of 1x1: ");
    assert_null(summary);
    assert_ok(ten_pipeline_fit(pipeline, &set, NULL, &error));
    struct ten_pipeline_info info = ten_pipeline_describe(pipeline);
    assert_int_equal(info.parameters, 3 * 10 + 2 * 3 + 90 * 10 + 10);
    assert_true(info.history->rows == 2 && info.history->columns == 5);
    assert_string_equal(info.history->names[4], "seconds"); /* which no file keeps */
    assert_ok(ten_pipeline_save(pipeline, path, &error));
    assert_ok(ten_pipeline_load(&loaded, path, &error));
    struct ten_pipeline_info again = ten_pipeline_describe(loaded);
    assert_true(again.history->rows == 2 && again.history->columns == 4 && again.parameters == info.parameters);
    for (size_t i = 0; i < 8; i++) assert_true(again.history->values[i] == info.history->values[i + i / 4]);
    assert_string_equal(again.settings[again.model->parameter_count - 1], settings[0]);
    float expected[COUNT * TEN_CLASSES], got[COUNT * TEN_CLASSES];
    assert_ok(ten_pipeline_predict(pipeline, set.images, COUNT, 12, 10, expected, NULL, &error));
    assert_ok(ten_pipeline_predict(loaded, set.images, COUNT, 12, 10, got, NULL, &error));
    assert_memory_equal(got, expected, sizeof got);
    ten_pipeline_free(loaded);
    ten_pipeline_free(pipeline);

    assert_ok(ten_pipeline_new(&pipeline, "network", "pca=3", settings, 1, &error)); /* no images any more */
    assert_fails(ten_pipeline_fit(pipeline, &set, NULL, &error), TEN_INVALID, "3 plain numbers");
    assert_unfitted(pipeline);
    ten_pipeline_free(pipeline);
    assert_ok(ten_pipeline_new(&pipeline, "mlp", "scale,pca=3", NULL, 0, &error)); /* which is nothing to a dense one */
    assert_ok(ten_pipeline_fit(pipeline, &set, NULL, &error));
    assert_int_equal(ten_pipeline_describe(pipeline).parameters, 4 * 256 + 2570);
    assert_int_equal(ten_pipeline_describe(pipeline).history->rows, 5);
    ten_pipeline_free(pipeline);
    assert_ok(ten_pipeline_new(&pipeline, "cnn", "pca=3", NULL, 0, &error));
    assert_fails(ten_pipeline_summarise(pipeline, 12, 10, &summary, &error), TEN_INVALID, "cnn");
    ten_pipeline_free(pipeline);
    ten_dataset_release(&set);

    /* those with names are made for MNIST's images and for the original chain's */
    static const char *const names[] = {"mlp", "mlp2", "cnn", "cnn2", "lenet5", "cnn-best", "cnn-hand"};
    const char *const dropout[] = {"dropout=0.5"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int original = 0; original < 2; original++) {
            assert_ok(ten_pipeline_new(&pipeline, names[i], original ? "original" : NULL, dropout, 1, &error));
            assert_ok(ten_pipeline_summarise(pipeline, 28, 28, &summary, &error));
            assert_non_null(strstr(summary, "dropout 0.5"));
            free(summary);
            ten_pipeline_free(pipeline);
        }
    assert_ok(ten_pipeline_new(&pipeline, "knn", NULL, NULL, 0, &error));
    assert_ok(ten_pipeline_summarise(pipeline, 28, 28, &summary, &error));
    assert_null(summary);
    ten_pipeline_free(pipeline);
}

/* test_shift: the mean of what the same weights say of the images moved by hand. */
static void test_moved_predictions(void **state) {
    (void)state;
    enum { IMAGES = 60, H = 9, W = 7, SHIFT = 2 };
    struct ten_dataset set;
    struct ten_error error;
    test_dataset(&set, IMAGES, H, W, 4);
    static const char *const preps[] = {"scale", "minmax"}; /* bytes, floats with zeros around */
    for (size_t p = 0; p < 2; p++) {
        const char *plain[] = {"net=conv 4 3x3, relu, dense 10", "epochs=2"};
        const char *mean[] = {"net=conv 4 3x3, relu, dense 10", "epochs=2", "test_shift=2"};
        struct ten_pipeline *one, *all;
        static float expected[IMAGES * TEN_CLASSES], some[IMAGES * TEN_CLASSES], got[IMAGES * TEN_CLASSES];
        uint8_t *moved = malloc(IMAGES * H * W);
        assert_non_null(moved);
        assert_ok(ten_pipeline_new(&one, "network", preps[p], plain, 2, &error));
        assert_ok(ten_pipeline_new(&all, "network", preps[p], mean, 3, &error));
        assert_ok(ten_pipeline_fit(one, &set, NULL, &error));
        assert_ok(ten_pipeline_fit(all, &set, NULL, &error));
        memset(expected, 0, sizeof expected);
        for (int down = -SHIFT; down <= SHIFT; down++)
            for (int right = -SHIFT; right <= SHIFT; right++) {
                for (int i = 0; i < IMAGES * H * W; i++) {
                    int y = i / W % H - down, x = i % W - right;
                    bool inside = y >= 0 && y < H && x >= 0 && x < W;
                    moved[i] = inside ? set.images[i / (H * W) * H * W + y * W + x] : 0;
                }
                assert_ok(ten_pipeline_predict(one, moved, IMAGES, H, W, some, NULL, &error));
                for (size_t i = 0; i < IMAGES * TEN_CLASSES; i++) expected[i] += some[i] / 25;
            }
        assert_ok(ten_pipeline_predict(all, set.images, IMAGES, H, W, got, NULL, &error));
        if (p == 0) /* minmax is of each pixel, which moves after it */
            for (size_t i = 0; i < IMAGES * TEN_CLASSES; i++) assert_true(fabsf(got[i] - expected[i]) < 1e-5f);
        for (size_t i = 0; i < IMAGES; i++) {
            double sum = 0;
            for (size_t c = 0; c < TEN_CLASSES; c++) sum += (double)got[i * TEN_CLASSES + c];
            assert_true(fabs(sum - 1) < 1e-5);
        }
        free(moved);
        ten_pipeline_free(one);
        ten_pipeline_free(all);
    }
    ten_dataset_release(&set);
}

/* ---- Looking on ---- */

struct looker {
    const char *folder;
    size_t epochs, stop_after; /* epochs seen; 0: none */
};

/* Keeps the model of each epoch as a file. */
static bool keep_epoch(void *context, const struct ten_pipeline *pipeline) {
    struct looker *looker = context;
    struct ten_error error;
    char name[16];
    snprintf(name, sizeof name, "epoch%zu", ++looker->epochs);
    struct ten_pipeline_info info = ten_pipeline_describe(pipeline);
    assert_true(info.fitted && info.history->rows == looker->epochs && info.train_count == COUNT);
    assert_ok(ten_pipeline_save(pipeline, test_path(looker->folder, name), &error));
    return looker->epochs != looker->stop_after;
}

static void fit_network(const char *path, const char *epochs, const char *more, const struct ten_run *run) {
    const char *const settings[] = {"net=conv 3 3x3 pad 1, batchnorm, relu, maxpool 2, dense 10", epochs,
                                    "batch_size=20", "shift=1", more};
    struct ten_pipeline *pipeline;
    struct ten_dataset set;
    struct ten_error error;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 3);
    assert_ok(ten_pipeline_new(&pipeline, "network", NULL, settings, 5, &error));
    assert_ok(ten_pipeline_fit(pipeline, &set, run, &error));
    assert_ok(ten_pipeline_save(pipeline, path, &error));
    ten_pipeline_free(pipeline);
    ten_dataset_release(&set);
}

/* What an epoch shows is what training for so many epochs gives, and what comes of a fit does not depend on whether
 * somebody looks. */
static void test_epochs(void **state) {
    (void)state;
    const char *folder = test_folder(), *alone = test_path(folder, "alone"), *seen = test_path(folder, "seen");
    static const char *const more[] = {"average=0", "average=0.9"};
    for (size_t i = 0; i < 2; i++) {
        struct looker looker = {.folder = folder};
        struct ten_run run = {.epoch = keep_epoch, .context = &looker};
        fit_network(alone, "epochs=3", more[i], NULL);
        fit_network(seen, "epochs=3", more[i], &run);
        assert_int_equal(looker.epochs, 3);
        assert_same_file(alone, seen);
        assert_same_file(alone, test_path(folder, "epoch3"));
        struct ten_pipeline *shorter, *epoch;
        struct ten_dataset set;
        struct ten_error error;
        float expected[COUNT * TEN_CLASSES], got[COUNT * TEN_CLASSES];
        test_dataset(&set, COUNT, HEIGHT, WIDTH, 4);
        fit_network(alone, "epochs=2", more[i], NULL); /* a constant rate: the same as far as it goes */
        assert_ok(ten_pipeline_load(&shorter, alone, &error));
        assert_ok(ten_pipeline_load(&epoch, test_path(folder, "epoch2"), &error));
        assert_ok(ten_pipeline_predict(shorter, set.images, COUNT, HEIGHT, WIDTH, expected, NULL, &error));
        assert_ok(ten_pipeline_predict(epoch, set.images, COUNT, HEIGHT, WIDTH, got, NULL, &error));
        assert_memory_equal(got, expected, sizeof got);
        ten_pipeline_free(shorter);
        ten_pipeline_free(epoch);
        ten_dataset_release(&set);
    }
}

static void test_stop_after_epoch(void **state) {
    (void)state;
    struct looker looker = {.folder = test_folder(), .stop_after = 2};
    struct ten_run run = {.epoch = keep_epoch, .context = &looker};
    const char *const settings[] = {"epochs=3"};
    struct ten_pipeline *pipeline;
    struct ten_dataset set;
    struct ten_error error;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 3);
    assert_ok(ten_pipeline_new(&pipeline, "mlp", "scale", settings, 1, &error));
    assert_fails(ten_pipeline_fit(pipeline, &set, &run, &error), TEN_CANCELLED, "stopped during fit mlp");
    assert_int_equal(looker.epochs, 2);
    assert_unfitted(pipeline);
    ten_pipeline_free(pipeline);
    assert_ok(ten_pipeline_new(&pipeline, "logistic", "scale", NULL, 0, &error)); /* which has no epochs */
    assert_ok(ten_pipeline_fit(pipeline, &set, &run, &error));
    assert_int_equal(looker.epochs, 2);
    ten_pipeline_free(pipeline);
    ten_dataset_release(&set);
}

/* A pipeline that was fitted on something else is, once refitted, as good as new. */
static void test_refit(void **state) {
    (void)state;
    struct ten_dataset one, other;
    test_dataset(&one, COUNT, HEIGHT, WIDTH, 6);
    test_dataset(&other, COUNT + 30, HEIGHT + 2, WIDTH + 1, 7);
    const char *folder = test_folder(), *fresh_path = test_path(folder, "fresh"), *path = test_path(folder, "again");
    struct ten_error error;
    struct ten_run run = {.seed = 77, .threads = 1};
    for (size_t m = 0; m < MODELS; m++)
        for (size_t c = 0; c < CHAINS; c++) {
            struct ten_pipeline *fresh = make_fitted(models[m], chains[c], &one, 1);
            struct ten_pipeline *used = make_fitted(models[m], chains[c], &other, 1);
            assert_ok(ten_pipeline_fit(used, &one, &run, &error));
            assert_ok(ten_pipeline_save(fresh, fresh_path, &error));
            assert_ok(ten_pipeline_save(used, path, &error));
            assert_same_file(fresh_path, path);
            ten_pipeline_free(fresh);
            ten_pipeline_free(used);
        }
    ten_dataset_release(&one);
    ten_dataset_release(&other);
}

/* ---- Stopping ---- */

static bool stop_at(void *context, const struct ten_progress *progress) {
    assert_true(progress->stage && progress->unit);
    return --*(int *)context > 0;
}

/* Stopped at its first, second, ... report (later ones in larger steps) until a fit runs through: each time it says so
 * and is unfitted after. */
static void test_cancelling(void **state) {
    (void)state;
    struct ten_dataset set;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 8);
    const char *const preps[] = {"none", "deskew,pca=5", "original"};
    for (size_t m = 0; m < MODELS; m++)
        for (size_t p = 0; p < 3; p++) {
            struct ten_pipeline *pipeline = make_fitted(models[m], preps[p], &set, 1);
            enum ten_status status = TEN_CANCELLED;
            size_t stopped = 0;
            for (int calls = 1; status != TEN_OK && calls < 1000; calls += 1 + calls / 8) {
                int left = calls;
                struct ten_run run = {.threads = 1, .progress = stop_at, .context = &left};
                struct ten_error error = {.message = ""};
                status = ten_pipeline_fit(pipeline, &set, &run, &error);
                if (status == TEN_OK) break;
                assert_int_equal(status, TEN_CANCELLED);
                assert_non_null(strstr(error.message, "stopped during"));
                assert_unfitted(pipeline);
                stopped++;
            }
            assert_int_equal(status, TEN_OK);
            if (strcmp(models[m], "knn") != 0) assert_true(stopped > 0); /* knn's fit is only a copy */
            int left = 1;
            struct ten_run run = {.threads = 1, .progress = stop_at, .context = &left};
            float probabilities[COUNT * TEN_CLASSES];
            struct ten_error error;
            assert_fails(ten_pipeline_predict(pipeline, set.images, COUNT, HEIGHT, WIDTH, probabilities, &run, &error),
                         TEN_CANCELLED, "stopped during");
            ten_pipeline_free(pipeline);
        }
    ten_dataset_release(&set);
}

/* ---- Damaged files ---- */

/* Loads a file that may be anything: either it fails with its name in the message, or what it holds is a model that
 * answers with probabilities, or says why it cannot. Tells whether it was loaded. */
static bool try_to_load(const char *path, const char *name, const struct ten_dataset *set) {
    struct ten_pipeline *pipeline;
    struct ten_error error = {.message = ""};
    enum ten_status status = ten_pipeline_load(&pipeline, path, &error);
    if (status != TEN_OK) {
        if ((status != TEN_FORMAT && status != TEN_INVALID) || !strstr(error.message, name) || pipeline)
            fail_msg("loading gave \"%s\" (%s)", error.message, ten_status_words(status));
        return false;
    }
    float probabilities[3 * TEN_CLASSES];
    struct ten_pipeline_info info = ten_pipeline_describe(pipeline);
    if (info.height == set->height && info.width == set->width) {
        status = ten_pipeline_predict(pipeline, set->images, 3, set->height, set->width, probabilities,
                                      &(struct ten_run){.threads = 1}, &error);
        if (status == TEN_OK)
            assert_probabilities(probabilities, 3);
        else if (status != TEN_NUMERIC && status != TEN_INVALID)
            fail_msg("predicting gave \"%s\"", error.message);
    }
    ten_pipeline_free(pipeline);
    return true;
}

/* Small files, each with other tensors: [model][chain] and the size of images. */
static const struct damaged {
    const char *model, *prep;
    size_t count, height, width;
} damaged[] = {{"naive-bayes", "minmax", 20, 3, 2},
               {"knn", "scale", 12, 5, 4},
               {"knn", "standardize", 8, 3, 2},
               {"logistic", "deskew,pca=3", 20, 3, 2},
               {"lda", "scale", 30, 3, 2},
               {"qda", "scale", 30, 3, 1},
               {"nearest-centroid", "none", 20, 3, 2},
               {"random-forest", "scale", 12, 3, 2},
               {"decision-tree", "standardize", 8, 2, 2},
               {"gradient-boosting", "scale", 30, 3, 2},
               {"gradient-boosting", "standardize", 20, 2, 1},
               {"svm", "scale", 12, 5, 4},
               {"svm", "minmax", 8, 3, 2},
               {"network", "scale", 20, 5, 4},
               {"network", "minmax", 12, 4, 4}};
enum { DAMAGED = sizeof damaged / sizeof *damaged };

static uint8_t *save_one(size_t i, const char *path, struct ten_dataset *set, size_t *size) {
    test_dataset(set, damaged[i].count, damaged[i].height, damaged[i].width, 9);
    bool logistic = strcmp(damaged[i].model, "logistic") == 0;
    bool network = strcmp(damaged[i].model, "network") == 0;
    const char *const settings[] = {logistic  ? "max_iter=2"
                                    : network ? "net=conv 2 3x2, batchnorm, relu, maxpool 2, dense 10"
                                              : "n_estimators=3"};
    struct ten_pipeline *pipeline;
    struct ten_error error;
    bool trees = strcmp(damaged[i].model, "random-forest") == 0 || strcmp(damaged[i].model, "gradient-boosting") == 0;
    size_t count = logistic || trees || network;
    assert_ok(ten_pipeline_new(&pipeline, damaged[i].model, damaged[i].prep, settings, count, &error));
    assert_ok(ten_pipeline_fit(pipeline, set, NULL, &error));
    assert_ok(ten_pipeline_save(pipeline, path, &error));
    ten_pipeline_free(pipeline);
    return test_read(path, size);
}

static void test_cut_anywhere(void **state) {
    (void)state;
    const char *path = test_path(test_folder(), "cut.model");
    for (size_t i = 0; i < DAMAGED; i++) {
        struct ten_dataset set;
        size_t size;
        uint8_t *bytes = save_one(i, path, &set, &size);
        assert_true(size > 500 && size < 7000);
        assert_true(try_to_load(path, "cut.model", &set));
        for (size_t cut = size; cut-- > 0;) {
            assert_int_equal(truncate(path, (off_t)cut), 0);
            if (try_to_load(path, "cut.model", &set)) fail_msg("%s: loaded although cut at %zu", damaged[i].model, cut);
        }
        uint8_t *longer = calloc(size + 1, 1);
        assert_non_null(longer);
        memcpy(longer, bytes, size);
        test_write(path, longer, size + 1);
        assert_false(try_to_load(path, "cut.model", &set));
        free(longer);
        free(bytes);
        ten_dataset_release(&set);
    }
}

/* Changes one byte in place, which is quicker than writing the file anew. */
static void put_byte(const char *path, size_t at, uint8_t byte) {
    int file = open(path, O_WRONLY);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, &byte, 1, (off_t)at), 1);
    assert_int_equal(close(file), 0);
}

static void test_every_byte_changed(void **state) {
    (void)state;
    const char *path = test_path(test_folder(), "changed.model");
    const uint8_t masks[] = {0xff, 1};
    for (size_t i = 0; i < DAMAGED; i++) {
        struct ten_dataset set;
        size_t size;
        uint8_t *bytes = save_one(i, path, &set, &size);
        for (size_t at = 0; at < size; at++) {
            for (size_t m = 0; m < 2; m++) {
                put_byte(path, at, bytes[at] ^ masks[m]);
                try_to_load(path, "changed.model", &set);
            }
            put_byte(path, at, bytes[at]);
        }
        assert_true(try_to_load(path, "changed.model", &set));
        free(bytes);
        ten_dataset_release(&set);
    }
}

/* ---- Forged files ---- */

/* Writes the model file anew with the text under a metadata key changed (NULL: left out), and loads it. */
static void check_metadata(const char *good, const char *path, const char *key, const char *value, const char *part) {
    struct ten_tensors file;
    struct ten_error error;
    struct ten_pipeline *pipeline;
    assert_ok(ten_safetensors_read(&file, good, &error));
    if (value)
        assert_int_equal(json_object_set_new(file.metadata, key, json_string(value)), 0);
    else
        assert_int_equal(json_object_del(file.metadata, key), 0);
    assert_ok(ten_safetensors_write(&file, path, &error));
    ten_tensors_release(&file);
    assert_fails(ten_pipeline_load(&pipeline, path, &error), TEN_FORMAT, "forged.model: ");
    if (!strstr(error.message, part)) fail_msg("%s = %s: \"%s\", expected \"%s\"", key, value, error.message, part);
    assert_null(pipeline);
}

static void test_forged_metadata(void **state) {
    (void)state;
    struct ten_dataset set;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 10);
    struct ten_pipeline *pipeline = make_fitted("knn", "scale", &set, 0);
    const char *folder = test_folder(), *good = test_path(folder, "good.model"),
               *path = test_path(folder, "forged.model");
    struct ten_error error;
    assert_ok(ten_pipeline_save(pipeline, good, &error));
    static const char *const keys[] = {"format",  "version", "model",    "prep",   "parameters",
                                       "classes", "image",   "training", "history"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        check_metadata(good, path, keys[i], NULL, keys[i]);
        if (i >= 4) { /* those that are JSON */
            static const char *const bad[] = {
                "", "{", "[", "null", "3", "{}", "[]", "{\"a\":{\"b\":[1]}}", "[[1,2],[3]]", "\"x\""};
            for (size_t b = 0; b < sizeof bad / sizeof *bad; b++) {
                if (i == 4 && strcmp(bad[b], "{}") == 0) continue; /* no parameters: the defaults */
                check_metadata(good, path, keys[i], bad[b], "");
            }
        }
    }
    static const char *const forged[][3] = {
        {"format", "tenfold 2", "tenfold 2"},
        {"format", "", "format"},
        {"format", "tenfold 1 ", "format"},
        {"model", "perceptron", "perceptron"},
        {"model", "naive-bayes", "n_neighbors"}, /* it has other parameters */
        {"prep", "blur", "blur"},
        {"prep", "", "missing"},
        {"prep", "pca=3", "step0.mean"},
        {"prep", "pca=21", "pca=21"},
        {"prep", "minmax", "step0."},
        {"parameters", "{\"n_neighbors\":\"0\"}", "n_neighbors"},
        {"parameters", "{\"n_neighbors\":\"1001\"}", "n_neighbors"},
        {"parameters", "{\"n_neighbors\":\"61\"}", "n_neighbors"}, /* more than there are images */
        {"parameters", "{\"n_neighbors\":5}", "parameters"},
        {"parameters", "{\"n_neighbors\":\"5\",\"n_neighbors\":\"3\"}", "parameters"},
        {"parameters", "{\"weights\":\"some\"}", "weights"},
        {"parameters", "{\"depth\":\"5\"}", "depth"},
        {"image", "[5,5]", "model.images"},
        {"image", "[0,20]", "image"},
        {"image", "[-5,-4]", "image"},
        {"image", "[20]", "image"},
        {"image", "[5,4,1]", "image"},
        {"image", "[1025,1]", "image"},
        {"image", "[5.0,4.0]", "image"},
        {"image", "[4294967301,4]", "image"},
        {"classes", "[\"0\",\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\"]", "classes"},
        {"classes", "[0,1,2,3,4,5,6,7,8,9]", "classes"},
        {"training", "{\"count\":0,\"checksum\":\"00000000\",\"seed\":1,\"converged\":true}", "training"},
        {"training", "{\"count\":9,\"checksum\":\"0000000g\",\"seed\":1,\"converged\":true}", "training"},
        {"training", "{\"count\":9,\"checksum\":\"00000000\",\"seed\":\"1\",\"converged\":true}", "training"},
        {"training", "{\"count\":9,\"checksum\":\"00000000\",\"seed\":1,\"converged\":1}", "training"},
        {"history", "{\"names\":[\"a\"],\"rows\":[[1,2]]}", "history"},
        {"history", "{\"names\":[],\"rows\":[[]]}", "history"},
        {"history", "{\"names\":[\"a\"],\"rows\":[[\"1\"]]}", "history"},
        {"history", "{\"names\":[\"a\"],\"rows\":[1]}", "history"},
        {"history", "{\"names\":[1],\"rows\":[]}", "history"},
        {"history", "{\"names\":[\"a name that is far longer than any has a right to be\"],\"rows\":[]}", "history"},
        {"history", "{\"names\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"],\"rows\":[]}", "history"},
    };
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++)
        check_metadata(good, path, forged[i][0], forged[i][1], forged[i][2]);
    ten_pipeline_free(pipeline);
    ten_dataset_release(&set);
}

/* A network's text is believed only as far as the file's tensors are its own. */
static void test_forged_network(void **state) {
    (void)state;
    struct ten_dataset set;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 10);
    struct ten_pipeline *pipeline = make_fitted("network", "scale", &set, 0);
    const char *folder = test_folder(), *good = test_path(folder, "good.model"),
               *path = test_path(folder, "forged.model");
    struct ten_error error;
    assert_ok(ten_pipeline_save(pipeline, good, &error));
    static const char *const forged[][2] = {
        {NULL, "network"},
        {"", "network"},
        {"dense", "layer 1"},
        {"dense 7, batchnorm, relu, dense 9", "layer 4"},
        {"dense 7, batchnorm, relu, dropout 0.5, dense 10", "model.layer5"},
        {"dense 6, batchnorm, relu, dense 10", "model.layer1.weights"},
        {"dense 7, relu, batchnorm, dense 10", "model.layer3"},
        {"dense 65536, dense 4000, dense 10", "more than the file holds"},
        {"conv 3 9x9, dense 10", "images of 5x4"},
    };
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++)
        check_metadata(good, path, "network", forged[i][0], forged[i][1]);
    ten_pipeline_free(pipeline);
    ten_dataset_release(&set);
}

enum forgery { TYPE, RANK, SHORTER, MISSING, RENAMED, SURPLUS, FORGERIES };

/* Writes the file anew with one tensor that lies, and loads it. */
static void check_tensor(const char *good, const char *path, size_t which, enum forgery forgery) {
    static const uint8_t nothing[1];
    struct ten_tensors file, forged = {0};
    struct ten_error error;
    struct ten_pipeline *pipeline;
    assert_ok(ten_safetensors_read(&file, good, &error));
    forged.metadata = json_incref(file.metadata);
    for (size_t i = 0; i < file.count; i++) {
        struct ten_tensor *item = &file.items[i];
        char name[sizeof item->name];
        strcpy(name, item->name);
        if (i == which) switch (forgery) {
            case TYPE: item->type = item->type == TEN_U8 ? TEN_I32 : TEN_U8; break;
            case RANK:
                if (item->rank < TEN_MAX_RANK)
                    item->shape[item->rank++] = 1;
                else
                    item->shape[item->rank - 2] *= item->shape[item->rank - 1], item->rank--;
                break;
            case SHORTER: item->shape[0] -= item->shape[0] > 0; break;
            case MISSING: continue;
            case RENAMED: name[strlen(name) - 1] = '_'; break;
            default: break;
            }
        if (i == which && forgery == TYPE && item->type == TEN_I32)
            for (size_t d = 0; d < item->rank; d++) item->shape[d] = 0; /* no value left, whatever there was */
        assert_ok(ten_tensors_add(&forged, name, item->type, item->rank, item->shape, item->data, &error));
    }
    size_t one = 1;
    if (forgery == SURPLUS) assert_ok(ten_tensors_add(&forged, "model.more", TEN_U8, 1, &one, nothing, &error));
    assert_ok(ten_safetensors_write(&forged, path, &error));
    ten_tensors_release(&forged);
    ten_tensors_release(&file);
    assert_fails(ten_pipeline_load(&pipeline, path, &error), TEN_FORMAT, "forged.model: ");
    assert_null(pipeline);
}

static void test_forged_tensors(void **state) {
    (void)state;
    const char *folder = test_folder(), *good = test_path(folder, "good.model"),
               *path = test_path(folder, "forged.model");
    for (size_t i = 0; i < DAMAGED; i++) {
        struct ten_dataset set;
        struct ten_tensors file;
        struct ten_error error;
        size_t size;
        free(save_one(i, good, &set, &size));
        assert_ok(ten_safetensors_read(&file, good, &error));
        size_t count = file.count;
        ten_tensors_release(&file);
        assert_true(count >= 2);
        for (size_t which = 0; which < count; which++)
            for (int forgery = 0; forgery < FORGERIES; forgery++)
                check_tensor(good, path, which, (enum forgery)forgery);
        ten_dataset_release(&set);
    }
}

/* The values of a tensor set to something that is a number, but no sense; loading or predicting says so. */
static void test_forged_values(void **state) {
    (void)state;
    const char *folder = test_folder(), *good = test_path(folder, "good.model"),
               *path = test_path(folder, "forged.model");
    const double values[] = {0, -1, 1e-300, 1e300, -1e300, 1e-40, 3e38, -3e38};
    for (size_t i = 0; i < DAMAGED; i++) {
        struct ten_dataset set;
        size_t size;
        free(save_one(i, good, &set, &size));
        for (size_t which = 0; which < 6; which++)
            for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
                struct ten_tensors file;
                struct ten_error error;
                assert_ok(ten_safetensors_read(&file, good, &error));
                if (which < file.count) {
                    const struct ten_tensor *item = &file.items[which];
                    uint8_t *at = (uint8_t *)(uintptr_t)item->data; /* inside file.file, which is ours */
                    size_t count = 1;
                    for (size_t d = 0; d < item->rank; d++) count *= item->shape[d];
                    float single = (float)fmax(-3e38, fmin(3e38, values[v]));
                    for (size_t n = 0; n < count; n += 1 + v % 2) {
                        if (item->type == TEN_F64) memcpy(at + 8 * n, &values[v], 8);
                        if (item->type == TEN_F32) memcpy(at + 4 * n, &single, 4);
                        if (item->type == TEN_U8) at[n] = (uint8_t)(v * 36);
                    }
                    assert_ok(ten_safetensors_write(&file, path, &error));
                    try_to_load(path, "forged.model", &set);
                }
                ten_tensors_release(&file);
            }
        ten_dataset_release(&set);
    }
}

static void test_missing_file(void **state) {
    (void)state;
    struct ten_pipeline *pipeline;
    struct ten_error error;
    const char *folder = test_folder(), *path = test_path(folder, "missing.model");
    assert_fails(ten_pipeline_load(&pipeline, path, &error), TEN_NOT_FOUND, "missing.model");
    assert_null(pipeline);
    assert_fails(ten_pipeline_load(&pipeline, folder, &error), TEN_IO, "folder");
    struct ten_dataset set;
    test_dataset(&set, 20, HEIGHT, WIDTH, 11);
    pipeline = make_fitted("naive-bayes", "none", &set, 0);
    assert_fails(ten_pipeline_save(pipeline, folder, &error), TEN_IO, "folder");
    assert_ok(ten_pipeline_save(pipeline, path, &error));
    ten_pipeline_free(pipeline);
    ten_dataset_release(&set);
}

/* ---- What models tell of themselves ---- */

static void test_insight(void **state) {
    (void)state;
    struct ten_dataset set;
    struct ten_error error;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 3);
    const char *path = test_path(test_folder(), "insight.safetensors");
    for (size_t m = 0; m < MODELS; m++) {
        bool trees = strstr(models[m], "tree") || strstr(models[m], "forest");
        bool bagged = strcmp(models[m], "random-forest") == 0;
        struct ten_pipeline *pipeline = make(models[m], "scale"), *loaded;
        struct ten_pipeline_info info = ten_pipeline_describe(pipeline);
        assert_true(info.importances == NULL && isnan(info.out_of_bag));
        ten_pipeline_free(pipeline);
        pipeline = make_fitted(models[m], "scale", &set, 2);
        info = ten_pipeline_describe(pipeline);
        assert_true((info.importances != NULL) == trees && !isnan(info.out_of_bag) == bagged);
        assert_ok(ten_pipeline_save(pipeline, path, &error));
        assert_ok(ten_pipeline_load(&loaded, path, &error));
        struct ten_pipeline_info again = ten_pipeline_describe(loaded);
        assert_true((again.importances != NULL) == trees && !isnan(again.out_of_bag) == bagged);
        if (bagged) assert_true(again.out_of_bag == info.out_of_bag && info.out_of_bag > 0.2 && info.out_of_bag < 1);
        if (trees) {
            double sum = 0;
            for (size_t j = 0; j < info.features; j++) sum += info.importances[j];
            assert_true(fabs(sum - 1) < 1e-12);
            assert_memory_equal(again.importances, info.importances, info.features * sizeof *info.importances);
        }
        ten_pipeline_free(pipeline);
        ten_pipeline_free(loaded);
    }
    ten_dataset_release(&set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_describe),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_bad_names),
        cmocka_unit_test(test_bad_training_sets),
        cmocka_unit_test(test_wrong_size),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_moved_predictions),
        cmocka_unit_test(test_epochs),
        cmocka_unit_test(test_stop_after_epoch),
        cmocka_unit_test(test_refit),
        cmocka_unit_test(test_cancelling),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_every_byte_changed),
        cmocka_unit_test(test_forged_metadata),
        cmocka_unit_test(test_forged_network),
        cmocka_unit_test(test_forged_tensors),
        cmocka_unit_test(test_forged_values),
        cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_insight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
