/* Strokes without following them: the outline's length is the image's total variation, the sum of its gradients'
 * lengths, over its largest value, which counts soft edges for what they are (the coarea formula); an area of constant
 * width has that width times half its outline. */
#include "image/outline.h"

#include <math.h>
#include <string.h>

enum { MOST_SIDE = 28, MOST_PIXELS = (MOST_SIDE + 2) * (MOST_SIDE + 2), LEAST_HOLE = 2 };
static const double ink_share = 0.35; /* of the largest value: what encloses a hole */

static double pixel(const uint8_t *image, size_t height, size_t width, size_t y, size_t x) {
    return y < height && x < width ? (double)image[y * width + x] : 0;
}

/* Fills background from place `at` on; how many pixels it was. 1: background, 0: ink or filled. */
static size_t flood(uint8_t *free_place, size_t rows, size_t columns, size_t at) {
    uint16_t stack[MOST_PIXELS];
    size_t filled = 0, open = 1;
    stack[0] = (uint16_t)at;
    free_place[at] = 0;
    while (open > 0) {
        size_t place = stack[--open], y = place / columns, x = place % columns;
        filled++;
        size_t beside[4], count = 0;
        if (x > 0) beside[count++] = place - 1;
        if (x + 1 < columns) beside[count++] = place + 1;
        if (y > 0) beside[count++] = place - columns;
        if (y + 1 < rows) beside[count++] = place + columns;
        for (size_t i = 0; i < count; i++) {
            if (!free_place[beside[i]]) continue;
            free_place[beside[i]] = 0;
            stack[open++] = (uint16_t)beside[i];
        }
    }
    return filled;
}

/* In a frame of background, whose patch is the one that is no hole. */
static size_t count_holes(const uint8_t *image, size_t height, size_t width, double least) {
    uint8_t free_place[MOST_PIXELS];
    size_t rows = height + 2, columns = width + 2, holes = 0;
    memset(free_place, 1, sizeof free_place);
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++)
            free_place[(y + 1) * columns + x + 1] = (double)image[y * width + x] <= least;
    flood(free_place, rows, columns, 0);
    for (size_t i = 0; i < rows * columns; i++)
        if (free_place[i]) holes += flood(free_place, rows, columns, i) >= LEAST_HOLE;
    return holes;
}

struct ten_outline ten_measure_outline(const uint8_t *image, size_t height, size_t width) {
    double area = 0, outline = 0, most = 0;
    /* from one pixel before the image on, so that edges at its border count */
    for (size_t y = 0; y <= height; y++)
        for (size_t x = 0; x <= width; x++) {
            double here = pixel(image, height, width, y, x);
            double left = x > 0 ? pixel(image, height, width, y, x - 1) : 0;
            double above = y > 0 ? pixel(image, height, width, y - 1, x) : 0;
            area += here;
            outline += sqrt((here - left) * (here - left) + (here - above) * (here - above));
            most = fmax(most, here);
        }
    if (!(outline > 0)) return (struct ten_outline){0};
    return (struct ten_outline){.length = outline / 2 / most,
                                .width = 2 * area / outline,
                                .holes = count_holes(image, height, width, ink_share * most)};
}
