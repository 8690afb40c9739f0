/* The minimiser on functions whose minimum is known: Rosenbrock's valley, quadratics of bad condition, functions that
 * are flat, far away, noisy, unbounded or broken. */
#include "test.h"

#include "base/error.h"
#include "model/lbfgs.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { LARGEST = 200 };

struct problem {
    double (*function)(const struct problem *p, const double *x, double *gradient);
    size_t size;
    double condition, centre, scale, broken;
    size_t evaluations, iterations, fail_at, stop_at, renewed;
    double lowest, last; /* values: the lowest evaluated, that of the last iteration */
};

static enum ten_status evaluate(void *context, const double *x, double *value, double *gradient,
                                struct ten_error *error) {
    struct problem *p = context;
    if (++p->evaluations == p->fail_at) return ten_fail(error, TEN_NO_MEMORY, "evaluation %zu", p->evaluations);
    *value = p->function(p, x, gradient);
    p->lowest = fmin(p->lowest, *value);
    return TEN_OK;
}

static enum ten_status iterated(void *context, size_t iteration, double value, double largest_gradient,
                                struct ten_error *error) {
    struct problem *p = context;
    assert_int_equal(iteration, p->iterations + 1); /* counted without a gap */
    p->iterations = iteration;
    p->last = value;
    assert_true(largest_gradient >= 0 && isfinite(value));
    return iteration == p->stop_at ? ten_fail(error, TEN_CANCELLED, "iteration %zu", iteration) : TEN_OK;
}

static enum ten_status minimize(struct problem *p, double *x, size_t iterations, double tolerance, bool *converged,
                                struct ten_error *error) {
    p->evaluations = p->iterations = 0;
    p->lowest = INFINITY;
    struct ten_lbfgs problem = {.size = p->size,
                                .memory = 10,
                                .max_iterations = iterations,
                                .tolerance = tolerance,
                                .evaluate = evaluate,
                                .iterated = iterated,
                                .context = p};
    return ten_lbfgs_minimize(&problem, x, converged, error);
}

/* ---- Functions ---- */

static double rosenbrock(const struct problem *p, const double *x, double *gradient) {
    double sum = 0;
    memset(gradient, 0, p->size * sizeof *gradient);
    for (size_t i = 0; i + 1 < p->size; i++) {
        double a = x[i + 1] - x[i] * x[i], b = 1 - x[i];
        sum += 100 * a * a + b * b;
        gradient[i] += -400 * a * x[i] - 2 * b;
        gradient[i + 1] += 200 * a;
    }
    return sum;
}

/* sum of d_i (x_i - centre)^2 / 2, the d_i from 1 to `condition` in equal ratios, times scale */
static double quadratic(const struct problem *p, const double *x, double *gradient) {
    double sum = 0;
    for (size_t i = 0; i < p->size; i++) {
        double share = p->size > 1 ? (double)i / (double)(p->size - 1) : 0;
        double d = p->scale * pow(p->condition, share), away = x[i] - p->centre;
        sum += 0.5 * d * away * away;
        gradient[i] = d * away;
    }
    return sum;
}

/* A quadratic whose values and gradients are only known in single precision. */
static double rounded(const struct problem *p, const double *x, double *gradient) {
    double value = quadratic(p, x, gradient) + 3;
    for (size_t i = 0; i < p->size; i++) {
        float bent = (float)(gradient[i] + 1); /* rounded at 6e-8, whatever its size */
        gradient[i] = (double)bent - 1;
    }
    return (double)(float)value;
}

/* Only the value is rough: steps of 1e-7, while the gradient promises more. */
static double rough(const struct problem *p, const double *x, double *gradient) {
    return rint(quadratic(p, x, gradient) * 1e7) / 1e7 + 100;
}

static double slope(const struct problem *p, const double *x, double *gradient) {
    for (size_t i = 0; i < p->size; i++) gradient[i] = i == 0 ? -1 : 0;
    return -x[0];
}

/* Defined for x > 0 only; its minimum is at 1. */
static double barrier(const struct problem *p, const double *x, double *gradient) {
    double sum = 0;
    for (size_t i = 0; i < p->size; i++) {
        sum += x[i] - log(x[i]);
        gradient[i] = 1 - 1 / x[i];
    }
    return sum;
}

static double broken_value(const struct problem *p, const double *x, double *gradient) {
    quadratic(p, x, gradient);
    return NAN;
}

static double broken_gradient(const struct problem *p, const double *x, double *gradient) {
    double value = quadratic(p, x, gradient);
    gradient[p->size - 1] = p->broken;
    return value;
}

/* Away from the start the gradient is NaN although the value is not. */
static double broken_elsewhere(const struct problem *p, const double *x, double *gradient) {
    double value = quadratic(p, x, gradient);
    if (fabs(x[0]) > 0.25) gradient[p->size - 1] = NAN;
    return value;
}

/* ---- Tests ---- */

static void assert_at(const double *x, size_t size, double expected, double tolerance) {
    for (size_t i = 0; i < size; i++)
        if (!(fabs(x[i] - expected) <= tolerance)) fail_msg("x[%zu] is %.17g, expected %g", i, x[i], expected);
}

static void test_rosenbrock(void **state) {
    (void)state;
    for (size_t size = 2; size <= 100; size = size * 2 + 1) {
        double x[LARGEST];
        for (size_t i = 0; i < size; i++) x[i] = i % 2 ? 1 : -1.2;
        struct problem p = {.function = rosenbrock, .size = size};
        bool converged;
        struct ten_error error;
        assert_ok(minimize(&p, x, 2000, 1e-8, &converged, &error));
        assert_true(converged);
        if (size == 2) assert_at(x, size, 1, 1e-6); /* longer ones have another, local minimum */
        double gradient[LARGEST];
        rosenbrock(&p, x, gradient);
        assert_at(gradient, size, 0, 1e-8);
        assert_true(p.evaluations < 2 * p.iterations + 10); /* "one evaluation in most iterations" */
    }
}

static void test_quadratics(void **state) {
    (void)state;
    const double conditions[] = {1, 10, 1e3, 1e6}, scales[] = {1e-6, 1, 1e6};
    for (size_t c = 0; c < 4; c++)
        for (size_t s = 0; s < 3; s++)
            for (size_t size = 1; size <= LARGEST; size = size * 5 + 2) {
                double x[LARGEST] = {0};
                struct problem p = {
                    .function = quadratic, .size = size, .condition = conditions[c], .centre = 3, .scale = scales[s]};
                bool converged;
                struct ten_error error;
                assert_ok(minimize(&p, x, 20000, 1e-7 * scales[s], &converged, &error));
                assert_true(converged);
                assert_at(x, size, 3, 1e-7);
            }
}

/* The minimum lies much farther away than the first trial steps. */
static void test_far_away(void **state) {
    (void)state;
    const double centres[] = {1e6, 1e10, 1e14};
    for (size_t i = 0; i < 3; i++) {
        double x[7] = {0};
        struct problem p = {.function = quadratic, .size = 7, .condition = 100, .centre = centres[i], .scale = 1};
        bool converged;
        struct ten_error error;
        assert_ok(minimize(&p, x, 500, 1e-6 * centres[i], &converged, &error));
        assert_true(converged);
        assert_at(x, 7, centres[i], 1e-6 * centres[i]);
    }
}

/* The exact inverse Hessian of `quadratic` as preconditioner; it is renewed before every iteration. */
static enum ten_status renew(void *context, size_t iteration, struct ten_error *error) {
    (void)error;
    struct problem *p = context;
    assert_int_equal(iteration, p->iterations + 1);
    p->renewed++;
    return TEN_OK;
}

static bool precondition(void *context, double *d) {
    const struct problem *p = context;
    assert_true(p->renewed > 0);
    for (size_t i = 0; i < p->size; i++)
        d[i] /= p->scale * pow(p->condition, p->size > 1 ? (double)i / (double)(p->size - 1) : 0);
    return true;
}

static void test_preconditioned(void **state) {
    (void)state;
    double x[30] = {0};
    struct problem p = {.function = quadratic, .size = 30, .condition = 1e8, .centre = 3, .scale = 1e-3};
    struct ten_lbfgs problem = {.size = p.size,
                                .memory = 10,
                                .max_iterations = 100,
                                .tolerance = 1e-9,
                                .evaluate = evaluate,
                                .iterated = iterated,
                                .renew = renew,
                                .precondition = precondition,
                                .context = &p};
    bool converged;
    struct ten_error error;
    assert_ok(ten_lbfgs_minimize(&problem, x, &converged, &error));
    assert_true(converged);
    assert_int_equal(p.iterations, 1); /* Newton's method on a quadratic */
    assert_int_equal(p.evaluations, 2);
    assert_at(x, 30, 3, 1e-9);
}

static void test_start_at_the_minimum(void **state) {
    (void)state;
    double x[5] = {3, 3, 3, 3, 3};
    struct problem p = {.function = quadratic, .size = 5, .condition = 9, .centre = 3, .scale = 1};
    bool converged = false;
    struct ten_error error;
    assert_ok(minimize(&p, x, 10, 1e-9, &converged, &error));
    assert_true(converged);
    assert_int_equal(p.evaluations, 1);
    assert_int_equal(p.iterations, 0);
    assert_at(x, 5, 3, 0);
}

static void test_out_of_iterations(void **state) {
    (void)state;
    double x[2] = {-1.2, 1}, gradient[2];
    struct problem p = {.function = rosenbrock, .size = 2};
    bool converged = true;
    struct ten_error error;
    double start = rosenbrock(&p, x, gradient);
    assert_ok(minimize(&p, x, 5, 1e-8, &converged, &error));
    assert_false(converged);
    assert_int_equal(p.iterations, 5);
    assert_true(rosenbrock(&p, x, gradient) < start);
    assert_true(rosenbrock(&p, x, gradient) == p.last);
    assert_ok(minimize(&p, x, 0, 1e-8, &converged, &error));
    assert_false(converged);
}

/* A tolerance below what the function can show is not reached, but the search ends, and near the minimum. */
static void test_noise(void **state) {
    (void)state;
    double (*const functions[])(const struct problem *, const double *, double *) = {rounded, rough};
    for (size_t f = 0; f < 2; f++)
        for (double condition = 1; condition < 1e4; condition *= 10) {
            double x[30] = {0}, gradient[30];
            struct problem p = {.function = functions[f], .size = 30, .condition = condition, .centre = 1, .scale = 1};
            bool converged;
            struct ten_error error;
            assert_ok(minimize(&p, x, 5000, 1e-300, &converged, &error));
            assert_true(p.evaluations < 5000 * 31);
            assert_true(quadratic(&p, x, gradient) < 1e-4);
            /* with a tolerance that the noise allows, it converges */
            memset(x, 0, sizeof x);
            assert_ok(minimize(&p, x, 5000, 1e-3, &converged, &error));
            assert_true(converged);
        }
}

/* Without a minimum there is no convergence to report. */
static void test_unbounded(void **state) {
    (void)state;
    double x[3] = {0, 5, 5};
    struct problem p = {.function = slope, .size = 3};
    bool converged = true;
    struct ten_error error;
    assert_ok(minimize(&p, x, 20, 1e-9, &converged, &error));
    assert_false(converged);
    assert_true(x[0] > 1e6); /* it did go downhill */
    assert_true(x[1] == 5 && x[2] == 5);
}

/* Steps that leave the domain are taken back. */
static void test_barrier(void **state) {
    (void)state;
    double x[4] = {0.01, 40, 1e-6, 0.9};
    struct problem p = {.function = barrier, .size = 4};
    bool converged;
    struct ten_error error;
    assert_ok(minimize(&p, x, 1000, 1e-8, &converged, &error));
    assert_true(converged);
    assert_at(x, 4, 1, 1e-6);
}

static void test_not_finite(void **state) {
    (void)state;
    struct ten_error error;
    bool converged;
    double x[3] = {1, 2, 3}, from[3] = {0.1, 0.1, 0.1};
    struct problem p = {.function = broken_value, .size = 3, .condition = 1, .scale = 1};
    assert_fails(minimize(&p, x, 10, 1e-8, &converged, &error), TEN_NUMERIC, "not finite");
    assert_false(converged);
    const double bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        p.function = broken_gradient;
        p.broken = bad[i];
        assert_fails(minimize(&p, x, 10, 1e-8, &converged, &error), TEN_NUMERIC, "not finite");
        assert_false(converged);
    }
    assert_true(x[0] == 1 && x[1] == 2 && x[2] == 3);
    p = (struct problem){.function = broken_elsewhere, .size = 3, .condition = 1, .scale = 1, .centre = 0};
    assert_ok(minimize(&p, from, 50, 1e-8, &converged, &error)); /* the first step would lead out */
    assert_true(converged);
    assert_at(from, 3, 0, 1e-7);
}

static void test_failures_pass_through(void **state) {
    (void)state;
    struct ten_error error;
    bool converged;
    for (size_t at = 1; at <= 6; at++) {
        double x[2] = {-1.2, 1}, gradient[2];
        struct problem p = {.function = rosenbrock, .size = 2, .fail_at = at};
        double start = rosenbrock(&p, x, gradient);
        assert_fails(minimize(&p, x, 100, 1e-8, &converged, &error), TEN_NO_MEMORY, "evaluation");
        assert_false(converged);
        double left = rosenbrock(&p, x, gradient); /* the best point so far */
        assert_true(at == 1 ? left == start : left <= p.lowest || p.iterations == 0);
        double y[2] = {-1.2, 1};
        p = (struct problem){.function = rosenbrock, .size = 2, .stop_at = at};
        assert_fails(minimize(&p, y, 100, 1e-8, &converged, &error), TEN_CANCELLED, "iteration");
        assert_int_equal(p.iterations, at);
        assert_true(rosenbrock(&p, y, gradient) == p.last);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rosenbrock),
        cmocka_unit_test(test_quadratics),
        cmocka_unit_test(test_far_away),
        cmocka_unit_test(test_preconditioned),
        cmocka_unit_test(test_start_at_the_minimum),
        cmocka_unit_test(test_out_of_iterations),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_unbounded),
        cmocka_unit_test(test_barrier),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_failures_pass_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
