/* GET /api/runs and /api/runs/ID: what was trained, tried and measured; with ?of=study, what the study's own database
 * has of it. */
#include "serve/query.h"
#include "serve/records.h"
#include "study/json.h"

#include <string.h>

enum { USUAL = 100, MOST = 10000 };

/* The store lists the oldest first. */
static json_t *newest_first(const json_t *runs) {
    json_t *list = json_array();
    int failed = !list;
    for (size_t i = json_array_size(runs); i-- > 0;) failed |= json_array_append(list, json_array_get(runs, i));
    return ten_json_whole(list, failed);
}

static const char *query_or_null(const struct ten_request *request, const char *name) {
    const char *text = ten_request_query(request, name);
    return text && *text ? text : NULL;
}

/* The store that is asked for; NULL after an answer. The study's is opened for one request, as a study may be made anew
 * at any time. */
static struct ten_store *take(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    const char *of = query_or_null(request, "of");
    struct ten_store *store = NULL;
    struct ten_error error;
    char path[2048];
    if (!of) return ten_records_take(server, reply);
    if (strcmp(of, "study") != 0) {
        ten_reply_error(reply, 400, "bad_of", "of=%.60s: expected of=study, or nothing", of);
    } else if (!ten_records_of_study(server, path, sizeof path)) {
        ten_reply_error(reply, 404, "no_runs", "there is no study with a run database of its own");
    } else if (ten_store_open(&store, path, &error) != TEN_OK) {
        ten_reply_failure(reply, "cannot_list", &error);
    }
    return store;
}

static void give(const struct ten_request *request, struct ten_store *store) {
    if (query_or_null(request, "of"))
        ten_store_close(store);
    else
        ten_records_give(store);
}

static void list(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    struct ten_store_filter filter = {.kind = query_or_null(request, "kind"), .model = query_or_null(request, "model")};
    int64_t latest;
    json_t *runs = NULL;
    struct ten_error error;
    if (!ten_request_number(request, "parent", 1, INT64_MAX, 0, &filter.parent, reply) ||
        !ten_request_number(request, "latest", 1, MOST, USUAL, &latest, reply))
        return;
    filter.latest = (size_t)latest;
    struct ten_store *store = take(server, request, reply);
    if (!store) return;
    enum ten_status status = ten_store_list(store, &filter, &runs, &error);
    give(request, store);
    if (status == TEN_OK)
        ten_reply_json(reply, 200, json_pack("{s:o}", "runs", newest_first(runs)));
    else
        ten_reply_failure(reply, "cannot_list", &error);
    json_decref(runs);
}

static void one(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    int64_t id;
    json_t *run = NULL, *children = NULL;
    struct ten_error error;
    if (!ten_request_id(request, &id, reply)) return;
    struct ten_store *store = take(server, request, reply);
    if (!store) return;
    enum ten_status status = ten_store_get(store, id, &run, &error);
    if (status == TEN_OK)
        status = ten_store_list(store, &(struct ten_store_filter){.parent = id, .latest = MOST}, &children, &error);
    give(request, store);
    if (status == TEN_OK)
        ten_reply_json(reply, 200, ten_json_whole(run, json_object_set_new(run, "children", children)));
    else
        ten_reply_failure(reply, status == TEN_NOT_FOUND ? "no_run" : "cannot_list", &error);
    if (status != TEN_OK) json_decref(run);
}

const struct ten_route ten_routes_runs[] = {
    {"GET", "/api/runs", false, list},
    {"GET", "/api/runs/", true, one},
    {0},
};
