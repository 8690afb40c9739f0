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

/* Bytes as an array of numbers; as one text in base64. */
json_t *ten_json_bytes(const uint8_t *bytes, size_t count);
json_t *ten_json_base64(const void *bytes, size_t size);

/* The bytes of a PNG file as a data URI. */
json_t *ten_json_png(const uint8_t *png, size_t size);

/* A grey picture as a PNG data URI. */
json_t *ten_json_picture(const uint8_t *pixels, size_t height, size_t width);

/* The same of real values: round(value * 255 / top), clipped to 0..255; top 0: the largest value becomes 255. */
json_t *ten_json_picture_of(const double *values, size_t height, size_t width, double top);

/* The metrics' members of a row: accuracy, accuracy_low, accuracy_high, precision, recall, f1, log_loss, auc,
 * kappa, mcc, top2_accuracy, top3_accuracy, brier, ece. */
json_t *ten_json_metrics(const struct ten_metrics *metrics);

/* Members of an evaluation: per_class, weighted, confusion, roc and pr (curves thinned to at most 200 points),
 * calibration, without_rejected, predicted, confidence, mistakes (the `mistakes` wrongly labelled images of which the
 * model was surest). `dataset` has labels; probabilities [count x TEN_CLASSES]. */
json_t *ten_json_evaluation(const struct ten_metrics *metrics, const struct ten_dataset *dataset,
                            const float *probabilities, const char *const class_names[TEN_CLASSES], size_t mistakes);

/* History as {"names":[...],"rows":[[...]]}. */
json_t *ten_json_history(const struct ten_history *history);

/* What a model read in a picture: {"model","microseconds","number","digits":[...]} as docs/api.md has it. A digit that
 * is none (label -1) is "?" in `number`. readings[digits->count]. `seen`: with the 784 bytes of each digit. */
json_t *ten_json_reading(const char *model, double microseconds, const struct ten_digits *digits,
                         const struct ten_reading *readings, bool seen);

/* Members "scale" and "values", signed bytes in base64: value = byte / 127 * scale. Not 0: memory is short. */
int ten_json_set_signed(json_t *object, const float *values, size_t count);
/* Members "height", "width", "channels", "low", "high" and "values", bytes in base64, channel by channel: value = low +
 * byte / 255 * (high - low). Of the first of `maps`, which is not empty. Not 0: memory is short. */
int ten_json_set_maps(json_t *object, const struct ten_maps *maps);
/* The filters of a network's first layer with weights, as docs/api.md has them, as many as fit into `most` bytes; null
 * if it is no network, or what that layer sees is no picture. */
json_t *ten_json_filters(const struct ten_pipeline *pipeline, size_t most);

/* significance.json: McNemar's test between all pairs of `evaluations`, documents that have "name" and "predicted", the
 * labels that were given to the same `count` images. NULL also if one of them has not, or labels other images. */
json_t *ten_significance_json(const json_t *evaluations, const uint8_t *labels, size_t count);

/* suspects.json: training images whose given label the models doubt. `train` has labels; probabilities[models] hold
 * train->count x TEN_CLASSES finite values each, which must come from models that had not seen the image: those of
 * cross-validation, out of fold. At most `most` digits are told. */
json_t *ten_suspects_json(const struct ten_dataset *train, const float *const *probabilities, const char *const *names,
                          size_t models, size_t most);

/* One member of "sets" of `explore --json`, up to its "out_of_range". */
json_t *ten_json_exploration(const struct ten_exploration *exploration, const struct ten_dataset *dataset,
                             const char *name);

/* Its other members: "typical" or "atypical", "prototypes", "noise"; classes without images are left out. */
json_t *ten_json_typical(const struct ten_typical typical[TEN_CLASSES], const struct ten_dataset *dataset,
                         bool atypical);
json_t *ten_json_prototypes(const struct ten_prototypes prototypes[TEN_CLASSES], size_t height, size_t width);
json_t *ten_json_noise(const struct ten_noise noise[TEN_CLASSES]);

/* "between" and "contrasts" of `explore --json`: images that are in both sets; the average images of each two classes
 * that there are, their differences in colours of one scale. */
json_t *ten_json_between(const struct ten_duplicates *duplicates, const struct ten_dataset *train,
                         const struct ten_dataset *test);
json_t *ten_json_contrasts(const struct ten_exploration *exploration);

#endif
