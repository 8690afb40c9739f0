/* The runs behind a study, from its database: how many of each kind, how long they took, and the longest. */
#include "report/page.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_KINDS = 32, LONGEST = 10 };

struct run {
    const char *kind, *name;
    double seconds, accuracy; /* NAN: none */
};

struct kind {
    const char *name;
    size_t count;
    double seconds;
};

static int longest_first(const void *left, const void *right) {
    const struct run *a = left, *b = right;
    if (a->seconds != b->seconds) return a->seconds < b->seconds ? 1 : -1;
    int order = strcmp(a->name, b->name);
    return order ? order : strcmp(a->kind, b->kind);
}

/* Adds a run to its kind; kinds beyond what there is room for go with the last. */
static size_t count_kind(struct kind *kinds, size_t count, const struct run *run) {
    size_t k = 0;
    while (k < count && strcmp(kinds[k].name, run->kind) != 0) k++;
    if (k == MOST_KINDS) k--;
    if (k == count) kinds[count++] = (struct kind){.name = run->kind};
    kinds[k].count++;
    kinds[k].seconds += run->seconds;
    return count;
}

static void write_kinds(struct ten_page *page, const struct kind *kinds, size_t count) {
    static const char *const heads[] = {"Kind", "Runs", "Seconds", "Mean, s"};
    ten_part_table(page, "numbers", "Runs by kind");
    ten_html_raw(&page->html, "<caption>Runs by kind</caption>");
    ten_part_heads(page, heads, sizeof heads / sizeof *heads, SIZE_MAX);
    for (size_t k = 0; k < count; k++) {
        ten_html(&page->html, "<tr><th scope=\"row\">%s</th>", kinds[k].name);
        ten_part_cell(page, (double)kinds[k].count, ten_show_count((double)kinds[k].count));
        ten_part_cell(page, kinds[k].seconds, ten_show_figures(kinds[k].seconds));
        double mean = kinds[k].seconds / (double)kinds[k].count;
        ten_part_cell(page, mean, ten_show_figures(mean));
        ten_html_raw(&page->html, "</tr>\n");
    }
    ten_html_raw(&page->html, "</tbody>");
    ten_part_table_end(page);
}

static void write_longest(struct ten_page *page, const struct run *runs, size_t count) {
    static const char *const heads[] = {"Pipeline", "Kind", "Seconds", "Accuracy"};
    ten_part_table(page, "numbers", "The longest runs");
    ten_html_raw(&page->html, "<caption>The longest</caption>");
    ten_part_heads(page, heads, sizeof heads / sizeof *heads, SIZE_MAX);
    for (size_t i = 0; i < count && i < LONGEST; i++) {
        ten_html(&page->html, "<tr><th scope=\"row\">%s</th><td>%s</td>", runs[i].name, runs[i].kind);
        ten_part_cell(page, runs[i].seconds, ten_show_figures(runs[i].seconds));
        ten_part_cell(page, runs[i].accuracy, ten_show_share(runs[i].accuracy));
        ten_html_raw(&page->html, "</tr>\n");
    }
    ten_html_raw(&page->html, "</tbody>");
    ten_part_table_end(page);
}

void ten_section_runs(struct ten_page *page) {
    struct ten_value root = ten_source_root(&page->runs), list = ten_value_member(&root, "runs");
    size_t count = ten_value_length(&list, 0), kind_count = 0;
    if (count == 0) return;
    struct run *runs = calloc(count, sizeof *runs);
    if (!runs) {
        page->outcome->status = ten_fail_memory(page->outcome->error, "the runs");
        return;
    }
    struct kind kinds[MOST_KINDS] = {{0}};
    double total = 0;
    for (size_t i = 0; i < count; i++) {
        struct ten_value item = ten_value_item(&list, i);
        runs[i] = (struct run){
            .kind = ten_member_text(&item, "kind"),
            .name = ten_value_has(&item, "name") ? ten_member_text(&item, "name") : ten_member_text(&item, "model"),
            .seconds = ten_value_has(&item, "seconds") ? ten_member_number(&item, "seconds", 0, HUGE_VAL) : 0,
            .accuracy = ten_value_has(&item, "accuracy") ? ten_member_number(&item, "accuracy", 0, 1) : NAN};
        total += runs[i].seconds;
        kind_count = count_kind(kinds, kind_count, &runs[i]);
    }
    qsort(runs, count, sizeof *runs, longest_first);
    ten_html(&page->html,
             "<h3>The runs</h3>\n<p>The study is made of %s runs, which took %s together, each with its settings and "
             "results in <code>runs.sqlite</code>.</p>\n<div class=\"tables\">\n",
             ten_show_count((double)count).text, ten_show_seconds(total).text);
    write_kinds(page, kinds, kind_count);
    write_longest(page, runs, count);
    ten_html_raw(&page->html, "</div>\n");
    free(runs);
}
