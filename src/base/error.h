/* Errors are values: one function fills the message and returns the status, so that a failing line reads
 * `return ten_fail(error, TEN_FORMAT, "%s: ...", path);`. */
#ifndef TEN_BASE_ERROR_H
#define TEN_BASE_ERROR_H

#include "tenfold.h"

/* Fills `error` (which may be NULL) and returns `status`. Control characters and broken UTF-8 that came in through %s
 * (a file's bytes, a user's words) are shown as '?', so that a message stays one line and fits into JSON. */
enum ten_status ten_fail(struct ten_error *error, enum ten_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4), cold));

/* TEN_NO_MEMORY, saying what the memory was for. */
enum ten_status ten_fail_memory(struct ten_error *error, const char *what) __attribute__((cold));

#endif
