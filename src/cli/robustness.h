/* Robustness and learning curve as members of an evaluation, for `evaluate` and `study`. */
#ifndef TEN_CLI_ROBUSTNESS_H
#define TEN_CLI_ROBUSTNESS_H

#include "cli/cli.h"

/* "robustness" of docs/formats.md: every kind of corruption in every strength, measured on the dataset: forty
 * predictions of it. A new reference, or NULL and *status. */
json_t *ten_robustness_json(const struct ten_pipeline *pipeline, const struct ten_dataset *dataset,
                            const struct ten_run *run, enum ten_status *status, struct ten_error *error);

/* "learning_curve" of docs/formats.md: the same pipeline on growing parts of data->train, which it was fitted on,
 * measured on data->test. A new reference, or NULL and *status. */
json_t *ten_learning_json(const struct ten_pipeline *fitted, const struct ten_data *data, const struct ten_run *run,
                          enum ten_status *status, struct ten_error *error);

/* An object with those of the two that the options ask for; empty if none. NULL and *status. */
json_t *ten_further_json(const struct options *options, const struct ten_pipeline *pipeline,
                         const struct ten_data *data, const struct ten_run *run, enum ten_status *status,
                         struct ten_error *error);

/* The same for people: a table each. */
int ten_print_further(const json_t *further);

#endif
