/* IDX files, the format of MNIST: a big-endian magic number that tells type and rank, one 32-bit size per dimension,
 * then the values. A file is read whole before a size in its header is believed, so that the bytes really there bound
 * everything; the values then move to the front of that block, which becomes the dataset's. */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "tenfold.h"

#include <stdlib.h>
#include <string.h>

static const size_t LARGEST_FILE = (size_t)1 << 34; /* 20 million images of 28x28: bounds what a gzip bomb can take */

struct kind {
    const char *name;
    uint32_t magic;
    size_t rank;
};
static const struct kind IMAGES = {"images", 0x803, 3}, LABELS = {"labels", 0x801, 1};

static uint32_t big_endian(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | (uint32_t)at[3];
}

static enum ten_status check_magic(const char *path, const struct kind *kind, uint32_t magic, struct ten_error *error) {
    const struct kind *other = kind == &IMAGES ? &LABELS : &IMAGES;
    if (magic == kind->magic) return TEN_OK;
    if (magic == other->magic)
        return ten_fail(error, TEN_FORMAT, "%s: these are %s (magic number 0x%08x), expected %s (0x%08x)", path,
                        other->name, magic, kind->name, kind->magic);
    return ten_fail(error, TEN_FORMAT, "%s: no IDX file of %s: magic number 0x%08x, expected 0x%08x", path, kind->name,
                    magic, kind->magic);
}

/* Checks the header against the format and the file's real size; sizes[rank] gets its dimensions. */
static enum ten_status check_header(const char *path, const struct kind *kind, const uint8_t *bytes, size_t size,
                                    size_t *sizes, struct ten_error *error) {
    size_t header = 4 + 4 * kind->rank;
    if (size == 0) return ten_fail(error, TEN_FORMAT, "%s: is empty, expected an IDX file of %s", path, kind->name);
    if (size >= 4) {
        enum ten_status status = check_magic(path, kind, big_endian(bytes), error);
        if (status != TEN_OK) return status;
    }
    if (size < header)
        return ten_fail(error, TEN_FORMAT, "%s: truncated: %zu bytes, not even the %zu of the header of IDX %s", path,
                        size, header, kind->name);
    for (size_t i = 0; i < kind->rank; i++) sizes[i] = big_endian(bytes + 4 + 4 * i);
    if (sizes[0] == 0) return ten_fail(error, TEN_FORMAT, "%s: holds no %s, expected at least one", path, kind->name);
    uint64_t values = sizes[0];
    for (size_t i = 1; i < kind->rank; i++) {
        if (sizes[i] < 1 || sizes[i] > TEN_MAX_SIDE)
            return ten_fail(error, TEN_FORMAT, "%s: images of %zu x %zu pixels, expected sides of 1..%d", path,
                            sizes[1], sizes[2], TEN_MAX_SIDE);
        values *= sizes[i]; /* below 2^52 in the end */
    }
    if (values > size - header)
        return ten_fail(error, TEN_FORMAT, "%s: truncated: %zu %s need %llu bytes after the header, the file has %zu",
                        path, sizes[0], kind->name, (unsigned long long)values, size - header);
    if (values < size - header)
        return ten_fail(error, TEN_FORMAT, "%s: %zu bytes too many after the %zu %s that its header announces", path,
                        size - header - (size_t)values, sizes[0], kind->name);
    return TEN_OK;
}

/* *values gets the file's values, in memory that belongs to the caller, and sizes[rank] its dimensions. */
static enum ten_status read_values(const char *path, const struct kind *kind, uint8_t **values, size_t *sizes,
                                   struct ten_error *error) {
    uint8_t *bytes;
    size_t size, header = 4 + 4 * kind->rank;
    enum ten_status status = ten_file_read(path, LARGEST_FILE, &bytes, &size, error);
    if (status != TEN_OK) return status;
    status = check_header(path, kind, bytes, size, sizes, error);
    if (status != TEN_OK) {
        free(bytes);
        return status;
    }
    memmove(bytes, bytes + header, size - header);
    uint8_t *smaller = ten_realloc(bytes, size - header, 1);
    *values = smaller ? smaller : bytes;
    return TEN_OK;
}

static enum ten_status read_labels(struct ten_dataset *dataset, const char *images, const char *labels,
                                   struct ten_error *error) {
    size_t count;
    enum ten_status status = read_values(labels, &LABELS, &dataset->labels, &count, error);
    if (status != TEN_OK) return status;
    if (count != dataset->count)
        return ten_fail(error, TEN_FORMAT, "%s holds %zu labels, but %s holds %zu images", labels, count, images,
                        dataset->count);
    for (size_t i = 0; i < count; i++)
        if (dataset->labels[i] >= TEN_CLASSES)
            return ten_fail(error, TEN_FORMAT, "%s: row %zu (counted from 0) has label %d, expected 0..%d", labels, i,
                            dataset->labels[i], TEN_CLASSES - 1);
    return TEN_OK;
}

enum ten_status ten_dataset_load_idx(struct ten_dataset *out, const char *images, const char *labels,
                                     struct ten_error *error) {
    *out = (struct ten_dataset){0};
    size_t sizes[3];
    enum ten_status status = read_values(images, &IMAGES, &out->images, sizes, error);
    if (status != TEN_OK) return status;
    out->count = sizes[0];
    out->height = sizes[1];
    out->width = sizes[2];
    if (labels) status = read_labels(out, images, labels, error);
    if (status != TEN_OK) ten_dataset_release(out);
    return status;
}

/* What is saved must be loadable again. */
static enum ten_status check_savable(const struct ten_dataset *dataset, const char *images, const char *labels,
                                     struct ten_error *error) {
    if (dataset->count < 1 || dataset->count > UINT32_MAX)
        return ten_fail(error, TEN_INVALID, "%s: %zu images to write, IDX takes 1..%u", images, dataset->count,
                        UINT32_MAX);
    if (dataset->height < 1 || dataset->height > TEN_MAX_SIDE || dataset->width < 1 || dataset->width > TEN_MAX_SIDE)
        return ten_fail(error, TEN_INVALID, "%s: images of %zu x %zu pixels to write, expected sides of 1..%d", images,
                        dataset->height, dataset->width, TEN_MAX_SIDE);
    if (!labels) return TEN_OK;
    if (!dataset->labels) return ten_fail(error, TEN_INVALID, "%s: the dataset has no labels to write", labels);
    if (strcmp(images, labels) == 0)
        return ten_fail(error, TEN_INVALID, "%s: images and labels need a file each", images);
    for (size_t i = 0; i < dataset->count; i++)
        if (dataset->labels[i] >= TEN_CLASSES)
            return ten_fail(error, TEN_INVALID, "%s: row %zu (counted from 0) has label %d, expected 0..%d", labels, i,
                            dataset->labels[i], TEN_CLASSES - 1);
    return TEN_OK;
}

/* Opens and fills a file, but leaves it to be committed. */
static enum ten_status write_values(struct ten_writer *writer, const char *path, const struct kind *kind,
                                    const size_t *sizes, const uint8_t *values, struct ten_error *error) {
    uint8_t header[16];
    size_t count = 1;
    for (size_t i = 0; i <= kind->rank; i++) {
        uint32_t word = i ? (uint32_t)sizes[i - 1] : kind->magic;
        for (size_t b = 0; b < 4; b++) header[4 * i + b] = (uint8_t)(word >> (24 - 8 * b));
        if (i) count *= sizes[i - 1];
    }
    enum ten_status status = ten_writer_open(writer, path, error);
    if (status == TEN_OK) status = ten_writer_write(writer, header, 4 + 4 * kind->rank, error);
    if (status == TEN_OK) status = ten_writer_write(writer, values, count, error);
    return status;
}

enum ten_status ten_dataset_save_idx(const struct ten_dataset *dataset, const char *images, const char *labels,
                                     struct ten_error *error) {
    const size_t sizes[] = {dataset->count, dataset->height, dataset->width};
    struct ten_writer image_file = {0}, label_file = {0};
    enum ten_status status = check_savable(dataset, images, labels, error);
    /* both are written in full before either gets its name, so that hardly anything can part the pair */
    if (status == TEN_OK) status = write_values(&image_file, images, &IMAGES, sizes, dataset->images, error);
    if (status == TEN_OK && labels) status = write_values(&label_file, labels, &LABELS, sizes, dataset->labels, error);
    if (status == TEN_OK) status = ten_writer_commit(&image_file, error);
    if (status == TEN_OK && labels) status = ten_writer_commit(&label_file, error);
    ten_writer_abandon(&image_file);
    ten_writer_abandon(&label_file);
    return status;
}
