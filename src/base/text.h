/* Numbers from and to text, whatever locale the surrounding program has set. */
#ifndef TEN_BASE_TEXT_H
#define TEN_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The whole text must be one number, finite, in decimal ("0.5", "1e-9"); false otherwise. */
bool ten_parse_real(const char *text, double *value);

/* The whole text must be decimal digits, with a sign if negative, within int64_t; false otherwise. */
bool ten_parse_integer(const char *text, int64_t *value);

/* Writes the shortest decimal text that reads back as the same double. */
void ten_format_real(char *out, size_t size, double value);

#endif
