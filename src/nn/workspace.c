/* One batch forward and backward. The batch is cut into shards of network->shard rows; a task takes one of them through
 * all layers and back and leaves its part of the gradient, so that activations stay in the processor's caches and the
 * number of threads changes nothing. Where a layer must see the whole batch (batchnorm), the way is cut: all shards go
 * as far as that layer, what they found is added up in their order, then all go on.
 *
 * Activations are kept for the whole batch, in slots that layers in place share. Gradients of activations live in two
 * buffers per thread, used in turn; only that of a batchnorm's output must wait for all shards and has memory of its
 * own. */
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "nn/layer.h"
#include "nn/loss.h"

#include <stdlib.h>
#include <string.h>

enum { BEHIND = 16 /* floats that kernels may read behind the last activation */ };

struct memory {
    float *activations; /* slot by slot [rows x size] */
    float *gradients;   /* of the slots that wait, likewise */
    float *parts;       /* [shards x parameters] */
    float *threads;     /* [threads x per_thread]: scratch, then two gradients */
    float *shared;      /* layer by layer */
    float *prepared;    /* of the parameters */
    double *sums;       /* [shards + 1 x all_sums]: of the shards, then of the batch */
    double *losses;     /* [shards] */
    size_t *correct;    /* [shards] */
    size_t *picked;     /* [shards] rows that went back, see pick_rows */
    uint32_t *left;     /* [rows] where those lie in the batch */
    uint8_t *kept;      /* layer by layer [rows x kept] */
};

struct ten_workspace {
    const struct ten_network *network;
    size_t most_rows, most_shards, per_thread, all_sums;
    struct ten_run run;
    struct memory memory;
    float *slot[TEN_MAX_LAYERS + 1], *waiting[TEN_MAX_LAYERS + 1]; /* of each slot; waiting: NULL for most */
    size_t slot_size[TEN_MAX_LAYERS + 1];
    size_t barrier[TEN_MAX_LAYERS + 2],
        barriers; /* layers that see the whole batch; 0 before and `count` behind them */
    /* of each layer */
    uint8_t *kept[TEN_MAX_LAYERS];
    float *shared[TEN_MAX_LAYERS];
    size_t sums_at[TEN_MAX_LAYERS];
    /* the batch at hand */
    const float *parameters;
    float *statistics;
    struct ten_batch_input input;
    size_t shards, stage, left_count;
};

/* ---- Memory ------------------------------------------------------------------------------------------------------
 */

void ten_workspace_free(struct ten_workspace *w) {
    if (!w) return;
    free(w->memory.activations);
    free(w->memory.gradients);
    free(w->memory.parts);
    free(w->memory.threads);
    free(w->memory.shared);
    free(w->memory.prepared);
    free(w->memory.sums);
    free(w->memory.losses);
    free(w->memory.correct);
    free(w->memory.picked);
    free(w->memory.left);
    free(w->memory.kept);
    free(w);
}

/* Everything that is as large as some layer says: places first counted from NULL, then from the memory. */
static void place(struct ten_workspace *w, size_t *activations, size_t *gradients, size_t *shared, size_t *kept) {
    const struct ten_network *network = w->network;
    struct memory *m = &w->memory;
    bool waits[TEN_MAX_LAYERS + 1] = {false};
    *activations = *gradients = *shared = *kept = 0;
    w->all_sums = w->barriers = 0;
    w->slot_size[0] = ten_volume_size(network->in);
    for (size_t i = 0; i < network->count; i++)
        w->slot_size[network->layers[i].slot] = ten_volume_size(network->layers[i].out);
    for (size_t s = 0; s < network->slots; s++) {
        w->slot[s] = m->activations ? m->activations + *activations : NULL;
        *activations += (w->most_rows * w->slot_size[s] + 15) / 16 * 16;
    }
    for (size_t i = 0; i < network->count; i++) {
        const struct ten_layer *layer = &network->layers[i];
        w->kept[i] = m->kept ? m->kept + *kept : NULL;
        if (!layer->folded) *kept += (w->most_rows * layer->kept + 63) / 64 * 64;
        if ((layer->sums || layer->whole) && !waits[layer->slot]) {
            waits[layer->slot] = true;
            w->waiting[layer->slot] = m->gradients ? m->gradients + *gradients : NULL;
            *gradients += (w->most_rows * w->slot_size[layer->slot] + 15) / 16 * 16;
        }
        if (!layer->sums) continue;
        w->barrier[++w->barriers] = i;
        w->shared[i] = m->shared ? m->shared + *shared : NULL;
        w->sums_at[i] = w->all_sums;
        *shared += (layer->shared + 15) / 16 * 16;
        w->all_sums += layer->sums;
    }
    w->barrier[w->barriers + 1] = network->count;
}

enum ten_status ten_workspace_new(struct ten_workspace **out, const struct ten_network *network, size_t most_rows,
                                  const struct ten_run *run, struct ten_error *error) {
    *out = NULL;
    if (most_rows == 0 || most_rows > UINT32_MAX) return ten_fail(error, TEN_INVALID, "a batch has at least one row");
    struct ten_workspace *w = ten_alloc_zero(1, sizeof *w);
    if (!w) return ten_fail_memory(error, "training");
    struct memory *m = &w->memory;
    w->network = network;
    w->most_rows = most_rows;
    w->most_shards = ten_block_count(most_rows, network->shard);
    if (run) w->run.threads = run->threads;
    w->per_thread = network->scratch + 2 * network->shard * ((network->largest + 15) / 16 * 16);
    size_t activations, gradients, shared, kept;
    place(w, &activations, &gradients, &shared, &kept);
    m->activations = ten_alloc(activations + BEHIND, sizeof *m->activations);
    m->gradients = ten_alloc(gradients, sizeof *m->gradients);
    m->shared = ten_alloc(shared, sizeof *m->shared);
    m->prepared = ten_alloc(network->prepared, sizeof *m->prepared);
    m->kept = ten_alloc(kept, 1);
    m->parts = ten_alloc(w->most_shards * network->parameters, sizeof *m->parts);
    m->threads = ten_alloc(ten_threads(&w->run), w->per_thread * sizeof *m->threads); /* gradients: any of them */
    m->sums = ten_alloc((w->most_shards + 1) * w->all_sums, sizeof *m->sums);
    m->losses = ten_alloc(w->most_shards, sizeof *m->losses);
    m->correct = ten_alloc(w->most_shards, sizeof *m->correct);
    m->picked = ten_alloc(w->most_shards, sizeof *m->picked);
    m->left = ten_alloc(most_rows, sizeof *m->left);
    if (!m->activations || !m->gradients || !m->shared || !m->prepared || !m->kept || !m->parts || !m->threads ||
        !m->sums || !m->losses || !m->correct || !m->picked || !m->left) {
        ten_workspace_free(w);
        return ten_fail_memory(error, "training");
    }
    place(w, &activations, &gradients, &shared, &kept);
    *out = w;
    return TEN_OK;
}

/* ---- One shard ---------------------------------------------------------------------------------------------------
 */

struct shard {
    struct ten_workspace *w;
    size_t number, first, rows; /* of the batch */
    float *scratch, *gradients; /* the thread's */
};

static float *slot_of(const struct shard *s, size_t slot) {
    return s->w->slot[slot] + s->first * s->w->slot_size[slot];
}

/* Where the gradient of a slot lies; nobody asks for that of the input. */
static float *gradient_of(const struct shard *s, size_t slot) {
    const struct ten_workspace *w = s->w;
    if (slot == 0) return NULL;
    if (w->waiting[slot]) return w->waiting[slot] + s->first * w->slot_size[slot];
    return s->gradients + slot % 2 * w->network->shard * ((w->network->largest + 15) / 16 * 16);
}

static size_t slot_before(const struct ten_workspace *w, size_t i) { return i ? w->network->layers[i - 1].slot : 0; }

static double *sums_of(const struct ten_workspace *w, size_t shard, size_t i) {
    return w->memory.sums + shard * w->all_sums + w->sums_at[i];
}

static struct ten_pass pass_of(const struct shard *s, size_t i) {
    const struct ten_workspace *w = s->w;
    const struct ten_layer *layer = &w->network->layers[i];
    return (struct ten_pass){
        .parameters = w->parameters + layer->parameters_at,
        .statistics = w->statistics + layer->statistics_at,
        .prepared = w->memory.prepared + layer->prepared_at,
        .shared = w->shared[i],
        .sums = layer->sums ? sums_of(w, s->number, i) : NULL,
        .training = true,
        .precision = w->input.precision,
        .seed = w->input.seed,
        .step = w->input.step,
        .first_row = s->first,
        .scratch = s->scratch,
    };
}

/* Threads mostly get the same shards again. */
static const void *row_of_next(void *context, size_t row) {
    const struct shard *s = context;
    return s->w->input.next(s->w->input.context, s->first + row);
}

static void forward(struct shard *s, size_t i) {
    const struct ten_layer *layer = &s->w->network->layers[i];
    struct ten_pass pass = pass_of(s, i);
    struct ten_ahead ahead = {row_of_next, s, s->rows, s->w->input.next_bytes};
    if (layer->folded) return;
    if (i == 0 && s->w->input.next) pass.ahead = &ahead;
    layer->type->forward(layer, &pass, s->rows, slot_of(s, slot_before(s->w, i)), slot_of(s, layer->slot),
                         s->w->kept[i] + s->first * layer->kept);
}

/* Without rows there is nothing to go back for but zeros. */
static void backward(const struct shard *s, size_t i) {
    const struct ten_workspace *w = s->w;
    const struct ten_layer *layer = &w->network->layers[i];
    struct ten_pass pass = pass_of(s, i);
    size_t before = slot_before(w, i);
    float *part = w->memory.parts + s->number * w->network->parameters + layer->parameters_at;
    if (layer->folded || layer->slot == 0) return; /* 0: in place on the input */
    if (s->rows == 0) {
        if (!layer->whole) memset(part, 0, layer->parameters * sizeof *part);
        return;
    }
    layer->type->backward(layer, &pass, s->rows, slot_of(s, before), slot_of(s, layer->slot),
                          w->kept[i] + s->first * layer->kept, gradient_of(s, layer->slot), gradient_of(s, before),
                          layer->whole ? NULL : part);
}

/* Sums of the layer `i` before forward, and before backward. */
static void sum_forward(const struct shard *s, size_t i) {
    const struct ten_layer *layer = &s->w->network->layers[i];
    layer->type->sum_forward(layer, s->rows, slot_of(s, slot_before(s->w, i)), sums_of(s->w, s->number, i));
}

static void sum_backward(const struct shard *s, size_t i) {
    const struct ten_layer *layer = &s->w->network->layers[i];
    layer->type->sum_backward(layer, s->rows, slot_of(s, slot_before(s->w, i)), gradient_of(s, layer->slot),
                              s->w->shared[i], sums_of(s->w, s->number, i));
}

static enum ten_status fill(const struct shard *s, size_t thread, struct ten_error *error) {
    const struct ten_batch_input *input = &s->w->input;
    for (size_t i = s->first; i < s->first + s->rows; i++) {
        if (input->labels[i] > TEN_NO_CLASS)
            return ten_fail(error, TEN_INVALID, "row %zu of the batch has label %d; expected 0 to %d, or %d for none",
                            i, input->labels[i], TEN_CLASSES - 1, TEN_NO_CLASS);
        input->fill(input->context, i, thread, s->w->slot[0] + i * s->w->slot_size[0]);
    }
    return TEN_OK;
}

/* Whether rows that give no gradient stay behind. A layer that sees the whole batch goes back over all of them. */
static bool picks(const struct ten_workspace *w) { return w->input.skip > 0 && w->barriers == 0; }

static void move_row(void *rows, size_t size, size_t from, size_t to) {
    if (size) memcpy((char *)rows + to * size, (char *)rows + from * size, size);
}

/* Moves the rows that are asked for to the shard's front, with all that backward wants of them, and forgets the others.
 */
static void pick_rows(struct shard *s, const bool *asked, float *gradient) {
    const struct ten_workspace *w = s->w;
    const struct ten_network *network = w->network;
    size_t count = 0;
    for (size_t i = 0; i < s->rows; i++) {
        if (!asked[i]) continue;
        for (size_t slot = 0; slot < network->slots && count < i; slot++)
            move_row(slot_of(s, slot), w->slot_size[slot] * sizeof(float), i, count);
        for (size_t k = 0; k < network->count && count < i; k++)
            if (!network->layers[k].folded)
                move_row(w->kept[k] + s->first * network->layers[k].kept, network->layers[k].kept, i, count);
        if (count < i) move_row(gradient, TEN_CLASSES * sizeof *gradient, i, count);
        count++;
    }
    s->rows = count;
}

static void find_loss(struct shard *s) {
    const struct ten_workspace *w = s->w;
    size_t last = w->network->slots - 1;
    bool asked[TEN_MOST_SHARD];
    float *gradient = last ? gradient_of(s, last) : s->gradients; /* 0: nothing but layers in place */
    w->memory.losses[s->number] =
        ten_cross_entropy(s->rows, slot_of(s, last), w->input.labels + s->first, w->input.label_smoothing,
                          1 / (float)w->input.rows, w->input.skip, gradient, asked, &w->memory.correct[s->number]);
    if (picks(w)) pick_rows(s, asked, gradient);
    w->memory.picked[s->number] = s->rows;
}

static struct shard shard_of(struct ten_workspace *w, size_t number, size_t thread) {
    float *memory = w->memory.threads + thread * w->per_thread;
    return (struct shard){.w = w,
                          .number = number,
                          .first = number * w->network->shard,
                          .rows = ten_block_length(w->input.rows, w->network->shard, number),
                          .scratch = memory,
                          .gradients = memory + w->network->scratch};
}

/* From barrier `stage` forward to the next; behind the last one the loss, and back to it. */
static enum ten_status go_forward(void *context, size_t task, size_t thread, struct ten_error *error) {
    struct ten_workspace *w = context;
    struct shard s = shard_of(w, task, thread);
    size_t begin = w->barrier[w->stage], end = w->barrier[w->stage + 1];
    if (w->stage == 0) {
        enum ten_status status = fill(&s, thread, error);
        if (status != TEN_OK) return status;
    }
    for (size_t i = begin; i < end; i++) forward(&s, i);
    if (w->stage < w->barriers) {
        sum_forward(&s, end);
        return TEN_OK;
    }
    find_loss(&s);
    size_t stop = w->barriers ? begin + 1 : 0;
    for (size_t i = end; i-- > stop;) backward(&s, i);
    if (w->barriers) sum_backward(&s, begin);
    return TEN_OK;
}

/* From barrier `stage` back to the one before. */
static enum ten_status go_back(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    struct ten_workspace *w = context;
    struct shard s = shard_of(w, task, thread);
    size_t begin = w->barrier[w->stage], before = w->barrier[w->stage - 1];
    size_t stop = w->stage > 1 ? before + 1 : 0;
    for (size_t i = begin + 1; i-- > stop;) backward(&s, i);
    if (w->stage > 1) sum_backward(&s, before);
    return TEN_OK;
}

/* ---- The batch ---------------------------------------------------------------------------------------------------
 */

/* The shards' sums of layer `i`, added in their order. */
static const double *add_sums(struct ten_workspace *w, size_t i) {
    size_t count = w->network->layers[i].sums;
    double *all = sums_of(w, w->most_shards, i);
    memset(all, 0, count * sizeof *all);
    for (size_t shard = 0; shard < w->shards; shard++) {
        const double *sums = sums_of(w, shard, i);
        for (size_t j = 0; j < count; j++) all[j] += sums[j];
    }
    return all;
}

/* What layer `i` needs of its parameters; rows as in the types' function. */
static void prepare_layer(const struct ten_workspace *w, size_t i, const float *parameters, size_t begin, size_t end,
                          bool back) {
    const struct ten_layer *layer = &w->network->layers[i];
    float *to = w->memory.prepared + layer->prepared_at + (back ? layer->prepared : 0);
    bool wanted = back ? layer->prepared_backward > 0 && slot_before(w, i) > 0 : layer->prepared > 0;
    if (wanted)
        layer->type->prepare(layer, w->input.precision, parameters + layer->parameters_at, begin, end, back, to);
}

/* Whether the batch must see to it. */
static bool unprepared(const struct ten_workspace *w, const struct ten_layer *layer) {
    return layer->prepared + layer->prepared_backward > 0 && !(layer->whole && w->input.prepared);
}

/* Task: a layer, for forward or, behind all of those, for backward. */
static enum ten_status prepare(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread;
    (void)error;
    const struct ten_workspace *w = context;
    size_t count = w->network->count, i = task % count;
    const struct ten_layer *layer = &w->network->layers[i];
    if (unprepared(w, layer)) prepare_layer(w, i, w->parameters, 0, ten_layer_rows(layer), task >= count);
    return TEN_OK;
}

void ten_workspace_prepare(const struct ten_workspace *w, const float *parameters, size_t begin, size_t end) {
    for (size_t i = 0; i < w->network->count; i++) {
        const struct ten_layer *layer = &w->network->layers[i];
        size_t first = layer->parameters_at, past = first + layer->decayed;
        if (!layer->whole || layer->prepared == 0 || begin >= past || end <= first) continue;
        size_t from = begin > first ? begin - first : 0, to = (end < past ? end : past) - first;
        for (int back = 0; back < 2; back++)
            prepare_layer(w, i, parameters, from / layer->units, to / layer->units, back);
    }
}

static enum ten_status run_stages(struct ten_workspace *w, struct ten_error *error) {
    const struct ten_layer *layers = w->network->layers;
    size_t rows = w->input.rows;
    bool wanted = false;
    for (size_t i = 0; i < w->network->count; i++) wanted |= unprepared(w, &layers[i]);
    if (wanted) {
        enum ten_status status = ten_parallel(&w->run, NULL, NULL, 0, 2 * w->network->count, prepare, w, error);
        if (status != TEN_OK) return status;
    }
    for (w->stage = 0; w->stage <= w->barriers; w->stage++) {
        if (w->stage) {
            size_t i = w->barrier[w->stage];
            layers[i].type->share_forward(&layers[i], rows, add_sums(w, i), w->statistics + layers[i].statistics_at,
                                          w->shared[i]);
        }
        enum ten_status status = ten_parallel(&w->run, NULL, NULL, 0, w->shards, go_forward, w, error);
        if (status != TEN_OK) return status;
    }
    for (w->stage = w->barriers; w->stage > 0; w->stage--) {
        size_t i = w->barrier[w->stage];
        layers[i].type->share_backward(&layers[i], rows, add_sums(w, i), w->shared[i]);
        enum ten_status status = ten_parallel(&w->run, NULL, NULL, 0, w->shards, go_back, w, error);
        if (status != TEN_OK) return status;
    }
    return TEN_OK;
}

enum ten_status ten_workspace_run(struct ten_workspace *w, const float *parameters, float *statistics,
                                  const struct ten_batch_input *input, struct ten_batch_result *result,
                                  struct ten_error *error) {
    *result = (struct ten_batch_result){0};
    w->shards = 0;
    if (input->rows == 0 || input->rows > w->most_rows)
        return ten_fail(error, TEN_INVALID, "a batch of %zu rows; expected 1 to %zu", input->rows, w->most_rows);
    w->parameters = parameters;
    w->statistics = statistics;
    w->input = *input;
    w->shards = ten_block_count(input->rows, w->network->shard);
    enum ten_status status = run_stages(w, error);
    w->left_count = 0;
    for (size_t shard = 0; shard < w->shards && status == TEN_OK; shard++) {
        size_t first = shard * w->network->shard;
        for (size_t i = 0; i < w->memory.picked[shard]; i++) w->memory.left[w->left_count++] = (uint32_t)(first + i);
        result->loss += w->memory.losses[shard];
        result->correct += w->memory.correct[shard];
    }
    return status;
}

static void add_parts(const struct ten_workspace *w, size_t begin, size_t end, float *gradient) {
    enum { BLOCK = 1024 };
    for (size_t at = begin; at < end; at += BLOCK) {
        size_t count = end - at < BLOCK ? end - at : BLOCK;
        float *restrict to = gradient + (at - begin);
        memcpy(to, w->memory.parts + at, count * sizeof *to);
        for (size_t shard = 1; shard < w->shards; shard++) {
            const float *restrict from = w->memory.parts + shard * w->network->parameters + at;
            for (size_t i = 0; i < count; i++) to[i] += from[i];
        }
    }
}

void ten_workspace_gradient(const struct ten_workspace *w, size_t begin, size_t end, size_t thread, float *gradient) {
    for (size_t i = 0; i < w->network->count && begin < end; i++) {
        const struct ten_layer *layer = &w->network->layers[i];
        size_t first = layer->parameters_at, past = first + layer->parameters;
        if (past <= begin || layer->folded) continue;
        size_t stop = past < end ? past : end;
        if (layer->whole) {
            struct ten_pass pass = {.precision = w->input.precision,
                                    .left = picks(w) ? w->memory.left : NULL,
                                    .scratch = w->memory.threads + thread * w->per_thread};
            layer->type->gradient(layer, &pass, w->left_count, w->slot[slot_before(w, i)], w->waiting[layer->slot],
                                  begin - first, stop - first, gradient);
        } else {
            add_parts(w, begin, stop, gradient);
        }
        gradient += stop - begin;
        begin = stop;
    }
}
