/* Checked access to JSON documents, with a first failure that sticks. */
#include "report/value.h"

#include "base/error.h"
#include "base/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 1 << 28 };

static const char *type_words(const json_t *json) {
    if (!json) return "nothing";
    switch (json_typeof(json)) {
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "an array";
    case JSON_STRING: return "a text";
    case JSON_INTEGER:
    case JSON_REAL: return "a number";
    case JSON_TRUE:
    case JSON_FALSE: return "true or false";
    case JSON_NULL: break;
    }
    return "null";
}

void ten_source_load(struct ten_source *source, const char *folder, const char *name, bool required,
                     struct ten_outcome *outcome) {
    *source = (struct ten_source){.outcome = outcome};
    snprintf(source->name, sizeof source->name, "%s", name);
    if (outcome->status != TEN_OK) return;
    char path[4096];
    outcome->status = ten_path_join(path, sizeof path, folder, name, outcome->error);
    if (outcome->status != TEN_OK || (!required && !ten_file_exists(path))) return;

    uint8_t *bytes;
    size_t size;
    outcome->status = ten_file_read(path, FILE_LIMIT, &bytes, &size, outcome->error);
    if (outcome->status == TEN_NOT_FOUND) {
        outcome->status = ten_fail(outcome->error, TEN_NOT_FOUND, "%s: missing; `tenfold study` writes it", path);
    }
    if (outcome->status != TEN_OK) return;
    json_error_t where;
    source->root = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, &where);
    free(bytes);
    if (!source->root)
        outcome->status = ten_fail(outcome->error, TEN_FORMAT, "%s: line %d, column %d: no valid JSON: %s", path,
                                   where.line, where.column, where.text);
}

void ten_source_release(struct ten_source *source) {
    json_decref(source->root);
    source->root = NULL;
}

struct ten_value ten_source_root(struct ten_source *source) {
    return (struct ten_value){.source = source, .json = source->outcome->status == TEN_OK ? source->root : NULL};
}

void ten_value_fail(const struct ten_value *value, const char *expected) {
    struct ten_outcome *outcome = value->source->outcome;
    if (outcome->status != TEN_OK) return;
    char found[96];
    const json_t *json = value->json;
    if (json_is_string(json)) {
        snprintf(found, sizeof found, "\"%.60s\"", json_string_value(json));
    } else if (json_is_number(json)) {
        snprintf(found, sizeof found, "%g", json_number_value(json));
    } else {
        snprintf(found, sizeof found, "%s", type_words(json));
    }
    outcome->status = ten_fail(outcome->error, TEN_FORMAT, "%s: %s: expected %s, found %s", value->source->name,
                               *value->path ? value->path : "the document", expected, found);
}

/* The value below `parent`, or one that gives harmless answers if anything failed before. */
static struct ten_value below(const struct ten_value *parent, json_t *json) {
    struct ten_value value = {.source = parent->source};
    if (parent->source->outcome->status == TEN_OK) value.json = json;
    return value;
}

struct ten_value ten_value_member(const struct ten_value *object, const char *name) {
    if (object->json && !json_is_object(object->json)) ten_value_fail(object, "an object");
    struct ten_value value = below(object, json_object_get(object->json, name));
    snprintf(value.path, sizeof value.path, "%.90s%s%.36s", object->path, *object->path ? "." : "", name);
    if (!value.json) ten_value_fail(&value, "this member");
    return value;
}

struct ten_value ten_value_item(const struct ten_value *array, size_t index) {
    if (array->json && !json_is_array(array->json)) ten_value_fail(array, "an array");
    struct ten_value value = below(array, json_array_get(array->json, index));
    snprintf(value.path, sizeof value.path, "%.100s[%zu]", array->path, index);
    if (!value.json) ten_value_fail(&value, "this item");
    return value;
}

bool ten_value_has(const struct ten_value *object, const char *name) {
    const json_t *json = json_object_get(object->json, name);
    return json && !json_is_null(json);
}

size_t ten_value_length(const struct ten_value *array, size_t exactly) {
    if (!json_is_array(array->json)) {
        ten_value_fail(array, "an array");
        return 0;
    }
    size_t length = json_array_size(array->json);
    if (exactly && length != exactly) {
        struct ten_outcome *outcome = array->source->outcome;
        if (outcome->status == TEN_OK)
            outcome->status = ten_fail(outcome->error, TEN_FORMAT, "%s: %s: expected %zu items, found %zu",
                                       array->source->name, array->path, exactly, length);
        return 0;
    }
    return length;
}

double ten_value_number(const struct ten_value *value, double low, double high) {
    double number = json_is_number(value->json) ? json_number_value(value->json) : NAN;
    if (number >= low && number <= high) return number;
    char expected[96];
    if (high > 1e300) {
        snprintf(expected, sizeof expected, low < -1e300 ? "a number" : "a number from %g up", low);
    } else {
        snprintf(expected, sizeof expected, "a number from %g to %g", low, high);
    }
    ten_value_fail(value, expected);
    return low < -1e300 ? 0 : low;
}

double ten_value_number_or_nan(const struct ten_value *value, double low, double high) {
    return json_is_null(value->json) ? NAN : ten_value_number(value, low, high);
}

size_t ten_value_count(const struct ten_value *value) {
    json_int_t number = json_is_integer(value->json) ? json_integer_value(value->json) : -1;
    if (number >= 0) return (size_t)number;
    ten_value_fail(value, "a whole number from 0 up");
    return 0;
}

const char *ten_value_text(const struct ten_value *value) {
    if (json_is_string(value->json)) return json_string_value(value->json);
    ten_value_fail(value, "a text");
    return "";
}

const char *ten_value_label(const struct ten_value *value) {
    const char *text = ten_value_text(value);
    if (*text && strlen(text) <= 63) return text;
    ten_value_fail(value, "a text of 1 to 63 bytes");
    return "?";
}

bool ten_value_truth(const struct ten_value *value) {
    if (json_is_boolean(value->json)) return json_is_true(value->json);
    ten_value_fail(value, "true or false");
    return false;
}

const char *ten_value_picture(const struct ten_value *value) {
    static const char head[] = "data:image/png;base64,";
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    const char *text = json_is_string(value->json) ? json_string_value(value->json) : "";
    if (strncmp(text, head, sizeof head - 1) == 0) {
        const char *base64 = text + sizeof head - 1;
        if (*base64 && !base64[strspn(base64, letters)]) return text;
    }
    ten_value_fail(value, "a PNG picture as a data URI");
    return "data:,";
}

const char *ten_value_name(const struct ten_value *value) {
    const char *text = ten_value_text(value);
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-_.,=";
    size_t length = strlen(text);
    if (length && length <= 128 && *text != '.' && strspn(text, letters) == length) return text;
    ten_value_fail(value, "a name of letters, digits and + - _ . , =");
    return "invalid";
}

double ten_member_number(const struct ten_value *object, const char *name, double low, double high) {
    struct ten_value value = ten_value_member(object, name);
    return ten_value_number(&value, low, high);
}

double ten_member_number_or_nan(const struct ten_value *object, const char *name, double low, double high) {
    struct ten_value value = ten_value_member(object, name);
    return ten_value_number_or_nan(&value, low, high);
}

size_t ten_member_count(const struct ten_value *object, const char *name) {
    struct ten_value value = ten_value_member(object, name);
    return ten_value_count(&value);
}

const char *ten_member_text(const struct ten_value *object, const char *name) {
    struct ten_value value = ten_value_member(object, name);
    return ten_value_text(&value);
}

const char *ten_member_picture(const struct ten_value *object, const char *name) {
    struct ten_value value = ten_value_member(object, name);
    return ten_value_picture(&value);
}

size_t ten_member_numbers(const struct ten_value *object, const char *name, double *out, size_t most, size_t exactly,
                          double low, double high) {
    struct ten_value array = ten_value_member(object, name);
    size_t count = ten_value_length(&array, exactly);
    if (count > most) {
        char expected[64];
        snprintf(expected, sizeof expected, "at most %zu items", most);
        ten_value_fail(&array, expected);
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        struct ten_value item = ten_value_item(&array, i);
        out[i] = ten_value_number(&item, low, high);
    }
    return count;
}
