/* Preprocessing: each chain, step by step, on the same few images. */
#include "report/page.h"

#include <ctype.h>

/* The number of values of an image at stage `index` from the front, or from the back if `last`. */
static size_t stage_size(const struct ten_value *digit, bool last) {
    struct ten_value stages = ten_value_member(digit, "stages");
    size_t count = ten_value_length(&stages, 0);
    if (count == 0) return 0;
    struct ten_value stage = ten_value_item(&stages, last ? count - 1 : 0);
    return ten_member_count(&stage, "features");
}

static void write_finding(struct ten_page *page, const struct ten_value *chains) {
    struct ten_html *html = &page->html;
    size_t count = ten_value_length(chains, 0), shorter = 0, from = 0, least = 0, which = 0;
    for (size_t i = 0; i < count; i++) {
        struct ten_value chain = ten_value_item(chains, i), digits = ten_value_member(&chain, "digits");
        if (ten_value_length(&digits, 0) == 0) continue;
        struct ten_value digit = ten_value_item(&digits, 0);
        size_t before = stage_size(&digit, false), after = stage_size(&digit, true);
        if (after >= before) continue;
        if (shorter++ == 0 || after < least) {
            from = before;
            least = after;
            which = i;
        }
    }
    struct ten_show many = ten_show_small(count);
    many.text[0] = (char)toupper((unsigned char)many.text[0]);
    ten_html(html, "<p class=\"finding\">%s chain%s of steps prepare%s the images", many.text, count == 1 ? "" : "s",
             count == 1 ? "s" : "");
    if (shorter == 0) {
        ten_html(html, "; %s every pixel its place and change%s only its value.</p>\n",
                 count == 1 ? "it leaves" : "all leave", count == 1 ? "s" : "");
        return;
    }
    struct ten_value chain = ten_value_item(chains, which);
    ten_html_raw(html, ": ");
    ten_part_chain(page, ten_member_text(&chain, "prep"));
    ten_html(html, " hands the model %s values in place of an image’s %s.</p>\n", ten_show_count((double)least).text,
             ten_show_count((double)from).text);
}

/* One stage of every digit: a line of the table. */
static void write_stage(struct ten_page *page, const struct ten_value *digits, size_t count, size_t steps,
                        size_t step) {
    struct ten_html *html = &page->html;
    for (size_t i = 0; i < count; i++) {
        struct ten_value digit = ten_value_item(digits, i), stages = ten_value_member(&digit, "stages");
        ten_value_length(&stages, steps);
        struct ten_value stage = ten_value_item(&stages, step);
        size_t height = (size_t)ten_member_number(&stage, "height", 1, TEN_MAX_SIDE);
        size_t width = (size_t)ten_member_number(&stage, "width", 1, TEN_MAX_SIDE);
        size_t label = (size_t)ten_member_number(&digit, "label", 0, TEN_CLASSES - 1);
        const char *name = ten_member_text(&stage, "name");
        size_t features = ten_member_count(&stage, "features");
        if (i == 0) ten_html(html, "<tr><th scope=\"row\">%s<small>", name);
        if (i == 0 && features == height * width) ten_html(html, "%zu × %zu</small></th>", height, width);
        if (i == 0 && features != height * width) ten_html(html, "rebuilt from %zu</small></th>", features);
        ten_html_raw(html, "<td>");
        ten_part_picture(page, ten_member_picture(&stage, "image"), width, height, 2, "%s, %s", page->classes[label],
                         name);
        ten_html_raw(html, "</td>");
    }
    ten_html_raw(html, "</tr>\n");
}

static void write_chain(struct ten_page *page, const struct ten_value *chain) {
    struct ten_html *html = &page->html;
    struct ten_value digits = ten_value_member(chain, "digits");
    size_t count = ten_value_length(&digits, 0);
    ten_html_raw(html, "<figure class=\"pictures chain\">\n<h3>");
    ten_part_chain(page, ten_member_text(chain, "prep"));
    ten_html(html, "</h3>\n<p>%s</p>\n", ten_member_text(chain, "summary"));
    if (count) {
        struct ten_value first = ten_value_item(&digits, 0), stages = ten_value_member(&first, "stages");
        size_t steps = ten_value_length(&stages, 0);
        ten_html(html, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Steps of the chain %s\">",
                 ten_member_text(chain, "prep"));
        ten_html_raw(html, "<table class=\"faces\">\n<tbody>\n");
        for (size_t i = 0; i < steps; i++) write_stage(page, &digits, count, steps, i);
        ten_html_raw(html, "</tbody></table></div>\n");
    }
    ten_html(html,
             "<figcaption><b>Figure %zu.</b> The same training images before and after every step.</figcaption>"
             "</figure>\n",
             ++page->figure_number);
}

void ten_section_preprocess(struct ten_page *page) {
    struct ten_value root = ten_source_root(&page->preprocess), chains = ten_value_member(&root, "chains");
    size_t count = ten_value_length(&chains, 0);
    ten_html_raw(&page->html, "<section id=\"preprocessing\" aria-labelledby=\"preprocessing-title\">\n"
                              "<h2 id=\"preprocessing-title\">Preprocessing</h2>\n");
    write_finding(page, &chains);
    ten_html_raw(&page->html,
                 "<p>A step learns what it needs, such as a pixel’s range, from the training images alone, "
                 "and is saved with the model that was fitted behind it.</p>\n<div class=\"chains\">\n");
    for (size_t i = 0; i < count; i++) {
        struct ten_value chain = ten_value_item(&chains, i);
        write_chain(page, &chain);
    }
    ten_html_raw(&page->html, "</div>\n</section>\n");
}
