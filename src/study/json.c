/* Results as JSON, in the shapes of docs/formats.md; members in the order that stands there, so that the same results
 * give the same text.
 *
 * jansson's setters take a value over even when they fail, and fail on a value that is NULL. A function here therefore
 * builds everything, collects whether anything failed, and looks at that once, in `ten_json_whole`. */
#include "study/json.h"

#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Values ---- */

json_t *ten_json_whole(json_t *json, int failed) {
    if (!failed) return json;
    json_decref(json);
    return NULL;
}

json_t *ten_json_text(const char *text) {
    char *copy = strdup(text);
    if (!copy) return NULL;
    ten_clean_text(copy);
    json_t *value = json_string(copy);
    free(copy);
    return value;
}

json_t *ten_json_real(double value) { return isfinite(value) ? json_real(value) : json_null(); }

json_t *ten_json_real_6(double value) { return ten_json_real(round(value * 1e6) / 1e6); }

json_t *ten_json_size(size_t value) { return json_integer((json_int_t)value); }

json_t *ten_json_reals(const double *values, size_t count) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t i = 0; i < count && !failed; i++) failed |= json_array_append_new(array, ten_json_real(values[i]));
    return ten_json_whole(array, failed);
}

json_t *ten_json_sizes(const size_t *values, size_t count) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t i = 0; i < count && !failed; i++) failed |= json_array_append_new(array, ten_json_size(values[i]));
    return ten_json_whole(array, failed);
}

/* ---- Pictures ---- */

/* Base64 (RFC 4648, section 4), terminated; `out` holds 4 * ceil(count / 3) + 1 bytes. */
static void encode_base64(char *out, const uint8_t *bytes, size_t count) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < count; i += 3) {
        uint32_t group = (uint32_t)bytes[i] << 16;
        if (i + 1 < count) group |= (uint32_t)bytes[i + 1] << 8;
        if (i + 2 < count) group |= bytes[i + 2];
        *out++ = digits[group >> 18];
        *out++ = digits[group >> 12 & 63];
        *out++ = i + 1 < count ? digits[group >> 6 & 63] : '=';
        *out++ = i + 2 < count ? digits[group & 63] : '=';
    }
    *out = '\0';
}

json_t *ten_json_base64(const void *bytes, size_t size) {
    char *text = ten_alloc((size + 2) / 3 * 4 + 1, 1);
    if (!text) return NULL;
    encode_base64(text, bytes, size);
    json_t *json = json_string(text);
    free(text);
    return json;
}

json_t *ten_json_png(const uint8_t *png, size_t size) {
    static const char prefix[] = "data:image/png;base64,";
    json_t *picture = NULL;
    char *text = ten_alloc(sizeof prefix + (size + 2) / 3 * 4, 1);
    if (text) {
        size_t length = (size_t)sprintf(text, "%s", prefix);
        encode_base64(text + length, png, size);
        picture = json_string(text);
    }
    free(text);
    return picture;
}

json_t *ten_json_picture(const uint8_t *pixels, size_t height, size_t width) {
    const struct ten_image image = {.height = height, .width = width, .pixels = (uint8_t *)pixels}; /* only read */
    uint8_t *png = NULL;
    size_t size;
    if (ten_image_encode_png(&image, &png, &size, NULL) != TEN_OK) return NULL;
    json_t *picture = ten_json_png(png, size);
    free(png);
    return picture;
}

static double largest(const double *values, size_t count) {
    double top = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(values[i]) && values[i] > top) top = values[i];
    return top;
}

json_t *ten_json_picture_of(const double *values, size_t height, size_t width, double top) {
    size_t count = height * width;
    if (top == 0) top = largest(values, count);
    uint8_t *pixels = ten_alloc_zero(count, 1);
    if (!pixels) return NULL;
    for (size_t i = 0; i < count && top > 0; i++) {
        double level = round(values[i] * 255 / top);
        if (level > 0) pixels[i] = level < 255 ? (uint8_t)level : 255; /* no number at all stays black */
    }
    json_t *picture = ten_json_picture(pixels, height, width);
    free(pixels);
    return picture;
}

/* ---- History ---- */

json_t *ten_json_history(const struct ten_history *history) {
    size_t most = sizeof history->names / sizeof *history->names;
    size_t columns = history->columns < most ? history->columns : most;
    json_t *object = json_object(), *names = json_array(), *rows = json_array();
    int failed = !object || !names || !rows;
    for (size_t i = 0; i < columns && !failed; i++)
        failed |= json_array_append_new(names, json_string(history->names[i]));
    for (size_t i = 0; i < history->rows && !failed; i++)
        failed |= json_array_append_new(rows, ten_json_reals(history->values + i * history->columns, columns));
    failed |= json_object_set_new(object, "names", names);
    failed |= json_object_set_new(object, "rows", rows);
    return ten_json_whole(object, failed);
}
