/* All rows against all, block by block, as |x|^2 + |y|^2 - 2 x.y with the products from the matrix kernel, of rows
 * measured from their mean so that little cancels. These rounded distances propose a few more neighbours than are
 * wanted; their distances are computed anew in double. Where the last that is wanted is not nearer, by more than the
 * rounding, than what was left out, the row is settled by exact distances to all. */
#include "study/neighbours.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "kernels/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { QUERIES = 256, BLOCK = 512, SPARE = 8 /* proposals beyond those that are wanted */ };

struct near {
    double distance;
    uint32_t index;
};

struct scratch {
    float *products; /* [BLOCK x QUERIES] */
    float *matmul;
    uint32_t *found;    /* [BLOCK x QUERIES] */
    struct near *heaps; /* [QUERIES x proposals] */
};

struct search {
    const float *values;
    float *centred, *norms;
    size_t rows, columns, k, proposals;
    double largest_norm;
    uint32_t *others;
    double *distances;
    struct scratch *scratch; /* per thread */
};

static bool nearer(struct near a, struct near b) {
    return a.distance < b.distance || (a.distance == b.distance && a.index < b.index);
}

/* ---- A heap of the nearest, the farthest on top ------------------------------------------------------------------ */

static void sink(struct near *heap, size_t count, size_t at) {
    struct near moved = heap[at];
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        child += child + 1 < count && nearer(heap[child], heap[child + 1]);
        if (!nearer(moved, heap[child])) break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

/* Takes one in, and drops the farthest if there are more than `room`. */
static void offer(struct near *heap, size_t *count, size_t room, struct near new) {
    if (*count == room) {
        if (!nearer(new, heap[0])) return;
        heap[0] = new;
        sink(heap, room, 0);
        return;
    }
    size_t at = (*count)++;
    for (; at && nearer(heap[(at - 1) / 2], new); at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
    heap[at] = new;
}

/* Sorts, nearest first. */
static void sort(struct near *list, size_t count) {
    for (size_t i = count / 2; i-- > 0;) sink(list, count, i);
    for (size_t left = count; left > 1; left--) {
        struct near last = list[left - 1];
        list[left - 1] = list[0];
        list[0] = last;
        sink(list, left - 1, 0);
    }
}

/* ---- One block of rows ------------------------------------------------------------------------------------------- */

static double exact_distance(const struct search *s, size_t a, size_t b) {
    const float *x = s->values + a * s->columns, *y = s->values + b * s->columns;
    double part[8] = {0};
    size_t j = 0;
    for (; j + 8 <= s->columns; j += 8)
        for (size_t p = 0; p < 8; p++) {
            double d = (double)x[j + p] - (double)y[j + p];
            part[p] += d * d;
        }
    for (; j < s->columns; j++) part[0] += ((double)x[j] - (double)y[j]) * ((double)x[j] - (double)y[j]);
    return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
}

/* How far a proposed distance can be off: a float sum of n products errs by at most n 2^-24 |x||y| to first order
 * (Higham 2002, section 3.1), twice that for 2 x.y; the roundings of the centred values, of norms, and of the sums; a
 * margin. */
static double rounding(const struct search *s, double norm) {
    double n = (double)s->columns + 16;
    return 4 * n * 0x1p-24 * (norm + s->largest_norm) + n * 0x1p-140;
}

/* The exact answer of query q from its proposals. */
static void settle(struct search *s, size_t q, struct near *heap, size_t count) {
    double left_out = count < s->rows - 1 ? heap[0].distance - rounding(s, (double)s->norms[q]) : INFINITY;
    for (size_t i = 0; i < count; i++) heap[i].distance = exact_distance(s, q, heap[i].index);
    sort(heap, count);
    if (!(heap[s->k - 1].distance <= left_out)) {
        size_t found = 0;
        for (size_t r = 0; r < s->rows; r++)
            if (r != q) offer(heap, &found, s->k, (struct near){exact_distance(s, q, r), (uint32_t)r});
        sort(heap, s->k);
    }
    for (size_t i = 0; i < s->k; i++) {
        s->others[q * s->k + i] = heap[i].index;
        s->distances[q * s->k + i] = heap[i].distance;
    }
}

static enum ten_status search_block(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    struct search *s = context;
    const struct scratch *scratch = &s->scratch[thread];
    const struct ten_kernels *kernels = ten_kernels();
    size_t first = task * QUERIES, count = ten_block_length(s->rows, QUERIES, task), found[QUERIES] = {0};
    float limits[QUERIES];
    for (size_t q = 0; q < count; q++) limits[q] = INFINITY;
    struct ten_strided queries = {s->centred + first * s->columns, 1, s->columns};
    for (size_t start = 0; start < s->rows; start += BLOCK) {
        size_t rows = ten_block_length(s->rows, BLOCK, start / BLOCK);
        struct ten_strided block = {s->centred + start * s->columns, s->columns, 1};
        kernels->matmul(rows, count, s->columns, block, queries, scratch->products, QUERIES, false, scratch->matmul);
        size_t hits =
            kernels->find_below_f32(rows, count, scratch->products, QUERIES, s->norms + start, limits, scratch->found);
        for (size_t h = 0; h < hits; h++) {
            size_t r = scratch->found[h] / count, q = scratch->found[h] % count, row = start + r;
            if (row == first + q) continue;
            struct near *heap = scratch->heaps + q * s->proposals;
            float distance = s->norms[row] - 2 * scratch->products[r * QUERIES + q]; /* less the query's norm */
            offer(heap, &found[q], s->proposals, (struct near){(double)distance, (uint32_t)row});
            if (found[q] == s->proposals) limits[q] = (float)heap[0].distance;
        }
    }
    for (size_t q = 0; q < count; q++) {
        struct near *heap = scratch->heaps + q * s->proposals;
        for (size_t i = 0; i < found[q]; i++) heap[i].distance += (double)s->norms[first + q];
        settle(s, first + q, heap, found[q]);
    }
    return TEN_OK;
}

/* ---- All --------------------------------------------------------------------------------------------------------- */

/* Rows from their mean, and their norms. False if they are so large that floats do not hold products. */
static bool centre(struct search *s, double *mean) {
    memset(mean, 0, s->columns * sizeof *mean);
    for (size_t r = 0; r < s->rows; r++)
        for (size_t j = 0; j < s->columns; j++) mean[j] += (double)s->values[r * s->columns + j];
    for (size_t j = 0; j < s->columns; j++) mean[j] /= (double)s->rows;
    for (size_t r = 0; r < s->rows; r++) {
        double norm = 0;
        for (size_t j = 0; j < s->columns; j++) {
            float value = (float)((double)s->values[r * s->columns + j] - mean[j]);
            s->centred[r * s->columns + j] = value;
            norm += (double)value * (double)value;
        }
        s->norms[r] = (float)norm;
        s->largest_norm = fmax(s->largest_norm, norm);
    }
    return s->largest_norm < 0x1p120;
}

static void release(struct search *s, size_t threads) {
    for (size_t t = 0; s->scratch && t < threads; t++) {
        free(s->scratch[t].products);
        free(s->scratch[t].matmul);
        free(s->scratch[t].found);
        free(s->scratch[t].heaps);
    }
    free(s->scratch);
    free(s->centred);
    free(s->norms);
}

static bool make_scratch(struct search *s, size_t threads) {
    s->scratch = ten_alloc_zero(threads, sizeof *s->scratch);
    bool good = s->scratch != NULL;
    for (size_t t = 0; good && t < threads; t++) {
        struct scratch *scratch = &s->scratch[t];
        scratch->products = ten_alloc(BLOCK * QUERIES, sizeof *scratch->products);
        scratch->matmul = ten_alloc(TEN_MATMUL_SCRATCH, sizeof *scratch->matmul);
        scratch->found = ten_alloc(BLOCK * QUERIES, sizeof *scratch->found);
        scratch->heaps = ten_alloc(QUERIES * s->proposals, sizeof *scratch->heaps);
        good = scratch->products && scratch->matmul && scratch->found && scratch->heaps;
    }
    return good;
}

enum ten_status ten_nearest_rows(const float *values, size_t rows, size_t columns, size_t k, uint32_t *others,
                                 double *distances, const struct ten_run *run, struct ten_error *error) {
    struct search s = {
        .values = values, .rows = rows, .columns = columns, .k = k, .others = others, .distances = distances};
    s.proposals = k + SPARE < rows - 1 ? k + SPARE : rows - 1;
    size_t tasks = ten_block_count(rows, QUERIES), threads = ten_workers(run, tasks);
    double *mean = ten_alloc(columns, sizeof *mean);
    s.centred = ten_alloc(rows, columns * sizeof *s.centred);
    s.norms = ten_alloc(rows, sizeof *s.norms);
    enum ten_status status = TEN_OK;
    if (!mean || !s.centred || !s.norms || !make_scratch(&s, threads))
        status = ten_fail_memory(error, "the nearest neighbours");
    else if (!centre(&s, mean))
        status = ten_fail(error, TEN_NUMERIC, "the features are too large to be compared: a squared length is %g",
                          s.largest_norm);
    if (status == TEN_OK)
        status = ten_parallel(run, "nearest neighbours", "rows", QUERIES, tasks, search_block, &s, error);
    free(mean);
    release(&s, threads);
    return status;
}
