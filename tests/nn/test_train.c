/* The training loop: the same bytes for any number of threads and however often it is stopped; averages, decay, early
 * stopping and the best epoch against what they are said to be; what it refuses. */
#include "test.h"

#include "base/memory.h"
#include "nn/train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 150, SIDE = 6 };

/* A network, images for it, and what training left. */
struct trial {
    struct ten_dataset set;
    struct ten_batch images;
    struct ten_network *network;
    struct ten_recipe recipe;
    float *parameters, *statistics;
    struct ten_history history;
};

static void trial_init(struct trial *t, const char *text) {
    struct ten_error error;
    *t = (struct trial){.recipe = {.name = "trial",
                                   .epochs = 3,
                                   .batch_size = 40,
                                   .optimizer = {.type = ten_optimizer_find("adam"),
                                                 .momentum = 0.9,
                                                 .beta1 = 0.9,
                                                 .beta2 = 0.999,
                                                 .epsilon = 1e-8},
                                   .schedule = {.kind = TEN_SCHEDULE_CONSTANT, .rate = 0.01}}};
    test_dataset(&t->set, COUNT, SIDE, SIDE, 3);
    t->images = ten_batch_of_images(t->set.images, COUNT, SIDE, SIDE);
    t->images.unit = 1 / 255.0f;
    assert_ok(ten_network_new(&t->network, text, (struct ten_volume){SIDE, SIDE, 1}, &error));
    t->parameters = ten_alloc(t->network->parameters, sizeof(float));
    t->statistics = ten_alloc(t->network->statistics, sizeof(float));
    assert_true(t->parameters && t->statistics);
}

static void trial_release(struct trial *t) {
    ten_dataset_release(&t->set);
    ten_network_free(t->network);
    free(t->parameters);
    free(t->statistics);
    free(t->history.values);
}

static enum ten_status train(struct trial *t, const struct ten_run *run, struct ten_error *error) {
    free(t->history.values);
    t->history = (struct ten_history){0};
    return ten_train(t->network, &t->recipe, &t->images, t->set.labels, t->parameters, t->statistics, &t->history, NULL,
                     run, error);
}

/* A copy of what training left, to be compared with what it leaves later; "seconds" is the last column. */
struct result {
    float *parameters, *statistics;
    double *history;
    size_t rows, columns;
};

static struct result result_of(const struct trial *t) {
    size_t parameters = t->network->parameters * sizeof(float), statistics = t->network->statistics * sizeof(float);
    struct result r = {malloc(parameters), malloc(statistics + 1), NULL, t->history.rows, t->history.columns};
    r.history = malloc(r.rows * r.columns * sizeof(double));
    assert_true(r.parameters && r.statistics && r.history);
    memcpy(r.parameters, t->parameters, parameters);
    memcpy(r.statistics, t->statistics, statistics);
    memcpy(r.history, t->history.values, r.rows * r.columns * sizeof(double));
    return r;
}

static void result_release(struct result *r) {
    free(r->parameters);
    free(r->statistics);
    free(r->history);
}

static void assert_same(const struct trial *t, const struct result *r) {
    assert_memory_equal(t->parameters, r->parameters, t->network->parameters * sizeof(float));
    assert_memory_equal(t->statistics, r->statistics, t->network->statistics * sizeof(float));
    assert_true(t->history.rows == r->rows && t->history.columns == r->columns);
    assert_string_equal(t->history.names[r->columns - 1], "seconds");
    for (size_t i = 0; i < r->rows; i++)
        assert_memory_equal(t->history.values + i * r->columns, r->history + i * r->columns,
                            (r->columns - 1) * sizeof(double));
}

/* Everything that a recipe may hold. */
static const char *const rich_network = "conv 3 3x3 pad 1, batchnorm, relu, maxpool 2, dropout 0.2, dense 12, relu, "
                                        "dense 10";
static void make_rich(struct ten_recipe *r) {
    r->optimizer.type = ten_optimizer_find("adamw");
    r->optimizer.weight_decay = 0.1;
    r->schedule = (struct ten_schedule){TEN_SCHEDULE_ONE_CYCLE, .rate = 0.02, .warm_up = 0.3, .first_share = 0.1,
                                        .final_share = 0.01};
    r->label_smoothing = 0.1f;
    r->validation = 0.2;
    r->patience = 50;
    r->keep_best = true;
    r->average = 0.9;
    r->augment = (struct ten_augment){.shift = 1,
                                      .rotate = 10,
                                      .scale = 0.1,
                                      .shear = 0.1,
                                      .elastic = 5,
                                      .sigma = 2,
                                      .keystone = 1,
                                      .ink = {1, 0.2, 0.2, 0.5, 0.5, 0.2, 5},
                                      .styles = 0.3};
    r->others = 0.4;
    r->drawn = 0.3;
}

/* ---- The same bytes ---- */

static void test_threads(void **state) {
    (void)state;
    struct trial t;
    struct ten_error error;
    trial_init(&t, rich_network);
    make_rich(&t.recipe);
    t.recipe.batch_size = 70; /* three shards, the last one short */
    assert_ok(train(&t, &(struct ten_run){.seed = 5, .threads = 1}, &error));
    struct result one = result_of(&t);
    assert_int_equal(one.rows, 3);
    for (int threads = 2; threads <= 5; threads++) {
        assert_ok(train(&t, &(struct ten_run){.seed = 5, .threads = threads}, &error));
        assert_same(&t, &one);
    }
    assert_ok(train(&t, &(struct ten_run){.seed = 6}, &error)); /* and the seed counts */
    assert_memory_not_equal(t.parameters, one.parameters, t.network->parameters * sizeof(float));
    result_release(&one);
    trial_release(&t);
}

/* Bytes and the floats that they stand for are the same images. */
static void test_floats(void **state) {
    (void)state;
    struct trial t;
    struct ten_error error;
    float *floats;
    trial_init(&t, rich_network);
    make_rich(&t.recipe);
    assert_ok(train(&t, NULL, &error));
    struct result bytes = result_of(&t);
    assert_ok(ten_batch_own_floats(&t.images, &floats, &error));
    assert_ok(train(&t, NULL, &error));
    assert_same(&t, &bytes);
    result_release(&bytes);
    ten_batch_release(&t.images);
    trial_release(&t);
}

/* ---- Stopping and going on ---- */

static bool stop_at(void *context, const struct ten_progress *progress) {
    assert_true(progress->stage && progress->unit);
    if (strncmp(progress->stage, "fit", 3) == 0) {
        assert_true(strncmp(progress->stage, "fit trial epoch ", 16) == 0);
        assert_true(progress->done > 0 && progress->done <= progress->total && isfinite(progress->score));
    }
    return --*(int *)context > 0;
}

static void test_cancel(void **state) {
    (void)state;
    struct trial t;
    trial_init(&t, rich_network);
    make_rich(&t.recipe);
    enum ten_status status = TEN_CANCELLED;
    int calls = 1;
    for (; status == TEN_CANCELLED && calls < 100; calls++) {
        int left = calls;
        struct ten_error error;
        status = train(&t, &(struct ten_run){.threads = 2, .progress = stop_at, .context = &left}, &error);
        if (status == TEN_CANCELLED) assert_non_null(strstr(error.message, "stopped during "));
    }
    assert_int_equal(status, TEN_OK);
    assert_true(calls > 9); /* a report a batch at least */
    trial_release(&t);
}

/* Stopped after every report, and gone on each time. */
static void test_resume(void **state) {
    (void)state;
    const char *folder = test_folder();
    for (int variant = 0; variant < 3; variant++) {
        struct trial t;
        struct ten_error error;
        trial_init(&t, variant ? "dense 20, relu, dense 10" : rich_network);
        if (variant != 1) make_rich(&t.recipe);
        if (variant == 2) t.recipe.optimizer.type = ten_optimizer_find("sgd");
        if (variant == 2) t.recipe.keep_best = false;
        assert_ok(train(&t, &(struct ten_run){.seed = 9}, &error));
        struct result whole = result_of(&t);
        char name[] = "0.checkpoint";
        name[0] = (char)('0' + variant);
        const char *path = test_path(folder, name);
        enum ten_status status = TEN_CANCELLED;
        int stops = 0;
        for (; status == TEN_CANCELLED && stops < 200; stops++) {
            int left = 1 + stops % 3; /* of one report alone, the one that stops would never be passed */
            struct ten_run run = {.seed = 9, .checkpoint = path, .progress = stop_at, .context = &left};
            status = train(&t, &run, &error);
            if (status == TEN_CANCELLED && !strstr(error.message, "stopped during"))
                fail_msg("stopping gave \"%s\"", error.message);
        }
        assert_int_equal(status, TEN_OK);
        assert_true(stops > 4);
        assert_same(&t, &whole);
        /* what is finished is not trained any further */
        int left = 1;
        struct ten_run run = {.seed = 9, .checkpoint = path, .progress = stop_at, .context = &left};
        memset(t.parameters, 0, t.network->parameters * sizeof(float));
        assert_ok(train(&t, &run, &error));
        assert_same(&t, &whole);
        assert_int_equal(left, 1);
        result_release(&whole);
        trial_release(&t);
    }
}

/* A kill leaves the checkpoint of the last epoch: a copy of it is taken in the middle of the next. */
struct copying {
    const char *from, *to, *stage;
    bool done;
};

static bool copy_at(void *context, const struct ten_progress *progress) {
    struct copying *c = context;
    if (c->done || strcmp(progress->stage, c->stage) != 0) return true;
    size_t size;
    uint8_t *bytes = test_read(c->from, &size);
    test_write(c->to, bytes, size);
    free(bytes);
    c->done = true;
    return true;
}

static void test_kill(void **state) {
    (void)state;
    struct trial t;
    struct ten_error error;
    const char *folder = test_folder(), *first = test_path(folder, "first"), *second = test_path(folder, "second");
    trial_init(&t, rich_network);
    make_rich(&t.recipe);
    struct copying copying = {.from = first, .to = second, .stage = "fit trial epoch 3/3"};
    struct ten_run run = {.checkpoint = first, .progress = copy_at, .context = &copying};
    assert_ok(train(&t, &run, &error));
    assert_true(copying.done);
    struct result whole = result_of(&t);
    run = (struct ten_run){.checkpoint = second};
    assert_ok(train(&t, &run, &error));
    assert_same(&t, &whole);
    result_release(&whole);
    trial_release(&t);
}

static void test_foreign_checkpoints(void **state) {
    (void)state;
    struct trial t, other;
    struct ten_error error;
    const char *path = test_path(test_folder(), "checkpoint");
    const struct ten_run run = {.seed = 1, .checkpoint = path};
    trial_init(&t, "dense 10");
    trial_init(&other, "dense 5, dense 10");
    assert_ok(train(&t, &run, &error));
    assert_fails(train(&other, &run, &error), TEN_INVALID, "network");
    const struct ten_run other_seed = {.seed = 2, .checkpoint = path};
    assert_fails(train(&t, &other_seed, &error), TEN_INVALID, "its seed has \"1\", here it has \"2\"");
    struct ten_recipe recipe = t.recipe;
    t.recipe.epochs++;
    assert_fails(train(&t, &run, &error), TEN_INVALID, "its recipe has \"epochs 3\", here it has \"epochs 4\"");
    t.recipe = recipe;
    t.recipe.augment.shift = 1;
    assert_fails(train(&t, &run, &error), TEN_INVALID, "its recipe has \"shift 0\", here it has \"shift 1\"");
    t.recipe = recipe;
    t.set.images[100] ^= 1;
    assert_fails(train(&t, &run, &error), TEN_INVALID, "data");
    t.set.images[100] ^= 1;
    t.set.labels[0] = (uint8_t)((t.set.labels[0] + 1) % TEN_CLASSES);
    assert_fails(train(&t, &run, &error), TEN_INVALID, "data");
    t.set.labels[0] = (uint8_t)((t.set.labels[0] + 9) % TEN_CLASSES);
    assert_ok(train(&t, &run, &error));
    size_t size;
    uint8_t *bytes = test_read(path, &size);
    for (size_t cut = 0; cut < size; cut += 1 + size / 60) {
        test_write(path, bytes, cut);
        assert_fails(train(&t, &run, &error), TEN_FORMAT, "checkpoint");
    }
    for (size_t at = 0; at < size; at += 7) { /* whatever is in it: refused, or a training that ends */
        bytes[at] ^= 0x20;
        test_write(path, bytes, size);
        enum ten_status status = train(&t, &run, &error);
        if (status != TEN_OK && status != TEN_FORMAT && status != TEN_INVALID && status != TEN_NUMERIC)
            fail_msg("byte %zu: %s", at, error.message);
        bytes[at] ^= 0x20;
    }
    free(bytes);
    assert_fails(train(&t, &(struct ten_run){.checkpoint = "/nowhere/checkpoint"}, &error), TEN_IO, "nowhere");
    trial_release(&t);
    trial_release(&other);
}

/* ---- What is trained ---- */

/* At a rate of next to nothing, an epoch's loss is that of the first weights over all images, each seen once. */
static void test_every_image_once(void **state) {
    (void)state;
    struct trial t;
    struct ten_error error;
    trial_init(&t, "dense 10");
    t.recipe.schedule.rate = 1e-30;
    t.recipe.epochs = 1;
    t.recipe.batch_size = 32;
    assert_ok(train(&t, &(struct ten_run){.seed = 4}, &error));
    float probabilities[COUNT * TEN_CLASSES];
    assert_ok(ten_network_predict(t.network, t.parameters, t.statistics, NULL, TEN_SINGLE, &t.images, false,
                                  probabilities, NULL, &error));
    double loss = 0, right = 0;
    for (size_t i = 0; i < COUNT; i++) {
        loss -= log((double)probabilities[i * TEN_CLASSES + t.set.labels[i]]) / COUNT;
        right += ten_label(probabilities + i * TEN_CLASSES) == t.set.labels[i];
    }
    assert_true(fabs(t.history.values[2] - loss) < 1e-6);
    assert_true(fabs(t.history.values[3] - right / COUNT) < 1e-12);
    trial_release(&t);
}

/* It learns. */
static void test_learns(void **state) {
    (void)state;
    for (size_t k = 0; ten_optimizer_types[k]; k++) {
        struct trial t;
        struct ten_error error;
        trial_init(&t, "dense 32, relu, dense 10");
        t.recipe.optimizer.type = ten_optimizer_types[k];
        t.recipe.schedule.rate = strcmp(ten_optimizer_types[k]->name, "sgd") == 0 ? 0.1 : 0.005;
        t.recipe.epochs = 40;
        assert_ok(train(&t, NULL, &error));
        const double *last = t.history.values + 39 * t.history.columns;
        if (!(last[3] > 0.85 && last[2] < 0.6)) fail_msg("%s: %g, %g", ten_optimizer_types[k]->name, last[2], last[3]);
        trial_release(&t);
    }
}

/* One batch an epoch: the weights after k steps are those of k epochs, from which the average is made anew. */
static void test_average(void **state) {
    (void)state;
    enum { STEPS = 8 };
    struct trial t;
    struct ten_error error;
    trial_init(&t, "batchnorm, dense 6, relu, dense 10");
    t.recipe.batch_size = COUNT;
    size_t count = t.network->parameters, statistics = t.network->statistics;
    double *average = calloc(count + statistics, sizeof *average);
    float *start = malloc(count * sizeof *start), *start_statistics = malloc(statistics * sizeof *start);
    assert_true(average && start && start_statistics);
    ten_network_initialise(t.network, 7, start, start_statistics);
    for (size_t i = 0; i < count; i++) average[i] = (double)start[i];
    for (size_t i = 0; i < statistics; i++) average[count + i] = (double)start_statistics[i];
    for (size_t step = 0; step < STEPS; step++) {
        double keep = fmin(0.3, (1 + (double)step) / (10 + (double)step));
        t.recipe.epochs = step + 1;
        assert_ok(train(&t, &(struct ten_run){.seed = 7}, &error));
        for (size_t i = 0; i < count; i++) average[i] = keep * average[i] + (1 - keep) * (double)t.parameters[i];
        for (size_t i = 0; i < statistics; i++)
            average[count + i] = keep * average[count + i] + (1 - keep) * (double)t.statistics[i];
    }
    t.recipe.average = 0.3;
    assert_ok(train(&t, &(struct ten_run){.seed = 7}, &error));
    for (size_t i = 0; i < count; i++) assert_true(fabs((double)t.parameters[i] - average[i]) < 1e-6);
    for (size_t i = 0; i < statistics; i++)
        assert_true(fabs((double)t.statistics[i] - average[count + i]) < 1e-5 * (1 + fabs(average[count + i])));
    free(average);
    free(start);
    free(start_statistics);
    trial_release(&t);
}

/* After one step of plain descent, decay shows as a share of the first weights, and in no bias or scale. */
static void test_decay(void **state) {
    (void)state;
    struct trial t;
    struct ten_error error;
    trial_init(&t, "conv 3 3x3, batchnorm, relu, dense 1000, relu, dense 10"); /* more than one piece */
    t.recipe.optimizer = (struct ten_optimizer){.type = ten_optimizer_find("sgd")};
    t.recipe.schedule.rate = 0.5;
    t.recipe.epochs = 1;
    t.recipe.batch_size = COUNT;
    size_t count = t.network->parameters;
    assert_true(count > 3 * 8192);
    float *start = malloc(count * sizeof *start), statistics[16];
    assert_true(start && t.network->statistics <= 16);
    ten_network_initialise(t.network, 0, start, statistics);
    assert_ok(train(&t, NULL, &error));
    struct result plain = result_of(&t);
    t.recipe.optimizer.weight_decay = 0.1;
    assert_ok(train(&t, NULL, &error));
    for (size_t l = 0; l < t.network->count; l++) {
        const struct ten_layer *layer = &t.network->layers[l];
        for (size_t k = 0; k < layer->parameters; k++) {
            size_t i = layer->parameters_at + k;
            double decayed = k < layer->decayed ? 0.5 * 0.1 * (double)start[i] : 0;
            if (!(fabs((double)plain.parameters[i] - decayed - (double)t.parameters[i]) < 1e-6))
                fail_msg("layer %zu, parameter %zu", l + 1, k);
        }
    }
    free(start);
    result_release(&plain);
    trial_release(&t);
}

/* ---- Validation ---- */

static double column(const struct trial *t, size_t row, const char *name) {
    for (size_t j = 0; j < t->history.columns; j++)
        if (strcmp(t->history.names[j], name) == 0) return t->history.values[row * t->history.columns + j];
    fail_msg("no column %s", name);
    return 0;
}

/* Loss and accuracy of what training left on the images that it kept apart. */
static void validate(const struct trial *t, uint64_t seed, double *loss, double *accuracy) {
    struct ten_error error;
    size_t rows[COUNT], keep = COUNT - (size_t)(t->recipe.validation * COUNT + 0.5);
    assert_ok(ten_split_stratified(t->set.labels, COUNT, keep, seed, rows, rows + keep, &error));
    float probabilities[COUNT * TEN_CLASSES];
    assert_ok(ten_network_predict(t->network, t->parameters, t->statistics, NULL, TEN_SINGLE, &t->images, false,
                                  probabilities, NULL, &error));
    *loss = *accuracy = 0;
    for (size_t i = keep; i < COUNT; i++) {
        const float *p = probabilities + rows[i] * TEN_CLASSES;
        *loss -= log((double)p[t->set.labels[rows[i]]]) / (double)(COUNT - keep);
        *accuracy += (ten_label(p) == t->set.labels[rows[i]]) / (double)(COUNT - keep);
    }
}

/* With labels that mean nothing, validation soon gets worse. */
static void make_noise(struct trial *t) {
    struct ten_random random;
    ten_random_init(&random, 11, 0);
    for (size_t i = 0; i < COUNT; i++) t->set.labels[i] = (uint8_t)ten_random_below(&random, TEN_CLASSES);
}

static void test_early_stopping(void **state) {
    (void)state;
    struct trial t;
    struct ten_error error;
    trial_init(&t, "dense 64, relu, dense 10");
    make_noise(&t);
    t.recipe.validation = 0.3;
    t.recipe.epochs = 200;
    for (size_t patience = 1; patience < 9; patience += 3) {
        t.recipe.patience = patience;
        assert_ok(train(&t, NULL, &error));
        assert_true(t.history.rows < 200);
        double lowest = INFINITY;
        size_t waited = 0;
        for (size_t i = 0; i < t.history.rows; i++) {
            if (waited == patience) fail_msg("went on for %zu epochs more", t.history.rows - i);
            double loss = column(&t, i, "validation_loss");
            waited = loss < lowest ? 0 : waited + 1;
            lowest = fmin(loss, lowest);
        }
        assert_int_equal(waited, patience);
        double loss, accuracy; /* without keep_best the last weights stay */
        validate(&t, 0, &loss, &accuracy);
        assert_true(fabs(loss - column(&t, t.history.rows - 1, "validation_loss")) < 1e-5);
        assert_true(fabs(accuracy - column(&t, t.history.rows - 1, "validation_accuracy")) < 1e-9);
    }
    trial_release(&t);
}

static void test_keep_best(void **state) {
    (void)state;
    struct trial t;
    struct ten_error error;
    for (int average = 0; average < 2; average++) {
        trial_init(&t, "dense 64, relu, dense 10");
        make_noise(&t);
        t.recipe.validation = 0.3;
        t.recipe.keep_best = true;
        t.recipe.epochs = 30;
        t.recipe.average = average ? 0.5 : 0;
        assert_ok(train(&t, &(struct ten_run){.seed = 3}, &error));
        size_t best = 0;
        for (size_t i = 1; i < t.history.rows; i++) {
            double here = column(&t, i, "validation_accuracy"), there = column(&t, best, "validation_accuracy");
            double loss = column(&t, i, "validation_loss"), lowest = column(&t, best, "validation_loss");
            if (here > there || (here == there && loss < lowest)) best = i;
        }
        assert_true(best + 1 < t.history.rows);
        double loss, accuracy;
        validate(&t, 3, &loss, &accuracy);
        assert_true(fabs(loss - column(&t, best, "validation_loss")) < 1e-5);
        assert_true(fabs(accuracy - column(&t, best, "validation_accuracy")) < 1e-9);
        trial_release(&t);
    }
}

/* ---- Limits ---- */

static void test_divergence(void **state) {
    (void)state;
    struct trial t;
    struct ten_error error;
    trial_init(&t, "dense 20, relu, dense 10");
    t.recipe.optimizer.type = ten_optimizer_find("sgd");
    t.recipe.schedule.rate = 1e12;
    t.recipe.epochs = 50;
    assert_fails(train(&t, NULL, &error), TEN_NUMERIC, "trial diverged in epoch 1; try a learning_rate below 1e+12");
    t.recipe.batch_size = COUNT; /* one step is too few for the loss to show it, but the weights do */
    t.recipe.schedule.rate = 1e39;
    t.recipe.epochs = 1;
    assert_fails(train(&t, NULL, &error), TEN_NUMERIC, "diverged in epoch 1");
    trial_release(&t);
}

/* Time that is up at once leaves one batch, trained at the last rate of the schedule. */
static void test_seconds(void **state) {
    (void)state;
    struct trial t;
    struct ten_error error;
    trial_init(&t, "dense 10");
    t.recipe.max_seconds = 1e-9;
    t.recipe.schedule.kind = TEN_SCHEDULE_COSINE;
    t.recipe.epochs = 100;
    t.recipe.validation = 0.2;
    assert_ok(train(&t, NULL, &error));
    assert_int_equal(t.history.rows, 1);
    assert_true(fabs(column(&t, 0, "rate") - ten_schedule_rate(&t.recipe.schedule, 299, 300)) < 1e-12);
    double right = column(&t, 0, "accuracy") * 40; /* images of one batch */
    assert_true(fabs(right - round(right)) < 1e-9);
    double loss, accuracy;
    validate(&t, 0, &loss, &accuracy);
    assert_true(fabs(loss - column(&t, 0, "validation_loss")) < 1e-5);
    t.recipe.max_seconds = 1e6; /* and time without end changes nothing */
    t.recipe.epochs = 3;
    assert_ok(train(&t, NULL, &error));
    struct result long_time = result_of(&t);
    t.recipe.max_seconds = 0;
    assert_ok(train(&t, NULL, &error));
    assert_same(&t, &long_time);
    result_release(&long_time);
    trial_release(&t);
}

static void test_misuse(void **state) {
    (void)state;
    struct trial t;
    struct ten_error error;
    trial_init(&t, "dense 10");
    t.recipe.patience = 1;
    assert_fails(train(&t, NULL, &error), TEN_INVALID, "patience needs a validation set");
    t.recipe.patience = 0;
    t.recipe.keep_best = true;
    assert_fails(train(&t, NULL, &error), TEN_INVALID, "keep_best needs a validation set");
    t.recipe.validation = 1e-4;
    assert_fails(train(&t, NULL, &error), TEN_INVALID, "none to validate on");
    t.recipe.validation = 0.999;
    assert_fails(train(&t, NULL, &error), TEN_INVALID, "none to train on");
    t.recipe.validation = 0.1;
    assert_ok(train(&t, NULL, &error));
    t.recipe.augment.rotate = 5;
    assert_ok(train(&t, NULL, &error));
    t.images.shape.height = t.images.shape.width = 0;
    assert_fails(train(&t, NULL, &error), TEN_INVALID, "want images");
    t.images.shape.columns--;
    assert_fails(train(&t, NULL, &error), TEN_INVALID, "150 images of 35 features, expected some of 36");
    trial_release(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_foreign_checkpoints),
        cmocka_unit_test(test_every_image_once),
        cmocka_unit_test(test_learns),
        cmocka_unit_test(test_average),
        cmocka_unit_test(test_decay),
        cmocka_unit_test(test_early_stopping),
        cmocka_unit_test(test_keep_best),
        cmocka_unit_test(test_divergence),
        cmocka_unit_test(test_seconds),
        cmocka_unit_test(test_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
