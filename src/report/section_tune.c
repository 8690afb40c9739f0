/* Tuning: what the search for the best parameters tried, and what came of it. */
#include "report/curves.h"

#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PARAMETERS = 32, BEST_TRIALS = 10, TIERS = 5 };

/* A parameter of the space; of a list `count` values, of a range 0. */
struct parameter {
    const char *name;
    size_t count;
    struct ten_value values;
    double low, high;
    bool logarithmic;
};

struct trial {
    size_t trial, point, rung, epochs, images;
    double share, accuracy, log_loss, seconds; /* NAN: failed */
    const char *state;
    struct ten_value settings;
};

struct search {
    struct parameter parameters[MOST_PARAMETERS];
    struct trial *trials, **reached; /* in the order of the search; each point's last, the worst first */
    size_t parameter_count, count, reached_count, points, rungs, failed, validation;
    const struct trial *best;
    struct ten_value root;
    const char *model, *prep;
    double low, high; /* error rates */
};

/* ---- Reading ------------------------------------------------------------------------------------------ */

static struct parameter read_parameter(const struct ten_value *item) {
    struct ten_value name = ten_value_member(item, "name");
    struct parameter parameter = {.name = ten_value_label(&name)};
    if (ten_value_has(item, "values")) {
        parameter.values = ten_value_member(item, "values");
        parameter.count = ten_value_length(&parameter.values, 0);
        if (parameter.count == 0) ten_value_fail(&parameter.values, "at least one value");
        return parameter;
    }
    struct ten_value logarithmic = ten_value_member(item, "log"), high = ten_value_member(item, "high");
    parameter.logarithmic = ten_value_truth(&logarithmic);
    parameter.low = ten_member_number(item, "low", parameter.logarithmic ? 1e-300 : -HUGE_VAL, HUGE_VAL);
    parameter.high = ten_value_number(&high, parameter.low, HUGE_VAL);
    return parameter;
}

static struct trial read_trial(const struct ten_value *item) {
    return (struct trial){
        .trial = ten_member_count(item, "trial"),
        .point = ten_member_count(item, "point"),
        .rung = ten_member_count(item, "rung"),
        .epochs = ten_value_has(item, "epochs") ? ten_member_count(item, "epochs") : 0,
        .images = ten_member_count(item, "images"),
        .share = ten_member_number(item, "share", 1e-9, 1),
        .accuracy = ten_value_has(item, "accuracy") ? ten_member_number(item, "accuracy", 0, 1) : NAN,
        .log_loss = ten_value_has(item, "log_loss") ? ten_member_number(item, "log_loss", 0, HUGE_VAL) : NAN,
        .seconds = ten_member_number(item, "seconds", 0, HUGE_VAL),
        .state = ten_member_text(item, "state"),
        .settings = ten_value_member(item, "settings"),
    };
}

static int worst_first(const void *left, const void *right) {
    const struct trial *a = *(struct trial *const *)left, *b = *(struct trial *const *)right;
    if (a->accuracy != b->accuracy) return a->accuracy < b->accuracy ? -1 : 1;
    return a->trial < b->trial ? 1 : -1;
}

/* Each point's trial at the highest rung that it reached, the worst first. */
static void find_reached(struct search *search) {
    for (size_t i = 0; i < search->count; i++) {
        struct trial *trial = &search->trials[i];
        size_t k = 0;
        if (!isfinite(trial->accuracy)) continue;
        while (k < search->reached_count && search->reached[k]->point != trial->point) k++;
        if (k == search->reached_count) search->reached[search->reached_count++] = trial;
        if (trial->rung > search->reached[k]->rung) search->reached[k] = trial;
    }
    qsort(search->reached, search->reached_count, sizeof *search->reached, worst_first);
}

static void read_trials(struct ten_page *page, struct search *search, const struct ten_value *trials) {
    struct ten_value best = ten_value_member(&search->root, "best"), number = ten_value_member(&best, "trial");
    size_t wanted = ten_value_count(&number);
    for (size_t i = 0; i < search->count && page->outcome->status == TEN_OK; i++) {
        struct ten_value item = ten_value_item(trials, i);
        struct trial *trial = &search->trials[i];
        *trial = read_trial(&item);
        if (!isfinite(trial->accuracy)) search->failed++;
        if (trial->rung + 1 > search->rungs) search->rungs = trial->rung + 1;
        if (trial->trial == wanted && isfinite(trial->accuracy)) search->best = trial;
        if (!isfinite(trial->accuracy)) continue;
        search->low = fmin(search->low, ten_axis_error(trial->accuracy, search->validation));
        search->high = fmax(search->high, ten_axis_error(trial->accuracy, search->validation));
    }
    if (!search->best) ten_value_fail(&number, "the number of a trial with an accuracy");
}

static bool read_search(struct ten_page *page, struct search *search) {
    struct ten_value root = ten_source_root(&page->tune);
    struct ten_value space = ten_value_member(&root, "space"), trials = ten_value_member(&root, "trials");
    *search = (struct search){.root = root,
                              .low = 1,
                              .points = ten_member_count(&root, "points"),
                              .validation = ten_member_count(&root, "validation_count"),
                              .model = ten_member_text(&root, "model"),
                              .prep = ten_member_text(&root, "prep"),
                              .parameter_count = ten_value_length(&space, 0),
                              .count = ten_value_length(&trials, 0)};
    if (search->parameter_count > MOST_PARAMETERS) ten_value_fail(&space, "at most 32 parameters");
    if (page->outcome->status == TEN_OK && search->parameter_count == 0)
        ten_value_fail(&space, "at least one parameter");
    if (page->outcome->status != TEN_OK) return false;
    for (size_t i = 0; i < search->parameter_count; i++) {
        struct ten_value item = ten_value_item(&space, i);
        search->parameters[i] = read_parameter(&item);
    }
    search->trials = calloc(search->count + 1, sizeof *search->trials);
    search->reached = calloc(search->count + 1, sizeof *search->reached);
    if (!search->trials || !search->reached) {
        page->outcome->status = ten_fail_memory(page->outcome->error, "the trials");
        return false;
    }
    read_trials(page, search, &trials);
    if (page->outcome->status == TEN_OK) find_reached(search);
    return page->outcome->status == TEN_OK;
}

/* ---- The finding -------------------------------------------------------------------------------------- */

/* A parameter's name in words: "learning rate". */
static struct ten_show words(const char *name) {
    struct ten_show show;
    snprintf(show.text, sizeof show.text, "%s", name);
    for (char *at = show.text; (at = strchr(at, '_'));) *at = ' ';
    return show;
}

/* The parameter that mattered most, and its share; NULL if none did. */
static const char *most_important(const struct search *search, double *share) {
    struct ten_value list = ten_value_member(&search->root, "importance");
    size_t count = ten_value_length(&list, 0);
    const char *name = NULL;
    *share = 0;
    for (size_t i = 0; i < count; i++) {
        struct ten_value item = ten_value_item(&list, i), label = ten_value_member(&item, "name");
        double importance = ten_member_number(&item, "importance", 0, 1);
        if (importance > *share) *share = importance, name = ten_value_label(&label);
    }
    return name;
}

static void write_finding(struct ten_page *page, const struct search *search) {
    struct ten_html *html = &page->html;
    double share;
    const char *important = most_important(search, &share);
    ten_html(html,
             "<p class=\"finding\">Of %s settings for <b>%s</b> tried in %s trials (%s), the best labels <b>%s</b> "
             "of %s images kept apart correctly: ",
             ten_show_count((double)search->points).text, search->model, ten_show_count((double)search->count).text,
             ten_show_seconds(ten_member_number(&search->root, "seconds", 0, HUGE_VAL)).text,
             ten_show_percent(search->best->accuracy, 2).text, ten_show_count((double)search->validation).text);
    for (size_t i = 0; i < search->parameter_count; i++) {
        const char *name = search->parameters[i].name;
        ten_html(html, "%s%s %s",
                 i == 0                             ? ""
                 : i + 1 == search->parameter_count ? " and "
                                                    : ", ",
                 words(name).text, ten_member_text(&search->best->settings, name));
    }
    if (important)
        ten_html(html, ". What mattered most is the %s: alone it accounts for %s of the accuracies’ variance",
                 words(important).text, ten_show_percent(share, 0).text);
    ten_html_raw(html, ".</p>\n");
}

/* ---- Progress ----------------------------------------------------------------------------------------- */

static const char *kind_of(const struct search *search, const struct trial *trial) {
    return trial->point == search->best->point ? "the best settings" : "other settings";
}

static void append_trial(struct ten_page *page, json_t *values, const struct search *search,
                         const struct trial *trial) {
    char point[24];
    snprintf(point, sizeof point, "%zu", trial->point);
    ten_figure_row(page, values, "{s:s,s:s,s:I,s:f,s:f,s:f,s:s,s:f}", "point", point, "kind", kind_of(search, trial),
                   "trial", (json_int_t)trial->trial + 1, "share", trial->share, "accuracy", trial->accuracy, "error",
                   ten_axis_error(trial->accuracy, search->validation), "state", trial->state, "seconds",
                   trial->seconds);
}

/* Successive halving: a line for each point from rung to rung. */
static void write_rungs(struct ten_page *page, const struct search *search) {
    json_t *values = json_array(), *shares = json_array();
    double low = 1;
    size_t known = 0;
    for (size_t r = 0; r < search->rungs; r++)
        for (size_t i = 0; i < search->count; i++) {
            const struct trial *trial = &search->trials[i];
            if (trial->rung != r || !isfinite(trial->accuracy)) continue;
            append_trial(page, values, search, trial);
            low = fmin(low, trial->share);
            if (known == r + 1) continue;
            ten_figure_row(page, shares, "f", trial->share);
            known = r + 1;
        }
    json_t *figure = ten_figure_new(page, "tune-rungs", values);
    ten_figure_set(page, figure, "encoding.x.axis.values", shares);
    ten_figure_set(page, figure, "encoding.x.scale.domain", json_pack("[f,f]", low / 1.15, 1.15));
    ten_axis_stretch(page, figure, "encoding.y", search->low / 1.1, search->high * 1.1);
    ten_figure_begin(page, figure, "wide", "tune-progress",
                     "Line chart: validation accuracy of the settings from rung to rung of the search");
    ten_html(&page->html,
             "The search in %s rungs: all settings start on a small share of the budget of epochs and images, and only "
             "the best of a rung go on to the next. A line is one setting.",
             ten_show_small(search->rungs).text);
    ten_figure_end(page, "tune-progress");
}

/* A search of one rung: every trial in its order, and the best so far. */
static void write_order(struct ten_page *page, const struct search *search) {
    json_t *values = json_array();
    double best = 2;
    for (size_t i = 0; i < search->count; i++) {
        const struct trial *trial = &search->trials[i];
        if (!isfinite(trial->accuracy)) continue;
        append_trial(page, values, search, trial);
        best = fmin(best, ten_axis_error(trial->accuracy, search->validation));
        json_object_set_new(json_array_get(values, json_array_size(values) - 1), "so_far", json_real(best));
    }
    json_t *figure = ten_figure_new(page, "tune-order", values);
    ten_axis_stretch(page, figure, "encoding.y", search->low / 1.1, search->high * 1.1);
    ten_figure_begin(page, figure, "wide", "tune-progress",
                     "Scatter chart: validation accuracy of the trials in the order of the search");
    ten_html_raw(&page->html, "The trials in the order of the search; the line is the best so far.");
    ten_figure_end(page, "tune-progress");
}

/* ---- Parallel coordinates ----------------------------------------------------------------------------- */

/* Where on its axis, 0 to 1, a parameter's value stands. */
static double place(const struct parameter *parameter, const char *value) {
    if (parameter->count) {
        for (size_t i = 0; i < parameter->count; i++) {
            struct ten_value item = ten_value_item(&parameter->values, i);
            if (strcmp(ten_value_text(&item), value) != 0) continue;
            return parameter->count == 1 ? 0.5 : (double)i / (double)(parameter->count - 1);
        }
        return 0.5;
    }
    double number = strtod(value, NULL), low = parameter->low, high = parameter->high;
    if (!(high > low)) return 0.5;
    double at = parameter->logarithmic ? log(number / low) / log(high / low) : (number - low) / (high - low);
    return fmin(fmax(at, 0), 1); /* NAN (a number from 0 down on a logarithm) becomes 0 */
}

static void append_label(struct ten_page *page, json_t *values, const char *name, double at, const char *label) {
    ten_figure_row(page, values, "{s:s,s:f,s:s}", "name", name, "at", at, "label", label);
}

static void append_labels(struct ten_page *page, json_t *values, const struct parameter *parameter) {
    for (size_t i = 0; i < parameter->count; i++) {
        struct ten_value item = ten_value_item(&parameter->values, i);
        append_label(page, values, parameter->name, place(parameter, ten_value_text(&item)), ten_value_text(&item));
    }
    if (parameter->count) return;
    char text[32];
    for (size_t i = 0; i < 3; i++) {
        double at = 0.5 * (double)i, low = parameter->low, high = parameter->high;
        double value = parameter->logarithmic ? low * pow(high / low, at) : low + (high - low) * at;
        snprintf(text, sizeof text, "%.2g", value);
        append_label(page, values, parameter->name, at, text);
    }
}

static double place_accuracy(const struct search *search, double accuracy) {
    double span = log(search->high / search->low);
    return span > 0 ? log(search->high / ten_axis_error(accuracy, search->validation)) / span : 0.5;
}

static void write_parallel(struct ten_page *page, const struct search *search) {
    json_t *values = json_array(), *tiers = json_array();
    const char *last = "accuracy";
    size_t count = search->reached_count, tier_count = count < TIERS ? count : TIERS;
    char tier[64] = "", before[64] = "";
    for (size_t i = 0; i < count; i++) {
        const struct trial *trial = search->reached[i];
        size_t t = i * tier_count / count;
        if (i == (t * count + tier_count - 1) / tier_count) { /* the first of its tier */
            size_t next = ((t + 1) * count + tier_count - 1) / tier_count;
            snprintf(tier, sizeof tier, "%.2f to %.2f %%", 100 * trial->accuracy,
                     100 * search->reached[next - 1]->accuracy);
            if (strcmp(tier, before) != 0) ten_figure_row(page, tiers, "s", tier);
            memcpy(before, tier, sizeof before);
        }
        char point[24];
        snprintf(point, sizeof point, "%zu", trial->point);
        const char *kind = kind_of(search, trial);
        for (size_t p = 0; p < search->parameter_count; p++) {
            const char *value = ten_member_text(&trial->settings, search->parameters[p].name);
            ten_figure_row(page, values, "{s:s,s:s,s:s,s:s,s:f,s:s,s:f,s:f}", "point", point, "kind", kind, "tier",
                           tier, "name", search->parameters[p].name, "at", place(&search->parameters[p], value),
                           "value", value, "accuracy", trial->accuracy, "share", trial->share);
        }
        ten_figure_row(page, values, "{s:s,s:s,s:s,s:s,s:f,s:s,s:f,s:f}", "point", point, "kind", kind, "tier", tier,
                       "name", last, "at", place_accuracy(search, trial->accuracy), "value",
                       ten_show_percent(trial->accuracy, 2).text, "accuracy", trial->accuracy, "share", trial->share);
    }
    for (size_t p = 0; p < search->parameter_count; p++) append_labels(page, values, &search->parameters[p]);
    append_label(page, values, last, 0, ten_show_percent(1 - search->high, 1).text);
    append_label(page, values, last, 1, ten_show_percent(1 - search->low, 1).text);
    json_t *figure = ten_figure_new(page, "tune-parallel", values), *names = json_array();
    for (size_t p = 0; p < search->parameter_count; p++) ten_figure_row(page, names, "s", search->parameters[p].name);
    ten_figure_row(page, names, "s", last);
    ten_figure_set(page, figure, "encoding.x.scale.domain", names);
    ten_figure_set(page, figure, "layer.1.encoding.color.scale.domain", tiers);
    ten_figure_begin(page, figure, "wide", "tune-parallel",
                     "Parallel coordinates: a line for every setting through its parameters’ values to its accuracy");
    ten_html(&page->html,
             "Every setting as a line through its parameters’ values to its validation accuracy%s, the stronger the "
             "colour the better; "
             "the best is drawn thick.",
             search->rungs > 1 ? " at the highest rung that it reached" : "");
    ten_figure_end(page, "tune-parallel");
}

static void write_importance(struct ten_page *page, const struct search *search) {
    struct ten_value list = ten_value_member(&search->root, "importance");
    size_t count = ten_value_length(&list, 0);
    if (count == 0) return;
    json_t *values = json_array();
    for (size_t i = 0; i < count; i++) {
        struct ten_value item = ten_value_item(&list, i), name = ten_value_member(&item, "name");
        ten_figure_row(page, values, "{s:s,s:f}", "name", ten_value_label(&name), "importance",
                       ten_member_number(&item, "importance", 0, 1));
    }
    json_t *figure = ten_figure_new(page, "importance", values);
    ten_figure_set(page, figure, "height", json_integer(30 * (json_int_t)count));
    ten_figure_begin(page, figure, "half", "tune-importance", "Bar chart: how much each parameter mattered");
    ten_html_raw(&page->html,
                 "How much each parameter mattered: the share of the accuracies’ variance that it accounts "
                 "for alone. What is missing to 100&#8239;% is combinations and chance.");
    ten_figure_end(page, "tune-importance");
}

/* ---- The best trials ---------------------------------------------------------------------------------- */

static int best_first(const void *left, const void *right) { return worst_first(right, left); }

static void write_trial(struct ten_page *page, const struct search *search, const struct trial *trial) {
    struct ten_html *html = &page->html;
    ten_html_raw(html, trial == search->best ? "<tr class=\"best\">" : "<tr>");
    ten_html(html, "<th scope=\"row\">%zu</th>", trial->trial + 1);
    ten_part_cell(page, trial->accuracy, ten_show_share(trial->accuracy));
    ten_part_cell(page, trial->log_loss, ten_show_number(trial->log_loss, 4));
    ten_part_cell(page, trial->share, ten_show_percent(trial->share, 1));
    ten_part_cell(page, trial->seconds, ten_show_figures(trial->seconds));
    for (size_t p = 0; p < search->parameter_count; p++)
        ten_html(html, "<td>%s</td>", ten_member_text(&trial->settings, search->parameters[p].name));
    ten_html_raw(html, "</tr>\n");
}

static void write_table(struct ten_page *page, const struct search *search) {
    const char *heads[5 + MOST_PARAMETERS] = {"Trial", "Accuracy", "Log loss", "Budget", "Seconds"};
    struct ten_show names[MOST_PARAMETERS];
    for (size_t p = 0; p < search->parameter_count; p++) {
        names[p] = words(search->parameters[p].name);
        heads[5 + p] = names[p].text;
    }
    const struct trial **order = calloc(search->count + 1, sizeof *order);
    size_t count = 0;
    if (!order) {
        page->outcome->status = ten_fail_memory(page->outcome->error, "the trials");
        return;
    }
    for (size_t i = 0; i < search->count; i++)
        if (isfinite(search->trials[i].accuracy)) order[count++] = &search->trials[i];
    qsort(order, count, sizeof *order, best_first);
    ten_part_table(page, "numbers sortable", "The best trials");
    ten_part_heads(page, heads, 5 + search->parameter_count, 1);
    for (size_t i = 0; i < count && i < BEST_TRIALS; i++) write_trial(page, search, order[i]);
    ten_html_raw(&page->html, "</tbody>");
    ten_part_table_end(page);
    free(order);
    ten_html(&page->html, "<p class=\"small\">The best %s trials by validation accuracy.",
             ten_show_small(count < BEST_TRIALS ? count : BEST_TRIALS).text);
    if (search->failed)
        ten_html(&page->html, " %s of all %s failed.", ten_show_count((double)search->failed).text,
                 ten_show_count((double)search->count).text);
    ten_html_raw(&page->html, "</p>\n");
}

static void write_retrained(struct ten_page *page, const struct search *search) {
    struct ten_curves curves;
    if (!ten_value_has(&search->root, "retrained")) return;
    struct ten_value retrained = ten_value_member(&search->root, "retrained");
    struct ten_value history = ten_value_member(&retrained, "history");
    if (ten_curves_read(page, &history, &curves)) {
        ten_html_raw(&page->html, "<h3>The best settings, trained again</h3>\n<p>");
        ten_curves_words(page, &curves);
        ten_html_raw(&page->html, "</p>\n");
        ten_curves_write(page, &curves, "tuned");
    }
    ten_curves_release(&curves);
}

void ten_section_tune(struct ten_page *page) {
    struct search search;
    if (read_search(page, &search)) {
        ten_html_raw(&page->html, "<section id=\"tuning\" aria-labelledby=\"tuning-title\">\n"
                                  "<h2 id=\"tuning-title\">Tuning</h2>\n");
        write_finding(page, &search);
        ten_html_raw(&page->html, "<p>After ");
        ten_part_chain(page, search.prep);
        ten_html(&page->html,
                 ", fitted on %s training images and compared on %s others; the test images had no part in it.</p>\n",
                 ten_show_count((double)ten_member_count(&search.root, "train_count")).text,
                 ten_show_count((double)search.validation).text);
        if (search.rungs > 1) {
            write_rungs(page, &search);
        } else {
            write_order(page, &search);
        }
        write_parallel(page, &search);
        write_importance(page, &search);
        write_table(page, &search);
        write_retrained(page, &search);
        ten_html_raw(&page->html, "</section>\n");
    }
    free(search.trials);
    free(search.reached);
}
