/* Every kernel of the set in use at the shapes in which the models call it, on one thread, beside the tighter of the
 * limits that apply to it: arithmetic, or reading its input. The functions are found by the names
 * in kernels/list.h, so that a kernel without one does not build. */
#include "cli/bench.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "kernels/kernels.h"
#include "study/fourier.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA = 64 << 20 };

struct bench {
    struct limits *limits;
    const struct ten_kernels *kernels;
    uint8_t *arena; /* of ARENA bytes; inputs and outputs are taken from it one after the other */
    size_t used;
    json_t *rows;
    struct ten_error *error;
    enum ten_status status;
    struct ten_random random;
    /* the clock */
    const char *name;
    size_t batch, left, batches;
    double start, first, best;
};

/* ---- Inputs -------------------------------------------------------------------------------------------------------
 */

static void *take(struct bench *b, size_t count, size_t size) {
    void *at = b->arena + b->used;
    b->used += (count * size + 63) / 64 * 64;
    return at;
}

static float *floats(struct bench *b, size_t count) {
    float *values = take(b, count, sizeof *values);
    for (size_t i = 0; i < count; i++) values[i] = (float)ten_random_unit(&b->random);
    return values;
}

static uint8_t *bytes(struct bench *b, size_t count) {
    uint8_t *values = take(b, count, 1);
    for (size_t i = 0; i < count; i++) values[i] = (uint8_t)ten_random_below(&b->random, 256);
    return values;
}

static int32_t *whole_numbers(struct bench *b, size_t count, uint64_t below) {
    int32_t *values = take(b, count, sizeof *values);
    for (size_t i = 0; i < count; i++) values[i] = (int32_t)ten_random_below(&b->random, below);
    return values;
}

static double *doubles(struct bench *b, size_t count) {
    double *values = take(b, count, sizeof *values);
    for (size_t i = 0; i < count; i++) values[i] = ten_random_unit(&b->random);
    return values;
}

/* ---- Timing -------------------------------------------------------------------------------------------------------
 */

/* `while (again(b)) call;` calls until the best of some batches is known. A batch is as many calls as hide the
 * clock. */
static bool again(struct bench *b) {
    if (b->left > 0) {
        b->left--;
        return true;
    }
    double now = ten_seconds(), whole = b->limits->seconds;
    if (b->batch == 0) {
        b->batch = 1;
        b->first = now;
        b->batches = 0;
        b->best = INFINITY;
    } else if (now - b->start < whole / 20) {
        b->batch *= 2;
    } else {
        b->best = fmin(b->best, (now - b->start) / (double)b->batch);
        if (++b->batches >= 5 && now - b->first > whole) {
            b->batch = 0;
            return false;
        }
    }
    b->left = b->batch - 1;
    b->start = ten_seconds();
    return true;
}

/* Records what was timed and gives the inputs' memory back. */
static void row(struct bench *b, const char *shape, enum limit kind, double operations, double read) {
    struct work work = {kind, operations, read, (double)b->used};
    enum limit limit;
    double least;
    char name[48];
    b->used = 0;
    if (b->status == TEN_OK) b->status = bench_least_seconds(b->limits, &work, false, &least, &limit, b->error);
    if (b->status != TEN_OK) return;
    json_t *item = json_pack("{s:s, s:s, s:f, s:f, s:f, s:s, s:f}", "name", b->name, "shape", shape, "seconds", b->best,
                             "operations", operations, "bytes", read, "limit", bench_limit_name(name, limit), "share",
                             least / b->best);
    struct ten_progress progress = {
        .stage = "timing kernels", .unit = "kernels", .done = (double)json_array_size(b->rows)};
    if (json_array_append_new(b->rows, item) != 0)
        b->status = ten_fail_memory(b->error, "the result");
    else if (b->limits->run.progress && !b->limits->run.progress(b->limits->run.context, &progress))
        b->status = ten_fail(b->error, TEN_CANCELLED, "stopped while timing kernels");
}

/* ---- The kernels --------------------------------------------------------------------------------------------------
 */

/* a[m x k] b[k x n]; `turned`: of which operand the rows lie side by side in memory. */
static void product(struct bench *b, bool bf16, size_t m, size_t n, size_t k, bool a_turned, bool b_turned,
                    const char *shape) {
    struct ten_strided x = {floats(b, m * k), a_turned ? 1 : k, a_turned ? m : 1};
    struct ten_strided y = {floats(b, k * n), b_turned ? 1 : n, b_turned ? k : 1};
    float *c = take(b, m * n, sizeof *c), *scratch = take(b, TEN_MATMUL_SCRATCH, sizeof *scratch);
    while (again(b)) (bf16 ? b->kernels->matmul_bf16 : b->kernels->matmul)(m, n, k, x, y, c, n, false, scratch);
    b->used -= TEN_MATMUL_SCRATCH * sizeof *scratch; /* packing is no part of what must be read */
    row(b, shape, bf16 && b->kernels->bf16_pays ? LIMIT_BF16 : LIMIT_FLOATS, 2.0 * (double)(m * n * k),
        4.0 * (double)(m * k + k * n));
}

static void bench_matmul(struct bench *b) {
    product(b, false, 512, 256, 400, false, true, "512 x 256 x 400 (knn)");
    product(b, false, 256, 1024, 400, false, true, "256 x 1024 x 400 (svm)");
    product(b, false, 10, 1024, 400, false, false, "10 x 1024 x 400 (logistic)");
    product(b, false, 10, 400, 1024, true, false, "10 x 400 x 1024 (logistic)");
}

static void bench_matmul_bf16(struct bench *b) {
    product(b, true, 512, 512, 512, false, false, "512 x 512 x 512");
    product(b, true, 128, 256, 400, false, false, "128 x 256 x 400 (mlp, forward)");
    product(b, true, 128, 400, 256, false, true, "128 x 400 x 256 (mlp, to the input)");
    product(b, true, 400, 256, 128, true, false, "400 x 256 x 128 (mlp, to the weights)");
    product(b, true, 1296, 32, 9, false, false, "1296 x 32 x 9 (convolution)");
    product(b, true, 196, 64, 288, false, false, "196 x 64 x 288 (convolution)");
}

/* A batch's shard by weights that were packed before. */
static void bench_packed_bf16(struct bench *b) {
    enum { M = 64, N = 256, K = 400 };
    struct ten_strided x = {floats(b, (size_t)M * K), K, 1}, y = {floats(b, (size_t)K * N), N, 1};
    float *bias = floats(b, N), *packed = take(b, TEN_PACKED(N, K), sizeof *packed);
    float *c = take(b, (size_t)M * N, sizeof *c), *scratch = take(b, TEN_MATMUL_SCRATCH, sizeof *scratch);
    b->kernels->pack_bf16(N, K, y, (struct ten_part){0, K, 0, N}, packed);
    while (again(b)) b->kernels->packed_bf16(M, N, K, x, packed, bias, true, c, N, NULL, scratch);
    b->used -= TEN_MATMUL_SCRATCH * sizeof *scratch;
    row(b, "64 x 256 x 400 (mlp, forward)", b->kernels->bf16_pays ? LIMIT_BF16 : LIMIT_FLOATS, 2.0 * M * N * K,
        4.0 * M * K + 2.0 * K * N);
}

/* A third of a batch's rows. */
static void bench_gathered_bf16(struct bench *b) {
    enum { M = 104, N = 256, K = 171, ALL = 512 };
    struct ten_strided x = {floats(b, (size_t)ALL * M), 1, M}, y = {floats(b, (size_t)ALL * N), N, 1};
    uint32_t *rows = take(b, K, sizeof *rows);
    float *c = take(b, (size_t)M * N, sizeof *c), *scratch = take(b, TEN_MATMUL_SCRATCH, sizeof *scratch);
    for (uint32_t i = 0; i < K; i++) rows[i] = 3 * i;
    while (again(b)) b->kernels->gathered_bf16(M, N, K, x, y, rows, c, N, scratch);
    b->used -= TEN_MATMUL_SCRATCH * sizeof *scratch;
    row(b, "104 x 256 x 171 of 512 (mlp, to the weights)", b->kernels->bf16_pays ? LIMIT_BF16 : LIMIT_FLOATS,
        2.0 * M * N * K, 4.0 * K * (M + N));
}

static void bench_pack_bf16(struct bench *b) {
    enum { N = 256, K = 400 };
    struct ten_strided y = {floats(b, (size_t)K * N), N, 1};
    float *packed = take(b, TEN_PACKED(N, K), sizeof *packed);
    while (again(b)) b->kernels->pack_bf16(N, K, y, (struct ten_part){0, K, 0, N}, packed);
    row(b, "256 x 400 (mlp)", LIMIT_FLOATS, 0, 4.0 * K * N);
}

/* Images of side x side x channels, windows of 3 x 3 in the order in which 2 x 2 pooling wants them. */
static struct ten_windows windows(struct bench *b, size_t images, size_t side, size_t channels, size_t *m) {
    size_t out = (side - 2) / 2 * 2, count = images * out * out;
    uint32_t *offsets = take(b, count, sizeof *offsets);
    for (size_t i = 0; i < count; i++) {
        size_t part = i % 4, group = i / 4 % (out * out / 4), image = i / (out * out);
        size_t y = group / (out / 2) * 2 + part / 2, x = group % (out / 2) * 2 + part % 2;
        offsets[i] = (uint32_t)(((image * side + y) * side + x) * channels);
    }
    *m = count;
    return (struct ten_windows){floats(b, images * side * side * channels), offsets, 3, side * channels, 3 * channels};
}

/* The convolutions of cnn2, some images at a time. */
enum { CONVOLUTIONS = 2 };
static const struct {
    size_t images, side, channels, units;
    const char *shape;
} convolutions[CONVOLUTIONS] = {
    {6, 20, 1, 32, "1944 windows 3x3x1, 32 (cnn2)"},
    {28, 9, 32, 64, "1008 windows 3x3x32, 64 (cnn2)"},
};

struct convolution {
    struct ten_windows windows;
    size_t m, n, taps;
    float *weights, *biases, *out, *scratch;
    uint8_t *place;
    double operations, read;
};

static struct convolution convolution(struct bench *b, size_t i) {
    struct convolution c = {.n = convolutions[i].units, .taps = 9 * convolutions[i].channels};
    c.windows = windows(b, convolutions[i].images, convolutions[i].side, convolutions[i].channels, &c.m);
    c.weights = floats(b, c.taps * c.n);
    c.biases = floats(b, c.n);
    c.out = floats(b, c.m * c.n);
    c.place = take(b, c.m * c.n, 1);
    for (size_t k = 0; k < c.m * c.n; k++) c.place[k] = (uint8_t)(k * 7 / 3 % 4);
    c.scratch = take(b, ten_windows_scratch(c.n, 3, 3 * convolutions[i].channels), sizeof *c.scratch);
    c.operations = 2.0 * (double)(c.m * c.n * c.taps);
    c.read =
        4.0 * (double)(convolutions[i].images * convolutions[i].side * convolutions[i].side * convolutions[i].channels);
    return c;
}

static void bench_windows_product(struct bench *b) {
    for (size_t i = 0; i < CONVOLUTIONS; i++) {
        struct convolution c = convolution(b, i);
        while (again(b))
            b->kernels->windows_product(c.m, c.n, &c.windows, c.weights, c.biases, true, true, c.out, c.place,
                                        c.scratch);
        row(b, convolutions[i].shape, LIMIT_FLOATS, c.operations, c.read);
    }
}

static void bench_windows_weights(struct bench *b) {
    for (size_t i = 0; i < CONVOLUTIONS; i++) {
        struct convolution c = convolution(b, i);
        while (again(b)) b->kernels->windows_weights(c.m, c.n, &c.windows, c.out, false, c.weights, c.scratch);
        row(b, convolutions[i].shape, LIMIT_FLOATS, c.operations, c.read + 4.0 * (double)(c.m * c.n));
    }
}

static void bench_windows_spread(struct bench *b) {
    struct convolution c = convolution(b, 1); /* nobody wants the gradient of the image */
    for (size_t k = 0; k < c.m * c.n; k++) c.out[k] *= 1e-6f;
    while (again(b))
        b->kernels->windows_spread(c.m, c.n, &c.windows, c.out, c.weights, (float *)c.windows.data, c.scratch);
    row(b, convolutions[1].shape, LIMIT_FLOATS, c.operations, c.read + 4.0 * (double)(c.m * c.n));
}

/* The operations are those of the plain convolution, of which these need fewer: a share may be above 1. */
static struct ten_images images_of(const struct convolution *c, size_t i) {
    return (struct ten_images){c->windows.data, convolutions[i].images, convolutions[i].side, convolutions[i].side,
                               convolutions[i].channels};
}

static float *winograd_scratch(struct bench *b, const struct convolution *c, size_t i) {
    return take(b, ten_winograd_scratch(convolutions[i].channels, c->n), sizeof(float));
}

static enum limit limit_of(const struct bench *b, bool bf16) {
    return bf16 && b->kernels->bf16_pays ? LIMIT_BF16 : LIMIT_FLOATS;
}

static void filters_row(struct bench *b, bool bf16) {
    struct convolution c = convolution(b, 1);
    size_t channels = convolutions[1].channels, room = ten_winograd_filters(channels, c.n);
    float *filters = take(b, room, sizeof *filters);
    while (again(b))
        (bf16 ? b->kernels->winograd_filters_bf16 : b->kernels->winograd_filters)(channels, c.n, c.weights, false,
                                                                                  filters);
    row(b, "3x3x32, 64 (cnn2)", LIMIT_FLOATS, 28.0 * (double)(channels * c.n), 4.0 * (double)(c.taps * c.n));
}

static void product_row(struct bench *b, bool bf16) {
    struct convolution c = convolution(b, 1);
    struct ten_images in = images_of(&c, 1);
    const struct ten_kernels *k = b->kernels;
    float *filters = take(b, ten_winograd_filters(in.channels, c.n), sizeof *filters);
    float *scratch = winograd_scratch(b, &c, 1);
    (bf16 ? k->winograd_filters_bf16 : k->winograd_filters)(in.channels, c.n, c.weights, false, filters);
    while (again(b))
        (bf16 ? k->winograd_product_bf16 : k->winograd_product)(&in, c.n, filters, c.biases, true, true, c.out, c.place,
                                                                scratch);
    row(b, convolutions[1].shape, limit_of(b, bf16), c.operations, c.read);
}

static void weights_row(struct bench *b, bool bf16) {
    struct convolution c = convolution(b, 1);
    struct ten_images in = images_of(&c, 1);
    float *g = floats(b, in.count * 49 * c.n), *scratch = winograd_scratch(b, &c, 1);
    while (again(b))
        (bf16 ? b->kernels->winograd_weights_bf16 : b->kernels->winograd_weights)(&in, c.n, g, false, c.weights,
                                                                                  scratch);
    row(b, "1372 windows 3x3x32, 64", limit_of(b, bf16), c.operations * 49 / 36, c.read + 4.0 * (double)(c.m * c.n));
}

static void bench_winograd_filters(struct bench *b) { filters_row(b, false); }
static void bench_winograd_filters_bf16(struct bench *b) { filters_row(b, true); }
static void bench_winograd_product(struct bench *b) { product_row(b, false); }
static void bench_winograd_product_bf16(struct bench *b) { product_row(b, true); }
static void bench_winograd_weights(struct bench *b) { weights_row(b, false); }
static void bench_winograd_weights_bf16(struct bench *b) { weights_row(b, true); }

/* Half of the pooled outputs pass the ReLU. */
static struct convolution pooled(struct bench *b, float **out, float **g, float **scratch) {
    struct convolution c = convolution(b, 1);
    *g = floats(b, c.m / 4 * c.n);
    *out = floats(b, c.m / 4 * c.n);
    for (size_t k = 0; k < c.m / 4 * c.n; k++) {
        uint32_t mixed = (uint32_t)k * 2654435761u;
        (*out)[k] = mixed >> 31 ? 1.0f : 0.0f;
        c.place[k] = (uint8_t)(mixed >> 20 & 3);
    }
    *scratch = take(b, ten_pooled_scratch(c.m / 4, c.n, 3, 3 * convolutions[1].channels), sizeof **scratch);
    return c;
}

static void bench_pooled_turned(struct bench *b) {
    struct convolution c = convolution(b, 1);
    size_t depth = 3 * convolutions[1].channels;
    float *turned = take(b, ten_pooled_turned(c.n, 3, depth), sizeof *turned);
    while (again(b)) b->kernels->pooled_turned(c.n, 3, depth, c.weights, turned);
    row(b, "3x3x32, 64 (cnn2)", LIMIT_FLOATS, 0, 4.0 * (double)(c.taps * c.n));
}

static void bench_pooled_weights(struct bench *b) {
    float *out, *g, *scratch;
    struct convolution c = pooled(b, &out, &g, &scratch);
    while (again(b))
        b->kernels->pooled_weights(c.m / 4, c.n, &c.windows, out, c.place, g, false, c.weights, c.biases, scratch);
    row(b, convolutions[1].shape, LIMIT_FLOATS, c.operations, c.read + 4.0 * (double)(c.m / 4 * c.n));
}

static void bench_pooled_spread(struct bench *b) {
    float *out, *g, *scratch;
    struct convolution c = pooled(b, &out, &g, &scratch);
    size_t depth = 3 * convolutions[1].channels;
    float *turned = take(b, ten_pooled_turned(c.n, 3, depth), sizeof *turned);
    b->kernels->pooled_turned(c.n, 3, depth, c.weights, turned);
    for (size_t k = 0; k < c.m / 4 * c.n; k++) g[k] *= 1e-6f;
    while (again(b))
        b->kernels->pooled_spread(c.m / 4, c.n, &c.windows, out, c.place, g, turned, (float *)c.windows.data, scratch);
    row(b, convolutions[1].shape, LIMIT_FLOATS, c.operations, c.read + 4.0 * (double)(c.m / 4 * c.n));
}

static void bench_windows_finish(struct bench *b) {
    struct convolution c = convolution(b, 1);
    float *out = floats(b, c.m / 4 * c.n);
    while (again(b)) b->kernels->windows_finish(c.m, c.n, c.out, c.biases, true, true, out, c.place);
    row(b, "1008 x 64", LIMIT_FLOATS, 3.0 * (double)(c.m * c.n), 4.0 * (double)(c.m * c.n));
}

static void bench_windows_gate(struct bench *b) {
    struct convolution c = convolution(b, 1);
    float *g = floats(b, c.m / 4 * c.n), *raw = floats(b, c.m * c.n), *sums = floats(b, c.n);
    while (again(b)) b->kernels->windows_gate(c.m / 4, c.n, c.out, c.place, g, raw, sums);
    row(b, "252 x 64", LIMIT_FLOATS, 3.0 * (double)(c.m / 4 * c.n), 9.0 * (double)(c.m / 4 * c.n));
}

static void bench_widen_bytes(struct bench *b) {
    size_t n = 64 * 784;
    uint8_t *from = bytes(b, n);
    float *out = floats(b, n);
    while (again(b)) b->kernels->widen_bytes(n, from, 1.0f / 255, out);
    row(b, "64 x 784", LIMIT_FLOATS, (double)n, (double)n);
}

static void bench_pack_bytes(struct bench *b) {
    size_t n = 256, depth = 784;
    uint8_t *from = bytes(b, n * depth), *packed = take(b, ten_packed_bytes(n, depth), 1);
    while (again(b)) b->kernels->pack_bytes(n, depth, from, depth, packed);
    row(b, "256 x 784", LIMIT_BYTES, 0, (double)(n * depth));
}

static void bench_dot_bytes(struct bench *b) {
    size_t m = 512, n = 256, depth = 784;
    uint8_t *x = bytes(b, m * depth), *y = bytes(b, n * depth), *packed = take(b, ten_packed_bytes(n, depth), 1);
    int32_t *c = take(b, m * n, sizeof *c);
    b->kernels->pack_bytes(n, depth, y, depth, packed);
    while (again(b)) b->kernels->dot_bytes(m, n, depth, x, depth, packed, c, n);
    row(b, "512 x 256 x 784", LIMIT_BYTES, 2.0 * (double)(m * n * depth), (double)(m * depth + n * depth));
}

/* Hits are rare in the models; here there are none. */
static void bench_find_below_i32(struct bench *b) {
    size_t m = 512, n = 256;
    int32_t *c = whole_numbers(b, m * n, 1 << 20), *offsets = whole_numbers(b, m, 1 << 20);
    int32_t *limits = take(b, n, sizeof *limits);
    uint32_t *found = take(b, m * n, sizeof *found);
    for (size_t j = 0; j < n; j++) limits[j] = -(1 << 22);
    while (again(b)) b->kernels->find_below_i32(m, n, c, n, offsets, limits, found);
    b->used -= m * n * sizeof *found;
    row(b, "512 x 256, none found", LIMIT_BYTES, 0, 4.0 * (double)(m * n));
}

static void bench_find_below_f32(struct bench *b) {
    size_t m = 512, n = 256;
    float *c = floats(b, m * n), *offsets = floats(b, m), *limits = take(b, n, sizeof *limits);
    uint32_t *found = take(b, m * n, sizeof *found);
    for (size_t j = 0; j < n; j++) limits[j] = -4;
    while (again(b)) b->kernels->find_below_f32(m, n, c, n, offsets, limits, found);
    b->used -= m * n * sizeof *found;
    row(b, "512 x 256, none found", LIMIT_BYTES, 0, 4.0 * (double)(m * n));
}

enum { EXP_OPERATIONS = 22 /* additions and multiplications of set.c's exponential */ };

static void bench_rbf_i32(struct bench *b) {
    size_t n = 1024;
    int32_t *dots = whole_numbers(b, n, 1 << 20), *offsets = whole_numbers(b, n, 1 << 22);
    float *out = take(b, n, sizeof *out);
    while (again(b)) b->kernels->rbf_i32(n, dots, offsets, 1 << 20, 1e-6f, out);
    row(b, "1024", LIMIT_FLOATS, (double)(n * (EXP_OPERATIONS + 4)), 8.0 * (double)n);
}

static void bench_rbf_f32(struct bench *b) {
    size_t n = 1024;
    float *dots = floats(b, n), *offsets = floats(b, n), *out = take(b, n, sizeof *out);
    while (again(b)) b->kernels->rbf_f32(n, dots, offsets, 2, 0.5f, out);
    row(b, "1024", LIMIT_FLOATS, (double)(n * (EXP_OPERATIONS + 4)), 8.0 * (double)n);
}

enum { SET = 512 /* rows that svm's solver works on at a time */ };

static void bench_smo_first(struct bench *b) {
    float *f = floats(b, SET), *bars = floats(b, SET);
    for (size_t i = 0; i < SET; i++) bars[i] = i % 3 ? 0 : INFINITY;
    while (again(b)) b->kernels->smo_first(SET, f, bars);
    row(b, "512", LIMIT_FLOATS, SET, 8.0 * SET);
}

static void bench_smo_second(struct bench *b) {
    float *f = floats(b, SET), *bars = floats(b, SET), *values = floats(b, SET), *diagonal = floats(b, SET), largest;
    for (size_t i = 0; i < SET; i++) bars[i] = i % 3 ? 0 : -INFINITY;
    while (again(b)) b->kernels->smo_second(SET, f, bars, 0.25f, values, diagonal, 1, &largest);
    row(b, "512", LIMIT_FLOATS, 7.0 * SET, 16.0 * SET); /* the division counted as one */
}

static void bench_smo_update(struct bench *b) {
    float *row_i = floats(b, SET), *row_j = floats(b, SET), *f = floats(b, SET);
    while (again(b)) b->kernels->smo_update(SET, 1e-6f, row_i, row_j, f);
    row(b, "512", LIMIT_FLOATS, 3.0 * SET, 12.0 * SET);
}

static void bench_combine(struct bench *b) {
    enum { COUNT = 256 };
    size_t n = 12000;
    const float *rows[COUNT];
    float *factors = floats(b, COUNT), *y = floats(b, n);
    for (size_t j = 0; j < COUNT; j++) {
        rows[j] = floats(b, n);
        factors[j] *= 1e-6f;
    }
    while (again(b)) b->kernels->combine(n, COUNT, factors, rows, y);
    row(b, "256 rows of 12000", LIMIT_FLOATS, 2.0 * (double)(COUNT * n), 4.0 * (double)((COUNT + 1) * n));
}

/* In double, where a register holds half as many numbers: an operation counts as two. */
static void bench_scaled_distances(struct bench *b) {
    size_t m = 64, n = TEN_CLASSES, depth = 400;
    float *x = floats(b, m * depth);
    double *scale = doubles(b, n * depth), *offset = doubles(b, n * depth), *sums = take(b, m * n, sizeof *sums);
    while (again(b)) b->kernels->scaled_distances(m, n, depth, x, scale, offset, sums);
    row(b, "64 x 10 x 400", LIMIT_FLOATS, 2 * 4.0 * (double)(m * n * depth),
        4.0 * (double)(m * depth) + 16.0 * (double)(n * depth));
}

static void bench_softmax(struct bench *b) {
    size_t rows = 1024, columns = TEN_CLASSES;
    float *x = floats(b, rows * columns), *log_sum = take(b, rows, sizeof *log_sum);
    while (again(b)) b->kernels->softmax(rows, columns, x, log_sum);
    row(b, "1024 x 10", LIMIT_FLOATS, (double)(rows * columns * (EXP_OPERATIONS + 4)), 4.0 * (double)(rows * columns));
}

/* The kernel empties its counts; filling them again is part of the time. */
static void bench_best_cut(struct bench *b) {
    enum { VALUES = 256, COUNTS = VALUES * TEN_COUNT_LANES };
    uint16_t *filled = take(b, COUNTS, sizeof *filled), *counts = take(b, COUNTS, sizeof *counts);
    uint8_t *touched = take(b, VALUES, 1);
    uint32_t *total = take(b, TEN_COUNT_LANES, sizeof *total);
    memset(filled, 0, COUNTS * sizeof *filled);
    memset(total, 0, TEN_COUNT_LANES * sizeof *total);
    for (size_t v = 0; v < VALUES; v++)
        for (size_t c = 0; c < TEN_CLASSES; c++) {
            filled[v * TEN_COUNT_LANES + c] = (uint16_t)ten_random_below(&b->random, 16);
            total[c] += filled[v * TEN_COUNT_LANES + c];
        }
    struct ten_cut cut;
    while (again(b)) {
        memcpy(counts, filled, COUNTS * sizeof *counts);
        memset(touched, 1, VALUES);
        b->kernels->best_cut(counts, touched, total, 1, &cut);
    }
    row(b, "256 values, 10 classes", LIMIT_BYTES, 0, 2.0 * COUNTS * sizeof *counts + VALUES);
}

/* Square root and division counted as one operation each. */
static void bench_adam(struct bench *b) {
    size_t n = 8192;
    float *g = floats(b, n), *m = floats(b, n), *v = floats(b, n), *x = floats(b, n);
    struct ten_adam step = {1, 0, 0.9f, 0.1f, 0.999f, 0.001f, 1e-3f, 1, 1e-8f};
    while (again(b)) b->kernels->adam(n, &step, g, m, v, x);
    row(b, "8192", LIMIT_FLOATS, 15.0 * (double)n, 16.0 * (double)n);
}

/* Zeros stay what they are however often they are transformed. A number of n log2(n) butterflies' five operations by
 * the usual count, whatever the radices. */
static void bench_transform(struct bench *b, void (*transform)(const struct ten_fft *plan, float *data)) {
    enum { N = 640 };
    struct ten_fourier fourier;
    if (b->status != TEN_OK) return;
    b->status = ten_fourier_init(&fourier, N, b->error);
    if (b->status != TEN_OK) return;
    float *data = take(b, (size_t)N * 2 * TEN_FFT_LANES, sizeof *data);
    memset(data, 0, (size_t)N * 2 * TEN_FFT_LANES * sizeof *data);
    while (again(b)) transform(&fourier.plan, data);
    ten_fourier_release(&fourier);
    row(b, "16 of 640", LIMIT_FLOATS, 5.0 * N * log2(N) * TEN_FFT_LANES, 8.0 * N * TEN_FFT_LANES);
}

static void bench_fft(struct bench *b) { bench_transform(b, b->kernels->fft); }
static void bench_fft_back(struct bench *b) { bench_transform(b, b->kernels->fft_back); }

/* Ten thousand points with 128 neighbours each, anywhere. */
static void bench_plane_attract(struct bench *b) {
    enum { POINTS = 10000, OTHERS = 128, ROWS = 128 };
    size_t *starts = take(b, ROWS + 1, sizeof *starts);
    uint32_t *others = take(b, (size_t)ROWS * OTHERS, sizeof *others);
    float *points = floats(b, (size_t)2 * POINTS), *fx = floats(b, ROWS), *fy = floats(b, ROWS);
    float *shares = floats(b, (size_t)ROWS * OTHERS);
    for (size_t i = 0; i <= ROWS; i++) starts[i] = i * OTHERS;
    for (size_t e = 0; e < (size_t)ROWS * OTHERS; e++) others[e] = (uint32_t)ten_random_below(&b->random, POINTS);
    while (again(b)) b->kernels->plane_attract(0, ROWS, starts, others, shares, points, fx, fy);
    row(b, "128 x 128 of 10000", LIMIT_FLOATS, 11.0 * ROWS * OTHERS, 8.0 * ROWS * OTHERS);
}

static void bench_plane_repel(struct bench *b) {
    enum { POINTS = 10000, ROWS = 16 };
    float *x = floats(b, POINTS), *y = floats(b, POINTS), *out = floats(b, (size_t)3 * ROWS);
    while (again(b)) b->kernels->plane_repel(0, ROWS, POINTS, x, y, out, out + ROWS, out + 2 * ROWS);
    row(b, "16 x 10000", LIMIT_FLOATS, 12.0 * ROWS * POINTS, 8.0 * POINTS);
}

/* ---- All of them --------------------------------------------------------------------------------------------------
 */

enum ten_status bench_kernels(struct limits *limits, json_t *out, struct ten_error *error) {
    static const struct {
        const char *name;
        void (*run)(struct bench *b);
    } table[TEN_KERNELS] = {
#define X(name) {#name, bench_##name},
        TEN_KERNEL_LIST(X)
#undef X
    };
    struct bench b = {.limits = limits, .kernels = ten_kernels(), .rows = out, .error = error};
    b.arena = ten_alloc_zero(ARENA, 1);
    if (!b.arena) return ten_fail_memory(error, "the kernels' inputs");
    ten_random_init(&b.random, 0, 0);
    for (size_t k = 0; k < TEN_KERNELS && b.status == TEN_OK; k++) {
        b.name = table[k].name;
        table[k].run(&b);
    }
    free(b.arena);
    return b.status;
}

int bench_print_kernels(const json_t *rows) {
    static const char *const headings[] = {"kernel", "shape", ">time", ">rate", "limit", ">of it"};
    struct table table = {.columns = sizeof headings / sizeof *headings, .headings = headings};
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row) {
        char(*cell)[72] = ten_table_row(&table), text[24];
        const char *name = json_string_value(json_object_get(row, "name"));
        const char *limit = json_string_value(json_object_get(row, "limit"));
        double seconds = json_number_value(json_object_get(row, "seconds"));
        bool reading = strncmp(limit, "reading", 7) == 0;
        double amount = json_number_value(json_object_get(row, reading ? "bytes" : "operations"));
        enum limit kind = reading ? LIMIT_READ : strncmp(limit, "8-bit", 5) == 0 ? LIMIT_BYTES : LIMIT_FLOATS;
        snprintf(cell[0], sizeof *cell, "%s", name);
        snprintf(cell[1], sizeof *cell, "%s", json_string_value(json_object_get(row, "shape")));
        snprintf(cell[2], sizeof *cell, "%s", bench_format_time(text, seconds));
        snprintf(cell[3], sizeof *cell, "%s", bench_rate_name(text, kind, amount / seconds));
        snprintf(cell[4], sizeof *cell, "%s", limit);
        snprintf(cell[5], sizeof *cell, "%.0f %%", 100 * json_number_value(json_object_get(row, "share")));
    }
    return ten_table_print(&table, stdout);
}
