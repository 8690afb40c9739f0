/* Metrics of a classifier from its probabilities: the confusion matrix, and what follows from it (precision, recall,
 * F1, their averages), the logarithmic loss, and the area under each class's ROC curve.
 *
 * Conventions are scikit-learn's, with zero_division=0, so that the figures can be held against other software. The
 * interval is Wilson's (1927, "Probable inference, the law of succession, and statistical inference"). */
#include "base/error.h"

#include <math.h>

static const double normal_quantile = 1.959963984540054; /* 97.5 % of the standard normal distribution lie below */
static const double smallest_probability = 1e-15;

int ten_label(const float *probabilities) {
    int best = 0;
    for (int i = 1; i < TEN_CLASSES; i++)
        if (probabilities[i] > probabilities[best]) best = i;
    return best;
}

void ten_wilson_interval(size_t correct, size_t count, double *low, double *high) {
    *low = 0;
    *high = 1;
    if (count == 0) return;
    if (correct > count) correct = count;
    double n = (double)count, share = (double)correct / n, z2 = normal_quantile * normal_quantile;
    double middle = (share + z2 / (2 * n)) / (1 + z2 / n);
    double half = normal_quantile / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n));
    /* at the ends the formula gives exactly 0 and 1, but not in floating point */
    if (correct > 0) *low = middle - half;
    if (correct < count) *high = middle + half;
}

static double ratio(size_t part, size_t whole) { return whole ? (double)part / (double)whole : 0; }

/* The area under each class's curve. ten_roc_compute checks labels and probabilities, so that after this all of the
 * input is known to be good. */
static enum ten_status measure_areas(struct ten_metrics *out, const uint8_t *labels, const float *probabilities,
                                     size_t count, struct ten_error *error) {
    double sum = 0;
    int defined = 0;
    for (int label = 0; label < TEN_CLASSES; label++) {
        struct ten_roc roc;
        enum ten_status status = ten_roc_compute(&roc, labels, probabilities, count, label, error);
        if (status != TEN_OK) return status;
        out->classes[label].auc = roc.auc;
        if (!isnan(roc.auc)) {
            sum += roc.auc;
            defined++;
        }
        ten_roc_release(&roc);
    }
    out->auc = defined ? sum / defined : NAN;
    return TEN_OK;
}

static void count_rows(struct ten_metrics *out, const uint8_t *labels, const float *probabilities, size_t count) {
    double loss = 0;
    for (size_t i = 0; i < count; i++) {
        const float *row = probabilities + i * TEN_CLASSES;
        out->confusion[labels[i]][ten_label(row)]++;
        double probability = (double)row[labels[i]];
        loss -= log(fmin(fmax(probability, smallest_probability), 1));
    }
    out->count = count;
    out->log_loss = loss / (double)count + 0.0; /* no loss is 0, not -0 */
}

static void measure_class(struct ten_metrics *out, size_t label, size_t *predicted) {
    struct ten_class_metrics *measures = &out->classes[label];
    size_t right = out->confusion[label][label];
    *predicted = 0;
    for (size_t other = 0; other < TEN_CLASSES; other++) {
        measures->support += out->confusion[label][other];
        *predicted += out->confusion[other][label];
    }
    measures->precision = ratio(right, *predicted);
    measures->recall = ratio(right, measures->support);
    measures->f1 = ratio(2 * right, measures->support + *predicted);
    out->correct += right;
}

static void measure_classes(struct ten_metrics *out) {
    size_t present = 0; /* classes that occur, in truth or in prediction: the macro averages go over these */
    for (size_t label = 0; label < TEN_CLASSES; label++) {
        size_t predicted;
        measure_class(out, label, &predicted);
        const struct ten_class_metrics *measures = &out->classes[label];
        double weight = ratio(measures->support, out->count);
        present += measures->support > 0 || predicted > 0;
        out->precision += measures->precision;
        out->recall += measures->recall;
        out->f1 += measures->f1;
        out->weighted_precision += weight * measures->precision;
        out->weighted_recall += weight * measures->recall;
        out->weighted_f1 += weight * measures->f1;
    }
    out->precision /= (double)present;
    out->recall /= (double)present;
    out->f1 /= (double)present;
}

enum ten_status ten_metrics_compute(struct ten_metrics *out, const uint8_t *labels, const float *probabilities,
                                    size_t count, struct ten_error *error) {
    *out = (struct ten_metrics){0};
    if (count == 0) return ten_fail(error, TEN_INVALID, "no rows to measure, expected at least one");
    enum ten_status status = measure_areas(out, labels, probabilities, count, error);
    if (status != TEN_OK) {
        *out = (struct ten_metrics){0};
        return status;
    }
    count_rows(out, labels, probabilities, count);
    measure_classes(out);
    out->accuracy = ratio(out->correct, count);
    ten_wilson_interval(out->correct, count, &out->accuracy_low, &out->accuracy_high);
    return TEN_OK;
}
