/* GET /api/study and GET /report: the study that is in a folder. Its report is made by a thread of low priority when it
 * is first asked for, and anew when the study's files have changed; until then the one before is shown. */
#include "serve/serve.h"

#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "report/report.h"
#include "serve/policy.h"
#include "serve/records.h"

#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum { MOST_BYTES = 1 << 29, RETRY_SECONDS = 1 };

/* What the files of a study are like now. */
struct look {
    uint64_t sum; /* of names, times and sizes; 0: there is no study */
    time_t newest;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t maker;
    bool started, stop, wanted, making;
    struct look made; /* of what is below */
    struct {
        char *bytes;
        size_t size;
    } html, packed; /* packed with gzip; bytes NULL: none */
    char *policy, etag[40];
    json_t *sections;
    char message[1024]; /* why there is no report of these files */
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

/* ---- The study's files --------------------------------------------------------------------------------------------
 */

static uint64_t mix(uint64_t sum, const void *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) sum = (sum ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
    return sum;
}

/* Adds the JSON files of a folder; their order does not matter. */
static void look_into(const char *folder, struct look *look) {
    DIR *open = opendir(folder);
    if (!open) return;
    const struct dirent *entry;
    struct stat file;
    while ((entry = readdir(open))) {
        size_t length = strlen(entry->d_name);
        if (length < 5 || strcmp(entry->d_name + length - 5, ".json") != 0) continue;
        if (fstatat(dirfd(open), entry->d_name, &file, 0) != 0) continue;
        const int64_t facts[] = {file.st_mtim.tv_sec, file.st_mtim.tv_nsec, file.st_size, (int64_t)file.st_ino};
        look->sum += mix(mix(UINT64_C(0xcbf29ce484222325), entry->d_name, length), facts, sizeof facts);
        if (file.st_mtime > look->newest) look->newest = file.st_mtime;
    }
    closedir(open);
}

static struct look look_at(const char *folder) {
    static const char *const parts[] = {"crossval", "curves", "evaluate"};
    struct look look = {0};
    char path[2048];
    if (ten_path_join(path, sizeof path, folder, "explore.json", NULL) != TEN_OK || !ten_file_exists(path)) return look;
    look_into(folder, &look);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (ten_path_join(path, sizeof path, folder, parts[i], NULL) == TEN_OK) look_into(path, &look);
    look.sum += look.sum == 0;
    return look;
}

/* ---- Making the report --------------------------------------------------------------------------------------------
 */

static void forget_page(void) {
    free(state.html.bytes);
    free(state.packed.bytes);
    free(state.policy);
    json_decref(state.sections);
    state.html.bytes = state.packed.bytes = state.policy = NULL;
    state.sections = NULL;
}

/* NULL: memory is short. */
static char *pack(const uint8_t *bytes, size_t size, size_t *packed_size) {
    enum { GZIP = 16 + MAX_WBITS, MEMORY = 8 };
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)size};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) return NULL;
    uLong room = deflateBound(&stream, size);
    char *out = malloc(room);
    stream.next_out = (Bytef *)out;
    stream.avail_out = (uInt)room;
    bool good = out && deflate(&stream, Z_FINISH) == Z_STREAM_END;
    *packed_size = stream.total_out;
    deflateEnd(&stream);
    if (good) return out;
    free(out);
    return NULL;
}

static void keep_page(uint8_t *html, size_t size) {
    char hex[65];
    size_t packed_size = 0;
    char *packed = pack(html, size, &packed_size);
    json_t *sections = ten_page_sections((const char *)html, size);
    char *policy = ten_page_policy((const char *)html, size);
    ten_sha256(html, size, hex);
    pthread_mutex_lock(&state.lock);
    if (sections && policy) {
        forget_page();
        state.html.bytes = (char *)html;
        state.html.size = size;
        state.packed.bytes = packed;
        state.packed.size = packed_size;
        state.policy = policy;
        state.sections = sections;
        snprintf(state.etag, sizeof state.etag, "\"%.32s\"", hex);
        state.message[0] = '\0';
    }
    pthread_mutex_unlock(&state.lock);
    if (sections && policy) return;
    free(html);
    free(packed);
    free(policy);
    json_decref(sections);
}

static void make_page(struct ten_server *server) {
    const char *folder = getenv("TMPDIR");
    char path[1024];
    struct ten_error error;
    uint8_t *html = NULL;
    size_t size = 0;
    snprintf(path, sizeof path, "%s/tenfold-report-XXXXXX", folder && *folder ? folder : "/tmp");
    int file = mkstemp(path);
    if (file >= 0) close(file);
    enum ten_status status = file >= 0 ? ten_report_page(ten_server_options(server)->study, path, &error)
                                       : ten_fail(&error, TEN_IO, "%s: cannot be made", path);
    if (status == TEN_OK) status = ten_file_read(path, MOST_BYTES, &html, &size, &error);
    if (file >= 0) unlink(path);
    if (status == TEN_OK) {
        keep_page(html, size);
        return;
    }
    pthread_mutex_lock(&state.lock);
    snprintf(state.message, sizeof state.message, "%s", error.message);
    pthread_mutex_unlock(&state.lock);
}

static void *make_pages(void *context) {
    struct ten_server *server = context;
#ifdef __linux__
    setpriority(PRIO_PROCESS, (id_t)gettid(), 19); /* of this thread */
#endif
    pthread_mutex_lock(&state.lock);
    while (!state.stop) {
        if (!state.wanted) {
            pthread_cond_wait(&state.wake, &state.lock);
            continue;
        }
        state.wanted = false;
        state.making = true;
        pthread_mutex_unlock(&state.lock);
        struct look look = look_at(ten_server_options(server)->study);
        make_page(server);
        pthread_mutex_lock(&state.lock);
        state.made = look;
        state.making = false;
    }
    pthread_mutex_unlock(&state.lock);
    return NULL;
}

/* Asks for a report of these files unless there is one. With the lock held; whether it is there, or cannot be. */
static bool report_is_there(struct ten_server *server, const struct look *look) {
    if (look->sum == state.made.sum) return true;
    if (!state.started) state.started = pthread_create(&state.maker, NULL, make_pages, server) == 0;
    if (!state.making) state.wanted = true;
    pthread_cond_signal(&state.wake);
    return false;
}

/* ---- Answers ------------------------------------------------------------------------------------------------------
 */

static void refuse(struct ten_server *server, struct ten_reply *reply) {
    ten_reply_error(reply, 404, "no_study", "%.200s: there is no study; `tenfold study` makes one",
                    ten_server_options(server)->study);
}

static void study(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    (void)request;
    const char *folder = ten_server_options(server)->study;
    char path[2048], updated[32];
    struct look look = look_at(folder);
    bool runs = ten_records_of_study(server, path, sizeof path);
    if (!look.sum) {
        ten_reply_json(reply, 200,
                       json_pack("{s:s, s:n, s:b, s:n, s:b, s:b, s:[]}", "folder", folder, "report", "making", 0,
                                 "updated", "finished", 0, "runs", runs, "sections"));
        return;
    }
    struct tm parts;
    strftime(updated, sizeof updated, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&look.newest, &parts));
    bool finished = ten_path_join(path, sizeof path, folder, "study.json", NULL) == TEN_OK && ten_file_exists(path);
    pthread_mutex_lock(&state.lock);
    bool there = report_is_there(server, &look), any = state.html.bytes != NULL;
    json_t *json = json_pack("{s:s, s:s?, s:b, s:s, s:b, s:b, s:o}", "folder", folder, "report", any ? "/report" : NULL,
                             "making", !there, "updated", updated, "finished", finished, "runs", runs, "sections",
                             any ? json_incref(state.sections) : json_array());
    pthread_mutex_unlock(&state.lock);
    ten_reply_json(reply, 200, json);
}

static const char wait_page[] =
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta http-equiv=\"refresh\" content=\"1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>The report is being made</title>\n"
    "<p>The report is being made.</p>\n</html>\n";

/* A copy of the report, as the next one may come while this one is sent. With the lock held. */
static void reply_report(const struct ten_request *request, struct ten_reply *reply) {
    bool packed = state.packed.bytes && ten_request_takes_gzip(request);
    const char *bytes = packed ? state.packed.bytes : state.html.bytes;
    size_t size = packed ? state.packed.size : state.html.size, etag = size, policy = etag + sizeof state.etag;
    char *all = malloc(policy + strlen(state.policy) + 1);
    if (!all) {
        ten_reply_json(reply, 500, NULL);
        return;
    }
    memcpy(all, bytes, size);
    memcpy(all + etag, state.etag, sizeof state.etag);
    strcpy(all + policy, state.policy);
    *reply = (struct ten_reply){.status = 200,
                                .content_type = "text/html; charset=utf-8",
                                .encoding = packed ? "gzip" : NULL,
                                .etag = all + etag,
                                .policy = all + policy,
                                .data = all,
                                .size = size,
                                .owned = all};
}

static void report(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    struct look look = look_at(ten_server_options(server)->study);
    if (!look.sum) {
        refuse(server, reply);
        return;
    }
    pthread_mutex_lock(&state.lock);
    bool there = report_is_there(server, &look);
    if (state.html.bytes) {
        reply_report(request, reply);
    } else if (there) {
        ten_reply_error(reply, 404, "no_study", "no report can be made of the study yet: %s", state.message);
    } else {
        *reply = (struct ten_reply){.status = 503,
                                    .content_type = "text/html; charset=utf-8",
                                    .retry_seconds = RETRY_SECONDS,
                                    .data = wait_page,
                                    .size = sizeof wait_page - 1};
    }
    pthread_mutex_unlock(&state.lock);
}

static void stop(struct ten_server *server) {
    (void)server;
    pthread_mutex_lock(&state.lock);
    state.stop = true;
    pthread_cond_signal(&state.wake);
    pthread_mutex_unlock(&state.lock);
    if (state.started) pthread_join(state.maker, NULL);
    forget_page();
    state.started = state.stop = false;
    state.made = (struct look){0};
}

const struct ten_part ten_part_study = {.stop = stop};

const struct ten_route ten_routes_study[] = {
    {"GET", "/api/study", false, study},
    {"GET", "/report", false, report},
    {0},
};
