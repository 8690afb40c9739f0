/* `tenfold evaluate`: all metrics of a saved model. */
#include "cli/cli.h"

#include "base/error.h"
#include "cli/robustness.h"

#include <math.h>
#include <string.h>

/* Measures on data->test; a message about images that do not fit the model says where they came from. */
static enum ten_status measure(struct measured *measured, const struct ten_data *data, const struct ten_run *run,
                               struct ten_error *error) {
    enum ten_status status = ten_measure_fitted(measured, data, run, error);
    if (status != TEN_INVALID) return status;
    struct ten_error why = *error;
    return ten_fail(error, status, "%s: %s", data->path, why.message);
}

static int print_report(const struct measured *measured, const struct ten_data *data, const char *on,
                        const json_t *further) {
    const struct ten_metrics *m = &measured->metrics;
    struct ten_pipeline_info info = ten_pipeline_describe(measured->pipeline);
    printf("%s%s%s (%s) on the %zu %s images of %s\n", ten_bold(), info.model->title, ten_plain(), info.prep, m->count,
           on, data->name);
    printf("accuracy %.4f (95 %% interval %.4f to %.4f), log loss %.4f, macro AUC %.4f\n", m->accuracy, m->accuracy_low,
           m->accuracy_high, m->log_loss, m->auc);
    if (!isnan(info.out_of_bag)) printf("accuracy out of bag %.4f\n", info.out_of_bag);
    putchar('\n');
    printf("%-14s %9s %9s %9s %9s\n", "", "precision", "recall", "f1-score", "support");
    for (int c = 0; c < TEN_CLASSES; c++)
        printf("%-14s %9.4f %9.4f %9.4f %9zu\n", info.class_names[c], m->classes[c].precision, m->classes[c].recall,
               m->classes[c].f1, m->classes[c].support);
    printf("%-14s %9.4f %9.4f %9.4f %9zu\n", "macro avg", m->precision, m->recall, m->f1, m->count);
    printf("%-14s %9.4f %9.4f %9.4f %9zu\n\n", "weighted avg", m->weighted_precision, m->weighted_recall,
           m->weighted_f1, m->count);
    printf("confusion matrix (rows: truth; columns: predicted)\n%14s", "");
    for (int c = 0; c < TEN_CLASSES; c++) printf(" %5d", c);
    for (int t = 0; t < TEN_CLASSES; t++) {
        printf("\n%-14s", info.class_names[t]);
        for (int p = 0; p < TEN_CLASSES; p++) printf(" %5zu", m->confusion[t][p]);
    }
    putchar('\n');
    return ten_print_further(further);
}

/* The whole document, with a reference of its own to what was measured further. */
static json_t *document(const struct measured *measured, const struct ten_data *data, const char *on,
                        const json_t *further) {
    json_t *row = ten_evaluation_json(measured, data, on, false);
    if (row && json_object_update(row, (json_t *)further) == 0) return row;
    json_decref(row);
    return NULL;
}

static int run(const struct options *options) {
    const char *on = options->on ? options->on : "test";
    if (strcmp(on, "test") != 0 && strcmp(on, "train") != 0)
        return ten_complain(WRONG_USAGE, "--on \"%s\": expected test or train", on);
    if (options->learning && strcmp(on, "test") != 0)
        return ten_complain(WRONG_USAGE, "--learning-curve measures on the test images; leave --on %s out", on);
    if (ten_check_out(options->out) != DONE) return FAILED;
    struct measured measured = {0};
    struct ten_data data = {0};
    json_t *further = NULL;
    struct ten_error error;
    struct ten_run run = ten_run_for(options);
    enum ten_status status = ten_pipeline_load(&measured.pipeline, options->arguments[0], &error);
    if (status == TEN_OK) {
        snprintf(measured.name, sizeof measured.name, "%s", ten_pipeline_describe(measured.pipeline).model->name);
        status = ten_load_data(options, &data, &error);
    }
    if (status == TEN_OK) status = ten_check_classes(measured.pipeline, &data, options->arguments[0], &error);
    if (status == TEN_OK && strcmp(on, "train") == 0) {
        struct ten_dataset swap = data.train;
        data.train = data.test;
        data.test = swap;
    }
    if (status == TEN_OK) status = measure(&measured, &data, &run, &error);
    if (status == TEN_OK) further = ten_further_json(options, measured.pipeline, &data, &run, &status, &error);
    int result = DONE;
    if (status != TEN_OK)
        result = ten_complain_error(&error);
    else if (options->json)
        result = ten_print_json(document(&measured, &data, on, further), NULL);
    else
        result = print_report(&measured, &data, on, further);
    if (result == DONE && options->out)
        result = ten_print_json(document(&measured, &data, on, further), options->out);
    json_decref(further);
    ten_measured_release(&measured);
    ten_data_release(&data);
    return result;
}

const struct command ten_command_evaluate = {
    .name = "evaluate",
    .usage = "FILE",
    .summary = "all metrics of a saved model",
    .details = "FILE is a saved model. --json and --out give more than the tables: ROC curves, worst mistakes, the "
               "history of the fit.",
    .examples = "  tenfold evaluate knn.safetensors\n"
                "  tenfold evaluate logistic.safetensors --on train --json\n"
                "  tenfold evaluate cnn2.safetensors --robustness --learning-curve\n",
    .options = OPT_COMMON | OPT_DATA | OPT_OUT | OPT_LIMIT | OPT_ON | OPT_ROBUSTNESS | OPT_LEARNING,
    .notes = (const struct option_note[]){{OPT_ON, "what to measure on: test (default) or train"},
                                          {OPT_OUT, "write the JSON document into a file, too"},
                                          {0}},
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
