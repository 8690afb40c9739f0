/* `tenfold train`: fits one pipeline and writes the model file. */
#include "cli/record.h"
#include "cli/watch.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "study/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What will be fitted, for people or who watches. */
static enum ten_status show_summary(const struct options *options, const struct ten_data *data, const char *model,
                                    struct watch *watch, struct ten_error *error) {
    struct ten_pipeline *pipeline;
    char *summary = NULL;
    enum ten_status status =
        ten_pipeline_new(&pipeline, model, options->prep, options->settings, options->setting_count, error);
    if (status != TEN_OK) return status;
    status = ten_pipeline_summarise(pipeline, data->train.height, data->train.width, &summary, error);
    if (status == TEN_OK && options->watch)
        status = ten_watch_begin(watch, pipeline, data->train.count, summary, error);
    else if (summary)
        ten_say(options, "%s", summary);
    free(summary);
    ten_pipeline_free(pipeline);
    return status;
}

/* ---- What became of a training --------------------------------------------------------------------------------- */

static double in_history(const struct ten_history *history, size_t row, const char *name) {
    for (size_t c = 0; c < history->columns; c++)
        if (strcmp(history->names[c], name) == 0) return history->values[row * history->columns + c];
    return NAN;
}

/* The seconds of all epochs, those before an interruption too. */
static double trained_seconds(const struct ten_history *history) {
    double sum = 0;
    for (size_t i = 0; i < history->rows; i++) sum += in_history(history, i, "seconds");
    return sum;
}

/* Whether the last `patience` epochs had no lower validation loss than one before them. */
static bool out_of_patience(const struct ten_history *history, double patience) {
    size_t lowest = 0;
    for (size_t i = 1; i < history->rows; i++)
        if (in_history(history, i, "validation_loss") < in_history(history, lowest, "validation_loss")) lowest = i;
    return patience > 0 && (double)(history->rows - 1 - lowest) >= patience;
}

/* The epoch whose weights were kept, from 0. */
static size_t kept_epoch(const struct ten_history *history, bool best) {
    size_t kept = history->rows - 1;
    for (size_t i = 0; best && i < history->rows; i++) {
        double more = in_history(history, i, "validation_accuracy") - in_history(history, kept, "validation_accuracy");
        double less = in_history(history, kept, "validation_loss") - in_history(history, i, "validation_loss");
        if (more > 0 || (more == 0 && less > 0)) kept = i;
    }
    return kept;
}

static void tell_training(const struct options *options, const json_t *settings, const struct ten_history *history) {
    double epochs = ten_number_of(settings, "epochs"), patience = ten_number_of(settings, "patience");
    if (!history || !history->rows || isnan(in_history(history, 0, "epoch"))) return;
    size_t last = history->rows - 1;
    double loss = in_history(history, last, "loss");
    if ((double)history->rows < epochs)
        ten_say(options, "stopped after epoch %zu of %.0f: %s", history->rows, epochs,
                out_of_patience(history, patience) ? "the validation loss no longer fell" : "the time was up");
    if (!isnan(in_history(history, last, "validation_loss"))) {
        const char *best = json_string_value(json_object_get(settings, "keep_best"));
        size_t kept = kept_epoch(history, best && strcmp(best, "true") == 0);
        ten_say(options, "kept epoch %zu of %zu: accuracy %.4f, loss %.4f on the images kept apart to validate",
                kept + 1, history->rows, in_history(history, kept, "validation_accuracy"),
                in_history(history, kept, "validation_loss"));
    }
    if (loss >= log(TEN_CLASSES))
        ten_say(options,
                "the loss ended at %.2f, where guessing has %.2f: it learned nothing; try a lower learning_rate", loss,
                log(TEN_CLASSES));
}

/* ---- The command ------------------------------------------------------------------------------------------------ */

static enum ten_status train(const struct options *options, const char *model, const char *out, json_t **row,
                             struct ten_error *error) {
    bool held_out = options->on && strcmp(options->on, "validation") == 0, measure = options->on != NULL;
    struct ten_data data = {0};
    struct measured measured = {0};
    struct ten_run run = ten_run_for(options);
    struct watch watch = {0};
    double start = ten_seconds();
    enum ten_status status = ten_load_data(options, &data, error);
    if (status == TEN_OK && held_out) status = ten_hold_out(&data, options->seed, error);
    if (status == TEN_OK && options->watch) run = ten_watch_run(&watch, options, held_out ? &data.test : NULL);
    if (status == TEN_OK && options->checkpoint && access(options->checkpoint, F_OK) == 0)
        ten_say(options, "going on from %s", options->checkpoint);
    if (status == TEN_OK) status = show_summary(options, &data, model, &watch, error);
    if (status == TEN_OK)
        status = ten_measure(&measured, NULL, model, options->prep, options, &data, measure, &run, error);
    if (status == TEN_OK) status = ten_pipeline_save(measured.pipeline, out, error);
    if (status == TEN_OK) {
        struct ten_pipeline_info info = ten_pipeline_describe(measured.pipeline);
        struct stat file;
        *row = ten_row_json(&measured, measure ? data.test.count : 0, true);
        if (!*row) status = ten_fail_memory(error, "the result");
        double seconds = info.history ? trained_seconds(info.history) : 0; /* more than now where it went on */
        if (seconds > ten_number_of(*row, "fit_seconds")) json_object_set_new(*row, "fit_seconds", json_real(seconds));
        json_object_set_new(*row, "on", options->on ? json_string(options->on) : json_null());
        json_object_set_new(*row, "data", json_string(data.name));
        json_object_set_new(*row, "seed", json_integer((json_int_t)options->seed));
        json_object_set_new(*row, "file", ten_json_text(out));
        json_object_set_new(*row, "file_bytes", json_integer(stat(out, &file) == 0 ? (json_int_t)file.st_size : 0));
        json_object_set_new(*row, "history", ten_json_history(info.history));
        tell_training(options, json_object_get(*row, "settings"), info.history);
        ten_record_row("train", *row, options, &data, ten_seconds() - start);
    }
    if (options->watch && status == TEN_OK) ten_watch_done(&watch, *row);
    if (options->watch && status != TEN_OK) ten_watch_failed(&watch, error);
    ten_watch_release(&watch);
    ten_measured_release(&measured);
    ten_data_release(&data);
    return status;
}

static int run(const struct options *options) {
    if (options->on && strcmp(options->on, "validation") != 0 && strcmp(options->on, "test") != 0)
        return ten_complain(WRONG_USAGE, "--on \"%s\": expected validation or test", options->on);
    const char *model;
    if (ten_choose_model(options, &model) != DONE) return WRONG_USAGE;
    char name[128];
    snprintf(name, sizeof name, "%s.safetensors", model);
    const char *out = options->out ? options->out : name;
    struct ten_pipeline *tried; /* a wrong name or value is told before any work */
    struct ten_error error;
    if (ten_pipeline_new(&tried, model, options->prep, options->settings, options->setting_count, &error) != TEN_OK)
        return ten_complain_words(&error);
    if (options->watch && options->json) {
        ten_pipeline_free(tried);
        return ten_complain(WRONG_USAGE, "--watch and --json: expected one of them");
    }
    bool checkpoints = ten_pipeline_describe(tried).model->checkpoints;
    ten_pipeline_free(tried);
    if (options->checkpoint && !checkpoints)
        return ten_complain(WRONG_USAGE, "--checkpoint: %s keeps none; neural networks do", model);
    if (options->checkpoint && strcmp(options->checkpoint, out) == 0)
        return ten_complain(WRONG_USAGE, "--checkpoint and --out name the same file, %s", out);
    if (ten_check_out(out) != DONE || ten_check_out(options->checkpoint) != DONE || ten_record_check(options) != DONE)
        return FAILED;
    bool replaces = access(out, F_OK) == 0;
    json_t *row = NULL;
    if (train(options, model, out, &row, &error) != TEN_OK) return ten_complain_error(&error);
    if (!json_is_true(json_object_get(row, "converged")))
        ten_say(options, "%s did not converge; raise its iterations with --set", model);
    char bytes[24], seconds[24];
    ten_say(options, "%s (%s) fitted on %lld images in %s; %s %s (%s)", model,
            json_string_value(json_object_get(row, "prep")),
            (long long)json_integer_value(json_object_get(row, "train_count")),
            ten_format_seconds(seconds, json_number_value(json_object_get(row, "prep_seconds")) +
                                            json_number_value(json_object_get(row, "fit_seconds"))),
            replaces ? "replaced" : "wrote", out,
            ten_format_bytes(bytes, json_number_value(json_object_get(row, "file_bytes"))));
    if (json_object_get(row, "out_of_bag"))
        ten_say(options, "accuracy out of bag: %.4f", json_number_value(json_object_get(row, "out_of_bag")));
    if (options->json) return ten_print_json(row, NULL);
    if (options->on && !options->watch)
        printf("accuracy on %s: %.4f (95 %% interval %.4f to %.4f)\n", options->on,
               json_number_value(json_object_get(row, "accuracy")),
               json_number_value(json_object_get(row, "accuracy_low")),
               json_number_value(json_object_get(row, "accuracy_high")));
    json_decref(row);
    return DONE;
}

const struct command ten_command_train = {
    .name = "train",
    .usage = "[MODEL]",
    .summary = "fits one pipeline and writes a model file",
    .details = "Fits on all training images and measures nothing, unless --on asks: `--on validation` holds a sixth of "
               "the training images out and measures on it; `--on test` measures on the test set. "
               "Neural networks: --net writes one out, --checkpoint survives anything: the same command goes on where "
               "it was stopped or killed, and ends with the same bytes. "
               "--watch prints a JSON object a line while it trains.",
    .examples = "  tenfold train knn\n"
                "  tenfold train logistic --prep original --set C=0.1 --on validation\n"
                "  tenfold train naive-bayes --data fashion --out nb.safetensors --json\n"
                "  tenfold train cnn2 --set epochs=3 --checkpoint cnn2.checkpoint --on test\n"
                "  tenfold train --net \"conv 8 5x5, relu, maxpool 2, dense 10\" --on test\n",
    .options = OPT_COMMON | OPT_DATA | OPT_OUT | OPT_LIMIT | OPT_PREP | OPT_SET | OPT_ON | OPT_NET | OPT_CHECKPOINT |
               OPT_RUNS | OPT_WATCH,
    .notes = (const struct option_note[]){{OPT_ON, "measure, too: on validation or test (default: not)"},
                                          {OPT_OUT, "the model file (default MODEL.safetensors)"},
                                          {0}},
    .most_arguments = 1,
    .run = run,
};
