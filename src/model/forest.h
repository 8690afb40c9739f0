/* What the three models made of decision trees share. forest.c: parameters, fitting and prediction; forest_bins.c:
 * features as bytes; forest_grow.c: one tree; forest_file.c: saving and loading. */
#ifndef TEN_MODEL_FOREST_H
#define TEN_MODEL_FOREST_H

#include "base/random.h"
#include "model/model.h"

enum { TEN_BINS = 256, TEN_LEAF = -1 };

/* A node: rows whose bin of the feature is at most the cut go to `child`, the others to `child` + 1. Children come
 * after their parents. */
struct ten_node {
    int32_t split; /* feature * TEN_BINS + cut, or TEN_LEAF */
    int32_t child; /* in numbers of the tree's own nodes; a leaf: its row of the probabilities */
};

/* The state of the models: starts zeroed, freed by ten_forest_release. */
struct ten_forest {
    size_t columns, trees, nodes, leaves;
    struct ten_node *node; /* [nodes] tree after tree */
    int64_t *root;         /* [trees] number of each tree's first node */
    float *probability;    /* [leaves x TEN_CLASSES], the first TEN_CLASSES rows for pure leaves, shared by all */
    float *edges;          /* NULL: the features are bytes, each its own bin; else [columns x TEN_BINS], rising:
                            * bin b holds the values x with edges[b - 1] < x <= edges[b] */
    uint8_t is_bytes;      /* [1] whether `edges` is NULL, for files */
    double *importances;   /* [columns] mean decrease of impurity, summing to 1 (to 0 if there is no split) */
    bool out_of_bag;       /* whether there is */
    double oob_accuracy;   /* [1] share of rows that the trees which had not drawn them label rightly; 0 if none */
};

void ten_forest_release(void *state);
enum ten_status ten_forest_save(const void *state, struct ten_tensors *tensors, struct ten_error *error);
/* `bootstrap`: whether there must be an out-of-bag accuracy; `trees`: how many there must be. */
enum ten_status ten_forest_load(struct ten_forest *forest, size_t trees, bool bootstrap, size_t columns,
                                struct ten_tensors *tensors, struct ten_error *error);

/* A few rows go down a tree side by side, so that the processor waits for many loads at once. */
enum { TEN_ABREAST = 8 };

/* at[i] gets the leaf of `tree` where row `first` + i ends, i < count <= TEN_ABREAST. `edges` as in struct ten_forest.
 */
void ten_tree_descend(const struct ten_node *tree, const struct ten_batch *features, const float *edges, size_t first,
                      size_t count, int32_t at[TEN_ABREAST]);

/* ---- Features as bytes --------------------------------------------------------------------------------------- */

/* Training features, one byte each, in both orders: rows for small nodes, where a row's few cache lines serve many
 * features; columns for large ones, where the rows of a node lie close. */
struct ten_bins {
    const uint8_t *by_row; /* [rows x columns] */
    uint8_t *by_column;    /* [columns x rows] */
    uint8_t *made;         /* `by_row` if it had to be made */
};

/* Bytes are their own bins; floats get at most `most` (2 to TEN_BINS) bins of about the same number of values, none
 * divided between equal values, and `edges` (ten_alloc, the caller's). */
enum ten_status ten_bins_make(struct ten_bins *bins, float **edges, size_t most, const struct ten_batch *batch,
                              const char *stage, const struct ten_run *run, struct ten_error *error);
void ten_bins_release(struct ten_bins *bins);

/* ---- Growing a tree ------------------------------------------------------------------------------------------ */

/* How trees are grown; number of drawn rows counts with repetition. */
struct ten_growth {
    size_t max_features, max_depth, min_samples_split, min_samples_leaf;
    bool entropy, bootstrap, random_cuts;
    uint64_t seed;
    size_t rows, columns;
    const struct ten_bins *bins;
    const uint8_t *labels;
    const double *xlogx; /* entropy: [rows + 1] n log n */
    uint32_t oob_unit;   /* bootstrap: what probability 1 counts in the sums out of bag */
    /* NULL, or called now and then with the share of the tree that is done; false stops the growth. */
    bool (*go_on)(void *context, size_t thread, double share);
    void *context;
};

struct ten_tree {
    struct ten_node *node; /* leaves from TEN_CLASSES on are counted from this tree's own probabilities */
    double *decrease;      /* [nodes] of impurity, times rows; 0 at leaves */
    float *probability;    /* [leaves x TEN_CLASSES] of impure leaves */
    size_t nodes, node_capacity, leaves, leaf_capacity;
};
void ten_tree_release(struct ten_tree *tree);

/* Scratch memory of one thread. */
struct ten_grower;
struct ten_grower *ten_grower_new(const struct ten_growth *growth);
void ten_grower_free(struct ten_grower *grower);
/* Sums of probabilities that this grower's trees gave to rows they had not drawn: [rows x TEN_CLASSES], in whole
 * units so that no order of adding shows. */
const uint32_t *ten_grower_oob(const struct ten_grower *grower);

/* Grows tree `number`. TEN_CANCELLED if told to stop, without a message. */
enum ten_status ten_tree_grow(struct ten_tree *tree, struct ten_grower *grower, size_t number, size_t thread);

#endif
