/* Quadratic discriminant analysis (Hastie, Tibshirani and Friedman 2009, section 4.3): classes are normal distributions
 * with a mean m and a covariance S (n - 1 in the denominator) of their own, regularised as in scikit-learn to
 * (1 - reg_param) S + reg_param I (Friedman 1989). That is turned into w with w w' = its inverse, so that the score of
 * a class is -|(x - m)' w|^2 / 2 and a constant. Where scikit-learn warns that a covariance is singular and ignores the
 * directions it knows nothing about, this one refuses. */
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "kernels/kernels.h"
#include "model/gaussian.h"
#include "prep/cholesky.h"
#include "prep/scatter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct qda {
    size_t features;
    double *mean;     /* [TEN_CLASSES x features] */
    float *whiten;    /* [TEN_CLASSES x features x features], w_c, upper triangular, divided by the root of 2 */
    double *constant; /* [TEN_CLASSES] log prior - log |S_c| / 2; a class without training images: -1e300 */
};

enum { REGULARISATION, TOLERANCE };
static const struct ten_parameter parameters[] = {
    {.name = "reg_param",
     .type = TEN_REAL,
     .initial = "0.01",
     .minimum = 0,
     .maximum = 1,
     .help = "share of the identity in every class's covariance"},
    {.name = "tol",
     .type = TEN_REAL,
     .initial = "1e-3",
     .minimum = 1e-4,
     .maximum = 1,
     .help = "a feature must vary by more than this share of its deviation beside what the others tell about it"},
};

enum { MAX_FEATURES = 1024, ROWS = 256 };

static void release(void *state) {
    struct qda *model = state;
    free(model->mean);
    free(model->whiten);
    free(model->constant);
    *model = (struct qda){0};
}

static enum ten_status allocate(struct qda *model, size_t features, struct ten_error *error) {
    model->features = features;
    model->mean = ten_alloc_zero(TEN_CLASSES * features, sizeof *model->mean);
    model->whiten = ten_alloc_zero(TEN_CLASSES * features, features * sizeof *model->whiten);
    model->constant = ten_alloc_zero(TEN_CLASSES, sizeof *model->constant);
    return model->mean && model->whiten && model->constant ? TEN_OK : ten_fail_memory(error, "qda");
}

/* ---- Fitting: a task is a class ------------------------------------------------------------------------- */

struct fitting {
    struct qda *model;
    const struct ten_training *training;
    const struct ten_class_moments *moments;
    size_t *rows; /* those of class 0, of class 1, ... */
};

/* Scatter to covariance, scaled to a unit diagonal; deviation[n]. At a feature that is constant it says so. */
static enum ten_status scale_covariance(const struct fitting *fit, size_t class, double *matrix, double *deviation,
                                        struct ten_error *error) {
    size_t n = fit->model->features, count = fit->moments->counts[class];
    double share = fit->training->values->number[REGULARISATION];
    double factor = (1 - share) / (double)(count > 1 ? count - 1 : 1);
    for (size_t i = 0; i < n * n; i++) matrix[i] = matrix[i] * factor + (i % (n + 1) == 0 ? share : 0);
    for (size_t j = 0; j < n; j++) {
        deviation[j] = sqrt(matrix[j * n + j]);
        if (!(deviation[j] > 0 && isfinite(1 / (float)deviation[j])))
            return ten_fail(error, TEN_NUMERIC,
                            "qda: the covariance of class %zu (%zu images) is singular: feature %zu is constant; "
                            "reg_param above %g helps, or pca=N before it",
                            class, count, j, share);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) matrix[i * n + j] = matrix[i * n + j] / deviation[i] / deviation[j];
    return TEN_OK;
}

static enum ten_status whiten(const struct fitting *fit, size_t class, double *matrix, double *deviation,
                              double *scratch, struct ten_error *error) {
    size_t n = fit->model->features, at;
    const struct ten_values *values = fit->training->values;
    double tolerance = values->number[TOLERANCE], log_determinant;
    if (!ten_cholesky_whiten(matrix, n, tolerance * tolerance, &log_determinant, &at, scratch))
        return ten_fail(error, TEN_NUMERIC,
                        "qda: the covariance of class %zu (%zu images) is singular: feature %zu follows from those "
                        "before it; reg_param above %g helps, or pca=N with fewer features before it",
                        class, fit->moments->counts[class], at, values->number[REGULARISATION]);
    float *to = fit->model->whiten + class * n * n;
    for (size_t i = 0; i < n; i++) {
        log_determinant += 2 * log(deviation[i]);
        for (size_t j = i; j < n; j++) {
            to[i * n + j] = (float)(matrix[i * n + j] / deviation[i] * M_SQRT1_2);
            if (!isfinite(to[i * n + j]))
                return ten_fail(error, TEN_NUMERIC, "qda: the covariance of class %zu is too small for numbers", class);
        }
    }
    fit->model->constant[class] = ten_log_prior(fit->moments, class) - 0.5 * log_determinant;
    return TEN_OK;
}

static enum ten_status fit_class(void *context, size_t class, size_t thread, struct ten_error *error) {
    (void)thread;
    const struct fitting *fit = context;
    size_t n = fit->model->features, first = 0;
    fit->model->constant[class] = TEN_ABSENT_SCORE;
    if (fit->moments->counts[class] == 0) return TEN_OK;
    for (size_t c = 0; c < class; c++) first += fit->moments->counts[c];
    double *matrix = ten_alloc(n * n, sizeof *matrix), *deviation = ten_alloc(2 * n, sizeof *deviation);
    struct ten_scatter scatter = {.batch = fit->training->features,
                                  .means = fit->moments->mean + class * n,
                                  .rows = fit->rows + first,
                                  .count = fit->moments->counts[class]};
    enum ten_status status = matrix && deviation ? TEN_OK : ten_fail_memory(error, "qda");
    if (status == TEN_OK) /* this task's thread alone */
        status = ten_scatter_sum(&scatter, matrix, &(struct ten_run){.threads = 1}, error);
    if (status == TEN_OK) status = scale_covariance(fit, class, matrix, deviation, error);
    if (status == TEN_OK) status = whiten(fit, class, matrix, deviation, deviation + n, error);
    free(deviation);
    free(matrix);
    return status;
}

static void sort_rows(const struct fitting *fit) {
    size_t next[TEN_CLASSES] = {0};
    for (size_t c = 1; c < TEN_CLASSES; c++) next[c] = next[c - 1] + fit->moments->counts[c - 1];
    for (size_t i = 0; i < fit->moments->rows; i++) fit->rows[next[fit->training->labels[i]]++] = i;
}

static enum ten_status fit(void *state, const struct ten_training *training, struct ten_error *error) {
    struct qda *model = state;
    size_t n = training->features->shape.columns;
    if (n > MAX_FEATURES)
        return ten_fail(error, TEN_INVALID, "qda takes at most %d features and is given %zu; pca=N before it helps",
                        MAX_FEATURES, n);
    struct ten_class_moments moments = {0};
    struct fitting fitting = {model, training, &moments, ten_alloc(training->features->rows, sizeof(size_t))};
    enum ten_status status = fitting.rows ? allocate(model, n, error) : ten_fail_memory(error, "qda");
    if (status == TEN_OK) status = ten_class_moments_compute(&moments, training, "fit qda", error);
    if (status == TEN_OK) {
        memcpy(model->mean, moments.mean, TEN_CLASSES * n * sizeof *model->mean);
        sort_rows(&fitting);
        status = ten_parallel(training->run, "fit qda", "classes", 1, TEN_CLASSES, fit_class, &fitting, error);
    }
    ten_class_moments_release(&moments);
    free(fitting.rows);
    return status;
}

/* ---- Prediction ----------------------------------------------------------------------------------------- */

struct prediction {
    const struct qda *model;
    const struct ten_batch *features;
    float *probabilities;
    float *scratch; /* per thread: for matmul, then centred rows, then whitened rows */
};

static size_t scratch_size(size_t features) { return TEN_MATMUL_SCRATCH + 2 * ROWS * features; }

static double square(const float *row, size_t n) {
    double part[4] = {0}; /* four chains of additions, so that they overlap */
    size_t j = 0;
    for (; j + 4 <= n; j += 4)
        for (size_t k = 0; k < 4; k++) part[k] += (double)row[j + k] * (double)row[j + k];
    for (; j < n; j++) part[0] += (double)row[j] * (double)row[j];
    return (part[0] + part[1]) + (part[2] + part[3]);
}

static enum ten_status predict_rows(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    const struct prediction *p = context;
    size_t n = p->model->features, count = ten_block_length(p->features->rows, ROWS, task);
    float *scratch = p->scratch + thread * scratch_size(n), *centred = scratch + TEN_MATMUL_SCRATCH;
    float *whitened = centred + ROWS * n;
    double scores[ROWS * TEN_CLASSES];
    for (size_t c = 0; c < TEN_CLASSES; c++) {
        bool absent = p->model->constant[c] <= TEN_ABSENT_SCORE;
        if (!absent) {
            ten_centred_rows(p->features, p->model->mean + c * n, task * ROWS, count, centred);
            ten_kernels()->matmul(count, n, n, (struct ten_strided){centred, n, 1},
                                  (struct ten_strided){p->model->whiten + c * n * n, n, 1}, whitened, n, false,
                                  scratch);
        }
        for (size_t i = 0; i < count; i++)
            scores[i * TEN_CLASSES + c] = p->model->constant[c] - (absent ? 0 : square(whitened + i * n, n));
    }
    ten_scores_to_probabilities(count, scores, p->probabilities + task * ROWS * TEN_CLASSES);
    return TEN_OK;
}

static enum ten_status predict(const void *state, const struct ten_values *values, const struct ten_batch *features,
                               float *probabilities, const struct ten_run *run, struct ten_error *error) {
    (void)values;
    struct prediction prediction = {state, features, probabilities, NULL};
    prediction.scratch = ten_alloc(ten_threads(run), scratch_size(prediction.model->features) * sizeof(float));
    if (!prediction.scratch) return ten_fail_memory(error, "qda");
    enum ten_status status = ten_parallel(run, "predict qda", "images", ROWS, ten_block_count(features->rows, ROWS),
                                          predict_rows, &prediction, error);
    free(prediction.scratch);
    return status;
}

/* ---- Files ---------------------------------------------------------------------------------------------- */

static enum ten_status save(const void *state, struct ten_tensors *tensors, struct ten_error *error) {
    const struct qda *model = state;
    size_t shape[] = {TEN_CLASSES, model->features, model->features};
    enum ten_status status = ten_tensors_add(tensors, "mean", TEN_F64, 2, shape, model->mean, error);
    if (status == TEN_OK) status = ten_tensors_add(tensors, "whiten", TEN_F32, 3, shape, model->whiten, error);
    if (status == TEN_OK) status = ten_tensors_add(tensors, "constant", TEN_F64, 1, shape, model->constant, error);
    return status;
}

/* The diagonal of a class that is there is positive, and nothing stands below it. */
static enum ten_status check_whiten(const struct qda *model, const struct ten_tensors *tensors,
                                    struct ten_error *error) {
    size_t n = model->features;
    for (size_t c = 0; c < TEN_CLASSES; c++)
        for (size_t i = 0; i < n && model->constant[c] > TEN_ABSENT_SCORE; i++)
            for (size_t j = 0; j <= i; j++) {
                float value = model->whiten[(c * n + i) * n + j];
                if (i == j ? !(value > 0) : value != 0)
                    return ten_fail(error, TEN_FORMAT, "%s: %swhiten[%zu, %zu, %zu] is %g, expected %s", tensors->path,
                                    tensors->prefix, c, i, j, (double)value, i == j ? "more than 0" : "0");
            }
    return TEN_OK;
}

static enum ten_status load(void *state, const struct ten_values *values, const struct ten_shape *shape,
                            struct ten_tensors *tensors, struct ten_error *error) {
    (void)values;
    struct qda *model = state;
    model->features = shape->columns;
    size_t wanted[] = {TEN_CLASSES, shape->columns, shape->columns};
    enum ten_status status = ten_tensors_take(tensors, "mean", TEN_F64, 2, wanted, (void **)&model->mean, error);
    if (status == TEN_OK)
        status = ten_tensors_take(tensors, "whiten", TEN_F32, 3, wanted, (void **)&model->whiten, error);
    if (status == TEN_OK)
        status = ten_tensors_take(tensors, "constant", TEN_F64, 1, wanted, (void **)&model->constant, error);
    return status == TEN_OK ? check_whiten(model, tensors, error) : status;
}

static size_t parameter_count(const void *state) {
    size_t n = ((const struct qda *)state)->features;
    return TEN_CLASSES * (n + n * (n + 1) / 2 + 1);
}

const struct ten_model_type ten_model_qda = {
    .about = {.name = "qda",
              .title = "Quadratic discriminant analysis",
              .summary = "Every class is a normal distribution with a covariance of its own; meant for few features.",
              .prep = "deskew,scale,pca=50",
              .parameters = parameters,
              .parameter_count = sizeof parameters / sizeof *parameters},
    .state_size = sizeof(struct qda),
    .fit = fit,
    .predict = predict,
    .save = save,
    .load = load,
    .parameters = parameter_count,
    .release = release,
};
