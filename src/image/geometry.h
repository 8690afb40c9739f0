/* Geometry of grey images: one image at a time, floats in, floats out (bytes are converted by the caller). Ink is what
 * is not zero; a pixel's mass is its magnitude. All functions write every output pixel; source and destination must not
 * overlap. */
#ifndef TEN_IMAGE_GEOMETRY_H
#define TEN_IMAGE_GEOMETRY_H

#include "tenfold.h"

/* The smallest box that holds every pixel != 0; all zero for an empty image. */
struct ten_box ten_ink_box(const float *image, size_t height, size_t width);

/* Resamples the box `from` of an image of row length `stride` to out_height x out_width (row length out_stride) by
 * area averaging: an output pixel is the mean of the source over the rectangle it covers, fractions counted. Works for
 * shrinking and for enlarging. */
void ten_resize_area(const float *image, size_t stride, struct ten_box from, float *out, size_t out_stride,
                     size_t out_height, size_t out_width);

/* The box of ink, scaled so that its longer side is `inner` (the other truncated to whole pixels, at least 1), pasted
 * in the middle (offsets rounded down) of side x side zeros. An empty image stays empty. inner <= side. */
void ten_crop_to_box(const float *image, size_t height, size_t width, float *out, size_t side, size_t inner);

/* Moves the image by whole pixels so that its centre of mass lies nearest to pixel (side / 2, side / 2), the middle as
 * MNIST has it (half a pixel beyond the geometric one); what falls outside is lost. An empty image stays empty. */
void ten_center_by_mass(const float *image, size_t height, size_t width, float *out, size_t side);

/* *slant becomes mu11 / mu02 (central second moments of intensity): how many pixels to the right the ink moves from one
 * row to the next below. False and 0 if the image has no vertical extent. */
bool ten_slant(const float *image, size_t height, size_t width, double *slant);

/* Removes the slant: shears horizontally about the centre of mass by mu11 / mu02 (central second moments of intensity),
 * with linear interpolation. An image with no vertical extent is copied. */
void ten_deskew(const float *image, size_t height, size_t width, float *out);

#endif
