/* The step `trim=N`: cuts N pixels off every side. MNIST's digits leave a border of two empty for the most part. */
#include "prep/step.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 1024 };

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

static enum ten_status apply(const void *state, struct ten_batch *batch, const struct ten_run *run,
                             struct ten_error *error) {
    (void)run;
    const struct trim *step = state;
    struct ten_shape from = batch->shape, to = from;
    enum ten_status status = reshape(state, &to, error);
    if (status != TEN_OK) return status;
    size_t size = batch->is_bytes ? 1 : sizeof(float);
    const uint8_t *values = batch->is_bytes ? batch->bytes : (const uint8_t *)batch->floats;
    uint8_t *out = ten_alloc(batch->rows * to.columns, size), *at = out;
    if (!out) return ten_fail_memory(error, "trimmed images");
    for (size_t i = 0; i < batch->rows; i++)
        for (size_t y = 0; y < to.height; y++, at += to.width * size)
            memcpy(at, values + (i * from.columns + (y + step->pixels) * from.width + step->pixels) * size,
                   to.width * size);
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
