/* What a model read in a picture, as JSON (docs/api.md): the same for the command line and the page. */
#include "study/json.h"

#include <math.h>

enum { PIXELS = 28 * 28 };

/* A probability to six digits: a page has no use for more. */
static json_t *probability_json(float value) { return json_real(round((double)value * 1e6) / 1e6); }

static json_t *digit_json(const struct ten_digit *digit, const struct ten_reading *reading, bool with_seen) {
    json_t *list = json_array();
    int failed = !list;
    for (size_t c = 0; c < TEN_CLASSES; c++)
        failed |= json_array_append_new(list, probability_json(reading->probabilities[c]));
    json_t *label = reading->label < 0 ? json_null() : json_integer(reading->label);
    json_t *json =
        json_pack("{s:o, s:o, s:[I,I,I,I]}", "label", label, "probabilities", list, "box", (json_int_t)digit->box.x,
                  (json_int_t)digit->box.y, (json_int_t)digit->box.width, (json_int_t)digit->box.height);
    if (!with_seen || !json) return ten_json_whole(json, failed);
    failed |= json_object_set_new(json, "seen", ten_json_bytes(digit->pixels, PIXELS));
    return ten_json_whole(json, failed);
}

json_t *ten_json_reading(const char *model, double microseconds, const struct ten_digits *digits,
                         const struct ten_reading *readings, bool seen) {
    json_t *number = json_string(""), *list = json_array();
    int failed = !list || !number;
    for (size_t i = 0; i < digits->count; i++) {
        char digit = readings[i].label < 0 ? '?' : (char)('0' + readings[i].label);
        json_t *longer = json_sprintf("%s%c", json_string_value(number), digit);
        json_decref(number);
        number = longer;
        failed |= !number || json_array_append_new(list, digit_json(&digits->digits[i], &readings[i], seen));
        if (!number) break;
    }
    json_t *json = json_pack("{s:s, s:f, s:o, s:o}", "model", model, "microseconds", microseconds, "number", number,
                             "digits", list);
    return ten_json_whole(json, failed);
}
