/* What the strokes in a small picture are like, whatever they show: how wide and how long, and how many holes they
 * enclose. */
#ifndef TEN_IMAGE_OUTLINE_H
#define TEN_IMAGE_OUTLINE_H

#include <stddef.h>
#include <stdint.h>

struct ten_outline {
    double length; /* half the outline's length, in pixels: of a thin line its length */
    double width;  /* mean width: area / length; of a disc or square half its side */
    size_t holes;  /* patches of background, of two pixels at least, that ink encloses (ink also holds by corners) */
};

/* Of height x width bytes (at most 28 x 28), light ink on black. An image without ink gives all 0. */
struct ten_outline ten_measure_outline(const uint8_t *image, size_t height, size_t width);

#endif
