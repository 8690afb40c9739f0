/* The exploration as a JSON document, for `explore` and `study`. */
#ifndef TEN_CLI_EXPLORE_H
#define TEN_CLI_EXPLORE_H

#include "tenfold.h"

#include <jansson.h>

/* As `explore --json` prints it (docs/formats.md): a new reference, or NULL and *status. */
json_t *ten_explore_json(const struct ten_data *data, const struct ten_run *run, enum ten_status *status,
                         struct ten_error *error);

#endif
