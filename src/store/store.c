/* The run database in SQLite. One table of columns serves reading and writing: a column is a member of a run's JSON
 * object, as text, number, or a JSON document as text. */
#include "store/database.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SCHEMA = 1, APPLICATION = 0x54656e66 /* "Tenf" */ };

enum type { TEXT, WHOLE, REAL, DOCUMENT };

static const struct column {
    const char *name, *definition;
    enum type type;
} columns[] = {
    {"id", "INTEGER PRIMARY KEY", WHOLE},
    {"parent", "INTEGER REFERENCES runs(id) ON DELETE CASCADE", WHOLE},
    {"kind", "TEXT NOT NULL", TEXT},
    {"name", "TEXT", TEXT},
    {"model", "TEXT", TEXT},
    {"prep", "TEXT", TEXT},
    {"settings", "TEXT", DOCUMENT},
    {"data", "TEXT", TEXT},
    {"checksum", "TEXT", TEXT},
    {"seed", "INTEGER", WHOLE},
    {"version", "TEXT", TEXT},
    {"kernels", "TEXT", TEXT},
    {"threads", "INTEGER", WHOLE},
    {"started", "TEXT NOT NULL", TEXT},
    {"seconds", "REAL", REAL},
    {"state", "TEXT NOT NULL", TEXT},
    {"accuracy", "REAL", REAL},
    {"metrics", "TEXT", DOCUMENT},
    {"identity", "TEXT", TEXT},
    {"history", "TEXT", DOCUMENT},
};
enum { COLUMNS = sizeof columns / sizeof *columns, HISTORY = COLUMNS - 1, MOST_SQL = 2048 };

enum ten_status ten_store_fail(struct ten_store *store, enum ten_status status, struct ten_error *error) {
    int code = sqlite3_errcode(store->database);
    if (code == SQLITE_NOMEM) return ten_fail_memory(error, "the run database");
    if (code == SQLITE_NOTADB)
        return ten_fail(error, TEN_FORMAT, "%s: is no SQLite database; expected a run database of tenfold",
                        store->path);
    return ten_fail(error, status, "%s: %s", store->path, sqlite3_errmsg(store->database));
}

enum ten_status ten_store_execute(struct ten_store *store, const char *sql, struct ten_error *error) {
    return sqlite3_exec(store->database, sql, NULL, NULL, NULL) == SQLITE_OK ? TEN_OK
                                                                             : ten_store_fail(store, TEN_IO, error);
}

enum ten_status ten_store_prepare(struct ten_store *store, const char *sql, sqlite3_stmt **statement,
                                  struct ten_error *error) {
    *statement = NULL;
    return sqlite3_prepare_v2(store->database, sql, -1, statement, NULL) == SQLITE_OK
               ? TEN_OK
               : ten_store_fail(store, TEN_IO, error);
}

/* ---- Opening ------------------------------------------------------------------------------------------------------
 */

static enum ten_status read_pragma(struct ten_store *store, const char *sql, int64_t *value, struct ten_error *error) {
    sqlite3_stmt *statement;
    enum ten_status status = ten_store_prepare(store, sql, &statement, error);
    if (status == TEN_OK && sqlite3_step(statement) != SQLITE_ROW) status = ten_store_fail(store, TEN_IO, error);
    if (status == TEN_OK) *value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return status;
}

static enum ten_status make_tables(struct ten_store *store, struct ten_error *error) {
    char sql[MOST_SQL];
    size_t length = (size_t)snprintf(sql, sizeof sql, "BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS runs(");
    for (size_t i = 0; i < COLUMNS; i++)
        length += (size_t)snprintf(sql + length, sizeof sql - length, "%s%s %s", i ? ", " : "", columns[i].name,
                                   columns[i].definition);
    snprintf(
        sql + length, sizeof sql - length,
        ") STRICT; CREATE UNIQUE INDEX IF NOT EXISTS runs_identity ON runs(coalesce(parent, 0), identity) WHERE "
        "identity IS NOT NULL; CREATE INDEX IF NOT EXISTS runs_kind ON runs(kind, parent); PRAGMA user_version=%d; "
        "PRAGMA application_id=%d; COMMIT",
        SCHEMA, APPLICATION);
    return ten_store_execute(store, sql, error);
}

/* Makes the tables in a new file; refuses one that somebody else made. */
static enum ten_status check_schema(struct ten_store *store, struct ten_error *error) {
    int64_t version = 0, application = 0, tables = 0;
    enum ten_status status = read_pragma(store, "PRAGMA user_version", &version, error);
    if (status == TEN_OK) status = read_pragma(store, "PRAGMA application_id", &application, error);
    if (status == TEN_OK) status = read_pragma(store, "SELECT count(*) FROM sqlite_master", &tables, error);
    if (status != TEN_OK) return status;
    if (tables == 0) return make_tables(store, error);
    if (application != APPLICATION)
        return ten_fail(error, TEN_FORMAT, "%s: is a database of another program; expected a run database of tenfold",
                        store->path);
    if (version != SCHEMA)
        return ten_fail(error, TEN_FORMAT, "%s: is a run database of version %lld; expected %d", store->path,
                        (long long)version, SCHEMA);
    return TEN_OK;
}

enum ten_status ten_store_open(struct ten_store **out, const char *path, struct ten_error *error) {
    *out = NULL;
    struct ten_store *store = calloc(1, sizeof *store);
    if (!store) return ten_fail_memory(error, "the run database");
    snprintf(store->path, sizeof store->path, "%s", path);
    enum ten_status status = TEN_OK;
    if (sqlite3_open(path, &store->database) != SQLITE_OK)
        status = store->database ? ten_store_fail(store, TEN_IO, error) : ten_fail_memory(error, "the run database");
    if (status == TEN_OK) sqlite3_busy_timeout(store->database, 20000); /* another program that is writing */
    if (status == TEN_OK)
        status =
            ten_store_execute(store, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON", error);
    if (status == TEN_OK) status = check_schema(store, error);
    if (status == TEN_OK)
        *out = store;
    else
        ten_store_close(store);
    return status;
}

void ten_store_close(struct ten_store *store) {
    if (!store) return;
    sqlite3_close(store->database);
    free(store);
}

/* ---- Writing ------------------------------------------------------------------------------------------------------
 */

/* Binds a member of a run to a parameter. */
static enum ten_status bind(struct ten_store *store, sqlite3_stmt *statement, int place, const struct column *column,
                            const json_t *value, struct ten_error *error) {
    int result;
    char *text;
    if (!value || json_is_null(value)) {
        result = sqlite3_bind_null(statement, place);
    } else if (column->type == WHOLE && json_is_integer(value)) {
        result = sqlite3_bind_int64(statement, place, json_integer_value(value));
    } else if (column->type == REAL && json_is_number(value)) {
        result = sqlite3_bind_double(statement, place, json_number_value(value));
    } else if (column->type == TEXT && json_is_string(value)) {
        result = sqlite3_bind_text(statement, place, json_string_value(value), -1, SQLITE_TRANSIENT);
    } else if (column->type == DOCUMENT && (json_is_object(value) || json_is_array(value))) {
        text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(10));
        if (!text) return ten_fail_memory(error, "the run database");
        result = sqlite3_bind_text(statement, place, text, -1, free);
    } else {
        return ten_fail(error, TEN_INVALID, "%s: a run's \"%s\" has the wrong type", store->path, column->name);
    }
    return result == SQLITE_OK ? TEN_OK : ten_store_fail(store, TEN_IO, error);
}

static enum ten_status finish(struct ten_store *store, sqlite3_stmt *statement, struct ten_error *error) {
    if (sqlite3_step(statement) == SQLITE_DONE) return TEN_OK;
    if (sqlite3_extended_errcode(store->database) == SQLITE_CONSTRAINT_UNIQUE)
        return ten_fail(error, TEN_INVALID, "%s: the run is there already", store->path);
    return ten_store_fail(store, TEN_IO, error);
}

/* What a run has when nothing is said. */
static json_t *with_defaults(const json_t *run) {
    char now[32];
    time_t seconds = time(NULL);
    struct tm parts;
    strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &parts));
    json_t *whole = json_pack("{s:s, s:s}", "started", now, "state", "done");
    if (whole && json_object_update(whole, (json_t *)run) == 0) return whole;
    json_decref(whole);
    return NULL;
}

enum ten_status ten_store_add(struct ten_store *store, const json_t *run, int64_t *id, struct ten_error *error) {
    char sql[MOST_SQL] = "INSERT INTO runs(", places[4 * COLUMNS] = "";
    for (size_t i = 0; i < COLUMNS; i++) {
        size_t length = strlen(sql);
        snprintf(sql + length, sizeof sql - length, "%s%s", i ? ", " : "", columns[i].name);
        strcat(places, i ? ", ?" : "?");
    }
    size_t length = strlen(sql);
    snprintf(sql + length, sizeof sql - length, ") VALUES(%s)", places);
    json_t *whole = with_defaults(run);
    sqlite3_stmt *statement = NULL;
    enum ten_status status =
        whole ? ten_store_prepare(store, sql, &statement, error) : ten_fail_memory(error, "the run database");
    for (size_t i = 0; status == TEN_OK && i < COLUMNS; i++)
        status = bind(store, statement, (int)i + 1, &columns[i], json_object_get(whole, columns[i].name), error);
    if (status == TEN_OK) status = finish(store, statement, error);
    if (status == TEN_OK && id) *id = sqlite3_last_insert_rowid(store->database);
    sqlite3_finalize(statement);
    json_decref(whole);
    return status;
}

enum ten_status ten_store_update(struct ten_store *store, int64_t id, const json_t *changes, struct ten_error *error) {
    char sql[MOST_SQL] = "UPDATE runs SET ";
    int places = 0;
    for (size_t i = 1; i < COLUMNS; i++) {
        size_t length = strlen(sql);
        if (json_object_get(changes, columns[i].name))
            snprintf(sql + length, sizeof sql - length, "%s%s=?", places++ ? ", " : "", columns[i].name);
    }
    if (!places) return TEN_OK;
    strcat(sql, " WHERE id=?");
    sqlite3_stmt *statement;
    enum ten_status status = ten_store_prepare(store, sql, &statement, error);
    for (size_t i = 1, place = 1; status == TEN_OK && i < COLUMNS; i++) {
        const json_t *value = json_object_get(changes, columns[i].name);
        if (value) status = bind(store, statement, (int)place++, &columns[i], value, error);
    }
    if (status == TEN_OK) {
        sqlite3_bind_int64(statement, places + 1, id);
        status = finish(store, statement, error);
    }
    if (status == TEN_OK && sqlite3_changes(store->database) == 0)
        status = ten_fail(error, TEN_NOT_FOUND, "%s: there is no run %lld", store->path, (long long)id);
    sqlite3_finalize(statement);
    return status;
}

/* ---- Reading ------------------------------------------------------------------------------------------------------
 */

static json_t *value_of(sqlite3_stmt *statement, int place, const struct column *column) {
    if (sqlite3_column_type(statement, place) == SQLITE_NULL) return json_null();
    const char *text =
        column->type == TEXT || column->type == DOCUMENT ? (const char *)sqlite3_column_text(statement, place) : NULL;
    switch (column->type) {
    case WHOLE: return json_integer(sqlite3_column_int64(statement, place));
    case REAL: return json_real(sqlite3_column_double(statement, place));
    case TEXT: return text ? json_string(text) : NULL;
    case DOCUMENT: break;
    }
    json_t *document = text ? json_loads(text, 0, NULL) : NULL;
    return document || !text ? document : json_null(); /* somebody else's pen */
}

/* The row that the statement stands at, its first `count` columns. */
static json_t *run_of(sqlite3_stmt *statement, size_t count) {
    json_t *run = json_object();
    for (size_t i = 0; i < count; i++)
        if (json_object_set_new(run, columns[i].name, value_of(statement, (int)i, &columns[i])) != 0) {
            json_decref(run);
            return NULL;
        }
    return run;
}

/* "SELECT id, ... FROM runs WHERE true" of the first `count` columns. */
static size_t write_select(char *sql, size_t size, size_t count) {
    size_t length = (size_t)snprintf(sql, size, "SELECT ");
    for (size_t i = 0; i < count; i++)
        length += (size_t)snprintf(sql + length, size - length, "%s%s", i ? ", " : "", columns[i].name);
    return length + (size_t)snprintf(sql + length, size - length, " FROM runs WHERE true");
}

enum ten_status ten_store_get(struct ten_store *store, int64_t id, json_t **run, struct ten_error *error) {
    char sql[MOST_SQL];
    *run = NULL;
    write_select(sql, sizeof sql, COLUMNS);
    strcat(sql, " AND id=?");
    sqlite3_stmt *statement;
    enum ten_status status = ten_store_prepare(store, sql, &statement, error);
    if (status != TEN_OK) return status;
    sqlite3_bind_int64(statement, 1, id);
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        *run = run_of(statement, COLUMNS);
        if (!*run) status = ten_fail_memory(error, "a run");
    } else {
        status = result == SQLITE_DONE
                     ? ten_fail(error, TEN_NOT_FOUND, "%s: there is no run %lld", store->path, (long long)id)
                     : ten_store_fail(store, TEN_IO, error);
    }
    sqlite3_finalize(statement);
    return status;
}

enum ten_status ten_store_list(struct ten_store *store, const struct ten_store_filter *filter, json_t **runs,
                               struct ten_error *error) {
    char sql[MOST_SQL], inner[MOST_SQL];
    size_t length = write_select(inner, sizeof inner, HISTORY);
    const struct {
        const char *name, *value;
    } texts[] = {{"kind", filter->kind}, {"model", filter->model}, {"identity", filter->identity}};
    enum { TEXTS = sizeof texts / sizeof *texts };
    for (size_t i = 0; i < TEXTS; i++)
        if (texts[i].value)
            length += (size_t)snprintf(inner + length, sizeof inner - length, " AND %s=?%zu", texts[i].name, i + 1);
    if (filter->parent) length += (size_t)snprintf(inner + length, sizeof inner - length, " AND parent=?%d", TEXTS + 1);
    snprintf(inner + length, sizeof inner - length, " ORDER BY id DESC");
    if (filter->latest) strcat(inner, " LIMIT ?5");
    snprintf(sql, sizeof sql, "SELECT * FROM (%.*s) ORDER BY id", MOST_SQL - 64, inner);
    sqlite3_stmt *statement;
    json_t *list = json_array();
    enum ten_status status =
        list ? ten_store_prepare(store, sql, &statement, error) : ten_fail_memory(error, "the runs");
    *runs = NULL;
    if (status != TEN_OK) {
        json_decref(list);
        return status;
    }
    for (size_t i = 0; i < TEXTS; i++)
        if (texts[i].value) sqlite3_bind_text(statement, (int)i + 1, texts[i].value, -1, SQLITE_TRANSIENT);
    if (filter->parent) sqlite3_bind_int64(statement, TEXTS + 1, filter->parent);
    if (filter->latest) sqlite3_bind_int64(statement, 5, (sqlite3_int64)filter->latest);
    int result;
    while (status == TEN_OK && (result = sqlite3_step(statement)) != SQLITE_DONE)
        if (result != SQLITE_ROW)
            status = ten_store_fail(store, TEN_IO, error);
        else if (json_array_append_new(list, run_of(statement, HISTORY)) != 0)
            status = ten_fail_memory(error, "the runs");
    sqlite3_finalize(statement);
    if (status == TEN_OK)
        *runs = list;
    else
        json_decref(list);
    return status;
}
