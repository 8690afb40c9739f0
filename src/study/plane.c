/* The two leading principal components by subspace iteration (Golub and Van Loan, Matrix Computations, section 8.2.4)
 * on a few more dimensions, until they no longer move; by the whole eigen-decomposition where that takes too long. And
 * how well labels stay together in a plane. */
#include "study/plane.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "prep/columns.h"
#include "prep/eigen.h"
#include "prep/scatter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DIMENSIONS = 8, ROUNDS = 200, ROWS = 64 /* of a task */ };
static const double precise_enough = 1e-10; /* of what is left of an axis, by the largest eigenvalue */

/* ---- Axes ------------------------------------------------------------------------------------------------------- */

static double dot(const double *a, const double *b, size_t n) {
    double part[4] = {0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t p = 0; p < 4; p++) part[p] += a[i + p] * b[i + p];
    for (; i < n; i++) part[0] += a[i] * b[i];
    return (part[0] + part[1]) + (part[2] + part[3]);
}

static void add_multiple(double *restrict to, const double *restrict from, double factor, size_t n) {
    for (size_t i = 0; i < n; i++) to[i] += factor * from[i];
}

/* Each row twice (Giraud, Langou and Rozloznik 2005); one within those before it becomes zero. */
static void orthonormalise(double *rows, size_t n, size_t count) {
    for (size_t d = 0; d < count; d++) {
        double *row = rows + d * n, before = sqrt(dot(row, row, n));
        for (int pass = 0; pass < 2; pass++)
            for (size_t e = 0; e < d; e++) add_multiple(row, rows + e * n, -dot(row, rows + e * n, n), n);
        double length = sqrt(dot(row, row, n)), factor = length > 1e-12 * before && length > 0 ? 1 / length : 0;
        for (size_t j = 0; j < n; j++) row[j] *= factor;
    }
}

/* to[count x n] = from times the symmetric matrix */
static void multiply(const double *matrix, size_t n, size_t count, const double *from, double *to) {
    memset(to, 0, count * n * sizeof *to);
    for (size_t j = 0; j < n; j++)
        for (size_t d = 0; d < count; d++) add_multiple(to + d * n, matrix + j * n, from[d * n + j], n);
}

/* Turns the orthonormal rows so that the matrix is diagonal among them (Rayleigh and Ritz), their products with it
 * likewise. */
static enum ten_status turn_axes(size_t n, size_t count, double *rows, double *products, double *values,
                                 struct ten_error *error) {
    double small[DIMENSIONS * DIMENSIONS], mixed[2 * DIMENSIONS];
    for (size_t a = 0; a < count; a++)
        for (size_t b = 0; b <= a; b++)
            small[a * count + b] = small[b * count + a] = dot(rows + a * n, products + b * n, n);
    enum ten_status status = ten_symmetric_eigen(small, count, values, error);
    for (size_t j = 0; status == TEN_OK && j < n; j++) {
        for (size_t a = 0; a < count; a++) {
            mixed[a] = mixed[DIMENSIONS + a] = 0;
            for (size_t b = 0; b < count; b++) {
                mixed[a] += small[a * count + b] * rows[b * n + j];
                mixed[DIMENSIONS + a] += small[a * count + b] * products[b * n + j];
            }
        }
        for (size_t a = 0; a < count; a++) {
            rows[a * n + j] = mixed[a];
            products[a * n + j] = mixed[DIMENSIONS + a];
        }
    }
    return status;
}

static double residual(const double *row, const double *product, double value, size_t n) {
    double sum = 0;
    for (size_t j = 0; j < n; j++) sum += (product[j] - value * row[j]) * (product[j] - value * row[j]);
    return sqrt(sum);
}

/* axes[2 x n] of the symmetric matrix >= 0, which is spent; values[2]. */
static enum ten_status leading_axes(double *matrix, size_t n, double *axes, double values[2], struct ten_error *error) {
    size_t count = n < DIMENSIONS ? n : DIMENSIONS, wanted = n < 2 ? n : 2;
    double found[DIMENSIONS] = {0};
    double *rows = ten_alloc(2 * count * n, sizeof *rows), *products = rows ? rows + count * n : NULL;
    double *all = ten_alloc(n, sizeof *all);
    enum ten_status status = rows && all ? TEN_OK : ten_fail_memory(error, "principal components");
    bool settled = false;
    memset(axes, 0, 2 * n * sizeof *axes);
    values[0] = values[1] = 0;
    for (size_t i = 0; status == TEN_OK && i < count * n; i++) /* anything that is no axis by chance */
        rows[i] = sin(1.0 + (double)(i * i % 7919) + 0.37 * (double)(i % 101));
    if (status == TEN_OK) orthonormalise(rows, n, count);
    for (int round = 0; status == TEN_OK && round < ROUNDS && !settled; round++) {
        multiply(matrix, n, count, rows, products);
        status = turn_axes(n, count, rows, products, found, error);
        settled = status == TEN_OK;
        for (size_t a = 0; a < wanted && settled; a++)
            settled = residual(rows + a * n, products + a * n, found[a], n) <= precise_enough * found[0];
        if (settled) break;
        memcpy(rows, products, count * n * sizeof *rows);
        orthonormalise(rows, n, count);
    }
    if (status == TEN_OK && !settled) {
        status = ten_symmetric_eigen(matrix, n, all, error);
        for (size_t a = 0; status == TEN_OK && a < wanted; a++) found[a] = all[a];
    }
    for (size_t a = 0; status == TEN_OK && a < wanted; a++) {
        memcpy(axes + a * n, (settled ? rows : matrix) + a * n, n * sizeof *axes);
        values[a] = fmax(found[a], 0);
    }
    free(rows);
    free(all);
    return status;
}

static void make_largest_positive(double *axis, size_t n) {
    size_t largest = 0;
    for (size_t j = 1; j < n; j++)
        if (fabs(axis[j]) > fabs(axis[largest])) largest = j;
    for (size_t j = 0; n && axis[largest] < 0 && j < n; j++)
        if (j != largest) axis[j] = -axis[j];
    axis[largest] = fabs(axis[largest]);
}

enum ten_status ten_principal_plane(const struct ten_features *features, float *points, double explained[2],
                                    const struct ten_run *run, struct ten_error *error) {
    size_t n = features->columns;
    explained[0] = explained[1] = 0;
    if (n > TEN_PLANE_COLUMNS)
        return ten_fail(error, TEN_INVALID,
                        "%zu features are too many for principal components, at most %d are "
                        "supported; a shorter preprocessing helps, such as crop20",
                        n, TEN_PLANE_COLUMNS);
    struct ten_batch batch = {.rows = features->rows, .shape = {.columns = n}, .unit = 1, .floats = features->values};
    double *matrix = ten_alloc(n * n, sizeof *matrix), *mean = ten_alloc(4 * n, sizeof *mean), values[2], trace = 0;
    enum ten_status status = matrix && mean ? TEN_OK : ten_fail_memory(error, "principal components");
    double *squares = mean ? mean + n : NULL, *axes = mean ? mean + 2 * n : NULL;
    struct ten_scatter scatter = {.batch = &batch, .means = mean, .stage = "principal components"};
    if (status == TEN_OK) status = ten_column_moments(&batch, mean, squares, run, error);
    if (status == TEN_OK) status = ten_scatter_sum(&scatter, matrix, run, error);
    for (size_t j = 0; status == TEN_OK && j < n; j++) trace += matrix[j * n + j];
    if (status == TEN_OK && !isfinite(trace))
        status = ten_fail(error, TEN_NUMERIC, "the variance of the features is not finite");
    if (status == TEN_OK) status = leading_axes(matrix, n, axes, values, error);
    for (size_t a = 0; status == TEN_OK && a < 2; a++) {
        make_largest_positive(axes + a * n, n);
        explained[a] = trace > 0 ? values[a] / trace : 0;
        for (size_t i = 0; i < features->rows; i++) {
            const float *row = features->values + i * n;
            double sum = 0;
            for (size_t j = 0; j < n; j++) sum += ((double)row[j] - mean[j]) * axes[a * n + j];
            points[2 * i + a] = (float)sum;
        }
    }
    free(matrix);
    free(mean);
    return status;
}

/* ---- Labels in the plane ---------------------------------------------------------------------------------------- */

enum { MOST_NEIGHBOURS = 100, STRETCH = 64 };

struct purity {
    const float *x, *y; /* padded to whole stretches with infinities */
    const uint8_t *labels;
    size_t count, neighbours;
    size_t *alike; /* of each task */
};

struct near {
    float distance;
    size_t index;
};

static void keep(struct near *list, size_t *count, size_t most, struct near new) {
    if (*count == most && !(new.distance < list[most - 1].distance)) return; /* a later equal is no nearer */
    size_t at = *count < most ? (*count)++ : most - 1;
    for (; at > 0 && new.distance < list[at - 1].distance; at--) list[at] = list[at - 1];
    list[at] = new;
}

static size_t alike_near(const struct purity *p, size_t i) {
    struct near best[MOST_NEIGHBOURS];
    size_t found = 0, alike = 0;
    for (size_t start = 0; start < p->count; start += STRETCH) {
        float distance[STRETCH], limit = found == p->neighbours ? best[found - 1].distance : INFINITY;
        unsigned any = 0;
        for (size_t l = 0; l < STRETCH; l++) {
            float dx = p->x[start + l] - p->x[i], dy = p->y[start + l] - p->y[i];
            distance[l] = dx * dx + dy * dy;
        }
        for (size_t l = 0; l < STRETCH; l++) any += distance[l] < limit;
        for (size_t l = 0; any && l < STRETCH; l++)
            if (distance[l] < limit && start + l != i)
                keep(best, &found, p->neighbours, (struct near){distance[l], start + l});
    }
    for (size_t b = 0; b < found; b++) alike += p->labels[best[b].index] == p->labels[i];
    return alike;
}

static enum ten_status purity_of_rows(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread;
    (void)error;
    const struct purity *p = context;
    size_t rows = ten_block_length(p->count, ROWS, task);
    p->alike[task] = 0;
    for (size_t i = task * ROWS; i < task * ROWS + rows; i++) p->alike[task] += alike_near(p, i);
    return TEN_OK;
}

enum ten_status ten_plane_purity(double *out, const float *points, const uint8_t *labels, size_t count,
                                 size_t neighbours, const struct ten_run *run, struct ten_error *error) {
    *out = NAN;
    if (neighbours < 1 || neighbours > MOST_NEIGHBOURS || neighbours >= count)
        return ten_fail(error, TEN_INVALID, "%zu neighbours among %zu points: expected 1 to %d, and fewer than points",
                        neighbours, count, MOST_NEIGHBOURS);
    for (size_t i = 0; i < 2 * count; i++)
        if (!(fabsf(points[i]) < 1e18f))
            return ten_fail(error, TEN_INVALID, "point %zu is not finite or too far away", i / 2);
    size_t padded = (count + STRETCH - 1) / STRETCH * STRETCH, tasks = ten_block_count(count, ROWS), alike = 0;
    float *x = ten_alloc(2 * padded, sizeof *x);
    struct purity p = {x, x + padded, labels, count, neighbours, ten_alloc(tasks, sizeof *p.alike)};
    enum ten_status status = x && p.alike ? TEN_OK : ten_fail_memory(error, "the nearest points");
    for (size_t i = 0; status == TEN_OK && i < padded; i++) {
        x[i] = i < count ? points[2 * i] : INFINITY;
        x[padded + i] = i < count ? points[2 * i + 1] : INFINITY;
    }
    if (status == TEN_OK) status = ten_parallel(run, "purity", "points", ROWS, tasks, purity_of_rows, &p, error);
    for (size_t t = 0; status == TEN_OK && t < tasks; t++) alike += p.alike[t];
    if (status == TEN_OK) *out = (double)alike / ((double)count * (double)neighbours);
    free(x);
    free(p.alike);
    return status;
}
