/* The inside of a pipeline, for pipeline.c (making, fitting, predicting) and pipeline_file.c (saving, loading). */
#ifndef TEN_MODEL_PIPELINE_H
#define TEN_MODEL_PIPELINE_H

#include "model/model.h"
#include "prep/step.h"

struct ten_pipeline {
    const struct ten_model_type *type;
    void *state; /* the estimator's own struct */
    struct ten_chain chain;
    struct ten_values values;
    char settings[TEN_MAX_PARAMETERS][96]; /* "name=value" */
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

#endif
