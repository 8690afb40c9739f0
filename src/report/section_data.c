/* The data: what was given, before anything is done to it. */
#include "report/page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SETS = 2 };

static const char *const set_words[SETS] = {"training", "test"};

/* The two sets of explore.json and what several parts ask of them. */
struct sets {
    struct ten_value set[SETS];
    size_t count[SETS], height, width;
    size_t classes[SETS][TEN_CLASSES];
};

static struct sets read_sets(struct ten_page *page) {
    struct sets sets;
    struct ten_value root = ten_source_root(&page->explore), all = ten_value_member(&root, "sets");
    ten_value_length(&all, SETS);
    for (size_t s = 0; s < SETS; s++) {
        sets.set[s] = ten_value_item(&all, s);
        sets.count[s] = ten_member_count(&sets.set[s], "count");
        struct ten_value counts = ten_value_member(&sets.set[s], "class_counts");
        ten_value_length(&counts, TEN_CLASSES);
        for (size_t c = 0; c < TEN_CLASSES; c++) {
            struct ten_value item = ten_value_item(&counts, c);
            sets.classes[s][c] = ten_value_count(&item);
        }
    }
    sets.height = (size_t)ten_member_number(&sets.set[0], "height", 1, TEN_MAX_SIDE);
    sets.width = (size_t)ten_member_number(&sets.set[0], "width", 1, TEN_MAX_SIDE);
    return sets;
}

static size_t occurring(const size_t counts[TEN_CLASSES]) {
    size_t present = 0;
    for (size_t c = 0; c < TEN_CLASSES; c++) present += counts[c] > 0;
    return present;
}

static void write_finding(struct ten_page *page, const struct sets *sets) {
    struct ten_html *html = &page->html;
    const size_t *counts = sets->classes[0];
    size_t least = 0, most = 0, present = occurring(counts);
    for (size_t c = 1; c < TEN_CLASSES; c++) { /* the least of those that occur */
        if (counts[c] && (counts[c] < counts[least] || !counts[least])) least = c;
        if (counts[c] > counts[most]) most = c;
    }
    const char *noun = page->digits ? "digits" : "classes";
    ten_html_raw(html, "<p class=\"finding\">");
    if (present < TEN_CLASSES)
        ten_html(html, "Only %s of the ten %s occur%s among the training images. ", ten_show_small(present).text, noun,
                 present == 1 ? "s" : "");
    if (present < 2) {
        ten_html_raw(html, "</p>\n");
        return;
    }
    const char *those = present < TEN_CLASSES ? "They" : "The ten ", *which = present < TEN_CLASSES ? "" : noun;
    if (counts[least] == counts[most]) {
        ten_html(html, "%s%s are equally frequent: %s training images each.</p>\n", those, which,
                 ten_show_count((double)counts[least]).text);
        return;
    }
    const char *verdict = counts[most] < counts[least] + counts[least] / 2 ? "nearly equally"
                          : counts[most] < counts[least] * 3               ? "somewhat unevenly"
                                                                           : "very unevenly";
    ten_html(html, "%s%s are %s frequent: from %s (", those, which, verdict,
             ten_show_count((double)counts[least]).text);
    ten_part_class(page, least);
    ten_html(html, ") to %s (", ten_show_count((double)counts[most]).text);
    ten_part_class(page, most);
    ten_html_raw(html, ") training images.</p>\n");
}

/* ---- Tables ------------------------------------------------------------------------------------------- */

static void write_shapes(struct ten_page *page, const struct sets *sets) {
    struct ten_html *html = &page->html;
    ten_html(html,
             "<p>An image is %zu × %zu pixels of one byte each, 0 for the background to 255 for %s: %s numbers. "
             "A duplicate is an image that equals an earlier one of its set byte for byte; an empty pixel is 0 in "
             "every image of its set.</p>\n",
             sets->height, sets->width, page->digits ? "full ink" : "the brightest",
             ten_show_count((double)(sets->height * sets->width)).text);
    bool ranges = ten_value_has(&sets->set[0], "out_of_range") && ten_value_has(&sets->set[1], "out_of_range");
    ten_part_table(page, "numbers", "The two sets in numbers");
    ten_html_raw(html, "<thead><tr><th scope=\"col\">Set</th><th scope=\"col\">Images</th><th scope=\"col\">Shape</th>"
                       "<th scope=\"col\">Missing values</th><th scope=\"col\">Duplicates</th>"
                       "<th scope=\"col\">Empty pixels</th>");
    if (ranges) ten_html_raw(html, "<th scope=\"col\">Out of range</th>");
    ten_html_raw(html, "<th scope=\"col\">Checksum</th></tr></thead>\n<tbody>\n");
    for (size_t s = 0; s < SETS; s++) {
        const struct ten_value *set = &sets->set[s];
        ten_html(html, "<tr><th scope=\"row\">%s</th><td>%s</td><td>%zu × %zu × %zu</td>", set_words[s],
                 ten_show_count((double)sets->count[s]).text, sets->count[s], sets->height, sets->width);
        static const char *const members[] = {"missing", "duplicates", "empty_pixels", "out_of_range"};
        for (size_t m = 0; m < (ranges ? 4 : 3); m++)
            ten_html(html, "<td>%s</td>", ten_show_count((double)ten_member_count(set, members[m])).text);
        ten_html(html, "<td><code>%s</code></td></tr>\n", ten_member_text(set, "checksum"));
    }
    ten_html_raw(html, "</tbody>");
    ten_part_table_end(page);
}

static void write_first_rows(struct ten_page *page, const struct sets *sets) {
    struct ten_html *html = &page->html;
    struct ten_value rows = ten_value_member(&sets->set[0], "first_rows");
    size_t count = ten_value_length(&rows, 0);
    if (count == 0) return;
    ten_html(html,
             "<h3>The first rows</h3>\n<p>The %s with these; %s, and pixels are numbered row by row from 0.</p>\n",
             page->chosen[0] ? "chosen training images begin" : "training file begins",
             page->digits ? "ink is an image’s mean intensity" : "mean is that of an image’s pixels");
    ten_part_table(page, "numbers", "The first rows of the training set");
    ten_html(html,
             "<thead><tr><th scope=\"col\">Row</th><th scope=\"col\">Label</th><th scope=\"col\">%s</th>"
             "<th scope=\"col\">First pixel %s</th></tr></thead>\n<tbody>\n",
             page->digits ? "Ink" : "Mean", page->digits ? "with ink" : "above 0");
    for (size_t i = 0; i < count; i++) {
        struct ten_value row = ten_value_item(&rows, i);
        size_t label = (size_t)ten_member_number(&row, "label", 0, TEN_CLASSES - 1);
        ten_html(html, "<tr><th scope=\"row\">%zu</th><td>%s</td><td>%s</td>", i, page->classes[label],
                 ten_show_number(ten_member_number(&row, "ink", 0, 255), 2).text);
        /* an image without ink has no first pixel */
        ten_html(html, "<td>%s</td></tr>\n",
                 ten_show_count(ten_member_number_or_nan(&row, "first_ink_pixel", -1, 1e9)).text);
    }
    ten_html_raw(html, "</tbody>");
    ten_part_table_end(page);
}

static void write_intensity_table(struct ten_page *page, const struct sets *sets) {
    static const struct {
        const char *member, *words;
        int digits;
    } lines[] = {{"mean", "mean", 3},      {"deviation", "standard deviation", 3}, {"minimum", "minimum", 0},
                 {"quartile1", "25 %", 0}, {"median", "50 % (median)", 0},         {"quartile3", "75 %", 0},
                 {"maximum", "maximum", 0}};
    struct ten_html *html = &page->html;
    ten_part_table(page, "numbers", "Statistics of all pixels");
    ten_html_raw(html, "<caption>All pixels of all images</caption><thead><tr><td></td><th scope=\"col\">training</th>"
                       "<th scope=\"col\">test</th></tr></thead>\n<tbody>\n<tr><th scope=\"row\">pixels</th>");
    for (size_t s = 0; s < SETS; s++)
        ten_html(html, "<td>%s</td>",
                 ten_show_count((double)sets->count[s] * (double)sets->height * (double)sets->width).text);
    ten_html_raw(html, "</tr>\n");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        ten_html(html, "<tr><th scope=\"row\">%s</th>", lines[i].words);
        for (size_t s = 0; s < SETS; s++) {
            struct ten_value intensity = ten_value_member(&sets->set[s], "intensity");
            double value = ten_member_number(&intensity, lines[i].member, 0, 255);
            /* quartiles of whole numbers may fall between two */
            ten_html(html, "<td>%s</td>", ten_show_number(value, value == rint(value) ? lines[i].digits : 3).text);
        }
        ten_html_raw(html, "</tr>\n");
    }
    ten_html_raw(html, "</tbody>");
    ten_part_table_end(page);
}

/* ---- Charts ------------------------------------------------------------------------------------------- */

static void write_class_table(struct ten_page *page, const struct sets *sets) {
    struct ten_html *html = &page->html;
    ten_part_table(page, "numbers", "Images of each class");
    ten_html_raw(html, "<thead><tr><th scope=\"col\">Class</th><th scope=\"col\">Training</th><th scope=\"col\">Test"
                       "</th></tr></thead>\n<tbody>\n");
    for (size_t c = 0; c < TEN_CLASSES; c++)
        ten_html(html, "<tr><th scope=\"row\">%s</th><td>%s</td><td>%s</td></tr>\n", page->classes[c],
                 ten_show_count((double)sets->classes[0][c]).text, ten_show_count((double)sets->classes[1][c]).text);
    ten_html_raw(html, "</tbody>");
    ten_part_table_end(page);
}

static void write_class_chart(struct ten_page *page, const struct sets *sets) {
    json_t *values = json_array();
    for (size_t s = 0; s < SETS; s++)
        for (size_t c = 0; c < TEN_CLASSES; c++)
            ten_figure_row(page, values, "{s:s,s:s,s:I,s:f}", "class", page->classes[c], "set", set_words[s], "count",
                           (json_int_t)sets->classes[s][c], "share",
                           sets->count[s] ? (double)sets->classes[s][c] / (double)sets->count[s] : 0.0);
    json_t *figure = ten_figure_new(page, "class-distribution", values);
    if (!page->digits) ten_figure_set(page, figure, "encoding.x.axis.labelAngle", json_integer(-40));
    ten_figure_begin(page, figure, "wide", "class-distribution",
                     "Bar chart: the share of each class in the training and in the test set");
    ten_html_raw(&page->html, "How the classes share the two sets");
    size_t present = occurring(sets->classes[0]);
    if (present > 1)
        ten_html(&page->html, "; equal shares%s would be %s each",
                 present < TEN_CLASSES ? " of those that occur in training" : "",
                 ten_show_percent(1 / (double)present, 100 % present ? 1 : 0).text);
    ten_html_raw(&page->html, ".");
    ten_figure_table(page);
    write_class_table(page, sets);
    ten_figure_end(page, "class-distribution");
}

static void write_intensity_chart(struct ten_page *page, const struct sets *sets) {
    json_t *values = json_array();
    double dark = 0, full = 0;
    for (size_t s = 0; s < SETS; s++) {
        struct ten_value histogram = ten_value_member(&sets->set[s], "histogram");
        ten_value_length(&histogram, 256);
        double counts[256], total = 0;
        for (size_t v = 0; v < 256; v++) {
            struct ten_value item = ten_value_item(&histogram, v);
            counts[v] = (double)ten_value_count(&item);
            total += counts[v];
        }
        for (size_t v = 0; v < 256; v++)
            if (counts[v] > 0) /* a logarithm has no place for 0 */
                ten_figure_row(page, values, "{s:I,s:s,s:f}", "value", (json_int_t)v, "set", set_words[s], "share",
                               counts[v] / total);
        if (s == 0 && total > 0) {
            dark = counts[0] / total;
            full = (counts[253] + counts[254] + counts[255]) / total;
        }
    }
    ten_figure_begin(page, ten_figure_new(page, "intensity", values), "wide", "intensity",
                     "Line chart: how often each intensity from 0 to 255 occurs, in both sets, on a logarithmic scale");
    ten_html(&page->html,
             "Histogram of intensities. %s of the training pixels are background (0); %s are %s (253 to 255)%s.",
             ten_show_percent(dark, 1).text, ten_show_percent(full, 1).text,
             page->digits ? "full ink" : "the brightest",
             page->digits ? "; what lies between are the edges of strokes" : "");
    ten_figure_end(page, "intensity");
}

/* The 50 bars in which the original study shows the same. */
static void write_intensity_bins(struct ten_page *page, const struct sets *sets) {
    enum { BINS = 50 };
    struct ten_value histogram = ten_value_member(&sets->set[0], "histogram");
    double counts[BINS] = {0}, total = 0, least = 1;
    for (size_t v = 0; v < 256; v++) {
        struct ten_value item = ten_value_item(&histogram, v);
        double count = (double)ten_value_count(&item);
        counts[v * BINS / 255 < BINS ? v * BINS / 255 : BINS - 1] += count;
        total += count;
    }
    if (total == 0) return;
    json_t *values = json_array();
    for (size_t b = 0; b < BINS; b++) {
        if (counts[b] == 0) continue;
        ten_figure_row(page, values, "{s:f,s:f,s:f,s:f}", "low", 5.1 * (double)b, "high", 5.1 * (double)(b + 1),
                       "count", counts[b], "share", counts[b] / total);
        least = fmin(least, counts[b] / total);
    }
    double bottom = pow(10, floor(log10(least)));
    json_t *figure = ten_figure_new(page, "intensity-bins", values);
    ten_figure_set(page, figure, "encoding.y.scale.domain", json_pack("[f,i]", bottom, 1));
    ten_figure_set(page, figure, "encoding.y2.datum", json_real(bottom));
    ten_figure_begin(page, figure, "wide", "intensity-bins",
                     "Bar chart: the intensities of the training pixels in 50 bins, on a logarithmic scale");
    ten_html_raw(&page->html, "The same of the training set in 50 bins of equal width.");
    ten_figure_end(page, "intensity-bins");
}

static void write_ink_table(struct ten_page *page, double ink[SETS][TEN_CLASSES]) {
    ten_part_table(page, "numbers", "Mean intensity of each class");
    ten_html_raw(&page->html, "<thead><tr><th scope=\"col\">Class</th><th scope=\"col\">Training</th>"
                              "<th scope=\"col\">Test</th></tr></thead>\n<tbody>\n");
    for (size_t c = 0; c < TEN_CLASSES; c++)
        ten_html(&page->html, "<tr><th scope=\"row\">%s</th><td>%s</td><td>%s</td></tr>\n", page->classes[c],
                 ten_show_number(ink[0][c], 2).text, ten_show_number(ink[1][c], 2).text);
    ten_html_raw(&page->html, "</tbody>");
    ten_part_table_end(page);
}

/* How far the classes' mean intensities are apart. */
static void write_ink_ratio(struct ten_page *page, size_t most, size_t least, double ratio) {
    static const double TELLING = 1.5;
    if (ratio < 1.05) {
        ten_html_raw(&page->html, "The classes hardly differ in it.");
        return;
    }
    ten_html(&page->html, "The %s, ", page->digits ? "heaviest" : "brightest");
    ten_part_class(page, most);
    ten_html(&page->html, ", has %s times the %s, ", ten_show_number(ratio, 1).text,
             page->digits ? "ink of the lightest" : "mean of the darkest");
    ten_part_class(page, least);
    ten_html_raw(&page->html, ratio >= TELLING ? ": this alone tells some classes apart." : ".");
}

static void write_ink_chart(struct ten_page *page, const struct sets *sets) {
    json_t *values = json_array();
    double ink[SETS][TEN_CLASSES];
    size_t least = 0, most = 0;
    for (size_t s = 0; s < SETS; s++) {
        struct ten_value all = ten_value_member(&sets->set[s], "ink");
        ten_value_length(&all, TEN_CLASSES);
        for (size_t c = 0; c < TEN_CLASSES; c++) {
            struct ten_value item = ten_value_item(&all, c);
            ink[s][c] = ten_value_number_or_nan(&item, 0, 255); /* a class may have no images */
            if (isfinite(ink[s][c]))
                ten_figure_row(page, values, "{s:s,s:s,s:f}", "class", page->classes[c], "set", set_words[s], "ink",
                               ink[s][c]);
            if (s == 0 && !(ink[s][c] >= ink[s][least]) && isfinite(ink[s][c])) least = c;
            if (s == 0 && !(ink[s][c] <= ink[s][most]) && isfinite(ink[s][c])) most = c;
        }
    }
    json_t *figure = ten_figure_new(page, "ink", values);
    if (!page->digits) ten_figure_set(page, figure, "encoding.x.axis.labelAngle", json_integer(-40));
    ten_figure_begin(page, figure, "wide", "ink", "Bar chart: the mean intensity of each class’s images");
    ten_html(&page->html, "%s per class: bars for the training set, a line across for the test set. ",
             page->digits ? "Ink" : "Mean intensity");
    if (ink[0][least] > 0) write_ink_ratio(page, most, least, ink[0][most] / ink[0][least]);
    ten_figure_table(page);
    write_ink_table(page, ink);
    ten_figure_end(page, "ink");
}

static const double PIXELS_SIDE = 440; /* of the figure's longer side */

static void write_pixel_chart(struct ten_page *page, const struct sets *sets) {
    static const char *const members[] = {"mean",   "deviation", "minimum", "quartile1",
                                          "median", "quartile3", "maximum"};
    enum { MEMBERS = sizeof members / sizeof *members };
    struct ten_value pixels = ten_value_member(&sets->set[0], "pixels"), arrays[MEMBERS];
    for (size_t m = 0; m < MEMBERS; m++) {
        arrays[m] = ten_value_member(&pixels, members[m]);
        ten_value_length(&arrays[m], sets->height * sets->width);
    }
    json_t *values = json_array();
    double brightest = 0;
    for (size_t p = 0; p < sets->height * sets->width && page->outcome->status == TEN_OK; p++) {
        double value[MEMBERS];
        for (size_t m = 0; m < MEMBERS; m++) {
            struct ten_value item = ten_value_item(&arrays[m], p);
            value[m] = ten_value_number(&item, 0, 255);
        }
        ten_figure_row(page, values, "{s:I,s:I,s:f,s:f,s:f,s:f,s:f,s:f,s:f}", "row", (json_int_t)(p / sets->width),
                       "column", (json_int_t)(p % sets->width), members[0], value[0], members[1], value[1], members[2],
                       value[2], members[3], value[3], members[4], value[4], members[5], value[5], members[6],
                       value[6]);
        brightest = fmax(brightest, value[0]);
    }
    json_t *figure = ten_figure_new(page, "pixels", values);
    double cell = PIXELS_SIDE / (double)(sets->height > sets->width ? sets->height : sets->width);
    ten_figure_set(page, figure, "height", json_real(cell * (double)sets->height));
    ten_figure_set(page, figure, "width", json_real(cell * (double)sets->width));
    /* empty images have the tone of 0, on a scale that shows it */
    ten_figure_set(page, figure, "encoding.color.scale.domain", json_pack("[i,f]", 0, brightest > 0 ? brightest : 255));
    ten_figure_begin(page, figure, "square", "pixels", "Heat map: the mean of every pixel over the training images");
    ten_html(&page->html,
             "The mean of every pixel over the %s training images. Point at a pixel for its mean, deviation, quartiles "
             "and extremes; the file of its data has them all.",
             ten_show_count((double)sets->count[0]).text);
    ten_figure_end(page, "pixels");
}

/* ---- Pictures ----------------------------------------------------------------------------------------- */

static void write_samples(struct ten_page *page, const struct sets *sets) {
    ten_html_raw(&page->html, "<h3>Samples</h3>\n<div class=\"pair\">\n");
    for (size_t s = 0; s < SETS; s++) {
        struct ten_value samples = ten_value_member(&sets->set[s], "samples");
        size_t count = ten_value_length(&samples, 0);
        ten_html_raw(&page->html, "<figure class=\"pictures\"><div class=\"samples\">\n");
        size_t last = TEN_CLASSES; /* each class begins a row with its name */
        for (size_t i = 0; i < count; i++) {
            struct ten_value sample = ten_value_item(&samples, i);
            size_t label = (size_t)ten_member_number(&sample, "label", 0, TEN_CLASSES - 1);
            if (label != last) ten_html(&page->html, "<span>%s</span>", page->classes[label]);
            last = label;
            ten_part_picture(page, ten_member_picture(&sample, "image"), sets->width, sets->height, 1,
                             "%s image %zu%s: %s", set_words[s], ten_member_count(&sample, "index"),
                             page->chosen[s] ? " of those chosen" : "", page->classes[label]);
        }
        ten_html(&page->html,
                 "</div><figcaption><b>Figure %zu.</b> The first %s%s images of each class.</figcaption></figure>\n",
                 ++page->figure_number, page->chosen[s] ? "of the chosen " : "", set_words[s]);
    }
    ten_html_raw(&page->html, "</div>\n");
}

static void write_summaries(struct ten_page *page, const struct sets *sets) {
    static const char *const kinds[] = {"mean", "median", "minimum", "maximum", "deviation"};
    struct ten_value images = ten_value_member(&sets->set[0], "images");
    ten_html_raw(&page->html, "<h3>The average image</h3>\n<figure class=\"pictures\"><div class=\"summaries\">\n");
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        ten_html_raw(&page->html, "<div>");
        ten_part_picture(page, ten_member_picture(&images, kinds[k]), sets->width, sets->height, 5,
                         "%s of all training images, pixel by pixel", kinds[k]);
        ten_html(&page->html, "<span>%s</span></div>\n", kinds[k]);
    }
    ten_html(&page->html,
             "</div><figcaption><b>Figure %zu.</b> Mean, median, minimum, maximum and standard deviation "
             "of every pixel over all training images.</figcaption></figure>\n",
             ++page->figure_number);
}

static void write_class_images(struct ten_page *page, const struct sets *sets) {
    static const char *const kinds[] = {"mean", "median", "deviation", "minimum", "maximum"};
    struct ten_value all = ten_value_member(&sets->set[0], "class_images");
    size_t count = ten_value_length(&all, 0), shown = sizeof kinds / sizeof *kinds;
    for (size_t i = 0; i < count; i++) { /* studies of earlier versions lack the last two */
        struct ten_value item = ten_value_item(&all, i);
        if (!ten_value_has(&item, "minimum") || !ten_value_has(&item, "maximum")) shown = 3;
    }
    ten_html_raw(&page->html,
                 "<figure class=\"pictures\"><div class=\"scroll\" role=\"region\" tabindex=\"0\" "
                 "aria-label=\"Average images of each class\"><table class=\"faces\">\n<thead><tr><td></td>");
    for (size_t i = 0; i < count; i++) {
        struct ten_value item = ten_value_item(&all, i);
        size_t label = (size_t)ten_member_number(&item, "label", 0, TEN_CLASSES - 1);
        ten_html(&page->html, "<th scope=\"col\">%s</th>", page->classes[label]);
    }
    ten_html_raw(&page->html, "</tr></thead>\n<tbody>\n");
    for (size_t k = 0; k < shown; k++) {
        ten_html(&page->html, "<tr><th scope=\"row\">%s</th>", kinds[k]);
        for (size_t i = 0; i < count; i++) {
            struct ten_value item = ten_value_item(&all, i);
            size_t label = (size_t)ten_member_number(&item, "label", 0, TEN_CLASSES - 1);
            ten_html_raw(&page->html, "<td>");
            ten_part_picture(page, ten_member_picture(&item, kinds[k]), sets->width, sets->height, 2, "%s of class %s",
                             kinds[k], page->classes[label]);
            ten_html_raw(&page->html, "</td>");
        }
        ten_html_raw(&page->html, "</tr>\n");
    }
    ten_html(&page->html,
             "</tbody></table></div><figcaption><b>Figure %zu.</b> The same for each class: the mean shows the "
             "common shape, the deviation where %s differ.</figcaption></figure>\n",
             ++page->figure_number, page->digits ? "writers" : "its images");
}

void ten_section_data(struct ten_page *page) {
    struct sets sets = read_sets(page);
    ten_html_raw(&page->html,
                 "<section id=\"data\" aria-labelledby=\"data-title\">\n<h2 id=\"data-title\">The data</h2>\n");
    write_finding(page, &sets);
    write_shapes(page, &sets);
    write_class_chart(page, &sets);
    write_samples(page, &sets);
    write_first_rows(page, &sets);
    ten_html_raw(&page->html, "<h3>Intensity</h3>\n");
    write_intensity_chart(page, &sets);
    write_intensity_bins(page, &sets);
    ten_html_raw(&page->html, "<div class=\"pair\">\n");
    write_intensity_table(page, &sets);
    write_pixel_chart(page, &sets);
    ten_html_raw(&page->html, "</div>\n");
    write_ink_chart(page, &sets);
    write_summaries(page, &sets);
    write_class_images(page, &sets);
    ten_part_variation(page);
    ten_html_raw(&page->html, "</section>\n");
}
