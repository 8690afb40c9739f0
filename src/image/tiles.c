/* Tiles in a grid. Colours of signed values are those of ColorBrewer's RdBu (Harrower and Brewer 2003), which people
 * who see red and green alike can tell apart, too. */
#include "image/tiles.h"

#include "base/error.h"
#include "image/codec.h"

#include <math.h>
#include <stdlib.h>

/* ---- Canvas ---------------------------------------------------------------------------------------------------- */

static void put_pixel(uint8_t *pixel, uint32_t colour) {
    pixel[0] = (uint8_t)(colour >> 16);
    pixel[1] = (uint8_t)(colour >> 8);
    pixel[2] = (uint8_t)colour;
}

enum ten_status ten_canvas_new(struct ten_canvas *out, size_t height, size_t width, uint32_t colour,
                               struct ten_error *error) {
    *out = (struct ten_canvas){0};
    enum ten_status status = ten_picture_check(height, width, error);
    if (status != TEN_OK) return status;
    uint8_t *pixels = malloc(3 * height * width);
    if (!pixels) return ten_fail_memory(error, "a picture");
    for (size_t i = 0; i < height * width; i++) put_pixel(pixels + 3 * i, colour);
    *out = (struct ten_canvas){height, width, pixels};
    return TEN_OK;
}

void ten_canvas_release(struct ten_canvas *canvas) {
    if (!canvas) return;
    free(canvas->pixels);
    *canvas = (struct ten_canvas){0};
}

enum ten_status ten_canvas_encode_png(const struct ten_canvas *canvas, uint8_t **bytes, size_t *size,
                                      struct ten_error *error) {
    return ten_png_encode(canvas->pixels, canvas->height, canvas->width, 3, bytes, size, error);
}

/* ---- Colours --------------------------------------------------------------------------------------------------- */

/* From far below 0 to far above. */
static const uint32_t stops[] = {0x053061, 0x2166ac, 0x4393c3, 0x92c5de, 0xd1e5f0, 0xf7f7f7,
                                 0xfddbc7, 0xf4a582, 0xd6604d, 0xb2182b, 0x67001f};
enum { STOPS = sizeof stops / sizeof *stops };

static uint32_t mix(uint32_t a, uint32_t b, float share) {
    uint32_t mixed = 0;
    for (int shift = 0; shift <= 16; shift += 8) {
        float from = (float)(a >> shift & 0xff), to = (float)(b >> shift & 0xff);
        mixed |= (uint32_t)(from + (to - from) * share + 0.5F) << shift;
    }
    return mixed;
}

static uint32_t colour_of(const struct ten_colours *colours, float value) {
    float range = colours->high - colours->low;
    float share = range > 0 ? (value - colours->low) / range : colours->diverging ? 0.5F : 0;
    share = share < 0 ? 0 : share > 1 ? 1 : share;
    if (!colours->diverging) return mix(0x000000, 0xffffff, share);
    float place = share * (STOPS - 1);
    size_t stop = place >= STOPS - 1 ? STOPS - 2 : (size_t)place;
    return mix(stops[stop], stops[stop + 1], place - (float)stop);
}

/* The magnitude that all but so many of the values other than 0 keep to, to the next of BINS steps of the largest. */
static float magnitude_for(const struct ten_tiles *tiles, float largest, double beyond) {
    enum { BINS = 1024 };
    size_t counts[BINS] = {0}, total = 0;
    for (size_t i = 0; i < tiles->count; i++)
        for (size_t p = 0; p < tiles->height * tiles->width; p++) {
            float share = fabsf(tiles->values[i * tiles->step + p * tiles->stride]) / largest;
            if (share > 0) counts[share < 1 ? (size_t)(share * BINS) : BINS - 1]++, total++;
        }
    size_t left_out = (size_t)(beyond * (double)total), bin = BINS;
    for (size_t above = 0; bin > 1 && above + counts[bin - 1] <= left_out; bin--) above += counts[bin - 1];
    return largest * ((float)bin / BINS);
}

struct ten_colours ten_colours_for(const struct ten_tiles *tiles, bool diverging, double beyond) {
    float low = 0, high = 0;
    for (size_t i = 0; i < tiles->count; i++)
        for (size_t p = 0; p < tiles->height * tiles->width; p++) {
            float value = tiles->values[i * tiles->step + p * tiles->stride];
            low = value < low ? value : low;
            high = value > high ? value : high;
        }
    low = fmaxf(low, -1e38F); /* so that high - low stays finite */
    high = fminf(high, 1e38F);
    diverging &= low < 0;
    float largest = fmaxf(-low, high), reach = largest > 0 ? magnitude_for(tiles, largest, beyond) : 0;
    if (diverging) return (struct ten_colours){-reach, reach, true};
    return (struct ten_colours){fmaxf(low, -reach), fminf(high, reach), false};
}

/* ---- Grid ------------------------------------------------------------------------------------------------------ */

enum { GAP = 4, TILE = 96 /* pixels that a tile may have, roughly */, SCREEN = 1200, MOST_FACTOR = 24 };

/* The least divisor not below the square root, unless that makes a strip. */
static size_t columns_for(size_t count) {
    size_t root = 1;
    while (root * root < count) root++;
    for (size_t columns = root; columns <= 2 * root; columns++)
        if (count % columns == 0) return columns;
    return root;
}

struct ten_grid ten_grid_for(const struct ten_tiles *tiles) {
    size_t columns = columns_for(tiles->count), rows = (tiles->count + columns - 1) / columns;
    size_t side = tiles->height > tiles->width ? tiles->height : tiles->width, factor = TILE / side;
    size_t screen = SCREEN / columns > GAP ? (SCREEN / columns - GAP) / tiles->width : 0;
    factor = factor > screen ? screen : factor;
    factor = factor < 1 ? 1 : factor > MOST_FACTOR ? MOST_FACTOR : factor;
    return (struct ten_grid){.columns = columns,
                             .rows = rows,
                             .factor = factor,
                             .gap = GAP,
                             .height = rows * (tiles->height * factor + GAP) + GAP,
                             .width = columns * (tiles->width * factor + GAP) + GAP};
}

void ten_tiles_draw(struct ten_canvas *canvas, const struct ten_tiles *tiles, const struct ten_grid *grid,
                    const struct ten_colours *colours, size_t top, size_t left) {
    for (size_t i = 0; i < tiles->count; i++) {
        size_t y0 = top + grid->gap + i / grid->columns * (tiles->height * grid->factor + grid->gap);
        size_t x0 = left + grid->gap + i % grid->columns * (tiles->width * grid->factor + grid->gap);
        for (size_t y = 0; y < tiles->height * grid->factor && y0 + y < canvas->height; y++)
            for (size_t x = 0; x < tiles->width * grid->factor && x0 + x < canvas->width; x++) {
                size_t at = y / grid->factor * tiles->width + x / grid->factor;
                put_pixel(canvas->pixels + 3 * ((y0 + y) * canvas->width + x0 + x),
                          colour_of(colours, tiles->values[i * tiles->step + at * tiles->stride]));
            }
    }
}
