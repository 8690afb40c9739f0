/* The best network seen from inside, for the report: pictures of one pixel a value, which a page enlarges. */
#include "cli/inside.h"

#include "base/error.h"
#include "image/tiles.h"
#include "study/json.h"

#include <stdlib.h>

enum { GAP = 1, COLUMNS = 16, MOST_TILES = 128 };

/* What lies between tiles must not be taken for one of their values. */
static const uint32_t behind_greys = 0x3c4654, behind_colours = 0xc4cad3;
static const double beyond = 0.01; /* of the values may lie outside the scale, so that the others show */

struct view {
    const struct ten_pipeline *pipeline;
    const struct ten_dataset *set;
    const struct ten_run *run;
    struct ten_network_info net;
    struct ten_error *error;
    enum ten_status status;
};

/* ---- Pictures -------------------------------------------------------------------------------------------------- */

static json_t *encode(const struct ten_canvas *canvas, struct view *view) {
    uint8_t *png;
    size_t size;
    view->status = ten_canvas_encode_png(canvas, &png, &size, view->error);
    if (view->status != TEN_OK) return NULL;
    json_t *picture = ten_json_png(png, size);
    free(png);
    if (!picture) view->status = ten_fail_memory(view->error, "a picture");
    return picture;
}

/* The tiles in a grid; one tile has no gap around it. */
static json_t *draw(const struct ten_tiles *tiles, size_t columns, bool diverging, struct view *view) {
    size_t rows = (tiles->count + columns - 1) / columns, gap = tiles->count > 1 ? GAP : 0;
    struct ten_grid grid = {.columns = columns, .rows = rows, .factor = 1, .gap = gap};
    grid.height = rows * (tiles->height + gap) + gap;
    grid.width = columns * (tiles->width + gap) + gap;
    struct ten_colours colours = ten_colours_for(tiles, diverging, diverging ? beyond : 0);
    if (diverging && !colours.diverging) /* nothing below 0: the red half alone, for the reader's sake */
        colours = (struct ten_colours){-colours.high, colours.high, true};
    struct ten_canvas canvas;
    view->status =
        ten_canvas_new(&canvas, grid.height, grid.width, diverging ? behind_colours : behind_greys, view->error);
    if (view->status != TEN_OK) return NULL;
    ten_tiles_draw(&canvas, tiles, &grid, &colours, 0, 0);
    json_t *picture = encode(&canvas, view);
    ten_canvas_release(&canvas);
    return picture;
}

/* "filters", or one of "layers" of a digit. */
static json_t *grid_json(size_t layer, const char *text, struct ten_tiles tiles, struct view *view) {
    size_t count = tiles.count, columns = count < COLUMNS ? count : COLUMNS;
    if (tiles.count > MOST_TILES) tiles.count = MOST_TILES;
    json_t *picture = draw(&tiles, columns, true, view);
    if (!picture) return NULL;
    return json_pack("{s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:o}", "layer", (json_int_t)layer + 1, "text", text, "count",
                     (json_int_t)count, "shown", (json_int_t)tiles.count, "columns", (json_int_t)columns, "height",
                     (json_int_t)tiles.height, "width", (json_int_t)tiles.width, "image", picture);
}

/* ---- Filters --------------------------------------------------------------------------------------------------- */

/* Of the first layer with weights; null if what it sees is no picture. */
static json_t *filters_json(struct view *view) {
    struct ten_layer_info layer = {0};
    size_t which = 0;
    for (; which < view->net.layers; which++) {
        view->status = ten_pipeline_layer(view->pipeline, which, &layer, view->error);
        if (view->status != TEN_OK) return NULL;
        if (layer.weight_count) break;
    }
    if (which == view->net.layers) return json_null();
    struct ten_maps filters;
    view->status = ten_pipeline_filters(view->pipeline, which, &filters, view->error);
    if (view->status != TEN_OK) return NULL;
    json_t *json = json_null();
    if (filters.channels == 1 && filters.height * filters.width > 1) {
        struct ten_tiles tiles = {
            filters.count, filters.height, filters.width, filters.values, filters.height * filters.width, 1};
        json = grid_json(which, layer.text, tiles, view);
    }
    ten_maps_release(&filters);
    return json;
}

/* ---- One image ------------------------------------------------------------------------------------------------- */

static const uint8_t *image_at(const struct view *view, size_t index) {
    return view->set->images + index * view->set->height * view->set->width;
}

/* The maps of every layer that gives pictures of its own: not those of an activation, which show what stands before. */
static json_t *layers_json(struct view *view, size_t index) {
    json_t *layers = json_array();
    for (size_t i = 0; layers && i < view->net.layers && view->status == TEN_OK; i++) {
        struct ten_layer_info layer;
        view->status = ten_pipeline_layer(view->pipeline, i, &layer, view->error);
        if (view->status != TEN_OK || layer.height * layer.width == 1 || !layer.weight_count) continue;
        struct ten_maps maps = {0};
        view->status = ten_pipeline_activations(view->pipeline, image_at(view, index), 1, view->set->height,
                                                view->set->width, i, &maps, view->run, view->error);
        if (view->status != TEN_OK) continue;
        struct ten_tiles tiles = {maps.channels, maps.height, maps.width, maps.values, 1, maps.channels};
        json_t *grid = grid_json(i, layer.text, tiles, view);
        ten_maps_release(&maps);
        if (json_array_append_new(layers, grid) != 0 && view->status == TEN_OK)
            view->status = ten_fail_memory(view->error, "the feature maps");
    }
    return layers;
}

/* Null if the preprocessing leaves no pixels. */
static json_t *digit_json(struct view *view, size_t index) {
    const struct ten_dataset *set = view->set;
    float probabilities[TEN_CLASSES];
    struct ten_features input = {0}, saliency = {0};
    json_t *json = NULL, *pictures[2] = {NULL, NULL}, *layers = NULL;
    view->status = ten_pipeline_predict(view->pipeline, image_at(view, index), 1, set->height, set->width,
                                        probabilities, view->run, view->error);
    uint8_t label = (uint8_t)ten_label(probabilities);
    if (view->status == TEN_OK)
        view->status = ten_pipeline_features(view->pipeline, image_at(view, index), 1, set->height, set->width, &input,
                                             view->run, view->error);
    if (view->status == TEN_OK && input.height == 0) {
        ten_features_release(&input);
        return json_null();
    }
    if (view->status == TEN_OK)
        view->status = ten_pipeline_saliency(view->pipeline, image_at(view, index), 1, set->height, set->width, &label,
                                             &saliency, view->run, view->error);
    if (view->status == TEN_OK) {
        struct ten_tiles tiles = {1, input.height, input.width, input.values, 0, 1};
        pictures[0] = draw(&tiles, 1, false, view);
        tiles.values = saliency.values;
        if (view->status == TEN_OK) pictures[1] = draw(&tiles, 1, true, view);
    }
    if (view->status == TEN_OK) layers = layers_json(view, index);
    if (view->status == TEN_OK)
        json = json_pack("{s:I, s:i, s:i, s:f, s:I, s:I, s:O?, s:O?, s:O?}", "index", (json_int_t)index, "truth",
                         set->labels[index], "predicted", label, "probability", (double)probabilities[label], "height",
                         (json_int_t)input.height, "width", (json_int_t)input.width, "input", pictures[0], "saliency",
                         pictures[1], "layers", layers);
    json_decref(pictures[0]);
    json_decref(pictures[1]);
    json_decref(layers);
    ten_features_release(&input);
    ten_features_release(&saliency);
    return json;
}

/* `index` first, then the first image of each other class that occurs. */
static json_t *digits_json(struct view *view, size_t index) {
    const struct ten_dataset *set = view->set;
    json_t *digits = json_array();
    bool taken[TEN_CLASSES] = {false};
    for (size_t i = 0; digits && i <= set->count && view->status == TEN_OK; i++) {
        size_t which = i ? i - 1 : index;
        if (taken[set->labels[which]]) continue;
        taken[set->labels[which]] = true;
        json_t *digit = digit_json(view, which);
        if (json_is_null(digit)) break; /* nor will the others have pixels */
        if (json_array_append_new(digits, digit) != 0 && view->status == TEN_OK)
            view->status = ten_fail_memory(view->error, "the network's inside");
    }
    return digits;
}

json_t *ten_inside_json(const struct ten_pipeline *pipeline, const struct ten_dataset *dataset, size_t index,
                        const struct ten_run *run, enum ten_status *status, struct ten_error *error) {
    struct view view = {.pipeline = pipeline, .set = dataset, .run = run, .error = error};
    struct ten_pipeline_info about = ten_pipeline_describe(pipeline);
    json_t *document = NULL, *filters = NULL, *digits = NULL;
    view.status = ten_pipeline_network(pipeline, &view.net, error);
    if (view.status == TEN_OK && index >= dataset->count)
        view.status = ten_fail(error, TEN_INVALID, "image %zu: the set has %zu", index, dataset->count);
    if (view.status == TEN_OK && !dataset->labels) view.status = ten_fail(error, TEN_INVALID, "the set has no labels");
    if (view.status == TEN_OK) filters = filters_json(&view);
    if (view.status == TEN_OK) digits = digits_json(&view, index);
    if (view.status == TEN_OK) {
        document = json_pack("{s:s, s:s, s:s, s:O?, s:O?}", "model", about.model->name, "title", about.model->title,
                             "prep", about.prep, "filters", filters, "digits", digits);
        if (!document) view.status = ten_fail_memory(error, "the network's inside");
    }
    json_decref(filters);
    json_decref(digits);
    *status = view.status;
    return document;
}
