/* What the kinds of layers share: reading their words, the product they multiply with. */
#ifndef TEN_NN_LAYER_H
#define TEN_NN_LAYER_H

#include "kernels/kernels.h"
#include "nn/network.h"

extern const struct ten_layer_type ten_layer_conv, ten_layer_dense, ten_layer_maxpool, ten_layer_avgpool,
    ten_layer_global_avgpool, ten_layer_relu, ten_layer_leaky_relu, ten_layer_dropout, ten_layer_batchnorm,
    ten_layer_flatten;

/* ---- Text --------------------------------------------------------------------------------------------------------
 */

enum { TEN_MAX_UNITS = 65536, TEN_MAX_WINDOW = 64 };

/* Reads the text of a whole network, without shapes. The caller frees. */
enum ten_status ten_layers_parse(struct ten_layer **layers, size_t *count, const char *text, struct ten_error *error);

/* A whole number in least..most; a size "3" (square) or "3x5" of 1..most each; a real number in least..most. False if
 * the word is none. */
bool ten_word_count(const char *word, size_t least, size_t most, size_t *value);
bool ten_word_size(const char *word, size_t most, size_t *height, size_t *width);
bool ten_word_real(const char *word, double least, double most, float *value);

/* Appends to layer->text, which has room for what parse functions can write. */
void ten_layer_write(struct ten_layer *layer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends " NUMBER" with as few digits as read back as the same number: 0.3, not 0.300000012. */
void ten_layer_write_rate(struct ten_layer *layer, float value);

/* "18x18x32", or "128" for a vector. */
struct ten_volume_name {
    char text[72];
};
struct ten_volume_name ten_volume_name(struct ten_volume volume);

/* Whether the network has a layer of this number, counted from 0. */
enum ten_status ten_layer_check(const struct ten_network *network, size_t layer, struct ten_error *error);

/* ---- Windows -----------------------------------------------------------------------------------------------------
 */

/* Sets top, left, out.height and out.width from in, kernel, stride and padding; fails if no window fits. */
enum ten_status ten_window_plan(struct ten_layer *layer, struct ten_error *error);

/* ---- Parameters ---------------------------------------------------------------------------------------------------
 */

/* Weights and biases uniform within 1 / sqrt(fan_in), as PyTorch's Linear and Conv2d start. */
void ten_initialise_uniform(struct ten_random *random, size_t fan_in, size_t count, float *values);

#endif
