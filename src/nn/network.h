/* Networks: layers in a row, from an image to TEN_CLASSES logits, built from a text such as
 *
 *     conv 32 3x3, relu, maxpool 2, conv 64 3x3, relu, maxpool 2, dense 128, relu, dense 10
 *
 * which fixes every shape. A network is only the plan: its learned numbers are one vector of floats (`parameters`), and
 * another one of those that training measures but does not learn (`statistics`: running means and variances), so that
 * optimisers, averages, checkpoints and files need to know nothing of layers. */
#ifndef TEN_NN_NETWORK_H
#define TEN_NN_NETWORK_H

#include "base/random.h"
#include "data/batch.h"
#include "tenfold.h"

/* Activations are stored row after row, each [height][width][channels]; a vector is 1 x 1 x channels. */
struct ten_volume {
    size_t height, width, channels;
};

static inline size_t ten_volume_size(struct ten_volume v) { return v.height * v.width * v.channels; }

/* What the products of dense layers, and those of convolutions by minimal filtering, are made in: single precision, or
 * with factors rounded to bfloat16. Sums, and all other products, are in single precision always. */
enum ten_precision { TEN_SINGLE, TEN_BF16 };

/* One pass of one thread over some rows. */
struct ten_pass {
    const float *parameters; /* the layer's own */
    const float *statistics; /* the layer's own */
    const float *prepared;   /* what `prepare` made of the parameters */
    const float *shared;     /* while training: what the layer knows of the whole batch (batchnorm) */
    const double *sums;      /* while training, backward: what sum_backward gave for these rows */
    bool training;
    bool apart; /* every layer does its own work only; backward then wants nothing prepared */
    enum ten_precision precision;
    uint64_t seed, step;  /* of random choices (dropout): drawn from these, the layer and the row in the batch alone */
    size_t first_row;     /* of these rows in the batch */
    const uint32_t *left; /* for `gradient`: the rows' numbers, rising, in `in` and out_gradient; NULL: all */
    const struct ten_ahead *ahead; /* forward: to be fetched meanwhile, or NULL */
    float *scratch;                /* the thread's, 64-byte aligned: layer->scratch floats */
};

enum { TEN_MAX_LAYERS = 64, TEN_ROWS_AT_ONCE = 32 };

/* One layer of a network, its shapes fixed. */
struct ten_layer {
    const struct ten_layer_type *type;
    char text[96]; /* in standard form: "conv 32 3x3 stride 1 pad 1" */
    size_t number; /* its place in the network, from 0 */
    size_t units;  /* output channels or neurons */
    size_t kernel_height, kernel_width, stride_height, stride_width;
    size_t padding;   /* rows and columns of zeros on each side ... */
    bool same;        /* ... or as many in all as keep the size, the odd one below and to the right */
    size_t top, left; /* zeros before the first row and column: from those two */
    float rate;       /* dropout's probability, leaky relu's slope, batchnorm's momentum */
    struct ten_volume in, out;
    size_t parameters, parameters_at; /* how many, and where in the network's vector */
    size_t decayed;                   /* the first so many of them are weights, subject to weight decay; the others
                                         biases, scales and offsets */
    size_t statistics, statistics_at;
    size_t prepared, prepared_backward, prepared_at; /* floats made of the parameters before a batch: for forward, then
                                                        for backward; and where in the network's vector */
    bool whole;          /* its gradient is made of the whole batch at once, see `gradient` below */
    size_t kept;         /* bytes a row that forward leaves for backward, beside input and output */
    size_t scratch;      /* floats that a thread needs */
    size_t sums, shared; /* doubles and floats for what concerns the whole batch (batchnorm); else 0 */
    size_t operations;   /* multiply-adds an image, forward */
    bool in_place;       /* output and input share their memory */
    size_t slot;         /* that of the output: slots are numbered from 0, the network's input */
    /* Layers behind that this one does as well, while its values are at hand, unless a pass is `apart`: */
    size_t folds;    /* how many */
    bool relu, pool; /* what: max(x, 0), the largest of 2x2 */
    bool folded;     /* done by a layer before */
};

/* A kind of layer; the table is in layer.c, one file per family. */
struct ten_layer_type {
    const char *name;    /* "conv" */
    const char *usage;   /* "conv UNITS N|HxW [stride S] [pad P|same]" */
    const char *summary; /* one sentence */
    /* Reads the words behind the name into the layer and its standard form; false if they are not as `usage` says. */
    bool (*parse)(struct ten_layer *layer, size_t words, const char *const *word);
    /* layer->in is set: sets out and everything below it that is not 0. */
    enum ten_status (*plan)(struct ten_layer *layer, struct ten_error *error);
    /* Sets relu and pool and returns how many of the `behind` layers after this one it does as well, shapes being known
     * (NULL: none). What depends on it (scratch, prepared) is set here, too. */
    size_t (*fold)(struct ten_layer *layer, size_t behind);
    /* NULL: no parameters or statistics. */
    void (*initialise)(const struct ten_layer *layer, struct ten_random *random, float *parameters, float *statistics);
    /* Makes of the parameters what all rows need: prepared[layer->prepared], or with `backward` what backward needs,
     * prepared[layer->prepared_backward], which is to lie behind it. Of a `whole` layer what comes of rows
     * begin..end - 1 of the weights, from a multiple of TEN_ROWS_AT_ONCE to another (of half of it, where nothing is
     * prepared for backward) or to the last; of others everything. NULL: nothing. */
    void (*prepare)(const struct ten_layer *layer, enum ten_precision precision, const float *parameters, size_t begin,
                    size_t end, bool backward, float *prepared);
    /* kept: NULL if there will be no backward. */
    void (*forward)(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                    float *out, void *kept);
    /* gradient[parameters] gets (not: is increased by) this layer's gradient over these rows; it may be NULL (nobody
     * wants it), and so may in_gradient (first layer). in and out are those of forward, or what layers in place made of
     * them; in an in-place layer in is out, and in_gradient out_gradient. Works for passes of either kind. */
    void (*backward)(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                     const float *out, const void *kept, float *out_gradient, float *in_gradient, float *gradient);
    /* Layers whose gradient is made of the whole batch (`whole`; NULL elsewhere): entries begin..end-1 of it, from the
     * in and out_gradient that backward left, which was given no gradient to write. */
    void (*gradient)(const struct ten_layer *layer, const struct ten_pass *pass, size_t rows, const float *in,
                     const float *out_gradient, size_t begin, size_t end, float *gradient);
    /* Layers that need a look at the whole batch first while training (batchnorm; NULL elsewhere). Sums over some rows
     * are kept per shard and added in the order of shards, `sums` doubles each; then, once, what all rows need is made
     * of them. Before forward: */
    void (*sum_forward)(const struct ten_layer *layer, size_t rows, const float *in, double *sums);
    void (*share_forward)(const struct ten_layer *layer, size_t rows, const double *sums, float *statistics,
                          float *shared); /* rows: of the batch; updates the statistics */
    /* Before backward: */
    void (*sum_backward)(const struct ten_layer *layer, size_t rows, const float *in, const float *out_gradient,
                         const float *shared, double *sums);
    void (*share_backward)(const struct ten_layer *layer, size_t rows, const double *sums, float *shared);
};

extern const struct ten_layer_type *const ten_layer_types[]; /* NULL-terminated */

/* Rows of a `whole` layer's weights, for `prepare`; 0 of others. */
static inline size_t ten_layer_rows(const struct ten_layer *layer) {
    return layer->whole ? layer->decayed / layer->units : 0;
}

struct ten_network {
    struct ten_layer *layers;
    size_t count;
    struct ten_volume in;
    size_t slots;    /* different memories for activations, the input's among them */
    size_t largest;  /* floats a row of the largest slot */
    size_t shard;    /* rows that one task of training takes: their activations stay near */
    size_t scratch;  /* floats a thread */
    size_t prepared; /* floats made of the parameters before a batch */
    size_t parameters, statistics, operations;
};

/* Errors (TEN_INVALID) name the layer: "layer 3 (maxpool 2): ...". The last layer must have TEN_CLASSES outputs. A
 * dense layer takes any volume as a vector ("flatten" may be written, and only says so). */
enum ten_status ten_network_new(struct ten_network **out, const char *text, struct ten_volume in,
                                struct ten_error *error);
void ten_network_free(struct ten_network *network);

/* The layers' standard forms, with ", " between: building from it gives the same network. The caller frees; NULL when
 * memory is short. */
char *ten_network_text(const struct ten_network *network);

/* A table for people: layer, output shape, parameters, multiply-adds an image, and totals. The caller frees; NULL when
 * memory is short. */
char *ten_network_summary(const struct ten_network *network);

/* As PyTorch does by default: weights and biases uniform within 1 / sqrt(inputs of a unit); batchnorm starts as the
 * identity. */
void ten_network_initialise(const struct ten_network *network, uint64_t seed, float *parameters, float *statistics);

/* ---- Training: memory planned once, no allocation afterwards ------------------------------------------------ */

/* Rows that one task takes from input to loss and back, at most. Each network has its number, which decides what is
 * summed together. */
enum { TEN_MOST_SHARD = 64 };

struct ten_workspace;
/* For batches of at most `most_rows` rows. Of `run` it keeps the number of threads; the network must stay. */
enum ten_status ten_workspace_new(struct ten_workspace **out, const struct ten_network *network, size_t most_rows,
                                  const struct ten_run *run, struct ten_error *error);
void ten_workspace_free(struct ten_workspace *workspace);

/* The label of a row that belongs to no class: its target is every class alike. */
enum { TEN_NO_CLASS = TEN_CLASSES };

struct ten_batch_result {
    double loss;    /* sum over the rows of a class of the cross-entropy (with smoothing, if any) */
    size_t correct; /* rows whose largest logit is the label's */
};

/* One batch forward and backward. fill(context, row, out) writes row `row` of the batch (0..rows-1) as
 * ten_volume_size(network->in) floats; it is called once per row by the thread that needs it (this is where images are
 * picked and deformed). Afterwards ten_workspace_gradient gives the gradient of the mean loss. Independent of the
 * number of threads. */
struct ten_batch_input {
    size_t rows;
    void (*fill)(void *context, size_t row, size_t thread, float *out);
    /* NULL, or tells where in memory what row `row` of the next batch will be filled with starts, NULL: nowhere */
    const void *(*next)(void *context, size_t row);
    size_t next_bytes;
    void *context;
    const uint8_t *labels; /* [rows]; classes or TEN_NO_CLASS */
    float label_smoothing; /* 0 to below 1 */
    float skip;            /* rows whose probabilities are all within this of their targets give no gradient; 0: none */
    enum ten_precision precision;
    uint64_t seed, step;
    bool prepared; /* ten_workspace_prepare was told of every change of the parameters since the last batch */
};
/* Statistics are updated. TEN_INVALID for a batch without rows or with more than the workspace has room for, and for a
 * label that is no class. The loss may come out not finite: that is the caller's to see. */
enum ten_status ten_workspace_run(struct ten_workspace *workspace, const float *parameters, float *statistics,
                                  const struct ten_batch_input *input, struct ten_batch_result *result,
                                  struct ten_error *error);

/* gradient[0..end-begin-1] = entries begin..end-1 of the gradient of the last batch's mean loss: the shards' parts
 * added in their order, or the layer's product over the whole batch (fastest for whole rows of a dense layer's
 * weights). May be called by several threads for different ranges; `thread` is as in ten_task. */
void ten_workspace_gradient(const struct ten_workspace *workspace, size_t begin, size_t end, size_t thread,
                            float *gradient);

/* Parameters begin..end - 1 have changed: while they are at hand, makes what the next batch needs of them, if they are
 * the weights of a `whole` layer, in rows as its `prepare` takes them. Leaves the others to the next batch. May be
 * called by several threads for different ranges. */
void ten_workspace_prepare(const struct ten_workspace *workspace, const float *parameters, size_t begin, size_t end);

/* ---- Use ------------------------------------------------------------------------------------------------------ */

/* Makes of the parameters what ten_network_predict needs in this precision, prepared[network->prepared], 64-byte
 * aligned. */
void ten_network_prepare(const struct ten_network *network, enum ten_precision precision, const float *parameters,
                         float *prepared);

/* How many of `rows` images one task takes: enough for products to be efficient, few enough for activations (of at most
 * `largest` floats an image) to stay near, and the same for every thread. 0 without rows. */
size_t ten_rows_per_task(size_t rows, size_t largest, const struct ten_run *run);

/* prepared: as ten_network_prepare made it of the same parameters, or NULL: made for this call.
 * probabilities[rows x TEN_CLASSES]; logits instead if wanted. A row's do not depend on the others. Safe from several
 * threads at once; without gradient memory. Reports progress as "predict". */
enum ten_status ten_network_predict(const struct ten_network *network, const float *parameters, const float *statistics,
                                    const float *prepared, enum ten_precision precision, const struct ten_batch *images,
                                    bool logits, float *probabilities, const struct ten_run *run,
                                    struct ten_error *error);

/* What layer `layer` (0: the first) gives for each image, at the speed of prediction and with its `prepared`:
 * out[rows x ten_volume_size(layers[layer].out)]. A row's does not depend on the others. */
enum ten_status ten_network_outputs(const struct ten_network *network, const float *parameters, const float *statistics,
                                    const float *prepared, enum ten_precision precision, const struct ten_batch *images,
                                    size_t layer, float *out, const struct ten_run *run, struct ten_error *error);

/* What layer `layer` gives for one image, every layer doing its own work only: out[ten_volume_size(layers[layer].out)].
 */
enum ten_status ten_network_activations(const struct ten_network *network, const float *parameters,
                                        const float *statistics, const float *image, size_t layer, float *out,
                                        struct ten_error *error);

/* Saliency: the gradient of logit `class` with respect to the image's pixels (Simonyan et al. 2013). */
enum ten_status ten_network_saliency(const struct ten_network *network, const float *parameters,
                                     const float *statistics, const float *image, size_t class, float *out,
                                     struct ten_error *error);

#endif
