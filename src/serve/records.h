/* The run database as the server has it: one connection, opened when first wanted, used by one thread at a time. */
#ifndef TEN_SERVE_RECORDS_H
#define TEN_SERVE_RECORDS_H

#include "serve/serve.h"
#include "store/store.h"

/* For the time up to _give nobody else has it. NULL after a 503 "no_database". */
struct ten_store *ten_records_take(struct ten_server *server, struct ten_reply *reply);
void ten_records_give(struct ten_store *store);
/* The run database that the study keeps in its folder. False if there is none, or the server's own is the same file. */
bool ten_records_of_study(struct ten_server *server, char *path, size_t size);

#endif
