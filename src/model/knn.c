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

/* Blocks: 32 queries x 1024 training rows, whose products (128 KiB) and rows (0.4 to 3 MiB) stay in the caches. */
enum { QUERIES = 32, BLOCK = 1024, DEPTH_LIMIT = 33025 /* of dot_bytes */ };

static void release(void *state) {
    struct knn *model = state;
    free(model->bytes);
    free(model->floats);
    free(model->labels);
    *model = (struct knn){0};
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
    return TEN_OK;
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
    double *norms; /* [rows] squared norms of the training rows; bytes: whole numbers below 2^31 */
    double largest_norm;
    float *probabilities;
    struct scratch {
        int32_t *dots;   /* [QUERIES x BLOCK] for bytes */
        float *products; /* the same for floats */
        float *matmul;
        struct neighbour *best; /* [QUERIES x k] */
        struct candidates {
            struct neighbour *items; /* approximate distances */
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

static enum ten_status search_bytes(const struct search *search, struct scratch *scratch, size_t first, size_t count) {
    const struct knn *model = search->model;
    const uint8_t *queries = search->queries->bytes + first * model->columns;
    size_t found[QUERIES] = {0};
    double norm[QUERIES] = {0};
    for (size_t q = 0; q < count; q++)
        for (size_t j = 0; j < model->columns; j++) {
            int v = queries[q * model->columns + j];
            norm[q] += v * v;
        }
    for (size_t start = 0; start < model->rows; start += BLOCK) {
        size_t rows = ten_block_length(model->rows, BLOCK, start / BLOCK);
        ten_kernels()->dot_bytes(count, rows, model->columns, queries, model->columns,
                                 model->bytes + start * model->columns, model->columns, scratch->dots, BLOCK);
        for (size_t q = 0; q < count; q++) {
            struct neighbour *best = scratch->best + q * search->k;
            for (size_t r = 0; r < rows; r++) {
                double distance = norm[q] + search->norms[start + r] - 2.0 * scratch->dots[q * BLOCK + r];
                if (found[q] == search->k && distance > best[search->k - 1].distance) continue;
                keep(best, &found[q], search->k, (struct neighbour){distance, start + r});
            }
        }
    }
    double unit = (double)search->queries->unit * (double)search->queries->unit;
    for (size_t q = 0; q < count; q++) {
        struct neighbour *best = scratch->best + q * search->k;
        for (size_t i = 0; i < search->k; i++) best[i].distance *= unit;
        vote(search, best, search->k, search->probabilities + (first + q) * TEN_CLASSES);
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
 * 2 x.y, on either distance, and a margin. Then the sums in double. Infinite, so that every row is a candidate, where
 * products could overflow. */
static double rounding(size_t columns, double norm, double largest_norm) {
    double n = (double)columns + 2, product = sqrt(norm * largest_norm);
    if (!(product < 0x1p126)) return INFINITY;
    return 5 * n * (0x1p-24 * product + 0x1p-149) + n * 0x1p-50 * (norm + largest_norm);
}

static enum ten_status search_floats(const struct search *search, struct scratch *scratch, size_t first, size_t count) {
    const struct knn *model = search->model;
    size_t columns = model->columns, k = search->k, found[QUERIES] = {0};
    const float *queries = search->queries->floats + first * columns;
    double norm[QUERIES] = {0}, slack[QUERIES];
    for (size_t q = 0; q < count; q++) {
        for (size_t j = 0; j < columns; j++)
            norm[q] += (double)queries[q * columns + j] * (double)queries[q * columns + j];
        slack[q] = rounding(columns, norm[q], search->largest_norm);
        scratch->candidates[q].count = 0;
    }
    for (size_t start = 0; start < model->rows; start += BLOCK) {
        size_t rows = ten_block_length(model->rows, BLOCK, start / BLOCK);
        ten_kernels()->matmul(count, rows, columns, (struct ten_strided){queries, columns, 1},
                              (struct ten_strided){model->floats + start * columns, 1, columns}, scratch->products,
                              BLOCK, false, scratch->matmul);
        for (size_t q = 0; q < count; q++) {
            struct neighbour *best = scratch->best + q * k; /* here by approximate distance */
            for (size_t r = 0; r < rows; r++) {
                double distance = norm[q] + search->norms[start + r] - 2.0 * (double)scratch->products[q * BLOCK + r];
                if (found[q] == k && distance > best[k - 1].distance + slack[q]) continue;
                struct neighbour new = {distance, start + r};
                if (!add_candidate(&scratch->candidates[q], new)) return TEN_NO_MEMORY;
                keep(best, &found[q], k, new);
            }
        }
    }
    for (size_t q = 0; q < count; q++) {
        struct neighbour *best = scratch->best + q * k;
        settle(search, &scratch->candidates[q], best[k - 1].distance + slack[q], queries + q * columns, best);
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

static void scratch_release(struct search *search, size_t threads) {
    for (size_t t = 0; search->scratch && t < threads; t++) {
        struct scratch *scratch = &search->scratch[t];
        free(scratch->dots);
        free(scratch->products);
        free(scratch->matmul);
        free(scratch->best);
        for (size_t q = 0; q < QUERIES; q++) free(scratch->candidates[q].items);
    }
    free(search->scratch);
    free(search->norms);
}

static bool scratch_init(struct search *search, size_t threads) {
    search->norms = ten_alloc(search->model->rows, sizeof *search->norms);
    search->scratch = ten_alloc_zero(threads, sizeof *search->scratch);
    if (!search->norms || !search->scratch) return false;
    for (size_t t = 0; t < threads; t++) {
        struct scratch *scratch = &search->scratch[t];
        scratch->best = ten_alloc(QUERIES * search->k, sizeof *scratch->best);
        if (search->model->is_bytes)
            scratch->dots = ten_alloc(QUERIES * BLOCK, sizeof *scratch->dots);
        else
            scratch->products = ten_alloc(QUERIES * BLOCK, sizeof *scratch->products);
        scratch->matmul = ten_alloc(TEN_MATMUL_SCRATCH, sizeof *scratch->matmul);
        if (!scratch->best || (!scratch->dots && !scratch->products) || !scratch->matmul) return false;
    }
    return true;
}

static void training_norms(struct search *search) {
    const struct knn *model = search->model;
    search->largest_norm = 0;
    for (size_t r = 0; r < model->rows; r++) {
        double norm = 0;
        for (size_t j = 0; j < model->columns; j++) {
            double v =
                model->is_bytes ? model->bytes[r * model->columns + j] : (double)model->floats[r * model->columns + j];
            norm += v * v;
        }
        search->norms[r] = norm;
        search->largest_norm = fmax(search->largest_norm, norm);
    }
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
    size_t threads = ten_threads(run);
    enum ten_status status;
    if (scratch_init(&search, threads)) {
        training_norms(&search);
        status = ten_parallel(run, "predict knn", "images", QUERIES, ten_block_count(features->rows, QUERIES),
                              search_block, &search, error);
    } else {
        status = ten_fail_memory(error, "the nearest neighbours");
    }
    scratch_release(&search, threads);
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
    return status;
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
