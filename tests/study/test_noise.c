/* Specks, stroke widths, slants and ink of figures whose values are known. */
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 40 };

/* The share of a pixel that a figure covers, by 16 x 16 samples; `y` and `x` from the middle of the picture. */
typedef bool figure(double y, double x, const double *numbers);

static void draw(uint8_t *image, figure *inside, const double *numbers, double level) {
    for (int p = 0; p < SIDE * SIDE; p++) {
        int hits = 0;
        for (int s = 0; s < 256; s++) {
            double y = p / SIDE + (s / 16 + 0.5) / 16 - SIDE / 2, x = p % SIDE + (s % 16 + 0.5) / 16 - SIDE / 2;
            hits += inside(y, x, numbers);
        }
        image[p] = (uint8_t)lrint(level * hits / 256);
    }
}

static struct ten_noise measure(const uint8_t *image, size_t height, size_t width) {
    uint8_t label = 7;
    const struct ten_dataset dataset = {1, height, width, (uint8_t *)image, &label};
    struct ten_noise noise[TEN_CLASSES];
    struct ten_error error;
    assert_ok(ten_measure_noise(noise, &dataset, NULL, &error));
    assert_int_equal(noise[7].count, 1);
    assert_int_equal(noise[3].count, 0);
    return noise[7];
}

static void assert_within(double got, double expected, double tolerance) {
    if (!(fabs(got - expected) <= tolerance)) fail_msg("got %.6f, expected %.6f", got, expected);
}

/* ---- Stroke width ---- */

/* length, width, angle in radians */
static bool bar(double y, double x, const double *numbers) {
    double along = x * cos(numbers[2]) + y * sin(numbers[2]), across = y * cos(numbers[2]) - x * sin(numbers[2]);
    return fabs(along) <= numbers[0] / 2 && fabs(across) <= numbers[1] / 2;
}

/* radius of its middle line, width */
static bool ring(double y, double x, const double *numbers) { return fabs(hypot(y, x) - numbers[0]) <= numbers[1] / 2; }

/* length, width: a cross */
static bool cross(double y, double x, const double *numbers) {
    return bar(y, x, (double[]){numbers[0], numbers[1], 0}) || bar(x, y, (double[]){numbers[0], numbers[1], 0});
}

/* an 8 of two rings */
static bool eight(double y, double x, const double *numbers) {
    return ring(y - numbers[0], x, numbers) || ring(y + numbers[0], x, numbers);
}

static void check_width(figure *inside, const double *numbers, double width, double tolerance) {
    uint8_t image[SIDE * SIDE];
    draw(image, inside, numbers, 255);
    assert_within(measure(image, SIDE, SIDE).stroke_width.mean, width, tolerance * width);
    draw(image, inside, numbers, 130); /* pale ink is as wide */
    assert_within(measure(image, SIDE, SIDE).stroke_width.mean, width, tolerance * width);
}

/* Within 5 per cent, but for strokes of two pixels that lie slantwise between them. */
static void test_stroke_width(void **state) {
    (void)state;
    for (double width = 2; width < 6; width += 0.5) {
        double tolerance = width > 2 ? 0.055 : 0.11;
        for (double angle = 0; angle < 3.2; angle += 0.2)
            check_width(bar, (double[]){24, width, angle}, width, tolerance);
        check_width(ring, (double[]){10, width}, width, tolerance);
        check_width(cross, (double[]){30, width}, width, tolerance);
        check_width(eight, (double[]){7.5, width}, width, tolerance);
        check_width(ring, (double[]){0, 2 * width}, 2 * width, 0.03); /* a disc */
    }
}

static void test_sharp_strokes(void **state) {
    (void)state;
    uint8_t image[SIDE * SIDE] = {0};
    for (int y = 10; y < 30; y++)
        for (int x = 18; x < 21; x++) image[y * SIDE + x] = 255;
    /* 3 x 20 pixels: A = 60, P = 2 (2 + 19) + 4 sqrt(1/2), X = 1 */
    double half = 21 + sqrt(2), width = (half - sqrt(half * half - 240)) / 2;
    assert_within(measure(image, SIDE, SIDE).stroke_width.mean, width, 1e-9);
    assert_within(width, 3, 0.15);
    for (int y = 10; y < 30; y++) image[y * SIDE + 25] = image[y * SIDE + 26] = image[y * SIDE + 27] = 255;
    assert_within(measure(image, SIDE, SIDE).stroke_width.mean, width, 1e-9); /* two strokes of one width */
    memset(image, 255, sizeof image); /* to the edges of the picture: a square, as wide as it is */
    assert_within(measure(image, SIDE, SIDE).stroke_width.mean, SIDE, 2.1);
}

/* ---- Slant ---- */

static void test_slant(void **state) {
    (void)state;
    for (int lean = -3; lean <= 3; lean++) {
        uint8_t image[SIDE * SIDE] = {0};
        for (int y = 8; y < 32; y++) { /* every row moved by lean / 4 of a pixel: the shear is exact on four rows */
            double x = 20 - (y - 20) * lean / 4.0, whole = floor(x);
            image[y * SIDE + (int)whole] = (uint8_t)lrint(200 * (1 - (x - whole)));
            image[y * SIDE + (int)whole + 1] = (uint8_t)lrint(200 * (x - whole));
        }
        struct ten_noise noise = measure(image, SIDE, SIDE);
        assert_within(noise.slant.mean, atan(lean / 4.0) * 180 / acos(-1), 1e-6);
        assert_int_equal(noise.slant.count, 1);
        assert_true(isnan(noise.slant.deviation));
    }
    uint8_t flat[3][9] = {{0}, {0, 255, 255, 3, 90}, {0}};
    struct ten_noise noise = measure(&flat[0][0], 3, 9); /* one row: no vertical extent */
    assert_int_equal(noise.slant.count, 0);
    assert_true(isnan(noise.slant.mean));
}

/* ---- Isolated pixels and ink ---- */

static void test_isolated_pixels(void **state) {
    (void)state;
    uint8_t image[6][7] = {
        {255, 0, 0, 0, 0, 0, 64},  /* two in corners */
        {0, 0, 0, 0, 0, 0, 0},     /**/
        {0, 0, 90, 63, 0, 0, 200}, /* one whose neighbour is too pale, and a pair over a corner */
        {0, 0, 0, 0, 0, 255, 0},   /**/
        {0, 0, 0, 0, 0, 0, 0},     /**/
        {63, 0, 0, 255, 0, 0, 0},  /* one at the edge, and one too pale */
    };
    struct ten_noise noise = measure(&image[0][0], 6, 7);
    assert_true(noise.isolated_pixels.mean == 4);
    double ink = 255 + 64 + 90 + 63 + 200 + 255 + 63 + 255;
    assert_within(noise.ink.mean, ink / 255, 1e-12);
}

static void test_small_and_empty(void **state) {
    (void)state;
    uint8_t black[12] = {0}, dot[1] = {255}, pale[1] = {63};
    struct ten_noise noise = measure(black, 3, 4);
    assert_true(noise.isolated_pixels.mean == 0 && noise.ink.mean == 0 && isnan(noise.ink.deviation));
    assert_true(noise.stroke_width.count == 0 && noise.slant.count == 0 && noise.ink.count == 1);
    assert_true(isnan(noise.stroke_width.mean) && isnan(noise.slant.mean));
    noise = measure(dot, 1, 1);
    assert_true(noise.isolated_pixels.mean == 1 && noise.ink.mean == 1 && noise.slant.count == 0);
    assert_within(noise.stroke_width.mean, sqrt(2), 1e-9); /* a square of outline 4 sqrt(1/2): the disc rule */
    noise = measure(pale, 1, 1);
    assert_true(noise.isolated_pixels.mean == 0);
    assert_within(noise.stroke_width.mean, sqrt(2), 1e-9);
}

/* ---- Classes ---- */

/* Over the images of a class one by one. */
static void test_spreads(void **state) {
    (void)state;
    struct ten_dataset dataset;
    test_dataset(&dataset, 700, 6, 5, 3); /* more than two tasks */
    memset(dataset.images + 4 * 30, 0, 30);
    struct ten_noise noise[TEN_CLASSES], again[TEN_CLASSES];
    struct ten_error error;
    assert_ok(ten_measure_noise(noise, &dataset, &(struct ten_run){.threads = 1}, &error));
    assert_ok(ten_measure_noise(again, &dataset, &(struct ten_run){.threads = 5}, &error));
    assert_memory_equal(noise, again, sizeof noise);
    for (size_t label = 0; label < TEN_CLASSES; label++) {
        double sum = 0, squares = 0, ink = 0;
        size_t count = 0, inked = 0;
        for (int pass = 0; pass < 2; pass++)
            for (size_t i = 0; i < dataset.count; i++) {
                if (dataset.labels[i] != label) continue;
                struct ten_noise one = measure(dataset.images + i * 30, 6, 5);
                if (pass == 0) count++, ink += one.ink.mean;
                if (one.stroke_width.count == 0) continue;
                if (pass == 0) inked++, sum += one.stroke_width.mean;
                if (pass == 1) squares += pow(one.stroke_width.mean - sum / (double)inked, 2);
            }
        assert_int_equal(noise[label].count, count);
        assert_int_equal(noise[label].ink.count, count);
        assert_within(noise[label].ink.mean, ink / (double)count, 1e-9);
        assert_int_equal(noise[label].stroke_width.count, inked);
        assert_within(noise[label].stroke_width.mean, sum / (double)inked, 1e-9);
        assert_within(noise[label].stroke_width.deviation, sqrt(squares / (double)(inked - 1)), 1e-9);
    }
    assert_int_equal(noise[dataset.labels[4]].stroke_width.count, noise[dataset.labels[4]].count - 1);
    ten_dataset_release(&dataset);
}

static void test_without_labels_and_bad_input(void **state) {
    (void)state;
    struct ten_dataset dataset;
    test_dataset(&dataset, 20, 4, 4, 4);
    struct ten_noise noise[TEN_CLASSES];
    struct ten_error error;
    const struct ten_run stopped = {.threads = 1, .progress = stop_at_once};
    assert_fails(ten_measure_noise(noise, &dataset, &stopped, &error), TEN_CANCELLED, "stopped");
    for (size_t label = 0; label < TEN_CLASSES; label++) assert_int_equal(noise[label].count, 0);
    const struct ten_dataset none = {0}, unlabelled = {20, 4, 4, dataset.images, NULL};
    assert_ok(ten_measure_noise(noise, &unlabelled, NULL, &error));
    for (size_t label = 0; label < TEN_CLASSES; label++) assert_int_equal(noise[label].count, 0);
    assert_fails(ten_measure_noise(noise, &none, NULL, &error), TEN_INVALID, "no images");
    dataset.labels[12] = 10;
    assert_fails(ten_measure_noise(noise, &dataset, NULL, &error), TEN_INVALID, "image 12 ");
    ten_dataset_release(&dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stroke_width),
        cmocka_unit_test(test_sharp_strokes),
        cmocka_unit_test(test_slant),
        cmocka_unit_test(test_isolated_pixels),
        cmocka_unit_test(test_small_and_empty),
        cmocka_unit_test(test_spreads),
        cmocka_unit_test(test_without_labels_and_bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
