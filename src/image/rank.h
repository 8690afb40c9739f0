/* The largest and the smallest value of a window around every pixel: grey dilation and erosion (Serra 1982). Windows
 * end where the picture ends. */
#ifndef TEN_IMAGE_RANK_H
#define TEN_IMAGE_RANK_H

#include <stddef.h>
#include <stdint.h>

/* In place: every pixel becomes the largest (smallest) of the square of 2 reach + 1 pixels a side around it. `scratch`
 * holds height x width bytes. */
void ten_rank_largest(uint8_t *pixels, size_t height, size_t width, size_t reach, uint8_t *scratch);
void ten_rank_smallest(uint8_t *pixels, size_t height, size_t width, size_t reach, uint8_t *scratch);

/* The same with a disc of this radius in pixels, 0 to TEN_MOST_RADIUS; between whole radii by linear interpolation.
 * Outside lies 0 for the largest, and for the smallest what is at the edge. `scratch` holds 3 height x width bytes. */
enum { TEN_MOST_RADIUS = 12 };
void ten_disc_largest(uint8_t *pixels, size_t height, size_t width, double radius, uint8_t *scratch);
void ten_disc_smallest(uint8_t *pixels, size_t height, size_t width, double radius, uint8_t *scratch);

#endif
