/* Ink and ground: polarity, uneven light, shadows, printed lines. What is drawn must come out as ink, the rest as none.
 */
#include "draw.h"

#include "image/sheet.h"
#include "image/surface.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The sheet of a picture, with its levels. */
static struct ten_sheet sheet_of(const struct ten_image *image) {
    struct ten_sheet sheet;
    struct ten_error error;
    assert_ok(ten_sheet_make(&sheet, image, &error));
    assert_ok(ten_sheet_subtract_ground(&sheet, &error));
    ten_sheet_find_levels(&sheet);
    return sheet;
}

/* The share of pixels that are rightly ink (at least `high`) or ground (below `low`): ink is where `truth`, drawn in
 * white on black, is white, and edges do not count. */
static double right_share(const struct ten_sheet *sheet, const struct ten_image *truth) {
    size_t right = 0, all = 0;
    for (size_t i = 0; i < sheet->height * sheet->width; i++) {
        if (truth->pixels[i] != 0 && truth->pixels[i] != 255) continue;
        right += truth->pixels[i] ? sheet->ink[i] >= sheet->high : sheet->ink[i] < sheet->low;
        all++;
    }
    return (double)right / (double)all;
}

static struct ten_image white_five(size_t side, double radius) {
    struct ten_image truth = draw_blank(side, side, 0);
    draw_digit(&truth, 5, (double)side * 0.25, (double)side * 0.25, (double)side * 0.005, radius, 255);
    return truth;
}

/* Ink of one level on ground of another where the truth is white. */
static struct ten_image print(const struct ten_image *truth, double ground, double ink) {
    struct ten_image image = draw_blank(truth->height, truth->width, 0);
    for (size_t i = 0; i < truth->height * truth->width; i++)
        image.pixels[i] = (uint8_t)lrint(ground + (ink - ground) * truth->pixels[i] / 255);
    return image;
}

static void check(const char *what, struct ten_image *image, const struct ten_image *truth, double least) {
    struct ten_sheet sheet = sheet_of(image);
    double share = right_share(&sheet, truth);
    if (!(share >= least)) fail_msg("%s: %.4f of the pixels are right, expected %.4f", what, share, least);
    ten_sheet_release(&sheet);
    ten_image_release(image);
}

static void test_polarity(void **state) {
    (void)state;
    static const uint8_t levels[][2] = {{255, 0}, {0, 255}, {220, 100}, {90, 180}, {255, 225}, {10, 35}, {128, 160}};
    struct ten_image truth = white_five(200, 5);
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        for (int noisy = 0; noisy < 2; noisy++) {
            struct ten_image image = print(&truth, levels[i][0], levels[i][1]);
            if (noisy) draw_noise(&image, 1.5, i);
            check("polarity", &image, &truth, 0.999);
        }
    ten_image_release(&truth);
}

static void test_pens(void **state) {
    (void)state;
    for (double radius = 1; radius < 16; radius *= 1.5)
        for (int dark = 0; dark < 2; dark++) {
            struct ten_image truth = white_five(200, radius), image = print(&truth, dark ? 210 : 60, dark ? 70 : 200);
            draw_noise(&image, 3, 7);
            check("pens", &image, &truth, 0.99);
            ten_image_release(&truth);
        }
}

static void test_uneven_light(void **state) {
    (void)state;
    struct ten_image truth = white_five(240, 5);
    for (double direction = 0; direction < 6.2; direction += 0.7) {
        struct ten_image image = print(&truth, 240, 120);
        draw_shade(&image, 0.35, direction); /* the darker side's paper is darker than the lighter side's ink */
        draw_noise(&image, 2, 1);
        check("a slope of light", &image, &truth, 0.99);
    }
    ten_image_release(&truth);
}

static void test_shadows(void **state) {
    (void)state;
    struct ten_image truth = white_five(240, 5);
    for (double direction = 0.3; direction < 6.2; direction += 0.7)
        for (double soft = 1; soft < 10; soft += 4) {
            struct ten_image image = print(&truth, 230, 80);
            draw_shadow(&image, 0.5, direction, soft);
            draw_noise(&image, 2, 1);
            struct ten_sheet sheet = sheet_of(&image);
            double share = right_share(&sheet, &truth); /* the shadow's corner at the border may count as ink */
            if (!(share > 0.95)) fail_msg("shadow towards %.1f, %g soft: %.4f", direction, soft, share);
            ten_sheet_release(&sheet);
            ten_image_release(&image);
        }
    ten_image_release(&truth);
}

static void test_rules(void **state) {
    (void)state;
    struct ten_error error;
    for (int squared = 0; squared < 2; squared++)
        for (double slope = -0.04; slope < 0.05; slope += 0.02) {
            struct ten_image truth = white_five(260, 5), image = print(&truth, 235, 60);
            draw_rules(&image, 31, 1.6, slope, squared, 0.7);
            draw_noise(&image, 2, 1);
            struct ten_sheet sheet = sheet_of(&image);
            double before = right_share(&sheet, &truth);
            size_t found;
            assert_ok(ten_sheet_remove_rules(&sheet, &found, &error));
            assert_in_range(found, 5, squared ? 24 : 12);
            assert_true(fabs(sheet.rule_gap - 31) < 8);
            ten_sheet_find_levels(&sheet);
            double share = right_share(&sheet, &truth);
            assert_true(before < 0.97);
            if (!(share > 0.985)) fail_msg("squared %d, slope %.2f: %.4f", squared, slope, share);
            ten_sheet_release(&sheet);
            ten_image_release(&image);
            ten_image_release(&truth);
        }
}

static void test_strokes_are_no_rules(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_image image = draw_blank(200, 200, 255);
    draw_digit(&image, 7, 40, 40, 1.2, 6, 0);
    struct ten_sheet sheet = sheet_of(&image);
    size_t found, count = 0;
    assert_ok(ten_sheet_remove_rules(&sheet, &found, &error));
    assert_int_equal(found, 0);
    for (size_t i = 0; i < 200 * 200; i++) count += sheet.ink[i] != 255 - image.pixels[i] && image.pixels[i] < 250;
    assert_int_equal(count, 0); /* nothing was touched */
    ten_sheet_release(&sheet);
    ten_image_release(&image);
}

static void test_surface(void **state) {
    (void)state;
    enum { HEIGHT = 60, WIDTH = 80 };
    uint8_t pixels[HEIGHT * WIDTH];
    struct ten_surface surface;
    for (size_t i = 0; i < HEIGHT * WIDTH; i++) {
        double u = 2.0 * (double)(i % WIDTH) / (WIDTH - 1) - 1, v = 2.0 * (double)(i / WIDTH) / (HEIGHT - 1) - 1;
        pixels[i] = (uint8_t)lrint(150 + 40 * u - 30 * v - 20 * u * u + 10 * u * v);
        if (i % WIDTH > 35 && i % WIDTH < 42) pixels[i] = 20; /* ink */
    }
    assert_true(ten_surface_fit(&surface, pixels, HEIGHT, WIDTH));
    static const double expected[] = {150, 40, -30, -20, 10, 0};
    for (int i = 0; i < 6; i++) assert_true(fabs(surface.terms[i] - expected[i]) < 1.5);
    ten_surface_subtract(&surface, pixels, HEIGHT, WIDTH);
    for (size_t i = 0; i < HEIGHT * WIDTH; i++)
        if (i % WIDTH < 36 || i % WIDTH > 41) assert_in_range(pixels[i], 141, 146);     /* 150 - 20 / 3 */
    for (size_t i = 0; i < HEIGHT * WIDTH; i++) pixels[i] = i % WIDTH < 40 ? 200 : 110; /* no smooth light */
    assert_false(ten_surface_fit(&surface, pixels, HEIGHT, WIDTH));
    for (size_t i = 0; i < HEIGHT * WIDTH; i++) pixels[i] = 90;
    assert_false(ten_surface_fit(&surface, pixels, HEIGHT, WIDTH));
    uint8_t one = 7;
    assert_false(ten_surface_fit(&surface, &one, 1, 1));
}

static void test_large_pictures_shrink(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_image image = draw_blank(3001, 2003, 200);
    for (size_t y = 0; y < 3001; y++)
        for (size_t x = 0; x < 2003; x++) image.pixels[y * 2003 + x] = (uint8_t)(x / 3 % 2 ? 100 : 200);
    struct ten_sheet sheet;
    assert_ok(ten_sheet_make(&sheet, &image, &error));
    assert_int_equal(sheet.factor, 3);
    assert_int_equal(sheet.height, 1001);
    assert_int_equal(sheet.width, 668);
    for (size_t i = 0; i < sheet.height * sheet.width; i++)
        assert_int_equal(sheet.ink[i], i % sheet.width % 2 ? 100 : 200);
    struct ten_box box = ten_sheet_box(&sheet, (struct ten_box){660, 990, 8, 11}, &image);
    assert_int_equal(box.x + box.width, 2003); /* cut at the picture's edge */
    assert_int_equal(box.y + box.height, 3001);
    ten_sheet_release(&sheet);
    ten_image_release(&image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_polarity),     cmocka_unit_test(test_pens),
        cmocka_unit_test(test_uneven_light), cmocka_unit_test(test_shadows),
        cmocka_unit_test(test_rules),        cmocka_unit_test(test_strokes_are_no_rules),
        cmocka_unit_test(test_surface),      cmocka_unit_test(test_large_pictures_shrink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
