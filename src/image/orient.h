/* Which way up a photo is. */
#ifndef TEN_IMAGE_ORIENT_H
#define TEN_IMAGE_ORIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The orientation, 1 to 8, that Exif data (the content of a JPEG's APP1 segment) tells; 1, upright, if it tells none.
 */
int ten_exif_orientation(const uint8_t *bytes, size_t size);

/* Turns height x width grey pixels upright into `to`; *height and *width change places if it is turned by a quarter. */
void ten_turn_upright(const uint8_t *from, size_t *height, size_t *width, int orientation, uint8_t *to);

#endif
