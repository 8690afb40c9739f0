/* Models that are missing are trained, one after the other, each by a child process, so that neither the time nor the
 * memory of it is taken from requests: a quick one at once if there is none at all, then the others with the lowest
 * priority, cheap ones first. A child says what it is at in lines of JSON (`train --watch`); a model that is ready is
 * found as any other new file is. What a child has reached when the server ends, it goes on from next time, where the
 * model keeps checkpoints. */
#include "serve/server.h"

#include "base/error.h"
#include "base/file.h"
#include "model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const wanted[] = {"cnn2", "mlp",           "cnn", "naive-bayes",       "logistic", "mlp2",
                                     "knn",  "random-forest", "svm", "gradient-boosting", "cnn-hand"};
enum { WANTED = sizeof wanted / sizeof *wanted, MOST_JOBS = WANTED + 1 };

static const char quick_name[] = "cnn2-quick";

enum state { WAITING, RUNNING, FAILED, READY };
static const char *const state_words[] = {"waiting", "running", "failed", "ready"};

struct job {
    const char *name, *title, *model, *setting; /* setting: NULL, or one that makes it quick */
    bool checkpoints;
    enum state state;
    char stage[96], message[1024];
    double done; /* below 0: not known */
};

struct ten_prepare {
    struct ten_server *server;
    pthread_t thread;
    pthread_mutex_t lock; /* of the jobs */
    struct job jobs[MOST_JOBS];
    size_t count;
    bool terminal; /* whether a line of progress is shown */
};

static void add_job(struct ten_prepare *prepare, const char *name, const char *model, const char *setting) {
    const struct ten_model_type *type = ten_model_find(model);
    if (!type) return;
    prepare->jobs[prepare->count++] = (struct job){.name = name,
                                                   .model = model,
                                                   .title = type->about.title,
                                                   .setting = setting,
                                                   .checkpoints = type->about.checkpoints && !setting,
                                                   .done = -1};
}

static void plan(struct ten_prepare *prepare) {
    struct ten_served *any = ten_served_take(prepare->server, NULL);
    if (!any) add_job(prepare, quick_name, "cnn2", "epochs=1");
    ten_served_give(prepare->server, any);
    for (size_t i = 0; i < WANTED; i++) {
        struct ten_served *there = ten_served_take(prepare->server, wanted[i]);
        if (!there) add_job(prepare, wanted[i], wanted[i], NULL);
        ten_served_give(prepare->server, there);
    }
}

static void set_state(struct ten_prepare *prepare, struct job *job, enum state state, const char *message) {
    pthread_mutex_lock(&prepare->lock);
    job->state = state;
    snprintf(job->message, sizeof job->message, "%s", message);
    pthread_mutex_unlock(&prepare->lock);
}

/* ---- What a child says ---------------------------------------------------------------------------------------------
 */

static void show_progress(const struct ten_prepare *prepare, const struct job *job) {
    if (prepare->terminal && job->setting && job->done >= 0)
        fprintf(stderr, "\rtraining %s: %3.0f %%\033[K", job->name, 100 * job->done);
}

static void take_progress(struct ten_prepare *prepare, struct job *job, const json_t *event) {
    const char *stage = json_string_value(json_object_get(event, "stage"));
    double done = json_number_value(json_object_get(event, "done"));
    double total = json_number_value(json_object_get(event, "total")), epoch, epochs;
    done = total > 0 ? done < total ? done / total : 1 : -1;
    /* a network tells of its epochs one by one */
    if (done >= 0 && stage && sscanf(stage, "fit %*s epoch %lf/%lf", &epoch, &epochs) == 2 && epochs > 0)
        done = (epoch - 1 + done) / epochs;
    pthread_mutex_lock(&prepare->lock);
    snprintf(job->stage, sizeof job->stage, "%s", stage ? stage : "");
    job->done = done;
    pthread_mutex_unlock(&prepare->lock);
    show_progress(prepare, job);
}

/* Reads one line. *row gets the last one's members. */
static void take_line(struct ten_prepare *prepare, struct job *job, const char *line, json_t **row,
                      char message[1024]) {
    json_t *event = json_loads(line, 0, NULL);
    const char *what = json_string_value(json_object_get(event, "event"));
    if (what && strcmp(what, "progress") == 0) take_progress(prepare, job, event);
    if (what && strcmp(what, "failed") == 0) {
        const char *why = json_string_value(json_object_get(event, "message"));
        snprintf(message, 1024, "%s", why ? why : "");
    }
    if (what && strcmp(what, "done") == 0) {
        json_decref(*row);
        *row = json_incref(event);
    }
    json_decref(event);
}

/* ---- One model ------------------------------------------------------------------------------------------------------
 */

static bool path_of(char path[1024], const struct ten_prepare *prepare, const char *name, const char *ending) {
    return snprintf(path, 1024, "%s/%s%s", prepare->server->options.models, name, ending) < 1024;
}

static enum ten_status write_row(const struct ten_prepare *prepare, const struct job *job, json_t *row,
                                 struct ten_error *error) {
    char path[1024];
    if (!path_of(path, prepare, job->name, ".json")) return TEN_OK;
    json_object_del(row, "event");
    json_object_set_new(row, "name", json_string(job->name));
    char *text = json_dumps(row, JSON_INDENT(1) | JSON_REAL_PRECISION(10));
    enum ten_status status =
        text ? ten_file_write(path, text, strlen(text), error) : ten_fail_memory(error, "a model's row");
    free(text);
    return status;
}

/* Removes the quick model once the whole one is there. */
static void remove_quick(const struct ten_prepare *prepare, const struct job *job) {
    char path[1024];
    if (strcmp(job->name, "cnn2") != 0) return;
    if (path_of(path, prepare, quick_name, ".safetensors")) unlink(path);
    if (path_of(path, prepare, quick_name, ".json")) unlink(path);
}

static enum ten_status start_child(const struct ten_prepare *prepare, const struct job *job, struct ten_child *child,
                                   char out[1024], char checkpoint[1024], struct ten_error *error) {
    const struct ten_serve_options *options = &prepare->server->options;
    const char *words[24] = {"train",  job->model,    "--watch", "--quiet",
                             "--on",   "test",        "--out",   out,
                             "--data", options->data, "--runs",  options->runs ? options->runs : "none"};
    size_t count = 12;
    if (job->setting) words[count++] = "--set", words[count++] = job->setting;
    if (job->checkpoints) words[count++] = "--checkpoint", words[count++] = checkpoint;
    return ten_child_start(child, options->program, words, !job->setting, false, error);
}

static void train(struct ten_prepare *prepare, struct job *job) {
    struct ten_server *server = prepare->server;
    char out[1024], checkpoint[1024], message[1024] = "", *line;
    struct ten_child child;
    struct ten_error error;
    json_t *row = NULL;
    int got = 0;
    if (!path_of(out, prepare, job->name, ".safetensors") || !path_of(checkpoint, prepare, job->name, ".checkpoint"))
        return;
    set_state(prepare, job, RUNNING, "");
    ten_server_say(server, "training %s", job->name);
    if (start_child(prepare, job, &child, out, checkpoint, &error) != TEN_OK) {
        set_state(prepare, job, FAILED, error.message);
        ten_server_say(server, "%s", error.message);
        return;
    }
    while (got >= 0 && !ten_server_stopping(server)) {
        got = ten_child_line(&child, 0.2, &line);
        if (got > 0) take_line(prepare, job, line, &row, message);
        if (got > 0) free(line);
    }
    if (prepare->terminal && job->setting) fprintf(stderr, "\r\033[K");
    if (ten_server_stopping(server)) ten_child_stop(&child, TEN_STOP_SECONDS);
    int status = ten_child_end(&child);
    bool good = status == 0 && row && write_row(prepare, job, row, &error) == TEN_OK;
    if (good || !ten_server_stopping(server)) unlink(checkpoint); /* done, or of no use */
    if (good) {
        remove_quick(prepare, job);
        set_state(prepare, job, READY, "");
        ten_models_scan(server);
    } else if (!ten_server_stopping(server)) {
        if (!message[0]) snprintf(message, sizeof message, "the training ended with status %d", status);
        set_state(prepare, job, FAILED, message);
        ten_server_say(server, "training %s failed: %s", job->name, message);
    }
    json_decref(row);
}

/* ---- All of them ---------------------------------------------------------------------------------------------------
 */

/* Told once instead of by every child. */
static bool data_there(struct ten_prepare *prepare) {
    struct ten_data data;
    struct ten_error error;
    enum ten_status status = ten_data_load(&data, prepare->server->options.data, &error);
    if (status == TEN_OK) ten_data_release(&data);
    if (status == TEN_OK) status = ten_make_folder(prepare->server->options.models, &error);
    if (status == TEN_OK) return true;
    ten_server_say(prepare->server, "no model can be trained: %s", error.message);
    for (size_t i = 0; i < prepare->count; i++) set_state(prepare, &prepare->jobs[i], FAILED, error.message);
    return false;
}

static void *train_all(void *context) {
    struct ten_prepare *prepare = context;
    if (!data_there(prepare)) return NULL;
    for (size_t i = 0; i < prepare->count && !ten_server_stopping(prepare->server); i++)
        train(prepare, &prepare->jobs[i]);
    return NULL;
}

enum ten_status ten_prepare_start(struct ten_server *server, struct ten_error *error) {
    if (!server->options.train) return TEN_OK;
    struct ten_prepare *prepare = calloc(1, sizeof *prepare);
    if (!prepare) return ten_fail_memory(error, "the trainings");
    prepare->server = server;
    prepare->terminal = !server->options.quiet && isatty(STDERR_FILENO);
    pthread_mutex_init(&prepare->lock, NULL);
    plan(prepare);
    if (prepare->count == 0 || pthread_create(&prepare->thread, NULL, train_all, prepare) != 0) {
        bool nothing = prepare->count == 0;
        free(prepare);
        return nothing ? TEN_OK : ten_fail(error, TEN_IO, "no thread for the trainings");
    }
    server->prepare = prepare;
    return TEN_OK;
}

void ten_prepare_stop(struct ten_server *server) {
    if (!server->prepare) return;
    pthread_join(server->prepare->thread, NULL);
    free(server->prepare);
    server->prepare = NULL;
}

json_t *ten_prepare_json(struct ten_server *server) {
    struct ten_prepare *prepare = server->prepare;
    json_t *list = json_array();
    if (!prepare) return list;
    pthread_mutex_lock(&prepare->lock);
    for (size_t i = 0; i < prepare->count; i++) {
        const struct job *job = &prepare->jobs[i];
        if (job->state == READY) continue;
        bool running = job->state == RUNNING;
        json_t *one = json_pack("{s:s, s:s, s:s, s:s?, s:o}", "name", job->name, "title", job->title, "state",
                                state_words[job->state], "stage", running && job->stage[0] ? job->stage : NULL, "done",
                                running && job->done >= 0 ? json_real(job->done) : json_null());
        if (one && job->state == FAILED) json_object_set_new(one, "message", json_string(job->message));
        if (one) json_array_append_new(list, one);
    }
    pthread_mutex_unlock(&prepare->lock);
    return list;
}
