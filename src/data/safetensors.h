/* safetensors files (https://huggingface.co/docs/safetensors): an 8-byte little-endian header length, a JSON header
 * {name: {dtype, shape, data_offsets}, "__metadata__": {text: text}}, then the values, without gaps. */
#ifndef TEN_DATA_SAFETENSORS_H
#define TEN_DATA_SAFETENSORS_H

#include "tenfold.h"

#include <jansson.h>

enum { TEN_MAX_RANK = 4 };
#define TEN_ANY SIZE_MAX

enum ten_dtype { TEN_U8, TEN_I32, TEN_I64, TEN_F32, TEN_F64 };

struct ten_tensor {
    char name[96];
    enum ten_dtype type;
    size_t rank, shape[TEN_MAX_RANK];
    const void *data; /* borrowed: from the model when writing, inside `file` when reading (not aligned) */
    bool taken;
};

/* Named tensors on their way into or out of a file. */
struct ten_tensors {
    char prefix[48]; /* put before every name by _add and looked for by _take: "model.", "step0." */
    char path[512];  /* when reading: the file, for messages */
    struct ten_tensor *items;
    size_t count, capacity;
    json_t *metadata; /* object of strings; owned */
    uint8_t *file;    /* when reading: the file's bytes; owned */
};

/* Adds a tensor; `data` must live until the file is written. shape[rank]. */
enum ten_status ten_tensors_add(struct ten_tensors *tensors, const char *name, enum ten_dtype type, size_t rank,
                                const size_t *shape, const void *data, struct ten_error *error);

/* Copies the tensor `name` into fresh memory (ten_alloc) that belongs to the caller. `type` and `rank` must be as
 * given, and each shape[i] too unless it is TEN_ANY, which is filled in. Values of TEN_F32 and TEN_F64 must be finite.
 * TEN_FORMAT says what differs. */
enum ten_status ten_tensors_take(struct ten_tensors *tensors, const char *name, enum ten_dtype type, size_t rank,
                                 size_t *shape, void **data, struct ten_error *error);

/* Whether there is a tensor `name` (behind the prefix). */
bool ten_tensors_has(const struct ten_tensors *tensors, const char *name);

/* TEN_FORMAT, naming one, if a tensor was never taken. */
enum ten_status ten_tensors_check_all_taken(const struct ten_tensors *tensors, struct ten_error *error);

/* Writes tensors (in the order of dtype size, then of adding) and metadata. The bytes depend on nothing else. */
enum ten_status ten_safetensors_write(const struct ten_tensors *tensors, const char *path, struct ten_error *error);

/* Reads a file, checking the header against the format and the file's size: no gap, no overlap, no byte too many. */
enum ten_status ten_safetensors_read(struct ten_tensors *out, const char *path, struct ten_error *error);

/* Frees items, metadata and file bytes. */
void ten_tensors_release(struct ten_tensors *tensors);

#endif
