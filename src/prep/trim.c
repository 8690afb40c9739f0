/* The step `trim=N`: cuts N pixels off every side. MNIST's digits leave a border of two empty for the most part. */
#include "prep/step.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 1024, BLOCK = 512 /* images per task */ };

struct trim {
    size_t pixels; /* N */
};

static enum ten_status configure(void *state, const char *argument, struct ten_error *error) {
    struct trim *step = state;
    int64_t pixels;
    if (!ten_parse_integer(argument, &pixels) || *argument == '0' || pixels < 1 || pixels > MOST)
        return ten_fail(error, TEN_INVALID, "trim=%s: expected a whole number of pixels from 1 to %d", argument, MOST);
    step->pixels = (size_t)pixels;
    return TEN_OK;
}

static enum ten_status reshape(const void *state, struct ten_shape *shape, struct ten_error *error) {
    const struct trim *step = state;
    if (shape->height == 0)
        return ten_fail(error, TEN_INVALID, "trim needs pixels, but the steps before it left %zu features",
                        shape->columns);
    if (2 * step->pixels >= shape->height || 2 * step->pixels >= shape->width)
        return ten_fail(error, TEN_INVALID, "trim=%zu leaves nothing of images of %zux%zu", step->pixels, shape->height,
                        shape->width);
    shape->height -= 2 * step->pixels;
    shape->width -= 2 * step->pixels;
    shape->columns = shape->height * shape->width;
    return TEN_OK;
}

struct work {
    const uint8_t *from;
    uint8_t *to;
    size_t rows, from_row, to_row, line, first, height, width; /* in bytes, but for rows and height */
};

static enum ten_status trim_block(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    const struct work *w = context;
    size_t begin = task * BLOCK, end = begin + ten_block_length(w->rows, BLOCK, task);
    for (size_t i = begin; i < end; i++)
        for (size_t y = 0; y < w->height; y++)
            memcpy(w->to + i * w->to_row + y * w->width, w->from + i * w->from_row + w->first + y * w->line, w->width);
    return TEN_OK;
}

static enum ten_status apply(const void *state, struct ten_batch *batch, const struct ten_run *run,
                             struct ten_error *error) {
    const struct trim *step = state;
    struct ten_shape from = batch->shape, to = from;
    enum ten_status status = reshape(state, &to, error);
    if (status != TEN_OK) return status;
    size_t size = batch->is_bytes ? 1 : sizeof(float);
    uint8_t *out = ten_alloc(batch->rows, to.columns * size);
    if (!out) return ten_fail_memory(error, "trimmed images");
    struct work work = {.from = batch->is_bytes ? batch->bytes : (const uint8_t *)batch->floats,
                        .to = out,
                        .rows = batch->rows,
                        .from_row = from.columns * size,
                        .to_row = to.columns * size,
                        .line = from.width * size,
                        .first = (step->pixels * from.width + step->pixels) * size,
                        .height = to.height,
                        .width = to.width * size};
    status = ten_parallel(run, NULL, NULL, 0, ten_block_count(batch->rows, BLOCK), trim_block, &work, error);
    if (status != TEN_OK) {
        free(out);
        return status;
    }
    ten_batch_replace(batch, to, batch->is_bytes ? out : NULL, batch->is_bytes ? NULL : (float *)(void *)out,
                      batch->unit);
    return TEN_OK;
}

const struct ten_step_type ten_step_trim = {
    .about = {.name = "trim", .argument = "N", .summary = "N pixels cut off every side."},
    .state_size = sizeof(struct trim),
    .configure = configure,
    .reshape = reshape,
    .apply = apply,
};
