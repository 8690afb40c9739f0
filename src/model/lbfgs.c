/* L-BFGS: the two-loop recursion of Nocedal and Wright (2006), algorithm 7.4, with the weak Wolfe line search by
 * bisection of Lewis and Overton (2013), which needs one evaluation in most iterations. */
#include "model/lbfgs.h"

#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_MEMORY = 64, MAX_TRIALS = 30 };
static const double sufficient_decrease = 1e-4, curvature = 0.9;
/* The function may be computed in single precision: differences below this share of it are rounding. */
static const double noise = 1e-6;

struct state {
    size_t size, memory, pairs, newest;
    double *gradient, *direction, *trial, *trial_gradient;
    double *steps, *changes;            /* [memory x size] differences of x and of the gradient */
    double inverse_product[MAX_MEMORY]; /* 1 / (step . change) */
    double *block;
};

static bool state_init(struct state *s, size_t size, size_t memory) {
    *s = (struct state){.size = size, .memory = memory < MAX_MEMORY ? memory : MAX_MEMORY};
    s->block = ten_alloc((4 + 2 * s->memory) * size, sizeof *s->block);
    if (!s->block) return false;
    double *at = s->block;
    s->gradient = at;
    s->direction = at += size;
    s->trial = at += size;
    s->trial_gradient = at += size;
    s->steps = at += size;
    s->changes = at + s->memory * size;
    return true;
}

static double dot(const double *a, const double *b, size_t size) {
    double sum = 0;
    for (size_t i = 0; i < size; i++) sum += a[i] * b[i];
    return sum;
}

/* The largest magnitude; infinite if one of them is no number. */
static double largest(const double *a, size_t size) {
    double top = 0;
    for (size_t i = 0; i < size; i++) top = isnan(a[i]) ? INFINITY : fmax(top, fabs(a[i]));
    return top;
}

/* direction = -H gradient, H the inverse Hessian that the kept pairs stand for. */
static void find_direction(const struct ten_lbfgs *problem, struct state *s) {
    double alpha[MAX_MEMORY], *d = s->direction;
    for (size_t i = 0; i < s->size; i++) d[i] = -s->gradient[i];
    for (size_t n = 0; n < s->pairs; n++) {
        size_t p = (s->newest + s->memory - n) % s->memory;
        const double *step = s->steps + p * s->size, *change = s->changes + p * s->size;
        alpha[p] = s->inverse_product[p] * dot(step, d, s->size);
        for (size_t i = 0; i < s->size; i++) d[i] -= alpha[p] * change[i];
    }
    if (!problem->precondition || !problem->precondition(problem->context, d)) {
        const double *change = s->changes + s->newest * s->size;
        double scale = s->pairs ? 1 / (s->inverse_product[s->newest] * dot(change, change, s->size))
                                : 1 / fmax(sqrt(dot(d, d, s->size)), 1e-300); /* to length 1 */
        for (size_t i = 0; i < s->size; i++) d[i] *= scale;
    }
    for (size_t n = s->pairs; n-- > 0;) {
        size_t p = (s->newest + s->memory - n) % s->memory;
        const double *step = s->steps + p * s->size;
        double beta = s->inverse_product[p] * dot(s->changes + p * s->size, d, s->size);
        for (size_t i = 0; i < s->size; i++) d[i] += (alpha[p] - beta) * step[i];
    }
}

/* Looks along the direction for a point that is lower by enough and past most of the slope. On success trial and
 * trial_gradient hold it; *found is false if no lower point could be told from the present one. */
static enum ten_status line_search(const struct ten_lbfgs *problem, struct state *s, const double *x, double value,
                                   double *new_value, bool *found, struct ten_error *error) {
    double slope = dot(s->gradient, s->direction, s->size), low = 0, high = INFINITY, step = 1;
    *found = false;
    if (!(slope < 0)) return TEN_OK; /* the pairs mislead */
    for (int trial = 0; trial < MAX_TRIALS; trial++) {
        for (size_t i = 0; i < s->size; i++) s->trial[i] = x[i] + step * s->direction[i];
        enum ten_status status = problem->evaluate(problem->context, s->trial, new_value, s->trial_gradient, error);
        if (status != TEN_OK) return status;
        bool finite = isfinite(*new_value) && isfinite(largest(s->trial_gradient, s->size));
        double new_slope = dot(s->trial_gradient, s->direction, s->size);
        bool lower = *new_value <= value + sufficient_decrease * step * slope;
        /* where values differ by no more than their rounding, the slopes still tell (Hager and Zhang 2005, section 2)
         */
        bool level = *new_value <= value + noise * fabs(value) && new_slope <= (2 * sufficient_decrease - 1) * slope;
        if (!finite || !(lower || level)) {
            high = step;
        } else if (new_slope < curvature * slope) {
            low = step;
        } else {
            *found = true;
            return TEN_OK;
        }
        step = isfinite(high) ? (low + high) / 2 : 2 * step;
    }
    *found = !isfinite(high); /* still going down: the minimum is far away, and the last trial is on the way to it */
    return TEN_OK;
}

/* Moves to the trial point and keeps the pair if it has positive curvature. */
static void move(struct state *s, double *x) {
    size_t at = s->pairs ? (s->newest + 1) % s->memory : 0;
    double *step = s->steps + at * s->size, *change = s->changes + at * s->size;
    for (size_t i = 0; i < s->size; i++) {
        step[i] = s->trial[i] - x[i];
        change[i] = s->trial_gradient[i] - s->gradient[i];
    }
    double product = dot(step, change, s->size);
    if (product > 1e-16 * dot(change, change, s->size)) {
        s->inverse_product[at] = 1 / product;
        s->newest = at;
        if (s->pairs < s->memory) s->pairs++;
    } else if (s->pairs == s->memory) {
        s->pairs--; /* its place was the oldest pair's */
    }
    memcpy(x, s->trial, s->size * sizeof *x);
    memcpy(s->gradient, s->trial_gradient, s->size * sizeof *x);
}

static enum ten_status minimize(const struct ten_lbfgs *problem, struct state *s, double *x, bool *converged,
                                struct ten_error *error) {
    double value;
    enum ten_status status = problem->evaluate(problem->context, x, &value, s->gradient, error);
    if (status != TEN_OK) return status;
    if (!isfinite(value) || !isfinite(largest(s->gradient, s->size)))
        return ten_fail(error, TEN_NUMERIC, "the function to minimise is not finite where the search starts");
    for (size_t iteration = 1; iteration <= problem->max_iterations; iteration++) {
        if (largest(s->gradient, s->size) <= problem->tolerance) break;
        if (problem->renew && (status = problem->renew(problem->context, iteration, error)) != TEN_OK) return status;
        find_direction(problem, s);
        double new_value;
        bool found;
        status = line_search(problem, s, x, value, &new_value, &found, error);
        if (status != TEN_OK) return status;
        if (!found && s->pairs == 0) { /* not even along the gradient: the precision is exhausted */
            *converged = true;
            return TEN_OK;
        }
        if (!found) { /* the pairs mislead: begin again along the gradient, which is no iteration of its own */
            s->pairs = 0;
            iteration--;
            continue;
        }
        move(s, x);
        value = new_value;
        status = problem->iterated(problem->context, iteration, value, largest(s->gradient, s->size), error);
        if (status != TEN_OK) return status;
    }
    *converged = largest(s->gradient, s->size) <= problem->tolerance;
    return TEN_OK;
}

enum ten_status ten_lbfgs_minimize(const struct ten_lbfgs *problem, double *x, bool *converged,
                                   struct ten_error *error) {
    struct state s;
    *converged = false;
    if (!state_init(&s, problem->size, problem->memory ? problem->memory : 1))
        return ten_fail_memory(error, "the minimisation");
    enum ten_status status = minimize(problem, &s, x, converged, error);
    free(s.block);
    return status;
}
