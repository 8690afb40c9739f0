/* The step `minmax`: every feature to 0..1 over the training rows, (x - min) / (max - min). Later rows may lie outside
 * and are not clipped. A feature that was constant in training becomes 0: nothing was learned about it, and left as it
 * is (scikit-learn's MinMaxScaler leaves x - min) one stray pixel would be 255 times larger than any other. */
#include "prep/step.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "prep/columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1024 }; /* rows per task */

struct minmax {
    size_t columns;
    double *minimum, *range; /* [columns] */
};

static void release(void *state) {
    struct minmax *step = state;
    free(step->minimum);
    free(step->range);
    *step = (struct minmax){0};
}

/* ---- Fitting ------------------------------------------------------------------------------------------ */

/* Per block of rows and column the least value, then the greatest; floats or bytes, as the batch is. */
struct work {
    const struct ten_batch *batch;
    float *floats;  /* blocks x 2 x columns */
    uint8_t *bytes; /* blocks x 2 x columns */
};

static enum ten_status find_in_floats(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    const struct work *work = context;
    size_t columns = work->batch->shape.columns, rows = ten_block_length(work->batch->rows, BLOCK, task);
    const float *values = work->batch->floats + task * BLOCK * columns;
    float *least = work->floats + task * 2 * columns, *greatest = least + columns;
    memcpy(least, values, columns * sizeof *least);
    memcpy(greatest, values, columns * sizeof *greatest);
    for (size_t i = 1; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            float value = values[i * columns + j];
            least[j] = value < least[j] ? value : least[j];
            greatest[j] = value > greatest[j] ? value : greatest[j];
        }
    return TEN_OK;
}

static enum ten_status find_in_bytes(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    const struct work *work = context;
    size_t columns = work->batch->shape.columns, rows = ten_block_length(work->batch->rows, BLOCK, task);
    const uint8_t *values = work->batch->bytes + task * BLOCK * columns;
    uint8_t *least = work->bytes + task * 2 * columns, *greatest = least + columns;
    memcpy(least, values, columns);
    memcpy(greatest, values, columns);
    for (size_t i = 1; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            uint8_t value = values[i * columns + j];
            least[j] = value < least[j] ? value : least[j];
            greatest[j] = value > greatest[j] ? value : greatest[j];
        }
    return TEN_OK;
}

static void merge(const struct work *work, struct minmax *step) {
    size_t columns = work->batch->shape.columns, blocks = ten_block_count(work->batch->rows, BLOCK);
    for (size_t j = 0; j < columns; j++) {
        double least = INFINITY, greatest = -INFINITY;
        for (size_t b = 0; b < blocks; b++) {
            size_t low = b * 2 * columns + j, high = low + columns;
            least = fmin(least, work->bytes ? (double)work->bytes[low] : (double)work->floats[low]);
            greatest = fmax(greatest, work->bytes ? (double)work->bytes[high] : (double)work->floats[high]);
        }
        double unit = work->bytes ? (double)work->batch->unit : 1;
        step->minimum[j] = least * unit;
        step->range[j] = (greatest - least) * unit;
    }
}

static enum ten_status fit(void *state, const struct ten_batch *batch, const struct ten_run *run,
                           struct ten_error *error) {
    struct minmax *step = state;
    release(step);
    size_t columns = batch->shape.columns, blocks = ten_block_count(batch->rows, BLOCK);
    struct work work = {.batch = batch};
    if (batch->is_bytes)
        work.bytes = ten_alloc(blocks * 2, columns * sizeof *work.bytes);
    else
        work.floats = ten_alloc(blocks * 2, columns * sizeof *work.floats);
    step->minimum = ten_alloc(columns, sizeof *step->minimum);
    step->range = ten_alloc(columns, sizeof *step->range);
    enum ten_status status = TEN_OK;
    if ((!work.bytes && !work.floats) || !step->minimum || !step->range) status = ten_fail_memory(error, "minmax");
    ten_task *task = batch->is_bytes ? find_in_bytes : find_in_floats;
    if (status == TEN_OK) status = ten_parallel(run, NULL, NULL, 0, blocks, task, &work, error);
    if (status == TEN_OK) {
        merge(&work, step);
        step->columns = columns;
    }
    for (size_t j = 0; j < columns && status == TEN_OK; j++)
        if (!isfinite(step->minimum[j]) || !isfinite(step->range[j]))
            status = ten_fail(error, TEN_NUMERIC, "minmax: feature %zu is not finite in every row", j);
    free(work.bytes);
    free(work.floats);
    return status;
}

/* ---- Using it ----------------------------------------------------------------------------------------- */

static enum ten_status apply(const void *state, struct ten_batch *batch, const struct ten_run *run,
                             struct ten_error *error) {
    const struct minmax *step = state;
    if (batch->shape.columns != step->columns)
        return ten_fail(error, TEN_INVALID, "minmax was fitted on %zu features and given %zu", step->columns,
                        batch->shape.columns);
    return ten_column_rescale(batch, step->minimum, step->range, run, error);
}

static enum ten_status save(const void *state, struct ten_tensors *tensors, struct ten_error *error) {
    const struct minmax *step = state;
    enum ten_status status = ten_tensors_add(tensors, "minimum", TEN_F64, 1, &step->columns, step->minimum, error);
    if (status != TEN_OK) return status;
    return ten_tensors_add(tensors, "range", TEN_F64, 1, &step->columns, step->range, error);
}

static enum ten_status load(void *state, const struct ten_shape *input, struct ten_tensors *tensors,
                            struct ten_error *error) {
    struct minmax *step = state;
    release(step);
    size_t columns = input->columns;
    void *minimum = NULL, *range = NULL;
    enum ten_status status = ten_tensors_take(tensors, "minimum", TEN_F64, 1, &columns, &minimum, error);
    step->minimum = minimum;
    if (status == TEN_OK) status = ten_tensors_take(tensors, "range", TEN_F64, 1, &columns, &range, error);
    step->range = range;
    if (status != TEN_OK) return status;
    for (size_t j = 0; j < columns; j++)
        if (!(step->range[j] >= 0))
            return ten_fail(error, TEN_FORMAT, "%s: %srange[%zu] is %g, expected 0 or more", tensors->path,
                            tensors->prefix, j, step->range[j]);
    step->columns = columns;
    return TEN_OK;
}

const struct ten_step_type ten_step_minmax = {
    .about = {.name = "minmax", .summary = "Every feature to 0..1 over the training images."},
    .state_size = sizeof(struct minmax),
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
    .release = release,
};
