/* Cross-validation: how every pipeline does on each fold of the training images, fitted on the others. */
#include "report/page.h"

#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FOLDS = 100 };

struct fold_row {
    const char *name, *title, *prep;
    double accuracy[MOST_FOLDS], mean, deviation, log_loss, fit_seconds, predict_seconds;
};

struct folds {
    struct fold_row *rows; /* the best first */
    size_t count, folds, images;
    double low, high; /* the least and the largest error rate of a fold */
};

static double mean_of(const struct ten_value *item, const char *member, size_t folds) {
    double values[MOST_FOLDS], sum = 0;
    size_t count = ten_member_numbers(item, member, values, MOST_FOLDS, folds, 0, HUGE_VAL);
    for (size_t i = 0; i < count; i++) sum += values[i];
    return count ? sum / (double)count : 0;
}

static struct fold_row read_row(const struct ten_value *item, size_t folds) {
    struct ten_value name = ten_value_member(item, "name"), title = ten_value_member(item, "title");
    struct fold_row row = {
        .name = ten_value_name(&name),
        .title = ten_value_text(&title),
        .prep = ten_member_text(item, "prep"),
        .mean = ten_member_number(item, "mean", 0, 1),
        .deviation = ten_member_number(item, "deviation", 0, 1),
        .log_loss = ten_member_number(item, "out_of_fold_log_loss", 0, HUGE_VAL),
        .fit_seconds = mean_of(item, "prep_seconds", folds) + mean_of(item, "fit_seconds", folds),
        .predict_seconds = mean_of(item, "predict_seconds", folds),
    };
    ten_member_numbers(item, "accuracy", row.accuracy, MOST_FOLDS, folds, 0, 1);
    return row;
}

static int better_first(const void *left, const void *right) {
    const struct fold_row *a = left, *b = right;
    if (a->mean != b->mean) return a->mean < b->mean ? 1 : -1;
    return strcmp(a->name, b->name);
}

static double error_of(const struct folds *folds, double accuracy) {
    return ten_axis_error(accuracy, folds->images / folds->folds);
}

/* false after a failure; rows belong to the caller (free) */
static bool read_folds(struct ten_page *page, struct folds *folds) {
    struct ten_value root = ten_source_root(&page->crossval), rows = ten_value_member(&root, "rows");
    *folds = (struct folds){.folds = (size_t)ten_member_number(&root, "folds", 2, MOST_FOLDS),
                            .images = ten_member_count(&root, "train_count"),
                            .count = ten_value_length(&rows, 0),
                            .low = 1};
    if (page->outcome->status == TEN_OK && folds->count == 0) ten_value_fail(&rows, "at least one row");
    if (page->outcome->status != TEN_OK) return false;
    folds->rows = calloc(folds->count, sizeof *folds->rows);
    if (!folds->rows) {
        page->outcome->status = ten_fail_memory(page->outcome->error, "the rows of the cross-validation");
        return false;
    }
    for (size_t i = 0; i < folds->count; i++) {
        struct ten_value item = ten_value_item(&rows, i);
        folds->rows[i] = read_row(&item, folds->folds);
        for (size_t f = 0; f < folds->folds; f++) {
            double error = error_of(folds, folds->rows[i].accuracy[f]);
            folds->low = fmin(folds->low, error);
            folds->high = fmax(folds->high, error);
        }
    }
    qsort(folds->rows, folds->count, sizeof *folds->rows, better_first);
    return page->outcome->status == TEN_OK;
}

/* ---- The finding -------------------------------------------------------------------------------------- */

/* What |t| exceeds once in twenty by chance, for 1 degree of freedom and up. */
static double critical_t(size_t freedom) {
    static const double table[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                   2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                                   2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
    size_t last = sizeof table / sizeof *table;
    return table[(freedom < last ? freedom : last) - 1];
}

/* Whether the difference of two rows is larger than the folds' noise, by the paired t test with the variance corrected
 * for training sets that overlap (Nadeau and Bengio, Inference for the generalization error, 2003). */
static bool clearly_ahead(const struct folds *folds, const struct fold_row *a, const struct fold_row *b) {
    double k = (double)folds->folds, mean = 0, square = 0;
    for (size_t f = 0; f < folds->folds; f++) mean += (a->accuracy[f] - b->accuracy[f]) / k;
    for (size_t f = 0; f < folds->folds; f++) square += pow(a->accuracy[f] - b->accuracy[f] - mean, 2);
    double deviation = sqrt(square / (k - 1) * (1 / k + 1 / (k - 1)));
    return mean > critical_t(folds->folds - 1) * deviation;
}

static void write_finding(struct ten_page *page, const struct folds *folds) {
    struct ten_html *html = &page->html;
    const struct fold_row *first = &folds->rows[0], *second = first + 1;
    ten_html_raw(html, "<p class=\"finding\">");
    ten_part_pipeline(page, first->title, first->prep);
    ten_html(html,
             " labels %s of the images that it was not fitted on correctly, in the mean of %s folds (deviation %s "
             "points)",
             ten_show_percent(first->mean, 2).text, ten_show_small(folds->folds).text,
             ten_show_number(first->deviation * 100, 2).text);
    if (page->by_folds && strcmp(first->name, page->rows[page->best].name) == 0)
        ten_html_raw(html, ", and is the one chosen for that");
    if (folds->count > 1) {
        size_t ahead = 0;
        for (size_t f = 0; f < folds->folds; f++) ahead += first->accuracy[f] > second->accuracy[f];
        ten_html_raw(html, ". The next, ");
        ten_part_pipeline(page, second->title, second->prep);
        ten_html(html, ", is %s points behind, and behind in %s of the folds: ",
                 ten_show_number((first->mean - second->mean) * 100, 2).text,
                 ahead == folds->folds ? "all" : ten_show_small(ahead).text);
        ten_html_raw(html, clearly_ahead(folds, first, second) ? "more than the folds’ noise explains"
                                                               : "within the noise of the folds");
    }
    ten_html_raw(html, ".</p>\n");
}

/* ---- Charts ------------------------------------------------------------------------------------------- */

static const char *kind(const struct ten_page *page, const struct fold_row *row) {
    return strcmp(row->name, page->rows[page->best].name) == 0 ? "the chosen one" : "other models";
}

static void write_means(struct ten_page *page, const struct folds *folds) {
    json_t *values = json_array();
    double most = 0;
    for (size_t i = 0; i < folds->count; i++) {
        const struct fold_row *row = &folds->rows[i];
        most = fmax(most, 1 - row->mean + row->deviation);
        ten_figure_row(page, values, "{s:s,s:s,s:f,s:f,s:f,s:f,s:f}", "name", row->name, "kind", kind(page, row),
                       "mean", row->mean, "deviation", row->deviation, "error", 1 - row->mean, "low",
                       fmax(1 - row->mean - row->deviation, 0), "high", fmin(1 - row->mean + row->deviation, 1));
    }
    json_t *figure = ten_figure_new(page, "fold-means", values);
    ten_figure_set(page, figure, "height", json_integer(26 * (json_int_t)folds->count));
    ten_figure_set(page, figure, "encoding.x.scale.domain", json_pack("[i,f]", 0, fmax(most, 1e-6) * 1.3));
    ten_figure_begin(page, figure, "wide", "crossval-means",
                     "Bar chart: mean error rate of every pipeline over the folds, with its deviation");
    ten_html_raw(&page->html, "Mean error rate over the folds, the least first; the line through a bar’s end is a "
                              "deviation to both sides. Beside it stands the mean accuracy.");
    ten_figure_end(page, "crossval-means");
}

/* The rows of a chart with a mark for each model and fold. */
static json_t *fold_values(struct ten_page *page, const struct folds *folds) {
    json_t *values = json_array();
    for (size_t i = 0; i < folds->count; i++) {
        const struct fold_row *row = &folds->rows[i];
        for (size_t f = 0; f < folds->folds; f++) {
            char fold[32];
            snprintf(fold, sizeof fold, "fold %zu", f + 1);
            double error = error_of(folds, row->accuracy[f]);
            ten_figure_row(page, values, "{s:s,s:s,s:f,s:f,s:b}", "name", row->name, "fold", fold, "accuracy",
                           row->accuracy[f], "error", error, "strong",
                           log(error / folds->low) > 5.0 / 7 * log(folds->high / folds->low));
        }
    }
    return values;
}

static void write_boxes(struct ten_page *page, const struct folds *folds) {
    json_t *figure = ten_figure_new(page, "fold-boxes", fold_values(page, folds));
    ten_figure_set(page, figure, "height", json_integer(26 * (json_int_t)folds->count));
    ten_axis_stretch(page, figure, "encoding.x", folds->low / 1.1, folds->high * 1.1);
    ten_figure_begin(page, figure, "wide", "crossval-boxes",
                     "Box plot: accuracy of every pipeline on the folds, with a dot for each fold");
    ten_html_raw(
        &page->html,
        "The same folds as boxes: from the first to the third quartile, the median as a gap, "
        "whiskers to the least and the most, and a dot for each fold. Equal steps on the axis are equal ratios "
        "of the error rate.");
    ten_figure_end(page, "crossval-boxes");
}

static void write_lines(struct ten_page *page, const struct folds *folds) {
    json_t *figure = ten_figure_new(page, "fold-lines", fold_values(page, folds));
    ten_axis_stretch(page, figure, "encoding.y", folds->low / 1.1, folds->high * 1.1);
    ten_figure_begin(page, figure, "wide", "crossval-lines",
                     "Line chart: accuracy of every pipeline, a line for each fold");
    /* a fold is hard if its images are mislabelled more than those of the others by most pipelines */
    size_t hardest = 0;
    double least = HUGE_VAL;
    for (size_t f = 0; f < folds->folds; f++) {
        double sum = 0;
        for (size_t i = 0; i < folds->count; i++) sum += folds->rows[i].accuracy[f];
        if (sum < least) least = sum, hardest = f;
    }
    ten_html(
        &page->html,
        "A line for each fold: where the lines keep their order from pipeline to pipeline, it is the "
        "images that are easier or harder. The hardest is fold %zu, with a mean accuracy of %s over the pipelines.",
        hardest + 1, ten_show_percent(least / (double)folds->count, 2).text);
    ten_figure_end(page, "crossval-lines");
}

static void write_heat(struct ten_page *page, const struct folds *folds) {
    json_t *figure = ten_figure_new(page, "fold-heat", fold_values(page, folds));
    ten_axis_matrix(page, figure, folds->count, folds->folds + 4, 46);
    ten_figure_set(page, figure, "layer.0.encoding.color.scale.domain",
                   ten_axis_thresholds(page, folds->low, fmax(folds->high, folds->low * 1.01), 6));
    ten_figure_begin(page, figure, "wide", "crossval-folds",
                     "Heat map: accuracy of every pipeline (rows) on every fold (columns)");
    ten_html_raw(&page->html, "Accuracy in per cent of every pipeline on every fold; the stronger the colour, the more "
                              "errors.");
    ten_figure_end(page, "crossval-folds");
}

static void write_table(struct ten_page *page, const struct folds *folds) {
    static const char *const heads[] = {"Model", "Preprocessing", "Mean",   "Deviation", "Least",
                                        "Most",  "Log loss",      "Fit, s", "Predict, s"};
    enum { HEADS = sizeof heads / sizeof *heads };
    struct ten_html *html = &page->html;
    const char *columns[HEADS + MOST_FOLDS];
    char names[MOST_FOLDS][32];
    memcpy(columns, heads, sizeof heads);
    for (size_t f = 0; f < folds->folds; f++) {
        snprintf(names[f], sizeof names[f], "Fold %zu", f + 1);
        columns[HEADS + f] = names[f];
    }
    ten_part_table(page, "numbers sortable pipelines", "Cross-validation of all pipelines");
    ten_part_heads(page, columns, HEADS + folds->folds, 2);
    for (size_t i = 0; i < folds->count; i++) {
        const struct fold_row *row = &folds->rows[i];
        double least = 1, most = 0;
        for (size_t f = 0; f < folds->folds; f++) {
            least = fmin(least, row->accuracy[f]);
            most = fmax(most, row->accuracy[f]);
        }
        ten_html_raw(html, strcmp(row->name, page->rows[page->best].name) == 0 ? "<tr class=\"best\">" : "<tr>");
        ten_html(html, "<th scope=\"row\">%s</th><td>", row->title);
        ten_part_chain(page, row->prep);
        ten_html_raw(html, "</td>");
        ten_part_cell(page, row->mean, ten_show_share(row->mean));
        ten_part_cell(page, row->deviation, ten_show_share(row->deviation));
        ten_part_cell(page, least, ten_show_share(least));
        ten_part_cell(page, most, ten_show_share(most));
        ten_part_cell(page, row->log_loss, ten_show_number(row->log_loss, 3));
        ten_part_cell(page, row->fit_seconds, ten_show_figures(row->fit_seconds));
        ten_part_cell(page, row->predict_seconds, ten_show_figures(row->predict_seconds));
        for (size_t f = 0; f < folds->folds; f++)
            ten_part_cell(page, row->accuracy[f], ten_show_share(row->accuracy[f]));
        ten_html_raw(html, "</tr>\n");
    }
    ten_html_raw(html, "</tbody>");
    ten_part_table_end(page);
}

void ten_section_crossval(struct ten_page *page) {
    struct folds folds;
    if (read_folds(page, &folds)) {
        ten_html_raw(&page->html, "<section id=\"crossval\" aria-labelledby=\"crossval-title\">\n"
                                  "<h2 id=\"crossval-title\">Cross-validation</h2>\n");
        write_finding(page, &folds);
        ten_html(&page->html,
                 "<p>The %s training images were dealt into %s folds with equal shares of every class. Each "
                 "pipeline was fitted, preprocessing and all, as often as there are folds, each time without the fold "
                 "that it then labelled. The test images had no part in it.%s</p>\n",
                 ten_show_count((double)folds.images).text, ten_show_small(folds.folds).text,
                 page->tune.root
                     ? " The settings of tuned were chosen on a part of the same images, which favours it a "
                       "little here, and not on the test images."
                     : "");
        write_means(page, &folds);
        write_boxes(page, &folds);
        write_lines(page, &folds);
        write_heat(page, &folds);
        write_table(page, &folds);
        ten_html_raw(&page->html,
                     "<p class=\"small\">Deviation is the sample deviation of the folds’ accuracies, fit and "
                     "predict the mean seconds for a fold.</p>\n</section>\n");
    }
    free(folds.rows);
}
