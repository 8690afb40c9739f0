/* Lines of a round pen on an image of floats, 0 background to 1 ink. Places are in a square of TEN_PEN_UNITS, which
 * lies within the middle 20/28 of each side, as a digit of MNIST does. */
#ifndef TEN_IMAGE_PEN_H
#define TEN_IMAGE_PEN_H

#include "base/random.h"

#include <stddef.h>

#define TEN_PEN_UNITS 20.0 /* side of the square */

struct ten_point {
    double x, y;
};

struct ten_drawing {
    struct ten_random *random;
    size_t height, width;
    double pen; /* half the stroke's width, in units */
    float *out;
};

/* A drawing on `out`, which is cleared, with a pen of a random width. */
struct ten_drawing ten_drawing_new(struct ten_random *random, size_t height, size_t width, float *out);

/* The image's pixels of a unit, across and down. */
double ten_drawing_scale_x(const struct ten_drawing *drawing);
double ten_drawing_scale_y(const struct ten_drawing *drawing);

void ten_draw_line(const struct ten_drawing *drawing, struct ten_point from, struct ten_point to);

/* A smooth line through all of the points, `count` >= 1 (Catmull and Rom 1974). */
void ten_draw_curve(const struct ten_drawing *drawing, const struct ten_point *points, size_t count);

double ten_draw_between(struct ten_random *random, double low, double high);

#endif
