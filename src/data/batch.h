/* A batch of feature rows on its way through a pipeline: bytes as long as possible, floats once a step needs them. */
#ifndef TEN_DATA_BATCH_H
#define TEN_DATA_BATCH_H

#include "tenfold.h"

/* What a row is: `columns` features; if they are the pixels of an image, height x width == columns, else both 0. */
struct ten_shape {
    size_t columns, height, width;
};

struct ten_batch {
    size_t rows;
    struct ten_shape shape;
    bool is_bytes;        /* which of the two is used; the other is NULL */
    bool owned;           /* whether the values belong to the batch and may be overwritten */
    float unit;           /* bytes: the feature's value is byte * unit (1, or 1/255 after `scale`) */
    const uint8_t *bytes; /* rows x columns */
    const float *floats;  /* rows x columns */
};

/* A view on images; nothing is copied. */
struct ten_batch ten_batch_of_images(const uint8_t *images, size_t count, size_t height, size_t width);

/* Puts freshly allocated values (from ten_alloc) of a new shape into the batch and frees the old ones if owned.
 * Exactly one of bytes and floats is given. Bytes: unit becomes `unit`. */
void ten_batch_replace(struct ten_batch *batch, struct ten_shape shape, uint8_t *bytes, float *floats, float unit);

/* Makes the values floats that belong to the batch (bytes * unit); *values gets them, writable, rows x columns. */
enum ten_status ten_batch_own_floats(struct ten_batch *batch, float **values, struct ten_error *error);

/* ten_dataset_checksum, by as many threads as the run may use. */
uint32_t ten_checksum_of(const struct ten_dataset *dataset, const struct ten_run *run);

/* Where row `i` starts, and how many bytes it has. */
const void *ten_batch_address(const struct ten_batch *batch, size_t i);
size_t ten_batch_row_bytes(const struct ten_batch *batch);

/* Asks for a row that will be wanted soon, so that it is on its way from memory. */
void ten_batch_prefetch(const struct ten_batch *batch, size_t i);

/* Copies row `i` as floats to out[columns]. */
void ten_batch_row(const struct ten_batch *batch, size_t i, float *out);

void ten_batch_release(struct ten_batch *batch);

#endif
