/* Gradient boosting against a naive version written here, which follows the model round by round: every cut is the best
 * of an exhaustive search, every leaf's value that of the exact gradients; against XGBoost (the fixture of
 * make_models.py); early stopping; files that lie. */
#include "test.h"

#include "base/random.h"
#include "model/boosting.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 90, COLUMNS = 6 };

static const struct ten_model_type *const type = &ten_model_gradient_boosting;

/* Random rows of small whole numbers, as bytes and as floats that have the same order. */
struct set {
    size_t rows, columns;
    uint8_t *bytes, *labels;
    float *floats;
    int largest; /* byte */
};

static void draw(struct set *set, size_t rows, size_t columns, size_t values, size_t classes, uint64_t seed) {
    struct ten_random random;
    ten_random_init(&random, seed, 0);
    *set =
        (struct set){rows, columns, calloc(rows, columns), calloc(rows, 1), calloc(rows * columns, sizeof(float)), 0};
    assert_true(set->bytes && set->labels && set->floats);
    for (size_t i = 0; i < rows * columns; i++) {
        set->bytes[i] = (uint8_t)ten_random_below(&random, values);
        if (ten_random_below(&random, 3) == 0) set->bytes[i] = (uint8_t)(i % columns % values); /* a usual value */
        if (set->bytes[i] > set->largest) set->largest = set->bytes[i];
        set->floats[i] = -3.7f + 0.3f * (float)set->bytes[i] * (float)(set->bytes[i] + i % columns);
    }
    for (size_t i = 0; i < rows; i++) {
        size_t told = (set->bytes[i * columns] + 2U * set->bytes[i * columns + columns / 2]) * classes / (3 * values);
        set->labels[i] = (uint8_t)(9 - (ten_random_below(&random, 4) ? told : ten_random_below(&random, classes)));
    }
}

static void set_release(struct set *set) {
    free(set->bytes);
    free(set->labels);
    free(set->floats);
}

static struct ten_batch batch_of(const struct set *set, bool bytes) {
    return (struct ten_batch){.rows = set->rows,
                              .shape = {.columns = set->columns},
                              .unit = 1,
                              .is_bytes = bytes,
                              .bytes = bytes ? set->bytes : NULL,
                              .floats = bytes ? NULL : set->floats};
}

/* A fitted model, its values and its history. */
struct fitted {
    struct ten_boosting boosting;
    struct ten_values values;
    struct ten_history history;
};

static void grow(struct fitted *fitted, const struct ten_batch *batch, const uint8_t *labels,
                 const char *const *settings, size_t count, const struct ten_run *run) {
    struct ten_error error;
    bool converged = true;
    *fitted = (struct fitted){0};
    assert_ok(ten_values_parse(&fitted->values, &type->about, settings, count, &error));
    struct ten_training training = {batch, labels, &fitted->values, run, &fitted->history, &converged, NULL, NULL};
    assert_ok(type->fit(&fitted->boosting, &training, &error));
    assert_true(converged && fitted->history.rows > 0 && type->parameters(&fitted->boosting) > 0);
}

static void dismiss(struct fitted *fitted) {
    ten_boosting_release(&fitted->boosting);
    free(fitted->history.values);
}

/* Finite, and rows that sum to 1. */
static void ask(const struct fitted *fitted, const struct ten_batch *batch, float *probabilities) {
    struct ten_error error;
    assert_ok(type->predict(&fitted->boosting, &fitted->values, batch, probabilities, NULL, &error));
    for (size_t r = 0; r < batch->rows; r++) {
        double sum = 0;
        for (size_t c = 0; c < TEN_CLASSES; c++) sum += (double)probabilities[r * TEN_CLASSES + c];
        assert_true(fabs(sum - 1) < 1e-5);
    }
}

/* ---- The naive version ---- */

struct limits {
    size_t depth;
    double rate, lambda, weight, gamma;
};

struct naive {
    const struct set *set;
    const struct ten_boosting *boosting;
    struct limits limits;
    double slack, share;        /* a cut may miss the best gain by so much, and by this share of it */
    double *scores;             /* [rows x TEN_CLASSES] */
    double *gradient, *hessian; /* [rows] */
    double gained, could;       /* sums over all cuts */
    size_t tree, leaves, splits;
};

static double part(double gradient, double hessian, double lambda) { return gradient * gradient / (hessian + lambda); }

static bool goes_right(const struct naive *n, int32_t split, size_t row) {
    size_t i = row * n->set->columns + (size_t)split / TEN_BINS;
    if (n->boosting->edges) return n->set->floats[i] > n->boosting->edges[split];
    return n->set->bytes[i] > split % TEN_BINS;
}

/* The gain of putting rows with flags to the right; negative if that is not allowed. */
static double gain_of(const struct naive *n, const size_t *rows, size_t count, const bool *right, double weight) {
    double g[2] = {0}, h[2] = {0}, lambda = n->limits.lambda;
    size_t sides[2] = {0};
    for (size_t i = 0; i < count; i++) {
        g[right[i]] += n->gradient[rows[i]];
        h[right[i]] += n->hessian[rows[i]];
        sides[right[i]]++;
    }
    if (!sides[0] || !sides[1] || h[0] < weight || h[1] < weight) return -1;
    return part(g[0], h[0], lambda) + part(g[1], h[1], lambda) - part(g[0] + g[1], h[0] + h[1], lambda);
}

static double best_gain(const struct naive *n, const size_t *rows, size_t count, double weight, bool *right) {
    double best = -1;
    for (size_t j = 0; j < n->set->columns; j++)
        for (int cut = 0; cut < n->set->largest; cut++) {
            bool there = false;
            for (size_t i = 0; i < count; i++) {
                uint8_t value = n->set->bytes[rows[i] * n->set->columns + j];
                there |= value == cut;
                right[i] = value > cut;
            }
            if (there) best = fmax(best, gain_of(n, rows, count, right, weight));
        }
    return best;
}

static void check_leaf(struct naive *n, const struct ten_node *node, const size_t *rows, size_t count, size_t depth) {
    double g = 0, h = 0, value = (double)n->boosting->value[node->child];
    for (size_t i = 0; i < count; i++) {
        g += n->gradient[rows[i]];
        h += n->hessian[rows[i]];
    }
    bool empty = depth == 0 && h < n->limits.weight;
    double expected = empty ? 0 : -g / (h + n->limits.lambda) * n->limits.rate;
    if (fabs(value - expected) > 1e-4 * (1 + fabs(expected)))
        fail_msg("tree %zu: leaf of %zu rows has %.9g, expected %.9g", n->tree, count, value, expected);
    for (size_t i = 0; i < count; i++) n->scores[rows[i] * TEN_CLASSES + n->tree % TEN_CLASSES] += value;
    n->leaves++;
}

static void check_node(struct naive *n, size_t at, const size_t *rows, size_t count, size_t depth) {
    size_t root = (size_t)n->boosting->root[n->tree];
    const struct ten_node *node = &n->boosting->node[root + at];
    bool *right = calloc(count, sizeof *right);
    size_t *parts = calloc(2 * count, sizeof *parts), sides[2] = {0};
    assert_true(right && parts);
    /* what is just about allowed may be taken or not */
    double least = n->limits.gamma + 1e-6 + n->slack, weight = n->limits.weight;
    bool open = depth < n->limits.depth;
    if (node->split == TEN_LEAF) {
        double best = open ? best_gain(n, rows, count, weight + 1e-3, right) : -1;
        if (best * (1 - n->share) > least + n->slack) fail_msg("tree %zu: leaf could gain %.9g", n->tree, best);
        n->could += best > least ? best : 0;
        check_leaf(n, node, rows, count, depth);
    } else {
        assert_true(open);
        n->splits++;
        double best = best_gain(n, rows, count, weight + 1e-3, right);
        for (size_t i = 0; i < count; i++) right[i] = goes_right(n, node->split, rows[i]);
        double gain = gain_of(n, rows, count, right, n->share < 1 ? weight - 1e-3 : 0), least_gain = n->limits.gamma;
        bool good = gain >= least_gain - n->slack && gain >= best * (1 - n->share) - n->slack && gain >= 0;
        if (n->share < 1 && !good) fail_msg("tree %zu, depth %zu: cut gains %.9g of %.9g", n->tree, depth, gain, best);
        n->gained += gain;
        n->could += fmax(best, 0);
        for (size_t i = 0; i < count; i++) parts[right[i] * count + sides[right[i]]++] = rows[i];
        check_node(n, (size_t)node->child, parts, sides[0], depth + 1);
        check_node(n, (size_t)node->child + 1, parts + count, sides[1], depth + 1);
    }
    free(right);
    free(parts);
}

static void softmax(const double *scores, double *p) {
    double sum = 0, largest = scores[0];
    for (size_t c = 1; c < TEN_CLASSES; c++) largest = fmax(largest, scores[c]);
    for (size_t c = 0; c < TEN_CLASSES; c++) sum += p[c] = exp(scores[c] - largest);
    for (size_t c = 0; c < TEN_CLASSES; c++) p[c] /= sum;
}

/* The gradients of a class at the scores of the round before. */
static void set_gradients(struct naive *n, const double *before, size_t class) {
    for (size_t r = 0; r < n->set->rows; r++) {
        double p[TEN_CLASSES];
        softmax(before + r * TEN_CLASSES, p);
        n->gradient[r] = p[class] - (n->set->labels[r] == class);
        n->hessian[r] = 2 * p[class] * (1 - p[class]);
    }
}

static void check_history(const struct naive *n, const struct fitted *fitted, size_t round) {
    double loss = 0;
    size_t rows = n->set->rows, right = 0;
    for (size_t r = 0; r < rows; r++) {
        double p[TEN_CLASSES];
        size_t best = 0;
        softmax(n->scores + r * TEN_CLASSES, p);
        loss -= log(p[n->set->labels[r]]) / (double)rows;
        for (size_t c = 1; c < TEN_CLASSES; c++) best = p[c] > p[best] ? c : best;
        right += best == n->set->labels[r];
    }
    const double *row = fitted->history.values + round * 3;
    assert_true(row[0] == (double)round + 1 && fabs(row[1] - loss) < 1e-5 * (1 + loss));
    assert_true(fabs(row[2] * (double)rows - (double)right) <= 1.5); /* ties may fall either way */
}

static size_t check_model(const struct set *set, bool bytes, size_t rounds, struct limits limits, double slack,
                          double share) {
    char text[6][48];
    const char *settings[7] = {[6] = "max_bin=256"};
    snprintf(text[0], sizeof *text, "n_estimators=%zu", rounds);
    snprintf(text[1], sizeof *text, "max_depth=%zu", limits.depth);
    snprintf(text[2], sizeof *text, "learning_rate=%.17g", limits.rate);
    snprintf(text[3], sizeof *text, "reg_lambda=%.17g", limits.lambda);
    snprintf(text[4], sizeof *text, "min_child_weight=%.17g", limits.weight);
    snprintf(text[5], sizeof *text, "gamma=%.17g", limits.gamma);
    for (size_t i = 0; i < 6; i++) settings[i] = text[i];
    struct ten_batch batch = batch_of(set, bytes);
    struct fitted fitted;
    grow(&fitted, &batch, set->labels, settings, 7, &(struct ten_run){.seed = 5});
    const struct ten_boosting *boosting = &fitted.boosting;
    assert_true(boosting->trees == rounds * TEN_CLASSES && fitted.history.rows == rounds);
    size_t size = set->rows * TEN_CLASSES, *rows = calloc(set->rows, sizeof *rows);
    struct naive n = {.set = set, .boosting = boosting, .limits = limits, .slack = slack, .share = share};
    double *before = calloc(size, sizeof *before);
    float *got = calloc(size, sizeof *got);
    n.scores = calloc(size, sizeof *n.scores);
    n.gradient = calloc(set->rows, sizeof *n.gradient);
    n.hessian = calloc(set->rows, sizeof *n.hessian);
    assert_true(rows && before && got && n.scores && n.gradient && n.hessian);
    for (size_t r = 0; r < set->rows; r++) rows[r] = r;
    for (n.tree = 0; n.tree < boosting->trees; n.tree++) {
        if (n.tree % TEN_CLASSES == 0) memcpy(before, n.scores, size * sizeof *before);
        set_gradients(&n, before, n.tree % TEN_CLASSES);
        check_node(&n, 0, rows, set->rows, 0);
        if (n.tree % TEN_CLASSES == TEN_CLASSES - 1) check_history(&n, &fitted, n.tree / TEN_CLASSES);
    }
    if (n.gained < 0.97 * n.could) fail_msg("the cuts gained %.9g of %.9g", n.gained, n.could);
    assert_true(n.leaves == boosting->leaves && n.leaves + n.splits == boosting->nodes);
    assert_true(type->parameters(boosting) == n.leaves + 2 * n.splits);
    ask(&fitted, &batch, got);
    for (size_t r = 0; r < set->rows; r++) {
        double p[TEN_CLASSES];
        softmax(n.scores + r * TEN_CLASSES, p);
        for (size_t c = 0; c < TEN_CLASSES; c++) assert_true(fabs((double)got[r * TEN_CLASSES + c] - p[c]) < 1e-5);
    }
    free(rows);
    free(before);
    free(got);
    free(n.scores);
    free(n.gradient);
    free(n.hessian);
    dismiss(&fitted);
    return n.splits;
}

static void test_exhaustive(void **state) {
    (void)state;
    static const size_t shapes[][4] = {{1, 3, 5, 1},   {2, 1, 2, 2},   {9, 2, 3, 3},   {40, 3, 4, 3},
                                       {60, 6, 9, 10}, {90, 4, 40, 5}, {90, 1, 90, 2}, {30, 5, 1, 4}};
    static const struct limits limits[] = {{6, 0.3, 1, 1, 0},    {2, 1, 0.1, 0.2, 0},  {64, 0.5, 0, 0.01, 0.5},
                                           {3, 0.1, 10, 0, 0.2}, {4, 0.3, 1, 5, 0.01}, {1, 0.7, 0.5, 0.5, 3}};
    size_t splits = 0;
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (size_t l = 0; l < sizeof limits / sizeof *limits; l++)
            for (int bytes = 0; bytes < 2; bytes++) {
                struct set set;
                draw(&set, shapes[s][0], shapes[s][1], shapes[s][2], shapes[s][3], 100 * s + l);
                splits += check_model(&set, bytes, 5, limits[l], 1e-4, 1e-3);
                set_release(&set);
            }
    if (splits < 2000) fail_msg("only %zu cuts were checked", splits);
}

/* Many rows: gradients are rounded coarsely and at random. Leaves stay exact; a single
 * cut may be a lesser one, all of them gain most of what is to be had. */
static void test_many_rows(void **state) {
    (void)state;
    for (int bytes = 0; bytes < 2; bytes++) {
        struct set set;
        draw(&set, bytes ? 6000 : 40000, 3, 12, 10, 77);
        assert_true(check_model(&set, bytes, 4, (struct limits){3, 0.5, 1, 10, 1}, 2, 1) > 150);
        set_release(&set);
    }
}

/* ---- XGBoost ---- */

static void test_as_xgboost(void **state) {
    (void)state;
    enum { TRAIN = 300, TEST = 60, WIDTH = 12, SETTINGS = 3 };
    static const char *const fixtures[] = {"model_boosting_bytes.txt", "model_boosting_reals.txt"};
    static const char *const settings[SETTINGS][7] = {
        {"n_estimators=8", "max_bin=256"},
        {"n_estimators=8", "max_bin=256", "reg_lambda=0.1", "min_child_weight=0", "gamma=0.3", "max_depth=3",
         "learning_rate=0.5"},
        {"n_estimators=8", "max_bin=256", "reg_lambda=5", "min_child_weight=4", "max_depth=10"}};
    for (int reals = 0; reals < 2; reals++) {
        double *numbers = test_numbers(fixtures[reals], TRAIN * (WIDTH + 1) + TEST * (WIDTH + SETTINGS * TEN_CLASSES));
        const double *labels = numbers + TRAIN * WIDTH, *test = labels + TRAIN, *expected = test + TEST * WIDTH;
        struct set sets[2];
        for (size_t s = 0; s < 2; s++) {
            draw(&sets[s], s ? TEST : TRAIN, WIDTH, 2, 1, 0);
            for (size_t i = 0; i < sets[s].rows * WIDTH; i++) {
                sets[s].bytes[i] = reals ? 0 : (uint8_t)(s ? test : numbers)[i];
                sets[s].floats[i] = (float)(s ? test : numbers)[i];
            }
        }
        for (size_t i = 0; i < TRAIN; i++) sets[0].labels[i] = (uint8_t)labels[i];
        struct ten_batch train = batch_of(&sets[0], !reals), asked = batch_of(&sets[1], !reals);
        for (size_t k = 0; k < SETTINGS; k++, expected += TEST * TEN_CLASSES) {
            struct fitted fitted;
            float got[TEST * TEN_CLASSES];
            size_t count = 0;
            while (count < 7 && settings[k][count]) count++;
            grow(&fitted, &train, sets[0].labels, settings[k], count, NULL);
            ask(&fitted, &asked, got);
            for (size_t i = 0; i < TEST * TEN_CLASSES; i++)
                if (fabs((double)got[i] - expected[i]) > 2e-4)
                    fail_msg("%s, settings %zu: probability %zu of row %zu is %.9g, XGBoost has %.9g", fixtures[reals],
                             k, i % TEN_CLASSES, i / TEN_CLASSES, (double)got[i], expected[i]);
            dismiss(&fitted);
        }
        set_release(&sets[0]);
        set_release(&sets[1]);
        free(numbers);
    }
}

/* ---- Threads, seeds, draws ---- */

static bool same(const struct ten_boosting *a, const struct ten_boosting *b, size_t trees) {
    size_t nodes = trees < a->trees ? (size_t)a->root[trees] : a->nodes, leaves = 0;
    if (b->nodes < nodes || memcmp(a->node, b->node, nodes * sizeof *a->node) != 0) return false;
    for (size_t i = 0; i < nodes; i++) leaves += a->node[i].split == TEN_LEAF;
    return memcmp(a->root, b->root, trees * sizeof *a->root) == 0 && b->leaves >= leaves &&
           memcmp(a->value, b->value, leaves * sizeof *a->value) == 0;
}

static void test_threads_and_seeds(void **state) {
    (void)state;
    const char *const settings[] = {"n_estimators=6", "subsample=0.7", "colsample_bytree=0.5",
                                    "early_stopping_rounds=6"};
    for (size_t many = 0; many < 2; many++)
        for (size_t count = 1; count <= 4; count++) {
            struct set set;
            struct fitted one, more, other;
            draw(&set, many ? 5000 : ROWS, COLUMNS, 50, 10, 9);
            struct ten_batch batch = batch_of(&set, count % 2);
            grow(&one, &batch, set.labels, settings, count, &(struct ten_run){.seed = 1, .threads = 1});
            for (int threads = 2; threads <= 3; threads++) {
                grow(&more, &batch, set.labels, settings, count, &(struct ten_run){.seed = 1, .threads = threads});
                assert_true(one.boosting.nodes == more.boosting.nodes && one.boosting.trees == more.boosting.trees);
                assert_true(same(&one.boosting, &more.boosting, one.boosting.trees));
                assert_true(one.history.rows == more.history.rows);
                assert_memory_equal(one.history.values, more.history.values,
                                    one.history.rows * one.history.columns * sizeof(double));
                dismiss(&more);
            }
            grow(&other, &batch, set.labels, settings, count, &(struct ten_run){.seed = 2});
            if (count > 1) assert_false(same(&one.boosting, &other.boosting, TEN_CLASSES));
            dismiss(&other);
            dismiss(&one);
            set_release(&set);
        }
}

/* Each tree asks for its share of the features only, and learns from its share of the rows. */
static void test_draws(void **state) {
    (void)state;
    const char *const columns[] = {"n_estimators=5", "colsample_bytree=0.34"};
    struct set set;
    struct fitted fitted;
    draw(&set, ROWS, COLUMNS, 50, 10, 19);
    struct ten_batch batch = batch_of(&set, true);
    grow(&fitted, &batch, set.labels, columns, 2, NULL);
    bool ever[COLUMNS] = {false};
    for (size_t t = 0; t < fitted.boosting.trees; t++) {
        bool asked[COLUMNS] = {false};
        size_t end = t + 1 < fitted.boosting.trees ? (size_t)fitted.boosting.root[t + 1] : fitted.boosting.nodes;
        for (size_t i = (size_t)fitted.boosting.root[t]; i < end; i++)
            if (fitted.boosting.node[i].split != TEN_LEAF)
                asked[fitted.boosting.node[i].split / TEN_BINS] = ever[fitted.boosting.node[i].split / TEN_BINS] = true;
        size_t count = 0;
        for (size_t j = 0; j < COLUMNS; j++) count += asked[j];
        assert_true(count <= 2); /* floor(0.34 x 6) */
    }
    for (size_t j = 0; j < COLUMNS; j++) assert_true(ever[j]);
    dismiss(&fitted);
    /* one leaf for a class that is missing: its value, 0.1 n / (0.18 n + 1), tells how many rows were drawn */
    const char *const rows[] = {"n_estimators=1", "subsample=0.3", "gamma=1e9", "learning_rate=1"};
    memset(set.labels, TEN_CLASSES - 1, ROWS);
    grow(&fitted, &batch, set.labels, rows, 4, NULL);
    double first = 0;
    size_t others = 0;
    for (size_t c = 0; c < TEN_CLASSES - 1; c++) {
        double value = -(double)fitted.boosting.value[c], drawn = value / (0.1 - 0.18 * value);
        assert_true(drawn > 10 && drawn < 50 && fabs(drawn - round(drawn)) < 0.01);
        if (c == 0) first = drawn;
        others += fabs(drawn - first) > 0.5;
    }
    assert_true(others > 2);
    dismiss(&fitted);
    set_release(&set);
}

/* Every row lists the cells it is in but the usual ones; cells follow the values and are about even. */
static void test_cells(void **state) {
    (void)state;
    enum { MANY = 3000, WIDE = 4, BIN = 20 };
    uint8_t *bytes = calloc(MANY, WIDE);
    struct ten_random random;
    struct ten_error error;
    assert_non_null(bytes);
    ten_random_init(&random, 5, 5);
    for (size_t i = 0; i < MANY * WIDE; i++) {
        bool background = ten_random_below(&random, 2);
        uint8_t value = (uint8_t)ten_random_below(&random, 256);
        uint8_t of[] = {value, 7, background ? 100 : value,
                        value % BIN * 3}; /* even, constant, half of it equal, few */
        bytes[i] = of[i % WIDE];
    }
    struct ten_batch batch = {.rows = MANY, .shape = {.columns = WIDE}, .unit = 1, .is_bytes = true, .bytes = bytes};
    struct ten_bins bins = {0};
    struct ten_cells cells = {0};
    float *edges = NULL;
    assert_ok(ten_bins_make(&bins, &edges, TEN_BINS, &batch, "fit", NULL, &error));
    assert_ok(ten_cells_make(&cells, &bins, MANY, WIDE, BIN, "fit", NULL, &error));
    assert_int_equal(cells.features, 3);
    size_t counts[64 * WIDE] = {0};
    for (size_t r = 0; r < MANY; r++) {
        size_t at = cells.start[r];
        for (size_t f = 0; f < 3; f++) {
            const struct ten_cell_feature *feature = &cells.feature[f];
            uint32_t cell = feature->first;
            assert_true(feature->column == (f ? f + 1 : 0) && feature->first % 64 == 0 && feature->count == BIN);
            while (cells.last[cell] < bytes[r * WIDE + feature->column]) cell++;
            counts[cell]++;
            if (cell != feature->usual) assert_true(at < cells.start[r + 1] && cells.entry[at++] == cell);
        }
        assert_true(at == cells.start[r + 1]);
    }
    for (size_t f = 0; f < 3; f++)
        for (uint32_t c = cells.feature[f].first; c < cells.feature[f].first + BIN; c++) {
            assert_true(counts[c] <= counts[cells.feature[f].usual]);
            assert_true((cells.mask[c / 64] >> c % 64 & 1) == (c != cells.feature[f].usual));
            if (c != cells.feature[f].usual) assert_in_range(counts[c], f == 1 ? 30 : 100, 220);
        }
    ten_cells_release(&cells);
    ten_bins_release(&bins);
    free(bytes);
}

/* Cuts separate at most so many bins; floats get no more than bytes. */
static void test_max_bin(void **state) {
    (void)state;
    static const size_t most[] = {2, 3, 7, 100, 256};
    for (size_t m = 0; m < sizeof most / sizeof *most; m++)
        for (int bytes = 0; bytes < 2; bytes++) {
            char text[32];
            snprintf(text, sizeof text, "max_bin=%zu", most[m]);
            const char *const settings[] = {text, "n_estimators=10", "min_child_weight=0"};
            struct set set;
            struct fitted fitted;
            draw(&set, 600, 2, 200, 10, 20);
            struct ten_batch batch = batch_of(&set, bytes);
            grow(&fitted, &batch, set.labels, settings, 3, NULL);
            bool cut[2 * TEN_BINS] = {false};
            size_t cuts[2] = {0};
            for (size_t i = 0; i < fitted.boosting.nodes; i++)
                if (fitted.boosting.node[i].split != TEN_LEAF) cut[fitted.boosting.node[i].split] = true;
            for (size_t i = 0; i < 2 * (size_t)TEN_BINS; i++) cuts[i / TEN_BINS] += cut[i];
            for (size_t j = 0; j < 2; j++) {
                assert_true(cuts[j] >= 1 && cuts[j] < most[m]);
                if (most[m] <= 7) assert_true(cuts[j] == most[m] - 1);
            }
            dismiss(&fitted);
            set_release(&set);
        }
}

/* ---- Early stopping ---- */

/* The rows kept aside are those of the split; the model is that of the others alone, cut off after the round that did
 * best on them; and it stopped as soon as told. */
static void test_early_stopping(void **state) {
    (void)state;
    enum { MANY = 400, ASIDE = 100, PATIENCE = 3 };
    const char *const settings[] = {"learning_rate=0.5", "n_estimators=60", "early_stopping_rounds=3",
                                    "validation_fraction=0.25"};
    struct set set, kept, rest;
    struct ten_error error;
    draw(&set, MANY, COLUMNS, 8, 10, 12);
    draw(&kept, MANY - ASIDE, COLUMNS, 8, 10, 12);
    draw(&rest, ASIDE, COLUMNS, 8, 10, 12);
    size_t order[MANY];
    assert_ok(ten_split_stratified(set.labels, MANY, MANY - ASIDE, 6, order, order + MANY - ASIDE, &error));
    for (size_t i = 0; i < MANY; i++) {
        struct set *to = i < MANY - ASIDE ? &kept : &rest;
        size_t row = i < MANY - ASIDE ? i : i - (MANY - ASIDE);
        memcpy(to->bytes + row * COLUMNS, set.bytes + order[i] * COLUMNS, COLUMNS);
        to->labels[row] = set.labels[order[i]];
    }
    struct ten_batch batch = batch_of(&set, true), kept_batch = batch_of(&kept, true), asked = batch_of(&rest, true);
    struct fitted fitted, alone;
    grow(&fitted, &batch, set.labels, settings, 4, &(struct ten_run){.seed = 6});
    grow(&alone, &kept_batch, kept.labels, settings, 2, &(struct ten_run){.seed = 6});
    size_t best = fitted.boosting.trees / TEN_CLASSES, grown = fitted.history.rows;
    assert_true(fitted.history.columns == 5 && alone.history.columns == 3 && best >= 2 && grown < 60);
    assert_int_equal(grown, best + PATIENCE);
    assert_true(same(&fitted.boosting, &alone.boosting, fitted.boosting.trees));
    const double *row = fitted.history.values + (best - 1) * 5;
    for (size_t i = 0; i < grown; i++) {
        double loss = fitted.history.values[i * 5 + 3];
        assert_true(i < best - 1 ? loss > row[3] : loss >= row[3]);
        assert_true(fitted.history.values[i * 5 + 1] == alone.history.values[i * 3 + 1] ||
                    fabs(fitted.history.values[i * 5 + 1] / alone.history.values[i * 3 + 1] - 1) < 1e-9);
    }
    float got[ASIDE * TEN_CLASSES];
    double loss = 0, right = 0;
    ask(&fitted, &asked, got);
    for (size_t i = 0; i < ASIDE; i++) {
        loss -= log((double)got[i * TEN_CLASSES + rest.labels[i]]) / ASIDE;
        right += ten_label(got + i * TEN_CLASSES) == rest.labels[i];
    }
    assert_true(fabs(loss - row[3]) < 1e-5 && fabs(right / ASIDE - row[4]) < 1e-9);
    dismiss(&fitted);
    dismiss(&alone);
    set_release(&set);
    set_release(&kept);
    set_release(&rest);
}

static void test_nothing_to_keep_aside(void **state) {
    (void)state;
    const char *const settings[] = {"early_stopping_rounds=2"};
    struct set set;
    struct ten_values values;
    struct ten_error error;
    struct ten_boosting boosting = {0};
    struct ten_history history = {0};
    bool converged;
    draw(&set, 1, 2, 5, 1, 1);
    struct ten_batch batch = batch_of(&set, true);
    assert_ok(ten_values_parse(&values, &type->about, settings, 1, &error));
    struct ten_training training = {&batch, set.labels, &values, NULL, &history, &converged, NULL, NULL};
    assert_fails(type->fit(&boosting, &training, &error), TEN_INVALID, "at least 2 images");
    ten_boosting_release(&boosting);
    set_release(&set);
    draw(&set, 2, 2, 5, 1, 1);
    struct fitted fitted;
    batch = batch_of(&set, true);
    grow(&fitted, &batch, set.labels, settings, 1, NULL);
    dismiss(&fitted);
    set_release(&set);
}

/* ---- Small sets, extreme parameters ---- */

static void test_extremes(void **state) {
    (void)state;
    static const char *const settings[][6] = {
        {"learning_rate=1", "reg_lambda=0", "min_child_weight=0", "gamma=0", "max_depth=64", "n_estimators=80"},
        {"reg_lambda=1e9", "min_child_weight=0", "n_estimators=3", "max_depth=1", "gamma=0", "max_bin=2"},
        {"min_child_weight=1e9", "n_estimators=3", "gamma=1e9", "max_depth=1", "max_bin=256", "reg_lambda=0"},
        {"subsample=1e-9", "n_estimators=4", "reg_lambda=0", "min_child_weight=0", "max_depth=3", "learning_rate=1"},
        {"colsample_bytree=1e-9", "n_estimators=4", "learning_rate=1e-300", "max_depth=3", "max_bin=5", "gamma=0"},
        {"early_stopping_rounds=1", "validation_fraction=0.5", "n_estimators=9", "subsample=0.01", "max_bin=9",
         "gamma=0"}};
    static const size_t shapes[][4] = {{2, 1, 2, 2}, {3, 2, 1, 1}, {ROWS, COLUMNS, 200, 10}, {5000, 2, 256, 3}};
    for (size_t k = 0; k < sizeof settings / sizeof *settings; k++)
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
            for (int bytes = 0; bytes < 2; bytes++) {
                struct set set;
                struct fitted fitted;
                draw(&set, shapes[s][0], shapes[s][1], shapes[s][2], shapes[s][3], 30 + s);
                float *got = calloc(set.rows, TEN_CLASSES * sizeof *got);
                struct ten_batch batch = batch_of(&set, bytes), other = batch_of(&set, !bytes);
                struct ten_error error;
                grow(&fitted, &batch, set.labels, settings[k], 6, NULL);
                ask(&fitted, &batch, got);
                for (size_t i = 0; i < fitted.boosting.leaves; i++) assert_true(isfinite(fitted.boosting.value[i]));
                if (k == 2) /* nothing may be cut, and no leaf is heavy enough */
                    for (size_t i = 0; i < set.rows * TEN_CLASSES; i++) assert_true(fabsf(got[i] - 0.1f) < 1e-6f);
                if (k == 0 && s == 2) /* all rows differ and can be told apart; classes that are missing vanish */
                    for (size_t i = 0; i < set.rows; i++)
                        assert_int_equal(ten_label(got + i * TEN_CLASSES), set.labels[i]);
                if (k == 0 && s == 3)
                    for (size_t i = 0; i < set.rows; i++) assert_true(got[i * TEN_CLASSES] < 1e-4f);
                assert_fails(type->predict(&fitted.boosting, &fitted.values, &other, got, NULL, &error), TEN_INVALID,
                             "real numbers");
                free(got);
                dismiss(&fitted);
                set_release(&set);
            }
}

/* ---- Stopping ---- */

static bool stop(void *context, const struct ten_progress *progress) {
    assert_true(progress->total <= 0 || progress->done <= progress->total);
    return --*(int *)context > 0;
}

static void test_stopping(void **state) {
    (void)state;
    struct set set;
    draw(&set, ROWS, COLUMNS, 50, 10, 40);
    struct ten_batch batch = batch_of(&set, true);
    struct ten_values values;
    struct ten_error error;
    bool converged;
    assert_ok(ten_values_parse(&values, &type->about, NULL, 0, &error));
    for (int left = 1; left <= 6; left++) {
        int reports = left;
        struct ten_run run = {.progress = stop, .context = &reports};
        struct ten_boosting boosting = {0};
        struct ten_history history = {0};
        struct ten_training training = {&batch, set.labels, &values, &run, &history, &converged, NULL, NULL};
        assert_fails(type->fit(&boosting, &training, &error), TEN_CANCELLED, "stopped during fit gradient-boosting");
        ten_boosting_release(&boosting);
        free(history.values);
    }
    set_release(&set);
}

/* ---- Files ---- */

static enum ten_status load(struct ten_boosting *boosting, struct ten_tensors *tensors, const char *const *settings,
                            size_t count, struct ten_error *error) {
    struct ten_values values;
    if (ten_values_parse(&values, &type->about, settings, count, error) != TEN_OK) fail_msg("%s", error->message);
    for (size_t i = 0; i < tensors->count; i++) tensors->items[i].taken = false;
    struct ten_shape shape = {.columns = COLUMNS};
    return type->load(boosting, &values, &shape, tensors, error);
}

/* What is loaded is what was saved; a value that leads astray is found. */
static void test_files(void **state) {
    (void)state;
    const char *const settings[] = {"n_estimators=3", "early_stopping_rounds=5"}, *const fewer[] = {"n_estimators=2"},
                      *const more[] = {"n_estimators=4"}, *const stopped[] = {"n_estimators=4", settings[1]};
    struct set set;
    struct ten_error error;
    struct fitted fitted;
    draw(&set, ROWS, COLUMNS, 30, 10, 11);
    struct ten_batch batch = batch_of(&set, false);
    grow(&fitted, &batch, set.labels, settings, 1, NULL);
    struct ten_boosting *boosting = &fitted.boosting, loaded = {0};
    struct ten_tensors tensors = {.path = "boosting.model"};
    assert_ok(type->save(boosting, &tensors, &error));
    assert_ok(load(&loaded, &tensors, settings, 1, &error));
    assert_true(same(boosting, &loaded, boosting->trees) && loaded.leaves == boosting->leaves && !loaded.is_bytes);
    assert_memory_equal(boosting->edges, loaded.edges, COLUMNS * TEN_BINS * sizeof *loaded.edges);
    assert_true(type->parameters(boosting) == type->parameters(&loaded));
    ten_boosting_release(&loaded);
    assert_ok(load(&loaded, &tensors, stopped, 2, &error));
    ten_boosting_release(&loaded);
    assert_fails(load(&loaded, &tensors, more, 1, &error), TEN_FORMAT, "expected 10 for each of 4 rounds");
    ten_boosting_release(&loaded);
    assert_fails(load(&loaded, &tensors, fewer, 1, &error), TEN_FORMAT, "expected 10 for each of 2 rounds");
    ten_boosting_release(&loaded);
    size_t second = (size_t)boosting->root[1];
    struct ten_node *node = boosting->node, kept = node[0];
    assert_true(kept.split >= 0);
    int32_t bad_children[] = {-1, 0, INT32_MIN, INT32_MAX, (int32_t)second, (int32_t)second - 1};
    int32_t bad_splits[] = {-2, INT32_MIN, COLUMNS * TEN_BINS, INT32_MAX};
#define SPOILT(what, part)                                                                                             \
    do {                                                                                                               \
        what;                                                                                                          \
        assert_fails(load(&loaded, &tensors, settings, 1, &error), TEN_FORMAT, part);                                  \
        ten_boosting_release(&loaded);                                                                                 \
    } while (0)
    for (size_t i = 0; i < 6; i++) SPOILT(node[0].child = bad_children[i], "lead on to a later one");
    node[0] = kept;
    for (size_t i = 0; i < 4; i++) SPOILT(node[0].split = bad_splits[i], "asks for a feature");
    SPOILT((node[0] = (struct ten_node){TEN_LEAF, (int32_t)boosting->leaves}), "has no value");
    SPOILT((node[0] = (struct ten_node){TEN_LEAF, -1}), "has no value");
    SPOILT((node[0] = (struct ten_node){TEN_LEAF, 0}), "values for");
    node[0] = kept;
    int64_t first = boosting->root[1], last = boosting->root[29];
    SPOILT(boosting->root[0] = 1, "begins where");
    SPOILT((boosting->root[0] = 0, boosting->root[1] = 0), "begins where");
    SPOILT((boosting->root[1] = first, boosting->root[29] = (int64_t)boosting->nodes), "begins where");
    SPOILT(boosting->root[29] = INT64_MIN, "begins where");
    boosting->root[29] = last;
    float value = boosting->value[0];
    SPOILT(boosting->value[0] = NAN, "values");
    SPOILT(boosting->value[0] = INFINITY, "values");
    SPOILT(boosting->value[0] = -FLT_MAX, "too large");
    boosting->value[0] = value;
    SPOILT(boosting->is_bytes = 2, "is_bytes");
    boosting->is_bytes = 0;
    SPOILT(boosting->edges[7] = FLT_MAX, "do not rise");
    boosting->edges[7] = boosting->edges[8];
    assert_ok(load(&loaded, &tensors, settings, 1, &error));
    ten_boosting_release(&loaded);
    ten_tensors_release(&tensors);
    dismiss(&fitted);
    set_release(&set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exhaustive),
        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_as_xgboost),
        cmocka_unit_test(test_threads_and_seeds),
        cmocka_unit_test(test_draws),
        cmocka_unit_test(test_max_bin),
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_early_stopping),
        cmocka_unit_test(test_nothing_to_keep_aside),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_stopping),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
