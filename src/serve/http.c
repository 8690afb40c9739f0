/* HTTP, by libmicrohttpd: one thread per processor, each a daemon of its own with its own epoll, reads requests and
 * calls their handlers. Connections are accepted here and dealt out evenly, so that none of them waits longer than
 * others. A request is checked when its head is there (route, method, Host, Origin, size), its body is collected up to
 * the limit, and then it is answered. An error that is known before the body is there is kept until the body was read,
 * so that the connection can go on; only a body that is announced as too large is refused at once. */
#include "serve/server.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---- The table of routes ----------------------------------------------------------------------------------------- */

static const struct ten_route *const tables[] = {
    ten_routes_page,        ten_routes_predict, ten_routes_inside, ten_routes_nearest,   ten_routes_map,
    ten_routes_corrections, ten_routes_runs,    ten_routes_study,  ten_routes_trainings, ten_routes_catalogue,
};
enum { TABLES = sizeof tables / sizeof *tables };

static const struct ten_route *routes[TEN_MOST_ROUTES];
static char route_names[TEN_MOST_ROUTES][80];
static size_t route_count;

static void collect_routes(void) {
    route_count = 0;
    for (size_t t = 0; t < TABLES; t++)
        for (const struct ten_route *route = tables[t]; route->path && route_count < TEN_MOST_ROUTES; route++) {
            snprintf(route_names[route_count], sizeof *route_names, "%s %s%s", route->method, route->path,
                     route->prefix ? "*" : "");
            routes[route_count++] = route;
        }
}

size_t ten_http_routes(void) { return route_count; }
const char *ten_http_route_name(size_t i) { return route_names[i]; }

static bool route_fits(const struct ten_route *route, const char *path) {
    size_t length = strlen(route->path);
    return strncmp(route->path, path, length) == 0 && (route->prefix || !path[length]);
}

/* HEAD is answered as GET; MHD leaves the body out. */
static bool method_fits(const struct ten_route *route, const char *method) {
    return strcmp(route->method, method) == 0 || (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

/* ---- A request under way ----------------------------------------------------------------------------------------- */

struct ten_worker {
    struct ten_server *server;
    struct MHD_Daemon *daemon;
    atomic_size_t open; /* connections */
    int bell;           /* an eventfd that wakes it; -1: none */
};

struct ten_exchange {
    struct ten_server *server;
    struct ten_connection *connection;
    char target[256]; /* as it was asked for, for the log */
    char method[16];
    char allow[64]; /* for 405 and OPTIONS */
    size_t route;   /* TEN_MOST_ROUTES: none */
    bool seen, early, answered, refused;
    struct ten_reply reply; /* with `early`: what will be answered whatever the body */
    uint8_t *body;
    size_t size, capacity, received;
    double whole; /* when its last byte was there */
    int status;
    size_t sent;
};

static void release_reply(struct ten_reply *reply) {
    free(reply->owned);
    ten_stream_drop(reply->stream);
    *reply = (struct ten_reply){0};
}

static void release_body(struct ten_exchange *x) {
    atomic_fetch_sub(&x->server->bodies, x->capacity);
    free(x->body);
    x->body = NULL;
    x->size = x->capacity = 0;
}

/* Makes room for `size` bytes and the zero behind them. False: too many are held already, or memory is short. */
static bool reserve(struct ten_exchange *x, size_t size) {
    if (size + 1 <= x->capacity) return true;
    size_t wanted = x->capacity ? 2 * x->capacity : 16 << 10;
    while (wanted < size + 1) wanted *= 2;
    if (atomic_fetch_add(&x->server->bodies, wanted - x->capacity) + (wanted - x->capacity) > TEN_MOST_BODIES) {
        atomic_fetch_sub(&x->server->bodies, wanted - x->capacity);
        return false;
    }
    uint8_t *longer = realloc(x->body, wanted);
    if (!longer) {
        atomic_fetch_sub(&x->server->bodies, wanted - x->capacity);
        return false;
    }
    x->body = longer;
    x->capacity = wanted;
    return true;
}

/* Called with a request's first line, before its headers. What it returns becomes the request's `*at`. */
static void *begin_request(void *context, const char *target, struct MHD_Connection *mhd) {
    struct ten_server *server = context;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct ten_connection *connection = info ? info->socket_context : NULL;
    if (!connection) return NULL;
    struct ten_exchange *x = connection->spare ? connection->spare : malloc(sizeof *x);
    connection->spare = NULL;
    if (!x) return NULL;
    *x = (struct ten_exchange){.server = server, .connection = connection, .route = TEN_MOST_ROUTES};
    snprintf(x->target, sizeof x->target, "%s", target);
    atomic_store(&connection->idle, false);
    atomic_store(&connection->deadline, ten_seconds() + server->connections.patience);
    atomic_fetch_add(&server->requests, 1);
    return x;
}

static void end_request(void *context, struct MHD_Connection *mhd, void **at, enum MHD_RequestTerminationCode how) {
    (void)mhd, (void)how;
    struct ten_server *server = context;
    struct ten_exchange *x = *at;
    *at = NULL;
    if (!x) return;
    double now = ten_seconds(), seconds = x->whole > 0 ? now - x->whole : 0;
    if (!x->answered) x->status = 400; /* broken off, or refused by MHD itself */
    ten_counts_request(&server->counts, x->route, x->status, seconds);
    atomic_fetch_add_explicit(&server->counts.bytes_in, x->received, memory_order_relaxed);
    atomic_fetch_add_explicit(&server->counts.bytes_out, x->sent, memory_order_relaxed);
    if (!server->options.quiet) ten_log_request(x->method, x->target, x->status, x->sent, seconds);
    release_body(x);
    release_reply(&x->reply);
    struct ten_connection *connection = x->connection;
    connection->spare = x;
    atomic_store(&connection->since, now);
    atomic_store(&connection->deadline, now + 2 * server->connections.patience);
    atomic_store(&connection->idle, true);
    atomic_fetch_sub(&server->requests, 1);
}

static void watch_connection(void *context, struct MHD_Connection *mhd, void **at,
                             enum MHD_ConnectionNotificationCode what) {
    struct ten_worker *worker = context;
    struct ten_server *server = worker->server;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        *at = info ? ten_connection_new(&server->connections, info->connect_fd) : NULL;
    } else {
        ten_connection_free(&server->connections, *at);
        atomic_fetch_sub(&worker->open, 1);
        *at = NULL;
    }
}

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

static const char page_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "frame-src 'self'; manifest-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'";

static const char *const always[][2] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), microphone=(), geolocation=(), usb=(), payment=()"},
};

static void add_headers(struct MHD_Response *response, const struct ten_exchange *x, const struct ten_reply *reply) {
    char text[128];
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        MHD_add_response_header(response, always[i][0], always[i][1]);
    MHD_add_response_header(response, "Content-Security-Policy", reply->policy ? reply->policy : page_policy);
    MHD_add_response_header(response, "Cache-Control", reply->etag ? "no-cache" : "no-store");
    if (reply->content_type) MHD_add_response_header(response, "Content-Type", reply->content_type);
    if (reply->etag) MHD_add_response_header(response, "ETag", reply->etag);
    if (reply->etag) MHD_add_response_header(response, "Vary", "Accept-Encoding");
    if (reply->encoding) MHD_add_response_header(response, "Content-Encoding", reply->encoding);
    if (x->allow[0]) MHD_add_response_header(response, "Allow", x->allow);
    if (reply->name) {
        snprintf(text, sizeof text, "attachment; filename=\"%s\"", reply->name);
        MHD_add_response_header(response, "Content-Disposition", text);
    }
    if (reply->retry_seconds) {
        snprintf(text, sizeof text, "%d", reply->retry_seconds);
        MHD_add_response_header(response, "Retry-After", text);
    }
}

static struct MHD_Response *make_response(struct ten_reply *reply, struct MHD_Connection *mhd) {
    struct MHD_Response *response;
    if (reply->stream) {
        response = ten_stream_response(reply->stream, mhd);
        if (response) return response;
        release_reply(reply);
        ten_reply_error(reply, 503, "too_many_streams", "%d streams of events are followed already, which is the most",
                        TEN_MOST_STREAMS);
    }
    if (reply->owned)
        response = MHD_create_response_from_buffer_with_free_callback_cls(reply->size, (void *)(uintptr_t)reply->data,
                                                                          free, reply->owned);
    else
        response = MHD_create_response_from_buffer(reply->size, (void *)(uintptr_t)reply->data, MHD_RESPMEM_PERSISTENT);
    if (response) reply->owned = NULL;
    return response;
}

/* Whether If-None-Match names what the client has. */
static bool is_known(struct MHD_Connection *mhd, const char *etag) {
    const char *known = etag ? MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "If-None-Match") : NULL;
    return known && (strcmp(known, "*") == 0 || strstr(known, etag));
}

/* Sends an answer. MHD_NO ends the connection. */
static enum MHD_Result send_reply(struct ten_exchange *x, struct MHD_Connection *mhd, struct ten_reply *reply) {
    void *unsent = NULL; /* its headers may lie in it */
    if (reply->status == 200 && is_known(mhd, reply->etag)) {
        unsent = reply->owned;
        reply->owned = NULL;
        reply->data = NULL;
        reply->size = 0;
        reply->status = 304;
    }
    bool streams = reply->stream != NULL;
    struct MHD_Response *response = make_response(reply, mhd);
    if (response) add_headers(response, x, reply);
    free(unsent);
    if (!response) return MHD_NO;
    x->answered = true;
    x->status = reply->status;
    x->sent = reply->stream ? 0 : reply->size;
    streams = streams && reply->stream;
    atomic_store(&x->connection->deadline,
                 streams ? (double)INFINITY : ten_seconds() + 4 * x->server->connections.patience);
    enum MHD_Result result = MHD_queue_response(mhd, (unsigned)reply->status, response);
    MHD_destroy_response(response);
    release_body(x);
    return result;
}

/* ---- Checks of a request's head ---------------------------------------------------------------------------------- */

static const char *header(struct MHD_Connection *mhd, const char *name) {
    return MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, name);
}

static void allow(struct ten_exchange *x, const char *method) {
    size_t length = strlen(x->allow);
    if (length + strlen(method) + 3 < sizeof x->allow)
        snprintf(x->allow + length, sizeof x->allow - length, "%s%s", length ? ", " : "", method);
}

/* Finds the route, or the answer that there is none. False: an answer was written. */
static bool find_route(struct ten_exchange *x, const char *path, const char *method) {
    bool options = strcmp(method, "OPTIONS") == 0;
    for (size_t i = 0; i < route_count; i++) {
        if (!route_fits(routes[i], path)) continue;
        if (!options && method_fits(routes[i], method)) {
            x->route = i;
            x->allow[0] = '\0';
            return true;
        }
        if (!strstr(x->allow, routes[i]->method)) allow(x, routes[i]->method);
        if (strcmp(routes[i]->method, "GET") == 0 && !strstr(x->allow, "HEAD")) allow(x, "HEAD");
    }
    if (options && (x->allow[0] || strcmp(path, "*") == 0)) {
        allow(x, "OPTIONS");
        x->reply = (struct ten_reply){.status = 204};
    } else if (x->allow[0]) {
        allow(x, "OPTIONS");
        ten_reply_error(&x->reply, 405, "wrong_method", "%.100s takes %s, not %.20s", path, x->allow, method);
    } else {
        ten_reply_error(&x->reply, 404, "not_found", "there is nothing at %.100s", path);
    }
    return false;
}

static bool check_sender(struct ten_exchange *x, struct MHD_Connection *mhd, const char *method) {
    const struct ten_guard *guard = &x->server->guard;
    const char *host = header(mhd, "Host"), *origin = header(mhd, "Origin");
    bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    if (!ten_guard_host(guard, host)) {
        ten_reply_error(&x->reply, 421, "wrong_host", "this server is not \"%.100s\"; it is %s", host ? host : "",
                        x->server->address);
        return false;
    }
    if ((origin && !ten_guard_origin(origin, host)) ||
        !ten_guard_fetch(header(mhd, "Sec-Fetch-Site"), header(mhd, "Sec-Fetch-Mode"), reads)) {
        ten_reply_error(&x->reply, 403, "wrong_origin", "a page of %.100s may not use this server",
                        origin ? origin : "another site");
        return false;
    }
    return true;
}

/* The announced length of the body; 0 if there is none, or it comes in chunks. */
static uint64_t announced(struct MHD_Connection *mhd) {
    const char *length = header(mhd, "Content-Length");
    return length ? strtoull(length, NULL, 10) : 0;
}

static void refuse_large(struct ten_reply *reply) {
    ten_reply_error(reply, 413, "too_large", "the body is larger than %d bytes, the most that is taken", TEN_MOST_BODY);
}

/* Refuses a body that is on its way. libmicrohttpd answers in the middle of a body only by cutting it off, and then the
 * answer is mostly lost; so it is sent past it, and what still comes is read and forgotten until the client has seen
 * it. */
static enum MHD_Result refuse_on_the_way(struct ten_exchange *x) {
    char text[512];
    struct ten_reply reply;
    refuse_large(&reply);
    int length =
        snprintf(text, sizeof text,
                 "HTTP/1.1 413 Content Too Large\r\nContent-Type: application/json\r\nConnection: close\r\n"
                 "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nContent-Length: %zu\r\n\r\n%.*s",
                 reply.size, (int)reply.size, (const char *)reply.data);
    x->refused = x->answered = true;
    x->status = reply.status;
    x->sent = reply.size;
    release_reply(&reply);
    release_body(x);
    if (length <= 0 || send(x->connection->socket, text, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) != length)
        return MHD_NO;
    shutdown(x->connection->socket, SHUT_WR);
    return MHD_YES;
}

/* The head of a request is there. */
static enum MHD_Result take_head(struct ten_exchange *x, struct MHD_Connection *mhd, const char *path,
                                 const char *method) {
    x->seen = true;
    snprintf(x->method, sizeof x->method, "%s", method);
    if (strstr(x->target, "%00")) path = "";
    x->early = !check_sender(x, mhd, method) || !find_route(x, path, method);
    uint64_t length = announced(mhd);
    if (length > TEN_MOST_BODY && !header(mhd, "Expect")) return refuse_on_the_way(x);
    if (length > TEN_MOST_BODY) {
        release_reply(&x->reply);
        refuse_large(&x->reply);
        return send_reply(x, mhd, &x->reply);
    }
    if (x->early && header(mhd, "Expect")) return send_reply(x, mhd, &x->reply);
    return MHD_YES;
}

/* A piece of the body. */
static enum MHD_Result take_body(struct ten_exchange *x, const char *bytes, size_t *size) {
    size_t length = *size;
    *size = 0;
    x->received += length;
    if (x->refused) return x->received > TEN_MOST_REFUSED ? MHD_NO : MHD_YES;
    if (x->received > TEN_MOST_BODY) return refuse_on_the_way(x);
    if (x->early) return MHD_YES;
    if (!reserve(x, x->size + length)) {
        ten_reply_error(&x->reply, 503, "busy", "too many large requests at a time; try again");
        x->reply.retry_seconds = 1;
        x->early = true;
        return MHD_YES;
    }
    memcpy(x->body + x->size, bytes, length);
    x->size += length;
    return MHD_YES;
}

static enum MHD_Result answer(struct ten_exchange *x, struct MHD_Connection *mhd, const char *path,
                              const char *method) {
    if (x->refused) return MHD_NO;
    x->whole = ten_seconds();
    atomic_store(&x->connection->deadline, (double)INFINITY);
    if (x->early) return send_reply(x, mhd, &x->reply);
    static uint8_t nothing[1];
    if (x->body) x->body[x->size] = 0;
    const char *type = header(mhd, "Content-Type");
    struct ten_request request = {
        .method = method,
        .path = path,
        .rest = path + strlen(routes[x->route]->path),
        .content_type = type ? type : "",
        .body = x->body ? x->body : nothing,
        .size = x->size,
        .connection = mhd,
    };
    routes[x->route]->handle(x->server, &request, &x->reply);
    return send_reply(x, mhd, &x->reply);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *mhd, const char *path, const char *method,
                                  const char *version, const char *bytes, size_t *size, void **at) {
    (void)context, (void)version;
    struct ten_exchange *x = *at;
    if (!x) return MHD_NO;
    if (!x->seen) return take_head(x, mhd, path, method);
    if (*size) return take_body(x, bytes, size);
    return answer(x, mhd, path, method);
}

bool ten_request_takes_gzip(const struct ten_request *request) {
    const char *known = header(request->connection, "Accept-Encoding"), *gzip = known ? strstr(known, "gzip") : NULL;
    return gzip && strncmp(gzip + 4, ";q=0", 4) != 0;
}

const char *ten_request_query(const struct ten_request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

/* ---- Start and end ----------------------------------------------------------------------------------------------- */

static void say_nothing(void *context, const char *format, va_list arguments) {
    (void)context, (void)format, (void)arguments;
}

/* libmicrohttpd takes at most 128 events at a time and asks for more when it got as many; if there were just these, it
 * sleeps on them until something else happens, since it then waits as long as for the first ones. So something happens
 * now and then: an event without a connection, which it passes over. */
static void hang_bell(struct ten_worker *worker) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(worker->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.ptr = NULL}};
    worker->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!info || worker->bell < 0) return;
    if (epoll_ctl(info->epoll_fd, EPOLL_CTL_ADD, worker->bell, &event) != 0) return;
}

void ten_http_wake(struct ten_server *server) {
    const uint64_t one = 1;
    for (size_t i = 0; i < server->threads; i++)
        if (write(server->workers[i].bell, &one, sizeof one) < 0) continue; /* without a bell: as it is */
}

static bool start_worker(struct ten_worker *worker) {
    struct ten_server *server = worker->server;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME |
                     MHD_USE_ERROR_LOG;
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)say_nothing, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)(server->connections.most + TEN_SPARE_CONNECTIONS), NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, TEN_MOST_HEADER, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)(2 * server->connections.patience) + 5, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)begin_request, server},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)end_request, server},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)watch_connection, worker},
        {MHD_OPTION_END, 0, NULL},
    };
    worker->daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, on_request, server, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (!worker->daemon) return false;
    hang_bell(worker);
    return true;
}

enum ten_status ten_http_start(struct ten_server *server, struct ten_error *error) {
    collect_routes();
    server->workers = calloc(server->threads, sizeof *server->workers);
    if (!server->workers) return ten_fail_memory(error, "the server's threads");
    for (size_t i = 0; i < server->threads; i++) {
        server->workers[i].server = server;
        server->workers[i].bell = -1;
        if (!start_worker(&server->workers[i])) return ten_fail(error, TEN_IO, "the HTTP server did not start");
    }
    return TEN_OK;
}

static struct ten_worker *freest(struct ten_server *server) {
    struct ten_worker *best = &server->workers[0];
    for (size_t i = 1; i < server->threads; i++)
        if (atomic_load(&server->workers[i].open) < atomic_load(&best->open)) best = &server->workers[i];
    return best;
}

void ten_http_accept(struct ten_server *server) {
    enum { AT_ONCE = 256 }; /* then deadlines and signals are looked at again */
    for (int i = 0; i < AT_ONCE; i++) {
        size_t open = 0;
        for (size_t w = 0; w < server->threads; w++) open += atomic_load(&server->workers[w].open);
        struct sockaddr_storage address;
        socklen_t size = sizeof address;
        bool room = open < server->connections.most + TEN_SPARE_CONNECTIONS;
        int number =
            room ? accept4(server->listener, (struct sockaddr *)&address, &size, SOCK_CLOEXEC | SOCK_NONBLOCK) : -1;
        if (number < 0 && (!room || errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
            usleep(10000); /* those that wait, wait */
        if (number < 0) return;
        struct ten_worker *worker = freest(server);
        atomic_fetch_add(&worker->open, 1);
        if (MHD_add_connection(worker->daemon, number, (struct sockaddr *)&address, size) != MHD_YES)
            atomic_fetch_sub(&worker->open, 1); /* MHD has closed it */
    }
}

void ten_http_stop(struct ten_server *server) {
    double end = ten_seconds() + TEN_STOP_SECONDS;
    ten_streams_end();
    while (atomic_load(&server->requests) > 0 && ten_seconds() < end) usleep(10000);
    server->late = atomic_load(&server->requests) > 0; /* a handler that still works cannot be waited for any longer */
    if (server->late) return;
    for (size_t i = 0; server->workers && i < server->threads; i++) {
        if (server->workers[i].daemon) MHD_stop_daemon(server->workers[i].daemon);
        if (server->workers[i].daemon && server->workers[i].bell >= 0) close(server->workers[i].bell);
    }
    free(server->workers);
    server->workers = NULL;
}
