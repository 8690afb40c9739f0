/* safetensors: the written bytes against an independent reading, and every way in which a file can be wrong. */
#include "test.h"

#include "data/safetensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *folder(void) {
    static const char *made;
    if (!made) made = test_folder();
    return made;
}

static const uint8_t BYTES[5] = {1, 2, 3, 254, 255};
static const float FLOATS[6] = {0, 1.5f, -2, 3e-38f, 4, 5};
static const double DOUBLES[2] = {0.1, -1e300};
static const int64_t LONGS[1] = {INT64_MIN};
static const int32_t INTS[2] = {-7, INT32_MAX};

/* Adds one tensor of each type, in an order that the writer must change. */
static void add_all(struct ten_tensors *tensors) {
    struct ten_error error;
    *tensors =
        (struct ten_tensors){.prefix = "model.", .metadata = json_pack("{s:s, s:s}", "format", "tenfold 1", "a", "\"")};
    assert_ok(ten_tensors_add(tensors, "bytes", TEN_U8, 1, (const size_t[]){5}, BYTES, &error));
    assert_ok(ten_tensors_add(tensors, "floats", TEN_F32, 2, (const size_t[]){2, 3}, FLOATS, &error));
    strcpy(tensors->prefix, "step0.");
    assert_ok(ten_tensors_add(tensors, "doubles", TEN_F64, 1, (const size_t[]){2}, DOUBLES, &error));
    assert_ok(ten_tensors_add(tensors, "nothing", TEN_I32, 4, (const size_t[]){3, 0, 1, 7}, NULL, &error));
    assert_ok(ten_tensors_add(tensors, "ints", TEN_I32, 1, (const size_t[]){2}, INTS, &error));
    assert_ok(ten_tensors_add(tensors, "scalar", TEN_I64, 0, NULL, LONGS, &error));
}

static uint8_t *written(const char *name, size_t *size) {
    struct ten_error error;
    struct ten_tensors tensors;
    add_all(&tensors);
    const char *path = test_path(folder(), name);
    assert_ok(ten_safetensors_write(&tensors, path, &error));
    ten_tensors_release(&tensors);
    return test_read(path, size);
}

/* ---- Writing ------------------------------------------------------------------------------------------ */

/* Worked out by hand from the format's description. */
static const char EXPECTED[] = "{\"__metadata__\":{\"format\":\"tenfold 1\",\"a\":\"\\\"\"},"
                               "\"step0.doubles\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]},"
                               "\"step0.scalar\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[16,24]},"
                               "\"model.floats\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[24,48]},"
                               "\"step0.nothing\":{\"dtype\":\"I32\",\"shape\":[3,0,1,7],\"data_offsets\":[48,48]},"
                               "\"step0.ints\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[48,56]},"
                               "\"model.bytes\":{\"dtype\":\"U8\",\"shape\":[5],\"data_offsets\":[56,61]}}";

static void writes_these_very_bytes(void **state) {
    (void)state;
    size_t size, again_size, header = 0;
    uint8_t *file = written("a.safetensors", &size), *again = written("b.safetensors", &again_size);
    assert_int_equal(size, again_size);
    assert_memory_equal(file, again, size);
    for (size_t i = 0; i < 8; i++) header |= (size_t)file[i] << (8 * i);
    assert_int_equal(header % 8, 0);
    assert_in_range(header - (sizeof EXPECTED - 1), 0, 7);
    assert_int_equal(size, 8 + header + 61);
    assert_memory_equal(file + 8, EXPECTED, sizeof EXPECTED - 1);
    for (size_t i = sizeof EXPECTED - 1; i < header; i++) assert_int_equal(file[8 + i], ' ');
    const uint8_t *data = file + 8 + header;
    assert_memory_equal(data, DOUBLES, 16);
    assert_memory_equal(data + 16, LONGS, 8);
    assert_memory_equal(data + 24, FLOATS, 24);
    assert_memory_equal(data + 48, INTS, 8);
    assert_memory_equal(data + 56, BYTES, 5);
    free(file);
    free(again);
}

static void padding_for_every_header_length(void **state) {
    (void)state;
    struct ten_error error;
    const char *path = test_path(folder(), "padded");
    for (size_t extra = 0; extra < 9; extra++) {
        char name[16] = "xxxxxxxxxxxxxxx";
        name[extra + 1] = '\0';
        struct ten_tensors tensors = {0}, again;
        assert_ok(ten_tensors_add(&tensors, name, TEN_U8, 1, (const size_t[]){5}, BYTES, &error));
        assert_ok(ten_safetensors_write(&tensors, path, &error));
        ten_tensors_release(&tensors);
        size_t size;
        uint8_t *file = test_read(path, &size);
        assert_int_equal(file[0] % 8, 0);
        assert_int_equal(size, 8 + (size_t)file[0] + 5);
        free(file);
        assert_ok(ten_safetensors_read(&again, path, &error));
        assert_int_equal(again.count, 1);
        assert_string_equal(again.items[0].name, name);
        assert_memory_equal(again.items[0].data, BYTES, 5);
        assert_int_equal(json_object_size(again.metadata), 0);
        assert_true(json_is_object(again.metadata));
        ten_tensors_release(&again);
    }
}

static void refuses_what_cannot_be_written(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_tensors tensors = {.prefix = "model."};
    const size_t one[] = {1}, huge[] = {SIZE_MAX / 2, 3}, many[] = {1, 1, 1, 1, 1};
    char long_name[96];
    memset(long_name, 'n', 95);
    long_name[95] = '\0';
    assert_fails(ten_tensors_add(&tensors, long_name, TEN_U8, 1, one, BYTES, &error), TEN_INVALID,
                 "the name has 101 bytes, expected at most 95");
    assert_ok(ten_tensors_add(&tensors, "a", TEN_U8, 1, one, BYTES, &error));
    assert_fails(ten_tensors_add(&tensors, "a", TEN_F32, 1, one, FLOATS, &error), TEN_INVALID,
                 "tensor \"model.a\": the name is taken");
    assert_fails(ten_tensors_add(&tensors, "b", TEN_U8, 5, many, BYTES, &error), TEN_INVALID,
                 "rank 5, expected rank 0..4");
    assert_fails(ten_tensors_add(&tensors, "b", TEN_U8, 2, huge, BYTES, &error), TEN_INVALID, "too much");
    assert_fails(ten_tensors_add(&tensors, "b", TEN_U8, 1, one, NULL, &error), TEN_INVALID, "no data");
    assert_int_equal(tensors.count, 1);
    tensors.prefix[0] = '\0';
    assert_fails(ten_tensors_add(&tensors, "__metadata__", TEN_U8, 1, one, BYTES, &error), TEN_INVALID, "is taken");
    tensors.metadata = json_pack("{s:s, s:i}", "good", "x", "bad", 1);
    const char *path = test_path(folder(), "refused");
    assert_fails(ten_safetensors_write(&tensors, path, &error), TEN_INVALID, "metadata \"bad\" is no text");
    assert_int_not_equal(access(path, F_OK), 0);
    json_object_del(tensors.metadata, "bad");
    assert_fails(ten_safetensors_write(&tensors, test_path(path, "deep"), &error), TEN_IO, "cannot be written");
    assert_ok(ten_tensors_add(&tensors, "\xff", TEN_U8, 1, one, BYTES, &error));
    assert_fails(ten_safetensors_write(&tensors, path, &error), TEN_INVALID, "no UTF-8");
    ten_tensors_release(&tensors);
    ten_tensors_release(NULL);
}

/* ---- Reading ------------------------------------------------------------------------------------------ */

static void reads_back_what_was_written(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_tensors tensors;
    size_t size;
    free(written("a.safetensors", &size));
    assert_ok(ten_safetensors_read(&tensors, test_path(folder(), "a.safetensors"), &error));
    assert_int_equal(tensors.count, 6);
    assert_string_equal(json_string_value(json_object_get(tensors.metadata, "format")), "tenfold 1");
    assert_string_equal(json_string_value(json_object_get(tensors.metadata, "a")), "\"");
    assert_fails(ten_tensors_check_all_taken(&tensors, &error), TEN_FORMAT, "the tensor \"step0.doubles\"");

    strcpy(tensors.prefix, "model.");
    void *data;
    size_t shape[4] = {TEN_ANY, 3};
    assert_true(ten_tensors_has(&tensors, "floats"));
    assert_false(ten_tensors_has(&tensors, "doubles"));
    assert_ok(ten_tensors_take(&tensors, "floats", TEN_F32, 2, shape, &data, &error));
    assert_int_equal(shape[0], 2);
    assert_memory_equal(data, FLOATS, sizeof FLOATS);
    free(data);
    shape[0] = 5;
    assert_ok(ten_tensors_take(&tensors, "bytes", TEN_U8, 1, shape, &data, &error));
    assert_memory_equal(data, BYTES, sizeof BYTES);
    free(data);
    strcpy(tensors.prefix, "step0.");
    shape[0] = TEN_ANY;
    assert_ok(ten_tensors_take(&tensors, "doubles", TEN_F64, 1, shape, &data, &error));
    assert_memory_equal(data, DOUBLES, sizeof DOUBLES);
    free(data);
    assert_ok(ten_tensors_take(&tensors, "scalar", TEN_I64, 0, NULL, &data, &error));
    assert_memory_equal(data, LONGS, sizeof LONGS);
    free(data);
    assert_ok(ten_tensors_take(&tensors, "ints", TEN_I32, 1, (size_t[]){2}, &data, &error));
    assert_memory_equal(data, INTS, sizeof INTS);
    free(data);
    assert_fails(ten_tensors_check_all_taken(&tensors, &error), TEN_FORMAT, "the tensor \"step0.nothing\"");
    size_t all[4] = {TEN_ANY, TEN_ANY, TEN_ANY, TEN_ANY};
    assert_ok(ten_tensors_take(&tensors, "nothing", TEN_I32, 4, all, &data, &error));
    assert_int_equal(all[1], 0);
    assert_int_equal(all[3], 7);
    assert_non_null(data);
    free(data);
    assert_ok(ten_tensors_check_all_taken(&tensors, &error));
    ten_tensors_release(&tensors);
    assert_null(tensors.file);
}

static void taking_the_wrong_thing(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_tensors tensors;
    size_t size;
    free(written("a.safetensors", &size));
    assert_ok(ten_safetensors_read(&tensors, test_path(folder(), "a.safetensors"), &error));
    strcpy(tensors.prefix, "model.");
    void *data = &size;
    size_t shape[2] = {TEN_ANY, 4}, line[1] = {6}, any[2] = {TEN_ANY, TEN_ANY};
    assert_fails(ten_tensors_take(&tensors, "weights", TEN_F32, 2, shape, &data, &error), TEN_FORMAT,
                 "a.safetensors: the tensor \"model.weights\" is missing");
    assert_null(data);
    assert_fails(ten_tensors_take(&tensors, "floats", TEN_F32, 2, shape, &data, &error), TEN_FORMAT,
                 "the tensor \"model.floats\" is F32 [2, 3], expected F32 [any, 4]");
    assert_int_equal(shape[0], TEN_ANY);
    assert_fails(ten_tensors_take(&tensors, "floats", TEN_F32, 1, line, &data, &error), TEN_FORMAT,
                 "is F32 [2, 3], expected F32 [6]");
    assert_fails(ten_tensors_take(&tensors, "floats", TEN_F64, 2, any, &data, &error), TEN_FORMAT,
                 "is F32 [2, 3], expected F64 [any, any]");
    assert_null(data);
    char long_name[300];
    memset(long_name, 'n', 299);
    long_name[299] = '\0';
    assert_fails(ten_tensors_take(&tensors, long_name, TEN_F64, 2, any, &data, &error), TEN_FORMAT, "is missing");
    ten_tensors_release(&tensors);
}

static void values_must_be_finite(void **state) {
    (void)state;
    struct ten_error error;
    const char *path = test_path(folder(), "wild");
    const float floats[3] = {1, INFINITY, 2};
    const double doubles[2] = {1, NAN};
    struct ten_tensors tensors = {0};
    assert_ok(ten_tensors_add(&tensors, "f", TEN_F32, 1, (const size_t[]){3}, floats, &error));
    assert_ok(ten_tensors_add(&tensors, "d", TEN_F64, 1, (const size_t[]){2}, doubles, &error));
    assert_ok(ten_safetensors_write(&tensors, path, &error));
    ten_tensors_release(&tensors);
    assert_ok(ten_safetensors_read(&tensors, path, &error));
    void *data;
    size_t shape[1] = {TEN_ANY};
    assert_fails(ten_tensors_take(&tensors, "f", TEN_F32, 1, shape, &data, &error), TEN_FORMAT,
                 "\"f\" holds a value that is not finite");
    assert_null(data);
    assert_fails(ten_tensors_take(&tensors, "d", TEN_F64, 1, shape, &data, &error), TEN_FORMAT, "\"d\" holds");
    ten_tensors_release(&tensors);
}

/* A file of this header and so many zero bytes; `announced` is the header length that it states. */
static const char *file_of(const char *header, size_t length, uint64_t announced, size_t data) {
    static const char *path;
    if (!path) path = test_path(folder(), "made");
    uint8_t *file = calloc(1, 8 + length + data);
    assert_non_null(file);
    for (size_t i = 0; i < 8; i++) file[i] = (uint8_t)(announced >> (8 * i));
    memcpy(file + 8, header, length);
    test_write(path, file, 8 + length + data);
    free(file);
    return path;
}

static void expect(const char *path, const char *part) {
    struct ten_error error;
    struct ten_tensors tensors;
    memset(&tensors, 0x5a, sizeof tensors);
    assert_fails(ten_safetensors_read(&tensors, path, &error), TEN_FORMAT, part);
    assert_null(tensors.items);
    assert_null(tensors.file);
    assert_null(tensors.metadata);
    assert_non_null(strstr(error.message, path));
}

static void expect_header(const char *header, size_t data, const char *part) {
    expect(file_of(header, strlen(header), strlen(header), data), part);
}

/* One tensor "t" of these members before 8 bytes of data. */
static void expect_tensor(const char *members, const char *part) {
    char header[512];
    snprintf(header, sizeof header, "{\"t\":{%s}}", members);
    expect_header(header, 8, part);
}

static void accepts_what_the_format_allows(void **state) {
    (void)state;
    static const struct {
        const char *header;
        size_t data, count;
    } files[] = {
        {"{}", 0, 0},
        {"{ } \t\n", 0, 0},
        {"{\"__metadata__\":{}}", 0, 0},
        {"{\"b\":{\"data_offsets\":[4,8],\"shape\":[4],\"dtype\":\"U8\"},"
         "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}",
         8, 2},
        {"{\"z\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
         "\"e\":{\"dtype\":\"F64\",\"shape\":[0,9223372036854775807,9],\"data_offsets\":[0,0]},"
         "\"f\":{\"dtype\":\"F64\",\"shape\":[0],\"data_offsets\":[2,2]}}",
         2, 3},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct ten_error error;
        struct ten_tensors tensors;
        size_t length = strlen(files[i].header);
        assert_ok(ten_safetensors_read(&tensors, file_of(files[i].header, length, length, files[i].data), &error));
        assert_int_equal(tensors.count, files[i].count);
        ten_tensors_release(&tensors);
    }
}

static void broken_frames(void **state) {
    (void)state;
    const char *path = test_path(folder(), "short");
    test_write(path, "", 0);
    expect(path, "0 bytes, expected a safetensors file");
    test_write(path, "\2\0\0\0\0\0\0", 7);
    expect(path, "7 bytes, expected a safetensors file");
    expect(file_of("{}", 2, 3, 0), "a header of 3 bytes in a file of 10");
    expect(file_of("{}", 2, UINT64_MAX, 0), "a header of 18446744073709551615 bytes in a file of 10");
    expect(file_of("{}", 2, 100000001, 0), "a header of 100000001 bytes");
    expect(file_of("", 0, 0, 0), "the header does not begin with '{'");
    expect_header(" {}", 0, "the header does not begin with '{'");
    expect_header("[]", 0, "the header does not begin with '{'");
    expect_header("{", 0, "the header is no valid JSON");
    expect_header("{} x", 0, "the header is no valid JSON");
    expect_header("{\"a\":1,\"a\":2}", 0, "duplicate object key");
    expect_header("{\"\xff\":1}", 0, "the header is no valid JSON");
    expect(file_of("{}\0", 3, 3, 0), "the header is no valid JSON");
    expect_header("{}", 1, "1 bytes of data, but its tensors take 0");
    expect_header("{\"__metadata__\":[]}", 0, "\"__metadata__\" is no object");
    expect_header("{\"__metadata__\":{\"a\":\"b\",\"key\":1}}", 0,
                  "the value of \"key\" in \"__metadata__\" is no text");
    expect_header("{\"__metadata__\":{\"key\":null}}", 0, "is no text");
}

static void a_header_over_the_limit(void **state) {
    (void)state;
    /* 100 MB of a hole, so that only the limit can refuse it */
    const char *path = file_of("{}", 2, 100000001, 0);
    assert_int_equal(truncate(path, 100000100), 0);
    expect(path, "a header of 100000001 bytes");
    assert_int_equal(truncate(path, 0), 0);
}

static void broken_tensors(void **state) {
    (void)state;
    expect_header("{\"t\":7}", 0, "tensor \"t\": its description is no object");
    expect_tensor("", "tensor \"t\": \"dtype\" is missing");
    expect_tensor("\"dtype\":\"U8\",\"data_offsets\":[0,8]", "tensor \"t\": \"shape\" is missing");
    expect_tensor("\"dtype\":\"U8\",\"shape\":[8]", "tensor \"t\": \"data_offsets\" is missing");
    expect_tensor("\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8],\"more\":1", "has 4 members");
    expect_tensor("\"dtype\":8,\"shape\":[8],\"data_offsets\":[0,8]", "\"dtype\" is no text");
    expect_tensor("\"dtype\":\"BF16\",\"shape\":[4],\"data_offsets\":[0,8]",
                  "dtype \"BF16\" is unsupported, expected U8, I32, I64, F32 or F64");
    expect_tensor("\"dtype\":\"u8\",\"shape\":[8],\"data_offsets\":[0,8]", "dtype \"u8\" is unsupported");
    expect_tensor("\"dtype\":\"U8\",\"shape\":8,\"data_offsets\":[0,8]", "\"shape\" is no array");
    expect_tensor("\"dtype\":\"U8\",\"shape\":{\"a\":8},\"data_offsets\":[0,8]", "\"shape\" is no array");
    expect_tensor("\"dtype\":\"U8\",\"shape\":[1,1,1,1,8],\"data_offsets\":[0,8]", "rank 5, expected at most 4");
    expect_tensor("\"dtype\":\"U8\",\"shape\":[2,-4],\"data_offsets\":[0,8]",
                  "number 2 of \"shape\" is no whole number");
    expect_tensor("\"dtype\":\"U8\",\"shape\":[8.0],\"data_offsets\":[0,8]",
                  "number 1 of \"shape\" is no whole number");
    expect_tensor("\"dtype\":\"U8\",\"shape\":[\"8\"],\"data_offsets\":[0,8]", "is no whole number");
    expect_tensor("\"dtype\":\"U8\",\"shape\":[true],\"data_offsets\":[0,8]", "is no whole number");
    expect_tensor("\"dtype\":\"U8\",\"shape\":[18446744073709551616],\"data_offsets\":[0,8]", "no valid JSON");
    expect_tensor("\"dtype\":\"U8\",\"shape\":[4294967296,4294967296,2],\"data_offsets\":[0,8]",
                  "the shape is too large");
    expect_tensor("\"dtype\":\"F64\",\"shape\":[2305843009213693953],\"data_offsets\":[0,8]", "the shape is too large");
    expect_tensor("\"dtype\":\"U8\",\"shape\":[9223372036854775807],\"data_offsets\":[0,8]",
                  "needs 9223372036854775807 bytes");
    expect_tensor("\"dtype\":\"U8\",\"shape\":[7],\"data_offsets\":[0,8]",
                  "its shape needs 7 bytes, but data_offsets give 8");
    expect_tensor("\"dtype\":\"F32\",\"shape\":[8],\"data_offsets\":[0,8]", "needs 32 bytes");
    char name[97 + 64] = "{\"";
    memset(name + 2, 'n', 96);
    strcpy(name + 98, "\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}");
    expect_header(name, 1, "the name has 96 bytes, expected at most 95");
}

static void broken_offsets(void **state) {
    (void)state;
    expect_tensor("\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":8", "\"data_offsets\" are not two whole numbers");
    expect_tensor("\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[8]", "are not two whole numbers");
    expect_tensor("\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8,8]", "are not two whole numbers");
    expect_tensor("\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8.0]", "are not two whole numbers");
    expect_tensor("\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[null,8]", "are not two whole numbers");
    expect_tensor("\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[8,0]",
                  "data_offsets 8..0, expected a range inside");
    expect_tensor("\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[-1,7]", "data_offsets -1..7, expected");
    expect_tensor("\"dtype\":\"U8\",\"shape\":[9],\"data_offsets\":[0,9]",
                  "data_offsets 0..9, expected a range inside the 8 bytes");
    expect_tensor("\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[9223372036854775799,9223372036854775807]",
                  "expected a range inside");
    expect_tensor("\"dtype\":\"U8\",\"shape\":[7],\"data_offsets\":[0,7]", "8 bytes of data, but its tensors take 7");
    expect_tensor("\"dtype\":\"U8\",\"shape\":[7],\"data_offsets\":[1,8]",
                  "tensor \"t\": starts at byte 1 of the data, expected 0 (a gap)");
    const char *pair = "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
                       "\"b\":{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[%d,8]}}";
    char header[256];
    snprintf(header, sizeof header, pair, 5, 3);
    expect_header(header, 8, "tensor \"b\": starts at byte 3 of the data, expected 4 (an overlap)");
    snprintf(header, sizeof header, pair, 3, 5);
    expect_header(header, 8, "tensor \"b\": starts at byte 5 of the data, expected 4 (a gap)");
    expect_header("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
                  "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}",
                  4, "(an overlap)");
    /* nothing lies in the middle of something */
    expect_header("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
                  "\"b\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[2,2]}}",
                  4, "tensor \"b\": starts at byte 2 of the data, expected 4 (an overlap)");
}

/* A valid file with one of everything, as small as can be: it is read a thousand times. */
enum { SMALL_DATA = 5 };
static uint8_t *small_file(const char *path, size_t *size) {
    struct ten_error error;
    struct ten_tensors tensors = {.metadata = json_pack("{s:s}", "k", "v")};
    assert_ok(ten_tensors_add(&tensors, "b", TEN_U8, 1, (const size_t[]){1}, BYTES, &error));
    assert_ok(ten_tensors_add(&tensors, "f", TEN_F32, 0, NULL, FLOATS, &error));
    assert_ok(ten_safetensors_write(&tensors, path, &error));
    ten_tensors_release(&tensors);
    return test_read(path, size);
}

static void every_cut_fails(void **state) {
    (void)state;
    size_t size;
    const char *path = test_path(folder(), "cut");
    uint8_t *file = small_file(path, &size);
    for (size_t length = 0; length < size; length++) {
        test_write(path, file, length);
        if (length < 8)
            expect(path, "bytes, expected a safetensors file");
        else if (length < size - SMALL_DATA)
            expect(path, "no safetensors file, or truncated: a header of");
        else
            expect(path, "expected a range inside");
    }
    free(file);
}

/* A flip may leave a valid file (another letter in a name), but nothing that does not add up. */
static void every_flipped_bit_is_safe(void **state) {
    (void)state;
    size_t size, failed = 0, passed = 0;
    const char *path = test_path(folder(), "flip");
    uint8_t *file = small_file(path, &size);
    for (size_t bit = 0; bit < (size - SMALL_DATA) * 8; bit++) {
        struct ten_error error;
        struct ten_tensors tensors;
        file[bit / 8] ^= (uint8_t)(1 << bit % 8);
        test_write(path, file, size);
        file[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum ten_status status = ten_safetensors_read(&tensors, path, &error);
        if (status == TEN_OK) {
            passed++;
            assert_int_equal(tensors.count, 2);
            assert_ptr_equal(tensors.items[0].data, tensors.file + size - SMALL_DATA);
            assert_ptr_equal(tensors.items[1].data, tensors.file + size - 1);
        } else {
            failed++;
            assert_int_equal(status, TEN_FORMAT);
            assert_non_null(strstr(error.message, path));
            assert_null(tensors.file);
        }
        ten_tensors_release(&tensors);
    }
    assert_true(failed > passed && passed > 0);
    free(file);
}

static void missing_file(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_tensors tensors;
    const char *path = test_path(folder(), "nowhere");
    assert_fails(ten_safetensors_read(&tensors, path, &error), TEN_NOT_FOUND, path);
    assert_null(tensors.file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_these_very_bytes),
        cmocka_unit_test(padding_for_every_header_length),
        cmocka_unit_test(refuses_what_cannot_be_written),
        cmocka_unit_test(reads_back_what_was_written),
        cmocka_unit_test(taking_the_wrong_thing),
        cmocka_unit_test(values_must_be_finite),
        cmocka_unit_test(accepts_what_the_format_allows),
        cmocka_unit_test(broken_frames),
        cmocka_unit_test(a_header_over_the_limit),
        cmocka_unit_test(broken_tensors),
        cmocka_unit_test(broken_offsets),
        cmocka_unit_test(every_cut_fails),
        cmocka_unit_test(every_flipped_bit_is_safe),
        cmocka_unit_test(missing_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
