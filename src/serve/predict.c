/* POST /api/predict and the original study's POST /predict. The answer, which a page asks for at every stroke, is
 * written by hand: what ten_json_reading would make of it (tests hold the two against each other), in a few
 * microseconds. */
#include "serve/server.h"

#include "base/clock.h"
#include "base/error.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIXELS = 28 * 28 };

/* ---- Text ---------------------------------------------------------------------------------------------------------
 */

struct text {
    char *bytes;
    size_t size, capacity;
    bool failed;
};

/* Room for so many bytes more; NULL: out of memory. */
static char *room(struct text *text, size_t more) {
    if (text->failed) return NULL;
    if (text->size + more > text->capacity) {
        size_t wanted = 2 * text->capacity + more + 4096;
        char *longer = realloc(text->bytes, wanted);
        if (!longer) {
            text->failed = true;
            return NULL;
        }
        text->bytes = longer;
        text->capacity = wanted;
    }
    return text->bytes + text->size;
}

__attribute__((format(printf, 2, 3))) static void print(struct text *text, const char *format, ...) {
    char *out = room(text, 320);
    if (!out) return;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(out, 320, format, arguments);
    va_end(arguments);
    if (length > 0 && length < 320)
        text->size += (size_t)length;
    else
        text->failed = true;
}

/* 0 to 255 and a comma. */
static char *put_byte(char *out, uint8_t value) {
    if (value >= 100) *out++ = (char)('0' + value / 100);
    if (value >= 10) *out++ = (char)('0' + value / 10 % 10);
    *out++ = (char)('0' + value % 10);
    *out++ = ',';
    return out;
}

/* A probability to six digits behind the point, without zeros at its end, and a comma: "0.25,", "1.0,". */
static char *put_share(char *out, float value) {
    long millionths = lrint((double)value * 1e6);
    if (millionths < 0) millionths = 0;
    if (millionths > 1000000) millionths = 1000000;
    *out++ = (char)('0' + millionths / 1000000);
    *out++ = '.';
    long left = millionths % 1000000, unit = 100000;
    do {
        *out++ = (char)('0' + left / unit);
        left %= unit;
        unit /= 10;
    } while (left > 0);
    *out++ = ',';
    return out;
}

static void put_digit(struct text *text, const struct ten_digit *digit, const struct ten_reading *reading, bool seen) {
    print(text, reading->label < 0 ? "{\"label\":null,\"probabilities\":[" : "{\"label\":%d,\"probabilities\":[",
          reading->label);
    char *out = room(text, TEN_CLASSES * 9);
    if (!out) return;
    for (size_t c = 0; c < TEN_CLASSES; c++) out = put_share(out, reading->probabilities[c]);
    text->size = (size_t)(out - text->bytes) - 1; /* the last comma */
    print(text, "],\"box\":[%zu,%zu,%zu,%zu]", digit->box.x, digit->box.y, digit->box.width, digit->box.height);
    if (seen) {
        print(text, ",\"seen\":[");
        out = room(text, PIXELS * 4);
        if (!out) return;
        for (size_t i = 0; i < PIXELS; i++) out = put_byte(out, digit->pixels[i]);
        text->size = (size_t)(out - text->bytes) - 1;
        print(text, "]");
    }
    print(text, "},");
}

static void put_result(struct text *text, const char *model, double microseconds, const struct ten_digits *digits,
                       const struct ten_reading *readings, bool seen) {
    print(text, "{\"model\":\"%s\",\"microseconds\":%.1f,\"number\":\"", model, microseconds);
    char *out = room(text, digits->count);
    if (!out) return;
    for (size_t i = 0; i < digits->count; i++) *out++ = readings[i].label < 0 ? '?' : (char)('0' + readings[i].label);
    text->size += digits->count;
    print(text, "\",\"digits\":[");
    for (size_t i = 0; i < digits->count; i++) put_digit(text, &digits->digits[i], &readings[i], seen);
    if (digits->count && !text->failed) text->size--;
    print(text, "]},");
}

/* ---- Reading -------------------------------------------------------------------------------------------------------
 */

/* On this thread alone: the others have requests of their own. False after an answer. */
static bool read_with(struct ten_served *served, const struct ten_digits *digits, struct ten_reading *readings,
                      double *microseconds, struct ten_reply *reply) {
    struct ten_error error;
    const struct ten_run run = {.threads = 1};
    double start = ten_seconds();
    enum ten_status status = ten_pipeline_read(served->pipeline, digits->digits, digits->count, readings, &run, &error);
    *microseconds = (ten_seconds() - start) * 1e6;
    atomic_fetch_add_explicit(served->predictions, digits->count, memory_order_relaxed);
    if (status == TEN_OK) return true;
    ten_reply_error(reply, status == TEN_NO_MEMORY ? 503 : 500, "model_failed", "%s: %s", served->name, error.message);
    return false;
}

/* The models that ?model= names. 0 after an answer. */
static size_t choose(struct ten_server *server, const struct ten_request *request, struct ten_served **models,
                     struct ten_reply *reply) {
    const char *name = ten_request_query(request, "model");
    size_t count = 0;
    if (name && strcmp(name, "all") == 0) {
        count = ten_served_take_all(server, models, TEN_MOST_SERVED);
    } else {
        models[0] = ten_served_take(server, name);
        count = models[0] ? 1 : 0;
    }
    if (count) return count;
    if (name && *name && strcmp(name, "all") != 0) {
        ten_reply_error(reply, 404, "no_model", "there is no model \"%.100s\"; see /api/models", name);
    } else {
        ten_reply_error(reply, 503, "no_model_yet", "there is no model yet; one may be in training: see /api/models");
        reply->retry_seconds = 2;
    }
    return 0;
}

static void give_all(struct ten_server *server, struct ten_served **models, size_t count) {
    for (size_t i = 0; i < count; i++) ten_served_give(server, models[i]);
}

static void reply_text(struct ten_reply *reply, struct text *text) {
    if (text->failed) {
        free(text->bytes);
        ten_reply_json(reply, 500, NULL);
        return;
    }
    *reply = (struct ten_reply){.status = 200,
                                .content_type = "application/json",
                                .data = text->bytes,
                                .owned = text->bytes,
                                .size = text->size};
}

static void predict(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    struct ten_served *models[TEN_MOST_SERVED];
    struct ten_digits digits;
    const char *seen = ten_request_query(request, "seen");
    size_t count = choose(server, request, models, reply);
    if (!count) return;
    if (!ten_request_digits(request, &digits, reply)) {
        give_all(server, models, count);
        return;
    }
    struct ten_reading *readings = malloc((digits.count + 1) * sizeof *readings);
    struct text text = {.failed = !readings};
    bool good = true;
    print(&text, "{\"results\":[");
    for (size_t i = 0; readings && good && i < count; i++) {
        double microseconds;
        good = read_with(models[i], &digits, readings, &microseconds, reply);
        if (good) put_result(&text, models[i]->name, microseconds, &digits, readings, !seen || strcmp(seen, "0") != 0);
    }
    if (!text.failed) text.size--;
    print(&text, "]}");
    if (good)
        reply_text(reply, &text);
    else
        free(text.bytes);
    free(readings);
    ten_digits_release(&digits);
    give_all(server, models, count);
}

/* ---- The original's ------------------------------------------------------------------------------------------------
 */

/* The most probable labels of the first digit, with percents as the original gives them. */
static void put_top(struct text *text, const float *probabilities) {
    bool used[TEN_CLASSES] = {0};
    for (int place = 0; place < 3; place++) {
        int best = -1;
        for (int c = 0; c < TEN_CLASSES; c++)
            if (!used[c] && (best < 0 || probabilities[c] > probabilities[best])) best = c;
        used[best] = true;
        print(text, "%s{\"digit\":%d,\"confidence\":%.2f}", place ? "," : "", best, 100 * (double)probabilities[best]);
    }
}

static void predict_as_original(struct ten_server *server, const struct ten_request *request, struct ten_reply *reply) {
    struct ten_digits digits;
    struct ten_served *models[TEN_MOST_SERVED]; /* the first is asked, should there be ?model=all */
    size_t count = choose(server, request, models, reply);
    if (!count) return;
    if (ten_request_digits(request, &digits, reply)) {
        struct ten_reading *readings = malloc((digits.count + 1) * sizeof *readings);
        struct text text = {.failed = !readings};
        double microseconds;
        if (!readings || read_with(models[0], &digits, readings, &microseconds, reply)) {
            print(&text, "{\"predictions\":[");
            if (readings && digits.count) put_top(&text, readings[0].probabilities);
            print(&text, "]}");
            reply_text(reply, &text);
        }
        free(readings);
        ten_digits_release(&digits);
    }
    give_all(server, models, count);
}

const struct ten_route ten_routes_predict[] = {
    {"POST", "/api/predict", false, predict},
    {"POST", "/predict", false, predict_as_original},
    {0},
};
