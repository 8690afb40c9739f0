/* Results as JSON, in the shapes of docs/formats.md; members in the order that stands there, so that the same results
 * give the same text.
 *
 * jansson's setters take a value over even when they fail, and fail on a value that is NULL. A function here therefore
 * builds everything, collects whether anything failed, and looks at that once, in `whole`. */
#include "study/json.h"

#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROC_POINTS = 200, FIRST_ROWS = 10, SAMPLES = 10 };

/* ---- Values ---- */

static json_t *whole(json_t *json, int failed) {
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

static json_t *real_6(double value) { return ten_json_real(round(value * 1e6) / 1e6); }

static json_t *size(size_t value) { return json_integer((json_int_t)value); }

static json_t *reals(const double *values, size_t count) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t i = 0; i < count && !failed; i++) failed |= json_array_append_new(array, ten_json_real(values[i]));
    return whole(array, failed);
}

static json_t *sizes(const size_t *values, size_t count) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t i = 0; i < count && !failed; i++) failed |= json_array_append_new(array, size(values[i]));
    return whole(array, failed);
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

json_t *ten_json_picture(const uint8_t *pixels, size_t height, size_t width) {
    static const char prefix[] = "data:image/png;base64,";
    const struct ten_image image = {.height = height, .width = width, .pixels = (uint8_t *)pixels}; /* only read */
    uint8_t *png = NULL;
    size_t png_size;
    if (ten_image_encode_png(&image, &png, &png_size, NULL) != TEN_OK) return NULL;
    json_t *picture = NULL;
    char *text = ten_alloc(sizeof prefix + (png_size + 2) / 3 * 4, 1);
    if (text) {
        size_t length = (size_t)sprintf(text, "%s", prefix);
        encode_base64(text + length, png, png_size);
        picture = json_string(text);
    }
    free(text);
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
    return whole(object, failed);
}

static json_t *class_json(size_t label, const char *name, const struct ten_class_metrics *metrics) {
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "label", size(label));
    failed |= json_object_set_new(object, "name", json_string(name));
    failed |= json_object_set_new(object, "precision", ten_json_real(metrics->precision));
    failed |= json_object_set_new(object, "recall", ten_json_real(metrics->recall));
    failed |= json_object_set_new(object, "f1", ten_json_real(metrics->f1));
    failed |= json_object_set_new(object, "auc", ten_json_real(metrics->auc));
    failed |= json_object_set_new(object, "support", size(metrics->support));
    return whole(object, failed);
}

static json_t *classes_json(const struct ten_metrics *metrics, const char *const class_names[TEN_CLASSES]) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t label = 0; label < TEN_CLASSES && !failed; label++)
        failed |= json_array_append_new(array, class_json(label, class_names[label], &metrics->classes[label]));
    return whole(array, failed);
}

static json_t *weighted_json(const struct ten_metrics *metrics) {
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "precision", ten_json_real(metrics->weighted_precision));
    failed |= json_object_set_new(object, "recall", ten_json_real(metrics->weighted_recall));
    failed |= json_object_set_new(object, "f1", ten_json_real(metrics->weighted_f1));
    return whole(object, failed);
}

static json_t *confusion_json(const struct ten_metrics *metrics) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t label = 0; label < TEN_CLASSES && !failed; label++)
        failed |= json_array_append_new(array, sizes(metrics->confusion[label], TEN_CLASSES));
    return whole(array, failed);
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
    failed |= json_array_append_new(point, real_6(x));
    failed |= json_array_append_new(point, real_6(y));
    return whole(point, failed);
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
    return whole(points, failed);
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
    return whole(object, failed);
}

static json_t *curves_json(const struct ten_dataset *dataset, const float *probabilities) {
    json_t *array = json_array();
    int failed = !array;
    for (int label = 0; label < TEN_CLASSES && !failed; label++)
        failed |= json_array_append_new(array, curve_json(dataset, probabilities, label));
    return whole(array, failed);
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
        failed |= json_array_append_new(numbers, real_6((double)row[label]));
    failed |= json_object_set_new(object, "index", size(index));
    failed |= json_object_set_new(object, "truth", json_integer(dataset->labels[index]));
    failed |= json_object_set_new(object, "predicted", json_integer(ten_label(row)));
    failed |= json_object_set_new(object, "probabilities", numbers);
    failed |= json_object_set_new(object, "image",
                                  ten_json_picture(dataset->images + index * pixels, dataset->height, dataset->width));
    return whole(object, failed);
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
    return whole(array, failed);
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
    return whole(object, failed);
}

json_t *ten_json_history(const struct ten_history *history) {
    size_t most = sizeof history->names / sizeof *history->names;
    size_t columns = history->columns < most ? history->columns : most;
    json_t *object = json_object(), *names = json_array(), *rows = json_array();
    int failed = !object || !names || !rows;
    for (size_t i = 0; i < columns && !failed; i++)
        failed |= json_array_append_new(names, json_string(history->names[i]));
    for (size_t i = 0; i < history->rows && !failed; i++)
        failed |= json_array_append_new(rows, reals(history->values + i * history->columns, columns));
    failed |= json_object_set_new(object, "names", names);
    failed |= json_object_set_new(object, "rows", rows);
    return whole(object, failed);
}

/* ---- Exploration ---- */

static json_t *intensity_json(const struct ten_exploration *exploration) {
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "mean", ten_json_real(exploration->mean));
    failed |= json_object_set_new(object, "deviation", ten_json_real(exploration->deviation));
    failed |= json_object_set_new(object, "minimum", ten_json_real(exploration->minimum));
    failed |= json_object_set_new(object, "quartile1", ten_json_real(exploration->quartile1));
    failed |= json_object_set_new(object, "median", ten_json_real(exploration->median));
    failed |= json_object_set_new(object, "quartile3", ten_json_real(exploration->quartile3));
    failed |= json_object_set_new(object, "maximum", ten_json_real(exploration->maximum));
    return whole(object, failed);
}

static json_t *histogram_json(const struct ten_exploration *exploration) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t level = 0; level < 256 && !failed; level++)
        failed |= json_array_append_new(array, json_integer((json_int_t)exploration->intensity[level]));
    return whole(array, failed);
}

static json_t *label_json(const struct ten_dataset *dataset, size_t index) {
    return dataset->labels ? json_integer(dataset->labels[index]) : json_null();
}

static json_t *first_row_json(const struct ten_dataset *dataset, size_t index) {
    size_t pixels = dataset->height * dataset->width, first = pixels;
    const uint8_t *image = dataset->images + index * pixels;
    uint64_t ink = 0;
    for (size_t p = pixels; p-- > 0;) {
        ink += image[p];
        if (image[p]) first = p;
    }
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "label", label_json(dataset, index));
    failed |= json_object_set_new(object, "ink", ten_json_real((double)ink / (double)pixels));
    failed |= json_object_set_new(object, "first_ink_pixel", first < pixels ? size(first) : json_null());
    return whole(object, failed);
}

static json_t *first_rows_json(const struct ten_dataset *dataset) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t i = 0; i < dataset->count && i < FIRST_ROWS && !failed; i++)
        failed |= json_array_append_new(array, first_row_json(dataset, i));
    return whole(array, failed);
}

static json_t *sample_json(const struct ten_dataset *dataset, size_t index) {
    const uint8_t *image = dataset->images + index * dataset->height * dataset->width;
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "index", size(index));
    failed |= json_object_set_new(object, "label", label_json(dataset, index));
    failed |= json_object_set_new(object, "image", ten_json_picture(image, dataset->height, dataset->width));
    return whole(object, failed);
}

/* The first SAMPLES images of each class, class by class; none of a set without labels. */
static json_t *samples_json(const struct ten_dataset *dataset) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t label = 0; label < TEN_CLASSES && dataset->labels; label++)
        for (size_t i = 0, taken = 0; i < dataset->count && taken < SAMPLES && !failed; i++)
            if (dataset->labels[i] == label) {
                failed |= json_array_append_new(array, sample_json(dataset, i));
                taken++;
            }
    return whole(array, failed);
}

/* Mean and deviation are stretched to the whole range of greys, so that their shapes show; the others are values that
 * a pixel really had (or lies half-way between), and keep theirs. */
static json_t *images_json(const struct ten_exploration *exploration) {
    const struct ten_pixel_statistics *all = &exploration->all;
    size_t height = exploration->height, width = exploration->width;
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "mean", ten_json_picture_of(all->mean, height, width, 0));
    failed |= json_object_set_new(object, "median", ten_json_picture_of(all->median, height, width, 255));
    failed |= json_object_set_new(object, "minimum", ten_json_picture_of(all->minimum, height, width, 255));
    failed |= json_object_set_new(object, "maximum", ten_json_picture_of(all->maximum, height, width, 255));
    failed |= json_object_set_new(object, "deviation", ten_json_picture_of(all->deviation, height, width, 0));
    return whole(object, failed);
}

static json_t *class_image_json(const struct ten_exploration *exploration, size_t label) {
    const struct ten_pixel_statistics *class_pixels = &exploration->classes[label];
    size_t height = exploration->height, width = exploration->width;
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "label", size(label));
    failed |= json_object_set_new(object, "count", size(class_pixels->count));
    failed |= json_object_set_new(object, "mean", ten_json_picture_of(class_pixels->mean, height, width, 0));
    failed |= json_object_set_new(object, "median", ten_json_picture_of(class_pixels->median, height, width, 255));
    failed |= json_object_set_new(object, "deviation", ten_json_picture_of(class_pixels->deviation, height, width, 0));
    return whole(object, failed);
}

/* Classes without images have no pictures, and are left out. */
static json_t *class_images_json(const struct ten_exploration *exploration) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t label = 0; label < TEN_CLASSES && !failed; label++)
        if (exploration->classes[label].count)
            failed |= json_array_append_new(array, class_image_json(exploration, label));
    return whole(array, failed);
}

static json_t *pixels_json(const struct ten_exploration *exploration) {
    const struct ten_pixel_statistics *all = &exploration->all;
    size_t pixels = exploration->height * exploration->width;
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "mean", reals(all->mean, pixels));
    failed |= json_object_set_new(object, "deviation", reals(all->deviation, pixels));
    failed |= json_object_set_new(object, "minimum", reals(all->minimum, pixels));
    failed |= json_object_set_new(object, "quartile1", reals(all->quartile1, pixels));
    failed |= json_object_set_new(object, "median", reals(all->median, pixels));
    failed |= json_object_set_new(object, "quartile3", reals(all->quartile3, pixels));
    failed |= json_object_set_new(object, "maximum", reals(all->maximum, pixels));
    return whole(object, failed);
}

json_t *ten_json_exploration(const struct ten_exploration *exploration, const struct ten_dataset *dataset,
                             const char *name) {
    char checksum[16];
    snprintf(checksum, sizeof checksum, "%08x", ten_dataset_checksum(dataset));
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "name", json_string(name));
    failed |= json_object_set_new(object, "count", size(exploration->count));
    failed |= json_object_set_new(object, "height", size(exploration->height));
    failed |= json_object_set_new(object, "width", size(exploration->width));
    failed |= json_object_set_new(object, "checksum", json_string(checksum));
    failed |= json_object_set_new(object, "missing", json_integer(0));
    failed |= json_object_set_new(object, "duplicates", size(exploration->duplicates));
    failed |= json_object_set_new(object, "class_counts", sizes(exploration->class_counts, TEN_CLASSES));
    failed |= json_object_set_new(object, "intensity", intensity_json(exploration));
    failed |= json_object_set_new(object, "histogram", histogram_json(exploration));
    failed |= json_object_set_new(object, "ink", reals(exploration->ink, TEN_CLASSES));
    failed |= json_object_set_new(object, "empty_pixels", size(exploration->empty_pixels));
    failed |= json_object_set_new(object, "first_rows", first_rows_json(dataset));
    failed |= json_object_set_new(object, "samples", samples_json(dataset));
    failed |= json_object_set_new(object, "images", images_json(exploration));
    failed |= json_object_set_new(object, "class_images", class_images_json(exploration));
    failed |= json_object_set_new(object, "pixels", pixels_json(exploration));
    return whole(object, failed);
}
