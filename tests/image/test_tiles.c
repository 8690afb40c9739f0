/* Tiles: where every value stands, its colour at known places of the scale, scales and grids for all kinds of numbers.
 */
#include "test.h"

#include "image/tiles.h"

#include <stdlib.h>

static uint32_t pixel(const struct ten_canvas *canvas, size_t y, size_t x) {
    const uint8_t *p = canvas->pixels + 3 * (y * canvas->width + x);
    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

/* ---- Drawing ---- */

/* Three tiles of 2x3, their values between those of each other, as a network's channels are. */
static void test_places(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_canvas canvas;
    float values[2 * 3 * 3];
    for (size_t i = 0; i < 18; i++) values[i] = (float)i * 15;
    struct ten_tiles tiles = {3, 2, 3, values, 1, 3};
    struct ten_grid grid = {.columns = 2, .rows = 2, .factor = 4, .gap = 5};
    struct ten_colours greys = {0, 255, false};
    assert_ok(ten_canvas_new(&canvas, 40, 50, 0x123456, &error));
    ten_tiles_draw(&canvas, &tiles, &grid, &greys, 3, 7);
    size_t covered = 0;
    for (size_t y = 0; y < canvas.height; y++)
        for (size_t x = 0; x < canvas.width; x++) covered += pixel(&canvas, y, x) != 0x123456;
    assert_int_equal(covered, 18 * 16);
    for (size_t i = 0; i < 3; i++)
        for (size_t y = 0; y < 2; y++)
            for (size_t x = 0; x < 3; x++)
                for (size_t corner = 0; corner < 4; corner++) {
                    size_t top = 3 + 5 + i / 2 * (8 + 5) + 4 * y, left = 7 + 5 + i % 2 * (12 + 5) + 4 * x;
                    uint32_t grey = (uint32_t)values[(y * 3 + x) * 3 + i];
                    assert_int_equal(pixel(&canvas, top + corner / 2 * 3, left + corner % 2 * 3), grey * 0x010101);
                }
    ten_tiles_draw(&canvas, &tiles, &grid, &greys, 30, 40); /* over the edges */
    ten_tiles_draw(&canvas, &tiles, &grid, &greys, 400, 400);
    ten_canvas_release(&canvas);
    assert_null(canvas.pixels);
    ten_canvas_release(NULL);
}

static uint32_t colour(float value, struct ten_colours colours) {
    struct ten_canvas canvas;
    struct ten_error error;
    struct ten_tiles tiles = {1, 1, 1, &value, 0, 1};
    struct ten_grid grid = {.columns = 1, .rows = 1, .factor = 1};
    assert_ok(ten_canvas_new(&canvas, 1, 1, 0x00ff00, &error));
    ten_tiles_draw(&canvas, &tiles, &grid, &colours, 0, 0);
    uint32_t result = pixel(&canvas, 0, 0);
    ten_canvas_release(&canvas);
    return result;
}

static void test_colours(void **state) {
    (void)state;
    struct ten_colours greys = {-2, 2, false}, signs = {-2, 2, true}, none = {0, 0, true};
    assert_int_equal(colour(-2, greys), 0x000000);
    assert_int_equal(colour(0, greys), 0x808080);
    assert_int_equal(colour(2, greys), 0xffffff);
    assert_int_equal(colour(-3, greys), 0x000000);
    assert_int_equal(colour(3e38F, greys), 0xffffff);
    assert_int_equal(colour(-2, signs), 0x053061);
    assert_int_equal(colour(-1.2F, signs), 0x4393c3); /* the scale has a colour for every 0.4 */
    assert_int_equal(colour(0, signs), 0xf7f7f7);
    assert_int_equal(colour(2, signs), 0x67001f);
    assert_int_equal(colour(-3e38F, signs), 0x053061);
    assert_int_equal(colour(0, none), 0xf7f7f7);
    none.diverging = false;
    assert_int_equal(colour(0, none), 0x000000);
}

/* ---- Scales ---- */

static void test_scales(void **state) {
    (void)state;
    float values[1000];
    for (size_t i = 0; i < 1000; i++) values[i] = (float)(i % 100);
    struct ten_tiles tiles = {10, 10, 10, values, 100, 1};
    struct ten_colours c = ten_colours_for(&tiles, true, 0);
    assert_true(!c.diverging && c.low == 0 && c.high == 99); /* nothing below 0 */
    values[0] = -400;
    c = ten_colours_for(&tiles, true, 0);
    assert_true(c.diverging && c.low == -400 && c.high == 400);
    c = ten_colours_for(&tiles, false, 0);
    assert_true(!c.diverging && c.low == -400 && c.high == 99);
    c = ten_colours_for(&tiles, true, 0.005); /* the one may lie beyond, and three of those of 99, but not all ten */
    assert_true(c.diverging && c.low == -c.high && c.high >= 99 && c.high < 99.5F);
    c = ten_colours_for(&tiles, true, 0.05); /* about four tenths of a hundredth each */
    assert_true(c.high >= 95 && c.high < 96.5F);
    for (size_t i = 0; i < 1000; i++) values[i] = 0;
    c = ten_colours_for(&tiles, true, 0.01);
    assert_true(!c.diverging && c.low == 0 && c.high == 0);
    values[3] = 3e38F;
    values[4] = -3e38F;
    c = ten_colours_for(&tiles, true, 0);
    assert_true(c.diverging && c.high == 1e38F && c.low == -1e38F);
    values[4] = 1e-45F; /* the least float there is */
    values[3] = 0;
    c = ten_colours_for(&tiles, true, 0.01);
    assert_true(c.low == 0 && c.high >= 0 && c.high <= 1e-45F);
}

/* ---- Grids ---- */

static void test_grids(void **state) {
    (void)state;
    static const struct {
        size_t count, height, width, columns, rows, factor;
    } cases[] = {
        {1, 28, 28, 1, 1, 3}, {32, 3, 3, 8, 4, 24},      {64, 5, 5, 8, 8, 19},    {6, 28, 28, 3, 2, 3},
        {7, 4, 4, 3, 3, 24},  {256, 28, 28, 16, 16, 2},  {128, 1, 1, 16, 8, 24},  {10, 1, 1, 5, 2, 24},
        {2, 300, 9, 2, 1, 1}, {1024, 20, 20, 32, 32, 1}, {120, 1, 1, 12, 10, 24}, {1, 1024, 1024, 1, 1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ten_tiles tiles = {cases[i].count, cases[i].height, cases[i].width, NULL, 0, 0};
        struct ten_grid grid = ten_grid_for(&tiles);
        if (grid.columns != cases[i].columns || grid.rows != cases[i].rows || grid.factor != cases[i].factor)
            fail_msg("%zu tiles of %zux%zu: %zu columns, %zu rows, factor %zu", cases[i].count, cases[i].height,
                     cases[i].width, grid.columns, grid.rows, grid.factor);
        assert_int_equal(grid.height, grid.rows * (cases[i].height * grid.factor + grid.gap) + grid.gap);
        assert_int_equal(grid.width, grid.columns * (cases[i].width * grid.factor + grid.gap) + grid.gap);
    }
    for (size_t count = 1; count < 2000; count++) { /* all find a place, and no row is empty */
        struct ten_grid grid = ten_grid_for(&(struct ten_tiles){count, 2, 2, NULL, 0, 0});
        assert_true(grid.columns * grid.rows >= count && grid.columns * (grid.rows - 1) < count);
    }
}

/* ---- PNG ---- */

/* The decoder gives greys, of which black, white and the size are enough. */
static void test_png(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_canvas canvas;
    struct ten_image image;
    uint8_t *bytes;
    size_t size;
    assert_ok(ten_canvas_new(&canvas, 3, 5, 0x000000, &error));
    canvas.pixels[3 * 7] = canvas.pixels[3 * 7 + 1] = canvas.pixels[3 * 7 + 2] = 255;
    assert_ok(ten_canvas_encode_png(&canvas, &bytes, &size, &error));
    assert_int_equal(bytes[25], 2); /* the header's kind of colour: red, green, blue */
    assert_ok(ten_image_decode(&image, bytes, size, "tiles", &error));
    assert_true(image.height == 3 && image.width == 5);
    for (size_t i = 0; i < 15; i++) assert_int_equal(image.pixels[i], i == 7 ? 255 : 0);
    free(bytes);
    ten_image_release(&image);
    ten_canvas_release(&canvas);
    assert_fails(ten_canvas_new(&canvas, 16385, 5, 0, &error), TEN_INVALID, "expected 1 to 16384 a side");
    assert_null(canvas.pixels);
    assert_fails(ten_canvas_new(&canvas, 0, 5, 0, &error), TEN_INVALID, "expected 1 to 16384 a side");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places), cmocka_unit_test(test_colours), cmocka_unit_test(test_scales),
        cmocka_unit_test(test_grids),  cmocka_unit_test(test_png),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
