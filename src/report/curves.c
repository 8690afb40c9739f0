/* Curves of training: loss and accuracy on the images that are fitted, as met in training, and on those kept apart. */
#include "report/curves.h"

#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Changes of a loss that count, as shares of it: a rise from its least, and a fall in the last fifth of the epochs. */
static const double RISE = 0.02, FALL = 0.05;

static size_t column_of(const struct ten_value *names, const char *name) {
    size_t count = ten_value_length(names, 0);
    for (size_t i = 0; i < count; i++) {
        struct ten_value item = ten_value_item(names, i);
        if (strcmp(ten_value_text(&item), name) == 0) return i;
    }
    return SIZE_MAX;
}

bool ten_curves_read(struct ten_page *page, const struct ten_value *history, struct ten_curves *curves) {
    static const char *const columns[] = {"epoch", "loss", "accuracy", "validation_loss", "validation_accuracy"};
    enum { COLUMNS = sizeof columns / sizeof *columns };
    *curves = (struct ten_curves){0};
    struct ten_value names = ten_value_member(history, "names"), rows = ten_value_member(history, "rows");
    size_t width = ten_value_length(&names, 0), count = ten_value_length(&rows, 0), place[COLUMNS];
    for (size_t c = 0; c < COLUMNS; c++) place[c] = column_of(&names, columns[c]);
    for (size_t c = 0; c < COLUMNS; c++)
        if (place[c] == SIZE_MAX) return false;
    if (page->outcome->status != TEN_OK || count < 2) return false;
    double *block = calloc(count, COLUMNS * sizeof *block);
    if (!block) {
        page->outcome->status = ten_fail_memory(page->outcome->error, "the curves of a training");
        return false;
    }
    for (size_t r = 0; r < count && page->outcome->status == TEN_OK; r++) {
        struct ten_value row = ten_value_item(&rows, r);
        ten_value_length(&row, width);
        for (size_t c = 0; c < COLUMNS; c++) {
            struct ten_value item = ten_value_item(&row, place[c]);
            block[c * count + r] = ten_value_number(&item, 0, c == 2 || c == 4 ? 1 : HUGE_VAL);
        }
    }
    *curves = (struct ten_curves){count, block, block + count, block + 2 * count, block + 3 * count, block + 4 * count};
    return page->outcome->status == TEN_OK;
}

void ten_curves_release(struct ten_curves *curves) {
    free(curves->epoch);
    *curves = (struct ten_curves){0};
}

/* ---- The judgement ------------------------------------------------------------------------------------ */

/* How many epochs from the end count as the end: a fifth. */
static size_t tail(const struct ten_curves *curves) {
    size_t fifth = curves->epochs / 5;
    return fifth ? fifth : 1;
}

enum ten_fit ten_curves_judge(const struct ten_curves *curves, size_t *best) {
    const double *held = curves->validation_loss, *fitted = curves->loss;
    size_t last = curves->epochs - 1, before = last - tail(curves);
    *best = 0;
    for (size_t i = 1; i <= last; i++)
        if (held[i] < held[*best]) *best = i;
    if (held[last] > held[*best] * (1 + RISE) && fitted[last] < fitted[*best]) return TEN_FIT_OVER;
    bool falling = held[last] < held[before] * (1 - FALL) && fitted[last] < fitted[before] * (1 - FALL);
    return falling && *best == last ? TEN_FIT_SHORT : TEN_FIT_RIGHT;
}

void ten_curves_words(struct ten_page *page, const struct ten_curves *curves) {
    struct ten_html *html = &page->html;
    size_t best, last = curves->epochs - 1, before = last - tail(curves);
    enum ten_fit fit = ten_curves_judge(curves, &best);
    const double *held = curves->validation_loss, *fitted = curves->loss;
    if (fit == TEN_FIT_OVER) {
        ten_html(html,
                 "It overfits from epoch %.0f on: its loss on the images kept apart rises from %s to %s, while that in "
                 "training falls from %s to %s.",
                 curves->epoch[best], ten_show_number(held[best], 4).text, ten_show_number(held[last], 4).text,
                 ten_show_number(fitted[best], 4).text, ten_show_number(fitted[last], 4).text);
    } else if (fit == TEN_FIT_SHORT) {
        ten_html(html,
                 "It could be fitted further: when it ended, both losses were still falling, on the images kept apart "
                 "from %s to %s since epoch %.0f and in training from %s to %s. More epochs may gain.",
                 ten_show_number(held[before], 4).text, ten_show_number(held[last], 4).text, curves->epoch[before],
                 ten_show_number(fitted[before], 4).text, ten_show_number(fitted[last], 4).text);
    } else {
        ten_html(
            html,
            "It neither overfits nor ends too soon: its loss on the images kept apart comes to rest at %s, near its "
            "least, %s in epoch %.0f.",
            ten_show_number(held[last], 4).text, ten_show_number(held[best], 4).text, curves->epoch[best]);
    }
    double gap = curves->accuracy[last] - curves->validation_accuracy[last];
    ten_html(html, " The accuracies end at %s in training and %s on the images kept apart, %s points %s.",
             ten_show_percent(curves->accuracy[last], 2).text,
             ten_show_percent(curves->validation_accuracy[last], 2).text, ten_show_number(fabs(gap) * 100, 2).text,
             gap >= 0 ? "lower" : "higher");
}

/* ---- The figures -------------------------------------------------------------------------------------- */

static void write_one(struct ten_page *page, const struct ten_curves *curves, const char *name, bool accuracy) {
    const double *fitted = accuracy ? curves->accuracy : curves->loss;
    const double *held = accuracy ? curves->validation_accuracy : curves->validation_loss;
    json_t *values = json_array();
    double low = HUGE_VAL, high = 0;
    size_t best;
    ten_curves_judge(curves, &best);
    for (int s = 0; s < 2; s++)
        for (size_t i = 0; i < curves->epochs; i++) {
            double raw = s ? held[i] : fitted[i], shown = accuracy ? fmax(1 - raw, 1e-5) : fmax(raw, 1e-9);
            low = fmin(low, shown);
            high = fmax(high, shown);
            ten_figure_row(page, values, "{s:f,s:s,s:f,s:f,s:b}", "epoch", curves->epoch[i], "series",
                           s ? "images kept apart" : "training", "value", raw, "shown", shown, "best", s && i == best);
        }
    json_t *figure = ten_figure_new(page, "curves", values);
    ten_figure_set(page, figure, "encoding.y.title",
                   json_string(accuracy ? "accuracy, stretched towards 100 %" : "loss, logarithmic"));
    if (accuracy) {
        ten_figure_set(page, figure, "encoding.y.scale.reverse", json_true());
        ten_figure_set(page, figure, "encoding.y.axis.labelExpr",
                       json_string("format(100 - datum.value * 100, '~r') + ' %'"));
        ten_axis_stretch(page, figure, "encoding.y", low / 1.1, high * 1.1);
    }
    char id[160], label[256];
    snprintf(id, sizeof id, "curves-%s-%.120s", accuracy ? "accuracy" : "loss", name);
    snprintf(label, sizeof label, "Line chart: %s of %.128s epoch by epoch, in training and on images kept apart",
             accuracy ? "accuracy" : "loss", name);
    ten_figure_begin(page, figure, "half", id, label);
    ten_html(&page->html, "%s, epoch by epoch. The ring marks the least loss on the images kept apart.",
             accuracy ? "Accuracy" : "Loss");
    ten_figure_end(page, id);
}

void ten_curves_write(struct ten_page *page, const struct ten_curves *curves, const char *name) {
    ten_html_raw(&page->html, "<div class=\"pair detail\">\n");
    write_one(page, curves, name, false);
    write_one(page, curves, name, true);
    ten_html_raw(&page->html, "</div>\n");
}
