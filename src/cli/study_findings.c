/* What a study makes of its models' answers: who differs, which labels to doubt, maps of the digits, the best network
 * from inside. */
#include "cli/study.h"

#include "base/error.h"
#include "base/memory.h"
#include "cli/crossval.h"
#include "cli/embed.h"
#include "cli/inside.h"
#include "study/json.h"

#include <stdlib.h>
#include <string.h>

/* ---- Significance ---------------------------------------------------------------------------------------------------
 */

static json_t *make_significance(struct ten_study *study, const void *context, enum ten_status *status,
                                 struct ten_error *error) {
    json_t *evaluations = json_array(), *document = NULL;
    (void)context;
    for (size_t i = 0; i < study->entry_count && *status == TEN_OK; i++) {
        char path[STUDY_TEXT];
        *status = ten_study_path(study, path, "evaluate/", study->entries[i].name, ".json", error);
        json_t *part = *status == TEN_OK ? json_load_file(path, JSON_REJECT_DUPLICATES, NULL) : NULL;
        if (*status == TEN_OK && (!part || json_array_append_new(evaluations, part) != 0))
            *status = ten_fail(error, TEN_IO, "%s: cannot be read again", path);
    }
    if (*status == TEN_OK)
        document = ten_significance_json(evaluations, study->data.test.labels, study->data.test.count);
    json_decref(evaluations);
    return document;
}

enum ten_status ten_study_significance(struct ten_study *study, struct ten_error *error) {
    char made_with[STUDY_TEXT];
    return ten_study_part(study, "", "significance", ten_study_made_of_all(study, made_with), make_significance, NULL,
                          NULL, error);
}

/* ---- Suspect labels -------------------------------------------------------------------------------------------------
 */

enum { SHOWN = 100 };

/* Whether an entry's word counts: its own chain, and not much worse than the best. */
static bool heard(const struct ten_study *study, const struct ten_entry *entry) {
    return entry->own && entry->validation >= study->entries[study->best].validation - 0.02;
}

static json_t *make_suspects(struct ten_study *study, const void *context, enum ten_status *status,
                             struct ten_error *error) {
    (void)context;
    size_t size = study->data.train.count * TEN_CLASSES, models = 0;
    const char *names[MOST_ROWS];
    float *all[MOST_ROWS];
    for (size_t i = 0; i < study->entry_count && *status == TEN_OK; i++) {
        char path[STUDY_TEXT];
        if (!heard(study, &study->entries[i])) continue;
        *status = ten_study_path(study, path, "out-of-fold/", study->entries[i].name, ".safetensors", error);
        if (*status != TEN_OK) break;
        names[models] = study->entries[i].name;
        all[models] = ten_alloc(size, sizeof **all);
        *status = all[models] ? ten_read_out_of_fold(path, &study->data, all[models], error)
                              : ten_fail_memory(error, "the probabilities");
        models++;
    }
    json_t *document = NULL;
    if (*status == TEN_OK)
        document = ten_suspects_json(&study->data.train, (const float *const *)all, names, models, SHOWN);
    for (size_t i = 0; i < models; i++) free(all[i]);
    return document;
}

enum ten_status ten_study_suspects(struct ten_study *study, struct ten_error *error) {
    char made_with[STUDY_TEXT];
    return ten_study_part(study, "", "suspects", ten_study_made_of_all(study, made_with), make_suspects, NULL, NULL,
                          error);
}

/* ---- The best network
 * ------------------------------------------------------------------------------------------------- */

/* The network with the highest validation accuracy among those with their own chain; entry_count if there is none. */
static size_t best_network(const struct ten_study *study) {
    size_t best = study->entry_count;
    for (size_t i = 0; i < study->entry_count; i++) {
        const struct ten_entry *entry = &study->entries[i];
        struct ten_pipeline *pipeline;
        if (!entry->own || ten_study_pipeline(entry, &pipeline, NULL) != TEN_OK) continue;
        struct ten_pipeline_info info = ten_pipeline_describe(pipeline);
        bool network = info.model->checkpoints;
        ten_pipeline_free(pipeline);
        if (network && (best == study->entry_count || entry->validation > study->entries[best].validation)) best = i;
    }
    return best;
}

static enum ten_status load(struct ten_study *study, size_t i, struct ten_pipeline **pipeline,
                            struct ten_error *error) {
    char path[STUDY_TEXT];
    enum ten_status status = ten_study_path(study, path, "models/", study->entries[i].name, ".safetensors", error);
    return status == TEN_OK ? ten_pipeline_load(pipeline, path, error) : status;
}

/* ---- Maps
 * --------------------------------------------------------------------------------------------------------------- */

static const char map_prep[] = "minmax,crop20";
enum { PERPLEXITY = 30, STEPS = 1000 };

/* The perplexity: less for few images. */
static double perplexity_for(size_t count) {
    double most = ((double)count - 2) / 3;
    return most < PERPLEXITY ? (most > 1 ? most : 1) : PERPLEXITY;
}

static json_t *embed(struct ten_study *study, const struct ten_features *features, const char *what, const char *prep,
                     enum ten_status *status, struct ten_error *error) {
    const struct ten_dataset *test = &study->data.test;
    return ten_embed_json(features, test->labels, study->data.name, "test", what, prep, perplexity_for(test->count),
                          STEPS, &study->run, status, error);
}

/* Pixels: through the chain of any pipeline that has it. */
static json_t *make_pixels(struct ten_study *study, const void *context, enum ten_status *status,
                           struct ten_error *error) {
    (void)context;
    const struct ten_dataset *test = &study->data.test;
    struct ten_pipeline *pipeline = NULL;
    struct ten_features features = {0};
    json_t *document = NULL;
    *status = ten_pipeline_new(&pipeline, "nearest-centroid", map_prep, NULL, 0, error);
    if (*status == TEN_OK) *status = ten_pipeline_fit(pipeline, &study->data.train, &study->run, error);
    if (*status == TEN_OK)
        *status = ten_pipeline_features(pipeline, test->images, test->count, test->height, test->width, &features,
                                        &study->run, error);
    if (*status == TEN_OK) document = embed(study, &features, "pixels", map_prep, status, error);
    ten_features_release(&features);
    ten_pipeline_free(pipeline);
    return document;
}

static json_t *make_features(struct ten_study *study, const void *context, enum ten_status *status,
                             struct ten_error *error) {
    const size_t *which = context;
    const struct ten_dataset *test = &study->data.test;
    struct ten_pipeline *pipeline = NULL;
    struct ten_features features = {0};
    json_t *document = NULL;
    char what[128];
    snprintf(what, sizeof what, "features of %s", study->entries[*which].name);
    *status = load(study, *which, &pipeline, error);
    if (*status == TEN_OK)
        *status = ten_pipeline_penultimate(pipeline, test->images, test->count, test->height, test->width, &features,
                                           &study->run, error);
    if (*status == TEN_OK) document = embed(study, &features, what, study->entries[*which].prep, status, error);
    ten_features_release(&features);
    ten_pipeline_free(pipeline);
    return document;
}

enum ten_status ten_study_embed(struct ten_study *study, struct ten_error *error) {
    enum { LEAST = 20 };
    if (study->data.test.count < LEAST) return TEN_OK;
    char made_with[STUDY_TEXT];
    snprintf(made_with, sizeof made_with, "%s; %s", study->made_with, map_prep);
    enum ten_status status = ten_study_part(study, "", "embed", made_with, make_pixels, NULL, NULL, error);
    size_t network = best_network(study);
    if (status != TEN_OK || network == study->entry_count) return status;
    ten_study_made_with(study, &study->entries[network], made_with);
    return ten_study_part(study, "", "embed-features", made_with, make_features, &network, NULL, error);
}

/* ---- Inside
 * --------------------------------------------------------------------------------------------------------------- */

static json_t *make_inside(struct ten_study *study, const void *context, enum ten_status *status,
                           struct ten_error *error) {
    const size_t *which = context;
    struct ten_pipeline *pipeline = NULL;
    json_t *document = NULL;
    *status = load(study, *which, &pipeline, error);
    if (*status == TEN_OK) document = ten_inside_json(pipeline, &study->data.test, 0, &study->run, status, error);
    if (document) json_object_set_new(document, "name", json_string(study->entries[*which].name));
    ten_pipeline_free(pipeline);
    return document;
}

enum ten_status ten_study_inside(struct ten_study *study, struct ten_error *error) {
    size_t network = best_network(study);
    char made_with[STUDY_TEXT];
    if (network == study->entry_count) return TEN_OK;
    ten_study_made_with(study, &study->entries[network], made_with);
    return ten_study_part(study, "", "inside", made_with, make_inside, &network, NULL, error);
}

static json_t *make_sprite(struct ten_study *study, const void *context, enum ten_status *status,
                           struct ten_error *error) {
    (void)context;
    json_t *document = ten_sprite_json(&study->data.test);
    if (!document) *status = ten_fail_memory(error, "the picture of the test images");
    return document;
}

enum ten_status ten_study_sprite(struct ten_study *study, struct ten_error *error) {
    return ten_study_part(study, "", "sprite", study->made_with, make_sprite, NULL, NULL, error);
}

/* ---- Runs
 * -------------------------------------------------------------------------------------------------------------------
 */

enum ten_status ten_study_runs(struct ten_study *study, struct ten_error *error) {
    static const char *const members[] = {"id",      "kind",     "name",    "model",  "prep",
                                          "seconds", "accuracy", "started", "parent", "state"};
    char path[STUDY_TEXT];
    json_t *runs = NULL, *list = json_array(), *run;
    size_t i;
    enum ten_status status = ten_study_path(study, path, "", "runs", ".json", error);
    if (status == TEN_OK) status = ten_store_list(study->store, &(struct ten_store_filter){0}, &runs, error);
    json_array_foreach(runs, i, run) {
        json_t *item = json_object();
        for (size_t m = 0; m < sizeof members / sizeof *members; m++)
            json_object_set(item, members[m], json_object_get(run, members[m]));
        json_array_append_new(list, item);
    }
    if (status == TEN_OK) status = ten_write_json(json_pack("{s:O}", "runs", list), path, error);
    json_decref(runs);
    json_decref(list);
    return status;
}
