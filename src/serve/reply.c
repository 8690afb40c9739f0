/* Answers in JSON. */
#include "serve/serve.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ten_reply_json(struct ten_reply *reply, int status, json_t *document) {
    static const char memory[] = "{\"error\":{\"code\":\"no_memory\",\"message\":\"out of memory for the answer\"}}";
    char *text = document ? json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(10)) : NULL;
    json_decref(document);
    *reply = (struct ten_reply){.status = status, .content_type = "application/json"};
    if (text) {
        reply->data = reply->owned = text;
        reply->size = strlen(text);
    } else {
        reply->status = 500;
        reply->data = memory;
        reply->size = sizeof memory - 1;
    }
}

void ten_reply_error(struct ten_reply *reply, int status, const char *code, const char *format, ...) {
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    ten_clean_text(message);
    ten_reply_json(reply, status, json_pack("{s:{s:s, s:s}}", "error", "code", code, "message", message));
}

void ten_reply_failure(struct ten_reply *reply, const char *code, const struct ten_error *error) {
    int status = error->status == TEN_INVALID || error->status == TEN_FORMAT ? 400
                 : error->status == TEN_NOT_FOUND                            ? 404
                                                                             : 500;
    ten_reply_error(reply, status, code, "%s", error->message);
}
