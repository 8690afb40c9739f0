/* The most and the least typical images of each class: those that lie nearest to and farthest from all others of it.
 *
 * Slant, boldness and the last pixel's place are not what makes a digit odd. Images are therefore deskewed, blurred
 * (twice) and scaled to unit length before they are compared. The mean squared distance of one to the n - 1 others
 * needs no pairs: with S the sum of all n vectors and Q that of their squared lengths, it is (n |x|^2 + Q - 2 x S) / (n
 * - 1). */
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "image/geometry.h"
#include "study/classes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLURS = 2 };

struct work {
    const struct ten_dataset *dataset;
    struct ten_class_order classes;
    struct ten_typical *out;
};

/* ---- What is compared ---- */

/* Blurs an image with the binomial weights 1 4 6 4 1 in both directions; zero beyond its edges. `from` is overwritten,
 * and gets the result. margins: 2 width + 4 values, zero at first and afterwards. */
static void blur(float *from, float *between, size_t height, size_t width, float *margins) {
    float *line = margins + 2;
    for (size_t y = 0; y < height; y++) {
        memcpy(line, from + y * width, width * sizeof *line);
        for (size_t x = 0; x < width; x++) {
            const float *at = line + x;
            between[y * width + x] = (6 * at[0] + 4 * (at[-1] + at[1]) + at[-2] + at[2]) / 16;
        }
    }
    memset(line, 0, width * sizeof *line);
    const float *nothing = margins + width + 4;
    for (size_t y = 0; y < height; y++) {
        const float *row = between + y * width;
        const float *up1 = y >= 1 ? row - width : nothing, *up2 = y >= 2 ? row - 2 * width : nothing;
        const float *down1 = y + 1 < height ? row + width : nothing,
                    *down2 = y + 2 < height ? row + 2 * width : nothing;
        float *to = from + y * width;
        for (size_t x = 0; x < width; x++) to[x] = (6 * row[x] + 4 * (up1[x] + down1[x]) + up2[x] + down2[x]) / 16;
    }
}

/* scratch: two images and the margins of `blur`. An image without ink stays all zero. */
static void prepare(const uint8_t *image, size_t height, size_t width, float *scratch, float *out) {
    size_t pixels = height * width;
    float *one = scratch, *two = scratch + pixels, *margins = two + pixels;
    for (size_t p = 0; p < pixels; p++) one[p] = image[p];
    ten_deskew(one, height, width, two);
    for (int round = 0; round < BLURS; round++) blur(two, one, height, width, margins);
    double squares = 0;
    for (size_t p = 0; p < pixels; p++) squares += (double)two[p] * (double)two[p];
    float factor = squares > 0 ? (float)(1 / sqrt(squares)) : 0;
    for (size_t p = 0; p < pixels; p++) out[p] = two[p] * factor;
}

/* ---- One class ---- */

static int nearest_first(const void *left, const void *right) {
    const struct ten_typical_image *a = left, *b = right;
    if (a->distance != b->distance) return a->distance < b->distance ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

static int farthest_first(const void *left, const void *right) {
    const struct ten_typical_image *a = left, *b = right;
    if (a->distance != b->distance) return a->distance > b->distance ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

/* vectors[count x pixels]; sum: room for `pixels`. */
static void measure(const float *vectors, size_t count, size_t pixels, double *sum, struct ten_typical_image *images) {
    double squares = 0;
    for (size_t p = 0; p < pixels; p++) sum[p] = 0;
    for (size_t i = 0; i < count; i++) {
        double own = 0;
        for (size_t p = 0; p < pixels; p++) {
            double value = (double)vectors[i * pixels + p];
            own += value * value;
            sum[p] += value;
        }
        images[i].distance = own;
        squares += own;
    }
    for (size_t i = 0; i < count; i++) {
        double product = 0;
        for (size_t p = 0; p < pixels; p++) product += (double)vectors[i * pixels + p] * sum[p];
        double total = (double)count * images[i].distance + squares - 2 * product; /* over all others */
        images[i].distance = count > 1 && total > 0 ? sqrt(total / (double)(count - 1)) : 0;
    }
}

static enum ten_status rank_class(void *context, size_t label, size_t thread, struct ten_error *error) {
    (void)thread;
    const struct work *work = context;
    const struct ten_dataset *dataset = work->dataset;
    size_t height = dataset->height, width = dataset->width, pixels = height * width;
    size_t count = ten_class_count(&work->classes, label);
    const size_t *indices = work->classes.order + work->classes.begin[label];
    struct ten_typical *out = &work->out[label];
    if (count == 0) return TEN_OK;

    float *vectors = ten_alloc(count, pixels * sizeof *vectors);
    float *scratch = ten_alloc_zero(2 * pixels + 2 * width + 4, sizeof *scratch);
    double *sum = ten_alloc(pixels, sizeof *sum);
    struct ten_typical_image *images = ten_alloc(count, sizeof *images);
    enum ten_status status = TEN_OK;
    if (vectors && scratch && sum && images) {
        for (size_t i = 0; i < count; i++) {
            images[i].index = indices[i];
            prepare(dataset->images + indices[i] * pixels, height, width, scratch, vectors + i * pixels);
        }
        measure(vectors, count, pixels, sum, images);
        out->count = count < TEN_TYPICAL ? count : TEN_TYPICAL;
        qsort(images, count, sizeof *images, nearest_first);
        for (size_t i = 0; i < out->count; i++) out->typical[i] = images[i];
        qsort(images, count, sizeof *images, farthest_first);
        for (size_t i = 0; i < out->count; i++) out->atypical[i] = images[i];
    } else {
        status = ten_fail_memory(error, "the images of a class");
    }
    free(vectors);
    free(scratch);
    free(sum);
    free(images);
    return status;
}

enum ten_status ten_find_typical(struct ten_typical out[TEN_CLASSES], const struct ten_dataset *dataset,
                                 const struct ten_run *run, struct ten_error *error) {
    for (size_t label = 0; label < TEN_CLASSES; label++) out[label] = (struct ten_typical){0};
    enum ten_status status = ten_check_images(dataset, error);
    if (status != TEN_OK || !dataset->labels) return status;
    struct work work = {.dataset = dataset, .out = out};
    status = ten_order_by_class(&work.classes, dataset, error);
    if (status == TEN_OK)
        status = ten_parallel(run, "look for typical images", "classes", 1, TEN_CLASSES, rank_class, &work, error);
    free(work.classes.order);
    for (size_t label = 0; label < TEN_CLASSES && status != TEN_OK; label++) out[label] = (struct ten_typical){0};
    return status;
}
