/* The server's own state: what http.c, server.c and the parts that come with them share. Handlers of the API need only
 * serve.h. */
#ifndef TEN_SERVE_SERVER_H
#define TEN_SERVE_SERVER_H

#include "serve/guard.h"
#include "serve/metrics.h"
#include "serve/serve.h"

#include <pthread.h>

struct MHD_Connection; /* libmicrohttpd's */
struct MHD_Response;

enum {
    TEN_MOST_BODY = 8 << 20,          /* bytes of a request's body */
    TEN_MOST_REFUSED = 128 << 20,     /* of one that was refused while it came, before the connection is closed */
    TEN_MOST_BODIES = 256 << 20,      /* of all bodies that are held at a time */
    TEN_MOST_HEADER = 32 << 10,       /* memory of a connection: request line, headers, and what is read at once */
    TEN_MOST_CONNECTIONS = 1024,      /* above that the one that is idle longest is closed for the next */
    TEN_SPARE_CONNECTIONS = 256,      /* how many more there may be while none is idle */
    TEN_MOST_STREAMS = 8,             /* streams of events that are followed */
    TEN_MOST_STREAM_BYTES = 16 << 20, /* of one stream */
    TEN_MOST_PICTURE_PIXELS = 16000000,
    TEN_PATIENCE = 30,    /* seconds for a request to arrive, from its first line on; between requests, and before
                             the first one, twice as many; four times as many for an answer to be taken */
    TEN_STOP_SECONDS = 5, /* for requests under way when the server ends */
};

/* ---- Connections (connections.c) ----------------------------------------------------------------------------------
 */

/* A client's connection and what it is at. MHD itself closes connections that are silent; these deadlines also end
 * those that keep sending a byte now and then. */
struct ten_connection {
    struct ten_connection *next, *previous; /* guarded by the table's lock, as is `closed` */
    int socket;
    bool closed;                /* by us: shut down, and soon gone */
    atomic_bool idle;           /* between requests */
    _Atomic double since;       /* idle since when */
    _Atomic double deadline;    /* INFINITY: none */
    struct ten_exchange *spare; /* of a finished request, to be used again */
};
struct ten_connections {
    pthread_mutex_t lock;
    struct ten_connection first; /* head of the ring */
    size_t count, most;
    double patience;
    atomic_ullong total, evicted, late; /* all that there were; closed for newer ones; closed as their time was over */
};
void ten_connections_init(struct ten_connections *connections, size_t most, double patience);
/* A new connection; if there are too many now, the one that is idle longest is shut down. NULL: out of memory. */
struct ten_connection *ten_connection_new(struct ten_connections *connections, int socket);
/* Before its socket is closed. */
void ten_connection_free(struct ten_connections *connections, struct ten_connection *connection);
/* Shuts down those whose deadline is over. */
void ten_connections_check(struct ten_connections *connections);

/* ---- Everything ---------------------------------------------------------------------------------------------------
 */

struct ten_models {
    pthread_mutex_t lock; /* of the list */
    struct ten_served *list[TEN_MOST_SERVED];
    size_t count;
    pthread_mutex_t scanning; /* one scan at a time */
    struct ten_refused {
        char path[1024];
        struct ten_stamp file;
    } refused[TEN_MOST_SERVED]; /* broken files, told once */
    size_t refused_count;
};

struct ten_worker;  /* http.c: a thread that answers */
struct ten_prepare; /* prepare.c: models in training */

struct ten_server {
    struct ten_serve_options options;
    int listener;
    struct ten_worker *workers; /* [threads], http.c */
    size_t threads;
    char address[320]; /* "http://127.0.0.1:8000/" */
    double started;
    atomic_bool stopping;
    struct ten_guard guard;
    struct ten_connections connections;
    struct ten_counts counts;
    struct ten_models models;
    struct ten_prepare *prepare;
    atomic_size_t bodies;   /* bytes of all bodies held */
    atomic_size_t requests; /* under way */
    bool late;              /* requests were still under way when their time was over */
    pthread_mutex_t data_lock;
    bool data_tried;
    struct ten_data data;
    pthread_mutex_t wake_lock; /* of the thread that looks for models */
    pthread_cond_t wake;
};

/* ---- HTTP (http.c) ------------------------------------------------------------------------------------------------
 */

/* Starts the threads that answer. */
enum ten_status ten_http_start(struct ten_server *server, struct ten_error *error);
/* Takes the connections that wait at the listener; each goes to the thread that has the fewest. */
void ten_http_accept(struct ten_server *server);
/* Lets every thread look whether there is something to do. To be called every second. */
void ten_http_wake(struct ten_server *server);
/* Gives requests under way their time, and ends. */
void ten_http_stop(struct ten_server *server);
size_t ten_http_routes(void);
const char *ten_http_route_name(size_t i); /* "POST /api/predict" */

/* A line of the access log. Control characters from outside are shown as '?'. */
void ten_log_request(const char *method, const char *target, int status, size_t bytes, double seconds);

/* ---- Streams (stream.c) -------------------------------------------------------------------------------------------
 */

/* An answer that follows a stream, for http.c; NULL: too many are followed, or out of memory. */
struct MHD_Response *ten_stream_response(struct ten_stream *stream, struct MHD_Connection *connection);
/* Sends a comment to all who wait, so that those who are gone are noticed. */
void ten_streams_ping(void);
/* From now on nobody waits any more. */
void ten_streams_end(void);
size_t ten_streams_followed(void);

/* ---- Models (models.c, prepare.c) ---------------------------------------------------------------------------------
 */

void ten_models_init(struct ten_server *server);
/* Looks through the folders: takes new models, replaces changed ones, lets go of those that are gone. */
void ten_models_scan(struct ten_server *server);
void ten_models_release(struct ten_server *server);
json_t *ten_models_json(struct ten_server *server);

/* Starts training what is missing. */
enum ten_status ten_prepare_start(struct ten_server *server, struct ten_error *error);
void ten_prepare_stop(struct ten_server *server);
/* The list `preparing` of /api/models. */
json_t *ten_prepare_json(struct ten_server *server);

/* ---- Files of the page (assets.c) ---------------------------------------------------------------------------------
 */

struct ten_app_file {
    const char *name, *bytes; /* "index.html" */
    size_t size;
    const char *content_type;
    char etag[40];         /* with its quotes */
    const uint8_t *packed; /* the same with gzip; NULL where that saves nothing */
    size_t packed_size;
};
/* The i-th, from 0; NULL behind the last. */
const struct ten_app_file *ten_app_file_at(size_t i);
/* By name; NULL: there is none. */
const struct ten_app_file *ten_app_file(const char *name);

#endif
