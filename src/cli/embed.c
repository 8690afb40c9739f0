#include "cli/embed.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "image/scatter.h"
#include "study/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NEIGHBOURS = 10, PICTURE = 1200 /* pixels a side */ };

/* ---- The document ---------------------------------------------------------------------------------------------- */

/* To five significant digits, so that files stay small. */
static double rounded(float value) {
    char text[32];
    snprintf(text, sizeof text, "%.5g", (double)value);
    double number = strtod(text, NULL);
    return number == 0 ? 0 : number; /* no -0 */
}

static json_t *points_json(const float *points, size_t count) {
    json_t *list = json_array();
    int failed = list == NULL;
    for (size_t i = 0; !failed && i < count; i++)
        failed = json_array_append_new(list, json_pack("[f, f]", rounded(points[2 * i]), rounded(points[2 * i + 1])));
    if (!failed) return list;
    json_decref(list);
    return NULL;
}

/* A whole number stays one where it is printed. */
static json_t *number_json(double value) {
    return value == floor(value) && fabs(value) < 1e9 ? json_integer((json_int_t)value) : json_real(value);
}

/* NaN where there are too few points. */
static enum ten_status purity(double *out, const float *points, const uint8_t *labels, size_t count,
                              const struct ten_run *run, struct ten_error *error) {
    *out = NAN;
    return count > NEIGHBOURS ? ten_plane_purity(out, points, labels, count, NEIGHBOURS, run, error) : TEN_OK;
}

static json_t *labels_json(const uint8_t *labels, size_t count) {
    char *text = ten_alloc(count + 1, 1);
    if (!text) return NULL;
    for (size_t i = 0; i < count; i++) text[i] = (char)('0' + labels[i]);
    text[count] = '\0';
    json_t *json = json_string(text);
    free(text);
    return json;
}

json_t *ten_embed_json(const struct ten_features *features, const uint8_t *labels, const char *data, const char *on,
                       const char *what, const char *prep, double perplexity, size_t iterations,
                       const struct ten_run *run, enum ten_status *status, struct ten_error *error) {
    struct ten_embedding embedding;
    double start = ten_seconds(), own = NAN, beside = NAN;
    *status = ten_embed(&embedding, features, perplexity, iterations, run, error);
    double seconds = ten_seconds() - start;
    size_t count = embedding.count;
    if (*status == TEN_OK) *status = purity(&own, embedding.points, labels, count, run, error);
    if (*status == TEN_OK) *status = purity(&beside, embedding.components, labels, count, run, error);
    json_t *document = NULL;
    if (*status == TEN_OK) {
        json_t *pca =
            json_pack("{s:o, s:[f, f], s:o}", "purity_10", ten_json_real(beside), "explained", embedding.explained[0],
                      embedding.explained[1], "points", points_json(embedding.components, count));
        document = json_pack("{s:s, s:s, s:o, s:s, s:I, s:o, s:I, s:I, s:f, s:o, s:o, s:o, s:o, s:o}", "data", data,
                             "on", on, "what", ten_json_text(what), "prep", prep, "count", (json_int_t)count,
                             "perplexity", number_json(perplexity), "iterations", (json_int_t)iterations, "seed",
                             (json_int_t)(run ? run->seed : 0), "seconds", seconds, "kl_divergence",
                             ten_json_real(embedding.kl_divergence), "purity_10", ten_json_real(own), "labels",
                             labels_json(labels, count), "points", points_json(embedding.points, count), "pca", pca);
        if (!document) *status = ten_fail_memory(error, "the embedding");
    }
    ten_embedding_release(&embedding);
    return document;
}

/* ---- Files ----------------------------------------------------------------------------------------------------- */

static bool ends_in(const char *path, const char *ending) {
    size_t length = strlen(path), tail = strlen(ending);
    return length > tail && strcmp(path + length - tail, ending) == 0;
}

bool ten_embed_path_known(const char *path) {
    return ends_in(path, ".json") || ends_in(path, ".csv") || ends_in(path, ".png");
}

static double coordinate(const json_t *points, size_t i, size_t axis) {
    return json_number_value(json_array_get(json_array_get(points, i), axis));
}

static enum ten_status write_csv(const json_t *points, const char *labels, const char *path, struct ten_error *error) {
    struct ten_writer writer = {0};
    enum ten_status status = ten_writer_open(&writer, path, error);
    if (status == TEN_OK) status = ten_writer_printf(&writer, error, "index,label,x,y\n");
    for (size_t i = 0; status == TEN_OK && i < json_array_size(points); i++)
        status = ten_writer_printf(&writer, error, "%zu,%c,%.5g,%.5g\n", i, labels[i], coordinate(points, i, 0),
                                   coordinate(points, i, 1));
    if (status == TEN_OK) status = ten_writer_commit(&writer, error);
    ten_writer_abandon(&writer);
    return status;
}

static enum ten_status write_picture(const json_t *points, const char *labels, const char *path,
                                     struct ten_error *error) {
    size_t count = json_array_size(points), size = 0;
    float *places = ten_alloc(2 * count, sizeof *places);
    uint8_t *classes = ten_alloc(count, 1), *bytes = NULL;
    struct ten_canvas canvas = {0};
    enum ten_status status = places && classes ? TEN_OK : ten_fail_memory(error, "a picture");
    if (status == TEN_OK) status = ten_canvas_new(&canvas, PICTURE, PICTURE, 0xffffff, error);
    if (status == TEN_OK) {
        for (size_t i = 0; i < count; i++) {
            classes[i] = (uint8_t)(labels[i] - '0');
            for (size_t axis = 0; axis < 2; axis++) places[2 * i + axis] = (float)coordinate(points, i, axis);
        }
        ten_scatter_draw(&canvas, places, classes, count);
        status = ten_canvas_encode_png(&canvas, &bytes, &size, error);
    }
    if (status == TEN_OK) status = ten_file_write(path, bytes, size, error);
    ten_canvas_release(&canvas);
    free(places);
    free(classes);
    free(bytes);
    return status;
}

enum ten_status ten_embed_write(const json_t *document, const char *path, struct ten_error *error) {
    const json_t *points = json_object_get(document, "points");
    const char *labels = json_string_value(json_object_get(document, "labels"));
    if (ends_in(path, ".csv")) return write_csv(points, labels, path, error);
    if (ends_in(path, ".png")) return write_picture(points, labels, path, error);
    return ten_write_json(json_copy((json_t *)(uintptr_t)document), path, error); /* only read */
}
