/* What a training has reached, and how it is kept in a file (safetensors) from which it can go on as if it had never
 * stopped: random choices need no state, being made from (seed, epoch, step). */
#ifndef TEN_NN_CHECKPOINT_H
#define TEN_NN_CHECKPOINT_H

#include "tenfold.h"

enum ten_train_vector {
    TEN_PARAMETERS,
    TEN_STATISTICS,
    TEN_MOMENT,
    TEN_SECOND_MOMENT,
    TEN_AVERAGE,
    TEN_AVERAGE_STATISTICS,
    TEN_BEST,
    TEN_BEST_STATISTICS,
    TEN_TRAIN_VECTORS
};

/* What is counted and summed; all of it in one row of doubles in the file. */
#define TEN_TRAIN_NUMBERS(X)                                                                                           \
    X(epoch)         /* finished ones */                                                                               \
    X(step)          /* steps done, of all epochs */                                                                   \
    X(seen)          /* images of the epoch under way ... */                                                           \
    X(loss)          /* ... the sum of their losses ... */                                                             \
    X(correct)       /* ... how many were labelled rightly */                                                          \
    X(rate)          /* ... and the learning rate of its last step */                                                  \
    X(epoch_seconds) /* spent on it */                                                                                 \
    X(seconds)       /* spent on all epochs before it */                                                               \
    X(lowest_loss)   /* on validation, for patience; DBL_MAX before the first */                                       \
    X(waited)        /* epochs since then */                                                                           \
    X(best_accuracy) /* of the epoch that is kept; -1 before the first */                                              \
    X(best_loss)                                                                                                       \
    X(finished) /* 1: nothing is left to do */

struct ten_train_state {
    float *vector[TEN_TRAIN_VECTORS]; /* NULL where there is none */
    size_t length[TEN_TRAIN_VECTORS];
#define X(name) double name;
    TEN_TRAIN_NUMBERS(X)
#undef X
};

/* What a checkpoint must be of: pairs of a word for people ("network") and a text. */
struct ten_train_identity {
    const char *what;
    char *text; /* owned */
};
enum { TEN_TRAIN_IDENTITIES = 6 };

/* Writes the file, complete or not at all. */
enum ten_status ten_checkpoint_write(const char *path, const struct ten_train_state *state,
                                     const struct ten_train_identity *identity, const struct ten_history *history,
                                     struct ten_error *error);

/* Fills `state`, whose vectors are there, and `history` (empty; `columns` names of what it must hold) from the file.
 * TEN_INVALID if the checkpoint is of something else, which the message names; TEN_FORMAT if it is no checkpoint. After
 * a failure the state may be half-filled. */
enum ten_status ten_checkpoint_read(const char *path, struct ten_train_state *state,
                                    const struct ten_train_identity *identity, size_t columns, const char *const *names,
                                    struct ten_history *history, struct ten_error *error);

#endif
