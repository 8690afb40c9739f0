/* The comparison: every pipeline on the same split, the published figures of the original study beside ours. */
#include "report/page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *kind(const struct ten_page *page, const struct ten_row *row) {
    return row == &page->rows[page->best] ? "the chosen one" : "other models";
}

static double error_rate(const struct ten_page *page, double accuracy) {
    return ten_axis_error(accuracy, page->test_count);
}

static void write_finding(struct ten_page *page) {
    struct ten_html *html = &page->html;
    const struct ten_row *first = &page->rows[0], *second = first + 1, *last = &page->rows[page->row_count - 1];
    size_t ties = 0; /* others that are as accurate as the first */
    while (ties + 1 < page->row_count && page->rows[ties + 1].accuracy == first->accuracy) ties++;
    ten_html_raw(html, "<p class=\"finding\">");
    ten_part_row(page, first);
    ten_html(html, " labels %s of the %s test images correctly", ten_show_percent(first->accuracy, 2).text,
             ten_show_count((double)page->test_count).text);
    if (ties > 1) {
        ten_html(html, ", and so do %s others", ten_show_small(ties).text);
    } else if (ties == 1) {
        ten_html_raw(html, ", and so does ");
        ten_part_row(page, second);
    } else if (page->row_count > 1) {
        ten_html_raw(html, ", ahead of ");
        ten_part_row(page, second);
        ten_html(html, " with %s", ten_show_percent(second->accuracy, 2).text);
        ten_html_raw(html,
                     second->high >= first->low ? "; their intervals overlap" : ", and their intervals do not overlap");
    }
    if (page->row_count > 2 && last->accuracy < first->accuracy)
        ten_html(html, "; the last of the %s reaches %s", ten_show_small(page->row_count).text,
                 ten_show_percent(last->accuracy, 2).text);
    ten_html_raw(html, ".</p>\n");
}

/* ---- The table ---------------------------------------------------------------------------------------- */

static void write_row(struct ten_page *page, const struct ten_row *row) {
    struct ten_html *html = &page->html;
    bool best = row == &page->rows[page->best];
    ten_html_raw(html, best ? "<tr class=\"best\">" : "<tr>");
    ten_html(html, "<th scope=\"row\">%s", row->title);
    if (!row->converged) ten_html_raw(html, "<sup title=\"not converged\">†</sup>");
    ten_html_raw(html, "</th><td>");
    ten_part_chain(page, row->prep);
    char key[40];
    snprintf(key, sizeof key, "%.9g", row->accuracy);
    ten_html(html, "</td><td data-key=\"%s\"><b>%s</b><small>%s–%s</small></td>", key,
             ten_show_share(row->accuracy).text, ten_show_share(row->low).text, ten_show_share(row->high).text);
    ten_part_cell(page, row->validation, ten_show_share(row->validation));
    ten_part_cell(page, row->precision, ten_show_share(row->precision));
    ten_part_cell(page, row->recall, ten_show_share(row->recall));
    ten_part_cell(page, row->f1, ten_show_share(row->f1));
    ten_part_cell(page, row->log_loss, ten_show_number(row->log_loss, 3));
    ten_part_cell(page, row->auc, ten_show_share(row->auc));
    ten_part_cell(page, row->prep_seconds + row->fit_seconds, ten_show_figures(row->prep_seconds + row->fit_seconds));
    ten_part_cell(page, row->predict_seconds, ten_show_figures(row->predict_seconds));
    ten_part_cell(page, row->peak_bytes, ten_show_count(row->peak_bytes / 1e6));
    ten_part_cell(page, row->parameters, ten_show_count(row->parameters));
    ten_html_raw(html, "</tr>\n");
}

static void write_table(struct ten_page *page) {
    const char *const columns[] = {
        "Model",     "Preprocessing", "Accuracy",   page->by_folds ? "Mean of folds" : "Validation",
        "Precision", "Recall",        "F1",         "Log loss",
        "AUC",       "Fit, s",        "Predict, s", "Peak, MB",
        "Parameters"};
    struct ten_html *html = &page->html;
    ten_part_table(page, "numbers comparison", "All pipelines compared");
    ten_part_heads(page, columns, sizeof columns / sizeof *columns, 2);
    for (size_t i = 0; i < page->row_count; i++) write_row(page, &page->rows[i]);
    ten_html_raw(html, "</tbody>");
    ten_part_table_end(page);
    ten_html(html,
             "<p class=\"small\">The marked row was chosen by its %s. Below an accuracy stands "
             "its 95&#8239;%% interval. Precision, recall, F1 and AUC are means over the classes. Fit counts the "
             "preprocessing of the training images too, and predict all test images.</p>\n",
             page->by_folds ? "mean accuracy over the folds of the training images" : "validation accuracy");
    bool all = true;
    for (size_t i = 0; i < page->row_count; i++) all = all && page->rows[i].converged;
    if (!all)
        ten_html_raw(html, "<p class=\"small\">† Not converged: the fit reached its limit of steps before it came to "
                           "rest; with more steps the figures may change.</p>\n");
}

/* ---- Families ----------------------------------------------------------------------------------------- */

static const struct {
    const char *family, *models[6];
} families[] = {
    {"convolutional networks", {"cnn", "cnn2", "cnn-best", "cnn-hand", "lenet5"}},
    {"dense networks", {"mlp", "mlp2"}},
    {"support vectors", {"svm"}},
    {"trees", {"gradient-boosting", "extra-trees", "random-forest", "decision-tree"}},
    {"neighbours", {"knn", "nearest-centroid"}},
    {"Gaussian classes", {"qda", "lda", "naive-bayes"}},
    {"logistic regression", {"logistic"}},
};
enum { FAMILIES = sizeof families / sizeof *families };

/* The most accurate row of a family; NULL if it has none. */
static const struct ten_row *best_of(const struct ten_page *page, size_t family) {
    for (size_t i = 0; i < page->row_count; i++)
        for (size_t m = 0; m < 6 && families[family].models[m]; m++)
            if (strcmp(page->rows[i].model, families[family].models[m]) == 0) return &page->rows[i];
    return NULL;
}

/* Best of each family, the best family first. Left out where there is but one. */
static void write_families(struct ten_page *page) {
    const struct ten_row *best[FAMILIES];
    size_t present = 0;
    for (size_t f = 0; f < FAMILIES; f++) {
        best[f] = best_of(page, f);
        present += best[f] != NULL;
    }
    if (present < 2) return;
    ten_html_raw(&page->html, "<p>Best of each family: ");
    for (size_t i = 0, written = 0; i < page->row_count; i++)
        for (size_t f = 0; f < FAMILIES; f++)
            if (best[f] == &page->rows[i])
                ten_html(&page->html, "%s%s <b>%s</b> (%s)", written++ ? "; " : "", families[f].family,
                         page->rows[i].name, ten_show_percent(page->rows[i].accuracy, 2).text);
    ten_html_raw(&page->html, ".</p>\n");
}

/* ---- Charts ------------------------------------------------------------------------------------------- */

/* The part of a stretched accuracy axis that is needed, `room` times more at both ends. */
static void set_error_axis(struct ten_page *page, json_t *figure, double room) {
    double low = 1, high = 0;
    for (size_t i = 0; i < page->row_count; i++) {
        const struct ten_row *row = &page->rows[i];
        low = fmin(low, error_rate(page, row->high));
        high = fmax(high, error_rate(page, row->low));
        if (row->published) {
            low = fmin(low, 1 - row->published->accuracy);
            high = fmax(high, 1 - row->published->accuracy);
        }
    }
    ten_axis_stretch(page, figure, "encoding.x", low / room, high * room);
}

static void accuracy_values(struct ten_page *page, json_t *values, json_t *names) {
    for (size_t i = 0; i < page->row_count; i++) {
        const struct ten_row *row = &page->rows[i];
        char interval[160];
        snprintf(interval, sizeof interval, "%s–%s", ten_show_share(row->low).text, ten_show_share(row->high).text);
        ten_figure_row(page, names, "s", row->name);
        ten_figure_row(page, values, "{s:s,s:s,s:f,s:f,s:f,s:f,s:s}", "name", row->name, "kind", kind(page, row),
                       "accuracy", row->accuracy, "error", error_rate(page, row->accuracy), "error_low",
                       error_rate(page, row->high), "error_high", error_rate(page, row->low), "interval", interval);
    }
    for (size_t i = 0; i < page->row_count; i++) {
        const struct ten_row *row = &page->rows[i];
        if (!row->published) continue;
        ten_figure_row(page, values, "{s:s,s:s,s:f,s:f,s:s}", "name", row->name, "kind", "the original study",
                       "accuracy", row->published->accuracy, "error", 1 - row->published->accuracy, "interval",
                       "not published");
    }
}

static void write_accuracy_chart(struct ten_page *page) {
    json_t *values = json_array(), *names = json_array();
    accuracy_values(page, values, names);
    bool any = json_array_size(values) > page->row_count;
    json_t *figure = ten_figure_new(page, "accuracy", values);
    ten_figure_set(page, figure, "encoding.y.sort", names);
    ten_figure_set(page, figure, "height", json_integer(34 * (json_int_t)page->row_count));
    static const char *const scales[] = {"encoding.color.scale.domain", "layer.2.encoding.shape.scale.domain"};
    for (size_t i = 0; i < 2 && !any; i++) /* a legend for what there is */
        ten_figure_set(page, figure, scales[i], json_pack("[s,s]", "the chosen one", "other models"));
    set_error_axis(page, figure, 1.08);
    ten_figure_begin(page, figure, "wide", "accuracy",
                     "Dot chart: test accuracy of every pipeline with its 95 % interval");
    ten_html(&page->html,
             "Accuracy on the test set; the bar through a dot is its 95&#8239;%% interval%s. Equal steps on the axis "
             "are equal ratios of the error rate, so that good models stay apart.",
             any ? ", a diamond what the original study published for the same model and preprocessing" : "");
    if (page->rows[0].accuracy == 1)
        ten_html_raw(&page->html, " Such an axis has no place for 100&#8239;%: what made no error stands where half an "
                                  "error would.");
    ten_figure_end(page, "accuracy");
}

/* ---- The original study ------------------------------------------------------------------------------- */

static void write_published(struct ten_page *page) {
    struct ten_html *html = &page->html;
    size_t count = 0, agree = 0, ahead = 0;
    for (size_t i = 0; i < page->row_count; i++) {
        const struct ten_row *row = &page->rows[i];
        if (!row->published) continue;
        count++;
        agree += row->published->accuracy >= row->low && row->published->accuracy <= row->high;
        ahead += row->accuracy > row->published->accuracy;
    }
    if (count == 0) return;
    ten_html(html,
             "<h3>Beside the original study</h3>\n<p>The Python study that this one re-makes published figures for %s "
             "of these pipelines, with the same model, preprocessing and images. ",
             count == page->row_count ? "all" : ten_show_small(count).text);
    ten_html(html, "Its accuracy lies within our 95&#8239;%% interval for %s; ours is the higher for %s.</p>\n",
             agree == count ? "all of them"
             : agree == 0   ? "none"
                            : ten_show_small(agree).text,
             ahead == count ? "all"
             : ahead == 0   ? "none"
                            : ten_show_small(ahead).text);
    ten_part_table(page, "numbers", "The original study’s published figures beside ours");
    ten_html_raw(
        html, "<thead><tr><th scope=\"col\">Model</th><th scope=\"col\">Accuracy, published</th>"
              "<th scope=\"col\">Accuracy, ours</th><th scope=\"col\">Difference</th>"
              "<th scope=\"col\">Seconds, published</th><th scope=\"col\">Seconds, ours</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < page->row_count; i++) {
        const struct ten_row *row = &page->rows[i];
        if (!row->published) continue;
        double difference = row->accuracy - row->published->accuracy;
        ten_html(html, "<tr><th scope=\"row\">%s</th><td>%s</td><td>%s</td><td>%s%s</td><td>%s</td><td>%s</td></tr>\n",
                 row->title, ten_show_share(row->published->accuracy).text, ten_show_share(row->accuracy).text,
                 difference > 0 ? "+" : "", ten_show_share(difference).text,
                 ten_show_number(row->published->seconds, 2).text,
                 ten_show_figures(row->fit_seconds + row->predict_seconds).text);
    }
    ten_html_raw(html, "</tbody>");
    ten_part_table_end(page);
    ten_html_raw(html, "<p class=\"small\">Published figures are quoted, not measured here: its seconds were taken on "
                       "another machine and leave preprocessing out. Ours are those of fit and prediction, which "
                       "includes the preprocessing of the test images.</p>\n");
}

void ten_section_compare(struct ten_page *page) {
    ten_html_raw(&page->html, "<section id=\"comparison\" aria-labelledby=\"comparison-title\">\n"
                              "<h2 id=\"comparison-title\">The comparison</h2>\n");
    write_finding(page);
    ten_html(&page->html,
             "<p>Every pipeline was fitted on the same %s training images and labelled the same %s test "
             "images.</p>\n",
             ten_show_count((double)page->train_count).text, ten_show_count((double)page->test_count).text);
    write_accuracy_chart(page);
    write_families(page);
    write_table(page);
    write_published(page);
    ten_section_costs(page);
    ten_html_raw(&page->html, "</section>\n");
}
