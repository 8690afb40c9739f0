/* Words and small pieces of markup that the sections share. */
#include "report/page.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ten_part_class(struct ten_page *page, size_t label) {
    ten_html(&page->html, page->digits ? "digit %s" : "“%s”", page->classes[label]);
}

void ten_part_chain(struct ten_page *page, const char *prep) {
    if (!*prep || strcmp(prep, "none") == 0) {
        ten_html_raw(&page->html, "no preprocessing");
        return;
    }
    /* a chain may break behind its commas */
    ten_html_raw(&page->html, "<code>");
    while (*prep) {
        size_t length = strcspn(prep, ",");
        char step[64];
        snprintf(step, sizeof step, "%.*s", (int)(length < 60 ? length : 60), prep);
        ten_html_text(&page->html, step);
        prep += length;
        if (*prep) {
            ten_html_raw(&page->html, ",<wbr>");
            prep++;
        }
    }
    ten_html_raw(&page->html, "</code>");
}

void ten_part_pipeline(struct ten_page *page, const char *title, const char *prep) {
    ten_html(&page->html, "<b>%s</b> (", title);
    ten_part_chain(page, prep);
    ten_html_raw(&page->html, ")");
}

void ten_part_row(struct ten_page *page, const struct ten_row *row) { ten_part_pipeline(page, row->title, row->prep); }

struct ten_row *ten_page_row(struct ten_page *page, const char *name) {
    for (size_t i = 0; i < page->row_count; i++)
        if (strcmp(page->rows[i].name, name) == 0) return &page->rows[i];
    return NULL;
}

void ten_part_cell(struct ten_page *page, double value, struct ten_show show) {
    if (isfinite(value)) {
        char key[40];
        snprintf(key, sizeof key, "%.9g", value);
        ten_html(&page->html, "<td data-key=\"%s\">%s</td>", key, show.text);
    } else {
        ten_html(&page->html, "<td>%s</td>", show.text);
    }
}

void ten_part_heads(struct ten_page *page, const char *const *names, size_t count, size_t sorted) {
    ten_html_raw(&page->html, "<thead><tr>");
    for (size_t i = 0; i < count; i++)
        ten_html(&page->html,
                 i == sorted ? "<th scope=\"col\" aria-sort=\"descending\">%s</th>" : "<th scope=\"col\">%s</th>",
                 names[i]);
    ten_html_raw(&page->html, "</tr></thead>\n<tbody>\n");
}

void ten_part_choose(struct ten_page *page, const char *id, const char *label) {
    ten_html(&page->html,
             "<p class=\"chooser\" hidden><label for=\"choose-%s\">%s</label> <select id=\"choose-%s\" data-shows "
             "autocomplete=\"off\">\n",
             id, label, id);
}

void ten_part_option(struct ten_page *page, const char *id, const char *text) {
    ten_html(&page->html, "<option value=\"%s\">%s</option>\n", id, text);
}

void ten_part_choices(struct ten_page *page) { ten_html_raw(&page->html, "</select></p>\n"); }

void ten_part_table(struct ten_page *page, const char *class, const char *label) {
    ten_html(&page->html, "<div class=\"scroll %s\" role=\"region\" aria-label=\"%s\" tabindex=\"0\"><table>\n", class,
             label);
}

void ten_part_table_end(struct ten_page *page) { ten_html_raw(&page->html, "</table></div>\n"); }

void ten_part_picture(struct ten_page *page, const char *uri, size_t width, size_t height, size_t zoom,
                      const char *format, ...) {
    char alternative[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(alternative, sizeof alternative, format, arguments);
    va_end(arguments);
    ten_html(&page->html, "<img src=\"%s\" width=\"%zu\" height=\"%zu\" alt=\"%s\">", uri, width * zoom, height * zoom,
             alternative);
}

void ten_part_file(struct ten_page *page, const char *path) {
    if (!page->beside) {
        ten_html(&page->html, "<code>%s</code>", path);
        return;
    }
    /* names hold only characters that a URL keeps as they are, but for + and , which are fine in a path too */
    ten_html(&page->html, "<a href=\"%s\"><code>%s</code></a>", path, path);
}
