/* The exploration of a dataset: statistics per pixel, per class and over all.
 *
 * Pixels are bytes, so a histogram of 256 counters holds all there is to know about the values of one pixel: means,
 * deviations and quartiles follow from it exactly, and no values are sorted. The pixels are cut into blocks, each one
 * task, whose histograms stay in the cache; the images are taken class by class, and the sum of the classes'
 * histograms is that of the whole set. */
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "study/classes.h"
#include "study/duplicates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEVELS = 256,
    BLOCK = 64,           /* pixels a task */
    STRIDE = LEVELS + 16, /* counters from one pixel to the next; 256 would put all zeros into the same cache sets */
};

/* What a task finds beside the statistics of its pixels; added up in the order of tasks. */
struct partial {
    uint64_t intensity[LEVELS];
    uint64_t ink[TEN_CLASSES];
    size_t empty;
};

struct work {
    const struct ten_dataset *dataset;
    struct ten_exploration *out;
    size_t pixels;
    struct ten_class_order classes;
    uint32_t *counters; /* two blocks of histograms for each thread */
    struct partial *partials;
};

struct summary {
    double mean, deviation, minimum, quartile1, median, quartile3, maximum;
};

/* ---- Statistics from a histogram ---- */

static double value_at(const uint64_t histogram[LEVELS], uint64_t rank) {
    int level = 0;
    for (uint64_t below = histogram[0]; below <= rank && level < LEVELS - 1; below += histogram[level]) level++;
    return level;
}

/* The k-th quartile, 0 the minimum to 4 the maximum: linear between the two values around rank (count - 1) k / 4
 * (type 7 of Hyndman and Fan 1996). Exact, since the fraction is a number of quarters. */
static double quartile(const uint64_t histogram[LEVELS], uint64_t count, uint64_t k) {
    uint64_t rank = (count - 1) * k / 4, quarters = (count - 1) * k % 4;
    double below = value_at(histogram, rank);
    if (quarters == 0) return below;
    return below + (value_at(histogram, rank + 1) - below) * (double)quarters / 4;
}

static struct summary summarise(const uint64_t histogram[LEVELS], uint64_t count) {
    uint64_t sum = 0;
    for (uint64_t level = 0; level < LEVELS; level++) sum += level * histogram[level];
    double mean = (double)sum / (double)count, squares = 0;
    for (int level = 0; level < LEVELS; level++) squares += (double)histogram[level] * (level - mean) * (level - mean);
    return (struct summary){
        .mean = mean,
        .deviation = count > 1 ? sqrt(squares / (double)(count - 1)) : NAN,
        .minimum = quartile(histogram, count, 0),
        .quartile1 = quartile(histogram, count, 1),
        .median = quartile(histogram, count, 2),
        .quartile3 = quartile(histogram, count, 3),
        .maximum = quartile(histogram, count, 4),
    };
}

static void put_summary(struct ten_pixel_statistics *statistics, size_t pixel, const struct summary *summary) {
    statistics->mean[pixel] = summary->mean;
    statistics->deviation[pixel] = summary->deviation;
    statistics->minimum[pixel] = summary->minimum;
    statistics->quartile1[pixel] = summary->quartile1;
    statistics->median[pixel] = summary->median;
    statistics->quartile3[pixel] = summary->quartile3;
    statistics->maximum[pixel] = summary->maximum;
}

/* ---- Pixels ---- */

static void widen(uint64_t wide[LEVELS], const uint32_t *counters) {
    for (size_t level = 0; level < LEVELS; level++) wide[level] = counters[level];
}

static void count_class(const struct work *work, size_t label, size_t first, size_t length, uint32_t *counters) {
    memset(counters, 0, length * STRIDE * sizeof *counters);
    for (size_t i = work->classes.begin[label]; i < work->classes.begin[label + 1]; i++) {
        const uint8_t *values = work->dataset->images + work->classes.order[i] * work->pixels + first;
        for (size_t p = 0; p < length; p++) counters[p * STRIDE + values[p]]++;
    }
}

static void summarise_class(const struct work *work, size_t label, size_t first, size_t length,
                            const uint32_t *counters, struct partial *partial) {
    struct ten_pixel_statistics *statistics = &work->out->classes[label];
    for (size_t p = 0; p < length; p++) {
        uint64_t histogram[LEVELS];
        widen(histogram, counters + p * STRIDE);
        for (uint64_t level = 0; level < LEVELS; level++) partial->ink[label] += level * histogram[level];
        struct summary summary = summarise(histogram, statistics->count);
        put_summary(statistics, first + p, &summary);
    }
}

static void summarise_all(const struct work *work, size_t first, size_t length, const uint32_t *counters,
                          struct partial *partial) {
    for (size_t p = 0; p < length; p++) {
        uint64_t histogram[LEVELS];
        widen(histogram, counters + p * STRIDE);
        for (size_t level = 0; level < LEVELS; level++) partial->intensity[level] += histogram[level];
        partial->empty += histogram[0] == work->dataset->count;
        struct summary summary = summarise(histogram, work->dataset->count);
        put_summary(&work->out->all, first + p, &summary);
    }
}

static enum ten_status explore_block(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)error;
    const struct work *work = context;
    struct partial *partial = &work->partials[task];
    size_t first = task * BLOCK, length = ten_block_length(work->pixels, BLOCK, task);
    uint32_t *all = work->counters + thread * 2 * BLOCK * STRIDE, *one = all + BLOCK * STRIDE;
    memset(all, 0, length * STRIDE * sizeof *all);
    for (size_t label = 0; label < TEN_CLASSES; label++) {
        if (ten_class_count(&work->classes, label) == 0) continue;
        count_class(work, label, first, length, one);
        if (work->dataset->labels) summarise_class(work, label, first, length, one, partial);
        for (size_t i = 0; i < length * STRIDE; i++) all[i] += one[i];
    }
    summarise_all(work, first, length, all, partial);
    return TEN_OK;
}

static void merge(struct work *work, size_t tasks) {
    struct ten_exploration *out = work->out;
    uint64_t ink[TEN_CLASSES] = {0};
    for (size_t task = 0; task < tasks; task++) {
        const struct partial *partial = &work->partials[task];
        for (size_t level = 0; level < LEVELS; level++) out->intensity[level] += partial->intensity[level];
        for (size_t label = 0; label < TEN_CLASSES; label++) ink[label] += partial->ink[label];
        out->empty_pixels += partial->empty;
    }
    for (size_t label = 0; label < TEN_CLASSES; label++) {
        double values = (double)out->class_counts[label] * (double)work->pixels;
        out->ink[label] = values > 0 ? (double)ink[label] / values : NAN;
    }
    struct summary summary = summarise(out->intensity, (uint64_t)out->count * work->pixels);
    out->mean = summary.mean;
    out->deviation = summary.deviation;
    out->minimum = summary.minimum;
    out->quartile1 = summary.quartile1;
    out->median = summary.median;
    out->quartile3 = summary.quartile3;
    out->maximum = summary.maximum;
}

/* ---- The whole ---- */

static enum ten_status make_statistics(struct ten_pixel_statistics *statistics, size_t pixels, size_t count,
                                       struct ten_error *error) {
    if (count == 0) return TEN_OK;
    double *block = ten_alloc(pixels, 7 * sizeof *block);
    if (!block) return ten_fail_memory(error, "statistics of pixels");
    *statistics = (struct ten_pixel_statistics){
        .count = count,
        .mean = block,
        .deviation = block + pixels,
        .minimum = block + 2 * pixels,
        .quartile1 = block + 3 * pixels,
        .median = block + 4 * pixels,
        .quartile3 = block + 5 * pixels,
        .maximum = block + 6 * pixels,
    };
    return TEN_OK;
}

static enum ten_status prepare(struct work *work, size_t threads, size_t tasks, struct ten_error *error) {
    const struct ten_dataset *dataset = work->dataset;
    struct ten_exploration *out = work->out;
    for (size_t i = 0; dataset->labels && i < dataset->count; i++) out->class_counts[dataset->labels[i]]++;
    enum ten_status status = make_statistics(&out->all, work->pixels, dataset->count, error);
    for (size_t label = 0; label < TEN_CLASSES && status == TEN_OK; label++)
        status = make_statistics(&out->classes[label], work->pixels, out->class_counts[label], error);
    if (status != TEN_OK) return status;
    work->counters = ten_alloc(threads, 2 * BLOCK * STRIDE * sizeof *work->counters);
    work->partials = ten_alloc_zero(tasks, sizeof *work->partials);
    if (!work->counters || !work->partials) return ten_fail_memory(error, "the exploration");
    return ten_order_by_class(&work->classes, dataset, error);
}

enum ten_status ten_explore(struct ten_exploration *out, const struct ten_dataset *dataset, const struct ten_run *run,
                            struct ten_error *error) {
    *out = (struct ten_exploration){0};
    enum ten_status status = ten_check_images(dataset, error);
    if (status != TEN_OK) return status;
    *out = (struct ten_exploration){.count = dataset->count, .height = dataset->height, .width = dataset->width};
    struct work work = {.dataset = dataset, .out = out, .pixels = dataset->height * dataset->width};
    size_t tasks = ten_block_count(work.pixels, BLOCK);

    status = prepare(&work, ten_threads(run), tasks, error);
    if (status != TEN_OK) goto done;
    status = ten_parallel(run, "explore", "images", (double)dataset->count / (double)tasks, tasks, explore_block, &work,
                          error);
    if (status != TEN_OK) goto done;
    merge(&work, tasks);
    status = ten_count_repeated(dataset, &out->duplicates, run, error);
done:
    free(work.classes.order);
    free(work.counters);
    free(work.partials);
    if (status != TEN_OK) ten_exploration_release(out);
    return status;
}

void ten_exploration_release(struct ten_exploration *exploration) {
    if (!exploration) return;
    free(exploration->all.mean);
    for (size_t label = 0; label < TEN_CLASSES; label++) free(exploration->classes[label].mean);
    *exploration = (struct ten_exploration){0};
}
