/* Deformed copies of images, for larger training sets: shift, rotation, scaling, shear (LeCun et al. 1998, section
 * III.C) and elastic deformation (Simard, Steinkraus and Platt 2003, "Best practices for convolutional neural
 * networks", section 2), composed into one bilinear resampling, so that ink is blurred only once.
 *
 * The copy's pixel p = (x, y) shows the place q of the source, with c the middle of the image:
 *
 *     q = c + A^-1 (p - c - t) + d(p),    A = rotation(angle) * shear * scaling
 *
 * t, the angle and the factors are drawn uniformly within the strengths. d is white noise, uniform in -1..1 per pixel,
 * smoothed by a Gaussian of deviation sigma whose weights sum to 1, times alpha: each of its two components has
 * deviation alpha / (sigma sqrt(12 pi)) and correlation exp(-r^2 / (4 sigma^2)) at distance r. It is made with noise on
 * nodes sigma apart, beyond the borders too: by Poisson's summation formula that changes the variance by less than a
 * thousandth, and it needs sigma^2 times less noise. A keystone adds (k u v, l u v) to d, u and v being -1 to 1 over
 * the image. The ink's look is changed on a canvas twice as fine, onto which the same resampling goes then (inking.h).
 */
#ifndef TEN_IMAGE_AUGMENT_H
#define TEN_IMAGE_AUGMENT_H

#include "base/random.h"
#include "image/inking.h"
#include "tenfold.h"

/* Strengths of the deformations; 0 leaves one out. */
struct ten_augment {
    double shift;          /* pixels to each side at most, horizontally and vertically on their own */
    double rotate;         /* degrees either way at most */
    double scale;          /* width and height change by factors of 1 - scale to 1 + scale, each on its own */
    double shear;          /* pixels to the side, either way, per pixel of height at most */
    double elastic;        /* alpha, as above: pixels */
    double sigma;          /* of the elastic deformation, in pixels; at least 1 */
    double keystone;       /* the corners move by up to so many pixels, as when paper is seen at a slant */
    struct ten_inking ink; /* the look of the ink. With any of its strengths the largest value of an image stays what it
                           is, and its background is taken to be 0 */
    double styles;         /* share of the 1s, 4s, 7s and 9s that are written in another way (style.h) */
};

/* Whether any strength is not 0. */
bool ten_augment_wanted(const struct ten_augment *strengths);

/* Names, ranges and defaults of the strengths, in the order of the struct. The defaults suit 28 x 28 pixels:
 * of those tried they helped k-nearest neighbours most on 10000 held-out training images of MNIST. */
enum { TEN_AUGMENT_PARAMETERS = 15 };
extern const struct ten_parameter ten_augment_parameters[TEN_AUGMENT_PARAMETERS];

/* The struct of as many values in that order. */
struct ten_augment ten_augment_of(const double values[TEN_AUGMENT_PARAMETERS]);

/* Where in the source a pixel's value comes from: (xx x + xy y + x0, yx x + yy y + y0), whole numbers being the middles
 * of pixels. */
struct ten_affine {
    double xx, xy, x0, yx, yy, y0;
};

/* The map, as above, that turns by `angle` (radians, clockwise in an image whose rows go down), shears by `shear`,
 * scales by two factors > 0 and moves by (right, down), about the middle of height x width pixels. */
struct ten_affine ten_affine_make(size_t height, size_t width, double angle, double shear, double scale_x,
                                  double scale_y, double right, double down);

/* Resamples an image of finite floats through `map` and the displacements dx and dy (height x width pixels each, added
 * to the place in the source; both NULL: none). Bilinear; outside the image lies 0. The scratch memory has
 * ten_warp_scratch floats; `out` may be the image. */
void ten_warp(const float *image, size_t height, size_t width, const struct ten_affine *map, const float *dx,
              const float *dy, float *out, float *scratch);
size_t ten_warp_scratch(size_t height, size_t width);

/* What all copies of images of one size share. May be used by several threads at once. */
struct ten_deformer;
/* NULL when memory is short. Strengths within the ranges of the table, sides within 1..TEN_MAX_SIDE. */
struct ten_deformer *ten_deformer_new(const struct ten_augment *strengths, size_t height, size_t width);
void ten_deformer_free(struct ten_deformer *deformer);

/* Copy `copy` of image `image` (its number in the dataset, less than 2^32) is a matter of the seed, the two numbers
 * and, if styles is not 0, its label (TEN_CLASSES: none, or unknown) alone. Floats (finite) or bytes (rounded) in and
 * out, height x width; `out` may be the input. The scratch memory, ten_deformer_scratch floats, belongs to one thread
 * at a time. */
void ten_deform_floats(const struct ten_deformer *deformer, uint64_t seed, uint64_t image, uint64_t copy, size_t label,
                       const float *in, float *out, float *scratch);
void ten_deform_bytes(const struct ten_deformer *deformer, uint64_t seed, uint64_t image, uint64_t copy, size_t label,
                      const uint8_t *in, uint8_t *out, float *scratch);
size_t ten_deformer_scratch(const struct ten_deformer *deformer);

/* What those two draw: the map, and dx and dy [height x width] unless the strengths of elastic and keystone are 0,
 * which leaves them untouched. Scratch memory as above. */
void ten_deformer_draw(const struct ten_deformer *deformer, uint64_t seed, uint64_t image, uint64_t copy,
                       struct ten_affine *map, float *dx, float *dy, float *scratch);

/* The dataset, then the first copy of all its images, then the second, up to `copies` (numbered from 1); labels
 * likewise. The same for any number of threads. TEN_INVALID if there are no images, or would be 2^32. */
enum ten_status ten_augment_dataset(struct ten_dataset *out, const struct ten_dataset *from,
                                    const struct ten_augment *strengths, size_t copies, const struct ten_run *run,
                                    struct ten_error *error);

#endif
