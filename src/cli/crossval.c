#include "cli/crossval.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "cli/record.h"
#include "data/safetensors.h"
#include "study/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

size_t *ten_deal_folds(const struct ten_data *data, size_t folds, uint64_t seed, enum ten_status *status,
                       struct ten_error *error) {
    size_t count = data->train.count, *fold = ten_alloc(count, sizeof *fold);
    if (!fold)
        *status = ten_fail_memory(error, "the folds");
    else if (count < folds)
        *status = ten_fail(error, TEN_INVALID, "%zu training images cannot make %zu folds", count, folds);
    else
        *status = ten_split_folds(data->train.labels, count, folds, seed, fold, error);
    if (*status == TEN_OK) return fold;
    free(fold);
    return NULL;
}

/* ---- A row --------------------------------------------------------------------------------------------------------
 */

static void put(json_t *row, const char *key, json_t *value) { json_object_set_new(row, key, value); }

/* Name, model, title, chain and settings: those of a pipeline that is not fitted. */
static enum ten_status describe(const struct ten_contender *contender, json_t **row, struct ten_error *error) {
    struct measured unfitted = {0};
    snprintf(unfitted.name, sizeof unfitted.name, "%s", contender->name);
    enum ten_status status = ten_pipeline_new(&unfitted.pipeline, contender->model, contender->prep,
                                              contender->own->settings, contender->own->setting_count, error);
    if (status != TEN_OK) return status;
    json_t *whole = ten_row_json(&unfitted, 0, false);
    ten_measured_release(&unfitted);
    static const char *const members[] = {"name", "model", "title", "prep", "settings"};
    *row = json_object();
    bool good = whole && *row;
    for (size_t i = 0; good && i < sizeof members / sizeof *members; i++)
        good = json_object_set(*row, members[i], json_object_get(whole, members[i])) == 0;
    json_decref(whole);
    return good ? TEN_OK : ten_fail_memory(error, "the row");
}

/* Members of a fold, each an array over the folds. */
static const struct member {
    const char *name;
    size_t offset;
} members[] = {{"accuracy", offsetof(struct ten_fold, accuracy)},
               {"log_loss", offsetof(struct ten_fold, log_loss)},
               {"prep_seconds", offsetof(struct ten_fold, prep_seconds)},
               {"fit_seconds", offsetof(struct ten_fold, fit_seconds)},
               {"predict_seconds", offsetof(struct ten_fold, predict_seconds)}};
enum { MEMBERS = sizeof members / sizeof *members };

static double member_of(const struct ten_fold *fold, size_t m) {
    double value;
    memcpy(&value, (const char *)fold + members[m].offset, sizeof value);
    return value;
}

static void put_folds(json_t *row, const struct ten_fold *results, size_t folds) {
    double mean = 0, squares = 0;
    bool converged = true;
    for (size_t m = 0; m < MEMBERS; m++) {
        json_t *list = json_array();
        for (size_t f = 0; f < folds; f++) json_array_append_new(list, ten_json_real(member_of(&results[f], m)));
        put(row, members[m].name, list);
    }
    for (size_t f = 0; f < folds; f++) {
        mean += results[f].accuracy / (double)folds;
        converged = converged && results[f].converged;
    }
    for (size_t f = 0; f < folds; f++) squares += pow(results[f].accuracy - mean, 2);
    put(row, "mean", json_real(mean));
    put(row, "deviation", json_real(sqrt(squares / (double)(folds - 1))));
    put(row, "converged", json_boolean(converged));
}

/* The whole, and below it a run for each fold. */
static enum ten_status record(struct ten_store *store, const struct ten_contender *contender,
                              const struct ten_data *data, const json_t *row, const struct ten_fold *results,
                              size_t folds, double seconds, struct ten_error *error) {
    int64_t parent = 0;
    if (!store) return TEN_OK;
    json_t *whole = ten_record_of_row("crossval", row, contender->own, data, seconds);
    put(whole, "accuracy", json_real(ten_number_of(row, "mean")));
    put(json_object_get(whole, "metrics"), "train_count", json_integer((json_int_t)data->train.count));
    enum ten_status status = ten_record_add(store, json_incref(whole), 0, &parent, error);
    for (size_t f = 0; f < folds && status == TEN_OK; f++) {
        char name[128];
        const struct ten_fold *fold = &results[f];
        snprintf(name, sizeof name, "%s, fold %zu", contender->name, f + 1);
        json_t *run = ten_record_below("fold", whole, fold->prep_seconds + fold->fit_seconds + fold->predict_seconds);
        double ago = 0; /* this fold and those after it */
        for (size_t k = f; k < folds; k++)
            ago += results[k].prep_seconds + results[k].fit_seconds + results[k].predict_seconds;
        ten_record_started(run, ago);
        json_t *metrics = json_object();
        for (size_t m = 0; m < MEMBERS; m++) put(metrics, members[m].name, ten_json_real(member_of(fold, m)));
        put(metrics, "fold", json_integer((json_int_t)f));
        put(run, "name", json_string(name));
        put(metrics, "train_count", json_integer((json_int_t)data->train.count));
        put(run, "accuracy", ten_json_real(fold->accuracy));
        put(run, "metrics", metrics);
        status = ten_record_add(store, run, parent, NULL, error);
    }
    json_decref(whole);
    return status;
}

enum ten_status ten_crossval_row(const struct ten_contender *contender, const struct ten_data *data, const size_t *fold,
                                 size_t folds, float *probabilities, struct ten_store *store, json_t **row,
                                 const struct ten_run *run, struct ten_error *error) {
    *row = NULL;
    double start = ten_seconds();
    struct ten_fold *results = ten_alloc_zero(folds, sizeof *results);
    struct ten_metrics metrics;
    enum ten_status status = results ? describe(contender, row, error) : ten_fail_memory(error, "the folds");
    if (status == TEN_OK)
        status = ten_crossvalidate(contender->model, contender->prep, contender->own->settings,
                                   contender->own->setting_count, &data->train, fold, folds, results, probabilities,
                                   run, error);
    if (status == TEN_OK)
        status = ten_metrics_compute(&metrics, data->train.labels, probabilities, data->train.count, error);
    if (status == TEN_OK) {
        put_folds(*row, results, folds);
        put(*row, "out_of_fold_accuracy", json_real(metrics.accuracy));
        put(*row, "out_of_fold_log_loss", ten_json_real(metrics.log_loss));
        status = record(store, contender, data, *row, results, folds, ten_seconds() - start, error);
    }
    free(results);
    if (status != TEN_OK) {
        json_decref(*row);
        *row = NULL;
    }
    return status;
}

/* ---- Probabilities ------------------------------------------------------------------------------------------------
 */

enum ten_status ten_write_out_of_fold(const char *path, const struct ten_data *data, char (*names)[96], size_t models,
                                      const size_t *fold, const float *probabilities, struct ten_error *error) {
    struct ten_tensors tensors = {.metadata = json_pack("{s:s}", "data", data->name)};
    size_t count = data->train.count, shape[] = {count, TEN_CLASSES};
    int32_t *folds = ten_alloc(count, sizeof *folds);
    enum ten_status status = folds && tensors.metadata ? TEN_OK : ten_fail_memory(error, "the probabilities");
    for (size_t i = 0; i < count && status == TEN_OK; i++) folds[i] = (int32_t)fold[i];
    for (size_t m = 0; m < models && status == TEN_OK; m++) {
        char name[128];
        snprintf(name, sizeof name, "%s%sprobabilities", names ? names[m] : "", names ? "." : "");
        status = ten_tensors_add(&tensors, name, TEN_F32, 2, shape, probabilities + m * count * TEN_CLASSES, error);
    }
    if (status == TEN_OK) status = ten_tensors_add(&tensors, "fold", TEN_I32, 1, shape, folds, error);
    if (status == TEN_OK) status = ten_tensors_add(&tensors, "labels", TEN_U8, 1, shape, data->train.labels, error);
    if (status == TEN_OK) status = ten_safetensors_write(&tensors, path, error);
    ten_tensors_release(&tensors);
    free(folds);
    return status;
}

enum ten_status ten_read_out_of_fold(const char *path, const struct ten_data *data, float *probabilities,
                                     struct ten_error *error) {
    struct ten_tensors tensors = {0};
    size_t shape[] = {data->train.count, TEN_CLASSES};
    void *read = NULL;
    enum ten_status status = ten_safetensors_read(&tensors, path, error);
    if (status == TEN_OK) status = ten_tensors_take(&tensors, "probabilities", TEN_F32, 2, shape, &read, error);
    if (status == TEN_OK) memcpy(probabilities, read, shape[0] * shape[1] * sizeof *probabilities);
    free(read);
    ten_tensors_release(&tensors);
    return status;
}
