/* The steps `scale`, values 0..255 to 0..1, and `multiply=N`. Bytes stay bytes; only what a byte stands for changes, so
 * that models that are exact on bytes stay so. */
#include "prep/step.h"

#include "base/error.h"
#include "base/parallel.h"
#include "base/text.h"

enum { BLOCK = 1 << 18 }; /* values per task */

struct work {
    float *values, factor;
    size_t count;
};

static enum ten_status scale_block(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    const struct work *work = context;
    float *values = work->values + task * BLOCK;
    size_t count = ten_block_length(work->count, BLOCK, task);
    for (size_t i = 0; i < count; i++) values[i] *= work->factor;
    return TEN_OK;
}

static enum ten_status multiply(float factor, struct ten_batch *batch, const struct ten_run *run,
                                struct ten_error *error) {
    if (batch->is_bytes) {
        batch->unit *= factor;
        return TEN_OK;
    }
    struct work work = {.factor = factor, .count = batch->rows * batch->shape.columns};
    enum ten_status status = ten_batch_own_floats(batch, &work.values, error);
    if (status != TEN_OK) return status;
    return ten_parallel(run, NULL, NULL, 0, ten_block_count(work.count, BLOCK), scale_block, &work, error);
}

static enum ten_status apply_scale(const void *state, struct ten_batch *batch, const struct ten_run *run,
                                   struct ten_error *error) {
    (void)state;
    return multiply(1.0f / 255, batch, run, error);
}

struct factor {
    float value; /* N */
};

static enum ten_status configure(void *state, const char *argument, struct ten_error *error) {
    double value;
    if (!ten_parse_real(argument, &value) || !(value >= 1e-6 && value <= 1e6))
        return ten_fail(error, TEN_INVALID, "multiply=%s: expected a number from 1e-6 to 1e6", argument);
    ((struct factor *)state)->value = (float)value;
    return TEN_OK;
}

static enum ten_status apply_multiply(const void *state, struct ten_batch *batch, const struct ten_run *run,
                                      struct ten_error *error) {
    return multiply(((const struct factor *)state)->value, batch, run, error);
}

const struct ten_step_type ten_step_scale = {
    .about = {.name = "scale", .summary = "Divides by 255: bytes 0..255 become 0..1."},
    .apply = apply_scale,
};

const struct ten_step_type ten_step_multiply = {
    .about = {.name = "multiply",
              .argument = "N",
              .summary = "Multiplies by N: networks like values of a size about 1."},
    .state_size = sizeof(struct factor),
    .configure = configure,
    .apply = apply_multiply,
};
