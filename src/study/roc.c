/* One class's ROC curve and the area under it (Fawcett 2006, "An introduction to ROC analysis").
 *
 * The rows are sorted by the class's probability, highest first, and counted group by group of equal probabilities: a
 * group is one step of the curve, so ties make a slope and not a staircase whose shape depends on the order of rows.
 * All is counted in whole numbers: collinear points are told exactly, and the area is the Mann-Whitney statistic with
 * one half for each tie, rounded once. */
#include "base/error.h"
#include "base/memory.h"
#include "study/ranking.h"

#include <math.h>
#include <stdlib.h>

/* A point of the curve in rows: so many false and true positives at this score and above. */
struct vertex {
    uint64_t false_positives, true_positives;
    double score;
};

/* Whether b lies on the line from a to c. The curve never turns back, so equal slopes are enough. */
static bool collinear(const struct vertex *a, const struct vertex *b, const struct vertex *c) {
    return (b->false_positives - a->false_positives) * (c->true_positives - b->true_positives) ==
           (c->false_positives - b->false_positives) * (b->true_positives - a->true_positives);
}

static size_t append(struct vertex *vertices, size_t count, struct vertex next) {
    if (count >= 2 && collinear(&vertices[count - 2], &vertices[count - 1], &next)) count--;
    vertices[count] = next;
    return count + 1;
}

/* Walks down the sorted rows. *twice_area gets twice the number of pairs (positive, negative) that are in the right
 * order, ties counting for half a pair. */
static size_t trace(struct vertex *vertices, const struct ten_ranked *rows, size_t count, double *twice_area) {
    struct vertex at = {.score = INFINITY}; /* nothing reaches an infinite threshold */
    size_t vertex_count = append(vertices, 0, at);
    *twice_area = 0;
    for (size_t i = 0; i < count;) {
        struct vertex before = at;
        at.score = (double)rows[i].score + 0.0; /* never a negative zero */
        for (double score = at.score; i < count && (double)rows[i].score == score; i++) {
            at.true_positives += rows[i].positive;
            at.false_positives += !rows[i].positive;
        }
        *twice_area +=
            (double)(at.false_positives - before.false_positives) * (double)(before.true_positives + at.true_positives);
        vertex_count = append(vertices, vertex_count, at);
    }
    return vertex_count;
}

static enum ten_status write_curve(struct ten_roc *out, const struct vertex *vertices, size_t count,
                                   struct ten_error *error) {
    double *block = ten_alloc(count, 3 * sizeof *block);
    if (!block) return ten_fail_memory(error, "a ROC curve");
    *out = (struct ten_roc){
        .count = count,
        .false_positive_rate = block,
        .true_positive_rate = block + count,
        .threshold = block + 2 * count,
    };
    const struct vertex *last = &vertices[count - 1];
    for (size_t i = 0; i < count; i++) {
        out->false_positive_rate[i] = (double)vertices[i].false_positives / (double)last->false_positives;
        out->true_positive_rate[i] = (double)vertices[i].true_positives / (double)last->true_positives;
        out->threshold[i] = vertices[i].score;
    }
    return TEN_OK;
}

enum ten_status ten_roc_compute(struct ten_roc *out, const uint8_t *labels, const float *probabilities, size_t count,
                                int label, struct ten_error *error) {
    *out = (struct ten_roc){.auc = NAN};
    struct ten_ranked *rows;
    size_t positives;
    enum ten_status status =
        ten_rank_rows(&rows, &positives, labels, probabilities, count, label, "a ROC curve", error);
    if (status != TEN_OK || positives == 0 || positives == count) {
        free(rows);
        return status;
    }

    struct vertex *vertices = ten_alloc(count + 1, sizeof *vertices);
    if (!vertices) {
        status = ten_fail_memory(error, "a ROC curve");
        goto done;
    }
    double twice_area;
    size_t vertex_count = trace(vertices, rows, count, &twice_area);
    status = write_curve(out, vertices, vertex_count, error);
    if (status == TEN_OK) out->auc = twice_area / (2 * (double)positives * (double)(count - positives));
done:
    free(vertices);
    free(rows);
    return status;
}

void ten_roc_release(struct ten_roc *roc) {
    if (!roc) return;
    free(roc->false_positive_rate);
    *roc = (struct ten_roc){.auc = NAN};
}
