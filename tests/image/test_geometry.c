/* Geometry against naive versions written here: area resampling by cutting both images into cells of their common
 * grid, moments by their definition. */
#include "test.h"

#include "base/random.h"
#include "image/geometry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* height x width floats in 0..255, each zero with probability `zeros`. */
static float *random_image(size_t height, size_t width, double zeros, uint64_t seed) {
    struct ten_random random;
    ten_random_init(&random, seed, height * 1000 + width);
    float *image = malloc(height * width * sizeof *image + 1);
    assert_non_null(image);
    for (size_t i = 0; i < height * width; i++) {
        bool empty = ten_random_unit(&random) < zeros;
        image[i] = empty ? 0.0f : (float)(ten_random_unit(&random) * 255);
    }
    return image;
}

static void assert_same(const float *a, const float *b, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (a[i] != b[i]) fail_msg("pixel %zu is %.9g, expected %.9g", i, (double)a[i], (double)b[i]);
}

static void assert_close(const float *a, const double *b, size_t count, double tolerance) {
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)a[i] - b[i]) <= tolerance))
            fail_msg("pixel %zu is %.9g, expected %.9g", i, (double)a[i], b[i]);
}

static void assert_box(struct ten_box box, size_t x, size_t y, size_t width, size_t height) {
    assert_int_equal(box.x, x);
    assert_int_equal(box.y, y);
    assert_int_equal(box.width, width);
    assert_int_equal(box.height, height);
}

/* ---- Box ---------------------------------------------------------------------------------------------- */

static void test_box(void **state) {
    (void)state;
    float image[5 * 7] = {0};
    assert_box(ten_ink_box(image, 5, 7), 0, 0, 0, 0);
    image[2 * 7 + 3] = 1;
    assert_box(ten_ink_box(image, 5, 7), 3, 2, 1, 1);
    image[4 * 7 + 1] = -0.001f; /* any value but zero is ink */
    assert_box(ten_ink_box(image, 5, 7), 1, 2, 3, 3);
    image[0] = image[34] = 255;
    assert_box(ten_ink_box(image, 5, 7), 0, 0, 7, 5);
    float one = 0, negative_zero = -0.0f;
    assert_box(ten_ink_box(&one, 1, 1), 0, 0, 0, 0);
    assert_box(ten_ink_box(&negative_zero, 1, 1), 0, 0, 0, 0);
    one = 9;
    assert_box(ten_ink_box(&one, 1, 1), 0, 0, 1, 1);
}

/* ---- Resampling --------------------------------------------------------------------------------------- */

/* Both images cut into (from.height * out_height) x (from.width * out_width) cells; a pixel is the mean of its cells.
 */
static void naive_resize(const float *image, size_t stride, struct ten_box from, double *out, size_t out_height,
                         size_t out_width) {
    memset(out, 0, out_height * out_width * sizeof *out);
    for (size_t y = 0; y < from.height * out_height; y++)
        for (size_t x = 0; x < from.width * out_width; x++) {
            float value = image[(from.y + y / out_height) * stride + from.x + x / out_width];
            out[y / from.height * out_width + x / from.width] += (double)value;
        }
    for (size_t i = 0; i < out_height * out_width; i++) out[i] /= (double)(from.height * from.width);
}

static void check_resize(size_t in_height, size_t in_width, size_t out_height, size_t out_width) {
    size_t height = in_height + 3, stride = in_width + 2, out_stride = out_width + 1;
    float *image = random_image(height, stride, 0.2, 1);
    struct ten_box from = {.x = 1, .y = 2, .width = in_width, .height = in_height};
    float *out = malloc(out_height * out_stride * sizeof *out);
    double *expected = malloc(out_height * out_width * sizeof *expected);
    for (size_t i = 0; i < out_height * out_stride; i++) out[i] = -7;
    ten_resize_area(image, stride, from, out, out_stride, out_height, out_width);
    naive_resize(image, stride, from, expected, out_height, out_width);
    for (size_t y = 0; y < out_height; y++) {
        assert_close(out + y * out_stride, expected + y * out_width, out_width, 1e-4);
        assert_true(out[y * out_stride + out_width] == -7); /* between the rows nothing is written */
    }
    free(expected);
    free(out);
    free(image);
}

static void test_resize(void **state) {
    (void)state;
    static const size_t sides[] = {1, 2, 3, 5, 7, 9, 20, 28};
    enum { N = sizeof sides / sizeof *sides };
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++)
            for (size_t k = 0; k < N; k++) check_resize(sides[i], sides[N - 1 - k], sides[j], sides[k]);
}

static void test_resize_same_size_copies(void **state) {
    (void)state;
    for (size_t side = 1; side < 30; side++) {
        float *image = random_image(side, side + 1, 0.3, side), *out = malloc(side * (side + 1) * sizeof *out);
        struct ten_box whole = {.width = side + 1, .height = side};
        ten_resize_area(image, side + 1, whole, out, side + 1, side, side + 1);
        assert_same(out, image, side * (side + 1));
        free(out);
        free(image);
    }
}

/* The mean of the whole stays what it is. */
static void test_resize_keeps_the_mean(void **state) {
    (void)state;
    float *image = random_image(23, 17, 0, 3), out[20 * 20];
    ten_resize_area(image, 17, (struct ten_box){.width = 17, .height = 23}, out, 20, 20, 20);
    double before = 0, after = 0;
    for (size_t i = 0; i < 23 * 17; i++) before += (double)image[i];
    for (size_t i = 0; i < 400; i++) after += (double)out[i];
    assert_true(fabs(before / (23 * 17) - after / 400) < 1e-4);
    free(image);
}

/* ---- Cropping ----------------------------------------------------------------------------------------- */

static void check_crop(const float *image, size_t height, size_t width, size_t side, size_t inner) {
    float *out = malloc(side * side * sizeof *out);
    double *expected = calloc(side * side, sizeof *expected), *small = calloc(inner * inner, sizeof *small);
    for (size_t i = 0; i < side * side; i++) out[i] = -7;
    ten_crop_to_box(image, height, width, out, side, inner);
    struct ten_box box = ten_ink_box(image, height, width);
    if (box.width) {
        size_t longer = box.width > box.height ? box.width : box.height;
        size_t h = box.height * inner / longer, w = box.width * inner / longer;
        h = h ? h : 1;
        w = w ? w : 1;
        naive_resize(image, width, box, small, h, w);
        for (size_t y = 0; y < h; y++)
            for (size_t x = 0; x < w; x++)
                expected[((side - h) / 2 + y) * side + (side - w) / 2 + x] = small[y * w + x];
    }
    assert_close(out, expected, side * side, 1e-4);
    free(small);
    free(expected);
    free(out);
}

static void test_crop(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        size_t height = 1 + seed * 7 % 31, width = 1 + seed * 11 % 29;
        float *image = random_image(height, width, seed % 2 ? 0.97 : 0.6, seed);
        check_crop(image, height, width, 20, 20);
        check_crop(image, height, width, 28, 20);
        free(image);
    }
    float empty[28 * 28] = {0}, line[1 * 40];
    check_crop(empty, 28, 28, 20, 20);
    for (size_t i = 0; i < 40; i++) line[i] = (float)i + 1; /* 40 x 1 becomes 20 x 1: the short side stays a pixel */
    check_crop(line, 1, 40, 20, 20);
    check_crop(line, 40, 1, 20, 20);
}

static void test_crop_of_twenty_copies(void **state) {
    (void)state;
    float image[28 * 28] = {0}, out[400], expected[400] = {0};
    float *ink = random_image(20, 13, 0, 5);
    for (size_t y = 0; y < 20; y++)
        for (size_t x = 0; x < 13; x++) {
            image[(y + 8) * 28 + x + 15] = ink[y * 13 + x]; /* touches the right and the lower border */
            expected[y * 20 + x + 3] = ink[y * 13 + x];     /* (20 - 13) / 2 */
        }
    ten_crop_to_box(image, 28, 28, out, 20, 20);
    assert_same(out, expected, 400);
    free(ink);
}

static void test_crop_of_one_pixel_fills(void **state) {
    (void)state;
    float image = 200, out[400];
    ten_crop_to_box(&image, 1, 1, out, 20, 20);
    for (size_t i = 0; i < 400; i++) assert_true(out[i] == 200);
}

/* ---- Centring ----------------------------------------------------------------------------------------- */

static void centre_of(const float *image, size_t height, size_t width, double *x, double *y) {
    double mass = 0, x_sum = 0, y_sum = 0;
    for (size_t i = 0; i < height * width; i++) {
        mass += (double)image[i];
        x_sum += (double)image[i] * (double)(i % width);
        y_sum += (double)image[i] * (double)(i / width);
    }
    *x = x_sum / mass;
    *y = y_sum / mass;
}

static void test_center(void **state) {
    (void)state;
    float image[28 * 28] = {0}, out[28 * 28], again[28 * 28];
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct ten_random random;
        ten_random_init(&random, 9, seed);
        memset(image, 0, sizeof image);
        size_t left = (size_t)ten_random_below(&random, 18), top = (size_t)ten_random_below(&random, 18);
        for (size_t i = 0; i < 100; i++)
            image[(top + i / 10) * 28 + left + i % 10] = (float)ten_random_below(&random, 256);
        ten_center_by_mass(image, 28, 28, out, 28);
        double x, y, mass_before = 0, mass_after = 0;
        centre_of(out, 28, 28, &x, &y);
        assert_true(x >= 13.5 && x < 14.5 && y >= 13.5 && y < 14.5); /* as MNIST has it */
        for (size_t i = 0; i < 28 * 28; i++) mass_before += (double)image[i], mass_after += (double)out[i];
        assert_true(mass_before == mass_after);
        ten_center_by_mass(out, 28, 28, again, 28);
        assert_same(again, out, 28 * 28);
    }
}

static void test_center_moves_by_whole_pixels(void **state) {
    (void)state;
    float image[6 * 9] = {0}, out[28 * 28], expected[28 * 28] = {0};
    image[0] = 3; /* centre of mass (6, 3.75) */
    image[5 * 9 + 8] = 9;
    expected[(0 + 10) * 28 + 0 + 8] = 3; /* the pixel nearest to it goes to (14, 14) */
    expected[(5 + 10) * 28 + 8 + 8] = 9;
    ten_center_by_mass(image, 6, 9, out, 28);
    assert_same(out, expected, 28 * 28);
}

static void test_center_of_extremes(void **state) {
    (void)state;
    float empty[12] = {0}, out[28 * 28], zero[28 * 28] = {0}, one = 5;
    ten_center_by_mass(empty, 3, 4, out, 28);
    assert_same(out, zero, 28 * 28);
    ten_center_by_mass(&one, 1, 1, out, 28);
    zero[14 * 28 + 14] = 5;
    assert_same(out, zero, 28 * 28);
    float *large = random_image(100, 90, 0.5, 4), tiny[9], pixel; /* far larger than its frame: the middle stays */
    ten_center_by_mass(large, 100, 90, tiny, 3);
    ten_center_by_mass(large, 100, 90, &pixel, 1);
    assert_true(tiny[4] == pixel);
    free(large);
    float corner[2 * 60] = {0}; /* what leaves the frame is lost */
    corner[0] = 1000;
    corner[119] = 1;
    ten_center_by_mass(corner, 2, 60, out, 28);
    double mass = 0;
    for (size_t i = 0; i < 28 * 28; i++) mass += (double)out[i];
    assert_true(mass == 1000);
    assert_true(out[14 * 28 + 14] == 1000);
}

static void test_values_that_are_no_pixels(void **state) {
    (void)state;
    float images[][4] = {{NAN, 1, 2, 3},         {INFINITY, 0, 1, 0}, {-1, 1, 0, 0}, {3e38f, -3e38f, 3e38f, 3e38f},
                         {1e-45f, 0, 0, 1e-45f}, {-5, -5, -5, -5}};
    float out[28 * 28];
    for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
        ten_center_by_mass(images[i], 2, 2, out, 28);
        ten_crop_to_box(images[i], 2, 2, out, 28, 20);
        ten_deskew(images[i], 2, 2, out);
        ten_deskew(images[i], 1, 4, out);
        ten_deskew(images[i], 4, 1, out);
    }
}

/* ---- Deskewing ---------------------------------------------------------------------------------------- */

static double slant_of(const float *image, size_t height, size_t width) {
    double cx, cy, mixed = 0, vertical = 0;
    centre_of(image, height, width, &cx, &cy);
    for (size_t i = 0; i < height * width; i++) {
        double dx = (double)(i % width) - cx, dy = (double)(i / width) - cy;
        mixed += (double)image[i] * dx * dy;
        vertical += (double)image[i] * dy * dy;
    }
    return mixed / vertical;
}

/* out(x, y) = image(x + slant (y - cy), y), by linear interpolation over a row that is zero outside. */
static void naive_deskew(const float *image, size_t height, size_t width, double *out) {
    double cx, cy, slant = slant_of(image, height, width);
    centre_of(image, height, width, &cx, &cy);
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++) {
            double at = (double)x + slant * ((double)y - cy), sum = 0;
            for (size_t i = 0; i < width; i++) /* every pixel is a tent one pixel wide to both sides */
                sum += (double)image[y * width + i] * fmax(0, 1 - fabs(at - (double)i));
            out[y * width + x] = sum;
        }
}

static void test_deskew(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 30; seed++) {
        size_t height = 2 + seed * 5 % 27, width = 2 + seed * 3 % 27;
        float *image = random_image(height, width, 0.5, seed), *out = malloc(height * width * sizeof *out);
        double *expected = malloc(height * width * sizeof *expected);
        image[0] = 1;
        image[height * width - 1] = 255;
        ten_deskew(image, height, width, out);
        naive_deskew(image, height, width, expected);
        assert_close(out, expected, height * width, 1e-3);
        free(expected);
        free(out);
        free(image);
    }
}

static void test_slant(void **state) {
    (void)state;
    double slant;
    for (uint64_t seed = 0; seed < 30; seed++) {
        size_t height = 2 + seed * 5 % 27, width = 2 + seed * 3 % 27;
        float *image = random_image(height, width, 0.5, seed);
        image[0] = 1;
        image[height * width - 1] = 255;
        assert_true(ten_slant(image, height, width, &slant));
        assert_true(fabs(slant - slant_of(image, height, width)) < 1e-9 * fmax(1, fabs(slant)));
        free(image);
    }
    float line[7] = {0, 1, 2, 3, 4, 5, 0}, nothing[9] = {0}, endless[4] = {INFINITY, 0, 1, 2};
    slant = 5;
    assert_false(ten_slant(line, 1, 7, &slant)); /* no vertical extent */
    assert_true(slant == 0);
    assert_true(ten_slant(line, 7, 1, &slant)); /* upright */
    assert_true(slant == 0);
    slant = 5;
    assert_false(ten_slant(nothing, 3, 3, &slant));
    assert_true(slant == 0);
    assert_false(ten_slant(endless, 2, 2, &slant));
    assert_true(slant == 0);
}

static void test_deskew_makes_strokes_upright(void **state) {
    (void)state;
    float image[28 * 28] = {0}, out[28 * 28];
    for (size_t y = 4; y < 24; y++)
        for (size_t x = 0; x < 3; x++) image[y * 28 + 6 + y / 2 + x] = 255; /* leans by one pixel in two */
    assert_true(fabs(slant_of(image, 28, 28) - 0.5) < 0.01);
    ten_deskew(image, 28, 28, out);
    assert_true(fabs(slant_of(out, 28, 28)) < 0.02);
}

static void test_deskew_copies_what_does_not_slant(void **state) {
    (void)state;
    float image[9 * 9] = {0}, out[9 * 9], line[7] = {0, 1, 2, 3, 4, 5, 0};
    ten_deskew(image, 9, 9, out);
    assert_same(out, image, 81);
    for (size_t y = 1; y < 8; y++) image[y * 9 + 4] = 200; /* upright */
    ten_deskew(image, 9, 9, out);
    assert_same(out, image, 81);
    ten_deskew(line, 1, 7, out); /* no vertical extent */
    assert_same(out, line, 7);
    float one = 8;
    ten_deskew(&one, 1, 1, out);
    assert_true(out[0] == 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_box),
        cmocka_unit_test(test_resize),
        cmocka_unit_test(test_resize_same_size_copies),
        cmocka_unit_test(test_resize_keeps_the_mean),
        cmocka_unit_test(test_crop),
        cmocka_unit_test(test_crop_of_twenty_copies),
        cmocka_unit_test(test_crop_of_one_pixel_fills),
        cmocka_unit_test(test_center),
        cmocka_unit_test(test_center_moves_by_whole_pixels),
        cmocka_unit_test(test_center_of_extremes),
        cmocka_unit_test(test_values_that_are_no_pixels),
        cmocka_unit_test(test_deskew),
        cmocka_unit_test(test_slant),
        cmocka_unit_test(test_deskew_makes_strokes_upright),
        cmocka_unit_test(test_deskew_copies_what_does_not_slant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
