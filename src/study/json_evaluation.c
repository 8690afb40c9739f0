/* An evaluation as JSON: metrics, curves, calibration, what was given to each image, and the worst mistakes. The shape
 * is that of docs/formats.md; how failures are collected tells json.c. */
#include "study/json.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

enum { CURVE_POINTS = 200 };

/* ---- Metrics ---- */

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
    failed |= json_object_set_new(object, "kappa", ten_json_real(metrics->kappa));
    failed |= json_object_set_new(object, "mcc", ten_json_real(metrics->mcc));
    failed |= json_object_set_new(object, "top2_accuracy", ten_json_real(metrics->top2_accuracy));
    failed |= json_object_set_new(object, "top3_accuracy", ten_json_real(metrics->top3_accuracy));
    failed |= json_object_set_new(object, "brier", ten_json_real(metrics->brier));
    failed |= json_object_set_new(object, "ece", ten_json_real(metrics->ece));
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

/* ---- Curves ---- */

struct curve {
    const double *x, *y;
    size_t count;
};

/* A stretch of a curve between two kept points, and the one between them that lies farthest from the chord. Its
 * ends differ: of points in the same place, which a precision-recall curve may have, only the first is ever farthest.
 */
struct stretch {
    size_t first, last, farthest;
    double distance;
};

static struct stretch measure_stretch(const struct curve *curve, size_t first, size_t last) {
    struct stretch stretch = {.first = first, .last = last};
    const double *x = curve->x, *y = curve->y;
    double dx = x[last] - x[first], dy = y[last] - y[first], length = hypot(dx, dy);
    for (size_t i = first + 1; i < last; i++) {
        double distance = fabs(dx * (y[i] - y[first]) - dy * (x[i] - x[first])) / length;
        if (distance <= stretch.distance) continue;
        stretch.distance = distance;
        stretch.farthest = i;
    }
    return stretch;
}

/* Marks the points to keep: both ends, and then, until there are CURVE_POINTS, the point that lies farthest from the
 * polyline of those kept so far (Douglas and Peucker 1973, with a count in place of a tolerance). */
static void thin(const struct curve *curve, bool *keep) {
    struct stretch stretches[CURVE_POINTS] = {measure_stretch(curve, 0, curve->count - 1)};
    size_t count = 1;
    keep[0] = keep[curve->count - 1] = true;
    while (count < CURVE_POINTS - 1) {
        struct stretch *worst = &stretches[0];
        for (size_t i = 1; i < count; i++)
            if (stretches[i].distance > worst->distance) worst = &stretches[i];
        if (worst->farthest == 0) return; /* nothing left that is off the line */
        keep[worst->farthest] = true;
        stretches[count++] = measure_stretch(curve, worst->farthest, worst->last);
        *worst = measure_stretch(curve, worst->first, worst->farthest);
    }
}

static json_t *point_json(double x, double y) {
    json_t *point = json_array();
    int failed = !point;
    failed |= json_array_append_new(point, ten_json_real_6(x));
    failed |= json_array_append_new(point, ten_json_real_6(y));
    return ten_json_whole(point, failed);
}

static json_t *points_json(const struct curve *curve) {
    json_t *points = json_array();
    bool *keep = ten_alloc_zero(curve->count, sizeof *keep);
    int failed = !points || !keep;
    if (!failed && curve->count) thin(curve, keep);
    for (size_t i = 0; i < curve->count && !failed; i++)
        if (keep[i]) failed |= json_array_append_new(points, point_json(curve->x[i], curve->y[i]));
    free(keep);
    return ten_json_whole(points, failed);
}

static json_t *curve_json(int label, const char *area_name, double area, struct curve curve) {
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "label", json_integer(label));
    failed |= json_object_set_new(object, area_name, ten_json_real(area));
    failed |= json_object_set_new(object, "points", points_json(&curve));
    return ten_json_whole(object, failed);
}

static json_t *roc_json(const struct ten_dataset *dataset, const float *probabilities, int label) {
    struct ten_roc roc;
    if (ten_roc_compute(&roc, dataset->labels, probabilities, dataset->count, label, NULL) != TEN_OK) return NULL;
    json_t *object =
        curve_json(label, "auc", roc.auc, (struct curve){roc.false_positive_rate, roc.true_positive_rate, roc.count});
    ten_roc_release(&roc);
    return object;
}

static json_t *pr_json(const struct ten_dataset *dataset, const float *probabilities, int label) {
    struct ten_pr pr;
    if (ten_pr_compute(&pr, dataset->labels, probabilities, dataset->count, label, NULL) != TEN_OK) return NULL;
    json_t *object =
        curve_json(label, "average_precision", pr.average_precision, (struct curve){pr.recall, pr.precision, pr.count});
    ten_pr_release(&pr);
    return object;
}

static json_t *curves_json(const struct ten_dataset *dataset, const float *probabilities,
                           json_t *(*one)(const struct ten_dataset *dataset, const float *probabilities, int label)) {
    json_t *array = json_array();
    int failed = !array;
    for (int label = 0; label < TEN_CLASSES && !failed; label++)
        failed |= json_array_append_new(array, one(dataset, probabilities, label));
    return ten_json_whole(array, failed);
}

/* ---- Trust ---- */

static json_t *bin_json(const struct ten_calibration_bin *bin, size_t index) {
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "low", ten_json_real_6((double)index / TEN_CALIBRATION_BINS));
    failed |= json_object_set_new(object, "high", ten_json_real_6((double)(index + 1) / TEN_CALIBRATION_BINS));
    failed |= json_object_set_new(object, "count", ten_json_size(bin->count));
    failed |= json_object_set_new(object, "confidence", bin->count ? ten_json_real(bin->confidence) : json_null());
    failed |= json_object_set_new(object, "accuracy", bin->count ? ten_json_real(bin->accuracy) : json_null());
    return ten_json_whole(object, failed);
}

static json_t *calibration_json(const struct ten_metrics *metrics) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t bin = 0; bin < TEN_CALIBRATION_BINS && !failed; bin++)
        failed |= json_array_append_new(array, bin_json(&metrics->calibration[bin], bin));
    return ten_json_whole(array, failed);
}

static json_t *share_json(const struct ten_share *share) {
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "count", ten_json_size(share->count));
    failed |= json_object_set_new(object, "correct", ten_json_size(share->correct));
    failed |= json_object_set_new(object, "accuracy", ten_json_real(share->accuracy));
    failed |= json_object_set_new(object, "accuracy_low", ten_json_real(share->accuracy_low));
    failed |= json_object_set_new(object, "accuracy_high", ten_json_real(share->accuracy_high));
    return ten_json_whole(object, failed);
}

static json_t *without_rejected_json(const struct ten_dataset *dataset, const float *probabilities) {
    struct ten_share share;
    return ten_without_rejected(&share, dataset, probabilities) ? share_json(&share) : json_null();
}

/* ---- Images ---- */

static json_t *predicted_json(const float *probabilities, size_t count) {
    char *digits = ten_alloc(count + 1, 1);
    if (!digits) return NULL;
    for (size_t i = 0; i < count; i++) digits[i] = (char)('0' + ten_label(probabilities + i * TEN_CLASSES));
    json_t *text = json_stringn(digits, count);
    free(digits);
    return text;
}

static json_t *confidence_json(const float *probabilities, size_t count) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t i = 0; i < count && !failed; i++) {
        const float *row = probabilities + i * TEN_CLASSES;
        failed |= json_array_append_new(array, ten_json_real(round((double)row[ten_label(row)] * 1e4) / 1e4));
    }
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
    json_t *object = json_object(), *curves = curves_json(dataset, probabilities, roc_json);
    int failed = !object || !curves;
    if (!failed) {
        failed |= json_object_set_new(object, "per_class", classes_json(metrics, class_names));
        failed |= json_object_set_new(object, "weighted", weighted_json(metrics));
        failed |= json_object_set_new(object, "confusion", confusion_json(metrics));
        failed |= json_object_set(object, "roc", curves);
        failed |= json_object_set_new(object, "pr", curves_json(dataset, probabilities, pr_json));
        failed |= json_object_set_new(object, "calibration", calibration_json(metrics));
        failed |= json_object_set_new(object, "without_rejected", without_rejected_json(dataset, probabilities));
        failed |= json_object_set_new(object, "predicted", predicted_json(probabilities, dataset->count));
        failed |= json_object_set_new(object, "confidence", confidence_json(probabilities, dataset->count));
        failed |= json_object_set_new(object, "mistakes", mistakes_json(dataset, probabilities, mistakes));
    }
    json_decref(curves);
    return ten_json_whole(object, failed);
}
