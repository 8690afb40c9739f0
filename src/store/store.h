/* The run database: one SQLite file with a row for every fit, fold, trial and evaluation. A run is a JSON object with
 * the members below; what is written is on disk when the call returns, so that a program that is killed loses nothing
 * that was finished. */
#ifndef TEN_STORE_STORE_H
#define TEN_STORE_STORE_H

#include "tenfold.h"

#include <jansson.h>

/* Members of a run. Texts: kind ("train", "crossval", "fold", "tune", "trial", "evaluation", "embed"), name, model,
 * prep, data (name), checksum (of the data it was fitted on), version, kernels, started (UTC, ISO 8601), state ("done",
 * "failed", "pruned", "running"), identity (what makes it the same run as another: unique within its parent). Numbers:
 * id, parent (id of the run it belongs to), seed, threads, seconds, accuracy. Objects: settings, metrics, history. All
 * but `kind` may be missing; `started` is then now, `state` "done". */

/* The kinds that commands keep, for people. */
#define TEN_RUN_KINDS "train, crossval, fold, tune, trial, evaluation"

struct ten_store;

/* Opens or makes the file. TEN_FORMAT if it is another database or of a later version; TEN_IO if it cannot be opened.
 */
enum ten_status ten_store_open(struct ten_store **out, const char *path, struct ten_error *error);
void ten_store_close(struct ten_store *store);

/* Adds a run (borrowed). *id (may be NULL) gets its number. TEN_INVALID for an identity that its parent has already. */
enum ten_status ten_store_add(struct ten_store *store, const json_t *run, int64_t *id, struct ten_error *error);
/* Sets the members that `changes` (borrowed) has. TEN_NOT_FOUND if there is no such run. */
enum ten_status ten_store_update(struct ten_store *store, int64_t id, const json_t *changes, struct ten_error *error);
/* One run, a new reference. TEN_NOT_FOUND if there is none. */
enum ten_status ten_store_get(struct ten_store *store, int64_t id, json_t **run, struct ten_error *error);

/* Which runs; a member that is NULL, or 0, leaves all through. */
struct ten_store_filter {
    const char *kind, *model, *identity;
    int64_t parent;
    size_t latest; /* only so many, the newest */
};
/* The runs in the order in which they were added, without history; an array, a new reference. */
enum ten_status ten_store_list(struct ten_store *store, const struct ten_store_filter *filter, json_t **runs,
                               struct ten_error *error);

#endif
