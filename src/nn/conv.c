/* Convolutions (cross-correlations, as everywhere in the field): weights[kernel_height x kernel_width x channels of the
 * input][units], then biases[units].
 *
 * The layer is one product, out[pixels x units] = windows[pixels x taps] weights[taps x units], and so are its two
 * gradients: windows^T out_gradient, and out_gradient weights^T added back to the windows. The kernels read the windows
 * where they lie in the image (or in a copy with zeros around it). Windows of 3x3 are made by minimal filtering, with
 * fewer products.
 *
 * A ReLU and a 2x2 maxpool behind the layer are done in the same breath: nothing but the largest of four pixels is ever
 * stored, and the gradients make only the products that it passes on. */
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

/* What is done in which way. */
struct method {
    bool relu, pool; /* behind the layer, in the same breath */
    bool winograd;   /* by minimal filtering */
    bool sparse;     /* the gradients: only what the pool lets through; a pool of few taps is not worth the lists */
};

static struct method method_of(const struct ten_layer *layer, bool apart) {
    enum { LEAST_CHANNELS = 8, LEAST_TAPS = 16 };
    struct method method = {.relu = layer->relu && !apart, .pool = layer->pool && !apart};
    method.winograd = layer->kernel_height == 3 && layer->kernel_width == 3 && layer->stride_height == 1 &&
                      layer->stride_width == 1 && layer->in.channels >= LEAST_CHANNELS &&
                      layer->units >= LEAST_CHANNELS;
    method.sparse = method.pool && taps_of(layer) >= LEAST_TAPS;
    return method;
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }
static size_t rounded(size_t count) { return (count + 15) / 16 * 16; }

/* How images are worked on: so many at a time, and what lies where in the scratch memory. */
struct plan {
    size_t images, pixels; /* pixels: of one image, four for each that pooling leaves */
    size_t height, width;  /* of an image with the zeros around it */
    size_t volume;         /* floats of it, 0 if there are no zeros */
    size_t offsets, padded, raw, scratch;
};

static struct plan plan_of(const struct ten_layer *layer, const struct method *method) {
    enum { BEHIND = 16 }; /* floats that kernels may read behind an image */
    struct plan p = {.pixels = layer->out.height * layer->out.width};
    size_t units = layer->units, channels = layer->in.channels, depth = layer->kernel_width * channels;
    if (method->pool) p.pixels = layer->out.height / 2 * (layer->out.width / 2) * 4;
    p.height = layer->in.height + (layer->same ? layer->kernel_height - 1 : 2 * layer->padding);
    p.width = layer->in.width + (layer->same ? layer->kernel_width - 1 : 2 * layer->padding);
    bool copied = p.height > layer->in.height || p.width > layer->in.width;
    p.volume = copied ? p.height * p.width * channels : 0;
    size_t raw = method->pool && !method->sparse ? p.pixels * units : 0;
    if (method->winograd && !method->pool) raw = (layer->in.height + 2) * (layer->in.width + 2) * units;
    size_t most = larger(larger(p.pixels, ten_volume_size(layer->in)), larger(p.volume, raw));
    p.images = most && NEAR / most ? NEAR / most : 1;
    if (p.images > MOST_IMAGES) p.images = MOST_IMAGES;
    p.offsets = ten_windows_scratch(units, layer->kernel_height, depth);
    if (method->winograd)
        p.offsets =
            larger(p.offsets, larger(ten_winograd_scratch(channels, units), ten_winograd_scratch(units, channels)));
    if (method->sparse)
        p.offsets = larger(p.offsets, ten_pooled_scratch(p.images * p.pixels / 4, units, layer->kernel_height, depth));
    p.offsets = rounded(p.offsets);
    p.padded = p.offsets + rounded(p.images * p.pixels);
    p.raw = p.padded + (copied ? rounded(p.images * p.volume) + BEHIND : 0);
    p.scratch = p.raw + rounded(p.images * raw);
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
    return TEN_OK;
}

static void initialise(const struct ten_layer *layer, struct ten_random *random, float *parameters, float *statistics) {
    (void)statistics;
    ten_initialise_uniform(random, taps_of(layer), layer->parameters, parameters);
}

/* What is folded decides the methods, and these the memory. */
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
    struct method apart = method_of(layer, true), method = method_of(layer, false);
    layer->scratch = larger(plan_of(layer, &apart).scratch, plan_of(layer, &method).scratch);
    size_t filters = ten_winograd_filters(layer->in.channels, layer->units);
    if (method.winograd) layer->prepared = filters;
    if (method.sparse)
        layer->prepared_backward =
            ten_pooled_turned(layer->units, layer->kernel_height, layer->kernel_width * layer->in.channels);
    else if (method.winograd)
        layer->prepared_backward = filters;
    return folds;
}

/* ---- Windows -----------------------------------------------------------------------------------------------------
 */

/* Some images on their way. */
struct work {
    const struct ten_layer *layer;
    struct method method;
    struct plan p;
    size_t images, m, outputs; /* at hand; m: their pixels; outputs: what is left of them */
    struct ten_windows windows;
    struct ten_images around; /* the same images, with the zeros around them */
    float *scratch, *padded, *raw;
};

static struct work work_of(const struct ten_layer *layer, const struct ten_pass *pass) {
    struct work w = {.layer = layer, .method = method_of(layer, pass->apart)};
    w.p = plan_of(layer, &w.method);
    w.scratch = pass->scratch;
    w.padded = w.p.volume ? pass->scratch + w.p.padded : NULL;
    w.raw = pass->scratch + w.p.raw;
    return w;
}

/* Where the windows of so many images begin, and how they go on. */
static void place_windows(struct work *w, size_t images) {
    const struct ten_layer *layer = w->layer;
    size_t channels = layer->in.channels, height = layer->out.height, width = layer->out.width;
    size_t group = w->method.pool ? 2 : 1;
    uint32_t *offset = (uint32_t *)(void *)(w->scratch + w->p.offsets);
    w->images = images;
    w->m = images * w->p.pixels;
    w->outputs = w->m / (group * group);
    w->windows =
        (struct ten_windows){NULL, offset, layer->kernel_height, w->p.width * channels, layer->kernel_width * channels};
    w->around = (struct ten_images){NULL, images, w->p.height, w->p.width, channels};
    for (size_t oy = 0; oy + group <= height; oy += group)
        for (size_t ox = 0; ox + group <= width; ox += group)
            for (size_t part = 0; part < group * group; part++) {
                size_t y = (oy + part / group) * layer->stride_height, x = (ox + part % group) * layer->stride_width;
                *offset++ = (uint32_t)((y * w->p.width + x) * channels);
            }
    uint32_t volume = (uint32_t)(w->p.height * w->p.width * channels);
    for (size_t i = 0; i + w->p.pixels < w->m; i++) offset[i] = offset[i - w->p.pixels] + volume;
}

/* Rows of images of `line` floats each, copied into larger ones or back: row y of an image of `height` rows is row
 * y + top, from float `left`, of one of `tall` rows of `wide` floats. */
struct frame {
    size_t images, height, line, tall, wide, top, left;
};

static void copy_frame(const struct frame *f, const float *from, float *to, bool back) {
    for (size_t y = 0; y < f->images * f->height; y++) {
        size_t inside = y * f->line, outside = (y / f->height * f->tall + y % f->height + f->top) * f->wide + f->left;
        memcpy(to + (back ? inside : outside), from + (back ? outside : inside), f->line * sizeof *to);
    }
}

static struct frame frame_of(const struct work *w) {
    const struct ten_layer *layer = w->layer;
    size_t channels = layer->in.channels;
    return (struct frame){
        w->images,  layer->in.height,      layer->in.width * channels, w->p.height, w->p.width * channels,
        layer->top, layer->left * channels};
}

/* The images with zeros around them: `in` itself if there are none. */
static void with_zeros(struct work *w, const float *in) {
    if (w->padded) {
        struct frame frame = frame_of(w);
        memset(w->padded, 0, w->images * w->p.volume * sizeof *in);
        copy_frame(&frame, in, w->padded, false);
        in = w->padded;
    }
    w->windows.data = w->around.data = in;
}

/* ---- Passes ------------------------------------------------------------------------------------------------------
 */

static void prepare(const struct ten_layer *layer, enum ten_precision precision, const float *parameters, size_t begin,
                    size_t end, bool backward, float *prepared) {
    (void)begin;
    (void)end;
    struct method method = method_of(layer, false);
    const struct ten_kernels *kernels = ten_kernels();
    size_t channels = layer->in.channels, units = layer->units;
    if (backward && method.sparse)
        kernels->pooled_turned(units, layer->kernel_height, layer->kernel_width * channels, parameters, prepared);
    else if (method.winograd && precision == TEN_BF16)
        kernels->winograd_filters_bf16(channels, units, parameters, backward, prepared);
    else if (method.winograd)
        kernels->winograd_filters(channels, units, parameters, backward, prepared);
}

typedef void filtering(const struct ten_images *in, size_t n, const float *filters, const float *bias, bool relu,
                       bool pool, float *out, uint8_t *place, float *scratch);

static filtering *filter(const struct ten_pass *pass) {
    return pass->precision == TEN_BF16 ? ten_kernels()->winograd_product_bf16 : ten_kernels()->winograd_product;
}

static void forward(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                    float *out, void *kept) {
    struct work w = work_of(layer, pass);
    const struct ten_kernels *kernels = ten_kernels();
    size_t units = layer->units;
    const float *weights = pass->parameters, *biases = weights + layer->decayed;
    bool relu = w.method.relu, pool = w.method.pool;
    for (size_t i = 0; i < rows; i += w.images) {
        size_t images = rows - i < w.p.images ? rows - i : w.p.images;
        if (images != w.images) place_windows(&w, images);
        with_zeros(&w, in + i * ten_volume_size(layer->in));
        size_t done = i * (w.outputs / w.images) * units;
        uint8_t *place = pool && kept ? (uint8_t *)kept + done : NULL;
        if (w.method.winograd)
            filter(pass)(&w.around, units, pass->prepared, biases, relu, pool, out + done, place, w.scratch);
        else
            kernels->windows_product(w.m, units, &w.windows, weights, biases, relu, pool, out + done, place, w.scratch);
    }
}

/* The gradient to the input by minimal filtering: that of the output, with zeros around it, is the image. */
static void filter_back(const struct work *w, const struct ten_pass *pass, const float *g, float *in_gradient) {
    const struct ten_layer *layer = w->layer;
    size_t units = layer->units, tall = layer->in.height + 2, wide = layer->in.width + 2;
    struct frame frame = {w->images,    layer->out.height, layer->out.width * units, tall,
                          wide * units, 2 - layer->top,    (2 - layer->left) * units};
    struct ten_images image = {w->raw, w->images, tall, wide, units};
    memset(w->raw, 0, w->images * tall * wide * units * sizeof *g);
    copy_frame(&frame, g, w->raw, false);
    filter(pass)(&image, layer->in.channels, pass->prepared + layer->prepared, NULL, false, false, in_gradient, NULL,
                 w->scratch);
}

/* The gradient to the input by adding to it window by window. */
static void spread(const struct work *w, const struct ten_pass *pass, const float *out, const uint8_t *place,
                   const float *g, float *in_gradient) {
    float *data = w->padded ? w->padded : in_gradient;
    memset(data, 0, w->images * w->p.height * w->p.width * w->layer->in.channels * sizeof *data);
    if (w->method.sparse)
        ten_kernels()->pooled_spread(w->outputs, w->layer->units, &w->windows, out, place, g,
                                     pass->prepared + w->layer->prepared, data, w->scratch);
    else
        ten_kernels()->windows_spread(w->m, w->layer->units, &w->windows, g, pass->parameters, data, w->scratch);
    if (!w->padded) return;
    struct frame frame = frame_of(w);
    copy_frame(&frame, w->padded, in_gradient, true);
}

/* Every output of some images has its gradient in g, which is changed. */
static void backward_dense(struct work *w, const struct ten_pass *pass, const float *in, const float *out,
                           const uint8_t *place, float *g, bool add, float *in_gradient, float *gradient) {
    const struct ten_kernels *kernels = ten_kernels();
    size_t units = w->layer->units;
    float *raw = w->method.pool ? w->raw : g;
    bool filtered = w->method.winograd && !pass->apart; /* prepared for the way with what is folded */
    kernels->windows_gate(w->outputs, units, out, place, g, raw, gradient ? gradient + w->layer->decayed : NULL);
    if (gradient) {
        with_zeros(w, in);
        if (filtered && pass->precision == TEN_BF16)
            kernels->winograd_weights_bf16(&w->around, units, raw, add, gradient, w->scratch);
        else if (filtered)
            kernels->winograd_weights(&w->around, units, raw, add, gradient, w->scratch);
        else
            kernels->windows_weights(w->m, units, &w->windows, raw, add, gradient, w->scratch);
    }
    if (!in_gradient) return;
    if (filtered)
        filter_back(w, pass, raw, in_gradient);
    else
        spread(w, pass, NULL, NULL, raw, in_gradient);
}

static void backward_sparse(struct work *w, const struct ten_pass *pass, const float *in, const float *out,
                            const uint8_t *place, const float *g, bool add, float *in_gradient, float *gradient) {
    if (gradient) {
        with_zeros(w, in);
        ten_kernels()->pooled_weights(w->outputs, w->layer->units, &w->windows, out, place, g, add, gradient,
                                      gradient + w->layer->decayed, w->scratch);
    }
    if (in_gradient) spread(w, pass, out, place, g, in_gradient);
}

static void backward(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                     const float *out, const void *kept, float *out_gradient, float *in_gradient, float *gradient) {
    struct work w = work_of(layer, pass);
    size_t volume = ten_volume_size(layer->in);
    if (gradient) memset(gradient + layer->decayed, 0, layer->units * sizeof *gradient);
    for (size_t i = 0; i < rows; i += w.images) {
        size_t images = rows - i < w.p.images ? rows - i : w.p.images;
        if (images != w.images) place_windows(&w, images);
        size_t done = i * (w.outputs / w.images) * layer->units;
        const float *passed = w.method.relu ? out + done : NULL;
        const uint8_t *place = w.method.pool ? (const uint8_t *)kept + done : NULL;
        float *to = in_gradient ? in_gradient + i * volume : NULL;
        if (w.method.sparse)
            backward_sparse(&w, pass, in + i * volume, passed, place, out_gradient + done, i > 0, to, gradient);
        else
            backward_dense(&w, pass, in + i * volume, passed, place, out_gradient + done, i > 0, to, gradient);
    }
}

const struct ten_layer_type ten_layer_conv = {
    .name = "conv",
    .usage = "conv UNITS N|HxW [stride S] [pad P|same] (UNITS 1..65536, the others 1..64)",
    .summary = "a convolution: the same weighted sums of every window of HxW pixels",
    .parse = parse,
    .plan = plan,
    .fold = fold,
    .initialise = initialise,
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
};
