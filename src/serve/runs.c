/* GET /api/runs and /api/runs/ID: what was trained, tried and measured. */
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

static void list(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    struct ten_store_filter filter = {.kind = query_or_null(request, "kind"), .model = query_or_null(request, "model")};
    int64_t latest;
    json_t *runs = NULL;
    struct ten_error error;
    if (!ten_request_number(request, "parent", 1, INT64_MAX, 0, &filter.parent, reply) ||
        !ten_request_number(request, "latest", 1, MOST, USUAL, &latest, reply))
        return;
    filter.latest = (size_t)latest;
    struct ten_store *store = ten_records_take(server, reply);
    if (!store) return;
    enum ten_status status = ten_store_list(store, &filter, &runs, &error);
    ten_records_give(store);
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
    struct ten_store *store = ten_records_take(server, reply);
    if (!store) return;
    enum ten_status status = ten_store_get(store, id, &run, &error);
    if (status == TEN_OK)
        status = ten_store_list(store, &(struct ten_store_filter){.parent = id, .latest = MOST}, &children, &error);
    ten_records_give(store);
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
