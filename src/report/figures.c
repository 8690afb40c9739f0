/* Figures are Vega-Lite texts: how they look stands in web/figures.json, what they show is put in here. The page's copy
 * names colours as CSS properties, so that a change of theme needs no redrawing; the files get the light palette's
 * colours and so stand alone. */
#include "report/page.h"

#include "base/error.h"
#include "report/assets.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void out_of_memory(struct ten_page *page) {
    if (page->outcome->status == TEN_OK) page->outcome->status = ten_fail_memory(page->outcome->error, "a figure");
}

json_t *ten_figure_new(struct ten_page *page, const char *template_name, json_t *values) {
    json_t *figure = json_object(), *data = json_object();
    json_t *template = json_deep_copy(json_object_get(json_object_get(page->templates, "figures"), template_name));
    json_t *config = json_object_get(page->templates, "config");
    int bad = json_object_set_new(figure, "$schema", json_string("https://vega.github.io/schema/vega-lite/v6.json"));
    bad |= json_object_set_new(figure, "description", json_string(""));
    bad |= json_object_update(figure, template);
    bad |= json_object_set(figure, "config", config);
    bad |= json_object_set_new(data, "values", values);
    bad |= json_object_set_new(figure, "data", data);
    json_decref(template);
    if (bad) {
        out_of_memory(page);
        json_decref(figure);
        return NULL;
    }
    return figure;
}

/* The part of a path up to its next dot; gives the place behind it. */
static const char *path_part(const char *path, char *part, size_t size) {
    size_t length = strcspn(path, ".");
    snprintf(part, size, "%.*s", (int)length, path);
    return path + length + (path[length] == '.');
}

void ten_figure_set(struct ten_page *page, json_t *figure, const char *path, json_t *value) {
    if (!figure || !value) {
        if (!value) out_of_memory(page);
        json_decref(value);
        return;
    }
    json_t *at = figure;
    char part[64];
    for (path = path_part(path, part, sizeof part); *path && at; path = path_part(path, part, sizeof part)) {
        json_t *next =
            isdigit((unsigned char)*part) ? json_array_get(at, (size_t)atoi(part)) : json_object_get(at, part);
        if (!next && json_object_set_new(at, part, json_object()) == 0) next = json_object_get(at, part);
        at = next;
    }
    if (json_object_set_new(at, part, value) != 0) out_of_memory(page);
}

void ten_figure_row(struct ten_page *page, json_t *values, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    json_t *row = json_vpack_ex(NULL, 0, format, arguments);
    va_end(arguments);
    if (json_array_append_new(values, row) != 0) out_of_memory(page);
}

static void collect(struct ten_page *page, json_t *figure, const char *name, const char *label) {
    if (page->outcome->status == TEN_OK &&
        (!figure || json_object_set_new(figure, "description", json_string(label)) != 0 ||
         json_object_set(page->figures, name, figure) != 0))
        out_of_memory(page);
}

void ten_figure_keep(struct ten_page *page, json_t *figure, const char *name, const char *label) {
    collect(page, figure, name, label);
    json_decref(figure);
}

void ten_figure_begin(struct ten_page *page, json_t *figure, const char *class, const char *name, const char *label) {
    struct ten_html *html = &page->html;
    collect(page, figure, name, label);
    ten_html(html, "<figure class=\"chart %s\" id=\"figure-%s\">\n", class, name);
    ten_html(html, "<div class=\"plot\" role=\"img\" aria-label=\"%s\"><div class=\"canvas\"></div></div>\n", label);
    ten_html_raw(html, "<script type=\"application/json\">");
    ten_html_json(html, figure);
    ten_html(html, "</script>\n<figcaption><b>Figure %zu.</b> ", ++page->figure_number);
    json_decref(figure);
}

void ten_figure_table(struct ten_page *page) {
    ten_html_raw(&page->html, "</figcaption>\n<details class=\"more\"><summary>Data and source</summary>\n");
    page->in_details = true;
}

void ten_figure_end(struct ten_page *page, const char *name) {
    struct ten_html *html = &page->html;
    if (!page->in_details) ten_html_raw(html, "</figcaption>\n<details class=\"more\"><summary>Source</summary>\n");
    page->in_details = false;
    char path[192];
    snprintf(path, sizeof path, "figures/%s.vl.json", name);
    ten_html_raw(html, "<p class=\"tools\">Vega-Lite text: ");
    ten_part_file(page, path);
    ten_html_raw(html, "<button type=\"button\" class=\"copy\" hidden>Copy the text</button>"
                       "<button type=\"button\" class=\"svg\" hidden>Save as SVG</button></p></details>\n</figure>\n");
}

/* ---- Colours ------------------------------------------------------------------------------------------ */

static void write_colours(struct ten_page *page, const char *selector, size_t which) {
    const char *name;
    json_t *pair;
    ten_html(&page->html, "%s{", selector);
    json_object_foreach(json_object_get(page->templates, "palette"), name, pair) {
        ten_html(&page->html, "%s:%s;", name, json_string_value(json_array_get(pair, which)));
    }
    ten_html_raw(&page->html, "}\n");
}

void ten_figures_palette(struct ten_page *page) {
    ten_html_raw(&page->html, "@media screen{");
    write_colours(page, ":root", 0);
    write_colours(page, ":root[data-theme=dark]", 1);
    ten_html_raw(&page->html, "@media (prefers-color-scheme:dark){");
    write_colours(page, ":root:not([data-theme=light])", 1);
    ten_html_raw(&page->html, "}}\n@media print{");
    write_colours(page, ":root", 0);
    ten_html_raw(&page->html, "}\n");
}

/* A copy of `json` in which "var(--name)" has become the light palette's colour. */
static json_t *with_colours(const json_t *palette, json_t *json) {
    if (json_is_string(json)) {
        const char *text = json_string_value(json);
        size_t length = strlen(text);
        if (strncmp(text, "var(", 4) != 0 || text[length - 1] != ')') return json_incref(json);
        json_t *pair = json_object_getn(palette, text + 4, length - 5);
        return json_incref(pair ? json_array_get(pair, 0) : json);
    }
    if (json_is_array(json)) {
        json_t *copy = json_array(), *item;
        size_t i;
        json_array_foreach(json, i, item) {
            if (json_array_append_new(copy, with_colours(palette, item)) != 0) break;
        }
        return copy;
    }
    if (json_is_object(json)) {
        json_t *copy = json_object(), *item;
        const char *key;
        json_object_foreach(json, key, item) {
            if (json_object_set_new(copy, key, with_colours(palette, item)) != 0) break;
        }
        return copy;
    }
    return json_incref(json);
}

/* ---- Files -------------------------------------------------------------------------------------------- */

/* The figure's text, with its rows one on a line each, which is how people edit data. NULL: no memory. */
static char *text_of(json_t *figure, size_t *size) {
    char *text = NULL;
    FILE *stream = open_memstream(&text, size);
    json_t *values = json_incref(json_object_get(json_object_get(figure, "data"), "values")), *row;
    json_object_del(figure, "data"); /* it stands last, so that the rest reads from the top */
    char *head = json_dumps(figure, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    bool good = stream && head;
    if (good) fprintf(stream, "%.*s,\n  \"data\": {\"values\": [", (int)strlen(head) - 2, head); /* without "\n}" */
    size_t i;
    json_array_foreach(values, i, row) {
        char *line = good ? json_dumps(row, JSON_REAL_PRECISION(6)) : NULL;
        if (line) fprintf(stream, "%s\n    %s", i ? "," : "", line);
        good = line != NULL;
        free(line);
    }
    if (good) fprintf(stream, "\n  ]}\n}\n");
    if (stream && ferror(stream)) good = false;
    if (stream && fclose(stream) != 0) good = false;
    free(head);
    json_decref(values);
    if (good) return text;
    free(text);
    return NULL;
}

/* A file that holds these very bytes is left as it is: most figures are the same when a page is made again. */
static enum ten_status save_text(const char *path, const char *text, size_t size, struct ten_error *error) {
    uint8_t *there = NULL;
    size_t length = 0;
    bool same =
        ten_file_read(path, size, &there, &length, NULL) == TEN_OK && length == size && memcmp(there, text, size) == 0;
    free(there);
    return same ? TEN_OK : ten_file_write(path, text, size, error);
}

static enum ten_status save_figure(const char *path, json_t *figure, struct ten_error *error) {
    size_t size;
    char *text = text_of(figure, &size);
    enum ten_status status = text ? save_text(path, text, size, error) : ten_fail_memory(error, "a figure");
    free(text);
    return status;
}

void ten_figures_save(struct ten_page *page) {
    struct ten_outcome *outcome = page->outcome;
    char folder[4096], path[4096], file[192];
    if (outcome->status == TEN_OK)
        outcome->status = ten_path_join(folder, sizeof folder, page->folder, "figures", outcome->error);
    if (outcome->status == TEN_OK) outcome->status = ten_make_folder(folder, outcome->error);
    const char *name;
    json_t *figure;
    json_object_foreach(page->figures, name, figure) {
        if (outcome->status != TEN_OK) return;
        snprintf(file, sizeof file, "%.170s.vl.json", name);
        json_t *alone = with_colours(json_object_get(page->templates, "palette"), figure);
        if (!alone) {
            out_of_memory(page);
            return;
        }
        outcome->status = ten_path_join(path, sizeof path, folder, file, outcome->error);
        if (outcome->status == TEN_OK) outcome->status = save_figure(path, alone, outcome->error);
        json_decref(alone);
    }
}
