/* Decision trees and forests against naive ones written here: the tree that an exhaustive search builds, probabilities
 * by walking down the saved nodes, out-of-bag accuracy and importances counted anew; scikit-learn's accuracy (the
 * fixture of make_models.py); files that lie. */
#include "test.h"

#include "base/random.h"
#include "model/forest.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 90, COLUMNS = 6 };

static const struct ten_model_type *const types[] = {&ten_model_decision_tree, &ten_model_random_forest,
                                                     &ten_model_extra_trees};
enum { TREE, RANDOM, EXTRA, TYPES };

/* Random rows of small whole numbers, as bytes and as floats that have the same order. */
struct set {
    size_t rows, columns, values; /* values per column */
    uint8_t bytes[ROWS * COLUMNS], labels[ROWS];
    float floats[ROWS * COLUMNS];
};

static void draw(struct set *set, size_t rows, size_t columns, size_t values, size_t classes, uint64_t seed) {
    struct ten_random random;
    ten_random_init(&random, seed, 0);
    *set = (struct set){.rows = rows, .columns = columns, .values = values};
    for (size_t i = 0; i < rows * columns; i++) {
        set->bytes[i] = (uint8_t)ten_random_below(&random, values);
        set->floats[i] = -3.7f + 0.3f * (float)set->bytes[i] * (float)(set->bytes[i] + i % columns);
    }
    for (size_t i = 0; i < rows; i++) set->labels[i] = (uint8_t)(9 - ten_random_below(&random, classes));
}

static struct ten_batch batch_of(const struct set *set, bool bytes) {
    return (struct ten_batch){.rows = set->rows,
                              .shape = {.columns = set->columns},
                              .unit = 1,
                              .is_bytes = bytes,
                              .bytes = bytes ? set->bytes : NULL,
                              .floats = bytes ? NULL : set->floats};
}

static struct ten_forest *grow(const struct ten_model_type *type, const struct ten_batch *batch, const uint8_t *labels,
                               const char *const *settings, size_t count, const struct ten_run *run) {
    struct ten_values values;
    struct ten_error error;
    struct ten_history history = {0};
    bool converged = true;
    assert_ok(ten_values_parse(&values, &type->about, settings, count, &error));
    struct ten_forest *forest = calloc(1, type->state_size);
    assert_non_null(forest);
    struct ten_training training = {batch, labels, &values, run, &history, &converged, NULL, NULL};
    assert_ok(type->fit(forest, &training, &error));
    assert_true(converged && history.rows == 0 && type->parameters(forest) > 0);
    return forest;
}

static void dismiss(struct ten_forest *forest) {
    ten_forest_release(forest);
    free(forest);
}

/* ---- The tree of an exhaustive search ---- */

struct limits {
    bool entropy;
    size_t depth, split, leaf;
};

static double side(const size_t *counts, size_t rows, bool entropy) {
    double sum = 0;
    uint64_t squares = 0;
    for (size_t c = 0; c < TEN_CLASSES; c++) {
        sum += counts[c] ? (double)counts[c] * log((double)counts[c]) : 0;
        squares += counts[c] * counts[c];
    }
    return entropy ? sum - (double)rows * log((double)rows) : (double)squares / (double)rows;
}

/* Bins of a set's columns: for bytes the values, for floats their ranks among those that occur. */
static size_t bin_of(const struct set *set, bool bytes, size_t row, size_t column) {
    size_t own = set->bytes[row * set->columns + column], rank = 0;
    if (bytes) return own;
    for (size_t v = 0; v < own; v++) {
        bool there = false;
        for (size_t r = 0; r < set->rows; r++) there |= set->bytes[r * set->columns + column] == v;
        rank += there;
    }
    return rank;
}

struct naive {
    const struct set *set;
    bool bytes;
    struct limits limits;
    const struct ten_forest *forest;
    double gained[COLUMNS];
    size_t seen; /* nodes */
    size_t bin[ROWS][COLUMNS];
};

/* Compares the node at `at`, which the listed rows reach, with what an exhaustive search does there. */
static void check_node(struct naive *n, size_t at, const size_t *rows, size_t count, size_t depth) {
    const struct ten_node *node = &n->forest->node[at];
    size_t total[TEN_CLASSES] = {0}, best_column = 0, best_cut = 0;
    double best = -INFINITY;
    for (size_t i = 0; i < count; i++) total[n->set->labels[rows[i]]]++;
    bool open = depth < n->limits.depth && count >= n->limits.split;
    for (size_t c = 0; c < TEN_CLASSES; c++) open = open && total[c] != count;
    for (size_t j = 0; open && j < n->set->columns; j++)
        for (size_t cut = 0; cut < 255; cut++) {
            size_t left[TEN_CLASSES] = {0}, right[TEN_CLASSES], l = 0, next = 256;
            bool there = false;
            for (size_t i = 0; i < count; i++) {
                size_t bin = n->bin[rows[i]][j];
                there |= bin == cut;
                if (bin > cut && bin < next) next = bin;
                left[n->set->labels[rows[i]]] += bin <= cut;
                l += bin <= cut;
            }
            if (!there || next == 256 || l < n->limits.leaf || count - l < n->limits.leaf) continue;
            for (size_t c = 0; c < TEN_CLASSES; c++) right[c] = total[c] - left[c];
            double score = side(left, l, n->limits.entropy) + side(right, count - l, n->limits.entropy);
            if (score > best) best = score, best_column = j, best_cut = (cut + next) / 2;
        }
    n->seen++;
    if (best == -INFINITY) {
        assert_int_equal(node->split, TEN_LEAF);
        for (size_t c = 0; c < TEN_CLASSES; c++)
            assert_true(n->forest->probability[(size_t)node->child * TEN_CLASSES + c] ==
                        (float)((double)total[c] / (double)count));
        return;
    }
    assert_int_equal(node->split, best_column * TEN_BINS + best_cut);
    n->gained[best_column] += best - side(total, count, n->limits.entropy);
    size_t *parts = calloc(2 * count, sizeof *parts), l = 0, r = 0;
    assert_non_null(parts);
    for (size_t i = 0; i < count; i++)
        if (n->bin[rows[i]][best_column] <= best_cut)
            parts[l++] = rows[i];
        else
            parts[count + r++] = rows[i];
    check_node(n, (size_t)node->child, parts, l, depth + 1);
    check_node(n, (size_t)node->child + 1, parts + count, r, depth + 1);
    free(parts);
}

static void check_tree(const struct set *set, bool bytes, struct limits limits) {
    char depth[32], split[32], leaf[32];
    snprintf(depth, sizeof depth, limits.depth == SIZE_MAX ? "max_depth=none" : "max_depth=%zu", limits.depth);
    snprintf(split, sizeof split, "min_samples_split=%zu", limits.split);
    snprintf(leaf, sizeof leaf, "min_samples_leaf=%zu", limits.leaf);
    const char *const settings[] = {depth, split, leaf, limits.entropy ? "criterion=entropy" : "criterion=gini"};
    struct ten_batch batch = batch_of(set, bytes);
    struct ten_forest *forest = grow(types[TREE], &batch, set->labels, settings, 4, &(struct ten_run){.seed = 5});
    struct naive naive = {.set = set, .bytes = bytes, .limits = limits, .forest = forest};
    size_t rows[ROWS];
    for (size_t i = 0; i < set->rows; i++) {
        rows[i] = i;
        for (size_t j = 0; j < set->columns; j++) naive.bin[i][j] = bin_of(set, bytes, i, j);
    }
    check_node(&naive, 0, rows, set->rows, 0);
    assert_true(forest->trees == 1 && forest->root[0] == 0 && forest->nodes == naive.seen && !forest->out_of_bag);
    double sum = 0;
    for (size_t j = 0; j < set->columns; j++) sum += naive.gained[j];
    for (size_t j = 0; j < set->columns; j++)
        if (fabs(forest->importances[j] - (sum > 0 ? naive.gained[j] / sum : 0)) > 1e-9)
            fail_msg("importance %zu is %.17g", j, forest->importances[j]);
    dismiss(forest);
}

static void test_exhaustive(void **state) {
    (void)state;
    static const size_t shapes[][4] = {{1, 3, 5, 1},   {2, 1, 2, 2},   {9, 2, 3, 3},    {40, 3, 4, 3},
                                       {60, 6, 9, 10}, {90, 4, 40, 5}, {90, 1, 200, 2}, {30, 5, 1, 4}};
    static const struct limits limits[] = {{false, SIZE_MAX, 2, 1}, {true, SIZE_MAX, 2, 1},  {false, 3, 2, 1},
                                           {true, SIZE_MAX, 7, 1},  {false, SIZE_MAX, 2, 4}, {true, 2, 9, 3}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (size_t l = 0; l < sizeof limits / sizeof *limits; l++)
            for (int bytes = 0; bytes < 2; bytes++) {
                struct set set;
                draw(&set, shapes[s][0], shapes[s][1], shapes[s][2], shapes[s][3], 100 * s + l);
                check_tree(&set, bytes, limits[l]);
            }
}

/* ---- Prediction ---- */

/* The leaf that a row ends at, by the definition of nodes. */
static const float *walk(const struct ten_forest *forest, size_t tree, const struct set *set, size_t row) {
    size_t root = (size_t)forest->root[tree], at = root;
    while (forest->node[at].split != TEN_LEAF) {
        size_t split = (size_t)forest->node[at].split, i = row * set->columns + split / TEN_BINS;
        bool right = forest->edges ? set->floats[i] > forest->edges[split] : set->bytes[i] > split % TEN_BINS;
        at = root + (size_t)forest->node[at].child + right;
    }
    return forest->probability + (size_t)forest->node[at].child * TEN_CLASSES;
}

static void test_probabilities(void **state) {
    (void)state;
    const char *const settings[] = {"min_samples_leaf=3", "n_estimators=7"};
    for (size_t t = 0; t < TYPES; t++)
        for (int bytes = 0; bytes < 2; bytes++) {
            struct set set;
            float got[ROWS * TEN_CLASSES];
            struct ten_values values = {0};
            struct ten_error error;
            draw(&set, ROWS, COLUMNS, 30, 6, 7);
            struct ten_batch batch = batch_of(&set, bytes), other = batch_of(&set, !bytes);
            struct ten_forest *forest = grow(types[t], &batch, set.labels, settings, t == TREE ? 1 : 2, NULL);
            assert_ok(types[t]->predict(forest, &values, &batch, got, &(struct ten_run){.threads = 2}, &error));
            for (size_t i = 0; i < ROWS * TEN_CLASSES; i++) {
                double sum = 0;
                for (size_t n = 0; n < forest->trees; n++)
                    sum += (double)walk(forest, n, &set, i / TEN_CLASSES)[i % TEN_CLASSES];
                assert_true(got[i] == (float)(sum / (double)forest->trees));
                if (i % TEN_CLASSES < 4) assert_true(got[i] == 0); /* classes that are missing */
            }
            assert_fails(types[t]->predict(forest, &values, &other, got, NULL, &error), TEN_INVALID, "real numbers");
            dismiss(forest);
        }
}

/* Rows that are all different are told apart by every tree that saw them. */
static void test_grown_out(void **state) {
    (void)state;
    for (size_t t = 0; t < TYPES; t++) {
        const char *const settings[] = {"n_estimators=4", "bootstrap=false"};
        struct set set;
        draw(&set, ROWS, COLUMNS, 200, 10, 8);
        struct ten_batch batch = batch_of(&set, true);
        struct ten_forest *forest = grow(types[t], &batch, set.labels, settings, t == TREE ? 0 : 2, NULL);
        assert_int_equal(forest->leaves, TEN_CLASSES);
        for (size_t n = 0; n < forest->trees; n++)
            for (size_t i = 0; i < ROWS; i++) assert_true(walk(forest, n, &set, i)[set.labels[i]] == 1);
        dismiss(forest);
    }
}

/* ---- Forests ---- */

static void assert_same(const struct ten_forest *a, const struct ten_forest *b) {
    assert_true(a->trees == b->trees && a->nodes == b->nodes && a->leaves == b->leaves);
    assert_memory_equal(a->node, b->node, a->nodes * sizeof *a->node);
    assert_memory_equal(a->root, b->root, a->trees * sizeof *a->root);
    assert_memory_equal(a->probability, b->probability, a->leaves * TEN_CLASSES * sizeof *a->probability);
    assert_memory_equal(a->importances, b->importances, a->columns * sizeof *a->importances);
    assert_true(a->oob_accuracy == b->oob_accuracy && (a->edges != NULL) == (b->edges != NULL));
    if (a->edges) assert_memory_equal(a->edges, b->edges, a->columns * TEN_BINS * sizeof *a->edges);
}

static void test_threads_and_seeds(void **state) {
    (void)state;
    const char *const settings[] = {"n_estimators=11"};
    struct set set;
    draw(&set, ROWS, COLUMNS, 50, 10, 9);
    for (size_t t = RANDOM; t < TYPES; t++)
        for (int bytes = 0; bytes < 2; bytes++) {
            struct ten_batch batch = batch_of(&set, bytes);
            struct ten_forest *one =
                grow(types[t], &batch, set.labels, settings, 1, &(struct ten_run){.seed = 1, .threads = 1});
            for (int threads = 2; threads <= 3; threads++) {
                struct ten_forest *more =
                    grow(types[t], &batch, set.labels, settings, 1, &(struct ten_run){.seed = 1, .threads = threads});
                assert_same(one, more);
                dismiss(more);
            }
            struct ten_forest *other = grow(types[t], &batch, set.labels, settings, 1, &(struct ten_run){.seed = 2});
            assert_true(one->nodes != other->nodes ||
                        memcmp(one->node, other->node, one->nodes * sizeof *one->node) != 0);
            dismiss(other);
            dismiss(one);
        }
}

/* Rows drawn as a forest says it draws them; those left out are asked. */
static void test_out_of_bag(void **state) {
    (void)state;
    enum { TREES = 9 };
    const char *const settings[] = {"n_estimators=9", "min_samples_leaf=2"};
    struct set set;
    draw(&set, ROWS, COLUMNS, 12, 3, 10);
    for (size_t i = 0; i < ROWS; i++) set.labels[i] = (uint8_t)(set.bytes[i * COLUMNS + 2] / 4); /* can be learned */
    struct ten_batch batch = batch_of(&set, false);
    for (size_t t = RANDOM; t < TYPES; t++) {
        const char *const all[] = {settings[0], settings[1], "bootstrap=true"};
        struct ten_forest *forest = grow(types[t], &batch, set.labels, all, 3, &(struct ten_run){.seed = 33});
        double sum[ROWS][TEN_CLASSES] = {{0}};
        for (size_t n = 0; n < TREES; n++) {
            struct ten_random random;
            bool drawn[ROWS] = {false};
            ten_random_init(&random, 33, n);
            for (size_t i = 0; i < ROWS; i++) drawn[ten_random_below(&random, ROWS)] = true;
            for (size_t i = 0; i < ROWS; i++)
                for (size_t c = 0; c < TEN_CLASSES && !drawn[i]; c++) sum[i][c] += (double)walk(forest, n, &set, i)[c];
        }
        size_t asked = 0, right = 0, open = 0;
        for (size_t i = 0; i < ROWS; i++) {
            size_t best = 0, equal = 0;
            for (size_t c = 1; c < TEN_CLASSES; c++) best = sum[i][c] > sum[i][best] ? c : best;
            for (size_t c = 0; c < TEN_CLASSES; c++) equal += fabs(sum[i][c] - sum[i][best]) < 1e-6;
            if (sum[i][best] == 0) continue;
            asked++;
            open += equal > 1; /* thirds and the like may round either way */
            right += best == set.labels[i];
        }
        assert_true(forest->out_of_bag && asked > ROWS / 2);
        double got = forest->oob_accuracy * (double)asked;
        assert_true(fabs(got - round(got)) < 1e-9 && fabs(got - (double)right) <= (double)open + 1e-9);
        assert_true(open < ROWS / 5 && forest->oob_accuracy > 0.5);
        double shares = 0;
        for (size_t j = 0; j < COLUMNS; j++) shares += forest->importances[j];
        assert_true(fabs(shares - 1) < 1e-12 && forest->importances[2] > 0.5);
        dismiss(forest);
    }
}

static void test_small_sets(void **state) {
    (void)state;
    for (size_t t = 0; t < TYPES; t++)
        for (int bytes = 0; bytes < 2; bytes++)
            for (size_t rows = 1; rows <= 3; rows++) {
                struct set set;
                draw(&set, rows, 1 + rows % 2, rows == 3 ? 1 : 100, 10, rows);
                struct ten_batch batch = batch_of(&set, bytes);
                struct ten_forest *forest = grow(types[t], &batch, set.labels, NULL, 0, NULL);
                float got[3 * TEN_CLASSES];
                struct ten_values values = {0};
                struct ten_error error;
                assert_ok(types[t]->predict(forest, &values, &batch, got, NULL, &error));
                if (rows == 1) assert_true(got[set.labels[0]] == 1 && forest->oob_accuracy == 0);
                if (rows == 3) assert_memory_equal(got, got + TEN_CLASSES, TEN_CLASSES * sizeof *got); /* constant */
                dismiss(forest);
            }
}

/* More values than bins, and more rows than are looked at for the edges: bins in the order of values, about even. */
static void test_many_values(void **state) {
    (void)state;
    enum { MANY = 20000 };
    float *values = calloc(MANY, sizeof *values);
    struct ten_random random;
    struct ten_error error;
    assert_non_null(values);
    ten_random_init(&random, 3, 3);
    for (size_t i = 0; i < MANY; i++) values[i] = i % 2 ? -1.0f : (float)(ten_random_unit(&random) * 1e6 - 1.0);
    struct ten_batch batch = {.rows = MANY, .shape = {.columns = 1}, .floats = values};
    for (size_t most = TEN_BINS; most >= 2; most /= 2) {
        struct ten_bins bins = {0};
        float *edges = NULL;
        size_t counts[TEN_BINS] = {0};
        assert_ok(ten_bins_make(&bins, &edges, most, &batch, "fit", NULL, &error));
        for (size_t i = 0; i < MANY; i++) {
            size_t b = bins.by_row[i];
            assert_true(values[i] <= edges[b] && (b == 0 || values[i] > edges[b - 1]) && bins.by_column[i] == b);
            counts[b]++;
        }
        assert_true(counts[0] >= MANY / 2 && counts[0] < MANY / 2 + 25600 / most);
        for (size_t b = 1; b < TEN_BINS; b++) /* 39 on average of 256 bins */
            assert_in_range(counts[b], b < most ? 3840 / most : 0, b < most ? 23040 / most : 0);
        free(edges);
        ten_bins_release(&bins);
    }
    free(values);
}

/* ---- Stopping ---- */

static bool stop(void *context, const struct ten_progress *progress) {
    assert_true(progress->done <= progress->total);
    return --*(int *)context > 0;
}

/* A single long tree reports on its way and stops there. */
static void test_stopping(void **state) {
    (void)state;
    enum { MANY = 4000, WIDE = 8 };
    uint8_t *bytes = calloc(MANY, WIDE), labels[MANY];
    struct ten_random random;
    assert_non_null(bytes);
    ten_random_init(&random, 4, 4);
    for (size_t i = 0; i < MANY * WIDE; i++) bytes[i] = (uint8_t)ten_random_below(&random, 256);
    for (size_t i = 0; i < MANY; i++) labels[i] = (uint8_t)ten_random_below(&random, 10);
    struct ten_batch batch = {.rows = MANY, .shape = {.columns = WIDE}, .unit = 1, .is_bytes = true, .bytes = bytes};
    struct ten_values values;
    struct ten_error error;
    bool converged;
    struct ten_history history = {0};
    assert_ok(ten_values_parse(&values, &types[TREE]->about, NULL, 0, &error));
    for (int left = 1; left <= 3; left++) {
        int reports = left;
        struct ten_run run = {.progress = stop, .context = &reports};
        struct ten_forest forest = {0};
        struct ten_training training = {&batch, labels, &values, &run, &history, &converged, NULL, NULL};
        assert_fails(types[TREE]->fit(&forest, &training, &error), TEN_CANCELLED, "stopped during fit decision-tree");
        ten_forest_release(&forest);
    }
    free(bytes);
}

/* ---- Files ---- */

static enum ten_status load(struct ten_forest *forest, struct ten_tensors *tensors, struct ten_error *error) {
    struct ten_values values;
    const char *const settings[] = {"n_estimators=3"};
    if (ten_values_parse(&values, &types[RANDOM]->about, settings, 1, error) != TEN_OK) fail_msg("%s", error->message);
    for (size_t i = 0; i < tensors->count; i++) tensors->items[i].taken = false;
    struct ten_shape shape = {.columns = COLUMNS};
    return types[RANDOM]->load(forest, &values, &shape, tensors, error);
}

/* What is loaded is what was saved; a value that leads astray is found. */
static void test_files(void **state) {
    (void)state;
    const char *const settings[] = {"n_estimators=3", "min_samples_leaf=2"};
    struct set set;
    struct ten_error error;
    draw(&set, ROWS, COLUMNS, 30, 10, 11);
    struct ten_batch batch = batch_of(&set, false);
    struct ten_forest *forest = grow(types[RANDOM], &batch, set.labels, settings, 2, NULL), loaded = {0};
    struct ten_tensors tensors = {.path = "forest.model"};
    assert_ok(types[RANDOM]->save(forest, &tensors, &error));
    assert_ok(load(&loaded, &tensors, &error));
    assert_same(forest, &loaded);
    ten_forest_release(&loaded);
    size_t second = (size_t)forest->root[1];
    struct ten_node *node = forest->node;
    assert_true(node[0].split >= 0 && node[second].split >= 0);
    int32_t bad_children[] = {-1, 0, INT32_MIN, INT32_MAX, (int32_t)second, (int32_t)second - 1};
    int32_t bad_splits[] = {-2, INT32_MIN, COLUMNS * TEN_BINS, INT32_MAX};
    struct ten_node kept = node[0];
#define SPOILT(what, part)                                                                                             \
    do {                                                                                                               \
        what;                                                                                                          \
        assert_fails(load(&loaded, &tensors, &error), TEN_FORMAT, part);                                               \
        ten_forest_release(&loaded);                                                                                   \
    } while (0)
    for (size_t i = 0; i < 6; i++) SPOILT(node[0].child = bad_children[i], "lead on to a later one");
    node[0] = kept;
    for (size_t i = 0; i < 4; i++) SPOILT(node[0].split = bad_splits[i], "asks for a feature");
    SPOILT((node[0] = (struct ten_node){TEN_LEAF, (int32_t)forest->leaves}), "has no probabilities");
    SPOILT((node[0] = (struct ten_node){TEN_LEAF, -1}), "has no probabilities");
    node[0] = kept;
    int64_t roots[] = {forest->root[0], forest->root[1], forest->root[2]};
    SPOILT(forest->root[0] = 1, "begins where");
    SPOILT((forest->root[0] = 0, forest->root[1] = 0), "begins where");
    SPOILT((forest->root[1] = roots[2], forest->root[2] = roots[1]), "begins where");
    SPOILT((forest->root[1] = roots[1], forest->root[2] = (int64_t)forest->nodes), "begins where");
    SPOILT(forest->root[2] = INT64_MIN, "begins where");
    forest->root[2] = roots[2];
    SPOILT(forest->probability[3] = 0.5f, "not those of the leaves");
    forest->probability[3] = 0;
    float *last = forest->probability + (forest->leaves - 1) * TEN_CLASSES, first = last[0];
    assert_true(forest->leaves > TEN_CLASSES);
    SPOILT(last[0] = 1.5f, "no distribution");
    SPOILT(last[0] = -1, "no distribution");
    SPOILT(last[0] = first > 0 ? 0 : 0.01f, "no distribution");
    last[0] = first;
    SPOILT(forest->is_bytes = 2, "is_bytes");
    forest->is_bytes = 0;
    SPOILT(forest->edges[7] = FLT_MAX, "do not rise");
    forest->edges[7] = forest->edges[8];
    SPOILT(forest->importances[1] = -0.1, "is no share");
    forest->importances[1] = 0;
    SPOILT(forest->oob_accuracy = 1.5, "is no share");
    forest->oob_accuracy = 1;
    assert_ok(load(&loaded, &tensors, &error));
    ten_forest_release(&loaded);
    ten_tensors_release(&tensors);
    dismiss(forest);
}

/* ---- scikit-learn ---- */

/* Means over ten seeds of the accuracies, in and out of bag, and of the importances, as close as two such means of 400
 * rows can be expected to be. */
static void test_as_scikit_learn(void **state) {
    (void)state;
    enum { TRAIN = 400, TEST = 400, WIDTH = 12, SEEDS = 10 };
    static const char *const fixtures[] = {"model_forest_bytes.txt", "model_forest_reals.txt"};
    for (int reals = 0; reals < 2; reals++) {
        double *numbers = test_numbers(fixtures[reals], (TRAIN + TEST) * (WIDTH + 1) + TYPES * (WIDTH + 1) + 1);
        const double *labels[] = {numbers + TRAIN * WIDTH, numbers + TRAIN * (WIDTH + 1) + TEST * WIDTH};
        const double *rows[] = {numbers, labels[0] + TRAIN}, *expected = labels[1] + TEST;
        uint8_t bytes[2][TRAIN * WIDTH], classes[TRAIN];
        float floats[2][TRAIN * WIDTH];
        struct ten_batch batch[2];
        for (size_t s = 0; s < 2; s++) {
            for (size_t i = 0; i < TRAIN * WIDTH; i++) {
                bytes[s][i] = reals ? 0 : (uint8_t)rows[s][i];
                floats[s][i] = (float)rows[s][i];
            }
            batch[s] = (struct ten_batch){.rows = TRAIN, .shape = {.columns = WIDTH}, .unit = 1, .is_bytes = !reals};
            if (reals)
                batch[s].floats = floats[s];
            else
                batch[s].bytes = bytes[s];
        }
        for (size_t i = 0; i < TRAIN; i++) classes[i] = (uint8_t)labels[0][i];
        for (size_t t = 0; t < TYPES; t++) {
            const char *const settings[] = {"n_estimators=50"};
            size_t right = 0;
            double importances[WIDTH] = {0}, out_of_bag = 0;
            for (uint64_t seed = 0; seed < SEEDS; seed++) {
                float got[TEST * TEN_CLASSES];
                struct ten_values values = {0};
                struct ten_error error;
                struct ten_forest *forest =
                    grow(types[t], &batch[0], classes, settings, t != TREE, &(struct ten_run){.seed = seed});
                assert_ok(types[t]->predict(forest, &values, &batch[1], got, NULL, &error));
                for (size_t i = 0; i < TEST; i++) right += ten_label(got + i * TEN_CLASSES) == (int)labels[1][i];
                for (size_t j = 0; j < WIDTH; j++) importances[j] += forest->importances[j] / SEEDS;
                out_of_bag += forest->oob_accuracy / SEEDS;
                dismiss(forest);
            }
            double accuracy = (double)right / (SEEDS * TEST);
            double wanted = *expected++;
            if (fabs(accuracy - wanted) > (t == TREE ? 0.03 : 0.015))
                fail_msg("%s, %s: accuracy %.4f, scikit-learn has %.4f", types[t]->about.name,
                         reals ? "reals" : "bytes", accuracy, wanted);
            /* of equally good cuts a single tree takes the first feature's, scikit-learn any: importances differ */
            for (size_t j = 0; j < WIDTH; j++, expected++)
                if (t != TREE && fabs(importances[j] - *expected) > 0.006)
                    fail_msg("%s: importance %zu is %.4f, scikit-learn has %.4f", types[t]->about.name, j,
                             importances[j], *expected);
            if (t != RANDOM) continue;
            wanted = *expected++;
            if (fabs(out_of_bag - wanted) > 0.01)
                fail_msg("accuracy out of bag is %.4f, scikit-learn has %.4f", out_of_bag, wanted);
        }
        free(numbers);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exhaustive),  cmocka_unit_test(test_probabilities),
        cmocka_unit_test(test_grown_out),   cmocka_unit_test(test_threads_and_seeds),
        cmocka_unit_test(test_out_of_bag),  cmocka_unit_test(test_small_sets),
        cmocka_unit_test(test_many_values), cmocka_unit_test(test_stopping),
        cmocka_unit_test(test_files),       cmocka_unit_test(test_as_scikit_learn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
