/* The models, fitted and asked on arrays that their chains have prepared before: seconds of the estimators alone, and
 * for those whose least work can be counted, the share of the machine's limit that they reach. Can write the arrays,
 * the answers and the model for programs that do the same (bench/peers). */
#include "cli/bench.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "model/pipeline.h"
#include "study/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TIMES = 3 };
static const double LONG = 5; /* seconds of fit and prediction that are not repeated unasked */

/* ---- The least work -----------------------------------------------------------------------------------------------
 */

/* A model on its arrays: n training and m test rows of d features of `width` bytes each. */
struct case_size {
    double n, m, d, width;
    bool is_bytes;
    double iterations;
};

/* One pass over the training rows. */
static struct work one_read(const struct case_size *s) {
    double bytes = s->n * s->d * s->width;
    return (struct work){LIMIT_FLOATS, 0, bytes, bytes};
}

/* A squared distance in double of each test row from ten points; an operation in double counts as two. */
static struct work ten_distances(const struct case_size *s) {
    double bytes = s->m * s->d * s->width;
    return (struct work){LIMIT_FLOATS, 2 * 4 * 10 * s->m * s->d, bytes, bytes};
}

/* Each image with each training image. */
static struct work all_pairs(const struct case_size *s) {
    double bytes = (s->n + s->m) * s->d * s->width;
    return (struct work){s->is_bytes ? LIMIT_BYTES : LIMIT_FLOATS, 2 * s->n * s->m * s->d, bytes, bytes};
}

/* The scores' product and the gradient's, both of which read all images as numbers, one layout each. */
static struct work iterations_over_all(const struct case_size *s) {
    double bytes = 2 * 4 * s->n * s->d;
    return (struct work){LIMIT_FLOATS, s->iterations * 2 * 2 * 10 * s->n * s->d, s->iterations * bytes, bytes};
}

static struct work ten_products(const struct case_size *s) {
    double bytes = s->m * s->d * s->width;
    return (struct work){LIMIT_FLOATS, 2 * 10 * s->m * s->d, bytes, bytes};
}

/* The upper triangle of a covariance matrix. */
static struct work covariance(const struct case_size *s) {
    double bytes = s->n * s->d * s->width;
    return (struct work){LIMIT_FLOATS, s->n * s->d * (s->d + 1), bytes, bytes};
}

/* Models that are not here have no limit that is simply told. */
static const struct {
    const char *model;
    struct work (*fit)(const struct case_size *size), (*predict)(const struct case_size *size);
} needs[] = {
    {"naive-bayes", one_read, ten_distances},
    {"nearest-centroid", one_read, ten_distances},
    {"lda", covariance, NULL},
    {"qda", covariance, NULL},
    {"logistic", iterations_over_all, ten_products},
    {"knn", NULL, all_pairs},
};

/* ---- One model ----------------------------------------------------------------------------------------------------
 */

struct trial {
    struct measured measured;
    struct ten_batch train, test;
    double test_prep_seconds;
    size_t times;
    double *fit_seconds, *predict_seconds; /* [times] */
};

static void trial_release(struct trial *t) {
    ten_measured_release(&t->measured);
    ten_batch_release(&t->train);
    ten_batch_release(&t->test);
    free(t->fit_seconds);
    free(t->predict_seconds);
    *t = (struct trial){0};
}

static enum ten_status prepare_test(struct trial *t, const struct ten_dataset *test, const struct ten_run *run,
                                    struct ten_error *error) {
    double start = ten_seconds();
    enum ten_status status = ten_pipeline_apply_chain(t->measured.pipeline, test->images, test->count, test->height,
                                                      test->width, &t->test, run, error);
    t->test_prep_seconds = ten_seconds() - start;
    return status;
}

/* Fits and asks the estimator again and again on the same arrays. */
static enum ten_status repeat(struct trial *t, const struct options *options, const struct ten_data *data,
                              const struct ten_run *run, struct ten_error *error) {
    struct ten_pipeline *pipeline = t->measured.pipeline;
    size_t most = options->repeat ? options->repeat : TIMES;
    t->fit_seconds = ten_alloc(most, sizeof *t->fit_seconds);
    t->predict_seconds = ten_alloc(most, sizeof *t->predict_seconds);
    t->measured.probabilities = ten_alloc(data->test.count * TEN_CLASSES, sizeof(float));
    if (!t->fit_seconds || !t->predict_seconds || !t->measured.probabilities)
        return ten_fail_memory(error, "the times");
    enum ten_status status = TEN_OK;
    ten_peak_bytes_reset();
    while (status == TEN_OK && t->times < most) {
        status = ten_pipeline_fit_estimator(pipeline, &data->train, &t->train, run, error);
        if (status == TEN_OK && t->times == 0) status = prepare_test(t, &data->test, run, error);
        double start = ten_seconds();
        if (status == TEN_OK)
            status = ten_pipeline_ask_estimator(pipeline, &t->test, t->measured.probabilities, run, error);
        if (status != TEN_OK) break;
        t->fit_seconds[t->times] = ten_pipeline_describe(pipeline).fit_seconds;
        t->predict_seconds[t->times] = ten_seconds() - start;
        if (!options->repeat && t->fit_seconds[t->times] + t->predict_seconds[t->times] > LONG) most = 0;
        t->times++;
    }
    t->measured.peak_bytes = ten_peak_bytes();
    return status;
}

static enum ten_status try_model(struct trial *t, const char *model, const struct options *options,
                                 const struct ten_data *data, const struct ten_run *run, struct ten_error *error) {
    struct options own;
    ten_settings_for(options, model, &own);
    snprintf(t->measured.name, sizeof t->measured.name, "%.95s", model);
    enum ten_status status =
        ten_pipeline_new(&t->measured.pipeline, model, options->prep, own.settings, own.setting_count, error);
    if (status == TEN_OK) status = ten_pipeline_name_classes(t->measured.pipeline, data->class_names, error);
    if (status == TEN_OK) status = ten_pipeline_fit_chain(t->measured.pipeline, &data->train, &t->train, run, error);
    if (status == TEN_OK) status = repeat(t, options, data, run, error);
    if (status == TEN_OK)
        status = ten_metrics_compute(&t->measured.metrics, data->test.labels, t->measured.probabilities,
                                     data->test.count, error);
    return status;
}

static enum ten_status write_files(const struct trial *t, const struct options *options, const struct ten_data *data,
                                   struct ten_error *error) {
    const char *prep = ten_pipeline_describe(t->measured.pipeline).prep;
    enum ten_status status = TEN_OK;
    if (options->arrays) status = bench_write_arrays(options->arrays, data, prep, &t->train, &t->test, error);
    if (status == TEN_OK && options->answers)
        status = bench_write_answers(options->answers, t->measured.probabilities, t->test.rows, error);
    if (status == TEN_OK && options->model) status = ten_pipeline_save(t->measured.pipeline, options->model, error);
    return status;
}

/* ---- Rows ---------------------------------------------------------------------------------------------------------
 */

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sets NAME_seconds to the median, NAME_least and NAME_times. */
static double put_times(json_t *row, const char *name, const double *times, size_t count) {
    double sorted[1000];
    char key[48];
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        sorted[i] = times[i];
        json_array_append_new(list, json_real(times[i]));
    }
    qsort(sorted, count, sizeof *sorted, compare);
    double median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
    snprintf(key, sizeof key, "%s_seconds", name);
    json_object_set_new(row, key, json_real(median));
    snprintf(key, sizeof key, "%s_least", name);
    json_object_set_new(row, key, json_real(sorted[0]));
    snprintf(key, sizeof key, "%s_times", name);
    json_object_set_new(row, key, list);
    return median;
}

/* Sets NAME_limit and NAME_share, null where there is no `need`. */
static enum ten_status put_share(json_t *row, const char *name, struct limits *limits,
                                 struct work (*need)(const struct case_size *), const struct case_size *size,
                                 double seconds, struct ten_error *error) {
    char key[48], text[48];
    double least = 0;
    enum limit limit = LIMIT_FLOATS;
    enum ten_status status = TEN_OK;
    if (need) {
        struct work work = need(size);
        status = bench_least_seconds(limits, &work, true, &least, &limit, error);
    }
    if (status != TEN_OK) return status;
    snprintf(key, sizeof key, "%s_limit", name);
    json_object_set_new(row, key, least > 0 ? json_string(bench_limit_name(text, limit)) : json_null());
    snprintf(key, sizeof key, "%s_share", name);
    json_object_set_new(row, key, least > 0 ? json_real(least / seconds) : json_null());
    return TEN_OK;
}

static enum ten_status append_row(const struct trial *t, struct limits *limits, json_t *out, struct ten_error *error) {
    struct ten_pipeline_info info = ten_pipeline_describe(t->measured.pipeline);
    struct case_size size = {.n = (double)t->train.rows,
                             .m = (double)t->test.rows,
                             .d = (double)t->train.shape.columns,
                             .width = t->train.is_bytes ? 1 : 4,
                             .is_bytes = t->train.is_bytes,
                             .iterations = (double)info.history->rows};
    json_t *row = ten_row_json(&t->measured, t->test.rows, true);
    if (!row || json_array_append_new(out, row) != 0) return ten_fail_memory(error, "the result");
    double fit = put_times(row, "fit", t->fit_seconds, t->times);
    double predict = put_times(row, "predict", t->predict_seconds, t->times);
    json_object_set_new(row, "test_prep_seconds", json_real(t->test_prep_seconds));
    json_object_set_new(row, "features", json_integer((json_int_t)t->train.shape.columns));
    size_t i = 0, count = sizeof needs / sizeof *needs;
    while (i < count && strcmp(needs[i].model, info.model->name) != 0) i++;
    enum ten_status status = put_share(row, "fit", limits, i < count ? needs[i].fit : NULL, &size, fit, error);
    if (status != TEN_OK) return status;
    return put_share(row, "predict", limits, i < count ? needs[i].predict : NULL, &size, predict, error);
}

/* ---- The part -----------------------------------------------------------------------------------------------------
 */

int bench_models_check(const struct options *options) {
    char names[MOST_MODELS][96];
    size_t count;
    int result = ten_choose_models(options, names, &count);
    const char *files[] = {options->arrays, options->answers, options->model};
    for (size_t i = 0; result == DONE && i < sizeof files / sizeof *files; i++) {
        if (files[i] && count > 1)
            return ten_complain(WRONG_USAGE, "--arrays, --answers and --model are of one model; name it with --models");
        result = ten_check_out(files[i]);
    }
    return result;
}

int bench_models(struct limits *limits, const struct options *options, json_t *out) {
    char names[MOST_MODELS][96];
    size_t count;
    int result = ten_choose_models(options, names, &count);
    if (result != DONE) return result;
    struct ten_data data;
    struct ten_error error;
    if (ten_load_data(options, &data, &error) != TEN_OK) return ten_complain_error(&error);
    enum ten_status status = TEN_OK;
    for (size_t i = 0; i < count && status == TEN_OK; i++) {
        struct trial trial = {0};
        status = try_model(&trial, names[i], options, &data, &limits->run, &error);
        if (status == TEN_OK) status = write_files(&trial, options, &data, &error);
        if (status == TEN_OK) status = append_row(&trial, limits, out, &error);
        trial_release(&trial);
    }
    ten_data_release(&data);
    return status == TEN_OK ? DONE : ten_complain_error(&error);
}

static void format_share(char *out, size_t size, const json_t *row, const char *share_key, const char *limit_key) {
    const char *limit = json_string_value(json_object_get(row, limit_key));
    if (limit)
        snprintf(out, size, "%.0f %% of %s", 100 * ten_number_of(row, share_key), limit);
    else
        snprintf(out, size, "-");
}

int bench_print_models(const json_t *rows) {
    static const char *const headings[] = {"model",    "chain",    ">accuracy", ">fit",
                                           "of limit", ">predict", "of limit",  ">peak"};
    struct table table = {.columns = sizeof headings / sizeof *headings, .headings = headings};
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row) {
        char(*cell)[72] = ten_table_row(&table), text[24];
        snprintf(cell[0], sizeof *cell, "%s", json_string_value(json_object_get(row, "model")));
        snprintf(cell[1], sizeof *cell, "%s", json_string_value(json_object_get(row, "prep")));
        snprintf(cell[2], sizeof *cell, "%.4f", ten_number_of(row, "accuracy"));
        snprintf(cell[3], sizeof *cell, "%s", bench_format_time(text, ten_number_of(row, "fit_seconds")));
        format_share(cell[4], sizeof *cell, row, "fit_share", "fit_limit");
        snprintf(cell[5], sizeof *cell, "%s", bench_format_time(text, ten_number_of(row, "predict_seconds")));
        format_share(cell[6], sizeof *cell, row, "predict_share", "predict_limit");
        snprintf(cell[7], sizeof *cell, "%s", ten_format_bytes(text, ten_number_of(row, "peak_bytes")));
    }
    return ten_table_print(&table, stdout);
}
