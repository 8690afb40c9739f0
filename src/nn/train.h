/* The training loop: epochs over shuffled batches, validation, the best weights kept, checkpoints that survive a kill.
 */
#ifndef TEN_NN_TRAIN_H
#define TEN_NN_TRAIN_H

#include "image/augment.h"
#include "nn/network.h"
#include "nn/optimizer.h"

struct ten_recipe {
    const char *name; /* of what is trained, for progress: "cnn2" */
    size_t epochs, batch_size;
    struct ten_optimizer optimizer; /* weight decay applies to weights, not to biases, scales and offsets */
    struct ten_schedule schedule;
    float label_smoothing;
    float skip; /* rows whose probabilities are all within this of their targets give no gradient (ten_batch_input) */
    double
        validation;  /* share of the training images (stratified, by seed) kept apart; 0: none. The next two need it */
    size_t patience; /* stops after so many epochs without a lower validation loss; 0: never */
    bool keep_best;  /* keeps the weights of the epoch with the best validation accuracy (of these, the lowest loss),
                        not the last */
    double average;  /* decay of an exponential moving average of weights and statistics, which is what is validated
                        and kept; 0: none. After t steps it is at most (1 + t) / (10 + t), so that the first weights
                        are soon forgotten */
    struct ten_augment
        augment;   /* all strengths 0: none. A deformed copy by (seed, image, epoch) in place of each image */
    double others; /* besides the images so many drawings of no digit, as a share of their number, every epoch's its
                      own (ten_scribble, by the strengths deformed like them), whose target is every class alike:
                      the network learns to be unsure about what it does not know */
    double
        drawn; /* likewise so many digits drawn in ways that the images may lack (ten_write_digit), with their labels */
    double max_seconds; /* 0: no limit; else the schedule is at the larger of the shares of steps and of seconds, and
                           training ends when the time is up, in the middle of an epoch if need be. This makes the
                           result depend on the clock; nothing else does */
    enum ten_precision precision;
};

/* Who looks on: called after each epoch, when all of it is done and the checkpoint written, with what training would
 * end with now. Nothing of the training depends on it, its time is not counted; a failure ends the training with it. */
struct ten_watcher {
    enum ten_status (*epoch)(void *context, const float *parameters, const float *statistics, struct ten_error *error);
    void *context;
};

/* TEN_INVALID where a recipe contradicts itself or cannot be used for features of this shape. ten_train does it, too.
 */
enum ten_status ten_recipe_check(const struct ten_recipe *recipe, const struct ten_shape *shape,
                                 struct ten_error *error);

/* Trains from the seed (run->seed) on the batch, whose columns are the network's input; parameters and statistics get
 * the result. `history` gets a row per epoch: epoch, rate (of its last step), loss, accuracy (both as met in training),
 * validation_loss, validation_accuracy (if there is a validation set) and seconds. `watcher` may be NULL.
 *
 * With run->checkpoint, all that is needed to go on is written into that file after every epoch, every half minute
 * within one, and when the run is cancelled; if the file is there, training goes on from it, and ends with the same
 * bytes as one that was never interrupted. TEN_INVALID if it is of another network, data, recipe, seed, kernel set or
 * version.
 *
 * TEN_NUMERIC if loss or parameters do not stay finite: "diverged in epoch 3; try a learning_rate below 0.1".
 * Same seed, same bytes, whatever the number of threads. */
enum ten_status ten_train(const struct ten_network *network, const struct ten_recipe *recipe,
                          const struct ten_batch *images, const uint8_t *labels, float *parameters, float *statistics,
                          struct ten_history *history, const struct ten_watcher *watcher, const struct ten_run *run,
                          struct ten_error *error);

#endif
