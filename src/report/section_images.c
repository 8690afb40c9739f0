/* The test images one by one: what every model said of each. The page holds all of them as one picture (sprite.json)
 * and the models' labels as texts of digits; web/linked.js looks images up in it, compares two models, and shows what
 * stands behind a cell of a confusion matrix. */
#include "report/page.h"

#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HARDEST = 24 };

struct answers {
    const char *labels;
    size_t count, models; /* images; models whose labels are known */
    size_t *wrong;        /* [count]: how many models mislabel the image */
};

/* A text of `count` digits. */
static const char *digits_of(const struct ten_value *object, const char *member, size_t count) {
    struct ten_value value = ten_value_member(object, member);
    const char *text = ten_value_text(&value);
    if (strlen(text) == count && strspn(text, "0123456789") == count) return text;
    char expected[64];
    snprintf(expected, sizeof expected, "%zu digits", count);
    ten_value_fail(&value, expected);
    return NULL;
}

static bool answered(const struct ten_row *row) {
    if (!row->evaluation.root) return false;
    struct ten_value root = {.source = (struct ten_source *)(uintptr_t)&row->evaluation, .json = row->evaluation.root};
    return ten_value_has(&root, "predicted");
}

/* ---- The data ----------------------------------------------------------------------------------------- */

/* The probabilities of a model's mistakes in ten-thousandths, in the order of the images. */
static json_t *sureness(const struct ten_value *evaluation, const struct answers *answers, const char *predicted) {
    json_t *sure = json_array();
    struct ten_value all = ten_value_member(evaluation, "confidence");
    ten_value_length(&all, answers->count);
    for (size_t i = 0; i < answers->count && json_array_size(all.json) == answers->count; i++) {
        if (predicted[i] == answers->labels[i]) continue;
        struct ten_value item = ten_value_item(&all, i);
        json_array_append_new(sure, json_integer((json_int_t)rint(ten_value_number(&item, 0, 1) * 10000)));
    }
    return sure;
}

static void add_model(struct ten_page *page, struct ten_row *row, struct answers *answers, json_t *models) {
    struct ten_value root = ten_source_root(&row->evaluation);
    const char *predicted = digits_of(&root, "predicted", answers->count);
    if (!predicted) return;
    for (size_t i = 0; i < answers->count; i++) answers->wrong[i] += predicted[i] != answers->labels[i];
    answers->models++;
    json_t *model = json_pack("{s:s,s:s,s:s}", "name", row->name, "title", row->title, "predicted", predicted);
    if (ten_value_has(&root, "confidence")) {
        json_t *sure = sureness(&root, answers, predicted);
        if (sure) json_object_set_new(model, "sure", sure);
    }
    if (json_array_append_new(models, model) != 0 && page->outcome->status == TEN_OK)
        page->outcome->status = ten_fail_memory(page->outcome->error, "the models' labels");
}

/* The models in the order of the comparison, and the sprite. */
static void write_data(struct ten_page *page, struct answers *answers) {
    struct ten_value root = ten_source_root(&page->sprite);
    size_t height = (size_t)ten_member_number(&root, "height", 1, TEN_MAX_SIDE);
    size_t width = (size_t)ten_member_number(&root, "width", 1, TEN_MAX_SIDE);
    size_t columns = (size_t)ten_member_number(&root, "columns", 1, 1e6);
    json_t *models = json_array(), *classes = json_array();
    for (size_t i = 0; i < TEN_CLASSES; i++) json_array_append_new(classes, json_string(page->classes[i]));
    for (size_t i = 0; i < page->row_count; i++)
        if (answered(&page->rows[i])) add_model(page, &page->rows[i], answers, models);
    json_t *data = json_pack("{s:I,s:I,s:I,s:I,s:s,s:b,s:s,s:o,s:o}", "count", (json_int_t)answers->count, "height",
                             (json_int_t)height, "width", (json_int_t)width, "columns", (json_int_t)columns, "labels",
                             answers->labels, "chosen", page->chosen[1], "best", page->rows[page->best].name, "classes",
                             classes, "models", models);
    ten_html_raw(&page->html, "<script type=\"application/json\" id=\"answers\">");
    ten_html_json(&page->html, data);
    json_decref(data);
    ten_html(&page->html, "</script>\n<script type=\"text/plain\" id=\"sprite\">%s</script>\n",
             ten_member_picture(&root, "image"));
}

/* ---- What stands there without a question ------------------------------------------------------------- */

static void write_finding(struct ten_page *page, const struct answers *answers) {
    size_t none = 0, all = 0;
    for (size_t i = 0; i < answers->count; i++) {
        none += answers->wrong[i] == answers->models;
        all += answers->wrong[i] == 0;
    }
    struct ten_html *html = &page->html;
    ten_html(html, "<p class=\"finding\">Of %s test images ", ten_show_count((double)answers->count).text);
    ten_html(html, "%s are labelled correctly by every one of %s pipelines, and ", ten_show_count((double)all).text,
             ten_show_small(answers->models).text);
    ten_html(html, "%s by none.</p>\n", ten_show_small(none).text);
}

static void write_hardness(struct ten_page *page, const struct answers *answers) {
    size_t *counts = calloc(answers->models + 1, sizeof *counts);
    if (!counts) {
        if (page->outcome->status == TEN_OK) page->outcome->status = ten_fail_memory(page->outcome->error, "a figure");
        return;
    }
    for (size_t i = 0; i < answers->count; i++) counts[answers->wrong[i]]++;
    json_t *values = json_array(), *domain = json_array();
    for (size_t w = 0; w <= answers->models; w++) {
        ten_figure_row(page, domain, "I", (json_int_t)w);
        if (counts[w]) /* a logarithm has no place for 0 */
            ten_figure_row(page, values, "{s:I,s:I,s:f}", "wrong", (json_int_t)w, "images", (json_int_t)counts[w],
                           "share", (double)counts[w] / (double)answers->count);
    }
    free(counts);
    json_t *figure = ten_figure_new(page, "hardness", values);
    ten_figure_set(page, figure, "encoding.x.scale.domain", domain);
    ten_figure_begin(page, figure, "wide", "hardness",
                     "Bar chart: how many images are mislabelled by so many of the pipelines");
    ten_html_raw(&page->html, "How many test images are mislabelled by none, one, two and more of the pipelines.");
    ten_figure_end(page, "hardness");
}

/* The image that most models mislabel among those that come after `last` in that order: fewer models, or as many and a
 * higher index. */
static size_t next_hardest(const struct answers *answers, size_t last, bool first) {
    size_t found = answers->count;
    for (size_t i = 0; i < answers->count; i++) {
        bool after = first || answers->wrong[i] < answers->wrong[last] ||
                     (answers->wrong[i] == answers->wrong[last] && i > last);
        if (after && (found == answers->count || answers->wrong[i] > answers->wrong[found])) found = i;
    }
    return found;
}

static void write_hardest(struct ten_page *page, const struct answers *answers) {
    struct ten_html *html = &page->html;
    size_t index = next_hardest(answers, 0, true), shown = 0;
    if (index == answers->count || answers->wrong[index] == 0) return;
    ten_html_raw(html, "<figure class=\"pictures\">\n<h3>The hardest images</h3>\n<ol class=\"mistakes\">\n");
    for (; shown < HARDEST && index < answers->count && answers->wrong[index]; shown++) {
        size_t label = (size_t)(answers->labels[index] - '0');
        ten_html(html,
                 "<li><canvas data-digit=\"%zu\" role=\"img\" aria-label=\"test image %zu\"></canvas>"
                 "<span class=\"verdict\"><b>%s</b></span>",
                 index, index, page->classes[label]);
        ten_html(html, "<span>%zu of %zu wrong</span><span class=\"index\">%s %zu</span></li>\n", answers->wrong[index],
                 answers->models, page->chosen[1] ? "no." : "image", index);
        index = next_hardest(answers, index, false);
    }
    ten_html(html,
             "</ol>\n<figcaption><b>Figure %zu.</b> The test images that most pipelines mislabel, with their "
             "labels.</figcaption></figure>\n",
             ++page->figure_number);
}

/* ---- What is filled in by the script ------------------------------------------------------------------ */

static void write_lookup(struct ten_page *page, const struct answers *answers) {
    ten_html(&page->html,
             "<div id=\"lookup\" class=\"live\" hidden>\n<h3>Look an image up</h3>\n"
             "<p class=\"chooser\"><label for=\"lookup-index\">Test image, 0 to %zu</label> "
             "<input id=\"lookup-index\" type=\"number\" inputmode=\"numeric\" min=\"0\" max=\"%zu\" value=\"%zu\" "
             "autocomplete=\"off\"> ",
             answers->count - 1, answers->count - 1, next_hardest(answers, 0, true));
    ten_html_raw(&page->html, "<button type=\"button\" data-step=\"-1\">Previous</button> "
                              "<button type=\"button\" data-step=\"1\">Next</button></p>\n"
                              "<div class=\"looked pictures\"></div>\n</div>\n");
}

static void write_versus(struct ten_page *page) {
    ten_html_raw(&page->html, "<div id=\"versus\" class=\"live\" hidden>\n<h3>One model against another</h3>\n"
                              "<p class=\"chooser\"><label for=\"versus-first\">Compare</label> "
                              "<select id=\"versus-first\" autocomplete=\"off\"></select> "
                              "<label for=\"versus-second\">with</label> "
                              "<select id=\"versus-second\" autocomplete=\"off\"></select></p>\n"
                              "<div class=\"versus pictures\"></div>\n</div>\n");
}

bool ten_has_images(struct ten_page *page) {
    if (!page->sprite.root) return false;
    for (size_t i = 0; i < page->row_count; i++)
        if (answered(&page->rows[i])) return true;
    return false;
}

void ten_section_images(struct ten_page *page) {
    struct ten_value root = ten_source_root(&page->sprite);
    struct answers answers = {.count = (size_t)ten_member_number(&root, "count", 1, 1e7)};
    answers.labels = digits_of(&root, "labels", answers.count);
    if (!answers.labels) return;
    answers.wrong = calloc(answers.count, sizeof *answers.wrong);
    if (!answers.wrong) {
        page->outcome->status = ten_fail_memory(page->outcome->error, "the models' labels");
        return;
    }
    ten_html_raw(&page->html, "<section id=\"images\" aria-labelledby=\"images-title\">\n"
                              "<h2 id=\"images-title\">Image by image</h2>\n");
    write_data(page, &answers);
    if (page->outcome->status == TEN_OK) {
        write_finding(page, &answers);
        write_hardness(page, &answers);
        write_lookup(page, &answers);
        if (answers.models > 1) write_versus(page);
        write_hardest(page, &answers);
    }
    free(answers.wrong);
    ten_html_raw(&page->html, "</section>\n");
}
