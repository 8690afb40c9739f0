/* The use of a trained network: what a layer, mostly the last one, makes of many images or one. Two buffers a thread
 * hold the activations in turn; nothing in the network changes. */
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "nn/layer.h"

#include <stdlib.h>
#include <string.h>

/* Images of a task: enough for products to be efficient, few enough for activations to stay near. */
enum { LEAST_ROWS = 8, MOST_ROWS = 128, NEAR = 1 << 17 /* floats */ };

struct prediction {
    const struct ten_network *network;
    const float *parameters, *statistics, *prepared;
    enum ten_precision precision;
    const struct ten_batch *images;
    size_t layer; /* whose outputs are wanted */
    bool softmax;
    size_t rows_per_task, buffer, per_thread;
    float *memory; /* [threads x per_thread]: scratch, then two buffers */
    float *out;
};

/* Whether what layer `i` would do in one go with those behind it ends only after layer `last`: it then does its own
 * work alone. */
static bool is_cut(const struct ten_network *network, size_t i, size_t last) {
    return i + network->layers[i].folds > last;
}

/* The layer whose outputs stand in memory after layer `i` has run. */
static size_t reached(const struct ten_network *network, size_t i, size_t last) {
    return is_cut(network, i, last) ? i : i + network->layers[i].folds;
}

static size_t largest_until(const struct ten_network *network, size_t last) {
    size_t largest = ten_volume_size(network->in);
    for (size_t i = 0; i <= last; i++) {
        i = reached(network, i, last);
        size_t size = ten_volume_size(network->layers[i].out);
        if (size > largest) largest = size;
    }
    return largest;
}

static enum ten_status predict_rows(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    const struct prediction *p = context;
    const struct ten_network *network = p->network;
    size_t first = task * p->rows_per_task, rows = ten_block_length(p->images->rows, p->rows_per_task, task), side = 0;
    float *scratch = p->memory + thread * p->per_thread, *buffers = scratch + network->scratch;
    for (size_t i = 0; i < rows; i++) ten_batch_row(p->images, first + i, buffers + i * p->images->shape.columns);
    for (size_t i = 0; i <= p->layer; i++) {
        const struct ten_layer *layer = &network->layers[i];
        struct ten_pass pass = {.parameters = p->parameters + layer->parameters_at,
                                .statistics = p->statistics + layer->statistics_at,
                                .prepared = p->prepared + layer->prepared_at,
                                .apart = is_cut(network, i, p->layer),
                                .precision = p->precision,
                                .scratch = scratch};
        size_t to = layer->in_place ? side : 1 - side;
        layer->type->forward(layer, &pass, rows, buffers + side * p->buffer, buffers + to * p->buffer, NULL);
        side = to;
        i = reached(network, i, p->layer);
    }
    size_t volume = ten_volume_size(network->layers[p->layer].out);
    float *out = p->out + first * volume;
    memcpy(out, buffers + side * p->buffer, rows * volume * sizeof *out);
    if (p->softmax) ten_kernels()->softmax(rows, volume, out, NULL);
    return TEN_OK;
}

size_t ten_rows_per_task(size_t rows, size_t largest, const struct ten_run *run) {
    size_t most = NEAR / largest, threads = ten_threads(run);
    most = most < LEAST_ROWS ? LEAST_ROWS : most > MOST_ROWS ? MOST_ROWS : most;
    if (rows <= LEAST_ROWS * threads) return rows < LEAST_ROWS ? rows : LEAST_ROWS;
    size_t rounds = ten_block_count(rows, most * threads);
    return ten_block_count(rows, rounds * threads);
}

/* What is left open in `p` is made here. */
static enum ten_status predict(struct prediction p, const char *stage, const struct ten_run *run,
                               struct ten_error *error) {
    const struct ten_network *network = p.network;
    if (p.images->shape.columns != ten_volume_size(network->in))
        return ten_fail(error, TEN_INVALID, "images have %zu values; the network was made for %zu",
                        p.images->shape.columns, ten_volume_size(network->in));
    if (p.images->rows == 0) return TEN_OK;
    size_t largest = largest_until(network, p.layer);
    p.rows_per_task = ten_rows_per_task(p.images->rows, largest, run);
    size_t tasks = ten_block_count(p.images->rows, p.rows_per_task);
    p.buffer = (p.rows_per_task * largest + 15) / 16 * 16;
    p.per_thread = network->scratch + 2 * p.buffer;
    p.memory = ten_alloc(ten_workers(run, tasks), p.per_thread * sizeof *p.memory);
    float *own = p.prepared ? NULL : ten_alloc(network->prepared, sizeof *own);
    enum ten_status status = TEN_OK;
    if (!p.memory || (!p.prepared && !own)) {
        status = ten_fail_memory(error, "a network's activations");
    } else {
        if (own) ten_network_prepare(network, p.precision, p.parameters, own);
        if (own) p.prepared = own;
        status = ten_parallel(run, stage, "images", (double)p.rows_per_task, tasks, predict_rows, &p, error);
    }
    free(p.memory);
    free(own);
    return status;
}

enum ten_status ten_network_predict(const struct ten_network *network, const float *parameters, const float *statistics,
                                    const float *prepared, enum ten_precision precision, const struct ten_batch *images,
                                    bool logits, float *probabilities, const struct ten_run *run,
                                    struct ten_error *error) {
    struct prediction p = {.network = network,
                           .parameters = parameters,
                           .statistics = statistics,
                           .prepared = prepared,
                           .precision = precision,
                           .images = images,
                           .layer = network->count - 1,
                           .softmax = !logits,
                           .out = probabilities};
    return predict(p, "predict network", run, error);
}

enum ten_status ten_network_outputs(const struct ten_network *network, const float *parameters, const float *statistics,
                                    const float *prepared, enum ten_precision precision, const struct ten_batch *images,
                                    size_t layer, float *out, const struct ten_run *run, struct ten_error *error) {
    struct prediction p = {.network = network,
                           .parameters = parameters,
                           .statistics = statistics,
                           .prepared = prepared,
                           .precision = precision,
                           .images = images,
                           .layer = layer,
                           .out = out};
    enum ten_status status = ten_layer_check(network, layer, error);
    return status == TEN_OK ? predict(p, "look into network", run, error) : status;
}
