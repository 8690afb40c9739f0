/* Every evaluated model in detail, one panel each; the best one's is shown, a <select> shows the others. */
#include "report/page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A panel being written: the model's row and its evaluation. */
struct panel {
    const struct ten_row *row;
    struct ten_value root;
    size_t confusion[TEN_CLASSES][TEN_CLASSES], support[TEN_CLASSES], total, errors;
};

static struct panel read_panel(struct ten_row *row) {
    struct panel panel = {.row = row, .root = ten_source_root(&row->evaluation)};
    struct ten_value matrix = ten_value_member(&panel.root, "confusion");
    ten_value_length(&matrix, TEN_CLASSES);
    for (size_t t = 0; t < TEN_CLASSES; t++) {
        struct ten_value line = ten_value_item(&matrix, t);
        ten_value_length(&line, TEN_CLASSES);
        for (size_t p = 0; p < TEN_CLASSES; p++) {
            struct ten_value item = ten_value_item(&line, p);
            size_t count = ten_value_count(&item);
            panel.confusion[t][p] = count;
            panel.support[t] += count;
            panel.total += count;
            if (t != p) panel.errors += count;
        }
    }
    return panel;
}

/* "a 2 for an 8" */
static void write_mix_up(struct ten_page *page, size_t truth, size_t predicted) {
    if (page->digits) {
        ten_html(&page->html, "%s %zu for %s %zu", truth == 8 ? "an" : "a", truth, predicted == 8 ? "an" : "a",
                 predicted);
    } else {
        ten_html(&page->html, "“%s” for “%s”", page->classes[truth], page->classes[predicted]);
    }
}

static void write_finding(struct ten_page *page, const struct panel *panel) {
    struct ten_html *html = &page->html;
    size_t truth = 0, predicted = 1, ties = 0;
    for (size_t t = 0; t < TEN_CLASSES; t++)
        for (size_t p = 0; p < TEN_CLASSES; p++)
            if (t != p && panel->confusion[t][p] > panel->confusion[truth][predicted]) truth = t, predicted = p;
    size_t most = panel->confusion[truth][predicted];
    for (size_t t = 0; t < TEN_CLASSES; t++)
        for (size_t p = 0; p < TEN_CLASSES; p++) ties += t != p && panel->confusion[t][p] == most;
    ten_html_raw(html, "<p class=\"finding\">");
    ten_part_row(page, panel->row);
    if (panel->errors == 0) {
        ten_html(html, " labels all %s images correctly.</p>\n", ten_show_count((double)panel->total).text);
        return;
    }
    ten_html(html, " mislabels %s of %s images", ten_show_count((double)panel->errors).text,
             ten_show_count((double)panel->total).text);
    if (most == 1 && ties > 1) {
        ten_html_raw(html, ", no two in the same way.</p>\n");
        return;
    }
    ten_html_raw(html, most == 1  ? ": it takes "
                       : ties > 1 ? "; one of its most frequent mistakes is to take "
                                  : "; its most frequent mistake is to take ");
    write_mix_up(page, truth, predicted);
    if (most > 1) ten_html(html, ", %s times", ten_show_count((double)most).text);
    ten_html_raw(html, ".</p>\n");
}

static void write_convergence(struct ten_page *page, const struct panel *panel) {
    if (panel->row->converged) return;
    ten_html_raw(&page->html,
                 "<p class=\"note\">Its fit did not converge: it reached its limit of steps before it came "
                 "to rest. With more steps the figures may change.</p>\n");
}

/* ---- Confusion ---------------------------------------------------------------------------------------- */

static void write_confusion_table(struct ten_page *page, const struct panel *panel) {
    struct ten_html *html = &page->html;
    ten_part_table(page, "numbers", "Confusion matrix");
    ten_html_raw(html, "<thead><tr><th scope=\"col\">truth ↓ predicted →</th>");
    for (size_t p = 0; p < TEN_CLASSES; p++) ten_html(html, "<th scope=\"col\">%s</th>", page->classes[p]);
    ten_html_raw(html, "</tr></thead>\n<tbody>\n");
    for (size_t t = 0; t < TEN_CLASSES; t++) {
        ten_html(html, "<tr><th scope=\"row\">%s</th>", page->classes[t]);
        for (size_t p = 0; p < TEN_CLASSES; p++)
            ten_html(html, "<td>%s</td>", ten_show_count((double)panel->confusion[t][p]).text);
        ten_html_raw(html, "</tr>\n");
    }
    ten_html_raw(html, "</tbody>");
    ten_part_table_end(page);
}

static void write_confusion(struct ten_page *page, const struct panel *panel) {
    json_t *values = json_array();
    for (size_t t = 0; t < TEN_CLASSES; t++)
        for (size_t p = 0; p < TEN_CLASSES; p++) {
            size_t count = panel->confusion[t][p];
            ten_figure_row(page, values, "{s:s,s:s,s:I,s:f,s:b}", "truth", page->classes[t], "predicted",
                           page->classes[p], "count", (json_int_t)count, "share",
                           panel->support[t] ? (double)count / (double)panel->support[t] : 0.0, "right", t == p);
        }
    json_t *figure = ten_figure_new(page, "confusion", values);
    if (!page->digits) ten_figure_set(page, figure, "encoding.x.axis.labelAngle", json_integer(-40));
    char name[160], label[256];
    snprintf(name, sizeof name, "confusion-%.128s", panel->row->name);
    snprintf(label, sizeof label, "Confusion matrix of %.128s: rows are true classes, columns predicted ones",
             panel->row->name);
    ten_figure_begin(page, figure, "square", name, label);
    ten_html_raw(&page->html, "Confusion matrix: how many images of each class (rows) got each label (columns). Colour "
                              "marks mistakes only, stronger for more.");
    if (page->sprite.root && ten_value_has(&panel->root, "predicted"))
        ten_html_raw(&page->html, "<span class=\"live\" hidden> Choose a cell to see its images below.</span>");
    ten_figure_table(page);
    write_confusion_table(page, panel);
    ten_figure_end(page, name);
}

/* ---- The classification report ------------------------------------------------------------------------ */

static void write_report_line(struct ten_page *page, const struct ten_value *value, const char *name, double support) {
    ten_html(&page->html, "<tr><th scope=\"row\">%s</th>", name);
    static const char *const members[] = {"precision", "recall", "f1"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        ten_html(&page->html, "<td>%s</td>", ten_show_share(ten_member_number_or_nan(value, members[i], 0, 1)).text);
    double auc = ten_value_has(value, "auc") ? ten_member_number(value, "auc", 0, 1) : NAN;
    ten_html(&page->html, "<td>%s</td><td>%s</td></tr>\n", isfinite(auc) ? ten_show_share(auc).text : "",
             ten_show_count(support).text);
}

static void write_report(struct ten_page *page, const struct panel *panel) {
    struct ten_html *html = &page->html;
    struct ten_value classes = ten_value_member(&panel->root, "per_class");
    size_t count = ten_value_length(&classes, TEN_CLASSES);
    ten_part_table(page, "numbers report", "Classification report");
    ten_html_raw(html, "<caption>Classification report</caption><thead><tr><th scope=\"col\">Class</th>"
                       "<th scope=\"col\">Precision</th><th scope=\"col\">Recall</th><th scope=\"col\">F1</th>"
                       "<th scope=\"col\">AUC</th><th scope=\"col\">Support</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < count; i++) {
        struct ten_value item = ten_value_item(&classes, i);
        size_t label = (size_t)ten_member_number(&item, "label", 0, TEN_CLASSES - 1);
        write_report_line(page, &item, page->classes[label], (double)ten_member_count(&item, "support"));
    }
    ten_html(html,
             "</tbody>\n<tbody>\n<tr><th "
             "scope=\"row\">accuracy</th><td></td><td></td><td>%s</td><td></td><td>%s</td></tr>\n",
             ten_show_share(ten_member_number(&panel->root, "accuracy", 0, 1)).text,
             ten_show_count((double)panel->total).text);
    struct ten_value weighted = ten_value_member(&panel->root, "weighted");
    write_report_line(page, &panel->root, "macro average", (double)panel->total);
    write_report_line(page, &weighted, "weighted average", (double)panel->total);
    ten_html_raw(html, "</tbody>");
    ten_part_table_end(page);
}

/* ---- ROC ---------------------------------------------------------------------------------------------- */

static const double ROC_LEFT = 1e-4; /* where the logarithmic axis begins, as in web/figures.json */

static void append_point(struct ten_page *page, json_t *values, const char *name, double x, double y) {
    ten_figure_row(page, values, "{s:s,s:f,s:f}", "class", name, "false_positive", x, "true_positive", y);
}

/* Appends a curve from where the axis begins. Between two vertices it is straight on linear axes (a tie is broken by
 * chance), hence bent on a logarithmic one: long stretches get points between. Gives the true positive rate at the
 * axis' beginning. */
static double append_curve(struct ten_page *page, json_t *values, const struct ten_value *curve, const char *name) {
    static const double STRETCH = 1.4;
    struct ten_value points = ten_value_member(curve, "points");
    size_t count = ten_value_length(&points, 0);
    double x0 = 0, y0 = 0, left = 0;
    for (size_t i = 0; i < count && page->outcome->status == TEN_OK; i++) {
        struct ten_value point = ten_value_item(&points, i);
        ten_value_length(&point, 2);
        struct ten_value first = ten_value_item(&point, 0), second = ten_value_item(&point, 1);
        double x1 = ten_value_number(&first, 0, 1), y1 = ten_value_number(&second, 0, 1);
        if (x1 > ROC_LEFT) {
            double slope = (y1 - y0) / (x1 - x0), x = fmax(x0, ROC_LEFT);
            if (x0 <= ROC_LEFT) {
                left = y0 + slope * (ROC_LEFT - x0);
                append_point(page, values, name, ROC_LEFT, left);
            }
            if (slope > 0)
                for (x *= STRETCH; x < x1; x *= STRETCH) append_point(page, values, name, x, y0 + slope * (x - x0));
            append_point(page, values, name, x1, y1);
        }
        if (x1 < x0) ten_value_fail(&first, "a false positive rate not below the one before");
        x0 = x1;
        y0 = y1;
    }
    return left;
}

/* The true positive rate of a curve where its false positive rate is `x`. */
static double rate_at(const struct ten_value *curve, double x) {
    struct ten_value points = ten_value_member(curve, "points");
    size_t count = ten_value_length(&points, 0);
    double x0 = 0, y0 = 0;
    for (size_t i = 0; i < count; i++) {
        struct ten_value point = ten_value_item(&points, i);
        struct ten_value first = ten_value_item(&point, 0), second = ten_value_item(&point, 1);
        double x1 = ten_value_number(&first, 0, 1), y1 = ten_value_number(&second, 0, 1);
        if (x1 > x) return y0 + (y1 - y0) * (x - x0) / (x1 - x0);
        x0 = x1;
        y0 = y1;
    }
    return y0;
}

static void write_roc(struct ten_page *page, const struct panel *panel) {
    struct ten_value curves = ten_value_member(&panel->root, "roc");
    size_t count = ten_value_length(&curves, 0);
    json_t *values = json_array();
    double least = 1, worst_auc = 2;
    size_t worst = 0;
    bool early = true; /* whether every curve is nearly up where the false positives are few */
    for (size_t i = 0; i < count; i++) {
        struct ten_value curve = ten_value_item(&curves, i);
        size_t label = (size_t)ten_member_number(&curve, "label", 0, TEN_CLASSES - 1);
        double auc = ten_member_number_or_nan(&curve, "auc", 0, 1);
        char name[160];
        snprintf(name, sizeof name, "%s (%s)", page->classes[label], ten_show_share(auc).text);
        least = fmin(least, append_curve(page, values, &curve, name));
        if (auc < worst_auc) worst = label, worst_auc = auc;
        early = early && rate_at(&curve, 0.05) >= 0.9;
    }
    if (json_array_size(values) == 0) { /* no class has a curve: nothing to draw */
        json_decref(values);
        return;
    }
    json_t *figure = ten_figure_new(page, "roc", values);
    ten_figure_set(page, figure, "encoding.y.scale.domain", json_pack("[f,i]", floor(least * 20) / 20, 1));
    char id[160], label[256];
    snprintf(id, sizeof id, "roc-%.128s", panel->row->name);
    snprintf(label, sizeof label, "ROC curves of %.128s, one for each class against the rest", panel->row->name);
    ten_figure_begin(page, figure, "half", id, label);
    ten_html(&page->html,
             "ROC curves, each class against the rest, with the area under them (AUC) in the legend; the "
             "false positive rate is logarithmic, %s. ",
             early ? "as all of interest happens below a few per cent" : "which gives room to the small ones");
    if (worst_auc <= 1) {
        ten_html(&page->html, "Hardest to tell from the rest is ");
        ten_part_class(page, worst);
        ten_html(&page->html, ", AUC %s. Choose a class in the legend to single it out.",
                 ten_show_share(worst_auc).text);
    }
    ten_figure_end(page, id);
}

/* ---- History ------------------------------------------------------------------------------------------ */

static bool is_share(const char *name) { return strstr(name, "accuracy") != NULL; }

/* The history's columns that are (or are not) accuracies against its first column; false if there are none. A learning
 * rate and seconds are neither what was fitted nor how well. */
static bool write_history_part(struct ten_page *page, const struct panel *panel, const struct ten_value *names,
                               const struct ten_value *rows, bool shares) {
    size_t columns = ten_value_length(names, 0), count = ten_value_length(rows, 0), series = 0;
    json_t *values = json_array();
    char title[256] = ""; /* the columns' names */
    double least = HUGE_VAL, most = 0;
    for (size_t c = 1; c < columns; c++) {
        struct ten_value head = ten_value_item(names, c);
        const char *name = ten_value_label(&head);
        if (is_share(name) != shares || strcmp(name, "rate") == 0 || strcmp(name, "seconds") == 0) continue;
        size_t length = strlen(title);
        snprintf(title + length, sizeof title - length, "%s%.60s", series++ ? " and " : "", name);
        for (size_t r = 0; r < count && page->outcome->status == TEN_OK; r++) {
            struct ten_value row = ten_value_item(rows, r);
            ten_value_length(&row, columns);
            struct ten_value x = ten_value_item(&row, 0), y = ten_value_item(&row, c);
            double value = ten_value_number_or_nan(&y, -HUGE_VAL, HUGE_VAL);
            if (!isfinite(value)) continue;
            least = fmin(least, value);
            most = fmax(most, value);
            ten_figure_row(page, values, "{s:f,s:s,s:f}", "step", ten_value_number(&x, 0, HUGE_VAL), "series", name,
                           "value", value);
        }
    }
    if (json_array_size(values) == 0) {
        json_decref(values);
        return false;
    }
    struct ten_value first = ten_value_item(names, 0);
    bool logarithmic = !shares && least > 0 && most / least > 20;
    json_t *figure = ten_figure_new(page, "history", values);
    ten_figure_set(page, figure, "encoding.x.title", json_string(ten_value_text(&first)));
    char axis[288], id[160], label[256];
    snprintf(axis, sizeof axis, "%s%s", title, logarithmic ? ", logarithmic" : "");
    ten_figure_set(page, figure, "encoding.y.title", json_string(axis));
    if (logarithmic) ten_figure_set(page, figure, "encoding.y.scale", json_pack("{s:s}", "type", "log"));
    if (series == 1) ten_figure_set(page, figure, "encoding.color.legend", json_null());
    if (count > 60) ten_figure_set(page, figure, "mark.point", json_false());
    snprintf(id, sizeof id, "history-%s%.120s", shares ? "accuracy-" : "", panel->row->name);
    snprintf(label, sizeof label, "Line chart: the fit of %.128s, step by step", panel->row->name);
    ten_figure_begin(page, figure, "half", id, label);
    ten_html(&page->html, "The fit, %s by %s: %s.", ten_value_text(&first), ten_value_text(&first), axis);
    ten_figure_end(page, id);
    return true;
}

static void write_history(struct ten_page *page, const struct panel *panel) {
    struct ten_value history = ten_value_member(&panel->root, "history");
    struct ten_value names = ten_value_member(&history, "names"), rows = ten_value_member(&history, "rows");
    if (ten_value_length(&rows, 0) == 0 || ten_value_length(&names, 0) < 2) return;
    write_history_part(page, panel, &names, &rows, false);
    write_history_part(page, panel, &names, &rows, true);
}

/* ---- Mistakes ----------------------------------------------------------------------------------------- */

static void write_mistake(struct ten_page *page, const struct ten_value *mistake, size_t height, size_t width) {
    size_t truth = (size_t)ten_member_number(mistake, "truth", 0, TEN_CLASSES - 1);
    size_t predicted = (size_t)ten_member_number(mistake, "predicted", 0, TEN_CLASSES - 1);
    struct ten_value probabilities = ten_value_member(mistake, "probabilities");
    ten_value_length(&probabilities, TEN_CLASSES);
    struct ten_value item = ten_value_item(&probabilities, predicted);
    double sure = ten_value_number(&item, 0, 1);
    size_t index = ten_member_count(mistake, "index");
    ten_html_raw(&page->html, "<li>");
    bool chosen = page->chosen[1];
    ten_part_picture(page, ten_member_picture(mistake, "image"), width, height, 2, "test image %zu%s", index,
                     chosen ? " of those chosen" : "");
    ten_html(&page->html,
             "<span class=\"verdict\"><b>%s</b> taken for <b>%s</b></span><span>%s sure</span>"
             "<span class=\"index\">%s %zu%s</span></li>\n",
             page->classes[truth], page->classes[predicted],
             ten_show_percent(sure, sure > 0.995 && sure < 0.9995 ? 1 : 0).text, chosen ? "no." : "image", index,
             chosen ? " of those chosen" : "");
}

static void write_mistakes(struct ten_page *page, const struct panel *panel) {
    struct ten_value mistakes = ten_value_member(&panel->root, "mistakes");
    size_t count = ten_value_length(&mistakes, 0);
    if (count == 0) return;
    struct ten_value explore = ten_source_root(&page->explore), sets = ten_value_member(&explore, "sets");
    struct ten_value set = ten_value_item(&sets, 1);
    size_t height = (size_t)ten_member_number(&set, "height", 1, TEN_MAX_SIDE);
    size_t width = (size_t)ten_member_number(&set, "width", 1, TEN_MAX_SIDE);
    ten_html_raw(&page->html, "<figure class=\"pictures\">\n<h3>The surest mistakes</h3>\n<ol class=\"mistakes\">\n");
    for (size_t i = 0; i < count; i++) {
        struct ten_value mistake = ten_value_item(&mistakes, i);
        write_mistake(page, &mistake, height, width);
    }
    ten_html(&page->html,
             "</ol>\n<figcaption><b>Figure %zu.</b> The %zu wrongly labelled images of which the model was "
             "surest: the truth, what it took the image for, and the probability it gave.</figcaption></figure>\n",
             ++page->figure_number, count);
}

/* ---- Panels ------------------------------------------------------------------------------------------- */

static void write_panel(struct ten_page *page, struct ten_row *row, bool shown) {
    struct panel panel = read_panel(row);
    ten_html(&page->html, "<div class=\"panel\" id=\"panel-%s\"%s>\n", row->name, shown ? "" : " hidden");
    /* what is not shown at once costs next to nothing until it is: no elements, no decoded pictures */
    if (!shown) ten_html_raw(&page->html, "<template>\n");
    write_finding(page, &panel);
    write_convergence(page, &panel);
    ten_part_measures(page, &panel.root);
    ten_html_raw(&page->html, "<div class=\"pair confused\">\n");
    write_confusion(page, &panel);
    write_report(page, &panel);
    ten_html_raw(&page->html, "</div>\n");
    if (page->sprite.root && ten_value_has(&panel.root, "predicted")) /* filled by web/linked.js */
        ten_html(&page->html, "<div class=\"cell pictures live\" data-model=\"%s\" hidden></div>\n", row->name);
    ten_html_raw(&page->html, "<div class=\"pair detail\">\n");
    write_roc(page, &panel);
    ten_part_probabilities(page, panel.row, &panel.root);
    write_history(page, &panel);
    ten_html_raw(&page->html, "</div>\n");
    write_mistakes(page, &panel);
    if (!shown) ten_html_raw(&page->html, "</template>\n");
    ten_html_raw(&page->html, "</div>\n");
}

void ten_section_models(struct ten_page *page) {
    struct ten_html *html = &page->html;
    ten_html_raw(html, "<section id=\"model\" aria-labelledby=\"model-title\">\n<h2 id=\"model-title\">A model in "
                       "detail</h2>\n<p class=\"chooser\" hidden><label for=\"choose\">Show</label> "
                       "<select id=\"choose\" autocomplete=\"off\">\n");
    for (size_t i = 0; i < page->row_count; i++) {
        const struct ten_row *row = &page->rows[i];
        if (!row->evaluation.root) continue;
        ten_html(html, "<option value=\"panel-%s\"%s>%s (%s)%s</option>\n", row->name,
                 i == page->best ? " selected" : "", row->title, row->prep, i == page->best ? ", the chosen one" : "");
    }
    ten_html_raw(html, "</select></p>\n");
    /* only one panel is seen at a time: their figures have the same numbers */
    size_t first = page->figure_number, last = first;
    for (size_t i = 0; i < page->row_count; i++) {
        if (!page->rows[i].evaluation.root) continue;
        page->figure_number = first;
        write_panel(page, &page->rows[i], i == page->best);
        if (page->figure_number > last) last = page->figure_number;
    }
    page->figure_number = last;
    ten_html_raw(html, "</section>\n");
}
