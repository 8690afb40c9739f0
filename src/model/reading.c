/* From digits that were found in a picture to labels: the pipeline's probabilities, and whether it is a digit at all.
 *
 * A real digit must hardly ever be refused, however sloppy; so only what no digit comes near to is. Two things tell:
 *   - the strokes (image/outline.h), whatever the model: of MNIST's 60,000 training images the longest line has 76.7
 *     pixels of the 28 x 28, the widest stroke 7.7, and one has five holes. Blots, squared paper and long scribbles
 * have more;
 *   - where the model was shown drawings of no digit while it was trained (the parameter `others`), the sum of its
 * three largest probabilities: a sloppy digit leaves doubt between two or three classes, what is none between all. On
 *     10,000 held-out images of MNIST that told better than the largest alone, two of them, or the entropy. Of those
 *     0.01 % fall below the threshold; docs/performance.md has the shares refused.
 * A pipeline whose classes are not named 0 to 9 reads something else, and is left alone. */
#include "model/pipeline.h"

#include "base/error.h"
#include "base/memory.h"
#include "image/outline.h"

#include <stdlib.h>
#include <string.h>

enum { SIDE = 28, MOST_HOLES = 4, MOST_LIKELY = 3 };

static const double most_length = 78, most_width = 8.2; /* of strokes, in pixels */
static const float least_probability = 0.55f;           /* of MOST_LIKELY classes together */

static bool reads_digits(const struct ten_pipeline *pipeline) {
    for (int c = 0; c < TEN_CLASSES; c++)
        if (pipeline->class_names[c][0] != '0' + c || pipeline->class_names[c][1]) return false;
    return true;
}

static bool has_seen_others(const struct ten_pipeline *pipeline) {
    const struct ten_model_description *about = &pipeline->type->about;
    for (size_t i = 0; i < about->parameter_count; i++)
        if (strcmp(about->parameters[i].name, "others") == 0) return pipeline->values.number[i] > 0;
    return false;
}

/* The sum of the MOST_LIKELY largest. */
static float likely(const float probabilities[TEN_CLASSES]) {
    float largest[MOST_LIKELY] = {0}, sum = 0; /* falling */
    for (int c = 0; c < TEN_CLASSES; c++) {
        float value = probabilities[c];
        for (int i = 0; i < MOST_LIKELY; i++) {
            if (value <= largest[i]) continue;
            float smaller = largest[i];
            largest[i] = value;
            value = smaller;
        }
    }
    for (int i = 0; i < MOST_LIKELY; i++) sum += largest[i];
    return sum;
}

static bool could_be_digit(const uint8_t *pixels) {
    struct ten_outline strokes = ten_measure_outline(pixels, SIDE, SIDE);
    return strokes.length > 0 && strokes.length <= most_length && strokes.width <= most_width &&
           strokes.holes <= MOST_HOLES;
}

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
    bool refuses = reads_digits(pipeline);
    float least = has_seen_others(pipeline) ? least_probability : 0;
    for (size_t i = 0; status == TEN_OK && i < count; i++) {
        memcpy(readings[i].probabilities, probabilities + i * TEN_CLASSES, sizeof readings[i].probabilities);
        int label = ten_label(readings[i].probabilities);
        bool refused = refuses && (likely(readings[i].probabilities) < least || !could_be_digit(digits[i].pixels));
        readings[i].label = refused ? -1 : label;
    }
    free(probabilities);
    free(images);
    return status;
}
