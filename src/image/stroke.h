/* The width of strokes, and making it what MNIST's digits have. */
#ifndef TEN_IMAGE_STROKE_H
#define TEN_IMAGE_STROKE_H

#include <stddef.h>
#include <stdint.h>

/* The mean width of the strokes, in pixels: twice the area by the contour, which for soft edges is the sum of the
 * gradient's magnitudes; 0 for nothing. */
double ten_stroke_width(const uint8_t *pixels, size_t height, size_t width);

/* Makes strokes wider or narrower so that in a copy of the ink scaled to `inner` pixels on its longer side, `extent`
 * pixels here, they have MNIST's mean width. scratch[3 x height x width]. Ink should keep TEN_MOST_RADIUS off the
 * edges. */
void ten_stroke_even(uint8_t *pixels, size_t height, size_t width, double extent, double inner, uint8_t *scratch);

#endif
