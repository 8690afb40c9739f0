/* Spoilt copies of images, for asking how much of a model's accuracy lasts when the images are worse than those it was
 * fitted on: the idea of MNIST-C (Mu and Gilmer 2019) and ImageNet-C (Hendrycks and Dietterich 2019), with kinds that
 * have one number for their strength, 0 of which changes nothing.
 *
 * Image i draws from one random stream for each kind, the same for all strengths: a stronger spoiling turns, moves or
 * thickens the image the same way as a milder one. Values are floats, 0 to 255, until they are rounded at the end. */
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "image/augment.h"
#include "image/geometry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGES_PER_TASK = 64, KIND_SHIFT = 56 /* where the kind's number stands in that of a stream */ };

/* What is done to one image after the other. Scratch memory belongs to a thread. */
struct spoiling {
    size_t height, width;
    double strength;
    float *scratch; /* as many floats as scratch_size tells */
};

/* ---- Noise, fading and holes ------------------------------------------------------------------------------------ */

/* Two independent normal numbers (Box and Muller 1958). */
static void draw_normal(struct ten_random *random, double *first, double *second) {
    double radius = sqrt(-2 * log(1 - ten_random_unit(random))), angle = 2 * acos(-1) * ten_random_unit(random);
    *first = radius * cos(angle);
    *second = radius * sin(angle);
}

static void add_noise(const struct spoiling *s, struct ten_random *random, const float *in, float *out) {
    size_t pixels = s->height * s->width;
    for (size_t i = 0; i < pixels; i += 2) {
        double first, second;
        draw_normal(random, &first, &second);
        out[i] = in[i] + (float)(s->strength * first);
        if (i + 1 < pixels) out[i + 1] = in[i + 1] + (float)(s->strength * second);
    }
}

static void fade(const struct spoiling *s, struct ten_random *random, const float *in, float *out) {
    (void)random;
    float left = (float)(1 - s->strength);
    for (size_t i = 0; i < s->height * s->width; i++) out[i] = left * in[i];
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Where a hole of length `side` begins whose middle is `middle`, so that all of it lies within `length`. */
static size_t hole_begin(size_t middle, size_t side, size_t length) {
    return least(middle > side / 2 ? middle - side / 2 : 0, length - side);
}

/* A square of background, its middle anywhere in the box of the ink, moved where it would leave the image. */
static void cut_hole(const struct spoiling *s, struct ten_random *random, const float *in, float *out) {
    memcpy(out, in, s->height * s->width * sizeof *out);
    struct ten_box ink = ten_ink_box(in, s->height, s->width);
    if (ink.width == 0) return;
    size_t side = least((size_t)(s->strength + 0.5), least(s->height, s->width));
    size_t left = hole_begin(ink.x + (size_t)ten_random_below(random, ink.width), side, s->width);
    size_t top = hole_begin(ink.y + (size_t)ten_random_below(random, ink.height), side, s->height);
    for (size_t y = top; y < top + side; y++) memset(out + y * s->width + left, 0, side * sizeof *out);
}

/* ---- Moved, turned, smaller or larger ---------------------------------------------------------------------------- */

static bool draw_coin(struct ten_random *random) { return ten_random_below(random, 2) == 1; }

static void warp(const struct spoiling *s, double angle, double scale, double right, double down, const float *in,
                 float *out) {
    struct ten_affine map = ten_affine_make(s->height, s->width, angle, 0, scale, scale, right, down);
    ten_warp(in, s->height, s->width, &map, NULL, NULL, out, s->scratch);
}

static void rotate(const struct spoiling *s, struct ten_random *random, const float *in, float *out) {
    double angle = s->strength * acos(-1) / 180;
    warp(s, draw_coin(random) ? angle : -angle, 1, 0, 0, in, out);
}

static void shift(const struct spoiling *s, struct ten_random *random, const float *in, float *out) {
    static const int directions[8][2] = {{1, 0}, {1, 1}, {0, 1}, {-1, 1}, {-1, 0}, {-1, -1}, {0, -1}, {1, -1}};
    const int *direction = directions[ten_random_below(random, 8)];
    warp(s, 0, 1, direction[0] * s->strength, direction[1] * s->strength, in, out);
}

static void resize(const struct spoiling *s, struct ten_random *random, const float *in, float *out) {
    double factor = 1 + s->strength;
    warp(s, 0, draw_coin(random) ? factor : 1 / factor, 0, 0, in, out);
}

/* ---- Neighbourhoods ---------------------------------------------------------------------------------------------- */

/* How far a Gaussian's weights are summed: beyond four deviations less than a ten-thousandth is left. */
static size_t gaussian_reach(double deviation) { return (size_t)ceil(4 * deviation); }

/* The image with `reach` pixels of background on every side; the rows are width + 2 reach long. */
static void surround(const struct spoiling *s, const float *in, size_t reach, float *padded) {
    size_t stride = s->width + 2 * reach;
    memset(padded, 0, (s->height + 2 * reach) * stride * sizeof *padded);
    for (size_t y = 0; y < s->height; y++)
        memcpy(padded + (y + reach) * stride + reach, in + y * s->width, s->width * sizeof *padded);
}

/* Convolves with a Gaussian, its weights scaled to sum to 1: columns first, then rows. */
static void blur(const struct spoiling *s, struct ten_random *random, const float *in, float *out) {
    (void)random;
    size_t reach = gaussian_reach(s->strength), taps = 2 * reach + 1, stride = s->width + 2 * reach;
    float *padded = s->scratch, *weights = padded + (s->height + 2 * reach) * stride, *line = weights + taps;
    double sum = 0;
    for (size_t t = 0; t < taps; t++) {
        double away = ((double)t - (double)reach) / s->strength;
        weights[t] = (float)(reach ? exp(-away * away / 2) : 1);
        sum += (double)weights[t];
    }
    for (size_t t = 0; t < taps; t++) weights[t] = (float)((double)weights[t] / sum);
    surround(s, in, reach, padded);
    for (size_t y = 0; y < s->height; y++) {
        float *row = out + y * s->width;
        memset(line, 0, stride * sizeof *line);
        memset(row, 0, s->width * sizeof *row);
        for (size_t t = 0; t < taps; t++)
            for (size_t x = 0; x < stride; x++) line[x] += weights[t] * padded[(y + t) * stride + x];
        for (size_t t = 0; t < taps; t++)
            for (size_t x = 0; x < s->width; x++) row[x] += weights[t] * line[x + t];
    }
}

/* Takes the place (right, down) from each pixel into its maximum; `sign` -1 turns values and so makes it the minimum.
 * Between pixels the image is bilinear. */
static void spread(const struct spoiling *s, const float *padded, size_t reach, double right, double down, float sign,
                   float *out) {
    size_t stride = s->width + 2 * reach;
    double left = floor(right), top = floor(down);
    float to_right = (float)(right - left), to_bottom = (float)(down - top);
    ptrdiff_t move = ((ptrdiff_t)reach + (ptrdiff_t)top) * (ptrdiff_t)stride + (ptrdiff_t)reach + (ptrdiff_t)left;
    for (size_t y = 0; y < s->height; y++) {
        const float *above = padded + move + (ptrdiff_t)(y * stride), *below = above + stride;
        float *row = out + y * s->width;
        for (size_t x = 0; x < s->width; x++) {
            float first = above[x] + to_right * (above[x + 1] - above[x]);
            float second = below[x] + to_right * (below[x + 1] - below[x]);
            float value = sign * (first + to_bottom * (second - first));
            row[x] = value > row[x] ? value : row[x];
        }
    }
}

/* Grey-scale dilation or erosion with a disc whose radius is any number: the largest or smallest value of the bilinear
 * image within the disc, looked for where it can be, at pixels and (in sixteen places) on the rim. Strokes become
 * thicker by nearly twice the radius, or thinner by half of that: a thin stroke would be lost. */
static void change_stroke(const struct spoiling *s, struct ten_random *random, const float *in, float *out) {
    enum { RIM = 16 };
    bool thicker = draw_coin(random);
    double radius = thicker ? s->strength : s->strength / 2;
    float sign = thicker ? 1 : -1;
    size_t reach = (size_t)ceil(radius) + 1;
    surround(s, in, reach, s->scratch);
    for (size_t i = 0; i < s->height * s->width; i++) out[i] = sign * in[i];
    ptrdiff_t most = (ptrdiff_t)radius;
    for (ptrdiff_t down = -most; down <= most; down++)
        for (ptrdiff_t right = -most; right <= most; right++)
            if ((double)(right * right + down * down) <= radius * radius)
                spread(s, s->scratch, reach, (double)right, (double)down, sign, out);
    for (int i = 0; i < RIM && radius > 0; i++) {
        double angle = 2 * acos(-1) * i / RIM;
        spread(s, s->scratch, reach, radius * cos(angle), radius * sin(angle), sign, out);
    }
    for (size_t i = 0; i < s->height * s->width; i++) out[i] *= sign;
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

struct kind {
    struct ten_corruption about;
    void (*spoil)(const struct spoiling *s, struct ten_random *random, const float *in, float *out);
};

static const struct kind kinds[] = {
    {{"noise", "Gaussian noise", "standard deviation, of 255", 255, {16, 32, 64, 96, 128}}, add_noise},
    {{"blur", "Gaussian blur", "standard deviation, pixels", 32, {0.5, 0.8, 1.2, 1.6, 2}}, blur},
    {{"rotation", "Rotation", "degrees, either way", 180, {8, 16, 24, 32, 40}}, rotate},
    {{"shift", "Shift", "pixels, in one of eight directions", TEN_MAX_SIDE, {1, 2, 3, 4, 5}}, shift},
    {{"scale", "Scale", "share, larger or smaller", 1, {0.1, 0.2, 0.3, 0.4, 0.5}}, resize},
    {{"contrast", "Faded ink", "share of the ink lost", 1, {0.2, 0.4, 0.6, 0.75, 0.85}}, fade},
    {{"stroke", "Stroke width", "radius, pixels; half of it where thinner", 32, {0.25, 0.5, 0.75, 1, 1.25}},
     change_stroke},
    {{"occlusion", "Occlusion", "side of the hole, pixels", TEN_MAX_SIDE, {2, 3, 4, 6, 8}}, cut_hole},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

const struct ten_corruption *ten_corruption_at(size_t i) { return i < KINDS ? &kinds[i].about : NULL; }

/* ---- Whole datasets ---------------------------------------------------------------------------------------------- */

/* Room for what any kind needs: the image in a frame of background, and a Gaussian's weights and a line. */
static size_t scratch_size(size_t height, size_t width, double strength) {
    size_t reach = gaussian_reach(fmin(strength, 32) + 1), taps = 2 * reach + 1;
    return ten_warp_scratch(height, width) + (height + 2 * reach) * (width + 2 * reach) + taps + width + 2 * reach;
}

struct work {
    const struct ten_dataset *from;
    struct ten_dataset *out;
    size_t kind;
    double strength;
    uint64_t seed;
    float *scratch; /* [threads x room] */
    size_t room;
};

static void spoil_image(const struct work *work, size_t i, float *scratch) {
    size_t height = work->from->height, width = work->from->width, pixels = height * width;
    const uint8_t *in = work->from->images + i * pixels;
    uint8_t *out = work->out->images + i * pixels;
    float *before = scratch, *after = before + pixels;
    struct spoiling spoiling = {height, width, work->strength, after + pixels};
    struct ten_random random;
    /* streams apart from those that the same seed gives elsewhere */
    ten_random_init(&random, work->seed ^ 0x636f7272757074u /* "corrupt" */, i | (uint64_t)work->kind << KIND_SHIFT);
    for (size_t p = 0; p < pixels; p++) before[p] = (float)in[p];
    kinds[work->kind].spoil(&spoiling, &random, before, after);
    for (size_t p = 0; p < pixels; p++) {
        float value = after[p] < 0 ? 0 : after[p] > 255 ? 255 : after[p];
        out[p] = (uint8_t)(int32_t)(value + 0.5f);
    }
}

static enum ten_status spoil_block(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    const struct work *work = context;
    size_t first = task * IMAGES_PER_TASK, length = ten_block_length(work->from->count, IMAGES_PER_TASK, task);
    for (size_t i = first; i < first + length; i++) spoil_image(work, i, work->scratch + thread * work->room);
    return TEN_OK;
}

static enum ten_status spoil_all(struct work *work, const struct ten_run *run, struct ten_error *error) {
    const struct ten_dataset *from = work->from;
    size_t pixels = from->height * from->width, tasks = ten_block_count(from->count, IMAGES_PER_TASK);
    *work->out = (struct ten_dataset){.count = from->count, .height = from->height, .width = from->width};
    work->out->images = ten_alloc(from->count, pixels);
    if (from->labels) work->out->labels = ten_alloc(from->count, 1);
    work->room = (2 * pixels + scratch_size(from->height, from->width, work->strength) + 15) / 16 * 16;
    work->scratch = ten_alloc(ten_workers(run, tasks) * work->room, sizeof *work->scratch);
    if (!work->out->images || (from->labels && !work->out->labels) || !work->scratch)
        return ten_fail_memory(error, "the spoilt images");
    if (from->labels) memcpy(work->out->labels, from->labels, from->count);
    return ten_parallel(run, "spoil", "images", IMAGES_PER_TASK, tasks, spoil_block, work, error);
}

enum ten_status ten_corrupt(struct ten_dataset *out, const struct ten_dataset *from, size_t kind, double strength,
                            const struct ten_run *run, struct ten_error *error) {
    *out = (struct ten_dataset){0};
    if (kind >= KINDS)
        return ten_fail(error, TEN_INVALID, "there is no corruption %zu, expected 0..%d", kind, KINDS - 1);
    const struct ten_corruption *about = &kinds[kind].about;
    if (!(strength >= 0 && strength <= about->maximum))
        return ten_fail(error, TEN_INVALID, "%s of strength %g: expected 0..%g (%s)", about->name, strength,
                        about->maximum, about->unit);
    if (from->count < 1 || from->count >> 32 || from->height < 1 || from->height > TEN_MAX_SIDE || from->width < 1 ||
        from->width > TEN_MAX_SIDE)
        return ten_fail(error, TEN_INVALID,
                        "%zu images of %zux%zu pixels: expected at least one, less than 2^32, sides of 1..%d",
                        from->count, from->height, from->width, TEN_MAX_SIDE);
    struct work work = {.from = from, .out = out, .kind = kind, .strength = strength, .seed = run ? run->seed : 0};
    enum ten_status status = spoil_all(&work, run, error);
    free(work.scratch);
    if (status != TEN_OK) ten_dataset_release(out);
    return status;
}
