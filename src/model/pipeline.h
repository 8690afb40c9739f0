/* The inside of a pipeline, for pipeline.c (making, fitting, predicting), pipeline_file.c (saving, loading) and those
 * who need the estimator apart from the chain. */
#ifndef TEN_MODEL_PIPELINE_H
#define TEN_MODEL_PIPELINE_H

#include "model/model.h"
#include "prep/step.h"

enum { TEN_SETTING = TEN_MAX_TEXT + 32 };

struct ten_pipeline {
    const struct ten_model_type *type;
    void *state; /* the estimator's own struct */
    struct ten_chain chain;
    struct ten_values values;
    char settings[TEN_MAX_PARAMETERS][TEN_SETTING]; /* "name=value" */
    const char *setting_list[TEN_MAX_PARAMETERS];

    bool fitted, converged;
    size_t height, width;    /* of the images */
    struct ten_shape output; /* of what reaches the estimator */
    size_t train_count;
    uint32_t train_checksum;
    uint64_t seed;
    struct ten_history history;
    char history_names[8][32]; /* what history.names points to after loading */
    char class_names[TEN_CLASSES][64];
    char version[32];
    double prep_seconds, fit_seconds;
};

/* The two halves of ten_pipeline_fit: the chain, which leaves the batch that the estimator is to be fitted on (released
 * by the caller, also after a failure), and the estimator, from nothing, as often as one likes on the same batch. */
enum ten_status ten_pipeline_fit_chain(struct ten_pipeline *pipeline, const struct ten_dataset *dataset,
                                       struct ten_batch *batch, const struct ten_run *run, struct ten_error *error);
enum ten_status ten_pipeline_fit_estimator(struct ten_pipeline *pipeline, const struct ten_dataset *dataset,
                                           const struct ten_batch *batch, const struct ten_run *run,
                                           struct ten_error *error);

/* The two halves of ten_pipeline_predict, likewise. */
enum ten_status ten_pipeline_apply_chain(const struct ten_pipeline *pipeline, const uint8_t *images, size_t count,
                                         size_t height, size_t width, struct ten_batch *batch,
                                         const struct ten_run *run, struct ten_error *error);
enum ten_status ten_pipeline_ask_estimator(const struct ten_pipeline *pipeline, const struct ten_batch *batch,
                                           float *probabilities, const struct ten_run *run, struct ten_error *error);

#endif
