/* The SQLite file behind the run database, for store.c and other tables in it. */
#ifndef TEN_STORE_DATABASE_H
#define TEN_STORE_DATABASE_H

#include "store/store.h"

#include <sqlite3.h>

struct ten_store {
    sqlite3 *database;
    char path[1024];
};

/* The error that SQLite tells; `status` where it is no particular one. */
enum ten_status ten_store_fail(struct ten_store *store, enum ten_status status, struct ten_error *error);
enum ten_status ten_store_execute(struct ten_store *store, const char *sql, struct ten_error *error);
/* *statement is NULL after a failure. */
enum ten_status ten_store_prepare(struct ten_store *store, const char *sql, sqlite3_stmt **statement,
                                  struct ten_error *error);

#endif
