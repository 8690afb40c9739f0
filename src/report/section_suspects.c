/* Suspect labels: training images whose label most models doubt, judged only by models that had not seen them. */
#include "report/page.h"

/* The names of the models, or just how many they are. */
static size_t count_models(const struct ten_value *root) {
    struct ten_value models = ten_value_member(root, "models");
    return json_is_array(models.json) ? ten_value_length(&models, 0) : ten_value_count(&models);
}

static void write_suspect(struct ten_page *page, const struct ten_value *digit, size_t height, size_t width,
                          size_t models) {
    struct ten_html *html = &page->html;
    size_t label = (size_t)ten_member_number(digit, "label", 0, TEN_CLASSES - 1);
    size_t predicted = (size_t)ten_member_number(digit, "predicted", 0, TEN_CLASSES - 1);
    size_t index = ten_member_count(digit, "index");
    double probability = ten_member_number(digit, "probability", 0, 1);
    double given = ten_member_number(digit, "given_probability", 0, 1);
    bool chosen = page->chosen[0];
    ten_html_raw(html, "<li>");
    ten_part_picture(page, ten_member_picture(digit, "image"), width, height, 2, "training image %zu%s", index,
                     chosen ? " of those chosen" : "");
    ten_html(html,
             "<span class=\"verdict\">labelled <b>%s</b>, looks like <b>%s</b></span><span>%zu of %zu say so</span>",
             page->classes[label], page->classes[predicted], ten_member_count(digit, "agree"), models);
    ten_html(html, "<span>%s against %s</span><span class=\"index\">%s %zu%s</span></li>\n",
             ten_show_percent(probability, 1).text, ten_show_percent(given, given < 0.001 ? 2 : 1).text,
             chosen ? "no." : "image", index, chosen ? " of those chosen" : "");
}

void ten_section_suspects(struct ten_page *page) {
    struct ten_html *html = &page->html;
    struct ten_value root = ten_source_root(&page->suspects), digits = ten_value_member(&root, "digits");
    struct ten_value explore = ten_source_root(&page->explore), sets = ten_value_member(&explore, "sets");
    struct ten_value set = ten_value_item(&sets, 0);
    size_t height = (size_t)ten_member_number(&set, "height", 1, TEN_MAX_SIDE);
    size_t width = (size_t)ten_member_number(&set, "width", 1, TEN_MAX_SIDE);
    size_t shown = ten_value_length(&digits, 0), count = ten_member_count(&root, "count"), models = count_models(&root);
    double share = page->train_count ? (double)count / (double)page->train_count : 0;
    ten_html_raw(html, "<section id=\"suspects\" aria-labelledby=\"suspects-title\">\n"
                       "<h2 id=\"suspects-title\">Suspect labels</h2>\n");
    if (count) {
        ten_html(html,
                 "<p class=\"finding\">%s of the %s training images (%s) may carry a wrong label: models that had not "
                 "seen them agree on another.</p>\n",
                 ten_show_count((double)count).text, ten_show_count((double)page->train_count).text,
                 ten_show_percent(share, 2).text);
    } else {
        ten_html(html,
                 "<p class=\"finding\">Of the %s training images none has a label that models which had not seen it "
                 "agree in doubting.</p>\n",
                 ten_show_count((double)page->train_count).text);
    }
    ten_html(html, "<p>The rule: %s. Nothing was removed or relabelled.</p>\n", ten_member_text(&root, "rule"));
    if (shown) {
        ten_html_raw(html, "<figure class=\"pictures\">\n<ol class=\"mistakes suspects\">\n");
        for (size_t i = 0; i < shown; i++) {
            struct ten_value digit = ten_value_item(&digits, i);
            write_suspect(page, &digit, height, width, models);
        }
        ten_html(
            html,
            "</ol>\n<figcaption><b>Figure %zu.</b> The %s most suspect: the label that an image carries and the one "
            "that the models give it, how many of them do, and the mean probabilities of the two. Some are truly "
            "mislabelled, others only drawn oddly.</figcaption></figure>\n",
            ++page->figure_number, ten_show_small(shown).text);
    }
    ten_html_raw(html, "</section>\n");
}
