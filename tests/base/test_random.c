/* The random streams: xoshiro256** as its authors give it, streams that differ, draws without bias. All seeds are
 * fixed, so that a test which passes once passes always. */
#include "test.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- The generator ---- */

/* Blackman and Vigna's next(), written anew without looking at ours: multiplication and division for rotations. */
static uint64_t turn(uint64_t x, unsigned by) {
    uint64_t power = (uint64_t)1 << by;
    return x * power + x / ((uint64_t)1 << (64 - by));
}

static uint64_t reference_next(uint64_t *s0, uint64_t *s1, uint64_t *s2, uint64_t *s3) {
    uint64_t result = 9 * turn(5 * *s1, 7);
    uint64_t shifted = *s1 * 131072;
    uint64_t b2 = *s2 ^ *s0, b3 = *s3 ^ *s1, b1 = *s1 ^ b2, b0 = *s0 ^ b3;
    *s0 = b0;
    *s1 = b1;
    *s2 = b2 ^ shifted;
    *s3 = turn(b3, 45);
    return result;
}

static void test_generator(void **state) {
    (void)state;
    /* from the state 1, 2, 3, 4, as the generator's authors and its ports in other languages give them */
    const uint64_t published[] = {11520u,
                                  0u,
                                  1509978240u,
                                  1215971899390074240u,
                                  1216172134540287360u,
                                  607988272756665600u,
                                  16172922978634559625u,
                                  8476171486693032832u,
                                  10595114339597558777u,
                                  2904607092377533576u};
    struct ten_random random = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof published / sizeof *published; i++)
        assert_true(ten_random_bits(&random) == published[i]);
    for (uint64_t seed = 0; seed < 20; seed++) {
        ten_random_init(&random, seed, seed * seed);
        uint64_t s0 = random.state[0], s1 = random.state[1], s2 = random.state[2], s3 = random.state[3];
        for (int i = 0; i < 1000; i++) assert_true(ten_random_bits(&random) == reference_next(&s0, &s1, &s2, &s3));
    }
}

/* ---- Streams ---- */

static int compare_bits(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* No two of many neighbouring streams begin alike, and none begins with a state that is all zero. */
static void test_streams_differ(void **state) {
    (void)state;
    enum { SIDE = 128 };
    static uint64_t first[2 * SIDE * SIDE];
    size_t count = 0;
    for (uint64_t seed = 0; seed < SIDE; seed++)
        for (uint64_t index = 0; index < SIDE; index++) {
            struct ten_random random;
            ten_random_init(&random, seed, index);
            assert_true(random.state[0] | random.state[1] | random.state[2] | random.state[3]);
            first[count++] = ten_random_bits(&random);
            ten_random_init(&random, UINT64_MAX - seed, UINT64_MAX - index);
            first[count++] = ten_random_bits(&random);
        }
    qsort(first, count, sizeof *first, compare_bits);
    for (size_t i = 1; i < count; i++) assert_true(first[i] != first[i - 1]);
}

/* Each bit of the first number is set in about half of the streams, and differs from that of the next in half. */
static void test_first_bits(void **state) {
    (void)state;
    enum { STREAMS = 20000 };
    int set[64] = {0}, differs[64] = {0};
    uint64_t before = 0;
    for (uint64_t i = 0; i < STREAMS; i++) {
        struct ten_random random;
        ten_random_init(&random, 5, i);
        uint64_t bits = ten_random_bits(&random);
        for (int b = 0; b < 64; b++) {
            set[b] += (int)(bits >> b & 1);
            differs[b] += (int)((bits ^ before) >> b & 1);
        }
        before = bits;
    }
    for (int b = 0; b < 64; b++) { /* five deviations of a fair coin */
        assert_true(abs(set[b] - STREAMS / 2) < 5 * sqrt(STREAMS) / 2);
        assert_true(abs(differs[b] - STREAMS / 2) < 5 * sqrt(STREAMS) / 2);
    }
}

/* Same seed, same bits, in all versions to come: splits, folds and shuffles hang on these. */
static void test_streams_stay(void **state) {
    (void)state;
    const struct {
        uint64_t seed, index, first;
    } known[] = {{0, 0, 0xef75d62a19ba94edu},
                 {0, 1, 0x82dd9385b571edf2u},
                 {42, 7, 0x67aa0d7ad2be547fu},
                 {UINT64_MAX, UINT64_MAX, 0x334a9c02fefeb724u}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct ten_random random;
        ten_random_init(&random, known[i].seed, known[i].index);
        uint64_t bits = ten_random_bits(&random);
        if (bits != known[i].first) fail_msg("stream %zu begins with 0x%llx", i, (unsigned long long)bits);
    }
}

/* ---- Draws ---- */

/* Pearson's statistic of `draws` draws over `cells` cells of equal probability. */
static double chi_square(const size_t *counts, size_t cells, double draws) {
    double sum = 0, expected = draws / (double)cells;
    for (size_t i = 0; i < cells; i++)
        sum += ((double)counts[i] - expected) * ((double)counts[i] - expected) / expected;
    return sum;
}

/* The statistic's mean is cells - 1 and its variance twice that; five deviations are never passed by chance. */
static void assert_uniform(const size_t *counts, size_t cells, size_t draws) {
    double freedom = (double)(cells - 1), got = chi_square(counts, cells, (double)draws);
    if (got > freedom + 5 * sqrt(2 * freedom) + 5) fail_msg("chi square is %g over %zu cells", got, cells);
}

static void test_below_small(void **state) {
    (void)state;
    enum { LARGEST = 300 };
    struct ten_random random;
    ten_random_init(&random, 1, 0);
    for (int i = 0; i < 1000; i++) assert_true(ten_random_below(&random, 1) == 0);
    const size_t bounds[] = {2, 3, 5, 10, 16, 100, LARGEST};
    for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++) {
        size_t counts[LARGEST] = {0}, draws = 300 * bounds[b];
        for (size_t i = 0; i < draws; i++) {
            uint64_t drawn = ten_random_below(&random, bounds[b]);
            assert_true(drawn < bounds[b]);
            counts[drawn]++;
        }
        assert_uniform(counts, bounds[b], draws);
    }
}

/* With bound 3 * 2^62 the draws without rejection would be 0 mod 3 twice as often; with other large bounds, too. */
static void test_below_large(void **state) {
    (void)state;
    enum { DRAWS = 30000 };
    struct ten_random random;
    ten_random_init(&random, 2, 0);
    const uint64_t bounds[] = {(uint64_t)3 << 62, (uint64_t)3 << 61,       UINT64_MAX,
                               UINT64_MAX - 1,    ((uint64_t)1 << 63) + 1, (uint64_t)1 << 63};
    for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++) {
        size_t rests[3] = {0}, thirds[3] = {0};
        for (int i = 0; i < DRAWS; i++) {
            uint64_t drawn = ten_random_below(&random, bounds[b]);
            assert_true(drawn < bounds[b]);
            rests[drawn % 3]++;
            thirds[(size_t)fmin(2, (double)drawn / ((double)bounds[b] / 3))]++;
        }
        assert_uniform(rests, 3, DRAWS);
        assert_uniform(thirds, 3, DRAWS);
    }
}

static void test_unit(void **state) {
    (void)state;
    enum { DRAWS = 100000, CELLS = 64 };
    struct ten_random random;
    ten_random_init(&random, 3, 0);
    size_t counts[CELLS] = {0};
    for (int i = 0; i < DRAWS; i++) {
        double drawn = ten_random_unit(&random);
        assert_true(drawn >= 0 && drawn < 1);
        assert_true(drawn * 0x1p53 == floor(drawn * 0x1p53));
        counts[(size_t)(drawn * CELLS)]++;
    }
    assert_uniform(counts, CELLS, DRAWS);
    struct ten_random high = {{0, UINT64_MAX, 0, 0}};
    assert_true(ten_random_unit(&high) < 1);
}

/* ---- Shuffles ---- */

static void test_shuffle_is_a_permutation(void **state) {
    (void)state;
    enum { LARGEST = 500 };
    for (size_t count = 0; count <= LARGEST; count = count < 5 ? count + 1 : count * 2 + 1) {
        size_t items[LARGEST + 1];
        bool seen[LARGEST + 1] = {false};
        for (size_t i = 0; i < count; i++) items[i] = i;
        items[count] = 4711;
        struct ten_random random;
        ten_random_init(&random, count, 0);
        ten_random_shuffle(&random, items, count);
        for (size_t i = 0; i < count; i++) {
            assert_true(items[i] < count && !seen[items[i]]);
            seen[items[i]] = true;
        }
        assert_int_equal(items[count], 4711);
    }
}

/* All 24 orders of four items come equally often. */
static void test_shuffle_is_fair(void **state) {
    (void)state;
    enum { DRAWS = 24000 };
    size_t counts[256] = {0}, orders[24], found = 0;
    struct ten_random random;
    ten_random_init(&random, 4, 0);
    for (int i = 0; i < DRAWS; i++) {
        size_t items[] = {0, 1, 2, 3};
        ten_random_shuffle(&random, items, 4);
        counts[items[0] << 6 | items[1] << 4 | items[2] << 2 | items[3]]++;
    }
    for (size_t i = 0; i < 256; i++)
        if (counts[i]) {
            assert_true(found < 24);
            orders[found++] = counts[i];
        }
    assert_int_equal(found, 24);
    assert_uniform(orders, 24, DRAWS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generator),
        cmocka_unit_test(test_streams_differ),
        cmocka_unit_test(test_first_bits),
        cmocka_unit_test(test_streams_stay),
        cmocka_unit_test(test_below_small),
        cmocka_unit_test(test_below_large),
        cmocka_unit_test(test_unit),
        cmocka_unit_test(test_shuffle_is_a_permutation),
        cmocka_unit_test(test_shuffle_is_fair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
