/* What the classes look like beyond their average: groups within a class, its most and least typical images, noise and
 * strokes, copies, and one class against another. Parts that a study of an earlier version lacks are left out. */
#include "report/page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct look {
    struct ten_page *page;
    struct ten_value root, train, test;
    size_t height, width;
};

static struct look read_look(struct ten_page *page) {
    struct look look = {.page = page, .root = ten_source_root(&page->explore)};
    struct ten_value sets = ten_value_member(&look.root, "sets");
    look.train = ten_value_item(&sets, 0);
    look.test = ten_value_item(&sets, 1);
    look.height = (size_t)ten_member_number(&look.train, "height", 1, TEN_MAX_SIDE);
    look.width = (size_t)ten_member_number(&look.train, "width", 1, TEN_MAX_SIDE);
    return look;
}

static size_t label_of(const struct ten_value *item) {
    return (size_t)ten_member_number(item, "label", 0, TEN_CLASSES - 1);
}

/* ---- Within a class ----------------------------------------------------------------------------------- */

static void write_prototypes(const struct look *look) {
    struct ten_html *html = &look->page->html;
    struct ten_value all = ten_value_member(&look->train, "prototypes");
    size_t count = ten_value_length(&all, 0);
    ten_html_raw(html, "<figure class=\"pictures\"><div class=\"scroll\" role=\"region\" tabindex=\"0\" "
                       "aria-label=\"Groups within each class\"><table class=\"faces\">\n<tbody>\n");
    for (size_t i = 0; i < count; i++) {
        struct ten_value item = ten_value_item(&all, i), groups = ten_value_member(&item, "groups");
        const char *name = look->page->classes[label_of(&item)];
        ten_html(html, "<tr><th scope=\"row\">%s</th>", name);
        size_t many = ten_value_length(&groups, 0);
        for (size_t k = 0; k < many; k++) {
            struct ten_value group = ten_value_item(&groups, k);
            ten_html_raw(html, "<td>");
            ten_part_picture(look->page, ten_member_picture(&group, "image"), look->width, look->height, 1,
                             "group %zu of class %s", k + 1, name);
            ten_html(html, "<small>%s</small></td>", ten_show_count((double)ten_member_count(&group, "count")).text);
        }
        ten_html_raw(html, "</tr>\n");
    }
    ten_html(html,
             "</tbody></table></div><figcaption><b>Figure %zu.</b> The ways to %s: means of the groups that k-means "
             "finds within a class, and how many training images are in each.</figcaption></figure>\n",
             ++look->page->figure_number, look->page->digits ? "write a digit" : "be of a class");
}

static void write_extremes_of(const struct look *look, const struct ten_value *item, const char *kind) {
    struct ten_value digits = ten_value_member(item, "digits");
    size_t many = ten_value_length(&digits, 0);
    for (size_t k = 0; k < many; k++) {
        struct ten_value digit = ten_value_item(&digits, k);
        double distance = ten_member_number(&digit, "distance", 0, HUGE_VAL);
        ten_part_picture(look->page, ten_member_picture(&digit, "image"), look->width, look->height, 1,
                         "%s: training image %zu, distance %.3g", kind, ten_member_count(&digit, "index"), distance);
    }
}

static void write_extremes(const struct look *look) {
    static const char *const members[] = {"typical", "atypical"}, *const words[] = {"most typical", "least typical"};
    struct ten_html *html = &look->page->html;
    struct ten_value kinds[2];
    size_t count = TEN_CLASSES;
    ten_html_raw(html, "<figure class=\"pictures\"><div class=\"scroll\" role=\"region\" tabindex=\"0\" "
                       "aria-label=\"Most and least typical images of each class\"><table class=\"faces rows\">\n"
                       "<thead><tr><td></td>");
    for (size_t k = 0; k < 2; k++) {
        kinds[k] = ten_value_member(&look->train, members[k]);
        size_t length = ten_value_length(&kinds[k], 0);
        if (length < count) count = length;
        ten_html(html, "<th scope=\"col\">%s</th>", words[k]);
    }
    ten_html_raw(html, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < 2; k++) {
            struct ten_value item = ten_value_item(&kinds[k], i);
            size_t label = label_of(&item);
            if (k == 0) ten_html(html, "<tr><th scope=\"row\">%s</th>", look->page->classes[label]);
            ten_html_raw(html, "<td>");
            write_extremes_of(look, &item, words[k]);
            ten_html_raw(html, "</td>");
        }
        ten_html_raw(html, "</tr>\n");
    }
    ten_html(html,
             "</tbody></table></div><figcaption><b>Figure %zu.</b> Training images nearest to and farthest from the "
             "rest of their class.</figcaption></figure>\n",
             ++look->page->figure_number);
}

static void write_within(const struct look *look) {
    bool prototypes = ten_value_has(&look->train, "prototypes");
    bool extremes = ten_value_has(&look->train, "typical") && ten_value_has(&look->train, "atypical");
    if (!prototypes && !extremes) return;
    ten_html_raw(&look->page->html, "<h3>Variation within a class</h3>\n<div class=\"pair within\">\n");
    if (prototypes) write_prototypes(look);
    if (extremes) write_extremes(look);
    ten_html_raw(&look->page->html, "</div>\n");
}

/* ---- Noise and strokes -------------------------------------------------------------------------------- */

static const struct measure {
    const char *member, *title, *noun;
    int digits;
    double least; /* that it can be */
} measures[] = {
    {"stroke_width", "stroke width, pixels", "Width of the strokes", 2, 0},
    {"slant", "slant, degrees", "Slant", 1, -HUGE_VAL},
    {"isolated_pixels", "isolated pixels per image", "Isolated pixels, with nothing around them", 2, 0},
    {"ink", "ink, pixels’ worth", "Ink in full pixels", 1, 0},
};
enum { MEASURES = sizeof measures / sizeof *measures };

struct noise {
    size_t count;
    size_t label[TEN_CLASSES];
    double mean[TEN_CLASSES][MEASURES], deviation[TEN_CLASSES][MEASURES]; /* NAN: a class without images */
};

static struct noise read_noise(const struct ten_value *set) {
    struct noise noise = {0};
    struct ten_value all = ten_value_member(set, "noise");
    size_t count = ten_value_length(&all, 0);
    noise.count = count < TEN_CLASSES ? count : TEN_CLASSES;
    for (size_t i = 0; i < noise.count; i++) {
        struct ten_value item = ten_value_item(&all, i);
        noise.label[i] = label_of(&item);
        for (size_t m = 0; m < MEASURES; m++) {
            struct ten_value value = ten_value_member(&item, measures[m].member);
            noise.mean[i][m] = ten_member_number_or_nan(&value, "mean", -HUGE_VAL, HUGE_VAL);
            noise.deviation[i][m] = ten_member_number_or_nan(&value, "deviation", 0, HUGE_VAL);
        }
    }
    return noise;
}

static void write_noise_table(const struct look *look, const struct noise *noise) {
    struct ten_html *html = &look->page->html;
    ten_part_table(look->page, "numbers", "Noise and strokes of each class, training images");
    ten_html_raw(html, "<thead><tr><th scope=\"col\">Class</th>");
    for (size_t m = 0; m < MEASURES; m++) ten_html(html, "<th scope=\"col\">%s</th>", measures[m].title);
    ten_html_raw(html, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < noise->count; i++) {
        ten_html(html, "<tr><th scope=\"row\">%s</th>", look->page->classes[noise->label[i]]);
        for (size_t m = 0; m < MEASURES; m++)
            ten_html(html, "<td>%s ± %s</td>", ten_show_number(noise->mean[i][m], measures[m].digits).text,
                     ten_show_number(noise->deviation[i][m], measures[m].digits).text);
        ten_html_raw(html, "</tr>\n");
    }
    ten_html_raw(html, "</tbody>");
    ten_part_table_end(look->page);
}

static void write_measure(const struct look *look, const struct noise *sets, size_t m) {
    static const char *const names[] = {"training", "test"};
    struct ten_page *page = look->page;
    json_t *values = json_array();
    size_t least = TEN_CLASSES, most = TEN_CLASSES;
    for (size_t s = 0; s < 2; s++)
        for (size_t i = 0; i < sets[s].count; i++) {
            double mean = sets[s].mean[i][m], deviation = sets[s].deviation[i][m];
            if (!isfinite(mean) || !isfinite(deviation)) continue;
            ten_figure_row(page, values, "{s:s,s:s,s:f,s:f,s:f,s:f}", "class", page->classes[sets[s].label[i]], "set",
                           names[s], "mean", mean, "deviation", deviation, "low",
                           fmax(mean - deviation, measures[m].least), "high", mean + deviation);
            if (s) continue;
            if (least == TEN_CLASSES || mean < sets[0].mean[least][m]) least = i;
            if (most == TEN_CLASSES || mean > sets[0].mean[most][m]) most = i;
        }
    json_t *figure = ten_figure_new(page, "noise", values);
    ten_figure_set(page, figure, "encoding.y.title", json_string(measures[m].title));
    if (!page->digits) ten_figure_set(page, figure, "encoding.x.axis.labelAngle", json_integer(-40));
    char name[64], label[128];
    snprintf(name, sizeof name, "noise-%s", measures[m].member);
    snprintf(label, sizeof label, "Dot chart: %s of each class, mean and standard deviation", measures[m].title);
    ten_figure_begin(page, figure, "half", name, label);
    ten_html(&page->html, "%s: mean and standard deviation of each class.", measures[m].noun);
    if (least < TEN_CLASSES && sets[0].mean[least][m] < sets[0].mean[most][m]) {
        ten_html_raw(&page->html, " Least for ");
        ten_part_class(page, sets[0].label[least]);
        ten_html(&page->html, " (%s), most for ", ten_show_number(sets[0].mean[least][m], measures[m].digits).text);
        ten_part_class(page, sets[0].label[most]);
        ten_html(&page->html, " (%s).", ten_show_number(sets[0].mean[most][m], measures[m].digits).text);
    }
    if (m == 0) {
        ten_figure_table(page);
        write_noise_table(look, &sets[0]);
    }
    ten_figure_end(page, name);
}

static void write_noise(const struct look *look) {
    if (!ten_value_has(&look->train, "noise") || !ten_value_has(&look->test, "noise")) return;
    const struct noise sets[2] = {read_noise(&look->train), read_noise(&look->test)};
    ten_html(&look->page->html, "<h3>Noise and %s</h3>\n<div class=\"pair small\">\n",
             look->page->digits ? "strokes" : "shapes");
    for (size_t m = 0; m < MEASURES; m++)
        if (look->page->digits || m == 2 || m == 3) write_measure(look, sets, m);
    ten_html_raw(&look->page->html, "</div>\n");
}

/* ---- Copies ------------------------------------------------------------------------------------------- */

static void write_pairs(const struct look *look, const struct ten_value *pairs, size_t count) {
    struct ten_html *html = &look->page->html;
    ten_part_table(look->page, "numbers", "Images in both sets");
    ten_html_raw(html, "<thead><tr><th scope=\"col\">Training image</th><th scope=\"col\">Its label</th>"
                       "<th scope=\"col\">Test image</th><th scope=\"col\">Its label</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < count; i++) {
        struct ten_value pair = ten_value_item(pairs, i);
        size_t train = (size_t)ten_member_number(&pair, "train_label", 0, TEN_CLASSES - 1);
        size_t test = (size_t)ten_member_number(&pair, "test_label", 0, TEN_CLASSES - 1);
        ten_html(html, "<tr><th scope=\"row\">%zu</th><td>%s</td><td>%zu</td><td>%s</td></tr>\n",
                 ten_member_count(&pair, "train"), look->page->classes[train], ten_member_count(&pair, "test"),
                 look->page->classes[test]);
    }
    ten_html_raw(html, "</tbody>");
    ten_part_table_end(look->page);
}

static void write_copies(const struct look *look) {
    enum { MOST = 12 };
    if (!ten_value_has(&look->root, "between")) return;
    struct ten_html *html = &look->page->html;
    struct ten_value between = ten_value_member(&look->root, "between"), pairs = ten_value_member(&between, "pairs");
    size_t count = ten_member_count(&between, "duplicates"), listed = ten_value_length(&pairs, 0);
    ten_html_raw(html, "<h3>Copies</h3>\n<p>");
    size_t within[2] = {ten_member_count(&look->train, "duplicates"), ten_member_count(&look->test, "duplicates")};
    if (within[0] + within[1] == 0) {
        ten_html_raw(html, "No image of a set equals another of it");
    } else {
        ten_html(html, "%s training and ", ten_show_count((double)within[0]).text);
        ten_html(html, "%s test images equal an earlier one of their set", ten_show_count((double)within[1]).text);
    }
    if (count == 0) {
        ten_html_raw(html, ", and none of the test set equals one of the training set: what is measured on the one "
                           "was not seen in the other.</p>\n");
        return;
    }
    ten_html(html, "; %s test image%s equal%s a training image, byte for byte.</p>\n",
             ten_show_count((double)count).text, count == 1 ? "" : "s", count == 1 ? "s" : "");
    if (listed) write_pairs(look, &pairs, listed < MOST ? listed : MOST);
}

/* ---- One class against another ------------------------------------------------------------------------ */

/* A pair of classes: its distance and its picture; NULL where the file has none. */
struct contrast {
    double distance;
    const char *picture;
};

struct contrasts {
    struct contrast pair[TEN_CLASSES][TEN_CLASSES]; /* [first][second] and, the other way round, [second][first] */
    const char *mean[TEN_CLASSES];
    size_t count, nearest[2], farthest[2];
};

static struct contrasts read_contrasts(const struct look *look) {
    struct contrasts all = {0};
    struct ten_value list = ten_value_member(&look->root, "contrasts");
    struct ten_value images = ten_value_member(&look->train, "class_images");
    size_t length = ten_value_length(&list, 0), classes = ten_value_length(&images, 0);
    double least = HUGE_VAL, most = -1;
    for (size_t i = 0; i < length; i++) {
        struct ten_value item = ten_value_item(&list, i);
        size_t a = (size_t)ten_member_number(&item, "first", 0, TEN_CLASSES - 1);
        size_t b = (size_t)ten_member_number(&item, "second", 0, TEN_CLASSES - 1);
        double distance = ten_member_number(&item, "distance", 0, HUGE_VAL);
        struct contrast contrast = {distance, ten_member_picture(&item, "image")};
        all.pair[a][b] = all.pair[b][a] = contrast;
        if (distance < least) least = distance, all.nearest[0] = a, all.nearest[1] = b;
        if (distance > most) most = distance, all.farthest[0] = a, all.farthest[1] = b;
        all.count++;
    }
    for (size_t i = 0; i < classes; i++) {
        struct ten_value item = ten_value_item(&images, i);
        size_t label = label_of(&item);
        all.mean[label] = ten_member_picture(&item, "mean");
    }
    return all;
}

/* Below the diagonal the picture, on it the class's mean, above it the distance. */
static void write_contrast(const struct look *look, const struct contrasts *all, size_t row, size_t column, double low,
                           double high) {
    enum { TONES = 4 };
    struct ten_page *page = look->page;
    const struct contrast *pair = &all->pair[row][column];
    if (row == column) {
        ten_html_raw(&page->html, "<td>");
        if (all->mean[row])
            ten_part_picture(page, all->mean[row], look->width, look->height, 1, "mean of class %s",
                             page->classes[row]);
    } else if (!pair->picture) {
        ten_html_raw(&page->html, "<td>–");
    } else if (row > column) {
        ten_html_raw(&page->html, "<td class=\"signed\">");
        ten_part_picture(page, pair->picture, look->width, look->height, 1, "class %s against class %s",
                         page->classes[column], page->classes[row]);
    } else {
        double share = high > low ? (pair->distance - low) / (high - low) : 0;
        int tone = 1 + (int)(share * (TONES - 1) + 0.5);
        ten_html(&page->html, "<td class=\"tone-%d\">%s", tone, ten_show_number(pair->distance, 1).text);
    }
    ten_html_raw(&page->html, "</td>");
}

static void write_contrasts(const struct look *look) {
    if (!ten_value_has(&look->root, "contrasts")) return;
    struct ten_page *page = look->page;
    struct ten_html *html = &page->html;
    struct contrasts all = read_contrasts(look);
    if (all.count == 0) return;
    double low = all.pair[all.nearest[0]][all.nearest[1]].distance;
    double high = all.pair[all.farthest[0]][all.farthest[1]].distance;
    ten_html_raw(html, "<h3>One class against another</h3>\n<figure class=\"pictures\"><div class=\"scroll\" "
                       "role=\"region\" tabindex=\"0\" aria-label=\"Average images against each other\">"
                       "<table class=\"faces contrasts\">\n<thead><tr><td></td>");
    for (size_t c = 0; c < TEN_CLASSES; c++) ten_html(html, "<th scope=\"col\">%s</th>", page->classes[c]);
    ten_html_raw(html, "</tr></thead>\n<tbody>\n");
    for (size_t r = 0; r < TEN_CLASSES; r++) {
        ten_html(html, "<tr><th scope=\"row\">%s</th>", page->classes[r]);
        for (size_t c = 0; c < TEN_CLASSES; c++) write_contrast(look, &all, r, c, low, high);
        ten_html_raw(html, "</tr>\n");
    }
    ten_html(html,
             "</tbody></table></div><figcaption><b>Figure %zu.</b> The average images of the classes: on the diagonal "
             "themselves, below it one against the other, blue where the column’s has more %s and red where the "
             "row’s has, above it their distance. Most alike are ",
             ++page->figure_number, page->digits ? "ink" : "light");
    ten_part_class(page, all.nearest[0]);
    ten_html_raw(html, " and ");
    ten_part_class(page, all.nearest[1]);
    ten_html(html, " (%s), least ", ten_show_number(low, 1).text);
    ten_part_class(page, all.farthest[0]);
    ten_html_raw(html, " and ");
    ten_part_class(page, all.farthest[1]);
    ten_html(html, " (%s).</figcaption></figure>\n", ten_show_number(high, 1).text);
}

void ten_part_variation(struct ten_page *page) {
    struct look look = read_look(page);
    write_within(&look);
    write_noise(&look);
    write_contrasts(&look);
    write_copies(&look);
}
