/* Largest and smallest of windows and discs, against naive ones. */
#include "test.h"

#include "base/random.h"
#include "image/rank.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 40 };

static uint8_t naive_square(const uint8_t *pixels, size_t height, size_t width, size_t y, size_t x, size_t reach,
                            bool largest) {
    uint8_t best = largest ? 0 : 255;
    for (size_t v = y > reach ? y - reach : 0; v <= y + reach && v < height; v++)
        for (size_t u = x > reach ? x - reach : 0; u <= x + reach && u < width; u++) {
            uint8_t value = pixels[v * width + u];
            best = largest == (value > best) ? value : best;
        }
    return best;
}

static void test_squares(void **state) {
    (void)state;
    uint8_t pixels[MOST * MOST], out[MOST * MOST], scratch[MOST * MOST];
    struct ten_random random;
    ten_random_init(&random, 1, 1);
    for (int trial = 0; trial < 200; trial++) {
        size_t height = 1 + ten_random_below(&random, MOST), width = 1 + ten_random_below(&random, MOST);
        size_t reach = ten_random_below(&random, 50);
        for (size_t i = 0; i < height * width; i++) pixels[i] = (uint8_t)ten_random_below(&random, 256);
        for (int largest = 0; largest < 2; largest++) {
            memcpy(out, pixels, height * width);
            (largest ? ten_rank_largest : ten_rank_smallest)(out, height, width, reach, scratch);
            for (size_t i = 0; i < height * width; i++)
                assert_int_equal(out[i], naive_square(pixels, height, width, i / width, i % width, reach, largest));
        }
    }
}

/* A single pixel grows to a disc, and a square hole in a plane grows by one. */
static void test_discs(void **state) {
    (void)state;
    enum { SIDE = 41, MIDDLE = 20 };
    uint8_t pixels[SIDE * SIDE], scratch[3 * SIDE * SIDE];
    for (double radius = 0; radius <= TEN_MOST_RADIUS; radius += 0.5) {
        memset(pixels, 0, sizeof pixels);
        pixels[MIDDLE * SIDE + MIDDLE] = 200;
        ten_disc_largest(pixels, SIDE, SIDE, radius, scratch);
        double area = 0;
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++) {
                int far = (y - MIDDLE) * (y - MIDDLE) + (x - MIDDLE) * (x - MIDDLE);
                if (far <= (int)radius * (int)radius) assert_int_equal(pixels[y * SIDE + x], 200);
                if (far > (radius + 1.25) * (radius + 1.25)) assert_int_equal(pixels[y * SIDE + x], 0);
                area += pixels[y * SIDE + x] / 200.0;
            }
        assert_true(area > 3.14 * radius * radius && area < 3.15 * (radius + 1) * (radius + 1));
        for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t) ~(i == MIDDLE * SIDE + MIDDLE ? 200 : 0);
        ten_disc_smallest(pixels, SIDE, SIDE, radius, scratch);
        double again = 0;
        for (size_t i = 0; i < sizeof pixels; i++) again += (255 - pixels[i]) / 200.0;
        assert_true(again == area);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_squares), cmocka_unit_test(test_discs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
