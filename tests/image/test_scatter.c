/* Points as a picture: each in its colour where it belongs, upward and to scale, nothing outside. */
#include "test.h"

#include "image/scatter.h"

#include <stdlib.h>

static uint32_t pixel(const struct ten_canvas *canvas, size_t y, size_t x) {
    const uint8_t *p = canvas->pixels + 3 * (y * canvas->width + x);
    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

/* Four fifths of the colour over white. */
static uint32_t over_white(uint32_t colour) {
    uint32_t mixed = 0;
    for (int shift = 0; shift <= 16; shift += 8)
        mixed |= (uint32_t)(255 + 0.8 * ((double)(colour >> shift & 0xff) - 255) + 0.5) << shift;
    return mixed;
}

static void test_places(void **state) {
    (void)state;
    enum { SIDE = 500, RADIUS = 5, EDGE = 3 * RADIUS }; /* of few points */
    const float points[] = {-1, 0, 3, 0, 1, 1};         /* left, right, and in the middle a quarter of the width up */
    const uint8_t labels[] = {0, 3, 9};
    const uint32_t colours[] = {0x1f77b4, 0xd62728, 0x17becf};
    const size_t across[] = {EDGE, SIDE - EDGE, SIDE / 2}, up = (SIDE - 2 * EDGE) / 8;
    const size_t down[] = {SIDE / 2 + up, SIDE / 2 + up, SIDE / 2 - up};
    struct ten_canvas canvas;
    struct ten_error error;
    assert_ok(ten_canvas_new(&canvas, SIDE, SIDE, 0xffffff, &error));
    ten_scatter_draw(&canvas, points, labels, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pixel(&canvas, down[i], across[i]), over_white(colours[i]));
        assert_int_equal(pixel(&canvas, down[i] + RADIUS + 2, across[i]), 0xffffff);
    }
    size_t covered = 0;
    for (size_t y = 0; y < SIDE; y++)
        for (size_t x = 0; x < SIDE; x++) covered += pixel(&canvas, y, x) != 0xffffff;
    assert_in_range(covered, 3 * 75, 3 * 115); /* three discs of a radius of 5 and their soft edges */
    ten_canvas_release(&canvas);
}

/* One point, or all in one place, stand in the middle, of any shape of canvas. */
static void test_one_place(void **state) {
    (void)state;
    const float points[] = {7, 7, 7, 7};
    const uint8_t labels[] = {2, 2};
    struct ten_canvas canvas;
    struct ten_error error;
    for (size_t count = 0; count <= 2; count++) {
        assert_ok(ten_canvas_new(&canvas, 60, 101, 0xffffff, &error));
        ten_scatter_draw(&canvas, points, labels, count);
        assert_true((pixel(&canvas, 30, 50) != 0xffffff) == (count > 0));
        assert_int_equal(pixel(&canvas, 10, 10), 0xffffff);
        ten_canvas_release(&canvas);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_places), cmocka_unit_test(test_one_place)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
