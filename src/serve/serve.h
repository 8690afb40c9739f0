/* The HTTP server's inside: what a handler is given, what it answers, and what all of them share. `http.c` alone speaks
 * HTTP (libmicrohttpd): it reads a request whole, checks it (method, size, Host, Origin), calls the one handler of its
 * route on a thread of the pool, and sends the answer. Handlers know nothing of sockets. The API is in docs/api.md. */
#ifndef TEN_SERVE_SERVE_H
#define TEN_SERVE_SERVE_H

#include "tenfold.h"

#include <jansson.h>
#include <stdatomic.h>

struct ten_server; /* server.h: what handlers share */

/* ---- Requests and answers (http.c) --------------------------------------------------------------------------------
 */

struct ten_request {
    const char *method, *path;
    const char *rest;         /* of the path, behind that of the route: "" or "12/events" */
    const char *content_type; /* "" if none was sent */
    const uint8_t *body;      /* body[size]; one more byte, 0, stands behind it */
    size_t size;
    void *connection; /* for ten_request_query */
};
/* The value of ?name=, decoded; NULL if it is not there. */
const char *ten_request_query(const struct ten_request *request, const char *name);
/* Whether the client takes answers that are packed with gzip. */
bool ten_request_takes_gzip(const struct ten_request *request);

struct ten_stream;
struct ten_reply {
    int status; /* of HTTP */
    const char *content_type;
    const char *etag;     /* NULL, or with its quotes; the content may then be kept by the client */
    const char *policy;   /* NULL, or a Content-Security-Policy instead of the page's own */
    const char *encoding; /* NULL, or "gzip" if data is packed so */
    const char *name;     /* NULL, or of the file that a browser is to save it as */
    int retry_seconds;    /* 0, or a Retry-After */
    const void *data;     /* size bytes */
    size_t size;
    void *owned;               /* NULL, or freed once the answer is sent */
    struct ten_stream *stream; /* NULL, or followed in place of data, from its start */
};
/* Answers with a document, which is released; NULL is out of memory (a 500). */
void ten_reply_json(struct ten_reply *reply, int status, json_t *document);
/* Answers {"error":{"code","message"}}. */
void ten_reply_error(struct ten_reply *reply, int status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same for a library's error: 400 for TEN_INVALID and TEN_FORMAT, 404 for TEN_NOT_FOUND, else 500. */
void ten_reply_failure(struct ten_reply *reply, const char *code, const struct ten_error *error);

typedef void ten_handler(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply);

/* One line of the table of routes. */
struct ten_route {
    const char *method, *path;
    bool prefix; /* whether more may stand behind the path: the request's `rest` */
    ten_handler *handle;
};
/* Tables that parts of the server bring, each ended by a route whose path is NULL; http.c has the list of tables. */
extern const struct ten_route ten_routes_page[], ten_routes_predict[], ten_routes_inside[], ten_routes_nearest[],
    ten_routes_map[], ten_routes_corrections[], ten_routes_runs[], ten_routes_study[], ten_routes_trainings[],
    ten_routes_catalogue[];

/* ---- Streams of events (stream.c) ---------------------------------------------------------------------------------
 */

/* A growing text that any number of clients follow, each from its start: server-sent events. Any thread may add. */
struct ten_stream *ten_stream_new(void); /* one reference; NULL: out of memory */
struct ten_stream *ten_stream_keep(struct ten_stream *stream);
void ten_stream_drop(struct ten_stream *stream); /* NULL is accepted */
/* "event: NAME\ndata: JSON\n\n". The document is released. False: out of memory, or over its most bytes (16 MiB). */
bool ten_stream_event(struct ten_stream *stream, const char *name, json_t *document);
/* No more will come: clients are told and let go. */
void ten_stream_close(struct ten_stream *stream);

/* ---- Pictures (picture.c) -----------------------------------------------------------------------------------------
 */

/* The digits of the picture in a request's body: PNG, JPEG or JSON. False after an answer was written. */
bool ten_request_digits(const struct ten_request *request, struct ten_digits *digits, struct ten_reply *reply);
/* The same, and the one of ?digit= (default 0): false, with 422 "nothing_drawn", if there is none. */
bool ten_request_digit(const struct ten_request *request, struct ten_digit *digit, struct ten_reply *reply);
/* The bytes of a data URI or plain base64 text; freed by the caller. NULL if it is none. */
uint8_t *ten_base64_decode(const char *text, size_t length, size_t *size);
/* A base64 text; NULL: out of memory. */
char *ten_base64_encode(const void *bytes, size_t size);

/* ---- Models (models.c) --------------------------------------------------------------------------------------------
 */

/* What tells whether a file is still the one that was read. */
struct ten_stamp {
    int64_t modified; /* nanoseconds; 0: there is no such file */
    int64_t size, node;
};
/* A model that is served. It lives until the last who took it gives it back. */
struct ten_served {
    char name[96];
    struct ten_pipeline *pipeline;
    struct ten_pipeline_info info;
    size_t bytes; /* of its file */
    json_t *row;  /* what is known of its accuracy and cost, NULL: nothing */
    bool network;
    atomic_ullong *predictions; /* counts the digits that it read, for /metrics; lives as long as the server */
    /* the rest is models.c's */
    char path[1024], row_path[1024];
    struct ten_stamp file, row_file;
    int references;
};
/* The model of this name; NULL or "" for the default one. NULL: there is none. */
struct ten_served *ten_served_take(struct ten_server *server, const char *name);
void ten_served_give(struct ten_server *server, struct ten_served *served);
/* All of them, in the order of /api/models, at most `most`; how many. Each is to be given back. */
size_t ten_served_take_all(struct ten_server *server, struct ten_served **all, size_t most);
enum { TEN_MOST_SERVED = 64 };

/* ---- What handlers share (server.c) -------------------------------------------------------------------------------
 */

struct ten_serve_options {
    const char *host;    /* NULL: 127.0.0.1 */
    unsigned port;       /* 0: any that is free */
    const char *data;    /* of the dataset; NULL: mnist */
    const char *models;  /* the folder of models; NULL: "models" */
    const char *study;   /* the study's folder; NULL: "study" */
    const char *runs;    /* the run database; NULL: none */
    const char *program; /* this program's own file, for trainings */
    int threads;         /* 0: as many as there are processors */
    double patience;     /* seconds for a request to arrive; 0: 30 */
    bool train;          /* whether models that are missing are trained */
    bool quiet;          /* no access log */
    bool (*stop)(void);  /* asked all the time, in the thread that called ten_serve: whether to end */
    /* told once the server listens; may be NULL */
    void (*ready)(void *context, const char *address);
    void *context;
};
/* Serves until `stop` says so; then requests under way get 5 seconds. A failure to start is the only error. */
enum ten_status ten_serve(const struct ten_serve_options *options, struct ten_error *error);
const struct ten_serve_options *ten_server_options(const struct ten_server *server);
/* The dataset, loaded when first asked for; NULL if there is none. Belongs to the server. */
const struct ten_data *ten_server_data(struct ten_server *server);
/* Whether the server is about to end: long work should, too. */
bool ten_server_stopping(const struct ten_server *server);
/* A line on standard error, unless --quiet. */
void ten_server_say(const struct ten_server *server, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What a part of the server does beside answering: `start` is called before the first request, `stop` behind the last
 * one, and must end every thread and process of the part. Either may be NULL. server.c has the list. */
struct ten_part {
    enum ten_status (*start)(struct ten_server *server, struct ten_error *error);
    void (*stop)(struct ten_server *server);
};
extern const struct ten_part ten_part_nearest, ten_part_map, ten_part_records, ten_part_study, ten_part_trainings;

/* ---- Child processes (child.c) ------------------------------------------------------------------------------------
 */

/* This program once more, for work that takes long: it gets what processors the server leaves, its memory goes with it,
 * and it is ended when the server ends, whatever the reason. */
struct ten_child {
    int pid, output; /* the reading end of what it prints; -1: none */
    char *text;      /* what was read and is no whole line yet */
    size_t length, capacity;
};
/* Runs options->program with arguments[0..] (NULL ends them; the program's own name is put before). `low`: with the
 * lowest priority. `silent`: its standard error goes nowhere. */
enum ten_status ten_child_start(struct ten_child *child, const char *program, const char *const *arguments, bool low,
                                bool silent, struct ten_error *error);
/* Waits for the next whole line that it prints, without its newline: at most `wait` seconds. 1: a line in *line, which
 * is freed by the caller; 0: none yet; -1: there will be no more. */
int ten_child_line(struct ten_child *child, double wait, char **line);
/* Asks it to stop, and kills it if it has not after `patience` seconds. */
void ten_child_stop(struct ten_child *child, double patience);
/* Waits for its end: the exit status, or 128 + the signal. Closes everything. */
int ten_child_end(struct ten_child *child);

#endif
