/* Seeing inside a trained network: what every layer makes of an image, each on its own, and which of its pixels matter,
 * by the way back. */
#include "base/error.h"
#include "base/memory.h"
#include "nn/layer.h"

#include <stdlib.h>
#include <string.h>

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
    const struct ten_layer *layer = &t->network->layers[i];
    return (struct ten_pass){.parameters = t->parameters + layer->parameters_at,
                             .statistics = t->statistics + layer->statistics_at,
                             .prepared = t->prepared + layer->prepared_at,
                             .apart = true,
                             .precision = TEN_SINGLE,
                             .scratch = t->scratch};
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
    enum ten_status status = ten_layer_check(network, layer, error);
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
