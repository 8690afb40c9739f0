/* `tenfold bench --speedrun`: from random weights to 99 % as fast as can be. The clock runs from the bytes of the
 * training images in memory to the labels of the test images: preprocessing, one training and the predictions, all of
 * it, once for each of a fixed row of seeds, of which every one is reported. */
#include "cli/bench.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS = 30 };
static const double TARGET = 0.99;

/* The recipe, chosen on held-out training images (--on validation). */
static const char *const PREP = "trim=3,scale,multiply=2.5";
static const char *const recipe[] = {
    "net=conv 16 4x4 stride 2, relu, conv 32 3x3, maxpool 2, relu, dense 128, relu, dense 10",
    "epochs=1",
    "batch_size=128",
    "learning_rate=1e-2",
    "beta1=0.7",
    "beta2=0.9",
    "schedule=one-cycle",
    "warm_up=0.2",
    "label_smoothing=0.08",
    "skip=0.05",
};
enum { RECIPE = sizeof recipe / sizeof *recipe };

/* The recipe, unless the command line says otherwise. */
static enum ten_status new_pipeline(const struct options *options, struct ten_pipeline **pipeline,
                                    struct ten_error *error) {
    const char *settings[RECIPE + MAX_SETTINGS];
    size_t count = 0;
    for (size_t i = 0; i < RECIPE; i++) {
        size_t name = strcspn(recipe[i], "=") + 1;
        bool own = false;
        for (size_t k = 0; k < options->setting_count; k++) own |= strncmp(options->settings[k], recipe[i], name) == 0;
        if (!own) settings[count++] = recipe[i];
    }
    for (size_t k = 0; k < options->setting_count; k++) settings[count++] = options->settings[k];
    return ten_pipeline_new(pipeline, "network", options->prep ? options->prep : PREP, settings, count, error);
}

/* One seed: what it took and how many labels were right. */
static enum ten_status run_once(const struct options *options, const struct ten_data *data, uint64_t seed,
                                float *probabilities, double *seconds, double *accuracy, struct ten_error *error) {
    size_t correct = 0;
    struct ten_run run = ten_run_for(options);
    struct ten_pipeline *pipeline = NULL;
    run.seed = seed;
    double start = ten_seconds();
    enum ten_status status = new_pipeline(options, &pipeline, error);
    if (status == TEN_OK) status = ten_pipeline_fit(pipeline, &data->train, &run, error);
    if (status == TEN_OK)
        status = ten_pipeline_predict(pipeline, data->test.images, data->test.count, data->test.height,
                                      data->test.width, probabilities, &run, error);
    for (size_t i = 0; i < data->test.count && status == TEN_OK; i++)
        correct += ten_label(probabilities + i * TEN_CLASSES) == data->test.labels[i];
    *seconds = ten_seconds() - start;
    *accuracy = data->test.count ? (double)correct / (double)data->test.count : 0;
    ten_pipeline_free(pipeline);
    return status;
}

static enum ten_status run_all(const struct options *options, const struct ten_data *data, json_t *runs,
                               struct ten_error *error) {
    size_t seeds = options->repeat ? options->repeat : SEEDS;
    float *probabilities = ten_alloc(data->test.count * TEN_CLASSES, sizeof *probabilities);
    enum ten_status status = probabilities ? TEN_OK : ten_fail_memory(error, "the predictions");
    for (size_t i = 0; i < seeds && status == TEN_OK; i++) {
        double seconds, accuracy;
        uint64_t seed = options->seed + i;
        status = run_once(options, data, seed, probabilities, &seconds, &accuracy, error);
        if (status != TEN_OK) break;
        ten_say(options, "seed %2zu: %.4f in %.3f s", (size_t)seed, accuracy, seconds);
        json_t *row = json_pack("{s:I, s:f, s:f}", "seed", (json_int_t)seed, "accuracy", accuracy, "seconds", seconds);
        if (json_array_append_new(runs, row) != 0) status = ten_fail_memory(error, "the result");
    }
    free(probabilities);
    return status;
}

static double column(const json_t *runs, size_t i, const char *key) {
    return ten_number_of(json_array_get(runs, i), key);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Means, and of the seconds the median and the extremes as well. */
static json_t *summarise(json_t *runs, const char *on) {
    size_t count = json_array_size(runs);
    double accuracy = 0, squares = 0, total = 0, *seconds = ten_alloc(count, sizeof *seconds);
    if (!seconds) return NULL;
    for (size_t i = 0; i < count; i++) {
        accuracy += column(runs, i, "accuracy") / (double)count;
        total += seconds[i] = column(runs, i, "seconds");
    }
    for (size_t i = 0; i < count; i++) squares += pow(column(runs, i, "accuracy") - accuracy, 2);
    qsort(seconds, count, sizeof *seconds, ascending);
    double median = (seconds[(count - 1) / 2] + seconds[count / 2]) / 2;
    json_t *document = json_pack(
        "{s:f, s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:o}", "target", TARGET, "on", on, "mean_accuracy", accuracy,
        "deviation", count > 1 ? sqrt(squares / (double)(count - 1)) : 0, "mean_seconds", total / (double)count,
        "median_seconds", median, "least_seconds", seconds[0], "most_seconds", seconds[count - 1], "runs", runs);
    free(seconds);
    return document;
}

static int print(const json_t *document) {
    size_t count = json_array_size(json_object_get(document, "runs"));
    printf("%zu training%s from random weights: mean accuracy %.4f (deviation %.4f), target %.2f%s\n", count,
           count == 1 ? "" : "s", ten_number_of(document, "mean_accuracy"), ten_number_of(document, "deviation"),
           TARGET, ten_number_of(document, "mean_accuracy") < TARGET ? " missed" : "");
    printf("seconds each, from bytes in memory to labels: mean %.3f, median %.3f, %.3f to %.3f\n",
           ten_number_of(document, "mean_seconds"), ten_number_of(document, "median_seconds"),
           ten_number_of(document, "least_seconds"), ten_number_of(document, "most_seconds"));
    return ten_finish_output(DONE);
}

int bench_speedrun(const struct options *options) {
    bool held_out = options->on && strcmp(options->on, "validation") == 0;
    if (options->on && !held_out && strcmp(options->on, "test") != 0)
        return ten_complain(WRONG_USAGE, "--on \"%s\": expected validation or test", options->on);
    if (options->argument_count || options->models || options->arrays || options->answers || options->model ||
        options->quick)
        return ten_complain(WRONG_USAGE, "--speedrun is a whole benchmark: only --data, --on, --prep, --net, --set, "
                                         "--limit, --repeat and the common options go with it");
    struct ten_data data = {0};
    struct ten_error error;
    struct ten_pipeline *pipeline;
    if (new_pipeline(options, &pipeline, &error) != TEN_OK) return ten_complain_words(&error);
    ten_pipeline_free(pipeline);
    json_t *runs = json_array();
    enum ten_status status = runs ? ten_load_data(options, &data, &error) : ten_fail_memory(&error, "the result");
    if (status == TEN_OK && held_out) status = ten_hold_out(&data, options->seed, &error);
    if (status == TEN_OK) status = run_all(options, &data, runs, &error);
    ten_data_release(&data);
    ten_progress_clear();
    if (status != TEN_OK) {
        json_decref(runs);
        return ten_complain_error(&error);
    }
    json_t *document = summarise(runs, held_out ? "validation" : "test");
    if (!document) return ten_complain(FAILED, "out of memory for JSON");
    if (options->json) return ten_print_json(document, NULL);
    int result = print(document);
    json_decref(document);
    return result;
}
