/* Optimisers and schedules. What depends on the step alone is computed once per call, in double; the loops over the
 * parameters are in single precision, as PyTorch's are, and treat every element alike wherever it stands. */
#include "nn/optimizer.h"

#include "kernels/kernels.h"

#include <math.h>
#include <string.h>

/* Moments below this count as 0: those of weights that are no longer used would otherwise become and stay denormal
 * numbers, which are slow. */
static const float TINY = 1e-30f;

static inline float without_tiny(float x) { return x >= TINY || x <= -TINY ? x : 0; }

/* ---- Optimisers --------------------------------------------------------------------------------------------- */

static void update_sgd(const struct ten_optimizer_step *s, double decay_rate, size_t count, const float *restrict g,
                       float *const *moments, float *restrict x) {
    float *restrict b = moments[0];
    float rate = (float)s->rate, decay = (float)decay_rate, momentum = (float)s->optimizer->momentum;
    /* x -= rate (own g + kept b), b being new already */
    float own = s->optimizer->nesterov ? 1 : 0, kept = s->optimizer->nesterov ? momentum : 1;
    for (size_t i = 0; i < count; i++) {
        float slope = g[i] + decay * x[i];
        b[i] = without_tiny(momentum * b[i] + slope);
        x[i] -= rate * (own * slope + kept * b[i]);
    }
}

static void update_adam_family(const struct ten_optimizer_step *s, double keep, double decay, size_t count,
                               const float *g, float *const *moments, float *x) {
    const struct ten_optimizer *o = s->optimizer;
    struct ten_adam step = {.keep = (float)keep,
                            .decay = (float)decay,
                            .beta1 = (float)o->beta1,
                            .rest1 = (float)(1 - o->beta1),
                            .beta2 = (float)o->beta2,
                            .rest2 = (float)(1 - o->beta2),
                            .rate = (float)(s->rate / s->share1),
                            .spread = (float)(1 / sqrt(s->share2)),
                            .epsilon = (float)o->epsilon};
    ten_kernels()->adam(count, &step, g, moments[0], moments[1], x);
}

static void update_adam(const struct ten_optimizer_step *s, double decay, size_t count, const float *g,
                        float *const *moments, float *x) {
    update_adam_family(s, 1, decay, count, g, moments, x);
}

static void update_adamw(const struct ten_optimizer_step *s, double decay, size_t count, const float *g,
                         float *const *moments, float *x) {
    update_adam_family(s, 1 - s->rate * decay, 0, count, g, moments, x);
}

static void update_lion(const struct ten_optimizer_step *s, double decay, size_t count, const float *restrict g,
                        float *const *moments, float *restrict x) {
    const struct ten_optimizer *o = s->optimizer;
    float *restrict m = moments[0];
    float keep = (float)(1 - s->rate * decay), rate = (float)s->rate;
    float beta1 = (float)o->beta1, rest1 = (float)(1 - o->beta1);
    float beta2 = (float)o->beta2, rest2 = (float)(1 - o->beta2);
    for (size_t i = 0; i < count; i++) {
        float way = beta1 * m[i] + rest1 * g[i], step = way > 0 ? rate : 0;
        step = way < 0 ? -rate : step;
        x[i] = keep * x[i] - step;
        m[i] = without_tiny(beta2 * m[i] + rest2 * g[i]);
    }
}

static const struct ten_optimizer_type sgd = {
    .name = "sgd", .summary = "Stochastic gradient descent with momentum.", .moments = 1, .update = update_sgd};
static const struct ten_optimizer_type adam = {
    .name = "adam",
    .summary = "Steps in units of each gradient's running size; decay through the gradient.",
    .moments = 2,
    .update = update_adam};
static const struct ten_optimizer_type adamw = {
    .name = "adamw", .summary = "Adam with decay apart from the gradient.", .moments = 2, .update = update_adamw};
static const struct ten_optimizer_type lion = {.name = "lion",
                                               .summary =
                                                   "Steps of one size by the sign of a running gradient; wants a "
                                                   "third to a tenth of adam's rate.",
                                               .moments = 1,
                                               .update = update_lion};

const struct ten_optimizer_type *const ten_optimizer_types[] = {&sgd, &adam, &adamw, &lion, NULL};

const struct ten_optimizer_type *ten_optimizer_find(const char *name) {
    for (size_t i = 0; ten_optimizer_types[i]; i++)
        if (strcmp(ten_optimizer_types[i]->name, name) == 0) return ten_optimizer_types[i];
    return NULL;
}

struct ten_optimizer_step ten_optimizer_step(const struct ten_optimizer *optimizer, size_t number, double rate) {
    return (struct ten_optimizer_step){optimizer, rate, 1 - pow(optimizer->beta1, (double)number),
                                       1 - pow(optimizer->beta2, (double)number)};
}

void ten_optimizer_update(const struct ten_optimizer_step *step, bool decay, size_t count, const float *gradient,
                          float *const *moments, float *parameters) {
    const struct ten_optimizer *o = step->optimizer;
    o->type->update(step, decay ? o->weight_decay : 0, count, gradient, moments, parameters);
}

/* ---- Schedules ---------------------------------------------------------------------------------------------- */

const char *const ten_schedule_names[] = {"constant", "step", "cosine", "one-cycle", NULL};

/* From a to b along half a cosine; share 0 to 1. */
static double anneal(double a, double b, double share) { return b + (a - b) * (1 + cos(acos(-1) * share)) / 2; }

/* PyTorch counts whole steps, from 0 to the last: the largest rate stands at warm_up * steps - 1. */
static double one_cycle(const struct ten_schedule *s, double step, double steps) {
    double top = s->warm_up * steps - 1, end = steps - 1;
    if (step < top) return anneal(s->first_share, 1, fmax(step, 0) / top);
    return anneal(1, s->final_share, end > top ? fmin((step - fmax(top, 0)) / (end - fmax(top, 0)), 1) : 1);
}

double ten_schedule_rate(const struct ten_schedule *s, double step, size_t steps) {
    double count = (double)steps, factor = 1;
    switch (s->kind) {
    case TEN_SCHEDULE_CONSTANT: break;
    /* a fraction of a step must not be missed where step_share * steps is whole but for rounding */
    case TEN_SCHEDULE_STEP: factor = pow(s->step_factor, floor(step / (s->step_share * count) + 1e-9)); break;
    case TEN_SCHEDULE_COSINE: factor = anneal(1, s->final_share, fmin(step / count, 1)); break;
    case TEN_SCHEDULE_ONE_CYCLE: return s->rate * one_cycle(s, step, count);
    }
    double rising = s->warm_up * count;
    return s->rate * factor * (step < rising ? fmin((step + 1) / rising, 1) : 1);
}
