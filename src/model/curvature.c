/* One class per task: rows are gathered, scaled by the root of their weight and multiplied, 256 at a time in single
 * precision, the products summed in double; then Cholesky's factorisation. */
#include "model/curvature.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "kernels/kernels.h"
#include "prep/cholesky.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_FEATURES = 1024,
    ROWS_SHARE = 128,
    GATHERED = 256, /* rows multiplied at once */
    STRIPE = 128    /* rows of a block per product: only its upper triangle is wanted */
};
static const float least_weight = 1e-3f;

struct update {
    struct ten_curvature *curvature;
    double ridge;
    double *blocks; /* [classes x size x size] */
    float *scratch; /* per thread: for matmul, gathered rows, a stripe */
    bool good[TEN_CLASSES];
};

/* Against hundreds of iterations over all rows stands taking the blocks apart, which grows with features^3. */
bool ten_curvature_pays(size_t rows, size_t features) {
    return features <= MOST_FEATURES && features * features <= ROWS_SHARE * rows;
}

static size_t whole_vectors(size_t floats) { return (floats + 15) / 16 * 16; }

static size_t scratch_size(size_t size) {
    return TEN_MATMUL_SCRATCH + whole_vectors(GATHERED * size) + whole_vectors(STRIPE * size);
}

/* block += the products of the gathered rows, from the diagonal rightward. */
static void add_products(const float *gathered, size_t rows, size_t size, float *stripe, float *matmul, double *block) {
    for (size_t top = 0; top < size; top += STRIPE) {
        size_t height = size - top < STRIPE ? size - top : STRIPE, width = size - top;
        struct ten_strided transposed = {.data = gathered + top, .row = 1, .column = size};
        struct ten_strided plain = {.data = gathered + top, .row = size, .column = 1};
        ten_kernels()->matmul(height, width, rows, transposed, plain, stripe, width, false, matmul);
        for (size_t i = 0; i < height; i++) {
            double *sum = block + (top + i) * size + top;
            for (size_t j = 0; j < width; j++) sum[j] += (double)stripe[i * width + j];
        }
    }
}

static enum ten_status make_block(void *context, size_t class, size_t thread, struct ten_error *error) {
    (void)error;
    struct update *update = context;
    const struct ten_curvature *c = update->curvature;
    size_t n = c->features, size = n + 1, rows = 0, at;
    const float *weights = c->weights + class * c->rows;
    double *block = update->blocks + class * size * size, left_out = 0, trace = 0, log_determinant;
    float *matmul = update->scratch + thread * scratch_size(size), *gathered = matmul + TEN_MATMUL_SCRATCH;
    float *stripe = gathered + whole_vectors(GATHERED * size);
    memset(block, 0, size * size * sizeof *block);
    for (size_t i = 0; i < c->rows; i++) {
        if (weights[i] >= least_weight) {
            float *row = gathered + rows++ * size, root = sqrtf(weights[i]);
            for (size_t j = 0; j < n; j++) row[j] = root * c->x[i * n + j];
            row[n] = root;
        } else {
            left_out += (double)weights[i];
        }
        if (rows == GATHERED || (i + 1 == c->rows && rows)) {
            add_products(gathered, rows, size, stripe, matmul, block);
            rows = 0;
        }
    }
    for (size_t i = 0; i < size; i++) {
        block[i * size + i] += i < n ? update->ridge : left_out;
        trace += block[i * size + i];
    }
    /* so that rounding leaves the block positive definite */
    for (size_t i = 0; i < size; i++) block[i * size + i] += 1e-6 * trace / (double)size;
    double *diagonal = c->scratch + class * size;
    update->good[class] = ten_cholesky_whiten(block, size, 1e-12, &log_determinant, &at, diagonal);
    return TEN_OK;
}

enum ten_status ten_curvature_update(struct ten_curvature *c, double ridge, bool same, const struct ten_run *run,
                                     struct ten_error *error) {
    size_t size = c->features + 1, classes = same ? 1 : TEN_CLASSES;
    if (!c->roots) c->roots = ten_alloc(TEN_CLASSES * size, size * sizeof *c->roots);
    if (!c->scratch) c->scratch = ten_alloc(TEN_CLASSES * size, sizeof *c->scratch);
    struct update update = {.curvature = c, .ridge = ridge};
    update.blocks = ten_alloc(TEN_CLASSES * size, size * sizeof *update.blocks);
    update.scratch = ten_alloc(ten_workers(run, classes), scratch_size(size) * sizeof *update.scratch);
    enum ten_status status = c->roots && c->scratch && update.blocks && update.scratch
                                 ? ten_parallel(run, NULL, NULL, 0, classes, make_block, &update, error)
                                 : ten_fail_memory(error, "the curvature");
    bool good = status == TEN_OK;
    for (size_t k = 0; k < classes; k++) good = good && update.good[k];
    if (good) {
        for (size_t k = 1; same && k < TEN_CLASSES; k++)
            memcpy(update.blocks + k * size * size, update.blocks, size * size * sizeof *update.blocks);
        double *former = c->roots;
        c->roots = update.blocks;
        update.blocks = former;
        c->ready = true;
    }
    free(update.blocks);
    free(update.scratch);
    return status;
}

/* Takes the mean over the classes from each of n values per class. */
static void centre(double *d, size_t n) {
    for (size_t j = 0; j < n; j++) {
        double mean = 0;
        for (size_t k = 0; k < TEN_CLASSES; k++) mean += d[k * n + j] / TEN_CLASSES;
        for (size_t k = 0; k < TEN_CLASSES; k++) d[k * n + j] -= mean;
    }
}

static void centre_all(double *d, size_t features) {
    centre(d, features);
    centre(d + TEN_CLASSES * features, 1);
}

void ten_curvature_solve(const struct ten_curvature *c, double *d) {
    size_t n = c->features, size = n + 1;
    centre_all(d, n);
    for (size_t k = 0; k < TEN_CLASSES; k++) {
        double *product = c->scratch, *own = d + k * n, *intercept = d + TEN_CLASSES * n + k;
        memset(product, 0, size * sizeof *product);
        const double *root = c->roots + k * size * size;
        for (size_t i = 0; i < size; i++) { /* product = w' d */
            double factor = i < n ? own[i] : *intercept;
            for (size_t j = i; j < size; j++) product[j] += factor * root[i * size + j];
        }
        for (size_t i = 0; i < size; i++) { /* d = w product */
            double part[4] = {0};
            for (size_t j = i; j < size; j++) part[j % 4] += root[i * size + j] * product[j];
            *(i < n ? own + i : intercept) = (part[0] + part[1]) + (part[2] + part[3]);
        }
    }
    centre_all(d, n);
}

void ten_curvature_release(struct ten_curvature *curvature) {
    free(curvature->roots);
    free(curvature->scratch);
    curvature->roots = curvature->scratch = NULL;
}
