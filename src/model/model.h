/* The interface of an estimator, and the table of them. To add a model: one file with one
 * `const struct ten_model_type`, one line in the table (model.c). */
#ifndef TEN_MODEL_MODEL_H
#define TEN_MODEL_MODEL_H

#include "data/batch.h"
#include "data/history.h"
#include "data/safetensors.h"
#include "nn/network.h"

enum { TEN_MAX_PARAMETERS = 48, TEN_MAX_TEXT = 512 /* bytes of a text, its end included */ };

/* Hyper-parameter values in the order of the model's table. A value given as a word has its place in `choices` in
 * `word`; a number has word -1. */
struct ten_values {
    double number[TEN_MAX_PARAMETERS];
    int word[TEN_MAX_PARAMETERS];
    char text[TEN_MAX_TEXT]; /* of the parameter that is a text: a model has at most one */
};

struct ten_training {
    const struct ten_batch *features;
    const uint8_t *labels; /* features->rows of them, each below TEN_CLASSES; classes may be missing */
    const struct ten_values *values;
    const struct ten_run *run;
    struct ten_history *history; /* empty; iterative models fill it (ten_history_append) */
    bool *converged;             /* true; set to false by an iterative model that ran out of iterations */
    /* NULL, or to be called by a model that trains in epochs after each of them, while its state is what it would be if
     * training ended now; a failure ends the fit with it. */
    enum ten_status (*epoch)(void *context, struct ten_error *error);
    void *epoch_context;
};

/* What a fitted model tells of itself beside its predictions. */
struct ten_insight {
    const double *importances; /* [columns], the model's own, or NULL: none */
    double out_of_bag;         /* accuracy, or NaN: none */
};

/* A trained network: what it is, its numbers, how it multiplies. Borrowed from the model. */
struct ten_trained {
    const struct ten_network *network;
    const float *parameters, *statistics, *prepared; /* as in nn/network.h */
    enum ten_precision precision;
};

struct ten_model_type {
    struct ten_model_description about;
    size_t state_size; /* bytes of the model's own struct, which starts zeroed */

    enum ten_status (*fit)(void *state, const struct ten_training *training, struct ten_error *error);
    /* probabilities[rows x TEN_CLASSES], each row summing to 1. Called with the values that fit had. */
    enum ten_status (*predict)(const void *state, const struct ten_values *values, const struct ten_batch *features,
                               float *probabilities, const struct ten_run *run, struct ten_error *error);
    enum ten_status (*save)(const void *state, struct ten_tensors *tensors, struct ten_error *error);
    /* `shape` is that of the features. */
    enum ten_status (*load)(void *state, const struct ten_values *values, const struct ten_shape *shape,
                            struct ten_tensors *tensors, struct ten_error *error);
    /* NULL, or what ten_pipeline_summarise gives; `shape` as above. Fails as fit would with such features. */
    enum ten_status (*summarise)(const struct ten_values *values, const struct ten_shape *shape, char **summary,
                                 struct ten_error *error);
    size_t (*parameters)(const void *state);          /* learned or stored numbers */
    struct ten_insight (*insight)(const void *state); /* NULL: nothing to tell */
    /* NULL: it is no neural network */
    struct ten_trained (*network)(const void *state, const struct ten_values *values);
    void (*release)(void *state); /* frees what the state owns, not the state */
};

extern const struct ten_model_type ten_model_naive_bayes, ten_model_nearest_centroid, ten_model_lda, ten_model_qda,
    ten_model_logistic, ten_model_decision_tree, ten_model_random_forest, ten_model_extra_trees,
    ten_model_gradient_boosting, ten_model_knn, ten_model_svm, ten_model_mlp, ten_model_mlp2, ten_model_cnn,
    ten_model_cnn2, ten_model_lenet5, ten_model_cnn_best, ten_model_cnn_hand, ten_model_network;

/* By name; NULL if there is none. */
const struct ten_model_type *ten_model_find(const char *name);

/* All parameters at their defaults, then `settings` ("name=value") applied in order. */
enum ten_status ten_values_parse(struct ten_values *values, const struct ten_model_description *model,
                                 const char *const *settings, size_t count, struct ten_error *error);

/* Writes value `i` as text, exactly. */
void ten_values_format(const struct ten_values *values, const struct ten_model_description *model, size_t i, char *out,
                       size_t size);

#endif
