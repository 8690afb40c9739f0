/* Running maxima by doubling: the maximum over 2 n pixels is that of two maxima over n, so that a window of any size
 * takes a few passes over whole rows, which are plain vector code. A minimum is a maximum of the complement. */
#include "image/rank.h"

#include <math.h>
#include <string.h>

static void complement(uint8_t *pixels, size_t count) {
    for (size_t i = 0; i < count; i++) pixels[i] = (uint8_t)~pixels[i];
}

/* to[i] = max(a[i], b[i]); `to` may be either of them. */
static void larger(uint8_t *to, const uint8_t *a, const uint8_t *b, size_t count) {
    for (size_t i = 0; i < count; i++) to[i] = a[i] > b[i] ? a[i] : b[i];
}

/* Widens windows that begin at every pixel from `size` to `size + more` pixels (more <= size) along rows. The row's
 * front is read before it is written, so that this goes in place. */
static void widen_rows(uint8_t *pixels, size_t height, size_t width, size_t more) {
    if (more >= width) more = width - 1;
    for (size_t y = 0; y < height; y++) {
        uint8_t *row = pixels + y * width;
        for (size_t x = 0; x + more < width; x++) row[x] = row[x] > row[x + more] ? row[x] : row[x + more];
    }
}

static void widen_columns(uint8_t *pixels, size_t height, size_t width, size_t more) {
    for (size_t y = 0; y + more < height; y++)
        larger(pixels + y * width, pixels + y * width, pixels + (y + more) * width, width);
}

/* Windows of `size` pixels from every pixel on, to the right or downwards. */
static void forward(uint8_t *pixels, size_t height, size_t width, size_t size,
                    void (*widen)(uint8_t *, size_t, size_t, size_t)) {
    for (size_t have = 1; have < size;) {
        size_t more = have <= size - have ? have : size - have;
        widen(pixels, height, width, more);
        have += more;
    }
}

/* A window around a pixel is the window forward from the one `reach` before it; at the front it is the shorter one that
 * ends `reach` behind the pixel, which the original, mirrored in order, does not have: those are made one by one. */
static void around_rows(uint8_t *pixels, size_t height, size_t width, size_t reach, uint8_t *scratch) {
    memcpy(scratch, pixels, height * width);
    forward(scratch, height, width, 2 * reach + 1, widen_rows);
    for (size_t y = 0; y < height; y++) {
        uint8_t *row = pixels + y * width, most = 0;
        const uint8_t *windows = scratch + y * width;
        size_t front = reach < width ? reach : width;
        for (size_t x = 0; x < reach && x < width; x++) most = row[x] > most ? row[x] : most;
        for (size_t x = 0; x < front; x++) {
            if (x + reach < width && row[x + reach] > most) most = row[x + reach];
            /* what was passed may be overwritten: most already holds it, since the window still begins at 0 */
            row[x] = most;
        }
        if (width > reach) memcpy(row + reach, windows, width - reach);
    }
}

static void around_columns(uint8_t *pixels, size_t height, size_t width, size_t reach, uint8_t *scratch) {
    memcpy(scratch, pixels, height * width);
    forward(scratch, height, width, 2 * reach + 1, widen_columns);
    size_t front = reach < height ? reach : height;
    if (front) { /* row 0 gathers the first `reach` rows, then each front row takes in one more */
        for (size_t y = 1; y < front; y++) larger(pixels, pixels, pixels + y * width, width);
        for (size_t y = 0; y < front; y++) {
            uint8_t *row = pixels + y * width;
            if (y > 0) memcpy(row, row - width, width);
            if (y + reach < height) larger(row, row, pixels + (y + reach) * width, width);
        }
    }
    if (height > reach) memcpy(pixels + reach * width, scratch, (height - reach) * width);
}

void ten_rank_largest(uint8_t *pixels, size_t height, size_t width, size_t reach, uint8_t *scratch) {
    if (reach == 0 || height == 0 || width == 0) return;
    around_rows(pixels, height, width, reach, scratch);
    around_columns(pixels, height, width, reach, scratch);
}

void ten_rank_smallest(uint8_t *pixels, size_t height, size_t width, size_t reach, uint8_t *scratch) {
    complement(pixels, height * width);
    ten_rank_largest(pixels, height, width, reach, scratch);
    complement(pixels, height * width);
}

/* ---- Discs ---------------------------------------------------------------------------------------------- */

/* Half the width of a disc's row `down` from its middle. */
static size_t half_width(size_t radius, size_t down) {
    double r = (double)radius + 0.25, d = (double)down; /* a quarter more: rounder than the bare radius */
    return (size_t)sqrt(r * r - d * d);
}

/* out: the largest of `pixels` in a disc; `rows` is scratch. The discs' rows grow with their place's nearness to the
 * middle, so that rows of one half width come after another. */
static void disc(const uint8_t *pixels, size_t height, size_t width, size_t radius, uint8_t *out, uint8_t *rows) {
    size_t half = 0;
    memcpy(rows, pixels, height * width);
    memset(out, 0, height * width);
    for (size_t step = 0; step <= radius; step++) {
        size_t down = radius - step, wanted = half_width(radius, down);
        for (; half < wanted; half++)
            for (size_t y = 0; y < height; y++) {
                const uint8_t *from = pixels + y * width;
                uint8_t *to = rows + y * width;
                size_t by = half + 1;
                for (size_t x = 0; x + by < width; x++) to[x] = to[x] > from[x + by] ? to[x] : from[x + by];
                for (size_t x = by; x < width; x++) to[x] = to[x] > from[x - by] ? to[x] : from[x - by];
            }
        if (down >= height) continue;
        larger(out, out, rows + down * width, (height - down) * width);
        larger(out + down * width, out + down * width, rows, (height - down) * width);
    }
}

void ten_disc_largest(uint8_t *pixels, size_t height, size_t width, double radius, uint8_t *scratch) {
    size_t pixel_count = height * width, whole = (size_t)radius;
    unsigned share = (unsigned)lrint((radius - (double)whole) * 256);
    uint8_t *inner = scratch, *outer = scratch + pixel_count, *rows = outer + pixel_count;
    disc(pixels, height, width, whole, inner, rows);
    if (share) disc(pixels, height, width, whole + 1, outer, rows);
    for (size_t i = 0; i < pixel_count; i++)
        pixels[i] = share ? (uint8_t)((inner[i] * (256 - share) + outer[i] * share + 128) >> 8) : inner[i];
}

void ten_disc_smallest(uint8_t *pixels, size_t height, size_t width, double radius, uint8_t *scratch) {
    complement(pixels, height * width);
    ten_disc_largest(pixels, height, width, radius, scratch);
    complement(pixels, height * width);
}
