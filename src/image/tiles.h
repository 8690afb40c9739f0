/* Pictures of numbers: many small arrays of one size (filters, feature maps) as tiles in a grid, every value a square
 * of whole pixels, in greys or in colours that tell what is below 0 from what is above. */
#ifndef TEN_IMAGE_TILES_H
#define TEN_IMAGE_TILES_H

#include "tenfold.h"

/* A picture in colour: height x width pixels of three bytes, red, green, blue. Owned by the struct (from malloc). */
struct ten_canvas {
    size_t height, width;
    uint8_t *pixels;
};

/* In one colour (0xRRGGBB). TEN_INVALID for more pixels than a picture may have (ten_image_load). */
enum ten_status ten_canvas_new(struct ten_canvas *out, size_t height, size_t width, uint32_t colour,
                               struct ten_error *error);
void ten_canvas_release(struct ten_canvas *canvas);
/* Encodes PNG into memory that the caller frees with free(). */
enum ten_status ten_canvas_encode_png(const struct ten_canvas *canvas, uint8_t **bytes, size_t *size,
                                      struct ten_error *error);

/* `count` arrays of height x width finite values: that of tile i at row y, column x is
 * values[i * step + (y * width + x) * stride]. */
struct ten_tiles {
    size_t count, height, width;
    const float *values;
    size_t step, stride;
};

/* How values become colours, by one scale for all tiles. */
struct ten_colours {
    float low, high; /* greys: black and white; diverging: blue and red, low = -high and white in the middle */
    bool diverging;
};
/* The scale for these tiles: greys from the least value (from 0 if none is below) to the largest, or, where some are
 * below 0 and so it is told, diverging around 0. `beyond` is the share (0 to below 1) of the values other than 0 that
 * may lie beyond its ends, where they take the colour of the end: a few large ones would leave all others pale. */
struct ten_colours ten_colours_for(const struct ten_tiles *tiles, bool diverging, double beyond);

/* A grid of tiles: how many columns and rows, how many pixels a value is wide and high, how many lie around tiles. */
struct ten_grid {
    size_t columns, rows, factor, gap;
    size_t height, width; /* of all, in pixels, the outer gap included */
};
/* One that a person can look at: near to a square, without an unfinished row if that can be had, tiles large enough to
 * see and the whole no wider than a screen unless there are very many. */
struct ten_grid ten_grid_for(const struct ten_tiles *tiles);

/* Draws the tiles; `top` and `left` are where the grid begins. What does not fit on the canvas is left out. */
void ten_tiles_draw(struct ten_canvas *canvas, const struct ten_tiles *tiles, const struct ten_grid *grid,
                    const struct ten_colours *colours, size_t top, size_t left);

#endif
