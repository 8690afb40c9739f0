/* The step `pca=N`: the N leading principal components (Pearson 1901; Hotelling 1933). The covariance (scatter.h)
 * is taken apart by our own eigen-solver. A component's sign is free; its entry of largest magnitude is made positive.
 */
#include "prep/step.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/text.h"
#include "kernels/kernels.h"
#include "prep/columns.h"
#include "prep/eigen.h"
#include "prep/scatter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_COLUMNS = 4096, /* the eigen-solver's work grows with the third power: minutes here, hours beyond */
    BLOCK = 256         /* rows per task of apply */
};

struct pca {
    size_t components; /* N, from the argument */
    size_t columns;    /* 0: not fitted */
    double *mean;      /* [columns] */
    float *basis;      /* [components x columns], orthonormal rows */
    double *variance;  /* [components], of the training rows along each, n - 1 in the denominator */
};

static void release(void *state) {
    struct pca *step = state;
    free(step->mean);
    free(step->basis);
    free(step->variance);
    *step = (struct pca){.components = step->components};
}

static enum ten_status configure(void *state, const char *argument, struct ten_error *error) {
    struct pca *step = state;
    int64_t components;
    if (!ten_parse_integer(argument, &components) || *argument == '0' || components < 1 || components > MAX_COLUMNS)
        return ten_fail(error, TEN_INVALID, "pca=%s: expected a whole number of components from 1 to %d", argument,
                        MAX_COLUMNS);
    step->components = (size_t)components;
    return TEN_OK;
}

static enum ten_status reshape(const void *state, struct ten_shape *shape, struct ten_error *error) {
    const struct pca *step = state;
    if (shape->columns > MAX_COLUMNS)
        return ten_fail(error, TEN_INVALID,
                        "pca=%zu takes at most %d features and is given %zu; crop20 before it helps", step->components,
                        MAX_COLUMNS, shape->columns);
    if (step->components > shape->columns)
        return ten_fail(error, TEN_INVALID, "pca=%zu: there are only %zu features to make components of",
                        step->components, shape->columns);
    *shape = (struct ten_shape){.columns = step->components};
    return TEN_OK;
}

/* ---- Fitting ------------------------------------------------------------------------------------------ */

/* covariance[columns x columns], both triangles. */
static enum ten_status make_covariance(const struct ten_batch *batch, const double *mean, double *covariance,
                                       const struct ten_run *run, struct ten_error *error) {
    size_t columns = batch->shape.columns;
    struct ten_scatter scatter = {.batch = batch, .means = mean, .stage = "fit pca"};
    enum ten_status status = ten_scatter_sum(&scatter, covariance, run, error);
    double share = 1 / (double)(batch->rows > 1 ? batch->rows - 1 : 1);
    for (size_t i = 0; i < columns * columns; i++) covariance[i] *= share;
    return status;
}

/* Copies one eigenvector, its entry of largest magnitude (the first of equals) made positive. */
static void take_component(const double *from, float *to, size_t columns) {
    size_t largest = 0;
    for (size_t j = 1; j < columns; j++)
        if (fabs(from[j]) > fabs(from[largest])) largest = j;
    double sign = from[largest] < 0 ? -1 : 1;
    for (size_t j = 0; j < columns; j++) to[j] = (float)(sign * from[j]);
}

static enum ten_status fit(void *state, const struct ten_batch *batch, const struct ten_run *run,
                           struct ten_error *error) {
    struct pca *step = state;
    release(step);
    size_t columns = batch->shape.columns;
    double *matrix = ten_alloc(columns, columns * sizeof *matrix), *values = ten_alloc(columns, sizeof *values);
    step->mean = ten_alloc(columns, sizeof *step->mean);
    step->basis = ten_alloc(step->components, columns * sizeof *step->basis);
    step->variance = ten_alloc(step->components, sizeof *step->variance);
    enum ten_status status = TEN_OK;
    if (!matrix || !values || !step->mean || !step->basis || !step->variance) status = ten_fail_memory(error, "pca");
    if (status == TEN_OK) status = ten_column_moments(batch, step->mean, values, run, error);
    if (status == TEN_OK) status = make_covariance(batch, step->mean, matrix, run, error);
    for (size_t i = 0; i < columns * columns && status == TEN_OK; i++)
        if (!isfinite(matrix[i]))
            status = ten_fail(error, TEN_NUMERIC, "pca: the covariance of features %zu and %zu is not finite",
                              i / columns, i % columns);
    if (status == TEN_OK) status = ten_symmetric_eigen(matrix, columns, values, error);
    for (size_t i = 0; i < step->components && status == TEN_OK; i++) {
        take_component(matrix + i * columns, step->basis + i * columns, columns);
        step->variance[i] = fmax(values[i], 0);
    }
    if (status == TEN_OK) step->columns = columns;
    free(values);
    free(matrix);
    return status;
}

/* ---- Using it ----------------------------------------------------------------------------------------- */

struct projection {
    const struct pca *step;
    const struct ten_batch *from;
    float *to;
    float *scratch; /* per thread: for matmul, then a block of centred rows */
};

static size_t projection_scratch(size_t columns) { return TEN_MATMUL_SCRATCH + BLOCK * columns; }

static enum ten_status project_block(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    const struct projection *work = context;
    size_t columns = work->step->columns, components = work->step->components;
    size_t rows = ten_block_length(work->from->rows, BLOCK, task);
    float *scratch = work->scratch + thread * projection_scratch(columns), *centred = scratch + TEN_MATMUL_SCRATCH;
    ten_centred_rows(work->from, work->step->mean, task * BLOCK, rows, centred);
    struct ten_strided images = {.data = centred, .row = columns, .column = 1};
    struct ten_strided basis = {.data = work->step->basis, .row = 1, .column = columns}; /* transposed */
    ten_kernels()->matmul(rows, components, columns, images, basis, work->to + task * BLOCK * components, components,
                          false, scratch);
    return TEN_OK;
}

static enum ten_status apply(const void *state, struct ten_batch *batch, const struct ten_run *run,
                             struct ten_error *error) {
    const struct pca *step = state;
    if (batch->shape.columns != step->columns)
        return ten_fail(error, TEN_INVALID, "pca was fitted on %zu features and given %zu", step->columns,
                        batch->shape.columns);
    size_t blocks = ten_block_count(batch->rows, BLOCK), threads = ten_threads(run);
    if (threads > blocks) threads = blocks;
    struct projection work = {.step = step, .from = batch};
    work.to = ten_alloc(batch->rows, step->components * sizeof *work.to);
    work.scratch = ten_alloc(threads, projection_scratch(step->columns) * sizeof *work.scratch);
    enum ten_status status = TEN_OK;
    if (!work.to || !work.scratch)
        status = ten_fail_memory(error, "principal components");
    else
        status = ten_parallel(run, NULL, NULL, 0, blocks, project_block, &work, error);
    if (status == TEN_OK)
        ten_batch_replace(batch, (struct ten_shape){.columns = step->components}, NULL, work.to, 1);
    else
        free(work.to);
    free(work.scratch);
    return status;
}

/* The mean and the components' shares of the row: the nearest point to it in the space that the components span. */
static void restore(const void *state, const struct ten_batch *batch, size_t i, float *out) {
    const struct pca *step = state;
    for (size_t j = 0; j < step->columns; j++) {
        double value = step->mean[j];
        for (size_t c = 0; c < step->components; c++)
            value += (double)batch->floats[i * step->components + c] * (double)step->basis[c * step->columns + j];
        out[j] = (float)value;
    }
}

static enum ten_status save(const void *state, struct ten_tensors *tensors, struct ten_error *error) {
    const struct pca *step = state;
    size_t shape[] = {step->components, step->columns};
    enum ten_status status = ten_tensors_add(tensors, "mean", TEN_F64, 1, &step->columns, step->mean, error);
    if (status == TEN_OK) status = ten_tensors_add(tensors, "components", TEN_F32, 2, shape, step->basis, error);
    if (status == TEN_OK)
        status = ten_tensors_add(tensors, "explained_variance", TEN_F64, 1, shape, step->variance, error);
    return status;
}

static enum ten_status load(void *state, const struct ten_shape *input, struct ten_tensors *tensors,
                            struct ten_error *error) {
    struct pca *step = state;
    release(step);
    size_t shape[] = {step->components, input->columns};
    void *mean = NULL, *basis = NULL, *variance = NULL;
    enum ten_status status = ten_tensors_take(tensors, "mean", TEN_F64, 1, &shape[1], &mean, error);
    step->mean = mean;
    if (status == TEN_OK) status = ten_tensors_take(tensors, "components", TEN_F32, 2, shape, &basis, error);
    step->basis = basis;
    if (status == TEN_OK) status = ten_tensors_take(tensors, "explained_variance", TEN_F64, 1, shape, &variance, error);
    step->variance = variance;
    if (status != TEN_OK) return status;
    for (size_t i = 0; i < step->components; i++)
        if (!(step->variance[i] >= 0))
            return ten_fail(error, TEN_FORMAT, "%s: %sexplained_variance[%zu] is %g, expected 0 or more", tensors->path,
                            tensors->prefix, i, step->variance[i]);
    for (size_t i = 0; i < step->components * input->columns; i++)
        if (!(fabsf(step->basis[i]) <= 1.001f)) /* components have length 1 */
            return ten_fail(error, TEN_FORMAT, "%s: %scomponents[%zu, %zu] is %g, expected -1 to 1", tensors->path,
                            tensors->prefix, i / input->columns, i % input->columns, (double)step->basis[i]);
    step->columns = input->columns;
    return TEN_OK;
}

const struct ten_step_type ten_step_pca = {
    .about = {.name = "pca", .summary = "The N leading principal components of the training images.", .argument = "N"},
    .state_size = sizeof(struct pca),
    .configure = configure,
    .reshape = reshape,
    .fit = fit,
    .apply = apply,
    .restore = restore,
    .save = save,
    .load = load,
    .release = release,
};
