/* Results as JSON, in the shapes of docs/formats.md; members in the order that stands there, so that the same results
 * give the same text.
 *
 * jansson's setters take a value over even when they fail, and fail on a value that is NULL. A function here therefore
 * builds everything, collects whether anything failed, and looks at that once, in `ten_json_whole`. */
#include "study/json.h"

#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROC_POINTS = 200 };

/* ---- Values ---- */

json_t *ten_json_whole(json_t *json, int failed) {
    if (!failed) return json;
    json_decref(json);
    return NULL;
}

json_t *ten_json_text(const char *text) {
    char *copy = strdup(text);
    if (!copy) return NULL;
    ten_clean_text(copy);
    json_t *value = json_string(copy);
    free(copy);
    return value;
}

json_t *ten_json_real(double value) { return isfinite(value) ? json_real(value) : json_null(); }

json_t *ten_json_real_6(double value) { return ten_json_real(round(value * 1e6) / 1e6); }

json_t *ten_json_size(size_t value) { return json_integer((json_int_t)value); }

json_t *ten_json_reals(const double *values, size_t count) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t i = 0; i < count && !failed; i++) failed |= json_array_append_new(array, ten_json_real(values[i]));
    return ten_json_whole(array, failed);
}

json_t *ten_json_sizes(const size_t *values, size_t count) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t i = 0; i < count && !failed; i++) failed |= json_array_append_new(array, ten_json_size(values[i]));
    return ten_json_whole(array, failed);
}

/* ---- Pictures ---- */

/* Base64 (RFC 4648, section 4), terminated; `out` holds 4 * ceil(count / 3) + 1 bytes. */
static void encode_base64(char *out, const uint8_t *bytes, size_t count) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < count; i += 3) {
        uint32_t group = (uint32_t)bytes[i] << 16;
        if (i + 1 < count) group |= (uint32_t)bytes[i + 1] << 8;
        if (i + 2 < count) group |= bytes[i + 2];
        *out++ = digits[group >> 18];
        *out++ = digits[group >> 12 & 63];
        *out++ = i + 1 < count ? digits[group >> 6 & 63] : '=';
        *out++ = i + 2 < count ? digits[group & 63] : '=';
    }
    *out = '\0';
}

json_t *ten_json_png(const uint8_t *png, size_t size) {
    static const char prefix[] = "data:image/png;base64,";
    json_t *picture = NULL;
    char *text = ten_alloc(sizeof prefix + (size + 2) / 3 * 4, 1);
    if (text) {
        size_t length = (size_t)sprintf(text, "%s", prefix);
        encode_base64(text + length, png, size);
        picture = json_string(text);
    }
    free(text);
    return picture;
}

json_t *ten_json_picture(const uint8_t *pixels, size_t height, size_t width) {
    const struct ten_image image = {.height = height, .width = width, .pixels = (uint8_t *)pixels}; /* only read */
    uint8_t *png = NULL;
    size_t size;
    if (ten_image_encode_png(&image, &png, &size, NULL) != TEN_OK) return NULL;
    json_t *picture = ten_json_png(png, size);
    free(png);
    return picture;
}

static double largest(const double *values, size_t count) {
    double top = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(values[i]) && values[i] > top) top = values[i];
    return top;
}

json_t *ten_json_picture_of(const double *values, size_t height, size_t width, double top) {
    size_t count = height * width;
    if (top == 0) top = largest(values, count);
    uint8_t *pixels = ten_alloc_zero(count, 1);
    if (!pixels) return NULL;
    for (size_t i = 0; i < count && top > 0; i++) {
        double level = round(values[i] * 255 / top);
        if (level > 0) pixels[i] = level < 255 ? (uint8_t)level : 255; /* no number at all stays black */
    }
    json_t *picture = ten_json_picture(pixels, height, width);
    free(pixels);
    return picture;
}

/* ---- Evaluation ---- */

json_t *ten_json_metrics(const struct ten_metrics *metrics) {
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "accuracy", ten_json_real(metrics->accuracy));
    failed |= json_object_set_new(object, "accuracy_low", ten_json_real(metrics->accuracy_low));
    failed |= json_object_set_new(object, "accuracy_high", ten_json_real(metrics->accuracy_high));
    failed |= json_object_set_new(object, "precision", ten_json_real(metrics->precision));
    failed |= json_object_set_new(object, "recall", ten_json_real(metrics->recall));
    failed |= json_object_set_new(object, "f1", ten_json_real(metrics->f1));
    failed |= json_object_set_new(object, "log_loss", ten_json_real(metrics->log_loss));
    failed |= json_object_set_new(object, "auc", ten_json_real(metrics->auc));
    return ten_json_whole(object, failed);
}

static json_t *class_json(size_t label, const char *name, const struct ten_class_metrics *metrics) {
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "label", ten_json_size(label));
    failed |= json_object_set_new(object, "name", json_string(name));
    failed |= json_object_set_new(object, "precision", ten_json_real(metrics->precision));
    failed |= json_object_set_new(object, "recall", ten_json_real(metrics->recall));
    failed |= json_object_set_new(object, "f1", ten_json_real(metrics->f1));
    failed |= json_object_set_new(object, "auc", ten_json_real(metrics->auc));
    failed |= json_object_set_new(object, "support", ten_json_size(metrics->support));
    return ten_json_whole(object, failed);
}

static json_t *classes_json(const struct ten_metrics *metrics, const char *const class_names[TEN_CLASSES]) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t label = 0; label < TEN_CLASSES && !failed; label++)
        failed |= json_array_append_new(array, class_json(label, class_names[label], &metrics->classes[label]));
    return ten_json_whole(array, failed);
}

static json_t *weighted_json(const struct ten_metrics *metrics) {
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "precision", ten_json_real(metrics->weighted_precision));
    failed |= json_object_set_new(object, "recall", ten_json_real(metrics->weighted_recall));
    failed |= json_object_set_new(object, "f1", ten_json_real(metrics->weighted_f1));
    return ten_json_whole(object, failed);
}

static json_t *confusion_json(const struct ten_metrics *metrics) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t label = 0; label < TEN_CLASSES && !failed; label++)
        failed |= json_array_append_new(array, ten_json_sizes(metrics->confusion[label], TEN_CLASSES));
    return ten_json_whole(array, failed);
}

/* A stretch of a curve between two kept vertices, and the one between them that lies farthest from the chord. */
struct stretch {
    size_t first, last, farthest;
    double distance;
};

static struct stretch measure_stretch(const struct ten_roc *roc, size_t first, size_t last) {
    struct stretch stretch = {.first = first, .last = last};
    const double *x = roc->false_positive_rate, *y = roc->true_positive_rate;
    double dx = x[last] - x[first], dy = y[last] - y[first], length = hypot(dx, dy);
    for (size_t i = first + 1; i < last; i++) {
        double distance = fabs(dx * (y[i] - y[first]) - dy * (x[i] - x[first])) / length;
        if (distance <= stretch.distance) continue;
        stretch.distance = distance;
        stretch.farthest = i;
    }
    return stretch;
}

/* Marks the vertices to keep: both ends, and then, until there are ROC_POINTS, the vertex that lies farthest from the
 * polyline of those kept so far (Douglas and Peucker 1973, with a count in place of a tolerance). */
static void thin(const struct ten_roc *roc, bool *keep) {
    struct stretch stretches[ROC_POINTS] = {measure_stretch(roc, 0, roc->count - 1)};
    size_t count = 1;
    keep[0] = keep[roc->count - 1] = true;
    while (count < ROC_POINTS - 1) {
        struct stretch *worst = &stretches[0];
        for (size_t i = 1; i < count; i++)
            if (stretches[i].distance > worst->distance) worst = &stretches[i];
        if (worst->farthest == 0) return; /* nothing left that is off the line */
        keep[worst->farthest] = true;
        stretches[count++] = measure_stretch(roc, worst->farthest, worst->last);
        *worst = measure_stretch(roc, worst->first, worst->farthest);
    }
}

static json_t *point_json(double x, double y) {
    json_t *point = json_array();
    int failed = !point;
    failed |= json_array_append_new(point, ten_json_real_6(x));
    failed |= json_array_append_new(point, ten_json_real_6(y));
    return ten_json_whole(point, failed);
}

static json_t *points_json(const struct ten_roc *roc) {
    if (roc->count == 0) return json_array();
    bool *keep = ten_alloc_zero(roc->count, sizeof *keep);
    json_t *points = json_array();
    int failed = !keep || !points;
    if (keep) thin(roc, keep);
    for (size_t i = 0; i < roc->count && !failed; i++)
        if (keep[i])
            failed |=
                json_array_append_new(points, point_json(roc->false_positive_rate[i], roc->true_positive_rate[i]));
    free(keep);
    return ten_json_whole(points, failed);
}

static json_t *curve_json(const struct ten_dataset *dataset, const float *probabilities, int label) {
    struct ten_roc roc;
    if (ten_roc_compute(&roc, dataset->labels, probabilities, dataset->count, label, NULL) != TEN_OK) return NULL;
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "label", json_integer(label));
    failed |= json_object_set_new(object, "auc", ten_json_real(roc.auc));
    failed |= json_object_set_new(object, "points", points_json(&roc));
    ten_roc_release(&roc);
    return ten_json_whole(object, failed);
}

static json_t *curves_json(const struct ten_dataset *dataset, const float *probabilities) {
    json_t *array = json_array();
    int failed = !array;
    for (int label = 0; label < TEN_CLASSES && !failed; label++)
        failed |= json_array_append_new(array, curve_json(dataset, probabilities, label));
    return ten_json_whole(array, failed);
}

struct mistake {
    size_t index;
    float probability; /* of the label that was wrongly given */
};

/* Surest first. */
static int by_probability(const void *left, const void *right) {
    const struct mistake *a = left, *b = right;
    if (a->probability != b->probability) return a->probability < b->probability ? 1 : -1;
    return (a->index > b->index) - (a->index < b->index);
}

static json_t *mistake_json(const struct ten_dataset *dataset, const float *probabilities, size_t index) {
    size_t pixels = dataset->height * dataset->width;
    const float *row = probabilities + index * TEN_CLASSES;
    json_t *object = json_object(), *numbers = json_array();
    int failed = !object || !numbers;
    for (size_t label = 0; label < TEN_CLASSES && !failed; label++)
        failed |= json_array_append_new(numbers, ten_json_real_6((double)row[label]));
    failed |= json_object_set_new(object, "index", ten_json_size(index));
    failed |= json_object_set_new(object, "truth", json_integer(dataset->labels[index]));
    failed |= json_object_set_new(object, "predicted", json_integer(ten_label(row)));
    failed |= json_object_set_new(object, "probabilities", numbers);
    failed |= json_object_set_new(object, "image",
                                  ten_json_picture(dataset->images + index * pixels, dataset->height, dataset->width));
    return ten_json_whole(object, failed);
}

static json_t *mistakes_json(const struct ten_dataset *dataset, const float *probabilities, size_t most) {
    struct mistake *mistakes = ten_alloc(dataset->count, sizeof *mistakes);
    json_t *array = json_array();
    int failed = !mistakes || !array;
    size_t count = 0;
    for (size_t i = 0; i < dataset->count && mistakes; i++) {
        const float *row = probabilities + i * TEN_CLASSES;
        int predicted = ten_label(row);
        if (predicted != dataset->labels[i])
            mistakes[count++] = (struct mistake){.index = i, .probability = row[predicted]};
    }
    if (count) qsort(mistakes, count, sizeof *mistakes, by_probability);
    for (size_t i = 0; i < count && i < most && !failed; i++)
        failed |= json_array_append_new(array, mistake_json(dataset, probabilities, mistakes[i].index));
    free(mistakes);
    return ten_json_whole(array, failed);
}

json_t *ten_json_evaluation(const struct ten_metrics *metrics, const struct ten_dataset *dataset,
                            const float *probabilities, const char *const class_names[TEN_CLASSES], size_t mistakes) {
    /* the curves come first, because making them checks labels and probabilities for all that follows */
    json_t *object = json_object(), *curves = curves_json(dataset, probabilities);
    int failed = !object || !curves;
    if (!failed) {
        failed |= json_object_set_new(object, "per_class", classes_json(metrics, class_names));
        failed |= json_object_set_new(object, "weighted", weighted_json(metrics));
        failed |= json_object_set_new(object, "confusion", confusion_json(metrics));
        failed |= json_object_set(object, "roc", curves);
        failed |= json_object_set_new(object, "mistakes", mistakes_json(dataset, probabilities, mistakes));
    }
    json_decref(curves);
    return ten_json_whole(object, failed);
}

json_t *ten_json_history(const struct ten_history *history) {
    size_t most = sizeof history->names / sizeof *history->names;
    size_t columns = history->columns < most ? history->columns : most;
    json_t *object = json_object(), *names = json_array(), *rows = json_array();
    int failed = !object || !names || !rows;
    for (size_t i = 0; i < columns && !failed; i++)
        failed |= json_array_append_new(names, json_string(history->names[i]));
    for (size_t i = 0; i < history->rows && !failed; i++)
        failed |= json_array_append_new(rows, ten_json_reals(history->values + i * history->columns, columns));
    failed |= json_object_set_new(object, "names", names);
    failed |= json_object_set_new(object, "rows", rows);
    return ten_json_whole(object, failed);
}
