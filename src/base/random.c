/* xoshiro256** streams, one per (seed, index). */
#include "base/random.h"

static uint64_t splitmix(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t rotate(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

void ten_random_init(struct ten_random *random, uint64_t seed, uint64_t index) {
    uint64_t state = seed;
    state = splitmix(&state) ^ (index * 0xd1342543de82ef95u + 1);
    for (int i = 0; i < 4; i++) random->state[i] = splitmix(&state);
}

uint64_t ten_random_bits(struct ten_random *random) {
    uint64_t *s = random->state, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t ten_random_below(struct ten_random *random, uint64_t bound) {
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)ten_random_bits(random) * bound;
    if ((uint64_t)product < bound) {
        uint64_t threshold = -bound % bound;
        while ((uint64_t)product < threshold) product = (wide)ten_random_bits(random) * bound;
    }
    return (uint64_t)(product >> 64);
}

double ten_random_unit(struct ten_random *random) { return (double)(ten_random_bits(random) >> 11) * 0x1p-53; }

void ten_random_shuffle(struct ten_random *random, size_t *items, size_t count) {
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)ten_random_below(random, i), item = items[i - 1];
        items[i - 1] = items[j];
        items[j] = item;
    }
}
