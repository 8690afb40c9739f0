/* CSV files: round trips, the exact text, and every kind of broken line with its place in the message. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEADER "label,pixel_0,pixel_1,pixel_2,pixel_3\n"

/* A file of the given text (which may hold NUL bytes); each call replaces the last file. */
static const char *file_of(const char *text, size_t size) {
    static const char *path;
    if (!path) path = test_path(test_folder(), "data.csv");
    test_write(path, text, size);
    return path;
}
#define FILE_OF(text) file_of(text, sizeof(text) - 1)

static void expect(const char *path, const char *part) {
    struct ten_error error;
    struct ten_dataset dataset;
    memset(&dataset, 0x5a, sizeof dataset);
    assert_fails(ten_dataset_load_csv(&dataset, path, &error), TEN_FORMAT, part);
    assert_null(dataset.images);
    assert_null(dataset.labels);
    assert_int_equal(dataset.count, 0);
    assert_non_null(strstr(error.message, path));
}

/* The file holds two images of 2x2: 5 with 0 1 10 255, and 9 with 99 100 249 7. */
static void expect_two(const char *path) {
    struct ten_error error;
    struct ten_dataset dataset;
    assert_ok(ten_dataset_load_csv(&dataset, path, &error));
    assert_int_equal(dataset.count, 2);
    assert_int_equal(dataset.height, 2);
    assert_int_equal(dataset.width, 2);
    assert_memory_equal(dataset.labels, "\5\x9", 2);
    const uint8_t pixels[] = {0, 1, 10, 255, 99, 100, 249, 7};
    assert_memory_equal(dataset.images, pixels, sizeof pixels);
    ten_dataset_release(&dataset);
}

static void accepted_ways_of_writing(void **state) {
    (void)state;
    expect_two(FILE_OF(HEADER "5,0,1,10,255\n9,99,100,249,7\n"));
    expect_two(FILE_OF(HEADER "5,0,1,10,255\n9,99,100,249,7"));
    expect_two(FILE_OF(HEADER "5,0,1,10,255\n9,99,100,249,7\n\n\n"));
    expect_two(FILE_OF("label,pixel_0,pixel_1,pixel_2,pixel_3\r\n5,0,1,10,255\r\n9,99,100,249,7\r\n"));
    expect_two(FILE_OF("label,pixel_0,pixel_1,pixel_2,pixel_3\r\n5,0,1,10,255\r\n9,99,100,249,7\r"));
    expect_two(FILE_OF("\xef\xbb\xbf" HEADER "5,0,1,10,255\n9,99,100,249,7\n"));
    expect_two(FILE_OF(HEADER "05,000,01,0010,255\n9,099,100,249,7\n"));
}

static void shapes(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_dataset dataset;
    assert_ok(ten_dataset_load_csv(&dataset, FILE_OF("label,pixel_0\n3,200\n"), &error));
    assert_int_equal(dataset.height, 1);
    assert_int_equal(dataset.width, 1);
    assert_int_equal(dataset.images[0], 200);
    ten_dataset_release(&dataset);
    assert_ok(ten_dataset_load_csv(&dataset, FILE_OF("label,pixel_0,pixel_1,pixel_2\n3,1,2,3"), &error));
    assert_int_equal(dataset.height, 1);
    assert_int_equal(dataset.width, 3);
    ten_dataset_release(&dataset);

    /* 1025 is no square and too long for a row */
    char text[1025 * 12 + 8];
    size_t length = (size_t)sprintf(text, "label");
    for (int i = 0; i < 1025; i++) length += (size_t)sprintf(text + length, ",pixel_%d", i);
    expect(file_of(text, length), "1025 pixels are no square");
}

static void round_trip(const char *name, size_t count, size_t side) {
    struct ten_error error;
    struct ten_dataset dataset, again;
    test_dataset(&dataset, count, side, side, 7);
    for (size_t i = 0; i < 256 && i < count * side * side; i++) dataset.images[i] = (uint8_t)i;
    const char *path = test_path(test_folder(), name);
    assert_ok(ten_dataset_save_csv(&dataset, path, &error));
    assert_ok(ten_dataset_load_csv(&again, path, &error));
    assert_int_equal(again.count, count);
    assert_int_equal(again.height, side);
    assert_int_equal(again.width, side);
    assert_memory_equal(again.images, dataset.images, count * side * side);
    assert_memory_equal(again.labels, dataset.labels, count);
    ten_dataset_release(&again);
    ten_dataset_release(&dataset);
}

static void round_trips(void **state) {
    (void)state;
    round_trip("a.csv", 50, 28);
    round_trip("b.csv", 1, 16);
    round_trip("c.csv.gz", 30, 9);
}

static void writes_this_very_text(void **state) {
    (void)state;
    struct ten_error error;
    uint8_t pixels[] = {0, 1, 10, 255, 99, 100, 249, 7}, labels[] = {5, 9};
    const struct ten_dataset dataset = {.count = 2, .height = 2, .width = 2, .images = pixels, .labels = labels};
    const char *path = test_path(test_folder(), "a.csv"), expected[] = HEADER "5,0,1,10,255\n9,99,100,249,7\n";
    assert_ok(ten_dataset_save_csv(&dataset, path, &error));
    size_t size;
    uint8_t *bytes = test_read(path, &size);
    assert_int_equal(size, sizeof expected - 1);
    assert_memory_equal(bytes, expected, size);
    free(bytes);
}

static void broken_headers(void **state) {
    (void)state;
    expect(FILE_OF(""), "is empty, expected the header label,pixel_0,...");
    expect(FILE_OF("\n1,2\n"), "line 1, column 1: found the name \"\", expected \"label\"");
    expect(FILE_OF("5,0,1,10,255\n"), "line 1, column 1: found the name \"5\", expected \"label\"");
    expect(FILE_OF("label,pixel0,pixel1\n1,2,3\n"),
           "line 1, column 2: found the name \"pixel0\", expected \"pixel_0\"");
    expect(FILE_OF("label,pixel_0,pixel_2\n1,2,3\n"),
           "line 1, column 3: found the name \"pixel_2\", expected \"pixel_1\"");
    expect(FILE_OF("label,feature_0\n1,0.5\n"), "found the name \"feature_0\", expected \"pixel_0\"");
    expect(FILE_OF("label,pixel_0,\n1,2,3\n"), "line 1, column 3: found the name \"\", expected \"pixel_1\"");
    expect(FILE_OF("label\0,pixel_0\n1,2\n"), "line 1, column 1: found the name \"label?\"");
    expect(FILE_OF("label\n1\n"), "no pixel columns");
    expect(FILE_OF("\x89PNG\r\n\x1a\n"), "found the name \"?PNG\", expected \"label\"");
    expect(FILE_OF("labellabellabellabellabellabellabellabellabel\n1\n"),
           "found the name \"labellabellabellabellabellabellabellabel\"");
}

static void broken_lines(void **state) {
    (void)state;
    expect(FILE_OF(HEADER), "no rows after the header");
    expect(FILE_OF("label,pixel_0"), "no rows after the header");
    expect(FILE_OF(HEADER "\r\n\n"), "no rows after the header");
    expect(FILE_OF(HEADER "5,0,1,10\n"), "line 2: has 4 columns, expected 5 as in the header");
    expect(FILE_OF(HEADER "5,0,1,10,2\n5,0,1,10,255,3\n"), "line 3: has 6 columns, expected 5");
    expect(FILE_OF(HEADER "5,0,1,10,2\n5,0,1,10,25,\n"), "line 3: has 6 columns, expected 5");
    expect(FILE_OF(HEADER "5,0,1,10,2\n5,0"), "line 3: has 2 columns, expected 5");
    expect(FILE_OF(HEADER "5,0,1,10,2\n5"), "line 3: has 1 columns, expected 5");
    expect(FILE_OF(HEADER "5,0,1,10,2\n\n5,0,1,10,3\n"), "line 3: is empty, expected 5 columns");
    expect(FILE_OF(HEADER "5,0,1,10,2\r\n\r\n5,0,1,10,3\r\n"), "line 3: is empty, expected 5 columns");
    expect(FILE_OF(HEADER "5,0,1,10,2\n5,0,\0,10,3\n"), "line 3, column 3: holds a NUL byte");
    expect(FILE_OF(HEADER "5,0,1,10,2\n5,0,1,10,3\0"), "line 3, column 5: holds a NUL byte");
    expect(FILE_OF(HEADER "5,0,1,10,2\n\0"), "line 3, column 1: holds a NUL byte");
}

static void broken_cells(void **state) {
    (void)state;
    expect(FILE_OF(HEADER "5,0,1,10,256\n"),
           "line 2, column 5 (pixel_3): found \"256\", expected a whole number 0..255");
    expect(FILE_OF(HEADER "5,0,-1,10,2\n"), "column 3 (pixel_1): found \"-1\", expected a whole number 0..255");
    expect(FILE_OF(HEADER "5,99999999999999999999999,1,1,2\n"),
           "column 2 (pixel_0): found \"99999999999999999999999\"");
    expect(FILE_OF(HEADER "5,4294967296,1,1,2\n"), "column 2 (pixel_0): found \"4294967296\"");
    expect(FILE_OF(HEADER "10,0,1,10,2\n"), "line 2, column 1 (label): found \"10\", expected a whole number 0..9");
    expect(FILE_OF(HEADER "5,0,1,10,2\nfive,0,1,10,2\n"), "line 3, column 1 (label): found \"five\"");
    expect(FILE_OF(HEADER "5,0,0.5,10,2\n"), "found \"0.5\"");
    expect(FILE_OF(HEADER "5,0,,10,2\n"), "column 3 (pixel_1): found \"\"");
    expect(FILE_OF(HEADER ",0,1,10,2\n"), "column 1 (label): found \"\"");
    expect(FILE_OF(HEADER "5,0,1,10,\r\n"), "column 5 (pixel_3): found \"\"");
    expect(FILE_OF(HEADER "5,0,1,10,"), "column 5 (pixel_3): found \"\"");
    expect(FILE_OF(HEADER "5, 0,1,10,2\n"), "column 2 (pixel_0): found \" 0\"");
    expect(FILE_OF(HEADER "5,0,1,10,2 \n"), "column 5 (pixel_3): found \"2 \"");
    expect(FILE_OF(HEADER "5,0,1\r,10,2\n"), "column 3 (pixel_1): found \"1?\"");
    expect(FILE_OF(HEADER "5,0,\"1\",10,2\n"), "column 3 (pixel_1): found \"\"1\"\"");
    expect(FILE_OF(HEADER "5;0;1;10;2\n"), "has 1 columns, expected 5");
}

/* Whatever is cut off, the result is a clean failure, or the whole lines there are. */
static void every_cut_is_safe(void **state) {
    (void)state;
    const char text[] = HEADER "5,0,1,10,255\r\n9,99,100,249,17\n";
    size_t length = sizeof text - 1, good = 0;
    for (size_t cut = 0; cut <= length; cut++) {
        struct ten_error error;
        struct ten_dataset dataset;
        enum ten_status status = ten_dataset_load_csv(&dataset, file_of(text, cut), &error);
        if (status == TEN_OK) {
            good++;
            assert_true(dataset.count == 1 || dataset.count == 2);
            assert_int_equal(dataset.labels[0], 5);
        } else {
            assert_int_equal(status, TEN_FORMAT);
            assert_null(dataset.images);
        }
        ten_dataset_release(&dataset);
    }
    /* ...,2 and ,25 and ,255, its \r and \n; then ,1 and ,17 and its \n */
    assert_int_equal(good, 8);
}

static void files_that_are_not_there(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_dataset dataset;
    const char *nowhere = test_path(test_folder(), "nowhere.csv"), *deep = test_path(nowhere, "a.csv");
    assert_fails(ten_dataset_load_csv(&dataset, nowhere, &error), TEN_NOT_FOUND, nowhere);
    test_dataset(&dataset, 3, 2, 2, 1);
    assert_fails(ten_dataset_save_csv(&dataset, deep, &error), TEN_IO, deep);
    if (access("/dev/full", W_OK) == 0)
        assert_fails(ten_dataset_save_csv(&dataset, "/dev/full", &error), TEN_IO, "/dev/full: writing failed");
    ten_dataset_release(&dataset);
}

static void refuses_to_save_what_cannot_be_loaded(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_dataset dataset;
    test_dataset(&dataset, 3, 2, 2, 1);
    const char *path = test_path(test_folder(), "a.csv");
    struct ten_dataset odd = dataset;
    odd.labels = NULL;
    assert_fails(ten_dataset_save_csv(&odd, path, &error), TEN_INVALID, "has no labels");
    odd = dataset;
    odd.count = 0;
    assert_fails(ten_dataset_save_csv(&odd, path, &error), TEN_INVALID, "has no images");
    odd.count = 3;
    odd.height = 0;
    assert_fails(ten_dataset_save_csv(&odd, path, &error), TEN_INVALID, "0 x 2 pixels");
    dataset.labels[2] = 77;
    assert_fails(ten_dataset_save_csv(&dataset, path, &error), TEN_INVALID, "row 2 (counted from 0) has label 77");
    assert_int_not_equal(access(path, F_OK), 0);
    ten_dataset_release(&dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted_ways_of_writing),
        cmocka_unit_test(shapes),
        cmocka_unit_test(round_trips),
        cmocka_unit_test(writes_this_very_text),
        cmocka_unit_test(broken_headers),
        cmocka_unit_test(broken_lines),
        cmocka_unit_test(broken_cells),
        cmocka_unit_test(every_cut_is_safe),
        cmocka_unit_test(files_that_are_not_there),
        cmocka_unit_test(refuses_to_save_what_cannot_be_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
