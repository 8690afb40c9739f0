/* What ink looks like beyond a tidy data set: the second half of a deformed copy (augment.h). Strokes become thicker or
 * thinner, break, and get company from specks on a canvas twice as fine as the image; the canvas is then brought back
 * to the image's size, as the reader of pictures does it if wanted (digit.c: the ink's box scaled, centred by mass),
 * and what is left is blurred, hardened or softened, and grained as pens, paper and cameras do it. */
#ifndef TEN_IMAGE_INKING_H
#define TEN_IMAGE_INKING_H

#include "base/random.h"

#include <stdbool.h>
#include <stddef.h>

/* Pixels of the canvas in one of the image's, each way. */
enum { TEN_INKING_FINE = 2 };

/* Strengths; 0 leaves one out. Lengths are pixels of the image. */
struct ten_inking {
    double stroke; /* strokes become wider or narrower by up to this, but lose at most 0.6 of their width */
    double gaps;   /* share of the images with a stroke broken in one place or two, by up to 1.5 pixels */
    double specks; /* share of the images with one or two specks or ends of lines beside the digit */
    double blur;   /* largest deviation of the blur, at most 0.8 */
    double edge;   /* how much harder or softer edges become: levels v of 0..1 become v + g v (1 - v), |g| up to this,
                      after being multiplied by up to 1 + this and cut at 1; at most 1 */
    double grain;  /* largest share of its level that a pixel may lose, each its own; at most 1 */
    double fit; /* the ink's box is scaled so that its longer side has so many pixels (20 for MNIST; at most the image's
                   shorter side) and its centre of mass put into the middle */
};

bool ten_inking_wanted(const struct ten_inking *ink);

/* Draws the ink of one image: canvas [2 height x 2 width] of values 0..1, which is spoilt, becomes out [height x width]
 * with values 0..1, the largest of them 1 unless all are 0. What is done depends on the random stream alone. Scratch
 * memory: ten_inking_scratch floats. */
void ten_inking_draw(const struct ten_inking *ink, struct ten_random *random, size_t height, size_t width,
                     float *canvas, float *out, float *scratch);
size_t ten_inking_scratch(size_t height, size_t width);

#endif
