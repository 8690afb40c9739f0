/* `tenfold embed`: a set of images as points in a plane. */
#include "cli/cli.h"
#include "cli/embed.h"

#include "base/error.h"
#include "data/batch.h"
#include "prep/step.h"

#include <string.h>

static const char *const usual_prep = "minmax,crop20";
enum { PERPLEXITY = 30, ITERATIONS = 1000 };

/* What is embedded. */
struct subject {
    struct ten_features features;
    char what[128], prep[256];
};

/* The pixels after a chain that is fitted on the training set. */
static enum ten_status pixels_of(struct subject *s, const char *prep, const struct ten_data *data,
                                 const struct ten_dataset *set, const struct ten_run *run, struct ten_error *error) {
    struct ten_chain chain = {0};
    const struct ten_dataset *train = &data->train;
    struct ten_batch first = ten_batch_of_images(train->images, train->count, train->height, train->width);
    struct ten_batch batch = ten_batch_of_images(set->images, set->count, set->height, set->width);
    struct ten_shape shape = first.shape;
    float *values = NULL;
    enum ten_status status = ten_chain_parse(&chain, prep, error);
    if (status == TEN_OK) status = ten_chain_reshape(&chain, &shape, error);
    if (status == TEN_OK) status = ten_chain_fit(&chain, &first, run, error);
    if (status == TEN_OK) status = ten_chain_apply(&chain, &batch, run, error);
    if (status == TEN_OK) status = ten_batch_own_floats(&batch, &values, error);
    if (status == TEN_OK) {
        s->features =
            (struct ten_features){batch.rows, batch.shape.columns, batch.shape.height, batch.shape.width, values};
        batch.owned = false; /* handed over */
        snprintf(s->what, sizeof s->what, "pixels");
        snprintf(s->prep, sizeof s->prep, "%s", chain.text);
    }
    ten_batch_release(&first);
    ten_batch_release(&batch);
    ten_chain_release(&chain);
    return status;
}

/* What the last layer of a network is given; of another model, what its preprocessing gives. */
static enum ten_status features_of(struct subject *s, const struct ten_pipeline *pipeline,
                                   const struct ten_dataset *set, const struct ten_run *run, struct ten_error *error) {
    struct ten_pipeline_info info = ten_pipeline_describe(pipeline);
    struct ten_network_info network;
    bool is_network = ten_pipeline_network(pipeline, &network, NULL) == TEN_OK;
    enum ten_status status = is_network ? ten_pipeline_penultimate(pipeline, set->images, set->count, set->height,
                                                                   set->width, &s->features, run, error)
                                        : ten_pipeline_features(pipeline, set->images, set->count, set->height,
                                                                set->width, &s->features, run, error);
    snprintf(s->what, sizeof s->what, "features of %s", info.model->name);
    snprintf(s->prep, sizeof s->prep, "%s", info.prep);
    return status;
}

static void print_summary(const json_t *document, const struct options *options) {
    const json_t *pca = json_object_get(document, "pca"), *explained = json_object_get(pca, "explained");
    const json_t *own = json_object_get(document, "purity_10"), *beside = json_object_get(pca, "purity_10");
    char seconds[24];
    printf("%s%s%s (%s) of the %.0f %s images of %s\n", ten_bold(),
           json_string_value(json_object_get(document, "what")), ten_plain(),
           json_string_value(json_object_get(document, "prep")), ten_number_of(document, "count"),
           json_string_value(json_object_get(document, "on")), json_string_value(json_object_get(document, "data")));
    printf("divergence %.4f after %.0f iterations with perplexity %g, %s\n", ten_number_of(document, "kl_divergence"),
           ten_number_of(document, "iterations"), ten_number_of(document, "perplexity"),
           ten_format_seconds(seconds, ten_number_of(document, "seconds")));
    if (json_is_number(own))
        printf("of the ten nearest, %.1f %% have the same label; along two principal components, %.1f %%\n",
               100 * json_number_value(own), 100 * json_number_value(beside));
    printf("the two components hold %.1f %% and %.1f %% of the variance\n",
           100 * json_number_value(json_array_get(explained, 0)),
           100 * json_number_value(json_array_get(explained, 1)));
    if (options->out) printf("written to %s\n", options->out);
}

/* The words of the command line that can be judged before any work. */
static int check_words(const struct options *o, const char *on) {
    struct ten_chain chain = {0};
    struct ten_error error;
    if (strcmp(on, "test") != 0 && strcmp(on, "train") != 0)
        return ten_complain(WRONG_USAGE, "--on \"%s\": expected test or train", on);
    if (o->prep && o->argument_count)
        return ten_complain(WRONG_USAGE, "--prep \"%s\": a model has its own preprocessing; leave one out", o->prep);
    if (o->out && !ten_embed_path_known(o->out))
        return ten_complain(WRONG_USAGE, "--out \"%s\": expected a name ending in .json, .csv or .png", o->out);
    enum ten_status status = ten_chain_parse(&chain, o->prep ? o->prep : usual_prep, &error);
    ten_chain_release(&chain);
    return status == TEN_OK ? ten_check_out(o->out) : ten_complain_words(&error);
}

static int run(const struct options *options) {
    const char *on = options->on ? options->on : "test", *path = NULL;
    if (options->argument_count) path = options->arguments[0];
    int result = check_words(options, on);
    if (result != DONE) return result;
    struct ten_run run = ten_run_for(options);
    struct ten_pipeline *pipeline = NULL;
    struct ten_data data = {0};
    struct subject subject = {0};
    struct ten_error error;
    json_t *document = NULL;
    enum ten_status status = path ? ten_pipeline_load(&pipeline, path, &error) : TEN_OK;
    if (status == TEN_OK) status = ten_load_data(options, &data, &error);
    if (status == TEN_OK && path) status = ten_check_classes(pipeline, &data, path, &error);
    const struct ten_dataset *set = strcmp(on, "train") == 0 ? &data.train : &data.test;
    if (status == TEN_OK)
        status = path ? features_of(&subject, pipeline, set, &run, &error)
                      : pixels_of(&subject, options->prep ? options->prep : usual_prep, &data, set, &run, &error);
    if (status == TEN_OK)
        document = ten_embed_json(&subject.features, set->labels, data.name, on, subject.what, subject.prep,
                                  options->perplexity > 0 ? options->perplexity : PERPLEXITY,
                                  options->iterations ? options->iterations : ITERATIONS, &run, &status, &error);
    if (status == TEN_OK && options->out) status = ten_embed_write(document, options->out, &error);
    if (status != TEN_OK) result = ten_complain_error(&error);
    ten_progress_clear();
    if (result == DONE && !options->json) print_summary(document, options);
    if (result == DONE && options->json) result = ten_print_json(json_incref(document), NULL);
    json_decref(document);
    ten_features_release(&subject.features);
    ten_data_release(&data);
    ten_pipeline_free(pipeline);
    return result;
}

const struct command ten_command_embed = {
    .name = "embed",
    .usage = "[FILE]",
    .summary = "the images as points in a plane (t-SNE), like ones near to each other",
    .details =
        "Without FILE, the pixels of a set after --prep (fitted on the training set). With FILE, a saved model: what "
        "the last layer of a neural network is given, or what the preprocessing of any other model gives. The two "
        "principal components are computed beside, for comparison. --out writes the JSON document (.json), a table of "
        "index, label, x and y (.csv) or a picture (.png), in which the labels 0 to 9 are blue, orange, green, red, "
        "violet, brown, pink, grey, olive and cyan.",
    .examples = "  tenfold embed --out digits.png\n"
                "  tenfold embed cnn2.safetensors --out features.csv\n"
                "  tenfold embed --data fashion --perplexity 50 --json\n",
    .options = OPT_COMMON | OPT_DATA | OPT_ON | OPT_LIMIT | OPT_PREP | OPT_PERPLEXITY | OPT_ITERATIONS | OPT_OUT,
    .notes = (const struct option_note[]){{OPT_ON, "which set: test (default) or train"},
                                          {OPT_PREP, "preprocessing chain (default minmax,crop20)"},
                                          {OPT_ITERATIONS, "steps of gradient descent (default 1000)"},
                                          {OPT_OUT, "write into FILE.json, FILE.csv or FILE.png, too"},
                                          {0}},
    .most_arguments = 1,
    .run = run,
};
