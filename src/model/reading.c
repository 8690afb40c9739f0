/* From digits that were found in a picture to labels: the pipeline's probabilities, and whether it is a digit at all.
 */
#include "model/pipeline.h"

#include "base/error.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { SIDE = 28 };

enum ten_status ten_pipeline_read(const struct ten_pipeline *pipeline, const struct ten_digit *digits, size_t count,
                                  struct ten_reading *readings, const struct ten_run *run, struct ten_error *error) {
    if (count == 0) return TEN_OK;
    uint8_t *images = ten_alloc(count, SIDE * SIDE);
    float *probabilities = ten_alloc(count, TEN_CLASSES * sizeof *probabilities);
    enum ten_status status = TEN_OK;
    if (!images || !probabilities) status = ten_fail_memory(error, "the readings");
    for (size_t i = 0; status == TEN_OK && i < count; i++)
        memcpy(images + i * SIDE * SIDE, digits[i].pixels, SIDE * SIDE);
    if (status == TEN_OK) status = ten_pipeline_predict(pipeline, images, count, SIDE, SIDE, probabilities, run, error);
    for (size_t i = 0; status == TEN_OK && i < count; i++) {
        memcpy(readings[i].probabilities, probabilities + i * TEN_CLASSES, sizeof readings[i].probabilities);
        readings[i].label = ten_label(readings[i].probabilities);
    }
    free(probabilities);
    free(images);
    return status;
}
