/* Rows of real numbers with their labels as a file, CSV or safetensors. */
#include "cli/features_file.h"

#include "base/error.h"
#include "base/file.h"
#include "cli/cli.h"
#include "data/safetensors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- CSV ------------------------------------------------------------------------------------------------------- */

/* Nine significant digits: a float reads back as itself. */
static size_t format_value(char *out, size_t size, float value) {
    if (value > -1e6f && value < 1e6f && value == (float)(int)value && !(value == 0 && signbit(value)))
        return (size_t)snprintf(out, size, "%d", (int)value);
    return (size_t)snprintf(out, size, "%.9g", (double)value);
}

static enum ten_status write_rows(struct ten_writer *writer, const struct ten_batch *batch, const uint8_t *labels,
                                  struct ten_error *error) {
    size_t columns = batch->shape.columns, size = columns * 24 + 32;
    char *line = malloc(size);
    float *row = malloc(columns * sizeof *row);
    enum ten_status status = line && row ? TEN_OK : ten_fail_memory(error, "a line of CSV");
    const char *kind = batch->shape.height ? "pixel" : "feature";
    if (status == TEN_OK) status = ten_writer_printf(writer, error, "label");
    for (size_t j = 0; status == TEN_OK && j < columns; j++)
        status = ten_writer_printf(writer, error, ",%s_%zu", kind, j);
    if (status == TEN_OK) status = ten_writer_write(writer, "\n", 1, error);
    for (size_t i = 0; status == TEN_OK && i < batch->rows; i++) {
        size_t length = (size_t)snprintf(line, size, "%d", labels[i]);
        ten_batch_row(batch, i, row);
        for (size_t j = 0; j < columns; j++) {
            line[length++] = ',';
            length += format_value(line + length, size - length, row[j]);
        }
        line[length++] = '\n';
        status = ten_writer_write(writer, line, length, error);
        if (status == TEN_OK && ten_stop_requested()) status = ten_fail(error, TEN_CANCELLED, "stopped");
    }
    free(line);
    free(row);
    return status;
}

enum ten_status ten_write_csv(const char *path, const struct ten_batch *batch, const uint8_t *labels,
                              struct ten_error *error) {
    struct ten_writer writer = {0};
    enum ten_status status = ten_writer_open(&writer, path, error);
    if (status == TEN_OK) status = write_rows(&writer, batch, labels, error);
    if (status == TEN_OK) status = ten_writer_commit(&writer, error);
    ten_writer_abandon(&writer);
    return status;
}

/* ---- By the file's ending -------------------------------------------------------------------------------------- */

static enum ten_status write_tensors(const char *path, const struct ten_batch *batch, const uint8_t *labels,
                                     const json_t *metadata, struct ten_error *error) {
    struct ten_tensors tensors = {.metadata = json_copy((json_t *)(uintptr_t)metadata)}; /* only read */
    const size_t shape[] = {batch->rows, batch->shape.columns};
    enum ten_status status = tensors.metadata ? TEN_OK : ten_fail_memory(error, "the features' file");
    if (status == TEN_OK) status = ten_tensors_add(&tensors, "features", TEN_F32, 2, shape, batch->floats, error);
    if (status == TEN_OK) status = ten_tensors_add(&tensors, "labels", TEN_U8, 1, shape, labels, error);
    if (status == TEN_OK) status = ten_safetensors_write(&tensors, path, error);
    ten_tensors_release(&tensors);
    return status;
}

static bool ends_in(const char *path, const char *ending) {
    size_t length = strlen(path), tail = strlen(ending);
    return length > tail && strcmp(path + length - tail, ending) == 0;
}

bool ten_features_path_known(const char *path) {
    return ends_in(path, ".csv") || ends_in(path, ".csv.gz") || ends_in(path, ".safetensors");
}

enum ten_status ten_write_features(const char *path, const struct ten_features *features, const uint8_t *labels,
                                   const json_t *metadata, struct ten_error *error) {
    const struct ten_batch batch = {.rows = features->rows,
                                    .shape = {features->columns, features->height, features->width},
                                    .unit = 1,
                                    .floats = features->values};
    if (ends_in(path, ".safetensors")) return write_tensors(path, &batch, labels, metadata, error);
    return ten_write_csv(path, &batch, labels, error);
}
