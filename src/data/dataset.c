/* What can be done with a dataset whatever file it came from: copy rows, tell two apart, release. */
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "data/batch.h"
#include "tenfold.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum ten_status ten_dataset_select(struct ten_dataset *out, const struct ten_dataset *from, const size_t *indices,
                                   size_t count, struct ten_error *error) {
    size_t pixels = from->height * from->width;
    struct ten_dataset chosen = {.height = from->height, .width = from->width};
    enum ten_status status = TEN_OK;
    for (size_t i = 0; i < count && status == TEN_OK; i++)
        if (indices[i] >= from->count)
            status =
                ten_fail(error, TEN_INVALID, "row %zu asked for, the dataset has %zu rows", indices[i], from->count);
    if (status == TEN_OK) {
        chosen.images = ten_alloc(count, pixels);
        if (from->labels) chosen.labels = ten_alloc(count, 1);
        if (!chosen.images || (from->labels && !chosen.labels))
            status = ten_fail_memory(error, "a selection of images");
    }
    if (status == TEN_OK) {
        chosen.count = count;
        for (size_t i = 0; i < count; i++) {
            memcpy(chosen.images + i * pixels, from->images + indices[i] * pixels, pixels);
            if (from->labels) chosen.labels[i] = from->labels[indices[i]];
        }
    } else {
        ten_dataset_release(&chosen);
    }
    *out = chosen;
    return status;
}

void ten_dataset_release(struct ten_dataset *dataset) {
    if (!dataset) return;
    free(dataset->images);
    free(dataset->labels);
    *dataset = (struct ten_dataset){0};
}

/* Of images in blocks, by several threads: checksums of what follows each other combine. */
enum { CHECKSUM_BLOCK = 1 << 20, CHECKSUM_BLOCKS = 64 };

struct checksums {
    const uint8_t *bytes;
    size_t size, block;
    uLong sums[CHECKSUM_BLOCKS];
};

static enum ten_status sum_block(void *context, size_t task, size_t thread, struct ten_error *error) {
    (void)thread, (void)error;
    struct checksums *c = context;
    c->sums[task] = crc32_z(0, c->bytes + task * c->block, ten_block_length(c->size, c->block, task));
    return TEN_OK;
}

static uLong add_checksum(uLong sum, const uint8_t *bytes, size_t size, const struct ten_run *run) {
    struct ten_run quiet = {.threads = run ? run->threads : 0};
    struct checksums c = {.bytes = bytes, .size = size, .block = CHECKSUM_BLOCK};
    if (size / CHECKSUM_BLOCKS >= c.block) c.block = size / CHECKSUM_BLOCKS + 1;
    size_t blocks = ten_block_count(size, c.block);
    ten_parallel(&quiet, NULL, NULL, 0, blocks, sum_block, &c, NULL); /* no task fails */
    for (size_t i = 0; i < blocks; i++)
        sum = crc32_combine(sum, c.sums[i], (z_off_t)ten_block_length(size, c.block, i));
    return sum;
}

uint32_t ten_checksum_of(const struct ten_dataset *dataset, const struct ten_run *run) {
    const uint64_t shape[] = {dataset->count, dataset->height, dataset->width};
    uint8_t bytes[sizeof shape]; /* little-endian, so that every machine gets the same sum */
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(shape[i / 8] >> (i % 8 * 8));
    uLong sum = crc32_z(crc32_z(0, NULL, 0), bytes, sizeof bytes);
    /* crc32_z takes NULL as "start anew", which would forget the shape */
    if (dataset->images)
        sum = add_checksum(sum, dataset->images, dataset->count * dataset->height * dataset->width, run);
    if (dataset->labels) sum = crc32_z(sum, dataset->labels, dataset->count);
    return (uint32_t)sum;
}

uint32_t ten_dataset_checksum(const struct ten_dataset *dataset) { return ten_checksum_of(dataset, NULL); }
