/* Metrics of a classifier from its probabilities: the confusion matrix, and what follows from it (precision, recall,
 * F1, their averages, kappa, correlation), the losses, the area under each class's ROC curve, and how far the
 * probabilities can be believed.
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

/* How many labels come before the truth: the more probable ones, and of equally probable ones the smaller. */
static int rank_of(const float *row, uint8_t truth) {
    int before = 0;
    for (int label = 0; label < TEN_CLASSES; label++)
        before += row[label] > row[truth] || (row[label] == row[truth] && label < truth);
    return before;
}

static double squared_distance(const float *row, uint8_t truth) {
    double sum = 0;
    for (int label = 0; label < TEN_CLASSES; label++) {
        double distance = (double)row[label] - (label == truth);
        sum += distance * distance;
    }
    return sum;
}

static void count_rows(struct ten_metrics *out, const uint8_t *labels, const float *probabilities, size_t count) {
    double loss = 0, distance = 0;
    size_t ranks[TEN_CLASSES] = {0};
    for (size_t i = 0; i < count; i++) {
        const float *row = probabilities + i * TEN_CLASSES;
        out->confusion[labels[i]][ten_label(row)]++;
        double probability = (double)row[labels[i]];
        loss -= log(fmin(fmax(probability, smallest_probability), 1));
        distance += squared_distance(row, labels[i]);
        ranks[rank_of(row, labels[i])]++;
    }
    out->count = count;
    out->log_loss = loss / (double)count + 0.0; /* no loss is 0, not -0 */
    out->brier = distance / (double)count;
    out->top2_accuracy = ratio(ranks[0] + ranks[1], count);
    out->top3_accuracy = ratio(ranks[0] + ranks[1] + ranks[2], count);
}

/* The bin whose upper border is the first that the probability does not exceed. */
static size_t bin_of(double probability) {
    double place = ceil(probability * TEN_CALIBRATION_BINS) - 1;
    return place < 0 ? 0 : place < TEN_CALIBRATION_BINS ? (size_t)place : TEN_CALIBRATION_BINS - 1;
}

static void measure_calibration(struct ten_metrics *out, const uint8_t *labels, const float *probabilities,
                                size_t count) {
    struct ten_calibration_bin *bins = out->calibration;
    size_t right[TEN_CALIBRATION_BINS] = {0};
    for (size_t i = 0; i < count; i++) {
        const float *row = probabilities + i * TEN_CLASSES;
        int label = ten_label(row);
        size_t bin = bin_of((double)row[label]);
        bins[bin].count++;
        bins[bin].confidence += (double)row[label];
        right[bin] += label == labels[i];
    }
    for (size_t bin = 0; bin < TEN_CALIBRATION_BINS; bin++) {
        double rows = (double)bins[bin].count;
        bins[bin].confidence = rows > 0 ? bins[bin].confidence / rows : NAN;
        bins[bin].accuracy = rows > 0 ? (double)right[bin] / rows : NAN;
        if (rows > 0) out->ece += rows / (double)count * fabs(bins[bin].accuracy - bins[bin].confidence);
    }
}

/* Both compare the diagonal with what chance would put there. Sums of products of counts are exact in double up to
 * 2^53: to 90 million rows. */
static void measure_agreement(struct ten_metrics *out) {
    double n = (double)out->count, chance = 0, truths = 0, givens = 0;
    for (size_t label = 0; label < TEN_CLASSES; label++) {
        double there = 0, given = 0;
        for (size_t other = 0; other < TEN_CLASSES; other++) {
            there += (double)out->confusion[label][other];
            given += (double)out->confusion[other][label];
        }
        chance += there * given;
        truths += there * there;
        givens += given * given;
    }
    double beyond = (double)out->correct * n - chance, spread = (n * n - truths) * (n * n - givens);
    out->kappa = chance < n * n ? beyond / (n * n - chance) : NAN;
    out->mcc = spread > 0 ? beyond / sqrt(spread) : 0;
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
    measure_agreement(out);
    measure_calibration(out, labels, probabilities, count);
    out->accuracy = ratio(out->correct, count);
    ten_wilson_interval(out->correct, count, &out->accuracy_low, &out->accuracy_high);
    return TEN_OK;
}
