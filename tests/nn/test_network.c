/* Networks as wholes: text and shapes and what is refused; gradients against finite differences and against PyTorch
 * (the fixtures of make_networks.py); the same bits for any number of threads; prediction. */
#include "test.h"

#include "base/memory.h"
#include "nn/network.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ten_network *make(const char *text, struct ten_volume in) {
    struct ten_error error;
    struct ten_network *network;
    assert_ok(ten_network_new(&network, text, in, &error));
    return network;
}

/* ---- Text ---- */

static void test_text(void **state) {
    (void)state;
    static const struct {
        const char *text, *standard;
        struct ten_volume in;
        size_t parameters, statistics, operations;
    } networks[] = {
        {"conv 32 3x3, relu, maxpool 2, conv 64 3x3, relu, maxpool 2, dense 128, relu, dense 10",
         "conv 32 3x3, relu, maxpool 2, conv 64 3x3, relu, maxpool 2, dense 128, relu, dense 10",
         {20, 20, 1},
         93962,
         0,
         324 * 9 * 32 + 49 * 288 * 64 + 576 * 128 + 1280},
        {" dense 256 ,relu,dense\t10\n", "dense 256, relu, dense 10", {1, 1, 400}, 401 * 256 + 2570, 0, 102400 + 2560},
        {"conv 4 3 pad 0 stride 1, batchnorm 0.1, leaky-relu 0.01, dropout 0.50, maxpool 2x2 stride 2, flatten, dense "
         "10",
         "conv 4 3x3, batchnorm, leaky-relu, dropout 0.5, maxpool 2, flatten, dense 10",
         {6, 6, 2},
         76 + 8 + 170,
         8,
         16 * 18 * 4 + 64 + 160},
        {"conv 7 5x3 stride 2x1 pad 2, batchnorm 0.25, leaky-relu 0.2, avgpool 2x3 stride 1, maxpool 2 stride 1x2, "
         "conv 10 2x2 pad same, dropout 0.1, global-avgpool",
         "conv 7 5x3 stride 2x1 pad 2, batchnorm 0.25, leaky-relu 0.2, avgpool 2x3 stride 1, maxpool 2 stride "
         "1x2, conv 10 2x2 pad same, dropout 0.1, global-avgpool",
         {12, 12, 1},
         416,
         14,
         16128},
    };
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        struct ten_network *network = make(networks[i].text, networks[i].in);
        char *text = ten_network_text(network);
        assert_string_equal(text, networks[i].standard);
        struct ten_network *again = make(text, networks[i].in);
        char *second = ten_network_text(again);
        assert_string_equal(text, second);
        assert_int_equal(network->parameters, networks[i].parameters);
        assert_int_equal(network->statistics, networks[i].statistics);
        assert_int_equal(network->operations, networks[i].operations);
        for (size_t l = 0; l < network->count; l++)
            assert_int_equal(network->layers[l].parameters, again->layers[l].parameters);
        free(text);
        free(second);
        ten_network_free(network);
        ten_network_free(again);
    }
    ten_network_free(NULL);
}

static void test_summary(void **state) {
    (void)state;
    struct ten_network *network = make("conv 32 3x3, relu, maxpool 2, dense 10", (struct ten_volume){20, 20, 1});
    char *text = ten_network_summary(network);
    assert_string_equal(text, "layer              output   parameters  multiply-adds\n"
                              "input             20x20x1\n"
                              "conv 32 3x3      18x18x32          320         93,312\n"
                              "relu             18x18x32            0              0\n"
                              "maxpool 2          9x9x32            0              0\n"
                              "dense 10               10       25,930         25,920\n"
                              "total                           26,250        119,232\n");
    free(text);
    ten_network_free(network);
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } bad[] = {
        {"", "layer 1 (): expected a layer"},
        {"dense 10,", "layer 2 (): expected a layer"},
        {"dense 10,, relu", "layer 2 (): expected a layer"},
        {"relu, dens 10", "layer 2 (dens 10): there is no layer 'dens'; expected conv, dense, maxpool, avgpool, "
                          "global-avgpool, relu, leaky-relu, dropout, batchnorm or flatten"},
        {"dense", "layer 1 (dense): expected dense UNITS"},
        {"dense 0", "expected dense UNITS"},
        {"dense -3", "expected dense UNITS"},
        {"dense 65537", "expected dense UNITS"},
        {"dense 10 10", "expected dense UNITS"},
        {"dense 1e1", "expected dense UNITS"},
        {"conv 3", "layer 1 (conv 3): expected conv UNITS N|HxW"},
        {"conv 3x3 3", "expected conv UNITS"},
        {"conv 3 3x", "expected conv UNITS"},
        {"conv 3 x3", "expected conv UNITS"},
        {"conv 3 0x3", "expected conv UNITS"},
        {"conv 3 3x65", "expected conv UNITS"},
        {"conv 3 3x3x3", "expected conv UNITS"},
        {"conv 3 3x3 stride", "expected conv UNITS"},
        {"conv 3 3x3 stride 0", "expected conv UNITS"},
        {"conv 3 3x3 pad -1", "expected conv UNITS"},
        {"conv 3 3x3 pad some", "expected conv UNITS"},
        {"conv 3 3x3 pad 1 pad 1", "expected conv UNITS"},
        {"conv 3 3x3 dilate 2", "expected conv UNITS"},
        {"conv 3 3x3 stride 1 pad 1 stride 1", "expected conv UNITS"},
        {"conv 3 3x3 stride 1 pad 1 a b c d e f", "expected conv UNITS"},
        {"maxpool", "layer 1 (maxpool): expected maxpool N"},
        {"maxpool 2 2", "expected maxpool N"},
        {"maxpool 2 pad 1", "expected maxpool N"},
        {"maxpool 2 stride x", "expected maxpool N"},
        {"avgpool 65", "expected avgpool N"},
        {"global-avgpool 2", "expected global-avgpool"},
        {"relu 1", "layer 1 (relu 1): expected relu"},
        {"leaky-relu 2", "expected leaky-relu [SLOPE]"},
        {"leaky-relu -0.1", "expected leaky-relu [SLOPE]"},
        {"leaky-relu nan", "expected leaky-relu [SLOPE]"},
        {"dropout", "expected dropout P"},
        {"dropout 1", "expected dropout P"},
        {"batchnorm 1.5", "expected batchnorm [MOMENTUM]"},
        {"batchnorm 0.1 0.2", "expected batchnorm [MOMENTUM]"},
        {"flatten 2", "expected flatten"},
        {"dense 1                                                                                                      "
         "                        ",
         "too long to be a layer"},
        {"conv 8 5x5, maxpool 9", "layer 2 (maxpool 9): a window of 9x9 does not fit into its input of 8x6"},
        {"conv 8 5x5, conv 3 3x7 stride 2",
         "layer 2 (conv 3 3x7 stride 2): a window of 3x7 does not fit into its input of 8x6"},
        {"conv 8 5x5, conv 3 11x11 pad 1", "a window of 11x11 does not fit into its input of 8x6, padding included"},
        {"dense 4, conv 3 3x3", "layer 2 (conv 3 3x3): a window of 3x3 does not fit into its input of 1x1"},
        {"conv 8 3x3 stride 2 pad same", "layer 1 (conv 8 3x3 stride 2 pad same): padding that keeps the size needs"},
        {"conv 8 3x2 pad 2", "padding must be smaller than the window of 3x2"},
        {"maxpool 13x16", "does not fit"},
        {"dense 11", "layer 1 (dense 11): the last layer must have 10 outputs, one for each class, not 11"},
        {"relu", "layer 1 (relu): the last layer must have 10 outputs, one for each class, not 12x10"},
        {"conv 10 2x2", "the last layer must have 10 outputs, one for each class, not 11x9x10"},
        {"dense 65536, dense 65536, dense 10",
         "layer 2 (dense 65536): too large: at most 16777216 values an image and"},
        {"conv 65536 12x10 pad 9", "too large"},
    };
    struct ten_error error;
    struct ten_network *network;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_fails(ten_network_new(&network, bad[i].text, (struct ten_volume){12, 10, 1}, &error), TEN_INVALID,
                     bad[i].part);
        assert_null(network);
    }
    assert_fails(ten_network_new(&network, "maxpool 17, dense 10", (struct ten_volume){20, 20, 1}, &error), TEN_INVALID,
                 "layer 1 (maxpool 17): a window has at most 256 pixels");
    assert_fails(ten_network_new(&network, "dense 10", (struct ten_volume){0, 20, 1}, &error), TEN_INVALID,
                 "a network's input has 1 to 16777216 values");
    char many[65 * 6 + 16] = "";
    for (size_t i = 0; i < 64; i++) strcat(many, "relu, ");
    strcat(many, "dense 10");
    assert_fails(ten_network_new(&network, many, (struct ten_volume){12, 10, 1}, &error), TEN_INVALID,
                 "a network has at most 64 layers");
}

/* ---- A network with its numbers and a batch ---- */

struct bench {
    struct ten_network *network;
    float *parameters, *statistics, *images;
    uint8_t *labels;
    size_t rows;
};

static struct bench bench_new(const char *text, struct ten_volume in, size_t rows, uint64_t seed) {
    struct bench b = {.network = make(text, in), .rows = rows};
    struct ten_random random;
    b.parameters = malloc(b.network->parameters * sizeof(float));
    b.statistics = malloc((b.network->statistics + 1) * sizeof(float));
    b.images = malloc(rows * ten_volume_size(in) * sizeof(float));
    b.labels = malloc(rows);
    ten_network_initialise(b.network, seed, b.parameters, b.statistics);
    ten_random_init(&random, seed, 77);
    for (size_t i = 0; i < rows; i++) b.labels[i] = (uint8_t)ten_random_below(&random, 10);
    for (size_t i = 0; i < rows * ten_volume_size(in); i++) b.images[i] = (float)(2 * ten_random_unit(&random) - 1);
    return b;
}

static void bench_release(struct bench *b) {
    ten_network_free(b->network);
    free(b->parameters);
    free(b->statistics);
    free(b->images);
    free(b->labels);
}

static void copy_row(void *context, size_t row, size_t thread, float *out) {
    (void)thread;
    const struct bench *b = context;
    size_t size = ten_volume_size(b->network->in);
    memcpy(out, b->images + row * size, size * sizeof *out);
}

/* One pass; gradient may be NULL, and statistics (then a copy is used). Returns the mean loss. */
static double run_pass(struct bench *b, struct ten_workspace *workspace, float smoothing, float *statistics,
                       float *gradient) {
    struct ten_error error;
    struct ten_batch_result result;
    size_t size = b->network->statistics * sizeof(float);
    float *copy = malloc(size + 1);
    memcpy(copy, b->statistics, size);
    struct ten_batch_input input = {.rows = b->rows,
                                    .fill = copy_row,
                                    .context = b,
                                    .labels = b->labels,
                                    .label_smoothing = smoothing,
                                    .seed = 4,
                                    .step = 9};
    assert_ok(ten_workspace_run(workspace, b->parameters, copy, &input, &result, &error));
    if (gradient) ten_workspace_gradient(workspace, 0, b->network->parameters, 0, gradient);
    if (statistics) memcpy(statistics, copy, size);
    free(copy);
    assert_true(result.correct <= b->rows);
    return result.loss / (double)b->rows;
}

static struct ten_workspace *workspace_new(const struct bench *b, int threads) {
    struct ten_error error;
    struct ten_workspace *workspace;
    struct ten_run run = {.threads = threads};
    assert_ok(ten_workspace_new(&workspace, b->network, b->rows, &run, &error));
    return workspace;
}

static const struct {
    const char *text;
    struct ten_volume in;
    float smoothing;
} nets[] = {
    {"dense 10", {1, 1, 12}, 0},
    {"dense 20, relu, dense 10", {1, 1, 12}, 0.1f},
    {"conv 5 3x3, relu, maxpool 2, conv 7 2x2 pad same, leaky-relu 0.1, avgpool 2 stride 1, dense 10", {8, 9, 2}, 0},
    {"relu, conv 4 3x2 stride 2x1 pad 1, dropout 0.3, maxpool 3 stride 2, flatten, dense 9, dropout 0.2, dense 10",
     {9, 8, 1},
     0.2f},
    {"conv 4 3x3, batchnorm, relu, maxpool 2, conv 6 2x2, batchnorm, relu, dense 10", {8, 8, 1}, 0},
    {"batchnorm, conv 4 3x3, relu, batchnorm, batchnorm 0.5, dropout 0.1, global-avgpool, dense 8, batchnorm, relu, "
     "dense 10",
     {6, 7, 2},
     0.1f},
    {"dropout 0.2, conv 6 1x1, maxpool 2, relu, conv 10 2x2 stride 2, global-avgpool", {8, 6, 3}, 0},
    {"relu, dropout 0.1", {1, 1, 10}, 0},
    {"conv 5 3x3 pad 1, relu, conv 16 3x3 pad same, relu, maxpool 2, relu, conv 33 2x2, maxpool 2, maxpool 2, dense "
     "33, "
     "relu, dense 10",
     {11, 13, 1},
     0},
    {"conv 9 3x3 pad 1, relu, conv 16 3x3, batchnorm, relu, conv 17 3x3 pad same, relu, maxpool 2, conv 8 3x3 pad 2, "
     "relu, dense 10", /* minimal filtering, with zeros around and without, sparse and not */
     {9, 10, 1},
     0.1f},
};
enum { NETS = sizeof nets / sizeof *nets, ROWS = 70 /* one or two whole shards and a part */ };

/* ---- Gradients ---- */

/* The loss with `count` entries moved by step * direction. */
static double moved_loss(struct bench *b, struct ten_workspace *workspace, float smoothing, float *values, size_t count,
                         const float *direction, double step) {
    float *before = malloc(count * sizeof *before);
    memcpy(before, values, count * sizeof *before);
    for (size_t i = 0; i < count; i++) values[i] = (float)((double)values[i] + step * (double)direction[i]);
    double loss = run_pass(b, workspace, smoothing, NULL, NULL);
    memcpy(values, before, count * sizeof *before);
    free(before);
    return loss;
}

/* Along the gradient itself, and along random directions, of one part of the parameters. */
static void check_part(struct bench *b, struct ten_workspace *workspace, size_t net, const char *name, size_t begin,
                       size_t count, const float *gradient) {
    const double step = 1e-3;
    struct ten_random random;
    float *direction = malloc((count + 1) * sizeof *direction), smoothing = nets[net].smoothing;
    double size = 0;
    for (size_t i = 0; i < count; i++) size += pow((double)gradient[begin + i], 2);
    size = sqrt(size);
    ten_random_init(&random, 10 + net, begin);
    for (int round = 0; round < 4 && count; round++) {
        double length = 0, told = 0;
        for (size_t i = 0; i < count; i++) {
            double g = size > 0 ? (double)gradient[begin + i] / size : 0;
            direction[i] = (float)((round < 2 ? g : 0) + (round ? (2 * ten_random_unit(&random) - 1) : 0));
            length += pow((double)direction[i], 2);
        }
        if (length == 0) continue;
        for (size_t i = 0; i < count; i++) {
            direction[i] = (float)((double)direction[i] / sqrt(length));
            told += (double)direction[i] * (double)gradient[begin + i];
        }
        float *values = b->parameters + begin;
        double slope = (moved_loss(b, workspace, smoothing, values, count, direction, step) -
                        moved_loss(b, workspace, smoothing, values, count, direction, -step)) /
                       (2 * step);
        if (!(fabs(slope - told) <= 0.02 * size + 1e-4))
            fail_msg("%s, %s, direction %d: the loss changes by %.6g, the gradient says %.6g (its length %.3g)",
                     nets[net].text, name, round, slope, told, size);
    }
    free(direction);
}

static void test_gradients(void **state) {
    (void)state;
    for (size_t n = 0; n < NETS; n++) {
        struct bench b = bench_new(nets[n].text, nets[n].in, ROWS, n);
        struct ten_workspace *workspace = workspace_new(&b, 2);
        float *gradient = malloc((b.network->parameters + 1) * sizeof *gradient);
        run_pass(&b, workspace, nets[n].smoothing, NULL, gradient);
        /* any range gives the same numbers */
        float part[7];
        for (size_t at = 0; at + 7 <= b.network->parameters; at += 31) {
            ten_workspace_gradient(workspace, at, at + 7, 0, part);
            assert_memory_equal(part, gradient + at, sizeof part);
        }
        for (size_t i = 0; i < b.network->count; i++) {
            const struct ten_layer *layer = &b.network->layers[i];
            check_part(&b, workspace, n, layer->text, layer->parameters_at, layer->decayed, gradient);
            check_part(&b, workspace, n, layer->text, layer->parameters_at + layer->decayed,
                       layer->parameters - layer->decayed, gradient);
        }
        free(gradient);
        ten_workspace_free(workspace);
        bench_release(&b);
    }
    ten_workspace_free(NULL);
}

/* Saliency: the derivative of a logit in the pixels, which are moved one by one and all at once. */
static void test_saliency(void **state) {
    (void)state;
    struct ten_error error;
    for (size_t n = 0; n < NETS; n++) {
        struct bench b = bench_new(nets[n].text, nets[n].in, 1, n + 40);
        size_t size = ten_volume_size(nets[n].in);
        float *out = malloc(size * sizeof *out), *moved = malloc(size * sizeof *moved), logits[2][10];
        for (size_t i = 0; i < b.network->statistics; i++) b.statistics[i] = 0.5f + 0.01f * (float)(i % 7);
        struct ten_random random;
        ten_random_init(&random, n, 5);
        for (size_t round = 0; round < 6; round++) {
            size_t class = (3 * round + 1) % 10;
            assert_ok(ten_network_saliency(b.network, b.parameters, b.statistics, b.images, class, out, &error));
            double told = 0, length = 0;
            float *direction = malloc(size * sizeof *direction);
            for (size_t i = 0; i < size; i++) {
                direction[i] = (float)(2 * ten_random_unit(&random) - 1);
                told += (double)direction[i] * (double)out[i];
                length += pow((double)out[i], 2);
            }
            const float step = 1e-3f;
            for (int side = 0; side < 2; side++) {
                for (size_t i = 0; i < size; i++) moved[i] = b.images[i] + (side ? step : -step) * direction[i];
                struct ten_batch batch = {.rows = 1, .shape = {size, 0, 0}, .floats = moved};
                assert_ok(ten_network_predict(b.network, b.parameters, b.statistics, NULL, TEN_SINGLE, &batch, true,
                                              logits[side], NULL, &error));
            }
            double slope = ((double)logits[1][class] - (double)logits[0][class]) / (2 * (double)step);
            if (!(fabs(slope - told) <= 0.02 * sqrt(length) + 2e-3))
                fail_msg("%s: logit %zu changes by %.6g, saliency says %.6g (its length %.3g)", nets[n].text, class,
                         slope, told, sqrt(length));
            free(direction);
        }
        free(out);
        free(moved);
        bench_release(&b);
    }
    struct bench b = bench_new("dense 10", (struct ten_volume){1, 1, 4}, 1, 0);
    float out[10];
    assert_fails(ten_network_saliency(b.network, b.parameters, b.statistics, b.images, 10, out, &error), TEN_INVALID,
                 "there is no class 10");
    assert_fails(ten_network_activations(b.network, b.parameters, b.statistics, b.images, 1, out, &error), TEN_INVALID,
                 "there is no layer 2; the network has 1");
    bench_release(&b);
}

/* BF16 keeps 8 bits of each factor: logits, loss and gradient stay near those of single precision. Where a maximum or a
 * zero of ReLU turns over, a part of the gradient goes elsewhere. */
static void test_precision(void **state) {
    (void)state;
    struct ten_error error;
    for (size_t n = 0; n < NETS; n++) {
        struct bench b = bench_new(nets[n].text, nets[n].in, ROWS, n);
        struct ten_workspace *workspace = workspace_new(&b, 2);
        size_t count = b.network->parameters;
        float *single = malloc((count + 1) * sizeof *single), *rounded = malloc((count + 1) * sizeof *rounded);
        static float logits[2][ROWS * 10];
        double loss = run_pass(&b, workspace, nets[n].smoothing, NULL, single), difference = 0, size = 0;
        struct ten_batch_result result;
        float *statistics = malloc((b.network->statistics + 1) * sizeof *statistics);
        memcpy(statistics, b.statistics, b.network->statistics * sizeof *statistics);
        struct ten_batch_input input = {.rows = ROWS,
                                        .fill = copy_row,
                                        .context = &b,
                                        .labels = b.labels,
                                        .label_smoothing = nets[n].smoothing,
                                        .precision = TEN_BF16,
                                        .seed = 4,
                                        .step = 9};
        assert_ok(ten_workspace_run(workspace, b.parameters, statistics, &input, &result, &error));
        ten_workspace_gradient(workspace, 0, count, 0, rounded);
        assert_true(fabs(result.loss / ROWS - loss) < 0.01 * loss);
        for (size_t i = 0; i < count; i++) {
            difference += pow((double)single[i] - (double)rounded[i], 2);
            size += pow((double)single[i], 2);
        }
        if (!(difference <= 0.15 * 0.15 * size))
            fail_msg("%s: the gradient in BF16 differs by %.3g of its length", nets[n].text, sqrt(difference / size));
        struct ten_batch batch = {.rows = ROWS, .shape = {ten_volume_size(nets[n].in), 0, 0}, .floats = b.images};
        for (int p = 0; p < 2; p++)
            assert_ok(ten_network_predict(b.network, b.parameters, b.statistics, NULL, p ? TEN_BF16 : TEN_SINGLE,
                                          &batch, true, logits[p], NULL, &error));
        for (size_t i = 0; i < ROWS * 10; i++) assert_true(fabs((double)logits[0][i] - (double)logits[1][i]) < 0.03);
        free(single);
        free(rounded);
        free(statistics);
        ten_workspace_free(workspace);
        bench_release(&b);
    }
}

/* ---- Rows that are learned ---- */

static int by_size(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void gradient_of(struct bench *b, size_t rows, float skip, enum ten_precision precision, float *gradient) {
    struct ten_error error;
    struct ten_batch_result result;
    struct ten_workspace *workspace = workspace_new(b, 2);
    struct ten_batch_input input = {.rows = rows,
                                    .fill = copy_row,
                                    .context = b,
                                    .labels = b->labels,
                                    .label_smoothing = 0.1f,
                                    .skip = skip,
                                    .precision = precision};
    assert_ok(ten_workspace_run(workspace, b->parameters, b->statistics, &input, &result, &error));
    ten_workspace_gradient(workspace, 0, b->network->parameters, 0, gradient);
    ten_workspace_free(workspace);
}

/* The gradient is that of the rows that are not skipped; half of them are. */
static void test_skip(void **state) {
    (void)state;
    static const char *const texts[] = {"dense 20, relu, dense 18, relu, dense 10",
                                        "conv 4 3x3, relu, maxpool 2, dense 17, relu, dense 10",
                                        ("conv 4 3x3 pad 1, leaky-relu 0.1, avgpool 2, conv 5 2x2, maxpool 2, flatten, "
                                         "relu, dense 10")};
    for (size_t n = 0; n < 6; n++) {
        struct ten_error error;
        struct bench b =
            bench_new(texts[n / 2], n / 2 ? (struct ten_volume){8, 8, 1} : (struct ten_volume){1, 1, 12}, ROWS, n);
        enum ten_precision precision = n % 2 ? TEN_BF16 : TEN_SINGLE;
        size_t count = b.network->parameters, size = ten_volume_size(b.network->in), left = 0;
        struct ten_batch batch = {.rows = ROWS, .shape = {size, 0, 0}, .floats = b.images};
        static float p[ROWS * TEN_CLASSES];
        float farthest[ROWS], sorted[ROWS];
        assert_ok(ten_network_predict(b.network, b.parameters, b.statistics, NULL, precision, &batch, false, p, NULL,
                                      &error));
        for (size_t i = 0; i < ROWS; i++) {
            farthest[i] = 0;
            for (size_t c = 0; c < TEN_CLASSES; c++)
                farthest[i] = fmaxf(farthest[i], fabsf(p[i * TEN_CLASSES + c] - 0.01f - (c == b.labels[i] ? 0.9f : 0)));
        }
        memcpy(sorted, farthest, sizeof sorted);
        qsort(sorted, ROWS, sizeof *sorted, by_size);
        float skip = (sorted[ROWS / 2 - 1] + sorted[ROWS / 2]) / 2;
        float *some = malloc(count * sizeof *some), *those = malloc(count * sizeof *those);
        gradient_of(&b, ROWS, skip, precision, some);
        for (size_t i = 0; i < ROWS; i++) {
            if (farthest[i] < skip) continue;
            memmove(b.images + left * size, b.images + i * size, size * sizeof *b.images);
            b.labels[left++] = b.labels[i];
        }
        assert_true(left > ROWS / 4 && left < ROWS * 3 / 4);
        gradient_of(&b, left, 0, precision, those);
        double difference = 0, length = 0;
        for (size_t i = 0; i < count; i++) {
            difference += pow((double)some[i] * ROWS - (double)those[i] * (double)left, 2);
            length += pow((double)those[i] * (double)left, 2);
        }
        if (!(sqrt(difference / length) <= (n % 2 ? 1e-2 : 1e-5)))
            fail_msg("%s: differs by %.3g of its length", texts[n / 2], sqrt(difference / length));
        gradient_of(&b, left, 2, precision, some); /* all of them are */
        for (size_t i = 0; i < count; i++) assert_true(some[i] == 0);
        free(some);
        free(those);
        bench_release(&b);
    }
}

/* ---- Parameters prepared as they change ---- */

static const void *next_row(void *context, size_t row) {
    const struct bench *b = context;
    return row % 3 ? b->images + row * ten_volume_size(b->network->in) : NULL;
}

static void run_prepared(struct bench *b, struct ten_workspace *workspace, enum ten_precision precision, bool prepared,
                         float *gradient) {
    struct ten_error error;
    struct ten_batch_result result;
    struct ten_batch_input input = {.rows = b->rows,
                                    .fill = copy_row,
                                    .next = next_row,
                                    .next_bytes = ten_volume_size(b->network->in) * sizeof(float),
                                    .context = b,
                                    .labels = b->labels,
                                    .precision = precision,
                                    .prepared = prepared};
    assert_ok(ten_workspace_run(workspace, b->parameters, b->statistics, &input, &result, &error));
    ten_workspace_gradient(workspace, 0, b->network->parameters, 0, gradient);
}

/* A workspace that is told of every change works as one that makes everything anew, in whatever parts it is told. */
static void test_prepared(void **state) {
    (void)state;
    static const char *const texts[] = {"dense 40, relu, dense 70, relu, dense 10",
                                        "conv 4 3x3, relu, maxpool 2, dense 33, relu, dense 10"};
    for (size_t n = 0; n < 8; n++) {
        enum ten_precision precision = n / 2 % 2 ? TEN_BF16 : TEN_SINGLE;
        struct bench b = bench_new(texts[n % 2], (struct ten_volume){10, 11, 1}, 70, n);
        struct ten_workspace *told = workspace_new(&b, 2), *anew = workspace_new(&b, 2);
        size_t count = b.network->parameters, strips = n / 4 + 1;
        float *gradients[] = {malloc(count * sizeof(float)), malloc(count * sizeof(float))};
        run_prepared(&b, told, precision, false, gradients[0]);
        for (size_t i = 0; i < count; i++) b.parameters[i] = -0.75f * b.parameters[i];
        for (size_t i = 0; i < b.network->count; i++) {
            const struct ten_layer *layer = &b.network->layers[i];
            size_t rows = layer->whole ? ten_layer_rows(layer) : 1, step = strips * (i ? 32 : 16);
            for (size_t row = 0; row < rows; row += step) {
                size_t past = row + step < rows ? row + step : rows, units = layer->decayed / rows;
                ten_workspace_prepare(told, b.parameters, layer->parameters_at + row * units,
                                      layer->parameters_at + past * units);
            }
        }
        run_prepared(&b, told, precision, true, gradients[0]);
        run_prepared(&b, anew, precision, false, gradients[1]);
        assert_memory_equal(gradients[0], gradients[1], count * sizeof(float));
        for (int k = 0; k < 2; k++) free(gradients[k]);
        ten_workspace_free(told);
        ten_workspace_free(anew);
        bench_release(&b);
    }
}

/* ---- Threads ---- */

static void test_threads(void **state) {
    (void)state;
    for (size_t n = 0; n < NETS; n++) {
        struct bench b = bench_new(nets[n].text, nets[n].in, 5 * TEN_MOST_SHARD + 3, n);
        size_t size = b.network->parameters * sizeof(float), s_size = b.network->statistics * sizeof(float);
        float *gradient[2] = {malloc(size + 1), malloc(size + 1)},
              *statistics[2] = {malloc(s_size + 1), malloc(s_size + 1)};
        const int threads[] = {1, 2, 3, 5};
        double first = 0;
        for (size_t t = 0; t < 4; t++) {
            struct ten_workspace *workspace = workspace_new(&b, threads[t]);
            for (int again = 0; again < 2; again++) {
                double loss = run_pass(&b, workspace, nets[n].smoothing, statistics[t > 0], gradient[t > 0]);
                if (t == 0) first = loss;
                assert_true(loss == first && isfinite(loss));
            }
            if (size) assert_memory_equal(gradient[0], gradient[t > 0], size);
            if (s_size) assert_memory_equal(statistics[0], statistics[t > 0], s_size);
            ten_workspace_free(workspace);
        }
        for (size_t i = 0; i < 2; i++) {
            free(gradient[i]);
            free(statistics[i]);
        }
        bench_release(&b);
    }
}

static void test_batches(void **state) {
    (void)state;
    struct ten_error error;
    struct bench b = bench_new("dense 10", (struct ten_volume){1, 1, 4}, 3, 0);
    struct ten_workspace *workspace = workspace_new(&b, 1);
    struct ten_batch_result result;
    struct ten_batch_input input = {.rows = 0, .fill = copy_row, .context = &b, .labels = b.labels};
    assert_fails(ten_workspace_run(workspace, b.parameters, b.statistics, &input, &result, &error), TEN_INVALID,
                 "a batch of 0 rows; expected 1 to 3");
    input.rows = 4;
    assert_fails(ten_workspace_run(workspace, b.parameters, b.statistics, &input, &result, &error), TEN_INVALID,
                 "a batch of 4 rows; expected 1 to 3");
    input.rows = 3;
    b.labels[1] = 11;
    assert_fails(ten_workspace_run(workspace, b.parameters, b.statistics, &input, &result, &error), TEN_INVALID,
                 "row 1 of the batch has label 11; expected 0 to 9");
    input.rows = 1; /* fewer than there is room for */
    assert_ok(ten_workspace_run(workspace, b.parameters, b.statistics, &input, &result, &error));
    ten_workspace_free(workspace);
    assert_fails(ten_workspace_new(&workspace, b.network, 0, NULL, &error), TEN_INVALID, "at least one row");
    bench_release(&b);
}

/* ---- Prediction ---- */

/* Alone, in batches of any size and with any number of threads the same bits; softmax of logits; the last layer's
 * activations; close to a pass in training where training changes nothing. */
static void test_predict(void **state) {
    (void)state;
    enum { MANY = 300 };
    struct ten_error error;
    for (size_t n = 0; n < NETS; n++) {
        struct bench b = bench_new(nets[n].text, nets[n].in, MANY, n);
        size_t size = ten_volume_size(nets[n].in);
        static float all[MANY * 10], some[MANY * 10], logits[MANY * 10];
        struct ten_batch batch = {.rows = MANY, .shape = {size, 0, 0}, .floats = b.images};
        for (size_t i = 0; i < b.network->statistics; i++) b.statistics[i] = 0.5f + 0.01f * (float)(i % 7);
        assert_ok(ten_network_predict(b.network, b.parameters, b.statistics, NULL, TEN_SINGLE, &batch, false, all, NULL,
                                      &error));
        assert_ok(ten_network_predict(b.network, b.parameters, b.statistics, NULL, TEN_SINGLE, &batch, true, logits,
                                      NULL, &error));
        const size_t counts[] = {1, 2, 31, 33, 128, 129};
        for (size_t c = 0; c < 6; c++) {
            struct ten_run run = {.threads = (int)c};
            struct ten_batch part = {.rows = counts[c], .shape = {size, 0, 0}, .floats = b.images + 5 * size};
            assert_ok(ten_network_predict(b.network, b.parameters, b.statistics, NULL, TEN_SINGLE, &part, false, some,
                                          &run, &error));
            assert_memory_equal(some, all + 50, counts[c] * 10 * sizeof *all);
        }
        for (size_t i = 0; i < 20; i++) {
            double sum = 0, last[10];
            float out[10];
            assert_ok(ten_network_activations(b.network, b.parameters, b.statistics, b.images + i * size,
                                              b.network->count - 1, out, &error));
            assert_memory_equal(out, logits + 10 * i, sizeof out);
            for (size_t c = 0; c < 10; c++) sum += last[c] = exp((double)logits[10 * i + c]);
            for (size_t c = 0; c < 10; c++) assert_true(fabs(last[c] / sum - (double)all[10 * i + c]) < 1e-6);
        }
        batch.shape.columns++;
        assert_fails(ten_network_predict(b.network, b.parameters, b.statistics, NULL, TEN_SINGLE, &batch, true, logits,
                                         NULL, &error),
                     TEN_INVALID, "images have");
        bench_release(&b);
    }
    /* bytes with a unit, and no rows */
    struct bench b = bench_new("dense 10", (struct ten_volume){2, 2, 1}, 1, 0);
    uint8_t bytes[4] = {0, 255, 51, 102};
    float values[4] = {0, 1, 0.2f, 0.4f}, x[10], y[10];
    struct ten_batch batch = {.rows = 1, .shape = {4, 2, 2}, .is_bytes = true, .unit = 1 / 255.0f, .bytes = bytes};
    assert_ok(
        ten_network_predict(b.network, b.parameters, b.statistics, NULL, TEN_SINGLE, &batch, true, x, NULL, &error));
    assert_ok(ten_network_activations(b.network, b.parameters, b.statistics, values, 0, y, &error));
    for (size_t c = 0; c < 10; c++) assert_true(fabs((double)x[c] - (double)y[c]) < 1e-6);
    batch.rows = 0;
    assert_ok(
        ten_network_predict(b.network, b.parameters, b.statistics, NULL, TEN_SINGLE, &batch, true, x, NULL, &error));
    bench_release(&b);
}

/* What a layer gives for many images at once is to the bit what it gives for one of them with every layer on its own:
 * for every layer, those in the middle of what is done in one go among them, and any number of rows and threads. */
static void check_outputs(const char *text, struct ten_volume in) {
    enum { MANY = 131 };
    struct ten_error error;
    struct bench b = bench_new(text, in, MANY, strlen(text));
    size_t size = ten_volume_size(in);
    struct ten_batch batch = {.rows = MANY, .shape = {size, 0, 0}, .floats = b.images};
    float *prepared = ten_alloc(b.network->prepared, sizeof *prepared);
    ten_network_prepare(b.network, TEN_SINGLE, b.parameters, prepared);
    for (size_t i = 0; i < b.network->statistics; i++) b.statistics[i] = 0.5f + 0.01f * (float)(i % 7);
    for (size_t l = 0; l < b.network->count; l++) {
        size_t volume = ten_volume_size(b.network->layers[l].out);
        float *all = malloc(MANY * volume * sizeof *all), *one = malloc(volume * sizeof *one);
        assert_ok(ten_network_outputs(b.network, b.parameters, b.statistics, l % 2 ? prepared : NULL, TEN_SINGLE,
                                      &batch, l, all, &(struct ten_run){.threads = (int)(l % 3)}, &error));
        for (size_t i = 0; i < MANY; i += 13) {
            assert_ok(
                ten_network_activations(b.network, b.parameters, b.statistics, b.images + i * size, l, one, &error));
            for (size_t v = 0; v < volume; v++)
                if (one[v] != all[i * volume + v])
                    fail_msg("%s: layer %zu of image %zu differs: %.9g alone, %.9g among others", text, l + 1, i,
                             (double)one[v], (double)all[i * volume + v]);
        }
        struct ten_batch few = {.rows = 1, .shape = {size, 0, 0}, .floats = b.images + 52 * size};
        assert_ok(
            ten_network_outputs(b.network, b.parameters, b.statistics, NULL, TEN_SINGLE, &few, l, one, NULL, &error));
        assert_memory_equal(one, all + 52 * volume, volume * sizeof *one);
        free(all);
        free(one);
    }
    float nothing[1];
    assert_fails(ten_network_outputs(b.network, b.parameters, b.statistics, NULL, TEN_SINGLE, &batch, b.network->count,
                                     nothing, NULL, &error),
                 TEN_INVALID, "there is no layer");
    batch.shape.columns++;
    assert_fails(
        ten_network_outputs(b.network, b.parameters, b.statistics, NULL, TEN_SINGLE, &batch, 0, nothing, NULL, &error),
        TEN_INVALID, "images have");
    batch.shape.columns--;
    batch.rows = 0;
    assert_ok(
        ten_network_outputs(b.network, b.parameters, b.statistics, NULL, TEN_SINGLE, &batch, 0, nothing, NULL, &error));
    free(prepared);
    bench_release(&b);
}

static void test_outputs(void **state) {
    (void)state;
    for (size_t n = 0; n < NETS; n++) check_outputs(nets[n].text, nets[n].in);
    check_outputs("conv 8 3x3, relu, maxpool 2, conv 9 3x3 pad 1, relu, maxpool 2, conv 12 3x3 pad same, dense 10",
                  (struct ten_volume){14, 11, 1});
    check_outputs("conv 16 3x3, relu, conv 16 3x3, batchnorm, relu, maxpool 2, conv 10 3x3, global-avgpool",
                  (struct ten_volume){13, 12, 8});
}

/* Without batchnorm and dropout a training pass sees the same logits: the same loss. */
static void test_predict_is_forward(void **state) {
    (void)state;
    struct ten_error error;
    for (size_t n = 0; n < 3; n++) {
        struct bench b = bench_new(nets[n].text, nets[n].in, ROWS, n);
        struct ten_workspace *workspace = workspace_new(&b, 2);
        static float logits[ROWS * 10];
        struct ten_batch batch = {.rows = ROWS, .shape = {ten_volume_size(nets[n].in), 0, 0}, .floats = b.images};
        assert_ok(ten_network_predict(b.network, b.parameters, b.statistics, NULL, TEN_SINGLE, &batch, true, logits,
                                      NULL, &error));
        double loss = 0;
        for (size_t i = 0; i < ROWS; i++) {
            double sum = 0, mean = 0;
            for (size_t c = 0; c < 10; c++) {
                sum += exp((double)logits[10 * i + c]);
                mean += (double)logits[10 * i + c] / 10;
            }
            double s = (double)nets[n].smoothing;
            loss += (log(sum) - (1 - s) * (double)logits[10 * i + b.labels[i]] - s * mean) / ROWS;
        }
        double got = run_pass(&b, workspace, nets[n].smoothing, NULL, NULL);
        if (!(fabs(got - loss) < 1e-6)) fail_msg("%s: loss %.9g, of the logits %.9g", nets[n].text, got, loss);
        ten_workspace_free(workspace);
        bench_release(&b);
    }
}

struct user {
    struct bench *b;
    float out[64 * 10];
    pthread_t thread;
};

static void *use(void *context) {
    struct user *u = context;
    struct ten_run run = {.threads = 1};
    struct ten_batch batch = {.rows = 64, .shape = {ten_volume_size(u->b->network->in), 0, 0}, .floats = u->b->images};
    for (int i = 0; i < 20; i++)
        if (ten_network_predict(u->b->network, u->b->parameters, u->b->statistics, NULL, TEN_SINGLE, &batch, false,
                                u->out, &run, NULL) != TEN_OK)
            return context;
    return NULL;
}

static void test_several_users(void **state) {
    (void)state;
    struct bench b = bench_new(nets[4].text, nets[4].in, 64, 0);
    static struct user users[4];
    for (size_t i = 0; i < 4; i++) {
        users[i].b = &b;
        assert_int_equal(pthread_create(&users[i].thread, NULL, use, &users[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        void *failed;
        pthread_join(users[i].thread, &failed);
        assert_null(failed);
    }
    for (size_t i = 1; i < 4; i++) assert_memory_equal(users[i].out, users[0].out, sizeof users[0].out);
    bench_release(&b);
}

/* ---- Initialisation ---- */

static void test_initialise(void **state) {
    (void)state;
    struct bench b = bench_new("conv 40 5x5, batchnorm, relu, dense 50, dense 10", (struct ten_volume){8, 8, 3}, 1, 1);
    const size_t fan_in[] = {75, 0, 0, 640, 50};
    for (size_t i = 0; i < b.network->count; i++) {
        const struct ten_layer *layer = &b.network->layers[i];
        const float *p = b.parameters + layer->parameters_at;
        if (!fan_in[i]) continue;
        double bound = 1 / sqrt((double)fan_in[i]), squares = 0, largest = 0;
        for (size_t k = 0; k < layer->parameters; k++) {
            squares += pow((double)p[k], 2);
            largest = fmax(largest, fabs((double)p[k]));
        }
        assert_true(largest <= bound && largest > 0.98 * bound);
        double variance = squares / (double)layer->parameters;
        assert_true(fabs(variance * 3 / (bound * bound) - 1) < 0.12); /* uniform: bound^2 / 3 */
    }
    for (size_t c = 0; c < 40; c++) {
        const float *p = b.parameters + b.network->layers[1].parameters_at;
        assert_true(p[c] == 1 && p[40 + c] == 0 && b.statistics[c] == 0 && b.statistics[40 + c] == 1);
    }
    float *again = malloc(b.network->parameters * sizeof *again), *statistics = malloc(80 * sizeof *statistics);
    ten_network_initialise(b.network, 1, again, statistics);
    assert_memory_equal(again, b.parameters, b.network->parameters * sizeof *again);
    ten_network_initialise(b.network, 2, again, statistics);
    assert_memory_not_equal(again, b.parameters, 4000 * sizeof *again);
    free(again);
    free(statistics);
    bench_release(&b);
}

/* ---- PyTorch ---- */

static void compare(const char *fixture, const char *what, size_t count, const float *got, const double *expected,
                    double tolerance) {
    double size = 0;
    for (size_t i = 0; i < count; i++) size = fmax(size, fabs(expected[i]));
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)got[i] - expected[i]) <= tolerance * size))
            fail_msg("%s: %s %zu is %.9g, PyTorch has %.9g", fixture, what, i, (double)got[i], expected[i]);
}

static void check_fixture(const char *fixture, const char *text, struct ten_volume in, float smoothing) {
    enum { FIXTURE_ROWS = 12, STEPS = 10 };
    struct ten_error error;
    struct bench b = bench_new(text, in, FIXTURE_ROWS, 0);
    size_t p = b.network->parameters, s = b.network->statistics, size = ten_volume_size(in);
    double *numbers = test_numbers(fixture, FIXTURE_ROWS * (1 + size + 10) + 4 * p + 2 * s + 1 + 2 * STEPS),
           *at = numbers;
    for (size_t i = 0; i < FIXTURE_ROWS; i++) b.labels[i] = (uint8_t)*at++;
    for (size_t i = 0; i < FIXTURE_ROWS * size; i++) b.images[i] = (float)*at++;
    for (size_t i = 0; i < p; i++) b.parameters[i] = (float)*at++;
    for (size_t i = 0; i < s; i++) b.statistics[i] = (float)*at++;
    float logits[FIXTURE_ROWS * 10], *gradient = malloc(p * sizeof *gradient),
                                     *statistics = malloc((s + 1) * sizeof *statistics);
    struct ten_batch batch = {.rows = FIXTURE_ROWS, .shape = {size, 0, 0}, .floats = b.images};
    assert_ok(ten_network_predict(b.network, b.parameters, b.statistics, NULL, TEN_SINGLE, &batch, true, logits, NULL,
                                  &error));
    compare(fixture, "logit", FIXTURE_ROWS * 10, logits, at, 1e-6);
    at += FIXTURE_ROWS * 10;
    struct ten_workspace *workspace = workspace_new(&b, 1);
    double loss = run_pass(&b, workspace, smoothing, statistics, gradient);
    if (!(fabs(loss - *at) < 1e-6)) fail_msg("%s: loss %.9g, PyTorch has %.9g", fixture, loss, *at);
    at++;
    compare(fixture, "gradient", p, gradient, at, 3e-6);
    compare(fixture, "statistic", s, statistics, at + p, 1e-6);
    ten_workspace_free(workspace);
    free(gradient);
    free(statistics);
    free(numbers);
    bench_release(&b);
}

static void test_pytorch(void **state) {
    (void)state;
    check_fixture(
        "network_batchnorm.txt",
        "conv 4 3x3 pad same, batchnorm, relu, maxpool 2, conv 6 3x3, leaky-relu 0.1, avgpool 2 stride 1, dense 10",
        (struct ten_volume){10, 8, 1}, 0);
    check_fixture("network_strides.txt",
                  "conv 5 4x3 stride 2x1 pad 1, relu, maxpool 3x2 stride 2, conv 7 2x2 pad same, batchnorm, relu, "
                  "global-avgpool, dense 8, relu, dense 10",
                  (struct ten_volume){9, 7, 2}, 0.1f);
    check_fixture("network_plain.txt", "conv 3 3x3 stride 2, relu, flatten, dense 11, relu, dense 10",
                  (struct ten_volume){7, 9, 1}, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_summary),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_saliency),
        cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_precision),
        cmocka_unit_test(test_skip),
        cmocka_unit_test(test_prepared),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_predict),
        cmocka_unit_test(test_predict_is_forward),
        cmocka_unit_test(test_several_users),
        cmocka_unit_test(test_initialise),
        cmocka_unit_test(test_pytorch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
