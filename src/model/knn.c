/* k-nearest neighbours, exact, by brute force over blocks: squared Euclidean distances |x|^2 + |y|^2 - 2 x.y, with the
 * products of a block of queries and a block of training rows in one kernel call.
 *
 * Bytes: all in integers, hence exact. Floats: the product form is rounded, so it only proposes candidates: every row
 * whose rounded distance could, within a bound on the rounding, belong to the k nearest; their distances are then
 * computed anew as sums of squared differences in double. Neighbours are ordered by (distance, training index). */
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "kernels/kernels.h"
#include "model/model.h"

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
    double *norms; /* [rows] squared norms, and */
    double largest_norm;
    int32_t *offsets; /* the same for bytes, whole numbers, or */
    float *rounded;   /* for floats, rounded */
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

static void release(void *state) {
    struct knn *model = state;
    free(model->bytes);
    free(model->floats);
    free(model->labels);
    free(model->norms);
    free(model->offsets);
    free(model->rounded);
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

static enum ten_status find_norms(struct knn *model, struct ten_error *error) {
    model->norms = ten_alloc(model->rows, sizeof *model->norms);
    if (model->is_bytes)
        model->offsets = ten_alloc(model->rows, sizeof *model->offsets);
    else
        model->rounded = ten_alloc(model->rows, sizeof *model->rounded);
    if (!model->norms || (!model->offsets && !model->rounded)) return ten_fail_memory(error, "the training images");
    for (size_t r = 0; r < model->rows; r++) {
        size_t at = r * model->columns;
        double norm = model->is_bytes ? squared_norm_bytes(model->bytes + at, model->columns)
                                      : squared_norm_floats(model->floats + at, model->columns);
        model->norms[r] = norm;
        if (model->is_bytes)
            model->offsets[r] = (int32_t)norm;
        else
            model->rounded[r] = (float)norm;
        model->largest_norm = fmax(model->largest_norm, norm);
    }
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
    return find_norms(model, error);
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
        float *matmul;          /* floats */
        uint32_t *found;        /* [BLOCK x QUERIES] places in the block that may be among the nearest */
        struct neighbour *best; /* [QUERIES x k] */
        struct candidates {
            struct neighbour *items; /* floats: approximate distances */
            size_t count, capacity;
        } candidates[QUERIES];
    } * scratch; /* per thread */
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
static enum ten_status search_bytes(const struct search *search, struct scratch *scratch, size_t first, size_t count) {
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
    return TEN_OK;
}

static double squared_distance(const float *a, const float *b, size_t columns) {
    double part[4] = {0};
    for (size_t j = 0; j < columns; j++) {
        double d = (double)a[j] - (double)b[j];
        part[j % 4] += d * d;
    }
    return (part[0] + part[1]) + (part[2] + part[3]);
}

static bool add_candidate(struct candidates *list, struct neighbour new) {
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 256;
        struct neighbour *larger = ten_realloc(list->items, capacity, sizeof *larger);
        if (!larger) return false;
        list->items = larger;
        list->capacity = capacity;
    }
    list->items[list->count++] = new;
    return true;
}

/* The k nearest of the candidates, by exact distance. `limit`: approximate distances above cannot be among them. */
static void settle(const struct search *search, const struct candidates *list, double limit, const float *query,
                   struct neighbour *best) {
    const struct knn *model = search->model;
    size_t found = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].distance > limit) continue;
        size_t index = list->items[i].index;
        double distance = squared_distance(query, model->floats + index * model->columns, model->columns);
        keep(best, &found, search->k, (struct neighbour){distance, index});
    }
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
        double distance = squared_distance(query, model->floats + r * model->columns, model->columns);
        keep(best, &found, search->k, (struct neighbour){distance, r});
    }
}

/* What find_below_f32 compares with so that it lets no candidate through its fingers: the limit less the query's norm,
 * and a margin for the rounding of the norms and of the comparison itself. */
static float conservative_limit(double limit, double norm, double largest_norm) {
    return (float)(limit - norm + 0x1p-21 * (fabs(limit) + norm + largest_norm) + 0x1p-140);
}

static enum ten_status search_floats(const struct search *search, struct scratch *scratch, size_t first, size_t count) {
    const struct knn *model = search->model;
    const struct ten_kernels *kernels = ten_kernels();
    size_t columns = model->columns, k = search->k, found[QUERIES] = {0};
    const float *queries = search->queries->floats + first * columns;
    double norm[QUERIES], slack[QUERIES];
    float limits[QUERIES];
    for (size_t q = 0; q < count; q++) {
        norm[q] = squared_norm_floats(queries + q * columns, columns);
        slack[q] = rounding(columns, norm[q], model->largest_norm);
        limits[q] = isfinite(slack[q]) ? INFINITY : -INFINITY; /* all, or none: settle_all */
        scratch->candidates[q].count = 0;
    }
    for (size_t start = 0; start < model->rows; start += BLOCK) {
        size_t rows = ten_block_length(model->rows, BLOCK, start / BLOCK);
        kernels->matmul(rows, count, columns, (struct ten_strided){model->floats + start * columns, columns, 1},
                        (struct ten_strided){queries, 1, columns}, scratch->products, QUERIES, false, scratch->matmul);
        size_t hits = kernels->find_below_f32(rows, count, scratch->products, QUERIES, model->rounded + start, limits,
                                              scratch->found);
        for (size_t h = 0; h < hits; h++) {
            size_t r = scratch->found[h] / count, q = scratch->found[h] % count;
            struct neighbour *best = scratch->best + q * k; /* here by approximate distance */
            double distance = norm[q] + model->norms[start + r] - 2.0 * (double)scratch->products[r * QUERIES + q];
            if (found[q] == k && distance > best[k - 1].distance + slack[q]) continue;
            struct neighbour new = {distance, start + r};
            if (!add_candidate(&scratch->candidates[q], new)) return TEN_NO_MEMORY;
            keep(best, &found[q], k, new);
            if (found[q] == k)
                limits[q] = conservative_limit(best[k - 1].distance + slack[q], norm[q], model->largest_norm);
        }
    }
    for (size_t q = 0; q < count; q++) {
        struct neighbour *best = scratch->best + q * k;
        const float *query = queries + q * columns;
        if (isfinite(slack[q]))
            settle(search, &scratch->candidates[q], best[k - 1].distance + slack[q], query, best);
        else
            settle_all(search, query, best);
        vote(search, best, k, search->probabilities + (first + q) * TEN_CLASSES);
    }
    return TEN_OK;
}

static enum ten_status search_block(void *context, size_t task, size_t thread, struct ten_error *error) {
    const struct search *search = context;
    size_t count = ten_block_length(search->queries->rows, QUERIES, task);
    struct scratch *scratch = &search->scratch[thread];
    enum ten_status status = search->model->is_bytes ? search_bytes(search, scratch, task * QUERIES, count)
                                                     : search_floats(search, scratch, task * QUERIES, count);
    return status == TEN_OK ? TEN_OK : ten_fail_memory(error, "the nearest neighbours");
}

static void search_release(struct search *search, size_t threads) {
    for (size_t t = 0; search->scratch && t < threads; t++) {
        struct scratch *scratch = &search->scratch[t];
        free(scratch->packed);
        free(scratch->dots);
        free(scratch->products);
        free(scratch->matmul);
        free(scratch->found);
        free(scratch->best);
        for (size_t q = 0; q < QUERIES; q++) free(scratch->candidates[q].items);
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
    return scratch->best && scratch->found && scratch->products && scratch->matmul;
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
    return status == TEN_OK ? find_norms(model, error) : status;
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
