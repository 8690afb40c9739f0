/* `tenfold evaluate`: all metrics of a saved model. */
#include "cli/evaluate.h"

#include "base/clock.h"
#include "base/error.h"
#include "cli/record.h"
#include "cli/robustness.h"

#include <string.h>

enum ten_status ten_load_saved(struct measured *measured, const char *path, struct ten_error *error) {
    enum ten_status status = ten_pipeline_load(&measured->pipeline, path, error);
    if (status == TEN_OK)
        snprintf(measured->name, sizeof measured->name, "%s", ten_pipeline_describe(measured->pipeline).model->name);
    return status;
}

enum ten_status ten_measure_saved(struct measured *measured, const char *path, const struct ten_data *data,
                                  const struct ten_run *run, struct ten_error *error) {
    enum ten_status status = ten_check_classes(measured->pipeline, data, path, error);
    if (status == TEN_OK) status = ten_measure_fitted(measured, data, run, error);
    if (status != TEN_INVALID) return status;
    struct ten_error why = *error;
    return ten_fail(error, status, "%s: %s", data->path, why.message);
}

enum ten_status ten_load_measured_set(const struct options *options, const char *on, struct ten_data *data,
                                      struct ten_error *error) {
    enum ten_status status = ten_load_data(options, data, error);
    if (status == TEN_OK && strcmp(on, "train") == 0) {
        struct ten_dataset swap = data->train;
        data->train = data->test;
        data->test = swap;
    }
    return status;
}

/* The whole document; a model's further measures are made here. NULL and *status. */
static json_t *evaluate(struct measured *measured, struct ten_data *data, const struct options *options, const char *on,
                        enum ten_status *status, struct ten_error *error) {
    struct ten_run run = ten_run_for(options);
    json_t *further = NULL, *document = NULL;
    *status = ten_load_saved(measured, options->arguments[0], error);
    if (*status == TEN_OK) *status = ten_load_measured_set(options, on, data, error);
    if (*status == TEN_OK) *status = ten_measure_saved(measured, options->arguments[0], data, &run, error);
    if (*status == TEN_OK) further = ten_further_json(options, measured->pipeline, data, &run, status, error);
    if (*status == TEN_OK) {
        document = ten_evaluation_json(measured, data, on, false);
        if (!document || json_object_update(document, further) != 0) *status = ten_fail_memory(error, "the evaluation");
    }
    json_decref(further);
    return document;
}

static int run(const struct options *options) {
    const char *on = options->on ? options->on : "test";
    if (strcmp(on, "test") != 0 && strcmp(on, "train") != 0)
        return ten_complain(WRONG_USAGE, "--on \"%s\": expected test or train", on);
    if (options->learning && strcmp(on, "test") != 0)
        return ten_complain(WRONG_USAGE, "--learning-curve measures on the test images; leave --on %s out", on);
    if (ten_check_out(options->out) != DONE || ten_record_check(options) != DONE) return FAILED;
    if (options->argument_count > 1) return ten_evaluate_several(options, on);
    struct measured measured = {0};
    struct ten_data data = {0};
    struct ten_error error;
    enum ten_status status;
    double start = ten_seconds();
    json_t *document = evaluate(&measured, &data, options, on, &status, &error);
    int result = status == TEN_OK ? DONE : ten_complain_error(&error);
    if (result == DONE) ten_record_row("evaluation", document, options, &data, ten_seconds() - start);
    if (result == DONE && options->json) {
        result = ten_print_json(json_incref(document), NULL);
    } else if (result == DONE) {
        ten_print_evaluation(&measured, &data, on);
        result = ten_print_further(document);
    }
    if (result == DONE && options->out) result = ten_print_json(json_incref(document), options->out);
    json_decref(document);
    ten_measured_release(&measured);
    ten_data_release(&data);
    return result;
}

const struct command ten_command_evaluate = {
    .name = "evaluate",
    .usage = "FILE...",
    .summary = "all metrics of a saved model; several compared",
    .details = "FILE is a saved model. --json and --out give more than the tables: ROC and precision-recall curves, "
               "calibration, worst mistakes, the history of the fit. Several are put side by side, and McNemar's test "
               "tells which of them differ by more than luck.",
    .examples = "  tenfold evaluate knn.safetensors\n"
                "  tenfold evaluate knn.safetensors svm.safetensors\n"
                "  tenfold evaluate logistic.safetensors --on train --json\n"
                "  tenfold evaluate cnn2.safetensors --robustness --learning-curve\n",
    .options = OPT_COMMON | OPT_DATA | OPT_OUT | OPT_LIMIT | OPT_ON | OPT_ROBUSTNESS | OPT_LEARNING | OPT_RUNS,
    .notes = (const struct option_note[]){{OPT_ON, "what to measure on: test (default) or train"},
                                          {OPT_OUT, "write the JSON document into a file, too"},
                                          {0}},
    .least_arguments = 1,
    .most_arguments = SIZE_MAX,
    .run = run,
};
