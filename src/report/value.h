/* Reading JSON that may be anything: every access checks type and range, knows its file and path for the message, and
 * after a first failure gives harmless values, so that a page can be written straight from a document and the outcome
 * be looked at once, at the end. */
#ifndef TEN_REPORT_VALUE_H
#define TEN_REPORT_VALUE_H

#include "tenfold.h"

#include <jansson.h>

/* Whether all went well so far. The first failure stays. */
struct ten_outcome {
    enum ten_status status;
    struct ten_error *error;
};

/* A JSON file. `root` is NULL until it is loaded, and stays so if an optional file is missing. */
struct ten_source {
    struct ten_outcome *outcome;
    json_t *root;
    char name[192]; /* as messages show it: "evaluate/knn.json" */
};

/* A place in a file. */
struct ten_value {
    struct ten_source *source;
    json_t *json; /* borrowed; NULL after a failure */
    char path[128];
};

/* Loads folder/name. A missing file is a failure only if `required`. */
void ten_source_load(struct ten_source *source, const char *folder, const char *name, bool required,
                     struct ten_outcome *outcome);
void ten_source_release(struct ten_source *source);
struct ten_value ten_source_root(struct ten_source *source);

/* Fails at `value`: "compare.json: rows[2].f1: expected ..., found ...". */
void ten_value_fail(const struct ten_value *value, const char *expected);

/* Steps down. Missing members and items are failures; ten_value_has asks first (null counts as missing). */
struct ten_value ten_value_member(const struct ten_value *object, const char *name);
struct ten_value ten_value_item(const struct ten_value *array, size_t index);
bool ten_value_has(const struct ten_value *object, const char *name);

/* The number of items of an array; `exactly`, unless 0, is how many it must have. */
size_t ten_value_length(const struct ten_value *array, size_t exactly);

double ten_value_number(const struct ten_value *value, double low, double high);
/* null gives NAN */
double ten_value_number_or_nan(const struct ten_value *value, double low, double high);
size_t ten_value_count(const struct ten_value *value);
const char *ten_value_text(const struct ten_value *value);
/* A text of 1 to 63 bytes, which is what the name of a class or a column may have. */
const char *ten_value_label(const struct ten_value *value);
bool ten_value_truth(const struct ten_value *value);
/* A data URI that holds a PNG and nothing that could end an attribute. */
const char *ten_value_picture(const struct ten_value *value);
/* A text that is safe as part of a file's name. */
const char *ten_value_name(const struct ten_value *value);

/* Member and value in one. */
double ten_member_number(const struct ten_value *object, const char *name, double low, double high);
double ten_member_number_or_nan(const struct ten_value *object, const char *name, double low, double high);
size_t ten_member_count(const struct ten_value *object, const char *name);
const char *ten_member_text(const struct ten_value *object, const char *name);
const char *ten_member_picture(const struct ten_value *object, const char *name);
/* Reads an array of numbers into `out`; it must have `exactly` so many, or with 0 at most `most`. Gives how many. */
size_t ten_member_numbers(const struct ten_value *object, const char *name, double *out, size_t most, size_t exactly,
                          double low, double high);

#endif
