/* The use of a trained network: probabilities of many images or one. Two buffers a thread hold the activations in turn;
 * nothing in the network changes. */
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
    bool logits;
    size_t rows_per_task, buffer, per_thread;
    float *memory; /* [threads x per_thread]: scratch, then two buffers */
    float *out;
};

static struct ten_pass pass_of(const struct ten_layer *layer, const float *parameters, const float *statistics,
                               enum ten_precision precision, float *scratch) {
    return (struct ten_pass){
        .parameters = parameters + layer->parameters_at,
        .statistics = statistics + layer->statistics_at,
        .precision = precision,
        .scratch = scratch,
    };
}

static enum ten_status predict_rows(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    const struct prediction *p = context;
    const struct ten_network *network = p->network;
    size_t first = task * p->rows_per_task, rows = ten_block_length(p->images->rows, p->rows_per_task, task);
    float *scratch = p->memory + thread * p->per_thread, *buffer = scratch + network->scratch;
    for (size_t i = 0; i < rows; i++) ten_batch_row(p->images, first + i, buffer + i * p->images->shape.columns);
    size_t slot = 0;
    for (size_t i = 0; i < network->count; slot = network->layers[i++].slot) {
        const struct ten_layer *layer = &network->layers[i];
        if (layer->folded) continue;
        struct ten_pass pass = pass_of(layer, p->parameters, p->statistics, p->precision, scratch);
        pass.prepared = p->prepared + layer->prepared_at;
        layer->type->forward(layer, &pass, rows, buffer + slot % 2 * p->buffer, buffer + layer->slot % 2 * p->buffer,
                             NULL);
    }
    float *out = p->out + first * TEN_CLASSES;
    memcpy(out, buffer + slot % 2 * p->buffer, rows * TEN_CLASSES * sizeof *out);
    if (!p->logits) ten_kernels()->softmax(rows, TEN_CLASSES, out, NULL);
    return TEN_OK;
}

size_t ten_rows_per_task(size_t rows, size_t largest, const struct ten_run *run) {
    size_t most = NEAR / largest, threads = ten_threads(run);
    most = most < LEAST_ROWS ? LEAST_ROWS : most > MOST_ROWS ? MOST_ROWS : most;
    if (rows <= LEAST_ROWS * threads) return rows < LEAST_ROWS ? rows : LEAST_ROWS;
    size_t rounds = ten_block_count(rows, most * threads);
    return ten_block_count(rows, rounds * threads);
}

enum ten_status ten_network_predict(const struct ten_network *network, const float *parameters, const float *statistics,
                                    const float *prepared, enum ten_precision precision, const struct ten_batch *images,
                                    bool logits, float *probabilities, const struct ten_run *run,
                                    struct ten_error *error) {
    if (images->shape.columns != ten_volume_size(network->in))
        return ten_fail(error, TEN_INVALID, "images have %zu values; the network was made for %zu",
                        images->shape.columns, ten_volume_size(network->in));
    struct prediction p = {.network = network,
                           .parameters = parameters,
                           .statistics = statistics,
                           .precision = precision,
                           .images = images,
                           .logits = logits,
                           .out = probabilities};
    p.rows_per_task = ten_rows_per_task(images->rows, network->largest, run);
    if (p.rows_per_task == 0) return TEN_OK;
    size_t tasks = ten_block_count(images->rows, p.rows_per_task);
    p.buffer = (p.rows_per_task * network->largest + 15) / 16 * 16;
    p.per_thread = network->scratch + 2 * p.buffer;
    p.memory = ten_alloc(ten_workers(run, tasks), p.per_thread * sizeof *p.memory);
    float *own = prepared ? NULL : ten_alloc(network->prepared, sizeof *own);
    if (!p.memory || (!prepared && !own)) {
        free(p.memory);
        free(own);
        return ten_fail_memory(error, "a network's activations");
    }
    if (own) ten_network_prepare(network, precision, parameters, own);
    p.prepared = own ? own : prepared;
    enum ten_status status =
        ten_parallel(run, "predict network", "images", (double)p.rows_per_task, tasks, predict_rows, &p, error);
    free(p.memory);
    free(own);
    return status;
}
