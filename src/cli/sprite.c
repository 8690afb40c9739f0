/* All images of a set as one picture, so that a page can show any of them without a file for each. */
#include "cli/inside.h"
#include "study/json.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 100 };

/* The images in their places, the rest black; NULL when memory is short. */
static uint8_t *lay_out(const struct ten_dataset *dataset, size_t rows) {
    size_t height = dataset->height, width = dataset->width, line = COLUMNS * width;
    uint8_t *pixels = calloc(rows * height, line);
    for (size_t i = 0; pixels && i < dataset->count; i++) {
        uint8_t *place = pixels + i / COLUMNS * height * line + i % COLUMNS * width;
        for (size_t y = 0; y < height; y++) memcpy(place + y * line, dataset->images + (i * height + y) * width, width);
    }
    return pixels;
}

json_t *ten_sprite_json(const struct ten_dataset *dataset) {
    size_t rows = (dataset->count + COLUMNS - 1) / COLUMNS;
    if (rows == 0 || !dataset->labels) return NULL;
    uint8_t *pixels = lay_out(dataset, rows);
    char *labels = malloc(dataset->count + 1);
    json_t *sprite = NULL;
    if (pixels && labels) {
        for (size_t i = 0; i < dataset->count; i++) labels[i] = (char)('0' + dataset->labels[i]);
        labels[dataset->count] = '\0';
        sprite = json_pack("{s:I, s:I, s:I, s:I, s:s, s:o}", "count", (json_int_t)dataset->count, "height",
                           (json_int_t)dataset->height, "width", (json_int_t)dataset->width, "columns",
                           (json_int_t)COLUMNS, "labels", labels, "image",
                           ten_json_picture(pixels, rows * dataset->height, COLUMNS * dataset->width));
    }
    free(pixels);
    free(labels);
    return sprite;
}
