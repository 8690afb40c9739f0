/* Gradient boosting of trees for the softmax loss (Friedman 2001), by second-order steps with regularised leaves as in
 * XGBoost (Chen and Guestrin 2016), on histograms. Parameters as in XGBoost and scikit-learn.
 *
 * A round grows a tree for each class on the same probabilities, each a task of its own, then works out the
 * probabilities anew. With early stopping some of the training rows are kept aside; the round that gives them the least
 * log loss is the last of the model. */
#include "model/boosting.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "kernels/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    N_ESTIMATORS,
    LEARNING_RATE,
    MAX_DEPTH,
    REG_LAMBDA,
    MIN_CHILD_WEIGHT,
    GAMMA,
    SUBSAMPLE,
    COLSAMPLE,
    MAX_BIN,
    STOPPING_ROUNDS,
    VALIDATION_FRACTION
};

static const struct ten_parameter parameters[] = {
    {.name = "n_estimators",
     .type = TEN_INTEGER,
     .initial = "100",
     .minimum = 1,
     .maximum = 10000,
     .help = "rounds; each adds a tree per class"},
    {.name = "learning_rate",
     .type = TEN_REAL,
     .initial = "0.3",
     .minimum = 0,
     .maximum = 1,
     .open_minimum = true,
     .help = "share of each tree's answer that is added"},
    {.name = "max_depth",
     .type = TEN_INTEGER,
     .initial = "6",
     .minimum = 1,
     .maximum = 64,
     .help = "cuts between root and leaf at most"},
    {.name = "reg_lambda",
     .type = TEN_REAL,
     .initial = "1",
     .minimum = 0,
     .maximum = 1e9,
     .help = "L2 regularisation of the leaves"},
    {.name = "min_child_weight",
     .type = TEN_REAL,
     .initial = "1",
     .minimum = 0,
     .maximum = 1e9,
     .help = "least sum of hessians, 2 p (1 - p), in a node"},
    {.name = "gamma", .type = TEN_REAL, .initial = "0", .minimum = 0, .maximum = 1e9, .help = "least gain of a cut"},
    {.name = "subsample",
     .type = TEN_REAL,
     .initial = "1",
     .minimum = 0,
     .maximum = 1,
     .open_minimum = true,
     .help = "chance of an image to be learned from, drawn for each tree"},
    {.name = "colsample_bytree",
     .type = TEN_REAL,
     .initial = "1",
     .minimum = 0,
     .maximum = 1,
     .open_minimum = true,
     .help = "share of the features that each tree may ask for"},
    {.name = "max_bin",
     .type = TEN_INTEGER,
     .initial = "64",
     .minimum = 2,
     .maximum = TEN_BINS,
     .help = "values of a feature that are told apart at most"},
    {.name = "early_stopping_rounds",
     .type = TEN_INTEGER,
     .initial = "0",
     .minimum = 0,
     .maximum = 10000,
     .help = "stop after so many rounds without a lesser loss of images kept aside; 0: use all"},
    {.name = "validation_fraction",
     .type = TEN_REAL,
     .initial = "0.1",
     .minimum = 0,
     .maximum = 0.5,
     .open_minimum = true,
     .help = "share of the images kept aside if early stopping is on"},
};

void ten_boosting_release(void *state) {
    struct ten_boosting *boosting = state;
    free(boosting->node);
    free(boosting->root);
    free(boosting->value);
    free(boosting->edges);
    *boosting = (struct ten_boosting){0};
}

/* ---- Fitting ---------------------------------------------------------------------------------------------------- */

enum { ROWS = 512 };
static const char stage[] = "fit gradient-boosting";

/* What a block of rows, learned from (0) or left out (1), adds to the figures of a round. */
struct judgement {
    double loss[2];
    size_t right[2];
};

struct fitting {
    struct ten_boosting_growth growth;
    const struct ten_training *training;
    struct ten_boosting_tree *tree; /* [rounds x TEN_CLASSES] */
    struct ten_booster **booster;   /* [threads] */
    float *scores, *probabilities;  /* [TEN_CLASSES x rows] */
    uint8_t *left_out;
    struct judgement *judgement;             /* [blocks of ROWS rows] */
    size_t rounds, threads, aside, patience; /* rows kept aside; rounds to wait for a better one, 0: all */
    size_t grown, best;                      /* rounds grown, and up to the best one */
    double least;                            /* that one's validation loss */
};

static enum ten_status grow_tree(void *context, size_t task, size_t thread, struct ten_error *error) {
    struct fitting *fit = context;
    size_t number = fit->grown * TEN_CLASSES + task;
    if (!fit->booster[thread]) fit->booster[thread] = ten_booster_new(&fit->growth);
    if (fit->booster[thread] && ten_booster_grow(fit->booster[thread], &fit->tree[number], number)) return TEN_OK;
    return ten_fail_memory(error, "a tree");
}

/* Scores of some rows to probabilities, and how good these are. */
static enum ten_status judge_rows(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    struct fitting *fit = context;
    size_t all = fit->growth.rows, first = task * ROWS, rows = ten_block_length(all, ROWS, task);
    float block[ROWS * TEN_CLASSES], log_sum[ROWS], own[ROWS];
    struct judgement judgement = {0};
    for (size_t c = 0; c < TEN_CLASSES; c++)
        for (size_t i = 0; i < rows; i++) block[i * TEN_CLASSES + c] = fit->scores[c * all + first + i];
    for (size_t i = 0; i < rows; i++) own[i] = block[i * TEN_CLASSES + fit->growth.labels[first + i]];
    ten_kernels()->softmax(rows, TEN_CLASSES, block, log_sum);
    for (size_t i = 0; i < rows; i++) {
        bool aside = fit->left_out && fit->left_out[first + i];
        judgement.loss[aside] += (double)log_sum[i] - (double)own[i];
        judgement.right[aside] += ten_label(block + i * TEN_CLASSES) == fit->growth.labels[first + i];
    }
    for (size_t c = 0; c < TEN_CLASSES; c++)
        for (size_t i = 0; i < rows; i++) fit->probabilities[c * all + first + i] = block[i * TEN_CLASSES + c];
    fit->judgement[task] = judgement;
    return TEN_OK;
}

static enum ten_status judge(struct fitting *fit, struct judgement *sum, struct ten_error *error) {
    size_t tasks = ten_block_count(fit->growth.rows, ROWS);
    enum ten_status status = ten_parallel(fit->training->run, NULL, NULL, 0, tasks, judge_rows, fit, error);
    *sum = (struct judgement){0};
    for (size_t t = 0; t < tasks; t++)
        for (size_t side = 0; side < 2; side++) {
            sum->loss[side] += fit->judgement[t].loss[side];
            sum->right[side] += fit->judgement[t].right[side];
        }
    return status;
}

/* Grows a round's trees and notes how good they made the model. */
static enum ten_status add_round(struct fitting *fit, struct ten_error *error) {
    static const char *const names[] = {"round", "log loss", "accuracy", "validation log loss", "validation accuracy"};
    const struct ten_run *run = fit->training->run;
    struct judgement sum;
    enum ten_status status = ten_parallel(run, NULL, NULL, 0, TEN_CLASSES, grow_tree, fit, error);
    if (status == TEN_OK) status = judge(fit, &sum, error);
    if (status != TEN_OK) return status;
    fit->grown++;
    double learned = (double)(fit->growth.rows - fit->aside), aside = fmax(1, (double)fit->aside);
    double row[] = {(double)fit->grown, sum.loss[0] / learned, (double)sum.right[0] / learned, sum.loss[1] / aside,
                    (double)sum.right[1] / aside};
    if (!fit->patience || fit->grown == 1 || row[3] < fit->least) {
        fit->best = fit->grown;
        fit->least = row[3];
    }
    struct ten_progress progress = {.stage = stage,
                                    .unit = "rounds",
                                    .done = (double)fit->grown,
                                    .total = (double)fit->rounds,
                                    .score_name = fit->patience ? "validation accuracy" : "log loss",
                                    .score = fit->patience ? row[4] : row[1]};
    status = ten_history_append(fit->training->history, fit->patience ? 5 : 3, names, row, error);
    return status == TEN_OK ? ten_report(run, &progress, error) : status;
}

/* One array of all trees' nodes, and one of their leaves' values, up to the best round. */
static enum ten_status join_trees(struct ten_boosting *boosting, const struct fitting *fit, struct ten_error *error) {
    boosting->trees = fit->best * TEN_CLASSES;
    for (size_t t = 0; t < boosting->trees; t++) {
        boosting->nodes += fit->tree[t].nodes;
        boosting->leaves += fit->tree[t].leaves;
    }
    if (boosting->leaves > INT32_MAX) return ten_fail(error, TEN_INVALID, "%s: too many leaves", stage);
    boosting->node = ten_alloc(boosting->nodes, sizeof *boosting->node);
    boosting->root = ten_alloc(boosting->trees, sizeof *boosting->root);
    boosting->value = ten_alloc(boosting->leaves, sizeof *boosting->value);
    if (!boosting->node || !boosting->root || !boosting->value) return ten_fail_memory(error, "the trees");
    size_t node = 0, leaf = 0;
    for (size_t t = 0; t < boosting->trees; t++) {
        const struct ten_boosting_tree *tree = &fit->tree[t];
        boosting->root[t] = (int64_t)node;
        for (size_t i = 0; i < tree->nodes; i++, node++) {
            boosting->node[node] = tree->node[i];
            if (tree->node[i].split == TEN_LEAF) boosting->node[node].child += (int32_t)leaf;
        }
        memcpy(boosting->value + leaf, tree->value, tree->leaves * sizeof *tree->value);
        leaf += tree->leaves;
    }
    return TEN_OK;
}

/* Chooses the rows that are kept aside, at least one. */
static enum ten_status keep_aside(struct fitting *fit, struct ten_error *error) {
    size_t rows = fit->growth.rows;
    double wanted = round(fit->training->values->number[VALIDATION_FRACTION] * (double)rows);
    if (rows < 2)
        return ten_fail(error, TEN_INVALID, "gradient-boosting: early stopping needs at least 2 images to learn from");
    fit->aside = wanted < 1 ? 1 : (size_t)wanted;
    fit->left_out = ten_alloc_zero(rows, 1);
    size_t *order = ten_alloc(rows, sizeof *order), keep = rows - fit->aside;
    enum ten_status status = fit->left_out && order ? TEN_OK : ten_fail_memory(error, "the images kept aside");
    if (status == TEN_OK)
        status = ten_split_stratified(fit->growth.labels, rows, keep, fit->growth.seed, order, order + keep, error);
    for (size_t i = keep; status == TEN_OK && i < rows; i++) fit->left_out[order[i]] = 1;
    fit->growth.left_out = fit->left_out;
    free(order);
    return status;
}

static enum ten_status add_rounds(struct ten_boosting *boosting, struct fitting *fit, struct ten_error *error) {
    size_t rows = fit->growth.rows;
    fit->threads = ten_threads(fit->training->run);
    fit->tree = ten_alloc_zero(fit->rounds * TEN_CLASSES, sizeof *fit->tree);
    fit->booster = ten_alloc_zero(fit->threads, sizeof(struct ten_booster *));
    fit->growth.scores = fit->scores = ten_alloc_zero(rows, TEN_CLASSES * sizeof *fit->scores);
    fit->growth.probabilities = fit->probabilities = ten_alloc(rows, TEN_CLASSES * sizeof *fit->probabilities);
    fit->judgement = ten_alloc(ten_block_count(rows, ROWS), sizeof *fit->judgement);
    bool fits = fit->tree && fit->booster && fit->scores && fit->probabilities && fit->judgement;
    enum ten_status status = fits ? TEN_OK : ten_fail_memory(error, "the trees");
    if (status == TEN_OK && fit->patience) status = keep_aside(fit, error);
    struct judgement before;
    if (status == TEN_OK) status = judge(fit, &before, error);
    while (status == TEN_OK && fit->grown < fit->rounds) {
        if (fit->patience && fit->grown - fit->best >= fit->patience) break;
        status = add_round(fit, error);
    }
    return status == TEN_OK ? join_trees(boosting, fit, error) : status;
}

static void fitting_release(struct fitting *fit) {
    for (size_t t = 0; fit->tree && t < fit->rounds * TEN_CLASSES; t++) ten_boosting_tree_release(&fit->tree[t]);
    for (size_t t = 0; fit->booster && t < fit->threads; t++) ten_booster_free(fit->booster[t]);
    free(fit->tree);
    free(fit->booster);
    free(fit->scores);
    free(fit->probabilities);
    free(fit->left_out);
    free(fit->judgement);
}

static enum ten_status fit(void *state, const struct ten_training *training, struct ten_error *error) {
    struct ten_boosting *boosting = state;
    const struct ten_batch *features = training->features;
    const double *number = training->values->number;
    struct ten_bins bins = {0};
    struct ten_cells cells = {0};
    struct fitting fit = {.training = training,
                          .rounds = (size_t)number[N_ESTIMATORS],
                          .patience = (size_t)number[STOPPING_ROUNDS],
                          .growth = {.max_depth = (size_t)number[MAX_DEPTH],
                                     .rows = features->rows,
                                     .columns = features->shape.columns,
                                     .learning_rate = number[LEARNING_RATE],
                                     .lambda = number[REG_LAMBDA],
                                     .min_child_weight = number[MIN_CHILD_WEIGHT],
                                     .gamma = number[GAMMA],
                                     .subsample = number[SUBSAMPLE],
                                     .colsample = number[COLSAMPLE],
                                     .seed = training->run ? training->run->seed : 0,
                                     .bins = &bins,
                                     .cells = &cells,
                                     .labels = training->labels}};
    if (features->rows > INT32_MAX / 4)
        return ten_fail(error, TEN_INVALID, "%s: %zu images, at most %d are supported", stage, features->rows,
                        INT32_MAX / 4);
    boosting->columns = features->shape.columns;
    boosting->is_bytes = features->is_bytes;
    enum ten_status status = ten_bins_make(&bins, &boosting->edges, TEN_BINS, features, stage, training->run, error);
    if (status == TEN_OK)
        status = ten_cells_make(&cells, &bins, features->rows, features->shape.columns, (size_t)number[MAX_BIN], stage,
                                training->run, error);
    if (status == TEN_OK) status = add_rounds(boosting, &fit, error);
    fitting_release(&fit);
    ten_cells_release(&cells);
    ten_bins_release(&bins);
    return status;
}

/* ---- Prediction ------------------------------------------------------------------------------------------------- */

enum { ROWS_PER_TASK = 128 };

struct prediction {
    const struct ten_boosting *boosting;
    const struct ten_batch *features;
    float *probabilities;
};

static enum ten_status predict_rows(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    const struct prediction *p = context;
    const struct ten_boosting *boosting = p->boosting;
    size_t first = task * ROWS_PER_TASK, rows = ten_block_length(p->features->rows, ROWS_PER_TASK, task);
    float *scores = p->probabilities + first * TEN_CLASSES;
    memset(scores, 0, rows * TEN_CLASSES * sizeof *scores);
    for (size_t t = 0; t < boosting->trees; t++) {
        const struct ten_node *tree = boosting->node + boosting->root[t];
        for (size_t r = 0; r < rows; r += TEN_ABREAST) {
            size_t count = ten_block_length(rows, TEN_ABREAST, r / TEN_ABREAST);
            int32_t at[TEN_ABREAST];
            ten_tree_descend(tree, p->features, boosting->edges, first + r, count, at);
            for (size_t i = 0; i < count; i++)
                scores[(r + i) * TEN_CLASSES + t % TEN_CLASSES] += boosting->value[tree[at[i]].child];
        }
    }
    ten_kernels()->softmax(rows, TEN_CLASSES, scores, NULL);
    return TEN_OK;
}

static enum ten_status predict(const void *state, const struct ten_values *values, const struct ten_batch *features,
                               float *probabilities, const struct ten_run *run, struct ten_error *error) {
    (void)values;
    const struct ten_boosting *boosting = state;
    if (features->is_bytes == (boosting->edges != NULL))
        return ten_fail(error, TEN_INVALID, "the trees were grown on %s, but the features are %s",
                        boosting->edges ? "real numbers" : "bytes", features->is_bytes ? "bytes" : "real numbers");
    struct prediction prediction = {boosting, features, probabilities};
    return ten_parallel(run, "predict gradient-boosting", "images", ROWS_PER_TASK,
                        ten_block_count(features->rows, ROWS_PER_TASK), predict_rows, &prediction, error);
}

/* ---- The model -------------------------------------------------------------------------------------------------- */

static enum ten_status load(void *state, const struct ten_values *values, const struct ten_shape *shape,
                            struct ten_tensors *tensors, struct ten_error *error) {
    return ten_boosting_load(state, (size_t)values->number[N_ESTIMATORS], values->number[STOPPING_ROUNDS] <= 0,
                             shape->columns, tensors, error);
}

/* Two numbers for each cut and one for each leaf. */
static size_t parameter_count(const void *state) {
    const struct ten_boosting *boosting = state;
    return 2 * (boosting->nodes - boosting->leaves) + boosting->leaves;
}

const struct ten_model_type ten_model_gradient_boosting = {
    .about = {.name = "gradient-boosting",
              .title = "Gradient boosting",
              .summary = "Small trees, one per class a round, each grown on what those before it still get wrong.",
              .prep = "deskew",
              .parameters = parameters,
              .parameter_count = sizeof parameters / sizeof *parameters},
    .state_size = sizeof(struct ten_boosting),
    .fit = fit,
    .predict = predict,
    .save = ten_boosting_save,
    .load = load,
    .parameters = parameter_count,
    .release = ten_boosting_release,
};
