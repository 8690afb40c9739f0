/* Strategies of a search, all as one function: which trial comes after these? Nothing else is remembered, so that a
 * search that was stopped, or killed, goes on from the trials that were written down, to the same end. */
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "study/space.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ETA = 3, /* halving: one of so many goes on, with so many times the budget */
    LEAST_AT_THE_END = 2,
    FIRST_SHARE = 9,      /* random and tpe: a first look has a ninth of the budget */
    BEFORE_PRUNING = 7,   /* points that are never pruned */
    RANDOM_POINTS = 10,   /* tpe: before it proposes */
    CANDIDATES = 24,      /* tpe: draws of which the best is taken */
    MOST_LISTED = 1 << 20 /* points of a space that are shuffled as a list */
};
static const uint64_t POINT_STREAM = 0x5345415243480000;

/* ---- Points ----------------------------------------------------------------------------------------------------- */

static bool listed(const struct ten_space *space) {
    size_t points = ten_space_points(space);
    return points > 0 && points <= MOST_LISTED;
}

static size_t points_of(const struct ten_search *search) {
    size_t all = ten_space_points(search->space), wanted = search->points;
    if (!wanted)
        wanted = search->strategy == TEN_GRID             ? all
                 : search->strategy == TEN_HALVING && all ? all
                 : search->strategy == TEN_HALVING        ? 27
                                                          : 30;
    return all && wanted > all ? all : wanted;
}

/* Point `number` of a space of lists: the last dimension changes fastest. */
static void place_listed(const struct ten_space *space, size_t number, double *position) {
    for (size_t d = space->count; d-- > 0;) {
        size_t values = space->dimensions[d].value_count;
        position[d] = (double)(number % values);
        number /= values;
    }
}

/* The place in a dimension of 0 <= u <= 1. */
static double place_in(const struct ten_dimension *dimension, double u) {
    if (dimension->value_count) {
        double place = floor(u * (double)dimension->value_count);
        return fmin(place, (double)dimension->value_count - 1);
    }
    double low = dimension->low, high = dimension->high;
    if (dimension->integer && !dimension->logarithmic) return fmin(floor(low + u * (high - low + 1)), high);
    double value = dimension->logarithmic ? exp(log(low) + u * (log(high) - log(low))) : low + u * (high - low);
    if (dimension->integer) {
        value = round(value);
    } else { /* four significant digits say enough, and are easier to read */
        char text[32];
        snprintf(text, sizeof text, "%.4g", value);
        value = strtod(text, NULL);
    }
    return fmin(fmax(value, low), high);
}

/* Where a value of a range lies between its ends, 0..1. */
static double unit_of(const struct ten_dimension *dimension, double value) {
    double low = dimension->low, high = dimension->high;
    return dimension->logarithmic ? (log(value) - log(low)) / (log(high) - log(low)) : (value - low) / (high - low);
}

/* The i-th of the points in random order, all different if the space is one of lists. */
static enum ten_status place_random(const struct ten_search *search, size_t i, double *position,
                                    struct ten_error *error) {
    const struct ten_space *space = search->space;
    struct ten_random random;
    if (!listed(space)) {
        ten_random_init(&random, search->seed, POINT_STREAM + 1 + i);
        for (size_t d = 0; d < space->count; d++)
            position[d] = place_in(&space->dimensions[d], ten_random_unit(&random));
        return TEN_OK;
    }
    size_t all = ten_space_points(space), *order = ten_alloc(all, sizeof *order);
    if (!order) return ten_fail_memory(error, "the points");
    for (size_t p = 0; p < all; p++) order[p] = p;
    ten_random_init(&random, search->seed, POINT_STREAM);
    ten_random_shuffle(&random, order, all);
    place_listed(space, order[i], position);
    free(order);
    return TEN_OK;
}

/* Point i of a grid or of the first rung. All of a space are taken in order. */
static enum ten_status place_point(const struct ten_search *search, size_t i, double *position,
                                   struct ten_error *error) {
    size_t all = ten_space_points(search->space);
    if (all && (points_of(search) == all || search->strategy == TEN_GRID)) {
        place_listed(search->space, i, position);
        return TEN_OK;
    }
    return place_random(search, i, position, error);
}

static bool same_place(const struct ten_space *space, const double *a, const double *b) {
    for (size_t d = 0; d < space->count; d++)
        if (a[d] != b[d]) return false;
    return true;
}

/* ---- Order ------------------------------------------------------------------------------------------------------ */

/* Whether a is the better trial: of larger share, then accuracy, then log loss, then the earlier point. */
static bool better(const struct ten_trial *a, const struct ten_trial *b) {
    if (a->failed != b->failed) return b->failed;
    if (a->share != b->share) return a->share > b->share;
    if (a->accuracy != b->accuracy) return a->accuracy > b->accuracy;
    if (a->log_loss != b->log_loss) return a->log_loss < b->log_loss;
    return a->point < b->point;
}

size_t ten_search_best(const struct ten_trial *trials, size_t count) {
    size_t best = count;
    for (size_t i = 0; i < count; i++)
        if (!trials[i].failed && (best == count || better(&trials[i], &trials[best]))) best = i;
    return best;
}

static int by_merit(const void *left, const void *right) {
    const struct ten_trial *const *a = left, *const *b = right;
    return better(*b, *a) - better(*a, *b);
}

/* ---- Halving ---------------------------------------------------------------------------------------------------- */

static size_t third(size_t count) { return (count + ETA - 1) / ETA; }

static double share_of(size_t points, size_t rung) {
    double share = 1;
    for (size_t left = third(points), r = 0; left >= LEAST_AT_THE_END; left = third(left), r++)
        if (r >= rung) share /= ETA;
    return share;
}

/* The trial of place `place` in a rung behind `before`, the whole rung before it; false if no more go on. */
static bool promote(struct ten_trial *before, size_t count, size_t place, struct ten_trial *next) {
    struct ten_trial **order = ten_alloc(count, sizeof(struct ten_trial *));
    size_t good = 0, going = third(count);
    for (size_t i = 0; i < count && order; i++) {
        order[i] = &before[i];
        good += !before[i].failed;
    }
    if (going > good) going = good;
    bool there = order && place < going;
    if (order) qsort(order, count, sizeof(struct ten_trial *), by_merit);
    for (size_t i = going; i < count && order; i++) order[i]->pruned = true;
    if (there) {
        next->point = order[place]->point;
        memcpy(next->position, order[place]->position, sizeof next->position);
    }
    free(order);
    return there;
}

static enum ten_status next_halving(const struct ten_search *search, struct ten_trial *trials, size_t count,
                                    struct ten_trial *next, bool *done, struct ten_error *error) {
    size_t points = points_of(search), begin = 0, size = points, rung = 0;
    double share = share_of(points, 0);
    for (; count >= begin + size && share < 1; rung++) {
        size_t good = 0;
        for (size_t i = begin; i < begin + size; i++) good += !trials[i].failed;
        begin += size;
        size = third(size) < good ? third(size) : good;
        share = share_of(points, rung + 1);
        if (size == 0) {
            *done = true;
            return TEN_OK;
        }
    }
    if (count >= begin + size) {
        *done = true;
        return TEN_OK;
    }
    next->rung = rung;
    next->share = share;
    if (rung == 0) {
        next->point = count;
        return place_point(search, count, next->position, error);
    }
    size_t before = begin; /* of the rung before: what it held */
    size_t first = 0;
    for (size_t i = 0; i < begin; i++)
        if (trials[i].rung + 1 == rung) {
            first = i;
            break;
        }
    before = begin - first;
    if (!promote(trials + first, before, count - begin, next)) return ten_fail_memory(error, "the search");
    return TEN_OK;
}

/* ---- Estimators ------------------------------------------------------------------------------------------------- */

/* The points' best trials, good ones first. */
static size_t rank_points(const struct ten_trial *trials, size_t count, const struct ten_trial **order) {
    size_t ranked = 0;
    for (size_t i = 0; i < count; i++)
        if (!(i + 1 < count && trials[i + 1].point == trials[i].point)) order[ranked++] = &trials[i];
    qsort((void *)order, ranked, sizeof *order, by_merit);
    return ranked;
}

/* The density of a dimension's place under an estimator of some trials: counts with one more for each value, or normal
 * distributions around them and a uniform one. */
static double density(const struct ten_dimension *dimension, size_t d, const struct ten_trial *const *some,
                      size_t count, double place) {
    if (dimension->value_count) {
        double hits = 1;
        for (size_t i = 0; i < count; i++) hits += some[i]->position[d] == place;
        return hits / ((double)count + (double)dimension->value_count);
    }
    double width = fmax(0.05, pow((double)count + 1, -0.4)), u = unit_of(dimension, place), sum = 1;
    for (size_t i = 0; i < count; i++) {
        double z = (u - unit_of(dimension, some[i]->position[d])) / width;
        sum += exp(-0.5 * z * z) / (width * 2.5066282746310002);
    }
    return sum / ((double)count + 1);
}

/* Draws a place from such an estimator. */
static double draw(const struct ten_dimension *dimension, size_t d, const struct ten_trial *const *some, size_t count,
                   struct ten_random *random) {
    size_t prior = dimension->value_count ? dimension->value_count : 1;
    size_t which = (size_t)ten_random_below(random, count + prior);
    if (which >= count) return place_in(dimension, ten_random_unit(random));
    double place = some[which]->position[d];
    if (dimension->value_count) return place;
    double width = fmax(0.05, pow((double)count + 1, -0.4)), u = unit_of(dimension, place), sum = -6;
    for (int i = 0; i < 12; i++) sum += ten_random_unit(random); /* nearly normal */
    return place_in(dimension, fmin(fmax(u + width * sum, 0), 1));
}

static bool tried(const struct ten_space *space, const struct ten_trial *trials, size_t count, const double *position) {
    for (size_t i = 0; i < count; i++)
        if (same_place(space, trials[i].position, position)) return true;
    return false;
}

static enum ten_status place_estimated(const struct ten_search *search, const struct ten_trial *trials, size_t count,
                                       size_t point, double *position, struct ten_error *error) {
    const struct ten_space *space = search->space;
    const struct ten_trial **order = ten_alloc(count, sizeof *order);
    if (!order) return ten_fail_memory(error, "the search");
    size_t ranked = rank_points(trials, count, order), good = (ranked + 3) / 4;
    struct ten_random random;
    ten_random_init(&random, search->seed, POINT_STREAM + ((uint64_t)1 << 32) + point);
    double best = -HUGE_VAL;
    for (int c = 0; c < CANDIDATES; c++) {
        double place[TEN_MAX_DIMENSIONS] = {0}, merit = 0;
        for (size_t d = 0; d < space->count; d++) {
            const struct ten_dimension *dimension = &space->dimensions[d];
            place[d] = draw(dimension, d, order, good, &random);
            merit += log(density(dimension, d, order, good, place[d])) -
                     log(density(dimension, d, order + good, ranked - good, place[d]));
        }
        if (merit <= best || tried(space, trials, count, place)) continue;
        best = merit;
        memcpy(position, place, space->count * sizeof *place);
    }
    free((void *)order);
    if (best > -HUGE_VAL) return TEN_OK;
    for (size_t i = 0; i <= count; i++) { /* all draws were known: the first random point that is not */
        enum ten_status status = place_random(search, i, position, error);
        if (status != TEN_OK || !tried(space, trials, count, position)) return status;
    }
    return TEN_OK;
}

/* ---- One point after another ------------------------------------------------------------------------------------ */

static int by_value(const void *left, const void *right) {
    const double *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* Whether the first look at a point, trials[count - 1], is below the median of those before it. */
static bool hopeless(const struct ten_trial *trials, size_t count) {
    const struct ten_trial *last = &trials[count - 1];
    if (last->point < BEFORE_PRUNING) return false;
    double *looks = ten_alloc(count, sizeof *looks);
    size_t known = 0;
    for (size_t i = 0; i + 1 < count && looks; i++)
        if (trials[i].rung == 0 && !trials[i].failed) looks[known++] = trials[i].accuracy;
    if (known) qsort(looks, known, sizeof *looks, by_value);
    bool below = known && last->accuracy < looks[known / 2];
    free(looks);
    return below;
}

static enum ten_status next_point(const struct ten_search *search, struct ten_trial *trials, size_t count,
                                  struct ten_trial *next, bool *done, struct ten_error *error) {
    struct ten_trial *last = count ? &trials[count - 1] : NULL;
    if (last && last->rung == 0 && !last->failed) {
        last->pruned = hopeless(trials, count);
        if (!last->pruned) {
            *next = (struct ten_trial){.point = last->point, .rung = 1, .share = 1};
            memcpy(next->position, last->position, sizeof next->position);
            return TEN_OK;
        }
    }
    *next = (struct ten_trial){.point = last ? last->point + 1 : 0, .share = 1.0 / FIRST_SHARE};
    *done = next->point >= points_of(search);
    if (*done) return TEN_OK;
    if (search->strategy == TEN_TPE && next->point >= RANDOM_POINTS)
        return place_estimated(search, trials, count, next->point, next->position, error);
    return place_random(search, next->point, next->position, error);
}

enum ten_status ten_search_next(const struct ten_search *search, struct ten_trial *trials, size_t count,
                                struct ten_trial *next, bool *done, struct ten_error *error) {
    *done = false;
    *next = (struct ten_trial){.share = 1};
    switch (search->strategy) {
    case TEN_HALVING: return next_halving(search, trials, count, next, done, error);
    case TEN_RANDOM:
    case TEN_TPE: return next_point(search, trials, count, next, done, error);
    case TEN_GRID: break;
    }
    if (!ten_space_points(search->space))
        return ten_fail(error, TEN_INVALID, "a grid has lists of values, no ranges; see the other strategies");
    *done = count >= points_of(search);
    next->point = count;
    return *done ? TEN_OK : place_point(search, count, next->position, error);
}

void ten_search_settings(const struct ten_space *space, const struct ten_trial *trial, char (*out)[128]) {
    for (size_t d = 0; d < space->count; d++) {
        const struct ten_dimension *dimension = &space->dimensions[d];
        char number[64];
        ten_format_real(number, sizeof number, trial->position[d]);
        snprintf(out[d], sizeof *out, "%s=%.60s", dimension->name,
                 dimension->value_count ? dimension->values[(size_t)trial->position[d]] : number);
    }
}

/* ---- Importance ------------------------------------------------------------------------------------------------- */

enum { PARTS = 4 }; /* a range is cut into */

static size_t group_of(const struct ten_dimension *dimension, double place) {
    if (dimension->value_count) return (size_t)place;
    size_t part = (size_t)(unit_of(dimension, place) * PARTS);
    return part < PARTS ? part : PARTS - 1;
}

void ten_search_importance(const struct ten_space *space, const struct ten_trial *trials, size_t count,
                           double *importance) {
    double mean = 0, variance = 0;
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        if (trials[i].rung == 0 && !trials[i].failed) mean += trials[i].accuracy, known++;
    mean = known ? mean / (double)known : 0;
    for (size_t i = 0; i < count; i++)
        if (trials[i].rung == 0 && !trials[i].failed) variance += pow(trials[i].accuracy - mean, 2);
    for (size_t d = 0; d < space->count; d++) {
        const struct ten_dimension *dimension = &space->dimensions[d];
        size_t groups = dimension->value_count ? dimension->value_count : PARTS;
        importance[d] = 0;
        for (size_t g = 0; g < groups && variance > 0; g++) {
            double sum = 0;
            size_t members = 0;
            for (size_t i = 0; i < count; i++)
                if (trials[i].rung == 0 && !trials[i].failed && group_of(dimension, trials[i].position[d]) == g)
                    sum += trials[i].accuracy - mean, members++;
            if (members) importance[d] += sum * sum / (double)members / variance;
        }
    }
}
