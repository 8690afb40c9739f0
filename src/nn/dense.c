/* Dense layers: out[rows x units] = in[rows x inputs] weights[inputs x units] + biases[units]. The volume that comes in
 * is taken as a vector in the order in which it is stored: row, column, channel. */
#include "base/error.h"
#include "nn/layer.h"

#include <string.h>

enum { MOST_ROWS = 128 /* handed to a kernel at a time */ };

static bool parse(struct ten_layer *layer, size_t words, const char *const *word) {
    if (words != 1 || !ten_word_count(word[0], 1, TEN_MAX_UNITS, &layer->units)) return false;
    ten_layer_write(layer, " %zu", layer->units);
    return true;
}

static enum ten_status plan(struct ten_layer *layer, struct ten_error *error) {
    (void)error;
    size_t inputs = ten_volume_size(layer->in);
    layer->out = (struct ten_volume){1, 1, layer->units};
    layer->decayed = layer->operations = inputs * layer->units;
    layer->parameters = layer->decayed + layer->units;
    layer->whole = true;
    layer->scratch = ten_windows_scratch(layer->units, 1, inputs) + MOST_ROWS;
    if (layer->scratch < TEN_MATMUL_SCRATCH) layer->scratch = TEN_MATMUL_SCRATCH;
    layer->scratch += layer->units; /* a row of the gradient */
    layer->prepared = TEN_PACKED(layer->units, inputs);
    layer->prepared_backward = TEN_PACKED(inputs, layer->units);
    return TEN_OK;
}

static void initialise(const struct ten_layer *layer, struct ten_random *random, float *parameters, float *statistics) {
    (void)statistics;
    ten_initialise_uniform(random, ten_volume_size(layer->in), layer->parameters, parameters);
}

/* The weights, packed once for all products of a batch. */
static void prepare(const struct ten_layer *layer, enum ten_precision precision, const float *parameters, size_t begin,
                    size_t end, bool backward, float *prepared) {
    size_t inputs = ten_volume_size(layer->in), units = layer->units;
    struct ten_part part = {begin, end, 0, units}, turned = {0, units, begin, end};
    if (precision == TEN_SINGLE) return;
    if (backward)
        ten_kernels()->pack_bf16(inputs, units, (struct ten_strided){parameters, 1, units}, turned, prepared);
    else
        ten_kernels()->pack_bf16(units, inputs, (struct ten_strided){parameters, units, 1}, part, prepared);
}

static size_t fold(struct ten_layer *layer, size_t behind) {
    layer->relu = behind > 0 && layer[1].type == &ten_layer_relu;
    return layer->relu;
}

/* The rows as windows, whose offsets go into the scratch memory; *scratch is what is left of it. */
static struct ten_windows rows_as_windows(const struct ten_pass *pass, size_t rows, size_t inputs, const float *in,
                                          float **scratch) {
    uint32_t *offsets = (uint32_t *)(void *)pass->scratch;
    for (size_t i = 0; i < rows; i++) offsets[i] = (uint32_t)(i * inputs);
    *scratch = pass->scratch + MOST_ROWS;
    return (struct ten_windows){in, offsets, 1, inputs, inputs};
}

static void forward(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                    float *out, void *kept) {
    (void)kept;
    size_t inputs = ten_volume_size(layer->in), units = layer->units;
    const float *weights = pass->parameters, *biases = weights + layer->decayed;
    bool relu = layer->relu && !pass->apart;
    const struct ten_kernels *kernels = ten_kernels();
    if (pass->precision == TEN_SINGLE) {
        for (size_t i = 0; i < rows; i += MOST_ROWS) {
            float *scratch;
            size_t some = rows - i < MOST_ROWS ? rows - i : MOST_ROWS;
            struct ten_windows windows = rows_as_windows(pass, some, inputs, in + i * inputs, &scratch);
            kernels->windows_product(some, units, &windows, weights, biases, relu, false, out + i * units, NULL,
                                     scratch);
        }
        return;
    }
    kernels->packed_bf16(rows, units, inputs, (struct ten_strided){in, inputs, 1}, pass->prepared, biases, relu, out,
                         units, pass->ahead, pass->scratch);
}

static size_t row_of(const struct ten_pass *pass, size_t i) { return pass->left ? pass->left[i] : i; }

/* gradient[inputs first..first+count-1 x units] over the rows that are left. */
static void weight_gradient(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                            const float *g, size_t first, size_t count, float *gradient) {
    size_t inputs = ten_volume_size(layer->in), units = layer->units;
    if (pass->precision != TEN_SINGLE) {
        ten_kernels()->gathered_bf16(count, units, rows, (struct ten_strided){in + first, 1, inputs},
                                     (struct ten_strided){g, units, 1}, pass->left, gradient, units, pass->scratch);
        return;
    }
    if (rows == 0) memset(gradient, 0, count * units * sizeof *gradient);
    for (size_t i = 0, past; i < rows; i = past) { /* rows that lie side by side */
        float *scratch;
        size_t row = row_of(pass, i);
        for (past = i + 1; past < rows && past - i < MOST_ROWS && row_of(pass, past) == row + past - i;) past++;
        struct ten_windows windows = rows_as_windows(pass, past - i, inputs, in + row * inputs + first, &scratch);
        windows.depth = count;
        ten_kernels()->windows_weights(past - i, units, &windows, g + row * units, i > 0, gradient, scratch);
    }
}

static void bias_gradient(const struct ten_pass *pass, size_t rows, size_t units, const float *g, size_t begin,
                          size_t end, float *gradient) {
    memset(gradient, 0, (end - begin) * sizeof *gradient);
    for (size_t i = 0; i < rows; i++) {
        const float *row = g + row_of(pass, i) * units;
        for (size_t j = begin; j < end; j++) gradient[j - begin] += row[j];
    }
}

/* Rows of the weights, of which the first and the last may be wanted in part. */
static void gradient_part(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                          const float *g, size_t begin, size_t end, float *gradient) {
    size_t units = layer->units, stop = end < layer->decayed ? end : layer->decayed;
    float *row = pass->scratch + layer->scratch - units;
    while (begin < stop) {
        size_t first = begin / units, whole = begin % units ? 0 : (stop - begin) / units, done = whole * units;
        if (whole) {
            weight_gradient(layer, pass, rows, in, g, first, whole, gradient);
        } else {
            size_t past = (first + 1) * units < stop ? (first + 1) * units : stop;
            weight_gradient(layer, pass, rows, in, g, first, 1, row);
            done = past - begin;
            memcpy(gradient, row + begin % units, done * sizeof *gradient);
        }
        gradient += done;
        begin += done;
    }
    if (begin < end) bias_gradient(pass, rows, units, g, begin - layer->decayed, end - layer->decayed, gradient);
}

static void input_gradient(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                           const float *g, float *in_gradient) {
    size_t inputs = ten_volume_size(layer->in), units = layer->units;
    if (pass->precision != TEN_SINGLE) {
        ten_kernels()->packed_bf16(rows, inputs, units, (struct ten_strided){g, units, 1},
                                   pass->prepared + layer->prepared, NULL, false, in_gradient, inputs, NULL,
                                   pass->scratch);
        return;
    }
    memset(in_gradient, 0, rows * inputs * sizeof *in_gradient);
    for (size_t i = 0; i < rows; i += MOST_ROWS) {
        float *scratch;
        size_t some = rows - i < MOST_ROWS ? rows - i : MOST_ROWS;
        struct ten_windows windows = rows_as_windows(pass, some, inputs, in + i * inputs, &scratch);
        ten_kernels()->windows_spread(some, units, &windows, g + i * units, pass->parameters, in_gradient + i * inputs,
                                      scratch);
    }
}

static void backward(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                     const float *out, const void *kept, float *out_gradient, float *in_gradient, float *gradient) {
    (void)kept;
    bool relu = layer->relu && !pass->apart;
    if (relu) ten_kernels()->windows_gate(rows, layer->units, out, NULL, out_gradient, out_gradient, NULL);
    if (gradient) gradient_part(layer, pass, rows, in, out_gradient, 0, layer->parameters, gradient);
    if (in_gradient) input_gradient(layer, pass, rows, in, out_gradient, in_gradient);
}

const struct ten_layer_type ten_layer_dense = {
    .name = "dense",
    .usage = "dense UNITS (1..65536)",
    .summary = "every output a weighted sum of all inputs",
    .parse = parse,
    .plan = plan,
    .fold = fold,
    .prepare = prepare,
    .initialise = initialise,
    .forward = forward,
    .backward = backward,
    .gradient = gradient_part,
};
