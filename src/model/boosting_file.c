/* Boosted trees in files: `nodes` [n x 2] as struct ten_node, `roots` [trees], `values` of leaves, `is_bytes` [1], and
 * for features that are no bytes (0) the `edges` of their bins. What is loaded is checked so that every way down a tree
 * ends at a leaf that is there. */
#include "base/error.h"
#include "model/boosting.h"

#include <math.h>
#include <stdlib.h>

/* What no sum of boosted leaves may pass, so that scores stay finite. */
static const double LARGEST_VALUE = 1e30;

enum ten_status ten_boosting_save(const void *state, struct ten_tensors *tensors, struct ten_error *error) {
    const struct ten_boosting *boosting = state;
    size_t nodes[] = {boosting->nodes, 2}, one = 1, edges[] = {boosting->columns, TEN_BINS};
    enum ten_status status = ten_tensors_add(tensors, "nodes", TEN_I32, 2, nodes, boosting->node, error);
    if (status == TEN_OK)
        status = ten_tensors_add(tensors, "roots", TEN_I64, 1, &boosting->trees, boosting->root, error);
    if (status == TEN_OK)
        status = ten_tensors_add(tensors, "values", TEN_F32, 1, &boosting->leaves, boosting->value, error);
    if (status == TEN_OK) status = ten_tensors_add(tensors, "is_bytes", TEN_U8, 1, &one, &boosting->is_bytes, error);
    if (status == TEN_OK && boosting->edges)
        status = ten_tensors_add(tensors, "edges", TEN_F32, 2, edges, boosting->edges, error);
    return status;
}

/* Every split leads to two later nodes of its tree, every leaf to a value. */
static enum ten_status check_tree(const struct ten_boosting *boosting, size_t t, const char *path,
                                  struct ten_error *error) {
    size_t first = (size_t)boosting->root[t];
    size_t count = (t + 1 < boosting->trees ? (size_t)boosting->root[t + 1] : boosting->nodes) - first;
    for (size_t i = 0; i < count; i++) {
        int64_t split = boosting->node[first + i].split, child = boosting->node[first + i].child;
        if (split == TEN_LEAF) {
            if (child < 0 || (uint64_t)child >= boosting->leaves)
                return ten_fail(error, TEN_FORMAT, "%s: model.nodes: leaf %zu of tree %zu has no value", path, i, t);
        } else if (split < 0 || (uint64_t)split / TEN_BINS >= boosting->columns) {
            return ten_fail(error, TEN_FORMAT, "%s: model.nodes: node %zu of tree %zu asks for a feature beyond %zu",
                            path, i, t, boosting->columns);
        } else if (child <= (int64_t)i || (uint64_t)child + 1 >= count) {
            return ten_fail(error, TEN_FORMAT, "%s: model.nodes: node %zu of tree %zu does not lead on to a later one",
                            path, i, t);
        }
    }
    return TEN_OK;
}

static enum ten_status check_trees(const struct ten_boosting *boosting, size_t rounds, bool exactly, const char *path,
                                   struct ten_error *error) {
    size_t trees = boosting->trees, leaves = 0;
    if (trees == 0 || trees % TEN_CLASSES || trees / TEN_CLASSES > rounds || (exactly && trees / TEN_CLASSES != rounds))
        return ten_fail(error, TEN_FORMAT, "%s: model.roots: %zu trees, expected %d for each of %s%zu rounds", path,
                        trees, TEN_CLASSES, exactly ? "" : "at most ", rounds);
    for (size_t t = 0; t < trees; t++) {
        int64_t before = t ? boosting->root[t - 1] : -1, root = boosting->root[t];
        if (root <= before || (uint64_t)root >= boosting->nodes || (t == 0 && root != 0))
            return ten_fail(error, TEN_FORMAT, "%s: model.roots: tree %zu begins where it cannot", path, t);
    }
    enum ten_status status = TEN_OK;
    for (size_t t = 0; status == TEN_OK && t < trees; t++) status = check_tree(boosting, t, path, error);
    for (size_t i = 0; i < boosting->nodes; i++) leaves += boosting->node[i].split == TEN_LEAF;
    if (status == TEN_OK && leaves != boosting->leaves)
        return ten_fail(error, TEN_FORMAT, "%s: model.values: %zu values for %zu leaves", path, boosting->leaves,
                        leaves);
    return status;
}

static enum ten_status check_numbers(const struct ten_boosting *boosting, const char *path, struct ten_error *error) {
    double sum = 0;
    for (size_t i = 0; i < boosting->leaves; i++) sum += fabs((double)boosting->value[i]);
    if (!(sum <= LARGEST_VALUE)) return ten_fail(error, TEN_FORMAT, "%s: model.values are too large", path);
    for (size_t i = 0; boosting->edges && i < boosting->columns * TEN_BINS; i++)
        if (i % TEN_BINS && boosting->edges[i] < boosting->edges[i - 1])
            return ten_fail(error, TEN_FORMAT, "%s: model.edges: those of feature %zu do not rise", path, i / TEN_BINS);
    return TEN_OK;
}

enum ten_status ten_boosting_load(struct ten_boosting *boosting, size_t rounds, bool exactly, size_t columns,
                                  struct ten_tensors *tensors, struct ten_error *error) {
    size_t nodes[] = {TEN_ANY, 2}, trees = TEN_ANY, leaves = TEN_ANY, edges[] = {columns, TEN_BINS}, one = 1;
    uint8_t *is_bytes = NULL;
    boosting->columns = columns;
    enum ten_status status = ten_tensors_take(tensors, "nodes", TEN_I32, 2, nodes, (void **)&boosting->node, error);
    if (status == TEN_OK)
        status = ten_tensors_take(tensors, "roots", TEN_I64, 1, &trees, (void **)&boosting->root, error);
    if (status == TEN_OK)
        status = ten_tensors_take(tensors, "values", TEN_F32, 1, &leaves, (void **)&boosting->value, error);
    if (status == TEN_OK) status = ten_tensors_take(tensors, "is_bytes", TEN_U8, 1, &one, (void **)&is_bytes, error);
    if (status == TEN_OK && *is_bytes > 1)
        status = ten_fail(error, TEN_FORMAT, "%s: model.is_bytes is %d: expected 0 or 1", tensors->path, *is_bytes);
    if (status == TEN_OK && *is_bytes == 0)
        status = ten_tensors_take(tensors, "edges", TEN_F32, 2, edges, (void **)&boosting->edges, error);
    if (status == TEN_OK) {
        boosting->nodes = nodes[0];
        boosting->trees = trees;
        boosting->leaves = leaves;
        boosting->is_bytes = *is_bytes;
        status = check_trees(boosting, rounds, exactly, tensors->path, error);
    }
    if (status == TEN_OK) status = check_numbers(boosting, tensors->path, error);
    free(is_bytes);
    return status;
}
