/* Every corruption against a naive version written here or against what it must leave alone; strength 0, borders,
 * random directions, threads and bad arguments. */
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct size { size_t height, width; } sizes[] = {{1, 1}, {3, 5}, {1, 9}, {7, 1}, {28, 28}, {33, 17}};
enum { SIZES = sizeof sizes / sizeof *sizes, KINDS = 8 };

static size_t kind_of(const char *name) {
    for (size_t i = 0; ten_corruption_at(i); i++)
        if (strcmp(ten_corruption_at(i)->name, name) == 0) return i;
    fail_msg("there is no corruption %s", name);
    return 0;
}

static uint32_t next(uint32_t *state) { return *state = *state * 1664525 + 1013904223; }

/* Images of blobs: values of every size, background around. */
static struct ten_dataset blobs(size_t count, size_t height, size_t width, uint32_t seed) {
    struct ten_dataset set = {count, height, width, malloc(count * height * width), malloc(count)};
    assert_non_null(set.images);
    assert_non_null(set.labels);
    for (size_t i = 0; i < count * height * width; i++)
        set.images[i] = next(&seed) >> 30 ? (uint8_t)(next(&seed) >> 24) : 0;
    for (size_t i = 0; i < count; i++) set.labels[i] = (uint8_t)(i % TEN_CLASSES);
    return set;
}

static struct ten_dataset plain(size_t count, size_t height, size_t width, uint8_t value) {
    struct ten_dataset set = {count, height, width, malloc(count * height * width), NULL};
    assert_non_null(set.images);
    memset(set.images, value, count * height * width);
    return set;
}

static struct ten_dataset spoil(const struct ten_dataset *from, const char *name, double strength) {
    struct ten_error error;
    struct ten_dataset out;
    struct ten_run run = {.seed = 5};
    assert_ok(ten_corrupt(&out, from, kind_of(name), strength, &run, &error));
    assert_int_equal(out.count, from->count);
    assert_int_equal(out.height, from->height);
    assert_int_equal(out.width, from->width);
    return out;
}

static double at(const struct ten_dataset *set, size_t image, double y, double x) {
    if (y < 0 || x < 0 || y >= (double)set->height || x >= (double)set->width) return 0;
    return set->images[(image * set->height + (size_t)y) * set->width + (size_t)x];
}

static double between(const struct ten_dataset *set, size_t image, double y, double x) {
    double top = floor(y), left = floor(x), down = y - top, right = x - left;
    return (1 - down) * ((1 - right) * at(set, image, top, left) + right * at(set, image, top, left + 1)) +
           down * ((1 - right) * at(set, image, top + 1, left) + right * at(set, image, top + 1, left + 1));
}

/* Whether an image of `out` is what `naive` gives of that of `from`, roundings of half a grey apart. */
typedef double definition(const struct ten_dataset *from, size_t image, double y, double x, double strength);
static bool is(const struct ten_dataset *out, const struct ten_dataset *from, size_t image, definition *naive,
               double strength) {
    for (size_t y = 0; y < from->height; y++)
        for (size_t x = 0; x < from->width; x++) {
            double expected = naive(from, image, (double)y, (double)x, strength);
            if (fabs(at(out, image, (double)y, (double)x) - expected) > 0.51) return false;
        }
    return true;
}

/* ---- The table -------------------------------------------------------------------------------------------------- */

static void test_table(void **state) {
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        const struct ten_corruption *about = ten_corruption_at(i);
        assert_non_null(about);
        assert_int_equal(kind_of(about->name), i);
        assert_true(about->title[0] && about->unit[0] && about->strengths[0] > 0);
        for (size_t s = 1; s < TEN_STRENGTHS; s++) assert_true(about->strengths[s] > about->strengths[s - 1]);
        assert_true(about->strengths[TEN_STRENGTHS - 1] <= about->maximum);
    }
    assert_null(ten_corruption_at(KINDS));
    assert_null(ten_corruption_at(SIZE_MAX));
}

/* Images of any size; none of the strengths of the table, nor the largest, leaves the memory of an image. */
static void test_strength_0(void **state) {
    (void)state;
    struct ten_error error;
    for (size_t s = 0; s < SIZES; s++)
        for (size_t kind = 0; kind < KINDS; kind++) {
            struct ten_dataset from = blobs(9, sizes[s].height, sizes[s].width, (uint32_t)s), out;
            const struct ten_corruption *about = ten_corruption_at(kind);
            assert_ok(ten_corrupt(&out, &from, kind, 0, NULL, &error));
            assert_memory_equal(out.images, from.images, 9 * from.height * from.width);
            assert_memory_equal(out.labels, from.labels, 9);
            ten_dataset_release(&out);
            for (size_t i = 0; i < TEN_STRENGTHS; i++) {
                assert_ok(ten_corrupt(&out, &from, kind, about->strengths[i], NULL, &error));
                ten_dataset_release(&out);
            }
            assert_ok(ten_corrupt(&out, &from, kind, about->maximum, NULL, &error));
            ten_dataset_release(&out);
            ten_dataset_release(&from);
        }
}

/* ---- Known answers ---------------------------------------------------------------------------------------------- */

static void test_noise(void **state) {
    (void)state;
    struct ten_dataset from = plain(200, 17, 21, 128), out = spoil(&from, "noise", 20);
    double count = 200 * 17 * 21, sum = 0, squares = 0, neighbours = 0, within = 0;
    for (size_t i = 0; i < (size_t)count; i++) {
        double value = out.images[i] - 128.0;
        sum += value, squares += value * value;
        within += fabs(value) < 20;
        if (i) neighbours += value * (out.images[i - 1] - 128.0);
    }
    assert_true(fabs(sum / count) < 5 * 20 / sqrt(count));
    assert_true(fabs(squares / count - 400 - 1.0 / 12) < 5 * 400 * sqrt(2 / count)); /* 1/12: rounding */
    assert_true(fabs(neighbours / count) < 5 * 400 / sqrt(count));
    assert_true(fabs(within / count - 0.6703) < 0.01); /* below 19.5 deviations of 20, of a normal distribution */
    assert_memory_not_equal(out.images, out.images + 17 * 21, 17 * 21);
    ten_dataset_release(&out);
    ten_dataset_release(&from);
}

static double naive_blur(const struct ten_dataset *from, size_t image, double y, double x, double sigma) {
    double sum = 0, weights = 0;
    for (int down = -60; down <= 60; down++)
        for (int right = -60; right <= 60; right++) {
            double weight = exp(-(down * down + right * right) / (2 * sigma * sigma));
            sum += weight * at(from, image, y + down, x + right);
            weights += weight;
        }
    return sum / weights;
}

static void test_blur(void **state) {
    (void)state;
    for (size_t s = 0; s < SIZES; s++)
        for (double sigma = 0.3; sigma < 5; sigma *= 2) {
            struct ten_dataset from = blobs(1, sizes[s].height, sizes[s].width, (uint32_t)s);
            struct ten_dataset out = spoil(&from, "blur", sigma);
            /* what lies beyond four deviations is left out: less than 255 / 10000 */
            assert_true(is(&out, &from, 0, naive_blur, sigma));
            ten_dataset_release(&out);
            ten_dataset_release(&from);
        }
}

static double naive_turn(const struct ten_dataset *from, size_t image, double y, double x, double degrees) {
    double angle = degrees * acos(-1) / 180;
    double cy = ((double)from->height - 1) / 2, cx = ((double)from->width - 1) / 2;
    return between(from, image, cy + (y - cy) * cos(angle) - (x - cx) * sin(angle),
                   cx + (x - cx) * cos(angle) + (y - cy) * sin(angle));
}

static double naive_scale(const struct ten_dataset *from, size_t image, double y, double x, double factor) {
    double cy = ((double)from->height - 1) / 2, cx = ((double)from->width - 1) / 2;
    return between(from, image, cy + (y - cy) / factor, cx + (x - cx) / factor);
}

/* Every image goes one of both ways, and both ways are gone by about as many. */
static void check_both_ways(const char *name, definition *naive, double strength, double one, double other) {
    enum { COUNT = 200 };
    struct ten_dataset from = blobs(COUNT, 12, 9, 3), out = spoil(&from, name, strength);
    int first = 0, second = 0;
    for (size_t i = 0; i < COUNT; i++) {
        bool is_first = is(&out, &from, i, naive, one), is_second = is(&out, &from, i, naive, other);
        assert_true(is_first != is_second);
        first += is_first, second += is_second;
    }
    assert_true(first > COUNT / 2 - 36 && second > COUNT / 2 - 36); /* five deviations */
    ten_dataset_release(&out);
    ten_dataset_release(&from);
}

static void test_rotation(void **state) {
    (void)state;
    check_both_ways("rotation", naive_turn, 13, 13, -13);
    check_both_ways("rotation", naive_turn, 40, 40, -40);
    check_both_ways("rotation", naive_turn, 90, 90, -90);
}

static void test_scale(void **state) {
    (void)state;
    check_both_ways("scale", naive_scale, 0.3, 1.3, 1 / 1.3);
    check_both_ways("scale", naive_scale, 1, 2, 0.5);
}

/* One pixel of ink comes to lie in one of eight places, exactly, and in each of them often enough. */
static void test_shift(void **state) {
    (void)state;
    enum { COUNT = 800, SIDE = 9 };
    struct ten_dataset from = plain(COUNT, SIDE, SIDE, 0);
    for (size_t i = 0; i < COUNT; i++) from.images[i * SIDE * SIDE + 4 * SIDE + 4] = 200;
    struct ten_dataset out = spoil(&from, "shift", 3);
    int places[3][3] = {{0}};
    for (size_t i = 0; i < COUNT; i++) {
        double sum = 0;
        for (size_t y = 0; y < SIDE; y++)
            for (size_t x = 0; x < SIDE; x++) sum += at(&out, i, (double)y, (double)x);
        assert_true(sum == 200);
        int found = 0;
        for (int y = 0; y < 3; y++)
            for (int x = 0; x < 3; x++)
                if (at(&out, i, 1 + 3 * y, 1 + 3 * x) == 200) places[y][x]++, found++;
        assert_int_equal(found, 1);
    }
    for (int y = 0; y < 3; y++)
        for (int x = 0; x < 3; x++) assert_true(y == 1 && x == 1 ? places[y][x] == 0 : places[y][x] > 50);
    ten_dataset_release(&out);
    out = spoil(&from, "shift", 20); /* far out: nothing is left, and nothing comes in at the other side */
    for (size_t i = 0; i < COUNT * SIDE * SIDE; i++) assert_int_equal(out.images[i], 0);
    ten_dataset_release(&out);
    ten_dataset_release(&from);
}

static double naive_fade(const struct ten_dataset *from, size_t image, double y, double x, double share) {
    return (1 - share) * at(from, image, y, x);
}

static void test_contrast(void **state) {
    (void)state;
    struct ten_dataset from = blobs(20, 7, 11, 4), out = spoil(&from, "contrast", 0.35);
    for (size_t i = 0; i < 20; i++) assert_true(is(&out, &from, i, naive_fade, 0.35));
    ten_dataset_release(&out);
    ten_dataset_release(&from);
}

/* The largest value (sign 1) or smallest (-1) of the bilinear image within the radius, looked for on a fine grid. */
static double extreme(const struct ten_dataset *from, size_t image, double y, double x, double radius, double sign) {
    double best = sign * at(from, image, y, x);
    for (int ring = 1; ring <= 8; ring++)
        for (int i = 0; i < 64; i++) {
            double angle = 2 * acos(-1) * i / 64, away = radius * ring / 8;
            best = fmax(best, sign * between(from, image, y + away * sin(angle), x + away * cos(angle)));
        }
    for (double down = -floor(radius); down <= radius; down++)
        for (double right = -floor(radius); right <= radius; right++)
            if (right * right + down * down <= radius * radius)
                best = fmax(best, sign * at(from, image, y + down, x + right));
    return sign * best;
}

/* Sixteen places on the rim miss at most what the image changes between them; on images smooth enough that is little.
 */
static void test_stroke(void **state) {
    (void)state;
    enum { COUNT = 60 };
    struct ten_dataset rough = blobs(COUNT, 14, 12, 6), from = spoil(&rough, "blur", 1.5);
    for (double radius = 0.4; radius < 3; radius += 0.7) {
        struct ten_dataset out = spoil(&from, "stroke", radius);
        int thicker = 0, thinner = 0;
        for (size_t i = 0; i < COUNT; i++) {
            bool above = true, below = true;
            double sum = 0;
            for (size_t p = 0; p < 14 * 12; p++) {
                double before = from.images[i * 14 * 12 + p], after = out.images[i * 14 * 12 + p];
                above = above && after >= before;
                below = below && after <= before;
                sum += fabs(after - before);
            }
            assert_true(sum > 0 && above != below);
            thicker += above, thinner += below;
            for (size_t y = 0; y < 14; y++)
                for (size_t x = 0; x < 12; x++) {
                    double expected =
                        extreme(&from, i, (double)y, (double)x, above ? radius : radius / 2, above ? 1 : -1);
                    double away = (at(&out, i, (double)y, (double)x) - expected) * (above ? 1 : -1);
                    assert_true(away < 0.6 && away > -5); /* never beyond the extreme of all, and not far from it */
                }
        }
        assert_true(thicker > 10 && thinner > 10);
        ten_dataset_release(&out);
    }
    ten_dataset_release(&rough);
    ten_dataset_release(&from);
}

/* A line of a pixel's width and its closed form: dilation by r < 1 gives the bilinear value at distance 1 - r beside
 * it, and leaves the line; erosion by r / 2 gives the value at distance r / 2 from its middle. */
static void test_stroke_line(void **state) {
    (void)state;
    struct ten_dataset from = plain(40, 9, 9, 0);
    for (size_t i = 0; i < 40; i++)
        for (size_t y = 0; y < 9; y++) from.images[i * 81 + y * 9 + 4] = 200;
    struct ten_dataset out = spoil(&from, "stroke", 0.6);
    for (size_t i = 0; i < 40; i++) {
        bool thicker = at(&out, i, 4, 4) == 200;
        assert_int_equal(at(&out, i, 4, 4), thicker ? 200 : 140);
        assert_int_equal(at(&out, i, 4, 3), thicker ? 120 : 0);
        assert_int_equal(at(&out, i, 4, 5), thicker ? 120 : 0);
        assert_int_equal(at(&out, i, 4, 2), 0);
    }
    ten_dataset_release(&out);
    ten_dataset_release(&from);
}

/* A hole is a square of the whole side, background, over the ink; all else stays. */
static void test_occlusion(void **state) {
    (void)state;
    enum { COUNT = 300 };
    struct ten_dataset from = plain(COUNT, 15, 12, 90);
    for (size_t side = 1; side <= 14; side++) {
        struct ten_dataset out = spoil(&from, "occlusion", (double)side);
        size_t expected = side < 12 ? side : 12, moved = 0;
        for (size_t i = 0; i < COUNT; i++) {
            size_t holes = 0, top = 15, left = 12, bottom = 0, right = 0;
            for (size_t y = 0; y < 15; y++)
                for (size_t x = 0; x < 12; x++) {
                    uint8_t value = out.images[i * 180 + y * 12 + x];
                    assert_true(value == 90 || value == 0);
                    if (value) continue;
                    holes++;
                    top = y < top ? y : top, left = x < left ? x : left;
                    bottom = y > bottom ? y : bottom, right = x > right ? x : right;
                }
            assert_int_equal(holes, expected * expected);
            assert_int_equal(bottom - top + 1, expected);
            assert_int_equal(right - left + 1, expected);
            moved += top != 0;
        }
        assert_true(moved > COUNT / 10);
        ten_dataset_release(&out);
    }
    /* of one pixel of ink nothing is ever left, wherever it is; an empty image stays empty */
    memset(from.images, 0, COUNT * 180);
    for (size_t i = 0; i < 180; i++) from.images[i * 180 + i] = 255;
    struct ten_dataset out = spoil(&from, "occlusion", 3);
    for (size_t i = 0; i < COUNT * 180; i++) assert_int_equal(out.images[i], 0);
    ten_dataset_release(&out);
    ten_dataset_release(&from);
}

/* ---- Randomness ------------------------------------------------------------------------------------------------- */

static void test_threads_and_seeds(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_dataset from = blobs(500, 13, 11, 9), one, many, part;
    size_t size = 500 * 13 * 11;
    for (size_t kind = 0; kind < KINDS; kind++) {
        double strength = ten_corruption_at(kind)->strengths[3];
        const char *name = ten_corruption_at(kind)->name;
        assert_ok(ten_corrupt(&one, &from, kind, strength, &(struct ten_run){.seed = 1, .threads = 1}, &error));
        assert_ok(ten_corrupt(&many, &from, kind, strength, &(struct ten_run){.seed = 1, .threads = 7}, &error));
        assert_memory_equal(one.images, many.images, size);
        ten_dataset_release(&many);
        struct ten_dataset fewer = from; /* the others do not matter */
        fewer.count = 77;
        assert_ok(ten_corrupt(&part, &fewer, kind, strength, &(struct ten_run){.seed = 1, .threads = 2}, &error));
        assert_memory_equal(one.images, part.images, 77 * 13 * 11);
        ten_dataset_release(&part);
        assert_ok(ten_corrupt(&many, &from, kind, strength, &(struct ten_run){.seed = 2}, &error));
        bool random = strcmp(name, "blur") != 0 && strcmp(name, "contrast") != 0;
        assert_int_equal(memcmp(one.images, many.images, size) != 0, random);
        ten_dataset_release(&many);
        ten_dataset_release(&one);
    }
    ten_dataset_release(&from);
}

static void test_bad_arguments(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_dataset from = blobs(300, 5, 4, 1), out;
    assert_fails(ten_corrupt(&out, &from, KINDS, 1, NULL, &error), TEN_INVALID, "no corruption 8, expected 0..7");
    for (size_t kind = 0; kind < KINDS; kind++) {
        const struct ten_corruption *about = ten_corruption_at(kind);
        assert_fails(ten_corrupt(&out, &from, kind, -0.1, NULL, &error), TEN_INVALID, about->name);
        assert_fails(ten_corrupt(&out, &from, kind, about->maximum * 1.01, NULL, &error), TEN_INVALID, about->unit);
        assert_fails(ten_corrupt(&out, &from, kind, NAN, NULL, &error), TEN_INVALID, "expected 0..");
        assert_null(out.images);
    }
    struct ten_dataset none = from;
    none.count = 0;
    assert_fails(ten_corrupt(&out, &none, 0, 1, NULL, &error), TEN_INVALID, "at least one");
    none.count = 1, none.width = TEN_MAX_SIDE + 1;
    assert_fails(ten_corrupt(&out, &none, 0, 1, NULL, &error), TEN_INVALID, "1 images of 5x1025");
    none.height = 0, none.width = 4;
    assert_fails(ten_corrupt(&out, &none, 0, 1, NULL, &error), TEN_INVALID, "sides of 1..1024");
    struct ten_run stopped = {.progress = stop_at_once, .threads = 1}; /* the only thread is sure to be asked */
    assert_fails(ten_corrupt(&out, &from, 0, 1, &stopped, &error), TEN_CANCELLED, "");
    assert_null(out.images);
    assert_int_equal(ten_corrupt(&out, &from, 99, 1, NULL, NULL), TEN_INVALID);
    ten_dataset_release(&from);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),         cmocka_unit_test(test_strength_0),
        cmocka_unit_test(test_noise),         cmocka_unit_test(test_blur),
        cmocka_unit_test(test_rotation),      cmocka_unit_test(test_scale),
        cmocka_unit_test(test_shift),         cmocka_unit_test(test_contrast),
        cmocka_unit_test(test_stroke),        cmocka_unit_test(test_stroke_line),
        cmocka_unit_test(test_occlusion),     cmocka_unit_test(test_threads_and_seeds),
        cmocka_unit_test(test_bad_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
