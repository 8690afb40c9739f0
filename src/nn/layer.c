/* The table of layers, and reading them: "NAME WORD WORD, NAME WORD, ...". */
#include "nn/layer.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct ten_layer_type *const ten_layer_types[] = {
    &ten_layer_conv,
    &ten_layer_dense,
    &ten_layer_maxpool,
    &ten_layer_avgpool,
    &ten_layer_global_avgpool,
    &ten_layer_relu,
    &ten_layer_leaky_relu,
    &ten_layer_dropout,
    &ten_layer_batchnorm,
    &ten_layer_flatten,
    NULL,
};

/* ---- Words -------------------------------------------------------------------------------------------------------
 */

bool ten_word_count(const char *word, size_t least, size_t most, size_t *value) {
    int64_t number;
    if (!ten_parse_integer(word, &number) || number < (int64_t)least || number > (int64_t)most) return false;
    *value = (size_t)number;
    return true;
}

bool ten_word_size(const char *word, size_t most, size_t *height, size_t *width) {
    const char *x = strchr(word, 'x');
    char first[24];
    if (!x) return ten_word_count(word, 1, most, height) && ten_word_count(word, 1, most, width);
    if ((size_t)(x - word) >= sizeof first) return false;
    memcpy(first, word, (size_t)(x - word));
    first[x - word] = '\0';
    return ten_word_count(first, 1, most, height) && ten_word_count(x + 1, 1, most, width);
}

bool ten_word_real(const char *word, double least, double most, float *value) {
    double number;
    if (!ten_parse_real(word, &number) || !(number >= least && number <= most)) return false;
    *value = (float)number;
    return true;
}

void ten_layer_write(struct ten_layer *layer, const char *format, ...) {
    size_t used = strlen(layer->text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(layer->text + used, sizeof layer->text - used, format, arguments);
    va_end(arguments);
}

void ten_layer_write_rate(struct ten_layer *layer, float value) {
    char text[32];
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value) break;
    }
    ten_layer_write(layer, " %s", text);
}

struct ten_volume_name ten_volume_name(struct ten_volume volume) {
    struct ten_volume_name name;
    if (volume.height == 1 && volume.width == 1)
        snprintf(name.text, sizeof name.text, "%zu", volume.channels);
    else
        snprintf(name.text, sizeof name.text, "%zux%zux%zu", volume.height, volume.width, volume.channels);
    return name;
}

/* ---- Layers ------------------------------------------------------------------------------------------------------
 */

static enum ten_status unknown(const char *name, struct ten_error *error) {
    char known[256] = "";
    size_t used = 0;
    for (size_t i = 0; ten_layer_types[i] && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s",
                                 i == 0                   ? ""
                                 : ten_layer_types[i + 1] ? ", "
                                                          : " or ",
                                 ten_layer_types[i]->name);
    return ten_fail(error, TEN_INVALID, "there is no layer '%s'; expected %s", name, known);
}

/* Reads one layer from a text, which is cut into words in place. */
static enum ten_status parse_layer(struct ten_layer *layer, char *text, struct ten_error *error) {
    enum { WORDS = 8 };
    const char *word[WORDS];
    size_t words = 0;
    char *rest = NULL;
    for (char *at = strtok_r(text, " \t\r\n", &rest); at; at = strtok_r(NULL, " \t\r\n", &rest), words++)
        if (words < WORDS) word[words] = at;
    if (words == 0) return ten_fail(error, TEN_INVALID, "expected a layer, such as 'relu'");
    for (size_t i = 0; ten_layer_types[i]; i++) {
        const struct ten_layer_type *type = ten_layer_types[i];
        if (strcmp(type->name, word[0]) != 0) continue;
        layer->type = type;
        ten_layer_write(layer, "%s", type->name);
        if (words <= WORDS && type->parse(layer, words - 1, word + 1)) return TEN_OK;
        return ten_fail(error, TEN_INVALID, "expected %s", type->usage);
    }
    return unknown(word[0], error);
}

enum ten_status ten_layers_parse(struct ten_layer **layers, size_t *count, const char *text, struct ten_error *error) {
    struct ten_layer *list = ten_alloc_zero(TEN_MAX_LAYERS, sizeof *list);
    enum ten_status status = list ? TEN_OK : ten_fail_memory(error, "a network");
    *count = 0;
    for (const char *at = text; status == TEN_OK && at;) {
        size_t length = strcspn(at, ",");
        char shown[64], copy[128];
        snprintf(shown, sizeof shown, "%.*s", (int)(length < sizeof shown ? length : sizeof shown), at);
        char *first = shown + strspn(shown, " \t\r\n");
        for (size_t l = strlen(first); l && strchr(" \t\r\n", first[l - 1]); l--) first[l - 1] = '\0';
        struct ten_error inner = {.status = TEN_OK};
        if (*count == TEN_MAX_LAYERS)
            status = ten_fail(error, TEN_INVALID, "a network has at most %d layers", TEN_MAX_LAYERS);
        else if (length >= sizeof copy)
            status = ten_fail(error, TEN_INVALID, "layer %zu (%s...): too long to be a layer", *count + 1, first);
        else {
            memcpy(copy, at, length);
            copy[length] = '\0';
            struct ten_layer *layer = &list[*count];
            layer->number = (*count)++;
            status = parse_layer(layer, copy, &inner);
            if (status != TEN_OK) ten_fail(error, status, "layer %zu (%s): %s", *count, first, inner.message);
        }
        at = at[length] ? at + length + 1 : NULL;
    }
    if (status != TEN_OK) {
        free(list);
        list = NULL;
    }
    *layers = list;
    return status;
}

enum ten_status ten_window_plan(struct ten_layer *layer, struct ten_error *error) {
    size_t height = layer->in.height + 2 * layer->padding, width = layer->in.width + 2 * layer->padding;
    layer->top = layer->left = layer->padding;
    if (layer->same) {
        height = layer->in.height + layer->kernel_height - 1;
        width = layer->in.width + layer->kernel_width - 1;
        layer->top = (layer->kernel_height - 1) / 2;
        layer->left = (layer->kernel_width - 1) / 2;
    }
    if (layer->kernel_height > height || layer->kernel_width > width)
        return ten_fail(error, TEN_INVALID, "a window of %zux%zu does not fit into its input of %zux%zu%s",
                        layer->kernel_height, layer->kernel_width, layer->in.height, layer->in.width,
                        layer->padding ? ", padding included" : "");
    layer->out.height = (height - layer->kernel_height) / layer->stride_height + 1;
    layer->out.width = (width - layer->kernel_width) / layer->stride_width + 1;
    return TEN_OK;
}

/* ---- Parameters --------------------------------------------------------------------------------------------------
 */

void ten_initialise_uniform(struct ten_random *random, size_t fan_in, size_t count, float *values) {
    double bound = 1 / sqrt((double)fan_in);
    for (size_t i = 0; i < count; i++) values[i] = (float)((2 * ten_random_unit(random) - 1) * bound);
}
