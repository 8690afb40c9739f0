/* Seeing inside a trained network: what a layer makes of many images, on the way that prediction takes; what every
 * layer makes of one, each on its own; and which of its pixels matter, by the way back. */
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "nn/layer.h"

#include <stdlib.h>
#include <string.h>

static struct ten_pass pass_of(const struct ten_layer *layer, const float *parameters, const float *statistics,
                               enum ten_precision precision, float *scratch) {
    return (struct ten_pass){
        .parameters = parameters + layer->parameters_at,
        .statistics = statistics + layer->statistics_at,
        .precision = precision,
        .scratch = scratch,
    };
}

/* ---- Many images, one layer's outputs ------------------------------------------------------------------------------
 */

struct looking {
    const struct ten_network *network;
    const float *parameters, *statistics, *prepared;
    enum ten_precision precision;
    const struct ten_batch *images;
    size_t layer, rows_per_task, buffer, per_thread;
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

static enum ten_status look_at_rows(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    const struct looking *l = context;
    const struct ten_network *network = l->network;
    size_t first = task * l->rows_per_task, rows = ten_block_length(l->images->rows, l->rows_per_task, task), side = 0;
    float *scratch = l->memory + thread * l->per_thread, *buffers = scratch + network->scratch;
    for (size_t i = 0; i < rows; i++) ten_batch_row(l->images, first + i, buffers + i * l->images->shape.columns);
    for (size_t i = 0; i <= l->layer; i++) {
        const struct ten_layer *layer = &network->layers[i];
        struct ten_pass pass = pass_of(layer, l->parameters, l->statistics, l->precision, scratch);
        size_t to = layer->in_place ? side : 1 - side;
        pass.prepared = l->prepared + layer->prepared_at;
        pass.apart = is_cut(network, i, l->layer);
        layer->type->forward(layer, &pass, rows, buffers + side * l->buffer, buffers + to * l->buffer, NULL);
        side = to;
        i = reached(network, i, l->layer);
    }
    size_t volume = ten_volume_size(network->layers[l->layer].out);
    memcpy(l->out + first * volume, buffers + side * l->buffer, rows * volume * sizeof *l->out);
    return TEN_OK;
}

static enum ten_status check_layer(const struct ten_network *network, size_t layer, struct ten_error *error) {
    if (layer < network->count) return TEN_OK;
    return ten_fail(error, TEN_INVALID, "there is no layer %zu; the network has %zu", layer + 1, network->count);
}

enum ten_status ten_network_outputs(const struct ten_network *network, const float *parameters, const float *statistics,
                                    const float *prepared, enum ten_precision precision, const struct ten_batch *images,
                                    size_t layer, float *out, const struct ten_run *run, struct ten_error *error) {
    enum ten_status status = check_layer(network, layer, error);
    if (status != TEN_OK) return status;
    if (images->shape.columns != ten_volume_size(network->in))
        return ten_fail(error, TEN_INVALID, "images have %zu values; the network was made for %zu",
                        images->shape.columns, ten_volume_size(network->in));
    if (images->rows == 0) return TEN_OK;
    struct looking l = {.network = network,
                        .parameters = parameters,
                        .statistics = statistics,
                        .precision = precision,
                        .images = images,
                        .layer = layer,
                        .out = out};
    size_t largest = largest_until(network, layer);
    l.rows_per_task = ten_rows_per_task(images->rows, largest, run);
    size_t tasks = ten_block_count(images->rows, l.rows_per_task);
    l.buffer = (l.rows_per_task * largest + 15) / 16 * 16;
    l.per_thread = network->scratch + 2 * l.buffer;
    l.memory = ten_alloc(ten_workers(run, tasks), l.per_thread * sizeof *l.memory);
    float *own = prepared ? NULL : ten_alloc(network->prepared, sizeof *own);
    if (!l.memory || (!prepared && !own)) {
        free(l.memory);
        free(own);
        return ten_fail_memory(error, "a network's activations");
    }
    if (own) ten_network_prepare(network, precision, parameters, own);
    l.prepared = own ? own : prepared;
    status = ten_parallel(run, "look into network", "images", (double)l.rows_per_task, tasks, look_at_rows, &l, error);
    free(l.memory);
    free(own);
    return status;
}

/* ---- One image, every layer on its own ------------------------------------------------------------------------------
 */

/* One image on its way through a network and back, every layer on its own. */
struct trace {
    const struct ten_network *network;
    const float *parameters, *statistics;
    float *memory, *scratch, *prepared, *gradients[2], *in;
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
    t->memory = ten_alloc(network->scratch + network->prepared + (network->count + 3) * volume, sizeof *t->memory);
    t->kept_memory = ten_alloc(kept, 1);
    if (!t->memory || !t->kept_memory) return ten_fail_memory(error, "a network's activations");
    t->scratch = t->memory;
    t->prepared = t->scratch + network->scratch;
    ten_network_prepare(network, TEN_SINGLE, t->parameters, t->prepared);
    float *next = t->prepared + network->prepared;
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
    pass.prepared = t->prepared + t->network->layers[i].prepared_at;
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
    enum ten_status status = check_layer(network, layer, error);
    if (status != TEN_OK) return status;
    struct trace t = {.network = network, .parameters = parameters, .statistics = statistics};
    status = trace_init(&t, image, error);
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
