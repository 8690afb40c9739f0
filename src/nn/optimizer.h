/* Optimisers and rate schedules on flat vectors of parameters: they know nothing of layers. Formulas and their order
 * are those of PyTorch 1.13 where it has them. g is the gradient, x the parameters, r the rate, d the weight decay:
 *
 *     sgd    g += d x;  b = momentum b + g;  x -= r b   (with nesterov: x -= r (g + momentum b))
 *     adam   g += d x;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
 *            x -= r / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)       (Kingma and Ba 2015)
 *     adamw  x -= r d x, then as adam with d = 0                                      (Loshchilov and Hutter 2019)
 *     lion   x -= r d x;  x -= r sign(beta1 m + (1 - beta1) g);  m = beta2 m + (1 - beta2) g     (Chen et al. 2023) */
#ifndef TEN_NN_OPTIMIZER_H
#define TEN_NN_OPTIMIZER_H

#include "tenfold.h"

enum { TEN_MOST_MOMENTS = 2 };

struct ten_optimizer_step;
struct ten_optimizer_type {
    const char *name;    /* "adam" */
    const char *summary; /* one sentence */
    size_t moments;      /* vectors of the size of the parameters that it keeps, at most TEN_MOST_MOMENTS */
    void (*update)(const struct ten_optimizer_step *step, double decay, size_t count, const float *gradient,
                   float *const *moments, float *parameters); /* decay: d above */
};
extern const struct ten_optimizer_type *const ten_optimizer_types[]; /* NULL-terminated */

/* By name; NULL if there is none. */
const struct ten_optimizer_type *ten_optimizer_find(const char *name);

struct ten_optimizer {
    const struct ten_optimizer_type *type;
    double momentum; /* sgd */
    bool nesterov;
    double beta1, beta2; /* the others, each from 0 to below 1 */
    double epsilon;      /* adam's */
    double weight_decay; /* d above */
};

/* One step of it: what holds for all parameters alike. */
struct ten_optimizer_step {
    const struct ten_optimizer *optimizer;
    double rate;
    double share1, share2; /* 1 - beta1^t, 1 - beta2^t */
};
/* Step `number`, from 1, at learning rate `rate`. */
struct ten_optimizer_step ten_optimizer_step(const struct ten_optimizer *optimizer, size_t number, double rate);

/* Updates parameters[count] with gradient[count]. moments[k] is the k-th moment's entries that belong to them, zero
 * before the first step. `decay`: whether weight decay applies to these. Any split of a vector into ranges gives the
 * same bits. */
void ten_optimizer_update(const struct ten_optimizer_step *step, bool decay, size_t count, const float *gradient,
                          float *const *moments, float *parameters);

/* How the learning rate runs over the steps of a training, 0 to steps - 1:
 *
 *     constant    the largest rate throughout
 *     step        times step_factor after every step_share of all steps         (PyTorch's StepLR)
 *     cosine      down along half a cosine to final_share at `steps`            (CosineAnnealingLR, T_max = steps)
 *     one-cycle   up along half a cosine from first_share to 1 in the share warm_up of the steps (pct_start), then down
 *                 to final_share at the last step                               (OneCycleLR, anneal_strategy = "cos")
 *
 * In all but one-cycle the rate first rises in a straight line over the share warm_up of the steps, on top of the
 * above. */
enum ten_schedule_kind { TEN_SCHEDULE_CONSTANT, TEN_SCHEDULE_STEP, TEN_SCHEDULE_COSINE, TEN_SCHEDULE_ONE_CYCLE };
extern const char *const ten_schedule_names[]; /* in that order, NULL-terminated */

struct ten_schedule {
    enum ten_schedule_kind kind;
    double rate;        /* the largest */
    double first_share; /* shares of the largest rate: PyTorch's 1 / div_factor */
    double final_share; /* and 1 / (div_factor final_div_factor) */
    double warm_up;     /* 0 to 1 */
    double step_factor, step_share;
};

/* The rate of step `step`, 0 to `steps` - 1; a fraction where steps are fitted to a time. */
double ten_schedule_rate(const struct ten_schedule *schedule, double step, size_t steps);

#endif
