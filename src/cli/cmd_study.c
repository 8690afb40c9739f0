/* `tenfold study`: the whole road into one folder. Each part is one file that says with what it was made; a part that
 * is there and was made with the same is kept, so that a study that was stopped goes on with the same command.
 *
 * Every pipeline is first judged on a sixth of the training images that is held out from its fitting; that chooses the
 * best. Then all are fitted on the whole training set and measured once on the test set. */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/file.h"
#include "base/parallel.h"
#include "cli/explore.h"
#include "cli/preview.h"
#include "prep/step.h"
#include "report/report.h"
#include "study/json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { MOST_ROWS = 2 * MOST_MODELS, QUICK_LIMIT = 6000 };

struct study {
    struct options options; /* --quick has become a limit */
    const char *folder;
    struct ten_data data;
    struct ten_run run;
    double began;        /* when this run did */
    double since;        /* when the part that is being made was begun */
    double seconds;      /* that all parts took, those made by earlier runs too */
    char subject[160];   /* data and seed: one folder holds one study */
    char made_with[256]; /* version, data, seed, kernels: what every part depends on */
    struct entry {
        char name[96]; /* "knn", "knn+original" */
        const char *model;
        char prep[256]; /* in full */
    } entries[MOST_ROWS];
    size_t entry_count;
};

/* ---- Parts ----------------------------------------------------------------------------------------------------- */

static enum ten_status part_path(const struct study *study, char *path, size_t size, const char *folder,
                                 const char *name, const char *ending, struct ten_error *error) {
    char file[256];
    snprintf(file, sizeof file, "%s%s%s", folder, name, ending);
    return ten_path_join(path, size, study->folder, file, error);
}

/* The part in a file if it was made with the same as now; else NULL. A new reference. */
static json_t *kept_part(struct study *study, const char *path, const char *made_with) {
    json_t *part = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    const char *with = json_string_value(json_object_get(part, "made_with"));
    study->since = ten_seconds();
    if (with && strcmp(with, made_with) == 0) {
        study->seconds += json_number_value(json_object_get(part, "made_in"));
        return part;
    }
    json_decref(part);
    return NULL;
}

/* Writes a part and keeps the caller's reference. */
static enum ten_status write_part(struct study *study, json_t *part, const char *path, const char *made_with,
                                  struct ten_error *error) {
    double now = ten_seconds(), seconds = now - study->since;
    study->seconds += seconds;
    study->since = now; /* where the next part begins, if no file is looked at for it */
    if (!part || json_object_set_new(part, "made_with", json_string(made_with)) != 0 ||
        json_object_set_new(part, "made_in", json_real(seconds)) != 0)
        return ten_fail(error, TEN_NO_MEMORY, "%s: out of memory for JSON", path);
    return ten_write_json(json_incref(part), path, error);
}

/* ---- What is studied --------------------------------------------------------------------------------------------- */

static enum ten_status new_pipeline(const struct study *study, const char *model, const char *prep,
                                    struct ten_pipeline **pipeline, struct ten_error *error) {
    struct options own;
    ten_settings_for(&study->options, model, &own);
    return ten_pipeline_new(pipeline, model, prep, own.settings, own.setting_count, error);
}

static enum ten_status add_entry(struct study *study, const char *model, const char *prep, const char *suffix,
                                 struct ten_error *error) {
    struct ten_pipeline *pipeline;
    enum ten_status status = new_pipeline(study, model, prep, &pipeline, error);
    if (status != TEN_OK) return status;
    struct ten_pipeline_info info = ten_pipeline_describe(pipeline);
    struct entry *entry = &study->entries[study->entry_count];
    snprintf(entry->name, sizeof entry->name, "%s%s", info.model->name, suffix);
    snprintf(entry->prep, sizeof entry->prep, "%s", info.prep);
    entry->model = info.model->name;
    bool again = study->entry_count && entry[-1].model == entry->model && strcmp(entry[-1].prep, entry->prep) == 0;
    if (!again) study->entry_count++;
    ten_pipeline_free(pipeline);
    return TEN_OK;
}

/* Each model with its own chain and with the original study's. */
static enum ten_status choose_entries(struct study *study, char (*names)[96], size_t count, struct ten_error *error) {
    enum ten_status status = TEN_OK;
    for (size_t i = 0; status == TEN_OK && i < count; i++) {
        status = add_entry(study, names[i], NULL, "", error);
        if (status == TEN_OK) status = add_entry(study, names[i], "original", "+original", error);
    }
    return status;
}

/* Leaves out the entries whose chain or model cannot take these images, and says so; an error if none is left. */
static enum ten_status keep_possible(struct study *study, struct ten_error *error) {
    const struct ten_dataset *train = &study->data.train;
    size_t kept = 0;
    for (size_t i = 0; i < study->entry_count; i++) {
        struct ten_pipeline *pipeline;
        char *summary = NULL;
        enum ten_status status = new_pipeline(study, study->entries[i].model, study->entries[i].prep, &pipeline, error);
        if (status == TEN_OK) status = ten_pipeline_summarise(pipeline, train->height, train->width, &summary, error);
        free(summary);
        ten_pipeline_free(pipeline);
        if (status == TEN_NO_MEMORY) return status;
        if (status == TEN_OK)
            study->entries[kept++] = study->entries[i];
        else
            ten_say(&study->options, "%s is left out: %s", study->entries[i].name, error->message);
    }
    study->entry_count = kept;
    return kept ? TEN_OK
                : ten_fail(error, TEN_FORMAT, "none of these models can take images of %zux%zu pixels", train->height,
                           train->width);
}

/* A folder that holds a study of other images or of another seed is left alone: its models would stay beside ours. */
static enum ten_status check_folder(const struct study *study, struct ten_error *error) {
    char path[2048];
    enum ten_status status = part_path(study, path, sizeof path, "", "explore", ".json", error);
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

static enum ten_status prepare(struct study *study, struct ten_error *error) {
    static const char *const folders[] = {"validate", "evaluate", "models"};
    enum ten_status status = ten_load_data(&study->options, &study->data, error);
    if (status != TEN_OK) return status;
    if (study->data.train.count < 6)
        return ten_fail(error, TEN_FORMAT, "%zu training images: a study needs at least 6, of which it holds one out",
                        study->data.train.count);
    study->run = ten_run_for(&study->options);
    snprintf(study->subject, sizeof study->subject, "%s %08" PRIx32 " %08" PRIx32 "; seed %" PRIu64, study->data.name,
             ten_dataset_checksum(&study->data.train), ten_dataset_checksum(&study->data.test), study->options.seed);
    snprintf(study->made_with, sizeof study->made_with, "tenfold %s; %s; %s", ten_version(), study->subject,
             ten_kernel_set());
    status = keep_possible(study, error);
    if (status == TEN_OK) status = check_folder(study, error);
    if (status == TEN_OK) status = ten_make_folder(study->folder, error);
    char path[2048];
    for (size_t i = 0; status == TEN_OK && i < sizeof folders / sizeof *folders; i++) {
        status = ten_path_join(path, sizeof path, study->folder, folders[i], error);
        if (status == TEN_OK) status = ten_make_folder(path, error);
    }
    return status;
}

/* ---- Exploring and preprocessing ------------------------------------------------------------------------------------
 */

static enum ten_status explore(struct study *study, struct ten_error *error) {
    char path[2048];
    enum ten_status status = part_path(study, path, sizeof path, "", "explore", ".json", error);
    if (status != TEN_OK) return status;
    json_t *part = kept_part(study, path, study->made_with);
    if (!part) {
        ten_say(&study->options, "explore");
        part = ten_explore_json(&study->data, &study->run, &status, error);
        if (status == TEN_OK) status = write_part(study, part, path, study->made_with, error);
    }
    json_decref(part);
    return status;
}

static enum ten_status preview(struct study *study, struct ten_error *error) {
    char path[2048], made_with[4096];
    enum ten_status status = part_path(study, path, sizeof path, "", "preprocess", ".json", error);
    size_t length = (size_t)snprintf(made_with, sizeof made_with, "%s", study->made_with);
    for (size_t i = 0; i < study->entry_count && length < sizeof made_with; i++)
        length += (size_t)snprintf(made_with + length, sizeof made_with - length, "; %s", study->entries[i].prep);
    if (status != TEN_OK) return status;
    json_t *part = kept_part(study, path, made_with), *chains = json_array();
    if (!part) ten_say(&study->options, "preprocess");
    for (size_t i = 0; !part && status == TEN_OK && i < study->entry_count; i++) {
        bool seen = false;
        for (size_t j = 0; j < i; j++) seen = seen || strcmp(study->entries[i].prep, study->entries[j].prep) == 0;
        json_t *chain = NULL;
        if (!seen) status = ten_preview_chain(&study->data.train, study->entries[i].prep, &chain, &study->run, error);
        if (chain) json_array_append_new(chains, chain);
    }
    if (!part && status == TEN_OK) {
        part = json_pack("{s:O}", "chains", chains);
        status = write_part(study, part, path, made_with, error);
    }
    json_decref(chains);
    json_decref(part);
    return status;
}

/* ---- The models
 * ------------------------------------------------------------------------------------------------------- */

static void say_result(const struct study *study, const struct entry *entry, const char *on, const json_t *row,
                       const char *note) {
    ten_say(&study->options, "%-22s %-10s %.4f  %s%s", entry->name, on,
            json_number_value(json_object_get(row, "accuracy")), entry->prep, note);
}

static const char *made_with_of(const struct study *study, const struct entry *entry, char *text, size_t size) {
    bool by_text = study->options.net && strcmp(entry->model, "network") == 0;
    snprintf(text, size, "%s; %s; %s%s%s", study->made_with, entry->model, entry->prep, by_text ? "; " : "",
             by_text ? study->options.net : "");
    return text;
}

/* Judges every entry on held-out training images; accuracies[i] gets the result of entry i. */
static enum ten_status validate(struct study *study, double *accuracies, struct ten_error *error) {
    struct ten_data split = {0};
    enum ten_status status = TEN_OK;
    for (size_t i = 0; status == TEN_OK && i < study->entry_count; i++) {
        const struct entry *entry = &study->entries[i];
        char path[2048], made_with[2048];
        made_with_of(study, entry, made_with, sizeof made_with);
        status = part_path(study, path, sizeof path, "validate/", entry->name, ".json", error);
        if (status != TEN_OK) break;
        json_t *row = kept_part(study, path, made_with);
        if (!row) {
            struct measured measured = {0};
            if (!split.train.count) {
                status = ten_load_data(&study->options, &split, error);
                if (status == TEN_OK) status = ten_hold_out(&split, study->options.seed, error);
            }
            struct options own;
            ten_settings_for(&study->options, entry->model, &own);
            if (status == TEN_OK)
                status = ten_measure(&measured, entry->name, entry->model, entry->prep, &own, &split, true, &study->run,
                                     error);
            if (status == TEN_OK) {
                row = ten_row_json(&measured, split.test.count, true);
                status = write_part(study, row, path, made_with, error);
            }
            ten_measured_release(&measured);
        }
        if (status == TEN_OK) say_result(study, entry, "validation", row, "");
        accuracies[i] = json_number_value(json_object_get(row, "accuracy"));
        json_decref(row);
    }
    ten_data_release(&split);
    return status;
}

/* -1 if there is no such file. */
static json_int_t file_bytes(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 ? (json_int_t)info.st_size : -1;
}

/* Fits an entry on the whole training set, saves it and measures it on the test set. *part gets the evaluation. */
static enum ten_status evaluate(struct study *study, const struct entry *entry, json_t **part,
                                struct ten_error *error) {
    char path[2048], model[2048], made_with[2048];
    made_with_of(study, entry, made_with, sizeof made_with);
    enum ten_status status = part_path(study, path, sizeof path, "evaluate/", entry->name, ".json", error);
    if (status == TEN_OK) status = part_path(study, model, sizeof model, "models/", entry->name, ".safetensors", error);
    if (status != TEN_OK) return status;
    *part = kept_part(study, path, made_with);
    if (*part && json_integer_value(json_object_get(*part, "model_bytes")) == file_bytes(model)) return TEN_OK;
    json_decref(*part);
    *part = NULL;
    remove(path); /* an older evaluation must not stand beside the newer model, should this be stopped in between */
    struct measured measured;
    struct options own;
    ten_settings_for(&study->options, entry->model, &own);
    status =
        ten_measure(&measured, entry->name, entry->model, entry->prep, &own, &study->data, true, &study->run, error);
    if (status == TEN_OK) status = ten_pipeline_save(measured.pipeline, model, error);
    if (status == TEN_OK) {
        *part = ten_evaluation_json(&measured, &study->data, "test", true);
        json_object_set_new(*part, "model_bytes", json_integer(file_bytes(model)));
        status = write_part(study, *part, path, made_with, error);
    }
    ten_measured_release(&measured);
    return status;
}

/* A row of compare.json out of an evaluation: without its details. */
static json_t *row_of(const json_t *evaluation, double validation_accuracy) {
    static const char *const details[] = {
        "on",        "data",       "classes",          "per_class",  "weighted",      "confusion", "roc",
        "history",   "mistakes",   "made_with",        "made_in",    "model_bytes",   "pr",        "calibration",
        "predicted", "confidence", "without_rejected", "robustness", "learning_curve"};
    json_t *row = json_copy((json_t *)evaluation);
    for (size_t i = 0; i < sizeof details / sizeof *details; i++) json_object_del(row, details[i]);
    json_object_set_new(row, "validation_accuracy", json_real(validation_accuracy));
    return row;
}

static enum ten_status compare(struct study *study, const double *validation, json_t *rows, struct ten_error *error) {
    enum ten_status status = TEN_OK;
    for (size_t i = 0; status == TEN_OK && i < study->entry_count; i++) {
        json_t *part = NULL;
        status = evaluate(study, &study->entries[i], &part, error);
        if (status == TEN_OK) {
            bool converged = json_is_true(json_object_get(part, "converged"));
            say_result(study, &study->entries[i], "test", part, converged ? "" : "  (not converged)");
            json_array_append_new(rows, row_of(part, validation[i]));
        }
        json_decref(part);
    }
    char path[2048];
    if (status == TEN_OK) status = part_path(study, path, sizeof path, "", "compare", ".json", error);
    if (status == TEN_OK)
        status = ten_write_json(json_pack("{s:s, s:n, s:I, s:s, s:I, s:I, s:O}", "data", study->data.name, "prep",
                                          "seed", (json_int_t)study->options.seed, "on", "test", "train_count",
                                          (json_int_t)study->data.train.count, "test_count",
                                          (json_int_t)study->data.test.count, "rows", rows),
                                path, error);
    return status;
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
static void describe_command(const struct study *study, char *command, size_t size) {
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
    if (o->quick || o->limit) {
        add_word(command, size, o->quick && o->limit == QUICK_LIMIT ? "--quick" : "--limit");
        snprintf(number, sizeof number, "%zu", o->limit);
        if (!(o->quick && o->limit == QUICK_LIMIT)) add_word(command, size, number);
    }
    add_word(command, size, "--seed");
    snprintf(number, sizeof number, "%" PRIu64, o->seed);
    add_word(command, size, number);
    add_word(command, size, "--out");
    add_word(command, size, study->folder);
}

static enum ten_status conclude(struct study *study, const char *best, char *report, size_t size,
                                struct ten_error *error) {
    char path[2048], started[32], command[4096];
    time_t now = time(NULL) - (time_t)(ten_seconds() - study->began);
    struct tm parts;
    strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
    describe_command(study, command, sizeof command);
    enum ten_status status = part_path(study, path, sizeof path, "", "study", ".json", error);
    if (status == TEN_OK)
        status = ten_write_json(
            json_pack("{s:s, s:s, s:I, s:b, s:o, s:o, s:s, s:f, s:{s:s, s:s, s:I}, s:s, s:s}", "version", ten_version(),
                      "data", study->data.name, "seed", (json_int_t)study->options.seed, "quick", study->options.quick,
                      "limit", study->options.limit ? json_integer((json_int_t)study->options.limit) : json_null(),
                      "command", ten_json_text(command), "started", started, "seconds", study->seconds, "machine",
                      "processor", ten_cpu()->name, "kernels", ten_kernel_set(), "threads",
                      (json_int_t)ten_threads(&study->run), "best", best, "chosen_on", "validation"),
            path, error);
    if (status == TEN_OK) status = ten_path_join(report, size, study->folder, "report.html", error);
    if (status == TEN_OK) status = ten_report_build(study->folder, report, error);
    return status;
}

static enum ten_status do_study(struct study *study, json_t *rows, const char **best, char *report, size_t size,
                                struct ten_error *error) {
    double validation[MOST_ROWS] = {0};
    study->began = ten_seconds();
    enum ten_status status = prepare(study, error);
    if (status == TEN_OK) status = explore(study, error);
    if (status == TEN_OK) status = preview(study, error);
    if (status == TEN_OK) status = validate(study, validation, error);
    if (status == TEN_OK) status = compare(study, validation, rows, error);
    size_t top = 0;
    for (size_t i = 1; i < study->entry_count; i++)
        if (validation[i] > validation[top] + 1e-9) top = i; /* parts that were kept are rounded to ten digits */
    *best = study->entries[top].name;
    if (status == TEN_OK) status = conclude(study, *best, report, size, error);
    if (status == TEN_OK) ten_say(&study->options, "done in %.1f s", ten_seconds() - study->began);
    return status;
}

static int run(const struct options *options) {
    struct study *study = calloc(1, sizeof *study);
    json_t *rows = json_array();
    if (!study || !rows) return ten_complain(FAILED, "out of memory");
    study->options = *options;
    study->folder = options->out ? options->out : options->quick ? "study-quick" : "study";
    if (options->quick && !options->limit) study->options.limit = QUICK_LIMIT;
    char report[2048];
    const char *best = "";
    struct ten_error error;
    char names[MOST_MODELS][96];
    size_t count;
    int result = ten_choose_models(&study->options, names, &count);
    if (result != DONE) {
        free(study);
        json_decref(rows);
        return result;
    }
    if (choose_entries(study, names, count, &error) != TEN_OK) {
        result = ten_complain_words(&error);
    } else if (do_study(study, rows, &best, report, sizeof report, &error) != TEN_OK) {
        result = ten_complain_error(&error);
        if (error.status == TEN_CANCELLED)
            ten_say(options, "what was finished is kept in %s; the same command goes on", study->folder);
    } else if (options->json) {
        result = ten_print_json(json_pack("{s:o, s:o, s:s, s:O}", "folder", ten_json_text(study->folder), "report",
                                          ten_json_text(report), "best", best, "rows", rows),
                                NULL);
    } else {
        result = ten_print_rows(rows);
        printf("\nbest on validation: %s\nreport: %s\n", best, report);
    }
    ten_data_release(&study->data);
    json_decref(rows);
    free(study);
    return result;
}

const struct command ten_command_study = {
    .name = "study",
    .usage = "",
    .summary = "the whole road into one folder: explore, preprocess, compare, evaluate, report",
    .details =
        "Explores the data, judges every model with its own chain and with the original study's on a sixth of the "
        "training images, fits all on the whole training set, measures them once on the test set, saves them and "
        "writes the report. Finished parts are kept: after Ctrl-C the same command goes on. A folder that holds a "
        "study "
        "of other images or another seed is left alone.",
    .examples = "  tenfold study\n"
                "  tenfold study --quick --out first-look\n"
                "  tenfold study --data fashion --models knn,logistic --out fashion-study\n",
    .options = OPT_COMMON | OPT_DATA | OPT_OUT | OPT_LIMIT | OPT_MODELS | OPT_NET | OPT_QUICK,
    .notes =
        (const struct option_note[]){{OPT_OUT, "the folder for all of it (default study, or study-quick with --quick)"},
                                     {0}},
    .run = run,
};
