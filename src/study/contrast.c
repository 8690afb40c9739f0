/* The average images of two classes against each other. */
#include "tenfold.h"

#include <math.h>

double ten_class_contrast(const struct ten_exploration *exploration, int first, int second, double *difference) {
    const struct ten_pixel_statistics *a = &exploration->classes[first], *b = &exploration->classes[second];
    size_t pixels = exploration->height * exploration->width;
    double squares = 0;
    for (size_t p = 0; p < pixels; p++) {
        double value = a->count && b->count ? (b->mean[p] - a->mean[p]) / 255 : NAN;
        squares += value * value;
        if (difference) difference[p] = value;
    }
    return sqrt(squares);
}
