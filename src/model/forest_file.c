/* Trees in files: `nodes` [n x 2] as struct ten_node, `roots` [trees], `probabilities` of leaves, `is_bytes` [1], for
 * features that are no bytes (0) the `edges` of their bins, `importances`, and `oob_accuracy` where there is one. What
 * is loaded is checked so that every way down a tree ends at a leaf that is there. */
#include "base/error.h"
#include "model/forest.h"

#include <math.h>
#include <stdlib.h>

_Static_assert(sizeof(struct ten_node) == 2 * sizeof(int32_t), "nodes are pairs of numbers in files");

enum ten_status ten_forest_save(const void *state, struct ten_tensors *tensors, struct ten_error *error) {
    const struct ten_forest *forest = state;
    size_t nodes[] = {forest->nodes, 2}, leaves[] = {forest->leaves, TEN_CLASSES}, one = 1;
    size_t edges[] = {forest->columns, TEN_BINS};
    enum ten_status status = ten_tensors_add(tensors, "nodes", TEN_I32, 2, nodes, forest->node, error);
    if (status == TEN_OK) status = ten_tensors_add(tensors, "roots", TEN_I64, 1, &forest->trees, forest->root, error);
    if (status == TEN_OK)
        status = ten_tensors_add(tensors, "probabilities", TEN_F32, 2, leaves, forest->probability, error);
    if (status == TEN_OK) status = ten_tensors_add(tensors, "is_bytes", TEN_U8, 1, &one, &forest->is_bytes, error);
    if (status == TEN_OK && forest->edges)
        status = ten_tensors_add(tensors, "edges", TEN_F32, 2, edges, forest->edges, error);
    if (status == TEN_OK)
        status = ten_tensors_add(tensors, "importances", TEN_F64, 1, &forest->columns, forest->importances, error);
    if (status == TEN_OK && forest->out_of_bag)
        status = ten_tensors_add(tensors, "oob_accuracy", TEN_F64, 1, &one, &forest->oob_accuracy, error);
    return status;
}

static enum ten_status check_tree(const struct ten_forest *forest, size_t t, const char *path,
                                  struct ten_error *error) {
    size_t first = (size_t)forest->root[t];
    size_t count = (t + 1 < forest->trees ? (size_t)forest->root[t + 1] : forest->nodes) - first;
    for (size_t i = 0; i < count; i++) {
        int64_t split = forest->node[first + i].split, child = forest->node[first + i].child;
        if (split == TEN_LEAF) {
            if (child < 0 || (uint64_t)child >= forest->leaves)
                return ten_fail(error, TEN_FORMAT, "%s: model.nodes: leaf %zu of tree %zu has no probabilities", path,
                                i, t);
        } else if (split < 0 || (uint64_t)split / TEN_BINS >= forest->columns) {
            return ten_fail(error, TEN_FORMAT, "%s: model.nodes: node %zu of tree %zu asks for a feature beyond %zu",
                            path, i, t, forest->columns);
        } else if (child <= (int64_t)i || (uint64_t)child + 1 >= count) {
            return ten_fail(error, TEN_FORMAT, "%s: model.nodes: node %zu of tree %zu does not lead on to a later one",
                            path, i, t);
        }
    }
    return TEN_OK;
}

/* The rows that all pure leaves share, and no row that no leaf uses behind them. */
static enum ten_status check_leaves(const struct ten_forest *forest, const char *path, struct ten_error *error) {
    bool fine = forest->leaves >= TEN_CLASSES;
    size_t used = TEN_CLASSES;
    for (size_t i = 0; i < forest->nodes; i++)
        if (forest->node[i].split == TEN_LEAF && (size_t)forest->node[i].child >= used)
            used = (size_t)forest->node[i].child + 1;
    for (size_t i = 0; fine && i < (size_t)TEN_CLASSES * TEN_CLASSES; i++)
        fine = forest->probability[i] == (i / TEN_CLASSES == i % TEN_CLASSES ? 1.0f : 0.0f);
    if (fine && used == forest->leaves) return TEN_OK;
    return ten_fail(error, TEN_FORMAT, "%s: model.probabilities: the rows are not those of the leaves", path);
}

static enum ten_status check_trees(const struct ten_forest *forest, const char *path, struct ten_error *error) {
    for (size_t t = 0; t < forest->trees; t++) {
        int64_t before = t ? forest->root[t - 1] : -1, root = forest->root[t];
        if (root <= before || (uint64_t)root >= forest->nodes || (t == 0 && root != 0))
            return ten_fail(error, TEN_FORMAT, "%s: model.roots: tree %zu begins where it cannot", path, t);
    }
    enum ten_status status = TEN_OK;
    for (size_t t = 0; status == TEN_OK && t < forest->trees; t++) status = check_tree(forest, t, path, error);
    if (status == TEN_OK) status = check_leaves(forest, path, error);
    return status;
}

static enum ten_status check_numbers(const struct ten_forest *forest, const char *path, struct ten_error *error) {
    for (size_t i = 0; i < forest->leaves; i++) {
        double sum = 0;
        bool fine = true;
        for (size_t c = 0; c < TEN_CLASSES; c++) {
            double p = (double)forest->probability[i * TEN_CLASSES + c];
            fine = fine && p >= 0 && p <= 1;
            sum += p;
        }
        if (!fine || fabs(sum - 1) > 1e-5)
            return ten_fail(error, TEN_FORMAT, "%s: model.probabilities: row %zu is no distribution", path, i);
    }
    for (size_t j = 0; j < forest->columns; j++)
        if (!(forest->importances[j] >= 0 && forest->importances[j] <= 1 + 1e-9))
            return ten_fail(error, TEN_FORMAT, "%s: model.importances: number %zu is no share", path, j);
    if (!(forest->oob_accuracy >= 0 && forest->oob_accuracy <= 1))
        return ten_fail(error, TEN_FORMAT, "%s: model.oob_accuracy is no share", path);
    for (size_t i = 0; forest->edges && i < forest->columns * TEN_BINS; i++)
        if (i % TEN_BINS && forest->edges[i] < forest->edges[i - 1])
            return ten_fail(error, TEN_FORMAT, "%s: model.edges: those of feature %zu do not rise", path, i / TEN_BINS);
    return TEN_OK;
}

enum ten_status ten_forest_load(struct ten_forest *forest, size_t trees, bool bootstrap, size_t columns,
                                struct ten_tensors *tensors, struct ten_error *error) {
    size_t nodes[] = {TEN_ANY, 2}, leaves[] = {TEN_ANY, TEN_CLASSES}, edges[] = {columns, TEN_BINS}, one = 1;
    double *accuracy = NULL;
    uint8_t *is_bytes = NULL;
    forest->columns = columns;
    forest->trees = trees;
    forest->out_of_bag = bootstrap;
    enum ten_status status = ten_tensors_take(tensors, "nodes", TEN_I32, 2, nodes, (void **)&forest->node, error);
    if (status == TEN_OK)
        status = ten_tensors_take(tensors, "roots", TEN_I64, 1, &trees, (void **)&forest->root, error);
    if (status == TEN_OK)
        status = ten_tensors_take(tensors, "probabilities", TEN_F32, 2, leaves, (void **)&forest->probability, error);
    if (status == TEN_OK) status = ten_tensors_take(tensors, "is_bytes", TEN_U8, 1, &one, (void **)&is_bytes, error);
    if (status == TEN_OK && *is_bytes > 1)
        status = ten_fail(error, TEN_FORMAT, "%s: model.is_bytes is %d: expected 0 or 1", tensors->path, *is_bytes);
    if (status == TEN_OK && *is_bytes == 0)
        status = ten_tensors_take(tensors, "edges", TEN_F32, 2, edges, (void **)&forest->edges, error);
    if (status == TEN_OK)
        status = ten_tensors_take(tensors, "importances", TEN_F64, 1, &columns, (void **)&forest->importances, error);
    if (status == TEN_OK && bootstrap)
        status = ten_tensors_take(tensors, "oob_accuracy", TEN_F64, 1, &one, (void **)&accuracy, error);
    if (status == TEN_OK) {
        forest->nodes = nodes[0];
        forest->leaves = leaves[0];
        forest->is_bytes = *is_bytes;
        if (accuracy) forest->oob_accuracy = *accuracy;
        status = check_trees(forest, tensors->path, error);
    }
    if (status == TEN_OK) status = check_numbers(forest, tensors->path, error);
    free(is_bytes);
    free(accuracy);
    return status;
}
