/* Learning: what more training images give, and how the networks come to their fit. */
#include "report/curves.h"

#include <math.h>
#include <stdio.h>

bool ten_page_has(struct ten_page *page, const char *member) {
    for (size_t i = 0; i < page->row_count; i++) {
        if (!page->rows[i].evaluation.root) continue;
        struct ten_value root = ten_source_root(&page->rows[i].evaluation);
        if (ten_value_has(&root, member)) return true;
    }
    return false;
}

bool ten_page_has_curves(const struct ten_page *page) {
    for (size_t i = 0; i < page->row_count; i++)
        if (page->rows[i].curves.root) return true;
    return false;
}

/* The learning curve of a row; false if it has none. */
static bool learning_of(struct ten_row *row, struct ten_value *curve) {
    struct ten_value root = ten_source_root(&row->evaluation);
    if (!row->evaluation.root || !ten_value_has(&root, "learning_curve")) return false;
    *curve = ten_value_member(&root, "learning_curve");
    return ten_value_length(curve, 0) > 0;
}

/* ---- More images -------------------------------------------------------------------------------------- */

/* The factor by which the error changes where the images double, at the end of a curve: what follows from its last two
 * points. NAN if there are not two. */
static double doubling(struct ten_page *page, const struct ten_value *curve) {
    size_t count = ten_value_length(curve, 0);
    if (count < 2) return NAN;
    double images[2], error[2];
    for (size_t i = 0; i < 2; i++) {
        struct ten_value point = ten_value_item(curve, count - 2 + i);
        images[i] = ten_member_number(&point, "train_count", 1, HUGE_VAL);
        error[i] = ten_axis_error(ten_member_number(&point, "accuracy", 0, 1), page->test_count);
    }
    if (images[1] <= images[0]) return NAN;
    return pow(error[1] / error[0], log(2) / log(images[1] / images[0]));
}

static void write_images_finding(struct ten_page *page) {
    struct ten_html *html = &page->html;
    struct ten_value curve, best;
    struct ten_row *row = NULL, *thrifty = NULL;
    double least = 2, few = -1;
    for (size_t i = 0; i < page->row_count; i++) {
        if (!learning_of(&page->rows[i], &curve)) continue;
        if (!row) row = &page->rows[i], best = curve; /* rows stand in the order of accuracy */
        struct ten_value start = ten_value_item(&curve, 0);
        double accuracy = ten_member_number(&start, "accuracy", 0, 1);
        if (accuracy > few) few = accuracy, thrifty = &page->rows[i];
        least = fmin(least, doubling(page, &curve));
    }
    if (!row) return;
    struct ten_value first = ten_value_item(&best, 0), last = ten_value_item(&best, ten_value_length(&best, 0) - 1);
    ten_html_raw(html, "<p class=\"finding\">");
    ten_part_row(page, row);
    ten_html(html, " goes from %s after %s training images to %s after %s",
             ten_show_percent(ten_member_number(&first, "accuracy", 0, 1), 2).text,
             ten_show_count((double)ten_member_count(&first, "train_count")).text,
             ten_show_percent(ten_member_number(&last, "accuracy", 0, 1), 2).text,
             ten_show_count((double)ten_member_count(&last, "train_count")).text);
    double factor = doubling(page, &best);
    if (factor < 0.97) {
        ten_html(html, ", and twice as many would, at the pace of the end, take away another %s of its errors",
                 ten_show_percent(1 - factor, 0).text);
    } else if (isfinite(factor)) {
        ten_html_raw(html, ", where the curve is flat: more of the same images would hardly help");
    }
    if (thrifty == row) {
        ten_html_raw(html, ". It does best on the fewest images too");
    } else {
        ten_html_raw(html, ". On the fewest images ");
        ten_part_row(page, thrifty);
        ten_html(html, " does best, %s", ten_show_percent(few, 2).text);
    }
    ten_html_raw(html, ".</p>\n");
}

static void write_images_chart(struct ten_page *page) {
    json_t *values = json_array(), *names = json_array(), *ticks = json_array();
    double low = 1, high = 0, fewest = HUGE_VAL, most_images = 0;
    size_t lines = 0;
    for (size_t i = 0; i < page->row_count; i++) {
        struct ten_value curve;
        if (!learning_of(&page->rows[i], &curve)) continue;
        size_t count = ten_value_length(&curve, 0);
        ten_figure_row(page, names, "s", page->rows[i].name);
        lines++;
        for (size_t p = 0; p < count; p++) {
            struct ten_value point = ten_value_item(&curve, p);
            double least = ten_axis_error(ten_member_number(&point, "accuracy_high", 0, 1), page->test_count);
            double most = ten_axis_error(ten_member_number(&point, "accuracy_low", 0, 1), page->test_count);
            double accuracy = ten_member_number(&point, "accuracy", 0, 1);
            double images = ten_member_number(&point, "train_count", 1, HUGE_VAL);
            /* not told of a fit that was made elsewhere */
            double seconds = ten_member_number_or_nan(&point, "fit_seconds", 0, HUGE_VAL);
            fewest = fmin(fewest, images);
            most_images = fmax(most_images, images);
            if (lines == 1) ten_figure_row(page, ticks, "f", images);
            low = fmin(low, least);
            high = fmax(high, most);
            ten_figure_row(page, values, "{s:s,s:f,s:f,s:f,s:f,s:f,s:f,s:o}", "name", page->rows[i].name, "images",
                           images, "accuracy", accuracy, "error", ten_axis_error(accuracy, page->test_count), "low",
                           least, "high", most, "training", ten_member_number(&point, "train_accuracy", 0, 1),
                           "seconds", isfinite(seconds) ? json_real(seconds) : json_null());
        }
    }
    json_t *figure = ten_figure_new(page, "learning", values);
    ten_figure_set(page, figure, "encoding.color.scale.domain", json_incref(names));
    ten_figure_set(page, figure, "layer.1.encoding.strokeDash.scale.domain", names);
    ten_figure_set(page, figure, "encoding.x.axis.values", ticks);
    ten_figure_set(page, figure, "encoding.x.scale.domain", json_pack("[f,f]", fewest, most_images));
    ten_axis_stretch(page, figure, "encoding.y", low / 1.05, high * 1.05);
    ten_figure_begin(page, figure, "wide", "learning",
                     "Line chart: test accuracy of each model against the number of training images");
    ten_html(&page->html,
             "Accuracy on the test images of the same pipeline%s fitted on growing parts of the training images, with "
             "its 95&#8239;%% interval as a band; both axes logarithmic. Choose %s in the legend to single it out.",
             lines == 1 ? "" : "s", lines == 1 ? "it" : "a model");
    ten_figure_end(page, "learning");
}

/* ---- More epochs -------------------------------------------------------------------------------------- */

static bool read_curves(struct ten_page *page, struct ten_row *row, struct ten_curves *curves) {
    *curves = (struct ten_curves){0};
    if (!row->curves.root) return false;
    struct ten_value root = ten_source_root(&row->curves), history = ten_value_member(&root, "history");
    return ten_curves_read(page, &history, curves);
}

/* "mlp and cnn overfit, ..." */
static void write_group(struct ten_page *page, const enum ten_fit *fits, enum ten_fit which, size_t count,
                        const char *one, const char *several) {
    size_t told = 0;
    for (size_t i = 0; i < page->row_count; i++) {
        if (!page->rows[i].curves.root || fits[i] != which) continue;
        ten_html(&page->html, "%s<b>%s</b>", told == 0 ? "" : told + 1 == count ? " and " : ", ", page->rows[i].name);
        told++;
    }
    ten_html_raw(&page->html, count == 1 ? one : several);
}

static void write_epochs_finding(struct ten_page *page, const enum ten_fit *fits, const size_t *counts) {
    struct ten_html *html = &page->html;
    size_t all = counts[0] + counts[1] + counts[2];
    ten_html(html,
             "<p class=\"finding\">Of %s network%s, trained once more with a part of the training images kept "
             "apart, ",
             ten_show_small(all).text, all == 1 ? "" : "s");
    static const char *const one[] = {" ends before its curves come to rest", " neither overfits nor ends too soon",
                                      " overfits"};
    static const char *const several[] = {" end before their curves come to rest", " neither overfit nor end too soon",
                                          " overfit"};
    size_t told = 0;
    for (int fit = TEN_FIT_OVER; fit >= TEN_FIT_SHORT; fit--) {
        if (!counts[fit]) continue;
        if (told++) ten_html_raw(html, "; ");
        write_group(page, fits, (enum ten_fit)fit, counts[fit], one[fit], several[fit]);
    }
    ten_html_raw(html, ".</p>\n");
}

static void write_epochs(struct ten_page *page) {
    enum { MOST = 256 };
    enum ten_fit fits[MOST];
    size_t counts[3] = {0}, rows = page->row_count < MOST ? page->row_count : MOST, shown = 0;
    bool has[MOST] = {false};
    for (size_t i = 0; i < rows; i++) {
        struct ten_curves curves;
        size_t best;
        has[i] = read_curves(page, &page->rows[i], &curves);
        if (has[i]) counts[fits[i] = ten_curves_judge(&curves, &best)]++;
        ten_curves_release(&curves);
    }
    if (counts[0] + counts[1] + counts[2] == 0) return;
    ten_html_raw(&page->html, "<h3>Epoch by epoch</h3>\n");
    write_epochs_finding(page, fits, counts);
    ten_part_choose(page, "curves", "Network");
    for (size_t i = 0; i < rows; i++) {
        char id[160];
        snprintf(id, sizeof id, "curves-of-%.128s", page->rows[i].name);
        if (has[i]) ten_part_option(page, id, page->rows[i].name);
    }
    ten_part_choices(page);
    size_t number = page->figure_number;
    for (size_t i = 0; i < rows; i++) {
        struct ten_curves curves;
        if (!has[i]) continue;
        page->figure_number = number;
        ten_html(&page->html, "<div id=\"curves-of-%s\"%s>\n", page->rows[i].name, shown++ ? " hidden" : "");
        if (read_curves(page, &page->rows[i], &curves)) {
            ten_html_raw(&page->html, "<p>");
            ten_part_row(page, &page->rows[i]);
            ten_html_raw(&page->html, ". ");
            ten_curves_words(page, &curves);
            ten_html_raw(&page->html, "</p>\n");
            ten_curves_write(page, &curves, page->rows[i].name);
        }
        ten_curves_release(&curves);
        ten_html_raw(&page->html, "</div>\n");
    }
}

void ten_section_learning(struct ten_page *page) {
    ten_html_raw(&page->html, "<section id=\"learning\" aria-labelledby=\"learning-title\">\n"
                              "<h2 id=\"learning-title\">Learning</h2>\n");
    if (ten_page_has(page, "learning_curve")) {
        write_images_finding(page);
        write_images_chart(page);
    }
    write_epochs(page);
    ten_html_raw(&page->html, "</section>\n");
}
