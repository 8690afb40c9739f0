/* `tenfold compare`: fits several models on the same split and puts them into one table. */
#include "cli/record.h"

#include "base/clock.h"

#include <string.h>

static enum ten_status compare(const struct options *options, char (*names)[96], size_t count,
                               const struct ten_data *data, json_t *rows, struct ten_error *error) {
    struct ten_run run = ten_run_for(options);
    for (size_t i = 0; i < count; i++) {
        struct options own;
        struct measured measured;
        ten_settings_for(options, names[i], &own);
        double start = ten_seconds();
        enum ten_status status = ten_measure(&measured, NULL, names[i], options->prep, &own, data, true, &run, error);
        if (status != TEN_OK) return status;
        json_t *row = ten_row_json(&measured, data->test.count, true);
        json_array_append_new(rows, row);
        ten_record_row("train", row, &own, data, ten_seconds() - start);
        ten_say(options, "%-14s %.4f%s", names[i], measured.metrics.accuracy,
                ten_pipeline_describe(measured.pipeline).converged ? "" : "  (not converged)");
        ten_measured_release(&measured);
    }
    return TEN_OK;
}

static int run(const struct options *options) {
    char names[MOST_MODELS][96];
    size_t count;
    const char *on = options->on ? options->on : "test";
    if (strcmp(on, "test") != 0 && strcmp(on, "validation") != 0)
        return ten_complain(WRONG_USAGE, "--on \"%s\": expected test or validation", on);
    int result = ten_choose_models(options, names, &count);
    if (result == DONE) result = ten_check_out(options->out);
    if (result == DONE) result = ten_record_check(options);
    if (result != DONE) return result;

    struct ten_data data;
    struct ten_error error;
    if (ten_load_data(options, &data, &error) != TEN_OK) return ten_complain_error(&error);
    json_t *rows = json_array();
    enum ten_status status = TEN_OK;
    if (strcmp(on, "validation") == 0) status = ten_hold_out(&data, options->seed, &error);
    if (status == TEN_OK) status = compare(options, names, count, &data, rows, &error);
    if (status != TEN_OK) {
        result = ten_complain_error(&error);
    } else if (options->json || options->out) {
        json_t *document =
            json_pack("{s:s, s:s?, s:I, s:s, s:I, s:I, s:O}", "data", data.name, "prep", options->prep, "seed",
                      (json_int_t)options->seed, "on", on, "train_count", (json_int_t)data.train.count, "test_count",
                      (json_int_t)data.test.count, "rows", rows);
        if (options->json) result = ten_print_json(json_incref(document), NULL);
        if (options->out && result == DONE) result = ten_print_json(json_incref(document), options->out);
        json_decref(document);
    }
    if (status == TEN_OK && result == DONE && !options->json) result = ten_print_rows(rows);
    json_decref(rows);
    ten_data_release(&data);
    return result;
}

const struct command ten_command_compare = {
    .name = "compare",
    .usage = "",
    .summary = "fits several models on the same split; the table",
    .details = "Fits each model on the training set and measures it on the test set, or with `--on validation` on a "
               "sixth of the training set that is held out from fitting. A --set goes to every model that has the "
               "parameter.",
    .examples = "  tenfold compare\n"
                "  tenfold compare --models naive-bayes,knn,logistic --prep original\n"
                "  tenfold compare --models knn --set n_neighbors=3 --on validation --json\n"
                "  tenfold compare --data fashion --limit 6000\n"
                "  tenfold compare --models cnn2 --net \"dense 100, relu, dense 10\"\n",
    .options =
        OPT_COMMON | OPT_DATA | OPT_OUT | OPT_LIMIT | OPT_PREP | OPT_SET | OPT_MODELS | OPT_NET | OPT_ON | OPT_RUNS,
    .notes = (const struct option_note[]){{OPT_NET,
                                           "a neural network by its layers: the model `network`, beside the others"},
                                          {OPT_ON, "what to measure on: test (default) or validation"},
                                          {OPT_OUT, "write the JSON document into a file, too"},
                                          {0}},
    .run = run,
};
