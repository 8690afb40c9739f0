/* `tenfold crossval`: stratified k-fold cross-validation of several models on the training set. */
#include "cli/crossval.h"
#include "cli/record.h"

#include "base/error.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { FOLDS = 5 };

static int print_rows(const json_t *rows, size_t folds) {
    static const char *const headings[] = {"model",  "chain", ">mean",         ">deviation",
                                           ">least", ">most", ">chain and fit"};
    struct table table = {.columns = sizeof headings / sizeof *headings, .headings = headings};
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row) {
        char(*cell)[72] = ten_table_row(&table), text[24];
        double least = 1, most = 0, seconds = 0;
        for (size_t f = 0; f < folds; f++) {
            double accuracy = json_number_value(json_array_get(json_object_get(row, "accuracy"), f));
            least = accuracy < least ? accuracy : least;
            most = accuracy > most ? accuracy : most;
            seconds += (json_number_value(json_array_get(json_object_get(row, "prep_seconds"), f)) +
                        json_number_value(json_array_get(json_object_get(row, "fit_seconds"), f))) /
                       (double)folds;
        }
        snprintf(cell[0], sizeof *cell, "%s", json_string_value(json_object_get(row, "name")));
        snprintf(cell[1], sizeof *cell, "%s", json_string_value(json_object_get(row, "prep")));
        snprintf(cell[2], sizeof *cell, "%.4f", ten_number_of(row, "mean"));
        snprintf(cell[3], sizeof *cell, "%.4f", ten_number_of(row, "deviation"));
        snprintf(cell[4], sizeof *cell, "%.4f", least);
        snprintf(cell[5], sizeof *cell, "%.4f", most);
        snprintf(cell[6], sizeof *cell, "%s", ten_format_seconds(text, seconds));
    }
    return ten_table_print(&table, stdout);
}

struct job {
    const struct options *options;
    char names[MOST_MODELS][96];
    size_t count, folds;
    struct ten_store *store;
    json_t *rows;
};

static enum ten_status crossval(struct job *job, struct ten_data *data, struct ten_error *error) {
    const struct options *options = job->options;
    struct ten_run run = ten_run_for(options);
    enum ten_status status = TEN_OK;
    size_t *fold = ten_deal_folds(data, job->folds, options->seed, &status, error),
           size = data->train.count * TEN_CLASSES;
    float *all = fold ? ten_alloc(size * (options->answers ? job->count : 1), sizeof *all) : NULL;
    if (fold && !all) status = ten_fail_memory(error, "the probabilities");
    for (size_t i = 0; i < job->count && status == TEN_OK; i++) {
        struct options own;
        json_t *row;
        ten_settings_for(options, job->names[i], &own);
        const struct ten_contender contender = {job->names[i], job->names[i], options->prep, &own};
        status = ten_crossval_row(&contender, data, fold, job->folds, all + (options->answers ? i * size : 0),
                                  job->store, &row, &run, error);
        if (status != TEN_OK) break;
        ten_say(options, "%-18s %.4f +- %.4f%s", job->names[i], ten_number_of(row, "mean"),
                ten_number_of(row, "deviation"),
                json_is_true(json_object_get(row, "converged")) ? "" : "  (not converged)");
        json_array_append_new(job->rows, row);
    }
    if (status == TEN_OK && options->answers)
        status = ten_write_out_of_fold(options->answers, data, job->names, job->count, fold, all, error);
    free(all);
    free(fold);
    return status;
}

static int run(const struct options *options) {
    struct job job = {.options = options, .folds = options->folds ? options->folds : FOLDS};
    int result = ten_choose_models(options, job.names, &job.count);
    if (result == DONE) result = ten_check_out(options->out);
    if (result == DONE) result = ten_check_out(options->answers);
    if (result == DONE) result = ten_record_open(options, &job.store);
    if (result != DONE) return result;
    struct ten_data data = {0};
    struct ten_error error;
    job.rows = json_array();
    enum ten_status status = ten_load_data(options, &data, &error);
    if (status == TEN_OK) status = crossval(&job, &data, &error);
    if (status != TEN_OK) {
        result = ten_complain_error(&error);
        if (status == TEN_CANCELLED && json_array_size(job.rows) && job.store)
            ten_say(options, "the models before it are kept in the run database");
    } else {
        json_t *document =
            json_pack("{s:s, s:I, s:I, s:I, s:O}", "data", data.name, "folds", (json_int_t)job.folds, "seed",
                      (json_int_t)options->seed, "train_count", (json_int_t)data.train.count, "rows", job.rows);
        if (options->json) result = ten_print_json(json_incref(document), NULL);
        if (options->out && result == DONE) result = ten_print_json(json_incref(document), options->out);
        if (!options->json && result == DONE) result = print_rows(job.rows, job.folds);
        json_decref(document);
    }
    json_decref(job.rows);
    ten_data_release(&data);
    ten_store_close(job.store);
    return result;
}

const struct command ten_command_crossval = {
    .name = "crossval",
    .usage = "",
    .summary = "stratified k-fold cross-validation on the training set",
    .details =
        "Deals the training images into folds, every class evenly, shuffled by the seed. For each fold the whole "
        "pipeline, preprocessing and model, is fitted from nothing on the others and measured on it; the test set is "
        "not touched. --answers keeps each image's probabilities by the model that had not seen it.",
    .examples = "  tenfold crossval --models knn,logistic --folds 10\n"
                "  tenfold crossval --models svm --prep original --json\n"
                "  tenfold crossval --models mlp --set epochs=3 --answers out-of-fold.safetensors\n",
    .options = OPT_COMMON | OPT_DATA | OPT_OUT | OPT_LIMIT | OPT_PREP | OPT_SET | OPT_MODELS | OPT_NET | OPT_FOLDS |
               OPT_ANSWERS | OPT_RUNS,
    .notes =
        (const struct option_note[]){
            {OPT_NET, "a neural network by its layers: the model `network`, beside the others"},
            {OPT_OUT, "write the JSON document into a file, too"},
            {OPT_ANSWERS, "write labels, folds and out-of-fold probabilities (safetensors)"},
            {0}},
    .run = run,
};
