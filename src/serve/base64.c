/* Base64 (RFC 4648, section 4), as data URIs hold it. Decoding is strict but for line breaks and padding that is left
 * out. */
#include "serve/serve.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NONE = 64 };

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The value of a letter; NONE for another byte. */
static inline uint8_t value_of(unsigned char c) {
    if (c >= 'A' && c <= 'Z') return (uint8_t)(c - 'A');
    if (c >= 'a' && c <= 'z') return (uint8_t)(c - 'a' + 26);
    if (c >= '0' && c <= '9') return (uint8_t)(c - '0' + 52);
    return c == '+' ? 62 : c == '/' ? 63 : NONE;
}

/* The text behind "data:...;base64,", or all of it. NULL: a data URI of another kind. */
static const char *skip_head(const char *text, size_t *length) {
    if (*length < 5 || strncasecmp(text, "data:", 5) != 0) return text;
    const char *comma = memchr(text, ',', *length);
    if (!comma || comma - text < 7 || strncasecmp(comma - 7, ";base64", 7) != 0) return NULL;
    *length -= (size_t)(comma + 1 - text);
    return comma + 1;
}

uint8_t *ten_base64_decode(const char *text, size_t length, size_t *size) {
    *size = 0;
    text = skip_head(text, &length);
    uint8_t *out = text ? malloc(length / 4 * 3 + 4) : NULL;
    if (!out) return NULL;
    size_t done = 0, count = 0, padding = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\n' || c == '\r') continue;
        if (c == '=' && ++padding <= 2) continue;
        uint8_t value = value_of(c);
        if (value == NONE || padding) goto bad;
        bits = bits << 6 | value;
        if (++count % 4) continue;
        out[done++] = (uint8_t)(bits >> 16);
        out[done++] = (uint8_t)(bits >> 8);
        out[done++] = (uint8_t)bits;
    }
    size_t rest = count % 4;
    if (rest == 1 || (padding && rest + padding != 4)) goto bad;
    if (rest == 2) out[done++] = (uint8_t)(bits >> 4);
    if (rest == 3) {
        out[done++] = (uint8_t)(bits >> 10);
        out[done++] = (uint8_t)(bits >> 2);
    }
    *size = done;
    return out;
bad:
    free(out);
    return NULL;
}

char *ten_base64_encode(const void *bytes, size_t size) {
    const uint8_t *in = bytes;
    char *text = size < SIZE_MAX / 2 ? malloc((size + 2) / 3 * 4 + 1) : NULL, *out = text;
    if (!text) return NULL;
    for (size_t i = 0; i < size; i += 3) {
        uint32_t bits = (uint32_t)in[i] << 16;
        if (i + 1 < size) bits |= (uint32_t)in[i + 1] << 8;
        if (i + 2 < size) bits |= in[i + 2];
        *out++ = letters[bits >> 18];
        *out++ = letters[bits >> 12 & 63];
        *out++ = i + 1 < size ? letters[bits >> 6 & 63] : '=';
        *out++ = i + 2 < size ? letters[bits & 63] : '=';
    }
    *out = '\0';
    return text;
}
