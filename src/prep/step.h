/* The interface of a preprocessing step, the table of steps, and chains of them. To add a step: one file with one
 * `const struct ten_step_type`, one line in the table (step.c). */
#ifndef TEN_PREP_STEP_H
#define TEN_PREP_STEP_H

#include "data/batch.h"
#include "data/safetensors.h"

struct ten_step_type {
    struct ten_step_description about;
    size_t state_size; /* bytes of the step's own struct, which starts zeroed */

    /* Reads the text behind "=" (NULL: none was given). NULL: the step takes no argument. */
    enum ten_status (*configure)(void *state, const char *argument, struct ten_error *error);
    /* Checks the shape of its input and changes it to that of its output, from the arguments alone (not fitted yet).
     * NULL: any shape, unchanged. */
    enum ten_status (*reshape)(const void *state, struct ten_shape *shape, struct ten_error *error);
    /* Learns from the training rows, starting from nothing. NULL: nothing to learn. */
    enum ten_status (*fit)(void *state, const struct ten_batch *batch, const struct ten_run *run,
                           struct ten_error *error);
    /* Changes the batch in place (see ten_batch_replace). */
    enum ten_status (*apply)(const void *state, struct ten_batch *batch, const struct ten_run *run,
                             struct ten_error *error);
    /* For pictures: row `i` of a batch that left this step, back in the features that entered it (out[columns] floats)
     * as nearly as can be. NULL: the step's output can be shown itself. */
    void (*restore)(const void *state, const struct ten_batch *batch, size_t i, float *out);
    /* What fit learned; NULL both where fit is NULL. `load` is given the shape of the step's input. */
    enum ten_status (*save)(const void *state, struct ten_tensors *tensors, struct ten_error *error);
    enum ten_status (*load)(void *state, const struct ten_shape *input, struct ten_tensors *tensors,
                            struct ten_error *error);
    void (*release)(void *state); /* frees what the state owns, not the state; NULL: nothing */
};

extern const struct ten_step_type ten_step_scale, ten_step_minmax, ten_step_crop20, ten_step_center, ten_step_deskew,
    ten_step_standardize, ten_step_pca, ten_step_trim, ten_step_multiply;

/* By name; NULL if there is none. */
const struct ten_step_type *ten_step_find(const char *name);

enum { TEN_MAX_STEPS = 16 };

/* A chain of steps. */
struct ten_chain {
    char text[256]; /* "minmax,crop20,standardize", aliases resolved; "none" if empty */
    size_t count;
    struct {
        const struct ten_step_type *type;
        void *state;
    } steps[TEN_MAX_STEPS];
};

/* Parses "STEP[=ARGUMENT][,STEP...]", "original" or "none" (also as a part of a longer chain: "original,pca=50"). */
enum ten_status ten_chain_parse(struct ten_chain *chain, const char *text, struct ten_error *error);

/* The shape that leaves the chain for images of this shape; the error names the step that cannot take its input. */
enum ten_status ten_chain_reshape(const struct ten_chain *chain, struct ten_shape *shape, struct ten_error *error);

/* Fits each step on the output of those before it and leaves the batch transformed. */
enum ten_status ten_chain_fit(struct ten_chain *chain, struct ten_batch *batch, const struct ten_run *run,
                              struct ten_error *error);
enum ten_status ten_chain_apply(const struct ten_chain *chain, struct ten_batch *batch, const struct ten_run *run,
                                struct ten_error *error);

/* Tensor names get the prefix "stepN.". `input` is the shape of the images. Both restore tensors->prefix. */
enum ten_status ten_chain_save(const struct ten_chain *chain, struct ten_tensors *tensors, struct ten_error *error);
enum ten_status ten_chain_load(struct ten_chain *chain, const struct ten_shape *input, struct ten_tensors *tensors,
                               struct ten_error *error);

void ten_chain_release(struct ten_chain *chain);

#endif
