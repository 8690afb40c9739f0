/* Points in a plane as a picture, in a colour for each label. */
#ifndef TEN_IMAGE_SCATTER_H
#define TEN_IMAGE_SCATTER_H

#include "image/tiles.h"

/* Draws count points[count x 2], finite, with labels in 0..9 on the canvas as discs, the same scale along both axes,
 * the second axis upward. Colours are Tableau's ten, in this order of labels: blue, orange, green, red, violet, brown,
 * pink, grey, olive, cyan. */
void ten_scatter_draw(struct ten_canvas *canvas, const float *points, const uint8_t *labels, size_t count);

#endif
