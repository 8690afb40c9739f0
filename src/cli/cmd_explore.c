/* `tenfold explore`: what the data is like. */
#include "cli/explore.h"

#include "base/error.h"
#include "cli/cli.h"
#include "study/json.h"

#include <math.h>

/* What is told of each class of a set. */
static enum ten_status add_classes(json_t *set, const struct ten_dataset *dataset, const struct ten_run *run,
                                   struct ten_error *error) {
    struct ten_typical typical[TEN_CLASSES];
    struct ten_prototypes prototypes[TEN_CLASSES] = {0};
    struct ten_noise noise[TEN_CLASSES];
    enum ten_status status = ten_find_typical(typical, dataset, run, error);
    if (status == TEN_OK) status = ten_find_prototypes(prototypes, dataset, run, error);
    if (status == TEN_OK) status = ten_measure_noise(noise, dataset, run, error);
    if (status == TEN_OK) {
        int failed = json_object_set_new(set, "typical", ten_json_typical(typical, dataset, false));
        failed |= json_object_set_new(set, "atypical", ten_json_typical(typical, dataset, true));
        failed |=
            json_object_set_new(set, "prototypes", ten_json_prototypes(prototypes, dataset->height, dataset->width));
        failed |= json_object_set_new(set, "noise", ten_json_noise(noise));
        if (failed) status = ten_fail_memory(error, "the exploration");
    }
    ten_prototypes_release(prototypes);
    return status;
}

static enum ten_status add_sets(json_t *document, const struct ten_data *data, const struct ten_run *run,
                                struct ten_error *error) {
    const struct ten_dataset *sets[] = {&data->train, &data->test};
    static const char *const names[] = {"train", "test"};
    json_t *list = json_array(), *contrasts = NULL;
    enum ten_status status = TEN_OK;
    for (int i = 0; status == TEN_OK && i < 2; i++) {
        struct ten_exploration exploration;
        status = ten_explore(&exploration, sets[i], run, error);
        if (status != TEN_OK) break;
        json_t *set = ten_json_exploration(&exploration, sets[i], names[i]);
        if (i == 0) contrasts = ten_json_contrasts(&exploration);
        ten_exploration_release(&exploration);
        status = add_classes(set, sets[i], run, error);
        if (json_array_append_new(list, set) != 0 && status == TEN_OK)
            status = ten_fail_memory(error, "the exploration");
    }
    struct ten_duplicates duplicates;
    if (status == TEN_OK) status = ten_duplicates_between(&duplicates, &data->train, &data->test, run, error);
    if (status == TEN_OK) {
        int failed = json_object_set(document, "sets", list);
        failed |= json_object_set_new(document, "between", ten_json_between(&duplicates, &data->train, &data->test));
        failed |= json_object_set(document, "contrasts", contrasts);
        if (failed) status = ten_fail_memory(error, "the exploration");
    }
    json_decref(list);
    json_decref(contrasts);
    return status;
}

json_t *ten_explore_json(const struct ten_data *data, const struct ten_run *run, enum ten_status *status,
                         struct ten_error *error) {
    json_t *classes = json_array();
    for (int c = 0; c < TEN_CLASSES; c++) json_array_append_new(classes, json_string(data->class_names[c]));
    json_t *document =
        json_pack("{s:s, s:o, s:o}", "data", data->name, "path", ten_json_text(data->path), "classes", classes);
    *status = document ? add_sets(document, data, run, error) : ten_fail_memory(error, "the exploration");
    if (*status == TEN_OK) return document;
    json_decref(document);
    return NULL;
}

static double number(const json_t *object, const char *key) { return json_number_value(json_object_get(object, key)); }

/* A column of a table, or blanks for what is not there. */
static void print_number(const json_t *value, int width, int digits) {
    if (json_is_number(value))
        printf("%*.*f", width, digits, json_number_value(value));
    else
        printf("%*s", width, "");
}

/* The columns of "noise" for a class; blanks if it has no images, or the set no labels. */
static void print_noise(const json_t *noise, size_t label) {
    const json_t *found = NULL, *entry;
    size_t i;
    json_array_foreach(noise, i, entry) {
        if ((size_t)json_integer_value(json_object_get(entry, "label")) == label) found = entry;
    }
    print_number(json_object_get(json_object_get(found, "stroke_width"), "mean"), 8, 2);
    print_number(json_object_get(json_object_get(found, "slant"), "mean"), 7, 1);
    print_number(json_object_get(json_object_get(found, "isolated_pixels"), "mean"), 10, 3);
}

/* What there is of each class, with a bar of its images as long as the terminal allows. */
static void print_classes(const json_t *set, const json_t *classes) {
    const json_t *counts = json_object_get(set, "class_counts"), *ink = json_object_get(set, "ink");
    double most = 1;
    size_t label = 0, terminal = ten_terminal_width(stdout);
    for (size_t c = 0; c < TEN_CLASSES; c++) {
        size_t length = json_string_length(json_array_get(classes, c));
        if (length > label) label = length;
        most = fmax(most, json_number_value(json_array_get(counts, c)));
    }
    size_t taken = label + 53, room = terminal == 0 ? 40 : terminal > taken ? terminal - taken : 0;
    if (room > 40) room = 40;
    printf("  %-*s  images   share    ink  stroke  slant  isolated\n", (int)label, "");
    for (size_t c = 0; c < TEN_CLASSES; c++) {
        double count = json_number_value(json_array_get(counts, c));
        int bar = (int)((double)room * count / most + 0.5);
        printf("  %-*s  %6.0f  %4.1f %%", (int)label, json_string_value(json_array_get(classes, c)), count,
               100 * count / number(set, "count"));
        if (count > 0) {
            print_number(json_array_get(ink, c), 7, 1);
            print_noise(json_object_get(set, "noise"), c);
            fputs("  ", stdout);
        }
        for (int i = 0; i < bar; i++) putchar('#');
        putchar('\n');
    }
}

static void print_set(const json_t *set, const json_t *classes) {
    const json_t *intensity = json_object_get(set, "intensity");
    printf("%s%s%s: %.0f images of %.0fx%.0f, %.0f equal to an earlier one, %.0f pixels always empty\n", ten_bold(),
           json_string_value(json_object_get(set, "name")), ten_plain(), number(set, "count"), number(set, "height"),
           number(set, "width"), number(set, "duplicates"), number(set, "empty_pixels"));
    printf("intensity: mean %.3f, deviation %.3f, quartiles %g %g %g, range %g to %g\n", number(intensity, "mean"),
           number(intensity, "deviation"), number(intensity, "quartile1"), number(intensity, "median"),
           number(intensity, "quartile3"), number(intensity, "minimum"), number(intensity, "maximum"));
    print_classes(set, classes);
}

/* The extreme of the contrasts: the nearest two averages, or (sign -1) the farthest. */
static const json_t *extreme(const json_t *contrasts, double sign) {
    const json_t *best = NULL, *contrast;
    size_t i;
    json_array_foreach(contrasts, i, contrast) {
        if (!best || sign * number(contrast, "distance") < sign * number(best, "distance")) best = contrast;
    }
    return best;
}

static void print_contrast(const char *words, const json_t *contrast, const json_t *classes) {
    const char *first = json_string_value(json_array_get(classes, (size_t)number(contrast, "first")));
    const char *second = json_string_value(json_array_get(classes, (size_t)number(contrast, "second")));
    printf("%s %s and %s (%.2f)", words, first, second, number(contrast, "distance"));
}

static void print_document(const json_t *document) {
    const json_t *set, *classes = json_object_get(document, "classes");
    size_t i;
    json_array_foreach(json_object_get(document, "sets"), i, set) {
        print_set(set, classes);
        putchar('\n');
    }
    printf("test images that are in the training set, too: %.0f\n",
           number(json_object_get(document, "between"), "duplicates"));
    const json_t *contrasts = json_object_get(document, "contrasts");
    if (json_array_size(contrasts) == 0) return;
    print_contrast("average training images: nearest", extreme(contrasts, 1), classes);
    print_contrast(", farthest", extreme(contrasts, -1), classes);
    putchar('\n');
}

static int run(const struct options *options) {
    struct ten_data data;
    struct ten_error error;
    struct ten_run run = ten_run_for(options);
    if (ten_check_out(options->out) != DONE) return FAILED;
    if (ten_load_data(options, &data, &error) != TEN_OK) return ten_complain_error(&error);
    enum ten_status status;
    json_t *document = ten_explore_json(&data, &run, &status, &error);
    ten_data_release(&data);
    if (status != TEN_OK) return ten_complain_error(&error);
    int result = DONE;
    if (options->out) result = ten_print_json(json_incref(document), options->out);
    if (options->json && result == DONE) result = ten_print_json(json_incref(document), NULL);
    if (!options->json && result == DONE) print_document(document);
    json_decref(document);
    return result;
}

const struct command ten_command_explore = {
    .name = "explore",
    .usage = "",
    .summary = "the exploratory analysis",
    .details =
        "Prints the main figures of both sets. Of each class: the mean of all pixels (ink, 0 to 255), the width of "
        "strokes in pixels, their slant to the right in degrees, and how many pixels an image have ink but no "
        "neighbour with ink. --json gives all: statistics per pixel, histogram, samples, mean pictures, the most "
        "and the least typical images, prototypes, and the classes against each other.",
    .examples = "  tenfold explore\n"
                "  tenfold explore --data fashion --json\n",
    .options = OPT_COMMON | OPT_DATA | OPT_OUT | OPT_LIMIT,
    .notes = (const struct option_note[]){{OPT_OUT, "write the JSON document into a file, too"}, {0}},
    .run = run,
};
