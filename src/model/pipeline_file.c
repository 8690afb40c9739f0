/* Model files: tensors under "model." and "stepN.", all else as text in the safetensors metadata (docs/formats.md).
 * Loading trusts nothing: the pipeline is made anew from the names in the metadata, as if a user had typed them, and
 * every tensor must have the shape that this pipeline gives it. */
#include "base/error.h"
#include "base/text.h"
#include "model/pipeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "tenfold 1"

/* ---- Saving --------------------------------------------------------------------------------------------------- */

/* Each of these is NULL when memory is short. */
static json_t *whole(json_t *value, bool good) {
    if (good) return value;
    json_decref(value);
    return NULL;
}

static json_t *settings_json(const struct ten_pipeline *p) {
    json_t *object = json_object();
    bool good = object != NULL;
    for (size_t i = 0; i < p->type->about.parameter_count; i++) {
        const char *value = strchr(p->settings[i], '=') + 1;
        good = json_object_set_new(object, p->type->about.parameters[i].name, json_string(value)) == 0 && good;
    }
    return whole(object, good);
}

static json_t *classes_json(const struct ten_pipeline *p) {
    json_t *classes = json_array();
    bool good = classes != NULL;
    for (int c = 0; c < TEN_CLASSES; c++)
        good = json_array_append_new(classes, json_string(p->class_names[c])) == 0 && good;
    return whole(classes, good);
}

/* Times would make each file another. */
static bool saved(const struct ten_history *history, size_t j) { return strcmp(history->names[j], "seconds") != 0; }

static json_t *history_json(const struct ten_history *history) {
    json_t *names = json_array(), *rows = json_array();
    bool good = names && rows;
    for (size_t j = 0; j < history->columns; j++)
        if (saved(history, j)) good = json_array_append_new(names, json_string(history->names[j])) == 0 && good;
    for (size_t i = 0; i < history->rows; i++) {
        json_t *row = json_array();
        for (size_t j = 0; j < history->columns; j++)
            if (saved(history, j))
                good = json_array_append_new(row, json_real(history->values[i * history->columns + j])) == 0 && good;
        good = json_array_append_new(rows, row) == 0 && good;
    }
    return whole(json_pack("{s:o, s:o}", "names", names, "rows", rows), good);
}

/* Puts a JSON value into the metadata as text; takes the value over. */
static bool put(json_t *metadata, const char *key, json_t *value) {
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    json_decref(value);
    bool good = text && json_object_set_new(metadata, key, json_string(text)) == 0;
    free(text);
    return good;
}

static bool put_text(json_t *metadata, const char *key, const char *text) {
    return json_object_set_new(metadata, key, json_string(text)) == 0;
}

static enum ten_status describe(const struct ten_pipeline *p, json_t *metadata, struct ten_error *error) {
    char checksum[16];
    snprintf(checksum, sizeof checksum, "%08" PRIx32, p->train_checksum);
    bool good = put_text(metadata, "format", FORMAT) && put_text(metadata, "version", p->version) &&
                put_text(metadata, "model", p->type->about.name) && put_text(metadata, "prep", p->chain.text) &&
                put(metadata, "parameters", settings_json(p)) && put(metadata, "classes", classes_json(p)) &&
                put(metadata, "image", json_pack("[I, I]", (json_int_t)p->height, (json_int_t)p->width)) &&
                put(metadata, "training",
                    json_pack("{s:I, s:s, s:I, s:b}", "count", (json_int_t)p->train_count, "checksum", checksum, "seed",
                              (json_int_t)p->seed, "converged", p->converged)) &&
                put(metadata, "history", history_json(&p->history));
    return good ? TEN_OK : ten_fail(error, TEN_NO_MEMORY, "the model's description cannot be put into words");
}

enum ten_status ten_pipeline_save(const struct ten_pipeline *pipeline, const char *path, struct ten_error *error) {
    if (!pipeline->fitted) return ten_fail(error, TEN_INVALID, "%s: the model has not been fitted yet", path);
    struct ten_tensors tensors = {.metadata = json_object()};
    enum ten_status status = tensors.metadata ? describe(pipeline, tensors.metadata, error)
                                              : ten_fail_memory(error, "the model's description");
    if (status == TEN_OK) status = ten_chain_save(&pipeline->chain, &tensors, error);
    snprintf(tensors.prefix, sizeof tensors.prefix, "model.");
    if (status == TEN_OK) status = pipeline->type->save(pipeline->state, &tensors, error);
    if (status == TEN_OK) status = ten_safetensors_write(&tensors, path, error);
    ten_tensors_release(&tensors);
    return status;
}

/* ---- Loading ---------------------------------------------------------------------------------------------------- */

/* The text under a metadata key, or NULL and an error. */
static const char *text_of(const struct ten_tensors *file, const char *key, enum ten_status *status,
                           struct ten_error *error) {
    const char *text = json_string_value(json_object_get(file->metadata, key));
    if (!text)
        *status = ten_fail(error, TEN_FORMAT, "%s: no \"%s\" in __metadata__; not a model that tenfold wrote",
                           file->path, key);
    return text;
}

/* The JSON value under a metadata key: a new reference, or NULL and an error. */
static json_t *json_of(const struct ten_tensors *file, const char *key, enum ten_status *status,
                       struct ten_error *error) {
    const char *text = text_of(file, key, status, error);
    json_error_t where;
    json_t *value = text ? json_loads(text, JSON_REJECT_DUPLICATES, &where) : NULL;
    if (text && !value)
        *status = ten_fail(error, TEN_FORMAT, "%s: __metadata__ \"%s\" is not JSON: %s", file->path, key, where.text);
    return value;
}

static enum ten_status wrong(const struct ten_tensors *file, const char *key, const char *expected,
                             struct ten_error *error) {
    return ten_fail(error, TEN_FORMAT, "%s: __metadata__ \"%s\" is wrong: expected %s", file->path, key, expected);
}

/* Makes the unfitted pipeline that the metadata names. */
static enum ten_status load_names(const struct ten_tensors *file, struct ten_pipeline **out, struct ten_error *error) {
    enum ten_status status = TEN_OK;
    const char *format = text_of(file, "format", &status, error);
    if (!format) return status;
    if (strncmp(format, "tenfold checkpoint", 18) == 0)
        return ten_fail(error, TEN_FORMAT,
                        "%s: is a checkpoint, no model; the command that wrote it goes on from it to one", file->path);
    if (strcmp(format, FORMAT) != 0)
        return ten_fail(error, TEN_FORMAT, "%s: format \"%s\", this version reads \"" FORMAT "\"", file->path, format);
    const char *model = text_of(file, "model", &status, error);
    const char *prep = model ? text_of(file, "prep", &status, error) : NULL;
    json_t *parameters = prep ? json_of(file, "parameters", &status, error) : NULL;
    if (!parameters) return status;
    char settings[TEN_MAX_PARAMETERS][TEN_SETTING];
    const char *list[TEN_MAX_PARAMETERS];
    size_t count = 0;
    const char *name;
    json_t *value;
    if (!json_is_object(parameters) || json_object_size(parameters) > TEN_MAX_PARAMETERS)
        status = wrong(file, "parameters", "an object of texts", error);
    json_object_foreach(parameters, name, value) {
        if (status != TEN_OK) break;
        int length = json_is_string(value)
                         ? snprintf(settings[count], sizeof settings[count], "%s=%s", name, json_string_value(value))
                         : -1;
        if (length < 0 || (size_t)length >= sizeof settings[count])
            status = wrong(file, "parameters", "an object of short texts", error);
        list[count] = settings[count];
        count++;
    }
    struct ten_error why = {.status = TEN_OK};
    if (status == TEN_OK && ten_pipeline_new(out, model, prep, list, count, &why) != TEN_OK)
        status = ten_fail(error, why.status == TEN_NO_MEMORY ? TEN_NO_MEMORY : TEN_FORMAT, "%s: %s", file->path,
                          why.message);
    json_decref(parameters);
    return status;
}

static enum ten_status load_classes(const struct ten_tensors *file, struct ten_pipeline *p, struct ten_error *error) {
    enum ten_status status = TEN_OK;
    json_t *classes = json_of(file, "classes", &status, error);
    if (!classes) return status;
    const char *names[TEN_CLASSES];
    bool good = json_array_size(classes) == TEN_CLASSES;
    for (size_t c = 0; good && c < TEN_CLASSES; c++) {
        names[c] = json_string_value(json_array_get(classes, c));
        good = names[c] && strlen(names[c]) < sizeof p->class_names[c];
    }
    status = good ? ten_pipeline_name_classes(p, names, error) : wrong(file, "classes", "ten short names", error);
    json_decref(classes);
    return status;
}

static enum ten_status load_training(const struct ten_tensors *file, struct ten_pipeline *p, struct ten_error *error) {
    enum ten_status status = TEN_OK;
    const char *version = text_of(file, "version", &status, error);
    json_t *image = version ? json_of(file, "image", &status, error) : NULL;
    json_t *training = image ? json_of(file, "training", &status, error) : NULL;
    if (training) {
        json_int_t height = 0, width = 0, count = 0, seed = 0;
        int converged = 0;
        const char *checksum = "";
        snprintf(p->version, sizeof p->version, "%s", version);
        ten_clean_text(p->version);
        if (json_unpack_ex(image, NULL, JSON_STRICT, "[I, I]", &height, &width) != 0 || height < 1 || width < 1 ||
            height > TEN_MAX_SIDE || width > TEN_MAX_SIDE)
            status = wrong(file, "image", "[height, width]", error);
        else if (json_unpack(training, "{s:I, s:s, s:I, s:b}", "count", &count, "checksum", &checksum, "seed", &seed,
                             "converged", &converged) != 0 ||
                 count < 1 || strspn(checksum, "0123456789abcdef") != 8 || strlen(checksum) != 8)
            status = wrong(file, "training", "count, checksum, seed and converged", error);
        p->height = (size_t)height;
        p->width = (size_t)width;
        p->train_count = (size_t)count;
        p->seed = (uint64_t)seed;
        p->train_checksum = (uint32_t)strtoul(checksum, NULL, 16);
        p->converged = converged;
    }
    json_decref(training);
    json_decref(image);
    return status;
}

/* One row of the history; false if it is not `columns` numbers. */
static bool read_row(const json_t *row, size_t columns, double *values) {
    if (!json_is_array(row) || json_array_size(row) != columns) return false;
    for (size_t j = 0; j < columns; j++) {
        const json_t *value = json_array_get(row, j);
        if (!json_is_number(value)) return false;
        values[j] = json_number_value(value);
    }
    return true;
}

static enum ten_status load_history(const struct ten_tensors *file, struct ten_pipeline *p, struct ten_error *error) {
    enum ten_status status = TEN_OK;
    json_t *history = json_of(file, "history", &status, error);
    if (!history) return status;
    const json_t *names = json_object_get(history, "names"), *rows = json_object_get(history, "rows");
    size_t columns = json_array_size(names);
    const char *name_list[8];
    bool good =
        json_is_array(names) && json_is_array(rows) && columns <= 8 && (columns > 0 || json_array_size(rows) == 0);
    for (size_t j = 0; good && j < columns; j++) {
        const char *name = json_string_value(json_array_get(names, j));
        good = name && strlen(name) < sizeof p->history_names[j];
        if (good) name_list[j] = strcpy(p->history_names[j], name);
        if (good) ten_clean_text(p->history_names[j]);
    }
    double row[8];
    for (size_t i = 0; good && status == TEN_OK && i < json_array_size(rows); i++) {
        good = read_row(json_array_get(rows, i), columns, row);
        if (good) status = ten_history_append(&p->history, columns, name_list, row, error);
    }
    if (!good) status = wrong(file, "history", "names and rows of numbers", error);
    json_decref(history);
    return status;
}

static enum ten_status load_tensors(struct ten_tensors *file, struct ten_pipeline *p, struct ten_error *error) {
    struct ten_shape input = {p->height * p->width, p->height, p->width};
    p->output = input;
    struct ten_error why = {.status = TEN_OK};
    if (ten_chain_reshape(&p->chain, &p->output, &why) != TEN_OK)
        return ten_fail(error, TEN_FORMAT, "%s: %s", file->path, why.message);
    enum ten_status status = ten_chain_load(&p->chain, &input, file, error);
    snprintf(file->prefix, sizeof file->prefix, "model.");
    if (status == TEN_OK) status = p->type->load(p->state, &p->values, &p->output, file, error);
    return status == TEN_OK ? ten_tensors_check_all_taken(file, error) : status;
}

enum ten_status ten_pipeline_load(struct ten_pipeline **out, const char *path, struct ten_error *error) {
    *out = NULL;
    struct ten_tensors file = {0};
    struct ten_pipeline *p = NULL;
    enum ten_status status = ten_safetensors_read(&file, path, error);
    if (status == TEN_OK) status = load_names(&file, &p, error);
    if (status == TEN_OK) status = load_classes(&file, p, error);
    if (status == TEN_OK) status = load_training(&file, p, error);
    if (status == TEN_OK) status = load_history(&file, p, error);
    if (status == TEN_OK) status = load_tensors(&file, p, error);
    ten_tensors_release(&file);
    if (status != TEN_OK) {
        ten_pipeline_free(p);
        return status;
    }
    p->fitted = true;
    *out = p;
    return TEN_OK;
}
