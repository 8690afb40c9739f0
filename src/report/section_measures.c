/* What a panel tells of a model beyond its classification report: agreement beyond chance, the labels next in line, how
 * good its probabilities are, and precision against recall. An evaluation of an earlier version lacks these. */
#include "report/page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Measures ----------------------------------------------------------------------------------------- */

static void write_measure(struct ten_page *page, const struct ten_value *evaluation, const char *member,
                          const char *words, double low, double high) {
    if (!ten_value_has(evaluation, member)) return;
    ten_html(&page->html, "<div><dt>%s</dt><dd>%s</dd></div>\n", words,
             ten_show_share(ten_member_number(evaluation, member, low, high)).text);
}

/* Without the images whose label people rejected. */
static void write_rejected(struct ten_page *page, const struct ten_value *evaluation) {
    if (!ten_value_has(evaluation, "without_rejected")) return;
    struct ten_value left = ten_value_member(evaluation, "without_rejected");
    size_t count = ten_member_count(&left, "count");
    double accuracy = ten_member_number(&left, "accuracy", 0, 1);
    double low = ten_member_number(&left, "accuracy_low", 0, 1), high = ten_member_number(&left, "accuracy_high", 0, 1);
    size_t rejected = page->test_count > count ? page->test_count - count : 0;
    ten_html(&page->html, "<div><dt>Accuracy without the %s images whose label a crowd rejected</dt><dd>%s ",
             ten_show_small(rejected).text, ten_show_share(accuracy).text);
    ten_html(&page->html, "<small>%s–%s</small></dd></div>\n", ten_show_share(low).text, ten_show_share(high).text);
}

void ten_part_measures(struct ten_page *page, const struct ten_value *evaluation) {
    static const struct {
        const char *member, *words;
        double low, high;
    } measures[] = {
        {"kappa", "Cohen’s kappa", -1, 1},
        {"mcc", "Matthews’ correlation", -1, 1},
        {"top2_accuracy", "Truth among the first two", 0, 1},
        {"top3_accuracy", "Truth among the first three", 0, 1},
        {"brier", "Brier score, 0 to 2", 0, 2},
        {"ece", "Calibration error (ECE)", 0, 1},
    };
    enum { MEASURES = sizeof measures / sizeof *measures };
    bool any = ten_value_has(evaluation, "without_rejected");
    for (size_t i = 0; i < MEASURES; i++) any = any || ten_value_has(evaluation, measures[i].member);
    if (!any) return;
    ten_html_raw(&page->html, "<dl class=\"facts measures\">\n");
    for (size_t i = 0; i < MEASURES; i++)
        write_measure(page, evaluation, measures[i].member, measures[i].words, measures[i].low, measures[i].high);
    write_rejected(page, evaluation);
    ten_html_raw(&page->html, "</dl>\n");
}

/* ---- Precision and recall ----------------------------------------------------------------------------- */

static void write_precision(struct ten_page *page, const struct ten_row *row, const struct ten_value *evaluation) {
    struct ten_value curves = ten_value_member(evaluation, "pr");
    size_t count = ten_value_length(&curves, 0), worst = 0;
    json_t *values = json_array();
    double lowest = 2, least = 1;
    for (size_t i = 0; i < count && page->outcome->status == TEN_OK; i++) {
        struct ten_value curve = ten_value_item(&curves, i), points = ten_value_member(&curve, "points");
        size_t label = (size_t)ten_member_number(&curve, "label", 0, TEN_CLASSES - 1);
        double average = ten_member_number_or_nan(&curve, "average_precision", 0, 1);
        char name[160];
        snprintf(name, sizeof name, "%s (%s)", page->classes[label], ten_show_share(average).text);
        size_t many = ten_value_length(&points, 0);
        for (size_t p = 0; p < many && page->outcome->status == TEN_OK; p++) {
            struct ten_value point = ten_value_item(&points, p);
            ten_value_length(&point, 2);
            struct ten_value x = ten_value_item(&point, 0), y = ten_value_item(&point, 1);
            double recall = ten_value_number(&x, 0, 1), precision = ten_value_number(&y, 0, 1);
            ten_figure_row(page, values, "{s:s,s:f,s:f}", "class", name, "recall", recall, "precision", precision);
            if (recall < 0.995) least = fmin(least, precision);
        }
        if (average < lowest) worst = label, lowest = average;
    }
    if (json_array_size(values) == 0) {
        json_decref(values);
        return;
    }
    json_t *figure = ten_figure_new(page, "precision", values);
    ten_figure_set(page, figure, "encoding.y.scale.domain", json_pack("[f,i]", fmin(floor(least * 20) / 20, 0.95), 1));
    char id[160], label[256];
    snprintf(id, sizeof id, "precision-%.128s", row->name);
    snprintf(label, sizeof label, "Precision against recall of %.128s, a curve for each class", row->name);
    ten_figure_begin(page, figure, "half", id, label);
    ten_html_raw(&page->html, "Precision against recall, each class against the rest, with the average precision in "
                              "the legend.");
    if (lowest <= 1) {
        ten_html_raw(&page->html, " Lowest for ");
        ten_part_class(page, worst);
        ten_html(&page->html, ", %s.", ten_show_share(lowest).text);
    }
    ten_figure_end(page, id);
}

/* ---- Calibration -------------------------------------------------------------------------------------- */

struct bin {
    double low, high, confidence, accuracy;
    size_t count;
};

static void write_bins(struct ten_page *page, const struct bin *bins, size_t count) {
    struct ten_html *html = &page->html;
    ten_part_table(page, "numbers", "Calibration");
    ten_html_raw(html, "<thead><tr><th scope=\"col\">Probability</th><th scope=\"col\">Images</th><th scope=\"col\">"
                       "Mean probability</th><th scope=\"col\">Right</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < count; i++) {
        ten_html(html, "<tr><th scope=\"row\">%s–%s</th>", ten_show_number(bins[i].low, 3).text,
                 ten_show_number(bins[i].high, 3).text);
        ten_html(html, "<td>%s</td><td>%s</td><td>%s</td></tr>\n", ten_show_count((double)bins[i].count).text,
                 ten_show_share(bins[i].confidence).text, ten_show_share(bins[i].accuracy).text);
    }
    ten_html_raw(html, "</tbody>");
    ten_part_table_end(page);
}

static void write_calibration(struct ten_page *page, const struct ten_row *row, const struct ten_value *evaluation) {
    enum { MOST = 100 };
    struct ten_value all = ten_value_member(evaluation, "calibration");
    size_t count = ten_value_length(&all, 0);
    if (count > MOST) count = MOST;
    struct bin bins[MOST];
    json_t *values = json_array();
    double over = 0, total = 0;
    for (size_t i = 0; i < count; i++) {
        struct ten_value item = ten_value_item(&all, i);
        struct bin *bin = &bins[i];
        *bin = (struct bin){.low = ten_member_number(&item, "low", 0, 1),
                            .high = ten_member_number(&item, "high", 0, 1),
                            .confidence = ten_member_number_or_nan(&item, "confidence", 0, 1),
                            .accuracy = ten_member_number_or_nan(&item, "accuracy", 0, 1),
                            .count = ten_member_count(&item, "count")};
        if (!bin->count || !isfinite(bin->confidence) || !isfinite(bin->accuracy)) continue;
        ten_figure_row(page, values, "{s:f,s:f,s:I,s:f,s:f}", "confidence", bin->confidence, "accuracy", bin->accuracy,
                       "count", (json_int_t)bin->count, "low", bin->low, "high", bin->high);
        over += (double)bin->count * (bin->confidence - bin->accuracy);
        total += (double)bin->count;
    }
    if (json_array_size(values) == 0) {
        json_decref(values);
        return;
    }
    char id[160], label[256];
    snprintf(id, sizeof id, "calibration-%.128s", row->name);
    snprintf(label, sizeof label, "Reliability diagram of %.128s: how often it is right against how sure it is",
             row->name);
    ten_figure_begin(page, ten_figure_new(page, "calibration", values), "half", id, label);
    over /= total;
    ten_html_raw(&page->html, "How often the label is right, against its probability; larger dots are more images. ");
    if (fabs(over) < 0.0005) {
        ten_html_raw(&page->html, "On the whole it is as sure as it is right.");
    } else {
        ten_html(&page->html, "On the whole it is %s: its mean probability lies %s %s its accuracy.",
                 over > 0 ? "too sure" : "not sure enough", ten_show_percent(fabs(over), 2).text,
                 over > 0 ? "above" : "below");
    }
    ten_figure_table(page);
    write_bins(page, bins, count);
    ten_figure_end(page, id);
}

void ten_part_probabilities(struct ten_page *page, const struct ten_row *row, const struct ten_value *evaluation) {
    if (ten_value_has(evaluation, "pr")) write_precision(page, row, evaluation);
    if (ten_value_has(evaluation, "calibration")) write_calibration(page, row, evaluation);
}
