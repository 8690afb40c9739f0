/* What `tenfold bench` measured with and what came of it, as safetensors for programs that do the same (bench/peers).
 */
#include "cli/bench.h"

#include "base/error.h"
#include "base/memory.h"
#include "data/safetensors.h"

#include <stdlib.h>

static enum ten_status add_set(struct ten_tensors *tensors, const char *name, const struct ten_batch *batch,
                               const uint8_t *labels, struct ten_error *error) {
    size_t shape[] = {batch->rows, batch->shape.columns};
    char labels_name[32];
    snprintf(labels_name, sizeof labels_name, "%s_labels", name);
    enum ten_status status = ten_tensors_add(tensors, name, batch->is_bytes ? TEN_U8 : TEN_F32, 2, shape,
                                             batch->is_bytes ? (const void *)batch->bytes : batch->floats, error);
    return status == TEN_OK ? ten_tensors_add(tensors, labels_name, TEN_U8, 1, shape, labels, error) : status;
}

enum ten_status bench_write_arrays(const char *path, const struct ten_data *data, const char *prep,
                                   const struct ten_batch *train, const struct ten_batch *test,
                                   struct ten_error *error) {
    struct ten_tensors tensors = {.metadata = json_object()};
    char unit[32];
    snprintf(unit, sizeof unit, "%.9g", test->is_bytes ? (double)test->unit : 1.0);
    json_object_set_new(tensors.metadata, "unit", json_string(unit)); /* the value of a byte of 1 */
    json_object_set_new(tensors.metadata, "data", json_string(data->name));
    json_object_set_new(tensors.metadata, "prep", json_string(prep));
    enum ten_status status = train ? add_set(&tensors, "train", train, data->train.labels, error) : TEN_OK;
    if (status == TEN_OK) status = add_set(&tensors, "test", test, data->test.labels, error);
    if (status == TEN_OK) status = ten_safetensors_write(&tensors, path, error);
    ten_tensors_release(&tensors);
    return status;
}

enum ten_status bench_write_answers(const char *path, const float *probabilities, size_t rows,
                                    struct ten_error *error) {
    struct ten_tensors tensors = {.metadata = json_object()};
    size_t shape[] = {rows, TEN_CLASSES};
    uint8_t *labels = ten_alloc(rows, 1);
    if (!labels) {
        ten_tensors_release(&tensors);
        return ten_fail_memory(error, "the answers");
    }
    for (size_t i = 0; i < rows; i++) labels[i] = (uint8_t)ten_label(probabilities + i * TEN_CLASSES);
    enum ten_status status = ten_tensors_add(&tensors, "labels", TEN_U8, 1, &rows, labels, error);
    if (status == TEN_OK) status = ten_tensors_add(&tensors, "probabilities", TEN_F32, 2, shape, probabilities, error);
    if (status == TEN_OK) status = ten_safetensors_write(&tensors, path, error);
    ten_tensors_release(&tensors);
    free(labels);
    return status;
}
