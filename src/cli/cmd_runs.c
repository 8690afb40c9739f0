/* `tenfold runs`: what the run database holds. */
#include "cli/record.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "study/json.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *run, const char *key) {
    const char *text = json_string_value(json_object_get(run, key));
    return text ? text : "";
}

/* ---- list ---------------------------------------------------------------------------------------------------------
 */

static int print_list(const json_t *runs) {
    static const char *const headings[] = {">run",    "kind",      "name",  "chain",   "data",
                                           ">images", ">accuracy", ">time", "started", "state"};
    struct table table = {.columns = sizeof headings / sizeof *headings, .headings = headings};
    size_t i;
    const json_t *run;
    json_array_foreach(runs, i, run) {
        char(*cell)[72] = ten_table_row(&table), text[24];
        const json_t *accuracy = json_object_get(run, "accuracy");
        snprintf(cell[0], sizeof *cell, "%.0f", ten_number_of(run, "id"));
        snprintf(cell[1], sizeof *cell, "%s", text_of(run, "kind"));
        snprintf(cell[2], sizeof *cell, "%s", text_of(run, "name"));
        snprintf(cell[3], sizeof *cell, "%s", text_of(run, "prep"));
        snprintf(cell[4], sizeof *cell, "%s", text_of(run, "data"));
        const json_t *metrics = json_object_get(run, "metrics");
        double images = ten_number_of(metrics, "images") + ten_number_of(metrics, "train_count");
        if (images > 0) snprintf(cell[5], sizeof *cell, "%.0f", images);
        if (json_is_number(accuracy)) snprintf(cell[6], sizeof *cell, "%.4f", json_number_value(accuracy));
        snprintf(cell[7], sizeof *cell, "%s", ten_format_seconds(text, ten_number_of(run, "seconds")));
        snprintf(cell[8], sizeof *cell, "%s", text_of(run, "started"));
        snprintf(cell[9], sizeof *cell, "%s", text_of(run, "state"));
    }
    if (table.rows) return ten_table_print(&table, stdout);
    printf("no runs\n");
    return DONE;
}

static int list(struct ten_store *store, const struct options *options) {
    struct ten_error error;
    const struct ten_store_filter filter = {.kind = options->kind, .latest = options->limit};
    json_t *runs;
    if (ten_store_list(store, &filter, &runs, &error) != TEN_OK) return ten_complain_error(&error);
    int result = options->json ? ten_print_json(json_pack("{s:O}", "runs", runs), NULL) : print_list(runs);
    json_decref(runs);
    return result;
}

/* ---- show and compare -----------------------------------------------------------------------------------------------
 */

/* "key" or "metrics.key" -> text for people, of all members that are no containers or are objects of such. */
static void flatten(const json_t *object, const char *prefix, json_t *flat) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        char name[192], text[128];
        snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", key);
        if (json_is_object(value)) {
            if (strcmp(key, "history") != 0) flatten(value, name, flat);
            continue;
        }
        if (json_is_null(value) || strcmp(key, "identity") == 0) continue;
        if (json_is_string(value))
            snprintf(text, sizeof text, "%s", json_string_value(value));
        else if (json_is_boolean(value))
            snprintf(text, sizeof text, "%s", json_is_true(value) ? "true" : "false");
        else if (json_is_integer(value))
            snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        else if (json_is_real(value))
            snprintf(text, sizeof text, "%.6g", json_real_value(value));
        else
            continue;
        json_object_set_new(flat, name, ten_json_text(text));
    }
}

static int print_flat(json_t *const *flats, const json_t *const *runs, size_t count, bool differing) {
    const char *headings[17] = {""};
    char titles[16][32];
    for (size_t r = 0; r < count; r++) {
        snprintf(titles[r], sizeof titles[r], "run %.0f", ten_number_of(runs[r], "id"));
        headings[r + 1] = titles[r];
    }
    struct table table = {.columns = count + 1, .headings = headings};
    json_t *seen = json_object();
    for (size_t r = 0; r < count; r++) {
        const char *key;
        json_t *value;
        json_object_foreach(flats[r], key, value) {
            if (json_object_get(seen, key)) continue;
            json_object_set_new(seen, key, json_true());
            bool same = true;
            for (size_t k = 0; k < count; k++) same = same && json_equal(json_object_get(flats[k], key), value);
            if (differing && same) continue;
            char(*cell)[72] = ten_table_row(&table);
            snprintf(cell[0], sizeof *cell, "%s", key);
            for (size_t k = 0; k < count; k++) snprintf(cell[k + 1], sizeof *cell, "%.71s", text_of(flats[k], key));
        }
    }
    json_decref(seen);
    return ten_table_print(&table, stdout);
}

static void print_history(const json_t *run) {
    const json_t *history = json_object_get(run, "history"), *names = json_object_get(history, "names"), *row, *value;
    size_t i, k;
    if (json_array_size(json_object_get(history, "rows")) == 0) return;
    putchar('\n');
    json_array_foreach(names, k, value) printf("%s%*s", k ? "  " : "", k ? 20 : 8, json_string_value(value));
    putchar('\n');
    json_array_foreach(json_object_get(history, "rows"), i, row) {
        json_array_foreach(row, k, value) printf("%s%*.6g", k ? "  " : "", k ? 20 : 8, json_number_value(value));
        putchar('\n');
    }
}

static int show(struct ten_store *store, const struct options *options, bool compare) {
    enum { MOST = 16 };
    json_t *runs[MOST], *flats[MOST];
    size_t count = 0;
    int result = DONE;
    struct ten_error error;
    if (options->argument_count - 1 > MOST) return ten_complain(WRONG_USAGE, "expected at most %d runs", MOST);
    for (size_t i = 1; i < options->argument_count && result == DONE; i++) {
        int64_t id;
        if (!ten_parse_integer(options->arguments[i], &id) || id < 1)
            result = ten_complain(WRONG_USAGE, "\"%s\": expected the number of a run", options->arguments[i]);
        else if (ten_store_get(store, id, &runs[count], &error) != TEN_OK)
            result = ten_complain_error(&error);
        else
            flats[count] = json_object(), flatten(runs[count], "", flats[count]), count++;
    }
    if (result == DONE && options->json) {
        json_t *list = json_array();
        for (size_t i = 0; i < count; i++) json_array_append(list, runs[i]);
        result = ten_print_json(json_pack("{s:o}", "runs", list), NULL);
    } else if (result == DONE && compare) {
        result = print_flat(flats, (const json_t *const *)runs, count, true);
    } else if (result == DONE) {
        for (size_t i = 0; i < count && result == DONE; i++) {
            if (i) putchar('\n');
            result = print_flat(&flats[i], (const json_t *const *)&runs[i], 1, false);
            print_history(runs[i]);
        }
    }
    for (size_t i = 0; i < count; i++) json_decref(runs[i]), json_decref(flats[i]);
    return result;
}

static bool known_kind(const char *kind) {
    char kinds[] = TEN_RUN_KINDS, *rest = kinds, *word;
    while ((word = strsep(&rest, ", ")))
        if (*word && strcmp(word, kind) == 0) return true;
    return false;
}

static int run(const struct options *options) {
    const char *what = options->argument_count ? options->arguments[0] : "list";
    bool listing = strcmp(what, "list") == 0, showing = strcmp(what, "show") == 0,
         comparing = strcmp(what, "compare") == 0;
    if (!listing && !showing && !comparing)
        return ten_complain(WRONG_USAGE, "\"%s\": expected list, show or compare", what);
    if (listing && options->argument_count > 1)
        return ten_complain(WRONG_USAGE, "unexpected argument \"%s\"", options->arguments[1]);
    if ((showing && options->argument_count < 2) || (comparing && options->argument_count < 3))
        return ten_complain(WRONG_USAGE, "expected the number of %s; `tenfold runs` lists them",
                            showing ? "a run" : "at least two runs");
    if (options->kind && !known_kind(options->kind))
        return ten_complain(WRONG_USAGE, "--kind \"%s\": expected one of " TEN_RUN_KINDS, options->kind);
    const char *path = ten_record_path(options);
    if (strcmp(path, "none") == 0) return ten_complain(WRONG_USAGE, "there is nothing to show without a database");
    if (!ten_file_exists(path))
        return ten_complain(
            FAILED, "%s: there is no run database here; train, compare, crossval, tune, evaluate and study make one",
            path);
    struct ten_store *store;
    struct ten_error error;
    if (ten_store_open(&store, path, &error) != TEN_OK) return ten_complain_error(&error);
    int result = listing ? list(store, options) : show(store, options, comparing);
    ten_store_close(store);
    return result;
}

const struct command ten_command_runs = {
    .name = "runs",
    .usage = "[list|show ID...|compare ID ID...]",
    .summary = "the run database: list, show, compare",
    .details = "Every fit (also those of compare), fold, trial and evaluation is kept in an SQLite file with its "
               "parameters, data, seed, version, "
               "metrics and seconds. `compare` shows in what runs differ. A study has a database of its own: "
               "--runs study/runs.sqlite.",
    .examples = "  tenfold runs\n"
                "  tenfold runs list --kind trial --limit 20\n"
                "  tenfold runs show 7\n"
                "  tenfold runs compare 7 9 --runs study/runs.sqlite\n",
    .options = OPT_KIND | OPT_LIMIT | OPT_RUNS | OPT_QUIET | OPT_JSON | OPT_HELP,
    .notes = (const struct option_note[]){{OPT_KIND, "which runs (default all): " TEN_RUN_KINDS},
                                          {OPT_LIMIT, "the newest N only (default all)"},
                                          {0}},
    .most_arguments = 17,
    .run = run,
};
