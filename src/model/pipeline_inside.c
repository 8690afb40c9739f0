/* Seeing inside a pipeline whose estimator is a neural network: its layers and their learned numbers, what they make of
 * images, and which pixels matter. Images go through the pipeline's own chain first, so that the network sees here what
 * it sees when it predicts. */
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "model/pipeline.h"

#include <math.h>
#include <stdlib.h>

/* ---- The network and its layers -------------------------------------------------------------------------------------
 */

static enum ten_status find_network(const struct ten_pipeline *p, struct ten_trained *out, struct ten_error *error) {
    *out = (struct ten_trained){0};
    if (!p->type->network)
        return ten_fail(error, TEN_INVALID, "%s is no neural network: it has no layers to look into",
                        p->type->about.name);
    if (!p->fitted) return ten_fail(error, TEN_INVALID, "the model has not been fitted yet");
    *out = p->type->network(p->state, &p->values);
    return TEN_OK;
}

static enum ten_status find_layer(const struct ten_pipeline *p, size_t i, struct ten_trained *net,
                                  const struct ten_layer **layer, struct ten_error *error) {
    *layer = NULL;
    enum ten_status status = find_network(p, net, error);
    if (status != TEN_OK) return status;
    if (i >= net->network->count)
        return ten_fail(error, TEN_INVALID, "there is no layer %zu; the network has %zu", i + 1, net->network->count);
    *layer = &net->network->layers[i];
    return TEN_OK;
}

/* The last layer that multiplies what comes in with weights; a network ends in ten sums, but they may be pooled. */
static size_t last_with_weights(const struct ten_network *network) {
    size_t i = network->count - 1;
    while (i > 0 && network->layers[i].decayed == 0) i--;
    return i;
}

enum ten_status ten_pipeline_network(const struct ten_pipeline *pipeline, struct ten_network_info *out,
                                     struct ten_error *error) {
    *out = (struct ten_network_info){0};
    struct ten_trained net;
    enum ten_status status = find_network(pipeline, &net, error);
    if (status != TEN_OK) return status;
    const struct ten_network *network = net.network;
    *out = (struct ten_network_info){
        .layers = network->count,
        .height = network->in.height,
        .width = network->in.width,
        .channels = network->in.channels,
        .parameters = network->parameters,
        .operations = network->operations,
        .penultimate = ten_volume_size(network->layers[last_with_weights(network)].in),
    };
    return TEN_OK;
}

enum ten_status ten_pipeline_layer(const struct ten_pipeline *pipeline, size_t layer, struct ten_layer_info *out,
                                   struct ten_error *error) {
    *out = (struct ten_layer_info){0};
    struct ten_trained net;
    const struct ten_layer *found;
    enum ten_status status = find_layer(pipeline, layer, &net, &found, error);
    if (status != TEN_OK) return status;
    const float *parameters = net.parameters + found->parameters_at;
    size_t offsets = found->parameters - found->decayed;
    *out = (struct ten_layer_info){
        .kind = found->type->name,
        .text = found->text,
        .height = found->out.height,
        .width = found->out.width,
        .channels = found->out.channels,
        .parameters = found->parameters,
        .operations = found->operations,
        .weight_count = found->decayed,
        .offset_count = offsets,
        .statistic_count = found->statistics,
        .weights = found->decayed ? parameters : NULL,
        .offsets = offsets ? parameters + found->decayed : NULL,
        .statistics = found->statistics ? net.statistics + found->statistics_at : NULL,
    };
    return TEN_OK;
}

/* ---- Filters -------------------------------------------------------------------------------------------------------
 */

static enum ten_status make_maps(struct ten_maps *out, size_t count, struct ten_volume volume,
                                 struct ten_error *error) {
    size_t values;
    bool fits = !__builtin_mul_overflow(count, ten_volume_size(volume), &values);
    float *memory = fits ? ten_alloc(values, sizeof *memory) : NULL;
    if (!memory) return ten_fail_memory(error, "what the network makes of the images");
    *out = (struct ten_maps){count, volume.height, volume.width, volume.channels, memory};
    return TEN_OK;
}

void ten_maps_release(struct ten_maps *maps) {
    if (!maps) return;
    free(maps->values);
    *maps = (struct ten_maps){0};
}

enum ten_status ten_pipeline_filters(const struct ten_pipeline *pipeline, size_t layer, struct ten_maps *out,
                                     struct ten_error *error) {
    *out = (struct ten_maps){0};
    struct ten_trained net;
    const struct ten_layer *found;
    enum ten_status status = find_layer(pipeline, layer, &net, &found, error);
    if (status != TEN_OK) return status;
    if (found->decayed == 0)
        return ten_fail(error, TEN_INVALID, "layer %zu (%s) has no weights, and so no filters", layer + 1, found->text);
    struct ten_volume seen = found->in; /* by one unit */
    if (found->kernel_height > 0)
        seen = (struct ten_volume){found->kernel_height, found->kernel_width, found->in.channels};
    status = make_maps(out, found->units, seen, error);
    if (status != TEN_OK) return status;
    const float *weights = net.parameters + found->parameters_at;
    size_t taps = ten_volume_size(seen);
    for (size_t u = 0; u < found->units; u++)
        for (size_t t = 0; t < taps; t++) out->values[u * taps + t] = weights[t * found->units + u];
    return TEN_OK;
}

/* Numbers in a model file can be finite one by one and still lead nowhere. */
static enum ten_status check_finite(const float *values, size_t rows, size_t columns, const char *what,
                                    struct ten_error *error) {
    for (size_t i = 0; i < rows * columns; i++)
        if (!isfinite(values[i]))
            return ten_fail(error, TEN_NUMERIC,
                            "%s of image %zu is not finite: the model's numbers are too large or too small", what,
                            i / columns);
    return TEN_OK;
}

/* ---- What the layers make of images --------------------------------------------------------------------------------
 */

enum ten_status ten_pipeline_activations(const struct ten_pipeline *pipeline, const uint8_t *images, size_t count,
                                         size_t height, size_t width, size_t layer, struct ten_maps *out,
                                         const struct ten_run *run, struct ten_error *error) {
    *out = (struct ten_maps){0};
    struct ten_trained net;
    const struct ten_layer *found;
    struct ten_batch batch = {0};
    enum ten_status status = find_layer(pipeline, layer, &net, &found, error);
    if (status == TEN_OK) status = ten_pipeline_apply_chain(pipeline, images, count, height, width, &batch, run, error);
    if (status == TEN_OK) status = make_maps(out, count, found->out, error);
    if (status == TEN_OK)
        status = ten_network_outputs(net.network, net.parameters, net.statistics, net.prepared, net.precision, &batch,
                                     layer, out->values, run, error);
    if (status == TEN_OK)
        status = check_finite(out->values, count, ten_volume_size(found->out), "what a layer makes", error);
    ten_batch_release(&batch);
    if (status != TEN_OK) ten_maps_release(out);
    return status;
}

enum ten_status ten_pipeline_penultimate(const struct ten_pipeline *pipeline, const uint8_t *images, size_t count,
                                         size_t height, size_t width, struct ten_features *out,
                                         const struct ten_run *run, struct ten_error *error) {
    *out = (struct ten_features){0};
    struct ten_trained net;
    enum ten_status status = find_network(pipeline, &net, error);
    if (status != TEN_OK) return status;
    size_t last = last_with_weights(net.network);
    if (last == 0) { /* it stands alone: what it is given is what the chain gives */
        status = ten_pipeline_features(pipeline, images, count, height, width, out, run, error);
        out->height = out->width = 0;
        return status;
    }
    struct ten_maps maps;
    status = ten_pipeline_activations(pipeline, images, count, height, width, last - 1, &maps, run, error);
    if (status != TEN_OK) return status;
    *out = (struct ten_features){
        .rows = count, .columns = maps.height * maps.width * maps.channels, .values = maps.values}; /* handed over */
    return TEN_OK;
}

/* ---- Saliency ------------------------------------------------------------------------------------------------------
 */

struct saliency {
    const struct ten_trained *net;
    const struct ten_batch *batch;
    const uint8_t *classes;
    float *out;
};

static enum ten_status saliency_of_row(void *context, size_t row, size_t thread, struct ten_error *error) {
    (void)thread;
    const struct saliency *s = context;
    size_t columns = s->batch->shape.columns;
    float *image = ten_alloc(columns, sizeof *image);
    if (!image) return ten_fail_memory(error, "an image");
    ten_batch_row(s->batch, row, image);
    enum ten_status status = ten_network_saliency(s->net->network, s->net->parameters, s->net->statistics, image,
                                                  s->classes[row], s->out + row * columns, error);
    free(image);
    return status;
}

/* The labels that the network gives, where none are asked for. */
static enum ten_status choose_classes(const struct ten_pipeline *pipeline, const struct ten_batch *batch,
                                      uint8_t *classes, const struct ten_run *run, struct ten_error *error) {
    float *probabilities = ten_alloc(batch->rows * TEN_CLASSES, sizeof *probabilities);
    enum ten_status status = probabilities ? ten_pipeline_ask_estimator(pipeline, batch, probabilities, run, error)
                                           : ten_fail_memory(error, "the probabilities");
    for (size_t i = 0; status == TEN_OK && i < batch->rows; i++)
        classes[i] = (uint8_t)ten_label(probabilities + i * TEN_CLASSES);
    free(probabilities);
    return status;
}

enum ten_status ten_pipeline_saliency(const struct ten_pipeline *pipeline, const uint8_t *images, size_t count,
                                      size_t height, size_t width, const uint8_t *classes, struct ten_features *out,
                                      const struct ten_run *run, struct ten_error *error) {
    *out = (struct ten_features){0};
    struct ten_trained net;
    struct ten_batch batch = {0};
    uint8_t *chosen = NULL;
    enum ten_status status = find_network(pipeline, &net, error);
    for (size_t i = 0; status == TEN_OK && classes && i < count; i++)
        if (classes[i] >= TEN_CLASSES)
            status = ten_fail(error, TEN_INVALID, "there is no class %d (image %zu); expected 0 to %d", classes[i], i,
                              TEN_CLASSES - 1);
    if (status == TEN_OK) status = ten_pipeline_apply_chain(pipeline, images, count, height, width, &batch, run, error);
    if (status == TEN_OK && !classes) {
        chosen = ten_alloc(count, 1);
        status = chosen ? choose_classes(pipeline, &batch, chosen, run, error) : ten_fail_memory(error, "the labels");
    }
    struct ten_shape shape = batch.shape;
    struct ten_maps maps = {0};
    if (status == TEN_OK) status = make_maps(&maps, count, (struct ten_volume){1, 1, shape.columns}, error);
    if (status == TEN_OK) {
        struct saliency s = {&net, &batch, classes ? classes : chosen, maps.values};
        status = ten_parallel(run, "saliency", "images", 1, count, saliency_of_row, &s, error);
        if (status == TEN_OK) status = check_finite(maps.values, count, shape.columns, "the saliency", error);
    }
    if (status == TEN_OK)
        *out = (struct ten_features){count, shape.columns, shape.height, shape.width, maps.values};
    else
        ten_maps_release(&maps);
    ten_batch_release(&batch);
    free(chosen);
    return status;
}
