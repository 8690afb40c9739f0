/* Linear discriminant analysis (Hastie, Tibshirani and Friedman 2009, section 4.3): classes are normal distributions
 * around their own means with one covariance S in common, which makes the score of a class linear in x. S is scaled to
 * a unit diagonal, constant features left out, and solved by Cholesky's factorisation; only where that shows S to be
 * nearly singular is it taken apart into eigenvectors, and directions along which no class varies (a deviation of `tol`
 * or less) are left out. */
#include "base/error.h"
#include "base/memory.h"
#include "model/gaussian.h"
#include "model/linear.h"
#include "prep/cholesky.h"
#include "prep/eigen.h"
#include "prep/scatter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct lda {
    size_t features;
    double *mean;      /* [features]; of all training rows */
    float *weights;    /* [TEN_CLASSES x features], of x - mean */
    float *intercepts; /* [TEN_CLASSES]; a class without training images: -1e30 */
};

enum { SHRINKAGE, TOLERANCE };
static const char *const no_shrinkage[] = {"none", NULL};
static const struct ten_parameter parameters[] = {
    {.name = "shrinkage",
     .type = TEN_REAL,
     .initial = "none",
     .minimum = 0,
     .maximum = 1,
     .choices = no_shrinkage,
     .help = "how far the covariance is drawn towards a multiple of the identity"},
    {.name = "tol",
     .type = TEN_REAL,
     .initial = "1e-3",
     .minimum = 1e-4,
     .maximum = 1,
     .help = "directions of at most this deviation within classes, features being scaled to 1, are left out"},
};

static const float absent_intercept = -1e30f;
enum { MAX_FEATURES = 4096 };

static void release(void *state) {
    struct lda *model = state;
    free(model->mean);
    free(model->weights);
    free(model->intercepts);
    *model = (struct lda){0};
}

static enum ten_status allocate(struct lda *model, size_t features, struct ten_error *error) {
    model->features = features;
    model->mean = ten_alloc_zero(features, sizeof *model->mean);
    model->weights = ten_alloc_zero(TEN_CLASSES * features, sizeof *model->weights);
    model->intercepts = ten_alloc_zero(TEN_CLASSES, sizeof *model->intercepts);
    return model->mean && model->weights && model->intercepts ? TEN_OK : ten_fail_memory(error, "lda");
}

/* ---- Fitting -------------------------------------------------------------------------------------------- */

struct solution {
    size_t features, active; /* active: features that are not constant within all classes */
    double *matrix;          /* [features x features]: scatter, then covariance, then what whitens it */
    size_t *index;           /* [active] their columns */
    double *deviation;       /* [active] */
    double *values;          /* [features] eigenvalues, and scratch */
    double *projected;       /* [features] */
};

/* Scatter to covariance as scikit-learn has it: without shrinkage that of its solver svd, n - classes in the
 * denominator; with shrinkage s that of its solver lsqr, (1 - s) W + s trace(W) / features I, W with n in the
 * denominator. Then the active features are moved to the front and scaled to a unit diagonal. */
static void scale_covariance(struct solution *s, const struct ten_values *values, size_t rows, size_t classes) {
    size_t n = s->features;
    double shrinkage = values->number[SHRINKAGE], trace = 0; /* 0 for the word "none" */
    double share = 1 / (double)(values->word[SHRINKAGE] < 0 ? rows : rows - classes);
    for (size_t j = 0; j < n; j++) trace += s->matrix[j * n + j] * share;
    for (size_t i = 0; i < n * n; i++) s->matrix[i] *= share * (1 - shrinkage);
    for (size_t j = 0; j < n; j++) {
        s->matrix[j * n + j] += shrinkage * trace / (double)n;
        if (!(s->matrix[j * n + j] > 0)) continue;
        s->index[s->active] = j;
        s->deviation[s->active++] = sqrt(s->matrix[j * n + j]);
    }
    for (size_t i = 0; i < s->active; i++) /* what is read lies at or behind what is written */
        for (size_t j = 0; j < s->active; j++)
            s->matrix[i * s->active + j] = s->matrix[s->index[i] * n + s->index[j]] / s->deviation[i] / s->deviation[j];
}

/* Makes `matrix`, active x active, into w with w w' = the matrix's inverse (by `limit` a pseudo-inverse). */
static enum ten_status whiten(struct solution *s, double limit, struct ten_error *error) {
    size_t n = s->active, at;
    double *kept = ten_alloc(n * n, sizeof *kept), log_determinant, trace = 0;
    if (!kept) return ten_fail_memory(error, "lda");
    memcpy(kept, s->matrix, n * n * sizeof *kept);
    bool regular = ten_cholesky_whiten(s->matrix, n, limit, &log_determinant, &at, s->values);
    for (size_t i = 0; i < n * n && regular; i++) trace += s->matrix[i] * s->matrix[i];
    enum ten_status status = TEN_OK;
    if (!regular || !(trace < 1 / limit)) { /* the inverse's trace is at least 1 / the smallest eigenvalue */
        status = ten_symmetric_eigen(kept, n, s->values, error);
        for (size_t k = 0; k < n && status == TEN_OK; k++) {
            double factor = s->values[k] > limit ? 1 / sqrt(s->values[k]) : 0;
            for (size_t j = 0; j < n; j++) s->matrix[j * n + k] = kept[k * n + j] * factor;
        }
    }
    free(kept);
    return status;
}

/* The score is (x - mean)' S^-1 (m_c - mean) - (m_c - mean)' S^-1 (m_c - mean) / 2 + log prior_c. */
static enum ten_status solve_class(struct lda *model, const struct solution *s, const double *mean, double log_prior,
                                   size_t class, struct ten_error *error) {
    double *projected = s->projected, square = 0;
    size_t n = s->active;
    memset(projected, 0, n * sizeof *projected);
    for (size_t i = 0; i < n; i++) {
        double distance = (mean[s->index[i]] - model->mean[s->index[i]]) / s->deviation[i];
        for (size_t k = 0; k < n; k++) projected[k] += distance * s->matrix[i * n + k];
    }
    for (size_t k = 0; k < n; k++) square += projected[k] * projected[k];
    bool finite = isfinite(square);
    for (size_t i = 0; i < n; i++) {
        double weight = 0;
        for (size_t k = 0; k < n; k++) weight += s->matrix[i * n + k] * projected[k];
        float *to = &model->weights[class * s->features + s->index[i]];
        *to = (float)(weight / s->deviation[i]);
        finite = finite && isfinite(*to);
    }
    model->intercepts[class] = (float)(log_prior - 0.5 * square);
    return finite ? TEN_OK : ten_fail(error, TEN_NUMERIC, "lda: the weights of class %zu are not finite", class);
}

static enum ten_status solve(struct lda *model, const struct ten_class_moments *moments, struct solution *s,
                             const struct ten_training *training, struct ten_error *error) {
    size_t n = s->features;
    struct ten_scatter scatter = {training->features, moments->mean, training->labels, NULL, 0, "fit lda"};
    enum ten_status status = ten_scatter_sum(&scatter, s->matrix, training->run, error);
    for (size_t i = 0; i < n * n && status == TEN_OK; i++)
        if (!isfinite(s->matrix[i]))
            status =
                ten_fail(error, TEN_NUMERIC, "lda: the covariance of features %zu and %zu is not finite", i / n, i % n);
    if (status != TEN_OK) return status;
    double tolerance = training->values->number[TOLERANCE];
    scale_covariance(s, training->values, moments->rows, moments->classes);
    status = whiten(s, tolerance * tolerance, error);
    for (size_t c = 0; c < TEN_CLASSES; c++)
        for (size_t j = 0; j < n; j++)
            model->mean[j] += moments->mean[c * n + j] * ((double)moments->counts[c] / (double)moments->rows);
    for (size_t c = 0; c < TEN_CLASSES && status == TEN_OK; c++)
        if (moments->counts[c])
            status = solve_class(model, s, moments->mean + c * n, ten_log_prior(moments, c), c, error);
        else
            model->intercepts[c] = absent_intercept;
    return status;
}

static enum ten_status fit(void *state, const struct ten_training *training, struct ten_error *error) {
    struct lda *model = state;
    size_t n = training->features->shape.columns;
    if (n > MAX_FEATURES)
        return ten_fail(error, TEN_INVALID, "lda takes at most %d features and is given %zu; crop20 or pca helps",
                        MAX_FEATURES, n);
    struct ten_class_moments moments = {0};
    struct solution s = {.features = n};
    enum ten_status status = allocate(model, n, error);
    if (status == TEN_OK) status = ten_class_moments_compute(&moments, training, "fit lda", error);
    if (status == TEN_OK && moments.rows <= moments.classes)
        status = ten_fail(error, TEN_INVALID, "lda: %zu images of %zu classes: expected more images than classes",
                          moments.rows, moments.classes);
    if (status == TEN_OK) {
        s.matrix = ten_alloc(n * n, sizeof *s.matrix);
        s.index = ten_alloc(n, sizeof *s.index);
        s.deviation = ten_alloc(3 * n, sizeof *s.deviation);
        if (!s.matrix || !s.index || !s.deviation) status = ten_fail_memory(error, "lda");
    }
    if (status == TEN_OK) {
        s.values = s.deviation + n;
        s.projected = s.values + n;
        status = solve(model, &moments, &s, training, error);
    }
    free(s.matrix);
    free(s.index);
    free(s.deviation);
    ten_class_moments_release(&moments);
    return status;
}

/* ---- Prediction ----------------------------------------------------------------------------------------- */

static enum ten_status predict(const void *state, const struct ten_values *values, const struct ten_batch *features,
                               float *probabilities, const struct ten_run *run, struct ten_error *error) {
    (void)values;
    const struct lda *model = state;
    const struct ten_linear linear = {.features = model->features,
                                      .weights = model->weights,
                                      .intercepts = model->intercepts,
                                      .mean = model->mean,
                                      .stage = "predict lda",
                                      .what = "lda"};
    return ten_linear_predict(&linear, features, probabilities, run, error);
}

/* ---- Files ---------------------------------------------------------------------------------------------- */

static enum ten_status save(const void *state, struct ten_tensors *tensors, struct ten_error *error) {
    const struct lda *model = state;
    size_t shape[] = {TEN_CLASSES, model->features};
    enum ten_status status = ten_tensors_add(tensors, "mean", TEN_F64, 1, &model->features, model->mean, error);
    if (status == TEN_OK) status = ten_tensors_add(tensors, "weights", TEN_F32, 2, shape, model->weights, error);
    if (status == TEN_OK) status = ten_tensors_add(tensors, "intercepts", TEN_F32, 1, shape, model->intercepts, error);
    return status;
}

static enum ten_status load(void *state, const struct ten_values *values, const struct ten_shape *shape,
                            struct ten_tensors *tensors, struct ten_error *error) {
    (void)values;
    struct lda *model = state;
    model->features = shape->columns;
    size_t wanted[] = {TEN_CLASSES, shape->columns};
    enum ten_status status = ten_tensors_take(tensors, "mean", TEN_F64, 1, wanted + 1, (void **)&model->mean, error);
    if (status == TEN_OK)
        status = ten_tensors_take(tensors, "weights", TEN_F32, 2, wanted, (void **)&model->weights, error);
    if (status == TEN_OK)
        status = ten_tensors_take(tensors, "intercepts", TEN_F32, 1, wanted, (void **)&model->intercepts, error);
    return status;
}

static size_t parameter_count(const void *state) { return TEN_CLASSES * (((const struct lda *)state)->features + 1); }

const struct ten_model_type ten_model_lda = {
    .about = {.name = "lda",
              .title = "Linear discriminant analysis",
              .summary = "Classes are normal distributions of one shape around their own means; solved in closed form.",
              .prep = "deskew,pca=100",
              .parameters = parameters,
              .parameter_count = sizeof parameters / sizeof *parameters},
    .state_size = sizeof(struct lda),
    .fit = fit,
    .predict = predict,
    .save = save,
    .load = load,
    .parameters = parameter_count,
    .release = release,
};
