/* The models of a study: the search for the best parameters, cross-validation, curves, and the test set. */
#include "cli/study.h"

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/crossval.h"
#include "cli/record.h"
#include "cli/robustness.h"
#include "cli/tune.h"
#include "study/json.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* -1 if there is no such file. */
static json_int_t file_bytes(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 ? (json_int_t)info.st_size : -1;
}

/* ---- The search ---------------------------------------------------------------------------------------------------
 */

static const char tuned_model[] = "cnn2", tuned_prep[] = "minmax,crop20"; /* as in the original study */
enum { QUICK_POINTS = 12, LEAST_SEARCHED = 100 };

static json_t *make_tune(struct ten_study *study, const void *context, enum ten_status *status,
                         struct ten_error *error) {
    const char *fixed, *space_text = ten_usual_space(tuned_model, &fixed);
    struct options options = study->options;
    struct ten_space *space = NULL;
    json_t *document = NULL;
    (void)context;
    options.settings[0] = fixed;
    options.setting_count = 1;
    *status = ten_space_parse(&space, space_text, tuned_model, error);
    const struct ten_tuning tuning = {
        .model = tuned_model,
        .prep = tuned_prep,
        .options = &options,
        .search = {space, TEN_HALVING, study->options.quick ? QUICK_POINTS : 0, study->options.seed}};
    if (*status == TEN_OK) *status = ten_tune(&tuning, &study->data, study->store, &document, &study->run, error);
    ten_space_free(space);
    return document;
}

/* The settings of the best trial as options of their own. */
static enum ten_status take_settings(struct ten_study *study, struct ten_entry *entry, const json_t *tune,
                                     struct ten_error *error) {
    const char *key, *fixed;
    json_t *value;
    entry->own_options = calloc(1, sizeof *entry->own_options);
    if (!entry->own_options) return ten_fail_memory(error, "the search's settings");
    *entry->own_options = study->options;
    entry->own_options->setting_count = 0;
    ten_usual_space(tuned_model, &fixed);
    entry->own_options->settings[entry->own_options->setting_count++] = strdup(fixed);
    json_object_foreach(json_object_get(json_object_get(tune, "best"), "settings"), key, value) {
        char *setting;
        const char *text = json_string_value(value);
        if (!text || entry->own_options->setting_count == MAX_SETTINGS) continue;
        if (asprintf(&setting, "%s=%s", key, text) < 0) return ten_fail_memory(error, "the search's settings");
        entry->own_options->settings[entry->own_options->setting_count++] = setting;
    }
    return TEN_OK;
}

/* The best is fitted and saved with the others, as the entry `tuned`. */
enum ten_status ten_study_tune(struct ten_study *study, struct ten_error *error) {
    bool studied = false;
    for (size_t i = 0; i < study->entry_count; i++) studied |= strcmp(study->entries[i].name, tuned_model) == 0;
    if (!studied || study->data.train.count < LEAST_SEARCHED) return TEN_OK;
    char made_with[STUDY_TEXT];
    json_t *part;
    struct ten_entry *entry = &study->entries[study->entry_count];
    snprintf(made_with, sizeof made_with, "%s; %s; %s; %s", study->made_with, tuned_model, tuned_prep,
             study->options.quick ? "quick" : "whole");
    enum ten_status status = ten_study_part(study, "", "tune", made_with, make_tune, NULL, &part, error);
    if (status != TEN_OK) return status;
    *entry = (struct ten_entry){.name = "tuned", .model = tuned_model, .own = true};
    snprintf(entry->prep, sizeof entry->prep, "%s", tuned_prep);
    status = take_settings(study, entry, part, error);
    study->entry_count++;
    json_decref(part);
    return status;
}

/* The row of the search's best has a title of its own, as its model has another row. */
static void title(const struct ten_entry *entry, json_t *row) {
    if (strcmp(entry->name, "tuned") == 0)
        json_object_set_new(row, "title", json_string("Convolutional network, tuned"));
}

/* ---- Cross-validation -----------------------------------------------------------------------------------------------
 */

static enum ten_status crossvalidate(struct ten_study *study, struct ten_entry *entry, const size_t *fold,
                                     float *probabilities, json_t **row, struct ten_error *error) {
    char path[STUDY_TEXT], answers[STUDY_TEXT], text[STUDY_TEXT], made_with[STUDY_TEXT + 32];
    snprintf(made_with, sizeof made_with, "%s; %zu folds", ten_study_made_with(study, entry, text), study->folds);
    enum ten_status status = ten_study_path(study, path, "crossval/", entry->name, ".json", error);
    if (status == TEN_OK) status = ten_study_path(study, answers, "out-of-fold/", entry->name, ".safetensors", error);
    if (status != TEN_OK) return status;
    *row = ten_study_kept(study, path, made_with);
    if (*row && json_integer_value(json_object_get(*row, "answers_bytes")) == file_bytes(answers)) return TEN_OK;
    json_decref(*row);
    remove(path); /* an older row must not stand beside newer answers, should this be stopped in between */
    const struct ten_contender contender = {entry->name, entry->model, entry->prep, entry->own_options};
    status = ten_crossval_row(&contender, &study->data, fold, study->folds, probabilities, study->store, row,
                              &study->run, error);
    if (status == TEN_OK) status = ten_write_out_of_fold(answers, &study->data, NULL, 1, fold, probabilities, error);
    if (status != TEN_OK) return status;
    title(entry, *row);
    json_object_set_new(*row, "answers_bytes", json_integer(file_bytes(answers)));
    return ten_study_write(study, *row, path, made_with, error);
}

/* A row without what belongs to its file. */
static json_t *bare(const json_t *part) {
    json_t *row = json_copy((json_t *)part);
    json_object_del(row, "made_with");
    json_object_del(row, "made_in");
    json_object_del(row, "answers_bytes");
    return row;
}

enum ten_status ten_study_crossval(struct ten_study *study, struct ten_error *error) {
    enum ten_status status = TEN_OK;
    size_t count = study->data.train.count,
           *fold = ten_deal_folds(&study->data, study->folds, study->options.seed, &status, error);
    float *probabilities = fold ? ten_alloc(count * TEN_CLASSES, sizeof *probabilities) : NULL;
    json_t *rows = json_array();
    if (fold && (!probabilities || !rows)) status = ten_fail_memory(error, "the folds");
    for (size_t i = 0; i < study->entry_count && status == TEN_OK; i++) {
        struct ten_entry *entry = &study->entries[i];
        json_t *row = NULL;
        status = crossvalidate(study, entry, fold, probabilities, &row, error);
        if (status == TEN_OK) {
            entry->validation = ten_number_of(row, "mean");
            ten_study_say(study, entry, "folds", entry->validation, "");
            json_array_append_new(rows, bare(row));
            if (entry->validation > study->entries[study->best].validation + 1e-9)
                study->best = i; /* kept: 10 digits */
        }
        json_decref(row);
    }
    char path[STUDY_TEXT];
    if (status == TEN_OK) status = ten_study_path(study, path, "", "crossval", ".json", error);
    if (status == TEN_OK)
        status = ten_write_json(json_pack("{s:s, s:I, s:I, s:I, s:O}", "data", study->data.name, "folds",
                                          (json_int_t)study->folds, "seed", (json_int_t)study->options.seed,
                                          "train_count", (json_int_t)count, "rows", rows),
                                path, error);
    json_decref(rows);
    free(probabilities);
    free(fold);
    return status;
}

/* ---- Curves ---------------------------------------------------------------------------------------------------------
 */

static json_t *make_curve(struct ten_study *study, const void *context, enum ten_status *status,
                          struct ten_error *error) {
    const struct ten_entry *entry = context;
    struct options own = *entry->own_options;
    struct ten_pipeline *pipeline = NULL;
    json_t *curve = NULL;
    if (own.setting_count < MAX_SETTINGS) own.settings[own.setting_count++] = "validation_fraction=0.1667";
    *status = ten_pipeline_new(&pipeline, entry->model, entry->prep, own.settings, own.setting_count, error);
    if (*status == TEN_OK) *status = ten_pipeline_fit(pipeline, &study->data.train, &study->run, error);
    if (*status == TEN_OK)
        curve = json_pack("{s:s, s:s, s:o}", "name", entry->name, "prep", entry->prep, "history",
                          ten_json_history(ten_pipeline_describe(pipeline).history));
    ten_pipeline_free(pipeline);
    return curve;
}

/* Whether a model has a parameter. */
static bool has_parameter(const char *model, const char *name) {
    for (size_t m = 0; ten_model_at(m); m++)
        for (size_t p = 0; strcmp(ten_model_at(m)->name, model) == 0 && p < ten_model_at(m)->parameter_count; p++)
            if (strcmp(ten_model_at(m)->parameters[p].name, name) == 0) return true;
    return false;
}

enum ten_status ten_study_curves(struct ten_study *study, struct ten_error *error) {
    enum ten_status status = TEN_OK;
    for (size_t i = 0; i < study->entry_count && status == TEN_OK; i++) {
        const struct ten_entry *entry = &study->entries[i];
        char made_with[STUDY_TEXT];
        if (!entry->own || !has_parameter(entry->model, "validation_fraction")) continue;
        status = ten_study_part(study, "curves/", entry->name, ten_study_made_with(study, entry, made_with), make_curve,
                                entry, NULL, error);
    }
    return status;
}

/* ---- The test set
 * ----------------------------------------------------------------------------------------------------- */

/* Accuracy on spoilt images: forty predictions of the test set, for a first look of a tenth of it. */
static json_t *spoil(struct ten_study *study, const struct ten_pipeline *pipeline, enum ten_status *status,
                     struct ten_error *error) {
    enum { LOOK = 1000 };
    const struct ten_dataset *test = &study->data.test;
    if (!study->options.quick || test->count <= LOOK)
        return ten_robustness_json(pipeline, test, &study->run, status, error);
    size_t rows[LOOK];
    struct ten_dataset part = {0};
    json_t *robustness = NULL;
    *status = ten_split_stratified(test->labels, test->count, LOOK, study->options.seed, rows, NULL, error);
    if (*status == TEN_OK) *status = ten_dataset_select(&part, test, rows, LOOK, error);
    if (*status == TEN_OK) robustness = ten_robustness_json(pipeline, &part, &study->run, status, error);
    ten_dataset_release(&part);
    return robustness;
}

/* Fits an entry on the whole training set, saves it and measures it on the test set; those with their own chain also on
 * spoilt images, and fitted on fewer. *part gets the evaluation. */
static enum ten_status evaluate(struct ten_study *study, const struct ten_entry *entry, json_t **part,
                                struct ten_error *error) {
    char path[STUDY_TEXT], model[STUDY_TEXT], made_with[STUDY_TEXT];
    ten_study_made_with(study, entry, made_with);
    enum ten_status status = ten_study_path(study, path, "evaluate/", entry->name, ".json", error);
    if (status == TEN_OK) status = ten_study_path(study, model, "models/", entry->name, ".safetensors", error);
    if (status != TEN_OK) return status;
    *part = ten_study_kept(study, path, made_with);
    if (*part && json_integer_value(json_object_get(*part, "model_bytes")) == file_bytes(model)) return TEN_OK;
    json_decref(*part);
    *part = NULL;
    remove(path); /* an older evaluation must not stand beside the newer model, should this be stopped in between */
    struct measured measured;
    json_t *robustness = NULL, *learning = NULL;
    status = ten_measure(&measured, entry->name, entry->model, entry->prep, entry->own_options, &study->data, true,
                         &study->run, error);
    if (status == TEN_OK) status = ten_pipeline_save(measured.pipeline, model, error);
    if (status == TEN_OK && entry->own) robustness = spoil(study, measured.pipeline, &status, error);
    if (status == TEN_OK && entry->own)
        learning = ten_learning_json(measured.pipeline, &study->data, &study->run, &status, error);
    if (status == TEN_OK) {
        *part = ten_evaluation_json(&measured, &study->data, "test", true);
        title(entry, *part);
        json_object_set_new(*part, "model_bytes", json_integer(file_bytes(model)));
        if (robustness) json_object_set(*part, "robustness", robustness);
        if (learning) json_object_set(*part, "learning_curve", learning);
        struct ten_pipeline_info info = ten_pipeline_describe(measured.pipeline);
        double seconds = info.prep_seconds + info.fit_seconds + measured.predict_seconds;
        json_t *run = ten_record_of_row("evaluation", *part, entry->own_options, &study->data, seconds);
        status = ten_record_add(study->store, run, 0, NULL, error);
    }
    if (status == TEN_OK) status = ten_study_write(study, *part, path, made_with, error);
    json_decref(robustness);
    json_decref(learning);
    ten_measured_release(&measured);
    return status;
}

/* A row of compare.json out of an evaluation: without its details. */
static json_t *row_of(const json_t *evaluation, double validation) {
    static const char *const details[] = {
        "on",        "data",       "classes",          "per_class",  "weighted",       "confusion",  "roc",
        "history",   "mistakes",   "made_with",        "made_in",    "model_bytes",    "pr",         "calibration",
        "predicted", "confidence", "without_rejected", "robustness", "learning_curve", "importances"};
    json_t *row = json_copy((json_t *)evaluation);
    for (size_t i = 0; i < sizeof details / sizeof *details; i++) json_object_del(row, details[i]);
    json_object_set_new(row, "validation_accuracy", json_real(validation));
    return row;
}

enum ten_status ten_study_compare(struct ten_study *study, json_t *rows, struct ten_error *error) {
    enum ten_status status = TEN_OK;
    for (size_t i = 0; status == TEN_OK && i < study->entry_count; i++) {
        json_t *part = NULL;
        status = evaluate(study, &study->entries[i], &part, error);
        if (status == TEN_OK) {
            bool converged = json_is_true(json_object_get(part, "converged"));
            ten_study_say(study, &study->entries[i], "test", ten_number_of(part, "accuracy"),
                          converged ? "" : "  (not converged)");
            json_array_append_new(rows, row_of(part, study->entries[i].validation));
        }
        json_decref(part);
    }
    char path[STUDY_TEXT];
    if (status == TEN_OK) status = ten_study_path(study, path, "", "compare", ".json", error);
    if (status == TEN_OK)
        status = ten_write_json(json_pack("{s:s, s:n, s:I, s:s, s:I, s:I, s:O}", "data", study->data.name, "prep",
                                          "seed", (json_int_t)study->options.seed, "on", "test", "train_count",
                                          (json_int_t)study->data.train.count, "test_count",
                                          (json_int_t)study->data.test.count, "rows", rows),
                                path, error);
    return status;
}
