/* Pens are thin or thick beside the digit that they write; those that wrote MNIST were much alike. Widths are measured
 * as twice the area by the length of the contour, and changed by discs: dilation makes strokes wider, erosion narrower,
 * and a share of the width stays in any case, so that a stroke's thinner parts do not vanish. */
#include "image/stroke.h"

#include "image/rank.h"

#include <math.h>

static const double mnist_width = 2.45; /* of 20 pixels on the longer side: as measured at this place of MNIST's */
static const double least_left = 0.36;  /* of a stroke's width, when it is made narrower */

double ten_stroke_width(const uint8_t *pixels, size_t height, size_t width) {
    enum { BLOCK = 128 };
    float contour = 0;
    uint64_t area = 0;
    for (size_t begin = 0; begin < width; begin += BLOCK) { /* columns, so that sums need not wait for each other */
        size_t count = width - begin < BLOCK ? width - begin : BLOCK;
        size_t inner = begin + count < width ? count : count - 1; /* the last column has no neighbour */
        float lengths[BLOCK] = {0};
        uint32_t masses[BLOCK] = {0};
        for (size_t y = 0; y < height; y++) {
            const uint8_t *row = pixels + y * width + begin, *below = y + 1 < height ? row + width : row;
            for (size_t x = 0; x < inner; x++) {
                float right = (float)(row[x + 1] - row[x]), down = (float)(below[x] - row[x]);
                lengths[x] += sqrtf(right * right + down * down);
            }
            for (size_t x = 0; x < count; x++) masses[x] += row[x];
        }
        for (size_t x = 0; x < count; x++) contour += lengths[x], area += masses[x];
    }
    return contour > 0 ? 2 * (double)area / (double)contour : 0;
}

void ten_stroke_even(uint8_t *pixels, size_t height, size_t width, double extent, double inner, uint8_t *scratch) {
    double have = ten_stroke_width(pixels, height, width);
    if (!(have > 0)) return;
    /* Wider strokes make the ink's extent larger by as much, and so its scale smaller. */
    double spine = fmax(extent - have, 0), wanted = mnist_width * spine / (inner - mnist_width);
    double more = (wanted - have) / 2;
    if (more < 0) more = -fmin(-more, (1 - least_left) / 2 * have);
    more = fmin(fmax(more, -TEN_MOST_RADIUS + 1), TEN_MOST_RADIUS - 1);
    if (more > 0.25) ten_disc_largest(pixels, height, width, more, scratch);
    if (more < -0.25) ten_disc_smallest(pixels, height, width, -more, scratch);
}
