/* Numbers in a request's address. */
#ifndef TEN_SERVE_QUERY_H
#define TEN_SERVE_QUERY_H

#include "serve/serve.h"

/* The whole number ?name=, or `initial` where it is not there. False after a 400 "bad_number". */
bool ten_request_number(const struct ten_request *request, const char *name, int64_t low, int64_t high, int64_t initial,
                        int64_t *value, struct ten_reply *reply);

/* The number that is all of the path behind the route's: /api/runs/12. False after a 404 "not_found". */
bool ten_request_id(const struct ten_request *request, int64_t *id, struct ten_reply *reply);

/* The network or other model that ?model= names, to be given back. NULL after a 404 or 503. */
struct ten_served *ten_request_model(struct ten_server *server, const struct ten_request *request,
                                     struct ten_reply *reply);

#endif
