/* What several commands do: load the data, fit and measure a pipeline, turn it into a row. */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "study/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- Files ----------------------------------------------------------------------------------------------------- */

int ten_check_out(const char *path) {
    struct stat info;
    if (!path || (stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))) return DONE;
    struct ten_writer writer;
    struct ten_error error;
    if (ten_writer_open(&writer, path, &error) != TEN_OK) return ten_complain_error(&error);
    ten_writer_abandon(&writer);
    return DONE;
}

/* ---- Models --------------------------------------------------------------------------------------------------- */

void ten_settings_for(const struct options *options, const char *model, struct options *own) {
    *own = *options;
    own->setting_count = 0;
    for (size_t m = 0; ten_model_at(m); m++) {
        const struct ten_model_description *about = ten_model_at(m);
        if (strcmp(about->name, model) != 0) continue;
        for (size_t i = 0; i < options->setting_count; i++) {
            size_t length = strcspn(options->settings[i], "=");
            for (size_t p = 0; p < about->parameter_count; p++)
                if (strlen(about->parameters[p].name) == length &&
                    memcmp(about->parameters[p].name, options->settings[i], length) == 0)
                    own->settings[own->setting_count++] = options->settings[i];
        }
    }
}

/* Whether one of the models has the parameter that a setting names. */
static bool setting_used(const char *setting, char (*names)[96], size_t count) {
    struct options one = {.settings = {setting}, .setting_count = 1}, own;
    for (size_t i = 0; i < count; i++) {
        ten_settings_for(&one, names[i], &own);
        if (own.setting_count) return true;
    }
    return false;
}

bool ten_among_all(const struct options *options, const struct ten_model_description *model) {
    return !model->on_request || (options->net && strcmp(model->name, "network") == 0);
}

/* Appends `network` to the names given if there is --net. */
static void add_network(const struct options *options, char (*names)[96], size_t *count) {
    if (!options->net || !options->models || *count == MOST_MODELS) return;
    for (size_t i = 0; i < *count; i++)
        if (strcmp(names[i], "network") == 0) return;
    snprintf(names[(*count)++], sizeof *names, "network");
}

int ten_choose_model(const struct options *options, const char **model) {
    *model = options->argument_count ? options->arguments[0] : options->net ? "network" : NULL;
    if (!*model)
        return ten_complain(WRONG_USAGE, "expected `tenfold %s MODEL`, or --net; see `tenfold help %s`",
                            ten_command_name, ten_command_name);
    if (options->net && strcmp(*model, "network") != 0)
        return ten_complain(WRONG_USAGE, "--net makes the model `network`, not %s", *model);
    return DONE;
}

int ten_choose_models(const struct options *options, char (*names)[96], size_t *chosen) {
    size_t count = 0;
    if (!options->models)
        for (size_t i = 0; ten_model_at(i) && i < MOST_MODELS; i++)
            count += ten_among_all(options, ten_model_at(i)) &&
                     snprintf(names[count], sizeof *names, "%s", ten_model_at(i)->name) > 0;
    else if (!ten_split_list(options->models, names, MOST_MODELS, &count))
        return ten_complain(WRONG_USAGE, "--models \"%s\": expected names with commas between", options->models);
    add_network(options, names, &count);
    for (size_t i = 0; i < count; i++) {
        struct options own;
        struct ten_pipeline *pipeline;
        struct ten_error error;
        ten_settings_for(options, names[i], &own);
        if (ten_pipeline_new(&pipeline, names[i], options->prep, own.settings, own.setting_count, &error) != TEN_OK)
            return ten_complain_words(&error);
        ten_pipeline_free(pipeline);
        for (size_t j = 0; j < i; j++)
            if (strcmp(names[i], names[j]) == 0)
                return ten_complain(WRONG_USAGE, "--models \"%s\": %s stands there twice", options->models, names[i]);
    }
    for (size_t i = 0; i < options->setting_count; i++)
        if (!setting_used(options->settings[i], names, count))
            return ten_complain(WRONG_USAGE, "--set \"%s\": none of these models has such a parameter",
                                options->settings[i]);
    *chosen = count;
    return DONE;
}

/* ---- Data ------------------------------------------------------------------------------------------------------ */

/* Replaces a set by a stratified choice of `keep` of it; `rest` (may be NULL) gets the others. */
static enum ten_status take_part(struct ten_dataset *set, size_t keep, uint64_t seed, struct ten_dataset *rest,
                                 struct ten_error *error) {
    size_t count = set->count, *rows = ten_alloc(count, sizeof *rows);
    struct ten_dataset kept = {0}, others = {0};
    enum ten_status status = rows ? ten_split_stratified(set->labels, count, keep, seed, rows, rows + keep, error)
                                  : ten_fail_memory(error, "the split");
    if (status == TEN_OK) status = ten_dataset_select(&kept, set, rows, keep, error);
    if (status == TEN_OK && rest) status = ten_dataset_select(&others, set, rows + keep, count - keep, error);
    if (status == TEN_OK) {
        ten_dataset_release(set);
        *set = kept;
        if (rest) *rest = others;
    } else {
        ten_dataset_release(&kept);
    }
    free(rows);
    return status;
}

enum ten_status ten_load_data(const struct options *options, struct ten_data *data, struct ten_error *error) {
    enum ten_status status = ten_data_load(data, options->data ? options->data : "mnist", error);
    size_t limit = options->limit;
    if (status == TEN_OK && ten_stop_requested()) status = ten_fail(error, TEN_CANCELLED, "stopped");
    if (status == TEN_OK && limit && limit < data->train.count)
        status = take_part(&data->train, limit, options->seed, NULL, error);
    if (status == TEN_OK && limit && limit < data->test.count)
        status = take_part(&data->test, limit, options->seed, NULL, error);
    if (status != TEN_OK) ten_data_release(data);
    return status;
}

enum ten_status ten_hold_out(struct ten_data *data, uint64_t seed, struct ten_error *error) {
    size_t count = data->train.count, held = count / 6;
    if (held == 0) return ten_fail(error, TEN_INVALID, "%zu training images are too few to hold a sixth out", count);
    struct ten_dataset validation = {0};
    enum ten_status status = take_part(&data->train, count - held, seed, &validation, error);
    if (status != TEN_OK) return status;
    ten_dataset_release(&data->test);
    data->test = validation;
    return TEN_OK;
}

enum ten_status ten_check_classes(const struct ten_pipeline *pipeline, const struct ten_data *data, const char *path,
                                  struct ten_error *error) {
    struct ten_pipeline_info info = ten_pipeline_describe(pipeline);
    for (int c = 0; c < TEN_CLASSES; c++)
        if (strcmp(info.class_names[c], data->class_names[c]) != 0)
            return ten_fail(
                error, TEN_FORMAT,
                "%s: was fitted on classes \"%s\", \"%s\", ..., but those of %s are \"%s\", \"%s\", ...; choose "
                "its data with --data",
                path, info.class_names[0], info.class_names[1], data->name, data->class_names[0], data->class_names[1]);
    return TEN_OK;
}

enum ten_status ten_read_digit(const char *path, struct ten_dataset *digit, size_t *found, struct ten_error *error) {
    enum { SIDE = 28 };
    *digit = (struct ten_dataset){0};
    struct ten_image picture;
    struct ten_digits digits;
    enum ten_status status = ten_image_load(&picture, path, error);
    if (status != TEN_OK) return status;
    status = ten_image_to_digits(&digits, &picture, error);
    ten_image_release(&picture);
    if (status != TEN_OK) return status;
    *found = digits.count;
    *digit = (struct ten_dataset){.count = 1, .height = SIDE, .width = SIDE, .images = ten_alloc(SIDE, SIDE)};
    if (!digit->images)
        status = ten_fail_memory(error, "a digit");
    else if (digits.count)
        memcpy(digit->images, digits.digits[digits.heaviest].pixels, SIDE * SIDE);
    else
        memset(digit->images, 0, SIDE * SIDE);
    ten_digits_release(&digits);
    return status;
}

/* ---- Measuring ----------------------------------------------------------------------------------------------------
 */

enum ten_status ten_measure_fitted(struct measured *out, const struct ten_data *data, const struct ten_run *run,
                                   struct ten_error *error) {
    const struct ten_dataset *test = &data->test;
    out->probabilities = ten_alloc(test->count * TEN_CLASSES, sizeof *out->probabilities);
    if (!out->probabilities) return ten_fail_memory(error, "the probabilities");
    double start = ten_seconds();
    enum ten_status status = ten_pipeline_predict(out->pipeline, test->images, test->count, test->height, test->width,
                                                  out->probabilities, run, error);
    out->predict_seconds = ten_seconds() - start;
    if (status != TEN_OK) return status;
    return ten_metrics_compute(&out->metrics, test->labels, out->probabilities, test->count, error);
}

enum ten_status ten_measure(struct measured *out, const char *name, const char *model, const char *prep,
                            const struct options *options, const struct ten_data *data, bool measure,
                            const struct ten_run *run, struct ten_error *error) {
    *out = (struct measured){0};
    snprintf(out->name, sizeof out->name, "%s", name ? name : model);
    ten_peak_bytes_reset();
    enum ten_status status =
        ten_pipeline_new(&out->pipeline, model, prep, options->settings, options->setting_count, error);
    if (status == TEN_OK) status = ten_pipeline_name_classes(out->pipeline, data->class_names, error);
    if (status == TEN_OK) status = ten_pipeline_fit(out->pipeline, &data->train, run, error);
    if (status == TEN_OK && measure) status = ten_measure_fitted(out, data, run, error);
    out->peak_bytes = ten_peak_bytes();
    if (status != TEN_OK) ten_measured_release(out);
    return status;
}

void ten_measured_release(struct measured *measured) {
    ten_pipeline_free(measured->pipeline);
    free(measured->probabilities);
    *measured = (struct measured){0};
}

/* ---- Rows -----------------------------------------------------------------------------------------------------------
 */

json_t *ten_settings_json(const struct ten_pipeline_info *info) {
    json_t *settings = json_object();
    for (size_t i = 0; i < info->model->parameter_count; i++) {
        const char *name = info->model->parameters[i].name, *value = strchr(info->settings[i], '=') + 1;
        char *end;
        double number = strtod(value, &end);
        json_t *item = *end                                             ? json_string(value)
                       : info->model->parameters[i].type == TEN_INTEGER ? json_integer((json_int_t)number)
                                                                        : json_real(number);
        json_object_set_new(settings, name, item);
    }
    return settings;
}

/* Sets a member; once something has failed, `row` is NULL and stays so. */
static void put(json_t **row, const char *key, json_t *value) {
    if (json_object_set_new(*row, key, value) == 0) return;
    json_decref(*row);
    *row = NULL;
}

json_t *ten_row_json(const struct measured *measured, size_t test_count, bool with_fit) {
    struct ten_pipeline_info info = ten_pipeline_describe(measured->pipeline);
    json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:o}", "name", measured->name, "model", info.model->name, "title",
                            info.model->title, "prep", info.prep, "settings", ten_settings_json(&info));
    if (!row) return NULL;
    if (test_count) {
        json_t *metrics = ten_json_metrics(&measured->metrics);
        if (!metrics || json_object_update(row, metrics) != 0) {
            json_decref(row);
            row = NULL;
        }
        json_decref(metrics);
    }
    if (with_fit) {
        put(&row, "prep_seconds", json_real(info.prep_seconds));
        put(&row, "fit_seconds", json_real(info.fit_seconds));
    }
    if (test_count) put(&row, "predict_seconds", json_real(measured->predict_seconds));
    if (with_fit) put(&row, "peak_bytes", json_integer((json_int_t)measured->peak_bytes));
    put(&row, "parameters", json_integer((json_int_t)info.parameters));
    if (!isnan(info.out_of_bag)) put(&row, "out_of_bag", json_real(info.out_of_bag));
    put(&row, "converged", json_boolean(info.converged));
    put(&row, "train_count", json_integer((json_int_t)info.train_count));
    put(&row, "test_count", json_integer((json_int_t)test_count));
    return row;
}

static json_t *importances_json(const struct ten_pipeline_info *info) {
    json_t *numbers = json_array();
    for (size_t i = 0; i < info->features; i++) json_array_append_new(numbers, json_real(info->importances[i]));
    if (json_array_size(numbers) == info->features) return numbers;
    json_decref(numbers);
    return NULL;
}

json_t *ten_evaluation_json(const struct measured *measured, const struct ten_data *data, const char *on,
                            bool with_fit) {
    struct ten_pipeline_info info = ten_pipeline_describe(measured->pipeline);
    json_t *row = ten_row_json(measured, data->test.count, with_fit), *classes = json_array();
    for (int c = 0; c < TEN_CLASSES; c++) json_array_append_new(classes, json_string(info.class_names[c]));
    json_t *details =
        ten_json_evaluation(&measured->metrics, &data->test, measured->probabilities, info.class_names, 40);
    json_t *history = ten_json_history(info.history);
    if (info.importances) put(&row, "importances", importances_json(&info));
    if (!row || !details || !history || json_object_set_new(row, "on", json_string(on)) != 0 ||
        json_object_set_new(row, "data", json_string(data->name)) != 0 ||
        json_object_set(row, "classes", classes) != 0 || json_object_update(row, details) != 0 ||
        json_object_set(row, "history", history) != 0) {
        json_decref(row);
        row = NULL;
    }
    json_decref(classes);
    json_decref(details);
    json_decref(history);
    return row;
}

double ten_number_of(const json_t *row, const char *key) { return json_number_value(json_object_get(row, key)); }

int ten_print_rows(const json_t *rows) {
    static const char *const headings[] = {"model",     "chain", ">accuracy", ">95 % interval", ">F1",
                                           ">log loss", ">fit",  ">predict",  ">peak"};
    struct table table = {.columns = sizeof headings / sizeof *headings, .headings = headings};
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row) {
        char(*cell)[72] = ten_table_row(&table), text[24];
        snprintf(cell[0], sizeof *cell, "%s", json_string_value(json_object_get(row, "name")));
        snprintf(cell[1], sizeof *cell, "%s", json_string_value(json_object_get(row, "prep")));
        snprintf(cell[2], sizeof *cell, "%.4f", ten_number_of(row, "accuracy"));
        snprintf(cell[3], sizeof *cell, "%.4f-%.4f", ten_number_of(row, "accuracy_low"),
                 ten_number_of(row, "accuracy_high"));
        snprintf(cell[4], sizeof *cell, "%.4f", ten_number_of(row, "f1"));
        snprintf(cell[5], sizeof *cell, "%.4f", ten_number_of(row, "log_loss"));
        snprintf(cell[6], sizeof *cell, "%s",
                 ten_format_seconds(text, ten_number_of(row, "prep_seconds") + ten_number_of(row, "fit_seconds")));
        snprintf(cell[7], sizeof *cell, "%s", ten_format_seconds(text, ten_number_of(row, "predict_seconds")));
        snprintf(cell[8], sizeof *cell, "%s", ten_format_bytes(text, ten_number_of(row, "peak_bytes")));
    }
    return ten_table_print(&table, stdout);
}

void ten_print_label(const struct ten_pipeline_info *info, const float *p) {
    int first = ten_label(p), second = first ? 0 : 1;
    for (int c = 0; c < TEN_CLASSES; c++)
        if (c != first && p[c] > p[second]) second = c;
    printf("%s%s%s (%.1f %%", ten_bold(), info->class_names[first], ten_plain(), 100 * (double)p[first]);
    if (p[second] >= 0.0005F) printf("; next %s, %.1f %%", info->class_names[second], 100 * (double)p[second]);
    printf(")");
}

bool ten_split_list(const char *text, char (*storage)[96], size_t most, size_t *count) {
    *count = 0;
    for (;;) {
        size_t length = strcspn(text, ",");
        if (length == 0 || length >= sizeof *storage || *count == most) return false;
        memcpy(storage[*count], text, length);
        storage[(*count)++][length] = '\0';
        if (!text[length]) return true;
        text += length + 1;
    }
}
