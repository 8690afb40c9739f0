#include "serve/records.h"

#include "base/file.h"
#include "store/corrections.h"
#include "store/database.h"

#include <pthread.h>
#include <sys/stat.h>

static struct {
    pthread_mutex_t lock;
    struct ten_store *store;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

static enum ten_status open_store(const char *path, struct ten_error *error) {
    enum ten_status status = ten_store_open(&state.store, path, error);
    if (status == TEN_OK) status = ten_store_execute(state.store, "PRAGMA busy_timeout=2000", error); /* others wait */
    if (status == TEN_OK) status = ten_corrections_open(state.store, error);
    if (status == TEN_OK) return TEN_OK;
    ten_store_close(state.store);
    state.store = NULL;
    return status;
}

struct ten_store *ten_records_take(struct ten_server *server, struct ten_reply *reply) {
    const char *path = ten_server_options(server)->runs;
    struct ten_error error;
    if (!path) {
        ten_reply_error(reply, 503, "no_database", "the server was started without a run database");
        return NULL;
    }
    pthread_mutex_lock(&state.lock);
    if (state.store || open_store(path, &error) == TEN_OK) return state.store;
    pthread_mutex_unlock(&state.lock);
    ten_reply_error(reply, 503, "no_database", "%s", error.message);
    return NULL;
}

void ten_records_give(struct ten_store *store) {
    if (store) pthread_mutex_unlock(&state.lock);
}

bool ten_records_of_study(struct ten_server *server, char *path, size_t size) {
    const struct ten_serve_options *options = ten_server_options(server);
    struct stat there, own;
    if (ten_path_join(path, size, options->study, "runs.sqlite", NULL) != TEN_OK || stat(path, &there) != 0)
        return false;
    return !options->runs || stat(options->runs, &own) != 0 || there.st_dev != own.st_dev || there.st_ino != own.st_ino;
}

static void stop(struct ten_server *server) {
    (void)server;
    ten_store_close(state.store);
    state.store = NULL;
}

const struct ten_part ten_part_records = {.stop = stop};
