/* Datasets: copying rows, checksums, and finding a training and test set by name or folder. */
#include "test.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IDX, IDX_DOT, IDX_GZ, CSV, CSV_DATA, CSV_GZ, WAYS };

/* Where the six ways of naming put training images and labels, test images and labels; CSV: labels NULL. */
static const char *const WAY_NAMES[WAYS][4] = {
    [IDX] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"},
    [IDX_DOT] = {"train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte",
                 "t10k-labels.idx1-ubyte"},
    [IDX_GZ] = {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz",
                "t10k-labels-idx1-ubyte.gz"},
    [CSV] = {"train.csv", NULL, "test.csv", NULL},
    [CSV_DATA] = {"train_data.csv", NULL, "test_data.csv", NULL},
    [CSV_GZ] = {"train.csv.gz", NULL, "test.csv.gz", NULL},
};
enum { TRAIN_COUNT = 12, TEST_COUNT = 5, SIDE = 4 };

static const char *make_folder(const char *base, const char *name) {
    const char *path = test_path(base, name);
    assert_int_equal(mkdir(path, 0777), 0);
    return path;
}

static void save(const struct ten_dataset *dataset, const char *folder, const char *images, const char *labels) {
    struct ten_error error;
    const char *path = test_path(folder, images);
    if (labels)
        assert_ok(ten_dataset_save_idx(dataset, path, test_path(folder, labels), &error));
    else
        assert_ok(ten_dataset_save_csv(dataset, path, &error));
}

/* Fills a folder; `seed` decides the images. */
static void fill(const char *folder, int way, uint64_t seed) {
    struct ten_dataset train, test;
    test_dataset(&train, TRAIN_COUNT, SIDE, SIDE, seed);
    test_dataset(&test, TEST_COUNT, SIDE, SIDE, seed + 1);
    save(&train, folder, WAY_NAMES[way][0], WAY_NAMES[way][1]);
    save(&test, folder, WAY_NAMES[way][2], WAY_NAMES[way][3]);
    ten_dataset_release(&train);
    ten_dataset_release(&test);
}

static void check_dataset(const struct ten_dataset *dataset, size_t count, uint64_t seed) {
    struct ten_dataset expected;
    test_dataset(&expected, count, SIDE, SIDE, seed);
    assert_int_equal(dataset->count, count);
    assert_int_equal(dataset->height, SIDE);
    assert_int_equal(dataset->width, SIDE);
    assert_memory_equal(dataset->images, expected.images, count * SIDE * SIDE);
    assert_memory_equal(dataset->labels, expected.labels, count);
    ten_dataset_release(&expected);
}

/* `where` gives what `fill` made of this seed. */
static void expect(const char *where, uint64_t seed, const char *name, const char *path) {
    struct ten_error error;
    struct ten_data data;
    assert_ok(ten_data_load(&data, where, &error));
    check_dataset(&data.train, TRAIN_COUNT, seed);
    check_dataset(&data.test, TEST_COUNT, seed + 1);
    assert_string_equal(data.name, name);
    assert_string_equal(data.path, path);
    ten_data_release(&data);
    assert_null(data.train.images);
}

static void expect_failure(const char *where, enum ten_status status, const char *part) {
    struct ten_error error;
    struct ten_data data;
    memset(&data, 0x5a, sizeof data);
    assert_fails(ten_data_load(&data, where, &error), status, part);
    assert_null(data.train.images);
    assert_null(data.test.images);
    ten_data_release(&data);
}

/* An empty world: a fresh working folder, nothing in the environment. */
static const char *fresh_world(void) {
    const char *folder = test_folder();
    assert_int_equal(chdir(folder), 0);
    unsetenv("TENFOLD_DATA");
    unsetenv("XDG_DATA_HOME");
    setenv("HOME", folder, 1);
    return folder;
}

/* ---- Datasets ----------------------------------------------------------------------------------------- */

static void select_copies_rows(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_dataset from, out;
    test_dataset(&from, 9, 3, 2, 1);
    const size_t rows[] = {8, 0, 3, 3};
    assert_ok(ten_dataset_select(&out, &from, rows, 4, &error));
    assert_int_equal(out.count, 4);
    assert_int_equal(out.height, 3);
    assert_int_equal(out.width, 2);
    for (size_t i = 0; i < 4; i++) {
        assert_memory_equal(out.images + i * 6, from.images + rows[i] * 6, 6);
        assert_int_equal(out.labels[i], from.labels[rows[i]]);
    }
    ten_dataset_release(&out);

    struct ten_dataset bare = from;
    bare.labels = NULL;
    assert_ok(ten_dataset_select(&out, &bare, rows, 4, &error));
    assert_null(out.labels);
    ten_dataset_release(&out);
    assert_ok(ten_dataset_select(&out, &from, NULL, 0, &error));
    assert_int_equal(out.count, 0);
    assert_int_equal(out.width, 2);
    ten_dataset_release(&out);

    const size_t bad[] = {0, 9};
    assert_fails(ten_dataset_select(&out, &from, bad, 2, &error), TEN_INVALID, "row 9 asked for, the dataset has 9");
    assert_null(out.images);
    assert_int_equal(out.count, 0);
    ten_dataset_release(&from);
}

/* CRC-32 bit by bit, as in ISO 3309. */
static uint32_t slow_crc(uint32_t sum, const uint8_t *bytes, size_t size) {
    sum = ~sum;
    for (size_t i = 0; i < size; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) sum = sum & 1 ? sum >> 1 ^ 0xedb88320u : sum >> 1;
    }
    return ~sum;
}

static void checksum_sees_everything(void **state) {
    (void)state;
    struct ten_dataset dataset;
    test_dataset(&dataset, 5, 3, 4, 1);
    const uint8_t shape[24] = {[0] = 5, [8] = 3, [16] = 4};
    uint32_t sum = slow_crc(slow_crc(slow_crc(0, shape, 24), dataset.images, 60), dataset.labels, 5);
    assert_int_equal(ten_dataset_checksum(&dataset), sum);
    dataset.images[59] ^= 1;
    assert_int_not_equal(ten_dataset_checksum(&dataset), sum);
    dataset.images[59] ^= 1;
    dataset.labels[4] ^= 1;
    assert_int_not_equal(ten_dataset_checksum(&dataset), sum);
    dataset.labels[4] ^= 1;
    dataset.height = 4;
    dataset.width = 3;
    assert_int_not_equal(ten_dataset_checksum(&dataset), sum);
    dataset.height = 3;
    dataset.width = 4;
    assert_int_equal(ten_dataset_checksum(&dataset), sum);
    ten_dataset_release(&dataset);
    assert_int_equal(ten_dataset_checksum(&dataset), slow_crc(0, (const uint8_t[24]){0}, 24));
}

/* ---- Folders ------------------------------------------------------------------------------------------ */

static void folders_under_every_name(void **state) {
    (void)state;
    const char *world = fresh_world();
    for (int way = 0; way < WAYS; way++) {
        const char name[] = {'s', 'e', 't', (char)('0' + way), '\0'};
        const char *folder = make_folder(world, name);
        fill(folder, way, (uint64_t)way * 10);
        expect(folder, (uint64_t)way * 10, name, folder);
    }
}

static void idx_comes_before_csv_if_complete(void **state) {
    (void)state;
    const char *folder = make_folder(fresh_world(), "both");
    fill(folder, CSV, 10);
    fill(folder, IDX, 20);
    expect(folder, 20, "both", folder);
    assert_int_equal(unlink(test_path(folder, "t10k-labels-idx1-ubyte")), 0);
    expect(folder, 10, "both", folder);
}

static void the_last_part_of_the_path_is_the_name(void **state) {
    (void)state;
    const char *world = fresh_world(), *folder = make_folder(world, "mnist");
    fill(folder, IDX, 1);
    expect("./mnist", 1, "mnist", "./mnist"); /* a folder, though it has the name of a dataset */
    expect("mnist/", 1, "mnist", "mnist/");
    expect("mnist//", 1, "mnist", "mnist//");
    const char *below = make_folder(folder, "below");
    assert_int_equal(chdir(folder), 0);
    expect(".", 1, "mnist", ".");
    assert_int_equal(chdir(below), 0);
    expect("..", 1, "mnist", "..");
    expect("../", 1, "mnist", "../");
}

static void names_are_cut_between_characters(void **state) {
    (void)state;
    /* 62 letters, then a character of two bytes, which does not fit into 63 */
    char name[80], cut[64];
    memset(name, 'x', 62);
    strcpy(name + 62, "\xc3\xa9!");
    memset(cut, 'x', 62);
    cut[62] = '\0';
    const char *folder = make_folder(fresh_world(), name);
    fill(folder, CSV, 1);
    expect(folder, 1, cut, folder);
}

static void folders_that_lack_something(void **state) {
    (void)state;
    const char *world = fresh_world(), *empty = make_folder(world, "empty"), *part = make_folder(world, "part");
    expect_failure(empty, TEN_NOT_FOUND, "holds neither the four IDX files (train-images-idx3-ubyte, ");
    expect_failure(empty, TEN_NOT_FOUND, "nor train.csv and test.csv");
    expect_failure("nowhere", TEN_NOT_FOUND,
                   "nowhere: no such folder, nor data of that name; expected a folder, \"mnist\" or");
    expect_failure("", TEN_NOT_FOUND, "no such folder");

    fill(part, IDX, 1);
    assert_int_equal(unlink(test_path(part, "train-labels-idx1-ubyte")), 0);
    expect_failure(part, TEN_NOT_FOUND, "part: incomplete, missing: train-labels-idx1-ubyte");
    assert_int_equal(unlink(test_path(part, "t10k-images-idx3-ubyte")), 0);
    expect_failure(part, TEN_NOT_FOUND, "missing: train-labels-idx1-ubyte, t10k-images-idx3-ubyte");
    test_write(test_path(empty, "train.csv"), "label,pixel_0\n1,1\n", 18);
    expect_failure(empty, TEN_NOT_FOUND, "empty: incomplete, missing: test.csv");
    expect_failure(test_path(empty, "train.csv"), TEN_INVALID, "is a file, expected a folder");

    char longer[1100];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    expect_failure(longer, TEN_INVALID, "path too long, expected at most 1023 bytes");
}

static void folders_with_bad_files(void **state) {
    (void)state;
    const char *folder = make_folder(fresh_world(), "bad");
    fill(folder, IDX, 1);
    struct ten_dataset other;
    test_dataset(&other, TEST_COUNT, 3, 5, 1);
    save(&other, folder, WAY_NAMES[IDX][2], WAY_NAMES[IDX][3]);
    ten_dataset_release(&other);
    expect_failure(folder, TEN_FORMAT, "the training images are 4 x 4 pixels, but the test images 3 x 5");
    test_write(test_path(folder, "t10k-images-idx3-ubyte"), "x", 1);
    expect_failure(folder, TEN_FORMAT, "t10k-images-idx3-ubyte: truncated");
    test_write(test_path(folder, "train-labels-idx1-ubyte"), "\0\0\x8\x1\0\0\0\x1\5", 9);
    expect_failure(folder, TEN_FORMAT, "holds 1 labels, but ");
}

static void classes_have_names(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_data data;
    const char *world = fresh_world(), *digits = make_folder(world, "digits"),
               *clothes = make_folder(world, "Fashion-x");
    fill(digits, CSV, 1);
    fill(clothes, CSV, 1);
    assert_ok(ten_data_load(&data, digits, &error));
    assert_string_equal(data.class_names[0], "0");
    assert_string_equal(data.class_names[9], "9");
    ten_data_release(&data);
    assert_ok(ten_data_load(&data, clothes, &error));
    assert_string_equal(data.class_names[0], "T-shirt/top");
    assert_string_equal(data.class_names[5], "Sandal");
    assert_string_equal(data.class_names[9], "Ankle boot");
    ten_data_release(&data);
}

/* ---- Names -------------------------------------------------------------------------------------------- */

/* Makes and fills a folder deep in the world. */
static const char *place(const char *world, const char *below, uint64_t seed) {
    struct ten_error error;
    const char *path = test_path(world, below);
    assert_ok(ten_make_folder(path, &error));
    fill(path, IDX, seed);
    return path;
}

static void places_are_searched_in_order(void **state) {
    (void)state;
    const char *world = fresh_world();
    const char *home = place(world, ".local/share/tenfold/mnist", 1);
    expect("mnist", 1, "mnist", home);
    const char *shared = place(world, "xdg/tenfold/mnist", 2);
    setenv("XDG_DATA_HOME", "xdg", 1); /* to be ignored: not absolute */
    expect("mnist", 1, "mnist", home);
    setenv("XDG_DATA_HOME", test_path(world, "xdg"), 1);
    expect("mnist", 2, "mnist", shared);
    place(world, "data/mnist", 3);
    expect("mnist", 3, "mnist", "data/mnist");
    const char *given = place(world, "given/mnist", 4);
    setenv("TENFOLD_DATA", test_path(world, "given"), 1);
    expect("mnist", 4, "mnist", given);
    setenv("TENFOLD_DATA", test_path(world, "elsewhere"), 1);
    expect("mnist", 3, "mnist", "data/mnist");
}

static void an_empty_place_is_passed_over_but_a_partial_one_is_not(void **state) {
    (void)state;
    const char *world = fresh_world(), *home = place(world, ".local/share/tenfold/mnist", 1);
    const char *near = make_folder(make_folder(world, "data"), "mnist");
    expect("mnist", 1, "mnist", home);
    test_write(test_path(near, "train-labels-idx1-ubyte"), "", 0);
    expect_failure("mnist", TEN_NOT_FOUND, "data/mnist: incomplete, missing: train-images-idx3-ubyte, t10k-images");
}

static void a_known_name_has_its_class_names(void **state) {
    (void)state;
    struct ten_error error;
    struct ten_data data;
    place(fresh_world(), "data/fashion", 1);
    assert_ok(ten_data_load(&data, "fashion", &error));
    assert_string_equal(data.name, "fashion");
    assert_string_equal(data.class_names[8], "Bag");
    ten_data_release(&data);
}

static void nothing_found_says_what_to_do(void **state) {
    (void)state;
    const char *world = fresh_world();
    expect_failure("mnist", TEN_NOT_FOUND, "run `tenfold fetch mnist` (looked in data/mnist, ");
    expect_failure("mnist", TEN_NOT_FOUND, test_path(world, ".local/share/tenfold/mnist)"));
    setenv("TENFOLD_DATA", "given", 1);
    setenv("XDG_DATA_HOME", "/xdg", 1);
    expect_failure("mnist", TEN_NOT_FOUND, "(looked in given/mnist, data/mnist, /xdg/tenfold/mnist)");

    /* a machine may have the system's package of the other one */
    struct ten_error error;
    struct ten_data data;
    if (access("/usr/share/datasets/fashion-mnist", F_OK) != 0)
        assert_fails(ten_data_load(&data, "fashion", &error), TEN_NOT_FOUND, "run `tenfold fetch fashion`");

    char deep[900];
    memset(deep, 'x', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    setenv("TENFOLD_DATA", deep, 1); /* so long that the places do not fit into the message */
    expect_failure("mnist", TEN_NOT_FOUND, "run `tenfold fetch mnist` (looked in xxx");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(select_copies_rows),
        cmocka_unit_test(checksum_sees_everything),
        cmocka_unit_test(folders_under_every_name),
        cmocka_unit_test(idx_comes_before_csv_if_complete),
        cmocka_unit_test(the_last_part_of_the_path_is_the_name),
        cmocka_unit_test(names_are_cut_between_characters),
        cmocka_unit_test(folders_that_lack_something),
        cmocka_unit_test(folders_with_bad_files),
        cmocka_unit_test(classes_have_names),
        cmocka_unit_test(places_are_searched_in_order),
        cmocka_unit_test(an_empty_place_is_passed_over_but_a_partial_one_is_not),
        cmocka_unit_test(a_known_name_has_its_class_names),
        cmocka_unit_test(nothing_found_says_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
