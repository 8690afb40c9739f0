/* k-nearest neighbours, exact, over blocks: squared Euclidean distances |x|^2 + |y|^2 - 2 x.y, with the products of a
 * block of queries and a block of training rows in one kernel call.
 *
 * Bytes: all in integers, hence exact. Floats: the product form is rounded, so it only proposes: for every row that
 * could, within a bound on the rounding, belong to the k nearest so far, the distance is computed anew as a sum of
 * squared differences in double. Rows of many columns are first compared in their shadows on a subspace of few
 * dimensions that holds most of their variance: shadows are never farther apart than what casts them, so that nothing
 * is missed, and most rows are done with. Neighbours are ordered by (distance, training index). */
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "kernels/kernels.h"
#include "model/model.h"
#include "prep/columns.h"
#include "prep/scatter.h"
#include "prep/subspace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct knn {
    size_t rows, columns;
    bool is_bytes;
    float unit;
    uint8_t *bytes; /* rows x columns, or */
    float *floats;  /* rows x columns */
    uint8_t *labels;
    int32_t *offsets; /* bytes: [rows] squared norms, or */
    struct shadows {  /* floats: what is compared first, the rows themselves or their projections */
        size_t dimensions;
        float *basis;  /* [dimensions x columns], rows orthonormal; NULL: the rows themselves */
        float *values; /* of projections: blocks of BLOCK rows, each transposed: [dimensions x rows of the block] */
        double *norms; /* [rows] squared */
        float *rounded;
        double largest_norm, largest_row_norm; /* squared; of shadows, of rows */
    } shadows;
};

enum { N_NEIGHBORS, WEIGHTS };
enum { UNIFORM, DISTANCE };
static const char *const weight_words[] = {"uniform", "distance", NULL};
static const struct ten_parameter parameters[] = {
    {.name = "n_neighbors",
     .type = TEN_INTEGER,
     .initial = "5",
     .minimum = 1,
     .maximum = 1000,
     .help = "how many neighbours vote"},
    {.name = "weights",
     .type = TEN_CHOICE,
     .initial = "uniform",
     .choices = weight_words,
     .help = "each neighbour counts the same, or by the inverse of its distance"},
};

/* Blocks: the products of 256 queries and 512 training rows (512 KiB) and the rows themselves (0.4 to 1.6 MiB) stay in
 * a core's caches, and a pass over the training set serves many queries. */
enum { QUERIES = 256, BLOCK = 512, DEPTH_LIMIT = 33025 /* of dot_bytes */ };

/* Projections pay where they are much shorter than the rows and hold most of their variance. */
enum { DIMENSIONS = 96, MOST_COLUMNS = 4096, SAMPLE = 8192 /* rows that the subspace is found from */ };
static const double least_share = 0.75;

static void release(void *state) {
    struct knn *model = state;
    free(model->bytes);
    free(model->floats);
    free(model->labels);
    free(model->offsets);
    free(model->shadows.basis);
    free(model->shadows.values);
    free(model->shadows.norms);
    free(model->shadows.rounded);
    *model = (struct knn){0};
}

static double squared_norm_bytes(const uint8_t *row, size_t columns) {
    uint64_t norm = 0;
    for (size_t j = 0; j < columns; j++) norm += (uint32_t)row[j] * row[j];
    return (double)norm;
}

static double squared_norm_floats(const float *row, size_t columns) {
    double norm = 0;
    for (size_t j = 0; j < columns; j++) norm += (double)row[j] * (double)row[j];
    return norm;
}

static double squared_norm_strided(const float *values, size_t step, size_t count) {
    double norm = 0;
    for (size_t d = 0; d < count; d++) norm += (double)values[d * step] * (double)values[d * step];
    return norm;
}

/* The subspace, from rows evenly spread over the training set; none if the rows have no few directions that matter. */
static enum ten_status find_basis(struct knn *model, const struct ten_run *run, struct ten_error *error) {
    size_t n = model->columns, step = (model->rows + SAMPLE - 1) / SAMPLE, count = 0;
    double *memory = ten_alloc((n + 1 + DIMENSIONS) * n, sizeof *memory), *squares = ten_alloc(n, sizeof *squares);
    size_t *rows = ten_alloc(SAMPLE, sizeof *rows);
    enum ten_status status = memory && rows && squares ? TEN_OK : ten_fail_memory(error, "the training images");
    if (status == TEN_OK) {
        double *mean = memory, *scatter = memory + n, *basis = scatter + n * n, share = 0;
        for (size_t r = 0; r < model->rows; r += step) rows[count++] = r;
        struct ten_batch batch = {.rows = model->rows, .shape = {.columns = n}, .unit = 1, .floats = model->floats};
        struct ten_scatter what = {.batch = &batch, .means = mean, .rows = rows, .count = count, .stage = "fit knn"};
        status = ten_column_moments(&batch, mean, squares, run, error);
        if (status == TEN_OK) status = ten_scatter_sum(&what, scatter, run, error);
        if (status == TEN_OK) status = ten_leading_subspace(scatter, n, DIMENSIONS, basis, &share, error);
        if (status == TEN_OK && share >= least_share) {
            model->shadows.dimensions = DIMENSIONS;
            model->shadows.basis = ten_alloc(DIMENSIONS * n, sizeof *model->shadows.basis);
            model->shadows.values = ten_alloc(model->rows, DIMENSIONS * sizeof *model->shadows.values);
            if (model->shadows.basis && model->shadows.values)
                for (size_t i = 0; i < DIMENSIONS * n; i++) model->shadows.basis[i] = (float)basis[i];
            else
                status = ten_fail_memory(error, "the training images");
        }
    }
    free(memory);
    free(squares);
    free(rows);
    return status;
}

struct casting {
    struct knn *model;
    float *matmul;                           /* scratch of all threads */
    double *largest_norm, *largest_row_norm; /* of each block */
};

/* A block's shadows and their norms. */
static enum ten_status cast_block(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    const struct casting *casting = context;
    const struct knn *model = casting->model;
    const struct shadows *shadows = &model->shadows;
    size_t first = task * BLOCK, rows = ten_block_length(model->rows, BLOCK, task), n = model->columns;
    const float *from = model->floats + first * n;
    float *to = shadows->basis ? shadows->values + first * shadows->dimensions : NULL;
    if (to)
        ten_kernels()->matmul(shadows->dimensions, rows, n, (struct ten_strided){shadows->basis, n, 1},
                              (struct ten_strided){from, 1, n}, to, rows, false,
                              casting->matmul + thread * TEN_MATMUL_SCRATCH);
    double largest = 0, largest_row = 0;
    for (size_t r = 0; r < rows; r++) {
        double norm = squared_norm_floats(from + r * n, n);
        largest_row = fmax(largest_row, norm);
        if (to) norm = squared_norm_strided(to + r, rows, shadows->dimensions);
        largest = fmax(largest, norm);
        shadows->norms[first + r] = norm;
        shadows->rounded[first + r] = (float)norm;
    }
    casting->largest_norm[task] = largest;
    casting->largest_row_norm[task] = largest_row;
    return TEN_OK;
}

static enum ten_status cast_shadows(struct knn *model, const struct ten_run *run, struct ten_error *error) {
    struct shadows *shadows = &model->shadows;
    enum ten_status status = TEN_OK;
    shadows->dimensions = model->columns;
    if (model->columns >= 2 * DIMENSIONS && model->columns <= MOST_COLUMNS) status = find_basis(model, run, error);
    if (status != TEN_OK) return status;
    size_t blocks = ten_block_count(model->rows, BLOCK);
    struct casting casting = {.model = model};
    shadows->norms = ten_alloc(model->rows, sizeof *shadows->norms);
    shadows->rounded = ten_alloc(model->rows, sizeof *shadows->rounded);
    casting.largest_norm = ten_alloc(2 * blocks, sizeof *casting.largest_norm);
    casting.matmul = ten_alloc(ten_workers(run, blocks) * TEN_MATMUL_SCRATCH, sizeof *casting.matmul);
    if (shadows->norms && shadows->rounded && casting.largest_norm && casting.matmul) {
        casting.largest_row_norm = casting.largest_norm + blocks;
        status = ten_parallel(run, NULL, NULL, 0, blocks, cast_block, &casting, error);
        for (size_t b = 0; status == TEN_OK && b < blocks; b++) {
            shadows->largest_norm = fmax(shadows->largest_norm, casting.largest_norm[b]);
            shadows->largest_row_norm = fmax(shadows->largest_row_norm, casting.largest_row_norm[b]);
        }
    } else {
        status = ten_fail_memory(error, "the training images");
    }
    free(casting.largest_norm);
    free(casting.matmul);
    return status;
}

/* What a search needs beyond the training rows. */
static enum ten_status prepare(struct knn *model, const struct ten_run *run, struct ten_error *error) {
    if (!model->is_bytes) return cast_shadows(model, run, error);
    model->offsets = ten_alloc(model->rows, sizeof *model->offsets);
    if (!model->offsets) return ten_fail_memory(error, "the training images");
    for (size_t r = 0; r < model->rows; r++)
        model->offsets[r] = (int32_t)squared_norm_bytes(model->bytes + r * model->columns, model->columns);
    return TEN_OK;
}

static enum ten_status fit(void *state, const struct ten_training *training, struct ten_error *error) {
    struct knn *model = state;
    const struct ten_batch *x = training->features;
    *model = (struct knn){.rows = x->rows, .columns = x->shape.columns, .is_bytes = x->is_bytes, .unit = x->unit};
    size_t neighbours = (size_t)training->values->number[N_NEIGHBORS];
    if (neighbours > x->rows)
        return ten_fail(error, TEN_INVALID, "knn: n_neighbors=%zu, but there are only %zu training images", neighbours,
                        x->rows);
    if (x->is_bytes && x->shape.columns > DEPTH_LIMIT)
        return ten_fail(error, TEN_INVALID, "knn: %zu columns of bytes, at most %d are supported", x->shape.columns,
                        DEPTH_LIMIT);
    size_t values = x->rows * x->shape.columns;
    model->labels = ten_alloc(x->rows, 1);
    if (x->is_bytes)
        model->bytes = ten_alloc(values, 1);
    else
        model->floats = ten_alloc(values, sizeof *model->floats);
    if (!model->labels || (!model->bytes && !model->floats)) return ten_fail_memory(error, "the training images");
    memcpy(model->labels, training->labels, x->rows);
    if (x->is_bytes)
        memcpy(model->bytes, x->bytes, values);
    else
        memcpy(model->floats, x->floats, values * sizeof *model->floats);
    return prepare(model, training->run, error);
}

/* ---- The k nearest seen so far ------------------------------------------------------------------------------ */

/* A neighbour is one number that orders by distance, then by index. */
struct neighbour {
    double distance; /* squared, in units of the values */
    size_t index;
};

static bool nearer(struct neighbour a, struct neighbour b) {
    return a.distance < b.distance || (a.distance == b.distance && a.index < b.index);
}

/* Puts a neighbour into a list of at most k, sorted nearest first; k is small, so insertion is quick. */
static void keep(struct neighbour *list, size_t *count, size_t k, struct neighbour new) {
    if (*count == k && !nearer(new, list[k - 1])) return;
    size_t at = *count < k ? (*count)++ : k - 1;
    for (; at > 0 && nearer(new, list[at - 1]); at--) list[at] = list[at - 1];
    list[at] = new;
}

/* ---- Prediction --------------------------------------------------------------------------------------------- */

struct search {
    const struct knn *model;
    const struct ten_batch *queries;
    size_t k;
    bool by_distance;
    float *probabilities;
    struct scratch {
        uint8_t *packed;        /* bytes: the queries as dot_bytes wants them */
        int32_t *dots;          /* bytes: [BLOCK x QUERIES] products with a block of training rows */
        float *products;        /* floats: the same */
        float *shadows;         /* floats: [dimensions x QUERIES] the queries' projections */
        float *matmul;          /* floats */
        uint32_t *found;        /* [BLOCK x QUERIES] places in the block that may be among the nearest */
        struct neighbour *best; /* [QUERIES x k] */
    } * scratch;                /* per thread */
};

static void vote(const struct search *search, const struct neighbour *best, size_t count, float *probabilities) {
    double votes[TEN_CLASSES] = {0}, sum = 0;
    bool exact_hit = search->by_distance && count && best[0].distance == 0;
    for (size_t i = 0; i < count; i++) {
        /* by distance, an image that is in the training set answers for itself (together with its equals) */
        double weight = !search->by_distance ? 1 : exact_hit ? best[i].distance == 0 : 1 / sqrt(best[i].distance);
        votes[search->model->labels[best[i].index]] += weight;
        sum += weight;
    }
    for (size_t c = 0; c < TEN_CLASSES; c++) probabilities[c] = (float)(votes[c] / sum);
}

/* Distances less the query's own norm are whole numbers in 32 bits: at least -|query|^2, at most |row|^2. */
static void search_bytes(const struct search *search, struct scratch *scratch, size_t first, size_t count) {
    const struct knn *model = search->model;
    const struct ten_kernels *kernels = ten_kernels();
    const uint8_t *queries = search->queries->bytes + first * model->columns;
    size_t found[QUERIES] = {0}, k = search->k;
    int32_t limits[QUERIES];
    for (size_t q = 0; q < count; q++) limits[q] = INT32_MAX;
    kernels->pack_bytes(count, model->columns, queries, model->columns, scratch->packed);
    for (size_t start = 0; start < model->rows; start += BLOCK) {
        size_t rows = ten_block_length(model->rows, BLOCK, start / BLOCK);
        kernels->dot_bytes(rows, count, model->columns, model->bytes + start * model->columns, model->columns,
                           scratch->packed, scratch->dots, QUERIES);
        size_t hits = kernels->find_below_i32(rows, count, scratch->dots, QUERIES, model->offsets + start, limits,
                                              scratch->found);
        for (size_t h = 0; h < hits; h++) {
            size_t r = scratch->found[h] / count, q = scratch->found[h] % count;
            struct neighbour *best = scratch->best + q * k;
            double distance = model->offsets[start + r] - 2.0 * scratch->dots[r * QUERIES + q];
            keep(best, &found[q], k, (struct neighbour){distance, start + r});
            if (found[q] == k) limits[q] = (int32_t)best[k - 1].distance; /* a later equal is no nearer */
        }
    }
    double unit = (double)search->queries->unit * (double)search->queries->unit;
    for (size_t q = 0; q < count; q++) {
        struct neighbour *best = scratch->best + q * k;
        double norm = squared_norm_bytes(queries + q * model->columns, model->columns);
        for (size_t i = 0; i < k; i++) best[i].distance = (best[i].distance + norm) * unit;
        vote(search, best, k, search->probabilities + (first + q) * TEN_CLASSES);
    }
}

/* Stops where it is certain to be above the limit. */
static double squared_distance(const float *a, const float *b, size_t columns, double limit) {
    double part[8] = {0}, sum = 0;
    size_t j = 0;
    while (j + 8 <= columns && !(sum > limit)) {
        size_t end = columns - j < 64 ? columns - columns % 8 : j + 64;
        for (; j < end; j += 8)
            for (size_t p = 0; p < 8; p++) {
                double d = (double)a[j + p] - (double)b[j + p];
                part[p] += d * d;
            }
        sum = ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
    }
    for (; j < columns; j++) sum += ((double)a[j] - (double)b[j]) * ((double)a[j] - (double)b[j]);
    return sum;
}

/* How far two distances that are compared can be off together. A float sum of n products errs by at most n 2^-24 |x||y|
 * to first order (Higham 2002, section 3.1), and by half the smallest float for each that underflows; twice that for
 * 2 x.y, on either distance, and a margin. Then the sums in double. Infinite where floats could overflow. */
static double rounding(size_t columns, double norm, double largest_norm) {
    double n = (double)columns + 2;
    if (!(norm + largest_norm < 0x1p126)) return INFINITY;
    return 5 * n * (0x1p-24 * sqrt(norm * largest_norm) + 0x1p-149) + n * 0x1p-50 * (norm + largest_norm);
}

/* Every row by exact distance: the answer where floats overflow. */
static void settle_all(const struct search *search, const float *query, struct neighbour *best) {
    const struct knn *model = search->model;
    size_t found = 0;
    for (size_t r = 0; r < model->rows; r++) {
        double distance = squared_distance(query, model->floats + r * model->columns, model->columns, INFINITY);
        keep(best, &found, search->k, (struct neighbour){distance, r});
    }
}

/* What find_below_f32 compares with so that it lets no candidate through its fingers: the limit less the query's norm,
 * and a margin for the rounding of the norms and of the comparison itself. */
static float conservative_limit(double limit, double norm, double largest_norm) {
    return (float)(limit - norm + 0x1p-21 * (fabs(limit) + norm + largest_norm) + 0x1p-140);
}

/* A query's shadow, and how far it can be from the shadow of a row that is near. */
struct bound {
    double norm;  /* of the shadow, squared */
    double slack; /* of distances between shadows, for rounding */
    double away;  /* how much shadows can err together, as vectors: every value is a rounded sum of products */
    double reach; /* shadows farther than this (squared) need not be looked at */
};

static double reach(const struct shadows *shadows, const struct bound *bound, double nearest) {
    if (!shadows->basis) return nearest + bound->slack;
    double distance = sqrt(nearest) * (1 + 1e-5) + bound->away; /* a rounded basis may stretch by some 1e-6 */
    return distance * distance + bound->slack;
}

static struct bound make_bound(const struct knn *model, const float *query, const float *shadow) {
    const struct shadows *shadows = &model->shadows;
    double norm = squared_norm_floats(query, model->columns), n = (double)model->columns + 2;
    struct bound bound = {.norm = norm, .reach = INFINITY};
    if (shadows->basis) bound.norm = squared_norm_strided(shadow, QUERIES, shadows->dimensions);
    bound.slack = rounding(shadows->dimensions, bound.norm, shadows->largest_norm);
    if (!isfinite(rounding(model->columns, norm, shadows->largest_row_norm))) bound.slack = INFINITY;
    bound.away =
        n * sqrt((double)shadows->dimensions) * (0x1p-23 * (sqrt(norm) + sqrt(shadows->largest_row_norm)) + 0x1p-148);
    return bound;
}

static void search_floats(const struct search *search, struct scratch *scratch, size_t first, size_t count) {
    const struct knn *model = search->model;
    const struct shadows *shadows = &model->shadows;
    const struct ten_kernels *kernels = ten_kernels();
    size_t columns = model->columns, dimensions = shadows->dimensions, k = search->k, found[QUERIES] = {0};
    const float *queries = search->queries->floats + first * columns;
    struct ten_strided plain = {queries, 1, columns}, projected = {scratch->shadows, QUERIES, 1};
    if (shadows->basis)
        kernels->matmul(dimensions, count, columns, (struct ten_strided){shadows->basis, columns, 1}, plain,
                        scratch->shadows, QUERIES, false, scratch->matmul);
    struct bound bounds[QUERIES];
    float limits[QUERIES];
    for (size_t q = 0; q < count; q++) {
        bounds[q] = make_bound(model, queries + q * columns, scratch->shadows + q);
        limits[q] = isfinite(bounds[q].slack) ? INFINITY : -INFINITY; /* all, or none: settle_all */
    }
    for (size_t start = 0; start < model->rows; start += BLOCK) {
        size_t rows = ten_block_length(model->rows, BLOCK, start / BLOCK);
        struct ten_strided block = shadows->basis ? (struct ten_strided){shadows->values + start * dimensions, 1, rows}
                                                  : (struct ten_strided){model->floats + start * columns, columns, 1};
        kernels->matmul(rows, count, dimensions, block, shadows->basis ? projected : plain, scratch->products, QUERIES,
                        false, scratch->matmul);
        size_t hits = kernels->find_below_f32(rows, count, scratch->products, QUERIES, shadows->rounded + start, limits,
                                              scratch->found);
        for (size_t h = 0; h < hits; h++) {
            size_t r = scratch->found[h] / count, q = scratch->found[h] % count;
            struct neighbour *best = scratch->best + q * k;
            struct bound *bound = &bounds[q];
            if (bound->norm + shadows->norms[start + r] - 2.0 * (double)scratch->products[r * QUERIES + q] >
                bound->reach)
                continue;
            double nearest = found[q] == k ? best[k - 1].distance : INFINITY;
            double distance =
                squared_distance(queries + q * columns, model->floats + (start + r) * columns, columns, nearest);
            keep(best, &found[q], k, (struct neighbour){distance, start + r});
            if (found[q] < k || best[k - 1].distance == nearest) continue;
            bound->reach = reach(shadows, bound, best[k - 1].distance);
            limits[q] = conservative_limit(bound->reach, bound->norm, shadows->largest_norm);
        }
    }
    for (size_t q = 0; q < count; q++) {
        struct neighbour *best = scratch->best + q * k;
        if (!isfinite(bounds[q].slack)) settle_all(search, queries + q * columns, best);
        vote(search, best, k, search->probabilities + (first + q) * TEN_CLASSES);
    }
}

static enum ten_status search_block(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    const struct search *search = context;
    size_t count = ten_block_length(search->queries->rows, QUERIES, task);
    if (search->model->is_bytes)
        search_bytes(search, &search->scratch[thread], task * QUERIES, count);
    else
        search_floats(search, &search->scratch[thread], task * QUERIES, count);
    return TEN_OK;
}

static void search_release(struct search *search, size_t threads) {
    for (size_t t = 0; search->scratch && t < threads; t++) {
        struct scratch *scratch = &search->scratch[t];
        free(scratch->packed);
        free(scratch->dots);
        free(scratch->products);
        free(scratch->shadows);
        free(scratch->matmul);
        free(scratch->found);
        free(scratch->best);
    }
    free(search->scratch);
}

static bool scratch_init(const struct search *search, struct scratch *scratch) {
    bool is_bytes = search->model->is_bytes;
    size_t count = search->queries->rows < QUERIES ? search->queries->rows : QUERIES;
    scratch->best = ten_alloc(count * search->k, sizeof *scratch->best);
    scratch->found = ten_alloc(BLOCK * QUERIES, sizeof *scratch->found);
    if (is_bytes) {
        scratch->packed = ten_alloc(ten_packed_bytes(count, search->model->columns), 1);
        scratch->dots = ten_alloc(BLOCK * QUERIES, sizeof *scratch->dots);
        return scratch->best && scratch->found && scratch->packed && scratch->dots;
    }
    scratch->products = ten_alloc(BLOCK * QUERIES, sizeof *scratch->products);
    scratch->matmul = ten_alloc(TEN_MATMUL_SCRATCH, sizeof *scratch->matmul);
    scratch->shadows = ten_alloc(search->model->shadows.dimensions * QUERIES, sizeof *scratch->shadows);
    return scratch->best && scratch->found && scratch->products && scratch->shadows && scratch->matmul;
}

static bool search_init(struct search *search, size_t threads) {
    search->scratch = ten_alloc_zero(threads, sizeof *search->scratch);
    bool good = search->scratch != NULL;
    for (size_t t = 0; good && t < threads; t++) good = scratch_init(search, &search->scratch[t]);
    return good;
}

static enum ten_status predict(const void *state, const struct ten_values *values, const struct ten_batch *features,
                               float *probabilities, const struct ten_run *run, struct ten_error *error) {
    const struct knn *model = state;
    if (features->is_bytes != model->is_bytes)
        return ten_fail(error, TEN_INVALID, "knn: was fitted on %s and is asked about %s",
                        model->is_bytes ? "bytes" : "floats", features->is_bytes ? "bytes" : "floats");
    struct search search = {.model = model,
                            .queries = features,
                            .k = (size_t)values->number[N_NEIGHBORS],
                            .by_distance = values->word[WEIGHTS] == DISTANCE,
                            .probabilities = probabilities};
    size_t threads = ten_workers(run, ten_block_count(features->rows, QUERIES));
    enum ten_status status;
    if (search_init(&search, threads))
        status = ten_parallel(run, "predict knn", "images", QUERIES, ten_block_count(features->rows, QUERIES),
                              search_block, &search, error);
    else
        status = ten_fail_memory(error, "the nearest neighbours");
    search_release(&search, threads);
    return status;
}

/* ---- Files -------------------------------------------------------------------------------------------------- */

static enum ten_status save(const void *state, struct ten_tensors *tensors, struct ten_error *error) {
    const struct knn *model = state;
    size_t shape[] = {model->rows, model->columns}, one[] = {1};
    enum ten_status status = ten_tensors_add(tensors, "images", model->is_bytes ? TEN_U8 : TEN_F32, 2, shape,
                                             model->is_bytes ? (const void *)model->bytes : model->floats, error);
    if (status == TEN_OK) status = ten_tensors_add(tensors, "labels", TEN_U8, 1, shape, model->labels, error);
    if (status == TEN_OK && model->is_bytes)
        status = ten_tensors_add(tensors, "unit", TEN_F32, 1, one, &model->unit, error);
    return status;
}

static enum ten_status load(void *state, const struct ten_values *values, const struct ten_shape *shape,
                            struct ten_tensors *tensors, struct ten_error *error) {
    struct knn *model = state;
    model->columns = shape->columns;
    size_t wanted[] = {TEN_ANY, shape->columns}, one[] = {1};
    enum ten_status status = ten_tensors_take(tensors, "labels", TEN_U8, 1, wanted, (void **)&model->labels, error);
    if (status != TEN_OK) return status;
    model->rows = wanted[0];
    float *unit = NULL;
    /* bytes carry their unit; without one the images are floats */
    model->is_bytes = ten_tensors_has(tensors, "unit");
    if (model->is_bytes) status = ten_tensors_take(tensors, "unit", TEN_F32, 1, one, (void **)&unit, error);
    if (status == TEN_OK)
        status = model->is_bytes
                     ? ten_tensors_take(tensors, "images", TEN_U8, 2, wanted, (void **)&model->bytes, error)
                     : ten_tensors_take(tensors, "images", TEN_F32, 2, wanted, (void **)&model->floats, error);
    model->unit = unit ? *unit : 1;
    free(unit);
    for (size_t i = 0; status == TEN_OK && i < model->rows; i++)
        if (model->labels[i] >= TEN_CLASSES)
            status = ten_fail(error, TEN_FORMAT, "%s: model.labels[%zu] is %d, expected 0 to 9", tensors->path, i,
                              model->labels[i]);
    if (status == TEN_OK && (size_t)values->number[N_NEIGHBORS] > model->rows)
        status =
            ten_fail(error, TEN_FORMAT, "%s: n_neighbors is larger than the %zu images", tensors->path, model->rows);
    if (status == TEN_OK && model->is_bytes && model->columns > DEPTH_LIMIT)
        status = ten_fail(error, TEN_FORMAT, "%s: %zu columns of bytes, at most %d are supported", tensors->path,
                          model->columns, DEPTH_LIMIT);
    return status == TEN_OK ? prepare(model, NULL, error) : status;
}

static size_t parameter_count(const void *state) {
    const struct knn *model = state;
    return model->rows * model->columns;
}

const struct ten_model_type ten_model_knn = {
    .about = {.name = "knn",
              .title = "k-nearest neighbours",
              .summary = "Compares with every training image, exactly; the nearest ones vote.",
              .prep = "deskew,pca=40",
              .parameters = parameters,
              .parameter_count = sizeof parameters / sizeof *parameters},
    .state_size = sizeof(struct knn),
    .fit = fit,
    .predict = predict,
    .save = save,
    .load = load,
    .parameters = parameter_count,
    .release = release,
};
