/* The escaping writer. A failure sticks in the outcome that it shares with the JSON sources. */
#include "report/html.h"

#include "base/error.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ten_html_bytes(struct ten_html *html, const void *bytes, size_t size) {
    struct ten_outcome *outcome = html->outcome;
    if (outcome->status != TEN_OK || size == 0) return;
    outcome->status = ten_writer_write(&html->writer, bytes, size, outcome->error);
}

void ten_html_raw(struct ten_html *html, const char *markup) { ten_html_bytes(html, markup, strlen(markup)); }

void ten_html_text(struct ten_html *html, const char *text) {
    while (*text) {
        size_t plain = strcspn(text, "&<>\"'");
        ten_html_bytes(html, text, plain);
        text += plain;
        switch (*text) {
        case '&': ten_html_raw(html, "&amp;"); break;
        case '<': ten_html_raw(html, "&lt;"); break;
        case '>': ten_html_raw(html, "&gt;"); break;
        case '"': ten_html_raw(html, "&quot;"); break;
        case '\'': ten_html_raw(html, "&#39;"); break;
        default: return;
        }
        text++;
    }
}

/* One directive of ten_html's format, from behind its '%'; gives the place behind it. */
static const char *directive(struct ten_html *html, const char *at, va_list *arguments) {
    char number[64] = "";
    if (*at == 's') {
        ten_html_text(html, va_arg(*arguments, const char *));
        return at + 1;
    }
    if (*at == '%') {
        ten_html_raw(html, "%");
        return at + 1;
    }
    if (*at == 'd') {
        snprintf(number, sizeof number, "%d", va_arg(*arguments, int));
        at++;
    } else if (strncmp(at, "zu", 2) == 0) {
        snprintf(number, sizeof number, "%zu", va_arg(*arguments, size_t));
        at += 2;
    } else if (*at == '.' && at[1] >= '0' && at[1] <= '9' && at[2] == 'f') {
        snprintf(number, sizeof number, "%.*f", at[1] - '0', va_arg(*arguments, double));
        at += 3;
    } else {
        /* a mistake in this program's own source, found by the first test that comes by */
        if (html->outcome->status == TEN_OK)
            html->outcome->status = ten_fail(html->outcome->error, TEN_INVALID, "report: unknown directive %%%.8s", at);
        return at + 1 - !*at;
    }
    ten_html_raw(html, number);
    return at;
}

void ten_html(struct ten_html *html, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    while (*format) {
        size_t plain = strcspn(format, "%");
        ten_html_bytes(html, format, plain);
        format += plain;
        if (*format == '%') format = directive(html, format + 1, &arguments);
    }
    va_end(arguments);
}

void ten_html_json(struct ten_html *html, const json_t *json) {
    if (html->outcome->status != TEN_OK) return;
    char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(6));
    if (!text) {
        html->outcome->status = ten_fail_memory(html->outcome->error, "a figure");
        return;
    }
    for (const char *at = text; *at;) {
        size_t plain = strcspn(at, "<");
        ten_html_bytes(html, at, plain);
        at += plain;
        if (*at == '<') {
            ten_html_raw(html, "\\u003c");
            at++;
        }
    }
    free(text);
}

/* ---- Numbers as people read them ---------------------------------------------------------------------- */

#define DASH         "\u2013"
#define NARROW_SPACE "\u202f"

struct ten_show ten_show_number(double value, int digits) {
    struct ten_show show = {DASH};
    if (!isfinite(value)) return show;
    char plain[48];
    snprintf(plain, sizeof plain, "%.*f", digits, fabs(value) < 1e30 ? value : 1e30);
    const char *digit = plain;
    char *out = show.text;
    if (*digit == '-') {
        digit++;
        out += sprintf(out, "\u2212");
    }
    for (size_t whole = strcspn(digit, "."); whole; whole--) {
        *out++ = *digit++;
        if (whole > 1 && whole % 3 == 1) *out++ = ',';
    }
    strcpy(out, digit);
    return show;
}

struct ten_show ten_show_count(double value) {
    return ten_show_number(value, 0);
}

struct ten_show ten_show_small(size_t value) {
    static const char *const words[] = {"no",    "one",   "two",  "three", "four",   "five",  "six",
                                        "seven", "eight", "nine", "ten",   "eleven", "twelve"};
    struct ten_show show;
    if (value >= sizeof words / sizeof *words) return ten_show_count((double)value);
    snprintf(show.text, sizeof show.text, "%s", words[value]);
    return show;
}

struct ten_show ten_show_share(double value) {
    return ten_show_number(value, 4);
}

struct ten_show ten_show_percent(double value, int digits) {
    struct ten_show show = ten_show_number(value * 100, digits);
    if (isfinite(value)) strncat(show.text, NARROW_SPACE "%", sizeof show.text - strlen(show.text) - 1);
    return show;
}

struct ten_show ten_show_figures(double value) {
    if (value == 0 || !isfinite(value)) return ten_show_number(value, 0);
    int digits = 2 - (int)floor(log10(fabs(value)));
    return ten_show_number(value, digits < 0 ? 0 : digits > 9 ? 9 : digits);
}

struct ten_show ten_show_seconds(double value) {
    struct ten_show show;
    if (value < 99.5 || !isfinite(value)) {
        show = ten_show_figures(value);
        if (isfinite(value)) strncat(show.text, NARROW_SPACE "s", sizeof show.text - strlen(show.text) - 1);
        return show;
    }
    double whole = fmin(rint(value), 1e15);
    if (whole < 3600) {
        snprintf(show.text, sizeof show.text, "%.0f" NARROW_SPACE "min %.0f" NARROW_SPACE "s", floor(whole / 60),
                 fmod(whole, 60));
    } else {
        snprintf(show.text, sizeof show.text, "%.0f" NARROW_SPACE "h %.0f" NARROW_SPACE "min", floor(whole / 3600),
                 floor(fmod(whole, 3600) / 60));
    }
    return show;
}
