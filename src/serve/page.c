/* The page, its files, and what the server says of itself. */
#include "serve/server.h"

#include "base/clock.h"

#include <string.h>

static void give_file(const struct ten_request *request, const char *name, struct ten_reply *reply) {
    const struct ten_app_file *file = ten_app_file(name);
    if (!file) {
        ten_reply_error(reply, 404, "not_found", "there is nothing at /app/%.100s", name);
        return;
    }
    *reply = (struct ten_reply){
        .status = 200, .content_type = file->content_type, .etag = file->etag, .data = file->bytes, .size = file->size};
    if (!file->packed || !ten_request_takes_gzip(request)) return;
    reply->data = file->packed;
    reply->size = file->packed_size;
    reply->encoding = "gzip";
}

static void page(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    (void)server;
    give_file(request, "index.html", reply);
}

static void app(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    (void)server;
    give_file(request, request->rest, reply);
}

static void health(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    (void)request;
    pthread_mutex_lock(&server->models.lock);
    size_t models = server->models.count;
    pthread_mutex_unlock(&server->models.lock);
    ten_reply_json(reply, 200,
                   json_pack("{s:s, s:s, s:f, s:I, s:b}", "status", "ok", "version", ten_version(), "uptime_seconds",
                             ten_seconds() - server->started, "models", (json_int_t)models, "ready", models > 0));
}

static void models(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    (void)request;
    ten_reply_json(reply, 200, ten_models_json(server));
}

static void metrics(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    (void)request;
    size_t size;
    char *text = ten_counts_text(server, &size);
    if (!text)
        ten_reply_json(reply, 500, NULL);
    else
        *reply = (struct ten_reply){.status = 200,
                                    .content_type = "text/plain; version=0.0.4; charset=utf-8",
                                    .data = text,
                                    .owned = text,
                                    .size = size};
}

const struct ten_route ten_routes_page[] = {
    {"GET", "/", false, page},
    {"GET", "/app/", true, app},
    {"GET", "/metrics", false, metrics},
    {"GET", "/api/health", false, health},
    {"GET", "/api/models", false, models},
    {0},
};
