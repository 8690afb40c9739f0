/* How fast a saved model answers: the test images, prepared by its chain once, are handed to its estimator as a program
 * that serves many clients would hand them over, a hundred at a call, and as one that serves a person would, one at a
 * call. Whoever waits for one image feels the slow calls, so that of those the 95th percentile is told, too. */
#include "cli/bench.h"

#include "base/clock.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "model/pipeline.h"

#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 3, BATCH = 100, CALLS = 2000, LEAST_CALLS = 20 };
static const double LONG = 1; /* seconds of single calls after which a round has enough of them */

struct speed {
    double image, single, single_p95; /* seconds; the first of an image in a batch */
};

struct asked {
    struct ten_pipeline *pipeline;
    struct ten_data data;
    struct ten_batch test;
    float *probabilities; /* [test.rows x TEN_CLASSES] */
    size_t rounds, calls; /* single calls a round */
    double times[CALLS];  /* of them */
    struct speed *speeds; /* [rounds] */
};

static void asked_release(struct asked *a) {
    ten_pipeline_free(a->pipeline);
    ten_data_release(&a->data);
    ten_batch_release(&a->test);
    free(a->probabilities);
    free(a->speeds);
}

/* ---- Measuring ------------------------------------------------------------------------------------------------- */

/* Asks for `rows` images from `first` on. */
static enum ten_status ask(const struct asked *a, size_t first, size_t rows, const struct ten_run *run,
                           struct ten_error *error) {
    struct ten_batch part = a->test;
    part.owned = false;
    part.rows = rows;
    if (part.is_bytes)
        part.bytes += first * part.shape.columns;
    else
        part.floats += first * part.shape.columns;
    return ten_pipeline_ask_estimator(a->pipeline, &part, a->probabilities + first * TEN_CLASSES, run, error);
}

static enum ten_status ask_in_batches(const struct asked *a, const struct ten_run *run, struct ten_error *error) {
    enum ten_status status = TEN_OK;
    for (size_t first = 0; status == TEN_OK && first < a->test.rows; first += BATCH)
        status = ask(a, first, ten_block_length(a->test.rows, BATCH, first / BATCH), run, error);
    return status;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of sorted values. */
static double median(const double *sorted, size_t count) { return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2; }

static enum ten_status measure_round(struct asked *a, struct speed *speed, const struct ten_run *run,
                                     struct ten_error *error) {
    double start = ten_seconds();
    enum ten_status status = ask_in_batches(a, run, error);
    speed->image = (ten_seconds() - start) / (double)a->test.rows;
    if (status != TEN_OK) return status;
    a->calls = 0;
    double before = start = ten_seconds();
    while (status == TEN_OK && a->calls < CALLS && (a->calls < LEAST_CALLS || before - start < LONG)) {
        status = ask(a, a->calls % a->test.rows, 1, run, error);
        double now = ten_seconds();
        a->times[a->calls++] = now - before;
        before = now;
    }
    qsort(a->times, a->calls, sizeof *a->times, compare);
    speed->single = median(a->times, a->calls);
    speed->single_p95 = a->times[(a->calls * 95 + 99) / 100 - 1];
    return status;
}

static enum ten_status measure(struct asked *a, const struct options *options, struct ten_error *error) {
    struct ten_run run = ten_run_for(options);
    const struct ten_dataset *test = &a->data.test;
    a->rounds = options->repeat ? options->repeat : ROUNDS;
    a->probabilities = ten_alloc(test->count * TEN_CLASSES, sizeof *a->probabilities);
    a->speeds = ten_alloc(a->rounds, sizeof *a->speeds);
    if (!a->probabilities || !a->speeds) return ten_fail_memory(error, "the times");
    enum ten_status status = ten_pipeline_apply_chain(a->pipeline, test->images, test->count, test->height, test->width,
                                                      &a->test, &run, error);
    if (status == TEN_OK) status = ask_in_batches(a, &run, error); /* threads are started, memory is there */
    ten_progress_clear();
    run.progress = NULL;
    for (size_t i = 0; status == TEN_OK && i < a->rounds; i++) {
        if (ten_stop_requested())
            return ten_fail(error, TEN_CANCELLED, "stopped after %zu of %zu rounds", i, a->rounds);
        status = measure_round(a, &a->speeds[i], &run, error);
    }
    return status;
}

/* ---- The result ------------------------------------------------------------------------------------------------ */

/* The median over the rounds of the value at `offset` in struct speed. */
static enum ten_status median_of(const struct asked *a, size_t offset, double *out, struct ten_error *error) {
    double *values = ten_alloc(a->rounds, sizeof *values);
    if (!values) return ten_fail_memory(error, "the times");
    for (size_t i = 0; i < a->rounds; i++) memcpy(values + i, (const char *)&a->speeds[i] + offset, sizeof *values);
    qsort(values, a->rounds, sizeof *values, compare);
    *out = median(values, a->rounds);
    free(values);
    return TEN_OK;
}

static json_t *speed_json(const struct speed *s) {
    return json_pack("{s:f, s:f, s:f, s:f}", "images_per_second", 1 / s->image, "microseconds_per_image",
                     1e6 * s->image, "single_microseconds", 1e6 * s->single, "single_p95", 1e6 * s->single_p95);
}

static double accuracy(const struct asked *a) {
    size_t correct = 0;
    for (size_t i = 0; i < a->test.rows; i++)
        correct += ten_label(a->probabilities + i * TEN_CLASSES) == a->data.test.labels[i];
    return (double)correct / (double)a->test.rows;
}

/* The value of the parameter `precision`, which only networks have. NULL: none. */
static const char *precision_of(const struct ten_pipeline_info *info) {
    static const char name[] = "precision=";
    for (size_t i = 0; i < info->model->parameter_count; i++)
        if (strncmp(info->settings[i], name, sizeof name - 1) == 0) return info->settings[i] + sizeof name - 1;
    return NULL;
}

static json_t *document_of(const struct asked *a, const struct speed *speed, const struct options *options) {
    struct ten_pipeline_info info = ten_pipeline_describe(a->pipeline);
    struct ten_run run = ten_run_for(options);
    json_t *rounds = json_array();
    for (size_t i = 0; i < a->rounds; i++) json_array_append_new(rounds, speed_json(&a->speeds[i]));
    json_t *document =
        json_pack("{s:s, s:s, s:s?, s:I, s:{s:s, s:s}, s:s, s:I, s:f, s:i, s:I}", "model", info.model->name, "prep",
                  info.prep, "precision", precision_of(&info), "threads", (json_int_t)ten_threads(&run), "machine",
                  "processor", ten_cpu()->name, "kernels", ten_kernel_set(), "data", a->data.name, "test_count",
                  (json_int_t)a->test.rows, "accuracy", accuracy(a), "batch", BATCH, "calls", (json_int_t)a->calls);
    json_t *medians = speed_json(speed);
    bool good = document && medians && json_object_update(document, medians) == 0;
    json_decref(medians);
    if (json_object_set_new(document, "rounds", rounds) == 0 && good) return document;
    json_decref(document);
    return NULL;
}

static int print_table(const struct asked *a, const struct speed *speed) {
    static const char *const headings[] = {"model",     "chain",          ">accuracy",   ">in batches of 100",
                                           ">an image", ">one at a time", ">95 % within"};
    struct ten_pipeline_info info = ten_pipeline_describe(a->pipeline);
    struct table table = {.columns = sizeof headings / sizeof *headings, .headings = headings};
    char(*cell)[72] = ten_table_row(&table), text[24];
    snprintf(cell[0], sizeof *cell, "%s", info.model->name);
    snprintf(cell[1], sizeof *cell, "%.71s", info.prep);
    snprintf(cell[2], sizeof *cell, "%.4f", accuracy(a));
    snprintf(cell[3], sizeof *cell, "%.0f images/s", 1 / speed->image);
    snprintf(cell[4], sizeof *cell, "%s", bench_format_time(text, speed->image));
    snprintf(cell[5], sizeof *cell, "%s", bench_format_time(text, speed->single));
    snprintf(cell[6], sizeof *cell, "%s", bench_format_time(text, speed->single_p95));
    return ten_table_print(&table, stdout);
}

/* ---- The part -------------------------------------------------------------------------------------------------- */

int bench_predict_check(const struct options *options) {
    if (options->argument_count > 1) return ten_complain(WRONG_USAGE, "predict stands alone");
    if (!options->model)
        return ten_complain(WRONG_USAGE, "expected `tenfold bench predict --model FILE`; see `tenfold help bench`");
    if (options->models || options->prep || options->setting_count)
        return ten_complain(WRONG_USAGE, "--models, --prep and --set are for `tenfold bench models`; a saved model has "
                                         "its own");
    int result = ten_check_out(options->arrays);
    return result == DONE ? ten_check_out(options->answers) : result;
}

int bench_predict(const struct options *options) {
    struct asked asked = {0};
    struct speed speed = {0};
    struct ten_error error;
    enum ten_status status = ten_pipeline_load(&asked.pipeline, options->model, &error);
    if (status == TEN_OK) status = ten_load_data(options, &asked.data, &error);
    if (status == TEN_OK) status = measure(&asked, options, &error);
    if (status == TEN_OK) status = median_of(&asked, offsetof(struct speed, image), &speed.image, &error);
    if (status == TEN_OK) status = median_of(&asked, offsetof(struct speed, single), &speed.single, &error);
    if (status == TEN_OK) status = median_of(&asked, offsetof(struct speed, single_p95), &speed.single_p95, &error);
    if (status == TEN_OK && options->arrays)
        status = bench_write_arrays(options->arrays, &asked.data, ten_pipeline_describe(asked.pipeline).prep, NULL,
                                    &asked.test, &error);
    if (status == TEN_OK && options->answers)
        status = bench_write_answers(options->answers, asked.probabilities, asked.test.rows, &error);
    int result = DONE;
    if (status != TEN_OK)
        result = ten_complain_error(&error);
    else if (options->json)
        result = ten_print_json(document_of(&asked, &speed, options), NULL);
    else
        result = print_table(&asked, &speed);
    asked_release(&asked);
    return result;
}
