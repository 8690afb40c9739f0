/* The use of a trained network: probabilities of many images or one, what each layer makes of an image, and which of
 * its pixels matter. Two buffers a thread hold the activations in turn; nothing in the network changes. */
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
    size_t rows = NEAR / network->largest;
    rows = rows < LEAST_ROWS ? LEAST_ROWS : rows > MOST_ROWS ? MOST_ROWS : rows;
    p.rows_per_task = images->rows < rows ? images->rows : rows;
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
    if (own) ten_network_prepare(network, parameters, own);
    p.prepared = own ? own : prepared;
    enum ten_status status =
        ten_parallel(run, "predict network", "images", (double)p.rows_per_task, tasks, predict_rows, &p, error);
    free(p.memory);
    free(own);
    return status;
}

/* ---- Seeing inside -----------------------------------------------------------------------------------------------
 */

/* One image on its way through a network and back, every layer on its own. */
struct trace {
    const struct ten_network *network;
    const float *parameters, *statistics;
    float *memory, *scratch, *gradients[2], *in;
    float *out[TEN_MAX_LAYERS];
    uint8_t *kept[TEN_MAX_LAYERS], *kept_memory;
};

static void trace_release(struct trace *t) {
    free(t->memory);
    free(t->kept_memory);
}

static enum ten_status trace_init(struct trace *t, const float *image, struct ten_error *error) {
    const struct ten_network *network = t->network;
    size_t volume = ten_volume_size(network->in), kept = 0;
    for (size_t i = 0; i < network->count; i++) {
        size_t size = ten_volume_size(network->layers[i].out);
        volume = size > volume ? size : volume;
        kept += network->layers[i].kept;
    }
    volume = (volume + 15) / 16 * 16;
    t->memory = ten_alloc(network->scratch + (network->count + 3) * volume, sizeof *t->memory);
    t->kept_memory = ten_alloc(kept, 1);
    if (!t->memory || !t->kept_memory) return ten_fail_memory(error, "a network's activations");
    t->scratch = t->memory;
    float *next = t->memory + network->scratch;
    for (size_t i = 0; i < 2; i++, next += volume) t->gradients[i] = next;
    t->in = next;
    kept = 0;
    for (size_t i = 0; i < network->count; kept += network->layers[i++].kept) {
        if (!network->layers[i].in_place) next += volume;
        t->out[i] = next;
        t->kept[i] = t->kept_memory + kept;
    }
    memcpy(t->in, image, ten_volume_size(network->in) * sizeof *image);
    return TEN_OK;
}

static struct ten_pass trace_pass(const struct trace *t, size_t i) {
    struct ten_pass pass = pass_of(&t->network->layers[i], t->parameters, t->statistics, TEN_SINGLE, t->scratch);
    pass.apart = true;
    return pass;
}

static void trace_forward(struct trace *t, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct ten_layer *layer = &t->network->layers[i];
        struct ten_pass pass = trace_pass(t, i);
        layer->type->forward(layer, &pass, 1, i ? t->out[i - 1] : t->in, t->out[i], t->kept[i]);
    }
}

enum ten_status ten_network_activations(const struct ten_network *network, const float *parameters,
                                        const float *statistics, const float *image, size_t layer, float *out,
                                        struct ten_error *error) {
    if (layer >= network->count)
        return ten_fail(error, TEN_INVALID, "there is no layer %zu; the network has %zu", layer + 1, network->count);
    struct trace t = {.network = network, .parameters = parameters, .statistics = statistics};
    enum ten_status status = trace_init(&t, image, error);
    if (status == TEN_OK) {
        trace_forward(&t, layer + 1);
        const struct ten_layer *last = &network->layers[layer];
        memcpy(out, t.out[layer], ten_volume_size(last->out) * sizeof *out);
    }
    trace_release(&t);
    return status;
}

enum ten_status ten_network_saliency(const struct ten_network *network, const float *parameters,
                                     const float *statistics, const float *image, size_t class, float *out,
                                     struct ten_error *error) {
    if (class >= TEN_CLASSES)
        return ten_fail(error, TEN_INVALID, "there is no class %zu; expected 0 to %d", class, TEN_CLASSES - 1);
    struct trace t = {.network = network, .parameters = parameters, .statistics = statistics};
    enum ten_status status = trace_init(&t, image, error);
    if (status == TEN_OK) {
        trace_forward(&t, network->count);
        float *gradient = t.gradients[0], *other = t.gradients[1];
        for (size_t c = 0; c < TEN_CLASSES; c++) gradient[c] = c == class;
        for (size_t i = network->count; i-- > 0;) {
            const struct ten_layer *layer = &network->layers[i];
            struct ten_pass pass = trace_pass(&t, i);
            float *next = layer->in_place ? gradient : other;
            layer->type->backward(layer, &pass, 1, i ? t.out[i - 1] : t.in, t.out[i], t.kept[i], gradient, next, NULL);
            if (!layer->in_place) other = gradient;
            gradient = next;
        }
        memcpy(out, gradient, ten_volume_size(network->in) * sizeof *out);
    }
    trace_release(&t);
    return status;
}
