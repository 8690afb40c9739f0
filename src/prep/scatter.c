/* Scatter matrices on the matrix-product kernel. Rows are centred into a block, which all threads share; each thread
 * then adds the block's product to some stripes of the result. Which rows are summed together, and in what order, is
 * fixed, so that the number of threads does not show. */
#include "prep/scatter.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "kernels/kernels.h"

#include <stdlib.h>
#include <string.h>

enum {
    BLOCK = 1 << 22, /* values that are centred before they are multiplied: threads wait for each other only there */
    PARTIAL = 256,   /* rows whose products are summed in single precision */
    CENTRED = 64,    /* rows per task of centring */
    STRIPE = 128     /* rows of the result per task */
};

struct work {
    const struct ten_scatter *scatter;
    size_t columns, first, rows; /* the present block's */
    float *block;                /* centred rows */
    float *scratch;              /* per thread: for matmul, then a stripe of a product */
    double *sum;                 /* columns x columns; the upper triangle counts */
};

static size_t scratch_size(size_t columns) {
    return TEN_MATMUL_SCRATCH + (STRIPE * columns + 15) / 16 * 16; /* whole vectors, to keep every thread's aligned */
}

void ten_centred_rows(const struct ten_batch *batch, const double *mean, size_t begin, size_t rows, float *out) {
    size_t columns = batch->shape.columns;
    double unit = (double)batch->unit;
    for (size_t i = begin; i < begin + rows; i++, out += columns) {
        if (batch->is_bytes)
            for (size_t j = 0; j < columns; j++) out[j] = (float)(batch->bytes[i * columns + j] * unit - mean[j]);
        else
            for (size_t j = 0; j < columns; j++) out[j] = (float)((double)batch->floats[i * columns + j] - mean[j]);
    }
}

static enum ten_status centre_rows(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    const struct work *work = context;
    const struct ten_scatter *s = work->scatter;
    size_t begin = task * CENTRED, end = begin + ten_block_length(work->rows, CENTRED, task);
    for (size_t i = begin; i < end; i++) {
        size_t row = s->rows ? s->rows[work->first + i] : work->first + i;
        const double *mean = s->means + (s->labels ? s->labels[row] * work->columns : 0);
        ten_centred_rows(s->batch, mean, row, 1, work->block + i * work->columns);
    }
    return TEN_OK;
}

/* Adds the block's product for one stripe of rows, from the diagonal rightward. */
static enum ten_status add_stripe(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    const struct work *work = context;
    size_t columns = work->columns, top = task * STRIPE, height = ten_block_length(columns, STRIPE, task);
    size_t width = columns - top;
    float *scratch = work->scratch + thread * scratch_size(columns), *product = scratch + TEN_MATMUL_SCRATCH;
    for (size_t first = 0; first < work->rows; first += PARTIAL) {
        const float *corner = work->block + first * columns + top;
        size_t rows = work->rows - first < PARTIAL ? work->rows - first : PARTIAL;
        struct ten_strided transposed = {.data = corner, .row = 1, .column = columns};
        struct ten_strided plain = {.data = corner, .row = columns, .column = 1};
        ten_kernels()->matmul(height, width, rows, transposed, plain, product, width, false, scratch);
        for (size_t i = 0; i < height; i++) {
            double *sum = work->sum + (top + i) * columns + top;
            for (size_t j = 0; j < width; j++) sum[j] += (double)product[i * width + j];
        }
    }
    return TEN_OK;
}

enum ten_status ten_scatter_sum(const struct ten_scatter *scatter, double *sum, const struct ten_run *run,
                                struct ten_error *error) {
    size_t columns = scatter->batch->shape.columns, total = scatter->rows ? scatter->count : scatter->batch->rows;
    struct work work = {.scatter = scatter, .columns = columns, .sum = sum};
    size_t most = BLOCK / (columns * PARTIAL) * PARTIAL; /* rows of a block, whole partial sums */
    if (most < PARTIAL) most = PARTIAL;
    work.block = ten_alloc(total < most ? total : most, columns * sizeof *work.block);
    work.scratch = ten_alloc(ten_threads(run), scratch_size(columns) * sizeof *work.scratch);
    memset(sum, 0, columns * columns * sizeof *sum);
    enum ten_status status = TEN_OK;
    if (!work.block || !work.scratch) status = ten_fail_memory(error, "covariances");
    struct ten_progress progress = {.stage = scatter->stage, .unit = "images", .total = (double)total};
    for (; work.first < total && status == TEN_OK; work.first += work.rows) {
        work.rows = total - work.first < most ? total - work.first : most;
        status = ten_parallel(run, NULL, NULL, 0, ten_block_count(work.rows, CENTRED), centre_rows, &work, error);
        if (status == TEN_OK)
            status = ten_parallel(run, NULL, NULL, 0, ten_block_count(columns, STRIPE), add_stripe, &work, error);
        progress.done += (double)work.rows;
        if (status == TEN_OK) status = ten_report(run, &progress, error);
    }
    for (size_t i = 0; i < columns; i++)
        for (size_t j = 0; j < i; j++) sum[i * columns + j] = sum[j * columns + i];
    free(work.scratch);
    free(work.block);
    return status;
}
