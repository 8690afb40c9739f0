#include "cli/tune.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/record.h"
#include "study/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Words ------------------------------------------------------------------------------------------------------ */

/* cnn2's is the original study's. */
static const struct usual {
    const char *model, *space, *fixed;
} usual[] = {
    {"cnn2",
     "learning_rate=0.001,0.003,0.005 filters=32,64 kernel_size=3,5 dropout=0.3,0.5 dense=128,256 "
     "activation=relu,leaky-relu",
     "epochs=5"},
    {"cnn", "learning_rate=0.001,0.003,0.005 filters=16,32 kernel_size=3,5 dropout=0,0.3 dense=128,256", "epochs=5"},
    {"mlp", "learning_rate=1e-3,2e-3,4e-3,8e-3 dropout=0,0.2,0.4 batch_size=64,128,256", NULL},
    {"mlp2", "learning_rate=1e-3,2e-3,4e-3,8e-3 dropout=0,0.2,0.4 batch_size=64,128,256", NULL},
    {"lenet5", "learning_rate=1e-3,3e-3,5e-3 dropout=0,0.3 batch_size=64,128", NULL},
    {"network", "learning_rate=3e-4,1e-3,3e-3 batch_size=64,128,256", NULL},
    {"knn", "n_neighbors=1,3,5,7,9 weights=uniform,distance", NULL},
    {"logistic", "C=0.01,0.1,1,10", NULL},
    {"svm", "C=1,3,10,30 gamma=0.01,0.02,0.03,0.05", NULL},
    {"naive-bayes", "var_smoothing=1e-9,1e-6,1e-4,1e-3,1e-2,1e-1", NULL},
};

const char *ten_usual_space(const char *model, const char **fixed) {
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (strcmp(usual[i].model, model) == 0) {
            *fixed = usual[i].fixed;
            return usual[i].space;
        }
    return NULL;
}

static const char *const strategies[] = {"grid", "random", "halving", "tpe"}; /* as in enum ten_strategy */

bool ten_strategy_of(const char *word, enum ten_strategy *strategy) {
    for (size_t i = 0; i < sizeof strategies / sizeof *strategies; i++)
        if (strcmp(strategies[i], word) == 0) {
            *strategy = (enum ten_strategy)i;
            return true;
        }
    return false;
}

/* ---- The search under way ---------------------------------------------------------------------------------------- */

/* What came of a trial beside its struct ten_trial. */
struct outcome {
    size_t epochs, images; /* epochs 0: the model has none */
    double seconds;
    char message[256];
};

struct tuning {
    const struct ten_tuning *wanted;
    const struct ten_run *run;
    struct ten_store *store;
    struct ten_data split; /* train: to fit on; test: to validate on */
    char prep[256];        /* in full */
    json_t *whole;         /* the run of the search, NULL without a store */
    int64_t parent;        /* its number */
    struct ten_trial *trials;
    struct outcome *outcomes;
    size_t count, recalled, best;
    double began;
};

/* Settings of a trial: the fixed ones, then its own, then the epochs of its share. */
struct settings {
    char own[TEN_MAX_DIMENSIONS][128], epochs[32];
    const char *list[MAX_SETTINGS + TEN_MAX_DIMENSIONS + 1];
    size_t count;
};

static void settings_of(const struct tuning *t, const struct ten_trial *trial, struct settings *s) {
    const struct options *options = t->wanted->options;
    s->count = 0;
    for (size_t i = 0; i < options->setting_count; i++) s->list[s->count++] = options->settings[i];
    ten_search_settings(t->wanted->search.space, trial, s->own);
    for (size_t d = 0; d < ten_space_count(t->wanted->search.space); d++) s->list[s->count++] = s->own[d];
}

/* The number of epochs that settings ask for; 0 if the model has no such parameter. */
static double epochs_of(const char *model, const struct settings *s) {
    struct ten_pipeline *pipeline;
    double epochs = 0;
    if (ten_pipeline_new(&pipeline, model, NULL, s->list, s->count, NULL) != TEN_OK) return 0;
    struct ten_pipeline_info info = ten_pipeline_describe(pipeline);
    for (size_t i = 0; i < info.model->parameter_count; i++)
        if (strcmp(info.model->parameters[i].name, "epochs") == 0) epochs = atof(info.settings[i] + strlen("epochs="));
    ten_pipeline_free(pipeline);
    return epochs;
}

/* The share of a budget is made of fewer epochs, and of fewer images where that is not enough. */
static void plan_trial(const struct tuning *t, const struct ten_trial *trial, struct settings *s, struct outcome *out) {
    double epochs = epochs_of(t->wanted->model, s), budget = trial->share * (epochs > 0 ? epochs : 1);
    double whole = epochs > 0 ? fmax(1, ceil(budget - 1e-9)) : 1;
    size_t count = t->split.train.count;
    *out = (struct outcome){.epochs = epochs > 0 ? (size_t)whole : 0,
                            .images = (size_t)(fmin(budget / whole, 1) * (double)count + 0.5)};
    if (out->images < 2 * TEN_CLASSES) out->images = count < 2 * TEN_CLASSES ? count : 2 * TEN_CLASSES;
    if (!out->epochs) return;
    snprintf(s->epochs, sizeof s->epochs, "epochs=%zu", out->epochs);
    s->list[s->count++] = s->epochs;
}

/* The training images of a trial: all, or a stratified part that is the same for all trials of the rung. */
static enum ten_status take_images(const struct tuning *t, size_t wanted, struct ten_dataset *part,
                                   struct ten_error *error) {
    const struct ten_dataset *all = &t->split.train;
    size_t *rows = ten_alloc(wanted, sizeof *rows);
    enum ten_status status =
        rows ? ten_split_stratified(all->labels, all->count, wanted, t->wanted->options->seed, rows, NULL, error)
             : ten_fail_memory(error, "the images");
    if (status == TEN_OK) status = ten_dataset_select(part, all, rows, wanted, error);
    free(rows);
    return status;
}

/* Progress with the trial and the best so far in place of what the fit tells. */
struct shown {
    const struct ten_run *run;
    char stage[64];
    double best;
};

static bool show(void *context, const struct ten_progress *progress) {
    const struct shown *shown = context;
    struct ten_progress own = *progress;
    own.stage = shown->stage;
    if (shown->best > 0) own.score_name = "best", own.score = shown->best;
    return shown->run->progress(shown->run->context, &own);
}

static enum ten_status judge(const struct tuning *t, const struct settings *s, const struct ten_dataset *part,
                             struct ten_metrics *metrics, struct ten_error *error) {
    const struct ten_dataset *held_out = &t->split.test;
    struct shown shown = {.run = t->run, .best = t->best < t->count ? t->trials[t->best].accuracy : 0};
    snprintf(shown.stage, sizeof shown.stage, "trial %zu", t->count + 1);
    struct ten_run run = *t->run;
    if (run.progress) run.progress = show, run.context = &shown;
    run.checkpoint = NULL;
    struct ten_pipeline *pipeline = NULL;
    float *probabilities = ten_alloc(held_out->count * TEN_CLASSES, sizeof *probabilities);
    enum ten_status status = probabilities ? TEN_OK : ten_fail_memory(error, "the probabilities");
    if (status == TEN_OK)
        status = ten_pipeline_new(&pipeline, t->wanted->model, t->wanted->prep, s->list, s->count, error);
    if (status == TEN_OK) status = ten_pipeline_fit(pipeline, part, &run, error);
    if (status == TEN_OK)
        status = ten_pipeline_predict(pipeline, held_out->images, held_out->count, held_out->height, held_out->width,
                                      probabilities, &run, error);
    if (status == TEN_OK)
        status = ten_metrics_compute(metrics, held_out->labels, probabilities, held_out->count, error);
    ten_pipeline_free(pipeline);
    free(probabilities);
    return status;
}

/* Runs a trial. A fit that fails by its numbers is a failed trial, anything else ends the search. */
static enum ten_status try(const struct tuning *t, struct ten_trial *trial, struct outcome *out,
                           struct ten_error *error) {
    struct settings s;
    struct ten_dataset part = {0};
    struct ten_metrics metrics;
    double start = ten_seconds();
    settings_of(t, trial, &s);
    plan_trial(t, trial, &s, out);
    enum ten_status status = take_images(t, out->images, &part, error);
    if (status == TEN_OK) status = judge(t, &s, &part, &metrics, error);
    ten_dataset_release(&part);
    out->seconds = ten_seconds() - start;
    if (status == TEN_NUMERIC || status == TEN_INVALID) {
        trial->failed = true;
        snprintf(out->message, sizeof out->message, "%.250s", error->message);
        return TEN_OK;
    }
    if (status != TEN_OK) return status;
    trial->accuracy = metrics.accuracy;
    trial->log_loss = metrics.log_loss;
    return TEN_OK;
}

/* ---- In the store ------------------------------------------------------------------------------------------------ */

static void identity_of(const struct ten_trial *trial, char *out, size_t size) {
    snprintf(out, size, "point %zu, rung %zu", trial->point, trial->rung);
}

static json_t *settings_json(const struct tuning *t, const struct ten_trial *trial) {
    char own[TEN_MAX_DIMENSIONS][128];
    json_t *settings = json_object();
    ten_search_settings(t->wanted->search.space, trial, own);
    for (size_t d = 0; d < ten_space_count(t->wanted->search.space); d++) {
        char *equals = strchr(own[d], '=');
        *equals = '\0';
        json_object_set_new(settings, own[d], json_string(equals + 1));
    }
    return settings;
}

static enum ten_status keep(const struct tuning *t, const struct ten_trial *trial, const struct outcome *outcome,
                            struct ten_error *error) {
    if (!t->store) return TEN_OK;
    char identity[64], name[96];
    identity_of(trial, identity, sizeof identity);
    snprintf(name, sizeof name, "%s, trial %zu", t->wanted->model, t->count + 1);
    json_t *run = ten_record_below("trial", t->whole, outcome->seconds);
    json_t *metrics = json_pack("{s:I, s:I, s:I, s:f, s:I, s:I}", "trial", (json_int_t)t->count, "point",
                                (json_int_t)trial->point, "rung", (json_int_t)trial->rung, "share", trial->share,
                                "epochs", (json_int_t)outcome->epochs, "images", (json_int_t)outcome->images);
    json_object_set_new(run, "name", json_string(name));
    json_object_set_new(run, "model", json_string(t->wanted->model));
    json_object_set_new(run, "prep", json_string(t->prep));
    json_object_set_new(run, "settings", settings_json(t, trial));
    json_object_set_new(run, "identity", json_string(identity));
    if (trial->failed) {
        json_object_set_new(run, "state", json_string("failed"));
        json_object_set_new(metrics, "message", ten_json_text(outcome->message));
    } else {
        json_object_set_new(run, "accuracy", json_real(trial->accuracy));
        json_object_set_new(metrics, "log_loss", json_real(trial->log_loss));
    }
    json_object_set_new(run, "metrics", metrics);
    return ten_record_add(t->store, run, t->parent, NULL, error);
}

/* A trial as an earlier run has left it; false if it is not there. */
static enum ten_status recall(const struct tuning *t, struct ten_trial *trial, struct outcome *outcome, bool *there,
                              struct ten_error *error) {
    char identity[64];
    json_t *runs;
    *there = false;
    if (!t->store) return TEN_OK;
    identity_of(trial, identity, sizeof identity);
    const struct ten_store_filter filter = {.kind = "trial", .identity = identity, .parent = t->parent, .latest = 1};
    enum ten_status status = ten_store_list(t->store, &filter, &runs, error);
    if (status != TEN_OK) return status;
    const json_t *run = json_array_get(runs, 0), *metrics = json_object_get(run, "metrics");
    if (run) {
        const char *message = json_string_value(json_object_get(metrics, "message"));
        *there = true;
        trial->failed = strcmp(json_string_value(json_object_get(run, "state")), "failed") == 0;
        trial->accuracy = ten_number_of(run, "accuracy");
        trial->log_loss = ten_number_of(metrics, "log_loss");
        *outcome = (struct outcome){.epochs = (size_t)ten_number_of(metrics, "epochs"),
                                    .images = (size_t)ten_number_of(metrics, "images"),
                                    .seconds = ten_number_of(run, "seconds")};
        snprintf(outcome->message, sizeof outcome->message, "%s", message ? message : "");
    }
    json_decref(runs);
    return TEN_OK;
}

static json_t *space_json(const struct ten_space *space) {
    json_t *list = json_array();
    for (size_t d = 0; d < ten_space_count(space); d++) {
        const struct ten_dimension *dimension = ten_space_at(space, d);
        json_t *item = json_pack("{s:s}", "name", dimension->name), *values = json_array();
        for (size_t v = 0; v < dimension->value_count; v++)
            json_array_append_new(values, json_string(dimension->values[v]));
        if (dimension->value_count) {
            json_object_set(item, "values", values);
        } else {
            json_object_set_new(item, "low", json_real(dimension->low));
            json_object_set_new(item, "high", json_real(dimension->high));
            json_object_set_new(item, "log", json_boolean(dimension->logarithmic));
            json_object_set_new(item, "integer", json_boolean(dimension->integer));
        }
        json_decref(values);
        json_array_append_new(list, item);
    }
    return list;
}

/* Finds the search in the store, or adds it: one with the same data, program, model, settings and space. */
static enum ten_status enter(struct tuning *t, struct ten_error *error) {
    const struct options *options = t->wanted->options;
    if (!t->store) return TEN_OK;
    json_t *run = ten_record_new("tune", options, &t->split, 0), *space = space_json(t->wanted->search.space);
    json_t *fixed = json_array();
    for (size_t i = 0; i < options->setting_count; i++)
        json_array_append_new(fixed, ten_json_text(options->settings[i]));
    char *space_text = json_dumps(space, JSON_COMPACT), *fixed_text = json_dumps(fixed, JSON_COMPACT), *identity = NULL;
    if (space_text && fixed_text &&
        asprintf(&identity,
                 "tenfold %s; %s %s; validation %08" PRIx32 "; seed %" PRIu64 "; %s; %s; %s; %s; %s; %s; %zu",
                 ten_version(), t->split.name, json_string_value(json_object_get(run, "checksum")),
                 ten_dataset_checksum(&t->split.test), options->seed, ten_kernel_set(), t->wanted->model, t->prep,
                 fixed_text, space_text, strategies[t->wanted->search.strategy], t->wanted->search.points) < 0)
        identity = NULL;
    free(space_text);
    free(fixed_text);
    json_decref(fixed);
    json_t *runs = NULL;
    const struct ten_store_filter filter = {.kind = "tune", .identity = identity, .latest = 1};
    enum ten_status status =
        identity ? ten_store_list(t->store, &filter, &runs, error) : ten_fail_memory(error, "the search");
    if (status == TEN_OK && json_array_size(runs) == 1) {
        t->parent = json_integer_value(json_object_get(json_array_get(runs, 0), "id"));
        json_decref(space);
    } else if (status == TEN_OK) {
        json_object_set_new(run, "name", json_string(t->wanted->model));
        json_object_set_new(run, "model", json_string(t->wanted->model));
        json_object_set_new(run, "prep", json_string(t->prep));
        json_object_set_new(run, "identity", json_string(identity));
        json_object_set_new(run, "state", json_string("running"));
        json_object_set_new(run, "settings", json_pack("{s:o}", "space", space));
        status = ten_record_add(t->store, json_incref(run), 0, &t->parent, error);
    }
    t->whole = run;
    free(identity);
    json_decref(runs);
    return status;
}

/* ---- The search ---------------------------------------------------------------------------------------------------
 */

static enum ten_status grow(struct tuning *t, struct ten_error *error) {
    struct ten_trial *trials = ten_realloc(t->trials, t->count + 1, sizeof *trials);
    if (trials) t->trials = trials;
    struct outcome *outcomes = ten_realloc(t->outcomes, t->count + 1, sizeof *outcomes);
    if (outcomes) t->outcomes = outcomes;
    return trials && outcomes ? TEN_OK : ten_fail_memory(error, "the trials");
}

static void say_trial(const struct tuning *t, size_t i) {
    struct settings s = {.count = 0};
    const struct ten_trial *trial = &t->trials[i];
    char text[512] = "";
    ten_search_settings(t->wanted->search.space, trial, s.own);
    for (size_t d = 0; d < ten_space_count(t->wanted->search.space); d++) {
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, " %s", s.own[d]);
    }
    ten_say(t->wanted->options, "trial %-4zu %.4f on %.3g of the budget %s", i + 1, trial->accuracy, trial->share,
            text);
}

static enum ten_status search(struct tuning *t, struct ten_error *error) {
    enum ten_status status = TEN_OK;
    for (;;) {
        bool done, there = false;
        struct ten_trial next;
        struct outcome outcome = {0};
        status = ten_search_next(&t->wanted->search, t->trials, t->count, &next, &done, error);
        if (status != TEN_OK || done) return status;
        size_t known = t->recalled;
        status = recall(t, &next, &outcome, &there, error);
        if (status != TEN_OK) return status;
        if (!there && t->wanted->max_seconds > 0 && ten_seconds() - t->began > t->wanted->max_seconds) {
            ten_say(t->wanted->options, "the time is over after %zu trial%s%s", t->count, t->count == 1 ? "" : "s",
                    t->store ? "; the same command with more of it goes on" : "");
            return TEN_OK;
        }
        t->recalled += there;
        if (!there && known && known == t->count)
            ten_say(t->wanted->options, "%zu trials are there already; going on", known);
        if (!there) status = try(t, &next, &outcome, error);
        if (status == TEN_OK && !there) status = keep(t, &next, &outcome, error);
        if (status == TEN_OK) status = grow(t, error);
        if (status != TEN_OK) return status;
        t->trials[t->count] = next;
        t->outcomes[t->count++] = outcome;
        size_t best = ten_search_best(t->trials, t->count);
        if (best != t->best && best < t->count && !there) say_trial(t, best);
        t->best = best;
    }
}

/* ---- What came of it -----------------------------------------------------------------------------------------------
 */

static json_t *trial_json(const struct tuning *t, size_t i) {
    const struct ten_trial *trial = &t->trials[i];
    const struct outcome *outcome = &t->outcomes[i];
    json_t *item =
        json_pack("{s:I, s:I, s:I, s:f, s:o, s:I, s:o, s:o, s:o, s:f, s:s}", "trial", (json_int_t)i, "point",
                  (json_int_t)trial->point, "rung", (json_int_t)trial->rung, "share", trial->share, "epochs",
                  outcome->epochs ? json_integer((json_int_t)outcome->epochs) : json_null(), "images",
                  (json_int_t)outcome->images, "settings", settings_json(t, trial), "accuracy",
                  trial->failed ? json_null() : json_real(trial->accuracy), "log_loss",
                  trial->failed ? json_null() : ten_json_real(trial->log_loss), "seconds", outcome->seconds, "state",
                  trial->failed   ? "failed"
                  : trial->pruned ? "pruned"
                                  : "done");
    if (trial->failed) json_object_set_new(item, "message", ten_json_text(outcome->message));
    return item;
}

/* The best trial's pipeline, fitted on the whole training set, saved. */
static enum ten_status retrain(const struct tuning *t, const struct ten_data *data, json_t **retrained,
                               struct ten_error *error) {
    struct settings s;
    struct ten_pipeline *pipeline = NULL;
    settings_of(t, &t->trials[t->best], &s);
    enum ten_status status = ten_pipeline_new(&pipeline, t->wanted->model, t->wanted->prep, s.list, s.count, error);
    if (status == TEN_OK) status = ten_pipeline_name_classes(pipeline, data->class_names, error);
    if (status == TEN_OK) status = ten_pipeline_fit(pipeline, &data->train, t->run, error);
    if (status == TEN_OK) status = ten_pipeline_save(pipeline, t->wanted->file, error);
    if (status == TEN_OK) {
        struct ten_pipeline_info info = ten_pipeline_describe(pipeline);
        *retrained = json_pack("{s:o, s:f, s:o}", "file", ten_json_text(t->wanted->file), "seconds",
                               info.prep_seconds + info.fit_seconds, "history", ten_json_history(info.history));
    }
    ten_pipeline_free(pipeline);
    return status;
}

static enum ten_status conclude(const struct tuning *t, const struct ten_data *data, json_t **document,
                                struct ten_error *error) {
    const struct ten_space *space = t->wanted->search.space;
    const struct ten_trial *best = &t->trials[t->best];
    double importance[TEN_MAX_DIMENSIONS], seconds = 0;
    size_t points = 0;
    json_t *trials = json_array(), *weights = json_array(), *retrained = NULL;
    for (size_t i = 0; i < t->count; i++) {
        json_array_append_new(trials, trial_json(t, i));
        seconds += t->outcomes[i].seconds;
        if (t->trials[i].point + 1 > points) points = t->trials[i].point + 1;
    }
    ten_search_importance(space, t->trials, t->count, importance);
    for (size_t d = 0; d < ten_space_count(space); d++)
        json_array_append_new(
            weights, json_pack("{s:s, s:f}", "name", ten_space_at(space, d)->name, "importance", importance[d]));
    enum ten_status status = t->wanted->file ? retrain(t, data, &retrained, error) : TEN_OK;
    if (status == TEN_OK && t->store) {
        json_t *changes =
            json_pack("{s:s, s:f, s:f, s:{s:I, s:I}}", "state", "done", "seconds", seconds, "accuracy", best->accuracy,
                      "metrics", "trials", (json_int_t)t->count, "best_trial", (json_int_t)t->best);
        status = ten_store_update(t->store, t->parent, changes, error);
        json_decref(changes);
    }
    if (status == TEN_OK) {
        *document = json_pack(
            "{s:s, s:s, s:s, s:I, s:s, s:I, s:I, s:o, s:I, s:f, s:O, s:{s:I, s:o, s:f, s:o}, s:O, s:O?}", "data",
            data->name, "model", t->wanted->model, "prep", t->prep, "seed", (json_int_t)t->wanted->options->seed,
            "strategy", strategies[t->wanted->search.strategy], "train_count", (json_int_t)t->split.train.count,
            "validation_count", (json_int_t)t->split.test.count, "space", space_json(space), "points",
            (json_int_t)points, "seconds", seconds, "trials", trials, "best", "trial", (json_int_t)t->best, "settings",
            settings_json(t, best), "accuracy", best->accuracy, "log_loss", ten_json_real(best->log_loss), "importance",
            weights, "retrained", retrained);
        if (!*document) status = ten_fail_memory(error, "the search's document");
    }
    json_decref(trials);
    json_decref(weights);
    json_decref(retrained);
    return status;
}

/* The chain in full. */
static enum ten_status name_chain(struct tuning *t, struct ten_error *error) {
    const struct options *options = t->wanted->options;
    struct ten_pipeline *pipeline;
    enum ten_status status = ten_pipeline_new(&pipeline, t->wanted->model, t->wanted->prep, options->settings,
                                              options->setting_count, error);
    if (status != TEN_OK) return status;
    snprintf(t->prep, sizeof t->prep, "%s", ten_pipeline_describe(pipeline).prep);
    ten_pipeline_free(pipeline);
    return TEN_OK;
}

/* The same images once more, so that the caller's stay whole. */
static enum ten_status hold_out(struct tuning *t, const struct ten_data *data, struct ten_error *error) {
    size_t count = data->train.count, *rows = ten_alloc(count, sizeof *rows);
    if (!rows) return ten_fail_memory(error, "the split");
    for (size_t i = 0; i < count; i++) rows[i] = i;
    t->split = *data;
    t->split.train = t->split.test = (struct ten_dataset){0};
    enum ten_status status = ten_dataset_select(&t->split.train, &data->train, rows, count, error);
    free(rows);
    return status == TEN_OK ? ten_hold_out(&t->split, t->wanted->options->seed, error) : status;
}

enum ten_status ten_tune(const struct ten_tuning *tuning, const struct ten_data *data, struct ten_store *store,
                         json_t **document, const struct ten_run *run, struct ten_error *error) {
    *document = NULL;
    struct tuning t = {.wanted = tuning, .run = run, .store = store, .began = ten_seconds()};
    enum ten_status status = name_chain(&t, error);
    if (status == TEN_OK) status = hold_out(&t, data, error);
    if (status == TEN_OK) status = enter(&t, error);
    if (status == TEN_OK) status = search(&t, error);
    if (status == TEN_OK && t.best >= t.count)
        status = t.count ? ten_fail(error, TEN_NUMERIC, "all %zu trials failed; the last one: %s", t.count,
                                    t.outcomes[t.count - 1].message)
                         : ten_fail(error, TEN_INVALID, "no trial was begun in the time given");
    if (status == TEN_OK) status = conclude(&t, data, document, error);
    json_decref(t.whole);
    ten_dataset_release(&t.split.train);
    ten_dataset_release(&t.split.test);
    free(t.trials);
    free(t.outcomes);
    return status;
}
