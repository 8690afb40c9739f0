/* The rows of a set in the order of one class's probability, which curves are traced along. */
#ifndef TEN_STUDY_RANKING_H
#define TEN_STUDY_RANKING_H

#include "tenfold.h"

struct ten_ranked {
    float score;
    bool positive; /* of the class */
};

/* *rows gets count rows, highest score first, and *positives the number of those of the class. Labels and scores are
 * checked; `what` names the curve in messages: "a ROC curve". The caller frees *rows; it is NULL after a failure. */
enum ten_status ten_rank_rows(struct ten_ranked **rows, size_t *positives, const uint8_t *labels,
                              const float *probabilities, size_t count, int label, const char *what,
                              struct ten_error *error);

#endif
