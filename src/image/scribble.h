/* Things people draw that are no digits: scribbles, crossed lines, letters that look like no digit, hearts, houses,
 * faces, grids, blots, patches of texture. A network that has seen some of them, with no class for their target, stays
 * unsure about the rest (outlier exposure; Hendrycks, Mazeika and Dietterich 2019). */
#ifndef TEN_IMAGE_SCRIBBLE_H
#define TEN_IMAGE_SCRIBBLE_H

#include "base/random.h"

#include <stddef.h>

/* How many kinds there are; each is drawn as often as the others. */
enum { TEN_SCRIBBLE_KINDS = 8 };

/* One of kind 0..TEN_SCRIBBLE_KINDS-1 that depends on the random stream alone: out[height x width], 0 background to 1
 * ink, within the middle 20/28 of each side as a digit of MNIST is. */
void ten_scribble(struct ten_random *random, size_t kind, size_t height, size_t width, float *out);

#endif
