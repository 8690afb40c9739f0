/* Cross-validation of one pipeline as a row, for `crossval` and `study`. */
#ifndef TEN_CLI_CROSSVAL_H
#define TEN_CLI_CROSSVAL_H

#include "cli/cli.h"
#include "store/store.h"

/* The folds of the training set; a new array of a fold for each image (ten_alloc), or NULL and *status. */
size_t *ten_deal_folds(const struct ten_data *data, size_t folds, uint64_t seed, enum ten_status *status,
                       struct ten_error *error);

/* What is cross-validated: a model with a chain (NULL: its own) and the settings of `own`. */
struct ten_contender {
    const char *name, *model, *prep;
    const struct options *own;
};

/* A row of `crossval --json` (docs/formats.md), a new reference in *row, written into the store (NULL: into none), too.
 * probabilities[train.count x TEN_CLASSES] gets those out of fold. */
enum ten_status ten_crossval_row(const struct ten_contender *contender, const struct ten_data *data, const size_t *fold,
                                 size_t folds, float *probabilities, struct ten_store *store, json_t **row,
                                 const struct ten_run *run, struct ten_error *error);

/* Out-of-fold probabilities as safetensors: NAME.probabilities of each model ("probabilities" where names is NULL and
 * there is one), labels, fold. probabilities[models][train.count x TEN_CLASSES]. */
enum ten_status ten_write_out_of_fold(const char *path, const struct ten_data *data, char (*names)[96], size_t models,
                                      const size_t *fold, const float *probabilities, struct ten_error *error);
/* Reads such a file of one model: probabilities[train.count x TEN_CLASSES]. */
enum ten_status ten_read_out_of_fold(const char *path, const struct ten_data *data, float *probabilities,
                                     struct ten_error *error);

#endif
