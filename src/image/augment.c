/* Deformed copies of images: one map, one field of displacements and one resampling each, and then the look of the ink
 * if wanted; see augment.h for the mathematics. The inner loops run along rows, so that compilers make vectors of them;
 * only the four loads of each pixel are done one by one. */
#include "image/augment.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "image/style.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct ten_parameter ten_augment_parameters[TEN_AUGMENT_PARAMETERS] = {
    {.name = "shift",
     .type = TEN_REAL,
     .initial = "1",
     .minimum = 0,
     .maximum = TEN_MAX_SIDE,
     .help = "pixels to each side at most"},
    {.name = "rotate", .type = TEN_REAL, .initial = "10", .minimum = 0, .maximum = 180, .help = "degrees at most"},
    {.name = "scale",
     .type = TEN_REAL,
     .initial = "0.1",
     .minimum = 0,
     .maximum = 0.9,
     .help = "share by which width and height grow or shrink at most"},
    {.name = "shear",
     .type = TEN_REAL,
     .initial = "0.1",
     .minimum = 0,
     .maximum = 2,
     .help = "pixels to the side per pixel of height at most"},
    {.name = "elastic",
     .type = TEN_REAL,
     .initial = "15",
     .minimum = 0,
     .maximum = 1e4,
     .help = "alpha of the elastic deformation: its displacements deviate by alpha / (6 sigma) pixels"},
    {.name = "sigma",
     .type = TEN_REAL,
     .initial = "4",
     .minimum = 1,
     .maximum = TEN_MAX_SIDE,
     .help = "how far the elastic deformation is smooth, in pixels"},
    {.name = "keystone",
     .type = TEN_REAL,
     .initial = "0",
     .minimum = 0,
     .maximum = TEN_MAX_SIDE,
     .help = "pixels by which corners move at most, as when paper is seen at a slant"},
    {.name = "stroke",
     .type = TEN_REAL,
     .initial = "0",
     .minimum = 0,
     .maximum = 8,
     .help = "pixels by which strokes become wider or narrower at most"},
    {.name = "gaps", .type = TEN_REAL, .initial = "0", .minimum = 0, .maximum = 1, .help = "share with broken strokes"},
    {.name = "specks",
     .type = TEN_REAL,
     .initial = "0",
     .minimum = 0,
     .maximum = 1,
     .help = "share with specks or ends of other lines"},
    {.name = "blur",
     .type = TEN_REAL,
     .initial = "0",
     .minimum = 0,
     .maximum = 0.8,
     .help = "deviation at most, pixels"},
    {.name = "edge",
     .type = TEN_REAL,
     .initial = "0",
     .minimum = 0,
     .maximum = 1,
     .help = "how much harder or softer edges become at most"},
    {.name = "grain",
     .type = TEN_REAL,
     .initial = "0",
     .minimum = 0,
     .maximum = 1,
     .help = "share of its level that a pixel loses at most"},
    {.name = "fit",
     .type = TEN_REAL,
     .initial = "0",
     .minimum = 0,
     .maximum = TEN_MAX_SIDE,
     .help = "pixels that the longer side gets, the whole being centred, as digits found in pictures are with 20"},
    {.name = "styles",
     .type = TEN_REAL,
     .initial = "0",
     .minimum = 0,
     .maximum = 1,
     .help = "share of the 1s, 4s, 7s and 9s that are written in another hand's way"},
};

struct ten_augment ten_augment_of(const double v[TEN_AUGMENT_PARAMETERS]) {
    return (struct ten_augment){
        v[0], v[1], v[2], v[3], v[4], v[5], v[6], {v[7], v[8], v[9], v[10], v[11], v[12], v[13]}, v[14]};
}

bool ten_augment_wanted(const struct ten_augment *a) {
    return a->shift > 0 || a->rotate > 0 || a->scale > 0 || a->shear > 0 || a->elastic > 0 || a->keystone > 0 ||
           a->styles > 0 || ten_inking_wanted(&a->ink);
}

/* ---- Resampling ------------------------------------------------------------------------------------------------- */

struct ten_affine ten_affine_make(size_t height, size_t width, double angle, double shear, double scale_x,
                                  double scale_y, double right, double down) {
    /* A = ((cos, -sin), (sin, cos)) ((1, shear), (0, 1)) diag(scale_x, scale_y); its determinant is scale_x scale_y */
    double c = cos(angle), s = sin(angle), area = scale_x * scale_y;
    double a = c * scale_x, b = (c * shear - s) * scale_y, d = s * scale_x, e = (s * shear + c) * scale_y;
    struct ten_affine map = {.xx = e / area, .xy = -b / area, .yx = -d / area, .yy = a / area};
    double x = ((double)width - 1) / 2, y = ((double)height - 1) / 2;
    map.x0 = x - map.xx * (x + right) - map.xy * (y + down);
    map.y0 = y - map.yx * (x + right) - map.yy * (y + down);
    return map;
}

/* The source with a pixel of 0 before it and two behind it on every side: any place clamped to -1..side has all four
 * neighbours there. */
enum { BORDER = 3 };

size_t ten_warp_scratch(size_t height, size_t width) { return (height + BORDER) * (width + BORDER) + 3 * width; }

static void pad(const float *image, size_t height, size_t width, float *padded) {
    size_t stride = width + BORDER;
    memset(padded, 0, (height + BORDER) * stride * sizeof *padded);
    for (size_t y = 0; y < height; y++)
        memcpy(padded + (y + 1) * stride + 1, image + y * width, width * sizeof *padded);
}

/* A row of `count` places in the source of height x width pixels, in pixels of the padded one: the whole part as an
 * index, and the rest. */
static void locate_row(size_t height, size_t width, size_t count, const struct ten_affine *map, size_t row,
                       const float *restrict dx, const float *restrict dy, int32_t *restrict index,
                       float *restrict right, float *restrict down) {
    float x_start = (float)(map->xy * (double)row + map->x0 + 1), x_step = (float)map->xx;
    float y_start = (float)(map->yy * (double)row + map->y0 + 1), y_step = (float)map->yx;
    float x_end = (float)(width + 1), y_end = (float)(height + 1);
    int32_t stride = (int32_t)(width + BORDER);
    for (int32_t i = 0; i < (int32_t)count; i++) {
        float x = x_start + x_step * (float)i, y = y_start + y_step * (float)i;
        if (dx) x += dx[i];
        if (dy) y += dy[i];
        x = x < 0 ? 0 : x;
        y = y < 0 ? 0 : y;
        x = x > x_end ? x_end : x;
        y = y > y_end ? y_end : y;
        int32_t left = (int32_t)x, top = (int32_t)y;
        right[i] = x - (float)left;
        down[i] = y - (float)top;
        index[i] = top * stride + left;
    }
}

static void sample_row(const float *restrict padded, size_t stride, size_t count, const int32_t *restrict index,
                       const float *restrict right, const float *restrict down, float *restrict out) {
    for (size_t i = 0; i < count; i++) {
        const float *above = padded + index[i], *below = above + stride;
        float top = above[0] + right[i] * (above[1] - above[0]), bottom = below[0] + right[i] * (below[1] - below[0]);
        out[i] = top + down[i] * (bottom - top);
    }
}

void ten_warp(const float *image, size_t height, size_t width, const struct ten_affine *map, const float *dx,
              const float *dy, float *out, float *scratch) {
    float *padded = scratch, *right = padded + (height + BORDER) * (width + BORDER), *down = right + width;
    int32_t *index = (int32_t *)(void *)(down + width);
    pad(image, height, width, padded);
    for (size_t y = 0; y < height; y++) {
        locate_row(height, width, width, map, y, dx ? dx + y * width : NULL, dy ? dy + y * width : NULL, index, right,
                   down);
        sample_row(padded, width + BORDER, width, index, right, down, out + y * width);
    }
}

/* ---- Onto a finer canvas ------------------------------------------------------------------------------------------
 */

/* Canvas pixel P lies at p = (P - 1/2) / 2 of the image: between two pixels, a quarter from the nearer one. */
static void refine_row(const float *near, const float *far, size_t width, float *out) {
    for (size_t x = 0; x < width; x++) {
        size_t left = x > 0 ? x - 1 : 0, right = x + 1 < width ? x + 1 : x;
        float here = 0.75f * near[x] + 0.25f * far[x];
        out[2 * x] = 0.75f * here + 0.25f * (0.75f * near[left] + 0.25f * far[left]);
        out[2 * x + 1] = 0.75f * here + 0.25f * (0.75f * near[right] + 0.25f * far[right]);
    }
}

/* Row `row` of the canvas's displacements, of those of the image. */
static void refine(const float *field, size_t height, size_t width, size_t row, float *out) {
    size_t near = row / 2, far = row % 2 ? near + 1 : near - 1;
    if ((row % 2 && far == height) || row == 0) far = near;
    refine_row(field + near * width, field + far * width, width, out);
}

static size_t fine_scratch(size_t height, size_t width) {
    return (height + BORDER) * (width + BORDER) + 5 * TEN_INKING_FINE * width;
}

/* As ten_warp, onto a canvas of 2 height x 2 width pixels. */
static void warp_fine(const float *image, size_t height, size_t width, const struct ten_affine *map, const float *dx,
                      const float *dy, float *canvas, float *scratch) {
    size_t count = TEN_INKING_FINE * width;
    float *padded = scratch, *right = padded + (height + BORDER) * (width + BORDER), *down = right + count;
    float *dx_row = down + count, *dy_row = dx_row + count;
    int32_t *index = (int32_t *)(void *)(dy_row + count);
    struct ten_affine fine = {map->xx / 2, map->xy / 2, map->x0 - (map->xx + map->xy) / 4,
                              map->yx / 2, map->yy / 2, map->y0 - (map->yx + map->yy) / 4};
    pad(image, height, width, padded);
    for (size_t y = 0; y < TEN_INKING_FINE * height; y++) {
        if (dx) refine(dx, height, width, y, dx_row);
        if (dy) refine(dy, height, width, y, dy_row);
        locate_row(height, width, count, &fine, y, dx ? dx_row : NULL, dy ? dy_row : NULL, index, right, down);
        sample_row(padded, width + BORDER, count, index, right, down, canvas + y * count);
    }
}

/* ---- Displacements ---------------------------------------------------------------------------------------------- */

/* A pixel is moved by this many nodes in each direction, four to either side: up to four sigma, where the Gaussian has
 * sunk to 0.0003. */
enum { TAPS = 8 };

/* How the pixels of one axis depend on its nodes: pixel p on the TAPS from first[p] on, by weight[p]. */
struct axis {
    size_t pixels, nodes;
    size_t *first;         /* [pixels] */
    float (*weight)[TAPS]; /* [pixels] */
};

struct ten_deformer {
    struct ten_augment strengths;
    size_t height, width;
    struct axis x, y;
};

static bool axis_init(struct axis *axis, size_t pixels, double sigma, double factor) {
    *axis = (struct axis){.pixels = pixels, .nodes = (size_t)(((double)pixels - 1) / sigma) + TAPS};
    axis->first = ten_alloc(pixels, sizeof *axis->first);
    axis->weight = ten_alloc(pixels, sizeof *axis->weight);
    if (!axis->first || !axis->weight) return false;
    for (size_t p = 0; p < pixels; p++) {
        double place = (double)p / sigma; /* node n lies at n - (TAPS / 2 - 1) */
        axis->first[p] = (size_t)place;
        for (size_t t = 0; t < TAPS; t++) {
            double away = place - (double)(axis->first[p] + t) + TAPS / 2 - 1;
            axis->weight[p][t] = (float)(factor * exp(-away * away / 2));
        }
    }
    return true;
}

/* out[i] = sum over t < TAPS of weight[t] * in[t * stride + i] */
static void blend(const float *restrict in, size_t stride, const float weight[TAPS], size_t count,
                  float *restrict out) {
    float a = weight[0], b = weight[1], c = weight[2], d = weight[3];
    float e = weight[4], f = weight[5], g = weight[6], h = weight[7];
    for (size_t i = 0; i < count; i++) {
        const float *at = in + i;
        out[i] = ((a * at[0] + b * at[stride]) + (c * at[2 * stride] + d * at[3 * stride])) +
                 ((e * at[4 * stride] + f * at[5 * stride]) + (g * at[6 * stride] + h * at[7 * stride]));
    }
}

static size_t field_scratch(const struct ten_deformer *d) { return 2 * d->y.nodes * (d->x.nodes + 2 * d->width); }

/* Noise [x.nodes][2 y.nodes], both components side by side, is smoothed along x, turned over, and smoothed along y. */
static void draw_field(const struct ten_deformer *d, struct ten_random *random, float *dx, float *dy, float *scratch) {
    size_t width = d->width, both = 2 * d->y.nodes;
    float *noise = scratch, *smooth = noise + d->x.nodes * both, *turned = smooth + width * both;
    for (size_t i = 0; i < d->x.nodes * both; i += 2) {
        uint64_t bits = ten_random_bits(random);
        noise[i] = (float)(int32_t)(uint32_t)bits * 0x1p-31f;
        noise[i + 1] = (float)(int32_t)(uint32_t)(bits >> 32) * 0x1p-31f;
    }
    for (size_t x = 0; x < width; x++)
        blend(noise + d->x.first[x] * both, both, d->x.weight[x], both, smooth + x * both);
    for (size_t n = 0; n < both; n++)
        for (size_t x = 0; x < width; x++) turned[n * width + x] = smooth[x * both + n];
    for (size_t y = 0; y < d->height; y++) {
        const float *from = turned + d->y.first[y] * width;
        blend(from, width, d->y.weight[y], width, dx + y * width);
        blend(from + d->y.nodes * width, width, d->y.weight[y], width, dy + y * width);
    }
}

/* ---- Copies of one image ---------------------------------------------------------------------------------------- */

struct ten_deformer *ten_deformer_new(const struct ten_augment *strengths, size_t height, size_t width) {
    struct ten_deformer *d = ten_alloc_zero(1, sizeof *d);
    if (!d) return NULL;
    d->strengths = *strengths;
    d->height = height;
    d->width = width;
    if (strengths->elastic == 0) return d;
    /* of white noise of the same density, a node stands for sigma^2 pixels and has sigma times their deviation */
    double sigma = strengths->sigma, factor = strengths->elastic / (2 * acos(-1) * sigma);
    if (axis_init(&d->x, width, sigma, 1) && axis_init(&d->y, height, sigma, factor)) return d;
    ten_deformer_free(d);
    return NULL;
}

void ten_deformer_free(struct ten_deformer *deformer) {
    if (!deformer) return;
    free(deformer->x.first);
    free(deformer->x.weight);
    free(deformer->y.first);
    free(deformer->y.weight);
    free(deformer);
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }
static size_t canvas_size(const struct ten_deformer *d) {
    return TEN_INKING_FINE * TEN_INKING_FINE * d->height * d->width;
}

size_t ten_deformer_scratch(const struct ten_deformer *d) {
    size_t rest = larger(ten_warp_scratch(d->height, d->width), field_scratch(d));
    if (ten_inking_wanted(&d->strengths.ink))
        rest = larger(rest, canvas_size(d) +
                                larger(fine_scratch(d->height, d->width), ten_inking_scratch(d->height, d->width)));
    return 4 * d->height * d->width + rest;
}

static double between(struct ten_random *random, double limit) { return limit * (2 * ten_random_unit(random) - 1); }

/* Opposite corners move alike, neighbouring ones in opposite directions. */
static void add_keystone(const struct ten_deformer *d, uint64_t seed, uint64_t stream, float *dx, float *dy) {
    struct ten_random random;
    ten_random_init(&random, seed ^ 0x6b657973746f6e65u /* "keystone" */, stream);
    float x_most = (float)between(&random, d->strengths.keystone),
          y_most = (float)between(&random, d->strengths.keystone);
    bool elastic = d->strengths.elastic > 0;
    for (size_t y = 0; y < d->height; y++)
        for (size_t x = 0; x < d->width; x++) {
            float u = d->width > 1 ? 2 * (float)x / (float)(d->width - 1) - 1 : 0;
            float v = d->height > 1 ? 2 * (float)y / (float)(d->height - 1) - 1 : 0;
            size_t i = y * d->width + x;
            dx[i] = (elastic ? dx[i] : 0) + x_most * u * v;
            dy[i] = (elastic ? dy[i] : 0) + y_most * u * v;
        }
}

void ten_deformer_draw(const struct ten_deformer *d, uint64_t seed, uint64_t image, uint64_t copy,
                       struct ten_affine *map, float *dx, float *dy, float *scratch) {
    const struct ten_augment *s = &d->strengths;
    struct ten_random random;
    /* streams apart from those that the same seed gives elsewhere */
    ten_random_init(&random, seed ^ 0x6465666f726du /* "deform" */, image | copy << 32);
    /* all are drawn even if left out: a strength does not change what another gives */
    double right = between(&random, s->shift), down = between(&random, s->shift);
    double angle = between(&random, s->rotate) * acos(-1) / 180;
    double scale_x = 1 + between(&random, s->scale), scale_y = 1 + between(&random, s->scale);
    double shear = between(&random, s->shear);
    *map = ten_affine_make(d->height, d->width, angle, shear, scale_x, scale_y, right, down);
    if (s->elastic > 0) draw_field(d, &random, dx, dy, scratch);
    if (s->keystone > 0) add_keystone(d, seed, image | copy << 32, dx, dy);
}

/* The image's largest value is taken as ink in full, so that the unit of the values does not matter. */
static void deform_ink(const struct ten_deformer *d, uint64_t seed, uint64_t stream, const struct ten_affine *map,
                       const float *dx, const float *dy, const float *in, float *out, float *scratch) {
    float *canvas = scratch, *rest = canvas + canvas_size(d), peak = 0;
    struct ten_random random;
    ten_random_init(&random, seed ^ 0x696e6bu /* "ink" */, stream);
    for (size_t i = 0; i < d->height * d->width; i++) peak = in[i] > peak ? in[i] : peak;
    if (peak == 0) {
        memset(out, 0, d->height * d->width * sizeof *out);
        return;
    }
    warp_fine(in, d->height, d->width, map, dx, dy, canvas, rest);
    for (size_t i = 0; i < canvas_size(d); i++) canvas[i] *= 1 / peak;
    ten_inking_draw(&d->strengths.ink, &random, d->height, d->width, canvas, out, rest);
    for (size_t i = 0; i < d->height * d->width; i++) out[i] *= peak;
}

void ten_deform_floats(const struct ten_deformer *d, uint64_t seed, uint64_t image, uint64_t copy, size_t label,
                       const float *in, float *out, float *scratch) {
    size_t pixels = d->height * d->width;
    float *dx = scratch, *dy = dx + pixels, *styled = dy + pixels, *rest = styled + pixels;
    struct ten_affine map;
    if (d->strengths.styles > 0) {
        struct ten_random random;
        ten_random_init(&random, seed ^ 0x7374796c65u /* "style" */, image | copy << 32);
        memcpy(styled, in, pixels * sizeof *styled);
        ten_restyle(d->strengths.styles, &random, label, d->height, d->width, styled, rest);
        in = styled;
    }
    ten_deformer_draw(d, seed, image, copy, &map, dx, dy, rest);
    if (d->strengths.elastic == 0 && d->strengths.keystone == 0) dx = dy = NULL;
    if (ten_inking_wanted(&d->strengths.ink))
        deform_ink(d, seed, image | copy << 32, &map, dx, dy, in, out, rest);
    else
        ten_warp(in, d->height, d->width, &map, dx, dy, out, rest);
}

void ten_deform_bytes(const struct ten_deformer *d, uint64_t seed, uint64_t image, uint64_t copy, size_t label,
                      const uint8_t *in, uint8_t *out, float *scratch) {
    size_t pixels = d->height * d->width;
    float *values = scratch;
    for (size_t i = 0; i < pixels; i++) values[i] = (float)in[i];
    ten_deform_floats(d, seed, image, copy, label, values, values, scratch + pixels);
    for (size_t i = 0; i < pixels; i++) out[i] = (uint8_t)(int32_t)(values[i] + 0.5f);
}

/* ---- Copies of a dataset ---------------------------------------------------------------------------------------- */

enum { IMAGES_PER_TASK = 256 };

struct copying {
    const struct ten_dataset *from;
    struct ten_dataset *out;
    const struct ten_deformer *deformer;
    uint64_t seed;
    float *scratch; /* [threads x room] */
    size_t room;
};

static enum ten_status deform_block(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    const struct copying *c = context;
    size_t count = c->from->count, pixels = c->from->height * c->from->width;
    size_t first = count + task * IMAGES_PER_TASK;
    size_t last = first + ten_block_length(c->out->count - count, IMAGES_PER_TASK, task);
    for (size_t i = first; i < last; i++)
        ten_deform_bytes(
            c->deformer, c->seed, i % count, i / count, c->from->labels ? c->from->labels[i % count] : TEN_CLASSES,
            c->from->images + i % count * pixels, c->out->images + i * pixels, c->scratch + thread * c->room);
    return TEN_OK;
}

static enum ten_status make_copies(struct copying *c, size_t copies, const struct ten_run *run,
                                   struct ten_error *error) {
    const struct ten_dataset *from = c->from;
    struct ten_dataset *out = c->out;
    size_t pixels = from->height * from->width, tasks = ten_block_count(from->count * copies, IMAGES_PER_TASK);
    *out = (struct ten_dataset){.count = from->count * (copies + 1), .height = from->height, .width = from->width};
    out->images = ten_alloc(out->count, pixels);
    if (from->labels) out->labels = ten_alloc(out->count, 1);
    c->room = (ten_deformer_scratch(c->deformer) + 15) / 16 * 16;
    c->scratch = ten_alloc(ten_workers(run, tasks) * c->room, sizeof *c->scratch);
    if (!out->images || (from->labels && !out->labels) || !c->scratch)
        return ten_fail_memory(error, "the deformed copies");
    memcpy(out->images, from->images, from->count * pixels);
    for (size_t n = 0; n <= copies && from->labels; n++)
        memcpy(out->labels + n * from->count, from->labels, from->count);
    return ten_parallel(run, "deform", "images", IMAGES_PER_TASK, tasks, deform_block, c, error);
}

enum ten_status ten_augment_dataset(struct ten_dataset *out, const struct ten_dataset *from,
                                    const struct ten_augment *strengths, size_t copies, const struct ten_run *run,
                                    struct ten_error *error) {
    *out = (struct ten_dataset){0};
    if (from->count < 1 || from->count > UINT32_MAX || copies > UINT32_MAX / from->count)
        return ten_fail(error, TEN_INVALID,
                        "%zu copies of %zu images: expected at least one image, and in all less "
                        "than 2^32",
                        copies, from->count);
    struct ten_deformer *deformer = ten_deformer_new(strengths, from->height, from->width);
    struct copying copying = {.from = from, .out = out, .deformer = deformer, .seed = run ? run->seed : 0};
    enum ten_status status =
        deformer ? make_copies(&copying, copies, run, error) : ten_fail_memory(error, "the deformed copies");
    free(copying.scratch);
    ten_deformer_free(deformer);
    if (status != TEN_OK) ten_dataset_release(out);
    return status;
}
