/* What the models with normal distributions share: mean and spread of every class, scores that become probabilities,
 * and prediction where every feature counts by itself. */
#ifndef TEN_MODEL_GAUSSIAN_H
#define TEN_MODEL_GAUSSIAN_H

#include "model/model.h"

/* The score of a class without training images: a finite stand-in for log 0. */
#define TEN_ABSENT_SCORE (-1e300)

/* Per class; a class without rows has zeros. */
struct ten_class_moments {
    size_t rows, classes; /* all rows; how many classes have any */
    size_t counts[TEN_CLASSES];
    double *mean;    /* [TEN_CLASSES x columns] */
    double *squares; /* [TEN_CLASSES x columns], the sum of squared distances from the mean; 0 if all are equal */
};

/* One pass over the rows; `stage` names it in progress. */
enum ten_status ten_class_moments_compute(struct ten_class_moments *out, const struct ten_training *training,
                                          const char *stage, struct ten_error *error);
void ten_class_moments_release(struct ten_class_moments *moments);

/* The logarithm of class c's share of the rows, TEN_ABSENT_SCORE if it has none. */
double ten_log_prior(const struct ten_class_moments *moments, size_t c);

/* probabilities[rows x TEN_CLASSES] = softmax of each row of scores, which are lost. */
void ten_scores_to_probabilities(size_t rows, double *scores, float *probabilities);

/* score of class c = constant[c] - sum over j of (x[j] scale[c, j] - offset[c, j])^2, in double. */
struct ten_diagonal {
    size_t features;
    double constant[TEN_CLASSES];
    double *scale, *offset; /* [TEN_CLASSES x features] */
};

enum ten_status ten_diagonal_init(struct ten_diagonal *diagonal, size_t features, struct ten_error *error);
void ten_diagonal_release(struct ten_diagonal *diagonal);

/* probabilities[rows x TEN_CLASSES]; `stage` names it in progress. */
enum ten_status ten_diagonal_predict(const struct ten_diagonal *diagonal, const struct ten_batch *features,
                                     float *probabilities, const char *stage, const struct ten_run *run,
                                     struct ten_error *error);

#endif
