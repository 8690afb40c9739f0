/* The step `standardize`: every feature minus its mean over the training rows, divided by its deviation (that of the
 * whole, not of a sample, as in scikit-learn's StandardScaler). A feature that was constant becomes 0. */
#include "prep/step.h"

#include "base/error.h"
#include "base/memory.h"
#include "prep/columns.h"

#include <math.h>
#include <stdlib.h>

struct standardize {
    size_t columns;
    double *mean, *deviation; /* [columns]; doubles, as a mean may be far larger than the deviation beside it */
};

static void release(void *state) {
    struct standardize *step = state;
    free(step->mean);
    free(step->deviation);
    *step = (struct standardize){0};
}

static enum ten_status fit(void *state, const struct ten_batch *batch, const struct ten_run *run,
                           struct ten_error *error) {
    struct standardize *step = state;
    release(step);
    size_t columns = batch->shape.columns;
    step->mean = ten_alloc(columns, sizeof *step->mean);
    step->deviation = ten_alloc(columns, sizeof *step->deviation);
    if (!step->mean || !step->deviation) return ten_fail_memory(error, "standardize");
    enum ten_status status = ten_column_moments(batch, step->mean, step->deviation, run, error);
    if (status != TEN_OK) return status;
    for (size_t j = 0; j < columns; j++) {
        step->deviation[j] = sqrt(step->deviation[j] / (double)batch->rows);
        if (!isfinite(step->mean[j]) || !isfinite(step->deviation[j]))
            return ten_fail(error, TEN_NUMERIC, "standardize: feature %zu is not finite in every row", j);
    }
    step->columns = columns;
    return TEN_OK;
}

static enum ten_status apply(const void *state, struct ten_batch *batch, const struct ten_run *run,
                             struct ten_error *error) {
    const struct standardize *step = state;
    if (batch->shape.columns != step->columns)
        return ten_fail(error, TEN_INVALID, "standardize was fitted on %zu features and given %zu", step->columns,
                        batch->shape.columns);
    return ten_column_rescale(batch, step->mean, step->deviation, run, error);
}

static enum ten_status save(const void *state, struct ten_tensors *tensors, struct ten_error *error) {
    const struct standardize *step = state;
    enum ten_status status = ten_tensors_add(tensors, "mean", TEN_F64, 1, &step->columns, step->mean, error);
    if (status != TEN_OK) return status;
    return ten_tensors_add(tensors, "deviation", TEN_F64, 1, &step->columns, step->deviation, error);
}

static enum ten_status load(void *state, const struct ten_shape *input, struct ten_tensors *tensors,
                            struct ten_error *error) {
    struct standardize *step = state;
    release(step);
    size_t columns = input->columns;
    void *mean = NULL, *deviation = NULL;
    enum ten_status status = ten_tensors_take(tensors, "mean", TEN_F64, 1, &columns, &mean, error);
    step->mean = mean;
    if (status == TEN_OK) status = ten_tensors_take(tensors, "deviation", TEN_F64, 1, &columns, &deviation, error);
    step->deviation = deviation;
    if (status != TEN_OK) return status;
    for (size_t j = 0; j < columns; j++)
        if (!(step->deviation[j] >= 0))
            return ten_fail(error, TEN_FORMAT, "%s: %sdeviation[%zu] is %g, expected 0 or more", tensors->path,
                            tensors->prefix, j, step->deviation[j]);
    step->columns = columns;
    return TEN_OK;
}

const struct ten_step_type ten_step_standardize = {
    .about = {.name = "standardize", .summary = "Every feature to mean 0 and deviation 1 over the training images."},
    .state_size = sizeof(struct standardize),
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
    .release = release,
};
