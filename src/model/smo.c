/* Decomposition with a working set of a few hundred rows (Joachims 1999), each sub-problem solved by sequential minimal
 * optimisation with second-order selection (Fan, Chen and Lin 2005). Kernel rows are asked for in batches, which makes
 * them matrix products, and kept.
 *
 * All is written in terms of b_i = y_i alpha_i and f_i = sum_j b_j K(i, j) - y_i. A step moves t from b_j to b_i; a row
 * may rise (b_i < C if y_i > 0, b_i < 0 otherwise) or fall. The optimum is reached when the largest f of a row that may
 * fall is not above the smallest f of one that may rise by more than the tolerance. */
#include "model/smo.h"

#include "base/error.h"
#include "base/memory.h"
#include "kernels/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SET = 512, FRESH = 256 /* rows that are new in a round, half from either side */ };

struct violator {
    float f;
    uint32_t row;
};

struct solver {
    const struct ten_smo *problem;
    size_t size;
    double *b, *f;     /* [size] */
    float *change;     /* [size] of f in a round */
    uint32_t set[SET]; /* the working set, oldest first */
    size_t set_size;
    bool *in_set;           /* [size] */
    struct violator *order; /* [size] for choosing rows */

    float **slots;      /* [slot_count] kernel rows */
    uint32_t *slot_row; /* whose row a slot holds */
    int32_t *slot_of;   /* [size] the slot that holds a row, -1: none */
    uint64_t *used;     /* [slot_count] the round in which it was last needed */
    size_t slot_count, slots_filled;

    float *block;                                            /* [SET x SET] kernel values inside the working set, */
    float *local_f, *rise_bars, *fall_bars, *local_diagonal; /* and the sub-problem, [SET] each */
    double *local_b;
    float *factors;
    const float **factor_rows;
};

static bool may_rise(const struct solver *s, size_t i) {
    return s->problem->signs[i] > 0 ? s->b[i] < s->problem->c : s->b[i] < 0;
}

static bool may_fall(const struct solver *s, size_t i) {
    return s->problem->signs[i] > 0 ? s->b[i] > 0 : s->b[i] > -s->problem->c;
}

/* ---- Choosing the working set ------------------------------------------------------------------------------- */

/* Smallest first; ties by row, so that the order is the same everywhere. */
static int by_f(const void *left, const void *right) {
    const struct violator *a = left, *b = right;
    if (a->f != b->f) return a->f < b->f ? -1 : 1;
    return a->row < b->row ? -1 : 1;
}

/* Adds up to `wanted` rows that may rise and have the smallest f, or that may fall and have the largest. */
static void add_violators(struct solver *s, bool rising, double bound, size_t wanted) {
    size_t count = 0;
    for (size_t i = 0; i < s->size; i++) {
        if (s->in_set[i] || !(rising ? may_rise(s, i) && s->f[i] < bound : may_fall(s, i) && s->f[i] > bound)) continue;
        s->order[count].f = (float)(rising ? s->f[i] : -s->f[i]);
        s->order[count++].row = (uint32_t)i;
    }
    qsort(s->order, count, sizeof *s->order, by_f);
    for (size_t n = 0; n < count && n < wanted && s->set_size < SET; n++) {
        s->set[s->set_size++] = s->order[n].row;
        s->in_set[s->order[n].row] = true;
    }
}

/* Keeps the younger part of the old set and adds the worst violators. low and high: the extremes of f. */
static void choose_set(struct solver *s, double low, double high) {
    size_t kept = s->set_size > SET - FRESH ? SET - FRESH : s->set_size, dropped = s->set_size - kept;
    for (size_t n = 0; n < dropped; n++) s->in_set[s->set[n]] = false;
    memmove(s->set, s->set + dropped, kept * sizeof *s->set);
    s->set_size = kept;
    add_violators(s, true, high, (SET - kept) / 2);
    add_violators(s, false, low, SET - s->set_size);
}

/* ---- Kernel rows ---------------------------------------------------------------------------------------------- */

/* A slot for a new row: a free one, or the one that was not needed for the longest time. */
static size_t take_slot(struct solver *s, uint64_t round) {
    size_t slot = 0;
    if (s->slots_filled < s->slot_count) {
        slot = s->slots_filled++;
    } else {
        for (size_t n = 1; n < s->slot_count; n++)
            if (s->used[n] < s->used[slot]) slot = n;
        s->slot_of[s->slot_row[slot]] = -1;
    }
    s->used[slot] = round;
    return slot;
}

static enum ten_status fetch_rows(struct solver *s, uint64_t round, struct ten_error *error) {
    uint32_t missing[SET];
    float *out[SET];
    size_t count = 0;
    for (size_t n = 0; n < s->set_size; n++)
        if (s->slot_of[s->set[n]] >= 0) s->used[s->slot_of[s->set[n]]] = round;
    for (size_t n = 0; n < s->set_size; n++) {
        uint32_t row = s->set[n];
        if (s->slot_of[row] >= 0) continue;
        size_t slot = take_slot(s, round);
        if (!s->slots[slot]) s->slots[slot] = ten_alloc(s->size, sizeof **s->slots);
        if (!s->slots[slot]) return ten_fail_memory(error, "kernel rows");
        s->slot_row[slot] = row;
        s->slot_of[row] = (int32_t)slot;
        missing[count] = row;
        out[count++] = s->slots[slot];
    }
    return count ? s->problem->rows(s->problem->context, missing, count, out, error) : TEN_OK;
}

static const float *row_of(const struct solver *s, uint32_t row) { return s->slots[s->slot_of[row]]; }

/* ---- The sub-problem ------------------------------------------------------------------------------------------- */

static void set_bars(struct solver *s, size_t n) {
    bool positive = s->problem->signs[s->set[n]] > 0;
    double b = s->local_b[n], c = s->problem->c;
    s->rise_bars[n] = (positive ? b < c : b < 0) ? 0 : INFINITY;
    s->fall_bars[n] = (positive ? b > 0 : b > -c) ? 0 : -INFINITY;
}

static void load_set(struct solver *s) {
    for (size_t n = 0; n < SET; n++) {
        s->local_f[n] = 0;
        s->local_diagonal[n] = 1;
        s->rise_bars[n] = INFINITY;
        s->fall_bars[n] = -INFINITY;
    }
    memset(s->block, 0, SET * SET * sizeof *s->block);
    for (size_t n = 0; n < s->set_size; n++) {
        uint32_t row = s->set[n];
        const float *values = row_of(s, row);
        for (size_t m = 0; m < s->set_size; m++) s->block[n * SET + m] = values[s->set[m]];
        s->local_f[n] = (float)s->f[row];
        s->local_b[n] = s->b[row];
        s->local_diagonal[n] = s->problem->diagonal[row];
        set_bars(s, n);
    }
}

/* Steps until the gap inside the set is at most `tolerance`. Returns how many. */
static size_t solve_set(struct solver *s, double tolerance, size_t most) {
    const struct ten_kernels *kernels = ten_kernels();
    size_t width = (s->set_size + 15) / 16 * 16, steps = 0;
    double c = s->problem->c;
    for (; steps < most; steps++) {
        size_t i = kernels->smo_first(width, s->local_f, s->rise_bars);
        const float *row_i = s->block + i * SET;
        float from = s->local_f[i] + s->rise_bars[i], largest;
        size_t j = kernels->smo_second(width, s->local_f, s->fall_bars, from, row_i, s->local_diagonal,
                                       s->local_diagonal[i], &largest);
        if (!(largest - from > (float)tolerance) || j == width) break;
        double curvature = (double)(s->local_diagonal[i] + s->local_diagonal[j] - 2 * row_i[j]);
        double step = (double)(s->local_f[j] - s->local_f[i]) / fmax(curvature, 1e-6);
        bool i_positive = s->problem->signs[s->set[i]] > 0, j_positive = s->problem->signs[s->set[j]] > 0;
        double room_i = (i_positive ? c : 0) - s->local_b[i], room_j = s->local_b[j] - (j_positive ? 0 : -c);
        step = fmin(step, fmin(room_i, room_j));
        /* a row that reaches its bound lies exactly on it */
        s->local_b[i] = step == room_i ? (i_positive ? c : 0) : s->local_b[i] + step;
        s->local_b[j] = step == room_j ? (j_positive ? 0 : -c) : s->local_b[j] - step;
        kernels->smo_update(width, (float)step, row_i, s->block + j * SET, s->local_f);
        set_bars(s, i);
        set_bars(s, j);
    }
    return steps;
}

/* Takes the sub-problem's solution over into b and f. */
static void store_set(struct solver *s) {
    size_t count = 0;
    for (size_t n = 0; n < s->set_size; n++) {
        uint32_t row = s->set[n];
        double change = s->local_b[n] - s->b[row];
        if (change == 0) continue;
        s->b[row] = s->local_b[n];
        s->factors[count] = (float)change;
        s->factor_rows[count++] = row_of(s, row);
    }
    memset(s->change, 0, s->size * sizeof *s->change);
    ten_kernels()->combine(s->size, count, s->factors, s->factor_rows, s->change);
    for (size_t i = 0; i < s->size; i++) s->f[i] += (double)s->change[i];
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

/* low: the smallest f of a row that may rise; high: the largest of one that may fall. */
static void extremes(const struct solver *s, double *low, double *high) {
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t i = 0; i < s->size; i++) {
        if (may_rise(s, i) && s->f[i] < *low) *low = s->f[i];
        if (may_fall(s, i) && s->f[i] > *high) *high = s->f[i];
    }
}

/* As LIBSVM: the mean f of the free rows, else the middle between the extremes. */
static double find_rho(const struct solver *s, double low, double high) {
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < s->size; i++)
        if (fabs(s->b[i]) > 0 && fabs(s->b[i]) < s->problem->c) {
            sum += s->f[i];
            count++;
        }
    return count ? sum / (double)count : (low + high) / 2;
}

static enum ten_status iterate(struct solver *s, struct ten_smo_result *result, struct ten_error *error) {
    const struct ten_smo *problem = s->problem;
    double low, high;
    extremes(s, &low, &high);
    for (result->rounds = 0; high - low > problem->tolerance && result->rounds < problem->max_rounds;
         result->rounds++) {
        enum ten_status status = problem->round ? problem->round(problem->context, high - low, error) : TEN_OK;
        if (status != TEN_OK) return status;
        choose_set(s, low, high);
        status = fetch_rows(s, result->rounds + 1, error);
        if (status != TEN_OK) return status;
        load_set(s);
        result->steps += solve_set(s, fmax(problem->tolerance * 0.5, (high - low) * 0.1), 100 * SET);
        store_set(s);
        extremes(s, &low, &high);
    }
    result->converged = high - low <= problem->tolerance;
    result->rho = find_rho(s, low, high);
    result->objective = 0;
    for (size_t i = 0; i < s->size; i++) {
        double sign = problem->signs[i];
        result->alpha[i] = fabs(s->b[i]);
        result->objective += 0.5 * s->b[i] * (s->f[i] - sign); /* f + y = K b, so b'Kb/2 - |b| = b(f - y)/2 */
    }
    return TEN_OK;
}

static void release(struct solver *s) {
    for (size_t n = 0; s->slots && n < s->slot_count; n++) free(s->slots[n]);
    void *const all[] = {s->b,       s->f,          s->change,    s->in_set,         s->order,
                         s->slots,   s->slot_row,   s->slot_of,   s->used,           s->block,
                         s->local_f, s->rise_bars,  s->fall_bars, s->local_diagonal, s->local_b,
                         s->factors, s->factor_rows};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static bool init(struct solver *s, const struct ten_smo *problem) {
    size_t n = problem->size, slots = problem->cache_bytes / (n * sizeof(float));
    *s = (struct solver){.problem = problem, .size = n, .slot_count = slots < SET ? SET : slots < n ? slots : n};
    if (s->slot_count < SET) s->slot_count = SET;
    s->b = ten_alloc_zero(n, sizeof *s->b);
    s->f = ten_alloc(n, sizeof *s->f);
    s->change = ten_alloc(n, sizeof *s->change);
    s->in_set = ten_alloc_zero(n, sizeof *s->in_set);
    s->order = ten_alloc(n, sizeof *s->order);
    s->slots = ten_alloc_zero(s->slot_count, sizeof *s->slots);
    s->slot_row = ten_alloc(s->slot_count, sizeof *s->slot_row);
    s->slot_of = ten_alloc(n, sizeof *s->slot_of);
    s->used = ten_alloc_zero(s->slot_count, sizeof *s->used);
    s->block = ten_alloc(SET * SET, sizeof *s->block);
    s->local_f = ten_alloc(SET, sizeof *s->local_f);
    s->rise_bars = ten_alloc(SET, sizeof *s->rise_bars);
    s->fall_bars = ten_alloc(SET, sizeof *s->fall_bars);
    s->local_diagonal = ten_alloc(SET, sizeof *s->local_diagonal);
    s->local_b = ten_alloc_zero(SET, sizeof *s->local_b);
    s->factors = ten_alloc(SET, sizeof *s->factors);
    s->factor_rows = ten_alloc(SET, sizeof *s->factor_rows);
    if (!s->b || !s->f || !s->change || !s->in_set || !s->order || !s->slots || !s->slot_row || !s->slot_of ||
        !s->used || !s->block || !s->local_f || !s->rise_bars || !s->fall_bars || !s->local_diagonal || !s->local_b ||
        !s->factors || !s->factor_rows)
        return false;
    for (size_t i = 0; i < n; i++) {
        s->f[i] = -problem->signs[i];
        s->slot_of[i] = -1;
    }
    return true;
}

enum ten_status ten_smo_solve(const struct ten_smo *problem, struct ten_smo_result *result, struct ten_error *error) {
    struct solver *solver = ten_alloc_zero(1, sizeof *solver);
    if (!solver) return ten_fail_memory(error, "the support vector machine");
    enum ten_status status =
        init(solver, problem) ? iterate(solver, result, error) : ten_fail_memory(error, "the support vector machine");
    release(solver);
    free(solver);
    return status;
}
