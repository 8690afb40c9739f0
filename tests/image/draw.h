/* Pictures drawn for the tests of the way from a picture to digits. */
#ifndef TEN_TESTS_DRAW_H
#define TEN_TESTS_DRAW_H

#include "test.h"

struct point {
    double x, y;
};

/* A picture of one level; fails the test without memory. */
struct ten_image draw_blank(size_t height, size_t width, uint8_t level);

/* Mixes ink of this level into the picture along a line of points, with soft edges one pixel wide. */
void draw_line(struct ten_image *image, const struct point *points, size_t count, double radius, double level);

/* A digit of 100 x 100 pixels, its place and scale given; 0, 1, 2, 4, 5 and 7 can be drawn. */
void draw_digit(struct ten_image *image, int digit, double x, double y, double scale, double radius, double level);

/* Multiplies every pixel by a light that falls from 1 to `least` along the direction. */
void draw_shade(struct ten_image *image, double least, double direction);

/* Darkens one side of a line through the middle to `share`, within `soft` pixels. */
void draw_shadow(struct ten_image *image, double share, double direction, double soft);

/* Printed lines every `step` pixels, level ones or both ways, leaning by `slope`; they leave `share` of the light. */
void draw_rules(struct ten_image *image, double step, double thickness, double slope, bool squared, double share);

/* Adds noise of this deviation. */
void draw_noise(struct ten_image *image, double deviation, uint64_t seed);

#endif
