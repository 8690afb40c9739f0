/* Feature rows that stay bytes until a step asks for floats, and are copied only when somebody must write to them. */
#include "data/batch.h"

#include "base/error.h"
#include "base/memory.h"
#include "kernels/kernels.h"

#include <stdlib.h>
#include <string.h>

struct ten_batch ten_batch_of_images(const uint8_t *images, size_t count, size_t height, size_t width) {
    return (struct ten_batch){
        .rows = count,
        .shape = {.columns = height * width, .height = height, .width = width},
        .is_bytes = true,
        .unit = 1,
        .bytes = images,
    };
}

static void free_values(const struct ten_batch *batch) {
    if (!batch->owned) return;
    free((void *)batch->bytes);
    free((void *)batch->floats);
}

void ten_batch_replace(struct ten_batch *batch, struct ten_shape shape, uint8_t *bytes, float *floats, float unit) {
    free_values(batch);
    *batch = (struct ten_batch){
        .rows = batch->rows,
        .shape = shape,
        .is_bytes = bytes != NULL,
        .owned = true,
        .unit = bytes ? unit : 1,
        .bytes = bytes,
        .floats = floats,
    };
}

/* out[count] gets the values from number `first` on. */
static void copy_values(const struct ten_batch *batch, size_t first, size_t count, float *out) {
    if (count == 0) return;
    if (!batch->is_bytes) {
        memcpy(out, batch->floats + first, count * sizeof *out);
        return;
    }
    ten_kernels()->widen_bytes(count, batch->bytes + first, batch->unit, out);
}

enum ten_status ten_batch_own_floats(struct ten_batch *batch, float **values, struct ten_error *error) {
    *values = NULL;
    if (batch->is_bytes || !batch->owned) {
        size_t count;
        bool fits = !__builtin_mul_overflow(batch->rows, batch->shape.columns, &count);
        float *floats = fits ? ten_alloc(count, sizeof *floats) : NULL;
        if (!floats) return ten_fail_memory(error, "features");
        copy_values(batch, 0, count, floats);
        ten_batch_replace(batch, batch->shape, NULL, floats, 1);
    }
    *values = (float *)batch->floats;
    return TEN_OK;
}

void ten_batch_row(const struct ten_batch *batch, size_t i, float *out) {
    copy_values(batch, i * batch->shape.columns, batch->shape.columns, out);
}

size_t ten_batch_row_bytes(const struct ten_batch *batch) {
    return batch->shape.columns * (batch->is_bytes ? 1 : sizeof(float));
}

const void *ten_batch_address(const struct ten_batch *batch, size_t i) {
    return (batch->is_bytes ? batch->bytes : (const uint8_t *)batch->floats) + i * ten_batch_row_bytes(batch);
}

void ten_batch_prefetch(const struct ten_batch *batch, size_t i) {
    enum { LINE = 64 };
    const uint8_t *row = ten_batch_address(batch, i);
    for (size_t at = 0; at < ten_batch_row_bytes(batch); at += LINE) __builtin_prefetch(row + at);
}

void ten_batch_release(struct ten_batch *batch) {
    if (!batch) return;
    free_values(batch);
    *batch = (struct ten_batch){0};
}
