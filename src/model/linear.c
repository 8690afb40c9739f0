#include "model/linear.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "kernels/kernels.h"
#include "prep/scatter.h"

#include <stdlib.h>

enum { ROWS = 1024 };

struct prediction {
    const struct ten_linear *linear;
    const struct ten_batch *features;
    float *probabilities, *rows, *matmul; /* scratch of all threads */
};

static enum ten_status predict_rows(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    const struct prediction *p = context;
    const struct ten_linear *linear = p->linear;
    size_t n = linear->features, count = ten_block_length(p->features->rows, ROWS, task);
    float *rows = p->rows + thread * ROWS * n, *out = p->probabilities + task * ROWS * TEN_CLASSES;
    if (linear->mean)
        ten_centred_rows(p->features, linear->mean, task * ROWS, count, rows);
    else
        for (size_t i = 0; i < count; i++) ten_batch_row(p->features, task * ROWS + i, rows + i * n);
    ten_kernels()->matmul(count, TEN_CLASSES, n, (struct ten_strided){rows, n, 1},
                          (struct ten_strided){linear->weights, 1, n}, out, TEN_CLASSES, false,
                          p->matmul + thread * TEN_MATMUL_SCRATCH);
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < TEN_CLASSES; c++) out[i * TEN_CLASSES + c] += linear->intercepts[c];
    ten_kernels()->softmax(count, TEN_CLASSES, out, NULL);
    return TEN_OK;
}

enum ten_status ten_linear_predict(const struct ten_linear *linear, const struct ten_batch *features,
                                   float *probabilities, const struct ten_run *run, struct ten_error *error) {
    struct prediction prediction = {linear, features, probabilities, NULL, NULL};
    size_t tasks = ten_block_count(features->rows, ROWS), threads = ten_workers(run, tasks);
    prediction.rows = ten_alloc(threads * ROWS, linear->features * sizeof(float));
    prediction.matmul = ten_alloc(threads * TEN_MATMUL_SCRATCH, sizeof(float));
    enum ten_status status =
        prediction.rows && prediction.matmul
            ? ten_parallel(run, linear->stage, "images", ROWS, tasks, predict_rows, &prediction, error)
            : ten_fail_memory(error, linear->what);
    free(prediction.rows);
    free(prediction.matmul);
    return status;
}
