/* How much of a pipeline's accuracy lasts on spoilt images. */
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <stdio.h>
#include <stdlib.h>

/* Predictions have stages of their own; what is shown instead is how many strengths are done. */
struct steps {
    const struct ten_run *run;
    char stage[64];
    double done;
};

static bool show_steps(void *context, const struct ten_progress *progress) {
    (void)progress;
    const struct steps *steps = context;
    struct ten_progress own = {.stage = steps->stage, .unit = "strengths", .done = steps->done, .total = TEN_STRENGTHS};
    return steps->run->progress(steps->run->context, &own);
}

static enum ten_status measure_one(double *accuracy, const struct ten_pipeline *pipeline,
                                   const struct ten_dataset *dataset, size_t kind, double strength,
                                   float *probabilities, const struct ten_run *run, struct ten_error *error) {
    struct ten_dataset spoilt;
    enum ten_status status = ten_corrupt(&spoilt, dataset, kind, strength, run, error);
    if (status != TEN_OK) return status;
    status = ten_pipeline_predict(pipeline, spoilt.images, spoilt.count, spoilt.height, spoilt.width, probabilities,
                                  run, error);
    size_t correct = 0;
    for (size_t i = 0; i < spoilt.count && status == TEN_OK; i++)
        correct += ten_label(probabilities + i * TEN_CLASSES) == spoilt.labels[i];
    *accuracy = (double)correct / (double)spoilt.count;
    ten_dataset_release(&spoilt);
    return status;
}

enum ten_status ten_robustness(double accuracy[TEN_STRENGTHS], const struct ten_pipeline *pipeline,
                               const struct ten_dataset *dataset, size_t kind, const struct ten_run *run,
                               struct ten_error *error) {
    const struct ten_corruption *about = ten_corruption_at(kind);
    for (size_t s = 0; s < TEN_STRENGTHS; s++) accuracy[s] = 0;
    if (!about) return ten_fail(error, TEN_INVALID, "there is no corruption %zu", kind);
    if (!dataset->labels) return ten_fail(error, TEN_INVALID, "the images have no labels to measure with");
    struct steps steps = {.run = run};
    snprintf(steps.stage, sizeof steps.stage, "measure with %s", about->name);
    struct ten_run inner = run ? *run : (struct ten_run){0};
    if (inner.progress) inner.progress = show_steps, inner.context = &steps;
    float *probabilities = ten_alloc(dataset->count * TEN_CLASSES, sizeof *probabilities);
    enum ten_status status = probabilities ? TEN_OK : ten_fail_memory(error, "the probabilities");
    for (size_t s = 0; s < TEN_STRENGTHS && status == TEN_OK; s++) {
        steps.done = (double)s;
        status = ten_report(&inner, &(struct ten_progress){.stage = steps.stage, .unit = "strengths"}, error);
        if (status == TEN_OK)
            status =
                measure_one(&accuracy[s], pipeline, dataset, kind, about->strengths[s], probabilities, &inner, error);
    }
    free(probabilities);
    return status;
}
