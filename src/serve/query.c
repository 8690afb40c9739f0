#include "serve/query.h"

#include "base/text.h"

#include <inttypes.h>

bool ten_request_number(const struct ten_request *request, const char *name, int64_t low, int64_t high, int64_t initial,
                        int64_t *value, struct ten_reply *reply) {
    const char *text = ten_request_query(request, name);
    *value = initial;
    if (!text || (ten_parse_integer(text, value) && *value >= low && *value <= high)) return true;
    ten_reply_error(reply, 400, "bad_number", "%s=\"%.40s\": expected a whole number from %" PRId64 " to %" PRId64,
                    name, text, low, high);
    return false;
}

bool ten_request_id(const struct ten_request *request, int64_t *id, struct ten_reply *reply) {
    if (ten_parse_integer(request->rest, id) && *id >= 0) return true;
    ten_reply_error(reply, 404, "not_found", "there is nothing at %.100s", request->path);
    return false;
}

struct ten_served *ten_request_model(struct ten_server *server, const struct ten_request *request,
                                     struct ten_reply *reply) {
    const char *name = ten_request_query(request, "model");
    struct ten_served *served = ten_served_take(server, name);
    if (served) return served;
    if (name && *name) {
        ten_reply_error(reply, 404, "no_model", "there is no model \"%.100s\"; see /api/models", name);
    } else {
        ten_reply_error(reply, 503, "no_model_yet", "there is no model yet; one may be in training: see /api/models");
        reply->retry_seconds = 2;
    }
    return NULL;
}
