#include "cli/record.h"

#include "base/error.h"
#include "base/parallel.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *ten_record_path(const struct options *options) {
    const char *set = getenv("TENFOLD_RUNS");
    return options->runs ? options->runs : set && *set ? set : "runs.sqlite";
}

int ten_record_open(const struct options *options, struct ten_store **store) {
    struct ten_error error;
    *store = NULL;
    if (strcmp(ten_record_path(options), "none") == 0) return DONE;
    if (ten_store_open(store, ten_record_path(options), &error) == TEN_OK) return DONE;
    if (options->runs) return ten_complain_error(&error);
    ten_say(options, "%s; going on without a run database", error.message);
    return DONE;
}

int ten_record_check(const struct options *options) {
    struct ten_store *store;
    if (!options->runs) return DONE;
    int result = ten_record_open(options, &store);
    ten_store_close(store);
    return result;
}

void ten_record_started(json_t *run, double seconds_ago) {
    char started[32];
    time_t began = time(NULL) - (time_t)(seconds_ago + 0.5);
    struct tm parts;
    strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&began, &parts));
    json_object_set_new(run, "started", json_string(started));
}

json_t *ten_record_new(const char *kind, const struct options *options, const struct ten_data *data, double seconds) {
    char checksum[16];
    struct ten_run run = ten_run_for(options);
    snprintf(checksum, sizeof checksum, "%08" PRIx32, ten_dataset_checksum(&data->train));
    json_t *made = json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:I, s:f}", "kind", kind, "data", data->name, "checksum",
                             checksum, "seed", (json_int_t)options->seed, "version", ten_version(), "kernels",
                             ten_kernel_set(), "threads", (json_int_t)ten_threads(&run), "seconds", seconds);
    ten_record_started(made, seconds);
    return made;
}

json_t *ten_record_below(const char *kind, const json_t *parent, double seconds) {
    static const char *const common[] = {"name",     "model", "prep",    "settings", "data",
                                         "checksum", "seed",  "version", "kernels",  "threads"};
    json_t *made = json_pack("{s:s, s:f}", "kind", kind, "seconds", seconds);
    bool good = made != NULL;
    for (size_t i = 0; good && i < sizeof common / sizeof *common; i++) {
        json_t *value = json_object_get(parent, common[i]);
        if (value) good = json_object_set(made, common[i], value) == 0;
    }
    if (good) {
        ten_record_started(made, seconds);
        return made;
    }
    json_decref(made);
    return NULL;
}

json_t *ten_record_of_row(const char *kind, const json_t *row, const struct options *options,
                          const struct ten_data *data, double seconds) {
    static const char *const own[] = {"name", "model", "prep", "settings", "accuracy", "history"};
    json_t *run = ten_record_new(kind, options, data, seconds), *metrics = json_object(), *value;
    const char *key;
    bool good = run && metrics;
    for (size_t i = 0; good && i < sizeof own / sizeof *own; i++) {
        value = json_object_get(row, own[i]);
        if (value && !json_is_array(value)) good = json_object_set(run, own[i], value) == 0;
    }
    json_object_foreach((json_t *)row, key, value) {
        if (good && (json_is_number(value) || json_is_boolean(value)) && strcmp(key, "seed") != 0)
            good = json_object_set(metrics, key, value) == 0;
    }
    if (good && json_object_set(run, "metrics", metrics) == 0) {
        json_decref(metrics);
        return run;
    }
    json_decref(metrics);
    json_decref(run);
    return NULL;
}

enum ten_status ten_record_add(struct ten_store *store, json_t *run, int64_t parent, int64_t *id,
                               struct ten_error *error) {
    enum ten_status status = TEN_OK;
    if (!store) {
        json_decref(run);
        return TEN_OK;
    }
    if (!run || (parent && json_object_set_new(run, "parent", json_integer(parent)) != 0))
        status = ten_fail_memory(error, "a run");
    if (status == TEN_OK) status = ten_store_add(store, run, id, error);
    json_decref(run);
    return status;
}

void ten_record_row(const char *kind, const json_t *row, const struct options *options, const struct ten_data *data,
                    double seconds) {
    struct ten_store *store;
    struct ten_error error;
    if (ten_record_open(options, &store) != DONE) return;
    if (ten_record_add(store, ten_record_of_row(kind, row, options, data, seconds), 0, NULL, &error) != TEN_OK)
        ten_say(options, "%s", error.message);
    ten_store_close(store);
}
