/* The plan of a network: layers read from a text, shapes from layer to layer, places in the vectors of parameters and
 * statistics, memory for activations. */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "nn/layer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than this is a mistake, and would overflow the counts. */
static const size_t most_values = (size_t)1 << 24, most_parameters = (size_t)1 << 28;

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

static enum ten_status plan_layer(struct ten_network *network, struct ten_layer *layer, struct ten_error *error) {
    const struct ten_layer *before = layer->number ? layer - 1 : NULL;
    layer->in = before ? before->out : network->in;
    enum ten_status status = layer->type->plan(layer, error);
    if (status != TEN_OK) return status;
    if (ten_volume_size(layer->out) > most_values || layer->parameters > most_parameters - network->parameters)
        return ten_fail(error, TEN_INVALID, "too large: at most %zu values an image and %zu parameters in all",
                        most_values, most_parameters);
    layer->parameters_at = network->parameters;
    layer->statistics_at = network->statistics;
    network->parameters += layer->parameters;
    network->statistics += layer->statistics;
    network->operations += layer->operations;
    if (layer->number + 1 == network->count && ten_volume_size(layer->out) != TEN_CLASSES)
        return ten_fail(error, TEN_INVALID, "the last layer must have %d outputs, one for each class, not %s",
                        TEN_CLASSES, ten_volume_name(layer->out).text);
    return TEN_OK;
}

/* Layers that another one does as well share its slot. */
static void plan_slots(struct ten_network *network) {
    enum { NEAR = 2048 }; /* values of a row that may be in all slots */
    size_t slot = 0, values = 0;
    network->largest = ten_volume_size(network->in);
    for (size_t i = 0, folds; i < network->count; i += 1 + folds) {
        struct ten_layer *layer = &network->layers[i];
        folds = layer->folds = layer->type->fold ? layer->type->fold(layer, network->count - 1 - i) : 0;
        slot += !layer->in_place;
        for (size_t k = 0; k <= folds; k++) {
            network->scratch = larger(network->scratch, (layer[k].scratch + 15) / 16 * 16);
            layer[k].slot = slot;
            layer[k].folded = k > 0;
        }
        if (layer->pool) layer->kept = ten_volume_size(layer[folds].out);
        layer->prepared = (layer->prepared + 15) / 16 * 16;
        layer->prepared_at = network->prepared;
        network->prepared += layer->prepared + (layer->prepared_backward + 15) / 16 * 16;
        network->largest = larger(network->largest, ten_volume_size(layer[folds].out));
        values += ten_volume_size(layer[folds].out);
    }
    network->slots = slot + 1;
    network->shard = values <= NEAR ? TEN_MOST_SHARD : TEN_MOST_SHARD / 2;
}

enum ten_status ten_network_new(struct ten_network **out, const char *text, struct ten_volume in,
                                struct ten_error *error) {
    *out = NULL;
    if (ten_volume_size(in) == 0 || ten_volume_size(in) > most_values)
        return ten_fail(error, TEN_INVALID, "a network's input has 1 to %zu values", most_values);
    struct ten_network *network = ten_alloc_zero(1, sizeof *network);
    if (!network) return ten_fail_memory(error, "a network");
    network->in = in;
    enum ten_status status = ten_layers_parse(&network->layers, &network->count, text, error);
    for (size_t i = 0; i < network->count && status == TEN_OK; i++) {
        struct ten_error inner = {.status = TEN_OK};
        status = plan_layer(network, &network->layers[i], &inner);
        if (status != TEN_OK)
            ten_fail(error, status, "layer %zu (%s): %s", i + 1, network->layers[i].text, inner.message);
    }
    if (status != TEN_OK) {
        ten_network_free(network);
        return status;
    }
    plan_slots(network);
    *out = network;
    return TEN_OK;
}

void ten_network_free(struct ten_network *network) {
    if (!network) return;
    free(network->layers);
    free(network);
}

char *ten_network_text(const struct ten_network *network) {
    size_t room = network->count * (sizeof network->layers->text + 2), used = 0;
    char *text = ten_alloc(room, 1);
    for (size_t i = 0; text && i < network->count; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%s", i ? ", " : "", network->layers[i].text);
    return text;
}

enum ten_status ten_layer_check(const struct ten_network *network, size_t layer, struct ten_error *error) {
    if (layer < network->count) return TEN_OK;
    return ten_fail(error, TEN_INVALID, "there is no layer %zu; the network has %zu", layer + 1, network->count);
}

void ten_network_prepare(const struct ten_network *network, enum ten_precision precision, const float *parameters,
                         float *prepared) {
    for (size_t i = 0; i < network->count; i++) {
        const struct ten_layer *layer = &network->layers[i];
        if (layer->type->prepare && !layer->folded)
            layer->type->prepare(layer, precision, parameters + layer->parameters_at, 0, ten_layer_rows(layer), false,
                                 prepared + layer->prepared_at);
    }
}

/* ---- Summary -----------------------------------------------------------------------------------------------------
 */

char *ten_network_summary(const struct ten_network *network) {
    int wide = (int)strlen("layer");
    for (size_t i = 0; i < network->count; i++) {
        int length = (int)strlen(network->layers[i].text);
        if (length > wide) wide = length;
    }
    size_t room = (network->count + 4) * ((size_t)wide + 96), used = 0;
    char *text = ten_alloc(room, 1), parameters[32], operations[32];
    if (!text) return NULL;
    used += (size_t)snprintf(text, room, "%-*s  %12s  %11s  %13s\n", wide, "layer", "output", "parameters",
                             "multiply-adds");
    used +=
        (size_t)snprintf(text + used, room - used, "%-*s  %12s\n", wide, "input", ten_volume_name(network->in).text);
    for (size_t i = 0; i < network->count; i++) {
        const struct ten_layer *layer = &network->layers[i];
        used += (size_t)snprintf(text + used, room - used, "%-*s  %12s  %11s  %13s\n", wide, layer->text,
                                 ten_volume_name(layer->out).text, ten_format_grouped(parameters, layer->parameters),
                                 ten_format_grouped(operations, layer->operations));
    }
    snprintf(text + used, room - used, "%-*s  %12s  %11s  %13s\n", wide, "total", "",
             ten_format_grouped(parameters, network->parameters), ten_format_grouped(operations, network->operations));
    return text;
}

void ten_network_initialise(const struct ten_network *network, uint64_t seed, float *parameters, float *statistics) {
    for (size_t i = 0; i < network->count; i++) {
        const struct ten_layer *layer = &network->layers[i];
        struct ten_random random;
        ten_random_init(&random, seed, i);
        if (layer->type->initialise)
            layer->type->initialise(layer, &random, parameters + layer->parameters_at,
                                    statistics + layer->statistics_at);
    }
}
