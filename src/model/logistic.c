/* Multinomial logistic regression with L2 regularisation: minimises
 *     sum_i -log softmax(W x_i + b)[y_i]  +  |W|^2 / (2 C),          intercepts b free,
 * which is scikit-learn's objective divided by C, by L-BFGS, in double over products in single precision. The curvature
 * in each class's own weights is its preconditioner: some tens of iterations instead of some hundreds. What is handed
 * to the solver is the objective divided by the number of images, so that `tol` does not depend on how many there are.
 *
 * A task computes loss and gradient of 1024 images; the parts are added in the order of tasks. */
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "kernels/kernels.h"
#include "model/curvature.h"
#include "model/lbfgs.h"
#include "model/linear.h"
#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct logistic {
    size_t features;
    float *weights;    /* [TEN_CLASSES x features] */
    float *intercepts; /* [TEN_CLASSES] */
};

enum { REGULARISATION, TOLERANCE, MAX_ITERATIONS };
static const struct ten_parameter parameters[] = {
    {.name = "C",
     .type = TEN_REAL,
     .initial = "1",
     .minimum = 0,
     .maximum = 1e9,
     .open_minimum = true,
     .help = "inverse strength of the regularisation; smaller is stronger"},
    {.name = "tol",
     .type = TEN_REAL,
     .initial = "2e-6",
     .minimum = 0,
     .maximum = 1,
     .open_minimum = true,
     .help = "stop when no entry of the gradient of the mean objective is larger than this"},
    {.name = "max_iter",
     .type = TEN_INTEGER,
     .initial = "2000",
     .minimum = 1,
     .maximum = 1000000,
     .help = "stop after this many iterations in any case"},
};

enum { ROWS = 1024, CORRECTIONS = 10 };

static void release(void *state) {
    struct logistic *model = state;
    free(model->weights);
    free(model->intercepts);
    *model = (struct logistic){0};
}

static enum ten_status allocate(struct logistic *model, size_t features, struct ten_error *error) {
    model->features = features;
    model->weights = ten_alloc_zero(TEN_CLASSES * features, sizeof *model->weights);
    model->intercepts = ten_alloc_zero(TEN_CLASSES, sizeof *model->intercepts);
    return model->weights && model->intercepts ? TEN_OK : ten_fail_memory(error, "the weights");
}

/* ---- The objective -------------------------------------------------------------------------------------------- */

/* The parameters are one vector: weights [TEN_CLASSES x features], then intercepts. */
struct objective {
    struct logistic *model; /* holds the point being evaluated, in single precision */
    const struct ten_training *training;
    size_t rows, features, tasks;
    float *by_row;    /* [rows x features] */
    float *by_column; /* blocks of ROWS images, each transposed: [features x rows of the block] */
    float *spread;    /* [TEN_CLASSES x rows], p (1 - p) of the last point evaluated; NULL without `curvature` */
    struct ten_curvature curvature;
    float *gradients; /* [tasks x TEN_CLASSES x (features + 1)], a task's part: weights, then intercepts */
    double *losses;   /* [tasks] */
    struct scratch {
        float *logits;        /* [TEN_CLASSES x ROWS] */
        float *probabilities; /* [ROWS x TEN_CLASSES] */
        float *matmul;
    } * scratch; /* per thread */
};

static enum ten_status copy_rows(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    const struct objective *o = context;
    size_t count = ten_block_length(o->rows, ROWS, task), n = o->features;
    float *rows = o->by_row + task * ROWS * n, *columns = o->by_column + task * ROWS * n;
    for (size_t i = 0; i < count; i++) ten_batch_row(o->training->features, task * ROWS + i, rows + i * n);
    /* 16 columns at a time: their cache lines are written whole */
    for (size_t j0 = 0; j0 < n; j0 += 16)
        for (size_t i = 0; i < count; i++)
            for (size_t j = j0; j < n && j < j0 + 16; j++) columns[j * count + i] = rows[i * n + j];
    return TEN_OK;
}

static enum ten_status evaluate_rows(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    const struct objective *o = context;
    const struct scratch *s = &o->scratch[thread];
    const struct ten_kernels *kernels = ten_kernels();
    const uint8_t *labels = o->training->labels + task * ROWS;
    size_t count = ten_block_length(o->rows, ROWS, task), n = o->features;
    kernels->matmul(TEN_CLASSES, count, n, (struct ten_strided){o->model->weights, n, 1},
                    (struct ten_strided){o->by_column + task * ROWS * n, count, 1}, s->logits, ROWS, false, s->matmul);
    float *p = s->probabilities, log_sum[ROWS], own[ROWS];
    for (size_t i = 0; i < count; i++) {
        for (size_t c = 0; c < TEN_CLASSES; c++)
            p[i * TEN_CLASSES + c] = s->logits[c * ROWS + i] + o->model->intercepts[c];
        own[i] = p[i * TEN_CLASSES + labels[i]];
    }
    kernels->softmax(count, TEN_CLASSES, p, log_sum);
    double loss = 0, intercepts[TEN_CLASSES] = {0};
    for (size_t i = 0; i < count; i++) {
        loss += (double)log_sum[i] - (double)own[i];
        for (size_t c = 0; o->spread && c < TEN_CLASSES; c++)
            o->spread[c * o->rows + task * ROWS + i] = p[i * TEN_CLASSES + c] * (1 - p[i * TEN_CLASSES + c]);
        p[i * TEN_CLASSES + labels[i]] -= 1; /* the gradient in the logits: probability minus truth */
        for (size_t c = 0; c < TEN_CLASSES; c++) intercepts[c] += (double)p[i * TEN_CLASSES + c];
    }
    float *gradient = o->gradients + task * TEN_CLASSES * (n + 1);
    kernels->matmul(TEN_CLASSES, n, count, (struct ten_strided){p, 1, TEN_CLASSES},
                    (struct ten_strided){o->by_row + task * ROWS * n, n, 1}, gradient, n, false, s->matmul);
    for (size_t c = 0; c < TEN_CLASSES; c++) gradient[TEN_CLASSES * n + c] = (float)intercepts[c];
    o->losses[task] = loss;
    return TEN_OK;
}

static enum ten_status evaluate(void *context, const double *x, double *value, double *gradient,
                                struct ten_error *error) {
    struct objective *o = context;
    size_t weights = TEN_CLASSES * o->features, size = weights + TEN_CLASSES;
    for (size_t i = 0; i < weights; i++) o->model->weights[i] = (float)x[i];
    for (size_t c = 0; c < TEN_CLASSES; c++) o->model->intercepts[c] = (float)x[weights + c];
    enum ten_status status = ten_parallel(o->training->run, NULL, NULL, 0, o->tasks, evaluate_rows, o, error);
    if (status != TEN_OK) return status;
    double loss = 0, squares = 0, inverse_c = 1 / o->training->values->number[REGULARISATION], n = (double)o->rows;
    memset(gradient, 0, size * sizeof *gradient);
    for (size_t task = 0; task < o->tasks; task++) {
        loss += o->losses[task];
        for (size_t i = 0; i < size; i++) gradient[i] += (double)o->gradients[task * size + i];
    }
    for (size_t i = 0; i < weights; i++) {
        squares += x[i] * x[i];
        gradient[i] += inverse_c * x[i];
    }
    for (size_t i = 0; i < size; i++) gradient[i] /= n;
    *value = (loss + 0.5 * inverse_c * squares) / n;
    return TEN_OK;
}

/* The curvature changes most at the beginning: it is renewed after 4, 8 and 12 iterations, then every 20. */
static enum ten_status renew(void *context, size_t iteration, struct ten_error *error) {
    struct objective *o = context;
    bool due = iteration <= 13 ? iteration % 4 == 1 : iteration % 20 == 13;
    if (!due) return TEN_OK;
    double ridge = 1 / o->training->values->number[REGULARISATION];
    return ten_curvature_update(&o->curvature, ridge, iteration == 1, o->training->run, error);
}

/* The solver's function is the mean over the rows. */
static bool precondition(void *context, double *d) {
    const struct objective *o = context;
    size_t size = TEN_CLASSES * (o->features + 1);
    if (!o->curvature.ready) return false;
    ten_curvature_solve(&o->curvature, d);
    for (size_t i = 0; i < size; i++) d[i] *= (double)o->rows;
    return true;
}

static enum ten_status iterated(void *context, size_t iteration, double value, double largest_gradient,
                                struct ten_error *error) {
    const struct objective *o = context;
    static const char *const names[] = {"iteration", "objective", "gradient"};
    double row[] = {(double)iteration, value, largest_gradient};
    enum ten_status status = ten_history_append(o->training->history, 3, names, row, error);
    struct ten_progress progress = {.stage = "fit logistic",
                                    .unit = "iterations",
                                    .done = (double)iteration,
                                    .score_name = "objective",
                                    .score = value};
    return status == TEN_OK ? ten_report(o->training->run, &progress, error) : status;
}

/* ---- Fitting ---------------------------------------------------------------------------------------------------- */

static void objective_release(struct objective *o, size_t threads) {
    for (size_t t = 0; o->scratch && t < threads; t++) {
        free(o->scratch[t].logits);
        free(o->scratch[t].probabilities);
        free(o->scratch[t].matmul);
    }
    free(o->scratch);
    free(o->by_row);
    free(o->by_column);
    free(o->spread);
    ten_curvature_release(&o->curvature);
    free(o->gradients);
    free(o->losses);
}

static bool objective_init(struct objective *o, size_t threads) {
    o->by_row = ten_alloc(o->rows * o->features, sizeof *o->by_row);
    o->by_column = ten_alloc(o->rows * o->features, sizeof *o->by_column);
    bool preconditioned = ten_curvature_pays(o->rows, o->features);
    if (preconditioned) o->spread = ten_alloc(TEN_CLASSES * o->rows, sizeof *o->spread);
    o->curvature = (struct ten_curvature){o->rows, o->features, o->by_row, o->spread, NULL, NULL, false};
    o->gradients = ten_alloc(o->tasks * TEN_CLASSES, (o->features + 1) * sizeof *o->gradients);
    o->losses = ten_alloc(o->tasks, sizeof *o->losses);
    o->scratch = ten_alloc_zero(threads, sizeof *o->scratch);
    if (!o->by_row || !o->by_column || (preconditioned && !o->spread) || !o->gradients || !o->losses || !o->scratch)
        return false;
    for (size_t t = 0; t < threads; t++) {
        o->scratch[t].logits = ten_alloc(TEN_CLASSES * ROWS, sizeof(float));
        o->scratch[t].probabilities = ten_alloc(ROWS * TEN_CLASSES, sizeof(float));
        o->scratch[t].matmul = ten_alloc(TEN_MATMUL_SCRATCH, sizeof(float));
        if (!o->scratch[t].logits || !o->scratch[t].probabilities || !o->scratch[t].matmul) return false;
    }
    return true;
}

static enum ten_status solve(struct objective *o, bool *converged, struct ten_error *error) {
    enum ten_status status = ten_parallel(o->training->run, NULL, NULL, 0, o->tasks, copy_rows, o, error);
    size_t weights = TEN_CLASSES * o->features, size = weights + TEN_CLASSES;
    double *x = ten_alloc_zero(size, sizeof *x);
    if (!x) return ten_fail_memory(error, "the weights");
    struct ten_lbfgs problem = {.size = size,
                                .memory = CORRECTIONS,
                                .max_iterations = (size_t)o->training->values->number[MAX_ITERATIONS],
                                .tolerance = o->training->values->number[TOLERANCE],
                                .evaluate = evaluate,
                                .iterated = iterated,
                                .renew = o->spread ? renew : NULL,
                                .precondition = o->spread ? precondition : NULL,
                                .context = o};
    if (status == TEN_OK) status = ten_lbfgs_minimize(&problem, x, converged, error);
    for (size_t i = 0; i < weights; i++) o->model->weights[i] = (float)x[i];
    for (size_t c = 0; c < TEN_CLASSES; c++) o->model->intercepts[c] = (float)x[weights + c];
    free(x);
    return status;
}

static enum ten_status fit(void *state, const struct ten_training *training, struct ten_error *error) {
    struct logistic *model = state;
    size_t rows = training->features->rows, features = training->features->shape.columns;
    enum ten_status status = allocate(model, features, error);
    if (status != TEN_OK) return status;
    struct objective objective = {
        .model = model, .training = training, .rows = rows, .features = features, .tasks = ten_block_count(rows, ROWS)};
    size_t threads = ten_threads(training->run);
    if (objective_init(&objective, threads))
        status = solve(&objective, training->converged, error);
    else
        status = ten_fail_memory(error, "logistic regression");
    objective_release(&objective, threads);
    return status;
}

/* ---- Prediction ---------------------------------------------------------------------------------------------------
 */

static enum ten_status predict(const void *state, const struct ten_values *values, const struct ten_batch *features,
                               float *probabilities, const struct ten_run *run, struct ten_error *error) {
    (void)values;
    const struct logistic *model = state;
    const struct ten_linear linear = {.features = model->features,
                                      .weights = model->weights,
                                      .intercepts = model->intercepts,
                                      .stage = "predict logistic",
                                      .what = "logistic regression"};
    return ten_linear_predict(&linear, features, probabilities, run, error);
}

/* ---- Files ----------------------------------------------------------------------------------------------------------
 */

static enum ten_status save(const void *state, struct ten_tensors *tensors, struct ten_error *error) {
    const struct logistic *model = state;
    size_t shape[] = {TEN_CLASSES, model->features};
    enum ten_status status = ten_tensors_add(tensors, "weights", TEN_F32, 2, shape, model->weights, error);
    if (status == TEN_OK) status = ten_tensors_add(tensors, "intercepts", TEN_F32, 1, shape, model->intercepts, error);
    return status;
}

static enum ten_status load(void *state, const struct ten_values *values, const struct ten_shape *shape,
                            struct ten_tensors *tensors, struct ten_error *error) {
    (void)values;
    struct logistic *model = state;
    model->features = shape->columns;
    size_t wanted[] = {TEN_CLASSES, shape->columns};
    enum ten_status status = ten_tensors_take(tensors, "weights", TEN_F32, 2, wanted, (void **)&model->weights, error);
    if (status == TEN_OK)
        status = ten_tensors_take(tensors, "intercepts", TEN_F32, 1, wanted, (void **)&model->intercepts, error);
    return status;
}

static size_t parameter_count(const void *state) {
    return TEN_CLASSES * (((const struct logistic *)state)->features + 1);
}

const struct ten_model_type ten_model_logistic = {
    .about = {.name = "logistic",
              .title = "Logistic regression",
              .summary = "A linear score per class through softmax, L2-regularised, solved to a stated tolerance.",
              .prep = "deskew,scale",
              .parameters = parameters,
              .parameter_count = sizeof parameters / sizeof *parameters},
    .state_size = sizeof(struct logistic),
    .fit = fit,
    .predict = predict,
    .save = save,
    .load = load,
    .parameters = parameter_count,
    .release = release,
};
