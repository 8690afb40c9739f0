/* Status words and the filling of error messages. */
#include "base/error.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

const char *ten_version(void) { return TEN_VERSION_STRING; }

const char *ten_status_words(enum ten_status status) {
    static const char *const words[] = {
#define X(code, words) words,
        TEN_STATUS_LIST(X)
#undef X
    };
    size_t i = (size_t)status;
    return i < sizeof words / sizeof *words ? words[i] : "unknown status";
}

enum ten_status ten_fail(struct ten_error *error, enum ten_status status, const char *format, ...) {
    if (!error) return status;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    if (length < 0) error->message[0] = '\0';
    ten_clean_text(error->message);
    error->status = status;
    return status;
}

enum ten_status ten_fail_memory(struct ten_error *error, const char *what) {
    return ten_fail(error, TEN_NO_MEMORY, "out of memory for %s", what);
}
