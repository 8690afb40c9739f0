/* The learning curve: what a pipeline makes of ever larger parts of the training set.
 *
 * The rows are shuffled once, and a part takes the first of them of every class, so that each part holds all of the
 * smaller ones. */
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "tenfold.h"

#include <math.h>
#include <stdlib.h>

enum { LEAST_OF_CLASS = 10, MOST_MEASURED = 10000 };

/* The parts: one image in so many. */
static const size_t shares[TEN_LEARNING_POINTS] = {100, 30, 10, 3, 1};

static const uint64_t LEARNING_STREAM = 0x4c4541524e000000; /* that nothing else draws from */

struct learning {
    const struct ten_pipeline *fitted;
    const struct ten_dataset *train, *test;
    const struct ten_run *run;
    size_t *order; /* [train->count] rows, shuffled */
    size_t *rows;  /* [train->count] those of a part */
};

/* How many rows of each class a part takes: one in `share`, their sum rounded down, but LEAST_OF_CLASS if there are so
 * many. */
static void count_part(const struct learning *l, size_t share, size_t counts[TEN_CLASSES]) {
    size_t sizes[TEN_CLASSES] = {0}, below = 0;
    for (size_t i = 0; i < l->train->count; i++) sizes[l->train->labels[i]]++;
    for (size_t c = 0; c < TEN_CLASSES; c++) {
        size_t least = sizes[c] < LEAST_OF_CLASS ? sizes[c] : LEAST_OF_CLASS;
        counts[c] = (below + sizes[c]) / share - below / share;
        if (counts[c] < least) counts[c] = least;
        below += sizes[c];
    }
}

/* Takes the rows of a part, in the order of the set, into l->rows, and up to MOST_MEASURED of them, the first in the
 * shuffled order, into `sample`. Tells how many both are. */
static enum ten_status take_part(struct learning *l, size_t share, size_t *sample, size_t *count, size_t *sampled,
                                 struct ten_error *error) {
    size_t left[TEN_CLASSES];
    bool *taken = ten_alloc_zero(l->train->count, sizeof *taken);
    if (!taken) return ten_fail_memory(error, "a part of the training images");
    count_part(l, share, left);
    *count = *sampled = 0;
    for (size_t i = 0; i < l->train->count; i++) {
        size_t row = l->order[i], label = l->train->labels[row];
        if (left[label] == 0) continue;
        left[label]--;
        taken[row] = true;
        if (*sampled < MOST_MEASURED) sample[(*sampled)++] = row;
    }
    for (size_t row = 0; row < l->train->count; row++)
        if (taken[row]) l->rows[(*count)++] = row;
    free(taken);
    return TEN_OK;
}

static enum ten_status count_correct(const struct ten_pipeline *pipeline, const struct ten_dataset *dataset,
                                     size_t *correct, const struct ten_run *run, struct ten_error *error) {
    float *probabilities = ten_alloc(dataset->count * TEN_CLASSES, sizeof *probabilities);
    if (!probabilities) return ten_fail_memory(error, "the probabilities");
    enum ten_status status = ten_pipeline_predict(pipeline, dataset->images, dataset->count, dataset->height,
                                                  dataset->width, probabilities, run, error);
    *correct = 0;
    for (size_t i = 0; i < dataset->count && status == TEN_OK; i++)
        *correct += ten_label(probabilities + i * TEN_CLASSES) == dataset->labels[i];
    free(probabilities);
    return status;
}

static enum ten_status measure(const struct learning *l, struct ten_learning_point *point,
                               const struct ten_pipeline *pipeline, const size_t *sample, size_t sampled,
                               struct ten_error *error) {
    struct ten_pipeline_info info = ten_pipeline_describe(pipeline);
    struct ten_dataset seen;
    size_t correct = 0;
    enum ten_status status = ten_dataset_select(&seen, l->train, sample, sampled, error);
    if (status == TEN_OK) status = count_correct(pipeline, &seen, &correct, l->run, error);
    point->train_accuracy = (double)correct / (double)sampled;
    if (status == TEN_OK) status = count_correct(pipeline, l->test, &correct, l->run, error);
    point->train_count = info.train_count;
    point->accuracy = (double)correct / (double)l->test->count;
    ten_wilson_interval(correct, l->test->count, &point->accuracy_low, &point->accuracy_high);
    point->fit_seconds = info.fit_seconds;
    ten_dataset_release(&seen);
    return status;
}

/* The same model, chain, settings and seed, fitted on the part in l->rows. */
static enum ten_status fit_part(const struct learning *l, size_t count, struct ten_pipeline **pipeline,
                                struct ten_error *error) {
    struct ten_pipeline_info info = ten_pipeline_describe(l->fitted);
    struct ten_run run = l->run ? *l->run : (struct ten_run){0};
    struct ten_dataset part = {0};
    run.seed = info.seed;
    run.checkpoint = NULL;
    enum ten_status status =
        ten_pipeline_new(pipeline, info.model->name, info.prep, info.settings, info.model->parameter_count, error);
    if (status == TEN_OK) status = ten_dataset_select(&part, l->train, l->rows, count, error);
    if (status == TEN_OK) status = ten_pipeline_fit(*pipeline, &part, &run, error);
    ten_dataset_release(&part);
    if (status != TEN_OK && status != TEN_CANCELLED && error) {
        struct ten_error why = *error;
        return ten_fail(error, status, "%s on %zu training images: %.900s", info.model->name, count, why.message);
    }
    return status;
}

/* One point of the curve; the whole set needs no other fit. */
static enum ten_status measure_part(struct learning *l, size_t share, struct ten_learning_point *point, size_t before,
                                    struct ten_error *error) {
    size_t sample[MOST_MEASURED], count = 0, sampled = 0;
    enum ten_status status = take_part(l, share, sample, &count, &sampled, error);
    if (status != TEN_OK || count == before) return status;
    if (count == l->train->count) {
        status = measure(l, point, l->fitted, sample, sampled, error);
        if (point->fit_seconds == 0) point->fit_seconds = NAN; /* it was loaded, and a file does not tell them */
        return status;
    }
    struct ten_pipeline *pipeline = NULL;
    status = fit_part(l, count, &pipeline, error);
    if (status == TEN_OK) status = measure(l, point, pipeline, sample, sampled, error);
    ten_pipeline_free(pipeline);
    return status;
}

static enum ten_status check(const struct ten_pipeline *fitted, const struct ten_dataset *train,
                             const struct ten_dataset *test, struct ten_error *error) {
    struct ten_pipeline_info info = ten_pipeline_describe(fitted);
    if (!info.fitted) return ten_fail(error, TEN_INVALID, "the model has not been fitted yet");
    if (!train->labels || !test->labels || !test->count)
        return ten_fail(error, TEN_INVALID, "a learning curve needs training and test images with labels");
    if (info.train_count != train->count || info.train_checksum != ten_dataset_checksum(train))
        return ten_fail(
            error, TEN_INVALID,
            "the model was fitted on %zu images, not on these %zu training images: its learning curve needs those "
            "that it was fitted on",
            info.train_count, train->count);
    return TEN_OK;
}

enum ten_status ten_learning_curve(struct ten_learning_point points[TEN_LEARNING_POINTS], size_t *count,
                                   const struct ten_pipeline *fitted, const struct ten_dataset *train,
                                   const struct ten_dataset *test, const struct ten_run *run, struct ten_error *error) {
    *count = 0;
    enum ten_status status = check(fitted, train, test, error);
    if (status != TEN_OK) return status;
    struct learning l = {.fitted = fitted, .train = train, .test = test, .run = run};
    l.order = ten_alloc(2 * train->count, sizeof *l.order);
    if (!l.order) return ten_fail_memory(error, "the order of the training images");
    l.rows = l.order + train->count;
    for (size_t i = 0; i < train->count; i++) l.order[i] = i;
    struct ten_random random;
    ten_random_init(&random, run ? run->seed : 0, LEARNING_STREAM);
    ten_random_shuffle(&random, l.order, train->count);
    for (size_t s = 0; s < TEN_LEARNING_POINTS && status == TEN_OK; s++) {
        struct ten_learning_point *point = &points[*count];
        *point = (struct ten_learning_point){0};
        status = measure_part(&l, shares[s], point, *count ? points[*count - 1].train_count : 0, error);
        *count += status == TEN_OK && point->train_count > 0;
    }
    free(l.order);
    if (status != TEN_OK) *count = 0;
    return status;
}
