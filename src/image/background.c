/* Ground and polarity. A drawing's ground is one level, and its border tells which. A photo's ground is what a window
 * wider than any stroke finds when it looks for the lightest pixel (ink being dark) and then for the least of those:
 * the closing of the picture (Serra 1982). It leaves slopes of light and straight edges of shadows as they are and
 * fills whatever is narrower than the window. Ink on paper takes away a share of the light that falls there, so that
 * dark ink is measured as such a share; light ink as a difference.
 *
 * Which of the two it is: strokes are narrow, the ground between them is wide. Windows of growing size are passed over
 * a small copy; what closing fills is dark and narrow, what opening cuts is light and narrow, and ink is what has more
 * of it over all sizes, for it appears at smaller ones. */
#include "image/sheet.h"

#include "base/error.h"
#include "base/memory.h"
#include "image/rank.h"
#include "image/surface.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FLAT = 3,         /* levels about the border's that count as one ground */
    SMALL_SIDE = 160, /* of the copy that polarity is judged by */
    MOST_SMALL = SMALL_SIDE * SMALL_SIDE,
    LEAST_SHARE = 7, /* no stroke is wider than two of so many parts of the picture's longer side */
    MOST_PADDED = (SMALL_SIDE + 2 * (SMALL_SIDE / LEAST_SHARE)) * (SMALL_SIDE + 2 * (SMALL_SIDE / LEAST_SHARE)),
    DARKEST = 24,   /* the ground that shares of light are measured against is at least this */
    NEGATIVE = 128, /* levels above the ground that the histogram has room for */
    LEAST_REACH = 2
};

static const double most_filled = 0.93;   /* of what the widest window fills is filled by the one that is taken, */
static const double window_growth = 1.35; /* made this much wider to be sure */

/* ---- Flat ground ------------------------------------------------------------------------------------------ */

static size_t count_near(const uint8_t *pixels, size_t count, uint8_t level) {
    uint8_t least = level > FLAT ? (uint8_t)(level - FLAT) : 0, range = 2 * FLAT;
    uint32_t near = 0;
    for (size_t i = 0; i < count; i++) near += (uint8_t)(pixels[i] - least) <= range;
    return near;
}

/* The level of half of the border's pixels or more; if so, and if half of all pixels are like it, it is the ground. */
static bool find_flat(const struct ten_sheet *sheet, uint8_t *level) {
    size_t height = sheet->height, width = sheet->width, counts[256] = {0}, total = 0, below = 0, near = 0;
    const uint8_t *pixels = sheet->ink, *last = pixels + (height - 1) * width;
    for (size_t x = 0; x < width; x++) counts[pixels[x]]++, counts[last[x]]++;
    for (size_t y = 0; y < height; y++) counts[pixels[y * width]]++, counts[pixels[y * width + width - 1]]++;
    total = 2 * (width + height);
    size_t middle = 0;
    while (middle < 255 && 2 * (below += counts[middle]) < total) middle++;
    *level = (uint8_t)middle;
    for (size_t i = 0; i < 256; i++)
        if (i + FLAT >= middle && i <= middle + FLAT) near += counts[i];
    if (4 * near < 3 * total) return false;
    near = 0;
    size_t step = height > 64 ? 2 : 1, rows = (height + step - 1) / step;
    for (size_t y = 0; y < height; y += step) near += count_near(pixels + y * width, width, *level);
    return 2 * near >= rows * width;
}

/* Squares of the distances below and above a level, in every step-th row. */
static void measure_sides(const struct ten_sheet *sheet, uint8_t level, uint64_t *dark, uint64_t *light) {
    *dark = *light = 0;
    size_t step = sheet->height > 64 ? 2 : 1;
    for (size_t y = 0; y < sheet->height; y += step) {
        const uint8_t *row = sheet->ink + y * sheet->width;
        uint32_t below = 0, above = 0; /* 16384 pixels a row and 255^2 fit */
        for (size_t x = 0; x < sheet->width; x++) {
            int distance = (int)row[x] - (int)level;
            uint32_t square = (uint32_t)(distance * distance);
            below += distance < 0 ? square : 0;
            above += distance > 0 ? square : 0;
        }
        *dark += below;
        *light += above;
    }
}

static void subtract_level(struct ten_sheet *sheet, uint8_t level) {
    uint64_t dark, light;
    measure_sides(sheet, level, &dark, &light);
    size_t count = sheet->height * sheet->width;
    uint8_t *ink = sheet->ink;
    if (dark > light)
        for (size_t i = 0; i < count; i++) ink[i] = (uint8_t)(level - (ink[i] < level ? ink[i] : level));
    else
        for (size_t i = 0; i < count; i++) ink[i] = (uint8_t)((ink[i] > level ? ink[i] : level) - level);
    for (size_t i = 0; i < count; i++) ink[i] = ink[i] > FLAT ? ink[i] : 0;
    sheet->noise = 1;
    sheet->flat = true;
}

/* ---- Polarity --------------------------------------------------------------------------------------------- */

/* Means of blocks of the sheet, at most SMALL_SIDE a side. Returns the blocks' side. */
static size_t make_small(const struct ten_sheet *sheet, uint8_t *small, size_t *height, size_t *width) {
    size_t longer = sheet->height > sheet->width ? sheet->height : sheet->width;
    size_t block = (longer + SMALL_SIDE - 1) / SMALL_SIDE;
    *height = (sheet->height + block - 1) / block, *width = (sheet->width + block - 1) / block;
    for (size_t y = 0; y < *height; y++)
        for (size_t x = 0; x < *width; x++) {
            size_t bottom = (y + 1) * block < sheet->height ? (y + 1) * block : sheet->height;
            size_t right = (x + 1) * block < sheet->width ? (x + 1) * block : sheet->width, sum = 0;
            for (size_t v = y * block; v < bottom; v++)
                for (size_t u = x * block; u < right; u++) sum += sheet->ink[v * sheet->width + u];
            small[y * *width + x] = (uint8_t)(sum / ((bottom - y * block) * (right - x * block)));
        }
    return block;
}

/* Closing with windows that may hang over the picture's border: what is dark at the border counts as ground there, as
 * if it went on. `padded` has room for `reach` more pixels on every side, twice. */
static void close_open(uint8_t *ground, size_t height, size_t width, size_t reach, uint8_t *padded) {
    size_t wide = width + 2 * reach, high = height + 2 * reach;
    memset(padded, 0, wide * high);
    for (size_t y = 0; y < height; y++) memcpy(padded + (y + reach) * wide + reach, ground + y * width, width);
    ten_rank_largest(padded, high, wide, reach, padded + wide * high);
    ten_rank_smallest(padded, high, wide, reach, padded + wide * high);
    for (size_t y = 0; y < height; y++) memcpy(ground + y * width, padded + (y + reach) * wide + reach, width);
}

/* work: what closing with this window adds to each pixel. Returns the most. */
static uint8_t fill(const uint8_t *pixels, size_t height, size_t width, size_t reach, uint8_t *work, uint8_t *scratch) {
    uint8_t most = 0;
    memcpy(work, pixels, height * width);
    close_open(work, height, width, reach, scratch);
    for (size_t i = 0; i < height * width; i++) {
        work[i] = (uint8_t)(work[i] - pixels[i]);
        most = work[i] > most ? work[i] : most;
    }
    return most;
}

/* How much closing fills at growing windows: the squares of what is at least `least`. */
enum { MOST_WINDOWS = 16 };
struct windows {
    size_t count, reach[MOST_WINDOWS];
    double filled[MOST_WINDOWS]; /* more than at the window before */
    double score;                /* their sum, each by the square of its window: narrow things count */
};

static void measure_windows(struct windows *out, const uint8_t *pixels, size_t height, size_t width, uint8_t least) {
    uint8_t work[MOST_SMALL], scratch[2 * MOST_PADDED];
    double before = 0;
    out->score = 0;
    for (size_t k = 0; k < out->count; k++) {
        uint64_t sum = 0;
        fill(pixels, height, width, out->reach[k], work, scratch);
        for (size_t i = 0; i < height * width; i++) sum += work[i] >= least ? (unsigned)work[i] * work[i] : 0;
        double window = 2 * (double)out->reach[k] + 1;
        out->filled[k] = fmax((double)sum - before, 0) / (window * window);
        out->score += out->filled[k];
        before = (double)sum;
    }
}

/* Whether ink is dark, and half of a window that no stroke fills. */
static bool ink_is_dark(const uint8_t *small, size_t height, size_t width, size_t *reach) {
    uint8_t inverse[MOST_SMALL], work[MOST_SMALL], scratch[2 * MOST_PADDED];
    size_t longer = height > width ? height : width;
    struct windows dark = {0}, light;
    for (size_t r = 1; dark.count < MOST_WINDOWS && (r == 1 || r * LEAST_SHARE <= longer); r += 1 + r / 4)
        dark.reach[dark.count++] = r;
    light = dark;
    for (size_t i = 0; i < height * width; i++) inverse[i] = (uint8_t)~small[i];
    size_t widest = dark.reach[dark.count - 1];
    uint8_t most = fill(small, height, width, widest, work, scratch);
    uint8_t most_light = fill(inverse, height, width, widest, work, scratch);
    uint8_t least = (uint8_t)((most > most_light ? most : most_light) / 3);
    measure_windows(&dark, small, height, width, least);
    measure_windows(&light, inverse, height, width, least);
    const struct windows *ink = dark.score >= light.score ? &dark : &light;
    double sum = 0;
    size_t k = 0;
    while (k + 1 < ink->count && (sum += ink->filled[k]) < most_filled * ink->score) k++;
    *reach = ink->reach[k];
    return ink == &dark;
}

/* Takes smooth differences of light out, and tells whether ink is dark, and half of a window that no stroke fills. */
static bool even_light(struct ten_sheet *sheet, size_t *reach) {
    uint8_t small[MOST_SMALL];
    struct ten_surface surface;
    size_t height, width, block = make_small(sheet, small, &height, &width), small_reach;
    if (ten_surface_fit(&surface, small, height, width)) {
        ten_surface_subtract(&surface, small, height, width);
        ten_surface_subtract(&surface, sheet->ink, sheet->height, sheet->width);
    }
    bool dark = ink_is_dark(small, height, width, &small_reach);
    *reach = (size_t)lrint(window_growth * (double)small_reach * (double)block) + LEAST_REACH;
    return dark;
}

/* ---- Uneven ground ---------------------------------------------------------------------------------------- */

/* Each pixel's mean with its neighbours, 1 2 1 both ways; at edges with fewer. */
static void smooth(uint8_t *pixels, size_t height, size_t width, uint8_t *scratch) {
    for (size_t y = 0; y < height; y++) {
        const uint8_t *row = pixels + y * width;
        uint8_t *to = scratch + y * width;
        for (size_t x = 1; x + 1 < width; x++) to[x] = (uint8_t)((row[x - 1] + 2 * row[x] + row[x + 1] + 2) >> 2);
        to[0] = row[0];
        to[width - 1] = row[width - 1];
    }
    for (size_t y = 0; y < height; y++) {
        const uint8_t *row = scratch + y * width, *above = y ? row - width : row;
        const uint8_t *below = y + 1 < height ? row + width : row;
        uint8_t *to = pixels + y * width;
        for (size_t x = 0; x < width; x++) to[x] = (uint8_t)((above[x] + 2 * row[x] + below[x] + 2) >> 2);
    }
}

/* Where the ground's own distances from its envelope lie: their mode and, from those below it, where no ink is, their
 * deviation. */
static void measure_noise(const size_t *counts, size_t bins, double *mode, double *deviation) {
    size_t best = 0, most = 0, below = 0, wanted = 0;
    for (size_t i = 2; i + 2 < bins; i++) {
        size_t here = counts[i - 2] + 2 * counts[i - 1] + 3 * counts[i] + 2 * counts[i + 1] + counts[i + 2];
        if (here > most) most = here, best = i;
    }
    for (size_t i = 0; i < best; i++) wanted += counts[i];
    wanted += counts[best] / 2;
    /* of one side of a normal distribution, 0.317 lie farther out than the deviation */
    double outer = 0.317 * (double)wanted;
    size_t i = 0;
    while (i < best && (double)(below + counts[i]) <= outer) below += counts[i++];
    *mode = (double)best;
    double part = counts[i] ? (outer - (double)below) / (double)counts[i] : 0;
    *deviation = fmax(0.3, (double)best + 0.5 - ((double)i + fmin(part, 1)));
}

static void make_table(int table[256], bool dark) {
    for (int level = 0; level < 256; level++)
        table[level] = dark ? (255 << 8) / (level > DARKEST ? level : DARKEST) : 256;
}

/* to[i]: how far the grey level lies below the ground, as a share of its light if ink is dark. */
static void subtract(const struct ten_sheet *sheet, const uint8_t *ground, bool dark, int offset, uint8_t *to) {
    size_t count = sheet->height * sheet->width;
    int table[256];
    make_table(table, dark);
    for (size_t i = 0; i < count; i++) {
        int far = ((((int)ground[i] - (int)sheet->ink[i]) * table[ground[i]]) >> 8) - offset;
        to[i] = (uint8_t)(far < 0 ? 0 : far > 255 ? 255 : far);
    }
}

/* The same distances' mode, and their deviation below it: the larger one of the darker and the lighter ground, since a
 * share of little light is noisier. */
static int measure(struct ten_sheet *sheet, const uint8_t *ground, bool dark) {
    enum { BINS = 256 + NEGATIVE, LEAST_PART = 10 };
    size_t count = sheet->height * sheet->width, counts[3][BINS] = {{0}}, parts[2] = {0};
    uint64_t sum = 0;
    int table[256];
    double mode, ignored, deviation;
    make_table(table, dark);
    for (size_t i = 0; i < count; i++) sum += ground[i];
    size_t mean = (size_t)(sum / count);
    for (size_t i = 0; i < count; i++) {
        int far = (((int)ground[i] - (int)sheet->ink[i]) * table[ground[i]]) >> 8;
        counts[ground[i] > mean][far < -NEGATIVE ? 0 : far > 255 ? BINS - 1 : far + NEGATIVE]++;
    }
    for (size_t i = 0; i < BINS; i++) {
        counts[2][i] = counts[0][i] + counts[1][i];
        for (size_t part = 0; part < 2; part++) parts[part] += counts[part][i];
    }
    measure_noise(counts[2], BINS, &mode, &sheet->noise);
    for (size_t part = 0; part < 2; part++) {
        if (LEAST_PART * parts[part] < count) continue;
        measure_noise(counts[part], BINS, &ignored, &deviation);
        sheet->noise = fmax(sheet->noise, deviation);
    }
    return (int)lrint(mode) - NEGATIVE;
}

/* Whether a window is small beside the picture: else what it finds at the border is all there is. */
static bool has_room(const struct ten_sheet *sheet, size_t reach) {
    return 4 * reach + 2 < (sheet->height < sheet->width ? sheet->height : sheet->width);
}

static enum ten_status subtract_envelope(struct ten_sheet *sheet, struct ten_error *error) {
    size_t height = sheet->height, width = sheet->width, count = height * width, reach;
    bool dark = even_light(sheet, &reach), opens = has_room(sheet, reach);
    if (!dark)
        for (size_t i = 0; i < count; i++) sheet->ink[i] = (uint8_t)~sheet->ink[i];
    size_t room = opens ? 2 * (height + 2 * reach) * (width + 2 * reach) : count;
    uint8_t *ground = ten_alloc(count, 1), *smoothed = ten_alloc(count, 1), *scratch = ten_alloc(room, 1);
    if (opens) sheet->open = ten_alloc(count, 1);
    enum ten_status status = TEN_OK;
    if (ground && smoothed && scratch && (!opens || sheet->open)) {
        memcpy(smoothed, sheet->ink, count);
        if (height >= 40 && width >= 40) smooth(smoothed, height, width, scratch);
        memcpy(ground, smoothed, count);
        ten_rank_largest(ground, height, width, reach, scratch);
        ten_rank_smallest(ground, height, width, reach, scratch);
        int offset = measure(sheet, ground, dark);
        if (opens) close_open(smoothed, height, width, reach, scratch);
        if (opens) subtract(sheet, smoothed, dark, offset, sheet->open);
        subtract(sheet, ground, dark, offset, sheet->ink);
    } else {
        status = ten_fail_memory(error, "a picture");
    }
    free(ground);
    free(smoothed);
    free(scratch);
    return status;
}

enum ten_status ten_sheet_subtract_ground(struct ten_sheet *sheet, struct ten_error *error) {
    uint8_t level;
    enum ten_status status = TEN_OK;
    if (find_flat(sheet, &level))
        subtract_level(sheet, level);
    else
        status = subtract_envelope(sheet, error);
    if (status == TEN_OK) ten_sheet_measure_area(sheet);
    return status;
}
