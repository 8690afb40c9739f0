/* Deformed copies against a naive resampling in double precision written here, maps against their definition, and the
 * random parts against what their distribution promises. */
#include "test.h"

#include "base/random.h"
#include "image/augment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct size {
    size_t height, width;
} sizes[] = {{1, 1}, {3, 5}, {1, 9}, {7, 1}, {28, 28}, {64, 48}, {33, 17}};
enum { SIZES = sizeof sizes / sizeof *sizes };

static const struct ten_augment full = {
    .shift = 2, .rotate = 12, .scale = 0.12, .shear = 0.15, .elastic = 34, .sigma = 4};
/* And all that ink can do. */
static const struct ten_augment inky = {.shift = 2,
                                        .rotate = 12,
                                        .scale = 0.12,
                                        .shear = 0.15,
                                        .elastic = 34,
                                        .sigma = 4,
                                        .keystone = 2,
                                        .ink = {2, 0.5, 0.5, 0.8, 1, 0.3, 20},
                                        .styles = 0.5};

/* Exactly as many floats as are asked for, so that sanitizers see one that is not. */
static float *floats(size_t count) {
    float *values = malloc(count * sizeof *values);
    assert_non_null(values);
    return values;
}

static float *random_image(size_t count, uint64_t seed) {
    struct ten_random random;
    ten_random_init(&random, seed, count);
    float *image = floats(count);
    for (size_t i = 0; i < count; i++) image[i] = (float)ten_random_below(&random, 256);
    return image;
}

static double pixel(const float *image, size_t height, size_t width, double y, double x) {
    if (y < 0 || x < 0 || y >= (double)height || x >= (double)width) return 0;
    return (double)image[(size_t)y * width + (size_t)x];
}

/* One pixel of the copy: the four neighbours of its place, weighed by the opposite areas. */
static double naive(const float *image, size_t height, size_t width, double y, double x) {
    double top = floor(y), left = floor(x), down = y - top, right = x - left;
    return (1 - down) * (1 - right) * pixel(image, height, width, top, left) +
           (1 - down) * right * pixel(image, height, width, top, left + 1) +
           down * (1 - right) * pixel(image, height, width, top + 1, left) +
           down * right * pixel(image, height, width, top + 1, left + 1);
}

static double *naive_warp(const float *image, size_t height, size_t width, const struct ten_affine *map,
                          const float *dx, const float *dy) {
    double *out = malloc(height * width * sizeof *out);
    assert_non_null(out);
    for (size_t i = 0; i < height * width; i++) {
        double y = (double)(i / width), x = (double)(i % width);
        double from_x = map->xx * x + map->xy * y + map->x0 + (dx ? (double)dx[i] : 0);
        double from_y = map->yx * x + map->yy * y + map->y0 + (dy ? (double)dy[i] : 0);
        out[i] = naive(image, height, width, from_y, from_x);
    }
    return out;
}

/* ---- Resampling ------------------------------------------------------------------------------------------------- */

static void test_identity(void **state) {
    (void)state;
    for (size_t s = 0; s < SIZES; s++) {
        size_t height = sizes[s].height, width = sizes[s].width, count = height * width;
        struct ten_augment none = {.sigma = 4};
        struct ten_deformer *d = ten_deformer_new(&none, height, width);
        float *image = random_image(count, s), *out = floats(count), *scratch = floats(ten_deformer_scratch(d));
        uint8_t *bytes = malloc(count), *copy = malloc(count);
        for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)image[i];
        ten_deform_floats(d, 1, 2, 3, TEN_CLASSES, image, out, scratch);
        assert_memory_equal(out, image, count * sizeof *out);
        ten_deform_bytes(d, 1, 2, 3, TEN_CLASSES, bytes, copy, scratch);
        assert_memory_equal(copy, bytes, count);
        ten_deform_bytes(d, 1, 2, 3, TEN_CLASSES, copy, copy, scratch); /* in place */
        assert_memory_equal(copy, bytes, count);
        ten_deformer_free(d);
        free(image), free(out), free(scratch), free(bytes), free(copy);
    }
}

static void test_shift(void **state) {
    (void)state;
    for (size_t s = 0; s < SIZES; s++)
        for (int right = -6; right <= 6; right += 2)
            for (int down = -3; down <= 3; down++) {
                size_t height = sizes[s].height, width = sizes[s].width, count = height * width;
                float *image = random_image(count, s), *out = floats(count), *expected = calloc(count, sizeof *out);
                float *scratch = floats(ten_warp_scratch(height, width));
                struct ten_affine map = ten_affine_make(height, width, 0, 0, 1, 1, right, down);
                for (int y = 0; y < (int)height; y++)
                    for (int x = 0; x < (int)width; x++)
                        if (y - down >= 0 && y - down < (int)height && x - right >= 0 && x - right < (int)width)
                            expected[y * (int)width + x] = image[(y - down) * (int)width + x - right];
                ten_warp(image, height, width, &map, NULL, NULL, out, scratch);
                assert_memory_equal(out, expected, count * sizeof *out);
                free(image), free(out), free(expected), free(scratch);
            }
}

/* A quarter turn, clockwise as seen: the first row becomes the last column. */
static void test_quarter_turn(void **state) {
    (void)state;
    for (size_t side = 1; side <= 29; side += 7) {
        float *image = random_image(side * side, side), *out = floats(side * side);
        float *scratch = floats(ten_warp_scratch(side, side));
        struct ten_affine map = ten_affine_make(side, side, acos(-1) / 2, 0, 1, 1, 0, 0);
        ten_warp(image, side, side, &map, NULL, NULL, out, scratch);
        for (size_t y = 0; y < side; y++)
            for (size_t x = 0; x < side; x++) {
                double got = (double)out[x * side + side - 1 - y], expected = (double)image[y * side + x];
                if (fabs(got - expected) > 0.01)
                    fail_msg("side %zu: (%zu, %zu) is %g, expected %g", side, y, x, got, expected);
            }
        free(image), free(out), free(scratch);
    }
}

/* The map undoes scaling, shear, rotation and shift, done one after the other about the middle. */
static void test_map(void **state) {
    (void)state;
    struct ten_random random;
    ten_random_init(&random, 7, 0);
    for (int i = 0; i < 200; i++) {
        size_t height = 1 + (size_t)ten_random_below(&random, 60), width = 1 + (size_t)ten_random_below(&random, 60);
        double angle = 6 * ten_random_unit(&random) - 3, shear = ten_random_unit(&random) - 0.5;
        double scale_x = 0.5 + ten_random_unit(&random), scale_y = 0.5 + ten_random_unit(&random);
        double right = 9 * ten_random_unit(&random) - 4, down = 9 * ten_random_unit(&random) - 4;
        struct ten_affine map = ten_affine_make(height, width, angle, shear, scale_x, scale_y, right, down);
        double x = 50 * ten_random_unit(&random), y = 50 * ten_random_unit(&random);
        double u = (x - ((double)width - 1) / 2) * scale_x, v = (y - ((double)height - 1) / 2) * scale_y;
        u += shear * v;
        double turned_x = u * cos(angle) - v * sin(angle) + ((double)width - 1) / 2 + right;
        double turned_y = u * sin(angle) + v * cos(angle) + ((double)height - 1) / 2 + down;
        assert_true(fabs(map.xx * turned_x + map.xy * turned_y + map.x0 - x) < 1e-10);
        assert_true(fabs(map.yx * turned_x + map.yy * turned_y + map.y0 - y) < 1e-10);
    }
}

/* Every size, with and without the elastic part, floats and bytes, far outside too. */
static void test_against_naive(void **state) {
    (void)state;
    const struct ten_augment strengths[] = {
        full,
        {.shift = 2, .rotate = 12, .scale = 0.12, .shear = 0.15, .sigma = 4},
        {.elastic = 34, .sigma = 4},
        {.shift = 40, .rotate = 180, .scale = 0.9, .shear = 2, .elastic = 500, .sigma = 1},
        {.scale = 0.5, .elastic = 60, .sigma = 30},
        {.shift = 1, .sigma = 4, .keystone = 3},
        {.elastic = 34, .sigma = 4, .keystone = 3}};
    for (size_t s = 0; s < SIZES; s++)
        for (size_t k = 0; k < sizeof strengths / sizeof *strengths; k++)
            for (uint64_t copy = 0; copy < 8; copy++) {
                size_t height = sizes[s].height, width = sizes[s].width, count = height * width;
                struct ten_deformer *d = ten_deformer_new(&strengths[k], height, width);
                float *image = random_image(count, s), *out = floats(count), *dx = floats(count), *dy = floats(count);
                float *scratch = floats(ten_deformer_scratch(d));
                uint8_t *bytes = malloc(count);
                bool elastic = strengths[k].elastic > 0 || strengths[k].keystone > 0;
                struct ten_affine map;
                ten_deformer_draw(d, 5, s, copy, &map, dx, dy, scratch);
                double *expected = naive_warp(image, height, width, &map, elastic ? dx : NULL, elastic ? dy : NULL);
                for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)image[i];
                ten_deform_floats(d, 5, s, copy, TEN_CLASSES, image, out, scratch);
                ten_deform_bytes(d, 5, s, copy, TEN_CLASSES, bytes, bytes, scratch);
                for (size_t i = 0; i < count; i++) {
                    /* places are floats: a step of 255 between neighbours makes their rounding visible */
                    if (!(fabs((double)out[i] - expected[i]) < 0.05))
                        fail_msg("%zu x %zu, strengths %zu: pixel %zu is %g, expected %g", height, width, k, i,
                                 (double)out[i], expected[i]);
                    if (!(fabs(bytes[i] - expected[i]) < 0.55))
                        fail_msg("%zu x %zu, strengths %zu: byte %zu is %d, expected %g", height, width, k, i, bytes[i],
                                 expected[i]);
                }
                ten_deformer_free(d);
                free(image), free(out), free(dx), free(dy), free(scratch), free(bytes), free(expected);
            }
}

/* Places of great magnitude and on the very border. */
static void test_outside(void **state) {
    (void)state;
    float image[12], out[12], *scratch = floats(ten_warp_scratch(3, 4));
    for (int i = 0; i < 12; i++) image[i] = 200;
    const double places[] = {-1e30, -1e6, -2, -1, 4, 5, 1e6, 1e30};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct ten_affine across = {0, 0, places[i], 0, 1, 0}, along = {1, 0, 0, 0, 0, places[i]};
        ten_warp(image, 3, 4, &across, NULL, NULL, out, scratch);
        for (int p = 0; p < 12; p++) assert_true(out[p] == 0);
        ten_warp(image, 3, 4, &along, NULL, NULL, out, scratch);
        for (int p = 0; p < 12; p++) assert_true(out[p] == 0);
    }
    struct ten_affine edge = {1, 0, -0.5, 0, 1, 0.25};
    ten_warp(image, 3, 4, &edge, NULL, NULL, out, scratch);
    assert_true(out[0] == 100 && out[1] == 200 && out[3] == 200 && out[8] == 75 && out[9] == 150);
    free(scratch);
}

/* ---- What is drawn ---------------------------------------------------------------------------------------------- */

/* Each strength alone bounds what it names, reaches near its bounds both ways, and leaves the rest alone. */
static void test_ranges(void **state) {
    (void)state;
    const struct ten_augment alone[] = {
        {.shift = 3, .sigma = 4}, {.rotate = 20, .sigma = 4}, {.scale = 0.3, .sigma = 4}, {.shear = 0.5, .sigma = 4}};
    for (int k = 0; k < 4; k++) {
        struct ten_deformer *d = ten_deformer_new(&alone[k], 28, 28);
        double least[2] = {9, 9}, most[2] = {-9, -9};
        for (uint64_t image = 0; image < 500; image++) {
            struct ten_affine m;
            ten_deformer_draw(d, 3, image, 1, &m, NULL, NULL, NULL);
            /* in units of the strength, -1..1 each */
            double is[2];
            if (k == 0) {
                is[0] = -m.x0 / 3, is[1] = -m.y0 / 3;
                assert_true(m.xx == 1 && m.yy == 1 && m.xy == 0 && m.yx == 0);
            } else if (k == 1) {
                is[0] = atan2(-m.yx, m.xx) * 9 / acos(-1), is[1] = atan2(m.xy, m.yy) * 9 / acos(-1);
                assert_true(fabs(m.xx * m.yy - m.xy * m.yx - 1) < 1e-12);
            } else if (k == 2) {
                is[0] = (1 / m.xx - 1) / 0.3, is[1] = (1 / m.yy - 1) / 0.3;
                assert_true(m.xy == 0 && m.yx == 0);
            } else {
                is[0] = is[1] = -m.xy / 0.5;
                assert_true(m.xx == 1 && m.yy == 1 && m.yx == 0);
            }
            if (k) { /* the middle stays */
                assert_true(fabs(m.xx * 13.5 + m.xy * 13.5 + m.x0 - 13.5) < 1e-12);
                assert_true(fabs(m.yx * 13.5 + m.yy * 13.5 + m.y0 - 13.5) < 1e-12);
            }
            for (int i = 0; i < 2; i++) least[i] = fmin(least[i], is[i]), most[i] = fmax(most[i], is[i]);
        }
        for (int i = 0; i < 2; i++)
            assert_true(least[i] >= -1.0001 && least[i] < -0.95 && most[i] <= 1.0001 && most[i] > 0.95);
        ten_deformer_free(d);
    }
}

/* Deviation alpha / (sigma sqrt(12 pi)) at every pixel, correlation exp(-r^2 / 4 sigma^2), none between x and y. */
static void test_field(void **state) {
    (void)state;
    const struct {
        size_t height, width;
        double sigma;
    } fields[] = {{28, 28, 4}, {28, 28, 1}, {3, 5, 2.5}, {20, 40, 3.3}, {12, 9, 20}};
    enum { COPIES = 6000 };
    for (size_t k = 0; k < sizeof fields / sizeof *fields; k++) {
        size_t height = fields[k].height, width = fields[k].width, count = height * width;
        struct ten_augment strengths = {.elastic = 34, .sigma = fields[k].sigma};
        struct ten_deformer *d = ten_deformer_new(&strengths, height, width);
        float *dx = floats(count), *dy = floats(count), *scratch = floats(ten_deformer_scratch(d));
        /* corners, middle, and pairs at distance 2 along, 2 down */
        size_t last = count - 1, middle = height / 2 * width + width / 2, at[3] = {0, middle, last};
        double mean = 0, square[3] = {0}, along = 0, down = 0, across = 0;
        for (uint64_t copy = 0; copy < COPIES; copy++) {
            struct ten_affine map;
            ten_deformer_draw(d, 11, k, copy, &map, dx, dy, scratch);
            for (int i = 0; i < 3; i++)
                square[i] += (double)(dx[at[i]] * dx[at[i]] + dy[at[i]] * dy[at[i]]) / (2 * COPIES);
            mean += (double)dx[middle] / COPIES;
            along += (double)(dx[0] * dx[2] + dy[0] * dy[2]) / (2 * COPIES);
            down += (double)(dx[0] * dx[2 * width] + dy[0] * dy[2 * width]) / (2 * COPIES);
            across += (double)(dx[middle] * dy[middle]) / COPIES;
        }
        double variance = 34 * 34 / (12 * acos(-1) * strengths.sigma * strengths.sigma);
        double near = exp(-1 / (strengths.sigma * strengths.sigma)); /* r = 2 */
        /* the mean of 2 x 6000 squares deviates by sqrt(2 / 12000) = 1.3 %, a product's mean by less */
        for (int i = 0; i < 3; i++)
            if (fabs(square[i] / variance - 1) > 0.05)
                fail_msg("field %zu: variance %g at %zu, expected %g", k, square[i], at[i], variance);
        if (fabs(along / variance - near) > 0.05)
            fail_msg("field %zu: along %g, expected %g", k, along / variance, near);
        if (fabs(down / variance - near) > 0.05) fail_msg("field %zu: down %g, expected %g", k, down / variance, near);
        assert_true(fabs(mean) < 5 * sqrt(variance / COPIES) && fabs(across) < 5 * variance / sqrt(COPIES));
        ten_deformer_free(d);
        free(dx), free(dy), free(scratch);
    }
}

/* The field has no steps where a pixel leaves the reach of a node: second differences stay small beside sigma. */
static void test_smoothness(void **state) {
    (void)state;
    enum { LONG = 1000 };
    struct ten_augment strengths = {.elastic = 1e4, .sigma = 100};
    double deviation = 1e4 / (100 * sqrt(12 * acos(-1)));
    for (int upright = 0; upright < 2; upright++) {
        struct ten_deformer *d = ten_deformer_new(&strengths, upright ? LONG : 1, upright ? 1 : LONG);
        float *dx = floats(LONG), *dy = floats(LONG), *scratch = floats(ten_deformer_scratch(d));
        for (uint64_t copy = 0; copy < 10; copy++) {
            struct ten_affine map;
            ten_deformer_draw(d, 2, 0, copy, &map, dx, dy, scratch);
            for (size_t i = 1; i + 1 < LONG; i++) {
                assert_true(fabs((double)(dx[i - 1] - 2 * dx[i] + dx[i + 1])) < 0.003 * deviation);
                assert_true(fabs((double)(dy[i - 1] - 2 * dy[i] + dy[i + 1])) < 0.003 * deviation);
            }
        }
        ten_deformer_free(d);
        free(dx), free(dy), free(scratch);
    }
}

/* Other seeds, images and copies give others; the strengths of the field change nothing in the map. */
static void test_streams(void **state) {
    (void)state;
    struct ten_augment plain = full;
    plain.elastic = 0;
    struct ten_deformer *d = ten_deformer_new(&full, 28, 28), *without = ten_deformer_new(&plain, 28, 28);
    float *dx = floats(784), *dy = floats(784), *scratch = floats(ten_deformer_scratch(d));
    struct ten_affine maps[5], other;
    const uint64_t which[5][3] = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0, 1, 1}};
    for (int i = 0; i < 5; i++) {
        ten_deformer_draw(d, which[i][0], which[i][1], which[i][2], &maps[i], dx, dy, scratch);
        ten_deformer_draw(without, which[i][0], which[i][1], which[i][2], &other, NULL, NULL, NULL);
        assert_memory_equal(&maps[i], &other, sizeof other);
        for (int j = 0; j < i; j++) assert_true(maps[i].x0 != maps[j].x0 && maps[i].xx != maps[j].xx);
    }
    ten_deformer_free(d);
    ten_deformer_free(without);
    free(dx), free(dy), free(scratch);
}

/* ---- Datasets --------------------------------------------------------------------------------------------------- */

static void check_copies(const struct ten_augment *strengths) {
    struct ten_error error;
    struct ten_dataset set, out, again, fewer;
    enum { COUNT = 301, COPIES = 3 };
    test_dataset(&set, COUNT, 13, 9, 4);
    struct ten_run one = {.seed = 8, .threads = 1}, many = {.seed = 8, .threads = 5};
    assert_ok(ten_augment_dataset(&out, &set, strengths, COPIES, &one, &error));
    assert_true(out.count == COUNT * (COPIES + 1) && out.height == 13 && out.width == 9);
    assert_memory_equal(out.images, set.images, COUNT * 13 * 9);
    struct ten_deformer *d = ten_deformer_new(strengths, 13, 9);
    float *scratch = floats(ten_deformer_scratch(d));
    for (size_t i = 0; i < out.count; i++) {
        uint8_t expected[13 * 9];
        assert_int_equal(out.labels[i], set.labels[i % COUNT]);
        if (i < COUNT) continue;
        ten_deform_bytes(d, 8, i % COUNT, i / COUNT, set.labels[i % COUNT], set.images + i % COUNT * 117, expected,
                         scratch);
        assert_memory_equal(out.images + i * 117, expected, 117);
    }
    assert_ok(ten_augment_dataset(&again, &set, strengths, COPIES, &many, &error));
    assert_memory_equal(again.images, out.images, out.count * 117);
    assert_ok(ten_augment_dataset(&fewer, &set, strengths, 1, &many, &error)); /* the beginning of the same */
    assert_memory_equal(fewer.images, out.images, fewer.count * 117);
    ten_dataset_release(&again);
    ten_dataset_release(&fewer);
    free(set.labels);
    set.labels = NULL;
    assert_ok(ten_augment_dataset(&again, &set, strengths, 0, &many, &error));
    assert_true(again.count == COUNT && !again.labels);
    assert_memory_equal(again.images, set.images, COUNT * 117);
    ten_dataset_release(&again);
    assert_fails(ten_augment_dataset(&again, &set, strengths, (size_t)1 << 40, &many, &error), TEN_INVALID, "2^32");
    assert_true(again.images == NULL);
    set.count = 0;
    assert_fails(ten_augment_dataset(&again, &set, strengths, 1, &many, &error), TEN_INVALID, "at least one image");
    ten_deformer_free(d);
    free(scratch);
    ten_dataset_release(&out);
    ten_dataset_release(&set);
}

static void test_dataset_copies(void **state) {
    (void)state;
    check_copies(&full);
    check_copies(&inky);
}

/* Ink takes any image: of one pixel, of none, of any unit, and leaves its largest value what it is. */
static void test_ink_on_any_image(void **state) {
    (void)state;
    for (size_t s = 0; s < SIZES; s++)
        for (int unit = 0; unit < 2; unit++) {
            size_t height = sizes[s].height, width = sizes[s].width, count = height * width;
            struct ten_deformer *d = ten_deformer_new(&inky, height, width);
            float *image = random_image(count, s), *out = floats(count), *scratch = floats(ten_deformer_scratch(d));
            float most = 0, other = 0;
            for (size_t i = 0; i < count; i++) image[i] *= unit ? 1 / 255.0f : 1;
            for (size_t i = 0; i < count; i++) most = fmaxf(most, image[i]);
            for (uint64_t copy = 0; copy < 20; copy++) {
                ten_deform_floats(d, 1, s, copy, copy % 10, image, out, scratch);
                other = 0;
                for (size_t i = 0; i < count; i++) {
                    assert_true(out[i] >= 0 && out[i] <= most * 1.00001f);
                    other = fmaxf(other, out[i]);
                }
                assert_true(other == 0 || other > most * 0.9999f); /* 0: all of it was moved away */
            }
            for (size_t i = 0; i < count; i++) image[i] = 0;
            ten_deform_floats(d, 1, s, 0, 1, image, out, scratch);
            for (size_t i = 0; i < count; i++) assert_true(out[i] == 0);
            ten_deformer_free(d);
            free(image), free(out), free(scratch);
        }
}

/* Without its own strengths the canvas is the warp, twice as fine: means of 2x2 of an image that is a plane are it. */
static void test_fine_warp(void **state) {
    (void)state;
    const struct ten_augment moved = {.shift = 2, .sigma = 4, .keystone = 1, .ink = {.grain = 1e-9}};
    const struct ten_augment plain = {.shift = 2, .sigma = 4, .keystone = 1};
    enum { SIDE = 28 };
    float image[SIDE * SIDE], fine[SIDE * SIDE], coarse[SIDE * SIDE];
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) image[y * SIDE + x] = (float)(100 + 3 * y + 2 * x);
    struct ten_deformer *d = ten_deformer_new(&moved, SIDE, SIDE), *p = ten_deformer_new(&plain, SIDE, SIDE);
    float *scratch = floats(ten_deformer_scratch(d));
    for (uint64_t copy = 0; copy < 20; copy++) {
        ten_deform_floats(d, 1, 0, copy, TEN_CLASSES, image, fine, scratch);
        ten_deform_floats(p, 1, 0, copy, TEN_CLASSES, image, coarse, scratch);
        float factor = fine[14 * SIDE + 14] / coarse[14 * SIDE + 14]; /* the largest value was set to the image's */
        assert_true(factor > 0.99f && factor < 1.1f);
        for (int y = 5; y < SIDE - 5; y++)
            for (int x = 5; x < SIDE - 5; x++)
                assert_true(fabsf(fine[y * SIDE + x] - factor * coarse[y * SIDE + x]) < 0.1f);
    }
    ten_deformer_free(d);
    ten_deformer_free(p);
    free(scratch);
}

static void test_stop(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_dataset set, out;
    test_dataset(&set, 50, 28, 28, 4);
    struct ten_run run = {.threads = 1, .progress = stop_at_once}; /* the first thread reports */
    assert_fails(ten_augment_dataset(&out, &set, &full, 20, &run, &error), TEN_CANCELLED, "deform");
    assert_true(out.images == NULL && out.labels == NULL);
    ten_dataset_release(&set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),         cmocka_unit_test(test_shift),
        cmocka_unit_test(test_quarter_turn),     cmocka_unit_test(test_map),
        cmocka_unit_test(test_against_naive),    cmocka_unit_test(test_outside),
        cmocka_unit_test(test_ranges),           cmocka_unit_test(test_field),
        cmocka_unit_test(test_streams),          cmocka_unit_test(test_smoothness),
        cmocka_unit_test(test_dataset_copies),   cmocka_unit_test(test_stop),
        cmocka_unit_test(test_ink_on_any_image), cmocka_unit_test(test_fine_warp),
    };
    return cmocka_run_group_tests_name("augment", tests, NULL, NULL);
}
