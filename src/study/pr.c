/* One class's precision-recall curve and its average precision (Davis and Goadrich 2006, "The relationship between
 * precision-recall and ROC curves"): a point for each different probability, so that ties are one step, and the area in
 * rectangles, since a straight line between two points would promise too much. The figures are those of scikit-learn's
 * precision_recall_curve and average_precision_score, in the order of falling thresholds. */
#include "base/error.h"
#include "base/memory.h"
#include "study/ranking.h"

#include <math.h>
#include <stdlib.h>

static size_t count_scores(const struct ten_ranked *rows, size_t count) {
    size_t scores = 0;
    for (size_t i = 0; i < count; i++) scores += i == 0 || rows[i].score != rows[i - 1].score;
    return scores;
}

static void trace(struct ten_pr *out, const struct ten_ranked *rows, size_t count, size_t positives) {
    size_t right = 0, point = 0;
    out->recall[0] = 0;
    out->precision[0] = 1;
    out->threshold[0] = INFINITY; /* nothing reaches it */
    out->average_precision = 0;
    for (size_t i = 0; i < count;) {
        size_t before = right;
        float score = rows[i].score;
        for (; i < count && rows[i].score == score; i++) right += rows[i].positive;
        point++;
        out->recall[point] = (double)right / (double)positives;
        out->precision[point] = (double)right / (double)i;
        out->threshold[point] = (double)score + 0.0; /* never a negative zero */
        out->average_precision += (double)(right - before) * out->precision[point];
    }
    out->average_precision /= (double)positives;
}

enum ten_status ten_pr_compute(struct ten_pr *out, const uint8_t *labels, const float *probabilities, size_t count,
                               int label, struct ten_error *error) {
    static const char what[] = "a precision-recall curve";
    *out = (struct ten_pr){.average_precision = NAN};
    struct ten_ranked *rows;
    size_t positives;
    enum ten_status status = ten_rank_rows(&rows, &positives, labels, probabilities, count, label, what, error);
    if (status != TEN_OK || positives == 0) {
        free(rows);
        return status;
    }
    size_t points = count_scores(rows, count) + 1;
    double *block = ten_alloc(points, 3 * sizeof *block);
    if (block) {
        out->count = points;
        out->recall = block;
        out->precision = block + points;
        out->threshold = block + 2 * points;
        trace(out, rows, count, positives);
    } else {
        status = ten_fail_memory(error, what);
    }
    free(rows);
    return status;
}

void ten_pr_release(struct ten_pr *pr) {
    if (!pr) return;
    free(pr->recall);
    *pr = (struct ten_pr){.average_precision = NAN};
}
