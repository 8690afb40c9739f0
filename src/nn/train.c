/* The training loop. A step is one batch: the workspace takes it forward and back, then the parameters are updated in
 * pieces, each of which is one task that adds up its gradient, applies the optimiser and moves the average. Everything
 * is allocated before the first step. */
#include "nn/train.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "data/history.h"
#include "image/scribble.h"
#include "image/writing.h"
#include "kernels/kernels.h"
#include "nn/checkpoint.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Parameters that one task updates, about: with their gradient and moments they fit into a core's second cache. */
enum { PIECE = 32768 };
/* Seconds between checkpoints within an epoch. */
static const double CHECKPOINT_SECONDS = 30;
/* Streams apart from those that the same seed gives elsewhere. */
static const uint64_t SHUFFLE_SEED = 0x73687566666c65u /* "shuffle" */, OTHERS_SEED = 0x6f7468657273u /* "others" */;

static const char *const history_names[] = {
    "epoch", "rate", "loss", "accuracy", "validation_loss", "validation_accuracy", "seconds"};
static const char *const history_names_plain[] = {"epoch", "rate", "loss", "accuracy", "seconds"};

/* Parameters begin..end-1, all of them subject to weight decay or none. */
struct piece {
    size_t begin, end;
    bool decay;
};

struct training {
    const struct ten_network *network;
    const struct ten_recipe *recipe;
    const struct ten_batch *images;
    const uint8_t *labels;
    const struct ten_run *run;
    const struct ten_watcher *watcher; /* NULL: none */
    struct ten_history *history;
    uint64_t seed;
    size_t *rows;          /* numbers of the training images, rising, then those kept for validation, rising */
    size_t count, held;    /* of each */
    size_t others, drawn;  /* drawings of no digit, whose numbers follow upon those of all images, and of digits */
    float ink;             /* the images' largest value */
    size_t batch, batches; /* images in a batch at most, batches an epoch */
    size_t *order;         /* [count + others] of the epoch */
    uint8_t *batch_labels;

    struct ten_batch validation;
    uint8_t *validation_labels;
    float *logits; /* [held x TEN_CLASSES] */

    struct ten_deformer *deformer; /* NULL: images as they are */
    float *deform_scratch;         /* per thread */
    size_t deform_room;

    struct ten_workspace *workspace;
    struct piece *pieces;
    size_t piece_count, piece_room; /* room: floats of the largest, rounded up */
    float *gradients;               /* [threads x piece_room] */

    struct ten_train_state state;
    bool whole; /* whether the state is that between two steps */
    struct ten_train_identity identity[TEN_TRAIN_IDENTITIES];
    double began;                   /* when this process began the epoch under way, less what was spent on it before */
    double written;                 /* when the last checkpoint was */
    double keep;                    /* share of the average that stays in the step under way */
    struct ten_optimizer_step step; /* the one under way */
    bool prepared;                  /* what the workspace needs of the parameters */
    size_t first_of_batch;          /* its place in `order` */
};

/* Images and drawings. */
static size_t rows_of_epoch(const struct training *t) { return t->count + t->others + t->drawn; }

/* ---- Planning --------------------------------------------------------------------------------------------------- */

enum ten_status ten_recipe_check(const struct ten_recipe *r, const struct ten_shape *shape, struct ten_error *error) {
    if (r->validation == 0 && (r->patience || r->keep_best))
        return ten_fail(error, TEN_INVALID, "%s: %s needs a validation set: set validation_fraction above 0", r->name,
                        r->patience ? "patience" : "keep_best");
    if ((ten_augment_wanted(&r->augment) || r->others > 0 || r->drawn > 0) && shape->height == 0)
        return ten_fail(
            error, TEN_INVALID,
            "%s: deformations (shift, rotate, scale ...) and others want images, but the preprocessing gives plain "
            "numbers",
            r->name);
    return TEN_OK;
}

static enum ten_status check_images(const struct training *t, struct ten_error *error) {
    size_t inputs = ten_volume_size(t->network->in), columns = t->images->shape.columns;
    if (t->images->rows > 0 && columns == inputs) return TEN_OK;
    return ten_fail(error, TEN_INVALID, "%s: %zu images of %zu features, expected some of %zu", t->recipe->name,
                    t->images->rows, columns, inputs);
}

static enum ten_status split_rows(struct training *t, struct ten_error *error) {
    size_t all = t->images->rows;
    t->held = (size_t)(t->recipe->validation * (double)all + 0.5);
    t->count = all - t->held;
    if (t->recipe->validation > 0 && (t->held == 0 || t->count == 0))
        return ten_fail(error, TEN_INVALID, "%s: of %zu images, validation_fraction=%g leaves none to %s",
                        t->recipe->name, all, t->recipe->validation, t->held ? "train on" : "validate on");
    t->others = (size_t)(t->recipe->others * (double)t->count + 0.5);
    t->drawn = (size_t)(t->recipe->drawn * (double)t->count + 0.5);
    t->rows = ten_alloc(all, sizeof *t->rows);
    t->order = ten_alloc(rows_of_epoch(t), sizeof *t->order);
    if (!t->rows || !t->order) return ten_fail_memory(error, "the order of the images");
    for (size_t i = 0; i < all; i++) t->rows[i] = i;
    if (t->held == 0) return TEN_OK;
    return ten_split_stratified(t->labels, all, t->count, t->seed, t->rows, t->rows + t->count, error);
}

static enum ten_status gather_validation(struct training *t, struct ten_error *error) {
    if (t->held == 0) return TEN_OK;
    const struct ten_batch *from = t->images;
    size_t columns = from->shape.columns, size = from->is_bytes ? 1 : sizeof(float);
    const uint8_t *source = from->is_bytes ? from->bytes : (const uint8_t *)from->floats;
    uint8_t *values = ten_alloc(t->held * columns, size);
    t->validation_labels = ten_alloc(t->held, 1);
    t->logits = ten_alloc(t->held * TEN_CLASSES, sizeof *t->logits);
    t->validation.rows = t->held;
    ten_batch_replace(&t->validation, from->shape, from->is_bytes ? values : NULL,
                      from->is_bytes ? NULL : (float *)(void *)values, from->unit);
    if (!values || !t->validation_labels || !t->logits) return ten_fail_memory(error, "the validation set");
    for (size_t i = 0; i < t->held; i++) {
        size_t row = t->rows[t->count + i];
        memcpy(values + i * columns * size, source + row * columns * size, columns * size);
        t->validation_labels[i] = t->labels[row];
    }
    return TEN_OK;
}

/* Parameters that are cut into pieces alike, whole multiples of `unit` but for the last. */
struct run_of_pieces {
    size_t begin, end, unit;
    bool decay;
};

static int larger_first(const void *a, const void *b) {
    const struct run_of_pieces *x = a, *y = b;
    size_t p = x->end - x->begin, q = y->end - y->begin;
    if (p != q) return p < q ? 1 : -1;
    return x->begin < y->begin ? -1 : 1;
}

/* As many pieces for each thread, if they are worth it. */
static size_t count_pieces(const struct training *t, const struct run_of_pieces *run) {
    enum { SMALL = 1024 };
    size_t threads = ten_threads(t->run), size = run->end - run->begin, units = ten_block_count(size, run->unit);
    size_t count = size > SMALL ? ten_block_count(ten_block_count(size, PIECE), threads) * threads : 1;
    return count < units ? count : units;
}

/* The weights of each layer, then its other parameters. Of a layer that makes its gradient of the whole batch, whole
 * rows of the weights are together. Returns how many there are. */
static size_t list_runs(const struct training *t, struct run_of_pieces *runs) {
    enum { LANES = 16 };
    bool decay = t->recipe->optimizer.weight_decay != 0;
    size_t count = 0;
    for (size_t i = 0; i < t->network->count; i++) {
        const struct ten_layer *layer = &t->network->layers[i];
        size_t at = layer->parameters_at, rows = i ? TEN_ROWS_AT_ONCE : TEN_ROWS_AT_ONCE / 2;
        size_t weights = at + layer->decayed, all = at + layer->parameters;
        if (at < weights)
            runs[count++] = (struct run_of_pieces){at, weights, layer->whole ? rows * layer->units : LANES, decay};
        if (weights < all) runs[count++] = (struct run_of_pieces){weights, all, LANES, false};
    }
    return count;
}

/* Threads take pieces from both ends: of each run half is put at either, the largest runs first, so that what is taken
 * last is small. */
static enum ten_status plan_pieces(struct training *t, struct ten_error *error) {
    struct run_of_pieces runs[2 * TEN_MAX_LAYERS];
    size_t count = list_runs(t, runs), front = 0;
    for (size_t i = 0; i < count; i++) t->piece_count += count_pieces(t, &runs[i]);
    t->pieces = ten_alloc(t->piece_count, sizeof *t->pieces);
    if (!t->pieces) return ten_fail_memory(error, "the gradient");
    qsort(runs, count, sizeof *runs, larger_first);
    size_t back = t->piece_count;
    for (size_t i = 0; i < count; i++) {
        const struct run_of_pieces *run = &runs[i];
        size_t pieces = count_pieces(t, run), units = ten_block_count(run->end - run->begin, run->unit);
        size_t half = (pieces + i % 2) / 2, begin = run->begin;
        back -= pieces - half;
        for (size_t k = 1; k <= pieces; k++) {
            size_t end = k < pieces ? run->begin + ten_block_count(k * units, pieces) * run->unit : run->end;
            t->pieces[k <= half ? front++ : back + k - half - 1] = (struct piece){begin, end, run->decay};
            if (end - begin > t->piece_room) t->piece_room = (end - begin + 15) / 16 * 16;
            begin = end;
        }
    }
    t->gradients = ten_alloc(ten_threads(t->run) * t->piece_room, sizeof *t->gradients);
    return t->gradients ? TEN_OK : ten_fail_memory(error, "the gradient");
}

static float largest_value(const struct ten_batch *images) {
    size_t count = images->rows * images->shape.columns;
    uint8_t most_byte = 0;
    float most = 0;
    if (images->is_bytes)
        for (size_t i = 0; i < count; i++) most_byte = images->bytes[i] > most_byte ? images->bytes[i] : most_byte;
    else
        for (size_t i = 0; i < count; i++) most = images->floats[i] > most ? images->floats[i] : most;
    return images->is_bytes ? (float)most_byte * images->unit : most;
}

static enum ten_status plan_augmentation(struct training *t, struct ten_error *error) {
    const struct ten_augment *a = &t->recipe->augment;
    if (t->others + t->drawn) t->ink = largest_value(t->images);
    if (!ten_augment_wanted(a)) return TEN_OK;
    t->deformer = ten_deformer_new(a, t->images->shape.height, t->images->shape.width);
    if (!t->deformer) return ten_fail_memory(error, "the deformed copies");
    t->deform_room = (ten_deformer_scratch(t->deformer) + 15) / 16 * 16;
    t->deform_scratch = ten_alloc(ten_threads(t->run) * t->deform_room, sizeof *t->deform_scratch);
    return t->deform_scratch ? TEN_OK : ten_fail_memory(error, "the deformed copies");
}

/* The vectors beside the caller's parameters and statistics, zero at first as moments must be. */
static enum ten_status plan_state(struct training *t, float *parameters, float *statistics, struct ten_error *error) {
    const struct ten_recipe *r = t->recipe;
    struct ten_train_state *s = &t->state;
    bool wanted[TEN_TRAIN_VECTORS] = {[TEN_MOMENT] = r->optimizer.type->moments > 0,
                                      [TEN_SECOND_MOMENT] = r->optimizer.type->moments > 1,
                                      [TEN_AVERAGE] = r->average > 0,
                                      [TEN_AVERAGE_STATISTICS] = r->average > 0,
                                      [TEN_BEST] = r->keep_best,
                                      [TEN_BEST_STATISTICS] = r->keep_best};
    *s = (struct ten_train_state){.lowest_loss = DBL_MAX, .best_accuracy = -1, .best_loss = DBL_MAX};
    s->vector[TEN_PARAMETERS] = parameters;
    s->vector[TEN_STATISTICS] = statistics;
    for (size_t v = 0; v < TEN_TRAIN_VECTORS; v++) {
        bool statistic = v == TEN_STATISTICS || v == TEN_AVERAGE_STATISTICS || v == TEN_BEST_STATISTICS;
        s->length[v] = statistic ? t->network->statistics : t->network->parameters;
        if (wanted[v]) s->vector[v] = ten_alloc_zero(s->length[v], sizeof(float));
        if (wanted[v] && !s->vector[v]) return ten_fail_memory(error, "the optimiser");
    }
    ten_network_initialise(t->network, t->seed, parameters, statistics);
    if (r->average > 0) {
        memcpy(s->vector[TEN_AVERAGE], parameters, s->length[TEN_AVERAGE] * sizeof(float));
        memcpy(s->vector[TEN_AVERAGE_STATISTICS], statistics, s->length[TEN_AVERAGE_STATISTICS] * sizeof(float));
    }
    return TEN_OK;
}

static enum ten_status plan(struct training *t, float *parameters, float *statistics, struct ten_error *error) {
    enum ten_status status = check_images(t, error);
    if (status == TEN_OK) status = ten_recipe_check(t->recipe, &t->images->shape, error);
    if (status == TEN_OK) status = split_rows(t, error);
    if (status != TEN_OK) return status;
    size_t rows = rows_of_epoch(t);
    t->batch = t->recipe->batch_size < rows ? t->recipe->batch_size : rows;
    t->batches = ten_block_count(rows, t->batch);
    t->batch_labels = ten_alloc(t->batch, 1);
    if (!t->batch_labels) return ten_fail_memory(error, "a batch");
    status = gather_validation(t, error);
    if (status == TEN_OK) status = plan_pieces(t, error);
    if (status == TEN_OK) status = plan_augmentation(t, error);
    if (status == TEN_OK) status = plan_state(t, parameters, statistics, error);
    if (status == TEN_OK) status = ten_workspace_new(&t->workspace, t->network, t->batch, t->run, error);
    return status;
}

static void training_release(struct training *t) {
    for (size_t v = TEN_STATISTICS + 1; v < TEN_TRAIN_VECTORS; v++) free(t->state.vector[v]);
    for (size_t i = 0; i < TEN_TRAIN_IDENTITIES; i++) free(t->identity[i].text);
    ten_workspace_free(t->workspace);
    ten_deformer_free(t->deformer);
    ten_batch_release(&t->validation);
    free(t->deform_scratch);
    free(t->rows);
    free(t->order);
    free(t->batch_labels);
    free(t->validation_labels);
    free(t->logits);
    free(t->pieces);
    free(t->gradients);
}

/* ---- Checkpoints --------------------------------------------------------------------------------------------------
 */

static char *recipe_text(const struct ten_recipe *r) {
    const struct ten_optimizer *o = &r->optimizer;
    const struct ten_schedule *s = &r->schedule;
    const struct ten_augment *a = &r->augment;
    const struct ten_inking *ink = &a->ink;
    char *text;
    int length = asprintf(
        &text,
        "epochs %zu, batch %zu; %s, momentum %.17g%s, betas %.17g %.17g, epsilon %.17g, decay %.17g; %s, rate %.17g, "
        "shares %.17g %.17g, warm-up %.17g, steps %.17g %.17g; smoothing %.9g, skip %.9g, validation %.17g, patience "
        "%zu%s, "
        "average "
        "%.17g; shift %.17g, rotate %.17g, scale %.17g, shear %.17g, elastic %.17g %.17g, keystone %.17g, stroke "
        "%.17g, "
        "gaps %.17g, specks %.17g, blur %.17g, edge %.17g, grain %.17g, fit %.17g, styles %.17g; others %.17g, drawn "
        "%.17g; seconds "
        "%.17g; "
        "precision %d",
        r->epochs, r->batch_size, o->type->name, o->momentum, o->nesterov ? " (nesterov)" : "", o->beta1, o->beta2,
        o->epsilon, o->weight_decay, ten_schedule_names[s->kind], s->rate, s->first_share, s->final_share, s->warm_up,
        s->step_factor, s->step_share, (double)r->label_smoothing, (double)r->skip, r->validation, r->patience,
        r->keep_best ? ", best" : "", r->average, a->shift, a->rotate, a->scale, a->shear, a->elastic, a->sigma,
        a->keystone, ink->stroke, ink->gaps, ink->specks, ink->blur, ink->edge, ink->grain, ink->fit, a->styles,
        r->others, r->drawn, r->max_seconds, (int)r->precision);
    return length < 0 ? NULL : text;
}

static char *data_text(const struct training *t) {
    const struct ten_batch *b = t->images;
    size_t size = b->rows * b->shape.columns * (b->is_bytes ? 1 : sizeof(float));
    uLong sum = crc32_z(0, t->labels, b->rows);
    sum = crc32_z(sum, b->is_bytes ? b->bytes : (const Bytef *)b->floats, size);
    char *text;
    int length = asprintf(&text, "%zu images of %zu (%zu x %zu) %s, unit %.9g, %08lx", b->rows, b->shape.columns,
                          b->shape.height, b->shape.width, b->is_bytes ? "bytes" : "numbers", (double)b->unit, sum);
    return length < 0 ? NULL : text;
}

static char *seed_text(uint64_t seed) {
    char *text;
    return asprintf(&text, "%" PRIu64, seed) < 0 ? NULL : text;
}

static enum ten_status identify(struct training *t, struct ten_error *error) {
    const struct ten_train_identity identity[TEN_TRAIN_IDENTITIES] = {{"network", ten_network_text(t->network)},
                                                                      {"seed", seed_text(t->seed)},
                                                                      {"data", data_text(t)},
                                                                      {"recipe", recipe_text(t->recipe)},
                                                                      {"kernel set", strdup(ten_kernel_set())},
                                                                      {"version", strdup(ten_version())}};
    memcpy(t->identity, identity, sizeof identity);
    for (size_t i = 0; i < TEN_TRAIN_IDENTITIES; i++)
        if (!t->identity[i].text) return ten_fail_memory(error, "a checkpoint");
    return TEN_OK;
}

static size_t history_columns(const struct training *t) { return t->held ? 7 : 5; }
static const char *const *names_of_history(const struct training *t) {
    return t->held ? history_names : history_names_plain;
}

/* Whether a state that was read is one that this training can come to. */
static bool state_possible(const struct training *t) {
    const struct ten_train_state *s = &t->state;
    double first = s->epoch * (double)t->batches, epochs = (double)t->recipe->epochs;
    bool counts = s->epoch == floor(s->epoch) && s->step == floor(s->step) && s->epoch <= epochs && s->step >= 0;
    bool among = s->step >= first && s->step <= first + (double)t->batches;
    return counts && (s->finished == 1 || (s->finished == 0 && s->epoch < epochs && among)) && s->seconds >= 0 &&
           s->epoch_seconds >= 0 && s->waited >= 0 &&
           (s->seen > 0 || t->others + t->drawn > 0 || s->step == first || s->finished == 1);
}

static enum ten_status resume(struct training *t, struct ten_error *error) {
    const char *path = t->run ? t->run->checkpoint : NULL;
    if (!path) return TEN_OK;
    enum ten_status status = identify(t, error);
    if (status != TEN_OK || !ten_file_exists(path)) return status;
    status =
        ten_checkpoint_read(path, &t->state, t->identity, history_columns(t), names_of_history(t), t->history, error);
    if (status == TEN_OK && !state_possible(t))
        status = ten_fail(error, TEN_FORMAT, "%s: tensor \"numbers\" holds what no training comes to", path);
    return status;
}

static enum ten_status write_checkpoint(struct training *t, struct ten_error *error) {
    if (!t->run || !t->run->checkpoint) return TEN_OK;
    t->written = ten_seconds();
    return ten_checkpoint_write(t->run->checkpoint, &t->state, t->identity, t->history, error);
}

/* ---- A step -------------------------------------------------------------------------------------------------------
 */

/* The class of image or drawing `number`. */
static uint8_t label_of(const struct training *t, size_t number) {
    if (number < t->images->rows) return t->labels[number];
    number -= t->images->rows;
    return number < t->others ? TEN_NO_CLASS : (uint8_t)((number - t->others) % TEN_CLASSES);
}

/* Drawing `number` of the epoch, of the values that the images have. */
static void draw(const struct training *t, size_t number, float *out) {
    struct ten_random random;
    const struct ten_shape *shape = &t->images->shape;
    ten_random_init(&random, t->seed ^ OTHERS_SEED, (uint64_t)number | ((uint64_t)t->state.epoch + 1) << 32);
    if (label_of(t, number) == TEN_NO_CLASS)
        ten_scribble(&random, number % TEN_SCRIBBLE_KINDS, shape->height, shape->width, out);
    else
        ten_write_digit(&random, label_of(t, number), shape->height, shape->width, out);
    for (size_t i = 0; i < shape->columns; i++) out[i] *= t->ink;
}

/* Whether an image stands at a place of `order`, and not a drawing or nothing. */
static bool image_at(const struct training *t, size_t place) {
    return place < rows_of_epoch(t) && t->order[place] < t->images->rows;
}

static const void *next(void *context, size_t row) {
    const struct training *t = context;
    size_t place = t->first_of_batch + t->batch + row;
    return image_at(t, place) ? ten_batch_address(t->images, t->order[place]) : NULL;
}

static void fill(void *context, size_t row, size_t thread, float *out) {
    const struct training *t = context;
    enum { AHEAD = 2 };
    size_t place = t->first_of_batch + row, image = t->order[place];
    if (image_at(t, place + AHEAD)) ten_batch_prefetch(t->images, t->order[place + AHEAD]);
    if (image < t->images->rows)
        ten_batch_row(t->images, image, out);
    else
        draw(t, image, out);
    if (!t->deformer) return;
    /* what is drawn has a way of writing already */
    uint8_t written = image < t->images->rows ? t->batch_labels[row] : TEN_NO_CLASS;
    ten_deform_floats(t->deformer, t->seed, image, (uint64_t)t->state.epoch + 1, written, out, out,
                      t->deform_scratch + thread * t->deform_room);
}

static void update(const struct training *t, const struct piece *p, const float *gradient) {
    size_t count = p->end - p->begin;
    float *const *vector = t->state.vector, *parameters = vector[TEN_PARAMETERS] + p->begin, *moments[TEN_MOST_MOMENTS];
    for (size_t m = 0; m < t->recipe->optimizer.type->moments; m++) moments[m] = vector[TEN_MOMENT + m] + p->begin;
    ten_optimizer_update(&t->step, p->decay, count, gradient, moments, parameters);
    if (!vector[TEN_AVERAGE]) return;
    float *restrict average = vector[TEN_AVERAGE] + p->begin, move = (float)(1 - t->keep);
    for (size_t i = 0; i < count; i++) average[i] += move * (parameters[i] - average[i]);
}

static enum ten_status update_piece(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    const struct training *t = context;
    const struct piece *p = &t->pieces[task];
    float *gradient = t->gradients + thread * t->piece_room;
    ten_workspace_gradient(t->workspace, p->begin, p->end, thread, gradient);
    update(t, p, gradient);
    ten_workspace_prepare(t->workspace, t->state.vector[TEN_PARAMETERS], p->begin, p->end);
    return TEN_OK;
}

static enum ten_status diverged(const struct training *t, struct ten_error *error) {
    return ten_fail(error, TEN_NUMERIC, "%s diverged in epoch %.0f; try a learning_rate below %g", t->recipe->name,
                    t->state.epoch + 1, t->recipe->schedule.rate);
}

static double seconds_so_far(const struct training *t) { return t->state.seconds + ten_seconds() - t->began; }

/* The place in the schedule: the step, or further on where time runs out before the steps do. */
static double place_in_schedule(const struct training *t) {
    size_t steps = t->recipe->epochs * t->batches;
    double limit = t->recipe->max_seconds;
    if (limit == 0) return t->state.step;
    return fmin(fmax(t->state.step, seconds_so_far(t) / limit * (double)steps), (double)steps - 1);
}

static enum ten_status train_batch(struct training *t, struct ten_error *error) {
    struct ten_train_state *s = &t->state;
    size_t rows = ten_block_length(rows_of_epoch(t), t->batch, t->first_of_batch / t->batch), digits = 0;
    for (size_t i = 0; i < rows; i++) {
        size_t image = t->order[t->first_of_batch + i];
        t->batch_labels[i] = label_of(t, image);
        digits += t->batch_labels[i] != TEN_NO_CLASS;
    }
    t->state.rate = ten_schedule_rate(&t->recipe->schedule, place_in_schedule(t), t->recipe->epochs * t->batches);
    t->keep = fmin(t->recipe->average, (1 + s->step) / (10 + s->step));
    struct ten_batch_input input = {.rows = rows,
                                    .fill = fill,
                                    .next = next,
                                    .next_bytes = ten_batch_row_bytes(t->images),
                                    .context = t,
                                    .labels = t->batch_labels,
                                    .label_smoothing = t->recipe->label_smoothing,
                                    .skip = t->recipe->skip,
                                    .precision = t->recipe->precision,
                                    .seed = t->seed,
                                    .step = (uint64_t)s->step,
                                    .prepared = t->prepared};
    struct ten_batch_result result;
    t->whole = false;
    enum ten_status status =
        ten_workspace_run(t->workspace, s->vector[TEN_PARAMETERS], s->vector[TEN_STATISTICS], &input, &result, error);
    if (status != TEN_OK) return status;
    if (!isfinite(result.loss)) return diverged(t, error);
    t->step = ten_optimizer_step(&t->recipe->optimizer, (size_t)s->step + 1, s->rate);
    status = ten_parallel(t->run, NULL, NULL, 0, t->piece_count, update_piece, t, error);
    t->prepared = true;
    if (status != TEN_OK) return status;
    float *average = s->vector[TEN_AVERAGE_STATISTICS], *statistics = s->vector[TEN_STATISTICS];
    for (size_t i = 0; average && i < s->length[TEN_STATISTICS]; i++)
        average[i] += (float)(1 - t->keep) * (statistics[i] - average[i]);
    s->loss += result.loss;
    s->correct += (double)result.correct;
    s->seen += (double)digits;
    s->step++;
    s->epoch_seconds = ten_seconds() - t->began;
    t->whole = true;
    return TEN_OK;
}

/* ---- An epoch -----------------------------------------------------------------------------------------------------
 */

static bool time_is_up(const struct training *t) {
    return t->recipe->max_seconds > 0 && seconds_so_far(t) >= t->recipe->max_seconds;
}

static enum ten_status report(const struct training *t, struct ten_error *error) {
    const struct ten_train_state *s = &t->state;
    char stage[96];
    snprintf(stage, sizeof stage, "fit %s epoch %.0f/%zu", t->recipe->name, s->epoch + 1, t->recipe->epochs);
    struct ten_progress progress = {.stage = stage,
                                    .unit = "images",
                                    .score_name = "loss",
                                    .done = s->seen,
                                    .total = (double)(t->count + t->drawn),
                                    .score = s->loss / fmax(s->seen, 1)};
    return ten_report(t->run, &progress, error);
}

static enum ten_status run_epoch(struct training *t, struct ten_error *error) {
    struct ten_train_state *s = &t->state;
    size_t past = (size_t)s->epoch * t->batches;
    struct ten_random random;
    ten_random_init(&random, t->seed ^ SHUFFLE_SEED, (uint64_t)s->epoch);
    memcpy(t->order, t->rows, t->count * sizeof *t->order);
    for (size_t i = t->count; i < rows_of_epoch(t); i++) t->order[i] = t->images->rows + i - t->count;
    ten_random_shuffle(&random, t->order, rows_of_epoch(t));
    enum ten_status status = TEN_OK;
    while (status == TEN_OK && (size_t)s->step - past < t->batches && (s->seen == 0 || !time_is_up(t))) {
        t->first_of_batch = ((size_t)s->step - past) * t->batch;
        status = train_batch(t, error);
        if (status == TEN_OK) status = report(t, error);
        bool due = t->run && t->run->checkpoint && ten_seconds() - t->written > CHECKPOINT_SECONDS;
        if (status == TEN_OK && due) status = write_checkpoint(t, error);
    }
    return status;
}

static bool all_finite(const float *values, size_t count) {
    bool finite = true;
    for (size_t i = 0; i < count; i++) finite &= isfinite(values[i]) != 0;
    return finite;
}

/* The weights that training would end with now. */
static const float *current(const struct training *t) {
    return t->state.vector[t->recipe->average > 0 ? TEN_AVERAGE : TEN_PARAMETERS];
}
static const float *current_statistics(const struct training *t) {
    return t->state.vector[t->recipe->average > 0 ? TEN_AVERAGE_STATISTICS : TEN_STATISTICS];
}

/* Mean loss and accuracy on the validation set. */
static enum ten_status validate(struct training *t, double *loss, double *accuracy, struct ten_error *error) {
    enum ten_status status = ten_network_predict(t->network, current(t), current_statistics(t), NULL, TEN_SINGLE,
                                                 &t->validation, true, t->logits, t->run, error);
    if (status != TEN_OK) return status;
    double sum = 0, correct = 0;
    for (size_t i = 0; i < t->held; i++) {
        const float *row = t->logits + i * TEN_CLASSES;
        size_t label = t->validation_labels[i], top = 0;
        double total = 0;
        for (size_t c = 1; c < TEN_CLASSES; c++) top = row[c] > row[top] ? c : top;
        for (size_t c = 0; c < TEN_CLASSES; c++) total += exp((double)row[c] - (double)row[top]);
        sum += log(total) + (double)row[top] - (double)row[label];
        correct += top == label;
    }
    *loss = sum / (double)t->held;
    *accuracy = correct / (double)t->held;
    return isfinite(*loss) ? TEN_OK : diverged(t, error);
}

/* Takes note of an epoch's validation: the best weights so far, and how long there was none better. */
static void judge(struct training *t, double loss, double accuracy) {
    struct ten_train_state *s = &t->state;
    s->waited = loss < s->lowest_loss ? 0 : s->waited + 1;
    s->lowest_loss = fmin(loss, s->lowest_loss);
    bool better = accuracy > s->best_accuracy || (accuracy == s->best_accuracy && loss < s->best_loss);
    if (!better || !t->recipe->keep_best) return;
    s->best_accuracy = accuracy;
    s->best_loss = loss;
    memcpy(s->vector[TEN_BEST], current(t), s->length[TEN_BEST] * sizeof(float));
    memcpy(s->vector[TEN_BEST_STATISTICS], current_statistics(t), s->length[TEN_BEST_STATISTICS] * sizeof(float));
}

/* Nothing of the state is changed before all that can be stopped is done. */
static enum ten_status finish_epoch(struct training *t, struct ten_error *error) {
    struct ten_train_state *s = &t->state;
    double loss = 0, accuracy = 0;
    if (!all_finite(s->vector[TEN_PARAMETERS], s->length[TEN_PARAMETERS])) return diverged(t, error);
    enum ten_status status = t->held ? validate(t, &loss, &accuracy, error) : TEN_OK;
    if (status != TEN_OK) return status;
    double spent = ten_seconds() - t->began;
    double row[] = {s->epoch + 1, s->rate, s->loss / fmax(s->seen, 1), s->correct / fmax(s->seen, 1), loss,
                    accuracy,     spent};
    if (!t->held) row[4] = spent;
    status = ten_history_append(t->history, history_columns(t), names_of_history(t), row, error);
    if (status != TEN_OK) return status;
    if (t->held) judge(t, loss, accuracy);
    s->epoch++;
    s->seen = s->loss = s->correct = s->rate = s->epoch_seconds = 0;
    s->seconds += spent;
    t->began += spent;
    bool tired = t->recipe->patience && s->waited >= (double)t->recipe->patience;
    s->finished = s->epoch == (double)t->recipe->epochs || tired || time_is_up(t);
    return write_checkpoint(t, error);
}

/* What training would leave now. */
static void result_now(const struct training *t, const float **parameters, const float **statistics) {
    const struct ten_train_state *s = &t->state;
    bool best = t->recipe->keep_best && s->best_accuracy >= 0;
    *parameters = best ? s->vector[TEN_BEST] : current(t);
    *statistics = best ? s->vector[TEN_BEST_STATISTICS] : current_statistics(t);
}

static enum ten_status show_epoch(struct training *t, struct ten_error *error) {
    if (!t->watcher) return TEN_OK;
    const float *parameters, *statistics;
    double start = ten_seconds();
    result_now(t, &parameters, &statistics);
    enum ten_status status = t->watcher->epoch(t->watcher->context, parameters, statistics, error);
    t->began += ten_seconds() - start;
    return status;
}

/* ---- The whole ----------------------------------------------------------------------------------------------------
 */

static enum ten_status run_all(struct training *t, struct ten_error *error) {
    enum ten_status status = TEN_OK;
    t->written = ten_seconds();
    t->began = t->written - t->state.epoch_seconds;
    t->whole = true;
    while (status == TEN_OK && t->state.finished == 0) {
        status = run_epoch(t, error);
        if (status == TEN_OK) status = finish_epoch(t, error);
        if (status == TEN_OK) status = show_epoch(t, error);
    }
    if (status == TEN_CANCELLED && t->whole && t->run->checkpoint) {
        struct ten_error later;
        enum ten_status written = write_checkpoint(t, &later);
        return written == TEN_OK ? ten_fail(error, TEN_CANCELLED,
                                            "stopped during fit %s epoch %.0f/%zu; the same "
                                            "command goes on from %s",
                                            t->recipe->name, fmin(t->state.epoch + 1, (double)t->recipe->epochs),
                                            t->recipe->epochs, t->run->checkpoint)
                                 : ten_fail(error, written, "%s", later.message);
    }
    return status;
}

/* Leaves in the caller's vectors what training ends with. */
static void conclude(const struct training *t) {
    const struct ten_train_state *s = &t->state;
    const float *parameters, *statistics;
    result_now(t, &parameters, &statistics);
    memmove(s->vector[TEN_PARAMETERS], parameters, s->length[TEN_PARAMETERS] * sizeof(float));
    memmove(s->vector[TEN_STATISTICS], statistics, s->length[TEN_STATISTICS] * sizeof(float));
}

enum ten_status ten_train(const struct ten_network *network, const struct ten_recipe *recipe,
                          const struct ten_batch *images, const uint8_t *labels, float *parameters, float *statistics,
                          struct ten_history *history, const struct ten_watcher *watcher, const struct ten_run *run,
                          struct ten_error *error) {
    struct training t = {.network = network,
                         .recipe = recipe,
                         .images = images,
                         .labels = labels,
                         .run = run,
                         .watcher = watcher,
                         .history = history,
                         .seed = run ? run->seed : 0};
    enum ten_status status = plan(&t, parameters, statistics, error);
    if (status == TEN_OK) status = resume(&t, error);
    if (status == TEN_OK) status = run_all(&t, error);
    if (status == TEN_OK) conclude(&t);
    training_release(&t);
    return status;
}
