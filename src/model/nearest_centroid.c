/* Nearest centroid: a row belongs to the class whose mean is nearest. `shrink_threshold` draws the means towards that
 * of all rows, feature by feature, until only those that tell classes apart are left (Tibshirani, Hastie, Narasimhan
 * and Chu 2002), as in scikit-learn's NearestCentroid. Probabilities are those of round normal distributions around the
 * centroids, all as wide and as frequent as each other: the softmax of -distance^2 / (2 v), v the variance within the
 * classes, averaged over all features (n in the denominator). The largest is that of the nearest centroid. */
#include "base/error.h"
#include "base/memory.h"
#include "model/gaussian.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct nearest_centroid {
    size_t features;
    double *centroids; /* [TEN_CLASSES x features]; zeros for a class without training images */
    uint8_t *present;  /* [TEN_CLASSES] 1: the class had training images */
    double *variance;  /* [1] v, > 0 */
};

enum { SHRINK_THRESHOLD };
static const char *const no_threshold[] = {"none", NULL};
static const struct ten_parameter parameters[] = {
    {.name = "shrink_threshold",
     .type = TEN_REAL,
     .initial = "none",
     .minimum = 0,
     .maximum = 1e6,
     .open_minimum = true,
     .choices = no_threshold,
     .help = "how far centroids are drawn towards the mean, in deviations of their difference from it"},
};

static void release(void *state) {
    struct nearest_centroid *model = state;
    free(model->centroids);
    free(model->present);
    free(model->variance);
    *model = (struct nearest_centroid){0};
}

static enum ten_status allocate(struct nearest_centroid *model, size_t features, struct ten_error *error) {
    model->features = features;
    model->centroids = ten_alloc_zero(TEN_CLASSES * features, sizeof *model->centroids);
    model->present = ten_alloc_zero(TEN_CLASSES, sizeof *model->present);
    model->variance = ten_alloc_zero(1, sizeof *model->variance);
    if (model->centroids && model->present && model->variance) return TEN_OK;
    return ten_fail_memory(error, "the centroids");
}

/* ---- Fitting -------------------------------------------------------------------------------------------- */

/* Of feature j: the deviation within the classes. */
static double within(const struct ten_class_moments *moments, size_t features, size_t j) {
    double squares = 0;
    for (size_t c = 0; c < TEN_CLASSES; c++) squares += moments->squares[c * features + j];
    return sqrt(squares / (double)(moments->rows - moments->classes));
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Soft thresholding of one feature's centroids; `unit` is its deviation, with the median of all added. */
static void shrink_feature(double *centroids, size_t features, const struct ten_class_moments *moments, double unit,
                           double threshold) {
    double mean = 0, rows = (double)moments->rows;
    for (size_t c = 0; c < TEN_CLASSES; c++) mean += centroids[c * features] * ((double)moments->counts[c] / rows);
    for (size_t c = 0; c < TEN_CLASSES; c++) {
        if (moments->counts[c] == 0) continue;
        double step = centroids[c * features] - mean;
        double margin = threshold * unit * sqrt(1 / (double)moments->counts[c] - 1 / rows);
        centroids[c * features] = mean + copysign(fmax(fabs(step) - margin, 0), step);
    }
}

static enum ten_status shrink(struct nearest_centroid *model, const struct ten_class_moments *moments, double threshold,
                              struct ten_error *error) {
    size_t n = model->features;
    if (moments->rows <= moments->classes)
        return ten_fail(error, TEN_INVALID,
                        "nearest-centroid: shrink_threshold wants more images than classes; there are %zu of %zu",
                        moments->rows, moments->classes);
    double *deviation = ten_alloc(n, sizeof *deviation);
    if (!deviation) return ten_fail_memory(error, "the centroids");
    for (size_t j = 0; j < n; j++) deviation[j] = within(moments, n, j);
    qsort(deviation, n, sizeof *deviation, compare);
    double median = (deviation[(n - 1) / 2] + deviation[n / 2]) / 2;
    for (size_t j = 0; j < n; j++)
        shrink_feature(model->centroids + j, n, moments, within(moments, n, j) + median, threshold);
    free(deviation);
    return TEN_OK;
}

static enum ten_status fit(void *state, const struct ten_training *training, struct ten_error *error) {
    struct nearest_centroid *model = state;
    size_t n = training->features->shape.columns;
    struct ten_class_moments moments = {0};
    enum ten_status status = allocate(model, n, error);
    if (status == TEN_OK) status = ten_class_moments_compute(&moments, training, "fit nearest-centroid", error);
    if (status == TEN_OK) {
        double squares = 0;
        for (size_t i = 0; i < TEN_CLASSES * n; i++) squares += moments.squares[i];
        /* no spread within the classes: any width will do */
        *model->variance = squares > 0 ? squares / (double)moments.rows / (double)n : 1;
        memcpy(model->centroids, moments.mean, TEN_CLASSES * n * sizeof *model->centroids);
        for (size_t c = 0; c < TEN_CLASSES; c++) model->present[c] = moments.counts[c] > 0;
        if (training->values->word[SHRINK_THRESHOLD] < 0)
            status = shrink(model, &moments, training->values->number[SHRINK_THRESHOLD], error);
    }
    ten_class_moments_release(&moments);
    return status;
}

/* ---- Prediction ----------------------------------------------------------------------------------------- */

static enum ten_status predict(const void *state, const struct ten_values *values, const struct ten_batch *features,
                               float *probabilities, const struct ten_run *run, struct ten_error *error) {
    (void)values;
    const struct nearest_centroid *model = state;
    struct ten_diagonal diagonal;
    enum ten_status status = ten_diagonal_init(&diagonal, model->features, error);
    double scale = sqrt(0.5 / *model->variance);
    for (size_t i = 0; i < TEN_CLASSES * model->features && status == TEN_OK; i++) {
        diagonal.scale[i] = scale;
        diagonal.offset[i] = model->centroids[i] * scale;
    }
    for (size_t c = 0; c < TEN_CLASSES; c++) diagonal.constant[c] = model->present[c] ? 0 : TEN_ABSENT_SCORE;
    if (status == TEN_OK)
        status = ten_diagonal_predict(&diagonal, features, probabilities, "predict nearest-centroid", run, error);
    ten_diagonal_release(&diagonal);
    return status;
}

/* ---- Files ---------------------------------------------------------------------------------------------- */

static enum ten_status save(const void *state, struct ten_tensors *tensors, struct ten_error *error) {
    const struct nearest_centroid *model = state;
    size_t shape[] = {TEN_CLASSES, model->features}, one = 1;
    enum ten_status status = ten_tensors_add(tensors, "centroids", TEN_F64, 2, shape, model->centroids, error);
    if (status == TEN_OK) status = ten_tensors_add(tensors, "present", TEN_U8, 1, shape, model->present, error);
    if (status == TEN_OK) status = ten_tensors_add(tensors, "variance", TEN_F64, 1, &one, model->variance, error);
    return status;
}

static enum ten_status load(void *state, const struct ten_values *values, const struct ten_shape *shape,
                            struct ten_tensors *tensors, struct ten_error *error) {
    (void)values;
    struct nearest_centroid *model = state;
    model->features = shape->columns;
    size_t wanted[] = {TEN_CLASSES, shape->columns}, one = 1;
    enum ten_status status =
        ten_tensors_take(tensors, "centroids", TEN_F64, 2, wanted, (void **)&model->centroids, error);
    if (status == TEN_OK)
        status = ten_tensors_take(tensors, "present", TEN_U8, 1, wanted, (void **)&model->present, error);
    if (status == TEN_OK)
        status = ten_tensors_take(tensors, "variance", TEN_F64, 1, &one, (void **)&model->variance, error);
    if (status != TEN_OK) return status;
    if (!(*model->variance > 0))
        return ten_fail(error, TEN_FORMAT, "%s: model.variance is %g, expected more than 0", tensors->path,
                        *model->variance);
    size_t classes = 0;
    for (size_t c = 0; c < TEN_CLASSES; c++) {
        if (model->present[c] > 1)
            return ten_fail(error, TEN_FORMAT, "%s: model.present[%zu] is %d, expected 0 or 1", tensors->path, c,
                            model->present[c]);
        classes += model->present[c];
    }
    return classes ? TEN_OK : ten_fail(error, TEN_FORMAT, "%s: model.present names no class", tensors->path);
}

static size_t parameter_count(const void *state) {
    return TEN_CLASSES * ((const struct nearest_centroid *)state)->features + 1;
}

const struct ten_model_type ten_model_nearest_centroid = {
    .about = {.name = "nearest-centroid",
              .title = "Nearest centroid",
              .summary = "The class whose mean image is nearest. The simplest model there is.",
              .prep = "deskew,scale",
              .parameters = parameters,
              .parameter_count = sizeof parameters / sizeof *parameters},
    .state_size = sizeof(struct nearest_centroid),
    .fit = fit,
    .predict = predict,
    .save = save,
    .load = load,
    .parameters = parameter_count,
    .release = release,
};
