/* Corrections: what goes in comes out, newest first and as a dataset; the run database beside them is as it was. */
#include "test.h"

#include "store/corrections.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

static struct ten_error error;

static struct ten_store *open_store(const char *path) {
    struct ten_store *store;
    assert_ok(ten_store_open(&store, path, &error));
    assert_ok(ten_corrections_open(store, &error));
    return store;
}

static struct ten_correction some(int label, int first) {
    struct ten_correction correction = {.label = label};
    for (int i = 0; i < TEN_CORRECTION_PIXELS; i++) correction.image[i] = (uint8_t)(first + i);
    return correction;
}

static int64_t add(struct ten_store *store, const struct ten_correction *correction) {
    int64_t id;
    assert_ok(ten_correction_add(store, correction, &id, &error));
    return id;
}

static void gives_back_what_it_got(void **state) {
    (void)state;
    const char *path = test_path(test_folder(), "runs.sqlite");
    struct ten_store *store = open_store(path);
    json_t *given = json_pack("{s:i, s:n}", "cnn2", 1, "knn"), *list;
    struct ten_correction first = some(7, 3), second = some(0, 200);
    first.given = given;
    first.picture = "picture";
    first.picture_size = 7;
    assert_int_equal(add(store, &first), 1);
    assert_int_equal(add(store, &second), 2);
    ten_store_close(store);
    store = open_store(path);
    size_t count;
    assert_ok(ten_corrections_count(store, &count, &error));
    assert_int_equal(count, 2);
    assert_ok(ten_corrections_list(store, 1000, &list, &error));
    assert_int_equal(json_array_size(list), 2);
    json_t *newest = json_array_get(list, 0), *oldest = json_array_get(list, 1);
    assert_int_equal(json_integer_value(json_object_get(newest, "id")), 2);
    assert_int_equal(json_integer_value(json_object_get(newest, "label")), 0);
    assert_true(json_is_null(json_object_get(newest, "given")));
    assert_true(json_equal(json_object_get(oldest, "given"), given));
    assert_int_equal(strlen(json_string_value(json_object_get(oldest, "made"))), 20);
    json_t *image = json_object_get(oldest, "image");
    assert_int_equal(json_array_size(image), TEN_CORRECTION_PIXELS);
    for (size_t i = 0; i < TEN_CORRECTION_PIXELS; i++)
        assert_int_equal(json_integer_value(json_array_get(image, i)), first.image[i]);
    json_decref(list);
    assert_ok(ten_corrections_list(store, 1, &list, &error));
    assert_int_equal(json_array_size(list), 1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "id")), 2);
    json_decref(list);
    json_decref(given);
    ten_store_close(store);
}

static void is_a_dataset(void **state) {
    (void)state;
    struct ten_store *store = open_store(test_path(test_folder(), "runs.sqlite"));
    struct ten_dataset set;
    assert_ok(ten_corrections_dataset(store, &set, &error));
    assert_true(set.count == 0 && !set.images);
    for (int i = 0; i < 150; i++) {
        struct ten_correction one = some(i % 10, i);
        add(store, &one);
    }
    assert_ok(ten_corrections_dataset(store, &set, &error));
    assert_true(set.count == 150 && set.height == 28 && set.width == 28);
    for (int i = 0; i < 150; i++) {
        assert_int_equal(set.labels[i], i % 10);
        for (int p = 0; p < TEN_CORRECTION_PIXELS; p++)
            assert_int_equal(set.images[i * TEN_CORRECTION_PIXELS + p], (uint8_t)(i + p));
    }
    ten_dataset_release(&set);
    ten_store_close(store);
}

/* A number is never used again, so that taking one back twice cannot hit another. */
static void takes_back(void **state) {
    (void)state;
    struct ten_store *store = open_store(test_path(test_folder(), "runs.sqlite"));
    struct ten_correction one = some(1, 0);
    size_t count;
    int64_t first = add(store, &one), second = add(store, &one);
    assert_ok(ten_correction_remove(store, second, &error));
    assert_fails(ten_correction_remove(store, second, &error), TEN_NOT_FOUND, "no correction 2");
    assert_fails(ten_correction_remove(store, -1, &error), TEN_NOT_FOUND, "no correction -1");
    assert_ok(ten_corrections_count(store, &count, &error));
    assert_int_equal(count, 1);
    assert_int_equal(first, 1);
    assert_int_equal(add(store, &one), 3);
    ten_store_close(store);
}

static void refuses(void **state) {
    (void)state;
    struct ten_store *store = open_store(test_path(test_folder(), "runs.sqlite"));
    struct ten_correction one = some(10, 0);
    int64_t id;
    assert_fails(ten_correction_add(store, &one, &id, &error), TEN_INVALID, "label 10");
    one.label = -1;
    assert_fails(ten_correction_add(store, &one, &id, &error), TEN_INVALID, "label -1");
    size_t count;
    assert_ok(ten_corrections_count(store, &count, &error));
    assert_int_equal(count, 0);
    ten_store_close(store);
}

/* A file made before there were corrections gets the table, and keeps its runs and its version; one with the table
 * still serves as a run database. */
static void stands_beside_the_runs(void **state) {
    (void)state;
    const char *path = test_path(test_folder(), "runs.sqlite");
    struct ten_store *store;
    assert_ok(ten_store_open(&store, path, &error));
    json_t *run = json_pack("{s:s}", "kind", "train"), *runs;
    assert_ok(ten_store_add(store, run, NULL, &error));
    ten_store_close(store);
    store = open_store(path);
    struct ten_correction one = some(1, 0);
    add(store, &one);
    ten_store_close(store);
    assert_ok(ten_store_open(&store, path, &error));
    assert_ok(ten_store_add(store, run, NULL, &error));
    assert_ok(ten_store_list(store, &(struct ten_store_filter){0}, &runs, &error));
    assert_int_equal(json_array_size(runs), 2);
    json_decref(runs);
    json_decref(run);
    ten_store_close(store);
    sqlite3 *raw;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(raw, "PRAGMA user_version", -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(statement, 0), 1);
    sqlite3_finalize(statement);
    /* nobody can put in what is no digit, with whatever program */
    assert_int_equal(
        sqlite3_exec(raw, "INSERT INTO corrections(label, image, made) VALUES(1, zeroblob(783), '')", NULL, NULL, NULL),
        SQLITE_CONSTRAINT);
    sqlite3_close(raw);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_what_it_got),
        cmocka_unit_test(is_a_dataset),
        cmocka_unit_test(takes_back),
        cmocka_unit_test(refuses),
        cmocka_unit_test(stands_beside_the_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
