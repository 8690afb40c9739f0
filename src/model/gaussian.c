/* Class moments in one pass, and scores of features that are independent of each other. Bytes are summed in integers,
 * exactly. Floats are summed in double as distances from the first row of their class (Chan, Golub and LeVeque 1983,
 * section 3): that row is one of the n, so the square of its own distance from the mean is at most n times the
 * variance, and what cancels costs no more than a factor n in precision. A feature that is constant in a class has
 * distances 0, exactly. Blocks of rows are tasks; their sums are added in the order of blocks. */
#include "model/gaussian.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "kernels/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS = 2048,  /* per task; 2048 * 255 * 255 fits in 32 bits */
    ANSWERED = 64 /* rows per task of prediction */
};

/* ---- Class moments -------------------------------------------------------------------------------------- */

struct fitting {
    const struct ten_batch *batch;
    const uint8_t *labels;
    size_t first[TEN_CLASSES]; /* floats: the row that distances of this class are taken from */
    double *sums;              /* floats: blocks x TEN_CLASSES x 2 x columns: distances, their squares */
    uint32_t *byte_sums;       /* bytes: the same of bytes */
};

/* Rows of a block in the order of classes: order[starts[c]..starts[c + 1] - 1] are those of class c, in rising order.
 */
static void sort_by_class(const uint8_t *labels, size_t rows, uint16_t *order, size_t starts[TEN_CLASSES + 1]) {
    size_t next[TEN_CLASSES];
    memset(starts, 0, (TEN_CLASSES + 1) * sizeof *starts);
    for (size_t i = 0; i < rows; i++) starts[labels[i] + 1]++;
    for (size_t c = 0; c < TEN_CLASSES; c++) {
        next[c] = starts[c];
        starts[c + 1] += starts[c];
    }
    for (size_t i = 0; i < rows; i++) order[next[labels[i]]++] = (uint16_t)i;
}

/* Four rows at a time, so that the sums are read and written once for four. */
static void add_four_floats(const float *const row[4], const float *restrict zero, size_t columns, double *restrict sum,
                            double *restrict squares) {
    const float *a = row[0], *b = row[1], *c = row[2], *d = row[3];
    for (size_t j = 0; j < columns; j++) {
        double origin = (double)zero[j];
        double p = (double)a[j] - origin, q = (double)b[j] - origin, r = (double)c[j] - origin,
               s = (double)d[j] - origin;
        sum[j] += (p + q) + (r + s);
        squares[j] += (p * p + q * q) + (r * r + s * s);
    }
}

static enum ten_status sum_floats(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    const struct fitting *fit = context;
    size_t columns = fit->batch->shape.columns, starts[TEN_CLASSES + 1];
    uint16_t order[ROWS];
    const float *block = fit->batch->floats + task * ROWS * columns;
    sort_by_class(fit->labels + task * ROWS, ten_block_length(fit->batch->rows, ROWS, task), order, starts);
    double *sum = fit->sums + task * TEN_CLASSES * 2 * columns;
    memset(sum, 0, TEN_CLASSES * 2 * columns * sizeof *sum);
    for (size_t c = 0; c < TEN_CLASSES; c++, sum += 2 * columns) {
        const float *zero = fit->batch->floats + fit->first[c] * columns, *row[4];
        for (size_t i = starts[c]; i < starts[c + 1]; i += 4) {
            for (size_t k = 0; k < 4; k++) /* the origin itself adds nothing */
                row[k] = i + k < starts[c + 1] ? block + order[i + k] * columns : zero;
            add_four_floats(row, zero, columns, sum, sum + columns);
        }
    }
    return TEN_OK;
}

static void add_bytes(const uint8_t *restrict row, size_t columns, uint32_t *restrict sum, uint32_t *restrict squares) {
    for (size_t j = 0; j < columns; j++) {
        sum[j] += row[j];
        squares[j] += (uint32_t)row[j] * row[j];
    }
}

static enum ten_status sum_bytes(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    const struct fitting *fit = context;
    size_t columns = fit->batch->shape.columns, rows = ten_block_length(fit->batch->rows, ROWS, task);
    const uint8_t *labels = fit->labels + task * ROWS, *block = fit->batch->bytes + task * ROWS * columns;
    uint32_t *sums = fit->byte_sums + task * TEN_CLASSES * 2 * columns;
    memset(sums, 0, TEN_CLASSES * 2 * columns * sizeof *sums);
    for (size_t i = 0; i < rows; i++) {
        uint32_t *sum = sums + labels[i] * 2 * columns;
        add_bytes(block + i * columns, columns, sum, sum + columns);
    }
    return TEN_OK;
}

static void merge_floats(const struct fitting *fit, size_t blocks, size_t c, struct ten_class_moments *out) {
    size_t columns = fit->batch->shape.columns;
    double *mean = out->mean + c * columns, *squares = out->squares + c * columns, n = (double)out->counts[c];
    for (size_t b = 0; b < blocks; b++) {
        const double *sum = fit->sums + (b * TEN_CLASSES + c) * 2 * columns;
        for (size_t j = 0; j < columns; j++) {
            mean[j] += sum[j];
            squares[j] += sum[columns + j];
        }
    }
    const float *zero = fit->batch->floats + fit->first[c] * columns;
    for (size_t j = 0; j < columns; j++) {
        squares[j] = fmax(0, squares[j] - mean[j] * mean[j] / n);
        mean[j] = (double)zero[j] + mean[j] / n;
    }
}

static void merge_bytes(const struct fitting *fit, size_t blocks, size_t c, struct ten_class_moments *out) {
    size_t columns = fit->batch->shape.columns;
    double unit = (double)fit->batch->unit;
    for (size_t j = 0; j < columns; j++) {
        uint64_t sum = 0, squares = 0, n = out->counts[c];
        for (size_t b = 0; b < blocks; b++) {
            const uint32_t *sums = fit->byte_sums + (b * TEN_CLASSES + c) * 2 * columns;
            sum += sums[j];
            squares += sums[columns + j];
        }
        out->mean[c * columns + j] = (double)sum / (double)n * unit;
        /* n q - s^2 is a difference of whole numbers; long double keeps it exact up to 2^64 */
        long double spread = (long double)n * (long double)squares - (long double)sum * (long double)sum;
        out->squares[c * columns + j] = (double)(spread / (long double)n) * unit * unit;
    }
}

static enum ten_status count_classes(struct ten_class_moments *out, struct fitting *fit, struct ten_error *error) {
    size_t columns = fit->batch->shape.columns;
    out->rows = fit->batch->rows;
    for (size_t i = out->rows; i-- > 0;) {
        out->counts[fit->labels[i]]++;
        fit->first[fit->labels[i]] = i;
    }
    for (size_t c = 0; c < TEN_CLASSES; c++) out->classes += out->counts[c] > 0;
    out->mean = ten_alloc_zero(TEN_CLASSES * columns, sizeof *out->mean);
    out->squares = ten_alloc_zero(TEN_CLASSES * columns, sizeof *out->squares);
    return out->mean && out->squares ? TEN_OK : ten_fail_memory(error, "the means of the classes");
}

enum ten_status ten_class_moments_compute(struct ten_class_moments *out, const struct ten_training *training,
                                          const char *stage, struct ten_error *error) {
    *out = (struct ten_class_moments){0};
    struct fitting fit = {.batch = training->features, .labels = training->labels};
    size_t columns = fit.batch->shape.columns, blocks = ten_block_count(fit.batch->rows, ROWS);
    bool bytes = fit.batch->is_bytes;
    enum ten_status status = count_classes(out, &fit, error);
    if (bytes)
        fit.byte_sums = ten_alloc(blocks * TEN_CLASSES, 2 * columns * sizeof *fit.byte_sums);
    else
        fit.sums = ten_alloc(blocks * TEN_CLASSES, 2 * columns * sizeof *fit.sums);
    if (status == TEN_OK && !fit.sums && !fit.byte_sums) status = ten_fail_memory(error, "the means of the classes");
    if (status == TEN_OK)
        status =
            ten_parallel(training->run, stage, "images", ROWS, blocks, bytes ? sum_bytes : sum_floats, &fit, error);
    for (size_t c = 0; c < TEN_CLASSES && status == TEN_OK; c++)
        if (out->counts[c] && bytes)
            merge_bytes(&fit, blocks, c, out);
        else if (out->counts[c])
            merge_floats(&fit, blocks, c, out);
    free(fit.sums);
    free(fit.byte_sums);
    if (status != TEN_OK) ten_class_moments_release(out);
    return status;
}

void ten_class_moments_release(struct ten_class_moments *moments) {
    free(moments->mean);
    free(moments->squares);
    *moments = (struct ten_class_moments){0};
}

double ten_log_prior(const struct ten_class_moments *moments, size_t c) {
    return moments->counts[c] ? log((double)moments->counts[c] / (double)moments->rows) : TEN_ABSENT_SCORE;
}

/* ---- Prediction ----------------------------------------------------------------------------------------- */

void ten_scores_to_probabilities(size_t rows, double *scores, float *probabilities) {
    for (size_t i = 0; i < rows; i++) {
        double *row = scores + i * TEN_CLASSES, top = row[0];
        for (size_t c = 1; c < TEN_CLASSES; c++) top = row[c] > top ? row[c] : top;
        for (size_t c = 0; c < TEN_CLASSES; c++) { /* in double: scores may be large beside their differences */
            double below = row[c] - top;
            probabilities[i * TEN_CLASSES + c] = below < -1000 ? -1000.0f : (float)below; /* NaN stays */
        }
    }
    ten_kernels()->softmax(rows, TEN_CLASSES, probabilities, NULL);
}

enum ten_status ten_diagonal_init(struct ten_diagonal *diagonal, size_t features, struct ten_error *error) {
    *diagonal = (struct ten_diagonal){.features = features};
    diagonal->scale = ten_alloc(TEN_CLASSES * features, sizeof *diagonal->scale);
    diagonal->offset = ten_alloc(TEN_CLASSES * features, sizeof *diagonal->offset);
    return diagonal->scale && diagonal->offset ? TEN_OK : ten_fail_memory(error, "the scores");
}

void ten_diagonal_release(struct ten_diagonal *diagonal) {
    free(diagonal->scale);
    free(diagonal->offset);
    *diagonal = (struct ten_diagonal){0};
}

struct prediction {
    const struct ten_diagonal *diagonal;
    const struct ten_batch *features;
    float *probabilities;
    float *rows; /* bytes: [threads x ANSWERED x features] */
};

static enum ten_status predict_rows(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    const struct prediction *p = context;
    const struct ten_diagonal *d = p->diagonal;
    size_t n = d->features, begin = task * ANSWERED, count = ten_block_length(p->features->rows, ANSWERED, task);
    double scores[ANSWERED * TEN_CLASSES];
    const float *rows = p->features->floats + begin * n;
    if (p->features->is_bytes) {
        float *copies = p->rows + thread * ANSWERED * n;
        for (size_t i = 0; i < count; i++) ten_batch_row(p->features, begin + i, copies + i * n);
        rows = copies;
    }
    ten_kernels()->scaled_distances(count, TEN_CLASSES, n, rows, d->scale, d->offset, scores);
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < TEN_CLASSES; c++)
            scores[i * TEN_CLASSES + c] = d->constant[c] - scores[i * TEN_CLASSES + c];
    ten_scores_to_probabilities(count, scores, p->probabilities + begin * TEN_CLASSES);
    return TEN_OK;
}

enum ten_status ten_diagonal_predict(const struct ten_diagonal *diagonal, const struct ten_batch *features,
                                     float *probabilities, const char *stage, const struct ten_run *run,
                                     struct ten_error *error) {
    struct prediction prediction = {diagonal, features, probabilities, NULL};
    if (features->is_bytes) {
        prediction.rows = ten_alloc(ten_threads(run) * ANSWERED, diagonal->features * sizeof(float));
        if (!prediction.rows) return ten_fail_memory(error, "the scores");
    }
    enum ten_status status = ten_parallel(run, stage, "images", ANSWERED, ten_block_count(features->rows, ANSWERED),
                                          predict_rows, &prediction, error);
    free(prediction.rows);
    return status;
}
