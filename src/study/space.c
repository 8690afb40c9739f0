/* What a search goes over: a list of values or a range for each of some parameters of a model, read from the command
 * line's words or from JSON. Values are checked against the model's own table, so that no trial can fail for a word. */
#include "study/space.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/model.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void ten_space_free(struct ten_space *space) {
    if (!space) return;
    for (size_t d = 0; d < space->count; d++) {
        struct ten_dimension *dimension = &space->dimensions[d];
        for (size_t v = 0; v < dimension->value_count; v++) free((char *)dimension->values[v]);
        free((void *)dimension->values);
    }
    free(space);
}

size_t ten_space_count(const struct ten_space *space) { return space->count; }

const struct ten_dimension *ten_space_at(const struct ten_space *space, size_t i) {
    return i < space->count ? &space->dimensions[i] : NULL;
}

size_t ten_space_points(const struct ten_space *space) {
    size_t points = 1;
    for (size_t d = 0; d < space->count; d++) {
        size_t values = space->dimensions[d].value_count;
        if (values && points > SIZE_MAX / values) return SIZE_MAX;
        points *= values;
    }
    return points;
}

/* ---- Building --------------------------------------------------------------------------------------------------- */

struct builder {
    struct ten_space *space;
    const struct ten_model_description *model;
    const char *where; /* for messages: "--grid" or a file */
};

static enum ten_status begin(struct builder *builder, const char *model, const char *where, struct ten_error *error) {
    const struct ten_model_type *type = ten_model_find(model);
    *builder = (struct builder){.model = type ? &type->about : NULL, .where = where};
    if (!type) return ten_fail(error, TEN_INVALID, "%s: there is no model \"%s\"", where, model);
    builder->space = calloc(1, sizeof *builder->space);
    return builder->space ? TEN_OK : ten_fail_memory(error, "the space");
}

static const struct ten_parameter *find_parameter(const struct builder *builder, const char *name) {
    for (size_t p = 0; p < builder->model->parameter_count; p++)
        if (strcmp(builder->model->parameters[p].name, name) == 0) return &builder->model->parameters[p];
    return NULL;
}

static enum ten_status add_dimension(struct builder *builder, const char *name, struct ten_dimension **out,
                                     struct ten_error *error) {
    struct ten_space *space = builder->space;
    if (!find_parameter(builder, name)) {
        char known[768] = "";
        for (size_t p = 0; p < builder->model->parameter_count; p++) {
            size_t length = strlen(known);
            snprintf(known + length, sizeof known - length, "%s%s", p ? ", " : "", builder->model->parameters[p].name);
        }
        return ten_fail(error, TEN_INVALID, "%s: %s has no parameter \"%s\"; it has %s", builder->where,
                        builder->model->name, name, known);
    }
    for (size_t d = 0; d < space->count; d++)
        if (strcmp(space->dimensions[d].name, name) == 0)
            return ten_fail(error, TEN_INVALID, "%s: %s stands there twice", builder->where, name);
    if (space->count == TEN_MAX_DIMENSIONS)
        return ten_fail(error, TEN_INVALID, "%s: more than %d parameters", builder->where, TEN_MAX_DIMENSIONS);
    *out = &space->dimensions[space->count++];
    snprintf((*out)->name, sizeof(*out)->name, "%s", name);
    return TEN_OK;
}

/* Whether the model takes the value: the pipeline's own check, whose message it gives. */
static enum ten_status check_value(const struct builder *builder, const char *name, const char *value,
                                   struct ten_error *error) {
    char setting[192];
    const char *settings[] = {setting};
    struct ten_pipeline *pipeline;
    struct ten_error why;
    snprintf(setting, sizeof setting, "%s=%s", name, value);
    enum ten_status status = ten_pipeline_new(&pipeline, builder->model->name, NULL, settings, 1, &why);
    if (status != TEN_OK) return ten_fail(error, status, "%s: %s", builder->where, why.message);
    ten_pipeline_free(pipeline);
    return TEN_OK;
}

static enum ten_status add_value(struct builder *builder, struct ten_dimension *dimension, const char *value,
                                 struct ten_error *error) {
    enum ten_status status = check_value(builder, dimension->name, value, error);
    if (status != TEN_OK) return status;
    for (size_t v = 0; v < dimension->value_count; v++)
        if (strcmp(dimension->values[v], value) == 0)
            return ten_fail(error, TEN_INVALID, "%s: %s: %s stands there twice", builder->where, dimension->name,
                            value);
    const char **more = ten_realloc((void *)dimension->values, dimension->value_count + 1, sizeof *more);
    if (more) dimension->values = more;
    char *copy = more ? strdup(value) : NULL;
    if (!copy) return ten_fail_memory(error, "the space");
    more[dimension->value_count++] = copy;
    return TEN_OK;
}

static enum ten_status set_range(struct builder *builder, struct ten_dimension *dimension, double low, double high,
                                 bool logarithmic, struct ten_error *error) {
    const struct ten_parameter *parameter = find_parameter(builder, dimension->name);
    if (parameter->type != TEN_INTEGER && parameter->type != TEN_REAL)
        return ten_fail(error, TEN_INVALID, "%s: %s takes words; a range is for numbers", builder->where,
                        dimension->name);
    if (!(low < high) || (logarithmic && low <= 0))
        return ten_fail(error, TEN_INVALID, "%s: %s: the range %g..%g; expected the lower end first%s", builder->where,
                        dimension->name, low, high, logarithmic ? ", above 0 on a log scale" : "");
    *dimension = (struct ten_dimension){
        .low = low, .high = high, .logarithmic = logarithmic, .integer = parameter->type == TEN_INTEGER};
    snprintf(dimension->name, sizeof dimension->name, "%s", parameter->name);
    const double ends[] = {low, high};
    enum ten_status status = TEN_OK;
    for (int i = 0; i < 2 && status == TEN_OK; i++) {
        char text[64];
        ten_format_real(text, sizeof text, ends[i]);
        status = check_value(builder, dimension->name, text, error);
    }
    return status;
}

static enum ten_status finish(struct builder *builder, enum ten_status status, struct ten_space **out,
                              struct ten_error *error) {
    if (status == TEN_OK && builder->space->count == 0)
        status = ten_fail(error, TEN_INVALID, "%s: no parameter to search", builder->where);
    if (status == TEN_OK)
        *out = builder->space;
    else
        ten_space_free(builder->space);
    return status;
}

/* ---- Words ------------------------------------------------------------------------------------------------------ */

/* "LOW..HIGH" or "LOW..HIGH:log"; false if the text is something else. */
static bool read_range(const char *text, double *low, double *high, bool *logarithmic) {
    const char *dots = strstr(text, "..");
    char first[64], second[64];
    if (!dots || (size_t)(dots - text) >= sizeof first) return false;
    snprintf(first, sizeof first, "%.*s", (int)(dots - text), text);
    snprintf(second, sizeof second, "%s", dots + 2);
    char *colon = strchr(second, ':');
    *logarithmic = colon && strcmp(colon, ":log") == 0;
    if (colon && !*logarithmic) return false;
    if (colon) *colon = '\0';
    return ten_parse_real(first, low) && ten_parse_real(second, high);
}

static enum ten_status read_values(struct builder *builder, struct ten_dimension *dimension, const char *text,
                                   struct ten_error *error) {
    double low, high;
    bool logarithmic;
    if (read_range(text, &low, &high, &logarithmic))
        return set_range(builder, dimension, low, high, logarithmic, error);
    enum ten_status status = TEN_OK;
    while (status == TEN_OK) {
        size_t length = strcspn(text, ",");
        char value[128];
        if (length == 0 || length >= sizeof value)
            return ten_fail(error, TEN_INVALID, "%s: %s: expected values with commas between, or LOW..HIGH",
                            builder->where, dimension->name);
        snprintf(value, sizeof value, "%.*s", (int)length, text);
        status = add_value(builder, dimension, value, error);
        if (!text[length]) break;
        text += length + 1;
    }
    return status;
}

enum ten_status ten_space_parse(struct ten_space **out, const char *text, const char *model, struct ten_error *error) {
    *out = NULL;
    struct builder builder;
    enum ten_status status = begin(&builder, model, "--grid", error);
    char *copy = status == TEN_OK ? strdup(text) : NULL, *rest = NULL;
    if (status == TEN_OK && !copy) status = ten_fail_memory(error, "the space");
    for (char *word = copy ? strtok_r(copy, " \t\n", &rest) : NULL; word && status == TEN_OK;
         word = strtok_r(NULL, " \t\n", &rest)) {
        char *equals = strchr(word, '=');
        struct ten_dimension *dimension;
        if (!equals) {
            status =
                ten_fail(error, TEN_INVALID, "--grid: \"%s\": expected NAME=VALUE[,VALUE...] or NAME=LOW..HIGH", word);
            break;
        }
        *equals = '\0';
        status = add_dimension(&builder, word, &dimension, error);
        if (status == TEN_OK) status = read_values(&builder, dimension, equals + 1, error);
    }
    free(copy);
    return finish(&builder, status, out, error);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static enum ten_status read_item(struct builder *builder, struct ten_dimension *dimension, const json_t *item,
                                 struct ten_error *error) {
    char text[64];
    if (json_is_string(item)) return add_value(builder, dimension, json_string_value(item), error);
    if (json_is_boolean(item)) return add_value(builder, dimension, json_is_true(item) ? "true" : "false", error);
    if (!json_is_number(item))
        return ten_fail(error, TEN_INVALID, "%s: %s: expected numbers and texts", builder->where, dimension->name);
    ten_format_real(text, sizeof text, json_number_value(item));
    return add_value(builder, dimension, text, error);
}

static enum ten_status read_member(struct builder *builder, struct ten_dimension *dimension, const json_t *member,
                                   struct ten_error *error) {
    const json_t *low = json_object_get(member, "low"), *high = json_object_get(member, "high");
    if (json_is_number(low) && json_is_number(high))
        return set_range(builder, dimension, json_number_value(low), json_number_value(high),
                         json_is_true(json_object_get(member, "log")), error);
    if (!json_is_array(member) || json_array_size(member) == 0)
        return ten_fail(error, TEN_INVALID, "%s: %s: expected a list of values, or {\"low\", \"high\", \"log\"}",
                        builder->where, dimension->name);
    enum ten_status status = TEN_OK;
    for (size_t i = 0; i < json_array_size(member) && status == TEN_OK; i++)
        status = read_item(builder, dimension, json_array_get(member, i), error);
    return status;
}

enum ten_status ten_space_parse_json(struct ten_space **out, const char *text, const char *name, const char *model,
                                     struct ten_error *error) {
    *out = NULL;
    struct builder builder;
    json_error_t why;
    json_t *document = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(document)) {
        json_decref(document);
        return ten_fail(error, TEN_FORMAT, "%s: %s; expected a JSON object of parameters", name,
                        document ? "another JSON value" : why.text);
    }
    enum ten_status status = begin(&builder, model, name, error);
    const char *key;
    json_t *member;
    json_object_foreach(document, key, member) {
        struct ten_dimension *dimension;
        if (status != TEN_OK) break;
        status = add_dimension(&builder, key, &dimension, error);
        if (status == TEN_OK) status = read_member(&builder, dimension, member, error);
    }
    json_decref(document);
    return finish(&builder, status, out, error);
}
