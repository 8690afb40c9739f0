/* The run database: what goes in comes out, what is wrong is refused, what was written survives. */
#include "test.h"

#include "store/store.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct ten_error error;

static struct ten_store *open_store(const char *path) {
    struct ten_store *store;
    assert_ok(ten_store_open(&store, path, &error));
    return store;
}

static json_t *whole_run(void) {
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:{s:i, s:s}, s:s, s:s, s:I, s:s, s:s, s:i, s:s, s:f, s:s, s:f, s:{s:f}, s:s, "
        "s:{s:[s], s:[[f]]}}",
        "kind", "train", "name", "knn's \"best\"", "model", "knn", "prep", "deskew,scale", "settings", "n_neighbors", 5,
        "weights", "uniform", "data", "mnist", "checksum", "a1b2c3d4", "seed", (json_int_t)7, "version", "0.1.0",
        "kernels", "generic", "threads", 2, "started", "2020-01-02T03:04:05Z", "seconds", 1.25, "state", "failed",
        "accuracy", 0.9375, "metrics", "f1", 0.5, "identity", "point 3", "history", "names", "epoch", "rows", 1.0);
}

static void gives_back_what_it_got(void **state) {
    (void)state;
    const char *path = test_path(test_folder(), "runs.sqlite");
    struct ten_store *store = open_store(path);
    json_t *run = whole_run(), *got;
    int64_t id;
    assert_ok(ten_store_add(store, run, &id, &error));
    ten_store_close(store);
    store = open_store(path);
    assert_ok(ten_store_get(store, id, &got, &error));
    assert_int_equal(json_integer_value(json_object_get(got, "id")), id);
    assert_true(json_is_null(json_object_get(got, "parent")));
    json_object_del(got, "id");
    json_object_del(got, "parent");
    assert_true(json_equal(got, run));
    json_decref(got);
    json_decref(run);
    ten_store_close(store);
}

static void fills_in_what_is_missing(void **state) {
    (void)state;
    struct ten_store *store = open_store(test_path(test_folder(), "runs.sqlite"));
    json_t *run = json_pack("{s:s}", "kind", "trial"), *got;
    int64_t id;
    assert_ok(ten_store_add(store, run, &id, &error));
    assert_ok(ten_store_get(store, id, &got, &error));
    assert_string_equal(json_string_value(json_object_get(got, "state")), "done");
    assert_int_equal(strlen(json_string_value(json_object_get(got, "started"))), 20);
    assert_true(json_is_null(json_object_get(got, "accuracy")));
    json_decref(got);
    json_decref(run);
    ten_store_close(store);
}

static void refuses_wrong_runs(void **state) {
    (void)state;
    struct ten_store *store = open_store(test_path(test_folder(), "runs.sqlite"));
    json_t *none = json_object(), *text = json_pack("{s:s, s:s}", "kind", "train", "accuracy", "high");
    json_t *number = json_pack("{s:i}", "kind", 3), *orphan = json_pack("{s:s, s:i}", "kind", "fold", "parent", 99);
    assert_fails(ten_store_add(store, none, NULL, &error), TEN_IO, "kind");
    assert_fails(ten_store_add(store, text, NULL, &error), TEN_INVALID, "\"accuracy\"");
    assert_fails(ten_store_add(store, number, NULL, &error), TEN_INVALID, "\"kind\"");
    assert_fails(ten_store_add(store, orphan, NULL, &error), TEN_IO, "FOREIGN KEY");
    json_decref(none);
    json_decref(text);
    json_decref(number);
    json_decref(orphan);
    ten_store_close(store);
}

static void holds_an_identity_once_below_a_parent(void **state) {
    (void)state;
    struct ten_store *store = open_store(test_path(test_folder(), "runs.sqlite"));
    json_t *tune = json_pack("{s:s, s:s}", "kind", "tune", "identity", "a");
    int64_t first, second;
    assert_ok(ten_store_add(store, tune, &first, &error));
    assert_fails(ten_store_add(store, tune, NULL, &error), TEN_INVALID, "there already");
    json_object_set_new(tune, "identity", json_string("b"));
    assert_ok(ten_store_add(store, tune, &second, &error));
    json_t *trial = json_pack("{s:s, s:s, s:I}", "kind", "trial", "identity", "a", "parent", (json_int_t)first);
    assert_ok(ten_store_add(store, trial, NULL, &error));
    assert_fails(ten_store_add(store, trial, NULL, &error), TEN_INVALID, "there already");
    json_object_set_new(trial, "parent", json_integer(second));
    assert_ok(ten_store_add(store, trial, NULL, &error));
    json_object_del(trial, "identity");
    assert_ok(ten_store_add(store, trial, NULL, &error));
    assert_ok(ten_store_add(store, trial, NULL, &error));
    json_decref(tune);
    json_decref(trial);
    ten_store_close(store);
}

static size_t count(struct ten_store *store, const struct ten_store_filter *filter, int64_t *first) {
    json_t *runs;
    assert_ok(ten_store_list(store, filter, &runs, &error));
    size_t length = json_array_size(runs);
    *first = json_integer_value(json_object_get(json_array_get(runs, 0), "id"));
    for (size_t i = 1; i < length; i++)
        assert_true(json_integer_value(json_object_get(json_array_get(runs, i), "id")) >
                    json_integer_value(json_object_get(json_array_get(runs, i - 1), "id")));
    json_decref(runs);
    return length;
}

static void lists_what_a_filter_lets_through(void **state) {
    (void)state;
    struct ten_store *store = open_store(test_path(test_folder(), "runs.sqlite"));
    int64_t parent, first;
    json_t *tune = json_pack("{s:s, s:s}", "kind", "tune", "model", "knn");
    assert_ok(ten_store_add(store, tune, &parent, &error));
    for (int i = 0; i < 9; i++) {
        char identity[16];
        snprintf(identity, sizeof identity, "%d", i);
        json_t *trial = json_pack("{s:s, s:s, s:s, s:I}", "kind", "trial", "model", i % 3 ? "knn" : "svm", "identity",
                                  identity, "parent", (json_int_t)parent);
        assert_ok(ten_store_add(store, trial, NULL, &error));
        json_decref(trial);
    }
    json_decref(tune);
    assert_int_equal(count(store, &(struct ten_store_filter){0}, &first), 10);
    assert_int_equal(count(store, &(struct ten_store_filter){.kind = "trial"}, &first), 9);
    assert_int_equal(count(store, &(struct ten_store_filter){.kind = "trial", .model = "svm"}, &first), 3);
    assert_int_equal(count(store, &(struct ten_store_filter){.parent = parent, .identity = "4"}, &first), 1);
    assert_int_equal(first, parent + 5);
    assert_int_equal(count(store, &(struct ten_store_filter){.latest = 4}, &first), 4);
    assert_int_equal(first, parent + 6);
    assert_int_equal(count(store, &(struct ten_store_filter){.kind = "nothing' OR '1'='1"}, &first), 0);
    ten_store_close(store);
}

static void updates(void **state) {
    (void)state;
    struct ten_store *store = open_store(test_path(test_folder(), "runs.sqlite"));
    json_t *run = json_pack("{s:s, s:s}", "kind", "tune", "state", "running"), *got;
    json_t *changes = json_pack("{s:s, s:f, s:{s:i}}", "state", "done", "accuracy", 0.5, "metrics", "trials", 3);
    int64_t id;
    assert_ok(ten_store_add(store, run, &id, &error));
    assert_ok(ten_store_update(store, id, changes, &error));
    assert_fails(ten_store_update(store, id + 1, changes, &error), TEN_NOT_FOUND, "no run");
    assert_fails(ten_store_get(store, id + 1, &got, &error), TEN_NOT_FOUND, "no run");
    assert_ok(ten_store_get(store, id, &got, &error));
    assert_string_equal(json_string_value(json_object_get(got, "state")), "done");
    assert_string_equal(json_string_value(json_object_get(got, "kind")), "tune");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(got, "metrics"), "trials")), 3);
    json_decref(got);
    json_decref(run);
    json_decref(changes);
    ten_store_close(store);
}

static void refuses_other_files(void **state) {
    (void)state;
    const char *folder = test_folder(), *text = test_path(folder, "text"), *other = test_path(folder, "other.sqlite");
    const char *later = test_path(folder, "later.sqlite");
    struct ten_store *store;
    char garbage[4096];
    memset(garbage, 'x', sizeof garbage);
    test_write(text, garbage, sizeof garbage);
    assert_fails(ten_store_open(&store, text, &error), TEN_FORMAT, "no SQLite database");
    assert_null(store);
    sqlite3 *database;
    sqlite3_open(other, &database);
    sqlite3_exec(database, "CREATE TABLE things(a)", NULL, NULL, NULL);
    sqlite3_close(database);
    assert_fails(ten_store_open(&store, other, &error), TEN_FORMAT, "another program");
    ten_store_close(open_store(later));
    sqlite3_open(later, &database);
    sqlite3_exec(database, "PRAGMA user_version=99", NULL, NULL, NULL);
    sqlite3_close(database);
    assert_fails(ten_store_open(&store, later, &error), TEN_FORMAT, "version 99");
    assert_fails(ten_store_open(&store, test_path(folder, "no/such/folder"), &error), TEN_IO, "no/such/folder");
}

/* A process that is killed right after adding has added. */
static void keeps_what_a_killed_program_added(void **state) {
    (void)state;
    const char *path = test_path(test_folder(), "runs.sqlite");
    pid_t child = fork();
    if (child == 0) {
        struct ten_store *store;
        json_t *run = json_pack("{s:s}", "kind", "trial");
        if (ten_store_open(&store, path, NULL) != TEN_OK) _exit(1);
        for (int i = 0; i < 25; i++)
            if (ten_store_add(store, run, NULL, NULL) != TEN_OK) _exit(1);
        kill(getpid(), SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    struct ten_store *store = open_store(path);
    int64_t first;
    assert_int_equal(count(store, &(struct ten_store_filter){0}, &first), 25);
    ten_store_close(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_what_it_got),
        cmocka_unit_test(fills_in_what_is_missing),
        cmocka_unit_test(refuses_wrong_runs),
        cmocka_unit_test(holds_an_identity_once_below_a_parent),
        cmocka_unit_test(lists_what_a_filter_lets_through),
        cmocka_unit_test(updates),
        cmocka_unit_test(refuses_other_files),
        cmocka_unit_test(keeps_what_a_killed_program_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
