/* What `tenfold inspect` tells of a network and of what it makes of an image: tables for people, JSON for programs. */
#include "cli/inspect.h"

#include "base/text.h"
#include "study/json.h"

#include <math.h>

/* ---- Statistics ------------------------------------------------------------------------------------------------ */

struct statistics {
    size_t count;
    double mean, deviation, minimum, maximum;
    double zeros; /* share of values that are 0 */
};

/* Of values[0], values[stride], ...; count >= 1. The deviation is that of the values, not an estimate of another. */
static struct statistics statistics_of(const float *values, size_t count, size_t stride) {
    struct statistics s = {.count = count, .minimum = (double)values[0], .maximum = (double)values[0]};
    double sum = 0, squares = 0, zeros = 0;
    for (size_t i = 0; i < count; i++) {
        double value = (double)values[i * stride];
        sum += value;
        zeros += value == 0;
        s.minimum = fmin(s.minimum, value);
        s.maximum = fmax(s.maximum, value);
    }
    s.mean = sum / (double)count;
    for (size_t i = 0; i < count; i++) squares += pow((double)values[i * stride] - s.mean, 2);
    s.deviation = sqrt(squares / (double)count);
    s.zeros = zeros / (double)count;
    return s;
}

/* How many of a layer's maps are 0 everywhere. */
static size_t silent_maps(const struct ten_maps *maps) {
    size_t silent = 0, pixels = maps->height * maps->width;
    for (size_t c = 0; c < maps->channels; c++)
        silent += statistics_of(maps->values + c, pixels, maps->channels).zeros == 1;
    return silent;
}

/* ---- For people ------------------------------------------------------------------------------------------------ */

static void name_shape(char *out, size_t size, size_t height, size_t width, size_t channels) {
    if (height == 1 && width == 1)
        snprintf(out, size, "%zu", channels);
    else
        snprintf(out, size, "%zux%zux%zu", height, width, channels);
}

/* The cells that a layer's line begins with: number, text, output. */
static char (*begin_row(struct table *table, const struct inspection *in, size_t i))[72] {
    char(*cell)[72] = ten_table_row(table);
    const struct ten_layer_info *layer = &in->layers[i];
    snprintf(cell[0], sizeof *cell, "%zu", i + 1);
    snprintf(cell[1], sizeof *cell, "%.70s", layer->text);
    name_shape(cell[2], sizeof *cell, layer->height, layer->width, layer->channels);
    return cell;
}

static void put_statistics(char (*cell)[72], const struct statistics *s) {
    const double numbers[] = {s->mean, s->deviation, s->minimum, s->maximum};
    for (size_t i = 0; i < 4; i++) snprintf(cell[i], sizeof *cell, "%.4g", numbers[i]);
}

int ten_inspect_print_network(const struct inspection *in) {
    static const char *const headings[] = {">layer",         "",           ">output",   ">parameters", ">multiply-adds",
                                           ">weights: mean", ">deviation", ">smallest", ">largest"};
    struct table table = {.columns = sizeof headings / sizeof *headings, .headings = headings};
    char shape[72], parameters[32], operations[32];
    for (size_t i = 0; i < in->net.layers; i++) {
        const struct ten_layer_info *layer = &in->layers[i];
        char(*cell)[72] = begin_row(&table, in, i);
        ten_format_grouped(cell[3], layer->parameters);
        ten_format_grouped(cell[4], layer->operations);
        if (!layer->weight_count) continue;
        struct statistics s = statistics_of(layer->weights, layer->weight_count, 1);
        put_statistics(cell + 5, &s);
    }
    name_shape(shape, sizeof shape, in->net.height, in->net.width, in->net.channels);
    printf("%s%s%s (%s), fitted on %zu images\n", ten_bold(), in->about.model->title, ten_plain(), in->about.prep,
           in->about.train_count);
    printf("input %s, %s parameters, %s multiply-adds an image, %zu penultimate features\n\n", shape,
           ten_format_grouped(parameters, in->net.parameters), ten_format_grouped(operations, in->net.operations),
           in->net.penultimate);
    return ten_table_print(&table, stdout);
}

int ten_inspect_print_answer(const struct inspection *in, const struct subject *subject, const struct answer *answer) {
    static const char *const headings[] = {">layer",    "",         ">output", ">mean",       ">deviation",
                                           ">smallest", ">largest", ">zeros",  ">silent maps"};
    struct table table = {.columns = sizeof headings / sizeof *headings, .headings = headings};
    for (size_t i = 0; i < in->net.layers; i++) {
        const struct ten_maps *maps = &answer->maps[i];
        if (!maps->values) continue;
        char(*cell)[72] = begin_row(&table, in, i);
        struct statistics s = statistics_of(maps->values, maps->height * maps->width * maps->channels, 1);
        put_statistics(cell + 3, &s);
        snprintf(cell[7], sizeof *cell, "%.1f %%", 100 * s.zeros);
        if (maps->height * maps->width == 1) continue; /* of single values `zeros` has told it */
        snprintf(cell[8], sizeof *cell, "%zu of %zu", silent_maps(maps), maps->channels);
    }
    if (subject->path)
        printf("%s: ", subject->path);
    else
        printf("%s image %zu (%s): ", in->on, subject->index, in->about.class_names[subject->truth]);
    ten_print_label(&in->about, answer->probabilities);
    printf("\n\n");
    return ten_table_print(&table, stdout);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

static json_t *integer(size_t value) { return json_integer((json_int_t)value); }

static json_t *reals_json(const float *values, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(list, json_real((double)values[i]));
    return list;
}

static json_t *statistics_json(const float *values, size_t count, size_t stride) {
    if (!values) return json_null();
    struct statistics s = statistics_of(values, count, stride);
    return json_pack("{s:I, s:f, s:f, s:f, s:f, s:f}", "count", (json_int_t)count, "mean", s.mean, "deviation",
                     s.deviation, "minimum", s.minimum, "maximum", s.maximum, "zeros", s.zeros);
}

static json_t *shape_json(size_t height, size_t width, size_t channels) {
    return json_pack("[I, I, I]", (json_int_t)height, (json_int_t)width, (json_int_t)channels);
}

json_t *ten_inspect_network_json(const struct inspection *in) {
    json_t *layers = json_array(), *classes = json_array();
    for (int c = 0; c < TEN_CLASSES; c++) json_array_append_new(classes, json_string(in->about.class_names[c]));
    for (size_t i = 0; i < in->net.layers; i++) {
        const struct ten_layer_info *l = &in->layers[i];
        json_array_append_new(layers, json_pack("{s:I, s:s, s:s, s:o, s:I, s:I, s:o, s:o, s:o}", "layer",
                                                (json_int_t)i + 1, "kind", l->kind, "text", l->text, "output",
                                                shape_json(l->height, l->width, l->channels), "parameters",
                                                (json_int_t)l->parameters, "multiply_adds", (json_int_t)l->operations,
                                                "weights", statistics_json(l->weights, l->weight_count, 1), "offsets",
                                                statistics_json(l->offsets, l->offset_count, 1), "statistics",
                                                statistics_json(l->statistics, l->statistic_count, 1)));
    }
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:o}", "model", in->about.model->name, "title",
                     in->about.model->title, "prep", in->about.prep, "classes", classes, "input",
                     shape_json(in->net.height, in->net.width, in->net.channels), "parameters",
                     (json_int_t)in->net.parameters, "multiply_adds", (json_int_t)in->net.operations, "penultimate",
                     (json_int_t)in->net.penultimate, "train_count", (json_int_t)in->about.train_count, "layers",
                     layers);
}

/* One layer's maps of an image; all values only where layers were chosen. */
static json_t *maps_json(const struct inspection *in, size_t i, const struct ten_maps *maps) {
    size_t pixels = maps->height * maps->width, size = pixels * maps->channels;
    json_t *layer = statistics_json(maps->values, size, 1), *list = json_array();
    for (size_t c = 0; c < maps->channels; c++)
        json_array_append_new(list, statistics_json(maps->values + c, pixels, maps->channels));
    json_object_set_new(layer, "layer", integer(i + 1));
    json_object_set_new(layer, "text", json_string(in->layers[i].text));
    json_object_set_new(layer, "output", shape_json(maps->height, maps->width, maps->channels));
    json_object_set_new(layer, "maps", list);
    if (in->chosen.count) json_object_set_new(layer, "values", reals_json(maps->values, size));
    return layer;
}

json_t *ten_inspect_answer_json(const struct inspection *in, const struct subject *subject,
                                const struct answer *answer) {
    json_t *image = json_object(), *seen = json_array(), *layers = json_array();
    for (size_t i = 0; i < subject->height * subject->width; i++)
        json_array_append_new(seen, json_integer(subject->pixels[i]));
    for (size_t i = 0; i < in->net.layers; i++)
        if (answer->maps[i].values) json_array_append_new(layers, maps_json(in, i, &answer->maps[i]));
    if (subject->path) {
        json_object_set_new(image, "image", ten_json_text(subject->path));
    } else {
        json_object_set_new(image, "on", json_string(in->on));
        json_object_set_new(image, "index", integer(subject->index));
        json_object_set_new(image, "truth", json_integer(subject->truth));
    }
    json_object_set_new(image, "label", json_integer(ten_label(answer->probabilities)));
    json_object_set_new(image, "probabilities", reals_json(answer->probabilities, TEN_CLASSES));
    json_object_set_new(image, "seen", seen);
    json_object_set_new(image, "input", reals_json(answer->input.values, answer->input.columns));
    json_object_set_new(image, "class", json_integer(answer->class));
    json_object_set_new(image, "saliency", reals_json(answer->saliency.values, answer->saliency.columns));
    json_object_set_new(image, "features", reals_json(answer->features.values, answer->features.columns));
    json_object_set_new(image, "layers", layers);
    return image;
}
