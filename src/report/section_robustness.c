/* Robustness: the test images damaged in several ways, each in five strengths. */
#include "report/page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { STRENGTHS = 5, MOST_KINDS = 64 };

struct damage {
    const char *name, *title, *unit;
    double strengths[STRENGTHS], sum; /* of the rows' mean accuracies */
    size_t rows;
};

struct robustness {
    struct damage kinds[MOST_KINDS];
    size_t kind_count, rows, strongest, hardest;
    struct ten_row *first, *most; /* the first row that has it; the most robust */
    double most_mean;
};

static bool kinds_of(struct ten_row *row, struct ten_value *kinds) {
    struct ten_value root = ten_source_root(&row->evaluation);
    if (!row->evaluation.root || !ten_value_has(&root, "robustness")) return false;
    struct ten_value robustness = ten_value_member(&root, "robustness");
    *kinds = ten_value_member(&robustness, "kinds");
    return ten_value_length(kinds, 0) > 0;
}

/* The mean of a kind's accuracies, which are left in `accuracy`. */
static double mean_accuracy(const struct ten_value *kind, double *accuracy) {
    double sum = 0;
    ten_member_numbers(kind, "accuracy", accuracy, STRENGTHS, STRENGTHS, 0, 1);
    for (size_t i = 0; i < STRENGTHS; i++) sum += accuracy[i];
    return sum / STRENGTHS;
}

/* The kinds are those of the first row that has any; all rows must have the same. */
static void read_robustness(struct ten_page *page, struct robustness *all) {
    *all = (struct robustness){.most_mean = -1};
    for (size_t i = 0; i < page->row_count && page->outcome->status == TEN_OK; i++) {
        struct ten_value kinds;
        if (!kinds_of(&page->rows[i], &kinds)) continue;
        bool first = !all->first;
        size_t count = ten_value_length(&kinds, first ? 0 : all->kind_count);
        if (count > MOST_KINDS) ten_value_fail(&kinds, "at most 64 kinds");
        if (first) all->first = &page->rows[i], all->kind_count = count;
        double sum = 0;
        for (size_t k = 0; k < count && page->outcome->status == TEN_OK; k++) {
            struct ten_value kind = ten_value_item(&kinds, k), name = ten_value_member(&kind, "name");
            double accuracy[STRENGTHS] = {0}, mean = mean_accuracy(&kind, accuracy);
            struct damage *damage = &all->kinds[k];
            if (first) {
                *damage = (struct damage){.name = ten_value_name(&name),
                                          .title = ten_member_text(&kind, "title"),
                                          .unit = ten_member_text(&kind, "unit")};
                ten_member_numbers(&kind, "strengths", damage->strengths, STRENGTHS, STRENGTHS, -HUGE_VAL, HUGE_VAL);
            } else if (strcmp(ten_value_name(&name), damage->name) != 0) {
                ten_value_fail(&name, "the same kinds in every file");
            }
            damage->sum += mean;
            damage->rows++;
            sum += mean;
        }
        all->rows++;
        if (sum / (double)count > all->most_mean) all->most_mean = sum / (double)count, all->most = &page->rows[i];
    }
    for (size_t k = 1; k < all->kind_count; k++)
        if (all->kinds[k].sum < all->kinds[all->hardest].sum) all->hardest = k;
}

static void write_finding(struct ten_page *page, const struct robustness *all) {
    struct ten_html *html = &page->html;
    const struct damage *hard = &all->kinds[all->hardest];
    ten_html_raw(html, "<p class=\"finding\">");
    ten_part_row(page, all->most);
    ten_html(
        html, " still labels %s of damaged test images correctly, in the mean of %s kinds of damage in %s strengths",
        ten_show_percent(all->most_mean, 1).text, ten_show_small(all->kind_count).text, ten_show_small(STRENGTHS).text);
    if (all->rows > 1) ten_html(html, ": the most of %s models", ten_show_small(all->rows).text);
    ten_html(html, ". What hurts most is “%s”, after which %s %s.</p>\n", hard->title,
             all->rows > 1 ? "the models’ mean is" : "it comes to",
             ten_show_percent(hard->sum / (double)hard->rows, 1).text);
}

static void write_matrix(struct ten_page *page, const struct robustness *all) {
    json_t *values = json_array();
    for (size_t i = 0; i < page->row_count; i++) {
        struct ten_value kinds;
        if (!kinds_of(&page->rows[i], &kinds)) continue;
        for (size_t k = 0; k < all->kind_count; k++) {
            struct ten_value kind = ten_value_item(&kinds, k);
            double accuracy[STRENGTHS] = {0}, mean = mean_accuracy(&kind, accuracy);
            ten_figure_row(page, values, "{s:s,s:s,s:f,s:f,s:f,s:f,s:b}", "name", page->rows[i].name, "kind",
                           all->kinds[k].title, "mean", mean, "worst", accuracy[STRENGTHS - 1], "lost", 1 - mean,
                           "percent", 100 * mean, "strong", mean < 0.7);
        }
    }
    json_t *figure = ten_figure_new(page, "robustness", values);
    ten_axis_matrix(page, figure, all->rows, all->kind_count, 0);
    ten_figure_begin(page, figure, "wide", "robustness",
                     "Heat map: mean accuracy of every model (rows) on each kind of damage (columns)");
    ten_html_raw(&page->html,
                 "Accuracy in per cent on damaged test images, the mean of five strengths; the stronger the "
                 "colour, the more errors. The models were fitted on undamaged images.");
    ten_figure_end(page, "robustness");
}

static void write_pictures(struct ten_page *page, const struct robustness *all, size_t k) {
    struct ten_html *html = &page->html;
    struct ten_value kinds;
    kinds_of(all->first, &kinds);
    struct ten_value kind = ten_value_item(&kinds, k), images = ten_value_member(&kind, "images");
    ten_value_length(&images, STRENGTHS);
    ten_html_raw(html, "<ol class=\"strengths\">\n");
    for (size_t s = 0; s < STRENGTHS; s++) {
        struct ten_value image = ten_value_item(&images, s);
        char strength[32];
        snprintf(strength, sizeof strength, "%.4g", all->kinds[k].strengths[s]);
        ten_html_raw(html, "<li>");
        ten_part_picture(page, ten_value_picture(&image), 28, 28, 3, "%s, strength %s", all->kinds[k].title, strength);
        ten_html(html, "<span>%s</span></li>\n", strength);
    }
    ten_html_raw(html, "</ol>\n");
}

static void write_kind(struct ten_page *page, const struct robustness *all, size_t k) {
    const struct damage *damage = &all->kinds[k];
    json_t *values = json_array(), *names = json_array();
    for (size_t i = 0; i < page->row_count; i++) {
        struct ten_value kinds;
        if (!kinds_of(&page->rows[i], &kinds)) continue;
        struct ten_value kind = ten_value_item(&kinds, k);
        double accuracy[STRENGTHS] = {0};
        mean_accuracy(&kind, accuracy);
        ten_figure_row(page, names, "s", page->rows[i].name);
        for (size_t s = 0; s < STRENGTHS; s++)
            ten_figure_row(page, values, "{s:s,s:f,s:f}", "name", page->rows[i].name, "strength", damage->strengths[s],
                           "accuracy", accuracy[s]);
    }
    json_t *figure = ten_figure_new(page, "damage", values);
    char title[128], id[160], label[256];
    json_t *ticks = json_array();
    for (size_t s = 0; s < STRENGTHS; s++) ten_figure_row(page, ticks, "f", damage->strengths[s]);
    ten_figure_set(page, figure, "encoding.x.axis.values", ticks);
    snprintf(title, sizeof title, "%.100s", damage->unit);
    ten_figure_set(page, figure, "encoding.x.title", json_string(title));
    ten_figure_set(page, figure, "encoding.color.scale.domain", json_incref(names));
    ten_figure_set(page, figure, "encoding.strokeDash.scale.domain", names);
    snprintf(id, sizeof id, "robustness-%.128s", damage->name);
    snprintf(label, sizeof label, "Line chart: accuracy of every model against the strength of “%.100s”",
             damage->title);
    ten_html(&page->html, "<div id=\"damage-%s\" class=\"damage pictures\"%s>\n", damage->name,
             k == all->hardest ? "" : " hidden");
    write_pictures(page, all, k);
    ten_figure_begin(page, figure, "wide", id, label);
    ten_html(&page->html,
             "%s: one test image, and the models’ accuracy, in five strengths (%s). Choose a model in the "
             "legend to single it out.",
             damage->title, damage->unit);
    ten_figure_end(page, id);
    ten_html_raw(&page->html, "</div>\n");
}

void ten_section_robustness(struct ten_page *page) {
    struct robustness all;
    read_robustness(page, &all);
    if (page->outcome->status != TEN_OK || !all.first) return;
    ten_html_raw(&page->html, "<section id=\"robustness\" aria-labelledby=\"robustness-title\">\n"
                              "<h2 id=\"robustness-title\">Robustness</h2>\n");
    write_finding(page, &all);
    write_matrix(page, &all);
    ten_part_choose(page, "damage", "Damage");
    for (size_t n = 0; n < all.kind_count; n++) { /* the hardest first */
        size_t k = n == 0 ? all.hardest : n <= all.hardest ? n - 1 : n;
        char id[160];
        snprintf(id, sizeof id, "damage-%.128s", all.kinds[k].name);
        ten_part_option(page, id, all.kinds[k].title);
    }
    ten_part_choices(page);
    size_t number = page->figure_number;
    for (size_t k = 0; k < all.kind_count; k++) {
        page->figure_number = number;
        write_kind(page, &all, k);
    }
    ten_html_raw(&page->html, "</section>\n");
}
