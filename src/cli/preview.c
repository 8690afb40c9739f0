/* Before-and-after pictures: one digit of each class at every stage of a preprocessing chain that is fitted on the
 * whole training set. */
#include "cli/preview.h"

#include "base/error.h"
#include "base/memory.h"
#include "data/batch.h"
#include "prep/step.h"
#include "study/json.h"

#include <stdlib.h>
#include <string.h>

/* Real values as a picture: `low` becomes black, the largest white. */
static json_t *stretched(const float *row, const struct ten_shape *shape, float low) {
    double *values = ten_alloc(shape->columns, sizeof *values);
    for (size_t j = 0; values && j < shape->columns; j++) values[j] = (double)(row[j] - low);
    json_t *uri = values ? ten_json_picture_of(values, shape->height, shape->width, 0) : NULL;
    free(values);
    return uri;
}

static float smallest(const float *row, size_t columns) {
    float low = row[0];
    for (size_t j = 1; j < columns; j++) low = row[j] < low ? row[j] : low;
    return low;
}

/* Adds a stage to each digit's list: bytes as they are, real values stretched, features that are no pixels any more as
 * what the step can restore of its input (of shape `before`). What has no picture is left out. */
static void add_stage(json_t *const *stages, const struct ten_batch *digits, const char *name,
                      const struct ten_step_type *type, const void *state, struct ten_shape before) {
    struct ten_shape shape = digits->shape.height ? digits->shape : before;
    bool restored = digits->shape.height == 0, possible = !restored || (type && type->restore && before.height);
    float *row = ten_alloc(shape.columns, sizeof *row);
    for (size_t i = 0; row && possible && i < digits->rows; i++) {
        if (restored)
            type->restore(state, digits, i, row);
        else
            ten_batch_row(digits, i, row);
        json_t *image = digits->is_bytes
                            ? ten_json_picture(digits->bytes + i * shape.columns, shape.height, shape.width)
                            : stretched(row, &shape, restored ? 0 : smallest(row, shape.columns));
        json_array_append_new(stages[i],
                              json_pack("{s:s, s:I, s:I, s:I, s:o}", "name", name, "features",
                                        (json_int_t)digits->shape.columns, "height", (json_int_t)shape.height, "width",
                                        (json_int_t)shape.width, "image", image));
    }
    free(row);
}

/* The first image of each class. */
static enum ten_status choose(const struct ten_dataset *train, struct ten_dataset *out, size_t *rows,
                              struct ten_error *error) {
    size_t count = 0;
    for (uint8_t label = 0; label < TEN_CLASSES; label++)
        for (size_t i = 0; i < train->count; i++)
            if (train->labels[i] == label) {
                rows[count++] = i;
                break;
            }
    return ten_dataset_select(out, train, rows, count, error);
}

static enum ten_status walk(struct ten_chain *chain, struct ten_batch *train, struct ten_batch *digits,
                            json_t *const *stages, const struct ten_run *run, struct ten_error *error) {
    char names[sizeof chain->text], *name = names, *rest;
    memcpy(names, chain->text, sizeof names);
    add_stage(stages, digits, "original", NULL, NULL, digits->shape);
    enum ten_status status = TEN_OK;
    for (size_t k = 0; status == TEN_OK && k < chain->count; k++) {
        const struct ten_step_type *type = chain->steps[k].type;
        void *state = chain->steps[k].state;
        struct ten_shape shape = train->shape, before = shape;
        if (type->reshape) status = type->reshape(state, &shape, error);
        if (status == TEN_OK && type->fit) status = type->fit(state, train, run, error);
        if (status == TEN_OK) status = type->apply(state, train, run, error);
        if (status == TEN_OK) status = type->apply(state, digits, run, error);
        name = strtok_r(k ? NULL : names, ",", &rest);
        if (status == TEN_OK) add_stage(stages, digits, name ? name : type->about.name, type, state, before);
    }
    return status;
}

static const char *summary_of(const struct ten_chain *chain, char *text, size_t size) {
    size_t length = 0;
    text[0] = '\0';
    for (size_t k = 0; k < chain->count && length < size; k++)
        length +=
            (size_t)snprintf(text + length, size - length, "%s%s", k ? " " : "", chain->steps[k].type->about.summary);
    return text;
}

enum ten_status ten_preview_chain(const struct ten_dataset *train, const char *prep, json_t **out,
                                  const struct ten_run *run, struct ten_error *error) {
    struct ten_chain chain = {0};
    struct ten_dataset some = {0};
    size_t rows[TEN_CLASSES];
    json_t *stages[TEN_CLASSES] = {NULL}, *digits = json_array();
    char summary[1024];
    *out = NULL;
    enum ten_status status = ten_chain_parse(&chain, prep, error);
    if (status == TEN_OK) status = choose(train, &some, rows, error);
    struct ten_batch whole = ten_batch_of_images(train->images, train->count, train->height, train->width);
    struct ten_batch few = ten_batch_of_images(some.images, some.count, some.height, some.width);
    for (size_t i = 0; i < few.rows; i++) stages[i] = json_array();
    if (status == TEN_OK) status = walk(&chain, &whole, &few, stages, run, error);
    for (size_t i = 0; i < few.rows; i++)
        json_array_append_new(digits, json_pack("{s:I, s:i, s:o}", "index", (json_int_t)rows[i], "label",
                                                some.labels[i], "stages", stages[i]));
    if (status == TEN_OK) {
        *out = json_pack("{s:s, s:s, s:O}", "prep", chain.text, "summary", summary_of(&chain, summary, sizeof summary),
                         "digits", digits);
        if (!*out) status = ten_fail_memory(error, "the pictures");
    }
    json_decref(digits);
    ten_batch_release(&whole);
    ten_batch_release(&few);
    ten_dataset_release(&some);
    ten_chain_release(&chain);
    return status;
}
