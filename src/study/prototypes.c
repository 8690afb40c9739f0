/* Prototypes: the images of each class in a few groups of likes, by k-means on their pixels (Lloyd 1982), from the
 * start that Arthur and Vassilvitskii (2007, "k-means++") give. A class is one task, with a random stream of its own;
 * its groups' sums are whole numbers, so that their means do not depend on an order. */
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/random.h"
#include "kernels/kernels.h"
#include "study/classes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS = TEN_PROTOTYPES, ROUNDS = 50, BLOCK = 64 /* images whose distances are computed at once */ };

struct work {
    const struct ten_dataset *dataset;
    struct ten_class_order classes;
    struct ten_prototypes *out;
    uint64_t seed;
};

/* k-means of one class. */
struct search {
    const uint8_t *images;
    const size_t *indices; /* of the class's images among them */
    size_t count, pixels, groups;
    double *centres;      /* [GROUPS x pixels] */
    uint64_t *sums;       /* [GROUPS x pixels] of the images in each group */
    size_t sizes[GROUPS]; /* how many these are */
    double moves[GROUPS]; /* how far each centre moved last */
    uint8_t *group;       /* [count] */
    double *upper;        /* [count] the distance to the own centre is at most this; for the start: its square */
    double *lower;        /* [count] that to every other centre is at least this */
    float *block;         /* [BLOCK x pixels] */
    double *ones;         /* [GROUPS x pixels] what scaled_distances wants */
    double *distances;    /* [BLOCK x GROUPS] what it gives, squared */
};

static void search_release(struct search *search) {
    free(search->centres);
    free(search->sums);
    free(search->group);
    free(search->upper);
    free(search->lower);
    free(search->block);
    free(search->ones);
    free(search->distances);
}

static enum ten_status search_init(struct search *search, struct ten_error *error) {
    size_t pixels = search->pixels, count = search->count;
    search->centres = ten_alloc(pixels, GROUPS * sizeof *search->centres);
    search->sums = ten_alloc_zero(pixels, GROUPS * sizeof *search->sums);
    search->group = ten_alloc(count, 1);
    search->upper = ten_alloc(count, sizeof *search->upper);
    search->lower = ten_alloc(count, sizeof *search->lower);
    search->block = ten_alloc(pixels, BLOCK * sizeof *search->block);
    search->ones = ten_alloc(pixels, GROUPS * sizeof *search->ones);
    search->distances = ten_alloc(BLOCK * GROUPS, sizeof *search->distances);
    if (!search->centres || !search->sums || !search->group || !search->upper || !search->lower || !search->block ||
        !search->ones || !search->distances)
        return ten_fail_memory(error, "the prototypes of a class");
    for (size_t i = 0; i < GROUPS * pixels; i++) search->ones[i] = 1;
    return TEN_OK;
}

static const uint8_t *image_at(const struct search *search, size_t i) {
    return search->images + search->indices[i] * search->pixels;
}

/* Squared distances of at most BLOCK images to `groups` centres. */
static void measure(struct search *search, const size_t *picked, size_t count, const double *centres, size_t groups) {
    size_t pixels = search->pixels;
    for (size_t i = 0; i < count; i++)
        ten_kernels()->widen_bytes(pixels, image_at(search, picked[i]), 1, search->block + i * pixels);
    ten_kernels()->scaled_distances(count, groups, pixels, search->block, search->ones, centres, search->distances);
}

/* ---- The start ---- */

static void put_centre(struct search *search, size_t image) {
    double *centre = search->centres + search->groups++ * search->pixels;
    for (size_t p = 0; p < search->pixels; p++) centre[p] = image_at(search, image)[p];
}

/* Each image's squared distance to its nearest centre, now that there is one more; returns the sum. */
static double update_nearest(struct search *search) {
    double total = 0;
    const double *centre = search->centres + (search->groups - 1) * search->pixels;
    for (size_t first = 0; first < search->count; first += BLOCK) {
        size_t picked[BLOCK], length = search->count - first < BLOCK ? search->count - first : BLOCK;
        for (size_t i = 0; i < length; i++) picked[i] = first + i;
        measure(search, picked, length, centre, 1);
        for (size_t i = 0; i < length; i++) {
            double *nearest = &search->upper[first + i];
            if (search->groups == 1 || search->distances[i] < *nearest) *nearest = search->distances[i];
            total += *nearest;
        }
    }
    return total;
}

/* The first centre is any image, each further one an image taken with a probability that grows with the square of its
 * distance to those there are. Fewer than GROUPS if there are not so many different images. */
static void choose_start(struct search *search, struct ten_random *random) {
    put_centre(search, ten_random_below(random, search->count));
    for (double total; search->groups < GROUPS && (total = update_nearest(search)) > 0;) {
        double left = ten_random_unit(random) * total;
        size_t chosen = 0;
        for (size_t i = 0; i < search->count; i++) {
            if (search->upper[i] == 0) continue;
            chosen = i; /* rounding may leave a little at the end: then the last that can be taken */
            left -= search->upper[i];
            if (left < 0) break;
        }
        put_centre(search, chosen);
    }
    for (size_t i = 0; i < search->count; i++) {
        search->group[i] = UINT8_MAX;
        search->upper[i] = INFINITY;
        search->lower[i] = 0;
    }
}

/* ---- The rounds ---- */

static void change_group(struct search *search, size_t i, uint8_t group) {
    const uint8_t *image = image_at(search, i);
    if (search->group[i] != UINT8_MAX) {
        uint64_t *sum = search->sums + search->group[i] * search->pixels;
        for (size_t p = 0; p < search->pixels; p++) sum[p] -= image[p];
        search->sizes[search->group[i]]--;
    }
    uint64_t *sum = search->sums + group * search->pixels;
    for (size_t p = 0; p < search->pixels; p++) sum[p] += image[p];
    search->sizes[group]++;
    search->group[i] = group;
}

/* Puts the picked images into the groups of their nearest centres, the first on a tie. Returns whether any changed. */
static bool assign_picked(struct search *search, const size_t *picked, size_t count) {
    bool changed = false;
    measure(search, picked, count, search->centres, search->groups);
    for (size_t i = 0; i < count; i++) {
        const double *distances = search->distances + i * search->groups;
        uint8_t best = 0;
        double second = INFINITY;
        for (uint8_t g = 1; g < search->groups; g++) {
            if (distances[g] < distances[best]) {
                second = distances[best];
                best = g;
            } else if (distances[g] < second) {
                second = distances[g];
            }
        }
        search->upper[picked[i]] = sqrt(distances[best]);
        search->lower[picked[i]] = sqrt(second);
        if (search->group[picked[i]] == best) continue;
        change_group(search, picked[i], best);
        changed = true;
    }
    return changed;
}

/* The same for all images, of which those are passed over whose bounds, widened by what the centres moved, tell that
 * their centre is still the nearest (Hamerly 2010, "Making k-means even faster"). */
static bool assign(struct search *search) {
    double most = 0;
    for (size_t g = 0; g < search->groups; g++) most = fmax(most, search->moves[g]);
    bool changed = false;
    size_t picked[BLOCK], count = 0;
    for (size_t i = 0; i < search->count; i++) {
        if (search->group[i] != UINT8_MAX) search->upper[i] += search->moves[search->group[i]];
        search->lower[i] -= most;
        if (search->upper[i] < search->lower[i]) continue;
        picked[count++] = i;
        if (count < BLOCK) continue;
        changed |= assign_picked(search, picked, count);
        count = 0;
    }
    if (count > 0) changed |= assign_picked(search, picked, count);
    return changed;
}

/* A group that lost all its images keeps its centre. */
static void move_centres(struct search *search) {
    for (size_t g = 0; g < search->groups; g++) {
        double squares = 0;
        for (size_t p = 0; p < search->pixels && search->sizes[g] > 0; p++) {
            double *value = &search->centres[g * search->pixels + p], before = *value;
            *value = (double)search->sums[g * search->pixels + p] / (double)search->sizes[g];
            squares += (*value - before) * (*value - before);
        }
        search->moves[g] = sqrt(squares);
    }
}

static enum ten_status put_groups(struct ten_prototypes *out, const struct search *search, struct ten_error *error) {
    size_t pixels = search->pixels, order[GROUPS], groups = 0;
    for (size_t g = 0; g < search->groups; g++) {
        if (search->sizes[g] == 0) continue;
        size_t at = groups++;
        for (; at > 0 && search->sizes[order[at - 1]] < search->sizes[g]; at--) order[at] = order[at - 1];
        order[at] = g;
    }
    double *means = ten_alloc(pixels, groups * sizeof *means);
    if (!means) return ten_fail_memory(error, "prototypes");
    *out = (struct ten_prototypes){.groups = groups, .means = means};
    for (size_t g = 0; g < groups; g++) {
        out->counts[g] = search->sizes[order[g]];
        memcpy(means + g * pixels, search->centres + order[g] * pixels, pixels * sizeof *means);
    }
    return TEN_OK;
}

static enum ten_status group_class(void *context, size_t label, size_t thread, struct ten_error *error) {
    (void)thread;
    const struct work *work = context;
    struct search search = {
        .images = work->dataset->images,
        .indices = work->classes.order + work->classes.begin[label],
        .count = ten_class_count(&work->classes, label),
        .pixels = work->dataset->height * work->dataset->width,
    };
    if (search.count == 0) return TEN_OK;
    enum ten_status status = search_init(&search, error);
    if (status == TEN_OK) {
        struct ten_random random;
        ten_random_init(&random, work->seed, label);
        choose_start(&search, &random);
        for (size_t round = 0; round < ROUNDS && assign(&search); round++) move_centres(&search);
        status = put_groups(&work->out[label], &search, error);
    }
    search_release(&search);
    return status;
}

enum ten_status ten_find_prototypes(struct ten_prototypes out[TEN_CLASSES], const struct ten_dataset *dataset,
                                    const struct ten_run *run, struct ten_error *error) {
    for (size_t label = 0; label < TEN_CLASSES; label++) out[label] = (struct ten_prototypes){0};
    enum ten_status status = ten_check_images(dataset, error);
    if (status != TEN_OK || !dataset->labels) return status;
    struct work work = {.dataset = dataset, .out = out, .seed = run ? run->seed : 0};
    status = ten_order_by_class(&work.classes, dataset, error);
    if (status == TEN_OK)
        status = ten_parallel(run, "look for prototypes", "classes", 1, TEN_CLASSES, group_class, &work, error);
    free(work.classes.order);
    if (status != TEN_OK) ten_prototypes_release(out);
    return status;
}

void ten_prototypes_release(struct ten_prototypes prototypes[TEN_CLASSES]) {
    for (size_t label = 0; prototypes && label < TEN_CLASSES; label++) {
        free(prototypes[label].means);
        prototypes[label] = (struct ten_prototypes){0};
    }
}
