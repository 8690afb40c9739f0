/* What a network makes of a digit while it is drawn: maps of its first layers, and which pixels matter; its filters.
 * All of one request is done by one thread. */
#include "serve/query.h"

#include "study/json.h"

#include <string.h>

enum { SIDE = 28, MOST_FILTERS = 1 << 20, MOST_MAPS = 64 << 10, MOST_MAPS_OF_ALL = 1 << 20 };

static const struct ten_run alone = {.threads = 1};

/* The network that ?model= names, to be given back; NULL after an answer was written. */
static struct ten_served *take_network(struct ten_server *server, const struct ten_request *request,
                                       struct ten_reply *reply) {
    struct ten_served *served = ten_request_model(server, request, reply);
    if (served && !served->network) {
        ten_reply_error(reply, 400, "no_network", "%s is no neural network: it has no layers to look into",
                        served->name);
        ten_served_give(server, served);
        served = NULL;
    }
    return served;
}

/* ---- One digit ----------------------------------------------------------------------------------------------------
 */

/* Sets label, probabilities and seen. */
static enum ten_status set_reading(json_t *json, const struct ten_pipeline *pipeline, const struct ten_digit *digit,
                                   int *failed, struct ten_error *error) {
    struct ten_reading reading;
    enum ten_status status = ten_pipeline_read(pipeline, digit, 1, &reading, &alone, error);
    if (status != TEN_OK) return status;
    json_t *list = json_array();
    for (size_t c = 0; c < TEN_CLASSES; c++)
        *failed |= json_array_append_new(list, ten_json_real_6((double)reading.probabilities[c]));
    *failed |= json_object_set_new(json, "label", reading.label < 0 ? json_null() : json_integer(reading.label));
    *failed |= json_object_set_new(json, "probabilities", list);
    *failed |= json_object_set_new(json, "seen", ten_json_bytes(digit->pixels, SIDE * SIDE));
    return TEN_OK;
}

/* Sets saliency: null if the network sees no picture. */
static enum ten_status set_saliency(json_t *json, const struct ten_pipeline *pipeline, const struct ten_digit *digit,
                                    int *failed, struct ten_error *error) {
    struct ten_features saliency;
    enum ten_status status =
        ten_pipeline_saliency(pipeline, digit->pixels, 1, SIDE, SIDE, NULL, &saliency, &alone, error);
    if (status != TEN_OK) return status;
    json_t *value = json_null();
    if (saliency.height) {
        value = json_pack("{s:I, s:I}", "height", (json_int_t)saliency.height, "width", (json_int_t)saliency.width);
        *failed |= ten_json_set_signed(value, saliency.values, saliency.columns);
    }
    *failed |= json_object_set_new(json, "saliency", value);
    ten_features_release(&saliency);
    return TEN_OK;
}

static enum ten_status add_layer(json_t *list, const struct ten_pipeline *pipeline, const struct ten_digit *digit,
                                 size_t layer, size_t most, int *failed, struct ten_error *error) {
    struct ten_layer_info info;
    struct ten_maps maps;
    enum ten_status status = ten_pipeline_layer(pipeline, layer, &info, error);
    if (status != TEN_OK || info.height * info.width * info.channels > most) return status;
    status = ten_pipeline_activations(pipeline, digit->pixels, 1, SIDE, SIDE, layer, &maps, &alone, error);
    if (status != TEN_OK) return status;
    json_t *json = json_pack("{s:I, s:s, s:s}", "layer", (json_int_t)layer + 1, "kind", info.kind, "text", info.text);
    *failed |= ten_json_set_maps(json, &maps);
    *failed |= json_array_append_new(list, json);
    ten_maps_release(&maps);
    return TEN_OK;
}

/* The first convolution; without one, the first layer with weights. */
static size_t first_layer(const struct ten_pipeline *pipeline, size_t count) {
    struct ten_layer_info info;
    size_t weighted = count;
    for (size_t i = 0; i < count && ten_pipeline_layer(pipeline, i, &info, NULL) == TEN_OK; i++) {
        if (strcmp(info.kind, "conv") == 0) return i;
        if (info.weight_count > 0 && weighted == count) weighted = i;
    }
    return weighted;
}

/* Sets layers: all, or the first one and what follows it up to the next weights. */
static enum ten_status set_layers(json_t *json, const struct ten_pipeline *pipeline, const struct ten_digit *digit,
                                  bool all, int *failed, struct ten_error *error) {
    struct ten_network_info network;
    struct ten_layer_info info;
    enum ten_status status = ten_pipeline_network(pipeline, &network, error);
    size_t first = status == TEN_OK && !all ? first_layer(pipeline, network.layers) : 0;
    json_t *list = json_array();
    for (size_t i = first; i < network.layers && status == TEN_OK; i++) {
        status = ten_pipeline_layer(pipeline, i, &info, error);
        if (status != TEN_OK || (!all && i > first && info.weight_count > 0)) break;
        status = add_layer(list, pipeline, digit, i, all ? MOST_MAPS_OF_ALL : MOST_MAPS, failed, error);
    }
    *failed |= json_object_set_new(json, "layers", list);
    return status;
}

static void inspect(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    const char *layers = ten_request_query(request, "layers");
    if (layers && strcmp(layers, "all") != 0) {
        ten_reply_error(reply, 400, "bad_layers", "layers=\"%.40s\": expected all", layers);
        return;
    }
    struct ten_digit digit;
    struct ten_served *served = take_network(server, request, reply);
    if (!served) return;
    if (ten_request_digit(request, &digit, reply)) {
        int failed = 0;
        struct ten_error error;
        json_t *json = json_pack("{s:s}", "model", served->name);
        enum ten_status status = set_reading(json, served->pipeline, &digit, &failed, &error);
        if (status == TEN_OK) status = set_saliency(json, served->pipeline, &digit, &failed, &error);
        if (status == TEN_OK) status = set_layers(json, served->pipeline, &digit, layers != NULL, &failed, &error);
        json = ten_json_whole(json, failed);
        if (status == TEN_OK) {
            ten_reply_json(reply, 200, json);
        } else {
            json_decref(json);
            ten_reply_failure(reply, "cannot_inspect", &error);
        }
    }
    ten_served_give(server, served);
}

/* ---- Filters ------------------------------------------------------------------------------------------------------
 */

static void filters(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    struct ten_served *served = take_network(server, request, reply);
    if (!served) return;
    json_t *json = ten_json_filters(served->pipeline, MOST_FILTERS);
    if (json_is_null(json)) {
        ten_reply_error(reply, 400, "no_filters", "%s: what its first layer with weights sees is no picture",
                        served->name);
    } else {
        int failed = json_object_set_new(json, "model", json_string(served->name));
        ten_reply_json(reply, 200, ten_json_whole(json, failed));
    }
    ten_served_give(server, served);
}

const struct ten_route ten_routes_inside[] = {
    {.method = "POST", .path = "/api/inspect", .handle = inspect},
    {.method = "GET", .path = "/api/filters", .handle = filters},
    {.path = NULL},
};
