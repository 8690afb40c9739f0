/* Axes and colour scales that several figures share. Accuracies near 100 % are told apart on a logarithm of the error
 * rate, turned round so that better is further along. */
#include "report/page.h"

#include <math.h>
#include <stdio.h>

double ten_axis_error(double accuracy, size_t count) { return fmax(1 - accuracy, 0.5 / (double)(count ? count : 1)); }

void ten_axis_stretch(struct ten_page *page, json_t *figure, const char *axis, double low, double high) {
    static const double ticks[] = {0.9,  0.7,  0.5,   0.4,   0.3,   0.2,   0.15,  0.1,    0.07,   0.05,   0.03,
                                   0.02, 0.01, 0.007, 0.005, 0.003, 0.002, 0.001, 0.0005, 0.0002, 0.0001, 0.00005};
    high = fmin(high, 1);
    char path[96];
    snprintf(path, sizeof path, "%s.scale.domain", axis);
    ten_figure_set(page, figure, path, json_pack("[f,f]", low, high));
    json_t *inside = json_array();
    double previous = 2;
    for (size_t i = 0; i < sizeof ticks / sizeof *ticks; i++) {
        /* ticks keep a distance that depends on how much there is to show */
        if (ticks[i] < low || ticks[i] > high || previous / ticks[i] < pow(high / low, 0.11)) continue;
        ten_figure_row(page, inside, "f", ticks[i]);
        previous = ticks[i];
    }
    snprintf(path, sizeof path, "%s.axis.values", axis);
    ten_figure_set(page, figure, path, inside);
}

void ten_axis_matrix(struct ten_page *page, json_t *figure, size_t rows, size_t columns, size_t cell) {
    ten_figure_set(page, figure, "height", json_integer(24 * (json_int_t)rows));
    ten_figure_set(page, figure, "usermeta.textFrom", json_integer((json_int_t)(columns * cell)));
}

json_t *ten_axis_thresholds(struct ten_page *page, double low, double high, size_t count) {
    json_t *domain = json_array();
    for (size_t i = 1; i <= count; i++)
        ten_figure_row(page, domain, "f", low * pow(high / low, (double)i / (double)(count + 1)));
    return domain;
}
