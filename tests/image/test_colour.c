/* Colour to grey, and which way up a photo is. */
#include "test.h"

#include "image/colour.h"
#include "image/orient.h"

#include <stdlib.h>
#include <string.h>

enum { SIDE = 40, PIXELS = SIDE * SIDE };

/* A square of ink on a ground of colour, opaque; grey[PIXELS]. */
static void grey_of(const uint8_t ink[3], const uint8_t ground[3], uint8_t *grey) {
    uint8_t pixels[4 * PIXELS];
    for (size_t i = 0; i < PIXELS; i++) {
        bool inside = i / SIDE >= 15 && i / SIDE < 25 && i % SIDE >= 15 && i % SIDE < 25;
        memcpy(pixels + 4 * i, inside ? ink : ground, 3);
        pixels[4 * i + 3] = 255;
    }
    ten_colour_to_grey(pixels, SIDE, SIDE, TEN_RGBA);
    memcpy(grey, pixels, PIXELS);
}

static void test_ink_keeps_its_contrast(void **state) {
    (void)state;
    static const uint8_t pairs[][2][3] = {
        {{0, 0, 0}, {255, 255, 255}},     {{20, 30, 120}, {255, 255, 255}}, {{255, 235, 60}, {255, 255, 255}},
        {{250, 230, 30}, {0, 0, 0}},      {{215, 60, 50}, {128, 128, 128}}, {{30, 125, 40}, {200, 60, 60}},
        {{255, 0, 0}, {0, 76, 0}},        {{0, 0, 255}, {40, 20, 0}},       {{200, 80, 80}, {116, 116, 116}},
        {{255, 255, 0}, {200, 255, 255}},
    };
    uint8_t grey[PIXELS];
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        grey_of(pairs[i][0], pairs[i][1], grey);
        int contrast = abs(grey[20 * SIDE + 20] - grey[0]);
        if (contrast < 40) fail_msg("pair %zu: contrast %d", i, contrast);
    }
}

static void test_luma_where_it_will_do(void **state) {
    (void)state;
    uint8_t grey[PIXELS];
    grey_of((uint8_t[]){20, 30, 120}, (uint8_t[]){255, 255, 255}, grey);
    assert_int_equal(grey[0], 255);
    assert_int_equal(grey[20 * SIDE + 20], (6968 * 20 + 23434 * 30 + 2366 * 120) >> 15);
    grey_of((uint8_t[]){77, 77, 77}, (uint8_t[]){78, 78, 78}, grey); /* grey stays what it is */
    assert_int_equal(grey[0], 78);
    assert_int_equal(grey[20 * SIDE + 20], 77);
}

static void test_jpeg_colours(void **state) {
    (void)state;
    uint8_t pixels[3 * PIXELS];
    for (int alike = 0; alike < 2; alike++) {
        for (size_t i = 0; i < PIXELS; i++) {
            bool inside = i / SIDE >= 15 && i / SIDE < 25 && i % SIDE >= 15 && i % SIDE < 25;
            pixels[3 * i] = inside && !alike ? 60 : 130; /* the luma is the same, or not */
            pixels[3 * i + 1] = inside ? 80 : 128;
            pixels[3 * i + 2] = 128;
        }
        ten_colour_to_grey(pixels, SIDE, SIDE, TEN_YCC);
        int contrast = abs(pixels[20 * SIDE + 20] - pixels[0]);
        assert_true(alike ? contrast > 30 : contrast == 70);
    }
}

static void test_single_pixels(void **state) {
    (void)state;
    uint8_t one[4] = {10, 200, 30, 255}, two[2] = {90, 128};
    ten_colour_to_grey(one, 1, 1, TEN_RGBA);
    assert_int_equal(one[0], (6968 * 10 + 23434 * 200 + 2366 * 30) >> 15);
    ten_colour_to_grey(two, 1, 1, TEN_GREY_ALPHA);
    assert_int_equal(two[0], (90 * 128 + 255 * 127 + 127) / 255);
}

/* ---- Orientation ------------------------------------------------------------------------------------------ */

static void test_orientations(void **state) {
    (void)state;
    /* the picture upright is 2 x 3: 1 2 3 / 4 5 6; as each orientation stores it (Exif 2.3, table 6) */
    static const uint8_t upright[] = {1, 2, 3, 4, 5, 6};
    static const struct {
        size_t height, width;
        uint8_t pixels[6];
    } stored[] = {{2, 3, {1, 2, 3, 4, 5, 6}}, {2, 3, {3, 2, 1, 6, 5, 4}}, {2, 3, {6, 5, 4, 3, 2, 1}},
                  {2, 3, {4, 5, 6, 1, 2, 3}}, {3, 2, {1, 4, 2, 5, 3, 6}}, {3, 2, {3, 6, 2, 5, 1, 4}},
                  {3, 2, {6, 3, 5, 2, 4, 1}}, {3, 2, {4, 1, 5, 2, 6, 3}}};
    for (int i = 0; i < 8; i++) {
        uint8_t out[6];
        size_t height = stored[i].height, width = stored[i].width;
        ten_turn_upright(stored[i].pixels, &height, &width, i + 1, out);
        assert_int_equal(height, 2);
        assert_int_equal(width, 3);
        assert_memory_equal(out, upright, 6);
    }
}

static void test_exif(void **state) {
    (void)state;
    static const uint8_t big[] = {'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0,    0, 0, 8, 0, 2, 1, 15, 0,
                                  2,   0,   0,   0,   1, 0, 0,   0,   0, 1,  0x12, 0, 3, 0, 0, 0, 1, 0,  6};
    static const uint8_t little[] = {'E', 'x', 'i',  'f', 0, 0, 'I', 'I', 42, 0, 8, 0, 0, 0,
                                     1,   0,   0x12, 1,   3, 0, 1,   0,   0,  0, 8, 0, 0, 0};
    assert_int_equal(ten_exif_orientation(big, sizeof big), 6);
    assert_int_equal(ten_exif_orientation(little, sizeof little), 8);
    for (size_t size = 0; size + 1 < sizeof big; size++) { /* cut anywhere */
        uint8_t *cut = malloc(size + !size);
        memcpy(cut, big, size);
        assert_int_equal(ten_exif_orientation(cut, size), 1);
        free(cut);
    }
    uint8_t odd[sizeof little];
    memcpy(odd, little, sizeof little);
    odd[24] = 9; /* no orientation */
    assert_int_equal(ten_exif_orientation(odd, sizeof odd), 1);
    memcpy(odd, little, sizeof little);
    memset(odd + 10, 255, 4); /* a directory beyond the end */
    assert_int_equal(ten_exif_orientation(odd, sizeof odd), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ink_keeps_its_contrast), cmocka_unit_test(test_luma_where_it_will_do),
        cmocka_unit_test(test_jpeg_colours),           cmocka_unit_test(test_single_pixels),
        cmocka_unit_test(test_orientations),           cmocka_unit_test(test_exif),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
