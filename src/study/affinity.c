#include "study/affinity.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 128 /* of a task */, STEPS = 100 };

/* Entropy of the shares exp(-beta d) / sum, which are left in shares; distances are measured from the least, so that
 * one of them is 1 before the division. */
static double entropy_of(size_t k, const double *distances, double beta, double *shares) {
    double sum = 0, weighted = 0;
    for (size_t i = 0; i < k; i++) {
        double d = distances[i] - distances[0];
        shares[i] = exp(-beta * d);
        sum += shares[i];
        weighted += d * shares[i];
    }
    for (size_t i = 0; i < k; i++) shares[i] /= sum;
    return log(sum) + beta * weighted / sum;
}

/* The entropy falls as beta rises. Beta is sought in units of the mean distance, so that the unit of features does not
 * matter. */
void ten_conditional_shares(size_t k, const double *distances, double perplexity, double *shares) {
    double mean = 0, wanted = log(perplexity), low = 0, high = INFINITY;
    for (size_t i = 0; i < k; i++) mean += (distances[i] - distances[0]) / (double)k;
    double beta = mean > 0 ? 1 / mean : 0;
    for (int step = 0; step < STEPS; step++) {
        double entropy = entropy_of(k, distances, beta, shares);
        if (mean <= 0 || fabs(entropy - wanted) < 1e-10) return;
        if (entropy > wanted)
            low = beta;
        else
            high = beta;
        double next = isinf(high) ? 2 * beta : (low + high) / 2;
        if (!isfinite(next * mean) || next * mean > 1e12 || next == beta) return;
        beta = next;
    }
}

struct calibration {
    size_t count, k;
    const double *distances;
    double perplexity, *shares;
};

static enum ten_status calibrate(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread;
    (void)error;
    const struct calibration *c = context;
    size_t first = task * ROWS, rows = ten_block_length(c->count, ROWS, task);
    for (size_t i = first; i < first + rows; i++)
        ten_conditional_shares(c->k, c->distances + i * c->k, c->perplexity, c->shares + i * c->k);
    return TEN_OK;
}

/* ---- Made symmetric ---------------------------------------------------------------------------------------------- */

/* P' row by row: those who have i among their neighbours, rising, because they come in this order. */
struct turned {
    size_t *starts; /* [count + 1] */
    uint32_t *from;
    double *shares;
};

static bool turn(struct turned *t, size_t count, size_t k, const uint32_t *others, const double *shares) {
    t->starts = ten_alloc_zero(count + 2, sizeof *t->starts);
    t->from = ten_alloc(count, k * sizeof *t->from);
    t->shares = ten_alloc(count, k * sizeof *t->shares);
    if (!t->starts || !t->from || !t->shares) return false;
    for (size_t e = 0; e < count * k; e++) t->starts[others[e] + 2]++;
    for (size_t i = 2; i < count + 2; i++) t->starts[i] += t->starts[i - 1];
    for (size_t i = 0; i < count; i++)
        for (size_t e = i * k; e < (i + 1) * k; e++) {
            size_t at = t->starts[others[e] + 1]++;
            t->from[at] = (uint32_t)i;
            t->shares[at] = shares[e];
        }
    return true;
}

struct entry {
    uint32_t other;
    double share;
};

static int by_column(const void *a, const void *b) {
    const struct entry *x = a, *y = b;
    return (x->other > y->other) - (x->other < y->other);
}

/* The union of a row of P, put in order, and of P'. */
static void merge_row(struct ten_affinity *out, size_t i, size_t k, struct entry *own, const struct turned *t) {
    size_t at = out->starts[i], a = 0, b = t->starts[i], end = t->starts[i + 1];
    double unit = 0.5 / (double)out->count;
    qsort(own, k, sizeof *own, by_column);
    while (a < k || b < end) {
        bool left = b == end || (a < k && own[a].other <= t->from[b]);
        bool right = a == k || (b < end && t->from[b] <= own[a].other);
        out->others[at] = left ? own[a].other : t->from[b];
        double share = 0;
        if (left) share += own[a++].share;
        if (right) share += t->shares[b++];
        out->shares[at++] = (float)(share * unit);
    }
    out->starts[i + 1] = at;
}

static enum ten_status make_symmetric(struct ten_affinity *out, size_t count, size_t k, const uint32_t *others,
                                      const double *shares, struct ten_error *error) {
    struct turned t = {0};
    struct entry *own = ten_alloc(k, sizeof *own);
    *out = (struct ten_affinity){.count = count};
    out->starts = ten_alloc_zero(count + 1, sizeof *out->starts);
    out->others = ten_alloc(2 * count, k * sizeof *out->others);
    out->shares = ten_alloc(2 * count, k * sizeof *out->shares);
    bool good = own && out->starts && out->others && out->shares && turn(&t, count, k, others, shares);
    for (size_t i = 0; good && i < count; i++) {
        for (size_t e = 0; e < k; e++) own[e] = (struct entry){others[i * k + e], shares[i * k + e]};
        merge_row(out, i, k, own, &t);
    }
    free(own);
    free(t.starts);
    free(t.from);
    free(t.shares);
    if (good) return TEN_OK;
    ten_affinity_release(out);
    return ten_fail_memory(error, "the neighbours' shares");
}

enum ten_status ten_affinity_make(struct ten_affinity *out, size_t count, size_t k, const uint32_t *others,
                                  const double *distances, double perplexity, const struct ten_run *run,
                                  struct ten_error *error) {
    *out = (struct ten_affinity){0};
    struct calibration c = {count, k, distances, perplexity, ten_alloc(count, k * sizeof(double))};
    if (!c.shares) return ten_fail_memory(error, "the neighbours' shares");
    enum ten_status status =
        ten_parallel(run, "perplexity", "rows", ROWS, ten_block_count(count, ROWS), calibrate, &c, error);
    if (status == TEN_OK) status = make_symmetric(out, count, k, others, c.shares, error);
    free(c.shares);
    return status;
}

void ten_affinity_release(struct ten_affinity *affinity) {
    free(affinity->starts);
    free(affinity->others);
    free(affinity->shares);
    *affinity = (struct ten_affinity){0};
}
