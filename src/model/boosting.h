/* What the files of gradient boosting share. boosting.c: parameters, rounds, prediction; boosting_cells.c: the training
 * rows as lists of what is unusual in them; boosting_grow.c: one tree; boosting_file.c: saving and loading. */
#ifndef TEN_MODEL_BOOSTING_H
#define TEN_MODEL_BOOSTING_H

#include "model/forest.h"

/* The state of the model: starts zeroed, freed by ten_boosting_release. */
struct ten_boosting {
    size_t columns, trees, nodes, leaves;
    struct ten_node *node; /* [nodes] tree after tree; a leaf's `child` is its place among the values */
    int64_t *root;         /* [trees] number of each tree's first node; tree t adds to class t mod TEN_CLASSES */
    float *value;          /* [leaves] what a row that ends there gets added to its score of the class */
    float *edges;          /* as in struct ten_forest */
    uint8_t is_bytes;      /* [1] whether `edges` is NULL, for files */
};

void ten_boosting_release(void *state);
enum ten_status ten_boosting_save(const void *state, struct ten_tensors *tensors, struct ten_error *error);
/* `rounds`: how many there may be; `exactly`: must be. */
enum ten_status ten_boosting_load(struct ten_boosting *boosting, size_t rounds, bool exactly, size_t columns,
                                  struct ten_tensors *tensors, struct ten_error *error);

/* ---- Cells ----------------------------------------------------------------------------------------------------- */

/* A feature's values, put into bins, each bin being a cell of a histogram; features that never change have none. */
struct ten_cell_feature {
    uint32_t column;
    uint32_t first, count; /* its cells, in rising order of values; `first` is a multiple of 64 */
    uint32_t usual;        /* the cell that most rows are in; no row lists it */
};

/* The training rows, each as a list of the cells it is in, the usual ones left out: with most pixels background, a
 * fifth of the features. */
struct ten_cells {
    size_t count, features, used; /* cells, a multiple of 64; features; cells that any row is in */
    struct ten_cell_feature *feature;
    uint8_t *last;   /* [count] the largest byte in each cell */
    uint64_t *mask;  /* [count / 64] a bit for every cell that rows may list */
    size_t *start;   /* [rows + 1] */
    uint32_t *entry; /* row r lists entry[start[r]] .. entry[start[r + 1] - 1], rising */
};

/* At most `max_bin` cells a feature (2..TEN_BINS). */
enum ten_status ten_cells_make(struct ten_cells *cells, const struct ten_bins *bins, size_t rows, size_t columns,
                               size_t max_bin, const char *stage, const struct ten_run *run, struct ten_error *error);
void ten_cells_release(struct ten_cells *cells);

/* ---- Growing a tree ------------------------------------------------------------------------------------------ */

/* How trees are grown. */
struct ten_boosting_growth {
    size_t max_depth, rows, columns;
    double learning_rate, lambda, min_child_weight, gamma, subsample, colsample;
    uint64_t seed;
    const struct ten_bins *bins;
    const struct ten_cells *cells;
    const uint8_t *labels;
    const uint8_t *left_out;    /* NULL, or [rows] 1 for rows kept for validation */
    const float *probabilities; /* [TEN_CLASSES x rows] after the rounds before */
    float *scores;              /* [TEN_CLASSES x rows], to which the new trees are added */
};

struct ten_boosting_tree {
    struct ten_node *node;
    float *value;
    size_t nodes, node_capacity, leaves, leaf_capacity;
};
void ten_boosting_tree_release(struct ten_boosting_tree *tree);

/* Scratch memory of one thread. */
struct ten_booster;
struct ten_booster *ten_booster_new(const struct ten_boosting_growth *growth);
void ten_booster_free(struct ten_booster *booster);

/* Grows tree `number`, for class `number` mod TEN_CLASSES, and adds it to the scores of all rows. False if memory is
 * short. */
bool ten_booster_grow(struct ten_booster *booster, struct ten_boosting_tree *tree, size_t number);

#endif
