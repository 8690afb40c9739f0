/* The best network from inside: what its first layer looks for, what its convolutions make of an image of each class,
 * and which pixels speak for the label. Pictures come as they are from inside.json; web/linked.js shows the maps of one
 * image after another. */
#include "report/page.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { GAP = 1 /* pixels around tiles */, FILTERS_WIDTH = 480, MAPS_WIDTH = 900, MOST_ZOOM = 12 };

/* A picture of tiles in a grid. */
struct grid {
    size_t layer, count, shown, columns, height, width; /* of the grid; of a tile */
    const char *text, *image;
};

static struct grid read_grid(const struct ten_value *value) {
    return (struct grid){
        .layer = ten_member_count(value, "layer"),
        .count = ten_member_count(value, "count"),
        .shown = (size_t)ten_member_number(value, "shown", 1, 1e6),
        .columns = (size_t)ten_member_number(value, "columns", 1, 1e4),
        .height = (size_t)ten_member_number(value, "height", 1, TEN_MAX_SIDE),
        .width = (size_t)ten_member_number(value, "width", 1, TEN_MAX_SIDE),
        .text = ten_member_text(value, "text"),
        .image = ten_member_picture(value, "image"),
    };
}

/* As large as `most` pixels of width allow. */
static void write_grid(struct ten_page *page, const struct grid *grid, size_t most, const char *words) {
    size_t rows = (grid->shown + grid->columns - 1) / grid->columns;
    size_t width = grid->columns * (grid->width + GAP) + GAP, height = rows * (grid->height + GAP) + GAP;
    size_t zoom = most / width < 1 ? 1 : most / width > MOST_ZOOM ? MOST_ZOOM : most / width;
    ten_html(&page->html,
             "<div class=\"tiles signed scroll\" role=\"region\" tabindex=\"0\" aria-label=\"%s of layer %zu\">", words,
             grid->layer);
    ten_part_picture(page, grid->image, width, height, zoom, "%zu %s of layer %zu", grid->shown, words, grid->layer);
    ten_html_raw(&page->html, "</div>\n");
}

static void write_filters(struct ten_page *page, const struct grid *filters) {
    ten_html_raw(&page->html, "<figure class=\"pictures\">\n<h3>Filters</h3>\n");
    write_grid(page, filters, FILTERS_WIDTH, "filters");
    ten_html(&page->html, "<figcaption><b>Figure %zu.</b> The weights of the first layer (<code>%s</code>)",
             ++page->figure_number, filters->text);
    if (filters->shown < filters->count) ten_html(&page->html, ", the first %zu of them", filters->shown);
    ten_html(&page->html,
             ": what each of its %zu units looks for. Red: %s speaks for it; blue: against it.</figcaption>"
             "</figure>\n",
             filters->count, page->digits ? "ink" : "light");
}

/* ---- Images ------------------------------------------------------------------------------------------- */

struct digit {
    size_t index, truth, predicted, height, width;
    double probability;
    const char *input, *saliency;
};

static struct digit read_digit(const struct ten_value *value) {
    return (struct digit){
        .index = ten_member_count(value, "index"),
        .truth = (size_t)ten_member_number(value, "truth", 0, TEN_CLASSES - 1),
        .predicted = (size_t)ten_member_number(value, "predicted", 0, TEN_CLASSES - 1),
        .probability = ten_member_number(value, "probability", 0, 1),
        .height = (size_t)ten_member_number(value, "height", 1, TEN_MAX_SIDE),
        .width = (size_t)ten_member_number(value, "width", 1, TEN_MAX_SIDE),
        .input = ten_member_picture(value, "input"),
        .saliency = ten_member_picture(value, "saliency"),
    };
}

static void write_maps_of(struct ten_page *page, const struct ten_value *value, size_t which) {
    struct ten_html *html = &page->html;
    struct digit digit = read_digit(value);
    ten_html(html, "<div class=\"maps\" id=\"maps-%zu\"%s>\n<div class=\"given\">", which, which ? " hidden" : "");
    ten_part_picture(page, digit.input, digit.width, digit.height, 4, "test image %zu as the network is given it",
                     digit.index);
    ten_html(html, "<span>%s %zu, a %s; it says <b>%s</b>, ", page->chosen[1] ? "no." : "image", digit.index,
             page->classes[digit.truth], page->classes[digit.predicted]);
    ten_html(html, "%s sure</span></div>\n",
             ten_show_percent(digit.probability, digit.probability > 0.995 && digit.probability < 0.9995 ? 1 : 0).text);
    struct ten_value layers = ten_value_member(value, "layers");
    size_t count = ten_value_length(&layers, 0);
    for (size_t i = 0; i < count; i++) {
        struct ten_value layer = ten_value_item(&layers, i);
        struct grid grid = read_grid(&layer);
        ten_html(html, "<h4>Layer %zu: <code>%s</code></h4>\n", grid.layer, grid.text);
        write_grid(page, &grid, MAPS_WIDTH, "feature maps");
    }
    ten_html_raw(html, "</div>\n");
}

static void write_maps(struct ten_page *page, const struct ten_value *digits, size_t count) {
    struct ten_html *html = &page->html;
    struct ten_value first = ten_value_item(digits, 0), layers = ten_value_member(&first, "layers");
    if (ten_value_length(&layers, 0) == 0) return;
    ten_html_raw(html, "<figure class=\"pictures\" id=\"maps\">\n<h3>Feature maps</h3>\n<p class=\"chooser\" hidden>"
                       "<label for=\"choose-maps\">Of</label> <select id=\"choose-maps\" autocomplete=\"off\">\n");
    for (size_t i = 0; i < count; i++) {
        struct ten_value item = ten_value_item(digits, i);
        struct digit digit = read_digit(&item);
        ten_html(html, "<option value=\"maps-%zu\"%s>%s (test image %zu)</option>\n", i, i ? "" : " selected",
                 page->classes[digit.truth], digit.index);
    }
    ten_html_raw(html, "</select></p>\n");
    for (size_t i = 0; i < count; i++) {
        struct ten_value item = ten_value_item(digits, i);
        write_maps_of(page, &item, i);
    }
    ten_html(html,
             "<figcaption><b>Figure %zu.</b> What the layers give for the image, a map for each unit, before their "
             "activation: blue below 0, red above.</figcaption></figure>\n",
             ++page->figure_number);
}

static void write_saliency(struct ten_page *page, const struct ten_value *digits, size_t count) {
    enum { ZOOM = 2 };
    struct ten_html *html = &page->html;
    ten_html_raw(html, "<figure class=\"pictures\">\n<h3>Saliency</h3>\n<div class=\"scroll\" role=\"region\" "
                       "tabindex=\"0\" aria-label=\"Saliency of an image of each class\"><table class=\"faces\">\n");
    for (size_t part = 0; part < 2; part++) {
        ten_html(html, "<tr><th scope=\"row\">%s</th>", part ? "saliency" : "input");
        for (size_t i = 0; i < count; i++) {
            struct ten_value item = ten_value_item(digits, i);
            struct digit digit = read_digit(&item);
            ten_html_raw(html, part ? "<td class=\"signed\">" : "<td>");
            ten_part_picture(page, part ? digit.saliency : digit.input, digit.width, digit.height, ZOOM, "%s%s",
                             part ? "saliency of class " : "a ", page->classes[part ? digit.predicted : digit.truth]);
            ten_html_raw(html, "</td>");
        }
        ten_html_raw(html, "</tr>\n");
    }
    ten_html(html,
             "</table></div>\n<figcaption><b>Figure %zu.</b> An image of each class, and how its label’s logit would "
             "answer to more %s at each pixel (the gradient, by Simonyan, Vedaldi and Zisserman, 2013): red speaks for "
             "the label, blue against it.</figcaption></figure>\n",
             ++page->figure_number, page->digits ? "ink" : "light");
}

static void write_finding(struct ten_page *page, const struct ten_value *root, const struct grid *filters,
                          size_t layers) {
    struct ten_html *html = &page->html;
    ten_html(html, "<p class=\"finding\"><b>%s</b> (", ten_member_text(root, "title"));
    ten_part_chain(page, ten_member_text(root, "prep"));
    ten_html_raw(html, ") ");
    if (filters) {
        ten_html(html, "looks at an image through %zu filters of %zu × %zu weights first", filters->count,
                 filters->height, filters->width);
    } else {
        ten_html_raw(html, "looks at values that are no pixels");
    }
    if (layers > 1) ten_html(html, "; %s of its layers give pictures", ten_show_small(layers).text);
    ten_html_raw(html, ".</p>\n");
}

void ten_section_inside(struct ten_page *page) {
    struct ten_html *html = &page->html;
    struct ten_value root = ten_source_root(&page->inside), digits = ten_value_member(&root, "digits");
    size_t count = ten_value_length(&digits, 0), layers = 0;
    ten_html_raw(html, "<section id=\"inside\" aria-labelledby=\"inside-title\">\n"
                       "<h2 id=\"inside-title\">Inside the network</h2>\n");
    if (count) {
        struct ten_value first = ten_value_item(&digits, 0), all = ten_value_member(&first, "layers");
        layers = ten_value_length(&all, 0);
    }
    if (ten_value_has(&root, "filters")) {
        struct ten_value value = ten_value_member(&root, "filters");
        struct grid filters = read_grid(&value);
        write_finding(page, &root, &filters, layers);
        write_filters(page, &filters);
    } else {
        write_finding(page, &root, NULL, layers);
    }
    if (count) write_maps(page, &digits, count);
    if (count) write_saliency(page, &digits, count);
    ten_html_raw(html, "</section>\n");
}
