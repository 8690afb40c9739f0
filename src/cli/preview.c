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

/* Row `i` as a picture: bytes as they are, real values stretched from their smallest to their largest. NULL (a JSON
 * null) if the columns are no pixels any more. */
static json_t *picture(const struct ten_batch *batch, size_t i) {
    size_t columns = batch->shape.columns;
    if (batch->shape.height == 0) return json_null();
    if (batch->is_bytes) return ten_json_picture(batch->bytes + i * columns, batch->shape.height, batch->shape.width);
    float *row = ten_alloc(columns, sizeof *row);
    double *values = ten_alloc(columns, sizeof *values);
    json_t *uri = NULL;
    if (row && values) {
        ten_batch_row(batch, i, row);
        float low = row[0];
        for (size_t j = 1; j < columns; j++) low = row[j] < low ? row[j] : low;
        for (size_t j = 0; j < columns; j++) values[j] = (double)(row[j] - low);
        uri = ten_json_picture_of(values, batch->shape.height, batch->shape.width, 0);
    }
    free(row);
    free(values);
    return uri;
}

static void add_stage(json_t *const *stages, const struct ten_batch *digits, const char *name) {
    for (size_t i = 0; i < digits->rows; i++)
        json_array_append_new(stages[i], json_pack("{s:s, s:I, s:I, s:o}", "name", name, "height",
                                                   (json_int_t)digits->shape.height, "width",
                                                   (json_int_t)digits->shape.width, "image", picture(digits, i)));
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
    add_stage(stages, digits, "original");
    enum ten_status status = TEN_OK;
    for (size_t k = 0; status == TEN_OK && k < chain->count; k++) {
        const struct ten_step_type *type = chain->steps[k].type;
        void *state = chain->steps[k].state;
        struct ten_shape shape = train->shape;
        if (type->reshape) status = type->reshape(state, &shape, error);
        if (status == TEN_OK && type->fit) status = type->fit(state, train, run, error);
        if (status == TEN_OK) status = type->apply(state, train, run, error);
        if (status == TEN_OK) status = type->apply(state, digits, run, error);
        name = strtok_r(k ? NULL : names, ",", &rest);
        if (status == TEN_OK) add_stage(stages, digits, name ? name : type->about.name);
    }
    return status;
}

static const char *summary_of(const struct ten_chain *chain, char *text, size_t size) {
    size_t length = 0;
    text[0] = '\0';
    for (size_t k = 0; k < chain->count && length < size; k++)
        length += (size_t)snprintf(text + length, size - length, "%s%s", k ? "; " : "", chain->steps[k].type->about.summary);
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
        json_array_append_new(digits, json_pack("{s:I, s:i, s:o}", "index", (json_int_t)rows[i], "label", some.labels[i],
                                                "stages", stages[i]));
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
