/* The server as a whole: its socket, its parts, the loop that looks after them, its end. */
#include "serve/server.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/pool.h"

#include <errno.h>
#include <malloc.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- Parts ----------------------------------------------------------------------------------------------------------
 */

static const struct ten_part *const parts[] = {
    &ten_part_nearest, &ten_part_map, &ten_part_records, &ten_part_study, &ten_part_trainings, NULL, /* ends the list */
};

static enum ten_status start_parts(struct ten_server *server, size_t *started, struct ten_error *error) {
    enum ten_status status = TEN_OK;
    for (*started = 0; status == TEN_OK && parts[*started]; ++*started)
        if (parts[*started]->start) status = parts[*started]->start(server, error);
    return status;
}

static void stop_parts(struct ten_server *server, size_t started) {
    while (started-- > 0)
        if (parts[started]->stop) parts[started]->stop(server);
}

/* ---- What handlers share
 * --------------------------------------------------------------------------------------------- */

const struct ten_serve_options *ten_server_options(const struct ten_server *server) { return &server->options; }

bool ten_server_stopping(const struct ten_server *server) { return atomic_load(&server->stopping); }

void ten_server_say(const struct ten_server *server, const char *format, ...) {
    if (server->options.quiet) return;
    char line[1400];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length < 0) return;
    if (length > (int)sizeof line - 2) length = (int)sizeof line - 2;
    for (int i = 0; i < length; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) line[i] = '?';
    line[length++] = '\n';
    if (write(STDERR_FILENO, line, (size_t)length) < 0) return; /* nobody listens */
}

const struct ten_data *ten_server_data(struct ten_server *server) {
    struct ten_error error;
    pthread_mutex_lock(&server->data_lock);
    if (!server->data_tried && ten_data_load(&server->data, server->options.data, &error) != TEN_OK)
        ten_server_say(server, "%s", error.message);
    server->data_tried = true;
    pthread_mutex_unlock(&server->data_lock);
    return server->data.train.count ? &server->data : NULL;
}

/* ---- The socket
 * ------------------------------------------------------------------------------------------------------ */

static enum ten_status listen_at(struct ten_server *server, const struct addrinfo *at, struct ten_error *error) {
    const char *host = server->options.host;
    unsigned port = server->options.port;
    int yes = 1, number = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (number < 0) return ten_fail(error, TEN_IO, "no socket: %s", strerror(errno));
    setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(number, at->ai_addr, at->ai_addrlen) != 0 || listen(number, SOMAXCONN) != 0) {
        int why = errno;
        close(number);
        if (why == EADDRINUSE)
            return ten_fail(error, TEN_IO, "port %u of %s is in use by another program; choose one with --port", port,
                            host);
        if (why == EACCES)
            return ten_fail(error, TEN_IO, "port %u may not be used here; choose one from 1024 on with --port", port);
        return ten_fail(error, TEN_IO, "%s, port %u: %s", host, port, strerror(why));
    }
    server->listener = number;
    return TEN_OK;
}

static enum ten_status open_socket(struct ten_server *server, struct ten_error *error) {
    const struct ten_serve_options *options = &server->options;
    char host[256], text[16];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *list;
    size_t length = strlen(options->host);
    bool brackets = length > 1 && options->host[0] == '[' && options->host[length - 1] == ']';
    snprintf(host, sizeof host, "%.*s", (int)(length - (brackets ? 2 : 0)), options->host + brackets);
    snprintf(text, sizeof text, "%u", options->port);
    int failed = getaddrinfo(host, text, &hints, &list);
    if (failed)
        return ten_fail(error, TEN_NOT_FOUND, "--host \"%s\": no such address here: %s", options->host,
                        gai_strerror(failed));
    enum ten_status status = listen_at(server, list, error);
    freeaddrinfo(list);
    if (status != TEN_OK) return status;
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    if (getsockname(server->listener, (struct sockaddr *)&bound, &size) == 0 &&
        getnameinfo((struct sockaddr *)&bound, size, NULL, 0, text, sizeof text, NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        server->options.port = (unsigned)strtoul(text, NULL, 10);
    bool six = strchr(host, ':') != NULL;
    snprintf(server->address, sizeof server->address, "http://%s%s%s:%u/", six ? "[" : "", host, six ? "]" : "",
             server->options.port);
    ten_guard_init(&server->guard, host, server->options.port);
    return TEN_OK;
}

/* As many files as connections need; fewer connections where there are not so many. */
static size_t most_connections(void) {
    enum { OTHER = 64 };
    struct rlimit limit;
    rlim_t wanted = TEN_MOST_CONNECTIONS + TEN_SPARE_CONNECTIONS + OTHER;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 256;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = limit.rlim_max == RLIM_INFINITY || limit.rlim_max > wanted ? wanted : limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= wanted) return TEN_MOST_CONNECTIONS;
    size_t files = (size_t)limit.rlim_cur;
    return files > 2 * (TEN_SPARE_CONNECTIONS + OTHER) ? files - TEN_SPARE_CONNECTIONS - OTHER : 64;
}

/* ---- The loop
 * -------------------------------------------------------------------------------------------------------- */

/* Waits for connections until a signal comes, which is let in only here, or `seconds` are over. */
static void wait_for_clients(struct ten_server *server, const sigset_t *signals_in, double seconds) {
    struct timespec time = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    struct pollfd listener = {.fd = server->listener, .events = POLLIN};
    if (ppoll(&listener, 1, &time, signals_in) > 0) ten_http_accept(server);
    ten_http_wake(server);
}

/* The thread that looks for models: loading one may take a while. */
static void *watch_models(void *context) {
    enum { SECONDS = 2 };
    struct ten_server *server = context;
    while (!ten_server_stopping(server)) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += SECONDS;
        pthread_mutex_lock(&server->wake_lock);
        if (!ten_server_stopping(server)) pthread_cond_timedwait(&server->wake, &server->wake_lock, &until);
        pthread_mutex_unlock(&server->wake_lock);
        if (!ten_server_stopping(server)) ten_models_scan(server);
    }
    return NULL;
}

static void look_after(struct ten_server *server, const sigset_t *signals_in) {
    enum { PING = 15 };
    double pinged = ten_seconds(), checked = pinged, step = server->connections.patience < 4 ? 0.25 : 1;
    while (!server->options.stop()) {
        wait_for_clients(server, signals_in, step);
        double now = ten_seconds();
        if (now - checked >= step) {
            ten_connections_check(&server->connections);
            checked = now;
        }
        if (now - pinged >= PING) {
            ten_streams_ping();
            pinged = now;
        }
    }
}

static void begin_stop(struct ten_server *server) {
    pthread_mutex_lock(&server->wake_lock);
    atomic_store(&server->stopping, true);
    pthread_cond_signal(&server->wake);
    pthread_mutex_unlock(&server->wake_lock);
}

static enum ten_status serve(struct ten_server *server, const sigset_t *signals_in, struct ten_error *error) {
    pthread_t watcher;
    size_t started = 0;
    ten_models_scan(server);
    enum ten_status status = start_parts(server, &started, error);
    if (status == TEN_OK) status = ten_prepare_start(server, error);
    if (status == TEN_OK) status = ten_http_start(server, error);
    bool watching = status == TEN_OK && pthread_create(&watcher, NULL, watch_models, server) == 0;
    if (status == TEN_OK && server->options.ready) server->options.ready(server->options.context, server->address);
    if (status == TEN_OK) look_after(server, signals_in);
    pthread_sigmask(SIG_SETMASK, signals_in, NULL); /* a second signal ends the program at once */
    begin_stop(server);
    close(server->listener);
    server->listener = -1;
    ten_http_stop(server);
    if (watching) pthread_join(watcher, NULL);
    ten_prepare_stop(server);
    stop_parts(server, started);
    return status;
}

/* Memory that large pictures took goes back to the system at once, and threads share their small blocks. */
static void tame_memory(void) {
#ifdef M_MMAP_THRESHOLD
    mallopt(M_MMAP_THRESHOLD, 4 << 20);
    mallopt(M_TRIM_THRESHOLD, 16 << 20);
    mallopt(M_ARENA_MAX, 4);
#endif
}

enum ten_status ten_serve(const struct ten_serve_options *options, struct ten_error *error) {
    struct ten_server *server = calloc(1, sizeof *server);
    if (!server) return ten_fail_memory(error, "the server");
    server->options = *options;
    if (!options->host) server->options.host = "127.0.0.1";
    if (!options->data) server->options.data = "mnist";
    if (!options->models) server->options.models = "models";
    if (!options->study) server->options.study = "study";
    server->threads = options->threads > 0 ? (size_t)options->threads : ten_pool_processors();
    server->started = ten_seconds();
    server->listener = -1;
    pthread_mutex_init(&server->data_lock, NULL);
    pthread_mutex_init(&server->wake_lock, NULL);
    pthread_cond_init(&server->wake, NULL);
    tame_memory();
    ten_connections_init(&server->connections, most_connections(),
                         options->patience > 0 ? options->patience : TEN_PATIENCE);
    ten_models_init(server);
    /* only this thread is interrupted, and only while it rests */
    sigset_t ours, before;
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ours, &before);
    enum ten_status status = open_socket(server, error);
    if (status == TEN_OK) status = serve(server, &before, error);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (server->listener >= 0) close(server->listener);
    if (server->late) return status; /* threads still use the server, until the program ends */
    ten_models_release(server);
    ten_data_release(&server->data);
    free(server);
    return status;
}
