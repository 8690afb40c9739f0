/* Convolutions (cross-correlations, as everywhere in the field): weights[kernel_height x kernel_width x channels of the
 * input][units], then biases[units].
 *
 * The layer is one product, out[pixels x units] = windows[pixels x taps] weights[taps x units], and so are its two
 * gradients: windows^T out_gradient, and out_gradient weights^T added back to the windows. The kernels read the windows
 * where they lie in the image (or in a copy with zeros around it); in BF16 they are laid out for ten_product_of.
 *
 * A ReLU and a 2x2 maxpool behind the layer are done in the same breath: the four pixels of a pool follow each other in
 * the product, and nothing but the largest is ever stored. */
#include "base/error.h"
#include "nn/layer.h"

#include <string.h>

enum {
    NEAR = 65536 /* floats of each kind for images that are worked on at a time, unless one takes more */,
    MOST_IMAGES = 128
};

static bool parse_option(struct ten_layer *layer, const char *name, const char *value) {
    if (strcmp(name, "stride") == 0)
        return ten_word_size(value, TEN_MAX_WINDOW, &layer->stride_height, &layer->stride_width);
    if (strcmp(name, "pad") != 0) return false;
    layer->same = strcmp(value, "same") == 0;
    return layer->same || ten_word_count(value, 0, TEN_MAX_WINDOW, &layer->padding);
}

static bool parse(struct ten_layer *layer, size_t words, const char *const *word) {
    layer->stride_height = layer->stride_width = 1;
    if (words < 2 || words % 2 || words > 6 || !ten_word_count(word[0], 1, TEN_MAX_UNITS, &layer->units) ||
        !ten_word_size(word[1], TEN_MAX_WINDOW, &layer->kernel_height, &layer->kernel_width))
        return false;
    for (size_t i = 2; i < words; i += 2)
        if ((i > 2 && strcmp(word[i], word[i - 2]) == 0) || !parse_option(layer, word[i], word[i + 1])) return false;
    ten_layer_write(layer, " %zu %zux%zu", layer->units, layer->kernel_height, layer->kernel_width);
    if (layer->stride_height != layer->stride_width)
        ten_layer_write(layer, " stride %zux%zu", layer->stride_height, layer->stride_width);
    else if (layer->stride_height != 1)
        ten_layer_write(layer, " stride %zu", layer->stride_height);
    if (layer->same)
        ten_layer_write(layer, " pad same");
    else if (layer->padding)
        ten_layer_write(layer, " pad %zu", layer->padding);
    return true;
}

static size_t taps_of(const struct ten_layer *layer) {
    return layer->kernel_height * layer->kernel_width * layer->in.channels;
}

/* How images are worked on: so many at a time, and what lies where in the scratch memory. */
struct plan {
    size_t images, pixels, taps; /* pixels: of one image, four for each that pooling leaves */
    size_t height, width;        /* of an image with the zeros around it */
    size_t offsets, padded, raw, columns, scratch;
};

static struct plan plan_of(const struct ten_layer *layer, bool pool, bool columns) {
    struct plan p = {.pixels = layer->out.height * layer->out.width, .taps = taps_of(layer)};
    if (pool) p.pixels = layer->out.height / 2 * (layer->out.width / 2) * 4;
    p.height = layer->in.height + (layer->same ? layer->kernel_height - 1 : 2 * layer->padding);
    p.width = layer->in.width + (layer->same ? layer->kernel_width - 1 : 2 * layer->padding);
    bool copied = p.height > layer->in.height || p.width > layer->in.width;
    size_t padded = copied ? p.height * p.width * layer->in.channels : 0, raw = p.pixels * layer->units,
           most = p.pixels;
    if (padded > most) most = padded;
    if (pool && raw > most) most = raw;
    if (columns && p.pixels * p.taps > most) most = p.pixels * p.taps;
    p.images = most && NEAR / most ? NEAR / most : 1;
    if (p.images > MOST_IMAGES) p.images = MOST_IMAGES;
    p.offsets = ten_windows_scratch(layer->units, layer->kernel_height, layer->kernel_width * layer->in.channels);
    if (columns && p.offsets < TEN_MATMUL_SCRATCH) p.offsets = TEN_MATMUL_SCRATCH;
    p.padded = p.offsets + (p.images * p.pixels + 15) / 16 * 16;
    p.raw = p.padded + (p.images * padded + 15) / 16 * 16;
    p.columns = p.raw + (pool ? (p.images * raw + 15) / 16 * 16 : 0);
    p.scratch = p.columns + (columns ? p.images * p.pixels * p.taps : 0);
    return p;
}

static enum ten_status plan(struct ten_layer *layer, struct ten_error *error) {
    if (layer->same && (layer->stride_height > 1 || layer->stride_width > 1))
        return ten_fail(error, TEN_INVALID, "padding that keeps the size needs a stride of 1");
    if (layer->padding >= layer->kernel_height || layer->padding >= layer->kernel_width) {
        if (layer->padding)
            return ten_fail(error, TEN_INVALID, "padding must be smaller than the window of %zux%zu",
                            layer->kernel_height, layer->kernel_width);
    }
    enum ten_status status = ten_window_plan(layer, error);
    if (status != TEN_OK) return status;
    layer->out.channels = layer->units;
    layer->decayed = taps_of(layer) * layer->units;
    layer->parameters = layer->decayed + layer->units;
    layer->operations = layer->decayed * layer->out.height * layer->out.width;
    for (int wide = 0; wide < 4; wide++) { /* whatever is folded, in either precision */
        struct plan p = plan_of(layer, wide & 1, wide & 2);
        if (p.scratch > layer->scratch) layer->scratch = p.scratch;
    }
    return TEN_OK;
}

static void initialise(const struct ten_layer *layer, struct ten_random *random, float *parameters, float *statistics) {
    (void)statistics;
    ten_initialise_uniform(random, taps_of(layer), layer->parameters, parameters);
}

static size_t fold(struct ten_layer *layer, size_t behind) {
    size_t folds = 0;
    for (; folds < behind; folds++) {
        const struct ten_layer *next = layer + 1 + folds;
        bool pool = next->type == &ten_layer_maxpool && next->kernel_height == 2 && next->kernel_width == 2 &&
                    next->stride_height == 2 && next->stride_width == 2 && !layer->pool;
        if (!pool && next->type != &ten_layer_relu) break;
        layer->pool |= pool;
        layer->relu |= !pool;
    }
    return folds;
}

/* ---- Windows -----------------------------------------------------------------------------------------------------
 */

/* Some images on their way. */
struct work {
    const struct ten_layer *layer;
    struct plan p;
    bool pool, relu, columns;
    size_t images, m, outputs; /* at hand; m: their pixels; outputs: what is left of them */
    struct ten_windows windows;
    float *scratch, *padded, *raw, *laid_out;
};

static struct work work_of(const struct ten_layer *layer, const struct ten_pass *pass) {
    struct work w = {.layer = layer, .pool = layer->pool && !pass->apart, .relu = layer->relu && !pass->apart};
    w.columns = pass->precision != TEN_SINGLE;
    w.p = plan_of(layer, w.pool, w.columns);
    w.scratch = pass->scratch;
    w.padded = w.p.raw > w.p.padded ? pass->scratch + w.p.padded : NULL;
    w.raw = pass->scratch + w.p.raw;
    w.laid_out = pass->scratch + w.p.columns;
    return w;
}

/* Where the windows of so many images begin, and how they go on. */
static void place_windows(struct work *w, size_t images) {
    const struct ten_layer *layer = w->layer;
    size_t channels = layer->in.channels, height = layer->out.height, width = layer->out.width, group = w->pool ? 2 : 1;
    uint32_t *offset = (uint32_t *)(void *)(w->scratch + w->p.offsets);
    w->images = images;
    w->m = images * w->p.pixels;
    w->outputs = w->m / (group * group);
    w->windows =
        (struct ten_windows){NULL, offset, layer->kernel_height, w->p.width * channels, layer->kernel_width * channels};
    for (size_t oy = 0; oy + group <= height; oy += group)
        for (size_t ox = 0; ox + group <= width; ox += group)
            for (size_t part = 0; part < group * group; part++) {
                size_t y = (oy + part / group) * layer->stride_height, x = (ox + part % group) * layer->stride_width;
                *offset++ = (uint32_t)((y * w->p.width + x) * channels);
            }
    uint32_t volume = (uint32_t)(w->p.height * w->p.width * channels);
    for (size_t i = 0; i + w->p.pixels < w->m; i++) offset[i] = offset[i - w->p.pixels] + volume;
}

/* The images with zeros around them: `in` itself if there are none. */
static const float *with_zeros(const struct work *w, const float *in) {
    if (!w->padded) return in;
    const struct ten_layer *layer = w->layer;
    size_t channels = layer->in.channels, line = layer->in.width * channels;
    memset(w->padded, 0, w->images * w->p.height * w->p.width * channels * sizeof *in);
    for (size_t y = 0; y < w->images * layer->in.height; y++, in += line) {
        size_t at = y / layer->in.height * w->p.height + y % layer->in.height + layer->top;
        memcpy(w->padded + (at * w->p.width + layer->left) * channels, in, line * sizeof *in);
    }
    return w->padded;
}

static void without_zeros(const struct work *w, float *out) {
    const struct ten_layer *layer = w->layer;
    size_t channels = layer->in.channels, line = layer->in.width * channels;
    for (size_t y = 0; y < w->images * layer->in.height; y++, out += line) {
        size_t at = y / layer->in.height * w->p.height + y % layer->in.height + layer->top;
        memcpy(out, w->padded + (at * w->p.width + layer->left) * channels, line * sizeof *out);
    }
}

static void take_columns(const struct work *w) {
    const struct ten_windows *a = &w->windows;
    float *to = w->laid_out;
    for (size_t i = 0; i < w->m; i++)
        for (size_t s = 0; s < a->segments; s++, to += a->depth)
            memcpy(to, a->data + a->offsets[i] + s * a->step, a->depth * sizeof *to);
}

static void add_columns(const struct work *w, float *data) {
    const struct ten_windows *a = &w->windows;
    const float *restrict from = w->laid_out;
    for (size_t i = 0; i < w->m; i++)
        for (size_t s = 0; s < a->segments; s++, from += a->depth) {
            float *restrict to = data + a->offsets[i] + s * a->step;
            for (size_t d = 0; d < a->depth; d++) to[d] += from[d];
        }
}

/* ---- Passes ------------------------------------------------------------------------------------------------------
 */

static void forward_images(const struct work *w, const struct ten_pass *pass, float *out, uint8_t *place) {
    const struct ten_kernels *kernels = ten_kernels();
    size_t taps = w->p.taps, units = w->layer->units;
    const float *weights = pass->parameters, *biases = weights + taps * units;
    if (!w->columns) {
        kernels->windows_product(w->m, units, &w->windows, weights, biases, w->relu, w->pool, out, place, w->scratch);
        return;
    }
    float *raw = w->pool ? w->raw : out;
    take_columns(w);
    ten_product_of(pass->precision)(w->m, units, taps, (struct ten_strided){w->laid_out, taps, 1},
                                    (struct ten_strided){weights, units, 1}, raw, units, false, w->scratch);
    kernels->windows_finish(w->m, units, raw, biases, w->relu, w->pool, out, place);
}

static void forward(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                    float *out, void *kept) {
    struct work w = work_of(layer, pass);
    uint8_t *place = w.pool ? kept : NULL;
    for (size_t i = 0; i < rows; i += w.images) {
        size_t images = rows - i < w.p.images ? rows - i : w.p.images;
        if (images != w.images) place_windows(&w, images);
        w.windows.data = with_zeros(&w, in + i * ten_volume_size(layer->in));
        size_t done = i * (w.outputs / w.images) * layer->units;
        forward_images(&w, pass, out + done, place ? place + done : NULL);
    }
}

static void weight_gradient(const struct work *w, const struct ten_pass *pass, const float *raw, bool add,
                            float *gradient) {
    size_t taps = w->p.taps, units = w->layer->units;
    if (!w->columns) {
        ten_kernels()->windows_weights(w->m, units, &w->windows, raw, add, gradient, w->scratch);
        return;
    }
    take_columns(w);
    ten_product_of(pass->precision)(taps, units, w->m, (struct ten_strided){w->laid_out, 1, taps},
                                    (struct ten_strided){raw, units, 1}, gradient, units, add, w->scratch);
}

static void input_gradient(const struct work *w, const struct ten_pass *pass, const float *raw, float *in_gradient) {
    size_t taps = w->p.taps, units = w->layer->units;
    float *data = w->padded ? w->padded : in_gradient;
    memset(data, 0, w->images * w->p.height * w->p.width * w->layer->in.channels * sizeof *data);
    if (w->columns) {
        ten_product_of(pass->precision)(w->m, taps, units, (struct ten_strided){raw, units, 1},
                                        (struct ten_strided){pass->parameters, 1, units}, w->laid_out, taps, false,
                                        w->scratch);
        add_columns(w, data);
    } else {
        ten_kernels()->windows_spread(w->m, units, &w->windows, raw, pass->parameters, data, w->scratch);
    }
    if (w->padded) without_zeros(w, in_gradient);
}

static void backward(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                     const float *out, const void *kept, float *out_gradient, float *in_gradient, float *gradient) {
    struct work w = work_of(layer, pass);
    size_t volume = ten_volume_size(layer->in), units = layer->units;
    float *sums = gradient ? gradient + layer->decayed : NULL;
    if (sums) memset(sums, 0, units * sizeof *sums);
    for (size_t i = 0; i < rows; i += w.images) {
        size_t images = rows - i < w.p.images ? rows - i : w.p.images;
        if (images != w.images) place_windows(&w, images);
        size_t done = i * (w.outputs / w.images) * units;
        float *raw = w.pool ? w.raw : out_gradient + done;
        if (w.pool || w.relu || sums)
            ten_kernels()->windows_gate(w.outputs, units, w.relu ? out + done : NULL,
                                        w.pool ? (const uint8_t *)kept + done : NULL, out_gradient + done, raw, sums);
        if (gradient) {
            w.windows.data = with_zeros(&w, in + i * volume);
            weight_gradient(&w, pass, raw, i > 0, gradient);
        }
        if (in_gradient) input_gradient(&w, pass, raw, in_gradient + i * volume);
    }
}

const struct ten_layer_type ten_layer_conv = {
    .name = "conv",
    .usage = "conv UNITS HxW [stride S] [pad P|same] (UNITS 1..65536, the others 1..64)",
    .summary = "a convolution: the same weighted sums of every window of HxW pixels",
    .parse = parse,
    .plan = plan,
    .fold = fold,
    .initialise = initialise,
    .forward = forward,
    .backward = backward,
};
