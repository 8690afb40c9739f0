/* `tenfold study`: the whole road into one folder.
 *
 * Every pipeline is judged by cross-validation on the training set, which chooses the best. Then all are fitted on the
 * whole training set and measured once on the test set. */
#include "cli/study.h"

#include "base/clock.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/file.h"
#include "base/parallel.h"
#include "cli/explore.h"
#include "cli/preview.h"
#include "report/report.h"
#include "study/json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { QUICK_LIMIT = 4000, FOLDS = 5, QUICK_FOLDS = 3 };

/* ---- What is studied --------------------------------------------------------------------------------------------- */

/* What the original study compares, after its own chain: a row beside the model's own. */
static bool in_original(const char *model) {
    static const char *const models[] = {"naive-bayes", "logistic", "knn",  "random-forest",
                                         "svm",         "mlp",      "mlp2", "cnn"};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        if (strcmp(models[i], model) == 0) return true;
    return false;
}

static enum ten_status add_entry(struct ten_study *study, const char *model, const char *prep, const char *suffix,
                                 struct ten_error *error) {
    struct ten_entry *entry = &study->entries[study->entry_count];
    *entry = (struct ten_entry){.own = prep == NULL, .own_options = calloc(1, sizeof *entry->own_options)};
    if (!entry->own_options) return ten_fail_memory(error, "the rows");
    ten_settings_for(&study->options, model, entry->own_options);
    struct ten_pipeline *pipeline;
    enum ten_status status = ten_pipeline_new(&pipeline, model, prep, entry->own_options->settings,
                                              entry->own_options->setting_count, error);
    if (status != TEN_OK) {
        free(entry->own_options);
        return status;
    }
    struct ten_pipeline_info info = ten_pipeline_describe(pipeline);
    snprintf(entry->name, sizeof entry->name, "%s%s", info.model->name, suffix);
    snprintf(entry->prep, sizeof entry->prep, "%s", info.prep);
    entry->model = info.model->name;
    bool again = study->entry_count && entry[-1].model == entry->model && strcmp(entry[-1].prep, entry->prep) == 0;
    if (again)
        free(entry->own_options);
    else
        study->entry_count++;
    ten_pipeline_free(pipeline);
    return TEN_OK;
}

/* Each model with its own chain, and some with the original study's, too. */
static enum ten_status choose_entries(struct ten_study *study, char (*names)[96], size_t count,
                                      struct ten_error *error) {
    enum ten_status status = TEN_OK;
    for (size_t i = 0; status == TEN_OK && i < count; i++) {
        status = add_entry(study, names[i], NULL, "", error);
        if (status == TEN_OK && in_original(names[i]))
            status = add_entry(study, names[i], "original", "+original", error);
    }
    return status;
}

/* Leaves out the entries whose chain or model cannot take these images, and says so; an error if none is left. */
static enum ten_status keep_possible(struct ten_study *study, struct ten_error *error) {
    const struct ten_dataset *train = &study->data.train;
    size_t kept = 0, count = study->entry_count;
    for (size_t i = 0; i < count; i++) {
        struct ten_pipeline *pipeline;
        char *summary = NULL;
        enum ten_status status = ten_study_pipeline(&study->entries[i], &pipeline, error);
        if (status == TEN_OK) status = ten_pipeline_summarise(pipeline, train->height, train->width, &summary, error);
        free(summary);
        ten_pipeline_free(pipeline);
        if (status == TEN_NO_MEMORY) return status;
        struct ten_entry entry = study->entries[i];
        study->entries[i].own_options = NULL;
        if (status == TEN_OK) {
            study->entries[kept++] = entry;
        } else {
            ten_say(&study->options, "%s is left out: %s", entry.name, error->message);
            free(entry.own_options);
        }
    }
    study->entry_count = kept;
    return kept ? TEN_OK
                : ten_fail(error, TEN_FORMAT, "none of these models can take images of %zux%zu pixels", train->height,
                           train->width);
}

/* A folder that holds a study of other images or of another seed is left alone: its models would stay beside ours. */
static enum ten_status check_folder(const struct ten_study *study, struct ten_error *error) {
    char path[STUDY_TEXT];
    enum ten_status status = ten_study_path(study, path, "", "explore", ".json", error);
    if (status != TEN_OK) return status;
    json_t *part = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    const char *with = json_string_value(json_object_get(part, "made_with"));
    const char *from = with ? strstr(with, "; ") : NULL, *to = with ? strrchr(with, ';') : NULL; /* its subject */
    if (with && !strstr(with, study->subject))
        status = ten_fail(
            error, TEN_FORMAT,
            "%s: holds another study (%.*s), this one is of %s; choose another folder with --out, or remove "
            "that one",
            study->folder, from && from + 2 < to ? (int)(to - from - 2) : 0, from ? from + 2 : "", study->subject);
    json_decref(part);
    return status;
}

static enum ten_status open_store(struct ten_study *study, struct ten_error *error) {
    char path[STUDY_TEXT];
    enum ten_status status = ten_study_path(study, path, "", "runs", ".sqlite", error);
    return status == TEN_OK ? ten_store_open(&study->store, path, error) : status;
}

enum { LEAST = 6 };

static enum ten_status prepare(struct ten_study *study, struct ten_error *error) {
    static const char *const folders[] = {"crossval", "out-of-fold", "curves", "evaluate", "models"};
    enum ten_status status = ten_load_data(&study->options, &study->data, error);
    if (status != TEN_OK) return status;
    if (study->data.train.count < LEAST)
        return ten_fail(error, TEN_FORMAT, "%zu training images: a study needs at least %d", study->data.train.count,
                        LEAST);
    study->run = ten_run_for(&study->options);
    snprintf(study->subject, sizeof study->subject, "%s %08" PRIx32 " %08" PRIx32 "; seed %" PRIu64, study->data.name,
             ten_dataset_checksum(&study->data.train), ten_dataset_checksum(&study->data.test), study->options.seed);
    snprintf(study->made_with, sizeof study->made_with, "tenfold %s; %s; %s", ten_version(), study->subject,
             ten_kernel_set());
    status = keep_possible(study, error);
    if (status == TEN_OK) status = check_folder(study, error);
    if (status == TEN_OK) status = ten_make_folder(study->folder, error);
    char path[STUDY_TEXT];
    if (status == TEN_OK) status = open_store(study, error);
    for (size_t i = 0; status == TEN_OK && i < sizeof folders / sizeof *folders; i++) {
        status = ten_path_join(path, sizeof path, study->folder, folders[i], error);
        if (status == TEN_OK) status = ten_make_folder(path, error);
    }
    return status;
}

/* ---- Exploring and preprocessing ----------------------------------------------------------------------------------
 */

static json_t *make_explore(struct ten_study *study, const void *context, enum ten_status *status,
                            struct ten_error *error) {
    (void)context;
    return ten_explore_json(&study->data, &study->run, status, error);
}

static json_t *make_preview(struct ten_study *study, const void *context, enum ten_status *status,
                            struct ten_error *error) {
    json_t *chains = json_array();
    (void)context;
    for (size_t i = 0; *status == TEN_OK && i < study->entry_count; i++) {
        bool seen = false;
        for (size_t j = 0; j < i; j++) seen = seen || strcmp(study->entries[i].prep, study->entries[j].prep) == 0;
        json_t *chain = NULL;
        if (!seen) *status = ten_preview_chain(&study->data.train, study->entries[i].prep, &chain, &study->run, error);
        if (chain) json_array_append_new(chains, chain);
    }
    return json_pack("{s:o}", "chains", chains);
}

static enum ten_status explore(struct ten_study *study, struct ten_error *error) {
    char made_with[STUDY_TEXT];
    enum ten_status status = ten_study_part(study, "", "explore", study->made_with, make_explore, NULL, NULL, error);
    if (status != TEN_OK) return status;
    return ten_study_part(study, "", "preprocess", ten_study_made_of_all(study, made_with), make_preview, NULL, NULL,
                          error);
}

/* ---- The whole
 * --------------------------------------------------------------------------------------------------------- */

/* Appends a word as a shell takes it: quoted where it holds anything unusual. */
static void add_word(char *command, size_t size, const char *word) {
    size_t length = strlen(command);
    bool plain =
        *word && word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./,=+-")] == '\0';
    length += (size_t)snprintf(command + length, size - length, " %s", plain ? "" : "'");
    for (; *word && length + 8 < size; word++)
        length += (size_t)snprintf(command + length, size - length, *word == '\'' ? "'\\''" : "%c", *word);
    snprintf(command + length, size - length, "%s", plain ? "" : "'");
}

/* The command line that makes this study. */
static void describe_command(const struct ten_study *study, char *command, size_t size) {
    const struct options *o = &study->options;
    char number[32];
    snprintf(command, size, "tenfold study --data");
    add_word(command, size, o->data ? o->data : "mnist");
    if (o->models) {
        add_word(command, size, "--models");
        add_word(command, size, o->models);
    }
    if (o->net) {
        add_word(command, size, "--net");
        add_word(command, size, o->net);
    }
    if (o->quick) add_word(command, size, "--quick");
    if (o->limit && !(o->quick && o->limit == QUICK_LIMIT)) {
        add_word(command, size, "--limit");
        snprintf(number, sizeof number, "%zu", o->limit);
        add_word(command, size, number);
    }
    if (o->folds) {
        add_word(command, size, "--folds");
        snprintf(number, sizeof number, "%zu", o->folds);
        add_word(command, size, number);
    }
    add_word(command, size, "--seed");
    snprintf(number, sizeof number, "%" PRIu64, o->seed);
    add_word(command, size, number);
    add_word(command, size, "--out");
    add_word(command, size, study->folder);
}

static enum ten_status conclude(struct ten_study *study, const char *best, char *report, size_t size,
                                struct ten_error *error) {
    char path[STUDY_TEXT], started[32], command[4096];
    time_t now = time(NULL) - (time_t)(ten_seconds() - study->began);
    struct tm parts;
    strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
    describe_command(study, command, sizeof command);
    enum ten_status status = ten_study_path(study, path, "", "study", ".json", error);
    if (status == TEN_OK)
        status = ten_write_json(
            json_pack("{s:s, s:s, s:I, s:b, s:o, s:o, s:s, s:f, s:{s:s, s:s, s:I}, s:s, s:s}", "version", ten_version(),
                      "data", study->data.name, "seed", (json_int_t)study->options.seed, "quick", study->options.quick,
                      "limit", study->options.limit ? json_integer((json_int_t)study->options.limit) : json_null(),
                      "command", ten_json_text(command), "started", started, "seconds", study->seconds, "machine",
                      "processor", ten_cpu()->name, "kernels", ten_kernel_set(), "threads",
                      (json_int_t)ten_threads(&study->run), "best", best, "chosen_on", "crossval"),
            path, error);
    if (status == TEN_OK) status = ten_path_join(report, size, study->folder, "report.html", error);
    if (status == TEN_OK) status = ten_report_build(study->folder, report, error);
    return status;
}

static enum ten_status do_study(struct ten_study *study, json_t *rows, char *report, size_t size,
                                struct ten_error *error) {
    study->began = ten_seconds();
    enum ten_status status = prepare(study, error);
    if (status == TEN_OK) status = explore(study, error);
    if (status == TEN_OK) status = ten_study_tune(study, error);
    if (status == TEN_OK) status = ten_study_crossval(study, error);
    if (status == TEN_OK) status = ten_study_curves(study, error);
    if (status == TEN_OK) status = ten_study_compare(study, rows, error);
    if (status == TEN_OK) status = ten_study_significance(study, error);
    if (status == TEN_OK) status = ten_study_suspects(study, error);
    if (status == TEN_OK) status = ten_study_embed(study, error);
    if (status == TEN_OK) status = ten_study_inside(study, error);
    if (status == TEN_OK) status = ten_study_sprite(study, error);
    if (status == TEN_OK) status = ten_study_runs(study, error);
    if (status == TEN_OK) status = conclude(study, study->entries[study->best].name, report, size, error);
    if (status == TEN_OK) ten_say(&study->options, "done in %.1f s", ten_seconds() - study->began);
    return status;
}

static void release(struct ten_study *study) {
    for (size_t i = 0; i < study->entry_count; i++) {
        struct ten_entry *entry = &study->entries[i];
        bool searched = strcmp(entry->name, "tuned") == 0; /* its settings are its own */
        for (size_t k = 0; searched && entry->own_options && k < entry->own_options->setting_count; k++)
            free((char *)entry->own_options->settings[k]);
        free(entry->own_options);
    }
    ten_store_close(study->store);
    ten_data_release(&study->data);
    free(study);
}

static int run(const struct options *options) {
    struct ten_study *study = calloc(1, sizeof *study);
    json_t *rows = json_array();
    if (!study || !rows) return ten_complain(FAILED, "out of memory");
    study->options = *options;
    study->folder = options->out ? options->out : options->quick ? "study-quick" : "study";
    study->folds = options->folds ? options->folds : options->quick ? QUICK_FOLDS : FOLDS;
    if (options->quick && !options->limit) study->options.limit = QUICK_LIMIT;
    char report[STUDY_TEXT], names[MOST_MODELS][96];
    struct ten_error error;
    size_t count;
    int result = ten_choose_models(&study->options, names, &count);
    if (result == DONE && choose_entries(study, names, count, &error) != TEN_OK) result = ten_complain_words(&error);
    if (result != DONE) {
        release(study);
        json_decref(rows);
        return result;
    }
    if (do_study(study, rows, report, sizeof report, &error) != TEN_OK) {
        result = ten_complain_error(&error);
        if (error.status == TEN_CANCELLED)
            ten_say(options, "what was finished is kept in %s; the same command goes on", study->folder);
    } else if (options->json) {
        result =
            ten_print_json(json_pack("{s:o, s:o, s:s, s:O}", "folder", ten_json_text(study->folder), "report",
                                     ten_json_text(report), "best", study->entries[study->best].name, "rows", rows),
                           NULL);
    } else {
        result = ten_print_rows(rows);
        printf("\nbest by cross-validation: %s\nreport: %s\n", study->entries[study->best].name, report);
    }
    release(study);
    json_decref(rows);
    return result;
}

const struct command ten_command_study = {
    .name = "study",
    .usage = "",
    .summary = "the whole road into one folder: explore, tune, cross-validate, compare, report",
    .details =
        "Explores the data; searches the original study's space of parameters for its network; cross-validates every "
        "model with its own chain (those of the original study with its chain, too), which chooses the best; fits all "
        "on "
        "the whole training set and measures them once on the test set, on spoilt images and fitted on fewer; doubts "
        "labels, maps the digits, looks into the best network; and writes the report. Finished parts are kept: after "
        "Ctrl-C the same command goes on. A folder that holds a study of other images or another seed is left alone.",
    .examples = "  tenfold study\n"
                "  tenfold study --quick --out first-look\n"
                "  tenfold study --data fashion --models knn,logistic --out fashion-study\n",
    .options = OPT_COMMON | OPT_DATA | OPT_OUT | OPT_LIMIT | OPT_MODELS | OPT_NET | OPT_QUICK | OPT_FOLDS,
    .notes =
        (const struct option_note[]){
            {OPT_NET, "a neural network by its layers: the model `network`, beside the others"},
            {OPT_OUT, "the folder for all of it (default study, or study-quick with --quick)"},
            {OPT_QUICK, "a first look: at most 4000 images of each set, 3 folds, a shorter search"},
            {OPT_FOLDS, "how many folds (default 5, with --quick 3)"},
            {0}},
    .run = run,
};
