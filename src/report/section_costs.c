/* What accuracy costs: a chart for each kind of cost, with the pipelines marked than which none is both cheaper and
 * more accurate (the Pareto front). */
#include "report/page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cost {
    const char *id, *option, *axis, *labels, *cheap;
    double (*of)(const struct ten_page *page, const struct ten_row *row); /* NAN: not known */
    struct ten_show (*show)(double value);
};

static double fit(const struct ten_page *page, const struct ten_row *row) {
    (void)page;
    return row->prep_seconds + row->fit_seconds;
}

static double predict(const struct ten_page *page, const struct ten_row *row) {
    return row->predict_seconds * 1e6 / (double)(page->test_count ? page->test_count : 1);
}

static double file_size(const struct ten_page *page, const struct ten_row *row) {
    (void)page;
    return row->model_bytes;
}

static double memory(const struct ten_page *page, const struct ten_row *row) {
    (void)page;
    return row->peak_bytes;
}

static struct ten_show show_microseconds(double value) {
    struct ten_show show = ten_show_figures(value);
    strncat(show.text, "\u202fµs", sizeof show.text - strlen(show.text) - 1);
    return show;
}

static struct ten_show show_bytes(double value) {
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    size_t unit = 0;
    while (unit + 1 < sizeof units / sizeof *units && value >= 999.5) value /= 1000, unit++;
    struct ten_show show = unit ? ten_show_figures(value) : ten_show_count(value);
    snprintf(show.text + strlen(show.text), sizeof show.text - strlen(show.text), "\u202f%s", units[unit]);
    return show;
}

static const struct cost costs[] = {
    {"cost-fit", "seconds for preprocessing and fit", "seconds for preprocessing and fit, logarithmic",
     "format(datum.value, ',~r') + ' s'", "is fitted soonest", fit, ten_show_seconds},
    {"cost-predict", "microseconds for an image", "microseconds for an image, logarithmic",
     "format(datum.value, ',~r') + ' µs'", "answers soonest", predict, show_microseconds},
    {"cost-size", "size of the model’s file", "size of the model’s file, logarithmic",
     "format(datum.value, '~s') + 'B'", "is the smallest", file_size, show_bytes},
    {"cost-memory", "peak memory of fit and prediction", "peak memory of fit and prediction, logarithmic",
     "format(datum.value, '~s') + 'B'", "needs the least memory", memory, show_bytes},
};

/* What a logarithmic axis can take. */
static double shown(const struct ten_page *page, const struct cost *cost, const struct ten_row *row) {
    return fmax(cost->of(page, row), 1e-7);
}

/* Whether no row that costs as little is more accurate, or as accurate and cheaper. Rows stand in the order of
 * accuracy. */
static bool on_front(const struct ten_page *page, const struct cost *cost, const struct ten_row *row) {
    double own = cost->of(page, row);
    if (!isfinite(own)) return false;
    for (size_t i = 0; i < page->row_count; i++) {
        const struct ten_row *other = &page->rows[i];
        double theirs = cost->of(page, other);
        if (other == row || !isfinite(theirs) || theirs > own || other->accuracy < row->accuracy) continue;
        if (theirs < own || other->accuracy > row->accuracy || other < row) return false;
    }
    return true;
}

static void append_row(struct ten_page *page, json_t *values, const struct cost *cost, const struct ten_row *row,
                       bool front) {
    const char *kind = row == &page->rows[page->best] ? "the chosen one" : front ? "on the front" : "other models";
    ten_figure_row(page, values, "{s:s,s:s,s:f,s:f,s:f,s:s,s:b}", "name", row->name, "kind", kind, "cost",
                   shown(page, cost, row), "accuracy", row->accuracy, "error",
                   ten_axis_error(row->accuracy, page->test_count), "told", cost->show(cost->of(page, row)).text,
                   "front", front);
}

/* Ticks at 1 and 3 of every power of ten between `low` and `high`. */
static json_t *ladder(struct ten_page *page, double low, double high) {
    json_t *ticks = json_array();
    for (int power = (int)floor(log10(low)); power <= (int)ceil(log10(high)); power++)
        for (int digit = 1; digit <= 3; digit += 2) {
            double tick = digit * pow(10, power);
            if (tick >= low && tick <= high) ten_figure_row(page, ticks, "f", tick);
        }
    return ticks;
}

/* Names the front, cheapest first. */
static void write_front(struct ten_page *page, const struct cost *cost) {
    struct ten_html *html = &page->html;
    size_t count = 0, told = 0;
    for (size_t i = 0; i < page->row_count; i++) count += on_front(page, cost, &page->rows[i]);
    if (count == 1) {
        ten_html(html, "<b>%s</b> %s and is the most accurate too.", page->rows[0].name, cost->cheap);
        return;
    }
    ten_html_raw(html, "Nothing is both cheaper and more accurate than these, each better than what costs less: ");
    for (size_t i = page->row_count; i-- > 0;) {
        const struct ten_row *row = &page->rows[i];
        if (!on_front(page, cost, row)) continue;
        ten_html(html, "%s<b>%s</b> (%s, %s)",
                 told == 0           ? ""
                 : told + 1 == count ? " and "
                                     : ", ",
                 row->name, cost->show(cost->of(page, row)).text, ten_show_percent(row->accuracy, 2).text);
        told++;
    }
    ten_html_raw(html, ".");
}

static void write_chart(struct ten_page *page, const struct cost *cost, bool first) {
    json_t *values = json_array();
    double low = HUGE_VAL, high = 0, least = 1, most = 0;
    for (int front = 1; front >= 0; front--)
        for (size_t i = page->row_count; i-- > 0;) { /* the front first: its names have precedence */
            const struct ten_row *row = &page->rows[i];
            if (!isfinite(cost->of(page, row)) || on_front(page, cost, row) != front) continue;
            append_row(page, values, cost, row, front);
            low = fmin(low, shown(page, cost, row));
            high = fmax(high, shown(page, cost, row));
            least = fmin(least, ten_axis_error(row->accuracy, page->test_count));
            most = fmax(most, ten_axis_error(row->accuracy, page->test_count));
        }
    json_t *figure = ten_figure_new(page, "cost", values);
    double room = pow(high / low, 0.05) * 1.25; /* for names beside the outermost dots */
    ten_figure_set(page, figure, "encoding.x.scale.domain", json_pack("[f,f]", low / room, high * room));
    ten_figure_set(page, figure, "encoding.x.axis.values", ladder(page, low / room, high * room));
    ten_figure_set(page, figure, "encoding.x.axis.labelExpr", json_string(cost->labels));
    ten_figure_set(page, figure, "encoding.x.title", json_string(cost->axis));
    ten_axis_stretch(page, figure, "encoding.y", least / 1.3, most * 1.2);
    char label[192];
    snprintf(label, sizeof label, "Scatter chart: test accuracy of every pipeline against %s", cost->option);
    ten_html(&page->html, "<div id=\"panel-of-%s\"%s>\n", cost->id, first ? "" : " hidden");
    ten_figure_begin(page, figure, "wide", cost->id, label);
    write_front(page, cost);
    ten_figure_end(page, cost->id);
    ten_html_raw(&page->html, "</div>\n");
}

static bool is_known(const struct ten_page *page, const struct cost *cost) {
    for (size_t i = 0; i < page->row_count; i++)
        if (isfinite(cost->of(page, &page->rows[i]))) return true;
    return false;
}

void ten_section_costs(struct ten_page *page) {
    ten_html_raw(&page->html, "<h3>Cost and accuracy</h3>\n");
    ten_part_choose(page, "cost", "Cost in");
    for (size_t i = 0; i < sizeof costs / sizeof *costs; i++) {
        char id[64];
        snprintf(id, sizeof id, "panel-of-%s", costs[i].id);
        if (is_known(page, &costs[i])) ten_part_option(page, id, costs[i].option);
    }
    ten_part_choices(page);
    size_t number = page->figure_number; /* only one is seen at a time: they share a number */
    for (size_t i = 0; i < sizeof costs / sizeof *costs; i++) {
        if (!is_known(page, &costs[i])) continue;
        page->figure_number = number;
        write_chart(page, &costs[i], i == 0);
    }
}
