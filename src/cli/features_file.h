/* Rows of real numbers with their labels as a file, for other tools. */
#ifndef TEN_CLI_FEATURES_FILE_H
#define TEN_CLI_FEATURES_FILE_H

#include "data/batch.h"

#include <jansson.h>

/* CSV: `label,pixel_0,...`, or `label,feature_0,...` where columns are no pixels; numbers read back as the same floats.
 * Ctrl-C stops it. */
enum ten_status ten_write_csv(const char *path, const struct ten_batch *batch, const uint8_t *labels,
                              struct ten_error *error);

/* Whether a path ends in .csv, .csv.gz or .safetensors. */
bool ten_features_path_known(const char *path);

/* Writes that CSV or, by the path's ending, safetensors: `features` [rows x columns] and `labels` [rows], and the texts
 * of `metadata`. */
enum ten_status ten_write_features(const char *path, const struct ten_features *features, const uint8_t *labels,
                                   const json_t *metadata, struct ten_error *error);

#endif
