/* Batch normalisation (Ioffe and Szegedy 2015): each channel is brought to mean 0 and variance 1 over all pixels of the
 * batch, then scaled and shifted by what is learned:
 *
 *     out = scale * n + shift,    n = (in - mean) * inverse,    inverse = 1 / sqrt(variance + 1e-5)
 *
 * parameters: scale, shift; statistics: running mean and variance (the unbiased one), each moving by `rate` of the
 * difference a batch; they stand in for the batch's when predicting. With g the gradient of out, and means over the
 * batch,
 *
 *     gradient of in = scale * inverse * (g - mean(g) - n * mean(g n)).
 *
 * shared: mean, inverse, mean(g), mean(g n). */
#include "nn/layer.h"

#include <math.h>
#include <string.h>

static const double epsilon = 1e-5;

static bool parse(struct ten_layer *layer, size_t words, const char *const *word) {
    layer->rate = 0.1f;
    if (words > 1 || (words == 1 && !ten_word_real(word[0], 0, 1, &layer->rate))) return false;
    if (layer->rate != 0.1f) ten_layer_write_rate(layer, layer->rate);
    return true;
}

static enum ten_status plan(struct ten_layer *layer, struct ten_error *error) {
    (void)error;
    size_t channels = layer->in.channels;
    layer->out = layer->in;
    layer->parameters = layer->statistics = layer->sums = layer->scratch = 2 * channels;
    layer->shared = 4 * channels;
    layer->operations = ten_volume_size(layer->in);
    return TEN_OK;
}

static void initialise(const struct ten_layer *layer, struct ten_random *random, float *parameters, float *statistics) {
    (void)random;
    for (size_t c = 0; c < layer->in.channels; c++) {
        parameters[c] = 1;
        parameters[layer->in.channels + c] = 0;
        statistics[c] = 0;
        statistics[layer->in.channels + c] = 1;
    }
}

static size_t pixels_of(const struct ten_layer *layer, size_t rows) {
    return rows * layer->in.height * layer->in.width;
}

/* ---- Forward -----------------------------------------------------------------------------------------------------
 */

static void sum_forward(const struct ten_layer *layer, size_t rows, const float *in, double *sums) {
    size_t channels = layer->in.channels, pixels = pixels_of(layer, rows);
    double *restrict sum = sums, *restrict squares = sums + channels;
    memset(sums, 0, layer->sums * sizeof *sums);
    for (size_t p = 0; p < pixels; p++, in += channels)
        for (size_t c = 0; c < channels; c++) {
            double x = (double)in[c];
            sum[c] += x;
            squares[c] += x * x;
        }
}

static void share_forward(const struct ten_layer *layer, size_t rows, const double *sums, float *statistics,
                          float *shared) {
    size_t channels = layer->in.channels;
    double count = (double)pixels_of(layer, rows), rate = (double)layer->rate;
    for (size_t c = 0; c < channels; c++) {
        double mean = sums[c] / count, variance = fmax(0, sums[channels + c] / count - mean * mean);
        double unbiased = count > 1 ? variance * count / (count - 1) : variance;
        shared[c] = (float)mean;
        shared[channels + c] = (float)(1 / sqrt(variance + epsilon));
        statistics[c] += (float)(rate * (mean - (double)statistics[c]));
        statistics[channels + c] += (float)(rate * (unbiased - (double)statistics[channels + c]));
    }
}

/* Mean and inverse deviation of a pass; of running statistics they are put into its scratch memory. */
static const float *moments_of(const struct ten_layer *layer, const struct ten_pass *pass) {
    if (pass->training) return pass->shared;
    size_t channels = layer->in.channels;
    for (size_t c = 0; c < channels; c++) {
        pass->scratch[c] = pass->statistics[c];
        pass->scratch[channels + c] = (float)(1 / sqrt((double)pass->statistics[channels + c] + epsilon));
    }
    return pass->scratch;
}

static void forward(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                    float *out, void *kept) {
    (void)kept;
    size_t channels = layer->in.channels, pixels = pixels_of(layer, rows);
    const float *restrict mean = moments_of(layer, pass), *restrict inverse = mean + channels;
    const float *restrict scale = pass->parameters, *restrict shift = scale + channels;
    for (size_t p = 0; p < pixels; p++) {
        const float *restrict from = in + p * channels;
        float *restrict to = out + p * channels;
        for (size_t c = 0; c < channels; c++) to[c] = (from[c] - mean[c]) * (inverse[c] * scale[c]) + shift[c];
    }
}

/* ---- Backward ----------------------------------------------------------------------------------------------------
 */

/* Sums of g and of g n. */
static void sum_products(const struct ten_layer *layer, size_t rows, const float *in, const float *g,
                         const float *moments, double *sums) {
    size_t channels = layer->in.channels, pixels = pixels_of(layer, rows);
    const float *restrict mean = moments, *restrict inverse = moments + channels;
    double *restrict sum = sums, *restrict products = sums + channels;
    memset(sums, 0, layer->sums * sizeof *sums);
    for (size_t p = 0; p < pixels; p++, in += channels, g += channels)
        for (size_t c = 0; c < channels; c++) {
            sum[c] += (double)g[c];
            products[c] += (double)g[c] * (double)((in[c] - mean[c]) * inverse[c]);
        }
}

static void sum_backward(const struct ten_layer *layer, size_t rows, const float *in, const float *out_gradient,
                         const float *shared, double *sums) {
    sum_products(layer, rows, in, out_gradient, shared, sums);
}

static void share_backward(const struct ten_layer *layer, size_t rows, const double *sums, float *shared) {
    double count = (double)pixels_of(layer, rows);
    for (size_t i = 0; i < layer->sums; i++) shared[layer->sums + i] = (float)(sums[i] / count);
}

static void backward(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                     const float *out, const void *kept, float *out_gradient, float *in_gradient, float *gradient) {
    (void)out, (void)kept;
    size_t channels = layer->in.channels, pixels = pixels_of(layer, rows);
    const float *restrict mean = moments_of(layer, pass), *restrict inverse = mean + channels;
    const float *restrict scale = pass->parameters;
    if (gradient) /* the sums over these rows, which are there already: first of g n, for the scale */
        for (size_t c = 0; c < channels; c++) {
            gradient[c] = (float)pass->sums[channels + c];
            gradient[channels + c] = (float)pass->sums[c];
        }
    if (!in_gradient) return;
    const float *restrict mean_g = mean + 2 * channels, *restrict mean_gn = mean + 3 * channels;
    for (size_t p = 0; p < pixels; p++) {
        const float *restrict x = in + p * channels, *restrict g = out_gradient + p * channels;
        float *restrict to = in_gradient + p * channels;
        if (pass->training)
            for (size_t c = 0; c < channels; c++)
                to[c] = scale[c] * inverse[c] * (g[c] - mean_g[c] - (x[c] - mean[c]) * inverse[c] * mean_gn[c]);
        else /* mean and deviation do not depend on the input */
            for (size_t c = 0; c < channels; c++) to[c] = scale[c] * inverse[c] * g[c];
    }
}

const struct ten_layer_type ten_layer_batchnorm = {
    .name = "batchnorm",
    .usage = "batchnorm [MOMENTUM] (0..1; 0.1 unless told)",
    .summary = "each channel brought to mean 0 and variance 1 over the batch, then scaled and shifted",
    .parse = parse,
    .plan = plan,
    .initialise = initialise,
    .forward = forward,
    .backward = backward,
    .sum_forward = sum_forward,
    .share_forward = share_forward,
    .sum_backward = sum_backward,
    .share_backward = share_backward,
};
