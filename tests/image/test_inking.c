/* The look of ink on shapes whose answer is known by arithmetic; measured strokes likewise; drawings of no digit and
 * other ways of writing by what they promise. */
#include "test.h"

#include "image/geometry.h"
#include "image/inking.h"
#include "image/outline.h"
#include "image/pen.h"
#include "image/scribble.h"
#include "image/style.h"
#include "image/writing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, FINE = TEN_INKING_FINE * SIDE, CANVAS = FINE * FINE };

/* A filled rectangle of the canvas. */
static void draw_box(float *canvas, size_t top, size_t left, size_t height, size_t width) {
    memset(canvas, 0, CANVAS * sizeof *canvas);
    for (size_t y = top; y < top + height; y++)
        for (size_t x = left; x < left + width; x++) canvas[y * FINE + x] = 1;
}

/* What the strengths make of the canvas in stream `stream`; the canvas is kept. */
static void ink(const struct ten_inking *strengths, uint64_t stream, const float *canvas, float *out) {
    static float copy[CANVAS];
    float *scratch = malloc(ten_inking_scratch(SIDE, SIDE) * sizeof *scratch); /* as many as are asked for */
    struct ten_random random;
    assert_non_null(scratch);
    memcpy(copy, canvas, sizeof copy);
    ten_random_init(&random, 3, stream);
    ten_inking_draw(strengths, &random, SIDE, SIDE, copy, out, scratch);
    free(scratch);
}

static double mass(const float *image) {
    double sum = 0;
    for (size_t i = 0; i < PIXELS; i++) sum += (double)image[i];
    return sum;
}

/* ---- Ink -----------------------------------------------------------------------------------------------------------
 */

static void test_wanted(void **state) {
    (void)state;
    assert_false(ten_inking_wanted(&(struct ten_inking){0}));
    const struct ten_inking each[] = {{.stroke = 1}, {.gaps = 1},  {.specks = 1}, {.blur = 0.5},
                                      {.edge = 1},   {.grain = 1}, {.fit = 20}};
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) assert_true(ten_inking_wanted(&each[i]));
}

/* A bar of 12 x 80 canvas pixels is 6 wide; its width changes by up to 2 both ways, in parts of a pixel too. */
static void test_stroke(void **state) {
    (void)state;
    static float canvas[CANVAS];
    float out[PIXELS];
    double least = 99, most = 0;
    draw_box(canvas, 8, 20, 40, 12);
    for (uint64_t stream = 0; stream < 400; stream++) {
        ink(&(struct ten_inking){.stroke = 2}, stream, canvas, out);
        double width = 0;
        for (size_t x = 0; x < SIDE; x++) width += (double)out[14 * SIDE + x];
        least = fmin(least, width), most = fmax(most, width);
    }
    assert_true(least >= 3.999 && least < 4.05 && most <= 8.001 && most > 7.95);
    draw_box(canvas, 8, 20, 40, 4); /* 2 wide: it keeps 0.4 of it, but for what its ends count */
    for (uint64_t stream = 0; stream < 400; stream++) {
        ink(&(struct ten_inking){.stroke = 8}, stream, canvas, out);
        assert_true(mass(out) > 0.6 * 19);
    }
}

/* A box of 40 x 24 canvas pixels becomes 20 x 12, as means of 2x2 would make it, centred as ten_center_by_mass does it;
 * one of 10 x 50 becomes 20 long and 4 wide. */
static void test_fit(void **state) {
    (void)state;
    static float canvas[CANVAS];
    float out[PIXELS], small[20 * 12], expected[PIXELS];
    const struct ten_inking fit = {.fit = 20};
    struct ten_random random;
    ten_random_init(&random, 1, 0);
    draw_box(canvas, 3, 30, 40, 24);
    for (size_t y = 4; y < 42; y++)
        for (size_t x = 31; x < 53; x++) canvas[y * FINE + x] = (float)ten_random_unit(&random);
    for (size_t y = 0; y < 20; y++)
        for (size_t x = 0; x < 12; x++) {
            const float *at = canvas + (3 + 2 * y) * FINE + 30 + 2 * x;
            small[y * 12 + x] = (at[0] + at[1] + at[FINE] + at[FINE + 1]) / 4;
        }
    ten_center_by_mass(small, 20, 12, expected, SIDE);
    float largest = 0;
    for (size_t i = 0; i < PIXELS; i++) largest = fmaxf(largest, expected[i]);
    ink(&fit, 0, canvas, out);
    for (size_t i = 0; i < PIXELS; i++) assert_true(fabsf(out[i] - expected[i] / largest) < 1e-5f);

    draw_box(canvas, 40, 2, 10, 50);
    ink(&fit, 0, canvas, out);
    struct ten_box box = ten_ink_box(out, SIDE, SIDE);
    assert_int_equal(box.width, 20);
    assert_int_equal(box.height, 4);
    assert_int_equal(box.x, 5); /* its middle, 9.5, on pixel 14 */
    assert_int_equal(box.y, 13);
    memset(canvas, 0, sizeof canvas); /* nothing to fit */
    ink(&fit, 0, canvas, out);
    assert_true(mass(out) == 0);
}

/* A gap takes a part of a line away and nothing else; a speck adds a little. */
static void test_gaps_and_specks(void **state) {
    (void)state;
    static float canvas[CANVAS];
    float out[PIXELS], whole[PIXELS];
    draw_box(canvas, 8, 24, 40, 6);
    ink(&(struct ten_inking){.fit = 0}, 0, canvas, whole);
    int broken = 0, specked = 0;
    for (uint64_t stream = 0; stream < 200; stream++) {
        ink(&(struct ten_inking){.gaps = 0.5}, stream, canvas, out);
        double lost = mass(whole) - mass(out);
        for (size_t i = 0; i < PIXELS; i++) assert_true(out[i] <= whole[i] + 1e-6f);
        assert_true(lost < mass(whole) / 2);
        broken += lost > 0.1;
        ink(&(struct ten_inking){.specks = 0.5}, stream, canvas, out);
        double more = mass(out) - mass(whole);
        for (size_t i = 0; i < PIXELS; i++) assert_true(out[i] >= whole[i] - 1e-6f);
        assert_true(more < 40);
        specked += more > 0.1;
    }
    assert_true(broken > 70 && broken < 130 && specked > 70 && specked < 130);
}

/* A blur keeps the mass and has at most the deviation that was asked for; a point shows it. */
static void test_blur(void **state) {
    (void)state;
    static float canvas[CANVAS];
    float out[PIXELS];
    double most = 0;
    draw_box(canvas, 28, 28, 2, 2);
    for (uint64_t stream = 0; stream < 300; stream++) {
        ink(&(struct ten_inking){.blur = 0.8}, stream, canvas, out);
        double variance = 0;
        for (size_t y = 0; y < SIDE; y++)
            for (size_t x = 0; x < SIDE; x++)
                variance += (double)out[y * SIDE + x] * ((double)x - 14) * ((double)x - 14) / mass(out);
        assert_true(variance <= 0.6401);
        most = fmax(most, variance);
    }
    assert_true(most > 0.6);
}

/* Edges stay in order from dark to light, and grain takes at most its share. */
static void test_edge_and_grain(void **state) {
    (void)state;
    static float canvas[CANVAS];
    float out[PIXELS];
    bool harder = false, softer = false;
    for (size_t i = 0; i < CANVAS; i++) canvas[i] = (float)(i % FINE / 2) / 27;
    for (uint64_t stream = 0; stream < 100; stream++) {
        ink(&(struct ten_inking){.edge = 1}, stream, canvas, out);
        for (size_t x = 1; x < SIDE; x++) assert_true(out[x] >= out[x - 1]);
        assert_true(out[0] == 0 && out[27] > 0.9999f);
        harder |= out[13] > 0.75f;
        softer |= out[13] < 0.4f;
        ink(&(struct ten_inking){.grain = 0.3}, stream, canvas, out);
        for (size_t i = 0; i < PIXELS; i++) {
            float was = (float)(i % SIDE) / 27;
            assert_true(out[i] >= 0.69f * was && out[i] <= was / 0.7f + 1e-6f && out[i] <= 1.000001f);
        }
    }
    assert_true(harder && softer);
}

/* ---- Strokes -------------------------------------------------------------------------------------------------------
 */

static void fill_bytes(uint8_t *image, size_t top, size_t left, size_t height, size_t width, uint8_t value) {
    for (size_t y = top; y < top + height; y++) memset(image + y * SIDE + left, value, width);
}

static void test_strokes(void **state) {
    (void)state;
    uint8_t image[PIXELS] = {0};
    struct ten_outline s = ten_measure_outline(image, SIDE, SIDE);
    assert_true(s.length == 0 && s.width == 0 && s.holes == 0);
    fill_bytes(image, 4, 12, 20, 4, 200); /* half an outline of 48, but for the corner where two steps are one */
    s = ten_measure_outline(image, SIDE, SIDE);
    assert_true(fabs(s.length - 24) < 0.5 && fabs(s.width - 80 / s.length) < 1e-9 && s.holes == 0);
    fill_bytes(image, 0, 0, SIDE, SIDE, 255); /* up to the border */
    s = ten_measure_outline(image, SIDE, SIDE);
    assert_true(fabs(s.width - 14) < 0.5 && s.holes == 0);
    for (size_t holes = 1; holes <= 9; holes++) {
        size_t i = holes - 1;
        fill_bytes(image, 2 + i / 3 * 8, 2 + i % 3 * 8, 5, 5, 0);
        assert_int_equal(ten_measure_outline(image, SIDE, SIDE).holes, holes);
    }
    image[27 * SIDE + 27] = image[10] = 0; /* one pixel is none, and the border's belongs to the outside */
    assert_int_equal(ten_measure_outline(image, SIDE, SIDE).holes, 9);
    fill_bytes(image, 0, 4, 3, 1, 0); /* open to the outside: no hole any more */
    assert_int_equal(ten_measure_outline(image, SIDE, SIDE).holes, 8);
}

/* ---- No digits -----------------------------------------------------------------------------------------------------
 */

static void test_scribbles(void **state) {
    (void)state;
    float first[PIXELS], again[PIXELS];
    for (size_t kind = 0; kind < TEN_SCRIBBLE_KINDS; kind++)
        for (uint64_t stream = 0; stream < 40; stream++) {
            struct ten_random random;
            ten_random_init(&random, 1, stream);
            ten_scribble(&random, kind, SIDE, SIDE, first);
            ten_random_init(&random, 1, stream);
            ten_scribble(&random, kind, SIDE, SIDE, again);
            assert_memory_equal(first, again, sizeof first);
            ten_random_init(&random, 2, stream);
            ten_scribble(&random, kind, SIDE, SIDE, again);
            assert_memory_not_equal(first, again, sizeof first);
            assert_true(mass(first) > 10);
            struct ten_box box = ten_ink_box(first, SIDE, SIDE);
            assert_true(box.x >= 1 && box.y >= 1 && box.x + box.width <= 27 && box.y + box.height <= 27);
            for (size_t i = 0; i < PIXELS; i++) assert_true(first[i] >= 0 && first[i] <= 1);
        }
    float *tiny = malloc(5 * 3 * sizeof *tiny); /* any size */
    for (size_t kind = 0; kind < TEN_SCRIBBLE_KINDS; kind++) {
        struct ten_random random;
        ten_random_init(&random, 1, 0);
        ten_scribble(&random, kind, 5, 3, tiny);
    }
    free(tiny);
}

/* ---- Digits drawn
 * ----------------------------------------------------------------------------------------------------
 */

/* Reproducible, within the middle, with as much ink as a pen leaves; a curve goes through its points; and every label
 * has several ways: far apart as no moving of points would have them. */
static void test_writing(void **state) {
    (void)state;
    enum { STREAMS = 40 };
    static float all[STREAMS][PIXELS];
    float again[PIXELS];
    for (size_t label = 0; label < TEN_CLASSES; label++) {
        for (uint64_t stream = 0; stream < STREAMS; stream++) {
            struct ten_random random;
            ten_random_init(&random, 1, stream);
            ten_write_digit(&random, label, SIDE, SIDE, all[stream]);
            ten_random_init(&random, 1, stream);
            ten_write_digit(&random, label, SIDE, SIDE, again);
            assert_memory_equal(all[stream], again, sizeof again);
            for (uint64_t other = 0; other < stream; other++)
                assert_memory_not_equal(all[stream], all[other], sizeof again);
            assert_true(mass(all[stream]) > 12 && mass(all[stream]) < 330);
            struct ten_box box = ten_ink_box(all[stream], SIDE, SIDE);
            assert_true(box.height >= 10 && box.x >= 1 && box.y >= 1 && box.x + box.width <= 27 &&
                        box.y + box.height <= 27);
            for (size_t i = 0; i < PIXELS; i++) assert_true(all[stream][i] >= 0 && all[stream][i] <= 1);
        }
    }
    float *tiny = malloc(5 * 3 * sizeof *tiny);
    for (size_t label = 0; label < TEN_CLASSES; label++) {
        struct ten_random random;
        ten_random_init(&random, 1, 0);
        ten_write_digit(&random, label, 5, 3, tiny);
    }
    free(tiny);
}

static void test_curves(void **state) {
    (void)state;
    static float image[100 * 100];
    struct ten_random random;
    ten_random_init(&random, 1, 0);
    struct ten_drawing drawing = ten_drawing_new(&random, 100, 100, image);
    drawing.pen = 0.3;
    const struct ten_point points[] = {{1, 1}, {10, 4}, {17, 12}, {6, 18}};
    ten_draw_curve(&drawing, points, 4);
    for (size_t i = 0; i < 4; i++) {
        size_t x = (size_t)(50 + (points[i].x - TEN_PEN_UNITS / 2) * ten_drawing_scale_x(&drawing));
        size_t y = (size_t)(50 + (points[i].y - TEN_PEN_UNITS / 2) * ten_drawing_scale_y(&drawing));
        assert_true(image[y * 100 + x] > 0.9f);
    }
    assert_true(image[99 * 100 + 99] == 0);
    double ink = 0; /* as long as the way from point to point at least, and not twice that */
    for (size_t i = 0; i < 100 * 100; i++) ink += (double)image[i];
    double least = 0;
    for (size_t i = 1; i < 4; i++) least += hypot(points[i].x - points[i - 1].x, points[i].y - points[i - 1].y);
    double length = ink / (2 * 0.3 * ten_drawing_scale_x(&drawing)) / ten_drawing_scale_x(&drawing);
    assert_true(length > 0.95 * least && length < 1.6 * least);
}

/* ---- Other hands ---------------------------------------------------------------------------------------------------
 */

/* An upright line from row 4 to 23, and for a 7 a roof, for a 4 a left arm and a crossbar, for a 9 a ring. */
static void draw_digit(size_t label, float *image) {
    uint8_t bytes[PIXELS] = {0};
    fill_bytes(bytes, 4, 16, 20, 2, 1);
    if (label == 7) fill_bytes(bytes, 4, 8, 2, 10, 1);
    if (label == 4) fill_bytes(bytes, 4, 8, 11, 2, 1), fill_bytes(bytes, 14, 8, 2, 13, 1);
    if (label == 9)
        fill_bytes(bytes, 4, 8, 2, 10, 1), fill_bytes(bytes, 12, 8, 2, 10, 1), fill_bytes(bytes, 4, 8, 10, 2, 1);
    for (size_t i = 0; i < PIXELS; i++) image[i] = bytes[i] ? 200 : 0;
}

static double mass_of_rows(const float *image, size_t from, size_t to) {
    double sum = 0;
    for (size_t i = from * SIDE; i < to * SIDE; i++) sum += (double)image[i];
    return sum;
}

static void test_styles(void **state) {
    (void)state;
    float plain[PIXELS], image[PIXELS], scratch[PIXELS];
    for (size_t label = 0; label <= TEN_CLASSES; label++) {
        bool known = label == 1 || label == 4 || label == 7 || label == 9;
        int changed = 0;
        draw_digit(label, plain);
        for (uint64_t stream = 0; stream < 200; stream++) {
            struct ten_random random;
            ten_random_init(&random, 5, stream);
            memcpy(image, plain, sizeof image);
            ten_restyle(0.5, &random, label, SIDE, SIDE, image, scratch);
            bool same = memcmp(image, plain, sizeof image) == 0;
            changed += !same;
            for (size_t i = 0; i < PIXELS; i++) assert_true(image[i] >= 0 && image[i] <= 200);
            if (same) continue;
            if (label ==
                4) { /* below the crossbar and right of the stem nothing moves; the arm has come nearer above */
                assert_memory_equal(image + 15 * SIDE, plain + 15 * SIDE, 13 * SIDE * sizeof *image);
                assert_true(image[5 * SIDE + 8] == 0 && image[5 * SIDE + 17] == 200);
                continue;
            }
            for (size_t i = 0; i < PIXELS; i++) assert_true(image[i] >= plain[i]); /* strokes are added */
            if (label == 9) assert_true(mass_of_rows(image, 0, 18) == mass_of_rows(plain, 0, 18));
        }
        assert_true(known ? changed > 60 && changed < 140 : changed == 0);
    }
    struct ten_random random;
    ten_random_init(&random, 5, 0);
    memset(image, 0, sizeof image);
    ten_restyle(1, &random, 1, SIDE, SIDE, image, scratch); /* nothing to write on */
    assert_true(mass(image) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wanted),  cmocka_unit_test(test_stroke),          cmocka_unit_test(test_fit),
        cmocka_unit_test(test_blur),    cmocka_unit_test(test_gaps_and_specks), cmocka_unit_test(test_edge_and_grain),
        cmocka_unit_test(test_strokes), cmocka_unit_test(test_scribbles),       cmocka_unit_test(test_writing),
        cmocka_unit_test(test_curves),  cmocka_unit_test(test_styles),
    };
    return cmocka_run_group_tests_name("inking", tests, NULL, NULL);
}
