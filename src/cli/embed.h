/* An embedding as the document that `embed --json` prints. */
#ifndef TEN_CLI_EMBED_H
#define TEN_CLI_EMBED_H

#include "tenfold.h"

#include <jansson.h>

/* The document of docs/formats.md for these features; `data`, `on`, `what` and `prep` are put in as they are. NULL
 * after a failure, which *status and *error tell. */
json_t *ten_embed_json(const struct ten_features *features, const uint8_t *labels, const char *data, const char *on,
                       const char *what, const char *prep, double perplexity, size_t iterations,
                       const struct ten_run *run, enum ten_status *status, struct ten_error *error);

/* Where `embed` can write to: whether a path ends in .json, .csv or .png. */
bool ten_embed_path_known(const char *path);

/* Writes such a document into a file by its ending: itself, a table of the points, or a picture of them. */
enum ten_status ten_embed_write(const json_t *document, const char *path, struct ten_error *error);

#endif
