/* The steps that move ink: `crop20`, `center`, `deskew`. Each hands every image to one function of image/geometry.h;
 * bytes come out as bytes (rounded to the nearest), floats as floats. */
#include "prep/step.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "image/geometry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 128 /* images per task */, CROP_SIDE = 20, CENTER_SIDE = 28 };

typedef void transform(const float *image, size_t height, size_t width, float *out);

static void crop20(const float *image, size_t height, size_t width, float *out) {
    ten_crop_to_box(image, height, width, out, CROP_SIDE, CROP_SIDE);
}

static void center(const float *image, size_t height, size_t width, float *out) {
    ten_center_by_mass(image, height, width, out, CENTER_SIDE);
}

/* ---- Shapes ------------------------------------------------------------------------------------------- */

static enum ten_status need_pixels(const char *step, const struct ten_shape *shape, struct ten_error *error) {
    if (shape->height > 0) return TEN_OK;
    return ten_fail(error, TEN_INVALID, "%s needs pixels, but the steps before it left %zu features", step,
                    shape->columns);
}

static struct ten_shape square(size_t side) {
    return (struct ten_shape){.columns = side * side, .height = side, .width = side};
}

static enum ten_status reshape_crop20(const void *state, struct ten_shape *shape, struct ten_error *error) {
    (void)state;
    enum ten_status status = need_pixels("crop20", shape, error);
    if (status == TEN_OK) *shape = square(CROP_SIDE);
    return status;
}

static enum ten_status reshape_center(const void *state, struct ten_shape *shape, struct ten_error *error) {
    (void)state;
    enum ten_status status = need_pixels("center", shape, error);
    if (status == TEN_OK) *shape = square(CENTER_SIDE);
    return status;
}

static enum ten_status reshape_deskew(const void *state, struct ten_shape *shape, struct ten_error *error) {
    (void)state;
    return need_pixels("deskew", shape, error);
}

/* ---- Applying ----------------------------------------------------------------------------------------- */

struct work {
    transform *transform;
    const struct ten_batch *from;
    size_t to_columns;
    float *floats; /* the results: one of the two */
    uint8_t *bytes;
    float *scratch; /* per thread: an image before and after */
};

static uint8_t round_to_byte(float value) { return value >= 0 ? (uint8_t)lrintf(fminf(value, 255)) : 0; }

static enum ten_status transform_block(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    const struct work *work = context;
    const struct ten_shape *shape = &work->from->shape;
    float *before = work->scratch + thread * (shape->columns + work->to_columns), *after = before + shape->columns;
    size_t begin = task * BLOCK, end = begin + ten_block_length(work->from->rows, BLOCK, task);
    for (size_t i = begin; i < end; i++) {
        if (!work->from->is_bytes) { /* by way of `after`, since the result may replace the image */
            work->transform(work->from->floats + i * shape->columns, shape->height, shape->width, after);
            memcpy(work->floats + i * work->to_columns, after, work->to_columns * sizeof *after);
            continue;
        }
        const uint8_t *image = work->from->bytes + i * shape->columns;
        for (size_t j = 0; j < shape->columns; j++) before[j] = image[j];
        work->transform(before, shape->height, shape->width, after);
        uint8_t *out = work->bytes + i * work->to_columns;
        for (size_t j = 0; j < work->to_columns; j++) out[j] = round_to_byte(after[j]);
    }
    return TEN_OK;
}

static enum ten_status apply_transform(transform *function, struct ten_shape to, struct ten_batch *batch,
                                       const struct ten_run *run, struct ten_error *error) {
    struct work work = {.transform = function, .from = batch, .to_columns = to.columns};
    enum ten_status status = TEN_OK;
    bool in_place = !batch->is_bytes && to.columns == batch->shape.columns;
    if (in_place)
        status = ten_batch_own_floats(batch, &work.floats, error);
    else if (batch->is_bytes)
        work.bytes = ten_alloc(batch->rows, to.columns);
    else
        work.floats = ten_alloc(batch->rows, to.columns * sizeof *work.floats);
    if (status != TEN_OK) return status;
    work.scratch = ten_alloc(ten_threads(run), (batch->shape.columns + to.columns) * sizeof *work.scratch);
    if ((!work.bytes && !work.floats) || !work.scratch)
        status = ten_fail_memory(error, "transformed images");
    else
        status = ten_parallel(run, NULL, NULL, 0, ten_block_count(batch->rows, BLOCK), transform_block, &work, error);
    free(work.scratch);
    if (in_place) {
        batch->shape = to;
    } else if (status == TEN_OK) {
        ten_batch_replace(batch, to, work.bytes, work.floats, batch->unit);
    } else {
        free(work.bytes);
        free(work.floats);
    }
    return status;
}

static enum ten_status apply_crop20(const void *state, struct ten_batch *batch, const struct ten_run *run,
                                    struct ten_error *error) {
    struct ten_shape to = batch->shape;
    enum ten_status status = reshape_crop20(state, &to, error);
    return status == TEN_OK ? apply_transform(crop20, to, batch, run, error) : status;
}

static enum ten_status apply_center(const void *state, struct ten_batch *batch, const struct ten_run *run,
                                    struct ten_error *error) {
    struct ten_shape to = batch->shape;
    enum ten_status status = reshape_center(state, &to, error);
    return status == TEN_OK ? apply_transform(center, to, batch, run, error) : status;
}

static enum ten_status apply_deskew(const void *state, struct ten_batch *batch, const struct ten_run *run,
                                    struct ten_error *error) {
    struct ten_shape to = batch->shape;
    enum ten_status status = reshape_deskew(state, &to, error);
    return status == TEN_OK ? apply_transform(ten_deskew, to, batch, run, error) : status;
}

/* ---- The steps ---------------------------------------------------------------------------------------- */

const struct ten_step_type ten_step_crop20 = {
    .about = {.name = "crop20", .summary = "The ink's bounding box, scaled to fit 20x20 and put in the middle."},
    .reshape = reshape_crop20,
    .apply = apply_crop20,
};

const struct ten_step_type ten_step_center = {
    .about = {.name = "center", .summary = "Moved so that the ink's centre of mass is the middle of 28x28."},
    .reshape = reshape_center,
    .apply = apply_center,
};

const struct ten_step_type ten_step_deskew = {
    .about = {.name = "deskew", .summary = "Sheared so that the ink no longer slants."},
    .reshape = reshape_deskew,
    .apply = apply_deskew,
};
