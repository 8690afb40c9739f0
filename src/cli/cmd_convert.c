/* `tenfold convert`: a whole dataset from IDX to CSV or back, as it is, with deformed copies, or preprocessed. */
#include "cli/cli.h"

#include "base/error.h"
#include "base/file.h"
#include "cli/features_file.h"
#include "image/augment.h"
#include "model/model.h"
#include "prep/step.h"
#include "study/json.h"

#include <string.h>

static enum ten_status path_of(char *out, size_t size, const struct options *options, const char *name,
                               struct ten_error *error) {
    char file[64];
    snprintf(file, sizeof file, "%s%s", name, options->gzip ? ".gz" : "");
    return ten_path_join(out, size, options->out, file, error);
}

static enum ten_status write_plain(const struct options *options, const struct ten_data *data, bool csv,
                                   struct ten_error *error) {
    static const char *const names[2][3] = {{"train.csv", "train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
                                            {"test.csv", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}};
    const struct ten_dataset *sets[] = {&data->train, &data->test};
    enum ten_status status = TEN_OK;
    for (int i = 0; status == TEN_OK && i < 2; i++) {
        char path[2048], labels[2048];
        status = path_of(path, sizeof path, options, names[i][csv ? 0 : 1], error);
        if (status == TEN_OK) status = path_of(labels, sizeof labels, options, names[i][2], error);
        if (status == TEN_OK)
            status =
                csv ? ten_dataset_save_csv(sets[i], path, error) : ten_dataset_save_idx(sets[i], path, labels, error);
    }
    return status;
}

/* ---- Preprocessed: CSV of decimal fractions
 * -------------------------------------------------------------------------- */

static enum ten_status write_batch(const struct options *options, const char *name, const struct ten_batch *batch,
                                   const uint8_t *labels, struct ten_error *error) {
    char path[2048];
    enum ten_status status = path_of(path, sizeof path, options, name, error);
    return status == TEN_OK ? ten_write_csv(path, batch, labels, error) : status;
}

/* The chain is fitted on the training set and applied to both. */
static enum ten_status write_preprocessed(const struct options *options, const struct ten_data *data,
                                          struct ten_error *error) {
    struct ten_chain chain = {0};
    struct ten_run run = ten_run_for(options);
    const struct ten_dataset *train = &data->train, *test = &data->test;
    struct ten_batch first = ten_batch_of_images(train->images, train->count, train->height, train->width);
    struct ten_batch second = ten_batch_of_images(test->images, test->count, test->height, test->width);
    enum ten_status status = ten_chain_parse(&chain, options->prep, error);
    struct ten_shape shape = first.shape;
    if (status == TEN_OK) status = ten_chain_reshape(&chain, &shape, error);
    if (status == TEN_OK) status = ten_chain_fit(&chain, &first, &run, error);
    if (status == TEN_OK) status = ten_chain_apply(&chain, &second, &run, error);
    if (status == TEN_OK) status = write_batch(options, "train.csv", &first, train->labels, error);
    if (status == TEN_OK) status = write_batch(options, "test.csv", &second, test->labels, error);
    ten_batch_release(&first);
    ten_batch_release(&second);
    ten_chain_release(&chain);
    return status;
}

/* ---- With deformed copies --------------------------------------------------------------------------------------- */

/* The strengths are checked as a model's parameters are. */
static enum ten_status parse_strengths(const struct options *options, struct ten_augment *strengths,
                                       struct ten_error *error) {
    static const struct ten_model_description about = {
        .name = "--augment-set", .parameters = ten_augment_parameters, .parameter_count = TEN_AUGMENT_PARAMETERS};
    char names[TEN_AUGMENT_PARAMETERS][96];
    const char *settings[TEN_AUGMENT_PARAMETERS];
    size_t count = 0;
    if (options->augment_set && !ten_split_list(options->augment_set, names, TEN_AUGMENT_PARAMETERS, &count))
        return ten_fail(error, TEN_INVALID, "--augment-set \"%s\": expected NAME=VALUE, at most %d with commas between",
                        options->augment_set, TEN_AUGMENT_PARAMETERS);
    if (options->augment_set && !options->augment)
        return ten_fail(error, TEN_INVALID, "--augment-set needs --augment N: how many copies of each image");
    for (size_t i = 0; i < count; i++) settings[i] = names[i];
    struct ten_values values;
    enum ten_status status = ten_values_parse(&values, &about, settings, count, error);
    if (status == TEN_OK) *strengths = ten_augment_of(values.number);
    return status;
}

/* Puts the copies behind the training images. */
static enum ten_status augment(const struct options *options, const struct ten_augment *strengths,
                               struct ten_data *data, struct ten_error *error) {
    struct ten_run run = ten_run_for(options);
    struct ten_dataset larger;
    enum ten_status status = ten_augment_dataset(&larger, &data->train, strengths, options->augment, &run, error);
    if (status != TEN_OK) return status;
    ten_dataset_release(&data->train);
    data->train = larger;
    return TEN_OK;
}

static int run(const struct options *options) {
    bool prepared = options->prep && strcmp(options->prep, "none") != 0;
    const char *to = options->to ? options->to : "csv";
    if (!options->out)
        return ten_complain(WRONG_USAGE, "--out DIR is missing: where to write; see `tenfold help convert`");
    if (prepared && strcmp(to, "idx") == 0)
        return ten_complain(WRONG_USAGE, "--prep \"%s\": gives numbers that IDX bytes cannot hold; expected --to csv",
                            options->prep);
    struct ten_data data;
    struct ten_error error;
    struct ten_chain chain = {0}; /* a wrong step is told before any work */
    if (prepared && ten_chain_parse(&chain, options->prep, &error) != TEN_OK) return ten_complain_words(&error);
    ten_chain_release(&chain);
    struct ten_augment strengths;
    if (parse_strengths(options, &strengths, &error) != TEN_OK) return ten_complain_words(&error);
    if (ten_load_data(options, &data, &error) != TEN_OK) return ten_complain_error(&error);
    enum ten_status status = ten_make_folder(options->out, &error);
    if (status == TEN_OK && options->augment) status = augment(options, &strengths, &data, &error);
    if (status == TEN_OK)
        status = prepared ? write_preprocessed(options, &data, &error)
                          : write_plain(options, &data, strcmp(to, "csv") == 0, &error);
    int result = DONE;
    if (status != TEN_OK)
        result = ten_complain_error(&error);
    else if (options->json)
        result =
            ten_print_json(json_pack("{s:s, s:o, s:s, s:s, s:I, s:I, s:I}", "data", data.name, "path",
                                     ten_json_text(options->out), "format", to, "prep",
                                     options->prep ? options->prep : "none", "augment", (json_int_t)options->augment,
                                     "train", (json_int_t)data.train.count, "test", (json_int_t)data.test.count),
                           NULL);
    else
        ten_say(options, "%s: %zu + %zu images written to %s as %s", data.name, data.train.count, data.test.count,
                options->out, to);
    ten_data_release(&data);
    return result;
}

const struct command ten_command_convert = {
    .name = "convert",
    .usage = "--out DIR",
    .summary = "IDX <-> CSV, any dataset, also preprocessed or augmented",
    .details =
        "Writes train.csv and test.csv (label,pixel_0,...), or with `--to idx` the four IDX files. --data takes a "
        "folder with either, and so do all commands, so that what is written can be used at once. With --augment the "
        "training set grows by deformed copies: the images, then the first copy of each, then the second, and so on; "
        "the test set stays as it is. (Of such a set, images held out from training have copies among those that are "
        "not: measure on the test set, or hold out before converting.) With --prep the chain is fitted on the training "
        "set and applied to both sets.",
    .examples = "  tenfold convert --out csv\n"
                "  tenfold convert --data csv --to idx --gzip --out idx\n"
                "  tenfold convert --prep minmax,crop20 --out cropped\n"
                "  tenfold convert --augment 9 --to idx --out large\n",
    .options = OPT_COMMON | OPT_DATA | OPT_OUT | OPT_LIMIT | OPT_PREP | OPT_TO | OPT_GZIP | OPT_AUGMENT,
    .notes = (const struct option_note[]){{OPT_PREP, "preprocessing chain (default none)"},
                                          {OPT_OUT, "the folder to write into; made if it is missing"},
                                          {0}},
    .run = run,
};
