/* The kernels that make convolutions with fewer products: minimal filtering, and the sparse gradients behind a pool.
 * Each against a naive convolution in double over awkward sizes; memory is allocated to the byte, so that the sanitizer
 * sees an access outside, and results lie between guards. */
#include "kernels/convolution.h"

#include "base/memory.h"
#include "base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 19 };

static float *fresh_floats(struct ten_random *random, size_t count) {
    float *values = malloc((count ? count : 1) * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++) values[i] = random ? (float)(2 * ten_random_unit(random) - 1) : NAN;
    return values;
}

/* Floats between guards. */
static float *guarded(size_t count) {
    assert_true(count < (size_t)1 << 32);
    float *block = malloc((count + 2 * GUARD) * sizeof *block);
    assert_non_null(block);
    for (size_t i = 0; i < count + 2 * GUARD; i++) block[i] = 1234.5f + (float)i;
    return block + GUARD;
}

static void free_guarded(float *values, size_t count, const char *set, const char *what) {
    float *block = values - GUARD;
    for (size_t i = 0; i < GUARD; i++) {
        size_t behind = GUARD + count + i;
        if (block[i] != 1234.5f + (float)i || block[behind] != 1234.5f + (float)behind)
            fail_msg("%s: %s wrote outside", set, what);
    }
    free(block);
}

static float *scratch_of(size_t count) {
    float *scratch = ten_alloc(count, sizeof *scratch);
    assert_non_null(scratch);
    for (size_t i = 0; i < count; i++) scratch[i] = NAN;
    return scratch;
}

static void check_near(const char *set, const char *what, size_t i, float got, double expected, double parts) {
    if (!(fabs((double)got - expected) <= 4e-7 * (parts + 4)))
        fail_msg("%s: %s [%zu] is %.9g, expected %.9g", set, what, i, (double)got, expected);
}

/* ---- Minimal filtering ---- */

struct shape {
    size_t count, height, width, channels, n;
};

static double naive_pixel(const struct shape *s, const float *in, const float *b, size_t image, size_t y, size_t x,
                          size_t j) {
    double sum = 0;
    for (size_t k = 0; k < 9; k++)
        for (size_t c = 0; c < s->channels; c++)
            sum += (double)in[((image * s->height + y + k / 3) * s->width + x + k % 3) * s->channels + c] *
                   (double)b[(k * s->channels + c) * s->n + j];
    return sum;
}

/* Plain, with bias and relu, and pooled; an image alone gives the same bits. */
static void try_product(const struct ten_kernels *set, const struct shape *s, const struct ten_images *in,
                        const float *b, const float *bias) {
    size_t height = s->height - 2, width = s->width - 2, count = s->count * height * width * s->n;
    float *filters = scratch_of(ten_winograd_filters(s->channels, s->n));
    float *scratch = scratch_of(ten_winograd_scratch(s->channels, s->n)), *plain = guarded(count);
    set->winograd_filters(s->channels, s->n, b, false, filters);
    set->winograd_product(in, s->n, filters, bias, false, false, plain, NULL, scratch);
    for (size_t i = 0; i < count; i++) {
        size_t pixel = i / s->n;
        double sum =
            naive_pixel(s, in->data, b, pixel / (height * width), pixel / width % height, pixel % width, i % s->n);
        check_near(set->name, "winograd_product", i, plain[i], sum + (bias ? (double)bias[i % s->n] : 0),
                   9 * (double)s->channels);
    }
    if (s->count > 0 && count > 0) {
        size_t one = height * width * s->n, last = s->count - 1;
        struct ten_images alone = {in->data + last * s->height * s->width * s->channels, 1, s->height, s->width,
                                   s->channels};
        float *out = guarded(one);
        set->winograd_product(&alone, s->n, filters, bias, false, false, out, NULL, scratch);
        assert_memory_equal(out, plain + last * one, one * sizeof *out);
        free_guarded(out, one, set->name, "winograd_product");
    }
    for (int relu = 0; relu < 2; relu++) {
        size_t down = height / 2, across = width / 2, pooled = s->count * down * across * s->n;
        float *all = guarded(count), *most = guarded(pooled), *again = guarded(pooled);
        assert_true(pooled < (size_t)1 << 32);
        uint8_t *place = malloc(pooled + 1);
        assert_non_null(place);
        set->winograd_product(in, s->n, filters, bias, relu, false, all, NULL, scratch);
        for (size_t i = 0; i < count; i++) assert_true(all[i] == (relu && !(plain[i] > 0) ? 0 : plain[i]));
        set->winograd_product(in, s->n, filters, bias, relu, true, most, place, scratch);
        set->winograd_product(in, s->n, filters, bias, relu, true, again, NULL, scratch);
        assert_memory_equal(most, again, pooled * sizeof *most);
        for (size_t i = 0; i < pooled; i++) {
            size_t tile = i / s->n, image = tile / (down * across), y = tile / across % down * 2, x = tile % across * 2;
            size_t best = 0, at[4];
            for (size_t r = 0; r < 4; r++) at[r] = ((image * height + y + r / 2) * width + x + r % 2) * s->n + i % s->n;
            for (size_t r = 1; r < 4; r++)
                if (all[at[r]] > all[at[best]]) best = r;
            assert_true(most[i] == all[at[best]]);
            assert_int_equal(place[i], best);
        }
        free_guarded(all, count, set->name, "winograd_product");
        free_guarded(most, pooled, set->name, "winograd_product");
        free_guarded(again, pooled, set->name, "winograd_product");
        free(place);
    }
    free_guarded(plain, count, set->name, "winograd_product");
    free(filters);
    free(scratch);
}

/* The gradient to the input, as the product of the output's gradient, with zeros around it, and the turned filters. */
static void try_turned(const struct ten_kernels *set, const struct shape *s, const float *b, const float *g) {
    size_t height = s->height - 2, width = s->width - 2, wide = width + 4, high = height + 4;
    size_t count = s->count * s->height * s->width * s->channels;
    float *padded = calloc(s->count * high * wide * s->n + 1, sizeof *padded), *got = guarded(count);
    double *expected = calloc(count + 1, sizeof *expected);
    float *filters = scratch_of(ten_winograd_filters(s->channels, s->n));
    float *scratch = scratch_of(ten_winograd_scratch(s->n, s->channels));
    assert_true(padded && expected);
    for (size_t i = 0; i < s->count * height * width; i++) {
        size_t image = i / (height * width), y = i / width % height, x = i % width;
        memcpy(padded + ((image * high + y + 2) * wide + x + 2) * s->n, g + i * s->n, s->n * sizeof *g);
        for (size_t k = 0; k < 9; k++)
            for (size_t c = 0; c < s->channels; c++)
                for (size_t j = 0; j < s->n; j++)
                    expected[((image * s->height + y + k / 3) * s->width + x + k % 3) * s->channels + c] +=
                        (double)g[i * s->n + j] * (double)b[(k * s->channels + c) * s->n + j];
    }
    set->winograd_filters(s->channels, s->n, b, true, filters);
    struct ten_images in = {padded, s->count, high, wide, s->n};
    set->winograd_product(&in, s->channels, filters, NULL, false, false, got, NULL, scratch);
    for (size_t i = 0; i < count; i++)
        check_near(set->name, "winograd_product of turned filters", i, got[i], expected[i], 9 * (double)s->n);
    free_guarded(got, count, set->name, "winograd_product");
    free(padded);
    free(expected);
    free(filters);
    free(scratch);
}

static void try_weights(const struct ten_kernels *set, struct ten_random *random, const struct shape *s,
                        const struct ten_images *in, const float *g, bool add) {
    size_t height = s->height - 2, width = s->width - 2, count = 9 * s->channels * s->n;
    float *scratch = scratch_of(ten_winograd_scratch(s->channels, s->n)), *got = guarded(count);
    double *expected = calloc(count + 1, sizeof *expected);
    assert_non_null(expected);
    for (size_t i = 0; add && i < count; i++) expected[i] = (double)(got[i] = (float)ten_random_unit(random));
    for (size_t k = 0; k < 9; k++)
        for (size_t c = 0; c < s->channels; c++)
            for (size_t i = 0; i < s->count * height * width; i++) {
                size_t image = i / (height * width), y = i / width % height + k / 3, x = i % width + k % 3;
                double pixel = (double)in->data[((image * s->height + y) * s->width + x) * s->channels + c];
                for (size_t j = 0; j < s->n; j++)
                    expected[(k * s->channels + c) * s->n + j] += pixel * (double)g[i * s->n + j];
            }
    set->winograd_weights(in, s->n, g, add, got, scratch);
    for (size_t i = 0; i < count; i++)
        check_near(set->name, "winograd_weights", i, got[i], expected[i], (double)(s->count * height * width));
    free_guarded(got, count, set->name, "winograd_weights");
    free(expected);
    free(scratch);
}

void test_winograd_of(const struct ten_kernels *set) {
    struct ten_random random;
    ten_random_init(&random, 20261125, 1);
    const size_t channels[] = {1, 2, 7, 8, 15, 16, 17, 24, 32, 33, 40}, sides[] = {3, 4, 5, 6, 9, 12};
    for (size_t round = 0; round < 60; round++) {
        struct shape s = {ten_random_below(&random, 6), sides[ten_random_below(&random, 6)],
                          sides[ten_random_below(&random, 6)], channels[ten_random_below(&random, 11)],
                          channels[ten_random_below(&random, 11)]};
        size_t pixels = s.count * s.height * s.width, outputs = s.count * (s.height - 2) * (s.width - 2);
        float *data = fresh_floats(&random, pixels * s.channels), *b = fresh_floats(&random, 9 * s.channels * s.n);
        float *bias = fresh_floats(&random, s.n), *g = fresh_floats(&random, outputs * s.n);
        struct ten_images in = {data, s.count, s.height, s.width, s.channels};
        try_product(set, &s, &in, b, round % 3 ? bias : NULL);
        try_turned(set, &s, b, g);
        try_weights(set, &random, &s, &in, g, round % 2);
        free(data);
        free(b);
        free(bias);
        free(g);
    }
}

/* With the values at the points rounded to bfloat16: the generic kernels near the exact result, the others near them.
 */
static void try_rounded(const struct ten_kernels *set, struct ten_random *random, const struct shape *s) {
    size_t height = s->height - 2, width = s->width - 2, pixels = s->count * s->height * s->width;
    size_t count = s->count * height * width * s->n, weights = 9 * s->channels * s->n;
    float *data = fresh_floats(random, pixels * s->channels), *b = fresh_floats(random, weights);
    float *bias = fresh_floats(random, s->n), *g = fresh_floats(random, count);
    struct ten_images in = {data, s->count, s->height, s->width, s->channels};
    float *out[3], *sums[3];
    for (int way = 0; way < 3; way++) { /* exact, generic, the set */
        const struct ten_kernels *k = way == 2 ? set : ten_kernels_at(0);
        float *filters = scratch_of(ten_winograd_filters(s->channels, s->n));
        float *scratch = scratch_of(ten_winograd_scratch(s->channels, s->n));
        out[way] = guarded(count), sums[way] = guarded(weights);
        (way ? k->winograd_filters_bf16 : k->winograd_filters)(s->channels, s->n, b, s->count == 2, filters);
        if (s->count == 2) /* turned filters want as many channels as units */
            assert_int_equal(s->channels, s->n);
        (way ? k->winograd_product_bf16 : k->winograd_product)(&in, s->n, filters, bias, true, false, out[way], NULL,
                                                               scratch);
        (way ? k->winograd_weights_bf16 : k->winograd_weights)(&in, s->n, g, false, sums[way], scratch);
        free(filters);
        free(scratch);
    }
    double norm = sqrt(9 * (double)s->channels), long_norm = sqrt((double)(s->count * height * width));
    for (size_t i = 0; i < count; i++) {
        if (!(fabsf(out[1][i] - out[0][i]) <= 0.03 * norm)) fail_msg("rounded product %zu is far off", i);
        check_near(set->name, "winograd_product_bf16", i, out[2][i], (double)out[1][i], 9 * (double)s->channels);
    }
    for (size_t i = 0; i < weights; i++) {
        if (!(fabsf(sums[1][i] - sums[0][i]) <= 0.03 * (long_norm + 1))) fail_msg("rounded weight %zu is far off", i);
        check_near(set->name, "winograd_weights_bf16", i, sums[2][i], (double)sums[1][i], 2 * long_norm * long_norm);
    }
    for (int way = 0; way < 3; way++) {
        free_guarded(out[way], count, set->name, "winograd_product_bf16");
        free_guarded(sums[way], weights, set->name, "winograd_weights_bf16");
    }
    free(data);
    free(b);
    free(bias);
    free(g);
}

void test_winograd_bf16_of(const struct ten_kernels *set) {
    struct ten_random random;
    ten_random_init(&random, 20261125, 3);
    const size_t channels[] = {1, 2, 7, 8, 15, 16, 17, 32, 33, 40, 64}, sides[] = {3, 4, 5, 6, 9, 12};
    for (size_t round = 0; round < 60; round++) {
        struct shape s = {1 + ten_random_below(&random, 4), sides[ten_random_below(&random, 6)],
                          sides[ten_random_below(&random, 6)], channels[ten_random_below(&random, 11)],
                          channels[ten_random_below(&random, 11)]};
        if (s.count == 2) s.n = s.channels;
        try_rounded(set, &random, &s);
    }
}

/* ---- Gradients behind a pool ---- */

static void try_pooled(const struct ten_kernels *set, struct ten_random *random, size_t m, size_t n, size_t segments,
                       size_t depth, bool relu, bool add) {
    enum { BEHIND = 15 };
    size_t step = depth + ten_random_below(random, 9), taps = segments * depth;
    size_t size = (segments - 1) * step + depth + 8 * m;
    float *data = fresh_floats(random, size + BEHIND), *b = fresh_floats(random, taps * n);
    float *g = fresh_floats(random, m * n), *out = fresh_floats(random, m * n);
    uint8_t *place = malloc(m * n + 1);
    uint32_t *offsets = malloc((4 * m + 1) * sizeof *offsets);
    double *weights = calloc(taps * n, sizeof *weights), *biases = calloc(n, sizeof *biases);
    double *spread = calloc(size, sizeof *spread);
    float *got_weights = guarded(taps * n), *got_biases = guarded(n), *got = guarded(size);
    assert_true(place && offsets && weights && biases && spread);
    for (size_t i = 0; i < m * n; i++) {
        place[i] = (uint8_t)ten_random_below(random, 4);
        if (ten_random_below(random, 8) == 0) g[i] = 0;
    }
    for (size_t i = 0; i < 4 * m; i++) offsets[i] = (uint32_t)(i ? ten_random_below(random, 8 * m + 1) : 8 * m);
    for (size_t i = 0; add && i < taps * n; i++) weights[i] = (double)(got_weights[i] = (float)ten_random_unit(random));
    for (size_t i = 0; add && i < n; i++) biases[i] = (double)(got_biases[i] = (float)ten_random_unit(random));
    for (size_t i = 0; i < size; i++) spread[i] = (double)(got[i] = (float)ten_random_unit(random));
    for (size_t i = 0; i < m * n; i++) {
        size_t j = i % n, at = offsets[4 * (i / n) + place[i]];
        if (relu && !(out[i] > 0)) continue;
        biases[j] += (double)g[i];
        for (size_t t = 0; t < taps; t++) {
            size_t pixel = at + t / depth * step + t % depth;
            weights[t * n + j] += (double)data[pixel] * (double)g[i];
            spread[pixel] += (double)b[t * n + j] * (double)g[i];
        }
    }
    struct ten_windows a = {data, offsets, segments, step, depth};
    float *scratch = scratch_of(ten_pooled_scratch(m, n, segments, depth));
    float *turned = scratch_of(ten_pooled_turned(n, segments, depth));
    set->pooled_weights(m, n, &a, relu ? out : NULL, place, g, add, got_weights, got_biases, scratch);
    for (size_t i = 0; i < taps * n; i++)
        check_near(set->name, "pooled_weights", i, got_weights[i], weights[i], (double)m);
    for (size_t i = 0; i < n; i++) check_near(set->name, "biases", i, got_biases[i], biases[i], (double)m);
    set->pooled_turned(n, segments, depth, b, turned);
    set->pooled_spread(m, n, &a, relu ? out : NULL, place, g, turned, got, scratch);
    for (size_t i = 0; i < size; i++)
        check_near(set->name, "pooled_spread", i, got[i], spread[i], (double)(n * (taps < m ? taps : m)));
    free_guarded(got_weights, taps * n, set->name, "pooled_weights");
    free_guarded(got_biases, n, set->name, "pooled_weights");
    free_guarded(got, size, set->name, "pooled_spread");
    free(data);
    free(b);
    free(g);
    free(out);
    free(place);
    free(offsets);
    free(weights);
    free(biases);
    free(spread);
    free(scratch);
    free(turned);
}

void test_pooled_of(const struct ten_kernels *set) {
    struct ten_random random;
    ten_random_init(&random, 20261125, 2);
    const size_t units[] = {1, 5, 8, 15, 16, 17, 31, 32, 40}, depths[] = {1, 3, 5, 8, 9, 15, 16, 24, 48, 50, 96, 192};
    for (size_t round = 0; round < 240; round++)
        try_pooled(set, &random, round < 60 ? round + 1 : 1 + ten_random_below(&random, 100),
                   units[ten_random_below(&random, 9)], 1 + ten_random_below(&random, 6),
                   depths[ten_random_below(&random, 12)], round % 3, round % 2);
}
