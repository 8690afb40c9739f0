/* Digits that a model read wrongly and what they are: kept in the run database's file, and to be had as IDX. */
#include "store/corrections.h"

#include "base/error.h"
#include "serve/query.h"
#include "serve/records.h"
#include "study/json.h"

#include <stdlib.h>
#include <string.h>

enum {
    PIXELS = TEN_CORRECTION_PIXELS,
    MOST_LISTED = 1000,
    MOST_KEPT = 100000,
    MOST_GIVEN = 64,
    MOST_PICTURE = 1 << 20
};

/* ---- One more -----------------------------------------------------------------------------------------------------
 */

/* Whether `given` is what it should be: {"cnn2": 1, "knn": null}. */
static bool good_given(const json_t *given) {
    const char *name;
    json_t *label;
    if (!given || json_is_null(given)) return true;
    if (!json_is_object(given) || json_object_size(given) > MOST_GIVEN) return false;
    json_object_foreach((json_t *)given, name, label) {
        json_int_t value = json_integer_value(label);
        if (strlen(name) >= 96 || (!json_is_null(label) && !json_is_integer(label)) || value < 0 || value > 9)
            return false;
    }
    return true;
}

/* Reads label, given and which digit. False after a 400. */
static bool read_words(const json_t *body, struct ten_correction *correction, size_t *which, struct ten_reply *reply) {
    const json_t *label = json_object_get(body, "label"), *digit = json_object_get(body, "digit");
    const json_t *given = json_object_get(body, "given");
    if (!json_is_object(body))
        ten_reply_error(reply, 400, "bad_json", "expected {\"image\": \"data:...\", \"label\": 7}");
    else if (!json_is_integer(label) || json_integer_value(label) < 0 || json_integer_value(label) > 9)
        ten_reply_error(reply, 400, "bad_label", "\"label\": expected a whole number from 0 to 9");
    else if (digit && (!json_is_integer(digit) || json_integer_value(digit) < 0))
        ten_reply_error(reply, 400, "bad_digit", "\"digit\": expected a whole number from 0");
    else if (!good_given(given))
        ten_reply_error(reply, 400, "bad_given",
                        "\"given\": expected an object of names of models and labels from 0 to 9");
    else {
        correction->label = (int)json_integer_value(label);
        correction->given = json_is_object(given) ? given : NULL;
        *which = (size_t)json_integer_value(digit);
        return true;
    }
    return false;
}

/* Takes the which-th digit of the body's picture, and the picture unless it is large. False after an answer. */
static bool read_picture(const struct ten_request *request, const json_t *body, struct ten_correction *correction,
                         size_t which, uint8_t **picture, struct ten_reply *reply) {
    struct ten_digits digits;
    const json_t *image = json_object_get(body, "image");
    if (!ten_request_digits(request, &digits, reply)) return false;
    bool there = which < digits.count;
    if (there)
        memcpy(correction->image, digits.digits[which].pixels, PIXELS);
    else
        ten_reply_error(reply, 422, "nothing_drawn", "there is no digit %zu in the picture; it has %zu", which,
                        digits.count);
    ten_digits_release(&digits);
    if (!there) return false;
    *picture = ten_base64_decode(json_string_value(image), json_string_length(image), &correction->picture_size);
    if (correction->picture_size <= MOST_PICTURE) correction->picture = *picture;
    return true;
}

static void keep(struct ten_server *server, const struct ten_correction *correction, struct ten_reply *reply) {
    size_t count;
    int64_t id;
    struct ten_error error;
    struct ten_store *store = ten_records_take(server, reply);
    if (!store) return;
    enum ten_status status = ten_corrections_count(store, &count, &error);
    if (status == TEN_OK && count >= MOST_KEPT) {
        ten_reply_error(reply, 409, "too_many_corrections", "there are %zu corrections, the most that are kept", count);
    } else {
        if (status == TEN_OK) status = ten_correction_add(store, correction, &id, &error);
        if (status == TEN_OK)
            ten_reply_json(reply, 201, json_pack("{s:I}", "id", (json_int_t)id));
        else
            ten_reply_failure(reply, "cannot_keep", &error);
    }
    ten_records_give(store);
}

static void add(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    json_t *body = json_loadb((const char *)request->body, request->size, JSON_REJECT_DUPLICATES, NULL);
    struct ten_correction correction = {0};
    size_t which;
    uint8_t *picture = NULL;
    if (read_words(body, &correction, &which, reply) &&
        read_picture(request, body, &correction, which, &picture, reply))
        keep(server, &correction, reply);
    free(picture);
    json_decref(body);
}

/* ---- All of them --------------------------------------------------------------------------------------------------
 */

static void list(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    (void)request;
    size_t count;
    json_t *corrections = NULL;
    struct ten_error error;
    struct ten_store *store = ten_records_take(server, reply);
    if (!store) return;
    enum ten_status status = ten_corrections_count(store, &count, &error);
    if (status == TEN_OK) status = ten_corrections_list(store, MOST_LISTED, &corrections, &error);
    ten_records_give(store);
    if (status == TEN_OK)
        ten_reply_json(reply, 200, json_pack("{s:I, s:o}", "count", (json_int_t)count, "corrections", corrections));
    else
        ten_reply_failure(reply, "cannot_list", &error);
}

static void put_number(uint8_t *out, size_t number) {
    for (int i = 0; i < 4; i++) out[i] = (uint8_t)(number >> (24 - 8 * i));
}

/* An IDX file: a magic number, the sizes, the bytes. */
static void reply_idx(struct ten_reply *reply, const struct ten_dataset *set, bool images) {
    size_t head = images ? 16 : 8, size = set->count * (images ? PIXELS : 1);
    uint8_t *bytes = malloc(head + size);
    if (!bytes) {
        ten_reply_json(reply, 500, NULL);
        return;
    }
    put_number(bytes, images ? 0x803 : 0x801);
    put_number(bytes + 4, set->count);
    if (images) {
        put_number(bytes + 8, set->height);
        put_number(bytes + 12, set->width);
    }
    memcpy(bytes + head, images ? set->images : set->labels, size);
    *reply = (struct ten_reply){.status = 200,
                                .content_type = "application/octet-stream",
                                .name = images ? "images-idx3-ubyte" : "labels-idx1-ubyte",
                                .data = bytes,
                                .owned = bytes,
                                .size = head + size};
}

static void idx(struct ten_server *server, struct ten_reply *reply, bool images) {
    struct ten_dataset set;
    struct ten_error error;
    struct ten_store *store = ten_records_take(server, reply);
    if (!store) return;
    enum ten_status status = ten_corrections_dataset(store, &set, &error);
    ten_records_give(store);
    if (status != TEN_OK)
        ten_reply_failure(reply, "cannot_list", &error);
    else if (set.count == 0)
        ten_reply_error(reply, 404, "no_corrections", "nothing was corrected yet");
    else
        reply_idx(reply, &set, images);
    if (status == TEN_OK) ten_dataset_release(&set);
}

static void idx_images(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    (void)request;
    idx(server, reply, true);
}

static void idx_labels(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    (void)request;
    idx(server, reply, false);
}

/* ---- One less -----------------------------------------------------------------------------------------------------
 */

static void take_back(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    int64_t id;
    struct ten_error error;
    if (!ten_request_id(request, &id, reply)) return;
    struct ten_store *store = ten_records_take(server, reply);
    if (!store) return;
    enum ten_status status = ten_correction_remove(store, id, &error);
    ten_records_give(store);
    if (status == TEN_OK)
        ten_reply_json(reply, 200, json_pack("{s:I}", "id", (json_int_t)id));
    else
        ten_reply_failure(reply, status == TEN_NOT_FOUND ? "no_correction" : "cannot_remove", &error);
}

const struct ten_route ten_routes_corrections[] = {
    {"POST", "/api/corrections", false, add},
    {"GET", "/api/corrections", false, list},
    {"GET", "/api/corrections/images-idx3-ubyte", false, idx_images},
    {"GET", "/api/corrections/labels-idx1-ubyte", false, idx_labels},
    {"DELETE", "/api/corrections/", true, take_back},
    {0},
};
