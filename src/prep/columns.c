/* Column means, sums of squares, and rescaling. Bytes are summed exactly in integers. Floats take two passes over each
 * block of rows, and blocks are merged in their order (Chan, Golub and LeVeque 1983), so that neither cancellation nor
 * the number of threads shows. */
#include "prep/columns.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1024 }; /* rows per task; 1024 * 255 * 255 fits in 32 bits */

/* ---- Moments ------------------------------------------------------------------------------------------ */

/* Per block of rows and column: sums of bytes and of their squares, or mean and squares of floats. */
struct work {
    const struct ten_batch *batch;
    uint32_t *sums;  /* blocks x 2 x columns */
    double *moments; /* blocks x 2 x columns */
};

static enum ten_status sum_bytes(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    const struct work *work = context;
    size_t columns = work->batch->shape.columns, rows = ten_block_length(work->batch->rows, BLOCK, task);
    const uint8_t *bytes = work->batch->bytes + task * BLOCK * columns;
    uint32_t *sum = work->sums + task * 2 * columns, *squares = sum + columns;
    memset(sum, 0, 2 * columns * sizeof *sum);
    for (size_t i = 0; i < rows; i++, bytes += columns)
        for (size_t j = 0; j < columns; j++) {
            sum[j] += bytes[j];
            squares[j] += (uint32_t)bytes[j] * bytes[j];
        }
    return TEN_OK;
}

static enum ten_status measure_floats(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    const struct work *work = context;
    size_t columns = work->batch->shape.columns, rows = ten_block_length(work->batch->rows, BLOCK, task);
    const float *values = work->batch->floats + task * BLOCK * columns;
    double *mean = work->moments + task * 2 * columns, *squares = mean + columns;
    memset(mean, 0, 2 * columns * sizeof *mean);
    /* Summed as distances from the first row: a constant column then has its value as the exact mean. */
    for (size_t i = 1; i < rows; i++)
        for (size_t j = 0; j < columns; j++) mean[j] += (double)values[i * columns + j] - (double)values[j];
    for (size_t j = 0; j < columns; j++) mean[j] = (double)values[j] + mean[j] / (double)rows;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            double distance = (double)values[i * columns + j] - mean[j];
            squares[j] += distance * distance;
        }
    return TEN_OK;
}

/* Mean and sum of squares from n bytes' sum and sum of squares. Distances are taken from the whole number next to the
 * mean: that sum stays small and exact, and what must be subtracted from it is at most a quarter per row. */
static void finish_bytes(uint64_t n, uint64_t sum, uint64_t squares, double *mean, double *spread) {
    uint64_t near = (sum + n / 2) / n;
    double rest = (double)(int64_t)(sum - near * n); /* sum of distances from `near`, between -n/2 and n/2 */
    *mean = (double)near + rest / (double)n;
    *spread = (double)(squares + n * near * near - 2 * near * sum) - rest * rest / (double)n;
}

static void merge_bytes(const struct work *work, double *mean, double *squares) {
    size_t rows = work->batch->rows, columns = work->batch->shape.columns, blocks = ten_block_count(rows, BLOCK);
    double unit = (double)work->batch->unit;
    for (size_t j = 0; j < columns; j++) {
        uint64_t sum = 0, square_sum = 0;
        for (size_t b = 0; b < blocks; b++) {
            sum += work->sums[b * 2 * columns + j];
            square_sum += work->sums[(b * 2 + 1) * columns + j];
        }
        finish_bytes(rows, sum, square_sum, &mean[j], &squares[j]);
        mean[j] *= unit;
        squares[j] *= unit * unit;
    }
}

static void merge_floats(const struct work *work, double *mean, double *squares) {
    size_t rows = work->batch->rows, columns = work->batch->shape.columns, blocks = ten_block_count(rows, BLOCK);
    memcpy(mean, work->moments, columns * sizeof *mean);
    memcpy(squares, work->moments + columns, columns * sizeof *squares);
    for (size_t b = 1; b < blocks; b++) {
        const double *block = work->moments + b * 2 * columns;
        double before = (double)(b * BLOCK), count = (double)ten_block_length(rows, BLOCK, b), all = before + count;
        for (size_t j = 0; j < columns; j++) {
            double step = block[j] - mean[j];
            mean[j] += step * (count / all);
            squares[j] += block[columns + j] + step * step * (before * count / all);
        }
    }
}

enum ten_status ten_column_moments(const struct ten_batch *batch, double *mean, double *squares,
                                   const struct ten_run *run, struct ten_error *error) {
    size_t blocks = ten_block_count(batch->rows, BLOCK), columns = batch->shape.columns;
    struct work work = {.batch = batch};
    if (batch->is_bytes)
        work.sums = ten_alloc(blocks * 2, columns * sizeof *work.sums);
    else
        work.moments = ten_alloc(blocks * 2, columns * sizeof *work.moments);
    if (!work.sums && !work.moments) return ten_fail_memory(error, "the means of the features");
    ten_task *task = batch->is_bytes ? sum_bytes : measure_floats;
    enum ten_status status = ten_parallel(run, NULL, NULL, 0, blocks, task, &work, error);
    if (status == TEN_OK) {
        if (batch->is_bytes)
            merge_bytes(&work, mean, squares);
        else
            merge_floats(&work, mean, squares);
    }
    free(work.sums);
    free(work.moments);
    return status;
}

/* ---- Rescaling ---------------------------------------------------------------------------------------- */

struct rescaling {
    const struct ten_batch *from;
    float *to;
    const double *zero, *factor; /* [columns] */
};

static enum ten_status rescale_block(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    const struct rescaling *work = context;
    const double *zero = work->zero, *factor = work->factor;
    size_t columns = work->from->shape.columns, rows = ten_block_length(work->from->rows, BLOCK, task);
    float *to = work->to + task * BLOCK * columns;
    if (work->from->is_bytes) {
        const uint8_t *from = work->from->bytes + task * BLOCK * columns;
        double unit = (double)work->from->unit;
        for (size_t i = 0; i < rows; i++, from += columns, to += columns)
            for (size_t j = 0; j < columns; j++) to[j] = (float)((from[j] * unit - zero[j]) * factor[j]);
    } else {
        for (size_t i = 0; i < rows; i++, to += columns)
            for (size_t j = 0; j < columns; j++) to[j] = (float)(((double)to[j] - zero[j]) * factor[j]);
    }
    return TEN_OK;
}

enum ten_status ten_column_rescale(struct ten_batch *batch, const double *zero, const double *unit,
                                   const struct ten_run *run, struct ten_error *error) {
    size_t columns = batch->shape.columns;
    float *values = NULL;
    enum ten_status status = TEN_OK;
    double *factor = ten_alloc(columns, sizeof *factor);
    if (!factor) return ten_fail_memory(error, "rescaled features");
    for (size_t j = 0; j < columns; j++) factor[j] = unit[j] >= DBL_MIN ? 1 / unit[j] : 0;
    if (!batch->is_bytes)
        status = ten_batch_own_floats(batch, &values, error); /* and overwrite them */
    else if (!(values = ten_alloc(batch->rows, columns * sizeof *values)))
        status = ten_fail_memory(error, "rescaled features");
    struct rescaling work = {.from = batch, .to = values, .zero = zero, .factor = factor};
    if (status == TEN_OK)
        status = ten_parallel(run, NULL, NULL, 0, ten_block_count(batch->rows, BLOCK), rescale_block, &work, error);
    if (batch->is_bytes && status == TEN_OK)
        ten_batch_replace(batch, batch->shape, NULL, values, 1);
    else if (batch->is_bytes)
        free(values);
    free(factor);
    return status;
}
