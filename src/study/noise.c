/* How clean and how alike the writing is: specks, the width of strokes, slant and amount of ink of every image, and
 * their mean and deviation in each class.
 *
 * The width of a stroke follows from area and perimeter. A stroke of length L and width w has the area A = L w, and
 * half of its outline is P / 2 = L + w; of one that closes in a ring, it is L; with any number of branches, pieces and
 * loops, P / 2 = L + X w, where X is pieces less loops (Euler's number). So X w^2 - P / 2 w + A = 0, which is exact for
 * a disc, too: its w is the diameter. Area is the ink, in pixels' worth; perimeter is the total variation, which by the
 * coarea formula is the mean outline over all levels of grey (so that soft edges tell where they lie between pixels);
 * both scale alike with the ink's darkness. X is counted by quads of pixels (Gray 1971) at half of the fullest ink. */
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "image/geometry.h"
#include "study/classes.h"

#include <math.h>
#include <stdlib.h>

enum { BLOCK = 256 /* images a task */, INK = 64 /* what counts as ink when specks are looked for */ };

enum { ISOLATED, STROKE, SLANT, AMOUNT, MEASURES };

struct work {
    const struct ten_dataset *dataset;
    double *measures; /* [images x MEASURES], NaN where an image has none */
    float *scratch;   /* an image for each thread */
};

/* ---- One image ---- */

/* A pixel of the image, 0 around it; `y` and `x` count from 1, so that 0 lies outside. */
static uint8_t at(const uint8_t *image, size_t height, size_t width, size_t y, size_t x) {
    return y - 1 < height && x - 1 < width ? image[(y - 1) * width + x - 1] : 0;
}

static size_t count_isolated(const uint8_t *image, size_t height, size_t width) {
    size_t isolated = 0;
    for (size_t y = 1; y <= height; y++)
        for (size_t x = 1; x <= width; x++) {
            if (image[(y - 1) * width + x - 1] < INK) continue;
            size_t ink = 0; /* in the 3x3 pixels around, itself among them */
            for (size_t v = y - 1; v <= y + 1; v++)
                for (size_t u = x - 1; u <= x + 1; u++) ink += at(image, height, width, v, u) >= INK;
            isolated += ink == 1;
        }
    return isolated;
}

struct outline {
    double perimeter; /* total variation, 0..255 for a pixel's side */
    double euler;     /* pieces (joined over corners, too) less holes */
};

/* All quads of 2x2 pixels, those that reach beyond the image among them. */
static struct outline trace(const uint8_t *image, size_t height, size_t width, int peak) {
    struct outline outline = {0};
    long corners = 0; /* four times Euler's number */
    for (size_t y = 0; y <= height; y++)
        for (size_t x = 0; x <= width; x++) {
            int a = at(image, height, width, y, x), b = at(image, height, width, y, x + 1);
            int c = at(image, height, width, y + 1, x), d = at(image, height, width, y + 1, x + 1);
            if ((a | b | c | d) == 0) continue;
            double right = b + d - a - c, down = c + d - a - b;
            outline.perimeter += sqrt(right * right + down * down) / 2;
            bool p = 2 * a >= peak, q = 2 * b >= peak, r = 2 * c >= peak, s = 2 * d >= peak;
            int set = p + q + r + s;
            corners += set == 1 ? 1 : set == 3 ? -1 : set == 2 && p == s ? -2 : 0;
        }
    outline.euler = (double)corners / 4;
    return outline;
}

/* The smaller root, written so that it holds for X = 0 and X < 0, too. A blob that is rounder than a disc can be, by
 * the grid's rounding, is taken for one. */
static double stroke_width(const uint8_t *image, size_t height, size_t width, uint64_t ink, int peak) {
    struct outline outline = trace(image, height, width, peak);
    double half = outline.perimeter / 2 / peak, area = (double)ink / peak;
    double root = half * half - 4 * outline.euler * area;
    return 2 * area / (half + sqrt(root > 0 ? root : 0));
}

static void measure_image(const uint8_t *image, size_t height, size_t width, float *scratch, double *out) {
    uint64_t ink = 0;
    int peak = 0;
    for (size_t p = 0; p < height * width; p++) {
        ink += image[p];
        if (image[p] > peak) peak = image[p];
        scratch[p] = image[p];
    }
    double shear;
    bool slants = ten_slant(scratch, height, width, &shear);
    out[ISOLATED] = (double)count_isolated(image, height, width);
    out[STROKE] = ink > 0 ? stroke_width(image, height, width, ink, peak) : NAN;
    out[SLANT] = slants ? atan(-shear) * (180 / 3.14159265358979323846) : NAN; /* rows count downward */
    out[AMOUNT] = (double)ink / 255;
}

static enum ten_status measure_block(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    const struct work *work = context;
    size_t height = work->dataset->height, width = work->dataset->width, pixels = height * width;
    size_t first = task * BLOCK, length = ten_block_length(work->dataset->count, BLOCK, task);
    for (size_t i = first; i < first + length; i++)
        measure_image(work->dataset->images + i * pixels, height, width, work->scratch + thread * pixels,
                      work->measures + i * MEASURES);
    return TEN_OK;
}

/* ---- Classes ---- */

static struct ten_spread spread_of(const struct work *work, const size_t *indices, size_t count, size_t measure) {
    struct ten_spread spread = {.mean = NAN, .deviation = NAN};
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        double value = work->measures[indices[i] * MEASURES + measure];
        if (isnan(value)) continue;
        sum += value;
        spread.count++;
    }
    if (spread.count > 0) spread.mean = sum / (double)spread.count;
    for (size_t i = 0; i < count; i++) {
        double difference = work->measures[indices[i] * MEASURES + measure] - spread.mean;
        if (!isnan(difference)) squares += difference * difference;
    }
    if (spread.count > 1) spread.deviation = sqrt(squares / (double)(spread.count - 1));
    return spread;
}

static void summarise(struct ten_noise out[TEN_CLASSES], const struct work *work,
                      const struct ten_class_order *classes) {
    for (size_t label = 0; label < TEN_CLASSES; label++) {
        const size_t *indices = classes->order + classes->begin[label];
        size_t count = ten_class_count(classes, label);
        out[label] = (struct ten_noise){
            .count = count,
            .isolated_pixels = spread_of(work, indices, count, ISOLATED),
            .stroke_width = spread_of(work, indices, count, STROKE),
            .slant = spread_of(work, indices, count, SLANT),
            .ink = spread_of(work, indices, count, AMOUNT),
        };
    }
}

enum ten_status ten_measure_noise(struct ten_noise out[TEN_CLASSES], const struct ten_dataset *dataset,
                                  const struct ten_run *run, struct ten_error *error) {
    for (size_t label = 0; label < TEN_CLASSES; label++) out[label] = (struct ten_noise){0};
    enum ten_status status = ten_check_images(dataset, error);
    if (status != TEN_OK || !dataset->labels) return status;
    size_t pixels = dataset->height * dataset->width, tasks = ten_block_count(dataset->count, BLOCK);
    struct ten_class_order classes;
    status = ten_order_by_class(&classes, dataset, error);
    if (status != TEN_OK) return status;
    struct work work = {
        .dataset = dataset,
        .measures = ten_alloc(dataset->count, MEASURES * sizeof *work.measures),
        .scratch = ten_alloc(ten_workers(run, tasks), pixels * sizeof *work.scratch),
    };
    if (!work.measures || !work.scratch)
        status = ten_fail_memory(error, "the measures of the images");
    else
        status = ten_parallel(run, "measure strokes", "images", (double)dataset->count / (double)tasks, tasks,
                              measure_block, &work, error);
    if (status == TEN_OK) summarise(out, &work, &classes);
    free(work.measures);
    free(work.scratch);
    free(classes.order);
    return status;
}
