/* Every kind of layer on its own: forward against naive loops in double over awkward shapes; backward of what is linear
 * by its adjoint, <g, f(x + d) - f(x)> = <backward(g), d>; dropout's masks. Networks as wholes are in test_network. */
#include "test.h"

#include "base/memory.h"
#include "nn/network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static float *draw(struct ten_random *random, size_t count) {
    float *values = malloc((count ? count : 1) * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++) values[i] = (float)(2 * ten_random_unit(random) - 1);
    return values;
}

/* A network whose first layer is the one to test. */
static struct ten_network *network_of(const char *layer, struct ten_volume in) {
    char text[160];
    struct ten_error error;
    struct ten_network *network;
    snprintf(text, sizeof text, "%s, dense 10", layer);
    assert_ok(ten_network_new(&network, text, in, &error));
    return network;
}

/* Of the first layer. What is prepared of the parameters lies behind the scratch memory. */
static float *scratch_of(const struct ten_network *network) {
    float *scratch = ten_alloc(network->scratch + network->prepared, sizeof *scratch);
    assert_non_null(scratch);
    return scratch;
}

static struct ten_pass pass_of(const struct ten_network *network, const float *parameters, float *scratch) {
    const struct ten_layer *layer = &network->layers[0];
    float *prepared = scratch + network->scratch;
    for (int back = 0; back < 2 && layer->type->prepare; back++)
        layer->type->prepare(layer, TEN_SINGLE, parameters, 0, ten_layer_rows(layer), back,
                             prepared + (back ? layer->prepared : 0));
    return (struct ten_pass){.parameters = parameters, .prepared = prepared, .scratch = scratch};
}

static void check_near(const char *what, size_t i, float got, double expected, double magnitude) {
    if (!(fabs((double)got - expected) <= 1e-6 * magnitude + 1e-7))
        fail_msg("%s: value %zu is %.9g, expected %.9g", what, i, (double)got, expected);
}

/* ---- Windows: naive versions ---- */

struct window {
    const char *text;
    struct ten_volume in, out; /* out as worked out by hand */
    size_t height, width, stride_height, stride_width, top, left;
};

/* The value at (y, x, c) of a row, y and x counted with padding; false in the padding. */
static bool at(const struct window *w, const float *row, size_t y, size_t x, size_t c, double *value) {
    if (y < w->top || x < w->left || y >= w->top + w->in.height || x >= w->left + w->in.width) return false;
    *value = (double)row[((y - w->top) * w->in.width + x - w->left) * w->in.channels + c];
    return true;
}

enum { ROWS = 3 };

static void run_forward(const struct ten_network *network, const float *parameters, const float *in, float *out) {
    const struct ten_layer *layer = &network->layers[0];
    float *scratch = scratch_of(network);
    uint8_t *kept = malloc(ROWS * layer->kept + 1);
    struct ten_pass pass = pass_of(network, parameters, scratch);
    layer->type->forward(layer, &pass, ROWS, in, out, kept);
    free(scratch);
    free(kept);
}

static double dot(const float *a, const float *b, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

/* f is linear in the input, and in the parameters: the change it makes of a change must be what backward says. */
static void check_adjoint(const struct ten_network *network, struct ten_random *random) {
    const struct ten_layer *layer = &network->layers[0];
    size_t in_size = ROWS * ten_volume_size(layer->in), out_size = ROWS * ten_volume_size(layer->out);
    float *x = draw(random, in_size), *dx = draw(random, in_size), *sum = draw(random, in_size);
    float *p = draw(random, layer->parameters), *dp = draw(random, layer->parameters),
          *p_sum = draw(random, layer->parameters);
    float *g = draw(random, out_size), *y = draw(random, out_size), *moved = draw(random, out_size);
    float *in_gradient = draw(random, in_size), *gradient = draw(random, layer->parameters);
    float *scratch = scratch_of(network);
    for (size_t i = 0; i < in_size; i++) sum[i] = x[i] + dx[i];
    for (size_t i = 0; i < layer->parameters; i++) p_sum[i] = p[i] + dp[i];
    struct ten_pass pass = pass_of(network, p, scratch);
    run_forward(network, p, x, y);
    layer->type->backward(layer, &pass, ROWS, x, y, NULL, g, in_gradient, gradient);
    run_forward(network, p, sum, moved);
    double change = dot(g, moved, out_size) - dot(g, y, out_size), size = sqrt((double)(out_size * in_size));
    double told = dot(in_gradient, dx, in_size);
    if (!(fabs(change - told) <= 1e-5 * size))
        fail_msg("%s: %.9g in the input, backward says %.9g", layer->text, change, told);
    run_forward(network, p_sum, x, moved);
    change = dot(g, moved, out_size) - dot(g, y, out_size);
    told = dot(gradient, dp, layer->parameters);
    if (!(fabs(change - told) <= 1e-5 * size))
        fail_msg("%s: %.9g in the parameters, backward says %.9g", layer->text, change, told);
    /* each gradient on its own gives the same */
    float *alone = draw(random, in_size), *gradient_alone = draw(random, layer->parameters);
    layer->type->backward(layer, &pass, ROWS, x, y, NULL, g, alone, NULL);
    layer->type->backward(layer, &pass, ROWS, x, y, NULL, g, NULL, gradient_alone);
    assert_memory_equal(alone, in_gradient, in_size * sizeof *alone);
    if (layer->parameters) assert_memory_equal(gradient_alone, gradient, layer->parameters * sizeof *gradient);
    float *all[] = {x, dx, sum, p, dp, p_sum, g, y, moved, in_gradient, gradient, scratch, alone, gradient_alone};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static struct ten_network *window_network(const struct window *w) {
    struct ten_network *network = network_of(w->text, w->in);
    struct ten_volume out = network->layers[0].out;
    if (out.height != w->out.height || out.width != w->out.width || out.channels != w->out.channels)
        fail_msg("%s: output %zux%zux%zu", w->text, out.height, out.width, out.channels);
    return network;
}

/* ---- Convolution ---- */

static const struct window convolutions[] = {
    {"conv 1 1x1", {1, 1, 1}, {1, 1, 1}, 1, 1, 1, 1, 0, 0},
    {"conv 5 1x1", {3, 4, 7}, {3, 4, 5}, 1, 1, 1, 1, 0, 0},
    {"conv 3 1x1 stride 2", {5, 4, 2}, {3, 2, 3}, 1, 1, 2, 2, 0, 0},
    {"conv 32 3x3", {20, 20, 1}, {18, 18, 32}, 3, 3, 1, 1, 0, 0},
    {"conv 17 3x3 pad same", {6, 5, 3}, {6, 5, 17}, 3, 3, 1, 1, 1, 1},
    {"conv 4 2x2 pad same", {5, 6, 2}, {5, 6, 4}, 2, 2, 1, 1, 0, 0},
    {"conv 4 4x4 pad same", {3, 3, 2}, {3, 3, 4}, 4, 4, 1, 1, 1, 1},
    {"conv 3 5x5 pad 2", {4, 7, 2}, {4, 7, 3}, 5, 5, 1, 1, 2, 2},
    {"conv 3 5x3 pad 1", {7, 4, 1}, {5, 4, 3}, 5, 3, 1, 1, 1, 1},
    {"conv 6 3x2 stride 2x3 pad 1", {9, 11, 4}, {5, 4, 6}, 3, 2, 2, 3, 1, 1},
    {"conv 2 7x7 pad 6", {1, 2, 1}, {7, 8, 2}, 7, 7, 1, 1, 6, 6},
    {"conv 8 9x11", {9, 11, 5}, {1, 1, 8}, 9, 11, 1, 1, 0, 0},
    {"conv 64 3x3", {9, 9, 32}, {7, 7, 64}, 3, 3, 1, 1, 0, 0},
    {"conv 9 3x3 pad 2", {5, 8, 11}, {7, 10, 9}, 3, 3, 1, 1, 2, 2},
    {"conv 33 3x3 pad 1", {13, 30, 35}, {13, 30, 33}, 3, 3, 1, 1, 1, 1}, /* more than is laid out at a time */
    {"conv 2 64x64", {70, 67, 2}, {7, 4, 2}, 64, 64, 1, 1, 0, 0},
};

static void try_conv(const struct window *w, struct ten_random *random) {
    struct ten_network *network = window_network(w);
    size_t in_size = ten_volume_size(w->in), out_size = ten_volume_size(w->out), units = w->out.channels;
    size_t taps = w->height * w->width * w->in.channels;
    assert_int_equal(network->layers[0].parameters, (taps + 1) * units);
    assert_int_equal(network->layers[0].decayed, taps * units);
    assert_int_equal(network->layers[0].operations, taps * out_size);
    float *in = draw(random, ROWS * in_size), *p = draw(random, (taps + 1) * units),
          *out = draw(random, ROWS * out_size);
    run_forward(network, p, in, out);
    for (size_t i = 0; i < ROWS * out_size; i++) {
        size_t u = i % units, ox = i / units % w->out.width, oy = i / units / w->out.width % w->out.height;
        double sum = (double)p[taps * units + u], value;
        for (size_t t = 0; t < taps; t++) {
            size_t c = t % w->in.channels, kx = t / w->in.channels % w->width, ky = t / w->in.channels / w->width;
            if (at(w, in + i / out_size * in_size, oy * w->stride_height + ky, ox * w->stride_width + kx, c, &value))
                sum += value * (double)p[t * units + u];
        }
        check_near(w->text, i, out[i], sum, (double)(taps + 1));
    }
    check_adjoint(network, random);
    free(in);
    free(p);
    free(out);
    ten_network_free(network);
}

static void test_conv(void **state) {
    (void)state;
    struct ten_random random;
    ten_random_init(&random, 1, 0);
    for (size_t i = 0; i < sizeof convolutions / sizeof *convolutions; i++) try_conv(&convolutions[i], &random);
}

/* ---- Pooling ---- */

static const struct window pools[] = {
    {"pool 1", {3, 2, 5}, {3, 2, 5}, 1, 1, 1, 1, 0, 0},
    {"pool 2", {18, 18, 32}, {9, 9, 32}, 2, 2, 2, 2, 0, 0},
    {"pool 2", {9, 7, 3}, {4, 3, 3}, 2, 2, 2, 2, 0, 0}, /* an edge that no window reaches */
    {"pool 2x3", {5, 7, 17}, {2, 2, 17}, 2, 3, 2, 3, 0, 0},
    {"pool 3 stride 2", {7, 8, 4}, {3, 3, 4}, 3, 3, 2, 2, 0, 0},
    {"pool 3x2 stride 1x3", {6, 9, 1}, {4, 3, 1}, 3, 2, 1, 3, 0, 0},
    {"pool 2 stride 5", {6, 12, 2}, {1, 3, 2}, 2, 2, 5, 5, 0, 0},
    {"pool 16", {16, 17, 2}, {1, 1, 2}, 16, 16, 16, 16, 0, 0},
};

static void name_pool(struct window *w, char text[64], const char *kind) {
    snprintf(text, 64, "%s%s", kind, w->text);
    w->text = text;
}

static void try_maxpool(struct window w, struct ten_random *random) {
    char text[64];
    name_pool(&w, text, "max");
    struct ten_network *network = window_network(&w);
    const struct ten_layer *layer = &network->layers[0];
    size_t in_size = ten_volume_size(w.in), out_size = ten_volume_size(w.out), channels = w.in.channels;
    float *in = draw(random, ROWS * in_size), *out = draw(random, ROWS * out_size), *g = draw(random, ROWS * out_size);
    float *in_gradient = draw(random, ROWS * in_size);
    double *expected = calloc(ROWS * in_size, sizeof *expected);
    uint8_t *kept = malloc(ROWS * layer->kept + 1);
    assert_non_null(expected);
    if (in_size > 40) in[7] = in[8] = in[7 + channels] = 2; /* equal ones: the first takes it all */
    struct ten_pass pass = {0};
    layer->type->forward(layer, &pass, ROWS, in, out, kept);
    layer->type->backward(layer, &pass, ROWS, in, out, kept, g, in_gradient, NULL);
    for (size_t i = 0; i < ROWS * out_size; i++) {
        size_t c = i % channels, ox = i / channels % w.out.width, oy = i / channels / w.out.width % w.out.height;
        size_t row = i / out_size * in_size, place = 0;
        double largest = -INFINITY, value = 0;
        for (size_t k = 0; k < w.height * w.width; k++) {
            size_t y = oy * w.stride_height + k / w.width, x = ox * w.stride_width + k % w.width;
            assert_true(at(&w, in + row, y, x, c, &value));
            if (value > largest) largest = value, place = row + (y * w.in.width + x) * channels + c;
        }
        assert_true((double)out[i] == largest);
        expected[place] += (double)g[i];
    }
    for (size_t i = 0; i < ROWS * in_size; i++) check_near(text, i, in_gradient[i], expected[i], 10);
    free(in);
    free(out);
    free(g);
    free(in_gradient);
    free(expected);
    free(kept);
    ten_network_free(network);
}

static void test_maxpool(void **state) {
    (void)state;
    struct ten_random random;
    ten_random_init(&random, 2, 0);
    for (size_t i = 0; i < sizeof pools / sizeof *pools; i++) try_maxpool(pools[i], &random);
}

static void try_avgpool(const struct window *w, struct ten_random *random) {
    struct ten_network *network = window_network(w);
    size_t in_size = ten_volume_size(w->in), out_size = ten_volume_size(w->out), channels = w->in.channels;
    float *in = draw(random, ROWS * in_size), *out = draw(random, ROWS * out_size);
    run_forward(network, NULL, in, out);
    for (size_t i = 0; i < ROWS * out_size; i++) {
        size_t c = i % channels, ox = i / channels % w->out.width, oy = i / channels / w->out.width % w->out.height;
        double sum = 0, value = 0;
        for (size_t k = 0; k < w->height * w->width; k++) {
            assert_true(at(w, in + i / out_size * in_size, oy * w->stride_height + k / w->width,
                           ox * w->stride_width + k % w->width, c, &value));
            sum += value;
        }
        check_near(w->text, i, out[i], sum / (double)(w->height * w->width), 1);
    }
    check_adjoint(network, random);
    free(in);
    free(out);
    ten_network_free(network);
}

static void test_avgpool(void **state) {
    (void)state;
    struct ten_random random;
    ten_random_init(&random, 3, 0);
    for (size_t i = 0; i < sizeof pools / sizeof *pools; i++) {
        struct window w = pools[i];
        char text[64];
        name_pool(&w, text, "avg");
        try_avgpool(&w, &random);
    }
    static const struct window global[] = {
        {"global-avgpool", {7, 7, 33}, {1, 1, 33}, 7, 7, 7, 7, 0, 0},
        {"global-avgpool", {1, 100, 2}, {1, 1, 2}, 1, 100, 1, 100, 0, 0},
        {"global-avgpool", {1, 1, 3}, {1, 1, 3}, 1, 1, 1, 1, 0, 0},
    };
    for (size_t i = 0; i < sizeof global / sizeof *global; i++) try_avgpool(&global[i], &random);
}

/* ---- Dense ---- */

static void test_dense(void **state) {
    (void)state;
    struct ten_random random;
    ten_random_init(&random, 4, 0);
    static const struct {
        struct ten_volume in;
        size_t units;
    } shapes[] = {{{1, 1, 1}, 1}, {{1, 1, 400}, 256}, {{3, 5, 7}, 11}, {{2, 1, 300}, 33}, {{1, 1, 17}, 1025}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        char text[64];
        size_t inputs = ten_volume_size(shapes[s].in), units = shapes[s].units;
        snprintf(text, sizeof text, "dense %zu", units);
        struct ten_network *network = network_of(text, shapes[s].in);
        assert_int_equal(network->layers[0].parameters, (inputs + 1) * units);
        assert_int_equal(network->layers[0].decayed, inputs * units);
        float *in = draw(&random, ROWS * inputs), *p = draw(&random, (inputs + 1) * units),
              *out = draw(&random, ROWS * units);
        run_forward(network, p, in, out);
        for (size_t i = 0; i < ROWS * units; i++) {
            double sum = (double)p[inputs * units + i % units];
            for (size_t k = 0; k < inputs; k++)
                sum += (double)in[i / units * inputs + k] * (double)p[k * units + i % units];
            check_near(text, i, out[i], sum, (double)inputs);
        }
        check_adjoint(network, &random);
        free(in);
        free(p);
        free(out);
        ten_network_free(network);
    }
}

/* ---- In place ---- */

static void test_relu(void **state) {
    (void)state;
    static const struct {
        const char *text;
        float slope;
    } kinds[] = {{"relu", 0}, {"leaky-relu", 0.01f}, {"leaky-relu 0.25", 0.25f}, {"leaky-relu 1", 1}};
    struct ten_random random;
    ten_random_init(&random, 5, 0);
    for (size_t k = 0; k < 4; k++) {
        struct ten_network *network = network_of(kinds[k].text, (struct ten_volume){5, 3, 7});
        const struct ten_layer *layer = &network->layers[0];
        size_t count = ROWS * 5 * 3 * 7;
        float *in = draw(&random, count), *x = malloc(count * sizeof *x), *g = draw(&random, count);
        float *g_before = malloc(count * sizeof *g);
        assert_true(layer->in_place && layer->slot == 0);
        in[3] = 0;
        in[4] = -0.0f;
        memcpy(x, in, count * sizeof *x);
        memcpy(g_before, g, count * sizeof *g);
        struct ten_pass pass = {.training = true};
        layer->type->forward(layer, &pass, ROWS, x, x, NULL);
        layer->type->backward(layer, &pass, ROWS, x, x, NULL, g, g, NULL);
        for (size_t i = 0; i < count; i++) {
            assert_true(x[i] == (in[i] > 0 ? in[i] : kinds[k].slope * in[i]));
            assert_true(g[i] == (in[i] > 0 ? g_before[i] : kinds[k].slope * g_before[i]));
        }
        free(in);
        free(x);
        free(g);
        free(g_before);
        ten_network_free(network);
    }
}

/* The mask depends on seed, step, layer and row alone, not on how rows are cut into shards; about P of all drop out;
 * what stays is scaled so that the mean stays; backward uses the same mask; without training nothing happens. */
static void test_dropout(void **state) {
    (void)state;
    enum { N = 10000, MANY = 4 };
    static float x[MANY * N], again[MANY * N], g[MANY * N];
    static uint8_t kept[MANY * N], kept_again[MANY * N];
    const double rates[] = {0, 0.1, 0.25, 0.5, 0.9};
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        char text[64];
        snprintf(text, sizeof text, "dropout %g, relu, dropout %g", rates[r], rates[r]);
        struct ten_network *network = network_of(text, (struct ten_volume){1, 1, N});
        const struct ten_layer *layer = &network->layers[0], *other = &network->layers[2];
        assert_int_equal(layer->kept, N);
        struct ten_pass pass = {.training = true, .seed = 3, .step = 5};
        for (size_t i = 0; i < MANY * N; i++) x[i] = again[i] = g[i] = 1;
        layer->type->forward(layer, &pass, MANY, x, x, kept);
        layer->type->backward(layer, &pass, MANY, x, x, kept, g, g, NULL);
        assert_memory_equal(x, g, sizeof x);
        size_t stay = 0;
        for (size_t i = 0; i < MANY * N; i++) {
            stay += x[i] != 0;
            assert_true(x[i] == 0 || fabs((double)x[i] - 1 / (1 - rates[r])) < 1e-3);
        }
        double deviation = sqrt(rates[r] * (1 - rates[r]) * MANY * N);
        assert_true(fabs((double)stay - (1 - rates[r]) * MANY * N) <= 4 * deviation + 1);
        for (pass.first_row = 0; pass.first_row < MANY; pass.first_row++)
            layer->type->forward(layer, &pass, 1, again + pass.first_row * N, again + pass.first_row * N,
                                 kept_again + pass.first_row * N);
        assert_memory_equal(x, again, sizeof x);
        if (rates[r] == 0) goto next;
        assert_memory_not_equal(kept, kept + N, N);
        pass.first_row = 0;
        for (size_t change = 0; change < 3; change++) {
            struct ten_pass changed = pass;
            changed.seed += change == 0;
            changed.step += change == 1;
            const struct ten_layer *which = change == 2 ? other : layer;
            which->type->forward(which, &changed, MANY, again, again, kept_again);
            assert_memory_not_equal(kept, kept_again, sizeof kept);
        }
        memcpy(again, g, sizeof g);
        pass.training = false;
        layer->type->forward(layer, &pass, MANY, again, again, NULL);
        layer->type->backward(layer, &pass, MANY, again, again, NULL, again, again, NULL);
        assert_memory_equal(again, g, sizeof g);
    next:
        ten_network_free(network);
    }
}

/* ---- Batch normalisation ---- */

static void test_batchnorm(void **state) {
    (void)state;
    enum { PIXELS = 5 * 3, N = ROWS * PIXELS, C = 7 };
    struct ten_random random;
    ten_random_init(&random, 6, 0);
    struct ten_network *network = network_of("batchnorm 0.3", (struct ten_volume){5, 3, C});
    const struct ten_layer *layer = &network->layers[0];
    assert_int_equal(layer->parameters, 2 * C);
    assert_int_equal(layer->statistics, 2 * C);
    assert_int_equal(layer->decayed, 0);
    float *x = draw(&random, N * C), *out = draw(&random, N * C), *p = draw(&random, 2 * C);
    float statistics[2 * C], before[2 * C], shared[4 * C], *scratch = ten_alloc(network->scratch, sizeof *scratch);
    double sums[2 * C], more[2 * C];
    for (size_t c = 0; c < C; c++) {
        statistics[c] = before[c] = (float)c - 3;
        statistics[C + c] = before[C + c] = 0.5f + (float)c;
        for (size_t i = 0; i < N; i++) x[i * C + c] = x[i * C + c] * (float)(c + 1) + (float)c * 10;
    }
    /* predicting: running statistics */
    struct ten_pass pass = {.parameters = p, .statistics = statistics, .scratch = scratch, .shared = shared};
    layer->type->forward(layer, &pass, ROWS, x, out, NULL);
    for (size_t i = 0; i < N * C; i++) {
        size_t c = i % C;
        double n = ((double)x[i] - (double)before[c]) / sqrt((double)before[C + c] + 1e-5);
        check_near("predicting", i, out[i], n * (double)p[c] + (double)p[C + c], 100);
    }
    /* training: the batch's, summed in two parts */
    layer->type->sum_forward(layer, 1, x, sums);
    layer->type->sum_forward(layer, ROWS - 1, x + PIXELS * C, more);
    for (size_t i = 0; i < 2 * C; i++) sums[i] += more[i];
    layer->type->share_forward(layer, ROWS, sums, statistics, shared);
    pass.training = true;
    layer->type->forward(layer, &pass, ROWS, x, out, NULL);
    for (size_t c = 0; c < C; c++) {
        double mean = 0, variance = 0;
        for (size_t i = 0; i < N; i++) mean += (double)x[i * C + c] / N;
        for (size_t i = 0; i < N; i++) variance += pow((double)x[i * C + c] - mean, 2) / N;
        for (size_t i = 0; i < N; i++) {
            double n = ((double)x[i * C + c] - mean) / sqrt(variance + 1e-5);
            check_near("training", i * C + c, out[i * C + c], n * (double)p[c] + (double)p[C + c], 100);
        }
        check_near("running mean", c, statistics[c], 0.7 * (double)before[c] + 0.3 * mean, 100);
        check_near("running variance", c, statistics[C + c], 0.7 * (double)before[C + c] + 0.3 * variance * N / (N - 1),
                   100);
    }
    float *all[] = {x, out, p, scratch};
    for (size_t i = 0; i < 4; i++) free(all[i]);
    ten_network_free(network);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv),      cmocka_unit_test(test_dense), cmocka_unit_test(test_maxpool),
        cmocka_unit_test(test_avgpool),   cmocka_unit_test(test_relu),  cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_batchnorm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
