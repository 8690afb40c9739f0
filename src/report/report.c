/* Reads a study, checks what the sections rely on, and writes the page section by section. Everything is checked while
 * it is written; the page gets its name only when all went well. */
#include "report/report.h"

#include "base/error.h"
#include "report/assets.h"
#include "report/page.h"

#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Published by the original study (its table of models, all after the chain below, on MNIST's 60,000 and 10,000). */
static const char published_chain[] = "minmax,crop20,standardize";
static const struct ten_published published[] = {
    {"naive-bayes", 0.6985, 0.59}, {"knn", 0.9561, 3.56}, {"logistic", 0.9233, 7.82}, {"random-forest", 0.9704, 37.90},
    {"svm", 0.9766, 156.30},       {"mlp", 0.9773, 5.09}, {"mlp2", 0.9775, 5.85},     {"cnn", 0.9841, 16.02},
};

/* ---- Reading ------------------------------------------------------------------------------------------ */

static void read_row(struct ten_page *page, struct ten_row *row, const struct ten_value *item) {
    struct ten_value name = ten_value_member(item, "name"), title = ten_value_member(item, "title");
    struct ten_value converged = ten_value_member(item, "converged");
    *row = (struct ten_row){
        .name = ten_value_name(&name),
        .title = ten_value_text(&title),
        .model = ten_member_text(item, "model"),
        .prep = ten_member_text(item, "prep"),
        .accuracy = ten_member_number(item, "accuracy", 0, 1),
        .low = ten_member_number(item, "accuracy_low", 0, 1),
        .high = ten_member_number(item, "accuracy_high", 0, 1),
        .precision = ten_member_number_or_nan(item, "precision", 0, 1),
        .recall = ten_member_number_or_nan(item, "recall", 0, 1),
        .f1 = ten_member_number_or_nan(item, "f1", 0, 1),
        .log_loss = ten_member_number_or_nan(item, "log_loss", 0, HUGE_VAL),
        .auc = ten_member_number_or_nan(item, "auc", 0, 1),
        .prep_seconds = ten_member_number(item, "prep_seconds", 0, HUGE_VAL),
        .fit_seconds = ten_member_number(item, "fit_seconds", 0, HUGE_VAL),
        .predict_seconds = ten_member_number(item, "predict_seconds", 0, HUGE_VAL),
        .peak_bytes = ten_member_number_or_nan(item, "peak_bytes", 0, HUGE_VAL),
        .parameters = (double)ten_member_count(item, "parameters"),
        .converged = ten_value_truth(&converged),
        .validation = NAN,
    };
    if (ten_value_has(item, "validation_accuracy"))
        row->validation = ten_member_number(item, "validation_accuracy", 0, 1);
    bool same = strcmp(page->data, "mnist") == 0 && strcmp(row->prep, published_chain) == 0 &&
                ten_member_count(item, "train_count") == 60000 && ten_member_count(item, "test_count") == 10000;
    for (size_t i = 0; same && i < sizeof published / sizeof *published; i++)
        if (strcmp(published[i].model, row->model) == 0) row->published = &published[i];
}

static int better_first(const void *left, const void *right) {
    const struct ten_row *a = left, *b = right;
    if (a->accuracy != b->accuracy) return a->accuracy < b->accuracy ? 1 : -1;
    return strcmp(a->name, b->name);
}

static void read_rows(struct ten_page *page) {
    struct ten_value root = ten_source_root(&page->compare), rows = ten_value_member(&root, "rows");
    size_t count = ten_value_length(&rows, 0);
    if (page->outcome->status != TEN_OK) return;
    if (count == 0) {
        ten_value_fail(&rows, "at least one row");
        return;
    }
    page->rows = calloc(count, sizeof *page->rows);
    if (!page->rows) {
        page->outcome->status = ten_fail_memory(page->outcome->error, "the comparison's rows");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct ten_value item = ten_value_item(&rows, i);
        read_row(page, &page->rows[i], &item);
        for (size_t k = 0; k < i && page->outcome->status == TEN_OK; k++) {
            struct ten_value name = ten_value_member(&item, "name");
            if (strcmp(page->rows[k].name, page->rows[i].name) == 0) ten_value_fail(&name, "a name of its own");
        }
    }
    page->row_count = count;
    if (page->outcome->status == TEN_OK) qsort(page->rows, count, sizeof *page->rows, better_first);
}

static void find_best(struct ten_page *page) {
    struct ten_value root = ten_source_root(&page->study), best = ten_value_member(&root, "best");
    const char *name = ten_value_name(&best);
    for (page->best = 0; page->best < page->row_count; page->best++)
        if (strcmp(page->rows[page->best].name, name) == 0) return;
    page->best = 0;
    ten_value_fail(&best, "the name of a row of compare.json");
}

static void read_evaluations(struct ten_page *page) {
    for (size_t i = 0; i < page->row_count; i++) {
        char name[160];
        snprintf(name, sizeof name, "evaluate/%.128s.json", page->rows[i].name);
        ten_source_load(&page->rows[i].evaluation, page->folder, name, i == page->best, page->outcome);
    }
}

/* The optional parts of the study. */
static void read_further(struct ten_page *page) {
    ten_source_load(&page->crossval, page->folder, "crossval.json", false, page->outcome);
    ten_source_load(&page->tune, page->folder, "tune.json", false, page->outcome);
    ten_source_load(&page->significance, page->folder, "significance.json", false, page->outcome);
    ten_source_load(&page->suspects, page->folder, "suspects.json", false, page->outcome);
    ten_source_load(&page->runs, page->folder, "runs.json", false, page->outcome);
    for (size_t i = 0; i < page->row_count; i++) {
        struct ten_row *row = &page->rows[i];
        char name[160];
        snprintf(name, sizeof name, "curves/%.128s.json", row->name);
        ten_source_load(&row->curves, page->folder, name, false, page->outcome);
        struct ten_value root = ten_source_root(&row->evaluation);
        row->model_bytes = row->evaluation.root && ten_value_has(&root, "model_bytes")
                               ? ten_member_number(&root, "model_bytes", 0, HUGE_VAL)
                               : NAN;
    }
}

static void read_study(struct ten_page *page) {
    ten_source_load(&page->study, page->folder, "study.json", true, page->outcome);
    ten_source_load(&page->explore, page->folder, "explore.json", true, page->outcome);
    ten_source_load(&page->compare, page->folder, "compare.json", true, page->outcome);
    ten_source_load(&page->preprocess, page->folder, "preprocess.json", false, page->outcome);
    ten_source_load(&page->sprite, page->folder, "sprite.json", false, page->outcome);
    ten_source_load(&page->inside, page->folder, "inside.json", false, page->outcome);
    ten_source_load(&page->embeds[0], page->folder, "embed.json", false, page->outcome);
    ten_source_load(&page->embeds[1], page->folder, "embed-features.json", false, page->outcome);

    struct ten_value study = ten_source_root(&page->study), explore = ten_source_root(&page->explore);
    page->data = ten_member_text(&study, "data");
    page->data_title = strcmp(page->data, "mnist") == 0     ? "MNIST"
                       : strcmp(page->data, "fashion") == 0 ? "Fashion-MNIST"
                                                            : page->data;
    struct ten_value classes = ten_value_member(&explore, "classes");
    ten_value_length(&classes, TEN_CLASSES);
    page->digits = true;
    for (size_t i = 0; i < TEN_CLASSES; i++) {
        struct ten_value item = ten_value_item(&classes, i);
        page->classes[i] = ten_value_label(&item);
        page->digits = page->digits && page->classes[i][0] == (char)('0' + i) && !page->classes[i][1];
    }
    struct ten_value compare = ten_source_root(&page->compare);
    page->train_count = ten_member_count(&compare, "train_count");
    page->test_count = ten_member_count(&compare, "test_count");
    page->limit = ten_value_has(&study, "limit") ? ten_member_count(&study, "limit") : 0;
    page->chosen[0] = page->limit && page->train_count >= page->limit;
    page->chosen[1] = page->limit && page->test_count >= page->limit;
    page->by_folds = strcmp(ten_member_text(&study, "chosen_on"), "crossval") == 0;
    read_rows(page);
    find_best(page);
    read_evaluations(page);
    read_further(page);
}

/* ---- Writing ------------------------------------------------------------------------------------------ */

static void write_asset(struct ten_page *page, struct ten_asset asset) {
    /* A source map's address would be asked for by a browser's inspector; it stands in the last line. */
    static const char map[] = "//# sourceMappingURL=";
    const char *found = memmem(asset.bytes, asset.size, map, sizeof map - 1);
    ten_html_bytes(&page->html, asset.bytes, found ? (size_t)(found - asset.bytes) : asset.size);
}

/* A module as a script: what it imports is in `vega` already, and what it exports goes there, too. */
static void write_interpreter(struct ten_page *page) {
    static const char import[] = "from 'vega-util';\n", export[] = "export { expression as expressionInterpreter };";
    struct ten_asset asset = ten_asset_vega_interpreter();
    const char *end = asset.bytes + asset.size, *begin = memmem(asset.bytes, asset.size, import, sizeof import - 1);
    const char *last = begin ? memmem(begin, (size_t)(end - begin), export, sizeof export - 1) : NULL;
    if (!last) {
        if (page->outcome->status == TEN_OK)
            page->outcome->status =
                ten_fail(page->outcome->error, TEN_FORMAT, "vega-interpreter.js is not as expected");
        return;
    }
    begin += sizeof import - 1;
    ten_html_raw(&page->html, "(({ ascending, isString, DisallowedObjectProperties }) => {\n");
    ten_html_bytes(&page->html, begin, (size_t)(last - begin));
    ten_html_raw(&page->html, "vega.expressionInterpreter = expression;\n})(vega);");
}

static void write_head(struct ten_page *page) {
    struct ten_html *html = &page->html;
    ten_html_raw(html, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                       /* The page needs nothing from anywhere. */
                       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
                       "style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; "
                       "form-action 'none'\">\n<meta name=\"color-scheme\" content=\"light dark\">\n");
    ten_html(html, "<meta name=\"generator\" content=\"Tenfold %s\">\n", ten_version());
    ten_html(html, "<title>%s: a study with Tenfold</title>\n", page->data_title);
    ten_html_raw(html, "<link rel=\"icon\" href=\"data:,\">\n<style>\n");
    ten_figures_palette(page);
    write_asset(page, ten_asset_style());
    ten_html_raw(html, "</style>\n"
                       /* before anything is painted: that there is JavaScript, whether the page stands in a frame
                        * (?embedded), and the theme asked for (?theme=dark) or chosen last */
                       "<script>{const root=document.documentElement,asked=new URLSearchParams(location.search);"
                       "root.classList.add('js');if(asked.has('embedded'))root.classList.add('embedded');"
                       "try{const theme=asked.get('theme')||localStorage.getItem('tenfold-theme');"
                       "if(theme)root.dataset.theme=theme}catch(e){}}</script>\n</head>\n");
}

static void write_fact(struct ten_page *page, const char *name, const char *value) {
    ten_html(&page->html, "<div><dt>%s</dt><dd>%s</dd></div>\n", name, value);
}

/* "2025-03-02T10:41:07Z" as "2025-03-02 10:41 UTC"; anything else as it is. */
static struct ten_show date_words(const char *text) {
    struct ten_show show;
    size_t length = strlen(text);
    if (length == 20 && text[10] == 'T' && text[19] == 'Z') {
        snprintf(show.text, sizeof show.text, "%.10s %.5s UTC", text, text + 11);
    } else {
        snprintf(show.text, sizeof show.text, "%.60s", text);
    }
    return show;
}

static void write_facts(struct ten_page *page) {
    struct ten_value study = ten_source_root(&page->study), machine = ten_value_member(&study, "machine");
    char text[256];
    ten_html_raw(&page->html, "<dl class=\"facts\">\n");
    snprintf(text, sizeof text, "%s training and %s test images", ten_show_count((double)page->train_count).text,
             ten_show_count((double)page->test_count).text);
    write_fact(page, "Data", text);
    write_fact(page, "Processor", ten_member_text(&machine, "processor"));
    size_t threads = ten_member_count(&machine, "threads");
    snprintf(text, sizeof text, "%.60s kernels, %zu thread%s", ten_member_text(&machine, "kernels"), threads,
             threads == 1 ? "" : "s");
    write_fact(page, "Run on", text);
    write_fact(page, "Time taken", ten_show_seconds(ten_member_number(&study, "seconds", 0, HUGE_VAL)).text);
    struct ten_value seed = ten_value_member(&study, "seed");
    snprintf(text, sizeof text, "%zu", ten_value_count(&seed));
    write_fact(page, "Seed", text);
    snprintf(text, sizeof text, "Tenfold %.60s", ten_member_text(&study, "version"));
    write_fact(page, "Program", text);
    write_fact(page, "Started", date_words(ten_member_text(&study, "started")).text);
    ten_html_raw(&page->html, "</dl>\n");
}

/* What a reader must know before the figures: that they come from a part of the images. */
static void write_note(struct ten_page *page) {
    struct ten_value study = ten_source_root(&page->study), quick = ten_value_member(&study, "quick");
    bool is_quick = ten_value_truth(&quick);
    if (!is_quick && !page->limit) return;
    ten_html(&page->html, "<p class=\"note\">A %s", is_quick ? "quick run" : "run");
    if (page->limit) {
        ten_html(&page->html, " on at most %s images of each set", ten_show_count((double)page->limit).text);
    } else {
        ten_html_raw(&page->html, " on a part of the images");
    }
    ten_html_raw(&page->html, ": the whole study takes longer and comes to other figures.</p>\n");
}

static bool has_learning(struct ten_page *page) {
    return ten_page_has(page, "learning_curve") || ten_page_has_curves(page);
}

static bool has_robustness(struct ten_page *page) { return ten_page_has(page, "robustness"); }

static void write_top(struct ten_page *page) {
    struct ten_html *html = &page->html;
    const struct ten_row *best = &page->rows[page->best];
    struct ten_value study = ten_source_root(&page->study);
    ten_html_raw(html, "<body>\n<a class=\"skip\" href=\"#data\">Skip to the study</a>\n<div class=\"page\">\n"
                       "<nav aria-label=\"Sections\"><a class=\"brand\" href=\"#top\">Tenfold</a>\n<ol>"
                       "<li><a href=\"#data\">The data</a></li>");
    if (page->preprocess.root) ten_html_raw(html, "<li><a href=\"#preprocessing\">Preprocessing</a></li>");
    if (page->crossval.root) ten_html_raw(html, "<li><a href=\"#crossval\">Cross-validation</a></li>");
    if (page->tune.root) ten_html_raw(html, "<li><a href=\"#tuning\">Tuning</a></li>");
    ten_html_raw(html,
                 "<li><a href=\"#comparison\">Comparison</a></li><li><a href=\"#model\">Model in detail</a></li>");
    if (ten_has_images(page)) ten_html_raw(html, "<li><a href=\"#images\">Image by image</a></li>");
    if (page->inside.root) ten_html_raw(html, "<li><a href=\"#inside\">Inside the network</a></li>");
    if (page->embeds[0].root || page->embeds[1].root) ten_html_raw(html, "<li><a href=\"#plane\">In a plane</a></li>");
    if (has_learning(page)) ten_html_raw(html, "<li><a href=\"#learning\">Learning</a></li>");
    if (has_robustness(page)) ten_html_raw(html, "<li><a href=\"#robustness\">Robustness</a></li>");
    if (page->significance.root) ten_html_raw(html, "<li><a href=\"#significance\">Significance</a></li>");
    if (page->suspects.root) ten_html_raw(html, "<li><a href=\"#suspects\">Suspect labels</a></li>");
    ten_html_raw(html,
                 "<li><a href=\"#made\">How this was made</a></li></ol>\n"
                 "<button type=\"button\" id=\"theme\" hidden>Dark</button></nav>\n<main>\n<header id=\"top\">\n");
    ten_html(html, "<p class=\"kicker\">A study in %s recognition</p>\n<h1>%s</h1>\n<p class=\"finding\">",
             page->digits ? "handwriting" : "image", page->data_title);
    ten_part_row(page, best);
    ten_html(html, " labels <b>%s</b> of the test images correctly (95&#8239;%% interval %s to %s). ",
             ten_show_percent(best->accuracy, 2).text, ten_show_percent(best->low, 2).text,
             ten_show_percent(best->high, 2).text);
    if (page->row_count > 1) {
        ten_html(html, "It was chosen among %s pipelines ", ten_show_small(page->row_count).text);
        if (page->by_folds) {
            ten_html_raw(html, "by cross-validation on the training images");
        } else {
            ten_html(html, "on %s images held back from training", ten_member_text(&study, "chosen_on"));
        }
        if (isfinite(best->validation))
            ten_html(html, ", where it reached %s", ten_show_percent(best->validation, 2).text);
        ten_html_raw(html, ", before any was measured on the test set");
        ten_html_raw(html, ".");
    }
    ten_html_raw(html, "</p>\n");
    write_note(page);
    write_facts(page);
    ten_html_raw(html, "<noscript><p class=\"note\">The charts are drawn by JavaScript, which is switched off; their "
                       "data stand below each of them.</p></noscript>\n</header>\n");
}

static void write_foot(struct ten_page *page) {
    struct ten_html *html = &page->html;
    ten_html_raw(html, "</main>\n</div>\n<div id=\"tip\" hidden></div>\n<script>");
    write_asset(page, ten_asset_vega());
    ten_html_raw(html, "</script>\n<script>");
    write_interpreter(page);
    ten_html_raw(html, "</script>\n<script>");
    write_asset(page, ten_asset_vega_lite());
    ten_html_raw(html, "</script>\n<script>\n");
    write_asset(page, ten_asset_linked());
    ten_html_raw(html, "</script>\n<script>\n");
    write_asset(page, ten_asset_names());
    ten_html_raw(html, "</script>\n<script>\n");
    write_asset(page, ten_asset_script());
    ten_html_raw(html, "</script>\n</body>\n</html>\n");
}

static void write_page(struct ten_page *page) {
    write_head(page);
    write_top(page);
    ten_section_data(page);
    if (page->preprocess.root) ten_section_preprocess(page);
    if (page->crossval.root) ten_section_crossval(page);
    if (page->tune.root) ten_section_tune(page);
    ten_section_compare(page);
    ten_section_models(page);
    if (ten_has_images(page)) ten_section_images(page);
    if (page->inside.root) ten_section_inside(page);
    if (page->embeds[0].root || page->embeds[1].root) ten_section_embed(page);
    if (has_learning(page)) ten_section_learning(page);
    if (has_robustness(page)) ten_section_robustness(page);
    if (page->significance.root) ten_section_significance(page);
    if (page->suspects.root) ten_section_suspects(page);
    ten_section_made(page);
    write_foot(page);
}

/* Whether the file `out` lies in `folder`, so that relative links work. */
static bool lies_in(const char *folder, const char *out) {
    char parent[4096], there[PATH_MAX], here[PATH_MAX];
    const char *slash = strrchr(out, '/');
    if (!slash) {
        snprintf(parent, sizeof parent, ".");
    } else {
        snprintf(parent, sizeof parent, "%.*s", (int)(slash - out + 1), out);
    }
    return realpath(folder, there) && realpath(parent, here) && strcmp(there, here) == 0;
}

/* Whether folder/name and `out` are one file, under whatever names. */
static bool same_file(const struct ten_page *page, const char *name, const char *out) {
    char path[4096];
    struct stat there, here;
    return ten_path_join(path, sizeof path, page->folder, name, NULL) == TEN_OK && stat(path, &there) == 0 &&
           stat(out, &here) == 0 && there.st_dev == here.st_dev && there.st_ino == here.st_ino;
}

/* Refuses an `out` that is one of the files which the page is made of. */
static void check_out(struct ten_page *page, const char *out) {
    struct ten_outcome *outcome = page->outcome;
    const struct ten_source *sources[] = {&page->study,    &page->explore, &page->compare,      &page->preprocess,
                                          &page->sprite,   &page->inside,  &page->embeds[0],    &page->embeds[1],
                                          &page->crossval, &page->tune,    &page->significance, &page->suspects,
                                          &page->runs};
    bool own = false;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) own = own || same_file(page, sources[i]->name, out);
    for (size_t i = 0; i < page->row_count && !own; i++) {
        static const char *const formats[] = {"validate/%.128s.json",           "crossval/%.128s.json",
                                              "out-of-fold/%.128s.safetensors", "curves/%.128s.json",
                                              "evaluate/%.128s.json",           "models/%.128s.safetensors"};
        char name[192];
        for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
            snprintf(name, sizeof name, formats[f], page->rows[i].name);
            own = own || same_file(page, name, out);
        }
    }
    if (own && outcome->status == TEN_OK)
        outcome->status = ten_fail(outcome->error, TEN_INVALID,
                                   "%s: is a part of the study that the page is made of; "
                                   "the page needs a name of its own",
                                   out);
}

static void load_templates(struct ten_page *page) {
    struct ten_asset asset = ten_asset_figures();
    page->templates = json_loadb(asset.bytes, asset.size, JSON_REJECT_DUPLICATES, NULL);
    page->figures = json_object();
    if (!page->templates || !page->figures)
        page->outcome->status = ten_fail_memory(page->outcome->error, "the figures' templates");
}

static void release(struct ten_page *page) {
    ten_writer_abandon(&page->html.writer);
    ten_source_release(&page->study);
    ten_source_release(&page->explore);
    ten_source_release(&page->compare);
    ten_source_release(&page->preprocess);
    ten_source_release(&page->sprite);
    ten_source_release(&page->inside);
    ten_source_release(&page->embeds[0]);
    ten_source_release(&page->embeds[1]);
    ten_source_release(&page->crossval);
    ten_source_release(&page->tune);
    ten_source_release(&page->significance);
    ten_source_release(&page->suspects);
    ten_source_release(&page->runs);
    for (size_t i = 0; i < page->row_count; i++) {
        ten_source_release(&page->rows[i].evaluation);
        ten_source_release(&page->rows[i].curves);
    }
    free(page->rows);
    json_decref(page->templates);
    json_decref(page->figures);
}

static enum ten_status build(const char *folder, const char *out, bool figures, struct ten_error *error) {
    struct ten_outcome outcome = {.error = error};
    struct ten_page page = {.outcome = &outcome, .html = {.outcome = &outcome}, .folder = folder};
    page.beside = lies_in(folder, out);
    /* numbers are written with points, whatever the surrounding program has set */
    locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0), before = plain ? uselocale(plain) : (locale_t)0;

    load_templates(&page);
    read_study(&page);
    check_out(&page, out);
    if (outcome.status == TEN_OK) outcome.status = ten_writer_open(&page.html.writer, out, error);
    if (outcome.status == TEN_OK) write_page(&page);
    if (figures) ten_figures_save(&page);
    if (outcome.status == TEN_OK) outcome.status = ten_writer_commit(&page.html.writer, error);

    release(&page);
    if (plain) {
        uselocale(before);
        freelocale(plain);
    }
    return outcome.status;
}

enum ten_status ten_report_build(const char *folder, const char *out, struct ten_error *error) {
    return build(folder, out, true, error);
}

enum ten_status ten_report_page(const char *folder, const char *out, struct ten_error *error) {
    return build(folder, out, false, error);
}
