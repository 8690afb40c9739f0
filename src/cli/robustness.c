/* Robustness and learning curve, as JSON and as tables. */
#include "cli/robustness.h"

#include "base/error.h"
#include "study/json.h"

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

/* jansson's setters take a value over even when they fail, and fail on NULL: what went wrong is collected, and looked
 * at once. */
static json_t *whole(json_t *json, int failed) {
    if (!failed) return json;
    json_decref(json);
    return NULL;
}

static json_t *reals(const double values[TEN_STRENGTHS]) {
    json_t *array = json_array();
    int failed = !array;
    for (size_t s = 0; s < TEN_STRENGTHS; s++) failed |= json_array_append_new(array, ten_json_real(values[s]));
    return whole(array, failed);
}

/* The image that all kinds are shown with: the first three, a digit of curves and gaps that no turn makes another;
 * without one the first image. */
static size_t find_example(const struct ten_dataset *dataset) {
    for (size_t i = 0; i < dataset->count; i++)
        if (dataset->labels[i] == 3) return i;
    return 0;
}

static json_t *pictures_json(const struct ten_dataset *example, size_t kind, const struct ten_run *run,
                             enum ten_status *status, struct ten_error *error) {
    json_t *pictures = json_array();
    int failed = !pictures;
    struct ten_run quiet = {.seed = run ? run->seed : 0, .threads = 1};
    for (size_t s = 0; s < TEN_STRENGTHS && *status == TEN_OK; s++) {
        struct ten_dataset spoilt;
        *status = ten_corrupt(&spoilt, example, kind, ten_corruption_at(kind)->strengths[s], &quiet, error);
        if (*status == TEN_OK)
            failed |= json_array_append_new(pictures, ten_json_picture(spoilt.images, spoilt.height, spoilt.width));
        ten_dataset_release(&spoilt);
    }
    if (*status == TEN_OK && failed) *status = ten_fail_memory(error, "the spoilt images");
    return whole(pictures, *status != TEN_OK);
}

static json_t *kind_json(size_t kind, const double accuracy[TEN_STRENGTHS], json_t *pictures) {
    const struct ten_corruption *about = ten_corruption_at(kind);
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "name", json_string(about->name));
    failed |= json_object_set_new(object, "title", json_string(about->title));
    failed |= json_object_set_new(object, "unit", json_string(about->unit));
    failed |= json_object_set_new(object, "strengths", reals(about->strengths));
    failed |= json_object_set_new(object, "accuracy", reals(accuracy));
    failed |= json_object_set_new(object, "images", pictures);
    return whole(object, failed);
}

json_t *ten_robustness_json(const struct ten_pipeline *pipeline, const struct ten_dataset *dataset,
                            const struct ten_run *run, enum ten_status *status, struct ten_error *error) {
    struct ten_dataset example;
    size_t index = find_example(dataset);
    *status = ten_dataset_select(&example, dataset, &index, 1, error);
    json_t *kinds = json_array();
    int failed = !kinds;
    for (size_t kind = 0; ten_corruption_at(kind) && *status == TEN_OK; kind++) {
        double accuracy[TEN_STRENGTHS];
        *status = ten_robustness(accuracy, pipeline, dataset, kind, run, error);
        json_t *pictures = *status == TEN_OK ? pictures_json(&example, kind, run, status, error) : NULL;
        if (*status == TEN_OK) failed |= json_array_append_new(kinds, kind_json(kind, accuracy, pictures));
    }
    ten_dataset_release(&example);
    json_t *object = json_object();
    failed |= json_object_set_new(object, "count", json_integer((json_int_t)dataset->count));
    failed |= json_object_set_new(object, "kinds", kinds);
    if (*status == TEN_OK && failed) *status = ten_fail_memory(error, "the results");
    return whole(object, *status != TEN_OK);
}

static json_t *point_json(const struct ten_learning_point *point) {
    json_t *object = json_object();
    int failed = !object;
    failed |= json_object_set_new(object, "train_count", json_integer((json_int_t)point->train_count));
    failed |= json_object_set_new(object, "train_accuracy", ten_json_real(point->train_accuracy));
    failed |= json_object_set_new(object, "accuracy", ten_json_real(point->accuracy));
    failed |= json_object_set_new(object, "accuracy_low", ten_json_real(point->accuracy_low));
    failed |= json_object_set_new(object, "accuracy_high", ten_json_real(point->accuracy_high));
    failed |= json_object_set_new(object, "fit_seconds", ten_json_real(point->fit_seconds));
    return whole(object, failed);
}

json_t *ten_learning_json(const struct ten_pipeline *fitted, const struct ten_data *data, const struct ten_run *run,
                          enum ten_status *status, struct ten_error *error) {
    struct ten_learning_point points[TEN_LEARNING_POINTS];
    size_t count;
    *status = ten_learning_curve(points, &count, fitted, &data->train, &data->test, run, error);
    if (*status != TEN_OK) return NULL;
    json_t *array = json_array();
    int failed = !array;
    for (size_t i = 0; i < count; i++) failed |= json_array_append_new(array, point_json(&points[i]));
    if (failed) *status = ten_fail_memory(error, "the results");
    return whole(array, failed);
}

json_t *ten_further_json(const struct options *options, const struct ten_pipeline *pipeline,
                         const struct ten_data *data, const struct ten_run *run, enum ten_status *status,
                         struct ten_error *error) {
    json_t *object = json_object();
    int failed = !object;
    *status = TEN_OK;
    /* first what may fail on account of the data */
    json_t *curve = options->learning ? ten_learning_json(pipeline, data, run, status, error) : NULL;
    if (options->robustness && *status == TEN_OK) {
        json_t *robustness = ten_robustness_json(pipeline, &data->test, run, status, error);
        if (*status == TEN_OK) failed |= json_object_set_new(object, "robustness", robustness);
    }
    if (curve) failed |= json_object_set_new(object, "learning_curve", curve);
    if (*status == TEN_OK && failed) *status = ten_fail_memory(error, "the results");
    return whole(object, *status != TEN_OK);
}

/* ---- Tables ---------------------------------------------------------------------------------------------------- */

static int print_table(struct table *table, const char *title) {
    printf("\n%s%s%s\n", ten_bold(), title, ten_plain());
    return ten_table_print(table, stdout);
}

/* A row a kind: at every strength the accuracy. */
static int print_robustness(const json_t *robustness) {
    static const char *const headings[] = {"corruption", ">mildest", ">", ">", ">", ">strongest", "strengths"};
    struct table table = {.columns = sizeof headings / sizeof *headings, .headings = headings};
    const json_t *kind;
    size_t i;
    json_array_foreach(json_object_get(robustness, "kinds"), i, kind) {
        char(*cell)[72] = ten_table_row(&table), *text = cell[TEN_STRENGTHS + 1];
        snprintf(cell[0], sizeof *cell, "%s", json_string_value(json_object_get(kind, "name")));
        size_t length = 0;
        for (size_t s = 0; s < TEN_STRENGTHS; s++) {
            double accuracy = json_number_value(json_array_get(json_object_get(kind, "accuracy"), s));
            double strength = json_number_value(json_array_get(json_object_get(kind, "strengths"), s));
            snprintf(cell[s + 1], sizeof *cell, "%.4f", accuracy);
            if (length < sizeof *cell)
                length += (size_t)snprintf(text + length, sizeof *cell - length, "%g ", strength);
        }
        if (length < sizeof *cell)
            snprintf(text + length, sizeof *cell - length, "(%s)", json_string_value(json_object_get(kind, "unit")));
    }
    return print_table(&table, "accuracy on spoilt images");
}

/* A row a part of the training images. */
static int print_curve(const json_t *curve) {
    static const char *const headings[] = {">fitted on", ">accuracy", ">95 % interval", ">on those fitted", ">fit"};
    struct table table = {.columns = sizeof headings / sizeof *headings, .headings = headings};
    const json_t *point;
    size_t i;
    json_array_foreach(curve, i, point) {
        char(*cell)[72] = ten_table_row(&table), text[24];
        bool timed = json_is_number(json_object_get(point, "fit_seconds"));
        snprintf(cell[0], sizeof *cell, "%.0f", ten_number_of(point, "train_count"));
        snprintf(cell[1], sizeof *cell, "%.4f", ten_number_of(point, "accuracy"));
        snprintf(cell[2], sizeof *cell, "%.4f-%.4f", ten_number_of(point, "accuracy_low"),
                 ten_number_of(point, "accuracy_high"));
        snprintf(cell[3], sizeof *cell, "%.4f", ten_number_of(point, "train_accuracy"));
        snprintf(cell[4], sizeof *cell, "%s",
                 timed ? ten_format_seconds(text, ten_number_of(point, "fit_seconds")) : "-");
    }
    return print_table(&table, "learning curve: fitted on parts of the training images");
}

int ten_print_further(const json_t *further) {
    const json_t *robustness = json_object_get(further, "robustness"),
                 *curve = json_object_get(further, "learning_curve");
    int result = robustness ? print_robustness(robustness) : DONE;
    if (curve && result == DONE) result = print_curve(curve);
    return result;
}
