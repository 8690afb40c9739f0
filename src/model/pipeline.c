/* A pipeline: a chain of preprocessing steps and an estimator, made from names, fitted and applied as one. */
#include "model/pipeline.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Making and freeing ------------------------------------------------------------------------------------- */

static enum ten_status find_model(const struct ten_model_type **type, const char *name, struct ten_error *error) {
    *type = ten_model_find(name);
    if (*type) return TEN_OK;
    char known[512] = "";
    size_t length = 0;
    for (size_t i = 0; ten_model_at(i) && length < sizeof known; i++)
        length += (size_t)snprintf(known + length, sizeof known - length, "%s%s", i ? ", " : "", ten_model_at(i)->name);
    return ten_fail(error, TEN_INVALID, "unknown model \"%s\"; there are %s", name, known);
}

enum ten_status ten_pipeline_new(struct ten_pipeline **out, const char *model, const char *prep,
                                 const char *const *settings, size_t setting_count, struct ten_error *error) {
    *out = NULL;
    const struct ten_model_type *type;
    enum ten_status status = find_model(&type, model, error);
    if (status != TEN_OK) return status;
    struct ten_pipeline *p = calloc(1, sizeof *p);
    if (!p) return ten_fail_memory(error, "a pipeline");
    p->type = type;
    p->state = ten_alloc_zero(1, type->state_size);
    if (!p->state) status = ten_fail_memory(error, "a pipeline");
    if (status == TEN_OK) status = ten_chain_parse(&p->chain, prep ? prep : type->about.prep, error);
    if (status == TEN_OK) status = ten_values_parse(&p->values, &type->about, settings, setting_count, error);
    if (status != TEN_OK) {
        ten_pipeline_free(p);
        return status;
    }
    for (size_t i = 0; i < type->about.parameter_count; i++) {
        char value[TEN_MAX_TEXT];
        ten_values_format(&p->values, &type->about, i, value, sizeof value);
        snprintf(p->settings[i], sizeof p->settings[i], "%s=%s", type->about.parameters[i].name, value);
        p->setting_list[i] = p->settings[i];
    }
    for (int c = 0; c < TEN_CLASSES; c++) snprintf(p->class_names[c], sizeof p->class_names[c], "%d", c);
    snprintf(p->version, sizeof p->version, "%s", ten_version());
    *out = p;
    return TEN_OK;
}

/* Back to an estimator that is not fitted. */
static void forget_estimator(struct ten_pipeline *p) {
    if (p->state) {
        p->type->release(p->state);
        memset(p->state, 0, p->type->state_size);
    }
    free(p->history.values);
    p->history = (struct ten_history){0};
    p->fitted = p->converged = false;
    p->train_count = 0;
    p->train_checksum = 0;
    p->seed = 0;
}

/* Back to an unfitted pipeline. */
static void forget(struct ten_pipeline *p) {
    forget_estimator(p);
    p->height = p->width = 0;
    p->output = (struct ten_shape){0};
}

void ten_pipeline_free(struct ten_pipeline *pipeline) {
    if (!pipeline) return;
    forget(pipeline);
    ten_chain_release(&pipeline->chain);
    free(pipeline->state);
    free(pipeline);
}

enum ten_status ten_pipeline_name_classes(struct ten_pipeline *pipeline, const char *const names[TEN_CLASSES],
                                          struct ten_error *error) {
    for (int c = 0; c < TEN_CLASSES; c++)
        if (strlen(names[c]) >= sizeof pipeline->class_names[c])
            return ten_fail(error, TEN_INVALID, "class name \"%s\" is longer than %zu bytes", names[c],
                            sizeof pipeline->class_names[c] - 1);
    for (int c = 0; c < TEN_CLASSES; c++) {
        snprintf(pipeline->class_names[c], sizeof pipeline->class_names[c], "%s", names[c]);
        ten_clean_text(pipeline->class_names[c]);
    }
    return TEN_OK;
}

enum ten_status ten_pipeline_summarise(const struct ten_pipeline *p, size_t height, size_t width, char **summary,
                                       struct ten_error *error) {
    *summary = NULL;
    struct ten_shape shape = {height * width, height, width};
    enum ten_status status = ten_chain_reshape(&p->chain, &shape, error);
    if (status != TEN_OK || !p->type->summarise) return status;
    return p->type->summarise(&p->values, &shape, summary, error);
}

/* ---- Fitting and predicting ----------------------------------------------------------------------------------- */

static enum ten_status check_dataset(const struct ten_dataset *dataset, struct ten_error *error) {
    if (dataset->count == 0) return ten_fail(error, TEN_INVALID, "no images to learn from");
    if (!dataset->labels) return ten_fail(error, TEN_INVALID, "the training images have no labels");
    if (dataset->height < 1 || dataset->width < 1 || dataset->height > TEN_MAX_SIDE || dataset->width > TEN_MAX_SIDE)
        return ten_fail(error, TEN_INVALID, "training images of %zux%zu pixels: expected 1 to %d a side",
                        dataset->height, dataset->width, TEN_MAX_SIDE);
    for (size_t i = 0; i < dataset->count; i++)
        if (dataset->labels[i] >= TEN_CLASSES)
            return ten_fail(error, TEN_INVALID, "label %d of image %zu: expected 0 to %d", dataset->labels[i], i,
                            TEN_CLASSES - 1);
    return TEN_OK;
}

enum ten_status ten_pipeline_fit_chain(struct ten_pipeline *p, const struct ten_dataset *dataset,
                                       struct ten_batch *batch, const struct ten_run *run, struct ten_error *error) {
    *batch = (struct ten_batch){0};
    forget(p);
    enum ten_status status = check_dataset(dataset, error);
    if (status != TEN_OK) return status;
    *batch = ten_batch_of_images(dataset->images, dataset->count, dataset->height, dataset->width);
    p->output = batch->shape;
    p->height = dataset->height;
    p->width = dataset->width;
    status = ten_chain_reshape(&p->chain, &p->output, error);
    double start = ten_seconds();
    if (status == TEN_OK) status = ten_chain_fit(&p->chain, batch, run, error);
    p->prep_seconds = ten_seconds() - start;
    return status;
}

/* A fit whose epochs are shown. */
struct shown {
    struct ten_pipeline *pipeline;
    const struct ten_run *run;
    double seconds; /* that showing took */
};

static enum ten_status show_epoch(void *context, struct ten_error *error) {
    struct shown *shown = context;
    struct ten_pipeline *p = shown->pipeline;
    double start = ten_seconds();
    p->fitted = true;
    bool go_on = shown->run->epoch(shown->run->context, p);
    p->fitted = false;
    shown->seconds += ten_seconds() - start;
    return go_on ? TEN_OK
                 : ten_fail(error, TEN_CANCELLED, "stopped during fit %s, after an epoch", p->type->about.name);
}

enum ten_status ten_pipeline_fit_estimator(struct ten_pipeline *p, const struct ten_dataset *dataset,
                                           const struct ten_batch *batch, const struct ten_run *run,
                                           struct ten_error *error) {
    forget_estimator(p);
    p->converged = true;
    struct ten_training training = {.features = batch,
                                    .labels = dataset->labels,
                                    .values = &p->values,
                                    .run = run,
                                    .history = &p->history,
                                    .converged = &p->converged};
    struct shown shown = {.pipeline = p, .run = run};
    if (run && run->epoch) {
        training.epoch = show_epoch;
        training.epoch_context = &shown;
    }
    p->train_count = dataset->count;
    p->train_checksum = ten_checksum_of(dataset, run);
    p->seed = run ? run->seed : 0;
    double start = ten_seconds();
    enum ten_status status = p->type->fit(p->state, &training, error);
    p->fit_seconds = ten_seconds() - start - shown.seconds;
    p->fitted = status == TEN_OK;
    return status;
}

enum ten_status ten_pipeline_fit(struct ten_pipeline *pipeline, const struct ten_dataset *dataset,
                                 const struct ten_run *run, struct ten_error *error) {
    struct ten_batch batch;
    enum ten_status status = ten_pipeline_fit_chain(pipeline, dataset, &batch, run, error);
    if (status == TEN_OK) status = ten_pipeline_fit_estimator(pipeline, dataset, &batch, run, error);
    ten_batch_release(&batch);
    if (status != TEN_OK) forget(pipeline);
    return status;
}

enum ten_status ten_pipeline_apply_chain(const struct ten_pipeline *p, const uint8_t *images, size_t count,
                                         size_t height, size_t width, struct ten_batch *batch,
                                         const struct ten_run *run, struct ten_error *error) {
    *batch = ten_batch_of_images(images, count, height, width);
    if (!p->fitted) return ten_fail(error, TEN_INVALID, "the model has not been fitted yet");
    if (height != p->height || width != p->width)
        return ten_fail(error, TEN_INVALID, "images of %zux%zu pixels, but the model was fitted on %zux%zu", height,
                        width, p->height, p->width);
    return ten_chain_apply(&p->chain, batch, run, error);
}

/* Numbers in a model file can be finite one by one and still lead nowhere. */
static enum ten_status check_probabilities(const float *probabilities, size_t count, struct ten_error *error) {
    for (size_t i = 0; i < count; i++) {
        float sum = 0;
        for (size_t c = 0; c < TEN_CLASSES; c++) sum += probabilities[i * TEN_CLASSES + c];
        if (!isfinite(sum))
            return ten_fail(error, TEN_NUMERIC,
                            "the probabilities of image %zu are not finite: the model's numbers are too "
                            "large or too small",
                            i);
    }
    return TEN_OK;
}

enum ten_status ten_pipeline_ask_estimator(const struct ten_pipeline *p, const struct ten_batch *batch,
                                           float *probabilities, const struct ten_run *run, struct ten_error *error) {
    if (batch->rows == 0) return TEN_OK;
    enum ten_status status = p->type->predict(p->state, &p->values, batch, probabilities, run, error);
    return status == TEN_OK ? check_probabilities(probabilities, batch->rows, error) : status;
}

enum ten_status ten_pipeline_predict(const struct ten_pipeline *pipeline, const uint8_t *images, size_t count,
                                     size_t height, size_t width, float *probabilities, const struct ten_run *run,
                                     struct ten_error *error) {
    struct ten_batch batch;
    enum ten_status status = ten_pipeline_apply_chain(pipeline, images, count, height, width, &batch, run, error);
    if (status == TEN_OK) status = ten_pipeline_ask_estimator(pipeline, &batch, probabilities, run, error);
    ten_batch_release(&batch);
    return status;
}

enum ten_status ten_pipeline_features(const struct ten_pipeline *pipeline, const uint8_t *images, size_t count,
                                      size_t height, size_t width, struct ten_features *out, const struct ten_run *run,
                                      struct ten_error *error) {
    *out = (struct ten_features){0};
    struct ten_batch batch;
    enum ten_status status = ten_pipeline_apply_chain(pipeline, images, count, height, width, &batch, run, error);
    float *values = NULL;
    if (status == TEN_OK) status = ten_batch_own_floats(&batch, &values, error);
    if (status == TEN_OK) {
        *out = (struct ten_features){batch.rows, batch.shape.columns, batch.shape.height, batch.shape.width, values};
        batch.owned = false; /* handed over */
    }
    ten_batch_release(&batch);
    return status;
}

void ten_features_release(struct ten_features *features) {
    if (!features) return;
    free(features->values);
    *features = (struct ten_features){0};
}

struct ten_pipeline_info ten_pipeline_describe(const struct ten_pipeline *p) {
    struct ten_insight insight = {.out_of_bag = NAN};
    if (p->fitted && p->type->insight) insight = p->type->insight(p->state);
    struct ten_pipeline_info info = {
        .model = &p->type->about,
        .prep = p->chain.text,
        .settings = p->setting_list,
        .fitted = p->fitted,
        .converged = p->converged,
        .height = p->height,
        .width = p->width,
        .features = p->output.columns,
        .parameters = p->fitted ? p->type->parameters(p->state) : 0,
        .train_count = p->train_count,
        .train_checksum = p->train_checksum,
        .seed = p->seed,
        .version = p->version,
        .history = &p->history,
        .importances = insight.importances,
        .out_of_bag = insight.out_of_bag,
        .prep_seconds = p->prep_seconds,
        .fit_seconds = p->fit_seconds,
    };
    for (int c = 0; c < TEN_CLASSES; c++) info.class_names[c] = p->class_names[c];
    return info;
}
