/* Events of a training, one a line, each written as a whole and at once. A reader that goes away ends the training. */
#include "cli/watch.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "study/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Seconds between two lines of progress; the twelve mistakes of which a network is surest; bytes of its filters. */
static const double INTERVAL = 0.2;
enum { MISTAKES = 12, FILTER_BYTES = 32768 };

/* Prints {"event": NAME, ...} and releases the members. False: nobody reads, or memory is short. */
static bool tell(struct watch *watch, const char *event, json_t *members) {
    json_t *whole = json_pack("{s:s}", "event", event);
    char *text = NULL;
    if (whole && members && json_object_update(whole, members) == 0)
        text = json_dumps(whole, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(10));
    json_decref(whole);
    json_decref(members);
    bool good = text && printf("%s\n", text) > 0 && fflush(stdout) == 0;
    free(text);
    watch->broken |= !good;
    return good;
}

/* ---- Progress ---------------------------------------------------------------------------------------------------- */

static bool on_progress(void *context, const struct ten_progress *p) {
    struct watch *watch = context;
    double now = ten_seconds();
    if (now - watch->told >= INTERVAL) {
        watch->told = now;
        json_t *score_name = p->score_name ? json_string(p->score_name) : json_null();
        tell(watch, "progress",
             json_pack("{s:s, s:s, s:f, s:o, s:o, s:o}", "stage", p->stage, "unit", p->unit, "done", p->done, "total",
                       p->total > 0 ? json_real(p->total) : json_null(), "score_name", score_name, "score",
                       p->score_name ? ten_json_real(p->score) : json_null()));
    }
    return !watch->broken && !ten_stop_requested();
}

/* ---- Epochs ------------------------------------------------------------------------------------------------------ */

struct mistake {
    size_t index;
    float probability;
};

/* Mean natural-log loss and accuracy, and the mistakes of which the model was surest, surest first; how many. */
static size_t judge(const struct watch *watch, double *loss, double *accuracy, struct mistake mistakes[MISTAKES]) {
    const struct ten_dataset *set = watch->validation;
    size_t correct = 0, found = 0;
    double sum = 0;
    for (size_t i = 0; i < set->count; i++) {
        const float *p = watch->probabilities + i * TEN_CLASSES;
        int label = ten_label(p);
        sum -= log(fmax((double)p[set->labels[i]], 1e-15));
        correct += label == set->labels[i];
        if (label == set->labels[i] || (found == MISTAKES && p[label] <= mistakes[found - 1].probability)) continue;
        size_t at = found < MISTAKES ? found++ : found - 1;
        for (; at > 0 && mistakes[at - 1].probability < p[label]; at--) mistakes[at] = mistakes[at - 1];
        mistakes[at] = (struct mistake){i, p[label]};
    }
    *loss = sum / (double)set->count;
    *accuracy = (double)correct / (double)set->count;
    return found;
}

static json_t *mistake_json(const struct watch *watch, const struct mistake *mistake) {
    const struct ten_dataset *set = watch->validation;
    size_t i = mistake->index, pixels = set->height * set->width;
    json_t *json = json_pack("{s:I, s:i, s:i, s:o}", "index", (json_int_t)i, "truth", set->labels[i], "predicted",
                             ten_label(watch->probabilities + i * TEN_CLASSES), "probability",
                             ten_json_real_6((double)mistake->probability));
    return ten_json_whole(json, json_object_set_new(json, "image", ten_json_bytes(set->images + i * pixels, pixels)));
}

/* The members of the last epoch that a history has; those of the held-out images, if there are any, are ours. */
static json_t *history_json(const struct ten_history *history) {
    json_t *json = json_pack("{s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:[]}", "epoch", "rate", "loss", "accuracy",
                             "validation_loss", "validation_accuracy", "seconds", "filters", "mistakes");
    int failed = !json;
    const double *row = history->values + (history->rows - 1) * history->columns;
    for (size_t c = 0; c < history->columns; c++)
        failed |=
            json_object_set_new(json, history->names[c],
                                strcmp(history->names[c], "epoch") ? ten_json_real(row[c]) : json_integer((int)row[c]));
    return ten_json_whole(json, failed);
}

static json_t *epoch_json(const struct watch *watch, const struct ten_pipeline *pipeline) {
    json_t *json = history_json(ten_pipeline_describe(pipeline).history), *list = json_array();
    int failed = json_object_set_new(json, "filters", ten_json_filters(pipeline, FILTER_BYTES));
    if (watch->validation) {
        double loss, accuracy;
        struct mistake mistakes[MISTAKES];
        size_t count = judge(watch, &loss, &accuracy, mistakes);
        failed |= json_object_set_new(json, "validation_loss", json_real(loss));
        failed |= json_object_set_new(json, "validation_accuracy", json_real(accuracy));
        for (size_t i = 0; i < count; i++) failed |= json_array_append_new(list, mistake_json(watch, &mistakes[i]));
    }
    failed |= json_object_set_new(json, "mistakes", list);
    return ten_json_whole(json, failed);
}

static bool on_epoch(void *context, const struct ten_pipeline *pipeline) {
    struct watch *watch = context;
    const struct ten_dataset *set = watch->validation;
    struct ten_run run = {.threads = watch->threads};
    if (set && ten_pipeline_predict(pipeline, set->images, set->count, set->height, set->width, watch->probabilities,
                                    &run, NULL) != TEN_OK)
        return true; /* numbers that lead nowhere: training itself says so soon */
    return tell(watch, "epoch", epoch_json(watch, pipeline)) && !ten_stop_requested();
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

struct ten_run ten_watch_run(struct watch *watch, const struct options *options, const struct ten_dataset *validation) {
    *watch = (struct watch){.validation = validation, .threads = options->threads};
    if (validation) watch->probabilities = ten_alloc(validation->count * TEN_CLASSES, sizeof *watch->probabilities);
    if (!watch->probabilities) watch->validation = NULL;
    struct ten_run run = ten_run_for(options);
    run.progress = on_progress;
    run.epoch = on_epoch;
    run.context = watch;
    return run;
}

void ten_watch_release(struct watch *watch) { free(watch->probabilities); }

enum ten_status ten_watch_begin(struct watch *watch, const struct ten_pipeline *unfitted, size_t train_count,
                                const char *summary, struct ten_error *error) {
    struct ten_pipeline_info info = ten_pipeline_describe(unfitted);
    json_t *settings = ten_settings_json(&info), *epochs = json_object_get(settings, "epochs");
    json_t *members =
        json_pack("{s:s, s:s, s:o, s:I, s:O?, s:s?}", "model", info.model->name, "prep", info.prep, "settings",
                  settings, "train_count", (json_int_t)train_count, "epochs", epochs, "summary", summary);
    if (tell(watch, "begin", members)) return TEN_OK;
    return ten_fail(error, TEN_IO, "standard output: writing failed");
}

void ten_watch_done(struct watch *watch, const json_t *row) { tell(watch, "done", json_copy((json_t *)row)); }

void ten_watch_failed(struct watch *watch, const struct ten_error *error) {
    if (error->status == TEN_CANCELLED)
        tell(watch, "stopped", json_object());
    else
        tell(watch, "failed", json_pack("{s:o}", "message", ten_json_text(error->message)));
}
