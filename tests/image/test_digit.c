/* From a picture to a digit: strokes drawn here on clean, dark, noisy, shaded and dirty ground must give nearly the
 * same digit, and nothing drawn must give nothing. */
#include "draw.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE };

/* A seven in the middle of 200 x 200. */
static const struct point seven[] = {{60, 50}, {140, 50}, {90, 150}};

static void draw_seven(struct ten_image *image, double level) { draw_line(image, seven, 3, 7, level); }

static struct ten_box digit_of(const struct ten_image *image, uint8_t digit[PIXELS]) {
    struct ten_error error;
    struct ten_box box;
    memset(digit, 77, PIXELS);
    assert_ok(ten_image_to_digit(image, digit, &box, &error));
    return box;
}

/* Mean difference of two digits, in grey levels. */
static double difference(const uint8_t *a, const uint8_t *b) {
    double sum = 0;
    for (size_t i = 0; i < PIXELS; i++) sum += abs(a[i] - b[i]);
    return sum / PIXELS;
}

static void assert_near(size_t value, size_t expected, size_t tolerance) {
    assert_in_range(value + tolerance, expected, expected + 2 * tolerance);
}

static void assert_box_near(struct ten_box box, size_t x, size_t y, size_t width, size_t height, size_t tolerance) {
    assert_near(box.x, x, tolerance);
    assert_near(box.y, y, tolerance);
    assert_near(box.width, width, 2 * tolerance);
    assert_near(box.height, height, 2 * tolerance);
}

/* What the seven looks like when all goes well. */
static void reference(uint8_t digit[PIXELS]) {
    struct ten_image image = draw_blank(200, 200, 0);
    draw_seven(&image, 255);
    digit_of(&image, digit);
    ten_image_release(&image);
}

/* ---- Form --------------------------------------------------------------------------------------------- */

static void test_size_and_place(void **state) {
    (void)state;
    uint8_t digit[PIXELS];
    struct ten_image image = draw_blank(200, 200, 0);
    draw_seven(&image, 255);
    struct ten_box box = digit_of(&image, digit);
    assert_box_near(box, 53, 43, 94, 114, 1);
    size_t top = SIDE, bottom = 0, left = SIDE, right = 0;
    double mass = 0, x = 0, y = 0, most = 0;
    for (size_t i = 0; i < PIXELS; i++) {
        if (!digit[i]) continue;
        top = i / SIDE < top ? i / SIDE : top, bottom = i / SIDE;
        left = i % SIDE < left ? i % SIDE : left, right = i % SIDE > right ? i % SIDE : right;
        mass += digit[i], x += digit[i] * (double)(i % SIDE), y += digit[i] * (double)(i / SIDE);
        most = fmax(most, digit[i]);
    }
    assert_int_equal(bottom - top + 1, 20);
    assert_in_range(right - left + 1, 16, 17);
    assert_true(fabs(x / mass - 14) <= 0.51 && fabs(y / mass - 14) <= 0.51); /* as in MNIST */
    assert_true(most == 255);
    ten_image_release(&image);
}

static void test_place_and_size_do_not_matter(void **state) {
    (void)state;
    uint8_t expected[PIXELS], digit[PIXELS];
    reference(expected);
    for (int scale = 1; scale <= 3; scale++) {
        struct ten_image image = draw_blank(700, 500, 0);
        struct point points[3];
        for (size_t i = 0; i < 3; i++) points[i] = (struct point){seven[i].x * scale + 10, seven[i].y * scale + 10};
        draw_line(&image, points, 3, 7 * scale, 255);
        digit_of(&image, digit);
        assert_true(difference(digit, expected) < 4);
        ten_image_release(&image);
    }
}

/* How much ink lies in a row, in pixels of full ink. */
static double ink_of_row(const uint8_t *digit, size_t y) {
    double sum = 0;
    for (size_t x = 0; x < SIDE; x++) sum += digit[y * SIDE + x];
    return sum / 255;
}

static void test_proportions_stay(void **state) {
    (void)state;
    uint8_t digit[PIXELS];
    struct ten_image image = draw_blank(280, 280, 0); /* a loop twice as high as wide */
    draw_line(&image, (struct point[]){{100, 60}, {180, 60}, {180, 220}, {100, 220}, {100, 60}}, 5, 7, 255);
    digit_of(&image, digit);
    size_t left = SIDE, right = 0, top = SIDE, bottom = 0;
    for (size_t i = 0; i < PIXELS; i++) {
        if (digit[i] < 64) continue;
        left = i % SIDE < left ? i % SIDE : left, right = i % SIDE > right ? i % SIDE : right;
        top = i / SIDE < top ? i / SIDE : top, bottom = i / SIDE;
    }
    assert_int_equal(bottom - top + 1, 20);
    assert_in_range(right - left + 1, 10, 12);
    ten_image_release(&image);
}

static void test_pens_are_evened(void **state) {
    (void)state;
    uint8_t digit[PIXELS];
    for (double radius = 1; radius <= 14; radius *= 1.7) {
        struct ten_image image = draw_blank(280, 280, 255);
        draw_line(&image, (struct point[]){{140, 50}, {140, 230}}, 2, radius, 0);
        digit_of(&image, digit);
        assert_true(ink_of_row(digit, 14) > 1.9 &&
                    ink_of_row(digit, 14) < 3.6); /* the pens would be 0.2 to 2.6 pixels wide */
        ten_image_release(&image);
    }
}

/* ---- Ground ------------------------------------------------------------------------------------------- */

static void test_polarity(void **state) {
    (void)state;
    uint8_t expected[PIXELS], digit[PIXELS];
    reference(expected);
    static const uint8_t levels[][2] = {{255, 0}, {0, 255}, {220, 100}, {90, 180}, {255, 225}, {10, 35}};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        struct ten_image image = draw_blank(200, 200, levels[i][0]);
        draw_seven(&image, levels[i][1]);
        assert_box_near(digit_of(&image, digit), 53, 43, 94, 114, 1);
        assert_true(difference(digit, expected) < 2);
        ten_image_release(&image);
    }
}

static void test_uneven_light_and_noise(void **state) {
    (void)state;
    uint8_t expected[PIXELS], digit[PIXELS];
    reference(expected);
    for (int direction = 0; direction < 4; direction++) {
        struct ten_image image = draw_blank(200, 200, 255);
        draw_seven(&image, 150);
        struct ten_random random;
        ten_random_init(&random, 5, (uint64_t)direction);
        for (size_t y = 0; y < 200; y++)
            for (size_t x = 0; x < 200; x++) { /* the darker side's paper is darker than the lighter side's ink */
                double along[] = {(double)x, 199 - (double)x, (double)y, (double)(x + y) / 2};
                double noise = 8 * (ten_random_unit(&random) - 0.5);
                uint8_t *pixel = &image.pixels[y * 200 + x];
                *pixel = (uint8_t)lrint(*pixel * (0.95 - 0.6 * along[direction] / 199) + noise);
            }
        assert_box_near(digit_of(&image, digit), 53, 43, 94, 114, 2);
        assert_true(difference(digit, expected) < 6);
        ten_image_release(&image);
    }
}

static void test_specks_and_scraps(void **state) {
    (void)state;
    uint8_t expected[PIXELS], digit[PIXELS];
    reference(expected);
    struct ten_image image = draw_blank(200, 200, 240);
    draw_seven(&image, 20);
    for (size_t i = 0; i < 30; i++) image.pixels[(i * 37 % 190 + 5) * 200 + i * 61 % 190 + 5] = 40;
    draw_line(&image, (struct point[]){{20, 180}, {24, 180}}, 2, 2, 20);
    draw_line(&image, (struct point[]){{0, 20}, {0, 60}}, 2, 4, 20); /* of something else, cut by the border */
    assert_box_near(digit_of(&image, digit), 53, 43, 94, 114, 3);
    assert_true(difference(digit, expected) < 6);
    ten_image_release(&image);
}

static void test_loose_strokes_belong(void **state) {
    (void)state;
    uint8_t digit[PIXELS];
    struct ten_image image = draw_blank(200, 200, 0);
    draw_line(&image, (struct point[]){{70, 60}, {70, 95}, {110, 110}, {100, 150}, {65, 150}}, 5, 5, 255);
    draw_line(&image, (struct point[]){{90, 55}, {125, 55}}, 2, 5, 255); /* a five's bar, not joined to it */
    assert_box_near(digit_of(&image, digit), 60, 50, 70, 105, 1);
    ten_image_release(&image);
}

static void test_ink_at_the_border(void **state) {
    (void)state;
    uint8_t digit[PIXELS], whole[PIXELS];
    struct ten_image tight = draw_blank(60, 30, 0), loose = draw_blank(120, 90, 0);
    draw_line(&tight, (struct point[]){{26, 0}, {4, 30}, {26, 59}, {4, 59}}, 4, 4, 255);
    draw_line(&loose, (struct point[]){{56, 30}, {34, 60}, {56, 89}, {34, 89}}, 4, 4, 255);
    for (size_t y = 0; y < 120; y++) /* the same, cut where the tight picture ends */
        for (size_t x = 0; x < 90; x++)
            if (x < 30 || x >= 60 || y < 30 || y >= 90) loose.pixels[y * 90 + x] = 0;
    digit_of(&tight, digit);
    digit_of(&loose, whole);
    double least = 255; /* the centre may lie just between two pixels */
    for (size_t move = 0; move < 3; move++) {
        uint8_t moved[PIXELS + 2 * SIDE] = {0};
        memcpy(moved + move * SIDE, whole, PIXELS);
        least = fmin(least, difference(digit, moved + SIDE));
    }
    assert_true(least < 3);
    ten_image_release(&tight);
    ten_image_release(&loose);
}

/* ---- Nothing, and next to nothing --------------------------------------------------------------------- */

static void assert_nothing(const struct ten_image *image) {
    uint8_t digit[PIXELS];
    struct ten_box box = digit_of(image, digit);
    assert_int_equal(box.x + box.y + box.width + box.height, 0);
    for (size_t i = 0; i < PIXELS; i++) assert_int_equal(digit[i], 0);
}

static void test_empty_pictures(void **state) {
    (void)state;
    static const size_t sides[][2] = {{1, 1}, {1, 9}, {9, 1}, {2, 2}, {28, 28}, {280, 280}};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        for (int level = 0; level < 256; level += 85) {
            struct ten_image image = draw_blank(sides[i][0], sides[i][1], (uint8_t)level);
            assert_nothing(&image);
            ten_image_release(&image);
        }
    struct ten_image paper = draw_blank(150, 150, 200); /* noise and shade are no ink */
    struct ten_random random;
    ten_random_init(&random, 3, 3);
    for (size_t i = 0; i < 150 * 150; i++)
        paper.pixels[i] = (uint8_t)(150 + i % 150 / 3 + (size_t)ten_random_below(&random, 9));
    assert_nothing(&paper);
    ten_image_release(&paper);
}

static void test_tiny_and_odd_pictures(void **state) {
    (void)state;
    uint8_t digit[PIXELS];
    struct ten_random random;
    ten_random_init(&random, 8, 8);
    for (size_t height = 1; height < 8; height++)
        for (size_t width = 1; width < 8; width++)
            for (int trial = 0; trial < 20; trial++) {
                struct ten_image image = draw_blank(height, width, 0);
                for (size_t i = 0; i < height * width; i++)
                    image.pixels[i] = (uint8_t)(ten_random_below(&random, 2) * ten_random_below(&random, 256));
                struct ten_box box = digit_of(&image, digit);
                assert_true(box.x + box.width <= width && box.y + box.height <= height);
                ten_image_release(&image);
            }
    struct ten_image line = draw_blank(1, 5000, 255);
    for (size_t x = 2000; x < 2500; x++) line.pixels[x] = 0;
    assert_box_near(digit_of(&line, digit), 2000, 0, 500, 1, 5);
    ten_image_release(&line);
}

static void test_large_picture(void **state) {
    (void)state;
    uint8_t expected[PIXELS], digit[PIXELS];
    reference(expected);
    struct ten_image image = draw_blank(1500, 1100, 230);
    struct point points[3];
    for (size_t i = 0; i < 3; i++) points[i] = (struct point){seven[i].x * 4, seven[i].y * 4};
    draw_line(&image, points, 3, 28, 60);
    assert_box_near(digit_of(&image, digit), 212, 172, 376, 456, 3);
    assert_true(difference(digit, expected) < 4);
    ten_image_release(&image);
}

static void test_wrong_arguments(void **state) {
    (void)state;
    uint8_t digit[PIXELS];
    struct ten_error error;
    struct ten_image image = {0};
    struct ten_box box = {1, 2, 3, 4};
    assert_fails(ten_image_to_digit(&image, digit, &box, &error), TEN_INVALID, "0 x 0");
    assert_int_equal(box.width, 0);
    assert_int_equal(ten_image_to_digit(&image, digit, NULL, NULL), TEN_INVALID);
    image = draw_blank(20, 20, 9);
    image.pixels[210] = 255;
    assert_ok(ten_image_to_digit(&image, digit, NULL, &error));
    ten_image_release(&image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_size_and_place),        cmocka_unit_test(test_place_and_size_do_not_matter),
        cmocka_unit_test(test_proportions_stay),      cmocka_unit_test(test_polarity),
        cmocka_unit_test(test_pens_are_evened),       cmocka_unit_test(test_uneven_light_and_noise),
        cmocka_unit_test(test_specks_and_scraps),     cmocka_unit_test(test_loose_strokes_belong),
        cmocka_unit_test(test_ink_at_the_border),     cmocka_unit_test(test_empty_pictures),
        cmocka_unit_test(test_tiny_and_odd_pictures), cmocka_unit_test(test_large_picture),
        cmocka_unit_test(test_wrong_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
