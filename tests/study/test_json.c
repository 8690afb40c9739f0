/* Results as JSON: members, their order and values, pictures that decode to what went in, and no loss when memory is
 * short. */
#include "test.h"

#include "base/random.h"
#include "study/json.h"

#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[TEN_CLASSES] = {"zero", "one", "two",   "three", "four",
                                               "five", "six", "seven", "eight", "nine"};

/* ---- Reading what was written ---- */

static void assert_text(json_t *json, const char *expected) {
    assert_non_null(json);
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    assert_string_equal(text, expected);
    free(text);
    json_decref(json);
}

/* The members of `object` are those of `keys`, separated by blanks, in that order. */
static void assert_keys(json_t *object, const char *keys) {
    char found[512] = "";
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        assert_true(strlen(found) + strlen(key) + 2 < sizeof found);
        if (*found) strcat(found, " ");
        strcat(found, key);
    }
    assert_string_equal(found, keys);
}

/* Bytes of base64 text, one digit after the other. */
static size_t decode_base64(const char *text, uint8_t *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    assert_int_equal(strlen(text) % 4, 0);
    uint32_t bits = 0, held = 0;
    size_t count = 0, length = strcspn(text, "=");
    assert_true(strlen(text) - length <= 2 && strspn(text + length, "=") == strlen(text) - length);
    for (size_t i = 0; i < length; i++) {
        const char *digit = strchr(digits, text[i]);
        assert_non_null(digit);
        bits = bits << 6 | (uint32_t)(digit - digits);
        held += 6;
        if (held < 8) continue;
        held -= 8;
        out[count++] = (uint8_t)(bits >> held);
    }
    assert_int_equal(bits & ((1u << held) - 1), 0);
    return count;
}

/* The pixels of a data URI, which must be a grey PNG of that size. The caller frees. */
static uint8_t *decode_picture(const json_t *picture, size_t height, size_t width) {
    static const char prefix[] = "data:image/png;base64,";
    const char *text = json_string_value(picture);
    assert_non_null(text);
    assert_memory_equal(text, prefix, strlen(prefix));
    uint8_t *bytes = malloc(strlen(text)), *pixels = malloc(height * width);
    assert_non_null(bytes);
    assert_non_null(pixels);
    size_t size = decode_base64(text + strlen(prefix), bytes);
    assert_true(size > 8 && memcmp(bytes + size - 8, "IEND\xae\x42\x60\x82", 8) == 0); /* not a byte more or less */
    png_image png = {.version = PNG_IMAGE_VERSION};
    assert_true(png_image_begin_read_from_memory(&png, bytes, size));
    assert_int_equal(png.width, width);
    assert_int_equal(png.height, height);
    assert_int_equal(png.format, PNG_FORMAT_GRAY);
    assert_true(png_image_finish_read(&png, NULL, pixels, 0, NULL));
    free(bytes);
    return pixels;
}

static void assert_picture(const json_t *picture, const uint8_t *expected, size_t height, size_t width) {
    uint8_t *pixels = decode_picture(picture, height, width);
    assert_memory_equal(pixels, expected, height * width);
    free(pixels);
}

/* ---- Values and pictures ---- */

static void test_real(void **state) {
    (void)state;
    assert_text(ten_json_real(0.25), "0.25");
    assert_text(ten_json_real(-3), "-3.0");
    assert_text(ten_json_real(NAN), "null");
    assert_text(ten_json_real(INFINITY), "null");
    assert_text(ten_json_real(-INFINITY), "null");
}

static void test_picture(void **state) {
    (void)state;
    uint8_t pixels[40 * 7];
    struct ten_random random;
    ten_random_init(&random, 1, 0);
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)ten_random_below(&random, 256);
    for (size_t height = 1; height <= 40; height++) { /* so that the files have all lengths modulo 3 */
        json_t *picture = ten_json_picture(pixels, height, 7);
        assert_picture(picture, pixels, height, 7);
        json_decref(picture);
    }
}

static void check_picture_of(const double values[6], double top, const uint8_t expected[6]) {
    json_t *picture = ten_json_picture_of(values, 2, 3, top);
    assert_picture(picture, expected, 2, 3);
    json_decref(picture);
}

static void test_picture_of(void **state) {
    (void)state;
    const double values[] = {0, 1, 1.5, 127.49, 254.6, 1000};
    check_picture_of(values, 255, (uint8_t[]){0, 1, 2, 127, 255, 255});
    check_picture_of(values, 1000, (uint8_t[]){0, 0, 0, 33, 65, 255});
    const double small[] = {0, 0.1, 0.2, 0.3, -0.3, 0.15};
    check_picture_of(small, 0, (uint8_t[]){0, 85, 170, 255, 0, 128});
    const double odd[] = {NAN, INFINITY, -INFINITY, 2, 1, -NAN};
    check_picture_of(odd, 0, (uint8_t[]){0, 255, 0, 255, 128, 0});
    check_picture_of(odd, 4, (uint8_t[]){0, 255, 0, 128, 64, 0});
    const double none[] = {NAN, 0, -1, 0, -0.0, NAN}, huge[] = {1e308, 1.7e308, 0, 1, 2, 3};
    check_picture_of(none, 0, (uint8_t[]){0, 0, 0, 0, 0, 0});
    check_picture_of(values, NAN, (uint8_t[]){0, 0, 0, 0, 0, 0});
    check_picture_of(values, -1, (uint8_t[]){0, 0, 0, 0, 0, 0});
    check_picture_of(huge, 255, (uint8_t[]){255, 255, 0, 1, 2, 3});
}

static void test_metrics(void **state) {
    (void)state;
    const struct ten_metrics metrics = {
        .accuracy = 0.5,
        .accuracy_low = 0.25,
        .accuracy_high = 0.75,
        .precision = 0.125,
        .recall = 1,
        .f1 = 0,
        .log_loss = 2.5,
        .auc = NAN,
        .kappa = NAN,
        .mcc = -0.25,
        .top2_accuracy = 0.625,
        .top3_accuracy = 0.75,
        .brier = 1.5,
        .ece = 0.0625,
    };
    assert_text(ten_json_metrics(&metrics), "{\"accuracy\":0.5,\"accuracy_low\":0.25,\"accuracy_high\":0.75,"
                                            "\"precision\":0.125,\"recall\":1.0,\"f1\":0.0,\"log_loss\":2.5,"
                                            "\"auc\":null,\"kappa\":null,\"mcc\":-0.25,\"top2_accuracy\":0.625,"
                                            "\"top3_accuracy\":0.75,\"brier\":1.5,\"ece\":0.0625}");
}

static void test_history(void **state) {
    (void)state;
    double values[] = {1, 2.5, 2, NAN};
    const struct ten_history history = {.rows = 2, .columns = 2, .names = {"iteration", "loss"}, .values = values};
    assert_text(ten_json_history(&history), "{\"names\":[\"iteration\",\"loss\"],\"rows\":[[1.0,2.5],[2.0,null]]}");
    const struct ten_history none = {0};
    assert_text(ten_json_history(&none), "{\"names\":[],\"rows\":[]}");
}

/* ---- Evaluation ---- */

/* Images, and probabilities for them that are right more often than not; `levels` different ones. */
static float *evaluated(struct ten_dataset *dataset, struct ten_metrics *metrics, size_t count, size_t height,
                        size_t width, uint64_t levels) {
    test_dataset(dataset, count, height, width, 8);
    float *probabilities = malloc(count * TEN_CLASSES * sizeof *probabilities);
    assert_non_null(probabilities);
    for (size_t i = 0; i < count; i++) {
        struct ten_random random;
        ten_random_init(&random, 9, i);
        for (size_t label = 0; label < TEN_CLASSES; label++) {
            float luck = (float)ten_random_below(&random, levels) / (float)levels;
            probabilities[i * TEN_CLASSES + label] = luck + (dataset->labels[i] == label ? 0.5f : 0);
        }
    }
    struct ten_error error;
    assert_ok(ten_metrics_compute(metrics, dataset->labels, probabilities, count, &error));
    return probabilities;
}

static void check_classes(const json_t *evaluation, const struct ten_metrics *metrics) {
    json_t *classes = json_object_get(evaluation, "per_class"), *confusion = json_object_get(evaluation, "confusion");
    assert_int_equal(json_array_size(classes), TEN_CLASSES);
    assert_int_equal(json_array_size(confusion), TEN_CLASSES);
    for (size_t label = 0; label < TEN_CLASSES; label++) {
        const struct ten_class_metrics *expected = &metrics->classes[label];
        json_t *got = json_array_get(classes, label), *row = json_array_get(confusion, label);
        assert_keys(got, "label name precision recall f1 auc support");
        assert_int_equal(json_integer_value(json_object_get(got, "label")), label);
        assert_string_equal(json_string_value(json_object_get(got, "name")), names[label]);
        assert_true(json_real_value(json_object_get(got, "precision")) == expected->precision);
        assert_true(json_real_value(json_object_get(got, "recall")) == expected->recall);
        assert_true(json_real_value(json_object_get(got, "f1")) == expected->f1);
        assert_true(json_real_value(json_object_get(got, "auc")) == expected->auc);
        assert_int_equal(json_integer_value(json_object_get(got, "support")), expected->support);
        assert_int_equal(json_array_size(row), TEN_CLASSES);
        for (size_t other = 0; other < TEN_CLASSES; other++)
            assert_int_equal(json_integer_value(json_array_get(row, other)), metrics->confusion[label][other]);
    }
    json_t *weighted = json_object_get(evaluation, "weighted");
    assert_keys(weighted, "precision recall f1");
    assert_true(json_real_value(json_object_get(weighted, "precision")) == metrics->weighted_precision);
    assert_true(json_real_value(json_object_get(weighted, "recall")) == metrics->weighted_recall);
    assert_true(json_real_value(json_object_get(weighted, "f1")) == metrics->weighted_f1);
}

static double coordinate(const json_t *points, size_t i, size_t axis) {
    const json_t *point = json_array_get(points, i);
    assert_int_equal(json_array_size(point), 2);
    return json_real_value(json_array_get(point, axis));
}

/* The points are vertices of the curve in their order, ends included; gives the area under them. */
static double check_points(const json_t *points, const struct ten_roc *roc) {
    double area = 0;
    size_t count = json_array_size(points), vertex = 0;
    for (size_t i = 0; i < count; i++, vertex++) {
        double x = coordinate(points, i, 0), y = coordinate(points, i, 1);
        assert_true(x == round(x * 1e6) / 1e6 && y == round(y * 1e6) / 1e6);
        while (vertex < roc->count && (fabs(roc->false_positive_rate[vertex] - x) > 5.01e-7 ||
                                       fabs(roc->true_positive_rate[vertex] - y) > 5.01e-7))
            vertex++;
        assert_true(vertex < roc->count && (i > 0 || vertex == 0));
        if (i > 0) area += (x - coordinate(points, i - 1, 0)) * (y + coordinate(points, i - 1, 1)) / 2;
    }
    assert_int_equal(vertex, roc->count);
    return area;
}

/* `full`: the curves are so long that they must have been thinned. */
static void check_curves(const json_t *evaluation, const struct ten_dataset *dataset, const float *probabilities,
                         bool full) {
    json_t *curves = json_object_get(evaluation, "roc");
    assert_int_equal(json_array_size(curves), TEN_CLASSES);
    for (int label = 0; label < TEN_CLASSES; label++) {
        json_t *curve = json_array_get(curves, (size_t)label), *points = json_object_get(curve, "points");
        struct ten_roc roc;
        struct ten_error error;
        assert_ok(ten_roc_compute(&roc, dataset->labels, probabilities, dataset->count, label, &error));
        assert_keys(curve, "label auc points");
        assert_int_equal(json_integer_value(json_object_get(curve, "label")), label);
        assert_true(json_real_value(json_object_get(curve, "auc")) == roc.auc);
        assert_true((roc.count > 200) == full);
        assert_int_equal(json_array_size(points), full ? 200 : roc.count);
        assert_true(fabs(check_points(points, &roc) - roc.auc) < (full ? 5e-4 : 1e-5));
        ten_roc_release(&roc);
    }
}

/* Ends are kept, the points are of the curve in its order, and no point that was left out is far from those kept: the
 * area in rectangles is still the average precision, but for what was thinned. */
static void check_pr_curves(const json_t *evaluation, const struct ten_dataset *dataset, const float *probabilities) {
    json_t *curves = json_object_get(evaluation, "pr");
    assert_int_equal(json_array_size(curves), TEN_CLASSES);
    for (int label = 0; label < TEN_CLASSES; label++) {
        json_t *curve = json_array_get(curves, (size_t)label), *points = json_object_get(curve, "points");
        struct ten_pr pr;
        struct ten_error error;
        assert_ok(ten_pr_compute(&pr, dataset->labels, probabilities, dataset->count, label, &error));
        assert_keys(curve, "label average_precision points");
        assert_int_equal(json_integer_value(json_object_get(curve, "label")), label);
        assert_true(json_real_value(json_object_get(curve, "average_precision")) == pr.average_precision);
        size_t count = json_array_size(points), at = 0;
        assert_true(count <= 200 && (count == 200) == (pr.count > 200));
        double area = 0;
        for (size_t i = 0; i < count; i++, at++) {
            double x = coordinate(points, i, 0), y = coordinate(points, i, 1);
            while (at < pr.count && (fabs(pr.recall[at] - x) > 5.01e-7 || fabs(pr.precision[at] - y) > 5.01e-7)) at++;
            assert_true(at < pr.count && (i > 0 || at == 0));
            if (i > 0) area += (x - coordinate(points, i - 1, 0)) * y;
        }
        assert_true(fabs(coordinate(points, count - 1, 0) - 1) < 1e-6); /* everything is found in the end */
        assert_true(fabs(area - pr.average_precision) < (count == 200 ? 0.005 : 0.05));
        ten_pr_release(&pr);
    }
}

static void check_calibration(const json_t *evaluation, const struct ten_metrics *metrics) {
    json_t *bins = json_object_get(evaluation, "calibration");
    assert_int_equal(json_array_size(bins), TEN_CALIBRATION_BINS);
    for (size_t i = 0; i < TEN_CALIBRATION_BINS; i++) {
        const struct ten_calibration_bin *expected = &metrics->calibration[i];
        json_t *bin = json_array_get(bins, i), *confidence = json_object_get(bin, "confidence");
        assert_keys(bin, "low high count confidence accuracy");
        assert_true(fabs(json_real_value(json_object_get(bin, "low")) - (double)i / 15) < 1e-6);
        assert_true(fabs(json_real_value(json_object_get(bin, "high")) - (double)(i + 1) / 15) < 1e-6);
        assert_int_equal(json_integer_value(json_object_get(bin, "count")), expected->count);
        assert_int_equal(json_is_null(confidence), expected->count == 0);
        assert_int_equal(json_is_null(json_object_get(bin, "accuracy")), expected->count == 0);
        if (expected->count == 0) continue;
        assert_true(json_real_value(confidence) == expected->confidence);
        assert_true(json_real_value(json_object_get(bin, "accuracy")) == expected->accuracy);
    }
}

static void check_given(const json_t *evaluation, const float *probabilities, size_t count) {
    json_t *predicted = json_object_get(evaluation, "predicted"), *all = json_object_get(evaluation, "confidence");
    assert_int_equal(json_string_length(predicted), count);
    assert_int_equal(json_array_size(all), count);
    for (size_t i = 0; i < count; i++) {
        const float *row = probabilities + i * TEN_CLASSES;
        int label = ten_label(row);
        assert_int_equal(json_string_value(predicted)[i], '0' + label);
        assert_true(fabs(json_real_value(json_array_get(all, i)) - (double)row[label]) < 5.01e-5);
    }
}

/* Each mistake is a wrong row, surer than or as sure as the next, and no wrong row is surer than the last of them. */
static void check_mistakes(const json_t *evaluation, const struct ten_dataset *dataset, const float *probabilities,
                           size_t most) {
    json_t *mistakes = json_object_get(evaluation, "mistakes");
    size_t count = json_array_size(mistakes), pixels = dataset->height * dataset->width, before = 0, wrong = 0,
           better = 0;
    float sure_before = INFINITY;
    for (size_t i = 0; i < count; i++) {
        json_t *mistake = json_array_get(mistakes, i), *numbers = json_object_get(mistake, "probabilities");
        assert_keys(mistake, "index truth predicted probabilities image");
        size_t index = (size_t)json_integer_value(json_object_get(mistake, "index"));
        assert_true(index < dataset->count);
        const float *row = probabilities + index * TEN_CLASSES;
        int predicted = ten_label(row);
        float sure = row[predicted];
        assert_int_equal(json_integer_value(json_object_get(mistake, "truth")), dataset->labels[index]);
        assert_int_equal(json_integer_value(json_object_get(mistake, "predicted")), predicted);
        assert_int_not_equal(predicted, dataset->labels[index]);
        assert_true(sure < sure_before || (sure == sure_before && index > before));
        for (size_t label = 0; label < TEN_CLASSES; label++)
            assert_true(json_real_value(json_array_get(numbers, label)) == round((double)row[label] * 1e6) / 1e6);
        assert_picture(json_object_get(mistake, "image"), dataset->images + index * pixels, dataset->height,
                       dataset->width);
        sure_before = sure;
        before = index;
    }
    for (size_t i = 0; i < dataset->count; i++) {
        const float *row = probabilities + i * TEN_CLASSES;
        if (ten_label(row) == dataset->labels[i]) continue;
        float sure = row[ten_label(row)];
        wrong++;
        better += sure > sure_before || (sure == sure_before && i <= before);
    }
    assert_true(wrong > 0);
    assert_int_equal(better, count);
    assert_int_equal(count, wrong < most ? wrong : most);
}

static void check_evaluation(size_t count, uint64_t levels, size_t mistakes, bool full) {
    struct ten_dataset dataset;
    struct ten_metrics metrics;
    float *probabilities = evaluated(&dataset, &metrics, count, 4, 3, levels);
    json_t *evaluation = ten_json_evaluation(&metrics, &dataset, probabilities, names, mistakes);
    assert_non_null(evaluation);
    assert_keys(evaluation, "per_class weighted confusion roc pr calibration without_rejected predicted confidence "
                            "mistakes");
    check_classes(evaluation, &metrics);
    check_curves(evaluation, &dataset, probabilities, full);
    check_pr_curves(evaluation, &dataset, probabilities);
    check_calibration(evaluation, &metrics);
    check_given(evaluation, probabilities, count);
    assert_true(json_is_null(json_object_get(evaluation, "without_rejected")));
    check_mistakes(evaluation, &dataset, probabilities, mistakes);

    json_t *again = ten_json_evaluation(&metrics, &dataset, probabilities, names, mistakes);
    char *text = json_dumps(evaluation, 0), *same = json_dumps(again, 0);
    assert_string_equal(text, same);
    free(text);
    free(same);
    json_decref(again);
    json_decref(evaluation);
    free(probabilities);
    ten_dataset_release(&dataset);
}

static void test_evaluation(void **state) {
    (void)state;
    check_evaluation(300, 10, 40, false);
    check_evaluation(300, 10, 0, false);
    check_evaluation(300, 3, 100000, false);
    check_evaluation(4000, 1 << 20, 40, true);
}

static void test_evaluation_of_few_classes(void **state) {
    (void)state;
    uint8_t images[] = {7, 8, 9}, labels[] = {2, 2, 5};
    const struct ten_dataset dataset = {3, 1, 1, images, labels};
    float probabilities[3 * TEN_CLASSES] = {[2] = 1, [10 + 2] = 1, [20 + 5] = 1};
    struct ten_metrics metrics;
    struct ten_error error;
    assert_ok(ten_metrics_compute(&metrics, labels, probabilities, 3, &error));
    json_t *evaluation = ten_json_evaluation(&metrics, &dataset, probabilities, names, 5);
    json_t *curves = json_object_get(evaluation, "roc");
    assert_text(json_incref(json_array_get(curves, 0)), "{\"label\":0,\"auc\":null,\"points\":[]}");
    assert_text(json_incref(json_array_get(curves, 5)),
                "{\"label\":5,\"auc\":1.0,\"points\":[[0.0,0.0],[0.0,1.0],[1.0,1.0]]}");
    json_t *pr = json_object_get(evaluation, "pr");
    assert_text(json_incref(json_array_get(pr, 0)), "{\"label\":0,\"average_precision\":null,\"points\":[]}");
    assert_text(json_incref(json_array_get(pr, 5)), "{\"label\":5,\"average_precision\":1.0,"
                                                    "\"points\":[[0.0,1.0],[1.0,1.0],[1.0,0.333333]]}");
    assert_text(json_incref(json_object_get(evaluation, "predicted")), "\"225\"");
    assert_text(json_incref(json_object_get(evaluation, "mistakes")), "[]");
    json_decref(evaluation);

    /* the first three rows by the probability of 5 are wrong: points in the same place, of which one is told */
    float late[4 * TEN_CLASSES] = {[5] = 0.9f, [15] = 0.8f, [25] = 0.7f, [35] = 0.6f};
    uint8_t four_images[] = {1, 2, 3, 4}, four_labels[] = {2, 2, 2, 5};
    const struct ten_dataset four = {4, 1, 1, four_images, four_labels};
    assert_ok(ten_metrics_compute(&metrics, four_labels, late, 4, &error));
    evaluation = ten_json_evaluation(&metrics, &four, late, names, 5);
    assert_text(json_incref(json_array_get(json_object_get(evaluation, "pr"), 5)),
                "{\"label\":5,\"average_precision\":0.25,\"points\":[[0.0,1.0],[0.0,0.0],[1.0,0.25]]}");
    json_decref(evaluation);

    probabilities[4] = NAN; /* nothing that was measured, but nothing may break either */
    assert_null(ten_json_evaluation(&metrics, &dataset, probabilities, names, 5));
}

/* ---- Exploration ---- */

static void check_rows_and_samples(const json_t *set, const struct ten_dataset *dataset) {
    size_t pixels = dataset->height * dataset->width, next = 0;
    json_t *rows = json_object_get(set, "first_rows"), *samples = json_object_get(set, "samples");
    assert_int_equal(json_array_size(rows), dataset->count < 10 ? dataset->count : 10);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const uint8_t *image = dataset->images + i * pixels;
        json_t *row = json_array_get(rows, i);
        size_t first = 0;
        double sum = 0;
        while (first < pixels && image[first] == 0) first++;
        for (size_t p = 0; p < pixels; p++) sum += image[p];
        assert_keys(row, "label ink first_ink_pixel");
        assert_int_equal(json_integer_value(json_object_get(row, "label")), dataset->labels[i]);
        assert_true(fabs(json_real_value(json_object_get(row, "ink")) - sum / (double)pixels) < 1e-12);
        if (first == pixels)
            assert_true(json_is_null(json_object_get(row, "first_ink_pixel")));
        else
            assert_int_equal(json_integer_value(json_object_get(row, "first_ink_pixel")), first);
    }
    for (size_t label = 0; label < TEN_CLASSES; label++)
        for (size_t i = 0, taken = 0; i < dataset->count && taken < 10; i++) {
            if (dataset->labels[i] != label) continue;
            json_t *sample = json_array_get(samples, next++);
            taken++;
            assert_keys(sample, "index label image");
            assert_int_equal(json_integer_value(json_object_get(sample, "index")), i);
            assert_int_equal(json_integer_value(json_object_get(sample, "label")), label);
            assert_picture(json_object_get(sample, "image"), dataset->images + i * pixels, dataset->height,
                           dataset->width);
        }
    assert_int_equal(json_array_size(samples), next);
}

/* Values as grey on the scale that makes `top` white. */
static void assert_image(const json_t *pictures, const char *name, const double *values, double top,
                         const struct ten_exploration *exploration) {
    uint8_t *pixels = decode_picture(json_object_get(pictures, name), exploration->height, exploration->width);
    for (size_t p = 0; p < exploration->height * exploration->width; p++)
        assert_int_equal(pixels[p], isnan(values[p]) ? 0 : round(values[p] * 255 / top));
    free(pixels);
}

static double largest(const double *values, size_t count) {
    double top = 0;
    for (size_t i = 0; i < count; i++) top = fmax(top, values[i]);
    return top > 0 ? top : 1;
}

static void check_images(const json_t *set, const struct ten_exploration *exploration) {
    size_t pixels = exploration->height * exploration->width, next = 0;
    const struct ten_pixel_statistics *all = &exploration->all;
    json_t *images = json_object_get(set, "images"), *class_images = json_object_get(set, "class_images");
    assert_keys(images, "mean median minimum maximum deviation");
    assert_image(images, "mean", all->mean, largest(all->mean, pixels), exploration);
    assert_image(images, "median", all->median, 255, exploration);
    assert_image(images, "minimum", all->minimum, 255, exploration);
    assert_image(images, "maximum", all->maximum, 255, exploration);
    assert_image(images, "deviation", all->deviation, largest(all->deviation, pixels), exploration);
    for (size_t label = 0; label < TEN_CLASSES; label++) {
        const struct ten_pixel_statistics *statistics = &exploration->classes[label];
        if (statistics->count == 0) continue;
        json_t *image = json_array_get(class_images, next++);
        assert_keys(image, "label count mean median minimum maximum deviation");
        assert_int_equal(json_integer_value(json_object_get(image, "label")), label);
        assert_int_equal(json_integer_value(json_object_get(image, "count")), statistics->count);
        assert_image(image, "mean", statistics->mean, largest(statistics->mean, pixels), exploration);
        assert_image(image, "median", statistics->median, 255, exploration);
        assert_image(image, "minimum", statistics->minimum, 255, exploration);
        assert_image(image, "maximum", statistics->maximum, 255, exploration);
        assert_image(image, "deviation", statistics->deviation, largest(statistics->deviation, pixels), exploration);
    }
    assert_int_equal(json_array_size(class_images), next);
}

static void assert_reals(const json_t *array, const double *values, size_t count) {
    assert_int_equal(json_array_size(array), count);
    for (size_t i = 0; i < count; i++) {
        json_t *number = json_array_get(array, i);
        if (isnan(values[i]))
            assert_true(json_is_null(number));
        else
            assert_true(json_is_real(number) && json_real_value(number) == values[i]);
    }
}

static void check_numbers(const json_t *set, const struct ten_exploration *exploration) {
    const struct ten_pixel_statistics *all = &exploration->all;
    size_t pixels = exploration->height * exploration->width;
    json_t *table = json_object_get(set, "pixels"), *intensity = json_object_get(set, "intensity");
    assert_keys(table, "mean deviation minimum quartile1 median quartile3 maximum");
    assert_reals(json_object_get(table, "mean"), all->mean, pixels);
    assert_reals(json_object_get(table, "deviation"), all->deviation, pixels);
    assert_reals(json_object_get(table, "minimum"), all->minimum, pixels);
    assert_reals(json_object_get(table, "quartile1"), all->quartile1, pixels);
    assert_reals(json_object_get(table, "median"), all->median, pixels);
    assert_reals(json_object_get(table, "quartile3"), all->quartile3, pixels);
    assert_reals(json_object_get(table, "maximum"), all->maximum, pixels);
    assert_reals(json_object_get(set, "ink"), exploration->ink, TEN_CLASSES);
    assert_keys(intensity, "mean deviation minimum quartile1 median quartile3 maximum");
    assert_true(json_real_value(json_object_get(intensity, "mean")) == exploration->mean);
    assert_true(json_real_value(json_object_get(intensity, "deviation")) == exploration->deviation);
    assert_true(json_real_value(json_object_get(intensity, "minimum")) == exploration->minimum);
    assert_true(json_real_value(json_object_get(intensity, "quartile1")) == exploration->quartile1);
    assert_true(json_real_value(json_object_get(intensity, "median")) == exploration->median);
    assert_true(json_real_value(json_object_get(intensity, "quartile3")) == exploration->quartile3);
    assert_true(json_real_value(json_object_get(intensity, "maximum")) == exploration->maximum);
    json_t *histogram = json_object_get(set, "histogram"), *counts = json_object_get(set, "class_counts");
    assert_int_equal(json_array_size(histogram), 256);
    for (size_t level = 0; level < 256; level++)
        assert_int_equal(json_integer_value(json_array_get(histogram, level)), exploration->intensity[level]);
    assert_int_equal(json_array_size(counts), TEN_CLASSES);
    for (size_t label = 0; label < TEN_CLASSES; label++)
        assert_int_equal(json_integer_value(json_array_get(counts, label)), exploration->class_counts[label]);
}

static void check_set(const struct ten_dataset *dataset) {
    struct ten_exploration exploration;
    struct ten_error error;
    assert_ok(ten_explore(&exploration, dataset, NULL, &error));
    json_t *set = ten_json_exploration(&exploration, dataset, "train");
    assert_non_null(set);
    assert_keys(set, "name count height width checksum missing duplicates class_counts intensity histogram ink "
                     "empty_pixels first_rows samples images class_images pixels out_of_range");
    char checksum[16];
    snprintf(checksum, sizeof checksum, "%08x", ten_dataset_checksum(dataset));
    assert_string_equal(json_string_value(json_object_get(set, "checksum")), checksum);
    assert_string_equal(json_string_value(json_object_get(set, "name")), "train");
    assert_int_equal(json_integer_value(json_object_get(set, "count")), dataset->count);
    assert_int_equal(json_integer_value(json_object_get(set, "height")), dataset->height);
    assert_int_equal(json_integer_value(json_object_get(set, "width")), dataset->width);
    assert_true(json_is_integer(json_object_get(set, "missing")));
    assert_true(json_is_integer(json_object_get(set, "out_of_range")));
    assert_int_equal(json_integer_value(json_object_get(set, "out_of_range")), 0);
    assert_int_equal(json_integer_value(json_object_get(set, "missing")), 0);
    assert_int_equal(json_integer_value(json_object_get(set, "duplicates")), exploration.duplicates);
    assert_int_equal(json_integer_value(json_object_get(set, "empty_pixels")), exploration.empty_pixels);
    check_numbers(set, &exploration);
    check_images(set, &exploration);
    if (dataset->labels) check_rows_and_samples(set, dataset);
    json_decref(set);
    ten_exploration_release(&exploration);
}

static void test_exploration(void **state) {
    (void)state;
    struct ten_dataset dataset;
    test_dataset(&dataset, 150, 5, 6, 2);
    memset(dataset.images + 3 * 30, 0, 30); /* an image without ink */
    memcpy(dataset.images + 9 * 30, dataset.images + 3 * 30, 30);
    for (size_t i = 0; i < dataset.count; i++) dataset.images[i * 30 + 8] = 0;
    check_set(&dataset);
    dataset.count = 4; /* few classes, fewer images than rows to show, deviations that are undefined */
    check_set(&dataset);
    dataset.count = 1;
    check_set(&dataset);
    ten_dataset_release(&dataset);
}

static void test_exploration_without_labels(void **state) {
    (void)state;
    struct ten_dataset dataset;
    test_dataset(&dataset, 12, 3, 3, 2);
    free(dataset.labels);
    dataset.labels = NULL;
    check_set(&dataset);
    struct ten_exploration exploration;
    struct ten_error error;
    assert_ok(ten_explore(&exploration, &dataset, NULL, &error));
    json_t *set = ten_json_exploration(&exploration, &dataset, "test");
    assert_int_equal(json_array_size(json_object_get(set, "samples")), 0);
    assert_int_equal(json_array_size(json_object_get(set, "class_images")), 0);
    json_t *row = json_array_get(json_object_get(set, "first_rows"), 0);
    assert_true(json_is_null(json_object_get(row, "label")));
    json_decref(set);
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

struct subject {
    struct ten_dataset dataset;
    struct ten_metrics metrics;
    struct ten_exploration exploration;
    float *probabilities;
    json_t *evaluations;
};

static json_t *make(const struct subject *subject, int which) {
    double values[] = {1, 2};
    const struct ten_history history = {.rows = 1, .columns = 2, .names = {"a", "b"}, .values = values};
    switch (which) {
    case 0: return ten_json_metrics(&subject->metrics);
    case 1: return ten_json_history(&history);
    case 2: return ten_json_picture(subject->dataset.images, 2, 2);
    case 3: return ten_significance_json(subject->evaluations, subject->dataset.labels, subject->dataset.count);
    case 4: {
        const float *probabilities[] = {subject->probabilities};
        return ten_suspects_json(&subject->dataset, probabilities, names, 1, 3);
    }
    case 5: return ten_json_evaluation(&subject->metrics, &subject->dataset, subject->probabilities, names, 2);
    default: return ten_json_exploration(&subject->exploration, &subject->dataset, "train");
    }
}

/* Lets every allocation of jansson fail, one after the other: NULL each time, and (says the leak checker) no loss. */
static void test_short_memory(void **state) {
    (void)state;
    struct subject subject;
    subject.probabilities = evaluated(&subject.dataset, &subject.metrics, 12, 2, 2, 5);
    struct ten_error error;
    assert_ok(ten_explore(&subject.exploration, &subject.dataset, NULL, &error));
    subject.evaluations = json_pack("[{s:s, s:s}, {s:s, s:s}]", "name", "a", "predicted", "012345678901", "name", "b",
                                    "predicted", "111111111111");
    json_malloc_t usual_malloc;
    json_free_t usual_free;
    json_get_alloc_funcs(&usual_malloc, &usual_free);
    for (int which = 0; which < 7; which++) {
        size_t step = which < 5 ? 1 : 11;
        for (size_t allowed = 0;; allowed += step) {
            json_set_alloc_funcs(limited, free);
            allocations_left = allowed;
            json_t *json = make(&subject, which);
            size_t left = allocations_left;
            json_set_alloc_funcs(usual_malloc, usual_free);
            bool made = json != NULL;
            json_decref(json);
            assert_true(made || left == 0); /* it fails for that reason only */
            if (made) break;
            assert_true(allowed < 100000);
        }
    }
    json_decref(subject.evaluations);
    ten_exploration_release(&subject.exploration);
    free(subject.probabilities);
    ten_dataset_release(&subject.dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real),
        cmocka_unit_test(test_picture),
        cmocka_unit_test(test_picture_of),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_evaluation),
        cmocka_unit_test(test_evaluation_of_few_classes),
        cmocka_unit_test(test_exploration),
        cmocka_unit_test(test_exploration_without_labels),
        cmocka_unit_test(test_short_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
