/* A smooth surface through most of a picture: uneven light. */
#ifndef TEN_IMAGE_SURFACE_H
#define TEN_IMAGE_SURFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TEN_SURFACE_TERMS = 6 }; /* 1, x, y, x^2, x y, y^2, both from -1 to 1 over the picture */

struct ten_surface {
    double terms[TEN_SURFACE_TERMS];
};

/* Fits the surface to most pixels. False if it is not much better than a level: the light is even, or it is cut by the
 * edge of a shadow. */
bool ten_surface_fit(struct ten_surface *surface, const uint8_t *pixels, size_t height, size_t width);

/* Takes away from a picture what the surface rises above its mean; values stay within 0 and 255. */
void ten_surface_subtract(const struct ten_surface *surface, uint8_t *pixels, size_t height, size_t width);

#endif
