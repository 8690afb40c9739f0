/* Several digits: told apart, their strokes kept together, what is none left out. */
#include "draw.h"

#include "image/stroke.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE };

static struct ten_digits digits_of(const struct ten_image *image) {
    struct ten_digits digits;
    struct ten_error error;
    assert_ok(ten_image_to_digits(&digits, image, &error));
    for (size_t i = 0; i < digits.count; i++) {
        struct ten_box box = digits.digits[i].box;
        assert_true(box.width >= 1 && box.height >= 1);
        assert_true(box.x + box.width <= image->width && box.y + box.height <= image->height);
    }
    return digits;
}

/* Releases the picture. */
static void assert_count(const char *what, struct ten_image *image, size_t expected) {
    struct ten_digits digits = digits_of(image);
    if (digits.count != expected) fail_msg("%s: %zu digits, expected %zu", what, digits.count, expected);
    ten_digits_release(&digits);
    ten_image_release(image);
}

static double difference(const uint8_t *a, const uint8_t *b) {
    double sum = 0;
    for (size_t i = 0; i < PIXELS; i++) sum += abs(a[i] - b[i]);
    return sum / PIXELS;
}

/* The digit alone in a picture. */
static void alone(int digit, uint8_t *pixels) {
    struct ten_image image = draw_blank(200, 200, 0);
    draw_digit(&image, digit, 50, 50, 1, 6, 255);
    struct ten_digits digits = digits_of(&image);
    assert_int_equal(digits.count, 1);
    memcpy(pixels, digits.digits[0].pixels, PIXELS);
    ten_digits_release(&digits);
    ten_image_release(&image);
}

static void test_a_row(void **state) {
    (void)state;
    static const int row[] = {4, 0, 7, 1, 1, 5, 2};
    for (int kind = 0; kind < 3; kind++) {
        struct ten_image image = draw_blank(200, 900, kind ? 235 : 0);
        for (size_t i = 0; i < 7; i++)
            draw_digit(&image, row[i], 20 + 122 * (double)i, 40 + 9 * (double)(i % 3), 1, 6, kind ? 60 : 255);
        if (kind == 2) {
            draw_rules(&image, 33, 1.6, 0.01, true, 0.75);
            draw_noise(&image, 2, 3);
        }
        struct ten_digits digits = digits_of(&image);
        assert_int_equal(digits.count, 7);
        for (size_t i = 0; i < 7; i++) {
            uint8_t expected[PIXELS];
            alone(row[i], expected);
            double far = difference(digits.digits[i].pixels, expected);
            if (far > (kind == 2 ? 22 : 6)) fail_msg("kind %d, digit %zu: %.1f from the one alone", kind, i, far);
            assert_true(i == 0 || digits.digits[i].box.x > digits.digits[i - 1].box.x);
        }
        ten_digits_release(&digits);
        ten_image_release(&image);
    }
}

static void test_leaning_into_each_other(void **state) {
    (void)state;
    struct ten_image image = draw_blank(200, 300, 255);
    draw_line(&image, (struct point[]){{40, 40}, {150, 40}, {60, 160}}, 3, 6, 0);
    draw_line(&image, (struct point[]){{160, 60}, {130, 160}}, 2, 6, 0); /* a one that begins under the seven's bar */
    struct ten_digits digits = digits_of(&image);
    assert_int_equal(digits.count, 2);
    /* each has its own ink only: a one's leaning stroke is narrow in every row */
    for (size_t y = 0; y < SIDE; y++) {
        size_t wide = 0;
        for (size_t x = 0; x < SIDE; x++) wide += digits.digits[1].pixels[y * SIDE + x] > 0;
        assert_true(wide <= 6);
    }
    ten_digits_release(&digits);
    ten_image_release(&image);
}

static void test_strokes_of_one_digit(void **state) {
    (void)state;
    struct ten_image image = draw_blank(200, 200, 0); /* a five's bar, not joined to it */
    draw_line(&image, (struct point[]){{70, 60}, {70, 95}, {110, 110}, {100, 150}, {65, 150}}, 5, 5, 255);
    draw_line(&image, (struct point[]){{85, 52}, {125, 50}}, 2, 5, 255);
    assert_count("a five's bar", &image, 1);
    image = draw_blank(200, 200, 0); /* a four of two strokes that do not meet */
    draw_line(&image, (struct point[]){{80, 40}, {50, 110}, {104, 110}}, 3, 5, 255);
    draw_line(&image, (struct point[]){{120, 60}, {120, 170}}, 2, 5, 255);
    assert_count("a four", &image, 1);
    image = draw_blank(200, 200, 0); /* a ring with a gap at the top and another at the bottom */
    draw_line(&image, (struct point[]){{95, 40}, {70, 60}, {60, 100}, {70, 140}, {95, 158}}, 5, 6, 255);
    draw_line(&image, (struct point[]){{111, 40}, {134, 60}, {142, 100}, {134, 140}, {111, 158}}, 5, 6, 255);
    assert_count("a broken nought", &image, 1);
    image = draw_blank(200, 200, 0); /* a seven with a loose bar across */
    draw_line(&image, (struct point[]){{60, 40}, {140, 40}, {110, 90}}, 3, 5, 255);
    draw_line(&image, (struct point[]){{104, 104}, {80, 160}}, 2, 5, 255);
    assert_count("a broken seven", &image, 1);
    image = draw_blank(200, 200, 0);
    draw_line(&image, (struct point[]){{80, 40}, {80, 160}}, 2, 6, 255);
    draw_line(&image, (struct point[]){{112, 40}, {112, 160}}, 2, 6, 255);
    assert_count("eleven", &image, 2);
    image = draw_blank(200, 220, 0); /* a lower one, nearer to a nought than a stroke is wide */
    draw_line(&image, (struct point[]){{90, 40}, {60, 100}, {90, 160}, {120, 100}, {90, 40}}, 5, 6, 255);
    draw_line(&image, (struct point[]){{140, 60}, {140, 150}}, 2, 6, 255);
    assert_count("nought and one", &image, 2);
    image = draw_blank(200, 220, 0);
    draw_line(&image, (struct point[]){{60, 50}, {60, 150}}, 2, 6, 255);
    draw_line(&image, (struct point[]){{110, 40}, {80, 110}, {140, 110}}, 3, 6, 255);
    draw_line(&image, (struct point[]){{125, 60}, {125, 170}}, 2, 6, 255);
    assert_count("one and four", &image, 2);
}

static void test_what_is_no_digit(void **state) {
    (void)state;
    struct ten_image image = draw_blank(200, 400, 255);
    draw_digit(&image, 2, 60, 40, 1, 6, 0);
    draw_digit(&image, 5, 240, 40, 1, 6, 0);
    draw_line(&image, (struct point[]){{190, 140}, {194, 146}}, 2, 5, 0); /* a point */
    for (size_t i = 0; i < 60; i++) image.pixels[(i * 37 % 190 + 5) * 400 + i * 61 % 390 + 5] = 60;
    draw_line(&image, (struct point[]){{0, 20}, {0, 50}}, 2, 4, 0); /* of something else, cut by the border */
    assert_count("specks, points and scraps", &image, 2);
    image = draw_blank(300, 260, 255); /* in a form's frame */
    draw_line(&image, (struct point[]){{20, 20}, {240, 20}, {240, 280}, {20, 280}, {20, 20}}, 5, 1.5, 60);
    draw_digit(&image, 5, 80, 90, 1, 6, 0);
    struct ten_digits digits = digits_of(&image);
    assert_int_equal(digits.count, 1);
    assert_in_range(digits.digits[0].box.height, 105, 116);
    ten_digits_release(&digits);
    ten_image_release(&image);
    image = draw_blank(300, 300, 240); /* on a single line */
    draw_digit(&image, 5, 100, 90, 1, 6, 40);
    draw_line(&image, (struct point[]){{-5, 172}, {305, 168}}, 2, 1, 120);
    digits = digits_of(&image);
    assert_int_equal(digits.count, 1);
    assert_in_range(digits.digits[0].box.width, 70, 90);
    ten_digits_release(&digits);
    ten_image_release(&image);
}

static void test_nothing(void **state) {
    (void)state;
    for (int kind = 0; kind < 12; kind++) {
        char what[32];
        struct ten_image image = draw_blank(180 + 7 * (size_t)kind, 240, 225);
        if (kind % 3 == 1) draw_shade(&image, 0.5, kind);
        if (kind % 3 == 2) draw_shadow(&image, 0.55, kind, 3 + kind);
        if (kind / 3 % 4 == 1) draw_rules(&image, 29, 1.5, 0.01, false, 0.6);
        if (kind / 3 % 4 == 2) draw_rules(&image, 29, 1.5, -0.02, true, 0.6);
        if (kind / 3 % 4 != 3) draw_noise(&image, 2.5, (uint64_t)kind);
        snprintf(what, sizeof what, "nothing, kind %d", kind);
        assert_count(what, &image, 0);
    }
}

static void test_awkward_sizes(void **state) {
    (void)state;
    static const size_t sizes[][2] = {{1, 1}, {1, 2}, {2, 1}, {1, 300}, {300, 1}, {1, 16384}, {16384, 1}, {3, 5000}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int kind = 0; kind < 4; kind++) {
            struct ten_image image = draw_blank(sizes[i][0], sizes[i][1], kind == 1 ? 255 : kind == 2 ? 90 : 0);
            size_t count = image.height * image.width;
            for (size_t k = count / 3; kind == 3 && k < count / 2; k++) image.pixels[k] = 255;
            struct ten_digits digits = digits_of(&image);
            if (kind < 3) assert_int_equal(digits.count, 0);
            if (kind == 3 && count > 100) assert_int_equal(digits.count, 1);
            ten_digits_release(&digits);
            ten_image_release(&image);
        }
}

static void test_at_most_64(void **state) {
    (void)state;
    struct ten_image image = draw_blank(60, 3200, 255);
    for (size_t i = 0; i < 100; i++) draw_digit(&image, 1, 5 + 31.5 * (double)i, 8, 0.4 + 0.0005 * (double)i, 2, 0);
    struct ten_digits digits = digits_of(&image);
    assert_int_equal(digits.count, 64); /* those with most ink: the later ones */
    assert_true(digits.digits[0].box.x > 1000);
    for (size_t i = 1; i < 64; i++) assert_true(digits.digits[i].box.x > digits.digits[i - 1].box.x);
    ten_digits_release(&digits);
    ten_image_release(&image);
    ten_digits_release(NULL);
}

static void test_wrong_arguments(void **state) {
    (void)state;
    struct ten_digits digits;
    struct ten_error error;
    struct ten_image image = {0};
    assert_fails(ten_image_to_digits(&digits, &image, &error), TEN_INVALID, "0 x 0");
    assert_int_equal(digits.count, 0);
    assert_null(digits.digits);
}

/* A straight stroke as wide as is said, and what comes of it. */
static void test_stroke_widths(void **state) {
    (void)state;
    enum { GRID = 84 };
    static uint8_t pixels[GRID * GRID], scratch[3 * GRID * GRID];
    for (double width = 3; width < 16; width += 1.5) {
        struct ten_image image = draw_blank(GRID, GRID, 0);
        draw_line(&image, (struct point[]){{30, 12 + width / 2}, {54, 72 - width / 2}}, 2, width / 2, 255);
        memcpy(pixels, image.pixels, sizeof pixels);
        double spine = hypot(24, 60 - width), before = ten_stroke_width(pixels, GRID, GRID);
        double area = width * spine + M_PI / 4 * width * width, contour = 2 * spine + M_PI * width; /* of a capsule */
        if (fabs(before - 2 * area / contour) > 0.13 * width)
            fail_msg("%g: %g not %g", width, before, 2 * area / contour);
        ten_stroke_even(pixels, GRID, GRID, 60, 20, scratch);
        double now = ten_stroke_width(pixels, GRID, GRID), wanted = 2.45 * (60 - before) / (20 - 2.45);
        if (fabs(now - wanted) > 0.2 * wanted + 0.5) fail_msg("%g: %g not %g", width, now, wanted);
        ten_image_release(&image);
    }
    memset(pixels, 0, sizeof pixels);
    assert_true(ten_stroke_width(pixels, GRID, GRID) == 0);
    ten_stroke_even(pixels, GRID, GRID, 60, 20, scratch);
    for (size_t i = 0; i < sizeof pixels; i++) assert_int_equal(pixels[i], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_row),
        cmocka_unit_test(test_leaning_into_each_other),
        cmocka_unit_test(test_strokes_of_one_digit),
        cmocka_unit_test(test_what_is_no_digit),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_awkward_sizes),
        cmocka_unit_test(test_at_most_64),
        cmocka_unit_test(test_wrong_arguments),
        cmocka_unit_test(test_stroke_widths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
