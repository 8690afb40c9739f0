/* Gaussian naive Bayes: every feature has a normal distribution of its own in every class, independent of the others.
 * Chan, Golub and LeVeque (1979) for the variances; `var_smoothing` as in scikit-learn: that share of the largest
 * variance of any feature is added to all variances, so that a constant pixel does not divide by zero.
 *
 * Means and variances are summed in exact integers for bytes, in double in a fixed order for floats. */
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct naive_bayes {
    size_t features;
    double *mean;      /* [TEN_CLASSES x features] */
    double *variance;  /* [TEN_CLASSES x features], smoothed, > 0 */
    double *log_prior; /* [TEN_CLASSES]; a class without training images: -1e300 (a finite stand-in for log 0) */
};

enum { VAR_SMOOTHING };
static const struct ten_parameter parameters[] = {
    {.name = "var_smoothing",
     .type = TEN_REAL,
     .initial = "1e-9",
     .minimum = 1e-100,
     .maximum = 1,
     .help = "share of the largest feature variance that is added to every variance"},
};

static const double absent_class = -1e300;
enum { COLUMNS_PER_TASK = 32, ROWS_PER_TASK = 128, CLASSES_AND_ALL = TEN_CLASSES + 1 };

static void release(void *state) {
    struct naive_bayes *model = state;
    free(model->mean);
    free(model->variance);
    free(model->log_prior);
    *model = (struct naive_bayes){0};
}

static enum ten_status allocate(struct naive_bayes *model, size_t features, struct ten_error *error) {
    model->features = features;
    model->mean = ten_alloc_zero(TEN_CLASSES * features, sizeof *model->mean);
    model->variance = ten_alloc_zero(TEN_CLASSES * features, sizeof *model->variance);
    model->log_prior = ten_alloc_zero(TEN_CLASSES, sizeof *model->log_prior);
    if (model->mean && model->variance && model->log_prior) return TEN_OK;
    return ten_fail_memory(error, "naive Bayes");
}

/* ---- Fitting: a task takes some columns over all rows ----------------------------------------------------- */

struct fitting {
    struct naive_bayes *model;
    const struct ten_batch *features;
    const uint8_t *labels;
    const size_t *counts;   /* rows per class */
    double *total_variance; /* per feature, over all classes */
};

/* Integer sums are exact: 2^32 rows of bytes fit. */
static void column_sums_bytes(const struct fitting *fit, size_t first, size_t width,
                              double mean[CLASSES_AND_ALL][COLUMNS_PER_TASK],
                              double variance[CLASSES_AND_ALL][COLUMNS_PER_TASK]) {
    uint64_t sum[TEN_CLASSES][COLUMNS_PER_TASK] = {{0}}, squares[TEN_CLASSES][COLUMNS_PER_TASK] = {{0}};
    const struct ten_batch *x = fit->features;
    for (size_t r = 0; r < x->rows; r++) {
        const uint8_t *row = x->bytes + r * x->shape.columns + first;
        size_t class = fit->labels[r];
        for (size_t j = 0; j < width; j++) {
            sum[class][j] += row[j];
            squares[class][j] += (uint32_t)row[j] * row[j];
        }
    }
    for (size_t j = 0; j < width; j++) {
        uint64_t all = 0, all_squares = 0;
        for (size_t c = 0; c <= TEN_CLASSES; c++) {
            bool total = c == TEN_CLASSES;
            double s = (double)(total ? all : sum[c][j]), q = (double)(total ? all_squares : squares[c][j]);
            double n = (double)(total ? x->rows : fit->counts[c]);
            if (!total) {
                all += sum[c][j];
                all_squares += squares[c][j];
            }
            if (n == 0) continue;
            mean[c][j] = s / n * x->unit;
            /* n q - s^2 is a difference of whole numbers; long double keeps it exact up to 2^64 */
            long double spread = (long double)n * q - (long double)s * s;
            variance[c][j] = (double)(spread / n / n) * x->unit * x->unit;
        }
    }
}

/* Two passes in row order: the means, then the squared deviations from them. */
static void column_sums_floats(const struct fitting *fit, size_t first, size_t width,
                               double mean[CLASSES_AND_ALL][COLUMNS_PER_TASK],
                               double variance[CLASSES_AND_ALL][COLUMNS_PER_TASK]) {
    const struct ten_batch *x = fit->features;
    for (size_t r = 0; r < x->rows; r++) {
        const float *row = x->floats + r * x->shape.columns + first;
        for (size_t j = 0; j < width; j++) mean[fit->labels[r]][j] += (double)row[j];
    }
    for (size_t j = 0; j < width; j++) {
        for (size_t c = 0; c < TEN_CLASSES; c++) mean[TEN_CLASSES][j] += mean[c][j];
        mean[TEN_CLASSES][j] /= (double)x->rows;
        for (size_t c = 0; c < TEN_CLASSES; c++)
            if (fit->counts[c]) mean[c][j] /= (double)fit->counts[c];
    }
    for (size_t r = 0; r < x->rows; r++) {
        const float *row = x->floats + r * x->shape.columns + first;
        size_t class = fit->labels[r];
        for (size_t j = 0; j < width; j++) {
            double own = (double)row[j] - mean[class][j], all = (double)row[j] - mean[TEN_CLASSES][j];
            variance[class][j] += own * own;
            variance[TEN_CLASSES][j] += all * all;
        }
    }
    for (size_t j = 0; j < width; j++) {
        for (size_t c = 0; c < TEN_CLASSES; c++)
            if (fit->counts[c]) variance[c][j] /= (double)fit->counts[c];
        variance[TEN_CLASSES][j] /= (double)x->rows;
    }
}

static enum ten_status fit_columns(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    const struct fitting *fit = context;
    size_t features = fit->model->features, first = task * COLUMNS_PER_TASK;
    size_t width = ten_block_length(features, COLUMNS_PER_TASK, task);
    double mean[CLASSES_AND_ALL][COLUMNS_PER_TASK] = {{0}}, variance[CLASSES_AND_ALL][COLUMNS_PER_TASK] = {{0}};
    if (fit->features->is_bytes)
        column_sums_bytes(fit, first, width, mean, variance);
    else
        column_sums_floats(fit, first, width, mean, variance);
    for (size_t c = 0; c < TEN_CLASSES; c++) {
        memcpy(fit->model->mean + c * features + first, mean[c], width * sizeof **mean);
        memcpy(fit->model->variance + c * features + first, variance[c], width * sizeof **variance);
    }
    memcpy(fit->total_variance + first, variance[TEN_CLASSES], width * sizeof **variance);
    return TEN_OK;
}

static enum ten_status fit(void *state, const struct ten_training *training, struct ten_error *error) {
    struct naive_bayes *model = state;
    size_t features = training->features->shape.columns, rows = training->features->rows;
    size_t counts[TEN_CLASSES] = {0};
    for (size_t i = 0; i < rows; i++) counts[training->labels[i]]++;
    double *total_variance = ten_alloc(features, sizeof *total_variance);
    enum ten_status status = total_variance ? allocate(model, features, error) : ten_fail_memory(error, "naive Bayes");
    struct fitting fitting = {model, training->features, training->labels, counts, total_variance};
    if (status == TEN_OK)
        status = ten_parallel(training->run, "fit naive-bayes", "columns", COLUMNS_PER_TASK,
                              ten_block_count(features, COLUMNS_PER_TASK), fit_columns, &fitting, error);
    if (status == TEN_OK) {
        double largest = 0;
        for (size_t j = 0; j < features; j++) largest = fmax(largest, total_variance[j]);
        /* all features constant: any positive variance gives the priors alone */
        double smoothing = largest > 0 ? training->values->number[VAR_SMOOTHING] * largest : 1;
        for (size_t j = 0; j < TEN_CLASSES * features; j++) model->variance[j] += smoothing;
        for (size_t c = 0; c < TEN_CLASSES; c++)
            model->log_prior[c] = counts[c] ? log((double)counts[c] / (double)rows) : absent_class;
    }
    free(total_variance);
    return status;
}

/* ---- Prediction ------------------------------------------------------------------------------------------- */

struct prediction {
    const struct naive_bayes *model;
    const struct ten_batch *features;
    const double *constant;  /* [TEN_CLASSES] log prior - sum(log(2 pi variance)) / 2 */
    const double *precision; /* [TEN_CLASSES x features] 1 / (2 variance) */
    float *probabilities;
    float *rows; /* [threads x features] */
};

static enum ten_status predict_rows(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    const struct prediction *p = context;
    size_t features = p->model->features;
    float *row = p->rows + thread * features;
    size_t end = task * ROWS_PER_TASK + ten_block_length(p->features->rows, ROWS_PER_TASK, task);
    for (size_t r = task * ROWS_PER_TASK; r < end; r++) {
        ten_batch_row(p->features, r, row);
        double score[TEN_CLASSES], top = -INFINITY, sum = 0;
        for (size_t c = 0; c < TEN_CLASSES; c++) {
            const double *mean = p->model->mean + c * features, *precision = p->precision + c * features;
            double part[4] = {0}; /* four chains of additions, so that they overlap */
            for (size_t j = 0; j < features; j++) {
                double d = (double)row[j] - mean[j];
                part[j % 4] += d * d * precision[j];
            }
            score[c] = p->constant[c] - ((part[0] + part[1]) + (part[2] + part[3]));
            top = fmax(top, score[c]);
        }
        for (size_t c = 0; c < TEN_CLASSES; c++) sum += score[c] = exp(score[c] - top);
        for (size_t c = 0; c < TEN_CLASSES; c++) p->probabilities[r * TEN_CLASSES + c] = (float)(score[c] / sum);
    }
    return TEN_OK;
}

static enum ten_status predict(const void *state, const struct ten_values *values, const struct ten_batch *features,
                               float *probabilities, const struct ten_run *run, struct ten_error *error) {
    (void)values;
    const struct naive_bayes *model = state;
    size_t n = model->features;
    double constant[TEN_CLASSES], *precision = ten_alloc(TEN_CLASSES * n, sizeof *precision);
    float *rows = ten_alloc(ten_threads(run) * n, sizeof *rows);
    enum ten_status status = TEN_OK;
    if (!precision || !rows) {
        status = ten_fail_memory(error, "naive Bayes");
    } else {
        for (size_t c = 0; c < TEN_CLASSES; c++) {
            double logs = 0;
            for (size_t j = 0; j < n; j++) {
                precision[c * n + j] = 0.5 / model->variance[c * n + j];
                logs += log(2 * M_PI * model->variance[c * n + j]);
            }
            constant[c] = model->log_prior[c] <= absent_class ? absent_class : model->log_prior[c] - 0.5 * logs;
        }
        struct prediction prediction = {model, features, constant, precision, probabilities, rows};
        status = ten_parallel(run, "predict naive-bayes", "images", ROWS_PER_TASK,
                              ten_block_count(features->rows, ROWS_PER_TASK), predict_rows, &prediction, error);
    }
    free(rows);
    free(precision);
    return status;
}

/* ---- Files ------------------------------------------------------------------------------------------------ */

static enum ten_status save(const void *state, struct ten_tensors *tensors, struct ten_error *error) {
    const struct naive_bayes *model = state;
    size_t shape[] = {TEN_CLASSES, model->features};
    enum ten_status status = ten_tensors_add(tensors, "mean", TEN_F64, 2, shape, model->mean, error);
    if (status == TEN_OK) status = ten_tensors_add(tensors, "variance", TEN_F64, 2, shape, model->variance, error);
    if (status == TEN_OK) status = ten_tensors_add(tensors, "log_prior", TEN_F64, 1, shape, model->log_prior, error);
    return status;
}

static enum ten_status load(void *state, const struct ten_values *values, const struct ten_shape *shape,
                            struct ten_tensors *tensors, struct ten_error *error) {
    (void)values;
    struct naive_bayes *model = state;
    model->features = shape->columns;
    size_t wanted[] = {TEN_CLASSES, shape->columns};
    enum ten_status status = ten_tensors_take(tensors, "mean", TEN_F64, 2, wanted, (void **)&model->mean, error);
    if (status == TEN_OK)
        status = ten_tensors_take(tensors, "variance", TEN_F64, 2, wanted, (void **)&model->variance, error);
    if (status == TEN_OK)
        status = ten_tensors_take(tensors, "log_prior", TEN_F64, 1, wanted, (void **)&model->log_prior, error);
    for (size_t i = 0; status == TEN_OK && i < TEN_CLASSES * model->features; i++)
        if (!(model->variance[i] > 0))
            status =
                ten_fail(error, TEN_FORMAT, "%s: model.variance holds a value that is not positive", tensors->path);
    return status;
}

static size_t parameter_count(const void *state) {
    return TEN_CLASSES * (2 * ((const struct naive_bayes *)state)->features + 1);
}

const struct ten_model_type ten_model_naive_bayes = {
    .about = {.name = "naive-bayes",
              .title = "Gaussian naive Bayes",
              .summary = "Every feature normally distributed within each class, all independent. Fits in one pass.",
              .prep = "deskew,pca=50",
              .parameters = parameters,
              .parameter_count = sizeof parameters / sizeof *parameters},
    .state_size = sizeof(struct naive_bayes),
    .fit = fit,
    .predict = predict,
    .save = save,
    .load = load,
    .parameters = parameter_count,
    .release = release,
};
