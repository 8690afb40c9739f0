/* Saved models side by side on the same images, and whether they differ by more than luck. */
#include "cli/evaluate.h"

#include "base/error.h"
#include "study/json.h"

static int print_models(const json_t *rows) {
    static const char *const headings[] = {"model",     "chain", ">accuracy", ">95 % interval", ">F1", ">kappa",
                                           ">log loss", ">ECE",  "file"};
    struct table table = {.columns = sizeof headings / sizeof *headings, .headings = headings};
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row) {
        char(*cell)[72] = ten_table_row(&table);
        snprintf(cell[0], sizeof *cell, "%s", json_string_value(json_object_get(row, "model")));
        snprintf(cell[1], sizeof *cell, "%s", json_string_value(json_object_get(row, "prep")));
        snprintf(cell[2], sizeof *cell, "%.4f", ten_number_of(row, "accuracy"));
        snprintf(cell[3], sizeof *cell, "%.4f-%.4f", ten_number_of(row, "accuracy_low"),
                 ten_number_of(row, "accuracy_high"));
        snprintf(cell[4], sizeof *cell, "%.4f", ten_number_of(row, "f1"));
        snprintf(cell[5], sizeof *cell, "%.4f", ten_number_of(row, "kappa"));
        snprintf(cell[6], sizeof *cell, "%.4f", ten_number_of(row, "log_loss"));
        snprintf(cell[7], sizeof *cell, "%.4f", ten_number_of(row, "ece"));
        snprintf(cell[8], sizeof *cell, "%s", json_string_value(json_object_get(row, "name")));
    }
    return ten_table_print(&table, stdout);
}

static int print_pairs(const json_t *significance) {
    static const char *const headings[] = {"first", "second",   ">only first right", ">only second right",
                                           ">p",    ">p (Holm)"};
    struct table table = {.columns = sizeof headings / sizeof *headings, .headings = headings};
    const json_t *names = json_object_get(significance, "names"), *pair;
    size_t i;
    json_array_foreach(json_object_get(significance, "pairs"), i, pair) {
        char(*cell)[72] = ten_table_row(&table);
        for (size_t side = 0; side < 2; side++) {
            size_t row = (size_t)ten_number_of(pair, side ? "second" : "first");
            snprintf(cell[side], sizeof *cell, "%s", json_string_value(json_array_get(names, row)));
        }
        snprintf(cell[2], sizeof *cell, "%.0f", ten_number_of(pair, "only_first"));
        snprintf(cell[3], sizeof *cell, "%.0f", ten_number_of(pair, "only_second"));
        snprintf(cell[4], sizeof *cell, "%.2g", ten_number_of(pair, "p"));
        snprintf(cell[5], sizeof *cell, "%.2g", ten_number_of(pair, "p_holm"));
    }
    printf("\nMcNemar's test of every two, exact, two-sided; Holm: for all of them at once\n");
    return ten_table_print(&table, stdout);
}

/* Files are told apart by their paths, which are the rows' names: two of them may hold the same model. */
static enum ten_status measure_files(const struct options *options, const struct ten_data *data, const char *on,
                                     json_t *rows, struct ten_error *error) {
    struct ten_run run = ten_run_for(options);
    enum ten_status status = TEN_OK;
    for (size_t i = 0; i < options->argument_count && status == TEN_OK; i++) {
        struct measured measured = {0};
        const char *path = options->arguments[i];
        status = ten_load_saved(&measured, path, error);
        if (status == TEN_OK) status = ten_measure_saved(&measured, path, data, &run, error);
        if (status == TEN_OK) {
            json_t *row = ten_evaluation_json(&measured, data, on, false);
            if (!row || json_object_set_new(row, "name", ten_json_text(path)) != 0 || json_array_append(rows, row) != 0)
                status = ten_fail_memory(error, "an evaluation");
            json_decref(row);
        }
        ten_measured_release(&measured);
    }
    return status;
}

int ten_evaluate_several(const struct options *options, const char *on) {
    if (options->robustness || options->learning)
        return ten_complain(WRONG_USAGE, "--robustness and --learning-curve take one FILE");
    struct ten_data data = {0};
    struct ten_error error;
    json_t *rows = json_array(), *document = NULL;
    enum ten_status status = ten_load_measured_set(options, on, &data, &error);
    if (status == TEN_OK) status = measure_files(options, &data, on, rows, &error);
    if (status == TEN_OK) {
        document = json_pack("{s:O, s:o}", "rows", rows, "significance",
                             ten_significance_json(rows, data.test.labels, data.test.count));
        if (!document) status = ten_fail_memory(&error, "the document");
    }
    int result = status == TEN_OK ? DONE : ten_complain_error(&error);
    if (result == DONE && options->json) {
        result = ten_print_json(json_incref(document), NULL);
    } else if (result == DONE) {
        printf("on the %zu %s images of %s\n\n", data.test.count, on, data.name);
        result = print_models(rows);
        if (result == DONE) result = print_pairs(json_object_get(document, "significance"));
    }
    if (result == DONE && options->out) result = ten_print_json(json_incref(document), options->out);
    json_decref(document);
    json_decref(rows);
    ten_data_release(&data);
    return result;
}
