/* What codec.c does beside the public ten_image_* functions. */
#ifndef TEN_IMAGE_CODEC_H
#define TEN_IMAGE_CODEC_H

#include "tenfold.h"

/* Encodes height x width pixels of `channels` bytes (1: grey, 3: red, green, blue) as PNG into memory that the caller
 * frees with free(). */
enum ten_status ten_png_encode(const uint8_t *pixels, size_t height, size_t width, size_t channels, uint8_t **bytes,
                               size_t *size, struct ten_error *error);

/* ten_image_decode with a lower limit of pixels in all; *too_large (may be NULL) tells whether it was that, or the
 * limit a side, that the picture's header exceeded: then nothing was allocated for it. */
enum ten_status ten_image_decode_within(struct ten_image *out, const void *bytes, size_t size, const char *name,
                                        size_t most_pixels, bool *too_large, struct ten_error *error);

/* TEN_INVALID for a size that no picture may have: above 16384 a side or 64 million pixels, or nothing. */
enum ten_status ten_picture_check(size_t height, size_t width, struct ten_error *error);

#endif
