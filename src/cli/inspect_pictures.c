/* A network's inside as pictures: filters, feature maps, saliency. */
#include "cli/inspect.h"

#include "base/file.h"
#include "image/tiles.h"
#include "study/json.h"

#include <stdlib.h>

enum {
    MOST_TILES = 1024, /* of one picture; a person has seen enough then */
    HALF = 420,        /* pixels of the digit and of its saliency, roughly */
    MARGIN = 16,
    PATH = 2048,
    NAME = 128
};

/* ---- Drawing --------------------------------------------------------------------------------------------------- */

/* What lies between tiles must not be taken for one of their values. */
static const uint32_t behind_greys = 0x3c4654, behind_colours = 0xc4cad3;
/* A few large values may lie beyond the scale, so that the others show. */
static const double beyond = 0.01;

static enum ten_status write_canvas(const char *path, const struct ten_canvas *canvas, struct ten_error *error) {
    uint8_t *bytes;
    size_t size;
    enum ten_status status = ten_canvas_encode_png(canvas, &bytes, &size, error);
    if (status != TEN_OK) return status;
    status = ten_file_write(path, bytes, size, error);
    free(bytes);
    return status;
}

static enum ten_status draw_grid(const char *path, struct ten_tiles tiles, bool diverging, struct ten_error *error) {
    if (tiles.count > MOST_TILES) tiles.count = MOST_TILES;
    struct ten_grid grid = ten_grid_for(&tiles);
    struct ten_colours colours = ten_colours_for(&tiles, diverging, beyond);
    struct ten_canvas canvas;
    enum ten_status status =
        ten_canvas_new(&canvas, grid.height, grid.width, colours.diverging ? behind_colours : behind_greys, error);
    if (status != TEN_OK) return status;
    ten_tiles_draw(&canvas, &tiles, &grid, &colours, 0, 0);
    status = write_canvas(path, &canvas, error);
    ten_canvas_release(&canvas);
    return status;
}

static enum ten_status draw_filter_tiles(const char *path, const struct ten_maps *filters, struct ten_error *error) {
    size_t step = filters->height * filters->width;
    struct ten_tiles tiles = {filters->count, filters->height, filters->width, filters->values, step, 1};
    return draw_grid(path, tiles, true, error);
}

static enum ten_status draw_map_tiles(const char *path, const struct ten_maps *maps, struct ten_error *error) {
    struct ten_tiles tiles = {maps->channels, maps->height, maps->width, maps->values, 1, maps->channels};
    return draw_grid(path, tiles, true, error);
}

static enum ten_status draw_saliency(const char *path, const struct ten_features *seen,
                                     const struct ten_features *saliency, struct ten_error *error) {
    struct ten_tiles left = {1, seen->height, seen->width, seen->values, 0, 1}, right = left;
    right.values = saliency->values;
    struct ten_grid grid = ten_grid_for(&left);
    size_t side = seen->height > seen->width ? seen->height : seen->width;
    grid.factor = side < HALF ? HALF / side : 1;
    grid.gap = MARGIN;
    size_t height = seen->height * grid.factor + 2 * MARGIN, width = seen->width * grid.factor + MARGIN;
    struct ten_colours greys = ten_colours_for(&left, false, 0), colours = ten_colours_for(&right, true, beyond);
    struct ten_canvas canvas;
    enum ten_status status = ten_canvas_new(&canvas, height, 2 * width + MARGIN, behind_colours, error);
    if (status != TEN_OK) return status;
    ten_tiles_draw(&canvas, &left, &grid, &greys, 0, 0);
    ten_tiles_draw(&canvas, &right, &grid, &colours, 0, width);
    status = write_canvas(path, &canvas, error);
    ten_canvas_release(&canvas);
    return status;
}

/* ---- Files -------------------------------------------------------------------------------------------------- */

/* Takes down that a picture of so many tiles was written. */
static void note_picture(struct inspection *in, const char *path, size_t tiles) {
    json_array_append_new(in->files, ten_json_text(path));
    if (tiles > MOST_TILES) ten_say(in->options, "%s holds the first %d of %zu", path, MOST_TILES, tiles);
}

/* Of the first layer that has weights, if what it sees is one picture. */
enum ten_status ten_inspect_draw_filters(struct inspection *in, struct ten_error *error) {
    size_t layer = 0;
    while (layer < in->net.layers && !in->layers[layer].weight_count) layer++;
    if (layer == in->net.layers) {
        ten_say(in->options, "no filters.png: no layer has weights");
        return TEN_OK;
    }
    struct ten_maps filters;
    char path[PATH];
    enum ten_status status = ten_pipeline_filters(in->pipeline, layer, &filters, error);
    if (status != TEN_OK) return status;
    if (filters.channels > 1 || filters.height * filters.width == 1) {
        ten_say(in->options, "no filters.png: what layer %zu (%s) sees is no picture", layer + 1,
                in->layers[layer].text);
    } else {
        status = ten_path_join(path, sizeof path, in->options->out, "filters.png", error);
        if (status == TEN_OK) status = draw_filter_tiles(path, &filters, error);
        if (status == TEN_OK) note_picture(in, path, filters.count);
    }
    ten_maps_release(&filters);
    return status;
}

/* Layers that give pictures; any that was chosen. */
static enum ten_status draw_maps(struct inspection *in, const char *folder, const struct answer *answer,
                                 struct ten_error *error) {
    enum ten_status status = TEN_OK;
    for (size_t i = 0; status == TEN_OK && i < in->net.layers; i++) {
        const struct ten_maps *maps = &answer->maps[i];
        char name[NAME], path[PATH];
        if (!maps->values || (maps->height * maps->width == 1 && !in->chosen.count)) continue;
        snprintf(name, sizeof name, "maps-%zu-%s.png", i + 1, in->layers[i].kind);
        status = ten_path_join(path, sizeof path, folder, name, error);
        if (status == TEN_OK) status = draw_map_tiles(path, maps, error);
        if (status == TEN_OK) note_picture(in, path, maps->channels);
    }
    return status;
}

enum ten_status ten_inspect_draw_answer(struct inspection *in, const char *folder, const struct answer *answer,
                                        struct ten_error *error) {
    char path[PATH];
    enum ten_status status = ten_make_folder(folder, error);
    if (status == TEN_OK) status = draw_maps(in, folder, answer, error);
    if (status == TEN_OK) status = ten_path_join(path, sizeof path, folder, "saliency.png", error);
    if (status != TEN_OK) return status;
    if (answer->input.height == 0) {
        ten_say(in->options, "no saliency.png: the preprocessing leaves no pixels");
        return TEN_OK;
    }
    status = draw_saliency(path, &answer->input, &answer->saliency, error);
    if (status == TEN_OK) note_picture(in, path, 2);
    return status;
}
