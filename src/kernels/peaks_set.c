/* Peak loops in portable vector C, compiled once per instruction set as set.c is. Twelve sums that do not wait for each
 * other cover the latency of a multiply-add on every processor so far; each sum is a factor of its own next product, so
 * that no work can be left out. */
#include "kernels/peaks.h"

#include <stdint.h>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
enum { LANES = 16 };
#elif defined(__AVX2__)
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif
enum { SUMS = 12, TURNS = 64 /* per round */ };

typedef float floats __attribute__((vector_size(4 * LANES)));
typedef uint32_t words __attribute__((vector_size(4 * LANES), may_alias));

/* What the compiler may assume of a value: that something else has just changed it and will use it. */
#define TOUCH(value) __asm__ volatile("" : "+m"(value))

/* Bounded: each sum tends to 2. */
static double multiply_floats(size_t rounds) {
    floats sums[SUMS] = {0}, factor = (floats){0} + 0.5f, term = (floats){0} + 1.0f;
    TOUCH(sums);
    for (size_t i = 0; i < rounds * TURNS; i++)
#pragma GCC unroll 12
        for (int s = 0; s < SUMS; s++) sums[s] = sums[s] * factor + term;
    TOUCH(sums);
    return 2.0 * SUMS * LANES * TURNS * (double)rounds;
}

/* Bytes are multiplied as the 16-bit numbers they are widened to, two products a lane. */
static inline words multiply_pairs(words a, words b) {
#if defined(__AVX512BW__)
    return (words)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return (words)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
    return (words)_mm_madd_epi16((__m128i)a, (__m128i)b);
#else
    return (a & 0xffff) * (b & 0xffff) + (a >> 16) * (b >> 16);
#endif
}

static double multiply_bytes(size_t rounds) {
    words sums[SUMS] = {0}, factor = (words){0} + 0x00030005, term = (words){0} + 7;
    TOUCH(sums);
    for (size_t i = 0; i < rounds * TURNS; i++)
#pragma GCC unroll 12
        for (int s = 0; s < SUMS; s++) sums[s] = multiply_pairs(sums[s], factor) + term;
    TOUCH(sums);
    return 2.0 * 2 * SUMS * LANES * TURNS * (double)rounds;
}

static void read_bytes(const void *bytes, size_t size) {
    enum { ABREAST = 8 };
    const words *at = bytes, *end = at + size / sizeof *at;
    words sums[ABREAST] = {0};
    for (; at < end; at += ABREAST)
#pragma GCC unroll 8
        for (int s = 0; s < ABREAST; s++) sums[s] += at[s];
    TOUCH(sums);
}

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)

void JOIN(ten_peaks_, TEN_KERNEL_SET)(struct ten_peaks *peaks) {
    *peaks = (struct ten_peaks){.floats = multiply_floats, .bytes = multiply_bytes, .read = read_bytes};
}
