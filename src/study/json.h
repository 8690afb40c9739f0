/* Results as JSON, in the shapes that docs/formats.md gives. Every function returns a new reference, or NULL when
 * memory is short. */
#ifndef TEN_STUDY_JSON_H
#define TEN_STUDY_JSON_H

#include "tenfold.h"

#include <jansson.h>

/* A text that may come from outside, such as a path: what JSON cannot hold becomes '?' (ten_clean_text). */
json_t *ten_json_text(const char *text);

/* A number, or null if it is not finite. */
json_t *ten_json_real(double value);

/* The same, to six digits behind the point. */
json_t *ten_json_real_6(double value);

json_t *ten_json_size(size_t value);

json_t *ten_json_reals(const double *values, size_t count);
json_t *ten_json_sizes(const size_t *values, size_t count);

/* What was built, or NULL, giving it back, if any part of that failed: the last line of what makes a document. */
json_t *ten_json_whole(json_t *json, int failed);

/* A grey picture as a PNG data URI. */
json_t *ten_json_picture(const uint8_t *pixels, size_t height, size_t width);

/* The same of real values: round(value * 255 / top), clipped to 0..255; top 0: the largest value becomes 255. */
json_t *ten_json_picture_of(const double *values, size_t height, size_t width, double top);

/* The metrics' members of a row: accuracy, accuracy_low, accuracy_high, precision, recall, f1, log_loss, auc. */
json_t *ten_json_metrics(const struct ten_metrics *metrics);

/* Members of an evaluation: per_class, weighted, confusion, roc (curves thinned to at most 200 points), mistakes (the
 * `mistakes` wrongly labelled images of which the model was surest). `dataset` has labels; probabilities
 * [count x TEN_CLASSES]. */
json_t *ten_json_evaluation(const struct ten_metrics *metrics, const struct ten_dataset *dataset,
                            const float *probabilities, const char *const class_names[TEN_CLASSES], size_t mistakes);

/* History as {"names":[...],"rows":[[...]]}. */
json_t *ten_json_history(const struct ten_history *history);

/* One member of "sets" of `explore --json`. */
json_t *ten_json_exploration(const struct ten_exploration *exploration, const struct ten_dataset *dataset,
                             const char *name);

#endif
