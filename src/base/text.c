/* Number parsing in the C locale. */
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool ten_parse_real(const char *text, double *value) {
    if (!*text || isspace((unsigned char)*text) || strpbrk(text, "xXnNpP")) return false; /* no hex, nan, inf */
    locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    if (!plain) return false;
    locale_t before = uselocale(plain);
    char *end;
    double parsed = strtod(text, &end);
    uselocale(before);
    freelocale(plain);
    if (*end || !isfinite(parsed)) return false;
    *value = parsed;
    return true;
}

bool ten_parse_integer(const char *text, int64_t *value) {
    const char *digits = text + (*text == '-');
    if (!*digits || digits[strspn(digits, "0123456789")]) return false;
    errno = 0;
    long long parsed = strtoll(text, NULL, 10);
    if (errno) return false;
    *value = parsed;
    return true;
}

/* The length of the UTF-8 character that starts here, 0 if none does: no overlong forms, surrogates or values over
 * U+10FFFF (Unicode 15, table 3-7). */
static size_t character_length(const unsigned char *c) {
    if (c[0] < 0x80) return 1;
    size_t length = c[0] >= 0xc2 && c[0] <= 0xdf   ? 2
                    : c[0] >= 0xe0 && c[0] <= 0xef ? 3
                    : c[0] >= 0xf0 && c[0] <= 0xf4 ? 4
                                                   : 0;
    for (size_t i = 1; i < length; i++)
        if ((c[i] & 0xc0) != 0x80) return 0;
    bool overlong = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
    bool beyond = (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf4 && c[1] > 0x8f);
    return overlong || beyond ? 0 : length;
}

void ten_clean_text(char *text) {
    for (size_t i = 0; text[i];) {
        size_t length = character_length((const unsigned char *)text + i);
        if (length == 0 || (unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            text[i] = '?';
            length = 1;
        }
        i += length;
    }
}

void ten_format_real(char *out, size_t size, double value) {
    locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    locale_t before = plain ? uselocale(plain) : (locale_t)0;
    bool plain_digits = fabs(value) < 1e7 && value == floor(value); /* 2000, where %g says 2e+03 */
    if (plain_digits) snprintf(out, size, "%.0f", value);
    for (int digits = 1; digits <= 17 && !plain_digits; digits++) {
        snprintf(out, size, "%.*g", digits, value);
        if (strtod(out, NULL) == value) break;
    }
    if (plain) {
        uselocale(before);
        freelocale(plain);
    }
}

char *ten_format_grouped(char *out, size_t number) {
    char digits[24];
    size_t length = (size_t)snprintf(digits, sizeof digits, "%zu", number), at = 0;
    for (size_t i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0) out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}
