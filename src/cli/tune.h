/* A search for parameters, for `tune` and `study`: trials on a validation split of the training set, each written into
 * the run database when it is finished, so that a search goes on where it was stopped or killed. */
#ifndef TEN_CLI_TUNE_H
#define TEN_CLI_TUNE_H

#include "cli/cli.h"
#include "store/store.h"

struct ten_tuning {
    const char *model, *prep;      /* prep NULL: the model's own */
    const struct options *options; /* settings of all trials, seed */
    struct ten_search search;
    double max_seconds; /* begin no trial after so many; 0: no limit */
    const char *file;   /* the best, fitted on the whole training set, is saved here; NULL: it is not */
};

/* Where a model has parameters that one usually searches: the space as --grid takes it, and settings of all trials
 * ("epochs=5", or NULL). NULL if there is none. */
const char *ten_usual_space(const char *model, const char **fixed);

/* "halving" and so on; false if there is no such word. */
bool ten_strategy_of(const char *word, enum ten_strategy *strategy);

/* The document of `tune --json` (docs/formats.md), a new reference. Without a store nothing is kept. */
enum ten_status ten_tune(const struct ten_tuning *tuning, const struct ten_data *data, struct ten_store *store,
                         json_t **document, const struct ten_run *run, struct ten_error *error);

#endif
