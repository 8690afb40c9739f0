/* What commands write into the run database. A command works without one as well: where it cannot be opened and was not
 * asked for by name, it says so and goes on. */
#ifndef TEN_CLI_RECORD_H
#define TEN_CLI_RECORD_H

#include "cli/cli.h"
#include "store/store.h"

/* --runs, $TENFOLD_RUNS, or "runs.sqlite". */
const char *ten_record_path(const struct options *options);

/* Opens --runs, $TENFOLD_RUNS or runs.sqlite; *store is NULL with "none". DONE, or FAILED after a message. */
int ten_record_open(const struct options *options, struct ten_store **store);

/* Tells before the work whether a database that was asked for by name can be had: DONE, or FAILED after a message. */
int ten_record_check(const struct options *options);

/* A run of a kind, with what all runs have: data, checksum of the training set, seed, version, kernels, threads,
 * started (`seconds` ago), seconds. A new reference, or NULL when memory is short. */
json_t *ten_record_new(const char *kind, const struct options *options, const struct ten_data *data, double seconds);

/* A run of a kind that belongs to another one (borrowed): with its name, model, prep, settings, data, checksum, seed,
 * version, kernels and threads. A new reference, or NULL when memory is short. */
json_t *ten_record_below(const char *kind, const json_t *parent, double seconds);

/* Sets when a run started: so many seconds ago. */
void ten_record_started(json_t *run, double seconds_ago);

/* The same as _new, and from a row (docs/formats.md): name, model, prep, settings, accuracy; its other numbers become
 * metrics, its history history. `row` is borrowed. */
json_t *ten_record_of_row(const char *kind, const json_t *row, const struct options *options,
                          const struct ten_data *data, double seconds);

/* Adds a run (stolen; NULL is out of memory) below `parent`, unless that is 0. Nothing happens without a store. */
enum ten_status ten_record_add(struct ten_store *store, json_t *run, int64_t parent, int64_t *id,
                               struct ten_error *error);

/* The row of a command that is about to end, its store opened and closed; a failure is a message and nothing more, as
 * the work is done. */
void ten_record_row(const char *kind, const json_t *row, const struct options *options, const struct ten_data *data,
                    double seconds);

#endif
