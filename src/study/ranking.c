/* Rows by one class's probability: what ROC and precision-recall curves start from. */
#include "study/ranking.h"

#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

static int by_score_descending(const void *left, const void *right) {
    float a = ((const struct ten_ranked *)left)->score, b = ((const struct ten_ranked *)right)->score;
    return (a < b) - (a > b);
}

static enum ten_status collect(struct ten_ranked *rows, size_t *positives, const uint8_t *labels,
                               const float *probabilities, size_t count, int label, struct ten_error *error) {
    for (size_t i = 0; i < count; i++) {
        float score = probabilities[i * TEN_CLASSES + (size_t)label];
        if (labels[i] >= TEN_CLASSES)
            return ten_fail(error, TEN_INVALID, "row %zu (from 0): label %d, expected 0..%d", i, labels[i],
                            TEN_CLASSES - 1);
        if (!isfinite(score))
            return ten_fail(error, TEN_INVALID,
                            "row %zu (from 0): the probability of label %d is %g, expected a finite number", i, label,
                            (double)score);
        rows[i] = (struct ten_ranked){.score = score, .positive = labels[i] == label};
        *positives += rows[i].positive;
    }
    return TEN_OK;
}

enum ten_status ten_rank_rows(struct ten_ranked **rows, size_t *positives, const uint8_t *labels,
                              const float *probabilities, size_t count, int label, const char *what,
                              struct ten_error *error) {
    *rows = NULL;
    *positives = 0;
    if (label < 0 || label >= TEN_CLASSES)
        return ten_fail(error, TEN_INVALID, "label %d, expected 0..%d", label, TEN_CLASSES - 1);
    if (count && (!labels || !probabilities))
        return ten_fail(error, TEN_INVALID, "%s needs labels and probabilities", what);
    struct ten_ranked *made = ten_alloc(count, sizeof *made);
    if (!made) return ten_fail_memory(error, what);
    enum ten_status status = collect(made, positives, labels, probabilities, count, label, error);
    if (status != TEN_OK) {
        free(made);
        return status;
    }
    qsort(made, count, sizeof *made, by_score_descending);
    *rows = made;
    return TEN_OK;
}
