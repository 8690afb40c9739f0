/* Optimisers against PyTorch's (tests/fixtures/make_optimizers.py) and against the formulas in double; schedules
 * likewise. */
#include "test.h"

#include "base/random.h"
#include "nn/optimizer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Against PyTorch ---- */

enum { SIZE = 7, STEPS = 8 };

/* The list of make_optimizers.py. */
static const struct {
    const char *name;
    double rate;
    struct ten_optimizer settings;
} torch[] = {
    {"sgd", 0.1, {.momentum = 0}},
    {"sgd", 0.05, {.momentum = 0.9, .weight_decay = 0.01}},
    {"sgd", 0.05, {.momentum = 0.8, .weight_decay = 0.02, .nesterov = true}},
    {"adam", 0.001, {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8}},
    {"adam", 0.01, {.beta1 = 0.7, .beta2 = 0.9, .epsilon = 1e-4, .weight_decay = 0.1}},
    {"adamw", 0.02, {.beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-8, .weight_decay = 0.3}},
};
enum { TORCH = sizeof torch / sizeof *torch };

static void test_against_torch(void **state) {
    (void)state;
    double *numbers = test_numbers("nn_optimizers.txt", SIZE + STEPS * SIZE * (1 + TORCH));
    const double *gradients = numbers + SIZE, *expected = gradients + STEPS * SIZE;
    for (size_t t = 0; t < TORCH; t++) {
        struct ten_optimizer optimizer = torch[t].settings;
        optimizer.type = ten_optimizer_find(torch[t].name);
        float x[SIZE], first[SIZE] = {0}, second[SIZE] = {0}, *moments[] = {first, second};
        for (size_t i = 0; i < SIZE; i++) x[i] = (float)numbers[i];
        for (size_t s = 0; s < STEPS; s++) {
            float gradient[SIZE];
            for (size_t i = 0; i < SIZE; i++) gradient[i] = (float)gradients[s * SIZE + i];
            struct ten_optimizer_step step = ten_optimizer_step(&optimizer, s + 1, torch[t].rate);
            ten_optimizer_update(&step, true, SIZE, gradient, moments, x);
            for (size_t i = 0; i < SIZE; i++, expected++)
                if (!(fabs((double)x[i] - *expected) <= 1e-6 * fabs(*expected)))
                    fail_msg("%s (%zu), step %zu, parameter %zu: %.9g, expected %.9g", torch[t].name, t, s, i,
                             (double)x[i], *expected);
        }
    }
    free(numbers);
}

/* ---- Against the formulas in double ---- */

struct naive {
    double x, first, second;
};

static void naive_step(const struct ten_optimizer *o, size_t t, double rate, double d, double g, struct naive *n) {
    if (strcmp(o->type->name, "sgd") == 0) {
        g += d * n->x;
        n->first = o->momentum * n->first + g;
        n->x -= rate * (o->nesterov ? g + o->momentum * n->first : n->first);
    } else if (strcmp(o->type->name, "lion") == 0) {
        double way = o->beta1 * n->first + (1 - o->beta1) * g;
        n->x -= rate * d * n->x;
        n->x -= rate * (way > 0 ? 1 : way < 0 ? -1 : 0);
        n->first = o->beta2 * n->first + (1 - o->beta2) * g;
    } else {
        if (strcmp(o->type->name, "adamw") == 0)
            n->x -= rate * d * n->x;
        else
            g += d * n->x;
        n->first = o->beta1 * n->first + (1 - o->beta1) * g;
        n->second = o->beta2 * n->second + (1 - o->beta2) * g * g;
        n->x -= rate / (1 - pow(o->beta1, (double)t)) * n->first /
                (sqrt(n->second) / sqrt(1 - pow(o->beta2, (double)t)) + o->epsilon);
    }
}

static void test_against_naive(void **state) {
    (void)state;
    enum { COUNT = 203, TIMES = 60 };
    for (size_t k = 0; ten_optimizer_types[k]; k++)
        for (int variant = 0; variant < 4; variant++) {
            struct ten_optimizer optimizer = {.type = ten_optimizer_types[k],
                                              .momentum = variant % 2 ? 0.9 : 0.5,
                                              .nesterov = variant > 1,
                                              .beta1 = variant % 2 ? 0.9 : 0.6,
                                              .beta2 = variant > 1 ? 0.99 : 0.95,
                                              .epsilon = 1e-7,
                                              .weight_decay = 0.05};
            bool decay = variant != 1;
            struct ten_random random;
            ten_random_init(&random, 1, (uint64_t)variant);
            struct naive naive[COUNT];
            float x[COUNT], first[COUNT] = {0}, second[COUNT] = {0}, *moments[] = {first, second};
            for (size_t i = 0; i < COUNT; i++) {
                x[i] = (float)ten_random_unit(&random) - 0.5f;
                naive[i] = (struct naive){(double)x[i], 0, 0};
            }
            for (size_t t = 1; t <= TIMES; t++) {
                float gradient[COUNT];
                for (size_t i = 0; i < COUNT; i++) gradient[i] = (float)(ten_random_unit(&random) - 0.5 + (double)x[i]);
                double rate = 0.01 / (double)t;
                struct ten_optimizer_step step = ten_optimizer_step(&optimizer, t, rate);
                ten_optimizer_update(&step, decay, COUNT, gradient, moments, x);
                for (size_t i = 0; i < COUNT; i++) {
                    naive_step(&optimizer, t, rate, decay ? 0.05 : 0, (double)gradient[i], &naive[i]);
                    if (!(fabs((double)x[i] - naive[i].x) <= 2e-6))
                        fail_msg("%s, variant %d, step %zu, parameter %zu: %.9g, expected %.9g", optimizer.type->name,
                                 variant, t, i, (double)x[i], naive[i].x);
                }
            }
        }
}

/* However a vector is cut into ranges, the bits are the same. */
static void test_ranges(void **state) {
    (void)state;
    enum { COUNT = 100 };
    for (size_t k = 0; ten_optimizer_types[k]; k++)
        for (size_t cut = 0; cut <= COUNT; cut++) {
            struct ten_optimizer optimizer = {.type = ten_optimizer_types[k],
                                              .momentum = 0.9,
                                              .beta1 = 0.9,
                                              .beta2 = 0.99,
                                              .epsilon = 1e-8,
                                              .weight_decay = 0.1};
            float x[2][COUNT], first[2][COUNT], second[2][COUNT], gradient[COUNT];
            struct ten_random random;
            ten_random_init(&random, 2, 0);
            for (size_t i = 0; i < COUNT; i++) {
                gradient[i] = (float)ten_random_unit(&random) - 0.5f;
                x[0][i] = x[1][i] = (float)ten_random_unit(&random);
                first[0][i] = first[1][i] = (float)ten_random_unit(&random);
                second[0][i] = second[1][i] = (float)ten_random_unit(&random);
            }
            float *whole[] = {first[0], second[0]}, *low[] = {first[1], second[1]};
            float *high[] = {first[1] + cut, second[1] + cut};
            struct ten_optimizer_step step = ten_optimizer_step(&optimizer, 3, 0.01);
            ten_optimizer_update(&step, true, COUNT, gradient, whole, x[0]);
            ten_optimizer_update(&step, true, cut, gradient, low, x[1]);
            ten_optimizer_update(&step, true, COUNT - cut, gradient + cut, high, x[1] + cut);
            assert_memory_equal(x[0], x[1], sizeof x[0]);
            assert_memory_equal(first[0], first[1], sizeof first[0]);
            assert_memory_equal(second[0], second[1], sizeof second[0]);
        }
}

/* Where gradients end, moments end, too, and do not stay denormal. */
static void test_silence(void **state) {
    (void)state;
    for (size_t k = 0; ten_optimizer_types[k]; k++) {
        struct ten_optimizer optimizer = {
            .type = ten_optimizer_types[k], .momentum = 0.9, .beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8};
        float x[37] = {0}, first[37] = {0}, second[37] = {0}, gradient[37], *moments[] = {first, second};
        for (size_t i = 0; i < 37; i++) gradient[i] = (float)i - 18;
        for (size_t number = 1; number < 2500; number++) {
            struct ten_optimizer_step step = ten_optimizer_step(&optimizer, number, 0.01);
            ten_optimizer_update(&step, true, 37, gradient, moments, x);
            for (size_t i = 0; i < 37; i++) {
                assert_true(first[i] == 0 || isnormal(first[i]));
                assert_true(second[i] == 0 || isnormal(second[i]));
                gradient[i] = 0;
            }
        }
        for (size_t i = 0; i < 37; i++) assert_true(first[i] == 0 && second[i] == 0);
    }
}

static void test_names(void **state) {
    (void)state;
    for (size_t k = 0; ten_optimizer_types[k]; k++) {
        assert_ptr_equal(ten_optimizer_find(ten_optimizer_types[k]->name), ten_optimizer_types[k]);
        assert_true(ten_optimizer_types[k]->moments <= TEN_MOST_MOMENTS);
    }
    assert_null(ten_optimizer_find("Adam"));
    assert_string_equal(ten_schedule_names[TEN_SCHEDULE_ONE_CYCLE], "one-cycle");
    assert_null(ten_schedule_names[TEN_SCHEDULE_ONE_CYCLE + 1]);
}

/* ---- Schedules ---- */

static void test_schedules_against_torch(void **state) {
    (void)state;
    static const struct {
        size_t steps;
        struct ten_schedule schedule;
    } cases[] = {
        {40, {TEN_SCHEDULE_STEP, .rate = 0.5, .step_factor = 0.3, .step_share = 7.0 / 40}},
        {40, {TEN_SCHEDULE_COSINE, .rate = 0.5}},
        {33, {TEN_SCHEDULE_COSINE, .rate = 0.5, .final_share = 0.1}},
        {40, {TEN_SCHEDULE_ONE_CYCLE, .rate = 0.5, .warm_up = 0.3, .first_share = 1.0 / 25, .final_share = 1 / 25e4}},
        {235, {TEN_SCHEDULE_ONE_CYCLE, .rate = 0.5, .warm_up = 0.17, .first_share = 0.2, .final_share = 0.01}},
    };
    double *numbers = test_numbers("nn_schedules.txt", 40 + 40 + 33 + 40 + 235), *expected = numbers;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        for (size_t step = 0; step < cases[c].steps; step++, expected++) {
            double rate = ten_schedule_rate(&cases[c].schedule, (double)step, cases[c].steps);
            if (!(fabs(rate - *expected) <= 1e-8 * *expected + 1e-12))
                fail_msg("schedule %zu, step %zu: %.12g, expected %.12g", c, step, rate, *expected);
        }
    free(numbers);
}

static void test_warm_up(void **state) {
    (void)state;
    const struct ten_schedule constant = {TEN_SCHEDULE_CONSTANT, .rate = 2, .warm_up = 0.1};
    const struct ten_schedule cosine = {TEN_SCHEDULE_COSINE, .rate = 2, .warm_up = 0.1};
    const struct ten_schedule plain = {TEN_SCHEDULE_COSINE, .rate = 2};
    for (size_t step = 0; step < 50; step++) {
        double at = (double)step, rising = fmin((at + 1) / 5, 1);
        assert_true(fabs(ten_schedule_rate(&constant, at, 50) - 2 * rising) < 1e-12);
        assert_true(fabs(ten_schedule_rate(&cosine, at, 50) - rising * ten_schedule_rate(&plain, at, 50)) < 1e-12);
    }
}

/* Every kind, for any number of steps and between whole ones: from 0 to the largest rate, never less than nothing. */
static void test_bounds(void **state) {
    (void)state;
    for (int kind = 0; ten_schedule_names[kind]; kind++)
        for (size_t steps = 1; steps < 30; steps++)
            for (double warm_up = 0; warm_up <= 1; warm_up += 0.25) {
                struct ten_schedule schedule = {
                    (enum ten_schedule_kind)kind, .rate = 3,          .warm_up = warm_up, .first_share = 0.1,
                    .final_share = 0.01,          .step_factor = 0.5, .step_share = 0.3};
                for (double step = 0; step <= (double)steps; step += 0.25) {
                    double rate = ten_schedule_rate(&schedule, step, steps);
                    if (!(rate > 0 && rate <= 3))
                        fail_msg("%s, warm-up %g, step %g of %zu: %g", ten_schedule_names[kind], warm_up, step, steps,
                                 rate);
                }
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_torch), cmocka_unit_test(test_against_naive),
        cmocka_unit_test(test_ranges),        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_names),         cmocka_unit_test(test_schedules_against_torch),
        cmocka_unit_test(test_warm_up),       cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
