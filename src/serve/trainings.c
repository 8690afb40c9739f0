/* Trainings that are watched: one at a time, each a child process of this program (`train MODEL --watch`), whose lines
 * become events of a stream. A thread of its own reads them, starts the child and sees it end; the last few trainings
 * are kept to be looked at. */
#include "serve/server.h"

#include "base/error.h"
#include "base/file.h"
#include "serve/query.h"
#include "study/json.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MOST_KEPT = 6,
    MOST_SETTINGS = 40,
    SIDE = 28,
    MOST_BODY = 64 << 10,
    /* of a stream: beyond that no more progress and slim epochs, so that there is room for the end */
    PLENTY = TEN_MOST_STREAM_BYTES / 4 * 3
};

enum phase { RUNNING, DONE, FAILED, STOPPED };
static const char *const phase_words[] = {"running", "done", "failed", "stopped"};

struct job {
    int64_t id;
    enum phase phase;
    char model[96], prep[1024], name[96], started[32]; /* prep "": the model's own; name "": it is not kept */
    char settings[MOST_SETTINGS][640];                 /* "name=value" */
    size_t setting_count, limit, sent;                 /* sent: bytes of events, about */
    json_t *given;                                     /* the settings as they were sent */
    struct ten_stream *stream;
    atomic_bool stop;
};

static struct {
    pthread_mutex_t lock;        /* of the list, and of the phase of those in it */
    struct job *jobs[MOST_KEPT]; /* oldest first; only the newest can be running */
    size_t count;
    int64_t last;
    pthread_t thread;
    bool started; /* whether there is a thread to wait for */
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void job_free(struct job *job) {
    if (!job) return;
    ten_stream_drop(job->stream);
    json_decref(job->given);
    free(job);
}

/* ---- What a client asks for ---------------------------------------------------------------------------------------
 */

/* A setting's value as text; false if it is no number, text or truth, or too long. */
static bool write_setting(char *out, size_t size, const char *name, const json_t *value) {
    int length = -1;
    if (json_is_integer(value))
        length = snprintf(out, size, "%s=%lld", name, (long long)json_integer_value(value));
    else if (json_is_real(value))
        length = snprintf(out, size, "%s=%.17g", name, json_real_value(value));
    else if (json_is_boolean(value))
        length = snprintf(out, size, "%s=%s", name, json_is_true(value) ? "true" : "false");
    else if (json_is_string(value))
        length = snprintf(out, size, "%s=%s", name, json_string_value(value));
    return length >= 0 && (size_t)length < size;
}

static bool read_settings(struct job *job, json_t *settings, struct ten_reply *reply) {
    const char *name;
    json_t *value;
    if (!settings) return true;
    job->given = json_incref(settings);
    json_object_foreach(settings, name, value) {
        if (job->setting_count == MOST_SETTINGS ||
            !write_setting(job->settings[job->setting_count++], sizeof *job->settings, name, value)) {
            ten_reply_error(reply, 400, "bad_training", "\"settings\": \"%.60s\" has no value that can be used", name);
            return false;
        }
    }
    return true;
}

/* The first member of the body that is not known, or not as it should be; NULL: all are. */
static const char *wrong_member(json_t *body, const char **expected) {
    const char *key;
    json_t *value;
    json_object_foreach(body, key, value) {
        bool good = true;
        *expected = "there is no such member; expected model, prep, settings, limit, keep";
        if (strcmp(key, "model") == 0)
            *expected = "expected a name", good = json_is_string(value) && json_string_length(value) < 96;
        else if (strcmp(key, "prep") == 0)
            *expected = "expected a chain of steps", good = json_is_string(value) && json_string_length(value) < 1024;
        else if (strcmp(key, "settings") == 0)
            *expected = "expected an object", good = json_is_object(value);
        else if (strcmp(key, "limit") == 0)
            *expected = "expected a whole number from 60 to 1000000",
            good = json_is_integer(value) && json_integer_value(value) >= 60 && json_integer_value(value) <= 1000000;
        else if (strcmp(key, "keep") == 0)
            *expected = "expected true or false", good = json_is_boolean(value);
        else
            good = false;
        if (!good) return key;
    }
    *expected = "expected the name of a model";
    return json_object_get(body, "model") ? NULL : "model";
}

/* Whether such a pipeline can be made and takes digits: what `train` would refuse, told at once. */
static bool check_pipeline(const struct job *job, struct ten_reply *reply) {
    const char *settings[MOST_SETTINGS];
    struct ten_pipeline *pipeline;
    struct ten_error error;
    char *summary = NULL;
    for (size_t i = 0; i < job->setting_count; i++) settings[i] = job->settings[i];
    enum ten_status status =
        ten_pipeline_new(&pipeline, job->model, job->prep[0] ? job->prep : NULL, settings, job->setting_count, &error);
    if (status == TEN_OK) {
        status = ten_pipeline_summarise(pipeline, SIDE, SIDE, &summary, &error);
        ten_pipeline_free(pipeline);
    }
    free(summary);
    if (status != TEN_OK) ten_reply_failure(reply, "bad_training", &error);
    return status == TEN_OK;
}

/* A name in the folder of models that no file has yet: "cnn2-live", "cnn2-live-2", ... */
static void choose_name(struct job *job, const char *folder) {
    for (int i = 1; i < 1000; i++) {
        char number[16] = "", path[2048];
        if (i > 1) snprintf(number, sizeof number, "-%d", i);
        snprintf(job->name, sizeof job->name, "%.60s-live%s", job->model, number);
        snprintf(path, sizeof path, "%s/%s.safetensors", folder, job->name);
        if (!ten_file_exists(path)) return;
    }
}

/* NULL after an answer. */
static struct job *read_job(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    json_t *body = request->size <= MOST_BODY
                       ? json_loadb((const char *)request->body, request->size, JSON_REJECT_DUPLICATES, NULL)
                       : NULL;
    struct job *job = calloc(1, sizeof *job);
    const char *expected, *wrong = json_is_object(body) ? wrong_member(body, &expected) : NULL;
    bool good = false;
    if (!job) {
        ten_reply_json(reply, 500, NULL);
    } else if (!json_is_object(body)) {
        ten_reply_error(reply, 400, "bad_json", "expected {\"model\": \"cnn2\", ...}");
    } else if (wrong) {
        ten_reply_error(reply, 400, "bad_training", "\"%.60s\": %s", wrong, expected);
    } else {
        const char *prep = json_string_value(json_object_get(body, "prep"));
        snprintf(job->model, sizeof job->model, "%s", json_string_value(json_object_get(body, "model")));
        snprintf(job->prep, sizeof job->prep, "%s", prep ? prep : "");
        job->limit = (size_t)json_integer_value(json_object_get(body, "limit"));
        if (json_is_true(json_object_get(body, "keep"))) choose_name(job, ten_server_options(server)->models);
        good = read_settings(job, json_object_get(body, "settings"), reply) && check_pipeline(job, reply);
    }
    json_decref(body);
    if (good) return job;
    job_free(job);
    return NULL;
}

/* ---- What the child says ------------------------------------------------------------------------------------------
 */

/* What is known of a model that is kept, beside it. */
static void write_row(struct ten_server *server, const struct job *job, const json_t *event) {
    char path[2048];
    snprintf(path, sizeof path, "%s/%s.json", ten_server_options(server)->models, job->name);
    json_t *row = json_copy((json_t *)event);
    json_object_set_new(row, "name", json_string(job->name));
    char *text = json_dumps(row, JSON_INDENT(1) | JSON_REAL_PRECISION(10));
    json_decref(row);
    if (text) ten_file_write(path, text, strlen(text), NULL);
    free(text);
    ten_models_scan(server);
}

/* Passes a line on. The phase that it leads to. A model that is kept is there before its training is told to be done.
 */
static enum phase pass_on(struct ten_server *server, struct job *job, const char *line) {
    json_t *event = json_loads(line, 0, NULL);
    char name[16];
    const char *text = json_string_value(json_object_get(event, "event"));
    snprintf(name, sizeof name, "%s", text ? text : "");
    enum phase phase = strcmp(name, "done") == 0      ? DONE
                       : strcmp(name, "failed") == 0  ? FAILED
                       : strcmp(name, "stopped") == 0 ? STOPPED
                                                      : RUNNING;
    bool slim = job->sent > PLENTY;
    if (!text || (slim && strcmp(name, "progress") == 0)) {
        json_decref(event);
        return RUNNING;
    }
    json_object_del(event, "event");
    if (slim && strcmp(name, "epoch") == 0) {
        json_object_set_new(event, "filters", json_null());
        json_object_set_new(event, "mistakes", json_array());
    }
    if (phase == DONE && job->name[0]) write_row(server, job, event);
    job->sent += slim ? 256 : strlen(line);
    ten_stream_event(job->stream, name, event);
    return phase;
}

/* ---- The child ----------------------------------------------------------------------------------------------------
 */

static enum ten_status start_child(struct ten_server *server, const struct job *job, const char *out,
                                   struct ten_child *child, struct ten_error *error) {
    const struct ten_serve_options *options = ten_server_options(server);
    char limit[24];
    const char *words[20 + 2 * MOST_SETTINGS] = {
        "train", job->model, "--watch", "--quiet",     "--on",   "validation",
        "--out", out,        "--data",  options->data, "--runs", options->runs ? options->runs : "none"};
    size_t count = 12;
    if (job->prep[0]) words[count++] = "--prep", words[count++] = job->prep;
    for (size_t i = 0; i < job->setting_count; i++) words[count++] = "--set", words[count++] = job->settings[i];
    if (job->limit) {
        snprintf(limit, sizeof limit, "%zu", job->limit);
        words[count++] = "--limit", words[count++] = limit;
    }
    return ten_child_start(child, options->program, words, true, true, error);
}

static void finish(struct job *job, enum phase phase) {
    pthread_mutex_lock(&state.lock);
    job->phase = phase;
    pthread_mutex_unlock(&state.lock);
    ten_stream_close(job->stream);
}

static void tell_failure(struct job *job, const char *message) {
    ten_stream_event(job->stream, "failed", json_pack("{s:o}", "message", ten_json_text(message)));
    finish(job, FAILED);
}

struct work {
    struct ten_server *server;
    struct job *job;
};

static void *run_job(void *context) {
    struct work work = *(struct work *)context;
    struct ten_server *server = work.server;
    struct job *job = work.job;
    free(context);
    struct ten_child child;
    struct ten_error error = {.message = ""};
    char out[2048] = "/dev/null", message[64], *line;
    enum phase phase = RUNNING;
    if (job->name[0]) snprintf(out, sizeof out, "%s/%s.safetensors", ten_server_options(server)->models, job->name);
    enum ten_status status = job->name[0] ? ten_make_folder(ten_server_options(server)->models, &error) : TEN_OK;
    if (status == TEN_OK) status = start_child(server, job, out, &child, &error);
    if (status != TEN_OK) {
        tell_failure(job, error.message);
        return NULL;
    }
    for (int got = 0, told = 0; got >= 0;) {
        got = ten_child_line(&child, 0.1, &line);
        if (got > 0 && phase == RUNNING) phase = pass_on(server, job, line);
        if (got > 0) free(line);
        if (!told && (ten_server_stopping(server) || atomic_load(&job->stop))) {
            ten_child_stop(&child, 2);
            told = 1;
        }
    }
    int ended = ten_child_end(&child);
    snprintf(message, sizeof message, "the training ended with status %d", ended);
    if (phase != RUNNING) {
        finish(job, phase);
    } else if (atomic_load(&job->stop) || ten_server_stopping(server)) { /* killed: it could not say so */
        ten_stream_event(job->stream, "stopped", json_object());
        finish(job, STOPPED);
    } else {
        tell_failure(job, message);
    }
    return NULL;
}

/* ---- Answers ------------------------------------------------------------------------------------------------------
 */

/* With the lock held. */
static json_t *job_json(const struct job *job) {
    return json_pack("{s:I, s:s, s:s?, s:O?, s:s?, s:s, s:s}", "id", (json_int_t)job->id, "model", job->model, "prep",
                     job->prep[0] ? job->prep : NULL, "settings", job->given, "name", job->name[0] ? job->name : NULL,
                     "state", phase_words[job->phase], "started", job->started);
}

/* With the lock held: the thread of the training before, which has ended or is about to, is waited for; the oldest
 * gives way. False: no memory. */
static bool begin(struct ten_server *server, struct job *job) {
    struct work *work = malloc(sizeof *work);
    job->stream = ten_stream_new();
    if (!work || !job->stream) {
        free(work);
        return false;
    }
    *work = (struct work){server, job};
    time_t now = time(NULL);
    struct tm parts;
    strftime(job->started, sizeof job->started, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
    job->id = state.last + 1;
    if (state.started) pthread_join(state.thread, NULL);
    state.started = pthread_create(&state.thread, NULL, run_job, work) == 0;
    if (!state.started) {
        free(work);
        return false;
    }
    state.last++;
    if (state.count == MOST_KEPT) {
        job_free(state.jobs[0]);
        memmove(state.jobs, state.jobs + 1, --state.count * sizeof *state.jobs);
    }
    state.jobs[state.count++] = job;
    return true;
}

static void start(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    struct job *job = read_job(server, request, reply);
    if (!job) return;
    pthread_mutex_lock(&state.lock);
    bool busy = state.count && state.jobs[state.count - 1]->phase == RUNNING;
    bool begun = !busy && begin(server, job);
    int64_t id = job->id; /* the job is the list's now */
    pthread_mutex_unlock(&state.lock);
    if (busy)
        ten_reply_error(reply, 409, "training_busy", "a training is running; stop it first, or wait for its end");
    else if (begun)
        ten_reply_json(reply, 202, json_pack("{s:I}", "id", (json_int_t)id));
    else
        ten_reply_error(reply, 503, "no_training", "a training could not be started: memory or threads are short");
    if (!begun) job_free(job);
}

static void list(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    (void)server, (void)request;
    json_t *list = json_array();
    int failed = 0;
    pthread_mutex_lock(&state.lock);
    for (size_t i = state.count; i-- > 0;) failed |= json_array_append_new(list, job_json(state.jobs[i]));
    pthread_mutex_unlock(&state.lock);
    json_t *json = json_pack("{s:o}", "trainings", list);
    ten_reply_json(reply, 200, ten_json_whole(json, failed));
}

/* With the lock held. NULL: there is none, and an answer says so. */
static struct job *find(int64_t id, struct ten_reply *reply) {
    for (size_t i = 0; i < state.count; i++)
        if (state.jobs[i]->id == id) return state.jobs[i];
    ten_reply_error(reply, 404, "no_training", "there is no training %lld", (long long)id);
    return NULL;
}

static void stop_one(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    (void)server;
    int64_t id;
    if (!ten_request_id(request, &id, reply)) return;
    pthread_mutex_lock(&state.lock);
    struct job *job = find(id, reply);
    if (job) {
        atomic_store(&job->stop, true);
        ten_reply_json(reply, 200, job_json(job));
    }
    pthread_mutex_unlock(&state.lock);
}

static void follow(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    (void)server;
    char *end;
    long long id = strtoll(request->rest, &end, 10);
    if (end == request->rest || strcmp(end, "/events") != 0) {
        ten_reply_error(reply, 404, "not_found", "there is nothing at %.100s", request->path);
        return;
    }
    pthread_mutex_lock(&state.lock);
    struct job *job = find(id, reply);
    if (job)
        *reply = (struct ten_reply){
            .status = 200, .content_type = "text/event-stream", .stream = ten_stream_keep(job->stream)};
    pthread_mutex_unlock(&state.lock);
}

static void stop(struct ten_server *server) {
    (void)server;
    if (state.started) pthread_join(state.thread, NULL);
    state.started = false;
    for (size_t i = 0; i < state.count; i++) job_free(state.jobs[i]);
    state.count = 0;
}

const struct ten_part ten_part_trainings = {.stop = stop};

const struct ten_route ten_routes_trainings[] = {
    {"POST", "/api/trainings", false, start},
    {"GET", "/api/trainings", false, list},
    {"GET", "/api/trainings/", true, follow},
    {"DELETE", "/api/trainings/", true, stop_one},
    {0},
};
