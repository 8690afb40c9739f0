/* Pooling: the largest or the mean of each window, channel by channel. Windows that would stand over the edge are left
 * out, as PyTorch does. */
#include "base/error.h"
#include "nn/layer.h"

#include <string.h>

/* ---- What they share ---------------------------------------------------------------------------------------------
 */

static bool parse(struct ten_layer *layer, size_t words, const char *const *word) {
    if ((words != 1 && words != 3) ||
        !ten_word_size(word[0], TEN_MAX_WINDOW, &layer->kernel_height, &layer->kernel_width))
        return false;
    layer->stride_height = layer->kernel_height;
    layer->stride_width = layer->kernel_width;
    if (words == 3 && (strcmp(word[1], "stride") != 0 ||
                       !ten_word_size(word[2], TEN_MAX_WINDOW, &layer->stride_height, &layer->stride_width)))
        return false;
    ten_layer_write(layer, " %zu", layer->kernel_height);
    if (layer->kernel_height != layer->kernel_width) ten_layer_write(layer, "x%zu", layer->kernel_width);
    if (layer->stride_height == layer->kernel_height && layer->stride_width == layer->kernel_width) return true;
    ten_layer_write(layer, " stride %zu", layer->stride_height);
    if (layer->stride_height != layer->stride_width) ten_layer_write(layer, "x%zu", layer->stride_width);
    return true;
}

/* Where the window of output pixel `p` of `rows` x out.height x out.width begins in the input. */
static size_t window_of(const struct ten_layer *layer, size_t p) {
    size_t ox = p % layer->out.width, line = p / layer->out.width;
    size_t oy = line % layer->out.height, row = line / layer->out.height;
    return ((row * layer->in.height + oy * layer->stride_height) * layer->in.width + ox * layer->stride_width) *
           layer->in.channels;
}

/* ---- The largest -------------------------------------------------------------------------------------------------
 */

static enum ten_status plan_max(struct ten_layer *layer, struct ten_error *error) {
    if (layer->kernel_height * layer->kernel_width > 256)
        return ten_fail(error, TEN_INVALID, "a window has at most 256 pixels");
    enum ten_status status = ten_window_plan(layer, error);
    layer->out.channels = layer->in.channels;
    layer->kept = ten_volume_size(layer->out); /* the place of the largest in its window */
    return status;
}

static void take_larger(size_t n, const float *restrict in, float *restrict out) {
    for (size_t c = 0; c < n; c++) out[c] = in[c] > out[c] ? in[c] : out[c];
}

/* The same, and place gets the number where it is larger. */
static void mark_larger(size_t n, const float *restrict in, uint8_t number, float *restrict out,
                        uint8_t *restrict place) {
    for (size_t c = 0; c < n; c++) {
        bool larger = in[c] > out[c];
        out[c] = larger ? in[c] : out[c];
        place[c] = larger ? number : place[c];
    }
}

static void forward_max(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                        float *out, void *kept) {
    (void)pass;
    size_t channels = layer->in.channels, pixels = rows * layer->out.height * layer->out.width;
    uint8_t *place = kept; /* NULL: nobody will ask */
    if (place) memset(place, 0, pixels * channels);
    for (size_t p = 0; p < pixels; p++, out += channels) {
        const float *window = in + window_of(layer, p);
        memcpy(out, window, channels * sizeof *out);
        for (size_t ky = 0, number = 0; ky < layer->kernel_height; ky++)
            for (size_t kx = 0; kx < layer->kernel_width; kx++, number++) {
                const float *from = window + (ky * layer->in.width + kx) * channels;
                if (number && place)
                    mark_larger(channels, from, (uint8_t)number, out, place + p * channels);
                else if (number)
                    take_larger(channels, from, out);
            }
    }
}

static void give_back(size_t n, const float *restrict from, const uint8_t *restrict place, uint8_t number,
                      float *restrict to) {
    for (size_t c = 0; c < n; c++) to[c] += place[c] == number ? from[c] : 0;
}

static void backward_max(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                         const float *out, const void *kept, float *out_gradient, float *in_gradient, float *gradient) {
    (void)pass, (void)in, (void)out, (void)gradient;
    if (!in_gradient) return;
    size_t channels = layer->in.channels, pixels = rows * layer->out.height * layer->out.width;
    const uint8_t *place = kept;
    memset(in_gradient, 0, rows * ten_volume_size(layer->in) * sizeof *in_gradient);
    for (size_t p = 0; p < pixels; p++, out_gradient += channels, place += channels) {
        float *window = in_gradient + window_of(layer, p);
        for (size_t ky = 0, number = 0; ky < layer->kernel_height; ky++)
            for (size_t kx = 0; kx < layer->kernel_width; kx++, number++)
                give_back(channels, out_gradient, place, (uint8_t)number,
                          window + (ky * layer->in.width + kx) * channels);
    }
}

const struct ten_layer_type ten_layer_maxpool = {
    .name = "maxpool",
    .usage = "maxpool N|HxW [stride S] (each 1..64; S the window's size unless told)",
    .summary = "the largest value of every window",
    .parse = parse,
    .plan = plan_max,
    .forward = forward_max,
    .backward = backward_max,
};

/* ---- The mean ----------------------------------------------------------------------------------------------------
 */

static enum ten_status plan_mean(struct ten_layer *layer, struct ten_error *error) {
    layer->out.channels = layer->in.channels;
    return ten_window_plan(layer, error);
}

/* to += factor * from. */
static void add_scaled(size_t n, const float *restrict from, float factor, float *restrict to) {
    for (size_t c = 0; c < n; c++) to[c] += factor * from[c];
}

static void forward_mean(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                         float *out, void *kept) {
    (void)pass, (void)kept;
    size_t channels = layer->in.channels, pixels = rows * layer->out.height * layer->out.width;
    float factor = 1 / (float)(layer->kernel_height * layer->kernel_width);
    memset(out, 0, pixels * channels * sizeof *out);
    for (size_t p = 0; p < pixels; p++, out += channels) {
        const float *window = in + window_of(layer, p);
        for (size_t ky = 0; ky < layer->kernel_height; ky++)
            for (size_t kx = 0; kx < layer->kernel_width; kx++)
                add_scaled(channels, window + (ky * layer->in.width + kx) * channels, factor, out);
    }
}

static void backward_mean(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                          const float *out, const void *kept, float *out_gradient, float *in_gradient,
                          float *gradient) {
    (void)pass, (void)in, (void)out, (void)kept, (void)gradient;
    if (!in_gradient) return;
    size_t channels = layer->in.channels, pixels = rows * layer->out.height * layer->out.width;
    float factor = 1 / (float)(layer->kernel_height * layer->kernel_width);
    memset(in_gradient, 0, rows * ten_volume_size(layer->in) * sizeof *in_gradient);
    for (size_t p = 0; p < pixels; p++, out_gradient += channels) {
        float *window = in_gradient + window_of(layer, p);
        for (size_t ky = 0; ky < layer->kernel_height; ky++)
            for (size_t kx = 0; kx < layer->kernel_width; kx++)
                add_scaled(channels, out_gradient, factor, window + (ky * layer->in.width + kx) * channels);
    }
}

const struct ten_layer_type ten_layer_avgpool = {
    .name = "avgpool",
    .usage = "avgpool N|HxW [stride S] (each 1..64; S the window's size unless told)",
    .summary = "the mean of every window",
    .parse = parse,
    .plan = plan_mean,
    .forward = forward_mean,
    .backward = backward_mean,
};

static bool parse_global(struct ten_layer *layer, size_t words, const char *const *word) {
    (void)layer, (void)word;
    return words == 0;
}

static enum ten_status plan_global(struct ten_layer *layer, struct ten_error *error) {
    layer->kernel_height = layer->stride_height = layer->in.height;
    layer->kernel_width = layer->stride_width = layer->in.width;
    return plan_mean(layer, error);
}

const struct ten_layer_type ten_layer_global_avgpool = {
    .name = "global-avgpool",
    .usage = "global-avgpool",
    .summary = "the mean of every channel",
    .parse = parse_global,
    .plan = plan_global,
    .forward = forward_mean,
    .backward = backward_mean,
};
