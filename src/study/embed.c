/* t-SNE (van der Maaten and Hinton 2008, "Visualizing data using t-SNE"): points in a plane whose nearness, w = 1 / (1
 * + r^2) over the sum of all pairs, is that of the rows they stand for. Gradient descent on the divergence of the two,
 *     4 sum over j of (e p_ij - w_ij / Z) w_ij (y_i - y_j),
 * from the principal plane, with momentum, gains of each coordinate and early exaggeration e as in the authors'
 * program; the rate of learning after Belkina et al. (2019), as scikit-learn has it. The first term is a sum over
 * neighbours, the second the slope of a field (field.h), or a sum over all pairs where there are few.
 *
 * Sums are made by point, by task in the order of tasks, and over tasks in double: the same for any threads. */
#include "study/embed.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/random.h"
#include "kernels/kernels.h"
#include "study/field.h"
#include "study/neighbours.h"
#include "study/plane.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    POINTS = 128,      /* of a task */
    FEW = 1000,        /* points of which all pairs are summed */
    LEAST_POINTS = 5,  /* fewer have no neighbours to speak of */
    EXAGGERATED = 250, /* iterations, at most a quarter */
    REPORT_EVERY = 50, /* iterations between divergences */
    ANSWER_EVERY = 5   /* iterations between looks whether to stop */
};
static const double exaggeration = 12, least_rate = 50, start_deviation = 1e-4, jitter = 1e-6;
static const float least_gain = 0.01f;

struct descent {
    const struct ten_affinity *p;
    size_t count;
    float *memory;
    float *x, *y;                  /* [count] each, as those below */
    float *pull_x, *pull_y;        /* of neighbours: sum of p w (y_i - y_j) */
    float *push_x, *push_y, *sums; /* of all: sum of w^2 (y_i - y_j); sum of w */
    float *step_x, *step_y, *gain_x, *gain_y;
    float *points; /* [count x 2], x and y once more */
    double *parts; /* [tasks x 2] */
    bool grid;
    struct ten_field field;
};

/* ---- The gradient ----------------------------------------------------------------------------------------------- */

static void release(struct descent *d) {
    ten_field_release(&d->field);
    free(d->memory);
    free(d->parts);
    *d = (struct descent){0};
}

static enum ten_status init(struct descent *d, const struct ten_affinity *p, bool grid, const struct ten_run *run,
                            struct ten_error *error) {
    size_t n = p->count, line = (n + 15) / 16 * 16;
    *d = (struct descent){.p = p, .count = n, .grid = grid};
    d->memory = ten_alloc_zero(13 * line, sizeof *d->memory);
    d->parts = ten_alloc(2 * ten_block_count(n, POINTS), sizeof *d->parts);
    if (!d->memory || !d->parts) return ten_fail_memory(error, "the points");
    float **vectors[] = {&d->x,    &d->y,      &d->pull_x, &d->pull_y, &d->push_x, &d->push_y,
                         &d->sums, &d->step_x, &d->step_y, &d->gain_x, &d->gain_y, &d->points};
    for (size_t v = 0; v < sizeof vectors / sizeof *vectors; v++) *vectors[v] = d->memory + v * line;
    return grid ? ten_field_init(&d->field, n, run, error) : TEN_OK;
}

static enum ten_status forces_of(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread;
    (void)error;
    struct descent *d = context;
    size_t first = task * POINTS, count = ten_block_length(d->count, POINTS, task);
    const struct ten_kernels *kernels = ten_kernels();
    if (d->grid)
        ten_field_get(&d->field, first, count, d->push_x, d->push_y, d->sums);
    else
        kernels->plane_repel(first, count, d->count, d->x, d->y, d->push_x, d->push_y, d->sums);
    kernels->plane_attract(first, count, d->p->starts, d->p->others, d->p->shares, d->points, d->pull_x, d->pull_y);
    double sum = 0;
    for (size_t i = first; i < first + count; i++) sum += (double)d->sums[i];
    d->parts[task] = sum;
    return TEN_OK;
}

/* Pulls and pushes at the points as they are; *z gets the sum of w over all pairs of different points. */
static enum ten_status find_forces(struct descent *d, double *z, const struct ten_run *run, struct ten_error *error) {
    size_t tasks = ten_block_count(d->count, POINTS);
    for (size_t i = 0; i < d->count; i++) {
        d->points[2 * i] = d->x[i];
        d->points[2 * i + 1] = d->y[i];
    }
    enum ten_status status = d->grid ? ten_field_set(&d->field, d->x, d->y, run, error) : TEN_OK;
    if (status == TEN_OK) status = ten_parallel(run, NULL, NULL, 0, tasks, forces_of, d, error);
    *z = -(double)d->count; /* each point's own */
    for (size_t t = 0; status == TEN_OK && t < tasks; t++) *z += d->parts[t];
    *z = fmax(*z, 1e-12);
    return status;
}

enum ten_status ten_embedding_gradient(const struct ten_affinity *p, const float *x, const float *y, double exaggerated,
                                       bool grid, float *gx, float *gy, const struct ten_run *run,
                                       struct ten_error *error) {
    struct descent d;
    double z = 0;
    enum ten_status status = init(&d, p, grid, run, error);
    if (status == TEN_OK) {
        memcpy(d.x, x, d.count * sizeof *x);
        memcpy(d.y, y, d.count * sizeof *y);
        status = find_forces(&d, &z, run, error);
    }
    for (size_t i = 0; status == TEN_OK && i < d.count; i++) {
        gx[i] = (float)(4 * (exaggerated * (double)d.pull_x[i] - (double)d.push_x[i] / z));
        gy[i] = (float)(4 * (exaggerated * (double)d.pull_y[i] - (double)d.push_y[i] / z));
    }
    release(&d);
    return status;
}

/* ---- The divergence --------------------------------------------------------------------------------------------- */

struct divergence {
    const struct ten_affinity *p;
    const float *x, *y;
    float *memory; /* [3 x count], NULL if Z is known */
    double *parts; /* [tasks x 2]: sum of p log(p / w), sum of w */
};

static enum ten_status divergence_of(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread;
    (void)error;
    const struct divergence *v = context;
    size_t n = v->p->count, first = task * POINTS, count = ten_block_length(n, POINTS, task);
    double sum = 0, weights = 0;
    for (size_t i = first; i < first + count; i++)
        for (size_t e = v->p->starts[i]; e < v->p->starts[i + 1]; e++) {
            size_t j = v->p->others[e];
            double dx = (double)v->x[i] - (double)v->x[j], dy = (double)v->y[i] - (double)v->y[j];
            double share = (double)v->p->shares[e];
            if (share > 0) sum += share * log(share * (1 + (dx * dx + dy * dy)));
        }
    if (v->memory) {
        float *fx = v->memory, *fy = fx + n, *sums = fy + n;
        ten_kernels()->plane_repel(first, count, n, v->x, v->y, fx, fy, sums);
        for (size_t i = first; i < first + count; i++) weights += (double)sums[i];
    }
    v->parts[2 * task] = sum;
    v->parts[2 * task + 1] = weights;
    return TEN_OK;
}

/* The shares sum to 1, so that log Z comes out of the sum. z 0: not known. */
static enum ten_status find_divergence(const struct ten_affinity *p, const float *x, const float *y, double z,
                                       double *out, const struct ten_run *run, struct ten_error *error) {
    size_t tasks = ten_block_count(p->count, POINTS);
    struct divergence v = {.p = p, .x = x, .y = y, .parts = ten_alloc(2 * tasks, sizeof *v.parts)};
    if (z <= 0) v.memory = ten_alloc(3 * p->count, sizeof *v.memory);
    enum ten_status status = v.parts && (z > 0 || v.memory) ? TEN_OK : ten_fail_memory(error, "the divergence");
    if (status == TEN_OK) status = ten_parallel(run, NULL, NULL, 0, tasks, divergence_of, &v, error);
    double sum = 0, weights = -(double)p->count;
    for (size_t t = 0; status == TEN_OK && t < tasks; t++) {
        sum += v.parts[2 * t];
        weights += v.parts[2 * t + 1];
    }
    *out = sum + log(z > 0 ? z : fmax(weights, 1e-12));
    free(v.parts);
    free(v.memory);
    return status;
}

enum ten_status ten_embedding_divergence(const struct ten_affinity *p, const float *x, const float *y, double *out,
                                         const struct ten_run *run, struct ten_error *error) {
    return find_divergence(p, x, y, 0, out, run, error);
}

/* ---- The descent ------------------------------------------------------------------------------------------------ */

/* One step along an axis. A gain grows where the gradient still points the way of the last step. */
static void move(size_t n, const float *pull, const float *push, float pulled, float pushed, float momentum, float rate,
                 float *restrict step, float *restrict gain, float *restrict at) {
    for (size_t i = 0; i < n; i++) {
        float slope = pulled * pull[i] - pushed * push[i];
        float longer = gain[i] + 0.2f, shorter = gain[i] * 0.8f;
        float own = step[i] * slope < 0 ? longer : shorter;
        own = own > least_gain ? own : least_gain;
        gain[i] = own;
        step[i] = momentum * step[i] - rate * own * slope;
        at[i] += step[i];
    }
}

static void centre(size_t n, float *at) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)at[i];
    float mean = (float)(sum / (double)n);
    for (size_t i = 0; i < n; i++) at[i] -= mean;
}

static enum ten_status report(struct descent *d, size_t iteration, size_t iterations, double z, double *score,
                              const struct ten_run *run, struct ten_error *error) {
    if (!run || !run->progress || iteration % ANSWER_EVERY != 0) return TEN_OK;
    enum ten_status status = TEN_OK;
    if (iteration % REPORT_EVERY == 0) status = find_divergence(d->p, d->x, d->y, z, score, run, error);
    struct ten_progress progress = {.stage = "t-SNE",
                                    .unit = "iterations",
                                    .score_name = "divergence",
                                    .done = (double)iteration,
                                    .total = (double)iterations,
                                    .score = *score};
    return status == TEN_OK ? ten_report(run, &progress, error) : status;
}

static enum ten_status descend(struct descent *d, size_t iterations, const struct ten_run *run,
                               struct ten_error *error) {
    size_t early = iterations / 4 < EXAGGERATED ? iterations / 4 : EXAGGERATED, n = d->count;
    double rate = fmax((double)n / exaggeration / 4, least_rate), z, score = 0;
    for (size_t i = 0; i < n; i++) d->gain_x[i] = d->gain_y[i] = 1;
    for (size_t iteration = 0; iteration < iterations; iteration++) {
        bool first = iteration < early;
        enum ten_status status = find_forces(d, &z, run, error);
        if (status == TEN_OK) status = report(d, iteration, iterations, z, &score, run, error);
        if (status != TEN_OK) return status;
        float pulled = (float)(first ? 4 * exaggeration : 4), pushed = (float)(4 / z), momentum = first ? 0.5f : 0.8f;
        if (iteration == early) /* scikit-learn starts its second phase from rest */
            for (size_t i = 0; i < n; i++) {
                d->step_x[i] = d->step_y[i] = 0;
                d->gain_x[i] = d->gain_y[i] = 1;
            }
        move(n, d->pull_x, d->push_x, pulled, pushed, momentum, (float)rate, d->step_x, d->gain_x, d->x);
        move(n, d->pull_y, d->push_y, pulled, pushed, momentum, (float)rate, d->step_y, d->gain_y, d->y);
        centre(n, d->x);
        centre(n, d->y);
    }
    return TEN_OK;
}

/* The principal plane, the first component with a deviation of start_deviation, and a little chance, so that equal rows
 * do not stand on each other. */
static void start(struct descent *d, const float *components, uint64_t seed) {
    double squares = 0;
    for (size_t i = 0; i < d->count; i++) squares += (double)components[2 * i] * (double)components[2 * i];
    double deviation = sqrt(squares / (double)d->count), unit = deviation > 0 ? start_deviation / deviation : 0;
    struct ten_random random;
    ten_random_init(&random, seed, 0);
    for (size_t i = 0; i < d->count; i++) {
        double right = 2 * ten_random_unit(&random) - 1, down = 2 * ten_random_unit(&random) - 1;
        d->x[i] = (float)((double)components[2 * i] * unit + jitter * right);
        d->y[i] = (float)((double)components[2 * i + 1] * unit + jitter * down);
    }
}

/* ---- All of it -------------------------------------------------------------------------------------------------- */

static enum ten_status check(const struct ten_features *features, double perplexity, size_t iterations,
                             struct ten_error *error) {
    size_t n = features->rows;
    if (n < LEAST_POINTS || n >= UINT32_MAX / 2)
        return ten_fail(error, TEN_INVALID, "%zu rows cannot be embedded, expected at least %d", n, LEAST_POINTS);
    if (features->columns < 1) return ten_fail(error, TEN_INVALID, "there are no features to embed");
    if (!(perplexity >= 1) || !(3 * perplexity < (double)(n - 1)))
        return ten_fail(error, TEN_INVALID,
                        "a perplexity of %g for %zu points: expected at least 1 and less than %.4g, "
                        "a third of the other points",
                        perplexity, n, (double)(n - 1) / 3);
    if (iterations < 1) return ten_fail(error, TEN_INVALID, "0 iterations: expected at least 1");
    for (size_t i = 0; i < n * features->columns; i++)
        if (!isfinite(features->values[i]))
            return ten_fail(error, TEN_INVALID, "feature %zu of row %zu is not finite", i % features->columns,
                            i / features->columns);
    return TEN_OK;
}

static enum ten_status find_affinity(const struct ten_features *features, double perplexity, struct ten_affinity *p,
                                     const struct ten_run *run, struct ten_error *error) {
    size_t n = features->rows, k = (size_t)(3 * perplexity + 1); /* below n, as 3 perplexity + 1 is */
    uint32_t *others = ten_alloc(n, k * sizeof *others);
    double *distances = ten_alloc(n, k * sizeof *distances);
    enum ten_status status = others && distances ? TEN_OK : ten_fail_memory(error, "the nearest neighbours");
    if (status == TEN_OK)
        status = ten_nearest_rows(features->values, n, features->columns, k, others, distances, run, error);
    if (status == TEN_OK) status = ten_affinity_make(p, n, k, others, distances, perplexity, run, error);
    free(others);
    free(distances);
    return status;
}

enum ten_status ten_embed(struct ten_embedding *out, const struct ten_features *features, double perplexity,
                          size_t iterations, const struct ten_run *run, struct ten_error *error) {
    *out = (struct ten_embedding){0};
    enum ten_status status = check(features, perplexity, iterations, error);
    if (status != TEN_OK) return status;
    struct ten_affinity p = {0};
    struct descent d = {0};
    size_t n = features->rows;
    struct ten_embedding made = {
        .count = n, .points = ten_alloc(2 * n, sizeof(float)), .components = ten_alloc(2 * n, sizeof(float))};
    if (!made.points || !made.components) status = ten_fail_memory(error, "the points");
    if (status == TEN_OK) status = ten_principal_plane(features, made.components, made.explained, run, error);
    if (status == TEN_OK) status = find_affinity(features, perplexity, &p, run, error);
    if (status == TEN_OK) status = init(&d, &p, n > FEW, run, error);
    if (status == TEN_OK) {
        start(&d, made.components, run ? run->seed : 0);
        status = descend(&d, iterations, run, error);
    }
    if (status == TEN_OK) status = ten_embedding_divergence(&p, d.x, d.y, &made.kl_divergence, run, error);
    for (size_t i = 0; status == TEN_OK && i < n; i++) {
        made.points[2 * i] = d.x[i];
        made.points[2 * i + 1] = d.y[i];
    }
    if (status == TEN_OK && !isfinite(made.kl_divergence))
        status = ten_fail(error, TEN_NUMERIC, "the points of t-SNE did not stay finite");
    release(&d);
    ten_affinity_release(&p);
    if (status == TEN_OK)
        *out = made;
    else
        ten_embedding_release(&made);
    return status;
}

void ten_embedding_release(struct ten_embedding *embedding) {
    if (!embedding) return;
    free(embedding->points);
    free(embedding->components);
    *embedding = (struct ten_embedding){0};
}
