/* Prediction with one linear score per class through softmax: what logistic regression and linear discriminant analysis
 * share. */
#ifndef TEN_MODEL_LINEAR_H
#define TEN_MODEL_LINEAR_H

#include "data/batch.h"

struct ten_linear {
    size_t features;
    const float *weights;    /* [TEN_CLASSES x features] */
    const float *intercepts; /* [TEN_CLASSES] */
    const double *mean;      /* [features], subtracted from the rows first; NULL: nothing is */
    const char *stage;       /* for progress: "predict lda" */
    const char *what;        /* for a lack of memory: "lda" */
};

/* probabilities[rows x TEN_CLASSES]. */
enum ten_status ten_linear_predict(const struct ten_linear *linear, const struct ten_batch *features,
                                   float *probabilities, const struct ten_run *run, struct ten_error *error);

#endif
