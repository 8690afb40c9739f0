/* Layers that change each value on its own and in place: ReLU, leaky ReLU, dropout; and flatten, which only changes the
 * name of the shape.
 *
 * In place, the output is all that backward sees, and the layers behind may have changed it, too: what is asked of it
 * is its sign alone, which none of them changes where a gradient passes. */
#include "base/error.h"
#include "nn/layer.h"

#include <stdio.h>

static bool parse_nothing(struct ten_layer *layer, size_t words, const char *const *word) {
    (void)layer, (void)word;
    return words == 0;
}

static enum ten_status plan_in_place(struct ten_layer *layer, struct ten_error *error) {
    (void)error;
    layer->out = layer->in;
    layer->in_place = true;
    return TEN_OK;
}

/* ---- ReLU --------------------------------------------------------------------------------------------------------
 */

static void forward_relu(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                         float *out, void *kept) {
    (void)pass, (void)in, (void)kept;
    size_t count = rows * ten_volume_size(layer->out);
    for (size_t i = 0; i < count; i++) out[i] = out[i] > 0 ? out[i] : 0;
}

static void backward_relu(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                          const float *restrict out, const void *kept, float *restrict out_gradient, float *in_gradient,
                          float *gradient) {
    (void)pass, (void)in, (void)kept, (void)in_gradient, (void)gradient;
    size_t count = rows * ten_volume_size(layer->out);
    for (size_t i = 0; i < count; i++) out_gradient[i] = out[i] > 0 ? out_gradient[i] : 0;
}

const struct ten_layer_type ten_layer_relu = {
    .name = "relu",
    .usage = "relu",
    .summary = "max(x, 0)",
    .parse = parse_nothing,
    .plan = plan_in_place,
    .forward = forward_relu,
    .backward = backward_relu,
};

static bool parse_leaky(struct ten_layer *layer, size_t words, const char *const *word) {
    layer->rate = 0.01f;
    if (words > 1 || (words == 1 && !ten_word_real(word[0], 0, 1, &layer->rate))) return false;
    if (layer->rate != 0.01f) ten_layer_write_rate(layer, layer->rate);
    return true;
}

static void forward_leaky(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                          float *out, void *kept) {
    (void)pass, (void)in, (void)kept;
    size_t count = rows * ten_volume_size(layer->out);
    float slope = layer->rate;
    for (size_t i = 0; i < count; i++) out[i] = out[i] > 0 ? out[i] : slope * out[i];
}

static void backward_leaky(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                           const float *restrict out, const void *kept, float *restrict out_gradient,
                           float *in_gradient, float *gradient) {
    (void)pass, (void)in, (void)kept, (void)in_gradient, (void)gradient;
    size_t count = rows * ten_volume_size(layer->out);
    float slope = layer->rate;
    for (size_t i = 0; i < count; i++) out_gradient[i] = out[i] > 0 ? out_gradient[i] : slope * out_gradient[i];
}

const struct ten_layer_type ten_layer_leaky_relu = {
    .name = "leaky-relu",
    .usage = "leaky-relu [SLOPE] (0..1; 0.01 unless told)",
    .summary = "x where it is positive, else SLOPE x",
    .parse = parse_leaky,
    .plan = plan_in_place,
    .forward = forward_leaky,
    .backward = backward_leaky,
};

/* ---- Dropout -----------------------------------------------------------------------------------------------------
 */

enum { DRAWS = 65536 }; /* the probability is a multiple of 1 / DRAWS */

static bool parse_dropout(struct ten_layer *layer, size_t words, const char *const *word) {
    if (words != 1 || !ten_word_real(word[0], 0, 0.99, &layer->rate)) return false;
    ten_layer_write_rate(layer, layer->rate);
    return true;
}

static enum ten_status plan_dropout(struct ten_layer *layer, struct ten_error *error) {
    layer->kept = ten_volume_size(layer->in); /* 1 for what stays */
    return plan_in_place(layer, error);
}

static uint64_t threshold_of(const struct ten_layer *layer) { return (uint64_t)((double)layer->rate * DRAWS + 0.5); }

/* What stays, of one row: four draws of 16 bits at a time. */
static void draw_row(const struct ten_layer *layer, const struct ten_pass *pass, size_t row, uint8_t *stays) {
    struct ten_random random;
    ten_random_init(&random, pass->seed, pass->step);
    ten_random_init(&random, ten_random_bits(&random), row * TEN_MAX_LAYERS + layer->number);
    size_t count = ten_volume_size(layer->in);
    uint64_t threshold = threshold_of(layer), bits = 0;
    for (size_t i = 0; i < count; i++, bits >>= 16) {
        if (i % 4 == 0) bits = ten_random_bits(&random);
        stays[i] = bits % DRAWS >= threshold;
    }
}

static void scale(size_t count, float factor, const uint8_t *restrict stays, float *restrict x) {
    for (size_t i = 0; i < count; i++) x[i] = stays[i] ? x[i] * factor : 0;
}

static void forward_dropout(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                            float *out, void *kept) {
    (void)in;
    if (!pass->training) return;
    size_t count = ten_volume_size(layer->in);
    float factor = DRAWS / (float)(DRAWS - threshold_of(layer));
    uint8_t *stays = kept;
    for (size_t i = 0; i < rows; i++) draw_row(layer, pass, pass->first_row + i, stays + i * count);
    scale(rows * count, factor, stays, out);
}

static void backward_dropout(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                             const float *out, const void *kept, float *out_gradient, float *in_gradient,
                             float *gradient) {
    (void)in, (void)out, (void)in_gradient, (void)gradient;
    if (!pass->training) return;
    scale(rows * ten_volume_size(layer->in), DRAWS / (float)(DRAWS - threshold_of(layer)), kept, out_gradient);
}

const struct ten_layer_type ten_layer_dropout = {
    .name = "dropout",
    .usage = "dropout P (0..0.99)",
    .summary = "while training, each value becomes 0 with probability P and grows by 1 / (1 - P) otherwise",
    .parse = parse_dropout,
    .plan = plan_dropout,
    .forward = forward_dropout,
    .backward = backward_dropout,
};

/* ---- Flatten -----------------------------------------------------------------------------------------------------
 */

static enum ten_status plan_flatten(struct ten_layer *layer, struct ten_error *error) {
    (void)error;
    layer->out = (struct ten_volume){1, 1, ten_volume_size(layer->in)};
    layer->in_place = true;
    return TEN_OK;
}

static void forward_flatten(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                            float *out, void *kept) {
    (void)layer, (void)pass, (void)rows, (void)in, (void)out, (void)kept;
}

static void backward_flatten(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                             const float *out, const void *kept, float *out_gradient, float *in_gradient,
                             float *gradient) {
    (void)layer, (void)pass, (void)rows, (void)in, (void)out, (void)kept;
    (void)out_gradient, (void)in_gradient, (void)gradient;
}

const struct ten_layer_type ten_layer_flatten = {
    .name = "flatten",
    .usage = "flatten",
    .summary = "the volume as a vector, in the order row, column, channel",
    .parse = parse_nothing,
    .plan = plan_flatten,
    .forward = forward_flatten,
    .backward = backward_flatten,
};
