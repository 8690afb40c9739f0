/* IDX files: round trips, an independent look at the bytes, and every kind of broken file with its message. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* One folder for all: every test names and fills its files anew. */
static const char *folder(void) {
    static const char *made;
    if (!made) made = test_folder();
    return made;
}

static void put32(uint8_t *at, uint32_t word) {
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(word >> (24 - 8 * i));
}

/* Image file: a header as given, then `bytes` values 0, 1, 2... */
static const char *image_file(const char *name, uint32_t magic, uint32_t count, uint32_t height, uint32_t width,
                              size_t bytes) {
    const char *path = test_path(folder(), name);
    uint8_t *file = malloc(16 + bytes);
    assert_non_null(file);
    put32(file, magic);
    put32(file + 4, count);
    put32(file + 8, height);
    put32(file + 12, width);
    for (size_t i = 0; i < bytes; i++) file[16 + i] = (uint8_t)i;
    test_write(path, file, 16 + bytes);
    free(file);
    return path;
}

static const char *label_file(const char *name, uint32_t magic, uint32_t count, const char *labels, size_t bytes) {
    const char *path = test_path(folder(), name);
    uint8_t file[64];
    assert_true(bytes <= sizeof file - 8);
    put32(file, magic);
    put32(file + 4, count);
    memcpy(file + 8, labels, bytes);
    test_write(path, file, 8 + bytes);
    return path;
}

static void gzip_to(const char *path, const void *bytes, size_t size) {
    gzFile file = gzopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, bytes, (unsigned)size), size);
    assert_int_equal(gzclose(file), Z_OK);
}

static void assert_empty(const struct ten_dataset *dataset) {
    assert_null(dataset->images);
    assert_null(dataset->labels);
    assert_int_equal(dataset->count, 0);
}

static void expect_images(const char *path, const char *part) {
    struct ten_error error;
    struct ten_dataset dataset;
    memset(&dataset, 0x5a, sizeof dataset);
    assert_fails(ten_dataset_load_idx(&dataset, path, NULL, &error), TEN_FORMAT, part);
    assert_empty(&dataset);
    assert_non_null(strstr(error.message, path));
}

/* `labels` beside four good images of 2x3. */
static void expect_labels(const char *labels, const char *part) {
    struct ten_error error;
    struct ten_dataset dataset;
    const char *images = image_file("images", 0x803, 4, 2, 3, 24);
    assert_fails(ten_dataset_load_idx(&dataset, images, labels, &error), TEN_FORMAT, part);
    assert_empty(&dataset);
    assert_non_null(strstr(error.message, labels));
}

static void reads_what_the_bytes_say(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_dataset dataset;
    const char *images = image_file("images", 0x803, 4, 2, 3, 24);
    const char *labels = label_file("labels", 0x801, 4, "\0\x9\x3\x1", 4);
    assert_ok(ten_dataset_load_idx(&dataset, images, labels, &error));
    assert_int_equal(dataset.count, 4);
    assert_int_equal(dataset.height, 2);
    assert_int_equal(dataset.width, 3);
    for (size_t i = 0; i < 24; i++) assert_int_equal(dataset.images[i], i);
    assert_memory_equal(dataset.labels, "\0\x9\x3\x1", 4);
    ten_dataset_release(&dataset);
    assert_empty(&dataset);

    assert_ok(ten_dataset_load_idx(&dataset, images, NULL, &error));
    assert_int_equal(dataset.count, 4);
    assert_null(dataset.labels);
    ten_dataset_release(&dataset);
    ten_dataset_release(NULL);
}

static void round_trip(const char *image_name, const char *label_name, bool zipped) {
    struct ten_error error;
    struct ten_dataset dataset, again;
    test_dataset(&dataset, 37, 5, 7, 1);
    const char *images = test_path(folder(), image_name);
    const char *labels = label_name ? test_path(folder(), label_name) : NULL;
    assert_ok(ten_dataset_save_idx(&dataset, images, labels, &error));
    size_t size;
    uint8_t *bytes = test_read(images, &size);
    if (zipped) {
        assert_memory_equal(bytes, "\x1f\x8b", 2);
    } else {
        assert_int_equal(size, 16 + 37 * 35);
        assert_memory_equal(bytes, "\0\0\x8\x3\0\0\0\x25\0\0\0\x5\0\0\0\x7", 16);
        assert_memory_equal(bytes + 16, dataset.images, 37 * 35);
    }
    free(bytes);
    assert_ok(ten_dataset_load_idx(&again, images, labels, &error));
    assert_int_equal(again.count, 37);
    assert_int_equal(again.height, 5);
    assert_int_equal(again.width, 7);
    assert_memory_equal(again.images, dataset.images, 37 * 35);
    if (labels)
        assert_memory_equal(again.labels, dataset.labels, 37);
    else
        assert_null(again.labels);
    ten_dataset_release(&again);
    ten_dataset_release(&dataset);
}

static void round_trips(void **state) {
    (void)state;
    round_trip("i", "l", false);
    round_trip("i.gz", "l.gz", true);
    round_trip("i", NULL, false);
}

static void gzip_is_told_by_content(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_dataset dataset;
    const char *plain = image_file("plain.gz", 0x803, 2, 2, 2, 8), *zipped = test_path(folder(), "zipped");
    size_t size;
    uint8_t *bytes = test_read(plain, &size);
    gzip_to(zipped, bytes, size);
    free(bytes);
    assert_ok(ten_dataset_load_idx(&dataset, plain, NULL, &error));
    ten_dataset_release(&dataset);
    assert_ok(ten_dataset_load_idx(&dataset, zipped, NULL, &error));
    assert_int_equal(dataset.images[7], 7);
    ten_dataset_release(&dataset);
}

static void broken_images(void **state) {
    (void)state;
    const char *empty = test_path(folder(), "empty");
    test_write(empty, "", 0);
    expect_images(empty, "is empty, expected an IDX file of images");
    expect_images(image_file("i", 0x801, 4, 2, 3, 24),
                  "these are labels (magic number 0x00000801), expected images (0x00000803)");
    expect_images(image_file("i", 0xd03, 4, 2, 3, 24), "magic number 0x00000d03, expected 0x00000803");
    expect_images(image_file("i", 0x803, 4, 2, 3, 23),
                  "truncated: 4 images need 24 bytes after the header, the file has 23");
    expect_images(image_file("i", 0x803, 4, 2, 3, 0), "the file has 0");
    expect_images(image_file("i", 0x803, 4, 2, 3, 25), "1 bytes too many after the 4 images");
    expect_images(image_file("i", 0x803, 0, 2, 3, 0), "holds no images");
    expect_images(image_file("i", 0x803, 4, 0, 3, 0), "images of 0 x 3 pixels, expected sides of 1..1024");
    expect_images(image_file("i", 0x803, 1, 1, 1025, 1025), "images of 1 x 1025 pixels");
    /* these sizes lie: a product that overflows 32 bits, and one that no memory holds */
    expect_images(image_file("i", 0x803, 4294967295u, 1024, 1024, 0), "truncated: 4294967295 images");
    expect_images(image_file("i", 0x803, 65536, 256, 256, 0), "truncated: 65536 images need 4294967296 bytes");
    expect_images(image_file("i", 0x803, 4, 0xffffffff, 0xffffffff, 0), "images of 4294967295 x 4294967295 pixels");
    const char *text = test_path(folder(), "text");
    test_write(text, "hello, world", 12);
    expect_images(text, "magic number 0x68656c6c");
}

static void broken_labels(void **state) {
    (void)state;
    expect_labels(label_file("l", 0x803, 4, "\1\2\3\4", 4),
                  "these are images (magic number 0x00000803), expected labels");
    expect_labels(label_file("l", 0x802, 4, "\1\2\3\4", 4), "magic number 0x00000802, expected 0x00000801");
    expect_labels(label_file("l", 0x801, 4, "\1\2\3", 3),
                  "truncated: 4 labels need 4 bytes after the header, the file has 3");
    expect_labels(label_file("l", 0x801, 4, "\1\2\3\4\5\6", 6), "2 bytes too many");
    expect_labels(label_file("l", 0x801, 3, "\1\2\3", 3), "holds 3 labels, but ");
    expect_labels(label_file("l", 0x801, 5, "\1\2\3\4\5", 5), "holds 4 images");
    expect_labels(label_file("l", 0x801, 4, "\1\2\xa\4", 4), "row 2 (counted from 0) has label 10, expected 0..9");
    expect_labels(label_file("l", 0x801, 4, "\xff\2\xa\4", 4), "row 0 (counted from 0) has label 255");
    expect_labels(label_file("l", 0x801, 0, "", 0), "holds no labels");
    expect_labels(label_file("l", 0x801, 0xffffffff, "", 0), "truncated: 4294967295 labels");
}

static void every_cut_fails(void **state) {
    (void)state;
    const char *path = image_file("cut", 0x803, 2, 2, 2, 8);
    size_t size;
    uint8_t *bytes = test_read(path, &size);
    for (size_t length = 1; length < size; length++) {
        test_write(path, bytes, length);
        expect_images(path, "truncated");
    }
    free(bytes);
}

static void broken_gzip(void **state) {
    (void)state;
    const char *plain = image_file("plain", 0x803, 20, 6, 6, 720), *path = test_path(folder(), "i.gz");
    size_t size;
    uint8_t *bytes = test_read(plain, &size);
    gzip_to(path, bytes, size);
    free(bytes);
    bytes = test_read(path, &size);
    for (size_t length = 1; length < size; length += 3) { /* one byte is no gzip yet, the others are */
        test_write(path, bytes, length);
        expect_images(path, length == 1 ? "truncated" : "gzip data ends too early");
    }
    bytes[size - 6] ^= 1; /* in the checksum */
    test_write(path, bytes, size);
    expect_images(path, "corrupt gzip data");
    free(bytes);
}

static void missing_files(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_dataset dataset;
    const char *nowhere = test_path(folder(), "nowhere"), *images = image_file("i", 0x803, 1, 1, 1, 1);
    assert_fails(ten_dataset_load_idx(&dataset, nowhere, NULL, &error), TEN_NOT_FOUND, nowhere);
    assert_empty(&dataset);
    assert_fails(ten_dataset_load_idx(&dataset, images, nowhere, &error), TEN_NOT_FOUND, nowhere);
    assert_empty(&dataset);
    assert_int_equal(ten_dataset_load_idx(&dataset, nowhere, NULL, NULL), TEN_NOT_FOUND);
}

static void refuses_to_save_what_cannot_be_loaded(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_dataset dataset;
    test_dataset(&dataset, 3, 2, 2, 1);
    const char *fresh = test_folder(), *images = test_path(fresh, "i"), *labels = test_path(fresh, "l");
    assert_fails(ten_dataset_save_idx(&dataset, images, images, &error), TEN_INVALID, "a file each");
    dataset.labels[1] = 10;
    assert_fails(ten_dataset_save_idx(&dataset, images, labels, &error), TEN_INVALID,
                 "row 1 (counted from 0) has label 10");
    dataset.labels[1] = 9;
    struct ten_dataset odd = dataset;
    odd.labels = NULL;
    assert_fails(ten_dataset_save_idx(&odd, images, labels, &error), TEN_INVALID, "has no labels to write");
    odd.count = 0;
    assert_fails(ten_dataset_save_idx(&odd, images, NULL, &error), TEN_INVALID, "0 images to write");
    odd = dataset;
    odd.width = 1025;
    assert_fails(ten_dataset_save_idx(&odd, images, labels, &error), TEN_INVALID, "2 x 1025 pixels");
    assert_int_not_equal(access(images, F_OK), 0);
    assert_int_not_equal(access(labels, F_OK), 0);
    ten_dataset_release(&dataset);
}

static void a_failed_save_leaves_both_as_they_were(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_dataset dataset;
    test_dataset(&dataset, 3, 2, 2, 1);
    const char *images = test_path(folder(), "i"), *labels = test_path(folder(), "no/such/l");
    test_write(images, "old", 3);
    assert_fails(ten_dataset_save_idx(&dataset, images, labels, &error), TEN_IO, labels);
    size_t size;
    uint8_t *bytes = test_read(images, &size);
    assert_int_equal(size, 3);
    assert_memory_equal(bytes, "old", 3);
    free(bytes);
    ten_dataset_release(&dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_the_bytes_say),
        cmocka_unit_test(round_trips),
        cmocka_unit_test(gzip_is_told_by_content),
        cmocka_unit_test(broken_images),
        cmocka_unit_test(broken_labels),
        cmocka_unit_test(every_cut_fails),
        cmocka_unit_test(broken_gzip),
        cmocka_unit_test(missing_files),
        cmocka_unit_test(refuses_to_save_what_cannot_be_loaded),
        cmocka_unit_test(a_failed_save_leaves_both_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
