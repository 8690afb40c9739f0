/* safetensors files. Writing puts the widest values first, so that every tensor is aligned in the file. Reading trusts
 * nothing: each member of the header is checked by itself, then all tensors, sorted by place, must tile the file's data
 * from its first byte to its last. */
#include "data/safetensors.h"

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "safetensors are little-endian, and so are we");

static const size_t LARGEST_FILE = (size_t)1 << 34;
enum { LARGEST_HEADER = 100000000 }; /* the official reader's limit */

static const char METADATA[] = "__metadata__";

static const struct {
    const char *name;
    size_t size;
} DTYPES[] = {[TEN_U8] = {"U8", 1},
              [TEN_I32] = {"I32", 4},
              [TEN_I64] = {"I64", 8},
              [TEN_F32] = {"F32", 4},
              [TEN_F64] = {"F64", 8}};
enum { DTYPE_COUNT = sizeof DTYPES / sizeof *DTYPES };

/* The product of the shape in values and in bytes; false if it does not fit. */
static bool measure(const struct ten_tensor *tensor, size_t *values, size_t *bytes) {
    *values = 1;
    for (size_t i = 0; i < tensor->rank; i++)
        if (__builtin_mul_overflow(*values, tensor->shape[i], values)) return false;
    return !__builtin_mul_overflow(*values, DTYPES[tensor->type].size, bytes);
}

/* The bytes of a tensor that has been measured before. */
static size_t bytes_of(const struct ten_tensor *tensor) {
    size_t values = 0, bytes = 0;
    return measure(tensor, &values, &bytes) ? bytes : 0;
}

static struct ten_tensor *find(const struct ten_tensors *tensors, const char *name) {
    for (size_t i = 0; i < tensors->count; i++)
        if (strcmp(tensors->items[i].name, name) == 0) return &tensors->items[i];
    return NULL;
}

/* A fresh item at the end, all zero; NULL if memory is short. */
static struct ten_tensor *append(struct ten_tensors *tensors) {
    if (tensors->count == tensors->capacity) {
        size_t capacity = tensors->capacity ? tensors->capacity * 2 : 8;
        struct ten_tensor *items = ten_realloc(tensors->items, capacity, sizeof *items);
        if (!items) return NULL;
        tensors->items = items;
        tensors->capacity = capacity;
    }
    struct ten_tensor *item = &tensors->items[tensors->count++];
    *item = (struct ten_tensor){0};
    return item;
}

void ten_tensors_release(struct ten_tensors *tensors) {
    if (!tensors) return;
    free(tensors->items);
    json_decref(tensors->metadata);
    free(tensors->file);
    *tensors = (struct ten_tensors){0};
}

/* ---- Writing ------------------------------------------------------------------------------------------ */

enum ten_status ten_tensors_add(struct ten_tensors *tensors, const char *name, enum ten_dtype type, size_t rank,
                                const size_t *shape, const void *data, struct ten_error *error) {
    struct ten_tensor tensor = {.type = type, .rank = rank, .data = data};
    int length = snprintf(tensor.name, sizeof tensor.name, "%s%s", tensors->prefix, name);
    if (length < 0 || (size_t)length >= sizeof tensor.name)
        return ten_fail(error, TEN_INVALID, "tensor \"%s%s\": the name has %d bytes, expected at most %zu",
                        tensors->prefix, name, length, sizeof tensor.name - 1);
    if (strcmp(tensor.name, METADATA) == 0 || find(tensors, tensor.name))
        return ten_fail(error, TEN_INVALID, "tensor \"%s\": the name is taken", tensor.name);
    if ((size_t)type >= DTYPE_COUNT || rank > TEN_MAX_RANK)
        return ten_fail(error, TEN_INVALID, "tensor \"%s\": type %d of rank %zu, expected rank 0..%d", tensor.name,
                        (int)type, rank, TEN_MAX_RANK);
    for (size_t i = 0; i < rank; i++) tensor.shape[i] = shape[i];
    size_t values, bytes;
    if (!measure(&tensor, &values, &bytes) || bytes > LARGEST_FILE || (bytes && !data))
        return ten_fail(error, TEN_INVALID, "tensor \"%s\": no data, or too much", tensor.name);
    struct ten_tensor *item = append(tensors);
    if (!item) return ten_fail_memory(error, "a list of tensors");
    *item = tensor;
    return TEN_OK;
}

static json_t *describe(const struct ten_tensor *tensor, size_t offset) {
    json_t *shape = json_array();
    for (size_t i = 0; i < tensor->rank; i++)
        if (json_array_append_new(shape, json_integer((json_int_t)tensor->shape[i])) != 0) {
            json_decref(shape);
            return NULL;
        }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", DTYPES[tensor->type].name, "shape", shape, "data_offsets",
                     (json_int_t)offset, (json_int_t)(offset + bytes_of(tensor)));
}

/* The header's text, which the caller frees. order[count] are the tensors as they follow each other in the file. */
static char *make_header(const struct ten_tensors *tensors, const size_t *order) {
    json_t *root = json_object();
    bool good = root != NULL;
    if (good && json_object_size(tensors->metadata)) good = json_object_set(root, METADATA, tensors->metadata) == 0;
    size_t offset = 0;
    for (size_t i = 0; i < tensors->count && good; i++) {
        const struct ten_tensor *tensor = &tensors->items[order[i]];
        good = json_object_set_new(root, tensor->name, describe(tensor, offset)) == 0;
        offset += bytes_of(tensor);
    }
    char *text = good ? json_dumps(root, JSON_COMPACT) : NULL; /* in the order of insertion */
    json_decref(root);
    return text;
}

static enum ten_status write_all(struct ten_writer *writer, const struct ten_tensors *tensors, const size_t *order,
                                 const char *header, struct ten_error *error) {
    size_t length = strlen(header), padding = (8 - length % 8) % 8; /* what stands before the header is 8 already */
    uint8_t prefix[8];
    for (size_t i = 0; i < 8; i++) prefix[i] = (uint8_t)((uint64_t)(length + padding) >> (8 * i));
    enum ten_status status = ten_writer_write(writer, prefix, sizeof prefix, error);
    if (status == TEN_OK) status = ten_writer_write(writer, header, length, error);
    if (status == TEN_OK) status = ten_writer_write(writer, "       ", padding, error);
    for (size_t i = 0; i < tensors->count && status == TEN_OK; i++) {
        const struct ten_tensor *tensor = &tensors->items[order[i]];
        size_t bytes = bytes_of(tensor);
        if (bytes) status = ten_writer_write(writer, tensor->data, bytes, error);
    }
    return status;
}

enum ten_status ten_safetensors_write(const struct ten_tensors *tensors, const char *path, struct ten_error *error) {
    const char *key;
    json_t *value;
    json_object_foreach(tensors->metadata, key, value) {
        if (!json_is_string(value)) return ten_fail(error, TEN_INVALID, "%s: metadata \"%s\" is no text", path, key);
    }
    size_t *order = ten_alloc(tensors->count, sizeof *order), filled = 0;
    if (!order) return ten_fail_memory(error, "a list of tensors");
    for (size_t size = 8; size; size /= 2)
        for (size_t i = 0; i < tensors->count; i++)
            if (DTYPES[tensors->items[i].type].size == size) order[filled++] = i;
    struct ten_writer writer = {0};
    enum ten_status status = TEN_OK;
    char *header = make_header(tensors, order);
    if (!header) status = ten_fail(error, TEN_INVALID, "%s: a tensor's name is no UTF-8, or memory is short", path);
    if (status == TEN_OK) status = ten_writer_open(&writer, path, error);
    if (status == TEN_OK) status = write_all(&writer, tensors, order, header, error);
    if (status == TEN_OK) status = ten_writer_commit(&writer, error);
    ten_writer_abandon(&writer);
    free(header);
    free(order);
    return status;
}

/* ---- Reading ------------------------------------------------------------------------------------------ */

/* The part of a file that is being checked. */
struct reading {
    const char *path;
    const uint8_t *data; /* what follows the header */
    size_t size;
};

static enum ten_status read_shape(struct ten_tensor *tensor, const json_t *shape, const char *path,
                                  struct ten_error *error) {
    if (!json_is_array(shape))
        return ten_fail(error, TEN_FORMAT, "%s: tensor \"%s\": \"shape\" is no array", path, tensor->name);
    tensor->rank = json_array_size(shape);
    if (tensor->rank > TEN_MAX_RANK)
        return ten_fail(error, TEN_FORMAT, "%s: tensor \"%s\": rank %zu, expected at most %d", path, tensor->name,
                        tensor->rank, TEN_MAX_RANK);
    for (size_t i = 0; i < tensor->rank; i++) {
        const json_t *side = json_array_get(shape, i);
        if (!json_is_integer(side) || json_integer_value(side) < 0)
            return ten_fail(error, TEN_FORMAT,
                            "%s: tensor \"%s\": number %zu of \"shape\" is no whole number from 0 on", path,
                            tensor->name, i + 1);
        tensor->shape[i] = (size_t)json_integer_value(side);
    }
    return TEN_OK;
}

static enum ten_status read_dtype(struct ten_tensor *tensor, const json_t *dtype, const char *path,
                                  struct ten_error *error) {
    if (!json_is_string(dtype))
        return ten_fail(error, TEN_FORMAT, "%s: tensor \"%s\": \"dtype\" is no text", path, tensor->name);
    for (size_t i = 0; i < DTYPE_COUNT; i++)
        if (strcmp(json_string_value(dtype), DTYPES[i].name) == 0) {
            tensor->type = (enum ten_dtype)i;
            return TEN_OK;
        }
    return ten_fail(error, TEN_FORMAT,
                    "%s: tensor \"%s\": dtype \"%.20s\" is unsupported, expected U8, I32, I64, F32 or F64", path,
                    tensor->name, json_string_value(dtype));
}

/* Finds the tensor's bytes, which must lie in the file and be as many as its shape needs. */
static enum ten_status read_offsets(struct ten_tensor *tensor, const json_t *offsets, const struct reading *reading,
                                    struct ten_error *error) {
    const json_t *from = json_array_get(offsets, 0), *to = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !json_is_integer(from) || !json_is_integer(to))
        return ten_fail(error, TEN_FORMAT, "%s: tensor \"%s\": \"data_offsets\" are not two whole numbers",
                        reading->path, tensor->name);
    json_int_t begin = json_integer_value(from), end = json_integer_value(to);
    if (begin < 0 || end < begin || (uint64_t)end > reading->size)
        return ten_fail(error, TEN_FORMAT,
                        "%s: tensor \"%s\": data_offsets %lld..%lld, expected a range inside the %zu bytes of data",
                        reading->path, tensor->name, (long long)begin, (long long)end, reading->size);
    size_t values, bytes;
    if (!measure(tensor, &values, &bytes))
        return ten_fail(error, TEN_FORMAT, "%s: tensor \"%s\": the shape is too large", reading->path, tensor->name);
    if (bytes != (size_t)(end - begin))
        return ten_fail(error, TEN_FORMAT, "%s: tensor \"%s\": its shape needs %zu bytes, but data_offsets give %zu",
                        reading->path, tensor->name, bytes, (size_t)(end - begin));
    tensor->data = reading->data + begin;
    return TEN_OK;
}

static enum ten_status read_tensor(struct ten_tensors *out, const char *name, const json_t *entry,
                                   const struct reading *reading, struct ten_error *error) {
    struct ten_tensor *tensor = append(out);
    if (!tensor) return ten_fail_memory(error, "a list of tensors");
    if (strlen(name) >= sizeof tensor->name)
        return ten_fail(error, TEN_FORMAT, "%s: tensor \"%.40s...\": the name has %zu bytes, expected at most %zu",
                        reading->path, name, strlen(name), sizeof tensor->name - 1);
    strcpy(tensor->name, name);
    static const char *const members[] = {"dtype", "shape", "data_offsets"};
    if (!json_is_object(entry))
        return ten_fail(error, TEN_FORMAT, "%s: tensor \"%s\": its description is no object", reading->path, name);
    for (size_t i = 0; i < 3; i++)
        if (!json_object_get(entry, members[i]))
            return ten_fail(error, TEN_FORMAT, "%s: tensor \"%s\": \"%s\" is missing", reading->path, name, members[i]);
    if (json_object_size(entry) != 3)
        return ten_fail(error, TEN_FORMAT, "%s: tensor \"%s\": has %zu members, expected dtype, shape, data_offsets",
                        reading->path, name, json_object_size(entry));
    enum ten_status status = read_dtype(tensor, json_object_get(entry, "dtype"), reading->path, error);
    if (status == TEN_OK) status = read_shape(tensor, json_object_get(entry, "shape"), reading->path, error);
    if (status == TEN_OK) status = read_offsets(tensor, json_object_get(entry, "data_offsets"), reading, error);
    return status;
}

static enum ten_status read_metadata(struct ten_tensors *out, json_t *metadata, const char *path,
                                     struct ten_error *error) {
    if (!json_is_object(metadata)) return ten_fail(error, TEN_FORMAT, "%s: \"%s\" is no object", path, METADATA);
    const char *key;
    json_t *value;
    json_object_foreach(metadata, key, value) {
        if (!json_is_string(value))
            return ten_fail(error, TEN_FORMAT, "%s: the value of \"%.60s\" in \"%s\" is no text", path, key, METADATA);
    }
    json_decref(out->metadata);
    out->metadata = json_incref(metadata);
    return TEN_OK;
}

/* By place, tensors without bytes before the one that starts where they are, then by name. */
static int compare_places(const void *left, const void *right) {
    const struct ten_tensor *a = left, *b = right;
    const uint8_t *at = a->data, *other = b->data;
    if (at != other) return at < other ? -1 : 1;
    size_t bytes = bytes_of(a), others = bytes_of(b);
    if (bytes != others) return bytes < others ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* Every byte of the data must belong to exactly one tensor. */
static enum ten_status check_tiling(struct ten_tensors *out, const struct reading *reading, struct ten_error *error) {
    if (out->count) qsort(out->items, out->count, sizeof *out->items, compare_places);
    size_t at = 0;
    for (size_t i = 0; i < out->count; i++) {
        size_t begin = (size_t)((const uint8_t *)out->items[i].data - reading->data);
        if (begin != at)
            return ten_fail(error, TEN_FORMAT, "%s: tensor \"%s\": starts at byte %zu of the data, expected %zu (%s)",
                            reading->path, out->items[i].name, begin, at, begin < at ? "an overlap" : "a gap");
        at = begin + bytes_of(&out->items[i]);
    }
    if (at != reading->size)
        return ten_fail(error, TEN_FORMAT, "%s: %zu bytes of data, but its tensors take %zu", reading->path,
                        reading->size, at);
    return TEN_OK;
}

static enum ten_status read_header(struct ten_tensors *out, json_t *root, const struct reading *reading,
                                   struct ten_error *error) {
    const char *name;
    json_t *entry;
    enum ten_status status = TEN_OK;
    json_object_foreach(root, name, entry) {
        status = strcmp(name, METADATA) == 0 ? read_metadata(out, entry, reading->path, error)
                                             : read_tensor(out, name, entry, reading, error);
        if (status != TEN_OK) return status;
    }
    return check_tiling(out, reading, error);
}

/* "a PNG picture", or NULL: what is often named in a model's place. */
static const char *other_kind(const uint8_t *file, size_t size) {
    if (size >= 8 && memcmp(file, "\x89PNG", 4) == 0) return "a PNG picture";
    if (size >= 8 && memcmp(file, "\xff\xd8\xff", 3) == 0) return "a JPEG picture";
    return NULL;
}

/* Finds header and data in the file's bytes. */
static enum ten_status parse(struct ten_tensors *out, const char *path, size_t size, struct ten_error *error) {
    if (size < 8)
        return ten_fail(error, TEN_FORMAT, "%s: %zu bytes, expected a safetensors file, which has 8 and more", path,
                        size);
    uint64_t length = 0;
    for (size_t i = 8; i--;) length = length << 8 | out->file[i];
    if (length > LARGEST_HEADER || length > size - 8) {
        const char *other = other_kind(out->file, size);
        if (other)
            return ten_fail(error, TEN_FORMAT, "%s: is %s, expected a safetensors file, as models are", path, other);
        return ten_fail(error, TEN_FORMAT,
                        "%s: no safetensors file, or truncated: a header of %llu bytes in a file of %zu", path,
                        (unsigned long long)length, size);
    }
    const char *text = (const char *)out->file + 8;
    if (length == 0 || text[0] != '{')
        return ten_fail(error, TEN_FORMAT, "%s: the header does not begin with '{'; no safetensors file", path);
    json_error_t why;
    json_t *root = json_loadb(text, (size_t)length, JSON_REJECT_DUPLICATES, &why);
    if (!root)
        return ten_fail(error, TEN_FORMAT, "%s: the header is no valid JSON: byte %d: %s", path, why.position,
                        why.text);
    struct reading reading = {.path = path, .data = out->file + 8 + length, .size = size - 8 - (size_t)length};
    enum ten_status status = read_header(out, root, &reading, error);
    json_decref(root);
    return status;
}

enum ten_status ten_safetensors_read(struct ten_tensors *out, const char *path, struct ten_error *error) {
    *out = (struct ten_tensors){0};
    size_t size;
    enum ten_status status = ten_file_read(path, LARGEST_FILE, &out->file, &size, error);
    if (status != TEN_OK) return status;
    snprintf(out->path, sizeof out->path, "%s", path);
    out->metadata = json_object();
    if (!out->metadata) status = ten_fail_memory(error, "metadata");
    if (status == TEN_OK) status = parse(out, path, size, error);
    if (status != TEN_OK) ten_tensors_release(out);
    return status;
}

/* ---- Taking ------------------------------------------------------------------------------------------- */

enum { FULL_NAME = sizeof((struct ten_tensors *)NULL)->prefix + sizeof((struct ten_tensor *)NULL)->name };

/* The tensor `name` behind the prefix, or NULL; `full` gets both together. */
static struct ten_tensor *find_behind_prefix(const struct ten_tensors *tensors, const char *name,
                                             char full[FULL_NAME]) {
    int length = snprintf(full, FULL_NAME, "%s%s", tensors->prefix, name);
    return length < FULL_NAME ? find(tensors, full) : NULL;
}

bool ten_tensors_has(const struct ten_tensors *tensors, const char *name) {
    char full[FULL_NAME];
    return find_behind_prefix(tensors, name, full) != NULL;
}

/* "[3, 4]"; TEN_ANY is shown as "any". */
static void shape_text(char *text, size_t size, size_t rank, const size_t *shape) {
    size_t length = (size_t)snprintf(text, size, "[");
    for (size_t i = 0; i < rank && length < size; i++) {
        int more = shape[i] == TEN_ANY ? snprintf(text + length, size - length, "%sany", i ? ", " : "")
                                       : snprintf(text + length, size - length, "%s%zu", i ? ", " : "", shape[i]);
        length += (size_t)more;
    }
    if (length < size) snprintf(text + length, size - length, "]");
}

static bool all_finite(const struct ten_tensor *tensor, const void *data, size_t values) {
    bool finite = true;
    if (tensor->type == TEN_F32)
        for (size_t i = 0; i < values; i++) finite &= isfinite(((const float *)data)[i]) != 0;
    if (tensor->type == TEN_F64)
        for (size_t i = 0; i < values; i++) finite &= isfinite(((const double *)data)[i]) != 0;
    return finite;
}

enum ten_status ten_tensors_take(struct ten_tensors *tensors, const char *name, enum ten_dtype type, size_t rank,
                                 size_t *shape, void **data, struct ten_error *error) {
    *data = NULL;
    char full[FULL_NAME];
    struct ten_tensor *tensor = find_behind_prefix(tensors, name, full);
    if (!tensor) return ten_fail(error, TEN_FORMAT, "%s: the tensor \"%s\" is missing", tensors->path, full);
    bool fits = tensor->type == type && tensor->rank == rank;
    for (size_t i = 0; i < rank && fits; i++) fits = shape[i] == TEN_ANY || shape[i] == tensor->shape[i];
    if (!fits) {
        char found[112], wanted[112];
        shape_text(found, sizeof found, tensor->rank, tensor->shape);
        shape_text(wanted, sizeof wanted, rank, shape);
        return ten_fail(error, TEN_FORMAT, "%s: the tensor \"%s\" is %s %s, expected %s %s", tensors->path, full,
                        DTYPES[tensor->type].name, found, DTYPES[type].name, wanted);
    }
    size_t values = 0, bytes = 0;
    void *copy = measure(tensor, &values, &bytes) ? ten_alloc(bytes, 1) : NULL;
    if (!copy) return ten_fail_memory(error, "a tensor");
    if (bytes) memcpy(copy, tensor->data, bytes);
    if (!all_finite(tensor, copy, values)) {
        free(copy);
        return ten_fail(error, TEN_FORMAT, "%s: the tensor \"%s\" holds a value that is not finite", tensors->path,
                        full);
    }
    for (size_t i = 0; i < rank; i++) shape[i] = tensor->shape[i];
    tensor->taken = true;
    *data = copy;
    return TEN_OK;
}

enum ten_status ten_tensors_check_all_taken(const struct ten_tensors *tensors, struct ten_error *error) {
    for (size_t i = 0; i < tensors->count; i++)
        if (!tensors->items[i].taken)
            return ten_fail(error, TEN_FORMAT, "%s: the tensor \"%s\" belongs to nothing in this model", tensors->path,
                            tensors->items[i].name);
    return TEN_OK;
}
