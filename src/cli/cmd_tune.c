/* `tenfold tune`: a search for a model's parameters, on held-out training images. */
#include "cli/record.h"
#include "cli/tune.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>

/* The document's trials, best first: by share, accuracy, log loss, trial. */
static int by_merit(const void *left, const void *right) {
    const json_t *a = *(json_t *const *)left, *b = *(json_t *const *)right;
    static const struct {
        const char *name;
        double sign;
    } keys[] = {{"share", -1}, {"accuracy", -1}, {"log_loss", 1}, {"trial", 1}};
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        double x = ten_number_of(a, keys[k].name), y = ten_number_of(b, keys[k].name);
        if (x != y) return (x > y ? 1 : -1) * (keys[k].sign > 0 ? 1 : -1);
    }
    return 0;
}

enum { SHOWN = 10, LEAST_EXPLAINED = 8 };

static int print_trials(const json_t *document) {
    const json_t *trials = json_object_get(document, "trials"), *space = json_object_get(document, "space"), *dimension;
    const char *headings[MOST_COLUMNS] = {">trial", ">accuracy", ">log loss", ">budget", ">time"};
    enum { SETTINGS = 5 };
    size_t d, columns = SETTINGS;
    json_array_foreach(space, d, dimension) {
        if (columns < MOST_COLUMNS) headings[columns++] = json_string_value(json_object_get(dimension, "name"));
    }
    struct table table = {.columns = columns, .headings = headings};
    size_t count = json_array_size(trials);
    json_t **order = calloc(count, sizeof *order);
    if (!order) return ten_complain(FAILED, "out of memory for the table");
    for (size_t i = 0; i < count; i++) order[i] = json_array_get(trials, i);
    qsort(order, count, sizeof *order, by_merit);
    for (size_t i = 0; i < count && i < SHOWN; i++) {
        if (strcmp(json_string_value(json_object_get(order[i], "state")), "failed") == 0) continue;
        char(*cell)[72] = ten_table_row(&table), text[24];
        snprintf(cell[0], sizeof *cell, "%.0f", ten_number_of(order[i], "trial") + 1);
        snprintf(cell[1], sizeof *cell, "%.4f", ten_number_of(order[i], "accuracy"));
        snprintf(cell[2], sizeof *cell, "%.4f", ten_number_of(order[i], "log_loss"));
        snprintf(cell[3], sizeof *cell, "%.3g %%", 100 * ten_number_of(order[i], "share"));
        snprintf(cell[4], sizeof *cell, "%s", ten_format_seconds(text, ten_number_of(order[i], "seconds")));
        const json_t *settings = json_object_get(order[i], "settings");
        for (size_t c = SETTINGS; c < columns; c++) {
            const char *value = json_string_value(json_object_get(settings, headings[c]));
            snprintf(cell[c], sizeof *cell, "%s", value ? value : "");
        }
    }
    free(order);
    return ten_table_print(&table, stdout);
}

static int print_result(const json_t *document) {
    int result = print_trials(document);
    if (result != DONE) return result;
    const json_t *best = json_object_get(document, "best"), *item;
    const char *key;
    json_t *value;
    size_t i;
    size_t count = json_array_size(json_object_get(document, "trials"));
    double points = ten_number_of(document, "points");
    printf("\n%s%zu trial%s of %.0f point%s\n", count > SHOWN ? "the best 10 of " : "", count, count == 1 ? "" : "s",
           points, points == 1 ? "" : "s");
    printf("best: %s%.4f%s on %.0f held-out training images, with", ten_bold(), ten_number_of(best, "accuracy"),
           ten_plain(), ten_number_of(document, "validation_count"));
    json_object_foreach(json_object_get(best, "settings"), key, value)
        printf(" --set %s=%s", key, json_string_value(value));
    bool enough = ten_number_of(document, "points") >= LEAST_EXPLAINED;
    if (enough) printf("\nshare of the accuracies' variance that each parameter explains alone:");
    if (enough)
        json_array_foreach(json_object_get(document, "importance"), i, item)
            printf("%s %s %.0f %%", i ? "," : "", json_string_value(json_object_get(item, "name")),
                   100 * ten_number_of(item, "importance"));
    putchar('\n');
    const char *file = json_string_value(json_object_get(json_object_get(document, "retrained"), "file"));
    if (file)
        printf("fitted on all %.0f training images: %s\n",
               ten_number_of(document, "train_count") + ten_number_of(document, "validation_count"), file);
    return DONE;
}

/* The space of --grid or --space, or the usual one, whose fixed settings come before those of --set. */
static enum ten_status read_space(struct options *options, const char *model, struct ten_space **space,
                                  struct ten_error *error) {
    uint8_t *text;
    size_t size;
    enum { MOST = 1 << 20 };
    if (options->grid) return ten_space_parse(space, options->grid, model, error);
    if (options->space) {
        enum ten_status status = ten_file_read(options->space, MOST, &text, &size, error);
        if (status != TEN_OK) return status;
        status = ten_space_parse_json(space, (const char *)text, options->space, model, error);
        free(text);
        return status;
    }
    const char *fixed = NULL, *usual = ten_usual_space(model, &fixed);
    if (!usual) {
        ten_complain(WRONG_USAGE, "%s has no usual space; say what to search with --grid or --space", model);
        error->status = TEN_CANCELLED;
        return TEN_CANCELLED;
    }
    if (fixed) {
        memmove(options->settings + 1, options->settings, options->setting_count * sizeof *options->settings);
        options->settings[0] = fixed;
        options->setting_count++;
    }
    return ten_space_parse(space, usual, model, error);
}

static int tune(struct options *options, struct ten_tuning *tuning, struct ten_store *store) {
    struct ten_data data = {0};
    struct ten_error error;
    struct ten_run run = ten_run_for(options);
    json_t *document = NULL;
    int result = DONE;
    enum ten_status status = ten_load_data(options, &data, &error);
    if (status == TEN_OK) status = ten_tune(tuning, &data, store, &document, &run, &error);
    if (status != TEN_OK) {
        result = ten_complain_error(&error);
        if (status == TEN_CANCELLED && store) ten_say(options, "finished trials are kept; the same command goes on");
    } else {
        result = options->json ? ten_print_json(json_incref(document), NULL) : print_result(document);
    }
    json_decref(document);
    ten_data_release(&data);
    return result;
}

/* What is searched cannot be set, too. */
static int check_settings(const struct options *given, const struct ten_space *space) {
    for (size_t i = 0; i < given->setting_count; i++)
        for (size_t d = 0; d < ten_space_count(space); d++) {
            const char *name = ten_space_at(space, d)->name;
            size_t length = strlen(name);
            if (strncmp(given->settings[i], name, length) == 0 && given->settings[i][length] == '=')
                return ten_complain(WRONG_USAGE, "--set %s: %s is searched; --grid says what else could be",
                                    given->settings[i], name);
        }
    return DONE;
}

static int run(const struct options *given) {
    struct options options = *given;
    struct ten_error error;
    const char *model;
    if (ten_choose_model(&options, &model) != DONE) return WRONG_USAGE;
    char file[128];
    snprintf(file, sizeof file, "%.100s-tuned.safetensors", model);
    struct ten_tuning tuning = {.model = model,
                                .prep = options.prep,
                                .options = &options,
                                .search = {.strategy = TEN_HALVING, .points = options.trials, .seed = options.seed},
                                .max_seconds = options.max_seconds,
                                .file = options.out ? options.out : file};
    if (options.strategy && !ten_strategy_of(options.strategy, &tuning.search.strategy))
        return ten_complain(WRONG_USAGE, "--strategy \"%s\": expected grid, random, halving or tpe", options.strategy);
    if (options.grid && options.space) return ten_complain(WRONG_USAGE, "--grid and --space: expected one of them");
    if (options.setting_count == MAX_SETTINGS) return ten_complain(WRONG_USAGE, "--set: given too often");
    struct ten_pipeline *tried;
    if (ten_pipeline_new(&tried, model, options.prep, options.settings, options.setting_count, &error) != TEN_OK)
        return ten_complain_words(&error);
    ten_pipeline_free(tried);
    struct ten_space *space = NULL;
    struct ten_store *store = NULL;
    enum ten_status status = read_space(&options, model, &space, &error);
    if (status != TEN_OK) return status == TEN_CANCELLED ? WRONG_USAGE : ten_complain_words(&error);
    tuning.search.space = space;
    int result = check_settings(given, space);
    if (result == DONE && tuning.search.strategy == TEN_GRID && !ten_space_points(space))
        result = ten_complain(WRONG_USAGE, "--strategy grid has lists of values, no ranges; see the other strategies");
    if (result == DONE) result = ten_check_out(tuning.file);
    if (result == DONE) result = ten_record_open(&options, &store);
    if (result == DONE) result = tune(&options, &tuning, store);
    ten_store_close(store);
    ten_space_free(space);
    return result;
}

const struct command ten_command_tune = {
    .name = "tune",
    .usage = "[MODEL]",
    .summary = "searches the best parameters; resumable",
    .details =
        "Tries points of a space of parameters on a sixth of the training images that is held out from fitting (the "
        "test "
        "set is not touched), then fits the best on the whole training set and saves it. Strategies: `halving` tries "
        "all "
        "points with a small share of the epochs and images, and lets the best third go on with three times as much, "
        "up "
        "to the whole; `random` and `tpe` (which learns where good points lie) try point after point, and give one up "
        "whose first ninth falls below the median of those before; `grid` tries all in full. Each finished trial is in "
        "the run database at once: after Ctrl-C, or a kill, the same command goes on. cnn2's usual space is the "
        "original "
        "study's, 96 points.",
    .examples = "  tenfold tune cnn2\n"
                "  tenfold tune knn --grid \"n_neighbors=1,3,5 weights=uniform,distance\"\n"
                "  tenfold tune svm --strategy tpe --grid \"C=1..100:log gamma=0.01..0.1:log\"\n"
                "  tenfold tune mlp --space space.json --max-seconds 60 --json\n",
    .options = OPT_COMMON | OPT_DATA | OPT_OUT | OPT_LIMIT | OPT_PREP | OPT_SET | OPT_NET | OPT_GRID | OPT_SPACE |
               OPT_STRATEGY | OPT_TRIALS | OPT_SECONDS | OPT_RUNS,
    .notes = (const struct option_note[]){{OPT_OUT, "the best one's model file (default MODEL-tuned.safetensors)"},
                                          {OPT_SET, "a parameter of all trials; repeatable"},
                                          {OPT_TRIALS, "at most so many points (default all of lists with grid and "
                                                       "halving, 27 of ranges, 30 with random and tpe)"},
                                          {0}},
    .most_arguments = 1,
    .run = run,
};
