/* Spaces are read and checked; strategies try what they should, and go on from any prefix of their trials. */
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct ten_error error;

static struct ten_space *parse(const char *text, const char *model) {
    struct ten_space *space;
    assert_ok(ten_space_parse(&space, text, model, &error));
    return space;
}

/* ---- Spaces ---- */

static void reads_lists_and_ranges(void **state) {
    (void)state;
    struct ten_space *space = parse("  C=1,10,1e2 kernel=rbf,linear\tgamma=1e-3..10:log ", "svm");
    assert_int_equal(ten_space_count(space), 3);
    const struct ten_dimension *c = ten_space_at(space, 0), *gamma = ten_space_at(space, 2);
    assert_string_equal(c->name, "C");
    assert_int_equal(c->value_count, 3);
    assert_string_equal(c->values[2], "1e2");
    assert_int_equal(gamma->value_count, 0);
    assert_true(gamma->logarithmic && !gamma->integer && gamma->low == 1e-3 && gamma->high == 10);
    assert_int_equal(ten_space_points(space), 0);
    assert_null(ten_space_at(space, 3));
    ten_space_free(space);
    space = parse("n_neighbors=1..9", "knn");
    assert_true(ten_space_at(space, 0)->integer);
    ten_space_free(space);
    space = parse("n_neighbors=1,3,5 weights=uniform,distance", "knn");
    assert_int_equal(ten_space_points(space), 6);
    ten_space_free(space);
    ten_space_free(NULL);
}

static void reads_json(void **state) {
    (void)state;
    struct ten_space *space;
    assert_ok(
        ten_space_parse_json(&space,
                             "{\"learning_rate\": {\"low\": 1e-4, \"high\": 0.1, \"log\": true}, \"nesterov\": [true, "
                             "false], \"batch_size\": [64, 128]}",
                             "space.json", "mlp", &error));
    assert_int_equal(ten_space_count(space), 3);
    assert_true(ten_space_at(space, 0)->logarithmic);
    assert_string_equal(ten_space_at(space, 1)->values[0], "true");
    assert_string_equal(ten_space_at(space, 2)->values[1], "128");
    ten_space_free(space);
    assert_fails(ten_space_parse_json(&space, "[1]", "s.json", "mlp", &error), TEN_FORMAT,
                 "s.json: another JSON value");
    assert_fails(ten_space_parse_json(&space, "{", "s.json", "mlp", &error), TEN_FORMAT, "s.json");
    assert_fails(ten_space_parse_json(&space, "{}", "s.json", "mlp", &error), TEN_INVALID, "no parameter");
    assert_fails(ten_space_parse_json(&space, "{\"dropout\": 3}", "s.json", "mlp", &error), TEN_INVALID, "a list of");
    assert_fails(ten_space_parse_json(&space, "{\"dropout\": [[]]}", "s.json", "mlp", &error), TEN_INVALID,
                 "numbers and");
    assert_null(space);
}

static void refuses_wrong_words(void **state) {
    (void)state;
    static const struct {
        const char *text, *model, *part;
    } cases[] = {
        {"", "knn", "no parameter to search"},
        {"C=1", "knn", "knn has no parameter \"C\"; it has n_neighbors, weights"},
        {"n_neighbors", "knn", "expected NAME=VALUE"},
        {"n_neighbors=", "knn", "values with commas"},
        {"n_neighbors=1,,3", "knn", "values with commas"},
        {"n_neighbors=0,1", "knn", "n_neighbors"},
        {"n_neighbors=1,1", "knn", "twice"},
        {"n_neighbors=1 n_neighbors=3", "knn", "twice"},
        {"weights=1..3", "knn", "takes words"},
        {"n_neighbors=9..3", "knn", "the lower end first"},
        {"n_neighbors=0..3", "knn", "n_neighbors"},
        {"gamma=-1..1:log", "svm", "above 0"},
        {"gamma=1..2:exp", "svm", "gamma"},
        {"n_neighbors=1", "nothing", "no model \"nothing\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ten_space *space;
        assert_fails(ten_space_parse(&space, cases[i].text, cases[i].model, &error), TEN_INVALID, cases[i].part);
        assert_null(space);
    }
}

/* ---- Strategies ---- */

enum { MOST = 2000 };

/* What a made-up model reaches: best at the last value of every dimension, or in a range's middle; more with more of
 * the budget. */
static double accuracy_of(const struct ten_space *space, const struct ten_trial *trial) {
    double sum = 0;
    for (size_t d = 0; d < ten_space_count(space); d++) {
        const struct ten_dimension *dimension = ten_space_at(space, d);
        double place = trial->position[d], low = dimension->low, high = dimension->high;
        if (dimension->value_count)
            sum += place / (double)dimension->value_count;
        else if (dimension->logarithmic)
            sum += 1 - fabs(log(place / sqrt(low * high)) / log(high / low));
        else
            sum += 1 - fabs(place - (low + high) / 2) / (high - low);
    }
    return 0.5 * sum / (double)ten_space_count(space) + 0.1 * trial->share;
}

/* Runs a search to its end; the number of trials. */
static size_t run(const struct ten_search *search, struct ten_trial *trials) {
    for (size_t count = 0;; count++) {
        bool done;
        assert_true(count < MOST);
        assert_ok(ten_search_next(search, trials, count, &trials[count], &done, &error));
        if (done) return count;
        trials[count].accuracy = accuracy_of(search->space, &trials[count]);
        trials[count].log_loss = 1 - trials[count].accuracy;
    }
}

static void a_grid_tries_every_point_once(void **state) {
    (void)state;
    struct ten_space *space = parse("n_neighbors=1,3,5,7 weights=uniform,distance", "knn");
    struct ten_search search = {.space = space, .strategy = TEN_GRID};
    struct ten_trial trials[MOST];
    char settings[2][128];
    assert_int_equal(run(&search, trials), 8);
    for (size_t i = 0; i < 8; i++) {
        assert_true(trials[i].share == 1 && trials[i].point == i);
        assert_true(trials[i].position[0] == (double)(i / 2) && trials[i].position[1] == (double)(i % 2));
    }
    ten_search_settings(space, &trials[5], settings);
    assert_string_equal(settings[0], "n_neighbors=5");
    assert_string_equal(settings[1], "weights=distance");
    assert_int_equal(ten_search_best(trials, 8), 7);
    search.points = 3;
    assert_int_equal(run(&search, trials), 3);
    ten_space_free(space);
    space = parse("n_neighbors=1..4", "knn");
    bool done;
    search.space = space;
    assert_fails(ten_search_next(&search, trials, 0, trials, &done, &error), TEN_INVALID, "no ranges");
    ten_space_free(space);
}

static struct ten_space *original(void) {
    return parse("learning_rate=0.001,0.003,0.005 filters=32,64 kernel_size=3,5 dropout=0.3,0.5 dense=128,256 "
                 "activation=relu,leaky-relu",
                 "cnn2");
}

/* 96 points: rungs of 96, 32, 11, 4 and 2, each the best third of the one before, with three times its share. */
static void halving_lets_the_best_third_go_on(void **state) {
    (void)state;
    struct ten_space *space = original();
    struct ten_search search = {.space = space, .strategy = TEN_HALVING};
    struct ten_trial trials[MOST];
    static const size_t sizes[] = {96, 32, 11, 4, 2};
    assert_int_equal(run(&search, trials), 96 + 32 + 11 + 4 + 2);
    for (size_t rung = 0, begin = 0; rung < 5; begin += sizes[rung++]) {
        double least = 1;
        for (size_t i = begin; i < begin + sizes[rung]; i++) {
            assert_int_equal(trials[i].rung, rung);
            assert_true(fabs(trials[i].share - pow(3, (double)rung - 4)) < 1e-12);
            if (rung == 0) assert_int_equal(trials[i].point, i);
            bool goes_on = false;
            for (size_t k = begin + sizes[rung]; k < begin + sizes[rung] + (rung < 4 ? sizes[rung + 1] : 0); k++)
                goes_on |= trials[k].point == trials[i].point;
            assert_int_equal(trials[i].pruned, rung < 4 && !goes_on);
            if (goes_on && trials[i].accuracy < least) least = trials[i].accuracy;
        }
        for (size_t i = begin; i < begin + sizes[rung]; i++)
            if (trials[i].pruned) assert_true(trials[i].accuracy <= least);
    }
    assert_int_equal(trials[ten_search_best(trials, 145)].point, 95);
    ten_space_free(space);
}

static void halving_goes_on_without_what_failed(void **state) {
    (void)state;
    struct ten_space *space = parse("n_neighbors=1..50", "knn");
    struct ten_search search = {.space = space, .strategy = TEN_HALVING, .points = 27};
    struct ten_trial trials[MOST];
    size_t count = 0;
    for (bool done = false;; count++) {
        assert_true(count < MOST);
        assert_ok(ten_search_next(&search, trials, count, &trials[count], &done, &error));
        if (done) break;
        trials[count].failed = trials[count].rung == 0 ? trials[count].point >= 5 : false;
        trials[count].accuracy = trials[count].failed ? 0 : 0.5;
    }
    assert_int_equal(count, 27 + 5 + 2); /* five of the nine that would go on are left, then a third of them */
    for (size_t i = 27; i < count; i++) assert_true(trials[i].point < 5);
    for (count = 0;; count++) { /* all fail: it ends */
        bool done;
        assert_ok(ten_search_next(&search, trials, count, &trials[count], &done, &error));
        if (done) break;
        trials[count].failed = true;
    }
    assert_int_equal(count, 27);
    assert_int_equal(ten_search_best(trials, count), count);
    ten_space_free(space);
}

static void random_points_differ_and_the_worse_half_is_pruned(void **state) {
    (void)state;
    struct ten_space *space = original();
    struct ten_search search = {.space = space, .strategy = TEN_RANDOM, .points = 96, .seed = 5};
    struct ten_trial trials[MOST];
    size_t count = run(&search, trials), looks = 0, pruned = 0;
    bool seen[96] = {false};
    for (size_t i = 0; i < count; i++) {
        if (trials[i].rung == 1) {
            assert_true(trials[i].share == 1 && trials[i].point == trials[i - 1].point && !trials[i - 1].pruned);
            continue;
        }
        size_t number = 0;
        for (size_t d = 0; d < 6; d++)
            number = number * ten_space_at(space, d)->value_count + (size_t)trials[i].position[d];
        assert_false(seen[number]);
        seen[number] = true;
        looks++;
        pruned += trials[i].pruned;
        if (trials[i].point < 7) assert_false(trials[i].pruned);
    }
    assert_int_equal(looks, 96);
    assert_true(pruned > 30 && pruned < 60);
    ten_space_free(space);
}

static void ranges_are_drawn_within_their_ends(void **state) {
    (void)state;
    struct ten_space *space = parse("C=1e-2..1e2:log gamma=0.1..0.2 degree=2..4", "svm");
    struct ten_search search = {.space = space, .strategy = TEN_RANDOM, .points = 300};
    struct ten_trial trials[MOST];
    size_t count = run(&search, trials), below = 0, looks = 0, degrees[5] = {0};
    for (size_t i = 0; i < count; i++) {
        const double *p = trials[i].position;
        if (trials[i].rung) continue;
        looks++;
        assert_true(p[0] >= 1e-2 && p[0] <= 1e2 && p[1] >= 0.1 && p[1] <= 0.2);
        assert_true(p[2] == 2 || p[2] == 3 || p[2] == 4);
        degrees[(int)p[2]]++;
        below += p[0] < 1;
    }
    assert_true(below > looks * 2 / 5 && below < looks * 3 / 5); /* even on a log scale */
    for (int d = 2; d <= 4; d++) assert_true(degrees[d] > looks / 5);
    ten_space_free(space);
}

/* With as many points, estimators find better ones than chance does. */
static void tpe_learns(void **state) {
    (void)state;
    struct ten_space *space = parse("C=1e-3..1e3:log gamma=0.001..1:log coef0=0..10", "svm");
    struct ten_trial trials[MOST];
    double sums[2] = {0, 0};
    for (uint64_t seed = 0; seed < 10; seed++)
        for (int tpe = 0; tpe < 2; tpe++) {
            struct ten_search search = {space, tpe ? TEN_TPE : TEN_RANDOM, 60, seed};
            size_t count = run(&search, trials), late = 0;
            double sum = 0;
            for (size_t i = 0; i < count; i++)
                if (trials[i].rung == 0 && trials[i].point >= 30) sum += trials[i].accuracy, late++;
            sums[tpe] += sum / (double)late;
        }
    assert_true(sums[1] > sums[0] + 10 * 0.05);
    ten_space_free(space);
    space = parse("n_neighbors=1,3,5 weights=uniform,distance", "knn"); /* fewer points than it may try: each once */
    struct ten_search search = {space, TEN_TPE, 50, 1};
    size_t looks = 0, count = run(&search, trials);
    for (size_t i = 0; i < count; i++) looks += trials[i].rung == 0;
    assert_int_equal(looks, 6);
    ten_space_free(space);
}

/* A search asked again after each of its trials, with fresh copies, says the same: it remembers nothing. */
static void goes_on_from_its_trials(void **state) {
    (void)state;
    struct ten_space *space = original(), *ranges = parse("C=1e-3..1e3:log kernel=rbf,linear", "svm");
    const struct ten_search searches[] = {{space, TEN_GRID, 0, 0},    {space, TEN_HALVING, 50, 3},
                                          {space, TEN_RANDOM, 40, 3}, {space, TEN_TPE, 40, 3},
                                          {ranges, TEN_TPE, 40, 4},   {ranges, TEN_HALVING, 0, 4}};
    for (size_t s = 0; s < sizeof searches / sizeof *searches; s++) {
        struct ten_trial trials[MOST], copy[MOST], next;
        size_t count = run(&searches[s], trials);
        for (size_t i = 0; i <= count; i++) {
            bool done;
            for (size_t k = 0; k < i; k++) { /* what the run database keeps */
                copy[k] = trials[k];
                copy[k].pruned = false;
            }
            assert_ok(ten_search_next(&searches[s], copy, i, &next, &done, &error));
            assert_int_equal(done, i == count);
            if (done) break;
            assert_int_equal(next.point, trials[i].point);
            assert_int_equal(next.rung, trials[i].rung);
            assert_memory_equal(next.position, trials[i].position, sizeof next.position);
        }
    }
    ten_space_free(space);
    ten_space_free(ranges);
}

static void importance_is_the_share_of_variance(void **state) {
    (void)state;
    struct ten_space *space = parse("n_neighbors=1,3 weights=uniform,distance", "knn");
    struct ten_search search = {.space = space, .strategy = TEN_GRID};
    struct ten_trial trials[4];
    double importance[2];
    for (size_t i = 0; i < 4; i++) {
        bool done;
        assert_ok(ten_search_next(&search, trials, i, &trials[i], &done, &error));
        trials[i].accuracy = 0.5 + 0.3 * trials[i].position[0] + 0.1 * trials[i].position[1];
    }
    ten_search_importance(space, trials, 4, importance);
    assert_true(fabs(importance[0] - 0.9) < 1e-9 &&
                fabs(importance[1] - 0.1) < 1e-9); /* no interaction: they sum to 1 */
    for (size_t i = 0; i < 4; i++) trials[i].accuracy = trials[i].position[0] == trials[i].position[1];
    ten_search_importance(space, trials, 4, importance);
    assert_true(importance[0] < 1e-9 && importance[1] < 1e-9); /* all interaction */
    for (size_t i = 0; i < 4; i++) trials[i].accuracy = 0.5;
    ten_search_importance(space, trials, 4, importance);
    assert_true(importance[0] == 0 && importance[1] == 0);
    ten_space_free(space);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_lists_and_ranges),
        cmocka_unit_test(reads_json),
        cmocka_unit_test(refuses_wrong_words),
        cmocka_unit_test(a_grid_tries_every_point_once),
        cmocka_unit_test(halving_lets_the_best_third_go_on),
        cmocka_unit_test(halving_goes_on_without_what_failed),
        cmocka_unit_test(random_points_differ_and_the_worse_half_is_pruned),
        cmocka_unit_test(ranges_are_drawn_within_their_ends),
        cmocka_unit_test(tpe_learns),
        cmocka_unit_test(goes_on_from_its_trials),
        cmocka_unit_test(importance_is_the_share_of_variance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
