/* The picture in a request: PNG or JPEG as it is, or base64 within JSON. */
#include "serve/server.h"

#include "base/error.h"
#include "image/codec.h"

#include <stdlib.h>
#include <string.h>

static bool read_digits(const void *bytes, size_t size, struct ten_digits *digits, struct ten_reply *reply) {
    struct ten_image picture;
    struct ten_error error;
    bool too_large, png = size >= 4 && memcmp(bytes, "\x89PNG", 4) == 0;
    enum ten_status status =
        ten_image_decode_within(&picture, bytes, size, "the picture", TEN_MOST_PICTURE_PIXELS, &too_large, &error);
    if (status == TEN_NO_MEMORY) {
        ten_reply_error(reply, 503, "busy", "%s", error.message);
        return false;
    }
    if (status != TEN_OK) {
        bool jpeg = size >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0;
        ten_reply_error(reply, too_large ? 413 : 400,
                        too_large ? "too_many_pixels"
                        : png     ? "bad_png"
                        : jpeg    ? "bad_jpeg"
                                  : "bad_picture",
                        "%s", error.message);
        return false;
    }
    status = ten_image_to_digits(digits, &picture, &error);
    ten_image_release(&picture);
    if (status != TEN_OK) ten_reply_failure(reply, "bad_picture", &error);
    return status == TEN_OK;
}

/* The member "image" of a JSON body: its bytes, freed by the caller; NULL after an answer. */
static uint8_t *read_json(const struct ten_request *request, size_t *size, struct ten_reply *reply) {
    json_error_t why;
    json_t *document = json_loadb((const char *)request->body, request->size, 0, &why);
    if (!document) {
        ten_reply_error(reply, 400, "bad_json", "the body is no valid JSON: line %d, column %d: %s", why.line,
                        why.column, why.text);
        return NULL;
    }
    const json_t *image = json_object_get(document, "image");
    uint8_t *bytes = NULL;
    if (!json_is_string(image)) {
        ten_reply_error(reply, 400, "no_image",
                        "the body has no text \"image\"; expected {\"image\":\"data:image/png;base64,...\"}");
    } else {
        bytes = ten_base64_decode(json_string_value(image), json_string_length(image), size);
        if (!bytes)
            ten_reply_error(reply, 400, "bad_base64",
                            "\"image\" is no base64; expected \"data:image/png;base64,...\", or the base64 alone");
    }
    json_decref(document);
    return bytes;
}

/* Whether the body is meant as JSON: it says so, or it starts with a brace. */
static bool is_json(const struct ten_request *request) {
    if (strncmp(request->content_type, "application/json", 16) == 0) return true;
    size_t i = 0;
    while (i < request->size && strchr(" \t\r\n", request->body[i]) && request->body[i]) i++;
    return i < request->size && request->body[i] == '{';
}

bool ten_request_digits(const struct ten_request *request, struct ten_digits *digits, struct ten_reply *reply) {
    *digits = (struct ten_digits){0};
    if (request->size == 0) {
        ten_reply_error(reply, 400, "no_image", "the body is empty; expected a PNG or JPEG picture, or JSON");
        return false;
    }
    if (!is_json(request)) return read_digits(request->body, request->size, digits, reply);
    size_t size;
    uint8_t *bytes = read_json(request, &size, reply);
    bool good = bytes && read_digits(bytes, size, digits, reply);
    free(bytes);
    return good;
}

bool ten_request_digit(const struct ten_request *request, struct ten_digit *digit, struct ten_reply *reply) {
    struct ten_digits digits;
    const char *text = ten_request_query(request, "digit");
    size_t wanted = 0;
    if (text) {
        char *end;
        wanted = strtoul(text, &end, 10);
        if (*text < '0' || *text > '9' || *end) {
            ten_reply_error(reply, 400, "bad_query", "digit=%.40s: expected a whole number from 0", text);
            return false;
        }
    }
    if (!ten_request_digits(request, &digits, reply)) return false;
    bool good = wanted < digits.count;
    if (good)
        *digit = digits.digits[wanted];
    else if (digits.count == 0)
        ten_reply_error(reply, 422, "nothing_drawn", "nothing is drawn in the picture");
    else
        ten_reply_error(reply, 422, "nothing_drawn", "digit=%zu: the picture has %zu, counted from 0", wanted,
                        digits.count);
    ten_digits_release(&digits);
    return good;
}
