/* Neural networks as models: some networks by name and any other by its text, trained by ten_train. All of them have
 * the same parameters, named as in PyTorch and Keras, with defaults of their own. */
#include "base/error.h"
#include "base/memory.h"
#include "kernels/kernels.h"
#include "model/model.h"
#include "nn/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct network {
    struct ten_network *network;
    float *parameters, *statistics, *prepared; /* prepared: for predictions */
};

/* ---- Parameters ------------------------------------------------------------------------------------------------- */

enum {
    EPOCHS,
    BATCH_SIZE,
    LEARNING_RATE,
    OPTIMIZER,
    MOMENTUM,
    NESTEROV,
    BETA1,
    BETA2,
    EPSILON,
    WEIGHT_DECAY,
    SCHEDULE,
    WARM_UP,
    DIV_FACTOR,
    FINAL_DIV_FACTOR,
    STEP_SIZE,
    GAMMA,
    LABEL_SMOOTHING,
    SKIP,
    VALIDATION_FRACTION,
    PATIENCE,
    KEEP_BEST,
    AVERAGE,
    SHIFT,
    ROTATE,
    SCALE,
    SHEAR,
    ELASTIC,
    SIGMA,
    MAX_SECONDS,
    PRECISION,
    TEST_SHIFT,
    DROPOUT, /* of networks by name */
    NET = DROPOUT,
    FILTERS, /* of cnn and cnn2 */
    KERNEL_SIZE,
    DENSE,
    ACTIVATION,
    KEYSTONE = DROPOUT + 1, /* of cnn-hand */
    STROKE,
    GAPS,
    SPECKS,
    BLUR,
    EDGE,
    GRAIN,
    FIT,
    STYLES,
    OTHERS,
    DRAWN
};

static const char *const optimizers[] = {"sgd", "adam", "adamw", "lion", NULL};
static const char *const schedules[] = {"constant", "step", "cosine", "one-cycle", NULL};
enum { TRUE, FALSE };
static const char *const truths[] = {"true", "false", NULL};
enum { AUTO, FLOAT32, BFLOAT16 };
enum { RELU, LEAKY_RELU };
static const char *const activations[] = {"relu", "leaky-relu", NULL};
static const char *const precisions[] = {"auto", "float32", "bfloat16", NULL};

#define WHOLE(NAME, DEFAULT, LOW, HIGH, HELP)                                                                          \
    { .name = NAME, .type = TEN_INTEGER, .initial = DEFAULT, .minimum = LOW, .maximum = HIGH, .help = HELP }
#define REAL(NAME, DEFAULT, LOW, HIGH, HELP)                                                                           \
    { .name = NAME, .type = TEN_REAL, .initial = DEFAULT, .minimum = LOW, .maximum = HIGH, .help = HELP }
#define ABOVE(NAME, DEFAULT, LOW, HIGH, HELP)                                                                          \
    {                                                                                                                  \
        .name = NAME, .type = TEN_REAL, .initial = DEFAULT, .minimum = LOW, .open_minimum = true, .maximum = HIGH,     \
        .help = HELP                                                                                                   \
    }
#define WORD(NAME, DEFAULT, CHOICES, HELP)                                                                             \
    { .name = NAME, .type = TEN_CHOICE, .initial = DEFAULT, .choices = CHOICES, .help = HELP }

/* The arguments are the defaults in which the networks differ. */
#define TABLE(epochs, batch, rate, optimizer, decay, schedule, warm_up, smoothing, skipped, average, shift, rotate,    \
              scale, shear, elastic, views, ...)                                                                       \
    {                                                                                                                  \
        WHOLE("epochs", epochs, 1, 100000, "times that training goes through all images"),                             \
            WHOLE("batch_size", batch, 1, 100000, "images a step"),                                                    \
            ABOVE("learning_rate", rate, 0, 100, "the largest learning rate"),                                         \
            WORD("optimizer", optimizer, optimizers, "how steps are made of gradients"),                               \
            REAL("momentum", "0.9", 0, 0.9999, "of sgd"), WORD("nesterov", "true", truths, "whether sgd looks ahead"), \
            REAL("beta1", "0.9", 0, 0.9999, "of adam, adamw and lion"),                                                \
            REAL("beta2", "0.999", 0, 0.999999, "of adam, adamw and lion"),                                            \
            ABOVE("epsilon", "1e-8", 0, 1, "of adam and adamw"),                                                       \
            REAL("weight_decay", decay, 0, 10, "of weights, not of biases and scales"),                                \
            WORD("schedule", schedule, schedules, "how the learning rate runs"),                                       \
            REAL("warm_up", warm_up, 0, 1, "share of the steps in which the rate rises"),                              \
            REAL("div_factor", "25", 1, 1e9, "one-cycle begins with the largest rate divided by this"),                \
            REAL("final_div_factor", "1e4", 1, 1e9, "and ends with that divided by this"),                             \
            ABOVE("step_size", "1", 0, 100000, "epochs between the steps of the schedule step"),                       \
            ABOVE("gamma", "0.1", 0, 1, "by which each of them multiplies the rate"),                                  \
            REAL("label_smoothing", smoothing, 0, 0.9, "share of a label's weight given to all classes alike"),        \
            REAL("skip", skipped, 0, 1,                                                                                \
                 "images whose probabilities are all within this of their targets teach nothing more; 0: none"),       \
            REAL("validation_fraction", "0", 0, 0.9, "share of the training images kept apart to validate on"),        \
            WHOLE("patience", "0", 0, 100000, "stop after so many epochs without a lower validation loss; 0: never"),  \
            WORD("keep_best", "false", truths, "keep the epoch with the best validation accuracy, not the last"),      \
            REAL("average", average, 0, 0.999999, "decay of a moving average of the weights, which is kept; 0: none"), \
            REAL("shift", shift, 0, 100, "deform images while training: pixels to each side at most"),                 \
            REAL("rotate", rotate, 0, 180, "degrees at most"),                                                         \
            REAL("scale", scale, 0, 0.9, "share of width and height at most"),                                         \
            REAL("shear", shear, 0, 2, "pixels to the side per pixel of height at most"),                              \
            REAL("elastic", elastic, 0, 1e4, "alpha of the elastic deformation"),                                      \
            REAL("sigma", "4", 1, TEN_MAX_SIDE, "its smoothness in pixels"),                                           \
            REAL("max_seconds", "0", 0, 1e9, "time for training, to which the schedule is fitted; 0: no limit"),       \
            WORD("precision", "auto", precisions,                                                                      \
                 "of products in training, not of all of them; auto: the faster one here"),                            \
            WHOLE("test_shift", views, 0, 3,                                                                           \
                  "predict the mean over the image moved by up to so many pixels each way"),                           \
            __VA_ARGS__                                                                                                \
    }

#define DROPOUT_OF(rate) REAL("dropout", rate, 0, 0.9, "share of neurons dropped before the last layer")
#define NET_OF(text)                                                                                                   \
    { .name = "net", .type = TEN_TEXT, .initial = text, .help = "the layers; as --net" }

#define SHAPE_OF(rate)                                                                                                 \
    DROPOUT_OF(rate), WHOLE("filters", "32", 1, 1024, "of the first convolution; each further one has twice as many"), \
        WHOLE("kernel_size", "3", 1, 31, "height and width of the filters"),                                           \
        WHOLE("dense", "128", 1, 65536, "neurons of the hidden layer"),                                                \
        WORD("activation", "relu", activations, "behind each convolution and the hidden layer")

#define INK_OF(keystone, stroke, gaps, specks, blur, edge, grain, styles, drawn)                                       \
    REAL("keystone", keystone, 0, TEN_MAX_SIDE, "pixels by which corners move at most, as when paper is slanted"),     \
        REAL("stroke", stroke, 0, 8, "pixels by which strokes become wider or narrower at most"),                      \
        REAL("gaps", gaps, 0, 1, "share of the images with broken strokes"),                                           \
        REAL("specks", specks, 0, 1, "share of the images with specks or ends of other lines"),                        \
        REAL("blur", blur, 0, 0.8, "deviation at most, in pixels"),                                                    \
        REAL("edge", edge, 0, 1, "how much harder or softer edges become at most"),                                    \
        REAL("grain", grain, 0, 1, "share of its level that a pixel loses at most"),                                   \
        REAL("fit", "20", 0, TEN_MAX_SIDE,                                                                             \
             "pixels that the longer side gets, the whole being centred, as digits found in pictures are"),            \
        REAL("styles", styles, 0, 1, "share of the 1s, 4s, 7s and 9s written in another hand's way"),                  \
        REAL("others", "0.15", 0, 10, "drawings of no digit beside the images, as a share of them"),                   \
        REAL("drawn", drawn, 0, 10, "digits drawn in ways that the images may lack, likewise")

#define CNN2 "conv 32 3x3, relu, maxpool 2, conv 64 3x3, relu, maxpool 2, dense 128, relu"

static const struct ten_parameter mlp_table[] = TABLE("5", "256", "8e-3", "adam", "0", "one-cycle", "0.2", "0.1",
                                                      "0.08", "0", "0", "0", "0", "0", "0", "0", DROPOUT_OF("0"));
static const struct ten_parameter cnn_table[] = TABLE("10", "128", "3e-3", "adam", "0", "one-cycle", "0.2", "0.05",
                                                      "0.03", "0", "0", "0", "0", "0", "0", "0", DROPOUT_OF("0"));
static const struct ten_parameter conv_table[] = TABLE("10", "128", "3e-3", "adam", "0", "one-cycle", "0.2", "0.05",
                                                       "0.03", "0", "0", "0", "0", "0", "0", "0", SHAPE_OF("0"));
static const struct ten_parameter best_table[] =
    TABLE("60", "128", "2e-3", "adamw", "0.02", "one-cycle", "0.2", "0.05", "0", "0.999", "2", "12", "0.12", "0", "0",
          "1", DROPOUT_OF("0.3"));
static const struct ten_parameter hand_table[] =
    TABLE("20", "128", "2e-3", "adamw", "0.02", "one-cycle", "0.2", "0.05", "0", "0.999", "0", "15", "0.2", "0.25",
          "25", "0", DROPOUT_OF("0.3"), INK_OF("2", "2", "0.1", "0.1", "0.8", "1", "0.3", "0.25", "0.4"));
static const struct ten_parameter network_table[] = TABLE("10", "128", "1e-3", "adam", "0", "constant", "0", "0", "0",
                                                          "0", "0", "0", "0", "0", "0", "0", NET_OF(CNN2 ", dense 10"));

/* ---- The networks by name -------------------------------------------------------------------------------------------
 */

/* Dropout, if any, goes before the last layer, "dense 10", which stands in none of these. */
struct preset {
    const char *name, *body; /* NULL: the parameter `net` is all */
    size_t convolutions;     /* unless 0, the body is made by convolutions_of */
    bool ink;                /* whether it has the parameters from KEYSTONE on */
};

/* Convolutions, each with an activation and pooling, and a hidden layer, as the parameters say. The largest of leaky
 * values is the leaky one of the largest value: pooling first is the same, and convolutions pool in the same breath. */
static void convolutions_of(const struct preset *preset, const struct ten_values *values, char *body, size_t size) {
    const char *activation = activations[values->word[ACTIVATION]];
    size_t filters = (size_t)values->number[FILTERS], side = (size_t)values->number[KERNEL_SIZE], length = 0;
    for (size_t i = 0; i < preset->convolutions; i++)
        length += (size_t)snprintf(body + length, size - length,
                                   values->word[ACTIVATION] == RELU ? "conv %zu %zux%zu, %s, maxpool 2, "
                                                                    : "conv %zu %zux%zu, maxpool 2, %s, ",
                                   filters << i, side, side, activation);
    snprintf(body + length, size - length, "dense %.0f, %s", values->number[DENSE], activation);
}

/* NULL when memory is short. */
static char *text_of(const struct preset *preset, const struct ten_values *values) {
    char *text, made[TEN_MAX_TEXT];
    const char *body = preset->body;
    if (!body) return strdup(values->text);
    if (preset->convolutions) convolutions_of(preset, values, made, sizeof made), body = made;
    double dropout = values->number[DROPOUT];
    int length = dropout > 0 ? asprintf(&text, "%s, dropout %g, dense %d", body, dropout, TEN_CLASSES)
                             : asprintf(&text, "%s, dense %d", body, TEN_CLASSES);
    return length < 0 ? NULL : text;
}

/* Convolution and pooling want neighbours. */
static bool wants_images(const struct ten_layer *layer) {
    return layer->kernel_height > 0 || strncmp(layer->text, "conv", 4) == 0 || strstr(layer->text, "pool");
}

static enum ten_status build(struct ten_network **out, const char *name, const char *text,
                             const struct ten_shape *shape, struct ten_error *error) {
    bool image = shape->height > 0;
    struct ten_volume in = {image ? shape->height : 1, image ? shape->width : 1, image ? 1 : shape->columns};
    struct ten_error why;
    enum ten_status status = ten_network_new(out, text, in, &why);
    if (status != TEN_OK && image)
        return ten_fail(error, status, "%s for images of %zux%zu: %s", name, in.height, in.width, why.message);
    for (size_t i = 0; !image && (status != TEN_OK || i < (*out)->count); i++) {
        if (status != TEN_OK)
            return ten_fail(error, status, "%s for %zu plain numbers, which the preprocessing gives: %s", name,
                            shape->columns, why.message);
        if (!wants_images(&(*out)->layers[i])) continue;
        status = ten_fail(error, TEN_INVALID,
                          "%s: layer %zu (%s) wants images, but the preprocessing gives %zu plain numbers", name, i + 1,
                          (*out)->layers[i].text, shape->columns);
        ten_network_free(*out);
        *out = NULL;
        return status;
    }
    return status;
}

static enum ten_status build_preset(struct ten_network **out, const struct preset *preset,
                                    const struct ten_values *values, const struct ten_shape *shape,
                                    struct ten_error *error) {
    *out = NULL;
    char *text = text_of(preset, values);
    enum ten_status status =
        text ? build(out, preset->name, text, shape, error) : ten_fail_memory(error, "the network");
    free(text);
    return status;
}

/* ---- Fitting --------------------------------------------------------------------------------------------------------
 */

/* In training; predictions are in single precision unless bfloat16 is asked for. */
static enum ten_precision precision_of(const struct ten_values *values) {
    int word = values->word[PRECISION];
    return word == BFLOAT16 || (word == AUTO && ten_kernels()->bf16_pays) ? TEN_BF16 : TEN_SINGLE;
}

static struct ten_augment augment_of(const struct preset *preset, const double *v) {
    struct ten_augment a = {.shift = v[SHIFT],
                            .rotate = v[ROTATE],
                            .scale = v[SCALE],
                            .shear = v[SHEAR],
                            .elastic = v[ELASTIC],
                            .sigma = v[SIGMA]};
    if (!preset->ink) return a;
    a.keystone = v[KEYSTONE];
    a.styles = v[STYLES];
    a.ink = (struct ten_inking){v[STROKE], v[GAPS], v[SPECKS], v[BLUR], v[EDGE], v[GRAIN], v[FIT]};
    return a;
}

static struct ten_recipe recipe_of(const struct preset *preset, const struct ten_values *values) {
    const double *v = values->number;
    return (struct ten_recipe){
        .name = preset->name,
        .epochs = (size_t)v[EPOCHS],
        .batch_size = (size_t)v[BATCH_SIZE],
        .optimizer = {.type = ten_optimizer_find(optimizers[values->word[OPTIMIZER]]),
                      .momentum = v[MOMENTUM],
                      .nesterov = values->word[NESTEROV] == TRUE,
                      .beta1 = v[BETA1],
                      .beta2 = v[BETA2],
                      .epsilon = v[EPSILON],
                      .weight_decay = v[WEIGHT_DECAY]},
        .schedule = {.kind = (enum ten_schedule_kind)values->word[SCHEDULE],
                     .rate = v[LEARNING_RATE],
                     .first_share = 1 / v[DIV_FACTOR],
                     .final_share = values->word[SCHEDULE] == TEN_SCHEDULE_ONE_CYCLE
                                        ? 1 / (v[DIV_FACTOR] * v[FINAL_DIV_FACTOR])
                                        : 0,
                     .warm_up = v[WARM_UP],
                     .step_factor = v[GAMMA],
                     .step_share = v[STEP_SIZE] / v[EPOCHS]},
        .label_smoothing = (float)v[LABEL_SMOOTHING],
        .skip = (float)v[SKIP],
        .validation = v[VALIDATION_FRACTION],
        .patience = (size_t)v[PATIENCE],
        .keep_best = values->word[KEEP_BEST] == TRUE,
        .average = v[AVERAGE],
        .augment = augment_of(preset, v),
        .others = preset->ink ? v[OTHERS] : 0,
        .drawn = preset->ink ? v[DRAWN] : 0,
        .max_seconds = v[MAX_SECONDS],
        .precision = precision_of(values),
    };
}

static void release(void *state) {
    struct network *model = state;
    ten_network_free(model->network);
    free(model->parameters);
    free(model->statistics);
    free(model->prepared);
    *model = (struct network){0};
}

static enum ten_precision prediction_precision(const struct ten_values *values) {
    return values->word[PRECISION] == BFLOAT16 ? TEN_BF16 : TEN_SINGLE;
}

static enum ten_status prepare(struct network *model, const struct ten_values *values, struct ten_error *error) {
    model->prepared = ten_alloc(model->network->prepared, sizeof *model->prepared);
    if (!model->prepared) return ten_fail_memory(error, "the weights");
    ten_network_prepare(model->network, prediction_precision(values), model->parameters, model->prepared);
    return TEN_OK;
}

/* A fit that is looked on: after each epoch the model is, for a while, what training would end with. */
struct watched {
    struct network *model;
    const struct ten_training *training;
};

static enum ten_status show_epoch(void *context, const float *parameters, const float *statistics,
                                  struct ten_error *error) {
    const struct watched *watched = context;
    const struct ten_training *training = watched->training;
    struct network own = *watched->model, *model = watched->model;
    model->parameters = (float *)parameters; /* only read */
    model->statistics = (float *)statistics;
    enum ten_status status = prepare(model, training->values, error);
    if (status == TEN_OK) status = training->epoch(training->epoch_context, error);
    free(model->prepared);
    *model = own;
    return status;
}

static enum ten_status fit(struct network *model, const struct preset *preset, const struct ten_training *training,
                           struct ten_error *error) {
    enum ten_status status = build_preset(&model->network, preset, training->values, &training->features->shape, error);
    if (status != TEN_OK) return status;
    model->parameters = ten_alloc(model->network->parameters, sizeof *model->parameters);
    model->statistics = ten_alloc(model->network->statistics, sizeof *model->statistics);
    if (!model->parameters || !model->statistics) return ten_fail_memory(error, "the weights");
    struct ten_recipe recipe = recipe_of(preset, training->values);
    struct watched watched = {model, training};
    struct ten_watcher watcher = {show_epoch, &watched};
    status = ten_train(model->network, &recipe, training->features, training->labels, model->parameters,
                       model->statistics, training->history, training->epoch ? &watcher : NULL, training->run, error);
    return status == TEN_OK ? prepare(model, training->values, error) : status;
}

static enum ten_status summarise(const struct preset *preset, const struct ten_values *values,
                                 const struct ten_shape *shape, char **summary, struct ten_error *error) {
    struct ten_network *network;
    struct ten_recipe recipe = recipe_of(preset, values);
    enum ten_status status = ten_recipe_check(&recipe, shape, error);
    if (status == TEN_OK) status = build_preset(&network, preset, values, shape, error);
    if (status != TEN_OK) return status;
    *summary = ten_network_summary(network);
    ten_network_free(network);
    return *summary ? TEN_OK : ten_fail_memory(error, "the network's table");
}

/* An image of `size` bytes a pixel moved down and to the right; zeros come in. */
static void move_image(const uint8_t *from, uint8_t *to, const struct ten_shape *shape, size_t size, int down,
                       int right) {
    size_t height = shape->height, width = shape->width, y_cut = (size_t)abs(down), x_cut = (size_t)abs(right);
    memset(to, 0, height * width * size);
    if (x_cut >= width) return;
    for (size_t y = 0; y + y_cut < height; y++) {
        size_t from_y = down < 0 ? y + y_cut : y, to_y = down < 0 ? y : y + y_cut;
        memcpy(to + (to_y * width + (right > 0 ? x_cut : 0)) * size,
               from + (from_y * width + (right < 0 ? x_cut : 0)) * size, (width - x_cut) * size);
    }
}

/* The mean over the images moved by up to `shift` pixels each way. */
static enum ten_status predict_moved(const struct ten_trained *net, int shift, const struct ten_batch *features,
                                     float *probabilities, const struct ten_run *run, struct ten_error *error) {
    size_t rows = features->rows, size = features->is_bytes ? 1 : sizeof(float), row = features->shape.columns * size;
    const uint8_t *from = features->is_bytes ? features->bytes : (const uint8_t *)features->floats;
    uint8_t *moved = ten_alloc(rows, row);
    float *some = ten_alloc(rows * TEN_CLASSES, sizeof *some), share = 1 / (float)((2 * shift + 1) * (2 * shift + 1));
    struct ten_batch batch = *features;
    batch.owned = false;
    if (features->is_bytes)
        batch.bytes = moved;
    else
        batch.floats = (const float *)(const void *)moved;
    enum ten_status status = moved && some ? TEN_OK : ten_fail_memory(error, "moved images");
    for (size_t i = 0; i < rows * TEN_CLASSES && status == TEN_OK; i++) probabilities[i] = 0;
    for (int down = -shift; down <= shift && status == TEN_OK; down++)
        for (int right = -shift; right <= shift && status == TEN_OK; right++) {
            for (size_t i = 0; i < rows; i++)
                move_image(from + i * row, moved + i * row, &features->shape, size, down, right);
            status = ten_network_predict(net->network, net->parameters, net->statistics, net->prepared, net->precision,
                                         &batch, false, some, run, error);
            for (size_t i = 0; i < rows * TEN_CLASSES && status == TEN_OK; i++) probabilities[i] += share * some[i];
        }
    free(moved);
    free(some);
    return status;
}

static struct ten_trained trained(const void *state, const struct ten_values *values) {
    const struct network *model = state;
    return (struct ten_trained){model->network, model->parameters, model->statistics, model->prepared,
                                prediction_precision(values)};
}

static enum ten_status predict(const void *state, const struct ten_values *values, const struct ten_batch *features,
                               float *probabilities, const struct ten_run *run, struct ten_error *error) {
    struct ten_trained net = trained(state, values);
    int shift = features->shape.height ? (int)values->number[TEST_SHIFT] : 0;
    if (shift) return predict_moved(&net, shift, features, probabilities, run, error);
    return ten_network_predict(net.network, net.parameters, net.statistics, net.prepared, net.precision, features,
                               false, probabilities, run, error);
}

static size_t parameter_count(const void *state) { return ((const struct network *)state)->network->parameters; }

/* ---- Files ----------------------------------------------------------------------------------------------------------
 */

/* A layer's part of the two vectors: which, where, how many. */
static const char *const part_names[] = {"weights", "offsets", "statistics"};
enum { PARTS = sizeof part_names / sizeof *part_names };

static float *part_of(const struct network *model, const struct ten_layer *layer, size_t part, size_t *count) {
    float *parameters = model->parameters + layer->parameters_at;
    *count = part == 0 ? layer->decayed : part == 1 ? layer->parameters - layer->decayed : layer->statistics;
    return part == 0 ? parameters : part == 1 ? parameters + layer->decayed : model->statistics + layer->statistics_at;
}

/* Weights stand unit by unit for each input: of a window's rows, columns and channels, or of all that comes in. */
static size_t shape_of(const struct ten_layer *layer, size_t part, size_t count, size_t shape[TEN_MAX_RANK]) {
    shape[0] = count;
    if (part != 0) return 1;
    if (layer->kernel_height == 0) {
        shape[0] = count / layer->units;
        shape[1] = layer->units;
        return 2;
    }
    shape[0] = layer->kernel_height;
    shape[1] = layer->kernel_width;
    shape[2] = layer->in.channels;
    shape[3] = layer->units;
    return 4;
}

/* Tensors layerN.weights, layerN.offsets, layerN.statistics of those layers that have them, and the network's text. */
static enum ten_status save(const void *state, struct ten_tensors *tensors, struct ten_error *error) {
    const struct network *model = state;
    char *text = ten_network_text(model->network), name[64];
    bool good = text && json_object_set_new(tensors->metadata, "network", json_string(text)) == 0;
    enum ten_status status = good ? TEN_OK : ten_fail_memory(error, "the network");
    free(text);
    for (size_t i = 0; i < model->network->count; i++)
        for (size_t part = 0; status == TEN_OK && part < PARTS; part++) {
            const struct ten_layer *layer = &model->network->layers[i];
            size_t count, shape[TEN_MAX_RANK];
            const float *values = part_of(model, layer, part, &count);
            if (!count) continue;
            snprintf(name, sizeof name, "layer%zu.%s", i + 1, part_names[part]);
            size_t rank = shape_of(layer, part, count, shape);
            status = ten_tensors_add(tensors, name, TEN_F32, rank, shape, values, error);
        }
    return status;
}

static enum ten_status take_part(const struct network *model, size_t i, size_t part, struct ten_tensors *tensors,
                                 struct ten_error *error) {
    const struct ten_layer *layer = &model->network->layers[i];
    size_t count, shape[TEN_MAX_RANK];
    float *values = part_of(model, layer, part, &count);
    if (!count) return TEN_OK;
    char name[64];
    void *taken;
    snprintf(name, sizeof name, "layer%zu.%s", i + 1, part_names[part]);
    size_t rank = shape_of(layer, part, count, shape);
    enum ten_status status = ten_tensors_take(tensors, name, TEN_F32, rank, shape, &taken, error);
    if (status == TEN_OK) memcpy(values, taken, count * sizeof *values);
    free(taken);
    return status;
}

static size_t size_of_file(const struct ten_tensors *tensors) {
    size_t floats = 0;
    for (size_t i = 0; i < tensors->count; i++) {
        size_t values = 1;
        for (size_t d = 0; d < tensors->items[i].rank; d++) values *= tensors->items[i].shape[d];
        floats += values;
    }
    return floats;
}

/* The network is what its text in the file says, whatever a network of this name is in this version. */
static enum ten_status load(void *state, const struct ten_values *values, const struct ten_shape *shape,
                            struct ten_tensors *tensors, struct ten_error *error) {
    struct network *model = state;
    const char *text = json_string_value(json_object_get(tensors->metadata, "network"));
    if (!text)
        return ten_fail(error, TEN_FORMAT, "%s: no \"network\" in __metadata__; not a network that tenfold wrote",
                        tensors->path);
    struct ten_error why;
    enum ten_status status = build(&model->network, "network", text, shape, &why);
    if (status != TEN_OK)
        return ten_fail(error, status == TEN_NO_MEMORY ? status : TEN_FORMAT, "%s: __metadata__ \"network\": %s",
                        tensors->path, why.message);
    /* before anything is allocated for it */
    if (model->network->parameters > size_of_file(tensors))
        return ten_fail(error, TEN_FORMAT, "%s: __metadata__ \"network\" has %zu parameters, more than the file holds",
                        tensors->path, model->network->parameters);
    model->parameters = ten_alloc(model->network->parameters, sizeof *model->parameters);
    model->statistics = ten_alloc(model->network->statistics, sizeof *model->statistics);
    if (!model->parameters || !model->statistics) return ten_fail_memory(error, "the weights");
    for (size_t i = 0; i < model->network->count; i++)
        for (size_t part = 0; status == TEN_OK && part < PARTS; part++)
            status = take_part(model, i, part, tensors, error);
    return status == TEN_OK ? prepare(model, values, error) : status;
}

/* ---- The models
 * ------------------------------------------------------------------------------------------------------- */

#define MODEL(id, NAME, BODY, CONVOLUTIONS, INK, TITLE, SUMMARY, PREP, PARAMETERS, REQUEST)                            \
    static const struct preset preset_##id = {NAME, BODY, CONVOLUTIONS, INK};                                          \
    static enum ten_status fit_##id(void *state, const struct ten_training *training, struct ten_error *error) {       \
        return fit(state, &preset_##id, training, error);                                                              \
    }                                                                                                                  \
    static enum ten_status summarise_##id(const struct ten_values *values, const struct ten_shape *shape,              \
                                          char **summary, struct ten_error *error) {                                   \
        return summarise(&preset_##id, values, shape, summary, error);                                                 \
    }                                                                                                                  \
    const struct ten_model_type ten_model_##id = {                                                                     \
        .about = {.name = NAME,                                                                                        \
                  .title = TITLE,                                                                                      \
                  .summary = SUMMARY,                                                                                  \
                  .prep = PREP,                                                                                        \
                  .parameters = PARAMETERS,                                                                            \
                  .parameter_count = sizeof PARAMETERS / sizeof *PARAMETERS,                                           \
                  .checkpoints = true,                                                                                 \
                  .on_request = REQUEST},                                                                              \
        .state_size = sizeof(struct network),                                                                          \
        .fit = fit_##id,                                                                                               \
        .predict = predict,                                                                                            \
        .save = save,                                                                                                  \
        .load = load,                                                                                                  \
        .summarise = summarise_##id,                                                                                   \
        .parameters = parameter_count,                                                                                 \
        .network = trained,                                                                                            \
        .release = release,                                                                                            \
    }

MODEL(mlp, "mlp", "dense 256, relu", 0, false, "Neural network", "One hidden layer of 256 neurons.", "deskew,scale",
      mlp_table, false);
MODEL(mlp2, "mlp2", "dense 256, relu, dense 128, relu", 0, false, "Neural network, two hidden layers",
      "Hidden layers of 256 and 128 neurons.", "deskew,scale", mlp_table, false);
MODEL(cnn, "cnn", "", 1, false, "Convolutional network", "One convolution, pooling and a hidden layer.", "scale",
      conv_table, false);
MODEL(cnn2, "cnn2", "", 2, false, "Convolutional network, two convolutions",
      "Two convolutions, each with pooling, and a hidden layer.", "scale", conv_table, false);
MODEL(lenet5, "lenet5",
      "conv 6 5x5 pad 2, relu, maxpool 2, conv 16 5x5, relu, maxpool 2, dense 120, relu, dense 84, relu", 0, false,
      "LeNet-5", "The network of LeCun et al. (1998), with today's activation and pooling.", "scale", cnn_table, false);
#define BEST                                                                                                           \
    "conv 32 5x5, maxpool 2, batchnorm, relu, conv 64 3x3, batchnorm, relu, conv 64 3x3, maxpool 2, batchnorm, relu, " \
    "conv 128 3x3 pad same, batchnorm, relu, dense 128, batchnorm, relu"
MODEL(cnn_best, "cnn-best", BEST, 0, false, "Convolutional network, best recipe",
      "Four convolutions, trained long on deformed images.", "scale", best_table, true);
MODEL(cnn_hand, "cnn-hand", BEST, 0, true, "Convolutional network for drawings and photos",
      "The best network, trained on what pens, paper and cameras make of digits.", "scale", hand_table, true);
MODEL(network, "network", NULL, 0, false, "Network by its text", "Any network, written out with --net.", "scale",
      network_table, true);
