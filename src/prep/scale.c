/* The step `scale`: values 0..255 to 0..1. Bytes stay bytes; only what a byte stands for changes, so that models that
 * are exact on bytes stay so. */
#include "prep/step.h"

#include "base/parallel.h"

enum { BLOCK = 1 << 18 }; /* values per task */

static const float factor = 1.0f / 255;

struct work {
    float *values;
    size_t count;
};

static enum ten_status scale_block(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    const struct work *work = context;
    float *values = work->values + task * BLOCK;
    size_t count = ten_block_length(work->count, BLOCK, task);
    for (size_t i = 0; i < count; i++) values[i] *= factor;
    return TEN_OK;
}

static enum ten_status apply(const void *state, struct ten_batch *batch, const struct ten_run *run,
                             struct ten_error *error) {
    (void)state;
    if (batch->is_bytes) {
        batch->unit *= factor;
        return TEN_OK;
    }
    struct work work = {.count = batch->rows * batch->shape.columns};
    enum ten_status status = ten_batch_own_floats(batch, &work.values, error);
    if (status != TEN_OK) return status;
    return ten_parallel(run, NULL, NULL, 0, ten_block_count(work.count, BLOCK), scale_block, &work, error);
}

const struct ten_step_type ten_step_scale = {
    .about = {.name = "scale", .summary = "Divides by 255: bytes 0..255 become 0..1."},
    .apply = apply,
};
