/* GET /api/map and POST /api/place: the test images as points in a plane, and where among them a digit lands. The
 * points are t-SNE's: those of the study, or those that stand beside the models, or else made once, when first asked
 * for, by a child process of low priority, and kept beside the models. */
#include "serve/nearest.h"

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "serve/query.h"
#include "study/json.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { NEAREST = 10, RETRY_SECONDS = 2 };

enum stage { UNKNOWN, MAKING, READY, FAILED };

static struct {
    pthread_mutex_t lock;
    enum stage stage;
    pthread_t maker;
    bool made;      /* whether there is a thread to wait for */
    double *points; /* [test images x 2] */
    char *text;     /* the answer to GET /api/map */
    size_t size;
    char etag[40];
    char message[256]; /* FAILED: why */
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- Reading ------------------------------------------------------------------------------------------------------
 */

/* Whether a document of `embed --json` has the pixels of just these images as points. */
static bool fits(const json_t *document, const struct ten_dataset *test) {
    const char *labels = json_string_value(json_object_get(document, "labels"));
    const char *what = json_string_value(json_object_get(document, "what"));
    const json_t *points = json_object_get(document, "points");
    if (!labels || !what || strcmp(what, "pixels") != 0 || strlen(labels) != test->count ||
        json_array_size(points) != test->count)
        return false;
    for (size_t i = 0; i < test->count; i++) {
        const json_t *point = json_array_get(points, i);
        if (labels[i] != '0' + test->labels[i] || !json_is_number(json_array_get(point, 0)) ||
            !json_is_number(json_array_get(point, 1)))
            return false;
    }
    return true;
}

/* Keeps what is asked for of a document. False: memory is short. */
static bool adopt(json_t *document, size_t count) {
    json_t *points = json_object_get(document, "points");
    double *places = ten_alloc(2 * count, sizeof *places);
    json_t *json = json_pack("{s:s, s:I, s:O, s:O}", "of", "pixels", "count", (json_int_t)count, "points", points,
                             "labels", json_object_get(document, "labels"));
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL, hex[65];
    json_decref(json);
    if (!places || !text) {
        free(places);
        free(text);
        return false;
    }
    for (size_t i = 0; i < 2 * count; i++)
        places[i] = json_number_value(json_array_get(json_array_get(points, i / 2), i % 2));
    pthread_mutex_lock(&state.lock);
    state.points = places;
    state.text = text;
    state.size = strlen(text);
    ten_sha256(text, state.size, hex);
    snprintf(state.etag, sizeof state.etag, "\"%.32s\"", hex);
    state.stage = READY;
    pthread_mutex_unlock(&state.lock);
    return true;
}

static bool read_map(const char *folder, const char *name, const struct ten_dataset *test) {
    char path[2048];
    if (ten_path_join(path, sizeof path, folder, name, NULL) != TEN_OK) return false;
    json_t *document = json_load_file(path, 0, NULL);
    bool good = document && fits(document, test) && adopt(document, test->count);
    json_decref(document);
    return good;
}

/* ---- Making -------------------------------------------------------------------------------------------------------
 */

static void fail(const char *message) {
    pthread_mutex_lock(&state.lock);
    state.stage = FAILED;
    snprintf(state.message, sizeof state.message, "%s", message);
    pthread_mutex_unlock(&state.lock);
}

/* Runs `tenfold embed`; its exit status, or -1 if it could not be started. */
static int run_embed(struct ten_server *server, const char *path) {
    const struct ten_serve_options *options = ten_server_options(server);
    const char *const arguments[] = {"embed", "--data", options->data, "--out", path, "--quiet", NULL};
    struct ten_child child;
    if (ten_child_start(&child, options->program, arguments, true, false, NULL) != TEN_OK) return -1;
    char *line;
    int got;
    while ((got = ten_child_line(&child, 0.2, &line)) >= 0) {
        if (got > 0) free(line);
        if (ten_server_stopping(server)) ten_child_stop(&child, 1);
    }
    return ten_child_end(&child);
}

static void *make(void *context) {
    struct ten_server *server = context;
    const struct ten_serve_options *options = ten_server_options(server);
    const struct ten_dataset *test = &ten_server_data(server)->test;
    char path[2048];
    if (read_map(options->study, "embed.json", test) || read_map(options->models, "map.json", test)) return NULL;
    if (ten_path_join(path, sizeof path, options->models, "map.json", NULL) != TEN_OK ||
        ten_make_folder(options->models, NULL) != TEN_OK) {
        fail("the folder of models cannot be used");
        return NULL;
    }
    int status = run_embed(server, path);
    if (status == 0 && read_map(options->models, "map.json", test)) return NULL;
    char message[128];
    snprintf(message, sizeof message, "the map could not be made: `tenfold embed` ended with %d", status);
    if (!ten_server_stopping(server)) ten_server_say(server, "%s", message);
    fail(message);
    return NULL;
}

/* What there is; begins to make it when first asked. */
static enum stage look(struct ten_server *server) {
    pthread_mutex_lock(&state.lock);
    if (state.stage == UNKNOWN) {
        state.made = pthread_create(&state.maker, NULL, make, server) == 0;
        state.stage = state.made ? MAKING : UNKNOWN;
    }
    enum stage stage = state.stage;
    pthread_mutex_unlock(&state.lock);
    return stage;
}

/* False after a 503. */
static bool ready(struct ten_server *server, struct ten_reply *reply) {
    if (!ten_request_data(server, reply)) return false;
    enum stage stage = look(server);
    if (stage == READY) return true;
    if (stage == FAILED) {
        ten_reply_error(reply, 503, "map_failed", "%s", state.message); /* which nobody changes any more */
    } else {
        ten_reply_error(reply, 503, "map_not_ready", "the map of the test images is being made");
        reply->retry_seconds = RETRY_SECONDS;
    }
    return false;
}

/* ---- Answers ------------------------------------------------------------------------------------------------------
 */

static void map(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    if (ten_request_query(request, "patient") && ten_server_data(server) && look(server) == MAKING) {
        ten_reply_json(reply, 202, json_pack("{s:b}", "making", 1)); /* a 503 is an error in a browser's console */
        reply->retry_seconds = RETRY_SECONDS;
        return;
    }
    if (ready(server, reply)) /* from here on it stays as it is */
        *reply = (struct ten_reply){.status = 200,
                                    .content_type = "application/json",
                                    .etag = state.etag,
                                    .data = state.text,
                                    .size = state.size};
}

/* The mean of the nearest images' places, each by the inverse of its squared distance; an image that is the digit
 * itself counts alone. */
static void place(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    struct ten_digit digit;
    struct ten_found found[NEAREST];
    if (!ready(server, reply) || !ten_request_digit(request, &digit, reply)) return;
    size_t count = ten_nearest(server, true, digit.pixels, NEAREST, found, reply);
    if (!count) return;
    double sum = 0, x = 0, y = 0;
    json_t *list = json_array();
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        double squared = found[i].distance * found[i].distance;
        double weight = found[0].distance > 0 ? 1 / squared : found[i].distance > 0 ? 0 : 1;
        sum += weight;
        x += weight * state.points[2 * found[i].index];
        y += weight * state.points[2 * found[i].index + 1];
        failed |= json_array_append_new(list, ten_json_size(found[i].index));
    }
    json_t *json = json_pack("{s:f, s:f, s:o}", "x", x / sum, "y", y / sum, "nearest", list);
    ten_reply_json(reply, 200, ten_json_whole(json, failed));
}

static void stop(struct ten_server *server) {
    (void)server;
    if (state.made) pthread_join(state.maker, NULL);
    free(state.points);
    free(state.text);
    state.points = NULL;
    state.text = NULL;
    state.made = false;
    state.stage = UNKNOWN;
}

const struct ten_part ten_part_map = {.stop = stop};

const struct ten_route ten_routes_map[] = {
    {"GET", "/api/map", false, map},
    {"POST", "/api/place", false, place},
    {0},
};
