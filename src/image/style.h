/* Ways of writing that MNIST's American hands hardly used and others do: a 1 with a long upstroke, on a base line; a 7
 * with a bar through its stem or a hook at its roof; a 4 closed to a point; a 9 whose tail curls. Made of an image and
 * its label by adding strokes as wide as its own, or (4) by drawing the upper half together. */
#ifndef TEN_IMAGE_STYLE_H
#define TEN_IMAGE_STYLE_H

#include "base/random.h"

#include <stddef.h>

/* Rewrites, in a share of the cases, an image of height x width values (0: background) that shows the digit `label`;
 * others, and labels of digits without another style, stay as they are. Depends on the random stream, the label and the
 * image alone. Scratch memory: height x width floats. */
void ten_restyle(double share, struct ten_random *random, size_t label, size_t height, size_t width, float *image,
                 float *scratch);

#endif
