/* Decision trees, alone and in forests: a single classification tree (CART: Breiman, Friedman, Olshen and Stone 1984),
 * random forests (Breiman 2001: each tree on a bootstrap sample, few features drawn at each node) and extremely
 * randomised trees (Geurts, Ernst and Wehenkel 2006: the cut is drawn, too). Parameters as in scikit-learn.
 *
 * Each tree is one task with a random stream of its own. What is summed over trees is added in their order, or in whole
 * numbers. A forest's probabilities are the means of its trees'. */
#include "model/forest.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FEATURES, MAX_DEPTH, MIN_SAMPLES_SPLIT, MIN_SAMPLES_LEAF, CRITERION, N_ESTIMATORS, BOOTSTRAP };
enum { SQRT, LOG2, ALL };
static const char *const feature_words[] = {"sqrt", "log2", "all", NULL}, *const depth_words[] = {"none", NULL};
enum { GINI, ENTROPY };
/* Bins of a feature of real numbers in a forest; a tree alone cuts as finely as it can. */
enum { FOREST_BINS = 128 };
static const char *const criterion_words[] = {"gini", "entropy", NULL};
enum { YES, NO };
static const char *const bootstrap_words[] = {"true", "false", NULL};

#define TREE_PARAMETERS(features)                                                                                      \
    {.name = "max_features",                                                                                           \
     .type = TEN_INTEGER,                                                                                              \
     .initial = features,                                                                                              \
     .minimum = 1,                                                                                                     \
     .maximum = 1 << 20,                                                                                               \
     .choices = feature_words,                                                                                         \
     .help = "features looked at for each cut: root, logarithm or all of them, or a number"},                          \
        {.name = "max_depth",                                                                                          \
         .type = TEN_INTEGER,                                                                                          \
         .initial = "none",                                                                                            \
         .minimum = 1,                                                                                                 \
         .maximum = 1e9,                                                                                               \
         .choices = depth_words,                                                                                       \
         .help = "cuts between root and leaf at most"},                                                                \
        {.name = "min_samples_split",                                                                                  \
         .type = TEN_INTEGER,                                                                                          \
         .initial = "2",                                                                                               \
         .minimum = 2,                                                                                                 \
         .maximum = 1e9,                                                                                               \
         .help = "fewest images in a node that is cut"},                                                               \
        {.name = "min_samples_leaf",                                                                                   \
         .type = TEN_INTEGER,                                                                                          \
         .initial = "1",                                                                                               \
         .minimum = 1,                                                                                                 \
         .maximum = 1e9,                                                                                               \
         .help = "fewest images in a leaf"},                                                                           \
    {                                                                                                                  \
        .name = "criterion", .type = TEN_CHOICE, .initial = "gini", .choices = criterion_words,                        \
        .help = "measure of a cut: Gini's impurity or the entropy"                                                     \
    }

#define FOREST_PARAMETERS(bags)                                                                                        \
    TREE_PARAMETERS("sqrt"),                                                                                           \
        {.name = "n_estimators",                                                                                       \
         .type = TEN_INTEGER,                                                                                          \
         .initial = "100",                                                                                             \
         .minimum = 1,                                                                                                 \
         .maximum = 10000,                                                                                             \
         .help = "how many trees"},                                                                                    \
    {                                                                                                                  \
        .name = "bootstrap", .type = TEN_CHOICE, .initial = bags, .choices = bootstrap_words,                          \
        .help = "each tree learns from as many images drawn with replacement"                                          \
    }

static const struct ten_parameter tree_parameters[] = {TREE_PARAMETERS("all")};
static const struct ten_parameter random_parameters[] = {FOREST_PARAMETERS("true")};
static const struct ten_parameter extra_parameters[] = {FOREST_PARAMETERS("false")};

void ten_forest_release(void *state) {
    struct ten_forest *forest = state;
    free(forest->node);
    free(forest->root);
    free(forest->probability);
    free(forest->edges);
    free(forest->importances);
    *forest = (struct ten_forest){0};
}

/* ---- Fitting ---------------------------------------------------------------------------------------------------- */

struct fitting {
    struct ten_growth growth;
    const char *stage;
    const struct ten_run *run;
    struct ten_tree *tree;      /* [trees] */
    struct ten_grower **grower; /* [threads] */
    size_t trees, threads;
    atomic_size_t grown;
    atomic_bool stopped;
};

/* Only thread 0 is the caller's own, which may report. */
static bool go_on(void *context, size_t thread, double share) {
    struct fitting *fit = context;
    if (thread == 0) {
        struct ten_progress progress = {.stage = fit->stage,
                                        .unit = "trees",
                                        .done = (double)atomic_load(&fit->grown) + share,
                                        .total = (double)fit->trees};
        if (ten_report(fit->run, &progress, NULL) != TEN_OK) atomic_store(&fit->stopped, true);
    }
    return !atomic_load(&fit->stopped);
}

static enum ten_status grow_tree(void *context, size_t task, size_t thread, struct ten_error *error) {
    struct fitting *fit = context;
    if (!fit->grower[thread]) fit->grower[thread] = ten_grower_new(&fit->growth);
    enum ten_status status =
        fit->grower[thread] ? ten_tree_grow(&fit->tree[task], fit->grower[thread], task, thread) : TEN_NO_MEMORY;
    if (status == TEN_OK) atomic_fetch_add(&fit->grown, 1);
    if (status == TEN_CANCELLED) return ten_fail(error, TEN_CANCELLED, "stopped during %s", fit->stage);
    return status == TEN_OK ? TEN_OK : ten_fail_memory(error, "a tree");
}

static size_t features_at_a_node(const struct ten_values *values, size_t columns) {
    double n = (double)columns, wanted = values->number[MAX_FEATURES];
    switch (values->word[MAX_FEATURES]) {
    case SQRT: wanted = floor(sqrt(n)); break;
    case LOG2: wanted = floor(log2(n)); break;
    case ALL: wanted = n; break;
    default: break;
    }
    return (size_t)fmin(n, fmax(1, wanted));
}

static void set_growth(struct ten_growth *growth, const struct ten_training *training, bool forest, bool random_cuts) {
    const struct ten_values *values = training->values;
    *growth = (struct ten_growth){
        .max_features = features_at_a_node(values, training->features->shape.columns),
        .max_depth = values->word[MAX_DEPTH] >= 0 ? SIZE_MAX : (size_t)values->number[MAX_DEPTH],
        .min_samples_split = (size_t)values->number[MIN_SAMPLES_SPLIT],
        .min_samples_leaf = (size_t)values->number[MIN_SAMPLES_LEAF],
        .entropy = values->word[CRITERION] == ENTROPY,
        .bootstrap = forest && values->word[BOOTSTRAP] == YES,
        .random_cuts = random_cuts,
        .seed = training->run ? training->run->seed : 0,
        .rows = training->features->rows,
        .columns = training->features->shape.columns,
        .labels = training->labels,
    };
}

/* One array of all trees' nodes, and one of the probabilities of all impure leaves behind those of the pure ones. */
static enum ten_status join_trees(struct ten_forest *forest, const struct fitting *fit, struct ten_error *error) {
    forest->leaves = TEN_CLASSES;
    for (size_t t = 0; t < fit->trees; t++) {
        forest->nodes += fit->tree[t].nodes;
        forest->leaves += fit->tree[t].leaves;
    }
    forest->trees = fit->trees;
    forest->node = ten_alloc(forest->nodes, sizeof *forest->node);
    forest->root = ten_alloc(forest->trees, sizeof *forest->root);
    forest->probability = ten_alloc_zero(forest->leaves * TEN_CLASSES, sizeof *forest->probability);
    if (!forest->node || !forest->root || !forest->probability) return ten_fail_memory(error, "the trees");
    if (forest->leaves > INT32_MAX) return ten_fail(error, TEN_INVALID, "%s: too many leaves", fit->stage);
    for (size_t c = 0; c < TEN_CLASSES; c++) forest->probability[c * TEN_CLASSES + c] = 1;
    size_t node = 0, leaf = TEN_CLASSES;
    for (size_t t = 0; t < fit->trees; t++) {
        const struct ten_tree *tree = &fit->tree[t];
        forest->root[t] = (int64_t)node;
        for (size_t i = 0; i < tree->nodes; i++, node++) {
            forest->node[node] = tree->node[i];
            if (tree->node[i].split == TEN_LEAF && tree->node[i].child >= TEN_CLASSES)
                forest->node[node].child += (int32_t)(leaf - TEN_CLASSES);
        }
        if (tree->leaves)
            memcpy(forest->probability + leaf * TEN_CLASSES, tree->probability,
                   tree->leaves * TEN_CLASSES * sizeof *forest->probability);
        leaf += tree->leaves;
    }
    return TEN_OK;
}

/* The mean over trees of each feature's share in what the tree's cuts gained. */
static enum ten_status weigh_features(struct ten_forest *forest, const struct fitting *fit, struct ten_error *error) {
    forest->importances = ten_alloc_zero(forest->columns, sizeof *forest->importances);
    if (!forest->importances) return ten_fail_memory(error, "the importances");
    double sum = 0;
    for (size_t t = 0; t < fit->trees; t++) {
        const struct ten_tree *tree = &fit->tree[t];
        double gained = 0;
        for (size_t i = 0; i < tree->nodes; i++) gained += tree->decrease[i];
        for (size_t i = 0; i < tree->nodes && gained > 0; i++)
            if (tree->node[i].split != TEN_LEAF)
                forest->importances[tree->node[i].split / TEN_BINS] += fmax(0, tree->decrease[i]) / gained;
    }
    for (size_t j = 0; j < forest->columns; j++) sum += forest->importances[j];
    for (size_t j = 0; j < forest->columns && sum > 0; j++) forest->importances[j] /= sum;
    return TEN_OK;
}

/* Labels every row by the trees that had not drawn it. */
static void judge_out_of_bag(struct ten_forest *forest, const struct fitting *fit) {
    size_t judged = 0, right = 0;
    for (size_t r = 0; r < fit->growth.rows; r++) {
        uint64_t sum[TEN_CLASSES] = {0};
        size_t best = 0;
        for (size_t t = 0; t < fit->threads; t++)
            for (size_t c = 0; fit->grower[t] && c < TEN_CLASSES; c++)
                sum[c] += ten_grower_oob(fit->grower[t])[r * TEN_CLASSES + c];
        for (size_t c = 1; c < TEN_CLASSES; c++)
            if (sum[c] > sum[best]) best = c;
        judged += sum[best] > 0;
        right += sum[best] > 0 && best == fit->growth.labels[r];
    }
    forest->out_of_bag = true;
    forest->oob_accuracy = judged ? (double)right / (double)judged : 0;
}

static enum ten_status grow_trees(struct ten_forest *forest, struct fitting *fit, struct ten_error *error) {
    struct ten_growth *growth = &fit->growth;
    double *xlogx = NULL;
    enum ten_status status = TEN_OK;
    fit->threads = ten_threads(fit->run);
    fit->tree = ten_alloc_zero(fit->trees, sizeof *fit->tree);
    fit->grower = ten_alloc_zero(fit->threads, sizeof(struct ten_grower *));
    if (growth->entropy) growth->xlogx = xlogx = ten_alloc(growth->rows + 1, sizeof *xlogx);
    if (!fit->tree || !fit->grower || (growth->entropy && !xlogx)) status = ten_fail_memory(error, "the trees");
    if (status == TEN_OK && xlogx)
        for (size_t n = 0; n <= growth->rows; n++) xlogx[n] = n ? (double)n * log((double)n) : 0;
    growth->oob_unit = UINT32_MAX / (uint32_t)fit->trees;
    growth->go_on = go_on;
    growth->context = fit;
    if (status == TEN_OK) status = ten_parallel(fit->run, fit->stage, "trees", 1, fit->trees, grow_tree, fit, error);
    if (status == TEN_OK) status = join_trees(forest, fit, error);
    if (status == TEN_OK) status = weigh_features(forest, fit, error);
    if (status == TEN_OK && growth->bootstrap) judge_out_of_bag(forest, fit);
    for (size_t t = 0; fit->tree && t < fit->trees; t++) ten_tree_release(&fit->tree[t]);
    for (size_t t = 0; fit->grower && t < fit->threads; t++) ten_grower_free(fit->grower[t]);
    free(fit->tree);
    free(fit->grower);
    free(xlogx);
    return status;
}

static enum ten_status fit(struct ten_forest *forest, const struct ten_training *training, const char *stage,
                           bool random_cuts, struct ten_error *error) {
    bool single = strcmp(stage, "fit decision-tree") == 0;
    struct fitting fit = {.stage = stage, .run = training->run};
    struct ten_bins bins = {0};
    if (training->features->rows > INT32_MAX / 2)
        return ten_fail(error, TEN_INVALID, "%s: %zu images, at most %d are supported", stage, training->features->rows,
                        INT32_MAX / 2);
    set_growth(&fit.growth, training, !single, random_cuts);
    fit.trees = single ? 1 : (size_t)training->values->number[N_ESTIMATORS];
    fit.growth.bins = &bins;
    forest->columns = fit.growth.columns;
    forest->is_bytes = training->features->is_bytes;
    enum ten_status status = ten_bins_make(&bins, &forest->edges, fit.trees > 1 ? FOREST_BINS : TEN_BINS,
                                           training->features, stage, training->run, error);
    if (status == TEN_OK) status = grow_trees(forest, &fit, error);
    ten_bins_release(&bins);
    return status;
}

static enum ten_status fit_tree(void *state, const struct ten_training *training, struct ten_error *error) {
    return fit(state, training, "fit decision-tree", false, error);
}
static enum ten_status fit_random(void *state, const struct ten_training *training, struct ten_error *error) {
    return fit(state, training, "fit random-forest", false, error);
}
static enum ten_status fit_extra(void *state, const struct ten_training *training, struct ten_error *error) {
    return fit(state, training, "fit extra-trees", true, error);
}

/* ---- Prediction ------------------------------------------------------------------------------------------------- */

/* A tree and a block of rows stay in a core's cache together. */
enum { ROWS_PER_TASK = 128 };

struct prediction {
    const struct ten_forest *forest;
    const struct ten_batch *features;
    float *probabilities;
};

/* One step down: a row that has reached a leaf stays. Returns whether it had not. */
static inline bool step(const struct ten_node *tree, int32_t *at, bool goes_right) {
    struct ten_node node = tree[*at];
    bool inner = node.split != TEN_LEAF;
    int32_t next = node.child + goes_right;
    *at = inner ? next : *at;
    return inner;
}

static void descend_bytes(const struct ten_node *tree, const uint8_t *rows, size_t columns, size_t count,
                          int32_t at[TEN_ABREAST]) {
    for (bool moving = true; moving;) {
        moving = false;
        for (size_t i = 0; i < count; i++) {
            int32_t split = tree[at[i]].split, safe = split < 0 ? 0 : split;
            moving |= step(tree, &at[i], rows[i * columns + (size_t)(safe / TEN_BINS)] > safe % TEN_BINS);
        }
    }
}

static void descend_floats(const struct ten_node *tree, const float *rows, const float *edges, size_t columns,
                           size_t count, int32_t at[TEN_ABREAST]) {
    for (bool moving = true; moving;) {
        moving = false;
        for (size_t i = 0; i < count; i++) {
            int32_t split = tree[at[i]].split, safe = split < 0 ? 0 : split;
            moving |= step(tree, &at[i], rows[i * columns + (size_t)(safe / TEN_BINS)] > edges[safe]);
        }
    }
}

void ten_tree_descend(const struct ten_node *tree, const struct ten_batch *features, const float *edges, size_t first,
                      size_t count, int32_t at[TEN_ABREAST]) {
    size_t columns = features->shape.columns;
    memset(at, 0, TEN_ABREAST * sizeof *at);
    if (edges)
        descend_floats(tree, features->floats + first * columns, edges, columns, count, at);
    else
        descend_bytes(tree, features->bytes + first * columns, columns, count, at);
}

static enum ten_status predict_rows(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    const struct prediction *p = context;
    const struct ten_forest *forest = p->forest;
    size_t first = task * ROWS_PER_TASK;
    size_t rows = ten_block_length(p->features->rows, ROWS_PER_TASK, task);
    double sum[ROWS_PER_TASK][TEN_CLASSES] = {{0}};
    for (size_t t = 0; t < forest->trees; t++) {
        const struct ten_node *tree = forest->node + forest->root[t];
        for (size_t r = 0; r < rows; r += TEN_ABREAST) {
            size_t count = ten_block_length(rows, TEN_ABREAST, r / TEN_ABREAST);
            int32_t at[TEN_ABREAST];
            ten_tree_descend(tree, p->features, forest->edges, first + r, count, at);
            for (size_t i = 0; i < count; i++) {
                const float *leaf = forest->probability + (size_t)tree[at[i]].child * TEN_CLASSES;
                for (size_t c = 0; c < TEN_CLASSES; c++) sum[r + i][c] += (double)leaf[c];
            }
        }
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < TEN_CLASSES; c++)
            p->probabilities[(first + r) * TEN_CLASSES + c] = (float)(sum[r][c] / (double)forest->trees);
    return TEN_OK;
}

static enum ten_status predict(const void *state, const struct ten_values *values, const struct ten_batch *features,
                               float *probabilities, const struct ten_run *run, struct ten_error *error) {
    (void)values;
    const struct ten_forest *forest = state;
    if (features->is_bytes == (forest->edges != NULL))
        return ten_fail(error, TEN_INVALID, "the trees were grown on %s, but the features are %s",
                        forest->edges ? "real numbers" : "bytes", features->is_bytes ? "bytes" : "real numbers");
    struct prediction prediction = {forest, features, probabilities};
    return ten_parallel(run, "predict with trees", "images", ROWS_PER_TASK,
                        ten_block_count(features->rows, ROWS_PER_TASK), predict_rows, &prediction, error);
}

/* ---- The models ------------------------------------------------------------------------------------------------- */

static enum ten_status load_tree(void *state, const struct ten_values *values, const struct ten_shape *shape,
                                 struct ten_tensors *tensors, struct ten_error *error) {
    (void)values;
    return ten_forest_load(state, 1, false, shape->columns, tensors, error);
}

static enum ten_status load_forest(void *state, const struct ten_values *values, const struct ten_shape *shape,
                                   struct ten_tensors *tensors, struct ten_error *error) {
    return ten_forest_load(state, (size_t)values->number[N_ESTIMATORS], values->word[BOOTSTRAP] == YES, shape->columns,
                           tensors, error);
}

/* Two numbers a node, and the leaves' probabilities. */
static size_t parameter_count(const void *state) {
    const struct ten_forest *forest = state;
    return 2 * forest->nodes + (forest->leaves - TEN_CLASSES) * TEN_CLASSES;
}

static struct ten_insight insight(const void *state) {
    const struct ten_forest *forest = state;
    return (struct ten_insight){forest->importances, forest->out_of_bag ? forest->oob_accuracy : NAN};
}

const struct ten_model_type ten_model_random_forest = {
    .about = {.name = "random-forest",
              .title = "Random forest",
              .summary = "Decision trees, each grown on images and features drawn at random; their mean decides.",
              .prep = "deskew",
              .parameters = random_parameters,
              .parameter_count = sizeof random_parameters / sizeof *random_parameters},
    .state_size = sizeof(struct ten_forest),
    .fit = fit_random,
    .predict = predict,
    .save = ten_forest_save,
    .load = load_forest,
    .parameters = parameter_count,
    .insight = insight,
    .release = ten_forest_release,
};

const struct ten_model_type ten_model_extra_trees = {
    .about = {.name = "extra-trees",
              .title = "Extremely randomised trees",
              .summary = "A forest whose trees see all images, but draw their cuts at random.",
              .prep = "deskew",
              .parameters = extra_parameters,
              .parameter_count = sizeof extra_parameters / sizeof *extra_parameters},
    .state_size = sizeof(struct ten_forest),
    .fit = fit_extra,
    .predict = predict,
    .save = ten_forest_save,
    .load = load_forest,
    .parameters = parameter_count,
    .insight = insight,
    .release = ten_forest_release,
};

const struct ten_model_type ten_model_decision_tree = {
    .about = {.name = "decision-tree",
              .title = "Decision tree",
              .summary = "One tree of questions about single features, grown until every leaf is of one class.",
              .prep = "deskew",
              .parameters = tree_parameters,
              .parameter_count = sizeof tree_parameters / sizeof *tree_parameters},
    .state_size = sizeof(struct ten_forest),
    .fit = fit_tree,
    .predict = predict,
    .save = ten_forest_save,
    .load = load_tree,
    .parameters = parameter_count,
    .insight = insight,
    .release = ten_forest_release,
};
