/* Seeing inside networks, all through the public interface: every layer against a naive computation from the layers'
 * own numbers, features of a whole set against those, saliency against differences of logits; and what is refused. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 60, HEIGHT = 12, WIDTH = 10, PIXELS = HEIGHT * WIDTH };

static struct ten_pipeline *make_fitted(const char *net, const char *prep, const struct ten_dataset *set) {
    char text[256];
    snprintf(text, sizeof text, "net=%s", net);
    const char *const settings[] = {text, "epochs=2", "batch_size=20"};
    struct ten_pipeline *pipeline;
    struct ten_error error;
    assert_ok(ten_pipeline_new(&pipeline, "network", prep, settings, 3, &error));
    assert_ok(ten_pipeline_fit(pipeline, set, &(struct ten_run){.seed = 5}, &error));
    return pipeline;
}

static struct ten_maps activations(const struct ten_pipeline *pipeline, const uint8_t *images, size_t count,
                                   size_t layer, int threads) {
    struct ten_maps maps;
    struct ten_error error;
    assert_ok(ten_pipeline_activations(pipeline, images, count, HEIGHT, WIDTH, layer, &maps,
                                       &(struct ten_run){.threads = threads}, &error));
    assert_int_equal(maps.count, count);
    return maps;
}

/* ---- Layers ---- */

static void test_layers(void **state) {
    (void)state;
    struct ten_dataset set;
    struct ten_error error;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 3);
    struct ten_pipeline *pipeline =
        make_fitted("conv 3 3x3 pad 1, batchnorm, relu, maxpool 2, dense 7, relu, dense 10", "scale", &set);
    struct ten_network_info info;
    assert_ok(ten_pipeline_network(pipeline, &info, &error));
    assert_true(info.layers == 7 && info.height == HEIGHT && info.width == WIDTH && info.channels == 1);
    assert_true(info.parameters == ten_pipeline_describe(pipeline).parameters && info.penultimate == 7);
    static const struct {
        const char *kind, *text;
        size_t height, width, channels, weights, offsets, statistics;
    } expected[] = {
        {"conv", "conv 3 3x3 pad 1", 12, 10, 3, 27, 3, 0},
        {"batchnorm", "batchnorm", 12, 10, 3, 0, 6, 6},
        {"relu", "relu", 12, 10, 3, 0, 0, 0},
        {"maxpool", "maxpool 2", 6, 5, 3, 0, 0, 0},
        {"dense", "dense 7", 1, 1, 7, 630, 7, 0},
        {"relu", "relu", 1, 1, 7, 0, 0, 0},
        {"dense", "dense 10", 1, 1, 10, 70, 10, 0},
    };
    size_t parameters = 0, operations = 0;
    for (size_t i = 0; i < info.layers; i++) {
        struct ten_layer_info layer;
        assert_ok(ten_pipeline_layer(pipeline, i, &layer, &error));
        assert_string_equal(layer.kind, expected[i].kind);
        assert_string_equal(layer.text, expected[i].text);
        assert_true(layer.height == expected[i].height && layer.width == expected[i].width &&
                    layer.channels == expected[i].channels);
        assert_true(layer.weight_count == expected[i].weights && !layer.weights == !expected[i].weights);
        assert_true(layer.offset_count == expected[i].offsets && !layer.offsets == !expected[i].offsets);
        assert_true(layer.statistic_count == expected[i].statistics && !layer.statistics == !expected[i].statistics);
        parameters += layer.parameters;
        operations += layer.operations;
    }
    assert_true(parameters == info.parameters && operations == info.operations);
    ten_pipeline_free(pipeline);
    ten_dataset_release(&set);
}

/* ---- Activations, features ---- */

/* Convolution with a border of zeros, ReLU, pooling, dense, ReLU, dense, one value at a time and in double. */
static void test_naive(void **state) {
    (void)state;
    enum { UNITS = 3, HIDDEN = 7, INPUTS = 6 * 5 * UNITS };
    struct ten_dataset set;
    struct ten_error error;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 4);
    struct ten_pipeline *pipeline =
        make_fitted("conv 3 3x3 pad 1, relu, maxpool 2, dense 7, relu, dense 10", "scale", &set);
    struct ten_maps layers[6], filters[6];
    struct ten_layer_info info[6];
    const size_t with_weights[] = {0, 3, 5};
    for (size_t l = 0; l < 6; l++) {
        layers[l] = activations(pipeline, set.images, COUNT, l, 1 + (int)l % 3);
        assert_ok(ten_pipeline_layer(pipeline, l, &info[l], &error));
    }
    for (size_t k = 0; k < 3; k++)
        assert_ok(ten_pipeline_filters(pipeline, with_weights[k], &filters[with_weights[k]], &error));
    assert_true(filters[0].count == UNITS && filters[0].height == 3 && filters[0].width == 3 &&
                filters[0].channels == 1);
    assert_true(filters[3].count == HIDDEN && filters[3].height == 6 && filters[3].width == 5 &&
                filters[3].channels == UNITS);
    assert_true(filters[5].count == 10 && filters[5].height == 1 && filters[5].width == 1 &&
                filters[5].channels == HIDDEN);
    struct ten_features features;
    assert_ok(ten_pipeline_penultimate(pipeline, set.images, COUNT, HEIGHT, WIDTH, &features, NULL, &error));
    assert_true(features.rows == COUNT && features.columns == HIDDEN && features.height == 0 && features.width == 0);
    float probabilities[COUNT * TEN_CLASSES];
    assert_ok(ten_pipeline_predict(pipeline, set.images, COUNT, HEIGHT, WIDTH, probabilities, NULL, &error));
    for (size_t i = 0; i < COUNT; i++) {
        double conv[HEIGHT][WIDTH][UNITS], pooled[INPUTS], hidden[HIDDEN], logits[TEN_CLASSES], sum = 0;
        const uint8_t *image = set.images + i * PIXELS;
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++)
                for (size_t u = 0; u < UNITS; u++) {
                    double value = (double)info[0].offsets[u];
                    for (int t = 0; t < 9; t++) {
                        int at_y = y + t / 3 - 1, at_x = x + t % 3 - 1;
                        if (at_y >= 0 && at_y < HEIGHT && at_x >= 0 && at_x < WIDTH)
                            value += (double)filters[0].values[u * 9 + (size_t)t] * image[at_y * WIDTH + at_x] / 255;
                    }
                    size_t at = ((i * HEIGHT + (size_t)y) * WIDTH + (size_t)x) * UNITS + u;
                    assert_true(fabs(value - (double)layers[0].values[at]) < 1e-5);
                    assert_true(fabs(fmax(value, 0) - (double)layers[1].values[at]) < 1e-5);
                    conv[y][x][u] = fmax(value, 0);
                }
        for (size_t p = 0; p < INPUTS; p++) {
            size_t y = p / UNITS / 5 * 2, x = p / UNITS % 5 * 2, u = p % UNITS;
            pooled[p] = fmax(fmax(conv[y][x][u], conv[y][x + 1][u]), fmax(conv[y + 1][x][u], conv[y + 1][x + 1][u]));
            assert_true(fabs(pooled[p] - (double)layers[2].values[i * INPUTS + p]) < 1e-5);
        }
        for (size_t u = 0; u < HIDDEN; u++) {
            hidden[u] = (double)info[3].offsets[u];
            for (size_t p = 0; p < INPUTS; p++) hidden[u] += (double)filters[3].values[u * INPUTS + p] * pooled[p];
            assert_true(fabs(hidden[u] - (double)layers[3].values[i * HIDDEN + u]) < 1e-4);
            hidden[u] = fmax(hidden[u], 0);
            assert_true(fabs(hidden[u] - (double)features.values[i * HIDDEN + u]) < 1e-4);
        }
        for (size_t c = 0; c < TEN_CLASSES; c++) {
            logits[c] = (double)info[5].offsets[c];
            for (size_t u = 0; u < HIDDEN; u++) logits[c] += (double)filters[5].values[c * HIDDEN + u] * hidden[u];
            assert_true(fabs(logits[c] - (double)layers[5].values[i * TEN_CLASSES + c]) < 1e-4);
            sum += exp(logits[c]);
        }
        for (size_t c = 0; c < TEN_CLASSES; c++)
            assert_true(fabs(exp(logits[c]) / sum - (double)probabilities[i * TEN_CLASSES + c]) < 1e-4);
    }
    assert_memory_equal(features.values, layers[4].values, COUNT * HIDDEN * sizeof *features.values);
    for (size_t l = 0; l < 6; l++) ten_maps_release(&layers[l]);
    for (size_t k = 0; k < 3; k++) ten_maps_release(&filters[with_weights[k]]);
    ten_features_release(&features);
    ten_pipeline_free(pipeline);
    ten_dataset_release(&set);
}

/* Any number of threads and images give the same bits; every kind of ending has its features. */
static void test_features(void **state) {
    (void)state;
    static const struct {
        const char *net, *prep;
        size_t columns, layer; /* whose activations the features are; SIZE_MAX: the chain's */
    } cases[] = {
        {"dense 9, relu, dropout 0.5, dense 10", "deskew,pca=5", 9, 2},
        {"conv 3 3x3, relu, maxpool 2, dense 10", "original", 243, 2},
        {"conv 3 3x3, batchnorm, relu, conv 10 1x1, global-avgpool", "scale", 240, 2},
        {"dense 10", "scale", PIXELS, SIZE_MAX},
        {"dense 10, relu, dropout 0.1", "pca=4", 4, SIZE_MAX},
    };
    struct ten_dataset set;
    struct ten_error error;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 6);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ten_pipeline *pipeline = make_fitted(cases[i].net, cases[i].prep, &set);
        struct ten_network_info info;
        assert_ok(ten_pipeline_network(pipeline, &info, &error));
        assert_int_equal(info.penultimate, cases[i].columns);
        struct ten_features all, expected = {0}, one;
        assert_ok(ten_pipeline_penultimate(pipeline, set.images, COUNT, HEIGHT, WIDTH, &all, NULL, &error));
        assert_true(all.rows == COUNT && all.columns == cases[i].columns && all.height == 0 && all.width == 0);
        size_t row = all.columns * sizeof(float);
        if (cases[i].layer == SIZE_MAX) {
            assert_ok(ten_pipeline_features(pipeline, set.images, COUNT, HEIGHT, WIDTH, &expected, NULL, &error));
        } else {
            struct ten_maps maps = activations(pipeline, set.images, COUNT, cases[i].layer, 3);
            expected.values = maps.values;
        }
        assert_memory_equal(all.values, expected.values, COUNT * row);
        for (size_t k = 0; k < COUNT; k += 17) {
            assert_ok(
                ten_pipeline_penultimate(pipeline, set.images + k * PIXELS, 1, HEIGHT, WIDTH, &one, NULL, &error));
            assert_memory_equal(one.values, all.values + k * all.columns, row);
            ten_features_release(&one);
        }
        assert_ok(ten_pipeline_penultimate(pipeline, set.images, 0, HEIGHT, WIDTH, &one, NULL, &error));
        assert_true(one.rows == 0 && one.columns == cases[i].columns);
        ten_features_release(&one);
        ten_features_release(&all);
        ten_features_release(&expected);
        ten_pipeline_free(pipeline);
    }
    ten_dataset_release(&set);
}

/* A network that multiplies rounded numbers is looked at as it predicts: its last layer's outputs are its logits. */
static void test_precision(void **state) {
    (void)state;
    static const char *const settings[] = {"net=conv 4 3x3, relu, maxpool 2, dense 9, relu, dense 10", "epochs=2",
                                           "precision=bfloat16"};
    struct ten_dataset set;
    struct ten_error error;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 6);
    struct ten_pipeline *pipeline;
    assert_ok(ten_pipeline_new(&pipeline, "network", NULL, settings, 3, &error));
    assert_ok(ten_pipeline_fit(pipeline, &set, NULL, &error));
    float probabilities[COUNT * TEN_CLASSES];
    assert_ok(ten_pipeline_predict(pipeline, set.images, COUNT, HEIGHT, WIDTH, probabilities, NULL, &error));
    struct ten_maps logits = activations(pipeline, set.images, COUNT, 5, 2);
    for (size_t i = 0; i < COUNT; i++) {
        double sum = 0;
        for (size_t c = 0; c < TEN_CLASSES; c++) sum += exp((double)logits.values[i * TEN_CLASSES + c]);
        for (size_t c = 0; c < TEN_CLASSES; c++) {
            size_t at = i * TEN_CLASSES + c;
            assert_true(fabs(exp((double)logits.values[at]) / sum - (double)probabilities[at]) < 1e-6);
        }
    }
    ten_maps_release(&logits);
    ten_pipeline_free(pipeline);
    ten_dataset_release(&set);
}

static bool refuse(void *context, const struct ten_progress *progress) {
    (void)progress;
    ++*(int *)context;
    return false;
}

static void test_cancelling(void **state) {
    (void)state;
    struct ten_dataset set;
    struct ten_error error;
    struct ten_maps maps;
    struct ten_features features;
    int calls = 0;
    const struct ten_run run = {.threads = 1, .progress = refuse, .context = &calls}; /* asked after the first task */
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 6);
    struct ten_pipeline *pipeline = make_fitted("dense 9, relu, dense 10", "scale", &set);
    assert_fails(ten_pipeline_activations(pipeline, set.images, COUNT, HEIGHT, WIDTH, 0, &maps, &run, &error),
                 TEN_CANCELLED, "");
    assert_null(maps.values);
    assert_fails(ten_pipeline_penultimate(pipeline, set.images, COUNT, HEIGHT, WIDTH, &features, &run, &error),
                 TEN_CANCELLED, "");
    assert_null(features.values);
    assert_fails(ten_pipeline_saliency(pipeline, set.images, COUNT, HEIGHT, WIDTH, NULL, &features, &run, &error),
                 TEN_CANCELLED, "");
    assert_null(features.values);
    assert_int_equal(calls, 3);
    ten_pipeline_free(pipeline);
    ten_dataset_release(&set);
}

/* ---- Saliency ---- */

/* The logit of one class for an image in which a pixel has another value. */
static double logit(const struct ten_pipeline *pipeline, const uint8_t *image, size_t pixel, int value, size_t class) {
    uint8_t copy[PIXELS];
    memcpy(copy, image, PIXELS);
    copy[pixel] = (uint8_t)value;
    struct ten_network_info info;
    struct ten_error error;
    assert_ok(ten_pipeline_network(pipeline, &info, &error));
    struct ten_maps maps = activations(pipeline, copy, 1, info.layers - 1, 1);
    double result = (double)maps.values[class];
    ten_maps_release(&maps);
    return result;
}

/* Pixel by pixel. A network without ReLU is linear, so that the whole way from black to white must tell the same as the
 * gradient; one with ReLU and pooling is so almost everywhere for a small step. */
static void check_saliency(const char *net, const char *prep, double unit, bool linear, const struct ten_dataset *set) {
    enum { ASKED = 4 };
    struct ten_pipeline *pipeline = make_fitted(net, prep, set);
    const uint8_t classes[ASKED] = {0, 3, 9, 3};
    struct ten_features saliency, again;
    struct ten_error error;
    assert_ok(ten_pipeline_saliency(pipeline, set->images, ASKED, HEIGHT, WIDTH, classes, &saliency,
                                    &(struct ten_run){.threads = 1}, &error));
    assert_true(saliency.rows == ASKED && saliency.columns == PIXELS);
    assert_true(saliency.height == HEIGHT && saliency.width == WIDTH);
    assert_ok(ten_pipeline_saliency(pipeline, set->images, ASKED, HEIGHT, WIDTH, classes, &again,
                                    &(struct ten_run){.threads = 3}, &error));
    assert_memory_equal(saliency.values, again.values, ASKED * PIXELS * sizeof(float));
    ten_features_release(&again);
    size_t wrong = 0, moving = 0;
    for (size_t i = 0; i < ASKED; i++) {
        double most = 0;
        for (size_t p = 0; p < PIXELS; p++) most = fmax(most, fabs((double)saliency.values[i * PIXELS + p]));
        for (size_t p = 0; p < PIXELS; p++) {
            const uint8_t *image = set->images + i * PIXELS;
            int low = linear ? 0 : image[p] > 2 ? image[p] - 2 : 0, high = linear ? 255 : low + 4;
            if (high > 255) low -= high - 255, high = 255;
            double slope = (logit(pipeline, image, p, high, classes[i]) - logit(pipeline, image, p, low, classes[i])) /
                           ((high - low) * unit);
            double told = (double)saliency.values[i * PIXELS + p];
            wrong += !(fabs(slope - told) <= 0.01 * most + (linear ? 0 : 1e-3));
            moving += told != 0;
        }
    }
    if (wrong > (linear ? 0 : ASKED * PIXELS / 20))
        fail_msg("%s (%s): saliency is not the logit's slope at %zu of %d pixels", net, prep, wrong, ASKED * PIXELS);
    assert_true(moving > ASKED * PIXELS / 4);
    ten_features_release(&saliency);
    ten_pipeline_free(pipeline);
}

static void test_saliency(void **state) {
    (void)state;
    struct ten_dataset set;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 7);
    check_saliency("dense 10", "scale", 1 / 255.0, true, &set);
    check_saliency("dense 10", "none", 1, true, &set);
    check_saliency("conv 4 3x3 pad 1, batchnorm, avgpool 2, dropout 0.3, dense 10", "scale", 1 / 255.0, true, &set);
    check_saliency("conv 4 3x3, relu, maxpool 2, dense 9, relu, dense 10", "scale", 1 / 255.0, false, &set);
    ten_dataset_release(&set);
}

/* Where no class is asked for it is the label; what is no picture any more has no height. */
static void test_saliency_defaults(void **state) {
    (void)state;
    struct ten_dataset set;
    struct ten_error error;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 8);
    static const char *const chains[] = {"original", "deskew,pca=6"};
    for (size_t k = 0; k < 2; k++) {
        struct ten_pipeline *pipeline = make_fitted("dense 8, relu, dense 10", chains[k], &set);
        float probabilities[COUNT * TEN_CLASSES];
        uint8_t labels[COUNT];
        struct ten_features own, told;
        assert_ok(ten_pipeline_predict(pipeline, set.images, COUNT, HEIGHT, WIDTH, probabilities, NULL, &error));
        for (size_t i = 0; i < COUNT; i++) labels[i] = (uint8_t)ten_label(probabilities + i * TEN_CLASSES);
        assert_ok(ten_pipeline_saliency(pipeline, set.images, COUNT, HEIGHT, WIDTH, NULL, &own, NULL, &error));
        assert_ok(ten_pipeline_saliency(pipeline, set.images, COUNT, HEIGHT, WIDTH, labels, &told, NULL, &error));
        assert_true(own.columns == (k ? 6 : 400) && own.height == (k ? 0 : 20) && own.width == (k ? 0 : 20));
        assert_memory_equal(own.values, told.values, COUNT * own.columns * sizeof *own.values);
        ten_features_release(&own);
        ten_features_release(&told);
        ten_pipeline_free(pipeline);
    }
    ten_dataset_release(&set);
}

/* ---- What is refused ---- */

static void test_refused(void **state) {
    (void)state;
    struct ten_dataset set;
    struct ten_error error;
    struct ten_network_info info;
    struct ten_layer_info layer;
    struct ten_maps maps;
    struct ten_features features;
    test_dataset(&set, COUNT, HEIGHT, WIDTH, 9);
    struct ten_pipeline *knn, *unfitted, *pipeline = make_fitted("dense 10", "scale", &set);
    assert_ok(ten_pipeline_new(&knn, "knn", NULL, NULL, 0, &error));
    assert_ok(ten_pipeline_new(&unfitted, "mlp", NULL, NULL, 0, &error));
    for (int fitted = 0; fitted < 2; fitted++) { /* a fitted one is no network either */
        static const char *const why = "knn is no neural network: it has no layers to look into";
        if (fitted) assert_ok(ten_pipeline_fit(knn, &set, NULL, &error));
        assert_fails(ten_pipeline_network(knn, &info, &error), TEN_INVALID, why);
        assert_fails(ten_pipeline_layer(knn, 0, &layer, &error), TEN_INVALID, why);
        assert_fails(ten_pipeline_filters(knn, 0, &maps, &error), TEN_INVALID, why);
        assert_null(maps.values);
        assert_fails(ten_pipeline_activations(knn, set.images, 1, HEIGHT, WIDTH, 0, &maps, NULL, &error), TEN_INVALID,
                     why);
        assert_null(maps.values);
        assert_fails(ten_pipeline_penultimate(knn, set.images, 1, HEIGHT, WIDTH, &features, NULL, &error), TEN_INVALID,
                     why);
        assert_null(features.values);
        assert_fails(ten_pipeline_saliency(knn, set.images, 1, HEIGHT, WIDTH, NULL, &features, NULL, &error),
                     TEN_INVALID, why);
        assert_null(features.values);
    }
    assert_fails(ten_pipeline_network(unfitted, &info, &error), TEN_INVALID, "has not been fitted yet");
    assert_fails(ten_pipeline_saliency(unfitted, set.images, 1, HEIGHT, WIDTH, NULL, &features, NULL, &error),
                 TEN_INVALID, "has not been fitted yet");
    assert_fails(ten_pipeline_layer(pipeline, 1, &layer, &error), TEN_INVALID,
                 "there is no layer 2; the network has 1");
    assert_fails(ten_pipeline_activations(pipeline, set.images, 1, HEIGHT, WIDTH, 7, &maps, NULL, &error), TEN_INVALID,
                 "there is no layer 8; the network has 1");
    assert_fails(ten_pipeline_activations(pipeline, set.images, 1, WIDTH, HEIGHT, 0, &maps, NULL, &error), TEN_INVALID,
                 "images of 10x12 pixels, but the model was fitted on 12x10");
    assert_fails(ten_pipeline_saliency(pipeline, set.images, 2, HEIGHT, WIDTH, (const uint8_t[]){9, 10}, &features,
                                       NULL, &error),
                 TEN_INVALID, "there is no class 10 (image 1); expected 0 to 9");
    ten_pipeline_free(pipeline);
    pipeline = make_fitted("relu, dense 10", "scale", &set);
    assert_fails(ten_pipeline_filters(pipeline, 0, &maps, &error), TEN_INVALID, "layer 1 (relu) has no weights");
    ten_maps_release(NULL);
    ten_maps_release(&maps);
    ten_pipeline_free(pipeline);
    ten_pipeline_free(unfitted);
    ten_pipeline_free(knn);
    ten_dataset_release(&set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers),     cmocka_unit_test(test_naive),
        cmocka_unit_test(test_features),   cmocka_unit_test(test_saliency),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_precision),
        cmocka_unit_test(test_cancelling), cmocka_unit_test(test_saliency_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
