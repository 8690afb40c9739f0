/* From colour to grey so that ink keeps its contrast. */
#ifndef TEN_IMAGE_COLOUR_H
#define TEN_IMAGE_COLOUR_H

#include <stddef.h>
#include <stdint.h>

enum ten_colours {
    TEN_GREY_ALPHA, /* two bytes a pixel: grey, opacity */
    TEN_RGBA,       /* four: red, green, blue, opacity */
    TEN_RGB,
    TEN_YCC /* three: luma, and blue's and red's difference from it, as JPEG has them */
};

/* Turns height x width pixels into as many bytes of grey, in place. Transparent pixels lie on black if the opaque ones
 * are mostly light, else on white. */
void ten_colour_to_grey(uint8_t *pixels, size_t height, size_t width, enum ten_colours colours);

#endif
