/* `tenfold inspect`: inside a neural network. Its layers and their weights; what it makes of an image, layer by layer,
 * and which pixels matter; the features in which it tells the classes apart, for a whole dataset. */
#include "cli/inspect.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/features_file.h"
#include "study/json.h"

#include <stdlib.h>
#include <string.h>

/* ---- The command line ------------------------------------------------------------------------------------------ */

static int read_list(struct list *list, const char *option, const char *text, size_t least) {
    char words[MOST_NUMBERS][96];
    if (!text) return DONE;
    bool good = ten_split_list(text, words, MOST_NUMBERS, &list->count);
    for (size_t i = 0; good && i < list->count; i++) {
        int64_t number;
        good = ten_parse_integer(words[i], &number) && number >= (int64_t)least;
        list->numbers[i] = good ? (size_t)number : 0;
    }
    if (good) return DONE;
    return ten_complain(WRONG_USAGE,
                        "--%s \"%s\": expected at most %d whole numbers with commas between, none below %zu", option,
                        text, MOST_NUMBERS, least);
}

static int read_words(struct inspection *in) {
    const struct options *o = in->options;
    bool image = o->argument_count > 1 || o->index, set = o->index || o->features;
    in->on = o->on ? o->on : "test";
    if (strcmp(in->on, "test") != 0 && strcmp(in->on, "train") != 0)
        return ten_complain(WRONG_USAGE, "--on \"%s\": expected test or train", in->on);
    if (o->on && !set) return ten_complain(WRONG_USAGE, "--on needs --index or --features");
    if (o->layer && !image) return ten_complain(WRONG_USAGE, "--layer needs an image: IMAGE or --index");
    if (o->class_wanted && !image) return ten_complain(WRONG_USAGE, "--class needs an image: IMAGE or --index");
    if (o->limit && !o->features) return ten_complain(WRONG_USAGE, "--limit needs --features");
    int64_t class = -1;
    if (o->class_wanted && (!ten_parse_integer(o->class_wanted, &class) || class < 0 || class >= TEN_CLASSES))
        return ten_complain(WRONG_USAGE, "--class \"%s\": expected a whole number from 0 to %d", o->class_wanted,
                            TEN_CLASSES - 1);
    if (o->class_wanted && !o->out && !o->json)
        return ten_complain(WRONG_USAGE, "--class is for the picture of the saliency: --out DIR is missing");
    in->class = (int)class;
    if (o->features && !ten_features_path_known(o->features))
        return ten_complain(WRONG_USAGE, "--features \"%s\": expected a name ending in .csv, .csv.gz or .safetensors",
                            o->features);
    int status = read_list(&in->indices, "index", o->index, 0);
    return status == DONE ? read_list(&in->chosen, "layer", o->layer, 1) : status;
}

static bool is_chosen(const struct inspection *in, size_t layer) {
    for (size_t i = 0; i < in->chosen.count; i++)
        if (in->chosen.numbers[i] == layer + 1) return true;
    return in->chosen.count == 0;
}

/* ---- The network ----------------------------------------------------------------------------------------------- */

static enum ten_status open_network(struct inspection *in, struct ten_error *error) {
    const char *path = in->options->arguments[0];
    struct ten_error why;
    enum ten_status status = ten_pipeline_load(&in->pipeline, path, error);
    if (status != TEN_OK) return status;
    in->about = ten_pipeline_describe(in->pipeline);
    status = ten_pipeline_network(in->pipeline, &in->net, &why);
    if (status != TEN_OK) return ten_fail(error, status, "%s: %s", path, why.message);
    for (size_t i = 0; i < in->chosen.count; i++)
        if (in->chosen.numbers[i] > in->net.layers)
            return ten_fail(error, TEN_INVALID, "--layer %zu: the network has %zu layers", in->chosen.numbers[i],
                            in->net.layers);
    in->layers = calloc(in->net.layers, sizeof *in->layers);
    if (!in->layers) return ten_fail_memory(error, "the layers");
    for (size_t i = 0; status == TEN_OK && i < in->net.layers; i++)
        status = ten_pipeline_layer(in->pipeline, i, &in->layers[i], error);
    return status;
}

/* ---- One image ------------------------------------------------------------------------------------------------- */

static void release_answer(const struct inspection *in, struct answer *answer) {
    ten_features_release(&answer->input);
    ten_features_release(&answer->saliency);
    ten_features_release(&answer->features);
    for (size_t i = 0; answer->maps && i < in->net.layers; i++) ten_maps_release(&answer->maps[i]);
    free(answer->maps);
}

static enum ten_status ask(const struct inspection *in, const struct subject *s, struct answer *answer,
                           struct ten_error *error) {
    const struct ten_pipeline *p = in->pipeline;
    *answer = (struct answer){.maps = calloc(in->net.layers, sizeof *answer->maps)};
    enum ten_status status = answer->maps ? TEN_OK : ten_fail_memory(error, "the maps");
    if (status == TEN_OK)
        status = ten_pipeline_predict(p, s->pixels, 1, s->height, s->width, answer->probabilities, &in->run, error);
    answer->class = (uint8_t)(in->class < 0 ? ten_label(answer->probabilities) : in->class);
    if (status == TEN_OK)
        status = ten_pipeline_features(p, s->pixels, 1, s->height, s->width, &answer->input, &in->run, error);
    if (status == TEN_OK)
        status = ten_pipeline_penultimate(p, s->pixels, 1, s->height, s->width, &answer->features, &in->run, error);
    if (status == TEN_OK)
        status = ten_pipeline_saliency(p, s->pixels, 1, s->height, s->width, &answer->class, &answer->saliency,
                                       &in->run, error);
    for (size_t i = 0; status == TEN_OK && i < in->net.layers; i++)
        if (is_chosen(in, i))
            status =
                ten_pipeline_activations(p, s->pixels, 1, s->height, s->width, i, &answer->maps[i], &in->run, error);
    return status;
}

/* The folder for the pictures of one image among several: "1-seven", "2-test-3". */
static void name_folder(char *out, size_t size, const struct inspection *in, const struct subject *subject,
                        size_t number) {
    if (!subject->path) {
        snprintf(out, size, "%zu-%s-%zu", number, in->on, subject->index);
        return;
    }
    const char *slash = strrchr(subject->path, '/'), *base = slash ? slash + 1 : subject->path;
    const char *dot = strrchr(base, '.');
    snprintf(out, size, "%zu-%.*s", number, (int)(dot ? dot - base : (ptrdiff_t)strlen(base)), base);
}

static enum ten_status draw(struct inspection *in, const struct subject *subject, size_t number, bool several,
                            const struct answer *answer, struct ten_error *error) {
    char name[300], path[2048];
    if (!several) return ten_inspect_draw_answer(in, in->options->out, answer, error);
    name_folder(name, sizeof name, in, subject, number);
    enum ten_status status = ten_path_join(path, sizeof path, in->options->out, name, error);
    return status == TEN_OK ? ten_inspect_draw_answer(in, path, answer, error) : status;
}

/* `number` counts the images that are looked at, from 1; `several` says whether there are more than one. */
static int look_at(struct inspection *in, const struct subject *subject, size_t number, bool several, json_t *images) {
    struct answer answer;
    struct ten_error error;
    enum ten_status status = ask(in, subject, &answer, &error);
    if (status != TEN_OK) {
        struct ten_error why = error;
        if (subject->path)
            ten_fail(&error, status, "%s: %s", subject->path, why.message);
        else
            ten_fail(&error, status, "%s image %zu: %s", in->on, subject->index, why.message);
    }
    if (status == TEN_OK && in->options->out) status = draw(in, subject, number, several, &answer, &error);
    int result = status == TEN_OK ? DONE : ten_complain_error(&error);
    if (result == DONE && in->options->json) {
        json_array_append_new(images, ten_inspect_answer_json(in, subject, &answer));
    } else if (result == DONE) {
        if (in->shown++) putchar('\n');
        result = ten_inspect_print_answer(in, subject, &answer);
    }
    release_answer(in, &answer);
    return result;
}

/* ---- All images ------------------------------------------------------------------------------------------------ */

static int look_at_file(struct inspection *in, const char *path, size_t number, bool several, json_t *images) {
    struct ten_dataset digit;
    size_t found;
    struct ten_error error;
    if (ten_read_digit(path, &digit, &found, &error) != TEN_OK) return ten_complain_error(&error);
    struct subject subject = {.path = path, .height = digit.height, .width = digit.width, .pixels = digit.images};
    if (found > 1)
        ten_say(in->options, "%s: %zu digits are drawn; what follows is of the one with most ink", path, found);
    int result =
        found ? look_at(in, &subject, number, several, images) : ten_complain(FAILED, "%s: nothing drawn", path);
    ten_dataset_release(&digit);
    return result;
}

static int look_at_index(struct inspection *in, const struct ten_dataset *set, size_t index, size_t number,
                         bool several, json_t *images) {
    if (index >= set->count)
        return ten_complain(FAILED, "--index %zu: the %s set has %zu images", index, in->on, set->count);
    struct subject subject = {.index = index,
                              .truth = set->labels[index],
                              .height = set->height,
                              .width = set->width,
                              .pixels = set->images + index * set->height * set->width};
    return look_at(in, &subject, number, several, images);
}

/* An image that cannot be read is told and the others are still looked at. */
static int look_at_all(struct inspection *in, const struct ten_dataset *set, json_t *images) {
    size_t files = in->options->argument_count - 1, count = files + in->indices.count;
    int result = DONE;
    for (size_t i = 0; i < count; i++) {
        if (ten_stop_requested()) return ten_complain(FAILED, "stopped");
        int one = i < files ? look_at_file(in, in->options->arguments[1 + i], i + 1, count > 1, images)
                            : look_at_index(in, set, in->indices.numbers[i - files], i + 1, count > 1, images);
        if (one != DONE) result = one;
    }
    return result;
}

/* ---- A whole set ----------------------------------------------------------------------------------------------- */

/* The set that --on names, whole; or cut by --limit. */
static enum ten_status load_set(const struct inspection *in, bool cut, struct ten_data *data, struct ten_dataset **set,
                                struct ten_error *error) {
    struct options options = *in->options;
    if (!cut) options.limit = 0;
    enum ten_status status = ten_load_data(&options, data, error);
    if (status == TEN_OK) status = ten_check_classes(in->pipeline, data, options.arguments[0], error);
    *set = strcmp(in->on, "train") == 0 ? &data->train : &data->test;
    return status;
}

static enum ten_status write_features(struct inspection *in, json_t **told, struct ten_error *error) {
    const char *path = in->options->features;
    struct ten_data data = {0};
    struct ten_dataset *set;
    struct ten_features features = {0};
    json_t *metadata = NULL;
    enum ten_status status = load_set(in, true, &data, &set, error);
    if (status == TEN_OK)
        status = ten_pipeline_penultimate(in->pipeline, set->images, set->count, set->height, set->width, &features,
                                          &in->run, error);
    if (status == TEN_OK) {
        metadata = json_pack("{s:s, s:s, s:s, s:s}", "model", in->about.model->name, "prep", in->about.prep, "data",
                             data.name, "on", in->on);
        status = metadata ? ten_write_features(path, &features, set->labels, metadata, error)
                          : ten_fail_memory(error, "the features' file");
    }
    if (status == TEN_OK) {
        ten_say(in->options, "%zu features of the %zu %s images written to %s", features.columns, features.rows, in->on,
                path);
        *told = json_pack("{s:o, s:s, s:s, s:I, s:I}", "path", ten_json_text(path), "data", data.name, "on", in->on,
                          "rows", (json_int_t)features.rows, "columns", (json_int_t)features.columns);
    }
    json_decref(metadata);
    ten_features_release(&features);
    ten_data_release(&data);
    return status;
}

/* ---- The command ----------------------------------------------------------------------------------------------- */

static int print_json(const struct inspection *in, const json_t *images, const json_t *features) {
    json_t *document = ten_inspect_network_json(in);
    int failed = json_object_set(document, "images", (json_t *)(uintptr_t)images); /* jansson counts the reference */
    failed |= json_object_set(document, "features", (json_t *)(uintptr_t)features);
    failed |= json_object_set(document, "files", in->files);
    if (!failed) return ten_print_json(document, NULL);
    json_decref(document);
    return ten_complain(FAILED, "out of memory for JSON");
}

/* What fails before the images are looked at ends it; an image that cannot be looked at does not keep the features from
 * being written. */
static int inspect(struct inspection *in, const struct ten_dataset *set) {
    const struct options *o = in->options;
    bool looks = o->argument_count > 1 || o->index;
    struct ten_error error;
    enum ten_status status = TEN_OK;
    if (o->out) status = ten_make_folder(o->out, &error);
    if (status == TEN_OK && o->out) status = ten_inspect_draw_filters(in, &error);
    if (status != TEN_OK) return ten_complain_error(&error);
    json_t *images = json_array(), *features = json_null();
    int result = DONE;
    if (looks)
        result = look_at_all(in, set, images);
    else if (!o->json)
        result = ten_inspect_print_network(in);
    if (o->features && write_features(in, &features, &error) != TEN_OK) result = ten_complain_error(&error);
    size_t pictures = json_array_size(in->files);
    if (pictures) ten_say(o, "%zu picture%s written to %s", pictures, pictures == 1 ? "" : "s", o->out);
    if (o->json) {
        int printed = print_json(in, images, features);
        if (printed != DONE) result = printed;
    }
    json_decref(images);
    json_decref(features);
    return result;
}

static int run(const struct options *options) {
    struct inspection in = {.options = options, .run = ten_run_for(options), .files = json_array()};
    struct ten_data data = {0};
    struct ten_dataset *set = NULL;
    struct ten_error error;
    int result = read_words(&in);
    if (result == DONE) result = ten_check_out(options->features);
    if (result == DONE) {
        enum ten_status status = open_network(&in, &error);
        if (status == TEN_OK && options->index) status = load_set(&in, false, &data, &set, &error);
        result = status == TEN_OK ? inspect(&in, set) : ten_complain_error(&error);
    }
    ten_data_release(&data);
    json_decref(in.files);
    free(in.layers);
    ten_pipeline_free(in.pipeline);
    return result;
}

const struct command ten_command_inspect = {
    .name = "inspect",
    .usage = "FILE [IMAGE...]",
    .summary = "inside a neural network: filters, feature maps, saliency, features",
    .details =
        "FILE is a saved model whose estimator is a neural network. Without images, its layers and their weights. For "
        "an image (PNG or JPEG, read as `predict` does, or --index), what each layer makes of it. With --out, pictures "
        "as well: filters.png, the first layer's filters, blue below 0 and red above; of an image maps-N-KIND.png, "
        "each layer's feature maps, and saliency.png, the image as the network is given it beside the gradient of the "
        "class's logit: where it is red, more ink speaks for the class, where it is blue, against it. Several images "
        "get a folder each. --features writes what the last layer is given, for every image of a set.",
    .examples = "  tenfold inspect cnn2.safetensors\n"
                "  tenfold inspect cnn2.safetensors seven.png --out inside\n"
                "  tenfold inspect cnn2.safetensors --index 247,259 --class 6 --out inside\n"
                "  tenfold inspect cnn2.safetensors --index 0 --layer 4 --json\n"
                "  tenfold inspect cnn2.safetensors --features train.csv --on train\n",
    .options = OPT_COMMON | OPT_DATA | OPT_OUT | OPT_LIMIT | OPT_ON | OPT_INDEX | OPT_LAYER | OPT_CLASS | OPT_FEATURES,
    .notes = (const struct option_note[]){{OPT_ON, "the set of --index and --features: test (default) or train"},
                                          {OPT_OUT, "the folder for pictures; made if it is missing"},
                                          {OPT_LAYER, "which layers' maps, counted from 1 (default all)"},
                                          {OPT_CLASS, "whose logit saliency explains (default the label that the "
                                                      "network gives)"},
                                          {OPT_FEATURES, "write the penultimate features of the whole set: .csv, "
                                                         ".csv.gz or .safetensors"},
                                          {OPT_LIMIT, "features of at most N images, every class keeping its share "
                                                      "(default all)"},
                                          {0}},
    .least_arguments = 1,
    .most_arguments = SIZE_MAX,
    .run = run,
};
