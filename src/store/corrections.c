#include "store/corrections.h"

#include "base/error.h"
#include "base/memory.h"
#include "store/database.h"
#include "study/json.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PIXELS = TEN_CORRECTION_PIXELS };

enum ten_status ten_corrections_open(struct ten_store *store, struct ten_error *error) {
    return ten_store_execute(store,
                             "CREATE TABLE IF NOT EXISTS corrections("
                             "id INTEGER PRIMARY KEY AUTOINCREMENT, "
                             "label INTEGER NOT NULL CHECK(label BETWEEN 0 AND 9), "
                             "image BLOB NOT NULL CHECK(length(image) = 784), "
                             "made TEXT NOT NULL, given TEXT, picture BLOB) STRICT",
                             error);
}

enum ten_status ten_correction_add(struct ten_store *store, const struct ten_correction *correction, int64_t *id,
                                   struct ten_error *error) {
    if (correction->label < 0 || correction->label >= TEN_CLASSES)
        return ten_fail(error, TEN_INVALID, "label %d: expected 0 to %d", correction->label, TEN_CLASSES - 1);
    char made[32], *given = correction->given ? json_dumps(correction->given, JSON_COMPACT) : NULL;
    time_t now = time(NULL);
    struct tm parts;
    strftime(made, sizeof made, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
    if (correction->given && !given) return ten_fail_memory(error, "a correction");
    sqlite3_stmt *statement;
    enum ten_status status = ten_store_prepare(
        store, "INSERT INTO corrections(label, image, made, given, picture) VALUES(?, ?, ?, ?, ?)", &statement, error);
    if (status == TEN_OK) {
        sqlite3_bind_int(statement, 1, correction->label);
        sqlite3_bind_blob(statement, 2, correction->image, PIXELS, SQLITE_STATIC);
        sqlite3_bind_text(statement, 3, made, -1, SQLITE_STATIC);
        if (given) sqlite3_bind_text(statement, 4, given, -1, SQLITE_STATIC);
        if (correction->picture)
            sqlite3_bind_blob64(statement, 5, correction->picture, correction->picture_size, SQLITE_STATIC);
        if (sqlite3_step(statement) != SQLITE_DONE) status = ten_store_fail(store, TEN_IO, error);
    }
    if (status == TEN_OK && id) *id = sqlite3_last_insert_rowid(store->database);
    sqlite3_finalize(statement);
    free(given);
    return status;
}

enum ten_status ten_correction_remove(struct ten_store *store, int64_t id, struct ten_error *error) {
    sqlite3_stmt *statement;
    enum ten_status status = ten_store_prepare(store, "DELETE FROM corrections WHERE id=?", &statement, error);
    if (status != TEN_OK) return status;
    sqlite3_bind_int64(statement, 1, id);
    if (sqlite3_step(statement) != SQLITE_DONE) status = ten_store_fail(store, TEN_IO, error);
    if (status == TEN_OK && sqlite3_changes(store->database) == 0)
        status = ten_fail(error, TEN_NOT_FOUND, "there is no correction %lld", (long long)id);
    sqlite3_finalize(statement);
    return status;
}

enum ten_status ten_corrections_count(struct ten_store *store, size_t *count, struct ten_error *error) {
    sqlite3_stmt *statement;
    *count = 0;
    enum ten_status status = ten_store_prepare(store, "SELECT count(*) FROM corrections", &statement, error);
    if (status == TEN_OK && sqlite3_step(statement) != SQLITE_ROW) status = ten_store_fail(store, TEN_IO, error);
    if (status == TEN_OK) *count = (size_t)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return status;
}

/* The row (id, label, image, made, given) that the statement stands at; NULL: memory is short. */
static json_t *correction_json(sqlite3_stmt *statement) {
    const char *given = (const char *)sqlite3_column_text(statement, 4);
    const void *image = sqlite3_column_blob(statement, 2);
    json_t *document = given ? json_loads(given, 0, NULL) : NULL;
    json_t *json = json_pack("{s:I, s:i, s:o, s:s}", "id", (json_int_t)sqlite3_column_int64(statement, 0), "label",
                             sqlite3_column_int(statement, 1), "given", document ? document : json_null(), "made",
                             (const char *)sqlite3_column_text(statement, 3));
    return ten_json_whole(json, !image || json_object_set_new(json, "image", ten_json_bytes(image, PIXELS)));
}

enum ten_status ten_corrections_list(struct ten_store *store, size_t most, json_t **list, struct ten_error *error) {
    sqlite3_stmt *statement;
    *list = NULL;
    enum ten_status status = ten_store_prepare(
        store, "SELECT id, label, image, made, given FROM corrections ORDER BY id DESC LIMIT ?", &statement, error);
    if (status != TEN_OK) return status;
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)most);
    json_t *array = json_array();
    int result = SQLITE_DONE;
    while (status == TEN_OK && (result = sqlite3_step(statement)) == SQLITE_ROW)
        if (json_array_append_new(array, correction_json(statement)) != 0)
            status = ten_fail_memory(error, "the corrections");
    if (status == TEN_OK && result != SQLITE_DONE) status = ten_store_fail(store, TEN_IO, error);
    if (status == TEN_OK && !array) status = ten_fail_memory(error, "the corrections");
    sqlite3_finalize(statement);
    if (status == TEN_OK)
        *list = array;
    else
        json_decref(array);
    return status;
}

static enum ten_status append(struct ten_dataset *set, size_t *room, sqlite3_stmt *statement, struct ten_error *error) {
    if (set->count == *room) {
        size_t rooms = *room ? 2 * *room : 64;
        uint8_t *images = ten_realloc(set->images, rooms, PIXELS);
        if (images) set->images = images;
        uint8_t *labels = ten_realloc(set->labels, rooms, 1);
        if (labels) set->labels = labels;
        if (!images || !labels) return ten_fail_memory(error, "the corrections");
        *room = rooms;
    }
    const void *image = sqlite3_column_blob(statement, 1);
    if (!image) return ten_fail_memory(error, "the corrections");
    memcpy(set->images + set->count * PIXELS, image, PIXELS);
    set->labels[set->count++] = (uint8_t)sqlite3_column_int(statement, 0);
    return TEN_OK;
}

enum ten_status ten_corrections_dataset(struct ten_store *store, struct ten_dataset *out, struct ten_error *error) {
    *out = (struct ten_dataset){.height = TEN_CORRECTION_SIDE, .width = TEN_CORRECTION_SIDE};
    sqlite3_stmt *statement;
    size_t room = 0;
    enum ten_status status =
        ten_store_prepare(store, "SELECT label, image FROM corrections ORDER BY id", &statement, error);
    if (status != TEN_OK) return status;
    int result = SQLITE_DONE;
    while (status == TEN_OK && (result = sqlite3_step(statement)) == SQLITE_ROW)
        status = append(out, &room, statement, error);
    if (status == TEN_OK && result != SQLITE_DONE) status = ten_store_fail(store, TEN_IO, error);
    sqlite3_finalize(statement);
    if (status != TEN_OK) ten_dataset_release(out);
    return status;
}
