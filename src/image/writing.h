/* Digits drawn stroke by stroke in the ways that people all over the world write them and that MNIST's writers, from
 * one country, hardly used: a 1 with a foot, a 4 whose triangle is closed, a 2 like a Z, a 9 with a curled tail. Each
 * by its points, moved a little, with pens of all widths. A network that has met some of them knows what a digit is by
 * more than one country's hand. */
#ifndef TEN_IMAGE_WRITING_H
#define TEN_IMAGE_WRITING_H

#include "base/random.h"

#include <stddef.h>

/* A digit 0..9 in one of its ways, which depends on the random stream alone: out[height x width], 0 background to 1
 * ink, within the middle 20/28 of each side as a digit of MNIST is. */
void ten_write_digit(struct ten_random *random, size_t label, size_t height, size_t width, float *out);

#endif
