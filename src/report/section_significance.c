/* Significance: which differences between pipelines are more than chance, by the test images that one of two labels
 * correctly and the other does not. */
#include "report/page.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double LEVEL = 0.05;

struct matrix {
    struct ten_row **rows; /* in the order of accuracy */
    double *p;             /* [count x count], corrected; NAN: no such pair */
    size_t count, pairs;
};

static double *at(const struct matrix *matrix, size_t a, size_t b) { return &matrix->p[a * matrix->count + b]; }

/* The name that a member of a pair points to; fails at the member if there is none. */
static const char *name_of(const struct ten_value *pair, const char *member) {
    struct ten_value root = ten_source_root(pair->source), names = ten_value_member(&root, "names");
    struct ten_value place = ten_value_member(pair, member);
    size_t index = ten_value_count(&place);
    if (index >= ten_value_length(&names, 0)) {
        ten_value_fail(&place, "a position in \"names\"");
        return "";
    }
    struct ten_value name = ten_value_item(&names, index);
    return ten_value_text(&name);
}

/* Gives the place of the row that a member of a pair points to; fails at the member if there is none. */
static size_t place_of(const struct matrix *matrix, const struct ten_value *pair, const char *member) {
    const char *text = name_of(pair, member);
    for (size_t i = 0; i < matrix->count; i++)
        if (strcmp(matrix->rows[i]->name, text) == 0) return i;
    struct ten_value place = ten_value_member(pair, member);
    ten_value_fail(&place, "the position of a name of a row of compare.json");
    return 0;
}

static bool has_name(const struct ten_value *names, const char *name) {
    size_t count = ten_value_length(names, 0);
    for (size_t i = 0; i < count; i++) {
        struct ten_value item = ten_value_item(names, i);
        if (strcmp(ten_value_text(&item), name) == 0) return true;
    }
    return false;
}

static bool read_matrix(struct ten_page *page, struct matrix *matrix) {
    *matrix = (struct matrix){0};
    struct ten_value root = ten_source_root(&page->significance);
    struct ten_value names = ten_value_member(&root, "names"), pairs = ten_value_member(&root, "pairs");
    matrix->pairs = ten_value_length(&pairs, 0);
    if (page->outcome->status != TEN_OK) return false;
    matrix->rows = calloc(page->row_count, sizeof *matrix->rows);
    matrix->p = calloc(page->row_count * page->row_count, sizeof *matrix->p);
    if (!matrix->rows || !matrix->p) {
        page->outcome->status = ten_fail_memory(page->outcome->error, "the tests of all pairs");
        return false;
    }
    for (size_t i = 0; i < page->row_count; i++)
        if (has_name(&names, page->rows[i].name)) matrix->rows[matrix->count++] = &page->rows[i];
    for (size_t i = 0; i < matrix->count * matrix->count; i++) matrix->p[i] = NAN;
    for (size_t i = 0; i < matrix->pairs && page->outcome->status == TEN_OK; i++) {
        struct ten_value pair = ten_value_item(&pairs, i);
        size_t a = place_of(matrix, &pair, "first"), b = place_of(matrix, &pair, "second");
        *at(matrix, a, b) = *at(matrix, b, a) = ten_member_number(&pair, "p_holm", 0, 1);
    }
    return page->outcome->status == TEN_OK;
}

static void write_finding(struct ten_page *page, const struct matrix *matrix) {
    struct ten_html *html = &page->html;
    size_t same = 0, told = 0, alike = 0;
    for (size_t a = 0; a < matrix->count; a++) {
        same += *at(matrix, 0, a) >= LEVEL;
        for (size_t b = a + 1; b < matrix->count; b++) alike += *at(matrix, a, b) >= LEVEL;
    }
    ten_html_raw(html, "<p class=\"finding\">");
    if (same == 0) {
        ten_part_row(page, matrix->rows[0]);
        ten_html(html, " is better than each of the %s others by more than chance explains",
                 ten_show_small(matrix->count - 1).text);
    } else {
        for (size_t a = 1; a < matrix->count; a++) {
            if (!(*at(matrix, 0, a) >= LEVEL)) continue;
            ten_html(html, "%s<b>%s</b>", told == 0 ? "" : told + 1 == same ? " and " : ", ", matrix->rows[a]->name);
            told++;
        }
        ten_html_raw(html, " cannot be told apart from the most accurate, ");
        ten_part_row(page, matrix->rows[0]);
        ten_html(html, ", by these test images; %s",
                 same + 1 == matrix->count ? "no other is left" : "every other is worse by more than chance explains");
    }
    ten_html(html, ". Of all %s pairs, %s cannot be told apart.</p>\n", ten_show_count((double)matrix->pairs).text,
             alike ? ten_show_small(alike).text : "none");
}

/* A p value in few characters. */
static struct ten_show show_p(double p) {
    struct ten_show show = {"< 0.001"};
    return p < 0.001 ? show : ten_show_number(p, p < 0.01 ? 3 : 2);
}

static void write_chart(struct ten_page *page, const struct matrix *matrix) {
    json_t *values = json_array();
    for (size_t a = 0; a < matrix->count; a++)
        for (size_t b = 0; b < matrix->count; b++) {
            double p = *at(matrix, a, b);
            const char *kind = a == b       ? "the same"
                               : p >= LEVEL ? "not told apart"
                               : p >= 0.001 ? "p below 0.05"
                                            : "p below 0.001";
            if (a != b && !isfinite(p)) continue;
            ten_figure_row(page, values, "{s:s,s:s,s:s,s:s,s:s}", "row", matrix->rows[a]->name, "column",
                           matrix->rows[b]->name, "kind", kind, "told", a == b ? "" : show_p(p).text, "text",
                           a != b && p >= LEVEL ? ten_show_number(p, 2).text : "");
        }
    json_t *figure = ten_figure_new(page, "significance", values);
    ten_axis_matrix(page, figure, matrix->count, matrix->count + 5, 30);
    ten_figure_begin(page, figure, "wide", "significance",
                     "Matrix: whether the errors of two pipelines differ by more than chance, for every pair");
    ten_html(&page->html,
             "McNemar’s test for every pair, on the test images that only one of the two labels correctly; p values "
             "with Holm’s correction for %s pairs. Marked are the pairs that the test cannot tell apart at 0.05.",
             ten_show_count((double)matrix->pairs).text);
    ten_figure_table(page);
    static const char *const heads[] = {"First", "Second",      "Only first correct", "Only second correct",
                                        "p",     "p, corrected"};
    struct ten_value root = ten_source_root(&page->significance), pairs = ten_value_member(&root, "pairs");
    ten_part_table(page, "numbers sortable tall", "McNemar’s test for every pair");
    ten_part_heads(page, heads, sizeof heads / sizeof *heads, SIZE_MAX);
    for (size_t i = 0; i < matrix->pairs; i++) {
        struct ten_value pair = ten_value_item(&pairs, i);
        double p = ten_member_number(&pair, "p", 0, 1), holm = ten_member_number(&pair, "p_holm", 0, 1);
        double first = (double)ten_member_count(&pair, "only_first"),
               second = (double)ten_member_count(&pair, "only_second");
        ten_html(&page->html, "<tr><th scope=\"row\">%s</th><td>%s</td>", name_of(&pair, "first"),
                 name_of(&pair, "second"));
        ten_part_cell(page, first, ten_show_count(first));
        ten_part_cell(page, second, ten_show_count(second));
        ten_part_cell(page, p, show_p(p));
        ten_part_cell(page, holm, show_p(holm));
        ten_html_raw(&page->html, "</tr>\n");
    }
    ten_html_raw(&page->html, "</tbody>");
    ten_part_table_end(page);
    ten_figure_end(page, "significance");
}

void ten_section_significance(struct ten_page *page) {
    struct matrix matrix;
    if (read_matrix(page, &matrix)) {
        ten_html_raw(&page->html, "<section id=\"significance\" aria-labelledby=\"significance-title\">\n"
                                  "<h2 id=\"significance-title\">Significance</h2>\n");
        if (matrix.count < 2) {
            ten_html_raw(&page->html, "<p class=\"finding\">One pipeline alone: there is nothing to tell apart.</p>\n");
        } else {
            write_finding(page, &matrix);
            write_chart(page, &matrix);
        }
        ten_html_raw(&page->html, "</section>\n");
    }
    free(matrix.rows);
    free(matrix.p);
}
