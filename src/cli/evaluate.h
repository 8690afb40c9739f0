/* The parts of `tenfold evaluate`. */
#ifndef TEN_CLI_EVALUATE_H
#define TEN_CLI_EVALUATE_H

#include "cli/cli.h"

/* A saved model; `measured` is released by the caller, after a failure too. */
enum ten_status ten_load_saved(struct measured *measured, const char *path, struct ten_error *error);

/* Measures what _load_saved loaded on data->test; a message says of which file or images it is. */
enum ten_status ten_measure_saved(struct measured *measured, const char *path, const struct ten_data *data,
                                  const struct ten_run *run, struct ten_error *error);

/* Loads the data with the set to measure on, "test" or "train", in the place of the test set. */
enum ten_status ten_load_measured_set(const struct options *options, const char *on, struct ten_data *data,
                                      struct ten_error *error);

/* What there is to say of one model, for people. */
void ten_print_evaluation(const struct measured *measured, const struct ten_data *data, const char *on);

/* Measures all FILEs on the same images and compares every two of them; prints it or writes the document. */
int ten_evaluate_several(const struct options *options, const char *on);

#endif
