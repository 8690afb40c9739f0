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

void ten_format_real(char *out, size_t size, double value) {
    locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    locale_t before = plain ? uselocale(plain) : (locale_t)0;
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(out, size, "%.*g", digits, value);
        if (strtod(out, NULL) == value) break;
    }
    if (plain) {
        uselocale(before);
        freelocale(plain);
    }
}
