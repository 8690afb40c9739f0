/* Before-and-after pictures of a preprocessing chain. */
#ifndef TEN_CLI_PREVIEW_H
#define TEN_CLI_PREVIEW_H

#include "tenfold.h"

#include <jansson.h>

/* One member of "chains" in preprocess.json (docs/formats.md): a new reference in *out. */
enum ten_status ten_preview_chain(const struct ten_dataset *train, const char *prep, json_t **out,
                                  const struct ten_run *run, struct ten_error *error);

#endif
