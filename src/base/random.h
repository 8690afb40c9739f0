/* Random streams. A stream is chosen by (seed, index): work that is split over threads takes one stream per item, so
 * that the numbers do not depend on who does the item. */
#ifndef TEN_BASE_RANDOM_H
#define TEN_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct ten_random {
    uint64_t state[4];
};

/* The stream `index` of `seed`: xoshiro256** (Blackman and Vigna 2021) seeded through splitmix64. */
void ten_random_init(struct ten_random *random, uint64_t seed, uint64_t index);

/* 64 uniform bits. */
uint64_t ten_random_bits(struct ten_random *random);

/* Uniform in 0..bound-1 without bias (Lemire 2019); bound >= 1. */
uint64_t ten_random_below(struct ten_random *random, uint64_t bound);

/* Uniform in [0, 1), 53 bits. */
double ten_random_unit(struct ten_random *random);

/* Shuffles items[0..count-1] (Fisher and Yates). */
void ten_random_shuffle(struct ten_random *random, size_t *items, size_t count);

#endif
