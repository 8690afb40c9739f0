/* The test images in a plane: t-SNE of their pixels and of the best network's features, the first two principal
 * components beside each. Ten thousand points are too many for SVG: web/linked.js draws them on a canvas from a compact
 * copy; the Vega-Lite text with the points as they are goes to the files. */
#include "report/page.h"

#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NEAR = 10,   /* neighbours that are looked at */
    STEPS = 9999 /* of the longer side of the plane, in the compact copy */
};

/* A set of points in a plane. */
struct plane {
    size_t count;
    const char *labels;
    double *xy;                  /* [count x 2] */
    double low[2], high[2];      /* what they reach */
    size_t mixed[2], mixed_most; /* the two classes that are most among each other's neighbours, and how often */
};

static void read_points(struct ten_page *page, struct plane *plane, const struct ten_value *points) {
    ten_value_length(points, plane->count);
    plane->xy = calloc(plane->count, 2 * sizeof *plane->xy);
    if (!plane->xy && page->outcome->status == TEN_OK)
        page->outcome->status = ten_fail_memory(page->outcome->error, "the points of a plane");
    for (size_t k = 0; k < 2; k++) plane->low[k] = HUGE_VAL, plane->high[k] = -HUGE_VAL;
    for (size_t i = 0; i < plane->count && page->outcome->status == TEN_OK; i++) {
        struct ten_value point = ten_value_item(points, i);
        ten_value_length(&point, 2);
        for (size_t k = 0; k < 2; k++) {
            struct ten_value item = ten_value_item(&point, k);
            double value = ten_value_number(&item, -1e12, 1e12);
            plane->xy[2 * i + k] = value;
            plane->low[k] = fmin(plane->low[k], value);
            plane->high[k] = fmax(plane->high[k], value);
        }
    }
}

/* ---- Which classes overlap ---------------------------------------------------------------------------- */

struct spot {
    double x, y;
    size_t label;
};

static int from_the_left(const void *left, const void *right) {
    const struct spot *a = left, *b = right;
    if (a->x != b->x) return a->x < b->x ? -1 : 1;
    if (a->y != b->y) return a->y < b->y ? -1 : 1;
    return (a->label > b->label) - (a->label < b->label);
}

/* The nearest so far, nearest first. */
struct nearest {
    size_t count, label[NEAR];
    double distance[NEAR];
};

static void consider(struct nearest *nearest, const struct spot *spot, double distance) {
    if (nearest->count == NEAR && distance >= nearest->distance[NEAR - 1]) return;
    size_t at = nearest->count < NEAR ? nearest->count++ : NEAR - 1;
    for (; at > 0 && nearest->distance[at - 1] > distance; at--) {
        nearest->distance[at] = nearest->distance[at - 1];
        nearest->label[at] = nearest->label[at - 1];
    }
    nearest->distance[at] = distance;
    nearest->label[at] = spot->label;
}

/* Walks along x in both directions until the next in x alone is farther than the last of the nearest. */
static struct nearest find_nearest(const struct spot *spots, size_t count, size_t which) {
    struct nearest nearest = {0};
    for (size_t side = 0; side < 2; side++)
        for (size_t k = 1; side ? which + k < count : k <= which; k++) {
            const struct spot *spot = &spots[side ? which + k : which - k];
            double dx = spot->x - spots[which].x, dy = spot->y - spots[which].y;
            if (nearest.count == NEAR && dx * dx >= nearest.distance[NEAR - 1]) break;
            consider(&nearest, spot, dx * dx + dy * dy);
        }
    return nearest;
}

static void find_mixed(struct ten_page *page, struct plane *plane) {
    size_t among[TEN_CLASSES][TEN_CLASSES] = {{0}};
    struct spot *spots = calloc(plane->count, sizeof *spots);
    if (!spots) {
        if (page->outcome->status == TEN_OK)
            page->outcome->status = ten_fail_memory(page->outcome->error, "the points of a plane");
        return;
    }
    for (size_t i = 0; i < plane->count; i++)
        spots[i] = (struct spot){plane->xy[2 * i], plane->xy[2 * i + 1], (size_t)(plane->labels[i] - '0')};
    qsort(spots, plane->count, sizeof *spots, from_the_left);
    for (size_t i = 0; i < plane->count; i++) {
        struct nearest nearest = find_nearest(spots, plane->count, i);
        for (size_t k = 0; k < nearest.count; k++) {
            size_t a = spots[i].label, b = nearest.label[k];
            among[a < b ? a : b][a < b ? b : a]++;
        }
    }
    free(spots);
    for (size_t a = 0; a < TEN_CLASSES; a++)
        for (size_t b = a + 1; b < TEN_CLASSES; b++)
            if (among[a][b] > plane->mixed_most) {
                plane->mixed_most = among[a][b];
                plane->mixed[0] = a;
                plane->mixed[1] = b;
            }
}

/* ---- A figure ----------------------------------------------------------------------------------------- */

/* Whole steps of the longer side, y upwards. */
static json_t *compact(const struct plane *plane, double step) {
    json_t *points = json_array();
    for (size_t i = 0; i < 2 * plane->count; i++)
        json_array_append_new(points, json_integer((json_int_t)rint((plane->xy[i] - plane->low[i % 2]) / step)));
    return points;
}

static json_t *figure_of(struct ten_page *page, const struct plane *plane, const char *x, const char *y) {
    json_t *values = json_array();
    for (size_t i = 0; i < plane->count; i++)
        ten_figure_row(page, values, "{s:I,s:s,s:f,s:f}", "index", (json_int_t)i, "class",
                       page->classes[plane->labels[i] - '0'], "x", plane->xy[2 * i], "y", plane->xy[2 * i + 1]);
    json_t *figure = ten_figure_new(page, "embedding", values);
    ten_figure_set(page, figure, "encoding.x.title", json_string(x));
    ten_figure_set(page, figure, "encoding.y.title", json_string(y));
    return figure;
}

/* Up to the caption's first words. */
static void begin_plane(struct ten_page *page, const struct plane *plane, const char *name, const char *label,
                        bool on_test, const char *const axes[2]) {
    struct ten_html *html = &page->html;
    double side = fmax(plane->high[0] - plane->low[0], plane->high[1] - plane->low[1]);
    double step = side > 0 ? side / STEPS : 1;
    ten_figure_keep(page, figure_of(page, plane, axes[0], axes[1]), name, label);
    ten_html(html,
             "<figure class=\"plane\" id=\"figure-%s\">\n<div class=\"field\"><canvas tabindex=\"0\" "
             "role=\"application\" aria-roledescription=\"scatter plot\" aria-label=\"%s. Arrow keys go from "
             "point to point.\"></canvas></div>\n<script type=\"application/json\">",
             name, label);
    json_t *data = json_pack("{s:s,s:b,s:[f,f],s:f,s:o}", "labels", plane->labels, "test", on_test, "low",
                             plane->low[0], plane->low[1], "step", step, "points", compact(plane, step));
    ten_html_json(html, data);
    json_decref(data);
    ten_html(html, "</script>\n<figcaption><b>Figure %zu.</b> ", ++page->figure_number);
}

static void end_plane(struct ten_page *page, const char *name) {
    char path[96];
    snprintf(path, sizeof path, "figures/%s.vl.json", name);
    ten_html_raw(
        &page->html,
        "</figcaption>\n<details class=\"more\"><summary>Source</summary>\n<p class=\"tools\">Vega-Lite text: ");
    ten_part_file(page, path);
    ten_html_raw(&page->html, "<button type=\"button\" class=\"csv\" hidden>Save as CSV</button></p></details>\n"
                              "</figure>\n");
}

/* ---- One file: t-SNE and principal components --------------------------------------------------------- */

struct embedding {
    struct ten_value root;
    const char *key, *what; /* "pixels"; "pixels" or "features of cnn2" */
    struct plane tsne, pca;
    double purity, pca_purity;
    bool on_test, has_pca;
};

static struct embedding read_embedding(struct ten_page *page, struct ten_source *source, const char *key) {
    struct embedding e = {.root = ten_source_root(source), .key = key};
    struct ten_value labels = ten_value_member(&e.root, "labels"), points = ten_value_member(&e.root, "points");
    e.what = ten_member_text(&e.root, "what");
    e.on_test = strcmp(ten_member_text(&e.root, "on"), "test") == 0;
    e.purity = ten_member_number(&e.root, "purity_10", 0, 1);
    e.tsne.count = e.pca.count = (size_t)ten_member_number(&e.root, "count", 1, 1e7);
    e.tsne.labels = e.pca.labels = ten_value_text(&labels);
    if (strlen(e.tsne.labels) != e.tsne.count || strspn(e.tsne.labels, "0123456789") != e.tsne.count)
        ten_value_fail(&labels, "a digit for each point");
    if (page->outcome->status == TEN_OK) read_points(page, &e.tsne, &points);
    e.has_pca = ten_value_has(&e.root, "pca");
    if (page->outcome->status == TEN_OK && e.has_pca) {
        struct ten_value pca = ten_value_member(&e.root, "pca"), more = ten_value_member(&pca, "points");
        e.pca_purity = ten_member_number(&pca, "purity_10", 0, 1);
        read_points(page, &e.pca, &more);
    }
    if (page->outcome->status == TEN_OK) find_mixed(page, &e.tsne);
    return e;
}

static void write_tsne(struct ten_page *page, const struct embedding *e) {
    static const char *const axes[2] = {"first coordinate", "second coordinate"};
    char name[64], label[192];
    snprintf(name, sizeof name, "embedding-%s", e->key);
    snprintf(label, sizeof label, "Scatter plot: t-SNE of the %.100s, coloured by class", e->what);
    begin_plane(page, &e->tsne, name, label, e->on_test, axes);
    struct ten_html *html = &page->html;
    double perplexity = ten_member_number(&e->root, "perplexity", 0, HUGE_VAL);
    ten_html(html, "t-SNE of the %s: perplexity %s, ", e->what,
             ten_show_number(perplexity, perplexity == rint(perplexity) ? 0 : 1).text);
    ten_html(html, "%s iterations, %s; ", ten_show_count((double)ten_member_count(&e->root, "iterations")).text,
             ten_show_seconds(ten_member_number(&e->root, "seconds", 0, HUGE_VAL)).text);
    ten_html(html, "Kullback–Leibler divergence %s. Distances between far groups mean little.",
             ten_show_number(ten_member_number(&e->root, "kl_divergence", -1, HUGE_VAL), 2).text);
    end_plane(page, name);
}

static void write_pca(struct ten_page *page, const struct embedding *e) {
    static const char *const axes[2] = {"first principal component", "second principal component"};
    char name[64], label[192];
    struct ten_value pca = ten_value_member(&e->root, "pca"), explained = ten_value_member(&pca, "explained");
    ten_value_length(&explained, 2);
    struct ten_value first = ten_value_item(&explained, 0), second = ten_value_item(&explained, 1);
    double shares[2] = {ten_value_number(&first, 0, 1), ten_value_number(&second, 0, 1)};
    snprintf(name, sizeof name, "embedding-%s-pca", e->key);
    snprintf(label, sizeof label, "Scatter plot: two principal components of the %.100s, coloured by class", e->what);
    begin_plane(page, &e->pca, name, label, e->on_test, axes);
    ten_html(&page->html, "The first two principal components of the %s, which hold %s and %s of the variance.",
             e->what, ten_show_percent(shares[0], 1).text, ten_show_percent(shares[1], 1).text);
    end_plane(page, name);
}

static void write_embedding(struct ten_page *page, const struct embedding *e) {
    ten_html_raw(&page->html, "<div class=\"pair\">\n");
    write_tsne(page, e);
    if (e->has_pca) write_pca(page, e);
    ten_html_raw(&page->html, "</div>\n");
}

/* ---- The section -------------------------------------------------------------------------------------- */

static void write_purity(struct ten_page *page, const struct embedding *e, bool again) {
    struct ten_html *html = &page->html;
    if (again) {
        ten_html(html, "Of the %s it is %s", e->what, ten_show_percent(e->purity, 1).text);
    } else {
        ten_html(html, "In the plane that t-SNE makes of the %s, %s of an image’s ten nearest have its label", e->what,
                 ten_show_percent(e->purity, 1).text);
    }
    if (e->has_pca)
        ten_html(html, ", against %s in that of two principal components", ten_show_percent(e->pca_purity, 1).text);
    if (e->tsne.mixed_most) {
        ten_html_raw(html, "; most mixed are ");
        ten_part_class(page, e->tsne.mixed[0]);
        ten_html_raw(html, " and ");
        ten_part_class(page, e->tsne.mixed[1]);
    }
    ten_html_raw(html, ". ");
}

static void write_legend(struct ten_page *page) {
    ten_html_raw(&page->html,
                 "<div class=\"legend live\" role=\"group\" aria-label=\"Classes to show alone\" hidden>\n");
    for (size_t i = 0; i < TEN_CLASSES; i++)
        ten_html(&page->html,
                 "<button type=\"button\" aria-pressed=\"false\" data-class=\"%zu\"><i style=\"background:"
                 "var(--class-%zu)\"></i>%s</button>\n",
                 i, i, page->classes[i]);
    ten_html_raw(&page->html,
                 "</div>\n<p class=\"pointed pictures live\" aria-live=\"polite\" hidden>Point at an image, or "
                 "choose a class to see it alone.</p>\n");
}

void ten_section_embed(struct ten_page *page) {
    static const char *const keys[] = {"pixels", "features"};
    struct embedding all[2];
    size_t count = 0;
    for (size_t i = 0; i < 2; i++)
        if (page->embeds[i].root) all[count++] = read_embedding(page, &page->embeds[i], keys[i]);
    if (page->outcome->status == TEN_OK) {
        ten_html_raw(&page->html, "<section id=\"plane\" aria-labelledby=\"plane-title\">\n<h2 id=\"plane-title\">"
                                  "The images in a plane</h2>\n<p class=\"finding\">");
        for (size_t i = 0; i < count; i++) write_purity(page, &all[i], i > 0);
        ten_html_raw(&page->html, "</p>\n");
        write_legend(page);
        for (size_t i = 0; i < count; i++) write_embedding(page, &all[i]);
        ten_html_raw(&page->html, "</section>\n");
    }
    for (size_t i = 0; i < count; i++) {
        free(all[i].tsne.xy);
        free(all[i].pca.xy);
    }
}
