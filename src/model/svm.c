/* C-support vector classification, one against one: for each pair of classes a binary machine (smo.c) on the images of
 * those two. The training images are sorted by class once, so that a pair's kernel rows are products with two runs of
 * consecutive images. On bytes the products are exact.
 *
 * The label is the class that wins most pairs, the smaller on a tie, as in LIBSVM and scikit-learn. Probabilities come
 * from the pairs' decisions f_ab: p_a is proportional to the product over b of 1 / (1 + exp(-A f_ab)), with one A for
 * all, fitted on training images whose own weight is taken out of their decisions (the leave-one-out bound of Jaakkola
 * and Haussler 1999). Where that product and the vote differ, the two probabilities change places: the label is always
 * the most probable class. */
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "kernels/kernels.h"
#include "model/model.h"
#include "model/smo.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { KERNEL, C, GAMMA, DEGREE, COEF0, TOLERANCE, CACHE };
enum { RBF, POLY, LINEAR };
enum { GAMMA_SCALE, GAMMA_AUTO };
static const char *const kernel_words[] = {"rbf", "poly", "linear", NULL};
static const char *const gamma_words[] = {"scale", "auto", NULL};
static const struct ten_parameter parameters[] = {
    {.name = "kernel",
     .type = TEN_CHOICE,
     .initial = "rbf",
     .choices = kernel_words,
     .help = "exp(-gamma |x-y|^2), (gamma x.y + coef0)^degree, or x.y"},
    {.name = "C",
     .type = TEN_REAL,
     .initial = "1",
     .minimum = 0,
     .maximum = 1e9,
     .open_minimum = true,
     .help = "cost of a violated margin"},
    {.name = "gamma",
     .type = TEN_REAL,
     .initial = "scale",
     .minimum = 0,
     .maximum = 1e9,
     .open_minimum = true,
     .choices = gamma_words,
     .help = "scale: 1 / (features x variance of all values); auto: 1 / features"},
    {.name = "degree",
     .type = TEN_INTEGER,
     .initial = "3",
     .minimum = 1,
     .maximum = 20,
     .help = "of the polynomial kernel"},
    {.name = "coef0",
     .type = TEN_REAL,
     .initial = "0",
     .minimum = -1e9,
     .maximum = 1e9,
     .help = "of the polynomial kernel"},
    {.name = "tol",
     .type = TEN_REAL,
     .initial = "0.001",
     .minimum = 0,
     .maximum = 1,
     .open_minimum = true,
     .help = "stop when the optimality conditions hold to this"},
    {.name = "cache_size",
     .type = TEN_REAL,
     .initial = "256",
     .minimum = 1,
     .maximum = 1e6,
     .help = "kernel rows kept by each thread, in megabytes"},
};

enum {
    PAIRS = TEN_CLASSES * (TEN_CLASSES - 1) / 2,
    CHUNK = 1024 /* columns of kernel values at a time */,
    QUERIES = 256,
    DEPTH_LIMIT = 33025 /* of dot_bytes */
};

/* Rows of features with their norms, in runs of one class: rows start[c] .. start[c + 1] - 1 are of class c. */
struct vectors {
    size_t rows, columns, start[TEN_CLASSES + 1];
    bool is_bytes;
    float unit;
    uint8_t *bytes;
    float *floats;
    int32_t *byte_norms; /* squared norms: exact whole numbers */
    float *float_norms;
    uint8_t *packed; /* bytes: each class in chunks of CHUNK rows */
    size_t packed_start[TEN_CLASSES];
};

struct svm {
    struct vectors support;
    float *coefficients; /* [rows x TEN_CLASSES]: of a support vector of class a, column b is for the pair (a, b) */
    double rho[TEN_CLASSES * TEN_CLASSES]; /* [a][b], a < b */
    double gamma, calibration;
    uint8_t *labels;              /* [rows] of the support vectors, rising */
    uint8_t present[TEN_CLASSES]; /* 1: the class had training images */
};

/* The kernel as a function of a product and two norms, in the units of the products. */
struct kernel {
    int kind, degree;
    float gamma, coef0; /* rbf: gamma per unit of squared distance; poly: gamma per unit of product */
    float unit;         /* linear: of a product */
};

/* ---- Vectors -------------------------------------------------------------------------------------------------- */

static void vectors_release(struct vectors *v) {
    free(v->bytes);
    free(v->floats);
    free(v->byte_norms);
    free(v->float_norms);
    free(v->packed);
    *v = (struct vectors){0};
}

static bool vectors_allocate(struct vectors *v) {
    v->byte_norms = ten_alloc(v->rows, sizeof *v->byte_norms);
    v->float_norms = ten_alloc(v->rows, sizeof *v->float_norms);
    if (v->is_bytes && !v->bytes) v->bytes = ten_alloc(v->rows, v->columns);
    if (!v->is_bytes && !v->floats) v->floats = ten_alloc(v->rows, v->columns * sizeof *v->floats);
    return v->byte_norms && v->float_norms && (v->bytes || v->floats);
}

/* Norms, and packed bytes, of vectors that are there. */
static enum ten_status vectors_prepare(struct vectors *v, struct ten_error *error) {
    for (size_t r = 0; r < v->rows; r++) {
        uint32_t whole = 0;
        double real = 0;
        for (size_t j = 0; j < v->columns; j++) {
            if (v->is_bytes)
                whole += (uint32_t)v->bytes[r * v->columns + j] * v->bytes[r * v->columns + j];
            else
                real += (double)v->floats[r * v->columns + j] * (double)v->floats[r * v->columns + j];
        }
        v->byte_norms[r] = (int32_t)whole;
        v->float_norms[r] = (float)real;
    }
    if (!v->is_bytes) return TEN_OK;
    size_t room = 0;
    for (size_t c = 0; c < TEN_CLASSES; c++) {
        v->packed_start[c] = room;
        room += ten_block_count(v->start[c + 1] - v->start[c], CHUNK) * ten_packed_bytes(CHUNK, v->columns);
    }
    v->packed = ten_alloc(room, 1);
    if (!v->packed) return ten_fail_memory(error, "the support vectors");
    for (size_t c = 0; c < TEN_CLASSES; c++)
        for (size_t r = v->start[c], chunk = 0; r < v->start[c + 1]; r += CHUNK, chunk++) {
            size_t count = v->start[c + 1] - r < CHUNK ? v->start[c + 1] - r : CHUNK;
            ten_kernels()->pack_bytes(count, v->columns, v->bytes + r * v->columns, v->columns,
                                      v->packed + v->packed_start[c] + chunk * ten_packed_bytes(CHUNK, v->columns));
        }
    return TEN_OK;
}

/* ---- Kernel values ---------------------------------------------------------------------------------------------- */

/* Some rows, gathered, that meet vectors: bytes or floats, and their norms. */
struct operand {
    size_t count;
    const uint8_t *bytes;
    const float *floats;
    const int32_t *byte_norms;
    const float *float_norms;
};

struct scratch {
    int32_t *dots; /* [count x CHUNK] */
    float *products;
    float *matmul;
};

static void finish_row(const struct kernel *kernel, size_t n, const float *products, float *out) {
    for (size_t i = 0; i < n; i++) {
        float value = kernel->kind == LINEAR ? products[i] * kernel->unit : kernel->gamma * products[i] + kernel->coef0;
        float power = value;
        for (int d = 1; d < kernel->degree && kernel->kind == POLY; d++) power *= value;
        out[i] = power;
    }
}

/* out[q][0 .. n-1] = K(operand row q, vectors first .. first + n - 1), which lie in one chunk of class c. */
static void kernel_chunk(const struct kernel *kernel, const struct operand *rows, const struct vectors *v, size_t c,
                         size_t first, size_t n, const struct scratch *scratch, float *const *out) {
    const struct ten_kernels *k = ten_kernels();
    if (v->is_bytes) {
        size_t chunk = (first - v->start[c]) / CHUNK;
        k->dot_bytes(rows->count, n, v->columns, rows->bytes, v->columns,
                     v->packed + v->packed_start[c] + chunk * ten_packed_bytes(CHUNK, v->columns), scratch->dots,
                     CHUNK);
        for (size_t q = 0; q < rows->count; q++) {
            const int32_t *dots = scratch->dots + q * CHUNK;
            if (kernel->kind == RBF) {
                k->rbf_i32(n, dots, v->byte_norms + first, rows->byte_norms[q], kernel->gamma, out[q]);
                continue;
            }
            for (size_t i = 0; i < n; i++) scratch->products[i] = (float)dots[i];
            finish_row(kernel, n, scratch->products, out[q]);
        }
        return;
    }
    k->matmul(rows->count, n, v->columns, (struct ten_strided){rows->floats, v->columns, 1},
              (struct ten_strided){v->floats + first * v->columns, 1, v->columns}, scratch->products, CHUNK, false,
              scratch->matmul);
    for (size_t q = 0; q < rows->count; q++) {
        const float *products = scratch->products + q * CHUNK;
        if (kernel->kind == RBF)
            k->rbf_f32(n, products, v->float_norms + first, rows->float_norms[q], kernel->gamma, out[q]);
        else
            finish_row(kernel, n, products, out[q]);
    }
}

static bool scratch_init(struct scratch *scratch, size_t count) {
    scratch->dots = ten_alloc(count * CHUNK, sizeof *scratch->dots);
    scratch->products = ten_alloc(count * CHUNK, sizeof *scratch->products);
    scratch->matmul = ten_alloc(TEN_MATMUL_SCRATCH, sizeof *scratch->matmul);
    return scratch->dots && scratch->products && scratch->matmul;
}

static void scratch_release(struct scratch *scratch) {
    free(scratch->dots);
    free(scratch->products);
    free(scratch->matmul);
}

static struct kernel make_kernel(const struct ten_values *values, double gamma, const struct vectors *v) {
    double unit = v->is_bytes ? (double)v->unit * (double)v->unit : 1;
    return (struct kernel){.kind = values->word[KERNEL],
                           .degree = (int)values->number[DEGREE],
                           .gamma = (float)(gamma * unit),
                           .coef0 = (float)values->number[COEF0],
                           .unit = (float)unit};
}

/* K(x, x) of vector r. */
static float self_kernel(const struct kernel *kernel, const struct vectors *v, size_t r) {
    if (kernel->kind == RBF) return 1;
    float product = v->is_bytes ? (float)v->byte_norms[r] : v->float_norms[r], out;
    finish_row(kernel, 1, &product, &out);
    return out;
}

/* ---- Fitting ---------------------------------------------------------------------------------------------------- */

struct pair {
    int a, b;
    double *alpha; /* [rows of a, then of b] */
    double rho;
    bool converged;
};

struct fitting {
    const struct ten_training *training;
    struct vectors train; /* sorted by class */
    struct kernel kernel;
    struct pair pairs[PAIRS];
    size_t pair_count;
    atomic_size_t solved; /* pairs */
    atomic_bool stopped;
};

/* What the solver's callback needs. */
struct pair_rows {
    struct fitting *fit;
    const struct pair *pair;
    size_t thread;
    double first_gap, share; /* of the solver, when it began, and of the way to its tolerance */
    uint8_t *bytes;          /* gathered rows */
    float *floats;
    int32_t *byte_norms;
    float *float_norms;
    size_t room; /* rows that fit */
    struct scratch scratch;
};

/* The training row behind row i of a pair. */
static size_t train_row(const struct fitting *fit, const struct pair *pair, size_t i) {
    const size_t *start = fit->train.start;
    size_t of_a = start[pair->a + 1] - start[pair->a];
    return i < of_a ? start[pair->a] + i : start[pair->b] + i - of_a;
}

static const char STAGE[] = "fit svm";

/* Reports from inside a pair, which may take minutes; only thread 0 is the caller's own, which may. */
static enum ten_status tick(const struct pair_rows *p, struct ten_error *error) {
    struct fitting *fit = p->fit;
    if (p->thread == 0) {
        struct ten_progress progress = {.stage = STAGE,
                                        .unit = "pairs",
                                        .done = (double)atomic_load(&fit->solved) + p->share,
                                        .total = (double)fit->pair_count};
        if (ten_report(fit->training->run, &progress, NULL) != TEN_OK) atomic_store(&fit->stopped, true);
    }
    return atomic_load(&fit->stopped) ? ten_fail(error, TEN_CANCELLED, "stopped during %s", STAGE) : TEN_OK;
}

/* The gap shrinks about geometrically. */
static enum ten_status pair_round(void *context, double gap, struct ten_error *error) {
    struct pair_rows *p = context;
    if (p->first_gap == 0) p->first_gap = gap;
    double way = log(p->first_gap / p->fit->training->values->number[TOLERANCE]);
    if (way > 0) p->share = fmin(1, fmax(p->share, log(p->first_gap / gap) / way));
    return tick(p, error);
}

static enum ten_status pair_kernel_rows(void *context, const uint32_t *indices, size_t count, float *const *out,
                                        struct ten_error *error) {
    struct pair_rows *p = context;
    const struct vectors *v = &p->fit->train;
    if (count > p->room) return ten_fail(error, TEN_INVALID, "svm: %zu kernel rows at once", count);
    for (size_t n = 0; n < count; n++) {
        size_t row = train_row(p->fit, p->pair, indices[n]);
        if (v->is_bytes)
            memcpy(p->bytes + n * v->columns, v->bytes + row * v->columns, v->columns);
        else
            memcpy(p->floats + n * v->columns, v->floats + row * v->columns, v->columns * sizeof *v->floats);
        p->byte_norms[n] = v->byte_norms[row];
        p->float_norms[n] = v->float_norms[row];
    }
    struct operand rows = {count, p->bytes, p->floats, p->byte_norms, p->float_norms};
    float *at[1024];
    size_t done = 0;
    for (int side = 0; side < 2; side++) {
        size_t c = (size_t)(side ? p->pair->b : p->pair->a);
        for (size_t r = v->start[c]; r < v->start[c + 1]; r += CHUNK) {
            size_t n = v->start[c + 1] - r < CHUNK ? v->start[c + 1] - r : CHUNK;
            for (size_t q = 0; q < count; q++) at[q] = out[q] + done;
            enum ten_status status = tick(p, error);
            if (status != TEN_OK) return status;
            kernel_chunk(&p->fit->kernel, &rows, v, c, r, n, &p->scratch, at);
            done += n;
        }
    }
    return TEN_OK;
}

static enum ten_status solve_pair(const struct fitting *fit, struct pair *pair, struct pair_rows *rows,
                                  struct ten_error *error) {
    const size_t *start = fit->train.start;
    size_t of_a = start[pair->a + 1] - start[pair->a], size = of_a + start[pair->b + 1] - start[pair->b];
    int8_t *signs = ten_alloc(size, 1);
    float *diagonal = ten_alloc(size, sizeof *diagonal);
    pair->alpha = ten_alloc(size, sizeof *pair->alpha);
    enum ten_status status = TEN_OK;
    if (!signs || !diagonal || !pair->alpha) status = ten_fail_memory(error, "the support vector machine");
    for (size_t i = 0; status == TEN_OK && i < size; i++) {
        signs[i] = i < of_a ? 1 : -1;
        diagonal[i] = self_kernel(&fit->kernel, &fit->train, train_row(fit, pair, i));
    }
    const struct ten_values *values = fit->training->values;
    struct ten_smo problem = {.size = size,
                              .signs = signs,
                              .diagonal = diagonal,
                              .c = values->number[C],
                              .tolerance = values->number[TOLERANCE],
                              .cache_bytes = (size_t)(values->number[CACHE] * 1e6),
                              .max_rounds = 100000,
                              .rows = pair_kernel_rows,
                              .round = pair_round,
                              .context = rows};
    struct ten_smo_result result = {.alpha = pair->alpha};
    if (status == TEN_OK) status = ten_smo_solve(&problem, &result, error);
    pair->rho = result.rho;
    pair->converged = result.converged;
    free(signs);
    free(diagonal);
    return status;
}

static enum ten_status fit_pair(void *context, size_t task, size_t thread, struct ten_error *error) {
    struct fitting *fit = context;
    enum { ROOM = 512 };
    size_t columns = fit->train.columns;
    struct pair_rows rows = {.fit = fit, .pair = &fit->pairs[task], .thread = thread, .room = ROOM};
    rows.bytes = ten_alloc(ROOM, columns);
    rows.floats = ten_alloc(ROOM, columns * sizeof *rows.floats);
    rows.byte_norms = ten_alloc(ROOM, sizeof *rows.byte_norms);
    rows.float_norms = ten_alloc(ROOM, sizeof *rows.float_norms);
    enum ten_status status =
        rows.bytes && rows.floats && rows.byte_norms && rows.float_norms && scratch_init(&rows.scratch, ROOM)
            ? solve_pair(fit, &fit->pairs[task], &rows, error)
            : ten_fail_memory(error, "the support vector machine");
    if (status == TEN_OK) atomic_fetch_add(&fit->solved, 1);
    scratch_release(&rows.scratch);
    free(rows.bytes);
    free(rows.floats);
    free(rows.byte_norms);
    free(rows.float_norms);
    return status;
}

/* The variance of all values, for gamma=scale. */
static double variance(const struct vectors *v) {
    double sum = 0, squares = 0, count = (double)v->rows * (double)v->columns;
    for (size_t r = 0; r < v->rows; r++) {
        double row = 0;
        for (size_t j = 0; j < v->columns; j++)
            row += v->is_bytes ? v->bytes[r * v->columns + j] : (double)v->floats[r * v->columns + j];
        sum += row;
        squares += v->is_bytes ? (double)v->byte_norms[r] : (double)v->float_norms[r];
    }
    double unit = v->is_bytes ? (double)v->unit : 1;
    return fmax(0, squares / count - sum / count * (sum / count)) * unit * unit;
}

static double find_gamma(const struct ten_values *values, const struct vectors *v) {
    if (values->word[GAMMA] < 0) return values->number[GAMMA];
    double spread = values->word[GAMMA] == GAMMA_SCALE ? variance(v) : 1;
    return spread > 0 ? 1 / ((double)v->columns * spread) : 1;
}

static enum ten_status sort_by_class(struct vectors *v, const struct ten_batch *x, const uint8_t *labels,
                                     struct ten_error *error) {
    *v = (struct vectors){.rows = x->rows, .columns = x->shape.columns, .is_bytes = x->is_bytes, .unit = x->unit};
    if (!vectors_allocate(v)) return ten_fail_memory(error, "the training images");
    for (size_t i = 0; i < x->rows; i++) v->start[labels[i] + 1]++;
    for (size_t c = 0; c < TEN_CLASSES; c++) v->start[c + 1] += v->start[c];
    size_t next[TEN_CLASSES];
    memcpy(next, v->start, sizeof next);
    for (size_t i = 0; i < x->rows; i++) {
        size_t to = next[labels[i]]++, n = v->columns;
        if (v->is_bytes)
            memcpy(v->bytes + to * n, x->bytes + i * n, n);
        else
            memcpy(v->floats + to * n, x->floats + i * n, n * sizeof *v->floats);
    }
    return vectors_prepare(v, error);
}

static void release(void *state) {
    struct svm *model = state;
    vectors_release(&model->support);
    free(model->coefficients);
    free(model->labels);
    *model = (struct svm){0};
}

/* Keeps the training rows that have a weight in some pair, with their weights. */
static enum ten_status keep_support(struct svm *model, const struct fitting *fit, struct ten_error *error) {
    const struct vectors *train = &fit->train;
    float *all = ten_alloc_zero(train->rows * TEN_CLASSES, sizeof *all);
    if (!all) return ten_fail_memory(error, "the support vectors");
    for (size_t n = 0; n < fit->pair_count; n++) {
        const struct pair *pair = &fit->pairs[n];
        size_t of_a = train->start[pair->a + 1] - train->start[pair->a];
        size_t size = of_a + train->start[pair->b + 1] - train->start[pair->b];
        for (size_t i = 0; i < size; i++)
            all[train_row(fit, pair, i) * TEN_CLASSES + (size_t)(i < of_a ? pair->b : pair->a)] =
                (float)(i < of_a ? pair->alpha[i] : -pair->alpha[i]);
        model->rho[pair->a * TEN_CLASSES + pair->b] = pair->rho;
    }
    struct vectors *s = &model->support;
    *s = (struct vectors){.columns = train->columns, .is_bytes = train->is_bytes, .unit = train->unit};
    for (int pass = 0; pass < 2; pass++) {
        size_t count = 0;
        for (size_t c = 0; c < TEN_CLASSES; c++) {
            s->start[c] = count;
            for (size_t r = train->start[c]; r < train->start[c + 1]; r++) {
                bool used = false;
                for (size_t b = 0; b < TEN_CLASSES; b++) used = used || all[r * TEN_CLASSES + b] != 0;
                if (!used) continue;
                if (pass) {
                    model->labels[count] = (uint8_t)c;
                    memcpy(model->coefficients + count * TEN_CLASSES, all + r * TEN_CLASSES, TEN_CLASSES * sizeof *all);
                    if (s->is_bytes)
                        memcpy(s->bytes + count * s->columns, train->bytes + r * s->columns, s->columns);
                    else
                        memcpy(s->floats + count * s->columns, train->floats + r * s->columns,
                               s->columns * sizeof *s->floats);
                }
                count++;
            }
        }
        s->start[TEN_CLASSES] = s->rows = count;
        if (pass) break;
        model->coefficients = ten_alloc(count * TEN_CLASSES, sizeof *model->coefficients);
        model->labels = ten_alloc(count, 1);
        if (!model->coefficients || !model->labels || !vectors_allocate(s)) {
            free(all);
            return ten_fail_memory(error, "the support vectors");
        }
    }
    free(all);
    return vectors_prepare(s, error);
}

/* ---- Decisions ----------------------------------------------------------------------------------------------------
 */

struct decide {
    const struct svm *model;
    struct kernel kernel;
    const struct ten_batch *queries;
    double *decisions;    /* [queries x TEN_CLASSES x TEN_CLASSES]: f_ab at [a][b], -f_ab at [b][a] */
    float *probabilities; /* or NULL: decisions only */
    struct decide_scratch {
        struct scratch scratch;
        float *floats; /* [QUERIES x columns] */
        int32_t *byte_norms;
        float *float_norms;
        float *values; /* [QUERIES x CHUNK] kernel values */
        float *parts;  /* [QUERIES x TEN_CLASSES] of one class */
        double *sums;  /* [QUERIES x TEN_CLASSES x TEN_CLASSES] */
    } * scratch;
};

static void load_queries(const struct decide *d, struct decide_scratch *s, size_t first, size_t count,
                         struct operand *rows) {
    size_t columns = d->model->support.columns;
    *rows = (struct operand){count, NULL, s->floats, s->byte_norms, s->float_norms};
    if (d->queries->is_bytes) rows->bytes = d->queries->bytes + first * columns;
    for (size_t q = 0; q < count; q++) {
        uint32_t whole = 0;
        double real = 0;
        if (!d->queries->is_bytes) ten_batch_row(d->queries, first + q, s->floats + q * columns);
        for (size_t j = 0; j < columns; j++) {
            if (d->queries->is_bytes)
                whole += (uint32_t)rows->bytes[q * columns + j] * rows->bytes[q * columns + j];
            else
                real += (double)s->floats[q * columns + j] * (double)s->floats[q * columns + j];
        }
        s->byte_norms[q] = (int32_t)whole;
        s->float_norms[q] = (float)real;
    }
}

/* Probabilities of one image from its decisions. */
static void couple(const struct svm *model, const double *f, float *probabilities) {
    const uint8_t *present = model->present;
    double score[TEN_CLASSES], top = -INFINITY, sum = 0;
    int votes[TEN_CLASSES] = {0}, winner = 0, likeliest = 0;
    for (int a = 0; a < TEN_CLASSES; a++) {
        bool there = present[a];
        score[a] = there ? 0 : -INFINITY;
        votes[a] = there ? 0 : -1;
        for (int b = 0; b < TEN_CLASSES && there; b++) {
            if (b == a || !present[b]) continue;
            double margin = f[a * TEN_CLASSES + b] * model->calibration;
            score[a] -= margin < -30 ? -margin : log1p(exp(-margin));
            /* LIBSVM gives a pair to the first class only if the decision is positive */
            votes[a] += a < b ? f[a * TEN_CLASSES + b] > 0 : f[b * TEN_CLASSES + a] <= 0;
        }
        top = fmax(top, score[a]);
    }
    for (int a = 0; a < TEN_CLASSES; a++) {
        if (votes[a] > votes[winner]) winner = a;
        sum += score[a] = exp(score[a] - top);
    }
    for (int a = 0; a < TEN_CLASSES; a++) probabilities[a] = (float)(score[a] / sum);
    likeliest = ten_label(probabilities);
    float most = probabilities[likeliest];
    probabilities[likeliest] = probabilities[winner];
    probabilities[winner] = most;
    /* equal to a smaller label, the winner would not be the label: a rounding's worth more */
    for (int a = 0; a < winner; a++)
        if (probabilities[a] == most) probabilities[a] = nextafterf(most, 0);
}

static enum ten_status decide_block(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    const struct decide *d = context;
    const struct svm *model = d->model;
    const struct vectors *v = &model->support;
    struct decide_scratch *s = &d->scratch[thread];
    size_t first = task * QUERIES, count = ten_block_length(d->queries->rows, QUERIES, task);
    struct operand rows;
    float *out[QUERIES];
    load_queries(d, s, first, count, &rows);
    for (size_t q = 0; q < count; q++) out[q] = s->values + q * CHUNK;
    memset(s->sums, 0, count * TEN_CLASSES * TEN_CLASSES * sizeof *s->sums);
    for (size_t c = 0; c < TEN_CLASSES; c++)
        for (size_t r = v->start[c]; r < v->start[c + 1]; r += CHUNK) {
            size_t n = v->start[c + 1] - r < CHUNK ? v->start[c + 1] - r : CHUNK;
            kernel_chunk(&d->kernel, &rows, v, c, r, n, &s->scratch, out);
            ten_kernels()->matmul(count, TEN_CLASSES, n, (struct ten_strided){s->values, CHUNK, 1},
                                  (struct ten_strided){model->coefficients + r * TEN_CLASSES, TEN_CLASSES, 1}, s->parts,
                                  TEN_CLASSES, false, s->scratch.matmul);
            for (size_t q = 0; q < count; q++)
                for (size_t b = 0; b < TEN_CLASSES; b++)
                    s->sums[(q * TEN_CLASSES + c) * TEN_CLASSES + b] += (double)s->parts[q * TEN_CLASSES + b];
        }
    for (size_t q = 0; q < count; q++) {
        const double *sums = s->sums + q * TEN_CLASSES * TEN_CLASSES;
        double own[TEN_CLASSES * TEN_CLASSES] = {0};
        double *f = d->decisions ? d->decisions + (first + q) * TEN_CLASSES * TEN_CLASSES : own;
        for (size_t a = 0; a < TEN_CLASSES; a++)
            for (size_t b = a + 1; b < TEN_CLASSES; b++) {
                double value = sums[a * TEN_CLASSES + b] + sums[b * TEN_CLASSES + a] - model->rho[a * TEN_CLASSES + b];
                f[a * TEN_CLASSES + b] = value;
                f[b * TEN_CLASSES + a] = -value;
            }
        if (d->probabilities) couple(model, f, d->probabilities + (first + q) * TEN_CLASSES);
    }
    return TEN_OK;
}

static bool decide_scratch_init(struct decide_scratch *s, size_t columns) {
    s->floats = ten_alloc(QUERIES * columns, sizeof *s->floats);
    s->byte_norms = ten_alloc(QUERIES, sizeof *s->byte_norms);
    s->float_norms = ten_alloc(QUERIES, sizeof *s->float_norms);
    s->values = ten_alloc(QUERIES * CHUNK, sizeof *s->values);
    s->parts = ten_alloc(QUERIES * TEN_CLASSES, sizeof *s->parts);
    s->sums = ten_alloc(QUERIES * TEN_CLASSES * TEN_CLASSES, sizeof *s->sums);
    return scratch_init(&s->scratch, QUERIES) && s->floats && s->byte_norms && s->float_norms && s->values &&
           s->parts && s->sums;
}

static enum ten_status decide(struct decide *d, const char *stage, const struct ten_run *run, struct ten_error *error) {
    size_t threads = ten_threads(run);
    d->scratch = ten_alloc_zero(threads, sizeof *d->scratch);
    bool good = d->scratch != NULL;
    for (size_t t = 0; good && t < threads; t++) good = decide_scratch_init(&d->scratch[t], d->model->support.columns);
    enum ten_status status = good ? ten_parallel(run, stage, "images", QUERIES,
                                                 ten_block_count(d->queries->rows, QUERIES), decide_block, d, error)
                                  : ten_fail_memory(error, "the support vector machine");
    for (size_t t = 0; d->scratch && t < threads; t++) {
        struct decide_scratch *s = &d->scratch[t];
        scratch_release(&s->scratch);
        free(s->floats);
        free(s->byte_norms);
        free(s->float_norms);
        free(s->values);
        free(s->parts);
        free(s->sums);
    }
    free(d->scratch);
    return status;
}

/* ---- Calibration ---------------------------------------------------------------------------------------------------
 */

enum { SAMPLE = 2000 /* training images, evenly from the sorted ones */ };

/* The mean log loss of the sample with a factor. */
static double calibration_loss(struct svm *model, double factor, const double *decisions, const uint8_t *labels,
                               size_t count) {
    double before = model->calibration, loss = 0;
    model->calibration = factor;
    for (size_t i = 0; i < count; i++) {
        float p[TEN_CLASSES];
        couple(model, decisions + i * TEN_CLASSES * TEN_CLASSES, p);
        loss -= log(fmax((double)p[labels[i]], 1e-15));
    }
    model->calibration = before;
    return loss / (double)count;
}

/* Golden section over the logarithm of the factor. */
static double best_factor(struct svm *model, const double *decisions, const uint8_t *labels, size_t count) {
    const double ratio = 0.6180339887498949;
    double low = log(0.05), high = log(50);
    double left = high - ratio * (high - low), right = low + ratio * (high - low);
    double left_loss = calibration_loss(model, exp(left), decisions, labels, count);
    double right_loss = calibration_loss(model, exp(right), decisions, labels, count);
    for (int n = 0; n < 20; n++) {
        if (left_loss <= right_loss) {
            high = right;
            right = left;
            right_loss = left_loss;
            left = high - ratio * (high - low);
            left_loss = calibration_loss(model, exp(left), decisions, labels, count);
        } else {
            low = left;
            left = right;
            left_loss = right_loss;
            right = low + ratio * (high - low);
            right_loss = calibration_loss(model, exp(right), decisions, labels, count);
        }
    }
    return exp((low + high) / 2);
}

static enum ten_status calibrate(struct svm *model, const struct fitting *fit, struct ten_error *error) {
    const struct vectors *train = &fit->train;
    size_t count = train->rows < SAMPLE ? train->rows : SAMPLE, n = train->columns;
    uint8_t *bytes = ten_alloc(count, n), labels[SAMPLE];
    float *floats = ten_alloc(count, n * sizeof *floats);
    size_t rows[SAMPLE];
    double *decisions = ten_alloc(count * TEN_CLASSES * TEN_CLASSES, sizeof *decisions);
    enum ten_status status = bytes && floats && decisions ? TEN_OK : ten_fail_memory(error, "the calibration");
    for (size_t i = 0, c = 0; status == TEN_OK && i < count; i++) {
        rows[i] = i * train->rows / count;
        while (rows[i] >= train->start[c + 1]) c++;
        labels[i] = (uint8_t)c;
        if (train->is_bytes)
            memcpy(bytes + i * n, train->bytes + rows[i] * n, n);
        else
            memcpy(floats + i * n, train->floats + rows[i] * n, n * sizeof *floats);
    }
    struct ten_batch batch = {.rows = count,
                              .shape = {n, 0, 0},
                              .is_bytes = train->is_bytes,
                              .unit = train->unit,
                              .bytes = train->is_bytes ? bytes : NULL,
                              .floats = train->is_bytes ? NULL : floats};
    struct decide d = {.model = model, .kernel = fit->kernel, .queries = &batch, .decisions = decisions};
    if (status == TEN_OK) status = decide(&d, NULL, fit->training->run, error);
    if (status == TEN_OK) {
        /* take each image's own weight out of its class's decisions */
        for (size_t k = 0; k < fit->pair_count; k++) {
            const struct pair *pair = &fit->pairs[k];
            size_t of_a = train->start[pair->a + 1] - train->start[pair->a];
            for (size_t i = 0; i < count; i++) {
                bool first = labels[i] == pair->a;
                if (!first && labels[i] != pair->b) continue;
                size_t at = first ? rows[i] - train->start[pair->a] : of_a + rows[i] - train->start[pair->b];
                double own = pair->alpha[at] * (double)self_kernel(&fit->kernel, train, rows[i]) * (first ? 1 : -1);
                double *f = decisions + i * TEN_CLASSES * TEN_CLASSES;
                f[pair->a * TEN_CLASSES + pair->b] -= own;
                f[pair->b * TEN_CLASSES + pair->a] += own;
            }
        }
        model->calibration = best_factor(model, decisions, labels, count);
    }
    free(bytes);
    free(floats);
    free(decisions);
    return status;
}

static enum ten_status fit(void *state, const struct ten_training *training, struct ten_error *error) {
    struct svm *model = state;
    struct fitting fitting = {.training = training};
    if (training->features->is_bytes && training->features->shape.columns > DEPTH_LIMIT)
        return ten_fail(error, TEN_INVALID, "svm: %zu columns of bytes, at most %d are supported",
                        training->features->shape.columns, DEPTH_LIMIT);
    enum ten_status status = sort_by_class(&fitting.train, training->features, training->labels, error);
    if (status == TEN_OK) {
        model->gamma = find_gamma(training->values, &fitting.train);
        model->calibration = 1;
        fitting.kernel = make_kernel(training->values, model->gamma, &fitting.train);
        const size_t *start = fitting.train.start;
        for (int a = 0; a < TEN_CLASSES; a++) model->present[a] = start[a + 1] > start[a];
        for (int a = 0; a < TEN_CLASSES; a++)
            for (int b = a + 1; b < TEN_CLASSES; b++)
                if (start[a + 1] > start[a] && start[b + 1] > start[b])
                    fitting.pairs[fitting.pair_count++] = (struct pair){.a = a, .b = b};
        status = ten_parallel(training->run, STAGE, "pairs", 1, fitting.pair_count, fit_pair, &fitting, error);
    }
    if (status == TEN_OK) status = keep_support(model, &fitting, error);
    if (status == TEN_OK) status = calibrate(model, &fitting, error);
    for (size_t n = 0; n < fitting.pair_count; n++) {
        if (status == TEN_OK && !fitting.pairs[n].converged) *training->converged = false;
        free(fitting.pairs[n].alpha);
    }
    vectors_release(&fitting.train);
    return status;
}

static enum ten_status predict(const void *state, const struct ten_values *values, const struct ten_batch *features,
                               float *probabilities, const struct ten_run *run, struct ten_error *error) {
    const struct svm *model = state;
    if (features->is_bytes != model->support.is_bytes)
        return ten_fail(error, TEN_INVALID, "svm: was fitted on %s and is asked about %s",
                        model->support.is_bytes ? "bytes" : "floats", features->is_bytes ? "bytes" : "floats");
    struct decide d = {.model = model,
                       .kernel = make_kernel(values, model->gamma, &model->support),
                       .queries = features,
                       .probabilities = probabilities};
    return decide(&d, "predict svm", run, error);
}

/* ---- Files ----------------------------------------------------------------------------------------------------------
 */

static enum ten_status save(const void *state, struct ten_tensors *tensors, struct ten_error *error) {
    const struct svm *model = state;
    const struct vectors *v = &model->support;
    size_t shape[] = {v->rows, v->columns}, weights[] = {v->rows, TEN_CLASSES}, pairs[] = {TEN_CLASSES, TEN_CLASSES};
    size_t one[] = {1}, classes[] = {TEN_CLASSES};
    enum ten_status status = ten_tensors_add(tensors, "vectors", v->is_bytes ? TEN_U8 : TEN_F32, 2, shape,
                                             v->is_bytes ? (const void *)v->bytes : v->floats, error);
    if (status == TEN_OK)
        status = ten_tensors_add(tensors, "coefficients", TEN_F32, 2, weights, model->coefficients, error);
    if (status == TEN_OK) status = ten_tensors_add(tensors, "rho", TEN_F64, 2, pairs, model->rho, error);
    if (status == TEN_OK) status = ten_tensors_add(tensors, "gamma", TEN_F64, 1, one, &model->gamma, error);
    if (status == TEN_OK) status = ten_tensors_add(tensors, "calibration", TEN_F64, 1, one, &model->calibration, error);
    if (status == TEN_OK) status = ten_tensors_add(tensors, "present", TEN_U8, 1, classes, model->present, error);
    if (status == TEN_OK) status = ten_tensors_add(tensors, "labels", TEN_U8, 1, shape, model->labels, error);
    if (status == TEN_OK && v->is_bytes) status = ten_tensors_add(tensors, "unit", TEN_F32, 1, one, &v->unit, error);
    return status;
}

/* Takes a tensor of known shape into a place of known size. */
static enum ten_status take_into(struct ten_tensors *tensors, const char *name, enum ten_dtype type, size_t rank,
                                 size_t *shape, void *to, size_t bytes, struct ten_error *error) {
    void *data = NULL;
    enum ten_status status = ten_tensors_take(tensors, name, type, rank, shape, &data, error);
    if (status == TEN_OK) memcpy(to, data, bytes);
    free(data);
    return status;
}

/* Rows of a class must follow each other, in the order of classes. */
static enum ten_status find_starts(struct svm *model, const char *path, struct ten_error *error) {
    struct vectors *v = &model->support;
    for (size_t r = 0; r < v->rows; r++) {
        uint8_t label = model->labels[r];
        if (label >= TEN_CLASSES || (r && label < model->labels[r - 1]) || !model->present[label])
            return ten_fail(error, TEN_FORMAT,
                            "%s: model.labels[%zu] is %d: expected rising labels of classes there are", path, r, label);
        v->start[label + 1] = r + 1;
    }
    for (size_t c = 0; c < TEN_CLASSES; c++)
        if (v->start[c + 1] < v->start[c]) v->start[c + 1] = v->start[c];
    return TEN_OK;
}

static enum ten_status load(void *state, const struct ten_values *values, const struct ten_shape *shape,
                            struct ten_tensors *tensors, struct ten_error *error) {
    (void)values;
    struct svm *model = state;
    struct vectors *v = &model->support;
    v->columns = shape->columns;
    v->is_bytes = ten_tensors_has(tensors, "unit");
    v->unit = 1;
    size_t rows[] = {TEN_ANY, shape->columns}, weights[] = {0, TEN_CLASSES}, pairs[] = {TEN_CLASSES, TEN_CLASSES};
    size_t one[] = {1}, classes[] = {TEN_CLASSES};
    enum ten_status status = ten_tensors_take(tensors, "labels", TEN_U8, 1, rows, (void **)&model->labels, error);
    v->rows = weights[0] = rows[0];
    if (status == TEN_OK)
        status = v->is_bytes ? ten_tensors_take(tensors, "vectors", TEN_U8, 2, rows, (void **)&v->bytes, error)
                             : ten_tensors_take(tensors, "vectors", TEN_F32, 2, rows, (void **)&v->floats, error);
    if (status == TEN_OK)
        status = ten_tensors_take(tensors, "coefficients", TEN_F32, 2, weights, (void **)&model->coefficients, error);
    if (status == TEN_OK) status = take_into(tensors, "rho", TEN_F64, 2, pairs, model->rho, sizeof model->rho, error);
    if (status == TEN_OK) status = take_into(tensors, "gamma", TEN_F64, 1, one, &model->gamma, sizeof(double), error);
    if (status == TEN_OK)
        status = take_into(tensors, "calibration", TEN_F64, 1, one, &model->calibration, sizeof(double), error);
    if (status == TEN_OK)
        status = take_into(tensors, "present", TEN_U8, 1, classes, model->present, sizeof model->present, error);
    if (status == TEN_OK && v->is_bytes)
        status = take_into(tensors, "unit", TEN_F32, 1, one, &v->unit, sizeof v->unit, error);
    if (status == TEN_OK && (!(model->gamma > 0) || !(model->calibration > 0)))
        status = ten_fail(error, TEN_FORMAT, "%s: model.gamma and model.calibration: expected positive numbers",
                          tensors->path);
    if (status == TEN_OK && v->is_bytes && v->columns > DEPTH_LIMIT)
        status = ten_fail(error, TEN_FORMAT, "%s: %zu columns of bytes, at most %d are supported", tensors->path,
                          v->columns, DEPTH_LIMIT);
    bool any = false;
    for (size_t c = 0; c < TEN_CLASSES; c++) any = any || model->present[c];
    if (status == TEN_OK && !any)
        status = ten_fail(error, TEN_FORMAT, "%s: model.present: no class at all", tensors->path);
    if (status == TEN_OK) status = find_starts(model, tensors->path, error);
    if (status == TEN_OK && !vectors_allocate(v)) status = ten_fail_memory(error, "the support vectors");
    return status == TEN_OK ? vectors_prepare(v, error) : status;
}

static size_t parameter_count(const void *state) {
    const struct svm *model = state;
    return model->support.rows * (model->support.columns + TEN_CLASSES - 1) + PAIRS;
}

const struct ten_model_type ten_model_svm = {
    .about = {.name = "svm",
              .title = "Support vector machine",
              .summary = "A widest margin between every two classes, in the space of a kernel; the pairs vote.",
              .prep = "deskew,scale",
              .parameters = parameters,
              .parameter_count = sizeof parameters / sizeof *parameters},
    .state_size = sizeof(struct svm),
    .fit = fit,
    .predict = predict,
    .save = save,
    .load = load,
    .parameters = parameter_count,
    .release = release,
};
