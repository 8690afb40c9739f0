/* k-fold cross-validation: every fold has a pipeline of its own, made anew and fitted on the others. */
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct split {
    size_t *rows, inside; /* rows of the fold first, `inside` of them, then the others */
};

static void split_at(struct split *split, const size_t *fold, size_t count, size_t which) {
    split->inside = 0;
    for (size_t i = 0; i < count; i++) split->inside += fold[i] == which;
    size_t in = 0, out = split->inside;
    for (size_t i = 0; i < count; i++) split->rows[fold[i] == which ? in++ : out++] = i;
}

/* Every fold must hold some rows, and not all. */
static enum ten_status check_folds(const size_t *fold, size_t count, size_t folds, struct ten_error *error) {
    size_t *held = ten_alloc_zero(folds, sizeof *held);
    enum ten_status status = held ? TEN_OK : ten_fail_memory(error, "the folds");
    for (size_t i = 0; i < count && status == TEN_OK; i++) {
        if (fold[i] >= folds)
            status = ten_fail(error, TEN_INVALID, "row %zu is of fold %zu, expected 0..%zu", i, fold[i], folds - 1);
        else
            held[fold[i]]++;
    }
    for (size_t f = 0; f < folds && status == TEN_OK; f++)
        if (held[f] == 0 || held[f] == count)
            status = ten_fail(error, TEN_INVALID, "fold %zu has %zu of %zu rows; expected some, and not all", f,
                              held[f], count);
    free(held);
    return status;
}

/* Fits on the other folds, predicts this one into probabilities[inside x TEN_CLASSES]. */
static enum ten_status judge(struct ten_pipeline *pipeline, const struct ten_dataset *others,
                             const struct ten_dataset *held_out, struct ten_fold *result, float *probabilities,
                             const struct ten_run *run, struct ten_error *error) {
    enum ten_status status = ten_pipeline_fit(pipeline, others, run, error);
    if (status != TEN_OK) return status;
    double start = ten_seconds();
    status = ten_pipeline_predict(pipeline, held_out->images, held_out->count, held_out->height, held_out->width,
                                  probabilities, run, error);
    double seconds = ten_seconds() - start;
    struct ten_metrics metrics;
    if (status == TEN_OK)
        status = ten_metrics_compute(&metrics, held_out->labels, probabilities, held_out->count, error);
    if (status != TEN_OK) return status;
    struct ten_pipeline_info info = ten_pipeline_describe(pipeline);
    *result = (struct ten_fold){metrics.accuracy, metrics.log_loss, info.prep_seconds,
                                info.fit_seconds, seconds,          info.converged};
    return TEN_OK;
}

enum ten_status ten_crossvalidate(const char *model, const char *prep, const char *const *settings,
                                  size_t setting_count, const struct ten_dataset *dataset, const size_t *fold,
                                  size_t folds, struct ten_fold *results, float *probabilities,
                                  const struct ten_run *run, struct ten_error *error) {
    size_t count = dataset->count;
    if (!dataset->labels) return ten_fail(error, TEN_INVALID, "cross-validation: the images have no labels");
    if (folds < 2) return ten_fail(error, TEN_INVALID, "cross-validation: %zu folds; expected at least 2", folds);
    enum ten_status status = check_folds(fold, count, folds, error);
    if (status != TEN_OK) return status;
    struct split split = {.rows = ten_alloc(count, sizeof *split.rows)};
    float *own = ten_alloc(count * TEN_CLASSES, sizeof *own);
    if (!split.rows || !own) status = ten_fail_memory(error, "the folds");
    for (size_t f = 0; f < folds && status == TEN_OK; f++) {
        struct ten_pipeline *pipeline = NULL;
        struct ten_dataset held_out = {0}, others = {0};
        status = ten_pipeline_new(&pipeline, model, prep, settings, setting_count, error);
        if (status == TEN_OK) split_at(&split, fold, count, f);
        if (status == TEN_OK) status = ten_dataset_select(&held_out, dataset, split.rows, split.inside, error);
        if (status == TEN_OK)
            status = ten_dataset_select(&others, dataset, split.rows + split.inside, count - split.inside, error);
        if (status == TEN_OK) status = judge(pipeline, &others, &held_out, &results[f], own, run, error);
        for (size_t i = 0; i < split.inside && status == TEN_OK && probabilities; i++)
            memcpy(probabilities + split.rows[i] * TEN_CLASSES, own + i * TEN_CLASSES, TEN_CLASSES * sizeof *own);
        ten_dataset_release(&held_out);
        ten_dataset_release(&others);
        ten_pipeline_free(pipeline);
    }
    free(split.rows);
    free(own);
    return status;
}
