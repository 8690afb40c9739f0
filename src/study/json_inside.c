/* The inside of a network as JSON (docs/api.md): numbers as bytes in base64, few enough to be sent after every epoch
 * and for every stroke. */
#include "study/json.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

json_t *ten_json_bytes(const uint8_t *bytes, size_t count) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t i = 0; i < count && !failed; i++) failed |= json_array_append_new(array, json_integer(bytes[i]));
    return ten_json_whole(array, failed);
}

/* value = byte / 127 * scale. */
static json_t *signed_values(const float *values, size_t count, double *scale) {
    float largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmaxf(largest, fabsf(values[i]));
    *scale = (double)largest;
    int8_t *bytes = ten_alloc(count, 1);
    if (!bytes) return NULL;
    for (size_t i = 0; i < count; i++)
        bytes[i] = largest > 0 ? (int8_t)lround((double)values[i] / (double)largest * 127) : 0;
    json_t *text = ten_json_base64(bytes, count);
    free(bytes);
    return text;
}

int ten_json_set_signed(json_t *object, const float *values, size_t count) {
    double scale;
    json_t *text = signed_values(values, count, &scale);
    int failed = json_object_set_new(object, "scale", json_real(scale));
    return failed | json_object_set_new(object, "values", text);
}

int ten_json_set_maps(json_t *object, const struct ten_maps *maps) {
    size_t places = maps->height * maps->width, count = places * maps->channels;
    float low = maps->values[0], high = low;
    for (size_t i = 1; i < count; i++) {
        low = fminf(low, maps->values[i]);
        high = fmaxf(high, maps->values[i]);
    }
    double range = (double)high - (double)low;
    uint8_t *bytes = ten_alloc(count, 1);
    for (size_t c = 0; bytes && c < maps->channels; c++)
        for (size_t p = 0; p < places; p++) {
            double share = range > 0 ? ((double)maps->values[p * maps->channels + c] - (double)low) / range : 0;
            bytes[c * places + p] = (uint8_t)lround(share * 255);
        }
    int failed = !bytes;
    failed |= json_object_set_new(object, "height", ten_json_size(maps->height));
    failed |= json_object_set_new(object, "width", ten_json_size(maps->width));
    failed |= json_object_set_new(object, "channels", ten_json_size(maps->channels));
    failed |= json_object_set_new(object, "low", json_real((double)low));
    failed |= json_object_set_new(object, "high", json_real((double)high));
    failed |= json_object_set_new(object, "values", bytes ? ten_json_base64(bytes, count) : NULL);
    free(bytes);
    return failed;
}

json_t *ten_json_filters(const struct ten_pipeline *pipeline, size_t most) {
    struct ten_network_info network;
    struct ten_layer_info layer = {0};
    if (ten_pipeline_network(pipeline, &network, NULL) != TEN_OK) return json_null();
    size_t first = 0;
    while (first < network.layers && ten_pipeline_layer(pipeline, first, &layer, NULL) == TEN_OK && !layer.weight_count)
        first++;
    struct ten_maps filters;
    enum ten_status status = ten_pipeline_filters(pipeline, first, &filters, NULL);
    if (status != TEN_OK) return status == TEN_NO_MEMORY ? NULL : json_null();
    size_t one = filters.height * filters.width * filters.channels, shown = most / one;
    if (filters.height * filters.width == 1 || shown == 0) { /* no picture, or none that is small enough */
        ten_maps_release(&filters);
        return json_null();
    }
    if (shown > filters.count) shown = filters.count;
    json_t *json =
        json_pack("{s:I, s:s, s:I, s:I, s:I, s:I, s:I}", "layer", (json_int_t)first + 1, "text", layer.text, "units",
                  (json_int_t)filters.count, "count", (json_int_t)shown, "height", (json_int_t)filters.height, "width",
                  (json_int_t)filters.width, "channels", (json_int_t)filters.channels);
    int failed = !json || ten_json_set_signed(json, filters.values, shown * one);
    ten_maps_release(&filters);
    return ten_json_whole(json, failed);
}
